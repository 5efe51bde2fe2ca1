//! MASTER.toml signed by an administrator: what a desk accepts, what it refuses, and the chain of all versions.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use bam_station::{
    config::{
        Administrator, Administrators, load_master,
        signature::{self, CONTEXT, Seen, check, history, history_file, sign, signature_file},
    },
    digest::Digest,
};
use ed25519_dalek::SigningKey;
use jiff::Timestamp;

const FIRST: &str = "[Common]\nCompanyName = \"A\"\n";
const SECOND: &str = "[Common]\nCompanyName = \"A\"\n[IssueProcess]\nThirdPartyIdControl = true\n";

struct Office {
    folder: tempfile::TempDir,
    key: SigningKey,
}

impl Office {
    /// FIRST, signed as version 1.
    fn new() -> Self {
        let office = Self { folder: tempfile::tempdir().unwrap(), key: SigningKey::from_bytes(&[7; 32]) };
        office.change(FIRST, "the beginning");
        office
    }

    fn master(&self) -> PathBuf {
        self.folder.path().join("MASTER.toml")
    }

    fn change(&self, text: &str, why: &str) {
        fs::write(self.master(), text).unwrap();
        sign(&self.master(), &self.key, "Kari", why, Timestamp::UNIX_EPOCH).unwrap();
    }

    fn desk(&self) -> Administrators {
        let keys = vec![Administrator { key: self.key.verifying_key(), name: "Kari Nordmann".into() }];
        Administrators { require_signed_master: true, keys, ..Administrators::default() }
    }

    fn check(&self, seen: Option<Seen>) -> Result<signature::Signer, &'static str> {
        let digest = Digest::of(&fs::read(self.master()).unwrap());
        check(&self.master(), digest, &self.desk(), seen).map_err(|error| error.code())
    }
}

#[test]
fn a_signed_file_counts_and_its_signer_has_the_name_of_the_desk() {
    let office = Office::new();
    office.change(SECOND, "vouching agreed with security");
    let signer = office.check(None).unwrap();
    assert_eq!((signer.name.as_str(), signer.version), ("Kari Nordmann", 2));
    let statement = &history(&office.master()).unwrap()[1].statement;
    assert_eq!(statement.sha256, load_master(&office.master()).unwrap().digest);
    assert_eq!(statement.values["IssueProcess.ThirdPartyIdControl"], true);
}

#[test]
fn every_way_in_which_a_signature_does_not_count_has_its_own_code() {
    let office = Office::new();
    let signature = signature_file(&office.master());
    let good = fs::read_to_string(&signature).unwrap();

    fs::remove_file(&signature).unwrap();
    assert_eq!(office.check(None), Err("MASTER_UNSIGNED"));
    for unreadable in [&good[..good.len() - 1], &good[..200], "\n", "so signed\n", &format!("{}\n", &good[..129])] {
        fs::write(&signature, unreadable).unwrap();
        assert_eq!(office.check(None), Err("MASTER_SIGNATURE_UNREADABLE"), "{unreadable}");
    }
    fs::write(&signature, [0xFF, b'\n']).unwrap();
    assert_eq!(office.check(None), Err("MASTER_SIGNATURE_UNREADABLE"));
    // Another version in the same signature; another signature for the same statement.
    for forged in [
        good.replace("\"version\":1", "\"version\":9"),
        good.replace("Kari", "Olga"),
        format!("{}{}", "0".repeat(128), &good[128..]),
    ] {
        assert_ne!(forged, good);
        fs::write(&signature, &forged).unwrap();
        assert_eq!(office.check(None), Err("MASTER_SIGNATURE_FORGED"), "{forged}");
    }
    // A weak key, under which a signature of zeros would verify for anything.
    let weak = format!("{}{}", "0".repeat(128), &good[128..]);
    let key = Digest::from_bytes(office.key.verifying_key().to_bytes()).to_string();
    fs::write(&signature, weak.replace(&key, &format!("01{}", "0".repeat(62)))).unwrap();
    assert_eq!(office.check(None), Err("MASTER_SIGNATURE_FORGED"));

    fs::write(&signature, &good).unwrap();
    office.check(None).unwrap();
    let stranger = SigningKey::from_bytes(&[8; 32]);
    sign(&office.master(), &stranger, "Kari Nordmann", "mine now", Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(office.check(None), Err("MASTER_SIGNER_UNKNOWN"));
}

#[test]
fn a_file_cut_exactly_at_the_end_of_a_line_is_not_the_signed_one() {
    let office = Office::new();
    office.change(SECOND, "vouching");
    let lines: Vec<_> = SECOND.split_inclusive('\n').collect();
    for kept in 2..lines.len() {
        fs::write(office.master(), lines[..kept].concat()).unwrap();
        load_master(&office.master()).unwrap();
        assert_eq!(office.check(None), Err("MASTER_NOT_AS_SIGNED"));
    }
}

#[test]
fn an_older_version_does_not_come_back() {
    let office = Office::new();
    let old = fs::read(signature_file(&office.master())).unwrap();
    office.change(SECOND, "vouching");
    let seen = Some(Seen { version: 2, sha256: Digest::of(SECOND.as_bytes()) });
    office.check(seen).unwrap();
    fs::write(office.master(), FIRST).unwrap();
    fs::write(signature_file(&office.master()), &old).unwrap();
    office.check(None).unwrap();
    assert_eq!(office.check(seen), Err("MASTER_ROLLED_BACK"));
    // A second version 2 is not the one that was in force.
    fs::remove_file(history_file(&office.master())).unwrap();
    office.change("[Common]\nCompanyName = \"B\"\n", "another");
    assert_eq!(office.check(seen), Err("MASTER_ROLLED_BACK"));
    // The old rules come back when they are signed anew.
    office.change(FIRST, "no vouching after all");
    assert_eq!(office.check(seen).unwrap().version, 3);
}

#[test]
fn a_history_with_any_line_changed_or_gone_is_broken() {
    let office = Office::new();
    office.change(SECOND, "vouching");
    office.change(FIRST, "no vouching");
    let path = history_file(&office.master());
    let good = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = good.split_inclusive('\n').collect();
    assert_eq!(history(&office.master()).unwrap().len(), 3);
    let broken = |text: &str, line: usize| {
        fs::write(&path, text).unwrap();
        let error = history(&office.master()).unwrap_err();
        assert_eq!(error.code(), "MASTER_HISTORY_BROKEN");
        assert!(error.to_string().contains(&format!("MASTER.toml.history:{line}: ")), "{error}");
    };
    broken(&[lines[0], lines[2]].concat(), 2);
    broken(&[lines[0], lines[2], lines[1]].concat(), 2);
    broken(&[lines[0], lines[0], lines[1], lines[2]].concat(), 2);
    broken(&good.replace("no vouching", "mo vouching"), 3);
    broken(good.trim_end(), 3);
    broken(&format!("{good}{}", "x\n"), 4);
    // Nothing is signed on top of a broken chain.
    let error = sign(&office.master(), &office.key, "Kari", "more", Timestamp::UNIX_EPOCH).unwrap_err();
    assert_eq!(error.code(), "MASTER_HISTORY_BROKEN");
    fs::remove_file(&path).unwrap();
    assert_eq!(history(&office.master()).unwrap_err().code(), "MASTER_NO_HISTORY");
}

#[test]
fn only_a_good_file_is_signed() {
    let office = Office::new();
    fs::write(office.master(), "[Common]\nCompanyNam = \"A\"\n").unwrap();
    let error = sign(&office.master(), &office.key, "Kari", "why", Timestamp::UNIX_EPOCH).unwrap_err();
    assert_eq!(error.code(), "CONFIG_INVALID");
    fs::write(office.master(), FIRST).unwrap();
    for (by, why) in [("", "why"), ("Kari", " "), ("Kari", "a\nb"), ("\u{1b}[31m", "why")] {
        let error = sign(&office.master(), &office.key, by, why, Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(error.code(), "MASTER_SIGNING_TEXT");
    }
    assert_eq!(history(&office.master()).unwrap().len(), 1);
}

fn station(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bam-station"));
    command.current_dir(folder).env("XDG_CONFIG_HOME", folder.join("none")).args(arguments).output().unwrap()
}

fn done(output: Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn openssl(folder: &Path, arguments: &[&str]) -> bool {
    Command::new("openssl").current_dir(folder).args(arguments).output().unwrap().status.success()
}

#[test]
fn openssl_makes_the_key_and_verifies_the_signature() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("MASTER.toml"), FIRST).unwrap();
    assert!(openssl(folder.path(), &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]));
    let sign = ["config", "sign", "--key", "key.pem", "--by", "Kari", "--why", "new"];
    done(station(folder.path(), &sign));
    let line = fs::read_to_string(at("MASTER.toml.sig")).unwrap();
    let (hex, json) = line.trim_end().split_once(' ').unwrap();
    let signature: Vec<u8> = (0..128).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    fs::write(at("signature"), signature).unwrap();
    fs::write(at("signed"), [CONTEXT, json.as_bytes()].concat()).unwrap();
    assert!(openssl(folder.path(), &["pkey", "-in", "key.pem", "-pubout", "-out", "public.pem"]));
    let verify = ["pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin", "-in", "signed", "-sigfile", "signature"];
    assert!(openssl(folder.path(), &verify));
    fs::write(at("signed"), [CONTEXT, json.replace("Kari", "Olga").as_bytes()].concat()).unwrap();
    assert!(!openssl(folder.path(), &verify));
}

#[test]
fn the_commands_make_a_key_sign_and_show_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let entry = done(station(folder.path(), &["config", "key", "kari.pem", "--name", "Kari Nordmann"]));
    assert!(entry.starts_with('"') && entry.trim_end().ends_with(" Kari Nordmann\""), "{entry}");
    // openssl reads the key, and nobody else may.
    assert!(openssl(folder.path(), &["pkey", "-in", "kari.pem", "-noout"]));
    let again = station(folder.path(), &["config", "key", "kari.pem", "--name", "Kari"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("ADMINISTRATOR_KEY_EXISTS"));

    let sign =
        |why: &str| station(folder.path(), &["config", "sign", "--key", "kari.pem", "--by", "Kari", "--why", why, "MASTER.toml"]);
    fs::write(at("MASTER.toml"), FIRST).unwrap();
    assert!(done(sign("the beginning")).contains("signed as version 1"));
    done(station(folder.path(), &["config", "set", "IssueProcess.ThirdPartyIdControl=true", "MASTER.toml"]));
    done(sign("agreed with security"));
    let shown = done(station(folder.path(), &["config", "history", "MASTER.toml"]));
    assert!(shown.contains("Kari: agreed with security"), "{shown}");
    assert!(shown.contains("\n    IssueProcess.ThirdPartyIdControl: false -> true\n"), "{shown}");
    let json: serde_json::Value = serde_json::from_str(&done(station(folder.path(), &["config", "history", "--json"]))).unwrap();
    assert_eq!(json["versions"][1]["changes"].as_array().unwrap().len(), 1);
    let broken = fs::read_to_string(at("MASTER.toml.history")).unwrap().replace("the beginning", "the begimming");
    fs::write(at("MASTER.toml.history"), broken).unwrap();
    assert_eq!(station(folder.path(), &["config", "history"]).status.code(), Some(1));

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(at("kari.pem")).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(at("kari.pem"), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(String::from_utf8_lossy(&sign("x").stderr).contains("ADMINISTRATOR_KEY_OPEN_TO_OTHERS"));
    }
    fs::write(at("no.pem"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
    #[cfg(unix)]
    fs::set_permissions(at("no.pem"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let no_key = station(folder.path(), &["config", "sign", "--key", "no.pem", "--by", "K", "--why", "w"]);
    assert!(String::from_utf8_lossy(&no_key.stderr).contains("ADMINISTRATOR_KEY_NOT_A_KEY"));
}
