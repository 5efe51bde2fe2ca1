//! RSA padding (RFC 8017 §9): the card computes with the whole block and leaves its making to the host.

use der::{Any, Encode as _, Sequence, asn1::OctetString};
use spki::AlgorithmIdentifierOwned;

use super::CardError;
use crate::trust::SignatureAlgorithm;

/// `DigestInfo` (RFC 8017 §9.2).
#[derive(Sequence)]
struct DigestInfo {
    algorithm: AlgorithmIdentifierOwned,
    digest: OctetString,
}

/// The `DigestInfo` of a digest, in DER: what a PKCS#11 token pads by itself.
pub fn digest_info(algorithm: SignatureAlgorithm, digest: &[u8]) -> Result<Vec<u8>, CardError> {
    let identifier = AlgorithmIdentifierOwned { parameters: Some(Any::null()), ..algorithm.digest_identifier() };
    let info = OctetString::new(digest).and_then(|digest| DigestInfo { algorithm: identifier, digest }.to_der());
    info.map_err(|_| CardError::Input)
}

/// EMSA-PKCS1-v1_5: 00 01 FF … FF 00 DigestInfo, `length` bytes in all.
pub fn pkcs1(algorithm: SignatureAlgorithm, digest: &[u8], length: usize) -> Result<Vec<u8>, CardError> {
    let info = digest_info(algorithm, digest)?;
    let filling = length.checked_sub(info.len().saturating_add(3)).filter(|filling| *filling >= 8).ok_or(CardError::Input)?;
    Ok([&[0x00, 0x01][..], &vec![0xff; filling], &[0x00], &info].concat())
}

/// EMSA-PSS (RFC 8017 §9.1.1) with MGF1 for a modulus of `length` bytes whose highest bit is set.
pub fn pss(algorithm: SignatureAlgorithm, digest: &[u8], salt: &[u8], length: usize) -> Result<Vec<u8>, CardError> {
    let hash = algorithm.digest(&[&[0; 8], digest, salt]);
    let filling = length.checked_sub(hash.len().saturating_add(salt.len()).saturating_add(2)).ok_or(CardError::Input)?;
    let mut block = [&vec![0; filling][..], &[0x01], salt].concat();
    let mask = (0..u32::MAX).flat_map(|counter| algorithm.digest(&[&hash, &counter.to_be_bytes()]));
    block.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    // The number must be below the modulus: one bit fewer.
    if let Some(first) = block.first_mut() {
        *first &= 0x7f;
    }
    Ok([&block[..], &hash, &[0xbc]].concat())
}
