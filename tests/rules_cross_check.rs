//! What was typed against what the zone states. Zones and transliterations come from the crate `mrz`.

use std::collections::BTreeSet;

use bam_station::{
    imaging::mrz::{Fields, Format, Text},
    rules::{
        CertificateKind, DocumentKind, DocumentName, IdentityNumber, LocalText, Person, Pose,
        cross_check::{CrossCheck, Matter, Typed, cross_check},
        document_kind::{KindRefusal, KindZone, Validity},
        zone_name::{
            self,
            ZoneAgreement::{Agrees, AgreesAsFarAsItGoes, Differs},
            ZoneName,
        },
    },
};
use jiff::civil::{Date, date};
use mrz::TransliterationStyle;
use proptest::prelude::*;

const ICAO: [&str; 2] = ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
const TODAY: Date = date(2012, 4, 15);

fn passport() -> DocumentKind {
    DocumentKind {
        mrz: Some(KindZone { format: Format::Td3, codes: vec!["P".into()] }),
        ..DocumentKind::new("passport", LocalText::new("Pass", "Passport"), [125.0, 88.0], Pose::Upright, vec![])
    }
}

/// What was typed, owned, so that a test can change one thing.
#[derive(Clone)]
struct Desk {
    kind: DocumentKind,
    state: &'static str,
    number: &'static str,
    expires: Date,
    name: DocumentName,
    birth: Date,
    identity: Option<IdentityNumber>,
    person: Person,
}

fn icao() -> Desk {
    Desk {
        kind: passport(),
        state: "UTO",
        number: "L898902C3",
        expires: date(2012, 4, 15),
        name: DocumentName { first_names: "Anna Maria".into(), last_name: "Eriksson".into(), middle: None },
        birth: date(1974, 8, 12),
        identity: None,
        person: Person {
            first_names: "Anna".into(),
            last_name: "Eriksson".into(),
            identity_number: None,
            birth_date: Some(date(1974, 8, 12)),
            user_name: None,
        },
    }
}

impl Desk {
    fn with(change: impl Fn(&mut Self)) -> Self {
        let mut desk = icao();
        change(&mut desk);
        desk
    }

    fn check(&self, lines: &[&str], today: Date) -> CrossCheck {
        let text = Text::parse(lines).unwrap();
        self.held_against(Some((text.format, &text.fields())), today)
    }

    fn held_against(&self, zone: Option<(Format, &Fields)>, today: Date) -> CrossCheck {
        let typed = Typed {
            kind: &self.kind,
            issuing_state: self.state,
            number: self.number,
            issued: None,
            expires: self.expires,
            name: &self.name,
            birth_date: self.birth,
            identity_number: self.identity.as_ref(),
            person: &self.person,
        };
        cross_check(typed, zone, CertificateKind::Qualified, today, true)
    }
}

#[test]
fn what_agrees_with_icaos_specimen_has_no_mismatch() {
    assert_eq!(icao().check(&ICAO, TODAY), CrossCheck::default());
    let apart = Desk { number: "l 898-902 c3", ..icao() };
    assert!(apart.check(&ICAO, TODAY).is_good(), "how a number is set apart says nothing");
}

#[test]
fn each_typing_error_is_told_with_both_values() {
    let card = KindZone { format: Format::Td1, codes: vec!["P".into()] };
    for (desk, expected) in [
        (Desk::with(|desk| desk.number = "L898902C8"), vec![(Matter::Number, "L898902C8", "L898902C3")]),
        (Desk::with(|desk| desk.number = "L8989O2C3"), vec![(Matter::Number, "L8989O2C3", "L898902C3")]),
        (Desk::with(|desk| desk.state = "NOR"), vec![(Matter::IssuingState, "NOR", "UTO")]),
        (Desk::with(|desk| desk.birth = date(1974, 12, 8)), vec![(Matter::BirthDate, "1974-12-08", "740812")]),
        (Desk::with(|desk| desk.expires = date(2012, 4, 16)), vec![(Matter::Expiry, "2012-04-16", "120415")]),
        (
            Desk::with(|desk| desk.person.birth_date = Some(date(1974, 8, 13))),
            vec![(Matter::RegisteredBirthDate, "1974-08-13", "740812")],
        ),
        (Desk::with(|desk| desk.name.first_names = "Anne Maria".into()), vec![(Matter::FirstNames, "Anne Maria", "ANNA MARIA")]),
        (Desk::with(|desk| desk.name.first_names = "Anna".into()), vec![(Matter::FirstNames, "Anna", "ANNA MARIA")]),
        (Desk::with(|desk| desk.name.last_name = "Erikson".into()), vec![(Matter::LastName, "Erikson", "ERIKSSON")]),
        (Desk::with(|desk| desk.person.first_names = "Anne".into()), vec![(Matter::RegisteredFirstNames, "Anne", "ANNA MARIA")]),
        (
            Desk::with(|desk| desk.person.last_name = "Ericsson".into()),
            vec![(Matter::RegisteredLastName, "Ericsson", "ERIKSSON")],
        ),
        (Desk::with(|desk| desk.kind.mrz = Some(card.clone())), vec![(Matter::KindFormat, "TD1", "TD3")]),
        (
            Desk::with(|desk| desk.kind.mrz.as_mut().unwrap().codes = vec!["I".into(), "AC".into()]),
            vec![(Matter::KindCode, "I, AC", "P")],
        ),
        (Desk::with(|desk| desk.kind.mrz = None), vec![(Matter::KindFormat, "–", "TD3")]),
        (
            Desk::with(|desk| (desk.name.first_names, desk.name.last_name) = ("Eriksson".into(), "Anna Maria".into())),
            vec![(Matter::FirstNames, "Eriksson", "ANNA MARIA"), (Matter::LastName, "Anna Maria", "ERIKSSON")],
        ),
    ] {
        let seen = desk.check(&ICAO, TODAY);
        let seen: Vec<_> = seen.mismatches.iter().map(|m| (m.matter, m.typed.as_str(), m.zone.as_str())).collect();
        assert_eq!(seen, expected);
    }
}

#[test]
fn an_expired_zone_is_refused_whatever_was_typed() {
    let later = date(2012, 4, 16);
    assert_eq!(icao().check(&ICAO, later).refusals, [KindRefusal::Expired { on: TODAY }]);
    let mistyped = Desk { expires: date(2032, 4, 15), ..icao() };
    let seen = mistyped.check(&ICAO, later);
    assert_eq!(seen.refusals, [KindRefusal::Expired { on: TODAY }]);
    assert_eq!(seen.mismatches[0].matter, Matter::Expiry);
    // Of the years that end so the nearest.
    let refused = |year: &str, today| {
        let mut fields = Text::parse(&ICAO).unwrap().fields();
        fields.expiry_date = format!("{year}0101");
        let desk = Desk { expires: date(2090, 1, 1), ..icao() };
        !desk.held_against(Some((Format::Td3, &fields)), today).refusals.is_empty()
    };
    let (before, after) = (date(1999, 6, 1), date(2001, 6, 1));
    assert!(refused("99", after) && !refused("49", after) && refused("60", after) && !refused("01", before));
}

#[test]
fn a_kind_that_is_not_accepted_is_refused_with_and_without_a_zone() {
    let kind = DocumentKind {
        accepted_for: vec![CertificateKind::Local],
        validity: Validity { accepted_until: Some(date(2011, 1, 1)), ..Validity::default() },
        ..passport()
    };
    let refused = [KindRefusal::NotForCertificate, KindRefusal::NoLongerAccepted { until: date(2011, 1, 1) }];
    let desk = Desk { kind, ..icao() };
    assert_eq!(desk.check(&ICAO, TODAY).refusals, refused);
    assert_eq!(desk.held_against(None, TODAY).refusals, refused);
}

#[test]
fn unknown_parts_of_a_birth_date_contradict_nothing() {
    let mut fields = Text::parse(&ICAO).unwrap().fields();
    for (stated, agrees) in [("74<<<<", true), ("<<<<<<", true), ("7408<<", true), ("75<<<<", false), ("74<<13", false)] {
        fields.birth_date = stated.into();
        assert_eq!(icao().held_against(Some((Format::Td3, &fields)), TODAY).is_good(), agrees, "{stated}");
    }
}

#[test]
fn an_identity_number_in_the_optional_field_is_compared() {
    let mut fields = Text::parse(&ICAO).unwrap().fields();
    fields.optional = "02016126007".into();
    let number = |digits: &str| Some(IdentityNumber::parse(digits).unwrap());
    let same = Desk { identity: number("02016126007"), ..icao() };
    assert!(same.held_against(Some((Format::Td3, &fields)), TODAY).is_good());
    let mut other = Desk { identity: number("31129956715"), ..icao() };
    other.person.identity_number = number("01026201590");
    let seen = other.held_against(Some((Format::Td3, &fields)), TODAY);
    let matters: Vec<Matter> = seen.mismatches.iter().map(|mismatch| mismatch.matter).collect();
    assert_eq!(matters, [Matter::IdentityNumber, Matter::RegisteredIdentityNumber]);
}

#[test]
fn a_mismatch_never_prints_its_values() {
    let seen = Desk { number: "X1", ..icao() }.check(&ICAO, TODAY);
    let printed = format!("{seen:?}");
    assert!(printed.contains("Number") && !printed.contains("X1") && !printed.contains("L898902C3"), "{printed}");
}

fn zone<'a>(surname: &'a str, given_names: &'a str) -> ZoneName<'a> {
    ZoneName { surname, given_names, room: 39 }
}

#[test]
fn norwegian_and_other_letters_agree_in_every_recommended_rendering() {
    for (last, first, surname, given, expected) in [
        ("Sørlie", "Bjørn Åge", "SOERLIE", "BJOERN AAGE", [Agrees, Agrees]),
        ("Bråten", "Kåre", "BRATEN", "KARE", [Agrees, Agrees]),
        ("Kjærgård", "Pål", "KJAERGAARD", "PAAL", [Agrees, Agrees]),
        ("Kjærgård", "Pål", "KJARGAARD", "PAAL", [Agrees, Differs]),
        ("Sørlie", "Bjørn", "SORLIE", "BJORN", [Differs, Differs]),
        ("Öberg", "Jürgen", "OEBERG", "JUXXRGEN", [Agrees, Agrees]),
        ("Öberg", "Jürgen", "OBERG", "JURGEN", [Agrees, Agrees]),
        ("Ŋávdi", "Áŋŋel", "NAVDI", "ANNEL", [Agrees, Agrees]),
        ("Čáhppe-Đorđe", "Šimot", "CAHPPE DORDE", "SIMOT", [Agrees, Agrees]),
        ("O’Connor", "D'Arcy", "OCONNOR", "DARCY", [Agrees, Agrees]),
        ("Vik-Hansen", "Anne-Lise", "VIK HANSEN", "ANNE LISE", [Agrees, Agrees]),
        ("Vik-Hansen", "Anne-Lise", "VIKHANSEN", "ANNELISE", [Differs, Differs]),
        ("Weiß", "Þór", "WEISS", "THOR", [Agrees, Agrees]),
        ("Madonna", "", "MADONNA", "", [Agrees, Agrees]),
        ("Иванов", "Ivan", "IVANOV", "IVAN", [Agrees, Differs]),
        ("Lise Anne", "Berg", "ANNE LISE", "BERG", [Agrees, Agrees]),
    ] {
        assert_eq!(zone_name::printed(first, "", last, zone(surname, given)), expected, "{first} {last}: {surname} {given}");
    }
}

#[test]
fn the_organisation_may_know_fewer_names_but_no_others() {
    // BAM operator FAQ: "Anne" or "Louise" against "Anne Louise" is accepted, "Ane Louise" is not.
    for (first, last, middle, expected) in [
        ("Anne", "Berg", "", [Agrees, Agrees]),
        ("Louise", "Berg", "", [Agrees, Agrees]),
        ("Louise Anne", "Berg", "", [Agrees, Agrees]),
        ("Ane Louise", "Berg", "", [Differs, Agrees]),
        ("Anne Anne", "Berg", "", [Differs, Agrees]),
        ("Anne", "Louise Berg", "", [Agrees, Differs]),
        ("Anne", "Louise Berg", "Louise", [Agrees, Agrees]),
        ("Anne", "Louise", "Louise", [Agrees, Agrees]),
        ("", "Berg", "", [Differs, Agrees]),
        ("Anne", "Berge", "", [Agrees, Differs]),
    ] {
        let seen = zone_name::registered(first, last, middle, zone("BERG", "ANNE LOUISE"));
        assert_eq!(seen, expected, "{first} / {last} / {middle}");
    }
}

#[test]
fn a_name_that_fills_the_zone_agrees_as_far_as_it_goes() {
    let cut = |last: &str, first: &str, surname: &str, given: &str| {
        let zone = ZoneName { surname, given_names: given, room: surname.len() + 2 + given.len() };
        zone_name::printed(first, "", last, zone)
    };
    let far = AgreesAsFarAsItGoes;
    // ICAO 9303-4 §4.2.3: cut at the end, words cut to their beginning, words left out.
    assert_eq!(cut("Papandropoulous", "Jonathon Alec", "PAPANDROPOULOUS", "JONATHON ALE"), [far, Agrees]);
    assert_eq!(cut("Papandropoulous", "Jonathon Alec", "PAPANDROPOULOUS", "JONATHON A"), [far, Agrees]);
    assert_eq!(cut("Bennelong Woolloomooloo", "Dingo", "BENNELONG WOOLOO", "DI"), [far, Differs]);
    assert_eq!(cut("Bennelong Woolloomooloo", "Dingo", "BENNELONG WOOLLOO", "DI"), [far, far]);
    assert_eq!(cut("Nilavadhanananda", "Chayapa Dejthamrong", "NILAVADHANANANDA", "CHAYAPA DEJT"), [far, Agrees]);
    assert_eq!(cut("Hansen", "Ole", "HANSEN", "OLA"), [Differs, Agrees]);
    // With room to spare nothing was cut.
    let spare = ZoneName { surname: "PAPANDROPOULOUS", given_names: "JONATHON ALE", room: 39 };
    assert_eq!(zone_name::printed("Jonathon Alec", "", "Papandropoulous", spare), [Differs, Agrees]);
}

#[test]
fn every_letter_of_icaos_table_has_all_its_renderings() {
    let mut seen = 0;
    for letter in ('\u{00C0}'..='\u{1EFF}').filter(|letter| !mrz::transliterations(*letter).is_empty()) {
        for way in mrz::transliterations(letter) {
            let surname = format!("A{way}B");
            let name = format!("A{letter}B");
            assert_eq!(zone_name::printed("X", "", &name, zone(&surname, "X")), [Agrees, Agrees], "{letter} as {way}");
            seen += 1;
        }
    }
    assert!(seen >= 95, "only {seen} renderings were compared");
}

#[test]
fn long_and_odd_names_take_no_time() {
    let long = "Å".repeat(120);
    let many = "Åå ".repeat(40);
    for name in [long.as_str(), many.as_str(), "''", "---", "", "\u{301}\u{301}"] {
        for stated in ["A".repeat(39), "AA ".repeat(13), String::new()] {
            let zone = ZoneName { surname: stated.trim(), given_names: "", room: 39 };
            let _ = (zone_name::printed(name, name, name, zone), zone_name::registered(name, name, name, zone));
        }
    }
}

fn name_part() -> impl Strategy<Value = String> {
    prop::collection::vec("[A-Za-zÆØÅæøåÉéÄÖÜäöüßŠšŽžÁáČčĐđŊŋŦŧ]{1,7}", 1..3).prop_map(|words| words.join(" "))
}

proptest! {
    /// Whatever style an issuer has, the zone that it writes agrees with what it prints.
    #[test]
    fn a_zone_that_an_issuer_writes_agrees(first in name_part(), last in name_part(), style in 0..3_usize) {
        let style = [TransliterationStyle::Expanded, TransliterationStyle::Simple, TransliterationStyle::XxSuffix][style];
        let (surname, given) = (mrz::transliterate(&last, style), mrz::transliterate(&first, style));
        let zone = ZoneName { surname: &surname, given_names: &given, room: 200 };
        prop_assert_eq!(zone_name::printed(&first, "", &last, zone), [Agrees, Agrees]);
        let (own, one) = (first.split(' ').next().unwrap(), last.split(' ').next_back().unwrap());
        prop_assert_eq!(zone_name::registered(own, one, "", zone), [Agrees, Agrees]);
    }

    /// A zone that the issuer's software cuts agrees as far as it goes, and never differs.
    #[test]
    fn a_zone_that_is_cut_never_differs(first in "[A-Z]{8,16}( [A-Z]{8,16}){0,2}", last in "[A-Z]{8,16}( [A-Z]{8,12})?") {
        let written = mrz::format_td1(&mrz::Td1Fields {
            document_code: "I".into(),
            issuing_country: "UTO".into(),
            nationality: "UTO".into(),
            document_number: "D23145890".into(),
            surname: last.clone(),
            given_names: first.clone(),
            date_of_birth: mrz::MrzDate::Calendar(mrz::Date::new(1974, 8, 12)),
            sex: mrz::Sex::Female,
            date_of_expiry: mrz::MrzDate::Calendar(mrz::Date::new(2032, 4, 15)),
            ..Default::default()
        });
        let text = Text::parse(&written.lines().collect::<Vec<_>>()).unwrap();
        let fields = text.fields();
        let zone = ZoneName { surname: &fields.surname, given_names: &fields.given_names, room: 30 };
        prop_assert!(!zone_name::printed(&first, "", &last, zone).contains(&Differs), "{written}");
    }

    /// One changed letter in a name of the zone is always told.
    #[test]
    fn another_letter_is_always_told(first in "[A-Z]{1,9}", last in "[A-Z]{1,9}", at in 0..18_usize, letter in "[A-Z]") {
        let mut stated = [first.clone(), last.clone()];
        let part = usize::from(at >= first.len());
        let at = if part == 0 { at } else { at - first.len() };
        prop_assume!(at < stated[part].len() && stated[part][at..=at] != letter);
        stated[part].replace_range(at..=at, &letter);
        let seen = zone_name::printed(&first, "", &last, zone(&stated[1], &stated[0]));
        prop_assert_eq!(seen[part], Differs);
        prop_assert_eq!(seen[1 - part], Agrees);
    }

    /// Every field that is changed is named, and no other.
    #[test]
    fn exactly_the_changed_fields_are_named(number: bool, birth: bool, expiry: bool, state: bool, name: bool) {
        let mut desk = icao();
        let mut expected = BTreeSet::new();
        if number { desk.number = "L898902C4"; expected.insert(Matter::Number); }
        if birth { desk.birth = date(1974, 8, 13); expected.insert(Matter::BirthDate); }
        if expiry { desk.expires = date(2013, 4, 15); expected.insert(Matter::Expiry); }
        if state { desk.state = "D"; expected.insert(Matter::IssuingState); }
        if name { desk.name.last_name = "Erikson".into(); expected.insert(Matter::LastName); }
        let seen: BTreeSet<Matter> = desk.check(&ICAO, TODAY).mismatches.iter().map(|mismatch| mismatch.matter).collect();
        prop_assert_eq!(seen, expected);
    }
}
