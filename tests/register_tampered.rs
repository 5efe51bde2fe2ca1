//! `register verify` after a whole control: every kept file counts, and a lost journal is not quietly begun anew.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use bam_station::register::{Register, RegisterError};
use serde_json::Value;

use crate::spine::station;

/// A data folder with one approved control, and the files of its evidence.
fn one_control() -> (tempfile::TempDir, Vec<PathBuf>) {
    let data = tempfile::tempdir().unwrap();
    let output = station(data.path(), &["control", "config/examples/qualified-passport.toml", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let folders = fs::read_dir(data.path().join("register/evidence")).unwrap().map(|folder| folder.unwrap().path());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|file| file.unwrap().path())).collect();
    (data, files)
}

#[test]
fn no_kept_file_is_changed_or_lost_unseen() {
    let (data, files) = one_control();
    let verify = || {
        let output = station(data.path(), &["register", "verify", "--json"]);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(i32::from(answer["valid"] == false)));
        answer
    };
    let whole = verify();
    assert_eq!((&whole["valid"], &whole["evidence"]["files"]), (&true.into(), &5.into()), "{whole:#}");
    assert_eq!(files.len(), 6, "terms, strokes, their picture, raw scan, upright scan, report");
    for file in files {
        let kept = fs::read(&file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let mut changed = kept.clone();
        changed[kept.len() / 2] ^= 1;
        fs::write(&file, changed).unwrap();
        let answer = verify();
        assert!(answer.to_string().contains("was changed after it was kept"), "{}: {answer:#}", file.display());
        fs::write(&file, &kept).unwrap();

        let aside = data.path().join("aside");
        fs::rename(&file, &aside).unwrap();
        assert!(verify().to_string().contains("is not in the register"), "{}", file.display());
        fs::rename(&aside, &file).unwrap();
    }
    assert_eq!(verify()["valid"], true);
}

#[test]
fn a_register_that_lost_its_journal_is_not_begun_anew() {
    let (data, _) = one_control();
    let folder = data.path().join("register");
    let empty: fn(&PathBuf) = |database| fs::write(database, []).unwrap();
    let gone: fn(&PathBuf) = |database| fs::remove_file(database).unwrap();
    for lose in [empty, gone] {
        lose(&folder.join("register.db"));
        assert!(matches!(Register::open(&folder), Err(RegisterError::DatabaseLost)));
        assert!(matches!(Register::open_read_only(&folder), Err(RegisterError::DatabaseLost)));
        let output = station(data.path(), &["control", "config/examples/declined-terms.toml", "--json"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(3) && said.contains("REGISTER_DATABASE_LOST"), "{said}");
        assert_eq!(station(data.path(), &["register", "verify"]).status.code(), Some(1));
    }
}

#[test]
fn a_register_that_was_cut_off_before_its_first_entry_is_begun_again() {
    let data = tempfile::tempdir().unwrap();
    fs::create_dir_all(data.path().join("evidence/incoming")).unwrap();
    fs::write(data.path().join("evidence/incoming/half"), b"half").unwrap();
    fs::write(data.path().join("register.db"), []).unwrap();
    assert!(Register::open(data.path()).is_ok());
}
