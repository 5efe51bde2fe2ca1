//! The fonts of a report: what each code draws, how wide it is and which letter it is read as.

use std::cell::RefCell;

use ttf_parser::{GlyphId, OutlineBuilder};

use crate::evidence::{
    report::text::{Glyph, Text, Typeface},
    verify::{
        record::unpack,
        structure::Revision,
        syntax::{Dictionary, Value},
    },
};

/// Largest font program, and largest table of letters, bytes.
const MAX_FONT: usize = 4 << 20;
/// Most codes of one font.
const MAX_CODES: usize = 20_000;

/// A font inside the file (ISO 32000-1 §9.7): TrueType, its codes are the numbers of its glyphs.
pub struct Embedded {
    program: Vec<u8>,
    widths: ByCode<f32>,
    /// The width of all other codes.
    other_width: f32,
    letters: ByCode<String>,
    /// What was found out about a code: that it draws this glyph of the bold face, or of the regular one.
    same: RefCell<ByCode<(bool, GlyphId)>>,
}

/// Something about some of the codes of a font.
struct ByCode<T>(Vec<Option<T>>);

impl<T> ByCode<T> {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn get(&self, code: u16) -> Option<&T> {
        self.0.get(usize::from(code)).and_then(Option::as_ref)
    }

    /// What was known before.
    fn insert(&mut self, code: u16, value: T) -> Option<T> {
        let place = usize::from(code);
        if place >= self.0.len() {
            self.0.resize_with(place + 1, || None);
        }
        self.0.get_mut(place)?.replace(value)
    }
}

impl Embedded {
    /// The font with this dictionary; `None` when it is not one as the station embeds it.
    pub fn read(file: &Revision<'_>, font: &Dictionary) -> Option<Self> {
        let dictionary = |value: &Value| file.objects.get(&value.reference()?)?.value.dictionary();
        let stream = |value: &Value| {
            let object = file.objects.get(&value.reference()?)?;
            unpack(object.value.dictionary()?, object.stream?, MAX_FONT).ok()
        };
        let [descendant] = font.get("DescendantFonts")?.array()? else { return None };
        let descendant = dictionary(descendant)?;
        let plain = font.has_name("Subtype", "Type0")
            && font.has_name("Encoding", "Identity-H")
            && descendant.has_name("Subtype", "CIDFontType2")
            && descendant.has_name("CIDToGIDMap", "Identity");
        let descriptor = dictionary(descendant.get("FontDescriptor")?)?;
        let program = stream(descriptor.get("FontFile2")?)?;
        let widths = widths(descendant.get("W")?.array()?)?;
        let other_width = descendant.get("DW").map_or(Some(1000.0), width)?;
        let letters = letters(&stream(font.get("ToUnicode")?)?)?;
        plain.then_some(Self { program, widths, other_width, letters, same: RefCell::new(ByCode::new()) })
    }

    /// How far a code moves on, thousandths of the size.
    pub fn width(&self, code: u16) -> f32 {
        self.widths.get(code).copied().unwrap_or(self.other_width)
    }

    /// The letters that a code is read as.
    pub fn letters(&self, code: u16) -> Option<&str> {
        self.letters.get(code).map(String::as_str)
    }

    fn outline(&self, code: u16) -> Option<Course> {
        let face = ttf_parser::Face::parse(&self.program, 0).ok()?;
        Some(Course::of(&face, GlyphId(code)))
    }
}

/// `[first [w w …] …]` or `[first last w …]`.
fn widths(list: &[Value]) -> Option<ByCode<f32>> {
    let code = |value: &Value| value.position().and_then(|code| u16::try_from(code).ok());
    let mut widths = ByCode::new();
    let mut left = MAX_CODES;
    let mut rest = list;
    while let Some((first, more)) = rest.split_first() {
        let first = code(first)?;
        let (second, more) = more.split_first()?;
        rest = if let Some(each) = second.array() {
            left = left.checked_sub(each.len())?;
            for (code, value) in (first..=u16::MAX).zip(each) {
                widths.insert(code, width(value)?);
            }
            more
        } else {
            let (value, more) = more.split_first()?;
            let codes = first..=code(second)?;
            left = left.checked_sub(codes.len())?;
            for code in codes {
                widths.insert(code, width(value)?);
            }
            more
        };
    }
    Some(widths)
}

#[allow(clippy::cast_precision_loss)] // Widths are some thousands at most.
fn width(value: &Value) -> Option<f32> {
    match value {
        Value::Integer(width) => Some(*width as f32),
        Value::Real(width) => Some(*width),
        _ => None,
    }
}

/// The letters of each code, from a table of `bfchar` entries (ISO 32000-1 §9.10.3).
fn letters(table: &[u8]) -> Option<ByCode<String>> {
    let text = std::str::from_utf8(table).ok()?;
    let (mut letters, mut count) = (ByCode::new(), 0);
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if line.ends_with("beginbfchar") {
            inside = true;
        } else if line == "endbfchar" {
            inside = false;
        } else if line.contains("bfrange") || line.contains("notdef") || line.contains("usecmap") {
            return None;
        } else if inside {
            let (code, said) = line.strip_prefix('<')?.strip_suffix('>')?.split_once("> <")?;
            let units: Vec<u16> = said.as_bytes().chunks(4).map(unit).collect::<Option<_>>()?;
            let old = letters.insert(unit(code.as_bytes())?, String::from_utf16(&units).ok()?);
            count += 1;
            if old.is_some() || count > MAX_CODES {
                return None;
            }
        }
    }
    Some(letters)
}

/// Four hexadecimal digits.
fn unit(digits: &[u8]) -> Option<u16> {
    let text =
        std::str::from_utf8(digits).ok().filter(|text| text.len() == 4 && text.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u16::from_str_radix(text, 16).ok()
}

/// A letter where it must stand.
pub struct Placed {
    /// Its glyph in the report's typeface.
    pub glyph: GlyphId,
    /// Where its baseline begins.
    pub at: [f32; 2],
}

/// The report's typeface, which knows how its letters look and where they stand.
pub struct Typesetter {
    typeface: &'static Typeface,
}

impl Typesetter {
    /// The typeface that is compiled in.
    pub fn load() -> Option<Self> {
        Some(Self { typeface: Typeface::load().ok()? })
    }

    /// The letters of a text that begins at `x` on this baseline.
    pub fn set(&self, text: &Text, x: f32, baseline: f32) -> Vec<Placed> {
        let style = text.run.style;
        let units = f32::from(ttf_parser::Face::units_per_em(self.typeface.weight(style.bold).face()));
        #[allow(clippy::cast_precision_loss)] // Units of the font: some thousands.
        let scaled = |length: i32| length as f32 * style.size / units;
        let mut along = x;
        let place = |glyph: &Glyph| {
            let [across, up] = glyph.offset.map(scaled);
            let at = [along + across, baseline - up];
            along += scaled(glyph.advance[0]);
            Placed { glyph: GlyphId(u16::try_from(glyph.id).unwrap_or(0)), at }
        };
        text.glyphs(self.typeface).iter().map(place).collect()
    }

    /// Whether a code of a font in the file draws this glyph of the typeface.
    pub fn draws(&self, font: &Embedded, code: u16, glyph: GlyphId, bold: bool) -> bool {
        if font.same.borrow().get(code) == Some(&(bold, glyph)) {
            return true;
        }
        let drawn = font.outline(code);
        let same = drawn.is_some_and(|drawn| drawn == Course::of(self.typeface.weight(bold).face(), glyph));
        if same {
            font.same.borrow_mut().insert(code, (bold, glyph));
        }
        same
    }
}

/// The course of a glyph's outline in units of its font, with their number in one size.
#[derive(Debug, PartialEq)]
struct Course {
    units: u16,
    steps: Vec<(u8, [f32; 6])>,
}

impl Course {
    fn of(face: &ttf_parser::Face<'_>, glyph: GlyphId) -> Self {
        let mut course = Self { units: face.units_per_em(), steps: Vec::new() };
        face.outline_glyph(glyph, &mut course);
        course
    }
}

impl OutlineBuilder for Course {
    fn move_to(&mut self, x: f32, y: f32) {
        self.steps.push((b'm', [x, y, 0.0, 0.0, 0.0, 0.0]));
    }
    fn line_to(&mut self, x: f32, y: f32) {
        self.steps.push((b'l', [x, y, 0.0, 0.0, 0.0, 0.0]));
    }
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.steps.push((b'q', [x1, y1, x, y, 0.0, 0.0]));
    }
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.steps.push((b'c', [x1, y1, x2, y2, x, y]));
    }
    fn close(&mut self) {
        self.steps.push((b'h', [0.0; 6]));
    }
}
