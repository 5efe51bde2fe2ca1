//! Verification of a report, strict and offline.
