//! Norwegian identity numbers (`bam.md` §6.1).

use serde::{Deserialize, Serialize};

/// An identity number of eleven digits whose control digits are right.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdentityNumber(String);

impl std::fmt::Debug for IdentityNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityNumber(…)")
    }
}
impl From<IdentityNumber> for String {
    fn from(n: IdentityNumber) -> Self {
        n.0
    }
}
impl TryFrom<String> for IdentityNumber {
    type Error = String;
    fn try_from(s: String) -> Result<Self, String> {
        Ok(Self(s))
    }
}
