//! `register verify --reports`: the signature, the pages and the record of every kept report are verified anew.

use std::path::Path;

use bam_station::{
    control::{Approval, Event},
    digest::Digest,
    evidence::sign::{KeyStore, SignatureDetails, Signer as _, SoftwareKey},
    register::{FinishedControl, Register},
    rules::{CertificateKind, Function},
    station::journal,
    trust::KeyAlgorithm,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    report_pages::small,
    signature::{PIN, details, pin, unsigned},
    spine::station,
};

/// The control of [`small`].
const CONTROL: &str = "01938d1c-5e2a-7c31-9a54-3f0d6f2b8e11";
const OTHER: &str = "01938d1c-5e2a-7c31-9a54-3f0d6f2b8e22";

/// An operator's key of a training CA of its own.
fn enrolled(folder: &Path) -> SoftwareKey {
    let store = KeyStore::open(&folder.join("keys")).unwrap();
    store.enroll("Kari Nordmann", "Fjordby kommune", KeyAlgorithm::P256, pin(PIN), Timestamp::now()).unwrap()
}

/// A signed report and its record.
fn signed() -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let mut key = enrolled(folder.path());
    let record = small(key.identity()).1;
    let details = SignatureDetails { signed_at: Timestamp::now(), ..details() };
    (unsigned(key.identity()).sign(&mut key, pin(PIN), &details).unwrap().into_bytes(), record)
}

/// Puts a control with this report into the register; the journal says that this record was approved.
fn keep(data: &TempDir, control: &str, pdf: &[u8], record: &[u8]) {
    let mut register = Register::open(&data.path().join("register")).unwrap();
    let report = register.evidence().put(pdf).unwrap();
    let at = Timestamp::now();
    let approval = Approval {
        report,
        size: pdf.len() as u64,
        record: Digest::of(record),
        completed_at: at,
        signed_at: at,
        level: "B-B".into(),
        judged: None,
        time_stamp_fault: None,
    };
    let finished = FinishedControl {
        control: control.into(),
        report: Some(report),
        function: Function::ReplacementCard,
        certificate: CertificateKind::Local,
        outcome: "approved".into(),
        completed_at: at,
    };
    let approved = journal::entry(&Event::Approved(Box::new(approval))).unwrap();
    register.register_control(&finished, &[approved], false, at).unwrap();
}

/// Exit code and the answer of `register verify`.
fn verified(data: &TempDir, words: &[&str]) -> (i32, Value) {
    let output = station(data.path(), &[&["register", "verify", "--json"], words].concat());
    let answer = serde_json::from_slice(&output.stdout);
    (output.status.code().unwrap(), answer.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))))
}

#[test]
fn every_report_of_a_real_desk_is_verified_anew_against_its_ca() {
    let data = tempfile::tempdir().unwrap();
    for script in ["qualified-passport", "local-id-card"] {
        let output = station(data.path(), &["control", &format!("config/examples/{script}.toml"), "--json"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let ca = data.path().join("keys/training-ca/certificate.pem");
    let ca = ca.to_str().unwrap();
    for words in [["--reports"].as_slice(), &["--reports", "--trust", ca]] {
        let (code, answer) = verified(&data, words);
        assert_eq!((code, &answer["reports"]["reports"], &answer["reports"]["problems"]), (0, &2.into(), &Value::Array(vec![])));
    }
    assert_eq!(verified(&data, &[]).1["reports"], Value::Null, "only when it is asked for");
    let said = station(data.path(), &["register", "verify", "--reports"]);
    assert!(String::from_utf8_lossy(&said.stdout).contains("2 reports verified anew"));
    assert!(String::from_utf8_lossy(&said.stderr).contains("reports: 2 of 2"), "progress is told");

    // Another CA vouches for none of them.
    let other = tempfile::tempdir().unwrap();
    enrolled(other.path());
    let other = other.path().join("keys/training-ca/certificate.pem");
    let (code, answer) = verified(&data, &["--reports", "--trust", other.to_str().unwrap()]);
    assert_eq!((code, answer["reports"]["problems"].as_array().unwrap().len(), &answer["valid"]), (1, 2, &false.into()));
    let missing = station(data.path(), &["register", "verify", "--reports", "--trust", "/nonexistent.pem"]);
    assert_eq!(missing.status.code(), Some(2));
}

#[test]
fn what_is_kept_and_no_valid_report_of_its_control_is_named() {
    let (pdf, record) = signed();
    let mut changed = pdf.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let cases: [(&str, &[u8], &[u8], Option<&str>); 5] = [
        (CONTROL, &pdf, &record, None),
        (CONTROL, &changed, &record, Some("its report is not valid")),
        (CONTROL, b"no report", &record, Some("its report is not valid (REPORT_DAMAGED)")),
        (OTHER, &pdf, &record, Some("its report is the one of another control")),
        (CONTROL, &pdf, b"{}", Some("the record in its report is not the one that was approved")),
    ];
    for (control, pdf, record, fault) in cases {
        let data = tempfile::tempdir().unwrap();
        keep(&data, control, pdf, record);
        let (code, answer) = verified(&data, &[]);
        assert_eq!((code, &answer["valid"]), (0, &true.into()), "the file is the one that was kept");
        let (code, answer) = verified(&data, &["--reports"]);
        let problems = answer["reports"]["problems"].as_array().unwrap();
        let named = problems.iter().map(|problem| (problem["control"].as_str().unwrap(), problem["what"].as_str().unwrap()));
        match fault {
            None => assert_eq!((code, named.count()), (0, 0)),
            Some(fault) => {
                assert_eq!(code, 1, "{fault}");
                assert!(named.clone().all(|(of, what)| of == control && what.starts_with(fault)), "{problems:?}");
                assert_eq!(named.count(), 1, "{fault}");
            }
        }
    }
}

#[test]
fn a_report_of_a_purged_control_is_not_missed() {
    let data = tempfile::tempdir().unwrap();
    let (pdf, record) = signed();
    keep(&data, CONTROL, &pdf, &record);
    let mut register = Register::open(&data.path().join("register")).unwrap();
    let later = Timestamp::now() + SignedDuration::from_hours(1);
    assert_eq!(register.purge(later, later, &mut |_, _| {}).unwrap().controls, 1);
    drop(register);
    let (code, answer) = verified(&data, &["--reports"]);
    assert_eq!((code, &answer["reports"]["reports"]), (0, &0.into()), "{answer}");
}
