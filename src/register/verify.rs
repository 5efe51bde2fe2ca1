//! Whether the controls, their reports and their receipts are what the journal says they are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    FinishedControl, MAX_EVIDENCE_BYTES, OutboxState, Register, RegisterError,
    controls::CONTROL_REGISTERED,
    outbox::RECEIPT_KEPT,
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

#[derive(Deserialize)]
struct KeptReceipt {
    control: String,
    report: Digest,
    receipt_sha256: Digest,
}

/// What the journal says about the controls.
#[derive(Default)]
struct Testimony {
    registered: BTreeMap<String, FinishedControl>,
    receipts: BTreeMap<String, KeptReceipt>,
    raised: Vec<RaisedReport>,
    purged: BTreeMap<String, Tombstone>,
}

impl Register {
    /// Compares every control with the journal, hashes every report again, and compares every kept receipt with the journal.
    /// `receipt_check` judges a receipt's own signature. `progress` is told controls done and controls in all.
    ///
    /// This presumes that [`Register::verify_journal`] has found no fault.
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
        let mut testimony = self.testimony(&mut problems)?;
        let raised = testimony.raised.iter().map(|raised| (&raised.control, &raised.report, &raised.level));
        let table = self.raised_table()?;
        if !raised.eq(table.iter().map(|(control, report, level)| (control, report, level))) {
            let what = "the table of raised reports is not what the journal says".to_owned();
            problems.push(ControlProblem { control: String::new(), what });
        }
        // The reports of a purged control are gone, raised or not.
        testimony.raised.retain(|raised| !testimony.purged.contains_key(&raised.control));
        let mut purged = 0_u64;
        let controls = self.controls()?;
        let total = u64::try_from(controls.len()).unwrap_or(u64::MAX);
        for (done, control) in (1..).zip(&controls) {
            let mut blame = |what: String| {
                problems.push(ControlProblem { control: control.control.clone(), what });
            };
            match testimony.registered.remove(&control.control) {
                Some(registered) if same(&registered, control) => {}
                Some(_) => blame("its row is not what the journal says".into()),
                None => blame("the journal knows nothing of it".into()),
            }
            let to_deliver = control.certificate == CertificateKind::Qualified && control.report.is_some();
            if to_deliver && self.delivery(&control.control)?.is_none() && !testimony.receipts.contains_key(&control.control) {
                blame("its place in the outbox was removed before it was delivered".into());
            }
            if testimony.purged.remove(&control.control).is_some() {
                purged += 1;
                if !self.entries(&control.control)?.is_empty() {
                    blame("it was purged, but events of it are still here: run `bam-station register purge` again".into());
                }
                progress(done, total);
                continue;
            }
            match control.report.map(|report| self.evidence().get(&report, MAX_EVIDENCE_BYTES)) {
                Some(Err(error @ (RegisterError::EvidenceMissing(_) | RegisterError::EvidenceDamaged(_)))) => {
                    blame(error.to_string());
                }
                Some(Err(error)) => return Err(error),
                Some(Ok(_)) | None => {}
            }
            progress(done, total);
        }
        problems.extend(self.purged_evidence_left()?.into_iter().map(|(digest, control)| ControlProblem {
            control,
            what: format!("it was purged, but its evidence {digest} is still here: run `bam-station register purge` again"),
        }));
        let mut receipts = 0_u64;
        for delivery in self.deliveries()? {
            let mut blame = |what: String| {
                problems.push(ControlProblem { control: delivery.control.clone(), what });
            };
            let kept = testimony.receipts.remove(&delivery.control);
            let Some(receipt) = &delivery.receipt else {
                if kept.is_some() {
                    blame("its receipt is not there any more".into());
                }
                continue;
            };
            receipts += 1;
            match kept {
                Some(kept) if kept.report == delivery.report && kept.receipt_sha256 == Digest::of(receipt.as_bytes()) => {}
                Some(_) => blame("its receipt is not what the journal says".into()),
                None => blame("the journal knows nothing of its receipt".into()),
            }
            if let Err(what) = receipt_check(&delivery, receipt) {
                blame(what);
            }
        }
        for raised in &testimony.raised {
            if let Some(what) = self.fault_of_raised(raised)? {
                problems.push(ControlProblem { control: raised.control.clone(), what });
            }
        }
        let removed = testimony.registered.into_keys().map(|control| (control, "its row was removed"));
        let receipts_removed = testimony.receipts.into_keys().map(|control| (control, "its place in the outbox was removed"));
        problems.extend(removed.chain(receipts_removed).map(|(control, what)| ControlProblem { control, what: what.into() }));
        drop(snapshot);
        Ok(ControlsReport { controls: total, receipts, purged, problems })
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

    fn testimony(&self, problems: &mut Vec<ControlProblem>) -> Result<Testimony, RegisterError> {
        let mut testimony = Testimony::default();
        for entry in self.own_entries()? {
            let understood = match entry.kind.as_str() {
                CONTROL_REGISTERED => serde_json::from_str::<FinishedControl>(&entry.body).map(|control| {
                    drop(testimony.registered.insert(control.control.clone(), control));
                }),
                RECEIPT_KEPT => serde_json::from_str::<KeptReceipt>(&entry.body)
                    .map(|kept| drop(testimony.receipts.insert(kept.control.clone(), kept))),
                REPORT_RAISED => serde_json::from_str(&entry.body).map(|raised| testimony.raised.push(raised)),
                CONTROL_PURGED => serde_json::from_str::<Tombstone>(&entry.body)
                    .map(|tombstone| drop(testimony.purged.insert(tombstone.control.clone(), tombstone))),
                _ => Ok(()),
            };
            if understood.is_err() {
                problems.push(ControlProblem {
                    control: String::new(),
                    what: format!("journal entry {} cannot be understood", entry.seq),
                });
            }
        }
        Ok(testimony)
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
