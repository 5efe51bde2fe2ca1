//! "Test all": what works is said to work, what does not is named with its fault, and nothing that hangs holds up the others.

use std::{
    fs,
    net::TcpListener,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use bam_station::{
    config::{Configuration, Found as Files, Language},
    fault,
    selftest::{Found, Options, Part, State, Tested, TestedDesk, run, test_all},
    station::DataFolder,
};
use bam_station_ui::Devices;
use serde_json::Value;
use slint::{ComponentHandle as _, Model as _};
use tempfile::TempDir;

use crate::{
    delivery_desk::{archive_in, connection},
    desk_by_hand::AtTheDesk,
    spine::station,
    support_pki::{Pki, Reply, now},
    support_screens::{by_id, picture},
    support_tsa::{self, Kind},
};

type Test = Box<dyn FnOnce() -> Found + Send>;

fn works() -> Found {
    Found { state: State::Good, code: None, message: None, detail: None }
}

#[test]
fn a_test_that_never_comes_back_is_given_up_and_holds_up_nobody() {
    let (keep, never) = mpsc::channel::<()>();
    let hangs: Test = Box::new(move || {
        let _ = never.recv();
        works()
    });
    let tests = [
        (Part::Scanner, Duration::from_secs(5), hangs),
        (Part::Disk, Duration::from_mins(1), Box::new(works) as Test),
        (Part::Clock, Duration::from_mins(1), Box::new(works) as Test),
    ];
    let mut told = vec![];
    let tested = run(tests, |tested| told.push(tested.part));
    assert_eq!(tested.iter().map(|tested| tested.part).collect::<Vec<_>>(), [Part::Scanner, Part::Disk, Part::Clock]);
    assert_eq!((tested[0].found.state, tested[0].found.code), (State::Failed, Some("SELF_TEST_TIMED_OUT")));
    assert!(tested[1..].iter().all(|tested| tested.found.state == State::Good));
    assert_eq!((told.len(), *told.last().unwrap()), (3, Part::Scanner), "each is told as it is done");
    drop(keep);
}

fn asked(data: &TempDir, words: &[&str]) -> (Option<i32>, Value) {
    let output = station(data.path(), &[words, &["selftest", "--json"]].concat());
    let document = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), document)
}

fn part<'a>(document: &'a Value, name: &str) -> &'a Value {
    document["parts"].as_array().unwrap().iter().find(|part| part["part"] == name).unwrap()
}

#[test]
fn a_training_desk_is_tested_from_the_command_line() {
    let data = tempfile::tempdir().unwrap();
    let (code, document) = asked(&data, &[]);
    assert_eq!((code, &document["good"]), (Some(3), &Value::Bool(false)), "{document:#}");
    assert_eq!(document["parts"].as_array().unwrap().len(), Part::ALL.len());
    let register = part(&document, "register");
    assert_eq!((&register["state"], &register["code"]), (&"failed".into(), &"REGISTER_MISSING".into()), "{register}");
    assert!(register["remedy"].as_str().unwrap().contains("--data"), "{register}");
    let scanner = part(&document, "scanner");
    assert!(scanner["state"] == "good" && scanner["detail"].as_str().unwrap().contains("bamvirtual:a6"), "{scanner}");
    assert!(fs::read_dir(data.path()).unwrap().next().is_none(), "the test left something behind");
    for part in document["parts"].as_array().unwrap() {
        let code = part["code"].as_str();
        assert_eq!(code.is_some(), matches!(part["state"].as_str(), Some("failed" | "noted")), "{part}");
        assert!(code.is_none_or(|code| fault::lookup(code).is_some()), "{part}");
        assert!(part["milliseconds"].is_u64());
    }

    let control = station(data.path(), &["control", "config/examples/local-id-card.toml"]);
    assert_eq!(control.status.code(), Some(0), "{}", String::from_utf8_lossy(&control.stderr));
    let (code, document) = asked(&data, &[]);
    assert_eq!((code, &document["good"]), (Some(0), &Value::Bool(true)), "{document:#}");
    assert!(part(&document, "register")["detail"].as_str().unwrap().starts_with("1 controls, 0 to be delivered, chain head"));
    assert_eq!(part(&document, "keys")["detail"], "1 software keys, 0 blocked");

    let output = station(data.path(), &["selftest", "--scan"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(0) && said.contains("pixels at 300 dpi"), "{said}");
    let missing = tempfile::tempdir().unwrap().path().join("not there");
    assert_eq!(station(&missing, &["selftest"]).status.code(), Some(3));
    assert!(!missing.exists(), "a mistyped --data became a new folder");
}

fn desk(master: &str, data: &TempDir) -> Arc<TestedDesk> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = data.path().join("MASTER.toml");
    fs::write(
        &file,
        format!(
            "[Common]\nCompanyName = \"A\"\nLraMode = \"Local\"\n[Terms]\nFolder = \"{}\"\n{master}",
            root.join("config/terms").display()
        ),
    )
    .unwrap();
    let configuration = Configuration::load(&Files { master: file, local: root.join("config/LOCAL.toml") }).unwrap();
    let executable = env!("CARGO_BIN_EXE_bam-station").into();
    let folder = DataFolder::locate(Some(data.path().to_owned()));
    Arc::new(TestedDesk::new(Arc::new(configuration), folder, executable, jiff::Timestamp::now(), Options::default()))
}

fn tested(desk: &Arc<TestedDesk>, part: Part) -> Tested {
    test_all(desk, |_| {}).into_iter().find(|tested| tested.part == part).unwrap()
}

#[test]
fn the_authority_is_asked_for_a_real_time_stamp() {
    let authority = support_tsa::Authority::start(Kind::P256);
    let data = tempfile::tempdir().unwrap();
    let section = |url: &str| format!("[TimeStamp]\nUrl = \"{url}\"\nCa = \"{}\"\n", authority.ca_file().display());
    let found = tested(&desk(&section(authority.url()), &data), Part::TimeStamp).found;
    assert!(
        found.state == State::Good && found.detail.as_ref().unwrap().in_language(Language::EN).starts_with("a time-stamp of 20"),
        "{found:?}"
    );

    // One that takes the connection and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    thread::spawn(move || {
        let mut held = vec![];
        for stream in silent.incoming().map_while(Result::ok) {
            held.push(stream);
        }
    });
    let found = tested(&desk(&section(&url), &data), Part::TimeStamp).found;
    assert_eq!((found.state, found.code), (State::Failed, Some("TIME_STAMP_UNREACHABLE")));
}

#[test]
fn an_archive_is_reached_without_sending_anything() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive_in(folder.path(), bam_station::delivery::archive::Limits::default());
    archive.client().reach().unwrap();
    assert!(archive.log.lock().unwrap().iter().all(|line| !line.contains("received")));
    let nobody = bam_station::delivery::client::ArchiveClient::new(&connection(1, archive.running.key())).unwrap();
    assert_eq!(nobody.reach().unwrap_err().code(), "DELIVERY_UNREACHABLE");
}

#[test]
fn a_desk_that_asks_nobody_names_no_server() {
    let data = tempfile::tempdir().unwrap();
    let found = tested(&desk("[Trust]\nRevocation = \"off\"\n", &data), Part::Revocation).found;
    assert_eq!(found.state, State::Absent);
}

#[test]
fn each_server_that_tells_of_revocation_is_asked() {
    let pki = Pki::new();
    let person = pki.person("Åse");
    let answers = || pki.trust().ask_servers(&person.certificate, now());
    assert!(answers().len() == 2 && answers().iter().all(|(_, answer)| answer.is_ok()), "{:?}", answers());
    pki.server.gives("/ocsp", Reply::Status(503));
    let silent: Vec<String> = answers().into_iter().filter(|(_, answer)| answer.is_err()).map(|(server, _)| server).collect();
    assert_eq!(silent, [pki.server.url("/ocsp")]);

    // The CA between names the list of the root.
    let data = tempfile::tempdir().unwrap();
    let (root, sub) = (pki.root.pem(), pki.sub.pem());
    let section = format!(
        "[Trust]\nAnchors = [\"{}\"]\nIntermediates = [\"{}\"]\nRevocation = \"required\"\n",
        root.display(),
        sub.display()
    );
    let found = tested(&desk(&section, &data), Part::Revocation).found;
    assert_eq!((found.state, found.detail.unwrap().in_language(Language::NN).as_str()), (State::Good, "1 av 1 tenarar svarar"));
    pki.server.gives("/root.crl", Reply::Status(503));
    let found = tested(&desk(&section, &data), Part::Revocation).found;
    assert_eq!((found.state, found.code), (State::Failed, Some("REVOCATION_SERVERS_SILENT")));
}

#[test]
fn the_operator_tests_everything_from_the_page_of_devices() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), None);
    desk.enroll("Kari Nordmann");
    desk.click("op-devices");
    assert_eq!(desk.title(), "Utstyr og tjenester");
    drop(picture(desk.operator(), "operator-devices-before"));
    let state = |part: &str| {
        let parts = desk.operator().global::<Devices>().get_parts();
        let row = parts.iter().find(|row| row.id == part).unwrap();
        format!("{}: {}", row.name, row.state)
    };
    assert!(by_id(desk.operator(), "op-part-configuration").accessible_label().unwrap().starts_with("Konfigurasjon"));
    assert_eq!(state("register"), "Dokumentregister: Ikke testet");
    desk.click("op-test-all");
    desk.until("all tests are done", |desk| {
        let devices = desk.operator().global::<Devices>();
        !devices.get_testing() && devices.get_outcome() != ""
    });
    assert!(state("register").starts_with("Dokumentregister: Virker"), "{}", state("register"));
    assert_eq!(state("scanner"), "Skanner: Virker");
    drop(picture(desk.operator(), "operator-devices-after"));
    desk.click("op-lang-nn");
    assert_eq!(desk.title(), "Utstyr og tenester");
    assert!(state("register").starts_with("Dokumentregister: Verkar"), "{}", state("register"));
    desk.click("op-lang-nb");
    desk.click("op-devices-back");
    assert_ne!(desk.title(), "Utstyr og tjenester");
}
