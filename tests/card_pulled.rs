//! Cards, readers and the service that vanish: each has its own name, and afterwards everything works again.

use std::time::{Duration, Instant};

use bam_station::{
    device::card::{Card as _, CardError, CardEvent, CardWatch, PcscCard, Slot, readers},
    secret::Pin,
    trust::SignatureAlgorithm,
};
use bam_virtual_card::{Fault, Mishap, instruction};

use crate::card_desk::{Authority, HOLDERS, OPERATORS, P256, PIN, SOON, at_a_desk};

fn sign(card: &mut PcscCard) -> Result<Vec<u8>, CardError> {
    let pin = Pin::new(PIN.into()).unwrap().into();
    card.sign_digest(Slot::Signature, SignatureAlgorithm::P256, &[7; 32], pin)
}

#[test]
fn a_card_pulled_at_any_point_of_signing_is_named_and_signs_when_it_is_back() {
    at_a_desk(|desk| {
        let mut inserted = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", P256));
        let mut card = PcscCard::in_reader(OPERATORS).unwrap();
        card.contents().unwrap();
        let points = [instruction::SELECT, instruction::GET_DATA, instruction::VERIFY, instruction::GENERAL_AUTHENTICATE];
        for point in points {
            for mishap in [Mishap::PulledBefore, Mishap::PulledAfter] {
                let verified = inserted.card().verify_count();
                inserted.card().set_fault(Some(Fault { instruction: point, mishap: mishap.clone() }));
                assert_eq!(sign(&mut card), Err(CardError::Removed), "{point:02x} {mishap:?}");
                assert_eq!(sign(&mut card), Err(CardError::NoCard), "{point:02x} {mishap:?}");
                assert!(inserted.card().verify_count() <= verified + 1, "a PIN was used twice");
                inserted.card().set_fault(None);
                inserted = desk.insert_again(OPERATORS, inserted.pull());
                assert_eq!(card.tries_left(), Ok(Some(3)));
                sign(&mut card).unwrap();
            }
        }
    });
}

#[test]
fn a_wrong_pin_counts_even_when_the_card_is_pulled_before_it_says_so() {
    at_a_desk(|desk| {
        let inserted = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", P256));
        let mut card = PcscCard::in_reader(OPERATORS).unwrap();
        card.contents().unwrap();
        inserted.card().set_fault(Some(Fault { instruction: instruction::VERIFY, mishap: Mishap::PulledAfter }));
        let wrong = Pin::new("000000".into()).unwrap().into();
        assert_eq!(card.verify_pin(wrong), Err(CardError::Removed));
        inserted.card().set_fault(None);
        let _again = desk.insert_again(OPERATORS, inserted.pull());
        assert_eq!(card.tries_left(), Ok(Some(2)), "the tries are read anew from the card");
    });
}

#[test]
fn what_is_missing_is_named() {
    at_a_desk(|desk| {
        let names: Vec<_> = readers().unwrap().into_iter().map(|reader| (reader.name, reader.card)).collect();
        assert_eq!(names, [(OPERATORS.to_owned(), false), (HOLDERS.to_owned(), false)]);
        assert_eq!(PcscCard::in_reader(OPERATORS).unwrap().contents().err(), Some(CardError::NoCard));
        assert_eq!(PcscCard::in_reader("No such reader").unwrap().contents().err(), Some(CardError::NoReader));
        desk.stop_service();
        assert_eq!(readers().err(), Some(CardError::NoService));
        assert_eq!(PcscCard::in_reader(OPERATORS).unwrap().contents().err(), Some(CardError::NoService));
        desk.start_service();
        let _card = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", P256));
        assert!(sign(&mut PcscCard::in_reader(OPERATORS).unwrap()).is_ok());
    });
}

#[test]
fn two_readers_are_two_people() {
    at_a_desk(|desk| {
        let authority = Authority::new();
        let operators = desk.insert(OPERATORS, authority.card("Kari Nordmann", P256));
        let holders = desk.insert(HOLDERS, authority.card("Åse Ødegård", P256));
        sign(&mut PcscCard::in_reader(HOLDERS).unwrap()).unwrap();
        assert_eq!((operators.card().verify_count(), holders.card().verify_count()), (0, 1));
    });
}

#[test]
fn cards_readers_and_the_service_are_told_as_they_come_and_go() {
    at_a_desk(|desk| {
        let watch = CardWatch::start().unwrap();
        let expect = |events: &[CardEvent]| {
            for event in events {
                assert_eq!(watch.next(SOON).as_ref(), Some(event));
            }
            assert_eq!(watch.next(Duration::from_millis(50)), None);
        };
        let (operators, holders) = (OPERATORS.to_owned(), HOLDERS.to_owned());
        let found = [CardEvent::ServiceThere, CardEvent::ReaderFound(operators.clone()), CardEvent::ReaderFound(holders.clone())];
        expect(&found);
        let card = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", P256));
        let asked = Instant::now();
        expect(&[CardEvent::Inserted(operators.clone())]);
        assert!(asked.elapsed() < Duration::from_secs(1), "events are waited for, not polled");
        drop(card);
        expect(&[CardEvent::Removed(operators)]);
        desk.stop_service();
        expect(&[CardEvent::ServiceGone]);
        desk.start_service();
        expect(&found);
        let ended = Instant::now();
        drop(watch);
        assert!(ended.elapsed() < Duration::from_secs(1), "the watch ends at once");
    });
}
