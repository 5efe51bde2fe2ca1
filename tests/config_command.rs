//! `bam-station config check|show` as scripts and administrators use it.

use std::{fs, path::Path, process::Output};

use serde_json::Value;

fn station(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_bam-station"));
    command.current_dir(folder).env("XDG_CONFIG_HOME", folder.join("no-such-folder")).args(arguments);
    command.output().unwrap()
}

fn shipped() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_shipped_configuration_is_good() {
    let output = station(shipped(), &["config", "check"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}{}", String::from_utf8_lossy(&output.stderr));
    for file in [
        "MASTER.toml: good (sha256 ",
        "config/LOCAL.toml: good",
        "config/documents.toml: good (6 documents)",
        "terms.toml: good (6 texts)",
    ] {
        assert!(told.contains(file), "{file} is not in: {told}");
    }
}

#[test]
fn each_shipped_file_alone_is_good() {
    for file in ["MASTER.toml", "config/LOCAL.toml", "config/documents.toml", "config/terms/terms.toml"] {
        for action in ["check", "show"] {
            assert_eq!(station(shipped(), &["config", action, file]).status.code(), Some(0), "{action} {file}");
        }
    }
}

#[test]
fn a_broken_file_exits_with_2_and_names_the_place() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("MASTER.toml"), "[Common]\nCompanyName = \"A\"\nLraMode = 3\n").unwrap();
    let output = station(folder.path(), &["config", "check", "MASTER.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let told = String::from_utf8(output.stderr).unwrap();
    let line = "MASTER.toml:3:11: \"LraMode\" has a whole number as its value; allowed: \"Local\", \"Buypass\" or \"Mixed\"\n";
    assert!(
        told.starts_with(line)
            && told[line.len()..].starts_with("bam-station: the configuration is not good (CONFIG_INVALID)\n  ")
    );

    let output = station(folder.path(), &["config", "check", "MASTER.toml", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let answer = json(&output);
    assert_eq!((&answer["ok"], &answer["code"]), (&Value::Bool(false), &Value::from("CONFIG_INVALID")));
    assert_eq!((&answer["problems"][0]["line"], &answer["problems"][0]["column"]), (&Value::from(3), &Value::from(11)));
}

#[test]
fn a_folder_without_configuration_exits_with_2() {
    let folder = tempfile::tempdir().unwrap();
    for action in ["check", "show"] {
        let output = station(folder.path(), &["config", action, "--json"]);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(json(&output)["code"], "CONFIG_MISSING");
    }
    let absent = station(folder.path(), &["--master", "absent.toml", "config", "check"]);
    assert_eq!(absent.status.code(), Some(2));
    assert!(String::from_utf8(absent.stderr).unwrap().contains("absent.toml:1:1: "));
}

#[test]
fn show_prints_the_values_in_force_with_their_origin() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[Common]\nCompanyName = \"A \\\"B\\\"\"\n[IssueProcess]\nThirdPartyIdControl = true\n";
    fs::write(folder.path().join("MASTER.toml"), text).unwrap();
    let output = station(folder.path(), &["config", "show", "MASTER.toml"]);
    let told = String::from_utf8(output.stdout).unwrap();
    for line in [
        "ThirdPartyIdControl = true  # line 4",
        "MaxScanAttempts = 5  # default",
        "# ArchiveUrl is not set",
        "LraMode = \"Mixed\"  # default",
    ] {
        assert!(told.lines().any(|found| found == line), "{line} is not in: {told}");
    }
    // What is printed is itself a file that says the same.
    fs::write(folder.path().join("shown-MASTER.toml"), &told).unwrap();
    let again = json(&station(folder.path(), &["config", "show", "shown-MASTER.toml", "--json"]));
    let values = &json(&station(folder.path(), &["config", "show", "MASTER.toml", "--json"]))["files"][0]["values"];
    assert_eq!(&again["files"][0]["values"], values);
    assert_eq!(values["Common"]["CompanyName"], "A \"B\"");
    assert_eq!(values["IssueProcess"]["ThirdPartyIdControl"], true);
    assert_eq!(values["Delivery"]["ArchiveUrl"], Value::Null);
}
