//! `bam-station deliver` and `bam-station receive`: how they exit and what they say.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
    sync::Arc,
};

use bam_station::{
    cli::{deliver, receive},
    delivery::{
        archive::Limits,
        client::{ArchiveClient, ArchiveConnection, Upload, read_identity},
        tls::TlsIdentity,
    },
    register::Register,
};
use clap::{Args, FromArgMatches};
use tempfile::TempDir;

use crate::delivery_desk::{CERTIFICATES, PlainCheck, archive_in, connection, digest_of, report_of, station};

fn parsed<T: Args + FromArgMatches>(words: &[&str]) -> T {
    let matches = T::augment_args(clap::Command::new("x")).try_get_matches_from(["x"].iter().chain(words)).unwrap();
    T::from_arg_matches(&matches).unwrap()
}

fn deliver_once(data: &TempDir, connection: &ArchiveConnection) -> (u8, String) {
    let mut messages = Vec::new();
    let code = deliver::run_to(&parsed(&["--once"]), data.path(), connection, &mut messages);
    (code, String::from_utf8(messages).unwrap())
}

#[test]
fn deliver_says_what_became_of_each_control() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive_in(folder.path(), Limits::default());
    let (data, register) = station(&["control-a", "control-b"]);
    let (code, messages) = deliver_once(&data, &archive.connection());
    assert!(code == 3 && messages.contains("(REGISTER_IN_USE)"), "an open station delivers by itself: {messages}");
    drop(register);

    let nobody = connection(1, archive.running.key());
    let (code, messages) = deliver_once(&data, &nobody);
    assert_eq!((code, messages.as_str()), (3, "not delivered: control control-a: DELIVERY_UNREACHABLE\n"));
    let (code, messages) = deliver_once(&data, &archive.connection());
    assert!(code == 0 && messages == "delivered: control control-b\n", "control-a is not due yet: {messages}");

    // Without --once it waits for control-a's time.
    let mut messages = Vec::new();
    assert_eq!(deliver::run_to(&parsed(&[]), data.path(), &archive.connection(), &mut messages), 0);
    assert!(String::from_utf8(messages).unwrap().ends_with("delivered: control control-a\n"));
    assert_eq!(deliver_once(&data, &archive.connection()), (0, String::new()));
}

#[test]
fn a_refused_report_is_the_answer_no() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive_in(folder.path(), Limits { report_bytes: 3, ..Limits::default() });
    let (data, register) = station(&["control-a"]);
    drop(register);
    for words in [&["--once"][..], &[]] {
        assert_eq!(deliver::run_to(&parsed(words), data.path(), &archive.connection(), &mut Vec::new()), 1, "{words:?}");
    }
    let register = Register::open_read_only(&data.path().join("register")).unwrap();
    assert_eq!(register.delivery("control-a").unwrap().unwrap().last_error.as_deref(), Some("DELIVERY_REJECTED"));
}

#[test]
fn a_wrong_configuration_is_named() {
    let (data, _register) = station(&[]);
    let folder = tempfile::tempdir().unwrap();
    let archive = archive_in(folder.path(), Limits::default());
    let with = |change: &dyn Fn(&mut ArchiveConnection)| {
        let mut connection = archive.connection();
        change(&mut connection);
        deliver_once(&data, &connection)
    };
    let theirs = CERTIFICATES.stranger.key.clone();
    type Change<'a> = &'a dyn Fn(&mut ArchiveConnection);
    let cases: [(Change, &str); 4] = [
        (&|it| it.url = "http://archive.example".into(), "DELIVERY_NOT_HTTPS"),
        (&|it| it.authority = b"no certificate".to_vec(), "DELIVERY_NO_CERTIFICATE"),
        (&|it| it.identity = TlsIdentity { key: b"no key".to_vec().into(), ..it.identity.clone() }, "DELIVERY_NO_KEY"),
        (&|it| it.identity = TlsIdentity { key: theirs.clone(), ..it.identity.clone() }, "DELIVERY_TLS_UNUSABLE"),
    ];
    for (change, fault) in cases {
        let (code, messages) = with(change);
        assert!(code == 2 && messages.contains(&format!("({fault})")), "{fault}: {messages}");
    }
}

#[test]
fn receive_names_the_file_that_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.pem");
    let Err(error) = read_identity(&missing, &missing) else { panic!("there is no such file") };
    assert_eq!(error.code(), "DELIVERY_FILE_UNREADABLE");
    assert!(error.to_string().contains("missing.pem"));
    let path = missing.to_str().unwrap();
    let code = receive::run(
        &parsed(&["--folder", path, "--certificate", path, "--key", path, "--client-ca", path, "--trust", path]),
        Arc::new(PlainCheck),
    );
    assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(2)));
    assert!(!missing.exists());
}

/// The archive as a process of its own: it takes a report, and ends in good order when it is told to.
#[test]
fn receive_runs_until_it_is_told_to_end() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("server.pem", &CERTIFICATES.server.certificates),
        ("server.key", &*CERTIFICATES.server.key),
        ("clients.pem", &CERTIFICATES.authority),
    ] {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", "--test-threads=1", "delivery_command::receives"])
        .env("BAM_TEST_FOLDER", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.find(|line| line.contains("listens on")).unwrap();
    let (address, key) = line.strip_prefix("the archive listens on https://127.0.0.1:").unwrap().split_once("; ").unwrap();
    let key = key.rsplit(' ').next().unwrap().parse().unwrap();
    let client = ArchiveClient::new(&connection(address.parse().unwrap(), &key)).unwrap();
    let receipt = client.upload("control-a", &digest_of("control-a"), report_of("control-a")).unwrap();
    assert_eq!((receipt.receipt().entry, receipt.receipt().archive.as_str()), (1, "our archive"));

    // The shell's own `kill`: a small system has no program of that name.
    assert!(Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id())]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    assert_eq!(lines.next().unwrap(), format!("received {} of control control-a", digest_of("control-a")));
}

#[test]
#[ignore = "run by receive_runs_until_it_is_told_to_end"]
fn receives() {
    let Some(folder) = env::var_os("BAM_TEST_FOLDER").map(PathBuf::from) else { return };
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let words =
        ["--listen", "127.0.0.1:0", "--name", "our archive", "--folder", &path("archive"), "--certificate", &path("server.pem")]
            .map(str::to_owned);
    let more =
        ["--key", &path("server.key"), "--client-ca", &path("clients.pem"), "--trust", &path("clients.pem")].map(str::to_owned);
    let words: Vec<&str> = words.iter().chain(&more).map(String::as_str).collect();
    let code = receive::run(&parsed(&words), Arc::new(PlainCheck));
    assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
}
