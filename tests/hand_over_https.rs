//! The hand-over by HTTPS, to an issuing system that is busy, breaks off, repeats, and is reached at last.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use bam_station::{
    delivery::{
        authorisation::SignedStatement,
        hand_over::{HandOver, HttpsRoad, Round},
        tls,
    },
    register::{AuthorisationState as State, Register},
};
use jiff::SignedDuration;

use crate::{
    delivery_desk::CERTIFICATES,
    hand_over::{at, control, key},
};

/// What the issuing system does with the requests in their order; afterwards it behaves.
#[derive(Clone, Copy)]
enum Mood {
    Busy,
    TakesAndBreaksOff,
}

type Known = Arc<Mutex<BTreeMap<String, (String, &'static str)>>>;

/// An issuing system on a free port: what it knows, by control.
fn issuing_system(moods: Vec<Mood>) -> (u16, Known) {
    let known = Known::default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let shared = Arc::clone(&known);
    thread::spawn(move || {
        use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
        let chain = CertificateDer::pem_slice_iter(&CERTIFICATES.server.certificates).map(Result::unwrap).collect();
        let private = PrivateKeyDer::from_pem_slice(&CERTIFICATES.server.key).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .unwrap();
        let config = Arc::new(config);
        let mut moods = moods.into_iter();
        for socket in listener.incoming().map_while(Result::ok) {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = BufReader::new(rustls::StreamOwned::new(connection, socket));
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).is_ok_and(|read| read > 0) {}
            let Some((method, rest)) = head.split_once(' ') else { continue };
            let path = rest.split(' ').next().unwrap();
            let control = path.rsplit('/').next().unwrap().to_owned();
            let length = head
                .to_lowercase()
                .split_once("content-length: ")
                .map_or(0, |(_, rest)| rest.split("\r\n").next().unwrap().parse::<usize>().unwrap());
            let mut body = vec![0; length];
            if stream.read_exact(&mut body).is_err() {
                continue;
            }
            let mood = moods.next();
            let mut known = shared.lock().unwrap();
            let (status, answer) = match (mood, method) {
                (Some(Mood::Busy), _) => (503, String::new()),
                (_, "POST") => {
                    let text = String::from_utf8(body).unwrap();
                    let control = SignedStatement::verify(&text, &key().verifying_key()).unwrap().control;
                    let (document, state) = known.entry(control).or_insert((text.clone(), "open"));
                    assert_eq!(*document, text, "every attempt sends the same bytes");
                    (200, format!(r#"{{"state":"{state}"}}"#))
                }
                (_, "GET") => {
                    known.get(&control).map_or((404, String::new()), |(_, state)| (200, format!(r#"{{"state":"{state}"}}"#)))
                }
                (_, "DELETE") => match known.get(&control) {
                    Some((_, "used")) => (409, String::new()),
                    Some(_) => {
                        known.remove(&control);
                        (204, String::new())
                    }
                    None => (404, String::new()),
                },
                _ => (405, String::new()),
            };
            drop(known);
            if matches!(mood, Some(Mood::TakesAndBreaksOff)) {
                continue;
            }
            let answer = format!("HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
            let _ = stream.get_mut().write_all(answer.as_bytes()).and_then(|()| stream.get_mut().flush());
            stream.get_mut().conn.send_close_notify();
            let _ = stream.get_mut().flush();
        }
    });
    (port, known)
}

#[test]
fn an_issuing_system_gets_each_authorisation_once_through_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let mut register = Register::open(folder.path()).unwrap();
    for id in ["a", "b"] {
        control(&mut register, id, "approved", at(0));
    }
    let (port, known) = issuing_system(vec![Mood::Busy, Mood::TakesAndBreaksOff]);
    let road = HttpsRoad::new(&format!("https://127.0.0.1:{port}/authorisations"), &CERTIFICATES.authority).unwrap();
    let hand_over = HandOver::over(vec![Box::new(road)], key(), SignedDuration::from_hours(72));
    let failed = hand_over.drain(&mut register, Round::All, at(0), &mut || 0).unwrap().failed;
    assert_eq!(failed.iter().map(|(_, code)| *code).collect::<Vec<_>>(), ["HAND_OVER_UNREACHABLE"; 2]);
    let changed = hand_over.drain(&mut register, Round::All, at(1), &mut || 0).unwrap().changed;
    assert_eq!(changed.iter().map(|(_, state)| *state).collect::<Vec<_>>(), [State::Open; 2]);
    assert_eq!(known.lock().unwrap().len(), 2);

    known.lock().unwrap().get_mut("a").unwrap().1 = "used";
    assert_eq!(hand_over.withdraw(&mut register, "a", at(1)).unwrap_err().code(), "AUTHORISATION_SETTLED");
    hand_over.withdraw(&mut register, "b", at(1)).unwrap();
    assert_eq!(register.authorisation("a").unwrap().unwrap().state, State::Used);
    assert_eq!(register.authorisation("b").unwrap().unwrap().state, State::Withdrawn);
    assert_eq!(known.lock().unwrap().keys().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn a_server_of_another_authority_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut register = Register::open(folder.path()).unwrap();
    control(&mut register, "a", "approved", at(0));
    let (port, known) = issuing_system(vec![]);
    let road = HttpsRoad::new(&format!("https://127.0.0.1:{port}/"), &CERTIFICATES.stranger_authority).unwrap();
    let hand_over = HandOver::over(vec![Box::new(road)], key(), SignedDuration::from_hours(72));
    let handed = hand_over.drain(&mut register, Round::All, at(0), &mut || 0).unwrap();
    assert_eq!(handed.failed, [("a".to_owned(), "HAND_OVER_UNREACHABLE")]);
    assert!(known.lock().unwrap().is_empty());
    assert!(tls::anonymous_config(b"no certificate").is_err());
}
