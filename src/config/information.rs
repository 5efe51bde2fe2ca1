//! What the holder is told about the use of personal data (GDPR, article 13): who, what, why, how long, and the holder's rights.
//!
//! A text for each language beside the terms, `information.nb.txt`, in the same form as the terms. The organisation writes its
//! own; what stands in braces is filled in from MASTER.toml.

use std::{collections::BTreeMap, path::Path};

use super::{
    ConfigError, Language,
    source::Source,
    terms::{Block, blocks},
};

/// Most bytes of one text.
const TEXT_LIMIT: u64 = 64 << 10;

/// The texts by language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Information(BTreeMap<Language, String>);

impl Information {
    /// Reads the texts in `folder`. A language without a file has none; a file that is there is read whole or is a mistake.
    pub fn load(folder: &Path) -> Result<Self, ConfigError> {
        let mut texts = BTreeMap::new();
        for language in Language::ALL {
            let file = folder.join(format!("information.{}.txt", language.code()));
            if file.exists() {
                texts.insert(language, Source::read(&file, TEXT_LIMIT)?.text);
            }
        }
        Ok(Self(texts))
    }

    /// The text in `language`, or in bokmål, with the organisation's name and the years for which evidence is kept.
    pub fn blocks(&self, language: Language, company: &str, years: u8) -> Vec<Block> {
        let Some(text) = self.0.get(&language).or_else(|| self.0.get(&Language::default())) else { return vec![] };
        blocks(&text.replace("{company}", company).replace("{years}", &years.to_string()))
    }
}
