//! SQLite as the register uses it: every commit on the disk before it is reported, strict tables, one schema version.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{RegisterError, durable};

/// The database inside the register's folder.
pub const FILE_NAME: &str = "register.db";

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

/// What version 2 of the register adds: notices to people, and a way to find the entries of one kind.
const NOTICES: &str = "
        CREATE INDEX journal_of_kind ON journal (kind, seq);

        CREATE TABLE notices (
            id        INTEGER PRIMARY KEY,
            control   TEXT NOT NULL,
            recipient TEXT NOT NULL CHECK (recipient IN ('holder', 'voucher')),
            name      TEXT NOT NULL,
            user_name TEXT,
            text_nb   TEXT NOT NULL,
            text_en   TEXT NOT NULL,
            state     TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent')),
            queued_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX notices_of_control ON notices (control);
        CREATE INDEX notices_queued ON notices (id) WHERE state = 'queued';
";

/// What version 3 of the register adds: what the register itself says about a control, found by the control, and controls whose personal data has been erased at the end of their retention. An erased
/// entry of the journal keeps the commitment to its body in place of body and salt, so the chain still holds.
const ERASURE: &str = "
        ALTER TABLE journal ADD COLUMN erased TEXT CHECK (length(erased) = 64);
        CREATE INDEX journal_about_control ON journal (json_extract(body, '$.control'), seq) WHERE stream = 'register';
        CREATE TABLE purged (
            control   TEXT PRIMARY KEY REFERENCES controls (control),
            tombstone INTEGER NOT NULL UNIQUE REFERENCES journal (seq)
        ) STRICT;
        CREATE TRIGGER tombstones_are_not_changed BEFORE UPDATE ON purged
            BEGIN SELECT raise(ABORT, 'a tombstone is not changed'); END;
        CREATE TRIGGER tombstones_are_not_removed BEFORE DELETE ON purged
            BEGIN SELECT raise(ABORT, 'a tombstone is not removed'); END;
        DROP TRIGGER journal_is_not_changed;
        CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
            WHEN NOT (OLD.erased IS NULL AND NEW.erased IS NOT NULL AND NEW.body = '' AND NEW.salt = zeroblob(16)
                AND NEW.seq = OLD.seq AND NEW.stream = OLD.stream AND NEW.at = OLD.at AND NEW.kind = OLD.kind
                AND NEW.prev = OLD.prev AND NEW.hash = OLD.hash
                AND EXISTS (SELECT 1 FROM purged WHERE control = OLD.stream))
            BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
";

/// What version 4 of the register adds: what the issuing system is told about each approved control, once.
const HAND_OVER: &str = "
        CREATE TABLE authorisations (
            control         TEXT PRIMARY KEY REFERENCES controls (control),
            state           TEXT NOT NULL DEFAULT 'waiting'
                            CHECK (state IN ('waiting', 'open', 'used', 'expired', 'withdrawn')),
            document        TEXT,
            valid_until     TEXT,
            changed_at      TEXT NOT NULL,
            attempts        INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            next_attempt_at TEXT NOT NULL,
            last_error      TEXT,
            CHECK ((document IS NULL) = (valid_until IS NULL))
        ) STRICT;
        CREATE INDEX authorisations_live ON authorisations (next_attempt_at) WHERE state IN ('waiting', 'open');
        CREATE TRIGGER authorisations_end_once BEFORE UPDATE OF state ON authorisations
            WHEN OLD.state IN ('used', 'expired', 'withdrawn')
            BEGIN SELECT raise(ABORT, 'the authorisation is settled'); END;
";

/// The register's tables. What is never changed is guarded by triggers as well, against a slip of this program or of a person
/// with a database tool; whoever removes the triggers is found out by the hash chain.
pub const REGISTER: Schema = Schema {
    application_id: 0x4241_4D52, // "BAMR"
    version: 4,
    upgrades: &[(1, NOTICES), (2, ERASURE), (3, HAND_OVER)],
    tables: "
        CREATE TABLE journal (
            seq    INTEGER PRIMARY KEY,
            stream TEXT NOT NULL,
            at     TEXT NOT NULL,
            kind   TEXT NOT NULL,
            body   TEXT NOT NULL,
            salt   BLOB NOT NULL CHECK (length(salt) = 16),
            prev   TEXT NOT NULL CHECK (length(prev) = 64),
            hash   TEXT NOT NULL UNIQUE CHECK (length(hash) = 64)
        ) STRICT;
        CREATE INDEX journal_of_stream ON journal (stream, seq);
        CREATE TRIGGER journal_has_no_gap BEFORE INSERT ON journal
            WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM journal)
            BEGIN SELECT raise(ABORT, 'the journal has no gaps'); END;
        CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
            BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
        CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal
            BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;

        CREATE TABLE controls (
            control      TEXT PRIMARY KEY,
            report       TEXT CHECK (length(report) = 64),
            function     TEXT NOT NULL,
            certificate  TEXT NOT NULL,
            outcome      TEXT NOT NULL,
            completed_at TEXT NOT NULL,
            registered   INTEGER NOT NULL UNIQUE REFERENCES journal (seq)
        ) STRICT;
        CREATE TRIGGER controls_are_not_changed BEFORE UPDATE ON controls
            BEGIN SELECT raise(ABORT, 'a registered control is not changed'); END;
        CREATE TRIGGER controls_are_not_removed BEFORE DELETE ON controls
            BEGIN SELECT raise(ABORT, 'a registered control is not removed'); END;

        CREATE TABLE outbox (
            control         TEXT PRIMARY KEY REFERENCES controls (control),
            attempts        INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            next_attempt_at TEXT NOT NULL,
            last_error      TEXT,
            receipt         TEXT,
            delivered_at    TEXT,
            CHECK ((receipt IS NULL) = (delivered_at IS NULL))
        ) STRICT;
        CREATE INDEX outbox_open ON outbox (next_attempt_at) WHERE delivered_at IS NULL;
    ",
};

/// Opens the database at `path` for writing; creates it with mode 0600, brings an empty one to the schema's version.
///
/// The folder must be [locked](durable::lock_folder) by the caller.
pub fn open_writer(path: &Path, schema: &Schema) -> Result<Connection, RegisterError> {
    durable::create_private(path)?;
    let mut connection = connect_writer(path)?;
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
    Ok(connection)
}

/// A connection whose commits are on the disk when they return, to a database that [`open_writer`] has opened before.
pub fn connect_writer(path: &Path) -> Result<Connection, RegisterError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What SQLite sorts would else lie in the system's folder for temporary files.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // On macOS an ordinary fsync leaves the data in the drive's cache; elsewhere this says nothing.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    Ok(connection)
}

/// Opens the database at `path` for reading, also beside a writer.
pub fn open_reader(path: &Path, schema: &Schema) -> Result<Connection, RegisterError> {
    if !path.try_exists()? {
        return Err(RegisterError::Missing);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    check_marks(&connection, schema)?;
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
