//! What the issuing system is told: one authorisation for each approved control, and what became of it.
//!
//! ```text
//! waiting ─► open ─► used            waiting: approved, not announced yet
//!    │         ├───► expired
//!    │         └───► withdrawn       the last three are final
//!    └───► expired, withdrawn
//! ```
//!
//! Its place is made in the transaction that registers the control, so there is none without an approved control and never a
//! second one. Each later change is an entry of the journal as well.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    JournalEntry, REGISTER_STREAM, Register, RegisterError,
    database::{Database, Row, Transaction, other_form},
    journal::append_in,
    sealing::announcement_place,
};
use crate::digest::Digest;

/// The outcome of a control that gets an authorisation.
pub(super) const APPROVED: &str = "approved";

/// The largest announcement, in bytes.
const MAX_DOCUMENT_BYTES: usize = 16 * 1024;

/// What became of an authorisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthorisationState {
    /// Not announced yet.
    Waiting,
    /// Announced: the issuing system may act on it once.
    Open,
    /// The issuing system has acted on it.
    Used,
    /// Its time was over before it was used.
    Expired,
    /// Taken back before it was used.
    Withdrawn,
}

impl AuthorisationState {
    const ALL: [Self; 5] = [Self::Waiting, Self::Open, Self::Used, Self::Expired, Self::Withdrawn];

    /// The word on the command line and in the journal.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Open => "open",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of this word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Nothing changes any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Used | Self::Expired | Self::Withdrawn)
    }
}

/// An authorisation as the register keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Authorisation {
    /// The approved control.
    pub control: String,
    /// What became of it.
    pub state: AuthorisationState,
    /// The announcement exactly as it is sent; `None` before it is made, and after the control was purged.
    pub document: Option<String>,
    /// Until when the issuing system may act on it; `None` before the announcement is made.
    pub valid_until: Option<Timestamp>,
    /// Since when it is in this state.
    pub changed_at: Timestamp,
    /// Attempts to announce it that failed.
    pub attempts: u32,
    /// When the next attempt may be made.
    pub next_attempt_at: Timestamp,
    /// The fault code of the last failed attempt.
    pub last_error: Option<String>,
}

/// What the journal says about a change.
#[derive(Serialize)]
struct Changed<'a> {
    control: &'a str,
    document_sha256: Option<Digest>,
    valid_until: Option<Timestamp>,
}

impl Register {
    /// All authorisations in the order in which their controls were registered.
    pub fn authorisations(&self) -> Result<Vec<Authorisation>, RegisterError> {
        self.database.read(
            "SELECT authorisations.* FROM authorisations JOIN controls USING (control) ORDER BY registered",
            &[],
            |row| read(&self.database, &row),
        )
    }

    /// Those of this desk that are not final: to be announced, or to be asked about. Each desk signs with a key of its own.
    pub fn live_authorisations(&self) -> Result<Vec<Authorisation>, RegisterError> {
        if let Some(desk) = self.database.desk() {
            return self.database.read(
                "SELECT * FROM authorisations WHERE state IN ('waiting', 'open')
                 AND control IN (SELECT stream FROM streams WHERE desk = $1) ORDER BY next_attempt_at, control",
                &[desk.into()],
                |row| read(&self.database, &row),
            );
        }
        self.database.read(
            "SELECT * FROM authorisations WHERE state IN ('waiting', 'open') ORDER BY next_attempt_at, control",
            &[],
            |row| read(&self.database, &row),
        )
    }

    /// The authorisation of one control; `None` when it was not approved.
    pub fn authorisation(&self, control: &str) -> Result<Option<Authorisation>, RegisterError> {
        let row = self.database.first("SELECT * FROM authorisations WHERE control = $1", &[control.into()])?;
        row.map(|row| read(&self.database, &row)).transpose()
    }

    /// Keeps the announcement before it is sent for the first time, so that every attempt sends the same bytes.
    ///
    /// # Errors
    /// [`RegisterError::AuthorisationSettled`] when there is one already, or none is waited for.
    pub fn keep_announcement(&mut self, control: &str, document: &str, valid_until: Timestamp) -> Result<(), RegisterError> {
        if document.len() > MAX_DOCUMENT_BYTES {
            return Err(RegisterError::TooLarge { limit: u64::try_from(MAX_DOCUMENT_BYTES).unwrap_or(u64::MAX) });
        }
        let transaction = self.begin()?;
        let changed = transaction.execute(
            "UPDATE authorisations SET document = $2, valid_until = $3
             WHERE control = $1 AND state = 'waiting' AND document IS NULL",
            &[control.into(), transaction.personal(&announcement_place(control), document)?, valid_until.into()],
        )?;
        if changed != 1 {
            return Err(RegisterError::AuthorisationSettled);
        }
        transaction.commit()
    }

    /// Notes a failed attempt with its fault code, and when the next one may be made.
    pub fn announcement_failed(&mut self, control: &str, code: &str, next_attempt_at: Timestamp) -> Result<(), RegisterError> {
        let transaction = self.begin()?;
        transaction.execute(
            "UPDATE authorisations SET attempts = attempts + 1, last_error = $2, next_attempt_at = $3
             WHERE control = $1 AND state IN ('waiting', 'open')",
            &[control.into(), code.into(), next_attempt_at.into()],
        )?;
        transaction.commit()
    }

    /// Brings an authorisation into its next state, with an entry `authorisation-STATE` in the journal.
    ///
    /// # Errors
    /// [`RegisterError::AuthorisationSettled`] for a state that does not follow the present one.
    pub fn change_authorisation(&mut self, control: &str, to: AuthorisationState, at: Timestamp) -> Result<(), RegisterError> {
        use AuthorisationState as S;
        let now = self.authorisation(control)?.ok_or(RegisterError::NotRegistered)?;
        let follows = match now.state {
            S::Waiting => matches!(to, S::Open | S::Expired | S::Withdrawn),
            S::Open => to.is_final(),
            S::Used | S::Expired | S::Withdrawn => false,
        };
        if !follows {
            return Err(RegisterError::AuthorisationSettled);
        }
        let changed = Changed {
            control,
            document_sha256: now.document.as_ref().map(|document| Digest::of(document.as_bytes())),
            valid_until: now.valid_until,
        };
        let entry = JournalEntry::new(&format!("authorisation-{}", to.word()), &changed)?;
        let transaction = self.begin()?;
        append_in(&transaction, REGISTER_STREAM, &[entry], at)?;
        let rows = transaction.execute(
            "UPDATE authorisations SET state = $1, changed_at = $2, next_attempt_at = $2, last_error = NULL
             WHERE control = $3 AND state = $4",
            &[to.word().into(), at.into(), control.into(), now.state.word().into()],
        )?;
        if rows != 1 {
            return Err(RegisterError::AuthorisationSettled);
        }
        transaction.commit()
    }
}

/// Makes the place of an approved control's authorisation, inside the transaction that registers the control.
pub(super) fn open_place(
    transaction: &Transaction<'_>,
    control: &str,
    outcome: &str,
    at: Timestamp,
) -> Result<(), RegisterError> {
    if outcome == APPROVED {
        transaction.execute(
            "INSERT INTO authorisations (control, changed_at, next_attempt_at) VALUES ($1, $2, $2)",
            &[control.into(), at.into()],
        )?;
    }
    Ok(())
}

pub(super) fn read(database: &Database, row: &Row) -> Result<Authorisation, RegisterError> {
    let word: String = row.get("state")?;
    let control: String = row.get("control")?;
    let state = AuthorisationState::from_word(&word);
    Ok(Authorisation {
        state: state.ok_or_else(other_form)?,
        document: database.personal_option(row, "document", &announcement_place(&control))?,
        control,
        valid_until: row.parsed_option("valid_until")?,
        changed_at: row.parsed("changed_at")?,
        attempts: row.get("attempts")?,
        next_attempt_at: row.parsed("next_attempt_at")?,
        last_error: row.get("last_error")?,
    })
}
