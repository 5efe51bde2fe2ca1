//! Where the station's key is: `[Seal] Key` of LOCAL.toml.

use std::{
    fmt,
    path::{Component, Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use super::{Keys, LockedKey, SealError};

/// The key file beside the register's folder, in the data folder.
const OWN_FILE: &str = "seal/station-key.txt";

/// The key file behind the operators' cards.
const LOCKED_FILE: &str = "seal/station-key.age";

/// Where the station's key is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum KeyPlace {
    /// `file`: a key file in the data folder, `seal/station-key.txt`; made at the first opening.
    #[default]
    Own,
    /// An absolute path: a key file elsewhere, such as on another disk; made at the first opening.
    File(PathBuf),
    /// `credential:NAME`: a credential that systemd hands to the station (`LoadCredentialEncrypted=NAME`), a key file as
    /// `age-keygen` writes it. It is only read.
    Credential(String),
    /// `card`: behind the operators' cards, in `seal/station-key.age` of the data folder ([`LockedKey`]). Whoever signs in with one
    /// of these cards opens it.
    Card,
    /// `none`: nothing is sealed.
    Nothing,
}

/// The text names no place of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("names no place of a key")]
pub struct NotAKeyPlace;

impl FromStr for KeyPlace {
    type Err = NotAKeyPlace;

    fn from_str(text: &str) -> Result<Self, NotAKeyPlace> {
        match text {
            "file" => return Ok(Self::Own),
            "card" => return Ok(Self::Card),
            "none" => return Ok(Self::Nothing),
            _ => {}
        }
        if let Some(name) = text.strip_prefix("credential:") {
            // systemd's own rule for the name: it becomes a file's name.
            let good = (1..=200).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
                && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
            return if good { Ok(Self::Credential(name.to_owned())) } else { Err(NotAKeyPlace) };
        }
        let path = PathBuf::from(text);
        if path.is_absolute() && path.file_name().is_some() { Ok(Self::File(path)) } else { Err(NotAKeyPlace) }
    }
}

impl TryFrom<String> for KeyPlace {
    type Error = NotAKeyPlace;

    fn try_from(text: String) -> Result<Self, NotAKeyPlace> {
        text.parse()
    }
}

impl From<KeyPlace> for String {
    fn from(place: KeyPlace) -> Self {
        place.to_string()
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("file"),
            Self::File(path) => path.display().fmt(f),
            Self::Credential(name) => write!(f, "credential:{name}"),
            Self::Card => f.write_str("card"),
            Self::Nothing => f.write_str("none"),
        }
    }
}

impl KeyPlace {
    /// The key file for the sealed folder; `None` where there is none: nothing is sealed, or this process was handed no credentials.
    pub(super) fn path(&self, folder: &Path) -> Option<PathBuf> {
        match self {
            Self::Own => folder.parent().map(|data| data.join(OWN_FILE)),
            Self::File(path) => Some(path.clone()),
            Self::Credential(name) => std::env::var_os("CREDENTIALS_DIRECTORY").map(|given| Path::new(&given).join(name)),
            Self::Card => folder.parent().map(|data| data.join(LOCKED_FILE)),
            Self::Nothing => None,
        }
    }

    /// The key behind the operators' cards; `None` when it is elsewhere or not there.
    pub(super) fn locked(&self, folder: &Path) -> Result<Option<LockedKey>, SealError> {
        match (self, self.path(folder)) {
            (Self::Card, Some(path)) => LockedKey::read(&path),
            _ => Ok(None),
        }
    }

    /// Whether this program makes and changes the key.
    pub(super) const fn is_ours(&self) -> bool {
        matches!(self, Self::Own | Self::File(_))
    }

    /// The keys; `None` when they are not there.
    pub(super) fn load(&self, folder: &Path) -> Result<Option<Keys>, SealError> {
        let Some(path) = self.path(folder).filter(|_| *self != Self::Card) else { return Ok(None) };
        // systemd keeps credentials in memory, readable by the unit's user; their rights are its own business.
        let read = if self.is_ours() { Keys::read_private(&path) } else { Keys::read(&path) };
        match read {
            Ok(keys) => Ok(Some(keys)),
            Err(SealError::File { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
