//! The scan made upright and its zone read, stage by stage, against ImageMagick and Tesseract doing the same to the same picture.
//!
//! Run with `cargo bench --bench against`. The other programs are called as `convert` and `tesseract` where they are installed;
//! `TESSDATA_PREFIX` may name a folder with `mrz.traineddata`. Figures are medians on this machine; nothing fails here.
//!
//! Whole programs are compared as whole programs: this one starts itself anew (`upright IN OUT DPI`), reads the same file, writes
//! the same kind of file, and is watched for its peak of memory in the same way. Once it does what ImageMagick does: edges, turn,
//! skew, crop, JPEG. Once it does what the station does, which finds out the turn, reads the zone and judges the picture too.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::pedantic
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use bam_station_imaging::{
    ColourMode, Placement, RawScan, examine, locate,
    mrz::{Format, Zone, zones},
    plane::Plane,
    quality::judge,
    upright::{encoded, raw_png},
};
use bam_station_scans::{Conditions, Page, Random, scanned};

/// What ImageMagick does to the same picture: turned, straightened, cropped, written at the same quality.
const CONVERT: [(&str, &str); 4] = [
    ("turned", "-rotate 270"),
    ("straightened", "-background white -deskew 40% +repage"),
    ("cropped", "-fuzz 6% -trim +repage"),
    ("encoded as JPEG", "-quality 92"),
];

/// Rounds of each figure.
const ROUNDS: usize = 11;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let [_, work, from, to, dpi] = arguments.as_slice()
        && let Some(find) = match work.as_str() {
            "upright" => Some(by_edges as fn(&RawScan) -> Placement),
            "examined" => Some((|raw| examine(raw, None).unwrap().placement.unwrap()) as fn(&RawScan) -> Placement),
            _ => None,
        }
    {
        make_upright(Path::new(from), Path::new(to), dpi.parse().unwrap(), find);
        return;
    }
    // `cargo test --benches` only wants to know that this builds.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    for dpi in [300, 600] {
        compared(dpi);
    }
    println!("peak of this whole process: {:.0} MB", peak_of("self").unwrap_or_default());
}

/// All figures at one resolution.
fn compared(dpi: u16) {
    let folder = tempfile::tempdir().unwrap();
    let raw = on_glass(dpi);
    let seen = examine(&raw, None).unwrap();
    let accepted = seen.zone.as_ref().is_some_and(Zone::accepted);
    println!(
        "\nA6 at {dpi} dpi, {} × {} pixels, a passport askew by 1.7°; zone accepted: {accepted}",
        raw.width_px, raw.height_px
    );

    let placement = seen.placement.unwrap();
    let plane = Plane::of(&raw).unwrap();
    let upright = placement.upright(&raw).unwrap();
    println!(" stages, here");
    figure("brightness", || drop(Plane::of(&raw)));
    let read = figure("zone found and read", || drop(zones(&plane, dpi)));
    figure("edges found", || drop(locate::sheets(&raw, &[[125.0, 88.0]], Some(&placement))));
    figure("quality judged", || drop(judge(&plane, dpi, &placement, Some(0.1))));
    figure("all of these: examined", || drop(examine(&raw, None)));
    let warped = figure("turned, straightened and cropped", || drop(placement.upright(&raw)));
    let coded = figure("encoded as JPEG", || drop(encoded(&upright)));
    figure("the raw scan kept as PNG, meanwhile", || drop(raw_png(&raw)));
    figure("last byte to upright picture", || drop(examine(&raw, None).unwrap().placement.unwrap().upright(&raw).unwrap()));
    println!("    (promised on the screen: 100 ms at 300 dpi; the bench pen_and_glass measures it there. Encoding follows.)");

    let (from, to) = (folder.path().join("in.ppm"), folder.path().join("out.jpg"));
    let head = format!("P6\n{} {}\n255\n", raw.width_px, raw.height_px);
    fs::write(&from, [head.as_bytes(), &raw.pixels].concat()).unwrap();
    println!(" stages, ImageMagick (what each adds to the one before)");
    let mut before = Duration::ZERO;
    let mut chain = Vec::new();
    let mut stages = [Duration::ZERO; 5];
    for (number, (stage, options)) in [("read", "")].into_iter().chain(CONVERT).enumerate() {
        chain.extend(options.split(' ').filter(|option| !option.is_empty()));
        let mut convert = Command::new("convert");
        convert.arg(&from).args(&chain).arg(if number == 4 { to.as_path() } else { Path::new("null:") });
        let Some((whole, _)) = median(&mut convert) else {
            println!("  {stage}: not installed, or it failed");
            break;
        };
        stages[number] = whole.saturating_sub(before);
        line(stage, stages[number], None);
        before = before.max(whole);
    }
    times_as_long("turned, straightened and cropped", stages[1] + stages[2] + stages[3], warped);
    times_as_long("encoded as JPEG", stages[4], coded);

    println!(" file to file, whole programs");
    let own = |work: &str| {
        let mut own = Command::new(env::current_exe().unwrap());
        own.arg(work).arg(&from).arg(&to).arg(dpi.to_string());
        median(&mut own).unwrap()
    };
    let (ours, our_peak) = own("upright");
    line("here: edges, turned, straightened, cropped, JPEG", ours, our_peak);
    let (whole, whole_peak) = own("examined");
    line("here: the zone read and the picture judged too", whole, whole_peak);
    let mut convert = Command::new("convert");
    convert.arg(&from).args(CONVERT.iter().flat_map(|(_, options)| options.split(' '))).arg(&to);
    match median(&mut convert) {
        Some((theirs, their_peak)) => {
            line("ImageMagick", theirs, their_peak);
            times_as_long("the same work, file to file", theirs, ours);
            times_as_long("against all of the station's work", theirs, whole);
        }
        None => println!("  ImageMagick is not installed, or it failed"),
    }

    println!(" machine readable zone");
    line("found on the scan and read, here", read, None);
    // Tesseract gets the two lines cut out and upright: it does not find them on a page.
    let page = image::RgbImage::from_raw(upright.width_px, upright.height_px, upright.pixels).unwrap();
    let mm = |length: f32| (length * f32::from(dpi) / 25.4) as u32;
    let trained = env::var("TESSDATA_PREFIX").is_ok_and(|at| Path::new(&at).join("mrz.traineddata").exists());
    let model = if trained { "mrz" } else { "eng" };
    let foot = 88.0 - 3.6 - Format::Td3.nominal_mm().1;
    let mut both = Some(Duration::ZERO);
    for (number, top) in [foot - 6.35 + 0.3, foot + 0.3].into_iter().enumerate() {
        let cut = folder.path().join(format!("line{number}.png"));
        image::imageops::crop_imm(&page, mm(3.0), mm(top), mm(119.0), mm(6.2)).to_image().save(&cut).unwrap();
        let mut tesseract = Command::new("tesseract");
        tesseract.arg(&cut).args(["stdout", "--psm", "7", "-l", model]);
        let theirs = median(&mut tesseract);
        match theirs {
            Some((time, peak)) => line(&format!("line {} alone, Tesseract ({model})", number + 1), time, peak),
            None => println!("  Tesseract is not installed, or it failed"),
        }
        both = both.zip(theirs).map(|(sum, (time, _))| sum + time);
    }
    if let Some(theirs) = both {
        times_as_long("both lines", theirs, read);
    }
}

/// Where the page lies by its edges alone; which way up is known, as it is to `convert`.
fn by_edges(raw: &RawScan) -> Placement {
    let sheet = locate::sheets(raw, &[Format::Td3.document_mm()], None)[0];
    let ([a, b], (x, y)) = (sheet.size_mm, sheet.middle_mm);
    let (size, direction) = if a >= b { ([a, b], sheet.angle_degrees) } else { ([b, a], sheet.angle_degrees + 90.0) };
    Placement::new([x, y], size, direction)
}

/// From a file to a file, as `convert` does it; `find` says where the page lies.
fn make_upright(from: &Path, to: &Path, dpi: u16, find: fn(&RawScan) -> Placement) {
    // P6, as `on_glass` wrote it: three lines, then the pixels, as they come from a scanner.
    let mut pixels = fs::read(from).unwrap();
    let head = pixels.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(2).unwrap().0 + 1;
    let words = String::from_utf8(pixels[..head].to_vec()).unwrap();
    let mut words = words.split_whitespace().skip(1).map(|word| word.parse().unwrap());
    let (width_px, height_px) = (words.next().unwrap(), words.next().unwrap());
    pixels.drain(..head);
    let raw = RawScan { width_px, height_px, dpi, mode: ColourMode::Colour, pixels, device: String::new() };
    let placement = find(&raw);
    fs::write(to, encoded(&placement.upright(&raw).unwrap()).unwrap().jpeg).unwrap();
}

/// A passport as it comes off the glass.
fn on_glass(dpi: u16) -> RawScan {
    let mut random = Random(20_261_121);
    let page = Page::random(&mut random, Format::Td3);
    let light = Conditions { dpi, lies: 91.7, blur_mm: 0.05, noise: 2.0, gain: 0.95, slope: 0.05, jpeg: None, grey: false };
    scanned(&[(&page, None)], &mut random, &light)
}

/// Prints and gives the median time of a piece of work.
fn figure(what: &str, mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        })
        .collect();
    times.sort();
    println!("  {what:44} {:>8.1} ms (fastest {:.1})", times[ROUNDS / 2].as_secs_f64() * 1e3, times[0].as_secs_f64() * 1e3);
    times[ROUNDS / 2]
}

/// The median time of a whole program, and its peak of memory in megabytes; `None` when it is not there or fails.
fn median(command: &mut Command) -> Option<(Duration, Option<f64>)> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut times = Vec::new();
    for _ in 0..ROUNDS.div_ceil(2) {
        let started = Instant::now();
        if !command.status().is_ok_and(|status| status.success()) {
            return None;
        }
        times.push(started.elapsed());
    }
    times.sort();
    Some((times[times.len() / 2], peak(command)))
}

/// The peak of memory of a program, looked at until it ends.
fn peak(command: &mut Command) -> Option<f64> {
    let mut child = command.spawn().ok()?;
    let mut most = None;
    while child.try_wait().ok()?.is_none() {
        most = peak_of(&child.id().to_string()).or(most);
        thread::sleep(Duration::from_micros(300));
    }
    most
}

/// The most memory that a process has used, in megabytes.
fn peak_of(process: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().trim_end_matches("kB").trim().parse().ok().map(|kilobytes: f64| kilobytes / 1024.0)
}

fn line(what: &str, time: Duration, peak: Option<f64>) {
    let peak = peak.map(|megabytes| format!(", peak {megabytes:.0} MB")).unwrap_or_default();
    println!("  {what:44} {:>8.1} ms{peak}", time.as_secs_f64() * 1e3);
}

fn times_as_long(what: &str, theirs: Duration, ours: Duration) {
    println!("    {what}: {:.1} times as long as here", theirs.as_secs_f64() / ours.as_secs_f64());
}
