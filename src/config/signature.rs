//! The administrator's signature on MASTER.toml, and the chain of all of them.
//!
//! Beside MASTER.toml lie `MASTER.toml.sig`, one line for the file as it is, and `MASTER.toml.history`, the lines of all versions,
//! oldest first. A line is the Ed25519 signature (RFC 8032) as 128 hexadecimal digits, a space, and the signed [`Statement`] as
//! JSON on one line; signed are the bytes of [`CONTEXT`] and then the JSON as it stands. Each statement holds the digest of the
//! line before it, so no version can be taken out, put in or changed without breaking every later one.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Administrators, Broken, ConfigError, Diagnostic, Loaded, Master,
    edit::write_whole,
    master::{self, one_line},
    schema::Schema,
    source::{FILE_LIMIT, Source},
};
use crate::digest::Digest;

/// What is signed before the statement, so that a signature for another purpose never counts here.
pub const CONTEXT: &[u8] = b"bam-station MASTER.toml 1\n";

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
    /// The administrator's public key, 64 hexadecimal digits.
    pub key: Digest,
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
    fn new(statement: Statement, key: &SigningKey) -> Result<Self, serde_json::Error> {
        let json = serde_json::to_string(&statement)?;
        let signature = key.sign(&signed_bytes(&json));
        let (r, s) = (Digest::from_bytes(*signature.r_bytes()), Digest::from_bytes(*signature.s_bytes()));
        Ok(Self { statement, line: format!("{r}{s} {json}") })
    }

    /// Reads and verifies a line, which has no line break.
    fn read(line: &str) -> Result<Self, BadLine> {
        let (hex, json) = line.split_once(' ').ok_or(BadLine::Form)?;
        let (first, second) = hex.split_at_checked(64).ok_or(BadLine::Form)?;
        let half = |text: &str| text.parse::<Digest>().map_err(|_| BadLine::Form);
        let signature = Signature::from_components(*half(first)?.as_bytes(), *half(second)?.as_bytes());
        let statement: Statement = serde_json::from_str(json).map_err(|_| BadLine::Form)?;
        // Both are shown on terminals and screens.
        if one_line(&statement.signed_by).is_err() || one_line(&statement.why).is_err() {
            return Err(BadLine::Form);
        }
        let key = VerifyingKey::from_bytes(statement.key.as_bytes()).map_err(|_| BadLine::Forged)?;
        key.verify_strict(&signed_bytes(json), &signature).map_err(|_| BadLine::Forged)?;
        Ok(Self { statement, line: line.to_owned() })
    }

    /// The digest by which the next statement names this line.
    pub fn digest(&self) -> Digest {
        Digest::of(self.line.as_bytes())
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
    /// The administrator's public key.
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
    let key = VerifyingKey::from_bytes(signed.key.as_bytes()).ok();
    let Some(administrator) = key.and_then(|key| administrators.with_key(&key)) else {
        let message = format!("the file is signed with the key {}, which this desk does not accept", signed.key);
        return refuse(Broken::SignerUnknown, &path, message, "one of the [Administrators] Keys of LOCAL.toml");
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
    Ok(Signer {
        name: administrator.name.clone(),
        key: signed.key,
        version: signed.version,
        signed_at: signed.signed_at,
        second: None,
    })
}

/// Four eyes: a MASTER.toml that lets somebody vouch comes into force when the version before the newest is of the same content and
/// signed by another administrator of this desk. `signer` made the newest signature.
pub(super) fn check_second(
    path: &Path,
    loaded: &Loaded<Master>,
    administrators: &Administrators,
    signer: &mut Signer,
) -> Result<(), ConfigError> {
    let flags = &loaded.value.issue_process;
    if !administrators.four_eyes_for_vouching || !(flags.third_party_id_control || flags.allow_operator_identification) {
        return Ok(());
    }
    let chain = history(path).unwrap_or_default();
    let second = match chain.as_slice() {
        [.., before, newest] if newest.statement.version == signer.version && newest.statement.key == signer.key => {
            let key = VerifyingKey::from_bytes(before.statement.key.as_bytes()).ok();
            let other = before.statement.sha256 == loaded.digest && before.statement.key != signer.key;
            key.and_then(|key| administrators.with_key(&key)).filter(|_| other)
        }
        _ => None,
    };
    let Some(second) = second else {
        let message = format!("the file lets somebody vouch, and only {} has signed it", signer.name);
        let allowed = "a second signature, by another administrator, on the same content (FourEyesForVouching in LOCAL.toml)";
        let diagnostic = loaded.contradiction("IssueProcess", "ThirdPartyIdControl", message, allowed);
        return Err(ConfigError::one(Broken::SecondSignatureMissing, diagnostic));
    };
    signer.second = Some(second.name.clone());
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

/// Signs `master`: a new line in the history, and the same line as the file's signature.
pub fn sign(master: &Path, key: &SigningKey, by: &str, why: &str, at: Timestamp) -> Result<Statement, SignatureError> {
    let text = |what, text| one_line(text).map_err(|wrong| SignatureError::NotOneLine { what, wrong });
    let (by, why) = (text("name", by)?, text("reason", why)?);
    let source = Source::read(master, FILE_LIMIT).map_err(SignatureError::Master)?;
    let loaded = master::from_source(&source).map_err(SignatureError::Master)?;
    let written = super::reader::read(&source, &master::SCHEMA).map_err(SignatureError::Master)?;
    let mut chain = match history(master) {
        Err(SignatureError::NoHistory { .. }) => Vec::new(),
        chain => chain?,
    };
    // A history that was laid aside: the file's present signature is the predecessor.
    let present = Source::read(&signature_file(master), LINE_LIMIT).ok();
    let present = present.and_then(|source| SignedLine::read(source.text.trim_end()).ok());
    let before = chain.last().or(present.as_ref());
    let statement = Statement {
        version: before.map_or(1, |before| before.statement.version.saturating_add(1)),
        sha256: loaded.digest,
        previous: before.map(SignedLine::digest),
        key: Digest::from_bytes(key.verifying_key().to_bytes()),
        signed_by: by,
        signed_at: at,
        why,
        values: values(&master::SCHEMA, &written),
    };
    let signature = signature_file(master);
    let not_written = |file: PathBuf| move |error| SignatureError::NotWritten { file, error };
    let line = SignedLine::new(statement.clone(), key).map_err(|error| not_written(signature.clone())(error.into()))?;
    chain.push(line.clone());
    // The history first: after a power cut in between, signing again goes on from the version that is there.
    let lines: String = chain.iter().flat_map(|line| [line.line.as_str(), "\n"]).collect();
    let history = history_file(master);
    write_whole(&history, lines.as_bytes()).map_err(not_written(history.clone()))?;
    write_whole(&signature, format!("{}\n", line.line).as_bytes()).map_err(not_written(signature.clone()))?;
    Ok(statement)
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
