//! What a control proves: record → report (pages) → signature → verification.

pub mod preview;
pub mod record;
pub mod report;
pub mod sign;
pub mod verify;

pub use record::Record;
