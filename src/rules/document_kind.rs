//! Kinds of identity documents as data (`config/documents.toml`): what may be presented, how it lies on the glass, what to check.

use serde::{Deserialize, Serialize};

use super::CertificateKind;

/// A text in the languages of the screens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalText {
    /// Bokmål.
    pub nb: String,
    /// English.
    pub en: String,
}

impl LocalText {
    /// The same said in bokmål and in English.
    pub fn new(nb: impl Into<String>, en: impl Into<String>) -> Self {
        Self { nb: nb.into(), en: en.into() }
    }
}

/// How a document lies on the A6 glass, and so how its picture is turned to stand upright (seed 003, "Skanning").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pose {
    /// Lying, as a card of ID-1 size does: the picture is not turned.
    Lying,
    /// Upright, as a passport must: the picture comes sideways and is turned by 90°.
    Upright,
}

/// One security feature that the operator can check (ETSI TS 119 461 VAL-8.3.3-07X asks for three different ones).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SecurityFeature {
    /// Stable name, unique within the kind, kebab-case.
    pub id: String,
    /// What to look for and where, one short sentence.
    pub text: LocalText,
}

/// A kind of identity document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DocumentKind {
    /// Stable name, for example `passport`.
    pub id: String,
    /// Name on the screens and in the report.
    pub name: LocalText,
    /// Width and height of the upright page in millimetres (ICAO 9303-3 §2: TD3 125 × 88, TD1 85.6 × 54).
    pub size_mm: [f32; 2],
    /// How it lies on the glass.
    pub pose: Pose,
    /// The certificate kinds for which it is accepted.
    pub accepted_for: Vec<CertificateKind>,
    /// At least three security features.
    pub features: Vec<SecurityFeature>,
}

impl DocumentKind {
    /// Whether the kind may be presented for certificates of this kind.
    pub fn is_accepted_for(&self, certificate: CertificateKind) -> bool {
        self.accepted_for.contains(&certificate)
    }

    /// Width and height in millimetres as the document lies on the glass: a passport page stands on its short edge.
    pub fn size_on_glass_mm(&self) -> [f32; 2] {
        let [width, height] = self.size_mm;
        match self.pose {
            Pose::Lying => [width, height],
            Pose::Upright => [height, width],
        }
    }
}
