//! Commands and answers (ISO/IEC 7816-4 §5): chains in both directions, and limits on what a card may say.

use zeroize::Zeroizing;

use super::CardError;

/// The way to a card: one command APDU out, one response APDU back.
pub trait Channel {
    /// Sends a command and waits for the answer, which ends with the status word.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, CardError>;

    /// Whether the PIN is to be typed on the reader's PIN pad.
    fn has_pad(&mut self) -> Result<bool, CardError> {
        Ok(false)
    }

    /// Lets a person type the PIN on the PIN pad and sends it to the card within `command`, whose data are eight bytes FF where
    /// the digits go. The answer is the card's, or the reader's own.
    fn verify_on_pad(&mut self, _command: &[u8]) -> Result<Vec<u8>, CardError> {
        Err(CardError::NoPad)
    }
}

/// Most bytes of one answer, over all its parts: a certificate has 1 to 3 kB.
const LONGEST_ANSWER: usize = 16 * 1024;
/// Most parts of one answer.
const MOST_PARTS: usize = 256;
/// Most bytes of data in one link of a command's chain.
const LONGEST_LINK: usize = 255;

/// Another link of the same command follows.
const MORE_FOLLOWS: u8 = 0x10;
const GET_RESPONSE: u8 = 0xc0;

/// Status words.
pub mod status {
    /// Done.
    pub const DONE: u16 = 0x9000;
    /// The upper byte of "more data is waiting".
    pub const MORE: u8 = 0x61;
    /// The PIN is blocked.
    pub const BLOCKED: u16 = 0x6983;
    /// The time for typing on the PIN pad is up (PC/SC part 10 §2.5.3).
    pub const PAD_TIMED_OUT: u16 = 0x6400;
    /// Cancelled on the PIN pad.
    pub const PAD_CANCELLED: u16 = 0x6401;
    /// The PIN typed on the PIN pad is too short or too long.
    pub const PAD_LENGTH: u16 = 0x6403;
    /// Wrong data.
    pub const WRONG_DATA: u16 = 0x6a80;
    /// No such application or object.
    pub const NOT_FOUND: u16 = 0x6a82;
}

/// A command.
pub struct Command<'a> {
    /// INS.
    pub instruction: u8,
    /// P1 and P2.
    pub parameters: [u8; 2],
    /// The data, of any length.
    pub data: &'a [u8],
    /// Whether data is expected back.
    pub answers: bool,
}

/// A card's answer.
pub struct Answer {
    /// The data of all parts.
    pub data: Vec<u8>,
    /// The last status word.
    pub status: u16,
}

/// Sends a command, in a chain when it is long, and fetches the whole answer.
pub fn exchange(channel: &mut impl Channel, command: &Command) -> Result<Answer, CardError> {
    let mut links = command.data.chunks(LONGEST_LINK).peekable();
    let mut link = links.next().unwrap_or_default();
    while links.peek().is_some() {
        let (_, status) = send(channel, command, MORE_FOLLOWS, link)?;
        if status != status::DONE {
            return Ok(Answer { data: Vec::new(), status });
        }
        link = links.next().unwrap_or_default();
    }
    let (mut data, mut status) = send(channel, command, 0, link)?;
    for _ in 0..MOST_PARTS {
        let [upper, waiting] = status.to_be_bytes();
        if upper != status::MORE {
            return Ok(Answer { data, status });
        }
        let (part, next) = split(channel.transmit(&[0, GET_RESPONSE, 0, 0, waiting])?)?;
        if data.len().saturating_add(part.len()) > LONGEST_ANSWER {
            return Err(CardError::Garbled("too long"));
        }
        data.extend(part);
        status = next;
    }
    Err(CardError::Garbled("without end"))
}

/// Sends one link. It may hold a PIN, so it is wiped.
fn send(channel: &mut impl Channel, command: &Command, class: u8, link: &[u8]) -> Result<(Vec<u8>, u16), CardError> {
    let [first, second] = command.parameters;
    // Room for everything at once, so that no half-written copy is left in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_LINK + 6));
    bytes.extend([class, command.instruction, first, second]);
    if !link.is_empty() {
        bytes.push(u8::try_from(link.len()).map_err(|_| CardError::Input)?);
        bytes.extend(link);
    }
    if command.answers && class != MORE_FOLLOWS {
        bytes.push(0);
    }
    split(channel.transmit(&bytes)?)
}

/// Takes the status word off an answer that the reader gave.
pub fn status_of(answer: Vec<u8>) -> Result<u16, CardError> {
    split(answer).map(|(_, status)| status)
}

/// Takes the status word off. A card that is being pulled answers with nothing at all.
fn split(mut answer: Vec<u8>) -> Result<(Vec<u8>, u16), CardError> {
    let place = answer.len().checked_sub(2).ok_or(CardError::Garbled("no status"))?;
    match answer.split_off(place).as_slice() {
        [upper, lower] if answer.len() <= LONGEST_ANSWER => Ok((answer, u16::from_be_bytes([*upper, *lower]))),
        _ => Err(CardError::Garbled("too long")),
    }
}
