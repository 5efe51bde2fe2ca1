//! Whatever byte of a whole report of level B-LTA is changed, the report is refused, or it is provably the same document.
//!
//! `make flips` changes each byte of the report that this test leaves for it (benches/flips.rs), twice: its lowest bit, and the bit that
//! tells upper from lower case. The test suite changes 2,000 bytes at random places in random ways.

use std::hash::{BuildHasher as _, Hasher as _};

use bam_station::{
    evidence::{
        sign::{Signer as _, UnsignedReport},
        verify::verify,
    },
    rules::{CertificateKind, Function, Method},
    trust::{Anchors, SignatureAlgorithm},
};
use jiff::Timestamp;

use crate::{
    long_term::{World, keep_for_the_judges},
    report_pages::{of_kind, qualified},
};

/// A report with everything that a report can have, its scan a small one, at level B-LTA.
fn archived() -> (Vec<u8>, Anchors) {
    let world = World::new(SignatureAlgorithm::P256);
    let plan = qualified().record.plan;
    let case = of_kind(Function::NewCard, CertificateKind::Qualified, Method::Document, &plan, "nb")
        .to_be_signed_by(world.signer().identity());
    let stamped = world.stamped_of(&UnsignedReport::new(case.build().unwrap()));
    let pdf = world.raised(stamped).unwrap().unwrap().bytes().to_vec();
    keep_for_the_judges(&world, &pdf, "to-be-changed");
    (pdf, world.anchors.clone())
}

/// The places of the hexadecimal digits of the signature and of the time-stamps, the newest last.
fn digits(pdf: &[u8]) -> Vec<std::ops::Range<usize>> {
    let starts = pdf.windows(10).enumerate().filter(|(_, window)| window == b"/Contents<");
    starts
        .map(|(at, _)| {
            let start = at + 10;
            start..start + pdf[start..].iter().position(|byte| *byte == b'>').unwrap()
        })
        .collect()
}

/// Verifies the report with this bit of this byte changed; `true` when it is accepted.
fn accepted(pdf: &mut [u8], anchors: &Anchors, now: Timestamp, place: usize, change: u8) -> bool {
    pdf[place] ^= change;
    let valid = verify(pdf, anchors, now).valid;
    pdf[place] ^= change;
    valid
}

/// The same digit written in the other case, in the place of the newest time-stamp: every reader decodes the same bytes from it. All
/// other bytes, those of the signature's own place too, lie under that time-stamp.
fn means_the_same(pdf: &[u8], digits: &[std::ops::Range<usize>], place: usize, change: u8) -> bool {
    let (before, after) = (pdf[place], pdf[place] ^ change);
    digits.last().is_some_and(|newest| newest.contains(&place))
        && before.eq_ignore_ascii_case(&after)
        && before.is_ascii_hexdigit()
}

#[test]
fn a_changed_byte_anywhere_is_refused_or_means_the_same() {
    let (pdf, anchors) = archived();
    let now = Timestamp::now();
    assert!(verify(&pdf, &anchors, now).valid);
    let hex = digits(&pdf);
    assert_eq!(hex.len(), 2, "the signature and the time-stamp over the document");
    let mut random = std::hash::RandomState::new().build_hasher();
    let mut next = |below: usize| {
        random.write_u8(1);
        (random.finish() % below as u64) as usize
    };
    let mut changed = pdf.clone();
    for _ in 0..2_000 {
        let (place, change) = (next(pdf.len()), 1 + next(255) as u8);
        let valid = accepted(&mut changed, &anchors, now, place, change);
        assert_eq!(valid, means_the_same(&pdf, &hex, place, change), "byte {place}, changed by {change:#04x}");
    }
}
