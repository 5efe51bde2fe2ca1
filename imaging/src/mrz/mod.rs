//! The machine readable zone, read from a scan whose resolution is known (ICAO 9303).
//!
//! Print of the right height, length and distance is found ([`band`]), straightened ([`strip`]), compared cell by cell with the
//! typeface in the look that fits best ([`font`]), and decided under the rules of its format ([`decide`], [`text`]).

mod band;
mod decide;
mod font;
pub mod format;
mod strip;
pub mod text;

use std::{borrow::Cow, thread};

use band::{Band, bands};
pub use decide::{Cell, Doubt};
use font::{Alphabet, Look};
pub use format::Format;
use strip::{Grid, Line, Seen, Strip};
pub use text::{Fields, Text};

use super::{
    number::{count, real},
    plane::Plane,
};

/// Resolution at which characters are compared, in dots per inch; finer scans are brought down to about this.
pub(crate) const READ_DPI: u16 = 300;
/// Resolution at which lines are searched.
const SEARCH_DPI: f32 = 100.0;
/// Mean correlation below which print is no zone at all.
const LEAST_ZONE: f32 = 0.55;
/// Cells of a line that are looked at first.
const PROBES: usize = 12;
/// How faint print may be, in the order in which it is tried.
const SENSITIVITIES: [f32; 3] = [1.0, 0.6, 1.4];

/// A machine readable zone on a scan.
#[derive(Clone)]
pub struct Zone {
    /// The text, its check digits and fields.
    pub text: Text,
    /// How many characters were exchanged to make the check digits right.
    pub corrected: usize,
    /// Why the text is not certain; `None` when it is.
    pub doubt: Option<Doubt>,
    /// Mean correlation of the print with the typeface, up to 1.
    pub mean: f32,
    /// Each cell with its certainty, line by line.
    pub cells: Vec<Cell>,
    /// How far the print is blurred: standard deviation in millimetres.
    pub blur_mm: f32,
    /// The middles of the first and the last character of the first line, in millimetres from the scan's corner.
    pub first_line_mm: [(f32, f32); 2],
    /// The same of the last line.
    pub last_line_mm: [(f32, f32); 2],
}

impl Zone {
    /// Whether the text is certain.
    pub const fn accepted(&self) -> bool {
        self.doubt.is_none()
    }

    /// The format.
    pub const fn format(&self) -> Format {
        self.text.format
    }

    /// Degrees by which the text is turned clockwise on the scan, -180 to 180.
    pub fn angle_degrees(&self) -> f32 {
        let run = [self.first_line_mm, self.last_line_mm]
            .iter()
            .fold((0.0, 0.0), |sum, [from, to]| (sum.0 + to.0 - from.0, sum.1 + to.1 - from.1));
        run.1.atan2(run.0).to_degrees()
    }

    /// The middle of the text, in millimetres from the scan's corner.
    pub fn middle_mm(&self) -> (f32, f32) {
        let ends = self.first_line_mm.iter().chain(&self.last_line_mm);
        ends.fold((0.0, 0.0), |sum, end| (sum.0 + end.0 / 4.0, sum.1 + end.1 / 4.0))
    }
}

/// The zones on a scan, the clearest first; more than one only when several documents lie on the glass.
pub fn zones(scan: &Plane, dpi: u16) -> Vec<Zone> {
    let dpi = f32::from(dpi.max(1));
    let finer = count(dpi / f32::from(READ_DPI)).max(1);
    let (shrunk, dpi) = (if finer > 1 { Cow::Owned(scan.shrunk(finer)) } else { Cow::Borrowed(scan) }, dpi / real(finer));
    let coarser = count(dpi / SEARCH_DPI).max(1);
    let search = shrunk.shrunk(coarser);
    for sensitivity in SENSITIVITIES {
        let mut found: Vec<Zone> = Vec::new();
        for band in bands(&search, dpi / real(coarser) / 25.4, sensitivity) {
            let band = enlarged(band, coarser);
            let known = |zone: &Zone| lies_on(&band, zone, dpi);
            if found.iter().any(known) {
                continue;
            }
            if let Some(zone) = read(&shrunk, &band, dpi) {
                found.push(zone);
            }
        }
        if !found.is_empty() {
            found.sort_by(|a, b| b.mean.total_cmp(&a.mean));
            return found;
        }
    }
    Vec::new()
}

/// A band on the picture before it was shrunk.
fn enlarged(band: Band, by: usize) -> Band {
    let by = real(by);
    let place = |place: f32| place * by + (by - 1.0) / 2.0;
    let line = |line: Line| Line { middle: (place(line.middle.0), place(line.middle.1)), ..line };
    Band { lines: band.lines.into_iter().map(line).collect(), ..band }
}

/// Whether a band is, at least in part, a zone that was read already.
fn lies_on(band: &Band, zone: &Zone, dpi: f32) -> bool {
    let number = real(band.lines.len().max(1));
    let middle = band.lines.iter().fold((0.0, 0.0), |sum, line| (sum.0 + line.middle.0 / number, sum.1 + line.middle.1 / number));
    let at = zone.middle_mm();
    (middle.0 * 25.4 / dpi - at.0).hypot(middle.1 * 25.4 / dpi - at.1) < 16.0
}

/// A line's strip with its grid and what the probes saw.
struct Probed {
    strip: Strip,
    grid: Grid,
    probes: Vec<Seen>,
}

impl Probed {
    fn new(plane: &Plane, line: Line, format: Format, dpi: f32) -> Option<Self> {
        let strip = Strip::cut(plane, line, dpi / 25.4);
        let grid = strip.grid(format.length())?;
        let alphabet = Alphabet::of(Look::USUAL);
        let last = format.length() - 1;
        let cells = (0..PROBES).map(|probe| probe * last / (PROBES - 1));
        let probes: Vec<(usize, Seen)> = cells.filter_map(|cell| Some((cell, strip.see(&grid, cell, 4, alphabet)?))).collect();
        let grid = grid.adjusted(&probes.iter().map(|(cell, seen)| (*cell, seen)).collect::<Vec<_>>());
        Some(Self { strip, grid, probes: probes.into_iter().map(|(_, seen)| seen).collect() })
    }
}

fn mean(seen: impl Iterator<Item = f32>) -> f32 {
    let (sum, number) = seen.fold((0.0, 0.0), |sum, value| (sum.0 + value, sum.1 + 1.0));
    if number > 0.0 { sum / number } else { -1.0 }
}

/// Reads a band in the direction in which it makes sense; `None` when it is no zone.
fn read(plane: &Plane, band: &Band, dpi: f32) -> Option<Zone> {
    let probed = |lines: Vec<Line>| -> Option<(f32, Vec<Probed>)> {
        let lines: Option<Vec<Probed>> = lines.into_iter().map(|line| Probed::new(plane, line, band.format, dpi)).collect();
        let lines = lines?;
        Some((mean(lines.iter().flat_map(|line| line.probes.iter().map(Seen::best))), lines))
    };
    let (forwards, backwards) = thread::scope(|threads| {
        let forwards = threads.spawn(|| probed(band.lines.clone()));
        let backwards = probed(band.lines.iter().rev().map(Line::reversed).collect());
        // Reading does not fail; a direction that would counts as one in which nothing makes sense.
        (forwards.join().unwrap_or_default(), backwards)
    });
    let (likeness, lines) = forwards.into_iter().chain(backwards).max_by(|a, b| a.0.total_cmp(&b.0))?;
    if likeness < LEAST_ZONE - 0.1 {
        return None;
    }

    let look = look(&lines);
    let alphabet = Alphabet::of(look);
    let mut grids = Vec::new();
    let mut seen = Vec::new();
    for line in &lines {
        let cells: Option<Vec<Seen>> =
            (0..band.format.length()).map(|cell| line.strip.see(&line.grid, cell, 2, alphabet)).collect();
        let cells = cells?;
        grids.push(line.grid.adjusted(&cells.iter().enumerate().collect::<Vec<_>>()));
        seen.push(cells);
    }
    let decision = decide::decide(band.format, &seen)?;
    if decision.mean < LEAST_ZONE {
        return None;
    }
    let ends = |line: Option<&Probed>, grid: Option<&Grid>| -> Option<[(f32, f32); 2]> {
        let (line, grid) = (line?, grid?);
        // The middle of a pixel lies half a pixel from its corner.
        let on_scan = |cell: usize| {
            let (x, y) = line.strip.on_picture(grid, cell);
            ((x + 0.5) * 25.4 / dpi, (y + 0.5) * 25.4 / dpi)
        };
        Some([on_scan(0), on_scan(band.format.length() - 1)])
    };
    Some(Zone {
        first_line_mm: ends(lines.first(), grids.first())?,
        last_line_mm: ends(lines.last(), grids.last())?,
        text: decision.text,
        corrected: decision.corrected,
        doubt: decision.doubt,
        mean: decision.mean,
        cells: decision.cells,
        blur_mm: look.blur_mm(),
    })
}

/// Draws the characters in the looks that a zone is compared with first, once in a process: worth doing while a scanner works,
/// because the first scan waits for it otherwise.
pub fn prepare() {
    for look in Look::USUAL.neighbours().iter().flatten() {
        Alphabet::of(*look);
    }
}

/// The look of the print: sharpness first, because it changes most, then size and weight, then sharpness again.
fn look(lines: &[Probed]) -> Look {
    let fit = |look: Look| {
        let alphabet = Alphabet::of(look);
        mean(lines.iter().flat_map(|line| line.probes.iter().map(|seen| seen.fit(alphabet))))
    };
    let mut best = (fit(Look::USUAL), Look::USUAL);
    for respect in [0, 1, 2, 0] {
        for other in best.1.neighbours().get(respect).into_iter().flatten() {
            let fit = fit(*other);
            if fit > best.0 {
                best = (fit, *other);
            }
        }
    }
    best.1
}
