//! The time-stamps of a report: each is right, none contradicts another, and which of them count.

use jiff::Timestamp;
use serde::Serialize;
use x509_cert::Certificate;

use super::{
    later::Later,
    problem::{Problem, ProblemKind},
    signature::{Covered, Signed},
};
use crate::{
    evidence::{sign::CLOCK_DIFFERENCE, timestamp::TimeStampToken},
    trust::{Anchors, Chain, TrustError, describe, serial_text},
};

/// A time-stamp of a report, as `verify --json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimeStampInfo {
    /// What it covers.
    pub of: Stamped,
    /// When, as the authority states it.
    pub time: Timestamp,
    /// The authority as its certificate says: name and organisation.
    pub authority: String,
    /// The certificate's serial number, hexadecimal.
    pub serial: String,
    /// The policy under which the authority works.
    pub policy: String,
    /// Whether it counts: its authority leads to an anchor, or no anchors were given at all.
    pub counts: bool,
}

/// What a time-stamp covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stamped {
    /// The operator's signature.
    Signature,
    /// The whole file as it was.
    Document,
}

/// A checked time-stamp.
pub struct Stamp {
    /// What is told of it.
    pub info: TimeStampInfo,
    /// The authority's chain; `None` when its CA is not at hand.
    pub chain: Option<Chain>,
    /// The number of revisions of the file that a document time-stamp covers.
    pub covers: Option<usize>,
    /// When its certificate expires.
    pub expires: Timestamp,
}

/// Checks every time-stamp, oldest first. `more` are certificates that the file brings besides.
pub fn check(
    pdf: &[u8],
    signed: &Signed,
    later: &[Later<'_>],
    more: &[Certificate],
    anchors: &Anchors,
    now: Timestamp,
) -> Result<Vec<Stamp>, Problem> {
    let mut stamps = Vec::new();
    if let Some(token) = &signed.time_stamp {
        stamps.push(stamp(token, None, more, anchors)?);
    }
    for update in later {
        match update {
            Later::Store => {}
            Later::TimeStamp { dictionary, end, revisions } => {
                let covered = Covered::by(pdf.get(..*end).unwrap_or_default(), dictionary)?;
                let wrong = |fault| Problem::of_time_stamp(fault, covered.at);
                let token = TimeStampToken::read(covered.message).map_err(wrong)?;
                token.check_covers(&covered.parts).map_err(wrong)?;
                stamps.push(stamp(&token, Some(*revisions), more, anchors)?);
            }
        }
    }
    let mut earliest = signed.time.saturating_sub(CLOCK_DIFFERENCE).unwrap_or(signed.time);
    for Stamp { info, .. } in stamps.iter().filter(|stamp| stamp.info.counts) {
        if info.time < earliest {
            return Err(ProblemKind::SigningTime.because("a time-stamp is older than what it covers"));
        }
        if info.time > now.saturating_add(CLOCK_DIFFERENCE).unwrap_or(now) {
            return Err(ProblemKind::SigningTime.because("a time-stamp lies in the future; check the clock of this machine"));
        }
        earliest = info.time.saturating_sub(CLOCK_DIFFERENCE).unwrap_or(info.time);
    }
    Ok(stamps)
}

fn stamp(token: &TimeStampToken, covers: Option<usize>, more: &[Certificate], anchors: &Anchors) -> Result<Stamp, Problem> {
    let (chain, counts) = match token.chain(more, anchors) {
        Ok(chain) => (Some(chain), true),
        // Another verifier may know this authority; for this one the time-stamp proves nothing, and nothing rests on it.
        Err(TrustError::NotAnchored { .. }) => (Some(token.chain(more, &Anchors::none())?), false),
        Err(TrustError::IssuerMissing { .. }) => {
            token.check_certificates()?;
            (None, false)
        }
        Err(error) => return Err(error.into()),
    };
    let tbs = token.certificate().tbs_certificate();
    let info = TimeStampInfo {
        of: if covers.is_some() { Stamped::Document } else { Stamped::Signature },
        time: token.time(),
        authority: describe(tbs.subject()),
        serial: serial_text(token.certificate()),
        policy: token.policy().to_string(),
        counts,
    };
    Ok(Stamp { info, chain, covers, expires: crate::trust::validity(token.certificate()).1 })
}
