//! `[Registers]` of MASTER.toml: how long the document register keeps what.

use super::{
    Auditor, Master,
    schema::{Field, Key, Section},
};

/// `[Registers]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registers {
    /// Controls are kept for so many years after they ended, 1–100; then they may be purged.
    pub retention_years: u8,
    /// Who may open every station's register beside the station itself.
    pub auditors: Vec<Auditor>,
}

impl Default for Registers {
    fn default() -> Self {
        Self { retention_years: 10, auditors: Vec::new() }
    }
}

/// The section of the schema.
pub(super) const SECTION: Section<Master> = Section {
    name: "Registers",
    about: "The document register of each station.",
    keys: &[
        Key {
            name: "RetentionYears",
            required: false,
            field: Field::Count { min: 1, max: 100, at: |master| &mut master.registers.retention_years },
            effect: "Controls are kept for so many years after they ended. `bam-station register purge` erases older ones with their \
                 evidence and personal data, and leaves a tombstone in the chain; it erases nothing younger.",
        },
        Key {
            name: "Auditors",
            required: false,
            field: Field::Texts {
                allowed: "\"age1…\" or \"age1… NAME\": a public key as age-keygen prints it, and for people a space and the auditor's name",
                get: |master| master.registers.auditors.iter().map(ToString::to_string).collect(),
                set: |master, texts| {
                    let each = texts.iter().enumerate();
                    let auditors = each.map(|(at, text)| Auditor::parse(text).map_err(|wrong| (at, wrong)));
                    master.registers.auditors = auditors.collect::<Result<_, _>>()?;
                    Ok(())
                },
            },
            effect: "What a register keeps about people is sealed to its station and to each of these keys: their owners open it without \
                     the station, also when the station's own key is lost. `bam-station seal reseal` does the same for what was \
                     sealed before.",
        },
    ],
};
