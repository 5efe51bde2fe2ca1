//! Keys as age writes them: public recipients (`age1…`) and key files with identities (`AGE-SECRET-KEY-1…`).

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
    str::FromStr,
};

use age::{secrecy::ExposeSecret as _, x25519};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::{SealError, file};

/// The largest key file, in bytes: some hundred keys.
pub(super) const MAX_KEY_FILE_BYTES: u64 = 64 * 1024;

/// Whom something is sealed to: an X25519 public key, written `age1…`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Recipient(pub(super) x25519::Recipient);

/// The text is no recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no public key of age: it begins with age1 and has 62 characters; `age-keygen -y KEYFILE` shows it")]
pub struct NotARecipient;

impl FromStr for Recipient {
    type Err = NotARecipient;

    fn from_str(text: &str) -> Result<Self, NotARecipient> {
        text.trim().parse().map(Self).map_err(|_| NotARecipient)
    }
}

impl TryFrom<String> for Recipient {
    type Error = NotARecipient;

    fn try_from(text: String) -> Result<Self, NotARecipient> {
        text.parse()
    }
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> Self {
        recipient.to_string()
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The identities of a key file in its order. The first is the one in force; those after it open what was sealed before.
#[derive(Clone, Default)]
pub struct Keys(Vec<x25519::Identity>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.recipients()).finish()
    }
}

impl Keys {
    /// One new key.
    pub fn generate() -> Self {
        Self(vec![x25519::Identity::generate()])
    }

    /// Reads a key file that only its owner can read.
    ///
    /// # Errors
    /// [`SealError::File`] (not found among others), [`SealError::KeyOpenToOthers`], [`SealError::NotAKey`].
    pub fn read_private(path: &Path) -> Result<Self, SealError> {
        let opened = File::open(path).map_err(file(path))?;
        if opened.metadata().map_err(file(path))?.mode() & 0o077 != 0 {
            return Err(SealError::KeyOpenToOthers(path.to_owned()));
        }
        Self::parse(opened, path)
    }

    /// Reads a key file whoever may read it: one that another program keeps, such as systemd or an auditor.
    ///
    /// # Errors
    /// As [`Keys::read_private`] without the check of rights.
    pub fn read(path: &Path) -> Result<Self, SealError> {
        Self::parse(File::open(path).map_err(file(path))?, path)
    }

    fn parse(opened: File, path: &Path) -> Result<Self, SealError> {
        let mut text = Zeroizing::new(String::new());
        let read = opened.take(MAX_KEY_FILE_BYTES.saturating_add(1)).read_to_string(&mut text);
        let not_a_key = || SealError::NotAKey { place: path.display().to_string() };
        match read {
            Ok(length) if u64::try_from(length).is_ok_and(|length| length <= MAX_KEY_FILE_BYTES) => {}
            Err(error) if error.kind() != io::ErrorKind::InvalidData => return Err(file(path)(error)),
            _ => return Err(not_a_key()),
        }
        Self::from_lines(&text).ok_or_else(not_a_key)
    }

    /// The keys in the text of a key file; `None` unless there is one and nothing else.
    pub(super) fn from_lines(text: &str) -> Option<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Vec<x25519::Identity> = lines.map(str::parse).collect::<Result<_, _>>().ok()?;
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// The keys as lines of a key file.
    pub(super) fn lines(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for key in &self.0 {
            text.push_str(key.to_string().expose_secret());
            text.push('\n');
        }
        text
    }

    /// Writes the key file (0600) so that after a power cut there is either the old one or the new one. The folder is there.
    pub(super) fn write(&self, path: &Path, at: Timestamp) -> Result<(), SealError> {
        let mut text = Zeroizing::new(String::from(
            "# The keys of a document register, the one in force first. Keep a copy at a safe place.\n",
        ));
        for key in &self.0 {
            text.push_str(&format!("# written: {at:.0}\n# public key: {}\n", key.to_public()));
            text.push_str(key.to_string().expose_secret());
            text.push('\n');
        }
        write_private(path, text.as_bytes()).map_err(file(path))
    }

    /// The public key of the one in force; `None` without any key.
    pub fn current(&self) -> Option<Recipient> {
        self.recipients().next()
    }

    /// The public keys, in order.
    pub fn recipients(&self) -> impl Iterator<Item = Recipient> {
        self.0.iter().map(|key| Recipient(key.to_public()))
    }

    /// Whether the private key of this recipient is among them.
    pub fn open_for(&self, recipient: &Recipient) -> bool {
        self.recipients().any(|own| own == *recipient)
    }

    /// Puts another key in force before these.
    #[must_use]
    pub fn after(&self, new: &Self) -> Self {
        Self(new.0.iter().chain(&self.0).cloned().collect())
    }

    /// The key in force alone.
    #[must_use]
    pub fn only_current(&self) -> Self {
        Self(self.0.first().cloned().into_iter().collect())
    }

    /// How many keys.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn identities(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(|key| key as &dyn age::Identity)
    }
}

/// Writes a file of mode 0600 whole or not at all.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let mut opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    opened.write_all(bytes)?;
    opened.sync_all()?;
    fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
