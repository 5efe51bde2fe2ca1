//! Whatever lines a machine readable zone has: told apart into fields without a panic, and written again as they were.
#![no_main]

use bam_station_imaging::mrz::{Format, Text, format::ALPHABET};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // As it comes, and as characters of the alphabet in a format that exists.
    let lines: Vec<String> = data.split(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let _ = Text::parse(&lines);
    let [format, rest @ ..] = data else { return };
    let format = Format::ALL[usize::from(*format) % 3];
    let mut letters = rest.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).chain(std::iter::repeat('<'));
    let lines: Vec<String> = (0..format.lines()).map(|_| letters.by_ref().take(format.length()).collect()).collect();
    let Some(text) = Text::parse(&lines) else { panic!("{lines:?} has the form of a zone") };
    assert_eq!(text.lines(), lines);
    let fields = text.fields();
    assert!(fields.number.len() <= format.length() && fields.surname.len() + fields.given_names.len() <= format.length());
    let _ = (text.wrong_checks(), text.covered(), text.is_regular());
});
