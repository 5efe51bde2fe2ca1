//! The description of MASTER.toml and LOCAL.toml: each key once, with its values, its place in the Rust value and its effect.

use std::fmt::Write as _;

use jiff::civil::Date;

/// A file: its sections in the order in which they are documented.
pub struct Schema<C: 'static> {
    /// Usual name of the file.
    pub file: &'static str,
    /// What the file is for.
    pub about: &'static str,
    /// The sections. The one without a name holds the keys at the top of the file.
    pub sections: &'static [Section<C>],
    /// The sections that may be there more than once, after the others.
    pub lists: &'static [List<C>],
}

/// A section that may be there more than once, `[[Name]]`: a list of records.
pub struct List<C: 'static> {
    /// The name in the file.
    pub name: &'static str,
    /// One record. Its keys read and write the last record of the list. Its name is the list's in brackets, so that messages
    /// say `[[Name]]`.
    pub record: Section<C>,
    /// Puts an empty record at the end of the list.
    pub begin: fn(&mut C),
    /// How many records there are.
    pub count: fn(&C) -> usize,
    /// Drops all but so many records from the start.
    pub keep: fn(&mut C, usize),
    /// Whether the last record, complete now, can stand beside the others.
    pub check: fn(&C) -> Result<(), &'static str>,
}

/// A section, `[Name]`.
pub struct Section<C: 'static> {
    /// BAM's word where BAM has one.
    pub name: &'static str,
    /// What the section is for.
    pub about: &'static str,
    /// Its keys.
    pub keys: &'static [Key<C>],
}

/// A key of a section.
pub struct Key<C: 'static> {
    /// The name in the file.
    pub name: &'static str,
    /// The file is not valid without it.
    pub required: bool,
    /// The first version of the program that knows it.
    pub since: &'static str,
    /// Which values are allowed and where they are kept.
    pub field: Field<C>,
    /// What the value changes, in one or two sentences.
    pub effect: &'static str,
}

/// The kind of a value, and the place in `C` where it is kept. The default of a key is what `C::default()` holds there.
pub enum Field<C: 'static> {
    /// `true` or `false`.
    Switch(fn(&mut C) -> &mut bool),
    /// A small whole number.
    Count {
        /// Smallest value.
        min: u8,
        /// Largest value.
        max: u8,
        /// Where it is kept.
        at: fn(&mut C) -> &mut u8,
    },
    /// A whole number.
    Number {
        /// Smallest value.
        min: u16,
        /// Largest value.
        max: u16,
        /// Where it is kept.
        at: fn(&mut C) -> &mut u16,
    },
    /// One of several words.
    Choice {
        /// The words.
        of: &'static [&'static str],
        /// The word that stands for the present value.
        get: fn(&C) -> &'static str,
        /// Takes one of the words; `false` for any other.
        set: fn(&mut C, &str) -> bool,
    },
    /// A text of a certain form.
    Text {
        /// The form, in words.
        allowed: &'static str,
        /// The present value; `None` when there is none.
        get: fn(&C) -> Option<String>,
        /// Takes a text, or says what is wrong with it.
        set: fn(&mut C, &str) -> Result<(), &'static str>,
    },
    /// Several texts of a certain form, `["…", "…"]`.
    Texts {
        /// The form of each, in words.
        allowed: &'static str,
        /// The present texts.
        get: fn(&C) -> Vec<String>,
        /// Takes the texts in place of the present ones, or says which is wrong and what is wrong with it.
        set: SetTexts<C>,
    },
    /// Several of several words, `["…", "…"]`.
    Words {
        /// The words.
        of: &'static [&'static str],
        /// The present ones.
        get: fn(&C) -> Vec<String>,
        /// Takes words in place of the present ones, or says which is wrong and what is wrong with it.
        set: SetTexts<C>,
    },
    /// A day, `YYYY-MM-DD`, with or without quotes.
    Day {
        /// The present day; `None` when there is none.
        get: fn(&C) -> Option<Date>,
        /// Takes a day.
        set: fn(&mut C, Date),
    },
}

/// Puts several texts in their place; an error names the wrong one, counted from 0, and says what is wrong with it.
pub type SetTexts<C> = fn(&mut C, &[&str]) -> Result<(), (usize, &'static str)>;

/// A value as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Value {
    /// `true` or `false`.
    Switch(bool),
    /// A whole number.
    Whole(u16),
    /// A text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
    /// A day.
    Day(Date),
}

impl std::fmt::Display for Value {
    /// The value as it is written in the file.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Switch(on) => write!(f, "{on}"),
            Self::Whole(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{}", toml::Value::String(text.clone())),
            Self::Texts(texts) => {
                let texts: Vec<String> = texts.iter().map(|text| toml::Value::String(text.clone()).to_string()).collect();
                write!(f, "[{}]", texts.join(", "))
            }
            Self::Day(day) => write!(f, "{day}"),
        }
    }
}

impl<C: Clone + Default> Field<C> {
    /// The value that `config` holds.
    pub fn value(&self, config: &C) -> Option<Value> {
        let mut copy = config.clone();
        Some(match self {
            Self::Switch(at) => Value::Switch(*at(&mut copy)),
            Self::Count { at, .. } => Value::Whole(u16::from(*at(&mut copy))),
            Self::Number { at, .. } => Value::Whole(*at(&mut copy)),
            Self::Choice { get, .. } => Value::Text(get(config).to_owned()),
            Self::Text { get, .. } => Value::Text(get(config)?),
            Self::Texts { get, .. } | Self::Words { get, .. } => Value::Texts(get(config)),
            Self::Day { get, .. } => Value::Day(get(config)?),
        })
    }

    /// The value when the file does not say.
    pub fn default_value(&self) -> Option<Value> {
        self.value(&C::default())
    }
}

impl<C> Field<C> {
    /// The allowed values, in words.
    pub fn allowed(&self) -> String {
        match self {
            Self::Switch(_) => "true or false (without quotes)".into(),
            Self::Count { min, max, .. } => format!("a whole number from {min} to {max}"),
            Self::Number { min, max, .. } => format!("a whole number from {min} to {max}"),
            Self::Choice { of, .. } => or(of),
            Self::Text { allowed, .. } => (*allowed).into(),
            Self::Texts { allowed, .. } => format!("a list, [\"…\", \"…\"], of {allowed}"),
            Self::Words { of, .. } => format!("a list, [\"…\", \"…\"], of {}", or(of)),
            Self::Day { .. } => "a day, YYYY-MM-DD".into(),
        }
    }
}

/// `"A", "B" or "C"`.
fn or(words: &[&str]) -> String {
    let mut text = String::new();
    for (at, word) in words.iter().enumerate() {
        let between = match at {
            0 => "",
            _ if at + 1 == words.len() => " or ",
            _ => ", ",
        };
        // Writing into a String does not fail.
        let _ = write!(text, "{between}\"{word}\"");
    }
    text
}

impl<C> Section<C> {
    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&Key<C>> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The section as messages name it.
    pub(super) fn title(&self) -> String {
        if self.name.is_empty() { "the top of the file, before the first [section]".into() } else { format!("[{}]", self.name) }
    }

    pub(super) fn key_names(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }
}

impl<C: Clone + Default> List<C> {
    /// A configuration whose last record is empty: the defaults of a record.
    pub fn blank(&self) -> C {
        let mut blank = C::default();
        (self.begin)(&mut blank);
        blank
    }

    /// For each record of `config`, a copy in which it is the last one, so that the keys read it.
    pub fn records(&self, config: &C) -> impl Iterator<Item = C> {
        (1..=(self.count)(config)).map(|count| {
            let mut copy = config.clone();
            (self.keep)(&mut copy, count);
            copy
        })
    }
}

impl<C> Schema<C> {
    /// The list of this name.
    pub fn list(&self, name: &str) -> Option<&List<C>> {
        self.lists.iter().find(|list| list.name == name)
    }

    /// The section of this name.
    pub fn section(&self, name: &str) -> Option<&Section<C>> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// The names of the sections that have one, as `[A], [B]`, then those of the lists.
    pub(super) fn section_names(&self) -> String {
        let named = self.sections.iter().filter(|section| !section.name.is_empty());
        let named = named.chain(self.lists.iter().map(|list| &list.record));
        named.map(Section::title).collect::<Vec<_>>().join(", ")
    }
}
