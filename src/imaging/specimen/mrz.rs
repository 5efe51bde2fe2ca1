//! The machine readable zone (ICAO 9303-3 §4, 9303-4 §4.2, 9303-5 §4.2).

use jiff::civil::Date;

use super::{Sex, Specimen, SpecimenKind};

/// Code of the issuing state and the nationality: Utopia, which ICAO 9303 keeps for specimens.
pub const STATE: &str = "UTO";

/// The check digit of a field (ICAO 9303-3 §4.9): weights 7, 3, 1 over digits, letters from A = 10 and `<` = 0, modulo 10.
pub fn check_digit(field: &str) -> char {
    let sum: u32 = field
        .chars()
        .zip([7, 3, 1].into_iter().cycle())
        .map(|(character, weight)| character.to_digit(36).unwrap_or(0) * weight)
        .sum();
    char::from_digit(sum % 10, 10).unwrap_or('0')
}

/// A name in the zone's alphabet (ICAO 9303-3 §6): upper case, national letters spelt out, everything else `<`.
pub fn transliterate(name: &str) -> String {
    let letter = |letter: char| match letter {
        'A'..='Z' => letter.to_string(),
        'Å' => "AA".to_owned(),
        'Æ' | 'Ä' => "AE".to_owned(),
        'Ø' | 'Ö' => "OE".to_owned(),
        'Ü' => "UE".to_owned(),
        'ß' => "SS".to_owned(),
        'Á' | 'À' | 'Â' | 'Ã' => "A".to_owned(),
        'É' | 'È' | 'Ê' | 'Ë' => "E".to_owned(),
        'Í' | 'Ì' | 'Î' | 'Ï' => "I".to_owned(),
        'Ó' | 'Ò' | 'Ô' | 'Õ' => "O".to_owned(),
        'Ú' | 'Ù' | 'Û' => "U".to_owned(),
        'Ç' | 'Č' => "C".to_owned(),
        'Ñ' => "N".to_owned(),
        'Š' => "S".to_owned(),
        'Ž' => "Z".to_owned(),
        // An apostrophe is left out, a hyphen and a space become a filler.
        '\'' | '’' => String::new(),
        _ => "<".to_owned(),
    };
    name.trim().chars().flat_map(char::to_uppercase).map(letter).collect()
}

/// The lines of the zone: two of 44 characters for a passport, three of 30 for a card.
pub fn lines(specimen: &Specimen) -> Vec<String> {
    let name = format!("{}<<{}", transliterate(&specimen.surname), transliterate(&specimen.given_names));
    let number = with_check_digit(&padded(&transliterate_number(&specimen.number), 9));
    let birth = with_check_digit(&yymmdd(specimen.birth));
    let expiry = with_check_digit(&yymmdd(specimen.expires));
    let state = padded(&specimen.issuing_state.to_ascii_uppercase(), 3);
    let personal = transliterate_number(specimen.personal_number.as_deref().unwrap_or_default());
    let sex = match specimen.sex {
        Sex::Female => 'F',
        Sex::Male => 'M',
        Sex::Unspecified => '<',
    };
    match specimen.kind {
        SpecimenKind::Passport => {
            let personal = padded(&personal, 14);
            // An empty field may have a filler for its check digit.
            let personal = if specimen.personal_number.is_some() { with_check_digit(&personal) } else { padded("", 15) };
            let all = check_digit(&format!("{number}{birth}{expiry}{personal}"));
            vec![padded(&format!("P<{state}{name}"), 44), format!("{number}{STATE}{birth}{sex}{expiry}{personal}{all}")]
        }
        SpecimenKind::IdCard => {
            let first = format!("I<{state}{number}{}", padded(&personal, 15));
            let optional = padded("", 11);
            let covered = first.get(5..).unwrap_or_default();
            let all = check_digit(&format!("{covered}{birth}{expiry}{optional}"));
            vec![first, format!("{birth}{sex}{expiry}{STATE}{optional}{all}"), padded(&name, 30)]
        }
    }
}

fn with_check_digit(field: &str) -> String {
    format!("{field}{}", check_digit(field))
}

/// Exactly `length` characters: cut, or filled up with `<`.
fn padded(field: &str, length: usize) -> String {
    field.chars().chain(std::iter::repeat('<')).take(length).collect()
}

/// A number's letters and digits.
fn transliterate_number(number: &str) -> String {
    number.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_uppercase()).collect()
}

fn yymmdd(date: Date) -> String {
    format!("{:02}{:02}{:02}", date.year().rem_euclid(100), date.month(), date.day())
}
