//! A text in several languages.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap as _};

/// A text in the languages of the screens, by ISO 639 code: always in bokmål and in English, in others where it is translated.
///
/// Written as a table: `{ nb = "…", nn = "…", en = "…" }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalText {
    /// Bokmål.
    pub nb: String,
    /// English.
    pub en: String,
    others: BTreeMap<String, String>,
}

impl LocalText {
    /// The same said in bokmål and in English.
    pub fn new(nb: impl Into<String>, en: impl Into<String>) -> Self {
        Self { nb: nb.into(), en: en.into(), others: BTreeMap::new() }
    }

    /// The same said in nynorsk too.
    #[must_use]
    pub fn nn(self, text: impl Into<String>) -> Self {
        self.with("nn", text)
    }

    /// The same said in one more language, by its ISO 639 code.
    #[must_use]
    pub fn with(mut self, code: &str, text: impl Into<String>) -> Self {
        match code {
            "nb" => self.nb = text.into(),
            "en" => self.en = text.into(),
            other => drop(self.others.insert(other.to_owned(), text.into())),
        }
        self
    }

    /// The text in the language with this ISO 639 code; `None` where it has none.
    pub fn in_language(&self, code: &str) -> Option<&str> {
        match code {
            "nb" => Some(&self.nb),
            "en" => Some(&self.en),
            other => self.others.get(other).map(String::as_str),
        }
    }

    /// The text in each of its languages, by ISO 639 code.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        let others = self.others.iter().map(|(code, text)| (code.as_str(), text.as_str()));
        [("nb", self.nb.as_str()), ("en", self.en.as_str())].into_iter().chain(others)
    }
}

impl Serialize for LocalText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2 + self.others.len()))?;
        for (code, text) in self.all() {
            map.serialize_entry(code, text)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for LocalText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut others = BTreeMap::<String, String>::deserialize(deserializer)?;
        let nb = others.remove("nb").ok_or_else(|| D::Error::missing_field("nb"))?;
        let en = others.remove("en").ok_or_else(|| D::Error::missing_field("en"))?;
        let is_code = |code: &&String| (2..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase());
        if let Some(wrong) = others.keys().find(|code| !is_code(code)) {
            return Err(D::Error::custom(format!("`{}` is no language: write its ISO 639 code", wrong.escape_debug())));
        }
        Ok(Self { nb, en, others })
    }
}
