//! What lies on the glass: every pose is made upright or explained, and a bad picture is told from a good one.

use bam_station::{
    device::scanner::{ColourMode, RawScan},
    imaging::{
        Examination, Finding, Placement, Turn, examine,
        mrz::{Format, Zone},
    },
    rules::{DocumentKind, LocalText, Pose},
};

use proptest::prelude::*;

use crate::support_scans::{self, Conditions, Page, Random, scanned};

/// A good scan of a page that lies so many degrees clockwise.
fn good(lies: f32) -> Conditions {
    Conditions { dpi: 300, lies, blur_mm: 0.05, noise: 2.0, gain: 0.95, slope: 0.05, jpeg: None, grey: false }
}

fn page(seed: u64, format: Format) -> (Page, Random) {
    let mut random = Random(seed);
    (support_scans::page(&mut random, format), random)
}

fn kind(size_mm: [f32; 2]) -> DocumentKind {
    DocumentKind::new("card", LocalText::new("Kort", "Card"), size_mm, Pose::Lying, vec![])
}

fn is_read(seen: &Examination) -> bool {
    seen.zone.as_ref().is_some_and(Zone::accepted)
}

#[test]
fn every_turn_on_the_glass_becomes_upright() {
    for (number, format) in Format::ALL.into_iter().enumerate() {
        let turns: &[(f32, Turn)] = match format {
            // A passport fits the glass only when it stands.
            Format::Td3 => &[(90.0, Turn::ThreeQuarter), (270.0, Turn::Quarter)],
            _ => &[(0.0, Turn::None), (90.0, Turn::ThreeQuarter), (180.0, Turn::Half), (270.0, Turn::Quarter)],
        };
        for (lies, turn) in turns {
            let (page, mut random) = page(40 + number as u64, format);
            let raw = page.scanned(&mut random, &good(*lies));
            let seen = examine(&raw, None).unwrap();
            assert!(is_read(&seen), "{format:?} {lies}: {:?}", seen.findings);
            let placement = seen.placement.unwrap();
            assert_eq!(placement.turn, *turn, "{format:?} {lies}");
            // The upright picture reads without any turn, and is the document alone.
            let upright = placement.upright(&raw).unwrap();
            let again = examine(&upright, None).unwrap();
            assert_eq!(again.zone.unwrap().text.lines(), page.lines, "{format:?} {lies}");
            let again = again.placement.unwrap();
            assert_eq!(again.turn, Turn::None);
            assert!(again.skew_degrees.abs() < 0.1, "{format:?} {lies}: {}", again.skew_degrees);
        }
    }
}

#[test]
fn a_placement_is_a_record_from_which_the_upright_picture_is_made_again() {
    let (page, mut random) = page(50, Format::Td1);
    let raw = page.scanned(&mut random, &good(184.5));
    let placement = examine(&raw, None).unwrap().placement.unwrap();
    let written = serde_json::to_string(&placement).unwrap();
    let back: Placement = serde_json::from_str(&written).unwrap();
    assert_eq!(back, placement);
    assert_eq!(back.upright(&raw).unwrap(), placement.upright(&raw).unwrap());
    assert!((placement.skew_degrees - 4.5).abs() < 0.1 && placement.turn == Turn::Half, "{placement:?}");
}

#[test]
fn the_warp_without_skew_is_the_turn_itself() {
    let pixels: Vec<u8> = (0..60 * 40_u32).map(|at| (at * 37 % 251) as u8).collect();
    let raw = RawScan { width_px: 60, height_px: 40, dpi: 254, mode: ColourMode::Grey, pixels, device: String::new() };
    for (direction, turn) in [(0.0, Turn::None), (270.0, Turn::Quarter), (180.0, Turn::Half), (90.0, Turn::ThreeQuarter)] {
        let size = if turn.swaps_sides() { [4.0, 6.0] } else { [6.0, 4.0] };
        let placement = Placement::new([3.0, 2.0], size, direction);
        assert_eq!(placement.turn, turn);
        let expected = bam_station::imaging::upright::turned(&raw, turn).unwrap();
        let seen = placement.upright(&raw).unwrap();
        let worst = seen.pixels.iter().zip(&expected.pixels).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!((seen.width_px, seen.height_px) == (expected.width_px, expected.height_px) && worst <= 1, "{turn:?}: {worst}");
    }
}

#[test]
fn an_empty_glass_a_second_document_and_a_blank_side_are_told() {
    let mut random = Random(60);
    let empty = examine(&scanned(&[], &mut random, &good(0.0)), None).unwrap();
    assert_eq!((empty.findings.as_slice(), empty.placement), (&[Finding::EmptyGlass][..], None));

    let (one, mut random) = page(61, Format::Td1);
    let (two, _) = page(62, Format::Td1);
    let both = scanned(&[(&one, Some((52.0, 36.0))), (&two, Some((52.0, 108.0)))], &mut random, &good(0.0));
    let seen = examine(&both, None).unwrap();
    assert_eq!(seen.findings, [Finding::TwoDocuments]);
    assert!(seen.zone.is_none() && seen.placement.is_none(), "no document is preferred");

    let blank = Page::blank(Format::Td1, [150, 40, 60]);
    let seen = examine(&scanned(&[(&blank, None)], &mut random, &good(3.0)), None).unwrap();
    assert_eq!(seen.findings, [Finding::FaceDown]);
    assert!(seen.zone.is_none());
    assert!((seen.placement.unwrap().skew_degrees - 3.0).abs() < 0.15, "{:?}", seen.placement);
}

#[test]
fn a_passport_that_does_not_fit_the_glass_is_told_to_be_cut() {
    for lies in [0.0, 180.0] {
        let (page, mut random) = page(63, Format::Td3);
        let raw = scanned(&[(&page, Some((52.0, 74.0)))], &mut random, &good(lies));
        let seen = examine(&raw, None).unwrap();
        assert!(seen.findings.contains(&Finding::CutEdge), "{lies}: {:?}", seen.findings);
        assert!(!is_read(&seen), "{lies}: half a zone is none");
    }
}

#[test]
fn of_two_documents_none_is_preferred_whatever_they_are() {
    let (card, mut random) = page(64, Format::Td1);
    let blank = Page::blank(Format::Td1, [150, 40, 60]);
    let other = Page::blank(Format::Td1, [60, 90, 160]);
    for (one, two) in [(&card, &blank), (&blank, &card), (&blank, &other)] {
        let both = scanned(&[(one, Some((52.0, 36.0))), (two, Some((52.0, 108.0)))], &mut random, &good(0.0));
        let seen = examine(&both, None).unwrap();
        assert_eq!(seen.findings, [Finding::TwoDocuments]);
        assert!(seen.zone.is_none() && seen.placement.is_none());
    }
}

#[test]
fn a_document_that_lies_face_down_is_told_in_every_turn() {
    let mut random = Random(65);
    let blank = Page::blank(Format::Td1, [150, 40, 60]);
    for lies in [0.0, 90.0, 180.0, 270.0, 6.0] {
        let seen = examine(&scanned(&[(&blank, Some((52.0, 74.0)))], &mut random, &good(lies)), None).unwrap();
        assert_eq!(seen.findings, [Finding::FaceDown], "{lies}");
    }
}

#[test]
fn a_dark_a_cut_and_a_blurred_picture_are_told() {
    let (page, mut random) = page(70, Format::Td1);
    let dark = examine(&page.scanned(&mut random, &Conditions { gain: 0.3, ..good(0.0) }), None).unwrap();
    assert!(dark.findings.contains(&Finding::TooDark), "{:?}", dark.findings);

    let cut = examine(&scanned(&[(&page, Some((90.0, 60.0)))], &mut random, &good(90.0)), None).unwrap();
    assert!(cut.findings.contains(&Finding::CutEdge), "{:?}", cut.findings);

    let blurred = examine(&page.scanned(&mut random, &Conditions { blur_mm: 0.32, ..good(0.0) }), None).unwrap();
    assert!(blurred.findings.contains(&Finding::Blurred), "{:?}", blurred.findings);

    let middle = scanned(&[(&page, Some((52.0, 74.0)))], &mut random, &good(0.0));
    assert_eq!(examine(&middle, Some(&kind([105.0, 74.0]))).unwrap().findings, [Finding::WrongSize]);
    assert_eq!(examine(&middle, Some(&kind([85.6, 54.0]))).unwrap().findings, []);
}

#[test]
fn a_reflection_is_told_from_white_paper() {
    let (page, mut random) = page(71, Format::Td1);
    let mut raw = scanned(&[(&page, Some((52.0, 60.0)))], &mut random, &Conditions { gain: 0.85, ..good(0.0) });
    assert_eq!(examine(&raw, None).unwrap().findings, []);
    // A round reflection in the upper half of the card, fading over two millimetres.
    let per_mm = 300.0 / 25.4;
    let width = raw.width_px as usize;
    for (at, value) in raw.pixels.iter_mut().enumerate() {
        let (x, y) = ((at / 3 % width) as f32 / per_mm, (at / 3 / width) as f32 / per_mm);
        let light = ((7.0 - (x - 70.0).hypot(y - 47.0)) / 2.0).clamp(0.0, 1.0);
        *value = (f32::from(*value) + (255.0 - f32::from(*value)) * light) as u8;
    }
    let seen = examine(&raw, None).unwrap();
    assert_eq!(seen.findings, [Finding::Glare]);
}

#[test]
fn what_is_no_document_is_never_read_and_never_harms() {
    let mut random = Random(80);
    for (width_px, height_px, dpi) in [(1, 1, 300), (1, 900, 300), (900, 1, 1200), (7, 5, 100), (640, 480, 100), (500, 700, 300)]
    {
        for mode in [ColourMode::Grey, ColourMode::Colour] {
            for stripes in [0, 1, 3, 11] {
                let length = (width_px * height_px) as usize * mode.bytes_per_pixel();
                let pixels = (0..length)
                    .map(|at| match stripes {
                        0 => random.bits() as u8,
                        _ => {
                            if at / mode.bytes_per_pixel() / stripes % 2 == 0 {
                                0
                            } else {
                                255
                            }
                        }
                    })
                    .collect();
                let raw = RawScan { width_px, height_px, dpi, mode, pixels, device: String::new() };
                let seen = examine(&raw, None).unwrap();
                assert!(!is_read(&seen));
                if let Some(placement) = seen.placement {
                    drop(placement.upright(&raw));
                }
            }
        }
    }
    let misshapen =
        RawScan { width_px: 9, height_px: 9, dpi: 0, mode: ColourMode::Grey, pixels: vec![0; 80], device: String::new() };
    assert!(examine(&misshapen, None).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever a scanner delivers: an answer, no panic, and nothing that was not there is read.
    #[test]
    fn hostile_pictures_do_no_harm(
        (width, height) in (1..420_usize, 1..420_usize),
        dpi in prop::sample::select(vec![0_u16, 1, 72, 100, 300, 600, 1200, u16::MAX]),
        colour: bool,
        tile in prop::collection::vec(any::<u8>(), 1..400),
        expected in prop::option::of((0.0..200.0_f32, 0.0..200.0_f32)),
    ) {
        let mode = if colour { ColourMode::Colour } else { ColourMode::Grey };
        let pixels = tile.iter().copied().cycle().take(width * height * mode.bytes_per_pixel()).collect();
        let raw = RawScan { width_px: width as u32, height_px: height as u32, dpi, mode, pixels, device: String::new() };
        let kind = expected.map(|(width, height)| kind([width, height]));
        let seen = examine(&raw, kind.as_ref()).unwrap();
        prop_assert!(!is_read(&seen));
        if let Some(upright) = seen.placement.and_then(|placement| placement.upright(&raw).ok()) {
            prop_assert!(upright.pixels.len() <= 64 * raw.pixels.len() + 1_000_000, "{} bytes", upright.pixels.len());
        }
    }
}
