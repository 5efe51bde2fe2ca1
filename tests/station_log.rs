//! The station's log: what it did, how long it took, which faults it showed, and nothing about any person.

use std::{
    fs,
    time::{Duration, Instant},
};

use bam_station::{
    config::Severity,
    station::DataFolder,
    station_log::{self, Shown, StationLog},
};
use bam_station_ui::{HolderPage, Locked, Operator, OperatorPage};
use jiff::Timestamp;
use slint::ComponentHandle as _;

use crate::desk_by_hand::{AtTheDesk, configuration};

/// The words of each line without its instant and the milliseconds.
fn acts(data: &DataFolder) -> Vec<String> {
    let words = |line: &String| {
        line.split(' ').skip(1).filter(|word| *word != "ms" && word.parse::<u64>().is_err()).collect::<Vec<_>>().join(" ")
    };
    station_log::read(data).iter().map(words).collect()
}

/// A desk of this severity, at which somebody begins a control and mistypes a PIN.
fn worked(severity: Severity) -> Vec<String> {
    // Each desk has its windows on a thread of its own.
    std::thread::spawn(move || at_a_desk(severity)).join().unwrap()
}

fn at_a_desk(severity: Severity) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut configuration = configuration();
    configuration.local.value.log.severity = severity;
    let desk = AtTheDesk::open_with(configuration, folder.path(), None);
    desk.enroll("Kari Nordmann");
    desk.begin_qualified();
    desk.accept_passport();
    desk.read_terms();
    desk.shell.judge_attendance(Instant::now() + Duration::from_secs(10_000));
    desk.both_on(OperatorPage::Locked, HolderPage::Idle);
    desk.type_pin("135790");
    let data = DataFolder::locate(Some(folder.path().to_owned()));
    desk.until("the PIN is refused", |desk| !desk.operator().global::<Locked>().get_error().is_empty());
    desk.until("another PIN can be typed", |desk| !desk.operator().global::<Operator>().get_busy());
    desk.type_pin(crate::desk_by_hand::PIN);
    desk.until("the control goes on", |desk| desk.page() != OperatorPage::Locked);
    let text = fs::read_to_string(folder.path().join("station.log")).unwrap();
    assert_eq!(text.lines().count(), station_log::read(&data).len(), "each line is one of the station's own: {text}");
    for personal in ["Kari", "Nordmann", "Eriksson", "Anna", "1288", "L898902C3", "246810", "135790"] {
        assert!(!text.contains(personal), "{text}");
    }
    acts(&data)
}

#[test]
fn the_log_tells_what_was_done_as_the_desk_asks_for_it() {
    let faults = worked(Severity::Error);
    assert!(faults.iter().all(|line| line == "error OPERATOR_PIN_WRONG"), "{faults:?}");
    let info = worked(Severity::Info);
    for act in ["info enroll", "info begin-control", "info act", "info show-terms", "info lock", "error OPERATOR_PIN_WRONG"] {
        assert!(info.iter().any(|line| line == act), "{act}: {info:?}");
    }
    assert!(!info.iter().any(|line| line.starts_with("debug")), "{info:?}");
    let debug = worked(Severity::Debug);
    assert!(debug.iter().any(|line| line == "debug look"), "{debug:?}");
}

#[test]
fn the_log_is_bounded_and_survives_rubbish() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::locate(Some(folder.path().to_owned()));
    assert_eq!(station_log::faults(&data), []);
    let log = StationLog::of(&data, Severity::Info);
    let file = folder.path().join("station.log");
    let old = "1970-01-01T00:00:00Z info scan 1840 ms\n".repeat(14_000);
    fs::write(&file, &old).unwrap();
    let at = Timestamp::from_second(2999).unwrap();
    log.fault(at, "SCAN_JAMMED");
    assert!(fs::metadata(&file).unwrap().len() < 300 * 1024, "the older half is gone");
    assert_eq!(station_log::faults(&data), [Shown { at, code: "SCAN_JAMMED".into() }]);

    let rubbish = "1970-01-01T00:00:00Z error Anna Eriksson\n1970-01-01T00:00:00Z info scan Anna\nrubbish\n\
                   1970-01-01T00:00:00Z error CARD_MUTE\n1970-01-01T00:00:00Z loud CARD_MUTE\n";
    fs::write(&file, [rubbish.as_bytes(), &[0xff, 0x01]].concat()).unwrap();
    assert_eq!(station_log::read(&data), ["1970-01-01T00:00:00Z error CARD_MUTE"]);
    // A log that cannot be written hinders nobody.
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    log.fault(at, "SCAN_JAMMED");
}
