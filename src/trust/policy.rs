//! Certificate policies along a chain, and the kind of certificate that they tell.

use const_oid::{ObjectIdentifier, db::rfc5280::ANY_POLICY};
use x509_cert::{Certificate, ext::pkix::CertificatePolicies};

use super::TrustSettings;
use crate::rules::CertificateKind;

/// The training CA's policy for local certificates, under the enterprise number for examples (RFC 5612).
pub(super) const TRAINING_LOCAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.3.1");
/// The training CA's policy for certificates that stand for qualified ones.
pub(super) const TRAINING_QUALIFIED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.3.2");

/// The policies that the leaf asserts and that no CA between it and the anchor forbids: a CA's own policies must name the same
/// one or `anyPolicy` (RFC 5280 §4.2.1.4), and a CA without policies forbids none, because small CAs leave the extension
/// out. The anchor is trusted as it is. `anyPolicy` in the leaf names nothing. `chain` has the leaf first, the anchor last.
pub(super) fn policies_along(chain: &[Certificate]) -> Vec<ObjectIdentifier> {
    let [leaf, above @ ..] = chain else { return Vec::new() };
    let authorities = above.split_last().map_or(&[][..], |(_anchor, between)| between);
    let allowed = |policy: &ObjectIdentifier| {
        authorities.iter().all(|authority| asserted(authority).is_none_or(|of| of.contains(policy) || of.contains(&ANY_POLICY)))
    };
    asserted(leaf).unwrap_or_default().into_iter().filter(|policy| *policy != ANY_POLICY && allowed(policy)).collect()
}

/// The kind that these policies tell. Policies of both kinds tell none.
pub(super) fn kind(policies: &[ObjectIdentifier], settings: &TrustSettings, training: bool) -> Option<CertificateKind> {
    let has = |of: &[ObjectIdentifier], own: ObjectIdentifier| {
        policies.iter().any(|policy| of.contains(policy) || (training && *policy == own))
    };
    let local = has(&settings.local_policies, TRAINING_LOCAL);
    let qualified = has(&settings.qualified_policies, TRAINING_QUALIFIED);
    match (local, qualified) {
        (true, false) => Some(CertificateKind::Local),
        (false, true) => Some(CertificateKind::Qualified),
        _ => None,
    }
}

/// What the extension says; `None` without it, nothing when it is damaged.
fn asserted(certificate: &Certificate) -> Option<Vec<ObjectIdentifier>> {
    match certificate.tbs_certificate().get_extension::<CertificatePolicies>() {
        Ok(found) => found.map(|(_, policies)| policies.0.into_iter().map(|policy| policy.policy_identifier).collect()),
        Err(_) => Some(Vec::new()),
    }
}
