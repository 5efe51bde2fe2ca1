//! The ends of a control. Each is a proper end with its own record; only one of them issues something.

use serde::{Deserialize, Serialize};

use super::{Control, Event, Refusal, Step, document};

/// Which attempts were used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attempts {
    /// `MaxSignatureAttempts`.
    Signature,
    /// `MaxScanAttempts`.
    Scan,
}

/// How a control ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum End {
    /// Signed by the operator.
    Approved,
    /// The holder declined the terms: certificates are not issued (seed 003).
    TermsDeclined,
    /// The document or the likeness was not good enough.
    DocumentRejected {
        /// In the operator's words.
        reason: String,
    },
    /// The holder had no document.
    NoDocument(document::NoDocument),
    /// A false document is suspected.
    FalseDocumentSuspected(document::Suspicion),
    /// The person is not the one whose document was scanned earlier.
    NotThePersonScannedEarlier,
    /// The signatures differ too much: certificates are not issued (seed 003).
    SignatureDifferent {
        /// In the operator's words.
        reason: String,
    },
    /// No good result within the allowed attempts.
    AttemptsUsedUp {
        /// Which attempts.
        of: Attempts,
    },
    /// The operator ended it.
    Aborted {
        /// In the operator's words.
        reason: String,
    },
}

/// The end in one word, as the command line says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Issuing may go on.
    Approved,
    /// The holder declined the terms.
    Declined,
    /// The rules refused the control before it began.
    Refused,
    /// The identity was not established.
    Failed,
    /// The operator ended the control.
    Aborted,
}

impl Outcome {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }
}

impl End {
    /// The end in one word.
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Approved => Outcome::Approved,
            Self::TermsDeclined => Outcome::Declined,
            Self::Aborted { .. } => Outcome::Aborted,
            Self::DocumentRejected { .. }
            | Self::NoDocument(_)
            | Self::FalseDocumentSuspected(_)
            | Self::NotThePersonScannedEarlier
            | Self::SignatureDifferent { .. }
            | Self::AttemptsUsedUp { .. } => Outcome::Failed,
        }
    }
}

/// Longest text that an operator gives as a reason, note or statement, in characters.
pub const LONGEST_TEXT: usize = 2000;

/// A reason, note or statement must say something and stay within [`LONGEST_TEXT`].
pub(super) fn text(given: String) -> Result<String, Refusal> {
    let trimmed = given.trim();
    match trimmed.chars().count() {
        0 => Err(Refusal::TextMissing),
        n if n > LONGEST_TEXT => Err(Refusal::TextTooLong),
        _ if trimmed.len() == given.len() => Ok(given),
        _ => Ok(trimmed.to_owned()),
    }
}

impl Control {
    pub(super) fn hand_back(&self) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::HandBack])?;
        Ok(vec![Event::HandedBack])
    }

    pub(super) fn abort(&self, reason: String) -> Result<Vec<Event>, Refusal> {
        if self.step == Step::HandBack {
            return Err(self.not_this_step());
        }
        Ok(vec![Event::Aborted { reason: text(reason)? }])
    }
}
