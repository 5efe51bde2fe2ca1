//! A long text divided into pages that fit the holder's window, so that nothing scrolls and nothing is cut.
//!
//! The division mirrors how the page `ui/holder/terms.slint` sets its text: the same typeface, one size, headings in bold,
//! a gap after each paragraph.

use std::sync::OnceLock;

use ttf_parser::Face;

use crate::Paragraph;

/// Line height as the page sets it, times the typeface's natural line height (`line-height-factor` of the page).
const LINE_FACTOR: f32 = 1.05;
/// Gap after a paragraph in ems (`padding-bottom` of the page).
const GAP: f32 = 0.6;
/// Widths are measured without kerning; this part of the width stays unused.
const RESERVE: f32 = 0.02;

/// The measures of one page in logical pixels, as the window reports them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sheet {
    /// Width of the text.
    pub width: f32,
    /// Height of the text.
    pub height: f32,
    /// Size of the type.
    pub text_size: f32,
}

/// Divides `text` into pages of `sheet`, every word kept, in order; at least one page.
///
/// A heading stands with the first lines of its text. A paragraph longer than a page goes on overleaf without its heading.
/// On a sheet too small for a line each page holds one line.
pub fn paginate(text: &[Paragraph], sheet: &Sheet) -> Vec<Vec<Paragraph>> {
    let size = sheet.text_size.max(1.0);
    let line = (regular().line * LINE_FACTOR * size).ceil();
    let width = sheet.width * (1.0 - RESERVE) / size;
    let mut pages = vec![];
    let mut page: Vec<Paragraph> = vec![];
    let mut left = sheet.height;
    for paragraph in text {
        let mut heading = paragraph.heading.as_str();
        let mut body = paragraph.text.as_str();
        loop {
            let heading_height: f32 = bold().line_starts(heading, width).iter().map(|_| line).sum();
            let starts = regular().line_starts(body, width);
            let room = lines_within(left - heading_height, line, starts.len());
            // A heading without its text, or a lone line at the foot of a page, belongs overleaf.
            let least = starts.len().min(2);
            if (room < least || heading_height > left) && !page.is_empty() {
                pages.push(std::mem::take(&mut page));
                left = sheet.height;
                continue;
            }
            let taken = room.max(1);
            let (here, overleaf) = match starts.get(taken).and_then(|&at| body.split_at_checked(at)) {
                Some((here, overleaf)) => (here.trim_end(), overleaf.trim_start()),
                None => (body, ""),
            };
            let body_height: f32 = starts.iter().take(taken).map(|_| line).sum();
            left -= heading_height + body_height + GAP * size;
            page.push(Paragraph { heading: heading.into(), text: here.into() });
            if overleaf.is_empty() {
                break;
            }
            heading = "";
            body = overleaf;
            pages.push(std::mem::take(&mut page));
            left = sheet.height;
        }
    }
    if !page.is_empty() || pages.is_empty() {
        pages.push(page);
    }
    pages
}

/// How many of `count` lines of the height `line` fit into `height`.
fn lines_within(height: f32, line: f32, count: usize) -> usize {
    let mut used = 0.0;
    (0..count)
        .take_while(|_| {
            used += line;
            used <= height
        })
        .count()
}

/// One weight of the typeface, measured in ems.
struct Type {
    face: Option<Face<'static>>,
    line: f32,
}

fn regular() -> &'static Type {
    static REGULAR: OnceLock<Type> = OnceLock::new();
    REGULAR.get_or_init(|| Type::new(include_bytes!("../fonts/NotoSans-Regular.ttf")))
}

fn bold() -> &'static Type {
    static BOLD: OnceLock<Type> = OnceLock::new();
    BOLD.get_or_init(|| Type::new(include_bytes!("../fonts/NotoSans-Bold.ttf")))
}

impl Type {
    fn new(font: &'static [u8]) -> Self {
        let face = Face::parse(font, 0).ok();
        // Without the typeface every letter counts as wide as it is high: too many pages, but none cut.
        let line = face.as_ref().map_or(1.5, |face| {
            let height = f32::from(face.ascender()) - f32::from(face.descender()) + f32::from(face.line_gap());
            height / f32::from(face.units_per_em())
        });
        Self { face, line }
    }

    /// The width of a letter; a letter that the typeface lacks counts as an em.
    fn advance(&self, letter: char) -> f32 {
        if letter == '\n' {
            return 0.0;
        }
        self.face
            .as_ref()
            .and_then(|face| {
                let advance = face.glyph_hor_advance(face.glyph_index(letter)?)?;
                Some(f32::from(advance) / f32::from(face.units_per_em()))
            })
            .unwrap_or(1.0)
    }

    fn width(&self, text: &str) -> f32 {
        text.chars().map(|letter| self.advance(letter)).sum()
    }

    /// Where each line of `text` begins when it is set to `width`; nothing for a text without letters.
    fn line_starts(&self, text: &str, width: f32) -> Vec<usize> {
        let mut starts = vec![];
        if text.trim().is_empty() {
            return starts;
        }
        let mut x = 0.0;
        let mut at = 0;
        let mut new_line = true;
        for word in text.split_inclusive(char::is_whitespace) {
            let word_width = self.width(word.trim_end());
            if new_line || x + word_width > width {
                starts.push(at);
                x = 0.0;
            }
            if word_width > width {
                for (offset, letter) in word.char_indices() {
                    let advance = self.advance(letter);
                    if x + advance > width && x > 0.0 {
                        starts.push(at + offset);
                        x = 0.0;
                    }
                    x += advance;
                }
            } else {
                x += self.width(word);
            }
            new_line = word.ends_with('\n');
            at += word.len();
        }
        starts
    }
}
