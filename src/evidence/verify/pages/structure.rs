//! The structure that a reader follows who cannot see the pages (ISO 32000-1 §14.7), and the outline beside them.

use krilla::tagging::TagKind;

use crate::evidence::{
    report::sheet::{Bookmark, Node, Sheets},
    verify::{
        revisions::only,
        structure::Revision,
        syntax::{Dictionary, Value},
    },
};

/// Deepest nesting of the structure.
const MAX_DEPTH: usize = 32;
/// Most elements of the structure.
const MAX_ELEMENTS: usize = 200_000;

/// What is met on the way through the structure.
#[derive(Debug, PartialEq)]
pub enum Met {
    /// An element: its kind, its title, the words for what it shows.
    Element(String, Option<String>, Option<String>),
    /// Content of a page: the page from 0, and the content's number on it.
    Content(usize, u32),
}

/// The way through the laid-out pages. `numbers` says for each mark of each page which content it is.
pub fn expected(sheets: &Sheets, numbers: &[Vec<Option<u32>>]) -> Vec<Met> {
    let mut met = Vec::new();
    for node in &sheets.structure {
        follow(node, numbers, &mut met);
    }
    met
}

fn follow(node: &Node, numbers: &[Vec<Option<u32>>], met: &mut Vec<Met>) {
    match node {
        Node::Mark(page, mark) => {
            let number = numbers.get(*page).and_then(|page| page.get(*mark)).copied().flatten();
            met.extend(number.map(|number| Met::Content(*page, number)));
        }
        Node::Group(kind, children) => {
            met.push(Met::Element(name(kind), kind.title().map(str::to_owned), kind.alt_text().map(str::to_owned)));
            for child in children {
                follow(child, numbers, met);
            }
        }
    }
}

/// The standard name of a kind of element that the station uses; empty for all others.
fn name(kind: &TagKind) -> String {
    match kind {
        TagKind::P(_) => "P",
        TagKind::Hn(tag) => return format!("H{}", tag.level()),
        TagKind::L(_) => "L",
        TagKind::LI(_) => "LI",
        TagKind::Lbl(_) => "Lbl",
        TagKind::LBody(_) => "LBody",
        TagKind::Table(_) => "Table",
        TagKind::THead(_) => "THead",
        TagKind::TBody(_) => "TBody",
        TagKind::TR(_) => "TR",
        TagKind::TH(_) => "TH",
        TagKind::TD(_) => "TD",
        TagKind::Figure(_) => "Figure",
        _ => "",
    }
    .to_owned()
}

/// The way through the file's structure; `None` when it cannot be followed. `pages` are the numbers of the pages' objects.
pub fn found(file: &Revision<'_>, catalog: &Dictionary, pages: &[u32]) -> Option<Vec<Met>> {
    let dictionary = |value: &Value| file.objects.get(&value.reference()?)?.value.dictionary();
    let root = dictionary(catalog.get("StructTreeRoot")?)?;
    let [document] = root.get("K")?.array()? else { return None };
    let document = dictionary(document)?;
    let mut met = Vec::new();
    let walk = Walk { file, pages };
    if !only(document, &["K", "Lang", "P", "S", "Type"]) {
        return None;
    }
    walk.children(document, 0, &mut met)?;
    Some(met)
}

struct Walk<'w, 'a> {
    file: &'w Revision<'a>,
    pages: &'w [u32],
}

impl Walk<'_, '_> {
    fn children(&self, element: &Dictionary, depth: usize, met: &mut Vec<Met>) -> Option<()> {
        let page = |element: &Dictionary| {
            let number = element.get("Pg")?.reference()?;
            self.pages.iter().position(|page| *page == number)
        };
        for child in element.get("K")?.array()? {
            if depth > MAX_DEPTH || met.len() > MAX_ELEMENTS {
                return None;
            }
            match child {
                Value::Integer(number) => met.push(Met::Content(page(element)?, u32::try_from(*number).ok()?)),
                Value::Dictionary(content) if content.has_name("Type", "MCR") && only(content, &["MCID", "Pg", "Type"]) => {
                    let number = content.get("MCID")?.position()?;
                    met.push(Met::Content(page(content)?, u32::try_from(number).ok()?));
                }
                Value::Reference(number) => {
                    let element = self.file.objects.get(number)?.value.dictionary()?;
                    self.element(element, depth, met)?;
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn element(&self, element: &Dictionary, depth: usize, met: &mut Vec<Met>) -> Option<()> {
        if !only(element, &["A", "Alt", "K", "P", "Pg", "S", "T", "Type"]) {
            return None;
        }
        let Value::Name(kind) = element.get("S")? else { return None };
        let words =
            |key: &str| element.get(key).map(|value| value.text().and_then(words)).map_or(Some(None), |words| words.map(Some));
        met.push(Met::Element(String::from_utf8(kind.clone()).ok()?, words("T")?, words("Alt")?));
        self.children(element, depth + 1, met)
    }
}

/// A text string (ISO 32000-1 §7.9.2.2): ASCII, or UTF-16 with a byte-order mark.
pub fn words(bytes: &[u8]) -> Option<String> {
    let Some(units) = bytes.strip_prefix(b"\xfe\xff") else {
        return bytes.is_ascii().then(|| String::from_utf8_lossy(bytes).into_owned());
    };
    let (units, []) = units.as_chunks::<2>() else { return None };
    String::from_utf16(&units.iter().map(|unit| u16::from_be_bytes(*unit)).collect::<Vec<_>>()).ok()
}

/// Whether the outline has exactly these titles, in a row.
pub fn outline_is(file: &Revision<'_>, catalog: &Dictionary, bookmarks: &[Bookmark]) -> bool {
    let dictionary = |value: &Value| file.objects.get(&value.reference()?)?.value.dictionary();
    let Some(outline) = catalog.get("Outlines").and_then(dictionary) else { return false };
    let mut next = outline.get("First").and_then(dictionary);
    for bookmark in bookmarks {
        let Some(item) = next else { return false };
        let title = item.get("Title").and_then(Value::text).and_then(words);
        if title.as_ref() != Some(&bookmark.title) || !only(item, &["Dest", "Next", "Parent", "Prev", "Title"]) {
            return false;
        }
        next = item.get("Next").and_then(dictionary);
    }
    next.is_none() && only(outline, &["Count", "First", "Last", "Type"])
}
