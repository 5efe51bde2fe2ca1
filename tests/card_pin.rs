//! The PIN: one typed PIN is one VERIFY, counted at the card.

use std::time::Duration;

use bam_station::{
    device::card::{Card as _, CardError, PcscCard, Possession, Slot},
    secret::{Pin, PinEntry},
    trust::{SignatureAlgorithm, verify_signature},
};
use bam_virtual_card::{Fault, Inserted, Mishap, instruction};

use crate::card_desk::{Authority, Desk, OPERATORS, P256, P384, PIN, RSA_2048, RSA_3072, at_a_desk};

fn pin(text: &str) -> PinEntry {
    Pin::new(text.into()).unwrap().into()
}

fn insert(desk: &Desk, kind: &[&str]) -> (Inserted, PcscCard) {
    let inserted = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", kind));
    (inserted, PcscCard::in_reader(OPERATORS).unwrap())
}

const DIGEST: [u8; 32] = [7; 32];

fn sign(card: &mut PcscCard, text: &str) -> Result<Vec<u8>, CardError> {
    card.sign_digest(Slot::Signature, SignatureAlgorithm::P256, &DIGEST, pin(text))
}

#[test]
fn looking_at_a_card_spends_no_try_and_sends_no_pin() {
    at_a_desk(|desk| {
        let (inserted, mut card) = insert(desk, P256);
        let contents = card.contents().unwrap();
        let slots: Vec<_> = contents.certificates.iter().map(|found| found.slot).collect();
        assert_eq!(slots, [Slot::Authentication, Slot::Signature]);
        assert!(contents.unreadable.is_empty());
        assert_eq!(card.tries_left(), Ok(Some(3)));
        assert_eq!(inserted.card().verify_count(), 0);
        assert_eq!(inserted.card().pin_tries_left(), 3);
    });
}

#[test]
fn each_typed_pin_is_exactly_one_verify_whatever_comes_of_it() {
    at_a_desk(|desk| {
        let (inserted, mut card) = insert(desk, P256);
        card.verify_pin(pin(PIN)).unwrap();
        assert_eq!(inserted.card().verify_count(), 1);
        sign(&mut card, PIN).unwrap();
        assert_eq!(inserted.card().verify_count(), 2);
        card.prove_possession(Slot::Authentication, &[1; 32], pin(PIN)).unwrap();
        assert_eq!(inserted.card().verify_count(), 3);
        assert_eq!(sign(&mut card, "000000"), Err(CardError::WrongPin { tries_left: Some(2) }));
        assert_eq!(inserted.card().verify_count(), 4);
    });
}

#[test]
fn wrong_pins_count_down_to_the_block_and_then_the_right_one_is_refused_too() {
    at_a_desk(|desk| {
        let (inserted, mut card) = insert(desk, P256);
        assert_eq!(card.verify_pin(pin("000000")), Err(CardError::WrongPin { tries_left: Some(2) }));
        assert_eq!(card.tries_left(), Ok(Some(2)));
        assert_eq!(card.verify_pin(pin("111111")), Err(CardError::WrongPin { tries_left: Some(1) }));
        assert_eq!(card.verify_pin(pin("222222")), Err(CardError::Blocked));
        assert_eq!(card.tries_left(), Ok(Some(0)));
        assert_eq!(card.verify_pin(pin(PIN)), Err(CardError::Blocked));
        assert_eq!(sign(&mut card, PIN), Err(CardError::Blocked));
        assert_eq!(inserted.card().verify_count(), 5);
    });
}

#[test]
fn a_pin_that_cannot_be_right_never_reaches_the_card() {
    at_a_desk(|desk| {
        let (inserted, mut card) = insert(desk, P256);
        for text in ["4711", "47110", "471100471", "4711ø0"] {
            assert_eq!(card.verify_pin(pin(text)), Err(CardError::PinLength { fewest: 6, most: 8 }), "{text}");
            assert_eq!(sign(&mut card, text), Err(CardError::PinLength { fewest: 6, most: 8 }), "{text}");
        }
        assert_eq!(inserted.card().verify_count(), 0);
        assert_eq!(card.tries_left(), Ok(Some(3)));
    });
}

#[test]
fn no_pin_stays_verified_after_the_operation() {
    at_a_desk(|desk| {
        let (inserted, mut card) = insert(desk, P256);
        card.verify_pin(pin(PIN)).unwrap();
        assert_eq!(card.tries_left(), Ok(Some(3)), "the card would not tell the tries while the PIN is verified");
        inserted.card().set_fault(Some(Fault { instruction: instruction::GENERAL_AUTHENTICATE, mishap: Mishap::WrongBit }));
        assert_eq!(sign(&mut card, PIN), Err(CardError::SignatureWrong));
        assert_eq!(card.tries_left(), Ok(Some(3)));
    });
}

#[test]
fn every_kind_of_key_signs_and_proves_possession() {
    at_a_desk(|desk| {
        for kind in [P256, P384, RSA_2048, RSA_3072] {
            let (_inserted, mut card) = insert(desk, kind);
            let proof = card.prove_possession(Slot::Signature, &[9; 40], pin(PIN)).unwrap();
            let key = proof.certificate.tbs_certificate().subject_public_key_info();
            let named = proof.algorithm.signature_identifier();
            let right = verify_signature(key, &named, &Possession::message(&[9; 40]), &proof.signature);
            assert_eq!(right, Ok(proof.algorithm), "{kind:?}");
            assert!(verify_signature(key, &named, &Possession::message(&[8; 40]), &proof.signature).is_err());
        }
    });
}

#[test]
fn a_short_challenge_and_a_wrong_algorithm_are_refused_before_the_pin() {
    at_a_desk(|desk| {
        let (inserted, mut card) = insert(desk, P256);
        let short = card.prove_possession(Slot::Signature, &[1; 31], pin(PIN)).err();
        assert_eq!(short, Some(CardError::Input));
        let other = card.sign_digest(Slot::Signature, SignatureAlgorithm::P384, &[7; 48], pin(PIN));
        assert_eq!(other, Err(CardError::KeyNotSupported));
        let short = card.sign_digest(Slot::Signature, SignatureAlgorithm::P256, &[7; 31], pin(PIN));
        assert_eq!(short, Err(CardError::Input));
        let empty = card.sign_digest(Slot::KeyManagement, SignatureAlgorithm::P256, &DIGEST, pin(PIN));
        assert_eq!(empty, Err(CardError::NoCertificate { slot: Slot::KeyManagement }));
        assert_eq!(inserted.card().verify_count(), 0);
    });
}

#[test]
fn another_card_gets_no_pin() {
    at_a_desk(|desk| {
        let (first, mut card) = insert(desk, P256);
        card.contents().unwrap();
        drop(first);
        let other = desk.insert(OPERATORS, Authority::new().card("Kari Nordmann", P256));
        assert_eq!(sign(&mut card, PIN), Err(CardError::Exchanged));
        assert_eq!(card.verify_pin(pin(PIN)), Err(CardError::Exchanged));
        assert_eq!(card.contents().err(), Some(CardError::Exchanged));
        assert_eq!(other.card().verify_count(), 0);
    });
}

#[test]
fn a_card_that_does_not_answer_is_given_up_and_sent_nothing_more() {
    at_a_desk(|desk| {
        let (inserted, card) = insert(desk, P256);
        let mut card = card;
        card.contents().unwrap();
        let mut card = card.with_patience(Duration::from_secs(2));
        let slow = Mishap::Slow(Duration::from_secs(15));
        inserted.card().set_fault(Some(Fault { instruction: instruction::VERIFY, mishap: slow }));
        assert_eq!(sign(&mut card, PIN), Err(CardError::Silent));
        inserted.card().set_fault(None);
        let hasty = PcscCard::in_reader(OPERATORS).unwrap().with_patience(Duration::from_millis(100)).tries_left();
        assert_eq!(hasty, Err(CardError::Busy));
        // Whoever has patience waits for the card, which is still held.
        let mut patient = PcscCard::in_reader(OPERATORS).unwrap();
        assert_eq!(patient.tries_left(), Ok(Some(3)));
        let signed = inserted.card().log().iter().any(|exchange| exchange.instruction == instruction::GENERAL_AUTHENTICATE);
        assert!(!signed, "the operation went on after it was given up");
    });
}
