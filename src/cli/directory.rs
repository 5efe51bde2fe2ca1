//! `bam-station directory`: looking for people in the organisation's directory, and trying out its configuration.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::exit;
use crate::{
    directory::{Directory, DirectoryError, DirectorySettings, Hit, Hits, Query},
    rules::CertificateKind,
};

/// Look for people in the directory, and try out [Directory] of MASTER.toml.
#[derive(Debug, Args)]
pub struct DirectoryArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Look for a name, a user name or an identity number; with exactly one hit also the groups are asked
    Find {
        /// What to look for
        text: String,
        /// Print one JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// Connect, sign in, and look for some people and the groups of MASTER.toml
    Test {
        /// Print one JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// List the names of the fields that people have there, for [AdMapping]; no value is read
    Attributes {
        /// Print one JSON document on standard output
        #[arg(long)]
        json: bool,
    },
}

impl Action {
    fn json(&self) -> bool {
        match self {
            Self::Find { json, .. } | Self::Test { json } | Self::Attributes { json } => *json,
        }
    }
}

/// Exit codes: 0 found or good, 1 nobody found or a group is missing, 2 wrong use or configuration, 3 the directory failed.
pub fn run(args: &DirectoryArgs, settings: &DirectorySettings) -> ExitCode {
    let directory = match Directory::open(settings) {
        Ok(Some(directory)) => directory,
        Ok(None) => {
            exit::complain("NO_DIRECTORY", &"MASTER.toml names no directory: fill in [Directory]");
            return exit::WRONG_USE.into();
        }
        Err(error) => return failed(&error, args.action.json()),
    };
    let answer = match &args.action {
        Action::Find { text, json } => find(&directory, text, *json),
        Action::Test { json } => test(&directory, *json),
        Action::Attributes { json } => attributes(&directory, *json),
    };
    match answer {
        Ok(printed) => printed.unwrap_or_else(|code| code),
        Err(error) => failed(&error, args.action.json()),
    }
}

fn failed(error: &DirectoryError, json: bool) -> ExitCode {
    if json {
        let _ = exit::print(&json!({ "ok": false, "code": error.code(), "message": error.to_string() }));
    }
    exit::complain(error.code(), error);
    if error.wrong_use() { exit::WRONG_USE.into() } else { exit::FAILED.into() }
}

type Printed = Result<ExitCode, ExitCode>;

fn find(directory: &Directory, text: &str, json: bool) -> Result<Printed, DirectoryError> {
    let Hits { hits, more } = directory.find(&Query::parse(text)?)?;
    let chosen = match hits.as_slice() {
        [only] if !more => Some(directory.choose(&only.entry)?),
        _ => None,
    };
    let kinds = chosen.and_then(|chosen| chosen.kinds);
    let code = if hits.is_empty() { exit::NO } else { exit::DONE };
    if json {
        let people: Vec<Value> = hits.iter().map(in_json).collect();
        let kinds = kinds.map(|kinds| kinds.into_iter().map(CertificateKind::name).collect::<Vec<_>>());
        let document = json!({ "ok": true, "hits": people, "more": more, "certificates": kinds });
        return Ok(exit::print(&document).map(|()| code.into()));
    }
    for hit in &hits {
        if let Err(code) = exit::print(&line(hit)) {
            return Ok(Err(code));
        }
    }
    let said = match (hits.len(), more, kinds) {
        (0, ..) => "nobody was found".to_owned(),
        (_, true, _) => "there are more: look for something more exact".to_owned(),
        (1, false, Some(kinds)) if kinds.is_empty() => "in no group for certificates".to_owned(),
        (1, false, Some(kinds)) => {
            format!("in the groups for certificates: {}", kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "))
        }
        _ => return Ok(Ok(code.into())),
    };
    exit::say(&said);
    Ok(Ok(code.into()))
}

fn in_json(hit: &Hit) -> Value {
    json!({
        "entry": hit.entry, "person": hit.person, "email": hit.email, "disabled": hit.disabled,
        "unreadable_number": hit.unreadable_number,
    })
}

fn line(hit: &Hit) -> String {
    let person = &hit.person;
    let number = person.identity_number.as_ref().map(crate::rules::IdentityNumber::masked);
    let parts = [
        Some(person.full_name()),
        person.user_name.clone(),
        person.birth_date.map(|date| date.to_string()),
        number,
        hit.email.clone(),
        hit.disabled.then(|| "account switched off".to_owned()),
        hit.unreadable_number.then(|| "the number or birth date in the directory cannot be read".to_owned()),
        Some(hit.entry.clone()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}

fn test(directory: &Directory, json: bool) -> Result<Printed, DirectoryError> {
    let tested = directory.test()?;
    let good = tested.people > 0 && tested.missing_groups.is_empty();
    let code: ExitCode = if good { exit::DONE } else { exit::NO }.into();
    if json {
        let document = json!({ "ok": good, "tested": tested });
        return Ok(exit::print(&document).map(|()| code));
    }
    let people = match (tested.people, tested.more) {
        (0, _) => "nobody is found there: check Base and PersonFilter of [Directory]".to_owned(),
        (people, false) => format!("{people} people are found"),
        (people, true) => format!("more than {people} people are found"),
    };
    let printed = exit::print(&format_args!("the directory answers; {people}"));
    for group in &tested.missing_groups {
        exit::say(&format_args!("[CertificateGroups] names a group that is not there: {group}"));
    }
    Ok(printed.map(|()| code))
}

fn attributes(directory: &Directory, json: bool) -> Result<Printed, DirectoryError> {
    let names = directory.attributes()?;
    let code: ExitCode = if names.is_empty() { exit::NO } else { exit::DONE }.into();
    if json {
        return Ok(exit::print(&json!({ "ok": true, "attributes": names })).map(|()| code));
    }
    for (name, count) in names {
        if let Err(code) = exit::print(&format_args!("{name}  ({count})")) {
            return Ok(Err(code));
        }
    }
    Ok(Ok(code))
}
