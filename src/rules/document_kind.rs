//! Kinds of identity documents as data (`config/documents.toml`): what may be presented, how it lies on the glass, what to check.

use bam_station_imaging::mrz::Format;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{CertificateKind, LocalText};

/// How a document lies on the A6 glass, and so how its picture is turned to stand upright (seed 003, "Skanning").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pose {
    /// Lying, as a card of ID-1 size does: the picture is not turned.
    Lying,
    /// Upright, as a passport must: the picture comes sideways and is turned by 90°.
    Upright,
}

/// Fewest security features that are verified in a control (ETSI TS 119 461 VAL-8.3.3-07X).
pub const FEWEST_FEATURES: usize = 3;

/// The issuer of ICAO's specimens and of this program's: accepted in training, never else (ICAO 9303-3 §5).
pub const SPECIMEN_STATE: &str = "UTO";

/// One security feature that the operator can check (ETSI TS 119 461 VAL-8.3.3-07X asks for three different ones).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SecurityFeature {
    /// Stable name, unique within the kind, kebab-case.
    pub id: String,
    /// What to look for and where, one short sentence.
    pub text: LocalText,
    /// Part of every control, not left to the draw.
    #[serde(default)]
    pub always: bool,
}

/// Where genuine documents of a kind are described (ETSI TS 119 461 VAL-8.3.3-06).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Reference {
    /// Its name, for example `PRADO`.
    pub name: String,
    /// Its address, `https://…`.
    pub url: String,
}

/// The machine readable zone of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct KindZone {
    /// Its format.
    pub format: Format,
    /// What the document code may be: one or two letters, and a code that begins with one of them (ICAO 9303-4 §4.2.2).
    pub codes: Vec<String>,
}

/// Which documents of a kind are accepted. What is left out does not limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Validity {
    /// First day on which the kind is accepted.
    #[serde(default)]
    pub accepted_from: Option<Date>,
    /// Last day on which the kind is accepted.
    #[serde(default)]
    pub accepted_until: Option<Date>,
    /// First date of issue that is accepted.
    #[serde(default)]
    pub issued_from: Option<Date>,
    /// Most years from issue to expiry: more is no genuine document of the kind.
    #[serde(default)]
    pub most_years: Option<i16>,
    /// The issuing states that are accepted (ICAO 9303-3 §5); empty accepts all.
    #[serde(default)]
    pub issued_by: Vec<String>,
    /// The issuing states that are not.
    #[serde(default)]
    pub not_issued_by: Vec<String>,
}

/// A kind of identity document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DocumentKind {
    /// Stable name, for example `passport`.
    pub id: String,
    /// Name on the screens and in the report.
    pub name: LocalText,
    /// The choice in BAM that stands for the kind.
    #[serde(default)]
    pub bam_choice: Option<String>,
    /// Width and height of the upright page in millimetres (ICAO 9303-3 §2: TD3 125 × 88, TD1 85.6 × 54).
    pub size_mm: [f32; 2],
    /// How it lies on the glass.
    pub pose: Pose,
    /// The certificate kinds for which it is accepted.
    pub accepted_for: Vec<CertificateKind>,
    /// Its machine readable zone, on the page that is scanned.
    #[serde(default)]
    pub mrz: Option<KindZone>,
    /// Where the holder's signature stands on the upright page: left, top, width, height in millimetres. A generous part is
    /// better than a tight one, because issues of one kind differ.
    #[serde(default)]
    pub signature_mm: Option<[f32; 4]>,
    /// Which documents of the kind are accepted.
    #[serde(default)]
    pub validity: Validity,
    /// How many security features are drawn for a control.
    #[serde(default = "fewest_features")]
    pub features_drawn: usize,
    /// At least three security features.
    pub features: Vec<SecurityFeature>,
    /// Where genuine documents are described.
    #[serde(default)]
    pub references: Vec<Reference>,
}

const fn fewest_features() -> usize {
    FEWEST_FEATURES
}

/// Why a document of a kind is refused, whatever its check shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "refused")]
pub enum KindRefusal {
    /// Not for these certificates.
    #[error("this kind of document is not accepted for this kind of certificate: ask for another document")]
    NotForCertificate,
    /// The kind is accepted later.
    #[error("this kind of document is accepted from {from} on: ask for another document")]
    NotYetAccepted {
        /// The first day.
        from: Date,
    },
    /// The kind was accepted earlier.
    #[error("this kind of document was accepted until {until}: ask for another document")]
    NoLongerAccepted {
        /// The last day.
        until: Date,
    },
    /// The document has expired.
    #[error("the document expired on {on}: ask for a valid one")]
    Expired {
        /// Its last day.
        on: Date,
    },
    /// Issued before documents of the kind are accepted.
    #[error("documents of this kind are accepted when issued on {from} or later: ask for another document")]
    IssuedTooEarly {
        /// The first date of issue.
        from: Date,
    },
    /// Valid for longer than its issuer makes it.
    #[error(
        "the document states a longer validity than the {years} years of its kind: read the dates again, suspect a false document"
    )]
    ValidTooLong {
        /// The most years.
        years: i16,
    },
    /// The issuing state is not accepted.
    #[error("documents of this kind from this issuer are not accepted: check kind and issuer, ask for another document")]
    IssuerNotAccepted,
}

impl KindRefusal {
    /// The refusal's code in the catalogue.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotForCertificate => "DOCUMENT_KIND_NOT_ACCEPTED",
            Self::NotYetAccepted { .. } => "DOCUMENT_KIND_NOT_YET_ACCEPTED",
            Self::NoLongerAccepted { .. } => "DOCUMENT_KIND_NO_LONGER_ACCEPTED",
            Self::Expired { .. } => "DOCUMENT_EXPIRED",
            Self::IssuedTooEarly { .. } => "DOCUMENT_ISSUED_TOO_EARLY",
            Self::ValidTooLong { .. } => "DOCUMENT_VALID_TOO_LONG",
            Self::IssuerNotAccepted => "DOCUMENT_ISSUER_NOT_ACCEPTED",
        }
    }
}

/// What decides whether a document of a kind is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presented<'a> {
    /// Issuing state, as printed.
    pub issuing_state: &'a str,
    /// Date of issue, where printed.
    pub issued: Option<Date>,
    /// Last day of validity.
    pub expires: Date,
}

impl DocumentKind {
    /// A kind with these features; everything else is left open.
    pub fn new(id: &str, name: LocalText, size_mm: [f32; 2], pose: Pose, features: Vec<SecurityFeature>) -> Self {
        Self {
            id: id.to_owned(),
            name,
            bam_choice: None,
            size_mm,
            pose,
            accepted_for: CertificateKind::ALL.to_vec(),
            mrz: None,
            signature_mm: None,
            validity: Validity::default(),
            features_drawn: FEWEST_FEATURES,
            features,
            references: Vec::new(),
        }
    }

    /// Whether the kind may be presented for certificates of this kind.
    pub fn is_accepted_for(&self, certificate: CertificateKind) -> bool {
        self.accepted_for.contains(&certificate)
    }

    /// Every reason for which this document is refused; none when it may be checked further. In `training` the specimens'
    /// issuer counts as any issuer that is accepted; else it never does.
    pub fn refusals(
        &self,
        document: Presented<'_>,
        certificate: CertificateKind,
        today: Date,
        training: bool,
    ) -> Vec<KindRefusal> {
        let Validity { accepted_from, accepted_until, issued_from, most_years, issued_by, not_issued_by } = &self.validity;
        let Presented { issuing_state, issued, expires } = document;
        let listed = |states: &[String]| states.iter().any(|state| state == issuing_state);
        let issuer = match issuing_state {
            SPECIMEN_STATE => training,
            _ => (issued_by.is_empty() || listed(issued_by)) && !listed(not_issued_by),
        };
        // A date beyond the calendar is later than any expiry.
        let too_long =
            |years: i16, issued: Date| issued.checked_add(jiff::Span::new().years(years)).is_ok_and(|end| expires > end);
        [
            (!self.is_accepted_for(certificate)).then_some(KindRefusal::NotForCertificate),
            accepted_from.filter(|from| today < *from).map(|from| KindRefusal::NotYetAccepted { from }),
            accepted_until.filter(|until| today > *until).map(|until| KindRefusal::NoLongerAccepted { until }),
            (expires < today).then_some(KindRefusal::Expired { on: expires }),
            issued_from
                .filter(|from| issued.is_some_and(|issued| issued < *from))
                .map(|from| KindRefusal::IssuedTooEarly { from }),
            most_years
                .filter(|years| issued.is_some_and(|issued| too_long(*years, issued)))
                .map(|years| KindRefusal::ValidTooLong { years }),
            (!issuer).then_some(KindRefusal::IssuerNotAccepted),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The security features of one control, in the order of the list: those that always belong to it, and others by
    /// `chance` up to [`Self::features_drawn`] (ETSI TS 119 461 VAL-8.3.3-07B). The same chance gives the same features.
    pub fn draw(&self, chance: u64) -> Vec<&SecurityFeature> {
        let mut order: Vec<(u64, usize)> = (0..self.features.len())
            .map(|place| (mixed(chance ^ mixed(u64::try_from(place).unwrap_or(u64::MAX))), place))
            .collect();
        order.sort_unstable();
        let always = self.features.iter().filter(|feature| feature.always).count();
        let wanted = self.features_drawn.max(FEWEST_FEATURES).saturating_sub(always);
        let by_chance = order.into_iter().map(|(_, place)| place);
        let drawn: Vec<usize> =
            by_chance.filter(|place| self.features.get(*place).is_some_and(|feature| !feature.always)).take(wanted).collect();
        let is_drawn = |place: usize, feature: &SecurityFeature| feature.always || drawn.contains(&place);
        self.features
            .iter()
            .enumerate()
            .filter(|(place, feature)| is_drawn(*place, feature))
            .map(|(_, feature)| feature)
            .collect()
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

/// Spreads a number over all 64 bits (the finaliser of splitmix64).
const fn mixed(number: u64) -> u64 {
    let z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
