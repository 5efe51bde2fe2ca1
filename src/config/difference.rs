//! What differs between two readings of a file, key by key: value before and after, effect, and whether the rule became weaker.

use std::path::Path;

use serde::Serialize;

use super::{
    ConfigError, diagnostic, local, master, reader,
    schema::{Field, Key, List, Schema, Value},
    source::{FILE_LIMIT, Source},
};

/// Whether a change asks for more or for less than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// More is required, or fewer may do something.
    Stricter,
    /// Less is required, or more may do something.
    Weaker,
    /// Neither.
    Neutral,
}

/// One key whose value differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The section; empty for the top of the file.
    pub section: &'static str,
    /// The key; empty for a whole record of a list.
    pub key: &'static str,
    /// The value in force before; `None` when there was none.
    pub before: Option<Value>,
    /// The value in force after; `None` when there is none.
    pub after: Option<Value>,
    /// What the key changes, in words.
    pub effect: &'static str,
    /// Stricter, weaker or neither.
    pub direction: Direction,
}

impl Change {
    /// The list, when this is about a whole record of one.
    pub fn record_of(&self) -> Option<&'static str> {
        self.section.strip_prefix('[').and_then(|name| name.strip_suffix(']')).filter(|_| self.key.is_empty())
    }

    /// `Section.Key`, as the command line writes it; `[[List]]` for a record of a list.
    pub fn name(&self) -> String {
        match (self.section, self.key) {
            (list, "") => format!("[{list}]"),
            ("", key) => key.into(),
            (section, key) => format!("{section}.{key}"),
        }
    }
}

/// The differences between two values of the same file, in the order of its description. Defaults count as values: a key that is
/// written out with its default changes nothing.
pub fn differences<C: Clone + Default>(schema: &Schema<C>, before: &C, after: &C) -> Vec<Change> {
    let mut changes = Vec::new();
    for section in schema.sections {
        for key in section.keys {
            let (before, after) = (key.field.value(before), key.field.value(after));
            if before != after {
                let direction = direction(strict_end(section.name, key.name), before.as_ref(), after.as_ref());
                changes.push(Change { section: section.name, key: key.name, before, after, effect: key.effect, direction });
            }
        }
    }
    for list in schema.lists {
        changes.extend(record_changes(list, before, after));
    }
    changes
}

/// The records that are other ones, have gone or have come. A record is known again by its required keys. Whoever is in a list may do
/// something, so one more is weaker, and one less stricter.
fn record_changes<C: Clone + Default>(list: &List<C>, before: &C, after: &C) -> Vec<Change> {
    let named = |config: &C| -> Vec<Named> {
        let required = |record: &C| pairs(list.record.keys.iter().filter(|key| key.required), record);
        let of = |record: C| Named {
            name: required(&record),
            line: pairs(list.record.keys, &record),
            rights: Value::Texts(list.record.keys.iter().flat_map(|key| words(&key.field, &record)).collect()),
        };
        list.records(config).map(of).collect()
    };
    let (old, new) = (named(before), named(after));
    let find = |records: &'_ [Named], name: &str| records.iter().position(|record| record.name == name);
    let whole = |before: Option<&Named>, after: Option<&Named>| Change {
        section: list.record.name,
        key: "",
        direction: match (before, after) {
            (None, Some(_)) => Direction::Weaker,
            (Some(_), None) => Direction::Stricter,
            (before, after) => direction(StrictEnd::FewEntries, before.map(|it| &it.rights), after.map(|it| &it.rights)),
        },
        before: before.map(|it| Value::Text(it.line.clone())),
        after: after.map(|it| Value::Text(it.line.clone())),
        effect: list.record.about,
    };
    let there_before = old.iter().map(|it| whole(Some(it), find(&new, &it.name).and_then(|at| new.get(at))));
    let come = new.iter().filter(|it| find(&old, &it.name).is_none()).map(|it| whole(None, Some(it)));
    there_before.chain(come).filter(|change| change.before != change.after).collect()
}

/// A record by what it is known by, as it is shown, and what it allows.
struct Named {
    name: String,
    line: String,
    rights: Value,
}

fn words<C>(field: &Field<C>, record: &C) -> Vec<String> {
    if let Field::Words { get, .. } = field { get(record) } else { Vec::new() }
}

/// The keys of a record with their values, in one line.
fn pairs<'k, C: Clone + Default + 'static>(keys: impl IntoIterator<Item = &'k Key<C>>, record: &C) -> String {
    let pairs = keys.into_iter().filter_map(|key| Some(format!("{} = {}", key.name, key.field.value(record)?)));
    pairs.collect::<Vec<_>>().join(", ")
}

/// What differs between two MASTER.toml. File names are compared as they are written, whatever the folders of the two files.
pub fn compare_masters(before: &Path, after: &Path) -> Result<Vec<Change>, ConfigError> {
    compare(&master::SCHEMA, before, after)
}

/// What differs between two LOCAL.toml.
pub fn compare_locals(before: &Path, after: &Path) -> Result<Vec<Change>, ConfigError> {
    compare(&local::SCHEMA, before, after)
}

fn compare<C: Clone + Default>(schema: &Schema<C>, before: &Path, after: &Path) -> Result<Vec<Change>, ConfigError> {
    let read = |path| Source::read(path, FILE_LIMIT).and_then(|source| reader::read(&source, schema));
    let (before, after) = diagnostic::both(read(before), read(after))?;
    Ok(differences(schema, &before.value, &after.value))
}

/// Each record as one line of text.
pub(super) fn records<C: Clone + Default>(list: &List<C>, config: &C) -> Vec<String> {
    list.records(config).map(|record| pairs(list.record.keys, &record)).collect()
}

/// At which end of a key's values the strict rule lies.
enum StrictEnd {
    True,
    False,
    Low,
    High,
    /// Each further entry lets more count.
    FewEntries,
    /// With a value.
    There,
    /// Without one.
    NotThere,
    /// From the strictest word to the weakest.
    Words(&'static [&'static str]),
    None,
}

fn strict_end(section: &str, key: &str) -> StrictEnd {
    match (section, key) {
        (
            "IssueProcess",
            "RequireTermsForLocal" | "RequireSignatureForLocal" | "RequireScanForLocal" | "RequireScanForReplacement",
        )
        | ("Roles", "RequireTrainingDate")
        | ("Administrators", "RequireSignedMaster" | "FourEyesForVouching") => StrictEnd::True,
        ("IssueProcess", "ThirdPartyIdControl" | "AllowOperatorIdentification") | ("", "Training") => StrictEnd::False,
        ("IssueProcess", "MaxSignatureAttempts" | "MaxScanAttempts")
        | ("ThirdParty", "VouchesPerPeriod")
        | ("HandOver", "ValidHours")
        | ("Trust", "StaleGraceHours" | "AskAgainMinutes") => StrictEnd::Low,
        ("ThirdParty", "VouchPeriodDays")
        | ("Conditions", "MinimumAgeForQualified" | "MinimumAgeForLocal")
        // What is erased too early cannot prove anything any longer.
        | ("Registers", "RetentionYears") => StrictEnd::High,
        ("Conditions", "RequireIdentityNumber" | "RequireAffiliation" | "RequirePreregistration") => {
            StrictEnd::Words(&["all", "qualified", "no"])
        }
        ("Directory", "TypedEntry") => StrictEnd::Words(&["never", "when-down", "with-reason"]),
        // Without an authority reports prove no more than the station's own clock.
        ("TimeStamp", "Url" | "Ca" | "Policy") => StrictEnd::There,
        ("Roles", "OperatorGroup" | "RaAdminGroup" | "AuditorGroup") => StrictEnd::NotThere,
        ("Trust", "Revocation") => StrictEnd::Words(&["required", "required-outside-training", "when-reachable", "off"]),
        ("Trust", "Anchors" | "Intermediates" | "QualifiedPolicies" | "LocalPolicies")
        | ("Roles", "OperatorPolicies" | "RaAdminPolicies" | "AuditorPolicies")
        | ("Administrators", "Keys" | "Certificates") => StrictEnd::FewEntries,
        _ => StrictEnd::None,
    }
}

fn direction(end: StrictEnd, before: Option<&Value>, after: Option<&Value>) -> Direction {
    let stricter = |yes| if yes { Direction::Stricter } else { Direction::Weaker };
    match end {
        StrictEnd::There if before.is_some() != after.is_some() => return stricter(after.is_some()),
        StrictEnd::NotThere if before.is_some() != after.is_some() => return stricter(after.is_none()),
        _ => {}
    }
    let (Some(before), Some(after)) = (before, after) else { return Direction::Neutral };
    match (end, before, after) {
        (StrictEnd::True, _, Value::Switch(after)) => stricter(*after),
        (StrictEnd::False, _, Value::Switch(after)) => stricter(!after),
        (StrictEnd::Low, Value::Whole(before), Value::Whole(after)) => stricter(after < before),
        (StrictEnd::High, Value::Whole(before), Value::Whole(after)) => stricter(after > before),
        (StrictEnd::FewEntries, Value::Texts(before), Value::Texts(after)) => {
            let within = |few: &[String], many: &[String]| few.iter().all(|entry| many.contains(entry));
            match (within(after, before), within(before, after)) {
                (true, false) => Direction::Stricter,
                // Some went, others came: what came lets more count.
                (false, _) => Direction::Weaker,
                (true, true) => Direction::Neutral,
            }
        }
        (StrictEnd::Words(words), Value::Text(before), Value::Text(after)) => {
            let place = |word: &String| words.iter().position(|known| known == word);
            stricter(place(after) < place(before))
        }
        _ => Direction::Neutral,
    }
}
