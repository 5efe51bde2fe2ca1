//! The texts of the screens: one flat table of key and text for each language. A file in `lang/` is a language.

use std::{
    collections::BTreeMap,
    iter,
    sync::{LazyLock, OnceLock},
};

use slint::{ModelRc, VecModel};

use crate::{I18n, LanguageChoice};

include!(concat!(env!("OUT_DIR"), "/languages.rs"));

/// What is shown where no language has the text, so that it is seen. A test proves that none is missing.
const MISSING: &str = "???";

type Table = BTreeMap<String, String>;

// The files are part of the program: one that cannot be read shows in every test as missing texts.
static TABLES: LazyLock<BTreeMap<&'static str, Table>> =
    LazyLock::new(|| iter::zip(LANGUAGES, SOURCES.map(|source| toml::from_str(source).unwrap_or_default())).collect());

fn table(lang: &str) -> &'static Table {
    static NONE: OnceLock<Table> = OnceLock::new();
    TABLES.get(lang).or_else(|| TABLES.get("nb")).unwrap_or_else(|| NONE.get_or_init(Table::new))
}

/// The text of `key` in `lang`. What a language lacks, and all of an unknown language, is bokmål; an unknown key is shown as such.
pub fn text(lang: &str, key: &str) -> &'static str {
    table(lang).get(key).or_else(|| table("nb").get(key)).map_or(MISSING, String::as_str)
}

/// The text for a number of things: `key.one`, `key.two` where the language has a dual, else `key.many`.
pub fn counted(lang: &str, key: &str, number: usize) -> &'static str {
    let form = match number {
        1 => Some("one"),
        2 => Some("two"),
        _ => None,
    };
    let special = form.and_then(|form| table(lang).get(&format!("{key}.{form}")));
    special.map_or_else(|| text(lang, &format!("{key}.many")), String::as_str)
}

/// The keys that `lang` has, sorted.
pub fn keys(lang: &str) -> impl Iterator<Item = &'static str> {
    table(lang).keys().map(String::as_str)
}

/// Lets a window speak: its texts come from this catalogue in the window's own language, and it offers the languages that are there,
/// each by the name that its speakers use.
pub fn attach(texts: &I18n<'_>) {
    texts.on_lookup(|lang, key| text(&lang, &key).into());
    let languages = LANGUAGES.map(|code| LanguageChoice { code: code.into(), name: text(code, "language.self").into() });
    texts.set_languages(ModelRc::new(VecModel::from(languages.to_vec())));
}
