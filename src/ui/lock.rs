//! The screen that is locked because the operator's card was pulled, or because nobody has used the screens for long.

use std::rc::Rc;

use bam_station_ui::{Locked, OperatorWindow};
use slint::ComponentHandle as _;

use super::{
    Desk, Shell,
    cards::CardWords,
    shell::on,
    sign_in::{pin_words, tries_words, typed},
    words::{filled, text},
};
use crate::{device::card::ReaderPlace, secret::PinEntry, station::worker::Request};

pub(super) fn connect(shell: &Rc<Shell>) {
    let locked = shell.operator.global::<Locked>();
    on!(shell, locked, on_unlock, |here| {
        if let Some(pin) = typed(&here) {
            here.ask(match here.desk(|desk| key_of_operator(desk)) {
                Some(serial) => Request::SignIn { serial, pin },
                None => Request::Unlock(pin.into()),
            });
        }
        here.present();
    });
    on!(shell, locked, on_use_pad, |here| {
        here.ask_and_present(Request::Unlock(PinEntry::Pad));
    });
    on!(shell, locked, on_change_operator, |here| {
        here.ask_and_present(Request::SignOut);
    });
}

/// The operator signed in with a key in software: its serial number.
fn key_of_operator(desk: &Desk) -> Option<String> {
    let operator = desk.snapshot.operator.as_ref().filter(|operator| operator.software_key)?;
    let known = desk.snapshot.operators.iter().find(|known| known.serial == operator.certificate_serial);
    known.map(|known| known.serial.clone())
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    if !desk.snapshot.locked {
        return;
    }
    let language = desk.operator_language;
    let zone = desk.configuration.zone();
    let words = CardWords { language, zone: &zone };
    let locked = window.global::<Locked>();
    let name = desk.snapshot.operator.as_ref().map_or("", |operator| operator.name.as_str());
    locked.set_who(filled(language, "locked.who", &[name]));
    let pulled = desk.snapshot.operator.as_ref().is_some_and(|operator| !operator.software_key)
        && desk.snapshot.operator_card.card().is_none();
    locked.set_waits(text(
        language,
        match (pulled, desk.open_control()) {
            (true, true) => "locked.waits-control",
            (true, false) => "locked.waits",
            (false, true) => "locked.idle-control",
            (false, false) => "locked.idle",
        },
    ));
    let view = &desk.snapshot.operator_card;
    locked.set_card(words.unlock(view, name));
    let card = view.card().filter(|card| card.name == name);
    locked.set_pin(words.pin(card, desk.pin_error.as_ref(), desk.at_pad == Some(ReaderPlace::Operator)));
    let key = key_of_operator(desk);
    let tries = desk.snapshot.tries_left;
    locked.set_by_key(key.is_some());
    locked.set_key_blocked(tries == Some(0));
    locked.set_tries(tries_words(language, tries));
    locked.set_error(pin_words(desk, tries));
}
