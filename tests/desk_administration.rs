//! An administrator at the desk: a rule is changed, explained, signed and in force, and nothing is lost when that fails.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bam_station::{
    config::{
        Configuration, Found,
        edit::{Assignment, Edits},
        load_master,
        signature::{check, history},
    },
    control::Command,
    rules::{CertificateKind, Function},
    station::{Began, DataFolder, FileChange, Station, SystemClock},
};
use bam_station_ui::{Administration, AdministrationView, Operator, OperatorPage, Setting, SettingKind, StepState};
use slint::{ComponentHandle as _, Model as _, platform::Key};

use crate::{
    desk_by_hand::{AtTheDesk, PIN, has},
    signature::pin,
    support_cards::asked,
    support_screens::{controls, enabled, find, key, tab, write},
};

const OPERATOR: &str = "Kari Nordmann";

/// The files that the program ships with, where they can be changed. A replacement card needs no scan yet.
pub struct Office(tempfile::TempDir);

impl Office {
    pub fn new() -> Self {
        let office = Self(tempfile::tempdir().unwrap());
        let from = Path::new(env!("CARGO_MANIFEST_DIR"));
        let shipped = fs::read_to_string(from.join("MASTER.toml")).unwrap();
        let (was, is) = ("RequireScanForReplacement = true", "RequireScanForReplacement = false");
        assert!(shipped.contains(was));
        fs::write(office.master(), shipped.replace(was, is)).unwrap();
        copy(&from.join("config"), &office.0.path().join("config"));
        office
    }

    pub fn master(&self) -> PathBuf {
        self.0.path().join("MASTER.toml")
    }

    pub fn text(&self) -> String {
        fs::read_to_string(self.master()).unwrap()
    }

    pub fn local(&self) -> PathBuf {
        self.0.path().join("config/LOCAL.toml")
    }

    pub fn configuration(&self) -> Configuration {
        Configuration::load(&Found { master: self.master(), local: self.local() }).unwrap()
    }

    pub fn station(&self, data: &Path) -> Station {
        let folder = DataFolder::locate(Some(data.to_owned()));
        let executable = PathBuf::from(env!("CARGO_BIN_EXE_bam-station"));
        Station::open(self.configuration().into(), folder, executable, Box::new(SystemClock)).unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn edits(settings: &[&str]) -> Edits {
    let assignments = settings.iter().map(|setting| Assignment::set(setting).unwrap()).collect();
    Edits { assignments, records: Vec::new() }
}

fn page(desk: &AtTheDesk) -> Administration<'_> {
    desk.operator().global::<Administration>()
}

fn at_rest(desk: &AtTheDesk, what: &str, holds: impl Fn(&Administration<'_>) -> bool) {
    desk.until(what, |desk| {
        let busy = desk.operator().global::<Operator>().get_busy() || page(desk).get_busy();
        !busy && desk.page() == OperatorPage::Administration && holds(&page(desk))
    });
}

/// Kari is signed in, and the administration shows the rules.
fn open(office: &Office, data: &Path, pictures: Option<&'static str>) -> AtTheDesk {
    let desk = AtTheDesk::open_with(office.configuration(), data, pictures);
    desk.enroll(OPERATOR);
    desk.until("the desk is at rest", |desk| {
        desk.page() == OperatorPage::Home && !desk.operator().global::<Operator>().get_busy()
    });
    desk
}

fn administer(desk: &AtTheDesk) {
    desk.click("op-nav-administration");
    at_rest(desk, "the rules are shown", |page| page.get_settings().row_count() > 0);
}

fn review(desk: &AtTheDesk) {
    desk.click("op-admin-review");
    at_rest(desk, "the difference is shown", |page| {
        page.get_view() == AdministrationView::Review && page.get_differences().row_count() > 0
    });
}

/// Gives the reason, after which the PIN can be typed.
fn explain(desk: &AtTheDesk, why: &str) {
    desk.fill("op-admin-why", why);
    key(desk.operator(), Key::Return);
    desk.until("it can be signed", |desk| {
        has(desk.operator(), "op-admin-pin") && enabled(desk.operator(), "op-admin-pin") && !page(desk).get_busy()
    });
}

fn sign(desk: &AtTheDesk, why: &str) {
    explain(desk, why);
    desk.type_pin(PIN);
    at_rest(desk, "it is saved", |page| page.get_view() == AdministrationView::Edit && page.get_changes().is_empty());
}

/// Tab from one control in sight to another one, which comes after it on the page.
fn tab_from(desk: &AtTheDesk, from: &str, to: &str) {
    let ids: Vec<String> = controls(desk.operator())
        .iter()
        .filter(|control| control.accessible_enabled() != Some(false))
        .filter_map(|control| control.accessible_id().map(Into::into))
        .collect();
    let place = |id: &str| ids.iter().position(|found| found == id).unwrap_or_else(|| panic!("no {id} among {ids:?}"));
    tabs(desk, place(to) - place(from));
}

/// The keyboard stands at the first key of a tab. A page that is opened anew has it at its first button; a click leaves it there.
pub fn enter(desk: &AtTheDesk, file: &str, name: &str, first: &str) {
    desk.click("op-admin-history");
    at_rest(desk, "the versions are shown", |page| page.get_view() == AdministrationView::History);
    desk.click(&format!("op-admin-{file}"));
    at_rest(desk, "the file is shown", |page| {
        page.get_view() == AdministrationView::Edit && page.get_local() == (file == "local")
    });
    desk.click(&format!("op-tab-{name}"));
    at_rest(desk, "the tab is shown", |page| page.get_tab() == name && page.get_settings().row_count() > 0);
    tab_from(desk, "op-admin-master", first);
}

/// Pushes, ticks or chooses something among the keys of a tab that was [entered](enter), wherever in the column it lies.
pub fn push(desk: &AtTheDesk, id: &str) {
    // Between the files above the column and the buttons below it, with the line that says that there is more.
    let in_sight = || {
        let edge = |id: &str| find(desk.operator(), id).unwrap().absolute_position().y;
        find(desk.operator(), id).is_some_and(|found| {
            let top = found.absolute_position().y;
            top >= edge("op-admin-history") + 48.0 && top + found.size().height <= edge("op-admin-undo") - 40.0
        })
    };
    for way in [[Key::PageDown; 20], [Key::PageUp; 20]].concat() {
        if in_sight() {
            break;
        }
        key(desk.operator(), way);
    }
    assert!(in_sight(), "{id} does not come into sight");
    desk.click(id);
}

fn tabs(desk: &AtTheDesk, times: usize) {
    (0..times).for_each(|_| tab(desk.operator()));
}

/// How often the keyboard stops at a row.
fn stops_of(row: &Setting) -> usize {
    match row.kind {
        SettingKind::Section | SettingKind::Record | SettingKind::Fixed => 0,
        SettingKind::Action => 1,
        SettingKind::Choice => row.choices.iter().filter(|choice| choice.enabled).count(),
        SettingKind::Switch | SettingKind::Text => usize::from(row.reason.is_empty()),
    }
}

#[test]
fn a_rule_is_toggled_explained_signed_and_in_force_with_the_keyboard_alone() {
    let (office, data) = (Office::new(), tempfile::tempdir().unwrap());
    let before = office.text();
    let desk = open(&office, data.path(), Some("administration"));
    tab_from(&desk, "op-new-control", "op-nav-administration");
    key(desk.operator(), Key::Return);
    at_rest(&desk, "the rules are shown", |page| page.get_settings().row_count() > 0);
    desk.keep("rules");

    // Tab stops at every key, also at those below the fold: they come into sight before it is their turn.
    let first = "IssueProcess.ThirdPartyIdControl";
    let wanted = "IssueProcess.RequireScanForReplacement";
    tab_from(&desk, "op-admin-master", &format!("op-set-{first}"));
    let rows: Vec<Setting> = page(&desk).get_settings().iter().collect();
    let place = |id: &str| rows.iter().position(|row| row.id == id).unwrap();
    let stops = |rows: &[Setting]| -> usize { rows.iter().map(stops_of).sum() };
    tabs(&desk, stops(&rows[place(first)..place(wanted)]));
    key(desk.operator(), Key::Space);
    assert!(page(&desk).get_settings().row_data(place(wanted)).unwrap().changed);
    assert_eq!(page(&desk).get_changes(), "Én endring er ikke lagret");
    desk.keep("changed");
    // Past the other keys and the undoing.
    tabs(&desk, stops(&rows[place(wanted)..]) + 1);
    key(desk.operator(), Key::Return);
    at_rest(&desk, "the difference is shown", |page| page.get_differences().row_count() == 1);
    let difference = page(&desk).get_differences().row_data(0).unwrap();
    assert_eq!(difference.meaning, "Fra nå av kreves skanning også for erstatningskort.");
    assert_eq!(difference.direction, "Strengere");
    assert_eq!(office.text(), before, "nothing is written yet");

    write(desk.operator(), "Etter revisjonen");
    key(desk.operator(), Key::Return);
    desk.until("it can be signed", |desk| has(desk.operator(), "op-admin-pin") && enabled(desk.operator(), "op-admin-pin"));
    desk.keep("reason");
    desk.type_pin(PIN);
    at_rest(&desk, "it is saved", |page| page.get_view() == AdministrationView::Edit && page.get_changes().is_empty());
    assert!(page(&desk).get_notice().contains("Den gjelder her fra neste kontroll"), "{}", page(&desk).get_notice());
    desk.keep("saved");

    assert_eq!(office.text(), before.replace("RequireScanForReplacement = false", "RequireScanForReplacement = true"));
    let chain = history(&office.master()).unwrap();
    let newest = &chain[0].statement;
    assert_eq!((newest.version, newest.signed_by.as_str(), newest.why.as_str()), (1, OPERATOR, "Etter revisjonen"));
    assert_eq!(newest.sha256, load_master(&office.master()).unwrap().digest);

    // From now on a replacement card needs a scan.
    desk.click("op-nav-today");
    desk.ask_for("replacement-card", "local");
    desk.click("op-begin");
    desk.until("the control is open", |desk| desk.operator().global::<Operator>().get_in_control());
    assert_eq!(desk.rail()[3], StepState::Coming);
}

#[test]
fn nothing_is_lost_when_somebody_else_changes_the_file_meanwhile() {
    let (office, data) = (Office::new(), tempfile::tempdir().unwrap());
    let desk = open(&office, data.path(), None);
    administer(&desk);
    desk.click("op-set-IssueProcess.ThirdPartyIdControl");
    fs::write(office.master(), office.text().replace("MaxScanAttempts = 5", "MaxScanAttempts = 7")).unwrap();
    desk.click("op-admin-review");
    at_rest(&desk, "the fault is shown", |page| !page.get_fault_lines().is_empty());
    assert_eq!(desk.operator().global::<Operator>().get_fault().code, "CONFIG_CHANGED_MEANWHILE");
    assert_eq!(page(&desk).get_view(), AdministrationView::Edit);
    // The file as it is now is read anew, and what was typed stays.
    at_rest(&desk, "the file is read anew", |page| {
        page.get_settings().iter().any(|row| row.id == "IssueProcess.MaxScanAttempts" && row.value == "7")
    });
    assert_eq!(page(&desk).get_changes(), "Én endring er ikke lagret");
    review(&desk);
    sign(&desk, "avtalt");
    assert!(office.text().contains("MaxScanAttempts = 7") && office.text().contains("ThirdPartyIdControl = true"));
}

#[test]
fn a_contradiction_is_told_with_its_place_and_nothing_is_lost() {
    let (office, data) = (Office::new(), tempfile::tempdir().unwrap());
    let before = office.text();
    let desk = open(&office, data.path(), None);
    administer(&desk);
    desk.click("op-tab-directory");
    desk.fill("op-set-Directory.Url", "ldaps://dc.example.org");
    desk.click("op-admin-review");
    at_rest(&desk, "the fault is shown", |page| !page.get_fault_lines().is_empty());
    assert_eq!(desk.operator().global::<Operator>().get_fault().code, "CONFIG_CONTRADICTION");
    let lines = page(&desk).get_fault_lines();
    let place = lines.split("MASTER.toml:").nth(1).unwrap();
    assert!(place.split(':').take(2).all(|number| number.parse::<usize>().is_ok()), "no line and column: {lines}");
    assert_eq!(page(&desk).get_changes(), "Én endring er ikke lagret");
    let typed = page(&desk).get_settings().iter().find(|row| row.id == "Directory.Url").unwrap();
    assert_eq!((typed.value.as_str(), typed.changed), ("ldaps://dc.example.org", true));
    desk.click("op-admin-undo");
    assert!(page(&desk).get_changes().is_empty() && page(&desk).get_fault_lines().is_empty());
    assert_eq!(office.text(), before);
}

#[test]
fn a_wrong_pin_changes_nothing_and_the_version_before_comes_back() {
    let (office, data) = (Office::new(), tempfile::tempdir().unwrap());
    let before = office.text();
    let desk = open(&office, data.path(), Some("administration-versions"));
    administer(&desk);
    desk.click("op-set-IssueProcess.AllowOperatorIdentification");
    review(&desk);
    explain(&desk, "liten bedrift");
    desk.type_pin("999999");
    at_rest(&desk, "the PIN is wrong", |page| !page.get_error().is_empty());
    assert_eq!((office.text(), history(&office.master()).is_err()), (before.clone(), true));
    desk.type_pin(PIN);
    at_rest(&desk, "it is saved", |page| page.get_view() == AdministrationView::Edit && page.get_changes().is_empty());

    desk.click("op-set-IssueProcess.AllowOperatorIdentification");
    desk.click("op-set-IssueProcess.RequireTermsForLocal");
    review(&desk);
    sign(&desk, "angret");
    desk.click("op-admin-history");
    assert!(has(desk.operator(), "op-admin-return-1") && !has(desk.operator(), "op-admin-return-2"));
    let newest = page(&desk).get_versions().row_data(0).unwrap();
    assert_eq!(newest.why, "angret");
    assert!(newest.changes.contains("IssueProcess.RequireTermsForLocal: på → av"), "{}", newest.changes);
    desk.keep("versions");
    desk.click("op-admin-return-1");
    at_rest(&desk, "the difference is shown", |page| page.get_differences().row_count() == 2);
    sign(&desk, "tilbake");
    assert_eq!(
        office.text(),
        before.replace("AllowOperatorIdentification = false", "AllowOperatorIdentification = true"),
        "exactly as version 1 was"
    );
    assert_eq!(history(&office.master()).unwrap().len(), 3);
}

#[test]
fn a_control_under_way_keeps_the_rules_it_began_with() {
    let (office, data) = (Office::new(), tempfile::tempdir().unwrap());
    let mut station = office.station(data.path());
    let known = station.enroll(OPERATOR, pin(PIN)).unwrap();
    station.sign_in(&known.serial, pin(PIN)).unwrap();
    assert!(station.administers());
    assert!(matches!(station.begin(asked(Function::ReplacementCard, CertificateKind::Local)).unwrap(), Began::Open(_)));
    let rules = station.control().unwrap().opening().rules.clone();
    let change = |office: &Office, setting: &str| FileChange {
        seen: load_master(&office.master()).unwrap().digest,
        edits: edits(&[setting]),
    };
    let saved =
        station.save_master(&change(&office, "IssueProcess.RequireScanForReplacement=true"), "a", pin(PIN).into()).unwrap();
    assert!(saved.in_force.is_none(), "not while a control is under way");
    assert_eq!(station.control().unwrap().opening().rules, rules);
    assert!(!station.configuration().master.value.issue_process.require_scan_for_replacement);
    station.act(Command::Abort { reason: "x".into() }).unwrap();
    station.act(Command::HandBack).ok();
    station.leave_control().unwrap();
    // With the next one that is saved, what was saved before holds too.
    let saved = station.save_master(&change(&office, "IssueProcess.MaxScanAttempts=4"), "b", pin(PIN).into()).unwrap();
    let now = saved.in_force.unwrap();
    assert!(now.master.value.issue_process.require_scan_for_replacement);
    assert_eq!(station.configuration().effective_rules().master, load_master(&office.master()).unwrap().digest);
    // What more than the rules depends on waits until the station opens.
    let saved = station.save_master(&change(&office, "Common.CompanyName=Ny kommune"), "c", pin(PIN).into()).unwrap();
    assert!(saved.in_force.is_none() && saved.version == 3);
}

#[test]
fn a_desk_that_knows_no_such_signature_refuses_before_any_pin_is_spent() {
    let (office, data) = (Office::new(), tempfile::tempdir().unwrap());
    let known = office.station(data.path()).enroll(OPERATOR, pin(PIN)).unwrap();
    let pinned = |entries: &str| {
        let shipped = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/LOCAL.toml")).unwrap();
        fs::write(office.local(), format!("{shipped}\n[Administrators]\n{entries}\n")).unwrap();
    };
    let stranger = "0".repeat(63) + "1";
    pinned(&format!("RequireSignedMaster = true\nCertificates = [\"{stranger} Ola\"]"));
    let mut station = office.station(data.path());
    station.sign_in(&known.serial, pin(PIN)).unwrap();
    let seen = load_master(&office.master()).unwrap().digest;
    let change = FileChange { seen, edits: edits(&["IssueProcess.ThirdPartyIdControl=true"]) };
    let before = office.text();
    let refused = station.save_master(&change, "why", pin("999999").into()).unwrap_err();
    assert_eq!(refused.code(), "ADMINISTRATOR_NOT_KNOWN_HERE");
    assert_eq!(station.operators().unwrap()[0].tries_left, known.tries_left, "no try was spent");
    assert_eq!(office.text(), before);
    // The message holds the line that LOCAL.toml lacks.
    let message = refused.to_string();
    let entry = message.split('"').nth(1).unwrap();
    pinned(&format!("RequireSignedMaster = true\nCertificates = [\"{entry}\"]"));
    drop(station);
    let mut station = office.station(data.path());
    station.sign_in(&known.serial, pin(PIN)).unwrap();
    let saved = station.save_master(&change, "why", pin(PIN).into()).unwrap();
    assert!(!saved.awaits_second);
    let administrators = &station.configuration().local.value.administrators;
    let digest = load_master(&office.master()).unwrap().digest;
    assert_eq!(check(&office.master(), digest, administrators, None).unwrap().name, OPERATOR);
    let rules = station.configuration().effective_rules();
    assert_eq!((rules.master, rules.signed_by.unwrap().name.as_str()), (digest, OPERATOR));

    // Four eyes: the same person is not the second.
    pinned(&format!("RequireSignedMaster = true\nFourEyesForVouching = true\nCertificates = [\"{entry}\", \"{stranger} Ola\"]"));
    drop(station);
    let mut station = office.station(data.path());
    station.sign_in(&known.serial, pin(PIN)).unwrap();
    assert_eq!(station.administration().unwrap().awaits_second.as_deref(), Some(OPERATOR));
    let again = FileChange { seen: digest, edits: Edits::default() };
    assert_eq!(station.save_master(&again, "why", pin(PIN).into()).unwrap_err().code(), "MASTER_SECOND_SIGNER_IS_FIRST");
}

#[test]
fn whoever_is_no_administrator_sees_no_administration() {
    let (office, data) = (Office::new(), tempfile::tempdir().unwrap());
    let text = office.text();
    let appointed = "\n[[Operator]]\nIssuer = \"CN=Utopia CA\"\nSerial = \"01\"\nRoles = [\"ra-admin\"]\n# END\n";
    fs::write(office.master(), text.replace("\n# END\n", appointed)).unwrap();
    let desk = open(&office, data.path(), None);
    assert!(!has(desk.operator(), "op-nav-administration"));
    let mut station = office.station(&data.path().join("other"));
    let known = station.enroll(OPERATOR, pin(PIN)).unwrap();
    station.sign_in(&known.serial, pin(PIN)).unwrap();
    assert_eq!(station.administration().unwrap_err().code(), "SIGNED_IN_NOT_AS_ADMINISTRATOR");
}

#[test]
fn terms_are_read_before_they_hold_as_the_holder_will_see_them() {
    let (office, data) = (Office::new(), tempfile::tempdir().unwrap());
    let terms = office.0.path().join("config/terms");
    let coming = "# Nytt\n\nDette gjelder fra neste tiår.\n\n# Mer\n\nAndre avsnitt.\n";
    let listed = fs::read_to_string(terms.join("terms.toml")).unwrap();
    // The file was put there after the station opened.
    let desk = open(&office, data.path(), Some("administration-terms"));
    fs::write(terms.join("coming.nb.txt"), coming).unwrap();
    let entry = "[[Terms]]\nId = \"local-declaration\"\nCertificate = \"local\"\nVersion = \"9.0\"\nLanguage = \"nb\"\n\
                 Title = \"Ny erklæring\"\nFile = \"coming.nb.txt\"\nValidFrom = \"2999-01-01\"\n";
    fs::write(terms.join("terms.toml"), format!("{listed}\n{entry}")).unwrap();
    administer(&desk);
    enter(&desk, "master", "terms", "op-set-Terms.Folder");
    let rows: Vec<Setting> = page(&desk).get_settings().iter().filter(|row| row.id.starts_with("terms-")).collect();
    let new = rows.iter().find(|row| row.name.contains("9.0")).unwrap();
    assert_eq!(new.name, "Lokalt · versjon 9.0 · Bokmål · gjelder fra 01.01.2999");
    assert!(rows.iter().any(|row| row.name.contains("gjelder siden")), "the present ones are listed too");
    desk.keep("list");
    push(&desk, &format!("op-{}", new.id));
    at_rest(&desk, "the text is shown", |page| page.get_view() == AdministrationView::Terms);
    let shown: Vec<(String, String)> =
        page(&desk).get_paragraphs().iter().map(|it| (it.heading.into(), it.text.into())).collect();
    let expected = [("Nytt", "Dette gjelder fra neste tiår."), ("Mer", "Andre avsnitt.")];
    assert_eq!(shown, expected.map(|(heading, text)| (heading.to_owned(), text.to_owned())));
    assert_eq!(page(&desk).get_terms_title(), "Ny erklæring");
    let digest = bam_station::digest::Digest::of(coming.as_bytes()).to_string();
    assert!(page(&desk).get_terms_digest().contains(&digest));
    desk.keep("preview");
    desk.click("op-terms-back");
    at_rest(&desk, "back at the keys", |page| page.get_view() == AdministrationView::Edit);
    // A text that cannot be read is told; those that were read before stay.
    fs::remove_file(terms.join("coming.nb.txt")).unwrap();
    desk.click("op-nav-administration");
    at_rest(&desk, "it is told", |page| page.get_settings().iter().any(|row| row.reason.contains("coming.nb.txt")));
}
