//! The list of preregistered people: whom the organisation has announced before they come (BAM: preregistrering).
//!
//! An RA-ADMIN imports it from a CSV file; every line is checked before anything changes. The list itself is a piece of evidence
//! in the register, and the journal says who imported which list when, without a name in it: so every list that was ever in
//! force can be proven, and whatever protects the register's evidence protects the list.

pub mod csv;
mod import;

use std::ops::ControlFlow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use import::{ImportError, LineError, Lines, MOST_LINES, MOST_PROBLEMS, read};

use crate::{
    digest::Digest,
    register::{JournalEntry, MAX_EVIDENCE_BYTES, REGISTER_STREAM, Register, RegisterError},
    rules::{CertificateKind, Person},
};

/// The kind of the journal entry of an import.
pub const PEOPLE_IMPORTED: &str = "people-imported";

/// A person who was announced.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// The person.
    pub person: Person,
    /// For which certificates.
    pub certificates: Vec<CertificateKind>,
}

impl std::fmt::Debug for Announced {
    /// Without the person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Announced").field("certificates", &self.certificates).finish_non_exhaustive()
    }
}

/// Everybody who was announced.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct List {
    /// The people, in the order in which they came.
    pub people: Vec<Announced>,
}

/// What an import changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Merged {
    /// People who were not there before.
    pub new: usize,
    /// People whose entry is another one now.
    pub changed: usize,
    /// People who were there exactly so.
    pub same: usize,
    /// People who are there no longer.
    pub gone: usize,
}

/// What the journal says of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedEntry {
    /// The list that is in force from now on.
    pub list: Digest,
    /// How many people it names.
    pub people: usize,
    /// The list before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// SHA-256 of the file that was imported.
    pub file: Digest,
    /// Who imported it, as the person says.
    pub by: String,
}

/// Why the list cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The register.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The list is there and is none.
    #[error("the list of preregistered people in the register cannot be read: import it anew with --replace")]
    Unreadable,
}

impl PeopleError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Register(error) => error.code(),
            Self::Unreadable => "PEOPLE_LIST_UNREADABLE",
        }
    }
}

impl List {
    /// The kinds of certificates for which this person was announced.
    pub fn kinds(&self, person: &Person) -> Vec<CertificateKind> {
        let found = self.people.iter().filter(|announced| announced.person.is_same_as(person));
        let mut kinds: Vec<CertificateKind> = found.flat_map(|announced| announced.certificates.iter().copied()).collect();
        kinds.sort_by_key(|kind| *kind == CertificateKind::Qualified);
        kinds.dedup();
        kinds
    }

    /// This list with `others` put in: an entry of the same person is replaced, others are added at the end.
    pub fn merge(mut self, others: Vec<Announced>) -> (Self, Merged) {
        let mut merged = Merged::default();
        let mut by_key: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
        for (at, announced) in self.people.iter().enumerate() {
            for key in keys(&announced.person) {
                by_key.entry(key).or_insert(at);
            }
        }
        for other in others {
            let keys = keys(&other.person);
            let at = keys.iter().find_map(|key| by_key.get(key).copied());
            let known = at.and_then(|at| self.people.get_mut(at)).filter(|known| known.person.is_same_as(&other.person));
            match known {
                Some(known) if *known == other => merged.same += 1,
                Some(known) => {
                    *known = other;
                    merged.changed += 1;
                }
                None => {
                    for key in keys {
                        by_key.entry(key).or_insert(self.people.len());
                    }
                    self.people.push(other);
                    merged.new += 1;
                }
            }
        }
        (self, merged)
    }
}

/// What a person may be found by.
fn keys(person: &Person) -> Vec<String> {
    let number = person.identity_number.as_ref().map(|number| format!("n{}", number.digits()));
    let user = person.user_name.as_ref().map(|name| format!("u{}", name.trim().to_lowercase()));
    let born = person.birth_date.map(|date| format!("b{date}{}", person.full_name().to_lowercase()));
    number.into_iter().chain(user).chain(born).collect()
}

/// The entry of the newest import.
///
/// # Errors
/// The register cannot be read.
pub fn newest(register: &Register) -> Result<Option<(Timestamp, ImportedEntry)>, RegisterError> {
    register.find_newest(PEOPLE_IMPORTED, |entry| match serde_json::from_str(&entry.body) {
        Ok(imported) => ControlFlow::Break((entry.at, imported)),
        Err(_) => ControlFlow::Continue(()),
    })
}

/// A list that was in force.
///
/// # Errors
/// [`PeopleError`]
pub fn list(register: &Register, digest: &Digest) -> Result<List, PeopleError> {
    let bytes = register.evidence().get(digest, MAX_EVIDENCE_BYTES)?;
    serde_json::from_slice(&bytes).map_err(|_| PeopleError::Unreadable)
}

/// Keeps a list and puts it in force.
///
/// # Errors
/// [`PeopleError`]; then the list before it stays in force.
pub fn keep(register: &mut Register, list: &List, file: Digest, by: &str, at: Timestamp) -> Result<ImportedEntry, PeopleError> {
    let previous = newest(register)?.map(|(_, entry)| entry.list);
    let bytes = serde_json::to_vec(list).map_err(|_| PeopleError::Unreadable)?;
    let digest = register.evidence().put(&bytes)?;
    let entry = ImportedEntry { list: digest, people: list.people.len(), previous, file, by: by.to_owned() };
    register.append(REGISTER_STREAM, &[JournalEntry::new(PEOPLE_IMPORTED, &entry)?], at)?;
    Ok(entry)
}
