//! What goes wrong with cards.

use super::Slot;

/// Why a card did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// The PC/SC service does not run, or stopped.
    #[error("the card service (pcscd) does not answer; start it, or install it")]
    NoService,
    /// No reader of this name.
    #[error("the card reader is not connected; plug it in")]
    NoReader,
    /// Several readers fit what LOCAL.toml says.
    #[error("several card readers fit the name in LOCAL.toml; write more of the name of the right one")]
    SeveralReaders,
    /// The reader is empty.
    #[error("there is no card in the reader; insert the card")]
    NoCard,
    /// The card was pulled during the operation.
    #[error("the card was removed; insert it and begin this step again")]
    Removed,
    /// Another card than before.
    #[error("another card is in the reader than before; insert the first card, or begin this step again")]
    Exchanged,
    /// Another program keeps the card for itself.
    #[error("another program uses the card; close it and try again")]
    Busy,
    /// Another program reset the card during the operation.
    #[error("another program disturbed the card; close it and begin this step again")]
    Disturbed,
    /// The card or the reader does not answer in time.
    #[error("the card does not answer; take it out, wipe the contacts and insert it again")]
    Silent,
    /// The card gives no sign of life: inserted the wrong way round, or broken.
    #[error("the reader cannot wake the card; insert it the right way round, chip first")]
    Mute,
    /// No PIV application on the card.
    #[error("the card has no PIV application; use another card, or the road through its vendor's module")]
    NotPiv,
    /// The PKCS#11 module does not know the card.
    #[error("the card's PKCS#11 module does not know this card; use another card, or check Module in LOCAL.toml")]
    NotRecognised,
    /// The card has a certificate without its private key.
    #[error("the card has no private key for its certificate; use another card and have this one checked")]
    NoKey,
    /// An answer that breaks the card's own rules.
    #[error("the card's answer is not understood ({0}); use another card and have this one checked")]
    Garbled(&'static str),
    /// A refusal with a status word that has no meaning here.
    #[error("the card refused {what} (status {status:04X}); use another card and have this one checked")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// The status word (ISO/IEC 7816-4 §5.6).
        status: u16,
    },
    /// An empty slot.
    #[error("the card has no certificate in slot {slot}; use a card with one")]
    NoCertificate {
        /// The slot.
        slot: Slot,
    },
    /// A key that is neither RSA-2048, RSA-3072, P-256 nor P-384, or an algorithm that does not fit the key.
    #[error("the card's key is of a kind that is not supported; use a card with RSA-2048, RSA-3072, P-256 or P-384")]
    KeyNotSupported,
    /// The PIN cannot be right; no try was spent.
    #[error("this card's PIN has {fewest} to {most} characters; type it again, no try was spent")]
    PinLength {
        /// Fewest characters.
        fewest: u8,
        /// Most characters.
        most: u8,
    },
    /// The PIN is wrong.
    #[error("the PIN is wrong; tries left: {}", .tries_left.map_or_else(|| "unknown, the card does not tell".to_owned(), |left| left.to_string()))]
    WrongPin {
        /// Tries left, at least one; `None` when the road to the card does not tell.
        tries_left: Option<u8>,
    },
    /// No try is left.
    #[error("the card is blocked after too many wrong PINs; unblock it with its PUK")]
    Blocked,
    /// The person at the PIN pad pressed cancel. No try was spent. A PKCS#11 module says the same when the time was up.
    #[error("the PIN was not typed on the PIN pad: cancelled, or the time was up; try again, no try was spent")]
    PadCancelled,
    /// Nobody typed a PIN on the PIN pad in time. No try was spent.
    #[error("no PIN was typed on the PIN pad in time; try again, no try was spent")]
    PadTimedOut,
    /// The PIN pad itself failed.
    #[error("the reader's PIN pad failed; unplug the reader and plug it in again, or use another one")]
    PadFault,
    /// A PIN pad is to be used and there is none.
    #[error("the reader has no PIN pad; use a reader with one, or change PinPad in LOCAL.toml")]
    NoPad,
    /// A PIN was typed at the station although the reader's PIN pad is to be used. It went nowhere.
    #[error("type the PIN on the reader's PIN pad; the typed one was not used")]
    PadInUse,
    /// The card's module is not where LOCAL.toml says, or is no PKCS#11 module.
    #[error("the card's PKCS#11 module cannot be loaded ({0}); check Module in LOCAL.toml")]
    NoModule(&'static str),
    /// The card's module broke down. It is started anew.
    #[error("the card's PKCS#11 module crashed; try again, and have its vendor look at it when it happens again")]
    ModuleCrashed,
    /// The card's module did not answer in time and was ended. It is started anew.
    #[error("the card's PKCS#11 module hung and was ended; take the card out, insert it and try again")]
    ModuleHung,
    /// The card's module failed in a way that says nothing about the card.
    #[error("the card's PKCS#11 module failed ({0}); take the card out, insert it and try again")]
    ModuleFailed(String),
    /// The signature does not belong to the certificate.
    #[error("the card's signature does not fit its certificate; do not rely on this card")]
    SignatureWrong,
    /// The caller's challenge or digest has the wrong length.
    #[error("the value to be signed has the wrong length; report this as a defect")]
    Input,
    /// The system gave no random numbers, or no thread.
    #[error("the system has no resources left for the card; restart the machine")]
    System,
}

impl CardError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoService => "CARD_SERVICE_MISSING",
            Self::NoReader => "CARD_READER_MISSING",
            Self::SeveralReaders => "CARD_READER_AMBIGUOUS",
            Self::NoCard => "CARD_ABSENT",
            Self::Removed => "CARD_REMOVED",
            Self::Exchanged => "CARD_EXCHANGED",
            Self::Busy => "CARD_BUSY",
            Self::Disturbed => "CARD_DISTURBED",
            Self::Silent => "CARD_SILENT",
            Self::Mute => "CARD_MUTE",
            Self::NotPiv | Self::NotRecognised => "CARD_NOT_KNOWN",
            Self::NoKey => "CARD_KEY_MISSING",
            Self::Garbled(_) => "CARD_ANSWER_NOT_UNDERSTOOD",
            Self::Refused { .. } => "CARD_REFUSED",
            Self::NoCertificate { .. } => "CARD_CERTIFICATE_MISSING",
            Self::KeyNotSupported => "CARD_KEY_NOT_SUPPORTED",
            Self::PinLength { .. } => "CARD_PIN_LENGTH",
            Self::WrongPin { .. } => "CARD_PIN_WRONG",
            Self::Blocked => "CARD_PIN_BLOCKED",
            Self::PadCancelled => "CARD_PAD_CANCELLED",
            Self::PadTimedOut => "CARD_PAD_TIMED_OUT",
            Self::PadFault => "CARD_PAD_FAULT",
            Self::NoPad => "CARD_PAD_MISSING",
            Self::PadInUse => "CARD_PAD_IN_USE",
            Self::NoModule(_) => "CARD_MODULE_MISSING",
            Self::ModuleCrashed => "CARD_MODULE_CRASHED",
            Self::ModuleHung => "CARD_MODULE_HUNG",
            Self::ModuleFailed(_) => "CARD_MODULE_FAILED",
            Self::SignatureWrong => "CARD_SIGNATURE_WRONG",
            Self::Input => "CARD_INPUT_WRONG",
            Self::System => "CARD_SYSTEM_RESOURCES",
        }
    }
}

/// What the PC/SC service says, in this module's words.
impl From<pcsc::Error> for CardError {
    fn from(error: pcsc::Error) -> Self {
        use pcsc::Error;
        match error {
            // pcsc-lite answers "communication error" when the service itself is gone.
            Error::NoService | Error::ServiceStopped | Error::CommError | Error::Shutdown | Error::InvalidHandle => {
                Self::NoService
            }
            Error::UnknownReader | Error::ReaderUnavailable | Error::NoReadersAvailable => Self::NoReader,
            Error::NoSmartcard => Self::NoCard,
            Error::RemovedCard => Self::Removed,
            Error::SharingViolation => Self::Busy,
            Error::ResetCard => Self::Disturbed,
            Error::UnresponsiveCard
            | Error::UnpoweredCard
            | Error::UnsupportedCard
            | Error::ProtoMismatch
            | Error::InvalidAtr => Self::Mute,
            Error::InsufficientBuffer => Self::Garbled("too long"),
            Error::NoMemory => Self::System,
            // NotTransacted and everything else that means: nothing came back.
            _ => Self::Silent,
        }
    }
}
