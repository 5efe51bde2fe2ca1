//! Which controls a list or an export is about.

use jiff::Timestamp;
use rusqlite::named_params;

use super::{FinishedControl, Register, RegisterError, controls, journal::instant_text};
use crate::rules::{CertificateKind, Function};

/// Controls that have all of these properties; the default asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ControlFilter {
    /// Ended at this instant or later.
    pub from: Option<Timestamp>,
    /// Ended before this instant.
    pub before: Option<Timestamp>,
    /// What the holder came for.
    pub function: Option<Function>,
    /// The kind of certificate.
    pub certificate: Option<CertificateKind>,
    /// How it ended, such as `approved`.
    pub outcome: Option<String>,
    /// Lies in the outbox without a receipt.
    pub undelivered: bool,
}

impl ControlFilter {
    /// Whether every control passes.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

impl Register {
    /// The finished controls that pass the filter, in the order in which they were registered.
    pub fn controls_where(&self, filter: &ControlFilter) -> Result<Vec<FinishedControl>, RegisterError> {
        let ControlFilter { from, before, function, certificate, outcome, undelivered } = filter;
        let mut rows = self.connection.prepare_cached(
            "SELECT * FROM controls
             WHERE (:from IS NULL OR completed_at >= :from) AND (:before IS NULL OR completed_at < :before)
               AND (:function IS NULL OR function = :function) AND (:certificate IS NULL OR certificate = :certificate)
               AND (:outcome IS NULL OR outcome = :outcome)
               AND (NOT :undelivered OR control IN (SELECT control FROM outbox WHERE delivered_at IS NULL))
             ORDER BY registered",
        )?;
        let word_of_function = function.as_ref().map(controls::word).transpose()?;
        let word_of_certificate = certificate.as_ref().map(controls::word).transpose()?;
        rows.query_map(
            named_params! {
                ":from": from.map(instant_text), ":before": before.map(instant_text), ":function": word_of_function,
                ":certificate": word_of_certificate, ":outcome": outcome, ":undelivered": undelivered,
            },
            controls::read,
        )?
        .map(|row| row.map_err(RegisterError::from))
        .collect()
    }
}
