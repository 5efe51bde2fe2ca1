//! Scans of specimen pages that no one has seen before: see the package `bam-station-scans`.

use bam_station::imaging::{
    mrz::Format,
    specimen::{Sex, Specimen, SpecimenKind},
};
pub use bam_station_scans::{Conditions, Page, Random, scanned};
use bam_station_scans::{LETTERS, NUMBERS, PAGE_DPI};
use jiff::civil::Date;

/// A page that nobody has seen before. One in four is one of the product's own specimens, with its guilloches, portrait and
/// signature.
pub fn page(random: &mut Random, format: Format) -> Page {
    let own = match format {
        Format::Td3 => Some(SpecimenKind::Passport),
        Format::Td1 => Some(SpecimenKind::IdCard),
        Format::Td2 => None,
    };
    match own.filter(|_| random.chance(0.25)) {
        Some(kind) => specimen(random, kind),
        None => Page::random(random, format),
    }
}

/// One of the product's specimens with another person's data.
fn specimen(random: &mut Random, kind: SpecimenKind) -> Page {
    let date = |random: &mut Random, from: usize, years: usize| {
        Date::new((from + random.below(years)) as i16, 1 + random.below(12) as i8, 1 + random.below(28) as i8).unwrap()
    };
    let number = if random.chance(0.5) { None } else { Some(random.word(b"0123456789", 6, 11)) };
    let specimen = Specimen {
        surname: random.word(LETTERS, 2, 12),
        given_names: format!("{} {}", random.word(LETTERS, 2, 9), random.word(LETTERS, 3, 8)),
        number: random.word(NUMBERS, 9, 9),
        birth: date(random, 1940, 70),
        sex: random.one(&[Sex::Female, Sex::Male, Sex::Unspecified]),
        expires: date(random, 2027, 9),
        personal_number: number,
        ..Specimen::example(kind)
    };
    let drawn = specimen.draw(PAGE_DPI as u16).unwrap();
    Page::drawn(drawn.width(), drawn.height(), drawn.as_raw(), specimen.mrz_lines())
}
