//! The reports of the STU series (Wacom's public SDK headers): numbers are big-endian where not said otherwise.

/// Feature: status. Bytes after the id: state (0 ready), last error.
pub const STATUS: u8 = 0x03;
/// Feature: name of the model, and version of its software.
pub const INFORMATION: u8 = 0x08;
/// Feature: [`Capability`].
pub const CAPABILITY: u8 = 0x09;
/// Feature: clears the screen.
pub const CLEAR: u8 = 0x20;
/// Feature: ink under the pen, 0 off, 1 on.
pub const INKING: u8 = 0x21;
/// Feature: a picture for the whole screen begins; its encoding.
pub const START_IMAGE: u8 = 0x25;
/// Feature: a part of it: length (little-endian), bytes.
pub const IMAGE_BLOCK: u8 = 0x26;
/// Feature: the picture ends; 0 shows it, 1 drops it.
pub const END_IMAGE: u8 = 0x27;
/// Feature: the rectangle in which ink is drawn: left, top, right, bottom in pixels, little-endian.
pub const INK_AREA: u8 = 0x2a;
/// Feature: what pen reports carry; see [`TIMED`].
pub const PEN_MODE: u8 = 0x32;
/// Pen reports with time and sequence.
pub const TIMED: u8 = 3;
/// Length of an [`IMAGE_BLOCK`] with its id.
pub const BLOCK: usize = 256;
/// Bytes of a picture in one block.
pub const BLOCK_BYTES: usize = 253;
/// One bit a pixel, 1 is white, the first pixel in the highest bit.
pub const ONE_BIT: u8 = 0;

/// What a pad can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// Highest coordinate of the pen.
    pub most_x: u16,
    /// The same, downwards.
    pub most_y: u16,
    /// Highest pressure.
    pub most_pressure: u16,
    /// Pixels across the screen.
    pub width: u16,
    /// Pixels down the screen.
    pub height: u16,
    /// Samples in a second.
    pub rate: u8,
    /// Coordinates in an inch.
    pub lines_per_inch: u16,
}

impl Capability {
    /// From a report; `None` when no pad could be so.
    pub fn parse(report: &[u8]) -> Option<Self> {
        let rest = report.strip_prefix(&[CAPABILITY])?;
        let word = |at: usize| rest.get(at..at + 2).and_then(|two| two.try_into().ok()).map(u16::from_be_bytes);
        let capability = Self {
            most_x: word(0)?,
            most_y: word(2)?,
            most_pressure: word(4)?,
            width: word(6)?,
            height: word(8)?,
            rate: *rest.get(10)?,
            lines_per_inch: word(11)?,
        };
        let Self { most_x, most_y, width, height, lines_per_inch, .. } = capability;
        let sensible = most_x >= 100
            && most_y >= 100
            && (100..=4096).contains(&width)
            && (100..=4096).contains(&height)
            && (100..=20_000).contains(&lines_per_inch);
        sensible.then_some(capability)
    }
}

/// One sample of the pen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pen {
    /// The pen touches the surface.
    pub touches: bool,
    /// 0 to [`Capability::most_pressure`].
    pub pressure: u16,
    /// From the left edge.
    pub x: u16,
    /// From the upper edge.
    pub y: u16,
    /// Milliseconds and number of the sample, both counted around at 65 536, where the pad tells them.
    pub stamp: Option<(u16, u16)>,
}

/// What an input report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A sample of the pen.
    Pen(Pen),
    /// A sample that another program's key hides.
    Encrypted,
    /// Something else, or a part of a report.
    Other,
}

impl Input {
    /// From a report.
    pub fn parse(report: &[u8]) -> Self {
        let (id, rest) = match report {
            [0x33, ..] => return Self::Encrypted,
            [id @ (0x01 | 0x34), rest @ ..] => (*id, rest),
            _ => return Self::Other,
        };
        let [high, low, x1, x0, y1, y0, after @ ..] = rest else { return Self::Other };
        let stamp = match (id, after) {
            (0x34, [t1, t0, n1, n0, ..]) => Some((u16::from_be_bytes([*t1, *t0]), u16::from_be_bytes([*n1, *n0]))),
            (0x34, _) => return Self::Other,
            _ => None,
        };
        Self::Pen(Pen {
            // Bits 4 to 6: the switch in the tip.
            touches: high & 0x70 != 0,
            pressure: u16::from_be_bytes([high & 0x0f, *low]),
            x: u16::from_be_bytes([*x1, *x0]),
            y: u16::from_be_bytes([*y1, *y0]),
            stamp,
        })
    }
}
