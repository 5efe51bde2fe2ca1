//! The scanner: an A6 flatbed that takes the picture of the document (seed 003, "Skanning").

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};

pub mod glass;
pub mod hosted;
pub mod sane;
pub mod wire;

pub use bam_station_imaging::scan::{ColourMode, MOST_BYTES, RawScan};
pub use glass::{Lay, VirtualFault, VirtualGlass};
pub use hosted::{HostedSane, Patience};

/// Width of A6 in millimetres (ISO 216).
pub const A6_WIDTH_MM: f32 = 105.0;
/// Height of A6 in millimetres.
pub const A6_HEIGHT_MM: f32 = 148.0;
/// A scanner.
pub trait Scanner {
    /// The scanners that can be reached now.
    fn list(&mut self) -> Result<Vec<ScannerInfo>, ScanError>;

    /// Scans one picture, whole or not at all.
    fn scan(&mut self, job: &ScanJob, control: &ScanControl) -> Result<RawScan, ScanError>;
}

/// One scanner that can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScannerInfo {
    /// The name by which it is opened, for example `bamvirtual:a6`.
    pub device: String,
    /// Maker and model for people.
    pub name: String,
    /// SANE's word for its kind, for example `flatbed scanner`.
    pub kind: String,
}

/// Where the document lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// On the glass; a scanner without glass takes it where it can.
    #[default]
    Glass,
    /// In the feeder.
    Feeder,
}

/// What is to be scanned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScanJob {
    /// The scanner's name; `None` takes the first that is found.
    pub device: Option<String>,
    /// Width of the area from the glass's corner, in millimetres.
    pub width_mm: f32,
    /// Height of the area in millimetres.
    pub height_mm: f32,
    /// Resolution in dots per inch.
    pub dpi: u16,
    /// Colours.
    pub mode: ColourMode,
    /// Where the document lies.
    #[serde(default)]
    pub source: Source,
    /// How long a scanner may warm up before it counts as [`ScanError::WarmingUp`].
    #[serde(default)]
    pub warm_up: Duration,
}

impl ScanJob {
    /// How long the lamp of an old flatbed takes, with a margin.
    pub const USUAL_WARM_UP: Duration = Duration::from_secs(45);

    /// A whole A6 glass in colour.
    pub const fn a6(dpi: u16) -> Self {
        Self {
            device: None,
            width_mm: A6_WIDTH_MM,
            height_mm: A6_HEIGHT_MM,
            dpi,
            mode: ColourMode::Colour,
            source: Source::Glass,
            warm_up: Self::USUAL_WARM_UP,
        }
    }
}

impl Default for ScanJob {
    /// A6 at 300 dpi in colour: the resolution at which a machine readable zone can be read with a margin.
    fn default() -> Self {
        Self::a6(300)
    }
}

/// How a scan under way is watched and stopped.
pub struct ScanControl {
    /// Set to `true` by anyone to stop the scan; it then ends as [`ScanError::Cancelled`].
    pub cancel: Arc<AtomicBool>,
    /// Told the part that is done, 0.0 to 1.0, on the thread that scans.
    pub progress: Box<dyn Fn(f32) + Send + Sync>,
}

impl ScanControl {
    /// Tells the progress to `progress`.
    pub fn new(progress: impl Fn(f32) + Send + Sync + 'static) -> Self {
        Self { cancel: Arc::default(), progress: Box::new(progress) }
    }

    /// Whether the scan is to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}

impl Default for ScanControl {
    /// Tells nobody.
    fn default() -> Self {
        Self::new(|_| {})
    }
}

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScanError {
    /// libsane cannot be loaded.
    #[error("the scanner library libsane.so.1 cannot be loaded: install the package libsane1")]
    LibraryMissing,
    /// The device host cannot be prepared or started; the text says what is in the way.
    #[error("the scanner cannot be set up: {0}")]
    Setup(String),
    /// No scanner at all.
    #[error("no scanner is found: check that it is connected and switched on")]
    NoScanner,
    /// The named scanner is not there.
    #[error("the scanner {0} is not found: check that it is connected, switched on and named correctly in LOCAL.toml")]
    NotFound(String),
    /// Someone else uses it.
    #[error("the scanner is busy: close other programs that use it and try again")]
    Busy,
    /// The cover is open.
    #[error("the scanner's cover is open: close it and try again")]
    CoverOpen,
    /// The paper is stuck.
    #[error("the document is stuck in the scanner: free it and try again")]
    Jammed,
    /// Nothing to scan.
    #[error("there is no document in the scanner: insert it and try again")]
    NoDocument,
    /// This user may not use it.
    #[error("the scanner may not be used by this user: ask the administrator for access to it")]
    AccessDenied,
    /// The lamp is not ready.
    #[error("the scanner is warming up: wait half a minute and try again")]
    WarmingUp,
    /// The transport lock is on.
    #[error("the scanner is locked for transport: release the lock and try again")]
    Locked,
    /// The scanner has not enough memory.
    #[error("the scanner has not enough memory for this picture: choose a lower resolution")]
    NoMemory,
    /// The scanner cannot do what the station needs; the text says what.
    #[error("the scanner cannot be used as set up: {0}")]
    Unsupported(String),
    /// An error on the way to the scanner, which is still there.
    #[error("the connection to the scanner failed: check the cable and try again")]
    Io,
    /// The scanner was there and is gone.
    #[error("the scanner disappeared during the scan: connect it again and scan anew")]
    Vanished,
    /// The scanner's software did not answer; it has been restarted.
    #[error("the scanner did not answer and was restarted: try again")]
    Hung,
    /// The scanner's software crashed; it has been restarted.
    #[error("the scanner's software crashed and was restarted: try again")]
    Crashed,
    /// Stopped by the operator.
    #[error("the scan was stopped")]
    Cancelled,
    /// The picture is not whole.
    #[error("the scanner delivered only {got} of {want} bytes of the picture: scan anew")]
    Truncated {
        /// Bytes that came.
        got: u64,
        /// Bytes of the whole picture.
        want: u64,
    },
    /// The scanner or its software broke the rules of the interface; the text says which.
    #[error("the scanner's software misbehaved ({0}): try again, and update its driver if it happens again")]
    Protocol(String),
}

impl ScanError {
    /// The stable code, as in `config/faults.toml`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LibraryMissing => "SCAN_LIBRARY_MISSING",
            Self::Setup(_) => "SCAN_SETUP",
            Self::NoScanner => "SCAN_NO_SCANNER",
            Self::NotFound(_) => "SCAN_NOT_FOUND",
            Self::Busy => "SCAN_BUSY",
            Self::CoverOpen => "SCAN_COVER_OPEN",
            Self::Jammed => "SCAN_JAMMED",
            Self::NoDocument => "SCAN_NO_DOCUMENT",
            Self::AccessDenied => "SCAN_ACCESS_DENIED",
            Self::WarmingUp => "SCAN_WARMING_UP",
            Self::Locked => "SCAN_LOCKED",
            Self::NoMemory => "SCAN_NO_MEMORY",
            Self::Unsupported(_) => "SCAN_UNSUPPORTED",
            Self::Io => "SCAN_IO",
            Self::Vanished => "SCAN_VANISHED",
            Self::Hung => "SCAN_HUNG",
            Self::Crashed => "SCAN_CRASHED",
            Self::Cancelled => "SCAN_CANCELLED",
            Self::Truncated { .. } => "SCAN_TRUNCATED",
            Self::Protocol(_) => "SCAN_PROTOCOL",
        }
    }
}
