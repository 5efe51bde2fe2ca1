//! The kinds of keys on a card and how each signs.

use const_oid::db::rfc5912;
use der::{Any, Decode as _, asn1::ObjectIdentifier};
use rsa::pkcs1::RsaPublicKeyRef;
use x509_cert::Certificate;

use super::{CardError, padding};
use crate::trust::{RsaDigest, SignatureAlgorithm};

/// The padding of RSA signatures. The card computes with whole blocks, so it can do both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RsaPadding {
    /// PKCS#1 v1.5: accepted by every PDF validator.
    #[default]
    Pkcs1,
    /// PSS: what ETSI TS 119 312 recommends.
    Pss,
}

/// The kind of a card's key, as its certificate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    P256,
    P384,
    /// RSA with a modulus of this many bytes.
    Rsa {
        modulus: usize,
    },
}

/// Modulus lengths in bytes.
const RSA_2048: usize = 256;
const RSA_3072: usize = 384;

impl KeyKind {
    pub fn of(certificate: &Certificate) -> Result<Self, CardError> {
        let key = certificate.tbs_certificate().subject_public_key_info();
        let parameters = key.algorithm.parameters.as_ref();
        match key.algorithm.oid {
            rfc5912::ID_EC_PUBLIC_KEY => match parameters.and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok()) {
                Some(rfc5912::SECP_256_R_1) => Ok(Self::P256),
                Some(rfc5912::SECP_384_R_1) => Ok(Self::P384),
                _ => Err(CardError::KeyNotSupported),
            },
            rfc5912::RSA_ENCRYPTION if parameters == Some(&Any::null()) => {
                let bytes = key.subject_public_key.as_bytes().ok_or(CardError::KeyNotSupported)?;
                let public = RsaPublicKeyRef::from_der(bytes).map_err(|_| CardError::KeyNotSupported)?;
                match public.modulus.as_bytes().len() {
                    modulus @ (RSA_2048 | RSA_3072) => Ok(Self::Rsa { modulus }),
                    _ => Err(CardError::KeyNotSupported),
                }
            }
            _ => Err(CardError::KeyNotSupported),
        }
    }

    /// The cryptographic algorithm identifier (SP 800-78-4 table 6-2; 05 from SP 800-78-5).
    pub fn identifier(self) -> u8 {
        match self {
            Self::P256 => 0x11,
            Self::P384 => 0x14,
            Self::Rsa { modulus: RSA_2048 } => 0x07,
            Self::Rsa { .. } => 0x05,
        }
    }

    /// How such a key signs.
    pub fn signature(self, padding: RsaPadding) -> SignatureAlgorithm {
        match (self, padding) {
            (Self::P256, _) => SignatureAlgorithm::P256,
            (Self::P384, _) => SignatureAlgorithm::P384,
            (Self::Rsa { .. }, RsaPadding::Pkcs1) => SignatureAlgorithm::RsaPkcs1(RsaDigest::Sha256),
            (Self::Rsa { .. }, RsaPadding::Pss) => SignatureAlgorithm::RsaPss(RsaDigest::Sha256),
        }
    }

    /// What the card is given to sign for `digest`.
    pub fn input(self, algorithm: SignatureAlgorithm, digest: &[u8]) -> Result<Vec<u8>, CardError> {
        if digest.len() != algorithm.digest(&[]).len() {
            return Err(CardError::Input);
        }
        match (self, algorithm) {
            (Self::P256, SignatureAlgorithm::P256) | (Self::P384, SignatureAlgorithm::P384) => Ok(digest.to_vec()),
            (Self::Rsa { modulus }, SignatureAlgorithm::RsaPkcs1(_)) => padding::pkcs1(algorithm, digest, modulus),
            (Self::Rsa { modulus }, SignatureAlgorithm::RsaPss(_)) => {
                let mut salt = vec![0; digest.len()];
                getrandom::fill(&mut salt).map_err(|_| CardError::System)?;
                padding::pss(algorithm, digest, &salt, modulus)
            }
            _ => Err(CardError::KeyNotSupported),
        }
    }
}
