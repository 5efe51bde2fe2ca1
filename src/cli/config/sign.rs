//! `bam-station config key`, `config sign` and `config history`: the administrators' word on MASTER.toml.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use der::Encode as _;
use jiff::Timestamp;
use serde_json::json;

use super::super::{
    exit,
    operator::{OperatorError, known_pin_from_terminal, pin_from_file},
};
use crate::{
    config::{
        ConfigError, Search,
        administrator_key::{self, KeyFileError},
        local::{CardDriver, PinPadUse, ReaderSettings},
        signature::{self, Signatory, SignatureError, SignedLine, Statement, Unsigned, changed},
    },
    device::card::{Card, CardError, CardSigner, RsaPadding, Slot, open_card},
    digest::Digest,
    evidence::sign::{SignError, Signer as _},
    secret::PinEntry,
};

/// Arguments of `config key`.
#[derive(Debug, clap::Args)]
pub struct KeyArgs {
    /// The new file
    #[arg(required_unless_present = "card", conflicts_with = "card")]
    pub file: Option<PathBuf>,
    /// The administrator's name, as the desks show it
    #[arg(long)]
    pub name: String,
    #[command(flatten)]
    pub on_card: CardKeyArgs,
}

/// A key on a card.
#[derive(Debug, clap::Args)]
pub struct CardKeyArgs {
    /// The card in this reader; a part of its name is enough that no other reader's name has
    #[arg(long, value_name = "READER")]
    pub card: Option<String>,
    /// Through this PKCS#11 module, an absolute path [default: PC/SC]
    #[arg(long, value_name = "FILE", requires = "card")]
    pub module: Option<PathBuf>,
}

/// Arguments of `config sign`.
#[derive(Debug, clap::Args)]
pub struct SignArgs {
    /// The MASTER.toml to sign [default: the one that is found]
    pub file: Option<PathBuf>,
    /// The administrator's key file
    #[arg(long, value_name = "FILE", required_unless_present = "card", conflicts_with = "card")]
    pub key: Option<PathBuf>,
    #[command(flatten)]
    pub on_card: CardKeyArgs,
    /// The first line of this file is the card's PIN [default: asked for, or typed on the reader's PIN pad]
    #[arg(long, value_name = "FILE", requires = "card")]
    pub pin_file: Option<PathBuf>,
    /// Who signs
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// Why the file was changed
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// Print one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `config history`.
#[derive(Debug, clap::Args)]
pub struct HistoryArgs {
    /// The MASTER.toml whose history is shown [default: the one that is found]
    pub file: Option<PathBuf>,
    /// Print one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// What stops one of the commands.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Find(#[from] ConfigError),
    #[error(transparent)]
    Key(#[from] KeyFileError),
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error(transparent)]
    Card(#[from] CardError),
    #[error(transparent)]
    Signer(#[from] SignError),
    #[error(transparent)]
    Pin(#[from] OperatorError),
    #[error("standard output is closed")]
    Output(#[from] io::Error),
}

impl CommandError {
    fn told(&self) -> ExitCode {
        let (code, exit) = match self {
            Self::Find(error) => (error.code(), exit::WRONG_USE),
            Self::Key(error) => (error.code(), exit::WRONG_USE),
            Self::Signature(error @ SignatureError::ChainBroken { .. }) => (error.code(), exit::NO),
            Self::Signature(error @ SignatureError::NotWritten { .. }) => (error.code(), exit::FAILED),
            Self::Signature(error) => (error.code(), exit::WRONG_USE),
            Self::Card(error) => (error.code(), exit::FAILED),
            Self::Signer(error) => (error.code(), exit::FAILED),
            Self::Pin(error) => (error.code(), exit::WRONG_USE),
            Self::Output(_) => return exit::FAILED.into(),
        };
        exit::complain(code, self);
        exit.into()
    }
}

fn ended(outcome: Result<(), CommandError>) -> ExitCode {
    outcome.map_or_else(|error| error.told(), |()| exit::DONE.into())
}

impl CardKeyArgs {
    /// The card in the named reader; `None` when none is named.
    fn open(&self) -> Option<Result<Box<dyn Card + Send>, CardError>> {
        let reader = self.card.clone()?;
        let driver = if self.module.is_some() { CardDriver::Pkcs11 } else { CardDriver::Pcsc };
        let settings =
            ReaderSettings { driver, reader: Some(reader), module: self.module.clone(), pin_pad: PinPadUse::default() };
        let executable = std::env::current_exe().map_err(|_| CardError::System);
        Some(executable.and_then(|executable| open_card(&settings, &executable)))
    }
}

/// The slot of the key with which an administrator signs: the one for signatures, on a card that has one only the other.
fn signing_slot(card: &mut dyn Card) -> Result<Slot, CardError> {
    let contents = card.contents()?;
    let has = |slot: &Slot| contents.certificate(*slot).is_ok();
    let found = [Slot::Signature, Slot::Authentication].into_iter().find(has);
    found.ok_or(CardError::NoCertificate { slot: Slot::Signature })
}

/// Makes a key, or reads the certificate on a card: 0 done, 2 the file is there already or cannot be made, 3 the card failed.
pub fn key(args: &KeyArgs) -> ExitCode {
    let tell = || {
        let (list, digest) = match (args.on_card.open(), &args.file) {
            (Some(card), _) => {
                let mut card = card?;
                let slot = signing_slot(card.as_mut())?;
                let der = card.contents()?.certificate(slot)?.to_der().map_err(|_| CardError::Garbled("certificate"))?;
                ("Certificates", Digest::of(&der))
            }
            (None, Some(file)) => ("Keys", Digest::from_bytes(administrator_key::make(file)?.verifying_key().to_bytes())),
            (None, None) => return Ok(()),
        };
        let entry = format!("{digest} {}", args.name.trim());
        exit::say(&format!("For [Administrators] {list} in the LOCAL.toml of every desk:"));
        Ok(writeln!(io::stdout().lock(), "{}", toml::Value::String(entry))?)
    };
    ended(tell())
}

/// Signs MASTER.toml: 0 done, 1 the history is broken, 2 the file, the key or the PIN's file is not good, 3 not written, or the
/// card did not sign.
pub fn sign(args: &SignArgs, master: Option<PathBuf>) -> ExitCode {
    let sign = || {
        let file = Search::this_machine().master(args.file.clone().or(master))?;
        let signed = match (args.on_card.open(), &args.key) {
            (Some(card), _) => sign_by_card(args, &file, card?)?,
            (None, Some(key)) => {
                let key = administrator_key::read(key)?;
                signature::sign(&file, &key, &args.by, &args.why, Timestamp::now())?
            }
            (None, None) => return Ok(()),
        };
        let mut out = io::stdout().lock();
        if args.json {
            return Ok(writeln!(out, "{}", json!({ "ok": true, "signed": signed }))?);
        }
        Ok(writeln!(out, "{}: signed as version {} (sha256 {})", file.display(), signed.version, signed.sha256)?)
    };
    ended(sign())
}

/// Signs with the key on a card. The file and its history are read before the PIN is asked for.
fn sign_by_card(args: &SignArgs, file: &Path, mut card: Box<dyn Card + Send>) -> Result<Statement, CommandError> {
    let slot = signing_slot(card.as_mut())?;
    let pad = card.pin_facts()?.pad;
    let mut signer = CardSigner::new(card, slot, RsaPadding::default(), &[])?;
    let identity = signer.identity().clone();
    let who = Signatory::Certificate(&identity.certificate, identity.algorithm);
    let unsigned = Unsigned::of_file(file, &who, &args.by, &args.why, Timestamp::now())?;
    let pin = match &args.pin_file {
        _ if pad => {
            exit::say(&"Type the PIN on the reader.");
            PinEntry::Pad
        }
        Some(file) => pin_from_file(file)?.into(),
        None => known_pin_from_terminal()?.into(),
    };
    let value = signer.sign(&unsigned.to_be_signed(), pin)?;
    Ok(unsigned.put(&value)?)
}

/// Shows and verifies the history: 0 good, 1 broken, 2 there is none.
pub fn history(args: &HistoryArgs, master: Option<PathBuf>) -> ExitCode {
    let show = || {
        let file = Search::this_machine().master(args.file.clone().or(master))?;
        let chain = signature::history(&file)?;
        let mut out = io::stdout().lock();
        let mut before: Option<&Statement> = None;
        let mut versions = Vec::new();
        for line in &chain {
            let statement = &line.statement;
            if args.json {
                versions.push(version(before, line));
            } else {
                let Statement { version, signed_at, signed_by, why, key, .. } = statement;
                writeln!(out, "{version}  {}  {signed_by}: {why}", signed_at.strftime("%Y-%m-%d %H:%M UTC"))?;
                writeln!(out, "    sha256 {}, key {key}", statement.sha256)?;
                for (name, before, after) in changed(before, statement) {
                    writeln!(out, "    {name}: {} -> {}", shown(before), shown(after))?;
                }
            }
            before = Some(statement);
        }
        if args.json {
            writeln!(out, "{}", json!({ "ok": true, "versions": versions }))?;
        }
        Ok(())
    };
    ended(show())
}

fn version(before: Option<&Statement>, line: &SignedLine) -> serde_json::Value {
    let Statement { version, sha256, key, signed_by, signed_at, why, .. } = &line.statement;
    let changes = changed(before, &line.statement);
    let changes: Vec<_> =
        changes.iter().map(|(name, before, after)| json!({ "name": name, "before": before, "after": after })).collect();
    json!({
        "version": version, "sha256": sha256, "key": key, "signed_by": signed_by, "signed_at": signed_at, "why": why,
        "changes": changes,
    })
}

fn shown(value: &serde_json::Value) -> String {
    if value.is_null() { "not set".into() } else { value.to_string() }
}
