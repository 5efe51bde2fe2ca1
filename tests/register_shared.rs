//! A register that desks share on a PostgreSQL server: one chain for all, each control at its own desk, and the same promises as in a
//! folder. What is done to the database behind the register's back is done with psql.

use std::{collections::BTreeSet, fs, ops::ControlFlow, os::unix::fs::PermissionsExt as _, thread};

use bam_station::{
    control::{Command, Event, opening::open},
    digest::Digest,
    register::{
        Address, ControlFilter, ExportTarget, FinishedControl, Head, JournalEntry, Notice, Recipient, Register, RegisterError,
        RegisterPlace, verify_export,
    },
    rules::{CertificateKind, Function, LocalText},
    seal::{KeyPlace, establish},
    station::journal,
};
use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;

use crate::{
    delivery_desk::CERTIFICATES,
    support as s,
    support_postgres::{TestDatabase, database},
};

fn at(year: i16) -> Timestamp {
    format!("{year}-03-01T10:00:00Z").parse().unwrap()
}

fn entry(kind: &str, number: u64) -> JournalEntry {
    JournalEntry::new(kind, &json!({ "number": number, "name": "Åse Æsop" })).unwrap()
}

/// A desk: its folder and its register.
fn desk(database: &TestDatabase) -> (TempDir, Register) {
    let folder = tempfile::tempdir().unwrap();
    let register = database.place(folder.path()).open().unwrap();
    (folder, register)
}

fn first_bad(register: &Register) -> Option<u64> {
    register.verify_journal(&mut |_, _| {}).unwrap().first_bad.map(|bad| bad.seq)
}

/// What of the register does not hold.
fn problems(register: &Register) -> Vec<String> {
    let journal = register.verify_journal(&mut |_, _| {}).unwrap();
    let controls = register.verify_controls(&|_, _| Ok(()), &mut |_, _| {}).unwrap();
    let bad = journal.first_bad.iter().map(|bad| format!("{}: {}", bad.seq, bad.what));
    bad.chain(controls.problems.into_iter().map(|problem| format!("{}: {}", problem.control, problem.what))).collect()
}

/// Ten events in two controls, and the head.
fn ten_events(database: &TestDatabase) -> Head {
    let (_folder, mut register) = desk(database);
    for number in 0..5 {
        register.append("control-a", &[entry("document-checked", number)], at(2026)).unwrap();
        register.append("control-b", &[entry("terms-accepted", number)], at(2026)).unwrap();
    }
    register.head().unwrap()
}

fn reader(database: &TestDatabase) -> Register {
    database.place(std::path::Path::new("/nonexistent")).open_read_only().unwrap()
}

/// Registers a control that ended in `year`; it names its own scan and terms that all share.
fn control(register: &mut Register, id: &str, year: i16, certificate: CertificateKind, receipt: bool) {
    let scan = register.evidence().put(format!("scan of {id}").as_bytes()).unwrap();
    let terms = register.evidence().put(b"the terms").unwrap();
    let body = json!({ "name": format!("Navn {id}"), "number": "13097248022", "scan": scan, "terms": terms });
    let told = Notice {
        recipient: Recipient::Holder,
        name: format!("Navn {id}"),
        user_name: None,
        text: LocalText::new("Hei", "Hello"),
    };
    register.append_with_notices(id, &[JournalEntry::new("scan-taken", &body).unwrap()], &[told], at(year)).unwrap();
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

#[test]
fn two_desks_append_two_hundred_each_to_one_whole_chain() {
    let database = database();
    let desks = [desk(&database), desk(&database)];
    let appended: Vec<Vec<u64>> = thread::scope(|scope| {
        let working: Vec<_> = desks
            .into_iter()
            .enumerate()
            .map(|(number, (folder, mut register))| {
                scope.spawn(move || {
                    let own = (0..200).map(|event| {
                        let stream = format!("control-{number}-{}", event / 10);
                        register.append(&stream, &[entry("document-checked", event)], at(2026)).unwrap()[0].seq
                    });
                    let own = own.collect();
                    drop((register, folder));
                    own
                })
            })
            .collect();
        working.into_iter().map(|desk| desk.join().unwrap()).collect()
    });
    let all: BTreeSet<u64> = appended.iter().flatten().copied().collect();
    assert_eq!(all, (1..=400).collect(), "no number twice, none left out");
    let report = reader(&database).verify_journal(&mut |_, _| {}).unwrap();
    assert_eq!((report.entries, report.first_bad), (400, None));
}

#[test]
fn a_control_that_is_under_way_belongs_to_its_desk_and_is_found_there_again() {
    let database = database();
    let (folder, mut first) = desk(&database);
    let (_folder, mut second) = desk(&database);
    let events = open(s::request(Function::NewCard, CertificateKind::Local));
    let id = s::opened(s::request(Function::NewCard, CertificateKind::Local)).id().to_string();
    let entries: Vec<_> = events.iter().map(|event| journal::entry(event).unwrap()).collect();
    first.append(&id, &entries, s::at(0)).unwrap();

    assert!(journal::unfinished(&second).unwrap().is_none(), "another desk's control is not taken up");
    assert_eq!(second.append(&id, &entries, s::at(1)).unwrap_err().code(), "REGISTER_OTHER_DESK");
    assert_eq!(second.entries(&id).unwrap().len(), entries.len(), "it can be looked at, and nothing was added");

    drop(first);
    let mut first = database.place(folder.path()).open().unwrap();
    assert_eq!(journal::unfinished(&first).unwrap().map(|control| control.id().to_string()), Some(id.clone()));
    let mut control = s::opened(s::request(Function::NewCard, CertificateKind::Local));
    let ended = s::act(&mut control, Command::Abort { reason: "Fire alarm".into() });
    for event in ended.iter().chain(&[Event::HandedBack]) {
        first.append(&id, &[journal::entry(event).unwrap()], s::at(2)).unwrap();
    }
    assert!(journal::unfinished(&first).unwrap().is_none());
}

#[test]
fn one_station_runs_in_a_desks_folder() {
    let database = database();
    let (folder, register) = desk(&database);
    let companion = register.companion().unwrap();
    let again = || database.place(folder.path()).open().map(|_| ()).map_err(|error| error.code());
    assert_eq!(again(), Err("REGISTER_IN_USE"));
    drop((register, companion));
    assert_eq!(again(), Ok(()));
}

#[test]
fn a_scan_of_another_desk_is_found_here() {
    let database = database();
    let (_folder, mut first) = desk(&database);
    let (_other, second) = desk(&database);
    control(&mut first, "earlier", 2025, CertificateKind::Qualified, false);
    let found = second
        .find_newest("scan-taken", |entry| {
            let body: serde_json::Value = serde_json::from_str(&entry.body).unwrap();
            let scan: Digest = body["scan"].as_str().unwrap().parse().unwrap();
            if body["number"] == "13097248022" { ControlFlow::Break(scan) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(second.evidence().get(&found.unwrap(), 100).unwrap(), b"scan of earlier");
}

#[test]
fn whatever_is_done_to_a_row_is_found_there() {
    let database = database();
    let printed = ten_events(&database);
    let all = "stream, at, kind, body, salt, prev, substr(hash, 1, 63) || 'x', erased, control, commitment";
    for row in [1_u64, 6, 10] {
        let shift = |from: u64, by: i64| {
            format!("UPDATE journal SET seq = -seq WHERE seq >= {from}; UPDATE journal SET seq = {by} - seq WHERE seq < 0;")
        };
        let cases = [
            ("changed", format!("UPDATE journal SET body = replace(body, 'Åse', 'Ine') WHERE seq = {row};"), Some(row)),
            ("with another salt", format!("UPDATE journal SET salt = decode(md5('x'), 'hex') WHERE seq = {row};"), Some(row)),
            ("dropped", format!("DELETE FROM journal WHERE seq = {row};"), (row < 10).then_some(row + 1)),
            (
                "dropped and closed",
                format!("DELETE FROM journal WHERE seq = {row}; {}", shift(row + 1, -1)),
                (row < 10).then_some(row),
            ),
            (
                "exchanged",
                format!(
                    "UPDATE journal SET seq = 100 WHERE seq = {row}; UPDATE journal SET seq = {row} WHERE seq = {row} + 1;
                     UPDATE journal SET seq = {row} + 1 WHERE seq = 100;"
                ),
                Some(if row < 10 { row } else { 11 }),
            ),
            (
                "put in twice",
                format!(
                    "{} INSERT INTO journal (seq, stream, at, kind, body, salt, prev, hash, erased, control, commitment)
                     SELECT {row} + 1, {all} FROM journal WHERE seq = {row};",
                    shift(row + 1, 1)
                ),
                Some(row + 1),
            ),
            ("cut off with what follows", format!("DELETE FROM journal WHERE seq >= {row};"), None),
        ];
        for (what, statements, found) in cases {
            let copy = database.copy();
            copy.intrude(&statements);
            let register = reader(&copy);
            assert_eq!(first_bad(&register), found, "row {row} {what}");
            if found.is_none() {
                assert!(!register.contains(&printed).unwrap(), "row {row} {what}");
            }
        }
    }
    assert_eq!(first_bad(&reader(&database)), None);
}

#[test]
fn the_database_itself_refuses_to_change_what_is_kept() {
    let database = database();
    ten_events(&database);
    let (_folder, mut register) = desk(&database);
    control(&mut register, "young", 2025, CertificateKind::Local, false);
    for statement in [
        "UPDATE journal SET kind = 'x' WHERE seq = 1",
        "UPDATE journal SET control = 'x' WHERE seq = 1",
        "UPDATE journal SET body = '', salt = decode(repeat('00', 16), 'hex'), erased = hash WHERE seq = 6",
        "DELETE FROM journal WHERE seq = 10",
        "TRUNCATE journal CASCADE",
        "INSERT INTO journal SELECT 99, stream, at, kind, body, salt, prev, substr(hash, 2) || '0' FROM journal WHERE seq = 3",
        "UPDATE controls SET outcome = 'refused'",
        "DELETE FROM controls",
        "UPDATE streams SET desk = 'x'",
    ] {
        let refused = database.psql(statement).unwrap_err();
        assert!(refused.contains("append-only") || refused.contains("kept as it is") || refused.contains("no gaps"), "{refused}");
    }
    assert_eq!(problems(&register), Vec::<String>::new());
}

#[test]
fn controls_are_delivered_exported_raised_and_purged_as_in_a_folder() {
    let database = database();
    let (folder, mut register) = desk(&database);
    control(&mut register, "old-local", 2010, CertificateKind::Local, false);
    control(&mut register, "old-delivered", 2011, CertificateKind::Qualified, true);
    control(&mut register, "old-waiting", 2012, CertificateKind::Qualified, false);
    control(&mut register, "young", 2025, CertificateKind::Local, false);
    assert_eq!(problems(&register), Vec::<String>::new());
    let head = register.head().unwrap();

    let due: Vec<String> = register.due(at(2026)).unwrap().into_iter().map(|due| due.control).collect();
    assert_eq!((due, register.next_due().unwrap()), (vec!["old-waiting".to_owned()], Some(at(2012))));
    register.record_failure("old-waiting", "ARCHIVE_DOWN", at(2013)).unwrap();
    assert_eq!(register.delivery("old-waiting").unwrap().unwrap().attempts, 1);
    assert_eq!(register.live_authorisations().unwrap().len(), 4);
    assert_eq!(register.notices("young").unwrap()[0].notice.name, "Navn young");

    register.keep_raised("young", b"report of young, stamped", "B-T", at(2025)).unwrap();
    let to_be_raised = |level| register.raisable_reports(level, 0, 10).unwrap().len();
    assert_eq!((to_be_raised("B-T"), to_be_raised("B-LTA")), (3, 4));

    let young = ControlFilter { from: Some(at(2020)), outcome: Some("approved".into()), ..ControlFilter::default() };
    assert_eq!(register.controls_where(&young).unwrap().len(), 1);
    let export = folder.path().join("export");
    let reading = reader(&database);
    reading.export(&ControlFilter::default(), &ExportTarget::Folder(export.clone()), at(2026), &mut |_, _| {}).unwrap();
    let checked = verify_export(&export, &[reading.head().unwrap()], &mut |_, _| {}).unwrap();
    assert_eq!((checked.problems, checked.missing_heads, checked.controls), (vec![], vec![], 4));

    let purged = register.purge(at(2016), at(2026), &mut |_, _| {}).unwrap();
    assert_eq!((purged.controls, purged.files), (2, 4));
    assert_eq!(problems(&register), Vec::<String>::new());
    assert!(register.contains(&head).unwrap());
    let dump = database.dump();
    for (erased, kept) in [("Navn old-local", "Navn young"), ("Navn old-delivered", "Navn old-waiting")] {
        assert!(!dump.contains(erased) && dump.contains(kept), "{erased}");
    }
    let scan = |id: &str| register.evidence().get(&Digest::of(format!("scan of {id}").as_bytes()), 100);
    assert!(matches!(scan("old-local"), Err(RegisterError::EvidenceMissing(_))));
    assert_eq!(scan("young").unwrap(), b"scan of young");
}

#[test]
fn another_desk_delivers_only_what_was_left_lying() {
    let database = database();
    let (_folder, mut first) = desk(&database);
    let (_other, second) = desk(&database);
    control(&mut first, "waiting", 2025, CertificateKind::Qualified, false);
    let soon = at(2025) + jiff::SignedDuration::from_mins(10);
    let later = at(2025) + jiff::SignedDuration::from_hours(2);
    assert_eq!((first.due(soon).unwrap().len(), second.due(soon).unwrap().len()), (1, 0));
    assert_eq!(second.due(later).unwrap().len(), 1);
    assert!(second.live_authorisations().unwrap().is_empty(), "each desk announces with its own key");
}

#[test]
fn evidence_is_limited_checked_and_healed_as_in_a_folder() {
    let database = database();
    let (_folder, register) = desk(&database);
    let evidence = register.evidence();
    let digest = evidence.put(b"a scan").unwrap();
    assert_eq!(evidence.put(b"a scan").unwrap(), digest);
    assert!(matches!(evidence.get(&digest, 5), Err(RegisterError::TooLarge { limit: 5 })));
    assert!(matches!(evidence.get(&Digest::of(b"x"), 5), Err(RegisterError::EvidenceMissing(_))));
    database.psql("UPDATE evidence SET bytes = 'a scam'").unwrap();
    assert!(matches!(evidence.get(&digest, 100), Err(RegisterError::EvidenceDamaged(_))));
    evidence.put(b"a scan").unwrap();
    assert_eq!(evidence.get(&digest, 100).unwrap(), b"a scan");
    assert!(evidence.file(&digest).is_none());
}

#[test]
fn a_reader_needs_no_right_but_to_read_and_has_no_other() {
    let database = database();
    ten_events(&database);
    let role = format!("reader_{}", database.name);
    database.psql(&format!("CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let place = |server, reader| RegisterPlace::Shared { folder: folder.path().join("register"), server, reader };
    let reading = place(database.server("owner"), database.server(&role));
    let mut register = reading.open_read_only().unwrap();
    assert_eq!((first_bad(&register), register.entries("control-a").unwrap().len()), (None, 5));
    assert!(!folder.path().join("register").exists(), "a reader makes nothing");
    assert_eq!(register.append("control-c", &[entry("x", 1)], at(2026)).unwrap_err().code(), "REGISTER_READ_ONLY");

    // Also where the program would let it write, the server does not.
    let mut writing = place(database.server(&role), database.server(&role)).open().unwrap();
    assert_eq!(writing.append("control-c", &[entry("x", 1)], at(2026)).unwrap_err().code(), "REGISTER_ROLE_FORBIDDEN");
    assert_eq!(writing.evidence().put(b"a scan").unwrap_err().code(), "REGISTER_ROLE_FORBIDDEN");
    assert_eq!(register.head().unwrap().seq, 10);
}

#[test]
fn over_a_network_the_server_is_known_and_the_password_stays_in_its_file() {
    let database = database();
    let (role, password) = (format!("station_{}", database.name), "correct horse battery staple");
    database
        .psql(&format!("CREATE ROLE {role} LOGIN PASSWORD '{password}'; ALTER DATABASE {} OWNER TO {role}", database.name))
        .unwrap();
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8], mode: u32| {
        let path = files.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    let ca = file("ca.pem", &CERTIFICATES.authority, 0o644);
    let strangers = file("strangers.pem", &CERTIFICATES.stranger_authority, 0o644);
    let right = file("right", format!("{password}\n").as_bytes(), 0o600);
    let wrong = file("wrong", b"correct horse battery stable\n", 0o600);
    let open_to_all = file("open", password.as_bytes(), 0o644);
    let open = |role: &str, ca, password| {
        let server = database.remote(role, ca, password);
        assert!(!format!("{server:?}").contains("horse"));
        let folder = tempfile::tempdir().unwrap();
        let place = RegisterPlace::Shared { folder: folder.path().join("register"), server: server.clone(), reader: server };
        let outcome = place.open().map(|mut register| register.append("control-a", &[entry("x", 1)], at(2026)).unwrap()[0].seq);
        outcome.map_err(|error| {
            assert!(!format!("{error} {error:?}").contains("horse"), "{error:?}");
            error.code()
        })
    };
    assert_eq!(open(&role, &ca, &right), Ok(1));
    assert_eq!(open(&role, &strangers, &right), Err("REGISTER_SERVER_NOT_TRUSTED"));
    assert_eq!(open(&role, &ca, &wrong), Err("REGISTER_SERVER_REFUSED"));
    assert_eq!(open("nobody", &ca, &right), Err("REGISTER_SERVER_REFUSED"));
    assert_eq!(open(&role, &ca, &open_to_all), Err("REGISTER_SHARED_SETTINGS"));
    let missing = files.path().join("none");
    assert_eq!(open(&role, &ca, &missing), Err("REGISTER_SHARED_SETTINGS"));
    assert_eq!(open(&role, &right, &right), Err("REGISTER_SHARED_SETTINGS"), "a password is no CA");

    for address in [
        "postgresql://station:secret@db/register",
        "postgresql://db/register",
        "postgresql://station@db",
        "postgresql://station@one,two/register",
        "https://db/register",
        "postgresql://station@db/register?options=-c%20fsync%3Doff",
    ] {
        assert!(Address::parse(address).is_err(), "{address}");
    }
}

#[test]
fn databases_of_others_and_of_newer_programs_are_left_alone() {
    let other = database();
    other.psql("CREATE TABLE journal (id INTEGER)").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let code = |database: &TestDatabase| database.place(folder.path()).open().err().map(|error| error.code());
    let read = |database: &TestDatabase| database.place(folder.path()).open_read_only().err().map(|error| error.code());
    assert_eq!((code(&other), read(&other)), (Some("REGISTER_FOREIGN"), Some("REGISTER_MISSING")));
    assert_eq!(other.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").unwrap(), "1");

    let newer = database();
    assert_eq!(read(&newer), Some("REGISTER_MISSING"));
    assert_eq!(code(&newer), None);
    newer.psql("UPDATE schema_version SET version = 99").unwrap();
    assert_eq!((code(&newer), read(&newer)), (Some("REGISTER_OTHER_VERSION"), Some("REGISTER_OTHER_VERSION")));
}

#[test]
fn a_sealed_register_is_shared_by_desks_with_one_key_and_the_server_learns_nothing() {
    let database = database();
    let keys = tempfile::tempdir().unwrap();
    let key = KeyPlace::File(keys.path().join("desks.txt"));
    let desk = |key: &KeyPlace| {
        let folder = tempfile::tempdir().unwrap();
        establish(&folder.path().join("register"), key, &[], at(2025)).unwrap();
        let register = database.place(folder.path()).open();
        (folder, register)
    };
    let (_folder, first) = desk(&key);
    let mut first = first.unwrap();
    control(&mut first, "earlier", 2025, CertificateKind::Local, false);
    let (_other, second) = desk(&key);
    let second = second.unwrap();
    assert!(second.entries("earlier").unwrap()[0].body.contains("Navn earlier"));
    assert_eq!(second.evidence().get(&Digest::of(b"scan of earlier"), 100).unwrap(), b"scan of earlier");
    assert_eq!(problems(&second), Vec::<String>::new());
    let dump = database.dump();
    assert!(dump.contains("earlier") && dump.contains("BEGIN AGE ENCRYPTED FILE"));
    for secret in ["Navn", "13097248022", "scan of"] {
        assert!(!dump.contains(secret), "{secret}");
    }
    let hex: String = b"scan of earlier".iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!dump.contains(&hex), "bytes are written as digits");
}

/// A register of the first version of the tables, as pg_dump wrote it, is brought up to date with everything in it.
#[test]
fn a_shared_register_of_an_earlier_version_is_brought_up_to_date() {
    let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept/shared-register-1.sql");
    if std::env::var_os("BAM_STATION_KEEP_SHARED_REGISTER").is_some() {
        let database = database();
        let (_folder, mut register) = desk(&database);
        control(&mut register, "old-local", 2010, CertificateKind::Local, false);
        control(&mut register, "old-delivered", 2011, CertificateKind::Qualified, true);
        control(&mut register, "young", 2025, CertificateKind::Local, false);
        register.keep_raised("young", b"report of young, stamped", "B-T", at(2025)).unwrap();
        drop(register);
        fs::write(&kept, database.dump()).unwrap();
    }
    let database = database();
    // What is for the program psql alone does not reach the server.
    let dump = fs::read_to_string(kept).unwrap();
    let statements: String = dump.lines().filter(|line| !line.starts_with('\\')).map(|line| format!("{line}\n")).collect();
    database.psql(&statements).unwrap();
    assert_eq!(database.psql("SELECT version FROM public.schema_version").unwrap(), "1");
    let (_folder, mut register) = desk(&database);
    assert_eq!(problems(&register), Vec::<String>::new());
    assert_eq!(register.controls().unwrap().len(), 3);
    assert_eq!(register.raised_reports("young").unwrap().len(), 1);
    assert_eq!(register.delivery("old-delivered").unwrap().unwrap().receipt.as_deref(), Some("a receipt"));
    control(&mut register, "new", 2026, CertificateKind::Qualified, true);
    assert_eq!(register.purge(at(2016), at(2026), &mut |_, _| {}).unwrap().controls, 2);
    assert_eq!(problems(&register), Vec::<String>::new());
    // It has the newest guards.
    for statement in ["UPDATE outbox SET receipt = 'another' WHERE control = 'new'", "TRUNCATE streams", "TRUNCATE raised"] {
        let refused = database.psql(statement).unwrap_err();
        assert!(refused.contains("kept as it is"), "{refused}");
    }
}
