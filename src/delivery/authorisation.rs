//! The announcement of an approved control: what the issuing system may do, once, signed with the station's Ed25519 key.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    rules::{CertificateKind, Function},
    trust::hex::{from_hex, to_hex},
};

const TYPE: &str = "bam-station authorisation";

/// What is announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Always `bam-station authorisation`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Always 1.
    pub version: u32,
    /// The approved control. The issuing system acts once on a control id, however often it comes.
    pub control: String,
    /// The person's user name in the organisation (BAM: IssuerKey); absent where the control does not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_key: Option<String>,
    /// A control of a training desk: nothing real is issued on it.
    pub training: bool,
    /// What may be done.
    pub function: Function,
    /// For which kind of certificate.
    pub certificate: CertificateKind,
    /// The signed report that proves the control.
    pub report_sha256: Digest,
    /// When the control was approved.
    pub approved_at: Timestamp,
    /// Not after this instant.
    pub valid_until: Timestamp,
}

/// An announcement as it travels: the exact text that is signed, and the signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedStatement {
    authorisation: String,
    signature: String,
    key: String,
}

/// The announcement is not one of this station.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("this is no authorisation that the station signed: compare the station's key, and have it announced again")]
pub struct NotAuthorised;

impl Statement {
    /// A statement of the present version.
    pub fn new(
        control: String,
        (issuer_key, training): (Option<String>, bool),
        (function, certificate): (Function, CertificateKind),
        report_sha256: Digest,
        (approved_at, valid_until): (Timestamp, Timestamp),
    ) -> Self {
        Self {
            kind: TYPE.to_owned(),
            version: 1,
            control,
            issuer_key,
            training,
            function,
            certificate,
            report_sha256,
            approved_at,
            valid_until,
        }
    }

    /// The JSON of the signed announcement. The same statement gives the same bytes: Ed25519 needs no random number.
    ///
    /// # Errors
    /// [`NotAuthorised`] when it cannot be written as JSON.
    pub fn sign(&self, key: &SigningKey) -> Result<String, NotAuthorised> {
        let authorisation = serde_json::to_string(self).map_err(|_| NotAuthorised)?;
        let signature = to_hex(&key.sign(authorisation.as_bytes()).to_bytes());
        let key = to_hex(key.verifying_key().as_bytes());
        serde_json::to_string(&SignedStatement { authorisation, signature, key }).map_err(|_| NotAuthorised)
    }
}

impl SignedStatement {
    /// Checks the JSON of an announcement with the station's key, as an issuing system does.
    ///
    /// # Errors
    /// [`NotAuthorised`].
    pub fn verify(json: &str, key: &VerifyingKey) -> Result<Statement, NotAuthorised> {
        let signed: Self = serde_json::from_str(json).map_err(|_| NotAuthorised)?;
        let signature: [u8; 64] = from_hex(&signed.signature).and_then(|bytes| bytes.try_into().ok()).ok_or(NotAuthorised)?;
        key.verify_strict(signed.authorisation.as_bytes(), &Signature::from_bytes(&signature)).map_err(|_| NotAuthorised)?;
        let statement: Statement = serde_json::from_str(&signed.authorisation).map_err(|_| NotAuthorised)?;
        if statement.kind == TYPE && statement.version == 1 { Ok(statement) } else { Err(NotAuthorised) }
    }
}
