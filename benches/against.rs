//! The scan made upright and its zone read, against ImageMagick and Tesseract doing the same to the same picture.
//!
//! Run with `cargo bench --bench against`. The other programs are called as `convert` and `tesseract` where they are installed;
//! `TESSDATA_PREFIX` may name a folder with `mrz.traineddata`. Figures are medians on this machine; nothing fails here.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::pedantic
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bam_station::{
    device::scanner::{ColourMode, RawScan},
    imaging::{examine, mrz::zones, plane::Plane, specimen::Specimen, upright::encoded},
};
use bam_station_scans::{Conditions, Page, Random, scanned};

fn main() {
    // `cargo test --benches` only wants to know that this builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for dpi in [300, 600] {
        let raw = on_glass(dpi);
        println!("A6 at {dpi} dpi, {} × {} pixels, the passport askew by 1.7°", raw.width_px, raw.height_px);
        let (from, to) = (folder.path().join("in.ppm"), folder.path().join("out.jpg"));
        image::save_buffer(&from, &raw.pixels, raw.width_px, raw.height_px, image::ExtendedColorType::Rgb8).unwrap();

        let ours = figure("upright: file to file, here", || make_upright(&from, &to, dpi));
        let arguments = "-rotate 270 -background white -deskew 40% +repage -fuzz 6% -trim +repage -quality 92";
        let mut convert = Command::new("convert");
        convert.arg(&from).args(arguments.split(' ')).arg(&to);
        against("upright: file to file, ImageMagick", convert, ours);
        let pixels = figure("upright: last byte to JPEG, here", || {
            let placement = examine(&raw, None).unwrap().placement.unwrap();
            drop(encoded(&placement.upright(&raw).unwrap()).unwrap());
        });
        println!("    ({:.0} ms of them for the eyes)", pixels.as_secs_f64() * 1e3);

        let plane = Plane::of(&raw).unwrap();
        let read = figure("zone: found and read, here", || drop(zones(&plane, dpi)));
        // Tesseract gets the two lines cut out and upright: it does not find them on a page.
        let placement = examine(&raw, None).unwrap().placement.unwrap();
        let page = placement.upright(&raw).unwrap();
        let page = image::RgbImage::from_raw(page.width_px, page.height_px, page.pixels).unwrap();
        let mm = |length: f32| (length * f32::from(dpi) / 25.4) as u32;
        let model = if std::env::var("TESSDATA_PREFIX").is_ok_and(|at| Path::new(&at).join("mrz.traineddata").exists()) {
            "mrz"
        } else {
            "eng"
        };
        for (number, top) in [69.0, 75.4].into_iter().enumerate() {
            let line = folder.path().join(format!("line{number}.png"));
            image::imageops::crop_imm(&page, mm(3.0), mm(top), mm(119.0), mm(6.2)).to_image().save(&line).unwrap();
            let mut tesseract = Command::new("tesseract");
            tesseract.arg(&line).args(["stdout", "--psm", "7", "-l", model]);
            against(&format!("zone: line {} alone, Tesseract ({model})", number + 1), tesseract, read);
        }
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!("peak of this whole process: {}", peak.trim_start_matches("VmHWM:").trim());
}

fn make_upright(from: &Path, to: &Path, dpi: u16) {
    let picture = image::load_from_memory(&fs::read(from).unwrap()).unwrap().into_rgb8();
    let (width_px, height_px) = picture.dimensions();
    let raw = RawScan { width_px, height_px, dpi, mode: ColourMode::Colour, pixels: picture.into_raw(), device: String::new() };
    let placement = examine(&raw, None).unwrap().placement.unwrap();
    fs::write(to, encoded(&placement.upright(&raw).unwrap()).unwrap().jpeg).unwrap();
}

/// The specimen passport as it comes off the glass.
fn on_glass(dpi: u16) -> RawScan {
    let passport = Specimen::passport();
    let drawn = passport.draw(bam_station_scans::PAGE_DPI as u16).unwrap();
    let page = Page::drawn(drawn.width(), drawn.height(), drawn.as_raw(), passport.mrz_lines());
    let light = Conditions { dpi, lies: 91.7, blur_mm: 0.05, noise: 2.0, gain: 0.95, slope: 0.05, jpeg: None, grey: false };
    scanned(&[(&page, None)], &mut Random(7), &light)
}

/// Prints the median of nine rounds.
fn figure(what: &str, mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..9)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        })
        .collect();
    times.sort();
    println!("  {what:44} {:>8.1} ms (fastest {:.1})", times[4].as_secs_f64() * 1e3, times[0].as_secs_f64() * 1e3);
    times[4]
}

/// The same of another program, where it is installed.
fn against(what: &str, mut command: Command, ours: Duration) {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    if !command.status().is_ok_and(|status| status.success()) {
        println!("  {what:44}  not installed, or it failed");
        return;
    }
    let theirs = figure(what, || assert!(command.status().unwrap().success()));
    println!("    {:.1} times as long as here", theirs.as_secs_f64() / ours.as_secs_f64());
}
