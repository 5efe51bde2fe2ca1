//! The data for later validation: every element is about this report, and together they say whether each certificate counted at
//! its time when the CA does not answer any more.

use std::collections::BTreeSet;

use der::{Decode as _, Encode as _};
use jiff::Timestamp;
use x509_cert::Certificate;

use super::{
    later::Store,
    problem::{Problem, ProblemKind},
};
use crate::trust::{ProofSource, Proven, TrustError, read_proof, serial_text};

/// The certificates of the store.
pub fn certificates(store: &Store<'_>) -> Result<Vec<Certificate>, Problem> {
    let read = |der: &&[u8]| {
        let certificate = Certificate::from_der(der).ok()?;
        (certificate.to_der().ok()? == **der).then_some(certificate)
    };
    let damaged = || ProblemKind::ValidationData.because("a certificate among the data for later validation is damaged");
    store.certificates.iter().map(|der| read(der).ok_or_else(damaged)).collect()
}

/// A chain whose certificates must have counted at a time.
#[derive(Clone, Copy)]
pub struct Needed<'a> {
    /// The chain, its anchor last.
    pub chain: &'a [Certificate],
    /// The time; `None` when nobody proves one, and then no revocation may be known at all.
    pub at: Option<Timestamp>,
}

/// Fails when an element is about something else or a certificate was revoked at its time. `all_known` says whether `needed` holds
/// every chain of the report; when an authority's CA is not at hand, nobody can say what belongs to it.
pub fn check(store: &Store<'_>, held: &[Certificate], needed: &[Needed<'_>], all_known: bool) -> Result<(), Problem> {
    for needed in needed {
        for (certificate, issuer) in pairs(needed.chain) {
            let revoked = proofs(store, certificate, issuer).filter_map(|proven| proven.revoked);
            if revoked.min().is_some_and(|since| needed.at.is_none_or(|at| since <= at)) {
                let serial = serial_text(certificate);
                let what = format!(
                    "the certificate with serial number {serial} was revoked before it was used; do not rely on the report"
                );
                return Err(Problem { code: "CERTIFICATE_REVOKED", what, offset: None });
            }
        }
    }
    if !all_known {
        return Ok(());
    }
    if let Some(foreign) = held.iter().find(|held| !needed.iter().any(|needed| needed.chain.contains(held))) {
        return Err(TrustError::Unrelated { serial: serial_text(foreign) }.into());
    }
    let unused = elements(store).any(|(source, der)| {
        let mut all = needed.iter().flat_map(|needed| pairs(needed.chain));
        !all.any(|(certificate, issuer)| read_proof(source, der, certificate, issuer).is_ok())
    });
    let distinct: BTreeSet<&[u8]> = elements(store).map(|(_, der)| der).chain(store.certificates.iter().copied()).collect();
    let doubled = distinct.len() != store.certificates.len() + store.ocsps.len() + store.crls.len();
    if unused || doubled {
        let what = "the data for later validation hold something damaged, doubled or about something else; ask for the report as it was kept";
        return Err(ProblemKind::ValidationData.because(what));
    }
    Ok(())
}

/// Whether everything is there that is needed to judge `needed` without asking anybody: all certificates, and an answer on
/// revocation about each but the anchor.
pub fn is_complete(store: &Store<'_>, needed: &[Needed<'_>]) -> bool {
    needed.iter().all(|needed| {
        let Some(at) = needed.at else { return false };
        let speaks = |(certificate, issuer): (&Certificate, &Certificate)| {
            proofs(store, certificate, issuer).any(|proven| proven.speaks_about(at))
        };
        let stored =
            |certificate: &Certificate| certificate.to_der().is_ok_and(|der| store.certificates.contains(&der.as_slice()));
        pairs(needed.chain).all(speaks) && needed.chain.iter().all(stored)
    })
}

/// Each certificate but the last, with its issuer.
fn pairs(chain: &[Certificate]) -> impl Iterator<Item = (&Certificate, &Certificate)> {
    chain.iter().zip(chain.iter().skip(1))
}

fn elements<'a>(store: &'a Store<'_>) -> impl Iterator<Item = (ProofSource, &'a [u8])> {
    let ocsps = store.ocsps.iter().map(|der| (ProofSource::Ocsp, *der));
    ocsps.chain(store.crls.iter().map(|der| (ProofSource::RevocationList, *der)))
}

fn proofs<'a>(store: &'a Store<'_>, certificate: &'a Certificate, issuer: &'a Certificate) -> impl Iterator<Item = Proven> {
    elements(store).filter_map(move |(source, der)| read_proof(source, der, certificate, issuer).ok())
}
