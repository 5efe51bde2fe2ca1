//! Smart cards: who is on them, how many PIN tries are left, and signatures with the card's own keys.
//!
//! [`Card`] is the seam. [`PcscCard`] is a PIV card (NIST SP 800-73-4) in a reader of the system's PC/SC service. Every operation is
//! whole: it opens the card, holds it alone, does its work and lets go of it, so nothing is left behind when the
//! card is pulled, and a PIN never stays verified for another program.

mod apdu;
mod desk;
mod error;
mod key;
mod open;
mod pad;
mod padding;
mod pcsc_card;
mod piv;
pub mod pkcs11;
mod readers;
mod signer;
mod tlv;
mod watch;

use std::fmt;

use serde::Serialize;
use x509_cert::Certificate;
use zeroize::Zeroizing;

use crate::{secret::PinEntry, trust::SignatureAlgorithm};

pub use apdu::Channel;
pub use desk::{DeskReaders, ReaderEvent, ReaderPlace, ReaderState};
pub use error::CardError;
pub use key::RsaPadding;
pub use open::{Road, open_card};
pub use pcsc_card::PcscCard;
pub use piv::Piv;
pub use pkcs11::{Module, Pkcs11Card};
pub use readers::{ReaderInfo, choose, readers};
pub use signer::CardSigner;
pub use watch::{CardEvent, CardWatch};

/// A card.
///
/// A typed PIN is handed over by value: it is used for exactly one VERIFY and wiped. Nothing is tried twice. Where
/// [`PinFacts::pad`] says so the PIN is typed on the reader's PIN pad, once for each operation, and a typed one is refused.
pub trait Card {
    /// The certificates on the card. Needs no PIN.
    fn contents(&mut self) -> Result<Contents, CardError>;

    /// What to know before the PIN is asked for. Spends no try.
    fn pin_facts(&mut self) -> Result<PinFacts, CardError>;

    /// How many PIN tries are left: [`PinFacts::tries_left`].
    fn tries_left(&mut self) -> Result<Option<u8>, CardError> {
        self.pin_facts().map(|facts| facts.tries_left)
    }

    /// Whether the PIN is typed on the reader's PIN pad: [`PinFacts::pad`].
    fn has_pin_pad(&mut self) -> Result<bool, CardError> {
        self.pin_facts().map(|facts| facts.pad)
    }

    /// Compares the PIN, and leaves it verified for nobody.
    fn verify_pin(&mut self, pin: PinEntry) -> Result<(), CardError>;

    /// Signs a digest (of the length that belongs to `algorithm`) with the key in `slot`: a DER `ECDSA-Sig-Value` for a curve,
    /// as long as the modulus for RSA. The signature is checked against the slot's certificate before it is given out.
    fn sign_digest(
        &mut self,
        slot: Slot,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
        pin: PinEntry,
    ) -> Result<Vec<u8>, CardError>;

    /// Proves that the card holds the private key of the certificate in `slot`, by a signature over a fresh challenge of at
    /// least [`Possession::CHALLENGE`] random bytes.
    fn prove_possession(&mut self, slot: Slot, challenge: &[u8], pin: PinEntry) -> Result<Possession, CardError>;

    /// As [`Card::prove_possession`], and then, with the same PIN and in the same hold of the card, agrees on a secret (ECDH, P-256)
    /// between the key in slot 9D and the public key `point`, uncompressed (65 bytes): the x coordinate, 32 bytes.
    fn prove_and_agree(
        &mut self,
        slot: Slot,
        challenge: &[u8],
        point: &[u8],
        pin: PinEntry,
    ) -> Result<(Possession, Zeroizing<Vec<u8>>), CardError>;
}

impl<C: Card + ?Sized> Card for Box<C> {
    fn contents(&mut self) -> Result<Contents, CardError> {
        (**self).contents()
    }

    fn pin_facts(&mut self) -> Result<PinFacts, CardError> {
        (**self).pin_facts()
    }

    fn verify_pin(&mut self, pin: PinEntry) -> Result<(), CardError> {
        (**self).verify_pin(pin)
    }

    fn sign_digest(
        &mut self,
        slot: Slot,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
        pin: PinEntry,
    ) -> Result<Vec<u8>, CardError> {
        (**self).sign_digest(slot, algorithm, digest, pin)
    }

    fn prove_possession(&mut self, slot: Slot, challenge: &[u8], pin: PinEntry) -> Result<Possession, CardError> {
        (**self).prove_possession(slot, challenge, pin)
    }

    fn prove_and_agree(
        &mut self,
        slot: Slot,
        challenge: &[u8],
        point: &[u8],
        pin: PinEntry,
    ) -> Result<(Possession, Zeroizing<Vec<u8>>), CardError> {
        (**self).prove_and_agree(slot, challenge, point, pin)
    }
}

/// What to know before the PIN is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinFacts {
    /// Tries left; 0 when the card is blocked. `None` when the card does not tell: another program has the PIN verified, or a
    /// PKCS#11 module that knows only the last try and the end of all tries.
    pub tries_left: Option<u8>,
    /// A wrong PIN was typed since the last right one. Known even where `tries_left` is not.
    pub wrong_before: bool,
    /// The PIN is typed on the reader's PIN pad ([`PinEntry::Pad`]), and the station accepts none. Otherwise it is typed at the
    /// station ([`PinEntry::Typed`]).
    pub pad: bool,
    /// Fewest characters of the PIN.
    pub fewest: u8,
    /// Most characters of the PIN.
    pub most: u8,
}

impl PinFacts {
    /// Whether the next wrong PIN blocks the card, as far as it is known.
    pub fn is_last_try(&self) -> bool {
        self.tries_left == Some(1)
    }

    /// Whether no PIN is accepted any more.
    pub fn is_blocked(&self) -> bool {
        self.tries_left == Some(0)
    }
}

/// A key and its certificate on a PIV card (SP 800-73-4 part 1 §5, table 4b).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Slot {
    /// 9A: signs a person in. Needs a PIN once.
    #[serde(rename = "9a")]
    Authentication,
    /// 9C: signs documents. Needs a PIN for each signature.
    #[serde(rename = "9c")]
    Signature,
    /// 9D: agrees on keys for encryption.
    #[serde(rename = "9d")]
    KeyManagement,
    /// 9E: shows that the card is there. Needs no PIN.
    #[serde(rename = "9e")]
    CardAuthentication,
}

impl Slot {
    /// All slots.
    pub const ALL: [Self; 4] = [Self::Authentication, Self::Signature, Self::KeyManagement, Self::CardAuthentication];

    /// The key reference.
    pub const fn reference(self) -> u8 {
        match self {
            Self::Authentication => 0x9a,
            Self::Signature => 0x9c,
            Self::KeyManagement => 0x9d,
            Self::CardAuthentication => 0x9e,
        }
    }

    /// The tag of the certificate's data object (SP 800-73-4 part 1 table 3).
    const fn certificate_tag(self) -> [u8; 3] {
        match self {
            Self::Authentication => [0x5f, 0xc1, 0x05],
            Self::Signature => [0x5f, 0xc1, 0x0a],
            Self::KeyManagement => [0x5f, 0xc1, 0x0b],
            Self::CardAuthentication => [0x5f, 0xc1, 0x01],
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}", self.reference())
    }
}

/// The certificates on a card.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// The slots with a certificate.
    pub certificates: Vec<CardCertificate>,
    /// The slots with something that is no readable certificate.
    pub unreadable: Vec<Slot>,
    /// Certificates that the card has besides and that the station does not use: those of CAs, and second ones for the same purpose.
    pub further: Vec<Certificate>,
}

impl Contents {
    /// The certificate in a slot.
    pub fn certificate(&self, slot: Slot) -> Result<&Certificate, CardError> {
        let found = self.certificates.iter().find(|certificate| certificate.slot == slot);
        found.map(|found| &found.certificate).ok_or(CardError::NoCertificate { slot })
    }
}

/// A certificate on a card.
#[derive(Debug, Clone)]
pub struct CardCertificate {
    /// Where it is.
    pub slot: Slot,
    /// The certificate. Whether it counts is decided by [`crate::trust`].
    pub certificate: Certificate,
}

/// The proof that a card holds a certificate's private key.
#[derive(Debug, Clone)]
pub struct Possession {
    /// The certificate.
    pub certificate: Certificate,
    /// How the signature was made.
    pub algorithm: SignatureAlgorithm,
    /// The signature over [`Possession::message`] of the challenge.
    pub signature: Vec<u8>,
}

impl Possession {
    /// Fewest bytes of a challenge.
    pub const CHALLENGE: usize = 32;

    /// What is signed: the challenge behind words that no document starts with, so the signature can stand for nothing else.
    pub fn message(challenge: &[u8]) -> Vec<u8> {
        [b"bam-station proof of possession\0", challenge].concat()
    }
}
