//! The station is killed at random moments while it approves and announces, and the issuing system acts on what it finds: on each
//! approved control once, on nothing else.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use bam_station::{
    delivery::hand_over::Round,
    register::{AuthorisationState as State, Register},
};
use jiff::Timestamp;

use crate::hand_over::{control, hand_over};

const CHILD: &str = "power_cut_hand_over::announces_until_it_is_killed";

#[test]
fn each_approved_control_is_acted_on_once_whenever_the_station_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let shared = folder.path().join("shared");
    fs::create_dir(&shared).unwrap();
    let mut issued: BTreeMap<String, u32> = BTreeMap::new();
    let mut random = 0x51f1_5e1d_u64;
    for _ in 0..15 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let done = (random >> 61) as usize;
        kill_after(done, Duration::from_micros((random >> 33) % 20_000), folder.path(), &shared, &mut issued);
    }
    // What is left is announced by the next start, and acted on.
    let mut register = Register::open(&folder.path().join("register")).unwrap();
    let hand_over = hand_over(&shared);
    for hour in 0..3 {
        let now = Timestamp::now() + jiff::SignedDuration::from_mins(hour);
        hand_over.drain(&mut register, Round::All, now, &mut || 0).unwrap();
        issue(&shared, &mut issued);
    }
    let authorisations = register.authorisations().unwrap();
    assert!(authorisations.len() >= 30, "the kills leave time for work: {}", authorisations.len());
    assert_eq!(authorisations.len(), issued.len());
    for authorisation in authorisations {
        assert_eq!(authorisation.state, State::Used);
        assert_eq!(issued.get(&authorisation.control), Some(&1), "{}", authorisation.control);
    }
    assert_eq!(register.verify_journal(&mut |_, _| {}).unwrap().first_bad, None);
    assert_eq!(fs::read_dir(&shared).unwrap().count(), 0, "nothing about a person stays in the folder");
}

/// The issuing system: takes what it finds by renaming it, and counts how often it has acted on each control.
fn issue(shared: &Path, issued: &mut BTreeMap<String, u32>) {
    for entry in fs::read_dir(shared).unwrap().map_while(Result::ok) {
        let name = entry.file_name().into_string().unwrap();
        let Some(id) = name.strip_suffix(".json").filter(|id| !id.contains('.')) else { continue };
        if fs::rename(entry.path(), shared.join(format!("{id}.used.json"))).is_ok() {
            *issued.entry(id.to_owned()).or_default() += 1;
        }
    }
}

/// Kills the child some time after it announced so many and one more.
fn kill_after(done: usize, time: Duration, folder: &Path, shared: &Path, issued: &mut BTreeMap<String, u32>) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", "--test-threads=1", CHILD])
        .env("BAM_TEST_FOLDER", folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.by_ref().filter(|line| line == "announced").nth(done).is_some(), "the child works");
    issue(shared, issued);
    thread::sleep(time);
    issue(shared, issued);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
#[ignore = "run by each_approved_control_is_acted_on_once_whenever_the_station_is_killed"]
fn announces_until_it_is_killed() {
    let Some(folder) = env::var_os("BAM_TEST_FOLDER").map(PathBuf::from) else {
        return;
    };
    let mut register = Register::open(&folder.join("register")).unwrap();
    let hand_over = hand_over(&folder.join("shared"));
    let mut out = std::io::stdout().lock();
    writeln!(out).unwrap();
    loop {
        control(&mut register, &uuid::Uuid::now_v7().to_string(), "approved", Timestamp::now());
        hand_over.drain(&mut register, Round::All, Timestamp::now(), &mut || 0).unwrap();
        writeln!(out, "announced").unwrap();
        out.flush().unwrap();
    }
}
