//! Roles at the desk: an auditor reads and changes nothing, and groups of the directory appoint whom no certificate does.

use bam_station::{
    control::Command,
    rules::{CertificateKind, Function, Method, role::Role},
};

use crate::{
    card_desk::{OPERATORS, at_a_desk},
    support_cards::{Office, appointed, asked, begin, card_of, pin, step},
    support_directory::{Slapd, entry, group, person},
};

use CertificateKind::{Local, Qualified};

#[test]
fn an_auditor_signs_in_and_neither_begins_nor_ends_a_control() {
    at_a_desk(|desk| {
        let office = Office::new();
        let auditor = office.person("Rita Revisor", Qualified, -30, 300);
        let data = tempfile::tempdir().unwrap();
        let mut station = office.open(data.path(), |configuration| {
            let mut appointment = appointed(&auditor, None);
            appointment.roles = vec![Role::Auditor];
            configuration.master.value.roles.appointed.push(appointment);
        });
        let operators = desk.insert(OPERATORS, card_of(&office.kari));
        station.sign_in_with_card(pin()).unwrap();
        begin(&mut station, asked(Function::PinUnlock, Local));
        station.act(Command::ChooseMethod(Method::Document)).unwrap();
        let before = step(&station);
        station.sign_out();
        drop(operators);

        let _auditors = desk.insert(OPERATORS, card_of(&auditor));
        station.sign_in_with_card(pin()).unwrap();
        assert_eq!(station.signed_in().unwrap().role(), Role::Auditor);
        let head = station.register().head().unwrap();
        for command in [Command::Abort { reason: "No".into() }, Command::HandBack, Command::ChooseMethod(Method::Document)] {
            assert!(matches!(station.act(command).unwrap_err().code(), "SIGNED_IN_NOT_AS_OPERATOR" | "OTHER_OPERATORS_CONTROL"));
        }
        assert_eq!(step(&station), before);
        assert_eq!(station.register().head().unwrap(), head, "an auditor writes nothing");
        assert!(station.register().controls().is_ok());
    });
}

#[test]
fn groups_of_the_directory_appoint_whom_no_certificate_does() {
    at_a_desk(|desk| {
        let mut slapd = Slapd::start(
            &[
                person("Rut", "Rut", "Admin", "rutadm", ""),
                person("Ole", "Ole", "Operatør", "oleope", ""),
                group("G_Inner", &[entry("Rut")]),
                group("G_CA_LRA_Admins", &["CN=G_Inner,OU=Groups,DC=utopia,DC=example".into()]),
                group("G_CA_LRA_Operators", &[entry("Ole")]),
            ]
            .concat(),
        );
        let office = Office::new();
        let with_uid = |name: &str, user: &str| office.person(&format!("{name}/UID={user}"), Qualified, -30, 300);
        let (rut, ole, stranger) =
            (with_uid("Rut Admin", "rutadm"), with_uid("Ole Operatør", "oleope"), with_uid("Nils Fremmed", "nilfre"));
        let data = tempfile::tempdir().unwrap();
        let mut station = office.open(data.path(), |configuration| {
            let master = &mut configuration.master.value;
            master.directory = slapd.settings();
            master.roles.groups.operators = Some("G_CA_LRA_Operators".into());
            master.roles.groups.ra_admins = Some("g_ca_lra_admins".into());
            master.roles.require_training_date = false;
        });
        let mut signs_in = |issued| {
            let _card = desk.insert(OPERATORS, card_of(issued));
            station.sign_in_with_card(pin()).map(drop).map(|()| station.signed_in().unwrap().role()).map_err(|fault| fault.code())
        };
        assert_eq!(signs_in(&rut), Ok(Role::RaAdmin));
        assert_eq!(signs_in(&ole), Ok(Role::Operator));
        assert_eq!(signs_in(&stranger), Err("SIGN_IN_NOT_APPOINTED"));
        slapd.stop();
        assert_eq!(signs_in(&rut), Err("DIRECTORY_UNREACHABLE"));
        assert_eq!(signs_in(&office.kari), Ok(Role::Operator), "whom MASTER.toml names needs no directory");
    });
}
