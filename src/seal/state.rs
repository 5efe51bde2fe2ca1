//! `seal.json`: how a folder is sealed. It holds no secret.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{KeyPlace, RecipientSet, SealError, error::file, keys::write_private};

/// The file's name in the sealed folder.
pub const STATE_FILE: &str = "seal.json";

const FORMAT: &str = "bam-station seal 1";
const MAX_STATE_BYTES: u64 = 64 * 1024;

/// How a folder is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealState {
    format: String,
    /// Where the station's key is.
    pub key: KeyPlace,
    /// To whom new things are sealed.
    pub recipients: RecipientSet,
}

impl SealState {
    /// A state of this program's format.
    pub fn new(key: KeyPlace, recipients: RecipientSet) -> Self {
        Self { format: FORMAT.to_owned(), key, recipients }
    }

    /// The state of a folder; `None` when nothing in it is sealed.
    ///
    /// # Errors
    /// [`SealError::BadState`], [`SealError::File`].
    pub fn read(folder: &Path) -> Result<Option<Self>, SealError> {
        let path = folder.join(STATE_FILE);
        let mut text = String::new();
        match File::open(&path).and_then(|opened| opened.take(MAX_STATE_BYTES).read_to_string(&mut text)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() != io::ErrorKind::InvalidData => return Err(file(&path)(error)),
            _ => {}
        }
        let state = serde_json::from_str::<Self>(&text).ok().filter(|state| state.format == FORMAT);
        state.map(Some).ok_or(SealError::BadState(path))
    }

    /// Writes it durably. The folder is there.
    pub(super) fn write(&self, folder: &Path) -> Result<(), SealError> {
        let path = folder.join(STATE_FILE);
        let text = serde_json::to_string_pretty(self).map_err(|_| SealError::BadState(path.clone()))?;
        write_private(&path, text.as_bytes()).map_err(file(&path))
    }
}
