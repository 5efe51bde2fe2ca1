//! The document register of one station: what happened (journal), what was kept (evidence), what became of each control
//! (controls), what the archive still has to receive (outbox), what the issuing system
//! is told (authorisations) and what people are to be told (notices).
//!
//! Everything lives in one folder, readable by the station's user alone:
//!
//! ```text
//! <folder>/lock            held by the one station that writes
//! <folder>/register.db     SQLite: journal, controls, outbox, authorisations, notices
//! <folder>/evidence/ab/…   scans, signatures, reports; each file is named after its own SHA-256
//! <folder>/reports/<id>.pdf  second names of reports that people have opened; nothing depends on them
//! ```
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
mod notices;
mod outbox;
mod purge;
mod raised;
mod schema;
mod verify;

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::digest::Digest;

pub use authorisations::{Authorisation, AuthorisationState};
pub use controls::{FinishedControl, Registered};
pub use error::RegisterError;
pub use evidence::{EvidenceStore, MAX_EVIDENCE_BYTES};
pub use export::{ExportError, ExportTarget, Exported};
pub use exported::{ExportReport, verify_export};
pub use filter::ControlFilter;
pub use journal::{Appended, BadEntry, Head, JournalEntry, JournalReport, MAX_BODY_BYTES, REGISTER_STREAM, StoredEntry};
pub use notices::{Notice, QueuedNotice, Recipient};
pub use outbox::{DueUpload, OutboxState};
pub use purge::{PurgePlan, Purged, Tombstone};
pub use raised::{RaisableReport, RaisedReport};
pub use verify::{ControlProblem, ControlsReport};

pub(crate) use blob_folder::BlobFolder;
pub(crate) use database::{Database, Schema, open_writer};
pub(crate) use durable::{FolderLock, create_folder, lock_folder, make_folder, write_durably};

/// The database inside the register's folder.
const DATABASE: &str = "register.db";

/// The document register of one station.
///
/// A register that was opened with [`Register::open`] holds the writers' lock until it and all its
/// [companions](Register::companion) are dropped.
pub struct Register {
    database: Database,
    evidence: EvidenceStore,
    folder: PathBuf,
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
        create_folder(folder)?;
        let lock = lock_folder(folder)?;
        check_not_lost(folder)?;
        let database = open_writer(&folder.join(DATABASE), &schema::sqlite::REGISTER)?;
        let evidence = EvidenceStore::new(BlobFolder::open(&folder.join("evidence"))?);
        Ok(Self { database, evidence, folder: folder.to_owned(), lock: Some(Arc::new(lock)) })
    }

    /// Opens the register in `folder` for reading, also beside a station that writes there.
    ///
    /// # Errors
    /// [`RegisterError::Missing`] when there is no register; otherwise as [`Register::open`].
    pub fn open_read_only(folder: &Path) -> Result<Self, RegisterError> {
        check_not_lost(folder)?;
        let database = database::open_reader(&folder.join(DATABASE), &schema::sqlite::REGISTER)?;
        let evidence = EvidenceStore::new(BlobFolder::of_reader(&folder.join("evidence")));
        Ok(Self { database, evidence, folder: folder.to_owned(), lock: None })
    }

    /// A second connection to the same register for another thread, such as the one that delivers. It shares the writers' lock.
    pub fn companion(&self) -> Result<Self, RegisterError> {
        let path = self.folder.join(DATABASE);
        let database = match self.lock {
            Some(_) => database::connect_writer(&path)?,
            None => database::open_reader(&path, &schema::sqlite::REGISTER)?,
        };
        Ok(Self { database, evidence: self.evidence.clone(), folder: self.folder.clone(), lock: self.lock.clone() })
    }

    /// The report of a control as a file whose name ends in `.pdf`, for people and viewers. It is a second name of the kept
    /// evidence, made when it is first asked for; a copy where the file system has no second names.
    ///
    /// # Errors
    /// [`RegisterError::EvidenceMissing`], [`RegisterError::EvidenceDamaged`], [`RegisterError::BadName`] for the id.
    pub fn report_file(&self, control: &str, report: &Digest) -> Result<PathBuf, RegisterError> {
        check_name(control)?;
        let bytes = self.evidence.get(report, MAX_EVIDENCE_BYTES)?;
        let folder = self.folder.join("reports");
        create_folder(&folder)?;
        let path = folder.join(format!("{control}.pdf"));
        let linked = self.evidence.file(report).is_some_and(|file| fs::hard_link(file, &path).is_ok());
        if !linked && fs::read(&path).ok().as_deref() != Some(&bytes) {
            write_durably(&folder.join(format!(".{}", uuid::Uuid::now_v7())), &path, &bytes)?;
        }
        Ok(path)
    }

    /// The files of this register.
    pub const fn evidence(&self) -> &EvidenceStore {
        &self.evidence
    }
}

/// A new journal is begun only where nothing was kept before: beside evidence it would hide that the old one was lost.
fn check_not_lost(folder: &Path) -> Result<(), RegisterError> {
    let has_database = match fs::metadata(folder.join(DATABASE)) {
        Ok(found) => found.len() > 0,
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(error.into()),
    };
    if has_database || BlobFolder::of_reader(&folder.join("evidence")).is_empty()? {
        return Ok(());
    }
    Err(RegisterError::DatabaseLost)
}

/// A control id or a stream's name: 1–64 letters, digits and hyphens. Such a name cannot carry a sentence about a person.
fn check_name(name: &str) -> Result<(), RegisterError> {
    let fits = (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits { Ok(()) } else { Err(RegisterError::BadName) }
}
