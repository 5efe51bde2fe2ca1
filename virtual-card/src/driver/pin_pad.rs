//! The reader's PIN pad (PC/SC part 10): the PIN goes from the pad to the card and never to the computer.

use super::reader::Reader;
use crate::wire::{Ask, PadEntry};

/// CM_IOCTL_GET_FEATURE_REQUEST (PC/SC part 10 §2.2).
pub const GET_FEATURES: u32 = 0x4200_0000 + 3400;
/// The code that this reader gave its FEATURE_VERIFY_PIN_DIRECT.
pub const VERIFY_PIN_DIRECT: u32 = 0x4200_0000 + 2006;
/// The tag of FEATURE_VERIFY_PIN_DIRECT.
const FEATURE: u8 = 0x06;
/// Length of PIN_VERIFY_STRUCTURE before the command.
const HEADER: usize = 19;
/// The answers of the reader itself (PC/SC part 10 §2.5.3).
const TIMED_OUT: [u8; 2] = [0x64, 0x00];
const CANCELLED: [u8; 2] = [0x64, 0x01];
const WRONG_LENGTH: [u8; 2] = [0x64, 0x03];
const WRONG_PARAMETERS: [u8; 2] = [0x6b, 0x80];

/// Which features the reader has.
pub fn features() -> Vec<u8> {
    [&[FEATURE, 4][..], &VERIFY_PIN_DIRECT.to_be_bytes()].concat()
}

/// Asks the person for the PIN and gives it to the card: the card's answer, or the reader's own. `None` without a card.
pub fn verify(reader: &Reader, structure: &[u8]) -> Option<Vec<u8>> {
    let Some(request) = Request::parse(structure) else { return Some(WRONG_PARAMETERS.to_vec()) };
    match PadEntry::from_bytes(&reader.ask(Ask::PAD, &[])?) {
        PadEntry::Nothing => Some(TIMED_OUT.to_vec()),
        PadEntry::Cancel => Some(CANCELLED.to_vec()),
        PadEntry::Digits(digits) => match request.command(digits.as_bytes()) {
            Some(command) => reader.ask(Ask::APDU, &command),
            None => Some(WRONG_LENGTH.to_vec()),
        },
    }
}

/// What the reader reads in PIN_VERIFY_STRUCTURE.
struct Request<'a> {
    /// How many digits the PIN has.
    digits: std::ops::RangeInclusive<usize>,
    /// Where in the command's data the digits go.
    offset: usize,
    /// The command, filled up where the digits go.
    command: &'a [u8],
}

impl<'a> Request<'a> {
    fn parse(structure: &'a [u8]) -> Option<Self> {
        let (header, command) = structure.split_at_checked(HEADER)?;
        let [_, _, format, _, _, most, fewest, ..] = *header else { return None };
        // Digits in ASCII, justified left, offset in bytes: the only form that PIV uses.
        let known = format & 0x83 == 0x82 && format & 0x04 == 0;
        known.then(|| Self { digits: fewest.into()..=most.into(), offset: usize::from(format >> 3 & 0x0f), command })
    }

    fn command(&self, digits: &[u8]) -> Option<Vec<u8>> {
        let mut command = self.command.to_vec();
        let start = self.offset.checked_add(5)?;
        let place = command.get_mut(start..start.checked_add(digits.len())?)?;
        place.copy_from_slice(digits);
        self.digits.contains(&digits.len()).then_some(command)
    }
}
