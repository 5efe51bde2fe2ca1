//! An Ed25519 key of this installation in a file: made when it is first needed, never again.

use std::{fs, io, path::Path};

use ed25519_dalek::{SigningKey, pkcs8::DecodePrivateKey};
use zeroize::Zeroizing;

use crate::register::{RegisterError, create_folder, write_durably};

/// The DER of a PKCS#8 Ed25519 key up to its 32 bytes of seed (RFC 8410 §7).
const PKCS8_ED25519: &[u8] = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// The file is no such key.
    #[error("the file is not an Ed25519 key (PKCS#8): restore it from a backup")]
    NotAKey,
    /// The folder.
    #[error(transparent)]
    Folder(#[from] RegisterError),
}

/// The key in `folder/name`. It is made, readable by its owner alone, when the file does not exist.
pub fn open_or_make(folder: &Path, name: &str) -> Result<SigningKey, SigningKeyError> {
    let path = folder.join(name);
    match fs::read(&path).map(Zeroizing::new) {
        Ok(der) => SigningKey::from_pkcs8_der(&der).map_err(|_| SigningKeyError::NotAKey),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_folder(folder)?;
            let mut seed = Zeroizing::new([0; 32]);
            getrandom::fill(seed.as_mut_slice()).map_err(|_| RegisterError::NoRandomness)?;
            let key = SigningKey::from_bytes(&seed);
            let der = Zeroizing::new([PKCS8_ED25519, seed.as_slice()].concat());
            let temporary = folder.join(format!("{name}.{}", uuid::Uuid::now_v7()));
            write_durably(&temporary, &path, &der).map_err(RegisterError::from)?;
            Ok(key)
        }
        Err(error) => Err(RegisterError::from(error).into()),
    }
}
