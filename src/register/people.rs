//! The index of people: a token for each thing that is sure about a person leads to the person's controls.
//!
//! A token is an HMAC with a key of the register's own, kept sealed ([`IndexKey`]). The index shows that two controls are about one
//! person, and nothing about who that is. Purging a control takes its tokens out.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::{
    ControlProblem, FinishedControl, Register, RegisterError,
    controls::read,
    database::{Database, Row},
};
use crate::{digest::Digest, seal::IndexKey};

pub(super) const INDEX_KEY: &str = "index-key";
const INDEXED_TO: &str = "indexed-to";

/// So many controls are compared with the index at once.
const PAGE: u16 = 500;

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

    /// Compares the index with what it is made from: `keys_of` says under which keys a control belongs there. Each control that is
    /// missing from it, or found under somebody else, is named. `progress` is told controls done and controls in all.
    ///
    /// This presumes that [`Register::verify_controls`] has found no fault, and that what is sealed can be opened.
    ///
    /// # Errors
    /// Only when something cannot be read; what does not hold is in the answer.
    pub fn verify_people(
        &self,
        keys_of: &dyn Fn(&FinishedControl) -> Result<Vec<PersonKey>, RegisterError>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Vec<ControlProblem>, RegisterError> {
        let snapshot = self.database.snapshot()?;
        let whole = |what: &str| ControlProblem::new("", what);
        let mut problems = Vec::new();
        let to = self.indexed_to()?;
        let last: i64 = snapshot.value("SELECT coalesce(max(registered), 0) FROM controls", &[])?.unwrap_or_default();
        if to > last {
            problems.push(whole("the index of people says that it has controls which are not registered yet"));
        }
        let key = index_key(&snapshot)?;
        if key.is_none() && to > 0 {
            problems.push(whole("the key of the index of people was removed"));
        }
        let strays = "SELECT count(*) FROM people WHERE registered NOT IN (SELECT registered FROM controls)";
        if snapshot.value::<i64>(strays, &[])? != Some(0) {
            problems.push(whole("the index of people leads to controls that are not there"));
        }
        let Some(key) = key else { return Ok(problems) };
        let total = snapshot.value("SELECT count(*) FROM controls WHERE registered <= $1", &[to.into()])?.unwrap_or_default();
        let (mut after, mut done) = (0_i64, 0_u64);
        loop {
            let sql = "SELECT * FROM controls WHERE registered > $1 AND registered <= $2 ORDER BY registered LIMIT $3";
            let page = snapshot.query(sql, &[after.into(), to.into(), PAGE.into()])?;
            let Some(end) = page.last() else { return Ok(problems) };
            let end: i64 = end.get("registered")?;
            let mut found: BTreeMap<i64, BTreeSet<Vec<u8>>> = BTreeMap::new();
            for row in snapshot.query(
                "SELECT token, registered FROM people WHERE registered > $1 AND registered <= $2",
                &[after.into(), end.into()],
            )? {
                found.entry(row.get("registered")?).or_default().insert(row.get("token")?);
            }
            for row in &page {
                let control = read(row)?;
                let tokens = keys_of(&control)?.into_iter().map(|PersonKey { kind, value }| key.token(kind, &value).to_vec());
                let (tokens, found): (BTreeSet<_>, _) =
                    (tokens.collect(), found.remove(&row.get("registered")?).unwrap_or_default());
                if !tokens.is_subset(&found) {
                    problems.push(ControlProblem::new(&control.control, "the index of people does not find it under its person"));
                }
                if !found.is_subset(&tokens) {
                    problems.push(ControlProblem::new(&control.control, "the index of people finds it under somebody else"));
                }
                done += 1;
                progress(done, total);
            }
            after = end;
        }
    }

    /// Empties the index of people and forgets its key; [`Register::controls_to_index`] begins with the first control again.
    pub fn forget_people_index(&mut self) -> Result<(), RegisterError> {
        let transaction = self.begin()?;
        transaction.execute("DELETE FROM people", &[])?;
        transaction.execute("DELETE FROM settings WHERE name = $1 OR name = $2", &[INDEX_KEY.into(), INDEXED_TO.into()])?;
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
