//! An administrator with a card: MASTER.toml is changed on the screen, signed by the card in a real reader, and accepted by another
//! desk that knows this certificate and no other; and roles are appointed and withdrawn there.

use std::{fs, path::Path};

use bam_station::{
    config::{
        Configuration, Found, Search,
        edit::{Assignment, Edits, RecordEdit, propose_master_edits},
        load_master,
        signature::history,
    },
    digest::Digest,
    rules::{CertificateKind::Qualified, role::Role},
};
use bam_station_ui::{Administration, AdministrationView, Operator, OperatorPage, SettingKind};
use slint::{ComponentHandle as _, Model as _, platform::Key};
use x509_cert::der::Encode as _;

use crate::{
    card_desk::{HOLDERS, OPERATORS, PIN, at_a_desk},
    desk_administration::{Office as Files, enter, push},
    desk_by_hand::{AtTheDesk, has},
    support_cards::{OPERATOR, Office, card_of},
    support_pki::Issued,
    support_screens::{enabled, key},
};

/// The office's CA in MASTER.toml, and Kari as operator and RA-ADMIN.
fn appoint_in_files(files: &Files, office: &Office) {
    let settings = office.pki.settings();
    let path = |path: &Path| path.display().to_string();
    let policies = |oids: &[const_oid::ObjectIdentifier]| oids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let trust = [
        format!("Trust.Anchors={}", path(&settings.anchors[0])),
        format!("Trust.Intermediates={}", path(&settings.intermediates[0])),
        format!("Trust.QualifiedPolicies={}", policies(&settings.qualified_policies)),
        format!("Trust.LocalPolicies={}", policies(&settings.local_policies)),
        "Trust.Revocation=off".to_owned(),
    ];
    let kari = crate::support_cards::appointed(&office.kari, Some(-30));
    let values = [
        ("Name", OPERATOR.to_owned()),
        ("Issuer", kari.issuer),
        ("Serial", kari.serial),
        ("Roles", "operator, ra-admin".to_owned()),
        ("Trained", kari.trained.unwrap().to_string()),
    ];
    let edits = Edits {
        assignments: trust.iter().map(|setting| Assignment::set(setting).unwrap()).collect(),
        records: vec![RecordEdit::Add {
            list: "Operator".into(),
            values: values.map(|(key, value)| (key.to_owned(), value)).to_vec(),
        }],
    };
    propose_master_edits(&files.master(), &edits, |_| Ok(())).unwrap().write().unwrap();
}

/// LOCAL.toml with real readers, which accepts what this certificate signs and nothing else.
fn pin_in_files(files: &Files, issued: &Issued) {
    let text = fs::read_to_string(files.local()).unwrap();
    let named = |text: &str, section: &str, reader: &str| {
        text.replacen(&format!("[{section}]\n"), &format!("[{section}]\nReader = \"{reader}\"\n"), 1)
    };
    let text = named(&named(&text, "OperatorReader", "Operator Reader"), "HolderReader", "Holder Reader");
    let digest = Digest::of(&issued.certificate.to_der().unwrap());
    let pinned = format!("[Administrators]\nRequireSignedMaster = true\nCertificates = [\"{digest} {OPERATOR}\"]\n");
    fs::write(files.local(), format!("{text}\n{pinned}")).unwrap();
}

/// The first key where people are appointed.
const PEOPLE: &str = "op-set-Roles.OperatorPolicies";

fn page(desk: &AtTheDesk) -> Administration<'_> {
    desk.operator().global::<Administration>()
}

fn at_rest(desk: &AtTheDesk, what: &str, holds: impl Fn(&Administration<'_>) -> bool) {
    desk.until(what, |desk| {
        let busy = desk.operator().global::<Operator>().get_busy() || page(desk).get_busy();
        !busy && desk.page() == OperatorPage::Administration && holds(&page(desk))
    });
}

fn row(desk: &AtTheDesk, id: &str) -> bam_station_ui::Setting {
    let rows = page(desk).get_settings();
    rows.iter().find(|row| row.id == id).unwrap_or_else(|| panic!("no {id}"))
}

/// Kari has signed in with her card, and sees the tab.
fn open(files: &Files, data: &Path, tab: &str, first: &str) -> AtTheDesk {
    let configuration = Configuration::load(&Found { master: files.master(), local: files.local() }).unwrap();
    let desk = AtTheDesk::open_with(configuration, data, Some("administration-card"));
    desk.until("the card's PIN can be typed", |desk| {
        let busy = desk.operator().global::<Operator>().get_busy();
        has(desk.operator(), "op-card-pin") && enabled(desk.operator(), "op-card-pin") && !busy
    });
    desk.type_pin(PIN);
    desk.until("Kari is signed in", |desk| desk.page() == OperatorPage::Home && !desk.operator().global::<Operator>().get_busy());
    desk.click("op-nav-administration");
    at_rest(&desk, "the rules are shown", |page| page.get_settings().row_count() > 0);
    enter(&desk, "master", tab, first);
    desk
}

fn review(desk: &AtTheDesk) {
    desk.click("op-admin-review");
    at_rest(desk, "the difference is shown", |page| {
        page.get_view() == AdministrationView::Review && page.get_differences().row_count() > 0
    });
}

/// Gives the reason and the card's PIN.
fn sign(desk: &AtTheDesk, why: &str) {
    desk.fill("op-admin-why", why);
    key(desk.operator(), Key::Return);
    desk.until("the card's PIN can be typed", |desk| {
        has(desk.operator(), "op-admin-pin") && enabled(desk.operator(), "op-admin-pin") && !page(desk).get_busy()
    });
    desk.type_pin(PIN);
    at_rest(desk, "it is saved", |page| page.get_view() == AdministrationView::Edit && page.get_changes().is_empty());
}

#[test]
fn master_toml_is_signed_by_the_card_and_accepted_where_its_certificate_is_pinned() {
    at_a_desk(|readers| {
        let (files, office) = (Files::new(), Office::new());
        appoint_in_files(&files, &office);
        pin_in_files(&files, &office.kari);
        let data = tempfile::tempdir().unwrap();
        let card = readers.insert(OPERATORS, card_of(&office.kari));
        let desk = open(&files, data.path(), "issue-process", "op-set-IssueProcess.ThirdPartyIdControl");
        push(&desk, "op-set-IssueProcess.RequireScanForReplacement");
        review(&desk);
        desk.keep("review");
        let verified = card.card().verify_count();
        sign(&desk, "etter revisjonen");
        assert_eq!(card.card().verify_count(), verified + 1, "one PIN for one signature");
        assert!(page(&desk).get_notice().contains("Den gjelder her fra neste kontroll"), "{}", page(&desk).get_notice());
        let newest = history(&files.master()).unwrap().remove(0).statement;
        assert_eq!(newest.key, Digest::of(&office.kari.certificate.to_der().unwrap()));
        assert!(newest.certificate.is_some() && newest.algorithm.is_some(), "signed with a certificate's key");

        // Another desk, which pins this certificate, takes it, and says who signed.
        let other = tempfile::tempdir().unwrap();
        let in_force = || {
            let search = Search::this_machine();
            Configuration::in_force(&search, Some(files.master()), Some(files.local()), other.path(), true)
        };
        let taken = in_force().unwrap();
        assert!(taken.alarm.is_none() && taken.master.value.issue_process.require_scan_for_replacement);
        assert_eq!(taken.signer.unwrap().name, OPERATOR);
        // Whoever writes on the share without the card changes nothing there.
        let forged = files.text().replace("RequireScanForReplacement = true", "RequireScanForReplacement = false");
        fs::write(files.master(), forged).unwrap();
        let kept = in_force().unwrap();
        assert!(kept.alarm.is_some() && kept.master.value.issue_process.require_scan_for_replacement);
    });
}

#[test]
fn roles_are_appointed_from_a_card_changed_and_withdrawn_and_the_last_administrator_stays() {
    at_a_desk(|readers| {
        let (files, office) = (Files::new(), Office::new());
        appoint_in_files(&files, &office);
        pin_in_files(&files, &office.kari);
        let rut = office.person("Rut Admin", Qualified, -30, 300);
        let data = tempfile::tempdir().unwrap();
        let _kari = readers.insert(OPERATORS, card_of(&office.kari));
        let desk = open(&files, data.path(), "smartcard", PEOPLE);
        assert_eq!(page(&desk).get_settings().iter().filter(|row| row.kind == SettingKind::Record).count(), 1);

        // Nobody withdraws the last RA-ADMIN.
        push(&desk, "op-withdraw-Operator#0");
        desk.click("op-admin-review");
        at_rest(&desk, "it is refused", |page| !page.get_fault_lines().is_empty());
        assert_eq!(desk.operator().global::<Operator>().get_fault().code, "ROLES_LAST_ADMINISTRATOR");
        desk.keep("last-administrator");
        desk.click("op-admin-undo");
        at_rest(&desk, "it is taken back", |page| page.get_changes().is_empty() && page.get_fault_lines().is_empty());
        enter(&desk, "master", "smartcard", PEOPLE);

        // Rut's card is in the holder's reader: she is appointed by it.
        let _rut = readers.insert(HOLDERS, card_of(&rut));
        push(&desk, "op-add-card");
        at_rest(&desk, "the card is read", |page| page.get_settings().iter().any(|row| row.id == "Operator#1.Name"));
        assert_eq!(row(&desk, "Operator#1.Name").value, "Rut Admin");
        assert!(row(&desk, "Operator#1.Roles=operator").on);
        enter(&desk, "master", "smartcard", PEOPLE);
        push(&desk, "op-set-Operator#1.Roles=operator");
        push(&desk, "op-set-Operator#1.Roles=ra-admin");
        desk.keep("appointed");
        review(&desk);
        let difference = page(&desk).get_differences().row_data(0).unwrap();
        assert!(difference.after.contains("Rut Admin") && difference.after.contains("ra-admin"), "{difference:?}");
        assert_eq!(difference.direction, "Svakere", "one more may do something");
        sign(&desk, "Rut overtar");
        let appointed = load_master(&files.master()).unwrap().value.roles.appointed;
        assert_eq!((appointed.len(), &appointed[1].roles), (2, &vec![Role::RaAdmin]));
        let expected = crate::support_cards::appointed(&rut, None);
        assert_eq!((&appointed[1].issuer, &appointed[1].serial), (&expected.issuer, &expected.serial));

        // Now Kari can be withdrawn, and her training is nobody's business any more.
        enter(&desk, "master", "smartcard", PEOPLE);
        push(&desk, "op-withdraw-Operator#0");
        review(&desk);
        sign(&desk, "Kari slutter");
        let left = load_master(&files.master()).unwrap().value.roles.appointed;
        assert_eq!((left.len(), left[0].name.as_deref()), (1, Some("Rut Admin")));
        assert_eq!(history(&files.master()).unwrap().len(), 2);
    });
}
