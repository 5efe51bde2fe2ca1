//! What the holder's card and the register say before a renewal (seed 003, items 3.1–3.4).

use super::{
    CardFault,
    read::{KindState, state_of},
};
use crate::{
    control::opening::CardSource,
    device::card::{CardError, ReaderPlace},
    rules::{CardState, CertificateKind, Function},
    station::{Asked, Station},
};

/// What decides a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::station) struct CardFacts {
    /// The certificates of the kind that is asked for.
    pub card: Option<CardState>,
    /// The qualified certificates on the same card.
    pub qualified_on_card: Option<CardState>,
    /// Where that is known from.
    pub source: CardSource,
    /// The qualified certificates of this person were renewed since the card was issued.
    pub renewed_before: bool,
}

impl Station {
    /// The state of the holder's card for what is asked: from the card where one is in the holder's reader. What the operator
    /// states about a card that is not there counts at a training desk alone; elsewhere the state is then not known, and the
    /// rules refuse. The register knows the renewals that were made here; the operator can add that there were others.
    ///
    /// # Errors
    /// The card is there and cannot be read, or the register fails.
    pub(in crate::station) fn card_facts(&self, asked: &Asked) -> Result<CardFacts, CardFault> {
        let stated = CardFacts {
            card: asked.card,
            qualified_on_card: None,
            source: CardSource::Statement,
            renewed_before: asked.renewed_before,
        };
        if asked.function != Function::Renewal {
            return Ok(stated);
        }
        let renewed_before =
            asked.renewed_before || (asked.certificate == CertificateKind::Qualified && self.was_renewed(&asked.person)?);
        let card = match self.cards.read_certificates(ReaderPlace::Holder) {
            Ok(card) => card,
            Err(CardError::NoCard | CardError::NoReader | CardError::NoService | CardError::SeveralReaders) => {
                let card = asked.card.filter(|_| self.training());
                return Ok(CardFacts { card, renewed_before, ..stated });
            }
            Err(error) => return Err(error.into()),
        };
        let judged = self.cards.judge_all(&card, self.now().at);
        let qualified = state_of(&judged, CertificateKind::Qualified);
        let card = match qualified {
            // A local certificate beside one of which nothing is known is not renewed on a guess.
            KindState::Unknown => None,
            KindState::Absent | KindState::Known(_) => state_of(&judged, asked.certificate).known(),
        };
        Ok(CardFacts { card, qualified_on_card: qualified.known(), source: CardSource::Card, renewed_before })
    }
}
