//! `bam-station config key`, `config sign` and `config history`: the administrators' word on MASTER.toml.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use jiff::Timestamp;
use serde_json::json;

use super::super::exit;
use crate::{
    config::{
        ConfigError, Search,
        administrator_key::{self, KeyFileError},
        signature::{self, SignatureError, SignedLine, Statement, changed},
    },
    digest::Digest,
};

/// Arguments of `config key`.
#[derive(Debug, clap::Args)]
pub struct KeyArgs {
    /// The new file
    pub file: PathBuf,
    /// The administrator's name, as the desks show it
    #[arg(long)]
    pub name: String,
}

/// Arguments of `config sign`.
#[derive(Debug, clap::Args)]
pub struct SignArgs {
    /// The MASTER.toml to sign [default: the one that is found]
    pub file: Option<PathBuf>,
    /// The administrator's key file
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
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
            Self::Output(_) => return exit::FAILED.into(),
        };
        exit::complain(code, self);
        exit.into()
    }
}

fn ended(outcome: Result<(), CommandError>) -> ExitCode {
    outcome.map_or_else(|error| error.told(), |()| exit::DONE.into())
}

/// Makes a key: 0 done, 2 the file is there already or cannot be made.
pub fn key(args: &KeyArgs) -> ExitCode {
    let make = || {
        let key = administrator_key::make(&args.file)?;
        let entry = format!("{} {}", Digest::from_bytes(key.verifying_key().to_bytes()), args.name.trim());
        exit::say(&"For [Administrators] Keys in the LOCAL.toml of every desk:");
        Ok(writeln!(io::stdout().lock(), "{}", toml::Value::String(entry))?)
    };
    ended(make())
}

/// Signs MASTER.toml: 0 done, 1 the history is broken, 2 the file or the key is not good, 3 not written.
pub fn sign(args: &SignArgs, master: Option<PathBuf>) -> ExitCode {
    let sign = || {
        let file = Search::this_machine().master(args.file.clone().or(master))?;
        let key = administrator_key::read(&args.key)?;
        let signed = signature::sign(&file, &key, &args.by, &args.why, Timestamp::now())?;
        let mut out = io::stdout().lock();
        if args.json {
            return Ok(writeln!(out, "{}", json!({ "ok": true, "signed": signed }))?);
        }
        Ok(writeln!(out, "{}: signed as version {} (sha256 {})", file.display(), signed.version, signed.sha256)?)
    };
    ended(sign())
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
