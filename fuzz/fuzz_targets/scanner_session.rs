//! Whatever a recording of a scanner holds: repeated without a panic, in bounded memory, and no picture that is not whole.
#![no_main]

use std::{fs, path::PathBuf, sync::atomic::AtomicBool};

use bam_station::device::scanner::{
    MOST_BYTES, ScanError, ScanJob,
    sane::{
        self, Progress,
        session::{Line, Replay, first_job},
    },
    wire::Ask,
};
use libfuzzer_sys::fuzz_target;

/// Counts what comes.
#[derive(Default)]
struct Picture {
    size: usize,
    got: usize,
}

impl Progress for Picture {
    fn started(&mut self, _device: &str, width_px: u32, height_px: u32) -> Result<(), ScanError> {
        self.size = (width_px as usize).saturating_mul(height_px as usize);
        Ok(())
    }

    fn rows(&mut self, rows: &[u8]) -> Result<(), ScanError> {
        self.got += rows.len();
        assert!(self.got <= MOST_BYTES);
        Ok(())
    }
}

/// The recording without its waits: a replay takes the time that the scanner took, and one that ends in a call never answers.
fn without_waits(data: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    for line in data.split(|byte| *byte == b'\n') {
        match serde_json::from_slice(line) {
            Ok(Line::Answer { outcome, .. }) => lines.push(Line::Answer { after_ms: 0, outcome }),
            Ok(line) => lines.push(line),
            Err(_) => {}
        }
    }
    lines.push(Line::Asked(Ask::List));
    let text = |line: &Line| [serde_json::to_vec(line).unwrap_or_default(), vec![b'\n']].concat();
    lines.iter().flat_map(text).collect()
}

fuzz_target!(|data: &[u8]| {
    let file = PathBuf::from(format!("/dev/shm/bam-station-session-{}", std::process::id()));
    // As it came, and so that it can be repeated.
    if fs::write(&file, data).is_ok() {
        let _ = first_job(&file);
    }
    if fs::write(&file, without_waits(data)).is_err() {
        return;
    }
    let Ok(replay) = Replay::open(&file) else { return };
    let job = first_job(&file).ok().flatten().unwrap_or_else(|| ScanJob::a6(75));
    let _ = sane::list(&replay);
    let Ok(replay) = Replay::open(&file) else { return };
    let mut picture = Picture::default();
    if sane::scan(&replay, &job, &AtomicBool::new(false), &mut picture).is_ok() {
        assert_eq!(picture.got, picture.size * job.mode.bytes_per_pixel());
    }
});
