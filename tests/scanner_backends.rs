//! SANE's own test backend through the device host: shapes and statuses that real scanners have.

use std::{fs, time::Duration};

use bam_station::device::scanner::{ColourMode, HostedSane, ScanControl, ScanError, ScanJob, Scanner, Source};
use tempfile::TempDir;

use crate::scanner_virtual::{executable, scan};

/// SANE's test backend with these lines in its configuration.
fn backend(settings: &str) -> (HostedSane, TempDir) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("dll.conf"), "test\n").unwrap();
    fs::write(folder.path().join("test.conf"), format!("number_of_devices 1\nmode Color\nresolution 300\n{settings}\n")).unwrap();
    (HostedSane::configured(executable(), folder.path(), Duration::from_secs(10)), folder)
}

#[test]
fn another_backend_gives_a_whole_a6_picture() {
    let (mut scanner, _folder) = backend("");
    assert_eq!(scanner.list().unwrap()[0].device, "test:0");
    let raw = scan(&mut scanner, &ScanJob::default()).unwrap();
    assert_eq!((raw.width_px, raw.height_px), (1240, 1748));
    assert_eq!(raw.pixels.len(), 6_502_560);
    let grey = scan(&mut scanner, &ScanJob { mode: ColourMode::Grey, ..ScanJob::default() }).unwrap();
    assert_eq!(grey.pixels.len(), 1240 * 1748);
}

#[test]
fn a_status_during_the_scan_is_told_for_what_it_is() {
    for (status, expected) in [
        ("SANE_STATUS_JAMMED", ScanError::Jammed),
        ("SANE_STATUS_NO_DOCS", ScanError::NoDocument),
        ("SANE_STATUS_COVER_OPEN", ScanError::CoverOpen),
        ("SANE_STATUS_IO_ERROR", ScanError::Io),
        ("SANE_STATUS_NO_MEM", ScanError::NoMemory),
        ("SANE_STATUS_ACCESS_DENIED", ScanError::AccessDenied),
        ("SANE_STATUS_DEVICE_BUSY", ScanError::Busy),
        ("SANE_STATUS_UNSUPPORTED", ScanError::Unsupported("it does not support an operation that is needed".into())),
        ("SANE_STATUS_INVAL", ScanError::Unsupported("it refuses these settings".into())),
        // Nobody at the station stopped it, so the scanner did.
        ("SANE_STATUS_CANCELLED", ScanError::Cancelled),
        ("SANE_STATUS_EOF", ScanError::Truncated { got: 0, want: 310 * 437 * 3 }),
    ] {
        let (mut scanner, _folder) = backend(&format!("read-status-code \"{status}\""));
        assert_eq!(scan(&mut scanner, &ScanJob::a6(75)).unwrap_err(), expected, "{status}");
    }
}

#[test]
fn pictures_of_unknown_length_and_in_three_passes_are_refused() {
    for (settings, word) in [("hand-scanner true", "length"), ("three-pass true", "one after the other")] {
        let (mut scanner, _folder) = backend(settings);
        match scan(&mut scanner, &ScanJob::a6(75)) {
            // A three-pass scanner names its first pass red, not colour.
            Err(ScanError::Unsupported(what)) => assert!(what.contains(word) || what.contains("other colours"), "{what}"),
            other => panic!("{settings} gave {other:?}"),
        }
    }
}

#[test]
fn rows_that_are_longer_than_their_pixels_lose_their_padding() {
    let (mut scanner, _folder) = backend("ppl-loss 7\ntest-picture \"Grid\"");
    let raw = scan(&mut scanner, &ScanJob::a6(75)).unwrap();
    assert_eq!(raw.width_px, 303, "seven pixels of each row are padding");
    assert_eq!(raw.pixels.len(), 303 * 437 * 3);
    let (mut whole, _folder) = backend("test-picture \"Grid\"");
    let whole = scan(&mut whole, &ScanJob::a6(75)).unwrap();
    assert!(raw.pixels.chunks(303 * 3).zip(whole.pixels.chunks(310 * 3)).all(|(row, padded)| row == &padded[..303 * 3]));
}

#[test]
fn sixteen_bits_a_colour_are_set_to_eight() {
    let (mut scanner, _folder) = backend("depth 16");
    assert_eq!(scan(&mut scanner, &ScanJob::a6(75)).unwrap().pixels.len(), 310 * 437 * 3);
}

#[test]
fn of_two_scanners_the_named_one_scans_and_the_other_stays_free() {
    let (mut scanner, _folder) = backend("number_of_devices 2");
    let names: Vec<String> = scanner.list().unwrap().into_iter().map(|found| found.device).collect();
    assert_eq!(names, ["test:0", "test:1"]);
    for name in names {
        let raw = scan(&mut scanner, &ScanJob { device: Some(name.clone()), ..ScanJob::a6(75) }).unwrap();
        assert_eq!((raw.device, raw.width_px), (name, 310));
    }
    assert_eq!(scan(&mut scanner, &ScanJob::a6(75)).unwrap().device, "test:0", "without a name the first");
    let third = ScanJob { device: Some("test:2".into()), ..ScanJob::a6(75) };
    assert_eq!(scan(&mut scanner, &third).unwrap_err(), ScanError::NotFound("test:2".into()));
}

#[test]
fn a_scanner_with_glass_and_feeder_takes_what_is_asked() {
    for source in [Source::Glass, Source::Feeder] {
        // Whatever was set before.
        for before in ["Flatbed", "Automatic Document Feeder"] {
            let (mut scanner, _folder) = backend(&format!("source \"{before}\""));
            let raw = scan(&mut scanner, &ScanJob { source, ..ScanJob::a6(75) }).unwrap();
            assert_eq!((raw.width_px, raw.height_px), (310, 437), "{source:?} after {before}");
        }
    }
}

#[test]
fn a_scan_is_stopped_while_the_backend_is_slow() {
    let (mut scanner, _folder) = backend("read-delay true\nread-delay-duration 200000");
    let control = ScanControl::default();
    let cancel = std::sync::Arc::clone(&control.cancel);
    let control =
        ScanControl { progress: Box::new(move |_| cancel.store(true, std::sync::atomic::Ordering::Relaxed)), ..control };
    assert_eq!(scanner.scan(&ScanJob::default(), &control).unwrap_err(), ScanError::Cancelled);
    assert!(scan(&mut scanner, &ScanJob::a6(75)).is_ok(), "the next scan works");
}
