//! After a scan the station finds the document by itself: what lies otherwise than expected is turned, straightened and cropped, the
//! raw picture stays as it came, and what is wrong is on record before anybody judges.

use bam_station::{
    control::{
        Command, Refusal,
        scan::{DocumentScan, Judgement, ZoneRead},
    },
    device::scanner::{Lay, RawScan},
    digest::Digest,
    imaging::{Finding, Turn, examine, specimen::Specimen, upright},
    rules::Function,
    station::Station,
};
use bam_station_scans::{Conditions, Page, Random, scanned};

use crate::{
    spine,
    station_attended::{asked, configuration, open, passport, sign_in},
};

/// A control that waits for its scan; what was typed is Anna's passport.
fn at_scan(data: &std::path::Path) -> Station {
    let mut station = open(data, configuration());
    sign_in(&mut station, "Kari Nordmann");
    station.begin(asked(Function::ReplacementCard)).unwrap();
    station.act(passport(&station)).unwrap();
    station
}

/// Anna's passport on the glass, turned clockwise by so many degrees, as a picture of the whole glass.
fn on_glass(lies: f32) -> image::RgbImage {
    let anna = Specimen { expires: "2099-01-01".parse().unwrap(), ..Specimen::passport() };
    let drawn = anna.draw(bam_station_scans::PAGE_DPI as u16).unwrap();
    let page = Page::drawn(drawn.width(), drawn.height(), drawn.as_raw(), anna.mrz_lines());
    let light = Conditions { dpi: 300, lies, blur_mm: 0.05, noise: 2.0, gain: 0.95, slope: 0.05, jpeg: None, grey: false };
    let RawScan { width_px, height_px, pixels, .. } = scanned(&[(&page, None)], &mut Random(7), &light);
    image::RgbImage::from_raw(width_px, height_px, pixels).unwrap()
}

fn lay(station: &Station, picture: &image::RgbImage) {
    station.glass().unwrap().lay(picture, 300, Lay { turn: Turn::None, corner_mm: Some((0.0, 0.0)) }).unwrap();
}

fn taken(station: &Station) -> DocumentScan {
    station.control().unwrap().scan().current().unwrap().clone()
}

#[test]
fn a_passport_that_lies_the_other_way_and_askew_becomes_upright_and_nothing_of_the_raw_picture_is_lost() {
    let data = tempfile::tempdir().unwrap();
    let mut station = at_scan(data.path());
    let picture = on_glass(93.0);
    lay(&station, &picture);
    station.scan(&Default::default()).unwrap();
    let scan = taken(&station);
    // Its kind lets expect a quarter turn; the one that was found is the opposite.
    assert_eq!(scan.upright.turn, Turn::ThreeQuarter);
    let crop = scan.upright.crop.unwrap();
    assert!((2_500..3_500).contains(&crop.skew_millidegrees), "{crop:?}");
    assert!((124_000..128_000).contains(&crop.size_um[0]) && (87_000..91_000).contains(&crop.size_um[1]), "{crop:?}");

    // Both pictures are the ones that the record names, and the second is made of the first by what is on record.
    let (png, jpeg) = (station.evidence(&scan.raw).unwrap(), station.evidence(&scan.upright.picture).unwrap());
    assert_eq!((Digest::of(&png), Digest::of(&jpeg)), (scan.raw, scan.upright.picture));
    let raw = upright::raw_from_png(&png, scan.dpi, &scan.device).unwrap();
    assert_eq!(raw.pixels, picture.as_raw().as_slice(), "the raw picture is untouched");
    let again = upright::encoded(&crop.placement(scan.upright.turn).upright(&raw).unwrap()).unwrap();
    assert_eq!(again.jpeg, jpeg);

    // The zone is read from it for certain and agrees.
    let seen = scan.examined.unwrap();
    assert_eq!(seen.findings, []);
    assert!(matches!(seen.zone, ZoneRead::Certain { .. }), "{:?}", seen.zone);
    assert!(station.control().unwrap().scan().zone_check().unwrap().mismatches.is_empty());
    let decoded = image::load_from_memory(&jpeg).unwrap().into_rgb8();
    let (width_px, height_px) = decoded.dimensions();
    let upright = RawScan { width_px, height_px, pixels: decoded.into_raw(), ..raw };
    let upright = examine(&upright, None).unwrap();
    assert_eq!(upright.placement.unwrap().turn, Turn::None);

    // A hand can still turn it, and the picture is made anew from the raw one.
    station.turn_scan(Turn::Quarter).unwrap();
    let turned = taken(&station).upright;
    assert_eq!(turned.turn, Turn::None);
    assert_eq!((turned.width, turned.height), (scan.upright.height, scan.upright.width));
    for _ in 0..3 {
        station.turn_scan(Turn::Quarter).unwrap();
    }
    assert_eq!(taken(&station).upright, scan.upright, "all the way round is the same picture");
}

#[test]
fn what_is_wrong_with_the_picture_is_on_record_and_the_operator_must_explain() {
    let data = tempfile::tempdir().unwrap();
    let mut station = at_scan(data.path());
    let good = on_glass(270.0);
    let dark = image::RgbImage::from_fn(good.width(), good.height(), |x, y| image::Rgb(good.get_pixel(x, y).0.map(|c| c / 4)));
    let blurred = image::imageops::blur(&good, 5.0);
    let empty = image::RgbImage::from_pixel(good.width(), good.height(), image::Rgb([240; 3]));
    // The passport lies over the border of the glass.
    let mut cut = empty.clone();
    image::imageops::overlay(&mut cut, &good, 0, 500);
    for (picture, expected) in
        [(dark, Finding::TooDark), (blurred, Finding::Blurred), (empty, Finding::EmptyGlass), (cut, Finding::CutEdge)]
    {
        lay(&station, &picture);
        station.scan(&Default::default()).unwrap();
        let seen = taken(&station).examined.unwrap();
        assert!(seen.findings.contains(&expected), "{expected:?}: {:?}", seen.findings);
        let refused = station.act(Command::JudgeScan(Judgement::Good)).unwrap_err();
        assert_eq!(refused.code(), Refusal::ScanReasonNeeded.code(), "{expected:?}");
        station.act(Command::JudgeScan(Judgement::Again { reason: None })).unwrap();
    }
    assert_eq!(station.control().unwrap().scan().attempts(), 4, "every picture counts");
}

/// The shipped passport example with a wrong number typed at step 1, and more for its scan.
fn mistyped(data: &std::path::Path, scan: &str) -> String {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples");
    let text = std::fs::read_to_string(examples.join("qualified-passport.toml")).unwrap();
    let text = text.replace("number = \"L898902C3\"", "number = \"L898902C8\"");
    let text = ["strokes = \"", "picture = \""]
        .into_iter()
        .fold(text, |text, key| text.replace(key, &format!("{key}{}/", examples.display())));
    let at = text.rfind("judgement = \"good\"").unwrap() + "judgement = \"good\"".len();
    let script = data.join("script.toml");
    std::fs::write(&script, format!("{}\n{scan}{}", &text[..at], &text[at..])).unwrap();
    script.to_str().unwrap().to_owned()
}

#[test]
fn a_script_whose_typing_contradicts_the_zone_ends_without_an_approval() {
    let data = tempfile::tempdir().unwrap();
    let output = spine::station(data.path(), &["control", &mistyped(data.path(), ""), "--json"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&result["refusal"], &result["report"]), (&"ZONE_DIFFERS".into(), &serde_json::Value::Null));
    assert!(!said.contains("L898902C"), "{said}");
    let shown = spine::station(data.path(), &["register", "show", result["control"].as_str().unwrap(), "--json"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("zone-checked"));
}

#[test]
fn a_script_corrects_what_was_typed_and_the_record_has_both_values() {
    let data = tempfile::tempdir().unwrap();
    let retyped = "retyped = { issuing_state = \"UTO\", number = \"L898902C3\", issued = \"2023-04-16\", expires = \"2033-04-15\", \
                   name = { first_names = \"Anna Maria\", last_name = \"Eriksson\" }, birth_date = \"1974-08-12\" }";
    let output = spine::station(data.path(), &["control", &mistyped(data.path(), retyped), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let verified = spine::station(data.path(), &["verify", &spine::report(data.path(), &result), "--json"]);
    let verified: serde_json::Value = serde_json::from_slice(&verified.stdout).unwrap();
    let check = &verified["record"]["scan"]["zone_check"];
    assert_eq!(check["mismatches"], serde_json::json!([]));
    assert_eq!(check["corrected"][0], serde_json::json!({"matter": "number", "typed": "L898902C8", "zone": "L898902C3"}));
    assert_eq!(verified["record"]["identification"]["document"]["number"], "L898902C3");
    crate::record_schema::assert_fits(&verified["record"]);
}
