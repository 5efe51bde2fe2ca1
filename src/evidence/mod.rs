//! What a control proves: record → report (pages) → signature → verification.

pub mod extend;
mod message;
pub mod preview;
pub mod raise;
pub mod record;
pub mod report;
pub mod sign;
pub mod timestamp;
pub mod verify;

pub use record::Record;
