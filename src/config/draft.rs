//! MASTER.toml while an administrator changes it: what the file says, and what is typed over it. Nothing is written here.

use std::{collections::BTreeMap, path::Path};

use super::{
    ConfigError, Loaded, Master,
    edit::Assignment,
    master, reader,
    schema::{Field, Value},
    source::{FILE_LIMIT, Source},
    tabs::{self, Group, Tab},
};
use crate::digest::Digest;

/// MASTER.toml with its values as they are written: files and folders are not taken from any place yet.
pub fn read_as_written(file: &Path) -> Result<Loaded<Master>, ConfigError> {
    reader::read(&Source::read(file, FILE_LIMIT)?, &master::SCHEMA)
}

/// What the file says and what is typed over it, by section and key.
#[derive(Debug, Clone)]
pub struct Draft {
    file: Loaded<Master>,
    typed: BTreeMap<(&'static str, &'static str), String>,
}

impl Draft {
    /// The file as it is.
    pub fn new(file: Loaded<Master>) -> Self {
        Self { file, typed: BTreeMap::new() }
    }

    /// The same changes to the file as it is now.
    pub fn follow(&mut self, file: Loaded<Master>) {
        self.file = file;
        let typed = std::mem::take(&mut self.typed);
        for ((section, key), text) in typed {
            self.set(section, key, &text);
        }
    }

    /// Digest of the file that is changed.
    pub fn digest(&self) -> Digest {
        self.file.digest
    }

    /// Types a value. What the file says already is no change; a key that the file does not have is not typed.
    pub fn set(&mut self, section: &str, key: &str, typed: &str) {
        let section = master::SCHEMA.section(section);
        let Some((section, key)) = section.and_then(|section| Some((section, section.key(key)?))) else { return };
        let same = as_typed(key.field.value(&self.file.value).as_ref()) == typed.trim();
        let place = (section.name, key.name);
        if same {
            self.typed.remove(&place);
        } else {
            self.typed.insert(place, typed.to_owned());
        }
    }

    /// Takes every change back.
    pub fn undo(&mut self) {
        self.typed.clear();
    }

    /// Types the values of a signed version. Returns whether that brings all of them back: records such as `[[Operator]]` are
    /// changed in the file alone.
    pub fn back_to(&mut self, values: &BTreeMap<String, serde_json::Value>) -> bool {
        self.undo();
        for section in master::SCHEMA.sections {
            for key in section.keys {
                let value = values.get(&format!("{}.{}", section.name, key.name));
                if let Some(text) = value.and_then(from_signed) {
                    self.set(section.name, key.name, &text);
                }
            }
        }
        master::SCHEMA.lists.iter().all(|list| {
            let records = list.records(&self.file.value).map(|record| {
                let pairs = list.record.keys.iter().map(|key| (key.name.to_owned(), serde_json::json!(key.field.value(&record))));
                serde_json::Value::Object(pairs.collect())
            });
            values.get(list.name).is_none_or(|signed| *signed == records.collect::<serde_json::Value>())
        })
    }

    /// How many keys are changed.
    pub fn changes(&self) -> usize {
        self.typed.len()
    }

    /// The keys of a tab, with what does not matter under the LRA mode that is typed.
    pub fn groups(&self, tab: Tab) -> Vec<Group> {
        let mut values = self.file.value.clone();
        if let Some(mode) = self.typed(("Common", "LraMode")) {
            let field = master::SCHEMA.section("Common").and_then(|section| section.key("LraMode")).map(|key| &key.field);
            if let Some(Field::Choice { set, .. }) = field {
                set(&mut values, mode);
            }
        }
        tabs::of_master(tab, &values)
    }

    /// What is typed for a key.
    pub fn typed(&self, place: (&str, &str)) -> Option<&str> {
        self.typed.iter().find(|(at, _)| **at == place).map(|(_, text)| text.as_str())
    }

    /// What is shown for a key: what is typed, else what the file says.
    pub fn shown(&self, section: &'static str, key: &'static str) -> String {
        if let Some(typed) = self.typed((section, key)) {
            return typed.to_owned();
        }
        let field = master::SCHEMA.section(section).and_then(|section| section.key(key)).map(|key| &key.field);
        as_typed(field.and_then(|field| field.value(&self.file.value)).as_ref())
    }

    /// Whether what is typed for a key cannot be its value.
    pub fn is_wrong(&self, section: &str, key: &str) -> bool {
        let Some(typed) = self.typed((section, key)) else { return false };
        let Some(key) = master::SCHEMA.section(section).and_then(|section| section.key(key)) else { return true };
        let typed = typed.trim();
        let mut copy = self.file.value.clone();
        match &key.field {
            Field::Switch(_) => !matches!(typed, "true" | "false"),
            Field::Count { min, max, .. } => !typed.parse::<u8>().is_ok_and(|number| (*min..=*max).contains(&number)),
            Field::Number { min, max, .. } => !typed.parse::<u16>().is_ok_and(|number| (*min..=*max).contains(&number)),
            Field::Choice { set, .. } => !set(&mut copy, typed),
            Field::Text { .. } if typed.is_empty() => key.required,
            Field::Text { set, .. } => set(&mut copy, typed).is_err(),
            Field::Texts { .. } if typed.is_empty() => false,
            Field::Texts { set, .. } => {
                let entries = entries(typed);
                entries.is_none_or(|entries| set(&mut copy, &entries.iter().map(String::as_str).collect::<Vec<_>>()).is_err())
            }
            Field::Day { .. } => typed.parse::<jiff::civil::Date>().is_err(),
        }
    }

    /// Whether anything that is typed cannot be a value.
    pub fn has_wrong(&self) -> bool {
        self.typed.keys().any(|(section, key)| self.is_wrong(section, key))
    }

    /// What is to be done to the file.
    pub fn assignments(&self) -> Vec<Assignment> {
        let one = |(&(section, key), typed): (&(&'static str, &'static str), &String)| {
            let field = master::SCHEMA.section(section).and_then(|section| section.key(key)).map(|key| &key.field);
            let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
            let typed = typed.trim();
            let value = match field {
                Some(Field::Text { .. } | Field::Texts { .. } | Field::Day { .. }) if typed.is_empty() => None,
                Some(Field::Text { .. } | Field::Choice { .. }) => Some(text(typed)),
                Some(Field::Texts { .. }) => {
                    let entries = entries(typed).unwrap_or_default();
                    Some(format!("[{}]", entries.iter().map(|entry| text(entry)).collect::<Vec<_>>().join(", ")))
                }
                _ => Some(typed.to_owned()),
            };
            Assignment { section: section.to_owned(), key: key.to_owned(), value }
        };
        self.typed.iter().map(one).collect()
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
