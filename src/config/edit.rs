//! Setting keys of a file that people wrote: only the value's own bytes change, and only when the file is good afterwards.
//!
//! The places of the values come from the same parser that reads the file, so what is not asked for stays as it is, byte for byte:
//! comments, order, blank lines, line ends and a byte order mark. The new text is read by the same rules as every file, and must
//! differ from the old one in the asked keys alone.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

pub use super::edit_records::RecordEdit;

use super::{
    Change, ConfigError, Loaded, Local, Master, differences, edit_records,
    last_good::CLOSING_LINE,
    law, local, master,
    nearest::nearest,
    reader::{self, quoted},
    schema::{Field, Schema},
    source::{FILE_LIMIT, Source},
};
use crate::digest::Digest;

/// What shall be done to one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The section; empty for the top of the file.
    pub section: String,
    /// The key.
    pub key: String,
    /// The value as typed: TOML, or a text without its quotes. `None` takes the key out of the file, so that the default holds.
    pub value: Option<String>,
}

impl Assignment {
    /// Reads `Section.Key=VALUE` or, for a key at the top of the file, `Key=VALUE`.
    pub fn set(text: &str) -> Result<Self, EditError> {
        let (name, value) = text.split_once('=').ok_or_else(|| EditError::NotAnAssignment { given: quoted(text) })?;
        Ok(Self { value: Some(value.trim().to_owned()), ..Self::unset(name) })
    }

    /// Takes the key `Section.Key` out of the file.
    pub fn unset(name: &str) -> Self {
        let (section, key) = name.trim().split_once('.').unwrap_or(("", name.trim()));
        Self { section: section.into(), key: key.into(), value: None }
    }

    fn name(&self) -> String {
        if self.section.is_empty() { self.key.clone() } else { format!("{}.{}", self.section, self.key) }
    }

    /// The file that has this key; MASTER.toml when neither has.
    pub fn file_kind(&self) -> FileKind {
        let has = |found: Option<bool>| found == Some(true);
        let at_desk = has(local::SCHEMA.section(&self.section).map(|section| section.key(&self.key).is_some()));
        let shared = master::SCHEMA.section(&self.section).is_some();
        if at_desk && !shared { FileKind::Local } else { FileKind::Master }
    }
}

/// Everything that shall be done to a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edits {
    /// To its keys.
    pub assignments: Vec<Assignment>,
    /// To the records of its lists, counted as the file has them.
    pub records: Vec<RecordEdit>,
}

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// MASTER.toml.
    Master,
    /// LOCAL.toml.
    Local,
}

impl FileKind {
    /// The kind of a file, told by its name as everywhere on the command line.
    pub fn of(file: &Path) -> Self {
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if name.contains("local") { Self::Local } else { Self::Master }
    }
}

/// Why a file is not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The text is not `KEY=VALUE`.
    #[error("{given} sets nothing: write Section.Key=VALUE, for example IssueProcess.ThirdPartyIdControl=true")]
    NotAnAssignment {
        /// What was written, shortened.
        given: String,
    },
    /// The file has no such key.
    #[error("{file} has no key {given}{hint}; docs/configuration.md lists them all")]
    UnknownKey {
        /// The file's usual name.
        file: &'static str,
        /// What was written, shortened.
        given: String,
        /// `; did you mean …?`, or nothing.
        hint: String,
    },
    /// There is no such key because the law decides it.
    #[error("{given} cannot be set: {reason}")]
    FixedByLaw {
        /// What was written, shortened.
        given: String,
        /// Why.
        reason: &'static str,
    },
    /// The file cannot be read as it is.
    #[error("{0}\nthe file is as it was; put it right by hand first")]
    Before(#[source] ConfigError),
    /// The file would not be good with the new values.
    #[error("{0}\nthe file is as it was")]
    After(#[source] ConfigError),
    /// The value is more than one value.
    #[error("the value for {key} is not one value of TOML; allowed: {allowed}")]
    NotOneValue {
        /// The key.
        key: String,
        /// What is allowed.
        allowed: String,
    },
    /// The file is laid out so that a key cannot be put in or taken out line by line.
    #[error(
        "{key} cannot be put in its place: the file does not write [{section}] as a section of its own lines; edit it by hand"
    )]
    Layout {
        /// The section.
        section: String,
        /// The key.
        key: String,
    },
    /// Nobody could change the rules any more.
    #[error("nobody would be an RA-ADMIN any more, by certificate, policy or group: appoint another one first")]
    LastAdministrator,
    /// Somebody else wrote the file meanwhile.
    #[error("{} was changed by somebody else meanwhile; look at it and try again", file.display())]
    ChangedMeanwhile {
        /// The file.
        file: PathBuf,
    },
    /// The system refused.
    #[error("{} cannot be written ({error}); the file is as it was: check the rights of its folder and the space on the disk", file.display())]
    NotWritten {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl EditError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAnAssignment { .. } => "SETTING_NOT_AN_ASSIGNMENT",
            Self::UnknownKey { .. } => "SETTING_UNKNOWN",
            Self::FixedByLaw { .. } => "SETTING_FIXED_BY_LAW",
            Self::Before(error) | Self::After(error) => error.code(),
            Self::NotOneValue { .. } => "SETTING_NOT_ONE_VALUE",
            Self::Layout { .. } => "SETTING_HAS_NO_PLACE",
            Self::LastAdministrator => "ROLES_LAST_ADMINISTRATOR",
            Self::ChangedMeanwhile { .. } => "CONFIG_CHANGED_MEANWHILE",
            Self::NotWritten { .. } => "CONFIG_NOT_WRITTEN",
        }
    }
}

/// A changed file that is good, and not written yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The file.
    pub file: PathBuf,
    /// What becomes different.
    pub changes: Vec<Change>,
    before: Digest,
    content: Vec<u8>,
}

impl Proposal {
    /// The whole new content of the file.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The file says what was asked already.
    pub fn changes_nothing(&self) -> bool {
        self.digest() == self.before
    }

    /// Digest of the new content.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.content)
    }

    /// Digest of the content for which it was made.
    pub fn before(&self) -> Digest {
        self.before
    }

    /// Whether the file is still the one for which it was made.
    ///
    /// # Errors
    /// [`EditError::ChangedMeanwhile`], or the file cannot be read.
    pub fn is_still_wanted(&self) -> Result<(), EditError> {
        let now = Source::read(&self.file, FILE_LIMIT).map_err(EditError::Before)?;
        if now.digest == self.before { Ok(()) } else { Err(EditError::ChangedMeanwhile { file: self.file.clone() }) }
    }

    /// Puts the new content in place of the old one: after a power cut there is either the one or the other.
    pub fn write(&self) -> Result<(), EditError> {
        self.is_still_wanted()?;
        write_whole(&self.file, &self.content).map_err(|error| EditError::NotWritten { file: self.file.clone(), error })
    }
}

/// Replaces a file by a new one with the same rights. A link stays a link.
pub(super) fn write_whole(file: &Path, content: &[u8]) -> io::Result<()> {
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let mut new = file.clone().into_os_string();
    new.push(".new");
    let new = PathBuf::from(new);
    let write = || {
        let mut writer = fs::File::create(&new)?;
        if let Ok(metadata) = fs::metadata(&file) {
            writer.set_permissions(metadata.permissions())?;
        }
        writer.write_all(content)?;
        writer.sync_all()?;
        fs::rename(&new, &file)
    };
    write().inspect_err(|_| drop(fs::remove_file(&new)))?;
    #[cfg(unix)]
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// MASTER.toml with these keys set. `whole` says what the new file must fit to; [`Ok`] for a file on its own.
///
/// # Errors
/// Why the file would not be good; [`EditError::LastAdministrator`] when it would take away the last one.
pub fn propose_master(
    file: &Path,
    assignments: &[Assignment],
    whole: impl FnOnce(Loaded<Master>) -> Result<(), ConfigError>,
) -> Result<Proposal, EditError> {
    propose_master_edits(file, &Edits { assignments: assignments.to_vec(), records: Vec::new() }, whole)
}

/// The same, with records too.
///
/// # Errors
/// As [`propose_master`].
pub fn propose_master_edits(
    file: &Path,
    edits: &Edits,
    whole: impl FnOnce(Loaded<Master>) -> Result<(), ConfigError>,
) -> Result<Proposal, EditError> {
    let step = |before: &Master, after: &Master| {
        let lost = before.roles.names_administrator() && !after.roles.names_administrator();
        if lost { Err(EditError::LastAdministrator) } else { Ok(()) }
    };
    propose(file, &master::SCHEMA, edits, step, |source| whole(master::from_source(source)?))
}

/// LOCAL.toml with these keys set.
///
/// # Errors
/// Why the file would not be good.
pub fn propose_local(
    file: &Path,
    assignments: &[Assignment],
    whole: impl FnOnce(Loaded<Local>) -> Result<(), ConfigError>,
) -> Result<Proposal, EditError> {
    let edits = Edits { assignments: assignments.to_vec(), records: Vec::new() };
    propose(file, &local::SCHEMA, &edits, |_, _| Ok(()), |source| whole(local::from_source(source)?))
}

/// `step` says whether the values may follow those before, `check` whether the file may stand.
fn propose<C: Clone + Default>(
    file: &Path,
    schema: &Schema<C>,
    edits: &Edits,
    step: impl FnOnce(&C, &C) -> Result<(), EditError>,
    check: impl FnOnce(&Source) -> Result<(), ConfigError>,
) -> Result<Proposal, EditError> {
    let source = Source::read(file, FILE_LIMIT).map_err(EditError::Before)?;
    let before = reader::read(&source, schema).map_err(EditError::Before)?;
    let mut text = source.text.clone();
    for assignment in &edits.assignments {
        let field = known(schema, assignment)?;
        let name = assignment.name();
        let value = assignment.value.as_deref().map(|value| one_value(&name, field, value)).transpose()?;
        let layout = || EditError::Layout { section: assignment.section.clone(), key: name };
        text = put(&text, assignment, value.as_deref()).ok_or_else(layout)?;
    }
    text = put_records(text, schema, &edits.records)?;

    let content = source.with_mark(&text);
    let after_source = Source::from_bytes(file, content.clone()).map_err(EditError::After)?;
    let after = reader::read(&after_source, schema).map_err(EditError::After)?;
    let changes = differences(schema, &before.value, &after.value);
    let asked = |change: &Change| match change.record_of() {
        Some(list) => edits.records.iter().any(|edit| edit.list() == list),
        None => edits.assignments.iter().any(|it| it.section == change.section && it.key == change.key),
    };
    // The old text was good, so a change that nobody asked for means that a value did not go where it belongs.
    if let Some(strange) = changes.iter().find(|change| !asked(change)) {
        return Err(EditError::Layout { section: strange.section.to_owned(), key: strange.name() });
    }
    step(&before.value, &after.value)?;
    check(&after_source).map_err(EditError::After)?;
    Ok(Proposal { file: file.to_owned(), changes, before: source.digest, content })
}

/// `text` with everything done to its records. They are counted as the file has them, so those that go are taken out last to first,
/// after the others are changed.
fn put_records<C>(mut text: String, schema: &Schema<C>, edits: &[RecordEdit]) -> Result<String, EditError> {
    let keys = |list: &str| {
        let unknown = || EditError::UnknownKey { file: schema.file, given: quoted(list), hint: String::new() };
        schema.list(list).map(|list| &list.record).ok_or_else(unknown)
    };
    let written = |list: &str, key: &str, typed: &str| {
        let name = format!("[[{list}]] {key}");
        let unknown = || EditError::UnknownKey { file: schema.file, given: quoted(&name), hint: String::new() };
        one_value(&name, &keys(list)?.key(key).ok_or_else(unknown)?.field, typed)
    };
    let layout = |list: &str| EditError::Layout { section: format!("[{list}]"), key: format!("[[{list}]]") };
    let mut gone: Vec<(&str, usize)> = Vec::new();
    let mut come: Vec<(&str, Vec<(&str, String)>)> = Vec::new();
    for edit in edits {
        match edit {
            RecordEdit::Set { list, at, key, value } => {
                let value = value.as_deref().map(|value| written(list, key, value)).transpose()?;
                text = edit_records::set(&text, list, *at, key, value.as_deref()).ok_or_else(|| layout(list))?;
            }
            RecordEdit::Remove { list, at } => gone.push((list, *at)),
            RecordEdit::Add { list, values } => {
                keys(list)?;
                let values = values.iter().map(|(key, typed)| Ok((key.as_str(), written(list, key, typed)?)));
                come.push((list, values.collect::<Result<_, EditError>>()?));
            }
        }
    }
    gone.sort_unstable();
    gone.dedup();
    for (list, at) in gone.into_iter().rev() {
        text = edit_records::remove(&text, list, at).ok_or_else(|| layout(list))?;
    }
    for (list, values) in come {
        text = edit_records::add(&text, list, &values).ok_or_else(|| layout(list))?;
    }
    Ok(text)
}

/// The key of the description that is meant.
fn known<'s, C>(schema: &'s Schema<C>, assignment: &Assignment) -> Result<&'s Field<C>, EditError> {
    let section = schema.section(&assignment.section);
    if let Some(key) = section.and_then(|section| section.key(&assignment.key)) {
        return Ok(&key.field);
    }
    let given = quoted(&assignment.name());
    if let Some(reason) = law::reason(&assignment.name()) {
        return Err(EditError::FixedByLaw { given, reason });
    }
    let names: Vec<String> = schema
        .sections
        .iter()
        .flat_map(|section| section.keys.iter().map(|key| (section.name, key.name)))
        .map(|(section, key)| if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") })
        .collect();
    let same_key = names.iter().find(|name| name.rsplit('.').next() == Some(assignment.key.as_str()));
    let near = same_key.map(String::as_str).or_else(|| nearest(&assignment.name(), names.iter().map(String::as_str)));
    let hint = near.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
    Err(EditError::UnknownKey { file: schema.file, given, hint })
}

/// The value as it is written in the file. Texts and lists may be typed without quotes.
fn one_value<C>(name: &str, field: &Field<C>, typed: &str) -> Result<String, EditError> {
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let written = match field {
        Field::Text { .. } | Field::Choice { .. } if !typed.starts_with(['"', '\'']) => text(typed),
        Field::Texts { .. } | Field::Words { .. } if !typed.starts_with('[') => {
            let entries: Vec<String> = typed.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(text).collect();
            format!("[{}]", entries.join(", "))
        }
        _ => typed.to_owned(),
    };
    let alone = reader::one_value(&written, |_| ()).is_some();
    if alone { Ok(written) } else { Err(EditError::NotOneValue { key: name.to_owned(), allowed: field.allowed() }) }
}

/// A table of the file with the header that begins it; the top of the file has none.
pub(super) struct Table<'t> {
    pub table: &'t DeTable<'t>,
    pub header: Option<std::ops::Range<usize>>,
}

/// `text` with the value in its place; `None` when the file is laid out so that there is no such place.
fn put(text: &str, assignment: &Assignment, value: Option<&str>) -> Option<String> {
    let (root, _) = DeTable::parse_recoverable(text);
    let root = root.get_ref();
    let Assignment { section, key, .. } = assignment;
    let header = if section.is_empty() { None } else { root.get(section.as_str()) };
    let table = match header.map(Spanned::get_ref) {
        Some(DeValue::Table(table)) => table,
        Some(_) => return None,
        None if section.is_empty() => root,
        None => {
            let Some(value) = value else { return Some(text.to_owned()) };
            let eol = line_ends(text);
            let mut new = text.to_owned();
            new.insert_str(end_of_content(text), &format!("{eol}[{section}]{eol}{key} = {value}{eol}"));
            return Some(new);
        }
    };
    put_in(text, &Table { table, header: header.map(Spanned::span) }, key, value)
}

/// `text` with the value at a key of this table.
pub(super) fn put_in(text: &str, Table { table, header }: &Table<'_>, key: &str, value: Option<&str>) -> Option<String> {
    let mut new = text.to_owned();
    match (table.get_key_value(key), value) {
        (Some((_, old)), Some(value)) => new.replace_range(old.span(), value),
        (Some((name, old)), None) => {
            let lines = line_start(text, name.span().start)..line_end(text, old.span().end);
            // The line must hold this key alone: not so in an inline table, or under a dotted name.
            if text.get(lines.start..name.span().start)?.trim().is_empty() {
                new.replace_range(lines, "");
            } else {
                return None;
            }
        }
        (None, None) => {}
        (None, Some(value)) => {
            let at = match header {
                Some(header) => {
                    if !text.get(header.start..)?.starts_with('[') {
                        return None;
                    }
                    let end = table.iter().map(|(_, value)| value.span().end).chain([header.end]).max()?;
                    place_in_section(text, header.end, end, key)
                }
                None => before_first_section(text, table),
            };
            new.insert_str(at, &format!("{key} = {value}{}", line_ends(text)));
        }
    }
    Some(new)
}

/// How the lines of the file end.
pub(super) fn line_ends(text: &str) -> &'static str {
    let dos = text.find('\n').is_some_and(|at| text.get(..at).is_some_and(|line| line.ends_with('\r')));
    if dos { "\r\n" } else { "\n" }
}

/// Where a new line of a section goes: below the line that shows the key as a comment, else below its last key.
fn place_in_section(text: &str, header: usize, last: usize, key: &str) -> usize {
    let below_header = line_end(text, header);
    let below_last = line_end(text, last);
    // Comments after the last key belong to the section up to the next header. Lines within a value of several lines are not
    // looked at: they come before `below_last` and might look like comments.
    let mut at = below_last;
    for line in text.get(below_last..).unwrap_or_default().split_inclusive('\n') {
        if line.trim_start().starts_with('[') {
            break;
        }
        at += line.len();
        let comment = line.trim_start().strip_prefix('#').map(str::trim_start).and_then(|rest| rest.strip_prefix(key));
        if comment.is_some_and(|rest| rest.trim_start().starts_with('=')) {
            return at;
        }
    }
    below_last.max(below_header)
}

/// Where a new line at the top of the file goes: below the last key there, else above the first section and its comment.
fn before_first_section(text: &str, root: &DeTable<'_>) -> usize {
    let is_section = |value: &&Spanned<DeValue<'_>>| {
        matches!(value.get_ref(), DeValue::Table(_) | DeValue::Array(_))
            && text.get(value.span().start..).is_some_and(|rest| rest.starts_with('['))
            && text.get(line_start(text, value.span().start)..value.span().start).is_some_and(|before| before.trim().is_empty())
    };
    let last = root.iter().map(|(_, value)| value).filter(|value| !is_section(value)).map(|value| value.span().end);
    let first_header = root.iter().map(|(_, value)| value).filter(is_section).map(|value| value.span().start).min();
    if let Some(last) = last.filter(|last| first_header.is_none_or(|header| *last < header)).max() {
        return line_end(text, last);
    }
    let mut at = first_header.map_or(text.len(), |header| line_start(text, header));
    while at > 0 {
        let above = line_start(text, at - 1);
        if !text.get(above..at).is_some_and(|line| line.trim_start().starts_with('#')) || above == 0 {
            break;
        }
        at = above;
    }
    at
}

/// The end of the file, above its closing line when it has one.
pub(super) fn end_of_content(text: &str) -> usize {
    let last = line_start(text, text.trim_end_matches(['\r', '\n']).len());
    let closing = text.get(last..).is_some_and(|line| line.trim() == CLOSING_LINE);
    if closing { last } else { text.len() }
}

pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
}

/// The end of the line that holds the byte `at`, its line break included.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |end| at + end + 1)
}
