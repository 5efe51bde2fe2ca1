//! The languages of screens, terms, documents and faults: each text is there in each of them, and a language is data.

use std::{collections::BTreeSet, path::Path};

use bam_station::{
    config::{Language, documents},
    rules::{
        CertificateKind, Function, IssueProcess, LocalText, LraMode,
        plan::{PlanRequest, plan},
    },
    ui::words,
};
use bam_station_ui::{LANGUAGES, counted, keys, text};
use jiff::civil::date;

/// The languages in which every text is there. Others may be added before they are whole.
pub const TRANSLATED: [Language; 3] = [Language::NB, Language::NN, Language::EN];

#[test]
fn every_text_of_the_screens_is_there_in_every_language() {
    let all: BTreeSet<&str> = keys("nb").collect();
    assert!(all.len() > 400);
    for language in TRANSLATED.map(Language::code) {
        assert_eq!(keys(language).collect::<BTreeSet<_>>(), all, "{language}");
        for key in keys(language) {
            let said = text(language, key);
            assert!(!said.trim().is_empty() && said.trim() == said, "{language} {key}: {said:?}");
            let places = |said: &str| said.matches("{}").count();
            assert_eq!(places(said), places(text("nb", key)), "{language} {key}: other places to fill in");
        }
    }
}

#[test]
fn a_longer_text_is_no_copy_of_another_languages() {
    // Bokmål and nynorsk may share a short sentence; with English neither shares one.
    for key in keys("nb") {
        let words = text("nb", key).split(' ').count();
        assert!(words < 4 || text("nb", key) != text("en", key), "{key} is not translated");
        assert!(words < 9 || text("nb", key) != text("nn", key), "{key} is not translated");
    }
}

#[test]
fn nynorsk_is_not_bokmal() {
    // Words that only bokmål has, as whole words.
    let foreign = [
        "ikke",
        "jeg",
        "hva",
        "hvem",
        "hvor",
        "hvordan",
        "hvorfor",
        "noe",
        "noen",
        "fra",
        "bare",
        "være",
        "kommer",
        "mangler",
        "gjør",
        "brukeren",
        "kortleser",
        "leseren",
        "skanneren",
        "utstedes",
        "utløpt",
        "sertifikatene",
        "vilkårene",
    ];
    let mut texts: Vec<(String, String)> = keys("nn").map(|key| (key.to_owned(), text("nn", key).to_owned())).collect();
    for fault in bam_station::fault::all() {
        for said in [&fault.cause, &fault.remedy] {
            texts.push((fault.code.clone(), said.in_language("nn").unwrap_or_default().to_owned()));
        }
    }
    for (name, said) in texts {
        let words: Vec<String> = said.to_lowercase().split(|c: char| !c.is_alphabetic()).map(str::to_owned).collect();
        let found: Vec<_> = foreign.iter().filter(|word| words.iter().any(|used| used == *word)).collect();
        assert!(found.is_empty(), "{name}: {said:?} has {found:?}");
    }
}

#[test]
fn the_documents_are_described_in_every_language() {
    for kind in documents::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/documents.toml")).unwrap() {
        in_every_language(&kind.name);
        for feature in &kind.features {
            in_every_language(&feature.text);
        }
    }
}

#[test]
fn the_plan_says_why_in_every_language() {
    for function in Function::ALL {
        for certificate in CertificateKind::ALL {
            let request = PlanRequest {
                function,
                certificate,
                mode: LraMode::Mixed,
                flags: &IssueProcess { third_party_id_control: true, ..IssueProcess::default() },
                card: Some(bam_station::rules::CardState::Valid),
                qualified_on_card: None,
                renewed_before: false,
            };
            plan(&request).unwrap().because.iter().for_each(in_every_language);
        }
    }
}

#[test]
fn a_language_that_lacks_a_text_shows_bokmal_and_says_so() {
    let said = LocalText::new("Kortet er borte.", "The card is gone.");
    assert_eq!(Language::NN.of(&said), "Kortet er borte.");
    assert_eq!(Language::NN.of_marked(&said), "[nb] Kortet er borte.");
    let said = said.with("se", "Goarta lea jávkan.").nn("Kortet er vekke.");
    assert_eq!((Language::NN.of_marked(&said), said.in_language("se")), ("Kortet er vekke.".into(), Some("Goarta lea jávkan.")));
    let written = serde_json::to_string(&said).unwrap();
    assert_eq!(serde_json::from_str::<LocalText>(&written).unwrap(), said);
    // What earlier versions wrote.
    let earlier: LocalText = serde_json::from_str(r#"{"nb":"a","en":"b"}"#).unwrap();
    assert_eq!(serde_json::to_string(&earlier).unwrap(), r#"{"nb":"a","en":"b"}"#);
    for wrong in [r#"{"nb":"a"}"#, r#"{"en":"a"}"#, r#"{"nb":"a","en":"b","Norsk":"c"}"#] {
        assert!(serde_json::from_str::<LocalText>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_language_is_offered_by_the_name_that_its_speakers_use() {
    assert_eq!(LANGUAGES[..3], ["nb", "nn", "en"]);
    assert_eq!(LANGUAGES.map(|code| text(code, "language.self"))[..3], ["Bokmål", "Nynorsk", "English"]);
    assert_eq!(words::language(Language::EN, "nn"), "Norwegian nynorsk");
    for language in Language::ALL {
        assert_eq!(Language::from_code(language.code()), Some(language));
    }
    assert_eq!(Language::from_code("xx"), None);
}

#[test]
fn numbers_and_dates_are_said_as_each_language_says_them() {
    assert_eq!(words::counted(Language::NB, "outbox", 1), "Én rapport venter på levering.");
    assert_eq!(words::counted(Language::NN, "outbox", 1), "Éin rapport ventar på levering.");
    assert_eq!(words::counted(Language::NN, "outbox", 2), "2 rapportar ventar på levering.");
    assert_eq!(words::counted(Language::EN, "outbox", 12), "12 reports wait for delivery.");
    // A key without a singular of its own.
    assert_eq!(counted("nb", "no-such", 1), "???");
    let day = date(2026, 5, 3);
    assert_eq!(words::long_date(Language::NB, day), "3. mai 2026");
    assert_eq!(words::long_date(Language::NN, day), "3. mai 2026");
    assert_eq!(words::long_date(Language::EN, day), "3 May 2026");
}

fn in_every_language(said: &LocalText) {
    for language in TRANSLATED {
        let text = said.in_language(language.code()).unwrap_or_else(|| panic!("{} has no {}", said.nb, language.code()));
        assert!(!text.trim().is_empty() && text.trim() == text, "{text:?}");
    }
    if said.nb.split(' ').count() > 5 {
        assert!(said.in_language("nn") != Some(&said.nb) && said.en != said.nb, "{said:?} is not translated");
    }
}
