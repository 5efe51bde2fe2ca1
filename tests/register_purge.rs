//! The end of the retention: what is old is erased for good, what must stay stays, and the chain still holds.

use std::{fs, path::Path};

use bam_station::{
    digest::Digest,
    register::{ControlFilter, ExportTarget, FinishedControl, JournalEntry, Register, verify_export},
    rules::{CertificateKind, Function},
};
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::spine::station;

fn at(year: i16) -> Timestamp {
    format!("{year}-03-01T10:00:00Z").parse().unwrap()
}

/// Registers a control that ended in `year`; it names its own scan and terms that all share.
fn control(register: &mut Register, id: &str, year: i16, certificate: CertificateKind, receipt: bool) {
    let scan = register.evidence().put(format!("scan of {id}").as_bytes()).unwrap();
    let terms = register.evidence().put(b"the terms").unwrap();
    let body = json!({ "name": format!("Navn {id}"), "number": "13097248022", "scan": scan, "terms": terms });
    register.append(id, &[JournalEntry::new("scan-taken", &body).unwrap()], at(year)).unwrap();
    let report = register.evidence().put(format!("report of {id}").as_bytes()).unwrap();
    let finished = FinishedControl {
        control: id.into(),
        report: Some(report),
        function: Function::NewCard,
        certificate,
        outcome: "approved".into(),
        completed_at: at(year),
    };
    let deliver = certificate == CertificateKind::Qualified;
    let approved = JournalEntry::new("approved", &json!({ "report": report })).unwrap();
    register.register_control(&finished, &[approved], deliver, at(year)).unwrap();
    if receipt {
        register.record_receipt(id, "a receipt", at(year)).unwrap();
    }
}

fn register() -> (TempDir, Register) {
    let folder = tempfile::tempdir().unwrap();
    let mut register = Register::open(folder.path()).unwrap();
    control(&mut register, "old-local", 2010, CertificateKind::Local, false);
    control(&mut register, "old-delivered", 2011, CertificateKind::Qualified, true);
    control(&mut register, "old-waiting", 2012, CertificateKind::Qualified, false);
    register.append("old-open", &[JournalEntry::new("opened", &"Navn old-open").unwrap()], at(2012)).unwrap();
    control(&mut register, "young", 2025, CertificateKind::Local, false);
    (folder, register)
}

fn ids(controls: &[FinishedControl]) -> Vec<&str> {
    controls.iter().map(|control| control.control.as_str()).collect()
}

/// What of the register does not hold.
fn problems(register: &Register) -> Vec<String> {
    let journal = register.verify_journal(&mut |_, _| {}).unwrap();
    let controls = register.verify_controls(&|_, _| Ok(()), &mut |_, _| {}).unwrap();
    let bad = journal.first_bad.iter().map(|bad| format!("{}: {}", bad.seq, bad.what));
    bad.chain(controls.problems.into_iter().map(|problem| format!("{}: {}", problem.control, problem.what))).collect()
}

/// Every byte under the folder.
fn bytes_under(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        bytes.extend(if path.is_dir() { bytes_under(&path) } else { fs::read(path).unwrap() });
    }
    bytes
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn old_controls_go_and_what_waits_is_open_or_young_stays() {
    let (folder, mut register) = register();
    let head = register.head().unwrap();
    let plan = register.plan_purge(at(2016)).unwrap();
    assert_eq!((ids(&plan.due), ids(&plan.undelivered)), (vec!["old-local", "old-delivered"], vec!["old-waiting"]));
    assert!(problems(&register).is_empty() && holds(&bytes_under(folder.path()), "Navn old-local"), "a plan changes nothing");

    let purged = register.purge(at(2016), at(2026), &mut |_, _| {}).unwrap();
    assert_eq!((purged.controls, purged.files), (2, 4), "two reports, two scans; the terms are the others' as well");
    assert_eq!(problems(&register), Vec::<String>::new());
    assert!(register.contains(&head).unwrap(), "heads that were printed before still count");

    let bytes = bytes_under(folder.path());
    for erased in ["Navn old-local", "Navn old-delivered", "scan of old-local", "report of old-delivered"] {
        assert!(!holds(&bytes, erased), "{erased}");
    }
    for kept in ["Navn old-waiting", "Navn old-open", "Navn young", "the terms", "scan of young", "report of old-waiting"] {
        assert!(holds(&bytes, kept), "{kept}");
    }
    let (when, tombstone) = register.tombstone("old-delivered").unwrap().unwrap();
    assert_eq!((when, tombstone.report), (at(2026), Some(Digest::of(b"report of old-delivered"))));
    assert_eq!(register.tombstone("young").unwrap(), None);
    assert_eq!(register.delivery("old-delivered").unwrap().unwrap().receipt.as_deref(), Some("a receipt"));
    assert!(register.entries("old-local").unwrap().is_empty());
    assert_eq!(register.streams().unwrap(), ["register", "old-waiting", "old-open", "young"]);

    assert!(register.plan_purge(at(2016)).unwrap().due.is_empty(), "once");
    control(&mut register, "next", 2026, CertificateKind::Local, false);
    assert_eq!(problems(&register), Vec::<String>::new());
}

#[test]
fn a_report_that_was_raised_goes_with_its_control_and_is_raised_no_more() {
    let (folder, mut register) = register();
    register.keep_raised("old-local", b"report of old-local, stamped", "B-T", at(2011)).unwrap();
    register.keep_raised("young", b"report of young, stamped", "B-T", at(2025)).unwrap();
    register.keep_raised("young", b"report of young, stamped, archived", "B-LTA", at(2025)).unwrap();
    let export = folder.path().join("export");
    register.export(&ControlFilter::default(), &ExportTarget::Folder(export.clone()), at(2025), &mut |_, _| {}).unwrap();
    assert!(verify_export(&export, &[], &mut |_, _| {}).unwrap().problems.is_empty());
    for raised in [b"report of old-local, stamped".as_slice(), b"report of young, stamped", b"report of young, stamped, archived"]
    {
        assert!(export.join(format!("evidence/{}", Digest::of(raised))).is_file());
    }
    fs::remove_dir_all(export).unwrap();

    register.purge(at(2016), at(2026), &mut |_, _| {}).unwrap();
    assert_eq!(problems(&register), Vec::<String>::new());
    assert!(!holds(&bytes_under(folder.path()), "report of old-local"));
    assert!(holds(&bytes_under(folder.path()), "report of young, stamped, archived"));
    let waiting: Vec<String> =
        register.raisable_reports("B-LTA", 0, 10).unwrap().into_iter().map(|report| report.control).collect();
    assert_eq!(waiting, ["old-waiting"]);
}

#[test]
fn files_that_a_power_cut_left_are_found_and_removed_by_the_next_purge() {
    let (_folder, mut register) = register();
    register.purge(at(2016), at(2026), &mut |_, _| {}).unwrap();
    register.evidence().put(b"scan of old-local").unwrap();
    assert!(problems(&register)[0].contains("is still here"), "{:?}", problems(&register));
    let again = register.purge(at(2016), at(2026), &mut |_, _| {}).unwrap();
    assert_eq!((again.controls, again.files), (0, 1));
    assert_eq!(problems(&register), Vec::<String>::new());
}

/// The register of somebody who has the file and knows how to remove the triggers.
fn intruder(folder: &Path) -> Connection {
    let database = Connection::open(folder.join("register.db")).unwrap();
    database.execute_batch("DROP TRIGGER journal_is_not_changed; DROP TRIGGER tombstones_are_not_removed").unwrap();
    database.pragma_update(None, "foreign_keys", false).unwrap();
    database
}

#[test]
fn nothing_is_erased_without_a_tombstone_and_a_tombstone_hides_nothing() {
    let (folder, mut register) = register();
    register.purge(at(2016), at(2026), &mut |_, _| {}).unwrap();
    drop(register);
    let cases = [
        ("DELETE FROM purged WHERE control = 'old-local'", "1: its content was erased, and no tombstone says so"),
        ("UPDATE journal SET erased = hash WHERE stream = 'young'", "no tombstone says so"),
        ("UPDATE journal SET erased = hash, body = '', salt = zeroblob(16) WHERE stream = 'young'", "no tombstone says so"),
        ("UPDATE journal SET erased = hash WHERE seq = 1", "1: its content was changed"),
        ("UPDATE journal SET body = '{}' WHERE seq = 1", "1: it is marked as erased, yet it has content"),
        ("UPDATE journal SET erased = NULL WHERE seq = 1", "1: its content was changed"),
    ];
    for (change, found) in cases {
        let copy = tempfile::tempdir().unwrap();
        fs::copy(folder.path().join("register.db"), copy.path().join("register.db")).unwrap();
        intruder(copy.path()).execute(change, []).unwrap();
        let register = Register::open_read_only(copy.path()).unwrap();
        let bad = register.verify_journal(&mut |_, _| {}).unwrap().first_bad.map(|bad| format!("{}: {}", bad.seq, bad.what));
        assert!(bad.as_ref().is_some_and(|bad| bad.contains(found)), "{change}: {bad:?}");
    }
}

#[test]
fn an_export_of_purged_controls_is_whole() {
    let (folder, mut register) = register();
    register.purge(at(2016), at(2026), &mut |_, _| {}).unwrap();
    let place = folder.path().join("export");
    register.export(&ControlFilter::default(), &ExportTarget::Folder(place.clone()), at(2026), &mut |_, _| {}).unwrap();
    let report = verify_export(&place, &[register.head().unwrap()], &mut |_, _| {}).unwrap();
    assert_eq!((report.problems, report.missing_heads, report.controls), (vec![], vec![], 4));
}

/// What leads from each version of the tables back to the one before, as far as the tables of then are concerned.
const BACK: [(i32, &str); 6] = [
    (7, "DROP TRIGGER receipts_are_kept; DROP TRIGGER receipts_are_not_removed;"),
    (
        6,
        "DROP TABLE settings; DROP TABLE people; DROP TRIGGER journal_is_not_changed;
         ALTER TABLE journal DROP COLUMN commitment;
         CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
            WHEN NOT (OLD.erased IS NULL AND NEW.erased IS NOT NULL AND EXISTS (SELECT 1 FROM purged WHERE control = OLD.stream))
            BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;",
    ),
    (
        5,
        "DROP TABLE raised; DROP INDEX journal_about_control; DROP TRIGGER journal_is_not_changed;
         ALTER TABLE journal DROP COLUMN control;
         CREATE INDEX journal_about_control ON journal (json_extract(body, '$.control'), seq) WHERE stream = 'register';
         CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
            WHEN NOT (OLD.erased IS NULL AND NEW.erased IS NOT NULL AND EXISTS (SELECT 1 FROM purged WHERE control = OLD.stream))
            BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;",
    ),
    (4, "DROP TABLE authorisations;"),
    (
        3,
        "DROP TABLE purged; DROP INDEX journal_about_control; DROP TRIGGER journal_is_not_changed;
         ALTER TABLE journal DROP COLUMN erased;
         CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
            BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;",
    ),
    (2, "DROP TABLE notices; DROP INDEX journal_of_kind;"),
];

#[test]
fn a_register_of_any_earlier_version_is_brought_up_to_date() {
    for earlier in 1..7 {
        let (folder, mut register) = register();
        register.keep_raised("young", b"report of young, stamped", "B-T", at(2025)).unwrap();
        let head = register.head().unwrap();
        let raised = register.raised_reports("young").unwrap();
        drop(register);
        let database = Connection::open(folder.path().join("register.db")).unwrap();
        for (_, back) in BACK.iter().filter(|(version, _)| *version > earlier) {
            database.execute_batch(back).unwrap();
        }
        database.pragma_update(None, "user_version", earlier).unwrap();
        let old = database.query_row("SELECT count(*) FROM pragma_table_info('journal')", [], |row| row.get::<_, i64>(0));
        assert_eq!(old.unwrap(), [8, 8, 8, 9, 9, 10, 11][earlier as usize]);
        drop(database);

        let mut register = Register::open(folder.path()).unwrap();
        assert_eq!((register.head().unwrap(), problems(&register)), (head, vec![]), "from version {earlier}");
        assert_eq!(register.raised_reports("young").unwrap(), raised);
        let to_be_raised = |level| register.raisable_reports(level, 0, 10).unwrap().len();
        assert_eq!((to_be_raised("B-T"), to_be_raised("B-LTA")), (3, 4), "young has reached B-T");
        assert_eq!(register.purge(at(2016), at(2026), &mut |_, _| {}).unwrap().controls, 2);
        assert_eq!(problems(&register), Vec::<String>::new());
    }
}

#[test]
fn the_command_shows_first_erases_only_when_told_and_nothing_below_the_retention() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("register");
    let mut register = Register::open(&folder).unwrap();
    control(&mut register, "old-local", 2010, CertificateKind::Local, false);
    control(&mut register, "young", 2025, CertificateKind::Local, false);
    drop(register);
    let purge = |words: &[&str]| {
        let output = station(data.path(), &[&["register", "purge", "--json"], words].concat());
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), answer, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, answer, _) = purge(&[]);
    assert_eq!((code, &answer["due"], &answer["erased"]), (Some(0), &json!(["old-local"]), &json!(false)));
    for young in ["9y", "1d", "-20y"] {
        let older_than = format!("--older-than={young}");
        let (code, _, said) = purge(&[&older_than, "--erase"]);
        assert!(code == Some(2) && said.contains("REGISTER_RETENTION"), "{young}: {said}");
    }
    let (code, answer, said) = purge(&["--erase", "--older-than", "11y"]);
    assert_eq!((code, &answer["purged"]["controls"]), (Some(0), &json!(1)), "{said}");
    assert_eq!(station(data.path(), &["register", "verify"]).status.code(), Some(0));
    let listed = station(data.path(), &["register", "list", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!((&listed["controls"][0]["purged"], &listed["unfinished"]), (&json!(true), &json!([])));
}

/// A whole control of the training desk, whose report, scans, strokes and events all go.
#[test]
fn of_a_whole_control_nothing_personal_is_left() {
    let data = tempfile::tempdir().unwrap();
    let output = station(data.path(), &["control", "config/examples/qualified-passport.toml", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = data.path().join("register");
    let mut register = Register::open(&folder).unwrap();
    let id = register.controls().unwrap().remove(0).control;
    let opened: Value = serde_json::from_str(&register.entries(&id).unwrap()[0].body).unwrap();
    let name = opened["person"]["last_name"].as_str().unwrap().to_owned();
    let tokens = || {
        let database = Connection::open(folder.join("register.db")).unwrap();
        database.query_row("SELECT count(*) FROM people", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert!(tokens() > 0 && !holds(&bytes_under(&folder), &name), "it is sealed, and found through the index");
    assert_eq!(register.purge(Timestamp::MAX, Timestamp::now(), &mut |_, _| {}).unwrap().files, 6);
    assert_eq!((register.entries(&id).unwrap(), tokens()), (vec![], 0));
    drop(register);
    let verified = station(data.path(), &["register", "verify", "--json"]);
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stdout));
}
