//! The virtual scanner's glass: what lies on it, and what goes wrong. For training, scripts and tests.

use std::{
    fmt::Write as _,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use image::RgbImage;

use crate::{
    imaging::upright::{Turn, turn_for},
    rules::Pose,
};

use super::{A6_HEIGHT_MM, A6_WIDTH_MM, ScanError};

/// Name of the file that the backend reads.
const CONTROL_FILE: &str = "control.txt";

/// How a page is laid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lay {
    /// How it is turned, seen in the picture that comes off the glass.
    pub turn: Turn,
    /// Where its top left corner lies, in millimetres from the corner of the glass; `None` lays it in the middle.
    pub corner_mm: Option<(f32, f32)>,
}

impl From<Pose> for Lay {
    /// In the middle of the glass, turned as documents in this pose come off it: see [`turn_for`].
    fn from(pose: Pose) -> Self {
        Self { turn: turn_for(pose).inverse(), corner_mm: None }
    }
}

/// What can go wrong with the virtual scanner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VirtualFault {
    /// It is not connected.
    Absent,
    /// Someone else uses it.
    Busy,
    /// This user may not use it.
    AccessDenied,
    /// The cover is open.
    CoverOpen,
    /// Nothing to scan.
    NoDocument,
    /// It has not enough memory.
    NoMemory,
    /// The lamp is not ready.
    WarmingUp,
    /// The transport lock is on.
    Locked,
    /// The paper sticks in the middle of the scan.
    Jammed,
    /// The connection fails in the middle of the scan.
    Io,
    /// The picture ends early, and the scanner says nothing of it.
    Truncated,
    /// It is pulled out in the middle of the scan.
    Vanished,
    /// It does not answer any more.
    Hung,
    /// Its software crashes.
    Crashed,
}

impl VirtualFault {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Absent,
        Self::Busy,
        Self::AccessDenied,
        Self::CoverOpen,
        Self::NoDocument,
        Self::NoMemory,
        Self::WarmingUp,
        Self::Locked,
        Self::Jammed,
        Self::Io,
        Self::Truncated,
        Self::Vanished,
        Self::Hung,
        Self::Crashed,
    ];

    /// The word in the control file.
    const fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Busy => "busy",
            Self::AccessDenied => "access-denied",
            Self::CoverOpen => "cover-open",
            Self::NoDocument => "no-documents",
            Self::NoMemory => "no-memory",
            Self::WarmingUp => "warming-up",
            Self::Locked => "locked",
            Self::Jammed => "jammed",
            Self::Io => "io",
            Self::Truncated => "truncate",
            Self::Vanished => "vanish",
            Self::Hung => "hang",
            Self::Crashed => "crash",
        }
    }
}

/// The glass of the virtual scanner. Clones are the same glass. When the last one goes, the picture is taken off.
#[derive(Debug, Clone)]
pub struct VirtualGlass(Arc<Mutex<Glass>>);

#[derive(Debug)]
struct Glass {
    folder: PathBuf,
    page: Option<Page>,
    fault: Option<VirtualFault>,
    delay: Duration,
}

#[derive(Debug)]
struct Page {
    dpi: u16,
    turn: Turn,
    corner_um: (i32, i32),
}

impl VirtualGlass {
    /// An empty glass whose files are in `folder`.
    pub fn in_folder(folder: &Path) -> Result<Self, ScanError> {
        // libsane gets the path in variables, so it must hold wherever the device host is started.
        let folder = make_private(folder).and_then(|()| fs::canonicalize(folder)).map_err(|error| not_writable(&error))?;
        let glass = Glass { folder, page: None, fault: None, delay: Duration::ZERO };
        glass.tell()?;
        // A station that was cut off has left what lay there.
        glass.forget_picture();
        Ok(Self(Arc::new(Mutex::new(glass))))
    }

    /// The folder of its files.
    pub fn folder(&self) -> PathBuf {
        self.with(|glass| glass.folder.clone())
    }

    /// The file that the backend reads.
    pub fn control_file(&self) -> PathBuf {
        self.folder().join(CONTROL_FILE)
    }

    /// Lays a page on the glass, in place of what lay there. `page` is the upright page at `dpi`.
    pub fn lay(&self, page: &RgbImage, dpi: u16, lay: Lay) -> Result<(), ScanError> {
        self.with(|glass| {
            let (width, height) = if lay.turn.swaps_sides() { (page.height(), page.width()) } else { page.dimensions() };
            let corner_um = match lay.corner_mm {
                Some((x, y)) => (micrometres(x), micrometres(y)),
                None => (middle(A6_WIDTH_MM, width, dpi), middle(A6_HEIGHT_MM, height, dpi)),
            };
            let mut picture = format!("P6\n{} {}\n255\n", page.width(), page.height()).into_bytes();
            picture.extend_from_slice(page.as_raw());
            replace(&glass.picture_file(), &picture).map_err(|error| not_writable(&error))?;
            glass.page = Some(Page { dpi, turn: lay.turn, corner_um });
            glass.tell()
        })
    }

    /// Takes the page off the glass.
    pub fn lift(&self) -> Result<(), ScanError> {
        self.with(|glass| {
            glass.page = None;
            glass.forget_picture();
            glass.tell()
        })
    }

    /// Lets something go wrong from now on, or nothing any more. Faults during a scan strike when half the rows are read.
    pub fn fault(&self, fault: Option<VirtualFault>) -> Result<(), ScanError> {
        self.with(|glass| {
            glass.fault = fault;
            glass.tell()
        })
    }

    /// Makes the scanner slow: it waits so long before each block of sixteen rows.
    pub fn slow_down(&self, delay: Duration) -> Result<(), ScanError> {
        self.with(|glass| {
            glass.delay = delay;
            glass.tell()
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Glass) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Glass {
    fn picture_file(&self) -> PathBuf {
        self.folder.join("page.ppm")
    }

    fn forget_picture(&self) {
        // A picture that is not there is forgotten already.
        for picture in [self.picture_file(), unfinished(&self.picture_file())] {
            let _ = fs::remove_file(picture);
        }
    }

    /// Writes the control file; its format is documented in the crate `bam-virtual-scanner`.
    fn tell(&self) -> Result<(), ScanError> {
        let mut text = String::new();
        let mut line = |key: &str, value: &dyn std::fmt::Display| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{key}={value}");
        };
        if let Some(page) = &self.page {
            line("picture", &self.picture_file().display());
            line("dpi", &page.dpi);
            line("turn", &page.turn.degrees());
            line("x-um", &page.corner_um.0);
            line("y-um", &page.corner_um.1);
        }
        if let Some(fault) = self.fault {
            line("fault", &fault.word());
        }
        line("delay-ms", &self.delay.as_millis());
        replace(&self.folder.join(CONTROL_FILE), text.as_bytes()).map_err(|error| not_writable(&error))
    }
}

impl Drop for Glass {
    fn drop(&mut self) {
        self.forget_picture();
    }
}

fn not_writable(error: &io::Error) -> ScanError {
    ScanError::Setup(format!("the virtual scanner's folder cannot be written ({error}); free the disk or choose another folder"))
}

/// Makes the folder and takes the rights of everybody but the owner away from it: pictures of documents lie in it.
fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

/// Writes a file for the owner alone, so that a reader sees the old one or the new one, never a part.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = unfinished(path);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    fs::rename(&new, path)
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// Millimetres as whole micrometres, within what the glass can mean.
fn micrometres(length_mm: f32) -> i32 {
    #[allow(clippy::cast_possible_truncation, reason = "clamped to a metre; a float that is no number becomes 0")]
    let micrometres = (length_mm * 1000.0).round().clamp(-1e6, 1e6) as i32;
    micrometres
}

/// Where something of `length_px` begins when it lies in the middle of `glass_mm`, in micrometres; never before the corner.
fn middle(glass_mm: f32, length_px: u32, dpi: u16) -> i32 {
    let length_um = i64::from(length_px) * 25_400 / i64::from(dpi.max(1));
    let free = i64::from(micrometres(glass_mm)) - length_um;
    i32::try_from(free.max(0) / 2).unwrap_or(0)
}
