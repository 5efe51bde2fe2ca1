//! The last faults that the screens of this station showed: when, and which. Codes alone: what a message says may name a person.

use std::{fs, io::Write as _, path::PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use crate::station::DataFolder;

/// Most bytes of the file; then its older half goes.
const MOST_BYTES: u64 = 32 * 1024;

/// A fault that was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// When, to the second.
    pub at: Timestamp,
    /// Its code in the catalogue.
    pub code: String,
}

fn file(data: &DataFolder) -> PathBuf {
    data.path().join("faults.log")
}

/// Writes down that a fault was shown. A log that cannot be written is no reason to stop the work.
pub fn record(data: &DataFolder, code: &str, at: Timestamp) {
    let file = file(data);
    if fs::metadata(&file).is_ok_and(|found| found.len() > MOST_BYTES) {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let newer = lines.get(lines.len() / 2..).unwrap_or_default();
        drop(fs::write(&file, newer.join("\n") + "\n"));
    }
    let opened = fs::OpenOptions::new().append(true).create(true).open(&file);
    drop(opened.and_then(|mut opened| writeln!(opened, "{at:.0} {code}")));
}

/// The faults that were shown last, the newest at the end.
pub fn read(data: &DataFolder) -> Vec<Shown> {
    let text = fs::read_to_string(file(data)).unwrap_or_default();
    let shown = |line: &str| {
        let (at, code) = line.split_once(' ')?;
        let is_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        let good = (1..=64).contains(&code.len()) && code.bytes().all(is_code);
        good.then(|| at.parse().ok()).flatten().map(|at| Shown { at, code: code.to_owned() })
    };
    text.lines().filter_map(shown).collect()
}
