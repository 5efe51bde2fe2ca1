//! The flatbed: who has it open, how it is set, and the scan under way.

use std::ffi::c_int;

use crate::{
    control::{Control, Fault},
    options::MM,
    page::{self, Page, Span},
    sane::{Parameters, Status},
};

/// Width of the glass (ISO 216 A6) in millimetres.
pub const WIDTH_MM: c_int = 105;
/// Height of the glass in millimetres.
pub const HEIGHT_MM: c_int = 148;
/// Most rows that one read returns, so that progress moves and a cancel is seen soon.
pub const BLOCK_ROWS: usize = 16;

/// What the options are set to. Edges in SANE_Fixed millimetres.
pub(crate) struct Settings {
    pub colour: bool,
    pub resolution: c_int,
    pub left: c_int,
    pub top: c_int,
    pub right: c_int,
    pub bottom: c_int,
}

/// What the next read finds.
pub(crate) enum Next {
    /// Rows.
    Rows,
    /// A status instead.
    Status(c_int),
    /// A device that does not answer.
    Hang,
    /// A backend that brings its process down.
    Crash,
}

struct Scan {
    shape: Parameters,
    page: Option<Page>,
    columns: Vec<Span>,
    rows_done: c_int,
    /// Rendered and not yet fetched.
    pending: Vec<u8>,
}

pub(crate) struct Flatbed {
    /// The number of the handle that has it open; 0 is never given out.
    open: Option<usize>,
    opened: usize,
    settings: Settings,
    scan: Option<Scan>,
    /// Pulled out during a scan; see [`Fault::Vanish`].
    vanished: bool,
}

impl Flatbed {
    pub const fn new() -> Self {
        Self {
            open: None,
            opened: 0,
            settings: Settings { colour: true, resolution: 300, left: 0, top: 0, right: WIDTH_MM * MM, bottom: HEIGHT_MM * MM },
            scan: None,
            vanished: false,
        }
    }

    /// Whether the flatbed can be found now.
    pub fn is_present(&mut self, control: &Control) -> bool {
        self.vanished &= control.fault == Some(Fault::Vanish);
        !self.vanished && control.fault != Some(Fault::Absent)
    }

    /// Opens it; at most one handle exists at a time. A newly opened flatbed has its default settings.
    pub fn open(&mut self, control: &Control) -> Result<usize, c_int> {
        if !self.is_present(control) {
            return Err(Status::INVALID);
        }
        match control.fault {
            Some(Fault::Busy) => return Err(Status::BUSY),
            Some(Fault::AccessDenied) => return Err(Status::ACCESS_DENIED),
            _ if self.open.is_some() => return Err(Status::BUSY),
            _ => {}
        }
        let opened = self.opened.wrapping_add(1).max(1);
        *self = Self { open: Some(opened), opened, ..Self::new() };
        Ok(opened)
    }

    pub fn close(&mut self, handle: usize) {
        if self.open == Some(handle) {
            self.open = None;
            self.scan = None;
        }
    }

    /// The settings, unless a scan is under way or the handle is not the one that has the flatbed open.
    pub fn settings(&mut self, handle: usize) -> Option<&mut Settings> {
        (self.open == Some(handle) && self.scan.is_none()).then_some(&mut self.settings)
    }

    pub fn parameters(&self, handle: usize) -> Option<Parameters> {
        (self.open == Some(handle)).then(|| self.scan.as_ref().map_or_else(|| self.shape(), |scan| scan.shape))
    }

    fn shape(&self) -> Parameters {
        let settings = &self.settings;
        let pixels = |from: c_int, to: c_int| {
            let dots = i64::from((to - from).max(0)) * i64::from(settings.resolution) * 10;
            let inch = i64::from(MM) * 254;
            c_int::try_from((dots + inch / 2) / inch).unwrap_or(0)
        };
        let pixels_per_line = pixels(settings.left, settings.right);
        Parameters {
            format: c_int::from(settings.colour),
            last_frame: 1,
            bytes_per_line: pixels_per_line * if settings.colour { 3 } else { 1 },
            pixels_per_line,
            lines: pixels(settings.top, settings.bottom),
            depth: 8,
        }
    }

    pub fn start(&mut self, handle: usize, control: &Control) -> Result<(), c_int> {
        if self.open != Some(handle) {
            return Err(Status::INVALID);
        }
        if self.scan.is_some() {
            return Err(Status::BUSY);
        }
        match control.fault {
            Some(Fault::CoverOpen) => return Err(Status::COVER_OPEN),
            Some(Fault::NoDocuments) => return Err(Status::NO_DOCUMENTS),
            Some(Fault::NoMemory) => return Err(Status::NO_MEMORY),
            Some(Fault::WarmingUp) => return Err(Status::WARMING_UP),
            Some(Fault::Locked) => return Err(Status::LOCKED),
            Some(Fault::Absent) => return Err(Status::IO_ERROR),
            _ => {}
        }
        let shape = self.shape();
        let width = usize::try_from(shape.pixels_per_line).unwrap_or(0);
        if width == 0 || shape.lines == 0 {
            return Err(Status::INVALID);
        }
        let page = Page::lying(control);
        let columns = page
            .as_ref()
            .map(|page| page.columns(micrometres(self.settings.left), self.settings.resolution.into(), width))
            .unwrap_or_default();
        self.scan = Some(Scan { shape, page, columns, rows_done: 0, pending: Vec::new() });
        Ok(())
    }

    pub fn cancel(&mut self, handle: usize) {
        if self.open == Some(handle) {
            self.scan = None;
        }
    }

    /// What the next read finds: whether a fault strikes now.
    pub fn next(&mut self, handle: usize, control: &Control) -> Next {
        let Some(scan) = self.scan.as_ref().filter(|_| self.open == Some(handle)) else {
            return Next::Status(Status::CANCELLED);
        };
        if i64::from(scan.rows_done) * 1000 < i64::from(scan.shape.lines) * i64::from(control.at) {
            return Next::Rows;
        }
        match control.fault {
            Some(Fault::Jammed) => Next::Status(Status::JAMMED),
            Some(Fault::Io | Fault::Absent) => Next::Status(Status::IO_ERROR),
            Some(Fault::Truncate) => Next::Status(Status::END),
            Some(Fault::Vanish) => {
                self.vanished = true;
                Next::Status(Status::IO_ERROR)
            }
            Some(Fault::Hang) => Next::Hang,
            Some(Fault::Crash) => Next::Crash,
            _ => Next::Rows,
        }
    }

    /// The next bytes, at most `room` and at most one block of rows.
    pub fn read(&mut self, handle: usize, room: usize) -> Result<Vec<u8>, c_int> {
        let settings = &self.settings;
        let Some(scan) = self.scan.as_mut().filter(|_| self.open == Some(handle)) else {
            return Err(Status::CANCELLED);
        };
        if scan.pending.is_empty() {
            for _ in 0..BLOCK_ROWS {
                if scan.rows_done < scan.shape.lines {
                    scan.render_row(settings);
                }
            }
        }
        if scan.pending.is_empty() {
            return Err(Status::END);
        }
        Ok(scan.pending.drain(..room.min(scan.pending.len())).collect())
    }
}

impl Scan {
    /// Renders the next row behind what is pending.
    fn render_row(&mut self, settings: &Settings) {
        let width = usize::try_from(self.shape.pixels_per_line).unwrap_or(0);
        let mut put = |colour: [u8; 3]| {
            if settings.colour {
                self.pending.extend(colour);
            } else {
                self.pending.push(grey(colour));
            }
        };
        if let Some(page) = &self.page {
            let rows = page.rows(micrometres(settings.top), settings.resolution.into(), self.rows_done.into());
            self.columns.iter().for_each(|columns| put(page.colour(*columns, rows)));
        } else {
            (0..width).for_each(|_| put(page::empty()));
        }
        self.rows_done += 1;
    }
}

/// SANE_Fixed millimetres as micrometres.
fn micrometres(fixed: c_int) -> i64 {
    i64::from(fixed) * 1000 / i64::from(MM)
}

/// The lightness of a colour (ITU-R BT.601).
fn grey([red, green, blue]: [u8; 3]) -> u8 {
    let sum = u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114;
    u8::try_from((sum + 500) / 1000).unwrap_or(u8::MAX)
}
