//! An office with real readers (a private pcscd with virtual cards) and a real CA (openssl): what the tests of cards at the desk
//! share. All persons are made up.

use std::{path::Path, sync::Arc};

use bam_station::{
    config::Configuration,
    control::{Command, Control, PresentedDocument, Step, Strokes, signature::PenPoint},
    device::{card::ReaderPlace, scanner::ScanControl},
    rules::{
        CertificateKind, Function, Person,
        name::DocumentName,
        role::{Appointment, Role},
    },
    secret::{Pin, PinEntry},
    station::{Asked, Began, DataFolder, PersonSource, Station, SystemClock},
    trust::{issuer_text, serial_text},
};
use bam_virtual_card::{CardKey, VirtualCard};
use jiff::Timestamp;
use x509_cert::der::{Encode as _, pem};

use crate::{
    card_desk::{PIN, PUK},
    station_attended::configuration,
    support as s,
    support_pki::{Issued, LOCAL, Pki, QUALIFIED, Wanted, days},
};

pub const OPERATOR: &str = "Kari Nordmann";
pub const ANNA: &str = "Anna Eriksson";
pub const PER: &str = "Per Hansen";

/// The organisation's CA, and who it appointed.
pub struct Office {
    pub pki: Pki,
    pub kari: Issued,
}

pub fn pin() -> PinEntry {
    typed(PIN)
}

pub fn typed(pin: &str) -> PinEntry {
    Pin::new(pin.into()).unwrap().into()
}

/// A card with one certificate for both uses.
pub fn card_of(issued: &Issued) -> VirtualCard {
    let pem = std::fs::read(&issued.key).unwrap();
    let key = || CardKey::from_pkcs8(&pem::decode_vec(&pem).unwrap().1).unwrap();
    let certificate = issued.certificate.to_der().unwrap();
    VirtualCard::new(PIN, PUK).with_key(0x9a, key(), certificate.clone()).with_key(0x9c, key(), certificate)
}

impl Office {
    pub fn new() -> Self {
        let pki = Pki::new();
        let kari = pki.person(OPERATOR);
        Self { pki, kari }
    }

    /// A certificate of this kind that is valid between these days from now.
    pub fn person(&self, name: &str, kind: CertificateKind, from: i64, until: i64) -> Issued {
        let policy = if kind == CertificateKind::Local { LOCAL } else { QUALIFIED };
        let now = Timestamp::now();
        let wanted = Wanted { policies: vec![policy], more: self.pki.both_places(), ..Wanted::person(name) };
        self.pki.sub.issue(&Wanted { from: now + days(from), until: now + days(until), ..wanted })
    }

    /// The program's own configuration at a desk in operation: real readers, this CA, Kari appointed and trained a month ago.
    pub fn configuration(&self) -> Configuration {
        let mut configuration = configuration();
        let master = &mut configuration.master.value;
        master.trust = self.pki.settings();
        master.issue_process.third_party_id_control = true;
        master.issue_process.allow_operator_identification = true;
        master.roles.appointed = vec![appointed(&self.kari, Some(-30))];
        let local = &mut configuration.local.value;
        local.training = false;
        local.operator_reader.reader = Some("Operator Reader".into());
        local.holder_reader.reader = Some("Holder Reader".into());
        configuration
    }

    pub fn open(&self, data: &Path, change: impl FnOnce(&mut Configuration)) -> Station {
        let mut configuration = self.configuration();
        change(&mut configuration);
        let folder = DataFolder::locate(Some(data.to_owned()));
        Station::open(Arc::new(configuration), folder, env!("CARGO_BIN_EXE_bam-station").into(), Box::new(SystemClock)).unwrap()
    }
}

/// Appointed as an operator, trained so many days from now.
pub fn appointed(issued: &Issued, trained: Option<i64>) -> Appointment {
    let day = |from_now: i64| (Timestamp::now() + days(from_now)).to_zoned(jiff::tz::TimeZone::UTC).date();
    Appointment {
        issuer: issuer_text(&issued.certificate),
        serial: serial_text(&issued.certificate),
        roles: vec![Role::Operator],
        trained: trained.map(day),
        name: None,
    }
}

pub fn asked(function: Function, certificate: CertificateKind) -> Asked {
    let person = Person { identity_number: None, ..s::anna() };
    Asked { function, certificate, person, card: None, renewed_before: false, source: PersonSource::default() }
}

pub fn passport(station_configuration: &Configuration) -> Command {
    let kind = station_configuration.document_kind("passport").unwrap().clone();
    let verified_features = kind.features.iter().map(|feature| feature.id.clone()).collect();
    let name = DocumentName { first_names: "Anna".into(), last_name: "Eriksson".into(), middle: None };
    let document = PresentedDocument {
        issuing_state: "NOR".into(),
        issued: None,
        expires: "2099-01-01".parse().unwrap(),
        name,
        ..s::annas_passport()
    };
    Command::AcceptDocument(Box::new(bam_station::control::document::AcceptDocument {
        kind,
        verified_features,
        document,
        ..s::accept_passport()
    }))
}

pub fn strokes() -> Strokes {
    let line = |y: u32| (0..80).map(|i| PenPoint { x: 5000 + i * 700, y: y + (i % 9) * 400, t: i * 12, p: None }).collect();
    Strokes { width: 80_000, height: 30_000, strokes: vec![line(8000), line(16_000)] }
}

/// Begins, or panics with the refusal.
pub fn begin(station: &mut Station, asked: Asked) {
    match station.begin(asked).unwrap() {
        Began::Open(_) => {}
        Began::Refused(_, refusal) => panic!("{refusal}"),
    }
}

/// The code of the refusal, when the rules refuse to begin.
pub fn refused(station: &mut Station, asked: Asked) -> Option<&'static str> {
    match station.begin(asked).unwrap() {
        Began::Open(_) => None,
        Began::Refused(_, refusal) => Some(refusal.code()),
    }
}

/// From the document to the approval of a new card with qualified certificates.
pub fn up_to_the_approval(station: &mut Station) {
    begin(station, asked(Function::NewCard, CertificateKind::Qualified));
    station.act(passport(&station.configuration().clone())).unwrap();
    let control = station.show_terms(bam_station::config::Language::default()).unwrap();
    let terms = control.terms().on_screen().unwrap().text;
    station.act(Command::ReachLastPage(terms)).unwrap();
    station.act(Command::AcceptTerms(terms)).unwrap();
    station.capture_signature(&strokes()).unwrap();
    station.act(Command::JudgeSignature(bam_station::control::signature::Judgement::Alike)).unwrap();
    station.lay_specimen().unwrap();
    station.scan(&ScanControl::default()).unwrap();
    station.act(Command::JudgeScan(bam_station::control::scan::Judgement::Good)).unwrap();
    assert_eq!(step(station), Step::Approval);
}

pub fn step(station: &Station) -> Step {
    station.control().map(Control::step).unwrap()
}

/// Ends what is open.
pub fn abort(station: &mut Station) {
    station.act(Command::Abort { reason: "Enough".into() }).unwrap();
    if step(station) == Step::HandBack {
        station.act(Command::HandBack).unwrap();
    }
    station.leave_control().unwrap();
}

/// The kinds of the register's own journal entries.
pub fn register_entries(station: &Station, kind: &str) -> Vec<serde_json::Value> {
    let entries = station.register().entries("register").unwrap();
    entries.iter().filter(|entry| entry.kind == kind).map(|entry| serde_json::from_str(&entry.body).unwrap()).collect()
}

/// What the screens would show of a reader.
pub fn look(station: &Station, place: ReaderPlace) -> bam_station::station::SeenCard {
    let now = station.now();
    station.cards().look(place, now.at, now.today).unwrap()
}
