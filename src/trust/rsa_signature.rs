//! Verification of RSA signatures (RFC 8017 §8).

use der::Any;
use rsa::{
    Pkcs1v15Sign, Pss, RsaPublicKey, pkcs1::DecodeRsaPublicKey as _, pss::get_default_pss_signature_algo_id,
    traits::PublicKeyParts as _,
};
use sha2::{Sha256, Sha384, Sha512};

use super::RsaDigest;

/// Accepted lengths of the modulus in bits: what ETSI TS 119 312 allows and authorities use.
const MODULUS_BITS: std::ops::RangeInclusive<u32> = 2048..=4096;
/// Fewest bits of the public exponent: 65 537 or more (FIPS 186-5 §5.1).
const EXPONENT_BITS: u32 = 17;

/// The parameters that name RSASSA-PSS with this digest, MGF1 with the same digest and a salt as long as the digest.
pub fn pss_parameters(digest: RsaDigest) -> Option<Any> {
    let identifier = match digest {
        RsaDigest::Sha256 => get_default_pss_signature_algo_id::<Sha256>(),
        RsaDigest::Sha384 => get_default_pss_signature_algo_id::<Sha384>(),
        RsaDigest::Sha512 => get_default_pss_signature_algo_id::<Sha512>(),
    };
    identifier.ok().and_then(|identifier| identifier.parameters)
}

/// Whether `signature` is the PKCS#1 v1.5 signature of `hashed`.
pub fn accepts_pkcs1(digest: RsaDigest, key: &[u8], hashed: &[u8], signature: &[u8]) -> bool {
    let scheme = match digest {
        RsaDigest::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
        RsaDigest::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
        RsaDigest::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
    };
    public_key(key).is_some_and(|key| key.verify(scheme, hashed, signature).is_ok())
}

/// Whether `signature` is the PSS signature of `hashed`.
pub fn accepts_pss(digest: RsaDigest, key: &[u8], hashed: &[u8], signature: &[u8]) -> bool {
    let Some(key) = public_key(key) else { return false };
    let outcome = match digest {
        RsaDigest::Sha256 => key.verify(Pss::<Sha256>::new(), hashed, signature),
        RsaDigest::Sha384 => key.verify(Pss::<Sha384>::new(), hashed, signature),
        RsaDigest::Sha512 => key.verify(Pss::<Sha512>::new(), hashed, signature),
    };
    outcome.is_ok()
}

/// The key, when its length and exponent are accepted.
fn public_key(bytes: &[u8]) -> Option<RsaPublicKey> {
    let key = RsaPublicKey::from_pkcs1_der(bytes).ok()?;
    (MODULUS_BITS.contains(&key.n().bits()) && key.e().bits() >= EXPONENT_BITS).then_some(key)
}
