//! The pages of the report: one identity control on A4, for people, in bokmål and English.
//!
//! The file is PDF/A-3a and PDF/UA-1. The scan lies in it bit for bit, the signature as vectors, the record as an attachment.
//! The same parts give the same bytes: every time in the file comes from the record. There is no form in it; the signature is
//! added afterwards as an incremental update.
//!
//! ```text
//! sections ──► layout (flow down the pages) ──► sheets (marks and structure) ──► draw (PDF)
//! ```

use crate::{
    control::{Identification, Strokes},
    digest::Digest,
    evidence::Record,
};

mod draw;
mod frame;
mod layout;
mod sections;
mod sheet;
mod style;
mod text;
mod words;

/// Largest JPEG of a scan, bytes.
pub const LARGEST_SCAN: usize = 32 << 20;
/// Longest side of a scan, pixels: A6 at 1200 dpi is 6992.
pub const LONGEST_SIDE: u32 = 8_192;
/// Largest text of the terms, bytes.
pub const LARGEST_TERMS: usize = 256 << 10;
/// Largest record, bytes.
pub const LARGEST_RECORD: usize = 4 << 20;

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct ReportParts<'a> {
    /// The record.
    pub record: &'a Record,
    /// The same record as it is attached ([`Record::to_json`]).
    pub record_json: &'a [u8],
    /// The signature's strokes, when the record has a signature.
    pub strokes: Option<&'a Strokes>,
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
    /// The record has a scan, the parts have none.
    #[error("the picture of the scanned document is missing: scan the document again")]
    ScanMissing,
    /// The picture is not the one that the record names.
    #[error("the picture of the scanned document is not the one that was judged: scan the document again")]
    ScanDiffers,
    /// The picture cannot be shown.
    #[error("the picture of the scanned document cannot be read: scan the document again")]
    ScanUnreadable,
    /// The picture of the earlier scan is not the one that the record names.
    #[error("the picture of the document scanned earlier is not the one that was compared: compare it again")]
    PreviousScanDiffers,
    /// The record has a signature, the parts have none.
    #[error("the holder's signature is missing: let the holder sign again")]
    StrokesMissing,
    /// The strokes are not those that the record counts.
    #[error("the holder's signature is not the one that was judged: let the holder sign again")]
    StrokesDiffer,
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
            Self::ScanMissing => "REPORT_SCAN_MISSING",
            Self::ScanDiffers => "REPORT_SCAN_DIFFERS",
            Self::ScanUnreadable => "REPORT_SCAN_UNREADABLE",
            Self::PreviousScanDiffers => "REPORT_PREVIOUS_SCAN_DIFFERS",
            Self::StrokesMissing => "REPORT_STROKES_MISSING",
            Self::StrokesDiffer => "REPORT_STROKES_DIFFER",
            Self::TermsDiffer => "REPORT_TERMS_DIFFER",
            Self::TooLarge => "REPORT_PART_TOO_LARGE",
            Self::NoTypeface => "REPORT_NO_TYPEFACE",
            Self::NotDrawn => "REPORT_NOT_DRAWN",
        }
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
    let record = parts.record;
    if parts.record_json.len() > LARGEST_RECORD || parts.terms_text.is_some_and(|text| text.len() > LARGEST_TERMS) {
        return Err(ReportError::TooLarge);
    }
    if serde_json::from_slice::<Record>(parts.record_json).ok().as_ref() != Some(record) {
        return Err(ReportError::RecordDiffers);
    }
    let content = sections::Content {
        record,
        record_digest: Digest::of(parts.record_json),
        strokes: strokes(parts)?,
        scan: scan(parts)?,
        previous_scan: previous_scan(parts)?,
        terms_text: terms_text(parts)?,
    };
    let typeface = text::Typeface::load()?;
    let mut flow = layout::Flow::new(&typeface);
    sections::lay_out(&mut flow, &content);
    let mut sheets = flow.finish();
    frame::add(&mut sheets, &typeface, record);
    let about = draw::About {
        company: typeface.field(&record.rules.company),
        control: record.control.to_string(),
        program: typeface.field(&format!("bam-station {}", record.rules.program)),
        completed_at: record.completed_at,
    };
    draw::draw(sheets, &about, parts.record_json)
}

fn strokes<'a>(parts: &ReportParts<'a>) -> Result<Option<&'a Strokes>, ReportError> {
    let Some(comparison) = &parts.record.signature else { return Ok(None) };
    let strokes = parts.strokes.ok_or(ReportError::StrokesMissing)?;
    let signature = &comparison.signature;
    let counts = |counted: u32, number: usize| usize::try_from(counted) == Ok(number);
    let same = counts(signature.stroke_count, strokes.strokes.len())
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
    match (&parts.record.identification, parts.previous_scan_jpeg) {
        (Identification::ThirdParty { previous_scan: Some(scan), .. }, Some(jpeg)) => {
            photograph(jpeg, &scan.upright, ReportError::PreviousScanDiffers).map(Some)
        }
        _ => Ok(None),
    }
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
    Ok(sections::Photograph { picture: sheet::Picture(image), width, height })
}

fn terms_text<'a>(parts: &ReportParts<'a>) -> Result<Option<&'a str>, ReportError> {
    match (&parts.record.terms, parts.terms_text) {
        (Some(accepted), Some(text)) if Digest::of(text.as_bytes()) == accepted.terms.text => Ok(Some(text)),
        (_, None) => Ok(None),
        _ => Err(ReportError::TermsDiffer),
    }
}
