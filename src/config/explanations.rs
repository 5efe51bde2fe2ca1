//! What the descriptions of the keys say, in the languages of the screens (`config/explanations.toml`, part of the program).
//!
//! The descriptions themselves are English and stand beside the keys, where `docs/configuration.md` takes them from. A translation
//! is found by the English text, so that none outlives a change of it: a test finds every text without one.

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use super::{
    Language, law, local, master,
    schema::{Field, Schema},
    tabs,
};
use crate::rules::LocalText;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    text: Vec<LocalText>,
}

static TEXTS: LazyLock<BTreeMap<String, LocalText>> = LazyLock::new(|| {
    // The file is part of the program, and a test reads it. Were it broken, the explanations would be English.
    let texts = toml::from_str::<File>(include_str!("../../config/explanations.toml")).map(|file| file.text).unwrap_or_default();
    texts.into_iter().map(|text| (text.en.clone(), text)).collect()
});

/// What `english` says in this language; as it is where it is not translated.
pub fn explained(language: Language, english: &str) -> Cow<'_, str> {
    match TEXTS.get(english) {
        Some(text) => language.of_marked(text).into_owned().into(),
        None => english.into(),
    }
}

/// The English texts that are translated.
pub fn translated() -> impl Iterator<Item = &'static str> {
    TEXTS.keys().map(String::as_str)
}

/// Every English text of the descriptions that the screens show.
pub fn to_translate() -> Vec<&'static str> {
    let mut texts = vec![tabs::ONLY_LOCAL, tabs::ONLY_QUALIFIED, tabs::ONLY_IN_FILE, tabs::FETCH_FIELDS, tabs::FIELDS];
    texts.extend(law::reasons());
    of_schema(&master::SCHEMA, &mut texts);
    of_schema(&local::SCHEMA, &mut texts);
    texts.sort_unstable();
    texts.dedup();
    texts
}

fn of_schema<C>(schema: &Schema<C>, texts: &mut Vec<&'static str>) {
    let records = schema.lists.iter().map(|list| &list.record);
    for section in schema.sections.iter().chain(records) {
        texts.push(section.about);
        for key in section.keys {
            texts.push(key.effect);
            if let Field::Text { allowed, .. } | Field::Texts { allowed, .. } = &key.field {
                texts.push(allowed);
            }
        }
    }
}
