//! `bam-station deliver [--once]`: drains the outbox when the station is closed. An open station delivers by itself.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
    thread,
    time::Duration,
};

use clap::Args;
use jiff::Timestamp;

use super::exit;
use crate::{
    delivery::{
        client::{ArchiveClient, ArchiveConnection},
        outbox::{self, LONGEST_WAIT},
    },
    register::{RegisterError, RegisterPlace},
    seal::SealError,
};

/// Drain the outbox.
#[derive(Debug, Args)]
pub struct DeliverArgs {
    /// One round only; without it, until the outbox is empty or a person is needed
    #[arg(long)]
    once: bool,
}

/// Delivers what is due in a register.
///
/// Exit codes: 0 the outbox is empty or nothing was due, 1 the archive refuses a report, 2 the configuration is wrong,
/// 3 the archive or the register failed.
pub fn run(args: &DeliverArgs, place: &RegisterPlace, connection: &ArchiveConnection) -> ExitCode {
    ExitCode::from(deliver(args, place, connection, &mut io::stderr().lock()))
}

/// As [`run`] for the register in a data folder, with another place for messages to people.
pub fn run_to(args: &DeliverArgs, data: &Path, connection: &ArchiveConnection, messages: &mut dyn Write) -> u8 {
    deliver(args, &RegisterPlace::Folder(data.join("register")), connection, messages)
}

fn deliver(args: &DeliverArgs, place: &RegisterPlace, connection: &ArchiveConnection, messages: &mut dyn Write) -> u8 {
    let archive = match ArchiveClient::new(connection) {
        Ok(archive) => archive,
        Err(error) => {
            exit::complain_to(messages, error.code(), &error);
            return 2;
        }
    };
    match drain(args.once, place, &archive, messages) {
        Ok(code) => code,
        Err(error) => {
            exit::complain_to(messages, error.code(), &error);
            3
        }
    }
}

fn drain(once: bool, place: &RegisterPlace, archive: &ArchiveClient, messages: &mut dyn Write) -> Result<u8, RegisterError> {
    let mut register = place.open()?;
    if register.seal().locked().is_some() {
        return Err(SealError::NotForTheseKeys.into());
    }
    let mut random_fault = false;
    loop {
        let mut random = || {
            getrandom::u64().unwrap_or_else(|_| {
                random_fault = true;
                0
            })
        };
        let round = outbox::drain_once(&mut register, archive, &Timestamp::now, &mut random)?;
        if random_fault {
            return Err(RegisterError::NoRandomness);
        }
        for control in &round.delivered {
            say(messages, &format!("delivered: control {control}"));
        }
        for (control, code) in &round.failed {
            say(messages, &format!("not delivered: control {control}: {code}"));
        }
        let refused = round.failed.iter().any(|(_, code)| *code == "DELIVERY_REJECTED");
        let Some(next) = round.next_round_at else {
            return Ok(0);
        };
        let wait = Duration::try_from(next.duration_since(Timestamp::now())).unwrap_or_default();
        let waits_for_a_person = wait > LONGEST_WAIT;
        if once || waits_for_a_person {
            return Ok(match (refused || waits_for_a_person, round.failed.is_empty()) {
                (true, _) => 1,
                (false, true) => 0,
                (false, false) => 3,
            });
        }
        say(messages, &format!("next attempt {next:.0}"));
        thread::sleep(wait);
    }
}

/// Nobody is left to tell when standard error is gone; the delivery goes on.
fn say(messages: &mut dyn Write, line: &str) {
    let _ = writeln!(messages, "{line}");
}
