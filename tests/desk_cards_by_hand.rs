//! Cards by hand: both windows with the real station, real readers (a private pcscd), real certificates of a test CA.

use std::path::Path;

use bam_station::{
    config::Configuration,
    control::{Command, Step},
    rules::CertificateKind::Qualified,
};
use bam_station_ui::{
    Approval, Holder, HolderCard, HolderPage, Home, Locked, NewControl, Operator, OperatorPage, Outcome, OwnCard, SignIn,
    ThirdParty,
};
use bam_virtual_card::PadEntry;
use slint::{ComponentHandle, Model, platform::Key};

use crate::{
    card_desk::{HOLDERS, OPERATORS, PAD, PIN, at_a_desk, at_a_desk_with_pad},
    desk_by_hand::{AtTheDesk, has},
    support_cards::{ANNA, OPERATOR, Office, PER, card_of, pin, up_to_the_approval},
    support_screens::{by_id, click, enabled, key},
};

const WRONG: &str = "999999";

fn open(office: &Office, data: &Path, pictures: &'static str, change: impl FnOnce(&mut Configuration)) -> AtTheDesk {
    let mut configuration = office.configuration();
    change(&mut configuration);
    AtTheDesk::open_with(configuration, data, Some(pictures))
}

fn waits_for_pin(desk: &AtTheDesk, id: &str) {
    desk.until(&format!("{id} can be typed"), |desk| {
        let busy = desk.operator().global::<Operator>().get_busy();
        has(desk.operator(), id) && enabled(desk.operator(), id) && !busy
    });
}

/// Kari's card is in the reader; she signs in with it.
fn sign_in(desk: &AtTheDesk) {
    waits_for_pin(desk, "op-card-pin");
    desk.type_pin(PIN);
    desk.until("Kari is signed in", |desk| desk.operator().global::<Operator>().get_operator_name() == OPERATOR);
}

/// The form for a new control of Anna Eriksson.
fn ask_for_anna(desk: &AtTheDesk, function: &str) {
    desk.both_on(OperatorPage::Home, HolderPage::Idle);
    desk.click("op-new-control");
    desk.until("the form is there", |desk| desk.page() == OperatorPage::NewControl);
    desk.fill("op-first-names", "Anna");
    desk.fill("op-last-name", "Eriksson");
    desk.fill("op-birth-date", "12.08.1974");
    desk.fill("op-user-name", "anneri");
    desk.click(&format!("op-function-{function}"));
    desk.click("op-kind-qualified");
}

/// The holder's side types on its own keys.
fn type_on_holders_side(desk: &AtTheDesk, digits: &str) {
    desk.until("the PIN is asked for", |desk| desk.holders_page() == HolderPage::Pin && enabled(desk.holder(), "ho-digit-1"));
    for digit in digits.chars() {
        desk.touch(&format!("ho-digit-{digit}"));
    }
    desk.touch("ho-pin-done");
}

fn holders_error(desk: &AtTheDesk) -> String {
    desk.holder().global::<HolderCard>().get_pin().error.into()
}

fn fault(desk: &AtTheDesk) -> String {
    desk.operator().global::<Operator>().get_fault().code.into()
}

#[test]
fn a_renewal_by_own_card_from_sign_in_to_the_signed_report() {
    at_a_desk(|readers| {
        let office = Office::new();
        let data = tempfile::tempdir().unwrap();
        let desk = open(&office, data.path(), "renewal", |_| {});

        // The card signs in. What is on it is told before the PIN is asked for.
        desk.until("the reader is empty", |desk| desk.page() == OperatorPage::SignIn && has(desk.operator(), "op-card"));
        assert!(!enabled(desk.operator(), "op-card-pin"));
        desk.keep("sign-in-empty");
        let kari = readers.insert(OPERATORS, card_of(&office.kari));
        waits_for_pin(&desk, "op-card-pin");
        let sign_in_page = desk.operator().global::<SignIn>();
        assert_eq!(sign_in_page.get_card().title, OPERATOR);
        assert_eq!(sign_in_page.get_card_pin().tries, "3 forsøk igjen.");
        desk.keep("sign-in");
        desk.type_pin(WRONG);
        desk.until("the wrong PIN is told", |_| sign_in_page.get_card_pin().error.contains("2 forsøk igjen"));
        desk.keep("sign-in-wrong");
        sign_in(&desk);
        assert_eq!(kari.card().verify_count(), 2, "one VERIFY for each typed PIN");

        // The card says what the operator would else have to state.
        ask_for_anna(&desk, "renewal");
        let form = desk.operator().global::<NewControl>();
        assert!(form.get_asks_card());
        let anna = readers.insert(HOLDERS, card_of(&office.person(ANNA, Qualified, -30, 300)));
        desk.until("the card is read and the plan is there", |_| form.get_has_plan() && !form.get_asks_card());
        assert_eq!((form.get_card().title.as_str(), form.get_card().verdict.as_str()), (ANNA, "Gyldig"));
        assert!(!form.get_asks_renewed_before());
        desk.keep("plan");
        let begin = by_id(desk.operator(), "op-begin");
        assert!(begin.absolute_position().y + begin.size().height <= 800.0, "the plan pushes nothing out of the window");
        desk.click("op-begin");
        desk.until("the way is chosen", |desk| desk.page() == OperatorPage::Method);
        desk.click("op-method-own-card");
        desk.click("op-choose-method");
        desk.both_on(OperatorPage::OwnCard, HolderPage::Welcome);
        desk.keep("own-card");
        assert!(!enabled(desk.operator(), "op-start-card"), "first the operator looks at card and person");
        desk.click("op-card-person");
        desk.click("op-start-card");
        desk.until("the operator waits", |desk| desk.operator().global::<OwnCard>().get_side().asked);
        desk.touch("ho-begin");
        desk.both_on(OperatorPage::OwnCard, HolderPage::Pin);
        assert!(desk.operator().global::<Operator>().get_holder_acts());

        // A wrong PIN is told on both sides, each in its own words.
        type_on_holders_side(&desk, WRONG);
        desk.until("the holder is told", |desk| holders_error(desk) == AtTheDesk::words("holder-pin.wrong"));
        desk.until("what is left is told", |desk| desk.holder().global::<HolderCard>().get_pin().tries.starts_with('2'));
        assert!(desk.operator().global::<OwnCard>().get_side().pin.error.contains("2 forsøk igjen"));
        assert_eq!(fault(&desk), "", "it is told where it belongs");
        desk.keep("holder-wrong");
        // The card is pulled in the middle of typing.
        desk.touch("ho-digit-4");
        let kept = anna.pull();
        desk.until("the card is asked for again", |desk| desk.holders_page() == HolderPage::Card);
        let anna = readers.insert_again(HOLDERS, kept);
        desk.until("the PIN is asked for again", |desk| desk.holders_page() == HolderPage::Pin);
        assert_eq!(desk.holder().global::<HolderCard>().get_typed(), 0);
        type_on_holders_side(&desk, PIN);
        desk.report_is_shown_for_card();
        assert_eq!(anna.card().verify_count(), 2, "one VERIFY for each typed PIN");
        assert_eq!(desk.tells_holder("ho-title"), AtTheDesk::words("wait.title"));
        assert_eq!(desk.holder().global::<Holder>().get_wait_text(), AtTheDesk::words("wait.take-card"));
        desk.keep("approve");

        // Pulled before signing: both windows are blank, and afterwards everything stands where it stood.
        let kept = kari.pull();
        desk.until("both windows are blank", |desk| {
            (desk.page(), desk.holders_page()) == (OperatorPage::Locked, HolderPage::Idle)
        });
        assert_eq!(desk.operator().global::<Locked>().get_waits(), AtTheDesk::words("locked.waits-control"));
        desk.keep("locked");
        let kari = readers.insert_again(OPERATORS, kept);
        waits_for_pin(&desk, "op-unlock");
        desk.type_pin(PIN);
        desk.report_is_shown_for_card();
        waits_for_pin(&desk, "op-sign");
        desk.type_pin(WRONG);
        let approval = desk.operator().global::<Approval>();
        desk.until("the wrong PIN is told", |_| approval.get_card_pin().error.contains("2 forsøk igjen") && !approval.get_busy());
        waits_for_pin(&desk, "op-sign");
        desk.type_pin(PIN);
        desk.both_on(OperatorPage::HandBack, HolderPage::Thanks);
        assert_eq!(kari.card().verify_count(), 5, "sign-in twice, unlock, and the signature twice");
        assert_eq!(desk.title(), AtTheDesk::words("hand-back.title-card"));
        drop(anna);
        desk.click("op-handed-back");
        desk.both_on(OperatorPage::Done, HolderPage::Thanks);
        desk.keep("done");
        click(desk.operator(), "op-home");
        desk.both_on(OperatorPage::Home, HolderPage::Idle);
        let rows = desk.operator().global::<Home>().get_rows();
        assert_eq!(rows.row_data(0).unwrap().outcome, AtTheDesk::words("outcome.approved"));
    });
}

#[test]
fn a_third_party_vouches_on_the_holders_side() {
    at_a_desk(|readers| {
        let office = Office::new();
        let data = tempfile::tempdir().unwrap();
        let _kari = readers.insert(OPERATORS, card_of(&office.kari));
        // Anna's document was scanned in an earlier control.
        let mut station = office.open(data.path(), |_| {});
        station.sign_in_with_card(pin()).unwrap();
        up_to_the_approval(&mut station);
        station.approve(pin()).unwrap();
        station.act(Command::HandBack).unwrap();
        assert_eq!(station.control().unwrap().step(), Step::Closed);
        drop(station);

        let desk = open(&office, data.path(), "third-party", |_| {});
        sign_in(&desk);
        assert!(desk.says("op-last-sign-in").starts_with("Sist pålogget"));
        ask_for_anna(&desk, "replacement-card");
        desk.click("op-begin");
        desk.until("the way is chosen", |desk| desk.page() == OperatorPage::Method);
        desk.click("op-method-third-party");
        desk.click("op-choose-method");
        desk.both_on(OperatorPage::ThirdParty, HolderPage::Welcome);
        let page = desk.operator().global::<ThirdParty>();
        desk.until("the earlier scan is shown", |_| page.get_earlier_scan().size().width > 0);
        assert!(!enabled(desk.operator(), "op-start-third"), "first the words");
        desk.fill("op-third-name", "Anna Eriksson");
        desk.fill("op-third-statement", "Kolleger i ni år");
        desk.click("op-third-superior");
        desk.keep("words");
        desk.click("op-start-third");
        desk.touch("ho-begin");
        desk.both_on(OperatorPage::ThirdParty, HolderPage::Card);
        assert_eq!(desk.tells_holder("ho-title"), AtTheDesk::words("card-page.third-title"));

        // Nobody vouches for oneself: the refusal is told, and another card goes on without loss.
        let annas = readers.insert(HOLDERS, card_of(&office.person(ANNA, Qualified, -30, 300)));
        type_on_holders_side(&desk, PIN);
        desk.until("it is refused", |desk| fault(desk) == "THIRD_PARTY_IS_SUBJECT");
        desk.keep("refused");
        assert_eq!(holders_error(&desk), AtTheDesk::words("card-page.unusable"));
        drop(annas);
        desk.until("another card is asked for", |desk| desk.holders_page() == HolderPage::Card);
        let pers = readers.insert(HOLDERS, card_of(&office.person(PER, Qualified, -30, 300)));
        type_on_holders_side(&desk, PIN);
        desk.until("Per has vouched", |_| page.get_vouched());
        assert_eq!(pers.card().verify_count(), 1);
        assert_eq!((page.get_says_name().as_str(), page.get_superior()), ("Anna Eriksson", true));
        desk.keep("vouched");
        desk.until("the picture can be judged", |desk| enabled(desk.operator(), "op-earlier-alike"));
        desk.click("op-earlier-alike");
        desk.report_is_shown_for_card();
        waits_for_pin(&desk, "op-sign");
        desk.type_pin(PIN);
        desk.until("it is approved", |desk| {
            matches!(desk.page(), OperatorPage::HandBack | OperatorPage::Done) && desk.holders_page() == HolderPage::Thanks
        });
        assert_eq!(desk.operator().global::<Outcome>().get_title(), AtTheDesk::words("end.approved"));
    });
}

#[test]
fn on_a_pin_pad_cancelling_is_no_failure_and_spends_no_try() {
    at_a_desk_with_pad(|readers| {
        let office = Office::new();
        let data = tempfile::tempdir().unwrap();
        let desk = open(&office, data.path(), "pad", |configuration| {
            configuration.local.value.operator_reader.reader = Some("Operator PIN Pad".into());
        });
        let mut card = card_of(&office.kari);
        card.set_pad(PadEntry::Cancel);
        let card = readers.insert(PAD, card);
        desk.until("the pad is offered", |desk| {
            has(desk.operator(), "op-card-pin-pad") && enabled(desk.operator(), "op-card-pin-pad")
        });
        assert!(!has(desk.operator(), "op-card-pin"), "no PIN is typed here");
        desk.click("op-card-pin-pad");
        let page = desk.operator().global::<SignIn>();
        desk.until("cancelling is told", |_| !page.get_card_pin().error.is_empty());
        assert_eq!(page.get_card_pin().error_tone, bam_station_ui::Tone::Info);
        assert_eq!((fault(&desk), card.card().pin_tries_left()), (String::new(), 3));
        desk.keep("cancelled");
        card.card().set_pad(PadEntry::Digits(PIN.into()));
        desk.until("the pad is offered again", |desk| enabled(desk.operator(), "op-card-pin-pad"));
        // The button has the keyboard.
        key(desk.operator(), Key::Return);
        desk.until("Kari is signed in", |desk| desk.operator().global::<Operator>().get_operator_name() == OPERATOR);
    });
}
