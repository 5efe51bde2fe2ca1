//! A scripted control: everything that people and devices would do, named in a TOML file (`bam-station control SCRIPT.toml`).
//!
//! The script drives the same station as the screens do. It exists for training, acceptance tests and automation.

use std::{
    collections::VecDeque,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    control::{PresentedDocument, document::NoDocument},
    rules::{CardState, CertificateKind, Function, Person},
};

/// Largest script, bytes.
const LARGEST: u64 = 1 << 20;

/// A whole script.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Who controls, and with which PIN.
    pub operator: OperatorInput,
    /// What the holder comes for.
    pub request: Request,
    /// Who is controlled.
    pub person: Person,
    /// Where the person is known from; needed where MASTER.toml names a directory.
    #[serde(default)]
    pub source: SourceInput,
    /// Step 1.
    pub identification: Identification,
    /// Step 2; needed when the plan asks for terms.
    #[serde(default)]
    pub terms: Option<Terms>,
    /// Step 3, one entry an attempt.
    #[serde(default)]
    pub signature: VecDeque<Signature>,
    /// Step 4, one entry an attempt.
    #[serde(default)]
    pub scan: VecDeque<Scan>,
    /// Step 5.
    #[serde(default)]
    pub approval: Approval,
    /// End: the document or card goes back.
    #[serde(default = "yes")]
    pub hand_back: bool,
}

fn yes() -> bool {
    true
}

/// The operator of a script. In training the operator's key is made when there is none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorInput {
    /// Name in the certificate; not needed with a card.
    #[serde(default)]
    pub name: String,
    /// The operator signs in and signs with the card in the operator's reader.
    #[serde(default)]
    pub card: bool,
    /// The PIN; in training only, because a script is no place for a secret.
    #[serde(default)]
    pub pin: Option<TypedPin>,
    /// A file with the PIN, beside the script. With a card and without any PIN it is typed on the reader's PIN pad.
    #[serde(default)]
    pub pin_file: Option<PathBuf>,
}

/// A PIN that stands in a script. It is wiped when the script is dropped, and never printed.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct TypedPin(String);

impl TypedPin {
    /// A copy for one use.
    pub fn text(&self) -> String {
        self.0.clone()
    }
}

impl std::fmt::Debug for TypedPin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TypedPin")
    }
}

impl Drop for TypedPin {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// What the holder comes for.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Function.
    pub function: Function,
    /// Kind of certificate.
    pub certificate: CertificateKind,
    /// The certificates on the card, for a renewal.
    #[serde(default)]
    pub card: Option<CardState>,
    /// They were renewed before.
    #[serde(default)]
    pub renewed_before: bool,
}

/// Where the person of a script is known from.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceInput {
    /// What is looked for in the directory. Exactly one person must be found, and be the person of the script.
    #[serde(default)]
    pub find: Option<String>,
    /// Why the person is typed instead.
    #[serde(default)]
    pub typed_reason: Option<String>,
}

/// Step 1 of a script.
#[derive(Debug, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Identification {
    /// A document is presented.
    Document(Box<DocumentInput>),
    /// No document: `then = "come-back"`, or `then = "dispensation"` with a `note`.
    NoDocument(NoDocument),
    /// The document is rejected.
    RejectDocument {
        /// Why.
        reason: String,
    },
    /// A false document is suspected.
    SuspectFalseDocument {
        /// What raised it.
        note: String,
        /// The responsible was told.
        #[serde(default)]
        responsible_told: bool,
    },
    /// The operator vouches.
    Operator {
        /// How the operator knows the person.
        statement: String,
    },
    /// The holder's own card, in the holder's reader.
    OwnCard {
        /// The PIN; in training only.
        #[serde(default)]
        pin: Option<TypedPin>,
        /// A file with the PIN. Without any PIN it is typed on the reader's PIN pad.
        #[serde(default)]
        pin_file: Option<PathBuf>,
    },
    /// A third party, whose card is in the holder's reader, vouches.
    ThirdParty {
        /// The full name of the holder, as the third party says it.
        says_name: String,
        /// How the person is known.
        statement: String,
        /// The third party is the holder's superior.
        #[serde(default)]
        superior: bool,
        /// What the operator finds when comparing the person with the document scanned earlier, where the plan asks for it.
        #[serde(default)]
        alike: Option<bool>,
        /// The PIN; in training only.
        #[serde(default)]
        pin: Option<TypedPin>,
        /// A file with the PIN. Without any PIN it is typed on the reader's PIN pad.
        #[serde(default)]
        pin_file: Option<PathBuf>,
    },
    /// The operator ends the control.
    Abort {
        /// Why.
        reason: String,
    },
}

/// A presented document and its check.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentInput {
    /// Id of the kind in documents.toml.
    pub kind: String,
    /// Ids of the verified security features.
    pub verified_features: Vec<String>,
    /// Undamaged.
    #[serde(default = "yes")]
    pub undamaged: bool,
    /// The person is the one in the picture.
    #[serde(default = "yes")]
    pub person_matches_photo: bool,
    /// Reference source.
    #[serde(default)]
    pub reference: Option<String>,
    /// Remark.
    #[serde(default)]
    pub remark: Option<String>,
    /// What is printed.
    pub document: PresentedDocument,
}

/// What the holder does with the terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Accepts.
    Accept,
    /// Declines.
    Decline,
}

/// Step 2 of a script.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The holder's language.
    pub language: String,
    /// What the holder does.
    pub answer: Answer,
}

/// The operator's judgement of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureJudgement {
    /// Alike.
    Alike,
    /// Again.
    Again,
    /// Different.
    Different,
}

/// One attempt of step 3.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// A file with strokes, JSON, beside the script.
    pub strokes: PathBuf,
    /// The judgement.
    pub judgement: SignatureJudgement,
    /// Why. `alike` with a reason is recorded as alike although something differs.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The operator's judgement of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScanJudgement {
    /// Good.
    Good,
    /// Again.
    Again,
}

/// One attempt of step 4.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    /// The document that is laid on the virtual glass: a picture of the upright page, beside the script.
    pub picture: PathBuf,
    /// Resolution of that picture, 50 to 1200 dots per inch.
    #[serde(default = "three_hundred", deserialize_with = "picture_dpi")]
    pub dpi: u16,
    /// Quarter turns that the operator adds by hand, clockwise degrees.
    #[serde(default)]
    pub turn: crate::imaging::upright::Turn,
    /// The judgement.
    pub judgement: ScanJudgement,
    /// Why. A picture that something speaks against is good with a reason only.
    #[serde(default)]
    pub reason: Option<String>,
    /// What the operator types anew when the machine readable zone contradicts what was typed at step 1.
    #[serde(default)]
    pub retyped: Option<Box<PresentedDocument>>,
}

fn three_hundred() -> u16 {
    300
}

/// Another resolution makes a page of metres or of a speck, at which the virtual scanner only loses time.
fn picture_dpi<'de, D: Deserializer<'de>>(value: D) -> Result<u16, D::Error> {
    let dpi = u16::deserialize(value)?;
    if (50..=1200).contains(&dpi) { Ok(dpi) } else { Err(D::Error::custom("the resolution of a picture is 50 to 1200")) }
}

/// Step 5 of a script.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The operator approves; `false` ends the control before step 5.
    #[serde(default = "yes")]
    pub approve: bool,
    /// Why not.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Default for Approval {
    fn default() -> Self {
        Self { approve: true, reason: None }
    }
}

/// Why a script cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It cannot be read.
    #[error(
        "the script {file} cannot be read ({why}): give the path of a TOML file, such as config/examples/qualified-passport.toml"
    )]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why, in words.
        why: String,
    },
    /// It is too large.
    #[error("the script {file} is larger than 1 MiB: a script names its pictures, it does not hold them")]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// It is not what a script must be.
    #[error("{file}:{line}:{column}: {what}")]
    Wrong {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        what: String,
    },
}

impl ScriptError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "SCRIPT_UNREADABLE",
            Self::TooLarge { .. } => "SCRIPT_TOO_LARGE",
            Self::Wrong { .. } => "SCRIPT_WRONG",
        }
    }
}

impl Script {
    /// Reads a script.
    pub fn load(file: &Path) -> Result<Self, ScriptError> {
        let unreadable = |error: std::io::Error| ScriptError::Unreadable { file: file.to_owned(), why: in_words(error.kind()) };
        let metadata = std::fs::metadata(file).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(ScriptError::Unreadable { file: file.to_owned(), why: "it is a folder, a pipe or a device".to_owned() });
        }
        if metadata.len() > LARGEST {
            return Err(ScriptError::TooLarge { file: file.to_owned() });
        }
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        toml::from_str(&text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
            ScriptError::Wrong { file: file.to_owned(), line, column, what: without_values(error.message()) }
        })
    }
}

/// Why a file cannot be read.
pub(super) fn in_words(kind: ErrorKind) -> String {
    match kind {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "this user may not read it".to_owned(),
        ErrorKind::InvalidData => "it is no text in UTF-8".to_owned(),
        other => other.to_string(),
    }
}

/// The reader's words without what stands in the script: names, numbers and a PIN stand in it.
fn without_values(message: &str) -> String {
    if message.starts_with("missing field") {
        return message.to_owned();
    }
    // What the reader expected comes last, in its own words.
    let expected = message.rfind(", expected ").and_then(|at| message.get(at..)).unwrap_or_default();
    let known = ["unknown field", "unknown variant", "invalid type", "invalid value", "invalid length", "duplicate key"];
    match known.into_iter().find(|what| message.starts_with(what)) {
        Some(what) => format!("{what}{expected}"),
        None if message.contains(['"', '`', '\'']) => "this cannot be used here: compare with config/examples/".to_owned(),
        None => message.to_owned(),
    }
}
