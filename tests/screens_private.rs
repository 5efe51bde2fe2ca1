//! What the holder's window knows of a person: nothing by name or number at any time, and nothing at all when the control is over.

use std::time::{Duration, Instant};

use bam_station_ui::{Holder, HolderCard, HolderPage, HolderSign, HolderTerms, OperatorPage};
use slint::{ComponentHandle, Model, SharedString};

use crate::{
    desk_by_hand::{AtTheDesk, PIN},
    support_screens::{settle, spoken},
};

/// What tells who somebody is, as it is typed at the desk.
const PERSONAL: [&str; 7] = ["Eriksson", "Anna", "128874", "10079", "L898902C3", "12.08.1974", "Nordmann"];

/// Every word that the window holds, whether it is on the screen or in what the pages are made from.
fn words(desk: &AtTheDesk) -> Vec<String> {
    settle();
    let window = desk.holder();
    let (all, terms) = (window.global::<Holder>(), window.global::<HolderTerms>());
    let (card, sign) = (window.global::<HolderCard>(), window.global::<HolderSign>());
    let mut words = spoken(window);
    words.extend(all.get_steps().iter().map(String::from));
    words.extend(terms.get_paragraphs().iter().map(|paragraph| format!("{} {}", paragraph.heading, paragraph.text)));
    let held = [all.get_office(), all.get_wait_text(), all.get_end_text(), all.get_idle_warning(), terms.get_title()];
    words.extend(held.into_iter().map(String::from));
    let held = [card.get_title(), card.get_text(), card.get_hint(), card.get_pin_title(), sign.get_again_text()];
    words.extend(held.into_iter().map(|held: SharedString| held.into()));
    let pin = card.get_pin();
    words.extend([pin.error, pin.tries].map(String::from));
    words
}

fn names_nobody(desk: &AtTheDesk) {
    for said in words(desk) {
        assert!(PERSONAL.iter().all(|personal| !said.contains(personal)), "{:?} says {said:?}", desk.holders_page());
    }
}

/// Between controls: no page, no ink, no digit, no terms.
fn knows_nothing(desk: &AtTheDesk) {
    names_nobody(desk);
    let window = desk.holder();
    assert_eq!(desk.holders_page(), HolderPage::Idle);
    assert_eq!(window.global::<HolderSign>().get_commands(), "", "the signature is gone");
    assert_eq!(window.global::<HolderCard>().get_typed(), 0);
    assert!(!window.global::<HolderCard>().get_complete());
    assert_eq!(window.global::<Holder>().get_idle_warning(), "");
}

#[test]
fn the_holders_window_names_nobody_and_forgets_everybody() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), None);
    desk.enroll("Kari Nordmann");
    knows_nothing(&desk);
    desk.begin_qualified();
    names_nobody(&desk);
    desk.accept_passport();
    names_nobody(&desk);
    desk.read_terms();
    desk.touch("ho-accept");
    desk.both_on(OperatorPage::Signature, HolderPage::Sign);
    desk.sign();
    assert!(desk.holder().global::<HolderSign>().get_commands().len() > 100, "the holder sees the own ink");
    names_nobody(&desk);

    // The desk is left with the ink on the field.
    desk.shell.judge_attendance(Instant::now() + Duration::from_secs(10_000));
    desk.both_on(OperatorPage::Locked, HolderPage::Idle);
    knows_nothing(&desk);
    desk.type_pin(PIN);
    desk.both_on(OperatorPage::Signature, HolderPage::Sign);

    desk.touch("ho-sign-done");
    desk.both_on(OperatorPage::Signature, HolderPage::Wait);
    assert_eq!(desk.holder().global::<HolderSign>().get_commands(), "", "handed over, and off the screen");
    desk.click("op-signature-alike-and-scan");
    desk.until("the scan can be judged", |desk| {
        crate::support_screens::find(desk.operator(), "op-scan-good").is_some_and(|e| e.accessible_enabled() == Some(true))
    });
    names_nobody(&desk);
    desk.click("op-scan-good");
    desk.report_is_shown();
    desk.type_pin(PIN);
    desk.both_on(OperatorPage::HandBack, HolderPage::Thanks);
    names_nobody(&desk);
    desk.click("op-handed-back");
    desk.both_on(OperatorPage::Done, HolderPage::Thanks);
    desk.click("op-home");
    desk.both_on(OperatorPage::Home, HolderPage::Idle);
    knows_nothing(&desk);
    let terms = desk.holder().global::<HolderTerms>();
    assert_eq!((terms.get_title().as_str(), terms.get_paragraphs().row_count()), ("", 0));
}

#[test]
fn a_control_that_is_aborted_leaves_nothing_on_the_holders_screen() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), None);
    desk.enroll("Kari Nordmann");
    desk.begin_qualified();
    desk.accept_passport();
    desk.read_terms();
    desk.touch("ho-accept");
    desk.both_on(OperatorPage::Signature, HolderPage::Sign);
    desk.sign();
    assert!(desk.holder().global::<HolderSign>().get_commands().len() > 100, "the holder sees the own ink");

    // The holder leaves in the middle of it.
    desk.click("op-abort");
    desk.click("op-abort-holder-left");
    desk.click("op-abort-confirm");
    desk.both_on(OperatorPage::HandBack, HolderPage::Ended);
    names_nobody(&desk);
    desk.click("op-handed-back");
    desk.both_on(OperatorPage::Ended, HolderPage::Ended);
    names_nobody(&desk);
    desk.click("op-home");
    desk.both_on(OperatorPage::Home, HolderPage::Idle);
    knows_nothing(&desk);

    // The operator leaves while a holder writes, and the next one finds nothing of it on the holder's screen.
    desk.begin_qualified();
    names_nobody(&desk);
    desk.shell.judge_attendance(Instant::now() + Duration::from_secs(10_000));
    desk.both_on(OperatorPage::Locked, HolderPage::Idle);
    knows_nothing(&desk);
}
