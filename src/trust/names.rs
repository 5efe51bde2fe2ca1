//! What a certificate says in words.

use super::hex::to_hex;
use const_oid::db::rfc4519;
use jiff::Timestamp;
use x509_cert::{
    Certificate,
    ext::pkix::{CertificatePolicies, name::DirectoryString},
    name::Name,
    time::Time,
};

/// The first common name (CN) of `name`; `None` when there is none or it is no text.
pub fn common_name(name: &Name) -> Option<String> {
    name.common_name().ok().flatten().map(|text| text.value().into_owned())
}

/// `name` in one line for people: the common name and the organisation, or the whole name when there is no common name.
pub fn describe(name: &Name) -> String {
    let organisation = name.organization().ok().flatten().map(|text| text.value().into_owned());
    match (common_name(name), organisation) {
        (Some(person), Some(organisation)) => format!("{person}, {organisation}"),
        (Some(person), None) => person,
        _ => name.to_string(),
    }
}

/// The serial number in lower-case hexadecimal digits.
pub fn serial_text(certificate: &Certificate) -> String {
    to_hex(certificate.tbs_certificate().serial_number().as_bytes())
}

/// The whole name of the issuer (RFC 4514): with the serial number it is the certificate's identity.
pub fn issuer_text(certificate: &Certificate) -> String {
    certificate.tbs_certificate().issuer().to_string()
}

/// The name that `text` writes (RFC 4514), as [`issuer_text`] writes it; `None` when it is none.
pub fn name_text(text: &str) -> Option<String> {
    text.parse::<Name>().ok().filter(|name| !name.is_empty()).map(|name| name.to_string())
}

/// Whether the certificate is for training: its own or its issuer's O or OU says "Training".
pub fn is_training(certificate: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    let says_training = |name: &Name| {
        name.iter()
            .filter(|part| part.oid == rfc4519::ORGANIZATION_NAME || part.oid == rfc4519::ORGANIZATIONAL_UNIT_NAME)
            .filter_map(|part| DirectoryString::try_from(&part.value).ok())
            .any(|text| text.value().to_lowercase().contains("training"))
    };
    says_training(tbs.subject()) || says_training(tbs.issuer())
}

/// The certificate policies (RFC 5280 §4.2.1.4) as dotted numbers; empty without any. They tell one kind of certificate of a CA
/// from another.
pub fn policies(certificate: &Certificate) -> Vec<String> {
    let found = certificate.tbs_certificate().get_extension::<CertificatePolicies>().ok().flatten();
    found.map_or_else(Vec::new, |(_, policies)| policies.0.iter().map(|policy| policy.policy_identifier.to_string()).collect())
}

/// The first and the last moment of the certificate's validity.
pub fn validity(certificate: &Certificate) -> (Timestamp, Timestamp) {
    let validity = certificate.tbs_certificate().validity();
    let moment = |time: &Time, beyond: Timestamp| {
        let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok();
        seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or(beyond)
    };
    (moment(&validity.not_before, Timestamp::MAX), moment(&validity.not_after, Timestamp::MAX))
}
