//! The three formats of the machine readable zone: which character may stand where, and what the check digits cover
//! (ICAO 9303-4 §4.2 TD3, 9303-5 §4.2 TD1, 9303-6 §4.2 TD2).

use serde::{Deserialize, Serialize};

/// A format of the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Format {
    /// Three lines of 30, on a card of ID-1 size.
    #[serde(rename = "TD1")]
    Td1,
    /// Two lines of 36, on a card of ID-2 size.
    #[serde(rename = "TD2")]
    Td2,
    /// Two lines of 44, on a page of ID-3 size: a passport.
    #[serde(rename = "TD3")]
    Td3,
}

/// Distance of two characters in millimetres: ten in an inch (ICAO 9303-3 §4.5).
pub const PITCH_MM: f32 = 2.54;

/// The characters of a zone. A character is written as its place here.
pub const ALPHABET: &[u8; 37] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<";

/// The place of the filler in [`ALPHABET`].
pub const FILLER: u8 = 36;

/// What may stand in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A letter or a filler.
    Letter,
    /// A digit or a filler.
    Digit,
    /// A digit.
    CheckDigit,
    /// M, F or a filler.
    Sex,
    /// Any.
    Any,
}

impl Class {
    /// Whether the character at this place of [`ALPHABET`] may stand here.
    pub const fn allows(self, character: u8) -> bool {
        match self {
            Self::Letter => character >= 10,
            Self::Digit => character < 10 || character == FILLER,
            Self::CheckDigit => character < 10,
            Self::Sex => matches!(character, 15 | 22 | FILLER),
            Self::Any => true,
        }
    }
}

/// A cell: line and place in it, both from 0.
pub type Place = (usize, usize);

/// One check digit and the cells it covers, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The covered cells.
    pub covers: Vec<Place>,
    /// Where the digit stands.
    pub digit: Place,
    /// A filler may stand for the digit of an empty field (ICAO 9303-4 §4.2.2.2, the personal number).
    pub may_be_empty: bool,
}

/// A field: line, first place, place after the last.
pub type Span = (usize, usize, usize);

impl Format {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Td3, Self::Td1, Self::Td2];

    /// Lines.
    pub const fn lines(self) -> usize {
        match self {
            Self::Td1 => 3,
            Self::Td2 | Self::Td3 => 2,
        }
    }

    /// Characters in a line.
    pub const fn length(self) -> usize {
        match self {
            Self::Td1 => 30,
            Self::Td2 => 36,
            Self::Td3 => 44,
        }
    }

    /// Distance of two lines in millimetres (ICAO 9303-3 §4.5, 9303-5 §4.2).
    pub const fn line_pitch_mm(self) -> f32 {
        match self {
            Self::Td1 => 4.23,
            Self::Td2 | Self::Td3 => 6.35,
        }
    }

    /// Width and height of the document in millimetres (ICAO 9303-3 §2, ISO/IEC 7810).
    pub const fn document_mm(self) -> [f32; 2] {
        match self {
            Self::Td1 => [85.6, 54.0],
            Self::Td2 => [105.0, 74.0],
            Self::Td3 => [125.0, 88.0],
        }
    }

    /// The middle of the zone's first character line and of its last line, from the document's left and lower edge, in
    /// millimetres: the nominal place (ICAO 9303-3 §4.5 and its figures).
    pub const fn nominal_mm(self) -> (f32, f32) {
        match self {
            Self::Td1 => (5.6, 4.9),
            Self::Td2 | Self::Td3 => (7.2, 9.4),
        }
    }

    /// What may stand in a cell.
    pub const fn class(self, (line, place): Place) -> Class {
        match (self, line) {
            (Self::Td1, 0) => match place {
                0..=4 => Class::Letter,
                14 => Class::Digit,
                _ => Class::Any,
            },
            (Self::Td1, 1) => match place {
                6 | 14 | 29 => Class::CheckDigit,
                0..=5 | 8..=13 => Class::Digit,
                7 => Class::Sex,
                15..=17 => Class::Letter,
                _ => Class::Any,
            },
            (Self::Td2 | Self::Td3, 1) => match (place, self) {
                // In TD2 a long document number leaves a filler here.
                (9, Self::Td2) | (42, Self::Td3) | (13..=18 | 21..=26, _) => Class::Digit,
                (9 | 19 | 27, _) | (35, Self::Td2) | (43, Self::Td3) => Class::CheckDigit,
                (10..=12, _) => Class::Letter,
                (20, _) => Class::Sex,
                _ => Class::Any,
            },
            _ => Class::Letter,
        }
    }

    /// The check digits.
    pub fn checks(self) -> Vec<Check> {
        let span = |line: usize, from: usize, to: usize| (from..to).map(move |place| (line, place));
        let check = |covers: Vec<Place>, digit: Place| Check { covers, digit, may_be_empty: false };
        match self {
            Self::Td1 => vec![
                check(span(0, 5, 14).collect(), (0, 14)),
                check(span(1, 0, 6).collect(), (1, 6)),
                check(span(1, 8, 14).collect(), (1, 14)),
                check(span(0, 5, 30).chain(span(1, 0, 7)).chain(span(1, 8, 15)).chain(span(1, 18, 29)).collect(), (1, 29)),
            ],
            Self::Td2 => vec![
                check(span(1, 0, 9).collect(), (1, 9)),
                check(span(1, 13, 19).collect(), (1, 19)),
                check(span(1, 21, 27).collect(), (1, 27)),
                check(span(1, 0, 10).chain(span(1, 13, 20)).chain(span(1, 21, 35)).collect(), (1, 35)),
            ],
            Self::Td3 => vec![
                check(span(1, 0, 9).collect(), (1, 9)),
                check(span(1, 13, 19).collect(), (1, 19)),
                check(span(1, 21, 27).collect(), (1, 27)),
                Check { may_be_empty: true, ..check(span(1, 28, 42).collect(), (1, 42)) },
                check(span(1, 0, 10).chain(span(1, 13, 20)).chain(span(1, 21, 43)).collect(), (1, 43)),
            ],
        }
    }

    /// The document number, the field behind which it goes on when it is longer than nine characters, and its check digit
    /// (ICAO 9303-5 §4.2.2.1, 9303-6 §4.2.2.1; a passport has no such field).
    pub const fn long_number(self) -> Option<(Span, Span, Place)> {
        match self {
            Self::Td1 => Some(((0, 5, 14), (0, 15, 30), (0, 14))),
            Self::Td2 => Some(((1, 0, 9), (1, 28, 35), (1, 9))),
            Self::Td3 => None,
        }
    }
}

/// The check digit over characters, each as its place in [`ALPHABET`] (ICAO 9303-3 §4.9).
pub fn check_digit(characters: impl IntoIterator<Item = u8>) -> u8 {
    let value = |character: u8| if character == FILLER { 0 } else { u32::from(character) };
    let weights = [7, 3, 1].into_iter().cycle();
    let sum: u32 = characters.into_iter().zip(weights).map(|(character, weight)| value(character) * weight).sum();
    u8::try_from(sum % 10).unwrap_or_default()
}
