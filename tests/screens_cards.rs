//! The screens of cards with real pixels: sign-in, lock, PIN on both sides, own card, third party, renewal, the training dock.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use bam_station_ui::*;
use slint::{
    ComponentHandle, SharedString,
    platform::{Key, PointerEventButton},
};

use crate::{
    screens::{bounds, judge_holder_scenes, judge_layout, judge_operator_scenes, judge_texts},
    support_screens::*,
};

fn face(title: &str, line: &str, verdict: &str, tone: Tone, remedy: &str) -> CardFace {
    CardFace {
        present: !line.is_empty(),
        title: title.into(),
        line: line.into(),
        verdict: verdict.into(),
        tone,
        remedy: remedy.into(),
    }
}

fn good(name: &str, lang: &str) -> CardFace {
    let line = say(lang, "Kvalifisert · Gyldig til 14.03.2028", "Qualified · Valid until 14.03.2028");
    face(name, line, text(lang, "face.counts"), Tone::Good, "")
}

fn empty(lang: &str, key: &str) -> CardFace {
    face(text(lang, key), "", "", Tone::Neutral, "")
}

/// A PIN may be given, and so many tries are left.
fn tries(lang: &str, left: u8) -> PinState {
    PinState {
        ready: left > 0,
        fewest: 6,
        most: 8,
        tries: if left > 1 { text(lang, "pin.tries-left").replace("{}", &left.to_string()).into() } else { "".into() },
        last_try: left == 1,
        blocked: left == 0,
        ..PinState::default()
    }
}

fn wrong(lang: &str, left: u8) -> PinState {
    let mut state = tries(lang, left);
    state.error = format!("{} {}", text(lang, "holder-pin.wrong"), state.tries).trim_end().into();
    state.error_tone = Tone::Bad;
    state
}

fn pad(state: PinState) -> PinState {
    PinState { pad: true, ..state }
}

fn sign_in(window: &OperatorWindow, lang: &str, card: CardFace, pin: PinState) {
    base(window, lang, OperatorPage::SignIn);
    window.global::<Operator>().set_operator_name("".into());
    let page = window.global::<SignIn>();
    page.set_by_card(true);
    page.set_card(card);
    page.set_card_pin(pin);
}

fn locked(window: &OperatorWindow, lang: &str, card: CardFace, pin: PinState) {
    base(window, lang, OperatorPage::Locked);
    let page = window.global::<Locked>();
    page.set_who(text(lang, "locked.who").replace("{}", "Kari Nordmann").into());
    page.set_waits(text(lang, "locked.waits-control").into());
    page.set_card(card);
    page.set_pin(pin);
}

fn approve_by_card(window: &OperatorWindow, lang: &str, pin: PinState) {
    approve(window, lang);
    let page = window.global::<Approval>();
    page.set_by_card(true);
    page.set_card(good("Kari Nordmann", lang));
    page.set_card_pin(pin);
}

fn own_card(window: &OperatorWindow, lang: &str, asked: bool, card: CardFace, pin: PinState, doing: &str) {
    control(window, lang, OperatorPage::OwnCard, 0, &[1, 2, 3]);
    window.global::<Operator>().set_holder_acts(asked);
    let page = window.global::<OwnCard>();
    page.set_side(HolderSide { ready: true, missing: "".into(), asked, doing: doing_text(lang, doing), card, pin });
    page.set_person_matches(true);
    page.set_can_start(!asked);
}

fn doing_text(lang: &str, key: &str) -> SharedString {
    if key.is_empty() { "".into() } else { text(lang, key).into() }
}

fn third_party(window: &OperatorWindow, lang: &str, asked: bool, card: CardFace, pin: PinState) {
    control(window, lang, OperatorPage::ThirdParty, 0, &[1, 2, 3]);
    let page = window.global::<ThirdParty>();
    page.set_side(HolderSide {
        ready: true,
        missing: "".into(),
        asked,
        doing: if asked { doing_text(lang, "holder-side.types") } else { "".into() },
        card,
        pin,
    });
    page.set_says_name("Anna Maria Eriksson".into());
    page.set_statement(
        say(lang, "Har vært hennes leder på avdelingen siden 2019.", "Has been her superior in the department since 2019.")
            .into(),
    );
    page.set_superior(true);
    page.set_compares(true);
    page.set_earlier_scan(sheet_picture(740, 520));
    page.set_earlier_line(text(lang, "third-party.earlier-line").replace("{}", "12.05.2024").into());
    page.set_can_compare(true);
    page.set_can_start(!asked);
}

fn renewal(window: &OperatorWindow, lang: &str, card: CardFace) {
    person(window, lang);
    let page = window.global::<NewControl>();
    page.set_function("renewal".into());
    page.set_reads_card(true);
    page.set_card(card);
}

fn dock(window: &OperatorWindow, lang: &str) {
    let dock = window.global::<TrainingDock>();
    dock.set_available(true);
    dock.set_open(true);
    dock.set_operator_cards(list([choice("operator", text(lang, "dock.operator-card"), "")]));
    dock.set_holder_cards(list(
        ["qualified", "qualified-expired", "local", "local-expired", "third-party"]
            .map(|id| choice(id, text(lang, &format!("dock.{id}")), "")),
    ));
    dock.set_operator_card("operator".into());
    dock.set_pin("246810".into());
}

/// Every page of the operator's window on which a card counts.
pub const OPERATOR_SCENES: &[Scene<OperatorWindow>] = &[
    Scene {
        name: "card-sign-in-empty",
        set: |window, lang| {
            sign_in(window, lang, empty(lang, "face.insert-operator"), PinState { fewest: 6, most: 8, ..PinState::default() });
            window.global::<SignIn>().set_has_keys(true);
        },
        enabled: &["op-road-card", "op-road-key", "op-lang-en"],
        disabled: &["op-card-pin", "op-card-pin-1", "op-card-pin-submit"],
    },
    Scene {
        name: "card-sign-in",
        set: |window, lang| sign_in(window, lang, good("Kari Nordmann", lang), tries(lang, 3)),
        enabled: &["op-card-pin", "op-card-pin-1"],
        disabled: &["op-card-pin-submit"],
    },
    Scene {
        name: "card-sign-in-last-try",
        set: |window, lang| sign_in(window, lang, good("Kari Nordmann", lang), wrong(lang, 1)),
        enabled: &["op-card-pin", "op-card-pin-1"],
        disabled: &["op-card-pin-submit"],
    },
    Scene {
        name: "card-sign-in-blocked",
        set: |window, lang| sign_in(window, lang, good("Kari Nordmann", lang), tries(lang, 0)),
        enabled: &[],
        disabled: &["op-card-pin", "op-card-pin-1", "op-card-pin-submit"],
    },
    Scene {
        name: "card-sign-in-revoked",
        set: |window, lang| {
            let line = say(lang, "Kvalifisert · Gyldig til 14.03.2028", "Qualified · Valid until 14.03.2028");
            let verdict = say(lang, "Sertifikatet er sperret.", "The certificate is revoked.");
            let remedy =
                say(lang, "Bruk et annet kort, eller be om et erstatningskort.", "Use another card, or ask for a replacement.");
            let card = face("Kari Nordmann", line, verdict, Tone::Bad, remedy);
            sign_in(window, lang, card, PinState { fewest: 6, most: 8, ..PinState::default() });
        },
        enabled: &["op-about"],
        disabled: &["op-card-pin", "op-card-pin-submit"],
    },
    Scene {
        name: "pad-sign-in",
        set: |window, lang| sign_in(window, lang, good("Kari Nordmann", lang), pad(tries(lang, 3))),
        enabled: &["op-card-pin-pad"],
        disabled: &[],
    },
    Scene {
        name: "pad-sign-in-waiting",
        set: |window, lang| {
            sign_in(window, lang, good("Kari Nordmann", lang), PinState { at_pad: true, ..pad(tries(lang, 3)) });
            window.global::<SignIn>().set_busy(true);
        },
        enabled: &[],
        disabled: &["op-card-pin-pad"],
    },
    Scene {
        name: "pad-sign-in-cancelled",
        set: |window, lang| {
            let state = PinState { error: text(lang, "holder-pin.cancelled").into(), error_tone: Tone::Info, ..tries(lang, 3) };
            sign_in(window, lang, good("Kari Nordmann", lang), pad(state));
        },
        enabled: &["op-card-pin-pad"],
        disabled: &[],
    },
    Scene {
        name: "locked",
        set: |window, lang| {
            locked(window, lang, empty(lang, "face.insert-locked"), PinState { fewest: 6, most: 8, ..PinState::default() });
        },
        enabled: &["op-change-operator", "op-lang-nb"],
        disabled: &["op-unlock", "op-unlock-submit"],
    },
    Scene {
        name: "locked-card-back",
        set: |window, lang| locked(window, lang, good("Kari Nordmann", lang), wrong(lang, 2)),
        enabled: &["op-unlock", "op-unlock-1", "op-change-operator"],
        disabled: &["op-unlock-submit"],
    },
    Scene {
        name: "approve-card",
        set: |window, lang| approve_by_card(window, lang, tries(lang, 3)),
        enabled: &["op-sign", "op-sign-1", "op-abort"],
        disabled: &["op-sign-submit"],
    },
    Scene {
        name: "approve-card-last-try",
        set: |window, lang| approve_by_card(window, lang, wrong(lang, 1)),
        enabled: &["op-sign", "op-sign-1"],
        disabled: &["op-sign-submit"],
    },
    Scene {
        name: "approve-card-blocked",
        set: |window, lang| approve_by_card(window, lang, tries(lang, 0)),
        enabled: &["op-abort"],
        disabled: &["op-sign", "op-sign-1", "op-sign-submit"],
    },
    Scene {
        name: "approve-pad",
        set: |window, lang| approve_by_card(window, lang, pad(tries(lang, 2))),
        enabled: &["op-sign-pad"],
        disabled: &[],
    },
    Scene {
        name: "own-card-ready",
        set: |window, lang| own_card(window, lang, false, empty(lang, "face.insert-holder"), PinState::default(), ""),
        enabled: &["op-card-person", "op-start-card", "op-other-method"],
        disabled: &[],
    },
    Scene {
        name: "own-card-wrong-reader",
        set: |window, lang| {
            let card = face(
                text(lang, "face.insert-holder"),
                "",
                text(lang, "face.wrong-reader"),
                Tone::Warn,
                text(lang, "face.holders-card"),
            );
            own_card(window, lang, true, card, PinState::default(), "holder-side.insert");
        },
        enabled: &["op-other-method"],
        disabled: &["op-start-card"],
    },
    Scene {
        name: "own-card-last-try",
        set: |window, lang| {
            own_card(window, lang, true, good("Anna Maria Eriksson", lang), wrong(lang, 1), "holder-side.types");
        },
        enabled: &["op-other-method"],
        disabled: &["op-start-card"],
    },
    Scene {
        name: "own-card-blocked",
        set: |window, lang| {
            own_card(window, lang, true, good("Anna Maria Eriksson", lang), tries(lang, 0), "");
        },
        enabled: &["op-other-method"],
        disabled: &["op-start-card"],
    },
    Scene {
        name: "third-party-form",
        set: |window, lang| third_party(window, lang, false, empty(lang, "face.insert-holder"), PinState::default()),
        enabled: &["op-third-name", "op-third-statement", "op-start-third", "op-earlier-alike", "op-earlier-different"],
        disabled: &[],
    },
    Scene {
        name: "third-party-asked",
        set: |window, lang| third_party(window, lang, true, good("Tor Bakken", lang), wrong(lang, 2)),
        enabled: &["op-third-change", "op-earlier-alike"],
        disabled: &["op-start-third"],
    },
    Scene {
        name: "third-party-vouched",
        set: |window, lang| {
            third_party(window, lang, false, good("Tor Bakken", lang), tries(lang, 3));
            window.global::<ThirdParty>().set_vouched(true);
        },
        enabled: &["op-earlier-alike", "op-earlier-different"],
        disabled: &["op-other-method"],
    },
    Scene {
        name: "third-party-never-scanned",
        set: |window, lang| {
            third_party(window, lang, false, empty(lang, "face.insert-holder"), PinState::default());
            let page = window.global::<ThirdParty>();
            page.set_earlier_scan(slint::Image::default());
            page.set_earlier_line("".into());
            page.set_no_earlier_scan(text(lang, "third-party.no-earlier-scan").into());
            page.set_can_compare(false);
            page.set_can_start(false);
        },
        enabled: &["op-other-method"],
        disabled: &["op-start-third", "op-earlier-alike", "op-earlier-different"],
    },
    Scene {
        name: "sheet-different-person",
        set: |window, lang| {
            third_party(window, lang, false, empty(lang, "face.insert-holder"), PinState::default());
            window.global::<Operator>().set_sheet(OperatorSheet::DifferentPerson);
        },
        enabled: &["op-different-person-back", "op-different-person-confirm"],
        disabled: &[],
    },
    Scene {
        name: "renewal-no-card",
        set: |window, lang| {
            let mut card = empty(lang, "face.insert-renewal");
            card.line = text(lang, "face.insert-renewal-note").into();
            renewal(window, lang, card);
            let page = window.global::<NewControl>();
            page.set_asks_card(true);
            page.set_card_states(list(
                ["valid", "expired", "revoked", "unknown"].map(|id| choice(id, text(lang, &format!("card.{id}")), "")),
            ));
        },
        enabled: &["op-card-valid", "op-function-renewal"],
        disabled: &["op-begin"],
    },
    Scene {
        name: "renewal-card",
        set: |window, lang| {
            let mut card = good("Anna Maria Eriksson", lang);
            let state = text(lang, "face.state-qualified").replace("{}", &text(lang, "card.valid").to_lowercase());
            card.line = format!("{}\n{state}", card.line).into();
            renewal(window, lang, card);
            let page = window.global::<NewControl>();
            page.set_has_plan(true);
            page.set_methods(list(
                ["method.own-card", "method.third-party", "method.operator"].map(|key| finding(text(lang, key), Tone::Good)),
            ));
            page.set_steps(list(
                ["step.terms", "step.signature", "step.scan", "step.approval"].map(|key| finding(text(lang, key), Tone::Neutral)),
            ));
            let reason = say(
                lang,
                "De kvalifiserte sertifikatene er gyldige og ikke fornyet før; de kan fornyes én gang (BAM Identitetskontroll, punkt 3.1).",
                "The qualified certificates are valid and were not renewed before; they may be renewed once (BAM identity control, item 3.1).",
            );
            // More reasons than there is room for.
            page.set_reasons(texts(&[reason; 7]));
            page.set_can_begin(true);
        },
        enabled: &["op-begin", "op-kind-qualified"],
        disabled: &[],
    },
    Scene {
        name: "dock-sign-in",
        set: |window, lang| {
            sign_in(window, lang, good("Kari Nordmann", lang), wrong(lang, 1));
            dock(window, lang);
        },
        enabled: &["op-dock", "op-dock-operator-operator", "op-dock-holder-third-party", "op-card-pin"],
        disabled: &[],
    },
    Scene {
        name: "keyboard-document",
        set: |window, lang| {
            document(window, lang);
            window.global::<ScreenKeyboard>().set_open(true);
        },
        enabled: &["op-key-å", "op-key-backspace", "op-key-next", "op-keyboard"],
        disabled: &[],
    },
    Scene {
        name: "dock-document",
        set: |window, lang| {
            document(window, lang);
            dock(window, lang);
        },
        enabled: &["op-dock-holder-qualified", "op-dock-holder-local-expired", "op-suspicion"],
        disabled: &["op-accept-document"],
    },
    Scene {
        name: "dock-third-party",
        set: |window, lang| {
            third_party(window, lang, true, good("Tor Bakken", lang), wrong(lang, 1));
            dock(window, lang);
        },
        enabled: &["op-dock-holder-third-party", "op-earlier-alike"],
        disabled: &["op-start-third"],
    },
];

fn holder_card(window: &HolderWindow, lang: &str, page: HolderPage, pin: PinState) {
    window.global::<Holder>().set_page(page);
    let card = window.global::<HolderCard>();
    card.set_title(text(lang, "card-page.own-title").into());
    card.set_text(text(lang, "card-page.own-text").into());
    card.set_pin_title(text(lang, if pin.pad { "holder-pin.title-pad" } else { "holder-pin.title" }).into());
    card.set_pin(pin);
}

const DIGITS: [&str; 10] = [
    "ho-digit-0",
    "ho-digit-1",
    "ho-digit-2",
    "ho-digit-3",
    "ho-digit-4",
    "ho-digit-5",
    "ho-digit-6",
    "ho-digit-7",
    "ho-digit-8",
    "ho-digit-9",
];

/// Every page of the holder's window on which a card counts.
pub const HOLDER_SCENES: &[Scene<HolderWindow>] = &[
    Scene {
        name: "card",
        set: |window, lang| holder_card(window, lang, HolderPage::Card, PinState::default()),
        enabled: &["ho-lang-nb", "ho-lang-en"],
        disabled: &[],
    },
    Scene {
        name: "card-wrong-reader",
        set: |window, lang| {
            holder_card(window, lang, HolderPage::Card, PinState::default());
            window.global::<HolderCard>().set_hint(text(lang, "card-page.wrong-reader").into());
        },
        enabled: &["ho-lang-nb"],
        disabled: &[],
    },
    Scene {
        name: "card-reading",
        set: |window, lang| {
            holder_card(window, lang, HolderPage::Card, PinState::default());
            let card = window.global::<HolderCard>();
            card.set_reading(true);
            card.set_text(text(lang, "card-page.reading").into());
        },
        enabled: &["ho-lang-nb"],
        disabled: &[],
    },
    Scene {
        name: "card-third-party",
        set: |window, lang| {
            holder_card(window, lang, HolderPage::Card, PinState::default());
            let card = window.global::<HolderCard>();
            card.set_title(text(lang, "card-page.third-title").into());
            card.set_text(text(lang, "card-page.third-text").into());
        },
        enabled: &["ho-lang-nb"],
        disabled: &[],
    },
    Scene {
        name: "pin",
        set: |window, lang| holder_card(window, lang, HolderPage::Pin, tries(lang, 3)),
        enabled: &DIGITS,
        disabled: &["ho-pin-erase", "ho-pin-done"],
    },
    Scene {
        name: "pin-typed-shuffled",
        set: |window, lang| {
            holder_card(window, lang, HolderPage::Pin, tries(lang, 3));
            let card = window.global::<HolderCard>();
            card.set_digits(texts(&["7", "0", "3", "9", "1", "5", "8", "2", "6", "4"]));
            card.set_typed(6);
            card.set_complete(true);
        },
        enabled: &["ho-pin-erase", "ho-pin-done", "ho-digit-4"],
        disabled: &[],
    },
    Scene {
        name: "pin-last-try",
        set: |window, lang| holder_card(window, lang, HolderPage::Pin, wrong(lang, 1)),
        enabled: &["ho-digit-1"],
        disabled: &["ho-pin-done"],
    },
    Scene {
        name: "pin-blocked",
        set: |window, lang| holder_card(window, lang, HolderPage::Pin, tries(lang, 0)),
        enabled: &["ho-lang-nb"],
        disabled: &DIGITS,
    },
    Scene {
        name: "pin-checking",
        set: |window, lang| {
            holder_card(window, lang, HolderPage::Pin, tries(lang, 3));
            window.global::<HolderCard>().set_busy(true);
        },
        enabled: &[],
        disabled: &["ho-digit-1", "ho-pin-done", "ho-pin-erase"],
    },
    Scene {
        name: "pin-pad",
        set: |window, lang| holder_card(window, lang, HolderPage::Pin, pad(wrong(lang, 2))),
        enabled: &["ho-pin-pad"],
        disabled: &[],
    },
    Scene {
        name: "pin-pad-waiting",
        set: |window, lang| holder_card(window, lang, HolderPage::Pin, PinState { at_pad: true, ..pad(tries(lang, 3)) }),
        enabled: &["ho-lang-nb"],
        disabled: &[],
    },
    Scene {
        name: "thanks-card",
        set: |window, _| {
            window.global::<Holder>().set_page(HolderPage::Thanks);
            window.global::<Holder>().set_take_card(true);
        },
        enabled: &["ho-lang-nb"],
        disabled: &[],
    },
];

#[test]
fn card_pages_of_the_operator_are_complete_in_bokmal() {
    platform();
    judge_operator_scenes(OPERATOR_SCENES, "nb", SIZES[0]);
    judge_operator_scenes(OPERATOR_SCENES, "nb", SIZES[1]);
}

#[test]
fn card_pages_of_the_operator_are_complete_in_english() {
    platform();
    judge_operator_scenes(OPERATOR_SCENES, "en", SIZES[0]);
    judge_operator_scenes(OPERATOR_SCENES, "en", SIZES[1]);
}

#[test]
fn card_pages_of_the_holder_are_complete_in_bokmal() {
    platform();
    judge_holder_scenes(HOLDER_SCENES, "nb");
}

#[test]
fn card_pages_of_the_holder_are_complete_in_english() {
    platform();
    judge_holder_scenes(HOLDER_SCENES, "en");
}

#[test]
fn long_names_and_a_fault_push_nothing_out_of_the_card_pages() {
    platform();
    let person = "Christina-Elisabeth Featherstonehaugh-Cholmondeley Ærlighaug";
    for (lang, size) in [("nb", SIZES[0]), ("en", SIZES[1])] {
        for scene in OPERATOR_SCENES {
            let window = operator_window(lang, size);
            (scene.set)(&window, lang);
            let operator = window.global::<Operator>();
            operator.set_office("Fylkeskommunens felles kontor for identitetskontroll og kortutstedelse".into());
            if !operator.get_operator_name().is_empty() {
                operator.set_operator_name(person.into());
                let last = text(lang, "last-sign-in.at").replacen("{}", "21.11.2026", 1).replacen("{}", "15:02", 1);
                operator.set_last_sign_in(last.into());
            }
            operator.set_holder_name(person.into());
            let renamed = |card: CardFace| CardFace { title: if card.present { person.into() } else { card.title }, ..card };
            let sign_in = window.global::<SignIn>();
            sign_in.set_card(renamed(sign_in.get_card()));
            let locked = window.global::<Locked>();
            locked.set_card(renamed(locked.get_card()));
            locked.set_who(text(lang, "locked.who").replace("{}", person).into());
            let approval = window.global::<Approval>();
            approval.set_card(renamed(approval.get_card()));
            let place = format!("long-{}-{lang}-{}", scene.name, size.0);
            settle();
            judge_layout(&window, size, 48.0, &place);
            judge_texts(&window, size, &place);
            if scene.name.starts_with("approve") || scene.name.starts_with("locked") || scene.name.starts_with("card-sign-in") {
                jam(&window, lang);
                picture(&window, &place);
                judge_layout(&window, size, 48.0, &place);
            }
        }
    }
}

#[test]
fn the_holders_digits_are_counted_and_never_told() {
    platform();
    let window = holder_window("nb", SIZES[0]);
    holder_card(&window, "nb", HolderPage::Pin, tries("nb", 3));
    let card = window.global::<HolderCard>();
    let pressed = Rc::new(RefCell::new(String::new()));
    let (log, weak) = (pressed.clone(), window.as_weak());
    card.on_press(move |digit| {
        log.borrow_mut().push_str(&digit);
        let window = weak.unwrap();
        window.global::<HolderCard>().set_typed(log.borrow().len() as i32);
    });
    let done = Rc::new(Cell::new(0));
    let log = done.clone();
    card.on_finish(move || log.set(log.get() + 1));
    settle();
    for digit in ["1", "3", "5"] {
        click(&window, &format!("ho-digit-{digit}"));
    }
    // A keyboard does as well, and Enter counts only when a PIN is complete.
    write(&window, "79x2");
    key(&window, Key::Return);
    assert_eq!((pressed.borrow().as_str(), done.get()), ("135792", 0));
    card.set_complete(true);
    settle();
    key(&window, Key::Return);
    click(&window, "ho-pin-done");
    assert_eq!(done.get(), 2);
    // Six dots, and the number of digits for those who do not see them.
    let said = spoken(&window);
    assert!(said.iter().any(|said| said.ends_with(" 6")), "{said:?}");
    assert!(said.iter().all(|said| !said.contains("135792")), "{said:?}");
}

#[test]
fn keys_in_another_order_are_pressed_by_what_they_say() {
    platform();
    let window = holder_window("nb", SIZES[0]);
    let scene = HOLDER_SCENES.iter().find(|scene| scene.name == "pin-typed-shuffled").unwrap();
    (scene.set)(&window, "nb");
    let pressed = Rc::new(RefCell::new(vec![]));
    let log = pressed.clone();
    window.global::<HolderCard>().on_press(move |digit| log.borrow_mut().push(digit.to_string()));
    settle();
    // The first key stands at the upper left, whatever it says.
    let first = bounds(&by_id(&window, "ho-digit-7"));
    for other in DIGITS.iter().filter(|id| **id != "ho-digit-7") {
        let at = bounds(&by_id(&window, other));
        assert!(at.1 > first.1 || at.0 > first.0, "{other} at {at:?}, the first key at {first:?}");
    }
    click(&window, "ho-digit-7");
    click(&window, "ho-digit-4");
    assert_eq!(*pressed.borrow(), ["7", "4"]);
}

#[test]
fn what_was_typed_for_one_card_is_not_left_for_the_next() {
    platform();
    let window = operator_window("nb", SIZES[0]);
    sign_in(&window, "nb", good("Kari Nordmann", "nb"), tries("nb", 3));
    let tried = Rc::new(RefCell::new(vec![]));
    let (log, held, weak) = (tried.clone(), secrets(&window), window.as_weak());
    window.global::<SignIn>().on_sign_in_with_card(move || log.borrow_mut().push(handed_over(&weak.unwrap(), &held)));
    settle();
    // The field has the keyboard.
    write(&window, "246");
    // The card is pulled, and another one comes.
    window.global::<SignIn>().set_card_pin(PinState { fewest: 6, most: 8, ..PinState::default() });
    settle();
    window.global::<SignIn>().set_card_pin(tries("nb", 2));
    settle();
    write(&window, "810");
    assert!(!enabled(&window, "op-card-pin-submit"), "three digits are no PIN");
    write(&window, "123");
    key(&window, Key::Return);
    assert_eq!(*tried.borrow(), ["810123"]);
    by_id(&window, "op-card-pin").mock_single_click(PointerEventButton::Left);
    key(&window, Key::Return);
    assert_eq!(tried.borrow().len(), 1, "a PIN is handed on once");
}

#[test]
fn a_cancelled_pin_pad_is_told_as_no_failure() {
    platform();
    let window = operator_window("nb", SIZES[0]);
    let shot = |name: &str| {
        let scene = OPERATOR_SCENES.iter().find(|scene| scene.name == name).unwrap();
        (scene.set)(&window, "nb");
        picture(&window, &format!("pad-tone-{name}"))
    };
    let reds = |picture: &image::RgbaImage| picture.pixels().filter(|p| p.0[0] > 0x90 && p.0[1] < 0x30 && p.0[2] < 0x30).count();
    let cancelled = shot("pad-sign-in-cancelled");
    assert!(spoken(&window).iter().any(|said| said.contains(text("nb", "holder-pin.cancelled"))));
    assert_eq!(reds(&cancelled), 0, "nothing red on the page");
    sign_in(&window, "nb", good("Kari Nordmann", "nb"), pad(wrong("nb", 2)));
    assert!(reds(&picture(&window, "pad-tone-wrong")) > 20, "a wrong PIN is red");
}

#[test]
fn the_dock_puts_cards_in_and_pulls_them() {
    platform();
    let window = operator_window("nb", SIZES[0]);
    base(&window, "nb", OperatorPage::Home);
    settle();
    assert!(find(&window, "op-dock").is_none(), "a desk with real readers has no dock");
    dock(&window, "nb");
    window.global::<TrainingDock>().set_open(false);
    let put = Rc::new(RefCell::new(vec![]));
    let (log, other) = (put.clone(), put.clone());
    window.global::<TrainingDock>().on_put_operator_card(move |card| log.borrow_mut().push(format!("operator {card}")));
    window.global::<TrainingDock>().on_put_holder_card(move |card| other.borrow_mut().push(format!("holder {card}")));
    settle();
    assert!(find(&window, "op-dock-operator-operator").is_none(), "it is closed");
    click(&window, "op-dock");
    click(&window, "op-dock-operator-operator");
    click(&window, "op-dock-holder-local-expired");
    assert_eq!(*put.borrow(), ["operator ", "holder local-expired"], "the card that is in is pulled");
}
