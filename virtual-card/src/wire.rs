//! What the reader's driver and the card say to each other over the socket.
//!
//! Driver to card: a length of four bytes (big endian), a kind, the payload. Card to driver: a length of four bytes, the
//! answer. Each question but [`Ask::POWER_DOWN`] has one answer.

use std::io::{self, Read, Write};

/// Longest message in either direction, in bytes: an extended APDU and some room.
const LONGEST: u32 = 70_000;

/// The kinds of question.
pub struct Ask;

impl Ask {
    /// The card gets power; the answer is its ATR.
    pub const POWER_UP: u8 = 0;
    /// The card loses power; no answer.
    pub const POWER_DOWN: u8 = 1;
    /// The card is reset; the answer is its ATR.
    pub const RESET: u8 = 2;
    /// A command APDU; the answer is the response APDU.
    pub const APDU: u8 = 3;
    /// The PIN pad waits for digits; the answer is a [`PadEntry`].
    pub const PAD: u8 = 4;
}

/// What the person at the PIN pad does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PadEntry {
    /// Nothing, until the reader gives up.
    #[default]
    Nothing,
    /// Presses cancel.
    Cancel,
    /// Types these digits and presses OK.
    Digits(String),
}

/// The cancel key.
const CANCEL: u8 = 0x1b;

impl PadEntry {
    /// As bytes on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Cancel => vec![CANCEL],
            Self::Digits(digits) => digits.clone().into_bytes(),
        }
    }

    /// From the bytes on the wire.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match bytes {
            [] => Self::Nothing,
            [CANCEL] => Self::Cancel,
            digits => Self::Digits(String::from_utf8_lossy(digits).into_owned()),
        }
    }
}

/// Writes one message.
pub fn write(to: &mut impl Write, message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).ok().filter(|length| *length <= LONGEST);
    let length = length.ok_or(io::ErrorKind::InvalidInput)?;
    to.write_all(&[&length.to_be_bytes(), message].concat())
}

/// Reads one message.
pub fn read(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = Some(u32::from_be_bytes(length)).filter(|length| *length <= LONGEST);
    let length = length.and_then(|length| usize::try_from(length).ok()).ok_or(io::ErrorKind::InvalidData)?;
    let mut message = vec![0; length];
    from.read_exact(&mut message)?;
    Ok(message)
}
