//! The signature pad beside the holder's screen: it draws the ink under the pen and asks for clear, cancel or accept itself.
//!
//! [`SignaturePad`] is what the station needs; [`stu`] is Wacom's STU series over [`hid`]. Strokes are the ones of the touch
//! screen ([`Strokes`]): micrometres, milliseconds, pressure.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::control::signature::{PenPoint, Strokes};

pub mod hid;
pub mod stu;

/// A signature pad.
pub trait SignaturePad: Send {
    /// What it is.
    fn info(&self) -> &PadInfo;

    /// Shows the screen, and takes a signature until the holder accepts or declines, or it is stopped. However it ends, the
    /// pad's screen is cleared, as far as the pad can still be reached.
    fn capture(&mut self, screen: &PadScreen, control: &PadControl) -> Result<PadOutcome, PadError>;
}

/// The way to the pad of this desk. It is gone each time somebody signs, so that a pad that was pulled out and connected again
/// is found.
pub type OpenPad = Arc<dyn Fn() -> Result<Box<dyn SignaturePad>, PadError> + Send + Sync>;

/// A pad for the operator's eyes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PadInfo {
    /// Maker and model.
    pub name: String,
    /// Pixels across and down its screen.
    pub pixels: (u16, u16),
    /// Width and height of the surface in micrometres.
    pub size_um: (u32, u32),
    /// Width and height of the field for the signature, in which strokes are told, in micrometres.
    pub field_um: (u32, u32),
    /// Samples of the pen in a second.
    pub rate: u8,
    /// Highest pressure that it tells.
    pub most_pressure: u16,
}

/// What stands on the pad's screen, in the holder's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PadScreen {
    /// Above the field, for example "Sign here".
    pub title: String,
    /// The button that clears the field.
    pub clear: String,
    /// The button that declines.
    pub cancel: String,
    /// The button that accepts.
    pub accept: String,
}

/// What happens on the pad, as it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// The pen touches: a stroke begins.
    Down(PenPoint),
    /// The stroke goes on.
    Move(PenPoint),
    /// The holder cleared the field.
    Cleared,
}

/// How a capture is watched and stopped.
pub struct PadControl {
    /// Set to `true` by anyone to stop; the capture then ends as [`PadError::Cancelled`].
    pub cancel: Arc<AtomicBool>,
    /// Told each point, on the thread that captures.
    pub ink: Box<dyn Fn(Ink) + Send + Sync>,
}

impl PadControl {
    /// Tells the ink to `ink`.
    pub fn new(ink: impl Fn(Ink) + Send + Sync + 'static) -> Self {
        Self { cancel: Arc::default(), ink: Box::new(ink) }
    }

    /// Whether the capture is to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}

impl Default for PadControl {
    /// Tells nobody.
    fn default() -> Self {
        Self::new(|_| {})
    }
}

/// How a capture ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PadOutcome {
    /// The holder accepted this.
    Signed(Strokes),
    /// The holder declined.
    Declined,
}

/// Why there is no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PadError {
    /// No pad at all.
    #[error("no signature pad is found: check that it is connected, or let the holder sign on the touch screen")]
    NoPad,
    /// This user may not open it; the text is the system's.
    #[error(
        "the signature pad cannot be opened ({0}): close other programs that use it, or ask the administrator for access to it"
    )]
    NotOpened(String),
    /// The pad was there and is gone.
    #[error("the signature pad was disconnected: connect it again and let the holder sign anew")]
    Unplugged,
    /// The pad tells what no pad of its kind does; the text says what.
    #[error("the signature pad misbehaves ({0}): disconnect it, connect it again and let the holder sign anew")]
    Protocol(&'static str),
    /// The pad refused a command, with its own number for why.
    #[error("the signature pad refused a command (its error {0}): disconnect it, connect it again and let the holder sign anew")]
    Refused(u8),
    /// Another program has left the pad in its encrypted mode.
    #[error(
        "the signature pad is in the encrypted mode of another program: close that program, disconnect the pad and connect it again"
    )]
    Encrypted,
    /// Points of the pen are missing.
    #[error("{0} points of the signature were lost on the way from the pad: let the holder sign anew")]
    PointsLost(u32),
    /// More samples than a signature can have.
    #[error("the signature has more than {} samples: let the holder sign anew", Strokes::MOST_POINTS)]
    TooLong,
    /// The system has no room for the thread that reads the pad.
    #[error("the system has no room for another thread: close other programs and let the holder sign anew")]
    NoThread,
    /// Stopped at the station.
    #[error("the signature was stopped")]
    Cancelled,
}

impl PadError {
    /// The stable code, as in `config/faults.toml`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoPad => "PAD_NOT_FOUND",
            Self::NotOpened(_) => "PAD_NOT_OPENED",
            Self::Unplugged => "PAD_UNPLUGGED",
            Self::Protocol(_) => "PAD_PROTOCOL",
            Self::Refused(_) => "PAD_REFUSED",
            Self::Encrypted => "PAD_ENCRYPTED",
            Self::PointsLost(_) => "PAD_POINTS_LOST",
            Self::TooLong => "SIGNATURE_TOO_LONG",
            Self::NoThread => "NO_THREAD",
            Self::Cancelled => "PAD_CANCELLED",
        }
    }
}
