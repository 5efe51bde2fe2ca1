//! Changes each byte of a whole report, twice: its lowest bit, and the bit that tells upper from lower case. Every change must be
//! refused, or the report must mean the same.
//!
//! `make flips` runs it on a report of level B-LTA: `flips --bench REPORT.pdf CA.pem`. It has the parts of the program that a
//! verification needs and no other, so it is built without the screens.

#![allow(
    dead_code,
    missing_docs,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing
)]

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use evidence::verify::verify;
use jiff::Timestamp;
use trust::Anchors;

#[path = "../src/control/mod.rs"]
pub mod control;
#[path = "../src/digest.rs"]
pub mod digest;
#[path = "../src/evidence/mod.rs"]
pub mod evidence;
#[path = "../src/imaging/mod.rs"]
pub mod imaging;
#[path = "../src/rules/mod.rs"]
pub mod rules;
#[path = "../src/secret.rs"]
pub mod secret;
#[path = "../src/trust/mod.rs"]
pub mod trust;

#[path = "../src/delivery"]
pub mod delivery {
    pub mod tls;
}

/// What those parts name of the devices.
#[path = "../src/device"]
pub mod device {
    pub mod card {
        mod error;
        pub use error::CardError;

        /// A slot of a card; there is none here.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Slot {
            Authentication,
            Signature,
            KeyManagement,
        }

        impl std::fmt::Display for Slot {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{self:?}")
            }
        }
    }

    pub mod scanner {
        pub use bam_station_imaging::scan::RawScan;
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    // Without a report it only shows that it builds.
    let [report, ca] = arguments.as_slice() else { return };
    let pdf = fs::read(report).unwrap();
    let anchors = Anchors::from_bytes(&fs::read(ca).unwrap()).unwrap();
    let now = Timestamp::now();
    let whole = verify(&pdf, &anchors, now);
    assert!(whole.valid, "{:?}", whole.problems);
    let newest = newest_digits(&pdf);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, same, begun) = (AtomicUsize::new(0), AtomicUsize::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut changed = pdf.clone();
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&before) = pdf.get(place) else { return };
                    if place % 50_000 == 0 {
                        println!("{place} of {} bytes, {:.0} s", pdf.len(), begun.elapsed().as_secs_f32());
                    }
                    for change in [0x01, 0x20] {
                        changed[place] = before ^ change;
                        let valid = verify(&changed, &anchors, now).valid;
                        changed[place] = before;
                        assert_eq!(
                            valid,
                            means_the_same(&newest, place, before, change),
                            "byte {place}, changed by {change:#04x}"
                        );
                        same.fetch_add(usize::from(valid), Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let same = same.into_inner();
    println!(
        "{} bytes at level {}, each changed twice: {} refused, {same} mean the same (a hexadecimal digit of the newest time-stamp in the other case); {:.0} s",
        pdf.len(),
        whole.level.unwrap(),
        2 * pdf.len() - same,
        begun.elapsed().as_secs_f32()
    );
}

/// The places of the hexadecimal digits of the newest signature or time-stamp.
fn newest_digits(pdf: &[u8]) -> std::ops::Range<usize> {
    let start = 10 + pdf.windows(10).rposition(|window| window == b"/Contents<").unwrap();
    start..start + pdf[start..].iter().position(|byte| *byte == b'>').unwrap()
}

/// The same digit in the other case, in the place of the newest time-stamp: every reader decodes the same bytes from it. All other bytes
/// lie under that time-stamp.
fn means_the_same(newest: &std::ops::Range<usize>, place: usize, before: u8, change: u8) -> bool {
    newest.contains(&place) && before.is_ascii_hexdigit() && before.eq_ignore_ascii_case(&(before ^ change))
}
