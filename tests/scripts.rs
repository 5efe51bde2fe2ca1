//! Scripts: what their errors say and do not say, how they exit, and that an interrupted one goes on where it stood.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    spine::station,
    station_attended::{configuration, open},
};
use bam_station::{control::Step, device::scanner::ScanControl, station::run_script::run_script, station::script::Script};

/// A shipped example with changes, its files named by their whole path.
fn example(data: &Path, name: &str, changes: &[(&str, &str)]) -> std::path::PathBuf {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples");
    let mut text = fs::read_to_string(examples.join(name)).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    for key in ["strokes = \"", "picture = \""] {
        text = text.replace(key, &format!("{key}{}/", examples.display()));
    }
    let script = data.join("script.toml");
    fs::write(&script, text).unwrap();
    script
}

#[test]
fn what_stands_in_a_script_is_not_repeated_when_it_is_wrong() {
    let data = tempfile::tempdir().unwrap();
    let cases = [
        ("pin = \"246810\"", "pin = 246810"),
        ("last_name = \"Eriksson\"", "last_name = 246810"),
        ("birth_date = \"1974-08-12\"\nuser", "birth_date = \"246810\"\nuser"),
        ("\"12887410079\"", "\"246810\""),
        ("\"12887410079\"", "12887410079"),
        ("function = \"new-card\"", "function = \"246810\""),
        ("function = \"new-card\"", "function = \"a, expected 246810\""),
        ("user_name = \"anneri\"", "246810 = 1"),
        ("user_name = \"anneri\"", "user_name = 246810x"),
        ("user_name = \"anneri\"", "user_name = \"\\q246810\""),
        ("user_name = \"anneri\"", "user_name = \"246810"),
        ("method = \"document\"", "method = \"246810\""),
        ("number = \"L898902C3\"", "number = 246810"),
        ("dpi = 300", "dpi = 246810"),
    ];
    for (right, wrong) in cases {
        let right = if right == "dpi = 300" { "judgement = \"good\"" } else { right };
        let script = example(data.path(), "qualified-passport.toml", &[(right, wrong)]);
        let output = station(data.path(), &["control", script.to_str().unwrap(), "--json"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{wrong}: {said}");
        assert!(said.contains("SCRIPT_WRONG") && said.contains("script.toml:"), "{said}");
        assert!(!said.contains("246810") && !said.contains("12887410079"), "{wrong}: {said}");
    }
    assert!(!data.path().join("register").exists(), "a wrong script touches nothing");
}

#[test]
fn a_script_that_cannot_work_is_wrong_use() {
    let data = tempfile::tempdir().unwrap();
    let long = format!("name = \"{}\"\npin", "x".repeat(65));
    for (change, code) in [
        (("name = \"Kari Nordmann\"\npin", long.as_str()), "OPERATOR_NAME_NOT_USABLE"),
        (("last_name = \"Eriksson\"\nidentity", "last_name = \"Eriks\\nson\"\nidentity"), "PERSON_NAME_NOT_PLAIN"),
    ] {
        let script = example(data.path(), "qualified-passport.toml", &[change]);
        let output = station(data.path(), &["control", script.to_str().unwrap(), "--json"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(code), "{said}");
    }
}

#[test]
fn a_turn_that_the_power_cut_took_is_made_after_all() {
    let data = tempfile::tempdir().unwrap();
    let turned = "judgement = \"good\"\nturn = 180";
    let script = example(data.path(), "local-id-card.toml", &[("judgement = \"good\"", turned)]);
    let script = Script::load(&script).unwrap();
    let whole = tempfile::tempdir().unwrap();
    let mut station = open(whole.path(), configuration());
    run_script(&mut station, &script, Path::new(""), &mut |_| {}).unwrap();
    let expected = station.control().unwrap().scan().accepted().unwrap().scan.upright;

    // Up to the scan, and off before the turn.
    let mut station = open(data.path(), configuration());
    let stopped: std::cell::Cell<bool> = false.into();
    let mut without_scan = Script::load(&data.path().join("script.toml")).unwrap();
    without_scan.scan.clear();
    assert!(run_script(&mut station, &without_scan, Path::new(""), &mut |_| stopped.set(true)).is_err() && stopped.get());
    assert_eq!(station.control().unwrap().step(), Step::Scan);
    let picture = fs::read(&script.scan[0].picture).unwrap();
    station.lay_on_glass(&picture, script.scan[0].dpi).unwrap();
    station.scan(&ScanControl::default()).unwrap();
    drop(station);

    let mut station = open(data.path(), configuration());
    let result = run_script(&mut station, &script, Path::new(""), &mut |_| {}).unwrap();
    assert_eq!(result.resumed_at, Some(Step::Scan));
    assert_eq!(station.control().unwrap().scan().accepted().unwrap().scan.upright, expected);
}

#[test]
fn an_approved_control_is_approved_also_when_its_delivery_cannot_be_tried() {
    let data = tempfile::tempdir().unwrap();
    let key = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let master = data.path().join("MASTER.toml");
    let delivery = format!(
        "\n[Delivery]\nArchiveUrl = \"https://127.0.0.1:1\"\nArchiveCa = \"none.pem\"\nReceiptKey = \"{}\"\n\
         ClientCertificate = \"none.pem\"\nClientKey = \"none.pem\"\n",
        key_of_seed(key)
    );
    fs::write(data.path().join("none.pem"), "no certificate").unwrap();
    fs::write(&master, format!("[Common]\nCompanyName = \"A\"\nLraMode = \"Mixed\"\n{delivery}")).unwrap();
    let master = master.to_str().unwrap();
    let output = station(data.path(), &["--master", master, "control", "config/examples/qualified-passport.toml", "--json"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("DELIVERY_NO_CERTIFICATE"), "{said}");
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&result["outcome"], &result["delivered"]), (&"approved".into(), &false.into()));
    assert_eq!(result["delivery_fault"], "DELIVERY_NO_CERTIFICATE");

    let output = station(data.path(), &["--master", master, "deliver", "--once"]);
    assert_eq!(output.status.code(), Some(2), "a file without a certificate is a matter of the configuration");
}

fn key_of_seed(seed: &str) -> String {
    let bytes: Vec<u8> = (0..64).step_by(2).map(|at| u8::from_str_radix(&seed[at..at + 2], 16).unwrap()).collect();
    let key = ed25519_dalek::SigningKey::from_bytes(&bytes.try_into().unwrap()).verifying_key();
    key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_mistyped_data_folder_is_not_made_by_a_delivery() {
    let data = tempfile::tempdir().unwrap();
    let mistyped = data.path().join("dta");
    let output = station(&mistyped, &["deliver", "--once"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("REGISTER_MISSING") && !mistyped.exists());
}
