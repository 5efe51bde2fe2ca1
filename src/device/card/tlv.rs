//! BER-TLV as PIV cards send it: read without trusting any length.

use super::CardError;

/// The first data object of `bytes` with a tag of one byte, and what follows it.
fn take(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, length, rest) = match bytes {
        [tag, length @ 0..=0x7f, rest @ ..] | [tag, 0x81, length, rest @ ..] => (tag, usize::from(*length), rest),
        [tag, 0x82, high, low, rest @ ..] => (tag, usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((*tag, value, rest))
}

/// The value of the first object with this tag of one byte among `objects`.
pub fn find(mut objects: &[u8], wanted: u8) -> Result<&[u8], CardError> {
    const BROKEN: CardError = CardError::Garbled("data object");
    while !objects.is_empty() {
        let (tag, value, rest) = take(objects).ok_or(BROKEN)?;
        if tag == wanted {
            return Ok(value);
        }
        objects = rest;
    }
    Err(BROKEN)
}

/// A data object with a tag of one byte.
pub fn object(tag: u8, value: &[u8]) -> Result<Vec<u8>, CardError> {
    let [high, low] = u16::try_from(value.len()).map_err(|_| CardError::Input)?.to_be_bytes();
    let head: &[u8] = match (high, low) {
        (0, 0..=0x7f) => &[tag, low],
        (0, _) => &[tag, 0x81, low],
        _ => &[tag, 0x82, high, low],
    };
    Ok([head, value].concat())
}
