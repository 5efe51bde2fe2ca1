//! Step 1 without a document: the choice of the way, own card, third party, the operator's word.

use std::rc::Rc;

use bam_station_ui::{MethodChoice, OperatorVouch, OperatorWindow, OwnCard, ThirdParty, Tone};
use slint::ComponentHandle as _;

use super::{
    Desk, Shell,
    desk::methods,
    shell::on,
    words::{choice, fill, text},
};
use crate::{
    control::{Command, Step},
    rules::Method,
    station::worker::Request,
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
    on!(shell, own_card, on_other_method, |here| {
        other_method(&here);
    });
    let third_party = shell.operator.global::<ThirdParty>();
    on!(shell, third_party, on_edited, |here| {
        here.present();
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
    shell.desk(|desk| desk.choosing_method = true);
    shell.present();
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let language = desk.operator_language;
    let offered = methods(desk);
    let choices = offered.iter().map(|method| choice(language, method.name(), &format!("method.{}", method.name())));
    fill(&window.global::<MethodChoice>().get_methods(), choices.collect(), |rows| {
        window.global::<MethodChoice>().set_methods(rows);
    });

    // The core knows cards; a road to a reader is set up with the station's card devices, and without one the page says so.
    let no_reader = text(language, "reader.none");
    let own_card = window.global::<OwnCard>();
    own_card.set_reader_ready(false);
    own_card.set_reader_text(no_reader.clone());
    own_card.set_reader_tone(Tone::Warn);
    own_card.set_can_start(false);
    let third_party = window.global::<ThirdParty>();
    third_party.set_reader_ready(false);
    third_party.set_reader_text(no_reader);
    third_party.set_reader_tone(Tone::Warn);
    third_party.set_can_start(false);
    third_party.set_compares(desk.control().is_some_and(|control| control.opening().plan.compare_previous_scan));

    let vouch = window.global::<OperatorVouch>();
    if desk.step() != Some(Step::OperatorVouching) {
        vouch.set_statement("".into());
        vouch.set_known(false);
    }
    vouch.set_can_confirm(vouch.get_known() && vouch.get_statement().trim().chars().count() >= 3 && !desk.busy());
}
