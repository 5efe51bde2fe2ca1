//! Step 1 with an identity document (seed 003; ETSI TS 119 461 §8.3.3).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    Control, Event, Refusal, Step,
    ending::{LONGEST_TEXT, text},
};
use crate::rules::{
    DocumentKind, LocalText,
    document_kind::{FEWEST_FEATURES, Presented, SecurityFeature},
    identity_number::IdentityNumber,
    name::{self, DocumentName, NameComparison},
};

/// What is printed in the presented document, as the operator reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresentedDocument {
    /// Issuing state, three letters (ICAO 9303-3 §5).
    pub issuing_state: String,
    /// Number of the document.
    pub number: String,
    /// Date of issue, where printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<Date>,
    /// Last day of validity.
    pub expires: Date,
    /// Names as printed.
    pub name: DocumentName,
    /// Date of birth as printed.
    pub birth_date: Date,
    /// Identity number as printed, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_number: Option<IdentityNumber>,
}

/// The operator accepts the document; the rules have the last word.
#[derive(Debug, Clone, PartialEq)]
pub struct AcceptDocument {
    /// The kind, from `documents.toml`.
    pub kind: DocumentKind,
    /// What is printed in it.
    pub document: PresentedDocument,
    /// Ids of the security features that were verified.
    pub verified_features: Vec<String>,
    /// Undamaged and not tampered with.
    pub undamaged: bool,
    /// The person is the one in the picture (ETSI TS 119 461 BIN-8.4.4-01X).
    pub person_matches_photo: bool,
    /// The reference source that was consulted, where one was.
    pub reference: Option<String>,
    /// Anything worth keeping.
    pub remark: Option<String>,
}

/// A security feature that the operator verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedFeature {
    /// Its id in `documents.toml`.
    pub id: String,
    /// What the operator was asked to look for.
    pub text: LocalText,
}

/// The check of the identity document, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentCheck {
    /// Id of the kind.
    pub kind: String,
    /// Its name.
    pub kind_name: LocalText,
    /// What is printed in it.
    pub document: PresentedDocument,
    /// What was verified; at least [`FEWEST_FEATURES`].
    pub features: Vec<VerifiedFeature>,
    /// Undamaged and not tampered with.
    pub undamaged: bool,
    /// The person is the one in the picture.
    pub person_matches_photo: bool,
    /// The names agree by the rules of [`crate::rules::name`].
    pub names_agree: bool,
    /// The identity numbers agree; `None` when one of the two sides has none.
    pub identity_number_agrees: Option<bool>,
    /// The birth dates agree; `None` when the organisation does not know it.
    pub birth_date_agrees: Option<bool>,
    /// The reference source that was consulted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Anything worth keeping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// The holder has no document (seed 003: the person comes back; the dispensation routine is the authority's).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "then", rename_all = "kebab-case")]
pub enum NoDocument {
    /// The person comes back with a document.
    ComeBack,
    /// Referred to the authority's dispensation routine.
    Dispensation {
        /// Who was contacted, and what was agreed.
        note: String,
    },
}

/// A false document is suspected: stop, keep calm, tell the responsible (SITHS, "De sju stegen").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspicion {
    /// What raised it.
    pub note: String,
    /// The responsible was told.
    pub responsible_told: bool,
}

impl Control {
    /// The security features that the operator checks in this control: drawn by the control's random id, so they are the same
    /// after a restart and nobody knows them before (ETSI TS 119 461 VAL-8.3.3-07B).
    pub fn drawn_features<'k>(&self, kind: &'k DocumentKind) -> Vec<&'k SecurityFeature> {
        let (_, chance) = self.id().0.as_u64_pair();
        kind.draw(chance)
    }

    pub(super) fn accept_document(&self, accept: AcceptDocument, today: Date) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::Document])?;
        let AcceptDocument { kind, mut document, verified_features, undamaged, person_matches_photo, reference, remark } = accept;
        let opening = self.opening();
        document.number = document.number.trim().into();
        if document.number.is_empty() || document.number.chars().count() > 40 {
            return Err(Refusal::DocumentNumberMissing);
        }
        let DocumentName { first_names, last_name, middle } = &document.name;
        if [first_names, last_name].into_iter().chain(middle).any(|name| name.chars().count() > LONGEST_TEXT) {
            return Err(Refusal::TextTooLong);
        }
        let state = document.issuing_state.as_bytes();
        if !(1..=3).contains(&state.len()) || !state.iter().all(u8::is_ascii_uppercase) {
            return Err(Refusal::IssuingStateNotLetters);
        }
        let presented = Presented { issuing_state: &document.issuing_state, issued: document.issued, expires: document.expires };
        if let Some(why) = kind.refusals(presented, opening.certificate, today, opening.rules.training).into_iter().next() {
            return Err(why.into());
        }
        if document.issued.is_some_and(|issued| issued > today || issued > document.expires) {
            return Err(Refusal::DocumentIssuedInFuture);
        }
        if document.birth_date > today {
            return Err(Refusal::BornInFuture);
        }
        let conditions = &opening.rules.conditions;
        if !conditions.is_old_enough(opening.certificate, document.birth_date, today) {
            return Err(Refusal::TooYoung { years: conditions.minimum_age(opening.certificate) });
        }
        if !undamaged {
            return Err(Refusal::DocumentDamaged);
        }
        if !person_matches_photo {
            return Err(Refusal::PhotoNotConfirmed);
        }
        let features: Vec<VerifiedFeature> = kind
            .features
            .iter()
            .filter(|feature| verified_features.contains(&feature.id))
            .map(|feature| VerifiedFeature { id: feature.id.clone(), text: feature.text.clone() })
            .collect();
        if features.len() < FEWEST_FEATURES {
            return Err(Refusal::TooFewFeatures { verified: features.len() });
        }
        let person = &opening.person;
        if let NameComparison::Differs(difference) = name::compare(person, &document.name) {
            return Err(Refusal::NameDiffers(difference));
        }
        let identity_number_agrees = agreement(person.identity_number.as_ref(), document.identity_number.as_ref());
        if identity_number_agrees == Some(false) {
            return Err(Refusal::IdentityNumberDiffers);
        }
        let birth_date_agrees = agreement(person.birth_date.as_ref(), Some(&document.birth_date));
        let number_and_date = person
            .identity_number
            .as_ref()
            .or(document.identity_number.as_ref())
            .and_then(|number| number.matches_birth_date(document.birth_date));
        if birth_date_agrees == Some(false) || number_and_date == Some(false) {
            return Err(Refusal::BirthDateDiffers);
        }
        let zone_checked = self.check_again(&document, &kind, today);
        let accepted = Event::DocumentAccepted(Box::new(DocumentCheck {
            kind: kind.id,
            kind_name: kind.name,
            document,
            features,
            undamaged,
            person_matches_photo,
            names_agree: true,
            identity_number_agrees,
            birth_date_agrees,
            reference: reference.map(text).transpose()?,
            remark: remark.map(text).transpose()?,
        }));
        Ok(std::iter::once(accepted).chain(zone_checked).collect())
    }

    pub(super) fn reject_document(&self, reason: String) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::Document])?;
        Ok(vec![Event::DocumentRejected { reason: text(reason)? }])
    }

    pub(super) fn no_document(&self, missing: NoDocument) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::Document])?;
        let missing = match missing {
            NoDocument::ComeBack => NoDocument::ComeBack,
            NoDocument::Dispensation { note } => NoDocument::Dispensation { note: text(note)? },
        };
        Ok(vec![Event::DocumentMissing(missing)])
    }

    pub(super) fn suspect_false_document(&self, suspicion: Suspicion) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::Document])?;
        let Suspicion { note, responsible_told } = suspicion;
        Ok(vec![Event::FalseDocumentSuspected(Suspicion { note: text(note)?, responsible_told })])
    }
}

fn agreement<T: PartialEq>(known: Option<&T>, printed: Option<&T>) -> Option<bool> {
    known.zip(printed).map(|(known, printed)| known == printed)
}
