//! In which fields of the directory a person's identity number and birth date lie (BAM: "SSN in AD mapping").
//!
//! | form | what the directory holds |
//! |---|---|
//! | `employeeNumber` | the whole number in one field |
//! | `birthDate{ddMMyyyy};ssn2` | the first six digits as a date, the last five in a second field |
//! | `birthDate{ddMMyyyy}` | the birth date alone |
//! | `None` | neither |

use std::fmt;

use jiff::civil::Date;

use super::filter::equals;
use crate::rules::IdentityNumber;

/// Where a person's identity number lies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum NumberMapping {
    /// All eleven digits in one field.
    Number(String),
    /// The date in one field, the last five digits in another.
    DateAndRest(DateField, String),
    /// The birth date alone.
    BirthDate(DateField),
    /// The directory holds neither.
    #[default]
    None,
}

/// A field with a date as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateField {
    /// The field.
    pub attribute: String,
    format: DateFormat,
}

/// How a date is written: `dd`, `MM` and `yyyy` once each, and whatever stands between them. Capitals count.
#[derive(Debug, Clone, PartialEq, Eq)]
struct DateFormat(Vec<Part>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Day,
    Month,
    Year,
    Literal(char),
}

/// Digits of a date as they stand: in a D-number's place the day is 40 more than that of any birth date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Written {
    day: i8,
    month: i8,
    year: i16,
}

/// What the directory says of number and birth.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapped {
    /// The identity number.
    pub identity_number: Option<IdentityNumber>,
    /// The birth date, from a field that holds one. It is never taken from a number.
    pub birth_date: Option<Date>,
    /// Something stands in the fields that is no number, or no date.
    pub unreadable: bool,
}

/// Whether a text can be the name of a field (RFC 4512 §1.4, keystring).
pub fn is_attribute(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl NumberMapping {
    /// Reads a form.
    ///
    /// # Errors
    /// What is wrong with it, to follow the name of the key.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.is_empty() || text.eq_ignore_ascii_case("none") {
            return Ok(Self::None);
        }
        let (first, rest) = match text.split_once(';') {
            Some((first, rest)) => (first.trim(), Some(rest.trim())),
            None => (text, None),
        };
        if rest.is_some_and(|rest| !is_attribute(rest)) {
            return Err("has no field name after the semicolon");
        }
        match (first.contains('{'), rest) {
            (false, None) if is_attribute(first) => Ok(Self::Number(first.to_owned())),
            (false, None) => Err("is no field name"),
            (false, Some(_)) => Err("has no date format: write Field{ddMMyyyy};SecondField"),
            (true, None) => DateField::parse(first).map(Self::BirthDate),
            (true, Some(rest)) => Ok(Self::DateAndRest(DateField::parse(first)?, rest.to_owned())),
        }
    }

    /// The fields that must be read.
    pub fn attributes(&self) -> Vec<&str> {
        match self {
            Self::Number(field) => vec![field],
            Self::DateAndRest(date, rest) => vec![&date.attribute, rest],
            Self::BirthDate(date) => vec![&date.attribute],
            Self::None => vec![],
        }
    }

    /// What the fields say. `value` gives the one value of a field.
    pub fn read(&self, value: impl Fn(&str) -> Option<String>) -> Mapped {
        let value = |field: &str| value(field).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        match self {
            Self::None => Mapped::default(),
            Self::Number(field) => {
                let Some(text) = value(field) else { return Mapped::default() };
                let identity_number = IdentityNumber::parse(&text).ok();
                Mapped { unreadable: identity_number.is_none(), identity_number, birth_date: None }
            }
            Self::BirthDate(date) => {
                let Some(text) = value(&date.attribute) else { return Mapped::default() };
                let birth_date = date.format.read(&text).and_then(Written::date);
                Mapped { unreadable: birth_date.is_none(), birth_date, identity_number: None }
            }
            Self::DateAndRest(date, rest) => {
                let (first, rest) = (value(&date.attribute), value(rest));
                let written = first.as_deref().and_then(|text| date.format.read(text));
                let digits = written.zip(rest.as_deref()).map(|(written, rest)| format!("{}{rest}", written.six_digits()));
                let identity_number = digits.and_then(|digits| IdentityNumber::parse(&digits).ok());
                let unreadable = (first.is_some() && written.is_none()) || (rest.is_some() && identity_number.is_none());
                Mapped { identity_number, birth_date: written.and_then(Written::date), unreadable }
            }
        }
    }

    /// The filter that finds whoever has this number, as far as the fields tell; `None` when they tell nothing.
    pub(super) fn filter(&self, number: &IdentityNumber) -> Option<String> {
        let digits = number.digits();
        match self {
            Self::None => None,
            Self::Number(field) => Some(equals(field, digits)),
            Self::BirthDate(date) => Some(date.in_any_century(digits, true)?),
            Self::DateAndRest(date, rest) => {
                Some(format!("(&{}{})", date.in_any_century(digits, false)?, equals(rest, digits.get(6..)?)))
            }
        }
    }
}

impl fmt::Display for NumberMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(field) => f.write_str(field),
            Self::DateAndRest(date, rest) => write!(f, "{date};{rest}"),
            Self::BirthDate(date) => date.fmt(f),
            Self::None => f.write_str("None"),
        }
    }
}

impl DateField {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (attribute, format) = text.split_once('{').ok_or("has no date format")?;
        let format = format.strip_suffix('}').ok_or("has no } after its date format")?;
        if !is_attribute(attribute.trim()) {
            return Err("is no field name");
        }
        Ok(Self { attribute: attribute.trim().to_owned(), format: DateFormat::parse(format)? })
    }

    /// The date that the number's first six digits write, in each century; with `real` only days that exist.
    fn in_any_century(&self, digits: &str, real: bool) -> Option<String> {
        let part = |from: usize| digits.get(from..from + 2)?.parse::<i8>().ok();
        let (day, month, year) = (part(0)?, part(2)?, part(4)?);
        let written = [1800, 1900, 2000].map(|century| Written { day, month, year: century + i16::from(year) });
        let each: Vec<String> = written
            .into_iter()
            .filter(|written| !real || written.date().is_some())
            .map(|written| equals(&self.attribute, &self.format.write(written)))
            .collect();
        if each.is_empty() { None } else { Some(format!("(|{})", each.concat())) }
    }
}

impl fmt::Display for DateField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{{{}}}", self.attribute, self.format)
    }
}

impl DateFormat {
    fn parse(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "has a date format without dd, MM and yyyy once each (capitals count)";
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let (part, word) = match next {
                'd' => (Part::Day, "dd"),
                'M' => (Part::Month, "MM"),
                'y' => (Part::Year, "yyyy"),
                'm' | 'D' | 'Y' | '{' | '}' | ';' => return Err(WRONG),
                other => (Part::Literal(other), rest.get(..other.len_utf8()).unwrap_or_default()),
            };
            rest = rest.strip_prefix(word).ok_or(WRONG)?;
            parts.push(part);
        }
        let once = |part: Part| parts.iter().filter(|other| **other == part).count() == 1;
        if once(Part::Day) && once(Part::Month) && once(Part::Year) && parts.len() <= 32 { Ok(Self(parts)) } else { Err(WRONG) }
    }

    fn read(&self, text: &str) -> Option<Written> {
        fn take<N: std::str::FromStr>(rest: &mut &str, digits: usize) -> Option<N> {
            let (number, after) = rest.split_at_checked(digits)?;
            *rest = after;
            number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())?
        }
        let mut rest = text;
        let mut written = Written { day: 0, month: 0, year: 0 };
        for part in &self.0 {
            match part {
                Part::Day => written.day = take(&mut rest, 2)?,
                Part::Month => written.month = take(&mut rest, 2)?,
                Part::Year => written.year = take(&mut rest, 4)?,
                Part::Literal(literal) => rest = rest.strip_prefix(*literal)?,
            }
        }
        rest.is_empty().then_some(written)
    }

    fn write(&self, written: Written) -> String {
        let part = |part: &Part| match part {
            Part::Day => format!("{:02}", written.day),
            Part::Month => format!("{:02}", written.month),
            Part::Year => format!("{:04}", written.year),
            Part::Literal(literal) => literal.to_string(),
        };
        self.0.iter().map(part).collect()
    }
}

impl fmt::Display for DateFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Day => f.write_str("dd"),
            Part::Month => f.write_str("MM"),
            Part::Year => f.write_str("yyyy"),
            Part::Literal(literal) => write!(f, "{literal}"),
        })
    }
}

impl Written {
    /// The day, when there is one.
    fn date(self) -> Option<Date> {
        Date::new(self.year, self.month, self.day).ok()
    }

    fn six_digits(self) -> String {
        format!("{:02}{:02}{:02}", self.day, self.month, self.year.rem_euclid(100))
    }
}
