//! A whole qualified control by hand: two windows, the real station, the real libsane, a real archive on loopback.

use bam_station_ui::{Approval, HolderPage, HolderTerms, I18n, OperatorPage, ScanCheck, SignatureCheck, StepState};
use serde_json::Value;
use slint::{ComponentHandle, Model, platform::Key};

use crate::{
    desk_by_hand::{AtTheDesk, PIN, has},
    spine::{report, station},
    support_screens::{by_id, click, enabled, find, key, picture, write},
};

use StepState::{Coming, Current, Done};

#[test]
fn a_qualified_control_by_hand_ends_signed_delivered_and_in_the_register() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), Some("control"));

    // Nobody can sign in yet, so an operator is made first.
    assert_eq!((desk.page(), desk.holders_page()), (OperatorPage::CreateOperator, HolderPage::Idle));
    desk.keep("create-operator");
    desk.enroll("Kari Nordmann");
    desk.both_on(OperatorPage::Home, HolderPage::Idle);

    // The plan is told before the control begins.
    desk.ask_for("new-card", "local");
    desk.click("op-kind-qualified");
    desk.keep("new-control");
    desk.click("op-begin");
    desk.both_on(OperatorPage::Document, HolderPage::Welcome);
    assert_eq!(desk.rail(), [Current, Coming, Coming, Coming, Coming]);

    // The holder's language is the holder's choice.
    desk.touch("ho-lang-en");
    assert_eq!(desk.tells_holder("ho-title"), bam_station_ui::text("en", "welcome.title"));
    assert_eq!(desk.title(), AtTheDesk::words("document.title"));
    desk.keep("welcome");
    desk.touch("ho-begin");
    desk.both_on(OperatorPage::Document, HolderPage::Wait);

    // The document: nothing is accepted before everything is seen.
    desk.copy_passport();
    desk.keep("document-copied");
    assert!(!enabled(desk.operator(), "op-accept-document"));
    desk.tick();
    desk.keep("document-ticked");
    desk.click("op-accept-document");
    desk.both_on(OperatorPage::Terms, HolderPage::Terms);
    assert_eq!(desk.rail(), [Done, Current, Coming, Coming, Coming]);
    assert_eq!(desk.says("op-actor"), AtTheDesk::words("rail.holder-acts"));

    // The terms in English; the operator goes on in bokmål.
    assert_eq!(desk.tells_holder("ho-title"), "Terms for qualified certificates (training text)");
    assert_eq!(desk.operator().global::<I18n>().get_lang(), "nb");
    assert_eq!(desk.title(), AtTheDesk::words("terms-watch.title"));
    let terms = desk.holder().global::<HolderTerms>();
    assert!(terms.get_pages() > 1 && !has(desk.holder(), "ho-accept"), "no answer before the last page");
    let next = by_id(desk.holder(), "ho-next");
    let (at, size) = (next.absolute_position(), next.size());
    desk.touch("ho-next");
    desk.touch("ho-previous");
    desk.read_terms();
    desk.keep("terms-last-page");
    for answer in ["ho-accept", "ho-decline"] {
        let answer = by_id(desk.holder(), answer);
        let (left, right) = (answer.absolute_position().x, answer.absolute_position().x + answer.size().width);
        assert!(right <= at.x || left >= at.x + size.width, "an answer lies where one taps to turn the page");
    }
    desk.touch("ho-accept");
    desk.both_on(OperatorPage::Signature, HolderPage::Sign);
    assert_eq!(desk.rail(), [Done, Done, Current, Coming, Coming]);

    // The signature is seen by the operator while it is written, and judged when it is done.
    assert!(!enabled(desk.holder(), "ho-sign-done"));
    desk.sign();
    assert!(!desk.operator().global::<SignatureCheck>().get_commands().is_empty(), "the operator sees the ink at once");
    desk.keep("signed");
    desk.touch("ho-sign-done");
    desk.both_on(OperatorPage::Signature, HolderPage::Wait);
    desk.keep("signature-judge");
    desk.click("op-signature-alike");
    desk.both_on(OperatorPage::Scan, HolderPage::Wait);
    assert_eq!(desk.rail(), [Done, Done, Done, Current, Coming]);

    // The passport lies upright and is turned to be read; the operator turns it once too far and back.
    desk.click("op-scan");
    desk.until("the scan can be judged", |desk| {
        find(desk.operator(), "op-scan-good").is_some_and(|e| e.accessible_enabled() == Some(true))
    });
    let scan = desk.operator().global::<ScanCheck>();
    let upright = turned(&desk);
    desk.keep("scan-judge");
    desk.click("op-turn-left");
    desk.until("the picture is turned", |desk| turned(desk) != upright && enabled(desk.operator(), "op-turn-right"));
    let size = scan.get_picture().size();
    assert!(size.height > size.width, "on its side: {size:?}");
    desk.keep("scan-turned");
    desk.click("op-turn-right");
    desk.until("the picture is turned back", |desk| turned(desk) == upright && enabled(desk.operator(), "op-scan-good"));
    desk.click("op-scan-good");

    // The report as it will be signed, drawn in the pixels in which it is shown.
    desk.report_is_shown();
    desk.both_on(OperatorPage::Approve, HolderPage::Wait);
    assert_eq!(desk.rail(), [Done, Done, Done, Done, Current]);
    let approval = desk.operator().global::<Approval>();
    desk.until("the page fills its room", |desk| page_fits(desk, 1.0));
    desk.keep("approve-1");
    desk.click("op-page-next");
    desk.until("the second page is shown", |_| approval.get_page_text().starts_with("Side 2 av"));
    desk.keep("approve-2");
    desk.click("op-page-previous");
    desk.until("the first page is shown", |_| approval.get_page_text().starts_with("Side 1 av"));
    desk.click("op-zoom-in");
    desk.click("op-zoom-in");
    desk.until("the page is drawn larger", |desk| page_fits(desk, 2.0));
    desk.keep("approve-zoomed");
    // One begins to read at the upper left corner: the band that marks training reaches to the edge of the frame there.
    let frame = by_id(desk.operator(), "op-report-page").absolute_position();
    let shot = picture(desk.operator(), "approve-corner");
    let band = shot.get_pixel(frame.x as u32 + 18, frame.y as u32 + 12 + 38).0;
    assert!(band[0] > 200 && band[1] > 150 && band[2] < 80, "not the page's corner: {band:?}");

    // A wrong PIN costs one try and is told with the tries that are left; the keyboard is where the next one is typed.
    desk.type_pin("111111");
    // While the station works, what is typed again is no second try.
    write(desk.operator(), "222222");
    key(desk.operator(), Key::Return);
    desk.until("the PIN is refused", |_| !approval.get_error().is_empty() && !approval.get_busy());
    assert_eq!(approval.get_error(), "PIN-koden er feil. 2 forsøk igjen.");
    desk.keep("approve-wrong-pin");
    desk.type_pin(PIN);
    desk.both_on(OperatorPage::HandBack, HolderPage::Thanks);

    desk.click("op-handed-back");
    desk.both_on(OperatorPage::Done, HolderPage::Thanks);
    desk.until("the archive has acknowledged", |desk| {
        desk.operator().global::<bam_station_ui::Outcome>().get_delivery() == AtTheDesk::words("end.delivered")
    });
    desk.keep("delivered");
    let facts = desk.operator().global::<bam_station_ui::Outcome>().get_facts();
    let fact = |label| facts.iter().find(|fact| fact.label == AtTheDesk::words(label)).unwrap().value.to_string();
    // While the end is shown the report lies in memory for a viewer; afterwards it is taken out of the register.
    let shown = std::path::PathBuf::from(fact("end.report"));
    assert!(std::fs::read(&shown).unwrap().starts_with(b"%PDF-") && !shown.starts_with(data.path()));
    let id = Value::from(fact("end.control"));

    // The next person finds the desk as it was.
    click(desk.operator(), "op-home");
    desk.both_on(OperatorPage::Home, HolderPage::Idle);
    assert_eq!(
        desk.tells_holder("ho-title"),
        AtTheDesk::words("idle.title"),
        "the holder's window greets in the office's language"
    );
    let rows = desk.operator().global::<bam_station_ui::Home>().get_rows();
    let row = rows.row_data(0).unwrap();
    assert_eq!((rows.row_count(), row.name.as_str()), (1, "Anna Maria Eriksson"));
    assert_eq!((row.outcome.as_str(), row.delivery.as_str()), ("Godkjent", "Levert"));
    desk.keep("home-afterwards");
    drop(desk);

    // What the register holds, asked from outside.
    let json = |arguments: &[&str]| -> Value {
        let output = station(data.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let anchor = data.path().join("keys/training-ca/certificate.pem");
    assert!(!shown.exists(), "gone with the desk");
    let report = report(data.path(), &serde_json::json!({ "control": id }));
    let verified = json(&["verify", &report, "--trust", anchor.to_str().unwrap(), "--json"]);
    let record = &verified["record"];
    assert_eq!(verified["valid"], true);
    assert_eq!(record["terms"]["terms"]["language"], "en");
    assert_eq!(record["person"]["identity_number"], "12887410079");
    assert_eq!(record["signature"]["attempts"], 1);
    assert_eq!(record["scan"]["attempts"], 1);
    assert_eq!(record["scan"]["scan"]["upright"]["turn"].as_u64().unwrap() % 180, 90, "a passport is turned");
    let control = record["control"].as_str().unwrap();
    assert_eq!(json(&["register", "list", "--json"]).to_string().matches(control).count(), 1);
    json(&["register", "verify", "--json"]);
}

/// What the page says about how the scan is turned.
fn turned(desk: &AtTheDesk) -> String {
    desk.operator().global::<ScanCheck>().get_quality().row_data(0).map(|finding| finding.text.into()).unwrap_or_default()
}

/// The page's picture is as large as its room at this zoom, to the pixel.
fn page_fits(desk: &AtTheDesk, zoom: f32) -> bool {
    let approval = desk.operator().global::<Approval>();
    let size = approval.get_page_picture().size();
    let (width, height) = (approval.get_room_width() * zoom, approval.get_room_height() * zoom);
    let part = (size.width as f32 / width).max(size.height as f32 / height);
    (0.99..=1.002).contains(&part)
}
