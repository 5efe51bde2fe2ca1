//! What the operator typed, held against what the machine readable zone of the document states: every mismatch with both values.
//!
//! The check finds typing errors and altered documents; it never corrects. A zone that is not certain is no ground to refuse:
//! the caller passes only what was read for certain, or shows the mismatches of a doubtful one as such.

use bam_station_imaging::mrz::{Fields, Format};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    CertificateKind, DocumentKind, IdentityNumber, Person,
    document_kind::{KindRefusal, Presented},
    name::DocumentName,
    zone_name::{self, ZoneAgreement, ZoneName},
};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matter {
    /// The kind that was chosen: the format of its zone.
    KindFormat,
    /// The kind that was chosen: the document code.
    KindCode,
    /// The issuing state.
    IssuingState,
    /// The document number.
    Number,
    /// First names as printed.
    FirstNames,
    /// Last name as printed.
    LastName,
    /// Date of birth as printed.
    BirthDate,
    /// Last day of validity.
    Expiry,
    /// Identity number as printed, where the zone has one.
    IdentityNumber,
    /// First names as the organisation knows them.
    RegisteredFirstNames,
    /// Last name as the organisation knows it.
    RegisteredLastName,
    /// Date of birth as the organisation knows it.
    RegisteredBirthDate,
    /// Identity number as the organisation knows it, where the zone has one.
    RegisteredIdentityNumber,
}

/// Two values that should agree and do not.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// What they are.
    pub matter: Matter,
    /// As typed, chosen or registered.
    pub typed: String,
    /// As the zone states it.
    pub zone: String,
}

impl std::fmt::Debug for Mismatch {
    /// Without the values: they are a person's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mismatch").field("matter", &self.matter).finish_non_exhaustive()
    }
}

/// What was typed and chosen.
#[derive(Clone, Copy)]
pub struct Typed<'a> {
    /// The kind that was chosen.
    pub kind: &'a DocumentKind,
    /// Issuing state, as printed.
    pub issuing_state: &'a str,
    /// Document number, as printed.
    pub number: &'a str,
    /// Date of issue, where printed.
    pub issued: Option<Date>,
    /// Last day of validity.
    pub expires: Date,
    /// Names, as printed.
    pub name: &'a DocumentName,
    /// Date of birth, as printed.
    pub birth_date: Date,
    /// Identity number, where printed.
    pub identity_number: Option<&'a IdentityNumber>,
    /// The person as the organisation knows the person.
    pub person: &'a Person,
}

/// The answer of [`cross_check`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CrossCheck {
    /// What does not agree.
    pub mismatches: Vec<Mismatch>,
    /// The name agrees as far as the zone goes: the rest must be read in the document.
    pub name_cut: bool,
    /// Why the document is refused, by what was typed or by what the zone states.
    pub refusals: Vec<KindRefusal>,
}

impl CrossCheck {
    /// Whether nothing stands in the way.
    pub fn is_good(&self) -> bool {
        self.mismatches.is_empty() && self.refusals.is_empty()
    }
}

/// Compares. `zone` is the zone's format and fields; without one only the kind's own rules are asked.
pub fn cross_check(
    typed: Typed<'_>,
    zone: Option<(Format, &Fields)>,
    certificate: CertificateKind,
    today: Date,
    training: bool,
) -> CrossCheck {
    let Typed { kind, issuing_state, issued, expires, .. } = typed;
    let mut refusals = kind.refusals(Presented { issuing_state, issued, expires }, certificate, today, training);
    let Some((format, fields)) = zone else { return CrossCheck { refusals, ..CrossCheck::default() } };
    // A zone has two digits of the year; where they are those of the date that was typed in full, that is the date.
    if let Some(on) = expiry(&fields.expiry_date, today).filter(|on| *on < today && !is_date(expires, &fields.expiry_date))
        && !refusals.iter().any(|refusal| matches!(refusal, KindRefusal::Expired { .. }))
    {
        refusals.push(KindRefusal::Expired { on });
    }
    let mut mismatches = Vec::new();
    let mut note = |agrees: bool, matter, typed: String, zone: &str| {
        if !agrees {
            mismatches.push(Mismatch { matter, typed, zone: zone.to_owned() });
        }
    };

    let expected = kind.mrz.as_ref();
    let name_of = |format: Format| match format {
        Format::Td1 => "TD1",
        Format::Td2 => "TD2",
        Format::Td3 => "TD3",
    };
    let own = expected.map_or("–", |zone| name_of(zone.format));
    note(own == name_of(format), Matter::KindFormat, own.to_owned(), name_of(format));
    if let Some(expected) = expected {
        let agrees = expected.codes.iter().any(|code| fields.document_code.starts_with(code.as_str()));
        note(agrees, Matter::KindCode, expected.codes.join(", "), &fields.document_code);
    }
    note(
        plain(issuing_state) == plain(&fields.issuing_state),
        Matter::IssuingState,
        issuing_state.to_owned(),
        &fields.issuing_state,
    );
    note(plain(typed.number) == plain(&fields.number), Matter::Number, typed.number.to_owned(), &fields.number);
    for (date, matter) in [(Some(typed.birth_date), Matter::BirthDate), (typed.person.birth_date, Matter::RegisteredBirthDate)] {
        if let Some(date) = date {
            note(is_date(date, &fields.birth_date), matter, date.to_string(), &fields.birth_date);
        }
    }
    note(is_date(expires, &fields.expiry_date), Matter::Expiry, expires.to_string(), &fields.expiry_date);
    for (number, matter) in [
        (typed.identity_number, Matter::IdentityNumber),
        (typed.person.identity_number.as_ref(), Matter::RegisteredIdentityNumber),
    ] {
        if let Some((number, stated)) = number.zip(stated_identity_number(fields)) {
            note(*number == stated, matter, number.digits().to_owned(), stated.digits());
        }
    }

    let name_cut = names(typed, format, fields, &mut note);
    CrossCheck { mismatches, name_cut, refusals }
}

/// Notes what differs in the names. `true` when they agree only as far as the zone goes.
fn names(typed: Typed<'_>, format: Format, fields: &Fields, note: &mut impl FnMut(bool, Matter, String, &str)) -> bool {
    let room = match format {
        Format::Td1 => 30,
        Format::Td2 => 31,
        Format::Td3 => 39,
    };
    let zone = ZoneName { surname: &fields.surname, given_names: &fields.given_names, room };
    let Typed { name: DocumentName { first_names, last_name, middle }, person, .. } = typed;
    let middle = middle.as_deref().unwrap_or_default();
    let printed = zone_name::printed(first_names, middle, last_name, zone);
    let registered = zone_name::registered(&person.first_names, &person.last_name, middle, zone);
    let with_middle = |name: &str| [name.trim(), middle.trim()].join(" ").trim().to_owned();
    for (agreement, matter, typed, stated) in [
        (printed[0], Matter::FirstNames, with_middle(first_names), &fields.given_names),
        (printed[1], Matter::LastName, last_name.trim().to_owned(), &fields.surname),
        (registered[0], Matter::RegisteredFirstNames, person.first_names.trim().to_owned(), &fields.given_names),
        (registered[1], Matter::RegisteredLastName, person.last_name.trim().to_owned(), &fields.surname),
    ] {
        note(agreement != ZoneAgreement::Differs, matter, typed, stated);
    }
    printed.into_iter().chain(registered).any(|agreement| agreement == ZoneAgreement::AgreesAsFarAsItGoes)
}

/// Letters and digits alone, capital: how a number is set apart on paper says nothing.
fn plain(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}' | '<' | '.' | '/'));
    kept.flat_map(char::to_uppercase).collect()
}

/// Whether YYMMDD is this date. Unknown parts of a birth date are fillers and agree (ICAO 9303-3 §4.8).
fn is_date(date: Date, stated: &str) -> bool {
    let part = |from: usize, value: i16| stated.get(from..from + 2).is_some_and(|part| part == "<<" || part.parse() == Ok(value));
    stated.len() == 6 && part(0, date.year().rem_euclid(100)) && part(2, date.month().into()) && part(4, date.day().into())
}

/// The expiry in full: of the years that end so the one nearest to today. A document is valid for far less than fifty years.
fn expiry(stated: &str, today: Date) -> Option<Date> {
    let part = |from: usize| stated.get(from..from + 2)?.parse::<i8>().ok();
    let century = today.year() - today.year().rem_euclid(100);
    let years = [century - 100, century, century + 100].map(|century| century + i16::from(part(0).unwrap_or_default()));
    let year = years.into_iter().min_by_key(|year| year.abs_diff(today.year()))?;
    part(0).and_then(|_| Date::new(year, part(2)?, part(4)?).ok())
}

/// The eleven digits of an identity number in the optional fields, where some states put them.
fn stated_identity_number(fields: &Fields) -> Option<IdentityNumber> {
    fields.optional.split(' ').find_map(|part| part.parse().ok())
}
