//! `bam-station config set` and `config diff`: changing a file so that comments and order survive, and comparing two files.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use serde_json::json;

use super::super::exit;
use crate::config::{
    Change, Configuration, Direction, compare_locals, compare_masters,
    edit::{Assignment, EditError, FileKind, Proposal, propose_local, propose_master},
    find, load_local, load_master,
};

/// Arguments of `config set`.
#[derive(Debug, clap::Args)]
pub struct SetArgs {
    /// Section.Key=VALUE, as often as needed; then the file, when it is not the one in force
    #[arg(required_unless_present = "unset", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
    /// Take a key out of the file, so that its default holds
    #[arg(long, value_name = "KEY")]
    pub unset: Vec<String>,
    /// Say what would change, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `config diff`.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// The file as it was
    pub before: PathBuf,
    /// The file as it is
    pub after: PathBuf,
    /// Print one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Changes the file: 0 done (or nothing to do), 1 the law fixes it, 2 wrong use or the file would not be good, 3 not written.
pub fn set(args: &SetArgs, master: Option<PathBuf>, local: Option<PathBuf>) -> ExitCode {
    let outcome = propose(args, master, local).and_then(|proposal| {
        if !args.dry_run && !proposal.changes_nothing() {
            proposal.write()?;
        }
        Ok(proposal)
    });
    match outcome {
        Ok(proposal) => told(print_proposal(&proposal, args)),
        Err(error) => {
            if args.json {
                let problems = match &error {
                    EditError::Before(error) | EditError::After(error) => error.diagnostics().to_vec(),
                    _ => Vec::new(),
                };
                let document = json!({ "ok": false, "code": error.code(), "message": error.to_string(), "problems": problems });
                let _ = exit::print(&document);
            }
            exit::complain(error.code(), &error);
            ExitCode::from(match error {
                EditError::FixedByLaw { .. } | EditError::LastAdministrator => exit::NO,
                EditError::NotWritten { .. } => exit::FAILED,
                _ => exit::WRONG_USE,
            })
        }
    }
}

fn propose(args: &SetArgs, master: Option<PathBuf>, local: Option<PathBuf>) -> Result<Proposal, EditError> {
    let (settings, file) = match args.settings.split_last() {
        Some((file, settings)) if !file.contains('=') => (settings, Some(PathBuf::from(file))),
        _ => (args.settings.as_slice(), None),
    };
    let set = settings.iter().map(|text| Assignment::set(text));
    let assignments: Vec<_> = set.chain(args.unset.iter().map(|name| Ok(Assignment::unset(name)))).collect::<Result<_, _>>()?;
    if let Some(file) = file {
        return match FileKind::of(&file) {
            FileKind::Master => propose_master(&file, &assignments, |_| Ok(())),
            FileKind::Local => propose_local(&file, &assignments, |_| Ok(())),
        };
    }
    // The file in force must fit to all the others.
    let found = find(master, local).map_err(EditError::Before)?;
    match assignments.first().map_or(FileKind::Master, Assignment::file_kind) {
        FileKind::Master => propose_master(&found.master, &assignments, |master| {
            Configuration::assemble(&found, Ok(master), load_local(&found.local)).map(drop)
        }),
        FileKind::Local => propose_local(&found.local, &assignments, |local| {
            Configuration::assemble(&found, load_master(&found.master), Ok(local)).map(drop)
        }),
    }
}

/// Compares the files: 0 compared, 2 one of them is not good.
pub fn diff(args: &DiffArgs) -> ExitCode {
    let compared = match FileKind::of(&args.after) {
        FileKind::Master => compare_masters(&args.before, &args.after),
        FileKind::Local => compare_locals(&args.before, &args.after),
    };
    match compared {
        Ok(changes) if args.json => told(print_json(&json!({ "ok": true, "changes": changes, "code": null, "problems": [] }))),
        Ok(changes) if changes.is_empty() => told(writeln!(io::stdout().lock(), "the same values are in force")),
        Ok(changes) => told(print_changes(&changes)),
        Err(error) => {
            // A reader that went away changes nothing about the answer.
            drop(super::broken(&error, args.json));
            exit::WRONG_USE.into()
        }
    }
}

fn print_proposal(proposal: &Proposal, args: &SetArgs) -> io::Result<()> {
    let written = !args.dry_run && !proposal.changes_nothing();
    if args.json {
        let file = proposal.file.display().to_string();
        let digest = proposal.digest();
        return print_json(
            &json!({ "ok": true, "file": file, "changes": proposal.changes, "written": written, "sha256": digest, "code": null }),
        );
    }
    print_changes(&proposal.changes)?;
    let mut out = io::stdout().lock();
    let file = proposal.file.display();
    match (written, proposal.changes_nothing()) {
        (true, _) => writeln!(out, "{file}: written (sha256 {})", proposal.digest()),
        (false, true) => writeln!(out, "{file}: it says so already, nothing is written"),
        (false, false) => writeln!(out, "{file}: would be written (sha256 {})", proposal.digest()),
    }
}

/// One paragraph for each change: what it was, what it is, what that means.
pub(super) fn print_changes(changes: &[Change]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for change in changes {
        let direction = match change.direction {
            Direction::Stricter => "  (stricter)",
            Direction::Weaker => "  (weaker)",
            Direction::Neutral => "",
        };
        let shown = |value: &Option<crate::config::schema::Value>| value.as_ref().map_or("not set".into(), ToString::to_string);
        writeln!(out, "{}: {} -> {}{direction}", change.name(), shown(&change.before), shown(&change.after))?;
        writeln!(out, "    {}", change.effect)?;
    }
    Ok(())
}

fn print_json(document: &serde_json::Value) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{document}")
}

fn told(printed: io::Result<()>) -> ExitCode {
    printed.map_or(exit::FAILED, |()| exit::DONE).into()
}
