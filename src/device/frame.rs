//! The framing between the station and a device host: two lengths, a JSON header, bytes.
//!
//! `u32` length of the header, `u32` length of the payload (both big-endian), the header, the payload. Both sides
//! check the lengths before they reserve memory.

use std::io::{self, Read, Write};

use serde::{Serialize, de::DeserializeOwned};

/// Largest header in bytes.
pub const MOST_HEADER: usize = 64 * 1024;

/// Largest payload in bytes; a picture comes in many frames.
pub const MOST_PAYLOAD: usize = 1024 * 1024;

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The other side is gone, or its pipe is broken.
    #[error("the connection to the device host broke")]
    Broken(#[source] io::Error),
    /// A length beyond [`MOST_HEADER`] or [`MOST_PAYLOAD`]: not a frame at all.
    #[error("the device host sent something that is not a message")]
    TooLarge,
    /// The header is not one of the expected messages.
    #[error("the device host sent a message that is not understood")]
    NotUnderstood(#[source] serde_json::Error),
}

/// Writes one frame and flushes it.
pub fn write(to: &mut impl Write, header: &impl Serialize, payload: &[u8]) -> Result<(), FrameError> {
    let header = serde_json::to_vec(header).map_err(FrameError::NotUnderstood)?;
    if header.len() > MOST_HEADER || payload.len() > MOST_PAYLOAD {
        return Err(FrameError::TooLarge);
    }
    let length = |part: &[u8]| u32::try_from(part.len()).map(u32::to_be_bytes).map_err(|_| FrameError::TooLarge);
    let lengths = [length(&header)?, length(payload)?].concat();
    [lengths.as_slice(), &header, payload].into_iter().try_for_each(|part| to.write_all(part)).map_err(FrameError::Broken)?;
    to.flush().map_err(FrameError::Broken)
}

/// Reads one frame: its header and its payload.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> Result<(T, Vec<u8>), FrameError> {
    let header = length(from, MOST_HEADER)?;
    let payload = length(from, MOST_PAYLOAD)?;
    let header = bytes(from, header)?;
    let payload = bytes(from, payload)?;
    Ok((serde_json::from_slice(&header).map_err(FrameError::NotUnderstood)?, payload))
}

fn length(from: &mut impl Read, most: usize) -> Result<usize, FrameError> {
    let mut length = [0; 4];
    from.read_exact(&mut length).map_err(FrameError::Broken)?;
    usize::try_from(u32::from_be_bytes(length)).ok().filter(|length| *length <= most).ok_or(FrameError::TooLarge)
}

fn bytes(from: &mut impl Read, length: usize) -> Result<Vec<u8>, FrameError> {
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).map_err(FrameError::Broken)?;
    Ok(bytes)
}
