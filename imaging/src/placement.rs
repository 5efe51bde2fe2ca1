//! How a document lies on a scan, and the one warp that makes it upright: straightened, cropped and turned at once.

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
        let mut pixels = Vec::with_capacity(width * height * step);
        let source = Source { pixels: &raw.pixels, width: scan_width, height: scan_height };
        for row in 0..height {
            let down = real(row);
            let from = (first.0 - down * sine, first.1 + down * cosine);
            match raw.mode {
                ColourMode::Grey => source.row::<1>(&mut pixels, width, from, (cosine, sine)),
                ColourMode::Colour => source.row::<3>(&mut pixels, width, from, (cosine, sine)),
            }
        }
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

struct Source<'a> {
    pixels: &'a [u8],
    width: usize,
    height: usize,
}

/// One pixel in fixed-point places.
const ONE: i64 = 1 << 16;

impl Source<'_> {
    /// Appends one row of the upright picture: `width` pixels from this place on, one pixel apart in this direction.
    fn row<const CHANNELS: usize>(&self, out: &mut Vec<u8>, width: usize, from: (f32, f32), direction: (f32, f32)) {
        #[allow(clippy::cast_possible_truncation, reason = "the conversion saturates")]
        let fixed = |place: f32| (f64::from(place) * 65_536.0).round() as i64;
        let (mut x, mut y) = (fixed(from.0), fixed(from.1));
        let (step_x, step_y) = (fixed(direction.0), fixed(direction.1));
        for _ in 0..width {
            out.extend(self.pixel::<CHANNELS>(x, y).unwrap_or([255; CHANNELS]));
            x += step_x;
            y += step_y;
        }
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
