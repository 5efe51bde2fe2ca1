//! Evidence as files in a folder.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use super::{
    RegisterError, durable,
    evidence::{Blobs, HEADER_BYTES},
};
use crate::digest::Digest;

/// A folder of files: `ab/<sha256>` for finished ones, `incoming/` for those that are being written.
#[derive(Debug)]
pub struct BlobFolder {
    folder: PathBuf,
}

impl BlobFolder {
    /// Opens the folder for writing and removes what an interrupted write left behind. The caller holds the lock of the data folder.
    pub fn open(folder: &Path) -> Result<Self, RegisterError> {
        let blobs = Self::of_reader(folder);
        durable::create_folder(folder)?;
        let incoming = blobs.incoming();
        durable::create_folder(&incoming)?;
        for entry in fs::read_dir(&incoming)? {
            fs::remove_file(entry?.path())?;
        }
        Ok(blobs)
    }

    /// The folder of a reader: nothing is created or removed.
    pub fn of_reader(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Whether nothing was ever kept here.
    pub fn is_empty(&self) -> Result<bool, RegisterError> {
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

    fn path(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        self.folder.join(name.get(..2).unwrap_or_default()).join(&name)
    }

    fn incoming(&self) -> PathBuf {
        self.folder.join("incoming")
    }
}

impl Blobs for BlobFolder {
    fn put(&self, digest: &Digest, bytes: &[u8]) -> Result<(), RegisterError> {
        let target = self.path(digest);
        if let Some(folder) = target.parent().filter(|folder| !folder.is_dir()) {
            durable::create_folder(folder)?;
        }
        // Two threads may keep the same bytes at once: each has a temporary file of its own.
        let temporary = self.incoming().join(uuid::Uuid::now_v7().to_string());
        Ok(durable::write_durably(&temporary, &target, bytes)?)
    }

    /// A write may have been cut between its rename and the folder's own sync.
    fn settle(&self, digest: &Digest) -> Result<(), RegisterError> {
        Ok(self.path(digest).parent().map_or(Ok(()), durable::sync_folder)?)
    }

    fn get(&self, digest: &Digest, limit: u64) -> Result<Option<Vec<u8>>, RegisterError> {
        let file = match File::open(self.path(digest)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            return Err(RegisterError::TooLarge { limit });
        }
        Ok(Some(bytes))
    }

    fn holds(&self, digest: &Digest) -> Result<bool, RegisterError> {
        Ok(self.path(digest).is_file())
    }

    fn remove(&self, digest: &Digest) -> Result<(), RegisterError> {
        let path = self.path(digest);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        Ok(path.parent().map_or(Ok(()), durable::sync_folder)?)
    }

    fn beginning(&self, digest: &Digest) -> Result<Vec<u8>, RegisterError> {
        let mut beginning = Vec::new();
        match File::open(self.path(digest)) {
            Ok(file) => drop(file.take(HEADER_BYTES).read_to_end(&mut beginning)?),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        Ok(beginning)
    }

    fn names(&self) -> Result<Vec<Digest>, RegisterError> {
        let folders = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            folders => folders?,
        };
        let mut names = Vec::new();
        for folder in folders {
            let folder = folder?.path();
            if folder == self.incoming() || !folder.is_dir() {
                continue;
            }
            for file in fs::read_dir(folder)? {
                // Nothing else is ever put here.
                names.extend(file?.file_name().to_str().and_then(|name| name.parse::<Digest>().ok()));
            }
        }
        Ok(names)
    }

    fn file(&self, digest: &Digest) -> Option<PathBuf> {
        Some(self.path(digest))
    }
}
