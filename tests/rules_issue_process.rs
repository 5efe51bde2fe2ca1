//! The organisation's flags: set by name, checked, listed.

use bam_station::rules::IssueProcess;
use bam_station::rules::issue_process::{FLAGS, Flag, FlagError};
use proptest::prelude::*;

#[test]
fn the_list_of_flags_is_the_configuration() {
    let serde_json::Value::Object(written) = serde_json::to_value(IssueProcess::default()).unwrap() else {
        panic!("flags are a table");
    };
    let mut names: Vec<&str> = FLAGS.iter().map(|flag| flag.name).collect();
    names.sort_unstable();
    let mut keys: Vec<&str> = written.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(names, keys);
    for flag in &FLAGS {
        assert_eq!(flag.default_value(), written[flag.name].to_string());
        assert!(!flag.meaning.is_empty());
    }
}

/// Each flag reaches its own field and no other.
#[test]
fn setting_a_flag_changes_that_flag_alone() {
    for flag in &FLAGS {
        let other = match flag.default_value().as_str() {
            "true" => "false",
            "false" => "true",
            _ => "7",
        };
        let mut flags = IssueProcess::default();
        flags.set(flag.name, other).unwrap();
        for (each, value) in flags.values() {
            let expected = if each.name == flag.name { other.to_owned() } else { each.default_value() };
            assert_eq!(value, expected, "{} after setting {}", each.name, flag.name);
        }
        assert_eq!(serde_json::to_value(&flags).unwrap()[flag.name].to_string(), other);
    }
}

#[test]
fn limits_lie_between_one_and_twenty() {
    let mut flags = IssueProcess::default();
    for value in ["1", "20"] {
        flags.set("MaxScanAttempts", value).unwrap();
        flags.validate().unwrap();
    }
    for value in ["0", "21", "256", "-1", "3.0", "", "many", "true", "1 000"] {
        let before = flags.clone();
        assert_eq!(flags.set("MaxScanAttempts", value), Err(FlagError::OutOfRange { flag: "MaxScanAttempts" }), "{value}");
        assert_eq!(flags, before);
    }
    flags.max_signature_attempts = 0;
    assert_eq!(flags.validate(), Err(FlagError::OutOfRange { flag: "MaxSignatureAttempts" }));
    flags.max_signature_attempts = 21;
    assert!(flags.validate().is_err());
}

#[test]
fn switches_are_true_or_false_and_nothing_else() {
    let mut flags = IssueProcess::default();
    for value in ["True", "1", "on", "yes", "", "truefalse", "\"true\""] {
        assert_eq!(
            flags.set("ThirdPartyIdControl", value),
            Err(FlagError::NotTrueOrFalse { flag: "ThirdPartyIdControl" }),
            "{value}"
        );
    }
    assert_eq!(flags, IssueProcess::default());
}

#[test]
fn a_misspelt_flag_gets_its_nearest_name() {
    let nearest = |given: &str| match IssueProcess::default().set(given, "true") {
        Err(FlagError::Unknown { nearest, .. }) => nearest,
        other => panic!("{given}: {other:?}"),
    };
    assert_eq!(nearest("RequireScanForLokal"), Some("RequireScanForLocal"));
    assert_eq!(nearest("requirescanforreplacement"), Some("RequireScanForReplacement"));
    assert_eq!(nearest("ThirdPartyIDControl"), Some("ThirdPartyIdControl"));
    assert_eq!(nearest("Third party ID control"), Some("ThirdPartyIdControl"));
    assert_eq!(nearest("MaxSignatureAttempt"), Some("MaxSignatureAttempts"));
    assert_eq!(nearest("Colour"), None);
    assert_eq!(nearest(""), None);
    let message = IssueProcess::default().set("Colour", "true").unwrap_err().to_string();
    for flag in &FLAGS {
        assert!(message.contains(flag.name), "a name far from all gets the whole list");
    }
}

#[test]
fn an_assignment_is_flag_equals_value() {
    let mut flags = IssueProcess::default();
    flags.assign("ThirdPartyIdControl=true").unwrap();
    flags.assign(" MaxScanAttempts = 2 ").unwrap();
    assert!(flags.third_party_id_control);
    assert_eq!(flags.max_scan_attempts, 2);
    assert!(matches!(flags.assign("ThirdPartyIdControl"), Err(FlagError::NotAnAssignment { .. })));
    assert!(matches!(flags.assign("=true"), Err(FlagError::Unknown { .. })));
    assert!(Flag::named("thirdpartyidcontrol").is_none(), "names are exact");
}

proptest! {
    /// Whatever is typed, the message stays short and on one line, and nothing changes.
    #[test]
    fn nonsense_is_refused_shortly(text in "\\PC{0,200}|[\\x00-\\x1f]{0,200}|A{5000}") {
        let mut flags = IssueProcess::default();
        let error = flags.set(&text, "true").unwrap_err();
        let message = error.to_string();
        prop_assert!(message.chars().count() < 800, "{} characters", message.chars().count());
        prop_assert!(!message.contains(|c: char| c.is_control()));
        prop_assert_eq!(flags, IssueProcess::default());
    }
}
