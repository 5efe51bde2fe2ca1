//! Raising a report to level B-LTA, step by step: the time of an authority, the answers of the CAs, and a time-stamp over both.

use der::Encode as _;
use jiff::Timestamp;
use x509_cert::Certificate;

use super::{
    extend::{self, ExtendError, ValidationData},
    sign::SignedReport,
    timestamp::TimeSource,
    verify::{Level, NotVerified, TrustedCas, VerifiedReport},
};
use crate::trust::{ProofSource, RevocationProof, Trust};

/// Gives what the CAs say about revocation. A trait, so that raising does not depend on the network.
pub trait RevocationSource {
    /// The answers about each certificate of `chain` but its last, as far as they can be had now.
    fn proofs(&self, chain: &[Certificate], now: Timestamp) -> Vec<RevocationProof>;
}

impl RevocationSource for Trust {
    fn proofs(&self, chain: &[Certificate], now: Timestamp) -> Vec<RevocationProof> {
        self.revocation_proofs(chain, now)
    }
}

/// Why a report was not raised.
#[derive(Debug, thiserror::Error)]
pub enum RaiseError {
    /// An update could not be made.
    #[error(transparent)]
    Extend(#[from] ExtendError),
    /// The raised report does not pass the program's own verification.
    #[error(transparent)]
    NotVerified(#[from] NotVerified),
}

impl RaiseError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Extend(error) => error.code(),
            Self::NotVerified(error) => error.code(),
        }
    }

    /// The authority is away or says no to everything: the next report would fail in the same way.
    pub fn concerns_all(&self) -> bool {
        matches!(self, Self::Extend(ExtendError::TimeStamp(_)))
    }
}

/// Raises `report` as far as it can be raised now. The result begins with every byte of `report`, and it has passed verification at
/// its new level; `None` when nothing higher can be reached, for example because the CA publishes nothing about revocation.
pub fn raise(
    report: &VerifiedReport,
    authority: &dyn TimeSource,
    revocation: &dyn RevocationSource,
    trusted: TrustedCas<'_>,
    clock: &dyn Fn() -> Timestamp,
) -> Result<Option<VerifiedReport>, RaiseError> {
    let verified = |pdf| VerifiedReport::check(SignedReport::new(pdf), trusted, clock());
    let mut best = report.clone();
    if best.level() < Level::BT {
        best = verified(extend::with_time_stamp(best.bytes(), authority)?)?;
    }
    if best.level() == Level::BT {
        let data = validation_data(&best, revocation, clock());
        if let Some(pdf) = extend::with_validation_data(best.bytes(), &data)? {
            // Data that do not suffice would only stand in the way of those that come later.
            let stored = verified(pdf)?;
            if stored.level() >= Level::BLT {
                best = stored;
            }
        }
    }
    if best.level() == Level::BLT {
        match extend::with_time_stamp(best.bytes(), authority) {
            Ok(pdf) => best = verified(pdf)?,
            // What was reached is kept; the rest comes later.
            Err(ExtendError::TimeStamp(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok((best.level() > report.level()).then_some(best))
}

/// The chains of the report, and what the CAs say about them now.
fn validation_data(report: &VerifiedReport, revocation: &dyn RevocationSource, now: Timestamp) -> ValidationData {
    let mut data = ValidationData::default();
    for chain in &report.verification().chains {
        data.certificates.extend(chain.iter().filter_map(|certificate| certificate.to_der().ok()));
        for proof in revocation.proofs(chain, now) {
            match proof.source {
                ProofSource::Ocsp => data.ocsps.insert(proof.der),
                ProofSource::RevocationList => data.crls.insert(proof.der),
            };
        }
    }
    data
}
