//! Revocation lists (RFC 5280 §5): whole ones of the certificate's own issuer. Indirect and delta lists are refused.

use const_oid::{
    ObjectIdentifier,
    db::rfc5280::{ID_CE_DELTA_CRL_INDICATOR, ID_CE_ISSUING_DISTRIBUTION_POINT},
};
use der::{Any, Decode as _, Encode as _, Sequence, asn1::BitString};
use spki::AlgorithmIdentifierOwned;
use x509_cert::{
    Certificate,
    crl::TbsCertList,
    ext::{
        Extension,
        pkix::{
            BasicConstraints, CrlDistributionPoints, KeyUsage,
            crl::IssuingDistributionPoint,
            name::{DistributionPointName, GeneralName},
        },
    },
};

use super::{CLOCK_DIFFERENCE, Question, Statement, moment};
use crate::trust::{RevocationProblem, verify_signature};

/// Largest accepted list, in bytes.
pub(super) const MAX_BYTES: usize = 20 << 20;
/// The only critical extension that is understood.
const UNDERSTOOD: [ObjectIdentifier; 1] = [ID_CE_ISSUING_DISTRIBUTION_POINT];

/// `CertificateList`, with what is signed as it came.
#[derive(Sequence)]
struct SignedList {
    tbs: Any,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

/// What the list says about the certificate.
pub(super) fn check(der: &[u8], question: &Question<'_>) -> Result<Statement, RevocationProblem> {
    if der.len() > MAX_BYTES {
        return Err(RevocationProblem::TooLarge);
    }
    let damaged = |_| RevocationProblem::Damaged;
    let list = SignedList::from_der(der).map_err(damaged)?;
    let signed = list.tbs.to_der().map_err(damaged)?;
    // Nothing of a list is read in detail before the CA's signature on it is right.
    check_signer(&list, &signed, question.issuer)?;
    let tbs = TbsCertList::<x509_cert::certificate::Rfc5280>::from_der(&signed).map_err(damaged)?;
    if tbs.signature != list.algorithm {
        return Err(RevocationProblem::Damaged);
    }
    if tbs.issuer != *question.certificate.tbs_certificate().issuer() {
        return Err(RevocationProblem::AboutSomethingElse);
    }
    check_scope(tbs.crl_extensions.as_deref().unwrap_or_default(), question.certificate)?;

    let this_update = moment(tbs.this_update.to_unix_duration())?;
    // A list must say when there is a newer one (RFC 5280 §5.1.2.5).
    let next_update = moment(tbs.next_update.ok_or(RevocationProblem::Damaged)?.to_unix_duration())?;
    let at = question.at;
    let overdue = at.duration_since(next_update);
    if this_update.duration_since(at) > CLOCK_DIFFERENCE || overdue > question.grace.max(jiff::SignedDuration::ZERO) {
        return Err(RevocationProblem::Stale);
    }

    let serial = question.certificate.tbs_certificate().serial_number();
    let mut revoked = None;
    for entry in tbs.revoked_certificates.iter().flatten() {
        // Among them the extension by which an entry belongs to another issuer.
        if entry.crl_entry_extensions.iter().flatten().any(|extension| extension.critical) {
            return Err(RevocationProblem::UnknownDemand);
        }
        if entry.serial_number == *serial {
            revoked = Some(moment(entry.revocation_date.to_unix_duration())?);
        }
    }
    let stale = overdue > jiff::SignedDuration::ZERO;
    Ok(Statement { revoked, produced_at: this_update, this_update, next_update: Some(next_update), stale })
}

/// The issuer's own signature, by a key that may sign lists.
fn check_signer(list: &SignedList, signed: &[u8], issuer: &Certificate) -> Result<(), RevocationProblem> {
    let not_signed = RevocationProblem::NotSigned;
    let usage = issuer.tbs_certificate().get_extension::<KeyUsage>().map_err(|_| not_signed)?;
    if !usage.is_some_and(|(_, usage)| usage.crl_sign()) {
        return Err(not_signed);
    }
    let key = issuer.tbs_certificate().subject_public_key_info();
    let signature = list.signature.as_bytes().ok_or(not_signed)?;
    verify_signature(key, &list.algorithm, signed, signature).map(|_| ()).map_err(|_| not_signed)
}

/// The list is whole and covers the certificate.
fn check_scope(extensions: &[Extension], certificate: &Certificate) -> Result<(), RevocationProblem> {
    let unknown = |extension: &Extension| {
        extension.extn_id == ID_CE_DELTA_CRL_INDICATOR || extension.critical && !UNDERSTOOD.contains(&extension.extn_id)
    };
    if extensions.iter().any(unknown) {
        return Err(RevocationProblem::UnknownDemand);
    }
    let Some(found) = extensions.iter().find(|extension| extension.extn_id == ID_CE_ISSUING_DISTRIBUTION_POINT) else {
        return Ok(());
    };
    let part = IssuingDistributionPoint::from_der(found.extn_value.as_bytes()).map_err(|_| RevocationProblem::Damaged)?;
    if part.indirect_crl || part.only_some_reasons.is_some() {
        return Err(RevocationProblem::UnknownDemand);
    }
    let constraints = certificate.tbs_certificate().get_extension::<BasicConstraints>();
    let authority = constraints.map_err(|_| RevocationProblem::Damaged)?.is_some_and(|(_, constraints)| constraints.ca);
    let covers = if authority { !part.only_contains_user_certs } else { !part.only_contains_ca_certs };
    if !covers || part.only_contains_attribute_certs {
        return Err(RevocationProblem::AboutSomethingElse);
    }
    match part.distribution_point {
        None => Ok(()),
        Some(DistributionPointName::FullName(names)) if names.iter().any(|name| points_of(certificate).contains(name)) => Ok(()),
        Some(_) => Err(RevocationProblem::AboutSomethingElse),
    }
}

fn points_of(certificate: &Certificate) -> Vec<GeneralName> {
    let points = certificate.tbs_certificate().get_extension::<CrlDistributionPoints>().ok().flatten();
    let named = points.into_iter().flat_map(|(_, points)| points.0).filter_map(|point| point.distribution_point);
    named
        .flat_map(|point| match point {
            DistributionPointName::FullName(names) => names,
            DistributionPointName::NameRelativeToCRLIssuer(_) => Vec::new(),
        })
        .collect()
}
