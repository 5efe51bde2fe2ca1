//! Trust's verdict and what it rests on, kept as evidence.

use der::Encode as _;

use crate::{
    control::judged::{AnswerSource, Judged, JudgedNote, RevocationAnswer},
    register::{EvidenceStore, RegisterError},
    trust::{ProofSource, Verdict},
};

/// Keeps the certificates and the answers on revocation of a verdict, and says what was kept.
pub fn keep(store: &EvidenceStore, verdict: &Verdict) -> Result<Judged, RegisterError> {
    let mut chain = Vec::with_capacity(verdict.chain.len());
    for certificate in &verdict.chain {
        chain.push(store.put(&certificate.to_der().map_err(|_| RegisterError::BadBody)?)?);
    }
    let mut revocation = Vec::with_capacity(verdict.proofs.len());
    for proof in &verdict.proofs {
        revocation.push(RevocationAnswer {
            serial: proof.serial.clone(),
            source: match proof.source {
                ProofSource::Ocsp => AnswerSource::Ocsp,
                ProofSource::RevocationList => AnswerSource::RevocationList,
            },
            url: proof.url.clone(),
            answer: store.put(&proof.der)?,
            produced_at: proof.produced_at,
            next_update: proof.next_update,
            kept: proof.kept,
        });
    }
    let notes = verdict.notes.iter().map(|note| JudgedNote { code: note.code().to_owned(), text: note.to_string() });
    Ok(Judged { at: verdict.at, chain, policies: verdict.policies.clone(), revocation, notes: notes.collect() })
}
