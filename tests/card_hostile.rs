//! Cards that lie: whatever a card answers, the station neither panics nor hangs, and believes nothing that is not proven.

use std::time::{Duration, Instant};

use bam_station::{
    device::card::{Card as _, CardError, Channel, PcscCard, Piv, Slot},
    secret::{Pin, PinEntry},
    trust::SignatureAlgorithm,
};
use bam_virtual_card::{Fault, Mishap, VirtualCard, instruction};
use proptest::{collection::vec, prelude::*};
use x509_cert::{Certificate, der::Decode as _};

use crate::card_desk::{Authority, OPERATORS, P256, PIN, PUK, at_a_desk, key};

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

#[test]
fn lies_through_a_real_reader_are_named() {
    at_a_desk(|desk| {
        let inserted = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", P256));
        let mut card = PcscCard::in_reader(OPERATORS).unwrap();
        card.contents().unwrap();
        let mut answer = |instruction, bytes: &[u8]| {
            inserted.card().set_fault(Some(Fault { instruction, mishap: Mishap::Answer(bytes.to_vec()) }));
            let begun = Instant::now();
            let signed = card.sign_digest(Slot::Signature, SignatureAlgorithm::P256, &[7; 32], pin());
            assert!(begun.elapsed() < Duration::from_secs(5));
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
