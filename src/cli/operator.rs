//! `bam-station operator`: the software keys of this station's operators.

use std::{
    fs::File,
    io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use clap::ValueEnum;
use jiff::Timestamp;
use serde::Serialize;
use zeroize::Zeroizing;

use super::exit;
use crate::{
    evidence::sign::{KeyStore, KeyStoreError, SignError, Signer as _, SoftwareKey},
    secret::{NotAPin, Pin},
    trust::{KeyAlgorithm, SignatureAlgorithm, serial_text},
};

/// Largest file with a PIN, in bytes.
const MAX_PIN_FILE: u64 = 1024;

/// The options of `bam-station operator`.
#[derive(Debug, Clone, clap::Args)]
pub struct OperatorArgs {
    /// What to do
    #[command(subcommand)]
    pub action: OperatorAction,
}

/// What to do with the operators' keys.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum OperatorAction {
    /// Make a key for an operator, with a certificate of this station's training CA
    Enroll(EnrollArgs),
    /// List the operators' keys
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// The options of `bam-station operator enroll`.
#[derive(Debug, Clone, clap::Args)]
pub struct EnrollArgs {
    /// The operator's name, as the report shall show it
    #[arg(long)]
    pub name: String,
    /// The organisation, as the certificate shall show it
    #[arg(long, default_value = "bam-station")]
    pub organisation: String,
    /// The kind of key; many PDF programs cannot check ed25519
    #[arg(long, value_enum, default_value = "p256")]
    pub algorithm: KeyAlgorithm,
    /// Read the PIN from the first line of this file instead of asking for it
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl ValueEnum for KeyAlgorithm {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::P256, Self::Ed25519]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}

/// One operator's key as `--json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OperatorKey {
    /// The certificate's serial number, which names the key.
    pub serial: String,
    /// The operator's name.
    pub name: String,
    /// The kind of key.
    pub algorithm: SignatureAlgorithm,
    /// Whether it is a training key.
    pub training: bool,
    /// The last moment of the certificate's validity.
    pub valid_until: Timestamp,
    /// Tries left before the key is blocked; 0 when it is.
    pub tries_left: u8,
}

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
    /// The typed text is no PIN.
    #[error("{0}; choose another PIN")]
    Pin(#[from] NotAPin),
    /// The PIN file cannot be read.
    #[error("the PIN file {} cannot be read: {error}", path.display())]
    PinFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The two typed PINs differ.
    #[error("the two PINs are not the same; try again")]
    PinsDiffer,
    /// There is nobody to ask.
    #[error("there is no terminal to ask for the PIN; use --pin-file FILE")]
    NoTerminal,
}

impl OperatorError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Keys(error) => error.code(),
            Self::Pin(_) => "PIN_NOT_ACCEPTED",
            Self::PinFile { .. } => "PIN_FILE_UNREADABLE",
            Self::PinsDiffer => "PINS_DIFFER",
            Self::NoTerminal => "NO_TERMINAL_FOR_PIN",
        }
    }

    fn exit_code(&self) -> ExitCode {
        let keys_failed = matches!(self, Self::Keys(error) if !matches!(error, KeyStoreError::PinLength));
        ExitCode::from(if keys_failed { exit::FAILED } else { exit::WRONG_USE })
    }
}

/// Runs the command on the keys in `data_folder`: 0 done, 2 wrong use, 3 the keys cannot be used or the output cannot be written.
pub fn run(args: &OperatorArgs, data_folder: &Path) -> ExitCode {
    let outcome = match &args.action {
        OperatorAction::Enroll(enroll) => {
            self::enroll(enroll, data_folder, Timestamp::now()).map(|key| (enroll.json, Answer::Enrolled(key)))
        }
        OperatorAction::List { json } => list(data_folder).map(|keys| (*json, Answer::Listed(keys))),
    };
    match outcome {
        Ok((json, answer)) => match answer.print(json) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(3),
        },
        Err(error) => {
            exit::complain(error.code(), &error);
            error.exit_code()
        }
    }
}

/// Makes a key for an operator.
pub fn enroll(args: &EnrollArgs, data_folder: &Path, now: Timestamp) -> Result<OperatorKey, OperatorError> {
    let pin = match &args.pin_file {
        Some(path) => pin_from_file(path)?,
        None => pin_from_terminal()?,
    };
    let store = KeyStore::open(&data_folder.join("keys"))?;
    let key = store.enroll(&args.name, &args.organisation, args.algorithm, pin, now)?;
    Ok(OperatorKey::of(&key).map_err(KeyStoreError::Key)?)
}

/// The operators' keys, oldest first.
pub fn list(data_folder: &Path) -> Result<Vec<OperatorKey>, OperatorError> {
    let folder = data_folder.join("keys");
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let keys = KeyStore::open(&folder)?.keys()?;
    Ok(keys.iter().map(OperatorKey::of).collect::<Result<_, _>>().map_err(KeyStoreError::Key)?)
}

impl OperatorKey {
    fn of(key: &SoftwareKey) -> Result<Self, SignError> {
        let identity = key.identity();
        let until = identity.certificate.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
        Ok(Self {
            serial: serial_text(&identity.certificate),
            name: identity.common_name.clone(),
            algorithm: identity.algorithm,
            training: identity.is_training,
            valid_until: i64::try_from(until).ok().and_then(|at| Timestamp::from_second(at).ok()).unwrap_or(Timestamp::MAX),
            tries_left: key.tries_left()?,
        })
    }
}

/// What is printed.
enum Answer {
    Enrolled(OperatorKey),
    Listed(Vec<OperatorKey>),
}

impl Answer {
    fn print(&self, json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match (self, json) {
            (Self::Enrolled(key), true) => writeln!(out, "{}", serde_json::to_string(key)?),
            (Self::Listed(keys), true) => writeln!(out, "{}", serde_json::to_string(keys)?),
            (Self::Enrolled(key), false) => writeln!(out, "Enrolled:\n{}", in_words(key)),
            (Self::Listed(keys), false) if keys.is_empty() => {
                writeln!(out, "There are no operators yet. Enrol one: bam-station operator enroll --name NAME")
            }
            (Self::Listed(keys), false) => keys.iter().try_for_each(|key| writeln!(out, "{}", in_words(key))),
        }
    }
}

fn in_words(key: &OperatorKey) -> String {
    let tries = match key.tries_left {
        0 => "BLOCKED: enrol anew".to_owned(),
        left => format!("tries left {left}"),
    };
    let training = if key.training { ", training" } else { "" };
    let until = key.valid_until.strftime("%Y-%m-%d");
    format!("{}  {}  ({}{training}, valid until {until}, {tries})", key.serial, key.name, key.algorithm.name())
}

/// The PIN that is the first line of a file.
pub(super) fn pin_from_file(path: &Path) -> Result<Pin, OperatorError> {
    let unreadable = |error| OperatorError::PinFile { path: path.to_owned(), error };
    let mut text = Zeroizing::new(String::new());
    File::open(path).and_then(|file| file.take(MAX_PIN_FILE).read_to_string(&mut text)).map_err(unreadable)?;
    Ok(Pin::new(text.lines().next().unwrap_or_default().to_owned())?)
}

/// Asks once for a PIN that is there already, without showing what is typed.
pub(super) fn known_pin_from_terminal() -> Result<Pin, OperatorError> {
    if !io::stdin().is_terminal() {
        return Err(OperatorError::NoTerminal);
    }
    let mut silence = Silence::begin().ok_or(OperatorError::NoTerminal)?;
    Ok(Pin::new(silence.ask("PIN: ")?)?)
}

/// Asks twice, without showing what is typed.
fn pin_from_terminal() -> Result<Pin, OperatorError> {
    if !io::stdin().is_terminal() {
        return Err(OperatorError::NoTerminal);
    }
    let mut silence = Silence::begin().ok_or(OperatorError::NoTerminal)?;
    let first = Zeroizing::new(silence.ask("PIN: ")?);
    let second = Zeroizing::new(silence.ask("The same PIN again: ")?);
    if first != second {
        return Err(OperatorError::PinsDiffer);
    }
    Ok(Pin::new(first.to_string())?)
}

/// The terminal without echo, until dropped.
struct Silence {
    screen: io::Stderr,
}

impl Silence {
    /// Asks the system's `stty`, which knows the terminal's settings without any code of ours that touches them.
    fn begin() -> Option<Self> {
        set_echo("-echo").then(|| Self { screen: io::stderr() })
    }

    fn ask(&mut self, question: &str) -> Result<String, OperatorError> {
        let mut typed = String::new();
        let asked = write!(self.screen, "{question}").and_then(|()| self.screen.flush());
        let read = asked.and_then(|()| io::stdin().lock().read_line(&mut typed));
        let _ = writeln!(self.screen);
        match read {
            Ok(_) => Ok(typed.trim_end_matches(['\r', '\n']).to_owned()),
            Err(_) => Err(OperatorError::NoTerminal),
        }
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        set_echo("echo");
    }
}

fn set_echo(setting: &str) -> bool {
    let status = Command::new("stty").arg(setting).stdin(Stdio::inherit()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
