//! Texts with personal data on their way into a column and out of it: bodies of the journal, notices to people, announcements of
//! authorisations. There is no other way in or out, so what is done to protect them is done here.

use super::{Database, Row, Value};
use crate::register::RegisterError;

impl Database {
    /// What stands in a column for a text with personal data.
    pub fn personal(&self, text: &str) -> Result<Value, RegisterError> {
        Ok(text.into())
    }

    /// The text with personal data for which a column's value stands.
    pub fn personal_text(&self, row: &Row, column: &str) -> Result<String, RegisterError> {
        row.get(column)
    }

    /// Like [`Database::personal_text`], for a column that may be empty.
    pub fn personal_option(&self, row: &Row, column: &str) -> Result<Option<String>, RegisterError> {
        let empty = row.is_null(column)?;
        if empty { Ok(None) } else { self.personal_text(row, column).map(Some) }
    }
}
