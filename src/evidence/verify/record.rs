//! The machine-readable record that is attached to the report.

use super::{
    problem::{Problem, ProblemKind},
    structure::File,
    syntax::{Dictionary, Value},
};

/// The attachment's file name.
pub const RECORD_NAME: &str = "record.json";
/// Largest record, in bytes. More is refused before it is unpacked any further.
pub const MAX_RECORD: usize = 8 << 20;

/// The exact bytes of the record: the one attachment of the report, reachable in both ways in which readers look for it
/// (`/Names` and `/AF`).
pub fn extract(file: &File<'_>) -> Result<Vec<u8>, Problem> {
    let problem = |what: &str| ProblemKind::Record.because(what);
    let missing = || problem("the report has no attached record.json; it was not made by this program or not completely");
    let doubled = || problem("the report has more than one attachment, so it is not clear which one was meant");

    let catalog = file.catalog().ok_or_else(missing)?;
    let entry = |dictionary: &'_ Dictionary, key: &str| -> Option<Value> {
        dictionary.get(key).and_then(|value| file.resolve(value)).cloned()
    };
    let names = entry(catalog, "Names").ok_or_else(missing)?;
    let attachments = names.dictionary().and_then(|names| entry(names, "EmbeddedFiles")).ok_or_else(missing)?;
    let attachments = attachments.dictionary().ok_or_else(missing)?;
    let listed = entry(attachments, "Names").ok_or_else(missing)?;
    let [Value::Text(name), Value::Reference(specification)] = listed.array().unwrap_or_default() else {
        return Err(doubled());
    };
    let associated = entry(catalog, "AF").ok_or_else(missing)?;
    if associated.array() != Some(&[Value::Reference(*specification)]) || attachments.get("Kids").is_some() {
        return Err(doubled());
    }
    let dictionaries = file.all_objects().filter_map(|object| object.value.dictionary());
    if dictionaries.filter(|object| object.has_name("Type", "EmbeddedFile")).count() != 1 {
        return Err(doubled());
    }

    let specification = file.object(*specification).and_then(|object| object.value.dictionary()).ok_or_else(missing)?;
    let is_record = |key: &str| specification.get(key).and_then(Value::text) == Some(RECORD_NAME.as_bytes());
    if name != RECORD_NAME.as_bytes() || !is_record("F") {
        return Err(missing());
    }
    let embedded = entry(specification, "EF").ok_or_else(missing)?;
    let embedded = embedded.dictionary().ok_or_else(missing)?;
    let number = embedded.get("F").and_then(Value::reference).ok_or_else(missing)?;
    if embedded.get("UF").is_some_and(|unicode| unicode.reference() != Some(number)) {
        return Err(doubled());
    }
    let object = file.object(number).ok_or_else(missing)?;
    let (dictionary, stored) = object.value.dictionary().zip(object.stream).ok_or_else(missing)?;
    let record = unpack(dictionary, stored)?;
    let stated = dictionary.get("Params").and_then(Value::dictionary).and_then(|parameters| parameters.get("Size"));
    if stated.and_then(Value::position) != Some(record.len()) {
        return Err(problem("the attached record does not have the size that it states"));
    }
    Ok(record)
}

/// The stream's content: as it is, or deflated.
fn unpack(dictionary: &Dictionary, stored: &[u8]) -> Result<Vec<u8>, Problem> {
    let too_large = || ProblemKind::TooLarge.because(format!("the attached record is larger than {MAX_RECORD} bytes"));
    let deflated = match dictionary.get("Filter") {
        None => false,
        Some(Value::Name(name)) if name == b"FlateDecode" => true,
        Some(Value::Array(names)) if *names == [Value::Name(b"FlateDecode".to_vec())] => true,
        Some(_) => return Err(ProblemKind::Record.because("the attached record is packed in an unknown way")),
    };
    if dictionary.get("DecodeParms").is_some() {
        return Err(ProblemKind::Record.because("the attached record is packed in an unknown way"));
    }
    if !deflated {
        return if stored.len() <= MAX_RECORD { Ok(stored.to_vec()) } else { Err(too_large()) };
    }
    let mut packed = lopdf::Dictionary::new();
    packed.set("Filter", lopdf::Object::Name(b"FlateDecode".to_vec()));
    match lopdf::Stream::new(packed, stored.to_vec()).decompressed_content_with_limit(MAX_RECORD) {
        Ok(record) => Ok(record),
        Err(lopdf::Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded { .. })) => Err(too_large()),
        Err(_) => Err(ProblemKind::Record.because("the attached record cannot be unpacked")),
    }
}
