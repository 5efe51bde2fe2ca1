//! The scan at the desk: what the machine readable zone contradicts is shown with both values and corrected, and the signatures are
//! compared at one scale.

use bam_station::{
    control::{
        Command,
        scan::{Examined, ZoneRead},
    },
    imaging::{Finding, mrz::Doubt},
    station::worker::Update,
};
use bam_station_ui::{Comparison, DocumentCheck, HolderPage, OperatorPage, ScanCheck};
use slint::{ComponentHandle as _, Model as _};

use crate::{
    desk_by_hand::{AtTheDesk, has},
    support_screens::{enabled, settle},
};

fn scanned(desk: &AtTheDesk) {
    desk.click("op-scan");
    desk.until("the scan can be judged", |desk| desk.operator().global::<ScanCheck>().get_can_judge());
    desk.both_on(OperatorPage::Scan, HolderPage::Wait);
}

#[test]
fn a_typing_error_is_shown_with_both_values_and_corrected_on_the_way_back() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), Some("zone"));
    desk.enroll("Kari Nordmann");
    desk.begin_qualified();
    desk.copy_passport();
    // One character too many: the specimen on the virtual glass has the nine that a passport has.
    let form = desk.operator().global::<DocumentCheck>();
    desk.fill("op-document-number", "3");
    assert_eq!(form.get_number(), "L898902C33");
    desk.tick();
    desk.click("op-accept-document");
    desk.both_on(OperatorPage::Terms, HolderPage::Terms);
    desk.read_terms();
    desk.touch("ho-accept");
    desk.both_on(OperatorPage::Signature, HolderPage::Sign);
    desk.sign();
    desk.touch("ho-sign-done");
    desk.both_on(OperatorPage::Signature, HolderPage::Wait);
    desk.click("op-signature-alike");
    desk.both_on(OperatorPage::Scan, HolderPage::Wait);

    scanned(&desk);
    let check = desk.operator().global::<ScanCheck>();
    let rows: Vec<_> = check.get_contradictions().iter().collect();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].typed.as_str(), rows[0].zone.as_str()), ("L898902C33", "L898902C3"));
    assert!(!enabled(desk.operator(), "op-scan-good"), "what contradicts itself is not good");
    desk.keep("contradiction");

    desk.click("op-correct");
    desk.until("the form is there again", |desk| desk.page() == OperatorPage::Document && form.get_number() == "L898902C33");
    settle();
    assert_eq!((form.get_kind().as_str(), form.get_expires().as_str()), ("passport", "15.04.2033"), "the rest stands");
    desk.keep("retype");
    form.set_number("L898902C3".into());
    desk.click("op-accept-document");
    desk.both_on(OperatorPage::Scan, HolderPage::Wait);
    desk.until("the scan can be judged", |desk| enabled(desk.operator(), "op-scan-good"));
    assert_eq!(check.get_contradictions().row_count(), 0);
    assert_eq!(check.get_zone().text, AtTheDesk::words("zone.agrees"));
    desk.keep("agrees");

    // The signature beside the document's, at one scale, on top of each other, and once more as it was written.
    desk.click("op-compare");
    settle();
    let compare = desk.operator().global::<Comparison>();
    assert!(compare.get_area_width() > 70.0 && compare.get_area_width() < 90.0, "{}", compare.get_area_width());
    assert!(compare.get_ink_width() > 20.0 && !compare.get_ink().is_empty());
    desk.keep("compare");
    assert_eq!(compare.get_ink_factor(), 1.0, "both at their true size");
    desk.click("op-compare-fit");
    settle();
    assert!(compare.get_ink_factor() < 0.5 && compare.get_facts().iter().any(|fact| fact.contains('%')), "and it says so");
    desk.keep("compare-fitted");
    let whole_ink = compare.get_ink().len();
    desk.click("op-compare-replay");
    assert!(compare.get_replaying() && compare.get_ink().len() < whole_ink, "it begins anew");
    desk.until("the replay ends", |_| !compare.get_replaying());
    assert_eq!(compare.get_ink().len(), whole_ink);
    desk.click("op-compare-overlay");
    desk.click("op-compare-larger");
    settle();
    desk.keep("compare-overlay");
    // The operator lays it on the document's: moved, turned, enlarged, and the facts say so.
    let (wide, high) = (compare.get_ink_width(), compare.get_ink_height());
    desk.click("op-compare-left");
    desk.click("op-compare-down");
    desk.click("op-compare-down");
    assert_eq!((compare.get_moved_x(), compare.get_moved_y()), (-0.5, 1.0));
    for _ in 0..3 {
        desk.click("op-compare-turn-right");
    }
    desk.click("op-compare-ink-larger");
    settle();
    assert_eq!(compare.get_turned(), 6.0);
    let (sine, cosine) = 6_f32.to_radians().sin_cos();
    assert!((compare.get_ink_width() - (wide * cosine + high * sine)).abs() < 0.1, "on a field that holds it");
    assert!(compare.get_facts().iter().any(|fact| fact.contains('%') && fact.contains("6°")), "the facts say how it was laid");
    desk.click("op-compare-drag");
    settle();
    desk.keep("compare-laid");
    desk.click("op-compare-lay-anew");
    settle();
    assert_eq!((compare.get_moved_x(), compare.get_turned(), compare.get_enlarged()), (0.0, 0.0, 1.0));
    assert!((compare.get_ink_width() - wide).abs() < 0.01);
    desk.click("op-compare-whole");
    settle();
    assert!(compare.get_area_width() > 120.0, "the whole page");
    desk.keep("compare-whole");
    desk.click("op-compare");

    desk.click("op-scan-good");
    desk.report_is_shown();
    assert!(!has(desk.operator(), "op-compare"));
}

#[test]
fn each_problem_of_a_picture_says_and_shows_what_to_do_and_a_reason_is_asked_for() {
    let data = tempfile::tempdir().unwrap();
    let desk = AtTheDesk::open(data.path(), Some("problems"));
    desk.enroll("Kari Nordmann");
    desk.up_to_the_scan();
    let snapshot = desk.shell.desk(|desk| desk.snapshot.clone());
    let shown = |findings: &[Finding], zone: ZoneRead| {
        let mut snapshot = snapshot.clone();
        let mut control = snapshot.control.take().unwrap();
        let mut taken = crate::support::scan();
        taken.scan.examined = Some(Examined { findings: findings.to_vec(), zone });
        for event in control.decide(Command::TakeScan(Box::new(taken)), crate::support::now(1)).unwrap() {
            control.apply(crate::support::at(1), &event).unwrap();
        }
        snapshot.control = Some(control);
        desk.shell.tell([Update::Snapshot(Box::new(snapshot))]);
        settle();
    };
    let check = desk.operator().global::<ScanCheck>();
    use Finding::{Blurred, CutEdge, EmptyGlass, FaceDown, Glare, PoseUncertain, TooDark, TwoDocuments, WrongSize};
    let mut drawn = std::collections::BTreeSet::new();
    for (name, findings) in [
        ("first", vec![EmptyGlass, TwoDocuments, FaceDown, CutEdge]),
        ("second", vec![WrongSize, TooDark, Glare, Blurred, PoseUncertain]),
    ] {
        shown(&findings, ZoneRead::NotFound);
        let problems: Vec<_> = check.get_problems().iter().collect();
        assert_eq!(problems.len(), findings.len());
        for problem in problems {
            assert!(!problem.text.is_empty() && !problem.remedy.is_empty());
            assert!(drawn.insert(format!("{:?}", problem.drawn)), "drawn twice");
        }
        desk.keep(name);
    }
    desk.click("op-lang-en");
    shown(&[Glare], ZoneRead::Uncertain { why: Doubt::Faint });
    assert!(check.get_zone().text.contains("cannot be read with certainty"), "{}", check.get_zone().text);
    assert!(check.get_needs_reason() && enabled(desk.operator(), "op-scan-good"));
    desk.keep("uncertain");
    desk.click("op-scan-good");
    desk.until("a reason is asked for", |desk| has(desk.operator(), "op-scan-although-note"));
    assert!(!enabled(desk.operator(), "op-scan-although-confirm"), "not without a word");
    desk.fill("op-scan-although-note", "The reflection lies beside the data");
    assert!(enabled(desk.operator(), "op-scan-although-confirm"));
    desk.keep("although");
}
