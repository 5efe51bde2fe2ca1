//! Every kind of report reaches B-LTA: whatever the holder comes for, however the holder is identified, in whatever language the
//! terms are.

use std::collections::BTreeMap;

use bam_station::{
    evidence::{
        sign::{Signer as _, UnsignedReport},
        verify::Level,
    },
    rules::{self, CardState, CertificateKind, Function, IssueProcess, LraMode, Method, Plan, PlanRequest},
};

use crate::{
    long_term::{ALGORITHMS, World, keep_for_the_judges},
    report_pages::{DRAWN, SHOWN, of_kind},
};

/// What the holder comes for, for what certificates, and how the holder is identified.
type Kind = (Function, CertificateKind, Method);

/// Every kind of control that the rules allow under any flags, with the fullest plan for it.
fn kinds() -> Vec<(Kind, Plan)> {
    let mut kinds: BTreeMap<String, (Kind, Plan)> = BTreeMap::new();
    let strict = IssueProcess::default();
    let open = IssueProcess { third_party_id_control: true, allow_operator_identification: true, ..strict.clone() };
    for flags in [&strict, &open] {
        for function in Function::ALL {
            for certificate in [CertificateKind::Local, CertificateKind::Qualified] {
                for card in [None, Some(CardState::Valid), Some(CardState::Expired), Some(CardState::Revoked)] {
                    let asked = PlanRequest {
                        function,
                        certificate,
                        mode: LraMode::Mixed,
                        flags,
                        card,
                        qualified_on_card: None,
                        renewed_before: false,
                    };
                    let Ok(plan) = rules::plan(&asked) else { continue };
                    for &method in &plan.methods {
                        let name = format!("{function:?}-{certificate:?}-{method:?}").to_lowercase();
                        kinds.entry(name).or_insert(((function, certificate, method), plan.clone()));
                    }
                }
            }
        }
    }
    kinds.into_values().collect()
}

#[test]
fn every_kind_of_report_reaches_b_lta_with_every_algorithm() {
    let worlds: Vec<World> = ALGORITHMS.into_iter().map(World::new).collect();
    let names: Vec<&str> = DRAWN.into_iter().chain(SHOWN.map(|(name, _)| name)).collect();
    let judged = std::env::var_os("JUDGE_REPORTS").is_some();
    let kinds = kinds();
    for function in Function::ALL {
        assert!(kinds.iter().any(|((of, ..), _)| *of == function), "{function:?}");
    }
    for method in Method::ALL {
        assert!(kinds.iter().any(|((.., by), _)| *by == method), "{method:?}");
    }
    for (number, ((function, certificate, method), plan)) in kinds.iter().enumerate() {
        let language = ["nb", "nn", "en"][number % 3];
        let mut case = of_kind(*function, *certificate, *method, plan, language);
        case.record.person.first_names = names[number % names.len()].into();
        // Each kind once, with one algorithm after the other; the judges see each kind with P-256 and with RSA.
        let chosen: Vec<&World> = match judged {
            true => worlds[..2].iter().chain(worlds[2..].iter().skip(number % 3).take(1)).collect(),
            false => vec![&worlds[number % worlds.len()]],
        };
        for world in chosen {
            case = case.to_be_signed_by(world.signer().identity());
            let report = UnsignedReport::new(case.build().unwrap());
            let archived = world.raised(world.stamped_of(&report)).unwrap().unwrap();
            assert_eq!(archived.level(), Level::BLTA);
            let kind = format!("{function:?}-{certificate:?}-{method:?}-{language}-at-signing").to_lowercase();
            keep_for_the_judges(world, archived.bytes(), &kind);
        }
    }
}
