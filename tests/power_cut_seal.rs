//! The program is killed while it seals a whole register anew, many times over: nothing is lost, both keys stay as long as they are
//! needed, and the next run finishes what was begun.

use std::{fs, process::Command, thread, time::Duration};

use bam_station::{
    digest::Digest,
    register::{FinishedControl, JournalEntry, PersonKey, Register},
    rules::{CertificateKind, Function},
    seal::{KeyPlace, establish},
};
use jiff::Timestamp;
use serde_json::json;

use crate::sealed_register::{Auditor, Desk};

const CONTROLS: usize = 40;

/// A register that is not sealed yet, with so many controls of three events and two pieces of evidence each.
fn fill(desk: &Desk) {
    let mut register = Register::open(&desk.register()).unwrap();
    for number in 0..CONTROLS {
        let control = format!("control-{number}");
        let scan = register.evidence().put(format!("scan {number} ").repeat(5_000).as_bytes()).unwrap();
        for step in 0..2 {
            let event = JournalEntry::new("scanned", &json!({ "name": "Zwyntje", "step": step, "scan": scan })).unwrap();
            register.append(&control, &[event], Timestamp::now()).unwrap();
        }
        let report = register.evidence().put(format!("report {number}").as_bytes()).unwrap();
        let finished = FinishedControl {
            control: control.clone(),
            report: Some(report),
            function: Function::NewCard,
            certificate: CertificateKind::Local,
            outcome: "approved".into(),
            completed_at: Timestamp::now(),
        };
        let approved = JournalEntry::new("approved", &json!({ "report": report })).unwrap();
        register.register_control(&finished, &[approved], false, Timestamp::now()).unwrap();
        register.index_people(&[(control, vec![PersonKey::new("identity-number", format!("{number:011}"))])]).unwrap();
    }
}

/// Everything is still there and opens.
#[track_caller]
fn whole(desk: &Desk) {
    let register = Register::open_read_only(&desk.register()).unwrap();
    let journal = register.verify_journal(&mut |_, _| {}).unwrap();
    assert_eq!((journal.first_bad, journal.closed), (None, 0));
    assert_eq!(register.verify_controls(&|_, _| Ok(()), &mut |_, _| {}).unwrap().problems, []);
    for number in 0..CONTROLS {
        let scan = Digest::of(format!("scan {number} ").repeat(5_000).as_bytes());
        register.evidence().get(&scan, u64::MAX).unwrap();
        let found = register.controls_of_person(&[PersonKey::new("identity-number", format!("{number:011}"))]).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].control, format!("control-{number}"));
    }
}

fn kill_in_the_middle(desk: &Desk, arguments: &[&str], after: Duration) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bam-station"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["--master", desk.path("MASTER.toml").to_str().unwrap()])
        .args(["--local", desk.path("config/LOCAL.toml").to_str().unwrap()])
        .args(["--data", desk.data().to_str().unwrap()])
        .args(arguments)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn sealing_survives_kill_at_any_moment() {
    let desk = Desk::new();
    let auditor = Auditor::new(desk.folder.path(), "auditor.txt");
    desk.master(&[&auditor]);
    fill(&desk);
    let mut random = 0x9e37_79b9_u64;
    let mut moment = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_micros(5_000 + (random >> 33) % 250_000)
    };
    // The first sealing, at the opening of what was not sealed before.
    establish(&desk.register(), &KeyPlace::Own, &[], Timestamp::now()).unwrap();
    for _ in 0..6 {
        kill_in_the_middle(&desk, &["seal", "reseal"], moment());
        whole(&desk);
    }
    for _ in 0..8 {
        kill_in_the_middle(&desk, &["seal", "rotate"], moment());
        whole(&desk);
    }
    let (code, said) = desk.json(&["seal", "reseal"]);
    assert_eq!(code, Some(0), "{said:#}");
    whole(&desk);
    assert_eq!(desk.json(&["seal", "status"]).0, Some(0));
    assert_eq!(fs::read_to_string(desk.key()).unwrap().matches("AGE-SECRET-KEY-1").count(), 1);
    let strange: Vec<_> =
        desk.evidence().into_iter().filter(|file| !fs::read(file).unwrap().starts_with(b"age-encryption.org/v1\n")).collect();
    assert_eq!(strange, Vec::<std::path::PathBuf>::new());
    let database = fs::read(desk.register().join("register.db")).unwrap();
    assert!(!database.windows(7).any(|window| window == b"Zwyntje"));
}
