//! Who may go on with a control, and what a refused command leaves behind: nothing.

use std::{path::Path, sync::Arc};

use bam_station::{
    config::{Configuration, Found},
    control::{Command, PresentedDocument, Step, Strokes, signature::PenPoint},
    device::scanner::ScanControl,
    rules::{CertificateKind, Function, Person},
    secret::Pin,
    station::{Asked, Began, DataFolder, PersonSource, Station, SystemClock},
};

use crate::support as s;

pub fn configuration() -> Configuration {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Configuration::load(&Found { master: root.join("MASTER.toml"), local: root.join("config/LOCAL.toml") }).unwrap()
}

pub fn open(data: &Path, configuration: Configuration) -> Station {
    let folder = DataFolder::locate(Some(data.to_owned()));
    Station::open(Arc::new(configuration), folder, env!("CARGO_BIN_EXE_bam-station").into(), Box::new(SystemClock)).unwrap()
}

pub fn pin() -> Pin {
    Pin::new("246810".into()).unwrap()
}

pub fn sign_in(station: &mut Station, name: &str) {
    let known = station.operators().unwrap().into_iter().find(|known| known.name == name);
    let serial = known.unwrap_or_else(|| station.enroll(name, pin()).unwrap()).serial;
    station.sign_in(&serial, pin()).unwrap();
}

pub fn asked(function: Function) -> Asked {
    let source = PersonSource::default();
    Asked { function, certificate: CertificateKind::Local, person: s::anna(), card: None, renewed_before: false, source }
}

pub fn passport(station: &Station) -> Command {
    let kind = station.configuration().document_kind("passport").unwrap().clone();
    let verified_features = kind.features.iter().map(|feature| feature.id.clone()).collect();
    let document = PresentedDocument { issued: None, expires: "2099-01-01".parse().unwrap(), ..s::annas_passport() };
    Command::AcceptDocument(Box::new(bam_station::control::document::AcceptDocument {
        kind,
        verified_features,
        document,
        ..s::accept_passport()
    }))
}

/// A PIN unlock: a document, and then the approval.
fn at_approval(data: &Path) -> Station {
    let mut station = open(data, configuration());
    sign_in(&mut station, "Kari Nordmann");
    station.begin(asked(Function::PinUnlock)).unwrap();
    station.act(passport(&station)).unwrap();
    assert_eq!(station.control().unwrap().step(), Step::Approval);
    station
}

/// The files that are kept as evidence.
fn evidence(data: &Path) -> usize {
    let folders = std::fs::read_dir(data.join("register/evidence")).unwrap();
    folders.map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap().count()).sum()
}

fn abort() -> Command {
    Command::Abort { reason: "Left behind".into() }
}

#[test]
fn only_the_operator_who_began_goes_on_and_anybody_may_end_what_was_left() {
    let data = tempfile::tempdir().unwrap();
    let mut station = open(data.path(), configuration());
    sign_in(&mut station, "Kari Nordmann");
    station.begin(asked(Function::NewCard)).unwrap();
    station.sign_out();
    assert_eq!(station.act(passport(&station)).unwrap_err().code(), "NOT_SIGNED_IN");
    sign_in(&mut station, "Per Hansen");
    assert_eq!(station.act(passport(&station)).unwrap_err().code(), "OTHER_OPERATORS_CONTROL");
    assert_eq!(station.control().unwrap().step(), Step::Document);
    sign_in(&mut station, "Kari Nordmann");
    station.act(passport(&station)).unwrap();
    station.sign_out();
    assert_eq!(station.act(abort()).unwrap().step(), Step::HandBack);
    assert_eq!(station.act(Command::HandBack).unwrap().step(), Step::Closed);
}

#[test]
fn nobody_else_signs_and_an_approval_without_the_pin_is_none() {
    let data = tempfile::tempdir().unwrap();
    let mut station = at_approval(data.path());
    assert_eq!(station.act(Command::Approve(Box::new(s::approval()))).unwrap_err().code(), "APPROVAL_WITHOUT_PIN");
    station.sign_out();
    assert_eq!(station.approve(pin()).unwrap_err().code(), "NOT_SIGNED_IN");
    sign_in(&mut station, "Per Hansen");
    assert_eq!(station.approve(pin()).unwrap_err().code(), "OTHER_OPERATORS_CONTROL");
    sign_in(&mut station, "Kari Nordmann");
    assert_eq!(station.approve(pin()).unwrap().step(), Step::HandBack);
    assert_eq!(station.approve(pin()).unwrap_err().code(), "NOT_AT_APPROVAL", "once");
    assert_eq!(evidence(data.path()), 1, "one report");
}

#[test]
fn an_aborted_control_is_not_signed_although_its_report_was_shown() {
    let data = tempfile::tempdir().unwrap();
    let mut station = at_approval(data.path());
    station.draft().unwrap();
    station.act(abort()).unwrap();
    assert_eq!(station.approve(pin()).unwrap_err().code(), "NOT_AT_APPROVAL");
    assert_eq!(evidence(data.path()), 0, "no signed report of a control that was aborted");
}

#[test]
fn a_control_does_not_move_between_training_and_operation() {
    let data = tempfile::tempdir().unwrap();
    drop(at_approval(data.path()));
    let mut in_operation = configuration();
    in_operation.local.value.training = false;
    let mut station = open(data.path(), in_operation);
    sign_in(&mut station, "Kari Nordmann");
    assert_eq!(station.approve(pin()).unwrap_err().code(), "CONTROL_OF_OTHER_MODE");
    station.act(abort()).unwrap();
}

#[test]
fn a_refused_signature_or_scan_leaves_no_picture_behind() {
    let data = tempfile::tempdir().unwrap();
    let mut configuration = configuration();
    configuration.master.value.issue_process.require_terms_for_local = false;
    let mut station = open(data.path(), configuration);
    sign_in(&mut station, "Kari Nordmann");
    station.begin(asked(Function::NewCard)).unwrap();
    station.act(passport(&station)).unwrap();
    let point = |x: u32| PenPoint { x, y: 5000, t: x, p: None };
    let slip = Strokes { width: 80_000, height: 30_000, strokes: vec![vec![point(10), point(20)]] };
    assert_eq!(station.capture_signature(&slip).unwrap_err().code(), "SIGNATURE_TOO_SHORT");
    let empty = Strokes { strokes: vec![vec![]; Strokes::MOST_POINTS + 1], ..slip };
    assert_eq!(station.capture_signature(&empty).unwrap_err().code(), "SIGNATURE_TOO_LONG");
    station.lay_specimen().unwrap();
    assert_eq!(station.scan(&ScanControl::default()).unwrap_err().code(), "NOT_THIS_STEP");
    assert_eq!(evidence(data.path()), 0);
}

#[test]
fn a_picture_of_a_document_lies_on_the_virtual_glass_for_one_scan() {
    let data = tempfile::tempdir().unwrap();
    let mut station = open(data.path(), configuration());
    sign_in(&mut station, "Kari Nordmann");
    station.begin(asked(Function::ReplacementCard)).unwrap();
    station.act(passport(&station)).unwrap();
    station.lay_specimen().unwrap();
    let page = data.path().join("scanner/page.ppm");
    assert!(page.exists());
    station.scan(&ScanControl::default()).unwrap();
    assert!(!page.exists());
}

#[test]
fn a_person_has_a_name_of_a_sensible_length() {
    let data = tempfile::tempdir().unwrap();
    let mut station = open(data.path(), configuration());
    sign_in(&mut station, "Kari Nordmann");
    let of = |change: fn(&mut Person)| {
        let mut asked = asked(Function::NewCard);
        change(&mut asked.person);
        asked
    };
    let nameless = of(|person| (person.first_names, person.last_name) = (" ".into(), String::new()));
    let cases = [
        (nameless, "PERSON_NAME_MISSING"),
        (of(|person| person.user_name = Some(" ".into())), "PERSON_NAME_MISSING"),
        (of(|person| person.last_name = "x".repeat(121)), "PERSON_NAME_TOO_LONG"),
        (of(|person| person.first_names = "Anna\nMaria".into()), "PERSON_NAME_NOT_PLAIN"),
    ];
    for (asked, code) in cases {
        assert_eq!(station.begin(asked).map(|began| format!("{began:?}")).map_err(|error| error.code()), Err(code));
    }
    let single = of(|person| person.last_name = String::new());
    assert!(matches!(station.begin(single), Ok(Began::Open(_))), "some people have one name");
}
