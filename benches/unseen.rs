//! The reader on many scans that no run had before: how many are read fully right, and that none is accepted but wrong.
//!
//! Run with `cargo bench --bench unseen`, or `-- --pages 2000`. `BAM_STATION_SEED=n` repeats a run; without it the seed is fresh.
//! A scan that is accepted and not what is printed ends the run as failed.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::pedantic
)]

use std::{process::ExitCode, sync::Mutex, thread};

use bam_station_imaging::{
    Placement, examine,
    mrz::{Format, Zone},
};
use bam_station_scans::{Conditions, Page, Random};

/// Pages of one run, when the command line does not say.
const PAGES: usize = 600;

#[derive(Default)]
struct Count {
    pages: usize,
    right: usize,
    accepted: usize,
    refused: usize,
    silently_wrong: usize,
    turned_otherwise: usize,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --benches` only wants to know that this builds.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let asked = arguments.windows(2).find(|pair| pair[0] == "--pages").and_then(|pair| pair[1].parse().ok());
    let pages = asked.unwrap_or(PAGES);
    // A seed that nobody has tuned on, unless one is named.
    let seed = match std::env::var("BAM_STATION_SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => seed,
        None => std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64,
    };
    println!("seed {seed}");
    let readable = run("readable", pages, seed, Conditions::readable);
    let hopeless = run("hopelessly blurred", pages / 3, seed, Conditions::hopeless);
    let wrong_way_up = without_zone(pages / 3, seed);
    if readable + hopeless + wrong_way_up == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Draws and examines pages on all processors, prints the figures of each format, and says how many are silently wrong.
fn run(name: &str, pages: usize, seed: u64, conditions: fn(&mut Random, Format) -> Conditions) -> usize {
    let next = Mutex::new(0..pages);
    let counts = Mutex::new(Format::ALL.map(|_| Count::default()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some(number) = next.lock().unwrap().next() else { break };
                    let mut random = Random(seed ^ (number as u64).wrapping_mul(0x517C_C1B7_2722_0A95));
                    let format = Format::ALL[number % 3];
                    let page = Page::random(&mut random, format);
                    let conditions = conditions(&mut random, format);
                    let seen = examine(&page.scanned(&mut random, &conditions), None).unwrap();
                    let zone = seen.zone.as_ref();
                    let right = zone.is_some_and(|zone| zone.text.lines() == page.lines);
                    let accepted = zone.is_some_and(Zone::accepted);
                    let apart = |direction: f32| (direction - conditions.lies + 180.0).rem_euclid(360.0) - 180.0;
                    let off = seen.placement.is_none_or(|placement| apart(placement.direction_degrees()).abs() > 0.15);
                    if accepted && !right {
                        println!("  SILENTLY WRONG: page {number}, {conditions:?}\n    printed {:?}", page.lines);
                        println!("    read    {:?}", zone.map(|zone| zone.text.lines()));
                    }
                    let count = &mut counts.lock().unwrap()[number % 3];
                    count.pages += 1;
                    count.right += usize::from(right);
                    count.accepted += usize::from(accepted && right);
                    count.refused += usize::from(!accepted);
                    count.silently_wrong += usize::from(accepted && !right);
                    count.turned_otherwise += usize::from(accepted && off);
                }
            });
        }
    });
    let counts = counts.into_inner().unwrap();
    println!("{name}: {pages} pages");
    let mut all = Count::default();
    for (format, count) in Format::ALL.iter().zip(counts) {
        tell(&format!("{format:?}"), &count);
        all.pages += count.pages;
        all.right += count.right;
        all.accepted += count.accepted;
        all.refused += count.refused;
        all.silently_wrong += count.silently_wrong;
        all.turned_otherwise += count.turned_otherwise;
    }
    tell("all", &all);
    all.silently_wrong
}

/// Pages whose zone is smeared, in every turn on the glass: how many are turned upright by what else is seen, how many are told
/// to be uncertain, and how many stand wrong without a word.
fn without_zone(pages: usize, seed: u64) -> usize {
    let (mut right, mut uncertain, mut wrong, mut read) = (0, 0, 0, 0);
    for number in 0..pages {
        let mut random = Random(seed ^ (number as u64).wrapping_mul(0x2545_F491_4F6C_DD1D));
        let format = Format::ALL[number % 3];
        let page = Page::random(&mut random, format).smeared(random.between(0.7, 1.3));
        let conditions = Conditions { jpeg: None, ..Conditions::readable(&mut random, format) };
        let seen = examine(&page.scanned(&mut random, &conditions), None).unwrap();
        let off =
            |placement: &Placement| ((placement.direction_degrees() - conditions.lies + 180.0).rem_euclid(360.0) - 180.0).abs();
        if seen.zone.is_some() {
            read += 1;
        } else if !seen.findings.is_empty() {
            uncertain += 1;
        } else if seen.placement.is_some_and(|placement| off(&placement) < 45.0) {
            right += 1;
        } else {
            wrong += 1;
            println!("  WRONG WAY UP: page {number}, {format:?}, {conditions:?}");
        }
    }
    println!("without a readable zone: {pages} pages");
    println!(
        "  upright {right}, told to be uncertain {uncertain}, the zone seen all the same {read}, wrong without a word {wrong}"
    );
    wrong
}

fn tell(what: &str, count: &Count) {
    let share = |part: usize| 100.0 * part as f64 / count.pages.max(1) as f64;
    println!(
        "  {what}: fully right {} ({:.2} %), accepted {} ({:.2} %), not accepted {}, silently wrong {}, accepted but turned otherwise {}",
        count.right,
        share(count.right),
        count.accepted,
        share(count.accepted),
        count.refused,
        count.silently_wrong,
        count.turned_otherwise
    );
}
