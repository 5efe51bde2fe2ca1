//! The self-test ("Test all"): every device and service of this desk, each tried for real, each within its own time.
//!
//! No test spends a PIN try, sends anything about a person, or leaves anything behind. A test that does not come back is given up
//! after its time: a device that hangs holds up neither the others nor the answer.

mod devices;
mod run;
mod services;
mod station;

use std::{
    fmt::Display,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, TryLockError},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    config::{Configuration, Language, local::ReaderSettings},
    station::{DataFolder, virtual_cards},
};

pub use run::{run, test_all};

/// What is tested: one device, service or part of the station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// MASTER.toml, LOCAL.toml and what they name: whether the file itself is in force or its last good copy.
    Configuration,
    /// The terms in force today, in the holder's languages.
    Terms,
    /// The time of this machine.
    Clock,
    /// The displays of both windows.
    Displays,
    /// The reader at the operator's side.
    OperatorReader,
    /// The card in it.
    OperatorCard,
    /// The reader at the holder's side.
    HolderReader,
    /// The card in it.
    HolderCard,
    /// The scanner.
    Scanner,
    /// The signature pad.
    SignaturePad,
    /// The document register.
    Register,
    /// The room on the disk of the data folder.
    Disk,
    /// The operators' software keys.
    Keys,
    /// The CAs that are trusted.
    Trust,
    /// The archive that reports are delivered to.
    Archive,
    /// The way to the issuing system.
    HandOver,
    /// The time-stamping authority.
    TimeStamp,
    /// The servers that tell whether a certificate is revoked.
    Revocation,
}

impl Part {
    /// All parts, in the order in which they are shown.
    pub const ALL: [Self; 18] = [
        Self::Configuration,
        Self::Terms,
        Self::Clock,
        Self::Displays,
        Self::OperatorReader,
        Self::OperatorCard,
        Self::HolderReader,
        Self::HolderCard,
        Self::Scanner,
        Self::SignaturePad,
        Self::Register,
        Self::Disk,
        Self::Keys,
        Self::Trust,
        Self::Archive,
        Self::HandOver,
        Self::TimeStamp,
        Self::Revocation,
    ];

    /// The stable name, in JSON and as the key of its name on the screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Terms => "terms",
            Self::Clock => "clock",
            Self::Displays => "displays",
            Self::OperatorReader => "operator-reader",
            Self::OperatorCard => "operator-card",
            Self::HolderReader => "holder-reader",
            Self::HolderCard => "holder-card",
            Self::Scanner => "scanner",
            Self::SignaturePad => "signature-pad",
            Self::Register => "register",
            Self::Disk => "disk",
            Self::Keys => "keys",
            Self::Trust => "trust",
            Self::Archive => "archive",
            Self::HandOver => "hand-over",
            Self::TimeStamp => "time-stamp",
            Self::Revocation => "revocation",
        }
    }

    /// How long its test may take before it is given up.
    const fn limit(self, options: Options) -> Duration {
        match self {
            Self::Scanner if options.scan => Duration::from_mins(2),
            Self::Scanner | Self::Archive | Self::HandOver | Self::Revocation => Duration::from_secs(30),
            _ => Duration::from_secs(15),
        }
    }

    fn test(self, desk: &TestedDesk) -> Found {
        match self {
            Self::Configuration => station::configuration(desk),
            Self::Terms => station::terms(desk),
            Self::Clock => station::clock(desk),
            Self::Register => station::register(desk),
            Self::Disk => station::disk(desk),
            Self::Keys => station::keys(desk),
            Self::Displays => devices::displays(desk),
            Self::OperatorReader => devices::reader(desk, desk.readers.as_ref().map(|[operator, _]| operator)),
            Self::HolderReader => devices::reader(desk, desk.readers.as_ref().map(|[_, holder]| holder)),
            Self::OperatorCard => devices::card(desk, desk.readers.as_ref().map(|[operator, _]| operator)),
            Self::HolderCard => devices::card(desk, desk.readers.as_ref().map(|[_, holder]| holder)),
            Self::Scanner => devices::scanner(desk),
            Self::SignaturePad => devices::signature_pad(desk),
            Self::Trust => services::trust(desk),
            Self::Archive => services::archive(desk),
            Self::HandOver => services::hand_over(desk),
            Self::TimeStamp => services::time_stamp(desk),
            Self::Revocation => services::revocation(desk),
        }
    }
}

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It works.
    Good,
    /// It works, and there is something to know or to do.
    Noted,
    /// This desk has none, or it was not to be tried.
    Absent,
    /// It does not work.
    Failed,
}

/// What a test found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// How the part is.
    pub state: State,
    /// The fault's code in the catalogue, where there is a fault or something to note.
    pub code: Option<&'static str>,
    /// The fault in the program's own words.
    pub message: Option<String>,
    /// What there is: figures and models, nothing about a person.
    pub detail: Option<Detail>,
}

impl Found {
    fn good(detail: Detail) -> Self {
        Self { state: State::Good, code: None, message: None, detail: Some(detail) }
    }

    fn absent(why: &'static str) -> Self {
        Self { state: State::Absent, ..Self::good(Detail::new(why, [])) }
    }

    fn failed(code: &'static str, message: &dyn Display) -> Self {
        Self { state: State::Failed, code: Some(code), message: Some(message.to_string()), detail: None }
    }

    fn noted(code: &'static str, message: &dyn Display) -> Self {
        Self { state: State::Noted, ..Self::failed(code, message) }
    }

    fn with(self, detail: Detail) -> Self {
        Self { detail: Some(detail), ..self }
    }
}

/// What a test tells about a part, to be said in any language. JSON and the command line say it in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    key: &'static str,
    values: Vec<String>,
}

impl Detail {
    fn new<const N: usize>(key: &'static str, values: [String; N]) -> Self {
        Self { key, values: values.into() }
    }

    /// Words that are the same in all languages.
    fn plain(words: String) -> Self {
        Self::new("plain", [words])
    }

    /// In this language.
    pub fn in_language(&self, language: Language) -> String {
        let mut values = self.values.iter();
        let mut said = String::new();
        for (at, part) in bam_station_ui::text(language.code(), &format!("detail.{}", self.key)).split("{}").enumerate() {
            if at > 0 {
                said.extend(values.next().map(String::as_str));
            }
            said.push_str(part);
        }
        said
    }
}

impl Serialize for Detail {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.in_language(Language::EN))
    }
}

/// A part that was tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tested {
    /// What was tested.
    pub part: Part,
    /// What was found.
    #[serde(flatten)]
    pub found: Found,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
}

/// What is tried beyond looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Scan a whole picture; else the scanner is only looked for.
    pub scan: bool,
    /// Leave the cards alone: a control that is under way needs them.
    pub spare_cards: bool,
}

/// The desk that is tested.
#[derive(Debug)]
pub struct TestedDesk {
    /// The configuration in force.
    pub configuration: Arc<Configuration>,
    /// The data folder. Nothing is made in one that is not there.
    pub data: DataFolder,
    /// This program; its device host is a process of the same program.
    pub executable: PathBuf,
    /// The present time.
    pub now: Timestamp,
    /// What is tried.
    pub options: Options,
    /// The readers at both sides; `None` where they are virtual and live in another program.
    readers: Option<[ReaderSettings; 2]>,
    /// One test at a time reads cards: a card is held alone while it is read.
    cards: Mutex<()>,
}

/// How long a test waits until another one is done with the cards.
const CARDS_WAIT: Duration = Duration::from_secs(8);

impl TestedDesk {
    /// A desk of this configuration at this time.
    pub fn new(
        configuration: Arc<Configuration>,
        data: DataFolder,
        executable: PathBuf,
        now: Timestamp,
        options: Options,
    ) -> Self {
        let local = &configuration.local.value;
        let named = [&local.operator_reader, &local.holder_reader].map(Clone::clone);
        // A training desk without readers of its own has virtual ones, which live in the program that shows the screens.
        let readers = Some(named).filter(|_| !virtual_cards::are_wanted(local));
        Self { configuration, data, executable, now, options, readers, cards: Mutex::new(()) }
    }

    /// The same with the readers that the station behind the screens uses.
    #[must_use]
    pub fn with_readers(self, readers: [ReaderSettings; 2]) -> Self {
        let real = readers.iter().all(|reader| reader.reader.is_some());
        Self { readers: if real { Some(readers) } else { self.readers }, ..self }
    }

    /// The right to read cards; `None` when another test does not let go of them in time, or they are to be left alone.
    fn cards(&self) -> Option<MutexGuard<'_, ()>> {
        let until = Instant::now() + CARDS_WAIT;
        if self.options.spare_cards {
            return None;
        }
        loop {
            match self.cards.try_lock() {
                Ok(guard) => return Some(guard),
                Err(TryLockError::Poisoned(_)) => return None,
                Err(TryLockError::WouldBlock) if Instant::now() > until => return None,
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}
