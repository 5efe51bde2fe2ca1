//! What can be wrong with a report.

use serde::Serialize;

use crate::{evidence::timestamp::TokenFault, trust::TrustError};

/// One reason why a report does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The fault's code.
    pub code: &'static str,
    /// What is wrong and what to do, in English.
    pub what: String,
    /// Where in the file, in bytes from its start, when that is known.
    pub offset: Option<usize>,
}

/// The kinds of problems. Problems of certificates are those of [`TrustError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// Larger than the program reads, or more complex.
    TooLarge,
    /// The file does not follow the structure of a report.
    Structure,
    /// There is no signature.
    Unsigned,
    /// Something was added after the signature.
    ChangedAfterSigning,
    /// The signature's own update changes more than it may.
    SignatureUpdate,
    /// The signature does not cover exactly the whole file.
    Coverage,
    /// The signature is damaged or not of the expected form.
    SignatureForm,
    /// The content is not what was signed.
    ContentChanged,
    /// The signature value is wrong.
    SignatureWrong,
    /// The signature uses an algorithm that is not accepted.
    Algorithm,
    /// The signature names another certificate than the one that signed.
    OtherCertificate,
    /// The time of signing lies in the future or cannot be read.
    SigningTime,
    /// The data for later validation are damaged, or about something else.
    ValidationData,
    /// The machine-readable record is missing, doubled or unreadable.
    Record,
    /// The record was made for a layout that this program does not know.
    Layout,
    /// Evidence that the record names is missing from the file, or is another.
    Evidence,
    /// The record names another operator than the one who signed.
    OtherOperator,
    /// The file says something else about itself than the record.
    Metadata,
    /// The pages show something else than the record says.
    Pages,
}

impl ProblemKind {
    /// The fault's code.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "REPORT_TOO_LARGE",
            Self::Structure => "REPORT_DAMAGED",
            Self::Unsigned => "REPORT_UNSIGNED",
            Self::ChangedAfterSigning => "REPORT_CHANGED_AFTER_SIGNING",
            Self::SignatureUpdate => "REPORT_SIGNATURE_CHANGES_PAGES",
            Self::Coverage => "REPORT_NOT_COVERED",
            Self::SignatureForm => "REPORT_SIGNATURE_DAMAGED",
            Self::ContentChanged => "REPORT_CONTENT_CHANGED",
            Self::SignatureWrong => "REPORT_SIGNATURE_WRONG",
            Self::Algorithm => "REPORT_ALGORITHM_NOT_ACCEPTED",
            Self::OtherCertificate => "REPORT_CERTIFICATE_EXCHANGED",
            Self::SigningTime => "REPORT_SIGNING_TIME_WRONG",
            Self::ValidationData => "REPORT_VALIDATION_DATA_WRONG",
            Self::Record => "REPORT_RECORD_UNREADABLE",
            Self::Layout => "REPORT_LAYOUT_UNKNOWN",
            Self::Evidence => "REPORT_EVIDENCE_DIFFERS",
            Self::OtherOperator => "REPORT_OTHER_OPERATOR",
            Self::Metadata => "REPORT_METADATA_DIFFERS",
            Self::Pages => "REPORT_PAGES_DIFFER",
        }
    }

    /// The problem with its explanation.
    pub fn because(self, what: impl Into<String>) -> Problem {
        Problem { code: self.code(), what: what.into(), offset: None }
    }

    /// The problem with its explanation and place.
    pub fn at(self, offset: usize, what: impl Into<String>) -> Problem {
        Problem { offset: Some(offset), ..self.because(what) }
    }
}

impl Problem {
    /// A time-stamp, at this place in the file, that does not count.
    pub fn of_time_stamp(fault: TokenFault, at: usize) -> Self {
        Self { code: fault.code(), what: fault.to_string(), offset: Some(at) }
    }
}

impl From<TrustError> for Problem {
    fn from(error: TrustError) -> Self {
        Self { code: error.code(), what: error.to_string(), offset: None }
    }
}
