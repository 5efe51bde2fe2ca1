//! A TOML file against its [`Schema`]: every mistake that one reading can find, or the value.

use std::{collections::BTreeMap, path::PathBuf};

use toml::de::{DeTable, DeValue};

use super::{
    Broken, ConfigError, Diagnostic,
    nearest::nearest,
    schema::{Field, Key, List, Schema, Section, SetTexts},
    source::Source,
};
use crate::digest::Digest;

/// More mistakes than this are not listed: the file needs more than a list.
const MOST_DIAGNOSTICS: usize = 20;

/// A file that was read: its value, and where each key stands.
#[derive(Debug, Clone)]
pub struct Loaded<T> {
    /// What the file says, defaults filled in.
    pub value: T,
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of the file's exact bytes.
    pub digest: Digest,
    places: Places,
}

/// Line and column of each (section, key) that the file has; the key `""` stands for the section itself.
type Places = BTreeMap<(&'static str, &'static str), (usize, usize)>;

impl<T> Loaded<T> {
    /// The line on which the file says `key`; `None` when the default holds.
    pub fn line_of(&self, section: &str, key: &str) -> Option<usize> {
        self.place(section, key).map(|(line, _)| line)
    }

    fn place(&self, section: &str, key: &str) -> Option<(usize, usize)> {
        self.places.iter().find(|(at, _)| **at == (section, key)).map(|(_, place)| *place)
    }

    /// A contradiction at `key`; at its section, or at the start of the file, when the file does not say the key.
    pub(super) fn contradiction(&self, section: &str, key: &str, message: String, allowed: &str) -> Diagnostic {
        let (line, column) = self.place(section, key).or_else(|| self.place(section, "")).unwrap_or((1, 1));
        Diagnostic { file: self.path.display().to_string(), line, column, message, allowed: allowed.into() }
    }
}

/// Reads `source` as the file that `schema` describes.
pub(super) fn read<C: Default>(source: &Source, schema: &Schema<C>) -> Result<Loaded<C>, ConfigError> {
    let (tree, syntax) = DeTable::parse_recoverable(&source.text);
    let mut reading = Reading { source, schema, value: C::default(), places: Places::new(), problems: Vec::new() };

    let mut kind = Broken::Invalid;
    let mut readable = true;
    for error in &syntax {
        readable &= reading.syntax_error(error);
    }
    if readable {
        reading.root(tree.get_ref());
    } else {
        kind = Broken::Syntax;
    }
    if !source.is_complete() {
        kind = Broken::CutOff;
        let message = "the last line does not end with a line break, so the file may be cut off";
        reading.problem(source.text.len(), message, "a line break after the last line of the complete file");
    }
    reading.finish(kind)
}

/// A mistake before its place is known as line and column: counting is left to the few that are shown.
#[derive(PartialEq)]
struct Problem {
    offset: usize,
    message: String,
    allowed: String,
}

struct Reading<'s, C: 'static> {
    source: &'s Source,
    schema: &'s Schema<C>,
    value: C,
    places: Places,
    problems: Vec<Problem>,
}

impl<C> Reading<'_, C> {
    fn problem(&mut self, offset: usize, message: impl Into<String>, allowed: impl Into<String>) {
        self.problems.push(Problem { offset, message: message.into(), allowed: allowed.into() });
    }

    fn finish(mut self, kind: Broken) -> Result<Loaded<C>, ConfigError> {
        if self.problems.is_empty() {
            let Source { path, digest, .. } = self.source;
            return Ok(Loaded { value: self.value, path: path.clone(), digest: *digest, places: self.places });
        }
        self.problems.sort_by_key(|problem| problem.offset);
        // The parser repeats itself where several brackets are open.
        self.problems.dedup();
        self.problems.truncate(MOST_DIAGNOSTICS);
        let diagnostics =
            self.problems.into_iter().map(|problem| self.source.diagnostic(problem.offset, problem.message, problem.allowed));
        Err(ConfigError::new(kind, diagnostics.collect()))
    }

    /// Notes what the TOML parser found. `true` when the rest of the tree can be trusted: a name that is there twice does no
    /// harm to the others.
    fn syntax_error(&mut self, error: &toml::de::Error) -> bool {
        // The parser names no place when the text ends too early.
        let span = error.span().unwrap_or(self.source.text.len()..self.source.text.len());
        let twice = error.message() == "duplicate key";
        if self.problems.len() < MOST_DIAGNOSTICS {
            if twice {
                let name = self.source.text.get(span.clone()).unwrap_or("");
                let message = format!("{} is there twice", quoted(name.trim_matches('"')));
                self.problem(span.start, message, "each key once in its section, and each section once");
            } else {
                let message = format!("this is not TOML: {}", error.message());
                self.problem(span.start, message, self.allowed_near(span.start));
            }
        }
        twice
    }

    /// What may stand on the line at `offset`, from the last section header before it and the key on it.
    fn allowed_near(&self, offset: usize) -> String {
        let line = self.source.line_at(offset).trim_start();
        let sections = format!("one of the sections {}", self.schema.section_names());
        if line.starts_with('[') {
            return sections;
        }
        let before = self.source.text.get(..self.source.text.floor_char_boundary(offset)).unwrap_or("");
        let header = before.lines().rev().map(str::trim).find(|line| line.starts_with('['));
        let name = header.and_then(|line| line.trim_start_matches('[').split(']').next()).map_or("", str::trim);
        let record = || self.schema.list(name).map(|list| &list.record);
        let Some(section) = self.schema.section(name).or_else(record) else { return sections };
        let word = line.split(['=', ' ', '\t']).next().unwrap_or("").trim();
        match section.key(word) {
            Some(key) => format!("{} = {}", key.name, key.field.allowed()),
            None => format!("lines KEY = VALUE with the keys {}", section.key_names().join(", ")),
        }
    }

    fn root(&mut self, tree: &DeTable<'_>) {
        let schema = self.schema;
        let top = schema.section("");
        for (name, value) in tree {
            let word = name.get_ref().as_ref();
            if let Some(section) = schema.section(word).filter(|section| !section.name.is_empty()) {
                self.places.insert((section.name, ""), self.source.place(value.span().start));
                if let DeValue::Table(table) = value.get_ref() {
                    self.section(section, table);
                } else {
                    let message = format!("{} is a section, but {} stands here", quoted(word), type_in_words(value.get_ref()));
                    self.problem(name.span().start, message, format!("the section {} written once", section.title()));
                }
            } else if let Some(list) = schema.list(word) {
                self.list(list, name.span().start, value);
            } else if let Some(key) = top.and_then(|top| top.key(word)) {
                self.key("", key, name.span().start, value);
            } else {
                self.unknown(top, word, name.span().start);
            }
        }
        self.required(tree);
    }

    fn section(&mut self, section: &Section<C>, table: &DeTable<'_>) {
        for (name, value) in table {
            let word = name.get_ref().as_ref();
            match section.key(word) {
                Some(key) => self.key(section.name, key, name.span().start, value),
                None => self.unknown(Some(section), word, name.span().start),
            }
        }
    }

    /// Reads the records of a list. A mistake that no key alone makes is told at the record.
    fn list(&mut self, list: &List<C>, offset: usize, value: &toml::Spanned<DeValue<'_>>) {
        let title = list.record.title();
        let DeValue::Array(records) = value.get_ref() else {
            let message =
                format!("\"{}\" may be there more than once, but {} stands here", list.name, type_in_words(value.get_ref()));
            return self.problem(offset, message, format!("{title} before the keys of each record"));
        };
        for record in records {
            let DeValue::Table(table) = record.get_ref() else {
                let message =
                    format!("\"{}\" is a list of records, but {} stands in it", list.name, type_in_words(record.get_ref()));
                self.problem(record.span().start, message, format!("{title} before the keys of each record"));
                continue;
            };
            let problems_before = self.problems.len();
            (list.begin)(&mut self.value);
            self.section(&list.record, table);
            for key in list.record.keys.iter().filter(|key| key.required && !table.contains_key(key.name)) {
                let message = format!("\"{}\" is missing in this {title}", key.name);
                self.problem(record.span().start, message, format!("{} = {}", key.name, key.field.allowed()));
            }
            if self.problems.len() == problems_before
                && let Err(wrong) = (list.check)(&self.value)
            {
                self.problem(record.span().start, format!("this {title} {wrong}"), "each record once, and complete");
            }
        }
    }

    fn key(&mut self, section: &'static str, key: &Key<C>, offset: usize, value: &toml::Spanned<DeValue<'_>>) {
        self.places.insert((section, key.name), self.source.place(offset));
        if let Err((place, wrong)) = take(&mut self.value, &key.field, value.get_ref()) {
            let place = place.unwrap_or(value.span().start);
            self.problem(place, format!("\"{}\" {wrong}", key.name), key.field.allowed());
        }
    }

    fn unknown(&mut self, section: Option<&Section<C>>, word: &str, offset: usize) {
        let here = section.map(Section::title);
        let names = section.map(Section::key_names).unwrap_or_default();
        let at_top = section.is_none_or(|section| section.name.is_empty());
        let sections = || {
            let single = self.schema.sections.iter().map(|section| section.name).filter(|name| !name.is_empty());
            single.chain(self.schema.lists.iter().map(|list| list.name))
        };
        let near = nearest(word, names.iter().copied()).map(|name| format!("did you mean \"{name}\"?"));
        let near = near.or_else(|| {
            let all = self.schema.sections.iter().chain(self.schema.lists.iter().map(|list| &list.record));
            let elsewhere = all.into_iter().find(|section| section.key(word).is_some());
            elsewhere.map(|section| format!("it belongs in {}", section.title()))
        });
        let near = near.or_else(|| {
            let name = nearest(word, sections())?;
            let list = self.schema.list(name).map(|list| list.record.title());
            at_top.then(|| format!("did you mean {}?", list.unwrap_or_else(|| format!("[{name}]"))))
        });

        let place = match here {
            Some(title) if !at_top => format!(" in {title}"),
            _ => String::new(),
        };
        let hint = near.map(|near| format!("; {near}")).unwrap_or_default();
        let message = format!("unknown key {}{place}{hint}", quoted(word));
        let allowed = match (at_top, names.is_empty()) {
            (true, true) => format!("the sections {}", self.schema.section_names()),
            (true, false) => format!("{}, then the sections {}", names.join(", "), self.schema.section_names()),
            (false, _) => names.join(", "),
        };
        self.problem(offset, message, allowed);
    }

    /// Notes the required keys that the file does not have: at their section, or at the start of the file.
    fn required(&mut self, tree: &DeTable<'_>) {
        for section in self.schema.sections {
            let offset = tree.get(section.name).map_or(0, |table| table.span().start);
            for key in section.keys.iter().filter(|key| key.required) {
                if !self.places.contains_key(&(section.name, key.name)) {
                    let message = format!("\"{}\" is missing in {}", key.name, section.title());
                    self.problem(offset, message, format!("{} = {}", key.name, key.field.allowed()));
                }
            }
        }
    }
}

/// Whether a value, written as TOML, may stand at a key: by the same reading as in a file. `config` is where it is tried.
pub(super) fn accepts<C>(config: &mut C, field: &Field<C>, written: &str) -> bool {
    one_value(written, |value| take(config, field, value).is_ok()).unwrap_or(false)
}

/// Does something with a value written as TOML; `None` when it is no value, or more than one: a line break or a comment could bring
/// another key with it.
pub(super) fn one_value<T>(written: &str, with: impl FnOnce(&DeValue<'_>) -> T) -> Option<T> {
    let line = format!("value = {written}\n");
    let (table, problems) = DeTable::parse_recoverable(&line);
    let value = table.get_ref().get("value")?;
    let whole = value.span() == ("value = ".len()..line.len().saturating_sub(1));
    let alone = table.get_ref().len() == 1 && problems.is_empty() && whole;
    alone.then(|| with(value.get_ref()))
}

/// Puts `value` in its place, or says what is wrong with it, and where in a list.
fn take<C>(config: &mut C, field: &Field<C>, value: &DeValue<'_>) -> Result<(), (Option<usize>, String)> {
    match (field, value) {
        (Field::Texts { set, .. } | Field::Words { set, .. }, DeValue::Array(items)) => set_texts(config, *set, items),
        (field, value) => set(config, field, value).map_err(|wrong| (None, wrong)),
    }
}

/// Puts `value` in its place, or says what is wrong with it.
fn set<C>(config: &mut C, field: &Field<C>, value: &DeValue<'_>) -> Result<(), String> {
    match (field, value) {
        (Field::Switch(at), DeValue::Boolean(on)) => *at(config) = *on,
        (Field::Count { min, max, at }, DeValue::Integer(_)) => *at(config) = whole(value, *min, *max)?,
        (Field::Number { min, max, at }, DeValue::Integer(_)) => *at(config) = whole(value, *min, *max)?,
        (Field::Choice { of, set, .. }, DeValue::String(word)) => {
            if !set(config, word) {
                let hint = nearest(word, of.iter().copied()).map(|near| format!("; did you mean \"{near}\"?"));
                return Err(format!("is {}{}", quoted(word), hint.unwrap_or_default()));
            }
        }
        (Field::Text { set, .. }, DeValue::String(text)) => set(config, text)?,
        (Field::Day { set, .. }, DeValue::String(text)) => set(config, text.parse().map_err(|_| "is no day")?),
        (Field::Day { set, .. }, DeValue::Datetime(moment)) => match (moment.date, moment.time) {
            (Some(_), None) => set(config, moment.to_string().parse().map_err(|_| "is no day")?),
            _ => return Err("is a time, not a day".into()),
        },
        _ => return Err(format!("has {} as its value", type_in_words(value))),
    }
    Ok(())
}

/// Puts several texts in their place, or says what is wrong and where.
fn set_texts<C>(config: &mut C, set: SetTexts<C>, items: &toml::de::DeArray<'_>) -> Result<(), (Option<usize>, String)> {
    let mut texts: Vec<&str> = Vec::new();
    for item in items {
        match item.get_ref() {
            DeValue::String(text) => texts.push(text),
            other => return Err((Some(item.span().start), format!("has {} in its list", type_in_words(other)))),
        }
    }
    set(config, &texts).map_err(|(at, wrong)| {
        let text = texts.get(at).copied().unwrap_or_default();
        (items.get(at).map(|item| item.span().start), format!("has {} in its list, which {wrong}", quoted(text)))
    })
}

fn whole<N: TryFrom<i64> + PartialOrd>(value: &DeValue<'_>, min: N, max: N) -> Result<N, String> {
    let number = value.as_integer().and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok());
    number
        .and_then(|number| N::try_from(number).ok())
        .filter(|number| (min..=max).contains(number))
        .ok_or_else(|| number.map_or_else(|| "is out of range".into(), |number| format!("is {number}, which is out of range")))
}

fn type_in_words(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A word of the file as it is repeated in a message: short, and without control characters.
pub(super) fn quoted(word: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String = word.chars().take(LONGEST).collect();
    if short.len() < word.len() {
        short.push('…');
    }
    format!("{short:?}")
}

/// Reads `source` through serde, for files whose shape is a list of records. `shape` says what is allowed in them.
pub(super) fn deserialize<T: serde::de::DeserializeOwned>(source: &Source, shape: &str) -> Result<T, ConfigError> {
    let (_, syntax) = DeTable::parse_recoverable(&source.text);
    let end = source.text.len();
    let place = |error: &toml::de::Error| error.span().map_or(end, |span| span.start);
    let mut diagnostics: Vec<Diagnostic> = syntax
        .iter()
        .take(MOST_DIAGNOSTICS)
        .map(|error| source.diagnostic(place(error), format!("this is not TOML: {}", error.message()), shape))
        .collect();
    if !source.is_complete() {
        let message = "the last line does not end with a line break, so the file may be cut off";
        diagnostics.push(source.diagnostic(end, message, "a line break after the last line of the complete file"));
        return Err(ConfigError::new(Broken::CutOff, diagnostics));
    }
    if !diagnostics.is_empty() {
        return Err(ConfigError::new(Broken::Syntax, diagnostics));
    }
    toml::from_str(&source.text)
        .map_err(|error| ConfigError::one(Broken::Invalid, source.diagnostic(place(&error), error.message(), shape)))
}
