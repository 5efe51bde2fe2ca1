//! Kinds of documents: which document is refused, and which security features a control asks for.

use std::collections::{BTreeMap, BTreeSet};

use bam_station::rules::{
    CertificateKind, DocumentKind, LocalText, Pose,
    document_kind::{FEWEST_FEATURES, KindRefusal, Presented, SecurityFeature, Validity},
};
use jiff::{ToSpan as _, civil::date};
use proptest::prelude::*;

fn kind(always: &[bool], drawn: usize) -> DocumentKind {
    let text = || LocalText::new("tekst", "text");
    let feature = |(place, always): (usize, &bool)| SecurityFeature { id: format!("f{place}"), text: text(), always: *always };
    let features = always.iter().enumerate().map(feature).collect();
    DocumentKind { features_drawn: drawn, ..DocumentKind::new("card", text(), [85.6, 54.0], Pose::Lying, features) }
}

fn good() -> Presented<'static> {
    Presented { issuing_state: "NOR", issued: Some(date(2022, 3, 1)), expires: date(2032, 3, 1) }
}

#[test]
fn each_rule_of_a_kind_refuses_from_its_first_day_to_its_last() {
    let today = date(2026, 11, 21);
    let (day_before, day_after) = (today.checked_sub(1.day()).unwrap(), today.checked_add(1.day()).unwrap());
    let open = || Validity::default();
    let local = CertificateKind::Local;
    for (name, validity, document, expected) in [
        ("nothing limits", open(), good(), None),
        ("valid on the last day", open(), Presented { expires: today, ..good() }, None),
        ("expired", open(), Presented { expires: day_before, ..good() }, Some(KindRefusal::Expired { on: day_before })),
        ("accepted from today", Validity { accepted_from: Some(today), ..open() }, good(), None),
        (
            "accepted from tomorrow",
            Validity { accepted_from: Some(day_after), ..open() },
            good(),
            Some(KindRefusal::NotYetAccepted { from: day_after }),
        ),
        ("accepted until today", Validity { accepted_until: Some(today), ..open() }, good(), None),
        (
            "accepted until yesterday",
            Validity { accepted_until: Some(day_before), ..open() },
            good(),
            Some(KindRefusal::NoLongerAccepted { until: day_before }),
        ),
        ("issued on the first day", Validity { issued_from: Some(date(2022, 3, 1)), ..open() }, good(), None),
        (
            "issued too early",
            Validity { issued_from: Some(date(2022, 3, 2)), ..open() },
            good(),
            Some(KindRefusal::IssuedTooEarly { from: date(2022, 3, 2) }),
        ),
        (
            "no date of issue is printed",
            Validity { issued_from: Some(date(2022, 3, 2)), most_years: Some(1), ..open() },
            Presented { issued: None, ..good() },
            None,
        ),
        ("ten years to the day", Validity { most_years: Some(10), ..open() }, good(), None),
        (
            "a day more than ten years",
            Validity { most_years: Some(10), ..open() },
            Presented { expires: date(2032, 3, 2), ..good() },
            Some(KindRefusal::ValidTooLong { years: 10 }),
        ),
        ("of an issuer that is listed", Validity { issued_by: vec!["NOR".into()], ..open() }, good(), None),
        (
            "of an issuer that is not",
            Validity { issued_by: vec!["SWE".into()], ..open() },
            good(),
            Some(KindRefusal::IssuerNotAccepted),
        ),
        (
            "of an issuer that is excluded",
            Validity { not_issued_by: vec!["NOR".into()], ..open() },
            good(),
            Some(KindRefusal::IssuerNotAccepted),
        ),
    ] {
        let kind = DocumentKind { validity, ..kind(&[false; 5], 3) };
        assert_eq!(kind.refusals(document, local, today, false), Vec::from_iter(expected), "{name}");
        assert_eq!(kind.refusals(document, local, today, true), Vec::from_iter(expected), "{name}, in training");
    }
    let only_local = DocumentKind { accepted_for: vec![local], ..kind(&[false; 5], 3) };
    assert_eq!(only_local.refusals(good(), CertificateKind::Qualified, today, false), [KindRefusal::NotForCertificate]);
    assert_eq!(only_local.refusals(good(), local, today, false), []);
}

#[test]
fn specimens_are_accepted_in_training_and_never_else() {
    let specimen = Presented { issuing_state: "UTO", ..good() };
    for validity in [
        Validity::default(),
        Validity { issued_by: vec!["NOR".into()], ..Validity::default() },
        Validity { issued_by: vec!["UTO".into()], ..Validity::default() },
    ] {
        let kind = DocumentKind { validity, ..kind(&[false; 5], 3) };
        let refusals = |training| kind.refusals(specimen, CertificateKind::Local, date(2026, 11, 21), training);
        assert_eq!((refusals(true), refusals(false)), (vec![], vec![KindRefusal::IssuerNotAccepted]));
    }
}

#[test]
fn every_reason_is_told_at_once() {
    let validity = Validity {
        accepted_until: Some(date(2020, 1, 1)),
        issued_from: Some(date(2025, 1, 1)),
        most_years: Some(2),
        not_issued_by: vec!["NOR".into()],
        ..Validity::default()
    };
    let kind = DocumentKind { validity, accepted_for: vec![], ..kind(&[false; 5], 3) };
    let codes: BTreeSet<&str> =
        kind.refusals(good(), CertificateKind::Local, date(2033, 1, 1), false).iter().map(KindRefusal::code).collect();
    assert_eq!(codes.len(), 6, "{codes:?}");
}

#[test]
fn the_draw_is_fair() {
    let kind = kind(&[true, false, false, false, false, false], 4);
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for chance in 0..10_000 {
        for feature in kind.draw(chance) {
            *times.entry(&feature.id).or_default() += 1;
        }
    }
    // The one that always belongs to it, and three of the five others: 6000 each, within six deviations of 49.
    assert_eq!(times.remove("f0"), Some(10_000));
    assert!(times.len() == 5 && times.values().all(|number| number.abs_diff(6_000) < 300), "{times:?}");
}

proptest! {
    #[test]
    fn a_draw_is_repeatable_in_order_and_never_too_small(
        always in prop::collection::vec(any::<bool>(), 3..12),
        drawn in 0..14_usize,
        chance: u64,
    ) {
        let kind = kind(&always, drawn);
        let features = kind.draw(chance);
        prop_assert_eq!(&features, &kind.draw(chance));
        let wanted = drawn.max(FEWEST_FEATURES).max(always.iter().filter(|always| **always).count()).min(always.len());
        prop_assert_eq!(features.len(), wanted);
        prop_assert!(kind.features.iter().filter(|feature| feature.always).all(|feature| features.contains(&feature)));
        let place = |feature: &SecurityFeature| kind.features.iter().position(|own| own == feature).unwrap();
        prop_assert!(features.is_sorted_by(|a, b| place(a) < place(b)), "each once, in the order of the list");
    }
}
