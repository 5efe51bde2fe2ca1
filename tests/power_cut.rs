//! `kill -9` at random moments of a control: the station stands on the right step again, and finishing it gives exactly one
//! register entry and one report in the archive.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::spine::station;

/// Moments at which the power is cut.
const CUTS: u32 = 50;

fn spawn(data: &Path) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_bam-station"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("--data")
        .arg(data)
        .args(["control", "config/examples/qualified-passport.toml", "--json"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kinds of the journal entries of the controls, in order of the journal.
fn journal(data: &Path) -> Vec<(String, String)> {
    let database = data.join("register/register.db");
    if !database.exists() {
        return vec![];
    }
    let Ok(connection) = rusqlite::Connection::open_with_flags(database, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE) else {
        return vec![];
    };
    let Ok(mut rows) = connection.prepare("SELECT stream, kind FROM journal WHERE stream <> 'register' ORDER BY seq") else {
        return vec![];
    };
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(status.success());
}

#[test]
fn fifty_power_cuts_lose_nothing_and_double_nothing() {
    // The operator's key is made once; every cut starts from the same desk.
    let desk = tempfile::tempdir().unwrap();
    let enrolled = desk.path().join("enrolled");
    let declined = station(&enrolled, &["control", "config/examples/declined-terms.toml", "--json"]);
    assert_eq!(declined.status.code(), Some(1), "{}", String::from_utf8_lossy(&declined.stderr));
    let already = journal(&enrolled).len();

    let whole = desk.path().join("whole");
    copy(&enrolled, &whole);
    let started = Instant::now();
    assert!(spawn(&whole).wait().unwrap().success());
    let duration = started.elapsed();
    let all_kinds: Vec<String> = journal(&whole).split_off(already).into_iter().map(|(_, kind)| kind).collect();

    let mut steps_seen = std::collections::BTreeSet::new();
    // Golden-ratio steps spread the moments over the whole run, a little beyond its end too.
    let moments = (0..CUTS).map(|cut| duration.mul_f64((f64::from(cut) * 0.618_034).fract() * 1.05));
    for (cut, moment) in moments.enumerate() {
        let data = desk.path().join(format!("cut-{cut}"));
        copy(&enrolled, &data);
        let mut child = spawn(&data);
        if cut % 2 == 0 {
            std::thread::sleep(moment);
        } else {
            // On a busy machine moments fall together; every second cut waits for its own place in the journal.
            let place = already + cut / 2 % (all_kinds.len() + 1);
            while journal(&data).len() < place && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        std::thread::sleep(Duration::from_millis(20));

        let kept = journal(&data).split_off(already);
        let kinds: Vec<&str> = kept.iter().map(|(_, kind)| kind.as_str()).collect();
        assert_eq!(kinds, all_kinds[..kinds.len()], "what is kept is a beginning of the whole");
        steps_seen.insert(kinds.len());

        let closed = kinds.last() == Some(&"handed-back");
        if closed {
            // The control is whole; only the upload may be missing.
            let drained = station(&data, &["deliver", "--once"]);
            assert_eq!(drained.status.code(), Some(0), "{}", String::from_utf8_lossy(&drained.stderr));
        } else {
            let output = station(&data, &["control", "config/examples/qualified-passport.toml", "--json"]);
            assert_eq!(output.status.code(), Some(0), "cut {cut}: {}", String::from_utf8_lossy(&output.stderr));
            let result: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(result["delivered"], true);
            if let Some((control, _)) = kept.first() {
                assert_eq!(result["control"], control.as_str(), "the same control goes on");
                assert!(!result["resumed_at"].is_null());
            }
        }
        let after: Vec<String> = journal(&data).split_off(already).into_iter().map(|(_, kind)| kind).collect();
        assert_eq!(after, all_kinds, "each thing happened exactly once");

        let register = rusqlite::Connection::open(data.join("register/register.db")).unwrap();
        let count = |sql: &str| register.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM controls WHERE outcome = 'approved'"), 1);
        assert_eq!(count("SELECT count(*) FROM outbox WHERE delivered_at IS NOT NULL"), 1);
        let archive = rusqlite::Connection::open(data.join("training-archive/archive.db")).unwrap();
        assert_eq!(archive.query_row("SELECT count(*) FROM receipts", [], |row| row.get::<_, u32>(0)).unwrap(), 1);
        let verified = station(&data, &["register", "verify"]);
        assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stderr));
        std::fs::remove_dir_all(&data).unwrap();
    }
    assert!(steps_seen.len() >= 5, "the cuts fell at different steps: {steps_seen:?}");
}
