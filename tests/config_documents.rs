//! documents.toml: the identity documents that are accepted.

use std::{fs, path::Path};

use bam_station::{
    config::{ConfigError, documents},
    rules::{CertificateKind, DocumentKind, document_kind::Pose},
};

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
    for kind in &shipped {
        assert!(kind.features.len() >= 5, "{} has too few features for a random choice", kind.id);
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
fn what_is_wrong_with_a_document_is_told_at_its_line() {
    for (from, to, wrong, allowed) in [
        ("Id = \"c\"", "Id = \"b\"", "the feature \"b\" is there twice", "each feature Id once"),
        ("Id = \"passport\"", "Id = \"Pass port\"", "the Id is not well formed", "small letters"),
        ("Pose = \"upright\"", "Pose = \"lying\"", "does not fit the glass", "105 × 148"),
        ("[125.0, 88.0]", "[nan, 88.0]", "does not fit the glass", "105 × 148"),
        ("[125.0, 88.0]", "[0.0, 0.0]", "does not fit the glass", "105 × 148"),
        ("AcceptedFor = [\"local\"]", "AcceptedFor = []", "accepted for nothing", "\"qualified\""),
        ("Name.en = \"Passport\"", "Name.en = \" \"", "the Name is blank", "nb and en"),
        ("Text.nb = \"Vipp\"", "Text.nb = \"\"", "the Text of the feature \"a\" is blank", "nb and en"),
    ] {
        let error = load(&document(|good| good.replace(from, to))).unwrap_err();
        let found = &error.diagnostics()[0];
        assert_eq!((found.line, found.column), (1, 1), "{found}");
        assert!(found.message.contains(wrong), "{found}");
        assert!(found.allowed.contains(allowed), "{found}");
    }
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
    assert_eq!(found.line, 20, "{found}");
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
