//! The end of the retention: evidence and personal data are erased, a tombstone without personal data takes their place.
//!
//! A purged control keeps its row (id, function, kind, outcome, time), its receipt and the hashes of its journal entries, so the
//! chain still verifies. Its journal bodies, notices, scans, signature and report are gone; the tombstone, a journal entry of its own,
//! names the digests of the evidence that was removed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, named_params};
use serde::{Deserialize, Serialize};

use super::{
    ControlFilter, FinishedControl, JournalEntry, REGISTER_STREAM, Register, RegisterError,
    journal::{append_in, commitment, parsed, signed},
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
            if tombstone_of(&self.connection, &control.control)?.is_some() {
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
        // Pages that were rewritten earlier may still hold what was erased; a database written anew does not.
        self.connection.execute_batch("VACUUM")?;
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(Purged { controls: total, files })
    }

    /// The tombstone of a purged control and when it was set; `None` for a control that is not purged.
    pub fn tombstone(&self, control: &str) -> Result<Option<(Timestamp, Tombstone)>, RegisterError> {
        let Some(tombstone) = tombstone_of(&self.connection, control)? else { return Ok(None) };
        let at: String = self.connection.query_row(
            "SELECT at FROM journal JOIN purged ON seq = tombstone WHERE control = ?1",
            [control],
            |row| row.get(0),
        )?;
        let at = at.parse().map_err(|_| RegisterError::Damaged("an instant in the journal is none".into()))?;
        Ok(Some((at, tombstone)))
    }

    /// Every piece of evidence that is kept here and that the entries of a control, or the register's own entries about it, name:
    /// its report, scans, signature, terms.
    pub fn evidence_of(&self, control: &str) -> Result<BTreeSet<Digest>, RegisterError> {
        let mut found = BTreeSet::new();
        for entry in self.entries(control)? {
            digests_in(&entry.body, &mut found);
        }
        let mut rows = self.connection.prepare_cached(
            "SELECT body FROM journal WHERE stream = 'register' AND json_extract(body, '$.control') = ?1 ORDER BY seq",
        )?;
        let mut rows = rows.query([control])?;
        while let Some(row) = rows.next()? {
            digests_in(&row.get::<_, String>(0)?, &mut found);
        }
        found.retain(|digest| self.evidence().path(digest).is_file());
        Ok(found)
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
        transaction.execute("INSERT INTO purged (control, tombstone) VALUES (?1, ?2)", (&control.control, signed(place.seq)?))?;
        let commitments: Vec<(i64, Digest)> = transaction
            .prepare_cached("SELECT seq, salt, body FROM journal WHERE stream = ?1 AND erased IS NULL")?
            .query_map([&control.control], |row| {
                let (seq, salt, body): (i64, Vec<u8>, String) = row.try_into()?;
                Ok((seq, commitment(&salt, &body)))
            })?
            .collect::<Result<_, _>>()?;
        for (seq, commitment) in commitments {
            transaction.execute(
                "UPDATE journal SET body = '', salt = zeroblob(16), erased = :commitment WHERE seq = :seq",
                named_params! { ":commitment": commitment.to_string(), ":seq": seq },
            )?;
        }
        // The announcement names the person; that there was one stays in the journal.
        transaction.execute("DELETE FROM authorisations WHERE control = ?1", [&control.control])?;
        transaction.execute("DELETE FROM notices WHERE control = ?1", [&control.control])?;
        transaction.commit()?;
        Ok(())
    }

    /// Removes the evidence that tombstones name and no other control does.
    fn remove_purged_evidence(&self) -> Result<u64, RegisterError> {
        let mut removed = 0;
        let left = self.purged_evidence_left()?;
        for digest in left.keys() {
            self.evidence().remove(digest)?;
            removed += 1;
        }
        let reports = self.folder.join("reports");
        for control in self.purged_controls()? {
            match std::fs::remove_file(reports.join(format!("{control}.pdf"))) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(removed)
    }

    /// The evidence of purged controls that is still here although no other control names it, each with its control.
    pub(super) fn purged_evidence_left(&self) -> Result<BTreeMap<Digest, String>, RegisterError> {
        let mut left = BTreeMap::new();
        for control in self.purged_controls()? {
            let Some(tombstone) = tombstone_of(&self.connection, &control)? else { continue };
            let here = tombstone.evidence.into_iter().filter(|digest| self.evidence().path(digest).is_file());
            left.extend(here.map(|digest| (digest, control.clone())));
        }
        if left.is_empty() {
            return Ok(left);
        }
        let mut statement =
            self.connection.prepare("SELECT body FROM journal WHERE erased IS NULL AND stream <> ?1 ORDER BY seq")?;
        let mut rows = statement.query([REGISTER_STREAM])?;
        let mut named = BTreeSet::new();
        while let Some(row) = rows.next()? {
            digests_in(&row.get::<_, String>(0)?, &mut named);
            left.retain(|digest, _| !named.contains(digest));
            named.clear();
        }
        let mut statement = self
            .connection
            .prepare("SELECT report FROM controls WHERE report IS NOT NULL AND control NOT IN (SELECT control FROM purged)")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            left.remove(&parsed(row, "report")?);
        }
        Ok(left)
    }

    fn purged_controls(&self) -> Result<Vec<String>, RegisterError> {
        let mut rows = self.connection.prepare_cached("SELECT control FROM purged ORDER BY tombstone")?;
        rows.query_map([], |row| row.get(0))?.map(|row| row.map_err(RegisterError::from)).collect()
    }
}

/// The tombstone that the journal has of this control.
pub(super) fn tombstone_of(connection: &Connection, control: &str) -> Result<Option<Tombstone>, RegisterError> {
    let body: Option<String> = connection
        .prepare_cached(
            "SELECT body FROM journal JOIN purged ON seq = tombstone
             WHERE control = ?1 AND journal.stream = ?2 AND journal.kind = ?3",
        )?
        .query_row([control, REGISTER_STREAM, CONTROL_PURGED], |row| row.get(0))
        .optional()?;
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
