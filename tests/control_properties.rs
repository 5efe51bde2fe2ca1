//! Whatever is commanded, in whatever order: a control never panics, a refusal changes nothing, and its journal reads back to
//! the same state.

use bam_station::{
    control::{
        Command, Control, ControlId, Event, Step,
        document::{NoDocument, Suspicion},
        opening::open,
        scan, signature,
        vouching::{PreviousScan, ThirdParty},
    },
    digest::Digest,
    imaging::upright::Turn,
    rules::{CardState, CertificateKind, Function, Method},
};
use proptest::prelude::*;

use crate::support as s;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just("  ".to_owned()), "[a-zæøå ]{1,20}", Just("x".repeat(2001))]
}

fn command() -> impl Strategy<Value = Command> {
    let method = prop::sample::select(Method::ALL.to_vec());
    let card =
        (prop::sample::select(CertificateKind::ALL.to_vec()), prop::sample::select(CardState::ALL.to_vec()), any::<bool>())
            .prop_map(|(kind, state, anna)| s::card(if anna { "Anna Eriksson" } else { "Per Hansen" }, kind, state));
    prop_oneof![
        1 => method.prop_map(Command::ChooseMethod),
        4 => Just(Command::AcceptDocument(Box::new(s::accept_passport()))),
        1 => text().prop_map(|reason| Command::RejectDocument { reason }),
        1 => Just(Command::NoDocument(NoDocument::ComeBack)),
        1 => text().prop_map(|note| Command::NoDocument(NoDocument::Dispensation { note })),
        1 => text().prop_map(|note| Command::SuspectFalseDocument(Suspicion { note, responsible_told: true })),
        2 => Just(Command::ConfirmCardHolder),
        4 => card.clone().prop_map(Command::ProveOwnCard),
        2 => (card, text()).prop_map(|(card, statement)| Command::Vouch(Box::new(ThirdParty {
            card, says_name: "Anna".into(), statement, superior: false }))),
        2 => any::<bool>().prop_map(|alike| Command::ComparePreviousScan(PreviousScan {
            control: ControlId(uuid::Uuid::from_u128(3)), upright: Digest::of(b"x"), alike })),
        2 => text().prop_map(|statement| Command::VouchAsOperator { statement }),
        4 => Just(Command::ShowTerms(s::shown_terms("nb"))),
        1 => Just(Command::ShowTerms(s::shown_terms("en"))),
        4 => Just(Command::ReachLastPage(s::shown_terms("nb").text)),
        4 => Just(Command::AcceptTerms(s::shown_terms("nb").text)),
        1 => Just(Command::AcceptTerms(s::shown_terms("en").text)),
        1 => Just(Command::DeclineTerms(s::shown_terms("nb").text)),
        4 => (9_000u64..90_000).prop_map(|ink| Command::CaptureSignature(s::signature(ink))),
        4 => Just(Command::JudgeSignature(signature::Judgement::Alike)),
        1 => Just(Command::JudgeSignature(signature::Judgement::Again { reason: None })),
        1 => text().prop_map(|reason| Command::JudgeSignature(signature::Judgement::Different { reason })),
        4 => Just(Command::TakeScan(Box::new(s::scan()))),
        1 => Just(Command::ReopenDocument),
        2 => Just(Command::TakeScan(Box::new(s::scan_with_zone()))),
        1 => text().prop_map(|reason| Command::JudgeScan(scan::Judgement::GoodAlthough { reason })),
        1 => text().prop_map(|reason| Command::JudgeSignature(signature::Judgement::AlikeAlthough { reason })),
        1 => Just(Command::TurnScan(s::upright(Turn::Half))),
        1 => Just(Command::RecordScanFault { code: "SCAN_JAMMED".into() }),
        4 => Just(Command::JudgeScan(scan::Judgement::Good)),
        1 => Just(Command::JudgeScan(scan::Judgement::Again { reason: None })),
        3 => Just(Command::Approve(Box::new(s::approval()))),
        1 => Just(Command::HandBack),
        1 => text().prop_map(|reason| Command::Abort { reason }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_commands_is_decided_and_reads_back(
        function in prop::sample::select(Function::ALL.to_vec()),
        certificate in prop::sample::select(CertificateKind::ALL.to_vec()),
        commands in prop::collection::vec(command(), 0..60),
    ) {
        let mut asked = s::request(function, certificate);
        asked.rules = s::rules_with(s::flags(true, true));
        asked.card = Some(CardState::Valid);
        let mut journal: Vec<(jiff::Timestamp, Event)> = open(asked).into_iter().map(|event| (s::at(0), event)).collect();
        let mut control = Control::replay(&journal).unwrap();
        for (second, command) in commands.into_iter().enumerate() {
            let now = s::now(second as i64);
            let before = control.clone();
            let was_closed = control.step() == Step::Closed;
            match control.decide(command, now) {
                Err(_) => prop_assert_eq!(&control, &before),
                Ok(events) => {
                    prop_assert!(!was_closed, "nothing happens in a closed control");
                    for event in events {
                        control.apply(now.at, &event).unwrap();
                        journal.push((now.at, event));
                    }
                }
            }
            prop_assert_eq!(control.end().is_some(), matches!(control.step(), Step::HandBack | Step::Closed));
        }
        // An approved control holds everything that its plan asked for.
        if control.approval().is_some() {
            let plan = &control.opening().plan;
            prop_assert!(control.identification().is_some());
            prop_assert!(!plan.terms || control.terms().acceptance().is_some());
            prop_assert!(!plan.signature || control.signature().comparison().is_some());
            prop_assert!(!control.needs(Step::Scan) || control.scan().accepted().is_some());
        }
        // What the journal keeps as JSON reads back to the same control.
        let kept: Vec<(jiff::Timestamp, Event)> = journal
            .iter()
            .map(|(at, event)| (*at, serde_json::from_str(&serde_json::to_string(event).unwrap()).unwrap()))
            .collect();
        prop_assert_eq!(Control::replay(&kept).unwrap(), control);
    }
}

#[test]
fn a_journal_that_does_not_fit_is_named_and_not_guessed() {
    let mut events: Vec<(jiff::Timestamp, Event)> =
        open(s::request(Function::NewCard, CertificateKind::Local)).into_iter().map(|event| (s::at(0), event)).collect();
    events.push((s::at(1), Event::TermsAccepted));
    let broken = Control::replay(&events).unwrap_err();
    assert_eq!((broken.index, broken.kind), (2, "terms-accepted"));
    assert!(Control::replay(&[]).is_err());
    assert!(Control::replay(&events[1..]).is_err());
}
