//! What the organisation and the desk decide, read from files that people write.
//!
//! | file | what it holds | module |
//! |---|---|---|
//! | `MASTER.toml` | the organisation's rules, the same at every desk | [`master`] |
//! | `config/LOCAL.toml` | this desk's devices, screens and time zone | [`local`] |
//! | `documents.toml` beside LOCAL.toml | the identity documents that are accepted and what to check on them | [`documents`] |
//! | `terms/terms.toml` beside LOCAL.toml | the terms that a holder accepts, by version and language | [`terms`] |
//!
//! A file is read whole or not at all: every mistake is a [`Diagnostic`] with file, line, column and what is allowed there, and
//! nothing is guessed from a broken file. Each key of MASTER.toml and LOCAL.toml is described once, in a [`schema`]; checking,
//! `bam-station config show` and `docs/configuration.md` all come from it.

pub mod administrator_key;
pub mod administrators;
mod diagnostic;
pub mod difference;
pub mod documents;
pub mod edit;
mod find;
mod hand_over;
pub mod information;
pub mod last_good;
mod law;
pub mod local;
pub mod master;
mod nearest;
mod reader;
pub mod reference;
mod registers;
pub mod schema;
pub mod signature;
mod source;
pub mod terms;
mod whole;

pub use administrators::{Administrator, Administrators};
pub use diagnostic::{Broken, ConfigError, Diagnostic};
pub use difference::{Change, Direction, compare_locals, compare_masters, differences};
pub use find::{Found, Search, find};
pub use hand_over::HandOverSettings;
pub use information::Information;
pub use last_good::Alarm;
pub use local::{Local, load_local};
pub use master::{Master, load_master};
pub use reader::Loaded;
pub use registers::Registers;
pub use terms::TermsCatalogue;
pub use whole::Configuration;

use serde::{Deserialize, Serialize};

use crate::rules::document_kind::LocalText;

/// A language of the screens, the terms and the fault messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Bokmål.
    #[default]
    Nb,
    /// English.
    En,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 2] = [Self::Nb, Self::En];

    /// The ISO 639-1 code: `nb` or `en`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Nb => "nb",
            Self::En => "en",
        }
    }

    /// The language with this ISO 639-1 code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// `text` in this language.
    pub fn of(self, text: &LocalText) -> &str {
        match self {
            Self::Nb => &text.nb,
            Self::En => &text.en,
        }
    }
}
