//! The archive's receipt: a signed statement that it has a report. Anybody can check it with the archive's public key:
//! the signature is plain Ed25519 (RFC 8032) over the exact bytes of the text in `receipt`.
//!
//! ```json
//! {"receipt":"{\"type\":\"bam-station receipt\",\"version\":1,…}","signature":"<128 hex digits>","key":"<64 hex digits>"}
//! ```

use std::{fmt, str::FromStr};

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    trust::hex::{from_hex, to_hex},
};

/// The statement's type. Being inside the signed text, it keeps a signature for something else from passing as a receipt.
const TYPE: &str = "bam-station receipt";

/// What the archive states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Always `bam-station receipt`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The version of this form: 1.
    pub version: u32,
    /// The report that the archive has stored.
    pub report_sha256: Digest,
    /// The control that the report is about.
    pub control_id: String,
    /// When the archive had the report on its disk.
    pub received_at: Timestamp,
    /// The archive's name.
    pub archive: String,
    /// The receipt's number in this archive, from 1 without gaps.
    pub entry: u64,
    /// The SHA-256 of the signed text of the receipt before this one; `null` for the first.
    pub previous_receipt_sha256: Option<Digest>,
}

impl Receipt {
    /// A receipt of the current version.
    pub fn new(
        report_sha256: Digest,
        control_id: String,
        received_at: Timestamp,
        archive: String,
        entry: u64,
        previous_receipt_sha256: Option<Digest>,
    ) -> Self {
        Self {
            kind: TYPE.to_owned(),
            version: 1,
            report_sha256,
            control_id,
            received_at,
            archive,
            entry,
            previous_receipt_sha256,
        }
    }

    /// Signs the receipt. The result is what the archive sends and both sides keep.
    pub fn sign(&self, key: &SigningKey) -> Result<SignedReceipt, ReceiptError> {
        let receipt = serde_json::to_string(self).map_err(|_| ReceiptError::NotAReceipt)?;
        let signature = key.sign(receipt.as_bytes());
        Ok(SignedReceipt { signature: to_hex(&signature.to_bytes()), key: ArchiveKey(key.verifying_key()).to_string(), receipt })
    }
}

/// A receipt as it travels: the exact text that is signed, and the signature. Nothing in it counts before it is verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedReceipt {
    receipt: String,
    signature: String,
    key: String,
}

impl SignedReceipt {
    /// Reads the JSON of a signed receipt.
    ///
    /// # Errors
    /// [`ReceiptError::NotAReceipt`].
    pub fn parse(json: &str) -> Result<Self, ReceiptError> {
        serde_json::from_str(json).map_err(|_| ReceiptError::NotAReceipt)
    }

    /// The JSON, in the one form in which it is sent and kept.
    pub fn to_json(&self) -> Result<String, ReceiptError> {
        serde_json::to_string(self).map_err(|_| ReceiptError::NotAReceipt)
    }

    /// The SHA-256 of the signed text, which the next receipt of the archive carries.
    pub fn digest(&self) -> Digest {
        Digest::of(self.receipt.as_bytes())
    }

    /// The key that the receipt itself names. It counts only where no key is pinned.
    pub fn named_key(&self) -> Result<ArchiveKey, ReceiptError> {
        self.key.parse().map_err(|NotAnArchiveKey| ReceiptError::NotAReceipt)
    }

    /// Checks the signature with `key` and returns the statement.
    ///
    /// # Errors
    /// [`ReceiptError::OtherKey`], [`ReceiptError::Forged`], [`ReceiptError::OtherVersion`], [`ReceiptError::NotAReceipt`].
    pub fn verify(&self, key: &ArchiveKey) -> Result<Receipt, ReceiptError> {
        if self.named_key()? != *key {
            return Err(ReceiptError::OtherKey);
        }
        let signature = Signature::from_bytes(&bytes_of(&self.signature).ok_or(ReceiptError::NotAReceipt)?);
        key.0.verify_strict(self.receipt.as_bytes(), &signature).map_err(|_| ReceiptError::Forged)?;
        let receipt: Receipt = serde_json::from_str(&self.receipt).map_err(|_| ReceiptError::OtherVersion)?;
        if receipt.kind != TYPE || receipt.version != 1 {
            return Err(ReceiptError::OtherVersion);
        }
        Ok(receipt)
    }
}

/// A receipt whose signature, report and control are those that were asked for. There is no other way to make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedReceipt {
    receipt: Receipt,
    json: String,
}

impl VerifiedReceipt {
    /// Checks the JSON of a receipt against the pinned key, the report and the control.
    ///
    /// # Errors
    /// As [`SignedReceipt::verify`], and [`ReceiptError::OtherReport`].
    pub fn check(json: &str, key: &ArchiveKey, report: &Digest, control: &str) -> Result<Self, ReceiptError> {
        let receipt = SignedReceipt::parse(json)?.verify(key)?;
        if receipt.report_sha256 != *report || receipt.control_id != control {
            return Err(ReceiptError::OtherReport);
        }
        Ok(Self { receipt, json: json.to_owned() })
    }

    /// The statement.
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The JSON exactly as it came.
    pub fn json(&self) -> &str {
        &self.json
    }
}

/// The public key of an archive (Ed25519), written as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveKey(VerifyingKey);

impl From<&SigningKey> for ArchiveKey {
    fn from(key: &SigningKey) -> Self {
        Self(key.verifying_key())
    }
}

impl fmt::Display for ArchiveKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(self.0.as_bytes()))
    }
}

/// The text is no key of an archive.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an archive's key is an Ed25519 public key, written as 64 hexadecimal digits")]
pub struct NotAnArchiveKey;

impl FromStr for ArchiveKey {
    type Err = NotAnArchiveKey;

    fn from_str(text: &str) -> Result<Self, NotAnArchiveKey> {
        let bytes = bytes_of::<32>(&text.trim().to_ascii_lowercase()).ok_or(NotAnArchiveKey)?;
        VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak()).map(Self).ok_or(NotAnArchiveKey)
    }
}

/// Why a receipt does not count.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptError {
    /// Not the JSON of a signed receipt.
    #[error("the archive's answer is not a receipt: ask the archive's administrator")]
    NotAReceipt,
    /// Signed with a key that is not the pinned one.
    #[error("the receipt is signed with another key than the archive's: compare ReceiptKey with the archive's administrator")]
    OtherKey,
    /// The signature is wrong.
    #[error("the receipt's signature is wrong: it does not come from the archive, or was changed on its way")]
    Forged,
    /// A form of receipt that this program does not know.
    #[error("the receipt has a form that this program does not know: update the program")]
    OtherVersion,
    /// About another report or control.
    #[error("the receipt is about another report: ask the archive's administrator")]
    OtherReport,
}

impl ReceiptError {
    /// The entry in the fault catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAReceipt => "RECEIPT_UNREADABLE",
            Self::OtherKey => "RECEIPT_OTHER_KEY",
            Self::Forged => "RECEIPT_FORGED",
            Self::OtherVersion => "RECEIPT_OTHER_VERSION",
            Self::OtherReport => "RECEIPT_OTHER_REPORT",
        }
    }
}

fn bytes_of<const N: usize>(digits: &str) -> Option<[u8; N]> {
    from_hex(digits)?.try_into().ok()
}
