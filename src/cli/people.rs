//! `bam-station people`: the list of preregistered people.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use jiff::{Timestamp, civil::Date};
use serde_json::json;

use super::exit;
use crate::{
    people::{self, ImportError, List, Merged, PeopleError},
    register::{Register, RegisterError, RegisterPlace},
    rules::CertificateKind,
};

/// Import or show the list of preregistered people.
#[derive(Debug, Args)]
pub struct PeopleArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Import people from a CSV file (docs/people.md); every line is checked before anything changes
    Import {
        /// The file, UTF-8, with a line of column names
        file: PathBuf,
        /// Check the file and say what would change; write nothing
        #[arg(long)]
        dry_run: bool,
        /// The file is the whole list: whoever is not in it is preregistered no longer
        #[arg(long)]
        replace: bool,
        /// Who imports it, for the journal
        #[arg(long, value_name = "NAME", required_unless_present = "dry_run")]
        by: Option<String>,
        /// Print one JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// Print who is preregistered for what, and when the list was imported
    List {
        /// Print one JSON document on standard output
        #[arg(long)]
        json: bool,
    },
}

/// Exit codes: 0 done, 1 the file has lines that cannot be imported, 2 wrong use, 3 the register failed.
/// `place` is the register's; `today` the day at the office.
pub fn run(args: &PeopleArgs, place: &RegisterPlace, today: Date) -> ExitCode {
    match &args.action {
        Action::Import { file, dry_run, replace, by, json } => {
            let how = How { dry_run: *dry_run, replace: *replace, by: by.as_deref().unwrap_or_default(), json: *json };
            import(file, &how, place, today)
        }
        Action::List { json } => list(place, *json),
    }
}

struct How<'a> {
    dry_run: bool,
    replace: bool,
    by: &'a str,
    json: bool,
}

fn import(file: &Path, how: &How<'_>, place: &RegisterPlace, today: Date) -> ExitCode {
    if !how.dry_run && (how.by.trim().is_empty() || how.by.chars().count() > 120 || how.by.contains(char::is_control)) {
        exit::complain("PEOPLE_IMPORT_BY", &"say who imports the file: --by with 1 to 120 characters");
        return exit::WRONG_USE.into();
    }
    let lines = match people::read(file, today) {
        Ok(lines) => lines,
        Err(error) => return refused(&error, how.json),
    };
    match merge(lines, how, place) {
        Ok((merged, people)) => {
            if how.json {
                let document = json!({ "ok": true, "dry_run": how.dry_run, "people": people, "merged": merged });
                return exit::print(&document).map_or_else(|code| code, |()| exit::DONE.into());
            }
            let Merged { new, changed, same, gone } = merged;
            let done = if how.dry_run { "would be " } else { "" };
            let told =
                format!("{new} {done}new, {changed} {done}changed, {same} as before, {gone} {done}gone; {people} on the list");
            exit::print(&told).map_or_else(|code| code, |()| exit::DONE.into())
        }
        Err(error) => failed(&error, how.json),
    }
}

fn merge(lines: people::Lines, how: &How<'_>, place: &RegisterPlace) -> Result<(Merged, usize), PeopleError> {
    let mut register = if how.dry_run { open_to_read(place)? } else { Some(place.open_beside()?) };
    let before = match &register {
        Some(register) => match people::newest(register)? {
            // A damaged list must not keep a whole one out.
            Some((_, newest)) if how.replace => people::list(register, &newest.list).unwrap_or_default(),
            Some((_, newest)) => people::list(register, &newest.list)?,
            None => List::default(),
        },
        None => List::default(),
    };
    let people_before = before.people.len();
    let (after, mut merged) = if how.replace {
        let whole = List { people: lines.people.clone() };
        let (_, merged) = before.merge(lines.people);
        (whole, merged)
    } else {
        before.merge(lines.people)
    };
    if how.replace {
        merged.gone = people_before.saturating_sub(merged.changed.saturating_add(merged.same));
    }
    let people = after.people.len();
    if let Some(register) = register.as_mut().filter(|_| !how.dry_run) {
        people::keep(register, &after, lines.file, how.by.trim(), Timestamp::now())?;
    }
    Ok((merged, people))
}

/// The register for reading; `None` where nothing was ever kept.
fn open_to_read(place: &RegisterPlace) -> Result<Option<Register>, RegisterError> {
    match place.open_read_only() {
        Ok(register) => Ok(Some(register)),
        Err(RegisterError::Missing) => Ok(None),
        Err(error) => Err(error),
    }
}

fn refused(error: &ImportError, json: bool) -> ExitCode {
    let lines = match error {
        ImportError::Lines(lines) => lines.as_slice(),
        _ => &[],
    };
    if json {
        let document = json!({ "ok": false, "code": error.code(), "message": error.to_string(), "lines": lines });
        let _ = exit::print(&document);
    }
    for line in lines {
        exit::say(line);
    }
    exit::complain(error.code(), error);
    match error {
        ImportError::Lines(_) | ImportError::Header { .. } | ImportError::TooMany => exit::NO.into(),
        ImportError::Unreadable { .. } => exit::WRONG_USE.into(),
    }
}

fn failed(error: &PeopleError, json: bool) -> ExitCode {
    if json {
        let _ = exit::print(&json!({ "ok": false, "code": error.code(), "message": error.to_string() }));
    }
    exit::complain(error.code(), error);
    exit::FAILED.into()
}

fn list(place: &RegisterPlace, json: bool) -> ExitCode {
    let read = || -> Result<_, PeopleError> {
        let Some(register) = open_to_read(place)? else { return Ok(None) };
        let Some((at, newest)) = people::newest(&register)? else { return Ok(None) };
        let list = people::list(&register, &newest.list)?;
        Ok(Some((at, newest, list)))
    };
    let (imported, list) = match read() {
        Ok(Some((at, newest, list))) => (Some((at, newest)), list),
        Ok(None) => (None, List::default()),
        Err(error) => return failed(&error, json),
    };
    let print = || -> Result<(), ExitCode> {
        if json {
            let imported = imported.as_ref().map(|(at, newest)| json!({ "at": at, "entry": newest }));
            return exit::print(&json!({ "ok": true, "imported": imported, "people": list.people }));
        }
        for announced in &list.people {
            let person = &announced.person;
            let number = person.identity_number.as_ref().map(crate::rules::IdentityNumber::masked);
            let kinds = announced.certificates.iter().map(|kind| CertificateKind::name(*kind)).collect::<Vec<_>>().join(" ");
            let parts = [Some(person.full_name()), person.user_name.clone(), number, Some(kinds)];
            exit::print(&parts.into_iter().flatten().collect::<Vec<_>>().join("  "))?;
        }
        match &imported {
            Some((at, newest)) => exit::say(&format_args!("imported {at:.0} by {}", newest.by)),
            None => exit::say(&"nobody is preregistered"),
        }
        Ok(())
    };
    print().map_or_else(|code| code, |()| exit::DONE.into())
}
