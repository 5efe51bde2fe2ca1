//! The PIN: one type that cannot be printed, cloned or serialised and is wiped when dropped. And where it is typed.

use zeroize::Zeroizing;

/// A typed PIN. It is handed over by value to the one operation that uses it, so one typed PIN is one try.
pub struct Pin(Zeroizing<String>);

/// Why a text cannot be a PIN at all. No try is spent on it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotAPin {
    /// Fewer characters than [`Pin::MIN`].
    #[error("the PIN is too short: at least {} characters", Pin::MIN)]
    TooShort,
    /// More characters than [`Pin::MAX`].
    #[error("the PIN is too long: at most {} characters", Pin::MAX)]
    TooLong,
}

impl Pin {
    /// Fewest characters of a PIN (the smart cards have four digits).
    pub const MIN: usize = 4;
    /// Most characters of a PIN.
    pub const MAX: usize = 64;

    /// Takes what was typed. The text is wiped when the PIN is dropped, and at once when it is no PIN.
    pub fn new(typed: String) -> Result<Self, NotAPin> {
        let typed = Zeroizing::new(typed);
        match typed.chars().count() {
            n if n < Self::MIN => Err(NotAPin::TooShort),
            n if n > Self::MAX => Err(NotAPin::TooLong),
            _ => Ok(Self(typed)),
        }
    }

    /// The bytes for the card or the key derivation, and for nothing else.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Where the PIN of one operation comes from.
pub enum PinEntry {
    /// It was typed at the station and is in its memory for this one operation.
    Typed(Pin),
    /// It will be typed on the reader's own PIN pad and never comes to the station.
    Pad,
}

impl From<Pin> for PinEntry {
    fn from(pin: Pin) -> Self {
        Self::Typed(pin)
    }
}
