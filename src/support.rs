//! The support bundle: what whoever helps from afar needs to know of this desk, and nothing about any person.
//!
//! What may be told is listed; everything else is masked. So a setting that comes later is masked until somebody decides otherwise.

use std::{
    collections::BTreeMap,
    env, fs,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::{Map, Value, json};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    cli::selftest::{Outcome, outcome},
    config::{
        Loaded, local, master,
        schema::{Field, Schema},
    },
    register::RegisterError,
    selftest::{Tested, TestedDesk},
    station_log,
};

/// The settings whose text is told: they name the organisation and its machines, never a person.
const TOLD: [(&str, &str); 15] = [
    ("", "OfficeName"),
    ("", "TimeZone"),
    ("Common", "CompanyName"),
    ("Delivery", "ArchiveUrl"),
    ("TimeStamp", "Url"),
    ("TimeStamp", "Policy"),
    ("HandOver", "Url"),
    ("Proxy", "Url"),
    ("Trust", "QualifiedPolicies"),
    ("Trust", "LocalPolicies"),
    ("Scanner", "Device"),
    ("OperatorReader", "Reader"),
    ("HolderReader", "Reader"),
    ("Windows", "Operator"),
    ("Windows", "Holder"),
];

const ABOUT: &str = "A support bundle of bam-station.

versions.json        the program and the system
configuration.json   MASTER.toml and LOCAL.toml as they are in force; secrets, file names and what may name a person are masked
selftest.json        every device and service, tested when the bundle was made
register.json        figures of the document register: numbers of controls, deliveries, the end of the chain
faults.json          the codes of the last faults that the screens showed, and those of deliveries that failed
station.log          what the station did, as [Log] of LOCAL.toml asks for: times, acts and codes

It holds no name, no number, no user name, no PIN, no report, no scan and no journal entry.
";

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum SupportError {
    /// There is a file already.
    #[error("{} is there already: name another file", .0.display())]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("the bundle {} cannot be written ({error}): name another place, or free some room", path.display())]
    Target {
        /// The file.
        path: PathBuf,
        /// The system's word.
        error: io::Error,
    },
}

impl SupportError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Exists(_) => "SUPPORT_FILE_EXISTS",
            Self::Target { .. } => "SUPPORT_FILE_NOT_WRITTEN",
        }
    }
}

/// Tests the desk and writes the bundle to `path`. `told` hears of each part that was tested.
pub fn write(path: &Path, desk: TestedDesk, told: impl FnMut(&Tested)) -> Result<Outcome, SupportError> {
    let wrong = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => SupportError::Exists(path.to_owned()),
        _ => SupportError::Target { path: path.to_owned(), error },
    };
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(wrong)?;
    let configuration = json!({
        "master": settings(&desk.configuration.master, &master::SCHEMA),
        "local": settings(&desk.configuration.local, &local::SCHEMA),
        "last_good": desk.configuration.alarm.as_ref().map(|alarm| alarm.code),
        "documents": desk.configuration.documents.iter().map(|kind| &kind.id).collect::<Vec<_>>(),
        "terms": desk.configuration.terms.all().iter().map(|terms| json!({
            "id": terms.id, "version": terms.version, "language": terms.language, "valid_from": terms.valid_from,
            "sha256": terms.digest,
        })).collect::<Vec<_>>(),
    });
    let register = figures(&desk);
    let faults = json!({ "shown": station_log::faults(&desk.data), "delivery": delivery_faults(&desk) });
    let mut log = station_log::read(&desk.data).join("\n");
    log.push('\n');
    let tested = outcome(desk, told);
    let parts = [
        ("about.txt", ABOUT.to_owned()),
        ("versions.json", pretty(&versions())),
        ("configuration.json", pretty(&configuration)),
        ("selftest.json", pretty(&Masked(&tested))),
        ("register.json", pretty(&register)),
        ("faults.json", pretty(&faults)),
        ("station.log", log),
    ];
    pack(file, &parts).map_err(|error| {
        // Half a bundle helps nobody.
        let _ = fs::remove_file(path);
        SupportError::Target { path: path.to_owned(), error }
    })?;
    Ok(tested)
}

fn pack(file: File, parts: &[(&str, String)]) -> io::Result<()> {
    let mut archive = ZipWriter::new(file);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).unix_permissions(0o600);
    for (name, text) in parts {
        archive.start_file(*name, options)?;
        archive.write_all(text.as_bytes())?;
    }
    archive.finish()?.sync_all()
}

fn pretty(value: &impl Serialize) -> String {
    // What is written here has no keys but texts.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// The outcome of the self-test without the places of files, in which a user's name may stand.
struct Masked<'a>(&'a Outcome);

impl Serialize for Masked<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = serde_json::to_value(self.0).map_err(serde::ser::Error::custom)?;
        mask_places(&mut value);
        value.serialize(serializer)
    }
}

fn mask_places(value: &mut Value) {
    match value {
        Value::String(text) => *text = without_places(text),
        Value::Array(items) => items.iter_mut().for_each(mask_places),
        Value::Object(pairs) => pairs.values_mut().for_each(mask_places),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A text without absolute file names. Addresses of servers stay.
fn without_places(text: &str) -> String {
    let is_place = |word: &str| word.trim_start_matches(['(', '"', '\'']).starts_with('/');
    text.split(' ').map(|word| if is_place(word) { "(a file)" } else { word }).collect::<Vec<_>>().join(" ")
}

/// The values of a file, each told or masked, and whether the file says it.
fn settings<C: Clone + Default>(loaded: &Loaded<C>, schema: &Schema<C>) -> Value {
    let mut sections = Map::new();
    for section in schema.sections {
        let keys = section.keys.iter().map(|key| {
            let value = told(section.name, key.name, &key.field, &loaded.value);
            let written = loaded.line_of(section.name, key.name).is_some();
            (key.name.to_owned(), json!({ "value": value, "in_file": written }))
        });
        sections.insert(section.name.to_owned(), Value::Object(keys.collect()));
    }
    for list in schema.lists {
        sections.insert(format!("[[{}]]", list.name), json!({ "records": (list.count)(&loaded.value) }));
    }
    json!({ "sha256": loaded.digest, "sections": sections })
}

fn told<C: Clone + Default>(section: &str, key: &str, field: &Field<C>, config: &C) -> Value {
    let Some(value) = field.value(config) else { return Value::Null };
    match field {
        Field::Switch(_)
        | Field::Count { .. }
        | Field::Number { .. }
        | Field::Choice { .. }
        | Field::Words { .. }
        | Field::Day { .. } => json!(value),
        Field::Text { .. } if TOLD.contains(&(section, key)) => {
            let text = field.value(config).map(|value| value.to_string()).unwrap_or_default();
            Value::String(without_login(text.trim_matches('"')))
        }
        Field::Texts { .. } if TOLD.contains(&(section, key)) => json!(value),
        Field::Text { .. } => json!("masked"),
        Field::Texts { get, .. } => json!(format!("{} texts, masked", get(config).len())),
    }
}

/// An address without user name, password and question.
fn without_login(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (host, path) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
    let host = host.rsplit('@').next().unwrap_or(host);
    let path = path.split(['?', '#']).next().unwrap_or(path);
    if path.is_empty() { format!("{scheme}://{host}") } else { format!("{scheme}://{host}/{path}") }
}

fn versions() -> Value {
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).map(|name| name.trim_matches('"').to_owned());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|text| text.trim().to_owned());
    let session = ["WAYLAND_DISPLAY", "DISPLAY"].into_iter().find(|name| env::var_os(name).is_some());
    json!({
        "program": env!("CARGO_PKG_VERSION"),
        "built_for": format!("{} {}", env::consts::OS, env::consts::ARCH),
        "debug": cfg!(debug_assertions),
        "system": name,
        "kernel": kernel,
        "language": env::var("LANG").ok(),
        "session": session,
        "languages": bam_station_ui::LANGUAGES,
    })
}

/// Figures of the register, or the code of what is wrong with it.
fn figures(desk: &TestedDesk) -> Value {
    let read = || -> Result<Value, RegisterError> {
        let register = desk.configuration.register_place(&desk.data).open_read_only()?;
        let mut controls: BTreeMap<String, usize> = BTreeMap::new();
        let all = register.controls()?;
        for control in &all {
            let name = format!("{} {} {}", control.function.name(), control.certificate.name(), control.outcome);
            *controls.entry(name).or_default() += 1;
        }
        let deliveries = register.deliveries()?;
        let waiting = deliveries.iter().filter(|delivery| delivery.receipt.is_none());
        let head = register.head()?;
        Ok(json!({
            "controls": all.len(),
            "by_kind": controls,
            "deliveries": deliveries.len(),
            "waiting": waiting.count(),
            "chain": { "entries": head.seq, "head": head.hash },
            "database_bytes": fs::metadata(desk.data.register().join("register.db")).map(|found| found.len()).ok(),
        }))
    };
    read().unwrap_or_else(|error| json!({ "fault": error.code() }))
}

/// The codes of deliveries that failed and still wait, with how often each was tried.
fn delivery_faults(desk: &TestedDesk) -> Vec<Value> {
    let register = desk.configuration.register_place(&desk.data).open_read_only();
    let deliveries = register.and_then(|register| register.deliveries()).unwrap_or_default();
    let waiting = deliveries.into_iter().filter(|delivery| delivery.receipt.is_none());
    let failed = waiting.filter_map(|delivery| delivery.last_error.map(|code| (code, delivery.attempts)));
    failed.map(|(code, attempts)| json!({ "code": code, "attempts": attempts })).collect()
}
