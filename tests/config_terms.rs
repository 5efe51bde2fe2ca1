//! The terms that a holder accepts: versions, languages, digests.

use std::{fs, path::Path};

use bam_station::{
    config::{
        Broken, Language, TermsCatalogue,
        terms::{self, Block},
    },
    digest::Digest,
    rules::CertificateKind::{self, Local, Qualified},
};
use jiff::civil::{Date, date};

const TODAY: Date = date(2026, 6, 1);

fn shipped() -> TermsCatalogue {
    terms::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/terms")).unwrap()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(entries: &[String]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("terms.toml", entries.join("\n"));
        folder.write("text.txt", "# Title\n\nA text.\n");
        folder
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    fn error(&self) -> bam_station::config::ConfigError {
        terms::load(self.0.path()).unwrap_err()
    }
}

fn entry(id: &str, kind: CertificateKind, version: &str, language: &str, from: &str) -> String {
    let kind = if kind == Local { "local" } else { "qualified" };
    format!(
        "[[Terms]]\nId = \"{id}\"\nCertificate = \"{kind}\"\nVersion = \"{version}\"\nLanguage = \"{language}\"\nTitle = \"T\"\n\
         File = \"text.txt\"\nValidFrom = \"{from}\"\n"
    )
}

#[test]
fn the_shipped_texts_cover_both_kinds_in_both_languages() {
    let catalogue = shipped();
    for kind in CertificateKind::ALL {
        assert_eq!(catalogue.languages(kind, TODAY), Language::ALL);
        for language in Language::ALL {
            let terms = catalogue.for_certificate(kind, language, TODAY).unwrap();
            assert_eq!((terms.certificate, terms.language), (kind, language));
            let words = terms.text.split_whitespace().count();
            assert!((450..1200).contains(&words), "{} has {words} words", terms.title);
            let blocks = terms.blocks();
            let headings = blocks.iter().filter(|block| matches!(block, Block::Heading(_))).count();
            assert!(headings >= 8 && blocks.len() > 2 * headings - 2, "{}", terms.title);
            // Nobody may take a training text for an issuer's terms.
            let training = if language == Language::EN { "training" } else { "øving" };
            assert!(terms.title.contains(training) && terms.text.lines().next().unwrap().contains(training));
            assert!(terms.version.contains("training"));
        }
        let headings = |language| {
            let terms = catalogue.for_certificate(kind, language, TODAY).unwrap();
            terms.blocks().iter().filter(|block| matches!(block, Block::Heading(_))).count()
        };
        for language in Language::ALL {
            assert_eq!(headings(Language::NB), headings(language), "the translations differ in their parts");
        }
    }
}

#[test]
fn the_digest_is_that_of_the_exact_bytes() {
    let terms = shipped();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/terms/local-declaration-1.0.nb.txt");
    let shown = terms.for_certificate(Local, Language::NB, TODAY).unwrap();
    assert_eq!(shown.digest, Digest::of(&fs::read(file).unwrap()));

    let folder = Folder::new(&[entry("a", Local, "1", "nb", "2026-01-01")]);
    let bytes = "\u{feff}# Å\r\n\r\nEn linje\r\nog en til.\r\n";
    folder.write("text.txt", bytes);
    let catalogue = terms::load(folder.0.path()).unwrap();
    assert_eq!(catalogue.all()[0].digest, Digest::of(bytes.as_bytes()));
    let blocks = [Block::Heading("Å".into()), Block::Paragraph("En linje og en til.".into())];
    assert_eq!(catalogue.all()[0].blocks(), blocks);
}

#[test]
fn a_version_takes_effect_at_its_date() {
    let folder = Folder::new(&[
        entry("t", Local, "2", "nb", "2026-07-01"),
        entry("t", Local, "1", "nb", "2026-01-01"),
        entry("t", Local, "1", "en", "2026-01-01"),
    ]);
    let catalogue = terms::load(folder.0.path()).unwrap();
    let version = |language, today| catalogue.for_certificate(Local, language, today).map(|terms| terms.version.as_str());
    assert_eq!(version(Language::NB, date(2025, 12, 31)), None);
    assert_eq!(version(Language::NB, date(2026, 1, 1)), Some("1"));
    assert_eq!(version(Language::NB, date(2026, 6, 30)), Some("1"));
    assert_eq!(version(Language::NB, date(2026, 7, 1)), Some("2"));
    // The English text of version 1 is out of force when version 2 takes effect.
    assert_eq!(version(Language::EN, date(2026, 6, 30)), Some("1"));
    assert_eq!(version(Language::EN, date(2026, 7, 1)), None);
    assert_eq!(catalogue.languages(Local, date(2026, 7, 1)), [Language::NB]);
    assert_eq!(catalogue.for_certificate(Qualified, Language::NB, TODAY), None);
}

#[test]
fn an_index_that_leaves_a_choice_is_refused() {
    for (entries, line, wrong) in [
        (
            vec![entry("a", Local, "1", "nb", "2026-01-01"), entry("a", Local, "1", "nb", "2026-01-01")],
            10,
            "twice in this language",
        ),
        (vec![entry("a", Local, "1", "nb", "2026-01-01"), entry("a", Local, "2", "nb", "2026-01-01")], 10, "two versions"),
        (vec![entry("a", Local, "1", "nb", "2026-01-01"), entry("b", Local, "1", "nb", "2026-01-01")], 10, "two versions"),
        (vec![entry("a", Local, "1", "nb", "2026-01-01"), entry("a", Local, "1", "en", "2026-02-01")], 1, "differ in ValidFrom"),
        (vec![entry("A b", Local, "1", "nb", "2026-01-01")], 1, "the Id is not well formed"),
        (vec![entry("a", Local, " ", "nb", "2026-01-01")], 1, "blank"),
        (vec![entry("a", Local, "1", "de", "2026-01-01")], 5, "unknown variant `de`"),
        (vec![entry("a", Local, "1", "nb", "2026-02-30")], 8, "day"),
        (vec![entry("a", Local, "1", "nb", "2026-01-01").replace("text.txt", "../text.txt")], 1, "not a plain file name"),
        (vec![entry("a", Local, "1", "nb", "2026-01-01").replace("text.txt", "/etc/passwd")], 1, "not a plain file name"),
        (vec![entry("a", Local, "1", "nb", "2026-01-01").replace("Title", "Titel")], 6, "unknown field `Titel`"),
    ] {
        let error = Folder::new(&entries).error();
        let found = &error.diagnostics()[0];
        assert_eq!(found.line, line, "{found}");
        assert!(found.message.contains(wrong), "{found}");
        assert!(!found.allowed.is_empty());
    }
}

#[test]
fn a_text_that_cannot_be_used_is_told_at_the_index_and_at_the_text() {
    let good = [entry("a", Local, "1", "nb", "2026-01-01")];
    let folder = Folder::new(&good);
    fs::remove_file(folder.0.path().join("text.txt")).unwrap();
    let error = folder.error();
    assert_eq!(error.kind(), Broken::Missing);
    assert!(error.diagnostics()[0].file.ends_with("terms.toml"), "{error}");
    assert!(error.diagnostics()[1].file.ends_with("text.txt"), "{error}");

    for (content, kind) in [
        (vec![b'x'; (256 << 10) + 1], Broken::TooLarge),
        (b"\xff".to_vec(), Broken::NotText),
        (b" \n".to_vec(), Broken::Empty),
        (b"a\x1b[31mb\n".to_vec(), Broken::Invalid),
    ] {
        let folder = Folder::new(&good);
        folder.write("text.txt", content);
        assert_eq!(folder.error().kind(), kind);
    }
    let folder = Folder::new(&good);
    folder.write("text.txt", vec![b'x'; 256 << 10]);
    terms::load(folder.0.path()).unwrap();
}

#[test]
fn a_folder_without_an_index_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let error = terms::load(folder.path()).unwrap_err();
    assert_eq!(error.kind(), Broken::Missing);
    assert!(error.to_string().contains("terms.toml:1:1: the file does not exist"), "{error}");
}

#[test]
fn the_command_tells_which_terms_hold_on_a_day_and_which_come_later() {
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_bam-station"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["config", "terms"])
            .args(arguments)
            .output()
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, early) = run(&["--on", "2024-12-31", "--json"]);
    let early: serde_json::Value = serde_json::from_str(&early).unwrap();
    assert_eq!((code, early["terms"].as_array().unwrap().len(), early["later"].as_array().unwrap().len()), (1, 0, 6));
    let (code, now) = run(&["--on", "2026-01-01", "--certificate", "qualified", "--language", "en"]);
    assert_eq!(code, 0);
    assert!(now.starts_with("qualified-terms 1.0-training en  from 2025-01-01  sha256 "), "{now}");
    assert!(now.lines().count() > 5, "the whole text is shown: {now}");
}
