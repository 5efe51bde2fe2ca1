//! What is wrong in a configuration file, where, and what is allowed there.

use std::{fmt, path::Path};

use serde::Serialize;

/// One mistake in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The file as it was named on the command line or found.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What is allowed at this place.
    pub allowed: String,
}

impl Diagnostic {
    /// A mistake that concerns the file as a whole: it is placed at the file's first character.
    pub(super) fn whole_file(path: &Path, message: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { file: path.display().to_string(), line: 1, column: 1, message: message.into(), allowed: allowed.into() }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stop = if self.message.ends_with('?') { "" } else { ";" };
        write!(f, "{}:{}:{}: {}{stop} allowed: {}", self.file, self.line, self.column, self.message, self.allowed)
    }
}

/// In which way a configuration file is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// There is no such file.
    Missing,
    /// A folder, a pipe or a device stands where the file should be.
    NotAFile,
    /// The file is larger than its limit.
    TooLarge,
    /// The operating system refuses to hand out the file.
    Unreadable,
    /// The bytes are not UTF-8.
    NotText,
    /// The file says nothing.
    Empty,
    /// The last line has no end: the file was written only in part.
    CutOff,
    /// The text is not TOML.
    Syntax,
    /// A key is unknown, missing, twice there, of the wrong type or out of range.
    Invalid,
    /// Each value alone is good, together they are not.
    Contradiction,
    /// A signature is required and there is none.
    Unsigned,
    /// The signature cannot be read, or was written in part.
    SignatureUnreadable,
    /// The signature does not fit to what it says.
    SignatureForged,
    /// Nobody whom this desk accepts has signed.
    SignerUnknown,
    /// The signature is good, but for another content: the file was changed, or written in part.
    NotAsSigned,
    /// A newer version was in force before.
    RolledBack,
    /// Two administrators must sign, and one has.
    SecondSignatureMissing,
}

/// The configuration cannot be used. Every mistake that could be found in one reading is listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.diagnostics))]
pub struct ConfigError {
    kind: Broken,
    diagnostics: Vec<Diagnostic>,
}

fn lines(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n")
}

impl ConfigError {
    pub(super) fn new(kind: Broken, diagnostics: Vec<Diagnostic>) -> Self {
        Self { kind, diagnostics }
    }

    pub(super) fn one(kind: Broken, diagnostic: Diagnostic) -> Self {
        Self::new(kind, vec![diagnostic])
    }

    /// This error together with those of another file.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.diagnostics.extend(other.diagnostics);
        self
    }

    /// The same mistakes of another kind: what is broken is not the file itself, but what belongs to it.
    pub(super) fn of_kind(self, kind: Broken) -> Self {
        Self { kind, ..self }
    }

    /// In which way the (first) file is broken.
    pub fn kind(&self) -> Broken {
        self.kind
    }

    /// The mistakes, in the order of the file; never empty.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The code in the fault catalogue.
    pub fn code(&self) -> &'static str {
        match self.kind {
            Broken::Missing => "CONFIG_MISSING",
            Broken::NotAFile => "CONFIG_NOT_A_FILE",
            Broken::TooLarge => "CONFIG_TOO_LARGE",
            Broken::Unreadable => "CONFIG_UNREADABLE",
            Broken::NotText => "CONFIG_NOT_TEXT",
            Broken::Empty => "CONFIG_EMPTY",
            Broken::CutOff => "CONFIG_CUT_OFF",
            Broken::Syntax => "CONFIG_SYNTAX",
            Broken::Invalid => "CONFIG_INVALID",
            Broken::Contradiction => "CONFIG_CONTRADICTION",
            Broken::Unsigned => "MASTER_UNSIGNED",
            Broken::SignatureUnreadable => "MASTER_SIGNATURE_UNREADABLE",
            Broken::SignatureForged => "MASTER_SIGNATURE_FORGED",
            Broken::SignerUnknown => "MASTER_SIGNER_UNKNOWN",
            Broken::NotAsSigned => "MASTER_NOT_AS_SIGNED",
            Broken::RolledBack => "MASTER_ROLLED_BACK",
            Broken::SecondSignatureMissing => "MASTER_SECOND_SIGNATURE_MISSING",
        }
    }
}

/// Both values, or the mistakes of both files.
pub(super) fn both<A, B>(a: Result<A, ConfigError>, b: Result<B, ConfigError>) -> Result<(A, B), ConfigError> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(a), Err(b)) => Err(a.and(b)),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
    }
}
