//! Step 4: the scan, its progress, and the operator's judgement.

use std::{rc::Rc, sync::Arc};

use bam_station_ui::{OperatorWindow, ScanCheck, ScanPhase, Tone};
use image::RgbImage;
use slint::{ComponentHandle as _, Image, Rgb8Pixel, SharedPixelBuffer};

use super::{
    Desk, Shell, pen,
    shell::on,
    words::{fill, filled, finding},
};
use crate::{
    control::{Command, Identification, Step, scan::Judgement},
    imaging::upright::Turn,
    rules::Pose,
    station::worker::Request,
};

pub(super) fn connect(shell: &Rc<Shell>) {
    let check = shell.operator.global::<ScanCheck>();
    on!(shell, check, on_resized, |here| {
        decode(&here);
        here.present();
    });
    on!(shell, check, on_scan, |here| {
        here.desk(|desk| desk.scanned = 0.0);
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
    check.set_phase(match taken {
        _ if desk.scanning() => ScanPhase::Scanning,
        Some(_) => ScanPhase::Judge,
        None => ScanPhase::Ready,
    });
    let pose = match control.identification() {
        Some((Identification::Document(document), _)) => {
            desk.configuration.document_kind(&document.kind).map_or(Pose::Lying, |kind| kind.pose)
        }
        _ => Pose::Lying,
    };
    check.set_upright_pose(pose == Pose::Upright);
    let part = desk.scanned;
    check.set_progress(if part > 0.0 { part } else { -1.0 });
    check.set_progress_text(filled(language, "scan.progress", &[&format!("{:.0}", part * 100.0)]));
    if let Some(picture) = &desk.scan_picture {
        check.set_picture(picture.shown.clone());
    }
    let facts = taken.map(|scan| {
        let turned = filled(language, "scan.turned", &[&scan.upright.turn.degrees().to_string()]);
        let size = format!("{} × {} px, {} dpi", scan.upright.width, scan.upright.height, scan.dpi);
        vec![finding(turned, Tone::Neutral), finding(size, Tone::Neutral)]
    });
    fill(&check.get_quality(), facts.unwrap_or_default(), |rows| check.set_quality(rows));
    let most = u32::from(control.opening().rules.issue_process.max_scan_attempts);
    let attempt = control.scan().attempts() + u32::from(taken.is_none());
    check.set_attempts(filled(language, "attempt.of", &[&attempt.to_string(), &most.to_string()]));
    check.set_last_attempt(attempt >= most);
    check.set_can_scan(!desk.busy());
    check.set_can_judge(taken.is_some() && !desk.busy());
    if let Some(strokes) = desk.snapshot.strokes.as_deref() {
        check.set_signature_commands(pen::commands(strokes).into());
        check.set_signature_width(pen::pixels(strokes.width));
        check.set_signature_height(pen::pixels(strokes.height));
    } else {
        check.set_signature_commands("".into());
    }
}

/// The largest place for a scan beside other things, pixels: the side panel of a full-HD screen.
const BESIDE: (u32, u32) = (480, 640);

/// The upright scan as a picture: whole, and in the pixels in which it is shown.
pub struct ScanPicture {
    jpeg: Arc<[u8]>,
    whole: RgbImage,
    room: (u32, u32),
    shown: Image,
}

/// Makes the picture of the upright scan for the room that it has on the screen. The file is decoded once.
pub(super) fn decode(shell: &Shell) {
    let check = shell.operator.global::<ScanCheck>();
    let room = (pixels(check.get_room_width()), pixels(check.get_room_height()));
    shell.desk(|desk| {
        let Some(jpeg) = desk.snapshot.scan.clone() else { return };
        match &mut desk.scan_picture {
            Some(known) if Arc::ptr_eq(&known.jpeg, &jpeg) => {
                if known.room != room {
                    known.room = room;
                    known.shown = shown(&known.whole, room);
                }
            }
            other => {
                let Ok(decoded) = image::load_from_memory_with_format(&jpeg, image::ImageFormat::Jpeg) else { return };
                let whole = decoded.into_rgb8();
                let shown = shown(&whole, room);
                *other = Some(ScanPicture { jpeg, whole, room, shown });
            }
        }
    });
}

/// A kept scan as a picture for a smaller place beside other things.
pub(super) fn picture(jpeg: &[u8]) -> Option<Image> {
    let decoded = image::load_from_memory_with_format(jpeg, image::ImageFormat::Jpeg).ok()?;
    Some(shown(&decoded.into_rgb8(), BESIDE))
}

/// The scan as large as the room allows, at most as large as it was scanned. Averaged pixels keep thin lines whole.
fn shown(whole: &RgbImage, room: (u32, u32)) -> Image {
    let (width, height) = whole.dimensions();
    let part = |side: u32, room: u32| f64::from(room.max(64)) / f64::from(side.max(1));
    let scale = part(width, room.0).min(part(height, room.1)).min(1.0);
    let rgb = image::imageops::thumbnail(whole, scaled(width, scale), scaled(height, scale));
    Image::from_rgb8(SharedPixelBuffer::<Rgb8Pixel>::clone_from_slice(rgb.as_raw(), rgb.width(), rgb.height()))
}

/// A side of a picture made smaller, in whole pixels.
fn scaled(side: u32, scale: f64) -> u32 {
    // `scale` is at most 1.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = (f64::from(side) * scale) as u32;
    whole.max(1)
}

/// A length on the screen in whole pixels.
fn pixels(length: f32) -> u32 {
    // Between 0 and the longest screen.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = length.clamp(0.0, 16_000.0) as u32;
    whole
}
