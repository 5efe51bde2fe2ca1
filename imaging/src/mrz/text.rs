//! The text of a zone: its check digits, its form, its fields.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::format::{ALPHABET, Check, FILLER, Format, Place, Span, check_digit};

/// The characters of a zone, each as its place in the alphabet.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    /// The format.
    pub format: Format,
    cells: Vec<Vec<u8>>,
}

/// What a zone states, as it states it: fillers between words are blanks, fillers at the end are left out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields {
    /// For example `P` or `I`.
    pub document_code: String,
    /// The issuing state or organisation, for example `UTO`.
    pub issuing_state: String,
    /// The document number, also when it is longer than nine characters.
    pub number: String,
    /// Surname, as transliterated and perhaps cut by the issuer.
    pub surname: String,
    /// Given names, likewise.
    pub given_names: String,
    /// Nationality.
    pub nationality: String,
    /// Date of birth as YYMMDD; unknown parts are fillers (ICAO 9303-3 §4.8).
    pub birth_date: String,
    /// `M`, `F`, or empty when not stated.
    pub sex: String,
    /// Date of expiry as YYMMDD.
    pub expiry_date: String,
    /// The optional fields, apart by a blank.
    pub optional: String,
}

impl Text {
    /// A zone from its characters; `None` when they do not have its format.
    pub fn new(format: Format, cells: Vec<Vec<u8>>) -> Option<Self> {
        let fits = cells.len() == format.lines() && cells.iter().all(|line| line.len() == format.length());
        let known = cells.iter().flatten().all(|character| *character <= FILLER);
        (fits && known).then_some(Self { format, cells })
    }

    /// A zone from its lines.
    pub fn parse(lines: &[impl AsRef<str>]) -> Option<Self> {
        let cell = |letter: u8| ALPHABET.iter().position(|known| *known == letter).and_then(|place| u8::try_from(place).ok());
        let cells: Option<Vec<Vec<u8>>> = lines.iter().map(|line| line.as_ref().bytes().map(cell).collect()).collect();
        let cells = cells?;
        Format::ALL.into_iter().find_map(|format| Self::new(format, cells.clone()))
    }

    /// The lines.
    pub fn lines(&self) -> Vec<String> {
        (0..self.format.lines()).map(|line| self.span((line, 0, self.format.length()))).collect()
    }

    /// A cell.
    pub fn at(&self, (line, place): Place) -> u8 {
        self.cells.get(line).and_then(|line| line.get(place)).copied().unwrap_or(FILLER)
    }

    /// The same text with one cell changed.
    #[must_use]
    pub fn changed(&self, (line, place): Place, character: u8) -> Self {
        let mut changed = self.clone();
        if let Some(cell) = changed.cells.get_mut(line).and_then(|line| line.get_mut(place)) {
            *cell = character;
        }
        changed
    }

    /// The checks of this text: those of the format, with the number's own when it is a long one.
    fn checks(&self) -> Vec<Check> {
        let mut checks = self.format.checks();
        if let Some((number, rest, digit)) = self.format.long_number()
            && self.at(digit) == FILLER
            && let Some(check) = checks.iter_mut().find(|check| check.digit == digit)
        {
            let places = |(line, from, to): Span| (from..to).map(move |place| (line, place));
            let mut more: Vec<Place> = places(rest).take_while(|place| self.at(*place) != FILLER).collect();
            if let Some(last) = more.pop() {
                *check = Check { covers: places(number).chain(more).collect(), digit: last, may_be_empty: false };
            }
        }
        checks
    }

    /// The check digits that are not right.
    pub fn wrong_checks(&self) -> Vec<Check> {
        let mut checks = self.checks();
        checks.retain(|check| {
            let covered = || check.covers.iter().map(|place| self.at(*place));
            let printed = self.at(check.digit);
            let empty = check.may_be_empty && printed == FILLER && covered().all(|character| character == FILLER);
            printed != check_digit(covered()) && !empty
        });
        checks
    }

    /// The cells that a check digit covers, and the check digits.
    pub fn covered(&self) -> BTreeSet<Place> {
        self.checks().into_iter().flat_map(|check| check.covers.into_iter().chain([check.digit])).collect()
    }

    /// Whether the text has the form that ICAO 9303 gives it, beyond the check digits: code, state, dates, name.
    pub fn is_regular(&self) -> bool {
        let fields = self.fields();
        let codes = match self.format {
            Format::Td3 => "P",
            Format::Td1 | Format::Td2 => "ACIP",
        };
        fields.document_code.starts_with(|first| codes.contains(first))
            && [self.state(), self.nationality()].iter().all(|state| is_state(state))
            && is_date(&fields.birth_date, true)
            && is_date(&fields.expiry_date, false)
            && self.span(self.number()).starts_with(|first: char| first != '<')
            && is_name(&self.span(self.name()))
    }

    /// What the zone states.
    pub fn fields(&self) -> Fields {
        let words = |text: String| text.trim_end_matches('<').replace('<', " ");
        let name = self.span(self.name());
        let (surname, given_names) = name.split_once("<<").unwrap_or((&name, ""));
        let (line, from, to) = self.dates();
        let date = |from: usize| self.span((line, from, from + 6));
        let (number, optional) = self.number_and_optional();
        Fields {
            document_code: words(self.span((0, 0, 2))),
            issuing_state: words(self.state()),
            number: words(number),
            surname: words(surname.to_owned()),
            given_names: words(given_names.to_owned()),
            nationality: words(self.nationality()),
            birth_date: date(from),
            sex: words(self.span((line, from + 7, from + 8))),
            expiry_date: date(to),
            optional,
        }
    }

    fn number_and_optional(&self) -> (String, String) {
        let number = self.span(self.number());
        let optional = |spans: &[Span]| {
            let words = spans.iter().map(|span| self.span(*span).trim_end_matches('<').replace('<', " "));
            words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        };
        if let Some((_, (line, from, to), digit)) = self.format.long_number()
            && self.at(digit) == FILLER
        {
            let rest = self.span((line, from, to));
            let more = rest.split('<').next().unwrap_or_default();
            let after = from + (more.len() + 1).min(to - from);
            let own = more.get(..more.len().saturating_sub(1)).unwrap_or_default();
            let last = if self.format == Format::Td1 { (1, 18, 29) } else { (1, 0, 0) };
            return (format!("{number}{own}"), optional(&[(line, after, to), last]));
        }
        let spans: &[Span] = match self.format {
            Format::Td1 => &[(0, 15, 30), (1, 18, 29)],
            Format::Td2 => &[(1, 28, 35)],
            Format::Td3 => &[(1, 28, 42)],
        };
        (number, optional(spans))
    }

    /// The characters of a span.
    fn span(&self, (line, from, to): Span) -> String {
        let letter = |place: usize| ALPHABET.get(usize::from(self.at((line, place)))).map_or('<', |letter| char::from(*letter));
        (from..to).map(letter).collect()
    }

    fn state(&self) -> String {
        self.span((0, 2, 5))
    }

    fn nationality(&self) -> String {
        self.span(if self.format == Format::Td1 { (1, 15, 18) } else { (1, 10, 13) })
    }

    const fn number(&self) -> Span {
        if matches!(self.format, Format::Td1) { (0, 5, 14) } else { (1, 0, 9) }
    }

    const fn name(&self) -> Span {
        if matches!(self.format, Format::Td1) { (2, 0, 30) } else { (0, 5, self.format.length()) }
    }

    /// The line of the dates, and where birth and expiry begin.
    const fn dates(&self) -> Span {
        if matches!(self.format, Format::Td1) { (1, 0, 8) } else { (1, 13, 21) }
    }
}

/// One to three letters, then fillers (ICAO 9303-3 §5).
fn is_state(state: &str) -> bool {
    let letters = state.trim_end_matches('<');
    !letters.is_empty() && letters.bytes().all(|letter| letter.is_ascii_uppercase())
}

/// YYMMDD. Unknown parts of a birth date may be fillers (ICAO 9303-3 §4.8).
fn is_date(date: &str, unknown_parts: bool) -> bool {
    let part = |from: usize, range: std::ops::RangeInclusive<u8>| {
        let part = date.get(from..from + 2).unwrap_or_default();
        (unknown_parts && part == "<<") || part.parse().is_ok_and(|number| range.contains(&number))
    };
    part(0, 0..=99) && part(2, 1..=12) && part(4, 1..=31)
}

/// Surname, two fillers, given names, fillers: words apart by one filler (ICAO 9303-3 §4.6).
fn is_name(name: &str) -> bool {
    let name = name.trim_end_matches('<');
    let mut parts = name.split("<<");
    let words = |part: &str| !part.is_empty() && part.split('<').all(|word| !word.is_empty());
    parts.next().is_some_and(words) && parts.next().is_none_or(words) && parts.next().is_none()
}
