//! The pages of the administration in every language: everything named, nothing cut, nothing on top of another.

use std::{collections::BTreeSet, path::Path};

use bam_station::{
    config::{
        Language, Local,
        draft::{Draft, Typing as _, read_as_written, read_local_as_written},
        edit::{Assignment, FileKind, propose_local, propose_master},
        tabs::Tab,
    },
    station::{FoundDevice, FoundDevices},
    ui::admin_rows,
};
use bam_station_ui::{
    Administration, AdministrationView, Appearance, OperatorPage, OperatorWindow, Paragraph, PinState, SignedVersion, Theme,
    Tone, text,
};
use slint::ComponentHandle as _;

use crate::{
    languages::TRANSLATED,
    screens::bounds,
    support_screens::{SIZES, base, by_id, choice, controls, find, list, operator_window, picture, platform, spoken},
};

fn draft() -> Draft {
    Draft::new(read_as_written(&Path::new(env!("CARGO_MANIFEST_DIR")).join("MASTER.toml")).unwrap())
}

fn local_draft() -> Draft<Local> {
    Draft::of_local(read_local_as_written(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/LOCAL.toml")).unwrap())
}

/// What a desk with everything connected may choose from.
fn devices() -> FoundDevices {
    let all =
        |names: &[(&str, &str)]| names.iter().map(|(id, name)| FoundDevice { id: (*id).into(), name: (*name).into() }).collect();
    FoundDevices {
        readers: all(&[
            ("ACS ACR89 ICC Reader 00 00", "ACS ACR89 ICC Reader 00 00"),
            ("OMNIKEY AG CardMan 3121 01 00", "OMNIKEY AG CardMan 3121 01 00"),
        ]),
        scanners: all(&[("plustek:libusb:001:004", "Plustek OpticSlim M12")]),
        pads: all(&[("056a:00a4", "Wacom STU-430")]),
    }
}

fn show(window: &OperatorWindow, language: Language, tab: Tab, draft: &Draft) {
    let lang = language.code();
    base(window, lang, OperatorPage::Administration);
    let page = window.global::<Administration>();
    let local = tab.file() == FileKind::Local;
    page.set_view(AdministrationView::Edit);
    page.set_local(local);
    let tabs = Tab::ALL.into_iter().filter(|other| other.file() == tab.file());
    page.set_tabs(list(tabs.map(|tab| choice(tab.name(), text(lang, &format!("admin.tab-{}", tab.name())), ""))));
    page.set_tab(tab.name().into());
    let monitors = ["DP-1".to_owned(), "HDMI-1".to_owned()];
    let rows = if local {
        admin_rows::of_local(language, tab, &local_draft(), &devices(), &monitors)
    } else {
        admin_rows::of_master(language, tab, draft)
    };
    page.set_settings(list(rows));
    page.set_file("/srv/felles/bam/MASTER.toml – versjon 12, signert av Kari Nordmann 21.11.2026 09:18".into());
    page.set_notice(if local { text(lang, "admin.local-about").into() } else { "".into() });
    if draft.changes() > 0 && !local {
        page.set_changes(text(lang, "admin.changes.many").replace("{}", &draft.changes().to_string()).into());
        page.set_can_review(true);
    }
}

/// What every page owes. What lies below the fold of the column of keys is not in sight, and covers nothing.
fn judge(window: &OperatorWindow, size: (f32, f32), place: &str) {
    let fold =
        find(window, "op-admin-undo").or_else(|| find(window, "op-admin-back")).map_or(size.1, |e| e.absolute_position().y);
    let mut names = BTreeSet::new();
    let mut seen = Vec::new();
    for control in controls(window) {
        let id = control.accessible_id().unwrap_or_default();
        assert!(!id.is_empty() && names.insert(id.clone()), "{place}: {id:?} is no name of its own");
        assert!(control.accessible_label().is_some_and(|label| !label.is_empty()), "{place}: {id} says nothing");
        let (left, top, right, bottom) = bounds(&control);
        assert!(left >= 0.0 && right <= size.0, "{place}: {id} lies outside: {:?}", bounds(&control));
        assert!(bottom - top >= 47.9 && right - left >= 47.9, "{place}: {id} is {} by {}", right - left, bottom - top);
        let scrolls = ["op-set-", "op-found-", "op-add-", "op-withdraw-", "op-terms-", "op-fields-", "op-admin-return-"];
        let scrolls = scrolls.iter().any(|beginning| id.starts_with(beginning));
        if !scrolls || bottom <= fold {
            seen.push((id, bounds(&control)));
        }
    }
    for (at, (one, a)) in seen.iter().enumerate() {
        for (other, b) in &seen[at + 1..] {
            let apart = a.2 <= b.0 + 0.5 || b.2 <= a.0 + 0.5 || a.3 <= b.1 + 0.5 || b.3 <= a.1 + 0.5;
            assert!(apart, "{place}: {one} and {other} overlap: {a:?} {b:?}");
        }
    }
    for said in spoken(window) {
        assert!(!said.contains("???"), "{place}: a text is missing: {said}");
    }
}

#[test]
fn every_tab_holds_in_every_language() {
    platform();
    for language in TRANSLATED {
        for (at, size) in SIZES.into_iter().enumerate() {
            for tab in Tab::ALL {
                let window = operator_window(language.code(), size);
                show(&window, language, tab, &draft());
                let place = format!("administration-{}-{}-{}", tab.name(), language.code(), size.0);
                if at == 0 || language == Language::NB {
                    drop(picture(&window, &place));
                }
                judge(&window, size, &place);
            }
        }
    }
}

#[test]
fn what_is_wrong_idle_or_changed_stands_beside_its_key() {
    platform();
    for language in TRANSLATED {
        let mut draft = draft();
        draft.set("Common", "LraMode", "Buypass");
        draft.set("IssueProcess", "ThirdPartyIdControl", "true");
        draft.set("IssueProcess", "MaxScanAttempts", "55");
        // So high that every key is in sight.
        let size = (1280.0, 3200.0);
        let window = operator_window(language.code(), size);
        show(&window, language, Tab::IssueProcess, &draft);
        let place = format!("administration-typed-{}", language.code());
        drop(picture(&window, &place));
        judge(&window, size, &place);
        let off = |id: &str| by_id(&window, &format!("op-set-IssueProcess.{id}")).accessible_enabled() == Some(false);
        assert!(off("RequireScanForLocal") && !off("RequireScanForReplacement"));
        let law = by_id(&window, "op-set-law-0");
        assert_eq!((law.accessible_enabled(), law.accessible_checked()), (Some(false), Some(true)));
        let wrong = by_id(&window, "op-set-IssueProcess.MaxScanAttempts").accessible_label().unwrap();
        assert!(wrong.contains("1") && wrong.contains("20"), "{wrong}");
    }
}

/// A MASTER.toml with two people appointed; one is withdrawn, the other is changed, and a third is new.
#[test]
fn people_who_are_appointed_changed_and_withdrawn_hold_in_every_language() {
    platform();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("MASTER.toml");
    let person = |name: &str, serial: &str| {
        format!(
            "[[Operator]]\nIssuer = \"CN=Utopia Card CA,O=Utopia kommune,C=NO\"\nSerial = \"{serial}\"\nName = \"{name}\"\n\n"
        )
    };
    let text = format!("[Common]\nCompanyName = \"A\"\n\n{}{}", person("Kari Nordmann", "01ab"), person("Per Hansen", "02cd"));
    std::fs::write(&file, text).unwrap();
    let mut draft = Draft::new(read_as_written(&file).unwrap());
    draft.withdraw("Operator", 0);
    draft.set_record("Operator", 1, "Roles", "operator, ra-admin");
    draft.set_record("Operator", 1, "Trained", "i fjor");
    draft.add_record("Operator", &[("Issuer", "CN=Utopia Card CA,O=Utopia kommune,C=NO")]);
    for language in TRANSLATED {
        // So high that all three are in sight.
        let size = (1280.0, 6000.0);
        let window = operator_window(language.code(), size);
        show(&window, language, Tab::Smartcard, &draft);
        let place = format!("administration-people-{}", language.code());
        drop(picture(&window, &place));
        judge(&window, size, &place);
        let gone = by_id(&window, "op-set-Operator#0.Serial");
        assert_eq!(gone.accessible_enabled(), Some(false), "whoever goes is not changed");
        assert_eq!(by_id(&window, "op-set-Operator#1.Roles=ra-admin").accessible_checked(), Some(true));
        assert_eq!(by_id(&window, "op-set-Operator#1.Roles=auditor").accessible_checked(), Some(false));
        let wrong = by_id(&window, "op-set-Operator#2.Serial").accessible_label().unwrap();
        assert!(wrong.contains(&*text_of(language, "admin.not-allowed")), "{wrong}");
    }
}

/// The beginning of a text with places.
fn text_of(language: Language, key: &str) -> String {
    text(language.code(), key).split("{}").next().unwrap().to_owned()
}

#[test]
fn the_difference_and_the_versions_hold_in_every_language() {
    platform();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("MASTER.toml");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("MASTER.toml"), &file).unwrap();
    for language in TRANSLATED {
        let lang = language.code();
        for size in SIZES {
            let mut draft = Draft::new(read_as_written(&file).unwrap());
            draft.set("IssueProcess", "ThirdPartyIdControl", "true");
            draft.set("IssueProcess", "RequireTermsForLocal", "false");
            draft.set("Trust", "Revocation", "required");
            draft.set("Proxy", "Url", "http://proxy.example.org:3128");
            let proposal = propose_master(&file, &draft.assignments(), |_| Ok(())).unwrap();
            let window = operator_window(lang, size);
            base(&window, lang, OperatorPage::Administration);
            let page = window.global::<Administration>();
            page.set_view(AdministrationView::Review);
            page.set_differences(list(proposal.changes.iter().map(|change| admin_rows::difference(language, change))));
            let place = format!("administration-reason-{lang}-{}", size.0);
            drop(picture(&window, &place));
            judge(&window, size, &place);
            page.set_can_sign(true);
            page.set_reasoned(true);
            let place = format!("administration-review-{lang}-{}", size.0);
            drop(picture(&window, &place));
            judge(&window, size, &place);
            page.set_by_card(true);
            page.set_card_pin(PinState { ready: true, fewest: 4, most: 8, ..PinState::default() });
            page.set_fault_lines(
                "/srv/felles/bam/MASTER.toml:52:1: [Directory] names a directory only in part; allowed: Url, Ca and Base".into(),
            );
            let place = format!("administration-review-card-{lang}-{}", size.0);
            drop(picture(&window, &place));
            judge(&window, size, &place);

            page.set_fault_lines("".into());
            page.set_view(AdministrationView::History);
            let version = |number: i32, why: &str, changes: &str| SignedVersion {
                number,
                title: format!("Versjon {number} · 2{number}.11.2026 09:18 · Kari Nordmann").into(),
                why: why.into(),
                changes: changes.into(),
                can_return: number < 3,
            };
            page.set_versions(list([
                version(3, "Etter revisjonen", "IssueProcess.RequireScanForReplacement: av → på"),
                version(
                    2,
                    "Avtalt med sikkerhetsavdelingen",
                    "IssueProcess.ThirdPartyIdControl: av → på\nThirdParty.VouchesPerPeriod: 3 → 2",
                ),
                version(1, "Begynnelsen", ""),
            ]));
            page.set_notice(text(lang, "admin.saved-second").replace("{}", "3").into());
            page.set_notice_tone(Tone::Warn);
            let place = format!("administration-versions-{lang}-{}", size.0);
            drop(picture(&window, &place));
            judge(&window, size, &place);
        }
    }
}

#[test]
fn a_change_of_the_desk_and_a_text_of_the_terms_hold_in_every_language() {
    platform();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("LOCAL.toml");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/LOCAL.toml"), &file).unwrap();
    let wanted = [Assignment::set("Windows.HolderFullScreen=true").unwrap(), Assignment::set("Scanner.Dpi=600").unwrap()];
    let changes = propose_local(&file, &wanted, |_| Ok(())).unwrap().changes;
    for language in TRANSLATED {
        let lang = language.code();
        for size in SIZES {
            let window = operator_window(lang, size);
            base(&window, lang, OperatorPage::Administration);
            let page = window.global::<Administration>();
            page.set_view(AdministrationView::Review);
            page.set_local(true);
            page.set_can_sign(true);
            page.set_differences(list(changes.iter().map(|change| admin_rows::difference(language, change))));
            let place = format!("administration-local-review-{lang}-{}", size.0);
            drop(picture(&window, &place));
            judge(&window, size, &place);
            assert!(find(&window, "op-admin-pin").is_none(), "{place}: no signature is asked for");

            page.set_view(AdministrationView::Terms);
            page.set_terms_title("Brukererklæring for lokale sertifikater".into());
            page.set_terms_about(text(lang, "admin.terms-coming").replacen("{}", "2.0", 4).into());
            page.set_terms_digest(text(lang, "admin.terms-digest").replace("{}", &"0123456789abcdef".repeat(4)).into());
            let paragraph = |number: usize| Paragraph {
                heading: format!("Avsnitt {number}").into(),
                text: "Innehaveren godtar at sertifikatet brukes slik vilkårene sier. ".repeat(4).into(),
            };
            page.set_paragraphs(list((1..=9).map(paragraph)));
            let place = format!("administration-terms-text-{lang}-{}", size.0);
            drop(picture(&window, &place));
            judge(&window, size, &place);
        }
    }
}

#[test]
fn every_tab_holds_in_high_contrast() {
    platform();
    for tab in Tab::ALL {
        let window = operator_window("nn", SIZES[0]);
        window.global::<Theme>().set_appearance(Appearance::Contrast);
        show(&window, Language::NN, tab, &draft());
        let place = format!("administration-contrast-{}", tab.name());
        drop(picture(&window, &place));
        judge(&window, SIZES[0], &place);
    }
}

#[test]
fn dark_and_large_pages_keep_everything_inside() {
    platform();
    let window = operator_window("nn", SIZES[0]);
    window.global::<Theme>().set_appearance(Appearance::Dark);
    window.global::<Theme>().set_text_scale(2.0);
    show(&window, Language::NN, Tab::IssueProcess, &draft());
    drop(picture(&window, "administration-dark-large-nn"));
    for control in controls(&window) {
        let (left, _, right, _) = bounds(&control);
        assert!(left >= 0.0 && right <= SIZES[0].0, "{:?} lies outside: {:?}", control.accessible_id(), bounds(&control));
    }
}
