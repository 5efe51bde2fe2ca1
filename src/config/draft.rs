//! MASTER.toml or LOCAL.toml while an administrator changes it: what the file says, and what is typed over it. Nothing is written here.

use std::{collections::BTreeMap, path::Path};

use super::{
    ConfigError, Loaded, Local, Master,
    difference::records,
    edit::{Assignment, Edits, RecordEdit},
    local, master, reader,
    schema::{Field, Key, List, Schema, Value},
    source::{FILE_LIMIT, Source},
    tabs::{self, Group, Record, Tab},
};
use crate::digest::Digest;

/// MASTER.toml with its values as they are written: files and folders are not taken from any place yet.
///
/// # Errors
/// The file cannot be read.
pub fn read_as_written(file: &Path) -> Result<Loaded<Master>, ConfigError> {
    reader::read(&Source::read(file, FILE_LIMIT)?, &master::SCHEMA)
}

/// LOCAL.toml in the same way.
///
/// # Errors
/// The file cannot be read.
pub fn read_local_as_written(file: &Path) -> Result<Loaded<Local>, ConfigError> {
    reader::read(&Source::read(file, FILE_LIMIT)?, &local::SCHEMA)
}

/// What the file says and what is typed over it, by section and key.
#[derive(Clone)]
pub struct Draft<C: 'static = Master> {
    schema: &'static Schema<C>,
    file: Loaded<C>,
    typed: BTreeMap<(&'static str, &'static str), String>,
    /// By list and number. Numbers beyond those of the file are new records.
    records: BTreeMap<(&'static str, usize), TypedRecord>,
}

/// What is typed over a record.
#[derive(Debug, Clone, Default)]
struct TypedRecord {
    typed: BTreeMap<&'static str, String>,
    gone: bool,
}

impl<C> std::fmt::Debug for Draft<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft").field("typed", &self.typed).field("records", &self.records).finish_non_exhaustive()
    }
}

/// What the screens do with a file, whichever it is.
pub trait Typing {
    /// Digest of the file that is changed.
    fn digest(&self) -> Digest;
    /// Types a value. What the file says already is no change; a key that the file does not have is not typed.
    fn set(&mut self, section: &str, key: &str, typed: &str);
    /// Types a value of a record.
    fn set_record(&mut self, list: &str, number: usize, key: &str, typed: &str);
    /// Begins a new record with these values.
    fn add_record(&mut self, list: &str, values: &[(&str, &str)]);
    /// Takes a record out, or leaves it in after all.
    fn withdraw(&mut self, list: &str, number: usize);
    /// What is shown for a key of a record: what is typed, else what the file says.
    fn shown_record(&self, list: &str, number: usize, key: &str) -> String;
    /// Takes every change back.
    fn undo(&mut self);
    /// How many keys and records are changed.
    fn changes(&self) -> usize;
    /// Whether anything that is typed cannot be a value.
    fn has_wrong(&self) -> bool;
    /// What is to be done to the file.
    fn edits(&self) -> Edits;
}

impl Draft<Master> {
    /// MASTER.toml as it is.
    pub fn new(file: Loaded<Master>) -> Self {
        Self::of(&master::SCHEMA, file)
    }

    /// The keys of a tab, with what does not matter under the LRA mode that is typed, and with the records that are new.
    pub fn groups(&self, tab: Tab) -> Vec<Group> {
        let mut values = self.file.value.clone();
        if let Some(mode) = self.typed(("Common", "LraMode"))
            && let Some(Field::Choice { set, .. }) = self.key("Common", "LraMode").map(|key| &key.field)
        {
            set(&mut values, mode);
        }
        let mut groups = tabs::of_master(tab, &values);
        for group in &mut groups {
            let list = self.schema.lists.iter().find(|list| list.record.name == group.section);
            if let (Some(list), Some(records)) = (list, &mut group.records) {
                let new = self.records.keys().filter(|(name, number)| *name == list.name && *number >= records.len());
                let new: Vec<Record> = new.map(|(_, number)| Record::last(list, *number, &list.blank())).collect();
                records.extend(new);
            }
        }
        groups
    }
}

impl Draft<Local> {
    /// LOCAL.toml as it is.
    pub fn of_local(file: Loaded<Local>) -> Self {
        Self::of(&local::SCHEMA, file)
    }

    /// The keys of a tab.
    pub fn groups(&self, tab: Tab) -> Vec<Group> {
        tabs::of_local(tab, &self.file.value)
    }
}

impl<C: Clone + Default> Draft<C> {
    fn of(schema: &'static Schema<C>, file: Loaded<C>) -> Self {
        Self { schema, file, typed: BTreeMap::new(), records: BTreeMap::new() }
    }

    fn key(&self, section: &str, key: &str) -> Option<&'static Key<C>> {
        self.schema.section(section).and_then(|section| section.key(key))
    }

    /// How many records of a list the file has.
    fn count(&self, list: &List<C>) -> usize {
        (list.count)(&self.file.value)
    }

    /// The file, or an empty one, in which this record is the last.
    fn with_record(&self, list: &'static List<C>, number: usize) -> C {
        list.records(&self.file.value).nth(number).unwrap_or_else(|| list.blank())
    }

    /// The same changes to the file as it is now. Changes to records whose list is another one by now are lost.
    pub fn follow(&mut self, file: Loaded<C>) {
        let before = std::mem::replace(self, Self::of(self.schema, file));
        for ((section, key), text) in &before.typed {
            self.set(section, key, text);
        }
        for ((name, number), typed) in before.records {
            let Some(list) = self.schema.list(name) else { continue };
            if number >= (list.count)(&before.file.value) {
                self.records.insert((name, self.next_number(list)), typed);
            } else if records(list, &before.file.value) == records(list, &self.file.value) {
                self.records.insert((name, number), typed);
            }
        }
    }

    fn next_number(&self, list: &List<C>) -> usize {
        let new = self.records.keys().filter(|(name, _)| *name == list.name).map(|(_, number)| number.saturating_add(1));
        new.max().unwrap_or(0).max(self.count(list))
    }

    /// Types the values of a signed version.
    pub fn back_to(&mut self, values: &BTreeMap<String, serde_json::Value>) {
        self.undo();
        for section in self.schema.sections {
            for key in section.keys {
                let value = values.get(&format!("{}.{}", section.name, key.name));
                if let Some(text) = value.and_then(from_signed) {
                    self.set(section.name, key.name, &text);
                }
            }
        }
        for list in self.schema.lists {
            if let Some(signed) = values.get(list.name).and_then(serde_json::Value::as_array) {
                self.records_back_to(list, signed);
            }
        }
    }

    /// A record is known again by its required keys.
    fn records_back_to(&mut self, list: &'static List<C>, signed: &[serde_json::Value]) {
        let text = |record: &serde_json::Value, key: &Key<C>| record.get(key.name).and_then(from_signed).unwrap_or_default();
        let mut left: Vec<&serde_json::Value> = signed.iter().collect();
        for number in 0..self.count(list) {
            let is_same = |record: &&serde_json::Value| {
                let mut required = list.record.keys.iter().filter(|key| key.required);
                required.all(|key| text(record, key) == self.shown_record(list.name, number, key.name))
            };
            match left.iter().position(is_same).map(|at| left.remove(at)) {
                Some(record) => {
                    for key in list.record.keys {
                        self.set_record(list.name, number, key.name, &text(record, key));
                    }
                }
                None => self.withdraw(list.name, number),
            }
        }
        for record in left {
            let values: Vec<_> = list.record.keys.iter().map(|key| (key.name, text(record, key))).collect();
            let values: Vec<_> = values.iter().map(|(key, text)| (*key, text.as_str())).collect();
            self.add_record(list.name, &values);
        }
    }

    /// What is typed for a key.
    pub fn typed(&self, place: (&str, &str)) -> Option<&str> {
        self.typed.iter().find(|(at, _)| **at == place).map(|(_, text)| text.as_str())
    }

    /// What is shown for a key: what is typed, else what the file says.
    pub fn shown(&self, section: &str, key: &str) -> String {
        if let Some(typed) = self.typed((section, key)) {
            return typed.to_owned();
        }
        as_typed(self.key(section, key).and_then(|key| key.field.value(&self.file.value)).as_ref())
    }

    /// Whether what is typed for a key cannot be its value.
    pub fn is_wrong(&self, section: &str, key: &str) -> bool {
        let Some(typed) = self.typed((section, key)) else { return false };
        self.key(section, key).is_none_or(|key| is_wrong(key, &mut self.file.value.clone(), typed))
    }

    /// Whether what is shown for a key of a record cannot be its value. A new record is looked at whole.
    pub fn is_wrong_in(&self, name: &str, number: usize, key: &str) -> bool {
        let Some(list) = self.schema.list(name) else { return false };
        let Some(record) = self.record(name, number).filter(|record| !record.gone) else { return false };
        let Some(key) = list.record.key(key) else { return false };
        match record.typed.get(key.name) {
            Some(typed) => is_wrong(key, &mut self.with_record(list, number), typed),
            None => key.required && number >= self.count(list),
        }
    }

    fn record(&self, name: &str, number: usize) -> Option<&TypedRecord> {
        self.records.iter().find(|((list, at), _)| *list == name && *at == number).map(|(_, record)| record)
    }

    /// Whether a key of a record differs from the file.
    pub fn is_changed_in(&self, name: &str, number: usize, key: &str) -> bool {
        self.record(name, number).is_some_and(|record| record.typed.contains_key(key))
    }

    /// A record of the file is to be taken out.
    pub fn is_withdrawn(&self, name: &str, number: usize) -> bool {
        self.record(name, number).is_some_and(|record| record.gone)
    }

    /// A record is not in the file yet.
    pub fn is_new(&self, name: &str, number: usize) -> bool {
        self.schema.list(name).is_some_and(|list| number >= self.count(list))
    }

    fn record_edits(&self) -> Vec<RecordEdit> {
        let mut edits = Vec::new();
        for (&(name, at), record) in &self.records {
            let Some(list) = self.schema.list(name) else { continue };
            let each = record.typed.iter().filter_map(|(key, typed)| Some((*key, written(&list.record.key(key)?.field, typed))));
            let list_name = || name.to_owned();
            if at >= self.count(list) {
                let values = each.filter_map(|(key, value)| Some((key.to_owned(), value.ok()??)));
                edits.push(RecordEdit::Add { list: list_name(), values: values.collect() });
            } else if record.gone {
                edits.push(RecordEdit::Remove { list: list_name(), at });
            } else {
                edits.extend(each.map(|(key, value)| RecordEdit::Set {
                    list: list_name(),
                    at,
                    key: key.to_owned(),
                    value: value.unwrap_or_default(),
                }));
            }
        }
        edits
    }

    /// What is to be done to the keys of the file.
    pub fn assignments(&self) -> Vec<Assignment> {
        let one = |(&(section, key), typed): (&(&'static str, &'static str), &String)| {
            let value = self.key(section, key).and_then(|key| written(&key.field, typed).unwrap_or_default());
            Assignment { section: section.to_owned(), key: key.to_owned(), value }
        };
        self.typed.iter().map(one).collect()
    }
}

impl<C: Clone + Default> Typing for Draft<C> {
    fn digest(&self) -> Digest {
        self.file.digest
    }

    fn set(&mut self, section: &str, key: &str, typed: &str) {
        let section = self.schema.section(section);
        let Some((section, key)) = section.and_then(|section| Some((section, section.key(key)?))) else { return };
        let same = as_typed(key.field.value(&self.file.value).as_ref()) == typed.trim();
        let place = (section.name, key.name);
        if same {
            self.typed.remove(&place);
        } else {
            self.typed.insert(place, typed.to_owned());
        }
    }

    fn set_record(&mut self, list: &str, number: usize, key: &str, typed: &str) {
        let Some(list) = self.schema.list(list) else { return };
        let Some(key) = list.record.key(key) else { return };
        let same = as_typed(key.field.value(&self.with_record(list, number)).as_ref()) == typed.trim();
        let is_new = number >= self.count(list);
        let record = self.records.entry((list.name, number)).or_default();
        if same {
            record.typed.remove(key.name);
        } else {
            record.typed.insert(key.name, typed.to_owned());
        }
        if record.typed.is_empty() && !record.gone && !is_new {
            self.records.remove(&(list.name, number));
        }
    }

    fn add_record(&mut self, list: &str, values: &[(&str, &str)]) {
        let Some(list) = self.schema.list(list) else { return };
        let number = self.next_number(list);
        self.records.insert((list.name, number), TypedRecord::default());
        for (key, typed) in values {
            self.set_record(list.name, number, key, typed);
        }
    }

    fn withdraw(&mut self, list: &str, number: usize) {
        let Some(list) = self.schema.list(list) else { return };
        let place = (list.name, number);
        if number >= self.count(list) {
            self.records.remove(&place);
            return;
        }
        let record = self.records.entry(place).or_default();
        record.gone = !record.gone;
        if !record.gone && record.typed.is_empty() {
            self.records.remove(&place);
        }
    }

    fn shown_record(&self, name: &str, number: usize, key: &str) -> String {
        if let Some(typed) = self.record(name, number).and_then(|record| record.typed.get(key)) {
            return typed.clone();
        }
        let Some(list) = self.schema.list(name) else { return String::new() };
        as_typed(list.record.key(key).and_then(|key| key.field.value(&self.with_record(list, number))).as_ref())
    }

    fn undo(&mut self) {
        self.typed.clear();
        self.records.clear();
    }

    fn changes(&self) -> usize {
        self.typed.len().saturating_add(self.records.len())
    }

    fn has_wrong(&self) -> bool {
        let in_record = |(name, number): &(&'static str, usize)| {
            let keys = self.schema.list(name).map(|list| list.record.keys).unwrap_or_default();
            keys.iter().any(|key| self.is_wrong_in(name, *number, key.name))
        };
        self.typed.keys().any(|(section, key)| self.is_wrong(section, key)) || self.records.keys().any(in_record)
    }

    fn edits(&self) -> Edits {
        Edits { assignments: self.assignments(), records: self.record_edits() }
    }
}

/// What is typed, as TOML: `None` for nothing, which takes the key out of the file; an error for a list that is none.
fn written<C>(field: &Field<C>, typed: &str) -> Result<Option<String>, NoList> {
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let typed = typed.trim();
    Ok(match field {
        Field::Text { .. } | Field::Texts { .. } | Field::Day { .. } if typed.is_empty() => None,
        Field::Text { .. } | Field::Choice { .. } => Some(text(typed)),
        Field::Texts { .. } | Field::Words { .. } => {
            let entries = entries(typed).ok_or(NoList)?;
            Some(format!("[{}]", entries.iter().map(|entry| text(entry)).collect::<Vec<_>>().join(", ")))
        }
        _ => Some(typed.to_owned()),
    })
}

/// What is typed for a list is none.
struct NoList;

/// Whether what is typed cannot be the key's value: by the same reading as in the file. `place` is where it is tried.
fn is_wrong<C>(key: &Key<C>, place: &mut C, typed: &str) -> bool {
    match written(&key.field, typed) {
        Err(NoList) => true,
        Ok(None) => key.required,
        Ok(Some(written)) => !reader::accepts(place, &key.field, &written),
    }
}

/// The entries of a list as people type it: with commas between them, or as TOML; `None` when it is neither.
fn entries(typed: &str) -> Option<Vec<String>> {
    if !typed.starts_with('[') {
        return Some(typed.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(ToOwned::to_owned).collect());
    }
    let table: toml::Table = format!("list = {typed}\n").parse().ok()?;
    let list = table.get("list").filter(|_| table.len() == 1)?.as_array()?;
    list.iter().map(|entry| entry.as_str().map(ToOwned::to_owned)).collect()
}

/// A value as people type it.
pub fn as_typed(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Texts(texts)) if texts.iter().all(|text| !text.contains(',')) => texts.join(", "),
        Some(other) => other.to_string(),
    }
}

/// The value of a signed version as people type it; `None` for what no key holds.
fn from_signed(value: &serde_json::Value) -> Option<String> {
    Some(match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::Bool(on) => on.to_string(),
        serde_json::Value::Number(number) => number.to_string(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(entries) => {
            let texts: Option<Vec<String>> = entries.iter().map(|entry| entry.as_str().map(ToOwned::to_owned)).collect();
            as_typed(Some(&Value::Texts(texts?)))
        }
        serde_json::Value::Object(_) => return None,
    })
}
