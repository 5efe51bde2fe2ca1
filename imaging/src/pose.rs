//! Which way up a document lies when no machine readable zone tells it: by the lines of a zone that cannot be read, and by the side
//! of the portrait (ICAO 9303-4, 9303-5, 9303-6: the zone lies at the foot, the portrait to the left of the data).
//!
//! What is not clear is not guessed: [`Pose::Uncertain`].

use super::{
    number::{count, percentile, real},
    plane::{Plane, histogram},
};

/// Which way up a page is that lies as its shape tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pose {
    /// As it is meant to be seen.
    Upright,
    /// Half a turn from it.
    UpsideDown,
    /// Nothing tells, or what tells contradicts itself.
    Uncertain,
}

/// Height of the area of a zone at the foot of every format, in millimetres (ICAO 9303-3 §4.5).
const ZONE_MM: f32 = 23.2;
/// Distances of the lines of a zone, in millimetres: of the wide formats, and of a card.
const PITCHES_MM: [f32; 2] = [6.35, 4.23];
/// How far lines may be off these distances, in millimetres.
const PITCH_TOLERANCE_MM: f32 = 0.7;
/// Parts of the width on each of which a line of a zone is seen.
const PARTS: usize = 12;
/// Of these parts so many have to be darker than what lies above and below: the fillers at the end of a line are pale.
const LEAST_PARTS: usize = 10;
/// By how much, in grey values.
const DARKER: f32 = 4.0;
/// Thickness of a line of print, blurred or not, in millimetres.
const LINE_MM: std::ops::RangeInclusive<f32> = 1.0..=4.6;
/// Where a portrait may be: from the side and from the upper edge, in millimetres, and how wide it is.
const PORTRAIT_MM: (f32, f32, f32) = (4.0, 9.0, 20.0);
/// A portrait fills its place with what is darker than paper; the place opposite is filled so much less.
const PORTRAIT_LEAD: f32 = 0.4;
/// A portrait fills at least this share of its place.
const PORTRAIT_FILLS: f32 = 0.6;

/// Looks at a page of `per_mm` pixels a millimetre that lies as its shape tells.
pub fn pose(page: &Plane, per_mm: f32) -> Pose {
    let turned = page.turned_half();
    let zone = (has_zone_lines(page, per_mm), has_zone_lines(&turned, per_mm));
    let lead = portrait_lead(page, &turned, per_mm);
    let by_portrait = if lead > PORTRAIT_LEAD {
        Pose::Upright
    } else if lead < -PORTRAIT_LEAD {
        Pose::UpsideDown
    } else {
        Pose::Uncertain
    };
    let by_zone = match zone {
        (true, false) => Pose::Upright,
        (false, true) => Pose::UpsideDown,
        _ => Pose::Uncertain,
    };
    match (by_zone, by_portrait) {
        (Pose::Uncertain, one) | (one, Pose::Uncertain) => one,
        (one, other) if one == other => one,
        _ => Pose::Uncertain,
    }
}

/// Whether at least two lines run across the whole foot of the page at the distance of a zone's lines.
fn has_zone_lines(page: &Plane, per_mm: f32) -> bool {
    let (top, height) = (page.height().saturating_sub(count(ZONE_MM * per_mm)), page.height());
    let margin = count(4.0 * per_mm);
    let width = page.width().saturating_sub(2 * margin) / PARTS;
    if width == 0 || top == 0 {
        return false;
    }
    // The brightness of each row on each part of the width.
    let rows: Vec<[f32; PARTS]> = (top..height)
        .map(|y| {
            let inner = page.row(y).get(margin..).unwrap_or_default();
            let mut means = [0.0; PARTS];
            for (mean, part) in means.iter_mut().zip(inner.chunks_exact(width)) {
                *mean = part.iter().map(|pixel| f32::from(*pixel)).sum::<f32>() / real(width);
            }
            means
        })
        .collect();
    // A row belongs to a line when it is darker than the brightest row near above and near below, on nearly every part.
    let near = count(3.4 * per_mm);
    let brightest = |rows: &[[f32; PARTS]], part: usize| rows.iter().filter_map(|row| row.get(part).copied()).fold(0.0, f32::max);
    let dark: Vec<bool> = rows
        .iter()
        .enumerate()
        .map(|(y, row)| {
            let above = rows.get(y.saturating_sub(near)..y).unwrap_or_default();
            let below = rows.get(y + 1..(y + 1 + near).min(rows.len())).unwrap_or_default();
            let darker = row.iter().enumerate().filter(|(part, own)| {
                let paper = brightest(above, *part).min(brightest(below, *part));
                paper - **own > DARKER
            });
            darker.count() >= LEAST_PARTS
        })
        .collect();
    let lines = runs(&dark, per_mm);
    let mut distances = lines.iter().zip(lines.iter().skip(1)).map(|(one, next)| next - one);
    distances.any(|distance| PITCHES_MM.iter().any(|pitch| (distance - pitch).abs() < PITCH_TOLERANCE_MM))
}

/// The middles of the runs that are as thick as a line, in millimetres.
fn runs(dark: &[bool], per_mm: f32) -> Vec<f32> {
    let mut found = Vec::new();
    let mut start = 0;
    for run in dark.chunk_by(|a, b| a == b) {
        let thick = real(run.len()) / per_mm;
        if run.first() == Some(&true) && LINE_MM.contains(&thick) {
            found.push((real(start) + real(run.len()) / 2.0) / per_mm);
        }
        start += run.len();
    }
    found
}

/// By how much more of its place a portrait to the left fills than one to the right of the same page turned by a half; 0 when
/// neither is filled.
fn portrait_lead(page: &Plane, turned: &Plane, per_mm: f32) -> f32 {
    let (own, other) = (filled(page, per_mm), filled(turned, per_mm));
    if own.max(other) < PORTRAIT_FILLS { 0.0 } else { own - other }
}

/// The share of the place of a portrait that is darker than the page's paper, print smeared together.
fn filled(page: &Plane, per_mm: f32) -> f32 {
    let (side, top, wide) = PORTRAIT_MM;
    let [left, right] = [side, side + wide].map(|mm| count(mm * per_mm));
    let rows = count(top * per_mm)..page.height().saturating_sub(count((ZONE_MM + 2.0) * per_mm));
    let paper = f32::from(percentile(&page.histogram(), 0.75));
    let limit = super::number::grey(paper * 0.88);
    // Letters are a third ink at the most: in the mean of a place of 3 mm they do not count as filled.
    let by = count(3.0 * per_mm).max(1);
    let place: Vec<u8> = rows.clone().flat_map(|y| page.row(y).get(left..right).unwrap_or_default()).copied().collect();
    let Some(place) = Plane::new(right.saturating_sub(left), rows.len(), place) else { return 0.0 };
    let coarse = place.shrunk(by);
    let levels = histogram(coarse.pixels().iter().copied());
    let dark: usize = levels.iter().take(usize::from(limit)).sum();
    real(dark) / real(coarse.pixels().len().max(1))
}
