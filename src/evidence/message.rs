//! What the readers of CMS messages (RFC 5652) share: signatures and time-stamps.

use cms::{
    cert::CertificateChoices,
    content_info::CmsVersion,
    signed_data::{SignedData, SignerIdentifier, SignerInfo},
};
use der::{Any, asn1::ObjectIdentifier};
use x509_cert::{
    Certificate,
    attr::{Attribute, Attributes},
};

/// Most certificates in one message.
const MAX_CERTIFICATES: usize = 8;

/// The certificates of the message; `None` without any, with too many or with other things in their place.
pub fn certificates(data: &SignedData) -> Option<Vec<Certificate>> {
    let choices = data.certificates.as_ref()?.0.as_slice();
    let certificates = choices.iter().map(|choice| match choice {
        CertificateChoices::Certificate(certificate) => Some(certificate.clone()),
        CertificateChoices::Other(_) => None,
    });
    certificates.collect::<Option<Vec<_>>>().filter(|all| all.len() <= MAX_CERTIFICATES)
}

/// The certificate that the signer names by its issuer and serial number.
pub fn signer_certificate<'a>(signer: &SignerInfo, pool: &'a [Certificate]) -> Option<&'a Certificate> {
    let SignerIdentifier::IssuerAndSerialNumber(wanted) = &signer.sid else { return None };
    pool.iter().find(|certificate| {
        let tbs = certificate.tbs_certificate();
        signer.version == CmsVersion::V1 && *tbs.issuer() == wanted.issuer && *tbs.serial_number() == wanted.serial_number
    })
}

/// The value of the attribute, when it occurs once with one value.
pub fn one_value(attributes: &Attributes, oid: ObjectIdentifier) -> Option<&Any> {
    let mut with_oid = attributes.iter().filter(|attribute: &&Attribute| attribute.oid == oid);
    match (with_oid.next()?.values.as_slice(), with_oid.next()) {
        ([value], None) => Some(value),
        _ => None,
    }
}
