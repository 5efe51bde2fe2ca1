//! Records of a list, `[[Name]]`, put into a file, changed and taken out, so that everything else stays as it is, byte for byte.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::edit::{Table, end_of_content, line_end, line_ends, line_start, put_in};

/// What shall be done to one record of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordEdit {
    /// A new record at the end of the list.
    Add {
        /// The list's name.
        list: String,
        /// Its keys, with their values as typed.
        values: Vec<(String, String)>,
    },
    /// One key of a record.
    Set {
        /// The list's name.
        list: String,
        /// Which record of the file, from 0.
        at: usize,
        /// The key.
        key: String,
        /// The value as typed; `None` takes the key out.
        value: Option<String>,
    },
    /// The record goes.
    Remove {
        /// The list's name.
        list: String,
        /// Which record of the file, from 0.
        at: usize,
    },
}

impl RecordEdit {
    /// The list that it is about.
    pub fn list(&self) -> &str {
        match self {
            Self::Add { list, .. } | Self::Set { list, .. } | Self::Remove { list, .. } => list,
        }
    }
}

/// The records of a list as the file has them; `None` when it writes the list in another way than `[[Name]]` on a line of its own.
fn records<'t>(text: &str, root: &'t DeTable<'_>, list: &str) -> Option<Vec<Table<'t>>> {
    let Some(value) = root.get(list) else { return Some(Vec::new()) };
    let DeValue::Array(records) = value.get_ref() else { return None };
    let table = |record: &'t Spanned<DeValue<'_>>| match record.get_ref() {
        DeValue::Table(table) if text.get(record.span().start..)?.starts_with("[[") => {
            Some(Table { table, header: Some(record.span()) })
        }
        _ => None,
    };
    records.iter().map(table).collect()
}

/// From the header's line to the end of the last key's line.
fn extent(text: &str, record: &Table<'_>) -> Option<std::ops::Range<usize>> {
    let header = record.header.clone()?;
    let end = record.table.iter().map(|(_, value)| value.span().end).chain([header.end]).max()?;
    Some(line_start(text, header.start)..line_end(text, end))
}

/// `text` with a key of a record set; `None` when there is no such record, or no place for the key.
pub(super) fn set(text: &str, list: &str, at: usize, key: &str, value: Option<&str>) -> Option<String> {
    let (root, _) = DeTable::parse_recoverable(text);
    let records = records(text, root.get_ref(), list)?;
    put_in(text, records.get(at)?, key, value)
}

/// `text` without a record, its keys and the comments among them. A comment above its header stays.
pub(super) fn remove(text: &str, list: &str, at: usize) -> Option<String> {
    let (root, _) = DeTable::parse_recoverable(text);
    let records = records(text, root.get_ref(), list)?;
    let mut lines = extent(text, records.get(at)?)?;
    // One of the blank lines around it goes with it.
    let before = line_start(text, lines.start.saturating_sub(1));
    if text.get(before..lines.start).is_some_and(|line| !line.is_empty() && line.trim().is_empty()) {
        lines.start = before;
    }
    let mut new = text.to_owned();
    new.replace_range(lines, "");
    Some(new)
}

/// `text` with a new record below the last one of the list, else at the end. Its values are TOML.
pub(super) fn add(text: &str, list: &str, values: &[(&str, String)]) -> Option<String> {
    let (root, _) = DeTable::parse_recoverable(text);
    let records = records(text, root.get_ref(), list)?;
    let at = match records.last() {
        Some(last) => extent(text, last)?.end,
        None => end_of_content(text),
    };
    let eol = line_ends(text);
    let keys: String = values.iter().map(|(key, value)| format!("{key} = {value}{eol}")).collect();
    // What follows stands off as it did before.
    let after = if text.get(at..).is_some_and(|rest| rest.is_empty() || rest.starts_with(['\r', '\n'])) { "" } else { eol };
    let mut new = text.to_owned();
    new.insert_str(at, &format!("{eol}[[{list}]]{eol}{keys}{after}"));
    Some(new)
}
