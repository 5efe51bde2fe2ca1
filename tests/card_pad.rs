//! The PIN on the reader's own keys, over PC/SC (part 10).

use bam_station::{
    config::local::PinPadUse,
    device::card::{Card as _, CardError, PcscCard, Slot},
    secret::{Pin, PinEntry},
    trust::SignatureAlgorithm,
};
use bam_virtual_card::{Fault, Inserted, Mishap, PadEntry, instruction};

use crate::card_desk::{Authority, HOLDERS, OPERATORS, P256, PAD, PIN, at_a_desk, at_a_desk_with_pad};

fn typed() -> PinEntry {
    Pin::new(PIN.into()).unwrap().into()
}

fn sign(card: &mut PcscCard, pin: PinEntry) -> Result<Vec<u8>, CardError> {
    card.sign_digest(Slot::Signature, SignatureAlgorithm::P256, &[7; 32], pin)
}

fn type_on_pad(inserted: &Inserted, entry: PadEntry) {
    inserted.card().set_pad(entry);
}

#[test]
fn each_pin_from_the_pad_is_one_verify() {
    at_a_desk_with_pad(|desk| {
        let inserted = desk.insert(PAD, Authority::new().card("Åse Ødegård", P256));
        let mut card = PcscCard::in_reader(PAD).unwrap();
        let facts = card.pin_facts().unwrap();
        assert!(facts.pad && facts.tries_left == Some(3));
        type_on_pad(&inserted, PadEntry::Digits(PIN.into()));
        card.verify_pin(PinEntry::Pad).unwrap();
        sign(&mut card, PinEntry::Pad).unwrap();
        card.prove_possession(Slot::Authentication, &[4; 32], PinEntry::Pad).unwrap();
        assert_eq!(inserted.card().verify_count(), 3);
    });
}

#[test]
fn cancelled_timed_out_wrong_and_too_short_are_four_things() {
    at_a_desk_with_pad(|desk| {
        let inserted = desk.insert(PAD, Authority::new().card("Åse Ødegård", P256));
        let mut card = PcscCard::in_reader(PAD).unwrap();
        type_on_pad(&inserted, PadEntry::Cancel);
        assert_eq!(card.verify_pin(PinEntry::Pad), Err(CardError::PadCancelled));
        type_on_pad(&inserted, PadEntry::Nothing);
        assert_eq!(sign(&mut card, PinEntry::Pad), Err(CardError::PadTimedOut));
        type_on_pad(&inserted, PadEntry::Digits("4711".into()));
        assert_eq!(sign(&mut card, PinEntry::Pad), Err(CardError::PinLength { fewest: 6, most: 8 }));
        assert_eq!(inserted.card().verify_count(), 0, "no try was spent");
        for left in [2, 1] {
            type_on_pad(&inserted, PadEntry::Digits("000000".into()));
            assert_eq!(card.verify_pin(PinEntry::Pad), Err(CardError::WrongPin { tries_left: Some(left) }));
        }
        assert_eq!(card.verify_pin(PinEntry::Pad), Err(CardError::Blocked));
    });
}

#[test]
fn a_card_pulled_while_the_pad_has_its_pin_is_named() {
    at_a_desk_with_pad(|desk| {
        let mut inserted = desk.insert(PAD, Authority::new().card("Åse Ødegård", P256));
        let mut card = PcscCard::in_reader(PAD).unwrap();
        card.contents().unwrap();
        for mishap in [Mishap::PulledBefore, Mishap::PulledAfter] {
            type_on_pad(&inserted, PadEntry::Digits(PIN.into()));
            inserted.card().set_fault(Some(Fault { instruction: instruction::VERIFY, mishap }));
            assert_eq!(sign(&mut card, PinEntry::Pad), Err(CardError::Removed));
            inserted.card().set_fault(None);
            inserted = desk.insert_again(PAD, inserted.pull());
            sign(&mut card, PinEntry::Pad).unwrap();
        }
    });
}

#[test]
fn where_a_pad_is_used_no_typed_pin_is() {
    at_a_desk_with_pad(|desk| {
        let inserted = desk.insert(PAD, Authority::new().card("Åse Ødegård", P256));
        let mut card = PcscCard::in_reader(PAD).unwrap();
        assert_eq!(card.verify_pin(typed()), Err(CardError::PadInUse));
        assert_eq!(sign(&mut card, typed()), Err(CardError::PadInUse));
        assert_eq!(inserted.card().verify_count(), 0);
        // LOCAL.toml: PinPad = "never".
        let mut card = PcscCard::in_reader(PAD).unwrap().with_pin_pad(PinPadUse::Never);
        assert_eq!(card.has_pin_pad(), Ok(false));
        sign(&mut card, typed()).unwrap();
        assert_eq!(sign(&mut card, PinEntry::Pad), Err(CardError::NoPad));
    });
}

#[test]
fn a_reader_without_a_pad_is_refused_where_one_is_required() {
    at_a_desk(|desk| {
        let inserted = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", P256));
        let mut card = PcscCard::in_reader(OPERATORS).unwrap();
        assert_eq!(card.has_pin_pad(), Ok(false));
        assert_eq!(card.verify_pin(PinEntry::Pad), Err(CardError::NoPad));
        let mut card = PcscCard::in_reader(OPERATORS).unwrap().with_pin_pad(PinPadUse::Required);
        assert_eq!(card.pin_facts(), Err(CardError::NoPad));
        assert_eq!(card.verify_pin(typed()), Err(CardError::NoPad));
        assert_eq!(inserted.card().verify_count(), 0);
        let empty = PcscCard::in_reader(HOLDERS).unwrap().with_pin_pad(PinPadUse::Required).pin_facts();
        assert_eq!(empty, Err(CardError::NoCard), "a missing card is told before a missing pad");
    });
}
