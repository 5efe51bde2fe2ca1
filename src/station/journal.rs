//! Events of a control ↔ entries of the register's journal.

use std::{collections::BTreeMap, ops::ControlFlow};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::sign_ins;
use crate::{
    control::{BrokenJournal, Control, Event, Judged, Step},
    digest::Digest,
    evidence::verify::{TrustedCas, Verification, verify},
    register::{ControlProblem, JournalEntry, MAX_EVIDENCE_BYTES, REGISTER_STREAM, Register, RegisterError, StoredEntry},
};

/// Why a control cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// The register failed.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// Its events do not fit each other.
    #[error(transparent)]
    Broken(#[from] BrokenJournal),
    /// An entry is none of the events that this program knows.
    #[error("entry {seq} of the journal is of a kind that this program does not know: use the program's newer version")]
    UnknownEvent {
        /// The entry's number.
        seq: u64,
    },
}

impl ReadBackError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Register(error) => error.code(),
            Self::Broken(error) => error.code(),
            Self::UnknownEvent { .. } => "JOURNAL_ENTRY_UNKNOWN",
        }
    }
}

/// The event as the journal keeps it.
pub fn entry(event: &Event) -> Result<JournalEntry, RegisterError> {
    let body = match serde_json::to_value(event) {
        Ok(Value::Object(mut whole)) => whole.remove("body").unwrap_or(Value::Null),
        _ => return Err(RegisterError::BadBody),
    };
    JournalEntry::new(event.kind(), &body)
}

/// The event that an entry keeps; `None` when it is none.
pub fn event(entry: &StoredEntry) -> Option<Event> {
    let body: Value = serde_json::from_str(&entry.body).ok()?;
    let whole = if body.is_null() { json!({ "kind": entry.kind }) } else { json!({ "kind": entry.kind, "body": body }) };
    serde_json::from_value(whole).ok()
}

/// The events of one control with their times.
pub fn events(register: &Register, control: &str) -> Result<Vec<(Timestamp, Event)>, ReadBackError> {
    let stored = register.entries(control)?;
    stored
        .iter()
        .map(|entry| event(entry).map(|event| (entry.at, event)).ok_or(ReadBackError::UnknownEvent { seq: entry.seq }))
        .collect()
}

/// The control that was under way at this desk when the station stopped: the newest one that is not closed.
pub fn unfinished(register: &Register) -> Result<Option<Control>, ReadBackError> {
    // The journal's own order counts: a clock that was set back gives a later control an earlier id.
    let newest = register.find_own_stream(|stream| -> Result<ControlFlow<Option<Control>>, ReadBackError> {
        if stream == REGISTER_STREAM {
            return Ok(ControlFlow::Continue(()));
        }
        let events = events(register, stream)?;
        if !matches!(events.first(), Some((_, Event::Opened(_)))) {
            return Ok(ControlFlow::Continue(()));
        }
        let control = Control::replay(&events)?;
        Ok(ControlFlow::Break((control.step() != Step::Closed).then_some(control)))
    })?;
    Ok(newest.flatten())
}

/// The outcome of [`verify_evidence`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceReport {
    /// Files that were looked at.
    pub files: u64,
    /// Everything that does not hold.
    pub problems: Vec<ControlProblem>,
}

/// Hashes every scan, signature, terms text, certificate and answer on revocation again that an event of a control or a sign-in
/// names. The reports are
/// [`Register::verify_controls`]'s. `progress` is told files done and files in all.
///
/// This presumes that [`Register::verify_journal`] has found no fault.
///
/// # Errors
/// Only when something cannot be read; what does not hold is in the report.
pub fn verify_evidence(register: &Register, progress: &mut dyn FnMut(u64, u64)) -> Result<EvidenceReport, RegisterError> {
    let mut named: BTreeMap<Digest, String> = BTreeMap::new();
    for entry in register.entries(REGISTER_STREAM)? {
        let judged = sign_ins::signed_in(&entry).and_then(|signed_in| signed_in.judged);
        for digest in judged.iter().flat_map(Judged::evidence) {
            named.entry(digest).or_insert_with(|| REGISTER_STREAM.to_owned());
        }
    }
    for control in register.streams()?.into_iter().filter(|stream| stream != REGISTER_STREAM) {
        for entry in register.entries(&control)? {
            // Terms are kept once, however many controls name them.
            for digest in event(&entry).iter().flat_map(Event::evidence) {
                named.entry(digest).or_insert_with(|| control.clone());
            }
        }
    }
    let files = u64::try_from(named.len()).unwrap_or(u64::MAX);
    let mut problems = Vec::new();
    for (done, (digest, control)) in (1..).zip(named) {
        match register.evidence().get(&digest, MAX_EVIDENCE_BYTES) {
            Ok(_) => {}
            Err(error @ (RegisterError::EvidenceMissing(_) | RegisterError::EvidenceDamaged(_))) => {
                problems.push(ControlProblem { control, what: error.to_string() });
            }
            Err(other) => return Err(other),
        }
        progress(done, files);
    }
    Ok(EvidenceReport { files, problems })
}

/// The outcome of [`verify_reports`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportsReport {
    /// Reports that were verified.
    pub reports: u64,
    /// Everything that does not hold.
    pub problems: Vec<ControlProblem>,
}

/// Verifies the newest report of every control anew, as `bam-station verify` does: structure, signature, pages, attached record; and that
/// it is the report of this control, with the record that the journal says was approved. `progress` is told controls done and controls
/// in all.
///
/// This presumes that [`Register::verify_controls`] has found no fault.
///
/// # Errors
/// Only when something cannot be read; what does not hold is in the report.
pub fn verify_reports(
    register: &Register,
    trusted: TrustedCas<'_>,
    now: Timestamp,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<ReportsReport, RegisterError> {
    let controls = register.controls()?;
    let total = u64::try_from(controls.len()).unwrap_or(u64::MAX);
    let mut outcome = ReportsReport { reports: 0, problems: Vec::new() };
    for (done, finished) in (1..).zip(controls) {
        let control = finished.control;
        // What a purge has erased is not there any more.
        let report = if register.tombstone(&control)?.is_some() { None } else { register.newest_report(&control)? };
        if let Some(report) = report {
            outcome.reports += 1;
            let fault = match register.evidence().get(&report, MAX_EVIDENCE_BYTES) {
                Ok(pdf) => fault_of_report(register, &control, &verify(&pdf, trusted, now))?,
                Err(error @ (RegisterError::EvidenceMissing(_) | RegisterError::EvidenceDamaged(_))) => Some(error.to_string()),
                Err(other) => return Err(other),
            };
            outcome.problems.extend(fault.map(|what| ControlProblem { control, what }));
        }
        progress(done, total);
    }
    Ok(outcome)
}

/// Why a verified report is not the one of this control.
fn fault_of_report(register: &Register, control: &str, verified: &Verification) -> Result<Option<String>, RegisterError> {
    if let Some(problem) = verified.problems.first() {
        return Ok(Some(format!("its report is not valid ({}): {}", problem.code, problem.what)));
    }
    let named = verified.record.as_ref().and_then(|record| record.get("control")).and_then(Value::as_str);
    if named != Some(control) {
        return Ok(Some("its report is the one of another control".into()));
    }
    let record = verified.record_bytes.as_deref().map(Digest::of);
    let approved = register.entries(control)?.iter().find_map(|entry| match event(entry)? {
        Event::Approved(approval) => Some(approval.record),
        _ => None,
    });
    Ok((record != approved).then(|| "the record in its report is not the one that was approved".into()))
}
