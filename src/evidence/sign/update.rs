//! Incremental updates (ISO 32000-1 §7.5.6): new objects after the untouched bytes of a report.

use std::{collections::BTreeMap, ops::Range};

use lopdf::{Dictionary, Document, Object, ObjectId, StringFormat, Writer};
use sha2::{Digest as _, Sha256};

use super::RESERVED;

/// `/ByteRange` before it is known; the real one has the same length.
const BYTE_RANGE_ROOM: &[u8] = b"[0 0000000000 0000000000 0000000000]";
/// `/F` of a field: Print and Locked (ISO 32000-1 table 165).
const PRINT_AND_LOCKED: i64 = 4 + 128;

/// The report cannot take a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// Not the PDF that the layout makes.
    #[error("the report is no PDF that can be signed ({0}); make it anew")]
    NotSignable(&'static str),
    /// There is a form or a signature already.
    #[error("the report has a form or a signature already; make it anew")]
    AlreadySigned,
    /// The signature with its chain needs more than [`RESERVED`] bytes.
    #[error("the signature takes {0} bytes, more than the {RESERVED} reserved; use a certificate with a shorter chain")]
    SignatureTooLarge(usize),
}

impl LayoutError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotSignable(_) => "REPORT_NOT_SIGNABLE",
            Self::AlreadySigned => "REPORT_ALREADY_SIGNED",
            Self::SignatureTooLarge(_) => "SIGNATURE_TOO_LARGE",
        }
    }
}

/// The complete file with an empty signature.
pub struct Prepared {
    bytes: Vec<u8>,
    /// From the `<` up to and including the `>` of `/Contents`.
    gap: Range<usize>,
}

impl Prepared {
    /// What the signature covers: everything but the gap.
    pub fn covered(&self) -> [&[u8]; 2] {
        [self.bytes.get(..self.gap.start).unwrap_or_default(), self.bytes.get(self.gap.end..).unwrap_or_default()]
    }

    /// Puts the CMS message into the gap.
    pub fn fill(mut self, message: &[u8]) -> Result<Vec<u8>, LayoutError> {
        if message.len() > RESERVED {
            return Err(LayoutError::SignatureTooLarge(message.len()));
        }
        let digits = message.iter().flat_map(|byte| [hex_digit(byte >> 4), hex_digit(byte & 15)]);
        let room = self.bytes.get_mut(self.gap.start.saturating_add(1)..self.gap.end).unwrap_or_default();
        for (place, digit) in room.iter_mut().zip(digits) {
            *place = digit;
        }
        Ok(self.bytes)
    }
}

/// An incremental update under construction.
pub struct Update<'a> {
    before: &'a [u8],
    document: Document,
    /// Serialised objects by number; all have generation 0.
    objects: BTreeMap<u32, Vec<u8>>,
    next: u32,
}

impl<'a> Update<'a> {
    /// An update of pages that were never updated before.
    pub fn of_pages(before: &'a [u8]) -> Result<Self, LayoutError> {
        let update = Self::of(before)?;
        if update.document.xref_section_count == 1 {
            Ok(update)
        } else {
            Err(LayoutError::NotSignable("it is not one plain revision"))
        }
    }

    /// An update of a report with any number of revisions.
    pub fn of(before: &'a [u8]) -> Result<Self, LayoutError> {
        let document = Document::load_mem(before).map_err(|_| LayoutError::NotSignable("it cannot be read"))?;
        if document.xref_recovery.is_some() || document.trailer.has(b"Encrypt") {
            return Err(LayoutError::NotSignable("it cannot be read"));
        }
        let size = document.trailer.get(b"Size").and_then(Object::as_i64).ok().and_then(|size| u32::try_from(size).ok());
        let next = size.unwrap_or(0).max(document.max_id.saturating_add(1));
        Ok(Self { before, document, objects: BTreeMap::new(), next })
    }

    pub fn new_id(&mut self) -> ObjectId {
        let id = (self.next, 0);
        self.next = self.next.saturating_add(1);
        id
    }

    pub fn catalog_id(&self) -> Result<ObjectId, LayoutError> {
        let root = self.document.trailer.get(b"Root").and_then(Object::as_reference);
        root.map_err(|_| LayoutError::NotSignable("it has no catalog"))
    }

    pub fn first_page(&self) -> Result<ObjectId, LayoutError> {
        self.document.page_iter().next().ok_or(LayoutError::NotSignable("it has no page"))
    }

    pub fn dictionary(&self, id: ObjectId) -> Result<Dictionary, LayoutError> {
        let found = self.document.get_dictionary(id).cloned();
        found.map_err(|_| LayoutError::NotSignable("an object is missing"))
    }

    /// The content of a stream that is not compressed.
    pub fn stream(&self, id: ObjectId) -> Option<Vec<u8>> {
        let stream = self.document.get_object(id).ok()?.as_stream().ok()?;
        (!stream.dict.has(b"Filter")).then(|| stream.content.clone())
    }

    /// The page's annotations and the new one.
    pub fn annotations(&self, page: &Dictionary, field: ObjectId) -> Result<Object, LayoutError> {
        let mut all = match page.get_deref(b"Annots", &self.document) {
            Ok(Object::Array(present)) => present.clone(),
            Ok(_) => return Err(LayoutError::NotSignable("its annotations are no list")),
            Err(_) => Vec::new(),
        };
        all.push(field.into());
        Ok(all.into())
    }

    pub fn put(&mut self, id: ObjectId, object: &Object) -> Result<(), LayoutError> {
        let bytes = serialise(object)?;
        self.put_raw(id, bytes);
        Ok(())
    }

    /// A stream without compression.
    pub fn put_stream(&mut self, id: ObjectId, content: &[u8]) {
        let mut bytes = format!("<</Length {}>>\nstream\n", content.len()).into_bytes();
        bytes.extend_from_slice(content);
        bytes.extend_from_slice(b"\nendstream");
        self.put_raw(id, bytes);
    }

    fn put_raw(&mut self, id: ObjectId, bytes: Vec<u8>) {
        self.objects.insert(id.0, bytes);
    }

    /// The file with the update.
    pub fn finish(self) -> Result<Vec<u8>, LayoutError> {
        self.write().map(|(bytes, _)| bytes)
    }

    /// The file with the update and in it a signature dictionary that says what `stated` says, with room for a signature that
    /// covers the whole file.
    pub fn finish_with_signature(mut self, id: ObjectId, stated: Dictionary) -> Result<Prepared, LayoutError> {
        let signature = SignatureDictionary::new(stated)?;
        let (byte_range_at, gap_at) = (signature.byte_range_at, signature.gap_at);
        self.put_raw(id, signature.bytes);
        let (mut bytes, offsets) = self.write()?;

        let not_signable = LayoutError::NotSignable("the new objects have no place");
        let body = *offsets.get(&id.0).ok_or(not_signable)?;
        let start = body + gap_at;
        let gap = start..start + 2 * RESERVED + 2;
        let after = bytes.len().checked_sub(gap.end).ok_or(not_signable)?;
        let byte_range = format!("[0 {:010} {:010} {after:010}]", gap.start, gap.end);
        let room = body + byte_range_at..body + byte_range_at + BYTE_RANGE_ROOM.len();
        let room = bytes.get_mut(room).filter(|room| room.len() == byte_range.len()).ok_or(not_signable)?;
        room.copy_from_slice(byte_range.as_bytes());
        Ok(Prepared { bytes, gap })
    }

    /// The file with the update, and where the body of each new object starts.
    fn write(self) -> Result<(Vec<u8>, BTreeMap<u32, usize>), LayoutError> {
        let mut out = self.before.to_vec();
        if out.last() != Some(&b'\n') {
            out.push(b'\n');
        }
        let mut bodies = BTreeMap::new();
        let mut table = Vec::new();
        for (number, bytes) in &self.objects {
            // One subsection of the table for each object: plain, and as valid as grouped ones.
            table.extend_from_slice(format!("{number} 1\n{:010} 00000 n \n", out.len()).as_bytes());
            out.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
            bodies.insert(*number, out.len());
            out.extend_from_slice(bytes);
            out.extend_from_slice(b"\nendobj\n");
        }
        let table_at = out.len();
        let trailer = serialise(&self.trailer(&out)?.into())?;
        out.extend_from_slice(b"xref\n");
        out.extend_from_slice(&table);
        out.extend_from_slice(b"trailer\n");
        out.extend_from_slice(&trailer);
        out.extend_from_slice(format!("\nstartxref\n{table_at}\n%%EOF\n").as_bytes());
        Ok((out, bodies))
    }

    /// The old trailer with the new size, the way back to the old table, and a new second identifier (ISO 32000-1 §14.4).
    fn trailer(&self, so_far: &[u8]) -> Result<Dictionary, LayoutError> {
        let previous = i64::try_from(self.document.xref_start);
        let mut trailer = self.document.trailer.clone();
        trailer.set("Size", i64::from(self.next));
        trailer.set("Prev", previous.map_err(|_| LayoutError::NotSignable("it is too large"))?);
        let first = trailer.get(b"ID").and_then(Object::as_array).ok().and_then(|ids| ids.first()).cloned();
        if let Some(first) = first {
            let second = Sha256::digest(so_far).iter().copied().take(16).collect();
            trailer.set("ID", vec![first, Object::String(second, StringFormat::Hexadecimal)]);
        }
        Ok(trailer)
    }
}

/// The bytes of the signature dictionary, and where in them the two places are that are filled later.
struct SignatureDictionary {
    bytes: Vec<u8>,
    byte_range_at: usize,
    gap_at: usize,
}

impl SignatureDictionary {
    fn new(stated: Dictionary) -> Result<Self, LayoutError> {
        let mut bytes = serialise(&stated.into())?;
        // The two fixed-width entries are written by hand at the end, inside the closing `>>`.
        bytes.truncate(bytes.len().saturating_sub(2));
        bytes.extend_from_slice(b"/ByteRange");
        let byte_range_at = bytes.len();
        bytes.extend_from_slice(BYTE_RANGE_ROOM);
        bytes.extend_from_slice(b"/Contents");
        let gap_at = bytes.len();
        bytes.push(b'<');
        bytes.resize(bytes.len() + 2 * RESERVED, b'0');
        bytes.extend_from_slice(b">>>");
        Ok(Self { bytes, byte_range_at, gap_at })
    }
}

/// An invisible signature field, which is its own annotation.
pub fn signature_field(field: &str, description: &str, signature: ObjectId, page: ObjectId) -> Dictionary {
    dictionary([
        ("Type", name("Annot")),
        ("Subtype", name("Widget")),
        ("FT", name("Sig")),
        ("T", text(field)),
        ("TU", text(description)),
        ("V", signature.into()),
        ("F", PRINT_AND_LOCKED.into()),
        ("P", page.into()),
        ("Rect", vec![Object::Integer(0); 4].into()),
    ])
}

fn serialise(object: &Object) -> Result<Vec<u8>, LayoutError> {
    let mut bytes = Vec::new();
    let written = Writer::write_object(&mut bytes, object);
    written.map(|()| bytes).map_err(|_| LayoutError::NotSignable("an object cannot be written"))
}

pub fn dictionary<const N: usize>(entries: [(&str, Object); N]) -> Dictionary {
    let mut dictionary = Dictionary::new();
    for (key, value) in entries {
        dictionary.set(key, value);
    }
    dictionary
}

pub fn name(text: &str) -> Object {
    Object::Name(text.as_bytes().to_vec())
}

/// A text string (ISO 32000-1 §7.9.2.2): ASCII as it is, everything else as UTF-16 with a byte-order mark.
pub fn text(text: &str) -> Object {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Object::String(text.as_bytes().to_vec(), StringFormat::Literal);
    }
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    Object::String(units.flat_map(u16::to_be_bytes).collect(), StringFormat::Hexadecimal)
}

fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble }
}
