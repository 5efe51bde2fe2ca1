//! libsane inside the device host: opens a scanner, sets it up, reads one picture.
//!
//! Learnt from many backends: options change when another is set, so they are looked up anew each time; values are
//! rounded, so they are read back; the shape of the picture is known only after the start; the status after a cancel
//! means nothing; an image may end early without an error.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use super::{ScanError, ScanJob, ScannerInfo};

pub mod ffi;
pub mod library;
mod picture;
pub mod session;
mod settings;

use ffi::{LoadError, Sane, Status};
use library::{Device, Library};
use picture::Picture;

/// How often a scanner that warms up is asked again.
const GLANCE: Duration = Duration::from_millis(100);

/// Starts libsane from the library of this name.
pub fn start(library: &str) -> Result<Sane, ScanError> {
    Sane::start(library).map_err(|error| match error {
        LoadError::Missing(_) => ScanError::LibraryMissing,
        other => ScanError::Setup(other.to_string()),
    })
}

/// The scanners that can be reached now.
pub fn list(sane: &dyn Library) -> Result<Vec<ScannerInfo>, ScanError> {
    let devices = sane.devices().map_err(during_work)?;
    let info = |device: ffi::FoundDevice| ScannerInfo {
        name: format!("{} {}", device.vendor, device.model).trim().to_owned(),
        device: device.name,
        kind: device.kind,
    };
    Ok(devices.into_iter().map(info).collect())
}

/// What happens during a scan, told as it happens.
pub trait Progress {
    /// The scan has begun with this device and this shape.
    fn started(&mut self, device: &str, width_px: u32, height_px: u32) -> Result<(), ScanError>;
    /// The next rows, without padding.
    fn rows(&mut self, rows: &[u8]) -> Result<(), ScanError>;
}

/// Scans one picture.
pub fn scan(sane: &dyn Library, job: &ScanJob, cancel: &AtomicBool, progress: &mut dyn Progress) -> Result<(), ScanError> {
    let device = match &job.device {
        Some(device) => device.clone(),
        None => first_scanner(sane)?,
    };
    let outcome = scan_with(sane, &device, job, cancel, progress);
    match outcome {
        _ if cancel.load(Ordering::Relaxed) => Err(ScanError::Cancelled),
        // A broken cable and a scanner that was pulled out give the same status; opening it again tells them apart.
        Err(ScanError::Io) if sane.open(&device).err() == Some(Status::INVALID) => Err(ScanError::Vanished),
        outcome => outcome,
    }
}

/// The first device that is a scanner; video cameras are SANE devices too.
fn first_scanner(sane: &dyn Library) -> Result<String, ScanError> {
    const OTHERS: [&str; 4] = ["still camera", "video camera", "frame grabber", "virtual device"];
    let mut scanners = list(sane)?;
    let first = scanners.iter().position(|scanner| !OTHERS.contains(&scanner.kind.as_str())).unwrap_or(0);
    if scanners.is_empty() { Err(ScanError::NoScanner) } else { Ok(scanners.swap_remove(first).device) }
}

fn scan_with(
    sane: &dyn Library,
    device: &str,
    job: &ScanJob,
    cancel: &AtomicBool,
    progress: &mut dyn Progress,
) -> Result<(), ScanError> {
    let handle = sane.open(device).map_err(|status| match status {
        // The second is what libsane answers for a backend that is not installed.
        Status::INVALID | Status::UNSUPPORTED => ScanError::NotFound(device.to_owned()),
        other => during_work(other),
    })?;
    settings::apply(&*handle, job)?;
    start_when_warm(&*handle, job.warm_up, cancel)?;
    let scan = Running(&*handle);
    let mut picture = Picture::of(scan.0.parameters().map_err(during_work)?, job.mode)?;
    progress.started(device, picture.width_px(), picture.height_px())?;
    let mut buffer = vec![0; 64 * 1024];
    while !cancel.load(Ordering::Relaxed) {
        match scan.0.read(&mut buffer) {
            // Allowed by the standard, and a reason to wait for the scanner, not to spin.
            Ok(0) => std::thread::sleep(std::time::Duration::from_millis(5)),
            Ok(length) => progress.rows(picture.take(buffer.get(..length).unwrap_or_default())?)?,
            Err(Status::END) => return picture.whole(),
            Err(status) => return Err(during_work(status)),
        }
    }
    Err(ScanError::Cancelled)
}

/// Starts the scan, again and again while the lamp warms up.
fn start_when_warm(handle: &dyn Device, patience: Duration, cancel: &AtomicBool) -> Result<(), ScanError> {
    let deadline = Instant::now() + patience;
    loop {
        match handle.start() {
            Ok(()) => return Ok(()),
            Err(Status::WARMING_UP) if Instant::now() < deadline && !cancel.load(Ordering::Relaxed) => {
                std::thread::sleep(GLANCE);
            }
            Err(status) => return Err(during_work(status)),
        }
    }
}

/// A scan under way. Every start is followed by a cancel, also after a whole picture.
struct Running<'a>(&'a dyn Device);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// What a status means once the device is open.
fn during_work(status: Status) -> ScanError {
    match status {
        Status::BUSY => ScanError::Busy,
        Status::JAMMED => ScanError::Jammed,
        Status::NO_DOCUMENTS => ScanError::NoDocument,
        Status::COVER_OPEN => ScanError::CoverOpen,
        Status::IO_ERROR => ScanError::Io,
        Status::NO_MEMORY => ScanError::NoMemory,
        Status::ACCESS_DENIED => ScanError::AccessDenied,
        Status::WARMING_UP => ScanError::WarmingUp,
        Status::LOCKED => ScanError::Locked,
        Status::UNSUPPORTED => ScanError::Unsupported("it does not support an operation that is needed".to_owned()),
        Status::INVALID => ScanError::Unsupported("it refuses these settings".to_owned()),
        // The station did not ask for it, so something at the scanner did: its own stop button.
        Status::CANCELLED => ScanError::Cancelled,
        Status::NOT_RECORDED => ScanError::Protocol("the recorded session went on otherwise".to_owned()),
        Status::NOT_WRITTEN => ScanError::Setup("the recording of the session cannot be written".to_owned()),
        Status(other) => ScanError::Protocol(format!("unknown status {other}")),
    }
}
