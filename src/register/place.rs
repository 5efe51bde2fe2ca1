//! Where a register is, and how it is opened there.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    BlobFolder, DATABASE, EvidenceStore, Register, RegisterError, check_name,
    database::{self, Database, Postgres, Server, SharedBlobs, open_writer},
    durable::{create_folder, lock_beside, lock_folder, write_durably},
    schema, sealing,
};
use crate::seal::{Keys, Seal};

/// The file with the name of this desk among those that share a register.
const DESK: &str = "desk";

/// Where a register is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegisterPlace {
    /// In a folder: one station writes.
    Folder(PathBuf),
    /// On a server: several desks write.
    Shared {
        /// The folder of this desk, with what concerns it alone: its name among the desks, the lock of the one station that runs
        /// here, second names of reports.
        folder: PathBuf,
        /// The server as those who write reach it.
        server: Server,
        /// The server as those who only read reach it.
        reader: Server,
    },
}

impl RegisterPlace {
    /// The folder of this desk.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Folder(folder) | Self::Shared { folder, .. } => folder,
        }
    }

    /// Opens the register for writing and creates it when it is not there.
    ///
    /// # Errors
    /// [`RegisterError::InUse`] while another station writes in this folder; otherwise what stands in the way of folder, database or
    /// server.
    pub fn open(&self) -> Result<Register, RegisterError> {
        self.open_with(&Keys::default())
    }

    /// As [`RegisterPlace::open`], with keys beside the station's own, such as an auditor's: for a register whose key was lost.
    ///
    /// # Errors
    /// As [`RegisterPlace::open`].
    pub fn open_with(&self, also: &Keys) -> Result<Register, RegisterError> {
        let folder = self.folder();
        create_folder(folder)?;
        let lock = Some(Arc::new(lock_folder(folder)?));
        if let Self::Folder(_) = self {
            check_not_lost(folder)?;
        }
        let seal = Seal::of_writer(folder, also)?;
        let (database, evidence) = match self {
            Self::Folder(_) => {
                let database = open_writer(&folder.join(DATABASE), &schema::sqlite::REGISTER)?;
                (database.with_seal(seal.clone()), EvidenceStore::new(BlobFolder::open(&folder.join("evidence"))?, seal))
            }
            Self::Shared { server, .. } => {
                let connection = Postgres::open_writer(server, &schema::postgres::REGISTER)?;
                shared(connection, Some(desk(folder)?), seal)
            }
        };
        let mut register = Register { database, evidence, place: self.clone(), lock };
        sealing::settle(&mut register)?;
        Ok(register)
    }

    /// Opens the register for a short piece of work, such as an import, also while the station is open at this desk: the database
    /// puts the transactions of both one after the other. Those who work beside a station do so one at a time, and never beside
    /// somebody who gives the register another key.
    ///
    /// # Errors
    /// [`RegisterError::InUse`] while somebody else works beside the station; otherwise as [`RegisterPlace::open`].
    pub fn open_beside(&self) -> Result<Register, RegisterError> {
        match self.open() {
            Err(RegisterError::InUse) => self.join(),
            opened => opened,
        }
    }

    /// Writes beside the station that has opened the register in this folder.
    fn join(&self) -> Result<Register, RegisterError> {
        let folder = self.folder();
        let lock = Some(Arc::new(lock_beside(folder)?));
        let seal = Seal::of_writer(folder, &Keys::default())?;
        let (database, evidence) = match self {
            Self::Folder(_) => {
                // Whether it is this program's, and of this version, a reader finds out without touching anything.
                let Register { evidence, .. } = self.read_with(seal.clone())?;
                (database::connect_writer(&folder.join(DATABASE))?.with_seal(seal), evidence)
            }
            Self::Shared { server, .. } => {
                let connection = Postgres::connect_writer(server, &schema::postgres::REGISTER)?;
                shared(connection, Some(desk(folder)?), seal)
            }
        };
        Ok(Register { database, evidence, place: self.clone(), lock })
    }

    /// Opens the register for reading, also beside stations that write.
    ///
    /// # Errors
    /// [`RegisterError::Missing`] when there is no register; otherwise as [`RegisterPlace::open`].
    pub fn open_read_only(&self) -> Result<Register, RegisterError> {
        self.open_read_only_with(&Keys::default())
    }

    /// As [`RegisterPlace::open_read_only`], with keys beside the station's own, such as an auditor's. The station's own key need not be
    /// there. Without any key only what is not sealed can be read.
    ///
    /// # Errors
    /// As [`RegisterPlace::open_read_only`].
    pub fn open_read_only_with(&self, also: &Keys) -> Result<Register, RegisterError> {
        if let Self::Folder(folder) = self {
            check_not_lost(folder)?;
        }
        self.read_with(Seal::of(self.folder(), also)?)
    }

    fn read_with(&self, seal: Seal) -> Result<Register, RegisterError> {
        let (database, evidence) = match self {
            Self::Folder(folder) => {
                let database = database::open_reader(&folder.join(DATABASE), &schema::sqlite::REGISTER)?;
                let evidence = EvidenceStore::new(BlobFolder::of_reader(&folder.join("evidence")), seal.clone());
                (database.with_seal(seal), evidence)
            }
            Self::Shared { reader, .. } => shared(Postgres::open_reader(reader, &schema::postgres::REGISTER)?, None, seal),
        };
        Ok(Register { database, evidence, place: self.clone(), lock: None })
    }

    /// A further connection to a register that [`RegisterPlace::open`] has opened before.
    pub(super) fn connect(&self, first: &Register) -> Result<Register, RegisterError> {
        let seal = first.seal().clone();
        if first.lock.is_none() {
            return self.read_with(seal);
        }
        let (database, evidence) = match self {
            Self::Folder(folder) => (database::connect_writer(&folder.join(DATABASE))?.with_seal(seal), first.evidence.clone()),
            Self::Shared { server, .. } => {
                let connection = Postgres::connect_writer(server, &schema::postgres::REGISTER)?;
                shared(connection, first.database.desk().map(str::to_owned), seal)
            }
        };
        Ok(Register { database, evidence, place: self.clone(), lock: first.lock.clone() })
    }
}

fn shared(connection: Postgres, desk: Option<String>, seal: Seal) -> (Database, EvidenceStore) {
    let evidence = EvidenceStore::new(SharedBlobs(connection.clone()), seal.clone());
    (Database::shared(connection, desk).with_seal(seal), evidence)
}

/// The name of this desk among those that share a register; made when it is first needed. A control under way belongs to it.
fn desk(folder: &Path) -> Result<String, RegisterError> {
    let path = folder.join(DESK);
    match fs::read_to_string(&path) {
        Ok(name) => {
            check_name(name.trim())?;
            Ok(name.trim().to_owned())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name = uuid::Uuid::now_v7().to_string();
            write_durably(&folder.join(format!(".{name}")), &path, name.as_bytes())?;
            Ok(name)
        }
        Err(error) => Err(error.into()),
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
