//! `bam-station card`: what it prints and how it exits.

use std::{fs, process::Command as Process};

use bam_station::{
    cli::card::{CardArgs, Configured, run_to},
    device::card::Road,
    trust::{Desk as TrustDesk, ProxySettings, TrustSettings},
};
use clap::{Args as _, Command, FromArgMatches as _};
use serde_json::Value;

use crate::{
    card_desk::{Authority, Desk, HOLDERS, OPERATORS, P256, RSA_2048, at_a_desk},
    card_pkcs11::{installed, opensc, program},
    signature::at,
};

/// Exit code, standard output, standard error.
fn card(words: &[&str]) -> (u8, String, String) {
    card_at(&unconfigured(), words)
}

fn card_by(roads: &[Road], words: &[&str]) -> (u8, String, String) {
    card_at(&Configured { roads: roads.to_vec(), ..unconfigured() }, words)
}

/// The same at a desk with this configuration.
fn card_at(configured: &Configured, words: &[&str]) -> (u8, String, String) {
    let matches = CardArgs::augment_args(Command::new("card")).try_get_matches_from(["card"].iter().chain(words)).unwrap();
    let (mut out, mut messages) = (Vec::new(), Vec::new());
    let args = CardArgs::from_arg_matches(&matches).unwrap();
    let code = run_to(&args, configured, at("2026-11-21T09:00:00Z"), &mut out, &mut messages);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(messages).unwrap())
}

fn unconfigured() -> Configured {
    Configured {
        roads: vec![Road::Pcsc],
        trust: TrustSettings::default(),
        proxy: ProxySettings::default(),
        desk: TrustDesk::Production,
        kept: std::env::temp_dir().join("bam-station-no-answers"),
    }
}

fn json_of(words: &[&str]) -> (u8, Value) {
    let (code, out, messages) = card(words);
    assert_eq!(out.lines().count(), 1, "one JSON document and nothing else: {out}{messages}");
    (code, serde_json::from_str(&out).unwrap())
}

fn anchors(desk: &Desk, authority: &Authority) -> String {
    let path = desk.folder().join("ca.pem");
    fs::write(&path, authority.pem()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn list_names_the_readers_and_where_a_card_is() {
    at_a_desk(|desk| {
        let _card = desk.insert(HOLDERS, Authority::new().card("Åse Ødegård", RSA_2048));
        let (code, readers) = json_of(&["list", "--json"]);
        assert_eq!(code, 0);
        let expected = serde_json::json!([{"name": OPERATORS, "card": false, "road": "pcsc"}, {"name": HOLDERS, "card": true, "road": "pcsc"}]);
        assert_eq!(readers, expected);
        let (_, words, _) = card(&["list"]);
        assert_eq!(words, format!("{OPERATORS}  (empty)\n{HOLDERS}  (card)\n"));
    });
}

#[test]
fn show_tells_certificates_verdict_and_tries_and_spends_none() {
    at_a_desk(|desk| {
        let authority = Authority::new();
        let inserted = desk.insert(OPERATORS, authority.card("Åse Ødegård", RSA_2048));
        let ca = anchors(desk, &authority);
        let (code, cards) = json_of(&["show", "--json", "--trust", &ca]);
        assert_eq!(code, 0, "{cards}");
        assert_eq!(cards[0]["reader"], OPERATORS);
        assert_eq!(cards[0]["pin_tries_left"], 3);
        let certificates = cards[0]["certificates"].as_array().unwrap();
        let slots: Vec<_> = certificates.iter().map(|found| found["slot"].as_str().unwrap()).collect();
        assert_eq!(slots, ["9a", "9c"]);
        for found in certificates {
            assert_eq!(found["name"], "Åse Ødegård, Utopia kommune");
            assert_eq!(found["issuer"], "bam-station Training CA, Utopia");
            assert_eq!(found["valid_from"], "2026-03-01T07:00:00Z");
            assert_eq!(found["trusted"], true);
            assert_eq!(found["problem"], Value::Null);
            assert_eq!(found["kind"], Value::Null);
        }
        let (_, words, _) = card(&["show"]);
        assert!(words.contains("PIN tries left 3") && words.contains("not checked"), "{words}");
        assert_eq!(inserted.card().verify_count(), 0);
        assert_eq!(inserted.card().pin_tries_left(), 3);
    });
}

#[test]
fn the_configured_trust_judges_every_certificate() {
    at_a_desk(|desk| {
        let authority = Authority::new();
        let _card = desk.insert(OPERATORS, authority.card("Åse Ødegård", RSA_2048));
        let training = TrustDesk::Training { authorities: vec![authority.certificate().clone()] };
        let configured = Configured { desk: training, ..unconfigured() };
        let (code, out, _) = card_at(&configured, &["show", "--json"]);
        assert_eq!(code, 0, "{out}");
        let cards: Value = serde_json::from_str(&out).unwrap();
        for found in cards[0]["certificates"].as_array().unwrap() {
            assert_eq!((&found["kind"], &found["state"]), (&"local".into(), &"valid".into()));
            assert_eq!((&found["trusted"], &found["problem"]), (&true.into(), &Value::Null));
            assert_eq!(found["notes"][0]["code"], "REVOCATION_NOT_ASKED");
            assert_eq!(found["issuer_name"].as_str().map(|name| name.contains("CN=bam-station Training CA")), Some(true));
        }
        let (_, words, _) = card_at(&configured, &["show"]);
        assert!(words.contains("local; counts") && words.contains("Issuer = \""), "{words}");

        // The printed lines appoint the card as they stand.
        let printed = words.lines().find(|line| line.contains("Issuer = ")).unwrap().trim().replacen(", Serial", "\nSerial", 1);
        let master = desk.folder().join("MASTER.toml");
        fs::write(&master, format!("[Common]\nCompanyName = \"A\"\n[[Operator]]\n{printed}\n")).unwrap();
        let loaded = bam_station::config::load_master(&master).unwrap_or_else(|error| panic!("{error}"));
        let first = &cards[0]["certificates"][0];
        let (issuer, serial) = (first["issuer_name"].as_str().unwrap(), first["serial"].as_str().unwrap());
        assert!(loaded.value.roles.appointed[0].is_for(issuer, serial));
    });
}

#[test]
fn a_certificate_of_another_authority_does_not_count() {
    at_a_desk(|desk| {
        let _card = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", RSA_2048));
        let ca = anchors(desk, &Authority::new());
        let (code, cards) = json_of(&["show", "--reader", "Operator", "--json", "--trust", &ca]);
        assert_eq!(code, 1);
        assert_eq!(cards[0]["certificates"][0]["trusted"], false);
        assert_eq!(cards[0]["certificates"][0]["problem"]["code"], "CERTIFICATE_SIGNATURE_WRONG");
    });
}

#[test]
fn what_is_missing_is_said_with_its_code() {
    at_a_desk(|desk| {
        let (code, out, message) = card(&["show", "--reader", "Operator"]);
        assert_eq!((code, out.as_str()), (3, ""));
        assert!(message.contains("(CARD_ABSENT)\n  "), "{message}");
        assert!(card(&["show", "--reader", "Nobody"]).2.contains("(CARD_READER_MISSING)"));
        assert_eq!(card(&["show", "--trust", "missing.pem"]).0, 2);
        assert_eq!(card(&["show"]), (0, "There is no card in any reader.\n".to_owned(), String::new()));
        desk.stop_service();
        let (code, _, message) = card(&["list"]);
        assert_eq!(code, 3);
        assert!(message.contains("(CARD_SERVICE_MISSING)"), "{message}");
    });
}

#[test]
fn the_program_itself_reads_the_card() {
    at_a_desk(|desk| {
        let _card = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", RSA_2048));
        let output = Process::new(env!("CARGO_BIN_EXE_bam-station"))
            .args(["card", "show", "--json", "--data"])
            .arg(desk.folder())
            .output()
            .unwrap();
        assert!(output.status.success());
        let cards: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(cards[0]["certificates"][1]["name"], "Åse Ødegård, Utopia kommune");
    });
}

#[test]
fn both_roads_of_a_desk_are_listed_and_shown() {
    at_a_desk(|desk| {
        let inserted = desk.insert(HOLDERS, Authority::new().card("Åse Ødegård", P256));
        let roads = [Road::Pcsc, Road::Pkcs11(opensc())];
        let (code, out, messages) = card_by(&roads, &["list", "--json"]);
        assert_eq!(code, 0, "{messages}");
        let readers: Value = serde_json::from_str(&out).unwrap();
        let with_card: Vec<_> = readers.as_array().unwrap().iter().filter(|reader| reader["card"] == true).collect();
        assert_eq!(with_card.len(), 2);
        assert!(with_card.iter().all(|reader| reader["name"] == HOLDERS));
        let (code, out, messages) = card_by(&roads, &["show", "--reader", "Holder", "--json"]);
        assert_eq!(code, 0, "{messages}");
        let cards: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((&cards[0]["road"], &cards[1]["road"]), (&"pcsc".into(), &"pkcs11".into()));
        assert_eq!(cards[0]["certificates"], cards[1]["certificates"], "the same card by both roads");
        assert_eq!((&cards[0]["pin_tries_left"], &cards[1]["pin_tries_left"]), (&3.into(), &Value::Null));
        assert!(card_by(&roads, &["show", "--reader", "Reader"]).2.contains("(CARD_READER_AMBIGUOUS)"));
        assert_eq!(inserted.card().verify_count(), 0);
    });
}

#[test]
fn the_program_takes_the_roads_from_its_local_file() {
    at_a_desk(|desk| {
        let _card = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", P256));
        let local = desk.folder().join("LOCAL.toml");
        let module = installed("opensc-pkcs11.so");
        let reader = |name: &str| format!("[{name}]\nDriver = \"pkcs11\"\nModule = {module:?}\n");
        fs::write(&local, reader("OperatorReader") + &reader("HolderReader")).unwrap();
        let program = || Process::new(program());
        let output = program().args(["card", "list", "--json", "--local"]).arg(&local).output().unwrap();
        let readers: Value = serde_json::from_slice(&output.stdout).unwrap();
        let roads: Vec<_> = readers.as_array().unwrap().iter().map(|reader| reader["road"].as_str().unwrap()).collect();
        assert!(!roads.is_empty() && roads.iter().all(|road| *road == "pkcs11"), "{readers}");
        fs::write(&local, "[OperatorReader]\nDriver = \"pkcs11\"\n").unwrap();
        let output = program().args(["card", "list", "--local"]).arg(&local).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
    });
}
