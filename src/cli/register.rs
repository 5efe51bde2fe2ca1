//! `bam-station register list|show|verify|raise`: the document register, read beside the station.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    delivery::receipt::{ArchiveKey, SignedReceipt},
    digest::Digest,
    register::{Head, OutboxState, Register, RegisterError, StoredEntry},
    station::journal::verify_evidence,
};

/// The document register.
#[derive(Debug, Args)]
pub struct RegisterArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Reading(Box<Reading>),
    /// Raises the kept reports to B-LTA: time-stamps and the CAs' answers on revocation are added after what was signed
    Raise {
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
enum Reading {
    /// All controls: id, time, function, kind, outcome, delivered
    List {
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// One control: its events in order and its evidence
    Show {
        /// The control's id
        control: String,
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// The hash chain, every report, every receipt, every scan, signature and terms text
    Verify {
        /// A head of the journal as printed in a report, SEQ:HASH: proves that nothing before it was cut off
        #[arg(long, value_parser = parse_head)]
        head: Vec<Head>,
        /// The archive's public key, 64 hexadecimal digits; without it, each receipt is checked with the key it names itself
        #[arg(long)]
        archive_key: Option<ArchiveKey>,
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
}

impl RegisterArgs {
    /// Whether reports are to be raised, which needs the configuration; then, whether with JSON output.
    pub fn raises(&self) -> Option<bool> {
        match &self.command {
            Command::Raise { json } => Some(*json),
            Command::Reading(_) => None,
        }
    }
}

/// What the command comes to, as the exit codes of the program say it.
enum Answer {
    Yes,
    No,
}

enum Failure {
    Register(RegisterError),
    /// Nobody reads the answer any more.
    Output,
}

/// Runs the command on the register in the data folder.
///
/// Exit codes: 0 done, 1 no such control or something does not hold, 2 no register there, 3 the register cannot be read.
pub fn run(args: &RegisterArgs, data: &Path) -> ExitCode {
    ExitCode::from(run_to(args, data, &mut io::stdout().lock(), &mut io::stderr().lock()))
}

/// As [`run`], with other places for the answer and for messages to people.
pub fn run_to(args: &RegisterArgs, data: &Path, out: &mut dyn Write, messages: &mut dyn Write) -> u8 {
    let Command::Reading(reading) = &args.command else {
        let _ = writeln!(messages, "bam-station: reports are raised with the configuration at hand");
        return 2;
    };
    let outcome =
        Register::open_read_only(&data.join("register")).map_err(Failure::Register).and_then(|register| match &**reading {
            Reading::List { json } => list(&register, *json, out),
            Reading::Show { control, json } => show(&register, control, *json, out, messages),
            Reading::Verify { head, archive_key, json } => verify(&register, head, archive_key.as_ref(), *json, out, messages),
        });
    match outcome {
        Ok(Answer::Yes) => 0,
        Ok(Answer::No) => 1,
        Err(Failure::Register(error)) => {
            // Nobody is left to tell when standard error is gone.
            let _ = writeln!(messages, "{}: {error}", error.code());
            match error {
                RegisterError::Missing | RegisterError::Foreign | RegisterError::OtherVersion { .. } => 2,
                RegisterError::Damaged(_) | RegisterError::DatabaseLost if matches!(**reading, Reading::Verify { .. }) => 1,
                _ => 3,
            }
        }
        Err(Failure::Output) => 3,
    }
}

fn list(register: &Register, json: bool, out: &mut dyn Write) -> Result<Answer, Failure> {
    let finished = register.controls()?;
    let ids: BTreeSet<&str> = finished.iter().map(|control| control.control.as_str()).collect();
    let unfinished: Vec<String> = register
        .streams()?
        .into_iter()
        .filter(|stream| uuid::Uuid::try_parse(stream).is_ok() && !ids.contains(stream.as_str()))
        .collect();
    let mut controls = Vec::with_capacity(finished.len());
    for control in &finished {
        controls.push((control, register.delivery(&control.control)?));
    }
    if json {
        let controls: Vec<Value> = controls
            .iter()
            .map(|(control, delivery)| {
                json!({
                    "control": control.control, "completed_at": control.completed_at, "function": control.function,
                    "certificate": control.certificate, "outcome": control.outcome, "report": control.report,
                    "delivery": delivery.as_ref().map(delivery_json),
                })
            })
            .collect();
        writeln!(out, "{}", json!({ "controls": controls, "unfinished": unfinished }))?;
        return Ok(Answer::Yes);
    }
    for (control, delivery) in &controls {
        let (function, certificate) = (word(&control.function), word(&control.certificate));
        let delivered =
            delivery.as_ref().map_or("local", |delivery| if delivery.receipt.is_some() { "delivered" } else { "waiting" });
        writeln!(
            out,
            "{}  {:.0}  {function:<16}  {certificate:<9}  {:<9}  {delivered}",
            control.control, control.completed_at, control.outcome
        )?;
    }
    for control in &unfinished {
        writeln!(out, "{control}  not finished")?;
    }
    writeln!(out, "{} controls, {} not finished", controls.len(), unfinished.len())?;
    Ok(Answer::Yes)
}

fn show(
    register: &Register,
    control: &str,
    json: bool,
    out: &mut dyn Write,
    messages: &mut dyn Write,
) -> Result<Answer, Failure> {
    let events = register.entries(control)?;
    let finished = register.control(control)?;
    if events.is_empty() && finished.is_none() {
        let error = RegisterError::NotRegistered;
        writeln!(messages, "{}: {error}", error.code())?;
        return Ok(Answer::No);
    }
    let raised = register.raised_reports(control)?;
    let mut evidence = evidence_of(register, &events, finished.as_ref().and_then(|finished| finished.report));
    evidence.extend(raised.iter().map(|raised| raised.report));
    let delivery = register.delivery(control)?;
    if json {
        let events: Vec<Value> = events.iter().map(event_json).collect();
        let receipt = delivery.as_ref().and_then(|delivery| delivery.receipt.as_ref());
        let document = json!({
            "control": control, "finished": finished, "events": events, "evidence": evidence, "raised": raised,
            "delivery": delivery.as_ref().map(delivery_json), "receipt": receipt,
        });
        writeln!(out, "{document}")?;
        return Ok(Answer::Yes);
    }
    for event in &events {
        writeln!(out, "{:>8}  {:.3}  {}", event.seq, event.at, event.kind)?;
        writeln!(out, "          {}", event.body)?;
    }
    for digest in &evidence {
        writeln!(out, "evidence  {digest}  {}", register.evidence().path(digest).display())?;
    }
    for raised in &raised {
        writeln!(out, "raised    {}  {}", raised.level, raised.report)?;
    }
    match &finished {
        Some(finished) => writeln!(out, "ended     {:.0}  {}", finished.completed_at, finished.outcome)?,
        None => writeln!(out, "not finished")?,
    }
    match &delivery {
        Some(OutboxState { delivered_at: Some(at), .. }) => writeln!(out, "delivered {at:.0}")?,
        Some(OutboxState { attempts, next_attempt_at, last_error, .. }) => {
            let last = last_error.as_deref().unwrap_or("none");
            writeln!(
                out,
                "waits for delivery: {attempts} attempts failed, last fault {last}, next attempt {next_attempt_at:.0}"
            )?;
        }
        None => {}
    }
    Ok(Answer::Yes)
}

fn verify(
    register: &Register,
    heads: &[Head],
    key: Option<&ArchiveKey>,
    json: bool,
    out: &mut dyn Write,
    messages: &mut dyn Write,
) -> Result<Answer, Failure> {
    let journal = register.verify_journal(&mut |done, total| {
        report_progress(messages, "journal entries", done, total);
    })?;
    let mut missing = Vec::new();
    for head in heads {
        if !register.contains(head)? {
            missing.push(*head);
        }
    }
    // What controls and evidence are compared with must hold itself.
    let (controls, evidence) = if journal.first_bad.is_some() {
        (None, None)
    } else {
        let controls =
            register.verify_controls(&|delivery, receipt| check_receipt(delivery, receipt, key), &mut |done, total| {
                report_progress(messages, "controls", done, total);
            })?;
        let evidence = verify_evidence(register, &mut |done, total| report_progress(messages, "evidence", done, total))?;
        (Some(controls), Some(evidence))
    };
    let problems = controls.iter().flat_map(|controls| &controls.problems);
    let problems: Vec<_> = problems.chain(evidence.iter().flat_map(|evidence| &evidence.problems)).collect();
    let valid = journal.first_bad.is_none() && missing.is_empty() && problems.is_empty();
    if json {
        let document = json!({
            "valid": valid, "entries": journal.entries, "head": journal.head, "first_bad": journal.first_bad,
            "missing_heads": missing, "controls": controls, "evidence": evidence,
        });
        writeln!(out, "{document}")?;
    } else {
        writeln!(out, "{} journal entries hold; head {}:{}", journal.entries, journal.head.seq, journal.head.hash)?;
        if let Some(bad) = &journal.first_bad {
            writeln!(out, "journal entry {} does not hold: {}; nothing after it was checked", bad.seq, bad.what)?;
        }
        for head in &missing {
            writeln!(out, "the journal does not contain {}:{}: it was cut off or rewritten", head.seq, head.hash)?;
        }
        if let Some(controls) = &controls {
            writeln!(out, "{} controls and {} receipts checked", controls.controls, controls.receipts)?;
        }
        if let Some(evidence) = &evidence {
            writeln!(out, "{} scans, signatures and terms checked", evidence.files)?;
        }
        for problem in &problems {
            writeln!(out, "control {}: {}", problem.control, problem.what)?;
        }
        writeln!(
            out,
            "{}",
            if valid {
                "the register holds"
            } else {
                "the register does NOT hold: keep the folder as it is and restore it from a backup"
            }
        )?;
    }
    Ok(if valid { Answer::Yes } else { Answer::No })
}

fn check_receipt(delivery: &OutboxState, receipt: &str, key: Option<&ArchiveKey>) -> Result<(), String> {
    let receipt = SignedReceipt::parse(receipt);
    let statement = receipt.and_then(|receipt| match key {
        Some(key) => receipt.verify(key),
        None => receipt.verify(&receipt.named_key()?),
    });
    match statement {
        Ok(statement) if statement.report_sha256 == delivery.report && statement.control_id == delivery.control => Ok(()),
        Ok(_) => Err("its receipt is about another report".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// Every digest in the events under which the register keeps a file, and the report.
fn evidence_of(register: &Register, events: &[StoredEntry], report: Option<Digest>) -> BTreeSet<Digest> {
    let mut found: BTreeSet<Digest> = report.into_iter().collect();
    let mut open: Vec<Value> = events.iter().filter_map(|event| serde_json::from_str(&event.body).ok()).collect();
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => {
                found.extend(text.parse::<Digest>().ok().filter(|digest| register.evidence().path(digest).is_file()));
            }
            Value::Array(values) => open.extend(values),
            Value::Object(fields) => open.extend(fields.into_iter().map(|(_, value)| value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    found
}

fn event_json(event: &StoredEntry) -> Value {
    let body: Value = serde_json::from_str(&event.body).unwrap_or_default();
    json!({ "seq": event.seq, "at": event.at, "kind": event.kind, "body": body, "hash": event.hash })
}

fn delivery_json(delivery: &OutboxState) -> Value {
    json!({
        "delivered": delivery.receipt.is_some(), "delivered_at": delivery.delivered_at, "attempts": delivery.attempts,
        "next_attempt_at": delivery.receipt.is_none().then_some(delivery.next_attempt_at), "last_error": delivery.last_error,
    })
}

fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn report_progress(messages: &mut dyn Write, what: &str, done: u64, total: u64) {
    if done == total || done.is_multiple_of(100) {
        // Progress is a courtesy: the check goes on when nobody reads it.
        let _ = writeln!(messages, "{what}: {done} of {total}");
    }
}

fn parse_head(text: &str) -> Result<Head, String> {
    let fault = || "a head is written as in the report: SEQ:HASH".to_owned();
    let (seq, hash) = text.split_once(':').ok_or_else(fault)?;
    Ok(Head { seq: seq.parse().map_err(|_| fault())?, hash: hash.parse().map_err(|_| fault())? })
}

impl From<RegisterError> for Failure {
    fn from(error: RegisterError) -> Self {
        Self::Register(error)
    }
}

impl From<io::Error> for Failure {
    fn from(_: io::Error) -> Self {
        Self::Output
    }
}
