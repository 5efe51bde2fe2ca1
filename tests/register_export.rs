//! An export stands alone: `sha256sum` and the program find it whole, and every change in it is found.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use bam_station::{
    digest::Digest,
    register::{ControlFilter, ExportError, ExportTarget, FinishedControl, Head, JournalEntry, Register, verify_export},
    rules::{CertificateKind, Function},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::spine::station;

/// What somebody does to an export.
type Change = Box<dyn Fn(&Path)>;

const EXPORTED: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
const OTHER: &str = "01890a5d-ac96-774b-bcce-b302099a8058";

fn at() -> Timestamp {
    "2026-05-17T08:15:00.5Z".parse().unwrap()
}

/// Two approved controls, one after the other, each with a scan; the first one is delivered.
fn register() -> (TempDir, Register) {
    let folder = tempfile::tempdir().unwrap();
    let mut register = Register::open(&folder.path().join("register")).unwrap();
    for (control, name, function) in [(OTHER, "Ola Hemmelig", Function::Renewal), (EXPORTED, "Kari Synlig", Function::NewCard)] {
        let scan = register.evidence().put(format!("scan of {name}").as_bytes()).unwrap();
        let terms = register.evidence().put(b"the terms").unwrap();
        let events = json!({ "name": name, "scan": scan, "terms": terms });
        register.append(control, &[JournalEntry::new("scan-taken", &events).unwrap()], at()).unwrap();
        let report = register.evidence().put(format!("report of {name}").as_bytes()).unwrap();
        let finished = FinishedControl {
            control: control.into(),
            report: Some(report),
            function,
            certificate: CertificateKind::Qualified,
            outcome: "approved".into(),
            completed_at: at(),
        };
        register.register_control(&finished, &[JournalEntry::new("approved", &report).unwrap()], true, at()).unwrap();
    }
    register.record_receipt(EXPORTED, "a receipt", at()).unwrap();
    let later = JournalEntry::new("handed-back", &json!({ "name": "Ola Hemmelig" })).unwrap();
    register.append(OTHER, &[later], at()).unwrap();
    (folder, register)
}

fn new_cards() -> ControlFilter {
    ControlFilter { function: Some(Function::NewCard), ..ControlFilter::default() }
}

fn exported() -> (TempDir, PathBuf) {
    let (folder, register) = register();
    let place = folder.path().join("export");
    let exported = register.export(&new_cards(), &ExportTarget::Folder(place.clone()), at(), &mut |_, _| {}).unwrap();
    assert_eq!((exported.controls, exported.head), (1, register.head().unwrap()));
    (folder, place)
}

fn problems(place: &Path) -> Vec<String> {
    verify_export(place, &[], &mut |_, _| {}).unwrap().problems
}

fn sha256sum(place: &Path) -> bool {
    Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(place)
        .status()
        .unwrap()
        .success()
}

#[test]
fn a_folder_is_whole_and_tells_nothing_about_others() {
    let (_folder, place) = exported();
    assert_eq!(problems(&place), Vec::<String>::new());
    assert!(sha256sum(&place));
    let mut everything = Vec::new();
    let mut open = vec![place.clone()];
    while let Some(inside) = open.pop() {
        for entry in fs::read_dir(inside).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { everything.extend(fs::read(path).unwrap()) }
        }
    }
    let text = String::from_utf8(everything).unwrap();
    assert!(text.contains("Kari Synlig") && text.contains("a receipt") && text.contains("the terms"));
    assert!(!text.contains("Ola Hemmelig"), "the other control is there by its commitment alone");
    assert!(text.contains(OTHER), "its entry after the first exported one is in the section");
}

#[test]
fn a_zip_file_is_whole_and_opens_with_other_tools() {
    let (folder, register) = register();
    let zip = folder.path().join("export.zip");
    register.export(&ControlFilter::default(), &ExportTarget::Zip(zip.clone()), at(), &mut |_, _| {}).unwrap();
    assert_eq!(problems(&zip), Vec::<String>::new());
    let unpacked = folder.path().join("unpacked");
    let script = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
    assert!(Command::new("python3").args(["-c", script]).args([&zip, &unpacked]).status().unwrap().success());
    assert!(sha256sum(&unpacked));
    assert_eq!(problems(&unpacked), Vec::<String>::new());
    assert_eq!(fs::read(unpacked.join(format!("controls/{OTHER}/report.pdf"))).unwrap(), b"report of Ola Hemmelig");

    let mut bytes = fs::read(&zip).unwrap();
    let scan = bytes.windows(12).position(|window| window == b"scan of Kari").unwrap();
    bytes[scan] ^= 1;
    fs::write(&zip, bytes).unwrap();
    assert!(problems(&zip).iter().any(|problem| problem.starts_with("evidence/") && problem.ends_with("was changed")));
}

#[test]
fn nothing_is_written_over_and_nothing_is_exported_of_nothing() {
    let (folder, register) = register();
    let export = |filter: &ControlFilter, target: &ExportTarget| register.export(filter, target, at(), &mut |_, _| {});
    let full = folder.path().join("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("mine"), "mine").unwrap();
    let refused = export(&new_cards(), &ExportTarget::Folder(full.clone())).unwrap_err();
    assert_eq!(refused.code(), "EXPORT_TARGET_EXISTS");
    let file = full.join("mine");
    assert!(matches!(export(&new_cards(), &ExportTarget::Zip(file.clone())), Err(ExportError::TargetExists(_))));
    assert_eq!(fs::read(file).unwrap(), b"mine");
    let pin = ControlFilter { function: Some(Function::PinUnlock), ..ControlFilter::default() };
    let target = folder.path().join("nothing");
    assert!(matches!(export(&pin, &ExportTarget::Folder(target.clone())), Err(ExportError::NothingToExport)));
    assert!(!target.exists());
}

/// The forger keeps manifest and sums in step with the change, so that only what they say can give the forger away.
fn rewrite_sums(place: &Path) {
    let mut manifest: Value = serde_json::from_slice(&fs::read(place.join("manifest.json")).unwrap()).unwrap();
    let mut sums = String::new();
    for (name, file) in manifest["files"].as_object_mut().unwrap() {
        let bytes = fs::read(place.join(name)).unwrap();
        *file = json!({ "sha256": Digest::of(&bytes), "bytes": bytes.len() });
    }
    let text = serde_json::to_vec_pretty(&manifest).unwrap();
    let mut files: Vec<(String, Digest)> = vec![("manifest.json".into(), Digest::of(&text))];
    for (name, file) in manifest["files"].as_object().unwrap() {
        files.push((name.clone(), file["sha256"].as_str().unwrap().parse().unwrap()));
    }
    files.sort();
    for (name, digest) in files {
        sums.push_str(&format!("{digest}  {name}\n"));
    }
    fs::write(place.join("manifest.json"), text).unwrap();
    fs::write(place.join("SHA256SUMS"), sums).unwrap();
}

#[test]
fn every_change_is_found_also_when_the_sums_are_made_to_fit() {
    let report = format!("controls/{EXPORTED}/report.pdf");
    let receipt = format!("controls/{EXPORTED}/receipt.json");
    let scan = format!("evidence/{}", Digest::of(b"scan of Kari Synlig"));
    let replace = |file: &str, old: &str, new: &str| {
        let (file, old, new) = (file.to_owned(), old.to_owned(), new.to_owned());
        Box::new(move |place: &Path| {
            let text = fs::read_to_string(place.join(&file)).unwrap();
            assert!(text.contains(&old), "{file}: {old}");
            fs::write(place.join(&file), text.replacen(&old, &new, 1)).unwrap();
        }) as Change
    };
    let drop_line = |at: usize| {
        Box::new(move |place: &Path| {
            let text = fs::read_to_string(place.join("chain.jsonl")).unwrap();
            let mut lines: Vec<&str> = text.lines().collect();
            lines.remove(if at == usize::MAX { lines.len() - 1 } else { at });
            fs::write(place.join("chain.jsonl"), lines.join("\n")).unwrap();
        }) as Change
    };
    let changes: Vec<(Change, &str)> = vec![
        (replace(&report, "Kari", "Pari"), "report is not the one"),
        (replace(&receipt, "a receipt", "b receipt"), "receipt is not the one"),
        (replace(&scan, "Kari", "Pari"), "is not what its name says"),
        (replace("chain.jsonl", "Kari", "Pari"), "entry"),
        (replace("chain.jsonl", "scan-taken", "scan-token"), "was changed"),
        (drop_line(0), "entry"),
        (drop_line(1), "missing or out of order"),
        (drop_line(usize::MAX), "does not end with the head"),
        (replace("manifest.json", "new-card", "renewal"), "does not say what the chain says"),
        (replace("manifest.json", "\"purged\": false", "\"purged\": true"), "no tombstone"),
    ];
    for (number, (change, found)) in changes.iter().enumerate() {
        let (_folder, place) = exported();
        change(&place);
        assert!(!problems(&place).is_empty() && !sha256sum(&place), "change {number} under the old sums");
        rewrite_sums(&place);
        let problems = problems(&place);
        assert!(problems.iter().any(|problem| problem.contains(found)), "change {number}: {found}: {problems:?}");
    }
}

/// The forger takes a picture away, and its line in the manifest and in the sums, and what the manifest says of the control.
#[test]
fn evidence_that_is_left_out_with_every_trace_in_the_manifest_is_found() {
    let data = tempfile::tempdir().unwrap();
    let output = station(data.path(), &["control", "config/examples/qualified-passport.toml", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let place = data.path().join("export");
    let export = ["register", "export", place.to_str().unwrap(), "--outcome", "approved", "--json"];
    assert_eq!(station(data.path(), &export).status.code(), Some(0));
    assert_eq!(problems(&place), Vec::<String>::new());
    let manifest = fs::read(place.join("manifest.json")).unwrap();
    let names: Vec<String> =
        fs::read_dir(place.join("evidence")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    // Terms, strokes, their picture, raw scan, upright scan.
    assert_eq!(names.len(), 5);
    for name in names {
        let file = place.join("evidence").join(&name);
        let bytes = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let mut changed: Value = serde_json::from_slice(&manifest).unwrap();
        changed["files"].as_object_mut().unwrap().remove(&format!("evidence/{name}")).unwrap();
        let listed = changed["controls"][0]["evidence"].as_array_mut().unwrap();
        listed.retain(|digest| digest != &name);
        fs::write(place.join("manifest.json"), serde_json::to_vec(&changed).unwrap()).unwrap();
        rewrite_sums(&place);
        let problems = problems(&place);
        assert!(problems.len() == 1 && problems[0].contains(&name) && problems[0].contains("left out"), "{problems:?}");
        fs::write(file, bytes).unwrap();
    }
}

#[test]
fn files_that_are_missing_or_besides_are_found() {
    let (_folder, place) = exported();
    fs::write(place.join("evidence/more"), "more").unwrap();
    assert_eq!(problems(&place), ["there is a file that the manifest does not name"]);
    fs::remove_file(place.join("evidence/more")).unwrap();
    fs::remove_file(place.join("README.txt")).unwrap();
    assert_eq!(problems(&place), ["README.txt is missing"]);
    let (_folder, place) = exported();
    fs::remove_file(place.join("SHA256SUMS")).unwrap();
    assert!(problems(&place)[0].starts_with("SHA256SUMS is missing"));
    fs::write(place.join("manifest.json"), "[]").unwrap();
    assert!(problems(&place)[0].starts_with("manifest.json is not"));
}

#[test]
fn a_head_that_others_keep_must_stand_in_the_section() {
    let (folder, place) = exported();
    let head = Register::open_read_only(&folder.path().join("register")).unwrap().head().unwrap();
    let other = Head { seq: head.seq, hash: Digest::of(b"another") };
    let report = verify_export(&place, &[head, other], &mut |_, _| {}).unwrap();
    assert_eq!((report.missing_heads.clone(), report.holds()), (vec![other], false));
}

#[test]
fn a_whole_control_is_exported_and_checked_on_the_command_line() {
    let data = tempfile::tempdir().unwrap();
    let output = station(data.path(), &["control", "config/examples/qualified-passport.toml", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let place = data.path().join("export.zip");
    let place = place.to_str().unwrap();
    let output = station(data.path(), &["register", "export", place, "--outcome", "approved", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    // Chain, report, receipt, terms, strokes, their picture, raw scan, upright scan, README.
    assert_eq!((&answer["exported"]["controls"], &answer["exported"]["files"]), (&json!(1), &json!(9)), "{answer}");
    let output = station(data.path(), &["register", "verify", "--export", place, "--json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &answer["valid"]), (Some(0), &json!(true)), "{answer}");
    fs::write(place, [0; 100]).unwrap();
    assert_eq!(station(data.path(), &["register", "verify", "--export", place]).status.code(), Some(3));
}
