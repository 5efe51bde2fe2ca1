//! Search filters (RFC 4515). Whatever people typed is escaped, so that it can only be looked for.

use ldap3::ldap_escape;

use super::{DirectoryError, settings::DirectorySettings};
use crate::rules::IdentityNumber;

/// Longest text that is looked for, characters.
pub const LONGEST: usize = 120;

/// Most words of a name.
const MOST_WORDS: usize = 8;

/// What is looked for.
#[derive(Clone, PartialEq, Eq)]
pub enum Query {
    /// A user name, or names.
    Words(Vec<String>),
    /// An identity number.
    Number(IdentityNumber),
    /// A user name and nothing else.
    UserName(String),
}

impl std::fmt::Debug for Query {
    /// Without what is looked for: it is a person's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Words(_) => "Query::Words",
            Self::Number(_) => "Query::Number",
            Self::UserName(_) => "Query::UserName",
        })
    }
}

impl Query {
    /// Reads what somebody typed: eleven digits are an identity number, everything else a user name or names.
    ///
    /// # Errors
    /// [`DirectoryError::TextTooShort`], [`DirectoryError::TextTooLong`], [`DirectoryError::Number`]
    pub fn parse(typed: &str) -> Result<Self, DirectoryError> {
        if typed.chars().count() > LONGEST {
            return Err(DirectoryError::TextTooLong);
        }
        let digits = typed.chars().filter(char::is_ascii_digit).count();
        if digits == 11 && typed.chars().all(|letter| letter.is_ascii_digit() || letter.is_whitespace()) {
            return Ok(Self::Number(typed.parse()?));
        }
        let words: Vec<String> =
            typed.split([' ', '\t', ',', '\u{a0}']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
        if words.len() > MOST_WORDS {
            return Err(DirectoryError::TextTooLong);
        }
        // One letter would find a tenth of the organisation.
        if words.iter().map(|word| word.chars().count()).max().unwrap_or(0) < 2 {
            return Err(DirectoryError::TextTooShort);
        }
        Ok(Self::Words(words))
    }

    /// The filter; `None` when the directory's fields cannot tell.
    pub(super) fn filter(&self, settings: &DirectorySettings) -> Option<String> {
        let mapping = &settings.mapping;
        let user = &mapping.issuer_key;
        let wanted = match self {
            Self::UserName(name) => equals(user, name),
            Self::Number(number) => mapping.number.filter(number)?,
            Self::Words(words) => {
                let each: String = words
                    .iter()
                    .map(|word| format!("(|{}{})", begins(&mapping.first_name, word), begins(&mapping.last_name, word)))
                    .collect();
                match words.as_slice() {
                    [one] => format!("(|{}{each})", equals(user, one)),
                    _ => format!("(&{each})"),
                }
            }
        };
        Some(format!("(&{}{wanted})", settings.person_filter))
    }
}

/// The field has this value.
pub(super) fn equals(attribute: &str, value: &str) -> String {
    format!("({attribute}={})", ldap_escape(value))
}

/// One of the names in the field begins so.
fn begins(attribute: &str, word: &str) -> String {
    let word = ldap_escape(word);
    format!("({attribute}={word}*)({attribute}=* {word}*)")
}

/// The field has these bytes (RFC 4515 §3: each as `\` and two hexadecimal digits).
pub(super) fn equals_bytes(attribute: &str, value: &[u8]) -> String {
    let value: String = value.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!("({attribute}={value})")
}

/// Who has one of these as a member, or fits this filter.
pub(super) fn groups_of(members: &[String], or: Option<&str>) -> String {
    let each = members.iter().map(|member| format!("{}{}", equals("member", member), equals("uniqueMember", member)));
    format!("(|{}{})", each.collect::<String>(), or.unwrap_or_default())
}
