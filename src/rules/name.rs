//! Names compared (BAM operator FAQ, "Søk"): the person as the organisation knows the person, with what the document says.
//!
//! The register may know fewer names than the document, never others: each name of the person must stand in the document
//! exactly. "Anne" and "Louise" both fit "Anne Louise"; "Ane Louise" does not.
//!
//! What counts as exact:
//! - A letter is the same however it was typed: "é" as one character, or as "e" and an accent (Unicode NFC).
//! - Capital and small letters are the same letter (Unicode lower case); "ß" and "ss" are not, nor "é" and "e".
//! - Space around and between names does not matter, whatever kind of space it is.
//! - A hyphen joins two names to one: "Anne-Louise" is neither "Anne" nor "Anne Louise". The comparison says when hyphens are
//!   the only difference, because a machine-readable zone writes them as spaces. The typographic hyphens and
//!   apostrophes are the plain ones.
//! - Each name in the document answers for one name of the person, in any order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::Person;

/// The name as it stands in the visual zone of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentName {
    /// The document's field for first names; middle names usually stand here too.
    pub first_names: String,
    /// The document's field for the last name.
    pub last_name: String,
    /// A middle name, where the operator knows it to be one: it counts both as a first name and as part of the last name,
    /// because registers put it on either side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub middle: Option<String>,
}

/// The answer of [`compare`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "result")]
pub enum NameComparison {
    /// Every name of the person stands in the document.
    Match,
    /// At least one part of the name does not.
    Differs(NameDifference),
}

impl NameComparison {
    /// Whether the names agree.
    pub fn is_match(&self) -> bool {
        *self == Self::Match
    }
}

/// Which parts of the name differ, and why; at least one does. Repeats no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameDifference {
    /// First and middle names; `None` when they agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_names: Option<NameDifferenceReason>,
    /// Last name; `None` when it agrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<NameDifferenceReason>,
}

/// Why a part differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameDifferenceReason {
    /// The organisation knows no name for this part, but the document does; or neither knows a last name.
    NotRegistered,
    /// The document has nothing in this part.
    NothingOnDocument,
    /// Hyphens read as spaces would make the part agree.
    Hyphens,
    /// This name of the person does not stand in the document.
    NotOnDocument {
        /// Which of the person's names in this part, counted from 1.
        word: usize,
    },
}

impl std::fmt::Display for NameDifferenceReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotRegistered => f.write_str("nothing is registered for the person"),
            Self::NothingOnDocument => f.write_str("the document has nothing there"),
            Self::Hyphens => f.write_str("only hyphens differ"),
            Self::NotOnDocument { word } => write!(f, "registered name number {word} does not stand in the document"),
        }
    }
}

impl std::fmt::Display for NameDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = [("first names", self.first_names), ("last name", self.last_name)]
            .into_iter()
            .filter_map(|(part, why)| why.map(|why| format!("{part}: {why}")))
            .collect();
        f.write_str(&parts.join("; "))
    }
}

/// Compares the person's name with the document's.
///
/// First names must be among the document's first and middle names, the last name among its last and middle names. A part that is
/// empty on both sides agrees (people with a single name) as long as the other part is not empty.
pub fn compare(person: &Person, on_document: &DocumentName) -> NameComparison {
    let middle = on_document.middle.as_deref().unwrap_or_default();
    let first_names = difference(&person.first_names, &on_document.first_names, middle);
    let nameless = words(&person.first_names).is_empty() && words(&person.last_name).is_empty();
    let last_name =
        difference(&person.last_name, &on_document.last_name, middle).or(nameless.then_some(NameDifferenceReason::NotRegistered));
    match (first_names, last_name) {
        (None, None) => NameComparison::Match,
        _ => NameComparison::Differs(NameDifference { first_names, last_name }),
    }
}

/// Why the registered part does not agree with the document's field; the middle name counts as well.
fn difference(registered: &str, field: &str, middle: &str) -> Option<NameDifferenceReason> {
    let ours = words(registered);
    let theirs = words(&format!("{field} {middle}"));
    match (ours.is_empty(), words(field).is_empty()) {
        (true, true) => return None,
        (true, false) => return Some(NameDifferenceReason::NotRegistered),
        (false, true) if theirs.is_empty() => return Some(NameDifferenceReason::NothingOnDocument),
        (false, _) => {}
    }
    let word = first_missing(&ours, &theirs)?;
    let spaced = without_hyphens(&ours);
    if !spaced.is_empty() && first_missing(&spaced, &without_hyphens(&theirs)).is_none() {
        return Some(NameDifferenceReason::Hyphens);
    }
    Some(NameDifferenceReason::NotOnDocument { word })
}

/// Whether two texts are the same name in full: the same words in the same order, written alike. User names are compared so too.
pub fn is_same(one: &str, other: &str) -> bool {
    words(one) == words(other)
}

/// A name, written so that [`is_same`] holds of two names exactly when these texts are equal.
pub fn alike(text: &str) -> String {
    words(text).join(" ")
}

/// Whether two full names may be one person's: all the names of one stand in the other, in any order, hyphens read as spaces.
/// A single name counts against the same single name only.
///
/// For rules that keep two people apart, where a doubt must not pass.
pub fn may_be_same(one: &str, other: &str) -> bool {
    let (one, other) = (without_hyphens(&words(one)), without_hyphens(&words(other)));
    let (fewer, more) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    match fewer.len() {
        0 => false,
        1 => fewer == more,
        _ => first_missing(&fewer, &more).is_none(),
    }
}

/// The names in a text, written alike.
fn words(text: &str) -> Vec<String> {
    // Composed again after the lower case: "ǰ" is one character, its capital only exists as two.
    let composed: String = text.nfc().collect();
    let alike: String = composed
        .to_lowercase()
        .nfc()
        .map(|c| match c {
            '\u{2010}' | '\u{2011}' => '-',
            '\u{2019}' | '\u{02BC}' => '\'',
            other => other,
        })
        .collect();
    alike.split_whitespace().map(str::to_owned).collect()
}

fn without_hyphens(words: &[String]) -> Vec<String> {
    words.iter().flat_map(|word| word.split('-')).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The place, counted from 1, of the first of our words for which they have none left.
fn first_missing(ours: &[String], theirs: &[String]) -> Option<usize> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for word in theirs {
        *left.entry(word).or_default() += 1;
    }
    let missing = ours.iter().position(|word| match left.get_mut(word.as_str()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    missing.map(|place| place + 1)
}
