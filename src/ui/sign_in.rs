//! Signing in, and making a training operator.

use std::rc::Rc;

use bam_station_ui::{CardFace, Choice, CreateOperator, OperatorWindow, SignIn, Tone};
use slint::ComponentHandle as _;

use super::{
    Desk, Shell,
    cards::CardWords,
    desk::{Place, SeenFault},
    shell::on,
    words::{fill, filled, text},
};
use crate::{
    config::Language,
    device::card::ReaderPlace,
    evidence::sign::{KeyStore, MAX_TRIES},
    secret::{Pin, PinEntry},
    station::{WrongReader, worker::Request},
};

pub(super) fn connect(shell: &Rc<Shell>) {
    let sign_in = shell.operator.global::<SignIn>();
    on!(shell, sign_in, on_sign_in, |here, serial| {
        if let Some(pin) = typed(&here) {
            here.ask(Request::SignIn { serial: serial.into(), pin });
        }
        here.present();
    });
    on!(shell, sign_in, on_choose_road, |here, card| {
        here.desk(|desk| {
            desk.by_card_chosen = Some(card);
            desk.pin_error = None;
        });
        here.present();
    });
    on!(shell, sign_in, on_sign_in_with_card, |here| {
        if let Some(pin) = typed(&here) {
            here.ask(Request::SignInWithCard(pin.into()));
        }
        here.present();
    });
    on!(shell, sign_in, on_use_pad, |here| {
        here.ask_and_present(Request::SignInWithCard(PinEntry::Pad));
    });
    on!(shell, sign_in, on_chosen, |here| {
        here.desk(|desk| desk.pin_error = None);
        here.present();
    });
    on!(shell, sign_in, on_create, |here| {
        here.desk(|desk| desk.place = Place::CreateOperator);
        let create = here.operator.global::<CreateOperator>();
        create.set_name("".into());
        create.set_name_error("".into());
        create.set_pin_error("".into());
        here.present();
    });
    let create = shell.operator.global::<CreateOperator>();
    on!(shell, create, on_create, |here, name| {
        let create = here.operator.global::<CreateOperator>();
        let language = here.desk(|desk| desk.operator_language);
        let name_error = if (1..=64).contains(&name.trim().chars().count()) { "" } else { "create-operator.name-missing" };
        create.set_name_error(if name_error.is_empty() { "".into() } else { text(language, name_error) });
        let mut secrets = here.desk(|desk| std::mem::take(&mut desk.secrets));
        let pin_error = if !secrets.pin.is_same(&secrets.repeated) {
            Some(text(language, "create-operator.pins-differ"))
        } else if !KeyStore::NEW_PIN.contains(&secrets.pin.count()) {
            Some(text(language, "create-operator.pin-hint"))
        } else {
            None
        };
        create.set_pin_error(pin_error.clone().unwrap_or_default());
        if pin_error.is_none()
            && name_error.is_empty()
            && let (Ok(pin), Ok(again)) = (secrets.pin.take(), secrets.repeated.take())
        {
            here.ask(Request::Enroll { name: name.trim().to_owned(), pin, again });
        }
        here.present();
    });
    on!(shell, create, on_back, |here| {
        here.desk(|desk| {
            desk.place = Place::Home;
            desk.by_card_chosen = None;
        });
        here.present();
    });
}

/// The PIN that was typed, or none when it can be none; that is told. It is given once.
pub(super) fn typed(shell: &Shell) -> Option<Pin> {
    let typed = shell.desk(|desk| desk.secrets.pin.take());
    match typed {
        Ok(pin) => Some(pin),
        Err(error) => {
            shell.desk(|desk| desk.pin_error = Some(not_a_pin(&error)));
            None
        }
    }
}

pub(super) fn not_a_pin(error: &crate::secret::NotAPin) -> SeenFault {
    SeenFault { code: "PIN_NOT_USABLE".to_owned(), message: error.to_string(), tone: Tone::Warn }
}

/// The words about a PIN that was not right, with the tries that are left.
pub(super) fn pin_words(desk: &Desk, tries: Option<u8>) -> slint::SharedString {
    let language = desk.operator_language;
    match &desk.pin_error {
        None => slint::SharedString::default(),
        // A key without tries is spoken of as such.
        Some(_) if tries == Some(0) => slint::SharedString::default(),
        Some(fault) => {
            let cause = super::words::shown_fault(language, &fault.code, &fault.message, fault.tone).cause;
            let left = tries_words(language, tries);
            if left.is_empty() { cause } else { format!("{cause} {left}").into() }
        }
    }
}

/// How many tries are left, once one has failed.
pub(super) fn tries_words(language: Language, tries: Option<u8>) -> slint::SharedString {
    match tries {
        Some(1) => text(language, "pin.last-try"),
        Some(left @ 2..MAX_TRIES) => filled(language, "pin.tries-left", &[&left.to_string()]),
        _ => slint::SharedString::default(),
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
    fill(&sign_in.get_operators(), choices.collect(), |rows| sign_in.set_operators(rows));
    if known(&sign_in.get_selected()).is_none() {
        let newest = operators.iter().rev().find(|known| known.tries_left > 0);
        sign_in.set_selected(newest.map(|known| known.serial.clone()).unwrap_or_default().into());
    }
    let tries = known(&sign_in.get_selected()).map(|known| known.tries_left);
    sign_in.set_locked(tries == Some(0));
    sign_in.set_note(tries_words(language, tries));
    sign_in.set_error(pin_words(desk, tries));
    sign_in.set_nobody(desk.known && operators.is_empty());
    sign_in.set_busy(desk.busy());
    sign_in.set_can_create(desk.configuration.training());
    sign_in.set_has_keys(desk.has_keys() && (desk.reader_seen || desk.by_card_chosen.is_some()));
    sign_in.set_by_card(desk.by_card());
    if desk.by_card() && desk.snapshot.operator.is_none() {
        let zone = desk.configuration.zone();
        let words = CardWords { language, zone: &zone };
        let view = &desk.snapshot.operator_card;
        // On a training desk where nobody is appointed every card may play the operator's.
        let anybody = desk.configuration.training() && desk.configuration.master.value.roles.is_empty();
        let admitted = anybody || view.card().is_some_and(|card| card.operator);
        let face = words.sign_in(view, admitted);
        let misplaced = desk.snapshot.wrong_reader == Some(WrongReader::OperatorsCard);
        sign_in.set_card(if misplaced && !face.present {
            CardFace {
                verdict: text(language, "face.wrong-reader"),
                remedy: text(language, "face.operators-card"),
                tone: Tone::Warn,
                ..face
            }
        } else {
            face
        });
        // A PIN is asked for only where it can help.
        let card = view.card().filter(|card| admitted && card.objection.is_none());
        sign_in.set_card_pin(words.pin(card, desk.pin_error.as_ref(), desk.at_pad == Some(ReaderPlace::Operator)));
    }
    let create = window.global::<CreateOperator>();
    create.set_busy(desk.busy());
    create.set_can_go_back(!operators.is_empty() || desk.reader_seen);
}
