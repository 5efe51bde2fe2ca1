//! Something of the register as a file for people: new, readable by whoever asked for it alone.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::register::RegisterError;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum FileOutError {
    /// The file is there already.
    #[error("{} is there already: name a new file", .0.display())]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("{} cannot be written: {error}; name another place, or free some room", path.display())]
    Target {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The register.
    #[error(transparent)]
    Register(#[from] RegisterError),
}

impl FileOutError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Exists(_) => "EXPORT_TARGET_EXISTS",
            Self::Target { .. } => "EXPORT_TARGET_FAILED",
            Self::Register(error) => error.code(),
        }
    }
}

/// Writes a new file of mode 0600.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), FileOutError> {
    let written =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => FileOutError::Exists(path.to_owned()),
        _ => FileOutError::Target { path: path.to_owned(), error },
    })
}
