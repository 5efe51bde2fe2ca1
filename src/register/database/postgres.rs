//! PostgreSQL: several desks write into one register.
//!
//! * Whoever writes holds one advisory lock until the transaction ends, so the head of the chain is the same for all.
//! * A desk that vanishes in the middle of a transaction loses it after half a minute, and with it the lock.
//! * A connection that was lost is made anew for the next statement outside a transaction. What was lost while a transaction was
//!   being kept is asked for (`pg_xact_status`): it was kept whole, or not at all, and the caller learns which.

use std::{
    collections::HashMap,
    error::Error,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use bytes::BytesMut;
use postgres::{
    Client, Statement,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};

use super::{Database, Driver, Purpose, Row, Server, Value, value::other_form};
use crate::{
    digest::Digest,
    register::{
        RegisterError,
        evidence::{Blobs, HEADER_BYTES},
    },
};

/// The tables of a database and the marks by which it is known again.
pub struct SharedSchema {
    /// Whose tables they are.
    pub application: &'static str,
    /// The advisory lock of all who write.
    pub lock: i64,
    /// The version of the tables.
    pub version: i64,
    /// Creates the tables of version 1.
    pub tables: &'static str,
    /// What brings the tables from one version to the next: the version that it starts from, and the statements.
    pub upgrades: &'static [(i64, &'static str)],
    /// The tables in which personal data is erased.
    pub erased_in: &'static str,
}

/// Each connection begins so. What a commit reports is on the server's disk; a lock is waited for as long as SQLite waits; a desk
/// that has vanished does not hold the lock for ever.
const SESSION: &str = "SET synchronous_commit = on; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '30s';
    SET client_min_messages = warning;";
/// A reader's connection.
const READER: &str = "SET default_transaction_read_only = on;";

/// How often a server that has lost a connection is asked what became of the transaction, and the pause in between.
const QUESTIONS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

const MARKS: &str = "CREATE TABLE IF NOT EXISTS schema_version (application TEXT PRIMARY KEY, version BIGINT NOT NULL)";

/// One connection, shared by the statements of a register and by its evidence.
struct Link {
    server: Server,
    schema: &'static SharedSchema,
    reader: bool,
    client: Option<Client>,
    statements: HashMap<String, Statement>,
    /// The transaction that is open.
    open: Option<Open>,
    /// Nobody knows what became of this transaction, or somebody did not learn it.
    unknown: bool,
}

/// A transaction; one that writes has a number by which the server knows it.
struct Open {
    number: Option<String>,
}

/// A database of a PostgreSQL server.
#[derive(Clone)]
pub struct Postgres(Arc<Mutex<Link>>);

impl Postgres {
    /// Opens the database for writing; makes the tables where there are none, and brings older ones up to date.
    pub fn open_writer(server: &Server, schema: &'static SharedSchema) -> Result<Self, RegisterError> {
        let opened = Self::link(server, schema, false)?;
        opened.begin(Purpose::Write)?;
        let made = opened.make_tables();
        match made {
            Ok(()) => opened.commit()?,
            Err(error) => {
                opened.roll_back();
                return Err(error);
            }
        }
        Ok(opened)
    }

    /// Another connection for writing to a database that was opened before.
    pub fn connect_writer(server: &Server, schema: &'static SharedSchema) -> Result<Self, RegisterError> {
        Self::link(server, schema, false)
    }

    /// Opens the database for reading.
    pub fn open_reader(server: &Server, schema: &'static SharedSchema) -> Result<Self, RegisterError> {
        let opened = Self::link(server, schema, true)?;
        match opened.version()? {
            Some(found) if found == schema.version => Ok(opened),
            Some(found) => Err(other_version(found, schema)),
            None => Err(RegisterError::Missing),
        }
    }

    fn link(server: &Server, schema: &'static SharedSchema, reader: bool) -> Result<Self, RegisterError> {
        let mut link =
            Link { server: server.clone(), schema, reader, client: None, statements: HashMap::new(), open: None, unknown: false };
        link.client()?;
        Ok(Self(Arc::new(Mutex::new(link))))
    }

    /// A statement that ended in the middle has left the connection in a state that the next one asks for.
    fn lock(&self) -> MutexGuard<'_, Link> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn version(&self) -> Result<Option<i64>, RegisterError> {
        let there = self
            .query("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_version'", &[])?;
        if there.first().map(Row::first::<i64>).transpose()? != Some(1) {
            return Ok(None);
        }
        let application = self.lock().schema.application;
        let found = self.query("SELECT version FROM schema_version WHERE application = $1", &[application.into()])?;
        found.first().map(Row::first).transpose()
    }

    fn make_tables(&self) -> Result<(), RegisterError> {
        let schema = self.lock().schema;
        let mut version = if let Some(version) = self.version()? {
            version
        } else {
            let others = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()
                    AND tablename IN ('journal', 'receipts', 'evidence') AND to_regclass('schema_version') IS NULL";
            if self.query(others, &[])?.first().map(Row::first::<i64>).transpose()? != Some(0) {
                return Err(RegisterError::Foreign);
            }
            self.lock().batch(&format!("{MARKS};{}", schema.tables))?;
            let mark = "INSERT INTO schema_version (application, version) VALUES ($1, 1)";
            self.execute(mark, &[schema.application.into()])?;
            1
        };
        for (from, statements) in schema.upgrades {
            if version == *from {
                self.lock().batch(statements)?;
                version = version.saturating_add(1);
                let mark = "UPDATE schema_version SET version = $1 WHERE application = $2";
                self.execute(mark, &[version.into(), schema.application.into()])?;
            }
        }
        if version == schema.version { Ok(()) } else { Err(other_version(version, schema)) }
    }
}

fn other_version(found: i64, schema: &SharedSchema) -> RegisterError {
    let number = |version| i32::try_from(version).unwrap_or(i32::MAX);
    RegisterError::OtherVersion { found: number(found), known: number(schema.version) }
}

impl Link {
    /// The connection, made anew where it was lost. A transaction does not outlive its connection.
    fn client(&mut self) -> Result<&mut Client, RegisterError> {
        let lost = self.client.as_ref().is_none_or(Client::is_closed);
        if lost {
            if self.open.is_some() {
                return Err(RegisterError::ServerAway);
            }
            self.client = None;
            self.statements.clear();
            let mut client = self.server.connect()?;
            client.batch_execute(SESSION)?;
            if self.reader {
                client.batch_execute(READER)?;
            }
            return Ok(self.client.insert(client));
        }
        self.client.as_mut().ok_or(RegisterError::ServerAway)
    }

    /// Does it, and once more over a new connection when the old one turns out to be lost. Outside a transaction there is only what
    /// may be done twice.
    fn twice<T>(&mut self, mut work: impl FnMut(&mut Self) -> Result<T, RegisterError>) -> Result<T, RegisterError> {
        match work(self) {
            Err(RegisterError::ServerAway) if self.open.is_none() => {
                self.client = None;
                work(self)
            }
            outcome => outcome,
        }
    }

    fn statement(&mut self, sql: &str) -> Result<Statement, RegisterError> {
        if let Some(known) = self.statements.get(sql)
            && self.client.as_ref().is_some_and(|client| !client.is_closed())
        {
            return Ok(known.clone());
        }
        let statement = self.client()?.prepare(sql)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, RegisterError> {
        let rows = self.twice(|link| {
            let statement = link.statement(sql)?;
            Ok(link.client()?.query(&statement, &given(values))?)
        })?;
        let Some(first) = rows.first() else { return Ok(Vec::new()) };
        let columns: Arc<[String]> = first.columns().iter().map(|column| column.name().to_owned()).collect();
        rows.iter()
            .map(|row| {
                let values = (0..columns.len()).map(|place| row.try_get::<_, Value>(place).map_err(|_| other_form()));
                Ok(Row::new(Arc::clone(&columns), values.collect::<Result<_, _>>()?))
            })
            .collect()
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, RegisterError> {
        self.twice(|link| {
            let statement = link.statement(sql)?;
            Ok(link.client()?.execute(&statement, &given(values))?)
        })
    }

    fn batch(&mut self, sql: &str) -> Result<(), RegisterError> {
        self.twice(|link| Ok(link.client()?.batch_execute(sql)?))
    }

    fn begin(&mut self, purpose: Purpose) -> Result<(), RegisterError> {
        if purpose == Purpose::Snapshot {
            // What is read may take a while to be hashed.
            let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0";
            self.batch(begin)?;
            self.open = Some(Open { number: None });
            return Ok(());
        }
        if self.unknown {
            return Err(RegisterError::StepUnknown);
        }
        let lock = format!("SELECT pg_advisory_xact_lock({}), pg_current_xact_id()::text AS number", self.schema.lock);
        let begun = self.twice(|link| {
            let client = link.client()?;
            client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED")?;
            match client.query_one(&lock, &[]).and_then(|row| row.try_get("number")) {
                Ok(number) => Ok(number),
                Err(error) => {
                    // The failure of the lock is what matters.
                    let _ = client.batch_execute("ROLLBACK");
                    Err(error.into())
                }
            }
        });
        self.open = Some(Open { number: Some(begun?) });
        Ok(())
    }

    fn commit(&mut self) -> Result<(), RegisterError> {
        // A transaction in which a statement failed answers COMMIT with a silent ROLLBACK; the statement before it says so aloud.
        let kept = self.client().and_then(|client| Ok(client.batch_execute("SELECT 1; COMMIT")?));
        let ended = match &kept {
            Ok(()) | Err(RegisterError::ServerAway) => self.open.take(),
            Err(_) => None,
        };
        match (kept, ended) {
            (Err(RegisterError::ServerAway), Some(Open { number: Some(number) })) => self.what_became_of(&number),
            (kept, _) => kept,
        }
    }

    /// Whether the server has kept a transaction whose connection was lost.
    fn what_became_of(&mut self, number: &str) -> Result<(), RegisterError> {
        for _ in 0..QUESTIONS {
            let status = self
                .client()
                .and_then(|client| Ok(client.query_one("SELECT pg_xact_status($1::text::xid8) AS status", &[&number])?))
                .and_then(|row| row.try_get::<_, Option<String>>("status").map_err(RegisterError::from));
            match status.as_ref().map(|status| status.as_deref()) {
                Ok(Some("committed")) => return Ok(()),
                Ok(Some("aborted")) => return Err(RegisterError::ServerAway),
                _ => thread::sleep(PAUSE),
            }
        }
        self.unknown = true;
        Err(RegisterError::StepUnknown)
    }

    fn roll_back(&mut self) {
        if self.open.take().is_some()
            && let Some(client) = &mut self.client
            && client.batch_execute("ROLLBACK").is_err()
        {
            // The server ends what its connection has left.
            self.client = None;
        }
    }
}

impl Driver for Postgres {
    fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, RegisterError> {
        self.lock().query(sql, values)
    }

    fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, RegisterError> {
        self.lock().execute(sql, values)
    }

    fn begin(&self, purpose: Purpose) -> Result<(), RegisterError> {
        self.lock().begin(purpose)
    }

    fn commit(&self) -> Result<(), RegisterError> {
        self.lock().commit()
    }

    fn roll_back(&self) {
        self.lock().roll_back();
    }

    fn forget_erased(&self) -> Result<(), RegisterError> {
        // Written anew, without what lies in free pages.
        let tables = self.lock().schema.erased_in;
        self.lock().batch(&format!("VACUUM (FULL) {tables}"))
    }
}

impl Database {
    /// The database behind a connection to PostgreSQL; `desk` is this desk among those that share it.
    pub fn shared(connection: Postgres, desk: Option<String>) -> Self {
        Self { desk, ..Self::new(connection) }
    }
}

/// Evidence in the database itself, in the table `evidence`.
pub struct SharedBlobs(pub Postgres);

impl Blobs for SharedBlobs {
    fn put(&self, digest: &Digest, bytes: &[u8]) -> Result<(), RegisterError> {
        let sql =
            "INSERT INTO evidence (digest, bytes) VALUES ($1, $2) ON CONFLICT (digest) DO UPDATE SET bytes = excluded.bytes";
        self.0.execute(sql, &[(*digest).into(), bytes.into()])?;
        Ok(())
    }

    fn settle(&self, _: &Digest) -> Result<(), RegisterError> {
        Ok(())
    }

    fn get(&self, digest: &Digest, limit: u64) -> Result<Option<Vec<u8>>, RegisterError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let sql = "SELECT CASE WHEN octet_length(bytes) <= $2::bigint THEN bytes END AS bytes FROM evidence WHERE digest = $1";
        let found = self.0.query(sql, &[(*digest).into(), most.into()])?;
        let Some(row) = found.first() else { return Ok(None) };
        row.get::<Option<Vec<u8>>>("bytes")?.ok_or(RegisterError::TooLarge { limit }).map(Some)
    }

    fn holds(&self, digest: &Digest) -> Result<bool, RegisterError> {
        Ok(!self.0.query("SELECT digest FROM evidence WHERE digest = $1", &[(*digest).into()])?.is_empty())
    }

    fn remove(&self, digest: &Digest) -> Result<(), RegisterError> {
        self.0.execute("DELETE FROM evidence WHERE digest = $1", &[(*digest).into()])?;
        Ok(())
    }

    fn beginning(&self, digest: &Digest) -> Result<Vec<u8>, RegisterError> {
        let most = i64::try_from(HEADER_BYTES).unwrap_or(i64::MAX);
        let sql = "SELECT substring(bytes FROM 1 FOR $2::bigint::integer) AS bytes FROM evidence WHERE digest = $1";
        let found = self.0.query(sql, &[(*digest).into(), most.into()])?;
        found.first().map_or(Ok(Vec::new()), |row| row.get("bytes"))
    }

    fn names(&self) -> Result<Vec<Digest>, RegisterError> {
        self.0.query("SELECT digest FROM evidence ORDER BY digest", &[])?.iter().map(|row| row.parsed("digest")).collect()
    }

    fn file(&self, _: &Digest) -> Option<PathBuf> {
        None
    }
}

fn given(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| -> &(dyn ToSql + Sync) { value }).collect()
}

type Wrong = Box<dyn Error + Sync + Send>;

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Wrong> {
        match (self, kind) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Integer(number), &Type::INT8) => number.to_sql(kind, out),
            (Self::Integer(number), &Type::INT4) => i32::try_from(*number)?.to_sql(kind, out),
            (Self::Text(text), &Type::TEXT | &Type::VARCHAR | &Type::NAME) => text.to_sql(kind, out),
            (Self::Blob(bytes), &Type::BYTEA) => bytes.as_slice().to_sql(kind, out),
            _ => Err("a value of another type than the column's".into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl FromSql<'_> for Value {
    fn from_sql(kind: &Type, raw: &[u8]) -> Result<Self, Wrong> {
        match *kind {
            Type::INT8 => i64::from_sql(kind, raw).map(Self::Integer),
            Type::INT4 => i32::from_sql(kind, raw).map(|number| Self::Integer(number.into())),
            Type::BYTEA => Vec::<u8>::from_sql(kind, raw).map(Self::Blob),
            _ => String::from_sql(kind, raw).map(Self::Text),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Wrong> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::INT4 | Type::BYTEA | Type::TEXT | Type::VARCHAR | Type::NAME)
    }
}
