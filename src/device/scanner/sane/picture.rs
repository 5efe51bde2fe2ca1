//! The stream of bytes of one picture: checks its shape, takes the padding out, counts.

use super::{
    super::{ColourMode, MOST_BYTES, ScanError},
    ffi::Parameters,
};

/// A picture that is being read.
pub struct Picture {
    width_px: u32,
    height_px: u32,
    /// Bytes of a row that are pixels.
    row: usize,
    /// Bytes of a row with padding.
    padded_row: usize,
    got: usize,
    want: usize,
    /// Pixels of the last block, without padding.
    packed: Vec<u8>,
}

impl Picture {
    /// Checks the shape: one frame of known length, eight bits a sample, the asked colours, a sensible size.
    pub fn of(parameters: Parameters, mode: ColourMode) -> Result<Self, ScanError> {
        let unsupported = |what: &str| Err(ScanError::Unsupported(what.to_owned()));
        let format = match mode {
            ColourMode::Colour => Parameters::COLOUR,
            ColourMode::Grey => Parameters::GREY,
        };
        if parameters.format != format {
            return unsupported("it delivers other colours than asked");
        }
        if parameters.last_frame == 0 {
            return unsupported("it delivers the colours one after the other");
        }
        if parameters.depth != 8 {
            return unsupported("it does not deliver eight bits a colour");
        }
        if parameters.lines < 0 {
            return unsupported("it does not know the length of the picture");
        }
        let misshapen = || ScanError::Protocol("the picture has an impossible shape".to_owned());
        let number = |value| u32::try_from(value).ok().filter(|value| *value > 0).ok_or_else(misshapen);
        let (width_px, height_px) = (number(parameters.pixels_per_line)?, number(parameters.lines)?);
        let size = |value: u32| usize::try_from(value).map_err(|_| misshapen());
        let row = size(width_px)?.checked_mul(mode.bytes_per_pixel()).ok_or_else(misshapen)?;
        let padded_row = size(number(parameters.bytes_per_line)?)?;
        let want = padded_row.checked_mul(size(height_px)?).filter(|want| *want <= MOST_BYTES);
        match want {
            Some(want) if padded_row >= row => {
                Ok(Self { width_px, height_px, row, padded_row, got: 0, want, packed: Vec::new() })
            }
            _ => Err(misshapen()),
        }
    }

    /// Width in pixels.
    pub const fn width_px(&self) -> u32 {
        self.width_px
    }

    /// Height in pixels.
    pub const fn height_px(&self) -> u32 {
        self.height_px
    }

    /// Takes the next bytes and gives back those that are pixels.
    pub fn take<'a>(&'a mut self, bytes: &'a [u8]) -> Result<&'a [u8], ScanError> {
        let start = self.got;
        self.got = self.got.saturating_add(bytes.len());
        if self.got > self.want {
            return Err(ScanError::Protocol("more data than the picture has".to_owned()));
        }
        if self.row == self.padded_row {
            return Ok(bytes);
        }
        self.packed.clear();
        let mut rest = bytes;
        let mut at = start % self.padded_row;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(self.padded_row - at));
            self.packed.extend(piece.iter().take(self.row.saturating_sub(at)));
            rest = after;
            at = 0;
        }
        Ok(&self.packed)
    }

    /// The end has come: is the picture whole?
    pub fn whole(&self) -> Result<(), ScanError> {
        let count = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
        if self.got < self.want {
            return Err(ScanError::Truncated { got: count(self.got), want: count(self.want) });
        }
        Ok(())
    }
}
