//! What MASTER.toml says of the directory: `[Directory]`, `[AdMapping]`, `[CertificateGroups]`.

use std::path::PathBuf;

use super::mapping::NumberMapping;

/// Where the directory is, how it is asked and what its fields mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectorySettings {
    /// `ldaps://HOST[:PORT]`, or `ldap://HOST[:PORT]` with StartTLS. Without an address there is no directory.
    pub url: Option<String>,
    /// CA certificates (PEM) that the server's certificate must come from; no other CA counts.
    pub ca: Option<PathBuf>,
    /// Below this entry people are looked for (a distinguished name).
    pub base: Option<String>,
    /// Who the station is there: a distinguished name, or what the server takes for one. Without it nobody in particular.
    pub bind_name: Option<String>,
    /// The password, alone in a file.
    pub password_file: Option<PathBuf>,
    /// The filter that every person fits (RFC 4515).
    pub person_filter: String,
    /// Most hits that are listed, 1–100.
    pub most_hits: u8,
    /// Longest time for one look-up, seconds, 1–60.
    pub seconds: u8,
    /// Whether a person may be typed instead.
    pub typed_entry: TypedEntry,
    /// The fields.
    pub mapping: Mapping,
    /// The groups.
    pub groups: Groups,
}

/// Whether the operator may type a person although there is a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TypedEntry {
    /// No.
    #[default]
    Never,
    /// While the directory does not answer, with a reason.
    WhenDown,
    /// With a reason.
    WithReason,
}

/// The names of the fields (BAM: AD mapping).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// First and middle names.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// The official e-mail address.
    pub email: String,
    /// The user name (BAM: Issuer Key mapping).
    pub issuer_key: String,
    /// Identity number and birth date.
    pub number: NumberMapping,
}

/// The groups that decide which certificates somebody gets (BAM: Certificate groups). A name is the group's common name, or its
/// whole distinguished name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Groups {
    /// Whoever gets local certificates.
    pub local: Option<String>,
    /// Whoever gets qualified certificates.
    pub qualified: Option<String>,
    /// So many groups within groups are followed, 0–10.
    pub nesting: u8,
}

impl Default for DirectorySettings {
    fn default() -> Self {
        Self {
            url: None,
            ca: None,
            base: None,
            bind_name: None,
            password_file: None,
            person_filter: "(objectClass=person)".into(),
            most_hits: 20,
            seconds: 5,
            typed_entry: TypedEntry::default(),
            mapping: Mapping::default(),
            groups: Groups { nesting: 5, ..Groups::default() },
        }
    }
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            first_name: "givenName".into(),
            last_name: "sn".into(),
            email: "mail".into(),
            issuer_key: "sAMAccountName".into(),
            number: NumberMapping::default(),
        }
    }
}

impl Groups {
    /// Groups decide which kinds of certificates somebody gets.
    pub fn decide_certificates(&self) -> bool {
        self.local.is_some() || self.qualified.is_some()
    }
}
