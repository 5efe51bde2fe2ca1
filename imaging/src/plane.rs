//! One grey value a pixel, and what the finders do with it.

use crate::scan::{ColourMode, RawScan};

use super::number::{count, real};

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
            ColourMode::Colour => raw.pixels.chunks_exact(3).map(brightness).collect(),
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
        let area = u32::try_from(by * by).unwrap_or(u32::MAX);
        let mut pixels = Vec::with_capacity(width * height);
        let mut sums = vec![0_u32; width];
        for rows in self.pixels.chunks_exact(self.width * by) {
            sums.fill(0);
            for row in rows.chunks_exact(self.width) {
                for (sum, square) in sums.iter_mut().zip(row.chunks_exact(by)) {
                    *sum += square.iter().map(|pixel| u32::from(*pixel)).sum::<u32>();
                }
            }
            pixels.extend(sums.iter().map(|sum| u8::try_from((sum + area / 2) / area).unwrap_or(255)));
        }
        Self { width, height, pixels }
    }

    /// Rows and columns change places.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for x in 0..self.width {
            pixels.extend(self.pixels.iter().skip(x).step_by(self.width));
        }
        Self { width: self.height, height: self.width, pixels }
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
        let (left, top) = (count(x.floor()), count(y.floor()));
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

fn brightness(pixel: &[u8]) -> u8 {
    let [red, green, blue] = pixel else { return 0 };
    let sum = u32::from(*red) * 77 + u32::from(*green) * 150 + u32::from(*blue) * 29;
    u8::try_from(sum >> 8).unwrap_or(255)
}
