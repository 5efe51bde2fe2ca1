//! The station's own private keys: two algorithms in one shape, 32 secret bytes.

use const_oid::db::{rfc5912, rfc8410};
use der::asn1::{BitString, ObjectIdentifier};
use p256::{ecdsa::signature::Signer as _, pkcs8::EncodePrivateKey as _};
use serde::{Deserialize, Serialize};
use spki::SubjectPublicKeyInfoOwned;
use zeroize::Zeroizing;

use super::SignatureAlgorithm;

/// PKCS#8 version 1 around an Ed25519 seed (RFC 8410 §7). Version 2, with the public key, is unreadable for many programs.
const ED25519_PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// What kind of key the station makes itself. The key decides the signature algorithm and the digest, so nothing can be mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyAlgorithm {
    /// NIST P-256, the default.
    P256,
    /// Ed25519.
    Ed25519,
}

impl KeyAlgorithm {
    /// The algorithm of a public key; `None` for every other kind or with unexpected parameters.
    pub fn of(key: &SubjectPublicKeyInfoOwned) -> Option<Self> {
        let parameters = key.algorithm.parameters.as_ref();
        match key.algorithm.oid {
            rfc5912::ID_EC_PUBLIC_KEY => {
                let curve = parameters?.decode_as::<ObjectIdentifier>().ok()?;
                (curve == rfc5912::SECP_256_R_1).then_some(Self::P256)
            }
            rfc8410::ID_ED_25519 => parameters.is_none().then_some(Self::Ed25519),
            _ => None,
        }
    }

    /// How such a key signs.
    pub fn signature(self) -> SignatureAlgorithm {
        match self {
            Self::P256 => SignatureAlgorithm::P256,
            Self::Ed25519 => SignatureAlgorithm::Ed25519,
        }
    }

    /// Its name on the command line and in output.
    pub fn name(self) -> &'static str {
        self.signature().name()
    }
}

/// A private key in memory. It is wiped when dropped.
pub(crate) enum PrivateKey {
    /// A P-256 scalar.
    P256(p256::ecdsa::SigningKey),
    /// An Ed25519 seed.
    Ed25519(ed25519_dalek::SigningKey),
}

/// The system gave no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system's random source failed; restart the machine")]
pub(crate) struct RandomFailed;

impl PrivateKey {
    /// A new key and its 32 secret bytes.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<(Self, Zeroizing<[u8; 32]>), RandomFailed> {
        let mut secret = Zeroizing::new([0; 32]);
        // A random number is no P-256 scalar once in 2^32; eight in a row means a broken random source.
        for _ in 0..8 {
            getrandom::fill(secret.as_mut()).map_err(|_| RandomFailed)?;
            if let Some(key) = Self::from_secret(algorithm, &secret) {
                return Ok((key, secret));
            }
        }
        Err(RandomFailed)
    }

    /// The key with these secret bytes; `None` when they are no scalar of the curve.
    pub fn from_secret(algorithm: KeyAlgorithm, secret: &[u8; 32]) -> Option<Self> {
        match algorithm {
            KeyAlgorithm::P256 => p256::ecdsa::SigningKey::from_slice(secret).ok().map(Self::P256),
            KeyAlgorithm::Ed25519 => Some(Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(secret))),
        }
    }

    /// The public key.
    pub fn public(&self) -> Result<SubjectPublicKeyInfoOwned, spki::Error> {
        match self {
            Self::P256(key) => SubjectPublicKeyInfoOwned::from_key(key.verifying_key()),
            Self::Ed25519(key) => Ok(SubjectPublicKeyInfoOwned {
                algorithm: SignatureAlgorithm::Ed25519.signature_identifier(),
                subject_public_key: BitString::from_bytes(key.verifying_key().as_bytes())?,
            }),
        }
    }

    /// The signature of `message` as CMS and X.509 carry it.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
            Self::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
        }
    }

    /// PKCS#8 version 1, DER.
    pub fn to_pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::P256(key) => key.to_pkcs8_der().ok().map(|document| document.to_bytes()),
            Self::Ed25519(key) => Some(Zeroizing::new([ED25519_PKCS8.as_slice(), key.as_bytes()].concat())),
        }
    }
}
