//! `bam-station register`: what it prints and how it exits.

use std::fs;

use bam_station::{
    cli::register::{RegisterArgs, run_to},
    digest::Digest,
    register::{FinishedControl, JournalEntry, Register},
    rules::{CertificateKind, Function},
};
use clap::{Args, Command, FromArgMatches};
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

const FINISHED: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
const UNFINISHED: &str = "01890a5d-ac96-774b-bcce-b302099a8058";

/// Exit code, standard output, standard error.
fn register(data: &TempDir, words: &[&str]) -> (u8, String, String) {
    let command = RegisterArgs::augment_args(Command::new("register"));
    let matches = command.try_get_matches_from(["register"].iter().chain(words)).unwrap();
    let args = RegisterArgs::from_arg_matches(&matches).unwrap();
    let (mut out, mut messages) = (Vec::new(), Vec::new());
    let code = run_to(&args, data.path(), 10, &mut out, &mut messages);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(messages).unwrap())
}

fn json_of(data: &TempDir, words: &[&str]) -> (u8, Value) {
    let (code, out, _) = register(data, words);
    assert_eq!(out.lines().count(), 1, "one JSON document and nothing else: {out}");
    (code, serde_json::from_str(&out).unwrap())
}

fn data() -> TempDir {
    let data = tempfile::tempdir().unwrap();
    let mut register = Register::open(&data.path().join("register")).unwrap();
    let at: Timestamp = "2026-05-17T08:15:00.5Z".parse().unwrap();
    let scan = register.evidence().put(b"a scan").unwrap();
    let scanned =
        JournalEntry::new("document-scanned", &json!({ "pictures": [{ "raw": scan }], "other": Digest::of(b"no file") }))
            .unwrap();
    register.append(FINISHED, std::slice::from_ref(&scanned), at).unwrap();
    register.append(UNFINISHED, &[scanned], at).unwrap();
    register.append("station", &[JournalEntry::new("opened", &()).unwrap()], at).unwrap();
    let report = register.evidence().put(b"a report").unwrap();
    let finished = FinishedControl {
        control: FINISHED.into(),
        report: Some(report),
        function: Function::ReplacementCard,
        certificate: CertificateKind::Qualified,
        outcome: "approved".into(),
        completed_at: at,
    };
    register.register_control(&finished, &[JournalEntry::new("approved", &()).unwrap()], true, at).unwrap();
    data
}

#[test]
fn list_names_every_control() {
    let data = data();
    let (code, document) = json_of(&data, &["list", "--json"]);
    assert_eq!(code, 0);
    assert_eq!(
        document,
        json!({
            "controls": [{
                "control": FINISHED, "completed_at": "2026-05-17T08:15:00.5Z", "function": "replacement-card",
                "certificate": "qualified", "outcome": "approved", "report": Digest::of(b"a report"),
                "delivery": {
                    "delivered": false, "delivered_at": null, "attempts": 0,
                    "next_attempt_at": "2026-05-17T08:15:00.5Z", "last_error": null,
                },
                "purged": false,
            }],
            "unfinished": [UNFINISHED],
        })
    );
    let (code, text, messages) = register(&data, &["list"]);
    assert_eq!((code, messages.as_str()), (0, ""));
    assert!(text.contains(FINISHED) && text.contains("2026-05-17T08:15:00Z") && text.contains("waiting"), "{text}");
    assert!(text.contains(&format!("{UNFINISHED}  not finished")), "{text}");
}

#[test]
fn list_chooses_by_time_function_kind_outcome_and_delivery() {
    let data = data();
    let chosen = |words: &[&str]| {
        let (code, document) = json_of(&data, &[&["list", "--json"], words].concat());
        assert_eq!(code, 0);
        document["controls"].as_array().unwrap().len()
    };
    let fitting: [&[&str]; 7] = [
        &["--from", "2026-05-16"],
        &["--to", "2026-05-18"],
        &["--function", "replacement-card"],
        &["--certificate", "qualified"],
        &["--outcome", "approved"],
        &["--undelivered"],
        &["--from", "2026-05-16", "--to", "2026-05-18", "--function", "replacement-card", "--undelivered"],
    ];
    for words in fitting {
        assert_eq!(chosen(words), 1, "{words:?}");
    }
    let others: [&[&str]; 6] = [
        &["--from", "2026-05-19"],
        &["--to", "2026-05-15"],
        &["--function", "renewal"],
        &["--certificate", "local"],
        &["--outcome", "declined"],
        &["--undelivered", "--outcome", "declined"],
    ];
    for words in others {
        assert_eq!(chosen(words), 0, "{words:?}");
    }
    let mut register = Register::open(&data.path().join("register")).unwrap();
    register.record_receipt(FINISHED, "a receipt", Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(chosen(&["--undelivered"]), 0);
}

#[test]
fn show_lists_events_and_evidence() {
    let data = data();
    let (code, document) = json_of(&data, &["show", FINISHED, "--json"]);
    assert_eq!(code, 0);
    let kinds: Vec<_> = document["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["document-scanned", "approved"]);
    let evidence: Vec<Digest> = serde_json::from_value(document["evidence"].clone()).unwrap();
    assert_eq!(evidence.len(), 2);
    assert!(evidence.contains(&Digest::of(b"a scan")) && evidence.contains(&Digest::of(b"a report")));

    let (code, text, _) = register(&data, &["show", UNFINISHED]);
    assert!(code == 0 && text.contains("document-scanned") && text.contains("not finished"), "{text}");
    let (code, text, messages) = register(&data, &["show", "no-such-control"]);
    assert!(code == 1 && text.is_empty() && messages.contains("(REGISTER_NO_SUCH_CONTROL)"), "{messages}");
}

#[test]
fn verify_says_yes_and_tells_its_progress_apart_from_its_answer() {
    let data = data();
    let head = Register::open_read_only(&data.path().join("register")).unwrap().head().unwrap();
    let head = format!("{}:{}", head.seq, head.hash);
    let (code, document) = json_of(&data, &["verify", "--json", "--head", &head]);
    assert_eq!((code, &document["valid"], &document["entries"]), (0, &json!(true), &json!(5)));
    let (code, text, messages) = register(&data, &["verify"]);
    assert!(code == 0 && text.contains("the register holds") && messages.contains("journal entries: 5 of 5"), "{text}{messages}");
}

#[test]
fn verify_names_what_does_not_hold() {
    let data = data();
    let other_head = format!("3:{}", Digest::of(b"another"));
    let (code, document) = json_of(&data, &["verify", "--json", "--head", &other_head]);
    assert_eq!((code, &document["valid"], &document["missing_heads"][0]["seq"]), (1, &json!(false), &json!(3)));

    let folder = data.path().join("register");
    let report = Register::open_read_only(&folder).unwrap().evidence().file(&Digest::of(b"a report")).unwrap();
    fs::remove_file(report).unwrap();
    let (code, text, _) = register(&data, &["verify"]);
    assert!(code == 1 && text.contains(&format!("control {FINISHED}: the evidence")) && text.contains("NOT"), "{text}");

    let database = rusqlite::Connection::open(folder.join("register.db")).unwrap();
    database.execute_batch("DROP TRIGGER journal_is_not_changed; UPDATE journal SET kind = 'x' WHERE seq = 2").unwrap();
    let (code, document) = json_of(&data, &["verify", "--json"]);
    assert_eq!((code, &document["first_bad"]["seq"], &document["controls"]), (1, &json!(2), &Value::Null));
}

#[test]
fn a_folder_without_register_is_wrong_use_and_a_damaged_one_does_not_hold() {
    let empty = tempfile::tempdir().unwrap();
    for words in [vec!["list"], vec!["show", FINISHED], vec!["verify", "--json"]] {
        let (code, out, messages) = register(&empty, &words);
        assert!(code == 2 && out.is_empty() && messages.contains("(REGISTER_MISSING)"), "{messages}");
    }
    let data = data();
    fs::write(data.path().join("register/register.db"), [0xee; 8192]).unwrap();
    let (code, _, messages) = register(&data, &["list"]);
    assert!(code == 3 && messages.contains("(REGISTER_DAMAGED)"), "{messages}");
    assert_eq!(register(&data, &["verify"]).0, 1);
}
