//! MASTER.toml while an administrator changes it: every key in its tab, every word in every language, and nothing but the asked
//! values different in the file.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use bam_station::{
    config::{
        Direction, Language, difference,
        draft::{Draft, Typing as _, read_as_written},
        edit::{FileKind, propose_master, propose_master_edits},
        explanations::{explained, to_translate, translated},
        law, load_master, local, master,
        schema::Field,
        tabs::{Form, ONLY_LOCAL, ONLY_QUALIFIED, Tab, of_local},
    },
    ui::admin_rows,
};
use bam_station_ui::{SettingKind, keys, text};

use crate::languages::TRANSLATED;

const SHIPPED: &str = include_str!("../MASTER.toml");

fn file(content: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("MASTER.toml");
    fs::write(&path, content).unwrap();
    (folder, path)
}

fn draft(content: &str) -> (tempfile::TempDir, PathBuf, Draft) {
    let (folder, path) = file(content);
    let draft = Draft::new(read_as_written(&path).unwrap());
    (folder, path, draft)
}

#[test]
fn every_key_stands_in_exactly_one_tab() {
    let (_folder, _, draft) = draft(SHIPPED);
    let tabs = |kind| Tab::ALL.into_iter().filter(move |tab| tab.file() == kind);
    let mut shown: Vec<String> = Vec::new();
    for tab in tabs(FileKind::Master) {
        let groups = draft.groups(tab);
        assert!(!groups.is_empty(), "{} is empty", tab.name());
        shown.extend(groups.iter().flat_map(|group| &group.settings).map(|setting| setting.name()));
        assert_eq!(Tab::named(tab.name()), Some(tab));
    }
    let sections = master::SCHEMA.sections.iter();
    let all: Vec<String> = sections.flat_map(|s| s.keys.iter().map(move |key| format!("{}.{}", s.name, key.name))).collect();
    assert_eq!(shown.iter().collect::<BTreeSet<_>>(), all.iter().collect());
    assert_eq!(shown.len(), all.len());

    let values = local::Local::default();
    let here = tabs(FileKind::Local).flat_map(|tab| {
        let groups = of_local(tab, &values);
        assert!(!groups.is_empty(), "{} is empty", tab.name());
        groups
    });
    let shown: Vec<String> = here.flat_map(|group| group.settings).map(|setting| setting.name()).collect();
    assert_eq!(shown.len(), local::SCHEMA.sections.iter().map(|section| section.keys.len()).sum::<usize>());
    assert_eq!(shown.iter().collect::<BTreeSet<_>>().len(), shown.len());
}

#[test]
fn every_explanation_is_there_in_every_language_and_none_outlived_its_text() {
    let wanted: BTreeSet<&str> = to_translate().into_iter().collect();
    let there: BTreeSet<&str> = translated().collect();
    assert_eq!(wanted.difference(&there).collect::<Vec<_>>(), Vec::<&&str>::new(), "not translated");
    assert_eq!(there.difference(&wanted).collect::<Vec<_>>(), Vec::<&&str>::new(), "of no key any longer");
    for text in wanted {
        assert_eq!(explained(Language::EN, text), text);
        for language in [Language::NB, Language::NN] {
            let said = explained(language, text);
            assert!(!said.starts_with('[') || text.starts_with('['), "{language:?}: {said}");
            assert!(text.split(' ').count() < 5 || said != text, "{language:?}: {said} is not translated");
        }
    }
}

#[test]
fn each_switch_says_what_holds_from_now_on() {
    for section in master::SCHEMA.sections {
        for key in section.keys.iter().filter(|key| matches!(key.field, Field::Switch(_))) {
            for state in ["on", "off"] {
                let name = format!("now.{}.{}.{state}", section.name, key.name);
                for language in TRANSLATED.map(Language::code) {
                    assert!(keys(language).any(|known| known == name), "{name} is missing in {language}");
                }
            }
        }
    }
    let (_folder, path, mut draft) =
        draft(&SHIPPED.replace("RequireScanForReplacement = true", "RequireScanForReplacement = false"));
    draft.set("IssueProcess", "RequireScanForReplacement", "true");
    let proposal = propose_master(&path, &draft.assignments(), |_| Ok(())).unwrap();
    let shown = admin_rows::difference(Language::NB, &proposal.changes[0]);
    assert_eq!(shown.meaning, "Fra nå av kreves skanning også for erstatningskort.");
    assert_eq!((shown.before.as_str(), shown.after.as_str(), shown.direction.as_str()), ("av", "på", "Strengere"));
    assert_eq!(proposal.changes[0].direction, Direction::Stricter);
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

/// A value that may stand at a key, and one that is written in the file already.
fn drawn(dice: &mut Dice, form: Form) -> Option<String> {
    Some(match form {
        Form::Switch => (dice.roll(2) == 0).to_string(),
        Form::Choice(words) => words[dice.roll(words.len())].to_owned(),
        Form::Number(min, max) => (usize::from(min) + dice.roll(usize::from(max - min) + 1)).to_string(),
        _ => return None,
    })
}

/// However keys are changed through the screen, in whatever order and however often: the comments, their order and every other line
/// stay, and the file says what was asked.
#[test]
fn ten_thousand_edits_through_the_screen_leave_comments_and_order_untouched() {
    let mut dice = Dice(0x5EED_AD31);
    let (_folder, path, mut draft) = draft(SHIPPED);
    let all: Vec<_> =
        Tab::ALL.into_iter().filter(|tab| tab.file() == FileKind::Master).flat_map(|tab| draft.groups(tab)).collect();
    let settings: Vec<_> =
        all.iter().flat_map(|group| &group.settings).filter(|it| drawn(&mut Dice(1), it.form).is_some()).collect();
    // The lines that are no key of their own: comments, headers, blanks, and the keys that are only shown as comments.
    let rest = |text: &str| -> Vec<String> {
        let is_key = |line: &&str| line.chars().next().is_some_and(|first| first.is_ascii_alphabetic());
        text.lines().filter(|line| !is_key(line)).map(ToOwned::to_owned).collect()
    };
    let untouched = rest(SHIPPED);
    let mut asked: BTreeMap<(&str, &str), String> = BTreeMap::new();
    let mut edits = 0;
    while edits < 10_000 {
        for _ in 0..=dice.roll(12) {
            let setting = settings[dice.roll(settings.len())];
            let value = drawn(&mut dice, setting.form).unwrap();
            draft.set(setting.section, setting.key, &value);
            assert_eq!(draft.shown(setting.section, setting.key), value);
            asked.insert((setting.section, setting.key), value);
            edits += 1;
        }
        assert!(!draft.has_wrong());
        let proposal = propose_master(&path, &draft.assignments(), |_| Ok(())).unwrap();
        assert_eq!(proposal.changes.len(), draft.changes());
        proposal.write().unwrap();
        let now = fs::read_to_string(&path).unwrap();
        // A section that the file had not yet comes with its header and a blank line.
        let mut left = untouched.iter().peekable();
        for line in rest(&now) {
            if left.peek().is_some_and(|wanted| **wanted == line) {
                left.next();
            } else {
                assert!(line.is_empty() || line.starts_with('['), "{line:?} is new in {now}");
            }
        }
        assert_eq!(left.next(), None, "{now}");
        draft.follow(read_as_written(&path).unwrap());
        assert_eq!(draft.changes(), 0, "what is written is no change any longer");
    }
    for ((section, key), value) in asked {
        assert_eq!(draft.shown(section, key), value, "{section}.{key}");
    }
    load_master(&path).unwrap();
}

#[test]
fn what_cannot_be_a_value_is_told_and_not_written() {
    let (_folder, _, mut draft) = draft(SHIPPED);
    for (section, key, wrong, right) in [
        ("Common", "CompanyName", "", "Ny kommune"),
        ("Common", "LraMode", "Both", "Local"),
        ("IssueProcess", "MaxScanAttempts", "21", "20"),
        ("IssueProcess", "MaxScanAttempts", "many", "1"),
        ("Registers", "RetentionYears", "0", "7"),
        ("Delivery", "ArchiveUrl", "http://archive.example.org", "https://archive.example.org/"),
        ("Trust", "LocalPolicies", "local", "1.2.3.4, 1.2.3.5"),
        ("Trust", "Anchors", "[\"a.pem\", ", "[\"a, b.pem\", \"c.pem\"]"),
    ] {
        draft.set(section, key, wrong);
        assert!(draft.is_wrong(section, key) && draft.has_wrong(), "{section}.{key} = {wrong:?}");
        draft.set(section, key, right);
        assert!(!draft.is_wrong(section, key), "{section}.{key} = {right:?}");
    }
    let (_folder, path, mut draft) = self::draft(SHIPPED);
    draft.set("Trust", "Anchors", "[\"a, b.pem\", \"c.pem\"]");
    draft.set("Proxy", "DirectHosts", "a.example, b.example");
    draft.set("Common", "CompanyName", "\"Sitat\" kommune");
    let proposal = propose_master(&path, &draft.assignments(), |_| Ok(())).unwrap();
    proposal.write().unwrap();
    let now = read_as_written(&path).unwrap().value;
    assert_eq!(now.trust.anchors, [PathBuf::from("a, b.pem"), PathBuf::from("c.pem")]);
    assert_eq!(now.common.company_name, "\"Sitat\" kommune");
    // And out of the file again.
    draft.follow(read_as_written(&path).unwrap());
    draft.set("Trust", "Anchors", "");
    propose_master(&path, &draft.assignments(), |_| Ok(())).unwrap().write().unwrap();
    assert!(read_as_written(&path).unwrap().value.trust.anchors.is_empty());
}

#[test]
fn what_the_lra_mode_makes_idle_says_so_at_once() {
    let (_folder, _, mut draft) = draft(SHIPPED);
    let idle = |draft: &Draft, tab, key: &str| {
        let groups = draft.groups(tab);
        groups.iter().flat_map(|group| &group.settings).find(|setting| setting.key == key).unwrap().idle
    };
    assert_eq!(idle(&draft, Tab::IssueProcess, "RequireScanForLocal"), None);
    draft.set("Common", "LraMode", "Buypass");
    assert_eq!(idle(&draft, Tab::IssueProcess, "RequireScanForLocal"), Some(ONLY_QUALIFIED));
    assert_eq!(idle(&draft, Tab::IssueProcess, "RequireScanForReplacement"), None);
    draft.set("Common", "LraMode", "Local");
    assert_eq!(idle(&draft, Tab::IssueProcess, "RequireScanForLocal"), None);
    assert_eq!(idle(&draft, Tab::Delivery, "ArchiveUrl"), Some(ONLY_LOCAL));
    assert_eq!(idle(&draft, Tab::Trust, "QualifiedPolicies"), Some(ONLY_LOCAL));
    draft.undo();
    assert_eq!((draft.changes(), idle(&draft, Tab::Delivery, "ArchiveUrl")), (0, None));
}

#[test]
fn the_rules_show_what_the_law_fixes_as_locked() {
    let (_folder, _, draft) = draft(SHIPPED);
    for language in TRANSLATED {
        let rows = admin_rows::of_master(language, Tab::IssueProcess, &draft);
        let fixed: Vec<_> = rows.iter().filter(|row| row.kind == SettingKind::Fixed).collect();
        assert_eq!(fixed.len(), law::reasons().len());
        assert!(fixed.iter().all(|row| row.on && row.reason == text(language.code(), "admin.law-fixed")));
    }
}

#[test]
fn a_version_before_is_brought_back_with_its_records() {
    let (_folder, path, mut draft) = draft(SHIPPED);
    let schema = &master::SCHEMA;
    let values = |path: &std::path::Path| -> BTreeMap<String, serde_json::Value> {
        let read = read_as_written(path).unwrap().value;
        let of = |section: &'static bam_station::config::schema::Section<master::Master>| {
            let read = read.clone();
            section
                .keys
                .iter()
                .map(move |key| (format!("{}.{}", section.name, key.name), serde_json::json!(key.field.value(&read))))
        };
        let mut all: BTreeMap<_, _> = schema.sections.iter().flat_map(of).collect();
        all.insert("Operator".into(), serde_json::json!([]));
        all
    };
    let before = values(&path);
    draft.set("IssueProcess", "MaxScanAttempts", "9");
    draft.set("Trust", "Anchors", "a.pem, b.pem");
    draft.set("Delivery", "ReceiptKey", "");
    propose_master(&path, &draft.assignments(), |_| Ok(())).unwrap().write().unwrap();
    draft.follow(read_as_written(&path).unwrap());
    draft.back_to(&before);
    propose_master(&path, &draft.assignments(), |_| Ok(())).unwrap().write().unwrap();
    assert_eq!(values(&path), before);
    let written = read_as_written(&path).unwrap();
    assert!(difference::differences(schema, &written.value, &load_from(SHIPPED)).is_empty());

    let mut other = before;
    other.insert(
        "Operator".into(),
        serde_json::json!([{ "Issuer": "CN=X", "Serial": "01", "Roles": ["operator", "auditor"], "Trained": "2026-03-01" }]),
    );
    draft.follow(written);
    draft.back_to(&other);
    propose_master_edits(&path, &draft.edits(), |_| Ok(())).unwrap().write().unwrap();
    let appointed = read_as_written(&path).unwrap().value.roles.appointed;
    assert_eq!(appointed.len(), 1);
    assert_eq!((appointed[0].serial.as_str(), appointed[0].roles.len()), ("01", 2));
    draft.follow(read_as_written(&path).unwrap());
    other.insert("Operator".into(), serde_json::json!([]));
    draft.back_to(&other);
    propose_master_edits(&path, &draft.edits(), |_| Ok(())).unwrap().write().unwrap();
    assert!(read_as_written(&path).unwrap().value.roles.appointed.is_empty());
}

fn load_from(content: &str) -> master::Master {
    let (_folder, path) = file(content);
    read_as_written(&path).unwrap().value
}
