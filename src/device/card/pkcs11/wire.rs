//! What the station and the device host of a PKCS#11 module say to each other.
//!
//! A device host is asked once and ends after its answer. A typed PIN is the payload of the one frame that asks, and nowhere else.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{device::card::ReaderInfo, digest::Digest};

/// The station asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The module.
    pub module: PathBuf,
    /// What to do with it.
    pub task: Task,
}

/// What to do. Every task may be answered by [`Answer::Failed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Which readers are there? Answered by [`Answer::Readers`].
    Readers,
    /// Tell about the readers until the station has had enough: [`Answer::Readers`] whenever something changed, and now and then.
    Watch,
    /// The card's certificates: [`Answer::Certificate`] for each, then [`Answer::Done`].
    Contents {
        /// The reader's name.
        reader: String,
    },
    /// What is to be known before the PIN is asked for: [`Answer::PinFacts`].
    PinFacts {
        /// The reader's name.
        reader: String,
    },
    /// Compare the PIN: [`Answer::Done`].
    Verify {
        /// The card.
        card: KnownCard,
        /// Where the PIN comes from.
        pin: PinFrom,
    },
    /// Sign: [`Answer::Signature`].
    Sign {
        /// The card, and with it the key.
        card: KnownCard,
        /// Where the PIN comes from.
        pin: PinFrom,
        /// How.
        method: Method,
        /// What is given to the key: a digest, or a `DigestInfo` for [`Method::RsaPkcs1`].
        input: Vec<u8>,
        /// Agree on a secret as well: [`Answer::SignedAndAgreed`].
        agree: Option<Agree>,
    },
}

/// A card that was read before. Another one gets no PIN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownCard {
    /// The reader's name.
    pub reader: String,
    /// The digest of a certificate on the card (DER).
    pub certificate: Digest,
}

/// Agreeing on a secret (CKM_ECDH1_DERIVE, without a key derivation function) with another key of the same card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agree {
    /// The digest of that key's certificate (DER).
    pub certificate: Digest,
    /// The public key of the other side, uncompressed.
    pub point: Vec<u8>,
}

/// Where a PIN comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinFrom {
    /// It is this frame's payload.
    Payload,
    /// The person types it on the reader (protected authentication path).
    Pad,
}

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// CKM_ECDSA.
    Ecdsa,
    /// CKM_RSA_PKCS.
    RsaPkcs1,
    /// CKM_RSA_PKCS_PSS with SHA-256.
    RsaPssSha256,
    /// CKM_RSA_PKCS_PSS with SHA-384.
    RsaPssSha384,
    /// CKM_RSA_PKCS_PSS with SHA-512.
    RsaPssSha512,
}

/// The device host answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The readers.
    Readers(Vec<ReaderInfo>),
    /// A certificate; its DER is the payload.
    Certificate {
        /// CKA_LABEL.
        label: String,
    },
    /// What is to be known before the PIN is asked for.
    PinFacts(Facts),
    /// The signature is the payload, in PKCS#11's form: r and s one after the other for a curve.
    Signature,
    /// The signature and then the secret are the payload.
    SignedAndAgreed {
        /// Length of the signature in bytes.
        signature: usize,
    },
    /// Done.
    Done,
    /// It failed.
    Failed(Failure),
}

/// What a token's flags say about its PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// CKF_PROTECTED_AUTHENTICATION_PATH.
    pub pad: bool,
    /// CKF_USER_PIN_LOCKED.
    pub locked: bool,
    /// CKF_USER_PIN_FINAL_TRY.
    pub last_try: bool,
    /// CKF_USER_PIN_COUNT_LOW.
    pub wrong_before: bool,
    /// Fewest characters.
    pub fewest: u8,
    /// Most characters.
    pub most: u8,
}

/// Why a task failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// The module's file cannot be loaded.
    NotLoaded,
    /// No reader of this name.
    NoReader,
    /// No card in the reader.
    NoCard,
    /// The card was pulled.
    Removed,
    /// Another card than the known one.
    Exchanged,
    /// The module does not know the card.
    NotRecognised,
    /// The certificate's private key is not there.
    NoKey,
    /// The key cannot do this.
    KeyNotSupported,
    /// The PIN has a length that no PIN of this card has. It went nowhere.
    PinLength {
        /// Fewest characters.
        fewest: u8,
        /// Most characters.
        most: u8,
    },
    /// The PIN is wrong.
    WrongPin {
        /// One try is left.
        last_try: bool,
    },
    /// No try is left.
    Blocked,
    /// The person cancelled on the PIN pad, or the time was up.
    Cancelled,
    /// Not enough memory.
    Memory,
    /// Anything else, by the name of PKCS#11's return value.
    Module(String),
}
