//! Why something could not be sealed or opened.

use std::path::PathBuf;

/// Why something could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The station's key is not where it should be, and there are things sealed to it.
    #[error(
        "the key of this register is not there ({place}): put it back from its backup; until then an auditor opens the register \
         with --identity, and `bam-station seal rotate --identity` gives it a new key"
    )]
    KeyMissing {
        /// Where the key should be.
        place: String,
    },
    /// Other accounts can read the file.
    #[error("{} is open to other users of this machine; run: chmod 600 {}", .0.display(), .0.display())]
    KeyOpenToOthers(PathBuf),
    /// The file holds no key.
    #[error("{place} holds no age identity of the kind AGE-SECRET-KEY-1…: restore it from its backup")]
    NotAKey {
        /// The file.
        place: String,
    },
    /// The key is none of those to which this register is sealed.
    #[error(
        "this register is sealed to another key than the one in {place}: put that key back, or name the right one with Key in \
         [Seal] of LOCAL.toml; desks that share a register share its key"
    )]
    OtherKey {
        /// Where the wrong key is.
        place: String,
    },
    /// A key in systemd's credentials is changed by whoever manages them.
    #[error(
        "the key comes from {place}, which this program only reads: put a new key before the old one there, then run \
         `bam-station seal reseal`"
    )]
    KeyNotOurs {
        /// Where the key is.
        place: String,
    },
    /// The key-management certificate of a card has no key that can be used.
    #[error("the key in slot 9D of the card is no P-256 key: the station's key can only be put behind cards that have one")]
    CardKeyKind,
    /// The card is none of those behind which the key is.
    #[error(
        "the station's key is not behind this card: sign in with a card that opens it, or add this one with `bam-station seal cards`"
    )]
    OtherCard,
    /// None of the keys at hand opens this.
    #[error(
        "this is sealed to other keys than those at hand: use the station's own key, or an auditor's with --identity; where the key is \
         behind the operators' cards, sign in with one first"
    )]
    NotForTheseKeys,
    /// The sealed bytes are not what was written.
    #[error("something sealed was changed or cut off ({0}): restore it from a backup")]
    Damaged(&'static str),
    /// It opens, but it belongs to another place.
    #[error("something sealed stands in the place of something else: restore it from a backup")]
    Misplaced,
    /// The content is larger than what may stand there.
    #[error("something sealed is larger than {limit} bytes: restore it from a backup")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// `seal.json` is not what this program wrote.
    #[error("{} is not what this program wrote: restore it from a backup", .0.display())]
    BadState(PathBuf),
    /// The register is sealed, but nothing says so.
    #[error("this register is sealed, but its file seal.json is gone: restore it from a backup, or open the station once")]
    StateMissing,
    /// `Key = "none"` for a register that is sealed.
    #[error("this register is sealed, which Key = \"none\" in [Seal] does not undo: name its key there")]
    AlreadySealed,
    /// A file that could not be read or written.
    #[error("{} cannot be used: {error}; check the disk and the permissions of the folder", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
}

impl SealError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::KeyMissing { .. } => "SEAL_KEY_MISSING",
            Self::KeyOpenToOthers(_) => "SEAL_KEY_OPEN_TO_OTHERS",
            Self::NotAKey { .. } => "SEAL_NOT_A_KEY",
            Self::OtherKey { .. } => "SEAL_OTHER_KEY",
            Self::KeyNotOurs { .. } => "SEAL_KEY_NOT_OURS",
            Self::CardKeyKind => "SEAL_CARD_KEY_KIND",
            Self::OtherCard => "SEAL_OTHER_CARD",
            Self::NotForTheseKeys => "SEAL_NOT_FOR_THESE_KEYS",
            Self::Damaged(_) => "SEAL_DAMAGED",
            Self::Misplaced => "SEAL_MISPLACED",
            Self::TooLarge { .. } => "SEAL_TOO_LARGE",
            Self::BadState(_) | Self::StateMissing => "SEAL_STATE_DAMAGED",
            Self::AlreadySealed => "SEAL_ALREADY_SEALED",
            Self::File { .. } => "SEAL_FILE_FAILED",
        }
    }

    /// The sealed bytes, not the keys, are at fault.
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::Misplaced | Self::TooLarge { .. })
    }
}

/// What the system said about a file.
pub(super) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> SealError {
    move |error| SealError::File { path: path.to_owned(), error }
}
