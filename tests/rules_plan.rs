//! The plan against a table written apart from it: every function, kind, mode, card state and flag.

use std::collections::{BTreeMap, BTreeSet};

use bam_station::rules::{CardState, CertificateKind, Function, IssueProcess, LraMode, Method, Plan, PlanRequest, Refusal, plan};

/// What each control contains. A method with a flag in brackets and a step that names a flag follow the flag.
const CONTROLS: &str = "
new-card         local     | document                                                                          | RequireTermsForLocal | RequireSignatureForLocal | RequireScanForLocal       | never
new-card         qualified | document                                                                          | always               | always                   | always                    | never
replacement-card local     | document third-party[ThirdPartyIdControl] operator[AllowOperatorIdentification]   | never                | never                    | RequireScanForReplacement | never
replacement-card qualified | document third-party[ThirdPartyIdControl] operator[AllowOperatorIdentification]   | never                | never                    | RequireScanForReplacement | ThirdPartyIdControl
renewal          local     | own-card third-party[ThirdPartyIdControl] operator[AllowOperatorIdentification]   | never                | never                    | never                     | never
renewal          qualified | own-card third-party[ThirdPartyIdControl] operator[AllowOperatorIdentification]   | never                | never                    | never                     | ThirdPartyIdControl
pin-unlock       local     | document third-party[ThirdPartyIdControl] operator[AllowOperatorIdentification]   | never                | never                    | never                     | never
pin-unlock       qualified | document third-party[ThirdPartyIdControl] operator[AllowOperatorIdentification]   | never                | never                    | never                     | never
activation-code  local     | document third-party[ThirdPartyIdControl] operator[AllowOperatorIdentification]   | never                | never                    | never                     | never
activation-code  qualified | document third-party[ThirdPartyIdControl] operator[AllowOperatorIdentification]   | never                | never                    | never                     | ThirdPartyIdControl
";

/// What the station's mode shuts out.
const MODES: &str = "
local   local     yes
local   qualified QUALIFIED_NOT_IN_MODE_LOCAL
buypass local     LOCAL_NOT_IN_MODE_BUYPASS
buypass qualified yes
mixed   local     yes
mixed   qualified yes
";

/// What a renewal asks of the card: kind, state, first renewal, renewed before.
const RENEWALS: &str = "
local     valid   yes                 yes
local     expired yes                 yes
local     revoked CERTIFICATE_REVOKED CERTIFICATE_REVOKED
local     unknown CARD_STATE_UNKNOWN  CARD_STATE_UNKNOWN
qualified valid   yes                 RENEWED_BEFORE
qualified expired QUALIFIED_EXPIRED   QUALIFIED_EXPIRED
qualified revoked CERTIFICATE_REVOKED CERTIFICATE_REVOKED
qualified unknown CARD_STATE_UNKNOWN  CARD_STATE_UNKNOWN
";

const SWITCHES: [&str; 6] = [
    "ThirdPartyIdControl",
    "AllowOperatorIdentification",
    "RequireTermsForLocal",
    "RequireSignatureForLocal",
    "RequireScanForLocal",
    "RequireScanForReplacement",
];

/// Which switches are on.
type Choice = BTreeMap<&'static str, bool>;

fn all_choices() -> Vec<(Choice, IssueProcess)> {
    (0..1u32 << SWITCHES.len())
        .map(|bits| {
            let choice: Choice = SWITCHES.iter().enumerate().map(|(i, name)| (*name, bits & (1 << i) != 0)).collect();
            let mut flags = IssueProcess::default();
            for (name, on) in &choice {
                flags.set(name, &on.to_string()).unwrap();
            }
            (choice, flags)
        })
        .collect()
}

fn all_cards() -> Vec<(&'static str, Option<CardState>)> {
    vec![
        ("valid", Some(CardState::Valid)),
        ("expired", Some(CardState::Expired)),
        ("revoked", Some(CardState::Revoked)),
        ("unknown", None),
    ]
}

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.trim().is_empty()).map(|line| line.split_whitespace().collect())
}

/// The tables, looked up by the words of the command line.
struct Tables {
    controls: BTreeMap<(String, String), Vec<String>>,
    modes: BTreeMap<(&'static str, &'static str), &'static str>,
    renewals: BTreeMap<(&'static str, &'static str, bool), &'static str>,
}

impl Tables {
    fn read() -> Self {
        let controls = CONTROLS
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                let cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
                let (function, kind) = cells[0].split_once(' ').unwrap();
                ((function.to_owned(), kind.trim().to_owned()), cells[1..].to_vec())
            })
            .collect();
        let modes = rows(MODES).map(|row| ((row[0], row[1]), row[2])).collect();
        let renewals =
            rows(RENEWALS).flat_map(|row| [((row[0], row[1], false), row[2]), ((row[0], row[1], true), row[3])]).collect();
        Self { controls, modes, renewals }
    }

    /// The refusal's code, if any.
    fn refusal(&self, function: &str, kind: &str, mode: &str, card: &str, renewed: bool) -> Option<&str> {
        let by_mode = self.modes[&(mode, kind)];
        let by_card = if function == "renewal" { self.renewals[&(kind, card, renewed)] } else { "yes" };
        [by_mode, by_card].into_iter().find(|answer| *answer != "yes")
    }

    /// Methods, terms, signature, scan, comparison.
    fn control(&self, function: &str, kind: &str, choice: &Choice) -> (Vec<String>, [bool; 4]) {
        let row = &self.controls[&(function.to_owned(), kind.to_owned())];
        let step = |cell: &str| match cell {
            "always" => true,
            "never" => false,
            flag => choice[flag],
        };
        let methods = row[0]
            .split_whitespace()
            .filter_map(|word| match word.split_once('[') {
                None => Some(word.to_owned()),
                Some((method, flag)) => step(flag.trim_end_matches(']')).then(|| method.to_owned()),
            })
            .collect();
        (methods, [step(&row[1]), step(&row[2]), step(&row[3]), step(&row[4])])
    }
}

fn ask(
    function: Function,
    certificate: CertificateKind,
    mode: LraMode,
    flags: &IssueProcess,
    card: Option<CardState>,
    renewed_before: bool,
) -> Result<Plan, Refusal> {
    plan(&PlanRequest { function, certificate, mode, flags, card, qualified_on_card: None, renewed_before })
}

#[test]
fn every_request_gets_what_the_table_says() {
    let tables = Tables::read();
    assert_eq!((tables.controls.len(), tables.modes.len(), tables.renewals.len()), (10, 6, 16));
    let choices = all_choices();
    let (mut allowed, mut refused) = (0, 0);
    for function in Function::ALL {
        for kind in CertificateKind::ALL {
            for mode in LraMode::ALL {
                for (card_word, card) in all_cards() {
                    for renewed in [false, true] {
                        for (choice, flags) in &choices {
                            let asked = format!("{function:?} {kind:?} {mode:?} {card:?} renewed={renewed} {choice:?}");
                            let answer = ask(function, kind, mode, flags, card, renewed);
                            match tables.refusal(function.name(), kind.name(), mode.name(), card_word, renewed) {
                                Some(code) => {
                                    assert_eq!(answer.expect_err(&asked).code(), code, "{asked}");
                                    refused += 1;
                                }
                                None => {
                                    let plan = answer.expect(&asked);
                                    let (methods, steps) = tables.control(function.name(), kind.name(), choice);
                                    let names: Vec<&str> = plan.methods.iter().map(|m| m.name()).collect();
                                    assert_eq!(names, methods, "{asked}");
                                    let found = [plan.terms, plan.signature, plan.scan, plan.compare_previous_scan];
                                    assert_eq!(found, steps, "{asked}");
                                    allowed += 1;
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(allowed + refused, 5 * 2 * 3 * 4 * 2 * 64);
    // Four kind-and-mode pairs are open: 8 card situations for four functions; for renewals 4 (local) and 1 (qualified).
    assert_eq!(allowed, 64 * (4 * 4 * 8 + 2 * 4 + 2));
}

/// The laws of the house, said once more without the table: no flag, mode or card opens them.
#[test]
fn no_choice_of_the_organisation_relaxes_the_law() {
    for (_, flags) in all_choices() {
        for mode in LraMode::ALL {
            for (_, card) in all_cards() {
                for kind in CertificateKind::ALL {
                    if let Ok(plan) = ask(Function::NewCard, kind, mode, &flags, card, false) {
                        assert_eq!(plan.methods, [Method::Document], "nobody vouches at first issuance");
                        if kind == CertificateKind::Qualified {
                            assert!(plan.terms && plan.signature && plan.scan);
                        }
                    }
                    if let Ok(plan) = ask(Function::Renewal, kind, mode, &flags, card, true) {
                        assert_eq!(kind, CertificateKind::Local, "qualified certificates are renewed once");
                        assert_ne!(card, Some(CardState::Revoked));
                        assert!(plan.allows(Method::OwnCard) && !plan.allows(Method::Document));
                    }
                }
            }
        }
    }
}

#[test]
fn the_strict_defaults_let_nobody_vouch() {
    for function in Function::ALL {
        for kind in CertificateKind::ALL {
            let flags = IssueProcess::default();
            let plan = ask(function, kind, LraMode::default(), &flags, Some(CardState::Valid), false).unwrap();
            assert_eq!(plan.methods.len(), 1, "{function:?} {kind:?}");
            assert!(!plan.compare_previous_scan);
        }
    }
}

/// A reason names its source, and the same request gives the same reasons.
#[test]
fn reasons_carry_sources_and_are_stable() {
    for (_, flags) in all_choices() {
        for function in Function::ALL {
            for kind in CertificateKind::ALL {
                let again = || ask(function, kind, LraMode::Mixed, &flags, Some(CardState::Valid), false).unwrap();
                let plan = again();
                assert_eq!(plan, again());
                assert!(!plan.because.is_empty());
                let different: BTreeSet<&String> = plan.because.iter().flat_map(|reason| [&reason.nb, &reason.en]).collect();
                assert_eq!(different.len(), 2 * plan.because.len(), "no reason is given twice, each in two languages");
                for reason in plan.because.iter().flat_map(|reason| [&reason.nb, &reason.en]) {
                    let sourced =
                        reason.contains("(BAM Identitetskontroll, ") || reason.contains("(MASTER.toml, [IssueProcess] ");
                    assert!(sourced && reason.ends_with(")."), "no source: {reason}");
                    assert!(!reason.contains("  "), "broken line: {reason}");
                }
            }
        }
    }
}

/// Bokmål and English name the same source, each in its own words.
#[test]
fn every_reason_is_said_in_both_languages() {
    let source = |text: &str| text[text.rfind('(').unwrap()..].replace("punkt ", "item ").replace(" og ", " and ");
    let words = |text: &str| text[..text.rfind('(').unwrap()].trim().to_owned();
    for (_, flags) in all_choices() {
        for function in Function::ALL {
            for kind in CertificateKind::ALL {
                for reason in ask(function, kind, LraMode::Mixed, &flags, Some(CardState::Valid), false).unwrap().because {
                    assert!(words(&reason.nb).len() > 20 && words(&reason.en).len() > 20, "{reason:?}");
                    assert_ne!(words(&reason.nb), words(&reason.en), "not translated");
                    assert_eq!(source(&reason.nb), source(&reason.en).replace("items ", "item "), "{reason:?}");
                }
            }
        }
    }
}

/// The reasons name exactly the flags that matter: turning any other flag changes neither the plan nor the reasons.
#[test]
fn reasons_name_exactly_the_flags_that_matter() {
    for (choice, flags) in all_choices() {
        for function in Function::ALL {
            for kind in CertificateKind::ALL {
                let at =
                    |flags: &IssueProcess| ask(function, kind, LraMode::Mixed, flags, Some(CardState::Valid), false).unwrap();
                let before = at(&flags);
                for switch in SWITCHES {
                    let mut turned = flags.clone();
                    turned.set(switch, &(!choice[switch]).to_string()).unwrap();
                    let after = at(&turned);
                    let setting = format!("{switch} = {}", choice[switch]);
                    let named = before.because.iter().any(|reason| reason.en.contains(&setting));
                    assert_eq!(named, before.because.iter().any(|reason| reason.nb.contains(&setting)), "both languages name it");
                    let without_reasons = |plan: &Plan| Plan { because: Vec::new(), ..plan.clone() };
                    assert_eq!(named, without_reasons(&before) != without_reasons(&after), "{switch} {function:?} {kind:?}");
                    assert_eq!(named, before.because != after.because, "{switch} {function:?} {kind:?}");
                }
            }
        }
    }
}

#[test]
fn a_refused_renewal_points_to_a_replacement_card() {
    for refusal in Refusal::ALL {
        let says_so = refusal.to_string().contains("replacement card");
        assert_eq!(refusal.points_to_replacement(), says_so, "{refusal}");
        let as_json = serde_json::to_value(refusal).unwrap();
        assert_eq!(as_json, refusal.code(), "one name everywhere");
        assert!(!refusal.source().is_empty());
    }
    assert!(!Refusal::QualifiedNotInModeLocal.points_to_replacement());
    assert!(Refusal::RenewedBefore.points_to_replacement());
}
