//! An export: controls with everything that belongs to them, in a folder or a zip file that can be checked without this program.
//!
//! ```text
//! README.txt                      how to check it
//! manifest.json                   what is in it: controls, files with digests, the section of the chain
//! SHA256SUMS                      for `sha256sum -c`; written last, so an export without it is not complete
//! chain.jsonl                     the journal from the first entry of these controls to its head
//! controls/<id>/report.pdf        for `bam-station verify` and any PDF validator
//! controls/<id>/receipt.json      as the archive gave it
//! evidence/<sha256>               scans, signatures, terms, the report as it was raised later
//! ```
//!
//! An entry of another control stands in `chain.jsonl` with the commitment to its body alone, so the section of the chain can be
//! checked as a whole and tells nothing about other people.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{
    ControlFilter, FinishedControl, Head, MAX_EVIDENCE_BYTES, REGISTER_STREAM, Register, RegisterError,
    database::Transaction,
    durable,
    journal::{ChainedRow, each_row, signed},
    purge::tombstone_of,
};
use crate::digest::Digest;

/// The form of the manifest.
pub(super) const FORMAT: &str = "bam-station register export 1";
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const SUMS: &str = "SHA256SUMS";
pub(super) const CHAIN: &str = "chain.jsonl";

const README: &str = "\
An export of a document register of bam-station. It holds personal data: keep it as you keep the register.

To check that the files are those that were exported:
    sha256sum -c SHA256SUMS
To check files, section of the chain, controls and receipts against each other:
    bam-station register verify --export FOLDER-OR-ZIP
To check what a report proves (any PDF validator checks its signature as well):
    bam-station verify controls/ID/report.pdf --trust CA.pem
To check that the register was not rewritten: the chain's last entry in manifest.json, and those printed in later reports and
kept by others, must stand in chain.jsonl with the same hash.

chain.jsonl has one entry of the journal in a line. hash is the SHA-256 of these fields, each after its length in bytes as eight
bytes, most significant first: \"bam-station journal 1\", seq (eight bytes), stream, at, kind, commitment (32 bytes), the hash of the
entry before (32 bytes; for the first line, previous in manifest.json). commitment is the SHA-256, in the same manner, of
\"bam-station journal body 1\", salt (16 bytes) and body. Entries about other people have no salt and no body here.
";

/// Where an export goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportTarget {
    /// A folder that does not exist yet or is empty.
    Folder(PathBuf),
    /// A zip file that does not exist yet.
    Zip(PathBuf),
}

/// Why nothing was exported. What was written until then is left without `SHA256SUMS`, or as a `.partial` file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The target is there already.
    #[error("{0} is there already: name a new file, or a new or empty folder")]
    TargetExists(PathBuf),
    /// No control passes the filter.
    #[error("no control in the register fits the filter, so there is nothing to export")]
    NothingToExport,
    /// The register.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The target.
    #[error("the export cannot be written: {0}; name another place, or free some room")]
    Target(io::Error),
}

impl ExportError {
    /// The entry in the fault catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TargetExists(_) => "EXPORT_TARGET_EXISTS",
            Self::NothingToExport => "EXPORT_NOTHING",
            Self::Register(error) => error.code(),
            Self::Target(_) => "EXPORT_TARGET_FAILED",
        }
    }
}

/// What was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Controls.
    pub controls: u64,
    /// Files, the manifest and the sums not counted.
    pub files: u64,
    /// The head of the journal at the time.
    pub head: Head,
}

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub format: String,
    pub made_at: Timestamp,
    pub program: String,
    pub chain: Section,
    pub controls: Vec<ManifestControl>,
    pub files: BTreeMap<String, ManifestFile>,
}

/// Which part of the journal `chain.jsonl` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    pub first: u64,
    pub previous: Digest,
    pub last: u64,
    pub last_hash: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ManifestControl {
    pub control: FinishedControl,
    /// Only a tombstone is left of it: neither report nor evidence.
    pub purged: bool,
    pub receipt: Option<Digest>,
    pub evidence: BTreeSet<Digest>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ManifestFile {
    pub sha256: Digest,
    pub bytes: u64,
}

/// A line of `chain.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChainLine {
    pub seq: u64,
    pub stream: String,
    pub at: String,
    pub kind: String,
    pub commitment: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    pub hash: Digest,
}

pub(super) fn report_name(control: &str) -> String {
    format!("controls/{control}/report.pdf")
}

pub(super) fn receipt_name(control: &str) -> String {
    format!("controls/{control}/receipt.json")
}

pub(super) fn evidence_name(digest: &Digest) -> String {
    format!("evidence/{digest}")
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// `SHA256SUMS`, as `sha256sum` writes it.
pub(super) fn sums_text<'a>(files: impl Iterator<Item = (&'a str, Digest)>) -> String {
    files.map(|(name, digest)| [&digest.to_string(), "  ", name, "\n"].concat()).collect()
}

impl Register {
    /// Exports the finished controls that pass the filter. `progress` is told controls done and controls in all.
    pub fn export(
        &self,
        filter: &ControlFilter,
        target: &ExportTarget,
        at: Timestamp,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Exported, ExportError> {
        // One read transaction: the controls and the chain are of the same moment.
        let snapshot = self.database.snapshot()?;
        let controls = self.controls_where(filter)?;
        if controls.is_empty() {
            return Err(ExportError::NothingToExport);
        }
        let mut parcel = Parcel::open(target)?;
        let ids: BTreeSet<&str> = controls.iter().map(|control| control.control.as_str()).collect();
        let chain = self.write_chain(&snapshot, &ids, &mut parcel)?;
        let total = u64::try_from(controls.len()).unwrap_or(u64::MAX);
        let mut listed = Vec::with_capacity(controls.len());
        for (done, control) in (1..).zip(controls) {
            listed.push(self.write_control(control, &mut parcel)?);
            progress(done, total);
        }
        parcel.put("README.txt", README.as_bytes())?;
        let files = u64::try_from(parcel.files.len()).unwrap_or(u64::MAX);
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            made_at: at,
            program: concat!("bam-station ", env!("CARGO_PKG_VERSION")).to_owned(),
            chain,
            controls: listed,
            files: parcel.files.clone(),
        };
        let manifest = serde_json::to_vec_pretty(&manifest).map_err(|_| RegisterError::BadBody)?;
        parcel.put(MANIFEST, &manifest)?;
        parcel.finish()?;
        drop(snapshot);
        Ok(Exported { controls: total, files, head: Head { seq: chain.last, hash: chain.last_hash } })
    }

    fn write_control(&self, control: FinishedControl, parcel: &mut Parcel) -> Result<ManifestControl, ExportError> {
        let id = control.control.clone();
        let receipt = self.delivery(&id)?.and_then(|delivery| delivery.receipt);
        if let Some(receipt) = &receipt {
            parcel.put(&receipt_name(&id), receipt.as_bytes())?;
        }
        let receipt = receipt.map(|receipt| Digest::of(receipt.as_bytes()));
        if tombstone_of(&self.database, &id)?.is_some() {
            return Ok(ManifestControl { control, purged: true, receipt, evidence: BTreeSet::new() });
        }
        let mut evidence = self.evidence_of(&id)?;
        if let Some(report) = control.report {
            evidence.remove(&report);
            parcel.put(&report_name(&id), &self.evidence().get(&report, MAX_EVIDENCE_BYTES)?)?;
        }
        for digest in &evidence {
            let name = evidence_name(digest);
            // Terms are kept once, however many controls name them.
            if !parcel.files.contains_key(&name) {
                parcel.put(&name, &self.evidence().get(digest, MAX_EVIDENCE_BYTES)?)?;
            }
        }
        Ok(ManifestControl { control, purged: false, receipt, evidence })
    }

    fn write_chain(&self, snapshot: &Transaction<'_>, ids: &BTreeSet<&str>, parcel: &mut Parcel) -> Result<Section, ExportError> {
        let head = self.head()?;
        let mut first = head.seq;
        for id in ids {
            let begin: Option<u64> = snapshot.value("SELECT min(seq) FROM journal WHERE stream = $1", &[(*id).into()])?.flatten();
            let own: Option<u64> = snapshot.value("SELECT registered FROM controls WHERE control = $1", &[(*id).into()])?;
            first = begin.into_iter().chain(own).fold(first, u64::min);
        }
        let before = snapshot.first("SELECT hash FROM journal WHERE seq = $1", &[signed(first.saturating_sub(1))?.into()])?;
        let previous = before.map_or(Ok(Head::EMPTY.hash), |row| row.parsed("hash"))?;

        parcel.write(CHAIN, &mut |file| {
            each_row(snapshot, signed(first)?, |row| -> Result<ControlFlow<()>, ExportError> {
                // What is sealed about other people stays closed.
                let ours = ids.contains(row.get::<String>("stream")?.as_str());
                let row = if ours { ChainedRow::read(snapshot, row) } else { ChainedRow::read_closed(row) }?;
                let line = line(row, ids);
                serde_json::to_writer(&mut *file, &line).map_err(|error| ExportError::Target(error.into()))?;
                file.write_all(b"\n").map_err(ExportError::Target)?;
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(())
        })?;
        Ok(Section { first, previous, last: head.seq, last_hash: head.hash })
    }
}

/// The row as it leaves the register: with its body when it is about one of these controls, else with the commitment to it.
fn line(row: ChainedRow, ids: &BTreeSet<&str>) -> ChainLine {
    let commitment = row.commitment();
    let ChainedRow { entry, at, salt, erased, .. } = row;
    let about = |body: &str| {
        let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        body.get("control").and_then(serde_json::Value::as_str).is_some_and(|control| ids.contains(control))
    };
    let of_register = entry.stream == REGISTER_STREAM && about(&entry.body);
    let shown = erased.is_none() && (ids.contains(entry.stream.as_str()) || of_register);
    ChainLine {
        seq: entry.seq,
        at,
        kind: entry.kind,
        commitment,
        salt: shown.then(|| hex(&salt)),
        body: shown.then_some(entry.body),
        hash: entry.hash,
        stream: entry.stream,
    }
}

/// The files on their way to the target, with their digests.
struct Parcel {
    place: Place,
    files: BTreeMap<String, ManifestFile>,
}

enum Place {
    Folder(PathBuf),
    Zip { archive: Box<ZipWriter<BufWriter<File>>>, partial: PathBuf, target: PathBuf },
}

impl Parcel {
    fn open(target: &ExportTarget) -> Result<Self, ExportError> {
        let place = match target {
            ExportTarget::Folder(folder) => {
                let fresh = match fs::read_dir(folder) {
                    Ok(mut entries) => entries.next().is_none(),
                    Err(error) => error.kind() == io::ErrorKind::NotFound,
                };
                if !fresh {
                    return Err(ExportError::TargetExists(folder.clone()));
                }
                durable::create_folder(folder)?;
                Place::Folder(folder.clone())
            }
            ExportTarget::Zip(target) => {
                if target.try_exists().map_err(ExportError::Target)? {
                    return Err(ExportError::TargetExists(target.clone()));
                }
                let partial = target.with_extension("zip.partial");
                let file = private(&partial, true).map_err(ExportError::Target)?;
                Place::Zip { archive: Box::new(ZipWriter::new(BufWriter::new(file))), partial, target: target.clone() }
            }
        };
        Ok(Self { place, files: BTreeMap::new() })
    }

    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        self.write(name, &mut |file| file.write_all(bytes).map_err(ExportError::Target))
    }

    fn write(
        &mut self,
        name: &str,
        content: &mut dyn FnMut(&mut dyn Write) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let (sha256, bytes) = match &mut self.place {
            Place::Folder(folder) => {
                let path = folder.join(name);
                path.parent().map_or(Ok(()), durable::create_folder)?;
                let file = BufWriter::new(private(&path, false).map_err(ExportError::Target)?);
                let mut file = Measured::new(file);
                content(&mut file)?;
                let measure = file.measure();
                let file = file.inner.into_inner().map_err(|error| ExportError::Target(error.into_error()))?;
                file.sync_all().map_err(ExportError::Target)?;
                measure
            }
            Place::Zip { archive, .. } => {
                let options = SimpleFileOptions::default()
                    .compression_method(CompressionMethod::Stored)
                    .unix_permissions(0o600)
                    .large_file(true);
                archive.start_file(name, options).map_err(|error| ExportError::Target(error.into()))?;
                let mut file = Measured::new(archive.as_mut());
                content(&mut file)?;
                file.measure()
            }
        };
        self.files.insert(name.to_owned(), ManifestFile { sha256, bytes });
        Ok(())
    }

    /// The sums come last; then the zip file gets its name.
    fn finish(mut self) -> Result<(), ExportError> {
        let sums = sums_text(self.files.iter().map(|(name, file)| (name.as_str(), file.sha256)));
        self.put(SUMS, sums.as_bytes())?;
        if let Place::Zip { archive, partial, target } = self.place {
            let file = archive.finish().map_err(|error| ExportError::Target(error.into()))?;
            let file = file.into_inner().map_err(|error| ExportError::Target(error.into_error()))?;
            file.sync_all().and_then(|()| fs::rename(&partial, &target)).map_err(ExportError::Target)?;
        }
        Ok(())
    }
}

fn private(path: &Path, replace: bool) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).create_new(!replace).truncate(replace).mode(0o600).open(path)
}

/// Passes bytes on, and knows their digest and number.
struct Measured<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Measured<W> {
    fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    fn measure(&self) -> (Digest, u64) {
        (Digest::from_bytes(self.hash.clone().finalize().into()), self.bytes)
    }
}

impl<W: Write> Write for Measured<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or(bytes));
        self.bytes = self.bytes.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
