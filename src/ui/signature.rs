//! Step 3 at the operator's side: the signature beside the document in the operator's hand.

use std::rc::Rc;

use bam_station_ui::{OperatorWindow, SignatureCheck};
use slint::ComponentHandle as _;

use super::{Desk, Shell, pen, shell::on, words::filled};
use crate::{
    control::{Command, Step, signature::Judgement},
    station::worker::Request,
};

pub(super) fn connect(shell: &Rc<Shell>) {
    let check = shell.operator.global::<SignatureCheck>();
    let judge = |here: &Shell, judgement: Judgement| here.ask_and_present(Request::Act(Command::JudgeSignature(judgement)));
    on!(shell, check, on_alike, |here| {
        judge(&here, Judgement::Alike);
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

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let check = window.global::<SignatureCheck>();
    let Some(control) = desk.control().filter(|control| control.step() == Step::Signature) else { return };
    let captured = control.signature().current().is_some();
    // What the holder writes is seen at once; what is judged is what was kept.
    let kept = desk.snapshot.strokes.as_deref().filter(|_| captured);
    let strokes = kept.unwrap_or_else(|| desk.pen.strokes());
    if strokes.width > 0 {
        check.set_field_width(pen::pixels(strokes.width));
        check.set_field_height(pen::pixels(strokes.height));
    }
    check.set_commands(kept.map_or_else(|| desk.pen.commands().into(), |kept| pen::commands(kept).into()));
    let most = u32::from(control.opening().rules.issue_process.max_signature_attempts);
    let attempt = control.signature().attempts() + u32::from(!captured);
    check.set_attempts(filled(desk.operator_language, "attempt.of", &[&attempt.to_string(), &most.to_string()]));
    check.set_last_attempt(attempt >= most);
    check.set_can_judge(captured && !desk.busy());
}
