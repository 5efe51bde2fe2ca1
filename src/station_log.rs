//! The station's log, `station.log` in the data folder (BAM: the tab Logs): which faults the screens showed and, as `[Log]` of
//! LOCAL.toml asks, what the station did and how long it took.
//!
//! A line is an instant, a severity, and words of this program: `2026-03-02T09:14:07Z info scan 1840 ms`. What a message says may name
//! a person; so no message, no text that somebody typed and nothing that a device or server told comes into it, codes alone.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde::Serialize;

use crate::{config::Severity, station::DataFolder};

/// Most bytes of the file; then its older half goes. Some days of a busy desk.
const MOST_BYTES: u64 = 512 * 1024;

/// Most characters of a line that is believed to be one.
const LONGEST_LINE: usize = 200;

/// A fault that was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// When, to the second.
    pub at: Timestamp,
    /// Its code in the catalogue.
    pub code: String,
}

/// The log of one station. Its copies write into the same file, one at a time.
#[derive(Debug, Clone)]
pub struct StationLog {
    file: Arc<Mutex<PathBuf>>,
    severity: Severity,
}

impl StationLog {
    /// The log of this data folder. What weighs less than `severity` is left out.
    pub fn of(data: &DataFolder, severity: Severity) -> Self {
        Self { file: Arc::new(Mutex::new(file(data))), severity }
    }

    /// A fault was shown.
    pub fn fault(&self, at: Timestamp, code: &str) {
        self.write(at, Severity::Error, code);
    }

    /// The station did something that took so long, and it failed with a fault of this code, or did not.
    pub fn did(&self, at: Timestamp, severity: Severity, what: &str, took: Duration, failed: Option<&str>) {
        let failed = failed.map(|code| format!(" {code}")).unwrap_or_default();
        self.write(at, severity, &format!("{what} {} ms{failed}", took.as_millis()));
    }

    /// A device told something.
    pub fn told(&self, at: Timestamp, what: &str) {
        self.write(at, Severity::Debug, what);
    }

    /// A log that cannot be written is no reason to stop the work.
    fn write(&self, at: Timestamp, severity: Severity, words: &str) {
        if severity > self.severity {
            return;
        }
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let line = format!("{at:.0} {} {words}\n", severity.name());
        drop(append(&file, &line));
    }
}

fn append(file: &PathBuf, line: &str) -> io::Result<()> {
    if fs::metadata(file).is_ok_and(|found| found.len() > MOST_BYTES) {
        let text = String::from_utf8_lossy(&fs::read(file)?).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let newer = lines.get(lines.len() / 2..).unwrap_or_default();
        fs::write(file, newer.join("\n") + "\n")?;
    }
    fs::OpenOptions::new().append(true).create(true).mode(0o600).open(file)?.write_all(line.as_bytes())
}

fn file(data: &DataFolder) -> PathBuf {
    data.path().join("station.log")
}

/// The lines of the log, the newest at the end. What the station did not write itself is left out.
pub fn read(data: &DataFolder) -> Vec<String> {
    let text = fs::read(file(data)).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().filter(|line| is_own(line)).map(str::to_owned).collect()
}

/// The faults that were shown last, the newest at the end.
pub fn faults(data: &DataFolder) -> Vec<Shown> {
    let shown = |line: String| {
        let (at, rest) = line.split_once(' ')?;
        let code = rest.strip_prefix(Severity::Error.name())?.trim_start();
        Some(Shown { at: at.parse().ok()?, code: code.to_owned() })
    };
    read(data).into_iter().filter_map(shown).collect()
}

/// An instant, a severity, and words of lower case, numbers or codes: the only lines that this station writes.
fn is_own(line: &str) -> bool {
    let mut words = line.split(' ');
    let at = words.next().is_some_and(|at| at.parse::<Timestamp>().is_ok());
    let severity = words.next().and_then(Severity::named);
    let words: Vec<&str> = words.collect();
    let lower = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let number = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
    let code = |word: &&str| word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    let good = match severity {
        None => false,
        Some(Severity::Error) => matches!(words.as_slice(), [word] if code(word)),
        Some(_) => words.iter().all(|word| lower(word) || number(word) || code(word)),
    };
    at && good && words.iter().all(|word| !word.is_empty()) && line.len() <= LONGEST_LINE
}
