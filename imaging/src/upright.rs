//! The raw scan made upright: turned by quarter turns, never resampled (pure).
//!
//! Two pictures are kept of every scan (seed 003, "Skanning"): the raw one, losslessly, as it came from the glass, and the
//! upright one for people, as JPEG. Nothing is cropped or straightened here: that is [`crate::placement`].

use std::{io::Cursor, thread};

use image::{
    ExtendedColorType, ImageBuffer, ImageDecoder, ImageEncoder, ImageError, Limits, Luma, Pixel, Rgb,
    codecs::png::{CompressionType, FilterType, PngDecoder, PngEncoder},
    imageops,
};
use jpeg_encoder::{ColorType, Encoder, PixelDensity, PixelDensityUnit, SamplingFactor};
use serde::{Deserialize, Serialize};

use crate::scan::{ColourMode, MOST_BYTES, RawScan};

/// Quality of the upright JPEG: no visible loss, and the finest print of a document stays legible.
const JPEG_QUALITY: u8 = 92;

/// Most memory that decoding a kept picture may take, in bytes.
const MOST_DECODED: u64 = 2 * 128 * 1024 * 1024;

/// A turn by quarters, clockwise. Written as 0, 90, 180 or 270.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum Turn {
    /// Not turned.
    #[default]
    None,
    /// 90° clockwise.
    Quarter,
    /// 180°.
    Half,
    /// 270° clockwise.
    ThreeQuarter,
}

/// The number is no turn by quarters.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a turn is 0, 90, 180 or 270 degrees clockwise, not {0}")]
pub struct NotATurn(u16);

impl Turn {
    /// All turns, clockwise from none.
    pub const ALL: [Self; 4] = [Self::None, Self::Quarter, Self::Half, Self::ThreeQuarter];

    /// Degrees clockwise.
    pub const fn degrees(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Quarter => 90,
            Self::Half => 180,
            Self::ThreeQuarter => 270,
        }
    }

    /// This turn and then another.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        // The sum is below 720 and a multiple of 90, so it always is a turn.
        Self::try_from((self.degrees() + next.degrees()) % 360).unwrap_or_default()
    }

    /// The turn that undoes this one.
    #[must_use]
    pub const fn inverse(self) -> Self {
        match self {
            Self::Quarter => Self::ThreeQuarter,
            Self::ThreeQuarter => Self::Quarter,
            other => other,
        }
    }

    /// Whether width and height change places.
    pub const fn swaps_sides(self) -> bool {
        matches!(self, Self::Quarter | Self::ThreeQuarter)
    }
}

impl TryFrom<u16> for Turn {
    type Error = NotATurn;

    fn try_from(degrees: u16) -> Result<Self, NotATurn> {
        Self::ALL.into_iter().find(|turn| turn.degrees() == degrees).ok_or(NotATurn(degrees))
    }
}

impl From<Turn> for u16 {
    fn from(turn: Turn) -> Self {
        turn.degrees()
    }
}

/// The upright picture of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upright {
    /// A JPEG file with its resolution in the JFIF header.
    pub jpeg: Vec<u8>,
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
    /// Resolution in dots per inch.
    pub dpi: u16,
    /// How the raw picture was turned.
    pub turn: Turn,
}

/// A scan cannot be made into a picture.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UprightError {
    /// The number of bytes does not fit width, height and colours.
    #[error("the scan's pixels do not fit its size: scan anew")]
    Misshapen,
    /// More than 65 535 pixels a side, which JPEG cannot hold.
    #[error("the scan is too large for a JPEG picture: choose a lower resolution")]
    TooLarge,
    /// What was kept as the raw picture is not one.
    #[error("the kept picture of the scan cannot be read ({0}): scan anew")]
    Unreadable(String),
    /// The encoder failed.
    #[error("the picture cannot be encoded ({0}): scan anew")]
    Encoding(String),
}

impl UprightError {
    /// The stable code, as in `config/faults.toml`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Misshapen => "IMAGE_MISSHAPEN",
            Self::TooLarge => "IMAGE_TOO_LARGE",
            Self::Unreadable(_) => "IMAGE_UNREADABLE",
            Self::Encoding(_) => "IMAGE_ENCODING",
        }
    }
}

/// Turns a scan and encodes it as JPEG.
pub fn upright(raw: &RawScan, turn: Turn) -> Result<Upright, UprightError> {
    let turned = turned(raw, turn)?;
    Ok(Upright { turn, ..encoded(&turned)? })
}

/// Encodes a picture that is upright already, with its resolution; in stripes, as many as there are processors.
pub fn encoded(picture: &RawScan) -> Result<Upright, UprightError> {
    check(picture)?;
    let side = |px: u32| u16::try_from(px).map_err(|_| UprightError::TooLarge);
    let (width, height) = (side(picture.width_px)?, side(picture.height_px)?);
    let row = usize::from(width) * picture.mode.bytes_per_pixel();
    let stripe = Stripe::of(picture, width, height);
    let stripes: Vec<Result<Vec<u8>, UprightError>> = thread::scope(|threads| {
        let parts = picture.pixels.chunks(row * usize::from(stripe.rows));
        let parts: Vec<_> = parts.map(|part| threads.spawn(move || stripe.encoded(part, part.len() / row))).collect();
        let ended = || UprightError::Encoding("it ended early".to_owned());
        parts.into_iter().map(|part| part.join().unwrap_or_else(|_| Err(ended()))).collect()
    });
    let jpeg = joined(&stripes.into_iter().collect::<Result<Vec<_>, _>>()?, height)
        .ok_or_else(|| UprightError::Encoding("its parts do not fit together".to_owned()))?;
    Ok(Upright { jpeg, width_px: picture.width_px, height_px: picture.height_px, dpi: picture.dpi, turn: Turn::None })
}

/// Side of a block of a JPEG in pixels (ITU-T T.81): nothing of a picture at this quality is subsampled.
const BLOCK: u16 = 8;

/// Rows of a picture that are encoded by themselves. Between two of them stands a restart marker (ITU-T T.81 §B.2.1), behind
/// which nothing depends on what came before.
#[derive(Clone, Copy)]
struct Stripe {
    width: u16,
    rows: u16,
    /// Blocks from one restart marker to the next; 0 when there is one stripe only.
    interval: u16,
    dpi: u16,
    mode: ColourMode,
}

impl Stripe {
    fn of(picture: &RawScan, width: u16, height: u16) -> Self {
        let processors = thread::available_parallelism().map_or(1, |number| u16::try_from(number.get()).unwrap_or(1));
        // The markers are numbered from 0 to 7.
        let parts = processors.clamp(1, 8);
        let rows = height.div_ceil(parts).next_multiple_of(BLOCK);
        let interval = (rows / BLOCK).checked_mul(width.div_ceil(BLOCK));
        let (rows, interval) = match interval {
            Some(interval) if rows < height => (rows, interval),
            _ => (height, 0),
        };
        Self { width, rows, interval, dpi: picture.dpi, mode: picture.mode }
    }

    fn encoded(self, pixels: &[u8], rows: usize) -> Result<Vec<u8>, UprightError> {
        let rows = u16::try_from(rows).map_err(|_| UprightError::TooLarge)?;
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, JPEG_QUALITY);
        encoder.set_density(PixelDensity { density: (self.dpi, self.dpi), unit: PixelDensityUnit::Inches });
        encoder.set_sampling_factor(SamplingFactor::F_1_1);
        if self.interval > 0 {
            encoder.set_restart_interval(self.interval);
        }
        let colours = match self.mode {
            ColourMode::Colour => ColorType::Rgb,
            ColourMode::Grey => ColorType::Luma,
        };
        encoder.encode(pixels, self.width, rows, colours).map_err(|error| UprightError::Encoding(error.to_string()))?;
        Ok(bytes)
    }
}

/// The stripes as one file: the head of the first with the height of all, then what each holds.
fn joined(stripes: &[Vec<u8>], height: u16) -> Option<Vec<u8>> {
    /// End of the picture.
    const END: [u8; 2] = [0xFF, 0xD9];
    let mut jpeg = Vec::with_capacity(stripes.iter().map(Vec::len).sum());
    for (number, stripe) in (0_u8..).zip(stripes) {
        let (frame, data) = parts(stripe)?;
        let (head, data) = stripe.split_at_checked(data)?;
        if number == 0 {
            jpeg.extend_from_slice(head);
            // Marker, length, precision, height.
            jpeg.get_mut(frame + 5..frame + 7)?.copy_from_slice(&height.to_be_bytes());
        } else {
            jpeg.extend([0xFF, 0xD0 + (number - 1) % 8]);
        }
        jpeg.extend_from_slice(data.strip_suffix(&END)?);
    }
    jpeg.extend(END);
    Some(jpeg)
}

/// Where the frame's header of a JPEG begins, and where its entropy-coded data.
fn parts(jpeg: &[u8]) -> Option<(usize, usize)> {
    let mut at = 2;
    let mut frame = None;
    loop {
        let [0xFF, marker, high, low] = *jpeg.get(at..)?.first_chunk::<4>()? else { return None };
        let next = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        match marker {
            0xC0 => frame = Some(at),
            0xDA => return Some((frame?, next)),
            _ => {}
        }
        at = next;
    }
}

/// Encodes a scan's pixels as PNG, as they came from the glass.
pub fn raw_png(raw: &RawScan) -> Result<Vec<u8>, UprightError> {
    check(raw)?;
    let colours = match raw.mode {
        ColourMode::Colour => ExtendedColorType::Rgb8,
        ColourMode::Grey => ExtendedColorType::L8,
    };
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive)
        .write_image(&raw.pixels, raw.width_px, raw.height_px, colours)
        .map_err(|error| UprightError::Encoding(error.to_string()))?;
    Ok(bytes)
}

/// The scan back from the file that [`raw_png`] made.
pub fn raw_from_png(png: &[u8], dpi: u16, device: &str) -> Result<RawScan, UprightError> {
    let unreadable = |error: ImageError| UprightError::Unreadable(error.to_string());
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_DECODED);
    let decoder = PngDecoder::with_limits(Cursor::new(png), limits).map_err(unreadable)?;
    let mode = match decoder.color_type() {
        image::ColorType::Rgb8 => ColourMode::Colour,
        image::ColorType::L8 => ColourMode::Grey,
        other => return Err(UprightError::Unreadable(format!("its pixels are {other:?}"))),
    };
    let (width_px, height_px) = decoder.dimensions();
    let size = usize::try_from(decoder.total_bytes()).ok().filter(|size| *size <= MOST_BYTES);
    let mut pixels = vec![0; size.ok_or(UprightError::TooLarge)?];
    decoder.read_image(&mut pixels).map_err(unreadable)?;
    Ok(RawScan { width_px, height_px, dpi, mode, pixels, device: device.to_owned() })
}

/// A scan turned; no pixel is changed.
pub fn turned(raw: &RawScan, turn: Turn) -> Result<RawScan, UprightError> {
    check(raw)?;
    let (width_px, height_px) = if turn.swaps_sides() { (raw.height_px, raw.width_px) } else { (raw.width_px, raw.height_px) };
    let pixels = match raw.mode {
        ColourMode::Colour => turned_pixels::<Rgb<u8>>(raw, turn),
        ColourMode::Grey => turned_pixels::<Luma<u8>>(raw, turn),
    }
    .ok_or(UprightError::Misshapen)?;
    Ok(RawScan { width_px, height_px, dpi: raw.dpi, mode: raw.mode, pixels, device: raw.device.clone() })
}

fn turned_pixels<P: Pixel<Subpixel = u8> + 'static>(raw: &RawScan, turn: Turn) -> Option<Vec<u8>> {
    let view = ImageBuffer::<P, &[u8]>::from_raw(raw.width_px, raw.height_px, raw.pixels.as_slice())?;
    Some(match turn {
        Turn::None => raw.pixels.clone(),
        Turn::Quarter => imageops::rotate90(&view).into_raw(),
        Turn::Half => imageops::rotate180(&view).into_raw(),
        Turn::ThreeQuarter => imageops::rotate270(&view).into_raw(),
    })
}

fn check(raw: &RawScan) -> Result<(), UprightError> {
    let size = u64::from(raw.width_px)
        .checked_mul(raw.height_px.into())
        .and_then(|pixels| pixels.checked_mul(u64::try_from(raw.mode.bytes_per_pixel()).ok()?));
    if size.is_none_or(|size| size == 0) || size != u64::try_from(raw.pixels.len()).ok() {
        return Err(UprightError::Misshapen);
    }
    Ok(())
}
