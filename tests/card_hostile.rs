//! Cards that lie: whatever a card answers, the station neither panics nor hangs, and believes nothing that is not proven.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use bam_station::{
    device::card::{Card as _, CardError, Channel, Module, PcscCard, Piv, Pkcs11Card, Slot},
    secret::{Pin, PinEntry},
    trust::SignatureAlgorithm,
};
use bam_virtual_card::{Fault, Mishap, VirtualCard, instruction};
use proptest::{collection::vec, prelude::*};
use x509_cert::{Certificate, der::Decode as _};

use crate::card_desk::{Authority, OPERATORS, P256, PIN, PUK, at_a_desk, key, wait_until};

/// A card that gives these answers, one after the other, and then the last one for ever. It counts the commands.
struct Liar {
    answers: Vec<Vec<u8>>,
    asked: usize,
}

impl Channel for &mut Liar {
    fn transmit(&mut self, _command: &[u8]) -> Result<Vec<u8>, CardError> {
        let answer = self.answers.get(self.asked).or(self.answers.last()).cloned().unwrap_or_default();
        self.asked += 1;
        Ok(answer)
    }
}

fn pin() -> PinEntry {
    Pin::new(PIN.into()).unwrap().into()
}

/// Everything that can be asked of a card. The number of commands must stay within bounds.
fn ask_everything(answers: Vec<Vec<u8>>, certificate: &Certificate) {
    let mut liar = Liar { answers, asked: 0 };
    if let Ok(mut piv) = Piv::open(&mut liar) {
        let _ = piv.contents();
        let _ = piv.tries_left();
        let _ = piv.verify(pin());
        let signed = piv.sign(Slot::Signature, certificate, SignatureAlgorithm::P256, &[7; 32], pin());
        assert!(signed.is_err(), "a signature out of nothing");
    }
    assert!(liar.asked < 3000, "{} commands", liar.asked);
}

/// Answers that look as if they came from a card: a proper frame around anything, and any status that means something.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    let status = prop_oneof![Just(0x9000u16), Just(0x6100), Just(0x61ff), Just(0x63c1), Just(0x6983), Just(0x6a82), any::<u16>()];
    let frame = prop_oneof![Just(0x53u8), Just(0x70), Just(0x7c), Just(0x82), Just(0x30)];
    let body = (frame, vec(any::<u8>(), 0..200), 0..300u16).prop_map(|(tag, body, length)| {
        let [high, low] = length.to_be_bytes();
        [&[tag, 0x82, high, low][..], &body].concat()
    });
    (prop_oneof![body, vec(any::<u8>(), 0..300), Just(Vec::new())], status)
        .prop_map(|(body, status)| [body, status.to_be_bytes().to_vec()].concat())
}

#[test]
fn random_answers_never_panic_hang_or_prove_anything() {
    let key = key(P256);
    let certificate = Certificate::from_der(&Authority::new().issue("Åse Ødegård", &key)).unwrap();
    let opened = vec![0x90, 0x00];
    let mut runner =
        proptest::test_runner::TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) });
    let answers = vec(prop_oneof![plausible(), vec(any::<u8>(), 0..20)], 1..12);
    runner
        .run(&answers, |mut answers| {
            ask_everything(answers.clone(), &certificate);
            answers.insert(0, opened.clone());
            ask_everything(answers, &certificate);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_card_that_never_ends_its_answer_is_stopped() {
    let certificate = Certificate::from_der(&Authority::new().issue("Åse Ødegård", &key(P256))).unwrap();
    for endless in [vec![0x61, 0x00], [vec![0x53; 256], vec![0x61, 0xff]].concat(), vec![0; 66_000]] {
        ask_everything(vec![endless.clone()], &certificate);
        ask_everything(vec![vec![0x90, 0x00], endless], &certificate);
    }
}

/// What a device host might say: frames around anything, and noise.
fn host_output() -> impl Strategy<Value = Vec<u8>> {
    let header = prop_oneof![
        Just(r#""done""#.to_owned()),
        Just(r#""signature""#.to_owned()),
        Just(r#"{"certificate":{"label":"Certificate for Digital Signature"}}"#.to_owned()),
        Just(r#"{"certificate":{"label":""}}"#.to_owned()),
        Just(
            r#"{"pin-facts":{"pad":false,"locked":false,"last_try":false,"wrong_before":false,"fewest":0,"most":255}}"#
                .to_owned()
        ),
        Just(r#"{"readers":[{"name":"\u0007","card":true}]}"#.to_owned()),
        Just(r#"{"failed":{"module":"\u001b[2J"}}"#.to_owned()),
        Just(r#"{"failed":{"wrong-pin":{"last_try":true}}}"#.to_owned()),
        "[ -~]{0,40}",
    ];
    let frame = (header, vec(any::<u8>(), 0..90)).prop_map(|(header, payload)| {
        let length = |part: &[u8]| u32::try_from(part.len()).unwrap().to_be_bytes();
        [&length(header.as_bytes())[..], &length(&payload), header.as_bytes(), &payload].concat()
    });
    vec(prop_oneof![4 => frame, 1 => vec(any::<u8>(), 0..40)], 0..6).prop_map(|parts| parts.concat())
}

#[test]
fn a_device_host_that_lies_proves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (script, output) = (folder.path().join("host"), folder.path().join("output"));
    // It listens to the end, as a device host does, and says what it likes.
    let says = format!("#!/bin/sh\nexec 3<&0\ncat <&3 >/dev/null &\ncat '{}'\n", output.display());
    fs::write(&script, says).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(&output, []).unwrap();
    // A process that another test is just starting may hold the script open for writing for a moment.
    wait_until(|| Command::new(&script).stdin(Stdio::null()).output().is_ok());
    let module = Module::new(&script, Path::new("/nowhere/module.so"));
    // The card of an honest person, whose certificate the lying host repeats.
    let certificate = Authority::new().issue("Åse Ødegård", &key(P256));
    let honest = {
        let header = r#"{"certificate":{"label":"Certificate for Digital Signature"}}"#;
        let frame = |header: &str, payload: &[u8]| {
            let length = |part: &[u8]| u32::try_from(part.len()).unwrap().to_be_bytes();
            [&length(header.as_bytes())[..], &length(payload), header.as_bytes(), payload].concat()
        };
        [frame(header, &certificate), frame(r#""done""#, &[])].concat()
    };
    let mut runner =
        proptest::test_runner::TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) });
    runner
        .run(&host_output(), |said| {
            let mut card = Pkcs11Card::in_reader(module.clone(), OPERATORS.to_owned()).with_patience(Duration::from_secs(20));
            fs::write(&output, &honest).unwrap();
            card.contents().unwrap();
            fs::write(&output, &said).unwrap();
            let signed = card.sign_digest(Slot::Signature, SignatureAlgorithm::P256, &[7; 32], pin());
            prop_assert!(signed.is_err(), "a signature out of nothing");
            prop_assert!(card.prove_possession(Slot::Signature, &[5; 32], pin()).is_err());
            let said = format!("{:?} {:?}", card.contents().err(), module.readers(Duration::from_secs(20)));
            prop_assert!(!said.contains(|c: char| c.is_control()) && !said.contains("\\u{"), "{said}");
            Ok(())
        })
        .unwrap();
}

#[test]
fn lies_through_a_real_reader_are_named() {
    at_a_desk(|desk| {
        let inserted = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", P256));
        let mut card = PcscCard::in_reader(OPERATORS).unwrap();
        card.contents().unwrap();
        let mut answer = |instruction, bytes: &[u8]| {
            inserted.card().set_fault(Some(Fault { instruction, mishap: Mishap::Answer(bytes.to_vec()) }));
            let signed = card.sign_digest(Slot::Signature, SignatureAlgorithm::P256, &[7; 32], pin());
            inserted.card().set_fault(None);
            signed.err().unwrap()
        };
        assert_eq!(answer(instruction::SELECT, &[0x6a, 0x82]), CardError::NotPiv);
        assert_eq!(answer(instruction::GET_DATA, &[0x53, 0x02, 0x70, 0x00, 0x90, 0x00]), CardError::Garbled("certificate"));
        assert_eq!(answer(instruction::VERIFY, &[0x63, 0xc0]), CardError::Blocked);
        assert_eq!(answer(instruction::VERIFY, &[0x69, 0x83]), CardError::Blocked);
        assert_eq!(answer(instruction::VERIFY, &[0x6f, 0x00]), CardError::Refused { what: "the PIN", status: 0x6f00 });
        // "Verified", although nobody looked at the PIN: then the card does not sign.
        let unsigned = CardError::Refused { what: "to sign", status: 0x6982 };
        assert_eq!(answer(instruction::VERIFY, &[0x90, 0x00]), unsigned);
        assert_eq!(answer(instruction::GENERAL_AUTHENTICATE, &[0x90, 0x00]), CardError::Garbled("data object"));
        let other = [0x7c, 0x0a, 0x82, 0x08, 0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01, 0x90, 0x00];
        assert_eq!(answer(instruction::GENERAL_AUTHENTICATE, &other), CardError::SignatureWrong);
        assert_eq!(answer(instruction::SELECT, &[0x90]), CardError::Garbled("no status"));
    });
}

#[test]
fn a_certificate_without_its_key_proves_nothing() {
    at_a_desk(|desk| {
        // Somebody else's certificate, copied to a card with a key of its own.
        let stolen = Authority::new().issue("Åse Ødegård", &key(P256));
        let _inserted = desk.insert(OPERATORS, VirtualCard::new(PIN, PUK).with_key(0x9a, key(P256), stolen));
        let mut card = PcscCard::in_reader(OPERATORS).unwrap();
        let proof = card.prove_possession(Slot::Authentication, &[5; 32], pin());
        assert_eq!(proof.err(), Some(CardError::SignatureWrong));
    });
}
