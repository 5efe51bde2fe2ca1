//! From a certificate to a trust anchor at a point in time (RFC 5280 §6.1, without name constraints, policy mappings and policy
//! constraints: a certificate that makes them critical is refused). What a policy means is left to the caller.

use const_oid::{AssociatedOid as _, ObjectIdentifier};
use der::Encode as _;
use jiff::Timestamp;
use x509_cert::{
    Certificate,
    ext::pkix::{BasicConstraints, CertificatePolicies, ExtendedKeyUsage, KeyUsage, SubjectAltName},
};

use super::{Anchors, SignatureFault, algorithm::ACCEPTED, serial_text, verify_signature};

/// Longest accepted chain, the signer's certificate and the anchor included.
const MAX_LENGTH: usize = 6;
/// The critical extensions that are understood here.
const UNDERSTOOD: [ObjectIdentifier; 5] =
    [BasicConstraints::OID, KeyUsage::OID, ExtendedKeyUsage::OID, SubjectAltName::OID, CertificatePolicies::OID];

/// A verified chain, the signer's certificate first.
#[derive(Debug, Clone)]
pub struct Chain {
    /// The certificates from the signer to the top.
    pub certificates: Vec<Certificate>,
    /// Whether the top is one of the given anchors. Without anchors the chain ends in a self-signed CA and this is false.
    pub anchored: bool,
}

/// Why a certificate does not count. Certificates are named by their serial number, because error texts never name a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Before its validity.
    #[error("the certificate with serial number {serial} is not valid yet at that time; check the station's clock")]
    NotYetValid {
        /// The certificate's serial number.
        serial: String,
    },
    /// After its validity.
    #[error("the certificate with serial number {serial} has expired at that time; get a new one")]
    Expired {
        /// The certificate's serial number.
        serial: String,
    },
    /// No certificate of the issuer is at hand.
    #[error("the issuer of the certificate with serial number {serial} is missing; give the CA's certificate")]
    IssuerMissing {
        /// The certificate's serial number.
        serial: String,
    },
    /// The issuer's signature on the certificate is wrong.
    #[error("the certificate with serial number {serial} was not signed by the CA that it names; do not rely on it")]
    SignatureWrong {
        /// The certificate's serial number.
        serial: String,
    },
    /// Signed with an algorithm that is not accepted.
    #[error("the certificate with serial number {serial} uses an algorithm that is not accepted; accepted are {ACCEPTED}")]
    Algorithm {
        /// The certificate's serial number.
        serial: String,
    },
    /// An issuer that may not issue certificates.
    #[error("the certificate with serial number {serial} is not a certificate authority; do not rely on what it issued")]
    NotAnAuthority {
        /// The certificate's serial number.
        serial: String,
    },
    /// The signer's certificate may not sign.
    #[error("the certificate with serial number {serial} is not meant for signatures; use the signing certificate")]
    NotForSigning {
        /// The certificate's serial number.
        serial: String,
    },
    /// The certificate of a time-stamp is not for time-stamps alone.
    #[error("the certificate with serial number {serial} is not meant for time-stamps alone; do not rely on its time-stamps")]
    NotForTimeStamps {
        /// The certificate's serial number.
        serial: String,
    },
    /// More certificates than allowed between signer and anchor.
    #[error("the chain of certificates is longer than the certificate with serial number {serial} allows; do not rely on it")]
    PathTooLong {
        /// The certificate's serial number.
        serial: String,
    },
    /// An extension that must be understood is not.
    #[error(
        "the certificate with serial number {serial} demands rules that this program does not know; have it checked by other means"
    )]
    UnknownDemand {
        /// The certificate's serial number.
        serial: String,
    },
    /// Damaged extensions.
    #[error("the certificate with serial number {serial} is damaged; enrol anew")]
    Damaged {
        /// The certificate's serial number.
        serial: String,
    },
    /// The chain ends in a CA that is not trusted.
    #[error(
        "the chain ends at the certificate with serial number {serial}, which is not among the trusted CAs; trust it only after checking it by other means"
    )]
    NotAnchored {
        /// The certificate's serial number.
        serial: String,
    },
    /// A certificate that is not part of the chain.
    #[error("the certificate with serial number {serial} does not belong to the signer's chain; do not rely on the file")]
    Unrelated {
        /// The certificate's serial number.
        serial: String,
    },
}

impl TrustError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotYetValid { .. } => "CERTIFICATE_NOT_YET_VALID",
            Self::Expired { .. } => "CERTIFICATE_EXPIRED",
            Self::IssuerMissing { .. } => "CERTIFICATE_ISSUER_MISSING",
            Self::SignatureWrong { .. } => "CERTIFICATE_SIGNATURE_WRONG",
            Self::Algorithm { .. } => "CERTIFICATE_ALGORITHM_NOT_ACCEPTED",
            Self::NotAnAuthority { .. } => "CERTIFICATE_ISSUER_NOT_AN_AUTHORITY",
            Self::NotForSigning { .. } => "CERTIFICATE_NOT_FOR_SIGNING",
            Self::NotForTimeStamps { .. } => "CERTIFICATE_NOT_FOR_TIME_STAMPS",
            Self::PathTooLong { .. } => "CERTIFICATE_CHAIN_TOO_LONG",
            Self::UnknownDemand { .. } => "CERTIFICATE_UNKNOWN_DEMAND",
            Self::Damaged { .. } => "CERTIFICATE_DAMAGED",
            Self::NotAnchored { .. } => "CERTIFICATE_NOT_TRUSTED",
            Self::Unrelated { .. } => "CERTIFICATE_UNRELATED",
        }
    }
}

/// Verifies the chain of `leaf`, a certificate for signatures, at the time `at`. `pool` holds the certificates that came along.
///
/// With anchors the chain must end at one of them; without, at a self-signed CA of the pool.
pub fn verify_chain(leaf: &Certificate, pool: &[Certificate], anchors: &Anchors, at: Timestamp) -> Result<Chain, TrustError> {
    check_validity(leaf, at)?;
    check_demands(leaf)?;
    check_may_sign(leaf)?;
    path(leaf, pool, anchors, at)
}

/// The same for a certificate of any use, whose own validity the caller judges.
pub(super) fn path(leaf: &Certificate, pool: &[Certificate], anchors: &Anchors, at: Timestamp) -> Result<Chain, TrustError> {
    check_demands(leaf)?;
    let mut certificates = vec![leaf.clone()];
    let mut current = leaf;
    while certificates.len() < MAX_LENGTH {
        let below = certificates.len().saturating_sub(1);
        let issuer = find_issuer(current, anchors.certificates(), pool, below, at)?;
        certificates.push(issuer.clone());
        if anchors.contain(issuer) {
            return Ok(Chain { certificates, anchored: true });
        }
        if is_self_issued(issuer) {
            check_signature(issuer, issuer)?;
            return if anchors.is_empty() {
                Ok(Chain { certificates, anchored: false })
            } else {
                Err(TrustError::NotAnchored { serial: serial_text(issuer) })
            };
        }
        current = issuer;
    }
    Err(TrustError::PathTooLong { serial: serial_text(current) })
}

/// The certificate that signed `of`, with `below` CAs between it and the leaf. Anchors come first, so a look-alike in the pool
/// cannot stand in for one. A CA may have renewed its certificate: the first that is good is taken.
fn find_issuer<'a>(
    of: &Certificate,
    anchors: &'a [Certificate],
    pool: &'a [Certificate],
    below: usize,
    at: Timestamp,
) -> Result<&'a Certificate, TrustError> {
    let name = of.tbs_certificate().issuer();
    let good = |candidate: &Certificate| {
        check_signature(of, candidate)?;
        check_validity(candidate, at)?;
        check_demands(candidate)?;
        check_authority(candidate, below)
    };
    let mut failure = TrustError::IssuerMissing { serial: serial_text(of) };
    for candidate in anchors.iter().chain(pool) {
        if candidate.tbs_certificate().subject() != name || candidate == of {
            continue;
        }
        match good(candidate) {
            Ok(()) => return Ok(candidate),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Fails where the pool holds a certificate that is on no way upwards from `leaf`. Unlike a chain, the way may end before an
/// anchor is reached.
pub fn check_all_on_path(leaf: &Certificate, pool: &[Certificate]) -> Result<(), TrustError> {
    let mut path = vec![leaf];
    while let Some(next) = pool.iter().find(|candidate| {
        let issued = |of: &&Certificate| {
            of.tbs_certificate().issuer() == candidate.tbs_certificate().subject() && check_signature(of, candidate).is_ok()
        };
        !path.contains(candidate) && path.iter().any(issued)
    }) {
        path.push(next);
    }
    match pool.iter().find(|certificate| !path.contains(certificate)) {
        Some(foreign) => Err(TrustError::Unrelated { serial: serial_text(foreign) }),
        None => Ok(()),
    }
}

pub(super) fn check_signature(of: &Certificate, issuer: &Certificate) -> Result<(), TrustError> {
    let tbs = of.tbs_certificate();
    let damaged = || TrustError::Damaged { serial: serial_text(of) };
    // Both places that name the algorithm must agree (RFC 5280 §4.1.1.2).
    if tbs.signature() != of.signature_algorithm() {
        return Err(damaged());
    }
    let signed = tbs.to_der().map_err(|_| damaged())?;
    let signature = of.signature().as_bytes().ok_or_else(damaged)?;
    let key = issuer.tbs_certificate().subject_public_key_info();
    match verify_signature(key, of.signature_algorithm(), &signed, signature) {
        Ok(_) => Ok(()),
        Err(SignatureFault::Unsupported) => Err(TrustError::Algorithm { serial: serial_text(of) }),
        Err(SignatureFault::Wrong) => Err(TrustError::SignatureWrong { serial: serial_text(of) }),
    }
}

/// The validity (RFC 5280 §4.1.2.5), to the second.
pub(super) fn check_validity(certificate: &Certificate, at: Timestamp) -> Result<(), TrustError> {
    let validity = certificate.tbs_certificate().validity();
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    if seconds < validity.not_before.to_unix_duration().as_secs() {
        return Err(TrustError::NotYetValid { serial: serial_text(certificate) });
    }
    if seconds > validity.not_after.to_unix_duration().as_secs() {
        return Err(TrustError::Expired { serial: serial_text(certificate) });
    }
    Ok(())
}

/// No critical extension that is not understood (RFC 5280 §4.2).
pub(super) fn check_demands(certificate: &Certificate) -> Result<(), TrustError> {
    let extensions = certificate.tbs_certificate().extensions().map_or(&[][..], Vec::as_slice);
    if extensions.iter().any(|extension| extension.critical && !UNDERSTOOD.contains(&extension.extn_id)) {
        return Err(TrustError::UnknownDemand { serial: serial_text(certificate) });
    }
    Ok(())
}

/// A CA with `keyCertSign` whose path length allows `below` intermediate certificates (RFC 5280 §4.2.1.9, §4.2.1.3).
fn check_authority(issuer: &Certificate, below: usize) -> Result<(), TrustError> {
    let not_an_authority = || TrustError::NotAnAuthority { serial: serial_text(issuer) };
    let constraints = extension::<BasicConstraints>(issuer)?.ok_or_else(not_an_authority)?;
    let usage = extension::<KeyUsage>(issuer)?.ok_or_else(not_an_authority)?;
    if !constraints.ca || !usage.key_cert_sign() {
        return Err(not_an_authority());
    }
    match constraints.path_len_constraint {
        Some(limit) if below > usize::from(limit) => Err(TrustError::PathTooLong { serial: serial_text(issuer) }),
        _ => Ok(()),
    }
}

/// A certificate of a person, not of a CA, with `digitalSignature` or `nonRepudiation`.
pub(super) fn check_may_sign(leaf: &Certificate) -> Result<(), TrustError> {
    let usage = extension::<KeyUsage>(leaf)?;
    let authority = extension::<BasicConstraints>(leaf)?.is_some_and(|constraints| constraints.ca);
    match usage {
        Some(usage) if !authority && (usage.digital_signature() || usage.non_repudiation()) => Ok(()),
        _ => Err(TrustError::NotForSigning { serial: serial_text(leaf) }),
    }
}

pub(super) fn extension<'a, T>(certificate: &'a Certificate) -> Result<Option<T>, TrustError>
where
    T: der::Decode<'a> + const_oid::AssociatedOid,
    T::Error: From<der::Error>,
{
    let found = certificate.tbs_certificate().get_extension::<T>();
    found.map(|found| found.map(|(_, value)| value)).map_err(|_| TrustError::Damaged { serial: serial_text(certificate) })
}

fn is_self_issued(certificate: &Certificate) -> bool {
    certificate.tbs_certificate().subject() == certificate.tbs_certificate().issuer()
}
