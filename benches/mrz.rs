//! The figures of one look at a scan: from the scanner's last byte to the upright picture and the text of its zone.
//!
//! Run with `cargo bench --bench mrz`. Each figure is the median of several rounds on this machine; nothing fails here.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::pedantic
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::time::{Duration, Instant};

use bam_station::{
    device::scanner::{ColourMode, RawScan},
    imaging::{
        Turn, examine, locate,
        mrz::zones,
        plane::Plane,
        quality::judge,
        specimen::Specimen,
        upright::{turned, upright},
    },
};

fn main() {
    // `cargo test --benches` only wants to know that this builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    for dpi in [300, 600] {
        let raw = on_glass(dpi);
        let plane = Plane::of(&raw).unwrap();
        let seen = examine(&raw, None).unwrap();
        let placement = seen.placement.unwrap();
        let whole = placement.upright(&raw).unwrap();
        println!("A6 at {dpi} dpi, {} × {} pixels, accepted: {}", raw.width_px, raw.height_px, seen.zone.unwrap().accepted());
        figure("brightness", || drop(Plane::of(&raw)));
        figure("zone found and read", || drop(zones(&plane, dpi)));
        figure("edges found", || drop(locate::sheets(&raw, &[[125.0, 88.0]], Some(&placement))));
        figure("quality judged", || drop(judge(&plane, dpi, &placement, Some(0.1))));
        figure("all of these", || drop(examine(&raw, None)));
        figure("straightened, cropped and turned", || drop(placement.upright(&raw)));
        figure("encoded as JPEG", || drop(upright(&whole, Turn::None)));
    }
}

/// The specimen passport as it comes off the glass.
fn on_glass(dpi: u16) -> RawScan {
    let page = Specimen::passport().draw(dpi).unwrap();
    let (width_px, height_px) = page.dimensions();
    let page = RawScan { width_px, height_px, dpi, mode: ColourMode::Colour, pixels: page.into_raw(), device: String::new() };
    let page = turned(&page, Turn::ThreeQuarter).unwrap();
    let side = |mm: f32| (mm * f32::from(dpi) / 25.4).round() as usize;
    let (width, height, left, top) = (side(105.0), side(148.0), side(8.0), side(11.0));
    let mut pixels = vec![240; width * height * 3];
    let row = page.width_px as usize * 3;
    for (y, line) in page.pixels.chunks_exact(row).enumerate() {
        let start = ((top + y) * width + left) * 3;
        pixels[start..start + row].copy_from_slice(line);
    }
    RawScan { width_px: width as u32, height_px: height as u32, pixels, ..page }
}

/// Prints the median of nine rounds.
fn figure(what: &str, mut work: impl FnMut()) {
    let mut times: Vec<Duration> = (0..9)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        })
        .collect();
    times.sort();
    println!("  {what:40} {:>8.2} ms (fastest {:.2})", times[4].as_secs_f64() * 1e3, times[0].as_secs_f64() * 1e3);
}
