//! What an identity control must contain (pure). The law is code here; the organisation's choice is [`IssueProcess`].
//!
//! Source of the rules: seed 003 (the identity control of Buypass Access Manager), ETSI TS 119 461, ICAO 9303.

use serde::{Deserialize, Serialize};

pub mod conditions;
pub mod cross_check;
pub mod document_kind;
pub mod identity_number;
pub mod issue_process;
mod local_text;
pub mod name;
pub mod plan;
pub mod role;
pub mod zone_name;

pub use conditions::Conditions;
pub use cross_check::{CrossCheck, cross_check};
pub use document_kind::{DocumentKind, Pose};
pub use identity_number::IdentityNumber;
pub use issue_process::IssueProcess;
pub use local_text::LocalText;
pub use name::{DocumentName, NameComparison};
pub use plan::{Plan, PlanRequest, Refusal, plan};

/// What the holder comes for (seed 003, "Når kreves identitetskontroll?").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// Nytt kort og sertifikat: first issuance.
    NewCard,
    /// Erstatningskort.
    ReplacementCard,
    /// Fornyelse.
    Renewal,
    /// Låse opp PIN.
    PinUnlock,
    /// Aktiveringskode (ID@Work).
    ActivationCode,
}

impl Function {
    /// All functions, in the order of seed 003.
    pub const ALL: [Self; 5] = [Self::NewCard, Self::ReplacementCard, Self::Renewal, Self::PinUnlock, Self::ActivationCode];

    /// The stable name on the command line, in scripts and in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::NewCard => "new-card",
            Self::ReplacementCard => "replacement-card",
            Self::Renewal => "renewal",
            Self::PinUnlock => "pin-unlock",
            Self::ActivationCode => "activation-code",
        }
    }
}

/// The kind of the certificates that are to be issued or that the function concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateKind {
    /// Issued by the organisation's own CA.
    Local,
    /// Qualified certificates (eIDAS), issued by the certificate authority.
    Qualified,
}

impl CertificateKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Local, Self::Qualified];

    /// The stable name on the command line, in scripts and in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Qualified => "qualified",
        }
    }
}

/// What the station may issue (MASTER, tab Common, `LraMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum LraMode {
    /// Only local certificates.
    Local,
    /// Only qualified certificates.
    Buypass,
    /// Both; the default.
    #[default]
    Mixed,
}

impl LraMode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Local, Self::Buypass, Self::Mixed];

    /// The stable name on the command line; MASTER.toml writes it with a capital letter.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Buypass => "buypass",
            Self::Mixed => "mixed",
        }
    }
}

/// The state of the certificates on the card that the holder has now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardState {
    /// Valid.
    Valid,
    /// Expired (utløpt).
    Expired,
    /// Revoked (sperret).
    Revoked,
}

impl CardState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Valid, Self::Expired, Self::Revoked];

    /// The stable name on the command line, in scripts and in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// How the holder is identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A valid identity document, shown in person.
    Document,
    /// The holder's own card and PIN.
    OwnCard,
    /// Somebody with a certificate of the same kind vouches (tredjepartslegitimering).
    ThirdParty,
    /// The operator vouches (operatøridentifisering).
    Operator,
}

impl Method {
    /// All methods, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Document, Self::OwnCard, Self::ThirdParty, Self::Operator];

    /// The stable name on the command line, in scripts and in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::OwnCard => "own-card",
            Self::ThirdParty => "third-party",
            Self::Operator => "operator",
        }
    }
}

/// The person who is controlled, as the organisation knows the person: from the directory or typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// First and middle names.
    pub first_names: String,
    /// Last name.
    pub last_name: String,
    /// Birth number or D-number, eleven digits; absent where the organisation does not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_number: Option<IdentityNumber>,
    /// Date of birth as the organisation knows it. Never derived from a D-number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<jiff::civil::Date>,
    /// User name in the organisation (BAM: IssuerKey).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
}

/// Why what is known of a person cannot be used. None of the texts repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// Neither first names nor a last name, or a user name without a letter.
    #[error("the person has no name, or an empty user name: fill it in, or leave the user name out")]
    NameMissing,
    /// A part is longer than [`Person::LONGEST`].
    #[error("a name or the user name of the person is longer than {} characters", Person::LONGEST)]
    TooLong,
    /// Line breaks and the like.
    #[error("a name or the user name of the person has characters that are no letters, such as a line break: type it anew")]
    NotPlain,
}

impl PersonError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NameMissing => "PERSON_NAME_MISSING",
            Self::TooLong => "PERSON_NAME_TOO_LONG",
            Self::NotPlain => "PERSON_NAME_NOT_PLAIN",
        }
    }
}

impl Person {
    /// Longest part of a name and longest user name, characters.
    pub const LONGEST: usize = 120;

    /// Whether a control can be about this person.
    ///
    /// # Errors
    /// [`PersonError`]
    pub fn check(&self) -> Result<(), PersonError> {
        let parts = [Some(&self.first_names), Some(&self.last_name), self.user_name.as_ref()];
        if self.full_name().is_empty() || self.user_name.as_deref().is_some_and(|name| name.trim().is_empty()) {
            return Err(PersonError::NameMissing);
        }
        if parts.into_iter().flatten().any(|part| part.chars().count() > Self::LONGEST) {
            return Err(PersonError::TooLong);
        }
        if parts.into_iter().flatten().any(|part| part.contains(char::is_control)) {
            return Err(PersonError::NotPlain);
        }
        Ok(())
    }

    /// Whether what is known of both says that they are one person. A name alone is not enough: what is known of somebody else
    /// must not be shown.
    pub fn is_same_as(&self, other: &Self) -> bool {
        if let Some((one, other)) = self.identity_number.as_ref().zip(other.identity_number.as_ref()) {
            return one == other;
        }
        if let Some((one, other)) = self.user_name.as_deref().zip(other.user_name.as_deref()) {
            return name::is_same(one, other);
        }
        let same_birth = self.birth_date.is_some() && self.birth_date == other.birth_date;
        same_birth && name::is_same(&self.full_name(), &other.full_name())
    }

    /// First names and last name in one line.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_names.trim(), self.last_name.trim()).trim().to_owned()
    }
}
