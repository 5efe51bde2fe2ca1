//! The machine-readable record that is attached to the report, and the evidence beside it.

use std::collections::BTreeMap;

use super::{
    problem::{Problem, ProblemKind},
    structure::File,
    syntax::{Dictionary, Value},
};
use crate::evidence::report::{LARGEST_STROKES, LARGEST_TERMS, STROKES_NAME, TERMS_NAME};

/// The attachment's file name.
pub const RECORD_NAME: &str = "record.json";
/// Largest record, in bytes. More is refused before it is unpacked any further.
pub const MAX_RECORD: usize = 8 << 20;
/// What a report may have attached, and how large it may be.
const KNOWN: [(&str, usize); 3] = [(RECORD_NAME, MAX_RECORD), (STROKES_NAME, LARGEST_STROKES), (TERMS_NAME, LARGEST_TERMS)];

/// The files inside the report: the exact bytes of each by its name. Exactly those that a report may have, each once, reachable
/// in both ways in which readers look for them (`/Names` and `/AF`); the record is one of them.
pub fn attachments(file: &File<'_>) -> Result<BTreeMap<&'static str, Vec<u8>>, Problem> {
    let missing = || {
        ProblemKind::Record.because("the report has no attached record.json; it was not made by this program or not completely")
    };
    let doubled = || {
        ProblemKind::Record
            .because("the report has other attachments than a report has, so it is not clear which ones were meant")
    };

    let catalog = file.catalog().ok_or_else(missing)?;
    let entry = |dictionary: &'_ Dictionary, key: &str| -> Option<Value> {
        dictionary.get(key).and_then(|value| file.resolve(value)).cloned()
    };
    let names = entry(catalog, "Names").ok_or_else(missing)?;
    let listed = names.dictionary().and_then(|names| entry(names, "EmbeddedFiles")).ok_or_else(missing)?;
    let listed = listed.dictionary().ok_or_else(missing)?;
    if listed.get("Kids").is_some() {
        return Err(doubled());
    }
    let listed = entry(listed, "Names").ok_or_else(missing)?;
    let associated = entry(catalog, "AF").ok_or_else(missing)?;
    let (pairs, []) = listed.array().unwrap_or_default().as_chunks::<2>() else { return Err(doubled()) };
    if !pairs.iter().map(|[_, specification]| specification).eq(associated.array().unwrap_or_default()) {
        return Err(doubled());
    }
    let dictionaries = file.all_objects().filter_map(|object| object.value.dictionary());
    if dictionaries.filter(|object| object.has_name("Type", "EmbeddedFile")).count() != pairs.len() {
        return Err(doubled());
    }
    let mut attached = BTreeMap::new();
    for pair in pairs {
        let [Value::Text(name), Value::Reference(specification)] = pair else { return Err(doubled()) };
        let (name, most) = KNOWN.into_iter().find(|(known, _)| known.as_bytes() == name).ok_or_else(doubled)?;
        if attached.insert(name, attachment(file, *specification, name, most)?).is_some() {
            return Err(doubled());
        }
    }
    if attached.contains_key(RECORD_NAME) { Ok(attached) } else { Err(missing()) }
}

/// The file of this specification, which must have this name and at most so many bytes.
fn attachment(file: &File<'_>, specification: u32, name: &str, most: usize) -> Result<Vec<u8>, Problem> {
    let wrong = |what: &str| ProblemKind::Record.because(format!("the attachment {name} {what}"));
    let damaged = || wrong("is not attached in the way in which a report attaches it");
    let specification = file.object(specification).and_then(|object| object.value.dictionary()).ok_or_else(damaged)?;
    let embedded =
        specification.get("EF").and_then(|value| file.resolve(value)).and_then(Value::dictionary).ok_or_else(damaged)?;
    let number = embedded.get("F").and_then(Value::reference).ok_or_else(damaged)?;
    let one = |names: &Dictionary, key: &str, wanted: &Value| names.get(key).is_none_or(|found| found == wanted);
    let text = Value::Text(name.as_bytes().to_vec());
    if specification.get("F") != Some(&text)
        || !one(specification, "UF", &text)
        || !one(embedded, "UF", &Value::Reference(number))
    {
        return Err(damaged());
    }
    let object = file.object(number).ok_or_else(damaged)?;
    let (dictionary, stored) = object.value.dictionary().zip(object.stream).ok_or_else(damaged)?;
    let content = unpack(dictionary, stored, most).map_err(|fault| match fault {
        Packed::TooLarge => ProblemKind::TooLarge.because(format!("the attachment {name} is larger than {most} bytes")),
        Packed::Unknown => wrong("is packed in an unknown way"),
        Packed::Damaged => wrong("cannot be unpacked"),
    })?;
    let stated = dictionary.get("Params").and_then(Value::dictionary).and_then(|parameters| parameters.get("Size"));
    if stated.and_then(Value::position) != Some(content.len()) {
        return Err(wrong("does not have the size that it states"));
    }
    Ok(content)
}

/// Why a stream has no content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packed {
    /// More than is unpacked.
    TooLarge,
    /// Neither plain nor deflated.
    Unknown,
    /// Not what its filter says.
    Damaged,
}

/// The stream's content of at most `most` bytes: as it is, or deflated.
pub fn unpack(dictionary: &Dictionary, stored: &[u8], most: usize) -> Result<Vec<u8>, Packed> {
    let deflated = match dictionary.get("Filter") {
        None => false,
        Some(Value::Name(name)) if name == b"FlateDecode" => true,
        Some(Value::Array(names)) if *names == [Value::Name(b"FlateDecode".to_vec())] => true,
        Some(_) => return Err(Packed::Unknown),
    };
    if dictionary.get("DecodeParms").is_some() {
        return Err(Packed::Unknown);
    }
    if !deflated {
        return if stored.len() <= most { Ok(stored.to_vec()) } else { Err(Packed::TooLarge) };
    }
    let mut packed = lopdf::Dictionary::new();
    packed.set("Filter", lopdf::Object::Name(b"FlateDecode".to_vec()));
    match lopdf::Stream::new(packed, stored.to_vec()).decompressed_content_with_limit(most) {
        Ok(content) => Ok(content),
        Err(lopdf::Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded { .. })) => Err(Packed::TooLarge),
        Err(_) => Err(Packed::Damaged),
    }
}
