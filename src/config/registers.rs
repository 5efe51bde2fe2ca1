//! `[Registers]` of MASTER.toml: how long the document register keeps what.

use super::{
    Master,
    schema::{Field, Key, Section},
};

/// `[Registers]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registers {
    /// Controls are kept for so many years after they ended, 1–100; then they may be purged.
    pub retention_years: u8,
}

impl Default for Registers {
    fn default() -> Self {
        Self { retention_years: 10 }
    }
}

/// The section of the schema.
pub(super) const SECTION: Section<Master> = Section {
    name: "Registers",
    about: "The document register of each station.",
    keys: &[Key {
        name: "RetentionYears",
        required: false,
        field: Field::Count { min: 1, max: 100, at: |master| &mut master.registers.retention_years },
        effect: "Controls are kept for so many years after they ended. `bam-station register purge` erases older ones with their \
                 evidence and personal data, and leaves a tombstone in the chain; it erases nothing younger.",
    }],
};
