//! documents.toml: the identity documents that are accepted, and what to check on them ([`DocumentKind`]).

use std::{collections::BTreeSet, path::Path};

use serde::Deserialize;
use toml::Spanned;

use super::{
    Broken, ConfigError, Language,
    reader::quoted,
    source::{FILE_LIMIT, Source},
};
use crate::rules::{
    CertificateKind, DocumentKind, LocalText, Pose,
    document_kind::{FEWEST_FEATURES, KindZone, Reference, SPECIMEN_STATE, SecurityFeature, Validity},
};

/// The glass of the scanner in millimetres: A6 (seed 003, "Skanning"; ISO 216).
const GLASS_MM: (f32, f32) = (105.0, 148.0);

/// The kind as the file writes it: what is checked knows its place.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    name: Spanned<LocalText>,
    bam_choice: Option<Spanned<String>>,
    size_mm: Spanned<[f32; 2]>,
    pose: Pose,
    accepted_for: Spanned<Vec<CertificateKind>>,
    mrz: Option<Spanned<KindZone>>,
    signature_mm: Option<Spanned<[f32; 4]>>,
    #[serde(default)]
    validity: Option<Spanned<Validity>>,
    features_drawn: Option<Spanned<usize>>,
    #[serde(default)]
    features: Vec<FeatureEntry>,
    #[serde(default)]
    references: Vec<Spanned<Reference>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct FeatureEntry {
    id: Spanned<String>,
    text: Spanned<LocalText>,
    #[serde(default)]
    always: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct File {
    document: Vec<Spanned<Entry>>,
}

/// Reads documents.toml.
pub fn load(path: &Path) -> Result<Vec<DocumentKind>, ConfigError> {
    let source = Source::read(path, FILE_LIMIT)?;
    let file: File = super::reader::deserialize(
        &source,
        "[[Document]] with Id, Name.nb, Name.en, SizeMm, Pose, AcceptedFor and [[Document.Features]]; see docs/configuration.md",
    )?;

    let mut problems = Vec::new();
    if file.document.is_empty() {
        problems.push(source.diagnostic(0, "no document is accepted", "at least one [[Document]]"));
    }
    let mut ids = BTreeSet::new();
    for document in &file.document {
        let (start, entry) = (document.span().start, document.get_ref());
        let id = entry.id.get_ref();
        let mut problem = |offset: usize, message: String, allowed: &str| {
            problems.push(source.diagnostic(offset, format!("the document {}: {message}", quoted(id)), allowed));
        };
        if !ids.insert(id.as_str()) {
            problem(entry.id.span().start, "the Id is there twice".into(), "each Id once");
        }
        check(entry, start, &mut problem);
    }
    if !problems.is_empty() {
        return Err(ConfigError::new(Broken::Invalid, problems));
    }
    Ok(file.document.into_iter().map(|entry| kind(entry.into_inner())).collect())
}

fn kind(entry: Entry) -> DocumentKind {
    let feature = |feature: FeatureEntry| SecurityFeature {
        id: feature.id.into_inner(),
        text: feature.text.into_inner(),
        always: feature.always,
    };
    DocumentKind {
        id: entry.id.into_inner(),
        name: entry.name.into_inner(),
        bam_choice: entry.bam_choice.map(Spanned::into_inner),
        size_mm: entry.size_mm.into_inner(),
        pose: entry.pose,
        accepted_for: entry.accepted_for.into_inner(),
        mrz: entry.mrz.map(Spanned::into_inner),
        signature_mm: entry.signature_mm.map(Spanned::into_inner),
        validity: entry.validity.map(Spanned::into_inner).unwrap_or_default(),
        features_drawn: entry.features_drawn.map_or(FEWEST_FEATURES, Spanned::into_inner),
        features: entry.features.into_iter().map(feature).collect(),
        references: entry.references.into_iter().map(Spanned::into_inner).collect(),
    }
}

fn check(entry: &Entry, start: usize, problem: &mut impl FnMut(usize, String, &str)) {
    if !is_id(entry.id.get_ref()) {
        problem(entry.id.span().start, "the Id is not well formed".into(), ID);
    }
    if !is_filled(entry.name.get_ref()) {
        problem(entry.name.span().start, "the Name is blank or too long".into(), FILLED);
    }
    if let Some(choice) = &entry.bam_choice
        && !is_text(choice.get_ref(), 80)
    {
        problem(
            choice.span().start,
            "the BamChoice is blank or too long".into(),
            "a text of 1 to 80 characters, or no BamChoice",
        );
    }
    size(entry, problem);
    if entry.accepted_for.get_ref().is_empty() {
        let allowed = "AcceptedFor with \"local\", \"qualified\" or both";
        problem(entry.accepted_for.span().start, "it is accepted for nothing".into(), allowed);
    }
    if let Some(zone) = &entry.mrz {
        let is_code = |code: &String| (1..=2).contains(&code.len()) && code.bytes().all(|letter| letter.is_ascii_uppercase());
        if zone.get_ref().codes.is_empty() || !zone.get_ref().codes.iter().all(is_code) {
            let allowed = "Codes with one or two capital letters each, for example [\"P\"]";
            problem(zone.span().start, "the Codes of the Mrz are not well formed".into(), allowed);
        }
    }
    if let Some(signature) = &entry.signature_mm {
        let ([left, top, across, down], [width, height]) = (*signature.get_ref(), *entry.size_mm.get_ref());
        let inside = left >= 0.0 && top >= 0.0 && across >= 5.0 && down >= 3.0 && left + across <= width && top + down <= height;
        if !inside {
            let allowed = "SignatureMm = [left, top, width, height] inside the upright page, at least 5 × 3 mm";
            problem(signature.span().start, "the place of the signature does not lie on the page".into(), allowed);
        }
    }
    if let Some(validity) = &entry.validity {
        check_validity(validity, problem);
    }
    features(entry, start, problem);
    for reference in &entry.references {
        let Reference { name, url } = reference.get_ref();
        let is_address =
            url.starts_with("https://") && url.len() <= 300 && !url.contains(|c: char| c.is_whitespace() || c.is_control());
        if !is_text(name, 80) || !is_address {
            let allowed = "Name of 1 to 80 characters and Url that begins with https://, at most 300 characters";
            problem(reference.span().start, "a reference is not well formed".into(), allowed);
        }
    }
}

fn size(entry: &Entry, problem: &mut impl FnMut(usize, String, &str)) {
    let [width, height] = *entry.size_mm.get_ref();
    let (across, along) = match entry.pose {
        Pose::Lying => (width, height),
        Pose::Upright => (height, width),
    };
    // A page has an edge of at least a centimetre; this also refuses what is not a number.
    let fits = |edge: f32, glass: f32| (10.0..=glass).contains(&edge);
    if !fits(across, GLASS_MM.0) || !fits(along, GLASS_MM.1) {
        problem(
            entry.size_mm.span().start,
            format!("{width} × {height} mm does not fit the glass in this pose"),
            "SizeMm = [width, height] of the upright page that fits 105 × 148 mm: lying as it is, upright turned by 90°",
        );
    }
}

fn check_validity(entry: &Spanned<Validity>, problem: &mut impl FnMut(usize, String, &str)) {
    let at = entry.span().start;
    let Validity { accepted_from, accepted_until, most_years, issued_by, not_issued_by, .. } = entry.get_ref();
    if accepted_from.zip(*accepted_until).is_some_and(|(from, until)| from > until) {
        problem(at, "AcceptedFrom is later than AcceptedUntil".into(), "AcceptedFrom on or before AcceptedUntil");
    }
    if most_years.is_some_and(|years| !(1..=50).contains(&years)) {
        problem(at, "MostYears is out of range".into(), "MostYears from 1 to 50");
    }
    let is_state = |state: &String| (1..=3).contains(&state.len()) && state.bytes().all(|letter| letter.is_ascii_uppercase());
    if !issued_by.iter().chain(not_issued_by).all(is_state) {
        problem(
            at,
            "an issuing state is not well formed".into(),
            "the one to three capital letters of ICAO 9303-3 §5, for example \"NOR\"",
        );
    }
    if issued_by.iter().chain(not_issued_by).any(|state| state == SPECIMEN_STATE) {
        problem(
            at,
            "the issuer of specimens is listed".into(),
            "no \"UTO\": a training desk accepts specimens, any other desk never does",
        );
    }
}

fn features(entry: &Entry, start: usize, problem: &mut impl FnMut(usize, String, &str)) {
    let number = entry.features.len();
    if number < FEWEST_FEATURES {
        problem(
            start,
            format!("it has {number} security features"),
            "at least three [[Document.Features]] (ETSI TS 119 461 VAL-8.3.3-07X)",
        );
    } else if let Some(drawn) = &entry.features_drawn
        && !(FEWEST_FEATURES..=number).contains(drawn.get_ref())
    {
        let message = format!("FeaturesDrawn is {}, but it has {number} security features", drawn.get_ref());
        problem(drawn.span().start, message, "FeaturesDrawn from 3 to the number of [[Document.Features]]");
    }
    let mut ids = BTreeSet::new();
    for feature in &entry.features {
        let (id, at) = (feature.id.get_ref(), feature.id.span().start);
        if !ids.insert(id.as_str()) {
            problem(at, format!("the feature {} is there twice", quoted(id)), "each feature Id once in a document");
        }
        if !is_id(id) {
            problem(at, format!("the feature Id {} is not well formed", quoted(id)), ID);
        }
        if !is_filled(feature.text.get_ref()) {
            let message = format!("the Text of the feature {} is blank or too long", quoted(id));
            problem(feature.text.span().start, message, FILLED);
        }
    }
}

const ID: &str = "small letters a–z, digits and hyphens, 1 to 40 characters";
const FILLED: &str = "nb and en, and where translated nn and others of the station's languages, each of 1 to 300 characters";

/// A stable name: kebab-case.
pub(super) fn is_id(id: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&id.len()) && id.bytes().all(good) && !id.starts_with('-') && !id.ends_with('-')
}

fn is_filled(text: &LocalText) -> bool {
    text.all().all(|(code, text)| Language::from_code(code).is_some() && is_text(text, 300))
}

fn is_text(text: &str, longest: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= longest && !text.chars().any(char::is_control)
}
