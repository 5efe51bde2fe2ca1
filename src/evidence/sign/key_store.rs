//! The folder of the station's software keys.
//!
//! ```text
//! keys/machine-secret              32 random bytes that every key needs besides its PIN
//! keys/training-ca/certificate.pem the CA's certificate, for `verify --trust`
//! keys/training-ca/key             its private key (PKCS#8): worth nothing outside training
//! keys/operators/SERIAL/key        one operator's sealed key; no name of a person stands in a path
//! keys/operators/SERIAL/tries      wrong PINs so far
//! ```
//!
//! Folders have mode 0700 and files 0600; anything more open is refused.

use std::{
    fs::{self, File},
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use der::Encode as _;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{
    SignError, Signer as _,
    private_file::{self, PrivateFileError},
    sealed_key::SealedKey,
    software_key::{self, SoftwareKey},
};
use crate::{
    secret::Pin,
    trust::{Anchors, KeyAlgorithm, PrivateKey, Purpose, TrainingCa, TrainingCaError, serial_text},
};

/// Why the key folder could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyStoreError {
    /// A file or folder cannot be used.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// A stored key cannot be used.
    #[error(transparent)]
    Key(#[from] SignError),
    /// The training CA or a certificate.
    #[error(transparent)]
    TrainingCa(#[from] TrainingCaError),
    /// The machine secret is gone while keys exist: they can never be opened again.
    #[error(
        "the machine secret is missing, so the operators' keys cannot be opened; restore it from a backup, or remove the folder operators and enrol anew"
    )]
    MachineSecretMissing,
    /// The PIN of a new key has not [`KeyStore::NEW_PIN`] characters.
    #[error(
        "a new key's PIN has {} to {} characters; choose another PIN", KeyStore::NEW_PIN.start(), KeyStore::NEW_PIN.end()
    )]
    PinLength,
}

impl KeyStoreError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::TrainingCa(error) => error.code(),
            Self::MachineSecretMissing => "MACHINE_SECRET_MISSING",
            Self::PinLength => "NEW_PIN_LENGTH",
        }
    }
}

/// The key folder of a station.
pub struct KeyStore {
    folder: PathBuf,
}

impl KeyStore {
    /// How many characters the PIN of a new key has. Whoever steals the disk guesses it at leisure, so it is longer than a card's.
    pub const NEW_PIN: RangeInclusive<usize> = 6..=12;

    /// Opens the folder, making it when it is missing.
    pub fn open(folder: &Path) -> Result<Self, KeyStoreError> {
        private_file::make_folder(folder)?;
        let store = Self { folder: folder.to_owned() };
        private_file::make_folder(&store.operators())?;
        Ok(store)
    }

    /// Makes a training key for the operator called `name` (its CN) of `organisation`, with a certificate of the training CA.
    ///
    /// An operator who is blocked is enrolled anew; the blocked key stays blocked.
    pub fn enroll(
        &self,
        name: &str,
        organisation: &str,
        algorithm: KeyAlgorithm,
        pin: Pin,
        now: Timestamp,
    ) -> Result<SoftwareKey, KeyStoreError> {
        if !Self::NEW_PIN.contains(&pin.length()) {
            return Err(KeyStoreError::PinLength);
        }
        let ca = self.training_ca(organisation, now)?;
        let _turn = self.turn()?;
        let secret = self.machine_secret()?;
        let (key, secret_bytes) = PrivateKey::generate(algorithm).map_err(|_| TrainingCaError::Random)?;
        let public = key.public().map_err(|_| TrainingCaError::Encoding("key"))?;
        let certificate = ca.issue(name, organisation, &Purpose::Operator, public, now)?;
        let der = |error: der::Error| SignError::Unusable(format!("the certificate cannot be encoded: {error}"));
        let certificates = [certificate.to_der().map_err(der)?, ca.certificate().to_der().map_err(der)?];
        let sealed = SealedKey::seal(&secret_bytes, algorithm, &certificates, &pin, &secret)
            .map_err(|error| SignError::Unusable(error.to_string()))?;

        drop(pin);

        let folder = self.operators().join(serial_text(&certificate));
        let unfinished = folder.with_extension("new");
        private_file::make_folder(&unfinished)?;
        SoftwareKey::store(&unfinished, &sealed)?;
        private_file::rename_folder(&unfinished, &folder)?;
        Ok(SoftwareKey::open(&folder, &self.machine_secret_file())?)
    }

    /// The operators' keys, oldest first. A key that was being made when the power went is not one.
    pub fn keys(&self) -> Result<Vec<SoftwareKey>, KeyStoreError> {
        let path = self.operators();
        let io = |error| PrivateFileError::Io { path: path.clone(), error };
        let mut keys = Vec::new();
        for entry in fs::read_dir(&path).map_err(io)? {
            let folder = entry.map_err(io)?.path();
            if folder.extension().is_none() && folder.is_dir() {
                keys.push(SoftwareKey::open(&folder, &self.machine_secret_file())?);
            }
        }
        keys.sort_by_cached_key(|key| {
            let certificate = &key.identity().certificate;
            (certificate.tbs_certificate().validity().not_before.to_unix_duration(), serial_text(certificate))
        });
        Ok(keys)
    }

    /// The training CA of this station, made for `organisation` when there is none yet.
    pub fn training_ca(&self, organisation: &str, now: Timestamp) -> Result<TrainingCa, KeyStoreError> {
        let _turn = self.turn()?;
        if let Some(ca) = self.existing_training_ca()? {
            return Ok(ca);
        }
        let ca = TrainingCa::create(organisation, now)?;
        private_file::make_folder(&self.training_ca_folder())?;
        private_file::write(&self.training_ca_folder().join("key"), &ca.private_key()?)?;
        // The certificate comes last: a CA without it was never finished and is made anew.
        private_file::write(&self.training_ca_certificate(), ca.certificate_pem()?.as_bytes())?;
        Ok(ca)
    }

    /// The file with the training CA's certificate, for `verify --trust`.
    pub fn training_ca_certificate(&self) -> PathBuf {
        self.training_ca_folder().join("certificate.pem")
    }

    /// The training CA as the trust anchor; none when there is no CA yet.
    pub fn anchors(&self) -> Result<Anchors, KeyStoreError> {
        let ca = self.existing_training_ca()?;
        Ok(ca.map_or_else(Anchors::none, |ca| Anchors::new(vec![ca.certificate().clone()])))
    }

    fn existing_training_ca(&self) -> Result<Option<TrainingCa>, KeyStoreError> {
        let pem = match private_file::read(&self.training_ca_certificate(), 16 * 1024) {
            Err(error) if error.is_missing() => return Ok(None),
            read => read?,
        };
        let key = Zeroizing::new(private_file::read(&self.training_ca_folder().join("key"), 4096)?);
        let anchors = Anchors::from_bytes(&pem).map_err(|_| TrainingCaError::Damaged)?;
        let [certificate] = anchors.certificates() else { return Err(TrainingCaError::Damaged.into()) };
        let certificate = certificate.to_der().map_err(|_| TrainingCaError::Damaged)?;
        Ok(Some(TrainingCa::open(&certificate, &key)?))
    }

    /// The machine secret, made when no key depends on one yet.
    fn machine_secret(&self) -> Result<super::sealed_key::MachineSecret, KeyStoreError> {
        let path = self.machine_secret_file();
        if !path.exists() {
            if !self.keys()?.is_empty() {
                return Err(KeyStoreError::MachineSecretMissing);
            }
            let mut secret = super::sealed_key::MachineSecret::default();
            getrandom::fill(secret.as_mut()).map_err(|_| TrainingCaError::Random)?;
            private_file::write(&path, secret.as_ref())?;
        }
        Ok(software_key::read_machine_secret(&path)?)
    }

    /// One process at a time changes the folder.
    fn turn(&self) -> Result<File, KeyStoreError> {
        Ok(private_file::lock(&self.folder.join("turn"))?)
    }

    fn machine_secret_file(&self) -> PathBuf {
        self.folder.join("machine-secret")
    }

    fn training_ca_folder(&self) -> PathBuf {
        self.folder.join("training-ca")
    }

    fn operators(&self) -> PathBuf {
        self.folder.join("operators")
    }
}
