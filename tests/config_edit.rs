//! Setting keys of MASTER.toml: what is not asked for stays as it is, and only a good file is written.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use bam_station::{
    config::{
        Direction, compare_masters,
        edit::{Assignment, EditError, propose_local, propose_master},
        load_local, load_master, master,
        schema::{Field, Value},
    },
    rules::issue_process::FLAGS,
};
use proptest::prelude::*;

const SHIPPED: &str = include_str!("../MASTER.toml");
const SHIPPED_LOCAL: &str = include_str!("../config/LOCAL.toml");

fn file(content: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("MASTER.toml");
    fs::write(&path, content).unwrap();
    (folder, path)
}

/// Puts a new file in place of the old one: a file that is overwritten thousands of times waits for the disk each time.
fn put(path: &Path, content: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, content).unwrap();
}

/// The file's text after these settings; a name without `=` is unset.
fn after(content: &str, settings: &[&str]) -> Result<String, EditError> {
    let (_folder, path) = file(content);
    let assignment = |text: &&str| {
        if text.contains('=') { Assignment::set(text).unwrap() } else { Assignment::unset(text) }
    };
    let proposal = propose_master(&path, &settings.iter().map(assignment).collect::<Vec<_>>(), |_| Ok(()))?;
    assert_eq!(fs::read_to_string(&path).unwrap(), content, "a proposal writes nothing");
    proposal.write()?;
    Ok(fs::read_to_string(&path).unwrap())
}

fn refused(content: &str, settings: &[&str]) -> (EditError, &'static str) {
    let error = after(content, settings).unwrap_err();
    let code = error.code();
    (error, code)
}

#[test]
fn one_value_changes_and_everything_around_it_stays() {
    let text = "\
# ours
[IssueProcess]   # the heart
   ThirdPartyIdControl   =   false   # not yet

[Common]
CompanyName = 'A'
";
    let changed = after(text, &["IssueProcess.ThirdPartyIdControl=true"]).unwrap();
    assert_eq!(changed, text.replace("=   false ", "=   true "));
    // Windows' line ends and a byte order mark stay too.
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let changed = after(&windows, &["IssueProcess.ThirdPartyIdControl=true", "IssueProcess.MaxScanAttempts=7"]).unwrap();
    let line = "   ThirdPartyIdControl   =   true   # not yet\r\n";
    let expected =
        windows.replace("   ThirdPartyIdControl   =   false   # not yet\r\n", &format!("{line}MaxScanAttempts = 7\r\n"));
    assert_eq!(changed, expected);
}

#[test]
fn a_key_that_is_not_there_gets_its_line() {
    let head = "[Common]\nCompanyName = \"A\"\n";
    // Below the last key of its section.
    let text = "[IssueProcess]\nMaxScanAttempts = 4 # few\n\n[Common]\nCompanyName = \"A\"\n";
    let changed = after(text, &["IssueProcess.RequireScanForLocal=false"]).unwrap();
    assert_eq!(changed, text.replace("# few\n", "# few\nRequireScanForLocal = false\n"));
    // Below the comment that shows it.
    let text = format!("{head}[Terms]\n# where\n# Folder = \"terms\"\n# more\n");
    let changed = after(&text, &["Terms.Folder=/srv/terms"]).unwrap();
    assert_eq!(changed, text.replace("\"terms\"\n", "\"terms\"\nFolder = \"/srv/terms\"\n"));
    // In a section of its own.
    let changed = after(head, &["IssueProcess.RequireScanForLocal=false", "IssueProcess.MaxScanAttempts=1"]).unwrap();
    assert_eq!(changed, format!("{head}\n[IssueProcess]\nRequireScanForLocal = false\nMaxScanAttempts = 1\n"));
    // After records of a list, the section does not become a part of the last one.
    let listed = format!("{head}[[Operator]]\nIssuer = \"CN=A\"\nSerial = \"01\"\n");
    let changed = after(&listed, &["IssueProcess.MaxScanAttempts=1"]).unwrap();
    assert_eq!(changed, format!("{listed}\n[IssueProcess]\nMaxScanAttempts = 1\n"));
    // Dotted names and inline tables: the value is found, a new key has no line.
    let dotted = "Common.CompanyName = \"A\"\nIssueProcess = { MaxScanAttempts = 3, RequireScanForLocal = true }\n";
    let changed = after(dotted, &["IssueProcess.RequireScanForLocal=false", "Common.CompanyName=B \"C\""]).unwrap();
    assert_eq!(changed, dotted.replace("= true", "= false").replace("\"A\"", "'B \"C\"'"));
    for settings in [["IssueProcess.MaxSignatureAttempts=2"], ["IssueProcess.MaxScanAttempts"], ["Common.LraMode=Local"]] {
        assert_eq!(refused(dotted, &settings).1, "SETTING_HAS_NO_PLACE", "{settings:?}");
    }
}

#[test]
fn a_key_at_the_top_of_local_toml_stays_above_the_sections() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("LOCAL.toml");
    let set = |text: &str, setting: &str| {
        fs::write(&path, text).unwrap();
        propose_local(&path, &[Assignment::set(setting).unwrap()], |_| Ok(())).unwrap().write().unwrap();
        load_local(&path).unwrap();
        fs::read_to_string(&path).unwrap()
    };
    assert_eq!(set(SHIPPED_LOCAL, "OfficeName=Utopia"), SHIPPED_LOCAL.replace("\"ID-kontoret, øvingsplass 1\"", "\"Utopia\""));
    let text = "# the desk\n\n# glass\n[Scanner]\nDpi = 300\n";
    assert_eq!(set(text, "Training=true"), text.replace("# glass\n", "Training = true\n# glass\n"));
    assert_eq!(set("[Scanner]\nDpi = 300\n", "Training=true"), "Training = true\n[Scanner]\nDpi = 300\n");
    let text = "TimeZone = \"UTC\"\n\n[Scanner]\nDpi = 300\n";
    assert_eq!(set(text, "Training=true"), text.replace("\"UTC\"\n", "\"UTC\"\nTraining = true\n"));
}

#[test]
fn a_key_that_is_unset_takes_its_line_with_it() {
    let text = "[Common]\nCompanyName = \"A\"\n[Trust]\nAnchors = [\n  \"a.pem\",\n  \"b.pem\",\n] # two\nFetchSeconds = 4\n";
    assert_eq!(after(text, &["Trust.Anchors"]).unwrap(), "[Common]\nCompanyName = \"A\"\n[Trust]\nFetchSeconds = 4\n");
    assert_eq!(after(text, &["Trust.Intermediates"]).unwrap(), text);
    // What must be there stays.
    let (error, code) = refused(text, &["Common.CompanyName"]);
    assert_eq!(code, "CONFIG_INVALID");
    assert!(error.to_string().contains("\"CompanyName\" is missing") && error.to_string().ends_with("the file is as it was"));
}

#[test]
fn lists_may_be_typed_with_commas() {
    let text = "[Common]\nCompanyName = \"A\"\n[Trust]\n";
    let changed = after(text, &["Trust.Anchors=a.pem, b c.pem"]).unwrap();
    assert_eq!(changed, format!("{text}Anchors = [\"a.pem\", \"b c.pem\"]\n"));
    assert_eq!(after(&changed, &["Trust.Anchors=[]"]).unwrap(), format!("{text}Anchors = []\n"));
}

#[test]
fn a_value_brings_no_second_key_with_it() {
    for value in ["true\nThirdPartyIdControl = true", "true # and", "true\n[Common]", "", "true true", "{"] {
        let (error, code) = refused(SHIPPED, &[&format!("IssueProcess.RequireScanForLocal={value}")]);
        assert_eq!(code, "SETTING_NOT_ONE_VALUE", "{value:?}: {error}");
        assert!(error.to_string().contains("allowed: true or false"), "{error}");
    }
    // A text is always one text.
    let changed = after(SHIPPED, &["Common.CompanyName=A\"]\nLraMode=\"Local"]);
    assert_eq!(changed.unwrap_err().code(), "CONFIG_INVALID");
    let changed = after(SHIPPED, &["Common.CompanyName=A\" # B"]).unwrap();
    assert_eq!(changed, SHIPPED.replace("\"Eksempel kommune\"", "'A\" # B'"));
}

#[test]
fn wrong_settings_are_told_with_the_place_and_what_is_allowed() {
    let (error, code) = refused(SHIPPED, &["IssueProcess.MaxScanAttempts=21"]);
    assert_eq!(code, "CONFIG_INVALID");
    let line = SHIPPED.lines().position(|line| line.starts_with("MaxScanAttempts")).unwrap() + 1;
    let told =
        format!("MASTER.toml:{line}:19: \"MaxScanAttempts\" is 21, which is out of range; allowed: a whole number from 1 to 20");
    assert!(error.to_string().contains(&told), "{error}");

    let (error, code) = refused(SHIPPED, &["IssueProces.RequireScanForLokal=true"]);
    assert_eq!(code, "SETTING_UNKNOWN");
    assert!(error.to_string().contains("did you mean IssueProcess.RequireScanForLocal?"), "{error}");
    let (error, _) = refused(SHIPPED, &["RequireScanForLocal=true"]);
    assert!(error.to_string().contains("did you mean IssueProcess.RequireScanForLocal?"), "{error}");
    let (error, code) = refused("[Common]\nCompanyNam = 1\n", &["Common.CompanyName=A"]);
    assert_eq!(code, "CONFIG_INVALID");
    assert!(error.to_string().contains(":2:1: unknown key") && error.to_string().contains("put it right by hand"), "{error}");
}

#[test]
fn what_the_law_fixes_is_refused_with_the_reason() {
    for (setting, reason) in [
        ("IssueProcess.RequireTermsForQualified=false", "accepted its terms"),
        ("IssueProcess.RequireSignatureForQualified=false", "the holder's own signature"),
        ("IssueProcess.RequireScanForQualified=false", "a scan of the identity document"),
        ("IssueProcess.ThirdPartyAtFirstIssuance=true", "nobody vouches"),
        ("IssueProcess.AllowSelfIssuance=true", "never controls the operator's own identity"),
    ] {
        let (error, code) = refused(SHIPPED, &[setting]);
        assert_eq!(code, "SETTING_FIXED_BY_LAW", "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
    // No key that exists is taken for one of them.
    for section in master::SCHEMA.sections {
        for key in section.keys {
            let changed = after(SHIPPED, &[&format!("{}.{}", section.name, key.name)]);
            assert!(!matches!(changed, Err(EditError::FixedByLaw { .. } | EditError::UnknownKey { .. })), "{}", key.name);
        }
    }
}

#[test]
fn a_file_that_somebody_else_changed_meanwhile_is_not_overwritten() {
    let (_folder, path) = file(SHIPPED);
    let proposal = propose_master(&path, &[Assignment::set("Common.CompanyName=B").unwrap()], |_| Ok(())).unwrap();
    let theirs = SHIPPED.replace("Eksempel", "Deres");
    fs::write(&path, &theirs).unwrap();
    assert_eq!(proposal.write().unwrap_err().code(), "CONFIG_CHANGED_MEANWHILE");
    assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
}

#[cfg(unix)]
#[test]
fn a_new_file_has_the_rights_of_the_old_one_and_a_link_stays_a_link() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, path) = file(SHIPPED);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link-MASTER.toml");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    propose_master(&link, &[Assignment::set("Common.CompanyName=B").unwrap()], |_| Ok(())).unwrap().write().unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(load_master(&path).unwrap().value.common.company_name, "B");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside the file");
}

#[test]
fn a_comparison_tells_stricter_from_weaker() {
    let (_a, before) = file("[Common]\nCompanyName = \"A\"\n[Trust]\nAnchors = [\"a.pem\"]\n");
    let (_b, after) = file(
        "[Common]\nCompanyName = \"B\"\n[IssueProcess]\nThirdPartyIdControl = true\nMaxScanAttempts = 2\nRequireScanForLocal = true\n\
         [Trust]\nAnchors = [\"a.pem\", \"b.pem\"]\nRevocation = \"required\"\n[[Operator]]\nIssuer = \"CN=A\"\nSerial = \"01\"\n",
    );
    let changes = compare_masters(&before, &after).unwrap();
    let told: Vec<_> = changes.iter().map(|change| (change.name(), change.direction)).collect();
    let expected = [
        ("Common.CompanyName", Direction::Neutral),
        ("IssueProcess.ThirdPartyIdControl", Direction::Weaker),
        ("IssueProcess.MaxScanAttempts", Direction::Stricter),
        ("Trust.Anchors", Direction::Weaker),
        ("Trust.Revocation", Direction::Stricter),
        ("[[Operator]]", Direction::Weaker),
    ];
    assert_eq!(told, expected.map(|(name, direction)| (name.to_owned(), direction)));
    assert_eq!((&changes[1].before, &changes[1].after), (&Some(Value::Switch(false)), &Some(Value::Switch(true))));
    assert!(changes[1].effect.starts_with("A third party"));
    let back = compare_masters(&after, &before).unwrap();
    for (there, back) in changes.iter().zip(&back) {
        assert!(there.direction == Direction::Neutral || there.direction != back.direction, "{there:?} {back:?}");
    }
    assert!(compare_masters(&after, &after).unwrap().is_empty());
}

#[test]
fn every_choice_about_the_control_has_a_strict_end() {
    let section = master::SCHEMA.section("IssueProcess").unwrap();
    for key in section.keys {
        let other = match &key.field {
            Field::Switch(_) => {
                let Some(Value::Switch(on)) = key.field.default_value() else { panic!() };
                (!on).to_string()
            }
            _ => "20".into(),
        };
        let (_a, before) = file("[Common]\nCompanyName = \"A\"\n");
        let (_b, after) = file(format!("[Common]\nCompanyName = \"A\"\n[IssueProcess]\n{} = {other}\n", key.name));
        // The defaults are the strict values.
        assert_eq!(compare_masters(&before, &after).unwrap()[0].direction, Direction::Weaker, "{}", key.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    /// However the keys are toggled, in whatever order and however often: all other bytes stay, and the file says what was asked.
    #[test]
    fn toggles_leave_all_other_bytes_untouched(toggles in prop::collection::vec((0..FLAGS.len(), any::<bool>(), 1u8..=20), 1..12), windows: bool) {
        let text = if windows { SHIPPED.replace('\n', "\r\n") } else { SHIPPED.to_owned() };
        let (_folder, path) = file(&text);
        let mut expected: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        for (flag, on, limit) in toggles {
            let flag = &FLAGS[flag];
            let value = if flag.allowed() == "true or false" { on.to_string() } else { limit.to_string() };
            let setting = Assignment::set(&format!("IssueProcess.{}={value}", flag.name)).unwrap();
            let proposal = propose_master(&path, &[setting], |_| Ok(())).unwrap();
            put(&path, proposal.content());
            let line = expected.iter_mut().find(|line| line.starts_with(flag.name)).unwrap();
            let eol = if windows { "\r\n" } else { "\n" };
            *line = format!("{} = {value}{eol}", flag.name);
            prop_assert_eq!(flag.value(&load_master(&path).unwrap().value.issue_process), value);
        }
        prop_assert_eq!(fs::read_to_string(&path).unwrap(), expected.concat());
    }
}

/// Numbers that look drawn by chance and are the same on every run (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

/// A good file with one to three mistakes of the kinds that people, editors and disks make.
fn mutated(dice: &mut Dice) -> Vec<u8> {
    const WORDS: [&str; 14] = [
        "true",
        "false",
        "0",
        "99",
        "\"",
        "'''",
        "[",
        "]]",
        "=",
        "#",
        "\n[IssueProcess]\n",
        "\u{feff}",
        "\r",
        "Trust.Anchors = []\n",
    ];
    let mut bytes = SHIPPED.as_bytes().to_vec();
    for _ in 0..=dice.roll(3) {
        let at = dice.roll(bytes.len());
        let end = (at + dice.roll(30)).min(bytes.len());
        match dice.roll(8) {
            0 => bytes[at] = dice.roll(256) as u8,
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..at, WORDS[dice.roll(WORDS.len())].bytes())),
            3 => drop(bytes.splice(at..end, WORDS[dice.roll(WORDS.len())].bytes())),
            4 => {
                let piece = bytes[at..end].to_vec();
                let to = dice.roll(bytes.len());
                bytes.splice(to..to, piece);
            }
            5 => bytes.truncate(at.max(1)),
            6 => bytes[at] ^= 1 << dice.roll(8),
            _ => {
                // A whole line goes elsewhere.
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
                let line = lines.remove(dice.roll(lines.len()));
                let to = dice.roll(lines.len() + 1);
                lines.insert(to, line);
                bytes = lines.concat().into_bytes();
            }
        }
        if bytes.is_empty() {
            bytes.push(b'\n');
        }
    }
    bytes
}

#[test]
fn ten_thousand_mutations_are_refused_with_a_place_or_hold_exactly_as_they_are_written() {
    let (_folder, path) = file("");
    let mut dice = Dice(0x5EED_CA7D);
    let (mut good, mut bad) = (0, 0);
    for _ in 0..10_000 {
        let bytes = mutated(&mut dice);
        put(&path, &bytes);
        match load_master(&path) {
            Ok(loaded) => {
                good += 1;
                // Read by another reader: each flag is as the file says it, or strict.
                let text = String::from_utf8(bytes).unwrap();
                let said: toml::Table = text.trim_start_matches('\u{feff}').parse().unwrap();
                for flag in FLAGS {
                    let said = said.get("IssueProcess").and_then(|section| section.get(flag.name)).map(ToString::to_string);
                    assert_eq!(flag.value(&loaded.value.issue_process), said.unwrap_or_else(|| flag.default_value()), "{text}");
                }
                // And so is every other choice of the file.
                for section in master::SCHEMA.sections {
                    for key in section.keys.iter().filter(|key| {
                        matches!(key.field, Field::Switch(_) | Field::Count { .. } | Field::Number { .. } | Field::Choice { .. })
                    }) {
                        let said = said.get(section.name).and_then(|section| section.get(key.name)).map(ToString::to_string);
                        let wanted = said.or_else(|| key.field.default_value().map(|value| value.to_string()));
                        let read = key.field.value(&loaded.value).map(|value| value.to_string());
                        assert_eq!(read, wanted, "{}.{} in {text}", section.name, key.name);
                    }
                }
            }
            Err(error) => {
                bad += 1;
                for found in error.diagnostics() {
                    assert!(found.line >= 1 && found.column >= 1 && !found.allowed.is_empty(), "{found}");
                    assert!(found.line <= bytes.iter().filter(|byte| **byte == b'\n').count() + 1, "{found}");
                }
                assert!(!error.diagnostics().is_empty());
            }
        }
    }
    println!("10,000 mutations: {good} good, {bad} refused with a place");
    assert!(good > 1_000 && bad > 1_000, "{good} good, {bad} bad: the mutations are not what they should be");
}

fn station(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_bam-station"));
    command.current_dir(folder).env("XDG_CONFIG_HOME", folder.join("none")).args(["config"]).args(arguments);
    command.output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_command_shows_what_it_changes_and_writes_only_when_asked() {
    let (folder, path) = file(SHIPPED);
    let dry = station(folder.path(), &["set", "IssueProcess.ThirdPartyIdControl=true", "--dry-run", "MASTER.toml"]);
    assert_eq!(dry.status.code(), Some(0), "{}", String::from_utf8_lossy(&dry.stderr));
    assert!(out(&dry).contains("IssueProcess.ThirdPartyIdControl: false -> true  (weaker)\n    A third party"), "{}", out(&dry));
    assert!(out(&dry).contains("would be written"));
    assert_eq!(fs::read_to_string(&path).unwrap(), SHIPPED);

    let set = station(folder.path(), &["set", "IssueProcess.ThirdPartyIdControl=true", "MASTER.toml", "--json"]);
    let answer: serde_json::Value = serde_json::from_slice(&set.stdout).unwrap();
    assert_eq!((&answer["ok"], &answer["written"]), (&true.into(), &true.into()));
    assert_eq!(answer["changes"][0]["direction"], "weaker");
    assert_eq!(fs::read_to_string(&path).unwrap(), SHIPPED.replace("ThirdPartyIdControl = false", "ThirdPartyIdControl = true"));

    fs::write(folder.path().join("old-MASTER.toml"), SHIPPED).unwrap();
    let diff = station(folder.path(), &["diff", "MASTER.toml", "old-MASTER.toml"]);
    assert!(out(&diff).contains("IssueProcess.ThirdPartyIdControl: true -> false  (stricter)"), "{}", out(&diff));
    let same = station(folder.path(), &["diff", "MASTER.toml", "MASTER.toml"]);
    assert_eq!((same.status.code(), out(&same).as_str()), (Some(0), "the same values are in force\n"));

    for (arguments, code, exit) in [
        (["set", "IssueProcess.RequireScanForQualified=false", "MASTER.toml"], "SETTING_FIXED_BY_LAW", 1),
        (["set", "IssueProcess.MaxScanAttempts=0", "MASTER.toml"], "CONFIG_INVALID", 2),
        (["set", "Common.LraMode=Mixd", "MASTER.toml"], "CONFIG_INVALID", 2),
        (["set", "IssueProcess", "MASTER.toml"], "SETTING_NOT_AN_ASSIGNMENT", 2),
        (["set", "Common.CompanyName=B", "absent.toml"], "CONFIG_MISSING", 2),
    ] {
        let before = fs::read(&path).unwrap();
        let refused = station(folder.path(), &arguments);
        let told = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(exit), "{arguments:?}: {told}");
        assert!(told.contains(code), "{told}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[test]
fn the_file_in_force_must_fit_to_the_others() {
    let (folder, path) = file(SHIPPED);
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    fs::create_dir_all(folder.path().join("config/terms")).unwrap();
    fs::copy(shipped.join("documents.toml"), folder.path().join("config/documents.toml")).unwrap();
    for text in fs::read_dir(shipped.join("terms")).unwrap().flatten() {
        fs::copy(text.path(), folder.path().join("config/terms").join(text.file_name())).unwrap();
    }
    let local = folder.path().join("config/LOCAL.toml");
    fs::write(&local, "Training = false\n").unwrap();
    fs::write(&path, SHIPPED.replace("LraMode = \"Mixed\"", "LraMode = \"Local\"")).unwrap();
    // Qualified certificates outside training need an archive: told before anything is written.
    let refused = station(folder.path(), &["set", "Common.LraMode=Mixed"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("[Delivery] names no archive"));
    // The key says which file is meant.
    let set = station(folder.path(), &["set", "Training=true", "Scanner.Dpi=400"]);
    assert_eq!(set.status.code(), Some(0), "{}", String::from_utf8_lossy(&set.stderr));
    assert_eq!(fs::read_to_string(&local).unwrap(), "Training = true\n\n[Scanner]\nDpi = 400\n");
    assert_eq!(station(folder.path(), &["set", "Common.LraMode=Mixed"]).status.code(), Some(0));
    assert_eq!(fs::read_to_string(&path).unwrap(), SHIPPED);
}
