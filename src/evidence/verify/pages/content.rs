//! What a page draws: its content stream (ISO 32000-1 §8, §9) as a list of painted things at their places on the paper.
//!
//! Only the operators that the station writes are known. A page with any other draws something that this reader does not see, and
//! is refused.

#![allow(clippy::many_single_char_names)] // A transformation has the letters of ISO 32000-1 §8.3.4.

use std::collections::BTreeMap;

use super::font::Embedded;
use crate::evidence::{
    report::{sheet::Step, style::PAGE_HEIGHT},
    verify::syntax::{Dictionary, Reader, Value},
};

/// Deepest nesting of `q`.
const MAX_DEPTH: usize = 16;
/// Most operands of one operator.
const MAX_OPERANDS: usize = 8;

/// A transformation of coordinates (ISO 32000-1 §8.3.4).
pub type Matrix = [f32; 6];

/// What the names in the content mean.
#[derive(Default)]
pub struct Resources<'f> {
    /// The fonts by their names, with the numbers of their objects.
    pub fonts: BTreeMap<Vec<u8>, (u32, &'f Embedded)>,
    /// The names that stand for sRGB.
    pub colours: Vec<Vec<u8>>,
    /// Pictures by their names: the numbers of their objects.
    pub pictures: BTreeMap<Vec<u8>, u32>,
}

/// Something that is seen. Places are measured from the upper left corner of the page, in points.
#[derive(Debug, Clone, PartialEq)]
pub enum Painted {
    /// A letter.
    Glyph {
        /// The font's object.
        font: u32,
        /// Its code in the font.
        code: u16,
        /// Where its baseline begins.
        at: [f32; 2],
        /// Size, points.
        size: f32,
        /// Red, green, blue, 0–1.
        colour: [f32; 3],
    },
    /// A line or an area.
    Path {
        /// Its course.
        steps: Vec<Step>,
        /// The width of the round pen; `None` when it is filled.
        pen: Option<f32>,
        /// Red, green, blue, 0–1.
        colour: [f32; 3],
    },
    /// A picture.
    Picture {
        /// Its object.
        picture: u32,
        /// Left, top, width, height.
        area: [f32; 4],
    },
}

/// What is read aloud and copied.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// What the font says about this code.
    Glyph(u32, u16),
    /// These words, whatever the letters are.
    Instead(Vec<u8>),
}

/// A stretch of content with its mark (ISO 32000-1 §14.6).
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The mark's tag.
    pub tag: Vec<u8>,
    /// The mark's properties.
    pub properties: Dictionary,
    /// What it paints.
    pub painted: Vec<Painted>,
    /// What its text says.
    pub said: Vec<Said>,
}

/// The content could not be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotFollowed;

/// Reads a page's content. Everything must lie in marks, one after the other.
pub fn read(content: &[u8], resources: &Resources<'_>) -> Result<Vec<Block>, NotFollowed> {
    let mut interpreter = Interpreter::new(resources);
    let mut reader = Reader::new(content);
    let mut operands = Vec::new();
    loop {
        reader.white_space();
        if reader.at_end() {
            break;
        }
        match reader.operator() {
            Some(operator) => {
                interpreter.run(operator, &operands)?;
                operands.clear();
            }
            None if operands.len() < MAX_OPERANDS => operands.push(reader.value().map_err(|_| NotFollowed)?),
            None => return Err(NotFollowed),
        }
    }
    let done = operands.is_empty() && interpreter.open.is_none() && interpreter.saved.is_empty() && interpreter.text.is_none();
    if done { Ok(interpreter.blocks) } else { Err(NotFollowed) }
}

#[derive(Clone)]
struct Graphics<'f> {
    matrix: Matrix,
    fill: Option<[f32; 3]>,
    stroke: Option<[f32; 3]>,
    /// The colour space of fill and stroke was named.
    named: [bool; 2],
    width: f32,
    cap: i64,
    join: i64,
    /// The font's object, the font, and its size.
    font: Option<(u32, &'f Embedded, f32)>,
}

struct Interpreter<'r, 'f> {
    resources: &'r Resources<'f>,
    blocks: Vec<Block>,
    open: Option<Block>,
    /// Inside a mark of its own with words instead of its letters.
    instead: bool,
    state: Graphics<'f>,
    saved: Vec<Graphics<'f>>,
    text: Option<Matrix>,
    path: Vec<Step>,
}

impl<'r, 'f> Interpreter<'r, 'f> {
    fn new(resources: &'r Resources<'f>) -> Self {
        let state = Graphics {
            matrix: [1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
            fill: None,
            stroke: None,
            named: [false; 2],
            width: 1.0,
            cap: 0,
            join: 0,
            font: None,
        };
        Self { resources, blocks: Vec::new(), open: None, instead: false, state, saved: Vec::new(), text: None, path: Vec::new() }
    }

    fn run(&mut self, operator: &[u8], operands: &[Value]) -> Result<(), NotFollowed> {
        match (operator, operands) {
            (b"BDC", [Value::Name(tag), Value::Dictionary(properties)]) => self.begin(tag, properties),
            (b"EMC", []) => self.end(),
            (b"q", []) if self.saved.len() < MAX_DEPTH && self.text.is_none() => {
                self.saved.push(self.state.clone());
                Ok(())
            }
            (b"Q", []) if self.text.is_none() => {
                self.state = self.saved.pop().ok_or(NotFollowed)?;
                Ok(())
            }
            (b"cm", _) if self.text.is_none() => {
                self.state.matrix = product(numbers(operands)?, self.state.matrix);
                Ok(())
            }
            (b"cs" | b"CS", [Value::Name(name)]) if self.resources.colours.contains(name) => {
                let [fill, stroke] = &mut self.state.named;
                if operator == b"cs" {
                    (*fill, self.state.fill) = (true, None);
                } else {
                    (*stroke, self.state.stroke) = (true, None);
                }
                Ok(())
            }
            (b"scn", _) if self.state.named[0] => {
                self.state.fill = Some(numbers(operands)?);
                Ok(())
            }
            (b"SCN", _) if self.state.named[1] => {
                self.state.stroke = Some(numbers(operands)?);
                Ok(())
            }
            (b"w", _) => {
                [self.state.width] = numbers(operands)?;
                Ok(())
            }
            (b"J", [Value::Integer(cap)]) => {
                self.state.cap = *cap;
                Ok(())
            }
            (b"j", [Value::Integer(join)]) => {
                self.state.join = *join;
                Ok(())
            }
            (b"m" | b"l" | b"c" | b"h", _) => self.step(operator, operands),
            (b"f" | b"S", []) => self.paint(operator == b"f"),
            (b"Do", [Value::Name(name)]) => self.picture(name),
            _ => self.text(operator, operands),
        }
    }

    fn begin(&mut self, tag: &[u8], properties: &Dictionary) -> Result<(), NotFollowed> {
        match &mut self.open {
            None if self.saved.is_empty() && self.text.is_none() => {
                let block = Block { tag: tag.to_vec(), properties: properties.clone(), painted: Vec::new(), said: Vec::new() };
                self.open = Some(block);
                Ok(())
            }
            Some(block) if tag == b"Span" && !self.instead && properties.keys().eq([b"ActualText".as_slice()]) => {
                let words = properties.get("ActualText").and_then(Value::text).ok_or(NotFollowed)?;
                block.said.push(Said::Instead(words.to_vec()));
                self.instead = true;
                Ok(())
            }
            _ => Err(NotFollowed),
        }
    }

    fn end(&mut self) -> Result<(), NotFollowed> {
        if std::mem::take(&mut self.instead) {
            return Ok(());
        }
        if !self.saved.is_empty() || self.text.is_some() || !self.path.is_empty() {
            return Err(NotFollowed);
        }
        self.blocks.push(self.open.take().ok_or(NotFollowed)?);
        Ok(())
    }

    fn painted(&mut self, painted: Painted) -> Result<(), NotFollowed> {
        self.open.as_mut().ok_or(NotFollowed)?.painted.push(painted);
        Ok(())
    }

    fn step(&mut self, operator: &[u8], operands: &[Value]) -> Result<(), NotFollowed> {
        let matrix = self.state.matrix;
        let at = |x: f32, y: f32| on_paper(matrix, x, y);
        let step = match operator {
            b"m" => numbers(operands).map(|[x, y]| Step::Move(at(x, y)))?,
            b"l" => numbers(operands).map(|[x, y]| Step::Line(at(x, y)))?,
            b"c" => numbers(operands).map(|[a, b, c, d, e, f]| Step::Curve([at(a, b), at(c, d), at(e, f)]))?,
            _ if operands.is_empty() => Step::Close,
            _ => return Err(NotFollowed),
        };
        self.path.push(step);
        Ok(())
    }

    fn paint(&mut self, filled: bool) -> Result<(), NotFollowed> {
        let steps = std::mem::take(&mut self.path);
        let round = self.state.cap == 1 && self.state.join == 1;
        let plain = is_upright(self.state.matrix) && self.text.is_none();
        let painted = match (filled, self.state.fill, self.state.stroke) {
            (true, Some(colour), _) => Painted::Path { steps, pen: None, colour },
            (false, _, Some(colour)) if round => Painted::Path { steps, pen: Some(self.state.width), colour },
            _ => return Err(NotFollowed),
        };
        if plain { self.painted(painted) } else { Err(NotFollowed) }
    }

    fn picture(&mut self, name: &[u8]) -> Result<(), NotFollowed> {
        let picture = *self.resources.pictures.get(name).ok_or(NotFollowed)?;
        let [width, up, across, height, left, bottom] = self.state.matrix;
        let upright = is_nothing(up) && is_nothing(across) && width > 0.0 && height > 0.0;
        if self.text.is_some() || !upright {
            return Err(NotFollowed);
        }
        self.painted(Painted::Picture { picture, area: [left, PAGE_HEIGHT - bottom - height, width, height] })
    }

    fn text(&mut self, operator: &[u8], operands: &[Value]) -> Result<(), NotFollowed> {
        match (operator, operands) {
            (b"BT", []) if self.text.is_none() => self.text = Some([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]),
            (b"ET", []) if self.text.is_some() && !self.instead => self.text = None,
            // Letters are filled. Other modes would hide or hollow them.
            (b"Tr", [Value::Integer(0)]) => {}
            (b"Tf", [Value::Name(name), size]) => {
                let (font, embedded) = *self.resources.fonts.get(name).ok_or(NotFollowed)?;
                self.state.font = Some((font, embedded, number(size)?));
            }
            (b"Tm", _) if self.text.is_some() => self.text = Some(numbers(operands)?),
            (b"Tj", [text @ Value::Text(_)]) => self.show(std::slice::from_ref(text))?,
            (b"TJ", [Value::Array(parts)]) => self.show(parts)?,
            _ => return Err(NotFollowed),
        }
        Ok(())
    }

    fn show(&mut self, parts: &[Value]) -> Result<(), NotFollowed> {
        let placed = product(self.text.ok_or(NotFollowed)?, self.state.matrix);
        let (font, embedded, size) = self.state.font.ok_or(NotFollowed)?;
        let colour = self.state.fill.ok_or(NotFollowed)?;
        let block = self.open.as_mut().ok_or(NotFollowed)?;
        if !is_upright_text(placed) {
            return Err(NotFollowed);
        }
        let mut along = 0.0;
        for part in parts {
            let Value::Text(codes) = part else {
                along -= number(part)? / 1000.0 * size;
                continue;
            };
            let (codes, []) = codes.as_chunks::<2>() else { return Err(NotFollowed) };
            for code in codes {
                let code = u16::from_be_bytes(*code);
                let at = [placed[4] + along, PAGE_HEIGHT - placed[5]];
                along += embedded.width(code) / 1000.0 * size;
                block.painted.push(Painted::Glyph { font, code, at, size, colour });
                if !self.instead {
                    block.said.push(Said::Glyph(font, code));
                }
            }
        }
        // The next text says anew where it stands.
        self.text = Some([f32::NAN; 6]);
        Ok(())
    }
}

fn number(value: &Value) -> Result<f32, NotFollowed> {
    match value {
        Value::Real(number) => Ok(*number),
        #[allow(clippy::cast_precision_loss)] // Exact up to 2^24, and a page is smaller.
        Value::Integer(number) => Ok(*number as f32),
        _ => Err(NotFollowed),
    }
}

fn numbers<const N: usize>(operands: &[Value]) -> Result<[f32; N], NotFollowed> {
    let operands: &[Value; N] = operands.try_into().map_err(|_| NotFollowed)?;
    let mut numbers = [0.0; N];
    for (place, operand) in numbers.iter_mut().zip(operands) {
        *place = number(operand)?;
    }
    Ok(numbers)
}

/// First `inner`, then `outer`.
fn product(inner: Matrix, outer: Matrix) -> Matrix {
    let [a, b, c, d, e, f] = inner;
    let [p, q, r, s, t, u] = outer;
    [a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u]
}

fn on_paper([a, b, c, d, e, f]: Matrix, x: f32, y: f32) -> [f32; 2] {
    [a * x + c * y + e, PAGE_HEIGHT - (b * x + d * y + f)]
}

/// The page turned upside down as the station writes it, at its own size: a pen keeps its width.
fn is_upright([a, b, c, d, _, _]: Matrix) -> bool {
    is_nothing(a - 1.0) && is_nothing(b) && is_nothing(c) && is_nothing(d.abs() - 1.0)
}

/// Letters stand upright at their own size.
fn is_upright_text([a, b, c, d, e, f]: Matrix) -> bool {
    is_nothing(a - 1.0) && is_nothing(b) && is_nothing(c) && is_nothing(d - 1.0) && e.is_finite() && f.is_finite()
}

fn is_nothing(number: f32) -> bool {
    number.abs() < 1e-6
}
