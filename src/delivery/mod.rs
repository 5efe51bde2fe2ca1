//! Delivery: the report of a qualified control goes to the archive of the certificate authority, exactly once, and a signed
//! receipt comes back. `docs/archive-api.yaml` describes the protocol for other implementations.
//!
//! ```text
//! register (outbox) ─ outbox::drain_once ─ client ══ mutual TLS ══ archive ─ register of receipts
//! ```
//!
//! The digest of the report is its address, so the station may send it as often as it likes: the archive stores it once and
//! answers with the same receipt each time.

pub mod archive;
pub mod authorisation;
pub mod client;
pub mod hand_over;
pub mod outbox;
mod problem;
pub mod receipt;
mod signing_key;
pub mod tls;

pub use problem::Problem;

/// The largest report that is sent or received, in bytes.
pub const MAX_REPORT_BYTES: u64 = crate::register::MAX_EVIDENCE_BYTES;

/// The largest answer that a station reads, in bytes: a receipt or a problem.
pub const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// The header that names the control whose report is sent.
pub const CONTROL_HEADER: &str = "bam-control-id";

/// The media type of a report.
pub const REPORT_TYPE: &str = "application/pdf";

/// The media type of a problem (RFC 9457).
pub const PROBLEM_TYPE: &str = "application/problem+json";
