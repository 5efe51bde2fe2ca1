//! The raw scan made upright: turns, the JPEG for people, the lossless picture for evidence.

use bam_station::{
    device::scanner::{ColourMode, RawScan},
    imaging::upright::{NotATurn, Turn, UprightError, raw_from_png, raw_png, turned, upright},
};

/// A scan of 3 × 2 pixels, numbered from the top left.
fn small(mode: ColourMode) -> RawScan {
    let pixels = match mode {
        ColourMode::Grey => vec![0, 1, 2, 3, 4, 5],
        ColourMode::Colour => (0..6).flat_map(|pixel| [pixel, 100 + pixel, 200 + pixel]).collect(),
    };
    RawScan { width_px: 3, height_px: 2, dpi: 300, mode, pixels, device: "bamvirtual:a6".to_owned() }
}

/// A scan with smooth colours: what JPEG keeps well.
fn smooth() -> RawScan {
    let (width_px, height_px) = (240_u32, 160_u32);
    let pixels = (0..height_px).flat_map(|y| (0..width_px).flat_map(move |x| [x as u8, y as u8, 128])).collect();
    RawScan { width_px, height_px, dpi: 600, mode: ColourMode::Colour, pixels, device: String::new() }
}

#[test]
fn each_turn_puts_every_pixel_where_it_belongs() {
    for (turn, width, numbers) in [
        (Turn::None, 3, [0, 1, 2, 3, 4, 5]),
        (Turn::Quarter, 2, [3, 0, 4, 1, 5, 2]),
        (Turn::Half, 3, [5, 4, 3, 2, 1, 0]),
        (Turn::ThreeQuarter, 2, [2, 5, 1, 4, 0, 3]),
    ] {
        for mode in [ColourMode::Grey, ColourMode::Colour] {
            let picture = turned(&small(mode), turn).unwrap();
            assert_eq!((picture.width_px, picture.height_px), (width, 6 / width));
            let step = mode.bytes_per_pixel();
            assert_eq!(picture.pixels.iter().step_by(step).copied().collect::<Vec<u8>>(), numbers, "{turn:?} {mode:?}");
            assert_eq!(turned(&picture, turn.inverse()).unwrap(), small(mode), "and back");
        }
    }
}

#[test]
fn turns_add_up_and_are_written_in_degrees() {
    for first in Turn::ALL {
        for next in Turn::ALL {
            let both = turned(&turned(&small(ColourMode::Grey), first).unwrap(), next).unwrap();
            assert_eq!(both, turned(&small(ColourMode::Grey), first.then(next)).unwrap());
        }
        let written = serde_json::to_string(&first).unwrap();
        assert_eq!(written, first.degrees().to_string());
        assert_eq!(serde_json::from_str::<Turn>(&written).unwrap(), first);
    }
    assert!(serde_json::from_str::<Turn>("45").is_err());
    assert!(Turn::try_from(360).is_err_and(|error: NotATurn| error.to_string().contains("360")));
}

#[test]
fn the_upright_jpeg_shows_the_turned_scan_and_tells_its_resolution() {
    let raw = smooth();
    let upright = upright(&raw, Turn::Quarter).unwrap();
    assert_eq!((upright.width_px, upright.height_px, upright.dpi, upright.turn), (160, 240, 600, Turn::Quarter));
    // JFIF: unit 1 (inch), then the two densities.
    assert_eq!(&upright.jpeg[6..11], b"JFIF\0");
    assert_eq!(&upright.jpeg[13..18], [1, 0x02, 0x58, 0x02, 0x58]);

    let seen = image::load_from_memory_with_format(&upright.jpeg, image::ImageFormat::Jpeg).unwrap().into_rgb8();
    let exact = turned(&raw, Turn::Quarter).unwrap();
    assert_eq!(seen.dimensions(), (160, 240));
    let worst = seen.as_raw().iter().zip(&exact.pixels).map(|(seen, exact)| seen.abs_diff(*exact)).max().unwrap();
    assert!(worst <= 6, "quality 92 without subsampling stays close: {worst}");
}

#[test]
fn a_grey_scan_becomes_a_grey_jpeg() {
    let grey = RawScan { mode: ColourMode::Grey, pixels: vec![90; 240 * 160], ..smooth() };
    let upright = upright(&grey, Turn::None).unwrap();
    let seen = image::load_from_memory(&upright.jpeg).unwrap();
    assert_eq!(seen.color(), image::ColorType::L8);
}

#[test]
fn the_kept_raw_picture_gives_back_every_pixel() {
    for raw in [small(ColourMode::Grey), small(ColourMode::Colour), smooth()] {
        let png = raw_png(&raw).unwrap();
        assert_eq!(raw_from_png(&png, raw.dpi, &raw.device).unwrap(), raw);
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    let short = RawScan { pixels: vec![0; 5], ..small(ColourMode::Grey) };
    let empty = RawScan { width_px: 0, pixels: vec![], ..small(ColourMode::Grey) };
    let huge = RawScan { width_px: u32::MAX, height_px: u32::MAX, ..small(ColourMode::Grey) };
    for scan in [short, empty, huge] {
        assert_eq!(turned(&scan, Turn::None).unwrap_err(), UprightError::Misshapen);
        assert_eq!(upright(&scan, Turn::Half).unwrap_err(), UprightError::Misshapen);
        assert_eq!(raw_png(&scan).unwrap_err(), UprightError::Misshapen);
    }
    let wide = RawScan { width_px: 70_000, height_px: 1, pixels: vec![0; 70_000], ..small(ColourMode::Grey) };
    assert_eq!(upright(&wide, Turn::None).unwrap_err(), UprightError::TooLarge);

    let png = raw_png(&smooth()).unwrap();
    for broken in [&[][..], b"no picture", &png[..png.len() / 2]] {
        assert!(matches!(raw_from_png(broken, 300, ""), Err(UprightError::Unreadable(_))));
    }
}
