//! Which of a card's certificates is for what, where PKCS#11 gives no more than a label.

use std::collections::BTreeSet;

use der::Decode as _;
use x509_cert::{
    Certificate,
    ext::pkix::{KeyUsage, KeyUsages},
};

use crate::device::card::{CardCertificate, Contents, Slot};

/// What the containers of a PIV card are called (SP 800-73-4 part 1 §3), as PKCS#11 modules label their certificates.
const CONTAINERS: [(&str, Slot); 4] = [
    ("PIV Authentication", Slot::Authentication),
    ("Digital Signature", Slot::Signature),
    ("Key Management", Slot::KeyManagement),
    ("Card Authentication", Slot::CardAuthentication),
];

/// Sorts certificates (label and DER) into slots: by the label where it is a PIV container's, and by key usage otherwise. Where
/// two are for the same, the first counts, and the other one stands among the further ones.
pub fn sort(found: Vec<(String, Vec<u8>)>) -> Contents {
    let mut contents = Contents::default();
    let mut taken = BTreeSet::new();
    for (label, der) in found {
        let Ok(certificate) = Certificate::from_der(&der) else { continue };
        match slot(&label, &certificate) {
            Some(slot) if taken.insert(slot) => contents.certificates.push(CardCertificate { slot, certificate }),
            _ => contents.further.push(certificate),
        }
    }
    contents.certificates.sort_by_key(|found| found.slot);
    contents
}

fn slot(label: &str, certificate: &Certificate) -> Option<Slot> {
    let container = CONTAINERS.iter().find(|(name, _)| label.contains(name)).map(|(_, slot)| *slot);
    container.or_else(|| by_usage(certificate))
}

/// RFC 5280 §4.2.1.3: contentCommitment is for documents, digitalSignature alone for signing in. The certificate of a CA is for
/// neither.
fn by_usage(certificate: &Certificate) -> Option<Slot> {
    let (_, KeyUsage(usage)) = certificate.tbs_certificate().get_extension::<KeyUsage>().ok()??;
    let has = |wanted| usage.contains(wanted);
    if has(KeyUsages::NonRepudiation) {
        Some(Slot::Signature)
    } else if has(KeyUsages::DigitalSignature) && !has(KeyUsages::KeyCertSign) {
        Some(Slot::Authentication)
    } else if has(KeyUsages::KeyEncipherment) || has(KeyUsages::KeyAgreement) {
        Some(Slot::KeyManagement)
    } else {
        None
    }
}
