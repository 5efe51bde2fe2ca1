//! The document register of a station, or of several desks: what happened (journal), what was kept (evidence), what became of each control
//! (controls), what the archive still has to receive (outbox), what the issuing system
//! is told (authorisations) and what people are to be told (notices).
//!
//! Everything lives in one folder, readable by the station's user alone:
//!
//! ```text
//! <folder>/lock            held by the one station that writes
//! <folder>/lock-beside     held by the one command that writes beside it
//! <folder>/register.db     SQLite: journal, controls, outbox, authorisations, notices
//! <folder>/evidence/ab/…   scans, signatures, reports; each file is named after its own SHA-256
//! <folder>/seal.json       how it is sealed, where it is: [`crate::seal`]
//! ```
//!
//! A register that several desks share is in a PostgreSQL database instead, evidence and all; the folder then holds the lock, the
//! name of this desk (`desk`) and `seal.json`.
//!
//! Three promises hold at any moment, also after a power cut:
//! * what [`Register::append`] has returned is on the disk;
//! * a control is in the register with its last events and its place in the outbox, or with none of them;
//! * evidence that is named by its digest is complete, or not there.

mod authorisations;
mod blob_folder;
mod controls;
mod database;
mod durable;
mod error;
mod evidence;
mod export;
mod exported;
mod filter;
mod journal;
mod lost_desk;
mod notices;
mod outbox;
mod people;
mod place;
mod purge;
mod raised;
mod schema;
mod sealing;
mod verify;

use std::{path::Path, sync::Arc};

use crate::seal::Keys;

pub use authorisations::{Authorisation, AuthorisationState};
pub use controls::{FinishedControl, Registered};
pub use database::{Address, Server};
pub use error::RegisterError;
pub use evidence::{EvidenceStore, MAX_EVIDENCE_BYTES};
pub use export::{ExportError, ExportTarget, Exported};
pub use exported::{ExportReport, verify_export};
pub use filter::ControlFilter;
pub use journal::{Appended, BadEntry, Head, JournalEntry, JournalReport, MAX_BODY_BYTES, REGISTER_STREAM, StoredEntry};
pub use notices::{Notice, QueuedNotice, Recipient};
pub use outbox::{DueUpload, OutboxState};
pub use people::PersonKey;
pub use place::RegisterPlace;
pub use purge::{PurgePlan, Purged, Tombstone};
pub use raised::{RaisableReport, RaisedReport};
pub use sealing::{Resealed, SealStatus, reseal_files, rotate_key};
pub use verify::{ControlProblem, ControlsReport};

pub(crate) use blob_folder::BlobFolder;
pub(crate) use database::{Database, Postgres, Schema, SharedBlobs, SharedSchema, open_writer};
pub(crate) use durable::{FolderLock, create_folder, lock_beside, lock_folder, make_folder, write_durably};

/// The database inside the register's folder.
const DATABASE: &str = "register.db";

/// The document register.
///
/// A register that was opened with [`Register::open`] holds the writers' lock until it and all its
/// [companions](Register::companion) are dropped.
pub struct Register {
    database: Database,
    evidence: EvidenceStore,
    place: RegisterPlace,
    /// `None` for readers.
    lock: Option<Arc<FolderLock>>,
}

impl Register {
    /// Opens the register in `folder` for writing and creates it when it is not there.
    ///
    /// # Errors
    /// [`RegisterError::InUse`] while another station writes there; otherwise what stands in the way of the folder or the
    /// database (full, read-only, damaged, lost, of another program, of a newer version).
    pub fn open(folder: &Path) -> Result<Self, RegisterError> {
        Self::open_with(folder, &Keys::default())
    }

    /// As [`Register::open`], with keys beside the station's own, such as an auditor's: for a register whose key was lost.
    ///
    /// # Errors
    /// As [`Register::open`].
    pub fn open_with(folder: &Path, also: &Keys) -> Result<Self, RegisterError> {
        RegisterPlace::Folder(folder.to_owned()).open_with(also)
    }

    /// Opens the register in `folder` for reading, also beside a station that writes there.
    ///
    /// # Errors
    /// [`RegisterError::Missing`] when there is no register; otherwise as [`Register::open`].
    pub fn open_read_only(folder: &Path) -> Result<Self, RegisterError> {
        Self::open_read_only_with(folder, &Keys::default())
    }

    /// As [`Register::open_read_only`], with keys beside the station's own, such as an auditor's. The station's own key need not be
    /// there. Without any key only what is not sealed can be read.
    ///
    /// # Errors
    /// As [`Register::open_read_only`].
    pub fn open_read_only_with(folder: &Path, also: &Keys) -> Result<Self, RegisterError> {
        RegisterPlace::Folder(folder.to_owned()).open_read_only_with(also)
    }

    /// A second connection to the same register for another thread, such as the one that delivers. It shares the writers' lock.
    pub fn companion(&self) -> Result<Self, RegisterError> {
        self.place.connect(self)
    }

    /// The files of this register.
    pub const fn evidence(&self) -> &EvidenceStore {
        &self.evidence
    }
}

/// A control id or a stream's name: 1–64 letters, digits and hyphens. Such a name cannot carry a sentence about a person.
fn check_name(name: &str) -> Result<(), RegisterError> {
    let fits = (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits { Ok(()) } else { Err(RegisterError::BadName) }
}
