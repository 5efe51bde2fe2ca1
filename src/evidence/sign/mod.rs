//! PAdES B-B signature of a report (ETSI EN 319 142-1): the operator's key signs the finished pages and the attached record.
//!
//! [`Signer`] is the seam: bytes in, signature out. It fits a software key and a card alike. Three types carry the proof:
//! [`UnsignedReport`] → [`SignedReport`] → [`VerifiedReport`](super::verify::VerifiedReport).

mod cms;
mod incremental;
mod key_store;
mod private_file;
mod sealed_key;
mod software_key;
mod tries;

use jiff::Timestamp;
use x509_cert::Certificate;

use crate::{device::card::CardError, digest::Digest, secret::PinEntry, trust::SignatureAlgorithm};

pub(crate) use cms::attribute_ids;
pub use cms::{CmsError, EssCertIdV2, SigningCertificateV2};
pub use incremental::LayoutError;
pub(crate) use incremental::TIME_FORMAT;
pub use key_store::{KeyStore, KeyStoreError};
pub use private_file::PrivateFileError;
pub use software_key::SoftwareKey;
pub use tries::MAX_TRIES;

/// Bytes reserved for the signature in the file; in the file they are twice as many hexadecimal digits. A signature with its
/// chain and, later, a time-stamp takes about 3 kB.
pub const RESERVED: usize = 16 * 1024;

/// Who signs, as the certificate says.
#[derive(Debug, Clone)]
pub struct SignerIdentity {
    /// The signer's certificate.
    pub certificate: Certificate,
    /// The issuers' certificates, the signer's own issuer first.
    pub chain: Vec<Certificate>,
    /// How the key signs.
    pub algorithm: SignatureAlgorithm,
    /// Whether the certificate is a training one. `verify` says so of everything that it signs; the pages are marked by LOCAL.toml.
    pub is_training: bool,
    /// The common name in the certificate: the operator's name.
    pub common_name: String,
}

/// A key that signs: a software key or a card.
///
/// Signing may be slow, may fail at any moment and needs the PIN each time.
pub trait Signer {
    /// Whose key this is.
    fn identity(&self) -> &SignerIdentity;

    /// Signs `to_be_signed` (the DER of the signed attributes; the key hashes it itself). One PIN is one try.
    ///
    /// The result is the value as CMS carries it: a DER `ECDSA-Sig-Value` for P-256 (RFC 5753 §7.2) for P-256 and P-384, 64 bytes for
    /// Ed25519, as long as the modulus for RSA.
    fn sign(&mut self, to_be_signed: &[u8], pin: PinEntry) -> Result<Vec<u8>, SignError>;
}

/// Why a key did not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The PIN is wrong.
    #[error("the PIN is wrong; tries left: {tries_left}")]
    WrongPin {
        /// Tries left before the key is blocked; at least one.
        tries_left: u8,
    },
    /// Too many wrong PINs.
    #[error("the key is blocked after too many wrong PINs; enrol the operator anew or unblock the card")]
    Blocked,
    /// The operator stopped.
    #[error("signing was cancelled; start again when ready")]
    Cancelled,
    /// The card was removed.
    #[error("the card was removed; insert it and sign again")]
    Removed,
    /// The stored key cannot be used: missing, damaged or readable by others.
    #[error("the operator's key cannot be used: {0}; put its files right or enrol the operator anew")]
    Unusable(String),
    /// The card did not sign for another reason.
    #[error(transparent)]
    Card(CardError),
    /// The key failed for a technical reason.
    #[error("the key did not sign: {0}; try again, and have the device checked when it happens again")]
    Failed(&'static str),
}

impl SignError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WrongPin { .. } => "OPERATOR_PIN_WRONG",
            Self::Blocked => "OPERATOR_KEY_BLOCKED",
            Self::Cancelled => "SIGNING_CANCELLED",
            Self::Removed => "SIGNING_CARD_REMOVED",
            Self::Unusable(_) => "OPERATOR_KEY_UNUSABLE",
            Self::Card(error) => error.code(),
            Self::Failed(_) => "SIGNING_FAILED",
        }
    }
}

/// What the signature says besides who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureDetails {
    /// When: the station's clock, written as `/M` to the second. Level B-B knows no time from anyone else.
    pub signed_at: Timestamp,
    /// Why, for example "Identitetskontroll godkjent".
    pub reason: String,
    /// Where: the office.
    pub location: String,
}

/// A finished report without a signature.
pub struct UnsignedReport(Vec<u8>);

/// A signed report whose signature nobody has checked yet.
pub struct SignedReport(Vec<u8>);

/// Why a report was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignReportError {
    /// The key did not sign.
    #[error(transparent)]
    Signer(#[from] SignError),
    /// The report cannot take a signature.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The signature could not be put together.
    #[error(transparent)]
    Cms(#[from] CmsError),
}

impl SignReportError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Signer(error) => error.code(),
            Self::Layout(error) => error.code(),
            Self::Cms(error) => error.code(),
        }
    }
}

impl UnsignedReport {
    /// A report as the layout made it: a PDF of one revision with a classic cross-reference table, without a form.
    pub fn new(pdf: Vec<u8>) -> Self {
        Self(pdf)
    }

    /// The PDF, for the preview.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Signs the report. After a wrong PIN the same report can be signed again with a fresh one.
    pub fn sign(
        &self,
        signer: &mut dyn Signer,
        pin: impl Into<PinEntry>,
        details: &SignatureDetails,
    ) -> Result<SignedReport, SignReportError> {
        let identity = signer.identity().clone();
        let prepared = incremental::prepare(&self.0, details, &identity.common_name)?;
        let content = identity.algorithm.digest(&prepared.covered());
        let attributes = cms::SignedAttributes::new(&identity, &content)?;
        let signature = signer.sign(attributes.to_be_signed(), pin.into())?;
        let message = attributes.into_message(&identity, &signature)?;
        Ok(SignedReport(prepared.fill(&message)?))
    }
}

impl SignedReport {
    /// A report that was signed before, for example one that came back from the disk.
    pub fn new(pdf: Vec<u8>) -> Self {
        Self(pdf)
    }

    /// The PDF.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The PDF, owned.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The PDF's digest.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}
