//! The other ends of a control at the desk, and what must not be lost: declined, rejected, refused, aborted, given up, cut off.

use std::time::Duration;

use bam_station::{
    config::{Alarm, Configuration},
    device::scanner::VirtualFault,
};
use bam_station_ui::{
    HolderPage, HolderTerms, Home, NewControl, Operator, OperatorPage, Outcome, SignIn, SignatureCheck, StepState,
};
use slint::{
    ComponentHandle, Model,
    platform::{Key, PointerEventButton},
};

use crate::{
    desk_by_hand::{AtTheDesk, PIN, configuration, has},
    support_screens::{by_id, click, enabled, key, settle},
};

/// How the control ended, as the operator reads it.
fn ended(desk: &AtTheDesk) -> String {
    desk.operator().global::<Outcome>().get_title().into()
}

/// The outcome in the first row of today's list.
fn newest_row(desk: &AtTheDesk) -> String {
    desk.operator().global::<Home>().get_rows().row_data(0).map(|row| row.outcome.into()).unwrap_or_default()
}

fn fault_code(desk: &AtTheDesk) -> String {
    desk.operator().global::<Operator>().get_fault().code.into()
}

#[test]
fn a_holder_who_taps_fast_accepts_nothing_and_may_decline() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), None);
    desk.enroll("Kari Nordmann");
    desk.begin_qualified();
    desk.accept_passport();
    // Tapping on and on at the place where pages are turned ends on the last page, with no answer given.
    let next = by_id(desk.holder(), "ho-next");
    for _ in 0..30 {
        next.mock_single_click(PointerEventButton::Left);
        settle();
        desk.shell.pump();
    }
    let terms = desk.holder().global::<HolderTerms>();
    assert_eq!((desk.holders_page(), terms.get_page()), (HolderPage::Terms, terms.get_pages()));
    // Larger text needs more pages: the answers go, come back on the new last page, and count only after a moment.
    desk.touch("ho-text-larger");
    settle();
    assert!(!has(desk.holder(), "ho-accept"), "the last page is no longer the last");
    while terms.get_page() < terms.get_pages() {
        click(desk.holder(), "ho-next");
    }
    desk.shell.pump();
    settle();
    assert!(
        !enabled(desk.holder(), "ho-accept") && !enabled(desk.holder(), "ho-decline"),
        "the answers count only after a moment"
    );
    desk.until("the answers count", |desk| enabled(desk.holder(), "ho-decline"));
    desk.touch("ho-decline");
    desk.both_on(OperatorPage::HandBack, HolderPage::Ended);
    assert_eq!(desk.rail()[1], StepState::Stopped);
    desk.click("op-handed-back");
    desk.both_on(OperatorPage::Ended, HolderPage::Ended);
    assert_eq!(ended(&desk), AtTheDesk::words("end.terms-declined"));
    desk.click("op-home");
    desk.both_on(OperatorPage::Home, HolderPage::Idle);
    assert_eq!(newest_row(&desk), AtTheDesk::words("outcome.declined"));
}

#[test]
fn a_rejected_document_ends_the_control() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), Some("rejected"));
    desk.enroll("Kari Nordmann");
    desk.begin_qualified();
    // Another person's name on the document: told at once, and not acceptable.
    desk.click("op-document-kind-passport");
    desk.copy_passport();
    desk.fill("op-document-last-name", "sen");
    desk.tick();
    assert!(!enabled(desk.operator(), "op-accept-document"));
    desk.keep("contradiction");
    desk.click("op-reject-document");
    desk.click("op-reject-person-differs");
    desk.fill("op-reject-note", "Annen person");
    desk.click("op-reject-confirm");
    desk.both_on(OperatorPage::HandBack, HolderPage::Ended);
    desk.click("op-handed-back");
    desk.both_on(OperatorPage::Ended, HolderPage::Ended);
    assert_eq!(ended(&desk), AtTheDesk::words("end.document-rejected"));
    assert_eq!(desk.operator().global::<Outcome>().get_text(), "Bildet viser ikke personen: Annen person");
}

#[test]
fn typing_and_ticking_leave_the_keyboard_and_the_list_where_they_are() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), None);
    desk.enroll("Kari Nordmann");
    desk.begin_qualified();
    // By keyboard alone: the first field has the keyboard, Enter goes on to the next.
    for words in ["UTO", "L898902C3", "16.04.2023", "15.04.2033", "Anna Maria", "Eriksson", "12.08.1974"] {
        crate::support_screens::write(desk.operator(), words);
        key(desk.operator(), Key::Return);
    }
    let form = desk.operator().global::<bam_station_ui::DocumentCheck>();
    let typed = [form.get_issuer(), form.get_number(), form.get_issued(), form.get_expires(), form.get_first_names()];
    assert_eq!(typed, ["UTO", "L898902C3", "16.04.2023", "15.04.2033", "Anna Maria"]);
    assert_eq!((form.get_last_name().as_str(), form.get_birth_date().as_str()), ("Eriksson", "12.08.1974"));
    desk.click("op-document-kind-passport");
    // What is obligatory stands first, so that the fold hides none of it.
    let top = |id: &str| by_id(desk.operator(), id).absolute_position().y;
    assert!(top("op-undamaged") < top("op-photo-matches"));
    let features = desk.features();
    assert!(top("op-photo-matches") < top(&features[0]));
    // A tick far down the list leaves the list where it was scrolled to.
    desk.click("op-undamaged");
    by_id(desk.operator(), "op-photo-matches").scroll(0.0, -2000.0);
    settle();
    let last = features.last().unwrap().as_str();
    let before = top(last);
    click(desk.operator(), last);
    assert!(form.get_features().iter().any(|row| last.ends_with(row.id.as_str()) && row.checked));
    assert_eq!(top(last), before, "the list has moved");
}

#[test]
fn an_abort_needs_a_reason_and_is_on_record() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), None);
    desk.enroll("Kari Nordmann");
    desk.up_to_the_scan();
    // In the middle of a scan: the scan is stopped first.
    desk.glass.slow_down(Duration::from_millis(50)).unwrap();
    desk.click("op-scan");
    desk.until("the scan is under way", |desk| has(desk.operator(), "op-scan-cancel"));
    desk.click("op-abort");
    assert!(!enabled(desk.operator(), "op-abort-confirm"));
    desk.click("op-abort-holder-left");
    desk.click("op-abort-confirm");
    desk.both_on(OperatorPage::HandBack, HolderPage::Ended);
    assert_eq!(fault_code(&desk), "", "a scan that was stopped on purpose is no fault");
    desk.click("op-handed-back");
    desk.both_on(OperatorPage::Ended, HolderPage::Ended);
    assert_eq!(ended(&desk), AtTheDesk::words("end.aborted"));
    desk.click("op-home");
    desk.both_on(OperatorPage::Home, HolderPage::Idle);
    assert_eq!(newest_row(&desk), AtTheDesk::words("outcome.aborted"));
}

#[test]
fn whoever_opens_a_desk_with_the_last_good_rules_is_told_so() {
    let data = tempfile::tempdir().unwrap();
    let message = "the share is away\nthe last good MASTER.toml stays in force".to_owned();
    let alarm = Some(Alarm { code: "CONFIG_MISSING", message });
    let desk = AtTheDesk::open_with(Configuration { alarm, ..configuration() }, data.path(), None);
    assert_eq!(fault_code(&desk), "CONFIG_MISSING");
}

#[test]
fn what_the_rules_refuse_is_told_with_what_to_do_instead_and_recorded() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), Some("refused"));
    desk.enroll("Kari Nordmann");
    desk.ask_for("renewal", "qualified");
    desk.click("op-card-expired");
    let form = desk.operator().global::<NewControl>();
    assert!(!form.get_refusal().is_empty() && !form.get_has_plan());
    assert!(form.get_refusal_advice().to_lowercase().contains("erstatningskort"), "{}", form.get_refusal_advice());
    desk.keep("form");
    desk.click("op-begin");
    desk.both_on(OperatorPage::Home, HolderPage::Idle);
    desk.until("the refusal is in today's list", |desk| newest_row(desk) == AtTheDesk::words("outcome.refused"));
    assert!(!fault_code(&desk).is_empty(), "and it is said once more");
    desk.keep("home");
}

#[test]
fn a_third_signature_that_is_not_alike_ends_the_control_as_failed() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), Some("signature"));
    desk.enroll("Kari Nordmann");
    desk.begin_qualified();
    desk.accept_passport();
    desk.read_terms();
    desk.touch("ho-accept");
    for attempt in 1..=3 {
        desk.both_on(OperatorPage::Signature, HolderPage::Sign);
        let check = desk.operator().global::<SignatureCheck>();
        assert!(check.get_commands().is_empty(), "the field is empty before attempt {attempt}");
        assert_eq!(check.get_attempts(), format!("Forsøk {attempt} av 3"));
        desk.sign();
        desk.touch("ho-sign-done");
        desk.both_on(OperatorPage::Signature, HolderPage::Wait);
        assert_eq!(check.get_last_attempt(), attempt == 3);
        desk.keep(&format!("attempt-{attempt}"));
        desk.click("op-signature-again");
    }
    desk.both_on(OperatorPage::HandBack, HolderPage::Ended);
    desk.click("op-handed-back");
    desk.both_on(OperatorPage::Ended, HolderPage::Ended);
    assert_eq!(ended(&desk), AtTheDesk::words("end.signature-attempts"));
    desk.click("op-home");
    desk.both_on(OperatorPage::Home, HolderPage::Idle);
    assert_eq!(newest_row(&desk), AtTheDesk::words("outcome.failed"));
}

#[test]
fn after_a_power_cut_the_operator_goes_on_where_the_control_stood() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), None);
    desk.enroll("Kari Nordmann");
    desk.up_to_the_scan();
    drop(desk);

    let desk = AtTheDesk::open_again(data.path(), Some("again"));
    assert_eq!(
        (desk.page(), desk.holders_page()),
        (OperatorPage::SignIn, HolderPage::Idle),
        "nothing is shown before signing in"
    );
    desk.keep("sign-in");
    // The PIN field has the keyboard. A wrong PIN is told with the tries that are left.
    desk.type_pin("000000");
    let sign_in = desk.operator().global::<SignIn>();
    desk.until("the PIN is refused", |_| !sign_in.get_error().is_empty() && !sign_in.get_busy());
    assert_eq!(sign_in.get_error(), "PIN-koden er feil. 2 forsøk igjen.");
    desk.type_pin("000000");
    desk.until("the PIN is refused again", |_| sign_in.get_error().contains("Siste forsøk") && !sign_in.get_busy());
    desk.keep("sign-in-last-try");
    desk.type_pin(PIN);
    desk.both_on(OperatorPage::Scan, HolderPage::Wait);
    assert_eq!(desk.rail(), [StepState::Done, StepState::Done, StepState::Done, StepState::Current, StepState::Coming]);
    desk.click("op-scan");
    desk.until("the scan can be judged", |desk| has(desk.operator(), "op-scan-good") && enabled(desk.operator(), "op-scan-good"));
    drop(desk);

    // The picture that waited to be judged is there again, too, and turning it needs no new scan.
    let desk = AtTheDesk::open_again(data.path(), None);
    desk.type_pin(PIN);
    desk.until("the scan can be judged", |desk| has(desk.operator(), "op-scan-good") && enabled(desk.operator(), "op-scan-good"));
    desk.click("op-turn-right");
    desk.until("it is turned", |desk| enabled(desk.operator(), "op-turn-left"));
    desk.click("op-turn-left");
    desk.until("it is turned back", |desk| enabled(desk.operator(), "op-scan-good"));
    desk.click("op-scan-good");
    desk.report_is_shown();
}

#[test]
fn another_operator_can_only_abort_a_control_that_is_not_theirs() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), None);
    desk.enroll("Kari Nordmann");
    desk.up_to_the_scan();
    drop(desk);

    let desk = AtTheDesk::open_again(data.path(), Some("others"));
    desk.click("op-new-operator");
    desk.enroll("Per Ås");
    desk.both_on(OperatorPage::OthersControl, HolderPage::Wait);
    let told = desk.operator().global::<Operator>().get_others_text();
    assert!(told.starts_with("Kari Nordmann"), "{told}");
    assert!(!has(desk.operator(), "op-scan"));
    // Kari takes over again.
    desk.click("op-change-operator");
    desk.both_on(OperatorPage::SignIn, HolderPage::Idle);
    let kari = desk.operator().global::<SignIn>().get_operators().iter().find(|known| known.label == "Kari Nordmann").unwrap();
    desk.click(&format!("op-operator-{}", kari.id));
    desk.type_pin(PIN);
    desk.both_on(OperatorPage::Scan, HolderPage::Wait);
    drop(desk);

    // Per aborts it and hands the document back.
    let desk = AtTheDesk::open_again(data.path(), None);
    let per = desk.operator().global::<SignIn>().get_operators().iter().find(|known| known.label == "Per Ås").unwrap();
    desk.click(&format!("op-operator-{}", per.id));
    desk.type_pin(PIN);
    desk.both_on(OperatorPage::OthersControl, HolderPage::Wait);
    desk.click("op-abort");
    desk.click("op-abort-other");
    desk.click("op-abort-confirm");
    desk.both_on(OperatorPage::HandBack, HolderPage::Ended);
    desk.click("op-handed-back");
    desk.both_on(OperatorPage::Ended, HolderPage::Ended);
    assert_eq!(ended(&desk), AtTheDesk::words("end.aborted"));
}

#[test]
fn a_jammed_scanner_is_told_with_its_remedy_and_the_next_scan_works() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), Some("jammed"));
    desk.enroll("Kari Nordmann");
    desk.up_to_the_scan();
    desk.glass.fault(Some(VirtualFault::Jammed)).unwrap();
    desk.click("op-scan");
    desk.until("the fault is told", |desk| fault_code(desk) == "SCAN_JAMMED" && has(desk.operator(), "op-scan"));
    let told = by_id(desk.operator(), "fault").accessible_label().unwrap();
    assert!(told.contains("sitter fast") && told.contains("skann på nytt"), "{told}");
    desk.keep("told");
    desk.click("op-lang-en");
    let told = by_id(desk.operator(), "fault").accessible_label().unwrap();
    assert!(told.contains("stuck") && told.contains("scan again"), "{told}");
    desk.click("op-lang-nb");
    desk.glass.fault(None).unwrap();
    desk.click("op-scan");
    assert_eq!(fault_code(&desk), "", "what is tried anew puts the fault aside");
    desk.until("the scan can be judged", |desk| has(desk.operator(), "op-scan-good") && enabled(desk.operator(), "op-scan-good"));
}
