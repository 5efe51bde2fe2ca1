//! `bam-station read`: the answer for a file, its exit code, and files that are no pictures.

use std::{
    path::Path,
    process::{Command, Output},
};

use bam_station::imaging::{mrz::Format, specimen::Specimen, upright::raw_png};

use crate::support_scans::{Conditions, Random, page};

fn read(arguments: &[&str]) -> Output {
    let run = Command::new(env!("CARGO_BIN_EXE_bam-station"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("read")
        .args(arguments)
        .output();
    run.unwrap()
}

fn answer(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn a_scan_in_a_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scan.png");
    let mut random = Random(90);
    let page = page(&mut random, Format::Td3);
    let conditions =
        Conditions { dpi: 300, lies: 268.0, blur_mm: 0.05, noise: 2.0, gain: 0.95, slope: 0.1, jpeg: None, grey: false };
    std::fs::write(&file, raw_png(&page.scanned(&mut random, &conditions)).unwrap()).unwrap();

    let output = read(&[file.to_str().unwrap(), "--dpi", "300", "--kind", "passport", "--json"]);
    let answer = answer(&output);
    assert_eq!(output.status.code(), Some(0), "{answer}");
    assert_eq!((&answer["turned"], &answer["quality"]), (&90.into(), &serde_json::json!([])));
    assert!((answer["skew_degrees"].as_f64().unwrap() + 2.0).abs() < 0.1);
    assert!(
        (answer["document_mm"][0].as_f64().unwrap() - 125.0).abs() < 1.5
            && (answer["document_mm"][1].as_f64().unwrap() - 88.0).abs() < 1.5
    );
    let mrz = &answer["mrz"];
    assert_eq!((&mrz["format"], &mrz["accepted"], &mrz["why"]), (&"TD3".into(), &true.into(), &"MRZ_CERTAIN".into()));
    assert_eq!(mrz["lines"], serde_json::json!(page.lines));
}

#[test]
fn the_examples_of_the_product_are_read() {
    for (name, specimen) in [("passport", Specimen::passport()), ("id-card", Specimen::id_card())] {
        let output = read(&[&format!("config/examples/specimen-{name}.jpg"), "--json"]);
        let answer = answer(&output);
        assert_eq!(output.status.code(), Some(0), "{answer}");
        assert_eq!(answer["mrz"]["lines"], serde_json::json!(specimen.mrz_lines()));
        assert_eq!(answer["mrz"]["fields"]["number"], specimen.number);
    }
}

#[test]
fn nothing_to_read_is_no_and_no_picture_is_wrong_use() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let grey = file("grey.pgm", &[b"P5 400 300 255\n".as_slice(), &[200; 120_000]].concat());
    let output = read(&[&grey, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        answer(&output),
        serde_json::json!({
            "turned": 0, "skew_degrees": 0.0, "document_mm": [0.0, 0.0], "quality": ["QUALITY_EMPTY_GLASS"], "mrz": null
        })
    );

    let passport = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples/specimen-passport.jpg")).unwrap();
    let huge = file("huge.pgm", b"P5 60000 60000 255\n");
    for (arguments, code) in [
        (vec![file("empty.png", b"")], "READ_NOT_A_PICTURE"),
        (vec![file("text.jpg", b"no picture at all")], "READ_NOT_A_PICTURE"),
        (vec![file("cut.pgm", b"P5 400 300 255\nshort")], "READ_NOT_A_PICTURE"),
        (vec![huge], "READ_TOO_LARGE"),
        (vec![folder.path().join("missing.png").to_str().unwrap().to_owned()], "READ_FILE"),
        (vec![folder.path().to_str().unwrap().to_owned()], "READ_FILE"),
        (vec![file("passport.jpg", &passport), "--kind".into(), "library-card".into()], "READ_UNKNOWN_KIND"),
    ] {
        let output = read(&arguments.iter().map(String::as_str).chain(["--json"]).collect::<Vec<_>>());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && output.stdout.is_empty() && said.contains(code), "{code}: {said}");
    }
    assert_eq!(read(&[&grey, "--dpi", "20"]).status.code(), Some(2));
}
