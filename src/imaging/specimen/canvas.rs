//! A page to draw on, measured in millimetres from its top left corner.

use image::RgbImage;
use tiny_skia::{
    Color, FillRule, GradientStop, LineCap, LineJoin, LinearGradient, Paint, Path, PathBuilder, Pixmap, PixmapPaint, Point, Rect,
    Shader, SpreadMode, Stroke, Transform,
};
use ttf_parser::{Face, OutlineBuilder};

use super::SpecimenError;
use crate::imaging::ocr_b;

/// Distance of the characters of a machine readable zone in millimetres: ten in an inch (ICAO 9303-3 §4.5).
const OCR_B_PITCH: f32 = 2.54;

/// A colour: red, green, blue, opacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8, pub u8);

impl Colour {
    /// An opaque colour from `0xRRGGBB`.
    pub const fn rgb(hex: u32) -> Self {
        let [_, red, green, blue] = hex.to_be_bytes();
        Self(red, green, blue, 255)
    }

    /// The same colour at another opacity.
    pub const fn at(self, opacity: u8) -> Self {
        Self(self.0, self.1, self.2, opacity)
    }

    fn skia(self) -> Color {
        Color::from_rgba8(self.0, self.1, self.2, self.3)
    }
}

/// What a shape is drawn with.
#[derive(Debug, Clone)]
pub enum Ink {
    /// One colour.
    Solid(Colour),
    /// Colours along the line between two points, evenly spread.
    Gradient((f32, f32), (f32, f32), Vec<Colour>),
}

impl From<Colour> for Ink {
    fn from(colour: Colour) -> Self {
        Self::Solid(colour)
    }
}

impl Ink {
    fn paint(&self) -> Paint<'static> {
        let shader = match self {
            Self::Solid(colour) => Shader::SolidColor(colour.skia()),
            Self::Gradient(from, to, colours) => {
                let last = u16::try_from(colours.len().saturating_sub(1)).unwrap_or(1).max(1);
                let stops = (0_u16..).zip(colours);
                let stops = stops.map(|(i, colour)| GradientStop::new(f32::from(i) / f32::from(last), colour.skia()));
                LinearGradient::new(point(*from), point(*to), stops.collect(), SpreadMode::Pad, Transform::identity())
                    .unwrap_or(Shader::SolidColor(Color::TRANSPARENT))
            }
        };
        Paint { shader, anti_alias: true, ..Paint::default() }
    }
}

/// A typeface of the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typeface {
    /// Noto Sans.
    Regular,
    /// Noto Sans, bold.
    Bold,
    /// Noto Sans, italic.
    Italic,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub struct Type {
    /// Typeface.
    pub face: Typeface,
    /// Size of the em in millimetres.
    pub size: f32,
    /// Extra space after each character in millimetres.
    pub spacing: f32,
}

impl Type {
    /// A text without extra space.
    pub const fn new(face: Typeface, size: f32) -> Self {
        Self { face, size, spacing: 0.0 }
    }
}

struct Faces {
    regular: Face<'static>,
    bold: Face<'static>,
    italic: Face<'static>,
    ocr_b: Face<'static>,
}

/// A page.
pub struct Canvas {
    pixmap: Pixmap,
    to_pixels: Transform,
    dots_per_mm: f32,
    faces: std::rc::Rc<Faces>,
}

impl Canvas {
    /// An empty page of this size in millimetres.
    pub fn new(size_mm: (f32, f32), dpi: u16) -> Result<Self, SpecimenError> {
        if !(50..=1200).contains(&dpi) {
            return Err(SpecimenError::Resolution);
        }
        let face = |bytes: &'static [u8]| Face::parse(bytes, 0).map_err(|_| SpecimenError::Typeface);
        let faces = Faces {
            regular: face(notosans::REGULAR_TTF)?,
            bold: face(notosans::BOLD_TTF)?,
            italic: face(notosans::ITALIC_TTF)?,
            ocr_b: face(ocr_b::FONT)?,
        };
        Self::sized(size_mm, f32::from(dpi) / 25.4, faces.into()).ok_or(SpecimenError::Resolution)
    }

    fn sized(size_mm: (f32, f32), dots_per_mm: f32, faces: std::rc::Rc<Faces>) -> Option<Self> {
        let pixmap = Pixmap::new(whole(size_mm.0 * dots_per_mm), whole(size_mm.1 * dots_per_mm))?;
        Some(Self { pixmap, to_pixels: Transform::from_scale(dots_per_mm, dots_per_mm), dots_per_mm, faces })
    }

    /// The picture, on white.
    pub fn into_picture(self) -> RgbImage {
        let (width, height) = (self.pixmap.width(), self.pixmap.height());
        let mut pixels = self.pixmap.pixels().iter();
        RgbImage::from_fn(width, height, |_, _| {
            let pixel = pixels.next();
            let on_white = |channel: u8, alpha: u8| channel.saturating_add(255 - alpha);
            image::Rgb(pixel.map_or([255; 3], |pixel| {
                [pixel.red(), pixel.green(), pixel.blue()].map(|channel| on_white(channel, pixel.alpha()))
            }))
        })
    }

    /// Fills a shape.
    pub fn fill(&mut self, shape: Option<Path>, ink: impl Into<Ink>) {
        if let Some(shape) = shape {
            self.pixmap.fill_path(&shape, &ink.into().paint(), FillRule::EvenOdd, self.to_pixels, None);
        }
    }

    /// Draws a line of this width in millimetres.
    pub fn stroke(&mut self, line: Option<Path>, width: f32, ink: impl Into<Ink>) {
        if let Some(line) = line {
            let stroke = Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() };
            self.pixmap.stroke_path(&line, &ink.into().paint(), &stroke, self.to_pixels, None);
        }
    }

    /// Draws a picture of its own within `area` (left, top, width, height), clipped to it, at an opacity from 0 to 1.
    pub fn inset(&mut self, area: (f32, f32, f32, f32), opacity: f32, draw: impl FnOnce(&mut Self)) {
        let (left, top, width, height) = area;
        let Some(mut inset) = Self::sized((width, height), self.dots_per_mm, self.faces.clone()) else { return };
        draw(&mut inset);
        let place = Transform::from_translate((left * self.dots_per_mm).round(), (top * self.dots_per_mm).round());
        let paint = PixmapPaint { opacity, ..PixmapPaint::default() };
        self.pixmap.draw_pixmap(0, 0, inset.pixmap.as_ref(), &paint, place, None);
    }

    /// Draws with all measures multiplied by `scale`.
    pub fn scaled(&mut self, scale: f32, draw: impl FnOnce(&mut Self)) {
        let before = self.to_pixels;
        self.to_pixels = before.pre_scale(scale, scale);
        draw(self);
        self.to_pixels = before;
    }

    /// Sets a text with its first character's foot at `at`.
    pub fn text(&mut self, at: (f32, f32), kind: Type, ink: impl Into<Ink>, text: &str) {
        self.turned_text(at, 0.0, kind, ink, text);
    }

    /// Sets a text with its middle at `at`.
    pub fn centred_text(&mut self, at: (f32, f32), kind: Type, ink: impl Into<Ink>, text: &str) {
        let width = self.text_width(kind, text);
        self.text((at.0 - width / 2.0, at.1), kind, ink, text);
    }

    /// Sets a text that rises by `degrees`.
    pub fn turned_text(&mut self, at: (f32, f32), degrees: f32, kind: Type, ink: impl Into<Ink>, text: &str) {
        let faces = self.faces.clone();
        let face = faces.of(kind.face);
        let scale = kind.size / f32::from(face.units_per_em());
        let mut outline = Outline::default();
        let mut x = 0.0;
        for glyph in text.chars().filter_map(|character| face.glyph_index(character)) {
            outline.place = (x, 0.0, scale);
            face.outline_glyph(glyph, &mut outline);
            x += advance(face, glyph, scale) + kind.spacing;
        }
        let turn = Transform::from_rotate(-degrees).post_translate(at.0, at.1);
        self.fill(outline.path.finish().and_then(|path| path.transform(turn)), ink);
    }

    /// Width of a text in millimetres.
    pub fn text_width(&self, kind: Type, text: &str) -> f32 {
        let face = self.faces.of(kind.face);
        let scale = kind.size / f32::from(face.units_per_em());
        let glyphs = text.chars().filter_map(|character| face.glyph_index(character));
        glyphs.map(|glyph| advance(face, glyph, scale) + kind.spacing).sum::<f32>() - kind.spacing
    }

    /// Sets one line of a machine readable zone with its first character's foot at `at`.
    pub fn machine_readable(&mut self, at: (f32, f32), ink: Colour, line: &str) {
        let faces = self.faces.clone();
        let face = &faces.ocr_b;
        let capital = face.glyph_index('H').and_then(|glyph| face.glyph_bounding_box(glyph)).map_or(1, |bounds| bounds.y_max);
        let scale = ocr_b::CAPITAL_MM / f32::from(capital.max(1));
        let mut outline = Outline::default();
        let mut x = at.0;
        for character in line.chars() {
            if let Some(glyph) = face.glyph_index(character) {
                // Each character stands in the middle of its cell.
                outline.place = (x + (OCR_B_PITCH - advance(face, glyph, scale)) / 2.0, at.1, scale);
                face.outline_glyph(glyph, &mut outline);
            }
            x += OCR_B_PITCH;
        }
        if let Some(path) = outline.path.finish() {
            // Outlines of this font overlap, so the winding decides, not the parity.
            self.pixmap.fill_path(&path, &Ink::from(ink).paint(), FillRule::Winding, self.to_pixels, None);
        }
    }
}

impl Faces {
    const fn of(&self, face: Typeface) -> &Face<'static> {
        match face {
            Typeface::Regular => &self.regular,
            Typeface::Bold => &self.bold,
            Typeface::Italic => &self.italic,
        }
    }
}

fn advance(face: &Face<'_>, glyph: ttf_parser::GlyphId, scale: f32) -> f32 {
    f32::from(face.glyph_hor_advance(glyph).unwrap_or(0)) * scale
}

fn point((x, y): (f32, f32)) -> Point {
    Point::from_xy(x, y)
}

/// A length in whole pixels.
fn whole(pixels: f32) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what a page can have")]
    let whole = pixels.round().clamp(1.0, 20_000.0) as u32;
    whole
}

/// Builds a shape.
pub fn shape(build: impl FnOnce(&mut PathBuilder)) -> Option<Path> {
    let mut path = PathBuilder::new();
    build(&mut path);
    path.finish()
}

/// A line through these points.
pub fn line(points: impl IntoIterator<Item = (f32, f32)>) -> Option<Path> {
    shape(|path| {
        for (x, y) in points {
            if path.is_empty() {
                path.move_to(x, y);
            } else {
                path.line_to(x, y);
            }
        }
    })
}

/// A rectangle: left, top, width, height.
pub fn rectangle(left: f32, top: f32, width: f32, height: f32) -> Option<Path> {
    Rect::from_xywh(left, top, width, height).map(PathBuilder::from_rect)
}

/// A rectangle with round corners.
pub fn rounded(left: f32, top: f32, width: f32, height: f32, radius: f32) -> Option<Path> {
    let (right, bottom) = (left + width, top + height);
    // How far the control points of a cubic that looks like a quarter circle lie from the corner.
    let near = radius * 0.448;
    shape(|path| {
        path.move_to(left + radius, top);
        path.line_to(right - radius, top);
        path.cubic_to(right - near, top, right, top + near, right, top + radius);
        path.line_to(right, bottom - radius);
        path.cubic_to(right, bottom - near, right - near, bottom, right - radius, bottom);
        path.line_to(left + radius, bottom);
        path.cubic_to(left + near, bottom, left, bottom - near, left, bottom - radius);
        path.line_to(left, top + radius);
        path.cubic_to(left, top + near, left + near, top, left + radius, top);
        path.close();
    })
}

/// An ellipse by its middle and its half axes.
pub fn ellipse(x: f32, y: f32, across: f32, down: f32) -> Option<Path> {
    Rect::from_xywh(x - across, y - down, across * 2.0, down * 2.0).and_then(PathBuilder::from_oval)
}

/// The numbers from 0 to 1 in `steps` steps.
pub fn steps(steps: u16) -> impl Iterator<Item = f32> + Clone {
    (0..=steps).map(move |step| f32::from(step) / f32::from(steps.max(1)))
}

/// Collects glyph outlines, turned the right way up and scaled to millimetres.
#[derive(Default)]
struct Outline {
    path: PathBuilder,
    /// The foot of the glyph and its scale.
    place: (f32, f32, f32),
}

impl Outline {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        let (left, foot, scale) = self.place;
        (left + x * scale, foot - y * scale)
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
