//! Whatever covers a document on the glass: its machine readable zone is read without a panic, and what is accepted for certain is
//! what is printed.
//!
//! The input chooses a page of the tests' generator and lays strips of any brightness over the scan.
#![no_main]

use std::cell::RefCell;

use bam_station_imaging::{
    ColourMode, RawScan, examine,
    mrz::{Format, Text},
};
use bam_station_scans::{Conditions, Page, Random};
use libfuzzer_sys::fuzz_target;

/// Pages that are drawn in advance: drawing takes longer than reading.
const PAGES: u64 = 9;

thread_local! {
    static DRAWN: RefCell<Vec<(Vec<String>, RawScan)>> = const { RefCell::new(Vec::new()) };
}

fn drawn() -> Vec<(Vec<String>, RawScan)> {
    (0..PAGES)
        .map(|seed| {
            let mut random = Random(seed);
            let format = Format::ALL[seed as usize % 3];
            let page = Page::random(&mut random, format);
            let conditions = Conditions { grey: true, ..Conditions::readable(&mut random, format) };
            let scan = page.scanned(&mut random, &Conditions { dpi: 300, ..conditions });
            (page.lines, scan)
        })
        .collect()
}

/// Lays a strip over the scan.
fn cover(scan: &mut RawScan, [x, y, width, height, grey]: [u8; 5]) {
    let place = |share: u8, all: u32| usize::from(share) * all as usize / 256;
    let (left, top) = (place(x, scan.width_px), place(y, scan.height_px));
    let (width, height) = (usize::from(width) * 4 + 1, usize::from(height) + 1);
    let step = scan.mode.bytes_per_pixel();
    let row = scan.width_px as usize * step;
    for line in scan.pixels.chunks_exact_mut(row).skip(top).take(height) {
        let from = (left * step).min(row);
        line[from..(from + width * step).min(row)].fill(grey);
    }
}

fuzz_target!(|data: &[u8]| {
    let [page, strips @ ..] = data else { return };
    let (lines, mut scan) = DRAWN.with_borrow_mut(|pages| {
        if pages.is_empty() {
            *pages = drawn();
        }
        pages[usize::from(*page) % pages.len()].clone()
    });
    assert!(matches!(scan.mode, ColourMode::Grey | ColourMode::Colour));
    for strip in strips.as_chunks::<5>().0.iter().take(24) {
        cover(&mut scan, *strip);
    }
    let Ok(seen) = examine(&scan, None) else { return };
    if let Some(zone) = seen.zone.filter(|zone| zone.accepted()) {
        assert!(zone.text.wrong_checks().is_empty() && zone.text.is_regular());
        assert_eq!(zone.text.lines(), lines, "accepted, and not what is printed");
        assert!(Text::parse(&zone.text.lines()).is_some_and(|text| text == zone.text));
    }
});
