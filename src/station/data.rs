//! The folder with everything this station keeps (`--data DIR`). Nothing is written outside it.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::register::make_folder;

/// The data folder and the rooms in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFolder(PathBuf);

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the data folder {folder} cannot be used ({why}): name another with --data, or put its owner and rights right")]
pub struct DataFolderError {
    folder: PathBuf,
    why: io::ErrorKind,
}

impl DataFolderError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        "DATA_FOLDER_UNUSABLE"
    }
}

impl DataFolder {
    /// The named folder, or the platform's state folder (XDG base directory specification: `$XDG_STATE_HOME/bam-station`,
    /// else `~/.local/state/bam-station`). It is not made yet.
    pub fn locate(named: Option<PathBuf>) -> Self {
        let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        Self(named.unwrap_or_else(|| {
            variable("XDG_STATE_HOME")
                .or_else(|| variable("HOME").map(|home| home.join(".local/state")))
                .unwrap_or_else(|| PathBuf::from("/var/lib"))
                .join("bam-station")
        }))
    }

    /// Makes the folder where it is missing, readable by its owner alone and durable before anything is put into it.
    pub fn create(&self) -> Result<(), DataFolderError> {
        if self.0.is_dir() {
            return Ok(());
        }
        make_folder(&self.0).map_err(|error| DataFolderError { folder: self.0.clone(), why: error.kind() })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }
    /// The document register.
    pub fn register(&self) -> PathBuf {
        self.0.join("register")
    }
    /// The operators' software keys.
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }
    /// What the virtual scanner needs.
    pub fn scanner(&self) -> PathBuf {
        self.0.join("scanner")
    }
    /// The answers about revocation that trust keeps.
    pub fn revocation(&self) -> PathBuf {
        self.0.join("revocation")
    }

    /// The key that signs authorisations.
    pub fn hand_over(&self) -> PathBuf {
        self.0.join("hand-over")
    }
    /// The private archive of training.
    pub fn archive(&self) -> PathBuf {
        self.0.join("training-archive")
    }
}
