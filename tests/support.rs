//! What several tests need: an opening, a document, a signature, a scan. All persons are made up.

use bam_station::{
    control::{
        Approval, Command, Control, ControlId, Event, Now, OpenRequest, Operator, PresentedDocument,
        document::AcceptDocument,
        opening::{CardSource, EffectiveRules, open},
        own_card::ProvenCard,
        scan::{DocumentScan, Examined, TakenScan, Upright, ZoneRead},
        signature::CapturedSignature,
        terms::ShownTerms,
    },
    digest::Digest,
    imaging::upright::Turn,
    rules::{
        CardState, CertificateKind, Conditions, DocumentKind, Function, IssueProcess, LocalText, LraMode, Method, Person, Pose,
        conditions::Known, document_kind::SecurityFeature, name::DocumentName,
    },
};
use jiff::{Timestamp, civil::date};

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

pub fn now(second: i64) -> Now {
    Now { at: at(second), today: date(2026, 11, 21) }
}

pub fn anna() -> Person {
    Person {
        first_names: "Anna".into(),
        last_name: "Eriksson".into(),
        identity_number: None,
        birth_date: Some(date(1974, 8, 12)),
        user_name: Some("anneri".into()),
    }
}

pub fn kari() -> Operator {
    Operator {
        name: "Kari Nordmann".into(),
        user_name: Some("karnor".into()),
        certificate_issuer: "CN=Training CA".into(),
        certificate_serial: "01AB".into(),
        software_key: true,
        trained: None,
    }
}

pub fn rules_with(issue_process: IssueProcess) -> EffectiveRules {
    EffectiveRules {
        company: "Utopia kommune".into(),
        office: "ID-kontoret".into(),
        mode: LraMode::Mixed,
        issue_process,
        conditions: Conditions::default(),
        master: Digest::of(b"MASTER"),
        training: true,
        program: "test".into(),
        signed_by: None,
    }
}

pub fn request(function: Function, certificate: CertificateKind) -> OpenRequest {
    OpenRequest {
        id: ControlId(uuid::Uuid::from_u128(7)),
        function,
        certificate,
        person: anna(),
        operator: kari(),
        card: None,
        qualified_on_card: None,
        card_source: CardSource::Statement,
        renewed_before: false,
        known: Known::default(),
        rules: rules_with(IssueProcess::default()),
    }
}

pub fn passport() -> DocumentKind {
    let text = |t: &str| LocalText::new(t, t);
    let feature = |id: &str| SecurityFeature { id: id.into(), text: text(id), always: false };
    DocumentKind::new("passport", text("Pass"), [125.0, 88.0], Pose::Upright, ["a", "b", "c", "d"].map(feature).to_vec())
}

pub fn annas_passport() -> PresentedDocument {
    PresentedDocument {
        issuing_state: "UTO".into(),
        number: "L898902C3".into(),
        issued: Some(date(2023, 4, 16)),
        expires: date(2033, 4, 15),
        name: DocumentName { first_names: "Anna Maria".into(), last_name: "Eriksson".into(), middle: None },
        birth_date: date(1974, 8, 12),
        identity_number: None,
    }
}

pub fn accept_passport() -> AcceptDocument {
    AcceptDocument {
        kind: passport(),
        document: annas_passport(),
        verified_features: vec!["a".into(), "b".into(), "c".into()],
        undamaged: true,
        person_matches_photo: true,
        reference: None,
        remark: None,
    }
}

pub fn shown_terms(language: &str) -> ShownTerms {
    ShownTerms {
        id: "qualified".into(),
        version: "1".into(),
        language: language.into(),
        title: "Terms".into(),
        text: Digest::of(language.as_bytes()),
    }
}

pub fn signature(ink_length: u64) -> CapturedSignature {
    CapturedSignature {
        strokes: Digest::of(b"strokes"),
        picture: Digest::of(b"picture"),
        stroke_count: 2,
        points: 200,
        duration_ms: 1500,
        ink_length,
    }
}

pub fn upright(turn: Turn) -> Upright {
    Upright { picture: Digest::of(b"upright"), turn, crop: None, width: 1748, height: 1240 }
}

pub fn scan() -> TakenScan {
    let scan = DocumentScan {
        raw: Digest::of(b"raw"),
        raw_width: 1240,
        raw_height: 1748,
        dpi: 300,
        device: "virtual".into(),
        upright: upright(Turn::Quarter),
        examined: None,
    };
    TakenScan { scan, kind: passport() }
}

/// A scan whose zone is that of the specimen passport, which differs from what is typed in the kind alone.
pub fn scan_with_zone() -> TakenScan {
    let lines = bam_station::imaging::specimen::Specimen::passport().mrz_lines();
    let zone = ZoneRead::Certain { format: bam_station::imaging::mrz::Format::Td3, lines };
    let mut taken = scan();
    taken.scan.examined = Some(Examined { findings: vec![], zone });
    taken
}

pub fn approval() -> Approval {
    Approval {
        report: Digest::of(b"report"),
        size: 6,
        record: Digest::of(b"record"),
        completed_at: at(900),
        signed_at: at(901),
        level: "B-B".into(),
        judged: None,
        time_stamp_fault: None,
    }
}

pub fn card(name: &str, certificate: CertificateKind, state: CardState) -> ProvenCard {
    ProvenCard {
        name: name.into(),
        user_name: None,
        certificate_issuer: "CN=Training CA".into(),
        certificate_serial: "77".into(),
        certificate,
        state,
        valid_until: at(1_000_000),
        judged: None,
    }
}

/// A control that was opened and, where the plan leaves a choice, waits for the method.
pub fn opened(request: OpenRequest) -> Control {
    let events = open(request);
    let mut control = Control::begin(&events[0], at(0)).expect("the plan allows this control");
    for event in &events[1..] {
        control.apply(at(0), event).unwrap();
    }
    control
}

/// Decides and applies, as the station does.
pub fn act(control: &mut Control, command: Command) -> Vec<Event> {
    let events = control.decide(command, now(10)).unwrap_or_else(|refusal| panic!("refused: {refusal}"));
    for event in &events {
        control.apply(at(10), event).unwrap();
    }
    events
}

/// A new qualified card up to, and not including, the step.
pub fn qualified_at_signature() -> Control {
    let mut control = opened(request(Function::NewCard, CertificateKind::Qualified));
    act(&mut control, Command::AcceptDocument(Box::new(accept_passport())));
    act(&mut control, Command::ShowTerms(shown_terms("nb")));
    act(&mut control, Command::ReachLastPage(shown_terms("nb").text));
    act(&mut control, Command::AcceptTerms(shown_terms("nb").text));
    control
}

pub fn flags(third_party: bool, operator: bool) -> IssueProcess {
    IssueProcess { third_party_id_control: third_party, allow_operator_identification: operator, ..IssueProcess::default() }
}

pub fn with_method(function: Function, certificate: CertificateKind, method: Method) -> Control {
    let mut asked = request(function, certificate);
    asked.rules = rules_with(flags(true, true));
    asked.card = Some(CardState::Valid);
    let mut control = opened(asked);
    act(&mut control, Command::ChooseMethod(method));
    control
}
