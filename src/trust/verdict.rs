//! What trust says about a certificate: whether it counts, what it is, and what the answer rests on.

use jiff::Timestamp;
use x509_cert::{Certificate, ext::pkix::KeyUsage};

use super::TrustError;
use crate::rules::{CardState, CertificateKind};

/// What a certificate is to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// An operator or RA-ADMIN signs in: `digitalSignature`.
    SignIn,
    /// A holder or third party proves who they are: `digitalSignature`, and the kind must be known.
    Identify,
    /// A report is signed: `nonRepudiation` or `digitalSignature`.
    SignReport,
    /// Nothing yet: the certificate is only shown. Chain, validity and revocation alone are judged.
    Show,
}

impl Usage {
    /// Whether the certificate's key usage (RFC 5280 §4.2.1.3) allows it. Without that extension nothing is allowed.
    pub(super) fn allowed_by(self, usage: Option<&KeyUsage>) -> bool {
        match self {
            Self::SignIn | Self::Identify => usage.is_some_and(KeyUsage::digital_signature),
            Self::SignReport => usage.is_some_and(|usage| usage.digital_signature() || usage.non_repudiation()),
            Self::Show => true,
        }
    }
}

/// What trust says about a certificate.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The first reason why it does not count; `None` when it counts.
    pub objection: Option<Objection>,
    /// Local or qualified, by the policies that hold along the chain; `None` when neither or both are asserted, or without a chain.
    pub kind: Option<CertificateKind>,
    /// The state for a renewal (seed 003): `None` when the CA does not vouch for the certificate, when it is not valid yet,
    /// or when nothing is known about revocation and something must be known. Then nothing may be decided from the card.
    pub state: Option<CardState>,
    /// The policies (dotted numbers) that the certificate asserts and no issuer forbids.
    pub policies: Vec<String>,
    /// The certificate itself first, the anchor last; empty when there is no chain.
    pub chain: Vec<Certificate>,
    /// What was learnt about revocation, for the evidence.
    pub proofs: Vec<RevocationProof>,
    /// What is to be recorded although it is no objection.
    pub notes: Vec<Note>,
    /// The time that the verdict is for.
    pub at: Timestamp,
}

impl Verdict {
    /// Whether the certificate counts.
    pub fn counts(&self) -> bool {
        self.objection.is_none()
    }
}

/// Why a certificate does not count. Certificates are named by their serial number, because error texts never name a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// MASTER.toml names no anchor.
    #[error("MASTER.toml names no CA that is trusted; name its certificate in [Trust], Anchors")]
    NoAnchors,
    /// The chain, or the validity.
    #[error(transparent)]
    Chain(#[from] TrustError),
    /// Its key may not be used for this.
    #[error("the certificate with serial number {serial} is not meant for this use; use the card's other certificate")]
    WrongUsage {
        /// The certificate's serial number.
        serial: String,
    },
    /// Neither local nor qualified.
    #[error(
        "the certificate with serial number {serial} is neither a local nor a qualified one by the policies in [Trust]; \
         use a card of this organisation"
    )]
    KindUnknown {
        /// The certificate's serial number.
        serial: String,
    },
    /// Revoked, or on hold.
    #[error(
        "the certificate with serial number {serial} was revoked on {since}; keep the card and follow the routine for revoked cards"
    )]
    Revoked {
        /// The serial number: of the certificate, or of a CA above it.
        serial: String,
        /// Since when.
        since: Timestamp,
    },
    /// Nobody could be asked.
    #[error(
        "nobody could be asked whether the certificate with serial number {serial} is revoked ({why}); check network and proxy, \
         then try again"
    )]
    RevocationUnknown {
        /// The serial number: of the certificate, or of a CA above it.
        serial: String,
        /// What went wrong last.
        why: RevocationProblem,
    },
    /// There is an answer, but it proves nothing.
    #[error("the answer on whether the certificate with serial number {serial} is revoked cannot be used ({why}); tell the CA")]
    RevocationUnusable {
        /// The serial number: of the certificate, or of a CA above it.
        serial: String,
        /// What is wrong with it.
        why: RevocationProblem,
    },
}

impl Objection {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoAnchors => "TRUST_NOT_CONFIGURED",
            Self::Chain(error) => error.code(),
            Self::WrongUsage { .. } => "CERTIFICATE_NOT_FOR_THIS_USE",
            Self::KindUnknown { .. } => "CERTIFICATE_KIND_UNKNOWN",
            Self::Revoked { .. } => "CERTIFICATE_REVOKED",
            Self::RevocationUnknown { .. } => "CERTIFICATE_REVOCATION_UNKNOWN",
            Self::RevocationUnusable { why: RevocationProblem::Stale, .. } => "CERTIFICATE_REVOCATION_STALE",
            Self::RevocationUnusable { .. } => "CERTIFICATE_REVOCATION_NOT_PROVEN",
        }
    }
}

/// What stands between us and an answer on revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RevocationProblem {
    /// The certificate names neither an OCSP responder nor a revocation list at an http address.
    #[error("it names no place to ask")]
    NoPlace,
    /// The server cannot be reached, or not through the proxy.
    #[error("the server cannot be reached")]
    Unreachable,
    /// The server took longer than allowed.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The server answers that it cannot help.
    #[error("the server answered with an error")]
    ServerError,
    /// The responder does not know the certificate.
    #[error("the responder does not know the certificate")]
    NotKnown,
    /// Larger than the limit.
    #[error("the answer is larger than allowed")]
    TooLarge,
    /// Not the expected structure.
    #[error("the answer is not readable")]
    Damaged,
    /// Not signed by the CA or its responder.
    #[error("the answer was not signed by the CA or by a responder that the CA appointed")]
    NotSigned,
    /// About another certificate, another CA or another question.
    #[error("the answer is about something else")]
    AboutSomethingElse,
    /// It demands what is not understood: an indirect list, a delta list, an unknown critical extension.
    #[error("the answer demands rules that this program does not know")]
    UnknownDemand,
    /// Past its next update, or made in the future.
    #[error("the answer is too old, or the clock is wrong")]
    Stale,
}

impl RevocationProblem {
    /// Whether nobody could be asked, as opposed to a bad answer.
    pub const fn is_away(self) -> bool {
        matches!(self, Self::NoPlace | Self::Unreachable | Self::TimedOut | Self::ServerError)
    }
}

/// A signed answer on revocation that counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationProof {
    /// The certificate's serial number.
    pub serial: String,
    /// What it is.
    pub source: ProofSource,
    /// Where it came from.
    pub url: String,
    /// The OCSP response (`OCSPResponse`) or the list (`CertificateList`) itself.
    pub der: Vec<u8>,
    /// When it was made: OCSP `producedAt`, a list's `thisUpdate`.
    pub produced_at: Timestamp,
    /// From when it holds.
    pub this_update: Timestamp,
    /// When there is a newer one at the latest.
    pub next_update: Option<Timestamp>,
    /// It was fetched earlier and kept.
    pub kept: bool,
}

/// The kind of a signed answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProofSource {
    /// RFC 6960.
    Ocsp,
    /// RFC 5280 §5.
    RevocationList,
}

/// What is to be recorded although it is no objection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// MASTER.toml, or training, switches the question off.
    RevocationNotAsked,
    /// Nobody could be asked, and MASTER.toml accepts that.
    AcceptedWithoutAnswer {
        /// The certificate's serial number.
        serial: String,
        /// Why.
        why: RevocationProblem,
    },
    /// Nobody could be asked about a certificate that has expired anyway, or the answer proves nothing.
    ExpiredWithoutAnswer {
        /// The certificate's serial number.
        serial: String,
        /// Why.
        why: RevocationProblem,
    },
    /// One place gave no usable answer; another did.
    OtherPlaceAsked {
        /// The address.
        url: String,
        /// Why.
        why: RevocationProblem,
    },
    /// The answer in use was fetched earlier, because nobody could be asked now.
    KeptAnswerUsed {
        /// The certificate's serial number.
        serial: String,
        /// From when it is.
        this_update: Timestamp,
    },
    /// The answer in use is past its next update, within the hours that MASTER.toml allows.
    StaleAccepted {
        /// The certificate's serial number.
        serial: String,
        /// When there should have been a newer one.
        next_update: Timestamp,
    },
}

impl Note {
    /// Its stable name in records.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RevocationNotAsked => "REVOCATION_NOT_ASKED",
            Self::AcceptedWithoutAnswer { .. } => "REVOCATION_ACCEPTED_WITHOUT_ANSWER",
            Self::ExpiredWithoutAnswer { .. } => "REVOCATION_EXPIRED_WITHOUT_ANSWER",
            Self::OtherPlaceAsked { .. } => "REVOCATION_OTHER_PLACE_ASKED",
            Self::KeptAnswerUsed { .. } => "REVOCATION_KEPT_ANSWER_USED",
            Self::StaleAccepted { .. } => "REVOCATION_STALE_ACCEPTED",
        }
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RevocationNotAsked => write!(f, "revocation was not asked for, as configured"),
            Self::AcceptedWithoutAnswer { serial, why } => {
                write!(f, "accepted without knowing whether {serial} is revoked, as configured: {why}")
            }
            Self::ExpiredWithoutAnswer { serial, why } => {
                write!(f, "{serial} has expired; whether it was revoked is not known: {why}")
            }
            Self::OtherPlaceAsked { url, why } => write!(f, "{url}: {why}; another place was asked"),
            Self::KeptAnswerUsed { serial, this_update } => {
                write!(f, "nobody could be asked about {serial}; an answer of {this_update} is still in force and was used")
            }
            Self::StaleAccepted { serial, next_update } => {
                write!(f, "the answer about {serial} should have been renewed on {next_update}; accepted, as configured")
            }
        }
    }
}
