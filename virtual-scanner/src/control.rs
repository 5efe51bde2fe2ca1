//! The control file: what lies on the glass and what goes wrong. Its format is described at the top of the crate.

use std::{env, fs, path::PathBuf, time::Duration};

/// Largest control file that is read, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// Longest wait before a block.
const LONGEST_DELAY_MS: u64 = 60_000;

/// How the page is laid, clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    None,
    Quarter,
    Half,
    ThreeQuarter,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Absent,
    Busy,
    AccessDenied,
    CoverOpen,
    NoDocuments,
    NoMemory,
    WarmingUp,
    Locked,
    Jammed,
    Io,
    Truncate,
    Vanish,
    Hang,
    Crash,
}

impl Fault {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "absent" => Self::Absent,
            "busy" => Self::Busy,
            "access-denied" => Self::AccessDenied,
            "cover-open" => Self::CoverOpen,
            "no-documents" => Self::NoDocuments,
            "no-memory" => Self::NoMemory,
            "warming-up" => Self::WarmingUp,
            "locked" => Self::Locked,
            "jammed" => Self::Jammed,
            "io" => Self::Io,
            "truncate" => Self::Truncate,
            "vanish" => Self::Vanish,
            "hang" => Self::Hang,
            "crash" => Self::Crash,
            _ => return None,
        })
    }
}

/// The world as the control file describes it at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// The picture of the upright page.
    pub picture: Option<PathBuf>,
    /// Its resolution.
    pub dpi: u16,
    /// How it is laid.
    pub turn: Turn,
    /// The laid page's left edge, in micrometres.
    pub x_um: i32,
    /// The laid page's top edge, in micrometres.
    pub y_um: i32,
    /// What goes wrong.
    pub fault: Option<Fault>,
    /// Per mille of the rows after which it goes wrong.
    pub at: u16,
    /// Wait before each block of rows.
    pub delay: Duration,
}

impl Control {
    /// The control file as it is now. Without one the glass is empty and everything works.
    pub fn read() -> Self {
        let text = env::var_os("BAM_VIRTUAL_SCANNER_CONTROL")
            .and_then(|path| fs::read(path).ok())
            .filter(|bytes| bytes.len() <= MOST_BYTES)
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .unwrap_or_default();
        Self::parse(&text)
    }

    fn parse(text: &str) -> Self {
        let mut control =
            Self { picture: None, dpi: 300, turn: Turn::None, x_um: 0, y_um: 0, fault: None, at: 500, delay: Duration::ZERO };
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            let value = value.trim();
            match key.trim() {
                "picture" => control.picture = Some(PathBuf::from(value)),
                "dpi" => control.dpi = value.parse().ok().filter(|dpi| *dpi > 0).unwrap_or(control.dpi),
                "turn" => {
                    control.turn = match value {
                        "90" => Turn::Quarter,
                        "180" => Turn::Half,
                        "270" => Turn::ThreeQuarter,
                        _ => Turn::None,
                    }
                }
                "x-um" => control.x_um = value.parse().unwrap_or(0),
                "y-um" => control.y_um = value.parse().unwrap_or(0),
                "fault" => control.fault = Fault::named(value),
                "at" => control.at = value.parse().unwrap_or(control.at),
                "delay-ms" => control.delay = Duration::from_millis(value.parse().unwrap_or(0).min(LONGEST_DELAY_MS)),
                _ => {}
            }
        }
        control
    }
}
