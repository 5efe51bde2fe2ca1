//! What the screens show of the readers and cards at this desk.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    device::card::{PinFacts, ReaderPlace},
    rules::{CardState, CertificateKind},
};

/// What a reader of the desk shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CardView {
    /// The reader is not connected, or was not looked for yet.
    #[default]
    ReaderMissing,
    /// No card in it.
    Empty,
    /// A card was inserted and is being read.
    Reading,
    /// A card.
    Card(Box<SeenCard>),
    /// The card service, the reader or the card failed.
    Fault {
        /// Fault code.
        code: &'static str,
        /// In words.
        message: String,
    },
}

impl CardView {
    /// The card, when one was read.
    pub fn card(&self) -> Option<&SeenCard> {
        match self {
            Self::Card(card) => Some(card),
            _ => None,
        }
    }
}

/// A card that was read. No PIN was needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenCard {
    /// Common name of the certificate that stands for the card: a qualified one before a local one.
    pub name: String,
    /// The kind of that certificate, where trust tells.
    pub kind: Option<CertificateKind>,
    /// End of its validity.
    pub valid_until: Timestamp,
    /// Why it does not count now; `None` when it counts.
    pub objection: Option<SeenObjection>,
    /// The state of the qualified certificates on the card, where it carries any: the worst of them. Decides a renewal.
    pub qualified: Option<CardState>,
    /// The state of the local certificates on the card, where it carries any.
    pub local: Option<CardState>,
    /// MASTER.toml knows the certificate as an operator's.
    pub operator: bool,
    /// PIN tries left, the PIN's length, and whether it is typed on the reader's own PIN pad, where
    /// [`PinEntry::Pad`](crate::secret::PinEntry::Pad) is what to send.
    pub pin: PinFacts,
}

impl SeenCard {
    /// The state of the certificates of one kind.
    pub fn state(&self, kind: CertificateKind) -> Option<CardState> {
        match kind {
            CertificateKind::Qualified => self.qualified,
            CertificateKind::Local => self.local,
        }
    }
}

/// Whom a card would appoint: the certificate that signs, as `[[Operator]]` of MASTER.toml names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointee {
    /// Issuer of the certificate (RFC 4514).
    pub issuer: String,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// Whom it names.
    pub name: String,
}

/// Why a certificate does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenObjection {
    /// Fault code.
    pub code: &'static str,
    /// In words.
    pub message: String,
}

/// A card that seems to be in the wrong reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrongReader {
    /// An operator's card is in the holder's reader, and none is in the operator's.
    OperatorsCard,
    /// A card of somebody who is no operator is in the operator's reader.
    HoldersCard,
}

/// The sign-in before this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSignIn {
    /// When.
    pub at: Timestamp,
    /// At which office, as its LOCAL.toml names it; empty where it names none.
    pub office: String,
}

/// What somebody at a PIN is to do, or waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinStage {
    /// The PIN is to be typed on the PIN pad of this reader now.
    TypeOnPad(ReaderPlace),
    /// The card works.
    CardWorks(ReaderPlace),
}

/// Training: a virtual card that can be put into a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VirtualCardKind {
    /// An operator's, which signs in and signs.
    Operator,
    /// A person's with valid local certificates.
    Local,
    /// A person's with local certificates that have expired.
    LocalExpired,
    /// A person's with valid qualified certificates.
    Qualified,
    /// A person's with qualified certificates that have expired.
    QualifiedExpired,
}

/// Training: whether virtual cards can be used at this desk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum VirtualCards {
    /// This desk has real readers, or is no training desk.
    #[default]
    Absent,
    /// Cards can be inserted and pulled. Their PIN is [`VirtualCards::PIN`].
    Ready,
    /// They were wanted and do not work; software keys go on.
    Fault {
        /// Fault code.
        code: &'static str,
        /// In words.
        message: String,
    },
}

impl VirtualCards {
    /// The PIN of every virtual card.
    pub const PIN: &'static str = "246810";
}
