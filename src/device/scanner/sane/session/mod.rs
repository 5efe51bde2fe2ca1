//! A session with a scanner: everything that libsane was asked and what it answered, recorded where the scanner is and replayed
//! where it is not.
//!
//! A recording is a text file of JSON lines: [`Line`]. Each call stands there before it is made and its answer after it came, so
//! that a backend that hangs or crashes leaves a recording that ends in the middle of a call. The bytes of the picture are left
//! out unless they are asked for: they show a person.

mod record;
mod replay;

pub use record::Recorder;
pub use replay::{Replay, first_job};

use serde::{Deserialize, Serialize};

use super::ffi::{FoundDevice, Opt, Parameters, Value};
use crate::device::scanner::wire::Ask;

/// Names the file that the device host records to.
pub const RECORD_TO: &str = "BAM_STATION_SCANNER_RECORD";
/// When set beside [`RECORD_TO`], the bytes of the picture are recorded too.
pub const RECORD_PICTURE: &str = "BAM_STATION_SCANNER_RECORD_PICTURE";
/// Names the recording that the device host replays in libsane's place.
pub const REPLAY_FROM: &str = "BAM_STATION_SCANNER_REPLAY";

/// The form of recordings that this program writes and understands.
const FORM: u32 = 1;
/// Largest recording that is read, in bytes: A6 at 600 dpi with its picture is 52 million.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// Longest line of a recording in bytes: one block of a picture, or all options of a scanner.
const MOST_LINE: u64 = 1024 * 1024;

/// One line of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// The first line.
    Session {
        /// The form of the recording; see [`Line`].
        form: u32,
        /// The program that recorded it.
        version: String,
        /// Whether the bytes of the picture are recorded.
        picture: bool,
    },
    /// What the station wanted.
    Asked(Ask),
    /// What libsane was asked.
    Call(Call),
    /// What it answered to the call before.
    Answer {
        /// Milliseconds that it took.
        after_ms: u64,
        /// The answer.
        outcome: Outcome,
    },
}

/// A call of libsane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// `sane_get_devices`.
    Devices,
    /// `sane_open` of this device.
    Open(String),
    /// The descriptors of all options.
    Options,
    /// `sane_control_option`: the option of this number to this value.
    Set(i32, Value),
    /// `sane_start`.
    Start,
    /// `sane_get_parameters`.
    Parameters,
    /// `sane_read` of at most so many bytes.
    Read(usize),
    /// `sane_cancel`.
    Cancel,
    /// `sane_close`.
    Close,
}

/// An answer of libsane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Good, and nothing to tell.
    Done,
    /// This status, which is not "good".
    Status(i32),
    /// The devices.
    Devices(Vec<FoundDevice>),
    /// The options.
    Options(Vec<Opt>),
    /// The options, as they were when last asked.
    OptionsAsBefore,
    /// The value that was taken.
    Value(Value),
    /// The shape of the picture.
    Shape(Parameters),
    /// Bytes of the picture.
    Rows {
        /// How many.
        length: usize,
        /// The bytes, two hexadecimal digits each, when the picture is recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<String>,
    },
}
