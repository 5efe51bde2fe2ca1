//! The file as a whole: revisions one after the other, each with its objects, its cross-reference table and its trailer.
//!
//! The file is read front to back, and every byte must belong to something. The cross-reference tables, which other readers
//! follow back to front, must then name exactly the objects found, at exactly these places. So no reader can be led to
//! objects that this one has not seen. Object streams, cross-reference streams, encryption and generations other than 0 are
//! refused: the station's reports have none.

use std::collections::BTreeMap;

use super::{
    problem::{Problem, ProblemKind},
    syntax::{Dictionary, Reader, Value},
};

/// Most objects in one file.
const MAX_OBJECTS: usize = 100_000;
/// Most revisions that are looked at: pages, signature, and renewals over many years.
const MAX_REVISIONS: usize = 64;

/// An indirect object.
#[derive(Debug, PartialEq)]
pub struct Indirect<'a> {
    /// The object; a stream's dictionary.
    pub value: Value,
    /// The stream's bytes as they are stored.
    pub stream: Option<&'a [u8]>,
    /// Where it starts in the file.
    pub at: usize,
}

/// One revision of the file.
#[derive(Debug)]
pub struct Revision<'a> {
    /// The objects by number.
    pub objects: BTreeMap<u32, Indirect<'a>>,
    /// The trailer.
    pub trailer: Dictionary,
    /// Where the revision ends in the file.
    pub end: usize,
    /// Where its cross-reference table starts.
    pub table_at: usize,
}

/// The whole file.
#[derive(Debug)]
pub struct File<'a> {
    /// The revisions, oldest first; at least one.
    pub revisions: Vec<Revision<'a>>,
}

impl<'a> File<'a> {
    /// Reads the file.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Problem> {
        let mut reader = Reader::new(bytes);
        header(&mut reader)?;
        let mut revisions: Vec<Revision<'a>> = Vec::new();
        loop {
            let revision = Revision::read(&mut reader, revisions.last())?;
            revisions.push(revision);
            if reader.at_end() {
                return Ok(Self { revisions });
            }
            if revisions.len() == MAX_REVISIONS {
                return Err(ProblemKind::TooLarge.at(reader.position(), "there are more revisions than a report can have"));
            }
        }
    }

    /// The newest version of an object.
    pub fn object(&self, number: u32) -> Option<&Indirect<'a>> {
        self.object_as_of(self.revisions.len(), number)
    }

    /// The version of an object after the first `revisions` revisions.
    pub fn object_as_of(&self, revisions: usize, number: u32) -> Option<&Indirect<'a>> {
        self.revisions.iter().take(revisions).rev().find_map(|revision| revision.objects.get(&number))
    }

    /// As [`File::object_as_of`], when it is a dictionary without a stream.
    pub fn dictionary_as_of(&self, revisions: usize, number: u32) -> Option<&Dictionary> {
        self.object_as_of(revisions, number).filter(|object| object.stream.is_none())?.value.dictionary()
    }

    /// The number of the catalog, the same in all revisions.
    pub fn catalog_number(&self) -> Option<u32> {
        self.revisions.last()?.trailer.get("Root")?.reference()
    }

    /// The value itself, or the object to which it refers.
    pub fn resolve<'v>(&'v self, value: &'v Value) -> Option<&'v Value> {
        match value {
            Value::Reference(number) => self.object(*number).map(|object| &object.value),
            direct => Some(direct),
        }
    }

    /// The newest catalog.
    pub fn catalog(&self) -> Option<&Dictionary> {
        self.object(self.catalog_number()?)?.value.dictionary()
    }

    /// Every object of every revision.
    pub fn all_objects(&self) -> impl Iterator<Item = &Indirect<'a>> {
        self.revisions.iter().flat_map(|revision| revision.objects.values())
    }
}

/// `%PDF-1.n` and one line that marks the file as binary.
fn header(reader: &mut Reader<'_>) -> Result<(), Problem> {
    reader.expect(b"%PDF-1.", "this is not a PDF file")?;
    if reader.digits().is_none() || !reader.end_of_line() {
        return Err(reader.damaged("the first line is not that of a PDF file"));
    }
    if reader.skip(b"%") {
        let marker = reader.take(4);
        if marker.is_none_or(|marker| marker.contains(&b'\n') || marker.contains(&b'\r')) || !reader.end_of_line() {
            return Err(reader.damaged("the second line is not that of a PDF file"));
        }
    }
    Ok(())
}

impl<'a> Revision<'a> {
    fn read(reader: &mut Reader<'a>, previous: Option<&Self>) -> Result<Self, Problem> {
        let mut objects = BTreeMap::new();
        let mut places = BTreeMap::new();
        loop {
            reader.white_space();
            let at = reader.position();
            if reader.skip(b"xref") {
                let trailer = tables(reader, &places, previous.is_none())?;
                let revision = Self { objects, trailer, end: finish(reader, at)?, table_at: at };
                revision.check_trailer(previous, at)?;
                return Ok(revision);
            }
            let (number, object) = indirect_object(reader, at)?;
            if objects.insert(number, object).is_some() {
                return Err(ProblemKind::Structure.at(at, "an object occurs twice in one revision"));
            }
            if objects.len() > MAX_OBJECTS {
                return Err(ProblemKind::TooLarge.at(at, "there are more objects than a report can have"));
            }
            places.insert(number, at);
        }
    }

    /// The trailer must lead to the previous table and to the same catalog, and to nothing else that holds objects.
    fn check_trailer(&self, previous: Option<&Self>, at: usize) -> Result<(), Problem> {
        let wrong = |what: &str| Err(ProblemKind::Structure.at(at, what));
        if self.trailer.get("XRefStm").is_some() || self.trailer.get("Encrypt").is_some() {
            return wrong("the trailer names hidden or encrypted objects, which a report does not have");
        }
        let root = self.trailer.get("Root").and_then(Value::reference);
        if root.is_none() {
            return wrong("the trailer names no catalog");
        }
        let back = self.trailer.get("Prev").map(Value::position);
        match previous {
            None if back.is_some() => wrong("the first trailer refers to an earlier table, but there is none"),
            Some(previous) if back != Some(Some(previous.table_at)) => wrong("the trailer does not refer to the table before it"),
            Some(previous) if root != previous.trailer.get("Root").and_then(Value::reference) => {
                wrong("a later revision exchanges the catalog")
            }
            _ => Ok(()),
        }
    }
}

/// `N 0 obj … endobj`.
fn indirect_object<'a>(reader: &mut Reader<'a>, at: usize) -> Result<(u32, Indirect<'a>), Problem> {
    let expected = || ProblemKind::Structure.at(at, "an object or a cross-reference table is expected here");
    let number = reader.digits().and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0);
    let number = number.filter(|_| reader.skip(b" 0 obj")).ok_or_else(expected)?;
    reader.white_space();
    let value = reader.value()?;
    reader.white_space();
    let stream = match (&value, reader.skip(b"stream")) {
        (_, false) => None,
        (Value::Dictionary(dictionary), true) => {
            if dictionary.has_name("Type", "ObjStm") || dictionary.has_name("Type", "XRef") || dictionary.get("F").is_some() {
                return Err(reader.damaged("objects are hidden in a stream, which a report does not have"));
            }
            Some(stream(reader, dictionary)?)
        }
        (_, true) => return Err(reader.damaged("a stream has no dictionary")),
    };
    reader.white_space();
    reader.expect(b"endobj", "an object is not closed")?;
    Ok((number, Indirect { value, stream, at }))
}

/// The bytes between `stream` and `endstream`; their number must be stated directly.
fn stream<'a>(reader: &mut Reader<'a>, dictionary: &Dictionary) -> Result<&'a [u8], Problem> {
    let length = dictionary.get("Length").and_then(Value::position);
    let length = length.ok_or_else(|| reader.damaged("a stream does not state its length"))?;
    if !reader.end_of_line() {
        return Err(reader.damaged("a stream does not start on a new line"));
    }
    let bytes = reader.take(length).ok_or_else(|| reader.damaged("a stream is longer than the file"))?;
    reader.end_of_line();
    reader.expect(b"endstream", "a stream does not end where it says")?;
    Ok(bytes)
}

/// The cross-reference table after its keyword, and the trailer. The table must name `places`, each once, and nothing else.
fn tables(reader: &mut Reader<'_>, places: &BTreeMap<u32, usize>, first: bool) -> Result<Dictionary, Problem> {
    let mut named = BTreeMap::new();
    let damaged = |reader: &Reader<'_>| reader.damaged("the cross-reference table is damaged");
    if !reader.end_of_line() {
        return Err(damaged(reader));
    }
    while !reader.skip(b"trailer") {
        let start = reader.digits().and_then(|start| u32::try_from(start).ok()).ok_or_else(|| damaged(reader))?;
        reader.expect(b" ", "the cross-reference table is damaged")?;
        let count = reader.digits().and_then(|count| u32::try_from(count).ok()).ok_or_else(|| damaged(reader))?;
        reader.skip(b" ");
        if !reader.end_of_line() {
            return Err(damaged(reader));
        }
        for number in start..start.checked_add(count).ok_or_else(|| damaged(reader))? {
            let line = reader.take(20).and_then(|line| line.first_chunk::<20>()).ok_or_else(|| damaged(reader))?;
            let entry = table_line(line).ok_or_else(|| damaged(reader))?;
            let fresh = match entry {
                TableEntry::At(place) => named.insert(number, place).is_none(),
                // A free number is one that this file never used; freeing an object would remove it.
                TableEntry::Free => first && !places.contains_key(&number),
            };
            if !fresh {
                return Err(reader.damaged("the cross-reference table frees an object or names one twice"));
            }
        }
    }
    if named != *places {
        return Err(reader.damaged("the cross-reference table does not name exactly the objects that are there"));
    }
    reader.white_space();
    let trailer = reader.value()?;
    let Value::Dictionary(trailer) = trailer else { return Err(reader.damaged("the trailer is no dictionary")) };
    Ok(trailer)
}

/// What the table says about a number.
enum TableEntry {
    /// Its object stands here.
    At(usize),
    /// There is no such object.
    Free,
}

/// One line of the table.
fn table_line(line: &[u8; 20]) -> Option<TableEntry> {
    let (place, rest) = line.split_first_chunk::<10>()?;
    let place = std::str::from_utf8(place).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    let place = place.parse().ok()?;
    let (used, end) = rest.split_at_checked(8)?;
    if !matches!(end, b" \n" | b"\r\n" | b" \r") {
        return None;
    }
    match used {
        b" 00000 n" => Some(TableEntry::At(place)),
        b" 00000 f" | b" 65535 f" => Some(TableEntry::Free),
        _ => None,
    }
}

/// `startxref`, the table's place, `%%EOF` and at most one end of line. Returns where the revision ends.
fn finish(reader: &mut Reader<'_>, table_at: usize) -> Result<usize, Problem> {
    reader.white_space();
    reader.expect(b"startxref", "the place of the cross-reference table is missing")?;
    reader.white_space();
    if reader.digits().and_then(|at| usize::try_from(at).ok()) != Some(table_at) {
        return Err(reader.damaged("the file states another place for its cross-reference table"));
    }
    reader.white_space();
    reader.expect(b"%%EOF", "the end of the file is missing")?;
    reader.end_of_line();
    Ok(reader.position())
}
