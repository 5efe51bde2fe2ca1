//! Security print: fine lines that no copier holds.

use std::f32::consts::TAU;

use super::canvas::{Canvas, Ink, line, steps};

/// A band of waves across the page that run through each other.
pub struct Waves {
    /// Left and right end in millimetres.
    pub from_to: (f32, f32),
    /// Height of the middle in millimetres.
    pub middle: f32,
    /// Lines.
    pub lines: u16,
    /// Distance between the lines' own middles in millimetres.
    pub distance: f32,
    /// Height of a wave in millimetres.
    pub height: f32,
    /// Length of a wave in millimetres.
    pub length: f32,
    /// How far each line is shifted along, in wave lengths.
    pub shift: f32,
}

/// Draws a band of waves.
pub fn waves(canvas: &mut Canvas, waves: &Waves, width: f32, ink: &Ink) {
    let (left, right) = waves.from_to;
    for number in 0..waves.lines {
        let own = f32::from(number) - f32::from(waves.lines - 1) / 2.0;
        let points = steps(320).map(|part| {
            let x = left + (right - left) * part;
            let phase = (x / waves.length + own * waves.shift) * TAU;
            let swell = 0.62 + 0.38 * (part * TAU * 1.5 + own * 0.11).sin();
            (x, waves.middle + own * waves.distance + waves.height * swell * (phase.sin() + 0.28 * (phase * 2.0 + own).sin()))
        });
        canvas.stroke(line(points), width, ink.clone());
    }
}

/// Draws a rosette: `rings` closed lines with `petals` petals that pass through each other.
pub fn rosette(canvas: &mut Canvas, middle: (f32, f32), radius: f32, petals: u16, rings: u16, width: f32, ink: &Ink) {
    for ring in steps(rings) {
        let reach = radius * (0.34 + 0.66 * ring);
        let depth = 0.16 + 0.1 * (ring * TAU * 0.75).cos();
        let points = steps(720).map(|part| {
            let angle = part * TAU;
            let petal = (angle * f32::from(petals) + ring * TAU * 0.5).sin();
            let fine = (angle * f32::from(petals) * 2.0 - ring * TAU).cos();
            let distance = reach * (1.0 - depth + depth * petal + 0.035 * fine);
            (middle.0 + distance * angle.cos(), middle.1 + distance * angle.sin())
        });
        canvas.stroke(line(points), width, ink.clone());
    }
}
