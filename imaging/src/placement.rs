//! How a document lies on a scan, and the one warp that makes it upright: straightened, cropped and turned at once.

use std::thread;

use serde::{Deserialize, Serialize};

use super::{
    number::{count, real, whole},
    upright::{Turn, UprightError},
};
use crate::scan::{ColourMode, RawScan};

/// How a document lies on a scan: with the raw scan all that is needed to make the upright picture again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// The document's middle, in millimetres from the scan's upper left corner.
    pub middle_mm: [f32; 2],
    /// Width and height of the upright document in millimetres.
    pub size_mm: [f32; 2],
    /// The quarter turns, clockwise, that make it upright.
    pub turn: Turn,
    /// Degrees by which it lies askew beyond that, clockwise on the glass; -45 to 45.
    pub skew_degrees: f32,
}

impl Placement {
    /// From the direction of the document's upper edge on the scan: degrees clockwise from level.
    pub fn new(middle_mm: [f32; 2], size_mm: [f32; 2], direction_degrees: f32) -> Self {
        let quarters = whole(direction_degrees / 90.0);
        let skew_degrees = direction_degrees - 90.0 * f32::from(i16::try_from(quarters).unwrap_or_default());
        let turn = match quarters.rem_euclid(4) {
            0 => Turn::None,
            1 => Turn::ThreeQuarter,
            2 => Turn::Half,
            _ => Turn::Quarter,
        };
        Self { middle_mm, size_mm, turn, skew_degrees }
    }

    /// The direction of the document's upper edge on the scan, in degrees clockwise from level.
    pub fn direction_degrees(&self) -> f32 {
        f32::from(self.turn.inverse().degrees()) + self.skew_degrees
    }

    /// Where on the scan a point of the document lies; both in millimetres, the document's from its upper left corner.
    pub fn on_scan_mm(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let (sine, cosine) = self.direction_degrees().to_radians().sin_cos();
        let ([width, height], [middle_x, middle_y]) = (self.size_mm, self.middle_mm);
        let (x, y) = (x - width / 2.0, y - height / 2.0);
        [middle_x + x * cosine - y * sine, middle_y + x * sine + y * cosine]
    }

    /// Whether a point of the scan lies on the document, or at most `beyond` outside; all in millimetres.
    pub fn covers(&self, [x, y]: [f32; 2], beyond: f32) -> bool {
        let (sine, cosine) = self.direction_degrees().to_radians().sin_cos();
        let ([width, height], [middle_x, middle_y]) = (self.size_mm, self.middle_mm);
        let (x, y) = (x - middle_x, y - middle_y);
        (x * cosine + y * sine).abs() <= width / 2.0 + beyond && (y * cosine - x * sine).abs() <= height / 2.0 + beyond
    }

    /// The corners on the scan in millimetres, clockwise from the document's upper left one.
    pub fn corners_mm(&self) -> [[f32; 2]; 4] {
        let [width, height] = self.size_mm;
        [[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]].map(|corner| self.on_scan_mm(corner))
    }

    /// The upright document at the scan's resolution: every pixel is taken once from the scan, bilinear. What lies beyond the
    /// scan is white.
    pub fn upright(&self, raw: &RawScan) -> Result<RawScan, UprightError> {
        let step = raw.mode.bytes_per_pixel();
        let (scan_width, scan_height) = (usize::try_from(raw.width_px), usize::try_from(raw.height_px));
        let (Ok(scan_width), Ok(scan_height)) = (scan_width, scan_height) else { return Err(UprightError::TooLarge) };
        if scan_width.checked_mul(scan_height).and_then(|pixels| pixels.checked_mul(step)) != Some(raw.pixels.len())
            || raw.pixels.is_empty()
        {
            return Err(UprightError::Misshapen);
        }
        let per_mm = f32::from(raw.dpi) / 25.4;
        let [width, height] = self.size_mm.map(|side| count(side * per_mm));
        let (Ok(width_px), Ok(height_px)) = (u16::try_from(width), u16::try_from(height)) else {
            return Err(UprightError::TooLarge);
        };
        if width == 0 || height == 0 {
            return Err(UprightError::Misshapen);
        }
        let (sine, cosine) = self.direction_degrees().to_radians().sin_cos();
        let [start_x, start_y] = self.on_scan_mm([0.0, 0.0]).map(|mm| mm * per_mm);
        // The middle of the upright picture's first pixel, as a place between the middles of the scan's pixels.
        let first = (start_x + 0.5 * (cosine - sine) - 0.5, start_y + 0.5 * (sine + cosine) - 0.5);
        // What lies beyond the scan stays white.
        let mut pixels = vec![255; width * height * step];
        let source = Source { pixels: &raw.pixels, width: scan_width, height: scan_height };
        let way = Way::new(first, (cosine, sine));
        let processors = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        let rows_each = height.div_ceil(processors);
        thread::scope(|threads| {
            for (part, rows) in pixels.chunks_mut(rows_each * width * step).enumerate() {
                let source = &source;
                threads.spawn(move || match raw.mode {
                    ColourMode::Grey => source.rows(rows, width, way.down(part * rows_each), Source::between_grey),
                    ColourMode::Colour => source.rows(rows, width, way.down(part * rows_each), Source::between_colours),
                });
            }
        });
        Ok(RawScan {
            width_px: width_px.into(),
            height_px: height_px.into(),
            dpi: raw.dpi,
            mode: raw.mode,
            pixels,
            device: raw.device.clone(),
        })
    }
}

/// One pixel in fixed-point places.
const ONE: i64 = 1 << 16;
/// More threads than this do not make a page quicker.
const MOST_THREADS: usize = 8;
/// Side of the squares in which a page is made, in pixels: what they take from the scan stays in the processor's cache, also
/// where a row of the page runs down the scan.
const TILE: usize = 64;

/// How a walk over the upright picture runs over the scan, in fixed point.
#[derive(Clone, Copy)]
struct Way {
    from: (f32, f32),
    direction: (f32, f32),
}

impl Way {
    /// From the middle of the first pixel; `direction` is that of a row, of length 1.
    const fn new(from: (f32, f32), direction: (f32, f32)) -> Self {
        Self { from, direction }
    }

    /// The same from another row on.
    fn down(self, rows: usize) -> Self {
        let ((x, y), (cosine, sine)) = (self.from, self.direction);
        Self { from: (x - real(rows) * sine, y + real(rows) * cosine), ..self }
    }

    /// Where a pixel of the first row lies, and the step to the next.
    fn at(self, column: usize) -> [(i64, i64); 2] {
        #[allow(clippy::cast_possible_truncation, reason = "the conversion saturates")]
        let fixed = |place: f32| (f64::from(place) * 65_536.0).round() as i64;
        let step = (fixed(self.direction.0), fixed(self.direction.1));
        let column = i64::try_from(column).unwrap_or_default();
        [(fixed(self.from.0) + step.0 * column, fixed(self.from.1) + step.1 * column), step]
    }
}

struct Source<'a> {
    pixels: &'a [u8],
    width: usize,
    height: usize,
}

impl Source<'_> {
    /// Rows of the upright picture, `width` pixels each, square by square.
    fn rows<const CHANNELS: usize>(
        &self,
        out: &mut [u8],
        width: usize,
        way: Way,
        between: impl Fn(&Self, i64, i64) -> Option<[u8; CHANNELS]>,
    ) {
        for (band, rows) in out.chunks_mut(TILE * width * CHANNELS).enumerate() {
            for column in (0..width).step_by(TILE) {
                for (row, pixels) in rows.chunks_exact_mut(width * CHANNELS).enumerate() {
                    let [(mut x, mut y), step] = way.down(band * TILE + row).at(column);
                    let tile = pixels.as_chunks_mut::<CHANNELS>().0.iter_mut().skip(column).take(TILE);
                    for pixel in tile {
                        if let Some(value) = between(self, x, y).or_else(|| self.pixel(x, y)) {
                            *pixel = value;
                        }
                        x += step.0;
                        y += step.1;
                    }
                }
            }
        }
    }

    /// Index of the pixel at the upper left of a place between four pixels of the scan; `None` at its border and outside.
    #[inline]
    fn upper_left(&self, x: i64, y: i64) -> Option<usize> {
        let (left, top) = (usize::try_from(x >> 16).ok()?, usize::try_from(y >> 16).ok()?);
        (left + 1 < self.width && top + 1 < self.height).then_some(top * self.width + left)
    }

    /// The value at a place between four pixels of a colour scan; `None` at its border and outside.
    #[inline]
    fn between_colours(&self, x: i64, y: i64) -> Option<[u8; 3]> {
        /// Every second byte of a number: each has room for a product with a share.
        const APART: u64 = 0x00FF_00FF_00FF_00FF;
        let start = self.upper_left(x, y)? * 3;
        // The six bytes of two neighbours, read as one number.
        let pair = |start: usize| Some(u64::from_le_bytes(*self.pixels.get(start..)?.first_chunk()?));
        let (upper, lower) = (pair(start)?, pair(start + self.width * 3)?);
        let ([_, part, ..], [_, down, ..]) = (x.to_le_bytes(), y.to_le_bytes());
        let mix = |upper: u64, lower: u64| (upper & APART) * (256 - u64::from(down)) + (lower & APART) * u64::from(down);
        let [red, blue, next_green, _] = words(mix(upper, lower));
        let [green, next_red, next_blue, _] = words(mix(upper >> 8, lower >> 8));
        let mix = |near: u32, far: u32| {
            let [_, _, whole, _] = (near * (256 - u32::from(part)) + far * u32::from(part) + 0x8000).to_le_bytes();
            whole
        };
        Some([mix(red, next_red), mix(green, next_green), mix(blue, next_blue)])
    }

    /// The same of a grey scan.
    #[inline]
    fn between_grey(&self, x: i64, y: i64) -> Option<[u8; 1]> {
        let start = self.upper_left(x, y)?;
        let upper: [u8; 2] = *self.pixels.get(start..)?.first_chunk()?;
        let lower: [u8; 2] = *self.pixels.get(start + self.width..)?.first_chunk()?;
        let corners = upper.iter().chain(&lower).map(|corner| u64::from(*corner));
        let sum = corners.zip(weights(x, y)).fold(0x8000, |sum, (corner, weight)| sum + corner * weight);
        let [_, _, grey, ..] = sum.to_le_bytes();
        Some([grey])
    }

    /// The value at a place in fixed point; `None` outside the scan.
    #[inline]
    fn pixel<const CHANNELS: usize>(&self, x: i64, y: i64) -> Option<[u8; CHANNELS]> {
        // A place up to half a pixel outside still lies on the outermost pixel.
        let (left, top) = (usize::try_from(x.max(0) / ONE).ok()?, usize::try_from(y.max(0) / ONE).ok()?);
        if x < -ONE / 2 || y < -ONE / 2 || left >= self.width || top >= self.height {
            return None;
        }
        let share =
            |place: i64, last: bool| if last || place < 0 { 0 } else { u32::try_from(place % ONE / 256).unwrap_or_default() };
        let (part, down) = (share(x, left + 1 == self.width), share(y, top + 1 == self.height));
        let start = (top * self.width + left) * CHANNELS;
        let upper = self.pixels.get(start..)?;
        let lower = if down == 0 { upper } else { self.pixels.get(start + self.width * CHANNELS..)? };
        let (across, along) = ([256 - part, part], [256 - down, down]);
        let mix = |[near, far]: [u32; 2], weights: [u32; 2]| near * weights[0] + far * weights[1];
        let (upper_next, lower_next) = if part == 0 { (upper, lower) } else { (upper.get(CHANNELS..)?, lower.get(CHANNELS..)?) };
        let mut value = [0_u8; CHANNELS];
        let corners = upper.iter().zip(upper_next).zip(lower.iter().zip(lower_next));
        for (value, (upper, lower)) in value.iter_mut().zip(corners) {
            let pair = |(near, far): (&u8, &u8)| [u32::from(*near), u32::from(*far)];
            let sum = mix([mix(pair(upper), across), mix(pair(lower), across)], along);
            *value = u8::try_from((sum + 32_768) >> 16).unwrap_or(255);
        }
        Some(value)
    }
}

/// The four sixteen-bit parts of a number, the lowest first.
#[inline]
fn words(number: u64) -> [u32; 4] {
    [0, 16, 32, 48].map(|shift| u32::try_from(number >> shift & 0xFFFF).unwrap_or_default())
}

/// The shares of the four pixels around a place: upper left, upper right, lower left, lower right; together 65 536.
#[inline]
fn weights(x: i64, y: i64) -> [u64; 4] {
    let ([_, part, ..], [_, down, ..]) = (x.to_le_bytes(), y.to_le_bytes());
    let (part, down) = (u64::from(part), u64::from(down));
    [(256 - part) * (256 - down), part * (256 - down), (256 - part) * down, part * down]
}
