//! From what is seen to a text, and whether that text is certain.
//!
//! Right check digits do not prove a read: no digit covers names and state codes, and two faults can cancel out. So a zone is
//! accepted only when nothing was corrected, every cell looks like its character, and no other character looks nearly as much
//! like what is printed.

use serde::{Deserialize, Serialize};

use super::{
    format::{Format, Place},
    strip::Seen,
    text::Text,
};

/// Least mean correlation of all cells.
const LEAST_MEAN: f32 = 0.86;
/// Least correlation of any cell.
const LEAST_CELL: f32 = 0.62;
/// Least lead over the second best where no check digit covers the cell; see [`Cell::margin`].
const LEAST_LEAD_UNCOVERED: f32 = 0.12;
/// Least lead over the second best where a check digit covers the cell.
const LEAST_LEAD_COVERED: f32 = 0.04;
/// A character that may not stand in its cell is at most this much more alike than the one that is read.
const MOST_FOREIGN: f32 = 0.05;
/// Alternatives that a correction may try, the likeliest.
const MOST_ALTERNATIVES: usize = 40;
/// An alternative is at most this much less alike than the best.
const NEAR: f32 = 0.12;

/// Why a zone is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Doubt {
    /// A check digit is wrong, and no single correction makes all right.
    #[error("a check digit of the machine-readable zone is wrong: compare it with the document, scan anew")]
    CheckDigit,
    /// A check digit was wrong; characters that look alike were exchanged until all were right.
    #[error("characters of the machine-readable zone were corrected by its check digits: compare it with the document")]
    Corrected,
    /// The text does not have the form of ICAO 9303.
    #[error("the machine-readable zone does not have the form of ICAO 9303: compare it with the document")]
    Irregular,
    /// The print is not clear enough.
    #[error("the machine-readable zone is not clear enough: clean the glass, press the document flat, scan anew")]
    Faint,
    /// A character could as well be another.
    #[error("a character of the machine-readable zone could be another: compare it with the document, scan anew")]
    Ambiguous,
}

impl Doubt {
    /// The stable code, as in `config/faults.toml`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CheckDigit => "MRZ_CHECK_DIGIT",
            Self::Corrected => "MRZ_CORRECTED",
            Self::Irregular => "MRZ_IRREGULAR",
            Self::Faint => "MRZ_FAINT",
            Self::Ambiguous => "MRZ_AMBIGUOUS",
        }
    }
}

/// One cell as it was read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Line and place in it, both from 0.
    pub place: Place,
    /// Correlation of the print with the character that was read, -1 to 1.
    pub likeness: f32,
    /// Lead over the next best that may stand here: the logarithm of how much more of the print the other leaves unexplained.
    pub margin: f32,
    /// Whether a check digit covers the cell.
    pub covered: bool,
}

/// A zone as it was read.
#[derive(Clone)]
pub struct Decision {
    /// The text.
    pub text: Text,
    /// How many characters were exchanged to make the check digits right.
    pub corrected: usize,
    /// Mean correlation of all cells.
    pub mean: f32,
    /// The cells, line by line.
    pub cells: Vec<Cell>,
    /// Why the text is not certain; `None` when it is.
    pub doubt: Option<Doubt>,
}

struct Alternative {
    behind: f32,
    place: Place,
    character: u8,
}

/// Decides what the lines say; `None` when they do not fill the format.
pub fn decide(format: Format, lines: &[Vec<Seen>]) -> Option<Decision> {
    let places = |line: usize, cells: &[Seen]| (0..cells.len()).map(move |place| (line, place)).collect::<Vec<_>>();
    let seen: Vec<(Place, &Seen)> =
        lines.iter().enumerate().flat_map(|(line, cells)| places(line, cells).into_iter().zip(cells)).collect();

    let mut read: Vec<Vec<u8>> = vec![Vec::new(); lines.len()];
    let mut alternatives = Vec::new();
    for (place, seen) in &seen {
        let mut order: Vec<(f32, u8)> =
            seen.likeness.iter().copied().zip(0..).filter(|(_, character)| format.class(*place).allows(*character)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (best, character) = order.first().copied()?;
        read.get_mut(place.0)?.push(character);
        alternatives.extend(
            order.into_iter().skip(1).take(3).filter(|other| best - other.0 < NEAR).map(|(alike, character)| Alternative {
                behind: best - alike,
                place: *place,
                character,
            }),
        );
    }
    let (text, corrected) = corrected(Text::new(format, read)?, alternatives);

    let covered = text.covered();
    let cells: Vec<Cell> = seen
        .iter()
        .map(|(place, seen)| {
            let character = text.at(*place);
            let likeness = seen.likeness.get(usize::from(character)).copied().unwrap_or(-1.0);
            let others = seen.likeness.iter().copied().zip(0_u8..);
            let others = others.filter(|(_, other)| *other != character && format.class(*place).allows(*other));
            let next = others.map(|(alike, _)| alike).fold(-1.0, f32::max);
            Cell { place: *place, likeness, margin: unexplained(next) - unexplained(likeness), covered: covered.contains(place) }
        })
        .collect();
    let number = crate::number::real(cells.len().max(1));
    let mean = cells.iter().map(|cell| cell.likeness).sum::<f32>() / number;
    let foreign = cells.iter().zip(&seen).any(|(cell, (_, seen))| seen.best() - cell.likeness > MOST_FOREIGN);

    let doubt = if !text.wrong_checks().is_empty() {
        Some(Doubt::CheckDigit)
    } else if corrected > 0 {
        Some(Doubt::Corrected)
    } else if !text.is_regular() {
        Some(Doubt::Irregular)
    } else if mean < LEAST_MEAN || cells.iter().any(|cell| cell.likeness < LEAST_CELL) {
        Some(Doubt::Faint)
    } else if foreign
        || cells.iter().any(|cell| cell.margin < if cell.covered { LEAST_LEAD_COVERED } else { LEAST_LEAD_UNCOVERED })
    {
        Some(Doubt::Ambiguous)
    } else {
        None
    };
    Some(Decision { text, corrected, mean, cells, doubt })
}

/// The logarithm of the share of a print that a character does not explain.
fn unexplained(likeness: f32) -> f32 {
    let alike = likeness.clamp(0.0, 0.999);
    (1.0 - alike * alike).ln()
}

/// The text with the fewest and likeliest exchanges that make every check digit right; unchanged when one or two do not.
fn corrected(text: Text, mut alternatives: Vec<Alternative>) -> (Text, usize) {
    let wrong = text.wrong_checks();
    if wrong.is_empty() {
        return (text, 0);
    }
    // Only cells that a wrong check digit covers can make it right.
    alternatives.retain(|other| wrong.iter().any(|check| check.digit == other.place || check.covers.contains(&other.place)));
    alternatives.sort_by(|a, b| a.behind.total_cmp(&b.behind));
    alternatives.truncate(MOST_ALTERNATIVES);
    for other in &alternatives {
        let changed = text.changed(other.place, other.character);
        if changed.wrong_checks().is_empty() {
            return (changed, 1);
        }
    }
    let mut pairs: Vec<(&Alternative, &Alternative)> = alternatives
        .iter()
        .enumerate()
        .flat_map(|(place, one)| alternatives.iter().skip(place + 1).map(move |two| (one, two)))
        .filter(|(one, two)| one.place != two.place)
        .collect();
    pairs.sort_by(|a, b| (a.0.behind + a.1.behind).total_cmp(&(b.0.behind + b.1.behind)));
    for (one, two) in pairs {
        let changed = text.changed(one.place, one.character).changed(two.place, two.character);
        if changed.wrong_checks().is_empty() {
            return (changed, 2);
        }
    }
    (text, 0)
}
