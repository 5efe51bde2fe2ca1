//! Receipts: only the archive can make one, and only for this report of this control.

use std::{fs, process::Command};

use bam_station::{
    delivery::receipt::{ArchiveKey, Receipt, ReceiptError, SignedReceipt, VerifiedReceipt},
    digest::Digest,
};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn report() -> Digest {
    Digest::of(b"a report")
}

fn receipt() -> Receipt {
    let received_at = "2026-05-17T08:15:00.5Z".parse().unwrap();
    Receipt::new(report(), "control-a".into(), received_at, "the archive".into(), 7, Some(Digest::of(b"the receipt before")))
}

fn signed() -> String {
    receipt().sign(&key(1)).unwrap().to_json().unwrap()
}

fn check(json: &str) -> Result<VerifiedReceipt, ReceiptError> {
    VerifiedReceipt::check(json, &ArchiveKey::from(&key(1)), &report(), "control-a")
}

#[test]
fn a_true_receipt_is_accepted_exactly_as_it_came() {
    let verified = check(&signed()).unwrap();
    assert_eq!(verified.receipt(), &receipt());
    assert_eq!(verified.json(), signed());
}

#[test]
fn receipts_of_others_and_for_others_are_told_apart() {
    let theirs = receipt().sign(&key(2)).unwrap().to_json().unwrap();
    assert_eq!(check(&theirs).unwrap_err(), ReceiptError::OtherKey);
    let ours = ArchiveKey::from(&key(1));
    // The other archive claims our archive's key.
    let posing = theirs.replace(&ArchiveKey::from(&key(2)).to_string(), &ours.to_string());
    assert_eq!(check(&posing).unwrap_err(), ReceiptError::Forged);
    let of_another = VerifiedReceipt::check(&signed(), &ours, &Digest::of(b"another report"), "control-a");
    assert_eq!(of_another.unwrap_err(), ReceiptError::OtherReport);
    assert_eq!(VerifiedReceipt::check(&signed(), &ours, &report(), "control-b").unwrap_err(), ReceiptError::OtherReport);
}

#[test]
fn a_signature_for_something_else_is_no_receipt() {
    for (from, to) in [("bam-station receipt", "bam-station checkpoint"), ("\"version\":1", "\"version\":2")] {
        let text = serde_json::to_string(&receipt()).unwrap().replace(from, to);
        let signature = ed25519_dalek::Signer::sign(&key(1), text.as_bytes());
        let hex: String = signature.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let json = serde_json::json!({ "receipt": text, "signature": hex, "key": ArchiveKey::from(&key(1)).to_string() });
        assert_eq!(check(&json.to_string()).unwrap_err(), ReceiptError::OtherVersion);
    }
}

#[test]
fn texts_that_are_no_receipts_are_refused() {
    for text in
        ["", "{}", "null", "[1]", "<html>", &signed()[..100], &format!("{}x", signed()), &signed().replace("\"key\"", "\"kei\"")]
    {
        assert_eq!(check(text).unwrap_err(), ReceiptError::NotAReceipt, "{text}");
    }
}

#[test]
fn an_archives_key_is_64_hexadecimal_digits_of_a_sound_key() {
    let key = ArchiveKey::from(&key(1));
    assert_eq!(key.to_string().parse::<ArchiveKey>().unwrap(), key);
    // The last one is the neutral point: every signature would fit it.
    for text in ["", "00", &"g".repeat(64), &format!("01{}", "0".repeat(62))] {
        assert!(text.parse::<ArchiveKey>().is_err(), "{text}");
    }
}

/// Somebody without this program checks a receipt.
#[test]
fn openssl_verifies_a_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let envelope: serde_json::Value = serde_json::from_str(&signed()).unwrap();
    let unhex =
        |text: &str| (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect::<Vec<u8>>();
    // SubjectPublicKeyInfo of RFC 8410 up to the 32 bytes of the key.
    let spki = [unhex("302a300506032b6570032100"), unhex(envelope["key"].as_str().unwrap())].concat();
    fs::write(folder.path().join("key.der"), spki).unwrap();
    fs::write(folder.path().join("signature"), unhex(envelope["signature"].as_str().unwrap())).unwrap();
    let verify = |text: &str| {
        fs::write(folder.path().join("text"), text).unwrap();
        let arguments = [
            "pkeyutl",
            "-verify",
            "-pubin",
            "-keyform",
            "DER",
            "-inkey",
            "key.der",
            "-rawin",
            "-in",
            "text",
            "-sigfile",
            "signature",
        ];
        Command::new("openssl").args(arguments).current_dir(folder.path()).output().unwrap().status.success()
    };
    let text = envelope["receipt"].as_str().unwrap();
    assert!(verify(text));
    assert!(!verify(&text.replace("\"entry\":7", "\"entry\":8")));
}

proptest! {
    #[test]
    fn no_changed_byte_is_accepted(at in 0..signed().len(), to in any::<u8>()) {
        let mut bytes = signed().into_bytes();
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        // The case of a hexadecimal digit is no difference of the value.
        let same_value = SignedReceipt::parse(&text.to_lowercase()).is_ok() && text.to_lowercase() == signed().to_lowercase();
        prop_assert!(check(&text).is_err() || same_value);
    }
}
