//! What trust said about a certificate when it was used, and what that rests on: plain data for the journal and the record.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// A certificate that counted when it was used. Everything that is named by a digest is kept as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// When trust was asked.
    pub at: Timestamp,
    /// The certificates, DER: the judged one first, the anchor last.
    pub chain: Vec<Digest>,
    /// Certificate policies (dotted numbers) that hold along the chain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// The answers on revocation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revocation: Vec<RevocationAnswer>,
    /// What is to be known although it is no objection.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<JudgedNote>,
}

/// A signed answer on revocation that counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationAnswer {
    /// Serial number of the certificate that it is about.
    pub serial: String,
    /// The kind of the answer.
    pub source: AnswerSource,
    /// Where it came from.
    pub url: String,
    /// The answer itself, DER.
    pub answer: Digest,
    /// When it was made.
    pub produced_at: Timestamp,
    /// When there is a newer one at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_update: Option<Timestamp>,
    /// It was fetched earlier and kept.
    #[serde(default)]
    pub kept: bool,
}

/// The kind of an answer on revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerSource {
    /// An OCSP response (RFC 6960).
    Ocsp,
    /// A revocation list (RFC 5280 §5).
    RevocationList,
}

/// Something to be known about a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedNote {
    /// Its stable name.
    pub code: String,
    /// In words, English.
    pub text: String,
}

impl Judged {
    /// Everything that is kept for it.
    pub fn evidence(&self) -> impl Iterator<Item = Digest> + '_ {
        self.chain.iter().copied().chain(self.revocation.iter().map(|answer| answer.answer))
    }
}
