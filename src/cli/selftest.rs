//! `bam-station selftest`: every device and service of this desk tested ("Test all").

use std::{fmt::Write as _, path::PathBuf, process::ExitCode, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::exit;
use crate::{
    config::{Configuration, Language},
    fault,
    selftest::{Options, State, Tested, TestedDesk, test_all},
    station::{Clock as _, DataFolder, SystemClock},
};

/// The options of `bam-station selftest`.
#[derive(Debug, Clone, clap::Args)]
pub struct SelftestArgs {
    /// Scan a whole picture too; without it the scanner is only looked for
    #[arg(long)]
    pub scan: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// The outcome as one document.
#[derive(Serialize)]
pub struct Outcome {
    /// The program's version.
    pub version: &'static str,
    /// When it was tested.
    pub at: Timestamp,
    /// This desk is for training.
    pub training: bool,
    /// Nothing failed.
    pub good: bool,
    /// Each part, in a fixed order.
    pub parts: Vec<ToldPart>,
}

/// A part, with its fault in words.
#[derive(Serialize)]
pub struct ToldPart {
    /// What was found.
    #[serde(flatten)]
    pub tested: Tested,
    /// What the catalogue says about the fault.
    pub cause: Option<String>,
    /// What to do.
    pub remedy: Option<String>,
}

/// Tests everything and tells the outcome.
pub fn outcome(desk: TestedDesk, told: impl FnMut(&Tested)) -> Outcome {
    let (at, training) = (desk.now, desk.configuration.training());
    let parts = test_all(&Arc::new(desk), told);
    let good = parts.iter().all(|tested| tested.found.state != State::Failed);
    let parts = parts.into_iter().map(|tested| {
        let known = tested.found.code.and_then(fault::lookup);
        ToldPart { cause: known.map(|fault| fault.cause.en.clone()), remedy: known.map(|fault| fault.remedy.en.clone()), tested }
    });
    Outcome { version: env!("CARGO_PKG_VERSION"), at, training, good, parts: parts.collect() }
}

/// Runs the command: 0 when nothing failed, 3 when a device or service did.
pub fn run(args: &SelftestArgs, configuration: Configuration, data: DataFolder, executable: PathBuf) -> ExitCode {
    let options = Options { scan: args.scan, spare_cards: false };
    let desk = TestedDesk::new(Arc::new(configuration), data, executable, SystemClock.now(), options);
    let mut closed = false;
    let outcome = outcome(desk, |tested| {
        if !args.json && !closed {
            closed = exit::print(&line(tested)).is_err();
        }
    });
    if args.json {
        let Ok(text) = serde_json::to_string_pretty(&outcome) else { return exit::FAILED.into() };
        if let Err(code) = exit::print(&text) {
            return code;
        }
    }
    if closed || !outcome.good { exit::FAILED.into() } else { exit::DONE.into() }
}

/// One part for people.
fn line(tested: &Tested) -> String {
    let state = match tested.found.state {
        State::Good => "works",
        State::Noted => "note",
        State::Absent => "not in use",
        State::Failed => "FAILED",
    };
    let detail = tested.found.detail.as_ref().map(|detail| detail.in_language(Language::EN)).unwrap_or_default();
    let mut line = format!("{state:10}  {:15}  {:>6} ms  {detail}", tested.part.name(), tested.milliseconds);
    if let (Some(code), Some(message)) = (tested.found.code, &tested.found.message) {
        // A String takes everything that is written to it.
        let _ = write!(line, "\n            {message} ({code})");
        if let Some(known) = fault::lookup(code) {
            let _ = write!(line, "\n            {}", known.remedy.en);
        }
    }
    line.trim_end().to_owned()
}
