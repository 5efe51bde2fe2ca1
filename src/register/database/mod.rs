//! The one layer between the register (and the archive) and a database: the same statements run on SQLite and on PostgreSQL.
//!
//! A statement names its values `$1`, `$2`, … and speaks the SQL that both understand. What only one of them knows (locks, the
//! schema's version, erasing what lies in free pages) is behind [`Driver`], the tables and their guards are in
//! [`schema`](super::schema). Texts with personal data go in and out through [`personal`] alone.

mod encryption;
mod personal;
mod postgres;
mod server;
mod sqlite;
mod value;

use std::ops::Deref;

use super::RegisterError;
use crate::seal::Seal;

pub use postgres::{Postgres, SharedBlobs, SharedSchema};
pub use server::{Address, Server};
pub use sqlite::{Schema, connect_writer, open_reader, open_writer};
pub use value::{Row, Value, instant_text, other_form};

use value::FromValue;

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It writes. It waits for every other one that writes, so that what it reads first is still true when it writes.
    Write,
    /// It reads a picture that does not move while others write.
    Snapshot,
}

/// A connection to a database.
pub trait Driver: Send {
    /// The rows that a statement answers with.
    fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, RegisterError>;
    /// How many rows a statement has changed.
    fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, RegisterError>;
    /// Begins a transaction.
    fn begin(&self, purpose: Purpose) -> Result<(), RegisterError>;
    /// Ends it; what it wrote is durable when this returns.
    fn commit(&self) -> Result<(), RegisterError>;
    /// Ends it as if it had not been.
    fn roll_back(&self);
    /// Leaves nothing of what was erased in the database's files.
    fn forget_erased(&self) -> Result<(), RegisterError>;
}

/// A database, open.
pub struct Database {
    driver: Box<dyn Driver>,
    seal: Seal,
    desk: Option<String>,
}

impl Database {
    /// A database behind this connection, not sealed.
    pub fn new(driver: impl Driver + 'static) -> Self {
        Self { driver: Box::new(driver), seal: Seal::none(), desk: None }
    }

    /// This desk among those that share the database; `None` where nobody shares it.
    pub fn desk(&self) -> Option<&str> {
        self.desk.as_deref()
    }

    /// The rows that a statement answers with. For a long answer ask in pages.
    pub fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, RegisterError> {
        self.driver.query(sql, values)
    }

    /// The rows, each read.
    pub fn read<T>(
        &self,
        sql: &str,
        values: &[Value],
        read: impl FnMut(Row) -> Result<T, RegisterError>,
    ) -> Result<Vec<T>, RegisterError> {
        self.query(sql, values)?.into_iter().map(read).collect()
    }

    /// The first row.
    pub fn first(&self, sql: &str, values: &[Value]) -> Result<Option<Row>, RegisterError> {
        Ok(self.query(sql, values)?.into_iter().next())
    }

    /// The first column of the first row; `None` when there is no row.
    pub fn value<T: FromValue>(&self, sql: &str, values: &[Value]) -> Result<Option<T>, RegisterError> {
        self.first(sql, values)?.map(|row| row.first()).transpose()
    }

    /// How many rows a statement has changed.
    pub fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, RegisterError> {
        self.driver.execute(sql, values)
    }

    /// Begins to write.
    pub fn write(&mut self) -> Result<Transaction<'_>, RegisterError> {
        self.begin(Purpose::Write)
    }

    /// Holds the picture of this moment until the transaction is dropped. There is one at a time.
    pub fn snapshot(&self) -> Result<Transaction<'_>, RegisterError> {
        self.begin(Purpose::Snapshot)
    }

    /// Leaves nothing of what was erased in the database's files.
    pub fn forget_erased(&self) -> Result<(), RegisterError> {
        self.driver.forget_erased()
    }

    fn begin(&self, purpose: Purpose) -> Result<Transaction<'_>, RegisterError> {
        self.driver.begin(purpose)?;
        Ok(Transaction { database: self, open: true })
    }
}

/// A transaction: everything in it is kept, or, when it is dropped, nothing.
pub struct Transaction<'a> {
    database: &'a Database,
    open: bool,
}

impl Transaction<'_> {
    /// Keeps everything. Durable when this returns.
    pub fn commit(mut self) -> Result<(), RegisterError> {
        let kept = self.database.driver.commit();
        // A transaction that could not be kept is still to be ended.
        self.open = kept.is_err();
        kept
    }
}

impl Deref for Transaction<'_> {
    type Target = Database;

    fn deref(&self) -> &Database {
        self.database
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.open {
            self.database.driver.roll_back();
        }
    }
}
