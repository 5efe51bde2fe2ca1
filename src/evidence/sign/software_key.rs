//! The embedded operator key: sealed under PIN and machine secret, blocked after three wrong PINs.

use std::path::{Path, PathBuf};

use der::Decode as _;
use x509_cert::Certificate;

use super::{
    SignError, Signer, SignerIdentity,
    private_file::{self, PrivateFileError},
    sealed_key::{self, MachineSecret, SealError, SealedKey},
    tries::{Tries, unusable},
};
use crate::{
    secret::{Pin, PinEntry},
    trust::{KeyAlgorithm, PrivateKey, common_name, is_training},
};

/// The file with the sealed key in the key's folder.
const KEY_FILE: &str = "key";

/// An operator's software key in a folder of its own.
///
/// The private key exists in memory only while it signs.
pub struct SoftwareKey {
    identity: SignerIdentity,
    sealed: SealedKey,
    tries: Tries,
    machine_secret: PathBuf,
}

impl SoftwareKey {
    /// Writes a new key into `folder`, which must exist.
    pub(super) fn store(folder: &Path, sealed: &SealedKey) -> Result<(), PrivateFileError> {
        Tries::of(folder).start()?;
        private_file::write(&folder.join(KEY_FILE), &sealed.to_bytes())
    }

    /// Opens the key in `folder`. The machine secret is read only when a PIN is tried.
    pub(super) fn open(folder: &Path, machine_secret: &Path) -> Result<Self, SignError> {
        let bytes = private_file::read(&folder.join(KEY_FILE), sealed_key::MAX_BYTES).map_err(unusable)?;
        let sealed = SealedKey::from_bytes(&bytes).map_err(damaged)?;
        let certificates = sealed.certificates().map_err(damaged)?;
        let mut certificates = certificates.iter().map(|der| Certificate::from_der(der));
        let Some(Ok(certificate)) = certificates.next() else { return Err(damaged(SealError::Damaged)) };
        let chain = certificates.collect::<Result<_, _>>().map_err(|_| damaged(SealError::Damaged))?;
        let algorithm = KeyAlgorithm::of(certificate.tbs_certificate().subject_public_key_info());
        if algorithm != Some(sealed.algorithm()) {
            return Err(damaged(SealError::Damaged));
        }
        Ok(Self {
            identity: SignerIdentity {
                algorithm: sealed.algorithm().signature(),
                is_training: is_training(&certificate),
                common_name: common_name(certificate.tbs_certificate().subject()).unwrap_or_default(),
                certificate,
                chain,
            },
            sealed,
            tries: Tries::of(folder),
            machine_secret: machine_secret.to_owned(),
        })
    }

    /// Tries left before the key is blocked; 0 when it is.
    pub fn tries_left(&self) -> Result<u8, SignError> {
        self.tries.left()
    }

    /// Spends one try on the PIN.
    fn unseal(&self, pin: &Pin) -> Result<PrivateKey, SignError> {
        let secret = read_machine_secret(&self.machine_secret)?;
        let attempt = self.tries.begin()?;
        match self.sealed.open(pin, &secret).map_err(damaged)? {
            Some(secret) => {
                attempt.succeeded()?;
                let key = PrivateKey::from_secret(self.sealed.algorithm(), &secret);
                key.ok_or_else(|| damaged(SealError::Damaged))
            }
            None => Err(attempt.failed()),
        }
    }
}

impl Signer for SoftwareKey {
    fn identity(&self) -> &SignerIdentity {
        &self.identity
    }

    fn sign(&mut self, to_be_signed: &[u8], pin: PinEntry) -> Result<Vec<u8>, SignError> {
        let PinEntry::Typed(pin) = pin else { return Err(SignError::Failed("the key in this station has no PIN pad")) };
        let key = self.unseal(&pin)?;
        drop(pin);
        Ok(key.sign(to_be_signed))
    }
}

/// Reads the machine secret. It is checked before a try is spent.
pub(super) fn read_machine_secret(path: &Path) -> Result<MachineSecret, SignError> {
    let bytes = zeroize::Zeroizing::new(private_file::read(path, 32).map_err(unusable)?);
    let secret = <[u8; 32]>::try_from(bytes.as_slice());
    secret.map(MachineSecret::new).map_err(|_| SignError::Unusable("the machine secret is damaged".to_owned()))
}

fn damaged(error: SealError) -> SignError {
    SignError::Unusable(error.to_string())
}
