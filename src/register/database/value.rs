//! What stands in a column, whatever the database.

use std::{fmt, str::FromStr, sync::Arc};

use jiff::Timestamp;

use crate::{digest::Digest, register::RegisterError};

/// What goes into a column or comes out of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// A value may be personal data; only its kind is shown.
impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Null => "Null",
            Self::Integer(_) => "Integer",
            Self::Text(_) => "Text",
            Self::Blob(_) => "Blob",
        })
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Integer(number.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Blob(bytes.to_vec())
    }
}

/// 64 hexadecimal digits.
impl From<Digest> for Value {
    fn from(digest: Digest) -> Self {
        Self::Text(digest.to_string())
    }
}

/// RFC 3339 in UTC with milliseconds; the texts sort as the instants do.
impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Text(instant_text(at))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// RFC 3339 in UTC with milliseconds; the texts sort as the instants do.
pub fn instant_text(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// What a column's value can be read as.
pub trait FromValue: Sized {
    /// `None` for a value of another form.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Integer(number) = value { Some(*number) } else { None }
    }
}

/// The numbers of the register start at 0 or 1.
impl FromValue for u64 {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).and_then(|number| number.try_into().ok())
    }
}

impl FromValue for u32 {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).and_then(|number| number.try_into().ok())
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.clone()) } else { None }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Blob(bytes) = value { Some(bytes.clone()) } else { None }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}

/// A row of an answer.
#[derive(Debug, Clone)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    /// A row; `columns` has a name for each value.
    pub fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// The value of a column.
    ///
    /// # Errors
    /// [`RegisterError::Damaged`] for a value of another form.
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T, RegisterError> {
        let place = self.columns.iter().position(|name| name == column);
        let value = place.and_then(|place| self.values.get(place));
        value.and_then(T::from_value).ok_or_else(other_form)
    }

    /// Whether a column is empty.
    pub fn is_null(&self, column: &str) -> Result<bool, RegisterError> {
        let place = self.columns.iter().position(|name| name == column);
        place.and_then(|place| self.values.get(place)).map(|value| *value == Value::Null).ok_or_else(other_form)
    }

    /// The value of the first column.
    pub fn first<T: FromValue>(&self) -> Result<T, RegisterError> {
        self.values.first().and_then(T::from_value).ok_or_else(other_form)
    }

    /// A digest or an instant that stands as text in a column.
    pub fn parsed<T: FromStr>(&self, column: &str) -> Result<T, RegisterError> {
        self.get::<String>(column)?.parse().map_err(|_| other_form())
    }

    /// Like [`Row::parsed`], for a column that may be empty.
    pub fn parsed_option<T: FromStr>(&self, column: &str) -> Result<Option<T>, RegisterError> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| text.parse()).transpose().map_err(|_| other_form())
    }
}

/// The columns have types: a value of another form was not written by this program.
pub fn other_form() -> RegisterError {
    RegisterError::Damaged("a value in the database has another form than the one that was written".into())
}
