//! Texts of the catalogue, and numbers and dates as people of the office write them.

use bam_station_ui::{Choice, Fault as ShownFault, Finding, Tone};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use slint::{Model as _, ModelRc, SharedString, VecModel};

use crate::{
    config::Language,
    fault,
    rules::{CertificateKind, Function, Method},
};

/// The text of `key`.
pub fn text(language: Language, key: &str) -> SharedString {
    bam_station_ui::text(language.code(), key).into()
}

/// The text of `key` with its places `{}` filled in order.
pub fn filled(language: Language, key: &str, values: &[&str]) -> SharedString {
    let template = bam_station_ui::text(language.code(), key);
    let mut values = values.iter();
    let mut parts = template.split("{}");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(values.next().copied().unwrap_or_default());
        out.push_str(part);
    }
    out.into()
}

/// A name as it stands inside a sentence: its first letter is small, unless it begins an abbreviation.
pub fn within(name: &str) -> String {
    let mut letters = name.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(letters).collect(),
        _ => name.to_owned(),
    }
}

/// The text for a number of things, with its places `{}` filled by the number.
pub fn counted(language: Language, key: &str, number: usize) -> SharedString {
    bam_station_ui::counted(language.code(), key, number).replace("{}", &number.to_string()).into()
}

/// What `language` calls the language with this code; the name that its speakers use where `language` has no word for it.
pub fn language(language: Language, code: &str) -> String {
    let key = format!("language.{code}");
    let known = bam_station_ui::keys(language.code()).any(|known| known == key);
    bam_station_ui::text(if known { language.code() } else { code }, if known { &key } else { "language.self" }).to_owned()
}

/// Puts `items` into the list that a screen shows. Rows that stay the same are not touched, so that nobody loses the keyboard's
/// place or the place in a list that scrolls.
pub fn fill<T: Clone + PartialEq + 'static>(shown: &ModelRc<T>, items: Vec<T>, set: impl FnOnce(ModelRc<T>)) {
    if shown.row_count() != items.len() {
        set(ModelRc::new(VecModel::from(items)));
        return;
    }
    for (row, item) in items.into_iter().enumerate() {
        if shown.row_data(row).as_ref() != Some(&item) {
            shown.set_row_data(row, item);
        }
    }
}

/// A function's name.
pub fn function(language: Language, function: Function) -> SharedString {
    text(language, &format!("function.{}", function.name()))
}

/// A certificate kind's name.
pub fn kind(language: Language, kind: CertificateKind) -> SharedString {
    text(language, &format!("kind.{}", kind.name()))
}

/// A method's name.
pub fn method(language: Language, method: Method) -> SharedString {
    text(language, &format!("method.{}", method.name()))
}

/// A choice whose label, and note where there is one, are in the catalogue.
pub fn choice(language: Language, id: &str, key: &str) -> Choice {
    let note_key = format!("{key}-note");
    let has_note = bam_station_ui::keys(language.code()).any(|known| known == note_key);
    let note = if has_note { text(language, &note_key) } else { SharedString::default() };
    Choice { id: id.into(), label: text(language, key), note, enabled: true }
}

/// A finding.
pub fn finding(text: impl Into<SharedString>, tone: Tone) -> Finding {
    Finding { text: text.into(), tone }
}

/// A fault of the catalogue in a language. A code that the catalogue lacks is shown with the program's own words.
pub fn shown_fault(language: Language, code: &str, message: &str, tone: Tone) -> ShownFault {
    match fault::lookup(code) {
        Some(known) => ShownFault {
            code: code.into(),
            cause: language.of_marked(&known.cause).as_ref().into(),
            remedy: language.of_marked(&known.remedy).as_ref().into(),
            tone,
        },
        None => ShownFault { code: code.into(), cause: message.into(), remedy: SharedString::default(), tone },
    }
}

/// A date as dd.mm.yyyy.
pub fn date(date: Date) -> String {
    format!("{:02}.{:02}.{:04}", date.day(), date.month(), date.year())
}

/// A date in words, for example 3. mai 2026.
pub fn long_date(language: Language, date: Date) -> SharedString {
    let month = text(language, &format!("month.{}", date.month()));
    filled(language, "date.long", &[&date.day().to_string(), &month, &date.year().to_string()])
}

/// A time of day as hh:mm at the office.
pub fn time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M").to_string()
}

/// A date as people type it: dd.mm.yyyy, ddmmyyyy or yyyy-mm-dd.
pub fn parse_date(typed: &str) -> Option<Date> {
    let typed = typed.trim();
    if let Ok(date) = typed.parse::<Date>() {
        return Some(date);
    }
    let number = |text: &str| text.trim().parse::<i16>().ok();
    let parts: Vec<&str> = typed.split(['.', '/', ' ']).filter(|part| !part.is_empty()).collect();
    let (day, month, year) = match parts.as_slice() {
        [day, month, year] if year.len() == 4 => (number(day)?, number(month)?, number(year)?),
        [all] if all.len() == 8 => (number(all.get(..2)?)?, number(all.get(2..4)?)?, number(all.get(4..)?)?),
        _ => return None,
    };
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}
