//! Step 1 with the holder's own card and PIN (seed 003, "Identitetskontroll med KORT og PIN").

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Control, Event, Judged, Refusal, Step};
use crate::rules::{CardState, CertificateKind, name::is_same};

/// A card that proved possession of its key over a fresh challenge, after its PIN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvenCard {
    /// The name in the certificate.
    pub name: String,
    /// User name in the certificate or the directory, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// Issuer of the certificate (RFC 4514).
    pub certificate_issuer: String,
    /// Serial number of the certificate, upper-case hexadecimal.
    pub certificate_serial: String,
    /// Its kind.
    pub certificate: CertificateKind,
    /// Its state when it was used, as trust decided it.
    pub state: CardState,
    /// End of its validity.
    pub valid_until: Timestamp,
    /// What the state rests on; absent in journals that are older than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Box<Judged>>,
}

impl Control {
    pub(super) fn confirm_card_holder(&self) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::OwnCard])?;
        if self.card_holder_confirmed() {
            return Err(Refusal::AlreadyDone);
        }
        Ok(vec![Event::CardHolderConfirmed])
    }

    /// Whether the holder's card may be asked now: the operator looks at card and person first (seed 003).
    ///
    /// # Errors
    /// [`Refusal::NotThisStep`], [`Refusal::CardHolderNotConfirmed`].
    pub fn ready_for_card(&self) -> Result<(), Refusal> {
        self.expect(&[Step::OwnCard])?;
        if self.card_holder_confirmed() { Ok(()) } else { Err(Refusal::CardHolderNotConfirmed) }
    }

    pub(super) fn prove_own_card(&self, card: ProvenCard, at: Timestamp) -> Result<Vec<Event>, Refusal> {
        self.ready_for_card()?;
        let opening = self.opening();
        if card.certificate != opening.certificate {
            return Err(Refusal::CertificateOfOtherKind);
        }
        // The plan of a renewal is made for this state; another state on the card needs another plan.
        let expired_since = card.state == CardState::Valid && card.valid_until < at;
        if opening.card != Some(card.state) || expired_since {
            return Err(Refusal::CardInOtherState);
        }
        if !names_subject(&card, &opening.person) {
            return Err(Refusal::CardOfSomebodyElse);
        }
        Ok(vec![Event::OwnCardProven(card)])
    }
}

/// The certificate names the person: the same user name where both are known, else the same full name.
fn names_subject(card: &ProvenCard, person: &crate::rules::Person) -> bool {
    match card.user_name.as_deref().zip(person.user_name.as_deref()) {
        Some((on_card, known)) => !known.trim().is_empty() && is_same(on_card, known),
        None => !card.name.trim().is_empty() && is_same(&card.name, &person.full_name()),
    }
}
