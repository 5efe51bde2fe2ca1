//! One line of the zone, straightened: its ink, the grid of its characters, and how much each cell is like each character.

use super::{
    font::{Alphabet, CELL, CELL_HEIGHT, CELL_PER_MM, CELL_WIDTH, Window, full_ink, likeness, normalise, without_faint},
    format::PITCH_MM,
};
use crate::{
    number::{count, percentile, real, whole},
    ocr_b,
    plane::{Plane, histogram},
};

/// Pixels of a millimetre in a strip: twice as fine as a cell, so that cells can be taken at half pixels.
const PER_MM: f32 = CELL_PER_MM * 2.0;
/// Rows of a strip: 5 mm, so that it does not reach the next line of a card (4.23 mm).
const ROWS: usize = 60;
/// Free space before and behind the line, in millimetres.
const MARGIN_MM: f32 = 4.0;

/// Where a line of characters lies on a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Its middle.
    pub middle: (f32, f32),
    /// The direction in which it is read; of length 1.
    pub direction: (f32, f32),
    /// Its length in millimetres.
    pub length_mm: f32,
}

impl Line {
    /// The direction of the document's lower edge.
    pub fn down(&self) -> (f32, f32) {
        (-self.direction.1, self.direction.0)
    }

    /// The same line read from its other end.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self { direction: (-self.direction.0, -self.direction.1), ..*self }
    }

    /// The same line moved by pixels along and down.
    #[must_use]
    pub fn moved(&self, along: f32, down: f32) -> Self {
        let (d, n) = (self.direction, self.down());
        let middle = (self.middle.0 + d.0 * along + n.0 * down, self.middle.1 + d.1 * along + n.1 * down);
        Self { middle, ..*self }
    }
}

/// Where the characters of a strip stand, in its pixels: the middle of the first, and from each to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    first: (f32, f32),
    step: (f32, f32),
}

impl Grid {
    fn at(&self, cell: usize) -> (f32, f32) {
        (self.first.0 + self.step.0 * real(cell), self.first.1 + self.step.1 * real(cell))
    }

    /// The grid moved to where these cells were found.
    #[must_use]
    pub fn adjusted(&self, cells: &[(usize, &Seen)]) -> Self {
        let good: Vec<(f32, (f32, f32))> = cells
            .iter()
            .filter(|(_, seen)| seen.best() > 0.6)
            .map(|(cell, seen)| {
                let (x, y) = self.at(*cell);
                let at = |place: f32, offset: i32| real(count(place)) + f32::from(i16::try_from(offset).unwrap_or_default());
                (real(*cell), (at(x, seen.offset.0), at(y, seen.offset.1)))
            })
            .collect();
        if good.len() < 4 {
            return *self;
        }
        let (first_x, step_x) = straight(good.iter().map(|(cell, at)| (*cell, at.0)));
        let (first_y, step_y) = straight(good.iter().map(|(cell, at)| (*cell, at.1)));
        Self { first: (first_x, first_y), step: (step_x, step_y) }
    }
}

/// What is seen in a cell.
#[derive(Debug, Clone)]
pub struct Seen {
    /// For each character of the alphabet the correlation with what is printed, -1 to 1.
    pub likeness: [f32; 37],
    /// How far from the grid the best match lies, in pixels of the strip.
    offset: (i32, i32),
    window: Window,
}

impl Seen {
    /// The largest correlation.
    pub fn best(&self) -> f32 {
        self.likeness.iter().copied().fold(-1.0, f32::max)
    }

    /// The characters that are most alike, best first.
    fn leaders(&self, number: usize) -> Vec<u8> {
        let mut order: Vec<(f32, u8)> = self.likeness.iter().copied().zip(0..).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        order.truncate(number);
        order.into_iter().map(|(_, character)| character).collect()
    }

    /// How well an alphabet fits what is printed, whichever of the likeliest characters it is.
    pub fn fit(&self, alphabet: &Alphabet) -> f32 {
        let leaders = self.leaders(4);
        let shapes = alphabet.shapes.iter().filter(|shape| leaders.contains(&shape.character));
        shapes.map(|shape| likeness(&self.window, &shape.window)).fold(-1.0, f32::max)
    }
}

/// A line of the zone, straightened.
#[derive(Debug)]
pub struct Strip {
    width: usize,
    /// Ink from 0 to 1, row by row.
    ink: Vec<f32>,
    /// The same at half the resolution, starting at each of the four pixels of a square.
    halves: [Half; 4],
    line: Line,
    per_mm: f32,
}

#[derive(Debug, Default)]
struct Half {
    width: usize,
    ink: Vec<f32>,
}

impl Strip {
    /// Straightens a line of a picture that has `per_mm` pixels a millimetre.
    pub fn cut(plane: &Plane, line: Line, per_mm: f32) -> Self {
        let width = count((line.length_mm + 2.0 * MARGIN_MM) * PER_MM).max(2);
        let (direction, down) = (line.direction, line.down());
        let scale = per_mm / PER_MM;
        let mut grey = Vec::with_capacity(width * ROWS);
        for row in 0..ROWS {
            let below = (real(row) + 0.5 - real(ROWS) / 2.0) * scale;
            for column in 0..width {
                let along = (real(column) + 0.5 - real(width) / 2.0) * scale;
                let x = line.middle.0 + direction.0 * along + down.0 * below;
                let y = line.middle.1 + direction.1 * along + down.1 * below;
                grey.push(plane.between(x, y));
            }
        }
        let ink = ink(&grey, width);
        let halves = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| half(&ink, width, x, y));
        Self { width, ink, halves, line, per_mm }
    }

    /// The grid of `cells` characters: the one whose gaps are the freest of ink.
    pub fn grid(&self, cells: usize) -> Option<Grid> {
        let margin = 10;
        let mut columns = vec![0.0_f32; self.width];
        for row in self.ink.chunks_exact(self.width).take(ROWS - margin).skip(margin) {
            for (sum, ink) in columns.iter_mut().zip(row) {
                *sum += ink;
            }
        }
        let mut before = Vec::with_capacity(self.width + 1);
        let mut total = 0.0;
        before.push(0.0);
        for ink in columns {
            total += ink;
            before.push(total);
        }
        let until = |x: f32| before.get(count(x).min(self.width)).copied().unwrap_or_default();
        let mut best: Option<(f32, f32, f32)> = None;
        for tenth in -10_i16..=10 {
            let pitch = PITCH_MM * PER_MM * (1.0 + f32::from(tenth) * 0.002);
            let length = pitch * real(cells);
            let places = count(real(self.width) + pitch * 0.4 - length);
            for place in 0..places {
                let start = real(place);
                let gaps: f32 = (0..=cells).map(|cell| start + pitch * real(cell)).map(|x| until(x + 2.5) - until(x - 2.5)).sum();
                let outside = until(start - 1.0) + total - until(start + length + 1.0);
                let ends = (until(start + pitch) - until(start)).min(until(start + length) - until(start + length - pitch));
                let worth = 0.3 * ends - gaps - 0.8 * outside;
                if best.is_none_or(|best| worth > best.0) {
                    best = Some((worth, start + pitch / 2.0, pitch));
                }
            }
        }
        let (_, first, pitch) = best.filter(|_| total > 1.0)?;
        let span = (count(first - pitch / 2.0), count(first + pitch * real(cells)));
        Some(Grid { first: (first, self.middle_row(span)), step: (pitch, 0.0) })
    }

    /// The row around which the ink between two columns is as high as a capital.
    fn middle_row(&self, (from, to): (usize, usize)) -> f32 {
        let rows: Vec<f32> = self
            .ink
            .chunks_exact(self.width)
            .map(|row| row.get(from..to.min(self.width)).unwrap_or_default().iter().sum())
            .collect();
        let half = ocr_b::CAPITAL_MM * PER_MM / 2.0;
        let worth = |middle: f32| -> f32 {
            let within = |row: usize| (real(row) + 0.5 - middle).abs() < half;
            rows.iter().enumerate().map(|(row, ink)| if within(row) { *ink } else { -0.5 * ink }).sum()
        };
        let middles = (16..ROWS - 16).map(real);
        middles.map(|middle| (worth(middle), middle)).fold((f32::MIN, real(ROWS) / 2.0), |a, b| if b.0 > a.0 { b } else { a }).1
    }

    /// What is seen in a cell, with the grid searched up to `reach` pixels to each side.
    pub fn see(&self, grid: &Grid, cell: usize, reach: i32, alphabet: &Alphabet) -> Option<Seen> {
        let (x, y) = grid.at(cell);
        let mut seen = Seen { likeness: [-1.0; 37], offset: (0, 0), window: [0.0; CELL] };
        let mut best = -1.0;
        let mut compare = |seen: &mut Seen, offset: (i32, i32), among: Option<&[u8]>| {
            let Some(window) = self.window(whole(x) + offset.0, whole(y) + offset.1) else { return };
            for shape in &alphabet.shapes {
                if among.is_some_and(|among| !among.contains(&shape.character)) {
                    continue;
                }
                let alike = likeness(&window, &shape.window);
                if let Some(known) = seen.likeness.get_mut(usize::from(shape.character)) {
                    *known = known.max(alike);
                }
                if alike > best {
                    best = alike;
                    (seen.offset, seen.window) = (offset, window);
                }
            }
        };
        for down in (-reach..=reach).step_by(2) {
            for across in (-reach..=reach).step_by(2) {
                compare(&mut seen, (across, down), None);
            }
        }
        let leaders = seen.leaders(7);
        let (across, down) = seen.offset;
        for near in [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)] {
            compare(&mut seen, (across + near.0, down + near.1), Some(&leaders));
        }
        (seen.best() > -1.0).then_some(seen)
    }

    /// Where on the picture the middle of a cell is, in pixels.
    pub fn on_picture(&self, grid: &Grid, cell: usize) -> (f32, f32) {
        let (x, y) = grid.at(cell);
        let scale = self.per_mm / PER_MM;
        self.line.moved((x - real(self.width) / 2.0) * scale, (y - real(ROWS) / 2.0) * scale).middle
    }

    /// The pixels of a cell around this pixel of the strip.
    fn window(&self, x: i32, y: i32) -> Option<Window> {
        let left = usize::try_from(x).ok()?.checked_sub(CELL_WIDTH)?;
        let top = usize::try_from(y).ok()?.checked_sub(CELL_HEIGHT)?;
        let half = self.halves.get(left % 2 + top % 2 * 2)?;
        let mut window = [0.0; CELL];
        for (row, pixels) in window.chunks_exact_mut(CELL_WIDTH).enumerate() {
            let start = (top / 2 + row) * half.width + left / 2;
            if left / 2 + CELL_WIDTH > half.width {
                return None;
            }
            pixels.copy_from_slice(half.ink.get(start..start + CELL_WIDTH)?);
        }
        normalise(&mut window).then_some(window)
    }
}

/// The straight line through points: its value at 0 and its slope. Points far off it are left out.
fn straight(points: impl Iterator<Item = (f32, f32)>) -> (f32, f32) {
    let mut points: Vec<(f32, f32)> = points.collect();
    let mut found = (0.0, 0.0);
    for _ in 0..3 {
        let number = real(points.len().max(1));
        let middle = points.iter().fold((0.0, 0.0), |sum, (x, y)| (sum.0 + x / number, sum.1 + y / number));
        let (mut both, mut own) = (0.0, 0.0);
        for (x, y) in &points {
            both += (x - middle.0) * (y - middle.1);
            own += (x - middle.0) * (x - middle.0);
        }
        let slope = if own > 0.0 { both / own } else { 0.0 };
        found = (middle.1 - slope * middle.0, slope);
        let near: Vec<_> = points.iter().copied().filter(|(x, y)| (y - found.0 - slope * x).abs() < 2.5).collect();
        if near.len() < 4 {
            break;
        }
        points = near;
    }
    found
}

/// The ink of a strip from its grey values: how much darker than the paper around, with the strip's darkest print as 1.
fn ink(grey: &[f32], width: usize) -> Vec<f32> {
    /// Columns over which the paper's brightness is taken: one character.
    const BLOCK: usize = 30;
    let blocks = width.div_ceil(BLOCK);
    let paper: Vec<f32> = (0..blocks)
        .map(|block| {
            let near = block.saturating_sub(1) * BLOCK..((block + 2) * BLOCK).min(width);
            let values = grey.chunks_exact(width).flat_map(|row| row.get(near.clone()).unwrap_or_default());
            f32::from(percentile(&histogram(values.map(|value| crate::number::grey(*value))), 0.85)).max(16.0)
        })
        .collect();
    let at = |block: usize| paper.get(block).or(paper.last()).copied().unwrap_or(255.0);
    let columns: Vec<f32> = (0..width)
        .map(|column| {
            let place = (real(column) / real(BLOCK) - 0.5).max(0.0);
            let block = count(place.floor());
            at(block) + (at(block + 1) - at(block)) * (place - real(block))
        })
        .collect();
    let mut ink: Vec<f32> = grey
        .chunks_exact(width)
        .flat_map(|row| row.iter().zip(&columns).map(|(value, paper)| (1.0 - value / paper).max(0.0)))
        .collect();
    let full = full_ink(&mut ink.clone(), 0.955).max(0.06);
    for ink in &mut ink {
        *ink = without_faint(*ink / full);
    }
    ink
}

/// The means of squares of four pixels, from this pixel on.
fn half(ink: &[f32], width: usize, x: usize, y: usize) -> Half {
    let half_width = (width - x) / 2;
    let mut means = Vec::with_capacity(half_width * (ROWS - y) / 2);
    let mut rows = ink.chunks_exact(width).skip(y);
    while let (Some(upper), Some(lower)) = (rows.next(), rows.next()) {
        let squares = upper.get(x..).unwrap_or_default().chunks_exact(2).zip(lower.get(x..).unwrap_or_default().chunks_exact(2));
        means.extend(squares.map(|(upper, lower)| (upper.iter().sum::<f32>() + lower.iter().sum::<f32>()) / 4.0));
    }
    Half { width: half_width, ink: means }
}
