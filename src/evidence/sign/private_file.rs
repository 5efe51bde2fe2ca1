//! Files that only the station's own account may read: written whole or not at all, and refused when others can read them.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

/// Why a private file or folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// Other accounts have access.
    #[error("{} is open to other users of this machine; run: chmod {} {}", path.display(), mode(*folder), path.display())]
    OpenToOthers {
        /// The file or folder.
        path: PathBuf,
        /// Whether it is a folder.
        folder: bool,
    },
    /// Larger than such a file can be.
    #[error("{} is larger than {limit} bytes and thus not what it should be; restore it or enrol the operator anew", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The largest size.
        limit: u64,
    },
    /// The system refused.
    #[error("{} cannot be used: {error}; check the disk and the permissions of the folder", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl PrivateFileError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OpenToOthers { .. } => "KEY_FILE_OPEN_TO_OTHERS",
            Self::TooLarge { .. } => "KEY_FILE_TOO_LARGE",
            Self::Io { .. } => "KEY_FILE_NOT_USABLE",
        }
    }

    /// Whether the file does not exist.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { error, .. } if error.kind() == io::ErrorKind::NotFound)
    }
}

/// The mode that the message asks for.
fn mode(folder: bool) -> &'static str {
    if folder { "700" } else { "600" }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> PrivateFileError {
    move |error| PrivateFileError::Io { path: path.to_owned(), error }
}

/// Makes the folder (0700) when it is missing, and refuses one that is open to others.
pub(super) fn make_folder(path: &Path) -> Result<(), PrivateFileError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(io_error(path))?;
    let metadata = fs::metadata(path).map_err(io_error(path))?;
    refuse_if_open(path, &metadata)
}

/// Reads a private file of at most `limit` bytes.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, PrivateFileError> {
    let file = File::open(path).map_err(io_error(path))?;
    refuse_if_open(path, &file.metadata().map_err(io_error(path))?)?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(io_error(path))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) {
        Ok(bytes)
    } else {
        Err(PrivateFileError::TooLarge { path: path.to_owned(), limit })
    }
}

/// Writes a private file (0600) so that after a power cut there is either the old content or the new.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), PrivateFileError> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let write = || {
        let mut file = create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        sync_folder(path)
    };
    write().map_err(io_error(path))
}

/// Gives a finished folder its lasting name.
pub(super) fn rename_folder(unfinished: &Path, finished: &Path) -> Result<(), PrivateFileError> {
    fs::rename(unfinished, finished).and_then(|()| sync_folder(finished)).map_err(io_error(finished))
}

/// Opens (or makes) a private file that serves as a lock and waits for its turn. The lock ends when the file is dropped.
pub(super) fn lock(path: &Path) -> Result<File, PrivateFileError> {
    let locked = create(path).and_then(|file| file.lock().map(|()| file));
    locked.map_err(io_error(path))
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A rename is durable once the folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn refuse_if_open(path: &Path, metadata: &fs::Metadata) -> Result<(), PrivateFileError> {
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(metadata) & 0o077 != 0 {
        return Err(PrivateFileError::OpenToOthers { path: path.to_owned(), folder: metadata.is_dir() });
    }
    Ok(())
}
