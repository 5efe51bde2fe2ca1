//! The outbox: reports that the archive still has to receive, and the receipts of those that it has.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{
    JournalEntry, REGISTER_STREAM, Register, RegisterError, check_name,
    database::{Database, Row, Transaction, Value},
    journal::append_in,
};
use crate::digest::Digest;

/// The kind of the journal entry that binds a kept receipt to the hash chain.
pub(super) const RECEIPT_KEPT: &str = "receipt-kept";

/// The largest receipt, in bytes.
const MAX_RECEIPT_BYTES: usize = 64 * 1024;

/// No attempt is put off for longer. An upload that waits for a later moment was put off by a clock that was wrong; it is due.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(25);

/// What another desk has left lying for so long is delivered here.
const OTHER_DESK: SignedDuration = SignedDuration::from_hours(1);

/// An upload whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueUpload {
    /// The control.
    pub control: String,
    /// Its report among the evidence.
    pub report: Digest,
    /// Attempts that have failed so far.
    pub attempts: u32,
}

/// How far the delivery of one control has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxState {
    /// The control.
    pub control: String,
    /// The report that is to be delivered.
    pub report: Digest,
    /// Attempts that have failed so far.
    pub attempts: u32,
    /// When the next attempt may be made; without meaning once delivered.
    pub next_attempt_at: Timestamp,
    /// The fault code of the last failed attempt.
    pub last_error: Option<String>,
    /// The archive's receipt, exactly as it came.
    pub receipt: Option<String>,
    /// When the receipt was kept.
    pub delivered_at: Option<Timestamp>,
}

/// What the journal says about a kept receipt.
#[derive(Serialize)]
pub(super) struct ReceiptKept<'a> {
    pub control: &'a str,
    pub report: Digest,
    pub receipt_sha256: Digest,
}

const SELECT: &str = "SELECT outbox.*, controls.report AS report FROM outbox JOIN controls USING (control)";

impl Register {
    /// The uploads whose time has come at `now`, the longest waiting first.
    pub fn due(&self, now: Timestamp) -> Result<Vec<DueUpload>, RegisterError> {
        let horizon = now.checked_add(LONGEST_WAIT).unwrap_or(Timestamp::MAX);
        let mut values: Vec<Value> = vec![now.into(), horizon.into()];
        let mut whose = "";
        if let Some(desk) = self.database.desk() {
            whose = "AND (controls.control IN (SELECT stream FROM streams WHERE desk = $3) OR next_attempt_at <= $4)";
            values.extend([desk.into(), now.checked_sub(OTHER_DESK).unwrap_or(Timestamp::MIN).into()]);
        }
        let sql = format!(
            "{SELECT} WHERE delivered_at IS NULL AND (next_attempt_at <= $1 OR next_attempt_at > $2) {whose}
             ORDER BY next_attempt_at, control"
        );
        self.database.read(&sql, &values, |row| {
            let OutboxState { control, report, attempts, .. } = read(&row)?;
            Ok(DueUpload { control, report, attempts })
        })
    }

    /// When the next upload is due; `None` when everything is delivered.
    pub fn next_due(&self) -> Result<Option<Timestamp>, RegisterError> {
        let next = self.database.first("SELECT min(next_attempt_at) AS next FROM outbox WHERE delivered_at IS NULL", &[])?;
        next.map_or(Ok(None), |row| row.parsed_option("next"))
    }

    /// The delivery of one control; `None` when it is not to be delivered.
    pub fn delivery(&self, control: &str) -> Result<Option<OutboxState>, RegisterError> {
        find(&self.database, control)
    }

    /// The deliveries of all controls, delivered or not.
    pub fn deliveries(&self) -> Result<Vec<OutboxState>, RegisterError> {
        self.database.read(&format!("{SELECT} ORDER BY registered"), &[], |row| read(&row))
    }

    /// Notes a failed attempt with its fault code, and when the next one may be made.
    ///
    /// # Errors
    /// [`RegisterError::NotInOutbox`] when nothing of this control waits to be delivered.
    pub fn record_failure(&mut self, control: &str, code: &str, next_attempt_at: Timestamp) -> Result<(), RegisterError> {
        let transaction = self.begin()?;
        let changed = transaction.execute(
            "UPDATE outbox SET attempts = attempts + 1, last_error = $2, next_attempt_at = $3
             WHERE control = $1 AND delivered_at IS NULL",
            &[control.into(), code.into(), next_attempt_at.into()],
        )?;
        if changed != 1 {
            return Err(RegisterError::NotInOutbox);
        }
        transaction.commit()
    }

    /// Keeps the archive's receipt, exactly as it came, and closes the delivery. The caller has verified it.
    /// The same receipt a second time changes nothing.
    ///
    /// # Errors
    /// [`RegisterError::NotInOutbox`], [`RegisterError::OtherReceiptKept`], [`RegisterError::TooLarge`].
    pub fn record_receipt(&mut self, control: &str, receipt: &str, at: Timestamp) -> Result<(), RegisterError> {
        if receipt.len() > MAX_RECEIPT_BYTES {
            return Err(RegisterError::TooLarge { limit: u64::try_from(MAX_RECEIPT_BYTES).unwrap_or(u64::MAX) });
        }
        let transaction = self.begin()?;
        let delivery = find(&transaction, control)?.ok_or(RegisterError::NotInOutbox)?;
        match &delivery.receipt {
            Some(kept) if kept == receipt => return Ok(()),
            Some(_) => return Err(RegisterError::OtherReceiptKept),
            None => {}
        }
        let kept = ReceiptKept { control, report: delivery.report, receipt_sha256: Digest::of(receipt.as_bytes()) };
        append_in(&transaction, REGISTER_STREAM, &[JournalEntry::new(RECEIPT_KEPT, &kept)?], at)?;
        transaction.execute(
            "UPDATE outbox SET receipt = $2, delivered_at = $3, last_error = NULL WHERE control = $1",
            &[control.into(), receipt.into(), at.into()],
        )?;
        transaction.commit()
    }
}

/// Puts a control into the outbox, inside a transaction that the caller commits. It is due at once.
pub(super) fn enqueue(transaction: &Transaction<'_>, control: &str, at: Timestamp) -> Result<(), RegisterError> {
    check_name(control)?;
    transaction.execute("INSERT INTO outbox (control, next_attempt_at) VALUES ($1, $2)", &[control.into(), at.into()])?;
    Ok(())
}

fn find(database: &Database, control: &str) -> Result<Option<OutboxState>, RegisterError> {
    database.first(&format!("{SELECT} WHERE control = $1"), &[control.into()])?.as_ref().map(read).transpose()
}

pub(super) fn read(row: &Row) -> Result<OutboxState, RegisterError> {
    Ok(OutboxState {
        control: row.get("control")?,
        report: row.parsed("report")?,
        attempts: row.get("attempts")?,
        next_attempt_at: row.parsed("next_attempt_at")?,
        last_error: row.get("last_error")?,
        receipt: row.get("receipt")?,
        delivered_at: row.parsed_option("delivered_at")?,
    })
}
