//! Evidence as files, each named after its own SHA-256: kept once, found by its digest, checked whenever it is read.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use super::{RegisterError, durable};
use crate::digest::Digest;

/// The largest piece of evidence, in bytes. A report with an A6 scan at 600 dpi has some 10 MB.
pub const MAX_EVIDENCE_BYTES: u64 = 64 * 1024 * 1024;

/// A folder of evidence files: `ab/<sha256>` for finished ones, `incoming/` for those that are being written.
#[derive(Debug, Clone)]
pub struct EvidenceStore {
    folder: PathBuf,
}

impl EvidenceStore {
    /// Opens the store for writing and removes what an interrupted write left behind. The caller holds the lock of the data folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, RegisterError> {
        let store = Self::of_reader(folder);
        durable::create_folder(folder)?;
        let incoming = store.incoming();
        durable::create_folder(&incoming)?;
        for entry in fs::read_dir(&incoming)? {
            fs::remove_file(entry?.path())?;
        }
        Ok(store)
    }

    /// The store of a reader: nothing is created or removed.
    pub(crate) fn of_reader(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Whether nothing was ever kept here.
    pub(crate) fn is_empty(&self) -> Result<bool, RegisterError> {
        let folders = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
            folders => folders?,
        };
        for folder in folders {
            let folder = folder?.path();
            if folder != self.incoming() && folder.is_dir() && fs::read_dir(folder)?.next().is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Keeps `bytes` and returns their digest. Durable when it returns; keeping the same bytes again changes nothing.
    ///
    /// # Errors
    /// [`RegisterError::TooLarge`] beyond [`MAX_EVIDENCE_BYTES`], or what stands in the way of the file.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, RegisterError> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length > MAX_EVIDENCE_BYTES {
            return Err(RegisterError::TooLarge { limit: MAX_EVIDENCE_BYTES });
        }
        let digest = Digest::of(bytes);
        match self.get(&digest, MAX_EVIDENCE_BYTES) {
            // An earlier write may have been cut between its rename and the folder's own sync.
            Ok(_) => self.path(&digest).parent().map_or(Ok(()), durable::sync_folder)?,
            Err(RegisterError::EvidenceMissing(_) | RegisterError::EvidenceDamaged(_) | RegisterError::TooLarge { .. }) => {
                self.write(&digest, bytes)?;
            }
            Err(other) => return Err(other),
        }
        Ok(digest)
    }

    /// The bytes whose digest is `digest`: at most `limit` bytes, hashed again.
    ///
    /// # Errors
    /// [`RegisterError::EvidenceMissing`], [`RegisterError::EvidenceDamaged`] (another digest),
    /// [`RegisterError::TooLarge`] (more than `limit` bytes).
    pub fn get(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, RegisterError> {
        let file = match File::open(self.path(digest)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(RegisterError::EvidenceMissing(*digest));
            }
            Err(error) => return Err(error.into()),
        };
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            return Err(RegisterError::TooLarge { limit });
        }
        if Digest::of(&bytes) != *digest {
            return Err(RegisterError::EvidenceDamaged(*digest));
        }
        Ok(bytes)
    }

    /// Where the evidence with this digest lies, for showing it to people. Its content counts only through [`EvidenceStore::get`].
    pub fn path(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        self.folder.join(name.get(..2).unwrap_or_default()).join(&name)
    }

    /// Removes a file for good. The caller knows that nothing names it any more.
    pub(super) fn remove(&self, digest: &Digest) -> Result<(), RegisterError> {
        let path = self.path(digest);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        Ok(path.parent().map_or(Ok(()), durable::sync_folder)?)
    }

    fn write(&self, digest: &Digest, bytes: &[u8]) -> Result<(), RegisterError> {
        let target = self.path(digest);
        if let Some(folder) = target.parent().filter(|folder| !folder.is_dir()) {
            durable::create_folder(folder)?;
        }
        // Two threads may keep the same bytes at once: each has a temporary file of its own.
        let temporary = self.incoming().join(uuid::Uuid::now_v7().to_string());
        Ok(durable::write_durably(&temporary, &target, bytes)?)
    }

    fn incoming(&self) -> PathBuf {
        self.folder.join("incoming")
    }
}
