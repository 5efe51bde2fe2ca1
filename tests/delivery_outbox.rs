//! The outbox: every report is delivered exactly once, whatever the archive or the network does meanwhile.

use std::{
    cell::Cell,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use bam_station::{
    delivery::{
        archive::Limits,
        client::{ArchiveClient, ArchiveConnection, Timeouts, Upload, UploadError},
        outbox::{Drained, FIRST_WAIT, LONGEST_WAIT, WAIT_FOR_A_PERSON, back_off, drain_once},
        receipt::{ArchiveKey, Receipt, ReceiptError, VerifiedReceipt},
        tls,
    },
    digest::Digest,
    register::Register,
};
use ed25519_dalek::SigningKey;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::delivery_desk::{CERTIFICATES, archive_in, connection, digest_of, now, report_of, station};

fn drain(register: &mut Register, archive: &dyn Upload, at: Timestamp) -> Drained {
    drain_once(register, archive, &|| at, &mut || 0).unwrap()
}

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

#[test]
fn what_is_due_is_delivered_and_its_receipt_kept() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive_in(folder.path(), Limits::default());
    let (_data, mut register) = station(&["control-a", "control-b"]);
    let drained = drain(&mut register, &archive.client(), now());
    assert_eq!(drained, Drained { delivered: vec!["control-a".into(), "control-b".into()], failed: vec![], next_round_at: None });
    let kept = register.delivery("control-a").unwrap().unwrap().receipt.unwrap();
    VerifiedReceipt::check(&kept, archive.running.key(), &digest_of("control-a"), "control-a").unwrap();
    assert_eq!(drain(&mut register, &archive.client(), later(1000)), Drained::default());
    assert_eq!(archive.log.lock().unwrap().len(), 2, "nothing is sent twice");
}

/// The archive has stored the report and answered, but the station died before it could keep the receipt.
#[test]
fn a_station_that_died_before_keeping_the_receipt_gets_the_same_one_again() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive_in(folder.path(), Limits::default());
    let (data, register) = station(&["control-a"]);
    let lost = archive.client().upload("control-a", &digest_of("control-a"), report_of("control-a")).unwrap();
    drop(register);

    let mut register = Register::open(&data.path().join("register")).unwrap();
    assert_eq!(drain(&mut register, &archive.client(), now()).delivered, ["control-a"]);
    assert_eq!(register.delivery("control-a").unwrap().unwrap().receipt.as_deref(), Some(lost.json()));
    assert_eq!(lost.receipt().entry, 1);
    let receipts = register.entries("register").unwrap().into_iter().filter(|event| event.kind == "receipt-kept").count();
    assert_eq!(receipts, 1);
    assert_eq!(
        *archive.log.lock().unwrap().last().unwrap(),
        format!("received again {} of control control-a", digest_of("control-a"))
    );
}

/// What a server does after it has read a request.
type Answer = Box<dyn Fn(&mut dyn Write) + Send>;

/// A TLS server that reads whole requests and answers each as it is told; then it is gone.
fn server(answers: Vec<Answer>) -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let config = Arc::new(tls::server_config(&CERTIFICATES.authority, &CERTIFICATES.server).unwrap());
    thread::spawn(move || {
        for answer in answers {
            let (stream, _) = socket.accept().unwrap();
            let mut stream = rustls::StreamOwned::new(rustls::ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            read_request(&mut stream);
            answer(&mut stream);
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    port
}

fn read_request(stream: &mut rustls::StreamOwned<rustls::ServerConnection, TcpStream>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split_once("content-length: ").map_or(0, |(_, rest)| rest.lines().next().unwrap().parse().unwrap());
            if body.len() >= length {
                return;
            }
        }
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "the request ended early");
        request.extend_from_slice(&buffer[..read]);
    }
}

fn answer(status: &'static str, headers: &'static str, body: String) -> Answer {
    Box::new(move |stream| {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n", body.len());
        let _ = stream.write_all(format!("{head}{body}").as_bytes());
    })
}

fn archive_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn receipt(control: &str, key: &SigningKey) -> String {
    Receipt::new(digest_of(control), control.into(), now(), "a".into(), 1, None).sign(key).unwrap().to_json().unwrap()
}

fn client(port: u16) -> ArchiveClient {
    ArchiveClient::new(&connection(port, &ArchiveKey::from(&archive_key()))).unwrap()
}

/// A station that waits for two seconds and no longer.
fn impatient(port: u16) -> ArchiveClient {
    let timeouts = Timeouts { connect: Duration::from_secs(60), total: Duration::from_secs(2) };
    ArchiveClient::new(&ArchiveConnection { timeouts, ..connection(port, &ArchiveKey::from(&archive_key())) }).unwrap()
}

fn uploaded(client: &ArchiveClient) -> Result<VerifiedReceipt, UploadError> {
    client.upload("control-a", &digest_of("control-a"), report_of("control-a"))
}

fn outcome(answer: Answer) -> Result<VerifiedReceipt, UploadError> {
    uploaded(&client(server(vec![answer])))
}

#[test]
fn each_misbehaviour_of_a_server_has_its_name() {
    let true_receipt = receipt("control-a", &archive_key());
    assert!(outcome(answer("201 Created", "", true_receipt.clone())).is_ok());
    assert!(outcome(answer("200 OK", "", true_receipt.clone())).is_ok());

    let forged = true_receipt.replace("\\\"entry\\\":1", "\\\"entry\\\":2");
    assert_ne!(forged, true_receipt);
    let theirs = receipt("control-a", &SigningKey::from_bytes(&[8; 32]));
    let cut = true_receipt[..80].to_owned();
    let faults: Vec<(Answer, UploadError)> = vec![
        (answer("201 Created", "", forged), UploadError::Receipt(ReceiptError::Forged)),
        (answer("201 Created", "", theirs), UploadError::Receipt(ReceiptError::OtherKey)),
        (answer("201 Created", "", receipt("control-b", &archive_key())), UploadError::Receipt(ReceiptError::OtherReport)),
        (
            answer("200 OK", "", "<html>Welcome to the guest network</html>".into()),
            UploadError::Receipt(ReceiptError::NotAReceipt),
        ),
        (answer("201 Created", "", "x".repeat(1_000_000)), UploadError::Receipt(ReceiptError::NotAReceipt)),
        (answer("302 Found", "Location: https://elsewhere.example/\r\n", String::new()), UploadError::Busy { retry_after: None }),
        (
            answer("503 Service Unavailable", "Retry-After: 120\r\n", String::new()),
            UploadError::Busy { retry_after: Some(Duration::from_secs(120)) },
        ),
        (answer("500 Internal Server Error", "", String::new()), UploadError::Busy { retry_after: None }),
        (answer("401 Unauthorized", "", String::new()), UploadError::CertificateRefused),
        (answer("404 Not Found", "", "Kari Nordmann".into()), UploadError::Rejected { code: "HTTP_404".into() }),
        (
            answer("409 Conflict", "", r#"{"type":"t","title":"t","status":409,"code":"CONTROL_HAS_OTHER_REPORT"}"#.into()),
            UploadError::Rejected { code: "CONTROL_HAS_OTHER_REPORT".into() },
        ),
        (
            answer("422 Unprocessable", "", r#"{"type":"t","title":"t","status":422,"code":"Kari Nordmann"}"#.into()),
            UploadError::Rejected { code: "HTTP_422".into() },
        ),
        (Box::new(|_| {}), UploadError::Unreachable),
        (Box::new(|stream| stream.write_all(b"HTTP/1.1 20").unwrap()), UploadError::Unreachable),
        (
            Box::new(move |stream| {
                stream.write_all(format!("HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{cut}").as_bytes()).unwrap()
            }),
            UploadError::Unreachable,
        ),
    ];
    for (number, (answer, expected)) in faults.into_iter().enumerate() {
        assert_eq!(outcome(answer).unwrap_err(), expected, "case {number}");
    }
    let silent: Answer = Box::new(|_| thread::sleep(Duration::from_secs(60)));
    let breaks_off: Answer = Box::new(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{");
        let _ = stream.flush();
        thread::sleep(Duration::from_secs(60));
    });
    for answer in [silent, breaks_off] {
        assert_eq!(uploaded(&impatient(server(vec![answer]))).unwrap_err(), UploadError::TimedOut);
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(client(nobody).upload("control-a", &digest_of("control-a"), vec![]).unwrap_err(), UploadError::Unreachable);
}

#[test]
fn a_wrong_receipt_is_not_kept_and_a_true_one_later_is() {
    let (_data, mut register) = station(&["control-a"]);
    let forged = receipt("control-a", &SigningKey::from_bytes(&[8; 32]));
    let port = server(vec![answer("201 Created", "", forged), answer("200 OK", "", receipt("control-a", &archive_key()))]);
    let client = client(port);
    let drained = drain(&mut register, &client, now());
    assert_eq!(drained.failed, [("control-a".to_owned(), "RECEIPT_OTHER_KEY")]);
    let waiting = register.delivery("control-a").unwrap().unwrap();
    assert_eq!((waiting.receipt, waiting.last_error.as_deref(), waiting.attempts), (None, Some("RECEIPT_OTHER_KEY"), 1));
    assert!(drain(&mut register, &client, now()).delivered.is_empty(), "not before its time");
    assert_eq!(drain(&mut register, &client, later(3)).delivered, ["control-a"]);
}

/// An archive that answers as it is told and counts the uploads.
struct Told {
    error: UploadError,
    asked: Cell<u32>,
}

impl Told {
    fn to_fail(error: UploadError) -> Self {
        Self { error, asked: Cell::new(0) }
    }
}

impl Upload for Told {
    fn upload(&self, _: &str, _: &Digest, _: Vec<u8>) -> Result<VerifiedReceipt, UploadError> {
        self.asked.set(self.asked.get() + 1);
        Err(self.error.clone())
    }
}

#[test]
fn an_archive_out_of_reach_is_asked_once_a_round_and_less_and_less_often() {
    let (_data, mut register) = station(&["control-a", "control-b", "control-c"]);
    let archive = Told::to_fail(UploadError::Unreachable);
    let mut at = now();
    for round in 1..=3 {
        let drained = drain(&mut register, &archive, at);
        assert_eq!((archive.asked.get(), drained.failed.len(), drained.delivered.len()), (round, 1, 0));
        at = drained.next_round_at.unwrap();
    }
    let attempts: u32 = register.deliveries().unwrap().iter().map(|delivery| delivery.attempts).sum();
    assert_eq!(attempts, 3);
}

#[test]
fn a_refused_report_waits_for_a_person_and_holds_up_no_other() {
    let (_data, mut register) = station(&["control-a", "control-b"]);
    let archive = Told::to_fail(UploadError::Rejected { code: "REPORT_NOT_VALID".into() });
    let drained = drain(&mut register, &archive, now());
    assert_eq!((archive.asked.get(), drained.failed.len()), (2, 2));
    assert_eq!(drained.next_round_at, Some(now() + SignedDuration::try_from(WAIT_FOR_A_PERSON).unwrap()));
}

#[test]
fn an_archive_that_asks_to_wait_is_obeyed_within_reason() {
    for (asked, waits) in [(1, 1), (60, 60), (1_000_000, 900)] {
        let (_data, mut register) = station(&["control-a"]);
        let archive = Told::to_fail(UploadError::Busy { retry_after: Some(Duration::from_secs(asked)) });
        assert_eq!(drain(&mut register, &archive, now()).next_round_at, Some(later(waits)), "{asked}");
    }
}

#[test]
fn a_report_that_was_damaged_is_not_sent_and_holds_up_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive_in(folder.path(), Limits::default());
    let (_data, mut register) = station(&["control-a", "control-b"]);
    std::fs::remove_file(register.evidence().file(&digest_of("control-a")).unwrap()).unwrap();
    let drained = drain(&mut register, &archive.client(), now());
    assert_eq!(drained.delivered, ["control-b"]);
    assert_eq!(drained.failed, [("control-a".to_owned(), "REGISTER_EVIDENCE_MISSING")]);
}

proptest! {
    #[test]
    fn waits_grow_to_a_limit_and_half_of_them_is_chance(failed_before in 0..200_u32, random in any::<u64>()) {
        let ceiling = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(failed_before)).min(LONGEST_WAIT);
        let wait = back_off(failed_before, random);
        prop_assert!(wait >= ceiling / 2 && wait <= ceiling);
        prop_assert!(back_off(failed_before + 1, random.wrapping_add(1)) >= ceiling / 2);
    }
}

#[test]
fn stations_do_not_come_back_at_the_same_moment() {
    let waits: std::collections::BTreeSet<Duration> = (0..1000_u64).map(|station| back_off(9, station * 7919)).collect();
    assert!(waits.len() > 900, "{}", waits.len());
    assert!(waits.last().unwrap().abs_diff(*waits.first().unwrap()) > LONGEST_WAIT / 3);
}
