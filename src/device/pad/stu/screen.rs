//! The screen of a pad: a title, the field, three buttons; where they are, and the picture of them in one bit a pixel.

use tiny_skia::{Color, FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};
use ttf_parser::{Face, OutlineBuilder};

use super::super::PadScreen;

/// What a place on the screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The field for the signature.
    Field,
    /// The button that clears.
    Clear,
    /// The button that declines.
    Cancel,
    /// The button that accepts.
    Accept,
    /// Nothing.
    Elsewhere,
}

/// A rectangle in pixels: left, top, right, bottom.
type Area = (u16, u16, u16, u16);

/// Where things are on a screen of some size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    width: u16,
    height: u16,
}

impl Layout {
    /// For a screen of so many pixels.
    pub const fn new(width: u16, height: u16) -> Self {
        Self { width, height }
    }

    /// The field for the signature: as wide as the screen, between title and buttons.
    pub const fn field(self) -> Area {
        (self.width / 40, self.height / 7, self.width - self.width / 40, self.buttons_top() - self.height / 40)
    }

    const fn buttons_top(self) -> u16 {
        self.height - self.height / 5
    }

    /// The buttons, from the left: clear, cancel, accept. The one that is meant most is the last.
    fn buttons(self) -> [(Place, Area); 3] {
        let (third, gap) = (self.width / 3, self.width / 80);
        let area = |number: u16| {
            let left = third * number;
            (left + gap, self.buttons_top(), left + third - gap, self.height - self.height / 40)
        };
        [(Place::Clear, area(0)), (Place::Cancel, area(1)), (Place::Accept, area(2))]
    }

    /// What lies at a pixel.
    pub fn place(self, x: u16, y: u16) -> Place {
        let inside = |(left, top, right, bottom): Area| (left..right).contains(&x) && (top..bottom).contains(&y);
        let button = self.buttons().into_iter().find(|(_, area)| inside(*area)).map(|(place, _)| place);
        button.unwrap_or(if inside(self.field()) { Place::Field } else { Place::Elsewhere })
    }

    /// The picture: one bit a pixel, rows from the top, 1 is white. `None` only when the screen has no pixels.
    pub fn picture(self, screen: &PadScreen) -> Option<Vec<u8>> {
        let mut pixmap = Pixmap::new(u32::from(self.width), u32::from(self.height))?;
        pixmap.fill(Color::WHITE);
        let face = Face::parse(notosans::REGULAR_TTF, 0).ok()?;
        let field = self.field();
        frame(&mut pixmap, field);
        text(&mut pixmap, &face, &screen.title, (field.0, 0, field.2, field.1));
        let texts = [&screen.clear, &screen.cancel, &screen.accept];
        for ((_, area), label) in self.buttons().into_iter().zip(texts) {
            frame(&mut pixmap, area);
            text(&mut pixmap, &face, label, area);
        }
        let white = |pixel: &tiny_skia::PremultipliedColorU8| pixel.green() > 127;
        let rows = pixmap.pixels().chunks_exact(usize::from(self.width));
        let bytes = rows.flat_map(|row| {
            row.chunks(8).map(move |eight| {
                eight
                    .iter()
                    .zip([128_u8, 64, 32, 16, 8, 4, 2, 1])
                    .fold(0, |byte, (pixel, bit)| byte | if white(pixel) { bit } else { 0 })
            })
        });
        Some(bytes.collect())
    }
}

fn black() -> Paint<'static> {
    Paint { anti_alias: true, ..Paint::default() }
}

fn frame(pixmap: &mut Pixmap, (left, top, right, bottom): Area) {
    let [left, top, right, bottom] = [left, top, right, bottom].map(f32::from);
    if let Some(area) = Rect::from_ltrb(left + 0.5, top + 0.5, right - 0.5, bottom - 0.5) {
        let sharp = Paint { anti_alias: false, ..black() };
        pixmap.stroke_path(
            &PathBuilder::from_rect(area),
            &sharp,
            &Stroke { width: 1.0, ..Stroke::default() },
            Transform::identity(),
            None,
        );
    }
}

/// Sets a text in the middle of an area, as large as it fits.
fn text(pixmap: &mut Pixmap, face: &Face<'_>, text: &str, (left, top, right, bottom): Area) {
    let [left, top, right, bottom] = [left, top, right, bottom].map(f32::from);
    let Some((path, length)) = outline(face, text) else { return };
    let capital = f32::from(face.capital_height().unwrap_or(700)).max(1.0);
    let scale = ((bottom - top) * 0.42 / capital).min((right - left) * 0.9 / length.max(1.0));
    let (x, y) = (f32::midpoint(left, right) - length * scale / 2.0, f32::midpoint(top, bottom) + capital * scale / 2.0);
    pixmap.fill_path(&path, &black(), FillRule::Winding, Transform::from_row(scale, 0.0, 0.0, -scale, x, y), None);
}

/// The letters in a row, in the face's own units, and their length.
fn outline(face: &Face<'_>, text: &str) -> Option<(Path, f32)> {
    let mut pen = Pen { path: PathBuilder::new(), at: 0.0 };
    for glyph in text.chars().take(60).filter_map(|letter| face.glyph_index(letter)) {
        face.outline_glyph(glyph, &mut pen);
        pen.at += f32::from(face.glyph_hor_advance(glyph).unwrap_or_default());
    }
    let length = pen.at;
    pen.path.finish().map(|path| (path, length))
}

struct Pen {
    path: PathBuilder,
    at: f32,
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.at + x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.at + x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.path.quad_to(self.at + x1, y1, self.at + x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.path.cubic_to(self.at + x1, y1, self.at + x2, y2, self.at + x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
