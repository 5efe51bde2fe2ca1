//! Training: the virtual cards of a desk without readers, put in and pulled with buttons.

use std::rc::Rc;

use bam_station_ui::{Choice, NewControl, OperatorWindow, TrainingDock};
use slint::{ComponentHandle as _, SharedString};

use super::{
    Desk, Shell,
    shell::on,
    words::{fill, text},
};
use crate::{
    device::card::ReaderPlace,
    rules::CertificateKind,
    station::{
        CardView, VirtualCardKind, VirtualCards,
        worker::{Request, Snapshot},
    },
};

/// Who plays whom in training, where nothing else is known.
const OPERATOR: &str = "Kari Nordmann";
const HOLDER: &str = "Anna Maria Eriksson";
const THIRD_PARTY: &str = "Tor Bakken";

/// The virtual cards that were put in, by their names on the dock.
#[derive(Debug, Default)]
pub struct DockDesk {
    operator: SharedString,
    holder: SharedString,
}

impl DockDesk {
    /// A reader that was emptied holds no card.
    pub(super) fn take(&mut self, before: &Snapshot, after: &Snapshot) {
        let emptied = |before: &CardView, after: &CardView| *before != CardView::Empty && *after == CardView::Empty;
        if emptied(&before.operator_card, &after.operator_card) {
            self.operator = SharedString::default();
        }
        if emptied(&before.holder_card, &after.holder_card) {
            self.holder = SharedString::default();
        }
    }
}

pub(super) fn connect(shell: &Rc<Shell>) {
    let dock = shell.operator.global::<TrainingDock>();
    on!(shell, dock, on_put_operator_card, |here, id| {
        let request = match id.as_str() {
            "" => Request::PullVirtualCard(ReaderPlace::Operator),
            _ => insert(ReaderPlace::Operator, VirtualCardKind::Operator, OPERATOR.to_owned()),
        };
        here.desk(|desk| desk.dock.operator = id);
        here.ask_and_present(request);
    });
    on!(shell, dock, on_put_holder_card, |here, id| {
        let holder = here.desk(|desk| holder_name(desk, &here.operator));
        let certificate = here.desk(|desk| desk.control().map(|control| control.opening().certificate));
        let request = match id.as_str() {
            "" => Request::PullVirtualCard(ReaderPlace::Holder),
            "qualified-expired" => insert(ReaderPlace::Holder, VirtualCardKind::QualifiedExpired, holder),
            "local" => insert(ReaderPlace::Holder, VirtualCardKind::Local, holder),
            "local-expired" => insert(ReaderPlace::Holder, VirtualCardKind::LocalExpired, holder),
            "third-party" if certificate == Some(CertificateKind::Local) => {
                insert(ReaderPlace::Holder, VirtualCardKind::Local, THIRD_PARTY.to_owned())
            }
            "third-party" => insert(ReaderPlace::Holder, VirtualCardKind::Qualified, THIRD_PARTY.to_owned()),
            _ => insert(ReaderPlace::Holder, VirtualCardKind::Qualified, holder),
        };
        here.desk(|desk| desk.dock.holder = id);
        here.ask_and_present(request);
    });
}

fn insert(place: ReaderPlace, kind: VirtualCardKind, name: String) -> Request {
    Request::InsertVirtualCard { side: place, kind, name }
}

/// The card names the person who is controlled, or is about to be.
fn holder_name(desk: &Desk, window: &OperatorWindow) -> String {
    if let Some(control) = desk.control() {
        return control.opening().person.full_name();
    }
    let form = window.global::<NewControl>();
    match (form.get_first_names().trim(), form.get_last_name().trim()) {
        ("", _) | (_, "") => HOLDER.to_owned(),
        (first, last) => format!("{first} {last}"),
    }
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let language = desk.operator_language;
    let dock = window.global::<TrainingDock>();
    dock.set_available(desk.configuration.training() && desk.snapshot.virtual_cards == VirtualCards::Ready);
    dock.set_pin(VirtualCards::PIN.into());
    let card = |id: &str, key: &str| Choice { id: id.into(), label: text(language, key), note: "".into(), enabled: true };
    fill(&dock.get_operator_cards(), vec![card("operator", "dock.operator-card")], |rows| dock.set_operator_cards(rows));
    let holders = ["qualified", "qualified-expired", "local", "local-expired", "third-party"];
    fill(&dock.get_holder_cards(), holders.iter().map(|id| card(id, &format!("dock.{id}"))).collect(), |rows| {
        dock.set_holder_cards(rows);
    });
    dock.set_operator_card(desk.dock.operator.clone());
    dock.set_holder_card(desk.dock.holder.clone());
}
