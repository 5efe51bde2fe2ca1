//! Record → report → signature → verification.
pub mod report;
pub mod sign;
pub mod verify;
pub mod preview;
