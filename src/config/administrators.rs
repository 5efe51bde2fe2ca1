//! `[Administrators]` of LOCAL.toml: whose signature on MASTER.toml this desk accepts.

use std::collections::BTreeSet;

use ed25519_dalek::VerifyingKey;

use super::{
    Local, Master,
    master::one_line,
    schema::{Field, Key, Section},
    signature::Statement,
};
use crate::digest::Digest;

/// `[Administrators]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Administrators {
    /// A MASTER.toml without a good signature of one of `keys` does not come into force.
    pub require_signed_master: bool,
    /// A MASTER.toml that lets somebody vouch needs the signatures of two administrators.
    pub four_eyes_for_vouching: bool,
    /// The administrators whose signatures count.
    pub keys: Vec<Administrator>,
    /// Those who sign with a certificate: on a card, or in training a software key.
    pub certificates: Vec<AdministratorCertificate>,
}

/// An administrator, as this desk knows the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// The person's key.
    pub key: VerifyingKey,
    /// The person's name, which does not come from the signature.
    pub name: String,
}

impl Administrator {
    /// Reads `HEX NAME`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (key, name) = text.trim().split_once(' ').ok_or("has no name after the key")?;
        let key: Digest = key.to_ascii_lowercase().parse().map_err(|_| "is no key of 64 hexadecimal digits")?;
        let key = VerifyingKey::from_bytes(key.as_bytes()).map_err(|_| "is no Ed25519 public key")?;
        if key.is_weak() {
            return Err("is a weak key, under which anything verifies");
        }
        Ok(Self { key, name: one_line(name)? })
    }
}

impl std::fmt::Display for Administrator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", Digest::from_bytes(self.key.to_bytes()), self.name)
    }
}

/// An administrator who signs with a certificate. The desk knows exactly this certificate; no CA makes another one count, and it
/// counts until it is taken out of LOCAL.toml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdministratorCertificate {
    /// SHA-256 of the certificate, DER.
    pub sha256: Digest,
    /// The person's name.
    pub name: String,
}

impl AdministratorCertificate {
    /// Reads `SHA256 NAME`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (sha256, name) = text.trim().split_once(' ').ok_or("has no name after the digest")?;
        let sha256 = sha256.to_ascii_lowercase().parse().map_err(|_| "is no digest of 64 hexadecimal digits")?;
        Ok(Self { sha256, name: one_line(name)? })
    }
}

impl std::fmt::Display for AdministratorCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.sha256, self.name)
    }
}

impl Administrators {
    /// The name of the administrator who made this signature, when it counts here.
    pub fn name_of(&self, signed: &Statement) -> Option<&str> {
        if signed.certificate.is_some() {
            return self.certificates.iter().find(|known| known.sha256 == signed.key).map(|known| known.name.as_str());
        }
        self.keys.iter().find(|known| known.key.as_bytes() == signed.key.as_bytes()).map(|known| known.name.as_str())
    }

    /// The name of the administrator with this public key, or this digest of the certificate.
    pub(super) fn name_by_digest(&self, key: Digest) -> Option<&str> {
        let by_key = self.keys.iter().find(|known| known.key.as_bytes() == key.as_bytes()).map(|known| &known.name);
        let by_certificate = || self.certificates.iter().find(|known| known.sha256 == key).map(|known| &known.name);
        by_key.or_else(by_certificate).map(String::as_str)
    }

    /// How many people may sign: somebody with a key and a certificate is one person.
    pub(super) fn people(&self) -> usize {
        let names = self.keys.iter().map(|known| &known.name).chain(self.certificates.iter().map(|known| &known.name));
        names.collect::<BTreeSet<_>>().len()
    }

    /// Nobody may sign.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.certificates.is_empty()
    }

    /// Whether this MASTER.toml comes into force only with the signatures of two.
    pub fn needs_two(&self, master: &Master) -> bool {
        let flags = &master.issue_process;
        self.four_eyes_for_vouching && (flags.third_party_id_control || flags.allow_operator_identification)
    }
}

/// The description of the section.
pub(super) const SECTION: Section<Local> = Section {
    name: "Administrators",
    about: "Whose MASTER.toml counts here. The keys lie at the desk, so that whoever may write on the share cannot change the rules.",
    keys: &[
        Key {
            name: "RequireSignedMaster",
            required: false,
            since: "0.1.0",
            field: Field::Switch(|local| &mut local.administrators.require_signed_master),
            effect: "A MASTER.toml that is unsigned, forged, older than one that was in force, or signed by somebody else does not come \
                     into force: the last good one stays, with an alarm.",
        },
        Key {
            name: "FourEyesForVouching",
            required: false,
            since: "0.1.0",
            field: Field::Switch(|local| &mut local.administrators.four_eyes_for_vouching),
            effect: "A MASTER.toml with ThirdPartyIdControl or AllowOperatorIdentification comes into force only when two administrators \
                     signed exactly this content, one after the other. Needs RequireSignedMaster and two people in Keys and Certificates.",
        },
        Key {
            name: "Keys",
            required: false,
            since: "0.1.0",
            field: Field::Texts {
                allowed: "\"KEY NAME\": an Ed25519 public key as 64 hexadecimal digits, a space and the person's name",
                get: |local| local.administrators.keys.iter().map(ToString::to_string).collect(),
                set: |local, texts| {
                    let each = texts.iter().enumerate();
                    let keys = each.map(|(at, text)| Administrator::parse(text).map_err(|wrong| (at, wrong)));
                    local.administrators.keys = keys.collect::<Result<_, _>>()?;
                    Ok(())
                },
            },
            effect: "The administrators who may sign MASTER.toml. `bam-station config key` makes a key and prints this text.",
        },
        Key {
            name: "Certificates",
            required: false,
            since: "0.1.0",
            field: Field::Texts {
                allowed: "\"DIGEST NAME\": SHA-256 of a certificate as 64 hexadecimal digits, a space and the person's name",
                get: |local| local.administrators.certificates.iter().map(ToString::to_string).collect(),
                set: |local, texts| {
                    let each = texts.iter().enumerate();
                    let all = each.map(|(at, text)| AdministratorCertificate::parse(text).map_err(|wrong| (at, wrong)));
                    local.administrators.certificates = all.collect::<Result<_, _>>()?;
                    Ok(())
                },
            },
            effect: "The administrators who may sign MASTER.toml with their card, by exactly the certificate that signs. \
                     `bam-station config key --card` prints this text.",
        },
    ],
};
