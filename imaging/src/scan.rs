//! The picture as a scanner delivers it.

use serde::{Deserialize, Serialize};

/// Largest picture that is taken over from a scanner, in bytes: A6 at 1200 dpi in colour is 104 million.
pub const MOST_BYTES: usize = 128 * 1024 * 1024;

/// Colours of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColourMode {
    /// Red, green and blue, eight bits each.
    #[default]
    Colour,
    /// Eight bits of grey.
    Grey,
}

impl ColourMode {
    /// Bytes of one pixel.
    pub const fn bytes_per_pixel(self) -> usize {
        match self {
            Self::Colour => 3,
            Self::Grey => 1,
        }
    }
}

/// The picture as it came from the glass, not turned, not cropped.
#[derive(Clone, PartialEq, Eq)]
pub struct RawScan {
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
    /// Resolution in dots per inch.
    pub dpi: u16,
    /// Colours.
    pub mode: ColourMode,
    /// Rows from the top, without padding: [`ColourMode::bytes_per_pixel`] bytes a pixel.
    pub pixels: Vec<u8>,
    /// The scanner that took it.
    pub device: String,
}

impl std::fmt::Debug for RawScan {
    /// Without the pixels: they show a person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawScan")
            .field("width_px", &self.width_px)
            .field("height_px", &self.height_px)
            .field("dpi", &self.dpi)
            .field("mode", &self.mode)
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}
