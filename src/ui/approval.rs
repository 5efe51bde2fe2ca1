//! Step 5: the report as it will be signed, and the PIN.

use std::rc::Rc;

use bam_station_ui::{Approval, OperatorWindow};
use slint::ComponentHandle as _;

use super::{
    Desk, Shell,
    cards::CardWords,
    shell::on,
    sign_in::{pin_words, tries_words, typed},
    waiting::Work,
    words::{filled, text},
};
use crate::{control::Step, device::card::ReaderPlace, secret::PinEntry, station::worker::Request};

/// A picture of a page that is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// The page, from 0.
    page: usize,
    /// Pixels a point.
    scale: f32,
}

/// An A4 page, which every page of a report is, in points (1/72 inch).
const A4_POINTS: (f32, f32) = (595.28, 841.89);

/// The scales at which pages are drawn, pixels a point: from legible as a page to 360 dpi.
const SCALES: (f32, f32) = (0.4, 5.0);

pub(super) fn connect(shell: &Rc<Shell>) {
    let approval = shell.operator.global::<Approval>();
    on!(shell, approval, on_previous, |here| {
        turn_page(&here, |page| page.saturating_sub(1));
    });
    on!(shell, approval, on_next, |here| {
        turn_page(&here, |page| page + 1);
    });
    on!(shell, approval, on_resized, |here| {
        follow_up(&here);
    });
    on!(shell, approval, on_sign, |here| {
        if let Some(pin) = typed(&here) {
            here.ask(Request::Approve(pin.into()));
        }
        here.present();
    });
    on!(shell, approval, on_use_pad, |here| {
        here.ask_and_present(Request::Approve(PinEntry::Pad));
    });
}

fn turn_page(shell: &Shell, to: impl Fn(usize) -> usize) {
    shell.desk(|desk| {
        if let Some((page, of)) = desk.preview.page {
            desk.preview.wanted = to(page).min(of.saturating_sub(1));
        }
    });
    follow_up(shell);
    shell.present();
}

/// Asks for the picture of the wanted page, in the pixels in which it is shown, when it is not there yet.
pub(super) fn follow_up(shell: &Shell) {
    let approval = shell.operator.global::<Approval>();
    let room = (approval.get_room_width(), approval.get_room_height());
    let scale = (room.0 / A4_POINTS.0).min(room.1 / A4_POINTS.1) * approval.get_zoom();
    let wanted = shell.desk(|desk| {
        let draft = desk.snapshot.draft?;
        let shown = Shown { page: desk.preview.wanted, scale: scale.clamp(SCALES.0, SCALES.1) };
        (desk.preview.asked != Some((draft, shown))).then_some((draft, shown))
    });
    let Some((draft, shown)) = wanted else { return };
    if shell.ask(Request::Page { index: shown.page, scale: shown.scale }) {
        shell.desk(|desk| desk.preview.asked = Some((draft, shown)));
    }
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let approval = window.global::<Approval>();
    if desk.step() != Some(Step::Approval) {
        return;
    }
    let language = desk.operator_language;
    approval.set_page_picture(desk.preview.picture.clone());
    let page = desk.preview.page;
    approval.set_page_text(match page {
        None => text(language, "approve.preparing"),
        Some((page, of)) => filled(language, "approve.page-of", &[&(page + 1).to_string(), &of.to_string()]),
    });
    approval.set_has_previous(page.is_some_and(|(page, _)| page > 0));
    approval.set_has_next(page.is_some_and(|(page, of)| page + 1 < of));
    let by_card = desk.snapshot.operator.as_ref().is_some_and(|operator| !operator.software_key);
    approval.set_by_card(by_card);
    if by_card {
        let zone = desk.configuration.zone();
        let words = CardWords { language, zone: &zone };
        let view = &desk.snapshot.operator_card;
        approval.set_card(words.signing(view));
        let card = view.card().filter(|_| page.is_some());
        approval.set_card_pin(words.pin(card, desk.pin_error.as_ref(), desk.at_pad == Some(ReaderPlace::Operator)));
    }
    let tries = desk.snapshot.tries_left;
    approval.set_error(pin_words(desk, tries));
    approval.set_locked(tries == Some(0));
    approval.set_tries(tries_words(language, tries));
    approval.set_can_sign(page.is_some() && tries != Some(0));
    approval.set_busy(desk.busy());
    approval.set_signing(desk.waiting.has(Work::Sign));
    approval.set_progress(-1.0);
    approval.set_progress_text(text(language, "approve.busy"));
}
