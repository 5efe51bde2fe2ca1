//! The documents on the glass: what differs from the lid, and the rectangle that it fills.

use super::{
    Placement,
    mrz::Format,
    number::{count, percentile, real},
    plane::{Plane, histogram},
    region::{Region, regions},
};
use crate::scan::RawScan;

/// Resolution at which documents are searched, in dots per inch.
const SEARCH_DPI: f32 = 75.0;
/// Width of the border on which the lid is seen, in millimetres.
const BORDER_MM: f32 = 2.0;
/// What covers less than this is dust, in square millimetres.
const LEAST_MM2: f32 = 200.0;
/// A picture that is as large as a document up to this, in millimetres, shows nothing but the document.
const WHOLE_MM: f32 = 2.0;

/// A rectangle that differs from the lid, in millimetres from the scan's corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sheet {
    /// Its middle.
    pub middle_mm: (f32, f32),
    /// Its sides: the one nearest to level, and the other.
    pub size_mm: [f32; 2],
    /// Degrees by which the first side is turned clockwise, -45 to 45.
    pub angle_degrees: f32,
}

impl Sheet {
    /// Square millimetres.
    pub fn area_mm2(&self) -> f32 {
        let [width, height] = self.size_mm;
        width * height
    }

    /// Whether a point lies in it, or at most `beyond` millimetres outside.
    pub fn contains(&self, (x, y): (f32, f32), beyond: f32) -> bool {
        let (sine, cosine) = self.angle_degrees.to_radians().sin_cos();
        let (x, y) = (x - self.middle_mm.0, y - self.middle_mm.1);
        let (along, across) = (x * cosine + y * sine, y * cosine - x * sine);
        let [width, height] = self.size_mm;
        along.abs() <= width / 2.0 + beyond && across.abs() <= height / 2.0 + beyond
    }

    /// Whether its sides are those of a document, up to `tolerance` millimetres, either way round.
    pub fn measures(&self, [width, height]: [f32; 2], tolerance: f32) -> bool {
        let near = |a: f32, b: f32| (a - b).abs() <= tolerance;
        let [a, b] = self.size_mm;
        near(a, width) && near(b, height) || near(a, height) && near(b, width)
    }
}

/// The documents on a scan, the largest first. `sizes_mm` are those that may be expected: a picture of just that size is the
/// document itself, and parts that together have such a size are one document with pale places.
/// `known` is where a document lies for certain: what it covers of the border does not show the lid.
pub fn sheets(raw: &RawScan, sizes_mm: &[[f32; 2]], known: Option<&Placement>) -> Vec<Sheet> {
    let dpi = f32::from(raw.dpi.max(1));
    let side = |px: u32| usize::try_from(px).unwrap_or_default();
    let (width, height) = (side(raw.width_px), side(raw.height_px));
    // What is smaller than a square of the search is taken as it is.
    let by = count(dpi / SEARCH_DPI).clamp(1, width.min(height).max(1));
    let Some(small) = Plane::channels(raw, by) else { return Vec::new() };
    let (width, height) = (real(width), real(height));
    let whole = Sheet {
        middle_mm: (width / dpi * 12.7, height / dpi * 12.7),
        size_mm: [width / dpi * 25.4, height / dpi * 25.4],
        angle_degrees: 0.0,
    };
    if sizes_mm.iter().any(|size| whole.measures(*size, WHOLE_MM)) {
        return vec![whole];
    }

    let per_mm = dpi / real(by) / 25.4;
    let Some(mask) = unlike_lid(&small, per_mm, known) else { return Vec::new() };
    let mut parts = regions(&mask, count(LEAST_MM2 * per_mm * per_mm));
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    let is_document = |part: &Region| {
        rectangle(part, per_mm).is_some_and(|sheet| Format::ALL.iter().any(|format| sheet.measures(format.document_mm(), 3.0)))
    };
    // Two cards one above the other are as large as a passport's page.
    if parts.len() > 1 && parts.iter().take(8).filter(|part| is_document(part)).count() < 2 {
        let all = rectangle(&parts.concat(), per_mm);
        if let Some(all) = all.filter(|all| sizes_mm.iter().any(|size| all.measures(*size, 3.0))) {
            return vec![all];
        }
    }
    parts.iter().take(8).filter_map(|part| rectangle(part, per_mm)).collect()
}

/// A mask of what differs from the lid, closed over fine gaps and without dust.
fn unlike_lid(channels: &[Plane], per_mm: f32, known: Option<&Placement>) -> Option<Plane> {
    let hidden = |x: usize, y: usize| known.is_some_and(|known| known.covers([real(x) / per_mm, real(y) / per_mm], 2.0));
    let border = Border::of(channels.first()?, count(BORDER_MM * per_mm).max(1), hidden);
    let mut mask: Option<Plane> = None;
    for channel in channels {
        let lid = Lid::of(channel, &border)?;
        let unlike = lid.unlike(channel);
        mask = Some(match mask {
            Some(mask) => mask.with(&unlike, u8::max),
            None => unlike,
        });
    }
    let close = count(0.8 * per_mm).max(1);
    let dust = count(0.6 * per_mm).max(1);
    Some(mask?.brightest(close, close).darkest(close, close).darkest(dust, dust).brightest(dust, dust))
}

/// Terms of the lid's brightness over the glass: x and y run from -1 to 1, and light falls off smoothly.
const TERMS: [fn(f32, f32) -> f32; 6] = [|_, _| 1.0, |x, _| x, |_, y| y, |x, y| x * y, |x, _| x * x - 0.5, |_, y| y * y - 0.5];

/// Samples that are taken together, and what fills the last of these groups: too far off to be the lid.
const GROUP: usize = 8;
const NO_SAMPLE: f32 = 1e9;

/// The places around the border where the lid may be seen.
struct Border {
    /// Index of each pixel.
    places: Vec<usize>,
    /// The value of each of [`TERMS`] at each place, filled up to whole groups.
    terms: [Vec<f32>; 6],
}

impl Border {
    fn of(channel: &Plane, border: usize, hidden: impl Fn(usize, usize) -> bool) -> Self {
        let (width, height) = (channel.width(), channel.height());
        let at = |place: usize, side: usize| real(place) / real(side.max(2) - 1) * 2.0 - 1.0;
        let mut found = Self { places: Vec::new(), terms: [const { Vec::new() }; 6] };
        for y in 0..height {
            let level = y < border || y + border >= height;
            // Between the upper and the lower border there are only the ends of the row.
            let ends = (0..border.min(width)).chain(width.saturating_sub(border).max(border)..width);
            let row: &mut dyn Iterator<Item = usize> = if level { &mut (0..width) } else { &mut { ends } };
            for x in row.filter(|x| !hidden(*x, y)) {
                found.places.push(y * width + x);
                for (values, term) in found.terms.iter_mut().zip(TERMS) {
                    values.push(term(at(x, width), at(y, height)));
                }
            }
        }
        for values in &mut found.terms {
            values.resize(found.places.len().next_multiple_of(GROUP), 0.0);
        }
        found
    }
}

/// The brightness of the lid, as seen around the border.
struct Lid {
    factors: [f32; 6],
    /// What differs more than this is not the lid.
    tolerance: f32,
}

impl Lid {
    fn of(channel: &Plane, border: &Border) -> Option<Self> {
        let seen: Vec<u8> = border.places.iter().filter_map(|place| channel.pixels().get(*place).copied()).collect();
        let usual = f32::from(percentile(&histogram(seen.iter().copied()), 0.5));
        let mut factors = [usual, 0.0, 0.0, 0.0, 0.0, 0.0];
        // The rest that each sample leaves. A document that reaches the border is far off; it is left out more and more strictly.
        let mut rests: Vec<f32> = seen.iter().map(|value| f32::from(*value) - usual).collect();
        rests.resize(seen.len().next_multiple_of(GROUP), NO_SAMPLE);
        let mut tolerance = 45.0_f32;
        for _ in 0..24 {
            for (factor, values) in factors.iter_mut().zip(&border.terms) {
                let change = change(&rests, values, tolerance);
                *factor += change;
                for (rest, value) in rests.iter_mut().zip(values) {
                    *rest -= change * value;
                }
            }
            tolerance = (tolerance * 0.9).max(8.0);
        }
        let mut near: Vec<f32> = rests.iter().map(|rest| rest.abs()).filter(|rest| *rest < 20.0).collect();
        if near.len() * 4 < seen.len() {
            return None;
        }
        let middle = near.len() / 2;
        let spread = if near.is_empty() { 0.0 } else { *near.select_nth_unstable_by(middle, f32::total_cmp).1 * 1.5 };
        Some(Self { factors, tolerance: (spread * 4.5).max(6.5) })
    }

    fn unlike(&self, channel: &Plane) -> Plane {
        let (width, height) = (channel.width(), channel.height());
        let at = |place: usize, side: usize| real(place) / real(side.max(2) - 1) * 2.0 - 1.0;
        let mut pixels = Vec::with_capacity(width * height);
        let [constant, x1, y1, xy, x2, y2] = self.factors;
        for (y, row) in channel.rows().enumerate() {
            let y = at(y, height);
            let base = constant + y1 * y + y2 * (y * y - 0.5) - x2 * 0.5;
            let slope = x1 + xy * y;
            pixels.extend(row.iter().enumerate().map(|(x, value)| {
                let x = at(x, width);
                let lid = base + x * (slope + x * x2);
                if (f32::from(*value) - lid).abs() > self.tolerance { 255 } else { 0 }
            }));
        }
        Plane::new(width, height, pixels).unwrap_or_else(|| channel.map(|_| 0))
    }
}

/// How much of a term the rests within the tolerance ask for: least squares.
fn change(rests: &[f32], values: &[f32], tolerance: f32) -> f32 {
    let (mut sums, mut weights) = ([0.0_f32; GROUP], [0.0_f32; GROUP]);
    for (rests, values) in rests.as_chunks::<GROUP>().0.iter().zip(values.as_chunks::<GROUP>().0) {
        for (((sum, weight), rest), value) in sums.iter_mut().zip(&mut weights).zip(rests).zip(values) {
            let value = if rest.abs() < tolerance { *value } else { 0.0 };
            *sum += rest * value;
            *weight += value * value;
        }
    }
    let (sum, weight) = (sums.iter().sum::<f32>(), weights.iter().sum::<f32>());
    if weight > 1.0 { sum / weight } else { 0.0 }
}

/// The smallest rectangle around a region, its direction taken from its four edges.
fn rectangle(region: &Region, per_mm: f32) -> Option<Sheet> {
    let outline = outline(region);
    let hull = hull(&outline);
    let extent = |degrees: f32| {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        let start = [f32::MAX, f32::MIN, f32::MAX, f32::MIN];
        hull.iter().fold(start, |[left, right, top, bottom], (x, y)| {
            let (along, across) = (x * cosine + y * sine, y * cosine - x * sine);
            [left.min(along), right.max(along), top.min(across), bottom.max(across)]
        })
    };
    let area = |degrees: f32| {
        let [left, right, top, bottom] = extent(degrees);
        (right - left) * (bottom - top)
    };
    let smallest = |degrees: &mut dyn Iterator<Item = f32>| {
        degrees.map(|degrees| (area(degrees), degrees)).min_by(|a, b| a.0.total_cmp(&b.0)).map(|best| best.1)
    };
    let coarse = smallest(&mut (-44_i16..=45).map(f32::from))?;
    let fine = smallest(&mut (-10_i16..=10).map(|tenth| coarse + f32::from(tenth) / 10.0))?;
    let angle_degrees = fine + edge_correction(&outline, fine, extent(fine), per_mm);
    let (sine, cosine) = angle_degrees.to_radians().sin_cos();
    let [left, right, top, bottom] = sides(&outline, angle_degrees, extent(angle_degrees), per_mm);
    let (along, across) = (f32::midpoint(left, right), f32::midpoint(top, bottom));
    Some(Sheet {
        middle_mm: ((along * cosine - across * sine) / per_mm, (along * sine + across * cosine) / per_mm),
        size_mm: [(right - left) / per_mm, (bottom - top) / per_mm],
        angle_degrees,
    })
}

/// The outer corners of the first and last pixels of each row and column.
fn outline(region: &Region) -> Vec<(f32, f32)> {
    const NONE: (usize, usize) = (usize::MAX, 0);
    let (width, height) = region.iter().fold((0, 0), |most, (x, y)| (most.0.max(x + 1), most.1.max(y + 1)));
    let (mut rows, mut columns) = (vec![NONE; height], vec![NONE; width]);
    let widen = |ends: Option<&mut (usize, usize)>, place: usize| {
        if let Some(ends) = ends {
            *ends = (ends.0.min(place), ends.1.max(place));
        }
    };
    for (x, y) in region {
        widen(rows.get_mut(*y), *x);
        widen(columns.get_mut(*x), *y);
    }
    let seen = |(_, ends): &(usize, &(usize, usize))| **ends != NONE;
    let of_rows = rows.iter().enumerate().filter(seen).flat_map(|(y, (left, right))| {
        let y = real(y) + 0.5;
        [(real(*left), y), (real(right + 1), y)]
    });
    let of_columns = columns.iter().enumerate().filter(seen).flat_map(|(x, (top, bottom))| {
        let x = real(x) + 0.5;
        [(x, real(*top)), (x, real(bottom + 1))]
    });
    of_rows.chain(of_columns).collect()
}

/// The convex hull of points (monotone chain): as far as all of them in every direction.
fn hull(points: &[(f32, f32)]) -> Vec<(f32, f32)> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let half = |points: &mut dyn Iterator<Item = &(f32, f32)>| {
        let mut chain: Vec<(f32, f32)> = Vec::new();
        for next in points {
            while let [.., a, b] = chain.as_slice()
                && (b.0 - a.0) * (next.1 - a.1) <= (b.1 - a.1) * (next.0 - a.0)
            {
                chain.pop();
            }
            chain.push(*next);
        }
        chain
    };
    let mut around = half(&mut sorted.iter());
    around.extend(half(&mut sorted.iter().rev()));
    around
}

/// Points of the outline near one side: their place along it, and how far inwards they lie.
fn near_sides(outline: &[(f32, f32)], degrees: f32, extent: [f32; 4], reach: f32) -> [Vec<(f32, f32)>; 4] {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let [left, right, top, bottom] = extent;
    let mut found = [const { Vec::new() }; 4];
    for (x, y) in outline {
        let (along, across) = (x * cosine + y * sine, y * cosine - x * sine);
        // Round corners say nothing of the sides.
        let inner = |place: f32, from: f32, to: f32| (place - from).min(to - place) > (to - from) * 0.1;
        let inwards = [(along - left, across), (right - along, across), (across - top, along), (bottom - across, along)];
        let spans = [(top, bottom), (top, bottom), (left, right), (left, right)];
        for ((side, (inwards, place)), (from, to)) in found.iter_mut().zip(inwards).zip(spans) {
            if inwards < reach && inner(place, from, to) {
                side.push((place, inwards));
            }
        }
    }
    found
}

/// Degrees by which the direction must be changed so that the sides run along the edges.
fn edge_correction(outline: &[(f32, f32)], degrees: f32, extent: [f32; 4], per_mm: f32) -> f32 {
    let sides = near_sides(outline, degrees, extent, 1.5 * per_mm);
    // Inwards is opposite on opposite sides.
    let signs = [-1.0, 1.0, 1.0, -1.0];
    let (mut turn, mut weight) = (0.0, 0.0);
    for (side, sign) in sides.iter().zip(signs) {
        let number = real(side.len().max(1));
        let mean = side.iter().fold((0.0, 0.0), |sum, (place, inwards)| (sum.0 + place / number, sum.1 + inwards / number));
        let (mut both, mut own) = (0.0, 0.0);
        for (place, inwards) in side {
            both += (place - mean.0) * (inwards - mean.1);
            own += (place - mean.0) * (place - mean.0);
        }
        if own > 0.0 {
            turn += sign * both;
            weight += own;
        }
    }
    if weight > 0.0 { (turn / weight).atan().to_degrees() } else { 0.0 }
}

/// The extent without what only sticks out: each side lies where most of its points are.
fn sides(outline: &[(f32, f32)], degrees: f32, extent: [f32; 4], per_mm: f32) -> [f32; 4] {
    let near = near_sides(outline, degrees, extent, 2.0 * per_mm).map(|side| {
        let mut inwards: Vec<f32> = side.into_iter().map(|(_, inwards)| inwards).collect();
        inwards.sort_by(f32::total_cmp);
        inwards.get(inwards.len() / 2).copied().unwrap_or_default()
    });
    let ([left, right, top, bottom], [from_left, from_right, from_top, from_bottom]) = (extent, near);
    [left + from_left, right - from_right, top + from_top, bottom - from_bottom]
}
