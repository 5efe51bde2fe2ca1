//! Many uploads through a proxy that misbehaves, to an archive that is killed again and again: none is missing, none is there twice,
//! every receipt verifies. `BAM_TEST_UPLOADS=1000` for the long run.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bam_station::{
    delivery::{
        archive::{self, ArchiveConfig, Limits},
        client::{ArchiveClient, ArchiveConnection, Timeouts},
        outbox,
        receipt::{ArchiveKey, SignedReceipt},
        tls::{self, TlsIdentity},
    },
    register::{FinishedControl, Register},
    rules::{CertificateKind, Function},
};
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::ServerName;

use crate::delivery_desk::{CERTIFICATES, PlainCheck, archive_in, connection, digest_of, report_of};

const CHILD: &str = "delivery_faults::receives_until_it_is_killed";

type Tls<C> = rustls::StreamOwned<C, TcpStream>;

/// An archive in a process of its own.
struct Victim {
    folder: PathBuf,
    child: Child,
    key: ArchiveKey,
    port: u16,
}

impl Victim {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture", "--test-threads=1", CHILD])
            .env("BAM_TEST_FOLDER", folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let listening = lines.find_map(|line| line.strip_prefix("listening ").map(str::to_owned)).unwrap();
        let (port, key) = listening.split_once(' ').unwrap();
        Self { folder: folder.to_owned(), child, key: key.parse().unwrap(), port: port.parse().unwrap() }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn restart(&mut self) {
        self.kill();
        *self = Self::start(&self.folder);
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "run by no_upload_is_missing_and_none_is_there_twice"]
fn receives_until_it_is_killed() {
    let Some(folder) = env::var_os("BAM_TEST_FOLDER").map(PathBuf::from) else {
        return;
    };
    // The certificates are the parent's, so that both know each other.
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let config = ArchiveConfig {
        database: None,
        listen: "127.0.0.1:0".parse().unwrap(),
        folder: folder.clone(),
        name: "test archive".into(),
        identity: TlsIdentity { certificates: read("server-certificate"), key: read("server-key").into() },
        client_authority: read("authority"),
        limits: Limits::default(),
        log: Box::new(|_| {}),
    };
    let archive = archive::start(config, Arc::new(PlainCheck)).unwrap();
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nlistening {} {}", archive.address().port(), archive.key()).unwrap();
    out.flush().unwrap();
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Pass,
    ServerError,
    AnswerLost,
    RequestCut,
    AnswerCut,
    Twice,
    AnswerChanged,
    Stall,
}

fn mood(random: u64) -> Mood {
    match random % 64 {
        0 => Mood::Stall,
        1..4 => Mood::ServerError,
        4..8 => Mood::AnswerLost,
        8..12 => Mood::RequestCut,
        12..16 => Mood::AnswerCut,
        16..24 => Mood::Twice,
        24..27 => Mood::AnswerChanged,
        _ => Mood::Pass,
    }
}

/// A proxy with the archive's certificate: it reads each request whole, and then has its mood.
struct Proxy {
    port: u16,
    upstream: Arc<AtomicU16>,
    moods: Arc<Mutex<Vec<Mood>>>,
}

fn proxy(upstream: u16) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy {
        port: listener.local_addr().unwrap().port(),
        upstream: Arc::new(AtomicU16::new(upstream)),
        moods: Arc::default(),
    };
    let (upstream, moods) = (Arc::clone(&proxy.upstream), Arc::clone(&proxy.moods));
    let server = Arc::new(tls::server_config(&CERTIFICATES.authority, &CERTIFICATES.server).unwrap());
    let random = Arc::new(AtomicU64::new(0x2545_f491_4f6c_dd1d));
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let (server, upstream, moods, random) =
                (Arc::clone(&server), Arc::clone(&upstream), Arc::clone(&moods), Arc::clone(&random));
            thread::spawn(move || {
                let mut client = BufReader::new(Tls::new(rustls::ServerConnection::new(server).unwrap(), socket));
                while let Some(request) = read_request(&mut client) {
                    let last = random.load(Ordering::Relaxed);
                    let next = last.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    random.store(next, Ordering::Relaxed);
                    let mood = mood(next >> 33);
                    moods.lock().unwrap().push(mood);
                    if !serve(client.get_mut(), &request, upstream.load(Ordering::SeqCst), mood) {
                        return;
                    }
                }
            });
        }
    });
    proxy
}

fn read_request(client: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if client.read_until(b'\n', &mut head).ok()? == 0 {
            return None;
        }
    }
    let text = String::from_utf8(head.clone()).ok()?.to_lowercase();
    let length = text.split_once("content-length: ")?.1.split("\r\n").next()?.parse().ok()?;
    let mut body = vec![0; length];
    client.read_exact(&mut body).ok()?;
    Some([head, body].concat())
}

/// `true` while the connection goes on.
fn serve(client: &mut Tls<rustls::ServerConnection>, request: &[u8], upstream: u16, mood: Mood) -> bool {
    if mood == Mood::ServerError {
        return client.write_all(b"HTTP/1.1 502 x\r\nContent-Length: 0\r\n\r\n").and_then(|()| client.flush()).is_ok();
    }
    let sent = if mood == Mood::RequestCut { &request[..request.len() - request.len() / 20 - 1] } else { request };
    let mut answer = forward(sent, upstream, mood == Mood::RequestCut);
    if mood == Mood::Twice {
        answer = forward(sent, upstream, false);
    }
    match mood {
        Mood::Stall => thread::sleep(Duration::from_secs(3)),
        Mood::AnswerCut => {
            let _ = client.write_all(&answer[..answer.len() * 2 / 3]).and_then(|()| client.flush());
        }
        Mood::AnswerChanged => {
            if let Some(at) = answer.windows(5).position(|window| window == b"entry") {
                // The number of the entry, one higher: the signature must give it away.
                if let Some(digit) = answer[at..].iter().position(u8::is_ascii_digit) {
                    answer[at + digit] = if answer[at + digit] == b'9' { b'8' } else { answer[at + digit] + 1 };
                }
            }
            return !answer.is_empty() && client.write_all(&answer).and_then(|()| client.flush()).is_ok();
        }
        Mood::Pass | Mood::Twice => {
            return !answer.is_empty() && client.write_all(&answer).and_then(|()| client.flush()).is_ok();
        }
        Mood::ServerError | Mood::AnswerLost | Mood::RequestCut => {}
    }
    let _ = client.sock.shutdown(std::net::Shutdown::Both);
    false
}

/// The archive's answer; nothing when it is not there, or when the request is cut.
fn forward(request: &[u8], upstream: u16, cut: bool) -> Vec<u8> {
    let Ok(socket) = TcpStream::connect(("127.0.0.1", upstream)) else { return Vec::new() };
    let config = Arc::new(tls::client_config(&CERTIFICATES.authority, &CERTIFICATES.client).unwrap());
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut archive = BufReader::new(Tls::new(rustls::ClientConnection::new(config, name).unwrap(), socket));
    if archive.get_mut().write_all(request).and_then(|()| archive.get_mut().flush()).is_err() || cut {
        return Vec::new();
    }
    read_request(&mut archive).unwrap_or_default()
}

/// A register whose outbox holds so many reports.
fn desk(controls: &[String]) -> (tempfile::TempDir, Register) {
    let data = tempfile::tempdir().unwrap();
    let mut register = Register::open(&data.path().join("register")).unwrap();
    for control in controls {
        let report = register.evidence().put(&report_of(control)).unwrap();
        let finished = FinishedControl {
            control: control.clone(),
            report: Some(report),
            function: Function::NewCard,
            certificate: CertificateKind::Qualified,
            outcome: "approved".into(),
            completed_at: Timestamp::UNIX_EPOCH,
        };
        register.register_control(&finished, &[], true, Timestamp::UNIX_EPOCH).unwrap();
    }
    (data, register)
}

#[test]
fn no_upload_is_missing_and_none_is_there_twice() {
    let uploads: usize = env::var("BAM_TEST_UPLOADS").ok().and_then(|text| text.parse().ok()).unwrap_or(120);
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("archive");
    fs::create_dir(&place).unwrap();
    let certificates = [
        ("authority", &CERTIFICATES.authority),
        ("server-certificate", &CERTIFICATES.server.certificates),
        ("server-key", &CERTIFICATES.server.key),
    ];
    for (name, bytes) in certificates {
        fs::write(place.join(name), bytes).unwrap();
    }
    let controls: Vec<String> = (0..uploads).map(|number| format!("control-{number}")).collect();
    let (_data, mut register) = desk(&controls);
    let victim = Mutex::new(Victim::start(&place));
    let key = victim.lock().unwrap().key.clone();
    let proxy = proxy(victim.lock().unwrap().port);
    let timeouts = Timeouts { connect: Duration::from_secs(2), total: Duration::from_secs(2) };
    let client = ArchiveClient::new(&ArchiveConnection { timeouts, ..connection(proxy.port, &key) }).unwrap();

    let done = AtomicBool::new(false);
    let kills = AtomicU64::new(0);
    let began = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(700));
                let mut victim = victim.lock().unwrap();
                victim.restart();
                proxy.upstream.store(victim.port, Ordering::SeqCst);
                kills.fetch_add(1, Ordering::SeqCst);
            }
        });
        // The clock of the station jumps: mostly an hour ahead, so that everything is due again, at times a day back.
        let mut round = 0_i64;
        loop {
            round += 1;
            let hours = if round % 7 == 0 { round - 24 } else { round };
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(100 + hours);
            let drained = outbox::drain_once(&mut register, &client, &|| now, &mut || 0).unwrap();
            if drained.failed.is_empty() && register.next_due().unwrap().is_none() {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(900), "after {round} rounds: {:?}", drained.failed);
        }
        done.store(true, Ordering::SeqCst);
    });
    assert!(kills.into_inner() > 0, "the archive was killed under way");
    victim.lock().unwrap().kill();

    // The station holds a receipt for each report; the archive's own list says the same, in one chain without a gap.
    let archive = archive_in(&place, Limits::default());
    assert_eq!(archive.running.key(), &key);
    drop(archive);
    let database = rusqlite::Connection::open(place.join("archive.db")).unwrap();
    let mut statement = database.prepare("SELECT entry, control, receipt FROM receipts ORDER BY entry").unwrap();
    let rows: Vec<(u64, String, String)> = statement
        .query_map([], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(rows.len(), uploads, "none missing, none double");
    let mut previous = None;
    for (number, (entry, control, receipt)) in (1..).zip(&rows) {
        let signed = SignedReceipt::parse(receipt).unwrap();
        let statement = signed.verify(&key).unwrap();
        assert_eq!((*entry, statement.entry, &statement.control_id), (number, number, control));
        assert_eq!((statement.report_sha256, statement.previous_receipt_sha256), (digest_of(control), previous));
        assert_eq!(register.delivery(control).unwrap().unwrap().receipt.as_ref(), Some(receipt));
        let name = digest_of(control).to_string();
        assert_eq!(fs::read(place.join("reports").join(&name[..2]).join(&name)).unwrap(), report_of(control));
        previous = Some(signed.digest());
    }
    let files = fs::read_dir(place.join("reports")).unwrap().map(|folder| folder.unwrap().path());
    let files: usize = files.filter(|folder| !folder.ends_with("incoming")).map(|it| fs::read_dir(it).unwrap().count()).sum();
    assert_eq!(files, uploads);
    assert_eq!(register.verify_controls(&|_, _| Ok(()), &mut |_, _| {}).unwrap().problems, []);
    let moods = proxy.moods.lock().unwrap();
    let happened = |mood| moods.iter().filter(|happened| **happened == mood).count();
    for mood in [Mood::ServerError, Mood::AnswerLost, Mood::RequestCut, Mood::AnswerCut, Mood::Twice, Mood::AnswerChanged] {
        assert!(happened(mood) > 0, "{mood:?}");
    }
}
