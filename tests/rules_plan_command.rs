//! `bam-station plan`: its options, its JSON, its exit codes.

use bam_station::cli::plan::{PlanArgs, answer};
use bam_station::rules::{IssueProcess, LraMode};
use clap::Parser;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: PlanArgs,
}

struct Said {
    code: u8,
    out: String,
    notes: String,
}

fn plan_as(mode: LraMode, flags: &IssueProcess, line: &str) -> Said {
    let words = std::iter::once("plan").chain(line.split_whitespace());
    let args = Line::try_parse_from(words).unwrap_or_else(|error| panic!("{error}")).args;
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let code = answer(&args, mode, flags, &mut out, &mut notes).unwrap();
    Said { code, out: String::from_utf8(out).unwrap(), notes: String::from_utf8(notes).unwrap() }
}

fn plan(line: &str) -> Said {
    plan_as(LraMode::Mixed, &IssueProcess::default(), line)
}

fn is_wrong_use(line: &str) -> bool {
    Line::try_parse_from(std::iter::once("plan").chain(line.split_whitespace())).is_err()
}

#[test]
fn the_json_has_the_keys_of_the_agreement_in_their_order() {
    let said = plan("--function new-card --certificate qualified --json");
    assert_eq!((said.code, said.notes.as_str()), (0, ""));
    let start = r#"{"allowed":true,"refusal":null,"methods":["document"],"terms":true,"signature":true,"scan":true,"compare_previous_scan":false,"because":["#;
    assert!(said.out.starts_with(start), "{}", said.out);
    assert_eq!(said.out.lines().count(), 1);
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json.as_object().unwrap().len(), 8);
    let because = json["because"].as_array().unwrap();
    assert!(!because.is_empty());
    assert!(because.iter().all(|reason| reason.as_str().unwrap().ends_with(").")), "one English sentence a rule: {because:?}");
    assert!(because[0].as_str().unwrap().starts_with("A new card is a first issuance"), "{because:?}");
}

#[test]
fn a_refusal_has_empty_lists_and_exit_code_one() {
    let said = plan("--function renewal --certificate qualified --card valid --renewed-before --json");
    assert_eq!(said.code, 1);
    assert_eq!(
        said.out,
        "{\"allowed\":false,\"refusal\":\"RENEWED_BEFORE\",\"methods\":[],\"terms\":false,\"signature\":false,\"scan\":false,\"compare_previous_scan\":false,\"because\":[]}\n"
    );
    assert!(said.notes.contains("replacement card"), "people read why on the other stream: {}", said.notes);
}

#[test]
fn flags_come_one_by_one_or_together() {
    let together = plan(
        "--function replacement-card --certificate qualified --set ThirdPartyIdControl=true AllowOperatorIdentification=true --json",
    );
    let one_by_one = plan(
        "--function replacement-card --set ThirdPartyIdControl=true --certificate qualified --set AllowOperatorIdentification=true --json",
    );
    assert_eq!(together.out, one_by_one.out);
    let json: serde_json::Value = serde_json::from_str(&together.out).unwrap();
    assert_eq!(json["methods"], serde_json::json!(["document", "third-party", "operator"]));
    assert_eq!(json["compare_previous_scan"], true);
    let last_wins = plan(
        "--function replacement-card --certificate qualified --set ThirdPartyIdControl=true ThirdPartyIdControl=false --json",
    );
    assert!(last_wins.out.contains(r#""methods":["document"]"#));
}

#[test]
fn the_options_change_the_configuration_for_this_question() {
    let flags = IssueProcess { third_party_id_control: true, ..IssueProcess::default() };
    let line = "--function pin-unlock --certificate local --json";
    assert!(plan_as(LraMode::Mixed, &flags, line).out.contains("third-party"));
    assert!(!plan_as(LraMode::Mixed, &flags, &format!("{line} --set ThirdPartyIdControl=false")).out.contains("third-party"));
    assert_eq!(plan_as(LraMode::Buypass, &flags, line).code, 1);
    assert_eq!(plan_as(LraMode::Buypass, &flags, &format!("{line} --mode mixed")).code, 0);
}

#[test]
fn wrong_use_is_exit_code_two_and_prints_no_answer() {
    for set in ["RequireScanForLokal=true", "RequireScanForLocal=maybe", "MaxScanAttempts=0", "RequireScanForLocal"] {
        let said = plan(&format!("--function new-card --certificate local --json --set {set}"));
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{set}");
        assert!(said.notes.contains("--set"), "{}", said.notes);
    }
    let said = plan("--function new-card --certificate local --set RequireScanForLokal=true");
    assert!(said.notes.contains("did you mean RequireScanForLocal?"));
    assert!(is_wrong_use("--function new-car --certificate local"));
    assert!(is_wrong_use("--function new-card"));
    assert!(is_wrong_use("--function new-card --certificate both"));
    assert!(is_wrong_use("--function renewal --certificate local --card lost"));
    assert!(is_wrong_use("--function renewal --certificate local --mode Local"));
}

#[test]
fn people_read_methods_steps_and_reasons() {
    let said = plan("--function renewal --certificate local --card expired --set ThirdPartyIdControl=true");
    assert_eq!(said.code, 0);
    for part in ["renewal, local certificates", "own-card, third-party", "Because:", "item 3.3"] {
        assert!(said.out.contains(part), "{part} in {}", said.out);
    }
    let refused = plan("--function renewal --certificate local --card revoked");
    assert_eq!(refused.code, 1);
    assert!(refused.out.contains("CERTIFICATE_REVOKED") && refused.out.contains("replacement card"), "{}", refused.out);
}
