//! The end of a control: the document goes back, and what was reached is said.

use std::rc::Rc;

use bam_station_ui::{Fact, OperatorWindow, Outcome as Shown, Tone};
use slint::{ComponentHandle as _, SharedString};

use super::{
    Desk, Shell,
    desk::Place,
    new_control,
    shell::on,
    words::{fill, text, time},
};
use crate::{
    config::Language,
    control::{Command, Control, End, Identification, Outcome, document::NoDocument, ending::Attempts},
    station::worker::Request,
};

pub(super) fn connect(shell: &Rc<Shell>) {
    let outcome = shell.operator.global::<Shown>();
    on!(shell, outcome, on_handed_back, |here| {
        here.ask_and_present(Request::Act(Command::HandBack));
    });
    on!(shell, outcome, on_home, |here| {
        here.desk(|desk| desk.place = Place::Home);
        here.ask_and_present(Request::Leave);
    });
    on!(shell, outcome, on_next_control, |here| {
        here.desk(|desk| {
            desk.place = Place::NewControl;
            new_control::clear(desk, &here.operator);
        });
        here.ask_and_present(Request::Leave);
    });
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let Some(control) = desk.control() else { return };
    let Some(end) = control.end() else { return };
    let language = desk.operator_language;
    let shown = window.global::<Shown>();
    let outcome = end.outcome();
    shown.set_title(text(language, &format!("end.{}", key(end))));
    shown.set_text(words_of(language, end));
    shown.set_tone(match outcome {
        Outcome::Approved => Tone::Good,
        Outcome::Declined | Outcome::Aborted => Tone::Neutral,
        Outcome::Refused | Outcome::Failed => Tone::Warn,
    });
    shown.set_card(matches!(control.identification(), Some((Identification::OwnCard { .. }, _))));
    fill(&shown.get_facts(), facts(desk, control), |rows| shown.set_facts(rows));
    let (delivery, tone) = match desk.snapshot.delivered {
        Some(true) => (text(language, "end.delivered"), Tone::Good),
        Some(false) => (text(language, "end.waiting"), Tone::Warn),
        None => (SharedString::default(), Tone::Neutral),
    };
    shown.set_delivery(delivery);
    shown.set_delivery_tone(tone);
    let next = match end {
        End::Approved => "end.next-issue",
        End::NoDocument(NoDocument::Dispensation { .. }) => "end.next-dispensation",
        End::NoDocument(NoDocument::ComeBack) => "end.next-come-back",
        End::FalseDocumentSuspected(_) => "end.next-suspicion",
        _ => "end.next-nothing",
    };
    fill(&shown.get_next_steps(), vec![text(language, next)], |rows| shown.set_next_steps(rows));
}

/// The end's name in the catalogue.
fn key(end: &End) -> &'static str {
    match end {
        End::Approved => "approved",
        End::TermsDeclined => "terms-declined",
        End::DocumentRejected { .. } => "document-rejected",
        End::NoDocument(_) => "no-document",
        End::FalseDocumentSuspected(_) => "suspicion",
        End::NotThePersonScannedEarlier => "not-the-person",
        End::SignatureDifferent { .. } => "signature-different",
        End::AttemptsUsedUp { of: Attempts::Signature } => "signature-attempts",
        End::AttemptsUsedUp { of: Attempts::Scan } => "scan-attempts",
        End::Aborted { .. } => "aborted",
    }
}

fn words_of(language: Language, end: &End) -> SharedString {
    match end {
        End::DocumentRejected { reason } | End::SignatureDifferent { reason } | End::Aborted { reason } => reason.as_str().into(),
        End::NoDocument(NoDocument::Dispensation { note }) => note.as_str().into(),
        other => text(language, &format!("end.{}-text", key(other))),
    }
}

fn facts(desk: &Desk, control: &Control) -> Vec<Fact> {
    let language = desk.operator_language;
    let zone = desk.configuration.zone();
    let fact = |key: &str, value: String| Fact { label: text(language, key), value: value.into() };
    let mut facts = vec![fact("end.control", control.id().to_string())];
    if let Some(at) = control.ended_at() {
        facts.push(fact("end.time", time(at, &zone)));
    }
    if let Some(approval) = control.approval() {
        let digest = approval.report.to_string();
        facts.push(fact("end.digest", format!("{} …", digest.get(..16).unwrap_or(&digest))));
    }
    if let Some(path) = &desk.snapshot.report {
        facts.push(fact("end.report", path.display().to_string()));
    }
    facts
}
