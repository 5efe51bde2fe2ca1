//! `bam-station register raise`: raises the kept reports to B-LTA while the station is closed. An open station does it by itself.

use std::process::ExitCode;

use serde_json::json;

use super::exit;
use crate::{
    config::Configuration,
    evidence::sign::KeyStore,
    register::RegisterError,
    station::{DataFolder, Raised, RaisingError, RaisingRoad},
};

/// Raises what can be raised now.
///
/// Exit codes: 0 every report is at B-LTA and none is due for another time-stamp, 1 some wait, 2 no register or no authority, 3
/// something failed.
pub fn run(json: bool, configuration: &Configuration, data: &DataFolder) -> ExitCode {
    // A mistyped --data must not become a new, empty data folder.
    let place = configuration.register_place(data);
    let register = place.open_read_only().and_then(|_| place.open());
    let mut register = match register {
        Ok(register) => register,
        Err(error) => {
            exit::complain(error.code(), &error);
            return if matches!(error, RegisterError::Missing) { exit::WRONG_USE.into() } else { exit::FAILED.into() };
        }
    };
    let road = KeyStore::open(&data.keys()).map_err(RaisingError::from);
    let mut road = match road.and_then(|keys| RaisingRoad::open(configuration, data, &keys)) {
        Ok(Some(road)) => road,
        Ok(None) => {
            exit::complain("NO_TIME_STAMP_AUTHORITY", &"MASTER.toml names no time-stamping authority: fill in [TimeStamp]");
            return exit::WRONG_USE.into();
        }
        Err(error) => {
            exit::complain(error.code(), &error);
            return exit::WRONG_USE.into();
        }
    };
    match road.round(&mut register) {
        Ok(done) => told(&done, json),
        Err(error) => {
            exit::complain(error.code(), &error);
            exit::FAILED.into()
        }
    }
}

fn told(done: &Raised, json: bool) -> ExitCode {
    let whole = done.waiting.is_empty();
    let printed = if json {
        let raised = done.raised.iter().map(|(control, level)| json!({ "control": control, "level": level }));
        let waiting = done.waiting.iter().map(|(control, code)| json!({ "control": control, "fault": code }));
        exit::print(&json!({ "raised": raised.collect::<Vec<_>>(), "waiting": waiting.collect::<Vec<_>>() }))
    } else {
        let raised = done.raised.iter().map(|(control, level)| format!("{control}  raised to {level}"));
        let waiting = done.waiting.iter().map(|(control, code)| {
            format!(
                "{control}  stays: {}",
                code.unwrap_or(
                    "its CA says nothing about revocation, or the authority has no longer certificate; tried again later"
                )
            )
        });
        let lines: Vec<String> = raised.chain(waiting).collect();
        let count = format!("{} raised, {} wait", done.raised.len(), done.waiting.len());
        lines.iter().chain([&count]).try_for_each(|line| exit::print(line))
    };
    match printed {
        Err(code) => code,
        Ok(()) if whole => exit::DONE.into(),
        Ok(()) => exit::NO.into(),
    }
}
