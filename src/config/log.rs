//! `[Log]` of LOCAL.toml: what the station writes into its log (BAM: the tab Logs).

use super::{
    Local,
    schema::{Field, Key, Section},
};

/// `[Log]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogSettings {
    /// The least severity that is written.
    pub severity: Severity,
}

/// How much a line of the log weighs, the weightiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Severity {
    /// Faults that the screens showed.
    Error,
    /// What the station did, and how long it took.
    #[default]
    Info,
    /// What devices told, and questions that change nothing.
    Debug,
}

impl Severity {
    const ALL: [Self; 3] = [Self::Error, Self::Info, Self::Debug];

    /// Its word in LOCAL.toml and in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }

    /// The severity of this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == word)
    }
}

/// The section of the schema.
pub(super) const SECTION: Section<Local> = Section {
    name: "Log",
    about: "The station's log: station.log in the data folder, at most 512 KiB. No names, numbers or texts, only times, acts and codes.",
    keys: &[Key {
        name: "Severity",
        required: false,
        since: "0.1.0",
        field: Field::Choice {
            of: &["error", "info", "debug"],
            get: |local| local.log.severity.name(),
            set: |local, word| Severity::named(word).map(|severity| local.log.severity = severity).is_some(),
        },
        effect: "What is written: the codes of faults that were shown; what the station did and how long it took as well; or also what \
                 devices told.",
    }],
};
