//! One pen on a screen that feels more than one finger.
//!
//! Whoever signs lays the hand on the glass. The toolkit takes a second finger for a gesture and lets go of the first, so that a hand
//! that rests would cut a stroke in two, or leave the pen without ink. While the holder signs, one finger counts: a hand that only
//! rests gives way to the pen, and nothing interrupts a pen that writes.

use std::cell::{Cell, RefCell};

/// A finger that has gone farther than this from where it came down writes, logical pixels (some 3 mm).
const RESTS: f32 = 12.0;

/// A finger as the screen numbers it, for as long as it is down.
pub type FingerId = u64;

/// What a finger does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It comes down.
    Down,
    /// It moves.
    Move,
    /// It leaves.
    Up,
    /// The system has taken it away.
    Lost,
}

/// What the window is told, at places in logical pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Act {
    /// The pen comes down here.
    Press(f32, f32),
    /// It is here now.
    Move(f32, f32),
    /// It leaves here.
    Release(f32, f32),
    /// It was no pen: whatever it has pressed is not done.
    Cancel,
}

/// The fingers on a screen.
#[derive(Debug, Default)]
pub struct Fingers {
    down: Vec<FingerId>,
    pen: Option<Pen>,
}

/// The fingers on the holder's screen while the holder signs.
#[derive(Debug, Default)]
pub(super) struct ByHand {
    pub(super) fingers: RefCell<Fingers>,
    /// What the window hears now comes from here.
    pub(super) telling: Cell<bool>,
}

impl ByHand {
    /// What the window hears is the shadow of a finger: some systems move the pointer along with the first one, and the toolkit may
    /// tell of that late, when another finger has become the pen.
    pub(super) fn is_shadow(&self) -> bool {
        self.fingers.borrow().any() && !self.telling.get()
    }
}

#[derive(Debug)]
struct Pen {
    id: FingerId,
    began: (f32, f32),
    writes: bool,
}

impl Fingers {
    /// Any finger is down that came down here.
    pub fn any(&self) -> bool {
        !self.down.is_empty()
    }

    /// This finger is down, and came down here.
    pub fn has(&self, id: FingerId) -> bool {
        self.down.contains(&id)
    }

    /// Takes a finger's doing over; the answer is what the window is to be told, in order.
    pub fn take(&mut self, id: FingerId, phase: Phase, x: f32, y: f32) -> Vec<Act> {
        match phase {
            Phase::Down => {
                if !self.has(id) {
                    self.down.push(id);
                }
                if self.pen.as_ref().is_some_and(|pen| pen.writes) {
                    return vec![];
                }
                let rested = self.pen.replace(Pen { id, began: (x, y), writes: false });
                rested.map(|_| Act::Cancel).into_iter().chain([Act::Press(x, y)]).collect()
            }
            Phase::Move => match self.pen.as_mut().filter(|pen| pen.id == id) {
                Some(pen) => {
                    pen.writes |= (x - pen.began.0).hypot(y - pen.began.1) > RESTS;
                    vec![Act::Move(x, y)]
                }
                None => vec![],
            },
            Phase::Up | Phase::Lost => {
                self.down.retain(|down| *down != id);
                match self.pen.take_if(|pen| pen.id == id) {
                    Some(_) if phase == Phase::Up => vec![Act::Release(x, y)],
                    Some(_) => vec![Act::Cancel],
                    None => vec![],
                }
            }
        }
    }
}
