//! A private key at rest: Argon2id (RFC 9106) over the PIN, keyed with the machine secret, and XChaCha20-Poly1305.
//!
//! A PIN of six digits alone is guessed offline in days; with the machine secret the key file alone is worth nothing.
//!
//! The file has three lines: the header (JSON), the nonce and the sealed key (hexadecimal). The header is authenticated exactly
//! as it stands, so neither the derivation's parameters nor the certificate can be exchanged.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    secret::Pin,
    trust::{
        KeyAlgorithm,
        hex::{from_hex, to_hex},
    },
};

const FORMAT: &str = "bam-station operator key";
const VERSION: u8 = 1;
/// Largest key file, in bytes: the header carries the certificates.
pub(super) const MAX_BYTES: u64 = 64 * 1024;
/// 64 MiB, three passes, one lane: the second choice of RFC 9106 §4 with one lane, about a third of a second on a desk PC.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;
/// What a file may ask for; more would stall the desk, less would weaken the key.
const ACCEPTED_MEMORY_KIB: std::ops::RangeInclusive<u32> = MEMORY_KIB..=512 * 1024;
const ACCEPTED_PASSES: std::ops::RangeInclusive<u32> = PASSES..=16;

/// The random secret of this machine, kept in a file of its own.
pub(super) type MachineSecret = Zeroizing<[u8; 32]>;
/// A P-256 scalar or an Ed25519 seed.
pub(super) type SecretBytes = Zeroizing<[u8; 32]>;

/// The readable part of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    format: String,
    version: u8,
    /// The kind of key.
    pub algorithm: KeyAlgorithm,
    argon2id: Derivation,
    /// The certificate and its issuers, DER in hexadecimal digits.
    certificates: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Derivation {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
}

/// The file's content.
pub(super) struct SealedKey {
    header: Header,
    /// The first line, which is authenticated.
    header_line: String,
    nonce: [u8; 24],
    sealed: Vec<u8>,
}

/// The file is not a sealed key of this version, or the system has no random numbers or memory left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum SealError {
    #[error("the key file is damaged or of another version")]
    Damaged,
    #[error("the system gave no random numbers")]
    Random,
    #[error("there is not enough memory to derive the key")]
    Memory,
}

impl SealedKey {
    /// Seals `key` under `pin` and `secret`. `certificates` are DER, the key's own first.
    pub fn seal(
        key: &SecretBytes,
        algorithm: KeyAlgorithm,
        certificates: &[Vec<u8>],
        pin: &Pin,
        secret: &MachineSecret,
    ) -> Result<Self, SealError> {
        let mut salt = [0; 16];
        let mut nonce = [0; 24];
        getrandom::fill(&mut salt).and_then(|()| getrandom::fill(&mut nonce)).map_err(|_| SealError::Random)?;
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            algorithm,
            argon2id: Derivation { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt: to_hex(&salt) },
            certificates: certificates.iter().map(|der| to_hex(der)).collect(),
        };
        let header_line = serde_json::to_string(&header).map_err(|_| SealError::Damaged)?;
        let wrapping = header.argon2id.derive(pin, secret)?;
        let payload = Payload { msg: key.as_ref(), aad: header_line.as_bytes() };
        let sealed =
            XChaCha20Poly1305::new((&*wrapping).into()).encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Damaged)?;
        Ok(Self { header, header_line, nonce, sealed })
    }

    /// The private key; `None` when the PIN or the machine secret is wrong or the file was changed, which look the same.
    pub fn open(&self, pin: &Pin, secret: &MachineSecret) -> Result<Option<SecretBytes>, SealError> {
        let wrapping = self.header.argon2id.derive(pin, secret)?;
        let payload = Payload { msg: &self.sealed, aad: self.header_line.as_bytes() };
        let opened = XChaCha20Poly1305::new((&*wrapping).into()).decrypt(&XNonce::from(self.nonce), payload);
        let Ok(opened) = opened.map(Zeroizing::new) else { return Ok(None) };
        let key = <[u8; 32]>::try_from(opened.as_slice()).map_err(|_| SealError::Damaged)?;
        Ok(Some(Zeroizing::new(key)))
    }

    /// Reads the file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        let text = std::str::from_utf8(bytes).map_err(|_| SealError::Damaged)?;
        let mut lines = text.split_terminator('\n');
        let (Some(header_line), Some(nonce), Some(sealed), None) = (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(SealError::Damaged);
        };
        let header: Header = serde_json::from_str(header_line).map_err(|_| SealError::Damaged)?;
        let kdf = &header.argon2id;
        let acceptable = header.format == FORMAT
            && header.version == VERSION
            && ACCEPTED_MEMORY_KIB.contains(&kdf.memory_kib)
            && ACCEPTED_PASSES.contains(&kdf.passes)
            && kdf.lanes == LANES;
        if !acceptable {
            return Err(SealError::Damaged);
        }
        let nonce = from_hex(nonce).and_then(|nonce| nonce.try_into().ok()).ok_or(SealError::Damaged)?;
        let sealed = from_hex(sealed).ok_or(SealError::Damaged)?;
        Ok(Self { header_line: header_line.to_owned(), header, nonce, sealed })
    }

    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        format!("{}\n{}\n{}\n", self.header_line, to_hex(&self.nonce), to_hex(&self.sealed)).into_bytes()
    }

    /// The kind of key.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.header.algorithm
    }

    /// The certificates in DER, the key's own first.
    pub fn certificates(&self) -> Result<Vec<Vec<u8>>, SealError> {
        self.header.certificates.iter().map(|digits| from_hex(digits).ok_or(SealError::Damaged)).collect()
    }
}

impl Derivation {
    fn derive(&self, pin: &Pin, secret: &MachineSecret) -> Result<Zeroizing<[u8; 32]>, SealError> {
        let salt = from_hex(&self.salt).filter(|salt| salt.len() == 16).ok_or(SealError::Damaged)?;
        let mut key = Zeroizing::new([0; 32]);
        Params::new(self.memory_kib, self.passes, self.lanes, Some(key.len()))
            .and_then(|parameters| Argon2::new_with_secret(secret.as_ref(), Algorithm::Argon2id, Version::V0x13, parameters))
            .and_then(|argon2| argon2.hash_password_into(pin.expose(), &salt, key.as_mut()))
            .map_err(|_| SealError::Memory)?;
        Ok(key)
    }
}
