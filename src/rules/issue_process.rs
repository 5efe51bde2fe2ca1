//! The organisation's choices: the tab IssueProcess of MASTER.toml.
//!
//! What the organisation may not choose has no flag: qualified certificates always need terms, signature and scan, nobody
//! vouches at first issuance, and the operator is never the subject.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// The flags of `[IssueProcess]`. The defaults are the strictest values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct IssueProcess {
    /// `ThirdPartyIdControl`: third parties may vouch (BAM: "Third party ID control"). Default off.
    pub third_party_id_control: bool,
    /// `AllowOperatorIdentification`: the operator may vouch (BAM: "Allow Operator identification"). Default off.
    pub allow_operator_identification: bool,
    /// `RequireTermsForLocal`: a new card with local certificates only needs accepted terms. Default on.
    pub require_terms_for_local: bool,
    /// `RequireSignatureForLocal`: a new card with local certificates only needs the holder's signature. Default on.
    pub require_signature_for_local: bool,
    /// `RequireScanForLocal`: a new card with local certificates only needs a scanned document. Default on.
    pub require_scan_for_local: bool,
    /// `RequireScanForReplacement`: a presented document is scanned for a replacement card too. Default on.
    pub require_scan_for_replacement: bool,
    /// `MaxSignatureAttempts`: signatures judged "again" before the control ends as failed
    /// (ETSI TS 119 461 VAL-8.3.3-05D). 1–20, default 3.
    pub max_signature_attempts: u8,
    /// `MaxScanAttempts`: scans judged "again" before the control ends as failed. 1–20, default 5.
    pub max_scan_attempts: u8,
}

impl Default for IssueProcess {
    fn default() -> Self {
        Self {
            third_party_id_control: false,
            allow_operator_identification: false,
            require_terms_for_local: true,
            require_signature_for_local: true,
            require_scan_for_local: true,
            require_scan_for_replacement: true,
            max_signature_attempts: 3,
            max_scan_attempts: 5,
        }
    }
}

/// What the attempt limits may be. Zero would end every control, and more than twenty is no limit.
pub const LIMIT_RANGE: RangeInclusive<u8> = 1..=20;

/// One flag of `[IssueProcess]` for configuration, messages and documentation.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    /// The key in MASTER.toml and in `--set`.
    pub name: &'static str,
    /// What the flag decides, one short phrase.
    pub meaning: &'static str,
    field: Field,
}

/// Where the flag's value lies.
#[derive(Debug, Clone, Copy)]
enum Field {
    Switch(fn(&mut IssueProcess) -> &mut bool),
    Limit(fn(&mut IssueProcess) -> &mut u8),
}

/// All flags, in the order in which configuration and reports show them.
pub const FLAGS: [Flag; 8] = [
    Flag {
        name: "ThirdPartyIdControl",
        meaning: "a third party may vouch for the holder, never at first issuance",
        field: Field::Switch(|flags| &mut flags.third_party_id_control),
    },
    Flag {
        name: "AllowOperatorIdentification",
        meaning: "the operator may vouch for the holder, never at first issuance",
        field: Field::Switch(|flags| &mut flags.allow_operator_identification),
    },
    Flag {
        name: "RequireTermsForLocal",
        meaning: "a new card with local certificates only needs accepted terms",
        field: Field::Switch(|flags| &mut flags.require_terms_for_local),
    },
    Flag {
        name: "RequireSignatureForLocal",
        meaning: "a new card with local certificates only needs the holder's signature",
        field: Field::Switch(|flags| &mut flags.require_signature_for_local),
    },
    Flag {
        name: "RequireScanForLocal",
        meaning: "a new card with local certificates only needs a scanned document",
        field: Field::Switch(|flags| &mut flags.require_scan_for_local),
    },
    Flag {
        name: "RequireScanForReplacement",
        meaning: "a presented document is scanned for a replacement card too",
        field: Field::Switch(|flags| &mut flags.require_scan_for_replacement),
    },
    Flag {
        name: "MaxSignatureAttempts",
        meaning: "signatures before the control ends as failed",
        field: Field::Limit(|flags| &mut flags.max_signature_attempts),
    },
    Flag {
        name: "MaxScanAttempts",
        meaning: "scans before the control ends as failed",
        field: Field::Limit(|flags| &mut flags.max_scan_attempts),
    },
];

impl Flag {
    /// The flag of this name, exactly as written in MASTER.toml.
    pub fn named(name: &str) -> Option<&'static Self> {
        FLAGS.iter().find(|flag| flag.name == name)
    }

    /// The values that the flag allows, in words.
    pub fn allowed(&self) -> &'static str {
        match self.field {
            Field::Switch(_) => "true or false",
            Field::Limit(_) => "a whole number from 1 to 20",
        }
    }

    /// The strict default, as written in MASTER.toml.
    pub fn default_value(&self) -> String {
        self.value(&IssueProcess::default())
    }

    /// The flag's value in `flags`, as written in MASTER.toml.
    pub fn value(&self, flags: &IssueProcess) -> String {
        let mut flags = flags.clone();
        match self.field {
            Field::Switch(field) => field(&mut flags).to_string(),
            Field::Limit(field) => field(&mut flags).to_string(),
        }
    }
}

impl IssueProcess {
    /// Sets one flag from text, as `--set` and `config set` give it. Nothing changes on an error.
    ///
    /// # Errors
    /// The flag does not exist, or does not allow the value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), FlagError> {
        let flag = Flag::named(name).ok_or_else(|| FlagError::Unknown { given: shortened(name), nearest: nearest(name) })?;
        match flag.field {
            Field::Switch(field) => {
                *field(self) = value.parse().map_err(|_| FlagError::NotTrueOrFalse { flag: flag.name })?;
            }
            Field::Limit(field) => {
                *field(self) = value
                    .parse()
                    .ok()
                    .filter(|limit| LIMIT_RANGE.contains(limit))
                    .ok_or(FlagError::OutOfRange { flag: flag.name })?;
            }
        }
        Ok(())
    }

    /// Sets one flag from `FLAG=VALUE`.
    ///
    /// # Errors
    /// There is no equals sign, or [`IssueProcess::set`] refuses.
    pub fn assign(&mut self, assignment: &str) -> Result<(), FlagError> {
        let (name, value) =
            assignment.split_once('=').ok_or_else(|| FlagError::NotAnAssignment { given: shortened(assignment) })?;
        self.set(name.trim(), value.trim())
    }

    /// Checks what the types alone do not: the attempt limits lie in [`LIMIT_RANGE`].
    ///
    /// # Errors
    /// [`FlagError::OutOfRange`] for the first limit outside the range.
    pub fn validate(&self) -> Result<(), FlagError> {
        let mut flags = self.clone();
        for flag in &FLAGS {
            if let Field::Limit(field) = flag.field
                && !LIMIT_RANGE.contains(field(&mut flags))
            {
                return Err(FlagError::OutOfRange { flag: flag.name });
            }
        }
        Ok(())
    }

    /// Every flag with its value, in the order of [`FLAGS`]: what reports and `config show` print.
    pub fn values(&self) -> impl Iterator<Item = (&'static Flag, String)> + '_ {
        FLAGS.iter().map(|flag| (flag, flag.value(self)))
    }
}

/// Why a flag could not be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// The text is not `FLAG=VALUE`.
    #[error("\"{given}\" sets nothing: write FLAG=VALUE, for example ThirdPartyIdControl=true")]
    NotAnAssignment {
        /// What was written, shortened.
        given: String,
    },
    /// No flag has this name.
    #[error("there is no flag \"{given}\" in [IssueProcess]; {}", advice(*.nearest))]
    Unknown {
        /// What was written, shortened.
        given: String,
        /// The flag that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A switch was given something else.
    #[error("{flag} must be true or false")]
    NotTrueOrFalse {
        /// The flag.
        flag: &'static str,
    },
    /// A limit was given something that is not a number in its range.
    #[error("{flag} must be a whole number from 1 to 20")]
    OutOfRange {
        /// The flag.
        flag: &'static str,
    },
}

impl FlagError {
    /// The stable name in the fault catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAnAssignment { .. } => "FLAG_NOT_AN_ASSIGNMENT",
            Self::Unknown { .. } => "FLAG_UNKNOWN",
            Self::NotTrueOrFalse { .. } => "FLAG_NOT_TRUE_OR_FALSE",
            Self::OutOfRange { .. } => "FLAG_OUT_OF_RANGE",
        }
    }
}

fn advice(nearest: Option<&str>) -> String {
    match nearest {
        Some(name) => format!("did you mean {name}?"),
        None => format!("allowed: {}", FLAGS.map(|flag| flag.name).join(", ")),
    }
}

/// The flag that `given` is probably a misspelling of: at most a third of its letters differ.
fn nearest(given: &str) -> Option<&'static str> {
    let given: String = given.chars().take(64).collect::<String>().to_lowercase();
    FLAGS
        .iter()
        .map(|flag| (strsim::damerau_levenshtein(&flag.name.to_lowercase(), &given), flag.name))
        .min()
        .filter(|(distance, name)| distance * 3 <= name.len())
        .map(|(_, name)| name)
}

/// Text from outside, fit for a message: one line and no longer than a flag with a value.
fn shortened(given: &str) -> String {
    given.chars().take(40).flat_map(char::escape_debug).collect()
}
