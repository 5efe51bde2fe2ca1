//! `register purge`: what is older than the retention is erased, after it has been shown.

use std::io::Write;

use clap::Args;
use jiff::{Span, Timestamp, Zoned, civil::Date};
use serde_json::json;

use super::{Answer, Failure, filter::midnight, progress::Progress};
use crate::register::{PurgePlan, Purged, Register};

/// What is purged.
#[derive(Debug, Args)]
pub struct PurgeArgs {
    /// Older than this, such as 12y or 130mo; never less than RetentionYears of MASTER.toml, which is the default
    #[arg(long, value_name = "SPAN")]
    older_than: Option<Span>,
    /// Erase; without it, only show what would be erased
    #[arg(long)]
    erase: bool,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

impl PurgeArgs {
    /// Whether something is written.
    pub const fn erases(&self) -> bool {
        self.erase
    }

    /// Controls that ended before this instant are older than asked for.
    ///
    /// # Errors
    /// [`Failure::Retention`] for an age below the retention, or one that is none.
    pub fn ended_before(&self, retention_years: u8, now: &Zoned) -> Result<Timestamp, Failure> {
        let day = |age: Span| -> Result<Date, Failure> {
            if !age.is_positive() {
                return Err(Failure::Retention { years: retention_years });
            }
            now.date().checked_sub(age).map_err(|_| Failure::Retention { years: retention_years })
        };
        let longest = day(Span::new().years(i64::from(retention_years)))?;
        let asked = self.older_than.map_or(Ok(longest), day)?;
        if asked > longest {
            return Err(Failure::Retention { years: retention_years });
        }
        Ok(midnight(asked))
    }
}

/// Says what would be purged.
pub fn show(register: &Register, args: &PurgeArgs, ended_before: Timestamp, out: &mut dyn Write) -> Result<Answer, Failure> {
    let plan = register.plan_purge(ended_before)?;
    if args.json {
        let ids = |controls: &[crate::register::FinishedControl]| {
            controls.iter().map(|control| control.control.clone()).collect::<Vec<_>>()
        };
        let (due, undelivered) = (ids(&plan.due), ids(&plan.undelivered));
        writeln!(out, "{}", json!({ "ended_before": ended_before, "due": due, "undelivered": undelivered, "erased": false }))?;
        return Ok(Answer::Yes);
    }
    let PurgePlan { due, undelivered } = plan;
    for control in &due {
        writeln!(out, "{}  {:.0}  {}", control.control, control.completed_at, control.outcome)?;
    }
    for control in &undelivered {
        writeln!(out, "{}  {:.0}  stays: the archive has not got its report", control.control, control.completed_at)?;
    }
    writeln!(out, "{} controls ended before {ended_before:.0}; nothing was erased: do it with --erase", due.len())?;
    Ok(Answer::Yes)
}

/// Purges.
pub fn erase(
    register: &mut Register,
    args: &PurgeArgs,
    ended_before: Timestamp,
    out: &mut dyn Write,
    mut progress: Progress<'_>,
) -> Result<Answer, Failure> {
    let tell = &mut |done, total| progress.tell("controls", done, total);
    let purged = register.purge(ended_before, Timestamp::now(), tell)?;
    let Purged { controls, files } = purged;
    if args.json {
        writeln!(out, "{}", json!({ "ended_before": ended_before, "purged": purged, "erased": true }))?;
    } else {
        writeln!(out, "{controls} controls that ended before {ended_before:.0} and {files} files of evidence were erased")?;
        writeln!(out, "backups and exports made before still hold them: erase those as well")?;
    }
    Ok(Answer::Yes)
}
