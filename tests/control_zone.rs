//! The machine readable zone of the scan against what was typed: the control decides what is corrected, explained or refused.

use bam_station::{
    control::{
        Command, Control, Event, Refusal, Step,
        document::AcceptDocument,
        scan::{Examined, Judgement, TakenScan, ZoneRead},
        signature,
    },
    imaging::{
        Finding,
        mrz::{Doubt, Format},
        specimen::Specimen,
    },
    rules::{
        CertificateKind, Function,
        cross_check::Matter,
        document_kind::{KindRefusal, KindZone},
    },
};
use jiff::civil::date;

use crate::support::{self as s, act};

/// Anna's passport as she presents it; `change` is what the operator types otherwise.
fn typed(change: impl FnOnce(&mut AcceptDocument)) -> AcceptDocument {
    let mut accept = s::accept_passport();
    accept.kind.mrz = Some(KindZone { format: Format::Td3, codes: vec!["P".into()] });
    change(&mut accept);
    accept
}

/// The zone of that passport.
fn zone() -> ZoneRead {
    ZoneRead::Certain { format: Format::Td3, lines: Specimen::passport().mrz_lines() }
}

fn scan(zone: ZoneRead, findings: &[Finding]) -> Box<TakenScan> {
    let mut taken = TakenScan { kind: typed(|_| {}).kind, ..s::scan() };
    taken.scan.examined = Some(Examined { findings: findings.to_vec(), zone });
    Box::new(taken)
}

/// A control that waits for its scan, with what was typed.
fn at_scan(accept: AcceptDocument) -> Control {
    let mut control = s::opened(s::request(Function::NewCard, CertificateKind::Qualified));
    act(&mut control, Command::AcceptDocument(Box::new(accept)));
    act(&mut control, Command::ShowTerms(s::shown_terms("nb")));
    act(&mut control, Command::ReachLastPage(s::shown_terms("nb").text));
    act(&mut control, Command::AcceptTerms(s::shown_terms("nb").text));
    act(&mut control, Command::CaptureSignature(s::signature(40_000)));
    act(&mut control, Command::JudgeSignature(signature::Judgement::Alike));
    control
}

fn judged(control: &Control, judgement: Judgement) -> Result<Vec<Event>, Refusal> {
    control.decide(Command::JudgeScan(judgement), s::now(20))
}

fn although(reason: &str) -> Judgement {
    Judgement::GoodAlthough { reason: reason.into() }
}

#[test]
fn a_zone_that_agrees_is_on_record_and_nothing_is_asked() {
    let mut control = at_scan(typed(|_| {}));
    let events = act(&mut control, Command::TakeScan(scan(zone(), &[])));
    assert!(matches!(&events[..], [Event::ScanTaken(_), Event::ZoneChecked(_)]), "{events:?}");
    act(&mut control, Command::JudgeScan(Judgement::Good));
    assert_eq!(control.step(), Step::Approval);
    let accepted = control.scan().accepted().unwrap();
    let check = accepted.zone_check.unwrap();
    assert!(check.mismatches.is_empty() && check.refusals.is_empty() && check.corrected.is_empty() && !check.name_cut);
    assert_eq!(accepted.reason, None);
}

#[test]
fn a_typing_error_is_corrected_at_step_one_and_both_values_stay_on_record() {
    let mut control = at_scan(typed(|accept| accept.document.number = "L898902C8".into()));
    act(&mut control, Command::TakeScan(scan(zone(), &[])));
    let check = control.scan().zone_check().unwrap().clone();
    let [wrong] = &check.mismatches[..] else { panic!("{:?}", check.mismatches) };
    assert_eq!((wrong.matter, wrong.typed.as_str(), wrong.zone.as_str()), (Matter::Number, "L898902C8", "L898902C3"));
    for judgement in [Judgement::Good, although("It is hard to read")] {
        assert_eq!(judged(&control, judgement), Err(Refusal::ZoneDiffers), "a number is no matter of taste");
    }
    assert_eq!(control.step(), Step::Scan);

    act(&mut control, Command::ReopenDocument);
    assert_eq!(control.step(), Step::Document);
    assert!(control.identification().is_none(), "nothing is identified until the document is accepted anew");
    let events = act(&mut control, Command::AcceptDocument(Box::new(typed(|_| {}))));
    assert!(matches!(&events[..], [Event::DocumentAccepted(_), Event::ZoneChecked(_)]), "{events:?}");
    assert_eq!(control.step(), Step::Scan, "terms, signature and picture stand");
    act(&mut control, Command::JudgeScan(Judgement::Good));
    let check = control.scan().accepted().unwrap().zone_check.unwrap();
    assert!(check.mismatches.is_empty());
    assert_eq!(check.corrected.as_slice(), std::slice::from_ref(wrong));
}

#[test]
fn what_was_corrected_stays_on_record_over_a_new_scan_and_a_correction_that_is_none_is_no_way_out() {
    let mut control = at_scan(typed(|accept| accept.document.expires = date(2033, 4, 16)));
    act(&mut control, Command::TakeScan(scan(zone(), &[])));
    act(&mut control, Command::ReopenDocument);
    act(&mut control, Command::AcceptDocument(Box::new(typed(|accept| accept.document.expires = date(2034, 4, 15)))));
    assert_eq!(judged(&control, Judgement::Good), Err(Refusal::ZoneDiffers));
    assert!(control.scan().zone_check().unwrap().corrected.is_empty(), "it is still wrong");
    act(&mut control, Command::ReopenDocument);
    act(&mut control, Command::AcceptDocument(Box::new(typed(|_| {}))));
    act(&mut control, Command::JudgeScan(Judgement::Again { reason: None }));
    act(&mut control, Command::TakeScan(scan(zone(), &[])));
    act(&mut control, Command::JudgeScan(Judgement::Good));
    let accepted = control.scan().accepted().unwrap();
    assert_eq!(accepted.attempts, 2);
    let corrected = accepted.zone_check.unwrap().corrected;
    assert_eq!(corrected.iter().map(|mismatch| mismatch.typed.as_str()).collect::<Vec<_>>(), ["2034-04-15"]);
}

#[test]
fn a_name_that_its_issuer_spells_otherwise_needs_a_reason() {
    // Anna is typed with a middle name that her passport's zone does not have.
    let mut control = at_scan(typed(|accept| accept.document.name.first_names = "Anna Maria Sofia".into()));
    act(&mut control, Command::TakeScan(scan(zone(), &[])));
    assert!(control.scan().zone_check().unwrap().differs_in_names_alone());
    assert_eq!(judged(&control, Judgement::Good), Err(Refusal::ScanReasonNeeded));
    assert_eq!(judged(&control, although("  ")), Err(Refusal::TextMissing));
    let reason = "The page shows the third name, the zone has no room for it.";
    act(&mut control, Command::JudgeScan(although(reason)));
    assert_eq!(control.step(), Step::Approval);
    assert_eq!(control.scan().accepted().unwrap().reason.as_deref(), Some(reason));
}

#[test]
fn a_document_that_expired_by_its_zone_is_refused_whatever_was_typed() {
    let expired = Specimen { expires: date(2025, 1, 1), ..Specimen::passport() };
    let lines = expired.mrz_lines();
    let mut control = at_scan(typed(|_| {}));
    act(&mut control, Command::TakeScan(scan(ZoneRead::Certain { format: Format::Td3, lines }, &[])));
    let refused = Refusal::DocumentNotAccepted(KindRefusal::Expired { on: date(2025, 1, 1) });
    for judgement in [Judgement::Good, although("Nearly valid")] {
        assert_eq!(judged(&control, judgement), Err(refused.clone()));
    }
    // Back at step 1 the document can be rejected, and a false one suspected.
    act(&mut control, Command::ReopenDocument);
    act(&mut control, Command::RejectDocument { reason: "Expired".into() });
    assert_eq!(control.step(), Step::HandBack);
}

#[test]
fn nothing_is_guessed_from_a_zone_that_is_not_certain() {
    for zone in [ZoneRead::NotFound, ZoneRead::Uncertain { why: Doubt::Faint }] {
        let mut control = at_scan(typed(|accept| accept.document.number = "OTHER".into()));
        let events = act(&mut control, Command::TakeScan(scan(zone, &[])));
        assert!(matches!(&events[..], [Event::ScanTaken(_)]), "{events:?}");
        assert!(control.scan().zone_check().is_none());
        act(&mut control, Command::JudgeScan(Judgement::Good));
        assert!(control.scan().accepted().unwrap().zone_check.is_none());
    }
}

#[test]
fn a_picture_with_something_wrong_is_good_with_a_reason_only() {
    let mut control = at_scan(typed(|_| {}));
    act(&mut control, Command::TakeScan(scan(ZoneRead::NotFound, &[Finding::Glare, Finding::Blurred])));
    assert_eq!(judged(&control, Judgement::Good), Err(Refusal::ScanReasonNeeded));
    act(&mut control, Command::JudgeScan(although("The reflection lies beside the data")));
    assert_eq!(control.step(), Step::Approval);
}

#[test]
fn a_signature_found_alike_in_doubt_keeps_its_reason() {
    let mut control = s::qualified_at_signature();
    act(&mut control, Command::CaptureSignature(s::signature(40_000)));
    let doubtful = |reason: &str| Command::JudgeSignature(signature::Judgement::AlikeAlthough { reason: reason.into() });
    assert_eq!(control.decide(doubtful(""), s::now(1)), Err(Refusal::TextMissing));
    act(&mut control, doubtful("The hand was in a bandage"));
    assert_eq!(control.step(), Step::Scan);
    assert_eq!(control.signature().comparison().unwrap().reason.as_deref(), Some("The hand was in a bandage"));
}

#[test]
fn another_way_of_identification_after_the_scan_leaves_terms_and_signature_as_they_are() {
    let mut asked = s::request(Function::ReplacementCard, CertificateKind::Local);
    asked.rules = s::rules_with(s::flags(true, true));
    let mut control = s::opened(asked);
    act(&mut control, Command::ChooseMethod(bam_station::rules::Method::Document));
    act(&mut control, Command::AcceptDocument(Box::new(typed(|_| {}))));
    assert_eq!(control.step(), Step::Scan);
    act(&mut control, Command::ReopenDocument);
    act(&mut control, Command::ChooseMethod(bam_station::rules::Method::Operator));
    act(&mut control, Command::VouchAsOperator { statement: "Colleague for nine years".into() });
    assert_eq!(control.step(), Step::Approval);
}
