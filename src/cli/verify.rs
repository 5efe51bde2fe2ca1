//! `bam-station verify`: checks a report without the station.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use jiff::{Timestamp, tz::TimeZone};

use super::exit;
use crate::{
    evidence::verify::{MAX_REPORT, Stamped, TrustedCas, Verification, verify},
    trust::{Anchors, AnchorsError},
};

/// The options of `bam-station verify`.
#[derive(Debug, Clone, clap::Args)]
pub struct VerifyArgs {
    /// The report
    #[arg(value_name = "FILE.pdf")]
    pub file: PathBuf,
    /// The CA's certificate, PEM or DER; the signer's certificate must lead to it
    #[arg(long, value_name = "CA.pem")]
    pub trust: Option<PathBuf>,
    /// The CA of the time-stamping authority, PEM or DER; without it, that of --trust
    #[arg(long, value_name = "CA.pem", requires = "trust")]
    pub trust_time: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Why nothing was verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A file cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A report is larger than what is read.
    #[error("{} is larger than {limit} bytes and is not read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: usize,
    },
    /// The file of `--trust` holds no certificates.
    #[error("--trust {}: {error}", path.display())]
    Anchors {
        /// The file.
        path: PathBuf,
        /// Why.
        error: AnchorsError,
    },
}

impl VerifyError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "FILE_UNREADABLE",
            Self::TooLarge { .. } => "REPORT_TOO_LARGE",
            Self::Anchors { error, .. } => error.code(),
        }
    }
}

/// Verifies the report: 0 valid, 1 not valid, 2 a file cannot be read, 3 the output cannot be written.
pub fn run(args: &VerifyArgs) -> ExitCode {
    let verification = match examine(args, Timestamp::now()) {
        Ok(verification) => verification,
        Err(error) => {
            exit::complain(error.code(), &error);
            return ExitCode::from(2);
        }
    };
    let written = if args.json {
        serde_json::to_string(&verification).map_err(io::Error::other).and_then(|json| writeln!(io::stdout(), "{json}"))
    } else {
        io::stdout().write_all(in_words(&verification).as_bytes())
    };
    match (written, verification.valid) {
        (Err(_), _) => ExitCode::from(3),
        (Ok(()), true) => ExitCode::SUCCESS,
        (Ok(()), false) => ExitCode::from(1),
    }
}

/// Reads the files and verifies.
pub fn examine(args: &VerifyArgs, now: Timestamp) -> Result<Verification, VerifyError> {
    let anchors = match &args.trust {
        None => Anchors::none(),
        Some(path) => anchors(path)?,
    };
    let time_stamps = args.trust_time.as_deref().map(self::anchors).transpose()?;
    let trusted = TrustedCas { signers: &anchors, time_stamps: time_stamps.as_ref().unwrap_or(&anchors) };
    Ok(verify(&read(&args.file, MAX_REPORT)?, trusted, now))
}

/// The CAs in a file.
pub fn anchors(path: &Path) -> Result<Anchors, VerifyError> {
    let bytes = read(path, Anchors::MAX_BYTES).map_err(|error| match error {
        VerifyError::TooLarge { path, .. } => VerifyError::Anchors { path, error: AnchorsError::TooLarge },
        other => other,
    })?;
    Anchors::from_bytes(&bytes).map_err(|error| VerifyError::Anchors { path: path.to_owned(), error })
}

fn read(path: &Path, limit: usize) -> Result<Vec<u8>, VerifyError> {
    let unreadable = |error| VerifyError::Unreadable { path: path.to_owned(), error };
    // The kind is asked first, so that a pipe that nobody writes to does not block.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(unreadable(io::Error::other("it is a folder, a pipe or a device; give a file")));
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() > limit {
        return Err(VerifyError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(bytes)
}

/// The answer for people: who signed what and when, or why it does not count.
fn in_words(verification: &Verification) -> String {
    let mut words = String::new();
    let mut say = |line: &str| {
        let _ = writeln!(words, "{line}");
    };
    say(if verification.valid { "VALID: the report is whole and signed." } else { "NOT VALID: do not rely on this report." });
    for problem in &verification.problems {
        let place = problem.offset.map(|offset| format!(" (at byte {offset})")).unwrap_or_default();
        say(&format!("  - {}{place} [{}]", problem.what, problem.code));
    }
    if let Some(signer) = &verification.signer {
        say(&format!("{} {}", if verification.valid { "Signed by:  " } else { "Names itself" }, signer.name));
        say(&format!("Issued by:   {} (certificate {})", signer.issuer, signer.serial));
    }
    if let Some(signed_at) = verification.signed_at {
        say(&format!("Signed at:   {} UTC", utc(signed_at)));
    }
    for stamp in &verification.time_stamps {
        let of = match stamp.of {
            Stamped::Signature => "signature",
            Stamped::Document => "document ",
        };
        let counts = if stamp.counts { "" } else { " (not a given CA: does not count)" };
        say(&format!("Time-stamp:  {of} {} UTC by {}{counts}", utc(stamp.time), stamp.authority));
    }
    if let Some(proven) = verification.proven_at {
        say(&format!("Proven:      the signature existed at {} UTC", utc(proven)));
    }
    if let Some(level) = verification.level {
        say(&format!("Level:       PAdES {level}"));
    }
    if let Some(until) = verification.archived_until {
        say(&format!("Renew by:    {} UTC, when the newest time-stamp's certificate ends", utc(until)));
    }
    if verification.valid {
        say(&format!("Trusted CA:  {}", if verification.trusted { "yes" } else { "not checked" }));
        say(&format!("Record:      {} bytes, attached", verification.record_bytes.as_ref().map_or(0, Vec::len)));
    }
    for notice in &verification.notices {
        say(&format!("Note: {notice}"));
    }
    words
}

fn utc(time: Timestamp) -> impl std::fmt::Display {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
