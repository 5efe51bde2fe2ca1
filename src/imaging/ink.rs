//! The ink of a signature: strokes as a smooth line, as a picture true to scale, and as a path for the screens.
//!
//! The line passes through every sample of the pen. Between two samples it is a Catmull-Rom curve whose bends are held short, so
//! a pause or a sharp corner makes no loop that the pen did not make. A pen that leaves the field is drawn at its edge.

use std::fmt::Write as _;

use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use tiny_skia::{Color, LineCap, LineJoin, Paint, PathBuilder, Pixmap, Stroke, Transform};

use crate::control::signature::{PenPoint, Strokes};

/// Resolution of [`picture`], dots per inch; it stands in the PNG's `pHYs`.
pub const DPI: u16 = 300;

/// Width of the drawn line, micrometres: a ballpoint pen's.
pub const PEN_WIDTH: u16 = 500;

/// Most pixels of one picture: a field of 344 × 258 mm at [`DPI`], larger than the touch window of any desk.
pub const MOST_PIXELS: u64 = 12_400_000;

/// The colour of the ink, red, green, blue.
pub const INK: [u8; 3] = [0x14, 0x1e, 0x46];

const MICROMETRES_PER_INCH: f32 = 25_400.0;
const MICROMETRES_PER_MILLIMETRE: f32 = 1_000.0;

/// Why there is no picture of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InkError {
    /// The field has no area.
    #[error("the signature's field has no size: test the signature device and let the holder sign again")]
    FieldEmpty,
    /// The picture would exceed [`MOST_PIXELS`].
    #[error("the signature's field is larger than any signature device: correct the size of the field in LOCAL.toml")]
    FieldTooLarge,
    /// More samples than [`Strokes::MOST_POINTS`].
    #[error("the signature has more samples than ten minutes of writing give: let the holder sign again")]
    TooManyPoints,
    /// The picture could not be written as PNG.
    #[error("the picture of the signature could not be made: let the holder sign again")]
    NotEncoded,
}

impl InkError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::FieldEmpty => "INK_FIELD_EMPTY",
            Self::FieldTooLarge => "INK_FIELD_TOO_LARGE",
            Self::TooManyPoints => "INK_TOO_MANY_POINTS",
            Self::NotEncoded => "INK_NOT_ENCODED",
        }
    }
}

/// A place on the field, micrometres from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// From the left edge.
    pub x: f32,
    /// From the upper edge.
    pub y: f32,
}

impl Place {
    fn of(point: &PenPoint, strokes: &Strokes) -> Self {
        Self { x: micrometres(point.x.min(strokes.width)), y: micrometres(point.y.min(strokes.height)) }
    }

    fn towards(self, way: (f32, f32)) -> Self {
        Self { x: self.x + way.0, y: self.y + way.1 }
    }

    /// The same place in another unit: `scale` units a micrometre.
    #[must_use]
    pub fn scaled(self, scale: f32) -> Self {
        Self { x: self.x * scale, y: self.y * scale }
    }
}

/// One piece of the line, from where the piece before it ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    /// First control point of the cubic Bézier curve.
    pub leaving: Place,
    /// Second control point.
    pub arriving: Place,
    /// A sample of the pen.
    pub end: Place,
}

/// The line of one stroke.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Pen down.
    pub start: Place,
    /// One curve for each further sample; a dot has one curve of no length.
    pub curves: Vec<Curve>,
}

/// The lines of a signature, one for each stroke that has a sample.
pub fn traces(strokes: &Strokes) -> impl Iterator<Item = Trace> {
    strokes.strokes.iter().filter_map(|stroke| {
        let places: Vec<Place> = stroke.iter().map(|point| Place::of(point, strokes)).collect();
        let start = *places.first()?;
        let mut curves: Vec<Curve> = (1..places.len()).filter_map(|index| curve(&places, index)).collect();
        if curves.is_empty() {
            curves.push(Curve { leaving: start, arriving: start, end: start });
        }
        Some(Trace { start, curves })
    })
}

/// The curve that ends at sample `index`: each control point lies a sixth of the way between the neighbours' neighbours,
/// and never farther off than a third of the piece's own length.
fn curve(places: &[Place], index: usize) -> Option<Curve> {
    let (from, to) = (*places.get(index.checked_sub(1)?)?, *places.get(index)?);
    let before = index.checked_sub(2).and_then(|i| places.get(i)).copied().unwrap_or(from);
    let after = places.get(index + 1).copied().unwrap_or(to);
    let longest = (to.x - from.x).hypot(to.y - from.y) / 3.0;
    let bend = |a: Place, b: Place| {
        let (x, y) = ((b.x - a.x) / 6.0, (b.y - a.y) / 6.0);
        let long = x.hypot(y);
        let held = if long > longest { longest / long } else { 1.0 };
        (x * held, y * held)
    };
    let (out, inward) = (bend(before, to), bend(from, after));
    Some(Curve { leaving: from.towards(out), arriving: to.towards((-inward.0, -inward.1)), end: to })
}

/// The signature as SVG path commands, `scale` units of the screen a millimetre of the field. Draw it with round caps.
pub fn path(strokes: &Strokes, scale: f32) -> String {
    let scale = scale / MICROMETRES_PER_MILLIMETRE;
    let mut commands = String::new();
    for trace in traces(strokes) {
        let start = trace.start.scaled(scale);
        // Writing to a String cannot fail.
        let _ = write!(commands, "M{:.2} {:.2}", start.x, start.y);
        for Curve { leaving, arriving, end } in trace.curves {
            let [a, b, c] = [leaving, arriving, end].map(|place| place.scaled(scale));
            let _ = write!(commands, "C{:.2} {:.2} {:.2} {:.2} {:.2} {:.2}", a.x, a.y, b.x, b.y, c.x, c.y);
        }
    }
    commands
}

/// The picture of a signature: PNG, RGB, white paper, [`DPI`] at the field's true size. The same strokes give the same bytes.
///
/// # Errors
/// [`InkError`] when the field has no size or is too large, or there are too many samples.
pub fn picture(strokes: &Strokes) -> Result<Vec<u8>, InkError> {
    if strokes.points() > Strokes::MOST_POINTS {
        return Err(InkError::TooManyPoints);
    }
    let (width, height) = (pixels(strokes.width), pixels(strokes.height));
    if width == 0 || height == 0 {
        return Err(InkError::FieldEmpty);
    }
    if width * height > MOST_PIXELS {
        return Err(InkError::FieldTooLarge);
    }
    let side = |pixels: u64| u32::try_from(pixels).map_err(|_| InkError::FieldTooLarge);
    let mut paper = Pixmap::new(side(width)?, side(height)?).ok_or(InkError::FieldTooLarge)?;
    paper.fill(Color::WHITE);
    let scale = f32::from(DPI) / MICROMETRES_PER_INCH;
    let mut line = PathBuilder::new();
    for trace in traces(strokes) {
        let start = trace.start.scaled(scale);
        line.move_to(start.x, start.y);
        for Curve { leaving, arriving, end } in trace.curves {
            let [a, b, c] = [leaving, arriving, end].map(|place| place.scaled(scale));
            line.cubic_to(a.x, a.y, b.x, b.y, c.x, c.y);
        }
    }
    if let Some(line) = line.finish() {
        let mut ink = Paint { anti_alias: true, ..Paint::default() };
        let [red, green, blue] = INK;
        ink.set_color_rgba8(red, green, blue, 255);
        let pen = Stroke {
            width: f32::from(PEN_WIDTH) * scale,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        paper.stroke_path(&line, &ink, &pen, Transform::identity(), None);
    }
    let rgb: Vec<u8> = paper.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
    let mut png = Vec::new();
    PngEncoder::new(&mut png)
        .write_image(&rgb, paper.width(), paper.height(), ExtendedColorType::Rgb8)
        .map_err(|_| InkError::NotEncoded)?;
    with_density(&png, DPI).ok_or(InkError::NotEncoded)
}

/// Pixels of a length in micrometres at [`DPI`], rounded up.
fn pixels(micrometres: u32) -> u64 {
    (u64::from(micrometres) * u64::from(DPI)).div_ceil(25_400)
}

/// A length in micrometres; exact up to 16 m.
#[allow(clippy::cast_precision_loss)]
pub fn micrometres(length: u32) -> f32 {
    length as f32
}

/// The PNG with its resolution, in a `pHYs` chunk after the header (PNG, third edition, §11.3.4.3).
fn with_density(png: &[u8], dpi: u16) -> Option<Vec<u8>> {
    /// Signature (8) and IHDR: length, type, 13 bytes, CRC.
    const HEADER: usize = 8 + 4 + 4 + 13 + 4;
    let (header, rest) = png.split_at_checked(HEADER)?;
    let per_metre = (u32::from(dpi) * 10_000 + 127) / 254;
    let mut body = b"pHYs".to_vec();
    body.extend(per_metre.to_be_bytes());
    body.extend(per_metre.to_be_bytes());
    body.push(1);
    let mut out = header.to_vec();
    out.extend(9_u32.to_be_bytes());
    out.extend(&body);
    out.extend(crc32(&body).to_be_bytes());
    out.extend(rest);
    Some(out)
}

/// CRC-32 of a PNG chunk (PNG, third edition, annex D).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}
