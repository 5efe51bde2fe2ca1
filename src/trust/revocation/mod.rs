//! Whether a certificate is revoked: OCSP (RFC 6960) first, revocation lists (RFC 5280 §5) second.
//!
//! An answer is fetched ([`fetch`]), checked ([`ocsp`], [`crl`]) and kept ([`kept`]). A kept answer is checked anew when it is used,
//! so that nobody who can write to the folder can make a certificate count.

mod crl;
mod fetch;
mod kept;
#[allow(clippy::unnested_or_patterns, reason = "the derive of der::Choice writes such patterns")]
mod ocsp;
mod places;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use x509_cert::Certificate;

use super::{Note, ProofSource, ProxySettings, RevocationProblem, RevocationProof, TrustSettings, serial_text};
use crate::digest::Digest;
use fetch::Fetcher;
use kept::KeptAnswers;
use places::{Place, places};

/// The clocks of station and CA may differ so much.
const CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_mins(5);

/// Asks about revocation.
#[derive(Debug)]
pub(super) struct Inquiry {
    fetcher: Fetcher,
    kept: KeptAnswers,
    /// How long an answer is used without asking again.
    ask_again: Duration,
    /// How long after its next update a list still counts.
    grace: SignedDuration,
}

/// A good answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub proof: RevocationProof,
    /// Since when the certificate is revoked; `None` when it is not.
    pub revoked: Option<Timestamp>,
    /// The next update is overdue, within the grace.
    stale: bool,
}

/// What an OCSP response or a list says about one certificate.
#[derive(Debug)]
struct Statement {
    revoked: Option<Timestamp>,
    produced_at: Timestamp,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    stale: bool,
}

impl Inquiry {
    pub fn new(settings: &TrustSettings, proxy: &ProxySettings, kept: &std::path::Path) -> Self {
        Self {
            fetcher: Fetcher::new(proxy, Duration::from_secs(u64::from(settings.fetch_seconds))),
            kept: KeptAnswers::open(kept),
            ask_again: Duration::from_secs(u64::from(settings.ask_again_minutes) * 60),
            grace: SignedDuration::from_hours(i64::from(settings.stale_grace_hours)),
        }
    }

    /// Whether `certificate`, which `issuer` signed, is revoked at the present time `at`. What is to be recorded about the answer
    /// is added to `notes`.
    pub fn ask(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        at: Timestamp,
        notes: &mut Vec<Note>,
    ) -> Result<Answer, RevocationProblem> {
        let question = Question { certificate, issuer, at, grace: self.grace };
        let places = places(certificate);
        let (recent, older) = self.kept_answers(&question, &places);
        if let Some(answer) = recent {
            return Ok(answer);
        }
        // The best answer is the newest one: an old list that somebody plays back undoes no revocation.
        let newest = older.into_iter().max_by_key(|answer| answer.proof.this_update);
        let known = newest.as_ref().map(|answer| answer.proof.this_update);
        let mut failures = Vec::new();
        for place in &places {
            match self.ask_at(&question, place, known) {
                Ok(answer) => {
                    notes.extend(failures.into_iter().map(|(url, why)| Note::OtherPlaceAsked { url, why }));
                    notes.extend(stale_note(&answer));
                    return Ok(answer);
                }
                Err(why) => failures.push((place.url.clone(), why)),
            }
        }
        if let Some(answer) = newest {
            notes.push(Note::KeptAnswerUsed { serial: answer.proof.serial.clone(), this_update: answer.proof.this_update });
            notes.extend(stale_note(&answer));
            return Ok(answer);
        }
        // A bad answer weighs more than none: somebody may want it to look as if nobody could be reached.
        let bad = failures.iter().rev().find(|(_, why)| !why.is_away()).or(failures.last());
        Err(bad.map_or(RevocationProblem::NoPlace, |(_, why)| *why))
    }

    /// Each place that `certificate` names, with what is wrong with its answer of now.
    pub fn ask_each(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        at: Timestamp,
    ) -> Vec<(String, Result<(), RevocationProblem>)> {
        let question = Question { certificate, issuer, at, grace: self.grace };
        let ask = |place: &Place| (place.url.clone(), self.ask_at(&question, place, None).map(drop));
        places(certificate).iter().map(ask).collect()
    }

    /// The kept answers that still hold: one that need not be asked for again, else all older ones.
    fn kept_answers(&self, question: &Question<'_>, places: &[Place]) -> (Option<Answer>, Vec<Answer>) {
        let mut older = Vec::new();
        for place in places {
            let Some(found) = self.kept.find(&question.key(place)) else { continue };
            let Ok(mut answer) = question.check(place, found.der, None) else { continue };
            answer.proof.kept = true;
            if found.age <= self.ask_again && !answer.stale {
                return (Some(answer), Vec::new());
            }
            older.push(answer);
        }
        (None, older)
    }

    /// Asks at one place for an answer that is at least as new as the one that is `known`.
    fn ask_at(&self, question: &Question<'_>, place: &Place, known: Option<Timestamp>) -> Result<Answer, RevocationProblem> {
        let (der, nonce) = match place.source {
            ProofSource::Ocsp => {
                let (request, nonce) = ocsp::request(question.certificate, question.issuer)?;
                (self.fetcher.post_ocsp(&place.url, request)?, Some(nonce))
            }
            ProofSource::RevocationList => (self.fetcher.get(&place.url, crl::MAX_BYTES)?, None),
        };
        let answer = question.check(place, der, nonce.as_deref())?;
        if known.is_some_and(|known| answer.proof.this_update < known) {
            return Err(RevocationProblem::Stale);
        }
        self.kept.keep(&question.key(place), &answer.proof.der);
        Ok(answer)
    }
}

fn stale_note(answer: &Answer) -> Option<Note> {
    let next_update = answer.proof.next_update.filter(|_| answer.stale)?;
    Some(Note::StaleAccepted { serial: answer.proof.serial.clone(), next_update })
}

/// One certificate, asked about.
struct Question<'a> {
    certificate: &'a Certificate,
    issuer: &'a Certificate,
    at: Timestamp,
    grace: SignedDuration,
}

impl Question<'_> {
    /// The name of the answer among those that are kept. A list is the same for all certificates.
    fn key(&self, place: &Place) -> Digest {
        match place.source {
            ProofSource::Ocsp => {
                let issuer = self.issuer.tbs_certificate().subject().to_string();
                Digest::of(format!("ocsp\n{}\n{}\n{issuer}", place.url, serial_text(self.certificate)).as_bytes())
            }
            ProofSource::RevocationList => Digest::of(format!("crl\n{}", place.url).as_bytes()),
        }
    }

    fn check(&self, place: &Place, der: Vec<u8>, nonce: Option<&[u8]>) -> Result<Answer, RevocationProblem> {
        let statement = match place.source {
            ProofSource::Ocsp => ocsp::check(&der, self, nonce)?,
            ProofSource::RevocationList => crl::check(&der, self)?,
        };
        let Statement { revoked, produced_at, this_update, next_update, stale } = statement;
        let serial = serial_text(self.certificate);
        let (source, url) = (place.source, place.url.clone());
        let proof = RevocationProof { serial, source, url, der, produced_at, this_update, next_update, kept: false };
        Ok(Answer { proof, revoked, stale })
    }
}

/// The time that `since` 1970 has passed; `None` beyond the year 9999.
fn moment(since: Duration) -> Result<Timestamp, RevocationProblem> {
    let seconds = i64::try_from(since.as_secs()).map_err(|_| RevocationProblem::Damaged)?;
    Timestamp::from_second(seconds).map_err(|_| RevocationProblem::Damaged)
}

/// What an answer that is kept with a report says, as of the time when it was made.
pub(super) fn read_kept(
    source: ProofSource,
    der: &[u8],
    certificate: &Certificate,
    issuer: &Certificate,
) -> Result<super::Proven, RevocationProblem> {
    let made = match source {
        ProofSource::Ocsp => ocsp::produced_at(der)?,
        ProofSource::RevocationList => crl::this_update(der)?,
    };
    let question = Question { certificate, issuer, at: made, grace: SignedDuration::ZERO };
    let Statement { revoked, produced_at, this_update, next_update, .. } = match source {
        ProofSource::Ocsp => ocsp::check(der, &question, None)?,
        ProofSource::RevocationList => crl::check(der, &question)?,
    };
    Ok(super::Proven { revoked, produced_at, this_update, next_update })
}
