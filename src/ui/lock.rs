//! The screen that is locked because the operator's card was pulled.

use std::rc::Rc;

use bam_station_ui::{Locked, OperatorWindow};
use slint::ComponentHandle as _;

use super::{
    Desk, Shell,
    cards::CardWords,
    shell::on,
    sign_in::typed,
    words::{filled, text},
};
use crate::{device::card::ReaderPlace, secret::PinEntry, station::worker::Request};

pub(super) fn connect(shell: &Rc<Shell>) {
    let locked = shell.operator.global::<Locked>();
    on!(shell, locked, on_unlock, |here, pin| {
        if let Some(pin) = typed(&here, pin) {
            here.ask(Request::Unlock(pin));
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
    let waits = if desk.open_control() { "locked.waits-control" } else { "locked.waits" };
    locked.set_waits(text(language, waits));
    let view = &desk.snapshot.operator_card;
    locked.set_card(words.unlock(view, name));
    let card = view.card().filter(|card| card.name == name);
    locked.set_pin(words.pin(card, desk.pin_error.as_ref(), desk.at_pad == Some(ReaderPlace::Operator)));
}
