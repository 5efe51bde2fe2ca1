//! Step 5: the report as it will be signed, and the PIN.

use std::rc::Rc;

use bam_station_ui::{Approval, OperatorWindow};
use slint::ComponentHandle as _;

use super::{
    Desk, Shell,
    shell::on,
    sign_in::{not_a_pin, pin_words},
    words::{filled, text},
};
use crate::{control::Step, secret::Pin, station::worker::Request};

pub(super) fn connect(shell: &Rc<Shell>) {
    let approval = shell.operator.global::<Approval>();
    on!(shell, approval, on_previous, |here| {
        turn_page(&here, |page| page.saturating_sub(1));
    });
    on!(shell, approval, on_next, |here| {
        turn_page(&here, |page| page + 1);
    });
    on!(shell, approval, on_sign, |here, pin| {
        here.desk(|desk| desk.pin_error = None);
        match Pin::new(pin.into()) {
            Ok(pin) => here.ask(Request::Approve(pin)),
            Err(error) => here.desk(|desk| desk.pin_error = Some(not_a_pin(&error))),
        }
        here.present();
    });
}

fn turn_page(shell: &Shell, to: impl Fn(usize) -> usize) {
    let wanted = shell.desk(|desk| {
        let (page, of) = desk.preview;
        to(page).min(of.saturating_sub(1))
    });
    shell.ask_and_present(Request::Page(wanted));
}

/// Asks for the first page's picture when there is a new report to be signed.
pub(super) fn fetch_preview(shell: &Shell) {
    let fetch = shell.desk(|desk| {
        let new = desk.snapshot.draft.is_some() && desk.snapshot.draft != desk.preview_of;
        desk.preview_of = desk.snapshot.draft;
        new
    });
    if fetch {
        shell.ask(Request::Page(0));
    }
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let approval = window.global::<Approval>();
    if desk.step() != Some(Step::Approval) {
        return;
    }
    let language = desk.operator_language;
    let (page, of) = desk.preview;
    approval.set_page_picture(desk.preview_picture.clone());
    approval.set_page_text(match of {
        0 => text(language, "approve.preparing"),
        _ => filled(language, "approve.page-of", &[&(page + 1).to_string(), &of.to_string()]),
    });
    approval.set_has_previous(page > 0);
    approval.set_has_next(page + 1 < of);
    approval.set_error(pin_words(desk));
    let tries = desk.snapshot.tries_left;
    approval.set_locked(tries == Some(0));
    approval.set_tries(match tries {
        Some(1) => text(language, "pin.last-try"),
        Some(left) if left < crate::evidence::sign::MAX_TRIES => filled(language, "pin.tries-left", &[&left.to_string()]),
        _ => "".into(),
    });
    approval.set_can_sign(of > 0 && tries != Some(0) && !desk.busy);
    approval.set_busy(desk.busy && of > 0);
    approval.set_progress(-1.0);
    approval.set_progress_text(text(language, "approve.busy"));
}
