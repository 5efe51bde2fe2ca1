//! What the archive keeps: reports and the receipts it has given for them, one each, numbered and chained.

use std::path::Path;

use ed25519_dalek::SigningKey;
use jiff::{Timestamp, Unit};

use super::{
    super::{
        receipt::{ArchiveKey, Receipt, ReceiptError, SignedReceipt},
        signing_key::{SigningKeyError, open_or_make},
    },
    ArchiveError,
};
use crate::{
    digest::Digest,
    register::{
        BlobFolder, Database, EvidenceStore, FolderLock, Postgres, RegisterError, Resealed, Schema, Server, SharedBlobs,
        SharedSchema, create_folder, lock_folder, open_writer,
    },
    seal::{Keys, Seal},
};

const SCHEMA: Schema = Schema {
    application_id: 0x4241_4D41, // "BAMA"
    version: 1,
    upgrades: &[],
    tables: "
        CREATE TABLE receipts (
            entry   INTEGER PRIMARY KEY CHECK (entry > 0),
            report  TEXT NOT NULL UNIQUE CHECK (length(report) = 64),
            control TEXT NOT NULL UNIQUE,
            receipt TEXT NOT NULL
        ) STRICT;
        CREATE TRIGGER receipts_are_not_changed BEFORE UPDATE ON receipts
            BEGIN SELECT raise(ABORT, 'a receipt is not changed'); END;
        CREATE TRIGGER receipts_are_not_removed BEFORE DELETE ON receipts
            BEGIN SELECT raise(ABORT, 'a receipt is not removed'); END;
    ",
};

/// The same on a PostgreSQL server, for any number of processes, with the reports beside the receipts and the key that all of them
/// sign with.
const SHARED: SharedSchema = SharedSchema {
    application: "bam-station archive",
    lock: 0x4241_4D41, // "BAMA"
    version: 1,
    upgrades: &[],
    erased_in: "evidence",
    tables: r#"
        CREATE TABLE receipts (
            entry   BIGINT PRIMARY KEY CHECK (entry > 0),
            report  TEXT COLLATE "C" NOT NULL UNIQUE CHECK (length(report) = 64),
            control TEXT COLLATE "C" NOT NULL UNIQUE,
            receipt TEXT NOT NULL
        );
        CREATE TABLE receipt_key (
            one BIGINT PRIMARY KEY CHECK (one = 1),
            key TEXT COLLATE "C" NOT NULL CHECK (length(key) = 64)
        );
        CREATE TABLE evidence (
            digest TEXT COLLATE "C" PRIMARY KEY CHECK (length(digest) = 64),
            bytes  BYTEA NOT NULL
        );
        ALTER TABLE evidence ALTER COLUMN bytes SET STORAGE EXTERNAL;
        CREATE FUNCTION receipts_have_no_gap() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.entry <> (SELECT coalesce(max(entry), 0) + 1 FROM receipts) THEN
                    RAISE EXCEPTION 'the receipts have no gaps';
                END IF;
                RETURN NEW;
            END $$;
        CREATE TRIGGER receipts_have_no_gap BEFORE INSERT ON receipts FOR EACH ROW EXECUTE FUNCTION receipts_have_no_gap();
        CREATE FUNCTION is_kept_as_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '% is kept as it is', TG_TABLE_NAME;
            END $$;
        CREATE TRIGGER receipts_are_kept BEFORE UPDATE OR DELETE ON receipts FOR EACH ROW EXECUTE FUNCTION is_kept_as_it_is();
        CREATE TRIGGER receipts_are_not_emptied BEFORE TRUNCATE ON receipts EXECUTE FUNCTION is_kept_as_it_is();
        CREATE TRIGGER receipt_key_is_kept BEFORE UPDATE OR DELETE ON receipt_key
            FOR EACH ROW EXECUTE FUNCTION is_kept_as_it_is();
    "#,
};

/// What the archive keeps: a folder, open for this process alone, or a database for several processes.
pub struct ArchiveStore {
    database: Database,
    reports: EvidenceStore,
    key: SigningKey,
    name: String,
    _lock: FolderLock,
}

/// A receipt that the archive gives.
#[derive(Debug, PartialEq, Eq)]
pub struct Given {
    /// The JSON of the signed receipt.
    pub receipt: String,
    /// Whether the report came for the first time.
    pub new: bool,
}

/// Why the store did not take a report.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// This report is in the archive as the report of another control.
    #[error("this report belongs to another control")]
    OtherControl,
    /// This control is in the archive with another report.
    #[error("this control has another report")]
    OtherReport,
    /// The receipt could not be written or read back.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The folder or the database failed.
    #[error(transparent)]
    Store(#[from] RegisterError),
}

impl ArchiveStore {
    /// Opens the archive in a folder; with `server`, in its database, and the folder keeps only the key.
    pub fn open(folder: &Path, server: Option<&Server>, name: String) -> Result<Self, ArchiveError> {
        create_folder(folder)?;
        let lock = lock_folder(folder)?;
        let seal = Seal::of_writer(folder, &Keys::default()).map_err(RegisterError::from)?;
        let (database, reports) = match server {
            None => {
                let database = open_writer(&folder.join("archive.db"), &SCHEMA)?;
                let reports = EvidenceStore::new(BlobFolder::open(&folder.join("reports"))?, seal);
                // A report that came before the folder was sealed.
                reports.reseal(&mut Resealed::default(), &mut |_, _, _| {})?;
                (database, reports)
            }
            Some(server) => {
                let connection = Postgres::open_writer(server, &SHARED)?;
                (Database::shared(connection.clone(), None), EvidenceStore::new(SharedBlobs(connection), seal))
            }
        };
        let key = open_or_make(folder, "receipt-key.der").map_err(|error| match error {
            SigningKeyError::NotAKey => ArchiveError::ReceiptKey,
            SigningKeyError::Folder(error) => error.into(),
        })?;
        let mut store = Self { database, reports, key, name, _lock: lock };
        if server.is_some() {
            store.agree_on_the_key()?;
        }
        Ok(store)
    }

    /// Stations know an archive by one key, so all its processes sign with the one that the first of them brought.
    fn agree_on_the_key(&mut self) -> Result<(), ArchiveError> {
        let own = self.key().to_string();
        let transaction = self.database.write()?;
        match transaction.value::<String>("SELECT key FROM receipt_key", &[])? {
            Some(key) if key == own => Ok(()),
            Some(_) => Err(ArchiveError::OtherReceiptKey),
            None => {
                transaction.execute("INSERT INTO receipt_key (one, key) VALUES (1, $1)", &[own.into()])?;
                Ok(transaction.commit()?)
            }
        }
    }

    pub fn key(&self) -> ArchiveKey {
        ArchiveKey::from(&self.key)
    }

    /// How many receipts were given.
    pub fn count(&self) -> Result<u64, StoreError> {
        Ok(self.database.value("SELECT count(*) FROM receipts", &[])?.unwrap_or_default())
    }

    /// The receipt that was given for a report.
    pub fn receipt(&self, report: &Digest) -> Result<Option<String>, StoreError> {
        Ok(known(&self.database, report)?.map(|(_, receipt)| receipt))
    }

    /// The receipt that was given for this report of this control; `None` for a report that is new and may come.
    ///
    /// # Errors
    /// [`StoreError::OtherControl`], [`StoreError::OtherReport`].
    pub fn given(&self, control: &str, report: &Digest) -> Result<Option<Given>, StoreError> {
        given_in(&self.database, control, report)
    }

    /// Stores a report that has been judged good, and gives the receipt for it. Both are on the disk when this returns.
    /// The same report again gets the same receipt.
    pub fn take(&mut self, control: &str, pdf: &[u8], now: Timestamp) -> Result<Given, StoreError> {
        let report = self.reports.put(pdf)?;
        let transaction = self.database.write()?;
        // Another process may have taken it while this one looked at it.
        if let Some(given) = given_in(&transaction, control, &report)? {
            return Ok(given);
        }
        let last = transaction.first("SELECT entry, receipt FROM receipts ORDER BY entry DESC LIMIT 1", &[])?;
        let (last, previous) = match last {
            Some(row) => {
                let receipt: String = row.get("receipt")?;
                (row.get("entry")?, Some(SignedReceipt::parse(&receipt)?.digest()))
            }
            None => (0_i64, None),
        };
        let entry = last.saturating_add(1);
        let number = u64::try_from(entry).map_err(|_| ReceiptError::NotAReceipt)?;
        let received_at = now.round(Unit::Millisecond).unwrap_or(now);
        let receipt = Receipt::new(report, control.to_owned(), received_at, self.name.clone(), number, previous);
        let receipt = receipt.sign(&self.key)?.to_json()?;
        transaction.execute(
            "INSERT INTO receipts (entry, report, control, receipt) VALUES ($1, $2, $3, $4)",
            &[entry.into(), report.into(), control.into(), receipt.as_str().into()],
        )?;
        transaction.commit()?;
        Ok(Given { receipt, new: true })
    }
}

/// One statement, so that it sees one moment: between two, another process may have taken the report.
fn given_in(database: &Database, control: &str, report: &Digest) -> Result<Option<Given>, StoreError> {
    let rows = database.query(
        "SELECT control, report, receipt FROM receipts WHERE report = $1 OR control = $2",
        &[(*report).into(), control.into()],
    )?;
    let mut other_control = false;
    for row in &rows {
        match (row.get::<String>("control")? == control, row.parsed::<Digest>("report")? == *report) {
            (true, true) => return Ok(Some(Given { receipt: row.get("receipt")?, new: false })),
            (_, same_report) => other_control |= same_report,
        }
    }
    match (rows.is_empty(), other_control) {
        (true, _) => Ok(None),
        (false, true) => Err(StoreError::OtherControl),
        (false, false) => Err(StoreError::OtherReport),
    }
}

fn known(database: &Database, report: &Digest) -> Result<Option<(String, String)>, StoreError> {
    let row = database.first("SELECT control, receipt FROM receipts WHERE report = $1", &[(*report).into()])?;
    Ok(row.map(|row| Ok::<_, RegisterError>((row.get("control")?, row.get("receipt")?))).transpose()?)
}
