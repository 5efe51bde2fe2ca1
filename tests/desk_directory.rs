//! The person from the directory, by hand: searched on the new-control page, chosen, changed, and typed instead.

use bam_station::{directory::TypedEntry, rules::conditions::Origin};
use bam_station_ui::{HolderPage, NewControl, OperatorPage};
use slint::{ComponentHandle as _, Model as _, platform::Key};

use crate::{
    desk_by_hand::{AtTheDesk, configuration},
    support_directory::{Slapd, entry, group, person},
    support_screens::{enabled, find, key},
};

fn open(slapd: &Slapd, data: &std::path::Path, typed: TypedEntry) -> AtTheDesk {
    let mut configuration = configuration();
    configuration.master.value.directory = slapd.settings();
    configuration.master.value.directory.typed_entry = typed;
    configuration.master.value.directory.groups.local = Some("G_Local".into());
    let desk = AtTheDesk::open_with(configuration, data, Some("directory"));
    desk.enroll("Kari Nordmann");
    desk.both_on(OperatorPage::Home, HolderPage::Idle);
    desk.click("op-new-control");
    desk.until("the form is there", |desk| desk.page() == OperatorPage::NewControl);
    desk
}

fn form(desk: &AtTheDesk) -> NewControl<'_> {
    desk.operator().global::<NewControl>()
}

fn answered(desk: &AtTheDesk) {
    desk.until("the directory has answered", |desk| !form(desk).get_searching());
}

#[test]
fn the_operator_searches_chooses_one_and_begins() {
    let slapd = Slapd::start(
        &[
            person("Anna Eriksson", "Anna Maria", "Eriksson", "anneri", "employeeNumber: 02016126007\n"),
            person("Anna Berg", "Anna", "Berg", "annber", "userAccountControl: 514\n"),
            group("G_Local", &[entry("Anna Eriksson")]),
        ]
        .concat(),
    );
    let data = tempfile::tempdir().unwrap();
    let desk = open(&slapd, data.path(), TypedEntry::Never);
    // By keyboard: the search has the focus already when the page opens.
    desk.fill("op-directory-search", "nobody at all");
    key(desk.operator(), Key::Return);
    answered(&desk);
    assert_eq!(form(&desk).get_hits().row_count(), 0);
    assert!(form(&desk).get_search_note().contains("Ingen ble funnet"), "{}", form(&desk).get_search_note());

    form(&desk).set_search("".into());
    desk.fill("op-directory-search", "anna");
    desk.click("op-directory-find");
    answered(&desk);
    assert_eq!(form(&desk).get_hits().row_count(), 2);
    assert!(form(&desk).get_hits().row_data(0).unwrap().note.contains("slått av"));
    desk.keep("hits");
    assert!(!enabled(desk.operator(), "op-begin"), "nobody is chosen yet");

    desk.click("op-directory-hit-1");
    answered(&desk);
    assert_eq!(form(&desk).get_last_name(), "Eriksson");
    assert_eq!(form(&desk).get_user_name(), "anneri");
    assert!(form(&desk).get_search_note().contains("lokalt"), "{}", form(&desk).get_search_note());
    desk.keep("chosen");
    desk.click("op-kind-local");
    assert!(enabled(desk.operator(), "op-begin"));

    desk.fill("op-last-name", "s");
    desk.until("the change is seen", |desk| form(desk).get_search_note().contains("endret"));
    assert!(!enabled(desk.operator(), "op-begin"), "that is another person");
    desk.click("op-directory-hit-1");
    answered(&desk);
    desk.click("op-begin");
    desk.both_on(OperatorPage::Document, HolderPage::Welcome);
    assert!(find(desk.operator(), "op-directory-search").is_none());
    let register = bam_station::register::Register::open_read_only(&data.path().join("register")).unwrap();
    let opened = register.find_newest("opened", |entry| {
        std::ops::ControlFlow::Break(serde_json::from_str::<serde_json::Value>(&entry.body).unwrap())
    });
    let opened = opened.unwrap().unwrap().to_string();
    assert!(opened.contains("\"from\":\"directory\""), "{opened}");
}

#[test]
fn while_the_directory_is_down_a_person_is_typed_with_a_reason() {
    let mut slapd = Slapd::start("");
    let data = tempfile::tempdir().unwrap();
    let desk = open(&slapd, data.path(), TypedEntry::WhenDown);
    assert!(find(desk.operator(), "op-typed-reason").is_none());
    slapd.stop();
    desk.fill("op-directory-search", "anna");
    desk.click("op-directory-find");
    answered(&desk);
    desk.until("a reason is asked for", |desk| find(desk.operator(), "op-typed-reason").is_some());
    desk.keep("down");
    desk.fill("op-first-names", "Anna Maria");
    desk.fill("op-last-name", "Eriksson");
    desk.click("op-function-new-card");
    desk.click("op-kind-local");
    assert!(!enabled(desk.operator(), "op-begin"), "not without a reason");
    desk.fill("op-typed-reason", "Katalogen svarer ikke.");
    desk.until("it can begin", |desk| enabled(desk.operator(), "op-begin"));
    desk.click("op-begin");
    desk.both_on(OperatorPage::Document, HolderPage::Welcome);
    let wanted =
        Origin::TypedInstead { reason: "Katalogen svarer ikke.".into(), directory: Some("DIRECTORY_UNREACHABLE".into()) };
    let kept = desk.shell.desk(|desk| desk.control().unwrap().opening().known.origin.clone());
    assert_eq!(kept, wanted);
}
