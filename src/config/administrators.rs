//! `[Administrators]` of LOCAL.toml: whose signature on MASTER.toml this desk accepts.

use ed25519_dalek::VerifyingKey;

use super::{
    Local,
    master::one_line,
    schema::{Field, Key, Section},
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

impl Administrators {
    /// The administrator with this key.
    pub fn with_key(&self, key: &VerifyingKey) -> Option<&Administrator> {
        self.keys.iter().find(|known| known.key == *key)
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
            field: Field::Switch(|local| &mut local.administrators.require_signed_master),
            effect: "A MASTER.toml that is unsigned, forged, older than one that was in force, or signed by somebody else does not come \
                     into force: the last good one stays, with an alarm.",
        },
        Key {
            name: "FourEyesForVouching",
            required: false,
            field: Field::Switch(|local| &mut local.administrators.four_eyes_for_vouching),
            effect: "A MASTER.toml with ThirdPartyIdControl or AllowOperatorIdentification comes into force only when two administrators \
                     signed exactly this content, one after the other. Needs RequireSignedMaster and two Keys.",
        },
        Key {
            name: "Keys",
            required: false,
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
    ],
};
