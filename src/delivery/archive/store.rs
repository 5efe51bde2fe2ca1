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
        BlobFolder, Database, EvidenceStore, FolderLock, RegisterError, Resealed, Schema, create_folder, lock_folder, open_writer,
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

/// The archive's folder, open for this process alone.
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
    pub fn open(folder: &Path, name: String) -> Result<Self, ArchiveError> {
        create_folder(folder)?;
        let lock = lock_folder(folder)?;
        let database = open_writer(&folder.join("archive.db"), &SCHEMA)?;
        let seal = Seal::of_writer(folder, &Keys::default()).map_err(RegisterError::from)?;
        let reports = EvidenceStore::new(BlobFolder::open(&folder.join("reports"))?, seal);
        // A report that came before the folder was sealed.
        reports.reseal(&mut Resealed::default(), &mut |_, _, _| {})?;
        let key = open_or_make(folder, "receipt-key.der").map_err(|error| match error {
            SigningKeyError::NotAKey => ArchiveError::ReceiptKey,
            SigningKeyError::Folder(error) => error.into(),
        })?;
        Ok(Self { database, reports, key, name, _lock: lock })
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
        Ok(self.known(report)?.map(|(_, receipt)| receipt))
    }

    /// The receipt that was given for this report of this control; `None` for a report that is new and may come.
    ///
    /// # Errors
    /// [`StoreError::OtherControl`], [`StoreError::OtherReport`].
    pub fn given(&self, control: &str, report: &Digest) -> Result<Option<Given>, StoreError> {
        match self.known(report)? {
            Some((of, receipt)) if of == control => Ok(Some(Given { receipt, new: false })),
            Some(_) => Err(StoreError::OtherControl),
            None => match self.database.first("SELECT entry FROM receipts WHERE control = $1", &[control.into()])? {
                None => Ok(None),
                Some(_) => Err(StoreError::OtherReport),
            },
        }
    }

    /// Stores a report that has been judged good, and gives the receipt for it. Both are on the disk when this returns.
    /// The same report again gets the same receipt.
    pub fn take(&mut self, control: &str, pdf: &[u8], now: Timestamp) -> Result<Given, StoreError> {
        let report = self.reports.put(pdf)?;
        if let Some(given) = self.given(control, &report)? {
            return Ok(given);
        }
        let transaction = self.database.write()?;
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

    fn known(&self, report: &Digest) -> Result<Option<(String, String)>, StoreError> {
        let row = self.database.first("SELECT control, receipt FROM receipts WHERE report = $1", &[(*report).into()])?;
        Ok(row.map(|row| Ok::<_, RegisterError>((row.get("control")?, row.get("receipt")?))).transpose()?)
    }
}
