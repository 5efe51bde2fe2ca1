//! A CSV file with people, checked line by line.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use jiff::civil::Date;
use serde::Serialize;

use super::{
    Announced,
    csv::{Broken, Field, Records},
};
use crate::{
    digest::Digest,
    rules::{CertificateKind, IdentityNumber, Person},
};

/// Largest file, bytes.
const LARGEST: u64 = 16 << 20;

/// Most people in a file.
pub const MOST_LINES: usize = 100_000;

/// More mistakes than this are not listed.
pub const MOST_PROBLEMS: usize = 100;

/// Most columns of a line.
const MOST_FIELDS: usize = 64;

/// The columns that are read. Others are allowed and left alone.
const COLUMNS: [&str; 6] = ["first_names", "last_name", "user_name", "identity_number", "birth_date", "certificates"];

/// A mistake in the file. It repeats nothing of what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The name of the column; empty for the whole line.
    pub field: &'static str,
    /// What is wrong and what to do.
    pub what: String,
}

impl std::fmt::Display for LineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { line, column, field, what } = self;
        if field.is_empty() { write!(f, "{line}:{column}: {what}") } else { write!(f, "{line}:{column}: {field}: {what}") }
    }
}

/// A file without a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// The people.
    pub people: Vec<Announced>,
    /// SHA-256 of the file.
    pub file: Digest,
}

/// Why nothing is imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file.
    #[error("the file {} cannot be read ({why}): name a CSV file in UTF-8 of at most 16 MiB", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// The first line.
    #[error(
        "the first line names the columns: first_names, last_name, certificates and at least one of user_name, identity_number, birth_date ({why})"
    )]
    Header {
        /// What is missing or twice there.
        why: String,
    },
    /// Too many lines.
    #[error("the file has more than {MOST_LINES} people: divide it")]
    TooMany,
    /// Lines with mistakes.
    #[error("{} lines cannot be imported; nothing was changed: put them right and import the file again", .0.len())]
    Lines(Vec<LineError>),
}

impl ImportError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "PEOPLE_FILE_UNREADABLE",
            Self::Header { .. } => "PEOPLE_FILE_HEADER",
            Self::TooMany => "PEOPLE_FILE_TOO_MANY",
            Self::Lines(_) => "PEOPLE_FILE_LINES",
        }
    }
}

/// Reads a file whole, or says what is wrong in which lines. Dates are checked against `today`.
///
/// # Errors
/// [`ImportError`]
pub fn read(file: &Path, today: Date) -> Result<Lines, ImportError> {
    let unreadable = |why: String| ImportError::Unreadable { file: file.to_owned(), why };
    let failed = |error: std::io::Error| unreadable(error.kind().to_string());
    let metadata = std::fs::metadata(file).map_err(failed)?;
    if !metadata.is_file() {
        return Err(unreadable("it is a folder, a pipe or a device".into()));
    }
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if read as u64 > LARGEST {
        return Err(unreadable("it is too large".into()));
    }
    let digest = Digest::of(&bytes);
    let text = String::from_utf8(bytes).map_err(|_| unreadable("it is no text in UTF-8".into()))?;
    Ok(Lines { people: from_text(&text, today)?, file: digest })
}

fn from_text(text: &str, today: Date) -> Result<Vec<Announced>, ImportError> {
    let mut records = Records::new(text);
    let header = match records.next() {
        Some(Ok(header)) => header,
        Some(Err(Broken { what, .. })) => return Err(ImportError::Header { why: what.into() }),
        None => return Err(ImportError::Header { why: "the file is empty".into() }),
    };
    let columns = columns(&header)?;
    let mut people = Vec::new();
    let mut problems = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for record in records {
        if problems.len() >= MOST_PROBLEMS {
            break;
        }
        let fields = match record {
            Ok(fields) => fields,
            Err(Broken { line, column, what }) => {
                problems.push(LineError { line, column, field: "", what: what.into() });
                break;
            }
        };
        if people.len() >= MOST_LINES {
            return Err(ImportError::TooMany);
        }
        let line = Line { fields: &fields, columns: &columns };
        match line.read(today) {
            Ok(announced) => {
                let at = line.place();
                let twice = super::keys(&announced.person).into_iter().find_map(|key| seen.insert(key, at.0));
                if let Some(first) = twice {
                    let what = format!("the same person stands in line {first} already: keep one of the two");
                    problems.push(LineError { line: at.0, column: at.1, field: "", what });
                } else {
                    people.push(announced);
                }
            }
            Err(mistakes) => problems.extend(mistakes),
        }
    }
    if problems.is_empty() { Ok(people) } else { Err(ImportError::Lines(problems)) }
}

/// Where each of [`COLUMNS`] stands.
type Columns = [Option<usize>; 6];

fn columns(header: &[Field<'_>]) -> Result<Columns, ImportError> {
    let wrong = |why: String| Err(ImportError::Header { why });
    let mut columns: Columns = [None; 6];
    for (at, field) in header.iter().take(MOST_FIELDS).enumerate() {
        let name = field.text.trim().to_lowercase();
        for (known, place) in COLUMNS.iter().zip(&mut columns) {
            if *known == name && place.replace(at).is_some() {
                return wrong(format!("{known} is there twice"));
            }
        }
    }
    let [first, last, user, number, birth, certificates] = columns;
    for (name, place) in [("first_names", first), ("last_name", last), ("certificates", certificates)] {
        if place.is_none() {
            return wrong(format!("{name} is missing"));
        }
    }
    if user.or(number).or(birth).is_none() {
        return wrong("nothing tells two people of the same name apart".into());
    }
    Ok(columns)
}

struct Line<'l> {
    fields: &'l [Field<'l>],
    columns: &'l Columns,
}

impl Line<'_> {
    fn place(&self) -> (usize, usize) {
        self.fields.first().map_or((1, 1), |field| (field.line, field.column))
    }

    fn field(&self, name: &str) -> Option<&Field<'_>> {
        let at = COLUMNS.iter().position(|known| *known == name)?;
        self.fields.get((*self.columns.get(at)?)?)
    }

    fn read(&self, today: Date) -> Result<Announced, Vec<LineError>> {
        let mut problems = Vec::new();
        let (line, column) = self.place();
        let mut wrong = |field: &'static str, what: &str| {
            let (line, column) = self.field(field).map_or((line, column), |field| (field.line, field.column));
            problems.push(LineError { line, column, field, what: what.into() });
        };
        let text = |name: &str| self.field(name).map(|field| field.text.trim()).filter(|text| !text.is_empty());
        if self.fields.len() > MOST_FIELDS {
            wrong("", "the line has too many columns: is a quotation mark missing?");
        }
        let identity_number = text("identity_number").map(IdentityNumber::parse);
        if let Some(Err(error)) = &identity_number {
            wrong("identity_number", &error.to_string());
        }
        let birth_date = text("birth_date").map(day);
        match birth_date {
            Some(None) => wrong("birth_date", "is no date: write YYYY-MM-DD or DD.MM.YYYY"),
            Some(Some(born)) if born > today => wrong("birth_date", "lies in the future"),
            _ => {}
        }
        let identity_number = identity_number.and_then(Result::ok);
        let birth_date = birth_date.flatten();
        if let (Some(number), Some(born)) = (&identity_number, birth_date)
            && number.matches_birth_date(born) == Some(false)
        {
            wrong("birth_date", "does not agree with the identity number");
        }
        let certificates = text("certificates").and_then(kinds);
        if certificates.is_none() {
            wrong("certificates", "is not local, qualified or \"local qualified\"");
        }
        let person = Person {
            first_names: text("first_names").unwrap_or_default().to_owned(),
            last_name: text("last_name").unwrap_or_default().to_owned(),
            identity_number,
            birth_date,
            user_name: text("user_name").map(str::to_owned),
        };
        if person.last_name.is_empty() && person.first_names.is_empty() {
            wrong("last_name", "the person has no name");
        } else if let Err(error) = person.check() {
            wrong("", &error.to_string());
        }
        if person.identity_number.is_none() && person.user_name.is_none() && person.birth_date.is_none() {
            wrong("", "give at least one of user name, identity number and birth date: a name alone is not one person");
        }
        match certificates {
            Some(certificates) if problems.is_empty() => Ok(Announced { person, certificates }),
            _ => Err(problems),
        }
    }
}

/// A day as people and spreadsheets write it.
fn day(text: &str) -> Option<Date> {
    if let Ok(day) = text.parse() {
        return Some(day);
    }
    let mut parts = text.split('.');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let is_year = year.len() == 4 && parts.next().is_none();
    if is_year { Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok() } else { None }
}

/// The kinds of certificates that a field names.
fn kinds(text: &str) -> Option<Vec<CertificateKind>> {
    let words: Vec<String> = text.split([' ', '+', '/', '|']).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    let all = CertificateKind::ALL;
    let known = words.iter().all(|word| all.iter().any(|kind| kind.name() == word));
    let kinds: Vec<_> = all.into_iter().filter(|kind| words.iter().any(|word| word == kind.name())).collect();
    (known && !kinds.is_empty()).then_some(kinds)
}
