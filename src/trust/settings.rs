//! What the organisation decides about certificates: `[Trust]` and `[Proxy]` of MASTER.toml.

use std::path::PathBuf;

use const_oid::ObjectIdentifier;

/// `[Trust]`: whom the organisation trusts, and what must be known about revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustSettings {
    /// Files with the CA certificates in which the organisation trusts, PEM or DER.
    pub anchors: Vec<PathBuf>,
    /// Files with the certificates between these and the cards. They count only with a chain to an anchor.
    pub intermediates: Vec<PathBuf>,
    /// The policies (RFC 5280 §4.2.1.4) by which a certificate is known as qualified.
    pub qualified_policies: Vec<ObjectIdentifier>,
    /// The policies by which a certificate is known as local.
    pub local_policies: Vec<ObjectIdentifier>,
    /// What must be known about revocation.
    pub revocation: Revocation,
    /// So many hours after its next update a revocation list still counts.
    pub stale_grace_hours: u16,
    /// An answer about revocation that was fetched so few minutes ago is used again.
    pub ask_again_minutes: u16,
    /// Longest time for one answer, in seconds.
    pub fetch_seconds: u16,
}

impl Default for TrustSettings {
    fn default() -> Self {
        Self {
            anchors: Vec::new(),
            intermediates: Vec::new(),
            qualified_policies: Vec::new(),
            local_policies: Vec::new(),
            revocation: Revocation::default(),
            stale_grace_hours: 0,
            ask_again_minutes: 60,
            fetch_seconds: 10,
        }
    }
}

/// What must be known about revocation before a certificate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Revocation {
    /// As [`Self::Required`]; as [`Self::Off`] on a training desk, because a training CA publishes nothing.
    #[default]
    RequiredOutsideTraining,
    /// Nothing counts without a good answer.
    Required,
    /// As required, but a certificate counts when nobody can be reached. An answer that is wrong or too old is no answer.
    WhenReachable,
    /// Nobody is asked.
    Off,
}

impl Revocation {
    /// All values, as MASTER.toml writes them.
    pub const WORDS: [&'static str; 4] = ["required-outside-training", "required", "when-reachable", "off"];

    /// The word in MASTER.toml.
    pub const fn word(self) -> &'static str {
        match self {
            Self::RequiredOutsideTraining => "required-outside-training",
            Self::Required => "required",
            Self::WhenReachable => "when-reachable",
            Self::Off => "off",
        }
    }

    /// The value with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::RequiredOutsideTraining, Self::Required, Self::WhenReachable, Self::Off].into_iter().find(|it| it.word() == word)
    }

    /// What it means on this desk.
    pub(super) const fn at(self, training: bool) -> Self {
        match self {
            Self::RequiredOutsideTraining if training => Self::Off,
            Self::RequiredOutsideTraining => Self::Required,
            other => other,
        }
    }
}

/// `[Proxy]`: the way out of the organisation's network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProxySettings {
    /// `http://HOST:PORT`; `None` for the direct way.
    pub url: Option<String>,
    /// Hosts that are asked directly. A host stands for its sub-domains too.
    pub direct_hosts: Vec<String>,
}
