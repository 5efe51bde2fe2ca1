//! The desk's two readers as LOCAL.toml names them: opened and watched by both roads.

use std::time::Instant;

use bam_station::{
    config::local::{CardDriver, ReaderSettings},
    device::card::{Card as _, CardError, DeskReaders, ReaderEvent, ReaderPlace, ReaderState, open_card},
};

use crate::{
    card_desk::{Authority, HOLDERS, OPERATORS, P256, SOON, at_a_desk},
    card_pkcs11::{installed, program},
};

fn pcsc(reader: &str) -> ReaderSettings {
    ReaderSettings { reader: Some(reader.into()), ..ReaderSettings::default() }
}

fn pkcs11(reader: &str) -> ReaderSettings {
    ReaderSettings { driver: CardDriver::Pkcs11, module: Some(installed("opensc-pkcs11.so")), ..pcsc(reader) }
}

fn open_error(settings: &ReaderSettings) -> CardError {
    open_card(settings, &program()).err().unwrap()
}

#[test]
fn a_reader_is_found_by_its_name_or_by_a_part_of_it() {
    at_a_desk(|desk| {
        let authority = Authority::new();
        let _operators = desk.insert(OPERATORS, authority.card("Kari Nordmann", P256));
        for settings in [pcsc("Operator"), pcsc(OPERATORS), pkcs11("Operator")] {
            let contents = open_card(&settings, &program()).unwrap().contents().unwrap();
            assert_eq!(contents.certificates.len(), 2);
        }
        for settings in [pcsc("Holder"), pkcs11("Holder")] {
            let error = open_card(&settings, &program()).unwrap().contents().err();
            assert_eq!(error, Some(CardError::NoCard));
        }
        for settings in [pcsc("Reader"), pkcs11("Reader"), ReaderSettings::default()] {
            assert_eq!(open_error(&settings), CardError::SeveralReaders);
        }
        assert_eq!(open_error(&pcsc("Nobody")), CardError::NoReader);
        assert_eq!(open_error(&pkcs11("Nobody")), CardError::NoReader);
        desk.stop_service();
        assert_eq!(open_error(&pcsc("Operator")), CardError::NoService);
    });
}

/// Waits for a reader's state; what else happens meanwhile is passed over.
fn expect(readers: &mut DeskReaders, place: ReaderPlace, state: &ReaderState) {
    let deadline = Instant::now() + SOON;
    while readers.state(place) != Some(state) {
        let left = deadline.saturating_duration_since(Instant::now());
        assert!(readers.next(left).is_some(), "{place:?} stays {:?} and not {state:?}", readers.state(place));
    }
}

#[test]
fn cards_that_come_and_go_are_told_by_both_roads() {
    at_a_desk(|desk| {
        let authority = Authority::new();
        // Each road at each place.
        for (operator, holder) in [(pcsc("Operator"), pkcs11("Holder")), (pkcs11("Operator"), pcsc("Holder"))] {
            let mut readers = DeskReaders::watch(&operator, &holder, &program()).unwrap();
            for place in [ReaderPlace::Operator, ReaderPlace::Holder] {
                expect(&mut readers, place, &ReaderState::Empty);
            }
            for (place, reader) in [(ReaderPlace::Operator, OPERATORS), (ReaderPlace::Holder, HOLDERS)] {
                let card = desk.insert(reader, authority.card("Åse Ødegård", P256));
                assert_eq!(readers.next(SOON), Some(ReaderEvent { place, state: ReaderState::Card }));
                // Whoever waits for a card on the other side is told that it is in the wrong reader.
                assert_eq!(readers.state(place.other()), Some(&ReaderState::Empty));
                assert_eq!(readers.state(place), Some(&ReaderState::Card));
                drop(card);
                assert_eq!(readers.next(SOON), Some(ReaderEvent { place, state: ReaderState::Empty }));
            }
        }
    });
}

#[test]
fn a_card_that_follows_another_at_once_is_told_as_gone_and_come() {
    at_a_desk(|desk| {
        let authority = Authority::new();
        let mut readers = DeskReaders::watch(&pcsc("Operator"), &pcsc("Nobody"), &program()).unwrap();
        let mut card = desk.insert(OPERATORS, authority.card("Kari Nordmann", P256));
        expect(&mut readers, ReaderPlace::Operator, &ReaderState::Card);
        while readers.state(ReaderPlace::Holder).is_none() {
            readers.next(SOON).unwrap();
        }
        for _ in 0..25 {
            let same = card.pull();
            card = desk.insert_again(OPERATORS, same);
            for state in [ReaderState::Empty, ReaderState::Card] {
                assert_eq!(readers.next(SOON), Some(ReaderEvent { place: ReaderPlace::Operator, state }));
            }
        }
    });
}

#[test]
fn a_service_that_stops_takes_the_readers_away_and_brings_them_back() {
    at_a_desk(|desk| {
        let mut readers = DeskReaders::watch(&pcsc("Operator"), &pcsc("Nobody"), &program()).unwrap();
        expect(&mut readers, ReaderPlace::Operator, &ReaderState::Empty);
        expect(&mut readers, ReaderPlace::Holder, &ReaderState::Away(CardError::NoReader));
        let _card = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", P256));
        expect(&mut readers, ReaderPlace::Operator, &ReaderState::Card);
        desk.stop_service();
        expect(&mut readers, ReaderPlace::Operator, &ReaderState::Away(CardError::NoService));
        desk.start_service();
        expect(&mut readers, ReaderPlace::Operator, &ReaderState::Empty);
    });
}

#[test]
fn a_module_that_cannot_be_loaded_is_an_absent_reader() {
    let missing = ReaderSettings { module: Some("/nowhere/module.so".into()), ..pkcs11("Operator") };
    let mut readers = DeskReaders::watch(&missing, &missing, &program()).unwrap();
    let mut places: Vec<_> = (0..2)
        .map(|_| {
            let ReaderEvent { place, state } = readers.next(SOON).unwrap();
            assert!(matches!(state, ReaderState::Away(CardError::NoModule(_))), "{state:?}");
            place
        })
        .collect();
    places.sort();
    assert_eq!(places, [ReaderPlace::Operator, ReaderPlace::Holder]);
}
