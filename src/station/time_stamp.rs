//! The road to the time-stamping authority that MASTER.toml names.

use std::{path::PathBuf, time::Duration};

use crate::{
    config::Configuration,
    evidence::timestamp::{TimeStampAuthority, TimeStampConnection, TimeStampError},
    trust::Anchors,
};

/// The operator waits for the time-stamp with the PIN typed already; longer than this, it comes later.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no road to the authority.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The file of its CAs.
    #[error("the file {file} that [TimeStamp] names cannot be read ({why}): put it there, or correct MASTER.toml")]
    File {
        /// The file.
        file: PathBuf,
        /// The system's word.
        why: std::io::ErrorKind,
    },
    /// Its content.
    #[error(transparent)]
    Content(#[from] TimeStampError),
}

impl AuthorityError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "TIME_STAMP_FILE_UNREADABLE",
            Self::Content(error) => error.code(),
        }
    }
}

/// The authority; `None` when MASTER.toml names none. Nothing is sent yet.
pub fn authority(configuration: &Configuration) -> Result<Option<TimeStampAuthority>, AuthorityError> {
    let named = &configuration.master.value.time_stamp;
    let Some((url, ca)) = named.authority() else { return Ok(None) };
    let unreadable = |why| AuthorityError::File { file: ca.to_owned(), why };
    let metadata = std::fs::metadata(ca).map_err(|error| unreadable(error.kind()))?;
    if !metadata.is_file() || metadata.len() > u64::try_from(Anchors::MAX_BYTES).unwrap_or(u64::MAX) {
        return Err(unreadable(std::io::ErrorKind::InvalidData));
    }
    let authorities = std::fs::read(ca).map_err(|error| unreadable(error.kind()))?;
    let connection =
        TimeStampConnection { url: url.to_owned(), authorities, policy: named.policy, connect: PATIENCE, total: PATIENCE };
    Ok(Some(TimeStampAuthority::new(&connection)?))
}
