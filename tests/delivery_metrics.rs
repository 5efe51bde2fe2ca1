//! `/metrics` of the archive: what happened, in numbers, and nothing about whom.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use bam_station::{
    delivery::{archive::Limits, client::Upload, tls},
    digest::Digest,
};

use crate::delivery_desk::{Archive, CERTIFICATES, archive_in, digest_of, report_of};

fn metrics(archive: &Archive) -> String {
    let config = tls::client_config(&CERTIFICATES.authority, &CERTIFICATES.client).unwrap();
    let name = rustls::pki_types::ServerName::try_from("127.0.0.1").unwrap();
    let socket = TcpStream::connect(archive.running.address()).unwrap();
    let mut stream = rustls::StreamOwned::new(rustls::ClientConnection::new(Arc::new(config), name).unwrap(), socket);
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: archive\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("HTTP/1.1 200") && head.to_lowercase().contains("content-type: text/plain; version=0.0.4"),
        "{head}"
    );
    text.to_owned()
}

fn value(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn the_archive_counts_what_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive_in(folder.path(), Limits::default());
    let client = archive.client();
    for control in ["control-a", "control-b", "control-a"] {
        client.upload(control, &digest_of(control), report_of(control)).unwrap();
    }
    client.upload("control-c", &Digest::of(b"a poem"), b"a poem".to_vec()).unwrap_err();
    // Somebody without TLS.
    TcpStream::connect(archive.running.address()).unwrap().write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let began = Instant::now();
    let text = loop {
        let text = metrics(&archive);
        if value(&text, "bam_archive_handshakes_failed_total") == Some(1.0) {
            break text;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{text}");
        std::thread::sleep(Duration::from_millis(50));
    };
    for (name, expected) in [
        ("bam_archive_receipts", 2.0),
        ("bam_archive_reports_received_total", 2.0),
        ("bam_archive_reports_repeated_total", 1.0),
        ("bam_archive_report_bytes_total", (report_of("control-a").len() * 2) as f64),
        ("bam_archive_reports_refused_total{code=\"REPORT_NOT_VALID\"}", 1.0),
        ("bam_archive_store_seconds_count", 4.0),
    ] {
        assert_eq!(value(&text, name), Some(expected), "{name}\n{text}");
    }
    assert!(value(&text, "bam_archive_store_seconds_sum").is_some_and(|seconds| seconds > 0.0));
    assert!(!text.contains("control-") && !text.contains(&digest_of("control-a").to_string()), "{text}");
    drop(archive);
    let archive = archive_in(folder.path(), Limits::default());
    assert_eq!(value(&metrics(&archive), "bam_archive_receipts"), Some(2.0), "also after a new start");
}
