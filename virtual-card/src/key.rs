//! The card's private keys. They sign what they are given without hashing or padding, as a card does.

use p256::{
    ecdsa::signature::hazmat::PrehashSigner as _,
    elliptic_curve::point::AffineCoordinates as _,
    pkcs8::{DecodePrivateKey as _, EncodePublicKey as _},
};
use rsa::{
    BoxedUint, RsaPrivateKey,
    rand_core::CryptoRng,
    traits::{PrivateKeyParts as _, PublicKeyParts as _},
};
use spki::SubjectPublicKeyInfoOwned;

/// A private key on the card.
///
/// It is a key for training and tests: it lies in ordinary memory, and its RSA operations are not constant-time.
pub enum CardKey {
    /// NIST P-256, algorithm 11.
    P256(p256::ecdsa::SigningKey),
    /// NIST P-384, algorithm 14.
    P384(p384::ecdsa::SigningKey),
    /// RSA of 2048 bits (algorithm 07) or 3072 bits (algorithm 05).
    Rsa(Box<RsaPrivateKey>),
}

/// Not a private key that the card can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key is neither P-256, P-384, RSA-2048 nor RSA-3072 in PKCS#8; make one of these")]
pub struct NotACardKey;

impl CardKey {
    /// The key in this PKCS#8 structure (DER).
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, NotACardKey> {
        if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Ok(Self::P256(key));
        }
        if let Ok(key) = p384::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Ok(Self::P384(key));
        }
        let mut key = RsaPrivateKey::from_pkcs8_der(der).map_err(|_| NotACardKey)?;
        key.precompute().map_err(|_| NotACardKey)?;
        match key.size() {
            256 | 384 if key.primes().len() == 2 => Ok(Self::Rsa(Box::new(key))),
            _ => Err(NotACardKey),
        }
    }

    /// The public key.
    pub fn public(&self) -> Result<SubjectPublicKeyInfoOwned, NotACardKey> {
        let document = match self {
            Self::P256(key) => key.verifying_key().to_public_key_der(),
            Self::P384(key) => key.verifying_key().to_public_key_der(),
            Self::Rsa(key) => key.to_public_key().to_public_key_der(),
        };
        document.ok().and_then(|document| document.decode_msg().ok()).ok_or(NotACardKey)
    }

    /// The cryptographic algorithm identifier (SP 800-78-4 table 6-2; 05 from SP 800-78-5).
    pub fn algorithm(&self) -> u8 {
        match self {
            Self::P256(_) => 0x11,
            Self::P384(_) => 0x14,
            Self::Rsa(key) if key.size() == 256 => 0x07,
            Self::Rsa(_) => 0x05,
        }
    }

    /// Signs `input`: a digest for an elliptic curve, a padded block as long as the modulus for RSA. `None` when the length
    /// is wrong.
    pub fn sign(&self, input: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::P256(key) if input.len() == 32 => {
                let signature: p256::ecdsa::DerSignature = key.sign_prehash(input).ok()?;
                Some(signature.as_bytes().to_vec())
            }
            Self::P384(key) if input.len() == 48 => {
                let signature: p384::ecdsa::DerSignature = key.sign_prehash(input).ok()?;
                Some(signature.as_bytes().to_vec())
            }
            Self::Rsa(key) if input.len() == key.size() => raw_rsa(key, input),
            _ => None,
        }
    }
}

impl CardKey {
    /// Agrees on a secret (ECDH) with the owner of the public key `point`, uncompressed: the x coordinate of the shared point. `None` for
    /// another kind of key, and for what is no point of its curve.
    pub fn agree(&self, point: &[u8]) -> Option<Vec<u8>> {
        let Self::P256(key) = self else { return None };
        let other = p256::PublicKey::from_sec1_bytes(point).ok()?;
        let shared = (other.to_projective() * key.as_nonzero_scalar().as_ref()).to_affine();
        Some(shared.x().to_vec())
    }
}

/// RSASP1 (RFC 8017 §5.2.1).
fn raw_rsa(key: &RsaPrivateKey, block: &[u8]) -> Option<Vec<u8>> {
    let length = key.size();
    let block = BoxedUint::from_be_slice(block, u32::try_from(length).ok()?.checked_mul(8)?).ok()?;
    let value = rsa::hazmat::rsa_decrypt_and_check(key, None::<&mut dyn CryptoRng>, &block).ok()?;
    let bytes = value.to_be_bytes();
    let digits = bytes.get(bytes.len().saturating_sub(length)..)?;
    let mut signature = vec![0; length.checked_sub(digits.len())?];
    signature.extend_from_slice(digits);
    Some(signature)
}
