//! Where lines of a machine readable zone may lie on a scan: dark print of the right height, length and distance.

use std::thread;

use super::{
    format::{Format, PITCH_MM},
    strip::Line,
};
use crate::{
    number::{count, real},
    plane::Plane,
    region::{Region, regions},
};

/// Most candidates that are looked at: a picture full of print is no reason to search for ever.
const MOST_BANDS: usize = 16;

/// Lines that may be a zone, not yet read.
#[derive(Debug, Clone)]
pub struct Band {
    /// The format that fits.
    pub format: Format,
    /// Its lines from the first to the last, seen in the direction in which they point; in pixels of the searched picture.
    pub lines: Vec<Line>,
}

/// A piece of print: y = slope · x + foot, in pixels.
#[derive(Debug, Clone, Copy)]
struct Piece {
    left: f32,
    right: f32,
    slope: f32,
    foot: f32,
}

impl Piece {
    fn at(&self, x: f32) -> f32 {
        self.slope * x + self.foot
    }

    fn middle(&self) -> f32 {
        f32::midpoint(self.left, self.right)
    }

    fn length(&self) -> f32 {
        (self.right - self.left) * self.slope.hypot(1.0)
    }
}

/// The candidates on a picture of about 100 dots per inch (`per_mm` pixels a millimetre), those with all lines seen first.
/// `sensitivity` is how faint print may be: 1 as usual, below that fainter.
pub fn bands(plane: &Plane, per_mm: f32, sensitivity: f32) -> Vec<Band> {
    let mut whole = Vec::new();
    let mut guessed = Vec::new();
    let (level, upright) = thread::scope(|threads| {
        let level = threads.spawn(|| pieces(plane, per_mm, sensitivity));
        let upright = pieces(&plane.transposed(), per_mm, sensitivity);
        (level.join().unwrap_or_default(), upright)
    });
    for (sideways, mut pieces) in [(false, level), (true, upright)] {
        let across = real(if sideways { plane.height() } else { plane.width() }) / 2.0;
        pieces.sort_by(|a, b| a.at(across).total_cmp(&b.at(across)));
        for (place, first) in pieces.iter().enumerate() {
            for format in Format::ALL {
                let length = real(format.length()) * PITCH_MM;
                if (first.length() / per_mm - length).abs() > 5.5 {
                    continue;
                }
                let followers = pieces.get(place + 1..).unwrap_or_default();
                let found = grouped(*first, followers, format, per_mm);
                let line = |piece: &Piece| line(piece, sideways, per_mm);
                if found.len() == format.lines() {
                    whole.push(Band { format, lines: ordered(found.iter().map(line).collect()) });
                } else {
                    guessed.extend(around(&line(first), format, per_mm));
                }
            }
        }
    }
    whole.extend(guessed);
    whole.truncate(MOST_BANDS);
    whole
}

/// A piece and those that follow at the line distance of a format.
fn grouped(first: Piece, followers: &[Piece], format: Format, per_mm: f32) -> Vec<Piece> {
    let mut found = vec![first];
    let mut last = first;
    for next in followers {
        let x = last.middle();
        let distance = (next.at(x) - last.at(x)) / last.slope.hypot(1.0) / per_mm;
        let parallel = (next.slope - last.slope).abs() < 0.02 && (next.left - last.left).abs() < 5.0 * per_mm;
        let as_long = (next.length() - first.length()).abs() < 5.5 * per_mm;
        if found.len() < format.lines() && parallel && as_long && (distance - format.line_pitch_mm()).abs() < 0.9 {
            found.push(*next);
            last = *next;
        }
    }
    found
}

/// Only one line is seen: it may be any of the format's lines, and the others lie where the format puts them.
fn around(line: &Line, format: Format, per_mm: f32) -> Vec<Band> {
    let pitch = format.line_pitch_mm() * per_mm;
    let number = format.lines();
    let band = |own: usize| Band {
        format,
        lines: (0..number).map(|other| line.moved(0.0, (real(other) - real(own)) * pitch)).collect(),
    };
    (0..number).map(band).collect()
}

/// All lines with one direction, from the upper to the lower.
fn ordered(mut lines: Vec<Line>) -> Vec<Line> {
    let sum = lines.iter().fold((0.0, 0.0), |sum, line| (sum.0 + line.direction.0, sum.1 + line.direction.1));
    let length = sum.0.hypot(sum.1).max(f32::MIN_POSITIVE);
    for line in &mut lines {
        line.direction = (sum.0 / length, sum.1 / length);
    }
    let depth = |line: &Line| line.middle.0 * line.down().0 + line.middle.1 * line.down().1;
    lines.sort_by(|a, b| depth(a).total_cmp(&depth(b)));
    lines
}

fn line(piece: &Piece, sideways: bool, per_mm: f32) -> Line {
    let long = piece.slope.hypot(1.0);
    let (middle, direction) = ((piece.middle(), piece.at(piece.middle())), (1.0 / long, piece.slope / long));
    let turn = |(x, y): (f32, f32)| if sideways { (y, x) } else { (x, y) };
    Line { middle: turn(middle), direction: turn(direction), length_mm: piece.length() / per_mm }
}

/// Pieces of print as long as a line of a zone, nearly level.
fn pieces(plane: &Plane, per_mm: f32, sensitivity: f32) -> Vec<Piece> {
    let pixels = |mm: f32| count(mm * per_mm);
    // What is darker than its surroundings, and smaller than a character's height: black-hat, relative to the paper.
    let near = pixels(1.1);
    let paper = plane.brightest(near, near).darkest(near, near);
    let print = paper.with(plane, |paper, own| {
        let darker = u32::from(paper.saturating_sub(own)) * 255 / u32::from(paper).max(40);
        u8::try_from(darker).unwrap_or(255)
    });
    let threshold = crate::number::grey((f32::from(division(&print)) * 0.8).clamp(25.0, 90.0) * sensitivity);
    let mask = print.map(|ink| if ink > threshold { 255 } else { 0 });
    // Characters of a line run together; what is thinner than a third of a millimetre goes.
    let gap = pixels(1.9);
    let thin = pixels(0.35).max(1);
    let mask = mask.brightest(gap, 0).darkest(gap, 0).darkest(0, thin).brightest(0, thin);

    let found = regions(&mask, pixels(20.0)).iter().filter_map(|region| piece(region, per_mm)).collect();
    let mut joined = joined(found, per_mm);
    joined.retain(|piece| piece.length() > 60.0 * per_mm);
    joined
}

/// The straight piece that a region is, if it is one.
fn piece(region: &Region, per_mm: f32) -> Option<Piece> {
    let number = real(region.len());
    let (mut left, mut right, mut sum) = (f32::MAX, 0.0_f32, (0.0_f64, 0.0_f64));
    for (x, y) in region {
        left = left.min(real(*x));
        right = right.max(real(*x));
        sum = (sum.0 + f64::from(real(*x)), sum.1 + f64::from(real(*y)));
    }
    let width = right - left + 1.0;
    let thickness = number / width;
    if width < 8.0 * per_mm || !(1.0..4.4).contains(&(thickness / per_mm)) {
        return None;
    }
    let number = f64::from(number);
    let (mean_x, mean_y) = (sum.0 / number, sum.1 / number);
    let offsets = || region.iter().map(|(x, y)| (f64::from(real(*x)) - mean_x, f64::from(real(*y)) - mean_y));
    let (both, own) = offsets().fold((0.0, 0.0), |sum, (x, y)| (sum.0 + x * y, sum.1 + x * x));
    let slope = if own > 0.0 { both / own } else { 0.0 };
    let spread = (offsets().map(|(x, y)| (y - slope * x).powi(2)).sum::<f64>() / number).sqrt();
    let narrowed = |value: f64| {
        #[allow(clippy::cast_possible_truncation, reason = "places on a picture")]
        let narrow = value as f32;
        narrow
    };
    let (slope, foot) = (narrowed(slope), narrowed(mean_y - slope * mean_x));
    (narrowed(spread) < 1.6 * per_mm && slope.abs() < 0.2).then_some(Piece { left, right, slope, foot })
}

/// Pieces of one line put together, from the left to the right.
fn joined(mut pieces: Vec<Piece>, per_mm: f32) -> Vec<Piece> {
    pieces.sort_by(|a, b| a.left.total_cmp(&b.left));
    let mut lines: Vec<Piece> = Vec::new();
    for next in pieces {
        let continues = |line: &&mut Piece| {
            let gap = next.left - line.right;
            let between = f32::midpoint(line.right, next.left);
            // The longer of the two knows the direction.
            let expected = if line.length() > next.length() {
                line.at(next.middle()) - next.at(next.middle())
            } else {
                line.at(line.middle()) - next.at(line.middle())
            };
            let close = (line.at(between) - next.at(between)).abs().min(expected.abs()) < 0.9 * per_mm;
            gap > -per_mm && gap < 9.0 * per_mm && close
        };
        if let Some(line) = lines.iter_mut().find(continues) {
            let (a, b) = ((line.middle(), line.at(line.middle())), (next.middle(), next.at(next.middle())));
            if b.0 - a.0 > per_mm {
                line.slope = (b.1 - a.1) / (b.0 - a.0);
                line.foot = a.1 - line.slope * a.0;
            }
            line.right = line.right.max(next.right);
        } else {
            lines.push(next);
        }
    }
    lines
}

/// The value that divides print from paper best (Otsu), among what is darker than its surroundings at all.
fn division(print: &Plane) -> u8 {
    let histogram = print.histogram();
    let visible = || (0_u8..=255).zip(histogram).skip(8).map(|(value, number)| (f32::from(value), real(number)));
    let (all, weight) = visible().fold((0.0, 0.0), |sum, (value, number)| (sum.0 + value * number, sum.1 + number));
    let (mut below, mut below_weight, mut best, mut division) = (0.0, 0.0, 0.0, 40.0);
    for (value, number) in visible() {
        below_weight += number;
        below += value * number;
        let above_weight = weight - below_weight;
        if below_weight <= 0.0 || above_weight <= 0.0 {
            continue;
        }
        let apart = below / below_weight - (all - below) / above_weight;
        let worth = below_weight * above_weight * apart * apart;
        if worth > best {
            (best, division) = (worth, value);
        }
    }
    crate::number::grey(division)
}
