//! The connection to a shared register is lost at any moment: a step is kept once or not at all, and the desk goes on.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use bam_station::register::JournalEntry;
use jiff::Timestamp;

use crate::support_postgres::{PostgresServer, database};

fn step(number: u64) -> JournalEntry {
    JournalEntry::new("step", &number).unwrap()
}

#[test]
fn a_server_that_goes_away_has_a_name_and_the_desk_goes_on_when_it_is_back() {
    let mut server = PostgresServer::start();
    let database = server.database();
    let folder = tempfile::tempdir().unwrap();
    let place = database.place(folder.path());
    let mut register = place.open().unwrap();
    register.append("control-a", &[step(1)], Timestamp::UNIX_EPOCH).unwrap();
    let scan = register.evidence().put(b"a scan").unwrap();

    server.stop();
    assert_eq!(register.append("control-a", &[step(2)], Timestamp::UNIX_EPOCH).unwrap_err().code(), "REGISTER_SERVER_AWAY");
    assert_eq!(register.head().unwrap_err().code(), "REGISTER_SERVER_AWAY");
    assert_eq!(register.evidence().get(&scan, 100).unwrap_err().code(), "REGISTER_SERVER_AWAY");
    assert_eq!(register.companion().err().map(|error| error.code()), Some("REGISTER_SERVER_AWAY"));

    server.restart();
    register.append("control-a", &[step(2)], Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(register.evidence().get(&scan, 100).unwrap(), b"a scan");
    let bodies: Vec<String> = register.entries("control-a").unwrap().into_iter().map(|entry| entry.body).collect();
    assert_eq!(bodies, ["1", "2"]);
    assert_eq!(register.verify_journal(&mut |_, _| {}).unwrap().first_bad, None);
}

#[test]
fn connections_that_are_cut_at_any_moment_lose_no_step_and_double_none() {
    let database = database();
    let folder = tempfile::tempdir().unwrap();
    let mut register = database.place(folder.path()).open().unwrap();
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'bam-station'";
    let done = AtomicBool::new(false);
    let mut refused = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                database.psql(cut).unwrap();
                thread::sleep(Duration::from_millis(3));
            }
        });
        for number in 0..150 {
            // Whoever is told that the server is away does the step again.
            while let Err(error) = register.append("control-a", &[step(number)], Timestamp::UNIX_EPOCH) {
                assert_eq!(error.code(), "REGISTER_SERVER_AWAY", "{number}: {error}");
                refused += 1;
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    let numbers: Vec<u64> = register.entries("control-a").unwrap().into_iter().map(|entry| entry.body.parse().unwrap()).collect();
    assert_eq!(numbers, (0..150).collect::<Vec<_>>());
    assert!(refused > 0, "the cuts hit");
    assert_eq!(register.verify_journal(&mut |_, _| {}).unwrap().first_bad, None);
}
