//! The terms (avtalevilkår, brukererklæring) that a holder accepts: texts with version, language and digest.
//!
//! `terms.toml` lists them; the texts lie beside it. A version takes effect at its date, so a new text can be put in place ahead
//! of time. What was shown is proven by the digest of the text's exact bytes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::{
    Broken, ConfigError, Language,
    documents::is_id,
    master::one_line,
    reader::{deserialize, quoted},
    source::{FILE_LIMIT, Source},
};
use crate::{digest::Digest, rules::CertificateKind};

/// Most bytes of one text.
const TEXT_LIMIT: u64 = 256 << 10;
/// Most texts in a catalogue.
const MOST_TEXTS: usize = 200;

/// One text in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Stable name, the same in all versions and languages.
    pub id: String,
    /// The certificates that it is about.
    pub certificate: CertificateKind,
    /// Version, as the report names it.
    pub version: String,
    /// Language of the text.
    pub language: Language,
    /// Title in that language.
    pub title: String,
    /// The text: paragraphs between blank lines, headings after `# `.
    pub text: String,
    /// SHA-256 of the file's exact bytes.
    pub digest: Digest,
    /// The first day on which this version holds.
    pub valid_from: Date,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A line after `# `.
    Heading(String),
    /// Lines up to a blank one, joined by spaces.
    Paragraph(String),
}

impl Terms {
    /// The text as headings and paragraphs, for screens and report.
    pub fn blocks(&self) -> Vec<Block> {
        blocks(&self.text)
    }
}

/// A text as headings and paragraphs.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    let end_paragraph = |lines: &mut Vec<&str>, blocks: &mut Vec<Block>| {
        if !lines.is_empty() {
            blocks.push(Block::Paragraph(lines.join(" ")));
            lines.clear();
        }
    };
    for line in text.lines().map(str::trim) {
        if let Some(heading) = line.strip_prefix("# ") {
            end_paragraph(&mut lines, &mut blocks);
            blocks.push(Block::Heading(heading.trim().to_owned()));
        } else if line.is_empty() {
            end_paragraph(&mut lines, &mut blocks);
        } else {
            lines.push(line);
        }
    }
    end_paragraph(&mut lines, &mut blocks);
    blocks
}

/// Where a version stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its first day is still to come.
    Coming,
    /// Holders accept it.
    InForce,
    /// A later one has taken its place.
    Replaced,
}

/// All texts of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TermsCatalogue {
    texts: Vec<Terms>,
}

impl TermsCatalogue {
    /// All texts, in the order of terms.toml.
    pub fn all(&self) -> &[Terms] {
        &self.texts
    }

    /// The text in force on `today` in `language`. `None` when no version has taken effect, or when the version in force has no
    /// text in this language: an older version is never shown in its place.
    pub fn for_certificate(&self, kind: CertificateKind, language: Language, today: Date) -> Option<&Terms> {
        self.in_force(kind, today).find(|terms| terms.language == language)
    }

    /// The languages of the version in force on `today`.
    pub fn languages(&self, kind: CertificateKind, today: Date) -> Vec<Language> {
        Language::ALL.into_iter().filter(|language| self.for_certificate(kind, *language, today).is_some()).collect()
    }

    /// Whether this text is in force on `today`, was before, or will be.
    pub fn standing(&self, terms: &Terms, today: Date) -> Standing {
        if terms.valid_from > today {
            Standing::Coming
        } else if self.in_force(terms.certificate, today).any(|other| other.valid_from == terms.valid_from) {
            Standing::InForce
        } else {
            Standing::Replaced
        }
    }

    fn in_force(&self, kind: CertificateKind, today: Date) -> impl Iterator<Item = &Terms> {
        let candidates = move || self.texts.iter().filter(move |terms| terms.certificate == kind && terms.valid_from <= today);
        let newest = candidates().map(|terms| terms.valid_from).max();
        candidates().filter(move |terms| Some(terms.valid_from) == newest)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Index {
    terms: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    id: String,
    certificate: CertificateKind,
    version: String,
    language: Language,
    title: String,
    file: String,
    valid_from: Date,
}

const SHAPE: &str = "[[Terms]] with Id, Certificate (\"local\" or \"qualified\"), Version, Language (\"nb\", \"nn\", \"en\"), Title, File and \
                     ValidFrom (\"YYYY-MM-DD\")";

/// Reads `terms.toml` in `folder` and the texts that it lists.
pub fn load(folder: &Path) -> Result<TermsCatalogue, ConfigError> {
    let source = Source::read(&folder.join("terms.toml"), FILE_LIMIT)?;
    let index: Index = deserialize(&source, SHAPE)?;
    if index.terms.len() > MOST_TEXTS {
        let message = format!("{} texts are listed", index.terms.len());
        return Err(ConfigError::one(Broken::Invalid, source.diagnostic(0, message, format!("at most {MOST_TEXTS}"))));
    }
    check(&index, &source)?;

    let texts = index.terms.iter().map(|entry| text(folder, entry.get_ref(), &source, entry.span().start));
    Ok(TermsCatalogue { texts: texts.collect::<Result<_, _>>()? })
}

/// What can be checked without opening a text.
fn check(index: &Index, source: &Source) -> Result<(), ConfigError> {
    let mut problems = Vec::new();
    // Which version of which terms holds from a day on must not depend on the order of the list.
    let mut from: BTreeMap<(bool, Date), (&str, &str)> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for entry in &index.terms {
        let Entry { id, certificate, version, language, title, file, valid_from } = entry.get_ref();
        let mut problem = |message: String, allowed: &str| {
            problems.push(source.diagnostic(entry.span().start, format!("the terms {}: {message}", quoted(id)), allowed));
        };
        if !is_id(id) {
            problem("the Id is not well formed".into(), "small letters a–z, digits and hyphens, 1 to 40 characters");
        }
        if one_line(version).is_err() || one_line(title).is_err() {
            problem("the Version or the Title is blank or too long".into(), "a text of 1 to 200 characters on one line");
        }
        if Path::new(file).file_name().is_none_or(|name| name != file.as_str()) {
            problem(format!("the File {} is not a plain file name", quoted(file)), "a file in the folder of terms.toml");
        }
        let holder = *from.entry((*certificate == CertificateKind::Qualified, *valid_from)).or_insert((id, version));
        if holder != (id.as_str(), version.as_str()) {
            problem(
                format!("two versions for the same certificates take effect on {valid_from}"),
                "one Id and Version a day for each kind of certificate",
            );
        }
        if !seen.insert((id, version, language)) {
            problem("this version is there twice in this language".into(), "each Id, Version and Language once");
        }
        let mut same_version =
            index.terms.iter().map(Spanned::get_ref).filter(|other| other.id == *id && other.version == *version);
        if same_version.any(|other| (other.valid_from, other.certificate) != (*valid_from, *certificate)) {
            problem(
                "the languages of this version differ in ValidFrom or Certificate".into(),
                "the same ValidFrom and Certificate in all languages of a version",
            );
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(ConfigError::new(Broken::Invalid, problems)) }
}

fn text(folder: &Path, entry: &Entry, index: &Source, offset: usize) -> Result<Terms, ConfigError> {
    let source = Source::read(&folder.join(&entry.file), TEXT_LIMIT).map_err(|error| {
        let listed = format!("the terms {} list a text that cannot be used", quoted(&entry.id));
        ConfigError::one(error.kind(), index.diagnostic(offset, listed, "a text of at most 256 KiB, saved as UTF-8")).and(error)
    })?;
    let unwanted = |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    if let Some((at, _)) = source.text.char_indices().find(|(_, character)| unwanted(*character)) {
        let diagnostic = source.diagnostic(at, "a control character", "plain text: paragraphs, and headings after \"# \"");
        return Err(ConfigError::one(Broken::Invalid, diagnostic));
    }
    Ok(Terms {
        id: entry.id.clone(),
        certificate: entry.certificate,
        version: entry.version.clone(),
        language: entry.language,
        title: entry.title.clone(),
        digest: source.digest,
        text: source.text,
        valid_from: entry.valid_from,
    })
}
