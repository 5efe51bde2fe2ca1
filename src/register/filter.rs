//! Which controls a list or an export is about.

use jiff::Timestamp;

use super::{FinishedControl, Register, RegisterError, controls, database::Value};
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
        let mut conditions = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        let mut ask = |condition: &str, value: Value| {
            values.push(value);
            conditions.push(format!("{condition} ${}", values.len()));
        };
        if let Some(from) = *from {
            ask("completed_at >=", from.into());
        }
        if let Some(before) = *before {
            ask("completed_at <", before.into());
        }
        if let Some(function) = function {
            ask("function =", controls::word(function)?.into());
        }
        if let Some(certificate) = certificate {
            ask("certificate =", controls::word(certificate)?.into());
        }
        if let Some(outcome) = outcome {
            ask("outcome =", outcome.into());
        }
        if *undelivered {
            conditions.push("control IN (SELECT control FROM outbox WHERE delivered_at IS NULL)".to_owned());
        }
        let conditions = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
        let sql = format!("SELECT * FROM controls {conditions} ORDER BY registered");
        self.database.read(&sql, &values, |row| controls::read(&row))
    }
}
