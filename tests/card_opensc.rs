//! Programs that know nothing of this project read and use the virtual card: it is a PIV card, not our idea of one.

use std::{fs, path::Path, process::Command};

use bam_virtual_card::{PadEntry, instruction};

use crate::card_desk::{Authority, OPERATORS, P256, PAD, PIN, RSA_2048, at_a_desk, at_a_desk_with_pad};

const MODULE: &str = "opensc-pkcs11.so";

/// What the program says, on both outputs; it must end well.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    said
}

fn pkcs11(folder: &Path, arguments: &[&str]) -> String {
    let module = format!("/usr/lib/{}-linux-gnu/{MODULE}", std::env::consts::ARCH);
    run(folder, "pkcs11-tool", &[&["--module", &module], arguments].concat())
}

#[test]
fn opensc_knows_the_card_and_lists_its_certificates() {
    at_a_desk(|desk| {
        let _card = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", RSA_2048));
        let name = run(desk.folder(), "opensc-tool", &["--reader", "0", "--name"]);
        assert!(name.contains("Personal Identity Verification"), "{name}");
        let slots = pkcs11(desk.folder(), &["--list-slots"]);
        assert!(slots.contains("Operator Reader 00 00") && slots.contains("Åse Ødegård"), "{slots}");
        let objects = pkcs11(desk.folder(), &["--list-objects", "--type", "cert"]);
        assert_eq!(objects.matches("Certificate Object").count(), 2, "{objects}");
    });
}

#[test]
fn opensc_signs_with_both_keys_and_openssl_agrees() {
    at_a_desk(|desk| {
        let card = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", RSA_2048));
        let folder = desk.folder();
        fs::write(folder.join("text"), "to be signed").unwrap();
        run(folder, "openssl", &["dgst", "-sha256", "-binary", "-out", "digest", "text"]);
        for (id, mechanism, input) in [("01", "ECDSA", "digest"), ("02", "SHA256-RSA-PKCS", "text")] {
            pkcs11(folder, &["--read-object", "--type", "cert", "--id", id, "--output-file", "certificate"]);
            run(folder, "openssl", &["x509", "-inform", "DER", "-in", "certificate", "-pubkey", "-noout", "-out", "public"]);
            let sign = ["--login", "--pin", PIN, "--sign", "--mechanism", mechanism, "--id", id, "--signature-format", "openssl"];
            pkcs11(folder, &[&sign[..], &["--input-file", input, "--output-file", "signature"]].concat());
            run(folder, "openssl", &["dgst", "-sha256", "-verify", "public", "-signature", "signature", "text"]);
        }
        assert!(card.card().verify_count() >= 2);
    });
}

#[test]
fn opensc_takes_the_pin_from_the_readers_pin_pad() {
    at_a_desk_with_pad(|desk| {
        let card = desk.insert(PAD, Authority::new().card("Åse Ødegård", P256));
        card.card().set_pad(PadEntry::Digits(PIN.into()));
        let slots = pkcs11(desk.folder(), &["--list-slots"]);
        assert!(slots.contains("PIN pad present"), "{slots}");
        fs::write(desk.folder().join("digest"), [7; 32]).unwrap();
        pkcs11(desk.folder(), &["--login", "--sign", "--mechanism", "ECDSA", "--id", "01", "--input-file", "digest"]);
        let verified = card
            .card()
            .log()
            .iter()
            .any(|exchange| exchange.instruction == instruction::VERIFY && exchange.with_data && exchange.status == 0x9000);
        assert!(verified);
    });
}

#[test]
fn a_wrong_pin_in_opensc_spends_a_try_of_the_same_card() {
    at_a_desk(|desk| {
        let card = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", P256));
        let module = format!("/usr/lib/{}-linux-gnu/{MODULE}", std::env::consts::ARCH);
        let login = ["--module", &module, "--login", "--pin", "000000", "--list-objects"];
        assert!(!Command::new("pkcs11-tool").args(login).output().unwrap().status.success());
        assert_eq!(card.card().pin_tries_left(), 2);
    });
}
