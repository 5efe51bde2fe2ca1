//! The hand-over to the issuing system through a folder: each approved control once, and what becomes of it.

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use bam_station::{
    delivery::{
        authorisation::{SignedStatement, Statement},
        hand_over::{FolderRoad, HandOver, HandedOver, Round},
    },
    digest::Digest,
    register::{AuthorisationState as State, FinishedControl, JournalEntry, Register},
    rules::{CertificateKind, Function},
};
use ed25519_dalek::SigningKey;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::spine::station;

pub fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + hour * 3600).unwrap()
}

/// Registers a control that ended so, with the first entry that every control has.
pub fn control(register: &mut Register, id: &str, outcome: &str, when: Timestamp) {
    let opened =
        json!({ "person": { "last_name": "Nordmann", "user_name": format!("user-{id}") }, "rules": { "training": false } });
    register.append(id, &[JournalEntry::new("opened", &opened).unwrap()], when).unwrap();
    let report = register.evidence().put(format!("report of {id}").as_bytes()).unwrap();
    let finished = FinishedControl {
        control: id.into(),
        report: Some(report),
        function: Function::NewCard,
        certificate: CertificateKind::Local,
        outcome: outcome.into(),
        completed_at: when,
    };
    register.register_control(&finished, &[], false, when).unwrap();
}

pub fn hand_over(folder: &Path) -> HandOver {
    HandOver::over(vec![Box::new(FolderRoad::new(folder))], key(), SignedDuration::from_hours(72))
}

struct Desk {
    _folder: TempDir,
    shared: PathBuf,
    register: Register,
    hand_over: HandOver,
    hour: Cell<i64>,
}

fn desk(controls: &[(&str, &str)]) -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let shared = folder.path().join("shared");
    fs::create_dir(&shared).unwrap();
    let mut register = Register::open(&folder.path().join("register")).unwrap();
    for (id, outcome) in controls {
        control(&mut register, id, outcome, at(0));
    }
    Desk { hand_over: hand_over(&shared), _folder: folder, shared, register, hour: Cell::new(0) }
}

impl Desk {
    fn drain(&mut self) -> HandedOver {
        self.hand_over.drain(&mut self.register, Round::All, at(self.hour.get()), &mut || 0).unwrap()
    }

    fn state(&self, control: &str) -> State {
        self.register.authorisation(control).unwrap().unwrap().state
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(&self.shared).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The issuing system takes an announcement.
    fn issue(&self, control: &str) {
        fs::rename(self.shared.join(format!("{control}.json")), self.shared.join(format!("{control}.used.json"))).unwrap();
    }

    fn kinds(&self) -> Vec<String> {
        let entries = self.register.entries("register").unwrap().into_iter().map(|entry| entry.kind);
        entries.filter(|kind| kind.starts_with("authorisation")).collect()
    }
}

#[test]
fn only_an_approved_control_is_announced_and_only_once() {
    let mut desk = desk(&[("a", "approved"), ("b", "declined"), ("c", "refused"), ("d", "aborted")]);
    assert_eq!(desk.state("a"), State::Waiting);
    assert_eq!(desk.drain().changed, [("a".to_owned(), State::Open)]);
    assert_eq!(desk.files(), ["a.json"]);
    let announced = fs::read_to_string(desk.shared.join("a.json")).unwrap();
    let statement = SignedStatement::verify(&announced, &key().verifying_key()).unwrap();
    let expected = Statement::new(
        "a".into(),
        (Some("user-a".into()), false),
        (Function::NewCard, CertificateKind::Local),
        Digest::of(b"report of a"),
        (at(0), at(72)),
    );
    assert_eq!(statement, expected);
    desk.issue("a");
    assert_eq!(desk.drain().changed, [("a".to_owned(), State::Used)]);
    assert_eq!(desk.files(), Vec::<String>::new(), "nothing about a person stays in the folder");
    assert_eq!(desk.drain(), HandedOver::default());
    assert_eq!(desk.files(), Vec::<String>::new());
    assert_eq!(desk.kinds(), ["authorisation-open", "authorisation-used"]);
    assert!(desk.register.authorisation("b").unwrap().is_none());
    assert_eq!(desk.register.verify_controls(&|_, _| Ok(()), &mut |_, _| {}).unwrap().problems, []);
}

#[test]
fn an_announcement_that_was_changed_or_signed_by_another_does_not_count() {
    let mut desk = desk(&[("a", "approved")]);
    desk.drain();
    let announced = fs::read_to_string(desk.shared.join("a.json")).unwrap();
    let verify = |text: &str, key: &SigningKey| SignedStatement::verify(text, &key.verifying_key());
    assert!(verify(&announced, &key()).is_ok());
    assert!(verify(&announced, &SigningKey::from_bytes(&[8; 32])).is_err());
    assert!(verify(&announced.replace("user-a", "user-b"), &key()).is_err());
    assert!(verify(&announced.replace("new-card", "renewal"), &key()).is_err());
}

/// openssl agrees with the signature: the issuing system needs none of our software.
#[test]
fn openssl_verifies_an_announcement() {
    let mut desk = desk(&[("a", "approved")]);
    desk.drain();
    let announced: Value = serde_json::from_slice(&fs::read(desk.shared.join("a.json")).unwrap()).unwrap();
    let hex = |name: &str| -> Vec<u8> {
        let digits = announced[name].as_str().unwrap();
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    };
    // SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 §4).
    let spki = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00".as_slice(), &hex("key")].concat();
    let write = |name: &str, bytes: &[u8]| fs::write(desk.shared.join(name), bytes).unwrap();
    write("key.der", &spki);
    write("text", announced["authorisation"].as_str().unwrap().as_bytes());
    write("signature", &hex("signature"));
    let verified = || {
        Command::new("openssl")
            .args(["pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", "key.der"])
            .args(["-in", "text", "-sigfile", "signature"])
            .current_dir(&desk.shared)
            .output()
            .unwrap()
            .status
            .success()
    };
    assert!(verified());
    write("text", b"something else");
    assert!(!verified());
}

#[test]
fn what_is_not_used_in_time_expires_and_what_was_used_at_the_last_moment_is_used() {
    let mut desk = desk(&[("a", "approved"), ("b", "approved")]);
    desk.drain();
    desk.issue("b");
    desk.hour.set(73);
    let mut changed = desk.drain().changed;
    changed.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(changed, [("a".to_owned(), State::Expired), ("b".to_owned(), State::Used)]);
    assert_eq!(desk.files(), Vec::<String>::new());
    // A control whose time is over before the first announcement is never announced.
    control(&mut desk.register, "late", "approved", at(0));
    assert_eq!(desk.drain().changed, [("late".to_owned(), State::Expired)]);
}

#[test]
fn an_authorisation_is_withdrawn_unless_it_was_used() {
    let mut desk = desk(&[("a", "approved"), ("b", "approved"), ("c", "approved")]);
    desk.hand_over.withdraw(&mut desk.register, "c", at(0)).unwrap();
    desk.drain();
    assert_eq!(desk.files(), ["a.json", "b.json"]);
    desk.hand_over.withdraw(&mut desk.register, "a", at(1)).unwrap();
    desk.issue("b");
    let withdraw =
        |desk: &mut Desk, control: &str| desk.hand_over.withdraw(&mut desk.register, control, at(1)).unwrap_err().code();
    assert_eq!(withdraw(&mut desk, "b"), "AUTHORISATION_SETTLED");
    assert_eq!(withdraw(&mut desk, "a"), "AUTHORISATION_SETTLED");
    assert_eq!(withdraw(&mut desk, "none"), "AUTHORISATION_NONE");
    assert_eq!(["a", "b", "c"].map(|control| desk.state(control)), [State::Withdrawn, State::Used, State::Withdrawn]);
    desk.drain();
    assert!(!desk.files().contains(&"a.json".to_owned()) && !desk.files().contains(&"c.json".to_owned()));
}

#[test]
fn a_folder_that_is_away_delays_and_loses_nothing() {
    let mut desk = desk(&[("a", "approved")]);
    let away = desk.shared.with_extension("away");
    fs::rename(&desk.shared, &away).unwrap();
    assert_eq!(desk.drain().failed, [("a".to_owned(), "HAND_OVER_FOLDER_MISSING")]);
    assert!(!desk.shared.exists(), "the station makes no folder where a share is not mounted");
    assert_eq!((desk.state("a"), desk.drain()), (State::Waiting, HandedOver::default()), "not before its time");
    fs::rename(&away, &desk.shared).unwrap();
    desk.hour.set(1);
    assert_eq!(desk.drain().changed, [("a".to_owned(), State::Open)]);
}

#[test]
fn a_purged_control_leaves_no_announcement() {
    let mut desk = desk(&[("a", "approved")]);
    desk.drain();
    desk.register.purge(at(100), at(200), &mut |_, _| {}).unwrap();
    assert!(desk.register.authorisation("a").unwrap().is_none());
    let database = fs::read(desk._folder.path().join("register/register.db")).unwrap();
    assert!(!database.windows(6).any(|window| window == b"user-a"));
}

#[test]
fn a_whole_control_is_announced_and_withdrawn_on_the_command_line() {
    let data = tempfile::tempdir().unwrap();
    let output = station(data.path(), &["control", "config/examples/qualified-passport.toml", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let shared = data.path().join("shared");
    fs::create_dir(&shared).unwrap();
    let rules = data.path().join("MASTER.toml");
    fs::write(&rules, "[Common]\nCompanyName = \"x\"\n[HandOver]\nFolder = \"shared\"\nValidHours = 1\n").unwrap();
    let ask = |words: &[&str]| {
        let output = station(data.path(), &[&["--master", rules.to_str().unwrap(), "authorisation"], words].concat());
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, text, said) = ask(&["announce"]);
    assert!(code == Some(0) && text.starts_with("open: "), "{text}{said}");
    let id = text.trim().trim_start_matches("open: ");
    let announced = fs::read_to_string(shared.join(format!("{id}.json"))).unwrap();
    let (code, shown, _) = ask(&["show", id]);
    assert!(code == Some(0) && shown.contains(&announced), "{shown}");
    let (_, hex, _) = ask(&["key"]);
    let public: Digest = hex.trim().parse().unwrap();
    let public = ed25519_dalek::VerifyingKey::from_bytes(public.as_bytes()).unwrap();
    let statement = SignedStatement::verify(&announced, &public).unwrap();
    assert_eq!((statement.issuer_key.as_deref(), statement.training, statement.control.as_str()), (Some("anneri"), true, id));
    let (code, _, said) = ask(&["withdraw", id]);
    assert_eq!(code, Some(0), "{said}");
    let (_, listed, _) = ask(&["list", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["authorisations"][0]["state"], "withdrawn");
    assert_eq!(ask(&["withdraw", id]).0, Some(1));
    assert_eq!(fs::read_dir(&shared).unwrap().count(), 0);
    assert_eq!(station(data.path(), &["authorisation", "announce"]).status.code(), Some(2), "nothing is configured");
}
