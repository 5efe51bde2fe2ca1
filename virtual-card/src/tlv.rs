//! BER-TLV as PIV uses it (SP 800-73-4 part 1 §3): tags of one to three bytes, lengths below 65 536.

/// A data object: tag, length, value.
pub fn object(tag: &[u8], value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    let [high, low] = length.to_be_bytes();
    let length: &[u8] = match length {
        0..=0x7f => &[low],
        0x80..=0xff => &[0x81, low],
        _ => &[0x82, high, low],
    };
    [tag, length, value].concat()
}

/// Takes the first data object off `bytes`: its tag as a number, its value, and what follows.
pub fn take(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (first, mut rest) = bytes.split_first()?;
    let mut tag = u32::from(*first);
    if first & 0x1f == 0x1f {
        for _ in 0..2 {
            let (next, after) = rest.split_first()?;
            rest = after;
            tag = tag << 8 | u32::from(*next);
            if next & 0x80 == 0 {
                break;
            }
        }
    }
    let (length, rest) = match rest {
        [length @ 0..=0x7f, rest @ ..] | [0x81, length, rest @ ..] => (usize::from(*length), rest),
        [0x82, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((tag, value, rest))
}

/// The value of the first data object with this tag among `objects`.
pub fn find(mut objects: &[u8], wanted: u32) -> Option<&[u8]> {
    while !objects.is_empty() {
        let (tag, value, rest) = take(objects)?;
        if tag == wanted {
            return Some(value);
        }
        objects = rest;
    }
    None
}
