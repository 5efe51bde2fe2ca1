//! Draining the outbox: what is due is sent, a verified receipt is kept, a failure is noted with the time of the next attempt.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{
    MAX_REPORT_BYTES,
    client::{Upload, UploadError},
    receipt::VerifiedReceipt,
};
use crate::register::{DueUpload, Register, RegisterError};

/// The wait after the first failure.
pub const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest wait between two attempts.
pub const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// The wait after an answer that only a person can change; a corrected archive gets the report without work at the desk.
pub const WAIT_FOR_A_PERSON: Duration = Duration::from_hours(24);

/// The wait while the register's key is behind the operators' cards and nobody has signed in yet.
const LOCKED_WAIT: Duration = Duration::from_secs(10);

/// What one round has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drained {
    /// Controls whose receipt has been kept.
    pub delivered: Vec<String>,
    /// Controls that failed, each with its fault code.
    pub failed: Vec<(String, &'static str)>,
    /// When the next round is worth while; `None` when the outbox is empty.
    pub next_round_at: Option<Timestamp>,
}

/// Why one upload failed.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The report itself cannot be read.
    #[error(transparent)]
    Report(RegisterError),
}

/// Sends everything that is due, each report once. When the archive is out of reach, the round ends after that one attempt.
///
/// `clock` gives the time of each step; `random` gives uniformly distributed numbers for the jitter.
///
/// # Errors
/// Only when the register cannot note the outcome; everything else is noted and tried again later.
pub fn drain_once(
    register: &mut Register,
    archive: &dyn Upload,
    clock: &dyn Fn() -> Timestamp,
    random: &mut dyn FnMut() -> u64,
) -> Result<Drained, RegisterError> {
    let mut drained = Drained::default();
    if register.seal().locked().is_some() {
        drained.next_round_at = Some(after(clock(), LOCKED_WAIT));
        return Ok(drained);
    }
    for due in register.due(clock())? {
        match send(register, archive, &due) {
            Ok(receipt) => {
                register.record_receipt(&due.control, receipt.json(), clock())?;
                drained.delivered.push(due.control);
            }
            Err(fault) => {
                let next = after(clock(), wait_after(&fault, due.attempts, random()));
                register.record_failure(&due.control, fault.code(), next)?;
                drained.failed.push((due.control, fault.code()));
                if matches!(&fault, Fault::Upload(error) if error.concerns_all()) {
                    drained.next_round_at = Some(next);
                    return Ok(drained);
                }
            }
        }
    }
    drained.next_round_at = register.next_due()?;
    Ok(drained)
}

/// The wait after a failed attempt: exponential, half of it random, so that the stations of an organisation do not all come back
/// at the same moment. `failed_before` counts the failures before this one, `random` is uniformly distributed.
pub fn back_off(failed_before: u32, random: u64) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(failed_before)).min(LONGEST_WAIT);
    let half = doubled / 2;
    let span = u64::try_from(half.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
    half.saturating_add(Duration::from_millis(random % span))
}

fn send(register: &Register, archive: &dyn Upload, due: &DueUpload) -> Result<VerifiedReceipt, Fault> {
    let pdf = register.evidence().get(&due.report, MAX_REPORT_BYTES).map_err(Fault::Report)?;
    Ok(archive.upload(&due.control, &due.report, pdf)?)
}

impl Fault {
    fn code(&self) -> &'static str {
        match self {
            Self::Upload(error) => error.code(),
            Self::Report(error) => error.code(),
        }
    }
}

fn wait_after(fault: &Fault, failed_before: u32, random: u64) -> Duration {
    let wait = back_off(failed_before, random);
    match fault {
        Fault::Upload(error) if error.needs_a_person() => WAIT_FOR_A_PERSON,
        Fault::Upload(UploadError::Busy { retry_after: Some(asked) }) => wait.max((*asked).min(LONGEST_WAIT)),
        _ => wait,
    }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}
