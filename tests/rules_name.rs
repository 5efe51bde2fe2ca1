//! The name in the register against the name on the document.

use bam_station::rules::name::{NameDifference, NameDifferenceReason, compare, is_same};
use bam_station::rules::{DocumentName, NameComparison, Person};
use proptest::prelude::*;

use NameDifferenceReason::{Hyphens, NotOnDocument, NotRegistered, NothingOnDocument};

fn person(first_names: &str, last_name: &str) -> Person {
    Person {
        first_names: first_names.to_owned(),
        last_name: last_name.to_owned(),
        identity_number: None,
        birth_date: None,
        user_name: None,
    }
}

fn document(first_names: &str, middle: &str, last_name: &str) -> DocumentName {
    DocumentName {
        first_names: first_names.to_owned(),
        last_name: last_name.to_owned(),
        middle: (!middle.is_empty()).then(|| middle.to_owned()),
    }
}

fn differs(first_names: Option<NameDifferenceReason>, last_name: Option<NameDifferenceReason>) -> NameComparison {
    NameComparison::Differs(NameDifference { first_names, last_name })
}

/// Registered first and last names, the document's first, middle and last names.
type Case = ((&'static str, &'static str), (&'static str, &'static str, &'static str));

#[test]
fn names_that_agree() {
    let cases: &[Case] = &[
        (("Anne", "Hansen"), ("Anne Louise", "", "Hansen")),
        (("Louise", "Hansen"), ("Anne Louise", "", "Hansen")),
        (("Louise Anne", "Hansen"), ("Anne Louise", "", "Hansen")),
        (("ANNE louise", "hansen"), ("Anne Louise", "", "HANSEN")),
        (("Åse", "Øverås"), ("ÅSE", "", "ØVERÅS")),
        (("  Anne \t Louise ", "Hansen\u{a0}"), ("Anne\u{2003}Louise", "", " Hansen")),
        (("Kari Berg", "Hansen"), ("Kari", "Berg", "Hansen")),
        (("Kari", "Berg Hansen"), ("Kari", "Berg", "Hansen")),
        (("Kari", "Berg"), ("Kari", "Berg", "Hansen")),
        (("Kari", "Hansen"), ("Kari", "", "Berg Hansen")),
        (("Anne-Louise", "Moe-Hansen"), ("ANNE\u{2010}LOUISE", "", "MOE\u{2011}HANSEN")),
        (("Jeanne", "d'Arc"), ("Jeanne", "", "D\u{2019}Arc")),
        (("", "Suharto"), ("", "", "Suharto")),
        (("Madonna", ""), ("Madonna", "", "")),
        (("Łukasz", "Żółć"), ("ŁUKASZ", "", "ŻÓŁĆ")),
        (("Иван", "Петров"), ("ИВАН", "", "ПЕТРОВ")),
        (("明", "王"), ("明", "", "王")),
        // One letter, typed as one character or as a letter and its mark; capital letters and the ångström sign as well.
        (("Rene\u{301}e", "A\u{30a}s"), ("Ren\u{e9}e", "", "\u{c5}s")),
        (("Ren\u{e9}e", "\u{c5}s"), ("RENE\u{301}E", "", "A\u{30a}S")),
        (("\u{212b}se", "\u{1f0}on"), ("\u{c5}SE", "", "J\u{30c}ON")),
    ];
    for ((first, last), (on_first, middle, on_last)) in cases {
        let answer = compare(&person(first, last), &document(on_first, middle, on_last));
        assert!(answer.is_match(), "{first} {last} on {on_first}/{middle}/{on_last}: {answer:?}");
    }
}

#[test]
fn names_that_differ_say_where_and_why() {
    let cases: &[(Case, Option<NameDifferenceReason>, Option<NameDifferenceReason>)] = &[
        ((("Ane Louise", "Hansen"), ("Anne Louise", "", "Hansen")), Some(NotOnDocument { word: 1 }), None),
        ((("Anne Lovise", "Hansen"), ("Anne Louise", "", "Hansen")), Some(NotOnDocument { word: 2 }), None),
        ((("Anne Louise", "Hansen"), ("Anne", "", "Hansen")), Some(NotOnDocument { word: 2 }), None),
        ((("Ann", "Hansen"), ("Anne", "", "Hansen")), Some(NotOnDocument { word: 1 }), None),
        ((("Anne Anne", "Hansen"), ("Anne", "", "Hansen")), Some(NotOnDocument { word: 2 }), None),
        ((("Anne", "Hanssen"), ("Anne", "", "Hansen")), None, Some(NotOnDocument { word: 1 })),
        ((("Anne", "Berg Hansen"), ("Anne Berg", "", "Hansen")), None, Some(NotOnDocument { word: 1 })),
        ((("Bjørn", "Moe"), ("Bjorn", "", "Moe")), Some(NotOnDocument { word: 1 }), None),
        ((("Rene\u{301}", "Moe"), ("Rene", "", "Moe")), Some(NotOnDocument { word: 1 }), None),
        ((("Rene\u{301}", "Moe"), ("Rene\u{300}", "", "Moe")), Some(NotOnDocument { word: 1 }), None),
        ((("René", "Strauß"), ("Rene", "", "Strauss")), Some(NotOnDocument { word: 1 }), Some(NotOnDocument { word: 1 })),
        ((("Anne-Louise", "Hansen"), ("Anne Louise", "", "Hansen")), Some(Hyphens), None),
        ((("Anne", "Hansen"), ("Anne-Louise", "", "Hansen")), Some(Hyphens), None),
        ((("Anne Louise", "Moe-Hansen"), ("Anne-Louise", "", "Moe Hansen")), Some(Hyphens), Some(Hyphens)),
        ((("", "Hansen"), ("Anne", "", "Hansen")), Some(NotRegistered), None),
        ((("Anne", ""), ("Anne", "", "Hansen")), None, Some(NotRegistered)),
        ((("Anne", "Hansen"), ("Anne", "", " ")), None, Some(NothingOnDocument)),
        ((("Anne", "Hansen"), ("", "", "Hansen")), Some(NothingOnDocument), None),
        ((("", ""), ("", "", "")), None, Some(NotRegistered)),
        ((("-", "Hansen"), ("Anne", "", "Hansen")), Some(NotOnDocument { word: 1 }), None),
        ((("Hansen", "Anne"), ("Anne", "", "Hansen")), Some(NotOnDocument { word: 1 }), Some(NotOnDocument { word: 1 })),
    ];
    for (((first, last), (on_first, middle, on_last)), first_names, last_name) in cases {
        let answer = compare(&person(first, last), &document(on_first, middle, on_last));
        assert_eq!(answer, differs(*first_names, *last_name), "{first} {last} on {on_first}/{middle}/{on_last}");
    }
}

#[test]
fn a_full_name_is_the_same_word_for_word() {
    for (one, other) in
        [("Kari Ås", " KARI  A\u{30a}S "), ("Jean-Luc D\u{2019}Arc", "jean\u{2010}luc d'arc"), ("karnor", "KARNOR")]
    {
        assert!(is_same(one, other), "{one} {other}");
    }
    for (one, other) in
        [("Kari Ås", "Kari As"), ("Kari Ås", "Ås Kari"), ("Kari", "Kari Ås"), ("Anne-Lise", "Anne Lise"), ("é", "e")]
    {
        assert!(!is_same(one, other), "{one} {other}");
    }
}

#[test]
fn the_answer_is_recorded_in_stable_words() {
    let answer = compare(&person("Ane-Louise", "Moe-Hansen"), &document("Anne", "", "Moe Hansen"));
    assert_eq!(
        serde_json::to_string(&answer).unwrap(),
        r#"{"result":"differs","first_names":{"not-on-document":{"word":1}},"last_name":"hyphens"}"#
    );
    let NameComparison::Differs(difference) = answer else { panic!("{answer:?}") };
    assert_eq!(
        difference.to_string(),
        "first names: registered name number 1 does not stand in the document; last name: only hyphens differ"
    );
    assert_eq!(serde_json::to_string(&NameComparison::Match).unwrap(), r#"{"result":"match"}"#);
}

proptest! {
    /// Leaving out names agrees; a name that the document does not have never does, and its message does not repeat it.
    #[test]
    fn fewer_names_agree_and_other_names_never(
        names in prop::collection::vec("[a-zåøæ]{2,8}", 1..5),
        keep in prop::collection::vec(any::<bool>(), 5),
        other in "[A-Z]{2}9[A-Z]{2}",
    ) {
        let kept: Vec<&str> = names.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(name, _)| name.as_str()).collect();
        prop_assume!(!kept.is_empty());
        let on_document = document(&names.join(" ").to_uppercase(), "", "Hansen");
        prop_assert!(compare(&person(&kept.join("  "), "Hansen"), &on_document).is_match());

        let strange = format!("{} {other}", kept.join(" "));
        let answer = compare(&person(&strange, "Hansen"), &on_document);
        prop_assert_eq!(&answer, &differs(Some(NotOnDocument { word: kept.len() + 1 }), None));
        if let NameComparison::Differs(difference) = answer {
            prop_assert!(!difference.to_string().to_lowercase().contains(&other.to_lowercase()));
        }
    }

    #[test]
    fn no_text_breaks_the_comparison(a in "\\PC{0,60}", b in "\\PC{0,60}", c in "\\PC{0,60}", d in "\\PC{0,60}") {
        let answer = compare(&person(&a, &b), &document(&c, "", &d));
        if let NameComparison::Differs(difference) = answer {
            prop_assert!(difference.first_names.is_some() || difference.last_name.is_some());
        }
    }

    /// A person whose name stands in the document as it is registered always agrees.
    #[test]
    fn the_same_name_agrees(first in "\\PC{1,40}", last in "\\PC{1,40}") {
        prop_assume!(!first.trim().is_empty() && !last.trim().is_empty());
        prop_assert!(compare(&person(&first, &last), &document(&first, "", &last)).is_match());
    }
}
