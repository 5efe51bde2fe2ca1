//! `bam-station verify` on what is no report: it answers at once and says what it was given.

use std::{fs, path::Path, process::Command};

use bam_station::cli::verify::{VerifyArgs, examine};
use jiff::Timestamp;

fn code(file: &Path, trust: Option<&Path>) -> &'static str {
    let args = VerifyArgs { file: file.to_owned(), trust: trust.map(Path::to_owned), trust_time: None, json: false };
    match examine(&args, Timestamp::now()) {
        Ok(verification) => verification.problems[0].code,
        Err(error) => error.code(),
    }
}

#[test]
fn a_pipe_a_folder_and_a_device_are_refused_without_waiting_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for no_file in [pipe.as_path(), folder.path(), Path::new("/dev/zero"), Path::new("/none.pdf")] {
        assert_eq!(code(no_file, None), "FILE_UNREADABLE", "{}", no_file.display());
    }
}

#[test]
fn a_trust_file_that_is_too_large_is_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let (report, trust) = (folder.path().join("report.pdf"), folder.path().join("ca.pem"));
    fs::write(&report, b"").unwrap();
    fs::write(&trust, vec![b' '; (1 << 20) + 1]).unwrap();
    assert_eq!(code(&report, Some(&trust)), "TRUST_FILE_TOO_LARGE");
    fs::write(&trust, b"no certificate").unwrap();
    assert_eq!(code(&report, Some(&trust)), "TRUST_FILE_NOT_READABLE");
    assert_eq!(code(&report, None), "REPORT_DAMAGED");
}
