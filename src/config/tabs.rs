//! The keys of both files in the tabs in which administrators look for them, as in BAM's configuration tool.
//!
//! Everything comes from the same descriptions as `docs/configuration.md`: a key stands in exactly one tab, with its values and its
//! effect.

use super::{
    Local, Master,
    edit::FileKind,
    local, master,
    schema::{Field, Key, List, Schema, Value},
};
use crate::rules::LraMode;

/// A tab. BAM's words where BAM has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tab {
    /// MASTER: the organisation, and its mail.
    Common,
    /// MASTER: who signs in with a card.
    Smartcard,
    /// MASTER: the directory and its fields (BAM: AD/Domain, AD mapping).
    Directory,
    /// MASTER: groups that decide about certificates.
    Groups,
    /// MASTER: what a control needs.
    IssueProcess,
    /// MASTER: the document register.
    Registers,
    /// MASTER: the archive and the issuing system.
    Delivery,
    /// MASTER: certificates, time-stamps, the way out.
    Trust,
    /// MASTER: the terms.
    Terms,
    /// LOCAL: the desk itself.
    Desk,
    /// LOCAL: both card readers.
    Readers,
    /// LOCAL: how PINs are typed.
    PinPad,
    /// LOCAL: the scanner.
    Scanner,
    /// LOCAL: the signature pad.
    SignaturePad,
    /// LOCAL: both windows.
    Screens,
    /// LOCAL: what the station writes into its log.
    Logs,
    /// LOCAL: whose MASTER.toml counts, and the seal.
    Security,
}

impl Tab {
    /// All tabs, in the order in which they are shown.
    pub const ALL: [Self; 17] = [
        Self::Common,
        Self::Smartcard,
        Self::Directory,
        Self::Groups,
        Self::IssueProcess,
        Self::Registers,
        Self::Delivery,
        Self::Trust,
        Self::Terms,
        Self::Desk,
        Self::Readers,
        Self::PinPad,
        Self::Scanner,
        Self::SignaturePad,
        Self::Screens,
        Self::Logs,
        Self::Security,
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Common => "common",
            Self::Smartcard => "smartcard",
            Self::Directory => "directory",
            Self::Groups => "groups",
            Self::IssueProcess => "issue-process",
            Self::Registers => "registers",
            Self::Delivery => "delivery",
            Self::Trust => "trust",
            Self::Terms => "terms",
            Self::Desk => "desk",
            Self::Readers => "readers",
            Self::PinPad => "pin-pad",
            Self::Scanner => "scanner",
            Self::SignaturePad => "signature-pad",
            Self::Screens => "screens",
            Self::Logs => "logs",
            Self::Security => "security",
        }
    }

    /// The tab of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tab| tab.name() == name)
    }

    /// The file whose keys it holds.
    pub fn file(self) -> FileKind {
        match self {
            Self::Desk
            | Self::Readers
            | Self::PinPad
            | Self::Scanner
            | Self::SignaturePad
            | Self::Screens
            | Self::Logs
            | Self::Security => FileKind::Local,
            _ => FileKind::Master,
        }
    }

    /// The tab of a key of MASTER.toml. A section that no tab knows stands in the first.
    pub fn of_master(section: &str) -> Self {
        match section {
            "Roles" | "[Operator]" => Self::Smartcard,
            "Directory" | "AdMapping" => Self::Directory,
            "CertificateGroups" => Self::Groups,
            "IssueProcess" | "ThirdParty" | "Conditions" => Self::IssueProcess,
            "Registers" => Self::Registers,
            "Delivery" | "HandOver" => Self::Delivery,
            "Trust" | "TimeStamp" | "Proxy" => Self::Trust,
            "Terms" => Self::Terms,
            _ => Self::Common,
        }
    }

    /// The tab of a key of LOCAL.toml.
    pub fn of_local(section: &str, key: &str) -> Self {
        match (section, key) {
            (_, "PinPad" | "PinDigits") => Self::PinPad,
            ("OperatorReader" | "HolderReader", _) => Self::Readers,
            ("Scanner", _) => Self::Scanner,
            ("SignaturePad", _) => Self::SignaturePad,
            ("Holder" | "Windows", _) => Self::Screens,
            ("Log", _) => Self::Logs,
            ("Administrators" | "Seal", _) => Self::Security,
            _ => Self::Desk,
        }
    }
}

/// How a value is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// On or off.
    Switch,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number from the first to the second.
    Number(u16, u16),
    /// A text of this form, in words.
    Text(&'static str),
    /// Several texts of this form.
    Texts(&'static str),
    /// Several of these words.
    Words(&'static [&'static str]),
    /// A day.
    Day,
}

impl Form {
    /// The form of the values of a field.
    pub fn of<C>(field: &Field<C>) -> Self {
        match field {
            Field::Switch(_) => Self::Switch,
            Field::Count { min, max, .. } => Self::Number(u16::from(*min), u16::from(*max)),
            Field::Number { min, max, .. } => Self::Number(*min, *max),
            Field::Choice { of, .. } => Self::Choice(of),
            Field::Text { allowed, .. } => Self::Text(allowed),
            Field::Texts { allowed, .. } => Self::Texts(allowed),
            Field::Words { of, .. } => Self::Words(of),
            Field::Day { .. } => Self::Day,
        }
    }
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The section; empty for the top of the file.
    pub section: &'static str,
    /// The key.
    pub key: &'static str,
    /// How its value is given.
    pub form: Form,
    /// The value in the file, or the default; `None` when there is neither.
    pub value: Option<Value>,
    /// The file is not valid without it.
    pub required: bool,
    /// What the value changes.
    pub effect: &'static str,
    /// The first version of the program that knows it.
    pub since: &'static str,
    /// Why it does not matter under the present LRA mode.
    pub idle: Option<&'static str>,
}

impl Setting {
    /// `Section.Key`, or the key alone at the top of the file.
    pub fn name(&self) -> String {
        if self.section.is_empty() { self.key.to_owned() } else { format!("{}.{}", self.section, self.key) }
    }
}

/// A section as far as it stands in a tab.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The section; in brackets for a list of records; empty for the top of the file.
    pub section: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Its keys.
    pub settings: Vec<Setting>,
    /// The records of a list.
    pub records: Option<Vec<Record>>,
}

/// A record of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Which of the list, from 0.
    pub number: usize,
    /// What it is known by.
    pub title: String,
    /// Its keys.
    pub settings: Vec<Setting>,
}

impl Record {
    /// The last record of `config`.
    pub(super) fn last<C: Clone + Default>(list: &List<C>, number: usize, config: &C) -> Self {
        let settings: Vec<Setting> = list.record.keys.iter().map(|key| setting(list.record.name, key, config, None)).collect();
        let texts = list.record.keys.iter().filter(|key| matches!(key.field, Field::Text { .. }));
        let texts = texts.filter_map(|key| match key.field.value(config) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        });
        Self { number, title: texts.collect::<Vec<_>>().join(" · "), settings }
    }
}

fn setting<C: Clone + Default>(section: &'static str, key: &Key<C>, values: &C, idle: Option<&'static str>) -> Setting {
    Setting {
        section,
        key: key.name,
        form: Form::of(&key.field),
        value: key.field.value(values),
        required: key.required,
        effect: key.effect,
        since: key.since,
        idle,
    }
}

/// The keys of MASTER.toml in a tab.
pub fn of_master(tab: Tab, values: &Master) -> Vec<Group> {
    groups(
        &master::SCHEMA,
        values,
        |section, _| Tab::of_master(section) == tab,
        |section, key| idle(values.common.lra_mode, section, key),
    )
}

/// The keys of LOCAL.toml in a tab.
pub fn of_local(tab: Tab, values: &Local) -> Vec<Group> {
    groups(
        &local::SCHEMA,
        values,
        |section, key| Tab::of_local(section, key) == tab,
        |section, key| guards_the_station(section, key).then_some(ONLY_IN_FILE),
    )
}

fn groups<C: Clone + Default>(
    schema: &Schema<C>,
    values: &C,
    is_here: impl Fn(&str, &str) -> bool,
    idle: impl Fn(&str, &str) -> Option<&'static str>,
) -> Vec<Group> {
    let mut groups = Vec::new();
    for section in schema.sections {
        let here = section.keys.iter().filter(|key| is_here(section.name, key.name));
        let settings: Vec<Setting> = here.map(|key| setting(section.name, key, values, idle(section.name, key.name))).collect();
        if !settings.is_empty() {
            groups.push(Group { section: section.name, about: section.about, settings, records: None });
        }
    }
    for list in schema.lists.iter().filter(|list| is_here(list.record.name, "")) {
        let records = list.records(values).enumerate().map(|(number, record)| Record::last(list, number, &record)).collect();
        groups.push(Group { section: list.record.name, about: list.record.about, settings: Vec::new(), records: Some(records) });
    }
    groups
}

/// Why a key of LOCAL.toml is not changed at the screens.
pub const ONLY_IN_FILE: &str = "This guards the station itself, so it is changed in the file alone, by whoever may write there.";

/// The button that fetches the names of the directory's fields (BAM: Update).
pub const FETCH_FIELDS: &str = "Fetch the names of the directory's fields";

/// Above their names.
pub const FIELDS: &str = "Fields that people have in the directory that is in force, each with how many of a sample have it:";

/// Whether a key of LOCAL.toml decides whom the station trusts, what it guards itself with, or whose code it loads. Whoever sits at the
/// screens does not change that, whatever the role.
pub fn guards_the_station(section: &str, key: &str) -> bool {
    matches!((section, key), ("Administrators" | "Seal", _) | ("", "Training") | (_, "Module"))
}

/// Why a key does not matter where only local, or only qualified certificates are issued.
pub const ONLY_LOCAL: &str = "Only local certificates are issued here (LraMode), so this does not matter now.";
/// See [`ONLY_LOCAL`].
pub const ONLY_QUALIFIED: &str = "Only qualified certificates are issued here (LraMode), so this does not matter now.";

fn idle(mode: LraMode, section: &str, key: &str) -> Option<&'static str> {
    let about_qualified = section == "Delivery"
        || matches!(
            (section, key),
            ("Conditions", "MinimumAgeForQualified") | ("Trust", "QualifiedPolicies") | ("CertificateGroups", "Qualified")
        );
    let about_local = matches!(
        (section, key),
        ("IssueProcess", "RequireTermsForLocal" | "RequireSignatureForLocal" | "RequireScanForLocal")
            | ("Conditions", "MinimumAgeForLocal")
            | ("Trust", "LocalPolicies")
            | ("CertificateGroups", "Local")
    );
    match mode {
        LraMode::Local if about_qualified => Some(ONLY_LOCAL),
        LraMode::Buypass if about_local => Some(ONLY_QUALIFIED),
        _ => None,
    }
}
