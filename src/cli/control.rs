//! `bam-station control SCRIPT.toml`: one scripted control without a window.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::Args;
use serde_json::json;

use super::{
    announce::announce,
    exit,
    file_out::{FileOutError, write_new},
};
use crate::{
    config::Configuration,
    control::{Command, Outcome, Step},
    digest::Digest,
    station::{ActError, DataFolder, Station, SystemClock, run_script::run_script, script::Script},
};

/// Runs one identity control from a script: training, acceptance tests, automation.
#[derive(Debug, Args)]
pub struct ControlArgs {
    /// The script (see config/examples/).
    pub script: PathBuf,
    /// Prints one JSON document on standard output.
    #[arg(long)]
    pub json: bool,
    /// Puts the signed report here as well, a new file. It holds personal data; what the register keeps is sealed.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Aborts a control that an interrupted run left open, with this reason, before the script begins.
    #[arg(long, value_name = "REASON")]
    pub abort_open: Option<String>,
}

/// Runs the command.
pub fn run(args: &ControlArgs, configuration: Configuration, data: DataFolder, executable: PathBuf) -> ExitCode {
    let script = match Script::load(&args.script) {
        Ok(script) => script,
        Err(error) => {
            exit::complain(error.code(), &error);
            return exit::WRONG_USE.into();
        }
    };
    let mut station = match Station::open(Arc::new(configuration), data, executable, Box::new(SystemClock)) {
        Ok(station) => station,
        Err(error) => {
            exit::complain(error.code(), &error);
            return exit::FAILED.into();
        }
    };
    if let Some(reason) = &args.abort_open
        && let Err(error) = abort_open(&mut station, reason)
    {
        exit::complain(error.code(), &error);
        let wrong_use = matches!(error, ActError::Refused(_));
        return if wrong_use { exit::WRONG_USE.into() } else { exit::FAILED.into() };
    }
    let folder = args.script.parent().unwrap_or(Path::new(""));
    let json = args.json;
    let mut tell = |step: &str| {
        if !json {
            exit::say(&step);
        }
    };
    let outcome = run_script(&mut station, &script, folder, &mut tell);
    match station.register().companion() {
        Ok(mut register) => announce(station.configuration(), station.data(), &mut register),
        Err(error) => exit::complain(error.code(), &error),
    }
    match outcome {
        Ok(mut result) => {
            if let Some((target, report)) = args.report.as_ref().zip(result.report_sha256) {
                if let Err(error) = put_report(&station, &report, target) {
                    exit::complain(error.code(), &error);
                    return exit::FAILED.into();
                }
                result.report = Some(target.clone());
            }
            if let Some(code) = &result.delivery_fault {
                exit::complain(
                    code,
                    &"the report is not delivered yet and waits in the outbox: see to the archive, then run deliver",
                );
            }
            let printed = if json {
                exit::print(&json!(result))
            } else {
                let report = match (&result.report, &result.report_sha256) {
                    (Some(path), _) => path.display().to_string(),
                    (None, Some(digest)) => digest.to_string(),
                    (None, None) => "none".to_owned(),
                };
                let why = result.refusal.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
                let delivered = if result.delivered { "acknowledged by the archive" } else { "not delivered" };
                exit::print(&format_args!("control   {}", result.control))
                    .and_then(|()| exit::print(&format_args!("outcome   {}{why}", result.outcome.as_str())))
                    .and_then(|()| exit::print(&format_args!("report    {report}")))
                    .and_then(|()| exit::print(&format_args!("delivery  {delivered}")))
            };
            match printed {
                Err(code) => code,
                Ok(()) if result.outcome == Outcome::Approved => exit::DONE.into(),
                Ok(()) => exit::NO.into(),
            }
        }
        Err(error) => {
            exit::complain(error.code(), &error);
            if error.wrong_use() { exit::WRONG_USE.into() } else { exit::FAILED.into() }
        }
    }
}

fn put_report(station: &Station, report: &Digest, target: &Path) -> Result<(), FileOutError> {
    let pdf = station.evidence(report)?;
    write_new(target, &pdf)
}

fn abort_open(station: &mut Station, reason: &str) -> Result<(), ActError> {
    match station.control().map(crate::control::Control::step) {
        None | Some(Step::Closed) => return Ok(()),
        Some(Step::HandBack) => {}
        Some(_) => drop(station.act(Command::Abort { reason: reason.to_owned() })?.step()),
    }
    if station.control().is_some_and(|control| control.step() == Step::HandBack) {
        station.act(Command::HandBack)?;
    }
    station.leave_control()
}
