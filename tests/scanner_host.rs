//! The device host: what hangs, crashes or talks nonsense is stopped, and the next scan works.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bam_station::device::{
    frame::{self, FrameError, MOST_HEADER, MOST_PAYLOAD},
    scanner::{
        HostedSane, Patience, ScanControl, ScanError, ScanJob, Scanner, VirtualFault, sane,
        wire::{Answer, Ask},
    },
};
use tempfile::TempDir;

use crate::scanner_virtual::{desk, executable, scan};

/// Starts a scan that is stopped after `after`; says how it ended and how long after the stop.
fn stopped(scanner: &mut HostedSane, after: Duration) -> (ScanError, Duration) {
    let control = ScanControl::default();
    let cancel = Arc::clone(&control.cancel);
    let stop = thread::spawn(move || {
        thread::sleep(after);
        cancel.store(true, Ordering::Relaxed);
        Instant::now()
    });
    let ended = scanner.scan(&ScanJob::a6(75), &control).unwrap_err();
    let now = Instant::now();
    (ended, now - stop.join().unwrap())
}

#[test]
fn a_scanner_that_hangs_is_stopped_and_the_next_scan_works() {
    let (scanner, glass, _folder) = desk();
    let mut scanner = scanner.with_patience(Patience { rows: Duration::from_millis(400), ..Patience::default() });
    glass.fault(Some(VirtualFault::Hung)).unwrap();
    let began = Instant::now();
    assert_eq!(scan(&mut scanner, &ScanJob::a6(75)).unwrap_err(), ScanError::Hung);
    assert!(began.elapsed() >= Duration::from_millis(400));
    glass.fault(None).unwrap();
    let mut scanner = scanner.with_patience(Patience::default());
    assert!(scan(&mut scanner, &ScanJob::a6(75)).is_ok());
}

#[test]
fn a_slow_scanner_is_not_a_hanging_one() {
    let (scanner, glass, _folder) = desk();
    let patience = Duration::from_secs(5);
    let mut scanner = scanner.with_patience(Patience { rows: patience, ..Patience::default() });
    // 28 blocks of 200 ms: longer than the patience between rows, but rows keep coming.
    glass.slow_down(Duration::from_millis(200)).unwrap();
    let began = Instant::now();
    assert!(scan(&mut scanner, &ScanJob::a6(75)).is_ok());
    assert!(began.elapsed() > patience);
}

#[test]
fn a_stop_is_heeded_at_once_and_the_next_scan_is_whole() {
    let (mut scanner, glass, _folder) = desk();
    // Undisturbed it takes five minutes.
    glass.slow_down(Duration::from_secs(10)).unwrap();
    let (ended, late) = stopped(&mut scanner, Duration::from_millis(500));
    assert_eq!(ended, ScanError::Cancelled);
    assert!(late < Duration::from_secs(60), "{late:?}");
    glass.slow_down(Duration::ZERO).unwrap();
    assert_eq!(scan(&mut scanner, &ScanJob::a6(75)).unwrap().pixels.len(), 310 * 437 * 3);
}

#[test]
fn a_stop_that_the_scanner_does_not_heed_is_enforced() {
    let (mut scanner, glass, _folder) = desk();
    glass.fault(Some(VirtualFault::Hung)).unwrap();
    let (ended, late) = stopped(&mut scanner, Duration::from_millis(500));
    assert_eq!(ended, ScanError::Cancelled);
    assert!((Duration::from_millis(250)..Duration::from_secs(60)).contains(&late), "{late:?}");
    glass.fault(None).unwrap();
    assert!(scan(&mut scanner, &ScanJob::a6(75)).is_ok());
}

#[test]
fn a_scan_that_is_stopped_before_it_begins_does_not_begin() {
    let mut scanner = HostedSane::system("/nonexistent/bam-station".into(), Duration::from_secs(1));
    let control = ScanControl { cancel: Arc::new(AtomicBool::new(true)), ..ScanControl::default() };
    assert_eq!(scanner.scan(&ScanJob::default(), &control).unwrap_err(), ScanError::Cancelled);
}

#[test]
fn progress_rises_from_nothing_to_all() {
    let (mut scanner, _glass, _folder) = desk();
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let control = ScanControl::new(move |part| listener.lock().unwrap().push(part));
    // On a thread of its own, as the station does it, so that no screen waits.
    thread::spawn(move || scanner.scan(&ScanJob::default(), &control)).join().unwrap().unwrap();
    let told = told.lock().unwrap();
    assert!(told.len() > 20, "a bar that moves: {} steps", told.len());
    assert!(told.is_sorted() && told[0] < 0.1 && told.last() == Some(&1.0), "{told:?}");
}

#[test]
fn a_missing_scanner_library_is_named_with_its_package() {
    let error = sane::start("libsane-that-is-not-there.so.1").err().unwrap();
    assert_eq!(error, ScanError::LibraryMissing);
    assert!(error.to_string().contains("libsane1"), "{error}");

    // The same through the device host: the first libsane.so.1 on its path is no library.
    let (mut scanner, _glass, folder) = desk();
    fs::write(folder.path().join("plug-ins/libsane.so.1"), "not a library").unwrap();
    assert_eq!(scanner.list().unwrap_err(), ScanError::LibraryMissing);
    assert_eq!(scan(&mut scanner, &ScanJob::default()).unwrap_err(), ScanError::LibraryMissing);
}

#[test]
fn a_program_that_is_no_device_host_is_a_fault_and_no_wait() {
    let outcome = |program: &str| HostedSane::system(program.into(), Duration::from_secs(60)).list().unwrap_err();
    assert!(matches!(outcome("/nonexistent/bam-station"), ScanError::Setup(_)));
    // Ends without a word.
    assert_eq!(outcome("/bin/true"), ScanError::Crashed);
    // Says words, not frames.
    let folder = TempDir::new().unwrap();
    let talker = folder.path().join("talker");
    fs::write(&talker, "#!/bin/sh\necho scanners: none\nexec sleep 120\n").unwrap();
    fs::set_permissions(&talker, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(outcome(talker.to_str().unwrap()), ScanError::Protocol(_)));
}

#[test]
fn a_program_without_its_virtual_scanner_says_so() {
    let folder = TempDir::new().unwrap();
    let lonely = folder.path().join("bam-station");
    let Err(ScanError::Setup(what)) = HostedSane::virtual_a6(lonely, folder.path(), Duration::from_secs(1)) else {
        panic!("there is no backend beside this program")
    };
    assert!(what.contains("libbam_virtual_scanner.so"), "{what}");
}

#[test]
fn the_device_host_ends_with_the_station() {
    let mut host =
        Command::new(executable()).args(["device-host", "sane"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    thread::sleep(Duration::from_millis(100));
    assert!(host.try_wait().unwrap().is_none(), "it waits for questions");
    drop(host.stdin.take());
    let deadline = Instant::now() + Duration::from_secs(60);
    while host.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "it outlives the station");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_device_host_ends_when_it_is_told_nonsense() {
    let mut host =
        Command::new(executable()).args(["device-host", "sane"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    host.stdin.as_mut().unwrap().write_all(&[0xFF; 64]).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while host.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "it waits for the rest of something that is no frame");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn frames_hold_what_was_put_in_and_no_more_than_is_allowed() {
    let mut wire = Vec::new();
    frame::write(&mut wire, &Ask::Scan(ScanJob::default()), &[]).unwrap();
    frame::write(&mut wire, &Answer::Rows, &[7; 1000]).unwrap();
    let mut reading = wire.as_slice();
    assert_eq!(frame::read::<Ask>(&mut reading).unwrap(), (Ask::Scan(ScanJob::default()), vec![]));
    assert_eq!(frame::read::<Answer>(&mut reading).unwrap(), (Answer::Rows, vec![7; 1000]));
    assert!(matches!(frame::read::<Answer>(&mut reading), Err(FrameError::Broken(_))));

    assert!(matches!(frame::write(&mut Vec::new(), &Answer::Rows, &vec![0; MOST_PAYLOAD + 1]), Err(FrameError::TooLarge)));
    let too_large = "x".repeat(MOST_HEADER);
    assert!(matches!(frame::write(&mut Vec::new(), &too_large, &[]), Err(FrameError::TooLarge)));
    let announced = [u32::MAX.to_be_bytes(), 0_u32.to_be_bytes()].concat();
    assert!(matches!(frame::read::<Answer>(&mut announced.as_slice()), Err(FrameError::TooLarge)));

    for cut in 0..wire.len() {
        let mut part = &wire[..cut];
        let whole = frame::read::<Ask>(&mut part).and_then(|_| frame::read::<Answer>(&mut part));
        assert!(matches!(whole, Err(FrameError::Broken(_))), "cut after {cut} bytes");
    }
}

#[test]
fn every_error_survives_the_way_between_the_processes_and_has_its_own_code() {
    let errors = [
        ScanError::LibraryMissing,
        ScanError::Setup("x".into()),
        ScanError::NoScanner,
        ScanError::NotFound("x".into()),
        ScanError::Busy,
        ScanError::CoverOpen,
        ScanError::Jammed,
        ScanError::NoDocument,
        ScanError::AccessDenied,
        ScanError::WarmingUp,
        ScanError::Locked,
        ScanError::NoMemory,
        ScanError::Unsupported("x".into()),
        ScanError::Io,
        ScanError::Vanished,
        ScanError::Hung,
        ScanError::Crashed,
        ScanError::Cancelled,
        ScanError::Truncated { got: 1, want: 2 },
        ScanError::Protocol("x".into()),
    ];
    let catalogue = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/faults.toml")).unwrap();
    let mut codes = Vec::new();
    for error in errors {
        let mut wire = Vec::new();
        frame::write(&mut wire, &Answer::Failed(error.clone()), &[]).unwrap();
        let (back, _) = frame::read::<Answer>(&mut wire.as_slice()).unwrap();
        assert_eq!(back, Answer::Failed(error.clone()));
        assert!(error.code().starts_with("SCAN_"), "{error:?}");
        assert!(!codes.contains(&error.code()), "{error:?}");
        assert!(catalogue.contains(&format!("code = \"{}\"", error.code())), "{} is not in the catalogue", error.code());
        codes.push(error.code());
    }
}
