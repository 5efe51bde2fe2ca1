//! The certificates in which the verifier trusts without further proof.

use der::{Decode as _, Encode as _, pem};
use x509_cert::Certificate;

/// The trust anchors of a verification: the CA certificates that the verifier got from a source of its own.
#[derive(Debug, Clone, Default)]
pub struct Anchors(Vec<Certificate>);

/// Why a file holds no trust anchors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnchorsError {
    /// Larger than [`Anchors::MAX_BYTES`].
    #[error("the file of trusted certificates is larger than {} bytes; give only the CA's certificates", Anchors::MAX_BYTES)]
    TooLarge,
    /// Neither PEM certificates nor one DER certificate.
    #[error("the file holds no readable certificate; give the CA's certificate in PEM or DER form")]
    NoCertificate,
}

impl AnchorsError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "TRUST_FILE_TOO_LARGE",
            Self::NoCertificate => "TRUST_FILE_NOT_READABLE",
        }
    }
}

impl Anchors {
    /// Largest accepted file of anchors, in bytes.
    pub const MAX_BYTES: usize = 1 << 20;

    /// No anchors: a chain then only has to lead to the CA certificate that the signed file itself carries.
    pub fn none() -> Self {
        Self::default()
    }

    /// Exactly these certificates.
    pub fn new(certificates: Vec<Certificate>) -> Self {
        Self(certificates)
    }

    /// Reads PEM (one or more certificates, other text around them ignored) or one DER certificate.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AnchorsError> {
        const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
        const END: &str = "-----END CERTIFICATE-----";
        if bytes.len() > Self::MAX_BYTES {
            return Err(AnchorsError::TooLarge);
        }
        if let Ok(certificate) = Certificate::from_der(bytes) {
            return Ok(Self(vec![certificate]));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| AnchorsError::NoCertificate)?;
        let certificates: Vec<Certificate> = text
            .split(BEGIN)
            .skip(1)
            .map(|rest| {
                let body = rest.split_once(END).map(|(body, _)| body)?;
                let (_, der) = pem::decode_vec(format!("{BEGIN}{body}{END}\n").as_bytes()).ok()?;
                Certificate::from_der(&der).ok()
            })
            .collect::<Option<_>>()
            .ok_or(AnchorsError::NoCertificate)?;
        if certificates.is_empty() { Err(AnchorsError::NoCertificate) } else { Ok(Self(certificates)) }
    }

    /// Whether there is no anchor.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The anchors.
    pub fn certificates(&self) -> &[Certificate] {
        &self.0
    }

    /// Whether `certificate` is one of the anchors, byte for byte.
    pub fn contain(&self, certificate: &Certificate) -> bool {
        let Ok(wanted) = certificate.to_der() else { return false };
        self.0.iter().any(|anchor| anchor.to_der().is_ok_and(|der| der == wanted))
    }
}
