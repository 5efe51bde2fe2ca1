//! Verification of a report: strict, offline, and without trust in the program that made it.
//!
//! Needed are the file and, to know that the signer counts, the CA's certificate. The order of the questions:
//!
//! 1. `structure`: is the file exactly a sequence of revisions, and do all readers see the same objects?
//! 2. `revisions`: are there the pages and the signature, and did the signature change nothing else?
//! 3. `later`: is there nothing after it but data for later validation and document time-stamps?
//! 4. `signature`: does the one signature cover every byte but itself, and is it right?
//! 5. `times`: is each time-stamp right, and about this?
//! 6. [`crate::trust`]: did the certificate count at the time of signing, which the first time-stamp proves?
//! 7. `record`: which record and which evidence are attached?
//! 8. `operator`: is the operator whom the record names the one who signed?
//! 9. `pages`: do the pages show exactly what the record says?
//! 10. `metadata`: does the file say of itself what follows from the record?
//!
//! Hostile files are expected: nothing here panics, recurses without bound or unpacks without bound.

mod later;
mod metadata;
mod operator;
mod pages;
mod problem;
mod record;
mod revisions;
mod signature;
mod structure;
mod syntax;
mod times;
mod validation;

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use x509_cert::Certificate;

use self::{
    later::{Later, Store},
    revisions::{Located, SIGNED},
    signature::Signed,
    structure::File,
    times::Stamp,
    validation::Needed,
};
use super::{report::Pages, sign::SignedReport, timestamp::TimeStampToken};
use crate::{
    digest::Digest,
    trust::{Anchors, Chain, SignatureAlgorithm, TrustError, describe, is_training, serial_text, verify_chain},
};

pub use problem::{Problem, ProblemKind};
pub use record::{MAX_RECORD, RECORD_NAME};
pub use times::{Stamped, TimeStampInfo};

pub(super) use later::time_stamp_field;

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
    /// By when at the latest, as a time-stamping authority proves; from level B-T on.
    pub proven_at: Option<Timestamp>,
    /// At level B-LTA: until when the newest time-stamp's certificate lasts. Before that another one must be put over it.
    pub archived_until: Option<Timestamp>,
    /// The time-stamps, oldest first.
    pub time_stamps: Vec<TimeStampInfo>,
    /// The attached record; only of a valid report, because anything else is no evidence.
    pub record: Option<serde_json::Value>,
    /// The exact bytes of the record.
    #[serde(skip)]
    pub record_bytes: Option<Vec<u8>>,
    /// The signer's chain and those of the time-stamps.
    #[serde(skip)]
    pub(super) chains: Vec<Vec<Certificate>>,
    /// Why the report is not valid; empty when it is.
    pub problems: Vec<Problem>,
    /// What to keep in mind about a valid report.
    pub notices: Vec<&'static str>,
}

/// The levels of PAdES baseline signatures (ETSI EN 319 142-1 §6), lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// The CAs on which a verification rests.
#[derive(Debug, Clone, Copy)]
pub struct TrustedCas<'a> {
    /// Those of the operators.
    pub signers: &'a Anchors,
    /// Those of the time-stamping authorities.
    pub time_stamps: &'a Anchors,
}

/// The same CAs for operators and time-stamping authorities.
impl<'a> From<&'a Anchors> for TrustedCas<'a> {
    fn from(anchors: &'a Anchors) -> Self {
        Self { signers: anchors, time_stamps: anchors }
    }
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
    pub fn check<'a>(report: SignedReport, trusted: impl Into<TrustedCas<'a>>, now: Timestamp) -> Result<Self, NotVerified> {
        Self::checked(report, trusted.into(), now, None)
    }

    fn checked(
        report: SignedReport,
        trusted: TrustedCas<'_>,
        now: Timestamp,
        pages: Option<&Pages>,
    ) -> Result<Self, NotVerified> {
        let verification = verified(report.bytes(), trusted, now, pages);
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

    /// At level B-LTA: until when the newest time-stamp's certificate lasts.
    pub fn archived_until(&self) -> Option<Timestamp> {
        self.verification.archived_until
    }

    /// What the verification found.
    pub fn verification(&self) -> &Verification {
        &self.verification
    }
}

/// Verifies a report that this station has just signed: against the operators' CAs, and that the record in it is exactly
/// `record`. Every question is asked as of any other report; only the pages that were laid out to draw it are not laid out once more
/// to compare it with them, when `pages` are those of this very record.
pub fn own<'a>(
    report: SignedReport,
    trusted: impl Into<TrustedCas<'a>>,
    now: Timestamp,
    record: &[u8],
    pages: &Pages,
) -> Result<VerifiedReport, NotVerified> {
    let verified = VerifiedReport::checked(report, trusted.into(), now, Some(pages))?;
    if verified.verification.record_bytes.as_deref() == Some(record) {
        Ok(verified)
    } else {
        Err(NotVerified { problems: vec![ProblemKind::Record.because("the attached record is not the one of this control")] })
    }
}

/// Until when the certificate of the newest time-stamp over a document lasts, by what the file itself says; `None` without one.
/// This only tells whether a report that was verified before is due for another time-stamp: nothing is verified here.
pub fn newest_time_stamp_lasts(pdf: &[u8]) -> Option<Timestamp> {
    let file = (pdf.len() <= MAX_REPORT).then(|| File::read(pdf).ok()).flatten()?;
    let located = Located::find(&file).ok()?;
    let Later::TimeStamp { dictionary, end, .. } = later::read(pdf, &file, &located).ok()?.pop()? else { return None };
    let covered = signature::Covered::by(pdf.get(..end)?, dictionary).ok()?;
    let token = TimeStampToken::read(covered.message).ok()?;
    Some(crate::trust::validity(token.certificate()).1)
}

/// Verifies the report `pdf`. `now` is only used to refuse signatures from the future.
pub fn verify<'a>(pdf: &[u8], trusted: impl Into<TrustedCas<'a>>, now: Timestamp) -> Verification {
    verified(pdf, trusted.into(), now, None)
}

fn verified(pdf: &[u8], trusted: TrustedCas<'_>, now: Timestamp, pages: Option<&Pages>) -> Verification {
    let mut verification = Verification::default();
    if let Err(problem) = verification.examine(pdf, trusted, now, pages) {
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
    fn examine(&mut self, pdf: &[u8], trusted: TrustedCas<'_>, now: Timestamp, pages: Option<&Pages>) -> Result<(), Problem> {
        if pdf.len() > MAX_REPORT {
            return Err(ProblemKind::TooLarge.because(format!("the file is larger than {MAX_REPORT} bytes")));
        }
        let file = File::read(pdf)?;
        let located = Located::find(&file)?;
        self.note(revisions::check(&file, &located));
        let later = self.note(later::read(pdf, &file, &located));
        let signed_end = file.revisions.get(SIGNED - 1).map_or(pdf.len(), |revision| revision.end);
        let signed = Signed::check(pdf.get(..signed_end).unwrap_or_default(), located.signature, now)?;
        self.level = Some(Level::BB);
        self.signed_at = Some(signed.time);
        self.signer = Some(SignerInfo::of(&signed));
        if let Some(later) = later {
            self.examine_trust(pdf, &file, &signed, &later, trusted, now)?;
        }
        let mut attached = record::attachments(&file)?;
        // Last, because it takes longer than everything before it: a file that is refused anyway is not laid out anew.
        if self.problems.is_empty() {
            let record = pages::record(attached.get(RECORD_NAME).map(Vec::as_slice).unwrap_or_default())?;
            operator::check(&record.operator, &signed.certificate)?;
            pages::check(&file, &record, &attached, pages)?;
            metadata::check(&file, &record)?;
        }
        let record = attached.remove(RECORD_NAME).unwrap_or_default();
        let value = serde_json::from_slice(&record);
        self.record = Some(value.map_err(|_| ProblemKind::Record.because("the attached record is not JSON"))?);
        self.record_bytes = Some(record);
        Ok(())
    }

    /// The time-stamps, the chains at their times, and the data for later validation; together the level.
    fn examine_trust(
        &mut self,
        pdf: &[u8],
        file: &File<'_>,
        signed: &Signed,
        later: &[Later<'_>],
        trusted: TrustedCas<'_>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let store = later::store(file, file.revisions.len());
        let held = validation::certificates(&store)?;
        let stamps = times::check(pdf, signed, later, &held, trusted.time_stamps, now)?;
        let first = stamps.iter().find(|stamp| stamp.info.counts);
        self.proven_at = first.map(|stamp| stamp.info.time);
        let Some(chain) = self.note(check_chain(signed, &held, trusted.signers, self.proven_at)) else { return Ok(()) };
        self.trusted = chain.anchored;

        let of_signer = Needed { chain: &chain.certificates, at: self.proven_at };
        let chains = stamps.iter().filter_map(|stamp| Some((stamp, stamp.chain.as_ref()?.certificates.as_slice())));
        let chains = chains.map(|(stamp, chain)| Needed { chain, at: Some(stamp.info.time) });
        let all: Vec<Needed<'_>> = std::iter::once(of_signer).chain(chains).collect();
        let all_known = all.len() == 1 + stamps.len();
        self.note(validation::check(&store, &held, &all, all_known));
        let level = level(file, &store, of_signer, &stamps);
        self.level = Some(level);
        if level == Level::BLTA {
            self.archived_until = stamps.iter().rfind(|stamp| stamp.info.counts).map(|stamp| stamp.expires);
        }

        if stamps.last().is_some_and(|newest| newest.info.counts && newest.expires < now) {
            self.notices.push(
                "The certificate of the newest time-stamp has expired; whether it still counts rests on who kept the report since.",
            );
        }
        if stamps.iter().any(|stamp| !stamp.info.counts) {
            self.notices.push(
                "A time-stamp comes from an authority that is not among the given CAs, so it does not count here. Use --trust-time.",
            );
        }
        self.chains = all.iter().map(|needed| needed.chain.to_vec()).collect();
        self.time_stamps = stamps.into_iter().map(|stamp| stamp.info).collect();
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

/// The level that is reached. B-T: a time-stamp counts. B-LT: what is needed to judge the signer and that time-stamp later is
/// there. B-LTA: a document time-stamp that counts covers that.
fn level(file: &File<'_>, store: &Store<'_>, signer: Needed<'_>, stamps: &[Stamp]) -> Level {
    let Some(first) = stamps.iter().find(|stamp| stamp.info.counts) else { return Level::BB };
    let Some(chain) = &first.chain else { return Level::BT };
    let needed = [signer, Needed { chain: &chain.certificates, at: Some(first.info.time) }];
    let archived = stamps.iter().rfind(|stamp| stamp.info.counts).and_then(|stamp| stamp.covers);
    match archived {
        Some(revisions) if validation::is_complete(&later::store(file, revisions), &needed) => Level::BLTA,
        _ if validation::is_complete(store, &needed) => Level::BLT,
        _ => Level::BT,
    }
}

/// The chain at the time of signing and, where a time-stamp proves one, at that time too. Every certificate in the signature must
/// belong to the chain, because the signature does not cover them and anything else in it could be changed unnoticed.
fn check_chain(signed: &Signed, more: &[Certificate], anchors: &Anchors, proven: Option<Timestamp>) -> Result<Chain, Problem> {
    let pool = [signed.pool.as_slice(), more].concat();
    let mut chain = verify_chain(&signed.certificate, &pool, anchors, signed.time)?;
    if let Some(proven) = proven {
        chain = verify_chain(&signed.certificate, &pool, anchors, proven)?;
    }
    match signed.pool.iter().find(|certificate| !chain.certificates.contains(certificate)) {
        Some(foreign) => Err(TrustError::Unrelated { serial: serial_text(foreign) }.into()),
        None => Ok(chain),
    }
}
