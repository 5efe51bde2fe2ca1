//! What is wrong with a scan, measured before the operator judges it: each finding with what to do (`config/faults.toml`).

use serde::{Deserialize, Serialize};

use super::{
    number::{count, percentile, real},
    placement::Placement,
    plane::{Plane, histogram},
    region::regions,
};

/// What is wrong with a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// Nothing lies on the glass.
    #[error("no document lies on the glass: lay it on, close the lid, scan anew")]
    EmptyGlass,
    /// Several documents lie on the glass.
    #[error("more than one document lies on the glass: leave one, scan anew")]
    TwoDocuments,
    /// The side on the glass shows nothing to read.
    #[error("the document lies face down: turn it over, scan anew")]
    FaceDown,
    /// A part of the document is not on the scan.
    #[error("an edge of the document is cut off: move it away from the border of the glass, scan anew")]
    CutEdge,
    /// The document does not have the size of its kind.
    #[error("the document does not have the size of its kind: check the kind that was chosen")]
    WrongSize,
    /// Too dark to read.
    #[error("the scan is too dark: clean glass and lamp, scan anew")]
    TooDark,
    /// Light is reflected from the document.
    #[error("the document reflects light: press it flat, remove its cover, scan anew")]
    Glare,
    /// Not sharp.
    #[error("the scan is blurred: press the document flat on the glass, scan anew")]
    Blurred,
    /// Nothing tells which way up the document is.
    #[error("it cannot be told which way up the document is: turn the picture by hand, or scan anew")]
    PoseUncertain,
}

impl Finding {
    /// The stable code, as in `config/faults.toml`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::EmptyGlass => "QUALITY_EMPTY_GLASS",
            Self::TwoDocuments => "QUALITY_TWO_DOCUMENTS",
            Self::FaceDown => "QUALITY_FACE_DOWN",
            Self::CutEdge => "QUALITY_CUT_EDGE",
            Self::WrongSize => "QUALITY_WRONG_SIZE",
            Self::TooDark => "QUALITY_TOO_DARK",
            Self::Glare => "QUALITY_GLARE",
            Self::Blurred => "QUALITY_BLURRED",
            Self::PoseUncertain => "QUALITY_POSE_UNCERTAIN",
        }
    }
}

/// Pixels of a millimetre at which a document is judged.
pub(crate) const PER_MM: f32 = 4.0;
/// The paper of a good scan is brighter than this.
const DARK_PAPER: u8 = 105;
/// Print blurred by more than this standard deviation in millimetres cannot be read for certain.
const BLURRED_MM: f32 = 0.23;
/// The steepest edges of a sharp picture change by at least this share of its contrast within a sixth of a millimetre.
const SHARP: f32 = 0.16;
/// Less print than this share of the area is none.
const BLANK: f32 = 0.006;
/// A reflection covers at least this, in square millimetres.
const GLARE_MM2: f32 = 20.0;

/// Height of the area of a machine readable zone at the foot of every format, in millimetres (ICAO 9303-3 §4.5).
const ZONE_MM: f32 = 23.2;

/// Judges the picture of a document. `print_blur_mm` is how far the print of its machine readable zone is blurred, when one was
/// found.
pub fn judge(scan: &Plane, dpi: u16, placement: &Placement, print_blur_mm: Option<f32>) -> Vec<Finding> {
    let page = page(scan, dpi, placement);
    let levels = page.histogram();
    let paper = percentile(&levels, 0.9);
    let mut findings = Vec::new();
    let blank = print_blur_mm.is_none() && printed(&page) < BLANK;
    if blank {
        findings.push(Finding::FaceDown);
    } else {
        if paper < DARK_PAPER {
            findings.push(Finding::TooDark);
        }
        let blurred = print_blur_mm.map_or_else(|| sharpness(&page) < SHARP, |blur| blur > BLURRED_MM);
        if blurred {
            findings.push(Finding::Blurred);
        }
    }
    // The zone stands on a panel that is often as white as light. What lies in light there cannot be read, and that is told.
    let clear_from = page.height().saturating_sub(print_blur_mm.map_or(0, |_| count(ZONE_MM * PER_MM)));
    if reflects(&page, percentile(&levels, 0.5), clear_from) {
        findings.push(Finding::Glare);
    }
    findings
}

/// The document upright, coarse: what is outside the scan is left out by carrying on its border.
pub(crate) fn page(scan: &Plane, dpi: u16, placement: &Placement) -> Plane {
    let dpi = f32::from(dpi.max(1));
    let by = count(dpi / (PER_MM * 25.4)).max(1);
    let small = scan.shrunk(by);
    let per_mm = dpi / real(by) / 25.4;
    let [width, height] = placement.size_mm.map(|side| count(side.min(400.0) * PER_MM).max(1));
    let mut pixels = Vec::with_capacity(width * height);
    for row in 0..height {
        for column in 0..width {
            let [x, y] = placement.on_scan_mm([(real(column) + 0.5) / PER_MM, (real(row) + 0.5) / PER_MM]);
            pixels.push(super::number::grey(small.between(x * per_mm - 0.5, y * per_mm - 0.5)));
        }
    }
    Plane::new(width, height, pixels).unwrap_or(small)
}

/// The share of the page, its border left out, that is fine dark print.
fn printed(page: &Plane) -> f32 {
    let near = count(1.1 * PER_MM);
    let margin = count(4.0 * PER_MM);
    let print = page.brightest(near, near).darkest(near, near).with(page, |paper, own| {
        let darker = u32::from(paper.saturating_sub(own)) * 255 / u32::from(paper).max(40);
        u8::from(darker > 35)
    });
    let inner = |length: usize| margin..length.saturating_sub(margin).max(margin);
    let rows = print.rows().take(inner(print.height()).end).skip(margin);
    let (mut number, mut all) = (0, 0);
    for row in rows {
        let row = row.get(inner(row.len())).unwrap_or_default();
        number += row.iter().filter(|pixel| **pixel > 0).count();
        all += row.len();
    }
    real(number) / real(all.max(1))
}

/// How much of the picture's contrast the steepest edges change from one pixel to the next.
fn sharpness(page: &Plane) -> f32 {
    let steps = page.rows().flat_map(|row| row.windows(2).map(|pair| if let [a, b] = pair { a.abs_diff(*b) } else { 0 }));
    let steepest = f32::from(percentile(&histogram(steps), 0.995));
    let levels = page.histogram();
    let contrast = f32::from(percentile(&levels, 0.99)) - f32::from(percentile(&levels, 0.01));
    steepest / contrast.max(20.0)
}

/// Whether a part of the page above row `clear_from` is blown out by light: white, larger than print leaves white, and fading at
/// its edge.
fn reflects(page: &Plane, usual: u8, clear_from: usize) -> bool {
    if usual > 238 {
        // White paper: nothing tells light from paper.
        return false;
    }
    let white = page.map(|pixel| if pixel >= 251 { 255 } else { 0 });
    let white = white.darkest(1, 1).brightest(1, 1);
    let area = PER_MM * PER_MM;
    regions(&white, count(GLARE_MM2 * area)).iter().any(|region| {
        let above = region.iter().filter(|(_, y)| *y < clear_from).count();
        if real(region.len()) > 0.4 * real(page.pixels().len()) || above * 2 < region.len() {
            return false;
        }
        let mut own = vec![0_u8; page.pixels().len()];
        for (x, y) in region {
            if let Some(pixel) = own.get_mut(y * page.width() + x) {
                *pixel = 255;
            }
        }
        let Some(own) = Plane::new(page.width(), page.height(), own) else { return false };
        // Just outside, light fades; a white panel ends at once.
        let around = own.brightest(3, 3).with(&own.brightest(1, 1), |wide, near| wide - near.min(wide));
        let edge = around.pixels().iter().zip(page.pixels()).filter(|(around, _)| **around > 0).map(|(_, pixel)| *pixel);
        let (sum, number) = edge.fold((0.0, 0.0), |sum, pixel| (sum.0 + f32::from(pixel), sum.1 + 1.0));
        number > 0.0 && sum / number > f32::midpoint(f32::from(usual), 255.0)
    })
}
