//! Laid-out pages: marks in the order in which they are drawn, and the structure that a reader who cannot see them follows.
//!
//! Layout and drawing are apart because a page's footer names the number of pages, which is known last.

use std::sync::Arc;

use krilla::tagging::TagKind;

use super::{style::Colour, text::Text};
use crate::{
    digest::Digest,
    imaging::ink::{self, Place, Trace},
};

/// What a mark is to a reader (ISO 32000-1 §14.8.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Content: it stands in the structure.
    Content,
    /// Repeats on every page, above.
    Header,
    /// Repeats on every page, below.
    Footer,
    /// Ornament.
    Layout,
}

/// A picture, in the bytes of its JPEG file.
#[derive(Clone)]
pub struct Picture {
    /// The picture.
    pub image: krilla::image::Image,
    /// SHA-256 of the file.
    pub digest: Digest,
}

/// What is drawn.
pub enum Shape {
    /// A piece of a line; `x` and baseline.
    Text(Text, f32, f32),
    /// A filled rectangle: x, y, width, height.
    Area(Colour, [f32; 4]),
    /// The outline of a rectangle.
    Frame(Colour, [f32; 4]),
    /// A tick, in a square of this size.
    Tick(Colour, f32, f32, f32),
    /// A picture: x, y, width, height.
    Picture(Picture, [f32; 4]),
    /// Ink: upper left corner, points a micrometre.
    Ink(Arc<[Trace]>, f32, f32, f32),
}

/// One step of an outline; coordinates from the upper left corner of the page, points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Begins here.
    Move([f32; 2]),
    /// A straight line.
    Line([f32; 2]),
    /// A cubic Bézier curve: two control points and the end.
    Curve([[f32; 2]; 3]),
    /// Back to the beginning.
    Close,
}

/// A shape without letters or pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Contour {
    /// Its course.
    pub steps: Vec<Step>,
    /// The width of the round pen that follows it; `None` when it is filled.
    pub pen: Option<f32>,
    /// Its colour.
    pub colour: Colour,
}

/// The pen around pictures.
const FRAME_PEN: f32 = 0.6;
/// The pen of a tick.
const TICK_PEN: f32 = 1.5;
/// A point of ink is drawn so long, for a line of no length would be left out.
const DOT: f32 = 0.02;

impl Shape {
    /// The outlines that make up the shape; empty for text and pictures.
    pub fn contours(&self) -> Vec<Contour> {
        match self {
            Self::Text(..) | Self::Picture(..) => Vec::new(),
            Self::Area(colour, area) => vec![Contour { steps: rectangle(*area), pen: None, colour: *colour }],
            Self::Frame(colour, area) => vec![Contour { steps: rectangle(*area), pen: Some(FRAME_PEN), colour: *colour }],
            Self::Tick(colour, x, y, size) => {
                let at = |across: f32, down: f32| [x + size * across, y + size * down];
                let steps = vec![Step::Move(at(0.0, 0.55)), Step::Line(at(0.36, 0.9)), Step::Line(at(1.0, 0.1))];
                vec![Contour { steps, pen: Some(TICK_PEN), colour: *colour }]
            }
            Self::Ink(traces, x, y, scale) => {
                let pen = Some(f32::from(ink::PEN_WIDTH) * scale);
                let place = |place: Place| [x + place.x * scale, y + place.y * scale];
                traces.iter().map(|trace| Contour { steps: line(trace, place), pen, colour: ink::INK }).collect()
            }
        }
    }

    /// What is read and copied instead of grouped digits: the digits alone.
    pub fn spoken(&self) -> Option<String> {
        match self {
            Self::Text(text, ..) if text.run.grouped => Some(text.run.text.split_whitespace().collect()),
            _ => None,
        }
    }
}

fn rectangle([x, y, width, height]: [f32; 4]) -> Vec<Step> {
    let (right, bottom) = (x + width, y + height);
    vec![Step::Move([x, y]), Step::Line([right, y]), Step::Line([right, bottom]), Step::Line([x, bottom]), Step::Close]
}

fn line(trace: &Trace, place: impl Fn(Place) -> [f32; 2]) -> Vec<Step> {
    let start = place(trace.start);
    let curves = trace.curves.iter().map(|curve| Step::Curve([curve.leaving, curve.arriving, curve.end].map(&place)));
    let steps: Vec<Step> = std::iter::once(Step::Move(start)).chain(curves).collect();
    let here = |at: &[f32; 2]| at.iter().zip(start).all(|(one, other)| (one - other).abs() < f32::EPSILON);
    if steps.iter().all(|step| matches!(step, Step::Move(at) | Step::Curve([_, _, at]) if here(at))) {
        return vec![Step::Move(start), Step::Line([start[0] + DOT, start[1]])];
    }
    steps
}

/// One drawn thing.
pub struct Mark {
    /// What.
    pub shape: Shape,
    /// What it is to a reader.
    pub role: Role,
}

/// A page.
#[derive(Default)]
pub struct Sheet {
    /// In the order in which they are drawn.
    pub marks: Vec<Mark>,
}

/// The structure in reading order.
pub enum Node {
    /// A group with its tag.
    Group(TagKind, Vec<Node>),
    /// A mark: page and place on it.
    Mark(usize, usize),
}

/// A heading that the outline lists.
pub struct Bookmark {
    /// Its text.
    pub title: String,
    /// Page, from 0.
    pub page: usize,
    /// From the upper edge, points.
    pub y: f32,
}

/// Everything that is drawn.
#[derive(Default)]
pub struct Sheets {
    /// The pages.
    pub pages: Vec<Sheet>,
    /// The structure.
    pub structure: Vec<Node>,
    /// The outline.
    pub outline: Vec<Bookmark>,
}
