//! One grey value a pixel, and what the finders do with it.

use crate::scan::{ColourMode, RawScan};

use super::number::{floor, real};

/// A grey picture: rows from the top, 0 black, 255 white.
#[derive(Clone, PartialEq, Eq)]
pub struct Plane {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Plane {
    /// A picture from its pixels; `None` when they do not fill it, or it is empty.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Option<Self> {
        let size = width.checked_mul(height).filter(|size| *size > 0)?;
        (size == pixels.len()).then_some(Self { width, height, pixels })
    }

    /// The brightness of a scan (ITU-R BT.601 weights); `None` when its pixels do not fit its size.
    pub fn of(raw: &RawScan) -> Option<Self> {
        let pixels = match raw.mode {
            ColourMode::Grey => raw.pixels.clone(),
            ColourMode::Colour => raw.pixels.as_chunks::<3>().0.iter().copied().map(brightness).collect(),
        };
        Self::new(usize::try_from(raw.width_px).ok()?, usize::try_from(raw.height_px).ok()?, pixels)
    }

    /// Pixels in a row.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// All pixels.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// All rows.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.pixels.chunks_exact(self.width)
    }

    /// One row; empty outside the picture.
    pub fn row(&self, y: usize) -> &[u8] {
        self.pixels.get(y * self.width..(y + 1) * self.width).unwrap_or_default()
    }

    /// Each square of `by` × `by` pixels as one, the mean of them. What does not fill a square is left out.
    #[must_use]
    pub fn shrunk(&self, by: usize) -> Self {
        let (width, height) = (self.width / by.max(1), self.height / by.max(1));
        if by <= 1 || width == 0 || height == 0 {
            return self.clone();
        }
        Self { width, height, pixels: means::<1>(&self.pixels, self.width, by) }
    }

    /// The colours of a scan apart, each square of `by` × `by` pixels as one; `None` when its pixels do not fit its size, or it
    /// is smaller than one square.
    pub fn channels(raw: &RawScan, by: usize) -> Option<Vec<Self>> {
        let (width, height) = (usize::try_from(raw.width_px).ok()?, usize::try_from(raw.height_px).ok()?);
        let step = raw.mode.bytes_per_pixel();
        if width.checked_mul(height)?.checked_mul(step)? != raw.pixels.len() {
            return None;
        }
        let small = match raw.mode {
            ColourMode::Grey => means::<1>(&raw.pixels, width, by),
            ColourMode::Colour => means::<3>(&raw.pixels, width, by),
        };
        let channel = |channel: usize| small.iter().skip(channel).step_by(step).copied().collect();
        (0..step).map(|number| Self::new(width / by, height / by, channel(number))).collect()
    }

    /// Rows and columns change places.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut pixels = vec![0; self.pixels.len()];
        for (y, row) in self.rows().enumerate() {
            for (out, pixel) in pixels.iter_mut().skip(y).step_by(self.height).zip(row) {
                *out = *pixel;
            }
        }
        Self { width: self.height, height: self.width, pixels }
    }

    /// Turned by a half.
    #[must_use]
    pub fn turned_half(&self) -> Self {
        Self { pixels: self.pixels.iter().rev().copied().collect(), ..*self }
    }

    /// The brightest pixel within `across` columns and `down` rows to each side.
    #[must_use]
    pub fn brightest(&self, across: usize, down: usize) -> Self {
        self.extreme(across, down, u8::max)
    }

    /// The darkest pixel within `across` columns and `down` rows to each side.
    #[must_use]
    pub fn darkest(&self, across: usize, down: usize) -> Self {
        self.extreme(across, down, u8::min)
    }

    fn extreme(&self, across: usize, down: usize, better: impl Fn(u8, u8) -> u8) -> Self {
        let mut wide = Vec::with_capacity(self.pixels.len());
        let mut padded = Vec::with_capacity(self.width + 2 * across);
        for row in self.rows() {
            padded.clear();
            padded.extend(std::iter::repeat_n(row.first().copied().unwrap_or_default(), across));
            padded.extend_from_slice(row);
            padded.extend(std::iter::repeat_n(row.last().copied().unwrap_or_default(), across));
            let start = wide.len();
            wide.extend_from_slice(row);
            let best = wide.get_mut(start..).unwrap_or_default();
            for shifted in padded.windows(self.width) {
                merge(best, shifted, &better);
            }
        }
        let wide = Self { pixels: wide, ..*self };
        let mut pixels = wide.pixels.clone();
        for (y, best) in pixels.chunks_exact_mut(self.width).enumerate() {
            for near in y.saturating_sub(down)..=y.saturating_add(down).min(self.height - 1) {
                merge(best, wide.row(near), &better);
            }
        }
        Self { pixels, ..*self }
    }

    /// The same picture with each pixel changed together with the pixel of `other` at its place.
    #[must_use]
    pub fn with(&self, other: &Self, change: impl Fn(u8, u8) -> u8) -> Self {
        let pixels = self.pixels.iter().zip(&other.pixels).map(|(own, other)| change(*own, *other)).collect();
        Self { pixels, ..*self }
    }

    /// The same picture with each pixel changed.
    #[must_use]
    pub fn map(&self, change: impl Fn(u8) -> u8) -> Self {
        Self { pixels: self.pixels.iter().map(|pixel| change(*pixel)).collect(), ..*self }
    }

    /// The value between pixels: bilinear, with the middle of a pixel at whole numbers, the border carried on outside.
    pub fn between(&self, x: f32, y: f32) -> f32 {
        let x = x.clamp(0.0, real(self.width - 1));
        let y = y.clamp(0.0, real(self.height - 1));
        let (left, top) = (floor(x), floor(y));
        let (part, share) = (x - real(left), y - real(top));
        let start = top * self.width + left;
        let pair = |start: usize| -> f32 {
            let near = self.pixels.get(start..).unwrap_or_default();
            match near {
                [a, b, ..] => f32::from(*a) + (f32::from(*b) - f32::from(*a)) * part,
                [a] => f32::from(*a),
                [] => 255.0,
            }
        };
        let upper = pair(start);
        if share == 0.0 { upper } else { upper + (pair(start + self.width) - upper) * share }
    }

    /// How often each grey value occurs.
    pub fn histogram(&self) -> [usize; 256] {
        histogram(self.pixels.iter().copied())
    }
}

/// How often each grey value occurs.
pub fn histogram(values: impl IntoIterator<Item = u8>) -> [usize; 256] {
    let mut counts = [0; 256];
    for value in values {
        if let Some(number) = counts.get_mut(usize::from(value)) {
            *number += 1;
        }
    }
    counts
}

fn merge(best: &mut [u8], other: &[u8], better: &impl Fn(u8, u8) -> u8) {
    for (best, other) in best.iter_mut().zip(other) {
        *best = better(*best, *other);
    }
}

impl RawScan {
    /// The scan with each square of `by` × `by` pixels as one, the mean of them; `None` when that changes nothing, or is not possible.
    pub(super) fn reduced(&self, by: usize) -> Option<Self> {
        let (width, height) = (usize::try_from(self.width_px).ok()?, usize::try_from(self.height_px).ok()?);
        let step = self.mode.bytes_per_pixel();
        if by <= 1 || width < by || height < by || width.checked_mul(height)?.checked_mul(step)? != self.pixels.len() {
            return None;
        }
        let pixels = match self.mode {
            ColourMode::Grey => means::<1>(&self.pixels, width, by),
            ColourMode::Colour => means::<3>(&self.pixels, width, by),
        };
        let smaller = u32::try_from(by).ok()?;
        Some(Self {
            width_px: self.width_px / smaller,
            height_px: self.height_px / smaller,
            dpi: self.dpi / u16::try_from(by).ok()?,
            mode: self.mode,
            pixels,
            device: self.device.clone(),
        })
    }
}

/// The means of squares of `by` × `by` pixels of `CHANNELS` bytes each.
fn means<const CHANNELS: usize>(pixels: &[u8], width: usize, by: usize) -> Vec<u8> {
    // The sizes that the usual resolutions lead to are worth a loop of fixed length.
    match by {
        1 => pixels.to_vec(),
        2 => means_of::<CHANNELS>(pixels, width, by, add::<CHANNELS, 2>),
        3 => means_of::<CHANNELS>(pixels, width, by, add::<CHANNELS, 3>),
        4 => means_of::<CHANNELS>(pixels, width, by, add::<CHANNELS, 4>),
        5 => means_of::<CHANNELS>(pixels, width, by, add::<CHANNELS, 5>),
        6 => means_of::<CHANNELS>(pixels, width, by, add::<CHANNELS, 6>),
        8 => means_of::<CHANNELS>(pixels, width, by, add::<CHANNELS, 8>),
        _ => means_of::<CHANNELS>(pixels, width, by, |sums, row| {
            for (sum, square) in sums.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(row.chunks_exact(by * CHANNELS)) {
                add_square(sum, square);
            }
        }),
    }
}

fn means_of<const CHANNELS: usize>(pixels: &[u8], width: usize, by: usize, add: impl Fn(&mut [u32], &[u8])) -> Vec<u8> {
    let area = u32::try_from(by * by).unwrap_or(u32::MAX).max(1);
    // Rounded division by a constant, exact for sums of bytes over squares of up to 64 pixels a side.
    let factor = (1_u64 << 40).div_ceil(u64::from(area));
    let mean = |sum: &u32| u8::try_from((u64::from(*sum + area / 2) * factor) >> 40).unwrap_or(255);
    let mut sums = vec![0_u32; width / by * CHANNELS];
    let mut out = Vec::with_capacity(sums.len() * (pixels.len() / (width * CHANNELS).max(1) / by));
    for rows in pixels.chunks_exact((width * CHANNELS * by).max(1)) {
        sums.fill(0);
        for row in rows.chunks_exact(width * CHANNELS) {
            add(&mut sums, row);
        }
        out.extend(sums.iter().map(mean));
    }
    out
}

/// Adds one row to the sums of its squares.
fn add<const CHANNELS: usize, const BY: usize>(sums: &mut [u32], row: &[u8]) {
    let (pixels, _) = row.as_chunks::<CHANNELS>();
    for (sum, square) in sums.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(pixels.as_chunks::<BY>().0) {
        add_square(sum, square.as_flattened());
    }
}

#[inline]
fn add_square<const CHANNELS: usize>(sum: &mut [u32; CHANNELS], square: &[u8]) {
    for pixel in square.as_chunks::<CHANNELS>().0 {
        for (sum, value) in sum.iter_mut().zip(pixel) {
            *sum += u32::from(*value);
        }
    }
}

fn brightness([red, green, blue]: [u8; 3]) -> u8 {
    let sum = u32::from(red) * 77 + u32::from(green) * 150 + u32::from(blue) * 29;
    u8::try_from(sum >> 8).unwrap_or(255)
}
