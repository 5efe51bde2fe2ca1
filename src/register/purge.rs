//! The end of the retention: evidence and personal data are erased, a tombstone without personal data takes their place.
//!
//! A purged control keeps its row (id, function, kind, outcome, time), its receipt and the hashes of its journal entries, so the
//! chain still verifies. Its journal bodies, notices, scans, signature and report are gone; the tombstone, a journal entry of its own,
//! names the digests of the evidence that was removed.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    ControlFilter, FinishedControl, JournalEntry, REGISTER_STREAM, Register, RegisterError,
    database::Database,
    journal::{ChainedRow, ROW, append_in, each_row, signed},
    people,
};
use crate::{digest::Digest, rules::CertificateKind};

/// The kind of the journal entry that says that a control was purged.
pub(super) const CONTROL_PURGED: &str = "control-purged";

/// What the journal says about a purged control. Nothing personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tombstone {
    /// The control.
    pub control: String,
    /// Its report.
    pub report: Option<Digest>,
    /// The evidence that it named, the report included. What another control names as well is still there.
    pub evidence: BTreeSet<Digest>,
    /// Controls that ended before this instant were purged.
    pub ended_before: Timestamp,
}

/// What a purge would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PurgePlan {
    /// Ended before the instant, delivered or not to be delivered, not purged yet.
    pub due: Vec<FinishedControl>,
    /// As old, but the archive has not got the report yet: these stay.
    pub undelivered: Vec<FinishedControl>,
}

/// What a purge has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Purged {
    /// Controls that were purged.
    pub controls: u64,
    /// Files of evidence that were removed.
    pub files: u64,
}

impl Register {
    /// The controls whose retention is over: those that ended before `ended_before`. Nothing is changed.
    pub fn plan_purge(&self, ended_before: Timestamp) -> Result<PurgePlan, RegisterError> {
        let mut plan = PurgePlan::default();
        for control in self.controls_where(&ControlFilter { before: Some(ended_before), ..ControlFilter::default() })? {
            if tombstone_of(&self.database, &control.control)?.is_some() {
                continue;
            }
            let to_deliver = control.certificate == CertificateKind::Qualified && control.report.is_some();
            let open = match self.delivery(&control.control)? {
                Some(delivery) => delivery.receipt.is_none(),
                None => to_deliver,
            };
            if open { plan.undelivered.push(control) } else { plan.due.push(control) }
        }
        Ok(plan)
    }

    /// Purges the controls that [`Register::plan_purge`] calls due. Each control is purged whole or not at all; what a power cut
    /// leaves of its files is removed by the next purge. `progress` is told controls done and controls in all.
    pub fn purge(
        &mut self,
        ended_before: Timestamp,
        at: Timestamp,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Purged, RegisterError> {
        let due = self.plan_purge(ended_before)?.due;
        let total = u64::try_from(due.len()).unwrap_or(u64::MAX);
        for (done, control) in (1..).zip(&due) {
            self.bury(control, ended_before, at)?;
            progress(done, total);
        }
        let files = self.remove_purged_evidence()?;
        self.database.forget_erased()?;
        Ok(Purged { controls: total, files })
    }

    /// The tombstone of a purged control and when it was set; `None` for a control that is not purged.
    pub fn tombstone(&self, control: &str) -> Result<Option<(Timestamp, Tombstone)>, RegisterError> {
        let Some(tombstone) = tombstone_of(&self.database, control)? else { return Ok(None) };
        let at = self.database.first(
            "SELECT journal.at FROM journal JOIN purged ON seq = tombstone WHERE purged.control = $1",
            &[control.into()],
        )?;
        at.map(|row| Ok((row.parsed("at")?, tombstone))).transpose()
    }

    /// Every piece of evidence that is kept here and that the entries of a control, or the register's own entries about it, name:
    /// its report, scans, signature, terms.
    pub fn evidence_of(&self, control: &str) -> Result<BTreeSet<Digest>, RegisterError> {
        let mut found = BTreeSet::new();
        for entry in self.entries(control)? {
            digests_in(&entry.body, &mut found);
        }
        let about = format!("SELECT {ROW} FROM journal WHERE control = $1 AND stream = $2 ORDER BY seq");
        let entries = self
            .database
            .read(&about, &[control.into(), REGISTER_STREAM.into()], |row| Ok(ChainedRow::read(&self.database, &row)?.entry))?;
        for entry in entries {
            digests_in(&entry.body, &mut found);
        }
        let mut here = BTreeSet::new();
        for digest in found {
            if self.evidence().holds(&digest)? {
                here.insert(digest);
            }
        }
        Ok(here)
    }

    fn bury(&mut self, control: &FinishedControl, ended_before: Timestamp, at: Timestamp) -> Result<(), RegisterError> {
        let tombstone = Tombstone {
            control: control.control.clone(),
            report: control.report,
            evidence: self.evidence_of(&control.control)?,
            ended_before,
        };
        let entry = JournalEntry::new(CONTROL_PURGED, &tombstone)?;
        let transaction = self.begin()?;
        let place = *append_in(&transaction, REGISTER_STREAM, &[entry], at)?.first().ok_or(RegisterError::BadBody)?;
        transaction.execute(
            "INSERT INTO purged (control, tombstone) VALUES ($1, $2)",
            &[control.control.as_str().into(), signed(place.seq)?.into()],
        )?;
        let sql = format!("SELECT {ROW} FROM journal WHERE stream = $1 AND erased IS NULL");
        let rows = transaction.read(&sql, &[control.control.as_str().into()], |row| ChainedRow::read_closed(&row))?;
        for row in rows {
            transaction.execute(
                "UPDATE journal SET body = '', salt = $1, erased = $2 WHERE seq = $3",
                &[[0_u8; 16].as_slice().into(), row.commitment().into(), signed(row.entry.seq)?.into()],
            )?;
        }
        people::forget(&transaction, &control.control)?;
        // The announcement names the person; that there was one stays in the journal.
        transaction.execute("DELETE FROM authorisations WHERE control = $1", &[control.control.as_str().into()])?;
        transaction.execute("DELETE FROM notices WHERE control = $1", &[control.control.as_str().into()])?;
        transaction.commit()
    }

    /// Removes the evidence that tombstones name and no other control does.
    fn remove_purged_evidence(&self) -> Result<u64, RegisterError> {
        let mut removed = 0;
        let left = self.purged_evidence_left()?;
        for digest in left.keys() {
            self.evidence().remove(digest)?;
            removed += 1;
        }
        Ok(removed)
    }

    /// The evidence of purged controls that is still here although no other control names it, each with its control.
    pub(super) fn purged_evidence_left(&self) -> Result<BTreeMap<Digest, String>, RegisterError> {
        let mut left = BTreeMap::new();
        for control in self.purged_controls()? {
            let Some(tombstone) = tombstone_of(&self.database, &control)? else { continue };
            for digest in tombstone.evidence {
                if self.evidence().holds(&digest)? {
                    left.insert(digest, control.clone());
                }
            }
        }
        if left.is_empty() {
            return Ok(left);
        }
        let mut named = BTreeSet::new();
        each_row(&self.database, i64::MIN, |row| -> Result<ControlFlow<()>, RegisterError> {
            let ChainedRow { entry, erased, .. } = ChainedRow::read(&self.database, row)?;
            if erased.is_none() && entry.stream != REGISTER_STREAM {
                digests_in(&entry.body, &mut named);
                left.retain(|digest, _| !named.contains(digest));
                named.clear();
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let reports: Vec<Digest> = self.database.read(
            "SELECT report FROM controls WHERE report IS NOT NULL AND control NOT IN (SELECT control FROM purged)",
            &[],
            |row| row.parsed("report"),
        )?;
        for report in &reports {
            left.remove(report);
        }
        Ok(left)
    }

    fn purged_controls(&self) -> Result<Vec<String>, RegisterError> {
        self.database.read("SELECT control FROM purged ORDER BY tombstone", &[], |row| row.first())
    }
}

/// The tombstone that the journal has of this control.
pub(super) fn tombstone_of(database: &Database, control: &str) -> Result<Option<Tombstone>, RegisterError> {
    let row = database.first(
        "SELECT journal.body FROM journal JOIN purged ON seq = tombstone
         WHERE purged.control = $1 AND journal.stream = $2 AND journal.kind = $3",
        &[control.into(), REGISTER_STREAM.into(), CONTROL_PURGED.into()],
    )?;
    let body = row.map(|row| row.get::<String>("body")).transpose()?;
    let tombstone = body.and_then(|body| serde_json::from_str::<Tombstone>(&body).ok());
    Ok(tombstone.filter(|tombstone| tombstone.control == control))
}

/// Every digest that stands in a JSON text as a value.
pub(super) fn digests_in(body: &str, found: &mut BTreeSet<Digest>) {
    let mut open: Vec<serde_json::Value> = serde_json::from_str(body).into_iter().collect();
    while let Some(value) = open.pop() {
        match value {
            serde_json::Value::String(text) => found.extend(text.parse::<Digest>().ok()),
            serde_json::Value::Array(values) => open.extend(values),
            serde_json::Value::Object(fields) => open.extend(fields.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
}
