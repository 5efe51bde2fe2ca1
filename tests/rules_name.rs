//! The name in the register against the name on the document.

use bam_station::rules::name::{NameDifference, NameDifferenceReason, NamePart, compare};
use bam_station::rules::{DocumentName, NameComparison, Person};
use proptest::prelude::*;

use NameDifferenceReason::{Hyphens, NotOnDocument, NotRegistered, NothingOnDocument};
use NamePart::{FirstNames, LastName};

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

fn differs(differences: &[(NamePart, NameDifferenceReason)]) -> NameComparison {
    NameComparison::Differs {
        what: differences
            .iter()
            .map(|&(part, why)| NameDifference { part, why })
            .collect(),
    }
}

/// Registered first and last names, the document's first, middle and last names.
type Case = (
    (&'static str, &'static str),
    (&'static str, &'static str, &'static str),
);

#[test]
fn names_that_agree() {
    let cases: &[Case] = &[
        (("Anne", "Hansen"), ("Anne Louise", "", "Hansen")),
        (("Louise", "Hansen"), ("Anne Louise", "", "Hansen")),
        (("Louise Anne", "Hansen"), ("Anne Louise", "", "Hansen")),
        (("ANNE louise", "hansen"), ("Anne Louise", "", "HANSEN")),
        (("Åse", "Øverås"), ("ÅSE", "", "ØVERÅS")),
        (
            ("  Anne \t Louise ", "Hansen\u{a0}"),
            ("Anne\u{2003}Louise", "", " Hansen"),
        ),
        (("Kari Berg", "Hansen"), ("Kari", "Berg", "Hansen")),
        (("Kari", "Berg Hansen"), ("Kari", "Berg", "Hansen")),
        (("Kari", "Berg"), ("Kari", "Berg", "Hansen")),
        (("Kari", "Hansen"), ("Kari", "", "Berg Hansen")),
        (
            ("Anne-Louise", "Moe-Hansen"),
            ("ANNE\u{2010}LOUISE", "", "MOE\u{2011}HANSEN"),
        ),
        (("Jeanne", "d'Arc"), ("Jeanne", "", "D\u{2019}Arc")),
        (("", "Suharto"), ("", "", "Suharto")),
        (("Madonna", ""), ("Madonna", "", "")),
        (("Łukasz", "Żółć"), ("ŁUKASZ", "", "ŻÓŁĆ")),
        (("Иван", "Петров"), ("ИВАН", "", "ПЕТРОВ")),
        (("明", "王"), ("明", "", "王")),
    ];
    for ((first, last), (on_first, middle, on_last)) in cases {
        let answer = compare(&person(first, last), &document(on_first, middle, on_last));
        assert!(
            answer.is_match(),
            "{first} {last} on {on_first}/{middle}/{on_last}: {answer:?}"
        );
    }
}

#[test]
fn names_that_differ_say_where_and_why() {
    let cases: &[(Case, &[(NamePart, NameDifferenceReason)])] = &[
        (
            (("Ane Louise", "Hansen"), ("Anne Louise", "", "Hansen")),
            &[(FirstNames, NotOnDocument { word: 1 })],
        ),
        (
            (("Anne Lovise", "Hansen"), ("Anne Louise", "", "Hansen")),
            &[(FirstNames, NotOnDocument { word: 2 })],
        ),
        (
            (("Anne Louise", "Hansen"), ("Anne", "", "Hansen")),
            &[(FirstNames, NotOnDocument { word: 2 })],
        ),
        (
            (("Ann", "Hansen"), ("Anne", "", "Hansen")),
            &[(FirstNames, NotOnDocument { word: 1 })],
        ),
        (
            (("Anne Anne", "Hansen"), ("Anne", "", "Hansen")),
            &[(FirstNames, NotOnDocument { word: 2 })],
        ),
        (
            (("Anne", "Hanssen"), ("Anne", "", "Hansen")),
            &[(LastName, NotOnDocument { word: 1 })],
        ),
        (
            (("Anne", "Berg Hansen"), ("Anne Berg", "", "Hansen")),
            &[(LastName, NotOnDocument { word: 1 })],
        ),
        (
            (("Bjørn", "Moe"), ("Bjorn", "", "Moe")),
            &[(FirstNames, NotOnDocument { word: 1 })],
        ),
        (
            (("René", "Strauß"), ("Rene", "", "Strauss")),
            &[
                (FirstNames, NotOnDocument { word: 1 }),
                (LastName, NotOnDocument { word: 1 }),
            ],
        ),
        (
            (("Anne-Louise", "Hansen"), ("Anne Louise", "", "Hansen")),
            &[(FirstNames, Hyphens)],
        ),
        (
            (("Anne", "Hansen"), ("Anne-Louise", "", "Hansen")),
            &[(FirstNames, Hyphens)],
        ),
        (
            (
                ("Anne Louise", "Moe-Hansen"),
                ("Anne-Louise", "", "Moe Hansen"),
            ),
            &[(FirstNames, Hyphens), (LastName, Hyphens)],
        ),
        (
            (("", "Hansen"), ("Anne", "", "Hansen")),
            &[(FirstNames, NotRegistered)],
        ),
        (
            (("Anne", ""), ("Anne", "", "Hansen")),
            &[(LastName, NotRegistered)],
        ),
        (
            (("Anne", "Hansen"), ("Anne", "", " ")),
            &[(LastName, NothingOnDocument)],
        ),
        (
            (("Anne", "Hansen"), ("", "", "Hansen")),
            &[(FirstNames, NothingOnDocument)],
        ),
        ((("", ""), ("", "", "")), &[(LastName, NotRegistered)]),
        (
            (("-", "Hansen"), ("Anne", "", "Hansen")),
            &[(FirstNames, NotOnDocument { word: 1 })],
        ),
        (
            (("Hansen", "Anne"), ("Anne", "", "Hansen")),
            &[
                (FirstNames, NotOnDocument { word: 1 }),
                (LastName, NotOnDocument { word: 1 }),
            ],
        ),
    ];
    for (((first, last), (on_first, middle, on_last)), expected) in cases {
        let answer = compare(&person(first, last), &document(on_first, middle, on_last));
        assert_eq!(
            answer,
            differs(expected),
            "{first} {last} on {on_first}/{middle}/{on_last}"
        );
    }
}

#[test]
fn the_answer_is_recorded_in_stable_words() {
    let answer = compare(
        &person("Ane-Louise", "Moe-Hansen"),
        &document("Anne", "", "Moe Hansen"),
    );
    assert_eq!(
        serde_json::to_string(&answer).unwrap(),
        r#"{"result":"differs","what":[{"part":"first-names","why":{"not-on-document":{"word":1}}},{"part":"last-name","why":"hyphens"}]}"#
    );
    assert_eq!(
        serde_json::to_string(&NameComparison::Match).unwrap(),
        r#"{"result":"match"}"#
    );
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
        prop_assert_eq!(&answer, &differs(&[(FirstNames, NotOnDocument { word: kept.len() + 1 })]));
        if let NameComparison::Differs { what } = answer {
            let said: String = what.iter().map(ToString::to_string).collect();
            prop_assert!(!said.to_lowercase().contains(&other.to_lowercase()));
        }
    }

    #[test]
    fn no_text_breaks_the_comparison(a in "\\PC{0,60}", b in "\\PC{0,60}", c in "\\PC{0,60}", d in "\\PC{0,60}") {
        let answer = compare(&person(&a, &b), &document(&c, "", &d));
        if let NameComparison::Differs { what } = answer {
            prop_assert!(!what.is_empty());
        }
    }

    /// A person whose name stands in the document as it is registered always agrees.
    #[test]
    fn the_same_name_agrees(first in "\\PC{1,40}", last in "\\PC{1,40}") {
        prop_assume!(!first.trim().is_empty() && !last.trim().is_empty());
        prop_assert!(compare(&person(&first, &last), &document(&first, "", &last)).is_match());
    }
}
