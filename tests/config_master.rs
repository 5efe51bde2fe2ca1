//! MASTER.toml: what a good file says, its defaults, its description and its reference page.

use std::{collections::BTreeSet, fs, path::Path};

use bam_station::{
    config::{
        Broken, Loaded, Master, load_local, load_master, local, master, reference,
        schema::{Field, Schema},
    },
    digest::Digest,
    rules::{CertificateKind, IssueProcess, LraMode, issue_process::FLAGS},
};

fn master(content: &str) -> Loaded<Master> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("MASTER.toml");
    fs::write(&path, content).unwrap();
    load_master(&path).unwrap_or_else(|error| panic!("{error}"))
}

/// Any point of Edwards25519 will do: the base point (RFC 8032 §5.1).
const BASE_POINT: &str = "5866666666666666666666666666666666666666666666666666666666666666";

#[test]
fn the_shipped_files_load_with_the_strict_defaults() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = load_master(&root.join("MASTER.toml")).unwrap();
    assert_eq!(shipped.value.issue_process, IssueProcess::default());
    assert_eq!(shipped.value.common.lra_mode, LraMode::Mixed);
    assert_eq!(shipped.digest, Digest::of(&fs::read(root.join("MASTER.toml")).unwrap()));
    let desk = load_local(&root.join("config/LOCAL.toml")).unwrap();
    assert!(desk.value.training);
}

#[test]
fn a_file_with_only_the_company_name_is_the_strictest() {
    let least = master("[Common]\nCompanyName = \"  Blåbærøya sykehus \"\n");
    assert_eq!(least.value.common.company_name, "Blåbærøya sykehus");
    assert_eq!(least.value.common.lra_mode, LraMode::Mixed);
    assert_eq!(least.value.issue_process, IssueProcess::default());
    assert!(least.value.delivery.archive().is_none());
    assert_eq!(least.line_of("Common", "CompanyName"), Some(2));
    assert_eq!(least.line_of("Common", "LraMode"), None);
}

#[test]
fn every_flag_reaches_its_own_place() {
    let strict = IssueProcess::default();
    type Flag = (&'static str, fn(&IssueProcess) -> bool);
    let flags: [Flag; 6] = [
        ("ThirdPartyIdControl", |flags| flags.third_party_id_control),
        ("AllowOperatorIdentification", |flags| flags.allow_operator_identification),
        ("RequireTermsForLocal", |flags| flags.require_terms_for_local),
        ("RequireSignatureForLocal", |flags| flags.require_signature_for_local),
        ("RequireScanForLocal", |flags| flags.require_scan_for_local),
        ("RequireScanForReplacement", |flags| flags.require_scan_for_replacement),
    ];
    for (name, get) in flags {
        let turned = master(&format!("[Common]\nCompanyName = \"A\"\n[IssueProcess]\n{name} = {}\n", !get(&strict)));
        for (other, get) in flags {
            assert_eq!(get(&turned.value.issue_process) != get(&strict), other == name, "{name} changed {other}");
        }
    }
    let limits = master("[Common]\nCompanyName = \"A\"\n[IssueProcess]\nMaxSignatureAttempts = 7\nMaxScanAttempts = 9\n");
    let flags = limits.value.issue_process;
    assert_eq!((flags.max_signature_attempts, flags.max_scan_attempts), (7, 9));
}

#[test]
fn the_mode_decides_what_is_issued() {
    for (word, local, qualified) in [("Local", true, false), ("Buypass", false, true), ("Mixed", true, true)] {
        let loaded = master(&format!("[Common]\nLraMode = \"{word}\"\nCompanyName = \"A\"\n")).value;
        assert_eq!(loaded.issues(CertificateKind::Local), local, "{word}");
        assert_eq!(loaded.issues(CertificateKind::Qualified), qualified, "{word}");
    }
}

#[test]
fn an_archive_is_named_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("MASTER.toml");
    let head = "[Common]\nCompanyName = \"A\"\n[Terms]\nFolder = \"/srv/terms\"\n[Delivery]\n";
    let keys = [
        "ArchiveUrl = \"https://archive.example.org/v1\"".into(),
        "ArchiveCa = \"ca.pem\"".into(),
        format!("ReceiptKey = \"{BASE_POINT}\""),
        "ClientCertificate = \"keys/client.pem\"".into(),
        "ClientKey = \"/etc/keys/client.key\"".to_owned(),
    ];
    fs::write(&path, format!("{head}{}\n", keys.join("\n"))).unwrap();
    let loaded = load_master(&path).unwrap();
    let archive = loaded.value.delivery.archive().unwrap();
    assert_eq!(archive.url, "https://archive.example.org/v1");
    // Files are taken from the folder of MASTER.toml, unless they are absolute.
    assert_eq!(archive.ca, folder.path().join("ca.pem"));
    assert_eq!(archive.client_certificate, folder.path().join("keys/client.pem"));
    assert_eq!(archive.client_key, Path::new("/etc/keys/client.key"));
    assert_eq!(loaded.value.terms.folder.as_deref(), Some(Path::new("/srv/terms")));
    assert_eq!(Digest::from_bytes(*archive.receipt_key.as_bytes()).to_string(), BASE_POINT);

    for missing in 0..keys.len() {
        let rest: Vec<_> = keys.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, key)| key.as_str()).collect();
        fs::write(&path, format!("{head}{}\n", rest.join("\n"))).unwrap();
        let error = load_master(&path).unwrap_err();
        assert_eq!((error.kind(), error.code()), (Broken::Contradiction, "CONFIG_CONTRADICTION"));
        let found = &error.diagnostics()[0];
        assert_eq!((found.line, found.column), (6, 1), "{found}");
        assert!(found.message.contains(keys[missing].split(' ').next().unwrap()), "{found}");
        assert!(found.allowed.contains("all five keys"), "{found}");
    }
}

#[test]
fn an_archive_is_reached_over_https_alone_and_its_key_is_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("MASTER.toml");
    let wrong_values = [
        ("ArchiveUrl", "http://archive.example.org", "not an https address"),
        ("ArchiveUrl", "archive.example.org", "not an address"),
        ("ArchiveUrl", "https://", "not an address"),
        ("ArchiveUrl", "https://user:secret@archive.example.org", "names a user"),
        ("ArchiveUrl", "https://archive.example.org/?a=b", "query"),
        ("ReceiptKey", "abc", "no Ed25519 public key"),
        // Not the coordinate of any point.
        ("ReceiptKey", "0200000000000000000000000000000000000000000000000000000000000000", "no Ed25519 public key"),
    ];
    for (key, value, wrong) in wrong_values {
        fs::write(&path, format!("[Common]\nCompanyName = \"A\"\n[Delivery]\n{key} = \"{value}\"\n")).unwrap();
        let error = load_master(&path).unwrap_err();
        let found = &error.diagnostics()[0];
        assert_eq!((found.line, found.column), (4, key.len() + 4), "{found}");
        assert!(found.message.contains(wrong), "{found}");
        assert!(!found.to_string().contains("secret"), "{found}");
    }
}

fn description_is_sound<C: Clone + Default>(schema: &Schema<C>) {
    let mut names = BTreeSet::new();
    for section in schema.sections {
        assert!(!section.about.is_empty());
        for key in section.keys {
            assert!(names.insert((section.name, key.name)), "{} is described twice", key.name);
            assert!(key.effect.ends_with('.') || key.effect.ends_with(").\""), "{}: {}", key.name, key.effect);
            assert!(!key.field.allowed().is_empty());
            if let Field::Choice { of, get, set } = &key.field {
                for word in *of {
                    let mut config = C::default();
                    assert!(set(&mut config, word), "{} does not take {word}", key.name);
                    assert_eq!(get(&config), *word);
                }
                assert!(!set(&mut C::default(), "another word"));
            }
        }
    }
}

#[test]
fn the_descriptions_name_each_key_once_and_their_words_are_taken() {
    description_is_sound(&master::SCHEMA);
    description_is_sound(&local::SCHEMA);
}

#[test]
fn the_description_of_issue_process_is_that_of_the_rules() {
    let section = master::SCHEMA.section("IssueProcess").unwrap();
    assert_eq!(section.keys.len(), FLAGS.len());
    for (key, flag) in section.keys.iter().zip(FLAGS) {
        assert_eq!(key.name, flag.name);
        assert_eq!(key.field.default_value().unwrap().to_string(), flag.default_value());
        assert!(key.field.allowed().starts_with(flag.allowed()), "{}: {}", key.name, key.field.allowed());
    }
}

#[test]
fn the_reference_page_is_the_one_that_the_descriptions_make() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    if std::env::var_os("BAM_STATION_WRITE_DOCS").is_some() {
        fs::write(&path, reference::page()).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    assert!(page == reference::page(), "write it anew: BAM_STATION_WRITE_DOCS=1 cargo test reference_page");
    assert!(page.contains("| `MaxScanAttempts` | a whole number from 1 to 20 | `5` |"));
    assert!(page.contains("| `CompanyName` | a text of 1 to 200 characters on one line | must be given |"));
}

/// The reference page and the screens say since when a key is there: no later than this program.
#[test]
fn every_key_is_there_since_a_version_that_has_been() {
    let version = |text: &str| -> Vec<u32> { text.split('.').map(|part| part.parse().unwrap()).collect() };
    let now = version(env!("CARGO_PKG_VERSION"));
    let records = master::SCHEMA.lists.iter().map(|list| &list.record);
    let shared = master::SCHEMA.sections.iter().chain(records).flat_map(|section| section.keys.iter().map(|key| key.since));
    let own = local::SCHEMA.sections.iter().flat_map(|section| section.keys.iter().map(|key| key.since));
    for since in shared.chain(own) {
        assert!(version(since).len() == 3 && version(since) <= now, "{since}");
    }
}
