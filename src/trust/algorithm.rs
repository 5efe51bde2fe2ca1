//! The two signature algorithms of the station: ECDSA on P-256 with SHA-256, and Ed25519.

use const_oid::db::{rfc5912, rfc8410};
use der::asn1::ObjectIdentifier;
use p256::ecdsa::signature::Verifier as _;
use serde::{Deserialize, Serialize};
use sha2::{Sha256, Sha512};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

/// What kind of key signs. The key decides the signature algorithm and the digest, so nothing can be mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyAlgorithm {
    /// ECDSA on NIST P-256 with SHA-256 (RFC 5758): accepted by every PDF validator, hence the default.
    P256,
    /// Ed25519 with SHA-512 as the digest of the content (RFC 8419 §3). Several PDF validators cannot check it.
    Ed25519,
}

/// Why a signature value does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// The key or the named algorithm is neither P-256 with SHA-256 nor Ed25519, or the two do not belong together.
    #[error("the key and the named algorithm are not a supported pair (ECDSA P-256 with SHA-256, or Ed25519)")]
    Unsupported,
    /// The value is not the key's signature of the message.
    #[error("the signature value does not belong to this content and this key")]
    Wrong,
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

    /// The identifier of the signature algorithm. The parameters are absent for both (RFC 5758 §3.2, RFC 8410 §3).
    pub fn signature_identifier(self) -> AlgorithmIdentifierOwned {
        let oid = match self {
            Self::P256 => rfc5912::ECDSA_WITH_SHA_256,
            Self::Ed25519 => rfc8410::ID_ED_25519,
        };
        AlgorithmIdentifierOwned { oid, parameters: None }
    }

    /// The identifier of the digest of the signed content: SHA-256, and SHA-512 for Ed25519 (RFC 8419 §3).
    pub fn digest_identifier(self) -> AlgorithmIdentifierOwned {
        let oid = match self {
            Self::P256 => rfc5912::ID_SHA_256,
            Self::Ed25519 => rfc5912::ID_SHA_512,
        };
        AlgorithmIdentifierOwned { oid, parameters: None }
    }

    /// The digest of `parts` one after the other.
    pub fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        fn over<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
            parts.iter().fold(D::new(), sha2::Digest::chain_update).finalize().to_vec()
        }
        match self {
            Self::P256 => over::<Sha256>(parts),
            Self::Ed25519 => over::<Sha512>(parts),
        }
    }

    /// Its name on the command line and in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::Ed25519 => "ed25519",
        }
    }

    /// Whether `signature` is the signature of `message` under `key` (raw bytes of the public key).
    fn accepts(self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256 => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key);
                let signature = p256::ecdsa::Signature::from_der(signature);
                matches!((key, signature), (Ok(key), Ok(signature)) if key.verify(message, &signature).is_ok())
            }
            Self::Ed25519 => {
                let key = key.try_into().ok().and_then(|key| ed25519_dalek::VerifyingKey::from_bytes(key).ok());
                let signature = ed25519_dalek::Signature::from_slice(signature);
                matches!((key, signature), (Some(key), Ok(signature)) if key.verify_strict(message, &signature).is_ok())
            }
        }
    }
}

/// Verifies `signature` over `message`. `named` is the algorithm that the signed structure states; it must be the one
/// that belongs to the key.
pub fn verify_signature(
    key: &SubjectPublicKeyInfoOwned,
    named: &AlgorithmIdentifierOwned,
    message: &[u8],
    signature: &[u8],
) -> Result<KeyAlgorithm, SignatureFault> {
    let algorithm = KeyAlgorithm::of(key).ok_or(SignatureFault::Unsupported)?;
    if *named != algorithm.signature_identifier() {
        return Err(SignatureFault::Unsupported);
    }
    let key = key.subject_public_key.as_bytes().ok_or(SignatureFault::Unsupported)?;
    if algorithm.accepts(key, message, signature) { Ok(algorithm) } else { Err(SignatureFault::Wrong) }
}
