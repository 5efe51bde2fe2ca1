//! `bam-station config`: what the configuration says, what is wrong with it, and changing it.

mod edit;
mod sign;
mod terms;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use der::Encode as _;
use serde_json::{Map, Value, json};

use super::exit;
use crate::{
    config::{
        ConfigError, Configuration, Found, Loaded, TermsCatalogue, documents, find, load_local, load_master, load_signed_master,
        local, master, schema::Schema, terms as catalogue,
    },
    digest::Digest,
    trust::{certificates_in, serial_text, validity},
};

/// Arguments of `bam-station config`.
#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: ConfigAction,
}

/// What to do with the configuration.
#[derive(Debug, clap::Subcommand)]
pub enum ConfigAction {
    /// Read the configuration and list every mistake with file, line, column and what is allowed there
    Check(FileArgs),
    /// Print the values in force, defaults included
    Show(FileArgs),
    /// Set keys of MASTER.toml or LOCAL.toml; comments and order survive, and only a good file is written
    Set(edit::SetArgs),
    /// Say what differs between two files: key, before, after, effect, stricter or weaker
    Diff(edit::DiffArgs),
    /// Make a key for an administrator who signs MASTER.toml
    Key(sign::KeyArgs),
    /// Sign MASTER.toml; desks may require it (RequireSignedMaster in LOCAL.toml)
    Sign(sign::SignArgs),
    /// Show which terms hold on a day, with --certificate their text, and which come later
    Terms(terms::TermsArgs),
    /// Show and verify who signed which version of MASTER.toml, when, why, and what it changed
    History(sign::HistoryArgs),
}

/// Which file, and for whom.
#[derive(Debug, clap::Args)]
pub struct FileArgs {
    /// One file alone: a MASTER.toml, LOCAL.toml, documents.toml or terms.toml, told apart by its name [default: all files]
    pub file: Option<PathBuf>,
    /// Print one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Exit code of a configuration that cannot be used.
const BROKEN: u8 = 2;

/// Runs the command. `master` and `local` are the global options. Exit code 0 when the configuration is good, 2 when it is not.
pub fn run(args: &ConfigArgs, master: Option<PathBuf>, local: Option<PathBuf>) -> ExitCode {
    let how = match &args.action {
        ConfigAction::Check(how) | ConfigAction::Show(how) => how,
        ConfigAction::Set(set) => return edit::set(set, master, local),
        ConfigAction::Diff(diff) => return edit::diff(diff),
        ConfigAction::Terms(how) => return terms::terms(how, master, local),
        ConfigAction::Key(key) => return sign::key(key),
        ConfigAction::Sign(how) => return sign::sign(how, master),
        ConfigAction::History(history) => return sign::history(history, master),
    };
    let parts = match &how.file {
        Some(file) => one(file),
        None => find(master, local).and_then(|found| all(&found)),
    };
    let show = matches!(args.action, ConfigAction::Show(_));
    let (printed, code) = match &parts {
        Ok(parts) => (good(parts, show, how.json), ExitCode::SUCCESS),
        Err(error) => (broken(error, how.json), ExitCode::from(BROKEN)),
    };
    // A reader that went away (a closed pipe) changes nothing about the answer.
    let _ = printed;
    code
}

/// A good file: its name, its digest where it has one, and its values as `config show` prints them.
struct Part {
    file: PathBuf,
    digest: Option<String>,
    summary: String,
    text: String,
    values: Value,
}

fn all(found: &Found) -> Result<Vec<Part>, ConfigError> {
    let whole = Configuration::load(found)?;
    let mut shared = settings(&whole.master, &master::SCHEMA);
    let administrators = &whole.local.value.administrators;
    if let (_, Some(signer)) = load_signed_master(&found.master, administrators)? {
        let second = signer.second.map(|name| format!(" and {name}")).unwrap_or_default();
        shared.summary = format!("{}, version {} signed by {}{second}", shared.summary, signer.version, signer.name);
    }
    let mut parts = vec![
        shared,
        settings(&whole.local, &local::SCHEMA),
        document_part(&found.config_folder().join("documents.toml"), &whole.documents),
        terms_part(&whole.terms_folder, &whole.terms),
    ];
    let trust = &whole.master.value.trust;
    // A file that cannot be read has kept the configuration from loading.
    parts.extend(trust.anchors.iter().chain(&trust.intermediates).filter_map(|file| authorities_part(file)));
    Ok(parts)
}

/// The CA certificates in a file of [Trust].
fn authorities_part(file: &Path) -> Option<Part> {
    let (certificates, digest) = certificates_in(file).ok()?;
    let shown: Vec<(String, String, String, String)> = certificates
        .iter()
        .map(|certificate| {
            let fingerprint = certificate.to_der().map(|der| Digest::of(&der).to_string()).unwrap_or_default();
            let until = validity(certificate).1.strftime("%Y-%m-%d").to_string();
            (certificate.tbs_certificate().subject().to_string(), serial_text(certificate), until, fingerprint)
        })
        .collect();
    let lines = shown.iter().map(|(name, serial, until, fingerprint)| {
        format!("{name}  serial number {serial}  until {until}  sha256 {fingerprint}\n")
    });
    let values = shown.iter().map(
        |(name, serial, until, fingerprint)| json!({ "Name": name, "Serial": serial, "Until": until, "Sha256": fingerprint }),
    );
    Some(Part {
        file: file.into(),
        digest: Some(digest.to_string()),
        summary: format!("sha256 {digest}"),
        text: lines.collect(),
        values: values.collect(),
    })
}

fn one(file: &Path) -> Result<Vec<Part>, ConfigError> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let part = if name.contains("local") {
        settings(&load_local(file)?, &local::SCHEMA)
    } else if name.contains("documents") {
        document_part(file, &documents::load(file)?)
    } else if name == "terms.toml" {
        let folder = file.parent().unwrap_or(Path::new(""));
        terms_part(folder, &catalogue::load(folder)?)
    } else {
        settings(&load_master(file)?, &master::SCHEMA)
    };
    Ok(vec![part])
}

/// The values of a file with sections: as TOML, each with the line it stands on, and as JSON.
fn settings<C: Clone + Default>(loaded: &Loaded<C>, schema: &Schema<C>) -> Part {
    let mut text = Vec::new();
    let mut values = Map::new();
    for section in schema.sections {
        let mut pairs = Map::new();
        if !section.name.is_empty() {
            text.push(format!("\n[{}]\n", section.name));
        }
        for key in section.keys {
            let value = key.field.value(&loaded.value);
            let origin = loaded.line_of(section.name, key.name).map_or("default".into(), |line| format!("line {line}"));
            text.push(match &value {
                Some(value) => format!("{} = {value}  # {origin}\n", key.name),
                None => format!("# {} is not set\n", key.name),
            });
            pairs.insert(key.name.into(), json!(value));
        }
        if section.name.is_empty() {
            values.extend(pairs);
        } else {
            values.insert(section.name.into(), Value::Object(pairs));
        }
    }
    for list in schema.lists {
        let mut records = Vec::new();
        for record in list.records(&loaded.value) {
            text.push(format!("\n[[{}]]\n", list.name));
            let mut pairs = Map::new();
            for key in list.record.keys {
                let value = key.field.value(&record);
                text.extend(value.as_ref().map(|value| format!("{} = {value}\n", key.name)));
                pairs.insert(key.name.into(), json!(value));
            }
            records.push(Value::Object(pairs));
        }
        values.insert(list.name.into(), Value::Array(records));
    }
    Part {
        file: loaded.path.clone(),
        digest: Some(loaded.digest.to_string()),
        summary: format!("sha256 {}", loaded.digest),
        text: text.concat().trim_start().into(),
        values: Value::Object(values),
    }
}

fn document_part(file: &Path, documents: &[crate::rules::DocumentKind]) -> Part {
    let lines =
        documents.iter().map(|kind| format!("{}  {}, {} security features\n", kind.id, kind.name.en, kind.features.len()));
    Part {
        file: file.into(),
        digest: None,
        summary: format!("{} documents", documents.len()),
        text: lines.collect(),
        values: json!(documents),
    }
}

fn terms_part(folder: &Path, catalogue: &TermsCatalogue) -> Part {
    let lines = catalogue.all().iter().map(|terms| {
        let language = terms.language.code();
        format!(
            "{} {} {language}  from {}  sha256 {}  {}\n",
            terms.id, terms.version, terms.valid_from, terms.digest, terms.title
        )
    });
    let values = catalogue.all().iter().map(|terms| {
        json!({
            "Id": terms.id, "Certificate": terms.certificate, "Version": terms.version, "Language": terms.language,
            "Title": terms.title, "ValidFrom": terms.valid_from, "Digest": terms.digest,
        })
    });
    Part {
        file: folder.join("terms.toml"),
        digest: None,
        summary: format!("{} texts", catalogue.all().len()),
        text: lines.collect(),
        values: values.collect(),
    }
}

fn good(parts: &[Part], show: bool, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        let files = parts.iter().map(|part| {
            let mut file = json!({ "file": part.file.display().to_string(), "sha256": part.digest });
            if let (true, Value::Object(file)) = (show, &mut file) {
                file.insert("values".into(), part.values.clone());
            }
            file
        });
        let document = json!({ "ok": true, "files": files.collect::<Vec<_>>(), "code": null, "problems": [] });
        return writeln!(out, "{document}");
    }
    for part in parts {
        if show {
            writeln!(out, "# {}: {}\n{}", part.file.display(), part.summary, part.text)?;
        } else {
            writeln!(out, "{}: good ({})", part.file.display(), part.summary)?;
        }
    }
    Ok(())
}

fn broken(error: &ConfigError, json: bool) -> io::Result<()> {
    if json {
        let document = json!({ "ok": false, "files": [], "code": error.code(), "problems": error.diagnostics() });
        writeln!(io::stdout().lock(), "{document}")?;
    }
    // Each mistake on a line that editors understand, then what it means.
    exit::say(error);
    exit::complain(error.code(), &"the configuration is not good");
    Ok(())
}
