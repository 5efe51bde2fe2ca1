//! The specimen documents of Utopia: their machine readable zones and their pictures.

use bam_station::imaging::specimen::{
    Sex, Specimen, SpecimenError, SpecimenKind,
    mrz::{check_digit, transliterate},
};
use jiff::civil::date;

#[test]
fn check_digits_are_those_of_icao() {
    // ICAO 9303-3 appendix A: three worked examples.
    assert_eq!(check_digit("520727"), '3');
    assert_eq!(check_digit("AB2134<<<"), '5');
    assert_eq!(check_digit("HA672242<658022549601086<<<<<<<<<<<<<<0"), '8');
}

#[test]
fn the_zone_of_a_passport_is_icaos_own_specimen() {
    let icao = Specimen { expires: date(2012, 4, 15), personal_number: Some("ZE184226B".into()), ..Specimen::passport() };
    assert_eq!(
        icao.mrz_lines(),
        ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"]
    );
}

#[test]
fn the_zone_of_a_card_is_icaos_own_specimen() {
    let icao = Specimen {
        kind: SpecimenKind::IdCard,
        number: "D23145890".into(),
        expires: date(2012, 4, 15),
        personal_number: None,
        ..Specimen::passport()
    };
    assert_eq!(
        icao.mrz_lines(),
        ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"]
    );
}

#[test]
fn names_are_spelt_out_for_the_zone() {
    assert_eq!(transliterate("Ødegård-Æsøy"), "OEDEGAARD<AESOEY");
    assert_eq!(transliterate(" O'Brien "), "OBRIEN");
    assert_eq!(transliterate("Müller Straße"), "MUELLER<STRASSE");
    let long = Specimen { surname: "x".repeat(80), ..Specimen::passport() };
    assert!(long.mrz_lines().iter().all(|line| line.len() == 44));
    let nobody = Specimen { surname: "李".into(), given_names: String::new(), sex: Sex::Unspecified, ..Specimen::id_card() };
    assert!(nobody.mrz_lines().iter().all(|line| line.len() == 30));
}

#[test]
fn the_pages_have_their_size_at_any_resolution() {
    for (kind, dpi, size) in [
        (SpecimenKind::Passport, 300, (1476, 1039)),
        (SpecimenKind::IdCard, 300, (1011, 638)),
        (SpecimenKind::Passport, 150, (738, 520)),
    ] {
        assert_eq!(Specimen::example(kind).draw(dpi).unwrap().dimensions(), size);
    }
    assert_eq!(Specimen::passport().draw(0).unwrap_err(), SpecimenError::Resolution);
    assert_eq!(Specimen::passport().draw(u16::MAX).unwrap_err(), SpecimenError::Resolution);
}

#[test]
fn what_is_stated_is_drawn() {
    let page = Specimen::passport().draw(150).unwrap();
    assert!(page == Specimen::passport().draw(150).unwrap(), "the same specimen gives the same pixels");
    let differs = |other: Specimen| other.draw(150).unwrap() != page;
    assert!(differs(Specimen { surname: "Sørli".into(), ..Specimen::passport() }));
    assert!(differs(Specimen { birthplace: "Havnes".into(), ..Specimen::passport() }));
    assert!(differs(Specimen { signature: Specimen::id_card().signature, ..Specimen::passport() }));
    assert!(differs(Specimen { sex: Sex::Male, ..Specimen::passport() }));

    // The foot of the page is light, and dark letters stand on it along the whole width.
    let dark_in = |from: u32, to: u32| {
        (from..to).flat_map(|x| (415..475).map(move |y| (x, y))).filter(|(x, y)| page.get_pixel(*x, *y).0[1] < 90).count()
    };
    assert!(dark_in(0, 30) == 0 && dark_in(706, 738) == 0, "the margins are free");
    assert!((0..11).all(|part| dark_in(36 + part * 60, 96 + part * 60) > 60), "and the zone is full");
}

#[test]
fn the_examples_show_the_persons_of_the_example_scripts() {
    for (script, specimen) in [("qualified-passport", Specimen::passport()), ("local-id-card", Specimen::id_card())] {
        let path = format!("{}/config/examples/{script}.toml", env!("CARGO_MANIFEST_DIR"));
        let script: toml::Value = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let document = &script["identification"]["document"];
        assert_eq!(document["number"].as_str(), Some(specimen.number.as_str()));
        assert_eq!(document["expires"].as_str(), Some(specimen.expires.to_string().as_str()));
        assert_eq!(document["birth_date"].as_str(), Some(specimen.birth.to_string().as_str()));
        assert_eq!(document["name"]["first_names"].as_str(), Some(specimen.given_names.as_str()));
        assert_eq!(document["name"]["last_name"].as_str(), Some(specimen.surname.as_str()));
        assert!(specimen.signature.points() > 100, "and the signature is the one of the script");
    }
}
