//! The signature algorithms that count: ECDSA on P-256 and P-384, Ed25519, and RSA of 2048 to 4096 bits.

use const_oid::db::{rfc5912, rfc8410};
use der::{Any, asn1::ObjectIdentifier};
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use serde::{Serialize, Serializer};
use sha2::{Sha256, Sha384, Sha512};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::rsa_signature;

/// How a signature is made. An elliptic curve decides its digest; for RSA padding and digest are named beside the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// ECDSA on NIST P-256 with SHA-256 (RFC 5758): accepted by every PDF validator, hence the station's own.
    P256,
    /// ECDSA on NIST P-384 with SHA-384 (RFC 5758).
    P384,
    /// Ed25519 with SHA-512 as the digest of the content (RFC 8419 §3). Several PDF validators cannot check it.
    Ed25519,
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    RsaPkcs1(RsaDigest),
    /// RSASSA-PSS with MGF1 and a salt as long as the digest (RFC 8017 §8.1, RFC 4055 §3.1).
    RsaPss(RsaDigest),
}

/// The digest of an RSA signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RsaDigest {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// Why a signature value does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// The key or the named algorithm is not accepted, or the two do not belong together.
    #[error("the key and the named algorithm are not a supported pair ({ACCEPTED})")]
    Unsupported,
    /// The value is not the key's signature of the message.
    #[error("the signature value does not belong to this content and this key")]
    Wrong,
}

/// What is accepted, for messages.
pub(super) const ACCEPTED: &str =
    "ECDSA P-256 with SHA-256, ECDSA P-384 with SHA-384, Ed25519, or RSA of 2048 to 4096 bits with SHA-2";

const RSA_DIGESTS: [RsaDigest; 3] = [RsaDigest::Sha256, RsaDigest::Sha384, RsaDigest::Sha512];

impl SignatureAlgorithm {
    /// The algorithm that `named` names, when it can be used with `key`; `None` for every other pair, and for parameters
    /// that are not exactly as they should be.
    pub fn of(key: &SubjectPublicKeyInfoOwned, named: &AlgorithmIdentifierOwned) -> Option<Self> {
        let parameters = key.algorithm.parameters.as_ref();
        let candidates = match key.algorithm.oid {
            rfc5912::ID_EC_PUBLIC_KEY => match parameters?.decode_as::<ObjectIdentifier>().ok()? {
                rfc5912::SECP_256_R_1 => vec![Self::P256],
                rfc5912::SECP_384_R_1 => vec![Self::P384],
                _ => return None,
            },
            rfc8410::ID_ED_25519 if parameters.is_none() => vec![Self::Ed25519],
            rfc5912::RSA_ENCRYPTION if parameters == Some(&Any::null()) => {
                RSA_DIGESTS.into_iter().flat_map(|digest| [Self::RsaPkcs1(digest), Self::RsaPss(digest)]).collect()
            }
            _ => return None,
        };
        candidates.into_iter().find(|algorithm| algorithm.signature_identifier() == *named)
    }

    /// The identifier of the signature algorithm. The parameters are absent for curves (RFC 5758 §3.2, RFC 8410 §3) and NULL
    /// for RSASSA-PKCS1-v1_5 (RFC 4055 §5).
    pub fn signature_identifier(self) -> AlgorithmIdentifierOwned {
        let (oid, parameters) = match self {
            Self::P256 => (rfc5912::ECDSA_WITH_SHA_256, None),
            Self::P384 => (rfc5912::ECDSA_WITH_SHA_384, None),
            Self::Ed25519 => (rfc8410::ID_ED_25519, None),
            Self::RsaPkcs1(RsaDigest::Sha256) => (rfc5912::SHA_256_WITH_RSA_ENCRYPTION, Some(Any::null())),
            Self::RsaPkcs1(RsaDigest::Sha384) => (rfc5912::SHA_384_WITH_RSA_ENCRYPTION, Some(Any::null())),
            Self::RsaPkcs1(RsaDigest::Sha512) => (rfc5912::SHA_512_WITH_RSA_ENCRYPTION, Some(Any::null())),
            Self::RsaPss(digest) => (rfc5912::ID_RSASSA_PSS, rsa_signature::pss_parameters(digest)),
        };
        AlgorithmIdentifierOwned { oid, parameters }
    }

    /// The identifier of the digest of the signed content: that of the signature, and SHA-512 for Ed25519 (RFC 8419 §3).
    pub fn digest_identifier(self) -> AlgorithmIdentifierOwned {
        let oid = match self {
            Self::P256 | Self::RsaPkcs1(RsaDigest::Sha256) | Self::RsaPss(RsaDigest::Sha256) => rfc5912::ID_SHA_256,
            Self::P384 | Self::RsaPkcs1(RsaDigest::Sha384) | Self::RsaPss(RsaDigest::Sha384) => rfc5912::ID_SHA_384,
            Self::Ed25519 | Self::RsaPkcs1(RsaDigest::Sha512) | Self::RsaPss(RsaDigest::Sha512) => rfc5912::ID_SHA_512,
        };
        AlgorithmIdentifierOwned { oid, parameters: None }
    }

    /// The digest of `parts` one after the other.
    pub fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        fn over<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
            parts.iter().fold(D::new(), sha2::Digest::chain_update).finalize().to_vec()
        }
        match self {
            Self::P256 | Self::RsaPkcs1(RsaDigest::Sha256) | Self::RsaPss(RsaDigest::Sha256) => over::<Sha256>(parts),
            Self::P384 | Self::RsaPkcs1(RsaDigest::Sha384) | Self::RsaPss(RsaDigest::Sha384) => over::<Sha384>(parts),
            Self::Ed25519 | Self::RsaPkcs1(RsaDigest::Sha512) | Self::RsaPss(RsaDigest::Sha512) => over::<Sha512>(parts),
        }
    }

    /// Its name in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::Ed25519 => "ed25519",
            Self::RsaPkcs1(RsaDigest::Sha256) => "rsa-pkcs1-sha256",
            Self::RsaPkcs1(RsaDigest::Sha384) => "rsa-pkcs1-sha384",
            Self::RsaPkcs1(RsaDigest::Sha512) => "rsa-pkcs1-sha512",
            Self::RsaPss(RsaDigest::Sha256) => "rsa-pss-sha256",
            Self::RsaPss(RsaDigest::Sha384) => "rsa-pss-sha384",
            Self::RsaPss(RsaDigest::Sha512) => "rsa-pss-sha512",
        }
    }

    /// The algorithm of this name.
    pub fn named(name: &str) -> Option<Self> {
        let rsa = RSA_DIGESTS.into_iter().flat_map(|digest| [Self::RsaPkcs1(digest), Self::RsaPss(digest)]);
        [Self::P256, Self::P384, Self::Ed25519].into_iter().chain(rsa).find(|algorithm| algorithm.name() == name)
    }

    /// Whether `signature` is the signature of `message` under `key` (the raw bytes in the public key's bit string).
    fn accepts(self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        if self != Self::Ed25519 {
            return self.accepts_digest(key, &self.digest(&[message]), signature);
        }
        let key = key.try_into().ok().and_then(|key| ed25519_dalek::VerifyingKey::from_bytes(key).ok());
        let signature = ed25519_dalek::Signature::from_slice(signature);
        matches!((key, signature), (Some(key), Ok(signature)) if key.verify_strict(message, &signature).is_ok())
    }

    /// The same over the message's digest. Ed25519 signs no digest, so it accepts none.
    fn accepts_digest(self, key: &[u8], digest: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256 => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key);
                let signature = p256::ecdsa::Signature::from_der(signature);
                matches!((key, signature), (Ok(key), Ok(signature)) if key.verify_prehash(digest, &signature).is_ok())
            }
            Self::P384 => {
                let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key);
                let signature = p384::ecdsa::Signature::from_der(signature);
                matches!((key, signature), (Ok(key), Ok(signature)) if key.verify_prehash(digest, &signature).is_ok())
            }
            Self::Ed25519 => false,
            Self::RsaPkcs1(hash) => rsa_signature::accepts_pkcs1(hash, key, digest, signature),
            Self::RsaPss(hash) => rsa_signature::accepts_pss(hash, key, digest, signature),
        }
    }
}

impl Serialize for SignatureAlgorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Verifies `signature` over `message`. `named` is the algorithm that the signed structure states; it must be one that
/// belongs to the key.
pub fn verify_signature(
    key: &SubjectPublicKeyInfoOwned,
    named: &AlgorithmIdentifierOwned,
    message: &[u8],
    signature: &[u8],
) -> Result<SignatureAlgorithm, SignatureFault> {
    let algorithm = SignatureAlgorithm::of(key, named).ok_or(SignatureFault::Unsupported)?;
    let key = key.subject_public_key.as_bytes().ok_or(SignatureFault::Unsupported)?;
    if algorithm.accepts(key, message, signature) { Ok(algorithm) } else { Err(SignatureFault::Wrong) }
}

/// Whether `signature` is the signature by `key` over something with this digest. Ed25519 signs no digest.
pub fn verify_digest(key: &SubjectPublicKeyInfoOwned, algorithm: SignatureAlgorithm, digest: &[u8], signature: &[u8]) -> bool {
    let belongs = SignatureAlgorithm::of(key, &algorithm.signature_identifier()) == Some(algorithm);
    let bytes = key.subject_public_key.as_bytes().filter(|_| belongs && digest.len() == algorithm.digest(&[]).len());
    bytes.is_some_and(|key| algorithm.accepts_digest(key, digest, signature))
}
