//! The operator's software key: the PIN that opens it, the wrong ones that are counted, and the files in which it lies.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use bam_station::{
    cli::{
        operator::{self, EnrollArgs, OperatorAction, OperatorArgs},
        verify::VerifyArgs,
    },
    evidence::sign::{KeyStore, MAX_TRIES, SignError, Signer as _, SoftwareKey},
    trust::{KeyAlgorithm, verify_signature},
};

use crate::signature::{PIN, at, details, operator, pin, signing_time, unsigned};

const MESSAGE: &[u8] = b"signed attributes";

/// The only key of the store, opened anew as after a restart.
fn reopened(folder: &Path) -> SoftwareKey {
    let mut keys = KeyStore::open(&folder.join("keys")).unwrap().keys().unwrap();
    assert_eq!(keys.len(), 1);
    keys.remove(0)
}

fn key_folder(folder: &Path) -> PathBuf {
    fs::read_dir(folder.join("keys/operators")).unwrap().next().unwrap().unwrap().path()
}

#[test]
fn the_right_pin_signs_with_the_certified_key() {
    for kind in [KeyAlgorithm::P256, KeyAlgorithm::Ed25519] {
        let folder = tempfile::tempdir().unwrap();
        let (mut key, _) = operator(folder.path(), kind);
        let signature = key.sign(MESSAGE, pin(PIN).into()).unwrap();
        let certified = key.identity().certificate.tbs_certificate().subject_public_key_info();
        let algorithm = kind.signature();
        assert_eq!(verify_signature(certified, &algorithm.signature_identifier(), MESSAGE, &signature), Ok(algorithm));
        assert!(verify_signature(certified, &algorithm.signature_identifier(), b"other", &signature).is_err());
        assert!(key.identity().is_training);
    }
}

#[test]
fn three_wrong_pins_block_the_key_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let (mut key, _) = operator(folder.path(), KeyAlgorithm::P256);
    assert_eq!(key.sign(MESSAGE, pin("1111").into()), Err(SignError::WrongPin { tries_left: 2 }));
    // The count outlives the program.
    let mut key = reopened(folder.path());
    assert_eq!(key.tries_left(), Ok(2));
    assert_eq!(key.sign(MESSAGE, pin("2222").into()), Err(SignError::WrongPin { tries_left: 1 }));
    let mut key = reopened(folder.path());
    assert_eq!(key.sign(MESSAGE, pin("3333").into()), Err(SignError::Blocked));
    let mut key = reopened(folder.path());
    assert_eq!(key.sign(MESSAGE, pin(PIN).into()), Err(SignError::Blocked));
    assert_eq!(key.tries_left(), Ok(0));
}

#[test]
fn the_right_pin_gives_all_tries_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut key, _) = operator(folder.path(), KeyAlgorithm::P256);
    for _ in 0..2 {
        assert_eq!(key.sign(MESSAGE, pin("1111").into()), Err(SignError::WrongPin { tries_left: 2 }));
        assert_eq!(key.sign(MESSAGE, pin("2222").into()), Err(SignError::WrongPin { tries_left: 1 }));
        assert!(key.sign(MESSAGE, pin(PIN).into()).is_ok());
        assert_eq!(key.tries_left(), Ok(MAX_TRIES));
    }
}

/// Not a test by itself: the process that the next test kills. It tries a wrong PIN until the end.
#[test]
fn tries_wrong_pins_until_killed() {
    let Some(folder) = std::env::var_os("BAM_STATION_TEST_KEY_FOLDER") else { return };
    let mut key = reopened(Path::new(&folder));
    while key.sign(MESSAGE, pin("0000").into()) != Err(SignError::Blocked) {}
}

#[test]
fn killing_the_program_gives_no_further_try() {
    let folder = tempfile::tempdir().unwrap();
    drop(operator(folder.path(), KeyAlgorithm::P256));
    let tries = || reopened(folder.path()).tries_left().unwrap();
    let mut left = tries();
    while left > 0 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "operator_key::tries_wrong_pins_until_killed"])
            .env("BAM_STATION_TEST_KEY_FOLDER", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The try is on the disk before the PIN is tried: kill as soon as it is there.
        let patience = Instant::now() + Duration::from_secs(60);
        while tries() == left {
            assert!(Instant::now() < patience, "the try was never counted");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(tries() < left, "the killed program gave its try back");
        left = tries();
    }
    assert_eq!(reopened(folder.path()).sign(MESSAGE, pin(PIN).into()), Err(SignError::Blocked));
}

#[test]
fn two_programs_at_once_share_the_tries() {
    let folder = tempfile::tempdir().unwrap();
    drop(operator(folder.path(), KeyAlgorithm::P256));
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let attempts: Vec<_> =
            (0..5).map(|_| scope.spawn(|| reopened(folder.path()).sign(MESSAGE, pin("0000").into()))).collect();
        attempts.into_iter().map(|attempt| attempt.join().unwrap()).collect()
    });
    let wrong = outcomes.iter().filter(|outcome| matches!(outcome, Err(SignError::WrongPin { .. }))).count();
    let blocked = outcomes.iter().filter(|outcome| **outcome == Err(SignError::Blocked)).count();
    assert_eq!((wrong, blocked), (2, 3));
}

#[test]
fn a_missing_or_damaged_count_is_no_fresh_start() {
    let folder = tempfile::tempdir().unwrap();
    let (mut key, _) = operator(folder.path(), KeyAlgorithm::P256);
    let tries = key_folder(folder.path()).join("tries");
    for content in ["", "x\n", "0", "-1\n", "00\n", "0\n0\n"] {
        fs::write(&tries, content).unwrap();
        assert!(matches!(key.sign(MESSAGE, pin(PIN).into()), Err(SignError::Unusable(_))), "{content:?}");
    }
    fs::write(&tries, "9\n").unwrap();
    assert_eq!(key.sign(MESSAGE, pin(PIN).into()), Err(SignError::Blocked));
    fs::remove_file(&tries).unwrap();
    assert!(matches!(key.sign(MESSAGE, pin(PIN).into()), Err(SignError::Unusable(_))));
}

#[test]
fn a_copied_key_file_is_worth_nothing_without_the_machine_secret() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    drop(operator(folder.path(), KeyAlgorithm::P256));
    drop(operator(other.path(), KeyAlgorithm::P256));
    let (from, to) = (key_folder(folder.path()), key_folder(other.path()));
    fs::copy(from.join("key"), to.join("key")).unwrap();
    assert!(matches!(reopened(other.path()).sign(MESSAGE, pin(PIN).into()), Err(SignError::WrongPin { .. })));
}

#[test]
fn every_changed_part_of_the_key_file_is_found() {
    let folder = tempfile::tempdir().unwrap();
    drop(operator(folder.path(), KeyAlgorithm::P256));
    let file = key_folder(folder.path()).join("key");
    let tries = key_folder(folder.path()).join("tries");
    let original = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = original.lines().collect();
    let flipped = |line: &str| format!("{}{}", if line.starts_with('0') { '1' } else { '0' }, &line[1..]);
    let changes = [
        original.replace("\"memory_kib\":65536", "\"memory_kib\":8"),
        original.replace("\"memory_kib\":65536", "\"memory_kib\":65537"),
        original.replace("\"memory_kib\":65536", "\"memory_kib\":4294967295"),
        original.replace("\"passes\":3", "\"passes\":4294967295"),
        original.replace("\"version\":1", "\"version\":2"),
        original.replace("\"algorithm\":\"p256\"", "\"algorithm\":\"ed25519\""),
        original.replace("{\"format\"", "{ \"format\""),
        format!("{}\n{}\n{}\n", lines[0], flipped(lines[1]), lines[2]),
        format!("{}\n{}\n{}\n", lines[0], lines[1], flipped(lines[2])),
        format!("{}\n{}\n", lines[0], lines[1]),
        original[..original.len() / 2].to_owned(),
        String::new(),
        "x".repeat(100_000),
    ];
    for change in changes {
        assert_ne!(change, original);
        fs::write(&file, &change).unwrap();
        fs::write(&tries, "0\n").unwrap();
        let key = KeyStore::open(&folder.path().join("keys")).unwrap().keys().map(|mut keys| keys.remove(0));
        let outcome = key.map(|mut key| key.sign(MESSAGE, pin(PIN).into()));
        assert!(!matches!(outcome, Ok(Ok(_))), "{change}");
    }
}

#[test]
fn files_that_others_can_read_are_refused_and_the_message_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (mut key, _) = operator(folder.path(), KeyAlgorithm::P256);
    let keys = folder.path().join("keys");
    let open_to_all = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();

    open_to_all(&keys.join("machine-secret"));
    let Err(SignError::Unusable(message)) = key.sign(MESSAGE, pin(PIN).into()) else { panic!("the key was used") };
    assert!(message.contains("chmod 600") && message.contains("machine-secret"), "{message}");
    assert_eq!(key.tries_left(), Ok(MAX_TRIES), "no try is spent");
    open_to_all(&key_folder(folder.path()).join("key"));
    let refused = KeyStore::open(&keys).unwrap().keys().err().unwrap();
    assert_eq!(refused.code(), "OPERATOR_KEY_UNUSABLE");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(KeyStore::open(&keys).err().unwrap().code(), "KEY_FILE_OPEN_TO_OTHERS");
}

#[test]
fn the_folder_is_private_and_names_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (_, _) = operator(folder.path(), KeyAlgorithm::Ed25519);
    let mut waiting = vec![folder.path().join("keys")];
    let mut files = 0;
    while let Some(path) = waiting.pop() {
        let metadata = fs::metadata(&path).unwrap();
        let wanted = if metadata.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(metadata.permissions().mode() & 0o777, wanted, "{}", path.display());
        assert!(!path.to_string_lossy().contains("Åse"));
        if metadata.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            files += 1;
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(PIN.len()).any(|window| window == PIN.as_bytes()) || path.ends_with("key"));
        }
    }
    assert!(files >= 6);
}

#[test]
fn a_lost_machine_secret_is_not_replaced_behind_the_operators_back() {
    let folder = tempfile::tempdir().unwrap();
    drop(operator(folder.path(), KeyAlgorithm::P256));
    fs::remove_file(folder.path().join("keys/machine-secret")).unwrap();
    let mut key = reopened(folder.path());
    assert!(matches!(key.sign(MESSAGE, pin(PIN).into()), Err(SignError::Unusable(_))));
    let store = KeyStore::open(&folder.path().join("keys")).unwrap();
    let again = store.enroll("Ola", "ID", KeyAlgorithm::P256, pin(PIN), signing_time());
    assert_eq!(again.err().unwrap().code(), "MACHINE_SECRET_MISSING");
}

#[test]
fn a_key_that_was_being_made_when_the_power_went_is_no_key() {
    let folder = tempfile::tempdir().unwrap();
    drop(operator(folder.path(), KeyAlgorithm::P256));
    let unfinished = folder.path().join("keys/operators/0011.new");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("tries"), "0\n").unwrap();
    assert!(reopened(folder.path()).sign(MESSAGE, pin(PIN).into()).is_ok());
}

#[test]
fn a_new_keys_pin_has_six_to_twelve_characters_whoever_asks() {
    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::open(&folder.path().join("keys")).unwrap();
    for short_or_long in ["1234", "12345", "1234567890123"] {
        let error =
            store.enroll("Kari Nordmann", "Utopia kommune", KeyAlgorithm::P256, pin(short_or_long), at("2026-03-01T08:00:00Z"));
        assert_eq!(error.err().unwrap().code(), "NEW_PIN_LENGTH", "{}", short_or_long.len());
    }
    assert!(store.keys().unwrap().is_empty());
}

#[test]
fn operators_of_one_station_have_the_same_ca_and_their_own_pins() {
    let folder = tempfile::tempdir().unwrap();
    let (mut first, anchors) = operator(folder.path(), KeyAlgorithm::P256);
    let store = KeyStore::open(&folder.path().join("keys")).unwrap();
    let later = at("2026-03-02T08:00:00Z");
    let mut second = store.enroll("Ola Nordmann", "ID-kontor Ålesund", KeyAlgorithm::Ed25519, pin("135791"), later).unwrap();
    assert_eq!(store.anchors().unwrap().certificates(), anchors.certificates());
    assert!(first.sign(MESSAGE, pin("135791").into()).is_err());
    assert!(second.sign(MESSAGE, pin("135791").into()).is_ok());
    let names: Vec<_> = store.keys().unwrap().iter().map(|key| key.identity().common_name.clone()).collect();
    assert_eq!(names, ["Åse Ødegård", "Ola Nordmann"]);
}

fn enroll(name: &str, pin_file: Option<PathBuf>) -> OperatorArgs {
    OperatorArgs {
        action: OperatorAction::Enroll(EnrollArgs {
            name: name.to_owned(),
            organisation: "ID-kontor".to_owned(),
            algorithm: KeyAlgorithm::P256,
            pin_file,
            json: true,
        }),
    }
}

#[test]
fn operators_are_enrolled_and_listed_on_the_command_line() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(operator::list(data.path()).unwrap(), []);
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0, "listing makes nothing");
    let pin_file = data.path().join("pin");
    fs::write(&pin_file, "246810\nnot the PIN\n").unwrap();
    assert_eq!(operator::run(&enroll("Kari Nordmann", Some(pin_file.clone())), data.path()), ExitCode::SUCCESS);
    let listed = operator::list(data.path()).unwrap();
    assert_eq!((listed[0].name.as_str(), listed[0].tries_left, listed[0].training), ("Kari Nordmann", 3, true));
    assert!(reopened(data.path()).sign(MESSAGE, pin(PIN).into()).is_ok());

    assert_eq!(operator::run(&enroll("Kari", Some(data.path().join("missing"))), data.path()), ExitCode::from(2));
    fs::write(&pin_file, "1\n").unwrap();
    assert_eq!(operator::run(&enroll("Kari", Some(pin_file)), data.path()), ExitCode::from(2));
}

#[test]
fn the_command_verify_answers_with_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::open(&folder.path().join("keys")).unwrap();
    let mut key = store.enroll("Kari", "ID-kontor", KeyAlgorithm::P256, pin(PIN), at("2025-03-01T08:00:00Z")).unwrap();
    let details = bam_station::evidence::sign::SignatureDetails { signed_at: at("2025-03-01T09:00:00Z"), ..details() };
    let signed = unsigned(key.identity()).sign(&mut key, pin(PIN), &details).unwrap().into_bytes();
    let report = folder.path().join("report.pdf");
    let answer = |file: &Path, trust: Option<PathBuf>| {
        bam_station::cli::verify::run(&VerifyArgs { file: file.to_owned(), trust, trust_time: None, json: false })
    };
    fs::write(&report, &signed).unwrap();
    assert_eq!(answer(&report, Some(store.training_ca_certificate())), ExitCode::SUCCESS);
    assert_eq!(answer(&report, None), ExitCode::SUCCESS);
    let other = tempfile::tempdir().unwrap();
    drop(operator(other.path(), KeyAlgorithm::P256));
    assert_eq!(answer(&report, Some(other.path().join("keys/training-ca/certificate.pem"))), ExitCode::from(1));
    assert_eq!(answer(&folder.path().join("missing.pdf"), None), ExitCode::from(2));
    assert_eq!(answer(&report, Some(report.clone())), ExitCode::from(2));
    fs::write(&report, [signed.as_slice(), b" "].concat()).unwrap();
    assert_eq!(answer(&report, None), ExitCode::from(1));
}
