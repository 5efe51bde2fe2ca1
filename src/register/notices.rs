//! Notices to people about what was done with their names: queued here, sent by whatever mail road the organisation has.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Appended, JournalEntry, Register, RegisterError, check_name,
    database::{Database, Row, Transaction, other_form},
    journal::append_in,
    sealing::notice_place,
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
        let sql = format!("{SELECT} WHERE control = $1 ORDER BY id");
        self.database.read(&sql, &[control.into()], |row| read(&self.database, &row))
    }

    /// The controls about which there are notices.
    pub fn controls_with_notices(&self) -> Result<Vec<String>, RegisterError> {
        self.database.read("SELECT DISTINCT control FROM notices ORDER BY control", &[], |row| row.first())
    }

    /// The notices that are not sent yet, oldest first.
    pub fn queued_notices(&self) -> Result<Vec<QueuedNotice>, RegisterError> {
        let sql = format!("{SELECT} WHERE state = 'queued' ORDER BY id");
        self.database.read(&sql, &[], |row| read(&self.database, &row))
    }

    /// A notice was sent: it does not go out again.
    pub fn notice_sent(&mut self, id: i64) -> Result<(), RegisterError> {
        let transaction = self.begin()?;
        transaction.execute("UPDATE notices SET state = 'sent' WHERE id = $1", &[id.into()])?;
        transaction.commit()
    }
}

fn queue(transaction: &Transaction<'_>, control: &str, notices: &[Notice], at: Timestamp) -> Result<(), RegisterError> {
    check_name(control)?;
    for Notice { recipient, name, user_name, text } in notices {
        let place = |column| notice_place(column, control, recipient.word());
        let user_name = user_name.as_ref().map(|name| transaction.personal(&place("user_name"), name)).transpose()?;
        transaction.execute(
            "INSERT INTO notices (control, recipient, name, user_name, text_nb, text_en, queued_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                control.into(),
                recipient.word().into(),
                transaction.personal(&place("name"), name)?,
                user_name.into(),
                transaction.personal(&place("text_nb"), &text.nb)?,
                transaction.personal(&place("text_en"), &text.en)?,
                at.into(),
            ],
        )?;
    }
    Ok(())
}

fn read(database: &Database, row: &Row) -> Result<QueuedNotice, RegisterError> {
    let word: String = row.get("recipient")?;
    let recipient = Recipient::ALL.into_iter().find(|recipient| recipient.word() == word);
    let recipient = recipient.ok_or_else(other_form)?;
    let state: String = row.get("state")?;
    let control: String = row.get("control")?;
    let place = |column| notice_place(column, &control, &word);
    let text = |column| database.personal_text(row, column, &place(column));
    Ok(QueuedNotice {
        id: row.get("id")?,
        notice: Notice {
            recipient,
            name: text("name")?,
            user_name: database.personal_option(row, "user_name", &place("user_name"))?,
            text: LocalText::new(text("text_nb")?, text("text_en")?),
        },
        control: control.clone(),
        sent: state == "sent",
        queued_at: row.parsed("queued_at")?,
    })
}
