//! The raw scan: the document found on it, its quality judged, its machine readable zone read, made upright; the picture of a
//! signature.
//!
//! What works on the pixels of a scan is the package [`bam_station_imaging`], shown here under the station's own names.

pub use bam_station_imaging::{Examination, Finding, Placement, Turn, locate, mrz, ocr_b, placement, plane, quality};

pub mod ink;
pub mod specimen;
pub mod upright;

use crate::{device::scanner::RawScan, rules::DocumentKind};

/// Examines a scan. A kind that is given says which size is expected.
///
/// # Errors
/// The scan's pixels do not fit its size.
pub fn examine(raw: &RawScan, kind: Option<&DocumentKind>) -> Result<Examination, upright::UprightError> {
    bam_station_imaging::examine(raw, kind.map(|kind| kind.size_mm))
}
