//! What must be true of a person before anything is issued, and where the person is known from (pure).
//!
//! The age is counted from the birth date in the document that is shown: a D-number's date may be the day on which it was
//! registered (UDI), so no number is asked. Source of the least age: Buypass, qualified certificates from 13 years.

use jiff::{Timestamp, ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};

use super::{CertificateKind, Person};

/// Nobody younger gets qualified certificates, whatever MASTER.toml says.
pub const LEAST_AGE_FOR_QUALIFIED: u8 = 13;

/// For which certificates a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kinds {
    /// For none.
    #[default]
    No,
    /// For qualified ones.
    Qualified,
    /// For all.
    All,
}

impl Kinds {
    /// All choices, from the weakest to the strictest.
    pub const ALL: [Self; 3] = [Self::No, Self::Qualified, Self::All];

    /// The name in MASTER.toml and in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Qualified => "qualified",
            Self::All => "all",
        }
    }

    /// The choice of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kinds| kinds.name() == name)
    }

    /// Whether the condition holds for this kind.
    pub fn holds_for(self, kind: CertificateKind) -> bool {
        match self {
            Self::No => false,
            Self::Qualified => kind == CertificateKind::Qualified,
            Self::All => true,
        }
    }
}

/// `[Conditions]` of MASTER.toml.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Conditions {
    /// `MinimumAgeForQualified`, years; never below [`LEAST_AGE_FOR_QUALIFIED`]. Default 13.
    pub minimum_age_for_qualified: u8,
    /// `MinimumAgeForLocal`, years. Default 13.
    pub minimum_age_for_local: u8,
    /// `RequireIdentityNumber`. Default `no`: there are people without one.
    pub require_identity_number: Kinds,
    /// `RequireAffiliation`. Default `no`.
    pub require_affiliation: Kinds,
    /// `RequirePreregistration`. Default `no`.
    pub require_preregistration: Kinds,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            minimum_age_for_qualified: LEAST_AGE_FOR_QUALIFIED,
            minimum_age_for_local: LEAST_AGE_FOR_QUALIFIED,
            require_identity_number: Kinds::No,
            require_affiliation: Kinds::No,
            require_preregistration: Kinds::No,
        }
    }
}

/// Where the person is known from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Origin {
    /// Typed by the operator; there is no directory.
    #[default]
    Typed,
    /// Typed by the operator although there is a directory.
    TypedInstead {
        /// Why, in the operator's words.
        reason: String,
        /// The fault with which the directory did not answer, where that is why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        directory: Option<String>,
    },
    /// An entry of the directory, which the operator chose.
    Directory(Entry),
}

/// The entry of the directory that the operator chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its distinguished name.
    pub entry: String,
    /// When it was read.
    pub read_at: Timestamp,
    /// The account is switched off there.
    pub disabled: bool,
    /// The kinds of certificates that the person's groups allow; absent when groups decide nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<CertificateKind>>,
}

/// What is known of the person besides name and number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Known {
    /// Where the person is known from.
    #[serde(default)]
    pub origin: Origin,
    /// The kinds of certificates for which the person stands on the list of preregistered people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preregistered: Vec<CertificateKind>,
}

impl Known {
    /// The organisation confirms that the person belongs to it: by an account that is not switched off, or by the list.
    pub fn is_affiliated(&self) -> bool {
        let account = matches!(&self.origin, Origin::Directory(entry) if !entry.disabled);
        account || !self.preregistered.is_empty()
    }
}

/// Why nothing is issued to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Unmet {
    /// `[CertificateGroups]`.
    #[error(
        "the person is in no group of the directory for these certificates: have the person put into it, or choose the other kind"
    )]
    NotInCertificateGroup,
    /// The account is switched off.
    #[error("the person's account in the directory is switched off: find out why before anything is issued")]
    AccountDisabled,
    /// `RequireIdentityNumber`.
    #[error(
        "these certificates need the person's identity number, and it is not known: have it registered, or type it from the document"
    )]
    IdentityNumberRequired,
    /// `RequireAffiliation`.
    #[error(
        "it is not confirmed that the person belongs to the organisation: choose the person from the directory, or have the person preregistered"
    )]
    AffiliationNotConfirmed,
    /// `RequirePreregistration`.
    #[error("the person is not preregistered for these certificates: the RA-ADMIN preregisters the person first")]
    NotPreregistered,
}

impl Unmet {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::NotInCertificateGroup,
        Self::AccountDisabled,
        Self::IdentityNumberRequired,
        Self::AffiliationNotConfirmed,
        Self::NotPreregistered,
    ];

    /// The stable name in the fault catalogue.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotInCertificateGroup => "NOT_IN_CERTIFICATE_GROUP",
            Self::AccountDisabled => "ACCOUNT_DISABLED",
            Self::IdentityNumberRequired => "IDENTITY_NUMBER_REQUIRED",
            Self::AffiliationNotConfirmed => "AFFILIATION_NOT_CONFIRMED",
            Self::NotPreregistered => "NOT_PREREGISTERED",
        }
    }
}

impl Conditions {
    /// No condition at all: what held for controls that were made before there were any.
    pub fn none() -> Self {
        Self { minimum_age_for_qualified: 0, minimum_age_for_local: 0, ..Self::default() }
    }

    /// The least age for these certificates, years.
    pub fn minimum_age(&self, kind: CertificateKind) -> u8 {
        match kind {
            CertificateKind::Local => self.minimum_age_for_local,
            CertificateKind::Qualified => self.minimum_age_for_qualified,
        }
    }

    /// Whether somebody born on this day is old enough on `today`. Whoever is born on 29 February grows older on 1 March in
    /// other years.
    pub fn is_old_enough(&self, kind: CertificateKind, born: Date, today: Date) -> bool {
        let years = i64::from(self.minimum_age(kind));
        let birthday = match born.checked_add(years.years()) {
            Ok(day) if day.day() == born.day() => day,
            Ok(day) => day.saturating_add(1.day()),
            // The calendar ends before.
            Err(_) => return false,
        };
        birthday <= today
    }

    /// What must be known before a control for these certificates begins.
    ///
    /// # Errors
    /// The first condition that is not met.
    pub fn check(&self, kind: CertificateKind, person: &Person, known: &Known) -> Result<(), Unmet> {
        if let Origin::Directory(entry) = &known.origin {
            if entry.disabled {
                return Err(Unmet::AccountDisabled);
            }
            if entry.kinds.as_ref().is_some_and(|kinds| !kinds.contains(&kind)) {
                return Err(Unmet::NotInCertificateGroup);
            }
        }
        if self.require_identity_number.holds_for(kind) && person.identity_number.is_none() {
            return Err(Unmet::IdentityNumberRequired);
        }
        if self.require_preregistration.holds_for(kind) && !known.preregistered.contains(&kind) {
            return Err(Unmet::NotPreregistered);
        }
        if self.require_affiliation.holds_for(kind) && !known.is_affiliated() {
            return Err(Unmet::AffiliationNotConfirmed);
        }
        Ok(())
    }
}
