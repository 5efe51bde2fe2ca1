//! The signature's place in the PDF: one incremental update (ISO 32000-1 §7.5.6) after the untouched pages.
//!
//! The update holds a signature dictionary with room for the signature, an invisible field on the first page, the form that
//! lists it, and the catalog with a certification that forbids every later change (DocMDP, P = 1, ISO 32000-1 §12.8.2.2).
//! The field has an empty rectangle and is not tagged, which PDF/A-3a and PDF/UA-1 allow; what people read about the
//! signature stands on the pages themselves.

use std::{collections::BTreeMap, ops::Range};

use jiff::tz::TimeZone;
use lopdf::{Dictionary, Document, Object, ObjectId, StringFormat, Writer};
use sha2::{Digest as _, Sha256};

use super::{RESERVED, SignatureDetails};

/// The field's name in the form.
pub(crate) const FIELD_NAME: &str = "OperatorSignature";
/// How `/M` is written: UTC, to the second.
pub(crate) const TIME_FORMAT: &str = "D:%Y%m%d%H%M%SZ";
/// `/ByteRange` before it is known; the real one has the same length.
const BYTE_RANGE_ROOM: &[u8] = b"[0 0000000000 0000000000 0000000000]";
/// `/F` of the field: Print and Locked (ISO 32000-1 table 165).
const PRINT_AND_LOCKED: i64 = 4 + 128;
/// `/SigFlags`: signatures exist, append only (ISO 32000-1 table 219).
const SIGNATURES_EXIST_APPEND_ONLY: i64 = 1 + 2;

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
pub(super) struct Prepared {
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

/// Appends the update to `report` with an empty signature by the person called `signer`.
pub(super) fn prepare(report: &[u8], details: &SignatureDetails, signer: &str) -> Result<Prepared, LayoutError> {
    let mut update = Update::of(report)?;
    let catalog_id = update.catalog_id()?;
    let mut catalog = update.dictionary(catalog_id)?;
    if catalog.has(b"AcroForm") || catalog.has(b"Perms") {
        return Err(LayoutError::AlreadySigned);
    }
    let page_id = update.first_page()?;
    let mut page = update.dictionary(page_id)?;
    let (signature_id, field_id, form_id) = (update.new_id(), update.new_id(), update.new_id());

    page.set("Annots", update.annotations(&page, field_id)?);
    catalog.set("AcroForm", form_id);
    catalog.set("Perms", dictionary([("DocMDP", signature_id.into())]));
    update.put(page_id, &page.into())?;
    update.put(catalog_id, &catalog.into())?;
    update.put(field_id, &field(signature_id, page_id).into())?;
    update.put(
        form_id,
        &dictionary([("Fields", vec![Object::Reference(field_id)].into()), ("SigFlags", SIGNATURES_EXIST_APPEND_ONLY.into())])
            .into(),
    )?;

    let signature = SignatureDictionary::new(details, signer)?;
    let (byte_range_at, gap_at) = (signature.byte_range_at, signature.gap_at);
    update.put_raw(signature_id, signature.bytes);
    let (mut bytes, offsets) = update.finish()?;

    let not_signable = LayoutError::NotSignable("the new objects have no place");
    let body = *offsets.get(&signature_id.0).ok_or(not_signable)?;
    let start = body + gap_at;
    let gap = start..start + 2 * RESERVED + 2;
    let after = bytes.len().checked_sub(gap.end).ok_or(not_signable)?;
    let byte_range = format!("[0 {:010} {:010} {after:010}]", gap.start, gap.end);
    let room = body + byte_range_at..body + byte_range_at + BYTE_RANGE_ROOM.len();
    let room = bytes.get_mut(room).filter(|room| room.len() == byte_range.len()).ok_or(not_signable)?;
    room.copy_from_slice(byte_range.as_bytes());
    Ok(Prepared { bytes, gap })
}

/// The bytes of the signature dictionary, and where in them the two places are that are filled later.
struct SignatureDictionary {
    bytes: Vec<u8>,
    byte_range_at: usize,
    gap_at: usize,
}

impl SignatureDictionary {
    fn new(details: &SignatureDetails, signer: &str) -> Result<Self, LayoutError> {
        let time = details.signed_at.to_zoned(TimeZone::UTC).strftime(TIME_FORMAT).to_string();
        let reference = dictionary([
            ("Type", name("SigRef")),
            ("TransformMethod", name("DocMDP")),
            ("TransformParams", dictionary([("Type", name("TransformParams")), ("P", 1.into()), ("V", name("1.2"))]).into()),
        ]);
        let stated = dictionary([
            ("Type", name("Sig")),
            ("Filter", name("Adobe.PPKLite")),
            ("SubFilter", name("ETSI.CAdES.detached")),
            ("M", text(&time)),
            ("Name", text(signer)),
            ("Reason", text(&details.reason)),
            ("Location", text(&details.location)),
            ("Reference", vec![Object::from(reference)].into()),
        ]);
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

/// The invisible signature field, which is its own annotation.
fn field(signature: ObjectId, page: ObjectId) -> Dictionary {
    dictionary([
        ("Type", name("Annot")),
        ("Subtype", name("Widget")),
        ("FT", name("Sig")),
        ("T", text(FIELD_NAME)),
        ("TU", text("Electronic signature of the operator")),
        ("V", signature.into()),
        ("F", PRINT_AND_LOCKED.into()),
        ("P", page.into()),
        ("Rect", vec![Object::Integer(0); 4].into()),
    ])
}

/// An incremental update under construction.
struct Update<'a> {
    before: &'a [u8],
    document: Document,
    /// Serialised objects by number; all have generation 0.
    objects: BTreeMap<u32, Vec<u8>>,
    next: u32,
}

impl<'a> Update<'a> {
    fn of(before: &'a [u8]) -> Result<Self, LayoutError> {
        let document = Document::load_mem(before).map_err(|_| LayoutError::NotSignable("it cannot be read"))?;
        if document.xref_recovery.is_some() || document.xref_section_count != 1 || document.trailer.has(b"Encrypt") {
            return Err(LayoutError::NotSignable("it is not one plain revision"));
        }
        let size = document.trailer.get(b"Size").and_then(Object::as_i64).ok().and_then(|size| u32::try_from(size).ok());
        let next = size.unwrap_or(0).max(document.max_id.saturating_add(1));
        Ok(Self { before, document, objects: BTreeMap::new(), next })
    }

    fn new_id(&mut self) -> ObjectId {
        let id = (self.next, 0);
        self.next = self.next.saturating_add(1);
        id
    }

    fn catalog_id(&self) -> Result<ObjectId, LayoutError> {
        let root = self.document.trailer.get(b"Root").and_then(Object::as_reference);
        root.map_err(|_| LayoutError::NotSignable("it has no catalog"))
    }

    fn first_page(&self) -> Result<ObjectId, LayoutError> {
        self.document.page_iter().next().ok_or(LayoutError::NotSignable("it has no page"))
    }

    fn dictionary(&self, id: ObjectId) -> Result<Dictionary, LayoutError> {
        let found = self.document.get_dictionary(id).cloned();
        found.map_err(|_| LayoutError::NotSignable("an object is missing"))
    }

    /// The page's annotations and the new one.
    fn annotations(&self, page: &Dictionary, field: ObjectId) -> Result<Object, LayoutError> {
        let mut all = match page.get_deref(b"Annots", &self.document) {
            Ok(Object::Array(present)) => present.clone(),
            Ok(_) => return Err(LayoutError::NotSignable("its annotations are no list")),
            Err(_) => Vec::new(),
        };
        all.push(field.into());
        Ok(all.into())
    }

    fn put(&mut self, id: ObjectId, object: &Object) -> Result<(), LayoutError> {
        let bytes = serialise(object)?;
        self.put_raw(id, bytes);
        Ok(())
    }

    fn put_raw(&mut self, id: ObjectId, bytes: Vec<u8>) {
        self.objects.insert(id.0, bytes);
    }

    /// The file with the update, and where the body of each new object starts.
    fn finish(self) -> Result<(Vec<u8>, BTreeMap<u32, usize>), LayoutError> {
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

fn serialise(object: &Object) -> Result<Vec<u8>, LayoutError> {
    let mut bytes = Vec::new();
    let written = Writer::write_object(&mut bytes, object);
    written.map(|()| bytes).map_err(|_| LayoutError::NotSignable("an object cannot be written"))
}

fn dictionary<const N: usize>(entries: [(&str, Object); N]) -> Dictionary {
    let mut dictionary = Dictionary::new();
    for (key, value) in entries {
        dictionary.set(key, value);
    }
    dictionary
}

fn name(text: &str) -> Object {
    Object::Name(text.as_bytes().to_vec())
}

/// A text string (ISO 32000-1 §7.9.2.2): ASCII as it is, everything else as UTF-16 with a byte-order mark.
fn text(text: &str) -> Object {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Object::String(text.as_bytes().to_vec(), StringFormat::Literal);
    }
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    Object::String(units.flat_map(u16::to_be_bytes).collect(), StringFormat::Hexadecimal)
}

fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble }
}
