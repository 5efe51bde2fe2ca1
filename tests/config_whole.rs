//! Where the files are found, and what they must not say together.

use std::{fs, path::PathBuf};

use bam_station::config::{Broken, ConfigError, Configuration, Found, Search};

const MASTER: &str = "[Common]\nCompanyName = \"A\"\nLraMode = \"Mixed\"\n";

/// A good configuration of a training desk, to be changed by a test.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(desk.path("config/terms")).unwrap();
        desk.write("MASTER.toml", MASTER);
        desk.write("config/LOCAL.toml", "Training = true\n");
        let shipped = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config");
        desk.write("config/documents.toml", &fs::read_to_string(shipped.join("documents.toml")).unwrap());
        for file in fs::read_dir(shipped.join("terms")).unwrap().flatten() {
            fs::copy(file.path(), desk.path("config/terms").join(file.file_name())).unwrap();
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    fn load(&self) -> Result<Configuration, ConfigError> {
        Configuration::load(&Found { master: self.path("MASTER.toml"), local: self.path("config/LOCAL.toml") })
    }

    fn contradiction(&self) -> (usize, usize, String) {
        let error = self.load().unwrap_err();
        assert_eq!(error.kind(), Broken::Contradiction, "{error}");
        assert_eq!(error.diagnostics().len(), 1, "{error}");
        let found = &error.diagnostics()[0];
        assert!(found.file.ends_with("MASTER.toml") && !found.allowed.is_empty(), "{found}");
        (found.line, found.column, found.message.clone())
    }
}

#[test]
fn a_good_configuration_is_read_whole() {
    let whole = Desk::new().load().unwrap_or_else(|error| panic!("{error}"));
    assert!(whole.local.value.training && !whole.documents.is_empty() && !whole.terms.all().is_empty());
    assert!(whole.terms_folder.ends_with("config/terms"));
}

#[test]
fn qualified_certificates_outside_training_need_an_archive() {
    let desk = Desk::new();
    desk.write("config/LOCAL.toml", "Training = false\n");
    let (line, column, message) = desk.contradiction();
    assert_eq!((line, column), (3, 1), "{message}");
    assert!(message.contains("[Delivery] names no archive"), "{message}");

    // The default mode issues qualified certificates too: its section is named.
    desk.write("MASTER.toml", "\n[Common]\nCompanyName = \"A\"\n");
    assert_eq!(desk.contradiction().0, 2);
    desk.write("MASTER.toml", "[Common]\nCompanyName = \"A\"\nLraMode = \"Local\"\n");
    desk.load().unwrap();
}

#[test]
fn files_that_are_named_exist() {
    let desk = Desk::new();
    let key = "58".to_owned() + &"66".repeat(31);
    let delivery = format!(
        "{MASTER}[Delivery]\nArchiveUrl = \"https://a.example\"\nArchiveCa = \"ca.pem\"\nReceiptKey = \"{key}\"\n\
         ClientCertificate = \"client.pem\"\nClientKey = \"client.key\"\n"
    );
    desk.write("MASTER.toml", &delivery);
    desk.write("ca.pem", "-");
    desk.write("client.pem", "-");
    let (line, column, message) = desk.contradiction();
    assert_eq!((line, column), (9, 1), "{message}");
    assert!(message.contains("client.key is not a file"), "{message}");
    desk.write("client.key", "-");
    desk.load().unwrap();
}

#[test]
fn terms_that_must_be_accepted_are_there() {
    let desk = Desk::new();
    let index = fs::read_to_string(desk.path("config/terms/terms.toml")).unwrap();
    let only = |kind: &str| {
        let entries: Vec<_> = index.split("[[Terms]]").skip(1).filter(|entry| entry.contains(kind)).collect();
        format!("[[Terms]]{}", entries.join("[[Terms]]"))
    };
    desk.write("config/terms/terms.toml", &only("Certificate = \"qualified\""));
    assert!(desk.contradiction().2.contains("terms for local certificates must be accepted"));
    desk.write("MASTER.toml", &format!("{MASTER}[IssueProcess]\nRequireTermsForLocal = false\n"));
    desk.load().unwrap();
    // No flag frees qualified certificates from their terms.
    desk.write("config/terms/terms.toml", &only("Certificate = \"local\""));
    assert!(desk.contradiction().2.contains("terms for qualified certificates must be accepted"));
}

#[test]
fn a_kind_of_certificate_has_a_document_that_is_accepted_for_it() {
    let desk = Desk::new();
    let documents = fs::read_to_string(desk.path("config/documents.toml")).unwrap();
    desk.write("config/documents.toml", &documents.replace("[\"local\", \"qualified\"]", "[\"local\"]"));
    assert!(desk.contradiction().2.contains("accepts no document for them"));
}

#[test]
fn the_mistakes_of_all_files_are_told_together() {
    let desk = Desk::new();
    desk.write("MASTER.toml", "[Common]\nCompanyNam = \"A\"\n");
    desk.write("config/LOCAL.toml", "Dpi = 300\n");
    fs::remove_file(desk.path("config/documents.toml")).unwrap();
    let error = desk.load().unwrap_err();
    for (file, wrong) in [
        ("MASTER.toml:1:1", "\"CompanyName\" is missing"),
        ("MASTER.toml:2:1", "did you mean \"CompanyName\"?"),
        ("LOCAL.toml:1:1", "it belongs in [Scanner]"),
        ("documents.toml:1:1", "does not exist"),
    ] {
        assert!(error.to_string().lines().any(|line| line.contains(file) && line.contains(wrong)), "{file}: {error}");
    }
}

#[test]
fn the_terms_of_the_organisation_replace_those_beside_local_toml() {
    let desk = Desk::new();
    fs::rename(desk.path("config/terms"), desk.path("ours")).unwrap();
    desk.write("MASTER.toml", &format!("{MASTER}[Terms]\nFolder = \"ours\"\n"));
    assert_eq!(desk.load().unwrap().terms_folder, desk.path("ours"));
}

#[test]
fn the_files_are_searched_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let search = Search { working_folder: place("here"), folders: vec![place("system"), place("user")] };
    for name in ["here/config", "system", "user"] {
        fs::create_dir_all(place(name)).unwrap();
    }
    let found = || search.find(None, None);
    let error = found().unwrap_err();
    assert_eq!(error.code(), "CONFIG_MISSING");
    let told = error.to_string();
    assert!(told.contains("MASTER.toml:1:1: the file was not found; allowed: one of "), "{told}");
    for searched in ["here/MASTER.toml", "system/MASTER.toml", "user/MASTER.toml", "here/config/LOCAL.toml", "--master FILE"] {
        assert!(told.contains(searched), "{searched} is not in: {told}");
    }

    for name in ["user/MASTER.toml", "user/LOCAL.toml"] {
        fs::write(place(name), "").unwrap();
    }
    assert_eq!(found().unwrap().master, place("user/MASTER.toml"));
    fs::write(place("system/LOCAL.toml"), "").unwrap();
    let mixed = found().unwrap();
    assert_eq!((mixed.master.clone(), mixed.local.clone()), (place("user/MASTER.toml"), place("system/LOCAL.toml")));
    assert_eq!(mixed.config_folder(), place("system"));
    fs::write(place("here/MASTER.toml"), "").unwrap();
    fs::write(place("here/config/LOCAL.toml"), "").unwrap();
    assert_eq!(found().unwrap(), Found { master: place("here/MASTER.toml"), local: place("here/config/LOCAL.toml") });

    // A file that is named is taken, and is never replaced by one that is found.
    assert_eq!(search.find(Some(place("user/MASTER.toml")), None).unwrap().master, place("user/MASTER.toml"));
    let error = search.find(Some(place("absent.toml")), None).unwrap_err();
    assert!(
        error.to_string().contains("absent.toml:1:1: the file does not exist; allowed: an existing file after --master"),
        "{error}"
    );
}
