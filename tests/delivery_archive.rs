//! The archive: who may talk to it, what it takes, and that it never gives two receipts for one report.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bam_station::{
    delivery::{
        Problem,
        archive::{Limits, RunningArchive},
        client::{ArchiveClient, ConnectionError, Upload, UploadError},
        receipt::{SignedReceipt, VerifiedReceipt},
        tls,
    },
    digest::Digest,
};

use crate::delivery_desk::{Archive, CERTIFICATES, archive_in, digest_of, report_of};

fn archive() -> (tempfile::TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive_in(folder.path(), Limits::default());
    (folder, archive)
}

fn upload(archive: &Archive, control: &str) -> Result<VerifiedReceipt, UploadError> {
    archive.client().upload(control, &digest_of(control), report_of(control))
}

/// A raw TLS connection with the station's certificate.
fn raw(archive: &RunningArchive) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    let config = tls::client_config(&CERTIFICATES.authority, &CERTIFICATES.client).unwrap();
    let server = rustls::pki_types::ServerName::try_from("127.0.0.1").unwrap();
    let socket = TcpStream::connect(archive.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    rustls::StreamOwned::new(rustls::ClientConnection::new(Arc::new(config), server).unwrap(), socket)
}

/// Sends the head of a request and a body; returns status, body of the answer, and the whole answer.
fn ask(archive: &Archive, head: &str, body: &[u8]) -> (u16, String, String) {
    let mut stream = raw(&archive.running);
    stream.write_all(format!("{head}\r\nHost: archive\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (headers, text) = answer.split_once("\r\n\r\n").unwrap();
    (headers[9..12].parse().unwrap(), text.to_owned(), answer.clone())
}

fn put(archive: &Archive, control: &str, digest: &str, pdf: &[u8]) -> (u16, String) {
    let head = format!(
        "PUT /v1/reports/{digest} HTTP/1.1\r\nContent-Type: application/pdf\r\nBam-Control-Id: {control}\r\nContent-Length: {}",
        pdf.len()
    );
    let (status, text, _) = ask(archive, &head, pdf);
    (status, text)
}

fn problem(archive: &Archive, head: &str, body: &[u8]) -> (u16, String) {
    let (status, text, answer) = ask(archive, head, body);
    assert!(answer.to_lowercase().contains("content-type: application/problem+json"), "{answer}");
    let problem: Problem = serde_json::from_str(&text).unwrap();
    assert_eq!(problem.status, status);
    (status, problem.code)
}

#[test]
fn a_report_is_stored_and_answered_with_a_receipt() {
    let (folder, archive) = archive();
    let receipt = upload(&archive, "control-a").unwrap();
    assert_eq!(receipt.receipt().entry, 1);
    assert_eq!(receipt.receipt().archive, "test archive");
    assert_eq!(receipt.receipt().previous_receipt_sha256, None);
    let name = digest_of("control-a").to_string();
    assert_eq!(fs::read(folder.path().join("reports").join(&name[..2]).join(&name)).unwrap(), report_of("control-a"));
}

#[test]
fn the_same_report_again_gets_the_same_receipt_also_from_a_new_start() {
    let (folder, archive) = archive();
    let digest = digest_of("control-a").to_string();
    let (status, first) = put(&archive, "control-a", &digest, &report_of("control-a"));
    assert_eq!(status, 201);
    assert_eq!(put(&archive, "control-a", &digest, &report_of("control-a")), (200, first.clone()));
    let key = archive.running.key().clone();
    archive.running.stop();

    let archive = archive_in(folder.path(), Limits::default());
    assert_eq!(archive.running.key(), &key, "the key of the receipts stays");
    assert_eq!(put(&archive, "control-a", &digest, &report_of("control-a")), (200, first.clone()));
    let (status, text, _) = ask(&archive, &format!("GET /v1/reports/{digest}/receipt HTTP/1.1"), b"");
    assert_eq!((status, text), (200, first));
}

#[test]
fn receipts_are_numbered_and_chained() {
    let (_folder, archive) = archive();
    let first = upload(&archive, "control-a").unwrap();
    let second = upload(&archive, "control-b").unwrap();
    assert_eq!(second.receipt().entry, 2);
    let first_digest = SignedReceipt::parse(first.json()).unwrap().digest();
    assert_eq!(second.receipt().previous_receipt_sha256, Some(first_digest));
    assert_eq!(upload(&archive, "control-a").unwrap(), first);
}

#[test]
fn many_stations_at_once_get_one_receipt_each() {
    let (_folder, archive) = archive();
    let archive = &archive;
    let mut entries: Vec<u64> = thread::scope(|scope| {
        let uploads: Vec<_> = (0..12)
            .map(|number| {
                scope.spawn(move || {
                    loop {
                        match upload(archive, &format!("control-{}", number / 2)) {
                            Ok(receipt) => break receipt.receipt().entry,
                            Err(UploadError::Busy { .. }) => thread::sleep(Duration::from_millis(50)),
                            Err(error) => panic!("{error}"),
                        }
                    }
                })
            })
            .collect();
        uploads.into_iter().map(|upload| upload.join().unwrap()).collect()
    });
    entries.sort_unstable();
    assert_eq!(entries, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
}

#[test]
fn conflicts_and_invalid_reports_are_refused_with_their_reason() {
    let (_folder, archive) = archive();
    let a = digest_of("control-a").to_string();
    assert_eq!(put(&archive, "control-a", &a, &report_of("control-a")).0, 201);
    let code = |(status, text): (u16, String)| (status, serde_json::from_str::<Problem>(&text).unwrap().code);
    assert_eq!(code(put(&archive, "control-b", &a, &report_of("control-a"))), (409, "REPORT_OF_OTHER_CONTROL".into()));
    let other = b"report of control-a ";
    assert_eq!(code(put(&archive, "control-a", &Digest::of(other).to_string(), other)), (409, "CONTROL_HAS_OTHER_REPORT".into()));
    assert_eq!(
        code(put(&archive, "control-c", &digest_of("control-c").to_string(), b"other bytes")),
        (422, "OTHER_DIGEST".into())
    );
    let (status, text) = put(&archive, "control-c", &Digest::of(b"a poem").to_string(), b"a poem");
    let refused: Problem = serde_json::from_str(&text).unwrap();
    assert_eq!((status, refused.code.as_str(), refused.findings), (422, "REPORT_NOT_VALID", vec!["NOT_A_REPORT".to_owned()]));
    let d = digest_of("control-d").to_string();
    assert_eq!(code(put(&archive, "control-c", &d, &report_of("control-d"))), (422, "OTHER_CONTROL_IN_REPORT".into()));
    assert_eq!(upload(&archive, "control-e").unwrap().receipt().entry, 2, "nothing that was refused has a number");
}

#[test]
fn malformed_requests_are_problems() {
    let (_folder, archive) = archive();
    let good = digest_of("control-a");
    let pdf = "Content-Type: application/pdf\r\nContent-Length: 0";
    let cases = [
        (format!("PUT /v1/reports/nonsense HTTP/1.1\r\nBam-Control-Id: a\r\n{pdf}"), 400, "NOT_A_DIGEST"),
        (format!("PUT /v1/reports/%ff HTTP/1.1\r\nBam-Control-Id: a\r\n{pdf}"), 400, "NOT_A_DIGEST"),
        (format!("PUT /v1/reports/{good} HTTP/1.1\r\n{pdf}"), 400, "NO_CONTROL_ID"),
        (format!("PUT /v1/reports/{good} HTTP/1.1\r\nBam-Control-Id: Kari Nordmann\r\n{pdf}"), 400, "NO_CONTROL_ID"),
        (
            format!("PUT /v1/reports/{good} HTTP/1.1\r\nBam-Control-Id: a\r\nContent-Type: text/plain\r\nContent-Length: 0"),
            415,
            "NOT_A_PDF",
        ),
        (format!("GET /v1/reports/{good}/receipt HTTP/1.1"), 404, "NO_RECEIPT"),
        ("GET / HTTP/1.1".into(), 404, "NO_SUCH_RESOURCE"),
        (format!("DELETE /v1/reports/{good} HTTP/1.1"), 405, "NO_SUCH_METHOD"),
    ];
    for (head, status, code) in cases {
        assert_eq!(problem(&archive, &head, b""), (status, code.to_owned()), "{head}");
    }
}

#[test]
fn a_report_that_is_too_large_is_refused_before_it_is_read_and_while_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive_in(folder.path(), Limits { report_bytes: 1000, ..Limits::default() });
    let head = format!("PUT /v1/reports/{} HTTP/1.1\r\nBam-Control-Id: a\r\nContent-Type: application/pdf\r\n", digest_of("a"));
    assert_eq!(problem(&archive, &format!("{head}Content-Length: 70000000"), b""), (413, "REPORT_TOO_LARGE".into()));
    let body = format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001));
    assert_eq!(
        problem(&archive, &format!("{head}Transfer-Encoding: chunked"), body.as_bytes()),
        (413, "REPORT_TOO_LARGE".into())
    );
    let large = vec![0; 1001];
    let refused = archive.client().upload("a", &Digest::of(&large), large).unwrap_err();
    assert_eq!((refused.code(), refused.needs_a_person()), ("DELIVERY_REJECTED", true));
}

#[test]
fn only_clients_of_the_configured_authority_come_in() {
    let (folder, archive) = archive();
    let stranger = ArchiveClient::new(&bam_station::delivery::client::ArchiveConnection {
        identity: CERTIFICATES.stranger.clone(),
        ..archive.connection()
    })
    .unwrap();
    let refused = stranger.upload("control-a", &digest_of("control-a"), report_of("control-a")).unwrap_err();
    assert!([UploadError::CertificateRefused, UploadError::Unreachable].contains(&refused), "{refused:?}");

    // No certificate at all.
    let roots = {
        use rustls::pki_types::{CertificateDer, pem::PemObject};
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&CERTIFICATES.authority).unwrap()).unwrap();
        roots
    };
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = rustls::pki_types::ServerName::try_from("127.0.0.1").unwrap();
    let socket = TcpStream::connect(archive.running.address()).unwrap();
    let mut stream = rustls::StreamOwned::new(rustls::ClientConnection::new(Arc::new(config), server).unwrap(), socket);
    let request = format!("GET /v1/reports/{}/receipt HTTP/1.1\r\nHost: archive\r\n\r\n", digest_of("control-a"));
    let mut answer = Vec::new();
    let outcome = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut answer).map(drop));
    assert!(outcome.is_err() && answer.is_empty(), "{outcome:?}");

    assert!(archive.log.lock().unwrap().is_empty(), "nothing of a stranger reaches the archive");
    assert_eq!(fs::read_dir(folder.path().join("reports")).unwrap().count(), 1, "only the empty folder of incoming reports");
}

#[test]
fn a_station_talks_to_no_other_server() {
    let (_folder, archive) = archive();
    let connection = bam_station::delivery::client::ArchiveConnection {
        authority: CERTIFICATES.stranger_authority.clone(),
        ..archive.connection()
    };
    let client = ArchiveClient::new(&connection).unwrap();
    let refused = client.upload("control-a", &digest_of("control-a"), report_of("control-a")).unwrap_err();
    assert_eq!(refused, UploadError::ServerNotTrusted);
    let plain = bam_station::delivery::client::ArchiveConnection { url: "http://127.0.0.1".into(), ..archive.connection() };
    assert!(matches!(ArchiveClient::new(&plain), Err(ConnectionError::NotHttps)));
}

#[test]
fn slow_visitors_are_sent_away_and_delay_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let soon = Duration::from_secs(3);
    let archive = archive_in(folder.path(), Limits { handshake: soon, quiet: soon, ..Limits::default() });
    let began = Instant::now();
    let mut silent = TcpStream::connect(archive.running.address()).unwrap();
    let mut half = raw(&archive.running);
    half.write_all(b"PUT /v1/rep").unwrap();
    assert_eq!(upload(&archive, "control-a").unwrap().receipt().entry, 1);
    let mut rest = Vec::new();
    let _ = silent.read_to_end(&mut rest);
    let _ = half.read_to_end(&mut rest);
    assert!(rest.is_empty() && began.elapsed() >= soon, "{:?}", began.elapsed());
}

#[test]
fn an_archive_stops_soon_and_frees_its_folder() {
    let (folder, archive) = archive();
    let _open = raw(&archive.running);
    let address = archive.running.address();
    archive.running.stop();
    assert!(TcpStream::connect(address).is_err());
    archive_in(folder.path(), Limits::default());
}

/// `docs/archive-api.yaml` names exactly the problems that the archive answers with.
#[test]
fn the_description_of_the_protocol_names_every_problem() {
    let described: std::collections::BTreeSet<&str> = include_str!("../docs/archive-api.yaml")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "))
        .filter(|word| word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        .collect();
    let source = include_str!("../src/delivery/archive/http.rs");
    let answered: std::collections::BTreeSet<&str> = source
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|word| word.len() > 5 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        .collect();
    assert_eq!(described, answered);
}
