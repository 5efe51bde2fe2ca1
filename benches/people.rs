//! The figures of the seal: an earlier control of a person found among a million, and what sealing one control costs.
//!
//! Run with `cargo bench --bench people`. Nothing fails here.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use bam_station::{
    register::{FinishedControl, JournalEntry, PersonKey, Register},
    rules::{CertificateKind, Function},
    seal::{KeyPlace, Keys, Seal, establish},
};
use jiff::Timestamp;
use rusqlite::{Connection, params};

const CONTROLS: i64 = 1_000_000;

fn main() {
    // `cargo test --benches` only wants to know that this builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("register");
    let auditors: Vec<_> = (0..2).map(|_| Keys::generate().current().unwrap()).collect();
    establish(&folder, &KeyPlace::Own, &auditors, Timestamp::now()).unwrap();
    let mut register = Register::open(&folder).unwrap();
    one_control(&mut register, "first", "11111111111");
    drop(register);
    fill(&folder);
    let mut register = Register::open(&folder).unwrap();
    one_control(&mut register, "last", "22222222222");

    for number in ["11111111111", "22222222222", "33333333333"] {
        let key = [PersonKey::new("identity-number", number.to_owned()), PersonKey::new("user-name", "zwyquark".to_owned())];
        let found = register.controls_of_person(&key).unwrap().len();
        let what = format!("look-up among {CONTROLS} controls, {found} found");
        figure(&what, 200, || drop(register.controls_of_person(&key).unwrap()));
    }

    let seal = Seal::of(&folder, &Keys::default()).unwrap();
    let entry = vec![b'x'; 1500];
    let sealed = seal.seal(&entry).unwrap().unwrap();
    figure("a journal entry sealed to the station and two auditors", 200, || drop(seal.seal(&entry).unwrap()));
    figure("a journal entry opened", 200, || drop(seal.open(&sealed, 1 << 20).unwrap()));
    let scan = vec![0x5a; 3_000_000];
    figure("a scan of 3 MB sealed", 20, || drop(seal.seal(&scan).unwrap()));
    figure("the seal of one control: 20 entries, evidence of 6 MB", 10, || {
        (0..20).for_each(|_| drop(seal.seal_text("journal 1", std::str::from_utf8(&entry).unwrap()).unwrap()));
        (0..2).for_each(|_| drop(seal.seal(&scan).unwrap()));
    });
}

fn one_control(register: &mut Register, id: &str, number: &str) {
    let finished = FinishedControl {
        control: id.into(),
        report: None,
        function: Function::NewCard,
        certificate: CertificateKind::Local,
        outcome: "approved".into(),
        completed_at: Timestamp::now(),
    };
    let opened = JournalEntry::new("opened", &number).unwrap();
    register.register_control(&finished, &[opened], false, Timestamp::now()).unwrap();
    register.index_people(&[(id.into(), vec![PersonKey::new("identity-number", number.to_owned())])]).unwrap();
}

/// Rows of a million other controls and three tokens for each, past the register's own way in. The chain does not hold then.
fn fill(folder: &std::path::Path) {
    let began = Instant::now();
    let mut database = Connection::open(folder.join("register.db")).unwrap();
    database.execute_batch("PRAGMA synchronous = OFF; DROP TRIGGER journal_has_no_gap;").unwrap();
    let fill = database.transaction().unwrap();
    {
        let mut journal = fill
            .prepare("INSERT INTO journal (seq, stream, at, kind, body, salt, prev, hash) VALUES (?1, 'register', '2026-01-01T00:00:00.000Z', 'control-registered', '{}', zeroblob(16), ?2, ?2)")
            .unwrap();
        let mut controls = fill
            .prepare("INSERT INTO controls VALUES (?1, NULL, 'new-card', 'local', 'approved', '2026-01-01T00:00:00.000Z', ?2)")
            .unwrap();
        let mut people = fill.prepare("INSERT INTO people VALUES (randomblob(32), ?1)").unwrap();
        for number in 1000..1000 + CONTROLS {
            journal.execute(params![number, format!("{number:064x}")]).unwrap();
            controls.execute(params![format!("c-{number}"), number]).unwrap();
            for _ in 0..3 {
                people.execute([number]).unwrap();
            }
        }
        fill.execute("UPDATE settings SET value = ?1 WHERE name = 'indexed-to'", [(1000 + CONTROLS).to_string()]).unwrap();
    }
    fill.commit().unwrap();
    println!("{CONTROLS} controls with three tokens each laid down in {:.0} s", began.elapsed().as_secs_f64());
}

/// Prints the median of `rounds`.
fn figure(what: &str, rounds: usize, mut work: impl FnMut()) {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed()
        })
        .collect();
    times.sort();
    println!("{what:<70} {:>9.3} ms", times[rounds / 2].as_secs_f64() * 1000.0);
}
