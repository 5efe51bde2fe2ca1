//! The picture of a signature and its path for the screens.

use bam_station::{
    control::signature::{PenPoint, Strokes},
    imaging::ink::{self, InkError},
};

fn point(x: u32, y: u32, t: u32) -> PenPoint {
    PenPoint { x, y, t, p: None }
}

/// A field of 60 × 25 mm with a horizontal line at 10 mm and a dot at (50 mm, 20 mm).
fn line_and_dot() -> Strokes {
    let line = (10..=40).map(|mm| point(mm * 1_000, 10_000, mm * 5)).collect();
    Strokes { width: 60_000, height: 25_000, strokes: vec![line, vec![point(50_000, 20_000, 300)]] }
}

fn pixel_at(picture: &image::RgbImage, x_mm: f64, y_mm: f64) -> [u8; 3] {
    let pixel = |mm: f64| (mm * 300.0 / 25.4) as u32;
    picture.get_pixel(pixel(x_mm), pixel(y_mm)).0
}

fn drawn(strokes: &Strokes) -> image::RgbImage {
    image::load_from_memory(&ink::picture(strokes).unwrap()).unwrap().into_rgb8()
}

#[test]
fn ink_lies_where_the_pen_was_and_nowhere_else() {
    let picture = drawn(&line_and_dot());
    assert_eq!(picture.dimensions(), (709, 296), "60 × 25 mm at 300 dpi, rounded up");
    for x in [10.0, 17.3, 25.0, 33.9, 40.0] {
        assert_eq!(pixel_at(&picture, x, 10.0), ink::INK, "on the line at {x} mm");
    }
    assert_eq!(pixel_at(&picture, 50.0, 20.0), ink::INK, "a dot is ink too");
    for (x, y) in [(25.0, 9.5), (25.0, 10.5), (9.5, 10.0), (40.6, 10.0), (50.0, 19.5), (5.0, 5.0), (59.0, 24.0)] {
        assert_eq!(pixel_at(&picture, x, y), [255; 3], "paper at {x}, {y} mm");
    }
}

#[test]
fn the_line_is_half_a_millimetre_wide() {
    let picture = drawn(&line_and_dot());
    let column = (25.0 * 300.0 / 25.4) as u32;
    let dark = (0..picture.height()).filter(|&y| picture.get_pixel(column, y).0[0] < 128).count();
    assert!((5..=7).contains(&dark), "0.5 mm at 300 dpi is 5.9 pixels, not {dark}");
}

#[test]
fn the_caps_are_round() {
    let picture = drawn(&line_and_dot());
    assert_eq!(pixel_at(&picture, 9.85, 10.0), ink::INK, "the cap reaches past the end");
    assert_eq!(pixel_at(&picture, 9.79, 9.79), [255; 3], "its corner does not");
}

#[test]
fn a_curve_passes_through_every_sample() {
    let circle: Vec<PenPoint> = (0..=8_u32)
        .map(|i| {
            let angle = f64::from(i) * std::f64::consts::TAU / 8.0;
            point((30_000.0 + 9_000.0 * angle.cos()) as u32, (12_500.0 + 9_000.0 * angle.sin()) as u32, i * 8)
        })
        .collect();
    let strokes = Strokes { width: 60_000, height: 25_000, strokes: vec![circle.clone()] };
    let picture = drawn(&strokes);
    for sample in &circle {
        assert_eq!(pixel_at(&picture, f64::from(sample.x) / 1e3, f64::from(sample.y) / 1e3), ink::INK);
    }
    let angle = 2.5 * std::f64::consts::TAU / 8.0;
    let between = pixel_at(&picture, 30.0 + 9.0 * angle.cos(), 12.5 + 9.0 * angle.sin());
    assert_eq!(between, ink::INK, "between two samples the line is round, not a chord");
}

#[test]
fn a_pause_makes_no_loop() {
    let mut stroke = vec![point(10_000, 10_000, 0); 40];
    stroke.extend([point(10_010, 10_000, 50), point(40_000, 10_000, 60), point(40_000, 20_000, 70)]);
    let strokes = Strokes { width: 60_000, height: 25_000, strokes: vec![stroke] };
    let picture = drawn(&strokes);
    assert_eq!(pixel_at(&picture, 9.5, 10.0), [255; 3]);
    assert_eq!(pixel_at(&picture, 43.0, 10.0), [255; 3]);
    assert_eq!(pixel_at(&picture, 12.0, 10.0), ink::INK);
}

#[test]
fn a_pen_that_leaves_the_field_is_drawn_at_its_edge() {
    let strokes =
        Strokes { width: 20_000, height: 10_000, strokes: vec![vec![point(10_000, 5_000, 0), point(u32::MAX, 5_000, 9)]] };
    let picture = drawn(&strokes);
    assert_eq!(pixel_at(&picture, 19.9, 5.0), ink::INK);
}

#[test]
fn the_picture_says_its_resolution() {
    let png = ink::picture(&line_and_dot()).unwrap();
    let at = png.windows(4).position(|window| window == b"pHYs").unwrap();
    assert_eq!(png[at + 4..at + 13], [0, 0, 0x2e, 0x23, 0, 0, 0x2e, 0x23, 1], "11 811 pixels a metre both ways");
    assert_eq!(png, ink::picture(&line_and_dot()).unwrap(), "the same strokes, the same bytes");
}

#[test]
fn a_field_without_size_or_of_any_size_is_refused() {
    let field = |width, height| Strokes { width, height, strokes: vec![vec![point(1, 1, 0)]] };
    assert_eq!(ink::picture(&field(0, 25_000)), Err(InkError::FieldEmpty));
    assert_eq!(ink::picture(&field(60_000, 0)), Err(InkError::FieldEmpty));
    assert_eq!(ink::picture(&field(u32::MAX, u32::MAX)), Err(InkError::FieldTooLarge));
    assert_eq!(ink::picture(&field(u32::MAX, 1)), Err(InkError::FieldTooLarge), "a strip of four kilometres");
    let many = Strokes { width: 60_000, height: 25_000, strokes: vec![vec![point(1, 1, 0); Strokes::MOST_POINTS + 1]] };
    assert_eq!(ink::picture(&many), Err(InkError::TooManyPoints));
}

#[test]
fn the_path_speaks_the_screens_units() {
    let path = ink::path(&line_and_dot(), 4.0);
    assert!(path.starts_with("M40.00 40.00C"), "{path}");
    assert_eq!(path.matches('M').count(), 2, "one move for each stroke");
    assert!(path.ends_with("M200.00 80.00C200.00 80.00 200.00 80.00 200.00 80.00"), "the dot: {path}");
    assert_eq!(path.matches('C').count(), 31, "30 pieces of the line and the dot");
    assert_eq!(ink::path(&Strokes::default(), 4.0), "");
}
