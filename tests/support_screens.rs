//! The two windows without a station: a platform with real pixels and no display, scenes of every page, and the words to
//! look at a window and to act on it.

use std::{cell::RefCell, path::PathBuf, rc::Rc};

use bam_station::ui::typed::Typed;
use bam_station_ui::*;
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery, ElementRoot, TestingBackend, TestingBackendOptions};
use slint::platform::{Key, WindowEvent};
use slint::{ComponentHandle, Image, LogicalSize, ModelRc, Rgba8Pixel, SharedPixelBuffer, SharedString};

/// The two sizes at which every page is judged.
pub const SIZES: [(f32, f32); 2] = [(1280.0, 800.0), (1920.0, 1080.0)];

/// Gives this thread a platform that draws with the software renderer into memory.
pub fn platform() {
    let options = TestingBackendOptions { mock_time: true, threading: false, renderer_name: Some("software".into()) };
    slint::platform::set_platform(Box::new(TestingBackend::new(options))).unwrap();
}

pub fn operator_window(lang: &str, size: (f32, f32)) -> OperatorWindow {
    let window = OperatorWindow::new().unwrap();
    attach(&window.global::<I18n>());
    window.global::<I18n>().set_lang(lang.into());
    secrets(&window);
    show(&window, size);
    window
}

/// Holds what is typed in secret for this window, as the program does.
pub fn secrets(window: &OperatorWindow) -> Rc<RefCell<Typed>> {
    let held = Rc::new(RefCell::new(Typed::default()));
    let secret = window.global::<Secret>();
    let tell = |window: &slint::Weak<OperatorWindow>, held: &Typed| {
        window.unwrap().global::<Secret>().set_typed(i32::try_from(held.count()).unwrap());
    };
    let (log, weak) = (held.clone(), window.as_weak());
    secret.on_press(move |_, key| {
        let taken = log.borrow_mut().push(&key);
        tell(&weak, &log.borrow());
        taken
    });
    let (log, weak) = (held.clone(), window.as_weak());
    secret.on_take_back(move |_| {
        log.borrow_mut().take_back();
        tell(&weak, &log.borrow());
    });
    let (log, weak) = (held.clone(), window.as_weak());
    secret.on_erase(move |_| {
        log.borrow_mut().erase();
        tell(&weak, &log.borrow());
    });
    held
}

/// What was typed, taken once.
pub fn handed_over(window: &OperatorWindow, held: &Rc<RefCell<Typed>>) -> String {
    let pin = held.borrow_mut().take().map(|pin| String::from_utf8_lossy(pin.expose()).into_owned());
    window.global::<Secret>().set_typed(0);
    pin.unwrap_or_default()
}

pub fn holder_window(lang: &str, size: (f32, f32)) -> HolderWindow {
    let window = HolderWindow::new().unwrap();
    attach(&window.global::<I18n>());
    window.global::<I18n>().set_lang(lang.into());
    window.global::<Holder>().set_office("Eksempelbedriften AS".into());
    show(&window, size);
    window
}

fn show(window: &impl ComponentHandle, size: (f32, f32)) {
    window.window().set_size(LogicalSize::new(size.0, size.1));
    window.show().unwrap();
    window.window().dispatch_event(WindowEvent::WindowActiveChanged(true));
    settle();
}

/// Lets what follows from a change happen.
pub fn settle() {
    i_slint_backend_testing::mock_elapsed_time(std::time::Duration::from_millis(20));
}

/// Lets the moment pass after which the holder's answers count.
pub fn moment() {
    for _ in 0..50 {
        settle();
    }
}

/// This path as one piece of ink.
pub fn ink(commands: &str) -> InkPiece {
    InkPiece { commands: commands.into(), x: 0.0, y: 0.0, width: 1000.0, height: 300.0 }
}

/// Draws the window and keeps the picture in `target/screens/`.
pub fn picture(window: &impl ComponentHandle, name: &str) -> image::RgbaImage {
    settle();
    let shot = window.window().take_snapshot().unwrap();
    let picture = image::RgbaImage::from_raw(shot.width(), shot.height(), shot.as_bytes().to_vec()).unwrap();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/screens");
    std::fs::create_dir_all(&folder).unwrap();
    picture.save(folder.join(format!("{name}.png"))).unwrap();
    picture
}

/// The element with this stable name, if the page has it.
pub fn find(window: &impl ElementRoot, id: &str) -> Option<ElementHandle> {
    let id = id.to_owned();
    ElementQuery::from_root(window).match_predicate(move |e| e.accessible_id().as_deref() == Some(id.as_str())).find_first()
}

pub fn by_id(window: &impl ElementRoot, id: &str) -> ElementHandle {
    find(window, id).unwrap_or_else(|| panic!("the page has no {id}"))
}

pub fn click(window: &impl ElementRoot, id: &str) {
    by_id(window, id).mock_single_click(slint::platform::PointerEventButton::Left);
    settle();
}

pub fn enabled(window: &impl ElementRoot, id: &str) -> bool {
    by_id(window, id).accessible_enabled().unwrap_or_else(|| panic!("{id} does not say whether it is enabled"))
}

/// Everything that can be acted on.
pub fn controls(window: &impl ElementRoot) -> Vec<ElementHandle> {
    ElementQuery::from_root(window)
        .match_predicate(|e| {
            let acts = [AccessibleRole::Button, AccessibleRole::Checkbox, AccessibleRole::RadioButton, AccessibleRole::TextInput];
            e.accessible_role().is_some_and(|role| acts.contains(&role))
        })
        .find_all()
}

/// Everything that a screen reader would say on the page.
pub fn spoken(window: &impl ElementRoot) -> Vec<String> {
    ElementQuery::from_root(window)
        .match_predicate(|e| e.accessible_role().is_some_and(|role| role != AccessibleRole::None))
        .find_all()
        .iter()
        .filter_map(|e| e.accessible_label().map(String::from))
        .collect()
}

pub fn key(window: &impl ComponentHandle, key: impl Into<SharedString>) {
    let text = key.into();
    window.window().dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
    window.window().dispatch_event(WindowEvent::KeyReleased { text });
    settle();
}

pub fn tab(window: &impl ComponentHandle) {
    key(window, Key::Tab);
}

pub fn write(window: &impl ComponentHandle, text: &str) {
    for letter in text.chars() {
        key(window, letter);
    }
}

pub fn list<T: Clone + 'static>(rows: impl IntoIterator<Item = T>) -> ModelRc<T> {
    ModelRc::from(rows.into_iter().collect::<Vec<_>>().as_slice())
}

pub fn texts(rows: &[&str]) -> ModelRc<SharedString> {
    list(rows.iter().map(|&text| SharedString::from(text)))
}

pub fn choice(id: &str, label: &str, note: &str) -> Choice {
    Choice { id: id.into(), label: label.into(), note: note.into(), enabled: true }
}

fn check(id: &str, label: &str, checked: bool) -> Check {
    Check { id: id.into(), label: label.into(), checked }
}

pub fn finding(text: &str, tone: Tone) -> Finding {
    Finding { text: text.into(), tone }
}

pub fn fact(label: &str, value: &str) -> Fact {
    Fact { label: label.into(), value: value.into() }
}

pub fn paragraph(heading: &str, text: &str) -> Paragraph {
    Paragraph { heading: heading.into(), text: text.into() }
}

/// A signature in a field of 600 × 200.
pub const SIGNATURE: &str = "M 60 130 L 80 70 L 100 40 L 112 60 L 104 110 L 96 140 L 120 110 L 150 95 L 160 110 L 150 135 \
    L 175 100 L 190 130 L 215 95 L 230 132 L 260 90 L 270 130 L 300 100 M 320 140 L 350 50 L 372 44 L 380 70 L 350 95 \
    L 372 110 L 400 135 L 425 100 L 440 128 L 470 90 L 486 130 L 540 105";

/// A page with a portrait and lines, as a stand-in for a scan or a page of the report.
pub fn sheet_picture(width: u32, height: u32) -> Image {
    let mut pixels = SharedPixelBuffer::<Rgba8Pixel>::new(width, height);
    let portrait = |x: u32, y: u32| (width / 16..width * 5 / 16).contains(&x) && (height / 5..height * 3 / 5).contains(&y);
    let line = |x: u32, y: u32| x > width * 3 / 8 && x < width * 15 / 16 && (y % (height / 14)) < height / 60;
    for (i, pixel) in pixels.make_mut_slice().iter_mut().enumerate() {
        let (x, y) = (i as u32 % width, i as u32 / width);
        let (r, g, b) = if portrait(x, y) {
            (0x8a, 0x9a, 0xa6)
        } else if line(x, y) {
            (0x2a, 0x36, 0x42)
        } else {
            (0xf1, 0xf4, 0xee)
        };
        *pixel = Rgba8Pixel { r, g, b, a: 255 };
    }
    Image::from_rgba8(pixels)
}

/// One page of the operator's window in one state, with what must be there and whether it can be acted on.
pub struct Scene<W> {
    pub name: &'static str,
    pub set: fn(&W, &str),
    pub enabled: &'static [&'static str],
    pub disabled: &'static [&'static str],
}

/// Bokmål, which stands for nynorsk as well, or English.
pub fn say<'a>(lang: &str, nb: &'a str, en: &'a str) -> &'a str {
    if lang == "en" { en } else { nb }
}

pub fn base(window: &OperatorWindow, lang: &str, page: OperatorPage) {
    let operator = window.global::<Operator>();
    operator.set_page(page);
    operator.set_office("Eksempelbedriften AS".into());
    operator.set_operator_name("Kari Nordmann".into());
    operator.set_training(true);
    let device = |name: &str, state: &str, tone| Device { name: name.into(), state: state.into(), tone };
    operator.set_devices(list([
        device(say(lang, "Skanner", "Scanner"), say(lang, "Klar", "Ready"), Tone::Good),
        device(say(lang, "Operatørnøkkel", "Operator key"), say(lang, "Programnøkkel", "Software key"), Tone::Neutral),
        device(say(lang, "Arkiv", "Archive"), say(lang, "Får ikke kontakt", "Cannot be reached"), Tone::Warn),
    ]));
}

/// A control under way at step `current` (from 0); steps named in `not_needed` are skipped.
pub fn control(window: &OperatorWindow, lang: &str, page: OperatorPage, current: usize, not_needed: &[usize]) {
    base(window, lang, page);
    let operator = window.global::<Operator>();
    operator.set_in_control(true);
    operator.set_holder_name("Anna Maria Eriksson".into());
    operator.set_control_line(say(lang, "Nytt kort · kvalifisert", "New card · qualified").into());
    let steps =
        ["step.document", "step.terms", "step.signature", "step.scan", "step.approval"].iter().enumerate().map(|(i, key)| {
            let state = if not_needed.contains(&i) {
                StepState::NotNeeded
            } else if i < current {
                StepState::Done
            } else if i == current {
                StepState::Current
            } else {
                StepState::Coming
            };
            let note = if state == StepState::NotNeeded { text(lang, "step.not-needed") } else { "" };
            Step { title: text(lang, key).into(), note: note.into(), state }
        });
    operator.set_steps(list(steps));
    operator.set_abort_reasons(list(
        ["holder-left", "wrong-person", "device", "other"].map(|id| choice(id, text(lang, &format!("abort.{id}")), "")),
    ));
}

pub fn jam(window: &OperatorWindow, lang: &str) {
    window.global::<Operator>().set_fault(Fault {
        code: "SCAN_JAMMED".into(),
        cause: say(lang, "Papiret sitter fast i skanneren.", "The paper is stuck in the scanner.").into(),
        remedy: say(
            lang,
            "Åpne lokket, ta ut dokumentet og legg det i på nytt.",
            "Open the lid, take the document out and place it again.",
        )
        .into(),
        tone: Tone::Bad,
    });
}

pub fn person(window: &OperatorWindow, lang: &str) {
    base(window, lang, OperatorPage::NewControl);
    let page = window.global::<NewControl>();
    page.set_first_names("Anna Maria".into());
    page.set_last_name("Eriksson".into());
    page.set_birth_date("12.08.1974".into());
    page.set_functions(list(
        ["new-card", "replacement-card", "renewal", "pin-unlock", "activation-code"]
            .map(|id| choice(id, text(lang, &format!("function.{id}")), "")),
    ));
    page.set_kinds(list(
        ["local", "qualified"].map(|id| choice(id, text(lang, &format!("kind.{id}")), text(lang, &format!("kind.{id}-note")))),
    ));
    page.set_kind("qualified".into());
}

pub fn document(window: &OperatorWindow, lang: &str) {
    control(window, lang, OperatorPage::Document, 0, &[]);
    let page = window.global::<DocumentCheck>();
    page.set_kinds(list([
        choice("passport", say(lang, "Norsk pass", "Norwegian passport"), ""),
        choice("id-card", say(lang, "Nasjonalt ID-kort", "National ID card"), ""),
        choice("foreign", say(lang, "Utenlandsk pass", "Foreign passport"), ""),
        choice("travel", say(lang, "Reisebevis for flyktninger", "Refugee travel document"), ""),
    ]));
    page.set_kind("passport".into());
    page.set_issuer("UTO".into());
    page.set_number("L898902C3".into());
    page.set_issued("15.04.2022".into());
    page.set_expires("15.04.2032".into());
    page.set_first_names("ANNA MARIA".into());
    page.set_last_name("ERIKSSON".into());
    page.set_features(list([
        check(
            "watermark",
            say(lang, "Vannmerket synes når siden holdes mot lys", "The watermark shows when the page is held to the light"),
            true,
        ),
        check(
            "hologram",
            say(lang, "Hologrammet skifter farge når passet vippes", "The hologram changes colour when the passport is tilted"),
            true,
        ),
        check(
            "relief",
            say(lang, "Preget tekst kjennes under fingeren nederst på siden", "Raised print can be felt at the foot of the page"),
            false,
        ),
        check("microtext", say(lang, "Mikroteksten er skarp under lupe", "The microtext is sharp under a magnifier"), false),
    ]));
    page.set_undamaged(true);
    page.set_findings(list([
        finding(
            say(lang, "Navnet stemmer med den som skal kontrolleres.", "The name is that of the person to be controlled."),
            Tone::Good,
        ),
        finding(
            say(lang, "Dokumentet utløper om mindre enn tre måneder.", "The document expires in less than three months."),
            Tone::Warn,
        ),
    ]));
    page.set_missing(
        say(
            lang,
            "Mangler: ett sikkerhetselement til, fødselsdato og bildet.",
            "Missing: one more security feature, date of birth and the photo.",
        )
        .into(),
    );
    page.set_reject_reasons(list(
        ["expired", "damaged", "not-accepted", "person-differs", "data-differs"]
            .map(|id| choice(id, text(lang, &format!("reject.{id}")), "")),
    ));
    page.set_no_document_choices(list(
        ["comes-back", "dispensation"]
            .map(|id| choice(id, text(lang, &format!("no-document.{id}")), text(lang, &format!("no-document.{id}-note")))),
    ));
    page.set_responsible(
        say(
            lang,
            "Si fra til sikkerhetsansvarlig, Kari Nilsen, telefon 22 00 00 00.",
            "Tell the security officer, Kari Nilsen, telephone 22 00 00 00.",
        )
        .into(),
    );
}

pub fn terms_page(lang: &str) -> Vec<Paragraph> {
    if lang != "en" {
        vec![
            paragraph(
                "1. Hva avtalen gjelder",
                "Du får et kort med kvalifisert sertifikat. Sertifikatet viser hvem du er når du logger på og signerer. Signaturen din er bindende på samme måte som en underskrift på papir.",
            ),
            paragraph(
                "2. Slik passer du på kortet",
                "Kortet og PIN-koden er personlige. Du må ikke låne dem bort eller skrive PIN-koden ned. Meld fra med en gang hvis kortet er tapt eller noen kan kjenne PIN-koden din.",
            ),
        ]
    } else {
        vec![
            paragraph(
                "1. What the agreement is about",
                "You receive a card with a qualified certificate. The certificate shows who you are when you sign in and sign. Your signature binds you in the same way as a signature on paper.",
            ),
            paragraph(
                "2. How to look after the card",
                "The card and the PIN are personal. You must not lend them or write the PIN down. Report at once if the card is lost or somebody may know your PIN.",
            ),
        ]
    }
}

fn terms(window: &OperatorWindow, lang: &str, page: i32) {
    control(window, lang, OperatorPage::Terms, 1, &[]);
    window.global::<Operator>().set_holder_acts(true);
    let watch = window.global::<TermsWatch>();
    watch.set_facts(list([
        fact(
            say(lang, "Vilkår", "Terms"),
            say(lang, "Avtalevilkår for kvalifiserte sertifikater", "Terms for qualified certificates"),
        ),
        fact(say(lang, "Versjon", "Version"), "2026-01"),
        fact(say(lang, "Språk", "Language"), say(lang, "Norsk", "English")),
    ]));
    watch.set_progress(page as f32 / 4.0);
    watch.set_progress_text(format!("{} {page} {} 4", text(lang, "terms.page"), text(lang, "terms.of")).into());
    watch.set_last_page_reached(page == 4);
    watch.set_paragraphs(list(terms_page(lang)));
}

fn attempt(lang: &str, n: i32, of: i32) -> SharedString {
    if lang != "en" { format!("Forsøk {n} av {of}") } else { format!("Attempt {n} of {of}") }.into()
}

fn scan(window: &OperatorWindow, lang: &str, phase: ScanPhase) {
    control(window, lang, OperatorPage::Scan, 3, &[]);
    let page = window.global::<ScanCheck>();
    page.set_phase(phase);
    page.set_upright_pose(true);
    page.set_attempts(attempt(lang, 1, 5));
}

pub fn approve(window: &OperatorWindow, lang: &str) {
    control(window, lang, OperatorPage::Approve, 4, &[]);
    let page = window.global::<Approval>();
    page.set_page_picture(sheet_picture(620, 877));
    page.set_page_text(say(lang, "Side 1 av 3", "Page 1 of 3").into());
    page.set_has_next(true);
    page.set_can_sign(true);
}

fn no_reader(lang: &str) -> HolderSide {
    let missing = say(
        lang,
        "Kortleseren er ikke koblet til. Koble den til, eller velg en annen identifisering.",
        "The card reader is not connected. Plug it in, or choose another identification.",
    );
    HolderSide { missing: missing.into(), ..HolderSide::default() }
}

/// Every page of the operator's window, cards apart.
pub const OPERATOR_SCENES: &[Scene<OperatorWindow>] = &[
    Scene {
        name: "create-operator",
        set: |window, lang| {
            base(window, lang, OperatorPage::CreateOperator);
            window.global::<Operator>().set_operator_name("".into());
            let page = window.global::<CreateOperator>();
            page.set_name("Kari Nordmann".into());
            page.set_pin_error(
                say(lang, "De to PIN-ene er ulike. Tast dem på nytt.", "The two PINs differ. Enter them again.").into(),
            );
        },
        enabled: &["op-create-name", "op-create-pin", "op-create-repeat", "op-lang-nb", "op-lang-en"],
        disabled: &["op-create"],
    },
    Scene {
        name: "sign-in",
        set: |window, lang| {
            base(window, lang, OperatorPage::SignIn);
            window.global::<Operator>().set_operator_name("".into());
            let page = window.global::<SignIn>();
            let note = say(lang, "Opplæringsnøkkel", "Training key");
            page.set_operators(list([choice("kari", "Kari Nordmann", note), choice("per", "Per Ås", note)]));
            page.set_selected("kari".into());
            page.set_can_create(true);
            page.set_error(say(lang, "Feil PIN. 4 forsøk igjen.", "Wrong PIN. 4 tries left.").into());
        },
        enabled: &["op-operator-kari", "op-operator-per", "op-new-operator", "op-pin", "op-pin-0", "op-pin-9"],
        disabled: &["op-pin-submit", "op-pin-erase"],
    },
    Scene {
        name: "sign-in-locked",
        set: |window, lang| {
            base(window, lang, OperatorPage::SignIn);
            let page = window.global::<SignIn>();
            page.set_operators(list([choice("kari", "Kari Nordmann", "")]));
            page.set_selected("kari".into());
            page.set_locked(true);
        },
        enabled: &["op-operator-kari"],
        disabled: &["op-pin", "op-pin-1", "op-pin-submit"],
    },
    Scene {
        name: "about",
        set: |window, lang| {
            base(window, lang, OperatorPage::SignIn);
            let operator = window.global::<Operator>();
            operator.set_operator_name("".into());
            operator.set_version("0.1.0".into());
            operator.set_sheet(OperatorSheet::About);
        },
        enabled: &["op-about-back", "op-about"],
        disabled: &[],
    },
    Scene {
        name: "others-control",
        set: |window, lang| {
            control(window, lang, OperatorPage::OthersControl, 3, &[]);
            window.global::<Operator>().set_others_text(
                say(lang, "Per Ås begynte denne kontrollen kl. 09:14.", "Per Ås began this control at 09:14.").into(),
            );
        },
        enabled: &["op-abort", "op-change-operator"],
        disabled: &[],
    },
    Scene {
        name: "home",
        set: |window, lang| {
            base(window, lang, OperatorPage::Home);
            let row = |time: &str, name: &str, function: &str, kind: &str, outcome: &str, tone, delivery: &str, delivery_tone| {
                ControlRow {
                    time: time.into(),
                    name: name.into(),
                    function: text(lang, function).into(),
                    kind: text(lang, kind).into(),
                    outcome: text(lang, outcome).into(),
                    outcome_tone: tone,
                    delivery: if delivery.is_empty() { "".into() } else { text(lang, delivery).into() },
                    delivery_tone,
                }
            };
            let page = window.global::<Home>();
            page.set_rows(list([
                row("09:40", "Per Ås", "function.pin-unlock", "kind.local", "outcome.failed", Tone::Bad, "", Tone::Neutral),
                row(
                    "09:31",
                    "Christina-Elisabeth Featherstonehaugh-Cholmondeley",
                    "function.activation-code",
                    "kind.local",
                    "outcome.aborted",
                    Tone::Neutral,
                    "",
                    Tone::Neutral,
                ),
                row(
                    "09:12",
                    "Bjørn Ærlig",
                    "function.renewal",
                    "kind.qualified",
                    "outcome.approved",
                    Tone::Good,
                    "delivery.waiting",
                    Tone::Info,
                ),
                row(
                    "08:57",
                    "Kari Østby-Håkonsen",
                    "function.new-card",
                    "kind.qualified",
                    "outcome.declined",
                    Tone::Warn,
                    "",
                    Tone::Neutral,
                ),
                row(
                    "08:31",
                    "Ola Nordmann",
                    "function.replacement-card",
                    "kind.local",
                    "outcome.approved",
                    Tone::Good,
                    "delivery.none",
                    Tone::Neutral,
                ),
                row(
                    "08:05",
                    "Anna Maria Eriksson",
                    "function.new-card",
                    "kind.qualified",
                    "outcome.approved",
                    Tone::Good,
                    "delivery.delivered",
                    Tone::Good,
                ),
            ]));
            page.set_date(say(lang, "lørdag 21. november 2026", "Saturday 21 November 2026").into());
            page.set_outbox(say(lang, "1 rapport venter på levering", "1 report is waiting to be delivered").into());
            page.set_outbox_tone(Tone::Info);
            page.set_range(say(lang, "1–6 av 23", "1–6 of 23").into());
            page.set_has_older(true);
        },
        enabled: &["op-new-control", "op-older", "op-sign-out"],
        disabled: &["op-newer"],
    },
    Scene {
        name: "history",
        set: |window, lang| {
            base(window, lang, OperatorPage::History);
            let page = window.global::<History>();
            let chips = |group: &str, ids: &[&str]| {
                list(ids.iter().map(|id| choice(id, text(lang, &format!("{group}{id}")), "")).collect::<Vec<_>>())
            };
            page.set_periods(chips("history.period-", &["today", "week", "month", "year", "all"]));
            let mut functions = vec![choice("all", text(lang, "history.all"), "")];
            functions.extend(
                ["new-card", "replacement-card", "renewal", "pin-unlock", "activation-code"]
                    .map(|id| choice(id, text(lang, &format!("function.{id}")), "")),
            );
            page.set_functions(list(functions));
            let mut outcomes = vec![choice("all", text(lang, "history.all"), "")];
            outcomes.extend(
                ["approved", "declined", "refused", "failed", "aborted"]
                    .map(|id| choice(id, text(lang, &format!("outcome.{id}")), "")),
            );
            page.set_outcomes(list(outcomes));
            page.set_right(text(lang, "history.right-own").into());
            let row = |time: &str, name: &str, outcome: &str, tone| ControlRow {
                time: time.into(),
                name: name.into(),
                function: text(lang, "function.new-card").into(),
                kind: text(lang, "kind.qualified").into(),
                outcome: text(lang, outcome).into(),
                outcome_tone: tone,
                delivery: text(lang, "delivery.delivered").into(),
                delivery_tone: Tone::Good,
            };
            page.set_rows(list([
                row("20.11.2026 14:02", "Anna Maria Eriksson", "outcome.approved", Tone::Good),
                row("19.11.2026 09:40", text(lang, "history.hidden"), "outcome.approved", Tone::Good),
                row("19.11.2026 08:15", "Per Ås", "outcome.declined", Tone::Warn),
            ]));
            page.set_range(say(lang, "1–3 av 12", "1–3 of 12").into());
            page.set_has_older(true);
        },
        enabled: &["op-period-week", "op-history-person", "op-history-function-renewal", "op-history-older", "op-history-search"],
        disabled: &["op-history-newer"],
    },
    Scene {
        name: "display",
        set: |window, lang| {
            base(window, lang, OperatorPage::Home);
            window.global::<Operator>().set_sheet(OperatorSheet::Display);
        },
        enabled: &["op-display-light", "op-display-dark", "op-display-contrast", "op-display-back"],
        disabled: &[],
    },
    Scene {
        name: "idle-warning",
        set: |window, lang| {
            base(window, lang, OperatorPage::Home);
            window.global::<Operator>().set_idle_warning(text(lang, "idle.warning").replace("{}", "42").into());
        },
        enabled: &["op-new-control"],
        disabled: &[],
    },
    Scene {
        name: "locked-key",
        set: |window, lang| {
            base(window, lang, OperatorPage::Locked);
            let page = window.global::<Locked>();
            page.set_who(text(lang, "locked.who").replace("{}", "Kari Nordmann").into());
            page.set_waits(text(lang, "locked.idle-control").into());
            page.set_by_key(true);
        },
        enabled: &["op-unlock", "op-unlock-1", "op-change-operator"],
        disabled: &["op-unlock-submit"],
    },
    Scene {
        name: "home-empty-with-fault",
        set: |window, lang| {
            base(window, lang, OperatorPage::Home);
            jam(window, lang);
            let page = window.global::<Home>();
            page.set_date(say(lang, "lørdag 21. november 2026", "Saturday 21 November 2026").into());
            page.set_outbox(say(lang, "Utboksen er tom", "The outbox is empty").into());
            page.set_outbox_tone(Tone::Good);
            page.set_cannot_begin(
                say(lang, "Skanneren mangler. Ingen kontroll kan begynne.", "The scanner is missing. No control can begin.")
                    .into(),
            );
        },
        enabled: &["op-close-fault"],
        disabled: &["op-new-control"],
    },
    Scene {
        name: "new-control",
        set: |window, lang| {
            person(window, lang);
            let page = window.global::<NewControl>();
            page.set_function("new-card".into());
            page.set_identity_number_error(
                say(lang, "Kontrollsifrene stemmer ikke. Tast på nytt.", "The control digits are wrong. Enter it again.").into(),
            );
            page.set_has_plan(true);
            page.set_methods(list([finding(text(lang, "method.document"), Tone::Good)]));
            page.set_steps(list(
                ["step.document", "step.terms", "step.signature", "step.scan", "step.approval"]
                    .map(|key| finding(text(lang, key), Tone::Good)),
            ));
            page.set_reasons(texts(&[
                say(
                    lang,
                    "Første utstedelse: bare identitetsdokument godtas.",
                    "First issuance: only an identity document counts.",
                ),
                say(
                    lang,
                    "Kvalifiserte sertifikater krever alltid vilkår, signatur og skanning.",
                    "Qualified certificates always need terms, signature and scan.",
                ),
            ]));
            page.set_can_begin(true);
        },
        enabled: &[
            "op-first-names",
            "op-last-name",
            "op-identity-number",
            "op-birth-date",
            "op-user-name",
            "op-function-new-card",
            "op-kind-local",
            "op-begin",
            "op-cancel-new",
        ],
        disabled: &[],
    },
    Scene {
        name: "new-control-refused",
        set: |window, lang| {
            person(window, lang);
            let page = window.global::<NewControl>();
            page.set_function("renewal".into());
            page.set_asks_card(true);
            page.set_card_states(list(
                ["valid", "expired", "revoked", "unknown"].map(|id| choice(id, text(lang, &format!("card.{id}")), "")),
            ));
            page.set_card_state("expired".into());
            page.set_asks_renewed_before(true);
            page.set_refusal(
                say(
                    lang,
                    "Et utløpt kvalifisert sertifikat kan ikke fornyes.",
                    "An expired qualified certificate cannot be renewed.",
                )
                .into(),
            );
            page.set_refusal_advice(say(lang, "Utsted et erstatningskort.", "Issue a replacement card.").into());
        },
        enabled: &["op-card-valid", "op-card-unknown", "op-renewed-before", "op-cancel-new"],
        disabled: &["op-begin"],
    },
    Scene {
        name: "method",
        set: |window, lang| {
            control(window, lang, OperatorPage::Method, 0, &[1, 2]);
            let page = window.global::<MethodChoice>();
            page.set_methods(list(
                ["document", "third-party", "operator"]
                    .map(|id| choice(id, text(lang, &format!("method.{id}")), text(lang, &format!("method.{id}-note")))),
            ));
            page.set_selected("document".into());
        },
        enabled: &["op-method-document", "op-method-third-party", "op-method-operator", "op-choose-method", "op-abort"],
        disabled: &[],
    },
    Scene {
        name: "document",
        set: |window, lang| {
            document(window, lang);
            window.global::<DocumentCheck>().set_has_other_method(true);
        },
        enabled: &[
            "op-suspicion",
            "op-reject-document",
            "op-no-document",
            "op-other-method",
            "op-feature-watermark",
            "op-undamaged",
            "op-photo-matches",
            "op-abort",
        ],
        disabled: &["op-accept-document"],
    },
    Scene {
        name: "document-complete",
        set: |window, lang| {
            document(window, lang);
            let page = window.global::<DocumentCheck>();
            page.set_birth_date("12.08.1974".into());
            page.set_photo_matches(true);
            page.set_missing("".into());
            page.set_number_error(say(lang, "Bare bokstaver og sifre.", "Letters and digits only.").into());
            page.set_can_accept(true);
        },
        enabled: &[
            "op-accept-document",
            "op-document-number",
            "op-issuer",
            "op-issued",
            "op-expires",
            "op-document-birth-date",
            "op-document-identity-number",
        ],
        disabled: &[],
    },
    Scene {
        name: "sheet-reject",
        set: |window, lang| {
            document(window, lang);
            window.global::<Operator>().set_sheet(OperatorSheet::RejectDocument);
        },
        enabled: &["op-reject-expired", "op-reject-data-differs", "op-reject-note", "op-reject-back"],
        disabled: &["op-reject-confirm"],
    },
    Scene {
        name: "sheet-no-document",
        set: |window, lang| {
            document(window, lang);
            window.global::<Operator>().set_sheet(OperatorSheet::NoDocument);
        },
        enabled: &["op-none-comes-back", "op-none-dispensation", "op-none-back"],
        disabled: &["op-none-confirm"],
    },
    Scene {
        name: "sheet-suspicion",
        set: |window, lang| {
            document(window, lang);
            window.global::<Operator>().set_sheet(OperatorSheet::Suspicion);
        },
        enabled: &["op-suspicion-note", "op-suspicion-back"],
        disabled: &["op-suspicion-confirm"],
    },
    Scene {
        name: "sheet-abort",
        set: |window, lang| {
            control(window, lang, OperatorPage::Signature, 2, &[]);
            window.global::<Operator>().set_sheet(OperatorSheet::Abort);
        },
        enabled: &["op-abort-holder-left", "op-abort-other", "op-abort-note", "op-abort-back"],
        disabled: &["op-abort-confirm"],
    },
    Scene {
        name: "sheet-different",
        set: |window, lang| {
            control(window, lang, OperatorPage::Signature, 2, &[]);
            window.global::<Operator>().set_sheet(OperatorSheet::DifferentSignature);
        },
        enabled: &["op-different-note", "op-different-back"],
        disabled: &["op-different-confirm"],
    },
    Scene {
        name: "own-card",
        set: |window, lang| {
            control(window, lang, OperatorPage::OwnCard, 0, &[1, 2, 3]);
            let page = window.global::<OwnCard>();
            page.set_side(no_reader(lang));
        },
        enabled: &["op-other-method"],
        disabled: &["op-start-card", "op-card-person"],
    },
    Scene {
        name: "third-party",
        set: |window, lang| {
            control(window, lang, OperatorPage::ThirdParty, 0, &[1, 2, 3]);
            let page = window.global::<ThirdParty>();
            page.set_side(no_reader(lang));
            page.set_says_name("Anna Maria Eriksson".into());
            page.set_compares(true);
            page.set_earlier_scan(sheet_picture(740, 520));
        },
        enabled: &["op-third-name", "op-third-statement", "op-third-superior", "op-other-method"],
        disabled: &["op-start-third", "op-earlier-alike", "op-earlier-different"],
    },
    Scene {
        name: "operator-vouch",
        set: |window, lang| {
            control(window, lang, OperatorPage::OperatorVouch, 0, &[1, 2, 3]);
            let page = window.global::<OperatorVouch>();
            page.set_statement(
                say(lang, "Har vært kollega i samme avdeling siden 2019.", "A colleague in the same department since 2019.")
                    .into(),
            );
            page.set_known(true);
            page.set_can_confirm(true);
        },
        enabled: &["op-vouch-statement", "op-vouch-known", "op-vouch", "op-other-method"],
        disabled: &[],
    },
    Scene { name: "terms", set: |window, lang| terms(window, lang, 2), enabled: &["op-abort"], disabled: &[] },
    Scene { name: "terms-last-page", set: |window, lang| terms(window, lang, 4), enabled: &["op-abort"], disabled: &[] },
    Scene {
        name: "signature-waiting",
        set: |window, lang| {
            control(window, lang, OperatorPage::Signature, 2, &[]);
            window.global::<Operator>().set_holder_acts(true);
            window.global::<SignatureCheck>().set_attempts(attempt(lang, 1, 3));
        },
        enabled: &["op-abort"],
        disabled: &["op-signature-alike", "op-signature-again", "op-signature-different"],
    },
    Scene {
        name: "signature",
        set: |window, lang| {
            control(window, lang, OperatorPage::Signature, 2, &[]);
            let page = window.global::<SignatureCheck>();
            page.set_attempts(attempt(lang, 3, 3));
            page.set_last_attempt(true);
            page.set_commands(SIGNATURE.into());
            page.set_can_judge(true);
        },
        enabled: &["op-signature-alike", "op-signature-again", "op-signature-different"],
        disabled: &[],
    },
    Scene {
        name: "scan-with-fault",
        set: |window, lang| {
            scan(window, lang, ScanPhase::Ready);
            jam(window, lang);
        },
        enabled: &["op-scan", "op-close-fault", "op-abort"],
        disabled: &[],
    },
    Scene {
        name: "scan-lying",
        set: |window, lang| {
            scan(window, lang, ScanPhase::Ready);
            window.global::<ScanCheck>().set_upright_pose(false);
            window.global::<ScanCheck>().set_can_scan(false);
        },
        enabled: &[],
        disabled: &["op-scan"],
    },
    Scene {
        name: "scanning",
        set: |window, lang| {
            scan(window, lang, ScanPhase::Scanning);
            window.global::<ScanCheck>().set_progress(0.4);
            window.global::<ScanCheck>().set_progress_text(say(lang, "Skanner … 40 %", "Scanning … 40 %").into());
        },
        enabled: &["op-scan-cancel"],
        disabled: &[],
    },
    Scene {
        name: "scan-judge",
        set: |window, lang| {
            scan(window, lang, ScanPhase::Judge);
            let page = window.global::<ScanCheck>();
            page.set_picture(sheet_picture(740, 520));
            page.set_quality(list([
                finding(say(lang, "Bildet er skarpt nok.", "The picture is sharp enough."), Tone::Good),
                finding(
                    say(
                        lang,
                        "Litt gjenskinn øverst til høyre, som kan skjule tekst.",
                        "Some glare at the upper right, which may hide text.",
                    ),
                    Tone::Warn,
                ),
            ]));
            page.set_attempts(attempt(lang, 5, 5));
            page.set_signature_commands(SIGNATURE.into());
            page.set_last_attempt(true);
            page.set_can_judge(true);
        },
        enabled: &["op-scan-good", "op-scan-again", "op-turn-left", "op-turn-right"],
        disabled: &[],
    },
    Scene {
        name: "approve",
        set: |window, lang| approve(window, lang),
        enabled: &["op-sign", "op-sign-1", "op-page-next", "op-zoom-in", "op-abort"],
        disabled: &["op-page-previous", "op-zoom-out", "op-sign-submit"],
    },
    Scene {
        name: "approve-signing",
        set: |window, lang| {
            approve(window, lang);
            let page = window.global::<Approval>();
            page.set_busy(true);
            page.set_signing(true);
            page.set_progress(0.6);
            page.set_progress_text(say(lang, "Kontrollerer signaturen …", "Verifying the signature …").into());
        },
        enabled: &["op-page-next"],
        disabled: &["op-sign", "op-sign-1", "op-sign-submit"],
    },
    Scene {
        name: "hand-back",
        set: |window, lang| {
            control(window, lang, OperatorPage::HandBack, 5, &[]);
            let page = window.global::<Outcome>();
            page.set_title(say(lang, "Godkjent og signert", "Approved and signed").into());
            page.set_text(
                say(
                    lang,
                    "Rapporten er signert, kontrollert og lagret i dokumentregisteret.",
                    "The report is signed, verified and stored in the document register.",
                )
                .into(),
            );
            page.set_tone(Tone::Good);
        },
        enabled: &["op-handed-back"],
        disabled: &[],
    },
    Scene {
        name: "done",
        set: |window, lang| {
            control(window, lang, OperatorPage::Done, 5, &[]);
            let page = window.global::<Outcome>();
            page.set_title(say(lang, "Identitetskontrollen er godkjent", "The identity control is approved").into());
            page.set_text(
                say(
                    lang,
                    "Anna Maria Eriksson kan få nytt kort og sertifikat.",
                    "Anna Maria Eriksson can be given a new card and certificate.",
                )
                .into(),
            );
            page.set_tone(Tone::Good);
            page.set_facts(list([
                fact(say(lang, "Ferdig", "Completed"), "21.11.2026 09:14"),
                fact(say(lang, "Rapport", "Report"), "0193 4f6a 82c1"),
                fact(say(lang, "Kontrollsum", "Digest"), "9f86 d081 884c 7d65"),
            ]));
            page.set_delivery(
                say(
                    lang,
                    "Levert til arkivet. Kvittering er mottatt og kontrollert.",
                    "Delivered to the archive. The receipt is verified and kept.",
                )
                .into(),
            );
            page.set_delivery_tone(Tone::Good);
        },
        enabled: &["op-home"],
        disabled: &[],
    },
    Scene {
        name: "ended",
        set: |window, lang| {
            control(window, lang, OperatorPage::Ended, 1, &[]);
            let page = window.global::<Outcome>();
            page.set_title(say(lang, "Vilkårene ble avslått", "The terms were declined").into());
            page.set_text(
                say(
                    lang,
                    "Sertifikat utstedes ikke. Avslaget er registrert.",
                    "No certificate is issued. The answer is recorded.",
                )
                .into(),
            );
            page.set_facts(list([fact(say(lang, "Avsluttet", "Ended"), "21.11.2026 09:14")]));
            page.set_next_steps(texts(&[
                say(lang, "Lever tilbake identitetsdokumentet.", "Hand back the identity document."),
                say(lang, "Sluttbrukeren kan komme tilbake når som helst.", "The end user can come back at any time."),
            ]));
        },
        enabled: &["op-home"],
        disabled: &[],
    },
];

fn holder_terms(window: &HolderWindow, lang: &str, page: i32) {
    window.global::<Holder>().set_page(HolderPage::Terms);
    let terms = window.global::<HolderTerms>();
    terms.set_title(say(lang, "Avtalevilkår for kvalifiserte sertifikater", "Terms for qualified certificates").into());
    terms.set_paragraphs(list(terms_page(lang)));
    terms.set_page(page);
    terms.set_pages(4);
    terms.set_can_decide(page == 4);
}

/// Every page of the holder's window, cards apart.
pub const HOLDER_SCENES: &[Scene<HolderWindow>] = &[
    Scene { name: "idle", set: |_, _| {}, enabled: &["ho-lang-nb", "ho-lang-en"], disabled: &[] },
    Scene {
        name: "welcome",
        set: |window, lang| {
            let holder = window.global::<Holder>();
            holder.set_page(HolderPage::Welcome);
            holder.set_training(true);
            holder.set_steps(list(
                ["document", "terms", "signature", "scan"]
                    .map(|id| SharedString::from(text(lang, &format!("welcome.step-{id}")))),
            ));
            holder.set_has_information(true);
        },
        enabled: &["ho-begin", "ho-information", "ho-display", "ho-lang-nb", "ho-lang-en"],
        disabled: &[],
    },
    Scene {
        name: "information",
        set: |window, lang| {
            holder_terms(window, lang, 1);
            window.global::<Holder>().set_page(HolderPage::Information);
        },
        enabled: &["ho-next", "ho-information-close"],
        disabled: &["ho-previous"],
    },
    Scene {
        name: "display",
        set: |window, _| window.global::<Holder>().set_display_open(true),
        enabled: &["ho-display-light", "ho-display-contrast", "ho-display-done"],
        disabled: &[],
    },
    Scene {
        name: "stay",
        set: |window, lang| {
            holder_terms(window, lang, 1);
            window.global::<Holder>().set_idle_warning(text(lang, "stay.text").replace("{}", "42").into());
        },
        enabled: &["ho-stay"],
        disabled: &[],
    },
    Scene {
        name: "aloud",
        set: |window, lang| {
            holder_terms(window, lang, 1);
            window.global::<Holder>().set_can_read_aloud(true);
        },
        enabled: &["ho-aloud", "ho-text-larger"],
        disabled: &["ho-text-smaller"],
    },
    Scene {
        name: "terms-first-page",
        set: |window, lang| holder_terms(window, lang, 1),
        enabled: &["ho-next", "ho-text-larger"],
        disabled: &["ho-previous", "ho-text-smaller"],
    },
    Scene {
        name: "terms-last-page",
        set: |window, lang| {
            holder_terms(window, lang, 4);
            moment();
        },
        enabled: &["ho-previous", "ho-accept", "ho-decline"],
        disabled: &["ho-next"],
    },
    Scene {
        name: "sign",
        set: |window, _| window.global::<Holder>().set_page(HolderPage::Sign),
        enabled: &[],
        disabled: &["ho-clear", "ho-sign-done"],
    },
    Scene {
        name: "sign-again",
        set: |window, lang| {
            window.global::<Holder>().set_page(HolderPage::Sign);
            let page = window.global::<HolderSign>();
            page.set_commands(SIGNATURE.into());
            page.set_pieces(list([ink(SIGNATURE)]));
            page.set_can_finish(true);
            page.set_again_text(
                say(lang, "Operatøren ber deg signere en gang til.", "The operator asks you to sign once more.").into(),
            );
        },
        enabled: &["ho-clear", "ho-sign-done"],
        disabled: &[],
    },
    Scene {
        name: "wait",
        set: |window, _| window.global::<Holder>().set_page(HolderPage::Wait),
        enabled: &["ho-lang-nb"],
        disabled: &[],
    },
    Scene {
        name: "thanks",
        set: |window, _| {
            window.global::<Holder>().set_page(HolderPage::Thanks);
            window.global::<Holder>().set_take_document(true);
        },
        enabled: &["ho-lang-nb"],
        disabled: &[],
    },
    Scene {
        name: "ended",
        set: |window, _| window.global::<Holder>().set_page(HolderPage::Ended),
        enabled: &["ho-lang-nb"],
        disabled: &[],
    },
];
