//! Whether the controls, their reports and their receipts, and the tables by which they are found, are what the journal says they are.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    AuthorisationState, FinishedControl, MAX_EVIDENCE_BYTES, OutboxState, REGISTER_STREAM, Register, RegisterError,
    RegisterPlace, StoredEntry, authorisations,
    controls::{self, CONTROL_REGISTERED},
    database::Row,
    outbox::{self, RECEIPT_KEPT},
    purge::{CONTROL_PURGED, Tombstone},
    raised::{REPORT_RAISED, RaisedReport},
};
use crate::{digest::Digest, rules::CertificateKind};

/// The outcome of [`Register::verify_controls`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlsReport {
    /// Controls that were looked at.
    pub controls: u64,
    /// Receipts that were looked at.
    pub receipts: u64,
    /// Controls of which a tombstone is left.
    pub purged: u64,
    /// Everything that does not hold.
    pub problems: Vec<ControlProblem>,
}

/// Something about a control that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlProblem {
    /// The control.
    pub control: String,
    /// What does not hold, in words.
    pub what: String,
}

impl ControlProblem {
    pub(super) fn new(control: &str, what: impl Into<String>) -> Self {
        Self { control: control.to_owned(), what: what.into() }
    }
}

#[derive(Deserialize)]
struct KeptReceipt {
    control: String,
    report: Digest,
    receipt_sha256: Digest,
}

/// What the journal says about the last change of an authorisation.
#[derive(Deserialize)]
struct ChangedAuthorisation {
    control: String,
    document_sha256: Option<Digest>,
    valid_until: Option<Timestamp>,
    #[serde(skip)]
    state: Option<AuthorisationState>,
}

/// What an entry of the journal says, and where it stands.
struct Told<T> {
    seq: u64,
    at: Timestamp,
    what: T,
}

/// What the journal says about the controls.
#[derive(Default)]
struct Testimony {
    registered: BTreeMap<String, Told<FinishedControl>>,
    receipts: BTreeMap<String, Told<KeptReceipt>>,
    raised: BTreeMap<u64, Told<RaisedReport>>,
    purged: BTreeMap<String, Told<Tombstone>>,
    authorisations: BTreeMap<String, Told<ChangedAuthorisation>>,
}

impl Register {
    /// Compares every control with the journal, hashes every report again, and compares every kept receipt, every place in the outbox,
    /// every authorisation, raised report and tombstone with the journal. `receipt_check` judges a receipt's own signature. `progress`
    /// is told controls done and controls in all.
    ///
    /// This presumes that [`Register::verify_journal`] has found no fault, and that what is sealed can be opened.
    ///
    /// # Errors
    /// Only when something cannot be read; what does not hold is in the report.
    pub fn verify_controls(
        &self,
        receipt_check: &dyn Fn(&OutboxState, &str) -> Result<(), String>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<ControlsReport, RegisterError> {
        let snapshot = self.database.snapshot()?;
        let mut problems = Vec::new();
        let testimony = self.testimony(&mut problems)?;
        let rows = self.database.query("SELECT * FROM controls ORDER BY registered", &[])?;
        let total = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let mut seen = BTreeSet::new();
        for (done, row) in (1..).zip(&rows) {
            let control: String = row.get("control")?;
            self.verify_control(&testimony, &control, row, &mut problems)?;
            seen.insert(control);
            progress(done, total);
        }
        let removed = testimony.registered.keys().filter(|control| !seen.contains(*control));
        problems.extend(removed.map(|control| ControlProblem::new(control, "its row was removed")));
        problems.extend(self.purged_evidence_left()?.into_iter().map(|(digest, control)| {
            let what = format!("it was purged, but its evidence {digest} is still here: run `bam-station register purge` again");
            ControlProblem { control, what }
        }));
        let receipts = self.verify_outbox(&testimony, receipt_check, &mut problems)?;
        self.verify_authorisations(&testimony, &mut problems)?;
        self.verify_raised(&testimony, &mut problems)?;
        self.verify_purged(&testimony, &mut problems)?;
        self.verify_streams(&mut problems)?;
        drop(snapshot);
        let purged = u64::try_from(testimony.purged.len()).unwrap_or(u64::MAX);
        Ok(ControlsReport { controls: total, receipts, purged, problems })
    }

    /// A control's row is the one that was registered, at its place in the journal, and its report is there.
    fn verify_control(
        &self,
        testimony: &Testimony,
        control: &str,
        row: &Row,
        problems: &mut Vec<ControlProblem>,
    ) -> Result<(), RegisterError> {
        let mut blame = |what: String| problems.push(ControlProblem::new(control, what));
        let found = readable(controls::read(row))?;
        match (testimony.registered.get(control), &found) {
            (Some(told), Some(found)) if same(&told.what, found) && row.get::<u64>("registered")? == told.seq => {}
            (Some(_), _) => blame("its row is not what the journal says".into()),
            (None, _) => blame("the journal knows nothing of it".into()),
        }
        let Some(found) = found else { return Ok(()) };
        let to_deliver = found.certificate == CertificateKind::Qualified && found.report.is_some();
        if to_deliver && !testimony.receipts.contains_key(control) && !self.is_in_outbox(control)? {
            blame("its place in the outbox was removed before it was delivered".into());
        }
        if testimony.purged.contains_key(control) {
            if !self.entries(control)?.is_empty() {
                blame("it was purged, but events of it are still here: run `bam-station register purge` again".into());
            }
            return Ok(());
        }
        match found.report.map(|report| self.evidence().get(&report, MAX_EVIDENCE_BYTES)) {
            Some(Err(error @ (RegisterError::EvidenceMissing(_) | RegisterError::EvidenceDamaged(_)))) => {
                blame(error.to_string());
            }
            Some(Err(error)) => return Err(error),
            Some(Ok(_)) | None => {}
        }
        Ok(())
    }

    fn is_in_outbox(&self, control: &str) -> Result<bool, RegisterError> {
        Ok(self.database.first("SELECT control FROM outbox WHERE control = $1", &[control.into()])?.is_some())
    }

    /// Every kept receipt is the one that the journal names, kept when it says; nothing else lies in the outbox than what has to be
    /// delivered. How often delivery has failed so far is no evidence and stands in no journal.
    fn verify_outbox(
        &self,
        testimony: &Testimony,
        receipt_check: &dyn Fn(&OutboxState, &str) -> Result<(), String>,
        problems: &mut Vec<ControlProblem>,
    ) -> Result<u64, RegisterError> {
        let mut receipts = 0_u64;
        let mut seen = BTreeSet::new();
        let sql = "SELECT outbox.*, controls.report AS report FROM outbox LEFT JOIN controls USING (control) ORDER BY registered";
        for row in self.database.query(sql, &[])? {
            let control: String = row.get("control")?;
            let mut blame = |what: String| problems.push(ControlProblem::new(&control, what));
            let told = testimony.receipts.get(&control);
            seen.insert(control.clone());
            let registered = testimony.registered.get(&control).map(|told| &told.what);
            if registered.is_none_or(|registered| registered.report.is_none()) {
                blame("it lies in the outbox, and has no report to deliver".into());
                continue;
            }
            let Some(delivery) = readable(outbox::read(&row))? else {
                blame("its place in the outbox is not what was written".into());
                continue;
            };
            let Some(receipt) = &delivery.receipt else {
                if told.is_some() {
                    blame("its receipt is not there any more".into());
                }
                continue;
            };
            receipts += 1;
            match told {
                Some(Told { at, what, .. })
                    if what.report == delivery.report
                        && what.receipt_sha256 == Digest::of(receipt.as_bytes())
                        && delivery.delivered_at == Some(*at) => {}
                Some(_) => blame("its receipt is not what the journal says".into()),
                None => blame("the journal knows nothing of its receipt".into()),
            }
            if let Err(what) = receipt_check(&delivery, receipt) {
                blame(what);
            }
        }
        let removed = testimony.receipts.keys().filter(|control| !seen.contains(*control));
        problems.extend(removed.map(|control| ControlProblem::new(control, "its place in the outbox was removed")));
        Ok(receipts)
    }

    /// Each approved control has one authorisation, in the state that the journal told last.
    fn verify_authorisations(&self, testimony: &Testimony, problems: &mut Vec<ControlProblem>) -> Result<(), RegisterError> {
        let due = testimony
            .registered
            .iter()
            .filter(|(control, told)| told.what.outcome == authorisations::APPROVED && !testimony.purged.contains_key(*control));
        let mut due: BTreeSet<&String> = due.map(|(control, _)| control).collect();
        for row in self.database.query("SELECT * FROM authorisations ORDER BY control", &[])? {
            let control: String = row.get("control")?;
            let mut blame = |what: &str| problems.push(ControlProblem::new(&control, what));
            if !due.remove(&control) {
                blame("it has an authorisation, and the journal knows of no approval");
                continue;
            }
            let Some(found) = readable(authorisations::read(&self.database, &row))? else {
                blame("its authorisation is not what was written");
                continue;
            };
            let as_told = match testimony.authorisations.get(&control) {
                None => found.state == AuthorisationState::Waiting,
                Some(Told { at, what, .. }) => {
                    let document = found.document.as_ref().map(|document| Digest::of(document.as_bytes()));
                    let until = |until: Option<Timestamp>| until.map(Timestamp::as_millisecond);
                    Some(found.state) == what.state
                        && found.changed_at == *at
                        && document == what.document_sha256
                        && until(found.valid_until) == until(what.valid_until)
                }
            };
            if !as_told {
                blame("its authorisation is not what the journal says");
            }
        }
        problems.extend(due.into_iter().map(|control| ControlProblem::new(control, "its authorisation was removed")));
        Ok(())
    }

    /// The table by which raised reports are found has those of the journal, and each of them is there.
    fn verify_raised(&self, testimony: &Testimony, problems: &mut Vec<ControlProblem>) -> Result<(), RegisterError> {
        let mut left: BTreeMap<u64, &RaisedReport> = testimony.raised.iter().map(|(seq, told)| (*seq, &told.what)).collect();
        for row in self.database.query("SELECT * FROM raised ORDER BY entry", &[])? {
            let told = left.remove(&row.get::<u64>("entry")?);
            let control: String = row.get("control")?;
            let found = (row.parsed::<Digest>("report").ok(), row.get::<String>("level")?);
            let right = told.is_some_and(|told| told.control == control && found == (Some(told.report), told.level.clone()));
            if !right {
                let named = told.map_or(&control, |told| &told.control);
                problems.push(ControlProblem::new(named, "the row of its raised report is not what the journal says"));
            }
        }
        problems.extend(
            left.into_values().map(|raised| ControlProblem::new(&raised.control, "the row of its raised report was removed")),
        );
        // The reports of a purged control are gone, raised or not.
        for Told { what: raised, .. } in testimony.raised.values() {
            if testimony.purged.contains_key(&raised.control) {
                continue;
            }
            if let Some(what) = self.fault_of_raised(raised)? {
                problems.push(ControlProblem::new(&raised.control, what));
            }
        }
        Ok(())
    }

    /// A raised report must be there and begin with the one from which it was raised.
    fn fault_of_raised(&self, raised: &RaisedReport) -> Result<Option<String>, RegisterError> {
        let read = |report| match self.evidence().get(report, MAX_EVIDENCE_BYTES) {
            Ok(pdf) => Ok(Ok(pdf)),
            Err(error @ (RegisterError::EvidenceMissing(_) | RegisterError::EvidenceDamaged(_))) => Ok(Err(error.to_string())),
            Err(error) => Err(error),
        };
        Ok(match (read(&raised.from)?, read(&raised.report)?) {
            (Ok(before), Ok(after)) if after.len() > before.len() && after.starts_with(&before) => None,
            (Ok(_), Ok(_)) => Some("its raised report is not the earlier one with an addition".into()),
            (Err(what), _) | (_, Err(what)) => Some(what),
        })
    }

    /// Each tombstone has its row, and each row its tombstone.
    fn verify_purged(&self, testimony: &Testimony, problems: &mut Vec<ControlProblem>) -> Result<(), RegisterError> {
        let mut left: BTreeMap<&String, u64> = testimony.purged.iter().map(|(control, told)| (control, told.seq)).collect();
        for row in self.database.query("SELECT control, tombstone FROM purged ORDER BY tombstone", &[])? {
            let control: String = row.get("control")?;
            if left.remove(&control) != Some(row.get("tombstone")?) {
                problems.push(ControlProblem::new(&control, "its tombstone is not where the journal has it"));
            }
        }
        problems.extend(left.into_keys().map(|control| ControlProblem::new(control, "the row of its tombstone was removed")));
        Ok(())
    }

    /// Where desks share the register, each stream is held by one desk from its first entry on.
    fn verify_streams(&self, problems: &mut Vec<ControlProblem>) -> Result<(), RegisterError> {
        if !matches!(self.place, RegisterPlace::Shared { .. }) {
            return Ok(());
        }
        let pairs = |sql: &str, values| {
            self.database.read(sql, values, |row| Ok((row.get::<String>("stream")?, row.get::<u64>("first")?)))
        };
        let held: BTreeSet<_> = pairs("SELECT stream, first FROM streams", &[])?.into_iter().collect();
        let sql = "SELECT stream, min(seq) AS first FROM journal WHERE stream <> $1 GROUP BY stream";
        let begun: BTreeSet<_> = pairs(sql, &[REGISTER_STREAM.into()])?.into_iter().collect();
        let wrong: BTreeSet<&String> = held.symmetric_difference(&begun).map(|(stream, _)| stream).collect();
        problems.extend(
            wrong.into_iter().map(|stream| ControlProblem::new(stream, "the row of its desk is not what the journal says")),
        );
        Ok(())
    }

    fn testimony(&self, problems: &mut Vec<ControlProblem>) -> Result<Testimony, RegisterError> {
        let mut testimony = Testimony::default();
        for entry in self.own_entries()? {
            let understood = match entry.kind.as_str() {
                CONTROL_REGISTERED => {
                    told(&entry).map(|told: Told<FinishedControl>| put(&mut testimony.registered, told, |it| &it.control))
                }
                RECEIPT_KEPT => told(&entry).map(|told: Told<KeptReceipt>| put(&mut testimony.receipts, told, |it| &it.control)),
                REPORT_RAISED => told(&entry).map(|told| drop(testimony.raised.insert(entry.seq, told))),
                CONTROL_PURGED => told(&entry).map(|told: Told<Tombstone>| put(&mut testimony.purged, told, |it| &it.control)),
                kind => match kind.strip_prefix("authorisation-").and_then(AuthorisationState::from_word) {
                    None => Some(()),
                    state => told(&entry).map(|mut told: Told<ChangedAuthorisation>| {
                        told.what.state = state;
                        put(&mut testimony.authorisations, told, |it| &it.control);
                    }),
                },
            };
            if understood.is_none() {
                problems.push(ControlProblem::new("", format!("journal entry {} cannot be understood", entry.seq)));
            }
        }
        Ok(testimony)
    }
}

fn told<T: DeserializeOwned>(entry: &StoredEntry) -> Option<Told<T>> {
    serde_json::from_str(&entry.body).ok().map(|what| Told { seq: entry.seq, at: entry.at, what })
}

/// What was told last about a control counts.
fn put<T>(known: &mut BTreeMap<String, Told<T>>, told: Told<T>, control: fn(&T) -> &String) {
    known.insert(control(&told.what).clone(), told);
}

/// What stands in a row; `None` when it is not in the form in which this program writes.
fn readable<T>(read: Result<T, RegisterError>) -> Result<Option<T>, RegisterError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(RegisterError::Damaged(_)) => Ok(None),
        Err(RegisterError::Seal(error)) if error.is_damage() => Ok(None),
        Err(other) => Err(other),
    }
}

/// The row keeps milliseconds, the journal whatever precision the clock had.
pub(super) fn same(registered: &FinishedControl, row: &FinishedControl) -> bool {
    let to_row = |control: &FinishedControl| {
        let completed_at = control.completed_at.as_millisecond();
        (control.control.clone(), control.report, control.function, control.certificate, control.outcome.clone(), completed_at)
    };
    to_row(registered) == to_row(row)
}
