//! Cards at the desk: who signs in, who is identified, who vouches, and what the certificates decide.

use std::{
    path::{Path, PathBuf},
    process::Command as Program,
};

use bam_station::{
    config::local::CardDriver,
    control::{Command, Identification, Outcome, Step, opening::CardSource},
    device::card::ReaderPlace,
    evidence::verify::verify,
    rules::{CardState, CertificateKind, Function, Method, role::Role},
    station::{CardFault, Says, run_script::run_script, script::Script},
    trust::Anchors,
};
use bam_virtual_card::{Fault, Mishap, instruction};

use crate::{
    card_desk::{HOLDERS, OPERATORS, at_a_desk},
    card_pkcs11::installed,
    support_cards::{
        ANNA, OPERATOR, Office, PER, abort, appointed, asked, begin, card_of, look, passport, pin, refused, register_entries,
        step, typed, up_to_the_approval,
    },
    support_pki::Wanted,
};

use CertificateKind::{Local, Qualified};

fn says() -> Says {
    Says { name: "Anna Eriksson".into(), statement: "Colleagues for nine years".into(), superior: false }
}

fn code<T>(done: Result<T, CardFault>) -> &'static str {
    match done {
        Ok(_) => "done",
        Err(fault) => fault.code(),
    }
}

#[test]
fn an_operator_signs_in_and_signs_a_qualified_control_with_a_card() {
    at_a_desk(|desk| {
        let mut office = Office::new();
        for rsa in [false, true] {
            let wanted = Wanted { rsa, more: office.pki.both_places(), ..Wanted::person(OPERATOR) };
            office.kari = office.pki.sub.issue(&wanted);
            let data = tempfile::tempdir().unwrap();
            let mut station = office.open(data.path(), |_| {});
            let card = desk.insert(OPERATORS, card_of(&office.kari));
            let operator = station.sign_in_with_card(pin()).unwrap();
            assert_eq!((operator.name.as_str(), operator.software_key), (OPERATOR, false));
            assert!(operator.trained.is_some());
            up_to_the_approval(&mut station);
            assert_eq!(card.card().verify_count(), 1, "one for the sign-in");
            station.approve(pin()).unwrap();
            assert_eq!(card.card().verify_count(), 2, "and one for the signature");

            let report = station.report_file().unwrap().unwrap();
            let pdf = std::fs::read(&report).unwrap();
            let anchors = Anchors::new(vec![office.pki.root.certificate.clone()]);
            let verification = verify(&pdf, &anchors, station.now().at);
            assert!(verification.valid && verification.trusted, "{:?}", verification.problems);
            let record: serde_json::Value = serde_json::from_slice(verification.record_bytes.as_deref().unwrap()).unwrap();
            let judged = &record["operator_judged"];
            assert_eq!(judged["chain"].as_array().unwrap().len(), 3, "leaf, sub CA, root: {judged}");
            let sources: Vec<_> = judged["revocation"].as_array().unwrap().iter().map(|answer| &answer["source"]).collect();
            assert!(sources.contains(&&"ocsp".into()) && sources.contains(&&"revocation-list".into()), "{sources:?}");
            for answer in judged["revocation"].as_array().unwrap() {
                let kept = answer["answer"].as_str().unwrap().parse().unwrap();
                assert!(!station.evidence(&kept).unwrap().is_empty());
            }
            let pdfsig = Program::new("pdfsig").args(["-nocert".as_ref(), report.as_os_str()]).output().unwrap();
            let pdfsig = String::from_utf8_lossy(&pdfsig.stdout).into_owned();
            assert!(pdfsig.contains("Signature is Valid."), "{pdfsig}");
            keep_for_judges(&report, &office, if rsa { "pcsc-rsa" } else { "pcsc-p256" });
            let verdict = bam_station::station::journal::verify_evidence(station.register(), &mut |_, _| {}).unwrap();
            assert!(verdict.problems.is_empty() && verdict.files > 8, "{verdict:?}");
        }
    });
}

#[test]
fn who_may_not_sign_in_is_refused_and_recorded_and_spends_no_pin_try() {
    at_a_desk(|desk| {
        let office = Office::new();
        let data = tempfile::tempdir().unwrap();
        let person = |name: &str| office.person(name, Qualified, -30, 300);
        let (stranger, untrained, stale, admin, revoked) =
            (person("Nils Fremmed"), person("Uten Kurs"), person("Gammelt Kurs"), person("Rut Admin"), person("Tapt Kort"));
        office.pki.sub.revoke(&revoked.pem);
        office.pki.publish();
        let expired = office.person("Gått Ut", Qualified, -300, -1);
        let elsewhere = Office::new();
        let mut station = office.open(data.path(), |configuration| {
            let roles = &mut configuration.master.value.roles;
            roles.appointed.extend([appointed(&untrained, None), appointed(&stale, Some(-400)), appointed(&revoked, Some(-3))]);
            roles.appointed.push(appointed(&expired, Some(-3)));
            let mut appointment = appointed(&admin, None);
            appointment.roles = vec![Role::RaAdmin];
            roles.appointed.push(appointment);
        });
        assert_eq!(code(station.sign_in_with_card(pin())), "CARD_ABSENT");
        for (issued, why) in [
            (&stranger, "SIGN_IN_NOT_APPOINTED"),
            (&untrained, "SIGN_IN_TRAINING_MISSING"),
            (&stale, "SIGN_IN_TRAINING_TOO_OLD"),
            (&revoked, "CERTIFICATE_IS_REVOKED"),
            (&expired, "CERTIFICATE_EXPIRED"),
            (&elsewhere.kari, "CERTIFICATE_SIGNATURE_WRONG"),
        ] {
            let card = desk.insert(OPERATORS, card_of(issued));
            assert_eq!(code(station.sign_in_with_card(pin())), why);
            assert_eq!(card.card().verify_count(), 0, "{why}");
            assert!(station.signed_in().is_none());
        }
        let card = desk.insert(OPERATORS, card_of(&office.kari));
        assert_eq!(code(station.sign_in_with_card(typed("999999"))), "CARD_PIN_WRONG");
        assert_eq!(card.card().verify_count(), 1);
        assert_eq!(card.card().pin_tries_left(), 2);
        let refusals = register_entries(&station, "sign-in-refused");
        assert_eq!(refusals.len(), 8);
        assert!(refusals.iter().all(|refusal| refusal["office"].is_string()), "{refusals:?}");
        assert!(register_entries(&station, "signed-in").is_empty());
        drop(card);

        let _admins = desk.insert(OPERATORS, card_of(&admin));
        station.sign_in_with_card(pin()).unwrap();
        let refused = station.begin(asked(Function::PinUnlock, Local)).unwrap_err();
        assert_eq!(refused.code(), "SIGNED_IN_NOT_AS_OPERATOR", "an RA-ADMIN controls nobody");
    });
}

#[test]
fn a_pulled_card_locks_and_only_the_same_card_unlocks() {
    at_a_desk(|desk| {
        let office = Office::new();
        let per = office.person(PER, Qualified, -30, 300);
        let data = tempfile::tempdir().unwrap();
        let mut station = office.open(data.path(), |configuration| {
            configuration.master.value.roles.appointed.push(appointed(&per, Some(-3)));
        });
        let card = desk.insert(OPERATORS, card_of(&office.kari));
        station.sign_in_with_card(pin()).unwrap();
        assert!(station.last_sign_in().is_none(), "the first one");
        assert_eq!(code(station.unlock(pin())), "STATION_NOT_LOCKED");
        begin(&mut station, asked(Function::PinUnlock, Local));
        station.act(Command::ChooseMethod(Method::Document)).unwrap();
        let kept = card.pull();
        desk.until_empty(OPERATORS);
        station.lock();
        let document = passport(&station.configuration().clone());
        assert_eq!(station.act(document.clone()).unwrap_err().code(), "STATION_LOCKED");
        assert_eq!(station.act(Command::Abort { reason: "Nobody".into() }).unwrap_err().code(), "STATION_LOCKED");
        assert_eq!(code(station.unlock(pin())), "CARD_ABSENT");

        let others = desk.insert(OPERATORS, card_of(&per));
        assert_eq!(code(station.unlock(pin())), "CARD_OF_OTHER_OPERATOR");
        assert_eq!(others.card().verify_count(), 0);
        assert!(station.locked());
        drop(others);

        let card = desk.insert_again(OPERATORS, kept);
        assert_eq!(code(station.unlock(typed("999999"))), "CARD_PIN_WRONG");
        station.unlock(pin()).unwrap();
        assert_eq!(station.act(document).unwrap().step(), Step::Approval);
        drop(card);
        station.lock();

        // Another operator signs in: the control is not that operator's, but it can be ended.
        let _others = desk.insert(OPERATORS, card_of(&per));
        station.sign_in_with_card(pin()).unwrap();
        assert!(station.others_control() && !station.locked());
        assert_eq!(station.approve(pin()).unwrap_err().code(), "OTHER_OPERATORS_CONTROL");
        abort(&mut station);
        station.sign_in_with_card(pin()).unwrap();
        assert!(station.last_sign_in().is_some(), "the second one of this operator");
    });
}

#[test]
fn a_renewal_is_decided_from_the_certificates_on_the_card() {
    at_a_desk(|desk| {
        let office = Office::new();
        let data = tempfile::tempdir().unwrap();
        let mut station = office.open(data.path(), |_| {});
        let _operator = desk.insert(OPERATORS, card_of(&office.kari));
        station.sign_in_with_card(pin()).unwrap();
        let revoked = |kind| {
            let issued = office.person(ANNA, kind, -30, 300);
            office.pki.sub.revoke(&issued.pem);
            office.pki.publish();
            issued
        };
        let cases = [
            ("a", office.person(ANNA, Qualified, -30, 300), Qualified, None, Some(CardState::Valid)),
            ("b", office.person(ANNA, Qualified, -300, -1), Qualified, Some("QUALIFIED_EXPIRED"), Some(CardState::Expired)),
            ("b", revoked(Qualified), Qualified, Some("CERTIFICATE_REVOKED"), Some(CardState::Revoked)),
            ("b", office.person(ANNA, Qualified, -300, -1), Local, Some("QUALIFIED_EXPIRED"), None),
            ("c", office.person(ANNA, Local, -30, 300), Local, None, Some(CardState::Valid)),
            ("c", office.person(ANNA, Local, -300, -1), Local, None, Some(CardState::Expired)),
            ("d", revoked(Local), Local, Some("CERTIFICATE_REVOKED"), Some(CardState::Revoked)),
            ("no such certificate", office.person(ANNA, Local, -30, 300), Qualified, Some("CARD_STATE_UNKNOWN"), None),
        ];
        for (case, issued, kind, refusal, state) in cases {
            let card = desk.insert(HOLDERS, card_of(&issued));
            let (planned, plan) = station.plan(asked(Function::Renewal, kind)).unwrap();
            assert_eq!((planned.card, plan.err().map(|refusal| refusal.code())), (state, refusal), "case {case}");
            assert_eq!(look(&station, ReaderPlace::Holder).state(kind), state, "case {case}");
            // What the operator says of a card that is there does not count.
            let mut stated = asked(Function::Renewal, kind);
            stated.card = Some(CardState::Valid);
            assert_eq!(refused(&mut station, stated), refusal, "case {case}");
            if refusal.is_none() {
                assert_eq!(step(&station), Step::Method);
                station.act(Command::ChooseMethod(Method::OwnCard)).unwrap();
                assert_eq!(code(station.prove_own_card(pin()).map(drop)), "CARD_HOLDER_NOT_CONFIRMED");
                station.act(Command::ConfirmCardHolder).unwrap();
                assert_eq!(card.card().verify_count(), 0);
                assert_eq!(code(station.prove_own_card(typed("999999")).map(drop)), "CARD_PIN_WRONG");
                station.prove_own_card(pin()).unwrap();
                assert_eq!(card.card().verify_count(), 2, "one for each typed PIN");
                let Some((Identification::OwnCard { card }, _)) = station.control().unwrap().identification() else { panic!() };
                assert_eq!((card.name.as_str(), card.state), (ANNA, state.unwrap()));
                assert!(card.judged.is_some());
                station.approve(pin()).unwrap();
                station.act(Command::HandBack).unwrap();
                station.leave_control().unwrap();
            }
        }
        // The register knows that case a was a renewal: a qualified certificate is renewed once.
        let _card = desk.insert(HOLDERS, card_of(&office.person(ANNA, Qualified, -30, 300)));
        assert_eq!(refused(&mut station, asked(Function::Renewal, Qualified)), Some("RENEWED_BEFORE"));
        drop(_card);
        // Without the card nothing is known in operation, whatever is stated.
        let mut stated = asked(Function::Renewal, Local);
        stated.card = Some(CardState::Valid);
        assert_eq!(refused(&mut station, stated), Some("CARD_STATE_UNKNOWN"));
    });
}

#[test]
fn the_own_card_must_be_the_subjects_and_say_the_same_as_when_the_control_began() {
    at_a_desk(|desk| {
        let office = Office::new();
        let data = tempfile::tempdir().unwrap();
        let mut station = office.open(data.path(), |_| {});
        let _operator = desk.insert(OPERATORS, card_of(&office.kari));
        station.sign_in_with_card(pin()).unwrap();
        let annas = desk.insert(HOLDERS, card_of(&office.person(ANNA, Local, -30, 300)));
        begin(&mut station, asked(Function::Renewal, Local));
        station.act(Command::ChooseMethod(Method::OwnCard)).unwrap();
        station.act(Command::ConfirmCardHolder).unwrap();
        drop(annas);
        assert_eq!(code(station.prove_own_card(pin()).map(drop)), "CARD_ABSENT");
        for (issued, why) in [
            (office.person(PER, Local, -30, 300), "CARD_OF_SOMEBODY_ELSE"),
            (office.person(ANNA, Qualified, -30, 300), "CARD_WITHOUT_CERTIFICATE_OF_KIND"),
            (office.person(ANNA, Local, -300, -1), "CARD_IN_OTHER_STATE"),
            (Office::new().person(ANNA, Local, -30, 300), "CERTIFICATE_SIGNATURE_WRONG"),
        ] {
            let card = desk.insert(HOLDERS, card_of(&issued));
            assert_eq!(code(station.prove_own_card(pin()).map(drop)), why);
            assert_eq!(card.card().verify_count(), 0, "{why}: no PIN is spent on it");
            assert_eq!(step(&station), Step::OwnCard);
        }
        let _annas = desk.insert(HOLDERS, card_of(&office.person(ANNA, Local, -30, 300)));
        assert_eq!(station.prove_own_card(pin()).unwrap().step(), Step::Approval);
    });
}

#[test]
fn a_third_party_vouches_with_a_card_of_the_same_kind_and_not_too_often() {
    at_a_desk(|desk| {
        let office = Office::new();
        let data = tempfile::tempdir().unwrap();
        let mut station = office.open(data.path(), |configuration| {
            configuration.master.value.third_party.vouches = 2;
        });
        let _operator = desk.insert(OPERATORS, card_of(&office.kari));
        station.sign_in_with_card(pin()).unwrap();
        let vouching = |station: &mut bam_station::station::Station| {
            begin(station, asked(Function::PinUnlock, Local));
            station.act(Command::ChooseMethod(Method::ThirdParty)).unwrap();
        };
        vouching(&mut station);
        let per = office.person(PER, Local, -30, 300);
        for (issued, why) in [
            (office.person(PER, Qualified, -30, 300), "CARD_WITHOUT_CERTIFICATE_OF_KIND"),
            (office.person(PER, Local, -300, -1), "THIRD_PARTY_CERTIFICATE_NOT_VALID"),
            (office.person(OPERATOR, Local, -30, 300), "THIRD_PARTY_IS_OPERATOR"),
            (office.person(ANNA, Local, -30, 300), "THIRD_PARTY_IS_SUBJECT"),
        ] {
            let card = desk.insert(HOLDERS, card_of(&issued));
            assert_eq!(code(station.vouch(says(), pin()).map(drop)), why);
            assert_eq!(card.card().verify_count(), 0, "{why}");
        }
        let card = desk.insert(HOLDERS, card_of(&per));
        assert_eq!(code(station.vouch(Says { statement: " ".into(), ..says() }, pin()).map(drop)), "TEXT_MISSING");
        assert_eq!(code(station.vouch(says(), typed("999999")).map(drop)), "CARD_PIN_WRONG");
        assert!(station.register().notices(&station.control().unwrap().id().to_string()).unwrap().is_empty());
        station.vouch(says(), pin()).unwrap();
        assert_eq!((card.card().verify_count(), step(&station)), (2, Step::Approval));
        let id = station.control().unwrap().id().to_string();
        let notices = station.register().notices(&id).unwrap();
        let to: Vec<_> = notices.iter().map(|queued| (queued.notice.name.as_str(), queued.sent)).collect();
        assert_eq!(to, [(ANNA, false), (PER, false)]);
        assert!(notices.iter().all(|queued| queued.notice.text.nb.contains(&id) && queued.notice.text.en.contains("ID office")));
        station.approve(pin()).unwrap();
        assert_eq!(step(&station), Step::Closed, "nothing of the holder's lies here");
        station.leave_control().unwrap();

        // The second time is the last one; another certificate of the same person does not begin the count anew.
        vouching(&mut station);
        station.vouch(says(), pin()).unwrap();
        abort(&mut station);
        vouching(&mut station);
        drop(card);
        let other = desk.insert(HOLDERS, card_of(&office.person(PER, Local, -3, 300)));
        assert_eq!(code(station.vouch(says(), pin()).map(drop)), "VOUCHED_TOO_OFTEN");
        assert_eq!(other.card().verify_count(), 0);
    });
}

#[test]
fn for_qualified_certificates_a_third_party_needs_the_earlier_scan() {
    at_a_desk(|desk| {
        let office = Office::new();
        let data = tempfile::tempdir().unwrap();
        let mut station = office.open(data.path(), |_| {});
        let _operator = desk.insert(OPERATORS, card_of(&office.kari));
        let _third = desk.insert(HOLDERS, card_of(&office.person(PER, Qualified, -30, 300)));
        station.sign_in_with_card(pin()).unwrap();
        let replacement = |station: &mut bam_station::station::Station| {
            begin(station, asked(Function::ReplacementCard, Qualified));
            station.act(Command::ChooseMethod(Method::ThirdParty)).unwrap();
        };
        replacement(&mut station);
        assert!(station.earlier_scan().unwrap().is_none());
        assert_eq!(code(station.compare_previous(true).map(drop)), "NO_EARLIER_SCAN");
        station.vouch(says(), pin()).unwrap();
        assert_eq!(step(&station), Step::ThirdParty, "not enough without the comparison");
        abort(&mut station);

        up_to_the_approval(&mut station);
        let first = station.control().unwrap().id();
        station.approve(pin()).unwrap();
        station.act(Command::HandBack).unwrap();
        station.leave_control().unwrap();

        replacement(&mut station);
        let earlier = station.earlier_scan().unwrap().unwrap();
        assert_eq!(earlier.id, first);
        assert!(station.evidence(&earlier.upright).unwrap().starts_with(&[0xff, 0xd8]), "a JPEG");
        station.vouch(says(), pin()).unwrap();
        assert_eq!(station.compare_previous(true).unwrap().step(), Step::Approval);
        station.approve(pin()).unwrap();
        station.leave_control().unwrap();
        replacement(&mut station);
        assert_eq!(station.compare_previous(false).unwrap().step(), Step::Closed, "not the person scanned earlier");
    });
}

#[test]
fn a_card_that_lies_is_not_believed() {
    at_a_desk(|desk| {
        let office = Office::new();
        let data = tempfile::tempdir().unwrap();
        let mut station = office.open(data.path(), |_| {});
        let card = desk.insert(OPERATORS, card_of(&office.kari));
        card.card().set_fault(Some(Fault { instruction: instruction::GENERAL_AUTHENTICATE, mishap: Mishap::WrongBit }));
        assert_ne!(code(station.sign_in_with_card(pin()).map(drop)), "done");
        drop(card);
        // A card that carries Kari's certificate and somebody else's key.
        let mut copied = office.person(PER, Qualified, -30, 300);
        copied.certificate = office.kari.certificate.clone();
        let copy = desk.insert(OPERATORS, card_of(&copied));
        assert_eq!(code(station.sign_in_with_card(pin()).map(drop)), "CARD_SIGNATURE_WRONG");
        assert!(station.signed_in().is_none());
        drop(copy);
    });
}

#[test]
fn a_script_signs_in_identifies_and_signs_with_cards() {
    at_a_desk(|desk| {
        let office = Office::new();
        let data = tempfile::tempdir().unwrap();
        let mut station = office.open(data.path(), |_| {});
        let _operator = desk.insert(OPERATORS, card_of(&office.kari));
        let _holder = desk.insert(HOLDERS, card_of(&office.person(ANNA, Local, -30, 300)));
        std::fs::write(data.path().join("pin"), format!("{}\n", crate::card_desk::PIN)).unwrap();
        let script = data.path().join("renewal.toml");
        let text = "[operator]\ncard = true\npin_file = \"pin\"\n\
                    [request]\nfunction = \"renewal\"\ncertificate = \"local\"\n\
                    [person]\nfirst_names = \"Anna\"\nlast_name = \"Eriksson\"\n\
                    [identification]\nmethod = \"own-card\"\npin_file = \"pin\"\n";
        std::fs::write(&script, text).unwrap();
        let script = Script::load(&script).unwrap();
        let result = run_script(&mut station, &script, data.path(), &mut |_| {}).unwrap();
        assert_eq!((result.outcome, result.refusal), (Outcome::Approved, None));
        let control = station.control().unwrap();
        assert!(matches!(control.identification(), Some((Identification::OwnCard { .. }, _))));
        assert_eq!(control.opening().card_source, CardSource::Card);
    });
}

#[test]
fn an_operator_signs_through_a_pkcs11_module() {
    at_a_desk(|desk| {
        let office = Office::new();
        let data = tempfile::tempdir().unwrap();
        let mut station = office.open(data.path(), |configuration| {
            let reader = &mut configuration.local.value.operator_reader;
            reader.driver = CardDriver::Pkcs11;
            reader.module = Some(installed("opensc-pkcs11.so"));
        });
        let card = desk.insert(OPERATORS, card_of(&office.kari));
        assert_eq!(code(station.sign_in_with_card(typed("999999"))), "CARD_PIN_WRONG");
        station.sign_in_with_card(pin()).unwrap();
        up_to_the_approval(&mut station);
        let kept = card.pull();
        desk.until_empty(OPERATORS);
        assert_eq!(station.approve(pin()).unwrap_err().code(), "CARD_ABSENT");
        let _card = desk.insert_again(OPERATORS, kept);
        station.approve(pin()).unwrap();
        let report = station.report_file().unwrap().unwrap();
        let anchors = Anchors::new(vec![office.pki.root.certificate.clone()]);
        let verification = verify(&std::fs::read(&report).unwrap(), &anchors, station.now().at);
        assert!(verification.valid && verification.trusted, "{:?}", verification.problems);
        keep_for_judges(&report, &office, "pkcs11-p256");
    });
}

/// Keeps the report and its CA for judges that are not at hand in every test run (`make judge`).
fn keep_for_judges(report: &Path, office: &Office, name: &str) {
    if let Some(folder) = std::env::var_os("BAM_STATION_KEEP_REPORTS").map(PathBuf::from) {
        std::fs::copy(report, folder.join(name).with_extension("pdf")).unwrap();
        std::fs::copy(office.pki.root.pem(), folder.join(name).with_extension("pem")).unwrap();
    }
}
