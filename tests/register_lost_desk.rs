//! A control that was left open at a desk which is lost is ended at another one, where desks share a register on PostgreSQL.

use std::{fs, process::Command};

use bam_station::{
    control::{Command as Act, Control, Event, Step, opening::open},
    register::{FinishedControl, Register},
    rules::{CertificateKind, Function},
    station::{
        journal,
        lost_desk::{EndError, end_for_lost_desk},
    },
};
use tempfile::TempDir;

use crate::{
    support as s,
    support_postgres::{TestDatabase, database},
};

fn desk(database: &TestDatabase) -> (TempDir, Register) {
    let folder = tempfile::tempdir().unwrap();
    let register = database.place(folder.path()).open().unwrap();
    (folder, register)
}

fn append(register: &mut Register, control: &Control, events: &[Event]) {
    let entries: Vec<_> = events.iter().map(|event| journal::entry(event).unwrap()).collect();
    register.append(&control.id().to_string(), &entries, s::at(1)).unwrap();
}

/// A control with its document presented, under way at this desk.
fn under_way(register: &mut Register) -> Control {
    let mut control = s::opened(s::request(Function::NewCard, CertificateKind::Local));
    append(register, &control, &open(s::request(Function::NewCard, CertificateKind::Local)));
    let accepted = s::act(&mut control, Act::AcceptDocument(Box::new(s::accept_passport())));
    append(register, &control, &accepted);
    control
}

fn holds(register: &Register) {
    assert_eq!(register.verify_journal(&mut |_, _| {}).unwrap().first_bad, None);
    assert_eq!(register.verify_controls(&|_, _| Ok(()), &mut |_, _| {}).unwrap().problems, []);
}

fn code(result: Result<(), EndError>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn a_control_of_a_lost_desk_is_ended_with_a_reason_and_told_in_the_journal() {
    let database = database();
    let (_lost_folder, mut lost) = desk(&database);
    let control = under_way(&mut lost);
    drop(lost);
    let (_folder, mut other) = desk(&database);
    end_for_lost_desk(&mut other, control.id(), "The desk burnt down", "Aud Administrator", s::now(9)).unwrap();

    let id = control.id().to_string();
    let finished = other.control(&id).unwrap().unwrap();
    assert_eq!((finished.outcome.as_str(), finished.report), ("aborted", None));
    let (_, last) = journal::events(&other, &id).unwrap().pop().unwrap();
    assert_eq!(last, Event::Aborted { reason: "The desk burnt down".into() });
    let told = other.entries("register").unwrap();
    let told = told.iter().find(|entry| entry.kind == "ended-for-desk").unwrap();
    let body: serde_json::Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!((&body["control"], &body["by"]), (&id.as_str().into(), &"Aud Administrator".into()));
    assert_ne!(body["desk"], body["by_desk"]);
    assert_eq!(other.authorisation(&id).unwrap().map(|authorisation| authorisation.state), None, "nothing may be issued on it");
    holds(&other);
}

#[test]
fn a_lost_desk_that_comes_back_does_not_go_on_with_what_was_ended() {
    let database = database();
    let (lost_folder, mut lost) = desk(&database);
    let control = under_way(&mut lost);
    let id = control.id().to_string();
    let (_folder, mut other) = desk(&database);
    // The lost desk was only cut off, and its station still runs.
    end_for_lost_desk(&mut other, control.id(), "Nobody answers there", "Aud Administrator", s::now(9)).unwrap();
    let entry = |event: &Event| journal::entry(event).unwrap();
    let chosen = entry(&Event::CardHolderConfirmed);
    assert_eq!(lost.append(&id, std::slice::from_ref(&chosen), s::at(10)).unwrap_err().code(), "REGISTER_ENDED_ELSEWHERE");
    let finished = FinishedControl {
        control: id.clone(),
        report: None,
        function: Function::NewCard,
        certificate: CertificateKind::Local,
        outcome: "failed".into(),
        completed_at: s::at(10),
    };
    let twice = lost.register_control(&finished, &[chosen], false, s::at(10)).unwrap_err();
    assert_eq!(twice.code(), "REGISTER_ALREADY_REGISTERED");

    drop(lost);
    let mut lost = database.place(lost_folder.path()).open().unwrap();
    let back = journal::unfinished(&lost).unwrap().unwrap();
    assert_eq!((back.id(), back.step()), (control.id(), Step::HandBack), "only the document is still to be handed back");
    append(&mut lost, &control, &[Event::HandedBack]);
    assert!(journal::unfinished(&lost).unwrap().is_none());
    // Its next control is its own again.
    let next = s::request(Function::Renewal, CertificateKind::Local);
    let next = bam_station::control::OpenRequest { id: "01938d1c-5e2a-7c31-9a54-3f0d6f2b8e77".parse().unwrap(), ..next };
    let events: Vec<_> = open(next).iter().map(entry).collect();
    lost.append("01938d1c-5e2a-7c31-9a54-3f0d6f2b8e77", &events, s::at(11)).unwrap();
    holds(&lost);
}

#[test]
fn only_an_open_control_of_another_desk_is_ended_and_only_with_a_reason() {
    let database = database();
    let (_lost_folder, mut lost) = desk(&database);
    let control = under_way(&mut lost);
    let (_folder, mut other) = desk(&database);
    let end =
        |register: &mut Register, reason: &str| end_for_lost_desk(register, control.id(), reason, "Aud Administrator", s::now(9));
    assert_eq!(code(end(&mut lost, "Mine")), "REGISTER_OWN_CONTROL");
    assert_eq!(code(end(&mut other, "  ")), "TEXT_MISSING");
    let unknown = "01938d1c-5e2a-7c31-9a54-3f0d6f2b8e99".parse().unwrap();
    assert_eq!(code(end_for_lost_desk(&mut other, unknown, "?", "Aud", s::now(9))), "REGISTER_NO_SUCH_CONTROL");
    assert!(other.control(&control.id().to_string()).unwrap().is_none(), "nothing was kept");
    end(&mut other, "Gone").unwrap();
    assert_eq!(code(end(&mut other, "Gone")), "REGISTER_ALREADY_REGISTERED");

    let folder = tempfile::tempdir().unwrap();
    let mut alone = Register::open(folder.path()).unwrap();
    under_way(&mut alone);
    assert_eq!(code(end(&mut alone, "Nobody shares it")), "REGISTER_OWN_CONTROL");
}

#[test]
fn the_command_ends_it_and_says_so() {
    let database = database();
    let (_lost_folder, mut lost) = desk(&database);
    let id = under_way(&mut lost).id().to_string();
    drop(lost);
    let folder = tempfile::tempdir().unwrap();
    let master = folder.path().join("MASTER.toml");
    let rules = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/MASTER.toml")).unwrap();
    let shared = format!("[Registers]\nShared = \"{}\"", database.address("owner"));
    fs::write(&master, rules.replacen("[Registers]", &shared, 1)).unwrap();
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bam-station"));
        command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("--master").arg(&master).arg("--data").arg(folder.path());
        let output = command.arg("register").args(words).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, listed, said) = run(&["list"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert!(listed.contains(&format!("{id}  not finished")), "{listed}");
    let end = ["end", &id, "--reason", "The desk burnt down", "--by", "Aud Administrator"];
    assert_eq!(run(&end), (Some(0), "the control has ended: aborted\n".into(), String::new()));
    let (code, shown, _) = run(&["show", &id]);
    assert!(code == Some(0) && shown.contains("The desk burnt down") && shown.contains("aborted"), "{shown}");
    let (code, _, said) = run(&end);
    assert_eq!(code, Some(1));
    assert!(said.contains("REGISTER_ALREADY_REGISTERED"), "{said}");
    let (code, verified, _) = run(&["verify", "--reports"]);
    assert!(code == Some(0) && verified.contains("0 reports verified anew"), "{verified}");
}
