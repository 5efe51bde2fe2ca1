//! Sessions with scanners, recorded at the boundary to libsane and replayed through the same code: whole scans, a refusal, a jam,
//! and a scanner that is pulled out in the middle.
//!
//! The recordings under `tests/kept/sessions` come from the real libsane 1.2.1 with SANE's own backends `test` and `pnm` and
//! the virtual A6 flatbed. Made with `bam-station scanner record`; see each test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use bam_station::{
    device::scanner::{
        ColourMode, HostedSane, Lay, Patience, RawScan, ScanControl, ScanError, ScanJob, Scanner, VirtualFault, sane::session,
    },
    digest::Digest,
    rules::Pose,
};
use image::{Rgb, RgbImage};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::scanner_virtual::{desk, executable};

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept/sessions").join(name)
}

/// Replays a recording with the job that it was recorded with, or another.
fn replayed(file: &Path, job: Option<ScanJob>) -> Result<RawScan, ScanError> {
    let job = job.unwrap_or_else(|| session::first_job(file).unwrap().unwrap());
    HostedSane::replaying(executable(), file, Duration::from_secs(20)).scan(&job, &ScanControl::default())
}

/// SANE's test backend, alone, with these lines in its configuration.
fn test_backend(folder: &Path, settings: &str) -> HostedSane {
    fs::write(folder.join("dll.conf"), "test\n").unwrap();
    fs::write(folder.join("test.conf"), format!("number_of_devices 1\nmode Color\nresolution 300\n{settings}\n")).unwrap();
    HostedSane::configured(executable(), folder, Duration::from_secs(20))
}

fn small(dpi: u16) -> ScanJob {
    ScanJob { width_mm: 40.0, height_mm: 30.0, ..ScanJob::a6(dpi) }
}

fn lines(file: &Path) -> Vec<Value> {
    fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_kept_session_of_the_test_backend_gives_the_picture_that_was_scanned_then() {
    let raw = replayed(&kept("test-grid.jsonl"), None).unwrap();
    assert_eq!((raw.width_px, raw.height_px, raw.dpi, raw.mode), (206, 291, 50, ColourMode::Grey));
    assert_eq!(raw.device, "test:0");
    let printed = fs::read_to_string(kept("test-grid.sha256")).unwrap();
    assert_eq!(Digest::of(&raw.pixels).to_string(), printed.trim(), "as the scan itself gave it");
    // The backend's grid: black and white alone, and both.
    assert!(raw.pixels.iter().all(|byte| [0, 255].contains(byte)) && raw.pixels.contains(&0) && raw.pixels.contains(&255));
}

#[test]
fn a_kept_session_of_a_scanner_that_was_pulled_out_ends_as_vanished() {
    let file = kept("virtual-pulled.jsonl");
    let rows = lines(&file).iter().filter(|line| line["answer"]["outcome"]["rows"].is_object()).count();
    assert!(rows > 0, "rows had come before it was pulled out");
    assert_eq!(replayed(&file, None).unwrap_err(), ScanError::Vanished);
}

#[test]
fn a_kept_session_of_the_pnm_backend_ends_as_the_device_that_is_no_scanner() {
    // It reads a file, knows no area, and is refused for that.
    let Err(ScanError::Unsupported(why)) = replayed(&kept("pnm.jsonl"), None) else { panic!("it has no area that can be set") };
    assert!(why.contains("area") || why.contains("resolution"), "{why}");
}

#[test]
fn a_kept_session_with_a_jam_ends_as_the_jam() {
    assert_eq!(replayed(&kept("test-jammed.jsonl"), None).unwrap_err(), ScanError::Jammed);
}

#[test]
fn what_is_recorded_now_is_the_same_when_it_is_replayed() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("session.jsonl");
    let mut scanner = test_backend(folder.path(), "test-picture \"Color pattern\"").recording(&file, true);
    let job = small(75);
    let raw = scanner.scan(&job, &ScanControl::default()).unwrap();
    drop(scanner);
    assert_eq!(session::first_job(&file).unwrap(), Some(job));
    assert!(replayed(&file, None).unwrap() == raw);
    // As often as one likes.
    assert!(replayed(&file, None).unwrap() == raw);
}

#[test]
fn a_recording_holds_no_picture_unless_it_is_asked_for() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("session.jsonl");
    let mut scanner = test_backend(folder.path(), "test-picture \"Grid\"").recording(&file, false);
    let raw = scanner.scan(&small(75), &ScanControl::default()).unwrap();
    drop(scanner);
    let rows: Vec<Value> = lines(&file).iter().filter_map(|line| line["answer"]["outcome"].get("rows").cloned()).collect();
    let bytes: u64 = rows.iter().map(|rows| rows["length"].as_u64().unwrap()).sum();
    assert_eq!(bytes, raw.pixels.len() as u64, "every byte is counted");
    assert!(rows.iter().all(|rows| rows.get("bytes").is_none()), "and none is kept");
    let again = replayed(&file, None).unwrap();
    assert_eq!((again.width_px, again.height_px), (raw.width_px, raw.height_px));
    assert!(again.pixels.iter().all(|byte| *byte == 128), "what is not known is grey");
}

#[test]
fn every_status_of_the_test_backend_is_the_same_in_the_scan_and_in_its_recording() {
    for status in [
        "UNSUPPORTED",
        "CANCELLED",
        "DEVICE_BUSY",
        "INVAL",
        "EOF",
        "JAMMED",
        "NO_DOCS",
        "COVER_OPEN",
        "IO_ERROR",
        "NO_MEM",
        "ACCESS_DENIED",
    ] {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("session.jsonl");
        let mut scanner =
            test_backend(folder.path(), &format!("read-status-code \"SANE_STATUS_{status}\"")).recording(&file, false);
        let scanned = scanner.scan(&small(75), &ScanControl::default()).unwrap_err();
        drop(scanner);
        assert_eq!(replayed(&file, None).unwrap_err(), scanned, "{status}");
    }
}

#[test]
fn a_scanner_that_is_pulled_out_now_is_pulled_out_in_its_recording() {
    let (scanner, glass, folder) = desk();
    let page = RgbImage::from_pixel(600, 400, Rgb([90, 120, 30]));
    glass.lay(&page, 300, Lay::from(Pose::Lying)).unwrap();
    glass.fault(Some(VirtualFault::Vanished)).unwrap();
    let file = folder.path().join("session.jsonl");
    let mut scanner = scanner.recording(&file, false);
    assert_eq!(scanner.scan(&ScanJob::a6(75), &ScanControl::default()).unwrap_err(), ScanError::Vanished);
    drop(scanner);
    assert_eq!(replayed(&file, None).unwrap_err(), ScanError::Vanished);
}

#[test]
fn a_recording_that_ends_in_the_middle_of_a_call_hangs_there_and_the_station_ends_it() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("session.jsonl");
    let whole = fs::read_to_string(kept("test-grid.jsonl")).unwrap();
    let read = whole.find("{\"call\":{\"read\"").unwrap();
    let line = whole[read..].find('\n').unwrap();
    fs::write(&file, &whole[..=read + line]).unwrap();
    let job = session::first_job(&file).unwrap().unwrap();
    let patience = Patience { rows: Duration::from_millis(400), ..Patience::default() };
    let mut scanner = HostedSane::replaying(executable(), &file, Duration::from_secs(20)).with_patience(patience);
    assert_eq!(scanner.scan(&job, &ScanControl::default()).unwrap_err(), ScanError::Hung);
    // The line itself may have been cut off when the process was killed.
    fs::write(&file, &whole[..read + line - 5]).unwrap();
    assert!(matches!(scanner.scan(&job, &ScanControl::default()).unwrap_err(), ScanError::Protocol(_)));
}

#[test]
fn a_session_that_goes_on_otherwise_is_told_and_never_guessed() {
    let told = replayed(&kept("test-grid.jsonl"), Some(ScanJob { dpi: 150, ..small(75) })).unwrap_err();
    let ScanError::Protocol(what) = told else { panic!("{told:?}") };
    assert!(what.contains("recorded"), "{what}");
}

#[test]
fn what_is_no_recording_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("session.jsonl");
    for (text, word) in [
        ("", "no recording"),
        ("scanner: none\n", "not understood"),
        ("{\"asked\":\"list\"}\n", "no recording"),
        ("{\"session\":{\"form\":999,\"version\":\"9\",\"picture\":false}}\n", "newer"),
    ] {
        fs::write(&file, text).unwrap();
        let Err(ScanError::Setup(why)) = replayed(&file, Some(small(75))) else { panic!("{text:?} was taken") };
        assert!(why.contains(word), "{why}");
        assert!(session::first_job(&file).is_err());
    }
    // A recording is never written over.
    fs::write(&file, "what somebody keeps").unwrap();
    let mut scanner = test_backend(folder.path(), "").recording(&file, false);
    assert!(matches!(scanner.scan(&small(75), &ScanControl::default()), Err(ScanError::Setup(_))));
    assert_eq!(fs::read_to_string(&file).unwrap(), "what somebody keeps");
}

#[test]
fn the_command_records_a_scan_and_repeats_it() {
    let folder = TempDir::new().unwrap();
    drop(test_backend(folder.path(), "test-picture \"Grid\""));
    let file = folder.path().join("session.jsonl");
    let run = |arguments: &[&str]| {
        let out = Command::new(executable()).arg("scanner").args(arguments).arg("--json").output().unwrap();
        let answer: Value = serde_json::from_slice(&out.stdout).unwrap();
        (out.status.code(), answer, String::from_utf8(out.stderr).unwrap())
    };
    let (to, config) = (file.to_str().unwrap(), folder.path().to_str().unwrap());
    let (code, recorded, _) = run(&["record", to, "--sane-config", config, "--dpi", "75", "--grey", "--with-picture"]);
    assert_eq!((code, &recorded["outcome"]), (Some(0), &json!("SCAN_WHOLE")));
    assert_eq!((&recorded["width_px"], &recorded["height_px"]), (&json!(310), &json!(437)));
    assert_eq!(run(&["replay", to]).1, recorded);
    let (code, jammed, message) = run(&["replay", kept("test-jammed.jsonl").to_str().unwrap()]);
    assert_eq!((code, &jammed["outcome"]), (Some(3), &json!("SCAN_JAMMED")));
    assert!(message.contains("SCAN_JAMMED"), "{message}");
}
