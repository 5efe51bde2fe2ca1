//! The administrator's key file: an Ed25519 key as PKCS#8 in PEM (RFC 8410), readable for its owner alone.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use der::pem::{self, LineEnding};
use ed25519_dalek::{SigningKey, pkcs8::DecodePrivateKey as _};
use zeroize::Zeroizing;

/// PKCS#8 version 1 around an Ed25519 seed (RFC 8410 §7), which every program reads.
const HEADER: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// A key file has some hundred bytes.
const LIMIT: u64 = 4096;

/// Why a key file is not made or not used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Something is there already, which may be a key in use.
    #[error("{} is there already and is not overwritten; name another file", file.display())]
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// The file is no Ed25519 key.
    #[error("{} is no Ed25519 private key; make one with `bam-station config key` or `openssl genpkey -algorithm ed25519`", file.display())]
    NotAKey {
        /// The file.
        file: PathBuf,
    },
    /// Other accounts can read the key.
    #[error("{} is open to other users of this machine; run: chmod 600 {}", file.display(), file.display())]
    OpenToOthers {
        /// The file.
        file: PathBuf,
    },
    /// The system refused.
    #[error("{} cannot be used ({error}); check the name and the rights of the file", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl KeyFileError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "ADMINISTRATOR_KEY_EXISTS",
            Self::NotAKey { .. } => "ADMINISTRATOR_KEY_NOT_A_KEY",
            Self::OpenToOthers { .. } => "ADMINISTRATOR_KEY_OPEN_TO_OTHERS",
            Self::Io { .. } => "ADMINISTRATOR_KEY_UNUSABLE",
        }
    }
}

/// Makes a new key in a new file.
pub fn make(file: &Path) -> Result<SigningKey, KeyFileError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists { file: file.to_owned() },
        _ => KeyFileError::Io { file: file.to_owned(), error },
    };
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|_| failed(io::ErrorKind::Other.into()))?;
    let der = Zeroizing::new([HEADER.as_slice(), seed.as_slice()].concat());
    let text = pem::encode_string("PRIVATE KEY", LineEnding::LF, &der).map_err(|_| failed(io::ErrorKind::Other.into()))?;
    let text = Zeroizing::new(text);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut writer = options.open(file).map_err(failed)?;
    writer.write_all(text.as_bytes()).and_then(|()| writer.sync_all()).map_err(failed)?;
    Ok(SigningKey::from_bytes(&seed))
}

/// Reads a key file.
pub fn read(file: &Path) -> Result<SigningKey, KeyFileError> {
    let failed = |error| KeyFileError::Io { file: file.to_owned(), error };
    let reader = File::open(file).map_err(failed)?;
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(&reader.metadata().map_err(failed)?) & 0o077 != 0 {
        return Err(KeyFileError::OpenToOthers { file: file.to_owned() });
    }
    let mut bytes = Zeroizing::new(Vec::new());
    reader.take(LIMIT).read_to_end(&mut bytes).map_err(failed)?;
    let not_a_key = || KeyFileError::NotAKey { file: file.to_owned() };
    let (label, der) = pem::decode_vec(bytes.trim_ascii_end()).map_err(|_| not_a_key())?;
    let der = Zeroizing::new(der);
    if label != "PRIVATE KEY" {
        return Err(not_a_key());
    }
    SigningKey::from_pkcs8_der(&der).map_err(|_| not_a_key())
}
