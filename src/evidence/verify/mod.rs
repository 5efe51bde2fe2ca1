//! Verification of a report: strict, offline, and without trust in the program that made it.
//!
//! Needed are the file and, to know that the signer counts, the CA's certificate. The order of the questions:
//!
//! 1. `structure`: is the file exactly a sequence of revisions, and do all readers see the same objects?
//! 2. `revisions`: are there only the pages and the signature, and did the signature change nothing else?
//! 3. `signature`: does the one signature cover every byte but itself, and is it right?
//! 4. [`crate::trust`]: did the certificate count at the time of signing?
//! 5. `record`: which record is attached?
//!
//! Hostile files are expected: nothing here panics, recurses without bound or unpacks without bound.

mod problem;
mod record;
mod revisions;
mod signature;
mod structure;
mod syntax;

use std::fmt;

use der::Encode as _;
use jiff::Timestamp;
use serde::Serialize;
use x509_cert::Certificate;

use self::{revisions::Located, signature::Signed, structure::File};
use super::sign::SignedReport;
use crate::{
    digest::Digest,
    trust::{Anchors, SignatureAlgorithm, TrustError, describe, is_training, serial_text, verify_chain},
};

pub use problem::{Problem, ProblemKind};
pub use record::{MAX_RECORD, RECORD_NAME};

/// Largest report, in bytes.
pub const MAX_REPORT: usize = 64 << 20;

/// What a verification found. Serialised, it is the output of `bam-station verify --json`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verification {
    /// Whether the report is whole and signed, by a certificate that leads to a given anchor when anchors were given.
    pub valid: bool,
    /// The level of the signature, once it is right.
    pub level: Option<Level>,
    /// Whether the certificate leads to one of the given anchors. Without anchors a valid report is whole and signed, but
    /// nothing says that its CA is one to rely on.
    pub trusted: bool,
    /// Who signed, once the signature is right.
    pub signer: Option<SignerInfo>,
    /// When, by the station's own clock: level B-B has no time from anyone else.
    pub signed_at: Option<Timestamp>,
    /// The attached record; only of a valid report, because anything else is no evidence.
    pub record: Option<serde_json::Value>,
    /// The exact bytes of the record.
    #[serde(skip)]
    pub record_bytes: Option<Vec<u8>>,
    /// Why the report is not valid; empty when it is.
    pub problems: Vec<Problem>,
    /// What to keep in mind about a valid report.
    pub notices: Vec<&'static str>,
}

/// The levels of PAdES baseline signatures (ETSI EN 319 142-1 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// B-B: the signer's certificate and signature.
    BB,
    /// B-T: with a time-stamp of an authority.
    BT,
    /// B-LT: with everything that is needed to validate it later.
    BLT,
    /// B-LTA: with a time-stamp over that.
    BLTA,
}

impl Serialize for Level {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BB => "B-B",
            Self::BT => "B-T",
            Self::BLT => "B-LT",
            Self::BLTA => "B-LTA",
        })
    }
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignerInfo {
    /// The signer as the certificate says: name and organisation.
    pub name: String,
    /// The CA that says so.
    pub issuer: String,
    /// The certificate's serial number, hexadecimal.
    pub serial: String,
    /// How the signature was made.
    pub algorithm: SignatureAlgorithm,
    /// Whether the certificate is for training only.
    pub training: bool,
}

/// A report that was verified. It can be made in no other way, and only it can be kept in the register.
#[derive(Debug, Clone)]
pub struct VerifiedReport {
    pdf: Vec<u8>,
    digest: Digest,
    verification: Verification,
}

/// A signed report did not pass its verification.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the report was not kept, because its verification failed: {}; sign it again", problems.first().map_or("no reason was found", |problem| problem.what.as_str()))]
pub struct NotVerified {
    /// Why; at least one problem.
    pub problems: Vec<Problem>,
}

impl NotVerified {
    /// The fault's code: that of the first problem.
    pub fn code(&self) -> &'static str {
        self.problems.first().map_or("REPORT_DAMAGED", |problem| problem.code)
    }
}

impl VerifiedReport {
    /// Verifies `report` against the operators' CAs.
    pub fn check(report: SignedReport, anchors: &Anchors, now: Timestamp) -> Result<Self, NotVerified> {
        let verification = verify(report.bytes(), anchors, now);
        if !verification.valid {
            return Err(NotVerified { problems: verification.problems });
        }
        Ok(Self { digest: report.digest(), pdf: report.into_bytes(), verification })
    }

    /// The PDF.
    pub fn bytes(&self) -> &[u8] {
        &self.pdf
    }

    /// The PDF's digest, by which register and archive know it.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The signature's level.
    pub fn level(&self) -> Level {
        self.verification.level.unwrap_or(Level::BB)
    }

    /// What the verification found.
    pub fn verification(&self) -> &Verification {
        &self.verification
    }
}

/// Verifies a report that this station has just signed: against the operators' CAs, and that the record in it is exactly `record`.
pub fn own(report: SignedReport, anchors: &Anchors, now: Timestamp, record: &[u8]) -> Result<VerifiedReport, NotVerified> {
    let verified = VerifiedReport::check(report, anchors, now)?;
    if verified.verification.record_bytes.as_deref() == Some(record) {
        Ok(verified)
    } else {
        Err(NotVerified { problems: vec![ProblemKind::Record.because("the attached record is not the one of this control")] })
    }
}

/// Verifies the report `pdf`. `now` is only used to refuse signatures from the future.
pub fn verify(pdf: &[u8], anchors: &Anchors, now: Timestamp) -> Verification {
    let mut verification = Verification::default();
    if let Err(problem) = verification.examine(pdf, anchors, now) {
        verification.problems.push(problem);
    }
    verification.valid = verification.problems.is_empty();
    if verification.valid {
        verification.add_notices();
    } else {
        verification.trusted = false;
        verification.record = None;
        verification.record_bytes = None;
    }
    verification
}

impl Verification {
    /// Asks the questions in order. What does not hinder the next question is noted and the next one asked.
    fn examine(&mut self, pdf: &[u8], anchors: &Anchors, now: Timestamp) -> Result<(), Problem> {
        if pdf.len() > MAX_REPORT {
            return Err(ProblemKind::TooLarge.because(format!("the file is larger than {MAX_REPORT} bytes")));
        }
        let file = File::read(pdf)?;
        let located = Located::find(&file)?;
        self.note(revisions::check(&file, &located));
        let signed = Signed::check(pdf, located.signature, now)?;
        self.level = Some(Level::BB);
        self.signed_at = Some(signed.time);
        self.signer = Some(SignerInfo::of(&signed));
        if let Some(trusted) = self.note(check_chain(&signed, anchors)) {
            self.trusted = trusted;
        }
        let record = record::extract(&file)?;
        let value = serde_json::from_slice(&record);
        self.record = Some(value.map_err(|_| ProblemKind::Record.because("the attached record is not JSON"))?);
        self.record_bytes = Some(record);
        Ok(())
    }

    fn note<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.problems.push(problem)).ok()
    }

    fn add_notices(&mut self) {
        if self.level == Some(Level::BB) {
            self.notices.push("The time of signing is the station's own statement; no time-stamping authority confirms it.");
        }
        if !self.trusted {
            self.notices.push(
                "No trusted CA was given: the report is whole and signed, but whether its CA counts was not checked. Use --trust.",
            );
        }
        if self.signer.as_ref().is_some_and(|signer| signer.training) {
            self.notices.push("The certificate is for training: this is no evidence of a real identity control.");
        }
    }
}

impl SignerInfo {
    fn of(signed: &Signed) -> Self {
        let tbs = signed.certificate.tbs_certificate();
        Self {
            name: describe(tbs.subject()),
            issuer: describe(tbs.issuer()),
            serial: serial_text(&signed.certificate),
            algorithm: signed.algorithm,
            training: is_training(&signed.certificate),
        }
    }
}

/// The chain at the time of signing; true when it ends at an anchor. Every certificate in the signature must belong to the chain,
/// because the signature does not cover them and anything else in it could be changed unnoticed.
fn check_chain(signed: &Signed, anchors: &Anchors) -> Result<bool, Problem> {
    let chain = verify_chain(&signed.certificate, &signed.pool, anchors, signed.time)?;
    let encoded = |certificate: &Certificate| certificate.to_der().ok();
    let used: Vec<_> = chain.certificates.iter().map(encoded).collect();
    match signed.pool.iter().find(|certificate| !used.contains(&encoded(certificate))) {
        Some(foreign) => Err(TrustError::Unrelated { serial: serial_text(foreign) }.into()),
        None => Ok(chain.anchored),
    }
}
