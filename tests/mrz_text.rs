//! The text of a zone: check digits, form and fields, judged against ICAO's specimens and against zones that others write.

use bam_station::imaging::mrz::{Format, Text};

const TD3: [&str; 2] = ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
const TD1: [&str; 3] = ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"];
const TD2: [&str; 2] = ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"];

#[test]
fn icaos_specimens_are_right_and_say_what_they_say() {
    for (lines, format, number, optional) in [
        (&TD3[..], Format::Td3, "L898902C3", "ZE184226B"),
        (&TD1[..], Format::Td1, "D23145890", ""),
        (&TD2[..], Format::Td2, "D23145890", ""),
    ] {
        let text = Text::parse(lines).unwrap();
        assert_eq!((text.format, text.lines()), (format, lines.iter().map(|line| (*line).to_owned()).collect()));
        assert!(text.wrong_checks().is_empty() && text.is_regular());
        let fields = text.fields();
        assert_eq!((fields.surname.as_str(), fields.given_names.as_str()), ("ERIKSSON", "ANNA MARIA"));
        assert_eq!((fields.issuing_state.as_str(), fields.nationality.as_str()), ("UTO", "UTO"));
        assert_eq!((fields.birth_date.as_str(), fields.sex.as_str(), fields.expiry_date.as_str()), ("740812", "F", "120415"));
        assert_eq!((fields.number.as_str(), fields.optional.as_str()), (number, optional));
    }
}

#[test]
fn a_changed_character_under_a_check_digit_is_always_noticed() {
    for lines in [&TD3[..], &TD1[..], &TD2[..]] {
        let text = Text::parse(lines).unwrap();
        for place in text.covered() {
            for character in 0..=36_u8 {
                let changed = text.changed(place, character);
                // Characters ten apart count the same modulo 10, so no digit tells them apart; a check digit is a digit.
                let value = |character: u8| if character == 36 { 0 } else { character % 10 };
                let is_digit = text.format.checks().iter().any(|check| check.digit == place);
                let same = if is_digit { character == text.at(place) } else { value(character) == value(text.at(place)) };
                assert_eq!(changed.wrong_checks().is_empty(), same, "{place:?} {character}");
            }
        }
    }
}

#[test]
fn a_long_document_number_goes_on_in_the_optional_field() {
    // ICAO 9303-5 §4.2.2.1: D23145890734 with its check digit 9.
    let written = mrz::format_td1(&mrz::Td1Fields {
        document_code: "I".into(),
        issuing_country: "UTO".into(),
        nationality: "UTO".into(),
        document_number: "D23145890734".into(),
        surname: "STEVENSON".into(),
        given_names: "PETER".into(),
        date_of_birth: mrz::MrzDate::Calendar(mrz::Date::new(1934, 7, 12)),
        sex: mrz::Sex::Male,
        date_of_expiry: mrz::MrzDate::Calendar(mrz::Date::new(2031, 7, 12)),
        ..Default::default()
    });
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines[0], "I<UTOD23145890<7349<<<<<<<<<<<");
    let text = Text::parse(&lines).unwrap();
    assert!(text.wrong_checks().is_empty() && text.is_regular());
    assert_eq!((text.fields().number.as_str(), text.fields().optional.as_str()), ("D23145890734", ""));
    assert!(!Text::parse(&["I<UTOD23145890<7348<<<<<<<<<<<", lines[1], lines[2]]).unwrap().wrong_checks().is_empty());
}

#[test]
fn what_no_issuer_writes_is_irregular() {
    let irregular = |changes: &[(usize, usize, &str)]| {
        let mut lines = TD3.map(str::to_owned);
        for (line, at, text) in changes {
            lines[*line].replace_range(*at..at + text.len(), text);
        }
        !Text::parse(&lines).unwrap().is_regular()
    };
    assert!(!irregular(&[]));
    assert!(irregular(&[(0, 0, "X")]), "no such document");
    assert!(irregular(&[(0, 2, "<TO")]), "a state begins with a letter");
    assert!(irregular(&[(1, 15, "13")]), "no thirteenth month");
    assert!(irregular(&[(1, 25, "32")]), "no such day");
    assert!(irregular(&[(0, 5, "<")]), "a name begins with a letter");
    assert!(irregular(&[(0, 30, "A")]), "after fillers comes no letter");
    assert!(!irregular(&[(1, 13, "<<<<<<")]), "an unknown birth date is allowed");
    assert!(Text::parse(&["P<UTO"]).is_none() && Text::parse(&[TD3[0], TD2[1]]).is_none());
    assert!(Text::parse(&[TD3[0], "l898902C36UTO7408122F1204159ZE184226B<<<<<10"]).is_none());
}
