//! A script that is used wrongly: what it says, how it exits, and what it must not bring about.

use std::{fs, path::Path};

use crate::spine::station;

const EXAMPLE: &str = "qualified-passport.toml";

/// The example's whole step 1.
fn identification() -> String {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples");
    let text = fs::read_to_string(examples.join(EXAMPLE)).unwrap();
    let (begin, end) = (text.find("[identification]").unwrap(), text.find("[terms]").unwrap());
    text[begin..end].to_owned()
}

#[test]
fn every_way_in_which_step_one_ends_a_control_can_be_written() {
    let ends = [
        ("method = \"no-document\"\nthen = \"come-back\"", "no-document", Some(1)),
        ("method = \"no-document\"\nthen = \"dispensation\"\nnote = \"The CA was called.\"", "no-document", Some(1)),
        ("method = \"reject-document\"\nreason = \"blurred\"", "document-rejected", Some(1)),
        ("method = \"suspect-false-document\"\nnote = \"paper\"\nresponsible_told = true", "false-document-suspected", Some(1)),
        ("method = \"abort\"\nreason = \"fire alarm\"", "aborted", Some(1)),
        ("method = \"operator\"\nstatement = \"We share an office.\"", "METHOD_NOT_IN_PLAN", Some(1)),
        ("method = \"no-document\"\nthen = \"go-home\"", "SCRIPT_WRONG", Some(2)),
        ("method = \"abort\"\nreason = \"fire alarm\"\nnote = \"x\"", "SCRIPT_WRONG", Some(2)),
    ];
    for (written, what, code) in ends {
        let folder = tempfile::tempdir().unwrap();
        let (exit, said) = run(folder.path(), &identification(), &format!("[identification]\n{written}\n"), &[]);
        assert!(exit == code && said.contains(what), "{written}: {said}");
        if what == "METHOD_NOT_IN_PLAN" {
            assert!(said.contains("aborted"), "no document was there to be rejected: {said}");
        }
    }
}

/// Runs a shipped example in which `right` is replaced; exit code and what was said, the answer included.
fn run(data: &Path, right: &str, wrong: &str, options: &[&str]) -> (Option<i32>, String) {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples");
    let mut text = fs::read_to_string(examples.join(EXAMPLE)).unwrap();
    assert!(text.contains(right), "{right}");
    text = text.replacen(right, wrong, 1);
    for key in ["strokes = \"", "picture = \""] {
        text = text.replace(key, &format!("{key}{}/", examples.display()));
    }
    let script = data.join("script.toml");
    fs::write(&script, text).unwrap();
    let data = data.join("data");
    let arguments: Vec<&str> = ["control", script.to_str().unwrap(), "--json"].iter().chain(options).copied().collect();
    let output = station(&data, &arguments);
    let said = [output.stderr, output.stdout].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn a_blocked_key_stays_blocked_whatever_a_script_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let try_pin = |pin: &str| run(folder.path(), "\"246810\"", &format!("\"{pin}\""), &[]);
    assert_eq!(run(folder.path(), "answer = \"accept\"", "answer = \"decline\"", &[]).0, Some(1), "the key is made");
    for _ in 0..2 {
        let (code, said) = try_pin("135790");
        assert!(code == Some(3) && said.contains("OPERATOR_PIN_WRONG"), "{said}");
    }
    for pin in ["135790", "135790", "246810"] {
        let (code, said) = try_pin(pin);
        assert!(code == Some(3) && said.contains("OPERATOR_KEY_BLOCKED"), "{said}");
    }
    assert_eq!(fs::read_dir(folder.path().join("data/keys/operators")).unwrap().count(), 1, "no second key is made");
}

#[test]
fn a_resolution_that_no_picture_has_is_refused_before_anything_begins() {
    let folder = tempfile::tempdir().unwrap();
    for dpi in ["0", "49", "1201", "65535", "-300", "70000"] {
        let picture = "judgement = \"good\"";
        let (code, said) = run(folder.path(), picture, &format!("{picture}\ndpi = {dpi}"), &[]);
        assert!(code == Some(2) && said.contains("SCRIPT_WRONG") && said.contains("script.toml:"), "{dpi}: {said}");
    }
    assert!(!folder.path().join("data").exists());
}

#[test]
fn an_open_control_is_aborted_with_a_reason_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = run(folder.path(), "[[scan]]", "[approval]", &[]);
    assert!(code == Some(2) && said.contains("SCRIPT_WRONG"), "{said}");
    let no_scan = "picture = \"specimen-passport.jpg\"";
    let (code, said) = run(folder.path(), no_scan, "picture = \"none.jpg\"", &[]);
    assert!(code == Some(2) && said.contains("there is no such file"), "{said}");
    let (code, said) = run(folder.path(), "answer = \"accept\"", "answer = \"decline\"", &["--abort-open", " "]);
    assert!(code == Some(2) && said.contains("TEXT_MISSING"), "{said}");
    let (code, said) = run(folder.path(), "answer = \"accept\"", "answer = \"decline\"", &["--abort-open", "left behind"]);
    assert_eq!(code, Some(1), "{said}");
}

#[test]
fn a_script_that_is_no_text_file_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let said_of = |script: &Path| {
        let output = station(&folder.path().join("data"), &["control", script.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(said_of(&folder.path().join("none.toml")).contains("there is no such file"));
    assert!(said_of(folder.path()).contains("it is a folder, a pipe or a device"));
    let binary = folder.path().join("binary.toml");
    fs::write(&binary, [0xff, 0xfe, 0]).unwrap();
    assert!(said_of(&binary).contains("it is no text in UTF-8"));
}
