//! SQLite: every commit on the disk before it is reported, strict tables, one schema version.

use std::{path::Path, sync::Arc, time::Duration};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, Statement, TransactionBehavior,
    types::{ToSqlOutput, ValueRef},
};

use super::{Database, Driver, Purpose, Row, Value, value::other_form};
use crate::register::{RegisterError, durable};

/// How long a connection waits for another one's lock before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The tables of a database and the marks by which it is known again.
pub struct Schema {
    /// SQLite's `application_id`: tells this database from those of other programs.
    pub application_id: i32,
    /// SQLite's `user_version`: the version of the tables.
    pub version: i32,
    /// Creates the tables of version 1 in an empty database.
    pub tables: &'static str,
    /// What brings a database from one version to the next: the version that it starts from, and the statements.
    pub upgrades: &'static [(i32, &'static str)],
}

struct Sqlite(Connection);

impl Driver for Sqlite {
    fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, RegisterError> {
        let mut statement = self.0.prepare_cached(sql)?;
        bind(&mut statement, values)?;
        let columns: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
        let mut found = Vec::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let values = (0..columns.len()).map(|place| owned(row.get_ref(place)?)).collect::<Result<_, RegisterError>>()?;
            found.push(Row::new(Arc::clone(&columns), values));
        }
        Ok(found)
    }

    fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, RegisterError> {
        let mut statement = self.0.prepare_cached(sql)?;
        bind(&mut statement, values)?;
        Ok(u64::try_from(statement.raw_execute()?).unwrap_or(u64::MAX))
    }

    fn begin(&self, purpose: Purpose) -> Result<(), RegisterError> {
        // An immediate transaction takes the write lock at once.
        let begin = match purpose {
            Purpose::Write => "BEGIN IMMEDIATE",
            Purpose::Snapshot => "BEGIN",
        };
        Ok(self.0.execute_batch(begin)?)
    }

    fn commit(&self) -> Result<(), RegisterError> {
        Ok(self.0.execute_batch("COMMIT")?)
    }

    fn roll_back(&self) {
        // Some failures have ended the transaction already.
        if !self.0.is_autocommit() {
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }

    fn forget_erased(&self) -> Result<(), RegisterError> {
        // Pages that were rewritten earlier may still hold what was erased; a database written anew does not.
        self.0.execute_batch("VACUUM")?;
        Ok(self.0.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }
}

/// SQLite takes `$1` for a name and numbers names in the order in which it meets them.
fn bind(statement: &mut Statement<'_>, values: &[Value]) -> Result<(), RegisterError> {
    for (number, value) in (1..).zip(values) {
        let place = statement.parameter_index(&format!("${number}"))?.ok_or(RegisterError::BadStatement)?;
        let value = match value {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        };
        statement.raw_bind_parameter(place, ToSqlOutput::Borrowed(value))?;
    }
    Ok(())
}

fn owned(value: ValueRef<'_>) -> Result<Value, RegisterError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => Value::Text(str::from_utf8(text).map_err(|_| other_form())?.to_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
        ValueRef::Real(_) => return Err(other_form()),
    })
}

/// Opens the database at `path` for writing; creates it with mode 0600, brings an empty one to the schema's version.
///
/// The folder must be [locked](durable::lock_folder) by the caller.
pub fn open_writer(path: &Path, schema: &Schema) -> Result<Database, RegisterError> {
    durable::create_private(path)?;
    let mut connection = connect(path)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_empty(&transaction)? {
        transaction.execute_batch(schema.tables)?;
        transaction.pragma_update(None, "application_id", schema.application_id)?;
        transaction.pragma_update(None, "user_version", 1)?;
    }
    upgrade(&transaction, schema)?;
    transaction.commit()?;
    check_marks(&connection, schema)?;
    check_pages(&connection)?;
    // SQLite makes its journal's name durable, not the name of the database itself.
    path.parent().map_or(Ok(()), durable::sync_folder)?;
    Ok(Database::new(Sqlite(connection)))
}

/// Another connection whose commits are on the disk when they return, to a database that [`open_writer`] has opened before.
pub fn connect_writer(path: &Path) -> Result<Database, RegisterError> {
    Ok(Database::new(Sqlite(connect(path)?)))
}

/// Opens the database at `path` for reading, also beside a writer.
pub fn open_reader(path: &Path, schema: &Schema) -> Result<Database, RegisterError> {
    if !path.try_exists()? {
        return Err(RegisterError::Missing);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    check_marks(&connection, schema)?;
    Ok(Database::new(Sqlite(connection)))
}

fn connect(path: &Path) -> Result<Connection, RegisterError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What is deleted or replaced is overwritten with zeros, not left in free pages.
    connection.pragma_update(None, "secure_delete", true)?;
    // What SQLite sorts would else lie in the system's folder for temporary files.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // On macOS an ordinary fsync leaves the data in the drive's cache; elsewhere this says nothing.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    Ok(connection)
}

/// Brings an older database of this program to the schema's version, step by step. Others are left as they are.
fn upgrade(connection: &Connection, schema: &Schema) -> Result<(), RegisterError> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != schema.application_id {
        return Ok(());
    }
    for (from, statements) in schema.upgrades {
        let found: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found == *from {
            connection.execute_batch(statements)?;
            connection.pragma_update(None, "user_version", from.saturating_add(1))?;
        }
    }
    Ok(())
}

fn is_empty(connection: &Connection) -> Result<bool, RegisterError> {
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    Ok(objects == 0 && application == 0)
}

fn check_marks(connection: &Connection, schema: &Schema) -> Result<(), RegisterError> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if application != schema.application_id {
        return Err(RegisterError::Foreign);
    }
    if found != schema.version {
        return Err(RegisterError::OtherVersion { found, known: schema.version });
    }
    Ok(())
}

/// Looks through the pages of the database, so that damage is found when the station opens and not in the middle of a control.
fn check_pages(connection: &Connection) -> Result<(), RegisterError> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(RegisterError::Damaged("the database file is malformed".into())) }
}

impl From<rusqlite::Error> for RegisterError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::PermissionDenied) => Self::Forbidden,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged("the database file is malformed".into()),
            Some(ErrorCode::NotADatabase) => Self::Damaged("register.db is not a database".into()),
            Some(_) => Self::Database(error.into()),
            // The tables are STRICT: a value of another type or form was not written by this program.
            None => match error {
                E::FromSqlConversionFailure(..) | E::InvalidColumnType(..) | E::IntegralValueOutOfRange(..) => other_form(),
                other => Self::Database(other.into()),
            },
        }
    }
}
