//! documents.toml: the identity documents that are accepted, and what to check on them ([`DocumentKind`]).

use std::{collections::BTreeSet, path::Path};

use serde::Deserialize;
use toml::Spanned;

use super::{
    Broken, ConfigError, Diagnostic,
    reader::quoted,
    source::{FILE_LIMIT, Source},
};
use crate::rules::{DocumentKind, document_kind::LocalText};

/// The glass of the scanner in millimetres: A6 (seed 003, "Skanning"; ISO 216).
const GLASS_MM: (f32, f32) = (105.0, 148.0);

/// Three different security features are checked at least (ETSI TS 119 461 VAL-8.3.3-07X).
pub const FEWEST_FEATURES: usize = 3;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct File {
    document: Vec<Spanned<DocumentKind>>,
}

/// Reads documents.toml.
pub fn load(path: &Path) -> Result<Vec<DocumentKind>, ConfigError> {
    let source = Source::read(path, FILE_LIMIT)?;
    let file: File = super::reader::deserialize(
        &source,
        "[[Document]] with Id, Name.nb, Name.en, SizeMm, Pose, AcceptedFor and [[Document.Features]]",
    )?;

    let mut problems = Vec::new();
    if file.document.is_empty() {
        problems.push(source.diagnostic(0, "no document is accepted", "at least one [[Document]]"));
    }
    let mut ids = BTreeSet::new();
    for document in &file.document {
        let kind = document.get_ref();
        let mut problem = |message: String, allowed: &str| {
            problems.push(source.diagnostic(
                document.span().start,
                format!("the document {}: {message}", quoted(&kind.id)),
                allowed,
            ));
        };
        if !ids.insert(kind.id.as_str()) {
            problem("the Id is there twice".into(), "each Id once");
        }
        check(kind, &mut problem);
    }
    finish(problems)?;
    Ok(file.document.into_iter().map(Spanned::into_inner).collect())
}

fn finish(problems: Vec<Diagnostic>) -> Result<(), ConfigError> {
    if problems.is_empty() { Ok(()) } else { Err(ConfigError::new(Broken::Invalid, problems)) }
}

fn check(kind: &DocumentKind, problem: &mut impl FnMut(String, &str)) {
    if !is_id(&kind.id) {
        problem("the Id is not well formed".into(), ID);
    }
    if !is_filled(&kind.name) {
        problem("the Name is blank or too long".into(), FILLED);
    }
    let [width, height] = kind.size_mm;
    let [across, along] = kind.size_on_glass_mm();
    // A page has an edge of at least a centimetre; this also refuses what is not a number.
    let fits = |edge: f32, glass: f32| (10.0..=glass).contains(&edge);
    if !fits(across, GLASS_MM.0) || !fits(along, GLASS_MM.1) {
        problem(
            format!("{width} × {height} mm does not fit the glass in this pose"),
            "SizeMm = [width, height] of the upright page that fits 105 × 148 mm: lying as it is, upright turned by 90°",
        );
    }
    if kind.accepted_for.is_empty() {
        problem("it is accepted for nothing".into(), "AcceptedFor with \"local\", \"qualified\" or both");
    }
    if kind.features.len() < FEWEST_FEATURES {
        problem(
            format!("it has {} security features", kind.features.len()),
            "at least three [[Document.Features]] (ETSI TS 119 461 VAL-8.3.3-07X)",
        );
    }
    let mut ids = BTreeSet::new();
    for feature in &kind.features {
        if !ids.insert(feature.id.as_str()) {
            problem(format!("the feature {} is there twice", quoted(&feature.id)), "each feature Id once in a document");
        }
        if !is_id(&feature.id) {
            problem(format!("the feature Id {} is not well formed", quoted(&feature.id)), ID);
        }
        if !is_filled(&feature.text) {
            problem(format!("the Text of the feature {} is blank or too long", quoted(&feature.id)), FILLED);
        }
    }
}

const ID: &str = "small letters a–z, digits and hyphens, 1 to 40 characters";
const FILLED: &str = "nb and en, each of 1 to 300 characters";

/// A stable name: kebab-case.
pub(super) fn is_id(id: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&id.len()) && id.bytes().all(good) && !id.starts_with('-') && !id.ends_with('-')
}

fn is_filled(text: &LocalText) -> bool {
    [&text.nb, &text.en]
        .into_iter()
        .all(|text| !text.trim().is_empty() && text.chars().count() <= 300 && !text.chars().any(char::is_control))
}
