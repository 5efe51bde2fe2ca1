//! The page of devices and services in every language: nothing cut, everything named.

use bam_station::{config::Language, fault};
use bam_station_ui::{Devices, OperatorPage, OperatorWindow, TestedPart, Tone, text};
use slint::ComponentHandle as _;

use crate::{
    languages::TRANSLATED,
    screens::{bounds, judge_operator_scenes},
    support_screens::{SIZES, Scene, base, by_id, list, operator_window, picture, platform},
};

fn part(lang: &str, name: &str, state: &str, tone: Tone, detail: &str) -> TestedPart {
    TestedPart {
        id: name.into(),
        name: text(lang, &format!("devices.{name}")).into(),
        state: text(lang, &format!("devices.state-{state}")).into(),
        tone,
        detail: detail.into(),
        time: "0,3 s".into(),
        ..TestedPart::default()
    }
}

fn failed(lang: &str, name: &str, code: &str) -> TestedPart {
    let fault = fault::lookup(code).unwrap();
    let language = Language::from_code(lang).unwrap();
    TestedPart {
        cause: language.of(&fault.cause).into(),
        remedy: language.of(&fault.remedy).into(),
        code: code.into(),
        ..part(lang, name, "failed", Tone::Bad, "")
    }
}

fn tested(window: &OperatorWindow, lang: &str) {
    base(window, lang, OperatorPage::Home);
    let devices = window.global::<Devices>();
    devices.set_open(true);
    devices.set_parts(list([
        part(lang, "configuration", "good", Tone::Good, "MASTER.toml 4a4f8ab4ca93d1e5"),
        failed(lang, "operator-reader", "CARD_READER_AMBIGUOUS"),
        part(lang, "operator-card", "absent", Tone::Neutral, text(lang, "detail.no-reader")),
        TestedPart { time: "".into(), ..part(lang, "scanner", "testing", Tone::Neutral, "") },
        part(lang, "disk", "noted", Tone::Warn, "1 GiB"),
        failed(lang, "archive", "DELIVERY_SERVER_NOT_TRUSTED"),
    ]));
    devices.set_outcome(text(lang, "devices.failed.many").replace("{}", "2").into());
    devices.set_outcome_tone(Tone::Bad);
}

const SCENES: &[Scene<OperatorWindow>] =
    &[Scene { name: "devices", set: tested, enabled: &["op-test-all", "op-devices-back", "op-lang-nn"], disabled: &[] }];

#[test]
fn the_page_of_devices_holds_in_every_language_and_size() {
    platform();
    for language in TRANSLATED {
        for size in SIZES {
            judge_operator_scenes(SCENES, language.code(), size);
        }
    }
}

#[test]
fn a_fault_stands_whole_in_its_row() {
    platform();
    for language in TRANSLATED.map(Language::code) {
        let window = operator_window(language, SIZES[0]);
        tested(&window, language);
        drop(picture(&window, &format!("operator-devices-{language}")));
        let row = by_id(&window, "op-part-operator-reader");
        let (left, top, right, bottom) = bounds(&row);
        assert!(right - left > 600.0 && bottom - top > 80.0, "{language}: the row has no room: {:?}", bounds(&row));
        assert!(bounds(&by_id(&window, "op-part-operator-card")).1 >= bottom, "{language}: rows overlap");
        let (_, top, _, bottom) = bounds(&by_id(&window, "op-part-scanner"));
        assert!(bottom - top < 80.0, "{language}: a row without a test is {} high", bottom - top);
        let said = row.accessible_label().unwrap();
        assert!(said.contains("CARD_READER_AMBIGUOUS") && said.contains("LOCAL.toml"), "{said}");
    }
}
