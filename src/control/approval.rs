//! Step 5: the operator approves with a PIN, which signs the report (seed 003, "Godkjenning og signering av Operatør").

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Control, Event, Judged, Refusal, Step};
use crate::digest::Digest;

/// The signed, verified and kept report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// SHA-256 of the signed PDF.
    pub report: Digest,
    /// Size of the PDF, bytes.
    pub size: u64,
    /// SHA-256 of the machine-readable record inside it.
    pub record: Digest,
    /// When all steps were done and the report was made (ETSI TS 119 461 ISS-8.5.2-05A).
    pub completed_at: Timestamp,
    /// When the operator signed.
    pub signed_at: Timestamp,
    /// Level of the signature, for example `B-B` (ETSI EN 319 142-1).
    pub level: String,
    /// What trust said of the operator's certificate at that moment, when the key is on a card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Box<Judged>>,
    /// Why the signature has no time of the authority that MASTER.toml names: the fault's code. The time comes later, over the
    /// whole report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_stamp_fault: Option<String>,
}

impl Control {
    pub(super) fn approve(&self, approval: Box<Approval>) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::Approval])?;
        Ok(vec![Event::Approved(approval)])
    }
}
