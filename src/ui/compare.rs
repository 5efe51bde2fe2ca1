//! After the scan: the holder's signature beside the one in the document, at one scale. Facts are shown, never a verdict.

use std::{rc::Rc, sync::Arc};

use bam_station_ui::{Comparison, OperatorWindow};
use image::RgbImage;
use slint::{ComponentHandle as _, Image, Rgb8Pixel, SharedPixelBuffer};

use super::{
    Desk, Shell,
    shell::on,
    signature,
    words::{fill, filled, text},
};
use crate::{
    control::{
        Identification, Step,
        signature::{PenPoint, Strokes},
    },
    imaging::ink,
};

/// Room around the ink, micrometres.
const MARGIN: u32 = 2_000;

/// As wide people sign a document, millimetres: ink from a large screen is shown so when the operator wants it fitted.
const SIGNED_WIDTH: f32 = 28.0;

/// Units of the path in a millimetre.
const UNITS: f32 = 100.0;

/// The part of the scan that is compared.
pub struct Compared {
    jpeg: Arc<[u8]>,
    whole: bool,
    picture: Image,
    size_mm: (f32, f32),
}

pub(super) fn connect(shell: &Rc<Shell>) {
    let compare = shell.operator.global::<Comparison>();
    on!(shell, compare, on_show_whole, |here, whole| {
        here.operator.global::<Comparison>().set_whole(whole);
        decode(&here);
        here.present();
    });
    on!(shell, compare, on_fit_ink, |here, fitted| {
        here.operator.global::<Comparison>().set_fitted(fitted);
        here.present();
    });
    on!(shell, compare, on_replay, |here| {
        here.desk(|desk| desk.replay = Some(0));
        here.present();
    });
    on!(shell, compare, on_adjusted, |here| {
        here.present();
    });
    on!(shell, compare, on_tick, |here| {
        here.desk(signature::tick);
        here.desk(|desk| show(desk, &here.operator));
    });
}

/// Cuts the part out of the decoded scan, once for each picture and part.
pub(super) fn decode(shell: &Shell) {
    let wanted = shell.operator.global::<Comparison>().get_whole();
    shell.desk(|desk| {
        let Some(jpeg) = desk.snapshot.scan.clone() else { return };
        if desk.compared.as_ref().is_some_and(|known| Arc::ptr_eq(&known.jpeg, &jpeg) && known.whole == wanted) {
            return;
        }
        let area = if wanted { None } else { signed_at(desk) };
        let compared = desk.scan_picture.as_ref().zip(desk.control().and_then(|control| control.scan().current()));
        desk.compared = compared.map(|(scan, taken)| {
            let dots = f32::from(taken.dpi.max(1)) / 25.4;
            let part = cut(scan.whole(), area, dots);
            let size = (ink::micrometres(part.width()) / dots, ink::micrometres(part.height()) / dots);
            let pixels = SharedPixelBuffer::<Rgb8Pixel>::clone_from_slice(part.as_raw(), part.width(), part.height());
            Compared { jpeg, whole: wanted, picture: Image::from_rgb8(pixels), size_mm: size }
        });
    });
}

/// Where documents of this kind are signed, as long as the picture is the upright document alone.
fn signed_at(desk: &Desk) -> Option<[f32; 4]> {
    let control = desk.control()?;
    control.scan().current()?.upright.crop?;
    let Some((Identification::Document(check), _)) = control.identification() else { return None };
    desk.configuration.document_kind(&check.kind)?.signature_mm
}

/// A part in millimetres, cut out at this many dots a millimetre; all of it where there is no part.
fn cut(whole: &RgbImage, area: Option<[f32; 4]>, dots: f32) -> RgbImage {
    let Some(area) = area else { return whole.clone() };
    let [left, top, across, down] = area.map(|length| super::scan::pixels(length * dots));
    let (left, top) = (left.min(whole.width().saturating_sub(1)), top.min(whole.height().saturating_sub(1)));
    let (across, down) = (across.clamp(1, whole.width() - left), down.clamp(1, whole.height() - top));
    image::imageops::crop_imm(whole, left, top, across, down).to_image()
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let compare = window.global::<Comparison>();
    let at_scan = desk.control().is_some_and(|control| control.step() == Step::Scan && control.scan().current().is_some());
    let (Some(compared), Some(strokes), true) = (&desk.compared, desk.snapshot.strokes.as_deref(), at_scan) else {
        compare.set_open(false);
        compare.set_whole(false);
        compare.set_overlay(false);
        compare.set_fitted(false);
        compare.set_zoom(1.0);
        compare.set_turned(0.0);
        compare.set_enlarged(1.0);
        compare.set_moved_x(0.0);
        compare.set_moved_y(0.0);
        compare.set_dragging(false);
        return;
    };
    let millimetres = |length: u32| ink::micrometres(length) / 1000.0;
    // What is replayed stays where it stands in the whole signature.
    let trimmed = strokes.trimmed(MARGIN);
    let shown = desk.replay.map_or_else(|| trimmed.clone(), |at| trimmed.until(at));
    // The operator lays the ink on the document as it fits; side by side both stand as they are.
    let (degrees, enlarged) = if compare.get_overlay() { (compare.get_turned(), compare.get_enlarged()) } else { (0.0, 1.0) };
    let shown = turned(&shown, degrees);
    compare.set_ink(ink::path(&shown, UNITS).into());
    compare.set_ink_width(millimetres(shown.width));
    compare.set_ink_height(millimetres(shown.height));
    compare.set_area(compared.picture.clone());
    compare.set_area_width(compared.size_mm.0);
    compare.set_area_height(compared.size_mm.1);
    compare.set_replaying(desk.replay.is_some());
    let factor = if compare.get_fitted() { (SIGNED_WIDTH / millimetres(trimmed.width).max(1.0)).min(1.0) } else { 1.0 };
    let factor = factor * enlarged;
    compare.set_ink_factor(factor);
    let language = desk.operator_language;
    let percent = format!("{:.0}", factor * 100.0);
    let laid = degrees.abs() > f32::EPSILON || (enlarged - 1.0).abs() > f32::EPSILON;
    let scale = if laid {
        filled(language, "compare.laid", &[&percent, &format!("{degrees:.0}")])
    } else if factor < 1.0 {
        filled(language, "compare.scale-fitted", &[&percent])
    } else {
        text(language, "compare.scale")
    };
    let rows = [signature::facts(desk), Some(scale)].into_iter().flatten().collect();
    fill(&compare.get_facts(), rows, |rows| compare.set_facts(rows));
}

/// The strokes turned clockwise about the middle of their field, on a field that is just large enough.
fn turned(strokes: &Strokes, degrees: f32) -> Strokes {
    if degrees == 0.0 {
        return strokes.clone();
    }
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let (width, height) = (ink::micrometres(strokes.width), ink::micrometres(strokes.height));
    let across = width * cosine.abs() + height * sine.abs();
    let down = width * sine.abs() + height * cosine.abs();
    let turn = |point: &PenPoint| {
        let (x, y) = (ink::micrometres(point.x) - width / 2.0, ink::micrometres(point.y) - height / 2.0);
        let (x, y) = (x * cosine - y * sine + across / 2.0, x * sine + y * cosine + down / 2.0);
        PenPoint { x: whole(x), y: whole(y), ..*point }
    };
    Strokes {
        width: whole(across),
        height: whole(down),
        strokes: strokes.strokes.iter().map(|stroke| stroke.iter().map(turn).collect()).collect(),
    }
}

/// A length in micrometres as a whole number of them; 0 for what lies before the field.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the conversion saturates")]
fn whole(micrometres: f32) -> u32 {
    micrometres.round() as u32
}
