//! Which way up a document is when its zone cannot be read: by what else is seen, or it is said that nothing tells.

use bam_station::imaging::{
    Examination, Finding, Turn, examine,
    mrz::{Format, Zone},
};
use bam_station_scans::Page;

use crate::support_scans::{Conditions, Random};

fn good(lies: f32) -> Conditions {
    Conditions { dpi: 300, lies, blur_mm: 0.05, noise: 2.0, gain: 0.95, slope: 0.05, jpeg: None, grey: false }
}

/// Every turn in which a format fits the glass, with what makes it upright.
fn turns(format: Format) -> &'static [(f32, Turn)] {
    match format {
        Format::Td3 => &[(90.0, Turn::ThreeQuarter), (270.0, Turn::Quarter)],
        _ => &[(0.0, Turn::None), (90.0, Turn::ThreeQuarter), (180.0, Turn::Half), (270.0, Turn::Quarter)],
    }
}

fn told(seen: &Examination) -> bool {
    seen.findings.contains(&Finding::PoseUncertain)
}

#[test]
fn a_page_whose_zone_is_smeared_is_turned_upright_or_said_to_be_uncertain() {
    let (mut upright, mut uncertain) = (0, 0);
    for (number, format) in Format::ALL.into_iter().cycle().take(9).enumerate() {
        for (lies, turn) in turns(format) {
            let mut random = Random(700 + number as u64);
            let page = Page::random(&mut random, format).smeared(0.9);
            let seen = examine(&page.scanned(&mut random, &good(*lies)), None).unwrap();
            assert!(!seen.zone.as_ref().is_some_and(Zone::accepted), "{format:?} {lies}: nobody can read it");
            let Some(placement) = seen.placement.as_ref().filter(|_| !told(&seen)) else {
                assert!(!seen.findings.is_empty(), "{format:?} {lies}: it is told why");
                uncertain += 1;
                continue;
            };
            assert_eq!(placement.turn, *turn, "{format:?} {lies}: the page stands wrong and nothing is said of it");
            upright += 1;
        }
    }
    println!("upright {upright}, uncertain {uncertain}");
    assert!(upright >= 10, "only {upright} of {} are turned by what is seen", upright + uncertain);
}

#[test]
fn a_page_that_tells_nothing_is_said_to_be_uncertain() {
    // A card with nothing but a few words in its middle: neither a zone nor a portrait.
    let [width, height] = Format::Td1.document_mm().map(|side| (side * bam_station_scans::PAGE_DPI / 25.4) as usize);
    let mut rgb = vec![235; width * height * 3];
    for (row, line) in rgb.chunks_exact_mut(width * 3).enumerate().skip(height * 2 / 5).take(height / 5) {
        for (column, pixel) in line.chunks_exact_mut(3).enumerate().skip(width / 4).take(width / 2) {
            if row / 30 % 2 == 0 && column / 12 % 2 == 0 {
                pixel.fill(40);
            }
        }
    }
    let page = Page::drawn(width as u32, height as u32, &rgb, vec![]);
    for lies in [0.0, 90.0, 180.0, 270.0] {
        let seen = examine(&page.scanned(&mut Random(9), &good(lies)), None).unwrap();
        assert!(seen.placement.is_some() && told(&seen), "{lies}: {:?}", seen.findings);
        assert!(Finding::PoseUncertain.to_string().contains("turn the picture by hand"));
    }
}

#[test]
fn a_zone_that_is_read_leaves_no_doubt() {
    let mut random = Random(12);
    let page = Page::random(&mut random, Format::Td1);
    let seen = examine(&page.scanned(&mut random, &good(180.0)), None).unwrap();
    assert!(seen.zone.is_some() && !told(&seen));
}
