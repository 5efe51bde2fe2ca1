//! Function × certificate kind × mode × flags × card state → a [`Plan`] or a [`Refusal`] (seed 003; `bam.md` §1.2–1.4).

use serde::{Deserialize, Serialize};

use super::{CardState, CertificateKind, Function, IssueProcess, LraMode, Method};

/// What decides the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRequest<'a> {
    /// What the holder comes for.
    pub function: Function,
    /// The kind of certificate.
    pub certificate: CertificateKind,
    /// The station's mode.
    pub mode: LraMode,
    /// The organisation's choices.
    pub flags: &'a IssueProcess,
    /// The certificates on the holder's card now; `None` when unknown. Decides a renewal.
    pub card: Option<CardState>,
    /// The qualified certificates of this card were renewed before (a card lives six years, a qualified certificate three).
    pub renewed_before: bool,
}

/// What one identity control must contain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The ways to identify the holder, in the order of [`Method::ALL`]; never empty.
    pub methods: Vec<Method>,
    /// The holder must accept the terms.
    pub terms: bool,
    /// The holder must sign, and the operator must compare.
    pub signature: bool,
    /// A presented document must be scanned.
    pub scan: bool,
    /// A third party only counts together with a comparison of the holder with the document scanned earlier.
    pub compare_previous_scan: bool,
    /// Why, one sentence a rule, each with its source.
    pub because: Vec<String>,
}

/// Why nothing may be issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Mode Local issues no qualified certificates.
    #[error("the station's mode is Local: no qualified certificates are issued here")]
    QualifiedNotInModeLocal,
    /// Mode Buypass issues no local certificates.
    #[error("the station's mode is Buypass: no local certificates are issued here")]
    LocalNotInModeBuypass,
    /// A renewal needs to know the state of the certificates on the card.
    #[error("the state of the certificates on the card is not known: read the card, or issue a replacement card")]
    CardStateUnknown,
    /// An expired qualified certificate is not renewed.
    #[error("the qualified certificate has expired: issue a replacement card")]
    QualifiedExpired,
    /// A revoked certificate is not renewed.
    #[error("the certificate is revoked: issue a replacement card")]
    CertificateRevoked,
    /// Qualified certificates are renewed once.
    #[error("the qualified certificates of this card were renewed before: issue a replacement card")]
    RenewedBefore,
}
