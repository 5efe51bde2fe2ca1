//! Who signed in and who was refused, in the register's journal.

use std::ops::ControlFlow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cards::LastSignIn;
use crate::{
    control::Judged,
    register::{JournalEntry, REGISTER_STREAM, Register, RegisterError, StoredEntry},
    rules::role::Role,
};

/// The kind of the journal entry of a sign-in.
pub const SIGNED_IN: &str = "signed-in";
/// The kind of the journal entry of a refused one.
const REFUSED: &str = "sign-in-refused";

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedInEntry {
    /// Issuer of the certificate.
    pub issuer: String,
    /// Serial number of the certificate, hexadecimal.
    pub serial: String,
    /// Whom it names.
    pub name: String,
    /// At which office; empty where LOCAL.toml names none.
    pub office: String,
    /// In which role.
    pub role: Role,
    /// With a software key.
    pub software_key: bool,
    /// What trust said of a card's signature certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judged>,
}

#[derive(Serialize)]
struct RefusedEntry<'a> {
    code: &'a str,
    office: &'a str,
}

/// Records a sign-in.
pub fn record(register: &mut Register, entry: &SignedInEntry, at: Timestamp) -> Result<(), RegisterError> {
    register.append(REGISTER_STREAM, &[JournalEntry::new(SIGNED_IN, entry)?], at)?;
    Ok(())
}

/// Records that somebody was not let in, and why.
pub fn record_refused(register: &mut Register, code: &str, office: &str, at: Timestamp) -> Result<(), RegisterError> {
    register.append(REGISTER_STREAM, &[JournalEntry::new(REFUSED, &RefusedEntry { code, office })?], at)?;
    Ok(())
}

/// The sign-in that an entry keeps; `None` when it is none.
pub fn signed_in(entry: &StoredEntry) -> Option<SignedInEntry> {
    (entry.kind == SIGNED_IN).then(|| serde_json::from_str(&entry.body).ok()).flatten()
}

/// The last sign-in with this certificate.
pub fn last(register: &Register, issuer: &str, serial: &str) -> Result<Option<LastSignIn>, RegisterError> {
    register.find_newest(SIGNED_IN, |entry| match signed_in(entry) {
        Some(found) if found.issuer == issuer && found.serial == serial => {
            ControlFlow::Break(LastSignIn { at: entry.at, office: found.office })
        }
        _ => ControlFlow::Continue(()),
    })
}
