//! Signing in, and making a training operator.

use std::rc::Rc;

use bam_station_ui::{Choice, CreateOperator, OperatorWindow, SignIn};
use slint::ComponentHandle as _;

use super::{
    Desk, Shell,
    desk::{Place, SeenFault},
    shell::on,
    words::{filled, list, text},
};
use crate::{config::Language, secret::Pin, station::worker::Request};

pub(super) fn connect(shell: &Rc<Shell>) {
    let sign_in = shell.operator.global::<SignIn>();
    on!(shell, sign_in, on_sign_in, |here, serial, pin| {
        match Pin::new(pin.into()) {
            Ok(pin) => here.ask(Request::SignIn { serial: serial.into(), pin }),
            Err(error) => here.desk(|desk| desk.pin_error = Some(not_a_pin(&error))),
        }
        here.present();
    });
    on!(shell, sign_in, on_create, |here| {
        here.desk(|desk| desk.place = Place::CreateOperator);
        here.present();
    });
    let create = shell.operator.global::<CreateOperator>();
    on!(shell, create, on_create, |here, name, pin, repeated| {
        let create = here.operator.global::<CreateOperator>();
        let language = here.desk(|desk| desk.operator_language);
        let name_error = if (1..=64).contains(&name.trim().chars().count()) { "" } else { "create-operator.name-missing" };
        create.set_name_error(if name_error.is_empty() { "".into() } else { text(language, name_error) });
        let pin_error =
            if pin != repeated { Some(text(language, "create-operator.pins-differ")) } else { new_pin_fault(language, &pin) };
        create.set_pin_error(pin_error.clone().unwrap_or_default());
        if pin_error.is_none()
            && name_error.is_empty()
            && let (Ok(pin), Ok(again)) = (Pin::new(pin.into()), Pin::new(repeated.into()))
        {
            here.ask(Request::Enroll { name: name.trim().to_owned(), pin, again });
        }
        here.present();
    });
    on!(shell, create, on_back, |here| {
        here.desk(|desk| desk.place = Place::Home);
        here.present();
    });
}

/// What is wrong with a new PIN: a key in software is guessed from its PIN and the machine secret, so six characters at least.
fn new_pin_fault(language: Language, pin: &str) -> Option<slint::SharedString> {
    (!(6..=12).contains(&pin.chars().count())).then(|| text(language, "create-operator.pin-hint"))
}

pub(super) fn not_a_pin(error: &crate::secret::NotAPin) -> SeenFault {
    SeenFault { code: "PIN_NOT_USABLE".to_owned(), message: error.to_string(), tone: bam_station_ui::Tone::Warn }
}

/// The words about a PIN that was not right.
pub(super) fn pin_words(desk: &Desk) -> slint::SharedString {
    let language = desk.operator_language;
    match &desk.pin_error {
        None => slint::SharedString::default(),
        Some(fault) => super::words::shown_fault(language, &fault.code, &fault.message, fault.tone).cause,
    }
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let language = desk.operator_language;
    let sign_in = window.global::<SignIn>();
    let operators = &desk.snapshot.operators;
    let known = |serial: &str| operators.iter().find(|known| known.serial == serial);
    let choices = operators.iter().rev().map(|known| Choice {
        id: known.serial.as_str().into(),
        label: known.name.as_str().into(),
        note: if known.tries_left == 0 { text(language, "sign-in.blocked") } else { "".into() },
        enabled: true,
    });
    sign_in.set_operators(list(choices.collect()));
    if known(&sign_in.get_selected()).is_none() {
        let newest = operators.iter().rev().find(|known| known.tries_left > 0);
        sign_in.set_selected(newest.map(|known| known.serial.clone()).unwrap_or_default().into());
    }
    let selected = known(&sign_in.get_selected());
    sign_in.set_locked(selected.is_some_and(|known| known.tries_left == 0));
    sign_in.set_note(match selected {
        Some(known) if known.tries_left == 1 => text(language, "pin.last-try"),
        Some(known) if known.tries_left < 3 => filled(language, "pin.tries-left", &[&known.tries_left.to_string()]),
        _ => "".into(),
    });
    sign_in.set_error(pin_words(desk));
    sign_in.set_busy(desk.busy);
    sign_in.set_can_create(desk.configuration.training());
    let create = window.global::<CreateOperator>();
    create.set_busy(desk.busy);
    create.set_can_go_back(!operators.is_empty());
}
