//! Laid-out pages: marks in the order in which they are drawn, and the structure that a reader who cannot see them follows.
//!
//! Layout and drawing are apart because a page's footer names the number of pages, which is known last.

use std::sync::Arc;

use krilla::tagging::TagKind;

use super::{style::Colour, text::Run};
use crate::imaging::ink::Trace;

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
pub struct Picture(pub krilla::image::Image);

/// What is drawn.
pub enum Shape {
    /// A piece of a line; `x` and baseline.
    Text(Run, f32, f32),
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
