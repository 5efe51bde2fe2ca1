//! The texts of the screens: one flat table of key and text for each language, in `lang/`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use slint::{ModelRc, VecModel};

use crate::{I18n, LanguageChoice};

/// The languages of the screens: bokmål first, the language that every text has.
pub const LANGUAGES: [&str; 2] = ["nb", "en"];

/// What is shown where a text is missing, so that it is seen. A test proves that none is.
const MISSING: &str = "???";

type Table = BTreeMap<String, String>;

fn table(lang: &str) -> &'static Table {
    static BOKMAL: OnceLock<Table> = OnceLock::new();
    static ENGLISH: OnceLock<Table> = OnceLock::new();
    let (cell, source) = match lang {
        "en" => (&ENGLISH, include_str!("../lang/en.toml")),
        _ => (&BOKMAL, include_str!("../lang/nb.toml")),
    };
    // The files are part of the program: one that cannot be read shows in every test as missing texts.
    cell.get_or_init(|| toml::from_str(source).unwrap_or_default())
}

/// The text of `key` in `lang`; an unknown language is bokmål, an unknown key is shown as such.
pub fn text(lang: &str, key: &str) -> &'static str {
    table(lang).get(key).map_or(MISSING, String::as_str)
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
