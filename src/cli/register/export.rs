//! `register export` and `register verify --export`.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::{Answer, Failure, filter::FilterArgs, progress::Progress};
use crate::register::{ExportTarget, Head, Register, verify_export};

/// What is exported, and where to.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A new or empty folder, or a new file whose name ends in .zip. It will hold personal data
    target: PathBuf,
    #[command(flatten)]
    filter: FilterArgs,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// Exports.
pub fn export(
    register: &Register,
    args: &ExportArgs,
    out: &mut dyn Write,
    mut progress: Progress<'_>,
) -> Result<Answer, Failure> {
    let zip = args.target.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    let target = if zip { ExportTarget::Zip(args.target.clone()) } else { ExportTarget::Folder(args.target.clone()) };
    let tell = &mut |done, total| progress.tell("controls", done, total);
    let exported = register.export(&args.filter.filter(), &target, Timestamp::now(), tell)?;
    if args.json {
        writeln!(out, "{}", json!({ "exported": exported, "target": args.target }))?;
    } else {
        let place = args.target.display();
        writeln!(out, "{} controls and {} files exported to {place}", exported.controls, exported.files)?;
        writeln!(out, "head of the journal {}:{}", exported.head.seq, exported.head.hash)?;
        writeln!(out, "to check it: bam-station register verify --export {place}")?;
    }
    Ok(Answer::Yes)
}

/// Checks an export; needs no register.
pub fn verify(
    place: &Path,
    heads: &[Head],
    json: bool,
    out: &mut dyn Write,
    mut progress: Progress<'_>,
) -> Result<Answer, Failure> {
    let report = verify_export(place, heads, &mut |done, total| progress.tell("files", done, total))?;
    let valid = report.holds();
    if json {
        writeln!(out, "{}", json!({ "valid": valid, "export": report }))?;
        return Ok(if valid { Answer::Yes } else { Answer::No });
    }
    writeln!(out, "{} controls, {} files and {} journal entries checked", report.controls, report.files, report.entries)?;
    for problem in &report.problems {
        writeln!(out, "{problem}")?;
    }
    for head in &report.missing_heads {
        writeln!(out, "the section of the chain does not contain {}:{}", head.seq, head.hash)?;
    }
    match report.head {
        Some(head) if valid => writeln!(out, "the export holds; its chain ends with {}:{}", head.seq, head.hash)?,
        _ => writeln!(out, "the export does NOT hold: have it made anew from the register")?,
    }
    Ok(if valid { Answer::Yes } else { Answer::No })
}
