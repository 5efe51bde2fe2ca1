//! What people at the desk choose and what happens when nobody is there: display, history, information, lock, voice.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, Instant},
};

use bam_station::{
    config::{Language, local::Colours},
    ui::{
        aloud::{Aloud, Voice},
        display::{kept, looks},
        idle::{Attendance, Idle},
    },
};
use bam_station_ui::{
    Appearance, DocumentCheck, History, Holder, HolderPage, HolderTerms, NewControl, Operator, OperatorPage, Theme, text,
};
use slint::{ComponentHandle, Model};

use crate::{
    desk_by_hand::{AtTheDesk, PIN, configuration, has},
    support_screens::{by_id, enabled, find, moment, settle, spoken},
};

#[test]
fn a_desk_without_anybody_warns_for_a_minute_and_then_locks() {
    let start = Instant::now();
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    let mut desk = Attendance::new(start, 5);
    assert_eq!(desk.judge(at(239)), Idle::No);
    assert_eq!(desk.judge(at(240)), Idle::Warn(60));
    assert_eq!(desk.judge(at(299)), Idle::Warn(1));
    assert_eq!(desk.judge(at(300)), Idle::Lock);
    desk.touched(at(299));
    assert_eq!(desk.judge(at(400)), Idle::No);
    assert_eq!(Attendance::new(start, 0).judge(at(1_000_000)), Idle::No, "0 is never");
}

#[test]
fn an_idle_desk_locks_with_a_warning_and_keeps_the_control() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), Some("idle"));
    desk.enroll("Kari Nordmann");
    desk.begin_qualified();
    let later = |seconds| Instant::now() + Duration::from_secs(seconds);

    // Both sides are warned, and a touch is enough.
    desk.shell.judge_attendance(later(250));
    settle();
    assert!(has(desk.operator(), "op-idle-warning") && has(desk.holder(), "ho-stay"));
    desk.keep("warned");
    desk.touch("ho-stay");
    assert!(!has(desk.operator(), "op-idle-warning") && !has(desk.holder(), "ho-stay"));
    assert_eq!((desk.page(), desk.holders_page()), (OperatorPage::Document, HolderPage::Welcome));

    desk.shell.judge_attendance(later(10_000));
    desk.both_on(OperatorPage::Locked, HolderPage::Idle);
    assert!(spoken(desk.operator()).iter().chain(&spoken(desk.holder())).all(|said| !said.contains("Eriksson")));
    assert_eq!(desk.operator().global::<bam_station_ui::Locked>().get_waits(), text("nb", "locked.idle-control"));

    // A wrong PIN opens nothing; the right one goes on where it stood.
    desk.type_pin("111111");
    desk.until("the PIN is refused", |desk| !desk.operator().global::<bam_station_ui::Locked>().get_error().is_empty());
    assert_eq!(desk.page(), OperatorPage::Locked);
    desk.until("another PIN can be typed", |desk| !desk.operator().global::<Operator>().get_busy());
    desk.type_pin(PIN);
    desk.both_on(OperatorPage::Document, HolderPage::Welcome);
}

#[test]
fn the_holder_reads_how_data_are_used_page_by_page() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), Some("information"));
    desk.enroll("Kari Nordmann");
    desk.begin_qualified();
    desk.touch("ho-information");
    desk.until("the information is shown", |desk| desk.holders_page() == HolderPage::Information);
    let pages = desk.holder().global::<HolderTerms>();
    let company = configuration().master.value.common.company_name;
    let mut words = String::new();
    loop {
        settle();
        for paragraph in pages.get_paragraphs().iter() {
            words.push_str(&format!("{} {} ", paragraph.heading, paragraph.text));
        }
        if pages.get_page() >= pages.get_pages() {
            break;
        }
        desk.touch("ho-next");
    }
    desk.keep("last-page");
    for told in [company.as_str(), "i 10 år", "innsyn", "Datatilsynet", "Hvorfor"] {
        assert!(words.contains(told), "{told} is missing in {words}");
    }
    assert!(!words.contains('{'), "a place is not filled in: {words}");
    // In another language from the first page, and back to where one came from.
    desk.touch("ho-lang-en");
    assert_eq!((desk.holders_page(), pages.get_page()), (HolderPage::Information, 1));
    desk.touch("ho-information-close");
    assert_eq!(desk.holders_page(), HolderPage::Welcome);
    desk.touch("ho-begin");
    desk.until("the holder waits", |desk| desk.holders_page() == HolderPage::Wait);
}

#[test]
fn the_operators_look_is_kept_and_the_holders_is_the_persons_own() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), Some("look"));
    desk.shell.remember_look_in(data.path());
    desk.enroll("Kari Nordmann");
    desk.click("op-display");
    desk.click("op-display-dark");
    desk.click("op-display-text-larger");
    desk.keep("dark");
    desk.click("op-display-back");
    let look = kept(data.path()).unwrap();
    assert_eq!((look.colours, look.text_size), (Colours::Dark, 125));
    assert_eq!(desk.holder().global::<Theme>().get_appearance(), Appearance::Light, "each window has its own");

    desk.begin_qualified();
    desk.touch("ho-display");
    desk.touch("ho-display-contrast");
    desk.touch("ho-display-text-larger");
    desk.touch("ho-display-done");
    assert_eq!(looks(desk.operator(), desk.holder()).1.colours, Colours::Contrast);
    desk.click("op-abort");
    desk.click("op-abort-device");
    desk.click("op-abort-confirm");
    desk.until("the control has ended", |desk| matches!(desk.page(), OperatorPage::HandBack | OperatorPage::Ended));
    if desk.page() == OperatorPage::HandBack {
        desk.click("op-handed-back");
    }
    desk.until("it is closed", |desk| desk.page() == OperatorPage::Ended && enabled(desk.operator(), "op-home"));
    desk.click("op-home");
    desk.both_on(OperatorPage::Home, HolderPage::Idle);
    assert_eq!(looks(desk.operator(), desk.holder()).1.colours, Colours::Light, "the next person finds the office's choice");
    drop(desk);

    let again = AtTheDesk::open_again(data.path(), None);
    again.shell.remember_look_in(data.path());
    assert_eq!(again.operator().global::<Theme>().get_appearance(), Appearance::Dark);
    fs::write(data.path().join("screens.toml"), "Colours = \"pink\"\nTextSize = 7\n").unwrap();
    assert_eq!(kept(data.path()), None, "a broken file chooses nothing");
}

#[test]
fn the_history_finds_controls_by_outcome_and_person() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), Some("history"));
    desk.enroll("Kari Nordmann");
    desk.begin_qualified();
    desk.click("op-abort");
    desk.click("op-abort-device");
    desk.click("op-abort-confirm");
    desk.until("the control has ended", |desk| matches!(desk.page(), OperatorPage::HandBack | OperatorPage::Ended));
    if desk.page() == OperatorPage::HandBack {
        desk.click("op-handed-back");
    }
    desk.until("it is closed", |desk| desk.page() == OperatorPage::Ended && enabled(desk.operator(), "op-home"));
    desk.click("op-home");
    desk.both_on(OperatorPage::Home, HolderPage::Idle);

    desk.click("op-nav-history");
    let history = desk.operator().global::<History>();
    let names = || history.get_rows().iter().map(|row| row.name.to_string()).collect::<Vec<_>>();
    desk.until("the control is found", |_| names() == ["Anna Maria Eriksson"]);
    desk.keep("found");
    desk.click("op-history-outcome-approved");
    desk.until("no approved one is found", |_| names().is_empty() && !history.get_searching());
    desk.click("op-history-outcome-aborted");
    desk.until("the aborted one is found", |_| names().len() == 1 && !history.get_searching());
    // Whoever changes the mind before the answer gets what was chosen last.
    for outcome in ["approved", "declined", "aborted"] {
        crate::support_screens::click(desk.operator(), &format!("op-history-outcome-{outcome}"));
    }
    desk.until("the aborted one is found again", |_| names().len() == 1 && !history.get_searching());
    desk.click("op-history-outcome-approved");
    crate::support_screens::click(desk.operator(), "op-history-outcome-aborted");
    crate::support_screens::click(desk.operator(), "op-history-outcome-approved");
    desk.until("the list is that of approved ones", |_| names().is_empty() && !history.get_searching());
    desk.click("op-history-outcome-aborted");
    desk.until("the aborted one is back", |_| names().len() == 1 && !history.get_searching());
    desk.fill("op-history-person", "eriks");
    desk.click("op-history-search");
    desk.until("it is found by the name", |_| names().len() == 1 && !history.get_searching());
    desk.fill("op-history-person", "zzz");
    desk.click("op-history-search");
    desk.until("nobody of that name is found", |_| names().is_empty() && !history.get_searching());
    desk.click("op-nav-today");
    desk.both_on(OperatorPage::Home, HolderPage::Idle);
}

#[test]
fn each_page_begins_where_one_does_the_next_thing() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), None);
    desk.enroll("Kari Nordmann");
    // Enter alone leads into a new control, and there one types at once.
    desk.both_on(OperatorPage::Home, HolderPage::Idle);
    crate::support_screens::key(desk.operator(), slint::platform::Key::Return);
    desk.until("the form is there", |desk| desk.page() == OperatorPage::NewControl);
    settle();
    crate::support_screens::write(desk.operator(), "Anna");
    assert_eq!(desk.operator().global::<NewControl>().get_first_names(), "Anna");
}

#[test]
fn the_acts_of_a_whole_control_are_counted() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), None);
    desk.enroll("Kari Nordmann");
    desk.both_on(OperatorPage::Home, HolderPage::Idle);
    // An act is a push, a tick or a choice. Copying what stands in the passport is typing, not deciding.
    let acts = std::cell::Cell::new(0);
    let act = |id: &str| {
        acts.set(acts.get() + 1);
        desk.click(id);
    };
    act("op-new-control");
    desk.until("the form is there", |desk| desk.page() == OperatorPage::NewControl);
    desk.fill("op-first-names", "Anna Maria");
    desk.fill("op-last-name", "Eriksson");
    desk.fill("op-birth-date", "12.08.1974");
    // The usual function and kind are chosen; the plan is in sight before anything begins.
    let form = desk.operator().global::<NewControl>();
    assert!(form.get_has_plan() && form.get_reasons().row_count() > 0, "the plan and its reasons are told first");
    // The passport is in the operator's hand.
    assert_eq!(form.get_begin_with_text(), "Begynn med pass");
    act("op-begin-with");
    desk.both_on(OperatorPage::Document, HolderPage::Welcome);
    assert_eq!(desk.operator().global::<DocumentCheck>().get_kind(), "passport");
    desk.copy_what_stands_in_the_passport();
    act("op-undamaged");
    for (seen, feature) in desk.features().iter().enumerate() {
        assert!(seen >= 3 || !enabled(desk.operator(), "op-accept-document"), "{seen} features are too few");
        act(feature);
    }
    // The last look goes from the photo to the person, and the button says so.
    let says = by_id(desk.operator(), "op-accept-document").accessible_label().unwrap_or_default();
    assert_eq!(says, text("nb", "document.accept-photo"));
    act("op-accept-document");
    desk.both_on(OperatorPage::Terms, HolderPage::Terms);
    desk.read_terms();
    desk.touch("ho-accept");
    desk.both_on(OperatorPage::Signature, HolderPage::Sign);
    desk.sign();
    desk.touch("ho-sign-done");
    desk.both_on(OperatorPage::Signature, HolderPage::Wait);
    // The document was laid into the scanner after the look at its signature.
    act("op-signature-alike-and-scan");
    desk.until("the scan can be judged", |desk| {
        find(desk.operator(), "op-scan-good").is_some_and(|e| e.accessible_enabled() == Some(true))
    });
    act("op-scan-good");
    desk.report_is_shown();
    acts.set(acts.get() + 1);
    desk.type_pin(PIN);
    desk.both_on(OperatorPage::HandBack, HolderPage::Thanks);
    act("op-handed-back");
    desk.both_on(OperatorPage::Done, HolderPage::Thanks);
    assert!(acts.get() <= 12, "{} acts", acts.get());
}

fn program(folder: &Path, name: &str, script: &str) {
    let file = folder.join(name);
    fs::write(&file, script).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

fn within_a_minute(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn words_are_read_aloud_by_the_program_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = Some(folder.path().as_os_str());
    assert_eq!(Voice::find(path), None, "nothing speaks here");
    let mut silent = Aloud::with(None);
    assert!(!silent.is_there() && !silent.say("Hei", Language::default()));

    let heard = folder.path().join("heard");
    let script =
        format!("#!/bin/sh\nprintf '%s|' \"$@\" >'{0}.new'\ncat >>'{0}.new'\nmv '{0}.new' '{0}'\nsleep 600\n", heard.display());
    program(folder.path(), "espeak-ng", &script);
    let voice = Voice::find(path).unwrap();
    assert!(matches!(voice, Voice::Espeak(_)));
    let mut aloud = Aloud::with(Some(voice));
    let words = "Du får et kort. ".repeat(10_000);
    assert!(aloud.say(&words, Language::default()));
    within_a_minute("everything is heard", || heard.exists());
    let all = fs::read_to_string(&heard).unwrap();
    let (arguments, said) = all.rsplit_once('|').unwrap();
    assert!(arguments.contains("-vnb") && !arguments.contains("kort"), "no word among the arguments: {arguments}");
    assert_eq!(said, words);
    assert!(aloud.speaks());
    aloud.stop();
    assert!(!aloud.speaks(), "silence at once");

    program(folder.path(), "spd-say", "#!/bin/sh\nexit 0\n");
    assert!(matches!(Voice::find(path), Some(Voice::Dispatcher(_))), "the desktop's own voice comes first");
}

#[test]
fn nothing_is_offered_to_read_where_nothing_speaks() {
    crate::support_screens::platform();
    let window = crate::support_screens::holder_window("nb", crate::support_screens::SIZES[0]);
    window.global::<Holder>().set_can_read_aloud(false);
    moment();
    assert!(!has(&window, "ho-aloud"));
    window.global::<Holder>().set_can_read_aloud(true);
    settle();
    assert!(has(&window, "ho-aloud"));
}
