//! The support bundle tells how the desk is, and nothing about any person.

use std::{fs, io::Read as _, path::Path};

use bam_station::{config::Severity, station::DataFolder, station_log::StationLog};
use serde_json::Value;
use zip::ZipArchive;

use crate::spine::station;

/// The parts of a bundle by their names.
fn parts(bundle: &Path) -> Vec<(String, String)> {
    let mut archive = ZipArchive::new(fs::File::open(bundle).unwrap()).unwrap();
    (0..archive.len())
        .map(|place| {
            let mut file = archive.by_index(place).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (file.name().unwrap().into_owned(), text)
        })
        .collect()
}

fn part(parts: &[(String, String)], name: &str) -> Value {
    serde_json::from_str(&parts.iter().find(|(found, _)| found == name).unwrap().1).unwrap()
}

#[test]
fn a_bundle_holds_figures_and_no_person() {
    // Everything that stands for a person is somewhere in the data, the configuration or the names of files.
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("kanarifugl");
    fs::create_dir(&data).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = fs::read_to_string(root.join("config/examples/local-id-card.toml")).unwrap();
    let rules = home.path().join("MASTER.toml");
    fs::copy(root.join("config/documents.toml"), home.path().join("documents.toml")).unwrap();
    fs::write(
        &rules,
        format!(
            "[Common]\nCompanyName = \"Utopia etat\"\nLraMode = \"Mixed\"\n[Terms]\nFolder = \"{}\"\n\
             [Proxy]\nUrl = \"http://proxy.example:3128\"\n\
             [[Operator]]\nIssuer = \"CN=Kanarifugl CA,O=Utopia\"\nSerial = \"4711c0ffee4711c0ffee\"\nRoles = [\"operator\"]\nTrained = 2026-01-01\n",
            root.join("config/terms").display()
        ),
    )
    .unwrap();
    let rules = rules.to_str().unwrap();
    let output = station(&data, &["control", "config/examples/local-id-card.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let log = StationLog::of(&DataFolder::locate(Some(data.clone())), Severity::Info);
    log.fault(jiff::Timestamp::UNIX_EPOCH, "SCAN_JAMMED");

    let bundle = home.path().join("bundle.zip");
    let place = bundle.to_str().unwrap();
    let output = station(&data, &["--master", rules, "support", place]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let parts = parts(&bundle);
    let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    let expected =
        ["about.txt", "versions.json", "configuration.json", "selftest.json", "register.json", "faults.json", "station.log"];
    assert_eq!(names, expected);

    // The names, numbers and PINs of the script are searched for, and whatever else may name somebody.
    let quoted = script.lines().filter(|line| {
        let key = line.split('=').next().unwrap_or_default().trim();
        matches!(key, "first_names" | "last_name" | "identity_number" | "user_name" | "name" | "pin" | "number" | "birth_date")
    });
    let mut canaries: Vec<String> = quoted.filter_map(|line| line.split('"').nth(1)).map(str::to_owned).collect();
    assert!(canaries.len() >= 6, "the script names its people: {canaries:?}");
    canaries.extend(["kanarifugl", "Kanarifugl", "c0ffee4711c0ffee"].map(str::to_owned));
    canaries.push(home.path().to_str().unwrap().to_owned());
    for (name, text) in &parts {
        for canary in &canaries {
            assert!(!text.contains(canary.as_str()), "{name} tells {canary:?}");
        }
    }
    // The register does hold them, so the search is able to find.
    let told = |arguments: &[&str]| String::from_utf8(station(&data, arguments).stdout).unwrap();
    let listed: Value = serde_json::from_str(&told(&["register", "list", "--json"])).unwrap();
    let shown = told(&["register", "show", listed["controls"][0]["control"].as_str().unwrap(), "--json"]);
    assert!(canaries.iter().any(|canary| shown.contains(canary.as_str())));

    let configuration = part(&parts, "configuration.json");
    let value = |section: &str, key: &str| configuration["master"]["sections"][section][key]["value"].clone();
    assert_eq!((value("Common", "CompanyName"), value("Common", "LraMode")), ("Utopia etat".into(), "Mixed".into()));
    assert_eq!(value("Terms", "Folder"), "masked");
    assert_eq!(value("Proxy", "Url"), "http://proxy.example:3128");
    assert_eq!(configuration["master"]["sections"]["[[Operator]]"]["records"], 1);
    let register = part(&parts, "register.json");
    assert_eq!(register["controls"], 1, "{register}");
    assert_eq!(part(&parts, "faults.json")["shown"][0]["code"], "SCAN_JAMMED");
    assert_eq!(part(&parts, "selftest.json")["version"], env!("CARGO_PKG_VERSION"));

    let again = station(&data, &["--master", rules, "support", place]);
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(again.status.code() == Some(3) && said.contains("(SUPPORT_FILE_EXISTS)\n  Name another file."), "{said}");
}
