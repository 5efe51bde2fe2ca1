//! `bam-station authorisation list|show|withdraw|announce|key`: what the issuing system was told.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::exit;
use crate::{
    config::HandOverSettings,
    delivery::hand_over::{HandOver, HandOverError, Round, WithdrawError},
    register::{Register, RegisterError, RegisterPlace},
};

/// The authorisations of approved controls.
#[derive(Debug, Args)]
pub struct AuthorisationArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All of them: control, state, until when, last fault
    List {
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// One: its state and the announcement exactly as it is sent
    Show {
        /// The control's id
        control: String,
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// Takes one back that was not used yet. The station must be closed
    Withdraw {
        /// The control's id
        control: String,
    },
    /// Announces what waits and asks about what is open, once. An open station does this by itself
    Announce,
    /// The public key (Ed25519) by which the issuing system knows this station, 64 hexadecimal digits
    Key,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Register(#[from] RegisterError),
    #[error(transparent)]
    HandOver(#[from] HandOverError),
    #[error(transparent)]
    Withdraw(#[from] WithdrawError),
    #[error("MASTER.toml names no way to the issuing system: fill in [HandOver]")]
    NoHandOver,
    #[error("the answer could not be written")]
    Output(#[from] io::Error),
}

impl Failure {
    fn code(&self) -> &'static str {
        match self {
            Self::Register(error) => error.code(),
            Self::HandOver(error) => error.code(),
            Self::Withdraw(error) => error.code(),
            Self::NoHandOver => "HAND_OVER_NOT_CONFIGURED",
            Self::Output(_) => "OUTPUT_CLOSED",
        }
    }

    fn exit(&self) -> u8 {
        match self {
            Self::Register(RegisterError::NotRegistered) | Self::Withdraw(WithdrawError::None | WithdrawError::Settled(_)) => {
                exit::NO
            }
            Self::Register(RegisterError::Missing) | Self::HandOver(_) | Self::NoHandOver => exit::WRONG_USE,
            Self::Register(_) | Self::Withdraw(WithdrawError::Road(_)) | Self::Output(_) => exit::FAILED,
        }
    }
}

/// Runs the command on a register, with the keys of the data folder and `[HandOver]` of MASTER.toml.
///
/// Exit codes: 0 done, 1 there is none or it is settled, 2 no register or no way to the issuing system, 3 something failed.
pub fn run(args: &AuthorisationArgs, place: &RegisterPlace, data: &Path, settings: &HandOverSettings) -> ExitCode {
    match act(args, place, data, settings, &mut io::stdout().lock()) {
        Ok(()) => exit::DONE.into(),
        Err(failure) => {
            exit::complain(failure.code(), &failure);
            failure.exit().into()
        }
    }
}

fn act(
    args: &AuthorisationArgs,
    place: &RegisterPlace,
    data: &Path,
    settings: &HandOverSettings,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let hand_over = || HandOver::open(settings, &data.join("hand-over"))?.ok_or(Failure::NoHandOver);
    match &args.command {
        Command::List { json } => list(&place.open_read_only()?, *json, out),
        Command::Show { control, json } => show(&place.open_read_only()?, control, *json, out),
        Command::Withdraw { control } => {
            // A mistyped --data must not become a new, empty register.
            drop(place.open_read_only()?);
            hand_over()?.withdraw(&mut place.open()?, control, Timestamp::now())?;
            Ok(writeln!(out, "withdrawn: {control}")?)
        }
        Command::Announce => {
            drop(place.open_read_only()?);
            let mut register = place.open()?;
            let mut random = || getrandom::u64().unwrap_or(0);
            let handed = hand_over()?.drain(&mut register, Round::All, Timestamp::now(), &mut random)?;
            for (control, state) in handed.changed {
                writeln!(out, "{}: {control}", state.word())?;
            }
            for (control, code) in handed.failed {
                writeln!(out, "not announced: {control}: {code}")?;
            }
            Ok(())
        }
        Command::Key => {
            let key = hand_over()?.key();
            Ok(writeln!(out, "{}", crate::digest::Digest::from_bytes(key.to_bytes()))?)
        }
    }
}

fn list(register: &Register, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let authorisations = register.authorisations()?;
    if json {
        return Ok(writeln!(out, "{}", json!({ "authorisations": authorisations }))?);
    }
    for found in &authorisations {
        let until = found.valid_until.map(|until| format!("  until {until:.0}")).unwrap_or_default();
        let fault = found.last_error.as_ref().map(|code| format!("  {code}")).unwrap_or_default();
        writeln!(out, "{}  {:<9}  since {:.0}{until}{fault}", found.control, found.state.word(), found.changed_at)?;
    }
    Ok(writeln!(out, "{} authorisations", authorisations.len())?)
}

fn show(register: &Register, control: &str, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let found = register.authorisation(control)?.ok_or(WithdrawError::None)?;
    if json {
        return Ok(writeln!(out, "{}", json!({ "authorisation": found }))?);
    }
    writeln!(out, "{} since {:.0}", found.state.word(), found.changed_at)?;
    match found.document {
        Some(document) => writeln!(out, "{document}")?,
        None => writeln!(out, "not announced yet")?,
    }
    Ok(())
}
