//! The station is killed at a random moment, twenty times over one register. It always opens again, nothing that was
//! acknowledged is missing, and nothing is there by half.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use bam_station::{
    digest::Digest,
    register::{FinishedControl, Head, JournalEntry, Register},
    rules::{CertificateKind, Function},
};
use jiff::Timestamp;
use serde_json::json;

const CHILD: &str = "power_cut_register::works_until_it_is_killed";

/// The events of one control before its last two.
const STEPS: usize = 4;

#[test]
fn a_register_survives_kill_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = 0x9e37_79b9_u64;
    let mut last_head = Head::EMPTY;
    for round in 0..20 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let done = 1 + (random >> 60) as usize;
        let acknowledged = kill_after(done, Duration::from_micros((random >> 33) % 20_000), folder.path());

        let register = Register::open(folder.path()).unwrap();
        let journal = register.verify_journal(&mut |_, _| {}).unwrap();
        assert_eq!(journal.first_bad, None, "round {round}");
        assert!(register.contains(&last_head).unwrap(), "round {round}: what was there before is there still");
        for head in acknowledged {
            assert!(register.contains(&head).unwrap(), "round {round}: {} was acknowledged", head.seq);
        }
        let controls = register.verify_controls(&|_, _| Ok(()), &mut |_, _| {}).unwrap();
        assert_eq!(controls.problems, [], "round {round}");
        for stream in register.streams().unwrap().into_iter().filter(|stream| stream != "register") {
            let events = register.entries(&stream).unwrap().len();
            let registered = register.control(&stream).unwrap().is_some();
            let queued = register.delivery(&stream).unwrap().is_some();
            assert_eq!((registered, queued), (events == STEPS + 2, events == STEPS + 2), "round {round}: {events} events");
        }
        last_head = journal.head;
    }
    assert!(last_head.seq >= 100, "the kills leave time for work: {}", last_head.seq);
}

/// Lets the child work, kills it some time after so many acknowledgements, and returns everything that it acknowledged.
fn kill_after(done: usize, time: Duration, folder: &std::path::Path) -> Vec<Head> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", "--test-threads=1", CHILD])
        .env("BAM_TEST_FOLDER", folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok).filter_map(|line| {
        let (seq, hash) = line.strip_prefix("appended ")?.split_once(' ')?;
        Some(Head { seq: seq.parse().ok()?, hash: hash.parse::<Digest>().ok()? })
    });
    let first: Vec<Head> = lines.by_ref().take(done).collect();
    thread::sleep(time);
    child.kill().unwrap();
    child.wait().unwrap();
    first.into_iter().chain(lines).collect()
}

#[test]
#[ignore = "run by a_register_survives_kill_at_any_moment"]
fn works_until_it_is_killed() {
    let Some(folder) = env::var_os("BAM_TEST_FOLDER").map(PathBuf::from) else {
        return;
    };
    let mut register = Register::open(&folder).unwrap();
    let mut out = std::io::stdout().lock();
    writeln!(out).unwrap();
    let mut acknowledge = |seq: u64, hash: Digest| {
        writeln!(out, "appended {seq} {hash}").unwrap();
        out.flush().unwrap();
    };
    loop {
        let control = uuid::Uuid::now_v7().to_string();
        for step in 0..STEPS {
            let scan = register.evidence().put(format!("scan {step} of {control}").as_bytes()).unwrap();
            let event = JournalEntry::new("scanned", &json!({ "scan": scan })).unwrap();
            let place = register.append(&control, &[event], Timestamp::now()).unwrap()[0];
            acknowledge(place.seq, place.hash);
        }
        let report = register.evidence().put(format!("report of {control}").as_bytes()).unwrap();
        let finished = FinishedControl {
            control,
            report: Some(report),
            function: Function::NewCard,
            certificate: CertificateKind::Qualified,
            outcome: "approved".into(),
            completed_at: Timestamp::now(),
        };
        let last = ["approved", "document-returned"].map(|kind| JournalEntry::new(kind, &()).unwrap());
        let registered = register.register_control(&finished, &last, true, Timestamp::now()).unwrap();
        acknowledge(registered.entry.seq, registered.entry.hash);
        if registered.entry.seq.is_multiple_of(3) {
            register.record_receipt(&finished.control, "a receipt", Timestamp::now()).unwrap();
        }
    }
}
