//! The administrator's signature on MASTER.toml, and the chain of all of them.
//!
//! Beside MASTER.toml lie `MASTER.toml.sig`, one line for the file as it is, and `MASTER.toml.history`, the lines of all versions,
//! oldest first. A line is the signature in hexadecimal digits, a space, and the signed [`Statement`] as JSON on one line; signed are
//! the bytes of [`CONTEXT`] and then the JSON as it stands. An administrator signs with an Ed25519 key (RFC 8032, 128 digits) or with
//! the key of a certificate, on a card, which then stands in the statement. Each statement holds the digest of the line before it, so
//! no version can be taken out, put in or changed without breaking every later one.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use der::{Decode as _, Encode as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use x509_cert::Certificate;

use super::{
    Administrators, Broken, ConfigError, Diagnostic, Loaded, Master,
    edit::{EditError, Proposal, write_whole},
    master::{self, one_line},
    schema::Schema,
    source::{FILE_LIMIT, Source},
};
use crate::{
    digest::Digest,
    trust::{
        SignatureAlgorithm,
        hex::{from_hex, to_hex},
        verify_signature,
    },
};

/// What is signed before the statement, so that a signature for another purpose never counts here.
pub const CONTEXT: &[u8] = b"bam-station MASTER.toml 1\n";

/// Most bytes of a signature: that of RSA with 4096 bits.
const MOST_SIGNATURE: usize = 512;
/// Most bytes of one line: a statement holds all values of a MASTER.toml.
const LINE_LIMIT: u64 = 2 * FILE_LIMIT;
/// Most bytes of a history: thousands of versions.
const HISTORY_LIMIT: u64 = 64 << 20;

/// What an administrator signs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Counts up from 1.
    pub version: u64,
    /// Digest of MASTER.toml.
    pub sha256: Digest,
    /// Digest of the line of the version before; `None` for the first.
    pub previous: Option<Digest>,
    /// The administrator's public key, 64 hexadecimal digits; with a certificate, its SHA-256.
    pub key: Digest,
    /// The certificate whose key signs, DER in hexadecimal digits; none for an Ed25519 key of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// How the certificate's key signs: [`SignatureAlgorithm::name`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// Who signs, as the person says. A desk shows the name that its LOCAL.toml gives the key.
    pub signed_by: String,
    /// When.
    pub signed_at: Timestamp,
    /// Why the file was changed.
    pub why: String,
    /// Every value in force, defaults included, by `Section.Key`.
    pub values: BTreeMap<String, serde_json::Value>,
}

/// A line: a statement, its signature, and its digest in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedLine {
    /// What was signed.
    pub statement: Statement,
    line: String,
}

/// Why a line is no signed statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BadLine {
    /// It has not the form, or was cut off.
    Form,
    /// The signature is not that of the key over this statement.
    Forged,
}

impl SignedLine {
    /// Reads and verifies a line, which has no line break.
    fn read(line: &str) -> Result<Self, BadLine> {
        let (hex, json) = line.split_once(' ').ok_or(BadLine::Form)?;
        let signature = from_hex(hex).filter(|bytes| (64..=MOST_SIGNATURE).contains(&bytes.len())).ok_or(BadLine::Form)?;
        let statement: Statement = serde_json::from_str(json).map_err(|_| BadLine::Form)?;
        // Both are shown on terminals and screens.
        if one_line(&statement.signed_by).is_err() || one_line(&statement.why).is_err() {
            return Err(BadLine::Form);
        }
        statement.verify(&signed_bytes(json), &signature)?;
        Ok(Self { statement, line: line.to_owned() })
    }

    /// The digest by which the next statement names this line.
    pub fn digest(&self) -> Digest {
        Digest::of(self.line.as_bytes())
    }
}

impl Statement {
    /// Whether `signature` was made by the key, or the certificate's key, that the statement names.
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadLine> {
        let (Some(certificate), Some(algorithm)) = (&self.certificate, &self.algorithm) else {
            if self.certificate.is_some() || self.algorithm.is_some() {
                return Err(BadLine::Form);
            }
            let signature = Signature::from_slice(signature).map_err(|_| BadLine::Form)?;
            let key = VerifyingKey::from_bytes(self.key.as_bytes()).map_err(|_| BadLine::Forged)?;
            return key.verify_strict(message, &signature).map_err(|_| BadLine::Forged);
        };
        let der = from_hex(certificate).ok_or(BadLine::Form)?;
        let algorithm = SignatureAlgorithm::named(algorithm).ok_or(BadLine::Form)?;
        if Digest::of(&der) != self.key {
            return Err(BadLine::Forged);
        }
        let certificate = Certificate::from_der(&der).map_err(|_| BadLine::Form)?;
        let key = certificate.tbs_certificate().subject_public_key_info();
        let verified = verify_signature(key, &algorithm.signature_identifier(), message, signature);
        verified.map(drop).map_err(|_| BadLine::Forged)
    }
}

fn signed_bytes(json: &str) -> Vec<u8> {
    [CONTEXT, json.as_bytes()].concat()
}

/// Who vouches for the MASTER.toml in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signer {
    /// The administrator's name, as LOCAL.toml gives it.
    pub name: String,
    /// The administrator's public key, or the SHA-256 of the certificate.
    pub key: Digest,
    /// The version that was signed.
    pub version: u64,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// The other administrator, where two must sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
}

/// The version that was last in force at this desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its number.
    pub version: u64,
    /// Digest of its MASTER.toml.
    pub sha256: Digest,
}

fn beside(master: &Path, ending: &str) -> PathBuf {
    let mut path = master.canonicalize().unwrap_or_else(|_| master.to_owned()).into_os_string();
    path.push(ending);
    path.into()
}

/// The signature that belongs to this MASTER.toml.
pub fn signature_file(master: &Path) -> PathBuf {
    beside(master, ".sig")
}

/// The signatures of all versions.
pub fn history_file(master: &Path) -> PathBuf {
    beside(master, ".history")
}

/// Reads the signature of `master`, and accepts it when an administrator of this desk made it for exactly this content, and for no
/// older version than was in force here before.
pub fn check(master: &Path, content: Digest, administrators: &Administrators, seen: Option<Seen>) -> Result<Signer, ConfigError> {
    let path = signature_file(master);
    let refuse = |kind, file: &Path, message: String, allowed: &str| {
        Err(ConfigError::one(kind, Diagnostic::whole_file(file, message, allowed)))
    };
    let line = match Source::read(&path, LINE_LIMIT) {
        Ok(source) if source.is_complete() => source.text,
        Ok(_) => {
            let message = "the signature is cut off".into();
            return refuse(Broken::SignatureUnreadable, &path, message, "the whole line that `bam-station config sign` wrote");
        }
        Err(error) if error.kind() == Broken::Missing => {
            let message = format!("the file is not signed: there is no {}", path.display());
            return refuse(Broken::Unsigned, master, message, "a file signed with `bam-station config sign`");
        }
        Err(error) => return Err(error.of_kind(Broken::SignatureUnreadable)),
    };
    let signed = match SignedLine::read(line.trim_end_matches(['\r', '\n'])) {
        Ok(signed) => signed.statement,
        Err(BadLine::Form) => {
            let message = "this is no signature of a MASTER.toml".into();
            return refuse(Broken::SignatureUnreadable, &path, message, "the line that `bam-station config sign` wrote");
        }
        Err(BadLine::Forged) => {
            let message = "the signature is forged: it does not fit to what it says".into();
            return refuse(Broken::SignatureForged, &path, message, "a file signed with `bam-station config sign`");
        }
    };
    let Some(name) = administrators.name_of(&signed).map(ToOwned::to_owned) else {
        let message = format!("the file is signed with the key {}, which this desk does not accept", signed.key);
        return refuse(Broken::SignerUnknown, &path, message, "one of the [Administrators] Keys or Certificates of LOCAL.toml");
    };
    if signed.sha256 != content {
        let message =
            format!("the file is not the one that was signed as version {}: it was changed or written in part", signed.version);
        return refuse(Broken::NotAsSigned, master, message, "the signed file; after a change sign it again");
    }
    // Two files of one version cannot both be the administrators' word.
    let older = |seen: &Seen| signed.version < seen.version || (signed.version == seen.version && signed.sha256 != seen.sha256);
    if let Some(seen) = seen.filter(older) {
        let message = format!("the file is version {}, and version {} was in force here before", signed.version, seen.version);
        return refuse(
            Broken::RolledBack,
            master,
            message,
            "that version or a newer one; an old rule is signed anew to come back",
        );
    }
    Ok(Signer { name, key: signed.key, version: signed.version, signed_at: signed.signed_at, second: None })
}

/// Four eyes: a MASTER.toml that lets somebody vouch comes into force when the version before the newest is of the same content and
/// signed by another administrator of this desk. `signer` made the newest signature.
pub(super) fn check_second(
    path: &Path,
    loaded: &Loaded<Master>,
    administrators: &Administrators,
    signer: &mut Signer,
) -> Result<(), ConfigError> {
    if !administrators.needs_two(&loaded.value) {
        return Ok(());
    }
    let chain = history(path).unwrap_or_default();
    let second = match chain.as_slice() {
        [.., before, newest] if newest.statement.version == signer.version && newest.statement.key == signer.key => {
            let same_content = before.statement.sha256 == loaded.digest;
            // Somebody with a key and a card is still one person.
            administrators.name_of(&before.statement).filter(|name| same_content && *name != signer.name)
        }
        _ => None,
    };
    let Some(second) = second else {
        let message = format!("the file lets somebody vouch, and only {} has signed it", signer.name);
        let allowed = "a second signature, by another administrator, on the same content (FourEyesForVouching in LOCAL.toml)";
        let diagnostic = loaded.contradiction("IssueProcess", "ThirdPartyIdControl", message, allowed);
        return Err(ConfigError::one(Broken::SecondSignatureMissing, diagnostic));
    };
    signer.second = Some(second.to_owned());
    Ok(())
}

/// Why a MASTER.toml is not signed, or its history not shown.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// The file itself is not good.
    #[error("{0}\nonly a good file is signed")]
    Master(#[source] ConfigError),
    /// The name or the reason is no text that people can read.
    #[error("the {what} {wrong}; give 1 to 200 characters on one line")]
    NotOneLine {
        /// `name` or `reason`.
        what: &'static str,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// There is no history.
    #[error("there is no {}: the file was never signed here; sign it with `bam-station config sign`", file.display())]
    NoHistory {
        /// The history.
        file: PathBuf,
    },
    /// The history cannot be read.
    #[error("{0}")]
    Unreadable(#[source] ConfigError),
    /// The chain is broken.
    #[error("{}:{line}: {wrong}; restore the history from a good copy, or lay it aside and begin a new one", file.display())]
    ChainBroken {
        /// The history.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// The proposed file cannot be put in its place.
    #[error(transparent)]
    Proposal(EditError),
    /// What the key gave back is not its signature.
    #[error("the key gave no signature that verifies; the file is as it was: try again, or sign with another key")]
    NotSigned,
    /// The system refused.
    #[error("{} cannot be written ({error}); check the rights of its folder and the space on the disk", file.display())]
    NotWritten {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl SignatureError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Master(error) | Self::Unreadable(error) => error.code(),
            Self::NotOneLine { .. } => "MASTER_SIGNING_TEXT",
            Self::NoHistory { .. } => "MASTER_NO_HISTORY",
            Self::ChainBroken { .. } => "MASTER_HISTORY_BROKEN",
            Self::Proposal(error) => error.code(),
            Self::NotSigned => "MASTER_NOT_SIGNED",
            Self::NotWritten { .. } => "CONFIG_NOT_WRITTEN",
        }
    }
}

/// The chain of all versions, oldest first. Every line is verified: signature, number and the digest of the line before it.
pub fn history(master: &Path) -> Result<Vec<SignedLine>, SignatureError> {
    let file = history_file(master);
    let source = match Source::read(&file, HISTORY_LIMIT) {
        Ok(source) => source,
        Err(error) if error.kind() == Broken::Missing => return Err(SignatureError::NoHistory { file }),
        Err(error) => return Err(SignatureError::Unreadable(error)),
    };
    let mut chain: Vec<SignedLine> = Vec::new();
    for (at, line) in source.text.lines().enumerate() {
        let broken = |wrong| SignatureError::ChainBroken { file: file.clone(), line: at + 1, wrong };
        let signed = SignedLine::read(line).map_err(|bad| {
            broken(match bad {
                BadLine::Form => "this is no signed statement",
                BadLine::Forged => "the signature does not fit to the statement",
            })
        })?;
        let before = chain.last();
        // A history that was laid aside goes on in a new file, so the first line may have a predecessor that is not here.
        if before.is_some() && signed.statement.previous != before.map(SignedLine::digest) {
            return Err(broken("the statement does not follow the one before it"));
        }
        if before.is_some_and(|before| signed.statement.version != before.statement.version.saturating_add(1)) {
            return Err(broken("the version does not count on from the one before it"));
        }
        chain.push(signed);
    }
    if source.is_complete() {
        Ok(chain)
    } else {
        Err(SignatureError::ChainBroken { file, line: chain.len().max(1), wrong: "the last line is cut off" })
    }
}

/// With what an administrator signs.
#[derive(Debug, Clone)]
pub enum Signatory<'a> {
    /// An Ed25519 key of its own.
    Key(VerifyingKey),
    /// The key of a certificate, which signs in this way.
    Certificate(&'a Certificate, SignatureAlgorithm),
}

/// A MASTER.toml, as it is or as it is proposed, with everything that will be signed. Nothing is written yet.
pub struct Unsigned<'a> {
    master: &'a Path,
    proposal: Option<&'a Proposal>,
    statement: Statement,
    json: String,
    /// The lines before the new one.
    lines: String,
    /// The history as it was found.
    found: String,
}

impl<'a> Unsigned<'a> {
    /// The file as it is.
    ///
    /// # Errors
    /// The file or its history is not good, or a text is not one line.
    pub fn of_file(master: &'a Path, who: &Signatory<'_>, by: &str, why: &str, at: Timestamp) -> Result<Self, SignatureError> {
        let source = Source::read(master, FILE_LIMIT).map_err(SignatureError::Master)?;
        Self::of(master, None, &source, who, by, why, at)
    }

    /// The file as it is proposed. It is put in place together with the signature.
    ///
    /// # Errors
    /// The same.
    pub fn of_proposal(
        proposal: &'a Proposal,
        who: &Signatory<'_>,
        by: &str,
        why: &str,
        at: Timestamp,
    ) -> Result<Self, SignatureError> {
        let content = proposal.content().to_vec();
        let source = Source::from_bytes(&proposal.file, content).map_err(SignatureError::Master)?;
        Self::of(&proposal.file, Some(proposal), &source, who, by, why, at)
    }

    fn of(
        master: &'a Path,
        proposal: Option<&'a Proposal>,
        source: &Source,
        who: &Signatory<'_>,
        by: &str,
        why: &str,
        at: Timestamp,
    ) -> Result<Self, SignatureError> {
        let text = |what, text| one_line(text).map_err(|wrong| SignatureError::NotOneLine { what, wrong });
        let (by, why) = (text("name", by)?, text("reason", why)?);
        let loaded = master::from_source(source).map_err(SignatureError::Master)?;
        let written = super::reader::read(source, &master::SCHEMA).map_err(SignatureError::Master)?;
        let chain = match history(master) {
            Err(SignatureError::NoHistory { .. }) => Vec::new(),
            chain => chain?,
        };
        // A history that was laid aside: the file's present signature is the predecessor.
        let present = Source::read(&signature_file(master), LINE_LIMIT).ok();
        let present = present.and_then(|source| SignedLine::read(source.text.trim_end()).ok());
        let before = chain.last().or(present.as_ref());
        let (key, certificate, algorithm) = match who {
            Signatory::Key(key) => (Digest::from_bytes(key.to_bytes()), None, None),
            Signatory::Certificate(certificate, algorithm) => {
                let der = certificate.to_der().map_err(|_| SignatureError::NotSigned)?;
                (Digest::of(&der), Some(to_hex(&der)), Some(algorithm.name().to_owned()))
            }
        };
        let statement = Statement {
            version: before.map_or(1, |before| before.statement.version.saturating_add(1)),
            sha256: loaded.digest,
            previous: before.map(SignedLine::digest),
            key,
            certificate,
            algorithm,
            signed_by: by,
            signed_at: at,
            why,
            values: values(&master::SCHEMA, &written),
        };
        let json = serde_json::to_string(&statement).map_err(|_| SignatureError::NotSigned)?;
        let lines = chain.iter().flat_map(|line| [line.line.as_str(), "\n"]).collect();
        let found = std::fs::read_to_string(history_file(master)).unwrap_or_default();
        Ok(Self { master, proposal, statement, json, lines, found })
    }

    /// What the key signs; it hashes it itself.
    pub fn to_be_signed(&self) -> Vec<u8> {
        signed_bytes(&self.json)
    }

    /// What will be signed.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Puts the signature into the history, the proposed file in its place, and the signature beside it.
    ///
    /// # Errors
    /// The signature is not the one of the key, somebody else changed the file meanwhile, or the system refuses. The file then is
    /// as it was.
    pub fn put(self, signature: &[u8]) -> Result<Statement, SignatureError> {
        let line = format!("{} {}", to_hex(signature), self.json);
        SignedLine::read(&line).map_err(|_| SignatureError::NotSigned)?;
        let signature = signature_file(self.master);
        let history = history_file(self.master);
        let not_written = |file: &Path| {
            let file = file.to_owned();
            move |error| SignatureError::NotWritten { file, error }
        };
        // Signing takes as long as a person needs for a PIN.
        let now = std::fs::read_to_string(&history).unwrap_or_default();
        if now != self.found {
            return Err(SignatureError::Proposal(EditError::ChangedMeanwhile { file: history }));
        }
        if let Some(proposal) = self.proposal {
            proposal.is_still_wanted().map_err(SignatureError::Proposal)?;
        }
        // The history first: after a power cut in between, signing again goes on from the version that is there.
        let lines = format!("{}{line}\n", self.lines);
        write_whole(&history, lines.as_bytes()).map_err(not_written(&history))?;
        if let Some(Err(error)) = self.proposal.map(Proposal::write) {
            // What did not come into force is no version.
            drop(write_whole(&history, self.lines.as_bytes()));
            return Err(SignatureError::Proposal(error));
        }
        write_whole(&signature, format!("{line}\n").as_bytes()).map_err(not_written(&signature))?;
        Ok(self.statement)
    }
}

/// Signs `master` with an Ed25519 key: a new line in the history, and the same line as the file's signature.
pub fn sign(master: &Path, key: &SigningKey, by: &str, why: &str, at: Timestamp) -> Result<Statement, SignatureError> {
    let unsigned = Unsigned::of_file(master, &Signatory::Key(key.verifying_key()), by, why, at)?;
    let signature = key.sign(&unsigned.to_be_signed());
    unsigned.put(&signature.to_bytes())
}

/// Every value by `Section.Key`; the records of a list by the list's name.
fn values(schema: &Schema<Master>, loaded: &Loaded<Master>) -> BTreeMap<String, serde_json::Value> {
    let mut values = BTreeMap::new();
    for section in schema.sections {
        for key in section.keys {
            values.insert(format!("{}.{}", section.name, key.name), serde_json::json!(key.field.value(&loaded.value)));
        }
    }
    for list in schema.lists {
        let record = |record: Master| {
            let pairs = list.record.keys.iter().map(|key| (key.name.to_owned(), serde_json::json!(key.field.value(&record))));
            serde_json::Value::Object(pairs.collect())
        };
        values.insert(list.name.into(), list.records(&loaded.value).map(record).collect());
    }
    values
}

/// The values that a version changed against the one before it: name, before, after. A key that a version of the program did not
/// know counts as null.
pub fn changed<'a>(
    before: Option<&'a Statement>,
    after: &'a Statement,
) -> Vec<(&'a str, &'a serde_json::Value, &'a serde_json::Value)> {
    static NOTHING: serde_json::Value = serde_json::Value::Null;
    let Some(before) = before else { return Vec::new() };
    let names = before.values.keys().chain(after.values.keys()).collect::<std::collections::BTreeSet<_>>();
    let value = |statement: &'a Statement, name: &str| statement.values.get(name).unwrap_or(&NOTHING);
    let all = names.into_iter().map(|name| (name.as_str(), value(before, name), value(after, name)));
    all.filter(|(_, before, after)| before != after).collect()
}
