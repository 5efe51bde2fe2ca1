//! The finished controls: one row each, nothing personal, written once together with the control's last events.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Appended, JournalEntry, MAX_EVIDENCE_BYTES, REGISTER_STREAM, Register, RegisterError, authorisations, check_name,
    database::{Database, Row, Transaction, other_form},
    journal::{append_in, signed},
    outbox,
};
use crate::{
    digest::Digest,
    rules::{CertificateKind, Function},
};

/// The kind of the journal entry that binds a control's row to the hash chain.
pub(super) const CONTROL_REGISTERED: &str = "control-registered";

/// A control that has come to its end, as the register keeps and lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinishedControl {
    /// The control's id; also the name of its stream in the journal.
    pub control: String,
    /// The signed report among the evidence; `None` for a control that ended without one.
    pub report: Option<Digest>,
    /// What the holder came for.
    pub function: Function,
    /// The kind of certificate.
    pub certificate: CertificateKind,
    /// How it ended: 1–64 letters, digits and hyphens, such as `approved` or `declined`.
    pub outcome: String,
    /// When it ended.
    pub completed_at: Timestamp,
}

/// What [`Register::register_control`] has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The control's last events.
    pub events: Vec<Appended>,
    /// The entry `control-registered`, which binds the control's row to the chain.
    pub entry: Appended,
}

impl Register {
    /// Puts a finished control into the register: its last events, its row, for an approved one the
    /// place of its [authorisation](Register::authorisation), and, when `deliver`, its place in the outbox.
    /// All of it or nothing; durable when this returns.
    ///
    /// The report must be among the [evidence](Register::evidence) already.
    ///
    /// # Errors
    /// [`RegisterError::AlreadyRegistered`] for a second time, [`RegisterError::EvidenceMissing`] or
    /// [`RegisterError::EvidenceDamaged`] for the report, [`RegisterError::NothingToDeliver`] without one,
    /// [`RegisterError::BadName`] for the id or the outcome.
    pub fn register_control(
        &mut self,
        control: &FinishedControl,
        last_events: &[JournalEntry],
        deliver: bool,
        at: Timestamp,
    ) -> Result<Registered, RegisterError> {
        check_name(&control.outcome)?;
        match &control.report {
            Some(report) => drop(self.evidence().get(report, MAX_EVIDENCE_BYTES)?),
            None if deliver => return Err(RegisterError::NothingToDeliver),
            None => {}
        }
        let transaction = self.begin()?;
        if find(&transaction, &control.control)?.is_some() {
            return Err(RegisterError::AlreadyRegistered);
        }
        let events = append_in(&transaction, &control.control, last_events, at)?;
        let entry = register_in(&transaction, control, deliver, at)?;
        transaction.commit()?;
        Ok(Registered { events, entry })
    }

    /// All finished controls, in the order in which they were registered.
    pub fn controls(&self) -> Result<Vec<FinishedControl>, RegisterError> {
        self.database.read("SELECT * FROM controls ORDER BY registered", &[], |row| read(&row))
    }

    /// One finished control; `None` when it is not in the register.
    pub fn control(&self, control: &str) -> Result<Option<FinishedControl>, RegisterError> {
        find(&self.database, control)
    }
}

/// Puts the row of a finished control into the register and binds it to the chain, inside a transaction that the caller commits.
pub(super) fn register_in(
    transaction: &Transaction<'_>,
    control: &FinishedControl,
    deliver: bool,
    at: Timestamp,
) -> Result<Appended, RegisterError> {
    check_name(&control.outcome)?;
    let binding = JournalEntry::new(CONTROL_REGISTERED, control)?;
    let entry = *append_in(transaction, REGISTER_STREAM, &[binding], at)?.first().ok_or(RegisterError::BadBody)?;
    transaction.execute(
        "INSERT INTO controls (control, report, function, certificate, outcome, completed_at, registered)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            control.control.as_str().into(),
            control.report.into(),
            word(&control.function)?.into(),
            word(&control.certificate)?.into(),
            control.outcome.as_str().into(),
            control.completed_at.into(),
            signed(entry.seq)?.into(),
        ],
    )?;
    authorisations::open_place(transaction, &control.control, &control.outcome, at)?;
    if deliver {
        outbox::enqueue(transaction, &control.control, at)?;
    }
    Ok(entry)
}

pub(super) fn find(database: &Database, control: &str) -> Result<Option<FinishedControl>, RegisterError> {
    database.first("SELECT * FROM controls WHERE control = $1", &[control.into()])?.as_ref().map(read).transpose()
}

pub(super) fn read(row: &Row) -> Result<FinishedControl, RegisterError> {
    Ok(FinishedControl {
        control: row.get("control")?,
        report: row.parsed_option("report")?,
        function: from_word(row, "function")?,
        certificate: from_word(row, "certificate")?,
        outcome: row.get("outcome")?,
        completed_at: row.parsed("completed_at")?,
    })
}

/// The word of an enumeration as in the configuration and the report: `new-card`.
pub(super) fn word(value: &impl Serialize) -> Result<String, RegisterError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        _ => Err(RegisterError::BadBody),
    }
}

fn from_word<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, RegisterError> {
    serde_json::from_value(serde_json::Value::String(row.get(column)?)).map_err(|_| other_form())
}
