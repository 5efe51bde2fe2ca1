//! Norwegian identity numbers: the published examples, and what must hold for all numbers.

use bam_station::rules::identity_number::{ControlRule, IdentityNumber, IdentityNumberError, IdentityNumberKind};
use jiff::civil::{Date, date};
use proptest::prelude::*;

use IdentityNumberKind::{BirthNumber, DNumber, HNumber};

fn number(text: &str) -> IdentityNumber {
    IdentityNumber::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn numbers_of_the_old_rule() {
    let examples = [
        ("02016126007", Some(date(1961, 1, 2))),
        ("31129956715", Some(date(1899, 12, 31))),
        ("01026201590", Some(date(1962, 2, 1))),
        ("02013299997", Some(date(2032, 1, 2))),
        ("02013299806", Some(date(2032, 1, 2))),
        ("30108299920", Some(date(1982, 10, 30))),
    ];
    for (text, born) in examples {
        let number = number(text);
        assert_eq!((number.kind(), number.control_rule()), (BirthNumber, ControlRule::Before2032), "{text}");
        assert!(!number.is_synthetic());
        assert_eq!(number.birth_date(), born, "{text}");
        assert_eq!(number.digits(), text);
    }
}

/// Skatteetaten's examples of numbers that only the rule from 2032 accepts: the century is not in them.
#[test]
fn numbers_of_the_new_rule_have_no_century() {
    for (text, day) in [("02013299903", date(2032, 1, 2)), ("30108299939", date(1982, 10, 30))] {
        let number = number(text);
        assert_eq!((number.kind(), number.control_rule()), (BirthNumber, ControlRule::From2032), "{text}");
        assert_eq!(number.birth_date(), None);
        assert_eq!(number.matches_birth_date(day), None, "the century is open");
        assert_eq!(number.matches_birth_date(day.tomorrow().unwrap()), Some(false), "the day is not");
    }
}

#[test]
fn numbers_of_every_series() {
    let series = [
        ("53097248016", DNumber, false),
        ("13527248013", HNumber, false),
        ("10915596784", BirthNumber, true),
        ("68467038838", DNumber, true),
        ("50846202355", DNumber, true),
        ("41814061033", DNumber, true),
        ("41814065640", DNumber, true),
        ("41814075603", DNumber, true),
        ("41810021827", DNumber, true),
        ("41810025091", DNumber, true),
        ("41810034422", DNumber, true),
    ];
    for (text, kind, synthetic) in series {
        let number = number(text);
        assert_eq!((number.kind(), number.is_synthetic()), (kind, synthetic), "{text}");
    }
    assert_eq!(number("10915596784").birth_date(), Some(date(1955, 11, 10)), "a synthetic birth number has its date");
}

#[test]
fn a_number_is_read_as_people_write_it() {
    for text in ["020161 26007", " 02016126007\n", "02 01 61 260 07", "020161\u{a0}26007"] {
        assert_eq!(number(text).digits(), "02016126007");
    }
    for text in ["", "0201612600", "020161260070", "0201612600x", "020161-26007", "+2016126007", "٠٢٠١٦١٢٦٠٠٧", &"0".repeat(1000)]
    {
        assert_eq!(IdentityNumber::parse(text), Err(IdentityNumberError::NotElevenDigits), "{text}");
    }
    assert_eq!(IdentityNumber::parse("02016126008"), Err(IdentityNumberError::ControlDigits));
}

#[test]
fn a_number_reads_its_masked_date_and_nothing_more() {
    let number = number("02016126007");
    assert_eq!(number.masked(), "020161 *****");
    assert_eq!(format!("{number:?} {:?}", Some(&number)), "IdentityNumber(…) Some(IdentityNumber(…))");
}

#[test]
fn a_number_travels_as_text_and_is_checked_on_arrival() {
    let number = number("02016126007");
    assert_eq!(serde_json::to_string(&number).unwrap(), "\"02016126007\"");
    assert_eq!(serde_json::from_str::<IdentityNumber>("\"02016126007\"").unwrap(), number);
    let error = serde_json::from_str::<IdentityNumber>("\"02016126008\"").unwrap_err().to_string();
    assert!(error.contains("control digits") && !error.contains("02016126008"), "{error}");
}

/// A birth date agrees only when day, month, year and century do.
#[test]
fn a_birth_number_confirms_or_contradicts_a_birth_date() {
    let number = number("02016126007");
    assert_eq!(number.matches_birth_date(date(1961, 1, 2)), Some(true));
    for other in [date(2061, 1, 2), date(1961, 2, 1), date(1961, 1, 3), date(1960, 1, 2)] {
        assert_eq!(number.matches_birth_date(other), Some(false), "{other}");
    }
    // Individual numbers 750–899 with the years 40–99 belong to no documented century.
    let open = well_written("010150", 800, 0).unwrap();
    assert_eq!(open.birth_date(), None);
    assert_eq!(open.matches_birth_date(date(1950, 1, 1)), None);
    assert_eq!(open.matches_birth_date(date(1951, 1, 1)), Some(false));
}

/// The ranges of the individual number at their edges: year, individual number, century.
#[test]
fn centuries_end_where_the_ranges_end() {
    let edges = [
        ("00", 0, Some(1900)),
        ("99", 499, Some(1999)),
        ("54", 500, Some(1854)),
        ("99", 749, Some(1899)),
        ("53", 500, None),
        ("40", 749, None),
        ("54", 750, None),
        ("00", 500, Some(2000)),
        ("39", 999, Some(2039)),
        ("40", 899, None),
        ("40", 900, Some(1940)),
        ("99", 999, Some(1999)),
        ("39", 499, Some(1939)),
    ];
    for (year, individual, born) in edges {
        // Where the control digit would be 10 the number does not exist; its neighbours of the same day do the same service.
        let number = (1..=28).find_map(|day| well_written(&format!("{day:02}03{year}"), individual, 0)).unwrap();
        assert_eq!(number.birth_date().map(Date::year), born, "{year} {individual}");
    }
}

#[test]
fn leap_days_exist_in_leap_years() {
    let find =
        |date: &str, individuals: std::ops::RangeInclusive<u16>| individuals.into_iter().find_map(|i| well_written(date, i, 0));
    assert_eq!(find("290204", 0..=499).unwrap().birth_date(), Some(date(1904, 2, 29)));
    assert_eq!(find("290200", 500..=999).unwrap().birth_date(), Some(date(2000, 2, 29)));
    assert_eq!(find("290200", 0..=499).unwrap().birth_date(), None, "1900 had no leap day, and the number names no other year");
    assert!(find("290201", 0..=999).is_none());
}

/// Writes a number: date digits as they stand, individual number, remainder of the first control digit. `None` where a
/// control digit would be 10, or the date does not exist. A calculation of its own: k = 11 − Σ mod 11, as the tax administration publishes it.
fn well_written(date: &str, individual: u16, remainder: u32) -> Option<IdentityNumber> {
    IdentityNumber::parse(&written(date, individual, remainder)?).ok()
}

fn written(date: &str, individual: u16, remainder: u32) -> Option<String> {
    let control = |text: &str, weights: &[u32], top: u32| {
        let sum: u32 = text.chars().zip(weights).map(|(c, w)| c.to_digit(10).unwrap() * w).sum();
        let digit = (top - sum % 11) % 11;
        (digit != 10).then_some(digit)
    };
    let nine = format!("{date}{individual:03}");
    let k1 = control(&nine, &[3, 7, 6, 1, 8, 9, 4, 5, 2], 11 + remainder)?;
    let ten = format!("{nine}{k1}");
    let k2 = control(&ten, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2], 11)?;
    Some(format!("{ten}{k2}"))
}

/// Dates of all series, with what they are.
fn any_date() -> impl Strategy<Value = (String, IdentityNumberKind)> {
    let series = prop::sample::select(vec![
        (0, 0, BirthNumber),
        (0, 80, BirthNumber),
        (40, 0, DNumber),
        (40, 80, DNumber),
        (40, 40, DNumber),
        (0, 40, HNumber),
    ]);
    (series, 1..=28u8, 1..=12u8, 0..=99u8).prop_map(|((day_plus, month_plus, kind), day, month, year)| {
        (format!("{:02}{:02}{year:02}", day + day_plus, month + month_plus), kind)
    })
}

fn any_number(remainders: std::ops::RangeInclusive<u32>) -> impl Strategy<Value = (String, IdentityNumberKind)> {
    (any_date(), 0..=999u16, remainders).prop_filter_map("a control digit of 10", |((date, kind), individual, remainder)| {
        Some((written(&date, individual, remainder)?, kind))
    })
}

proptest! {
    #[test]
    fn every_well_written_number_is_read((text, kind) in any_number(0..=3)) {
        let number = IdentityNumber::parse(&text).unwrap();
        prop_assert_eq!(number.kind(), kind);
        prop_assert_eq!(number.digits(), &text);
        prop_assert!(!number.masked().contains(&text[6..]));
    }

    #[test]
    fn remainders_above_three_are_no_number((text, _) in any_number(4..=10)) {
        prop_assert_eq!(IdentityNumber::parse(&text), Err(IdentityNumberError::ControlDigits));
    }

    /// The typing error that matters most: one digit wrong. The second control digit finds each, under both rules.
    #[test]
    fn every_single_wrong_digit_is_found((text, _) in any_number(0..=3), place in 0..11usize, plus in 1..=9u8) {
        let mut wrong = text.into_bytes();
        wrong[place] = b'0' + (wrong[place] - b'0' + plus) % 10;
        let wrong = String::from_utf8(wrong).unwrap();
        prop_assert_eq!(IdentityNumber::parse(&wrong), Err(IdentityNumberError::ControlDigits));
    }

    #[test]
    fn every_swap_of_neighbours_is_found((text, _) in any_number(0..=3), place in 0..10usize) {
        let mut wrong = text.into_bytes();
        prop_assume!(wrong[place] != wrong[place + 1]);
        wrong.swap(place, place + 1);
        let wrong = String::from_utf8(wrong).unwrap();
        prop_assert_eq!(IdentityNumber::parse(&wrong), Err(IdentityNumberError::ControlDigits));
    }

    /// Only a birth number under the old rule knows a birth date, and then agrees with itself.
    #[test]
    fn a_birth_date_comes_out_of_no_other_series((text, kind) in any_number(0..=3)) {
        let number = IdentityNumber::parse(&text).unwrap();
        if let Some(born) = number.birth_date() {
            prop_assert_eq!((kind, number.control_rule()), (BirthNumber, ControlRule::Before2032));
            prop_assert_eq!(number.matches_birth_date(born), Some(true));
            prop_assert!((1854..=2039).contains(&born.year()));
        }
        if kind != BirthNumber {
            prop_assert_eq!(number.matches_birth_date(date(1961, 1, 2)), None);
        }
    }

    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,80}|[0-9 ]{0,80}") {
        if let Err(error) = IdentityNumber::parse(&text) {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            prop_assert!(digits.len() < 6 || !error.to_string().contains(&digits));
        }
    }
}

#[test]
fn impossible_dates_are_no_number() {
    for date in ["000190", "320190", "310490", "011390", "012090", "013390", "800190", "990190", "710290", "017390"] {
        let text = (0..=999).find_map(|individual| written(date, individual, 0)).unwrap();
        assert_eq!(IdentityNumber::parse(&text), Err(IdentityNumberError::NoSuchDate), "{date}");
    }
}
