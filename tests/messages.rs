//! Every command tells a fault in the same form: what happened with its code, then what to do. And what is approved is announced to the
//! issuing system by whichever command comes first.

use std::fs;

use bam_station::fault;

use crate::spine::station;

#[test]
fn every_command_tells_a_fault_with_its_code_and_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let control = station(data.path(), &["control", "config/examples/declined-terms.toml"]);
    assert_eq!(control.status.code(), Some(1), "{}", String::from_utf8_lossy(&control.stderr));
    let nowhere = data.path().join("nowhere");
    let file = nowhere.to_str().unwrap();
    let commands: [(&[&str], &str); 10] = [
        (&["control", file], "SCRIPT_UNREADABLE"),
        (&["verify", file], "FILE_UNREADABLE"),
        (&["read", file], "READ_FILE"),
        (&["register", "show", "no-such-control"], "REGISTER_NO_SUCH_CONTROL"),
        (&["register", "raise"], "NO_TIME_STAMP_AUTHORITY"),
        (&["authorisation", "announce"], "HAND_OVER_NOT_CONFIGURED"),
        (&["plan", "--function", "renewal", "--certificate", "local", "--set", "Nothing=true"], "FLAG_UNKNOWN"),
        (&["operator", "enroll", "--name", "A", "--pin-file", file], "PIN_FILE_UNREADABLE"),
        (&["config", "check", file], "CONFIG_MISSING"),
        (&["--master", file, "selftest"], "CONFIG_MISSING"),
    ];
    let commands = commands.map(|(words, code)| (data.path(), words, code));
    let nothing: [(&[&str], &str); 2] = [(&["register", "list"], "REGISTER_MISSING"), (&["deliver"], "REGISTER_MISSING")];
    let nothing = nothing.map(|(words, code)| (nowhere.as_path(), words, code));
    for (data, words, code) in commands.into_iter().chain(nothing) {
        let output = station(data, words);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_ne!(output.status.code(), Some(0), "{words:?}: {said}");
        let remedy = &fault::lookup(code).unwrap().remedy.en;
        let lines: Vec<&str> = said.lines().collect();
        let told = lines.windows(2).any(|pair| pair[0].ends_with(&format!("({code})")) && pair[1] == format!("  {remedy}"));
        assert!(told && said.contains("bam-station: "), "{words:?}: {said}");
    }
}

#[test]
fn a_scripted_control_is_announced_and_so_is_what_waits_when_reports_are_delivered() {
    let data = tempfile::tempdir().unwrap();
    let shared = data.path().join("shared");
    fs::create_dir(&shared).unwrap();
    let rules = data.path().join("MASTER.toml");
    fs::write(&rules, "[Common]\nCompanyName = \"x\"\n[HandOver]\nFolder = \"shared\"\n").unwrap();
    let rules = rules.to_str().unwrap();
    let announced = || fs::read_dir(&shared).unwrap().count();
    let control = |words: &[&str]| {
        let output = station(data.path(), &[words, &["control", "config/examples/local-id-card.toml", "--json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (document["control"].as_str().unwrap().to_owned(), said)
    };
    let (id, said) = control(&["--master", rules]);
    assert!(said.contains(&format!("authorisation open: control {id}")), "{said}");
    assert!(shared.join(format!("{id}.json")).is_file());

    // One that was approved while nobody had to be told.
    let (later, said) = control(&[]);
    assert!(!said.contains("authorisation") && announced() == 1, "{said}");
    let output = station(data.path(), &["--master", rules, "deliver", "--once"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(&format!("authorisation open: control {later}")) && announced() == 2, "{said}");
}
