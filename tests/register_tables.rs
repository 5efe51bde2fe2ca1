//! Beside the journal there are tables by which things are found. Each of their rows changed, exchanged, dropped or put in twice is found
//! by `register verify`, and the control is named: in a folder (SQLite) and on a server (PostgreSQL).

use bam_station::{
    control::{Command, opening::open, vouching::ThirdParty},
    register::{AuthorisationState, FinishedControl, JournalEntry, Notice, PersonKey, Recipient, Register},
    rules::{CardState, CertificateKind, Function, LocalText, Method},
    station::{journal, verify_people},
};
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::json;

use crate::{
    sealed_register::Desk,
    support as s,
    support_postgres::{TestDatabase, database},
};

fn at(year: i16) -> Timestamp {
    format!("{year}-03-01T10:00:00Z").parse().unwrap()
}

/// Whose control this is, in these tests.
fn keys_of(control: &FinishedControl) -> Vec<PersonKey> {
    if control.outcome == "approved" {
        vec![PersonKey::new("user-name", format!("user of {}", control.control))]
    } else {
        Vec::new()
    }
}

/// The same after the purge.
fn kept_keys_of(control: &FinishedControl) -> Vec<PersonKey> {
    if control.control == "purged" { Vec::new() } else { keys_of(control) }
}

/// Registers: a delivered qualified control with two raised reports, a waiting one, a local one whose authorisation is used, one that was
/// declined, and one that was purged.
fn fill(register: &mut Register) {
    let mut control = |id: &str, year: i16, certificate, outcome: &str| {
        let report = (outcome == "approved").then(|| register.evidence().put(format!("report of {id}").as_bytes()).unwrap());
        let finished = FinishedControl {
            control: id.into(),
            report,
            function: Function::NewCard,
            certificate,
            outcome: outcome.into(),
            completed_at: at(year),
        };
        let deliver = certificate == CertificateKind::Qualified && report.is_some();
        let event = JournalEntry::new("ended", &json!({ "of": id })).unwrap();
        register.register_control(&finished, &[event], deliver, at(year)).unwrap();
        register.index_people(&[(id.into(), keys_of(&finished))]).unwrap();
    };
    control("purged", 2001, CertificateKind::Local, "approved");
    control("delivered", 2020, CertificateKind::Qualified, "approved");
    control("waiting", 2021, CertificateKind::Qualified, "approved");
    control("used", 2022, CertificateKind::Local, "approved");
    control("declined", 2023, CertificateKind::Local, "declined");
    register.record_receipt("delivered", "the receipt", at(2020)).unwrap();
    register.keep_raised("delivered", b"report of delivered, stamped", "B-T", at(2020)).unwrap();
    register.keep_raised("delivered", b"report of delivered, stamped twice", "B-LTA", at(2020)).unwrap();
    register.keep_announcement("used", "the announcement", at(2023)).unwrap();
    for state in [AuthorisationState::Open, AuthorisationState::Used] {
        register.change_authorisation("used", state, at(2022)).unwrap();
    }
    register.purge(at(2002), at(2024), &mut |_, _| {}).unwrap();
}

/// What `register verify` finds: the index of people is compared where the rows that it leads to hold.
fn problems(register: &Register) -> Vec<String> {
    let journal = register.verify_journal(&mut |_, _| {}).unwrap();
    let bad = journal.first_bad.map(|bad| format!("{}: {}", bad.seq, bad.what));
    let mut found = register.verify_controls(&|_, _| Ok(()), &mut |_, _| {}).unwrap().problems;
    if found.is_empty() {
        found = register.verify_people(&|control| Ok(kept_keys_of(control)), &mut |_, _| {}).unwrap();
    }
    bad.into_iter().chain(found.into_iter().map(|problem| format!("{}: {}", problem.control, problem.what))).collect()
}

/// What is done behind the register's back, in the SQL of both databases, and what is said about whom.
fn changes() -> Vec<(String, &'static str, &'static str)> {
    let place = |control: &str| format!("(SELECT registered FROM controls WHERE control = '{control}')");
    let swap = |table: &str, column: &str, one: &str, other: &str| {
        format!(
            "UPDATE {table} SET {column} = 'aside' WHERE {column} = '{one}'; UPDATE {table} SET {column} = '{one}' WHERE {column} = '{other}';
             UPDATE {table} SET {column} = '{other}' WHERE {column} = 'aside';"
        )
    };
    let mut changes = vec![
        // controls
        ("UPDATE controls SET function = 'renewal' WHERE control = 'used';".to_owned(), "used", "its row is not what the journal says"),
        ("UPDATE controls SET function = 'nonsense' WHERE control = 'used';".into(), "used", "its row is not what the journal says"),
        ("UPDATE controls SET certificate = 'local' WHERE control = 'waiting';".into(), "waiting", "its row is not what the journal says"),
        ("UPDATE controls SET registered = 1 WHERE control = 'used';".into(), "used", "its row is not what the journal says"),
        (swap("controls", "control", "used", "declined"), "used", "its row is not what the journal says"),
        ("DELETE FROM controls WHERE control = 'declined';".into(), "declined", "its row was removed"),
        (
            "INSERT INTO controls SELECT 'twice', report, function, certificate, outcome, completed_at, 1 FROM controls WHERE control = 'used';"
                .into(),
            "twice",
            "the journal knows nothing of it",
        ),
        // outbox
        ("UPDATE outbox SET receipt = 'another' WHERE control = 'delivered';".into(), "delivered", "its receipt is not what the journal says"),
        (
            "UPDATE outbox SET delivered_at = '2019-01-01T00:00:00.000Z' WHERE control = 'delivered';".into(),
            "delivered",
            "its receipt is not what the journal says",
        ),
        ("UPDATE outbox SET next_attempt_at = 'never' WHERE control = 'waiting';".into(), "waiting", "its place in the outbox is not what was written"),
        (swap("outbox", "control", "delivered", "waiting"), "delivered", "its receipt is not there any more"),
        ("DELETE FROM outbox WHERE control = 'delivered';".into(), "delivered", "its place in the outbox was removed"),
        ("DELETE FROM outbox WHERE control = 'waiting';".into(), "waiting", "its place in the outbox was removed before it was delivered"),
        (
            "INSERT INTO outbox (control, next_attempt_at) VALUES ('declined', '2020-01-01T00:00:00.000Z');".into(),
            "declined",
            "it lies in the outbox, and has no report to deliver",
        ),
        (
            "INSERT INTO outbox (control, next_attempt_at) VALUES ('nobody', '2020-01-01T00:00:00.000Z');".into(),
            "nobody",
            "it lies in the outbox, and has no report to deliver",
        ),
        // authorisations
        ("UPDATE authorisations SET state = 'used' WHERE control = 'waiting';".into(), "waiting", "its authorisation is not what the journal says"),
        ("UPDATE authorisations SET document = 'another' WHERE control = 'used';".into(), "used", "its authorisation is not what the journal says"),
        (
            "UPDATE authorisations SET valid_until = '2099-01-01T00:00:00.000Z' WHERE control = 'used';".into(),
            "used",
            "its authorisation is not what the journal says",
        ),
        (
            "UPDATE authorisations SET changed_at = '2019-01-01T00:00:00.000Z' WHERE control = 'used';".into(),
            "used",
            "its authorisation is not what the journal says",
        ),
        ("UPDATE authorisations SET changed_at = 'never' WHERE control = 'used';".into(), "used", "its authorisation is not what was written"),
        (swap("authorisations", "control", "used", "waiting"), "waiting", "its authorisation is not what the journal says"),
        ("DELETE FROM authorisations WHERE control = 'waiting';".into(), "waiting", "its authorisation was removed"),
        (
            "INSERT INTO authorisations (control, changed_at, next_attempt_at)
             VALUES ('declined', '2020-01-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z');"
                .into(),
            "declined",
            "it has an authorisation, and the journal knows of no approval",
        ),
        // raised
        ("UPDATE raised SET level = 'B-LT' WHERE level = 'B-T';".into(), "delivered", "the row of its raised report is not what the journal says"),
        ("UPDATE raised SET control = 'waiting' WHERE level = 'B-T';".into(), "delivered", "the row of its raised report is not what the journal says"),
        (swap("raised", "level", "B-T", "B-LTA"), "delivered", "the row of its raised report is not what the journal says"),
        ("DELETE FROM raised WHERE level = 'B-LTA';".into(), "delivered", "the row of its raised report was removed"),
        (
            "INSERT INTO raised SELECT 1, control, report, level FROM raised WHERE level = 'B-T';".into(),
            "delivered",
            "the row of its raised report is not what the journal says",
        ),
        // purged
        ("INSERT INTO purged VALUES ('used', 1);".into(), "used", "its tombstone is not where the journal has it"),
        ("UPDATE purged SET tombstone = 1;".into(), "purged", "its tombstone is not where the journal has it"),
        ("DELETE FROM purged;".into(), "purged", "the row of its tombstone was removed"),
        // people
        (format!("DELETE FROM people WHERE registered = {};", place("waiting")), "waiting", "the index of people does not find it under its person"),
        (
            format!("UPDATE people SET registered = {} WHERE registered = {};", place("used"), place("waiting")),
            "used",
            "the index of people finds it under somebody else",
        ),
        (
            format!("INSERT INTO people SELECT token, {} FROM people WHERE registered = {};", place("used"), place("waiting")),
            "used",
            "the index of people finds it under somebody else",
        ),
        (
            format!("INSERT INTO people SELECT token, {} FROM people WHERE registered = {};", place("purged"), place("waiting")),
            "purged",
            "the index of people finds it under somebody else",
        ),
        ("INSERT INTO people SELECT token, 999 FROM people;".into(), "", "the index of people leads to controls that are not there"),
        // settings
        ("UPDATE settings SET value = '999' WHERE name = 'indexed-to';".into(), "", "the index of people says that it has controls which are not registered yet"),
        ("DELETE FROM settings WHERE name = 'index-key';".into(), "", "the key of the index of people was removed"),
        (
            format!("UPDATE settings SET value = '{}' WHERE name = 'index-key';", "5a".repeat(32)),
            "waiting",
            "the index of people does not find it under its person",
        ),
    ];
    changes.push(("DELETE FROM people;".into(), "used", "the index of people does not find it under its person"));
    changes
}

#[test]
fn whatever_is_done_to_a_row_of_any_table_in_a_folder_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut register = Register::open(folder.path()).unwrap();
    fill(&mut register);
    assert_eq!(problems(&register), Vec::<String>::new());
    drop(register);
    let original = folder.path().join("register.db");
    Connection::open(&original).unwrap().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    for (change, control, what) in changes() {
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(&original, copy.path().join("register.db")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("evidence"), copy.path().join("evidence")).unwrap();
        let database = Connection::open(copy.path().join("register.db")).unwrap();
        let guards: Vec<String> = database
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for guard in guards {
            database.execute_batch(&format!("DROP TRIGGER {guard}")).unwrap();
        }
        database.pragma_update(None, "foreign_keys", false).unwrap();
        database.execute_batch(&change).unwrap_or_else(|error| panic!("{change}: {error}"));
        drop(database);
        let found = problems(&Register::open_read_only(copy.path()).unwrap());
        assert!(found.contains(&format!("{control}: {what}")), "{change}: {found:#?}");
    }
}

#[test]
fn whatever_is_done_to_a_row_of_any_table_on_a_server_is_found() {
    let database = database();
    let folder = tempfile::tempdir().unwrap();
    fill(&mut database.place(folder.path()).open().unwrap());
    let reader = |database: &TestDatabase| database.place(folder.path()).open_read_only().unwrap();
    assert_eq!(problems(&reader(&database)), Vec::<String>::new());
    let streams = [
        (
            "UPDATE streams SET first = 999 WHERE stream = 'waiting';".to_owned(),
            "waiting",
            "the row of its desk is not what the journal says",
        ),
        ("DELETE FROM streams WHERE stream = 'waiting';".into(), "waiting", "the row of its desk is not what the journal says"),
        (
            "INSERT INTO streams VALUES ('nobody', 'desk', 1);".into(),
            "nobody",
            "the row of its desk is not what the journal says",
        ),
    ];
    for (change, control, what) in changes().into_iter().chain(streams) {
        let copy = database.copy();
        copy.intrude(&change);
        let found = problems(&reader(&copy));
        assert!(found.contains(&format!("{control}: {what}")), "{change}: {found:#?}");
    }
}

#[test]
fn an_index_that_somebody_has_changed_is_made_anew() {
    let desk = Desk::new();
    let control = desk.control();
    let verified = || desk.json(&["register", "verify"]);
    assert_eq!(verified().0, Some(0), "{:#}", verified().1);
    let database = Connection::open(desk.register().join("register.db")).unwrap();
    assert!(database.execute("DELETE FROM people", []).unwrap() > 0);
    drop(database);
    let (code, answer) = verified();
    assert_eq!((code, &answer["people"]["problems"][0]["control"]), (Some(1), &control.into()), "{answer:#}");
    let (code, _, said) = desk.run(&["register", "reindex"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(verified().0, Some(0), "{:#}", verified().1);
}

#[test]
fn notices_that_were_dropped_doubled_or_given_to_others_are_found() {
    let asked = || {
        let mut asked = s::request(Function::ReplacementCard, CertificateKind::Local);
        (asked.rules, asked.card) = (s::rules_with(s::flags(true, true)), Some(CardState::Valid));
        asked
    };
    let mut events = open(asked());
    let mut control = s::opened(asked());
    events.extend(s::act(&mut control, Command::ChooseMethod(Method::ThirdParty)));
    let third_party = ThirdParty {
        card: s::card("Per Hansen", CertificateKind::Local, CardState::Valid),
        says_name: control.opening().person.full_name(),
        statement: "Her team leader since 2019".into(),
        superior: true,
    };
    let (voucher, id) = (third_party.card.user_name.clone(), control.id().to_string());
    events.extend(s::act(&mut control, Command::Vouch(Box::new(third_party))));
    let person = control.opening().person.clone();
    let notice = |recipient, name: &str, user_name| {
        let text = LocalText::new(format!("{id}: {}", person.full_name()), format!("{id}: {}", person.full_name()));
        Notice { recipient, name: name.into(), user_name, text }
    };
    let notices = [
        notice(Recipient::Holder, &person.full_name(), person.user_name.clone()),
        notice(Recipient::Voucher, "Per Hansen", voucher),
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut register = Register::open(folder.path()).unwrap();
    let entries: Vec<_> = events.iter().map(|event| journal::entry(event).unwrap()).collect();
    register.append_with_notices(&id, &entries, &notices, s::at(0)).unwrap();
    drop(register);
    let verify = |folder: &std::path::Path| {
        let register = Register::open_read_only(folder).unwrap();
        verify_people(&register, &mut |_, _| {}).unwrap()
    };
    assert_eq!(verify(folder.path()), []);
    let original = folder.path().join("register.db");
    Connection::open(&original).unwrap().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    for change in [
        "DELETE FROM notices WHERE recipient = 'holder'",
        "DELETE FROM notices",
        "UPDATE notices SET name = 'Ole Dole'",
        "UPDATE notices SET user_name = 'oledole' WHERE recipient = 'holder'",
        "UPDATE notices SET text_nb = 'Alt er i orden.' WHERE recipient = 'holder'",
        "UPDATE notices SET recipient = 'voucher'",
        "UPDATE notices SET control = 'another'",
        "UPDATE notices SET id = 13 - id",
        "INSERT INTO notices SELECT 9, control, recipient, name, user_name, text_nb, text_en, state, queued_at FROM notices WHERE id = 1",
    ] {
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(&original, copy.path().join("register.db")).unwrap();
        Connection::open(copy.path().join("register.db")).unwrap().execute_batch(change).unwrap();
        assert!(!verify(copy.path()).is_empty(), "{change}");
    }
}
