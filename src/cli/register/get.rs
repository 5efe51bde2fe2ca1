//! `register get`: a report or another piece of evidence as a file.

use std::{
    io::{self, IsTerminal as _, Write},
    path::PathBuf,
};

use clap::Args;

use super::{super::file_out::write_new, Answer, Failure};
use crate::{
    digest::Digest,
    register::{MAX_EVIDENCE_BYTES, Register, RegisterError},
};

/// What is taken out, and where to.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// A control's id, for its newest report; or the digest of a piece of evidence
    what: String,
    /// A new file; without it, the bytes go to standard output
    file: Option<PathBuf>,
}

/// Takes a piece of evidence out.
pub fn get(register: &Register, args: &GetArgs, out: &mut dyn Write, messages: &mut dyn Write) -> Result<Answer, Failure> {
    let digest = match args.what.parse::<Digest>() {
        Ok(digest) => Some(digest),
        Err(_) => register.newest_report(&args.what)?,
    };
    let found = match digest {
        Some(digest) => register.evidence().get(&digest, MAX_EVIDENCE_BYTES),
        None => Err(RegisterError::NotRegistered),
    };
    let bytes = match found {
        Err(error @ (RegisterError::NotRegistered | RegisterError::EvidenceMissing(_))) => {
            writeln!(messages, "{}: {error}", error.code())?;
            return Ok(Answer::No);
        }
        found => found?,
    };
    match &args.file {
        Some(file) => write_new(file, &bytes)?,
        None if io::stdout().is_terminal() => {
            writeln!(messages, "a terminal shows no PDF: name a file, or send standard output to a program")?;
            return Ok(Answer::No);
        }
        None => out.write_all(&bytes)?,
    }
    Ok(Answer::Yes)
}
