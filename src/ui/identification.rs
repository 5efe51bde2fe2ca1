//! Step 1 without a document: the choice of the way, own card, third party, the operator's word.

use std::{rc::Rc, sync::Arc};

use bam_station_ui::{CardFace, HolderSide, MethodChoice, OperatorVouch, OperatorWindow, OwnCard, ThirdParty, Tone};
use slint::{ComponentHandle as _, SharedString};

use super::{
    Desk, Shell,
    cards::{CardWords, concerns_pin},
    desk::methods,
    forms,
    holder_card::{side_asked, usable_card},
    shell::on,
    waiting::Work,
    words::{self, choice, fill, filled, text},
};
use crate::{
    control::{Command, Step},
    device::card::ReaderPlace,
    rules::Method,
    secret::PinEntry,
    station::{CardView, WrongReader, worker::Request},
};

pub(super) fn connect(shell: &Rc<Shell>) {
    let choice = shell.operator.global::<MethodChoice>();
    on!(shell, choice, on_choose, |here, id| {
        if let Some(method) = Method::ALL.into_iter().find(|method| method.name() == id.as_str()) {
            here.desk(|desk| desk.choosing_method = false);
            here.ask_and_present(Request::Act(Command::ChooseMethod(method)));
        }
    });
    let own_card = shell.operator.global::<OwnCard>();
    on!(shell, own_card, on_edited, |here| {
        here.present();
    });
    on!(shell, own_card, on_start, |here| {
        here.ask_and_present(Request::Act(Command::ConfirmCardHolder));
    });
    on!(shell, own_card, on_other_method, |here| {
        other_method(&here);
    });
    let third_party = shell.operator.global::<ThirdParty>();
    on!(shell, third_party, on_edited, |here| {
        here.present();
    });
    on!(shell, third_party, on_start, |here| {
        here.desk(|desk| {
            desk.side.third_party_asked = true;
            desk.forget_faults();
        });
        super::holder_card::follow_up(&here);
        here.present();
    });
    on!(shell, third_party, on_change, |here| {
        here.desk(|desk| desk.side.third_party_asked = false);
        super::holder_card::follow_up(&here);
        here.present();
    });
    on!(shell, third_party, on_alike, |here| {
        here.ask_and_present(Request::ComparePrevious { alike: true });
    });
    on!(shell, third_party, on_different, |here| {
        here.ask_and_present(Request::ComparePrevious { alike: false });
    });
    on!(shell, third_party, on_other_method, |here| {
        other_method(&here);
    });
    let vouch = shell.operator.global::<OperatorVouch>();
    on!(shell, vouch, on_edited, |here| {
        here.present();
    });
    on!(shell, vouch, on_other_method, |here| {
        other_method(&here);
    });
    on!(shell, vouch, on_confirm, |here| {
        let statement = here.operator.global::<OperatorVouch>().get_statement().into();
        here.ask_and_present(Request::Act(Command::VouchAsOperator { statement }));
    });
}

fn other_method(shell: &Shell) {
    shell.desk(|desk| {
        desk.choosing_method = true;
        desk.side.third_party_asked = false;
    });
    super::holder_card::follow_up(shell);
    shell.present();
}

/// A third party's words as they are on the form, with the PIN of the card.
pub(super) fn vouch(shell: &Shell, pin: PinEntry) -> Request {
    let form = shell.operator.global::<ThirdParty>();
    Request::Vouch {
        says_name: form.get_says_name().trim().into(),
        statement: form.get_statement().trim().into(),
        superior: form.get_superior(),
        pin,
    }
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let language = desk.operator_language;
    let offered = methods(desk);
    let choices = offered.iter().map(|method| choice(language, method.name(), &format!("method.{}", method.name())));
    fill(&window.global::<MethodChoice>().get_methods(), choices.collect(), |rows| {
        window.global::<MethodChoice>().set_methods(rows);
    });

    show_own_card(desk, window);
    show_third_party(desk, window);

    let vouch = window.global::<OperatorVouch>();
    if desk.step() != Some(Step::OperatorVouching) {
        vouch.set_statement("".into());
        vouch.set_known(false);
    }
    vouch.set_can_confirm(vouch.get_known() && vouch.get_statement().trim().chars().count() >= 3 && !desk.busy());
}

fn show_own_card(desk: &Desk, window: &OperatorWindow) {
    let own_card = window.global::<OwnCard>();
    let Some(control) = desk.control().filter(|control| control.step() == Step::OwnCard) else {
        own_card.set_person_matches(false);
        return;
    };
    let zone = desk.configuration.zone();
    let words = CardWords { language: desk.operator_language, zone: &zone };
    let face = words.own(&desk.snapshot.holder_card, control.opening().certificate);
    let side = side(desk, face);
    own_card.set_can_start(side.ready && !side.asked && own_card.get_person_matches() && !desk.busy());
    own_card.set_side(side);
}

fn show_third_party(desk: &Desk, window: &OperatorWindow) {
    let language = desk.operator_language;
    let page = window.global::<ThirdParty>();
    let Some(control) = desk.control().filter(|control| control.step() == Step::ThirdParty) else {
        page.set_says_name("".into());
        page.set_statement("".into());
        page.set_superior(false);
        return;
    };
    let zone = desk.configuration.zone();
    let words = CardWords { language, zone: &zone };
    let face = words.third_party(&desk.snapshot.holder_card, control.opening().certificate);
    let side = side(desk, face);
    let vouched = control.third_party();
    if let Some(said) = vouched {
        page.set_says_name(said.says_name.as_str().into());
        page.set_statement(said.statement.as_str().into());
        page.set_superior(said.superior);
    }
    page.set_vouched(vouched.is_some());
    let name = forms::required(language, &page.get_says_name());
    page.set_says_name_error(name.error);
    let long_enough = page.get_statement().trim().chars().count() >= 3;
    // Without the picture to compare with the third party's word would not be enough.
    let compares = control.opening().plan.compare_previous_scan;
    let comparable = !compares || desk.snapshot.previous_scan.is_some();
    page.set_can_start(comparable && side.ready && !side.asked && name.value.is_some() && long_enough && !desk.busy());
    page.set_side(side);

    page.set_compares(compares);
    page.set_compared(control.previous_scan().is_some());
    let earlier = desk.snapshot.previous_scan.as_ref();
    page.set_can_compare(earlier.is_some() && control.previous_scan().is_none() && !desk.busy());
    page.set_no_earlier_scan(text(language, "third-party.no-earlier-scan"));
    page.set_earlier_line(earlier.map_or_else(SharedString::default, |earlier| {
        let on = words::date(earlier.ended_at.to_zoned(zone.clone()).date());
        filled(language, "third-party.earlier-line", &[&on])
    }));
    page.set_earlier_scan(match (earlier, &desk.side.earlier_scan) {
        (Some(_), Some((_, picture))) => picture.clone(),
        _ => slint::Image::default(),
    });
}

/// The earlier scan as a picture; its file is decoded once.
pub(super) fn decode(shell: &Shell) {
    shell.desk(|desk| {
        let Some(earlier) = &desk.snapshot.previous_scan else {
            desk.side.earlier_scan = None;
            return;
        };
        let known = desk.side.earlier_scan.as_ref().is_some_and(|(jpeg, _)| Arc::ptr_eq(jpeg, &earlier.picture));
        if !known {
            desk.side.earlier_scan =
                super::scan::picture(&earlier.picture).map(|picture| (Arc::clone(&earlier.picture), picture));
        }
    });
}

/// The card on the holder's side as the operator sees it.
fn side(desk: &Desk, face: CardFace) -> HolderSide {
    let language = desk.operator_language;
    let zone = desk.configuration.zone();
    let words = CardWords { language, zone: &zone };
    let asked = side_asked(desk);
    let missing = match &desk.snapshot.holder_card {
        CardView::ReaderMissing => Some(("CARD_READER_MISSING", "")),
        CardView::Fault { code: code @ "CARD_SERVICE_MISSING", message } => Some((*code, message.as_str())),
        _ => None,
    };
    let missing = missing.map(|(code, message)| {
        let fault = words::shown_fault(language, code, message, Tone::Warn);
        SharedString::from(format!("{} {}", fault.cause, fault.remedy))
    });
    let usable = usable_card(desk);
    let at_pad = desk.at_pad == Some(ReaderPlace::Holder);
    let doing = match usable {
        _ if !asked => None,
        _ if at_pad => Some("holder-side.pad"),
        _ if desk.waiting.has(Work::HolderPin) => Some("holder-side.checks"),
        None => Some("holder-side.insert"),
        Some(_) => Some("holder-side.types"),
    };
    let face = match desk.snapshot.wrong_reader {
        Some(wrong) if asked => {
            let remedy = match wrong {
                WrongReader::OperatorsCard => "face.operators-card",
                WrongReader::HoldersCard => "face.holders-card",
            };
            CardFace { verdict: text(language, "face.wrong-reader"), remedy: text(language, remedy), tone: Tone::Warn, ..face }
        }
        _ => face,
    };
    let error = desk.side.error.as_ref().filter(|error| concerns_pin(&error.code));
    HolderSide {
        ready: missing.is_none(),
        missing: missing.unwrap_or_default(),
        asked,
        doing: doing.map_or_else(SharedString::default, |key| text(language, key)),
        card: face,
        pin: words.pin(usable.filter(|_| asked), error, at_pad),
    }
}
