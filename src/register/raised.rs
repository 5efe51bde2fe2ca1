//! Reports whose level was raised later: the same signed bytes with updates after them (data for later validation, time-stamps).
//!
//! The registered report stays what it is. Each raised one is kept beside it under its own digest, and an entry of the journal
//! binds the two; it is taken only when it begins with every byte of the one before.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    JournalEntry, MAX_EVIDENCE_BYTES, REGISTER_STREAM, Register, RegisterError, controls,
    database::Database,
    journal::{append_in, signed},
};
use crate::digest::Digest;

/// The kind of the journal entry that binds a raised report to the hash chain.
pub(super) const REPORT_RAISED: &str = "report-raised";

/// What the journal says about a raised report. A row of the table `raised` says the same, for finding it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaisedReport {
    /// The control.
    pub control: String,
    /// The report from which it was raised: the registered one, or one that was raised before.
    pub from: Digest,
    /// The raised report among the evidence.
    pub report: Digest,
    /// Its level, such as `B-LTA`.
    pub level: String,
}

/// A report whose level can be raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaisableReport {
    /// The control.
    pub control: String,
    /// The place of the control among the registered ones, from which the search goes on.
    pub place: i64,
    /// The newest report of the control.
    pub report: Digest,
}

impl Register {
    /// Keeps a raised report of a control beside the ones before it. Durable when it returns.
    ///
    /// # Errors
    /// [`RegisterError::NotRegistered`] for a control without a report; [`RegisterError::NotAnExtension`] unless `pdf` begins with the
    /// control's newest report and goes on after it; otherwise what stands in the way of files and database.
    pub fn keep_raised(&mut self, control: &str, pdf: &[u8], level: &str, at: Timestamp) -> Result<RaisedReport, RegisterError> {
        let from = self.newest_report(control)?.ok_or(RegisterError::NotRegistered)?;
        let before = self.evidence().get(&from, MAX_EVIDENCE_BYTES)?;
        if pdf.len() <= before.len() || !pdf.starts_with(&before) {
            return Err(RegisterError::NotAnExtension);
        }
        let report = self.evidence().put(pdf)?;
        let raised = RaisedReport { control: control.to_owned(), from, report, level: level.to_owned() };
        let entry = JournalEntry::new(REPORT_RAISED, &raised)?;
        let transaction = self.database.write()?;
        // Another desk may have raised it in the meantime; then this one comes too late.
        if newest(&transaction, control)? != Some(from) {
            return Err(RegisterError::NotAnExtension);
        }
        let entry = *append_in(&transaction, REGISTER_STREAM, &[entry], at)?.first().ok_or(RegisterError::BadBody)?;
        transaction.execute(
            "INSERT INTO raised (entry, control, report, level) VALUES ($1, $2, $3, $4)",
            &[signed(entry.seq)?.into(), control.into(), report.into(), level.into()],
        )?;
        transaction.commit()?;
        Ok(raised)
    }

    /// The raised reports of a control, oldest first.
    pub fn raised_reports(&self, control: &str) -> Result<Vec<RaisedReport>, RegisterError> {
        raised_in(&self.database, control)
    }

    /// The newest report of a control: the one raised last, else the registered one; `None` without a report.
    pub fn newest_report(&self, control: &str) -> Result<Option<Digest>, RegisterError> {
        newest(&self.database, control)
    }

    /// Up to `limit` reports after `place` (0 at first) that were not raised to `level` yet, in the order of registration.
    pub fn raisable_reports(&self, level: &str, place: i64, limit: u16) -> Result<Vec<RaisableReport>, RegisterError> {
        self.database.read(
            "SELECT control, registered, coalesce(
                (SELECT raised.report FROM raised WHERE raised.control = controls.control ORDER BY entry DESC LIMIT 1),
                report) AS report
             FROM controls
             WHERE report IS NOT NULL AND registered > $1 AND control NOT IN (SELECT control FROM purged)
                AND NOT EXISTS (SELECT 1 FROM raised WHERE raised.control = controls.control AND level = $2)
             ORDER BY registered LIMIT $3",
            &[place.into(), level.into(), limit.into()],
            |row| {
                Ok(RaisableReport { control: row.get("control")?, place: row.get("registered")?, report: row.parsed("report")? })
            },
        )
    }
}

fn newest(database: &Database, control: &str) -> Result<Option<Digest>, RegisterError> {
    let raised = raised_in(database, control)?.pop().map(|raised| raised.report);
    match raised {
        Some(report) => Ok(Some(report)),
        None => Ok(controls::find(database, control)?.and_then(|finished| finished.report)),
    }
}

fn raised_in(database: &Database, control: &str) -> Result<Vec<RaisedReport>, RegisterError> {
    let bodies = database.read(
        "SELECT body FROM journal WHERE control = $1 AND stream = $2 AND kind = $3 ORDER BY seq",
        &[control.into(), REGISTER_STREAM.into(), REPORT_RAISED.into()],
        |row| row.get::<String>("body"),
    )?;
    bodies.iter().map(|body| serde_json::from_str(body).map_err(|_| RegisterError::BadBody)).collect()
}
