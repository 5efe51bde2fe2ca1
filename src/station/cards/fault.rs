//! Why a card did not do its part.

use crate::{
    control::Refusal,
    device::card::CardError,
    directory::DirectoryError,
    register::RegisterError,
    rules::role::NotAdmitted,
    station::{ActError, journal::ReadBackError, virtual_cards::VirtualCardError},
    trust::Objection,
};

/// Why a card did not do its part. Everything stands where it stood; a wrong PIN is counted by the card.
#[derive(Debug, thiserror::Error)]
pub enum CardFault {
    /// The reader or the card.
    #[error(transparent)]
    Card(#[from] CardError),
    /// Trust does not accept the certificate.
    #[error(transparent)]
    Objection(#[from] Objection),
    /// The person may not sign in.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The directory, whose groups decide who may sign in.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The card's certificates name different people.
    #[error("the certificates on the card name different people; use another card, and have this one checked")]
    TwoPeople,
    /// Another operator's card is in the reader of a locked station.
    #[error("this is not the card that was pulled: insert that one, or sign in anew")]
    OtherCard,
    /// The station is not locked.
    #[error("the station is not locked: nothing needs to be unlocked")]
    NotLocked,
    /// The card has no certificate of the kind that is needed.
    #[error(
        "the card has no certificate of the kind that this control is for; use another card, or another way of identification"
    )]
    NoCertificateOfKind,
    /// No earlier control of this person has an accepted scan.
    #[error(
        "no earlier control of this person with a scanned document is in this register, so a third party is not enough here; \
         choose another way of identification"
    )]
    NoEarlierScan,
    /// Virtual cards are for training desks.
    #[error("there are no virtual cards at this desk: they are for training")]
    NoVirtualCards,
    /// The virtual readers.
    #[error(transparent)]
    Virtual(#[from] VirtualCardError),
    /// The control that was under way.
    #[error(transparent)]
    UnderWay(#[from] ReadBackError),
    /// The control or the register.
    #[error(transparent)]
    Act(#[from] ActError),
}

impl CardFault {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Card(error) => error.code(),
            Self::Objection(objection) => objection.code(),
            Self::NotAdmitted(why) => why.code(),
            Self::Directory(error) => error.code(),
            Self::TwoPeople => "CARD_NAMES_TWO_PEOPLE",
            Self::OtherCard => "CARD_OF_OTHER_OPERATOR",
            Self::NotLocked => "STATION_NOT_LOCKED",
            Self::NoCertificateOfKind => "CARD_WITHOUT_CERTIFICATE_OF_KIND",
            Self::NoEarlierScan => "NO_EARLIER_SCAN",
            Self::NoVirtualCards => "VIRTUAL_CARDS_ABSENT",
            Self::Virtual(error) => error.code(),
            Self::UnderWay(error) => error.code(),
            Self::Act(error) => error.code(),
        }
    }
}

impl From<Refusal> for CardFault {
    fn from(refusal: Refusal) -> Self {
        Self::Act(refusal.into())
    }
}

impl From<RegisterError> for CardFault {
    fn from(error: RegisterError) -> Self {
        Self::Act(error.into())
    }
}
