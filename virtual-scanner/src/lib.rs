//! A virtual A6 flatbed (105 × 148 mm) as a SANE backend named `bamvirtual`, for training and tests.
//!
//! The real libsane loads it as it loads any vendor's backend: as `libsane-bamvirtual.so.1`, found through `LD_LIBRARY_PATH`,
//! when the `dll.conf` in `SANE_CONFIG_DIR` holds the line `bamvirtual`. So everything between the station and the
//! scanner is exercised, and no part of the station needs to know that the glass is virtual. `scanimage` works with it too.
//!
//! # What lies on the glass
//!
//! The environment variable `BAM_VIRTUAL_SCANNER_CONTROL` names a control file, read anew at every call, so that the
//! world can change in the middle of a scan. It holds lines `key=value`; unknown keys and malformed values are passed over.
//!
//! | key | meaning | default |
//! |---|---|---|
//! | `picture` | path of a binary PPM (P6, 8 bits) that shows the page **upright**; absent: the glass is empty | |
//! | `dpi` | resolution of that picture | 300 |
//! | `turn` | how the page is laid, in degrees clockwise: 0, 90, 180 or 270 | 0 |
//! | `x-um`, `y-um` | where the laid page's top left corner lies, in micrometres from the corner of the glass | 0 |
//! | `fault` | what goes wrong, see below | |
//! | `at` | per mille of the rows after which a fault during the scan strikes | 500 |
//! | `delay-ms` | wait before each block of [`flatbed::BLOCK_ROWS`] rows; this is how a slow scanner is made | 0 |
//!
//! The backend, not the writer of the picture, lays the page: turn and place are two parts of the same act, and one
//! picture of the upright page serves every way of laying it. At the picture's own resolution, with the corner
//! on a whole pixel, every pixel of the page arrives unchanged.
//!
//! # Faults
//!
//! | `fault` | when | what libsane sees |
//! |---|---|---|
//! | `absent` | listing, opening | no device; invalid |
//! | `busy`, `access-denied` | opening | busy; access denied |
//! | `cover-open`, `no-documents`, `no-memory`, `warming-up`, `locked` | starting | that status |
//! | `jammed`, `io` | after `at` | that status |
//! | `truncate` | after `at` | end of the image, too early |
//! | `vanish` | after `at` | I/O error, and from then on the device is absent until the fault is lifted |
//! | `hang` | after `at` | the call does not return |
//! | `crash` | after `at` | the process aborts |
#![allow(unsafe_code, reason = "a SANE backend is a C interface: exported symbols that receive and fill raw pointers")]

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    ptr,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

mod control;
pub mod flatbed;
#[cfg(test)]
mod odd_calls;
mod options;
mod page;
mod sane;

use control::{Control, Fault};
use flatbed::{Flatbed, Next};
use sane::{Action, Device, OptionDescriptor, Parameters, Status};

/// The one flatbed. A handle is its number in pointer form and is never followed, so a stale or invented handle is
/// refused instead of being dereferenced.
static FLATBED: Mutex<Flatbed> = Mutex::new(Flatbed::new());

/// The flatbed, also after a thread has panicked with it: its settings are plain values and stay meaningful.
fn flatbed() -> MutexGuard<'static, Flatbed> {
    FLATBED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the backend and reports interface version 1.0.
///
/// # Safety
/// `version` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sane_bamvirtual_init(version: *mut c_int, _authorise: *const c_void) -> c_int {
    if !version.is_null() {
        // SAFETY: not null, and the caller lets it be written.
        unsafe { *version = sane::VERSION_1_0 };
    }
    Status::GOOD
}

/// Ends the backend. Nothing is held between scans, so nothing is freed.
#[unsafe(no_mangle)]
pub extern "C" fn sane_bamvirtual_exit() {}

/// Lists the flatbed, or nothing while it is absent.
///
/// # Safety
/// `list` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sane_bamvirtual_get_devices(list: *mut *const *const Device, _local_only: c_int) -> c_int {
    if list.is_null() {
        return Status::INVALID;
    }
    let present = flatbed().is_present(&Control::read());
    // SAFETY: not null, and the caller lets it be written; both lists live for ever.
    unsafe { *list = if present { sane::LIST.as_ptr() } else { sane::EMPTY_LIST.as_ptr() } };
    Status::GOOD
}

/// Opens the flatbed by the name `a6`, or by the empty name, which in SANE means "the first".
///
/// # Safety
/// `name` is null or a C string; `handle` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sane_bamvirtual_open(name: *const c_char, handle: *mut *mut c_void) -> c_int {
    if name.is_null() || handle.is_null() {
        return Status::INVALID;
    }
    // SAFETY: not null, and the caller gives a C string.
    let name = unsafe { CStr::from_ptr(name) };
    if !(name.is_empty() || name == sane::DEVICE_NAME) {
        return Status::INVALID;
    }
    match flatbed().open(&Control::read()) {
        Ok(number) => {
            // SAFETY: not null, and the caller lets it be written.
            unsafe { *handle = ptr::without_provenance_mut(number) };
            Status::GOOD
        }
        Err(status) => status,
    }
}

/// Closes the flatbed and forgets a scan that was under way.
#[unsafe(no_mangle)]
pub extern "C" fn sane_bamvirtual_close(handle: *mut c_void) {
    flatbed().close(handle.addr());
}

/// The descriptor of an option, or null outside the list.
#[unsafe(no_mangle)]
pub extern "C" fn sane_bamvirtual_get_option_descriptor(_handle: *mut c_void, option: c_int) -> *const OptionDescriptor {
    options::descriptor(option).map_or(ptr::null(), ptr::from_ref)
}

/// Reads or sets an option; `info` tells when a value was rounded.
///
/// # Safety
/// `value` is null or points to at least as many bytes as the option's descriptor says (a string that is set may be
/// shorter when it ends with a zero byte); `info` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sane_bamvirtual_control_option(
    handle: *mut c_void,
    option: c_int,
    action: c_int,
    value: *mut c_void,
    info: *mut c_int,
) -> c_int {
    if value.is_null() {
        return Status::INVALID;
    }
    let mut flatbed = flatbed();
    let Some(settings) = flatbed.settings(handle.addr()) else {
        return Status::INVALID;
    };
    let outcome = match action {
        // SAFETY: not null, and the caller vouches for its size.
        Action::GET => unsafe { options::get(settings, option, value) },
        // SAFETY: as above.
        Action::SET => unsafe { options::set(settings, option, value) },
        _ => Err(Status::UNSUPPORTED),
    };
    match outcome {
        Ok(told) => {
            if !info.is_null() {
                // SAFETY: not null, and the caller lets it be written.
                unsafe { *info = told };
            }
            Status::GOOD
        }
        Err(status) => status,
    }
}

/// The shape of the picture: of the scan under way, or of the one that would start now.
///
/// # Safety
/// `parameters` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sane_bamvirtual_get_parameters(handle: *mut c_void, parameters: *mut Parameters) -> c_int {
    match flatbed().parameters(handle.addr()) {
        Some(shape) if !parameters.is_null() => {
            // SAFETY: not null, and the caller lets it be written.
            unsafe { *parameters = shape };
            Status::GOOD
        }
        _ => Status::INVALID,
    }
}

/// Starts a scan of what lies on the glass now.
#[unsafe(no_mangle)]
pub extern "C" fn sane_bamvirtual_start(handle: *mut c_void) -> c_int {
    let control = Control::read();
    flatbed().start(handle.addr(), &control).err().unwrap_or(Status::GOOD)
}

/// Reads the next block of rows.
///
/// # Safety
/// `data` is null or `max_length` bytes of it may be written; `length` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sane_bamvirtual_read(
    handle: *mut c_void,
    data: *mut u8,
    max_length: c_int,
    length: *mut c_int,
) -> c_int {
    if length.is_null() {
        return Status::INVALID;
    }
    // SAFETY: not null, and the caller lets it be written.
    unsafe { *length = 0 };
    let Some(room) = usize::try_from(max_length).ok().filter(|room| *room > 0 && !data.is_null()) else {
        return Status::INVALID;
    };
    let control = Control::read();
    // Waiting happens without the lock: a hanging scanner must not block the calls of another thread.
    thread::sleep(control.delay);
    let next = flatbed().next(handle.addr(), &control);
    match next {
        Next::Rows => {}
        Next::Status(status) => return status,
        Next::Hang => hang(),
        Next::Crash => std::process::abort(),
    }
    let mut flatbed = flatbed();
    let rows = match flatbed.read(handle.addr(), room) {
        Ok(rows) => rows,
        Err(status) => return status,
    };
    // SAFETY: `rows` has at most `max_length` bytes, and the caller lets that many be written.
    unsafe { ptr::copy_nonoverlapping(rows.as_ptr(), data, rows.len()) };
    // SAFETY: not null. The length fits, as it is at most `max_length`.
    unsafe { *length = c_int::try_from(rows.len()).unwrap_or(0) };
    Status::GOOD
}

/// Stays until the fault is lifted, as a backend does that waits for a device which does not answer.
fn hang() {
    while Control::read().fault == Some(Fault::Hang) {
        thread::sleep(Duration::from_millis(50));
    }
}

/// Ends the scan under way.
#[unsafe(no_mangle)]
pub extern "C" fn sane_bamvirtual_cancel(handle: *mut c_void) {
    flatbed().cancel(handle.addr());
}

/// Only blocking reads are offered.
#[unsafe(no_mangle)]
pub extern "C" fn sane_bamvirtual_set_io_mode(_handle: *mut c_void, non_blocking: c_int) -> c_int {
    if non_blocking == 0 { Status::GOOD } else { Status::UNSUPPORTED }
}

/// There is no descriptor to wait on.
#[unsafe(no_mangle)]
pub extern "C" fn sane_bamvirtual_get_select_fd(_handle: *mut c_void, _descriptor: *mut c_int) -> c_int {
    Status::UNSUPPORTED
}
