//! The pen on the holder's touch screen: every sample is kept, in micrometres and milliseconds. The ink of a signature pad is
//! shown from here too; there the pad keeps the samples.

use std::{fmt::Write as _, rc::Rc, time::Instant};

use bam_station_ui::InkPiece;
use slint::{Model as _, ModelRc, VecModel};

use crate::{
    control::{Strokes, signature::PenPoint},
    device::pad::Ink,
};

/// Micrometres of one logical pixel (1/96 inch, CSS reference pixel).
pub const MICROMETRES_PER_PIXEL: f32 = 25_400.0 / 96.0;

/// Samples of one piece of ink. A new sample costs as much as the piece that it ends in, and each piece costs a little at rest.
const PIECE: usize = 48;

/// Room around a piece for what anti-aliasing adds, in pixels of the field.
const ROOM: f32 = 2.0;

/// What the pen has written.
#[derive(Default)]
pub struct Pen {
    strokes: Strokes,
    samples: usize,
    length: u64,
    began: Option<Instant>,
    down: bool,
    commands: String,
    pieces: Rc<VecModel<InkPiece>>,
    /// The places of the last piece, in pixels of the field.
    piece: Vec<(f32, f32)>,
}

impl Pen {
    /// The pen touches the field at this time. All measures in logical pixels.
    pub fn down(&mut self, x: f32, y: f32, width: f32, height: f32, now: Instant) {
        self.strokes.width = micrometres(width);
        self.strokes.height = micrometres(height);
        if self.samples >= Strokes::MOST_POINTS {
            return;
        }
        self.down = true;
        let sample = self.sample(x, y, now);
        self.begin(sample);
        self.begin_ink((x, y));
    }

    /// The pen moves. Without a touch before it nothing is written.
    pub fn moved(&mut self, x: f32, y: f32, now: Instant) {
        if !self.down || self.samples >= Strokes::MOST_POINTS {
            return;
        }
        let sample = self.sample(x, y, now);
        // A windowing system may tell a touch twice.
        if self.last().is_none_or(|last| (last.x, last.y) != (sample.x, sample.y)) {
            self.go_on(sample);
            self.go_on_with_ink((x, y));
        }
    }

    /// The pen leaves the field.
    pub fn up(&mut self) {
        self.down = false;
    }

    /// A place of the touch screen's pen, as it is kept.
    fn sample(&mut self, x: f32, y: f32, now: Instant) -> PenPoint {
        let began = *self.began.get_or_insert(now);
        let t = u32::try_from(now.saturating_duration_since(began).as_millis()).unwrap_or(u32::MAX);
        PenPoint { x: micrometres(x), y: micrometres(y), t, p: None }
    }

    fn last(&self) -> Option<&PenPoint> {
        self.strokes.strokes.last()?.last()
    }

    /// A stroke begins with this sample.
    fn begin(&mut self, sample: PenPoint) {
        self.strokes.strokes.push(vec![sample]);
        self.samples += 1;
    }

    /// The stroke goes on to this sample.
    fn go_on(&mut self, sample: PenPoint) {
        let Some(last) = self.last().copied() else { return };
        self.length += last.distance(&sample);
        if let Some(stroke) = self.strokes.strokes.last_mut() {
            stroke.push(sample);
            self.samples += 1;
        }
    }

    /// A stroke's ink begins here: a piece of its own.
    fn begin_ink(&mut self, at: (f32, f32)) {
        // A dot is seen at once: round caps need a line of no length.
        let _ = write!(self.commands, "M {:.1} {:.1} l 0.1 0 ", at.0, at.1);
        self.piece = vec![at];
        self.pieces.push(piece(&self.piece));
    }

    fn go_on_with_ink(&mut self, at: (f32, f32)) {
        let _ = write!(self.commands, "L {:.1} {:.1} ", at.0, at.1);
        if self.piece.len() < PIECE {
            self.piece.push(at);
            let last = self.pieces.row_count().saturating_sub(1);
            self.pieces.set_row_data(last, piece(&self.piece));
        } else {
            // The next piece goes on where this one ends.
            self.piece = self.piece.last().copied().into_iter().chain([at]).collect();
            self.pieces.push(piece(&self.piece));
        }
    }

    /// A pad is lit, whose field has this size in micrometres.
    pub fn on_pad(&mut self, (width, height): (u32, u32)) {
        self.clear();
        (self.strokes.width, self.strokes.height) = (width, height);
    }

    /// What the pen does on the pad.
    pub fn ink(&mut self, told: Ink) {
        match told {
            Ink::Cleared => self.on_pad((self.strokes.width, self.strokes.height)),
            Ink::Down(point) => {
                self.begin(point);
                self.begin_ink((pixels(point.x), pixels(point.y)));
            }
            Ink::Move(point) => {
                self.go_on(point);
                self.go_on_with_ink((pixels(point.x), pixels(point.y)));
            }
        }
    }

    /// Clears the field.
    pub fn clear(&mut self) {
        let pieces = Rc::clone(&self.pieces);
        pieces.clear();
        *self = Self { pieces, ..Self::default() };
    }

    /// What was written.
    pub fn strokes(&self) -> &Strokes {
        &self.strokes
    }

    /// Length of the ink, micrometres: [`Strokes::ink_length`], kept while it grows.
    pub fn ink_length(&self) -> u64 {
        self.length
    }

    /// The same as a path in logical pixels of the field.
    pub fn commands(&self) -> &str {
        &self.commands
    }

    /// The same as pieces that are drawn one by one. They follow the pen by themselves.
    pub fn pieces(&self) -> ModelRc<InkPiece> {
        ModelRc::from(Rc::clone(&self.pieces))
    }
}

/// The ink between these places of the field.
fn piece(places: &[(f32, f32)]) -> InkPiece {
    let start = (f32::MAX, f32::MAX, f32::MIN, f32::MIN);
    let (left, top, right, bottom) = places
        .iter()
        .fold(start, |(left, top, right, bottom), (x, y)| (left.min(*x), top.min(*y), right.max(*x), bottom.max(*y)));
    let (left, top) = (left - ROOM, top - ROOM);
    let mut commands = String::with_capacity(places.len() * 14);
    for (number, (x, y)) in places.iter().enumerate() {
        let (letter, dot) = if number == 0 { ('M', "l 0.1 0 ") } else { ('L', "") };
        // Writing to a string cannot fail.
        let _ = write!(commands, "{letter} {:.1} {:.1} {dot}", x - left, y - top);
    }
    InkPiece { commands: commands.into(), x: left, y: top, width: right + ROOM - left, height: bottom + ROOM - top }
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
