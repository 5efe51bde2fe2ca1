//! Checks an export: its files, its section of the chain, and that controls, receipts and evidence are what the chain says.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use super::{
    FinishedControl, Head, MAX_BODY_BYTES, REGISTER_STREAM,
    controls::CONTROL_REGISTERED,
    export::{
        CHAIN, ChainLine, ExportError, FORMAT, MANIFEST, Manifest, SUMS, evidence_name, receipt_name, report_name, sums_text,
    },
    journal::{commitment, row_hash},
    outbox::RECEIPT_KEPT,
    purge::{CONTROL_PURGED, digests_in},
};
use crate::digest::Digest;

/// The largest manifest, in bytes: about a million files.
const MAX_MANIFEST_BYTES: u64 = 512 * 1024 * 1024;
/// The longest line of the chain: a body of the largest size with every character escaped, and the rest of the entry.
const MAX_LINE_BYTES: u64 = 6 * MAX_BODY_BYTES as u64 + 64 * 1024;
/// More problems than these say nothing new.
const MAX_PROBLEMS: usize = 1000;

/// The outcome of [`verify_export`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportReport {
    /// Controls in the manifest.
    pub controls: u64,
    /// Files that were hashed.
    pub files: u64,
    /// Entries of the journal in the section.
    pub entries: u64,
    /// The head of the journal when it was exported.
    pub head: Option<Head>,
    /// Heads that were asked for and that the section does not hold.
    pub missing_heads: Vec<Head>,
    /// Everything that does not hold; the first thousand.
    pub problems: Vec<String>,
}

impl ExportReport {
    /// Whether everything holds.
    pub fn holds(&self) -> bool {
        self.problems.is_empty() && self.missing_heads.is_empty()
    }

    fn blame(&mut self, what: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(what);
        }
    }
}

/// Checks the export in a folder or a zip file. `progress` is told files done and files in all.
///
/// # Errors
/// [`ExportError::Target`] when it cannot be read; what does not hold is in the report.
pub fn verify_export(place: &Path, heads: &[Head], progress: &mut dyn FnMut(u64, u64)) -> Result<ExportReport, ExportError> {
    let mut source = Source::open(place).map_err(ExportError::Target)?;
    let mut report =
        ExportReport { controls: 0, files: 0, entries: 0, head: None, missing_heads: heads.to_vec(), problems: Vec::new() };
    let Some(manifest_bytes) = source.read(MANIFEST, MAX_MANIFEST_BYTES).map_err(ExportError::Target)? else {
        report.blame("manifest.json is missing or too large".into());
        return Ok(report);
    };
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&manifest_bytes) else {
        report.blame("manifest.json is not the manifest of an export of this program".into());
        return Ok(report);
    };
    if manifest.format != FORMAT {
        report.blame("manifest.json is of another format than this program knows".into());
        return Ok(report);
    }
    report.controls = u64::try_from(manifest.controls.len()).unwrap_or(u64::MAX);
    check_files(&mut source, &manifest, &manifest_bytes, &mut report, progress)?;
    let testimony = check_chain(&mut source, &manifest, &mut report)?;
    check_controls(&manifest, &testimony, &mut report);
    Ok(report)
}

/// Every file has the digest that the manifest says, none is missing, none is there besides, and the sums say the same.
fn check_files(
    source: &mut Source,
    manifest: &Manifest,
    manifest_bytes: &[u8],
    report: &mut ExportReport,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), ExportError> {
    let total = u64::try_from(manifest.files.len()).unwrap_or(u64::MAX);
    for (done, (name, expected)) in (1..).zip(&manifest.files) {
        if !is_plain(name) {
            report.blame("the manifest has a file name that no export has".into());
            continue;
        }
        match source.digest(name, expected.bytes).map_err(ExportError::Target)? {
            None => report.blame(format!("{name} is missing")),
            Some(found) if found == expected.sha256 => {}
            Some(_) => report.blame(format!("{name} was changed")),
        }
        report.files += 1;
        progress(done, total);
    }
    let mut known: BTreeSet<&str> = manifest.files.keys().map(String::as_str).collect();
    known.extend([MANIFEST, SUMS]);
    for name in source.names().map_err(ExportError::Target)? {
        if !known.contains(name.as_str()) {
            report.blame("there is a file that the manifest does not name".into());
        }
    }
    let mut sums: BTreeMap<&str, Digest> = manifest.files.iter().map(|(name, file)| (name.as_str(), file.sha256)).collect();
    sums.insert(MANIFEST, Digest::of(manifest_bytes));
    let sums = sums_text(sums.iter().map(|(name, digest)| (*name, *digest)));
    if source.read(SUMS, MAX_MANIFEST_BYTES).map_err(ExportError::Target)?.as_deref() != Some(sums.as_bytes()) {
        report.blame(
            "SHA256SUMS is missing or does not say what the manifest says: the export is not complete, or was changed".into(),
        );
    }
    Ok(())
}

/// What the entries of the section say.
#[derive(Default)]
struct Testimony {
    registered: BTreeMap<String, FinishedControl>,
    receipts: BTreeMap<String, Digest>,
    purged: BTreeSet<String>,
    named: BTreeMap<String, BTreeSet<Digest>>,
    /// What the entries of a control name as its pictures, strokes and terms: the export must hold it.
    evidence: BTreeMap<String, BTreeSet<Digest>>,
    erased: BTreeSet<String>,
}

fn check_chain(source: &mut Source, manifest: &Manifest, report: &mut ExportReport) -> Result<Testimony, ExportError> {
    let mut testimony = Testimony::default();
    let section = manifest.chain;
    let exported: BTreeSet<&str> = manifest.controls.iter().map(|control| control.control.control.as_str()).collect();
    let mut head = Head { seq: section.first.saturating_sub(1), hash: section.previous };
    let Some(file) = source.open_file(CHAIN).map_err(ExportError::Target)? else {
        return Ok(testimony);
    };
    let mut lines = BufReader::new(file);
    loop {
        let mut text = Vec::new();
        let read = lines.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut text).map_err(ExportError::Target)?;
        if read == 0 {
            break;
        }
        let seq = head.seq.saturating_add(1);
        match serde_json::from_slice::<ChainLine>(&text).map_err(|_| "cannot be understood").and_then(|line| follow(line, &head))
        {
            Ok(line) => {
                head = Head { seq, hash: line.hash };
                report.missing_heads.retain(|asked| *asked != head);
                report.entries += 1;
                note(line, &exported, &mut testimony);
            }
            Err(what) => {
                report.blame(format!("chain.jsonl: entry {seq} {what}; nothing after it was checked"));
                return Ok(testimony);
            }
        }
    }
    if head == (Head { seq: section.last, hash: section.last_hash }) {
        report.head = Some(head);
    } else {
        report.blame("chain.jsonl does not end with the head that the manifest names".into());
    }
    Ok(testimony)
}

/// The line when it follows `head`.
fn follow(line: ChainLine, head: &Head) -> Result<ChainLine, &'static str> {
    if line.seq != head.seq.saturating_add(1) {
        return Err("is missing or out of order");
    }
    match (&line.salt, &line.body) {
        (None, None) => {}
        (Some(salt), Some(body)) => {
            let salt = unhex(salt).ok_or("cannot be understood")?;
            if commitment(&salt, body) != line.commitment {
                return Err("has another body than the one that was written");
            }
        }
        _ => return Err("has a body without salt, or salt without body"),
    }
    if row_hash(line.seq, &line.stream, &line.at, &line.kind, &line.commitment, &head.hash) != line.hash {
        return Err("was changed");
    }
    Ok(line)
}

fn note(line: ChainLine, exported: &BTreeSet<&str>, testimony: &mut Testimony) {
    let ChainLine { stream, kind, body, .. } = line;
    let Some(body) = body else {
        if exported.contains(stream.as_str()) {
            testimony.erased.insert(stream);
        }
        return;
    };
    if stream != REGISTER_STREAM {
        if let Ok(body) = serde_json::from_str(&body) {
            evidence_in(&body, testimony.evidence.entry(stream.clone()).or_default());
        }
        digests_in(&body, testimony.named.entry(stream).or_default());
        return;
    }
    let value: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    let Some(control) = value.get("control").and_then(serde_json::Value::as_str).map(str::to_owned) else { return };
    digests_in(&body, testimony.named.entry(control.clone()).or_default());
    match kind.as_str() {
        CONTROL_REGISTERED => {
            if let Ok(finished) = serde_json::from_value(value) {
                testimony.registered.insert(control, finished);
            }
        }
        RECEIPT_KEPT => {
            let digest = value.get("receipt_sha256").and_then(serde_json::Value::as_str).and_then(|text| text.parse().ok());
            testimony.receipts.extend(digest.map(|digest| (control, digest)));
        }
        CONTROL_PURGED => drop(testimony.purged.insert(control)),
        _ => {}
    }
}

/// The digests under the names by which the events of a control keep evidence (`crate::control`): the strokes and the picture of
/// a signature, the raw and the upright picture of a document, the text of the terms.
fn evidence_in(body: &serde_json::Value, into: &mut BTreeSet<Digest>) {
    const NAMES: [&str; 4] = ["picture", "raw", "strokes", "text"];
    match body {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                let digest: Option<Digest> =
                    value.as_str().filter(|_| NAMES.contains(&name.as_str())).and_then(|text| text.parse().ok());
                into.extend(digest);
                evidence_in(value, into);
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| evidence_in(value, into)),
        _ => {}
    }
}

/// Each control is registered in the chain as the manifest says, and its report, receipt and evidence are the ones named there.
fn check_controls(manifest: &Manifest, testimony: &Testimony, report: &mut ExportReport) {
    let sha256 = |name: &str| manifest.files.get(name).map(|file| file.sha256);
    let known = |name: &str| is_plain(name) && manifest.files.contains_key(name);
    for listed in &manifest.controls {
        let id = &listed.control.control;
        if !is_plain(id) {
            report.blame("the manifest has a control id that no register has".into());
            continue;
        }
        match testimony.registered.get(id) {
            Some(registered) if super::verify::same(registered, &listed.control) => {}
            Some(_) => report.blame(format!("control {id}: the manifest does not say what the chain says")),
            None => report.blame(format!("control {id}: the chain does not register it")),
        }
        if testimony.receipts.get(id) != listed.receipt.as_ref() || sha256(&receipt_name(id)) != listed.receipt {
            report.blame(format!("control {id}: its receipt is not the one that the chain names"));
        }
        if listed.purged {
            if !testimony.purged.contains(id) {
                report.blame(format!("control {id}: it is said to be purged, but the chain has no tombstone"));
            }
            continue;
        }
        if testimony.erased.contains(id) {
            report.blame(format!("control {id}: entries of it are left out"));
        }
        if sha256(&report_name(id)) != listed.control.report {
            report.blame(format!("control {id}: its report is not the one that the chain names"));
        }
        for digest in &listed.evidence {
            let name = evidence_name(digest);
            if sha256(&name) != Some(*digest) {
                report.blame(format!("control {id}: {name} is missing or is not what its name says"));
            }
            if !testimony.named.get(id).is_some_and(|named| named.contains(digest)) {
                report.blame(format!("control {id}: {name} is evidence that the chain does not name"));
            }
        }
        for digest in testimony.evidence.get(id).into_iter().flatten().filter(|digest| !listed.evidence.contains(digest)) {
            report.blame(format!("control {id}: {} is named by the chain and left out of the export", evidence_name(digest)));
        }
        // What the entries name otherwise is either with the export or was no evidence of the register.
        let left_out = testimony.named.get(id).into_iter().flatten().filter(|digest| known(&evidence_name(digest)));
        if left_out.filter(|digest| Some(**digest) != listed.control.report).any(|digest| !listed.evidence.contains(digest)) {
            report.blame(format!("control {id}: the manifest leaves out evidence that the chain names"));
        }
    }
}

/// A name as an export has it: at most three parts of letters, digits, hyphens and dots, none of them hidden or leading upwards.
fn is_plain(name: &str) -> bool {
    let part = |part: &str| {
        (1..=64).contains(&part.len())
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
    };
    name.split('/').count() <= 3 && name.split('/').all(part)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != 16 {
        return None;
    }
    pairs.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// The export as it lies there.
enum Source {
    Folder(PathBuf),
    Zip(Box<ZipArchive<BufReader<File>>>),
}

impl Source {
    fn open(place: &Path) -> io::Result<Self> {
        if place.is_dir() {
            return Ok(Self::Folder(place.to_owned()));
        }
        Ok(Self::Zip(Box::new(ZipArchive::new(BufReader::new(File::open(place)?))?)))
    }

    fn open_file(&mut self, name: &str) -> io::Result<Option<Box<dyn Read + '_>>> {
        match self {
            Self::Folder(folder) => match File::open(folder.join(name)) {
                Ok(file) => Ok(Some(Box::new(file))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
            Self::Zip(archive) => match archive.by_name(name) {
                Ok(file) => Ok(Some(Box::new(file))),
                Err(zip::result::ZipError::FileNotFound) => Ok(None),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// The whole file; `None` when it is not there or longer than `limit`.
    fn read(&mut self, name: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = self.open_file(name)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(Some(bytes).filter(|bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX) <= limit))
    }

    /// The digest of a file that has `expected` bytes; of a longer one only so much is read that the digest is another.
    fn digest(&mut self, name: &str, expected: u64) -> io::Result<Option<Digest>> {
        let Some(file) = self.open_file(name)? else { return Ok(None) };
        let mut file = file.take(expected.saturating_add(1));
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(Some(Digest::from_bytes(hash.finalize().into()))),
                Ok(read) => hash.update(buffer.get(..read).unwrap_or(&buffer)),
                // The zip format's own checksum: this file was changed.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(Some(Digest::from_bytes([0; 32]))),
                Err(error) => return Err(error),
            }
        }
    }

    /// The names of all files, from the export's own folder.
    fn names(&self) -> io::Result<Vec<String>> {
        let folder = match self {
            Self::Zip(archive) => {
                let names = archive.file_names().map(|name| name.map(Cow::into_owned).unwrap_or_default());
                return Ok(names.filter(|name| !name.ends_with('/')).collect());
            }
            Self::Folder(folder) => folder,
        };
        let mut names = Vec::new();
        let mut open = vec![folder.clone()];
        while let Some(inside) = open.pop() {
            for entry in fs::read_dir(&inside)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    open.push(entry.path());
                } else {
                    let path = entry.path();
                    names.push(path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned());
                }
            }
        }
        Ok(names)
    }
}
