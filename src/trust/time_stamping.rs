//! Certificates of time-stamping authorities.

use const_oid::db::rfc5280::ID_KP_TIME_STAMPING;
use jiff::Timestamp;
use x509_cert::{Certificate, ext::pkix::ExtendedKeyUsage};

use super::{
    Anchors, Chain, TrustError,
    chain::{check_may_sign, check_validity, path},
    serial_text,
};

/// Verifies the chain of `leaf`, a certificate of a time-stamping authority, at the time `at`: as [`super::verify_chain`], but the
/// certificate must be for time-stamps and nothing else (RFC 3161 §2.3).
pub fn verify_time_stamping_chain(
    leaf: &Certificate,
    pool: &[Certificate],
    anchors: &Anchors,
    at: Timestamp,
) -> Result<Chain, TrustError> {
    check_validity(leaf, at)?;
    check_may_sign(leaf)?;
    // The extended key usage is critical and holds nothing else.
    let usage = leaf.tbs_certificate().get_extension::<ExtendedKeyUsage>();
    match usage.map_err(|_| TrustError::Damaged { serial: serial_text(leaf) })? {
        Some((true, usage)) if usage.0 == [ID_KP_TIME_STAMPING] => path(leaf, pool, anchors, at),
        _ => Err(TrustError::NotForTimeStamps { serial: serial_text(leaf) }),
    }
}
