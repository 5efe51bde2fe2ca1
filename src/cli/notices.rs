//! `bam-station notices`: the queue of mails to people. An open station sends them by itself.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::exit;
use crate::{
    config::Configuration,
    notices::{Notices, NoticesError, Round},
    register::{QueuedNotice, Recipient, RegisterError, RegisterPlace},
};

/// List what waits to be sent, or send it.
#[derive(Debug, Args)]
pub struct NoticesArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the notices that wait; names and texts with --json alone
    List {
        /// Print one JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// Send what waits, once, when the station is closed
    Send {
        /// Print one JSON document on standard output
        #[arg(long)]
        json: bool,
    },
}

/// Exit codes: 0 done or nothing waits, 1 something was refused or has no address, 2 wrong configuration, 3 mail server, directory
/// or register failed.
pub fn run(args: &NoticesArgs, configuration: &Configuration, place: &RegisterPlace) -> ExitCode {
    match args.action {
        Action::List { json } => list(place, json),
        Action::Send { json } => send(configuration, place, json),
    }
}

fn list(place: &RegisterPlace, json: bool) -> ExitCode {
    let queued = match place.open_read_only() {
        Ok(register) => register.queued_notices(),
        Err(RegisterError::Missing) => Ok(Vec::new()),
        Err(error) => Err(error),
    };
    let queued = match queued {
        Ok(queued) => queued,
        Err(error) => return failed(&error.into(), json),
    };
    if json {
        return exit::print(&json!({ "ok": true, "notices": queued })).map_or_else(|code| code, |()| exit::DONE.into());
    }
    for QueuedNotice { id, control, notice, queued_at, .. } in &queued {
        let to = match notice.recipient {
            Recipient::Holder => "holder",
            Recipient::Voucher => "third party",
        };
        if let Err(code) = exit::print(&format_args!("{id}  {queued_at:.0}  control {control}  to the {to}")) {
            return code;
        }
    }
    exit::say(&format_args!("{} wait", queued.len()));
    exit::DONE.into()
}

fn send(configuration: &Configuration, place: &RegisterPlace, json: bool) -> ExitCode {
    let office = configuration.local.value.office_name.as_deref();
    let sent = Notices::open(&configuration.master.value, office).and_then(|notices| {
        // A mistyped --data must not become a new, empty register.
        drop(place.open_read_only()?);
        let mut register = place.open()?;
        Ok(notices.round(&mut register, Timestamp::now())?)
    });
    match sent {
        Ok(round) => told(&round, json),
        Err(error) => failed(&error, json),
    }
}

fn told(round: &Round, json: bool) -> ExitCode {
    let code = match round.waiting.iter().map(|(_, code)| *code).next_back() {
        None => exit::DONE,
        Some("NOTICE_SERVER" | "NOTICE_SIGN_IN" | "NOTICE_DIRECTORY_DOWN") => exit::FAILED,
        Some(_) => exit::NO,
    };
    if json {
        return exit::print(&json!({ "ok": code == exit::DONE, "round": round })).map_or_else(|code| code, |()| code.into());
    }
    for (what, why) in &round.waiting {
        exit::say(&format_args!("not sent: {what}: {why}"));
    }
    let line = format!("{} sent, {} reports told, {} wait", round.sent.len(), round.told.len(), round.waiting.len());
    exit::print(&line).map_or_else(|code| code, |()| code.into())
}

fn failed(error: &NoticesError, json: bool) -> ExitCode {
    if json {
        let _ = exit::print(&json!({ "ok": false, "code": error.code(), "message": error.to_string() }));
    }
    exit::complain(error.code(), error);
    match error {
        NoticesError::Register(_) | NoticesError::NoThread => exit::FAILED.into(),
        _ => exit::WRONG_USE.into(),
    }
}
