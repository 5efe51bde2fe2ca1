//! The five steps and every end of a control (seed 003).

use bam_station::{
    control::{
        Command, Control, End, Event, Outcome, Refusal, Step,
        document::{NoDocument, Suspicion},
        ending::Attempts,
        opening::{OpeningRefusal, open},
        own_card::ProvenCard,
        scan, signature,
        vouching::{PreviousScan, ThirdParty},
    },
    digest::Digest,
    imaging::upright::Turn,
    rules::{CardState, CertificateKind, Function, IssueProcess, Method},
};
use jiff::civil::date;

use crate::support::{self as s, act, opened, request};

#[test]
fn a_qualified_new_card_takes_all_five_steps_and_the_hand_back() {
    let mut control = s::qualified_at_signature();
    assert_eq!(control.step(), Step::Signature);
    act(&mut control, Command::CaptureSignature(s::signature(80_000)));
    act(&mut control, Command::JudgeSignature(signature::Judgement::Alike));
    assert_eq!(control.step(), Step::Scan);
    act(&mut control, Command::TakeScan(Box::new(s::scan())));
    act(&mut control, Command::TurnScan(s::upright(Turn::ThreeQuarter)));
    act(&mut control, Command::JudgeScan(scan::Judgement::Good));
    assert_eq!(control.scan().accepted().unwrap().scan.upright.turn, Turn::ThreeQuarter);
    assert_eq!(control.step(), Step::Approval);
    act(&mut control, Command::Approve(Box::new(s::approval())));
    assert_eq!((control.step(), control.end()), (Step::HandBack, Some(&End::Approved)));
    act(&mut control, Command::HandBack);
    assert_eq!(control.step(), Step::Closed);
    assert_eq!(control.decide(Command::HandBack, s::now(1)), Err(Refusal::Closed));
}

#[test]
fn the_flags_decide_the_steps_of_a_local_new_card() {
    for bits in 0..8u8 {
        let (terms, sign, scan) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
        let mut asked = request(Function::NewCard, CertificateKind::Local);
        asked.rules = s::rules_with(IssueProcess {
            require_terms_for_local: terms,
            require_signature_for_local: sign,
            require_scan_for_local: scan,
            ..IssueProcess::default()
        });
        let mut control = opened(asked);
        act(&mut control, Command::AcceptDocument(Box::new(s::accept_passport())));
        let expected = match (terms, sign, scan) {
            (true, _, _) => Step::Terms,
            (false, true, _) => Step::Signature,
            (false, false, true) => Step::Scan,
            (false, false, false) => Step::Approval,
        };
        assert_eq!(control.step(), expected, "terms {terms} signature {sign} scan {scan}");
    }
}

#[test]
fn a_replacement_card_scans_a_presented_document_only() {
    let mut by_document = s::with_method(Function::ReplacementCard, CertificateKind::Local, Method::Document);
    act(&mut by_document, Command::AcceptDocument(Box::new(s::accept_passport())));
    assert_eq!(by_document.step(), Step::Scan);
    let mut by_operator = s::with_method(Function::ReplacementCard, CertificateKind::Local, Method::Operator);
    act(&mut by_operator, Command::VouchAsOperator { statement: "Colleagues for nine years".into() });
    assert_eq!(by_operator.step(), Step::Approval);
    act(&mut by_operator, Command::Approve(Box::new(s::approval())));
    assert_eq!(by_operator.step(), Step::Closed, "there is no document to hand back");
}

#[test]
fn the_document_is_checked_against_the_rules() {
    type Change = fn(&mut bam_station::control::document::AcceptDocument);
    let cases: [(&str, Change); 12] = [
        ("DOCUMENT_EXPIRED", |d| d.document.expires = date(2026, 11, 20)),
        ("DOCUMENT_ISSUED_IN_FUTURE", |d| d.document.issued = Some(date(2026, 11, 22))),
        ("BORN_IN_FUTURE", |d| d.document.birth_date = date(2027, 1, 1)),
        ("DOCUMENT_DAMAGED", |d| d.undamaged = false),
        ("PHOTO_NOT_CONFIRMED", |d| d.person_matches_photo = false),
        ("TOO_FEW_FEATURES", |d| d.verified_features = vec!["a".into(), "a".into(), "b".into(), "unknown".into()]),
        ("NAME_DIFFERS", |d| d.document.name.last_name = "Ericsson".into()),
        ("BIRTH_DATE_DIFFERS", |d| d.document.birth_date = date(1974, 8, 13)),
        ("DOCUMENT_KIND_NOT_ACCEPTED", |d| d.kind.accepted_for.clear()),
        ("DOCUMENT_NUMBER_MISSING", |d| d.document.number = "  ".into()),
        ("ISSUING_STATE_NOT_LETTERS", |d| d.document.issuing_state = "Utopia".into()),
        ("TEXT_MISSING", |d| d.remark = Some(" ".into())),
    ];
    let control = opened(request(Function::NewCard, CertificateKind::Qualified));
    for (code, change) in cases {
        let mut document = s::accept_passport();
        change(&mut document);
        let refusal = control.decide(Command::AcceptDocument(Box::new(document)), s::now(1)).unwrap_err();
        assert_eq!(refusal.code(), code);
    }
    let mut last_day = s::accept_passport();
    last_day.document.expires = date(2026, 11, 21);
    assert!(control.decide(Command::AcceptDocument(Box::new(last_day)), s::now(1)).is_ok(), "valid to the end of its last day");
}

#[test]
fn an_identity_number_must_match_exactly_and_agree_with_the_birth_date() {
    let number = |text: &str| bam_station::rules::identity_number::IdentityNumber::parse(text).unwrap();
    let mut asked = request(Function::NewCard, CertificateKind::Qualified);
    asked.person.identity_number = Some(number("12887410079"));
    let control = opened(asked);
    let mut document = s::accept_passport();
    document.document.identity_number = Some(number("23839120095"));
    let refusal = control.decide(Command::AcceptDocument(Box::new(document)), s::now(1)).unwrap_err();
    assert_eq!(refusal, Refusal::IdentityNumberDiffers);
    let mut asked = request(Function::NewCard, CertificateKind::Qualified);
    asked.person.identity_number = Some(number("23839120095"));
    let refusal = opened(asked).decide(Command::AcceptDocument(Box::new(s::accept_passport())), s::now(1)).unwrap_err();
    assert_eq!(refusal, Refusal::BirthDateDiffers);
}

#[test]
fn every_end_of_step_one_closes_the_control_and_issues_nothing() {
    let cases: [(Command, Step); 4] = [
        (Command::RejectDocument { reason: "The laminate is loose".into() }, Step::HandBack),
        (Command::NoDocument(NoDocument::ComeBack), Step::Closed),
        (Command::NoDocument(NoDocument::Dispensation { note: "Rang the authority".into() }), Step::Closed),
        (Command::SuspectFalseDocument(Suspicion { note: "The picture is glued".into(), responsible_told: true }), Step::Closed),
    ];
    for (command, step) in cases {
        let mut control = opened(request(Function::NewCard, CertificateKind::Qualified));
        act(&mut control, command);
        assert_eq!(control.step(), step);
        assert_eq!(control.end().unwrap().outcome(), Outcome::Failed);
        assert!(control.approval().is_none());
    }
}

#[test]
fn terms_are_accepted_only_after_the_last_page_in_the_language_shown() {
    let (nb, en) = (s::shown_terms("nb").text, s::shown_terms("en").text);
    let mut control = opened(request(Function::NewCard, CertificateKind::Qualified));
    act(&mut control, Command::AcceptDocument(Box::new(s::accept_passport())));
    assert_eq!(control.decide(Command::AcceptTerms(nb), s::now(1)), Err(Refusal::TermsNotShown));
    act(&mut control, Command::ShowTerms(s::shown_terms("nb")));
    assert_eq!(control.decide(Command::AcceptTerms(nb), s::now(1)), Err(Refusal::TermsNotRead));
    act(&mut control, Command::ReachLastPage(nb));
    act(&mut control, Command::ShowTerms(s::shown_terms("en")));
    assert_eq!(control.decide(Command::AcceptTerms(en), s::now(1)), Err(Refusal::TermsNotRead), "the other language starts anew");
    act(&mut control, Command::ReachLastPage(en));
    act(&mut control, Command::AcceptTerms(en));
    assert_eq!(control.terms().acceptance().unwrap().terms.language, "en");
}

#[test]
fn a_touch_on_terms_that_are_not_shown_any_more_counts_for_nothing() {
    let (nb, en) = (s::shown_terms("nb").text, s::shown_terms("en").text);
    let mut control = opened(request(Function::NewCard, CertificateKind::Qualified));
    act(&mut control, Command::AcceptDocument(Box::new(s::accept_passport())));
    act(&mut control, Command::ShowTerms(s::shown_terms("nb")));
    act(&mut control, Command::ReachLastPage(nb));
    // The finger meant the text in bokmål; the text in English has taken its place.
    act(&mut control, Command::ShowTerms(s::shown_terms("en")));
    for late in [Command::ReachLastPage(nb), Command::AcceptTerms(nb), Command::DeclineTerms(nb)] {
        assert_eq!(control.decide(late, s::now(1)), Err(Refusal::OtherTermsShown));
    }
    act(&mut control, Command::ReachLastPage(en));
    assert_eq!(control.decide(Command::AcceptTerms(nb), s::now(1)), Err(Refusal::OtherTermsShown));
    act(&mut control, Command::AcceptTerms(en));
}

#[test]
fn declined_terms_end_the_control() {
    let mut control = opened(request(Function::NewCard, CertificateKind::Qualified));
    act(&mut control, Command::AcceptDocument(Box::new(s::accept_passport())));
    act(&mut control, Command::ShowTerms(s::shown_terms("nb")));
    act(&mut control, Command::DeclineTerms(s::shown_terms("nb").text));
    assert_eq!(control.end().unwrap().outcome(), Outcome::Declined);
    assert_eq!(control.step(), Step::HandBack, "the document still goes back");
}

#[test]
fn the_signature_is_judged_and_its_attempts_are_limited() {
    let mut control = s::qualified_at_signature();
    assert_eq!(control.decide(Command::JudgeSignature(signature::Judgement::Alike), s::now(1)), Err(Refusal::NothingToJudge));
    assert_eq!(control.decide(Command::CaptureSignature(s::signature(9_999)), s::now(1)), Err(Refusal::SignatureTooShort));
    for attempt in 1..=3 {
        act(&mut control, Command::CaptureSignature(s::signature(80_000)));
        assert_eq!(control.decide(Command::CaptureSignature(s::signature(80_000)), s::now(1)), Err(Refusal::NotJudgedYet));
        let events = act(&mut control, Command::JudgeSignature(signature::Judgement::Again { reason: None }));
        assert_eq!(events.len(), if attempt == 3 { 2 } else { 1 });
    }
    assert_eq!(control.end(), Some(&End::AttemptsUsedUp { of: Attempts::Signature }));
    assert_eq!(control.end().unwrap().outcome(), Outcome::Failed);
}

#[test]
fn the_last_allowed_signature_may_still_be_alike() {
    let mut control = s::qualified_at_signature();
    for _ in 0..2 {
        act(&mut control, Command::CaptureSignature(s::signature(80_000)));
        act(&mut control, Command::JudgeSignature(signature::Judgement::Again { reason: Some("In doubt".into()) }));
    }
    act(&mut control, Command::CaptureSignature(s::signature(80_000)));
    act(&mut control, Command::JudgeSignature(signature::Judgement::Alike));
    assert_eq!(control.signature().comparison().unwrap().attempts, 3);
}

#[test]
fn a_different_signature_ends_the_control() {
    let mut control = s::qualified_at_signature();
    act(&mut control, Command::CaptureSignature(s::signature(80_000)));
    act(&mut control, Command::JudgeSignature(signature::Judgement::Different { reason: "Another hand".into() }));
    assert_eq!(control.end().unwrap().outcome(), Outcome::Failed);
}

#[test]
fn scans_are_limited_and_faults_of_the_scanner_do_not_count() {
    let mut control = s::qualified_at_signature();
    act(&mut control, Command::CaptureSignature(s::signature(80_000)));
    act(&mut control, Command::JudgeSignature(signature::Judgement::Alike));
    for _ in 0..9 {
        act(&mut control, Command::RecordScanFault { code: "SCAN_JAMMED".into() });
    }
    assert_eq!((control.scan().attempts(), control.scan().faults().len()), (0, 9));
    for _ in 0..5 {
        act(&mut control, Command::TakeScan(Box::new(s::scan())));
        act(&mut control, Command::JudgeScan(scan::Judgement::Again { reason: Some("Glare".into()) }));
    }
    assert_eq!(control.end(), Some(&End::AttemptsUsedUp { of: Attempts::Scan }));
}

#[test]
fn an_abort_ends_a_control_at_every_step_but_the_hand_back() {
    let mut control = s::qualified_at_signature();
    assert_eq!(control.decide(Command::Abort { reason: "  ".into() }, s::now(1)), Err(Refusal::TextMissing));
    act(&mut control, Command::Abort { reason: "Fire alarm".into() });
    assert_eq!(control.end().unwrap().outcome(), Outcome::Aborted);
    assert_eq!(
        control.decide(Command::Abort { reason: "again".into() }, s::now(1)),
        Err(Refusal::NotThisStep { at: Step::HandBack })
    );
    act(&mut control, Command::HandBack);
    assert_eq!(control.step(), Step::Closed);
}

#[test]
fn own_card_needs_the_operators_look_first_and_the_right_certificate() {
    let mut control = s::with_method(Function::Renewal, CertificateKind::Qualified, Method::OwnCard);
    let prove = |name: &str, kind, state| Command::ProveOwnCard(s::card(name, kind, state));
    let q = CertificateKind::Qualified;
    assert_eq!(control.decide(prove("Anna Eriksson", q, CardState::Valid), s::now(1)), Err(Refusal::CardHolderNotConfirmed));
    act(&mut control, Command::ConfirmCardHolder);
    let refused = |control: &Control, command| control.decide(command, s::now(1)).unwrap_err();
    assert_eq!(
        refused(&control, prove("Anna Eriksson", CertificateKind::Local, CardState::Valid)),
        Refusal::CertificateOfOtherKind
    );
    assert_eq!(refused(&control, prove("Anna Eriksson", q, CardState::Revoked)), Refusal::CardInOtherState);
    assert_eq!(refused(&control, prove("Ann Eriksson", q, CardState::Valid)), Refusal::CardOfSomebodyElse);
    act(&mut control, prove("anna ERIKSSON", q, CardState::Valid));
    assert_eq!(control.step(), Step::Approval);
}

fn vouch(name: &str, certificate: CertificateKind, state: CardState) -> Command {
    Command::Vouch(Box::new(ThirdParty {
        card: s::card(name, certificate, state),
        says_name: "Anna Eriksson".into(),
        statement: "Her team leader since 2019".into(),
        superior: true,
    }))
}

fn compared(alike: bool) -> Command {
    Command::ComparePreviousScan(PreviousScan {
        control: bam_station::control::ControlId(uuid::Uuid::from_u128(3)),
        upright: Digest::of(b"earlier"),
        alike,
    })
}

#[test]
fn a_third_party_must_be_somebody_else_with_a_valid_certificate_of_the_same_kind() {
    let control = s::with_method(Function::ReplacementCard, CertificateKind::Local, Method::ThirdParty);
    let local = CertificateKind::Local;
    let refused = |command| control.decide(command, s::now(1)).unwrap_err();
    assert_eq!(refused(vouch("Per Hansen", CertificateKind::Qualified, CardState::Valid)), Refusal::CertificateOfOtherKind);
    assert_eq!(refused(vouch("Per Hansen", local, CardState::Expired)), Refusal::ThirdPartyCertificateNotValid);
    assert_eq!(refused(vouch("Per Hansen", local, CardState::Revoked)), Refusal::ThirdPartyCertificateNotValid);
    assert_eq!(refused(vouch("Anna  Eriksson", local, CardState::Valid)), Refusal::ThirdPartyIsSubject);
    assert_eq!(refused(vouch("KARI Nordmann", local, CardState::Valid)), Refusal::ThirdPartyIsOperator);
    let mut control = control;
    act(&mut control, vouch("Per Hansen", local, CardState::Valid));
    assert_eq!(control.step(), Step::Approval, "local: no comparison, and no document to scan");
}

#[test]
fn for_qualified_a_third_party_counts_only_with_the_earlier_scan() {
    let mut control = s::with_method(Function::ReplacementCard, CertificateKind::Qualified, Method::ThirdParty);
    act(&mut control, vouch("Per Hansen", CertificateKind::Qualified, CardState::Valid));
    assert_eq!(control.step(), Step::ThirdParty, "not enough yet");
    let mut different = control.clone();
    act(&mut different, compared(false));
    assert_eq!(different.end(), Some(&End::NotThePersonScannedEarlier));
    act(&mut control, compared(true));
    assert_eq!(control.step(), Step::Approval);
}

#[test]
fn nobody_vouches_at_first_issuance_whatever_the_flags_say() {
    for certificate in CertificateKind::ALL {
        let mut asked = request(Function::NewCard, certificate);
        asked.rules = s::rules_with(s::flags(true, true));
        let control = opened(asked);
        assert_eq!(control.step(), Step::Document, "the only method is chosen at once");
        for method in [Method::OwnCard, Method::ThirdParty, Method::Operator] {
            assert_eq!(control.decide(Command::ChooseMethod(method), s::now(1)), Err(Refusal::MethodNotInPlan { method }));
        }
    }
}

#[test]
fn the_operator_is_never_the_subject() {
    let refusal = |change: fn(&mut bam_station::control::OpenRequest)| {
        let mut asked = request(Function::NewCard, CertificateKind::Local);
        change(&mut asked);
        match open(asked).as_slice() {
            [Event::OpeningRefused(refused)] => refused.refusal,
            other => panic!("opened: {other:?}"),
        }
    };
    assert_eq!(refusal(|asked| asked.person.user_name = Some("KARNOR".into())), OpeningRefusal::OperatorIsSubject);
    assert_eq!(
        refusal(|asked| {
            asked.person.first_names = "kari".into();
            asked.person.last_name = " Nordmann ".into();
            asked.person.user_name = None;
        }),
        OpeningRefusal::OperatorIsSubject
    );
    // Å typed as one character in the certificate and as A with a ring above for the person.
    assert_eq!(
        refusal(|asked| {
            asked.operator.name = "Kari \u{c5}s".into();
            asked.person.first_names = "Kari".into();
            asked.person.last_name = "A\u{30a}s".into();
            asked.person.user_name = None;
        }),
        OpeningRefusal::OperatorIsSubject
    );
}

#[test]
fn a_software_key_signs_no_qualified_control_outside_training() {
    let mut asked = request(Function::NewCard, CertificateKind::Qualified);
    asked.rules.training = false;
    assert!(matches!(open(asked.clone()).as_slice(),
        [Event::OpeningRefused(refused)] if refused.refusal == OpeningRefusal::SoftwareKeyForQualified));
    asked.certificate = CertificateKind::Local;
    assert!(matches!(open(asked).as_slice(), [Event::Opened(_), ..]));
}

#[test]
fn the_operator_is_not_the_subject_under_a_longer_or_shorter_name_either() {
    let began = |operator: &str, first: &str, last: &str| {
        let mut asked = request(Function::NewCard, CertificateKind::Local);
        asked.operator.name = operator.into();
        (asked.person.first_names, asked.person.last_name) = (first.into(), last.into());
        matches!(open(asked)[0], Event::Opened(_))
    };
    assert!(!began("Kari Nordmann", "Kari Marie", "Nordmann"), "the certificate leaves out the middle name");
    assert!(!began("Kari Marie Nordmann", "Kari", "Nordmann"));
    assert!(!began("Nordmann Kari", "Kari", "Nordmann"));
    assert!(!began("Kari-Marie Nordmann", "Kari Marie", "Nordmann"));
    assert!(began("Kari Nordmann", "Kari", "Hansen"));
    assert!(began("Kari", "Kari", "Nordmann"), "one name of many tells nothing");
}

#[test]
fn a_third_party_is_neither_subject_nor_operator_when_a_user_name_or_a_middle_name_is_missing() {
    let control = s::with_method(Function::ReplacementCard, CertificateKind::Local, Method::ThirdParty);
    let refused = |name: &str, user_name: Option<&str>| {
        let card =
            ProvenCard { user_name: user_name.map(str::to_owned), ..s::card(name, CertificateKind::Local, CardState::Valid) };
        let third_party = ThirdParty { card, says_name: "Anna".into(), statement: "Colleagues".into(), superior: false };
        control.decide(Command::Vouch(Box::new(third_party)), s::now(1)).err()
    };
    assert_eq!(refused("Anna Sofie Eriksson", None), Some(Refusal::ThirdPartyIsSubject));
    assert_eq!(refused("Service Account", Some("ANNERI")), Some(Refusal::ThirdPartyIsSubject));
    assert_eq!(refused("Anna Eriksson", Some("admanna")), Some(Refusal::ThirdPartyIsSubject), "a second account of one person");
    assert_eq!(refused("Kari Nordmann", Some("admkari")), Some(Refusal::ThirdPartyIsOperator));
    assert_eq!(refused("Per Hansen", Some("perhan")), None);
}

#[test]
fn a_card_that_names_nobody_is_nobodys_and_one_that_ran_out_is_not_valid() {
    let mut asked = request(Function::Renewal, CertificateKind::Qualified);
    asked.card = Some(CardState::Valid);
    (asked.person.first_names, asked.person.last_name, asked.person.user_name) = (String::new(), String::new(), None);
    let mut nameless = opened(asked);
    act(&mut nameless, Command::ConfirmCardHolder);
    let card = s::card("", CertificateKind::Qualified, CardState::Valid);
    assert_eq!(nameless.decide(Command::ProveOwnCard(card), s::now(1)), Err(Refusal::CardOfSomebodyElse));

    let mut control = s::with_method(Function::Renewal, CertificateKind::Qualified, Method::OwnCard);
    act(&mut control, Command::ConfirmCardHolder);
    let mut card = s::card("Anna Eriksson", CertificateKind::Qualified, CardState::Valid);
    card.valid_until = s::at(0);
    assert_eq!(control.decide(Command::ProveOwnCard(card), s::now(1)), Err(Refusal::CardInOtherState));
}

#[test]
fn names_in_a_document_have_a_limit_and_its_number_is_kept_without_spaces_around_it() {
    let control = opened(request(Function::NewCard, CertificateKind::Local));
    let mut document = s::accept_passport();
    document.document.name.middle = Some("x".repeat(2001));
    assert_eq!(control.decide(Command::AcceptDocument(Box::new(document)), s::now(1)), Err(Refusal::TextTooLong));
    let mut document = s::accept_passport();
    document.document.number = " L898902C3 ".into();
    let events = control.decide(Command::AcceptDocument(Box::new(document)), s::now(1)).unwrap();
    assert!(matches!(&events[0], Event::DocumentAccepted(check) if check.document.number == "L898902C3"));
}
