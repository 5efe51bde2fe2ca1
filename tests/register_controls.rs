//! Finished controls and their outbox: all or nothing, once, and every later change is found.

use std::fs;

use bam_station::{
    digest::Digest,
    register::{ControlsReport, FinishedControl, Head, JournalEntry, OutboxState, Register, RegisterError},
    rules::{CertificateKind, Function},
};
use jiff::Timestamp;
use rusqlite::Connection;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn finished(control: &str, report: Option<Digest>) -> FinishedControl {
    FinishedControl {
        control: control.to_owned(),
        report,
        function: Function::NewCard,
        certificate: CertificateKind::Qualified,
        outcome: "approved".to_owned(),
        // More digits than a row keeps.
        completed_at: "2026-05-17T08:15:00.123456789Z".parse().unwrap(),
    }
}

fn last_events() -> [JournalEntry; 2] {
    ["operator-approved", "document-returned"].map(|kind| JournalEntry::new(kind, &()).unwrap())
}

fn check(register: &Register) -> ControlsReport {
    register.verify_controls(&|_, _| Ok(()), &mut |_, _| {}).unwrap()
}

/// A folder with one delivered control (`a`), one that waits (`b`) and one that was declined (`c`).
fn three_controls() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut register = Register::open(folder.path()).unwrap();
    for control in ["a", "b"] {
        let report = register.evidence().put(format!("report {control}").as_bytes()).unwrap();
        register.register_control(&finished(control, Some(report)), &last_events(), true, at(0)).unwrap();
    }
    let declined = FinishedControl { outcome: "declined".into(), certificate: CertificateKind::Local, ..finished("c", None) };
    register.register_control(&declined, &last_events()[..1], false, at(0)).unwrap();
    register.record_receipt("a", "the receipt", at(1)).unwrap();
    folder
}

#[test]
fn a_finished_control_is_one_row_with_its_last_events_and_its_place_in_the_outbox() {
    let folder = three_controls();
    let register = Register::open(folder.path()).unwrap();
    let controls = register.controls().unwrap();
    assert_eq!(controls.iter().map(|control| control.control.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(controls[0].report, Some(Digest::of(b"report a")));
    assert_eq!(controls[0].completed_at, "2026-05-17T08:15:00.123Z".parse().unwrap());
    assert_eq!(register.control("c").unwrap().as_ref(), Some(&controls[2]));
    assert_eq!(register.control("d").unwrap(), None);
    let kinds: Vec<_> = register.entries("a").unwrap().into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["operator-approved", "document-returned"]);
    let kinds: Vec<_> = register.entries("register").unwrap().into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["control-registered", "control-registered", "control-registered", "receipt-kept"]);
    assert_eq!(register.delivery("c").unwrap(), None);
    assert_eq!(register.due(at(0)).unwrap().iter().map(|due| due.control.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(check(&register), ControlsReport { controls: 3, purged: 0, receipts: 1, problems: Vec::new() });
}

#[test]
fn a_control_is_registered_once() {
    let folder = three_controls();
    let mut register = Register::open(folder.path()).unwrap();
    let head = register.head().unwrap();
    let again = FinishedControl { outcome: "declined".into(), ..finished("a", Some(Digest::of(b"report b"))) };
    let refused = register.register_control(&again, &last_events(), true, at(9)).unwrap_err();
    assert!(matches!(refused, RegisterError::AlreadyRegistered));
    assert_eq!(refused.code(), "REGISTER_ALREADY_REGISTERED");
    assert_eq!(register.head().unwrap(), head, "nothing of the second registration is kept");
    assert_eq!(register.control("a").unwrap().unwrap().outcome, "approved");
    assert!(register.delivery("a").unwrap().unwrap().receipt.is_some());
}

#[test]
fn a_control_without_its_report_is_not_registered() {
    let folder = tempfile::tempdir().unwrap();
    let mut register = Register::open(folder.path()).unwrap();
    let missing = finished("a", Some(Digest::of(b"never kept")));
    assert!(matches!(register.register_control(&missing, &last_events(), true, at(0)), Err(RegisterError::EvidenceMissing(_))));
    let none = finished("a", None);
    assert!(matches!(register.register_control(&none, &last_events(), true, at(0)), Err(RegisterError::NothingToDeliver)));
    let sentence = FinishedControl { outcome: "approved by Kari".into(), ..none };
    assert!(matches!(register.register_control(&sentence, &last_events(), false, at(0)), Err(RegisterError::BadName)));
    assert_eq!(register.head().unwrap(), Head::EMPTY);
    assert!(register.controls().unwrap().is_empty());
}

#[test]
fn a_failed_attempt_waits_for_its_next_time() {
    let folder = three_controls();
    let mut register = Register::open(folder.path()).unwrap();
    register.record_failure("b", "DELIVERY_UNREACHABLE", at(100)).unwrap();
    assert!(register.due(at(99)).unwrap().is_empty());
    let due = register.due(at(100)).unwrap();
    assert_eq!((due.len(), due[0].attempts), (1, 1));
    assert_eq!(register.next_due().unwrap(), Some(at(100)));
    let waiting = register.delivery("b").unwrap().unwrap();
    assert_eq!(waiting.last_error.as_deref(), Some("DELIVERY_UNREACHABLE"));
    for control in ["a", "c", "d"] {
        assert!(matches!(register.record_failure(control, "X", at(1)), Err(RegisterError::NotInOutbox)), "{control}");
    }
}

#[test]
fn a_clock_that_was_wrong_holds_up_nothing() {
    let folder = three_controls();
    let mut register = Register::open(folder.path()).unwrap();
    let days = 24 * 60 * 60;
    register.record_failure("b", "DELIVERY_REJECTED", at(days)).unwrap();
    assert!(register.due(at(0)).unwrap().is_empty(), "a day's wait is a wait");
    assert_eq!(register.due(at(-days)).unwrap().len(), 1, "two days' wait is a clock that was put back");
}

#[test]
fn a_receipt_is_kept_once() {
    let folder = three_controls();
    let mut register = Register::open(folder.path()).unwrap();
    let head = register.head().unwrap();
    register.record_receipt("a", "the receipt", at(5)).unwrap();
    assert_eq!(register.head().unwrap(), head, "the same receipt changes nothing");
    assert!(matches!(register.record_receipt("a", "another receipt", at(5)), Err(RegisterError::OtherReceiptKept)));
    assert!(matches!(register.record_receipt("c", "a receipt", at(5)), Err(RegisterError::NotInOutbox)));
    assert!(matches!(register.record_receipt("b", &"x".repeat(65_537), at(5)), Err(RegisterError::TooLarge { .. })));
    let kept = register.delivery("a").unwrap().unwrap();
    assert_eq!((kept.receipt.as_deref(), kept.delivered_at), (Some("the receipt"), Some(at(1))));
}

#[test]
fn every_later_change_is_found() {
    let unguarded = "PRAGMA foreign_keys = OFF; DROP TRIGGER controls_are_not_changed; DROP TRIGGER controls_are_not_removed;
                     DROP TRIGGER receipts_are_kept; DROP TRIGGER receipts_are_not_removed;";
    let other = Digest::of(b"report b");
    let changes = [
        (format!("UPDATE controls SET report = '{other}' WHERE control = 'a'"), "a", "its row is not what the journal says"),
        ("UPDATE controls SET outcome = 'approved' WHERE control = 'c'".into(), "c", "its row is not what the journal says"),
        ("UPDATE controls SET completed_at = '2026-05-17T08:15:00.124Z' WHERE control = 'b'".into(), "b", "its row is not what the journal says"),
        ("DELETE FROM controls WHERE control = 'c'".into(), "c", "its row was removed"),
        ("INSERT INTO controls SELECT 'd', report, function, certificate, outcome, completed_at, 1 FROM controls WHERE control = 'a'".into(), "d", "the journal knows nothing of it"),
        ("UPDATE outbox SET receipt = 'a better receipt' WHERE control = 'a'".into(), "a", "its receipt is not what the journal says"),
        ("UPDATE outbox SET receipt = 'r', delivered_at = next_attempt_at WHERE control = 'b'".into(), "b", "the journal knows nothing of its receipt"),
        ("DELETE FROM outbox WHERE control = 'b'".into(), "b", "its place in the outbox was removed before it was delivered"),
        ("UPDATE outbox SET receipt = NULL, delivered_at = NULL WHERE control = 'a'".into(), "a", "its receipt is not there any more"),
        ("DELETE FROM outbox WHERE control = 'a'".into(), "a", "its place in the outbox was removed"),
    ];
    for (change, control, what) in changes {
        let folder = three_controls();
        Connection::open(folder.path().join("register.db")).unwrap().execute_batch(&format!("{unguarded}{change}")).unwrap();
        let report = check(&Register::open_read_only(folder.path()).unwrap());
        let found = report.problems.iter().any(|problem| problem.control == control && problem.what == what);
        assert!(found, "{change}: {:?}", report.problems);
    }
}

#[test]
fn a_report_that_was_changed_or_removed_is_found() {
    let folder = three_controls();
    let register = Register::open_read_only(folder.path()).unwrap();
    let path = register.evidence().file(&Digest::of(b"report b")).unwrap();
    fs::remove_file(&path).unwrap();
    let problems = check(&register).problems;
    assert!(
        problems.len() == 1 && problems[0].control == "b" && problems[0].what.contains("not in the register"),
        "{problems:?}"
    );
    fs::write(&path, b"report c").unwrap();
    let problems = check(&register).problems;
    assert!(problems.len() == 1 && problems[0].control == "b" && problems[0].what.contains("was changed"), "{problems:?}");
}

#[test]
fn a_receipt_that_does_not_hold_is_reported() {
    let folder = three_controls();
    let register = Register::open_read_only(folder.path()).unwrap();
    let judge = |delivery: &OutboxState, receipt: &str| {
        assert_eq!((delivery.control.as_str(), receipt), ("a", "the receipt"));
        Err("forged".to_owned())
    };
    let problems = register.verify_controls(&judge, &mut |_, _| {}).unwrap().problems;
    assert!(problems.len() == 1 && problems[0].control == "a" && problems[0].what == "forged");
}
