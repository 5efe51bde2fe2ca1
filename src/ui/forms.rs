//! What is typed into a form: read, and told what is wrong with it.

use jiff::civil::Date;
use slint::SharedString;

use super::words::{self, text};
use crate::{config::Language, rules::IdentityNumber};

/// Longest text of a field, characters.
pub const LONGEST: usize = 120;

/// A field that was read: its value, or what is wrong; an empty field that may be empty is neither.
pub struct Read<T> {
    /// The value.
    pub value: Option<T>,
    /// What is wrong, in words.
    pub error: SharedString,
}

impl<T> Read<T> {
    fn good(value: Option<T>) -> Self {
        Self { value, error: SharedString::default() }
    }

    fn wrong(language: Language, key: &str) -> Self {
        Self { value: None, error: text(language, key) }
    }

    /// Nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.error.is_empty()
    }
}

/// A text that must be there. While it is empty nothing is said; it is only missing.
pub fn required(language: Language, typed: &str) -> Read<String> {
    match typed.trim() {
        "" => Read::good(None),
        long if long.chars().count() > LONGEST => Read::wrong(language, "form.too-long"),
        value => Read::good(Some(value.to_owned())),
    }
}

/// A date.
pub fn date(language: Language, typed: &str) -> Read<Date> {
    if typed.trim().is_empty() {
        return Read::good(None);
    }
    match words::parse_date(typed) {
        Some(date) => Read::good(Some(date)),
        None => Read::wrong(language, "form.not-a-date"),
    }
}

/// An identity number; blanks between its halves do not count.
pub fn identity_number(language: Language, typed: &str) -> Read<IdentityNumber> {
    let digits: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect();
    if digits.is_empty() {
        return Read::good(None);
    }
    match IdentityNumber::parse(&digits) {
        Ok(number) => Read::good(Some(number)),
        Err(_) => Read::wrong(language, "form.not-an-identity-number"),
    }
}
