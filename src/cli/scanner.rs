//! `bam-station scanner record|replay FILE`: what passes between the station and a scanner, recorded at the desk where it goes
//! wrong and replayed where it can be looked into.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use serde::Serialize;

use super::exit;
use crate::{
    device::scanner::{ColourMode, HostedSane, RawScan, ScanControl, ScanError, ScanJob, Scanner as _, sane::session},
    digest::Digest,
};

/// A scanner that delivers nothing for so long counts as hung.
const HANG: Duration = Duration::from_secs(20);

/// Arguments of `bam-station scanner`.
#[derive(Debug, clap::Args)]
pub struct ScannerArgs {
    /// What is to be done
    #[command(subcommand)]
    pub command: ScannerCommand,
}

/// What `bam-station scanner` does.
#[derive(Debug, clap::Subcommand)]
pub enum ScannerCommand {
    /// Scans one page and records everything that libsane is asked and answers
    Record(RecordArgs),
    /// Repeats a recorded scan without the scanner, in the same time
    Replay(ReplayArgs),
}

/// Arguments of `bam-station scanner record`.
#[derive(Debug, clap::Args)]
pub struct RecordArgs {
    /// The recording; the file must not be there yet
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The scanner's name for SANE [default: the first that is found]
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// Resolution in dots per inch
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub dpi: u16,
    /// Grey instead of colour
    #[arg(long)]
    pub grey: bool,
    /// SANE's configuration folder [default: the system's]
    #[arg(long, value_name = "FOLDER")]
    pub sane_config: Option<PathBuf>,
    /// Records the bytes of the picture too: they show what lies on the glass
    #[arg(long)]
    pub with_picture: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `bam-station scanner replay`.
#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// The recording
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// How a scan ended, as `--json` prints it.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// `SCAN_WHOLE`, or the code of `config/faults.toml`.
    pub outcome: &'static str,
    /// Width of the picture in pixels.
    pub width_px: Option<u32>,
    /// Height in pixels.
    pub height_px: Option<u32>,
    /// SHA-256 of its pixels.
    pub pixels: Option<Digest>,
}

/// Records or replays a scan.
pub fn run(args: &ScannerArgs, executable: PathBuf) -> ExitCode {
    let (outcome, json) = match &args.command {
        ScannerCommand::Record(args) => (record(args, executable), args.json),
        ScannerCommand::Replay(args) => (replay(&args.file, executable), args.json),
    };
    tell(&outcome, json)
}

fn record(args: &RecordArgs, executable: PathBuf) -> Result<RawScan, ScanError> {
    let job = ScanJob {
        device: args.device.clone(),
        mode: if args.grey { ColourMode::Grey } else { ColourMode::Colour },
        ..ScanJob::a6(args.dpi)
    };
    let scanner = match &args.sane_config {
        Some(folder) => HostedSane::configured(executable, folder, HANG),
        None => HostedSane::system(executable, HANG),
    };
    scanner.recording(&args.file, args.with_picture).scan(&job, &ScanControl::default())
}

fn replay(file: &Path, executable: PathBuf) -> Result<RawScan, ScanError> {
    let unusable = |why: &dyn std::fmt::Display| ScanError::Setup(format!("the recording {}: {why}", file.display()));
    let job = session::first_job(file).map_err(|error| unusable(&error))?;
    let job = job.ok_or_else(|| unusable(&"no scan was recorded"))?;
    HostedSane::replaying(executable, file, HANG).scan(&job, &ScanControl::default())
}

fn tell(outcome: &Result<RawScan, ScanError>, json: bool) -> ExitCode {
    let (answer, line) = match outcome {
        Ok(raw) => (
            Answer {
                outcome: "SCAN_WHOLE",
                width_px: Some(raw.width_px),
                height_px: Some(raw.height_px),
                pixels: Some(Digest::of(&raw.pixels)),
            },
            Some(format!("whole: {} × {} pixels from {}", raw.width_px, raw.height_px, raw.device)),
        ),
        Err(error) => {
            exit::complain(error.code(), error);
            (Answer { outcome: error.code(), width_px: None, height_px: None, pixels: None }, None)
        }
    };
    let line = if json { serde_json::to_string(&answer).ok() } else { line };
    if let Some(Err(code)) = line.as_ref().map(|line| exit::print(line)) {
        return code;
    }
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(exit::FAILED) }
}
