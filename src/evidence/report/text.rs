//! Text on the page: the typeface, what it can show, how wide it is, where a line breaks.
//!
//! A character without a glyph would make the whole report impossible (krilla refuses `.notdef` in PDF/A), and an invisible one
//! could change what a name seems to be. Both are shown by number, `[U+674E]`; the record inside the report has the exact text.

use std::{
    collections::HashMap,
    fmt::Write as _,
    ops::Range,
    sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError},
};

use rustybuzz::{Direction, Face, Script, ShapePlan, UnicodeBuffer, script};

use super::{ReportError, style::Style, words::Both};
use crate::digest::Digest;

/// Longest text of one field on the page, characters; the record has the rest.
const LONGEST: usize = 4_000;

/// Most marks on one letter. More would climb into the line above.
const MOST_MARKS: usize = 2;

/// The characters up to here are known by heart: those of Latin, Greek and Cyrillic names.
const BY_HEART: u32 = 0x530;

/// So many texts are known that stand in many reports; a report has some hundreds of them.
const MOST_COMMON: usize = 8_000;

/// Noto Sans, regular and bold. It is read once: both weights together have a megabyte.
pub struct Typeface {
    regular: Weight,
    bold: Weight,
}

static TYPEFACE: LazyLock<Option<Typeface>> = LazyLock::new(|| {
    let weight = |bytes: &'static [u8]| Some(Weight::new(Face::from_slice(bytes, 0)?));
    Some(Typeface { regular: weight(notosans::REGULAR_TTF)?, bold: weight(notosans::BOLD_TTF)? })
});

/// One of the two faces.
pub struct Weight {
    face: Face<'static>,
    by_heart: Vec<Letter>,
    /// How texts of a script are shaped. To find that out takes longer than to shape one.
    plans: Mutex<Vec<(Script, Arc<ShapePlan>)>>,
    /// The glyphs of texts that stand in many reports.
    common: Mutex<HashMap<String, Arc<[Glyph]>>>,
}

/// What the typeface has for a character.
#[derive(Clone, Copy)]
struct Letter {
    /// Not the sign for a missing glyph.
    has_glyph: bool,
    /// How far it moves on, units of the typeface.
    advance: u16,
}

/// A glyph of a text. Lengths are in units of the typeface, across and up.
#[derive(Debug, Clone, PartialEq)]
pub struct Glyph {
    /// Its number in the typeface.
    pub id: u32,
    /// The bytes of the text that it stands for.
    pub letters: Range<usize>,
    /// How far it moves on.
    pub advance: [i32; 2],
    /// Where it stands beside its place.
    pub offset: [i32; 2],
}

impl Letter {
    fn find(face: &Face<'_>, c: char) -> Self {
        let glyph = face.glyph_index(c);
        Self {
            has_glyph: glyph.is_some_and(|glyph| glyph.0 != 0),
            advance: glyph.and_then(|glyph| face.glyph_hor_advance(glyph)).unwrap_or(0),
        }
    }
}

impl Weight {
    fn new(face: Face<'static>) -> Self {
        let near = (0..BY_HEART).map(|code| char::from_u32(code).unwrap_or_default());
        let by_heart = near.map(|c| Letter::find(&face, c)).collect();
        Self { face, by_heart, plans: Mutex::default(), common: Mutex::default() }
    }

    /// The face itself.
    pub fn face(&self) -> &Face<'static> {
        &self.face
    }

    fn letter(&self, c: char) -> Letter {
        let known = usize::try_from(u32::from(c)).ok().and_then(|code| self.by_heart.get(code));
        known.copied().unwrap_or_else(|| Letter::find(&self.face, c))
    }

    /// The glyphs of a text from left to right. Those of a text that stands in many reports are kept for the next one.
    fn glyphs(&self, text: &str, common: bool) -> Arc<[Glyph]> {
        if !common {
            return self.shape(text).into();
        }
        let mut known = self.common.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(glyphs) = known.get(text) {
            return glyphs.clone();
        }
        if known.len() >= MOST_COMMON {
            known.clear();
        }
        let glyphs: Arc<[Glyph]> = self.shape(text).into();
        known.insert(text.to_owned(), glyphs.clone());
        glyphs
    }

    fn shape(&self, text: &str) -> Vec<Glyph> {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        buffer.set_direction(Direction::LeftToRight);
        let plan = self.plan(buffer.script());
        let shaped = rustybuzz::shape_with_plan(&self.face, &plan, buffer);
        // From the end: a glyph's letters reach to where those of the next other one begin.
        let (mut start, mut end) = (text.len(), text.len());
        let mut glyphs: Vec<_> = shaped
            .glyph_infos()
            .iter()
            .zip(shaped.glyph_positions())
            .rev()
            .map(|(info, place)| {
                let begins = usize::try_from(info.cluster).unwrap_or(end);
                if begins != start {
                    (start, end) = (begins, start);
                }
                let [advance, rise] = [place.x_advance, place.y_advance];
                Glyph {
                    id: info.glyph_id,
                    letters: start..end,
                    advance: [advance, rise],
                    offset: [place.x_offset, place.y_offset],
                }
            })
            .collect();
        glyphs.reverse();
        glyphs
    }

    fn plan(&self, of: Script) -> Arc<ShapePlan> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, plan)) = plans.iter().find(|(script, _)| *script == of) {
            return plan.clone();
        }
        let named = (of != script::UNKNOWN).then_some(of);
        let plan = Arc::new(ShapePlan::new(&self.face, Direction::LeftToRight, named, None, &[]));
        plans.push((of, plan.clone()));
        plan
    }
}

impl Typeface {
    /// The typeface that is compiled in.
    pub fn load() -> Result<&'static Self, ReportError> {
        TYPEFACE.as_ref().ok_or(ReportError::NoTypeface)
    }

    /// The regular or the bold face.
    pub fn weight(&self, bold: bool) -> &Weight {
        if bold { &self.bold } else { &self.regular }
    }

    /// The width of a text that went through [`Typeface::visible`], points. Kerning only makes it narrower.
    pub fn width(&self, text: &str, style: Style) -> f32 {
        text.chars().map(|c| self.advance(c, style)).sum()
    }

    fn advance(&self, c: char, style: Style) -> f32 {
        let weight = self.weight(style.bold);
        let units = f32::from(ttf_parser::Face::units_per_em(&weight.face).max(1));
        f32::from(weight.letter(c).advance) * style.size / units
    }

    /// The text, without spaces at its end, fits into `width` points. Looks no farther than it must.
    fn fits(&self, text: &str, style: Style, width: f32) -> bool {
        let mut used = 0.0;
        text.trim_end().chars().all(|c| {
            used += self.advance(c, style);
            used <= width
        })
    }

    /// The text of a field: [`Typeface::visible`], and at most [`LONGEST`] characters of it.
    pub fn field(&self, text: &str) -> String {
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => self.visible(text.get(..end).unwrap_or_default()) + " […]",
            None => self.visible(text),
        }
    }

    /// The text with everything that cannot or must not be drawn shown by number. Line breaks and tabs count as such too.
    pub fn visible(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut marks = 0;
        for c in text.chars() {
            marks = if is_mark(c) { marks + 1 } else { 0 };
            match c {
                // The typeface lacks these two hyphens; the plain one looks the same.
                '\u{2010}' | '\u{2011}' => out.push('-'),
                _ if self.draws(c) && marks <= MOST_MARKS && !(is_mark(c) && out.is_empty()) => out.push(c),
                _ => {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "[U+{:04X}]", u32::from(c));
                }
            }
        }
        out
    }

    /// Both weights have a glyph, and it is not an invisible one.
    fn draws(&self, c: char) -> bool {
        !is_hidden(c) && [&self.regular, &self.bold].iter().all(|weight| weight.letter(c).has_glyph)
    }

    /// Breaks runs of text into lines of at most `width` points: between words, and inside a word that alone is too wide.
    /// English that does not fit beside the bokmål before it begins on a line of its own.
    pub fn lines(&self, runs: &[Run], width: f32) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut line = Line::default();
        let mut used = 0.0;
        for run in runs {
            if run.english && used > 0.0 && !self.fits(&run.text, run.style, width - used) {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            for word in run.text.split_inclusive(' ') {
                let mut word = word;
                if used > 0.0 && !self.fits(word, run.style, width - used) {
                    lines.push(std::mem::take(&mut line));
                    used = 0.0;
                }
                while !self.fits(word, run.style, width) {
                    let (head, tail) = self.split(word, run.style, width);
                    line.push(run, head);
                    lines.push(std::mem::take(&mut line));
                    word = tail;
                }
                line.push(run, word);
                used += self.width(word, run.style);
            }
        }
        if !line.pieces.is_empty() {
            lines.push(line);
        }
        lines
    }

    /// As many letters as fit, at least one; a letter keeps its marks, and `[U+674E]` stays whole where it can.
    fn split<'t>(&self, word: &'t str, style: Style, width: f32) -> (&'t str, &'t str) {
        let mut used = 0.0;
        let mut cut = 0;
        for (at, c) in word.char_indices() {
            if at > 0 && !is_mark(c) {
                if used > width {
                    break;
                }
                cut = at;
            }
            used += self.advance(c, style);
        }
        if cut == 0 {
            cut = word.char_indices().map(|(at, _)| at).find(|&at| at > 0).unwrap_or(word.len());
        }
        // A number of a character that would be cut goes to the next line as a whole.
        let head = word.get(..cut).unwrap_or(word);
        if let Some(open) = head.rfind("[U+")
            && open > 0
            && !head.get(open..).is_some_and(|number| number.contains(']'))
        {
            cut = open;
        }
        word.split_at_checked(cut).unwrap_or((word, ""))
    }
}

/// A combining mark of the scripts that the typeface has.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Characters that are not seen, or that change how others are seen (Unicode: `Cc`, `Cf`, `Co`, default ignorable).
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
                | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}'
                | '\u{fffe}'..='\u{ffff}' | '\u{e0000}'..='\u{10ffff}'
        )
}

/// A stretch of text in one style. Its text is drawable: it was authored here or went through [`Typeface::visible`].
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The text.
    pub text: String,
    /// Its look.
    pub style: Style,
    /// English; everything else is bokmål.
    pub english: bool,
    /// The spaces only group digits for the eye; who copies or listens gets the digits alone.
    pub grouped: bool,
    /// It stands in many reports alike and says nothing about anybody: a heading, a label, a line of the terms.
    pub common: bool,
}

impl Run {
    /// Text in bokmål, or of no language.
    pub fn new(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style, english: false, grouped: false, common: false }
    }

    /// English text.
    pub fn english(text: impl Into<String>, style: Style) -> Self {
        Self { english: true, ..Self::new(text, style) }
    }

    /// A digest in groups of eight digits.
    pub fn digest(digest: &Digest, style: Style) -> Self {
        let digits: Vec<char> = digest.to_string().chars().collect();
        let groups: Vec<String> = digits.chunks(8).map(|group| group.iter().collect()).collect();
        Self { grouped: true, ..Self::new(groups.join(" "), style) }
    }

    /// The same run, which stands in many reports alike. Nothing about a person is marked so.
    pub fn common(self) -> Self {
        Self { common: true, ..self }
    }

    /// Bokmål, then English in its own style.
    pub fn both(text: &Both, style: Style, english: Style) -> Vec<Self> {
        vec![Self::new(format!("{}  ", text.nb), style), Self::english(text.en.clone(), english)]
    }
}

/// A run on a page, and its glyphs once somebody has asked for them.
pub struct Text {
    /// The run.
    pub run: Run,
    glyphs: OnceLock<Arc<[Glyph]>>,
}

impl Text {
    /// The glyphs of the run from left to right.
    pub fn glyphs(&self, typeface: &Typeface) -> &[Glyph] {
        self.glyphs.get_or_init(|| typeface.weight(self.run.style.bold).glyphs(&self.run.text, self.run.common))
    }
}

impl From<Run> for Text {
    fn from(run: Run) -> Self {
        Self { run, glyphs: OnceLock::new() }
    }
}

/// One line: pieces that follow each other.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    /// From left to right.
    pub pieces: Vec<Run>,
}

impl Line {
    fn push(&mut self, run: &Run, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.pieces.last_mut() {
            Some(last) if last.style == run.style && last.english == run.english && last.grouped == run.grouped => {
                last.text.push_str(text);
                last.common &= run.common;
            }
            _ => self.pieces.push(Run { text: text.to_owned(), ..run.clone() }),
        }
    }

    /// From the baseline above to this one's, points.
    pub fn leading(&self) -> f32 {
        self.pieces.iter().map(|piece| piece.style.leading()).fold(0.0, f32::max)
    }
}
