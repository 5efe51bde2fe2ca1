//! Fictitious specimen documents of Utopia (UTO), for training, examples and tests.
//!
//! Every line of them is drawn here; nothing is taken from a real document. Utopia's identity card shows its machine readable
//! zone on the front, so that one scan shows the whole document; ICAO 9303-5 puts it on the back.
#![allow(clippy::unreadable_literal, reason = "colours are written as everywhere: two digits a channel")]

use image::RgbImage;
use jiff::civil::{Date, date};

mod canvas;
mod guilloche;
mod id_card;
pub mod mrz;
mod passport;
mod portrait;
mod signature;

use crate::control::signature::Strokes;
use canvas::Canvas;

/// Which document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecimenKind {
    /// The data page of a passport: TD3, 125 × 88 mm (ICAO 9303-4).
    Passport,
    /// An identity card: TD1, 85.6 × 54 mm (ICAO 9303-5).
    IdCard,
}

impl SpecimenKind {
    /// Width and height of the upright page in millimetres.
    pub const fn size_mm(self) -> (f32, f32) {
        match self {
            Self::Passport => (125.0, 88.0),
            Self::IdCard => (85.6, 54.0),
        }
    }
}

/// Sex as a document states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// F.
    Female,
    /// M.
    Male,
    /// X; `<` in the machine readable zone.
    Unspecified,
}

impl Sex {
    const fn letter(self) -> &'static str {
        match self {
            Self::Female => "F",
            Self::Male => "M",
            Self::Unspecified => "X",
        }
    }
}

/// What a specimen document states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specimen {
    /// Which document.
    pub kind: SpecimenKind,
    /// Code of the issuing state, one to three letters.
    pub issuing_state: String,
    /// Surname.
    pub surname: String,
    /// Given names.
    pub given_names: String,
    /// Document number, up to nine letters and digits.
    pub number: String,
    /// Date of birth.
    pub birth: Date,
    /// Sex; it also chooses the portrait.
    pub sex: Sex,
    /// Place of birth.
    pub birthplace: String,
    /// Date of issue.
    pub issued: Date,
    /// Date of expiry.
    pub expires: Date,
    /// Personal number, up to fourteen letters and digits.
    pub personal_number: Option<String>,
    /// The holder's signature.
    pub signature: Strokes,
    /// It has a machine readable zone. A driving licence has none.
    pub machine_readable: bool,
}

/// A specimen cannot be drawn.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SpecimenError {
    /// The picture would be empty or far too large.
    #[error("a specimen is drawn at 50 to 1200 dpi: choose another resolution")]
    Resolution,
    /// A typeface that is part of the program cannot be read.
    #[error("a typeface of the program is damaged: install it again")]
    Typeface,
}

impl SpecimenError {
    /// The stable code, as in `config/faults.toml`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Resolution => "SPECIMEN_RESOLUTION",
            Self::Typeface => "SPECIMEN_TYPEFACE",
        }
    }
}

impl Specimen {
    /// The passport of the example `config/examples/qualified-passport.toml`.
    pub fn passport() -> Self {
        Self {
            kind: SpecimenKind::Passport,
            issuing_state: mrz::STATE.to_owned(),
            surname: "Eriksson".to_owned(),
            given_names: "Anna Maria".to_owned(),
            number: "L898902C3".to_owned(),
            birth: date(1974, 8, 12),
            sex: Sex::Female,
            birthplace: "Solvik".to_owned(),
            issued: date(2023, 4, 16),
            expires: date(2033, 4, 15),
            personal_number: None,
            signature: signature::of_example(include_str!("../../../config/examples/signature-eriksson.json")),
            machine_readable: true,
        }
    }

    /// The identity card of the example `config/examples/local-id-card.toml`.
    pub fn id_card() -> Self {
        Self {
            kind: SpecimenKind::IdCard,
            issuing_state: mrz::STATE.to_owned(),
            surname: "Sørli".to_owned(),
            given_names: "Jonas Åge".to_owned(),
            number: "D23145890".to_owned(),
            birth: date(1991, 3, 23),
            sex: Sex::Male,
            birthplace: "Lysøy".to_owned(),
            issued: date(2024, 2, 1),
            expires: date(2034, 1, 31),
            personal_number: Some("23839120095".to_owned()),
            signature: signature::of_example(include_str!("../../../config/examples/signature-sorli.json")),
            machine_readable: true,
        }
    }

    /// The example of this kind.
    pub fn example(kind: SpecimenKind) -> Self {
        match kind {
            SpecimenKind::Passport => Self::passport(),
            SpecimenKind::IdCard => Self::id_card(),
        }
    }

    /// The lines of the machine readable zone.
    pub fn mrz_lines(&self) -> Vec<String> {
        mrz::lines(self)
    }

    /// Draws the upright page. The same specimen gives the same pixels.
    pub fn draw(&self, dpi: u16) -> Result<RgbImage, SpecimenError> {
        let mut canvas = Canvas::new(self.kind.size_mm(), dpi)?;
        match self.kind {
            SpecimenKind::Passport => passport::draw(&mut canvas, self),
            SpecimenKind::IdCard => id_card::draw(&mut canvas, self),
        }
        Ok(canvas.into_picture())
    }
}

/// A date as the documents print it: `14 MAR 1988`.
fn printed(date: Date) -> String {
    const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let month = usize::try_from(date.month() - 1).ok().and_then(|month| MONTHS.get(month)).copied().unwrap_or_default();
    format!("{:02} {month} {:04}", date.day(), date.year())
}
