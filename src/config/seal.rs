//! `[Seal]` of LOCAL.toml: where the key is with which this station opens its register. And the auditors of MASTER.toml.

use super::{
    Local,
    master::one_line,
    schema::{Field, Key, Section},
};
use crate::seal::{KeyPlace, Recipient};

/// `[Seal]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SealSettings {
    /// Where the station's key is.
    pub key: KeyPlace,
}

/// Who may open every register of the organisation beside its station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auditor {
    /// The public key.
    pub recipient: Recipient,
    /// The name, for people; may be empty.
    pub name: String,
}

impl Auditor {
    /// Reads `age1…` or `age1… NAME`.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let text = one_line(text)?;
        let (key, name) = text.split_once(' ').unwrap_or((&text, ""));
        let recipient = key.parse().map_err(|_| "is no public key of age")?;
        Ok(Self { recipient, name: name.trim().to_owned() })
    }
}

impl std::fmt::Display for Auditor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.recipient.fmt(f)?;
        if self.name.is_empty() { Ok(()) } else { write!(f, " {}", self.name) }
    }
}

/// The section of the schema.
pub(super) const SECTION: Section<Local> = Section {
    name: "Seal",
    about: "What the register keeps about people is sealed (docs/seal.md): only this station and the auditors of MASTER.toml open it.",
    keys: &[Key {
        name: "Key",
        required: false,
        since: "0.1.0",
        field: Field::Text {
            allowed: "\"file\", the absolute path of a key file, \"credential:NAME\", \"card\", or \"none\"",
            get: |local| Some(local.seal.key.to_string()),
            set: |local, text| {
                local.seal.key = one_line(text)?.parse().map_err(|_| "names no place of a key")?;
                Ok(())
            },
        },
        effect: "Where the station's key is: in the data folder (seal/station-key.txt), in a key file elsewhere, or among the \
                 credentials that systemd hands to the station (LoadCredentialEncrypted=NAME). The first two are made at the first \
                 opening; keep a copy at a safe place. With \"card\" it is behind the operators' cards (bam-station seal cards). With \
                 \"none\" nothing is sealed: only where the whole disk is encrypted.",
    }],
};
