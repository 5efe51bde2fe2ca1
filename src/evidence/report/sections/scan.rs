//! Section 5: the scanned document, upright and bit for bit.

use super::{Content, Photograph, digest, fitted, given, plain, said, shown_at};
use crate::evidence::report::{
    layout::{Field, Flow},
    style::{BOTTOM, TOP, WIDTH},
    words::{self, Both},
};
use crate::imaging::upright::Turn;

/// Width and height in pixels; exact up to 2^24.
#[allow(clippy::cast_precision_loss)]
pub fn pixels(photograph: &Photograph) -> (f32, f32) {
    (photograph.width as f32, photograph.height as f32)
}

fn turn(turn: Turn) -> Both {
    match turn {
        Turn::None => words::both("Ikke dreid", "Not turned"),
        Turn::Quarter => words::both("Dreid 90° med klokken", "Turned 90° clockwise"),
        Turn::Half => words::both("Dreid 180°", "Turned 180°"),
        Turn::ThreeQuarter => words::both("Dreid 270° med klokken", "Turned 270° clockwise"),
    }
}

/// Lays out the section.
pub fn lay_out(flow: &mut Flow<'_>, content: &Content<'_>) {
    let typeface = flow.typeface();
    let title = words::both("Det skannede dokumentet", "The scanned document");
    let (Some(accepted), Some(photograph)) = (&content.record.scan, &content.scan) else {
        flow.heading("5", &title, 30.0);
        return flow.paragraph(&said(&words::both(
            "Reglene krevde ikke skanning i denne kontrollen.",
            "The rules asked for no scan in this control.",
        )));
    };
    let scan = &accepted.scan;
    let (width, height) = pixels(photograph);
    let point = 72.0 / f32::from(scan.dpi.max(1));
    let (width, height, scale) = fitted(width * point, height * point, [WIDTH, BOTTOM - TOP - 120.0]);
    flow.heading("5", &title, height + 14.0);
    let size = format!("{} × {}", photograph.width, photograph.height);
    let alt = format!("Det skannede dokumentet, oppreist, {size} bildepunkter. The scanned document, upright, {size} pixels.");
    flow.picture(photograph.picture.clone(), width, height, alt);
    let shown = shown_at(scale);
    flow.caption(&words::both(
        format!("{}, {size} bildepunkter, {} dpi", shown.nb, scan.dpi),
        format!("{}, {size} pixels, {} dpi", shown.en, scan.dpi),
    ));
    flow.fields(vec![
        Field::new("Skanner", "Scanner", given(typeface, &scan.device)),
        Field::new("Skannet", "Scanned", plain(words::utc(accepted.taken_at))),
        Field::new("Oppreist", "Made upright", said(&turn(scan.upright.turn))),
        Field::new("Antall forsøk", "Attempts", plain(accepted.attempts)),
        Field::new("Råbildet", "The raw picture", plain(format!("{} × {}, {} dpi", scan.raw_width, scan.raw_height, scan.dpi))),
        Field::new(
            "Operatørens vurdering",
            "The operator's judgement",
            said(&words::both("Skarpt, helt, og dokumentet som ble vist", "Sharp, whole, and the document that was presented")),
        ),
        Field::wide("Råbildet, SHA-256", "The raw picture, SHA-256", digest(&scan.raw)),
        Field::wide("Det oppreiste bildet, SHA-256", "The upright picture, SHA-256", digest(&scan.upright.picture)),
    ]);
    flow.fields(super::examined::fields(typeface, accepted, content.record.layout));
}
