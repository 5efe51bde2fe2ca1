//! What the archive answers when it does not take a report (RFC 9457, "problem details").

use serde::{Deserialize, Serialize};

/// Problem details. Only `code` is meant for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A URI that names the kind of problem: `urn:bam-station:problem:` and the code in small letters with hyphens.
    #[serde(rename = "type")]
    pub kind: String,
    /// What is wrong, for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, for programs: `REPORT_TOO_LARGE`.
    pub code: String,
    /// What exactly was found; nothing personal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
}

impl Problem {
    /// A problem without findings.
    pub fn new(status: u16, code: &str, title: &str) -> Self {
        let kind = format!("urn:bam-station:problem:{}", code.to_ascii_lowercase().replace('_', "-"));
        Self { kind, title: title.to_owned(), status, code: code.to_owned(), findings: Vec::new() }
    }
}
