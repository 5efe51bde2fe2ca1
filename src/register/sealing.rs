//! Sealing what is here already: at the first opening with a seal, and anew after a change of keys or auditors.
//!
//! Each thing is replaced by one that is sealed to the present recipients, in one transaction or one rename, and what is sealed to
//! them already is passed over. So it may be killed at any moment: nothing is lost, and the next time goes on where it stood.

use std::{fs, io::ErrorKind, iter, path::Path};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    BlobFolder, EvidenceStore, Register, RegisterError,
    database::{Row, Transaction, Value},
    journal::{self, AGAIN},
    lock_beside, lock_folder,
    people::{self, keep_setting, setting},
};
use crate::seal::{Keys, RecipientSet, Seal, SealError, is_sealed_text, put_new_key_in_force};

/// Name of the recipients to whom everything was sealed when that was last complete.
const SEALED_TO: &str = "sealed-to";

/// So many rows are sealed in one transaction.
const BATCH: u16 = 200;

/// What was sealed anew.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Resealed {
    /// Rows of the database.
    pub rows: u64,
    /// Pieces of evidence.
    pub files: u64,
    /// What could not be opened and so stays as it is: rows and digests, nothing personal.
    pub problems: Vec<String>,
}

/// How much is sealed to the present recipients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SealStatus {
    /// Things that are or should be sealed.
    pub things: u64,
    /// Those of them that are not sealed to the present recipients.
    pub behind: u64,
}

/// The columns with personal data outside the journal.
const NOTICES: [&str; 4] = ["name", "user_name", "text_nb", "text_en"];

impl Register {
    /// Whether what is kept here is sealed.
    pub fn is_sealed(&self) -> bool {
        self.seal().seals()
    }

    /// Whether what is sealed here can be opened with the keys at hand, as the key of the index says.
    pub fn opens(&self) -> Result<bool, RegisterError> {
        match people::index_key(&self.database) {
            Ok(Some(_)) => Ok(true),
            Ok(None) => {
                let (keys, recipients) = (self.seal().keys(), self.seal().recipients());
                Ok(recipients.is_none_or(|set| iter::once(&set.station).chain(&set.auditors).any(|to| keys.open_for(to))))
            }
            Err(RegisterError::Seal(SealError::NotForTheseKeys)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The seal of this register.
    pub fn seal(&self) -> &Seal {
        self.database.seal()
    }

    /// Opens the register with the keys that an operator's card has opened, for this connection and all its companions.
    ///
    /// # Errors
    /// [`SealError::NotForTheseKeys`] when they are others, and what stands in the way of database and files.
    pub fn unlock(&mut self, keys: &Keys) -> Result<(), RegisterError> {
        self.seal().unlock(keys)?;
        settle(self)
    }

    /// Counts what is sealed to the present recipients and what is not. No key is needed.
    pub fn seal_status(&self) -> Result<SealStatus, RegisterError> {
        let mut status = SealStatus::default();
        let mut count = |current: bool| {
            status.things += 1;
            status.behind += u64::from(!current);
        };
        let seal = self.seal().clone();
        journal::each_private_body(&self.database, |body| count(seal.is_current_text(body)))?;
        for (sql, columns) in other_columns() {
            for row in self.database.query(sql, &[])? {
                for column in columns {
                    if let Some(text) = row.get::<Option<String>>(column)? {
                        count(seal.is_current_text(&text));
                    }
                }
            }
        }
        self.evidence.each_beginning(|_, beginning| {
            count(seal.is_current(beginning));
            Ok(())
        })?;
        Ok(status)
    }

    /// Seals everything to the present recipients that is not sealed to them yet. `progress` is told what, how many of it are done,
    /// and how many there are.
    ///
    /// # Errors
    /// What stands in the way of database and files. What cannot be opened is among the problems.
    pub fn reseal(&mut self, progress: &mut dyn FnMut(&str, u64, u64)) -> Result<Resealed, RegisterError> {
        let mut done = Resealed::default();
        let Some(set) = self.seal().recipients().map(RecipientSet::name) else { return Ok(done) };
        self.reseal_journal(&mut done, progress)?;
        self.reseal_others(&mut done)?;
        self.evidence.reseal(&mut done, progress)?;
        // Second names of reports that an earlier version of this program made for people.
        match fs::remove_dir_all(self.place.folder().join("reports")) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        if done.rows > 0 {
            self.database.forget_erased()?;
        }
        if done.problems.is_empty() {
            let transaction = self.begin()?;
            keep_setting(&transaction, SEALED_TO, &set)?;
            transaction.commit()?;
        }
        Ok(done)
    }

    fn reseal_journal(&mut self, done: &mut Resealed, progress: &mut dyn FnMut(&str, u64, u64)) -> Result<(), RegisterError> {
        let total: u64 = self.database.value("SELECT count(*) FROM journal", &[])?.unwrap_or_default();
        let sql = format!("SELECT {AGAIN} FROM journal WHERE seq > $1 ORDER BY seq LIMIT $2");
        let mut after = 0_i64;
        loop {
            let transaction = self.begin()?;
            let page = transaction.query(&sql, &[after.into(), BATCH.into()])?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.get("seq")?;
            for row in &page {
                tally(done, journal::seal_again(&transaction, row), || {
                    format!("journal {}", row.get::<i64>("seq").unwrap_or_default())
                })?;
            }
            transaction.commit()?;
            progress("journal entries", u64::try_from(after).unwrap_or_default(), total);
        }
    }

    fn reseal_others(&mut self, done: &mut Resealed) -> Result<(), RegisterError> {
        let transaction = self.begin()?;
        for row in transaction.query("SELECT * FROM notices", &[])? {
            let (id, control, recipient): (i64, String, String) = (row.get("id")?, row.get("control")?, row.get("recipient")?);
            for column in NOTICES {
                let place = notice_place(column, &control, &recipient);
                let sql = format!("UPDATE notices SET {column} = $1 WHERE id = $2");
                let changed = again(&transaction, &row, column, &place, &sql, id.into());
                tally(done, changed, || format!("notices {id}"))?;
            }
        }
        for row in transaction.query("SELECT control, document FROM authorisations", &[])? {
            let control: String = row.get("control")?;
            let place = announcement_place(&control);
            let sql = "UPDATE authorisations SET document = $1 WHERE control = $2";
            let changed = again(&transaction, &row, "document", &place, sql, control.as_str().into());
            tally(done, changed, || format!("authorisations {control}"))?;
        }
        for row in transaction.query("SELECT value FROM settings WHERE name = 'index-key'", &[])? {
            let sql = "UPDATE settings SET value = $1 WHERE name = $2";
            let changed = again(&transaction, &row, "value", people::INDEX_KEY, sql, people::INDEX_KEY.into());
            tally(done, changed, || "the key of the index".to_owned())?;
        }
        transaction.commit()
    }
}

/// The place of a text in a notice.
pub(super) fn notice_place(column: &str, control: &str, recipient: &str) -> String {
    format!("notices.{column} {control} {recipient}")
}

/// The place of an announcement.
pub(super) fn announcement_place(control: &str) -> String {
    format!("authorisations.document {control}")
}

fn other_columns() -> [(&'static str, &'static [&'static str]); 3] {
    [
        ("SELECT * FROM notices", &NOTICES),
        ("SELECT document FROM authorisations", &["document"]),
        ("SELECT value FROM settings WHERE name = 'index-key'", &["value"]),
    ]
}

/// Seals the text in a column anew where that is needed.
fn again(
    transaction: &Transaction<'_>,
    row: &Row,
    column: &str,
    place: &str,
    update: &str,
    key: Value,
) -> Result<bool, RegisterError> {
    let Some(kept) = row.get::<Option<String>>(column)? else { return Ok(false) };
    if transaction.seal().is_current_text(&kept) {
        return Ok(false);
    }
    let text = if is_sealed_text(&kept) { transaction.personal_text(row, column, place)? } else { kept };
    transaction.execute(update, &[transaction.personal(place, &text)?, key])?;
    Ok(true)
}

/// Counts a row. One that does not open is told of and does not keep the others from being sealed.
fn tally(done: &mut Resealed, changed: Result<bool, RegisterError>, what: impl FnOnce() -> String) -> Result<(), RegisterError> {
    match changed {
        Ok(changed) => done.rows += u64::from(changed),
        Err(RegisterError::Seal(_)) => done.problems.push(what()),
        Err(error) => return Err(error),
    }
    Ok(())
}

/// What a writer makes sure of before anything else: the keys fit, and nothing lies there unsealed.
pub(super) fn settle(register: &mut Register) -> Result<(), RegisterError> {
    let complete = setting(&register.database, SEALED_TO)?;
    if !register.is_sealed() {
        return if complete.is_some() { Err(SealError::StateMissing.into()) } else { Ok(()) };
    }
    // Behind the operators' cards the key opens nothing before somebody signs in; sealing goes on.
    if register.seal().locked().is_some() {
        return Ok(());
    }
    if !register.opens()? {
        return Err(SealError::NotForTheseKeys.into());
    }
    if complete.is_none() {
        register.reseal(&mut |_, _, _| {})?;
    }
    Ok(())
}

/// Puts a new key in force in the register's folder while no station writes there; with `lost`, in place of one that is gone.
///
/// # Errors
/// [`RegisterError::InUse`], and those of [`crate::seal::put_new_key_in_force`].
pub fn rotate_key(folder: &Path, lost: bool, at: Timestamp) -> Result<(), RegisterError> {
    let _locks = (lock_folder(folder)?, lock_beside(folder)?);
    Ok(put_new_key_in_force(folder, lost, at)?)
}

/// Seals the files in `folder/inside` anew, a folder of the same station with a seal of its own, while nobody writes there.
///
/// # Errors
/// [`RegisterError::InUse`], and what stands in the way of the files. What cannot be opened is among the problems.
pub fn reseal_files(
    folder: &Path,
    inside: &str,
    also: &Keys,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<Resealed, RegisterError> {
    let _locks = (lock_folder(folder)?, lock_beside(folder)?);
    let seal = Seal::of_writer(folder, also)?;
    let mut done = Resealed::default();
    EvidenceStore::new(BlobFolder::open(&folder.join(inside))?, seal).reseal(&mut done, progress)?;
    Ok(done)
}
