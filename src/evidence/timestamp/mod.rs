//! Time-stamps of an authority (RFC 3161): the proof by someone else that something existed at a certain time.
//!
//! The authority sees a digest and nothing of the report.

mod client;
mod message;
mod token;

pub use client::{TimeSource, TimeStampAuthority, TimeStampConnection, TimeStampError};
pub use token::{MAX_TOKEN, TimeStampToken, TokenFault};
