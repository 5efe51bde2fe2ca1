//! `[Conditions]` of MASTER.toml: what must be true of a person before anything is issued.

use super::{
    Master,
    schema::{Field, Key, Section},
};
use crate::rules::conditions::LEAST_AGE_FOR_QUALIFIED;

/// The section of the schema.
pub(super) const SECTION: Section<Master> = Section {
    name: "Conditions",
    about: "What must be true of a person. The age is counted from the birth date in the document that is shown, and never from an \
            identity number.",
    keys: &[
        Key {
            name: "MinimumAgeForQualified",
            required: false,
            since: "0.1.0",
            field: Field::Count {
                min: LEAST_AGE_FOR_QUALIFIED,
                max: 99,
                at: |master| &mut master.conditions.minimum_age_for_qualified,
            },
            effect: "Younger people get no qualified certificates. 13 is the least that the issuer allows (Buypass); other schemes ask for 15 or 18.",
        },
        Key {
            name: "MinimumAgeForLocal",
            required: false,
            since: "0.1.0",
            field: Field::Count { min: 0, max: 99, at: |master| &mut master.conditions.minimum_age_for_local },
            effect: "Younger people get no local certificates.",
        },
        Key {
            name: "RequireIdentityNumber",
            required: false,
            since: "0.1.0",
            field: Field::Choice {
                of: &["no", "qualified", "all"],
                get: |master| master.conditions.require_identity_number.name(),
                set: |master, word| {
                    crate::rules::conditions::Kinds::named(word)
                        .map(|kinds| master.conditions.require_identity_number = kinds)
                        .is_some()
                },
            },
            effect: "For which certificates the person's identity number must be known. no: people without a Norwegian number get them too.",
        },
        Key {
            name: "RequireAffiliation",
            required: false,
            since: "0.1.0",
            field: Field::Choice {
                of: &["no", "qualified", "all"],
                get: |master| master.conditions.require_affiliation.name(),
                set: |master, word| {
                    crate::rules::conditions::Kinds::named(word)
                        .map(|kinds| master.conditions.require_affiliation = kinds)
                        .is_some()
                },
            },
            effect: "For which certificates it must be confirmed that the person belongs to the organisation: by an account of the directory \
                     that is not switched off, or by the list of preregistered people.",
        },
        Key {
            name: "RequirePreregistration",
            required: false,
            since: "0.1.0",
            field: Field::Choice {
                of: &["no", "qualified", "all"],
                get: |master| master.conditions.require_preregistration.name(),
                set: |master, word| {
                    crate::rules::conditions::Kinds::named(word)
                        .map(|kinds| master.conditions.require_preregistration = kinds)
                        .is_some()
                },
            },
            effect: "For which certificates the person must stand on the list of preregistered people (`bam-station people import`).",
        },
    ],
};
