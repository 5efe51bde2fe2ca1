//! Keys, records and differences of the configuration as the administration shows them. Pure: values → rows.

use bam_station_ui::{Choice, Difference, Setting, SettingKind, Tone};
use slint::{ModelRc, SharedString, VecModel};

use super::words::{filled, text};
use crate::config::{
    Change, Direction, Language, Local,
    draft::{Draft, as_typed},
    explanations, law,
    schema::Value,
    tabs::{self, Form, Group, Tab},
};

/// An explanation as the screens say it: the marks around commands are for the page of the documentation.
fn explained(language: Language, english: &str) -> String {
    explanations::explained(language, english).replace('`', "\"")
}

/// The keys of MASTER.toml in a tab, with what is typed over them, and at the end of the rules what the law fixes.
pub fn of_master(language: Language, tab: Tab, draft: &Draft) -> Vec<Setting> {
    let mut rows = Vec::new();
    for group in draft.groups(tab) {
        rows.push(heading(language, &group));
        for setting in &group.settings {
            let typed = draft.shown(setting.section, setting.key);
            let changed = draft.typed((setting.section, setting.key)).is_some();
            let error = if draft.is_wrong(setting.section, setting.key) {
                filled(language, "admin.not-allowed", &[&allowed(language, setting.form)])
            } else {
                SharedString::default()
            };
            rows.push(Setting { changed, error, ..row(language, setting, &typed) });
        }
        records(language, &group, &mut rows);
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

/// The keys of LOCAL.toml in a tab.
pub fn of_local(language: Language, tab: Tab, values: &Local) -> Vec<Setting> {
    let mut rows = Vec::new();
    for group in tabs::of_local(tab, values) {
        rows.push(heading(language, &group));
        for setting in &group.settings {
            let row = row(language, setting, &as_typed(setting.value.as_ref()));
            let closed: Vec<Choice> =
                slint::Model::iter(&row.choices).map(|choice| Choice { enabled: false, ..choice }).collect();
            rows.push(Setting { choices: ModelRc::new(VecModel::from(closed)), ..row });
        }
    }
    rows
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
        effect: explained(language, setting.effect).into(),
        allowed: sentence(&allowed(language, setting.form)),
        value: typed.into(),
        on: typed == "true",
        choices: ModelRc::new(VecModel::from(choices)),
        reason: setting.idle.map(|reason| explained(language, reason).into()).unwrap_or_default(),
        ..Setting::default()
    }
}

/// A list's records, a line each.
fn records(language: Language, group: &Group, rows: &mut Vec<Setting>) {
    let Some(records) = &group.records else { return };
    let line = |name: SharedString| Setting { kind: SettingKind::Record, name, ..Setting::default() };
    rows.extend(records.iter().map(|record| line(record.as_str().into())));
    if records.is_empty() {
        rows.push(line(text(language, "admin.no-records")));
    }
    if let Some(last) = rows.last_mut() {
        last.reason = text(language, "admin.records-in-file");
    }
}

/// Which values are allowed, in words.
fn allowed(language: Language, form: Form) -> String {
    match form {
        Form::Switch | Form::Choice(_) => String::new(),
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
