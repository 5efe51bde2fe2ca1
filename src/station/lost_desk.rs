//! Ends a control that was left open at a desk which is lost, where desks share a register.

use super::{journal, journal::ReadBackError, people};
use crate::{
    control::{Command, Control, ControlId, Now, Outcome, Refusal},
    register::{FinishedControl, Register, RegisterError},
};

/// Why a control was not ended.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// The register.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The control cannot be read back.
    #[error(transparent)]
    ReadBack(#[from] ReadBackError),
    /// The control has ended, or the reason says nothing.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl EndError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Register(error) => error.code(),
            Self::ReadBack(error) => error.code(),
            Self::Refused(refusal) => refusal.code(),
        }
    }
}

/// Ends the control that another desk has left open, as the operator there would have: with a reason. `by` is the name of whoever ends
/// it. Nothing is issued on it, and the desk that began it does not go on with it.
///
/// # Errors
/// [`EndError`]; nothing is kept then.
pub fn end_for_lost_desk(register: &mut Register, control: ControlId, reason: &str, by: &str, now: Now) -> Result<(), EndError> {
    let stream = control.to_string();
    let told = journal::events(register, &stream)?;
    if told.is_empty() {
        return Err(RegisterError::NotRegistered.into());
    }
    let control = Control::replay(&told).map_err(ReadBackError::from)?;
    if control.end().is_some() {
        return Err(RegisterError::AlreadyRegistered.into());
    }
    let events = control.decide(Command::Abort { reason: reason.to_owned() }, now)?;
    let opening = control.opening();
    let finished = FinishedControl {
        control: stream,
        report: None,
        function: opening.function,
        certificate: opening.certificate,
        outcome: Outcome::Aborted.as_str().to_owned(),
        completed_at: now.at,
    };
    let entries = events.iter().map(journal::entry).collect::<Result<Vec<_>, _>>()?;
    register.end_for_other_desk(&finished, &entries, by, now.at)?;
    // What is not in the index yet enters it with the next control.
    drop(people::bring_up_to_date(register));
    Ok(())
}
