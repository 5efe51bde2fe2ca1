//! Cards at the desk: two readers, who is in them, and what the station asks of them.

mod view;

pub use view::{CardView, LastSignIn, PinStage, SeenCard, SeenObjection, VirtualCardKind, VirtualCards, WrongReader};

use crate::device::card::CardError;

/// Why a card did not do its part. Everything stands where it stood.
#[derive(Debug, thiserror::Error)]
pub enum CardFault {
    /// The reader or the card.
    #[error(transparent)]
    Card(#[from] CardError),
}

impl CardFault {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Card(error) => error.code(),
        }
    }
}
