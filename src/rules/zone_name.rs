//! Names compared with a machine readable zone, which knows A to Z only and cuts long names (ICAO 9303-3 §4.6, §6 A).
//!
//! The zone is a rendering of the printed name, so all that is asked is whether it can be the rendering of this one: each letter
//! in one of the ways that ICAO recommends, hyphens as the end of a word, apostrophes left out. Nothing is compared "nearly".

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Longest part of a name that is compared, in words; real names have fewer.
const MOST_WORDS: usize = 24;

/// The name as a zone states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZoneName<'a> {
    /// The first part; words apart by blanks.
    pub surname: &'a str,
    /// The second part.
    pub given_names: &'a str,
    /// Characters that the zone has for the name: 39 in TD3, 31 in TD2, 30 in TD1.
    pub room: usize,
}

impl ZoneName<'_> {
    /// Whether the name fills its field to the last character: then the issuer may have cut it (ICAO 9303-4 §4.2.3).
    pub fn may_be_cut(&self) -> bool {
        let gap = if self.given_names.is_empty() { 0 } else { 2 };
        self.surname.len() + gap + self.given_names.len() >= self.room
    }
}

/// Whether a name and its zone agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ZoneAgreement {
    /// The zone is a rendering of the name.
    Agrees,
    /// As far as the zone goes: it has no room for the whole name.
    AgreesAsFarAsItGoes,
    /// It is not.
    Differs,
}

/// Compares the name as it is printed in the document, part by part; within a part in any order.
///
/// `middle` stands on either side.
pub fn printed(first_names: &str, middle: &str, last_name: &str, zone: ZoneName<'_>) -> [ZoneAgreement; 2] {
    let part = |names: String, stated: &str| {
        let (ours, theirs) = (words(&names), stated.split_whitespace().collect::<Vec<_>>());
        if ours.len() == theirs.len() && all_stand_in(&ours, &theirs) {
            ZoneAgreement::Agrees
        } else if zone.may_be_cut() && is_cut_from(&ours, &theirs) {
            ZoneAgreement::AgreesAsFarAsItGoes
        } else {
            ZoneAgreement::Differs
        }
    };
    let sides = |first: &str, last: &str| {
        [part(format!("{first_names} {first}"), zone.given_names), part(format!("{last} {last_name}"), zone.surname)]
    };
    let differing = |parts: &[ZoneAgreement; 2]| parts.iter().filter(|part| **part == ZoneAgreement::Differs).count();
    let with_first = sides(middle, "");
    if middle.trim().is_empty() || differing(&with_first) == 0 {
        return with_first;
    }
    let with_last = sides("", middle);
    if differing(&with_last) < differing(&with_first) { with_last } else { with_first }
}

/// Compares the name as the organisation knows it, which may be fewer names than the document has (BAM operator FAQ, "Søk"): each
/// first name must be a given name of the zone, each last name a word of its surname or `middle`, in any order.
pub fn registered(first_names: &str, last_name: &str, middle: &str, zone: ZoneName<'_>) -> [ZoneAgreement; 2] {
    let given: Vec<&str> = zone.given_names.split_whitespace().collect();
    let known_middle = words(middle);
    // A middle name counts for the last name wherever the zone has it.
    let is_middle = |word: &&&str| known_middle.iter().any(|known| known.renders_as(word));
    let last: Vec<&str> = zone.surname.split_whitespace().chain(given.iter().filter(is_middle).copied()).collect();
    let first: Vec<&str> = given.iter().copied().chain(zone.surname.split_whitespace().filter(|word| is_middle(&word))).collect();
    let part = |names: &str, stated: &[&str]| {
        let ours = words(names);
        if ours.is_empty() && !stated.is_empty() {
            ZoneAgreement::Differs
        } else if all_stand_in(&ours, stated) {
            ZoneAgreement::Agrees
        } else if zone.may_be_cut() && all_may_be_cut(&ours, stated) {
            ZoneAgreement::AgreesAsFarAsItGoes
        } else {
            ZoneAgreement::Differs
        }
    };
    [part(first_names, &first), part(last_name, &last)]
}

/// A word of a name, letter by letter in all its renderings.
struct Word(Vec<Vec<String>>);

impl Word {
    fn renders_as(&self, stated: &str) -> bool {
        rendered(&self.0, stated, false)
    }

    /// Words without the blanks between them.
    fn run_on(words: &[Self]) -> Self {
        Self(words.iter().flat_map(|word| word.0.iter().cloned()).collect())
    }

    /// Whether `stated` is the beginning of a rendering, and at least one letter.
    fn begins_as(&self, stated: &str) -> bool {
        !stated.is_empty() && rendered(&self.0, stated, true)
    }
}

/// Whether the letters can be `stated`; with `cut`, whether they can begin so.
fn rendered(letters: &[Vec<String>], stated: &str, cut: bool) -> bool {
    // How much of `stated` the letters so far can account for.
    let mut reached = BTreeSet::from([0]);
    for ways in letters {
        let mut next = BTreeSet::new();
        for at in &reached {
            let rest = stated.get(*at..).unwrap_or_default();
            for way in ways {
                if rest.starts_with(way.as_str()) {
                    next.insert(at + way.len());
                } else if cut && way.starts_with(rest) {
                    return true;
                }
            }
        }
        if cut && next.contains(&stated.len()) {
            return true;
        }
        reached = next;
    }
    reached.contains(&stated.len())
}

/// The words of a name.
fn words(name: &str) -> Vec<Word> {
    let composed: String = name.nfc().collect();
    composed
        .split(|c: char| c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | ',' | '/'))
        .map(|word| word.chars().flat_map(char::to_uppercase).map(renderings).collect::<Vec<_>>())
        .filter(|letters| letters.iter().any(|ways| ways.iter().any(|way| !way.is_empty())))
        .map(Word)
        .take(MOST_WORDS)
        .collect()
}

/// The ways in which a capital letter is written in a zone (ICAO 9303-3 §6 A, table A); a letter that has none stands for itself
/// and so agrees with nothing.
fn renderings(letter: char) -> Vec<String> {
    let ways: &[&str] = match letter {
        '\'' | '\u{2018}' | '\u{2019}' | '\u{02BC}' | '`' | '\u{00B4}' | '.' => &[""],
        'Å' => &["AA", "A"],
        'Ä' => &["AE", "A"],
        'Æ' => &["AE"],
        'Ö' => &["OE", "O"],
        'Ø' | 'Œ' => &["OE"],
        'Ü' => &["UE", "U", "UXX"],
        'Ñ' => &["N", "NXX"],
        'ẞ' => &["SS"],
        'Þ' => &["TH"],
        'Ð' | 'Đ' => &["D"],
        'Ħ' => &["H"],
        'Ĳ' => &["IJ"],
        'Ł' | 'Ŀ' => &["L"],
        'Ŋ' => &["N"],
        'Ŧ' => &["T"],
        'ĸ' => &["K"],
        // All other letters of the table lose their accents.
        other => {
            let bare: String = other.nfd().filter(|c| !is_combining_mark(*c)).collect();
            return vec![if bare.is_empty() { String::new() } else { bare }];
        }
    };
    ways.iter().map(|way| (*way).to_owned()).collect()
}

/// Whether each of our words is one of theirs, each of theirs answering once.
fn all_stand_in(ours: &[Word], theirs: &[&str]) -> bool {
    assigned(ours, theirs, Word::renders_as)
}

/// The same where the zone is cut: a word may be cut to its beginning or left out, but every word that is there is one of ours
/// or of the document's others, and one of ours is there.
fn all_may_be_cut(ours: &[Word], theirs: &[&str]) -> bool {
    ours.iter().any(|word| theirs.iter().any(|stated| word.begins_as(stated)))
}

/// Whether the zone's words are ours in their order, each whole or cut, some left out after the first.
fn is_cut_from(ours: &[Word], theirs: &[&str]) -> bool {
    let Some((last, before)) = theirs.split_last() else { return true };
    let mut left = ours;
    for (number, stated) in before.iter().enumerate() {
        let Some(at) = left.iter().position(|word| word.begins_as(stated)).filter(|at| number > 0 || *at == 0) else {
            return false;
        };
        left = left.get(at + 1..).unwrap_or_default();
    }
    let candidates = if before.is_empty() { left.get(..1).unwrap_or_default() } else { left };
    // The last character of a name that was cut is a letter, so a blank at the very end may be left out.
    let run_on = left.windows(2).take(candidates.len()).any(|pair| Word::run_on(pair).begins_as(last));
    candidates.iter().any(|word| word.begins_as(last)) || run_on
}

/// Whether each of ours can have one of theirs of its own (augmenting paths).
fn assigned(ours: &[Word], theirs: &[&str], fits: impl Fn(&Word, &str) -> bool) -> bool {
    fn place(
        own: usize,
        ours: &[Word],
        theirs: &[&str],
        fits: &impl Fn(&Word, &str) -> bool,
        holder: &mut [Option<usize>],
        tried: &mut [bool],
    ) -> bool {
        let Some(word) = ours.get(own) else { return false };
        (0..theirs.len()).any(|at| {
            let new = !tried.get(at).copied().unwrap_or(true) && theirs.get(at).is_some_and(|stated| fits(word, stated));
            if !new {
                return false;
            }
            if let Some(tried) = tried.get_mut(at) {
                *tried = true;
            }
            let free = match holder.get(at).copied().flatten() {
                None => true,
                Some(other) => place(other, ours, theirs, fits, holder, tried),
            };
            if free && let Some(holder) = holder.get_mut(at) {
                *holder = Some(own);
            }
            free
        })
    }
    let mut holder = vec![None; theirs.len()];
    (0..ours.len()).all(|own| place(own, ours, theirs, &fits, &mut holder, &mut vec![false; theirs.len()]))
}
