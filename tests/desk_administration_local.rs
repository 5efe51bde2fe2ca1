//! An administrator changes the devices of the desk on the screen: LOCAL.toml says it, the journal says who and why, and what guards the
//! station stays closed.

use std::{fs, path::Path};

use bam_station::{
    config::{
        edit::{Assignment, Edits, propose_master},
        load_local,
        tabs::{ONLY_IN_FILE, Tab, guards_the_station, of_local},
    },
    station::{
        FileChange, FoundDevice, FoundDevices,
        local_settings::{LOCAL_CHANGED, LocalChanged},
    },
    ui::admin_rows,
};
use bam_station_ui::{Administration, AdministrationView, Operator, OperatorPage};
use slint::{ComponentHandle as _, Model as _, platform::Key};

use crate::{
    card_desk::at_a_desk,
    desk_administration::{Office, enter, push},
    desk_by_hand::{AtTheDesk, PIN, has},
    signature::pin,
    support_directory::{Slapd, person},
    support_screens::{enabled, key},
};

const KARI: &str = "Kari Nordmann";

fn page(desk: &AtTheDesk) -> Administration<'_> {
    desk.operator().global::<Administration>()
}

fn at_rest(desk: &AtTheDesk, what: &str, holds: impl Fn(&Administration<'_>) -> bool) {
    desk.until(what, |desk| {
        let busy = desk.operator().global::<Operator>().get_busy() || page(desk).get_busy();
        !busy && desk.page() == OperatorPage::Administration && holds(&page(desk))
    });
}

/// Kari is signed in and sees a tab of LOCAL.toml.
fn open(office: &Office, data: &Path, tab: &str) -> AtTheDesk {
    let desk = AtTheDesk::open_with(office.configuration(), data, Some("administration-local"));
    desk.enroll(KARI);
    desk.until("the desk is at rest", |desk| {
        desk.page() == OperatorPage::Home && !desk.operator().global::<Operator>().get_busy()
    });
    desk.click("op-nav-administration");
    at_rest(&desk, "the rules are shown", |page| page.get_settings().row_count() > 0);
    desk.click("op-admin-local");
    at_rest(&desk, "LOCAL.toml is shown", |page| page.get_local() && page.get_settings().row_count() > 0);
    show(&desk, tab);
    desk
}

fn show(desk: &AtTheDesk, tab: &str) {
    desk.click(&format!("op-tab-{tab}"));
    at_rest(desk, "the tab is shown", |page| page.get_tab() == tab);
}

fn save(desk: &AtTheDesk, why: &str) {
    desk.click("op-admin-review");
    at_rest(desk, "the difference is shown", |page| {
        page.get_view() == AdministrationView::Review && page.get_differences().row_count() > 0
    });
    desk.keep("review");
    desk.fill("op-admin-why", why);
    key(desk.operator(), Key::Return);
    at_rest(desk, "it is saved", |page| page.get_view() == AdministrationView::Edit && page.get_changes().is_empty());
}

#[test]
fn devices_are_changed_explained_and_journalled_and_every_other_line_stays() {
    let (office, data) = (Office::new(), tempfile::tempdir().unwrap());
    let before = fs::read_to_string(office.local()).unwrap();
    let master = office.text();
    let desk = open(&office, data.path(), "scanner");
    desk.keep("scanner");
    desk.fill("op-set-Scanner.Dpi", "9999");
    at_rest(&desk, "what cannot be is told", |page| {
        page.get_settings().iter().any(|row| row.id == "Scanner.Dpi" && !row.error.is_empty())
    });
    assert!(!enabled(desk.operator(), "op-admin-review"));
    desk.click("op-admin-undo");
    at_rest(&desk, "it is taken back", |page| page.get_changes().is_empty());
    enter(&desk, "local", "scanner", "op-set-Scanner.Driver-sane");
    push(&desk, "op-set-Scanner.Mode-Gray");
    enter(&desk, "local", "pin-pad", "op-set-OperatorReader.PinPad-when-present");
    push(&desk, "op-set-HolderReader.PinPad-required");
    assert_eq!(page(&desk).get_changes(), "2 endringer er ikke lagret");
    save(&desk, "ny skanner");
    assert!(!has(desk.operator(), "op-admin-pin"));
    assert!(page(&desk).get_notice().contains("når stasjonen åpnes på nytt"), "{}", page(&desk).get_notice());

    let (head, holder) = before.split_once("[HolderReader]").unwrap();
    let expected = format!(
        "{}[HolderReader]{}",
        head.replace("Mode = \"Color\"", "Mode = \"Gray\""),
        holder.replacen("PinPad = \"when-present\"", "PinPad = \"required\"", 1)
    );
    assert_eq!(fs::read_to_string(office.local()).unwrap(), expected);
    assert_eq!(office.text(), master, "the organisation's rules are not touched");
    drop(desk);
    let station = office.station(data.path());
    let entries = station.register().entries("register").unwrap();
    let found: Vec<LocalChanged> = entries
        .iter()
        .filter(|entry| entry.kind == LOCAL_CHANGED)
        .map(|entry| serde_json::from_str(&entry.body).unwrap())
        .collect();
    let [changed] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((changed.by.as_str(), changed.why.as_str()), (KARI, "ny skanner"));
    assert_eq!(changed.after, load_local(&office.local()).unwrap().digest);
    let told: Vec<_> =
        changed.changes.iter().map(|(key, before, after)| (key.as_str(), before.as_str(), after.as_str())).collect();
    let expected =
        [("Scanner.Mode", Some("Color"), Some("Gray")), ("HolderReader.PinPad", Some("when-present"), Some("required"))];
    assert_eq!(told, expected);
}

#[test]
fn what_guards_the_station_is_closed_on_the_screen_and_in_the_station() {
    let (office, data) = (Office::new(), tempfile::tempdir().unwrap());
    let values = load_local(&office.local()).unwrap().value;
    let mut closed = Vec::new();
    for tab in Tab::ALL {
        for setting in of_local(tab, &values).into_iter().flat_map(|group| group.settings) {
            assert_eq!(setting.idle.is_some(), guards_the_station(setting.section, setting.key), "{}", setting.name());
            if let Some(reason) = setting.idle {
                assert_eq!(reason, ONLY_IN_FILE);
                closed.push(setting.name());
            }
        }
    }
    closed.sort();
    let expected = [
        "Administrators.Certificates",
        "Administrators.FourEyesForVouching",
        "Administrators.Keys",
        "Administrators.RequireSignedMaster",
        "HolderReader.Module",
        "OperatorReader.Module",
        "Seal.Key",
        "Training",
    ];
    assert_eq!(closed, expected);

    let before = fs::read_to_string(office.local()).unwrap();
    let mut station = office.station(data.path());
    let known = station.enroll(KARI, pin(PIN)).unwrap();
    let change = |setting: &str| FileChange {
        seen: load_local(&office.local()).unwrap().digest,
        edits: Edits { assignments: vec![Assignment::set(setting).unwrap()], records: vec![] },
    };
    station.sign_out();
    assert_eq!(station.save_local(&change("Scanner.Dpi=600"), "x").unwrap_err().code(), "NOT_SIGNED_IN");
    station.sign_in(&known.serial, pin(PIN)).unwrap();
    let stranger = "0".repeat(63) + "1";
    for setting in [
        "Training=false",
        "Seal.Key=none",
        "Administrators.RequireSignedMaster=false",
        &format!("Administrators.Keys={stranger} Ola"),
        "OperatorReader.Module=/tmp/module.so",
    ] {
        assert_eq!(station.propose_local(&change(setting)).unwrap_err().code(), "SETTING_ONLY_IN_FILE", "{setting}");
        assert_eq!(station.save_local(&change(setting), "x").unwrap_err().code(), "SETTING_ONLY_IN_FILE", "{setting}");
    }
    assert_eq!(
        station.save_local(&change("Scanner.Dpi=600"), " ").unwrap_err().code(),
        "MASTER_SIGNING_TEXT",
        "a reason is given"
    );
    assert_eq!(station.save_local(&change("Scanner.Dpi=300"), "x").unwrap_err().code(), "MASTER_NOTHING_CHANGED");
    assert_eq!(station.save_local(&change("OperatorReader.Driver=pkcs11"), "x").unwrap_err().code(), "CONFIG_CONTRADICTION");
    let stale = FileChange { seen: bam_station::digest::Digest::of(b"another"), ..change("Scanner.Dpi=600") };
    assert_eq!(station.save_local(&stale, "x").unwrap_err().code(), "CONFIG_CHANGED_MEANWHILE");
    assert_eq!(fs::read_to_string(office.local()).unwrap(), before);
    assert!(station.register().entries("register").unwrap().iter().all(|entry| entry.kind != LOCAL_CHANGED));
    assert_eq!(station.save_local(&change("Scanner.Dpi=600"), "x").unwrap().len(), 1);
}

#[test]
fn found_devices_may_be_chosen_instead_of_typed() {
    let office = Office::new();
    let draft =
        bam_station::config::draft::Draft::of_local(bam_station::config::draft::read_local_as_written(&office.local()).unwrap());
    let one = |id: &str, name: &str| vec![FoundDevice { id: id.into(), name: name.into() }];
    let devices = FoundDevices {
        readers: one("ACS ACR89 00 00", "ACS ACR89 00 00"),
        scanners: one("plustek:libusb:001", "Plustek A6"),
        pads: one("056a:00a4", "Wacom STU-430"),
    };
    let monitors = ["DP-1".to_owned(), "HDMI-1".to_owned()];
    let offered = |tab: Tab, id: &str| -> Vec<(String, String)> {
        let rows = admin_rows::of_local(bam_station::config::Language::NB, tab, &draft, &devices, &monitors);
        let row = rows.into_iter().find(|row| row.id == id).unwrap();
        row.choices.iter().map(|choice| (choice.id.into(), choice.label.into())).collect()
    };
    let reader = [("ACS ACR89 00 00".to_owned(), "ACS ACR89 00 00".to_owned())];
    assert_eq!(offered(Tab::Readers, "OperatorReader.Reader"), reader);
    assert_eq!(offered(Tab::Readers, "HolderReader.Reader"), reader);
    assert_eq!(offered(Tab::Scanner, "Scanner.Device"), [("plustek:libusb:001".to_owned(), "Plustek A6".to_owned())]);
    assert_eq!(offered(Tab::SignaturePad, "SignaturePad.Device"), [("056a:00a4".to_owned(), "Wacom STU-430".to_owned())]);
    assert_eq!(offered(Tab::Screens, "Windows.HolderOutput").len(), 2);
    assert!(offered(Tab::Readers, "OperatorReader.Module").is_empty(), "code of a vendor is not chosen on the screen");
}

#[test]
fn a_reader_that_is_connected_is_chosen_by_a_click() {
    at_a_desk(|_| {
        let (office, data) = (Office::new(), tempfile::tempdir().unwrap());
        let desk = open(&office, data.path(), "readers");
        let found = "op-found-HolderReader.Reader-Holder Reader 01 00";
        desk.until("the readers are found", |desk| {
            page(desk).get_settings().iter().any(|row| row.id == "HolderReader.Reader" && row.choices.row_count() == 2)
        });
        enter(&desk, "local", "readers", "op-set-OperatorReader.Driver-pcsc");
        push(&desk, found);
        at_rest(&desk, "it is chosen", |page| !page.get_changes().is_empty());
        desk.keep("readers");
        save(&desk, "leserne byttet plass");
        let now = load_local(&office.local()).unwrap().value;
        assert_eq!(now.holder_reader.reader.as_deref(), Some("Holder Reader 01 00"));
    });
}

/// BAM's button Update: which fields there are in the directory, for the mapping.
#[test]
fn the_fields_of_the_directory_are_fetched_for_the_mapping() {
    let slapd = Slapd::start(&person("Anna", "Anna", "Eriksson", "anna", "employeeNumber: 1\n"));
    let (office, data) = (Office::new(), tempfile::tempdir().unwrap());
    let settings = slapd.settings();
    let file = |path: Option<std::path::PathBuf>| path.unwrap().display().to_string();
    let wanted = [
        format!("Directory.Url={}", settings.url.unwrap()),
        format!("Directory.Ca={}", file(settings.ca)),
        format!("Directory.Base={}", settings.base.unwrap()),
        format!("Directory.BindName={}", settings.bind_name.unwrap()),
        format!("Directory.PasswordFile={}", file(settings.password_file)),
        "Directory.Seconds=60".to_owned(),
    ];
    let wanted: Vec<Assignment> = wanted.iter().map(|setting| Assignment::set(setting).unwrap()).collect();
    propose_master(&office.master(), &wanted, |_| Ok(())).unwrap().write().unwrap();
    let desk = open(&office, data.path(), "screens");
    enter(&desk, "master", "directory", "op-set-Directory.Url");
    push(&desk, "op-fields-directory");
    desk.until("the fields are there", |desk| {
        page(desk).get_settings().iter().any(|row| row.effect.contains("employeeNumber (1)") && row.effect.contains("sn (1)"))
    });
    assert!(page(&desk).get_settings().iter().all(|row| !row.effect.contains("Eriksson")), "names of fields, no values");
}
