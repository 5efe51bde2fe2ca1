//! Raising a report to level B-LTA, step by step: the time of an authority, the answers of the CAs, and a time-stamp over both;
//! and keeping it there: before the certificate of the newest time-stamp ends, the answers about it and another time-stamp follow
//! (EN 319 142-1 §5.4.3).

use der::Encode as _;
use jiff::{SignedDuration, Timestamp};
use x509_cert::Certificate;

use super::{
    extend::{self, ExtendError, ValidationData},
    sign::SignedReport,
    timestamp::TimeSource,
    verify::{Level, NotVerified, TrustedCas, VerifiedReport},
};
use crate::trust::{ProofSource, RevocationProof, Trust};

/// A report is renewed so long before its newest time-stamp's certificate ends: long enough for CAs and authorities that are away
/// for months.
pub const RENEW_BEFORE: SignedDuration = SignedDuration::from_hours(180 * 24);
/// A renewal that adds less than this would only make the file longer.
const WORTH_WHILE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Whether a report whose newest time-stamp's certificate lasts until then is due for another one.
pub fn is_due(lasts_until: Timestamp, now: Timestamp) -> bool {
    lasts_until.duration_since(now) < RENEW_BEFORE
}

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

/// Raises `report` as far as it can be raised now, or renews it when it is due. The result begins with every byte of `report`,
/// and it has passed verification at its new level; `None` when nothing higher can be reached, for example because the CA
/// publishes nothing about revocation, and when a new time-stamp would not last longer than the newest one.
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
    if best.archived_until().is_some_and(|until| is_due(until, clock())) {
        return renewed(&best, authority, revocation, trusted, clock);
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

/// The report with what is known about its newest time-stamp and another one over that. The authority is asked twice: the first
/// answer only shows its certificate, so that what the CA says about this one lies under the second answer too, and a validator
/// needs nobody for it.
fn renewed(
    report: &VerifiedReport,
    authority: &dyn TimeSource,
    revocation: &dyn RevocationSource,
    trusted: TrustedCas<'_>,
    clock: &dyn Fn() -> Timestamp,
) -> Result<Option<VerifiedReport>, RaiseError> {
    let known = validation_data(report, revocation, clock());
    let mut more = known.clone();
    let shown = authority.stamp(&[report.digest().as_bytes()]).map_err(ExtendError::from)?;
    if let Ok(chain) = shown.chain(&[], trusted.time_stamps) {
        more.add(&chain.certificates, revocation, clock());
    }
    let with = |data: &ValidationData| -> Result<VerifiedReport, RaiseError> {
        let stored = extend::with_validation_data(report.bytes(), data)?;
        let pdf = extend::with_time_stamp(stored.as_deref().unwrap_or(report.bytes()), authority)?;
        Ok(VerifiedReport::check(SignedReport::new(pdf), trusted, clock())?)
    };
    let renewed = match with(&more) {
        // The authority used yet another certificate, and data about one that is not used are refused.
        Err(RaiseError::NotVerified(_)) => with(&known)?,
        done => done?,
    };
    let gained = renewed.archived_until().zip(report.archived_until()).map(|(new, old)| new.duration_since(old));
    Ok(gained.is_some_and(|gained| gained >= WORTH_WHILE).then_some(renewed))
}

/// The chains of the report, and what the CAs say about them now.
fn validation_data(report: &VerifiedReport, revocation: &dyn RevocationSource, now: Timestamp) -> ValidationData {
    let mut data = ValidationData::default();
    for chain in &report.verification().chains {
        data.add(chain, revocation, now);
    }
    data
}

impl ValidationData {
    /// Adds a chain and what the CAs say about it now.
    fn add(&mut self, chain: &[Certificate], revocation: &dyn RevocationSource, now: Timestamp) {
        self.certificates.extend(chain.iter().filter_map(|certificate| certificate.to_der().ok()));
        for proof in revocation.proofs(chain, now) {
            match proof.source {
                ProofSource::Ocsp => self.ocsps.insert(proof.der),
                ProofSource::RevocationList => self.crls.insert(proof.der),
            };
        }
    }
}
