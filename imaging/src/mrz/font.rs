//! The characters of OCR-B as a scanner sees them: in several sizes, weights and degrees of sharpness.

use std::sync::OnceLock;

use tiny_skia::{BlendMode, FillRule, Paint, Path, PathBuilder, Pixmap, Stroke, Transform};
use ttf_parser::{Face, OutlineBuilder};

use super::format::{ALPHABET, FILLER};
use crate::{number::real, ocr_b};

/// Pixels of a millimetre in a cell.
pub const CELL_PER_MM: f32 = 6.0;
/// Pixels across a cell: 2.3 mm, a little less than the distance of two characters.
pub const CELL_WIDTH: usize = 14;
/// Pixels down a cell: 3.3 mm, so that a character 2.4 mm high has its surroundings.
pub const CELL_HEIGHT: usize = 20;
/// Pixels of a cell.
pub const CELL: usize = CELL_WIDTH * CELL_HEIGHT;

/// The pixels of a cell, with mean 0 and length 1: the product of two is their correlation.
pub type Window = [f32; CELL];

/// Heights of the capitals in millimetres.
const CAPITALS: [f32; 7] = [2.1, 2.25, ocr_b::CAPITAL_MM, 2.55, 2.7, 2.9, 3.1];
/// How much wider than the typeface's the strokes are, in millimetres.
const WEIGHTS: [f32; 3] = [-0.06, 0.0, 0.08];
/// How far the print is blurred: standard deviation in millimetres.
const BLURS: [f32; 7] = [0.03, 0.08, 0.13, 0.18, 0.24, 0.31, 0.4];
/// Drawn this much finer than a cell.
const FINER: usize = 4;
/// Ink fainter than this share of the darkest is the background's print.
const FAINT: f32 = 0.12;

/// How the print looks: indices into sizes, weights and blurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    capital: usize,
    weight: usize,
    blur: usize,
}

impl Look {
    /// Nominal size and weight, a little soft: near enough to everything to find out the rest.
    pub const USUAL: Self = Self { capital: 2, weight: 1, blur: 2 };

    /// The looks that differ from this one in one respect, in turn: sharpness, size, weight.
    pub fn neighbours(self) -> [Vec<Self>; 3] {
        [
            (0..BLURS.len()).map(|blur| Self { blur, ..self }).collect(),
            (0..CAPITALS.len()).map(|capital| Self { capital, ..self }).collect(),
            (0..WEIGHTS.len()).map(|weight| Self { weight, ..self }).collect(),
        ]
    }

    /// How far the print is blurred: standard deviation in millimetres.
    pub fn blur_mm(self) -> f32 {
        BLURS.get(self.blur).copied().unwrap_or_default()
    }

    fn index(self) -> usize {
        (self.capital * WEIGHTS.len() + self.weight) * BLURS.len() + self.blur
    }
}

/// One character as it looks.
#[derive(Debug)]
pub struct Shape {
    /// Its place in [`ALPHABET`].
    pub character: u8,
    /// Its pixels.
    pub window: Window,
}

/// All characters in one look; empty when the program's typeface is damaged.
#[derive(Debug)]
pub struct Alphabet {
    /// The characters, and those variants of the filler that issuers print.
    pub shapes: Vec<Shape>,
}

impl Alphabet {
    /// The alphabet in this look; drawn once, then kept.
    pub fn of(look: Look) -> &'static Self {
        const LOOKS: usize = CAPITALS.len() * WEIGHTS.len() * BLURS.len();
        static DRAWN: [OnceLock<Alphabet>; LOOKS] = [const { OnceLock::new() }; LOOKS];
        static NOTHING: Alphabet = Alphabet { shapes: Vec::new() };
        DRAWN
            .get(look.index())
            .map_or(&NOTHING, |place| place.get_or_init(|| Self::draw(look).unwrap_or(Self { shapes: Vec::new() })))
    }

    fn draw(look: Look) -> Option<Self> {
        let sharp = Self::sharp(look)?;
        let deviation = look.blur_mm() * CELL_PER_MM;
        let drawn: Vec<(u8, Window)> = sharp.iter().map(|(character, pixels)| (*character, blurred(pixels, deviation))).collect();
        let mut inks: Vec<f32> = drawn.iter().flat_map(|(_, pixels)| pixels.iter().copied()).collect();
        let full = full_ink(&mut inks, 0.927);
        let shapes = drawn.into_iter().filter_map(|(character, pixels)| {
            let mut window = pixels.map(|ink| without_faint(ink / full));
            normalise(&mut window).then_some(Shape { character, window })
        });
        Some(Self { shapes: shapes.collect() })
    }

    /// The characters as they are before they are blurred; drawn once for each size and weight.
    fn sharp(look: Look) -> Option<&'static [(u8, Window)]> {
        static DRAWN: [OnceLock<Vec<(u8, Window)>>; CAPITALS.len() * WEIGHTS.len()] =
            [const { OnceLock::new() }; CAPITALS.len() * WEIGHTS.len()];
        let place = DRAWN.get(look.capital * WEIGHTS.len() + look.weight)?;
        Some(place.get_or_init(|| Self::outlined(look).unwrap_or_default()).as_slice())
    }

    fn outlined(look: Look) -> Option<Vec<(u8, Window)>> {
        let face = Face::parse(ocr_b::FONT, 0).ok()?;
        let capital = *CAPITALS.get(look.capital)?;
        let weight = *WEIGHTS.get(look.weight)?;
        let mut drawn = Vec::new();
        for (character, letter) in (0_u8..).zip(ALPHABET) {
            let outline = outline(&face, char::from(*letter), capital)?;
            drawn.push((character, covered(&outline, weight)?));
            if character == FILLER {
                // Issuers' fillers differ more in size than their letters do.
                for scale in [0.8, 1.2] {
                    let middle = real(CELL_HEIGHT * FINER) / 2.0;
                    let across = real(CELL_WIDTH * FINER) / 2.0;
                    let sized =
                        Transform::from_translate(-across, -middle).post_scale(scale, scale).post_translate(across, middle);
                    drawn.push((character, covered(&outline.clone().transform(sized)?, weight)?));
                }
            }
        }
        Some(drawn)
    }
}

/// The ink that counts as black: what `share` of the pixels stay below.
pub fn full_ink(inks: &mut [f32], share: f32) -> f32 {
    let last = inks.len().saturating_sub(1);
    let place = crate::number::count(real(last) * share).min(last);
    if inks.is_empty() {
        return 1.0;
    }
    let (_, full, _) = inks.select_nth_unstable_by(place, f32::total_cmp);
    full.max(0.01)
}

/// Ink from 0 to 1 without the background's print.
pub fn without_faint(ink: f32) -> f32 {
    (ink - FAINT).clamp(0.0, 1.0)
}

/// Makes the mean 0 and the length 1; false when there is nothing to see.
pub fn normalise(window: &mut Window) -> bool {
    let mean = window.iter().sum::<f32>() / real(CELL);
    let mut square = 0.0;
    for pixel in window.iter_mut() {
        *pixel -= mean;
        square += *pixel * *pixel;
    }
    let length = square.sqrt();
    if length < 0.35 {
        return false;
    }
    for pixel in window.iter_mut() {
        *pixel /= length;
    }
    true
}

/// How much two windows are alike: their correlation.
pub fn likeness(a: &Window, b: &Window) -> f32 {
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

/// The outline of a character in the middle of a cell, in fine pixels.
fn outline(face: &Face<'_>, letter: char, capital_mm: f32) -> Option<Path> {
    let per_mm = CELL_PER_MM * real(FINER);
    let height = face.glyph_bounding_box(face.glyph_index('H')?)?.y_max;
    let scale = capital_mm * per_mm / f32::from(height.max(1));
    let glyph = face.glyph_index(letter)?;
    let mut pen = Pen(PathBuilder::new());
    face.outline_glyph(glyph, &mut pen)?;
    let advance = f32::from(face.glyph_hor_advance(glyph)?) * scale;
    let left = (real(CELL_WIDTH * FINER) - advance) / 2.0;
    let foot = f32::midpoint(real(CELL_HEIGHT * FINER), capital_mm * per_mm);
    pen.0.finish()?.transform(Transform::from_row(scale, 0.0, 0.0, -scale, left, foot))
}

/// How much of each pixel of a cell an outline covers, from 0 to 1.
fn covered(outline: &Path, wider_mm: f32) -> Option<Window> {
    let (width, height) = (u32::try_from(CELL_WIDTH * FINER).ok()?, u32::try_from(CELL_HEIGHT * FINER).ok()?);
    let mut fine = Pixmap::new(width, height)?;
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    fine.fill_path(outline, &paint, FillRule::Winding, Transform::identity(), None);
    if wider_mm != 0.0 {
        if wider_mm < 0.0 {
            paint.blend_mode = BlendMode::Clear;
        }
        let stroke = Stroke { width: wider_mm.abs() * CELL_PER_MM * real(FINER), ..Stroke::default() };
        fine.stroke_path(outline, &paint, &stroke, Transform::identity(), None);
    }
    let mut cell = [0.0; CELL];
    for (row, fine) in cell.chunks_exact_mut(CELL_WIDTH).zip(fine.pixels().chunks_exact(CELL_WIDTH * FINER * FINER)) {
        for line in fine.chunks_exact(CELL_WIDTH * FINER) {
            for (pixel, fine) in row.iter_mut().zip(line.chunks_exact(FINER)) {
                *pixel += fine.iter().map(|pixel| f32::from(pixel.alpha())).sum::<f32>();
            }
        }
    }
    Some(cell.map(|sum| sum / (255.0 * real(FINER * FINER))))
}

/// A cell blurred by a Gaussian of this standard deviation in pixels; outside the cell there is no ink.
fn blurred(cell: &Window, deviation: f32) -> Window {
    const REACH: usize = 8;
    let weights: [f32; 2 * REACH + 1] =
        std::array::from_fn(|at| (-0.5 * ((real(at) - real(REACH)) / deviation.max(0.05)).powi(2)).exp());
    let total: f32 = weights.iter().sum();
    let weights = weights.map(|weight| weight / total);
    let mut across = [0.0; CELL];
    let mut padded = [0.0; CELL_WIDTH + 2 * REACH];
    for (out, row) in across.as_chunks_mut::<CELL_WIDTH>().0.iter_mut().zip(cell.as_chunks::<CELL_WIDTH>().0) {
        for (place, ink) in padded.iter_mut().skip(REACH).zip(row) {
            *place = *ink;
        }
        for (weight, shifted) in weights.iter().zip(padded.windows(CELL_WIDTH)) {
            add(out, shifted, *weight);
        }
    }
    let mut both = [0.0; CELL];
    let rows = across.as_chunks::<CELL_WIDTH>().0;
    for (y, out) in both.as_chunks_mut::<CELL_WIDTH>().0.iter_mut().enumerate() {
        let above = REACH.saturating_sub(y);
        for (weight, row) in weights.iter().skip(above).zip(rows.iter().skip((y + above).saturating_sub(REACH))) {
            add(out, row, *weight);
        }
    }
    both
}

fn add(sums: &mut [f32; CELL_WIDTH], row: &[f32], weight: f32) {
    for (sum, ink) in sums.iter_mut().zip(row) {
        *sum += weight * ink;
    }
}

/// Takes up an outline in the units of the typeface.
struct Pen(PathBuilder);

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
