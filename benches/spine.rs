//! The figures of one report: built, signed, verified, stored; and of one verification.
//!
//! Run with `cargo bench`. Each figure is the median of many rounds on this machine; nothing fails here.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::indexing_slicing)]

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use bam_station::{
    evidence::{
        Record, preview,
        report::{ReportParts, build},
        sign::{KeyStore, SignatureDetails, UnsignedReport},
        verify::{VerifiedReport, verify},
    },
    register::Register,
    secret::Pin,
    trust::KeyAlgorithm,
};
use jiff::Timestamp;

fn main() {
    // `cargo test --benches` only wants to know that this builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let desk = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_bam-station");
    let report = desk.path().join("report.pdf");
    let run = || {
        drop(std::fs::remove_file(&report));
        Command::new(program)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["--data", desk.path().to_str().unwrap(), "control", "config/examples/qualified-passport.toml", "--json"])
            .args(["--report", report.to_str().unwrap()])
            .output()
            .unwrap()
    };
    let output = run();
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let pdf = std::fs::read(&report).unwrap();
    figure("a whole scripted control, the process included", 5, || drop(run()));

    let keys = KeyStore::open(&desk.path().join("keys")).unwrap();
    let anchors = keys.anchors().unwrap();
    let now = Timestamp::now();
    let verification = verify(&pdf, &anchors, now);
    let record_json = verification.record_bytes.clone().unwrap();
    let record: Record = serde_json::from_slice(&record_json).unwrap();
    let register = desk.path().join("register");
    let evidence = |digest| Register::open_read_only(&register).unwrap().evidence().get(&digest, u64::MAX).unwrap();
    let strokes = evidence(record.signature.as_ref().unwrap().signature.strokes);
    let scan = evidence(record.scan.as_ref().unwrap().scan.upright.picture);
    let terms = String::from_utf8(evidence(record.terms.as_ref().unwrap().terms.text)).unwrap();
    let parts = ReportParts {
        record: &record,
        record_json: &record_json,
        strokes_json: Some(&strokes),
        scan_jpeg: Some(&scan),
        previous_scan_jpeg: None,
        terms_text: Some(&terms),
    };
    let unsigned = build(&parts).unwrap();
    println!("{:46} {:>9} bytes", "the report", pdf.len());
    figure("report built", 50, || drop(build(&parts).unwrap()));

    let mut key = keys.enroll("Bench Operator", "Bench", KeyAlgorithm::P256, Pin::new("246810".into()).unwrap(), now).unwrap();
    let details = SignatureDetails { signed_at: now, reason: "bench".into(), location: "bench".into() };
    let report = UnsignedReport::new(unsigned.clone());
    figure("report signed (Argon2id of the PIN included)", 10, || {
        drop(report.sign(&mut key, Pin::new("246810".into()).unwrap(), &details).unwrap());
    });
    figure("report verified", 100, || assert!(verify(&pdf, &anchors, now).valid));
    figure("first page as a picture", 20, || drop(preview::page(&unsigned, 0, 1.7).unwrap()));

    let store = desk.path().join("bench-register");
    let register = Register::open(&store).unwrap();
    let mut round = 0_u32;
    figure("report stored (fsync of file and folder)", 20, || {
        round += 1;
        let mut copy = pdf.clone();
        copy.extend_from_slice(&round.to_be_bytes());
        register.evidence().put(&copy).unwrap();
    });
    let signed = bam_station::evidence::sign::SignedReport::new(pdf);
    figure("own check before the register", 20, || {
        drop(
            VerifiedReport::check(bam_station::evidence::sign::SignedReport::new(signed.bytes().to_vec()), &anchors, now)
                .unwrap(),
        );
    });
    println!("{:46} {:>9} bytes", "the program", std::fs::metadata(Path::new(program)).unwrap().len());
}

/// Prints the median of `rounds` rounds.
fn figure(what: &str, rounds: usize, mut work: impl FnMut()) {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed()
        })
        .collect();
    times.sort();
    println!("{what:46} {:>9.2} ms (fastest {:.2})", times[rounds / 2].as_secs_f64() * 1e3, times[0].as_secs_f64() * 1e3);
}
