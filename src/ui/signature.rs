//! Step 3 at the operator's side: the signature beside the document in the operator's hand.

use std::{borrow::Cow, rc::Rc};

use bam_station_ui::{HolderPage, OperatorWindow, SignatureCheck};
use slint::ComponentHandle as _;

use super::{
    Desk, Shell,
    desk::holder_page,
    pen,
    shell::on,
    words::{filled, text},
};
use crate::{
    control::{Command, Step, Strokes, signature::Judgement},
    device::pad::PadScreen,
    station::worker::Request,
};

pub(super) fn connect(shell: &Rc<Shell>) {
    let check = shell.operator.global::<SignatureCheck>();
    let judge = |here: &Shell, judgement: Judgement| here.ask_and_present(Request::Act(Command::JudgeSignature(judgement)));
    on!(shell, check, on_alike, |here| {
        judge(&here, Judgement::Alike);
    });
    on!(shell, check, on_alike_and_scan, |here| {
        here.desk(|desk| desk.scan_follows = true);
        judge(&here, Judgement::Alike);
    });
    on!(shell, check, on_alike_although, |here, note| {
        judge(&here, Judgement::AlikeAlthough { reason: note.into() });
    });
    on!(shell, check, on_replay, |here| {
        here.desk(|desk| desk.replay = Some(0));
        here.present();
    });
    on!(shell, check, on_tick, |here| {
        here.desk(tick);
        here.desk(|desk| show(desk, &here.operator));
    });
    on!(shell, check, on_start_pad, |here| {
        here.desk(|desk| {
            desk.pen.clear();
            desk.pad_asked = None;
        });
        follow_up(&here);
        here.present();
    });
    on!(shell, check, on_again, |here| {
        here.desk(|desk| {
            desk.asked_again = true;
            desk.pen.clear();
        });
        judge(&here, Judgement::Again { reason: None });
    });
    on!(shell, check, on_different, |here, note| {
        judge(&here, Judgement::Different { reason: note.into() });
    });
}

/// Between two pictures of a replay, milliseconds: the strokes come back as fast as they were written.
const TICK: u32 = 40;

/// A replay goes on, up to the last sample.
pub(super) fn tick(desk: &mut Desk) {
    let end = desk.snapshot.strokes.as_ref().map_or(0, |strokes| strokes.duration_ms());
    desk.replay = desk.replay.map(|at| at.saturating_add(TICK)).filter(|at| *at < end);
}

/// The kept signature as far as it is shown: all of it, or up to where a replay has come.
pub(super) fn replayed(desk: &Desk) -> Option<Cow<'_, Strokes>> {
    let strokes = desk.snapshot.strokes.as_deref()?;
    Some(desk.replay.map_or(Cow::Borrowed(strokes), |at| Cow::Owned(strokes.until(at))))
}

/// Size, time and attempts: facts that an eye can weigh.
pub(super) fn facts(desk: &Desk) -> Option<slint::SharedString> {
    let (strokes, control) = (desk.snapshot.strokes.as_deref()?, desk.control()?);
    let (width, height) = strokes.ink_size();
    let millimetres = |length: u32| ((length + 500) / 1000).to_string();
    let tenths = (strokes.duration_ms() + 50) / 100;
    let seconds = format!("{},{}", tenths / 10, tenths % 10);
    let (count, attempt) = (strokes.strokes.len().to_string(), control.signature().attempts().to_string());
    let values = [&millimetres(width), &millimetres(height), &count, &seconds, &attempt];
    Some(filled(desk.operator_language, "compare.fact", &values.map(String::as_str)))
}

/// The pad of this desk is lit as soon as the holder is to sign. One that failed waits until the operator starts it again.
pub(super) fn follow_up(shell: &Shell) {
    let words = shell.desk(|desk| {
        let control = desk.control().filter(|control| desk.has_pad() && control.ready_to_sign().is_ok())?;
        let signing = (control.id(), control.signature().attempts());
        let wanted = holder_page(desk) == HolderPage::Sign && !desk.snapshot.on_pad && desk.pad_asked != Some(signing);
        let language = desk.holder_language;
        let [title, clear, cancel, accept] =
            ["title", "clear", "cancel", "accept"].map(|key| text(language, &format!("sign-pad.{key}")).into());
        wanted.then_some((signing, PadScreen { title, clear, cancel, accept }))
    });
    if let Some((signing, words)) = words
        && shell.ask(Request::SignOnPad(Box::new(words)))
    {
        shell.desk(|desk| desk.pad_asked = Some(signing));
    }
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let check = window.global::<SignatureCheck>();
    let Some(control) = desk.control().filter(|control| control.step() == Step::Signature) else { return };
    let captured = control.signature().current().is_some();
    // What the holder writes is seen at once; what is judged is what was kept.
    let kept = replayed(desk).filter(|_| captured);
    let strokes = kept.as_deref().unwrap_or_else(|| desk.pen.strokes());
    if strokes.width > 0 {
        check.set_field_width(pen::pixels(strokes.width));
        check.set_field_height(pen::pixels(strokes.height));
    }
    check.set_pieces(if kept.is_some() { slint::ModelRc::default() } else { desk.pen.pieces() });
    check.set_commands(kept.as_deref().map_or_else(|| desk.pen.commands().into(), |kept| pen::commands(kept).into()));
    check.set_facts(facts(desk).filter(|_| captured).unwrap_or_default());
    check.set_replaying(desk.replay.is_some());
    check.set_can_start_pad(desk.has_pad() && !captured && !desk.on_pad() && !desk.busy());
    let most = u32::from(control.opening().rules.issue_process.max_signature_attempts);
    let attempt = control.signature().attempts() + u32::from(!captured);
    check.set_attempts(filled(desk.operator_language, "attempt.of", &[&attempt.to_string(), &most.to_string()]));
    check.set_last_attempt(attempt >= most);
    check.set_can_judge(captured && !desk.busy());
    check.set_scan_follows(control.needs(Step::Scan));
}
