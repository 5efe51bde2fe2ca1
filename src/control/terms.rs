//! Step 2: the holder accepts the terms on the holder's screen, by a wilful act, after the last page
//! (seed 003; ETSI EN 319 411-1 §6.3.4).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Control, Event, Refusal, Step};
use crate::digest::Digest;

/// The terms that the holder's screen shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownTerms {
    /// Their id in the catalogue of terms.
    pub id: String,
    /// Their version.
    pub version: String,
    /// Language, two letters (ISO 639-1).
    pub language: String,
    /// Their title.
    pub title: String,
    /// SHA-256 of the text's file.
    pub text: Digest,
}

/// The terms so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TermsState {
    shown: Option<(ShownTerms, Timestamp)>,
    last_page_at: Option<Timestamp>,
    accepted_at: Option<Timestamp>,
}

/// Accepted terms, as they are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsAcceptance {
    /// What the holder saw.
    pub terms: ShownTerms,
    /// When it was first shown in this language.
    pub shown_at: Timestamp,
    /// When the last page was reached.
    pub last_page_at: Timestamp,
    /// When the holder accepted by touching the button "accept".
    pub accepted_at: Timestamp,
}

impl TermsState {
    /// What the holder sees.
    pub fn on_screen(&self) -> Option<&ShownTerms> {
        self.shown.as_ref().map(|(shown, _)| shown)
    }
    /// The last page was reached.
    pub fn last_page_reached(&self) -> bool {
        self.last_page_at.is_some()
    }
    /// The acceptance, once it is given.
    pub fn acceptance(&self) -> Option<TermsAcceptance> {
        let (terms, shown_at) = self.shown.clone()?;
        Some(TermsAcceptance { terms, shown_at, last_page_at: self.last_page_at?, accepted_at: self.accepted_at? })
    }
    pub(super) fn shown(&mut self, at: Timestamp, terms: ShownTerms) {
        self.shown = Some((terms, at));
        self.last_page_at = None;
    }
    pub(super) fn last_page(&mut self, at: Timestamp) {
        self.last_page_at.get_or_insert(at);
    }
    pub(super) fn accepted(&mut self, at: Timestamp) {
        self.accepted_at = Some(at);
    }
}

impl Control {
    pub(super) fn show_terms(&self, terms: ShownTerms) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::Terms])?;
        if self.terms().on_screen() == Some(&terms) {
            return Ok(vec![]);
        }
        Ok(vec![Event::TermsShown(terms)])
    }

    pub(super) fn reach_last_page(&self, text: Digest) -> Result<Vec<Event>, Refusal> {
        self.expect_terms(text)?;
        Ok(if self.terms().last_page_reached() { vec![] } else { vec![Event::TermsLastPageReached] })
    }

    pub(super) fn accept_terms(&self, text: Digest) -> Result<Vec<Event>, Refusal> {
        self.expect_terms(text)?;
        if !self.terms().last_page_reached() {
            return Err(Refusal::TermsNotRead);
        }
        Ok(vec![Event::TermsAccepted])
    }

    pub(super) fn decline_terms(&self, text: Digest) -> Result<Vec<Event>, Refusal> {
        self.expect_terms(text)?;
        Ok(vec![Event::TermsDeclined])
    }

    /// The holder touched the text with this digest: it must be the one that is shown. A touch that meets another text, because the
    /// language changed under the finger, says nothing about it.
    fn expect_terms(&self, touched: Digest) -> Result<(), Refusal> {
        self.expect(&[Step::Terms])?;
        match self.terms().on_screen() {
            None => Err(Refusal::TermsNotShown),
            Some(shown) if shown.text != touched => Err(Refusal::OtherTermsShown),
            Some(_) => Ok(()),
        }
    }
}
