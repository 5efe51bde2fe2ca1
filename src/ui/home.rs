//! The rail, today's controls, and the questions that every page has: language, sign out, abort.

use std::rc::Rc;

use bam_station_ui::{ControlRow, Device, Home, Operator, OperatorWindow, Step as RailStep, StepState, Tone};
use slint::ComponentHandle as _;

use super::{
    Desk, Shell,
    desk::{Place, holder_acts, operator_page},
    shell::on,
    words::{self, choice, fill, filled, text},
};
use crate::{
    config::Language,
    control::{Command, Control, End, Step},
    station::{
        CardView, VirtualCards,
        worker::{ListedControl, Request},
    },
};

const ABORT_REASONS: [&str; 4] = ["holder-left", "wrong-person", "device", "other"];

pub(super) fn connect(shell: &Rc<Shell>) {
    let operator = shell.operator.global::<Operator>();
    on!(shell, operator, on_close_fault, |here| {
        here.desk(|desk| desk.fault = None);
        here.present();
    });
    on!(shell, operator, on_set_language, |here, code| {
        here.desk(|desk| desk.operator_language = Shell::language(&code));
        here.present();
    });
    on!(shell, operator, on_sign_out, |here| {
        here.ask_and_present(Request::SignOut);
    });
    on!(shell, operator, on_abort, |here, reason, note| {
        let reason = here.desk(|desk| reason_text(desk.operator_language, "abort", &reason, &note));
        // A scan that is under way is stopped first.
        here.cancel_scan();
        here.ask_and_present(Request::Act(Command::Abort { reason }));
    });
    let home = shell.operator.global::<Home>();
    on!(shell, home, on_new_control, |here| {
        here.desk(|desk| {
            desk.place = Place::NewControl;
            desk.fault = None;
            super::new_control::clear(desk, &here.operator);
        });
        here.present();
    });
    on!(shell, home, on_newer, |here| {
        let rows = rows_per_page(&here.operator);
        here.desk(|desk| desk.first_row = desk.first_row.saturating_sub(rows));
        here.present();
    });
    on!(shell, home, on_older, |here| {
        let rows = rows_per_page(&here.operator);
        here.desk(|desk| desk.first_row += rows);
        here.present();
    });
}

/// A reason as it is recorded: the chosen one in words, and the note.
pub(super) fn reason_text(language: Language, group: &str, chosen: &str, note: &str) -> String {
    let chosen = if chosen.is_empty() { String::new() } else { text(language, &format!("{group}.{chosen}")).to_string() };
    match (chosen.as_str(), note.trim()) {
        ("", note) => note.to_owned(),
        (chosen, "") => chosen.to_owned(),
        (chosen, note) => format!("{chosen}: {note}"),
    }
}

fn rows_per_page(window: &OperatorWindow) -> usize {
    usize::try_from(window.global::<Home>().get_rows_per_page()).unwrap_or(1).max(1)
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let language = desk.operator_language;
    let operator = window.global::<Operator>();
    operator.set_page(operator_page(desk));
    operator.set_office(office(desk).into());
    operator.set_operator_name(desk.snapshot.operator.as_ref().map(|operator| operator.name.clone()).unwrap_or_default().into());
    operator.set_training(desk.configuration.training());
    operator.set_version(env!("CARGO_PKG_VERSION").into());
    operator.set_busy(desk.busy());
    operator.set_can_abort(!desk.busy() || desk.scanning());
    operator.set_fault(desk.shown_fault());
    fill(&operator.get_abort_reasons(), ABORT_REASONS.map(|id| choice(language, id, &format!("abort.{id}"))).to_vec(), |rows| {
        operator.set_abort_reasons(rows);
    });
    operator.set_last_sign_in(last_sign_in(desk));
    // Nothing of a control is shown while nobody is at the desk.
    let control = desk.control().filter(|_| desk.snapshot.operator.is_some() && !desk.snapshot.locked);
    operator.set_in_control(control.is_some());
    let others = control.filter(|_| desk.others_control());
    operator.set_others_text(others.map_or_else(slint::SharedString::default, |control| {
        let began = words::time(control.opened_at(), &desk.configuration.zone());
        filled(language, "others-control.began", &[&control.opening().operator.name, &began])
    }));
    operator.set_holder_acts(holder_acts(desk));
    if let Some(control) = control {
        let opening = control.opening();
        operator.set_holder_name(opening.person.full_name().into());
        let function = words::function(language, opening.function);
        let kind = words::kind(language, opening.certificate);
        operator.set_control_line(format!("{function} · {kind}").into());
        fill(&operator.get_steps(), rail(desk, control), |rows| operator.set_steps(rows));
    } else {
        operator.set_holder_name("".into());
        operator.set_control_line("".into());
        fill(&operator.get_steps(), vec![], |rows| operator.set_steps(rows));
    }
    fill(&operator.get_devices(), devices(desk), |rows| operator.set_devices(rows));
    show_list(desk, window);
}

/// When the operator was signed in before this time: somebody else's use of the card is noticed by it.
fn last_sign_in(desk: &Desk) -> slint::SharedString {
    let (Some(_), Some(last)) = (&desk.snapshot.operator, &desk.snapshot.last_sign_in) else { return "".into() };
    let zone = desk.configuration.zone();
    let on = words::date(last.at.to_zoned(zone.clone()).date());
    let at = words::time(last.at, &zone);
    if last.office.is_empty() || last.office == office(desk) {
        filled(desk.operator_language, "last-sign-in.at", &[&on, &at])
    } else {
        filled(desk.operator_language, "last-sign-in.office", &[&on, &at, &last.office])
    }
}

pub(super) fn office(desk: &Desk) -> String {
    desk.configuration
        .local
        .value
        .office_name
        .clone()
        .unwrap_or_else(|| desk.configuration.master.value.common.company_name.clone())
}

fn rail(desk: &Desk, control: &Control) -> Vec<RailStep> {
    let language = desk.operator_language;
    let order = [Step::Document, Step::Terms, Step::Signature, Step::Scan, Step::Approval];
    let rank = |step: Step| match step {
        Step::Method | Step::Document | Step::OwnCard | Step::ThirdParty | Step::OperatorVouching => 0,
        Step::Terms => 1,
        Step::Signature => 2,
        Step::Scan => 3,
        Step::Approval => 4,
        Step::HandBack | Step::Closed => 5,
    };
    let reached = if control.end().is_some() { reached(control) } else { rank(control.step()) };
    let otherwise = matches!(control.step(), Step::OwnCard | Step::ThirdParty | Step::OperatorVouching);
    let by_document = matches!(control.identification(), None | Some((crate::control::Identification::Document(_), _)));
    order
        .into_iter()
        .map(|step| {
            let key = match step {
                Step::Document if by_document && !otherwise => "step.document",
                Step::Document => "step.identification",
                Step::Terms => "step.terms",
                Step::Signature => "step.signature",
                Step::Scan => "step.scan",
                _ => "step.approval",
            };
            let state = if !control.needs(step) {
                StepState::NotNeeded
            } else if rank(step) < reached {
                StepState::Done
            } else if rank(step) > reached {
                StepState::Coming
            } else if control.end().is_some() {
                StepState::Stopped
            } else {
                StepState::Current
            };
            let note = match state {
                StepState::NotNeeded => text(language, "step.not-needed"),
                StepState::Done => text(language, "step.done"),
                StepState::Current if holder_acts(desk) => text(language, "rail.holder-acts"),
                StepState::Current => text(language, "rail.operator-acts"),
                _ => slint::SharedString::default(),
            };
            RailStep { title: text(language, key), note, state }
        })
        .collect()
}

/// How far an ended control came.
fn reached(control: &Control) -> i32 {
    if matches!(control.end(), Some(End::Approved)) {
        5
    } else if control.identification().is_none() {
        0
    } else if control.needs(Step::Terms) && control.terms().acceptance().is_none() {
        1
    } else if control.needs(Step::Signature) && control.signature().comparison().is_none() {
        2
    } else if control.needs(Step::Scan) && control.scan().current().is_none() {
        3
    } else {
        4
    }
}

/// The devices and services of the rail, as they are known without a test: both readers, scanner, archive.
pub(super) fn devices(desk: &Desk) -> Vec<Device> {
    let language = desk.operator_language;
    let scanner = &desk.configuration.local.value.scanner;
    let virtual_one = scanner.driver == crate::config::local::ScannerDriver::Virtual;
    let scanner_state = if virtual_one { "device.virtual" } else { "device.ready" };
    let waiting = desk.snapshot.undelivered;
    let archive = if waiting == 0 {
        (text(language, "device.archive-empty"), Tone::Good)
    } else {
        (filled(language, "device.archive-waiting", &[&waiting.to_string()]), Tone::Warn)
    };
    let reader = |name: &str, view: &CardView| {
        let (state, tone) = match view {
            CardView::ReaderMissing => ("device.reader-missing", Tone::Neutral),
            CardView::Empty => ("device.reader-empty", Tone::Good),
            CardView::Reading => ("device.reader-reading", Tone::Good),
            CardView::Card(_) => ("device.reader-card", Tone::Good),
            CardView::Fault { .. } => ("device.reader-fault", Tone::Warn),
        };
        Device { name: text(language, name), state: text(language, state), tone }
    };
    let mut devices = vec![
        reader("device.operator-reader", &desk.snapshot.operator_card),
        reader("device.holder-reader", &desk.snapshot.holder_card),
        Device { name: text(language, "device.scanner"), state: text(language, scanner_state), tone: Tone::Neutral },
        Device { name: text(language, "device.archive"), state: archive.0, tone: archive.1 },
    ];
    if let VirtualCards::Fault { code, message } = &desk.snapshot.virtual_cards {
        let state = words::shown_fault(language, code, message, Tone::Warn).cause;
        devices.push(Device { name: text(language, "dock.open"), state, tone: Tone::Warn });
    }
    devices
}

fn show_list(desk: &Desk, window: &OperatorWindow) {
    let language = desk.operator_language;
    let home = window.global::<Home>();
    let rows = rows_per_page(window);
    let all = &desk.snapshot.today;
    let first = desk.first_row.min(all.len().saturating_sub(1) / rows * rows);
    let shown: Vec<ControlRow> = all.iter().skip(first).take(rows).map(|row| listed(desk, row)).collect();
    let last = first + shown.len();
    home.set_range(if all.len() > rows { format!("{}–{last} / {}", first + 1, all.len()).into() } else { "".into() });
    home.set_has_newer(first > 0);
    home.set_has_older(last < all.len());
    fill(&home.get_rows(), shown, |rows| home.set_rows(rows));
    let zone = desk.configuration.zone();
    home.set_date(words::long_date(language, jiff::Timestamp::now().to_zoned(zone).date()));
    let waiting = desk.snapshot.undelivered;
    let (outbox, tone) = match waiting {
        0 => (text(language, "outbox.empty"), Tone::Good),
        n => (words::counted(language, "outbox", n), Tone::Warn),
    };
    home.set_outbox(outbox);
    home.set_outbox_tone(tone);
}

pub(super) fn listed(desk: &Desk, row: &ListedControl) -> ControlRow {
    let language = desk.operator_language;
    let tone = match row.outcome.as_str() {
        "approved" => Tone::Good,
        "aborted" | "declined" => Tone::Neutral,
        _ => Tone::Warn,
    };
    let (delivery, delivery_tone) = match row.delivered {
        Some(true) => (text(language, "delivery.delivered"), Tone::Good),
        Some(false) => (text(language, "delivery.waiting"), Tone::Warn),
        None if row.outcome == "approved" => (text(language, "delivery.none"), Tone::Neutral),
        None => ("".into(), Tone::Neutral),
    };
    ControlRow {
        time: words::time(row.ended_at, &desk.configuration.zone()).into(),
        name: row.person.as_str().into(),
        function: words::function(language, row.function),
        kind: words::kind(language, row.certificate),
        outcome: text(language, &format!("outcome.{}", row.outcome)),
        outcome_tone: tone,
        delivery,
        delivery_tone,
    }
}
