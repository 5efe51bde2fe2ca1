//! What goes wrong on purpose.

use std::time::Duration;

/// A mishap that strikes whenever the card is asked for one instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The instruction, for example [`crate::instruction::VERIFY`], which is struck only when it brings a PIN.
    pub instruction: u8,
    /// What happens.
    pub mishap: Mishap,
}

/// What happens instead of a proper answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mishap {
    /// The card is pulled before it carries out the command: no counter changes.
    PulledBefore,
    /// The card is pulled after it carried out the command and before it answers: counters have changed.
    PulledAfter,
    /// The answer comes after this time.
    Slow(Duration),
    /// One bit of the answer's data is wrong. The status word is right.
    WrongBit,
    /// These bytes are the answer, whatever was asked; the command is not carried out.
    Answer(Vec<u8>),
}
