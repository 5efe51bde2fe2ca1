//! Keys, records and differences of the configuration as the administration shows them. Pure: values → rows.

use std::{collections::BTreeMap, iter};

use bam_station_ui::{Choice, Difference, Setting, SettingKind, Tone};
use jiff::civil::Date;
use slint::{ModelRc, SharedString, VecModel};

use super::words::{filled, text};
use crate::{
    config::{
        Change, Direction, Language, Local, TermsCatalogue,
        draft::{Draft, Typing as _, as_typed},
        explanations, law,
        schema::Value,
        tabs::{self, Form, Group, Tab},
        terms::{Standing, Terms},
    },
    station::{FoundDevice, FoundDevices},
};

/// An explanation as the screens say it: the marks around commands are for the page of the documentation.
fn explained(language: Language, english: &str) -> String {
    explanations::explained(language, english).replace('`', "\"")
}

/// What a field or a switch is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'i> {
    /// A key of the file.
    Key {
        /// The section; empty at the top of the file.
        section: &'i str,
        /// The key.
        key: &'i str,
    },
    /// A key of a record.
    RecordKey {
        /// The list.
        list: &'i str,
        /// Which record, from 0.
        number: usize,
        /// The key.
        key: &'i str,
    },
    /// One of the words at a key of a record.
    RecordWord {
        /// The list.
        list: &'i str,
        /// Which record, from 0.
        number: usize,
        /// The key.
        key: &'i str,
        /// The word.
        word: &'i str,
    },
}

/// What the id of a row says: `Section.Key`, `List#0.Key` or `List#0.Key=word`.
pub fn place(id: &str) -> Place<'_> {
    let (section, key) = id.split_once('.').unwrap_or(("", id));
    let record = section.split_once('#').and_then(|(list, number)| Some((list, number.parse().ok()?)));
    match (record, key.split_once('=')) {
        (None, _) => Place::Key { section, key },
        (Some((list, number)), None) => Place::RecordKey { list, number, key },
        (Some((list, number)), Some((key, word))) => Place::RecordWord { list, number, key, word },
    }
}

/// What a button among the keys does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act<'i> {
    /// Begins a new record.
    Add(&'i str),
    /// Begins one for whoever the card in the holder's reader names.
    FromCard,
    /// Fetches the names of the directory's fields.
    Fields,
    /// Reads a text of the terms.
    Read(usize),
    /// Takes a record out, or leaves it in after all.
    Withdraw {
        /// The list.
        list: &'i str,
        /// Which record, from 0.
        number: usize,
    },
}

/// What the id of a button says.
pub fn act(id: &str) -> Option<Act<'_>> {
    match id.split_once('-')? {
        ("add", "card") => Some(Act::FromCard),
        ("add", list) => Some(Act::Add(list)),
        ("fields", _) => Some(Act::Fields),
        ("terms", number) => Some(Act::Read(number.parse().ok()?)),
        ("withdraw", record) => {
            let (list, number) = record.split_once('#')?;
            Some(Act::Withdraw { list, number: number.parse().ok()? })
        }
        _ => None,
    }
}

/// The keys of MASTER.toml in a tab, with what is typed over them, and at the end of the rules what the law fixes.
pub fn of_master(language: Language, tab: Tab, draft: &Draft) -> Vec<Setting> {
    let mut rows = Vec::new();
    for group in draft.groups(tab) {
        rows.push(heading(language, &group));
        rows.extend(group.settings.iter().map(|setting| typed_row(language, setting, draft)));
        records(language, &group, draft, &mut rows);
    }
    if tab == Tab::IssueProcess {
        let name = text(language, "admin.law");
        rows.push(Setting { kind: SettingKind::Section, name, effect: text(language, "admin.law-about"), ..Setting::default() });
        for (number, reason) in law::reasons().into_iter().enumerate() {
            rows.push(Setting {
                id: format!("law-{number}").into(),
                kind: SettingKind::Fixed,
                name: sentence(&explained(language, reason)),
                on: true,
                reason: text(language, "admin.law-fixed"),
                ..Setting::default()
            });
        }
    }
    rows
}

/// The keys of LOCAL.toml in a tab, with what is typed over them and the devices and monitors that may be chosen.
pub fn of_local(language: Language, tab: Tab, draft: &Draft<Local>, devices: &FoundDevices, monitors: &[String]) -> Vec<Setting> {
    let mut rows = Vec::new();
    for group in draft.groups(tab) {
        rows.push(heading(language, &group));
        for setting in &group.settings {
            let mut row = typed_row(language, setting, draft);
            let found: Vec<Choice> = match (setting.section, setting.key) {
                ("OperatorReader" | "HolderReader", "Reader") => devices.readers.iter().map(device).collect(),
                ("Scanner", "Device") => devices.scanners.iter().map(device).collect(),
                ("SignaturePad", "Device") => devices.pads.iter().map(device).collect(),
                ("Windows", "OperatorOutput" | "HolderOutput") => monitors.iter().map(|name| monitor(name)).collect(),
                _ => Vec::new(),
            };
            if !found.is_empty() && setting.idle.is_none() {
                row.choices = ModelRc::new(VecModel::from(found));
            }
            rows.push(row);
        }
    }
    rows
}

/// The button that fetches the names of the directory's fields, and the fields.
pub fn of_fields(language: Language, fields: &BTreeMap<String, usize>) -> Vec<Setting> {
    let button = Setting {
        id: "fields-directory".into(),
        kind: SettingKind::Action,
        name: explained(language, tabs::FETCH_FIELDS).into(),
        ..Setting::default()
    };
    let names: Vec<String> = fields.iter().map(|(name, people)| format!("{name} ({people})")).collect();
    let found = Setting {
        kind: SettingKind::Record,
        name: explained(language, tabs::FIELDS).into(),
        effect: names.join(", ").into(),
        ..Setting::default()
    };
    iter::once(button).chain((!names.is_empty()).then_some(found)).collect()
}

/// The texts of the terms, each of which can be read as the holder will see it.
pub fn of_terms(language: Language, catalogue: &TermsCatalogue, fault: Option<&str>, today: Date) -> Vec<Setting> {
    let heading = Setting {
        kind: SettingKind::Section,
        name: text(language, "admin.terms"),
        effect: text(language, "admin.terms-lead"),
        reason: fault.unwrap_or_default().into(),
        ..Setting::default()
    };
    let row = |(number, terms): (usize, &Terms)| Setting {
        id: format!("terms-{number}").into(),
        kind: SettingKind::Action,
        name: about(language, catalogue, terms, today),
        ..Setting::default()
    };
    iter::once(heading).chain(catalogue.all().iter().enumerate().map(row)).collect()
}

/// Which text that is and from which day it holds, in one line.
pub fn about(language: Language, catalogue: &TermsCatalogue, terms: &Terms, today: Date) -> SharedString {
    let standing = match catalogue.standing(terms, today) {
        Standing::Coming => "admin.terms-coming",
        Standing::InForce => "admin.terms-in-force",
        Standing::Replaced => "admin.terms-replaced",
    };
    let kind = text(language, &format!("kind.{}", terms.certificate.name()));
    let said = super::words::language(language, terms.language.code());
    filled(language, standing, &[&kind, &terms.version, &said, &super::words::date(terms.valid_from)])
}

fn device(FoundDevice { id, name }: &FoundDevice) -> Choice {
    let note = if id == name { SharedString::default() } else { id.as_str().into() };
    Choice { id: id.as_str().into(), label: name.as_str().into(), note, enabled: true }
}

fn monitor(name: &str) -> Choice {
    Choice { id: name.into(), label: name.into(), note: "".into(), enabled: true }
}

/// A key with what is typed over it.
fn typed_row<C: Clone + Default>(language: Language, setting: &tabs::Setting, draft: &Draft<C>) -> Setting {
    let typed = draft.shown(setting.section, setting.key);
    let changed = draft.typed((setting.section, setting.key)).is_some();
    let error = wrong(language, setting, draft.is_wrong(setting.section, setting.key));
    Setting { changed, error, ..row(language, setting, &typed) }
}

fn wrong(language: Language, setting: &tabs::Setting, is_wrong: bool) -> SharedString {
    if is_wrong { filled(language, "admin.not-allowed", &[&allowed(language, setting.form)]) } else { SharedString::default() }
}

fn heading(language: Language, group: &Group) -> Setting {
    let name = match group.section {
        "" => text(language, "admin.top"),
        section => format!("[{section}]").into(),
    };
    Setting { kind: SettingKind::Section, name, effect: explained(language, group.about).into(), ..Setting::default() }
}

fn row(language: Language, setting: &tabs::Setting, typed: &str) -> Setting {
    let open = setting.idle.is_none();
    let choices = match setting.form {
        Form::Choice(words) => words
            .iter()
            .map(|word| Choice { id: (*word).into(), label: (*word).into(), note: "".into(), enabled: open })
            .collect(),
        _ => Vec::new(),
    };
    let kind = match setting.form {
        Form::Switch => SettingKind::Switch,
        Form::Choice(_) => SettingKind::Choice,
        _ => SettingKind::Text,
    };
    Setting {
        id: setting.name().into(),
        kind,
        name: setting.key.into(),
        effect: format!("{} {}", explained(language, setting.effect), filled(language, "admin.since", &[setting.since])).into(),
        allowed: sentence(&allowed(language, setting.form)),
        value: typed.into(),
        on: typed == "true",
        choices: ModelRc::new(VecModel::from(choices)),
        reason: setting.idle.map(|reason| explained(language, reason).into()).unwrap_or_default(),
        ..Setting::default()
    }
}

/// A list's records with their keys, and the buttons by which they come and go.
fn records(language: Language, group: &Group, draft: &Draft, rows: &mut Vec<Setting>) {
    let Some(records) = &group.records else { return };
    let list = group.section.trim_matches(['[', ']']);
    let button = |id: String, key: &str| Setting {
        id: id.into(),
        kind: SettingKind::Action,
        name: text(language, key),
        ..Setting::default()
    };
    for record in records {
        let number = record.number;
        let gone = draft.is_withdrawn(list, number);
        let is_new = draft.is_new(list, number);
        rows.push(Setting {
            kind: SettingKind::Record,
            name: if is_new { text(language, "admin.new-record") } else { record.title.as_str().into() },
            reason: if gone { text(language, "admin.withdrawn") } else { SharedString::default() },
            changed: gone || is_new,
            ..Setting::default()
        });
        // The same rows as before, so that nobody loses the keyboard's place at the button.
        let closed = if gone { text(language, "admin.withdrawn") } else { SharedString::default() };
        let keys = record.settings.iter().flat_map(|setting| record_rows(language, list, number, setting, draft));
        rows.extend(keys.map(|row| Setting { reason: closed.clone(), ..row }));
        let key = if gone { "admin.keep" } else { "admin.withdraw" };
        rows.push(button(format!("withdraw-{list}#{number}"), key));
    }
    if records.is_empty() {
        rows.push(Setting { kind: SettingKind::Record, name: text(language, "admin.no-records"), ..Setting::default() });
    }
    rows.push(button(format!("add-{list}"), "admin.appoint"));
    rows.push(button("add-card".to_owned(), "admin.appoint-card"));
}

/// A key of a record: a row, or one for each word that it may hold.
fn record_rows(language: Language, list: &str, number: usize, setting: &tabs::Setting, draft: &Draft) -> Vec<Setting> {
    let key = setting.key;
    let typed = draft.shown_record(list, number, key);
    let changed = draft.is_changed_in(list, number, key);
    let error = wrong(language, setting, draft.is_wrong_in(list, number, key));
    let whole = Setting { id: format!("{list}#{number}.{key}").into(), changed, error, ..row(language, setting, &typed) };
    let Form::Words(words) = setting.form else { return vec![whole] };
    let one = |word: &&str| Setting {
        id: format!("{list}#{number}.{key}={word}").into(),
        kind: SettingKind::Switch,
        name: text(language, &format!("admin.role-{word}")),
        effect: SharedString::default(),
        on: typed.split(", ").any(|on| on == *word),
        ..whole.clone()
    };
    words.iter().map(one).collect()
}

/// Which values are allowed, in words.
fn allowed(language: Language, form: Form) -> String {
    match form {
        Form::Switch | Form::Choice(_) => String::new(),
        Form::Words(words) => filled(language, "admin.several", &[&words.join(", ")]).into(),
        Form::Number(min, max) => filled(language, "admin.number", &[&min.to_string(), &max.to_string()]).into(),
        Form::Text(form) => explained(language, form),
        Form::Texts(form) => filled(language, "admin.several", &[&explained(language, form)]).into(),
        Form::Day => text(language, "admin.day").into(),
    }
}

/// The same beginning with a capital, and ending with a full stop when it is a statement of its own.
fn sentence(said: &str) -> SharedString {
    let mut letters = said.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default().into()
}

/// What becomes different, and what that means.
pub fn difference(language: Language, change: &Change) -> Difference {
    let value = |value: &Option<Value>| match value {
        None => text(language, "value.none"),
        Some(Value::Switch(on)) => text(language, if *on { "value.on" } else { "value.off" }),
        Some(Value::Texts(texts)) if texts.is_empty() => text(language, "value.none"),
        Some(other) => as_typed(Some(other)).into(),
    };
    let (direction, tone) = match change.direction {
        Direction::Stricter => (text(language, "admin.stricter"), Tone::Good),
        Direction::Weaker => (text(language, "admin.weaker"), Tone::Warn),
        Direction::Neutral => (SharedString::default(), Tone::Neutral),
    };
    Difference {
        name: change.name().into(),
        before: value(&change.before),
        after: value(&change.after),
        meaning: meaning(language, change),
        direction,
        tone,
    }
}

/// What holds from now on, in a sentence; for a value that is no switch what it changes.
fn meaning(language: Language, change: &Change) -> SharedString {
    if let Some(Value::Switch(on)) = change.after {
        let key = format!("now.{}.{}", change.name(), if on { "on" } else { "off" });
        if bam_station_ui::keys("nb").any(|known| known == key) {
            return text(language, &key);
        }
    }
    explained(language, change.effect).into()
}
