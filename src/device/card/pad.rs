//! The reader's PIN pad (PC/SC part 10): the PIN goes from the pad to the card and never to the station.

use pcsc::{Card, Error, ctl_code};

use super::CardError;

/// How long the reader waits for a digit, in seconds.
pub const SECONDS: u8 = 30;
/// CM_IOCTL_GET_FEATURE_REQUEST (PC/SC part 10 §2.2).
const GET_FEATURES: u32 = 3400;
/// The tag of FEATURE_VERIFY_PIN_DIRECT (PC/SC part 10 §2.3).
const VERIFY_PIN_DIRECT: u8 = 0x06;
/// Longest list of features and longest answer to a VERIFY, in bytes.
const LONGEST: usize = 264;

/// The code by which this reader takes a VERIFY from its PIN pad; `None` when it has no pad.
pub fn find(card: &Card) -> Result<Option<u32>, CardError> {
    let mut buffer = [0; LONGEST];
    match card.control(ctl_code(GET_FEATURES.into()), &[], &mut buffer) {
        Ok(features) => Ok(code(features)),
        Err(
            gone @ (Error::RemovedCard | Error::NoSmartcard | Error::ResetCard | Error::ReaderUnavailable | Error::NoService),
        ) => Err(gone.into()),
        // Readers without features answer in many ways.
        Err(_) => Ok(None),
    }
}

/// The code in a list of features: tag, length 4, code (big-endian).
fn code(mut features: &[u8]) -> Option<u32> {
    loop {
        match features {
            [VERIFY_PIN_DIRECT, 4, a, b, c, d, ..] => return Some(u32::from_be_bytes([*a, *b, *c, *d])),
            [_, length, rest @ ..] => features = rest.get(usize::from(*length)..)?,
            _ => return None,
        }
    }
}

/// Lets a person type the PIN and sends it to the card within `command`, a VERIFY with eight bytes FF as its data.
pub fn verify(card: &Card, code: u32, command: &[u8]) -> Result<Vec<u8>, CardError> {
    let mut buffer = [0; LONGEST];
    match card.control(code.into(), &structure(command)?, &mut buffer) {
        Ok(answer) => Ok(answer.to_vec()),
        // A cancelled entry is an answer on most readers, and an error on some.
        Err(Error::Cancelled | Error::CancelledByUser) => Err(CardError::PadCancelled),
        Err(Error::Timeout) => Err(CardError::PadTimedOut),
        Err(gone @ (Error::RemovedCard | Error::NoSmartcard | Error::ResetCard | Error::NoService)) => Err(gone.into()),
        Err(_) => Err(CardError::PadFault),
    }
}

/// PIN_VERIFY_STRUCTURE (PC/SC part 10 §2.5.2).
fn structure(command: &[u8]) -> Result<Vec<u8>, CardError> {
    const HEADER: [u8; 15] = [
        SECONDS,                   // bTimeOut: for the first digit
        SECONDS,                   // bTimeOut2: after it
        0x82,                      // bmFormatString: ASCII digits, justified left, position counted in bytes
        0x08,                      // bmPINBlockString: a block of eight bytes without a length
        0x00,                      // bmPINLengthFormat: none
        super::piv::MOST_DIGITS,   // wPINMaxExtraDigit, little-endian: most
        super::piv::FEWEST_DIGITS, // and fewest digits
        0x02,                      // bEntryValidationCondition: the OK key
        0x01,                      // bNumberMessage: one
        0x14,
        0x04, // wLangId, little-endian: Norwegian (bokmål)
        0x00, // bMsgIndex: "enter the PIN"
        0x00,
        0x00,
        0x00, // bTeoPrologue: T=1 needs none
    ];
    let length = u32::try_from(command.len()).map_err(|_| CardError::Input)?;
    Ok([&HEADER[..], &length.to_le_bytes(), command].concat())
}
