//! documents.toml: the identity documents that are accepted.

use std::{fs, path::Path};

use bam_station::{
    config::{ConfigError, documents},
    imaging::mrz::Format,
    rules::{
        CertificateKind, DocumentKind,
        document_kind::{KindZone, Pose},
    },
};
use jiff::civil::date;

fn load(content: &str) -> Result<Vec<DocumentKind>, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.toml");
    fs::write(&path, content).unwrap();
    documents::load(&path)
}

fn document(change: impl Fn(&str) -> String) -> String {
    let head = "[[Document]]\nId = \"passport\"\nName.nb = \"Pass\"\nName.en = \"Passport\"\nSizeMm = [125.0, 88.0]\nPose = \"upright\"\n\
                AcceptedFor = [\"local\"]\n";
    let feature = |id: &str| format!("[[Document.Features]]\nId = \"{id}\"\nText.nb = \"Vipp\"\nText.en = \"Tilt\"\n");
    change(&format!("{head}{}{}{}", feature("a"), feature("b"), feature("c")))
}

#[test]
fn the_shipped_documents_are_described_well_enough_to_be_checked() {
    let shipped = documents::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/documents.toml")).unwrap();
    let by_id = |id: &str| shipped.iter().find(|kind| kind.id == id).unwrap();
    let both = CertificateKind::ALL.to_vec();

    let passport = by_id("passport");
    assert_eq!((passport.size_mm, passport.pose, &passport.accepted_for), ([125.0, 88.0], Pose::Upright, &both));
    let card = by_id("national-id-card");
    assert_eq!((card.size_mm, card.pose, &card.accepted_for), ([85.6, 54.0], Pose::Lying, &both));
    assert_eq!(by_id("driving-licence").accepted_for, [CertificateKind::Local]);
    assert_eq!(passport.mrz.as_ref().map(|zone| zone.format), Some(Format::Td3));
    assert_eq!(card.mrz.as_ref().map(|zone| zone.format), Some(Format::Td1));
    for kind in &shipped {
        assert!(kind.features.len() >= 5, "{} has too few features for a random choice", kind.id);
        assert!(kind.features_drawn < kind.features.len(), "{} leaves nothing to chance", kind.id);
        assert!(kind.bam_choice.is_some() && !kind.references.is_empty(), "{}", kind.id);
        if let Some(zone) = &kind.mrz {
            assert_eq!(zone.format.document_mm(), kind.size_mm, "{}", kind.id);
        }
        for feature in &kind.features {
            assert!(feature.text.nb.ends_with('.') && feature.text.en.ends_with('.'), "{}: {}", kind.id, feature.id);
        }
    }
}

#[test]
fn a_good_description_is_read() {
    let read = load(&document(str::to_owned)).unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].features.len(), 3);
}

#[test]
fn what_is_wrong_with_a_document_is_told_where_it_stands() {
    let kind = "AcceptedFor = [\"local\"]";
    let with = |line: &str| format!("{kind}\n{line}");
    for (from, to, place, wrong, allowed) in [
        ("Id = \"c\"", "Id = \"b\"".to_owned(), (17, 6), "the feature \"b\" is there twice", "each feature Id once"),
        ("Id = \"passport\"", "Id = \"Pass port\"".into(), (2, 6), "the Id is not well formed", "small letters"),
        ("Pose = \"upright\"", "Pose = \"lying\"".into(), (5, 10), "does not fit the glass", "105 × 148"),
        ("[125.0, 88.0]", "[nan, 88.0]".into(), (5, 10), "does not fit the glass", "105 × 148"),
        ("[125.0, 88.0]", "[0.0, 0.0]".into(), (5, 10), "does not fit the glass", "105 × 148"),
        (kind, "AcceptedFor = []".into(), (7, 15), "accepted for nothing", "\"qualified\""),
        ("Name.en = \"Passport\"", "Name.en = \" \"".into(), (3, 1), "the Name is blank", "nb and en"),
        ("Text.nb = \"Vipp\"", "Text.nb = \"\"".into(), (10, 1), "the Text of the feature \"a\" is blank", "nb and en"),
        (kind, with("BamChoice = \"\""), (8, 13), "the BamChoice is blank", "1 to 80"),
        (kind, with("FeaturesDrawn = 2"), (8, 17), "FeaturesDrawn is 2, but it has 3", "from 3 to"),
        (kind, with("FeaturesDrawn = 4"), (8, 17), "FeaturesDrawn is 4, but it has 3", "from 3 to"),
        (kind, with("Mrz = { Format = \"TD3\", Codes = [] }"), (8, 7), "the Codes of the Mrz", "[\"P\"]"),
        (kind, with("Mrz = { Format = \"TD3\", Codes = [\"p\"] }"), (8, 7), "the Codes of the Mrz", "[\"P\"]"),
        (
            kind,
            with("Validity = { AcceptedFrom = \"2027-01-01\", AcceptedUntil = \"2026-12-31\" }"),
            (8, 12),
            "AcceptedFrom is later than AcceptedUntil",
            "on or before",
        ),
        (kind, with("Validity = { MostYears = 0 }"), (8, 12), "MostYears is out of range", "1 to 50"),
        (kind, with("Validity = { IssuedBy = [\"Norway\"] }"), (8, 12), "an issuing state is not well formed", "\"NOR\""),
        (kind, with("Validity = { IssuedBy = [\"UTO\"] }"), (8, 12), "the issuer of specimens is listed", "training"),
        (
            kind,
            with("References = [{ Name = \"PRADO\", Url = \"http://example.org\" }]"),
            (8, 15),
            "a reference is not well formed",
            "https://",
        ),
    ] {
        let error = load(&document(|good| good.replace(from, &to))).unwrap_err();
        let found = &error.diagnostics()[0];
        assert_eq!((found.line, found.column), place, "{found}");
        assert!(found.message.contains(wrong), "{found}");
        assert!(found.allowed.contains(allowed), "{found}");
    }
}

#[test]
fn everything_that_a_kind_can_say_is_read() {
    let said = "AcceptedFor = [\"local\"]\nBamChoice = \"Pass\"\nFeaturesDrawn = 3\nMrz = { Format = \"TD3\", Codes = [\"P\"] }\n\
                Validity = { AcceptedFrom = \"2020-01-01\", AcceptedUntil = \"2030-12-31\", IssuedFrom = \"2015-01-01\", \
                MostYears = 10, IssuedBy = [\"NOR\", \"D\"], NotIssuedBy = [\"XOM\"] }\n\
                References = [{ Name = \"PRADO\", Url = \"https://example.org/prado\" }]";
    let read = load(&document(|good| {
        good.replace("AcceptedFor = [\"local\"]", said).replace("Id = \"b\"", "Id = \"b\"\nAlways = true")
    }));
    let kind = read.unwrap().remove(0);
    assert_eq!((kind.bam_choice.as_deref(), kind.features_drawn), (Some("Pass"), 3));
    assert_eq!(kind.mrz, Some(KindZone { format: Format::Td3, codes: vec!["P".into()] }));
    let validity = &kind.validity;
    assert_eq!((validity.accepted_from, validity.accepted_until), (Some(date(2020, 1, 1)), Some(date(2030, 12, 31))));
    assert_eq!((validity.issued_from, validity.most_years), (Some(date(2015, 1, 1)), Some(10)));
    assert_eq!((validity.issued_by.len(), validity.not_issued_by.len()), (2, 1));
    assert_eq!(kind.references[0].url, "https://example.org/prado");
    assert_eq!(kind.features.iter().map(|feature| feature.always).collect::<Vec<_>>(), [false, true, false]);
}

#[test]
fn fewer_than_three_features_are_too_few() {
    let two = document(|good| good.split("[[Document.Features]]").take(3).collect::<Vec<_>>().join("[[Document.Features]]"));
    let error = load(&two).unwrap_err();
    assert!(error.to_string().contains("it has 2 security features; allowed: at least three"), "{error}");
}

#[test]
fn a_document_that_is_there_twice_is_found_at_the_second_place() {
    let error = load(&document(|good| format!("{good}{good}"))).unwrap_err();
    let found = &error.diagnostics()[0];
    assert_eq!((found.line, found.column), (21, 6), "{found}");
    assert!(found.message.contains("the document \"passport\": the Id is there twice"), "{found}");
}

#[test]
fn unknown_keys_wrong_types_and_wrong_words_are_found_where_they_are() {
    for (from, to, line, wrong) in [
        ("Pose = \"upright\"", "Poze = \"upright\"", 6, "unknown field `Poze`"),
        ("Pose = \"upright\"", "Pose = \"sideways\"", 6, "unknown variant `sideways`"),
        ("[125.0, 88.0]", "\"125x88\"", 5, "invalid type"),
        ("Id = \"c\"", "Id = 3", 17, "invalid type"),
        ("Pose = \"upright\"", "Pose = upright", 6, "not TOML"),
    ] {
        let error = load(&document(|good| good.replace(from, to))).unwrap_err();
        let found = &error.diagnostics()[0];
        assert_eq!(found.line, line, "{found}");
        assert!(found.message.contains(wrong), "{found}");
        assert!(found.allowed.contains("[[Document]] with Id"), "{found}");
    }
}

#[test]
fn an_empty_list_or_a_cut_file_is_refused() {
    assert_eq!(load("").unwrap_err().code(), "CONFIG_EMPTY");
    assert!(load("Document = []\n").unwrap_err().to_string().contains("no document is accepted"));
    let good = document(str::to_owned);
    for end in 1..good.len() {
        if let Ok(read) = load(&good[..end]) {
            panic!("cut at byte {end}, yet {} documents were read", read.len());
        }
    }
}
