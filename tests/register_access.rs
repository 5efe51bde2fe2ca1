//! Who may open the register, and what the station says when it cannot be opened or written.

use std::{
    env, fs,
    io::{Seek, SeekFrom, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
};

use bam_station::register::{Head, JournalEntry, Register, RegisterError};
use jiff::Timestamp;
use rusqlite::Connection;

fn event() -> JournalEntry {
    JournalEntry::new("document-checked", &"x".repeat(1000)).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn code_of(outcome: Result<Register, RegisterError>) -> &'static str {
    outcome.err().map_or("none", |error| error.code())
}

#[test]
fn one_station_writes_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let register = Register::open(folder.path()).unwrap();
    let companion = register.companion().unwrap();
    assert_eq!(code_of(Register::open(folder.path())), "REGISTER_IN_USE");
    drop(register);
    assert_eq!(code_of(Register::open(folder.path())), "REGISTER_IN_USE", "the companion still writes");
    drop(companion);
    assert!(Register::open(folder.path()).is_ok());
}

#[test]
fn a_companion_writes_into_the_same_journal() {
    let folder = tempfile::tempdir().unwrap();
    let mut register = Register::open(folder.path()).unwrap();
    let mut companion = register.companion().unwrap();
    let writer = std::thread::spawn(move || {
        for _ in 0..50 {
            companion.append("station", &[event()], Timestamp::UNIX_EPOCH).unwrap();
        }
    });
    for _ in 0..50 {
        register.append("control-a", &[event()], Timestamp::UNIX_EPOCH).unwrap();
    }
    writer.join().unwrap();
    let report = register.verify_journal(&mut |_, _| {}).unwrap();
    assert_eq!((report.entries, report.first_bad), (100, None));
}

#[test]
fn readers_see_what_is_durable_while_a_station_writes() {
    let folder = tempfile::tempdir().unwrap();
    let mut register = Register::open(folder.path()).unwrap();
    let reader = Register::open_read_only(folder.path()).unwrap();
    for number in 1..=20 {
        let appended = register.append("control-a", &[event()], Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(reader.head().unwrap(), Head { seq: number, hash: appended[0].hash });
    }
    assert_eq!(reader.verify_journal(&mut |_, _| {}).unwrap().entries, 20);
}

#[test]
fn a_reader_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    drop(Register::open(folder.path()).unwrap());
    let mut reader = Register::open_read_only(folder.path()).unwrap();
    let refused = reader.append("control-a", &[event()], Timestamp::UNIX_EPOCH).unwrap_err();
    assert_eq!(refused.code(), "REGISTER_READ_ONLY");
    assert_eq!(reader.head().unwrap(), Head::EMPTY);
}

#[test]
fn a_reader_makes_no_register() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code_of(Register::open_read_only(folder.path())), "REGISTER_MISSING");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn only_the_owner_can_read_the_register() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("deep/register");
    let mut register = Register::open(&data).unwrap();
    register.append("control-a", &[event()], Timestamp::UNIX_EPOCH).unwrap();
    register.evidence().put(b"a scan").unwrap();
    assert_eq!(mode(&data), 0o700);
    for file in ["register.db", "register.db-wal", "register.db-shm", "lock"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    assert_eq!(mode(&data.join("evidence")), 0o700);
    drop(register);
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    drop(Register::open(&data).unwrap());
    assert_eq!(mode(&data), 0o700, "rights given away by mistake are taken back");
}

#[test]
fn databases_of_others_and_of_newer_programs_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE accounts (id INTEGER)").unwrap();
    assert_eq!(code_of(Register::open(folder.path())), "REGISTER_FOREIGN");
    assert_eq!(code_of(Register::open_read_only(folder.path())), "REGISTER_FOREIGN");

    fs::remove_file(&path).unwrap();
    drop(Register::open(folder.path()).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Register::open(folder.path()), Err(RegisterError::OtherVersion { found: 99, .. })));
    assert_eq!(code_of(Register::open_read_only(folder.path())), "REGISTER_OTHER_VERSION");
}

#[test]
fn a_damaged_database_is_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register.db");
    let mut register = Register::open(folder.path()).unwrap();
    for _ in 0..100 {
        register.append("control-a", &[event()], Timestamp::UNIX_EPOCH).unwrap();
    }
    drop(register);
    let whole = fs::read(&path).unwrap();
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    for (offset, length) in [(0_u64, 100_usize), (4096, 4096), (u64::try_from(whole.len()).unwrap() / 2, 8192)] {
        file.seek(SeekFrom::Start(offset)).unwrap();
        file.write_all(&vec![0xee; length]).unwrap();
        assert_eq!(code_of(Register::open(folder.path())), "REGISTER_DAMAGED", "at {offset}");
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(&whole).unwrap();
    }
    assert_eq!(Register::open(folder.path()).unwrap().head().unwrap().seq, 100);
}

#[test]
fn faults_of_the_disk_have_names() {
    let failed = |code| RegisterError::from(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None)).code();
    assert_eq!(failed(rusqlite::ffi::SQLITE_FULL), "REGISTER_DISK_FULL");
    assert_eq!(failed(rusqlite::ffi::SQLITE_READONLY), "REGISTER_READ_ONLY");
    assert_eq!(failed(rusqlite::ffi::SQLITE_CORRUPT), "REGISTER_DAMAGED");
    assert_eq!(failed(rusqlite::ffi::SQLITE_BUSY), "REGISTER_BUSY");
    let failed = |kind: std::io::ErrorKind| RegisterError::from(std::io::Error::from(kind)).code();
    assert_eq!(failed(std::io::ErrorKind::StorageFull), "REGISTER_DISK_FULL");
    assert_eq!(failed(std::io::ErrorKind::ReadOnlyFilesystem), "REGISTER_READ_ONLY");
    assert_eq!(failed(std::io::ErrorKind::PermissionDenied), "REGISTER_FORBIDDEN");
}

/// Runs this test program again, as a shell command line, for one ignored test of it.
fn again(prefix: &str, test: &str, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    let program = env::current_exe().unwrap();
    command.arg("-c").arg(format!("{prefix} exec {} --exact --ignored --nocapture --test-threads=1 {test}", program.display()));
    command.env("BAM_TEST_FOLDER", folder);
    command
}

/// The operating system stops every file from growing beyond 400 KiB: a write fails in the middle, as on a full disk.
#[test]
fn a_write_that_fails_in_the_middle_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    drop(Register::open(folder.path()).unwrap());
    let status =
        again("trap '' XFSZ; ulimit -f 800;", "register_access::writes_until_there_is_no_room", folder.path()).status().unwrap();
    assert!(status.success());

    let acknowledged: u64 = fs::read_to_string(folder.path().join("acknowledged")).unwrap().parse().unwrap();
    let register = Register::open(folder.path()).unwrap();
    let report = register.verify_journal(&mut |_, _| {}).unwrap();
    assert_eq!((report.entries, report.first_bad), (acknowledged, None));
}

#[test]
#[ignore = "run by a_write_that_fails_in_the_middle_leaves_nothing_half_done"]
fn writes_until_there_is_no_room() {
    let Some(folder) = env::var_os("BAM_TEST_FOLDER").map(std::path::PathBuf::from) else {
        return;
    };
    let mut register = Register::open(&folder).unwrap();
    let two = [event(), event()];
    let fault = loop {
        if let Err(error) = register.append("control-a", &two, Timestamp::UNIX_EPOCH) {
            break error;
        }
    };
    assert!(["REGISTER_DISK_FULL", "REGISTER_DATABASE_FAILED"].contains(&fault.code()), "{fault}");
    let head = register.head().unwrap();
    assert!(head.seq > 0 && head.seq.is_multiple_of(2));
    assert!(register.evidence().put(&vec![1; 1_000_000]).is_err());
    assert_eq!(fs::read_dir(folder.join("evidence/incoming")).unwrap().count(), 0);
    fs::write(folder.join("acknowledged"), head.seq.to_string()).unwrap();
}
