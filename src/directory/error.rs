//! Why the directory gave no answer.

use std::path::PathBuf;

use crate::rules::identity_number::IdentityNumberError;

/// Why the directory gave no answer. No text repeats what was looked for.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Nothing to look for.
    #[error("type at least two letters of a name, a whole user name, or an identity number")]
    TextTooShort,
    /// Too much to look for.
    #[error("look for at most 8 names and {} characters", super::LONGEST)]
    TextTooLong,
    /// Eleven digits that are none.
    #[error(transparent)]
    Number(#[from] IdentityNumberError),
    /// The mapping has no field for it.
    #[error(
        "the directory's fields cannot tell identity numbers: look for the name or the user name (MASTER.toml, [AdMapping] Ssn)"
    )]
    NumberNotHeld,
    /// The CA file.
    #[error("the CA file {} of [Directory] cannot be used: give a PEM file with the directory's CA certificates", file.display())]
    Ca {
        /// The file.
        file: PathBuf,
    },
    /// The password file.
    #[error("the password file {} of [Directory] cannot be used ({why})", file.display())]
    Password {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// Nobody answers there.
    #[error("the directory is out of reach: check the network and Url in [Directory] of MASTER.toml")]
    Unreachable,
    /// Not who it should be.
    #[error(
        "the directory's certificate does not count here, or it speaks no TLS: check Ca and Url in [Directory] of MASTER.toml"
    )]
    Tls,
    /// Too slow.
    #[error("the directory did not answer within {seconds} seconds: try again, or look for something more exact")]
    Slow {
        /// The limit.
        seconds: u8,
    },
    /// Name or password.
    #[error("the directory does not accept the station's name and password: check BindName and PasswordFile in [Directory]")]
    BindRefused,
    /// Nothing at the base.
    #[error("the directory has no entry that is named in Base of [Directory]")]
    BaseMissing,
    /// Anything else that it says.
    #[error(
        "the directory refused the look-up (LDAP result {code}): see RFC 4511 §4.1.9 for the number, and the directory's log"
    )]
    Refused {
        /// The result code.
        code: u32,
    },
    /// It says what nobody understands, or hangs up.
    #[error("the directory's answer cannot be understood: try again, and check that Url in [Directory] names an LDAP server")]
    Garbled,
    /// The chosen entry.
    #[error("the chosen person is no longer in the directory: look again")]
    Gone,
}

impl DirectoryError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TextTooShort => "DIRECTORY_TEXT_TOO_SHORT",
            Self::TextTooLong => "DIRECTORY_TEXT_TOO_LONG",
            Self::Number(error) => error.code(),
            Self::NumberNotHeld => "DIRECTORY_NUMBER_NOT_HELD",
            Self::Ca { .. } => "DIRECTORY_CA_UNUSABLE",
            Self::Password { .. } => "DIRECTORY_PASSWORD_UNUSABLE",
            Self::Unreachable => "DIRECTORY_UNREACHABLE",
            Self::Tls => "DIRECTORY_TLS",
            Self::Slow { .. } => "DIRECTORY_SLOW",
            Self::BindRefused => "DIRECTORY_BIND_REFUSED",
            Self::BaseMissing => "DIRECTORY_BASE_MISSING",
            Self::Refused { .. } => "DIRECTORY_REFUSED",
            Self::Garbled => "DIRECTORY_GARBLED",
            Self::Gone => "DIRECTORY_ENTRY_GONE",
        }
    }

    /// The directory cannot be asked at all now; another text would not help.
    pub fn is_down(&self) -> bool {
        match self {
            Self::TextTooShort | Self::TextTooLong | Self::Number(_) | Self::NumberNotHeld | Self::Gone => false,
            Self::Ca { .. }
            | Self::Password { .. }
            | Self::Unreachable
            | Self::Tls
            | Self::Slow { .. }
            | Self::BindRefused
            | Self::BaseMissing
            | Self::Refused { .. }
            | Self::Garbled => true,
        }
    }

    /// Something in the question or in the configuration is wrong, and not the directory.
    pub fn wrong_use(&self) -> bool {
        !self.is_down() && !matches!(self, Self::Gone) || matches!(self, Self::Ca { .. } | Self::Password { .. })
    }
}
