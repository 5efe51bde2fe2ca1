//! The shipped examples, run through the program as its user runs it: fresh data folder, real libsane, real archive.

use std::{
    path::Path,
    process::{Command, Output},
};

use bam_station::trust::Anchors;
use serde_json::Value;

use crate::verify_tamper;

pub fn station(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bam-station"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("--data")
        .arg(data)
        .args(arguments)
        .output()
        .unwrap()
}

/// The signed report of a control that a script has run, taken out of the register.
pub fn report(data: &Path, result: &Value) -> String {
    let control = result["control"].as_str().unwrap();
    let file = data.join(control).with_extension("pdf");
    if !file.exists() {
        let output = station(data, &["register", "get", control, file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    file.to_str().unwrap().to_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}\n{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    })
}

#[test]
fn the_qualified_example_ends_signed_verified_and_acknowledged() {
    let data = tempfile::tempdir().unwrap();
    let output = station(data.path(), &["control", "config/examples/qualified-passport.toml", "--json"]);
    let result = json(&output);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(result["outcome"], "approved");
    assert_eq!(result["delivered"], true);
    let report = report(data.path(), &result);

    let anchor = data.path().join("keys/training-ca/certificate.pem");
    let verified = station(data.path(), &["verify", &report, "--trust", anchor.to_str().unwrap(), "--json"]);
    let verification = json(&verified);
    assert_eq!(verified.status.code(), Some(0), "{verification:#}");
    assert_eq!(verification["level"], "B-B");
    assert_eq!(verification["record"]["control"], result["control"]);
    assert_eq!(verification["record"]["person"]["last_name"], "Eriksson");
    assert_eq!(verification["record"]["scan"]["scan"]["upright"]["turn"].as_u64().unwrap() % 180, 90, "a passport is turned");
    assert_eq!(verification["record"]["training"], true);

    let list = json(&station(data.path(), &["register", "list", "--json"]));
    assert_eq!(list.to_string().matches(result["control"].as_str().unwrap()).count(), 1, "{list:#}");
    assert_eq!(station(data.path(), &["register", "verify", "--json"]).status.code(), Some(0));
}

#[test]
fn whoever_changes_the_real_report_is_found() {
    let data = tempfile::tempdir().unwrap();
    let result = json(&station(data.path(), &["control", "config/examples/qualified-passport.toml", "--json"]));
    let pdf = std::fs::read(report(data.path(), &result)).unwrap();
    let anchors = Anchors::from_bytes(&std::fs::read(data.path().join("keys/training-ca/certificate.pem")).unwrap()).unwrap();
    let now = jiff::Timestamp::now();
    verify_tamper::four_hundred_changes_are_found(&pdf, &anchors, now, now.as_millisecond() as u64 | 1);
    verify_tamper::appended_updates_are_found(&pdf, &anchors, now);
}

#[test]
fn the_local_example_signs_twice_and_is_not_uploaded() {
    let data = tempfile::tempdir().unwrap();
    let output = station(data.path(), &["control", "config/examples/local-id-card.toml", "--json"]);
    let result = json(&output);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((&result["outcome"], &result["delivered"]), (&"approved".into(), &false.into()));
    let report = report(data.path(), &result);
    let verification = json(&station(data.path(), &["verify", &report, "--json"]));
    assert_eq!(verification["record"]["signature"]["attempts"], 2);
    assert_eq!(verification["record"]["scan"]["scan"]["upright"]["turn"], 0, "a card lies and is not turned");
    assert!(!data.path().join("training-archive").exists(), "nothing is to be delivered, so no archive is started");
}

#[test]
fn declined_terms_issue_nothing_and_are_on_record() {
    let data = tempfile::tempdir().unwrap();
    let output = station(data.path(), &["control", "config/examples/declined-terms.toml", "--json"]);
    let result = json(&output);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        (&result["outcome"], &result["report_sha256"], &result["delivered"]),
        (&"declined".into(), &Value::Null, &false.into())
    );
    let shown = station(data.path(), &["register", "show", result["control"].as_str().unwrap(), "--json"]);
    let journal = String::from_utf8_lossy(&shown.stdout).into_owned();
    for kind in ["opened", "document-accepted", "terms-shown", "terms-declined", "handed-back"] {
        assert!(journal.contains(kind), "{kind} is missing in {journal}");
    }
}

#[test]
fn the_second_control_finds_the_operators_key_and_chains_to_the_first() {
    let data = tempfile::tempdir().unwrap();
    let run = || json(&station(data.path(), &["control", "config/examples/qualified-passport.toml", "--json"]));
    let (first, second) = (run(), run());
    assert_ne!(first["control"], second["control"]);
    assert_eq!(std::fs::read_dir(data.path().join("keys/operators")).unwrap().count(), 1);
    let record =
        |result: &Value| json(&station(data.path(), &["verify", &report(data.path(), result), "--json"]))["record"].clone();
    assert!(record(&first)["register"]["seq"].as_u64() < record(&second)["register"]["seq"].as_u64());
}

#[test]
fn a_wrong_pin_signs_nothing_and_is_counted() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(station(data.path(), &["control", "config/examples/local-id-card.toml", "--json"]).status.code(), Some(0));
    let script = std::fs::read_to_string("config/examples/local-id-card.toml").unwrap().replace("246810", "111111");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples");
    let script = script.replace("= \"signature-", &format!("= \"{}/signature-", examples.display()));
    let wrong = data.path().join("wrong.toml");
    std::fs::write(&wrong, script).unwrap();
    let output = station(data.path(), &["control", wrong.to_str().unwrap(), "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("OPERATOR_PIN_WRONG") && said.contains('2'), "{said}");
    assert!(!said.contains("111111"), "a PIN is never repeated");
    assert!(output.stdout.is_empty());
}

#[test]
fn personal_data_stays_out_of_file_names_and_of_what_is_said() {
    let data = tempfile::tempdir().unwrap();
    let output = station(data.path(), &["control", "config/examples/qualified-passport.toml"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let mut names = String::new();
    let mut folders = vec![data.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            names.push_str(&entry.file_name().to_string_lossy());
            names.push('\n');
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            }
        }
    }
    for secret in ["Eriksson", "eriksson", "12887410079", "L898902C3", "246810"] {
        assert!(!said.contains(secret), "{secret} in {said}");
        assert!(!names.contains(secret), "{secret} in {names}");
    }
}
