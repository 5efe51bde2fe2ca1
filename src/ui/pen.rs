//! The pen on the holder's touch screen: every sample is kept, in micrometres and milliseconds. The ink of a signature pad is
//! shown from here too; there the pad keeps the samples.

use std::{fmt::Write as _, time::Instant};

use crate::{
    control::{Strokes, signature::PenPoint},
    device::pad::Ink,
};

/// Micrometres of one logical pixel (1/96 inch, CSS reference pixel).
pub const MICROMETRES_PER_PIXEL: f32 = 25_400.0 / 96.0;

/// What the pen has written.
#[derive(Debug, Default)]
pub struct Pen {
    strokes: Strokes,
    began: Option<Instant>,
    down: bool,
    commands: String,
}

impl Pen {
    /// The pen touches the field at this time. All measures in logical pixels.
    pub fn down(&mut self, x: f32, y: f32, width: f32, height: f32, now: Instant) {
        self.strokes.width = micrometres(width);
        self.strokes.height = micrometres(height);
        self.strokes.strokes.push(vec![]);
        self.down = true;
        // A dot is seen at once: round caps need a line of no length.
        let _ = write!(self.commands, "M {x:.1} {y:.1} l 0.1 0 ");
        self.sample(x, y, now);
    }

    /// The pen moves. Without a touch before it nothing is written.
    pub fn moved(&mut self, x: f32, y: f32, now: Instant) {
        if !self.down {
            return;
        }
        if self.sample(x, y, now) {
            let _ = write!(self.commands, "L {x:.1} {y:.1} ");
        }
    }

    /// The pen leaves the field.
    pub fn up(&mut self) {
        self.down = false;
    }

    /// Keeps a sample; `false` when it is the last one again (a windowing system may tell a touch twice) or one too many.
    fn sample(&mut self, x: f32, y: f32, now: Instant) -> bool {
        if self.strokes.points() >= Strokes::MOST_POINTS {
            return false;
        }
        let began = *self.began.get_or_insert(now);
        let t = u32::try_from(now.saturating_duration_since(began).as_millis()).unwrap_or(u32::MAX);
        let point = PenPoint { x: micrometres(x), y: micrometres(y), t, p: None };
        let Some(stroke) = self.strokes.strokes.last_mut() else { return false };
        if stroke.last().is_some_and(|last| (last.x, last.y) == (point.x, point.y)) {
            return false;
        }
        stroke.push(point);
        true
    }

    /// A pad is lit, whose field has this size in micrometres.
    pub fn on_pad(&mut self, (width, height): (u32, u32)) {
        *self = Self { strokes: Strokes { width, height, strokes: vec![] }, ..Self::default() };
    }

    /// What the pen does on the pad.
    pub fn ink(&mut self, told: Ink) {
        let point = match told {
            Ink::Cleared => return self.on_pad((self.strokes.width, self.strokes.height)),
            Ink::Down(point) => {
                self.strokes.strokes.push(vec![]);
                let (x, y) = (pixels(point.x), pixels(point.y));
                let _ = write!(self.commands, "M {x:.1} {y:.1} l 0.1 0 ");
                point
            }
            Ink::Move(point) => {
                let (x, y) = (pixels(point.x), pixels(point.y));
                let _ = write!(self.commands, "L {x:.1} {y:.1} ");
                point
            }
        };
        if let Some(stroke) = self.strokes.strokes.last_mut() {
            stroke.push(point);
        }
    }

    /// Clears the field.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What was written.
    pub fn strokes(&self) -> &Strokes {
        &self.strokes
    }

    /// The same as a path in logical pixels of the field.
    pub fn commands(&self) -> &str {
        &self.commands
    }
}

/// Logical pixels as micrometres; outside the field counts as its edge.
fn micrometres(pixels: f32) -> u32 {
    let length = (pixels.max(0.0) * MICROMETRES_PER_PIXEL).min(10_000_000.0).round();
    // The value lies between 0 and ten million.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let length = length as u32;
    length
}

/// A path in logical pixels of the field for strokes that were kept.
pub fn commands(strokes: &Strokes) -> String {
    crate::imaging::ink::path(strokes, 1000.0 / MICROMETRES_PER_PIXEL)
}

/// A length in micrometres as logical pixels.
pub fn pixels(length: u32) -> f32 {
    crate::imaging::ink::micrometres(length) / MICROMETRES_PER_PIXEL
}
