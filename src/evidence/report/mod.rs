//! The pages of the report: one identity control on A4, for people, in bokmål and English.
//!
//! The file is PDF/A-3a and PDF/UA-1. The scan lies in it bit for bit, the signature as vectors, the record as an attachment.
//! The same parts give the same bytes: every time in the file comes from the record. There is no form in it; the signature is
//! added afterwards as an incremental update.
//!
//! ```text
//! sections ──► layout (flow down the pages) ──► sheets (marks and structure) ──► draw (PDF)
//!                                                      └──► verify: do the pages of a signed file show exactly these?
//! ```
//!
//! Everything that the pages show follows from the record and from what is attached or embedded beside it (strokes, terms,
//! pictures), all of it named in the record by its digest. [`Pages::lay_out`] is that rule, and [`LAYOUT`] its number: a verifier lays
//! the pages out anew and compares. A change of the rule gets a new number, and the old rule stays for the reports that were made
//! by it.

pub use draw::{About, DESCRIPTION, LANGUAGE};
use krilla::embed::AssociationKind;
pub(in crate::evidence) use sections::Content;
use serde_json::Value;
pub(in crate::evidence) use sheet::Sheets;

use super::verify::RECORD_NAME;
use crate::{
    control::{Identification, Strokes},
    digest::Digest,
    evidence::{Record, record::LAYOUT},
};

mod draw;
mod frame;
mod layout;
mod sections;
pub(in crate::evidence) mod sheet;
pub(in crate::evidence) mod style;
pub(in crate::evidence) mod text;
mod words;

/// Largest JPEG of a scan, bytes.
pub const LARGEST_SCAN: usize = 32 << 20;
/// Longest side of a scan, pixels: A6 at 1200 dpi is 6992.
pub const LONGEST_SIDE: u32 = 8_192;
/// Largest text of the terms, bytes.
pub const LARGEST_TERMS: usize = 256 << 10;
/// Largest record, bytes.
pub const LARGEST_RECORD: usize = 4 << 20;
/// Largest strokes, JSON, bytes: [`Strokes::MOST_POINTS`] samples.
pub const LARGEST_STROKES: usize = 16 << 20;

/// The attachment with the signature's strokes.
pub const STROKES_NAME: &str = "strokes.json";
/// The attachment with the text of the accepted terms.
pub const TERMS_NAME: &str = "terms.txt";

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct ReportParts<'a> {
    /// The record.
    pub record: &'a Record,
    /// The same record as it is attached ([`Record::to_json`]).
    pub record_json: &'a [u8],
    /// The signature's strokes as they are kept, JSON, when the record has a signature.
    pub strokes_json: Option<&'a [u8]>,
    /// The upright picture of the document, JPEG, when the record has a scan.
    pub scan_jpeg: Option<&'a [u8]>,
    /// The upright picture of the document scanned earlier, JPEG, when a third party vouched and the person was compared with it.
    pub previous_scan_jpeg: Option<&'a [u8]>,
    /// The text of the accepted terms, byte for byte as its file has it; it becomes an appendix.
    pub terms_text: Option<&'a str>,
}

/// Why there is no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The attachment does not say what the pages say.
    #[error("the machine-readable record is not the record of this control: the control cannot be approved, begin it anew")]
    RecordDiffers,
    /// The record was made for another layout than this program's.
    #[error("the record belongs to another layout of the pages: use the program that made it, or a newer one")]
    OtherLayout,
    /// The record has a scan, the parts have none.
    #[error("the picture of the scanned document is missing: scan the document again")]
    ScanMissing,
    /// The picture is not the one that the record names.
    #[error("the picture of the scanned document is not the one that was judged: scan the document again")]
    ScanDiffers,
    /// The picture cannot be shown.
    #[error("the picture of the scanned document cannot be read: scan the document again")]
    ScanUnreadable,
    /// The record has an earlier scan, the parts have none.
    #[error("the picture of the document scanned earlier is missing: compare it again")]
    PreviousScanMissing,
    /// The picture of the earlier scan is not the one that the record names.
    #[error("the picture of the document scanned earlier is not the one that was compared: compare it again")]
    PreviousScanDiffers,
    /// The record has a signature, the parts have none.
    #[error("the holder's signature is missing: let the holder sign again")]
    StrokesMissing,
    /// The strokes are not those that the record names and counts.
    #[error("the holder's signature is not the one that was judged: let the holder sign again")]
    StrokesDiffer,
    /// The record has terms, the parts have no text.
    #[error("the text of the terms that the holder accepted is missing: restore the file of the terms")]
    TermsMissing,
    /// The text is not the one that was accepted.
    #[error("the text of the terms is not the one that the holder accepted: restore the file of the terms")]
    TermsDiffer,
    /// A part exceeds its limit.
    #[error("a part of the report is too large: a scan has at most 32 MiB and 8192 pixels a side, the terms 256 KiB")]
    TooLarge,
    /// The typeface that is compiled in cannot be read.
    #[error("the report's typeface cannot be read: install the program anew")]
    NoTypeface,
    /// The pages could not be drawn.
    #[error("the report's pages could not be made: keep the control open and report this fault")]
    NotDrawn,
}

impl ReportError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::RecordDiffers => "REPORT_RECORD_DIFFERS",
            Self::OtherLayout => "REPORT_LAYOUT_UNKNOWN",
            Self::ScanMissing => "REPORT_SCAN_MISSING",
            Self::ScanDiffers => "REPORT_SCAN_DIFFERS",
            Self::ScanUnreadable => "REPORT_SCAN_UNREADABLE",
            Self::PreviousScanMissing => "REPORT_PREVIOUS_SCAN_MISSING",
            Self::PreviousScanDiffers => "REPORT_PREVIOUS_SCAN_DIFFERS",
            Self::StrokesMissing => "REPORT_STROKES_MISSING",
            Self::StrokesDiffer => "REPORT_STROKES_DIFFER",
            Self::TermsMissing => "REPORT_TERMS_MISSING",
            Self::TermsDiffer => "REPORT_TERMS_DIFFER",
            Self::TooLarge => "REPORT_PART_TOO_LARGE",
            Self::NoTypeface => "REPORT_NO_TYPEFACE",
            Self::NotDrawn => "REPORT_NOT_DRAWN",
        }
    }
}

/// What the file of this record says about itself.
///
/// # Errors
/// [`ReportError::NoTypeface`].
pub fn about(record: &Record) -> Result<About, ReportError> {
    let typeface = text::Typeface::load()?;
    Ok(About {
        company: typeface.field(&record.rules.company),
        control: record.control.to_string(),
        program: typeface.field(&record.rules.program),
        completed_at: record.completed_at,
    })
}

/// The pages of one report as they are laid out.
pub struct Pages {
    /// SHA-256 of the attached record, which names by their digests everything else that the pages are made of.
    record: Digest,
    sheets: Sheets,
}

impl Pages {
    /// Lays the pages out.
    ///
    /// # Errors
    /// [`ReportError`] when a part is missing, too large, or not the one that the record names.
    pub fn lay_out(parts: &ReportParts<'_>) -> Result<Self, ReportError> {
        let content = content(parts)?;
        Ok(Self { record: content.record_digest, sheets: sheets(&content)? })
    }

    /// The same pages, when they are those of this content.
    pub(in crate::evidence) fn of(&self, content: &Content<'_>) -> Option<&Sheets> {
        (self.record == content.record_digest).then_some(&self.sheets)
    }
}

/// Builds the unsigned report.
///
/// No text can prevent it: what the typeface lacks is shown by number, what is too long is wrapped over pages.
///
/// # Errors
/// [`ReportError`] when a part is missing, too large, or not the one that the record names. The pages never show anything that
/// the record does not prove.
pub fn build(parts: &ReportParts<'_>) -> Result<Vec<u8>, ReportError> {
    build_with_pages(parts).map(|(pdf, _)| pdf)
}

/// As [`build`], with the pages that were laid out for it.
///
/// # Errors
/// As [`build`].
pub fn build_with_pages(parts: &ReportParts<'_>) -> Result<(Vec<u8>, Pages), ReportError> {
    let record = parts.record;
    let about = about(record)?;
    let mut attached = vec![draw::Attachment {
        name: RECORD_NAME,
        mime: "application/json",
        description: "Kontrollen i maskinlesbar form. The control in machine-readable form.",
        kind: AssociationKind::Data,
        bytes: parts.record_json,
    }];
    let pages = Pages::lay_out(parts)?;
    attached.extend(parts.strokes_json.filter(|_| record.signature.is_some()).map(|bytes| draw::Attachment {
        name: STROKES_NAME,
        mime: "application/json",
        description: "Signaturens strøk slik pennen skrev dem. The strokes of the signature as the pen wrote them.",
        kind: AssociationKind::Source,
        bytes,
    }));
    attached.extend(parts.terms_text.filter(|_| record.terms.is_some()).map(|text| draw::Attachment {
        name: TERMS_NAME,
        mime: "text/plain",
        description: "Avtalevilkårene som ble godtatt. The accepted terms.",
        kind: AssociationKind::Source,
        bytes: text.as_bytes(),
    }));
    let pdf = draw::draw(&pages.sheets, &about, &attached)?;
    Ok((pdf, pages))
}

/// What the pages are made of, each part the one that the record names.
///
/// # Errors
/// As [`build`].
pub(in crate::evidence) fn content<'a>(parts: &ReportParts<'a>) -> Result<Content<'a>, ReportError> {
    let record = parts.record;
    let known = (1..=LAYOUT).contains(&record.layout);
    // The first layout has no place for a second signer, and the pages must say all that the record does.
    let told = record.layout > 1 || record.rules.signed_by.as_ref().is_none_or(|signer| signer.second.is_none());
    if !(known && told) {
        return Err(ReportError::OtherLayout);
    }
    let too_large = parts.record_json.len() > LARGEST_RECORD
        || parts.strokes_json.is_some_and(|json| json.len() > LARGEST_STROKES)
        || parts.terms_text.is_some_and(|text| text.len() > LARGEST_TERMS);
    if too_large {
        return Err(ReportError::TooLarge);
    }
    if !says_the_same(parts.record_json, record) {
        return Err(ReportError::RecordDiffers);
    }
    Ok(Content {
        record,
        record_digest: Digest::of(parts.record_json),
        strokes: strokes(parts)?,
        scan: scan(parts)?,
        previous_scan: previous_scan(parts)?,
        terms_text: terms_text(parts)?,
    })
}

/// The pages as they are laid out: what the report must show, mark by mark. Nothing is drawn.
///
/// # Errors
/// [`ReportError::NoTypeface`].
pub(in crate::evidence) fn sheets(content: &Content<'_>) -> Result<Sheets, ReportError> {
    let typeface = text::Typeface::load()?;
    let mut flow = layout::Flow::new(typeface);
    sections::lay_out(&mut flow, content);
    let mut sheets = flow.finish();
    frame::add(&mut sheets, typeface, content.record);
    Ok(sheets)
}

/// Whether the attachment is this record and says nothing besides, which no page would show.
fn says_the_same(json: &[u8], record: &Record) -> bool {
    let read = serde_json::from_slice::<Record>(json).ok();
    let (attached, understood) = (serde_json::from_slice(json).ok(), serde_json::to_value(record).ok());
    read.as_ref() == Some(record)
        && attached.zip(understood).is_some_and(|(attached, understood)| is_within(&attached, &understood))
}

/// Whether everything in `attached` stands in `understood`. A later version of the program may know more that an old record
/// leaves out.
fn is_within(attached: &Value, understood: &Value) -> bool {
    match (attached, understood) {
        (Value::Object(attached), Value::Object(understood)) => {
            attached.iter().all(|(key, value)| understood.get(key).is_some_and(|known| is_within(value, known)))
        }
        (Value::Array(attached), Value::Array(understood)) => {
            attached.len() == understood.len() && attached.iter().zip(understood).all(|(one, other)| is_within(one, other))
        }
        (one, other) => one == other,
    }
}

fn strokes(parts: &ReportParts<'_>) -> Result<Option<Strokes>, ReportError> {
    let Some(comparison) = &parts.record.signature else { return Ok(None) };
    let json = parts.strokes_json.ok_or(ReportError::StrokesMissing)?;
    let signature = &comparison.signature;
    let strokes = serde_json::from_slice::<Strokes>(json).map_err(|_| ReportError::StrokesDiffer)?;
    let counts = |counted: u32, number: usize| usize::try_from(counted) == Ok(number);
    let same = Digest::of(json) == signature.strokes
        && counts(signature.stroke_count, strokes.strokes.len())
        && counts(signature.points, strokes.points())
        && signature.duration_ms == strokes.duration_ms()
        && signature.ink_length == strokes.ink_length();
    if same { Ok(Some(strokes)) } else { Err(ReportError::StrokesDiffer) }
}

fn scan(parts: &ReportParts<'_>) -> Result<Option<sections::Photograph>, ReportError> {
    let Some(scan) = &parts.record.scan else { return Ok(None) };
    let jpeg = parts.scan_jpeg.ok_or(ReportError::ScanMissing)?;
    photograph(jpeg, &scan.scan.upright.picture, ReportError::ScanDiffers).map(Some)
}

fn previous_scan(parts: &ReportParts<'_>) -> Result<Option<sections::Photograph>, ReportError> {
    let Identification::ThirdParty { previous_scan: Some(scan), .. } = &parts.record.identification else { return Ok(None) };
    let jpeg = parts.previous_scan_jpeg.ok_or(ReportError::PreviousScanMissing)?;
    photograph(jpeg, &scan.upright, ReportError::PreviousScanDiffers).map(Some)
}

fn photograph(jpeg: &[u8], expected: &Digest, differs: ReportError) -> Result<sections::Photograph, ReportError> {
    if jpeg.len() > LARGEST_SCAN {
        return Err(ReportError::TooLarge);
    }
    if Digest::of(jpeg) != *expected {
        return Err(differs);
    }
    let image =
        krilla::image::Image::from_jpeg(krilla::Data::from(jpeg.to_vec()), false).map_err(|_| ReportError::ScanUnreadable)?;
    let (width, height) = image.size();
    if width == 0 || height == 0 {
        return Err(ReportError::ScanUnreadable);
    }
    if width.max(height) > LONGEST_SIDE {
        return Err(ReportError::TooLarge);
    }
    Ok(sections::Photograph { picture: sheet::Picture { image, digest: *expected }, width, height })
}

fn terms_text<'a>(parts: &ReportParts<'a>) -> Result<Option<&'a str>, ReportError> {
    let Some(accepted) = &parts.record.terms else { return Ok(None) };
    let text = parts.terms_text.ok_or(ReportError::TermsMissing)?;
    if Digest::of(text.as_bytes()) == accepted.terms.text { Ok(Some(text)) } else { Err(ReportError::TermsDiffer) }
}
