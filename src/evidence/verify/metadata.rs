//! What the file says about itself, beside its pages: title, organisation, program, time, language, and the standards that it claims to
//! follow. It is what search engines, file managers and archives read, in two places: the document information dictionary (ISO 32000-1
//! §14.3.3) and the XMP packet (ISO 16684-1). Both must say what follows from the record, and nothing else.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use roxmltree::{Document, Node};

use super::{
    pages::words,
    problem::{Problem, ProblemKind},
    revisions::only,
    structure::{File, Revision},
    syntax::{Dictionary, Value},
};
use crate::evidence::{
    Record,
    report::{self, About, DESCRIPTION, LANGUAGE},
};

/// Largest XMP packet, in bytes. This program writes some five thousand.
const MAX_PACKET: usize = 256 * 1024;

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const DC: &str = "http://purl.org/dc/elements/1.1/";
const XMP: &str = "http://ns.adobe.com/xap/1.0/";
const MEDIA: &str = "http://ns.adobe.com/xap/1.0/mm/";
const EVENT: &str = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#";
const PAGED: &str = "http://ns.adobe.com/xap/1.0/t/pg/";
const PDF: &str = "http://ns.adobe.com/pdf/1.3/";
const PDFA: &str = "http://www.aiim.org/pdfa/ns/id/";
const PDFUA: &str = "http://www.aiim.org/pdfua/ns/id/";
/// The descriptions of the properties above that PDF/A asks for (ISO 19005-3, 6.6.2.3). They say nothing about the document.
const EXTENSIONS: [&str; 3] =
    ["http://www.aiim.org/pdfa/ns/extension/", "http://www.aiim.org/pdfa/ns/schema#", "http://www.aiim.org/pdfa/ns/property#"];

/// Checks what the file says about itself against the record. Presumes that the file's structure and its signature are right.
pub fn check(file: &File<'_>, record: &Record) -> Result<(), Problem> {
    let about = report::about(record).map_err(|_| differs("cannot be compared: the report's typeface cannot be read"))?;
    let first = file.revisions.first().ok_or_else(|| differs("is missing"))?;
    let catalog = file.catalog_number().and_then(|number| first.objects.get(&number)?.value.dictionary());
    let catalog = catalog.ok_or_else(|| differs("is missing"))?;
    if catalog.get("Lang").and_then(Value::text) != Some(LANGUAGE.as_bytes()) {
        return Err(differs("names another language than that of the pages"));
    }
    check_information(first, &about)?;
    let packet = catalog.get("Metadata").and_then(Value::reference).and_then(|number| first.objects.get(&number));
    let packet = packet.ok_or_else(|| differs("has no XMP packet"))?;
    let wrong = |what: &str| Problem { offset: Some(packet.at), ..differs(what) };
    let dictionary = packet.value.dictionary().ok_or_else(|| wrong("has no XMP packet"))?;
    let plain = only(dictionary, &["Length", "Subtype", "Type"])
        && dictionary.has_name("Type", "Metadata")
        && dictionary.has_name("Subtype", "XML");
    let text = packet.stream.filter(|stream| plain && stream.len() <= MAX_PACKET).and_then(|stream| str::from_utf8(stream).ok());
    let text = text.ok_or_else(|| wrong("has an XMP packet that this program does not write"))?;
    check_packet(text, &about, pages(first, catalog)).map_err(|what| wrong(&what))
}

fn differs(what: &str) -> Problem {
    ProblemKind::Metadata.because(format!("what the file says about itself beside its pages {what}"))
}

/// The information dictionary of the pages. The trailers after it may name no other (`revisions`, `later`).
fn check_information(first: &Revision<'_>, about: &About) -> Result<(), Problem> {
    let number = first.trailer.get("Info").and_then(Value::reference);
    let information = number.and_then(|number| first.objects.get(&number));
    let found = information.and_then(|found| Some((found.at, found.value.dictionary()?)));
    let (at, found) = found.ok_or_else(|| differs("has no document information"))?;
    let wrong = |what: &str| Problem { offset: Some(at), ..differs(what) };
    let texts = [
        ("Title", about.title()),
        ("Subject", DESCRIPTION.to_owned()),
        ("Author", about.company.clone()),
        ("Creator", about.program.clone()),
        ("Producer", about.program.clone()),
    ];
    for (key, expected) in texts {
        let text = found.get(key).map(|value| value.text().and_then(words)).unwrap_or_default();
        if text.unwrap_or_default() != expected {
            return Err(wrong(&format!("has another {key} than the record")));
        }
    }
    for key in ["CreationDate", "ModDate"] {
        let date = found.get(key).and_then(Value::text).and_then(date);
        if date != Some(about.completed_at.as_second()) {
            return Err(wrong(&format!("has another {key} than the record")));
        }
    }
    let known = ["Title", "Subject", "Author", "Creator", "Producer", "CreationDate", "ModDate"];
    if only(found, &known) { Ok(()) } else { Err(wrong("says more than a report does")) }
}

/// `D:20260131120000Z`, to the second.
fn date(text: &[u8]) -> Option<i64> {
    let digits = str::from_utf8(text).ok()?.strip_prefix("D:")?;
    let (digits, zone) = digits.split_at_checked(14)?;
    let at = DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?.to_zoned(TimeZone::UTC).ok()?;
    matches!(zone, "Z" | "+00'00" | "+00'00'").then(|| at.timestamp().as_second())
}

/// How many pages there are, as the root of the page tree says.
fn pages(first: &Revision<'_>, catalog: &Dictionary) -> Option<usize> {
    let root = catalog.get("Pages").and_then(Value::reference)?;
    first.objects.get(&root)?.value.dictionary()?.get("Count")?.position()
}

/// The XMP packet: every property that it has must be a known one with the value that follows from the record.
fn check_packet(text: &str, about: &About, pages: Option<usize>) -> Result<(), String> {
    let unknown = || "has an XMP packet that this program does not write".to_owned();
    let document = Document::parse(text).map_err(|_| unknown())?;
    let mut properties: BTreeMap<(&str, &str), Node<'_, '_>> = BTreeMap::new();
    let packet = document.root_element();
    let wrapped = packet.tag_name().name() == "xmpmeta" && packet.attributes().all(|attribute| attribute.name() == "xmptk");
    let rdf = only_child(packet).filter(|rdf| wrapped && rdf.has_tag_name((RDF, "RDF")) && rdf.attributes().len() == 0);
    for description in rdf.ok_or_else(unknown)?.children().filter(Node::is_element) {
        let plain = description.has_tag_name((RDF, "Description"))
            && description.attributes().all(|attribute| attribute.name() == "about" && attribute.value().is_empty());
        for property in description.children().filter(|child| child.is_element() || !is_blank(child)) {
            let name = property.tag_name();
            let known = (name.namespace().unwrap_or_default(), name.name());
            if !plain || !property.is_element() || properties.insert(known, property).is_some() {
                return Err(unknown());
            }
        }
    }
    // What every report has to say.
    for needed in [(DC, "title"), (DC, "language"), (XMP, "CreateDate"), (PDFA, "part"), (PDFA, "conformance"), (PDFUA, "part")] {
        if !properties.contains_key(&needed) {
            return Err(format!("has no {} in its XMP packet", needed.1));
        }
    }
    for ((namespace, name), property) in properties {
        let right = match (namespace, name) {
            (DC, "title") => is_list(property, "Alt", &about.title()),
            (DC, "description") => is_list(property, "Alt", DESCRIPTION),
            (DC, "creator") => is_list(property, "Seq", &about.company),
            (DC, "language") => is_list(property, "Bag", LANGUAGE),
            (DC, "format") => says(property, "application/pdf"),
            (XMP, "CreatorTool") | (PDF, "Producer") => says(property, &about.program),
            (XMP, "CreateDate" | "ModifyDate" | "MetadataDate") => is_time(property, about),
            (PDFA, "part") => says(property, "3"),
            (PDFA, "conformance") => says(property, "A"),
            (PDFUA, "part") => says(property, "1"),
            (PDF, "PDFVersion") => says(property, "1.7"),
            (PAGED, "NPages") => pages.is_some_and(|pages| says(property, &pages.to_string())),
            (MEDIA, "DocumentID" | "InstanceID" | "RenditionClass") => is_word(property),
            (MEDIA, "History") => is_history(property, about),
            (space, _) if EXTENSIONS.contains(&space) => is_extension(property),
            _ => false,
        };
        if !right {
            let name: String = name.chars().take(40).collect();
            return Err(format!("has another {name} in its XMP packet than the record"));
        }
    }
    Ok(())
}

fn is_blank(node: &Node<'_, '_>) -> bool {
    node.is_text() && node.text().is_some_and(|text| text.trim().is_empty())
}

/// The only element inside, beside which there is nothing.
fn only_child<'a, 'd>(node: Node<'a, 'd>) -> Option<Node<'a, 'd>> {
    let mut inside = node.children().filter(|child| !is_blank(child));
    inside.next().filter(|child| child.is_element() && inside.next().is_none())
}

/// What an element without attributes and elements inside says.
fn said<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    let mut inside = node.children();
    let text = match inside.next() {
        None => Some(""),
        Some(first) => first.text().filter(|_| first.is_text() && inside.next().is_none()),
    };
    text.filter(|_| node.attributes().len() == 0)
}

fn says(node: Node<'_, '_>, expected: &str) -> bool {
    said(node) == Some(expected)
}

/// A name of the file for programs: nothing that reads as a sentence.
fn is_word(node: Node<'_, '_>) -> bool {
    said(node).is_some_and(|word| word.len() <= 80 && word.bytes().all(|byte| byte.is_ascii_graphic()))
}

fn is_time(node: Node<'_, '_>, about: &About) -> bool {
    let time = said(node).and_then(|text| text.parse::<Timestamp>().ok());
    time.is_some_and(|time| time.as_second() == about.completed_at.as_second())
}

/// A list (`rdf:Alt`, `rdf:Seq` or `rdf:Bag`) of one text; an empty text needs no list.
fn is_list(property: Node<'_, '_>, kind: &str, expected: &str) -> bool {
    let list = only_child(property).filter(|list| list.has_tag_name((RDF, kind)) && list.attributes().len() == 0);
    let item = list.and_then(only_child).filter(|item| item.has_tag_name((RDF, "li")));
    let plain = item.is_some_and(|item| item.attributes().all(|it| it.name() == "lang" && it.value() == "x-default"));
    let text = item.map(|item| item.text().unwrap_or_default());
    property.attributes().len() == 0 && plain && text == Some(expected) && item.is_some_and(|item| item.children().count() <= 1)
}

/// That this program saved the file, and when.
fn is_history(property: Node<'_, '_>, about: &About) -> bool {
    let Some(list) = only_child(property).filter(|list| list.has_tag_name((RDF, "Seq"))) else { return false };
    let mut facts =
        list.children().filter(|item| !is_blank(item)).flat_map(|item| item.children()).filter(|fact| !is_blank(fact));
    let known = |fact: Node<'_, '_>| {
        let name = fact.tag_name();
        name.namespace() == Some(EVENT)
            && match name.name() {
                "action" => matches!(said(fact), Some("saved" | "converted")),
                "when" => is_time(fact, about),
                "softwareAgent" => says(fact, &about.program),
                "instanceID" => is_word(fact),
                _ => false,
            }
    };
    list.children().all(|item| is_blank(&item) || item.has_tag_name((RDF, "li")))
        && facts.all(|fact| fact.is_element() && known(fact))
}

/// The description of properties: only what belongs to such a description.
fn is_extension(property: Node<'_, '_>) -> bool {
    let belongs = |node: Node<'_, '_>| {
        let space = node.tag_name().namespace().unwrap_or_default();
        !node.is_element() || EXTENSIONS.contains(&space) || space == RDF
    };
    property.descendants().all(belongs)
}
