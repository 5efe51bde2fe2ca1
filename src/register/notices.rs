//! Notices to people about what was done with their names: queued here, sent by whatever mail road the organisation has.

use jiff::Timestamp;
use rusqlite::{Row, Transaction, named_params, types::Type};
use serde::Serialize;

use super::{
    Appended, JournalEntry, Register, RegisterError, check_name,
    journal::{append_in, instant_text, parsed},
};
use crate::rules::LocalText;

/// Whom a notice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipient {
    /// The person who was identified.
    Holder,
    /// The person who vouched.
    Voucher,
}

impl Recipient {
    const ALL: [Self; 2] = [Self::Holder, Self::Voucher];

    fn word(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Voucher => "voucher",
        }
    }
}

/// A notice on its way into the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Whom it is for.
    pub recipient: Recipient,
    /// The person's name.
    pub name: String,
    /// The user name in the organisation, where known: by it the address is found.
    pub user_name: Option<String>,
    /// What it says.
    pub text: LocalText,
}

/// A notice in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueuedNotice {
    /// Its number.
    pub id: i64,
    /// The control that it is about.
    pub control: String,
    /// The notice.
    #[serde(flatten)]
    pub notice: Notice,
    /// It was sent.
    pub sent: bool,
    /// Since when it is there.
    pub queued_at: Timestamp,
}

const SELECT: &str = "SELECT id, control, recipient, name, user_name, text_nb, text_en, state, queued_at FROM notices";

impl Register {
    /// [Appends](Register::append) events of a control together with the notices that they cause: all or nothing.
    ///
    /// # Errors
    /// As [`Register::append`].
    pub fn append_with_notices(
        &mut self,
        control: &str,
        entries: &[JournalEntry],
        notices: &[Notice],
        at: Timestamp,
    ) -> Result<Vec<Appended>, RegisterError> {
        let transaction = self.begin()?;
        let appended = append_in(&transaction, control, entries, at)?;
        queue(&transaction, control, notices, at)?;
        transaction.commit()?;
        Ok(appended)
    }

    /// The notices about one control, oldest first.
    pub fn notices(&self, control: &str) -> Result<Vec<QueuedNotice>, RegisterError> {
        let mut rows = self.connection.prepare_cached(&format!("{SELECT} WHERE control = ?1 ORDER BY id"))?;
        rows.query_map([control], read)?.map(|row| row.map_err(RegisterError::from)).collect()
    }
}

fn queue(transaction: &Transaction<'_>, control: &str, notices: &[Notice], at: Timestamp) -> Result<(), RegisterError> {
    check_name(control)?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO notices (control, recipient, name, user_name, text_nb, text_en, queued_at)
         VALUES (:control, :recipient, :name, :user_name, :text_nb, :text_en, :queued_at)",
    )?;
    for Notice { recipient, name, user_name, text } in notices {
        insert.execute(named_params! {
            ":control": control, ":recipient": recipient.word(), ":name": name, ":user_name": user_name,
            ":text_nb": text.nb, ":text_en": text.en, ":queued_at": instant_text(at),
        })?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<QueuedNotice> {
    let word: String = row.get("recipient")?;
    let recipient = Recipient::ALL.into_iter().find(|recipient| recipient.word() == word);
    let recipient = recipient.ok_or_else(|| rusqlite::Error::InvalidColumnType(2, "recipient".into(), Type::Text))?;
    let state: String = row.get("state")?;
    Ok(QueuedNotice {
        id: row.get("id")?,
        control: row.get("control")?,
        notice: Notice {
            recipient,
            name: row.get("name")?,
            user_name: row.get("user_name")?,
            text: LocalText::new(row.get::<_, String>("text_nb")?, row.get::<_, String>("text_en")?),
        },
        sent: state == "sent",
        queued_at: parsed(row, "queued_at")?,
    })
}
