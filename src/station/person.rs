//! Where the person of a control comes from: an entry of the directory that the operator chose, or the keyboard; and whether the
//! person was announced.

use std::sync::Arc;

use jiff::Timestamp;

use super::{ActError, Asked, Station};
use crate::{
    control::ending::LONGEST_TEXT,
    digest::Digest,
    directory::{Chosen, Directory, DirectoryError, Hits, Query, TypedEntry},
    people::{self, List, PeopleError},
    rules::{
        Person,
        conditions::{Entry, Known, Origin},
    },
};

/// Where the asked person comes from, as whoever asks says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonSource {
    /// Typed. Where there is a directory, with the reason.
    Typed {
        /// Why the person was not chosen from the directory.
        reason: Option<String>,
    },
    /// The entry of the directory that was [chosen](Station::choose_person).
    Entry(String),
}

impl Default for PersonSource {
    fn default() -> Self {
        Self::Typed { reason: None }
    }
}

/// Chosen people that are remembered; the operator chooses one after the other.
const MOST_CHOSEN: usize = 8;

/// What this desk knows of people.
#[derive(Default)]
pub(super) struct PeopleDesk {
    /// The directory, where MASTER.toml names one.
    directory: Option<Arc<Directory>>,
    /// Who was chosen, and when the entry was read; newest last.
    chosen: Vec<(Timestamp, Chosen)>,
    /// The fault with which the directory did not answer the last time.
    fault: Option<&'static str>,
    /// The list of announced people that was read last.
    list: Option<(Digest, Arc<List>)>,
}

impl PeopleDesk {
    /// A desk at which nobody was looked for yet.
    pub fn with(directory: Option<Directory>) -> Self {
        Self { directory: directory.map(Arc::new), ..Self::default() }
    }
}

/// Why not exactly one person was chosen without a screen.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Nobody can be looked for.
    #[error("MASTER.toml names no directory: fill in [Directory], or type the person")]
    NoDirectory,
    /// Not exactly one.
    #[error("{hits} people were found and exactly one must be: look for something more exact")]
    NotOne {
        /// How many were found.
        hits: usize,
    },
}

impl FindError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Directory(error) => error.code(),
            Self::NoDirectory => "NO_DIRECTORY",
            Self::NotOne { .. } => "DIRECTORY_NOT_ONE_HIT",
        }
    }
}

impl Station {
    /// The directory, where MASTER.toml names one. It is asked on another thread than the station's.
    pub fn directory(&self) -> Option<Arc<Directory>> {
        self.people.directory.clone()
    }

    /// The fault with which the directory did not answer the last time; `None` when it did, or was not asked.
    pub fn directory_fault(&self) -> Option<&'static str> {
        self.people.fault
    }

    /// The directory was asked. Whether it answered decides, where MASTER.toml says so, whether a person may be typed.
    pub fn directory_answered<T>(&mut self, answer: &Result<T, DirectoryError>) {
        self.people.fault = answer.as_ref().err().filter(|error| error.is_down()).map(DirectoryError::code);
    }

    /// The operator chose this person.
    pub fn choose_person(&mut self, chosen: Chosen) {
        let at = self.now().at;
        self.people.chosen.retain(|(_, other)| other.hit.entry != chosen.hit.entry);
        if self.people.chosen.len() >= MOST_CHOSEN {
            self.people.chosen.remove(0);
        }
        self.people.chosen.push((at, chosen));
    }

    /// Looks for a person and chooses the only one found, without a screen.
    ///
    /// # Errors
    /// [`FindError`]
    pub fn find_the_one(&mut self, text: &str) -> Result<Chosen, FindError> {
        let directory = self.directory().ok_or(FindError::NoDirectory)?;
        let found = Query::parse(text).and_then(|query| directory.find(&query));
        self.directory_answered(&found);
        let Hits { hits, more } = found?;
        let [only] = hits.as_slice() else { return Err(FindError::NotOne { hits: hits.len() }) };
        if more {
            return Err(FindError::NotOne { hits: hits.len().saturating_add(1) });
        }
        let chosen = directory.choose(&only.entry);
        self.directory_answered(&chosen);
        let chosen = chosen?;
        self.choose_person(chosen.clone());
        Ok(chosen)
    }

    /// What is known of the asked person besides name and number.
    pub(super) fn known(&mut self, asked: &Asked) -> Result<Known, ActError> {
        Ok(Known { origin: self.origin(asked)?, preregistered: self.announced(&asked.person)? })
    }

    fn origin(&self, asked: &Asked) -> Result<Origin, ActError> {
        let PeopleDesk { directory, chosen, fault, .. } = &self.people;
        match &asked.source {
            PersonSource::Entry(entry) => {
                let found = chosen.iter().find(|(_, chosen)| chosen.hit.entry == *entry && chosen.covers(&asked.person));
                let (read_at, Chosen { hit, kinds }) = found.ok_or(ActError::PersonNotChosen)?;
                Ok(Origin::Directory(Entry {
                    entry: hit.entry.clone(),
                    read_at: *read_at,
                    disabled: hit.disabled,
                    kinds: kinds.clone(),
                }))
            }
            PersonSource::Typed { reason } => {
                let Some(directory) = directory else { return Ok(Origin::Typed) };
                let allowed = match directory.settings().typed_entry {
                    TypedEntry::Never => false,
                    TypedEntry::WhenDown => fault.is_some(),
                    TypedEntry::WithReason => true,
                };
                if !allowed {
                    return Err(ActError::TypedEntryNotAllowed);
                }
                let reason = reason.as_deref().map(str::trim).unwrap_or_default();
                if !(1..=LONGEST_TEXT).contains(&reason.chars().count()) {
                    return Err(ActError::TypedEntryNeedsReason);
                }
                Ok(Origin::TypedInstead { reason: reason.to_owned(), directory: fault.map(str::to_owned) })
            }
        }
    }

    /// The kinds of certificates for which the person was announced.
    fn announced(&mut self, person: &Person) -> Result<Vec<crate::rules::CertificateKind>, PeopleError> {
        let Some((_, newest)) = people::newest(&self.register)? else { return Ok(Vec::new()) };
        let list = match &self.people.list {
            Some((digest, list)) if *digest == newest.list => Arc::clone(list),
            _ => {
                let list = Arc::new(people::list(&self.register, &newest.list)?);
                self.people.list = Some((newest.list, Arc::clone(&list)));
                list
            }
        };
        Ok(list.kinds(person))
    }
}
