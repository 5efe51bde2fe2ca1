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
mod conditions;
mod diagnostic;
pub mod difference;
mod directory;
pub mod documents;
pub mod draft;
pub mod edit;
mod edit_records;
pub mod explanations;
mod find;
mod hand_over;
pub mod information;
mod language;
pub mod last_good;
pub mod law;
pub mod local;
mod log;
pub mod master;
mod nearest;
mod notices;
mod reader;
pub mod reference;
mod registers;
pub mod schema;
mod seal;
pub mod signature;
mod source;
pub mod tabs;
pub mod terms;
mod whole;

pub use administrators::{Administrator, AdministratorCertificate, Administrators};
pub use diagnostic::{Broken, ConfigError, Diagnostic};
pub use difference::{Change, Direction, compare_locals, compare_masters, differences};
pub use find::{Found, Search, find};
pub use hand_over::HandOverSettings;
pub use information::Information;
pub use language::Language;
pub use last_good::{Alarm, load_signed_master};
pub use local::{Local, load_local};
pub use log::{LogSettings, Severity};
pub use master::{Master, load_master};
pub use notices::NoticesSettings;
pub use reader::Loaded;
pub use registers::Registers;
pub use seal::{Auditor, SealSettings};
pub use terms::TermsCatalogue;
pub use whole::Configuration;
