//! The journal: gapless, chained, append-only, and every change in it is found at the right row.

use bam_station::{
    digest::Digest,
    register::{Head, JournalEntry, MAX_BODY_BYTES, Register, RegisterError},
};
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

const NOON: &str = "2026-01-31T12:00:00.123456Z";

fn noon() -> Timestamp {
    NOON.parse().unwrap()
}

fn entry(kind: &str, number: u64) -> JournalEntry {
    JournalEntry::new(kind, &json!({ "number": number, "name": "Åse Æsop" })).unwrap()
}

/// A register with ten events in two controls.
fn ten_events() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut register = Register::open(folder.path()).unwrap();
    for number in 0..5 {
        register.append("control-a", &[entry("document-checked", number)], noon()).unwrap();
        register.append("control-b", &[entry("terms-accepted", number)], noon()).unwrap();
    }
    folder
}

/// The database as somebody sees it who has the file and knows how to remove the triggers.
fn intruder(folder: &TempDir) -> Connection {
    let database = Connection::open(folder.path().join("register.db")).unwrap();
    database
        .execute_batch(
            "DROP TRIGGER journal_is_not_changed; DROP TRIGGER journal_is_not_shortened; DROP TRIGGER journal_has_no_gap;",
        )
        .unwrap();
    database.pragma_update(None, "foreign_keys", false).unwrap();
    database
}

fn first_bad(folder: &TempDir) -> Option<u64> {
    let register = Register::open_read_only(folder.path()).unwrap();
    register.verify_journal(&mut |_, _| {}).unwrap().first_bad.map(|bad| bad.seq)
}

#[test]
fn events_come_back_as_they_were_appended() {
    let folder = ten_events();
    let register = Register::open(folder.path()).unwrap();
    let events = register.entries("control-b").unwrap();
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [2, 4, 6, 8, 10]);
    assert_eq!(events[3].body, r#"{"name":"Åse Æsop","number":3}"#);
    assert_eq!(events[3].kind, "terms-accepted");
    assert_eq!(events[3].at, "2026-01-31T12:00:00.123Z".parse::<Timestamp>().unwrap());
    assert_eq!(register.streams().unwrap(), ["control-a", "control-b"]);
    assert!(register.entries("control-c").unwrap().is_empty());
}

#[test]
fn the_chain_holds_over_reopening_and_its_head_is_the_last_row() {
    let folder = ten_events();
    let mut register = Register::open(folder.path()).unwrap();
    let appended = register.append("control-a", &[entry("x", 1), entry("y", 2)], noon()).unwrap();
    assert_eq!(appended.iter().map(|place| place.seq).collect::<Vec<_>>(), [11, 12]);
    let mut progress = Vec::new();
    let report = register.verify_journal(&mut |done, total| progress.push((done, total))).unwrap();
    assert_eq!((report.entries, report.first_bad), (12, None));
    assert_eq!(report.head, register.head().unwrap());
    assert_eq!(report.head, Head { seq: 12, hash: appended[1].hash });
    assert_eq!(progress.last(), Some(&(12, 12)));
}

#[test]
fn an_empty_journal_has_an_empty_head() {
    let folder = tempfile::tempdir().unwrap();
    let register = Register::open(folder.path()).unwrap();
    assert_eq!(register.head().unwrap(), Head::EMPTY);
    assert!(register.contains(&Head::EMPTY).unwrap());
    assert_eq!(register.verify_journal(&mut |_, _| {}).unwrap().entries, 0);
}

fn hash_of(fields: &[&[u8]]) -> [u8; 32] {
    let message: Vec<u8> = fields.iter().flat_map(|field| [&(field.len() as u64).to_be_bytes()[..], field].concat()).collect();
    *Digest::of(&message).as_bytes()
}

/// The documented encoding, written out once more by hand: the hash that a row should have, and the one that it has.
fn hashes(database: &Connection, seq: u64, prev: &[u8; 32]) -> ([u8; 32], String) {
    let (stream, at, kind, body, salt, hash): (String, String, String, String, Vec<u8>, String) = database
        .query_row("SELECT stream, at, kind, body, salt, hash FROM journal WHERE seq = ?1", [seq as i64], |row| row.try_into())
        .unwrap();
    let commitment = hash_of(&[b"bam-station journal body 1", &salt, body.as_bytes()]);
    let fields: [&[u8]; 7] =
        [b"bam-station journal 1", &seq.to_be_bytes(), stream.as_bytes(), at.as_bytes(), kind.as_bytes(), &commitment, prev];
    (hash_of(&fields), hash)
}

#[test]
fn the_hash_is_the_documented_one() {
    let folder = ten_events();
    let database = Connection::open(folder.path().join("register.db")).unwrap();
    let mut prev = [0; 32];
    for seq in 1..=10 {
        let (computed, stored) = hashes(&database, seq, &prev);
        assert_eq!(stored, Digest::from_bytes(computed).to_string(), "row {seq}");
        prev = computed;
    }
}

/// The forger knows the encoding and gives the changed row the hash that belongs to it, and then the rows after it too.
#[test]
fn a_forger_who_knows_the_encoding_is_found_at_the_next_row_or_by_a_printed_head() {
    let folder = ten_events();
    let printed = Register::open_read_only(folder.path()).unwrap().head().unwrap();
    let database = intruder(&folder);
    let row = |seq: u64, column: &str| -> String {
        database.query_row(&format!("SELECT {column} FROM journal WHERE seq = ?1"), [seq as i64], |row| row.get(0)).unwrap()
    };
    let rewrite = |seq: u64| {
        let prev: Digest = row(seq - 1, "hash").parse().unwrap();
        let hash = Digest::from_bytes(hashes(&database, seq, prev.as_bytes()).0);
        let new = (prev.to_string(), hash.to_string(), seq as i64);
        database.execute("UPDATE journal SET prev = ?1, hash = ?2 WHERE seq = ?3", new).unwrap();
    };
    database.execute("UPDATE journal SET body = replace(body, 'Åse', 'Ine') WHERE seq = 6", []).unwrap();
    rewrite(6);
    assert_eq!(first_bad(&folder), Some(7));
    (7..=10).for_each(rewrite);
    assert_eq!(first_bad(&folder), None, "the chain alone cannot know");
    assert!(!Register::open_read_only(folder.path()).unwrap().contains(&printed).unwrap());
}

#[test]
fn every_change_of_a_row_is_found_at_that_row() {
    let changes = [
        "stream = 'control-b2'",
        "at = '2026-01-31T12:00:00.124Z'",
        "kind = 'document-rejected'",
        "body = replace(body, 'Åse', 'Ase')",
        "body = body || ' '",
        "salt = zeroblob(16)",
        "prev = hash",
        "hash = substr(hash, 2) || substr(hash, 1, 1)",
        "hash = upper(hash)",
        "at = 'at noon'",
        "control = 'control-b'",
    ];
    for change in changes {
        for seq in [1, 6, 10] {
            let folder = ten_events();
            assert_eq!(first_bad(&folder), None);
            intruder(&folder).execute(&format!("UPDATE journal SET {change} WHERE seq = ?1"), [seq]).unwrap();
            assert_eq!(first_bad(&folder), Some(u64::try_from(seq).unwrap()), "{change} in row {seq}");
        }
    }
}

#[test]
fn removed_and_exchanged_rows_are_found() {
    let folder = ten_events();
    intruder(&folder).execute("DELETE FROM journal WHERE seq = 4", []).unwrap();
    assert_eq!(first_bad(&folder), Some(5));

    let folder = ten_events();
    intruder(&folder)
        .execute_batch("DELETE FROM journal WHERE seq = 4; UPDATE journal SET seq = seq - 1 WHERE seq > 4;")
        .unwrap();
    assert_eq!(first_bad(&folder), Some(4));

    let folder = ten_events();
    intruder(&folder)
        .execute_batch("UPDATE journal SET seq = 100 WHERE seq = 4; UPDATE journal SET seq = 4 WHERE seq = 5; UPDATE journal SET seq = 5 WHERE seq = 100;")
        .unwrap();
    assert_eq!(first_bad(&folder), Some(4));
}

/// The whole table: each row changed, dropped, dropped with the gap closed, exchanged with the next, put in twice. The first bad row is
/// named; what only shortens the tail is found by a head that has left the machine.
#[test]
fn whatever_is_done_to_any_row_is_found_there() {
    let folder = ten_events();
    let printed = Register::open_read_only(folder.path()).unwrap().head().unwrap();
    let original = folder.path().join("register.db");
    // All that was written is in the database file once its last connection is closed.
    Connection::open(&original).unwrap().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let all = "stream, at, kind, body, salt, prev, substr(hash, 1, 63) || 'x', erased";
    for row in 1_u64..=10 {
        let shift = |from: u64, by: i64| {
            format!("UPDATE journal SET seq = -seq WHERE seq >= {from}; UPDATE journal SET seq = {by} - seq WHERE seq < 0;")
        };
        let cases = [
            ("changed", format!("UPDATE journal SET at = replace(at, '2026', '2027') WHERE seq = {row};"), Some(row)),
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
                    "{} INSERT INTO journal (seq, stream, at, kind, body, salt, prev, hash, erased)
                     SELECT {row} + 1, {all} FROM journal WHERE seq = {row};",
                    shift(row + 1, 1)
                ),
                Some(row + 1),
            ),
        ];
        for (what, statements, found) in cases {
            let copy = tempfile::tempdir().unwrap();
            std::fs::copy(&original, copy.path().join("register.db")).unwrap();
            intruder(&copy).execute_batch(&statements).unwrap();
            assert_eq!(first_bad(&copy), found, "row {row} {what}");
            if found.is_none() {
                assert!(!Register::open_read_only(copy.path()).unwrap().contains(&printed).unwrap(), "row {row} {what}");
            }
        }
    }
}

#[test]
fn a_tail_that_was_cut_off_contradicts_a_printed_head() {
    let folder = ten_events();
    let printed = Register::open_read_only(folder.path()).unwrap().head().unwrap();
    intruder(&folder).execute("DELETE FROM journal WHERE seq > 8", []).unwrap();
    let register = Register::open_read_only(folder.path()).unwrap();
    assert_eq!(first_bad(&folder), None);
    assert!(!register.contains(&printed).unwrap());
    assert!(register.contains(&register.head().unwrap()).unwrap());
}

#[test]
fn the_database_itself_refuses_to_change_the_journal() {
    let folder = ten_events();
    let database = Connection::open(folder.path().join("register.db")).unwrap();
    for statement in [
        "UPDATE journal SET kind = 'x' WHERE seq = 1",
        "DELETE FROM journal WHERE seq = 10",
        "UPDATE journal SET body = '', salt = zeroblob(16), erased = hash WHERE seq = 6",
        "INSERT OR REPLACE INTO journal SELECT * FROM journal WHERE seq = 3",
        "UPDATE journal SET control = 'control-b' WHERE seq = 1",
        "INSERT INTO journal SELECT 12, stream, at, kind, body, salt, prev, substr(hash, 2) || '0', erased, control FROM journal WHERE seq = 3",
    ] {
        assert!(database.execute(statement, []).is_err(), "{statement}");
    }
    assert_eq!(first_bad(&folder), None);
}

#[test]
fn names_and_sizes_are_limited() {
    let folder = tempfile::tempdir().unwrap();
    let mut register = Register::open(folder.path()).unwrap();
    for name in ["", "Kari Nordmann", "a/b", "å", &"x".repeat(65)] {
        assert!(matches!(JournalEntry::new(name, &()), Err(RegisterError::BadName)), "{name}");
        assert!(matches!(register.append(name, &[entry("x", 1)], noon()), Err(RegisterError::BadName)), "{name}");
    }
    assert!(JournalEntry::new("x", &"y".repeat(MAX_BODY_BYTES - 2)).is_ok());
    assert!(matches!(JournalEntry::new("x", &"y".repeat(MAX_BODY_BYTES - 1)), Err(RegisterError::TooLarge { .. })));
    assert_eq!(register.head().unwrap(), Head::EMPTY);
}
