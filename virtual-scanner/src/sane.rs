//! The words of the SANE interface (SANE standard 1.06, chapter 4) as far as this backend speaks them.

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    ptr,
};

/// `SANE_VERSION_CODE(1, 0, 0)`.
pub const VERSION_1_0: c_int = 1 << 24;

/// Status codes. Plain integers: newer backends return values that are not in the list of 1.0.
pub struct Status;

impl Status {
    pub const GOOD: c_int = 0;
    pub const UNSUPPORTED: c_int = 1;
    pub const CANCELLED: c_int = 2;
    pub const BUSY: c_int = 3;
    pub const INVALID: c_int = 4;
    pub const END: c_int = 5;
    pub const JAMMED: c_int = 6;
    pub const NO_DOCUMENTS: c_int = 7;
    pub const COVER_OPEN: c_int = 8;
    pub const IO_ERROR: c_int = 9;
    pub const NO_MEMORY: c_int = 10;
    pub const ACCESS_DENIED: c_int = 11;
    pub const WARMING_UP: c_int = 12;
    pub const LOCKED: c_int = 13;
}

/// What `sane_control_option` is asked to do.
pub struct Action;

impl Action {
    pub const GET: c_int = 0;
    pub const SET: c_int = 1;
}

/// What `sane_control_option` tells about a value that was set.
pub struct Info;

impl Info {
    pub const INEXACT: c_int = 1;
    pub const RELOAD_PARAMETERS: c_int = 4;
}

/// `SANE_Device`.
#[repr(C)]
pub struct Device {
    pub name: *const c_char,
    pub vendor: *const c_char,
    pub model: *const c_char,
    pub kind: *const c_char,
}

/// `SANE_Range`.
#[repr(C)]
pub struct Range {
    pub min: c_int,
    pub max: c_int,
    pub quant: c_int,
}

/// `SANE_Option_Descriptor`; the union of constraints is a single pointer in every case.
#[repr(C)]
pub struct OptionDescriptor {
    pub name: *const c_char,
    pub title: *const c_char,
    pub description: *const c_char,
    pub kind: c_int,
    pub unit: c_int,
    pub size: c_int,
    pub capabilities: c_int,
    pub constraint_kind: c_int,
    pub constraint: *const c_void,
}

/// `SANE_Parameters`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Parameters {
    pub format: c_int,
    pub last_frame: c_int,
    pub bytes_per_line: c_int,
    pub pixels_per_line: c_int,
    pub lines: c_int,
    pub depth: c_int,
}

/// A list that ends with a null pointer and never changes.
#[repr(transparent)]
pub struct List<T, const N: usize>(pub [*const T; N]);

impl<T, const N: usize> List<T, N> {
    pub const fn as_ptr(&'static self) -> *const *const T {
        self.0.as_ptr()
    }
}

// SAFETY: every pointer in these types leads to a `static` or a literal of this crate that is never written.
unsafe impl Sync for Device {}
// SAFETY: as above.
unsafe impl Sync for OptionDescriptor {}
// SAFETY: as above.
unsafe impl<T, const N: usize> Sync for List<T, N> {}

/// The name after the backend's prefix: `bamvirtual:a6`.
pub const DEVICE_NAME: &CStr = c"a6";

static DEVICE: Device = Device {
    name: DEVICE_NAME.as_ptr(),
    vendor: c"bam-station".as_ptr(),
    model: c"Virtual A6 flatbed".as_ptr(),
    kind: c"flatbed scanner".as_ptr(),
};

/// What is listed while the flatbed is present.
pub static LIST: List<Device, 2> = List([&raw const DEVICE, ptr::null()]);

/// What is listed while it is absent.
pub static EMPTY_LIST: List<Device, 1> = List([ptr::null()]);
