//! `bam-station register list|show|export|verify|purge|end|raise`: the document register. All but purge, end and raise read beside the
//! station.

mod export;
mod filter;
mod get;
pub(super) mod progress;
mod purge;

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use self::{export::ExportArgs, filter::FilterArgs, get::GetArgs, progress::Progress, purge::PurgeArgs};
use super::{
    exit,
    file_out::FileOutError,
    verify::{VerifyError, anchors},
};
use crate::{
    control::{ControlId, Now},
    delivery::receipt::{ArchiveKey, SignedReceipt},
    evidence::verify::TrustedCas,
    register::{ExportError, Head, OutboxState, QueuedNotice, Register, RegisterError, RegisterPlace, StoredEntry},
    seal::{Keys, SealError},
    station::{
        journal::{ReadBackError, verify_evidence, verify_reports},
        lost_desk::{EndError, end_for_lost_desk},
        make_index_anew, verify_people,
    },
    trust::Anchors,
};

/// The document register.
#[derive(Debug, Args)]
pub struct RegisterArgs {
    /// A key file of age that opens what is sealed, such as an auditor's; may be named more than once. The station's own key is used
    /// where it is at hand
    #[arg(long, global = true, value_name = "FILE")]
    identity: Vec<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Kept(Box<Kept>),
    /// Raises the kept reports to B-LTA: time-stamps and the CAs' answers on revocation are added after what was signed
    Raise {
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
}

/// What is done with the register alone.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)] // There is one in a process.
enum Kept {
    /// The controls: id, time, function, kind, outcome, delivered
    List {
        #[command(flatten)]
        filter: FilterArgs,
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
    /// Controls with reports, receipts, evidence and their section of the chain, into a folder or a zip file
    Export(ExportArgs),
    /// A report, or another piece of evidence, as a file or on standard output. It holds personal data
    Get(GetArgs),
    /// Erases what is older than the retention, and leaves a tombstone in the chain. Shows it first
    Purge(PurgeArgs),
    /// Makes the index anew by which a person's earlier controls are found
    Reindex,
    /// The hash chain, every report, every receipt, every scan, signature and terms text, and the tables by which they are found; or
    /// an export
    Verify {
        /// Check this export, a folder or a zip file, instead of the register
        #[arg(long, value_name = "PLACE", conflicts_with = "archive_key")]
        export: Option<PathBuf>,
        /// A head of the journal as printed in a report, SEQ:HASH: proves that nothing before it was cut off
        #[arg(long, value_parser = parse_head)]
        head: Vec<Head>,
        /// The archive's public key, 64 hexadecimal digits; without it, each receipt is checked with the key it names itself
        #[arg(long)]
        archive_key: Option<ArchiveKey>,
        /// Verify the signature, the pages and the attached record of every report anew, as `bam-station verify` does
        #[arg(long, conflicts_with = "export")]
        reports: bool,
        /// With --reports: the CA's certificate, PEM or DER; every signer's certificate must lead to it
        #[arg(long, value_name = "CA.pem", requires = "reports")]
        trust: Option<PathBuf>,
        /// With --reports: the CA of the time-stamping authority, PEM or DER; without it, that of --trust
        #[arg(long, value_name = "CA.pem", requires = "trust")]
        trust_time: Option<PathBuf>,
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// Ends a control that was left open at another desk, which is lost. Only where desks share the register
    End {
        /// The control's id
        control: ControlId,
        /// Why, in words; the journal keeps it with the control
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The name of whoever ends it; the journal keeps it
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

/// What a command needs beside the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// How long controls are kept.
    Retention,
    /// The whole configuration: [`crate::cli::raise`] does it.
    Configuration {
        /// Whether the answer is one JSON document.
        json: bool,
    },
}

impl RegisterArgs {
    /// What the command needs beside the register.
    pub fn needs(&self) -> Needs {
        match &self.command {
            Command::Raise { json } => Needs::Configuration { json: *json },
            Command::Kept(kept) if matches!(**kept, Kept::Purge(_)) => Needs::Retention,
            Command::Kept(_) => Needs::Nothing,
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
    Export(ExportError),
    End(EndError),
    /// A file of `--trust`.
    Trust(VerifyError),
    FileOut(FileOutError),
    /// A purge was asked for of what must still be kept.
    Retention {
        years: u8,
    },
    /// Nobody reads the answer any more.
    Output,
}

/// Runs the command on a register. Controls are kept for `retention_years`.
///
/// Exit codes: 0 done, 1 no such control or something does not hold, 2 no register there, 3 the register cannot be read.
pub fn run(args: &RegisterArgs, place: &RegisterPlace, retention_years: u8) -> ExitCode {
    let terminal = io::stderr().is_terminal();
    ExitCode::from(answer(args, place, retention_years, &mut io::stdout().lock(), &mut io::stderr().lock(), terminal))
}

/// As [`run`] for the register in a data folder, with other places for the answer and for messages to people.
pub fn run_to(args: &RegisterArgs, data: &Path, retention_years: u8, out: &mut dyn Write, messages: &mut dyn Write) -> u8 {
    answer(args, &RegisterPlace::Folder(data.join("register")), retention_years, out, messages, false)
}

fn answer(
    args: &RegisterArgs,
    place: &RegisterPlace,
    retention_years: u8,
    out: &mut dyn Write,
    messages: &mut dyn Write,
    terminal: bool,
) -> u8 {
    let Command::Kept(kept) = &args.command else {
        let _ = writeln!(messages, "bam-station: reports are raised with the configuration at hand");
        return 2;
    };
    let keys = read_keys(&args.identity).map_err(|error| Failure::Register(error.into()));
    match keys.and_then(|keys| act(kept, place, &keys, retention_years, out, messages, terminal)) {
        Ok(Answer::Yes) => 0,
        Ok(Answer::No) => 1,
        Err(failure) => {
            match &failure {
                Failure::Register(error) => exit::complain_to(messages, error.code(), error),
                Failure::Export(error) => exit::complain_to(messages, error.code(), error),
                Failure::End(error) => exit::complain_to(messages, error.code(), error),
                Failure::Trust(error) => exit::complain_to(messages, error.code(), error),
                Failure::FileOut(error) => exit::complain_to(messages, error.code(), error),
                Failure::Retention { years } => exit::complain_to(
                    messages,
                    "REGISTER_RETENTION",
                    &format_args!(
                        "controls are kept for {years} years; ask for a longer time, or change RetentionYears in MASTER.toml"
                    ),
                ),
                Failure::Output => {}
            }
            let verifies = matches!(**kept, Kept::Verify { .. });
            match failure {
                Failure::Register(error)
                | Failure::Export(ExportError::Register(error))
                | Failure::End(EndError::Register(error) | EndError::ReadBack(ReadBackError::Register(error))) => match error {
                    RegisterError::NotRegistered | RegisterError::AlreadyRegistered | RegisterError::OwnControl => 1,
                    RegisterError::Missing
                    | RegisterError::Foreign
                    | RegisterError::OtherVersion { .. }
                    | RegisterError::SharedSettings(_) => 2,
                    RegisterError::Damaged(_) | RegisterError::DatabaseLost if verifies => 1,
                    _ => 3,
                },
                Failure::Export(ExportError::NothingToExport) | Failure::End(EndError::Refused(_)) => 1,
                Failure::Trust(_)
                | Failure::Export(ExportError::TargetExists(_))
                | Failure::FileOut(FileOutError::Exists(_))
                | Failure::Retention { .. } => 2,
                Failure::End(EndError::ReadBack(_))
                | Failure::Export(ExportError::Target(_))
                | Failure::FileOut(_)
                | Failure::Output => 3,
            }
        }
    }
}

fn act(
    kept: &Kept,
    place: &RegisterPlace,
    keys: &Keys,
    retention_years: u8,
    out: &mut dyn Write,
    messages: &mut dyn Write,
    terminal: bool,
) -> Result<Answer, Failure> {
    let read = || place.open_read_only_with(keys);
    match kept {
        Kept::List { filter, json } => list(&read()?, filter, *json, out),
        Kept::Show { control, json } => show(&read()?, control, *json, out, messages),
        Kept::Export(args) => export::export(&read()?, args, out, Progress::new(messages, terminal)),
        Kept::Get(args) => get::get(&read()?, args, out, messages),
        Kept::Verify { export: Some(export), head, json, .. } => {
            export::verify(export, head, *json, out, Progress::new(messages, terminal))
        }
        Kept::Verify { head, archive_key, reports, trust, trust_time, json, .. } => {
            let cas = reports.then(|| Cas::read(trust.as_deref(), trust_time.as_deref())).transpose()?;
            verify(&read()?, head, archive_key.as_ref(), cas.as_ref(), *json, out, Progress::new(messages, terminal))
        }
        Kept::End { control, reason, by } => {
            // A mistyped --data must not become a new, empty register.
            drop(read()?);
            let now = Timestamp::now();
            let now = Now { at: now, today: now.to_zoned(TimeZone::system()).date() };
            end_for_lost_desk(&mut place.open_with(keys)?, *control, reason, by, now)?;
            writeln!(out, "the control has ended: aborted")?;
            Ok(Answer::Yes)
        }
        Kept::Reindex => {
            // A mistyped --data must not become a new, empty register.
            drop(read()?);
            make_index_anew(&mut place.open_with(keys)?)?;
            writeln!(out, "the index of people was made anew")?;
            Ok(Answer::Yes)
        }
        Kept::Purge(args) => {
            let ended_before = args.ended_before(retention_years, &Timestamp::now().to_zoned(TimeZone::system()))?;
            // A mistyped --data must not become a new, empty register.
            let reader = read()?;
            if !args.erases() {
                return purge::show(&reader, args, ended_before, out);
            }
            drop(reader);
            purge::erase(&mut place.open_with(keys)?, args, ended_before, out, Progress::new(messages, terminal))
        }
    }
}

fn list(register: &Register, filter: &FilterArgs, json: bool, out: &mut dyn Write) -> Result<Answer, Failure> {
    let filter = filter.filter();
    let finished = register.controls_where(&filter)?;
    // A control that has not ended has none of the properties that a filter asks for.
    let unfinished: Vec<String> = if filter.is_everything() {
        let ids: BTreeSet<&str> = finished.iter().map(|control| control.control.as_str()).collect();
        let of_controls = |stream: &String| uuid::Uuid::try_parse(stream).is_ok() && !ids.contains(stream.as_str());
        register.streams()?.into_iter().filter(of_controls).collect()
    } else {
        Vec::new()
    };
    let mut controls = Vec::with_capacity(finished.len());
    for control in &finished {
        let purged = register.tombstone(&control.control)?.is_some();
        controls.push((control, register.delivery(&control.control)?, purged));
    }
    if json {
        let controls: Vec<Value> = controls
            .iter()
            .map(|(control, delivery, purged)| {
                json!({
                    "control": control.control, "completed_at": control.completed_at, "function": control.function,
                    "certificate": control.certificate, "outcome": control.outcome, "report": control.report,
                    "delivery": delivery.as_ref().map(delivery_json), "purged": purged,
                })
            })
            .collect();
        writeln!(out, "{}", json!({ "controls": controls, "unfinished": unfinished }))?;
        return Ok(Answer::Yes);
    }
    for (control, delivery, purged) in &controls {
        let (function, certificate) = (word(&control.function), word(&control.certificate));
        let delivered =
            delivery.as_ref().map_or("local", |delivery| if delivery.receipt.is_some() { "delivered" } else { "waiting" });
        writeln!(
            out,
            "{}  {:.0}  {function:<16}  {certificate:<9}  {:<9}  {delivered}{}",
            control.control,
            control.completed_at,
            control.outcome,
            if *purged { "  purged" } else { "" }
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
        exit::complain_to(messages, error.code(), &error);
        return Ok(Answer::No);
    }
    let raised = register.raised_reports(control)?;
    let evidence = register.evidence_of(control)?;
    let purged = register.tombstone(control)?;
    let delivery = register.delivery(control)?;
    let notices = register.notices(control)?;
    if json {
        let events: Vec<Value> = events.iter().map(event_json).collect();
        let receipt = delivery.as_ref().and_then(|delivery| delivery.receipt.as_ref());
        let document = json!({
            "control": control, "finished": finished, "events": events, "evidence": evidence, "raised": raised,
            "delivery": delivery.as_ref().map(delivery_json), "receipt": receipt,
            "notices": notices,
            "purged_at": purged.as_ref().map(|(at, _)| at),
        });
        writeln!(out, "{document}")?;
        return Ok(Answer::Yes);
    }
    for event in &events {
        writeln!(out, "{:>8}  {:.3}  {}", event.seq, event.at, event.kind)?;
        writeln!(out, "          {}", event.body)?;
    }
    for digest in &evidence {
        match register.evidence().file(digest) {
            Some(file) => writeln!(out, "evidence  {digest}  {}", file.display())?,
            None => writeln!(out, "evidence  {digest}")?,
        }
    }
    for raised in &raised {
        writeln!(out, "raised    {}  {}", raised.level, raised.report)?;
    }
    match &finished {
        Some(finished) => writeln!(out, "ended     {:.0}  {}", finished.completed_at, finished.outcome)?,
        None => writeln!(out, "not finished")?,
    }
    if let Some((at, _)) = &purged {
        writeln!(out, "purged    {at:.0}; its events and evidence were erased at the end of their retention")?;
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
    for QueuedNotice { notice, sent, queued_at, .. } in &notices {
        let state = if *sent { "sent" } else { "waits" };
        writeln!(out, "notice    {queued_at:.0}  to the {}, {}: {state}", word(&notice.recipient), notice.name)?;
        writeln!(out, "          {}", notice.text.en)?;
    }
    Ok(Answer::Yes)
}

/// The CAs to which signers and time-stamping authorities must lead.
struct Cas {
    signers: Anchors,
    time_stamps: Option<Anchors>,
}

impl Cas {
    fn read(trust: Option<&Path>, trust_time: Option<&Path>) -> Result<Self, VerifyError> {
        let read = |path: Option<&Path>| path.map(anchors).transpose();
        Ok(Self { signers: read(trust)?.unwrap_or_else(Anchors::none), time_stamps: read(trust_time)? })
    }

    fn trusted(&self) -> TrustedCas<'_> {
        TrustedCas { signers: &self.signers, time_stamps: self.time_stamps.as_ref().unwrap_or(&self.signers) }
    }
}

fn verify(
    register: &Register,
    heads: &[Head],
    key: Option<&ArchiveKey>,
    cas: Option<&Cas>,
    json: bool,
    out: &mut dyn Write,
    mut progress: Progress<'_>,
) -> Result<Answer, Failure> {
    let journal = register.verify_journal(&mut |done, total| progress.tell("journal entries", done, total))?;
    let mut missing = Vec::new();
    for head in heads {
        if !register.contains(head)? {
            missing.push(*head);
        }
    }
    // What controls and evidence are compared with must hold itself.
    let opened = register.opens()?;
    let (controls, evidence, reports, people) = if journal.first_bad.is_some() || !opened {
        (None, None, None, Vec::new())
    } else {
        let controls =
            register.verify_controls(&|delivery, receipt| check_receipt(delivery, receipt, key), &mut |done, total| {
                progress.tell("controls", done, total);
            })?;
        let evidence = verify_evidence(register, &mut |done, total| progress.tell("evidence", done, total))?;
        let reports = cas.map(|cas| {
            verify_reports(register, cas.trusted(), Timestamp::now(), &mut |done, total| progress.tell("reports", done, total))
        });
        // Where the rows of the controls do not hold, the index that leads to them cannot.
        let people = if controls.problems.is_empty() {
            verify_people(register, &mut |done, total| progress.tell("people", done, total))?
        } else {
            Vec::new()
        };
        (Some(controls), Some(evidence), reports.transpose()?, people)
    };
    let problems = controls.iter().flat_map(|controls| &controls.problems);
    let problems = problems.chain(evidence.iter().flat_map(|evidence| &evidence.problems));
    let problems: Vec<_> = problems.chain(reports.iter().flat_map(|reports| &reports.problems)).chain(&people).collect();
    let valid = journal.first_bad.is_none() && missing.is_empty() && problems.is_empty();
    if json {
        let document = json!({
            "valid": valid, "entries": journal.entries, "head": journal.head, "first_bad": journal.first_bad,
            "missing_heads": missing, "opened": opened, "controls": controls, "evidence": evidence,
            "reports": reports, "people": { "problems": people },
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
        if !opened {
            writeln!(out, "only the chain was checked: what is sealed opens with the station's key, or with --identity FILE")?;
        }
        if let Some(controls) = &controls {
            let purged = if controls.purged == 0 { String::new() } else { format!(", {} of them purged", controls.purged) };
            writeln!(out, "{} controls and {} receipts checked{purged}", controls.controls, controls.receipts)?;
        }
        if let Some(evidence) = &evidence {
            writeln!(out, "{} scans, signatures and terms checked", evidence.files)?;
        }
        if let Some(reports) = &reports {
            writeln!(out, "{} reports verified anew: signature, pages, attached record", reports.reports)?;
        }
        for problem in &problems {
            writeln!(out, "control {}: {}", problem.control, problem.what)?;
        }
        if !people.is_empty() {
            writeln!(out, "the index of people is made anew from the controls by `bam-station register reindex`")?;
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

impl From<FileOutError> for Failure {
    fn from(error: FileOutError) -> Self {
        Self::FileOut(error)
    }
}

/// The keys in these files.
pub(super) fn read_keys(files: &[PathBuf]) -> Result<Keys, SealError> {
    files.iter().try_fold(Keys::default(), |keys, file| Ok(keys.after(&Keys::read(file)?)))
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        Self::Export(error)
    }
}

impl From<EndError> for Failure {
    fn from(error: EndError) -> Self {
        Self::End(error)
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        Self::Trust(error)
    }
}

impl From<io::Error> for Failure {
    fn from(_: io::Error) -> Self {
        Self::Output
    }
}
