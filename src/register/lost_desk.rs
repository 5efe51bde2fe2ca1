//! A control that another desk began and will not end, because that desk is lost: whoever is in charge ends it at another one.
//!
//! A control belongs to the desk that began it, so that two desks never go on with the same one. Where a desk has burnt down, or was set up
//! anew without its folder, its control would stay open for ever. Ending it is all that another desk can do. Should the lost desk come
//! back, it finds the control ended; it can only tell that the document went back to the holder.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    FinishedControl, JournalEntry, REGISTER_STREAM, Register, RegisterError, Registered,
    controls::{self, register_in},
    database::Database,
    journal::{append_in, append_to_any},
};

/// The entry of the register's own stream that says who has ended a control for which desk. It names a person, so it is sealed.
pub(super) const ENDED_FOR_DESK: &str = "ended-for-desk";

/// What may still be told of a control that was ended: that the document went back to the holder.
const TOLD_AFTERWARDS: &str = "handed-back";

#[derive(Serialize)]
struct EndedForDesk<'a> {
    control: &'a str,
    desk: &'a str,
    by_desk: &'a str,
    by: &'a str,
}

impl Register {
    /// Ends a control that was begun at another desk: its last events, its row and who has ended it, all of it or nothing. `by` is the
    /// name of whoever does it.
    ///
    /// # Errors
    /// [`RegisterError::NotRegistered`] when no desk has begun it, [`RegisterError::OwnControl`] when this desk has, or nobody shares the
    /// register, [`RegisterError::AlreadyRegistered`] when it has ended.
    pub fn end_for_other_desk(
        &mut self,
        control: &FinishedControl,
        last_events: &[JournalEntry],
        by: &str,
        at: Timestamp,
    ) -> Result<Registered, RegisterError> {
        let id = control.control.as_str();
        let transaction = self.begin()?;
        let by_desk = transaction.desk().ok_or(RegisterError::OwnControl)?;
        let desk = owner(&transaction, id)?.ok_or(RegisterError::NotRegistered)?;
        if desk == by_desk {
            return Err(RegisterError::OwnControl);
        }
        if controls::find(&transaction, id)?.is_some() {
            return Err(RegisterError::AlreadyRegistered);
        }
        let events = append_to_any(&transaction, id, last_events, at)?;
        let ended = JournalEntry::new(ENDED_FOR_DESK, &EndedForDesk { control: id, desk: &desk, by_desk, by })?;
        append_in(&transaction, REGISTER_STREAM, &[ended], at)?;
        let entry = register_in(&transaction, control, false, at)?;
        transaction.commit()?;
        Ok(Registered { events, entry })
    }
}

/// The desk that began a stream.
pub(super) fn owner(database: &Database, stream: &str) -> Result<Option<String>, RegisterError> {
    database.value("SELECT desk FROM streams WHERE stream = $1", &[stream.into()])
}

/// A control that another desk has ended takes no further events from the desk that began it.
pub(super) fn check_not_ended(database: &Database, stream: &str, kinds: &[&str]) -> Result<(), RegisterError> {
    if kinds.iter().all(|kind| *kind == TOLD_AFTERWARDS) {
        return Ok(());
    }
    let sql = "SELECT seq FROM journal WHERE control = $1 AND kind = $2 LIMIT 1";
    match database.first(sql, &[stream.into(), ENDED_FOR_DESK.into()])? {
        Some(_) => Err(RegisterError::EndedElsewhere),
        None => Ok(()),
    }
}
