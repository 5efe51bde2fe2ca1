//! The directory from the command line and in the station: one hit is chosen, groups and conditions decide, and whoever is typed
//! instead is typed with a reason or not at all.

use std::{fs, path::Path, process::Command};

use bam_station::{
    config::{Configuration, Found},
    directory::{Query, TypedEntry},
    rules::{CertificateKind, Function, Person, conditions::Origin},
    station::{Asked, Began, PersonSource, Station},
};
use serde_json::Value;

use crate::{
    station_attended::{configuration, open, sign_in},
    support_directory::{Slapd, entry, group, person},
};

fn utopia() -> Slapd {
    Slapd::start(
        &[
            person("Anna Eriksson", "Anna Maria", "Eriksson", "anneri", ""),
            person("Anna Berg", "Anna", "Berg", "annber", ""),
            person("Gone", "Gro", "Gammel", "grogam", "userAccountControl: 514\n"),
            group("G_Local", &[entry("Anna Eriksson"), entry("Anna Berg"), entry("Gone")]),
            group("G_Qualified", &[entry("Anna Eriksson")]),
        ]
        .concat(),
    )
}

fn with(slapd: &Slapd, typed: TypedEntry) -> Configuration {
    let mut configuration = configuration();
    let directory = &mut configuration.master.value.directory;
    *directory = slapd.settings();
    directory.typed_entry = typed;
    directory.groups.local = Some("G_Local".into());
    directory.groups.qualified = Some("G_Qualified".into());
    configuration
}

fn asked(person: Person, certificate: CertificateKind, source: PersonSource) -> Asked {
    Asked { function: Function::NewCard, certificate, person, card: None, renewed_before: false, source }
}

fn refused(station: &mut Station, asked: Asked) -> &'static str {
    match station.begin(asked) {
        Err(fault) => fault.code(),
        Ok(Began::Refused(_, refusal)) => refusal.code(),
        Ok(Began::Open(_)) => panic!("it began"),
    }
}

#[test]
fn the_chosen_person_fills_the_opening_and_groups_decide() {
    let slapd = utopia();
    let data = tempfile::tempdir().unwrap();
    let mut station = open(data.path(), with(&slapd, TypedEntry::Never));
    sign_in(&mut station, "Kari Nordmann");

    let typed = crate::support::anna();
    assert_eq!(
        refused(&mut station, asked(typed.clone(), CertificateKind::Local, PersonSource::default())),
        "TYPED_ENTRY_NOT_ALLOWED"
    );
    let not_chosen = PersonSource::Entry(entry("Anna Berg"));
    assert_eq!(refused(&mut station, asked(typed, CertificateKind::Local, not_chosen)), "PERSON_NOT_CHOSEN");

    assert_eq!(station.find_the_one("anna").unwrap_err().code(), "DIRECTORY_NOT_ONE_HIT");
    assert_eq!(station.find_the_one("nobody").unwrap_err().code(), "DIRECTORY_NOT_ONE_HIT");
    let berg = station.find_the_one("annber").unwrap().hit;
    let source = PersonSource::Entry(berg.entry.clone());
    let other_name = Person { last_name: "Bergs".into(), ..berg.person.clone() };
    assert_eq!(refused(&mut station, asked(other_name, CertificateKind::Local, source.clone())), "PERSON_NOT_CHOSEN");
    assert_eq!(
        refused(&mut station, asked(berg.person.clone(), CertificateKind::Qualified, source.clone())),
        "NOT_IN_CERTIFICATE_GROUP"
    );
    let gone = station.find_the_one("grogam").unwrap().hit;
    assert_eq!(
        refused(&mut station, asked(gone.person, CertificateKind::Local, PersonSource::Entry(gone.entry))),
        "ACCOUNT_DISABLED"
    );

    // What the directory does not hold is filled in by the operator.
    let with_birth = Person { birth_date: Some("1990-05-05".parse().unwrap()), ..berg.person };
    let began = station.begin(asked(with_birth.clone(), CertificateKind::Local, source)).unwrap();
    assert!(matches!(began, Began::Open(_)));
    let opening = station.control().unwrap().opening();
    assert_eq!(opening.person, with_birth);
    let Origin::Directory(kept) = &opening.known.origin else { panic!("{:?}", opening.known) };
    assert_eq!(kept.kinds, Some(vec![CertificateKind::Local]));
    assert!(kept.entry.eq_ignore_ascii_case(&entry("Anna Berg")), "{}", kept.entry);
}

#[test]
fn whoever_is_typed_while_the_directory_is_down_is_typed_with_a_reason() {
    let mut slapd = utopia();
    let data = tempfile::tempdir().unwrap();
    let mut station = open(data.path(), with(&slapd, TypedEntry::WhenDown));
    sign_in(&mut station, "Kari Nordmann");
    let typed = |reason: Option<&str>| {
        asked(crate::support::anna(), CertificateKind::Local, PersonSource::Typed { reason: reason.map(str::to_owned) })
    };
    assert_eq!(refused(&mut station, typed(Some("I feel like it"))), "TYPED_ENTRY_NOT_ALLOWED");
    slapd.stop();
    assert_eq!(station.find_the_one("anneri").unwrap_err().code(), "DIRECTORY_UNREACHABLE");
    assert_eq!(refused(&mut station, typed(None)), "TYPED_ENTRY_NEEDS_REASON");
    assert_eq!(refused(&mut station, typed(Some(" "))), "TYPED_ENTRY_NEEDS_REASON");
    assert!(matches!(station.begin(typed(Some(" The server room is dark. "))).unwrap(), Began::Open(_)));
    let origin = station.control().unwrap().opening().known.origin.clone();
    let wanted =
        Origin::TypedInstead { reason: "The server room is dark.".into(), directory: Some("DIRECTORY_UNREACHABLE".into()) };
    assert_eq!(origin, wanted);
}

/// A folder with a MASTER.toml that names this directory.
fn office(folder: &Path, slapd: &Slapd, more: &str) -> Found {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = fs::read_to_string(root.join("MASTER.toml")).unwrap();
    let without = shipped.replace("[Directory]\n", &slapd.master());
    let master = without.replace("# END\n", &format!("{more}# END\n"));
    fs::write(folder.join("MASTER.toml"), master).unwrap();
    Found { master: folder.join("MASTER.toml"), local: root.join("config/LOCAL.toml") }
}

fn command(found: &Found, data: &Path, arguments: &[&str]) -> (i32, Value, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bam-station"));
    command.arg("--master").arg(&found.master).arg("--local").arg(&found.local).arg("--data").arg(data);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().unwrap();
    let said = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().unwrap(), said, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_command_finds_tests_and_lists_fields() {
    let slapd = utopia();
    let folder = tempfile::tempdir().unwrap();
    let found = office(folder.path(), &slapd, "");
    Configuration::load(&found).unwrap_or_else(|error| panic!("{error}"));
    let run = |arguments: &[&str]| command(&found, folder.path(), arguments);
    let (code, said, told) = run(&["directory", "find", "anna", "--json"]);
    assert_eq!((code, said["hits"].as_array().map(Vec::len)), (0, Some(2)), "{told}");
    assert_eq!(said["hits"][0]["person"]["user_name"], "annber");
    let (code, said, _) = run(&["directory", "find", "nobody", "--json"]);
    assert_eq!((code, said["hits"].as_array().map(Vec::len)), (1, Some(0)));
    let (code, said, _) = run(&["directory", "find", "02016126007", "--json"]);
    assert_eq!((code, &said["code"]), (2, &"DIRECTORY_NUMBER_NOT_HELD".into()));
    let (code, said, _) = run(&["directory", "test", "--json"]);
    assert_eq!((code, &said["tested"]["people"]), (0, &3.into()));
    let (code, said, _) = run(&["directory", "attributes", "--json"]);
    assert_eq!((code, &said["attributes"]["sAMAccountName"]), (0, &3.into()), "{said}");
    // Query::parse and the command agree about what is too little.
    assert!(Query::parse("x").is_err());
    assert_eq!(run(&["directory", "find", "x"]).0, 2);
}

#[test]
fn a_script_takes_its_person_from_the_directory() {
    let slapd = utopia();
    let folder = tempfile::tempdir().unwrap();
    let found = office(folder.path(), &slapd, "");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples");
    let text = fs::read_to_string(examples.join("declined-terms.toml")).unwrap();
    let (before, after) = text.split_once("[person]").unwrap();
    let (_, after) = after.split_once("\n[").unwrap();
    let script = |source: &str| {
        let person = "[person]\nfirst_names = \"Anna Maria\"\nlast_name = \"Eriksson\"\nuser_name = \"anneri\"\n";
        let file = folder.path().join("script.toml");
        fs::write(&file, format!("{before}{person}\n[source]\n{source}\n[{after}")).unwrap();
        let data = tempfile::tempdir().unwrap();
        command(&found, data.path(), &["control", file.to_str().unwrap(), "--json"])
    };
    let (_, said, told) = script("find = \"anneri\"");
    assert_eq!(said["outcome"], "declined", "{said} {told}");
    let (code, _, told) = script("find = \"annber\"");
    assert_eq!(code, 2);
    assert!(told.contains("PERSON_NOT_CHOSEN"), "{told}");
    let (_, _, told) = script("typed_reason = \"none\"");
    assert!(told.contains("TYPED_ENTRY_NOT_ALLOWED"), "{told}");
}
