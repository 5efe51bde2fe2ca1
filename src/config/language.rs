//! The languages of the screens, the terms and the faults. Which there are, the files in `ui/lang/` say.

use std::borrow::Cow;

use bam_station_ui::LANGUAGES;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::rules::LocalText;

/// A language that the screens speak, and so one for terms and fault messages. Adding one takes files alone: its texts in
/// `ui/lang/`, and, as far as they are translated, entries in terms.toml, documents.toml and faults.toml.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(&'static str);

impl Language {
    /// Bokmål, the language that every text has.
    pub const NB: Self = Self("nb");
    /// Nynorsk.
    pub const NN: Self = Self("nn");
    /// English.
    pub const EN: Self = Self("en");

    /// All languages in the order in which they are offered, bokmål first.
    #[expect(clippy::indexing_slicing, reason = "of two arrays of one length, when the program is compiled")]
    pub const ALL: [Self; LANGUAGES.len()] = {
        let mut all = [Self::NB; LANGUAGES.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = Self(LANGUAGES[at]);
            at += 1;
        }
        all
    };

    /// The ISO 639 code: `nb`, `nn`, `en`.
    pub const fn code(self) -> &'static str {
        self.0
    }

    /// The language with this ISO 639 code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// `text` in this language; bokmål where it has none.
    pub fn of(self, text: &LocalText) -> &str {
        text.in_language(self.0).unwrap_or(&text.nb)
    }

    /// `text` in this language; where it has none, bokmål that is marked as such, so that nobody takes it for a bad translation.
    pub fn of_marked(self, text: &LocalText) -> Cow<'_, str> {
        text.in_language(self.0).map_or_else(|| format!("[nb] {}", text.nb).into(), Cow::Borrowed)
    }
}

impl Default for Language {
    fn default() -> Self {
        Self::NB
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = Cow::<'de, str>::deserialize(deserializer)?;
        Self::from_code(&code).ok_or_else(|| D::Error::unknown_variant(&code, &LANGUAGES))
    }
}
