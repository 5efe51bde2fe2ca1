//! From samples of the pen to strokes and touched buttons (pure: time comes in).

use std::time::Duration;

use super::{
    super::{Ink, PadError},
    report::{Capability, Pen},
    screen::{Layout, Place},
};
use crate::control::signature::{PenPoint, Strokes};

/// Highest pressure of a [`PenPoint`].
const MOST_PRESSURE: u32 = 1023;
/// Both counters of a pad start anew after so many.
const ROUND: u64 = 65_536;

/// What a sample leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Ink.
    Ink(Ink),
    /// A button was touched and let go.
    Button(Place),
}

/// A signature that is being given.
pub struct Capture {
    capability: Capability,
    layout: Layout,
    strokes: Strokes,
    points: usize,
    /// Where the pen touched down; `None` while it does not touch.
    down: Option<Place>,
    /// The last sample of the pad's clock: the pad's own time and number, and when it came.
    last: Option<(u16, u16, Duration)>,
    /// The time of the last sample, since the first, by the pad's clock where it has one.
    clock: Duration,
    /// The clock at the first touch.
    first: Option<Duration>,
    lost: u64,
}

impl Capture {
    /// An empty one.
    pub fn new(capability: Capability) -> Self {
        let layout = Layout::new(capability.width, capability.height);
        let mut capture = Self {
            capability,
            layout,
            strokes: Strokes::default(),
            points: 0,
            down: None,
            last: None,
            clock: Duration::ZERO,
            first: None,
            lost: 0,
        };
        let (left, top, right, bottom) = layout.field();
        capture.strokes.width = capture.micrometres(capture.across(right) - capture.across(left));
        capture.strokes.height = capture.micrometres(capture.down(bottom) - capture.down(top));
        capture
    }

    /// Takes a sample that came at `now`, a time that never goes back.
    pub fn take(&mut self, pen: Pen, now: Duration) -> Result<Option<Deed>, PadError> {
        self.tick(pen, now);
        let (x, y) = (
            pixel(pen.x, self.capability.most_x, self.capability.width),
            pixel(pen.y, self.capability.most_y, self.capability.height),
        );
        match (pen.touches, self.down) {
            (true, Some(Place::Field)) => self.point(pen).map(|point| Some(Deed::Ink(Ink::Move(point)))),
            (false, None) | (true, Some(_)) => Ok(None),
            (false, Some(place)) => {
                self.down = None;
                let button = matches!(place, Place::Clear | Place::Cancel | Place::Accept) && self.layout.place(x, y) == place;
                Ok(button.then_some(Deed::Button(place)))
            }
            (true, None) => {
                let place = self.layout.place(x, y);
                self.down = Some(place);
                if place != Place::Field {
                    return Ok(None);
                }
                self.strokes.strokes.push(Vec::new());
                self.point(pen).map(|point| Some(Deed::Ink(Ink::Down(point))))
            }
        }
    }

    /// Width and height of the field, micrometres.
    pub fn field(&self) -> (u32, u32) {
        (self.strokes.width, self.strokes.height)
    }

    /// Forgets the ink.
    pub fn clear(&mut self) {
        self.strokes.strokes.clear();
        self.points = 0;
        self.first = None;
        self.lost = 0;
    }

    /// Whether there is ink.
    pub fn has_ink(&self) -> bool {
        self.points > 0
    }

    /// The strokes; an error when points are missing.
    pub fn finish(&mut self) -> Result<Strokes, PadError> {
        if self.lost > 0 {
            return Err(PadError::PointsLost(u32::try_from(self.lost).unwrap_or(u32::MAX)));
        }
        let (width, height) = (self.strokes.width, self.strokes.height);
        Ok(std::mem::replace(&mut self.strokes, Strokes { width, height, strokes: Vec::new() }))
    }

    /// Moves the clock on, and counts what is missing while the pen draws.
    fn tick(&mut self, pen: Pen, now: Duration) {
        let Some((time, number)) = pen.stamp else {
            // A pad without a clock: its samples have the time at which they came.
            self.clock = now;
            return;
        };
        if let Some((last_time, last_number, last_now)) = self.last {
            // The pad's counter goes round every 65 seconds: how often, the station's clock tells.
            let (own, ours) = (u64::from(time.wrapping_sub(last_time)), whole_ms(now.saturating_sub(last_now)));
            let rounds = (ours.saturating_sub(own) + ROUND / 2) / ROUND;
            self.clock += Duration::from_millis(own + rounds * ROUND);
            if self.down == Some(Place::Field) {
                self.lost += u64::from(number.wrapping_sub(last_number).wrapping_sub(1));
            }
        }
        self.last = Some((time, number, now));
    }

    fn point(&mut self, pen: Pen) -> Result<PenPoint, PadError> {
        if self.points >= Strokes::MOST_POINTS {
            return Err(PadError::TooLong);
        }
        let first = *self.first.get_or_insert(self.clock);
        let (left, top, ..) = self.layout.field();
        let most = u32::from(self.capability.most_pressure).max(1);
        let pressure = u32::from(pen.pressure).min(most) * MOST_PRESSURE / most;
        let point = PenPoint {
            // A pen that leaves the field to the left or above is at its edge.
            x: self.micrometres(u32::from(pen.x).saturating_sub(self.across(left))),
            y: self.micrometres(u32::from(pen.y).saturating_sub(self.down(top))),
            t: u32::try_from(whole_ms(self.clock.saturating_sub(first))).unwrap_or(u32::MAX),
            p: u16::try_from(pressure).ok(),
        };
        if let Some(stroke) = self.strokes.strokes.last_mut() {
            stroke.push(point);
            self.points += 1;
        }
        Ok(point)
    }

    /// The coordinate at a pixel's left edge.
    fn across(&self, pixel: u16) -> u32 {
        u32::from(pixel) * u32::from(self.capability.most_x) / u32::from(self.capability.width)
    }

    /// The coordinate at a pixel's upper edge.
    fn down(&self, pixel: u16) -> u32 {
        u32::from(pixel) * u32::from(self.capability.most_y) / u32::from(self.capability.height)
    }

    fn micrometres(&self, coordinates: u32) -> u32 {
        coordinates * 25_400 / u32::from(self.capability.lines_per_inch)
    }
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The pixel under a coordinate.
fn pixel(at: u16, most: u16, pixels: u16) -> u16 {
    let pixel = u32::from(at) * u32::from(pixels) / u32::from(most).max(1);
    u16::try_from(pixel.min(u32::from(pixels) - 1)).unwrap_or_default()
}
