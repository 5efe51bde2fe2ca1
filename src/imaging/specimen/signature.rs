//! The holder's signature on the specimen documents.

use super::canvas::{Canvas, Colour, line};
use crate::control::signature::Strokes;

/// How far the letters lean and sway in the document, compared with the strokes: nobody signs twice alike, and an
/// operator in training should have to look.
const LEAN: f32 = 0.07;
const SWAY: f32 = 0.006;

/// The strokes of an example, which are part of the program; the tests see to it that they can be read.
pub fn of_example(json: &str) -> Strokes {
    serde_json::from_str(json).unwrap_or_default()
}

/// Signs as large as `area` (left, top, width, height) allows.
pub fn draw(canvas: &mut Canvas, area: (f32, f32, f32, f32), signature: &Strokes, ink: Colour) {
    // Micrometres of a pad become millimetres; a field is far smaller than the 16 metres that a float still counts in micrometres.
    let millimetres = |length: u32| f32::from(u16::try_from(length / 10).unwrap_or(u16::MAX)) / 100.0;
    let strokes: Vec<Vec<(f32, f32)>> = signature
        .strokes
        .iter()
        .map(|stroke| stroke.iter().map(|point| (millimetres(point.x), millimetres(point.y))).collect())
        .collect();
    let all = || strokes.iter().flatten().copied();
    let least = |of: fn((f32, f32)) -> f32| all().map(of).fold(f32::INFINITY, f32::min);
    let most = |of: fn((f32, f32)) -> f32| all().map(of).fold(f32::NEG_INFINITY, f32::max);
    let (left, top) = (least(|point| point.0), least(|point| point.1));
    let (width, height) = (most(|point| point.0) - left, most(|point| point.1) - top);
    if !(width > 0.0 && height > 0.0) {
        return;
    }
    let scale = (area.2 / width).min(area.3 / height);
    for stroke in &strokes {
        let points = stroke.iter().map(|(x, y)| {
            let (across, down) = ((x - left) / width, (y - top) / height);
            let lean = (0.5 - down) * LEAN * height;
            let sway = SWAY * ((across * 5.0).sin() * height * 3.0 + (across * 17.0).cos() * height);
            (area.0 + (across * width + lean) * scale, area.1 + (down * height + sway) * scale)
        });
        canvas.stroke(line(points), 0.28, ink);
    }
}
