//! Texts with personal data on their way into a column and out of it: bodies of the journal, notices to people, announcements of
//! authorisations. There is no other way in or out. In a sealed register each stands there as an age file in ASCII armour that names
//! the place where it belongs.

use super::{Database, Row, Value};
use crate::{
    register::RegisterError,
    seal::{Seal, is_sealed_text},
};

/// The largest of these texts, in bytes.
const MAX_TEXT_BYTES: u64 = 2 * 1024 * 1024;

impl Database {
    /// The same database, sealed so.
    #[must_use]
    pub fn with_seal(self, seal: Seal) -> Self {
        Self { seal, ..self }
    }

    /// The seal.
    pub const fn seal(&self) -> &Seal {
        &self.seal
    }

    /// What stands in a column for a text with personal data that belongs to `place`.
    pub fn personal(&self, place: &str, text: &str) -> Result<Value, RegisterError> {
        Ok(self.seal.seal_text(place, text)?.map_or_else(|| text.into(), Value::from))
    }

    /// The text with personal data of `place` for which a column's value stands.
    pub fn personal_text(&self, row: &Row, column: &str, place: &str) -> Result<String, RegisterError> {
        let kept: String = row.get(column)?;
        if !is_sealed_text(&kept) {
            return Ok(kept);
        }
        Ok(self.seal.open_text(place, &kept, MAX_TEXT_BYTES)?.as_str().to_owned())
    }

    /// Like [`Database::personal_text`], for a column that may be empty.
    pub fn personal_option(&self, row: &Row, column: &str, place: &str) -> Result<Option<String>, RegisterError> {
        let empty = row.is_null(column)?;
        if empty { Ok(None) } else { self.personal_text(row, column, place).map(Some) }
    }
}
