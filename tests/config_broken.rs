//! Broken configuration files: each kind is told apart, with file, line, column and what is allowed there.

use std::{fs, path::PathBuf, process::Command};

use bam_station::{
    config::{Broken, ConfigError, Diagnostic, load_local, load_master},
    rules::issue_process::FLAGS,
};

const SHIPPED: &str = include_str!("../MASTER.toml");

fn file(content: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("MASTER.toml");
    fs::write(&path, content).unwrap();
    (folder, path)
}

/// The error of a MASTER.toml with this content; every diagnostic names the file, a place and what is allowed.
fn broken(content: impl AsRef<[u8]>) -> ConfigError {
    let (_folder, path) = file(content);
    let error = load_master(&path).unwrap_err();
    for diagnostic in error.diagnostics() {
        assert_eq!(diagnostic.file, path.display().to_string());
        assert!(diagnostic.line >= 1 && diagnostic.column >= 1);
        assert!(!diagnostic.message.is_empty() && !diagnostic.allowed.is_empty(), "{diagnostic}");
        let start = format!("{}:{}:{}: ", diagnostic.file, diagnostic.line, diagnostic.column);
        assert!(diagnostic.to_string().starts_with(&start));
    }
    assert!(!error.diagnostics().is_empty());
    error
}

/// The only mistake of this content, which must be of this kind and stand at this place.
fn only(content: impl AsRef<[u8]>, kind: Broken, line: usize, column: usize) -> Diagnostic {
    let error = broken(content);
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(error.diagnostics().len(), 1, "{error}");
    let only = error.diagnostics()[0].clone();
    assert_eq!((only.line, only.column), (line, column), "{only}");
    only
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = load_master(&folder.path().join("MASTER.toml")).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Broken::Missing, "CONFIG_MISSING"));
    assert!(error.to_string().contains("MASTER.toml:1:1: the file does not exist; allowed: "), "{error}");
}

#[test]
fn an_empty_file_is_refused() {
    for empty in ["", "\n", "  \r\n\t\n", "\u{feff}"] {
        only(empty, Broken::Empty, 1, 1);
    }
}

#[test]
fn a_file_of_comments_alone_lacks_its_required_key() {
    let missing = only("# nothing yet\n", Broken::Invalid, 1, 1);
    assert!(missing.message.contains("\"CompanyName\" is missing in [Common]"), "{missing}");
    assert!(missing.allowed.contains("1 to 200 characters"), "{missing}");
    // With the section there, its line is named.
    only("# c\n\n[Common]\nLraMode = \"Local\"\n", Broken::Invalid, 3, 1);
}

#[test]
fn an_unknown_key_gets_the_nearest_name_and_the_names_of_its_section() {
    let unknown = only("[Common]\nCompanyName = \"A\"\n\n[IssueProcess]\nRequireScanForLokal = false\n", Broken::Invalid, 5, 1);
    let message = "unknown key \"RequireScanForLokal\" in [IssueProcess]; did you mean \"RequireScanForLocal\"?";
    assert_eq!(unknown.message, message);
    assert!(unknown.allowed.contains("RequireScanForLocal, RequireScanForReplacement"), "{unknown}");
    assert!(unknown.to_string().contains(&format!(":5:1: {message} allowed: ThirdPartyIdControl, ")), "{unknown}");
}

#[test]
fn the_labels_of_bam_lead_to_their_keys() {
    for (label, key) in [
        ("\"Third party ID control\"", "ThirdPartyIdControl"),
        ("\"Allow Operator identification\"", "AllowOperatorIdentification"),
        ("require_scan_for_local", "RequireScanForLocal"),
        ("MAXSCANATTEMPTS", "MaxScanAttempts"),
    ] {
        let unknown = only(format!("Common.CompanyName = \"A\"\n[IssueProcess]\n{label} = true\n"), Broken::Invalid, 3, 1);
        assert!(unknown.message.contains(&format!("did you mean \"{key}\"?")), "{unknown}");
    }
}

#[test]
fn a_key_in_the_wrong_section_is_sent_to_the_right_one() {
    let lost = only("[Common]\nCompanyName = \"A\"\nThirdPartyIdControl = true\n", Broken::Invalid, 3, 1);
    assert!(lost.message.contains("it belongs in [IssueProcess]"), "{lost}");
    let lost = only("ThirdPartyIdControl = true\n[Common]\nCompanyName = \"A\"\n", Broken::Invalid, 1, 1);
    assert!(lost.message.contains("it belongs in [IssueProcess]"), "{lost}");
}

#[test]
fn an_unknown_section_gets_the_nearest_name() {
    let unknown = only("[Common]\nCompanyName = \"A\"\n[IssueProces]\n", Broken::Invalid, 3, 2);
    assert!(unknown.message.contains("did you mean [IssueProcess]?"), "{unknown}");
    assert!(unknown.allowed.contains("[Common], [IssueProcess], [Delivery], [TimeStamp], [Terms]"), "{unknown}");
}

#[test]
fn a_name_like_nothing_gets_no_guess() {
    let unknown = only("[Common]\nCompanyName = \"A\"\nFavouriteColour = 1\n", Broken::Invalid, 3, 1);
    assert_eq!(unknown.message, "unknown key \"FavouriteColour\" in [Common]");
}

#[test]
fn a_wrong_type_names_what_it_is_and_what_is_allowed() {
    for (value, is) in [
        ("\"true\"", "a text"),
        ("1", "a whole number"),
        ("1.0", "a decimal number"),
        ("[true]", "a list"),
        ("{ on = true }", "a table"),
        ("2026-01-01", "a date or time"),
    ] {
        let wrong = only(
            format!("[Common]\nCompanyName = \"A\"\n[IssueProcess]\n  RequireScanForLocal = {value}\n"),
            Broken::Invalid,
            4,
            25,
        );
        assert_eq!(wrong.message, format!("\"RequireScanForLocal\" has {is} as its value"));
        assert_eq!(wrong.allowed, "true or false (without quotes)");
    }
}

#[test]
fn a_value_where_a_section_belongs_is_told() {
    let wrong = only("IssueProcess = true\n[Common]\nCompanyName = \"A\"\n", Broken::Invalid, 1, 1);
    assert!(wrong.message.contains("is a section"), "{wrong}");
    let wrong = only("[Common]\nCompanyName = \"A\"\n[[IssueProcess]]\n", Broken::Invalid, 3, 3);
    assert!(wrong.message.contains("a list stands here"), "{wrong}");
    assert!(wrong.allowed.contains("[IssueProcess] written once"), "{wrong}");
}

#[test]
fn a_number_out_of_range_names_the_range() {
    for number in ["0", "21", "-1", "0xFF", "99999999999999999999999999"] {
        let wrong =
            only(format!("[Common]\nCompanyName = \"A\"\n[IssueProcess]\nMaxScanAttempts = {number}\n"), Broken::Invalid, 4, 19);
        assert!(wrong.message.contains("out of range"), "{wrong}");
        assert_eq!(wrong.allowed, "a whole number from 1 to 20");
    }
    let (_folder, path) =
        file("[Common]\nCompanyName = \"A\"\n[IssueProcess]\nMaxScanAttempts = 0x14\nMaxSignatureAttempts = 1\n");
    let flags = load_master(&path).unwrap().value.issue_process;
    assert_eq!((flags.max_scan_attempts, flags.max_signature_attempts), (20, 1));
}

#[test]
fn a_word_outside_the_choice_gets_the_nearest_one() {
    let wrong = only("[Common]\nCompanyName = \"A\"\nLraMode = \"mixed\"\n", Broken::Invalid, 3, 11);
    assert_eq!(wrong.message, "\"LraMode\" is \"mixed\"; did you mean \"Mixed\"?");
    assert_eq!(wrong.allowed, "\"Local\", \"Buypass\" or \"Mixed\"");
}

#[test]
fn a_company_name_says_something() {
    for (name, wrong) in [("", "blank"), ("   ", "blank"), ("a\\u0007b", "control character"), (&"x".repeat(201), "too long")] {
        let found = only(format!("[Common]\nCompanyName = \"{name}\"\n"), Broken::Invalid, 2, 15);
        assert!(found.message.contains(wrong), "{found}");
    }
}

#[test]
fn a_key_or_section_that_is_there_twice_is_found_at_the_second_place() {
    let twice = only("[Common]\nCompanyName = \"A\"\nCompanyName = \"B\"\n", Broken::Invalid, 3, 1);
    assert_eq!(twice.message, "\"CompanyName\" is there twice");
    assert_eq!(twice.allowed, "each key once in its section, and each section once");
    let twice = only("[Common]\nCompanyName = \"A\"\n[IssueProcess]\n[Common]\nLraMode = \"Local\"\n", Broken::Invalid, 4, 2);
    assert_eq!(twice.message, "\"Common\" is there twice");
}

#[test]
fn what_is_not_toml_names_what_may_stand_on_its_line() {
    let wrong = only("[Common]\nCompanyName = \"A\"\n[IssueProcess]\nMaxScanAttempts = fem\n", Broken::Syntax, 4, 19);
    assert!(wrong.message.starts_with("this is not TOML: "), "{wrong}");
    assert_eq!(wrong.allowed, "MaxScanAttempts = a whole number from 1 to 20");
    let wrong = only("[Common]\nCompanyName = \"A\"\nhello\n", Broken::Syntax, 3, 6);
    assert_eq!(wrong.allowed, "lines KEY = VALUE with the keys LraMode, CompanyName");
    let wrong = only("[Common]\nCompanyName = \"A\"\n[IssueProcess\nMaxScanAttempts = 5\n", Broken::Syntax, 3, 14);
    assert!(wrong.allowed.contains("[IssueProcess]"), "{wrong}");
}

#[test]
fn a_mistake_is_told_once_although_many_brackets_are_open() {
    only("[Common]\nCompanyName = [[[[[\n", Broken::Syntax, 2, 20);
}

#[test]
fn several_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let error = broken(
        "[Common]\nLraMode = \"Lokal\"\n[IssueProcess]\nMaxScanAttempts = 50\nAllowOperatorIdentifikation = true\n\
         RequireScanForLocal = \"ja\"\nRequireScanForLocal = true\n",
    );
    let places: Vec<_> = error.diagnostics().iter().map(|found| (found.line, found.column)).collect();
    // The missing CompanyName, the mode, the range, the key, the type, the duplicate.
    assert_eq!(places, [(1, 1), (2, 11), (4, 19), (5, 1), (6, 23), (7, 1)], "{error}");
    assert_eq!(error.to_string().lines().count(), 6);
}

#[test]
fn columns_count_characters_and_a_byte_order_mark_is_none() {
    let unknown = only("\u{feff}Æ = 1\r\n[Common]\r\nCompanyName = \"A\"\r\n", Broken::Syntax, 1, 1);
    assert!(unknown.message.contains("not TOML"), "{unknown}");
    let wrong = only("\u{feff}Common.CompanyName = \"Blåbærøya ærlig\"  !\r\n", Broken::Syntax, 1, 41);
    assert!(wrong.to_string().contains(":1:41: "), "{wrong}");
    let (_folder, path) = file("\u{feff}[Common]\r\nCompanyName = \"Blåbærøya\"\r\n");
    assert_eq!(load_master(&path).unwrap().value.common.company_name, "Blåbærøya");
}

#[test]
fn every_prefix_of_the_shipped_file_is_refused_unless_it_ends_with_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("MASTER.toml");
    let bytes = SHIPPED.as_bytes();
    for end in 0..bytes.len() {
        fs::write(&path, &bytes[..end]).unwrap();
        match load_master(&path) {
            Ok(_) => assert_eq!(bytes[end - 1], b'\n', "cut at byte {end} was not noticed"),
            Err(error) => {
                assert!(!error.diagnostics().is_empty());
                assert!(error.diagnostics().iter().all(|found| !found.allowed.is_empty()), "cut at byte {end}: {error}");
                if end > 0 && bytes[end - 1] != b'\n' && !matches!(error.kind(), Broken::NotText) {
                    assert_eq!(error.code(), "CONFIG_CUT_OFF", "cut at byte {end}: {error}");
                }
            }
        }
    }
}

#[test]
fn a_number_cut_short_is_noticed_although_it_is_a_good_number() {
    let cut = only("[Common]\nCompanyName = \"A\"\n[IssueProcess]\nMaxScanAttempts = 1", Broken::CutOff, 4, 20);
    assert!(cut.message.contains("cut off"), "{cut}");
}

#[test]
fn a_file_of_a_hundred_megabytes_is_refused() {
    let (_folder, path) = file("[Common]\nCompanyName = \"A\"\n");
    let huge = fs::OpenOptions::new().write(true).open(&path).unwrap();
    huge.set_len(100_000_000).unwrap();
    let error = load_master(&path).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Broken::TooLarge, "CONFIG_TOO_LARGE"));
    let told = error.to_string();
    assert!(told.contains(":1:1: the file has 100000000 bytes or more; allowed: at most 1048576 bytes"), "{told}");
}

#[test]
fn a_file_full_of_mistakes_is_answered_shortly() {
    for line in ["a = 1\n", "[Common]\n", "x\n", "[[[[\n", "a = [[[[[[[[\n", "b.c.d.e = \"\n"] {
        let content = line.repeat((1 << 20) / line.len());
        let error = broken(&content);
        assert!(error.diagnostics().len() <= 20, "{}", error.diagnostics().len());
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_found_where_they_are() {
    let latin_1 = only(b"[Common]\nCompanyName = \"Bl\xe5b\xe6r\"\n", Broken::NotText, 2, 18);
    assert!(latin_1.allowed.contains("UTF-8"), "{latin_1}");
    // What Windows Notepad calls Unicode.
    only(b"\xff\xfe[\0C\0", Broken::NotText, 1, 1);
}

#[test]
fn a_folder_and_a_pipe_are_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let error = load_master(folder.path()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Broken::NotAFile, "CONFIG_NOT_A_FILE"));
    assert!(error.to_string().contains(":1:1: this is a folder; allowed: a text file"), "{error}");

    let pipe = folder.path().join("MASTER.toml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Nobody writes into the pipe: reading it would never end.
    let error = load_master(&pipe).unwrap_err();
    assert_eq!(error.kind(), Broken::NotAFile);
    assert!(error.to_string().contains(":1:1: this is a pipe"), "{error}");
}

#[test]
fn a_message_repeats_no_control_characters_and_no_endless_names() {
    let wild = format!("[Common]\nCompanyName = \"A\"\n\"\\u001b[31m{}\" = 1\n", "x".repeat(500));
    let unknown = only(wild, Broken::Invalid, 3, 1);
    assert!(!unknown.message.contains('\u{1b}') && unknown.message.len() < 200, "{unknown}");
}

#[test]
fn local_toml_is_checked_by_the_same_rules() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("LOCAL.toml");
    fs::write(&path, "[Scanner]\nDpi = 1200\nTraining = true\nMode = \"Colour\"\n").unwrap();
    let error = load_local(&path).unwrap_err();
    let told: Vec<_> = error.diagnostics().iter().map(|found| (found.line, found.column, found.message.as_str())).collect();
    assert_eq!(told.len(), 3, "{error}");
    assert_eq!((told[0].0, told[0].1), (2, 7));
    assert!(told[1].2.contains("it belongs in the top of the file, before the first [section]"), "{error}");
    assert_eq!(told[2], (4, 8, "\"Mode\" is \"Colour\"; did you mean \"Color\"?"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    /// Whatever is put anywhere into a good file: an answer, never a panic, and never a rule that the file does not say.
    #[test]
    fn edits_of_a_good_file_never_panic(at in 0..SHIPPED.len(), gone in 0usize..40, put in "[\\PC\\n\"'=\\[\\]{}.#\\\\]{0,12}") {
        let mut text = SHIPPED.as_bytes().to_vec();
        text.splice(at..(at + gone).min(SHIPPED.len()), put.bytes());
        let (_folder, path) = file(&text);
        match load_master(&path) {
            Ok(loaded) => {
                let said: toml::Table = String::from_utf8(text).unwrap().parse().unwrap();
                let said = |name: &str| said.get("IssueProcess").and_then(|section| section.get(name)).map(ToString::to_string);
                for flag in FLAGS {
                    let expected = said(flag.name).unwrap_or_else(|| flag.default_value());
                    proptest::prop_assert_eq!(flag.value(&loaded.value.issue_process), expected, "{}", flag.name);
                }
            }
            Err(error) => proptest::prop_assert!(error.diagnostics().iter().all(|found| found.line >= 1 && !found.allowed.is_empty())),
        }
    }
}
