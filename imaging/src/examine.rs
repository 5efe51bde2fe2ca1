//! All that a scan shows: where the document lies, what is wrong with the picture, what its machine readable zone says (pure).

use std::thread;

use super::{
    locate::{Sheet, sheets},
    mrz::{self, Format, Zone},
    placement::Placement,
    plane::Plane,
    pose::{Pose, pose},
    quality::{Finding, PER_MM, judge, page},
    upright::{Turn, UprightError},
};
use crate::scan::RawScan;

/// What is smaller is no document, in square millimetres.
const LEAST_DOCUMENT_MM2: f32 = 900.0;
/// A document has the size of its kind up to this, in millimetres: its shadow is measured with it.
const SIZE_TOLERANCE_MM: f32 = 3.0;

/// What a scan shows.
#[derive(Clone)]
pub struct Examination {
    /// Where the document lies; `None` when there is none, or more than one.
    pub placement: Option<Placement>,
    /// What is wrong with the picture, each once.
    pub findings: Vec<Finding>,
    /// The machine readable zone, when one is found.
    pub zone: Option<Zone>,
}

impl Examination {
    fn nothing(finding: Finding) -> Self {
        Self { placement: None, findings: vec![finding], zone: None }
    }
}

/// Examines a scan. `expected_mm` is the size of the upright document, width and height in millimetres, where its kind is known.
///
/// # Errors
/// The scan's pixels do not fit its size.
pub fn examine(raw: &RawScan, expected_mm: Option<[f32; 2]>) -> Result<Examination, UprightError> {
    // Nothing is looked at more finely than characters are.
    let finer = usize::from(raw.dpi / mrz::READ_DPI).max(1);
    let reduced = if usize::from(raw.dpi) % finer == 0 { raw.reduced(finer) } else { None };
    let raw = reduced.as_ref().unwrap_or(raw);
    let (scan, mut zones) = thread::scope(|threads| {
        threads.spawn(mrz::prepare);
        let scan = Plane::of(raw).ok_or(UprightError::Misshapen)?;
        let zones = mrz::zones(&scan, raw.dpi);
        Ok((scan, zones))
    })?;
    if zones.len() > 1 {
        return Ok(Examination::nothing(Finding::TwoDocuments));
    }
    let zone = zones.pop();
    let expected = expected_mm.or(zone.as_ref().map(|zone| zone.format().document_mm()));
    let sizes: Vec<[f32; 2]> = expected.map_or_else(|| Format::ALL.map(Format::document_mm).to_vec(), |size| vec![size]);
    let nominal = zone.as_ref().map(nominal);
    let mut sheets = sheets(raw, &sizes, nominal.as_ref());
    sheets.retain(|sheet| sheet.area_mm2() >= LEAST_DOCUMENT_MM2);

    let mut uncertain = false;
    let placement = match zone.as_ref().zip(nominal) {
        Some((zone, nominal)) => {
            let here = |sheet: &Sheet| sheet.contains(zone.middle_mm(), 2.0);
            let elsewhere = |sheet: &Sheet| !here(sheet) && !nominal.covers(sheet.middle_mm.into(), 0.0);
            if sheets.iter().any(elsewhere) {
                return Ok(Examination::nothing(Finding::TwoDocuments));
            }
            sheets.iter().find(|sheet| here(sheet)).and_then(|sheet| fitted(sheet, &nominal)).unwrap_or(nominal)
        }
        None => match sheets.as_slice() {
            [] => return Ok(Examination::nothing(Finding::EmptyGlass)),
            [sheet] => {
                let placement = by_shape(sheet);
                match pose(&page(&scan, raw.dpi, &placement), PER_MM) {
                    Pose::Upright => placement,
                    Pose::UpsideDown => Placement { turn: placement.turn.then(Turn::Half), ..placement },
                    Pose::Uncertain => {
                        uncertain = true;
                        placement
                    }
                }
            }
            _ => return Ok(Examination::nothing(Finding::TwoDocuments)),
        },
    };

    let mut findings = Vec::new();
    let glass_mm = [scan.width(), scan.height()].map(|side| super::number::real(side) * 25.4 / f32::from(raw.dpi.max(1)));
    let cut = is_cut(&placement, expected, glass_mm);
    if cut {
        findings.push(Finding::CutEdge);
    } else if let Some(size) = expected_mm
        && !has_size(&placement, size)
    {
        findings.push(Finding::WrongSize);
    }
    findings.extend(judge(&scan, raw.dpi, &placement, zone.as_ref().map(|zone| zone.blur_mm)));
    // What shows nothing to read has to be turned over first.
    if uncertain && !findings.contains(&Finding::FaceDown) {
        findings.push(Finding::PoseUncertain);
    }
    Ok(Examination { placement: Some(placement), findings, zone })
}

/// Where the document lies as far as its zone tells: at its nominal place (ICAO 9303-3 §4.5).
fn nominal(zone: &Zone) -> Placement {
    let size = zone.format().document_mm();
    let (from_left, from_foot) = zone.format().nominal_mm();
    let direction = zone.angle_degrees();
    let (sin, cos) = direction.to_radians().sin_cos();
    let [(x, y), _] = zone.last_line_mm;
    let (along, down) = (size[0] / 2.0 - from_left, from_foot - size[1] / 2.0);
    Placement::new([x + along * cos - down * sin, y + along * sin + down * cos], size, direction)
}

/// The placement by the document's edges, in the direction of its zone; `None` when edges and zone do not belong together.
fn fitted(sheet: &Sheet, nominal: &Placement) -> Option<Placement> {
    let apart = (nominal.direction_degrees() - sheet.angle_degrees).to_radians();
    let [a, b] = sheet.size_mm;
    let size_mm = if apart.cos().abs() > apart.sin().abs() { [a, b] } else { [b, a] };
    // A pale edge cannot be told from the lid, and a shadow is measured with the document: beyond that the zone knows better.
    let near = size_mm.iter().zip(nominal.size_mm).all(|(own, nominal)| (-1.5..2.5).contains(&(own - nominal)));
    let (x, y) = sheet.middle_mm;
    near.then_some(Placement { middle_mm: [x, y], size_mm, ..*nominal })
}

/// Without a zone: a document is wider than high, and one that stands on the glass lies as a passport does, until [`pose`]
/// knows better.
fn by_shape(sheet: &Sheet) -> Placement {
    let [a, b] = sheet.size_mm;
    let (x, y) = sheet.middle_mm;
    if a >= b {
        Placement::new([x, y], [a, b], sheet.angle_degrees)
    } else {
        Placement::new([x, y], [b, a], sheet.angle_degrees - 90.0)
    }
}

fn has_size(placement: &Placement, size_mm: [f32; 2]) -> bool {
    placement.size_mm.iter().zip(size_mm).all(|(own, expected)| (own - expected).abs() <= SIZE_TOLERANCE_MM)
}

/// A corner lies outside the scan; or an edge lies on the scan's border, and the document is smaller than expected.
fn is_cut(placement: &Placement, expected: Option<[f32; 2]>, [width, height]: [f32; 2]) -> bool {
    let corners = placement.corners_mm();
    let beyond =
        |limit: f32| corners.iter().any(|[x, y]| *x < -limit || *y < -limit || *x > width + limit || *y > height + limit);
    let at_border = beyond(-0.7);
    let too_small = expected.is_none_or(|expected| placement.size_mm.iter().zip(expected).any(|(own, size)| own + 2.0 < size));
    beyond(1.6) || (at_border && too_small)
}
