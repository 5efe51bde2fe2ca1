//! The pages show what the record says, all of it and nothing else.
//!
//! The record and the evidence beside it are laid out anew ([`report::sheets`]), and every page of the file is followed mark by
//! mark: the same letters at the same places in the same size and colour, the same lines, the same pictures bit for bit, in the
//! same order, and the same words for those who listen. Letters are compared by what the font inside the file draws, not by what
//! it calls them; and what it calls them, by which they are copied and read aloud, must be the same text. Whoever holds the key
//! of a station can thus sign no report whose pages and record differ.
//!
//! What is compared is the outcome, not the bytes: another version of the program may write, pack and number the objects in
//! another way. What it may not do is to lay them out in another way without giving the layout a new number.

mod content;
mod font;
mod structure;

pub use structure::words;

use std::collections::BTreeMap;

use self::{
    content::{Block, Painted, Resources, Said},
    font::{Embedded, Typesetter},
};
use super::{
    problem::{Problem, ProblemKind},
    record::{RECORD_NAME, unpack},
    revisions::only,
    structure::{File, Revision},
    syntax::{Dictionary, Value},
};
use crate::{
    control::Identification,
    digest::Digest,
    evidence::{
        Record,
        record::{FORMAT, LAYOUT},
        report::{
            self, Pages, ReportError, ReportParts, STROKES_NAME, TERMS_NAME,
            sheet::{Contour, Mark, Role, Shape, Sheet, Step},
            style::{Colour, PAGE_HEIGHT, PAGE_WIDTH},
        },
    },
};

/// Largest content of all pages together, bytes: the strokes of the longest signature take a sixth of it.
const MAX_CONTENT: usize = 48 << 20;
/// Most fonts; a report has two.
const MAX_FONTS: usize = 8;
/// Most pictures; a report has two.
const MAX_PICTURES: usize = 8;
/// Most entries of one kind among a page's resources.
const MAX_ENTRIES: usize = 8;
/// Most pages.
const MAX_PAGES: usize = 400;
/// How far a coordinate may lie from where it belongs, points: less than any eye sees, more than rounding does.
const NEAR: f32 = 0.03;
/// How far a colour may be off, of 1.
const SHADE: f32 = 0.002;
/// SHA-256 of the colour profiles that stand for sRGB and its grey on the pages (sRGB-v4, sGrey-v4 of the Compact ICC Profiles).
const PROFILES: [&str; 2] = [
    "c56e1685d888f5edb92fe07f2750f387f8fe8e91b32ff8fb0b56bfbbb9458353",
    "00c0f94e09127520a17dc0e1d9264b5702081d96dbdb1549ee88e3631ce42a9d",
];

/// Checks the pages against the attached record. Presumes that the file's structure and its signature are right. `known` are pages that
/// this program has laid out itself; they serve when the file's record, byte for byte, is theirs.
pub fn check(
    file: &File<'_>,
    record: &Record,
    attached: &BTreeMap<&'static str, Vec<u8>>,
    known: Option<&Pages>,
) -> Result<(), Problem> {
    let json = attached.get(RECORD_NAME).map(Vec::as_slice).unwrap_or_default();
    let first = file.revisions.first().ok_or_else(|| ProblemKind::Structure.because("the file has no pages"))?;
    let pictures = Pictures::of(first);
    let terms = attached.get(TERMS_NAME).map(|bytes| std::str::from_utf8(bytes)).transpose();
    let terms = terms.map_err(|_| ProblemKind::Evidence.because("the attached terms are no text"))?;
    let named = |digest: Option<&Digest>| digest.and_then(|digest| pictures.files.get(digest)).copied();
    let earlier = match &record.identification {
        Identification::ThirdParty { previous_scan: Some(scan), .. } => Some(&scan.upright),
        _ => None,
    };
    if attached.contains_key(STROKES_NAME) != record.signature.is_some() || terms.is_some() != record.terms.is_some() {
        return Err(ProblemKind::Evidence.because("the attachments are not those that the record names"));
    }
    let content = report::content(&ReportParts {
        record,
        record_json: json,
        strokes_json: attached.get(STROKES_NAME).map(Vec::as_slice),
        scan_jpeg: named(record.scan.as_ref().map(|scan| &scan.scan.upright.picture)),
        previous_scan_jpeg: named(earlier),
        terms_text: terms,
    })
    .map_err(not_laid_out)?;
    let anew;
    let sheets = if let Some(sheets) = known.and_then(|known| known.of(&content)) {
        sheets
    } else {
        anew = report::sheets(&content).map_err(not_laid_out)?;
        &anew
    };

    let whole = |what: &str| ProblemKind::Pages.because(what);
    let catalog = catalog(file, first).ok_or_else(|| whole("the document says or does more than a report"))?;
    let pages = page_numbers(first, catalog).ok_or_else(|| whole("the pages are not ordered as those of a report"))?;
    if pages.len() != sheets.pages.len() {
        let what = format!("the report has {} pages, but its record makes {}", pages.len(), sheets.pages.len());
        return Err(ProblemKind::Pages.because(what));
    }
    let typesetter = Typesetter::load().ok_or_else(|| whole("the report's typeface cannot be read: install the program anew"))?;
    let mut fonts = BTreeMap::new();
    let mut room = MAX_CONTENT;
    let mut numbers = Vec::new();
    for (index, (number, sheet)) in pages.iter().zip(&sheets.pages).enumerate() {
        let page = Page { first, typesetter: &typesetter, pictures: &pictures, sheet };
        numbers.push(page.check(*number, index + 1, &mut fonts, &mut room)?);
    }
    let followed = structure::found(first, catalog, &pages);
    if followed != Some(structure::expected(sheets, &numbers)) {
        return Err(whole("what is read aloud to those who cannot see the pages differs from what the pages show"));
    }
    if !structure::outline_is(first, catalog, &sheets.outline) {
        return Err(whole("the outline beside the pages has other headings than the pages"));
    }
    Ok(())
}

/// The record, when this program knows its form and layout.
pub fn record(json: &[u8]) -> Result<Record, Problem> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: String,
        layout: u32,
    }
    let unreadable = |what: &str| ProblemKind::Record.because(what);
    let value: serde_json::Value = serde_json::from_slice(json).map_err(|_| unreadable("the attached record is not JSON"))?;
    let head: Head = serde_json::from_value(value).map_err(|_| {
        unreadable("the attached record is not one of this program, or of a version before the pages could be compared with it")
    })?;
    if head.format != FORMAT || !(1..=LAYOUT).contains(&head.layout) {
        let what = format!(
            "the record is \"{}\" with layout {}, which this program does not know; verify the report with a newer one",
            head.format.chars().take(40).filter(|c| !c.is_control()).collect::<String>(),
            head.layout
        );
        return Err(ProblemKind::Layout.because(what));
    }
    serde_json::from_slice(json).map_err(|_| unreadable("the attached record lacks something or says something unknown"))
}

fn not_laid_out(error: ReportError) -> Problem {
    match error {
        ReportError::RecordDiffers => ProblemKind::Record.because("the attached record says more than this program understands"),
        ReportError::TooLarge => ProblemKind::TooLarge.because("a part of the report is larger than the program lays out"),
        ReportError::OtherLayout => ProblemKind::Layout.because("the record belongs to another layout of the pages"),
        _ => ProblemKind::Evidence
            .because("the strokes, the terms or a picture in the report are missing or are not those that its record names"),
    }
}

/// The catalog of the pages, when it has nothing but what a report has: no actions, scripts, layers or other ways to look at it.
fn catalog<'f>(file: &File<'_>, first: &'f Revision<'_>) -> Option<&'f Dictionary> {
    const KEYS: [&str; 11] = [
        "AF",
        "Lang",
        "MarkInfo",
        "Metadata",
        "Names",
        "OutputIntents",
        "Outlines",
        "Pages",
        "StructTreeRoot",
        "Type",
        "ViewerPreferences",
    ];
    let catalog = first.objects.get(&file.catalog_number()?)?.value.dictionary()?;
    let names = match catalog.get("Names")? {
        Value::Reference(number) => first.objects.get(number)?.value.dictionary()?,
        direct => direct.dictionary()?,
    };
    (only(catalog, &KEYS) && only(names, &["EmbeddedFiles"])).then_some(catalog)
}

/// The objects of the pages in their order.
fn page_numbers(first: &Revision<'_>, catalog: &Dictionary) -> Option<Vec<u32>> {
    let root = catalog.get("Pages")?.reference()?;
    let mut waiting = vec![root];
    let (mut pages, mut met) = (Vec::new(), 0);
    while let Some(number) = waiting.pop() {
        met += 1;
        let node = first.objects.get(&number)?.value.dictionary()?;
        if node.has_name("Type", "Page") {
            pages.push(number);
        } else if node.has_name("Type", "Pages") && only(node, &["Count", "Kids", "Parent", "Type"]) {
            let kids = node.get("Kids")?.array()?;
            waiting.extend(kids.iter().rev().map(Value::reference).collect::<Option<Vec<_>>>()?);
        } else {
            return None;
        }
        if met > 2 * MAX_PAGES || waiting.len() > MAX_PAGES {
            return None;
        }
    }
    Some(pages)
}

/// The JPEG files inside the report.
struct Pictures<'a> {
    files: BTreeMap<Digest, &'a [u8]>,
    digests: BTreeMap<u32, Digest>,
}

impl<'a> Pictures<'a> {
    fn of(first: &Revision<'a>) -> Self {
        const KEYS: [&str; 8] = ["BitsPerComponent", "ColorSpace", "Filter", "Height", "Length", "Subtype", "Type", "Width"];
        let mut pictures = Self { files: BTreeMap::new(), digests: BTreeMap::new() };
        for (number, object) in &first.objects {
            if pictures.digests.len() == MAX_PICTURES {
                break;
            }
            let (Some(dictionary), Some(stream)) = (object.value.dictionary(), object.stream) else { continue };
            let plain = dictionary.has_name("Subtype", "Image")
                && dictionary.has_name("Filter", "DCTDecode")
                && only(dictionary, &KEYS)
                && dictionary.get("ColorSpace").is_some_and(|space| is_srgb(first, space));
            if plain {
                let digest = Digest::of(stream);
                pictures.files.insert(digest, stream);
                pictures.digests.insert(*number, digest);
            }
        }
        pictures
    }
}

/// `[/ICCBased N 0 R]` with a profile of sRGB or its grey.
fn is_srgb(first: &Revision<'_>, space: &Value) -> bool {
    const MOST: usize = 1 << 20;
    let space = match space {
        Value::Reference(number) => first.objects.get(number).map(|object| &object.value),
        direct => Some(direct),
    };
    let Some([Value::Name(kind), Value::Reference(number)]) = space.and_then(Value::array) else { return false };
    let profile = first.objects.get(number).and_then(|object| {
        let dictionary = object.value.dictionary().filter(|profile| only(profile, &["Filter", "Length", "N", "Range"]))?;
        unpack(dictionary, object.stream?, MOST).ok()
    });
    kind == b"ICCBased" && profile.is_some_and(|profile| PROFILES.contains(&Digest::of(&profile).to_string().as_str()))
}

/// A page of the file and what it must show.
struct Page<'p, 'a> {
    first: &'p Revision<'a>,
    typesetter: &'p Typesetter,
    pictures: &'p Pictures<'a>,
    sheet: &'p Sheet,
}

impl Page<'_, '_> {
    /// Checks the page; which content each mark is in the structure. `room` is what the pages may still unpack to.
    fn check(
        &self,
        number: u32,
        shown: usize,
        fonts: &mut BTreeMap<u32, Embedded>,
        room: &mut usize,
    ) -> Result<Vec<Option<u32>>, Problem> {
        let mut at = self.first.objects.get(&number).map_or(0, |page| page.at);
        let differs = |at: usize, what: &str| ProblemKind::Pages.at(at, format!("page {shown} {what}"));
        let strange = "is not made as the page of a report";
        let (content_at, content, resources) = self.parts(number, *room).ok_or_else(|| differs(at, strange))?;
        at = content_at;
        *room = room.saturating_sub(content.len());
        for font in self.entries(resources, "Font").unwrap_or_default().into_iter().map(|(_, font)| font) {
            if let Some(dictionary) = self.dictionary(font)
                && !fonts.contains_key(&font)
                && fonts.len() < MAX_FONTS
                && let Some(embedded) = Embedded::read(self.first, dictionary)
            {
                fonts.insert(font, embedded);
            }
        }
        let resources = self.resources(resources, fonts).ok_or_else(|| differs(at, strange))?;
        let blocks = content::read(&content, &resources)
            .map_err(|_| differs(at, "draws something that the pages of a report never draw"))?;
        let mut numbers = Vec::new();
        let mut next = 0;
        for (place, mark) in self.sheet.marks.iter().enumerate() {
            let right = blocks.get(place).is_some_and(|block| self.shows(mark, block, next, fonts));
            if !right {
                let what = format!("shows something else than the attached record says (part {} of the page)", place + 1);
                return Err(differs(at, &what));
            }
            numbers.push((mark.role == Role::Content).then_some(next));
            next += u32::from(mark.role == Role::Content);
        }
        if blocks.len() > self.sheet.marks.len() {
            return Err(differs(at, "shows more than the attached record says"));
        }
        Ok(numbers)
    }

    fn dictionary(&self, number: u32) -> Option<&Dictionary> {
        self.first.objects.get(&number)?.value.dictionary()
    }

    /// Where the page's content stands in the file, the content, and its resources.
    fn parts(&self, number: u32, most: usize) -> Option<(usize, Vec<u8>, &Dictionary)> {
        const KEYS: [&str; 7] = ["Contents", "MediaBox", "Parent", "Resources", "StructParents", "Tabs", "Type"];
        let page = self.dictionary(number)?;
        let size: Vec<f32> = page.get("MediaBox")?.array()?.iter().map(real).collect::<Option<_>>()?;
        let whole = only(page, &KEYS) && near(&size, &[0.0, 0.0, PAGE_WIDTH, PAGE_HEIGHT]);
        let content = self.first.objects.get(&page.get("Contents")?.reference()?)?;
        let bytes = unpack(content.value.dictionary()?, content.stream?, most).ok()?;
        let resources = match page.get("Resources")? {
            Value::Reference(number) => self.dictionary(*number)?,
            direct => direct.dictionary()?,
        };
        whole.then_some((content.at, bytes, resources))
    }

    /// The entries of a group of resources: names with the numbers of their objects.
    fn entries(&self, resources: &Dictionary, group: &str) -> Option<Vec<(Vec<u8>, u32)>> {
        let Some(group) = resources.get(group) else { return Some(Vec::new()) };
        let group = match group {
            Value::Reference(number) => self.dictionary(*number)?,
            direct => direct.dictionary()?,
        };
        let few = group.keys().count() <= MAX_ENTRIES;
        few.then(|| group.entries().map(|(name, value)| Some((name.to_vec(), value.reference()?))).collect())?
    }

    fn resources<'f>(&self, dictionary: &Dictionary, fonts: &'f BTreeMap<u32, Embedded>) -> Option<Resources<'f>> {
        if !only(dictionary, &["ColorSpace", "Font", "ProcSet", "XObject"]) {
            return None;
        }
        let mut resources = Resources::default();
        for (name, number) in self.entries(dictionary, "Font")? {
            resources.fonts.insert(name, (number, fonts.get(&number)?));
        }
        for (name, number) in self.entries(dictionary, "ColorSpace")? {
            if !is_srgb(self.first, &Value::Reference(number)) {
                return None;
            }
            resources.colours.push(name);
        }
        for (name, number) in self.entries(dictionary, "XObject")? {
            self.pictures.digests.get(&number)?;
            resources.pictures.insert(name, number);
        }
        Some(resources)
    }

    /// Whether a stretch of content is this mark. `next` is the number that it has if it is content.
    fn shows(&self, mark: &Mark, block: &Block, next: u32, fonts: &BTreeMap<u32, Embedded>) -> bool {
        let properties = &block.properties;
        let marked = if mark.role == Role::Content {
            let english = matches!(&mark.shape, Shape::Text(text, ..) if text.run.english);
            let said = |key: &str| properties.get(key).map(|value| value.text().and_then(structure::words));
            only(properties, &["ActualText", "Lang", "MCID"])
                && properties.get("MCID") == Some(&Value::Integer(i64::from(next)))
                && said("Lang") == english.then(|| Some("en".to_owned()))
                && said("ActualText") == mark.shape.spoken().map(Some)
        } else {
            // Not read aloud; what it paints is compared all the same.
            block.tag == b"Artifact" && only(properties, &["Attached", "Subtype", "Type"])
        };
        marked
            && match &mark.shape {
                Shape::Text(text, x, baseline) => {
                    let run = &text.run;
                    let letters = self.typesetter.set(text, *x, *baseline);
                    let drawn = letters.len() == block.painted.len()
                        && letters.iter().zip(&block.painted).all(|(letter, painted)| {
                            let Painted::Glyph { font, code, at, size, colour } = painted else { return false };
                            near(&letter.at, at)
                                && near(&[run.style.size], &[*size])
                                && is_colour(run.style.colour, *colour)
                                && fonts
                                    .get(font)
                                    .is_some_and(|embedded| self.typesetter.draws(embedded, *code, letter.glyph, run.style.bold))
                        });
                    drawn && said(block, fonts).as_ref() == Some(&run.text)
                }
                Shape::Picture(picture, area) => {
                    let [Painted::Picture { picture: number, area: found }] = block.painted.as_slice() else { return false };
                    near(area, found) && self.pictures.digests.get(number) == Some(&picture.digest)
                }
                shape => {
                    let outlines = shape.contours();
                    outlines.len() == block.painted.len()
                        && outlines.iter().zip(&block.painted).all(|(contour, painted)| follows(contour, painted))
                }
            }
    }
}

/// The text of a stretch of content, as it is copied; `None` when a letter of it has no name.
fn said(block: &Block, fonts: &BTreeMap<u32, Embedded>) -> Option<String> {
    let mut text = String::with_capacity(block.said.len());
    for said in &block.said {
        match said {
            Said::Glyph(font, code) => text.push_str(fonts.get(font)?.letters(*code)?),
            Said::Instead(words) => text.push_str(&structure::words(words)?),
        }
    }
    Some(text)
}

fn follows(contour: &Contour, painted: &Painted) -> bool {
    let Painted::Path { steps, pen, colour } = painted else { return false };
    let same = |(one, other): (&Step, &Step)| match (one, other) {
        (Step::Move(one), Step::Move(other)) | (Step::Line(one), Step::Line(other)) => near(one, other),
        (Step::Curve(one), Step::Curve(other)) => near(one.as_flattened(), other.as_flattened()),
        (Step::Close, Step::Close) => true,
        _ => false,
    };
    contour.steps.len() == steps.len()
        && contour.steps.iter().zip(steps).all(same)
        && match (contour.pen, pen) {
            (None, None) => true,
            (Some(one), Some(other)) => near(&[one], &[*other]),
            _ => false,
        }
        && is_colour(contour.colour, *colour)
}

fn near(one: &[f32], other: &[f32]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| (one - other).abs() <= NEAR)
}

fn is_colour(wanted: Colour, found: [f32; 3]) -> bool {
    wanted.iter().zip(found).all(|(wanted, found)| (f32::from(*wanted) / 255.0 - found).abs() <= SHADE)
}

fn real(value: &Value) -> Option<f32> {
    match value {
        Value::Real(number) => Some(*number),
        Value::Integer(number) => u16::try_from(*number).ok().map(f32::from),
        _ => None,
    }
}
