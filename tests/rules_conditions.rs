//! Conditions on the person: every combination, and every birthday.

use bam_station::{
    control::{
        Command, Event, Refusal,
        opening::{OpeningRefusal, open},
    },
    rules::{
        CertificateKind, Conditions, Function, Person,
        conditions::{Entry, Kinds, Known, LEAST_AGE_FOR_QUALIFIED, Origin, Unmet},
    },
};
use jiff::{ToSpan as _, civil::date};

use crate::support as s;

fn entry(disabled: bool, kinds: Option<Vec<CertificateKind>>) -> Origin {
    Origin::Directory(Entry { entry: "CN=Anna".into(), read_at: s::at(0), disabled, kinds })
}

#[test]
fn every_combination_of_conditions_and_facts_is_decided_as_the_words_say() {
    let lists = || {
        let [local, qualified] = CertificateKind::ALL;
        [vec![], vec![local], vec![qualified], vec![local, qualified]]
    };
    let origins = || {
        let directories = [false, true]
            .into_iter()
            .flat_map(|off| lists().map(Some).into_iter().chain([None]).map(move |kinds| entry(off, kinds)));
        let instead = Origin::TypedInstead { reason: "the directory is down".into(), directory: None };
        [Origin::Typed, instead].into_iter().chain(directories)
    };
    let numbers = [None, Some("02016126007".parse().unwrap())];
    let mut cases = 0;
    for number_for in Kinds::ALL {
        for affiliation_for in Kinds::ALL {
            for preregistration_for in Kinds::ALL {
                let conditions = Conditions {
                    require_identity_number: number_for,
                    require_affiliation: affiliation_for,
                    require_preregistration: preregistration_for,
                    ..Conditions::default()
                };
                for kind in CertificateKind::ALL {
                    let asked =
                        |kinds: Kinds| kinds == Kinds::All || (kinds == Kinds::Qualified && kind == CertificateKind::Qualified);
                    for origin in origins() {
                        for preregistered in lists() {
                            for number in &numbers {
                                let person = Person { identity_number: number.clone(), ..s::anna() };
                                let known = Known { origin: origin.clone(), preregistered: preregistered.clone() };
                                let (off, outside) = match &origin {
                                    Origin::Directory(entry) => {
                                        (entry.disabled, entry.kinds.as_ref().is_some_and(|kinds| !kinds.contains(&kind)))
                                    }
                                    _ => (false, false),
                                };
                                let account = matches!(&origin, Origin::Directory(entry) if !entry.disabled);
                                let mut why = Vec::new();
                                if off {
                                    why.push(Unmet::AccountDisabled);
                                }
                                if outside {
                                    why.push(Unmet::NotInCertificateGroup);
                                }
                                if asked(number_for) && number.is_none() {
                                    why.push(Unmet::IdentityNumberRequired);
                                }
                                if asked(preregistration_for) && !preregistered.contains(&kind) {
                                    why.push(Unmet::NotPreregistered);
                                }
                                if asked(affiliation_for) && !account && preregistered.is_empty() {
                                    why.push(Unmet::AffiliationNotConfirmed);
                                }
                                let decided = conditions.check(kind, &person, &known);
                                assert_eq!(decided, why.first().map_or(Ok(()), |first| Err(*first)), "{conditions:?} {known:?}");
                                cases += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(cases, 27 * 2 * 12 * 4 * 2);
}

#[test]
fn whoever_has_the_birthday_today_is_old_enough_and_tomorrow_is_too_late() {
    let conditions = Conditions { minimum_age_for_qualified: 15, minimum_age_for_local: 0, ..Conditions::default() };
    let mut born = date(2000, 1, 1);
    while born < date(2009, 1, 1) {
        let day = match date(born.year() + 15, 1, 1).with().month(born.month()).day(born.day()).build() {
            Ok(day) => day,
            // Born on a leap day.
            Err(_) => date(born.year() + 15, 3, 1),
        };
        let old = |today| conditions.is_old_enough(CertificateKind::Qualified, born, today);
        assert!(old(day) && !old(day.yesterday().unwrap()), "{born}");
        assert!(conditions.is_old_enough(CertificateKind::Local, born, born));
        born = born.checked_add(1.day()).unwrap();
    }
    assert!(!conditions.is_old_enough(CertificateKind::Qualified, date(9999, 12, 31), date(9999, 12, 31)));
}

#[test]
fn the_age_comes_from_the_document_and_never_from_a_d_number() {
    let accept = |birth: jiff::civil::Date, number: Option<&str>, kind: CertificateKind| {
        let mut asked = s::request(Function::NewCard, kind);
        asked.person.birth_date = None;
        asked.person.identity_number = number.map(|number| number.parse().unwrap());
        let control = s::opened(asked);
        let mut accept = s::accept_passport();
        accept.document.birth_date = birth;
        control.decide(Command::AcceptDocument(Box::new(accept)), s::now(10)).map(drop)
    };
    let today = s::now(10).today;
    let (thirteen, twelve) = (today.checked_sub(13.years()).unwrap(), today.checked_sub(13.years()).unwrap().tomorrow().unwrap());
    for kind in CertificateKind::ALL {
        assert_eq!(accept(thirteen, None, kind), Ok(()));
        assert_eq!(accept(twelve, None, kind), Err(Refusal::TooYoung { years: 13 }));
        // The D-number's own date says 1940.
        assert_eq!(accept(twelve, Some("41814061033"), kind), Err(Refusal::TooYoung { years: 13 }));
    }
}

#[test]
fn nothing_begins_for_a_person_who_does_not_meet_a_condition_and_that_is_recorded() {
    let mut asked = s::request(Function::NewCard, CertificateKind::Qualified);
    asked.rules.conditions.require_preregistration = Kinds::Qualified;
    asked.known.origin = entry(false, None);
    let events = open(asked.clone());
    let [Event::OpeningRefused(refused)] = events.as_slice() else { panic!("it began") };
    assert_eq!(refused.refusal, OpeningRefusal::Unmet(Unmet::NotPreregistered));
    assert_eq!(refused.known.origin, entry(false, None));
    let kept = serde_json::to_string(&refused).unwrap();
    assert!(kept.contains("\"NOT_PREREGISTERED\""), "{kept}");
    assert_eq!(**refused, serde_json::from_str(&kept).unwrap());

    asked.known.preregistered = vec![CertificateKind::Qualified];
    let events = open(asked);
    let Event::Opened(opening) = &events[0] else { panic!("it did not begin") };
    assert_eq!(opening.known.preregistered, [CertificateKind::Qualified]);
    assert_eq!(**opening, serde_json::from_str(&serde_json::to_string(opening).unwrap()).unwrap());
}

#[test]
fn an_opening_from_before_there_were_conditions_is_read_and_had_none() {
    let events = open(s::request(Function::PinUnlock, CertificateKind::Local));
    let Event::Opened(opening) = &events[0] else { panic!() };
    let mut value = serde_json::to_value(opening).unwrap();
    value.as_object_mut().unwrap().remove("known").unwrap();
    value["rules"].as_object_mut().unwrap().remove("conditions").unwrap();
    let old: bam_station::control::Opening = serde_json::from_value(value).unwrap();
    assert_eq!((old.known, old.rules.conditions), (Known::default(), Conditions::none()));
    assert_eq!(Conditions::default().minimum_age_for_qualified, LEAST_AGE_FOR_QUALIFIED);
}
