//! Step 4: the scan, its progress, and the operator's judgement.

use std::{rc::Rc, sync::Arc};

use bam_station_ui::{Contradiction, Drawn, Finding, OperatorPage, OperatorWindow, ScanCheck, ScanPhase, ScanProblem, Tone};
use image::RgbImage;
use slint::{ComponentHandle as _, Image, Rgb8Pixel, SharedPixelBuffer};

use super::{
    Desk, Shell,
    desk::operator_page,
    pen,
    shell::on,
    words::{date, fill, filled, finding, shown_fault, text},
};
use crate::{
    config::Language,
    control::{
        Command, Control, Identification, Now, Refusal, Step,
        scan::{Judgement, ZoneCheck, ZoneRead},
    },
    imaging::{self, upright::Turn},
    rules::{
        Pose,
        cross_check::{Matter, Mismatch},
    },
    station::worker::Request,
};

pub(super) fn connect(shell: &Rc<Shell>) {
    let check = shell.operator.global::<ScanCheck>();
    on!(shell, check, on_resized, |here| {
        decode(&here);
        here.present();
    });
    on!(shell, check, on_scan, |here| {
        here.desk(begin);
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
    on!(shell, check, on_good_although, |here, reason| {
        let reason = reason.into();
        here.ask_and_present(Request::Act(Command::JudgeScan(Judgement::GoodAlthough { reason })));
    });
    on!(shell, check, on_correct, |here| {
        here.ask_and_present(Request::Act(Command::ReopenDocument));
    });
    on!(shell, check, on_good, |here| {
        here.ask_and_present(Request::Act(Command::JudgeScan(Judgement::Good)));
    });
}

/// The scan begins by itself where the operator has said so while the document was being placed.
pub(super) fn follow_up(shell: &Shell) {
    let begins = shell.desk(|desk| {
        let said = desk.scan_follows && !desk.busy();
        if said {
            desk.scan_follows = false;
        }
        let empty = desk.control().is_some_and(|control| control.scan().current().is_none());
        said && empty && operator_page(desk) == OperatorPage::Scan
    });
    if begins {
        shell.desk(begin);
        shell.ask(Request::Scan);
    }
}

/// A scan begins: nothing of one that was not kept is left.
fn begin(desk: &mut Desk) {
    desk.scanned = 0.0;
    if desk.scan_picture.as_ref().is_some_and(ScanPicture::is_not_kept) {
        desk.scan_picture = None;
    }
}

/// The picture can be looked at, and not judged before it is kept.
fn seen_before_kept(desk: &Desk) -> bool {
    desk.scanning() && desk.scan_picture.as_ref().is_some_and(ScanPicture::is_not_kept)
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let language = desk.operator_language;
    let check = window.global::<ScanCheck>();
    let Some(control) = desk.control().filter(|control| control.step() == Step::Scan) else { return };
    let taken = control.scan().current();
    check.set_phase(match taken {
        _ if seen_before_kept(desk) => ScanPhase::Judge,
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
    // After the last row the picture is examined: that takes a moment of unknown length.
    let examining = part >= 1.0;
    check.set_progress(if part > 0.0 && !examining { part } else { -1.0 });
    check.set_progress_text(if examining {
        text(language, "scan.examining")
    } else {
        filled(language, "scan.progress", &[&format!("{:.0}", part * 100.0)])
    });
    if let Some(picture) = &desk.scan_picture {
        check.set_picture(picture.shown.clone());
    }
    let facts = taken.map(|scan| {
        let turned = filled(language, "scan.turned", &[&scan.upright.turn.degrees().to_string()]);
        let size = format!("{} × {} px, {} dpi", scan.upright.width, scan.upright.height, scan.dpi);
        let straightened = scan.upright.crop.map(|crop| {
            let [width, height] = crop.size_um.map(|side| ((side + 500) / 1000).to_string());
            let tenths = (crop.skew_millidegrees.abs() + 50) / 100;
            let sign = if crop.skew_millidegrees < 0 && tenths > 0 { "−" } else { "" };
            let skew = format!("{sign}{},{}", tenths / 10, tenths % 10);
            filled(language, "scan.straightened", &[&skew, &width, &height])
        });
        let facts = [Some(turned), straightened, Some(size.into())];
        facts.into_iter().flatten().map(|fact| finding(fact, Tone::Neutral)).collect::<Vec<_>>()
    });
    show_examined(desk, control, &check);
    let facts = facts.or_else(|| seen_before_kept(desk).then(|| vec![finding(text(language, "scan.examining"), Tone::Neutral)]));
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

/// What the station saw on the picture, and what the operator can do about it.
fn show_examined(desk: &Desk, control: &Control, check: &ScanCheck<'_>) {
    let language = desk.operator_language;
    let seen = control.scan().current().and_then(|scan| scan.examined.as_ref());
    let problems = seen.into_iter().flat_map(|seen| &seen.findings).map(|found| {
        let fault = shown_fault(language, found.code(), &found.to_string(), Tone::Warn);
        ScanProblem { text: fault.cause, remedy: fault.remedy, drawn: drawn(*found) }
    });
    fill(&check.get_problems(), problems.collect(), |rows| check.set_problems(rows));
    let compared = control.scan().zone_check();
    let about = seen.and_then(|seen| about_zone(desk, control, &seen.zone, compared));
    check.set_zone(about.unwrap_or_else(|| finding("", Tone::Neutral)));
    let rows = compared.into_iter().flat_map(|check| &check.mismatches).map(|mismatch| contradiction(language, mismatch));
    fill(&check.get_contradictions(), rows.collect(), |rows| check.set_contradictions(rows));
    let at = jiff::Timestamp::now();
    let now = Now { at, today: at.to_zoned(desk.configuration.zone()).date() };
    let verdict = control.decide(Command::JudgeScan(Judgement::Good), now);
    check.set_needs_reason(verdict == Err(Refusal::ScanReasonNeeded));
    check.set_contradicted(matches!(verdict, Err(Refusal::ZoneDiffers | Refusal::DocumentNotAccepted(_))));
    let can_correct = compared.is_some_and(|check| !check.mismatches.is_empty() || !check.refusals.is_empty());
    check.set_can_correct(can_correct && !desk.busy());
}

/// What is said of the machine readable zone.
fn about_zone(desk: &Desk, control: &Control, zone: &ZoneRead, compared: Option<&ZoneCheck>) -> Option<Finding> {
    let language = desk.operator_language;
    let told = |code: &str, message: &str| shown_fault(language, code, message, Tone::Bad);
    match zone {
        ZoneRead::NotFound => {
            let Some((Identification::Document(check), _)) = control.identification() else { return None };
            let has_zone = desk.configuration.document_kind(&check.kind)?.mrz.is_some();
            has_zone.then(|| finding(text(language, "zone.not-found"), Tone::Warn))
        }
        ZoneRead::Uncertain { why } => {
            let remedy = told(why.code(), &why.to_string()).remedy;
            Some(finding(filled(language, "zone.uncertain", &[&remedy]), Tone::Warn))
        }
        ZoneRead::Certain { .. } => {
            let check = compared?;
            Some(if let Some(why) = check.refusals.first() {
                let cause = told(why.code(), &why.to_string()).cause;
                finding(filled(language, "zone.refused", &[&cause]), Tone::Bad)
            } else if check.mismatches.is_empty() && check.name_cut {
                finding(text(language, "zone.agrees-cut"), Tone::Info)
            } else if check.mismatches.is_empty() {
                finding(text(language, "zone.agrees"), Tone::Good)
            } else if check.differs_in_names_alone() {
                finding(text(language, "zone.differs-name"), Tone::Warn)
            } else {
                finding(text(language, "zone.differs"), Tone::Bad)
            })
        }
    }
}

/// Both values of what differs, dates as the office writes them.
fn contradiction(language: Language, mismatch: &Mismatch) -> Contradiction {
    let name = serde_json::to_value(mismatch.matter).ok();
    let name = name.as_ref().and_then(|name| name.as_str()).unwrap_or_default();
    let is_date = matches!(mismatch.matter, Matter::BirthDate | Matter::Expiry | Matter::RegisteredBirthDate);
    let typed = mismatch.typed.parse().map_or_else(|_| mismatch.typed.clone(), date);
    let zone = match (mismatch.zone.get(..2), mismatch.zone.get(2..4), mismatch.zone.get(4..6)) {
        (Some(year), Some(month), Some(day)) if is_date => format!("{day}.{month}.{year}"),
        _ => mismatch.zone.clone(),
    };
    Contradiction { matter: text(language, &format!("zone.matter.{name}")), typed: typed.into(), zone: zone.into() }
}

fn drawn(finding: imaging::Finding) -> Drawn {
    match finding {
        imaging::Finding::EmptyGlass => Drawn::EmptyGlass,
        imaging::Finding::TwoDocuments => Drawn::TwoDocuments,
        imaging::Finding::FaceDown => Drawn::FaceDown,
        imaging::Finding::CutEdge => Drawn::CutEdge,
        imaging::Finding::WrongSize => Drawn::WrongSize,
        imaging::Finding::TooDark => Drawn::TooDark,
        imaging::Finding::Glare => Drawn::Glare,
        imaging::Finding::Blurred => Drawn::Blurred,
        imaging::Finding::PoseUncertain => Drawn::PoseUncertain,
    }
}

/// The largest place for a scan beside other things, pixels: the side panel of a full-HD screen.
const BESIDE: (u32, u32) = (480, 640);

/// The upright scan as a picture: whole, and in the pixels in which it is shown.
pub struct ScanPicture {
    /// The file that is kept; `None` while it is not yet.
    jpeg: Option<Arc<[u8]>>,
    whole: RgbImage,
    room: (u32, u32),
    shown: Image,
}

impl ScanPicture {
    /// The picture as it is, before it is kept. It is shown in this room, in pixels.
    pub(super) fn before_kept(whole: RgbImage, room: (u32, u32)) -> Self {
        let shown = shown(&whole, room);
        Self { jpeg: None, whole, room, shown }
    }

    fn is_not_kept(&self) -> bool {
        self.jpeg.is_none()
    }

    /// The whole of it, as it was scanned.
    pub(super) fn whole(&self) -> &RgbImage {
        &self.whole
    }
}

/// The room that the picture has on the screen, in pixels.
pub(super) fn room(window: &OperatorWindow) -> (u32, u32) {
    let check = window.global::<ScanCheck>();
    (pixels(check.get_room_width()), pixels(check.get_room_height()))
}

/// Makes the picture of the upright scan for the room that it has on the screen. The file is decoded once.
pub(super) fn decode(shell: &Shell) {
    let room = room(&shell.operator);
    shell.desk(|desk| {
        if let Some(known) = desk.scan_picture.as_mut().filter(|known| known.is_not_kept() && known.room != room) {
            known.room = room;
            known.shown = shown(&known.whole, room);
        }
        let Some(jpeg) = desk.snapshot.scan.clone() else { return };
        match &mut desk.scan_picture {
            Some(known) if known.jpeg.as_ref().is_some_and(|known| Arc::ptr_eq(known, &jpeg)) => {
                if known.room != room {
                    known.room = room;
                    known.shown = shown(&known.whole, room);
                }
            }
            other => {
                let Ok(decoded) = image::load_from_memory_with_format(&jpeg, image::ImageFormat::Jpeg) else { return };
                let whole = decoded.into_rgb8();
                let shown = shown(&whole, room);
                *other = Some(ScanPicture { jpeg: Some(jpeg), whole, room, shown });
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

/// A length in whole pixels.
pub(super) fn pixels(length: f32) -> u32 {
    // Between 0 and the longest screen.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = length.clamp(0.0, 16_000.0) as u32;
    whole
}
