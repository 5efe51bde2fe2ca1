//! The texts around a notice, as data: one file for each kind and language, with places such as `{name}`.
//!
//! The first line is `Subject: …`, then comes a blank line, then the text.

use std::{
    fmt::Display,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use crate::config::Language;

/// Largest template, bytes.
const LARGEST: u64 = 64 << 10;

const VOUCHED_NB: &str = include_str!("../../config/notices/vouched.nb.txt");
const VOUCHED_NN: &str = include_str!("../../config/notices/vouched.nn.txt");
const UNDELIVERED_NN: &str = include_str!("../../config/notices/undelivered.nn.txt");
const VOUCHED_EN: &str = include_str!("../../config/notices/vouched.en.txt");
const UNDELIVERED_NB: &str = include_str!("../../config/notices/undelivered.nb.txt");
const UNDELIVERED_EN: &str = include_str!("../../config/notices/undelivered.en.txt");

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: {what}", file.display())]
pub struct TemplateError {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what is allowed.
    pub what: String,
}

impl TemplateError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        "NOTICE_TEMPLATE"
    }
}

/// All templates of one language.
pub struct Templates {
    /// To a holder or third party.
    pub vouched: Template,
    /// To the administrator.
    pub undelivered: Template,
}

/// A template: pieces of text and the places between them.
pub struct Template {
    subject: String,
    body: String,
}

impl Templates {
    /// Those in `folder`, or those of the program.
    pub fn load(folder: Option<&Path>, language: Language) -> Result<Self, TemplateError> {
        let (vouched, undelivered) = match language.code() {
            "en" => (VOUCHED_EN, UNDELIVERED_EN),
            "nn" => (VOUCHED_NN, UNDELIVERED_NN),
            _ => (VOUCHED_NB, UNDELIVERED_NB),
        };
        let one = |name: &str, own: &str, places: &[&str]| {
            let file = PathBuf::from(format!("{name}.{}.txt", language.code()));
            match folder {
                Some(folder) => Template::read(&folder.join(file), places),
                None => Template::parse(&file, own, places),
            }
        };
        Ok(Self {
            vouched: one("vouched", vouched, &["name", "text", "control", "company", "office"])?,
            undelivered: one("undelivered", undelivered, &["control", "hours", "fault", "company", "office"])?,
        })
    }
}

impl Template {
    fn read(file: &Path, places: &[&str]) -> Result<Self, TemplateError> {
        let wrong = |what: String| TemplateError { file: file.to_owned(), line: 1, what };
        let mut text = String::new();
        let opened = File::open(file).map_err(|error| wrong(format!("the file cannot be read ({})", error.kind())))?;
        let read = opened.take(LARGEST + 1).read_to_string(&mut text);
        match read {
            Ok(read) if read as u64 <= LARGEST => Self::parse(file, &text, places),
            Ok(_) => Err(wrong("the file is larger than 64 KiB".into())),
            Err(_) => Err(wrong("the file is no text in UTF-8".into())),
        }
    }

    fn parse(file: &Path, text: &str, places: &[&str]) -> Result<Self, TemplateError> {
        let wrong = |line: usize, what: String| TemplateError { file: file.to_owned(), line, what };
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let subject = first.trim_end().strip_prefix("Subject: ").map(str::trim).filter(|subject| !subject.is_empty());
        let subject = subject.ok_or_else(|| wrong(1, "the first line is \"Subject: \" and the subject".into()))?;
        let body = rest.strip_prefix('\n').or_else(|| rest.strip_prefix("\r\n"));
        let body = body.ok_or_else(|| wrong(2, "a blank line stands between the subject and the text".into()))?;
        for (at, line) in text.lines().enumerate() {
            for part in line.split('{').skip(1) {
                let place = part.split('}').next().filter(|place| place.len() < part.len());
                if !place.is_some_and(|place| places.contains(&place)) {
                    let known: Vec<String> = places.iter().map(|place| format!("{{{place}}}")).collect();
                    return Err(wrong(at + 1, format!("a brace opens no place; there are {}", known.join(", "))));
                }
            }
        }
        Ok(Self { subject: subject.to_owned(), body: body.to_owned() })
    }

    /// Subject and text with the places filled. What fills a place is never looked at for places of its own.
    pub fn fill(&self, values: &[(&str, &dyn Display)]) -> (String, String) {
        // A line break in a value would begin another header of the mail.
        let subject = fill(&self.subject, values).replace(char::is_control, " ");
        (subject, fill(&self.body, values))
    }
}

fn fill(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut pieces = text.split('{');
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (place, after) = piece.split_once('}').unwrap_or(("", piece));
        if let Some((_, value)) = values.iter().find(|(name, _)| *name == place) {
            filled.push_str(&value.to_string());
        }
        filled.push_str(after);
    }
    filled
}
