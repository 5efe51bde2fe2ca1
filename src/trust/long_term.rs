//! Answers on revocation that are kept with a report: gathered while the CA still answers, read when it does not any more.

use jiff::{SignedDuration, Timestamp};
use x509_cert::Certificate;

use super::{ProofSource, RevocationProblem, RevocationProof, Trust, revocation, validity};

/// An answer without a next update speaks for so long after it was made (ETSI EN 319 411-1 REV-6.2.4-03A).
const WITHOUT_NEXT: SignedDuration = SignedDuration::from_hours(24);

/// What a kept answer says about one certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proven {
    /// Since when the certificate is revoked; `None` when it was not when the answer was made.
    pub revoked: Option<Timestamp>,
    /// When the answer was made.
    pub produced_at: Timestamp,
    /// From when it holds.
    pub this_update: Timestamp,
    /// Until when it holds.
    pub next_update: Option<Timestamp>,
}

impl Proven {
    /// Whether the answer speaks about the time `at`: it was made later, or it still held then.
    pub fn speaks_about(&self, at: Timestamp) -> bool {
        let until = self.next_update.or_else(|| self.this_update.checked_add(WITHOUT_NEXT).ok());
        self.this_update >= at || until.is_some_and(|until| until >= at)
    }
}

/// Reads a kept answer about `certificate`, which `issuer` signed, as of the time when the answer was made.
///
/// # Errors
/// Why it proves nothing. An answer made after the certificate's end proves nothing either: the CA may have forgotten by then.
pub fn read_proof(
    source: ProofSource,
    der: &[u8],
    certificate: &Certificate,
    issuer: &Certificate,
) -> Result<Proven, RevocationProblem> {
    let proven = revocation::read_kept(source, der, certificate, issuer)?;
    if proven.this_update > validity(certificate).1 { Err(RevocationProblem::Stale) } else { Ok(proven) }
}

impl Trust {
    /// The answers about each certificate of `chain` but its last, as far as they can be had now.
    pub fn revocation_proofs(&self, chain: &[Certificate], at: Timestamp) -> Vec<RevocationProof> {
        let pairs = chain.iter().zip(chain.iter().skip(1));
        pairs.filter_map(|(certificate, issuer)| self.revocation_proof(certificate, issuer, at).ok()).collect()
    }
}
