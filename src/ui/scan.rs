//! Step 4: the scan, its progress, and the operator's judgement.

use std::{rc::Rc, sync::Arc};

use bam_station_ui::{OperatorWindow, ScanCheck, ScanPhase, Tone};
use slint::{ComponentHandle as _, Image, Rgb8Pixel, SharedPixelBuffer};

use super::{
    Desk, Shell, pen,
    shell::on,
    words::{filled, finding, list},
};
use crate::{
    control::{Command, Identification, Step, scan::Judgement},
    imaging::upright::Turn,
    rules::Pose,
    station::worker::Request,
};

pub(super) fn connect(shell: &Rc<Shell>) {
    let check = shell.operator.global::<ScanCheck>();
    on!(shell, check, on_scan, |here| {
        here.desk(|desk| {
            desk.fault = None;
            desk.scanning = Some(0.0);
        });
        here.ask_and_present(Request::Scan);
    });
    on!(shell, check, on_cancel, |here| {
        here.cancel_scan();
    });
    on!(shell, check, on_turn_left, |here| {
        here.ask_and_present(Request::Turn(Turn::ThreeQuarter));
    });
    on!(shell, check, on_turn_right, |here| {
        here.ask_and_present(Request::Turn(Turn::Quarter));
    });
    on!(shell, check, on_again, |here| {
        here.ask_and_present(Request::Act(Command::JudgeScan(Judgement::Again { reason: None })));
    });
    on!(shell, check, on_good, |here| {
        here.ask_and_present(Request::Act(Command::JudgeScan(Judgement::Good)));
    });
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let language = desk.operator_language;
    let check = window.global::<ScanCheck>();
    let Some(control) = desk.control().filter(|control| control.step() == Step::Scan) else { return };
    let taken = control.scan().current();
    check.set_phase(match (desk.scanning, taken) {
        (Some(_), _) => ScanPhase::Scanning,
        (None, Some(_)) => ScanPhase::Judge,
        (None, None) => ScanPhase::Ready,
    });
    let pose = match control.identification() {
        Some((Identification::Document(document), _)) => {
            desk.configuration.document_kind(&document.kind).map_or(Pose::Lying, |kind| kind.pose)
        }
        _ => Pose::Lying,
    };
    check.set_upright_pose(pose == Pose::Upright);
    let part = desk.scanning.unwrap_or(0.0);
    check.set_progress(if part > 0.0 { part } else { -1.0 });
    check.set_progress_text(filled(language, "scan.progress", &[&format!("{:.0}", part * 100.0)]));
    if let Some((_, picture)) = &desk.scan_picture {
        check.set_picture(picture.clone());
    }
    let facts = taken.map(|scan| {
        let turned = filled(language, "scan.turned", &[&scan.upright.turn.degrees().to_string()]);
        let size = format!("{} × {} px, {} dpi", scan.upright.width, scan.upright.height, scan.dpi);
        vec![finding(turned, Tone::Neutral), finding(size, Tone::Neutral)]
    });
    check.set_quality(list(facts.unwrap_or_default()));
    let most = u32::from(control.opening().rules.issue_process.max_scan_attempts);
    let attempt = control.scan().attempts() + u32::from(taken.is_none());
    check.set_attempts(filled(language, "attempt.of", &[&attempt.to_string(), &most.to_string()]));
    check.set_last_attempt(attempt >= most);
    check.set_can_scan(!desk.busy);
    check.set_can_judge(taken.is_some() && !desk.busy);
    if let Some(strokes) = desk.snapshot.strokes.as_deref() {
        check.set_signature_commands(pen::commands(strokes).into());
        check.set_signature_width(pen::pixels(strokes.width));
        check.set_signature_height(pen::pixels(strokes.height));
    } else {
        check.set_signature_commands("".into());
    }
}

/// Longest side of the picture on the screen, pixels.
const LONGEST_SHOWN: u32 = 1400;

/// The upright scan as a picture for the screen; decoded once for each file.
pub(super) fn decode(desk: &mut Desk) {
    let Some(jpeg) = desk.snapshot.scan.clone() else { return };
    if desk.scan_picture.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(known, &jpeg)) {
        return;
    }
    let Ok(decoded) = image::load_from_memory_with_format(&jpeg, image::ImageFormat::Jpeg) else { return };
    // The screen shows it smaller than it was scanned; averaged pixels keep thin lines whole.
    let rgb = decoded.thumbnail(LONGEST_SHOWN, LONGEST_SHOWN).into_rgb8();
    let buffer = SharedPixelBuffer::<Rgb8Pixel>::clone_from_slice(rgb.as_raw(), rgb.width(), rgb.height());
    desk.scan_picture = Some((jpeg, Image::from_rgb8(buffer)));
}
