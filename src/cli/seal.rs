//! `bam-station seal status|cards|rotate|reseal`: the key of the register, and to whom what is kept is sealed.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Read as _, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use der::{Decode as _, pem};
use jiff::Timestamp;
use serde_json::json;
use x509_cert::Certificate;

use super::{
    exit,
    register::{progress::Progress, read_keys},
};
use crate::{
    config::Configuration,
    device::card::{Card as _, CardError, Slot, open_card},
    register::{RegisterError, RegisterPlace, Resealed, reseal_files, rotate_key},
    seal::{CardRecipient, Keys, SealError, SealState, drop_old_keys, follow, put_behind_cards, station_keys},
    station::DataFolder,
};

/// The seal of the register.
#[derive(Debug, Args)]
pub struct SealArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Where the key is, to whom things are sealed, and how much is not sealed to them yet
    Status {
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// Puts the station's key behind cards: seals it to the key in slot 9D of each, for Key = "card" in [Seal] of LOCAL.toml
    Cards(CardsArgs),
    /// Puts a new key of the station in force and seals everything anew. The station must be closed
    Rotate(AgainArgs),
    /// Seals to the present key and auditors what is not sealed to them yet. The station must be closed
    Reseal(AgainArgs),
}

/// Behind which cards the key is put.
#[derive(Debug, Args)]
struct CardsArgs {
    /// The certificates in slot 9D of the cards, PEM or DER, those of all operators who are to open the register; without any, the
    /// card in the operator's reader
    #[arg(value_name = "CERTIFICATE")]
    certificates: Vec<PathBuf>,
    /// The key file with the station's key, such as its copy at a safe place; without it, the present one
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// With what things are opened, to be sealed anew.
#[derive(Debug, Args)]
struct AgainArgs {
    /// An auditor's key file, for a station that has lost its own; may be named more than once
    #[arg(long, value_name = "FILE")]
    identity: Vec<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Register(#[from] RegisterError),
    #[error(transparent)]
    Card(#[from] CardError),
    #[error("{} is no certificate (PEM or DER): export the one in slot 9D of the operator's card", .0.display())]
    NoCertificate(PathBuf),
    #[error("the answer could not be written")]
    Output(#[from] io::Error),
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        Self::Register(error.into())
    }
}

impl Failure {
    fn code(&self) -> &'static str {
        match self {
            Self::Register(error) => error.code(),
            Self::Card(error) => error.code(),
            Self::NoCertificate(_) => "SEAL_NO_CERTIFICATE",
            Self::Output(_) => "OUTPUT_CLOSED",
        }
    }

    fn exit(&self) -> u8 {
        match self {
            Self::Register(
                RegisterError::Missing
                | RegisterError::Seal(
                    SealError::CardKeyKind
                    | SealError::KeyNotOurs { .. }
                    | SealError::NotAKey { .. }
                    | SealError::AlreadySealed
                    | SealError::StateMissing,
                ),
            )
            | Self::NoCertificate(_) => exit::WRONG_USE,
            _ => exit::FAILED,
        }
    }
}

/// Runs the command on the data folder.
///
/// Exit codes: 0 everything is sealed to the present key and auditors, 1 some is not, 2 no register or a key that this program does not
/// change, 3 something failed.
pub fn run(args: &SealArgs, configuration: &Configuration, data: &DataFolder) -> ExitCode {
    let mut out = io::stdout().lock();
    let done = match &args.command {
        Command::Status { json } => status(&configuration.register_place(data), *json, &mut out),
        Command::Cards(args) => cards(args, configuration, data, &mut out),
        Command::Rotate(args) => again(args, true, configuration, data, &mut out),
        Command::Reseal(args) => again(args, false, configuration, data, &mut out),
    };
    match done {
        Ok(true) => exit::DONE.into(),
        Ok(false) => exit::NO.into(),
        Err(failure) => {
            exit::complain(failure.code(), &failure);
            failure.exit().into()
        }
    }
}

fn status(place: &RegisterPlace, json: bool, out: &mut dyn Write) -> Result<bool, Failure> {
    let register = place.open_read_only()?;
    let status = register.seal_status()?;
    let seal = register.seal();
    let older = seal.keys().count().saturating_sub(1);
    let all = seal.seals() && status.behind == 0;
    if json {
        let recipients = seal.recipients();
        let document = json!({
            "sealed": seal.seals(), "key": seal.key_place(), "key_at_hand": seal.keys().count() > 0, "older_keys": older,
            "station": recipients.map(|set| &set.station), "auditors": recipients.map(|set| &set.auditors),
            "things": status.things, "behind": status.behind,
        });
        writeln!(out, "{document}")?;
        return Ok(all);
    }
    match (seal.key_place(), seal.recipients()) {
        (Some(key), Some(set)) => {
            let there = if seal.keys().count() > 0 { "" } else { ", which is NOT there" };
            writeln!(out, "key       {key}{there}; {older} older ones kept")?;
            writeln!(out, "station   {}", set.station)?;
            for auditor in &set.auditors {
                writeln!(out, "auditor   {auditor}")?;
            }
            if set.auditors.is_empty() {
                writeln!(
                    out,
                    "no auditors: if the station's key is lost, nobody opens this register (Auditors in [Registers] of MASTER.toml)"
                )?;
            }
        }
        _ => writeln!(out, "not sealed")?,
    }
    writeln!(out, "{} of {} things are sealed to them", status.things.saturating_sub(status.behind), status.things)?;
    if !all {
        writeln!(out, "to seal the rest: close the station, then bam-station seal reseal")?;
    }
    Ok(all)
}

fn cards(args: &CardsArgs, configuration: &Configuration, data: &DataFolder, out: &mut dyn Write) -> Result<bool, Failure> {
    let keys = match &args.key {
        Some(file) => Keys::read_private(file)?,
        None => station_keys(&data.register())?,
    };
    let mut certificates = Vec::with_capacity(args.certificates.len());
    for file in &args.certificates {
        certificates.push(certificate(file).ok_or_else(|| Failure::NoCertificate(file.clone()))?);
    }
    if certificates.is_empty() {
        let executable = std::env::current_exe()?;
        let mut card = open_card(&configuration.local.value.operator_reader, &executable)?;
        certificates.push(card.contents()?.certificate(Slot::KeyManagement)?.clone());
    }
    let recipients = certificates.iter().map(CardRecipient::of).collect::<Result<Vec<_>, _>>()?;
    let file = put_behind_cards(&data.register(), &keys, &recipients)?;
    writeln!(out, "the station's key is sealed to {} cards in {}", recipients.len(), file.display())?;
    writeln!(
        out,
        "now set Key = \"card\" in [Seal] of LOCAL.toml, open the station with one of the cards, and take the plain key file away to a \
         safe place: with it cards are added, and without any card the register is opened (--identity)"
    )?;
    Ok(true)
}

/// A certificate in a file, PEM or DER.
fn certificate(file: &Path) -> Option<Certificate> {
    const LARGEST: u64 = 64 * 1024;
    let mut bytes = Vec::new();
    File::open(file).ok()?.take(LARGEST).read_to_end(&mut bytes).ok()?;
    let der = if bytes.starts_with(b"-----") { pem::decode_vec(&bytes).ok()?.1 } else { bytes };
    Certificate::from_der(&der).ok()
}

fn again(
    args: &AgainArgs,
    rotate: bool,
    configuration: &Configuration,
    data: &DataFolder,
    out: &mut dyn Write,
) -> Result<bool, Failure> {
    let (folder, archive) = (data.register(), data.archive());
    let also = read_keys(&args.identity)?;
    // A mistyped --data must not become a new, empty register.
    let place = configuration.register_place(data);
    drop(place.open_read_only_with(&also)?);
    let now = Timestamp::now();
    let lost = match configuration.seal(&folder, now) {
        Err(SealError::KeyMissing { .. } | SealError::OtherKey { .. }) if rotate && also.count() > 0 => true,
        sealed => {
            sealed?;
            false
        }
    };
    if rotate {
        rotate_key(&folder, lost, now)?;
    }
    let mut messages = io::stderr().lock();
    let mut progress = Progress::new(&mut messages, io::stderr().is_terminal());
    let mut tell = |what: &str, done, total| progress.tell(what, done, total);
    let mut register = place.open_with(&also)?;
    let mut done = register.reseal(&mut tell)?;
    drop(register);
    if SealState::read(&archive)?.is_some() {
        follow(&archive, &folder)?;
        let of_archive = reseal_files(&archive, "reports", &also, &mut tell)?;
        done.files += of_archive.files;
        done.problems.extend(of_archive.problems);
    }
    // As long as something may be sealed to an older key, that key stays.
    let dropped = if done.problems.is_empty() { drop_old_keys(&folder, Timestamp::now())? } else { 0 };
    told(&done, dropped, args.json, out)?;
    Ok(done.problems.is_empty())
}

fn told(done: &Resealed, dropped: usize, json: bool, out: &mut dyn Write) -> io::Result<()> {
    if json {
        return writeln!(out, "{}", json!({ "resealed": done, "keys_dropped": dropped }));
    }
    writeln!(out, "{} rows and {} pieces of evidence sealed anew; {dropped} older keys dropped", done.rows, done.files)?;
    for problem in &done.problems {
        writeln!(out, "not opened, and left as it is: {problem}")?;
    }
    Ok(())
}
