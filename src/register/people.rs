//! The index of people: a token for each thing that is sure about a person leads to the person's controls.
//!
//! A token is an HMAC with a key of the register's own, kept sealed ([`IndexKey`]). The index shows that two controls are about one
//! person, and nothing about who that is. Purging a control takes its tokens out.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::{
    FinishedControl, Register, RegisterError,
    controls::read,
    database::{Database, Row},
};
use crate::{digest::Digest, seal::IndexKey};

pub(super) const INDEX_KEY: &str = "index-key";
const INDEXED_TO: &str = "indexed-to";

/// Something that is sure about a person, written alike for everybody, such as the digits of the identity number.
pub struct PersonKey {
    kind: &'static str,
    value: Zeroizing<String>,
}

impl PersonKey {
    /// A value of a kind. Values of different kinds are never taken for each other.
    pub fn new(kind: &'static str, value: String) -> Self {
        Self { kind, value: Zeroizing::new(value) }
    }
}

impl Register {
    /// The controls that the index knows under one of these keys, the newest first; and those that did not enter the index yet, about
    /// which it says nothing.
    pub fn controls_of_person(&self, keys: &[PersonKey]) -> Result<Vec<FinishedControl>, RegisterError> {
        let mut found: BTreeMap<i64, FinishedControl> = BTreeMap::new();
        let mut take = |row: Row| {
            found.insert(row.get("registered")?, read(&row)?);
            Ok::<_, RegisterError>(())
        };
        let indexed_to = self.indexed_to()?;
        self.database.read("SELECT * FROM controls WHERE registered > $1", &[indexed_to.into()], &mut take)?;
        if let Some(key) = index_key(&self.database)? {
            for PersonKey { kind, value } in keys {
                let token = key.token(kind, value);
                let sql = "SELECT controls.* FROM people JOIN controls ON controls.registered = people.registered
                           WHERE people.token = $1";
                self.database.read(sql, &[token.as_slice().into()], &mut take)?;
            }
        }
        Ok(found.into_values().rev().collect())
    }

    /// Up to `limit` controls that did not enter the index yet, in the order in which they were registered.
    pub fn controls_to_index(&self, limit: u16) -> Result<Vec<FinishedControl>, RegisterError> {
        let sql = "SELECT * FROM controls WHERE registered > $1 ORDER BY registered LIMIT $2";
        self.database.read(sql, &[self.indexed_to()?.into(), limit.into()], |row| read(&row))
    }

    /// Puts controls into the index under the keys of their people. They are the next of [`Register::controls_to_index`]; a control
    /// without keys only counts as seen.
    pub fn index_people(&mut self, found: &[(String, Vec<PersonKey>)]) -> Result<(), RegisterError> {
        let transaction = self.begin()?;
        let key = match index_key(&transaction)? {
            Some(key) => key,
            None => make_index_key(&transaction)?,
        };
        let mut last = 0;
        for (control, keys) in found {
            let place: Option<i64> =
                transaction.value("SELECT registered FROM controls WHERE control = $1", &[control.into()])?;
            let place = place.ok_or(RegisterError::NotRegistered)?;
            for PersonKey { kind, value } in keys {
                transaction.execute(
                    "INSERT INTO people (token, registered) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                    &[key.token(kind, value).as_slice().into(), place.into()],
                )?;
            }
            last = last.max(place);
        }
        let before = indexed_to(&transaction)?;
        keep_setting(&transaction, INDEXED_TO, &last.max(before).to_string())?;
        transaction.commit()
    }

    fn indexed_to(&self) -> Result<i64, RegisterError> {
        indexed_to(&self.database)
    }
}

/// Takes a control out of the index, inside the transaction that purges it.
pub(super) fn forget(database: &Database, control: &str) -> Result<(), RegisterError> {
    database.execute(
        "DELETE FROM people WHERE registered = (SELECT registered FROM controls WHERE control = $1)",
        &[control.into()],
    )?;
    Ok(())
}

/// The key of the index; `None` before anything was indexed.
pub(super) fn index_key(database: &Database) -> Result<Option<IndexKey>, RegisterError> {
    let row = database.first("SELECT value FROM settings WHERE name = $1", &[INDEX_KEY.into()])?;
    let Some(row) = row else { return Ok(None) };
    let text = Zeroizing::new(database.personal_text(&row, "value", INDEX_KEY)?);
    let damaged = || RegisterError::Damaged("the key of the index of people is none".into());
    let bytes: Digest = text.parse().map_err(|_| damaged())?;
    IndexKey::from_bytes(bytes.as_bytes()).map(Some).ok_or_else(damaged)
}

fn make_index_key(database: &Database) -> Result<IndexKey, RegisterError> {
    let key = IndexKey::generate().ok_or(RegisterError::NoRandomness)?;
    let text = Zeroizing::new(Digest::from_bytes(*key.as_bytes()).to_string());
    let value = database.personal(INDEX_KEY, &text)?;
    database.execute("INSERT INTO settings (name, value) VALUES ($1, $2)", &[INDEX_KEY.into(), value])?;
    Ok(key)
}

fn indexed_to(database: &Database) -> Result<i64, RegisterError> {
    let text = setting(database, INDEXED_TO)?;
    let number = text.map_or(Ok(0), |text| text.parse());
    number.map_err(|_| RegisterError::Damaged("the end of the index of people is none".into()))
}

/// What is kept under a name beside the controls.
pub(super) fn setting(database: &Database, name: &str) -> Result<Option<String>, RegisterError> {
    database.value("SELECT value FROM settings WHERE name = $1", &[name.into()])
}

/// Keeps something under a name, in place of what was there.
pub(super) fn keep_setting(database: &Database, name: &str, value: &str) -> Result<(), RegisterError> {
    database.execute(
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[name.into(), value.into()],
    )?;
    Ok(())
}
