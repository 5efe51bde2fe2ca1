//! The flatbed's options: mode, resolution and the four edges of the area, under SANE's well-known names.

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    ptr,
};

use crate::{
    flatbed::{HEIGHT_MM, Settings, WIDTH_MM},
    sane::{Info, List, OptionDescriptor, Range, Status},
};

/// One millimetre as SANE_Fixed (16 bits after the point).
pub const MM: c_int = 1 << 16;

/// The area moves in steps of a quarter of a millimetre, as real scanners have steps of their own; other values are
/// rounded and reported as inexact.
const STEP: c_int = MM / 4;

/// Room for the longest mode name and its zero byte.
const MODE_BYTES: usize = 8;

static MODES: List<c_char, 3> = List([c"Color".as_ptr(), c"Gray".as_ptr(), ptr::null()]);
static RESOLUTIONS: [c_int; 5] = [4, 75, 150, 300, 600];
static WIDTH: Range = Range { min: 0, max: WIDTH_MM * MM, quant: STEP };
static HEIGHT: Range = Range { min: 0, max: HEIGHT_MM * MM, quant: STEP };

const TYPE_INT: c_int = 1;
const TYPE_FIXED: c_int = 2;
const TYPE_STRING: c_int = 3;
const UNIT_NONE: c_int = 0;
const UNIT_MM: c_int = 3;
const UNIT_DPI: c_int = 4;
/// Software can set it and read it.
const SETTABLE: c_int = 1 | 4;
const READABLE: c_int = 4;

/// The number of every option, which is its place in [`DESCRIPTORS`].
const COUNT: c_int = 0;
const MODE: c_int = 1;
const RESOLUTION: c_int = 2;
const LEFT: c_int = 3;
const TOP: c_int = 4;
const RIGHT: c_int = 5;
const BOTTOM: c_int = 6;

static DESCRIPTORS: [OptionDescriptor; 7] = [
    describe(c"", c"Number of options", TYPE_INT, UNIT_NONE, READABLE, 0, ptr::null()),
    describe(c"mode", c"Scan mode", TYPE_STRING, UNIT_NONE, SETTABLE, 3, (&raw const MODES).cast()),
    describe(c"resolution", c"Resolution", TYPE_INT, UNIT_DPI, SETTABLE, 2, (&raw const RESOLUTIONS).cast()),
    describe(c"tl-x", c"Left edge", TYPE_FIXED, UNIT_MM, SETTABLE, 1, (&raw const WIDTH).cast()),
    describe(c"tl-y", c"Top edge", TYPE_FIXED, UNIT_MM, SETTABLE, 1, (&raw const HEIGHT).cast()),
    describe(c"br-x", c"Right edge", TYPE_FIXED, UNIT_MM, SETTABLE, 1, (&raw const WIDTH).cast()),
    describe(c"br-y", c"Bottom edge", TYPE_FIXED, UNIT_MM, SETTABLE, 1, (&raw const HEIGHT).cast()),
];

const fn describe(
    name: &'static CStr,
    title: &'static CStr,
    kind: c_int,
    unit: c_int,
    capabilities: c_int,
    constraint_kind: c_int,
    constraint: *const c_void,
) -> OptionDescriptor {
    OptionDescriptor {
        name: name.as_ptr(),
        title: title.as_ptr(),
        description: title.as_ptr(),
        kind,
        unit,
        size: if kind == TYPE_STRING { 8 } else { 4 },
        capabilities,
        constraint_kind,
        constraint,
    }
}

/// The descriptor of an option.
pub fn descriptor(option: c_int) -> Option<&'static OptionDescriptor> {
    usize::try_from(option).ok().and_then(|index| DESCRIPTORS.get(index))
}

/// Writes an option's value.
///
/// # Safety
/// `value` points to as many writable bytes as the option's descriptor says.
pub unsafe fn get(settings: &Settings, option: c_int, value: *mut c_void) -> Result<c_int, c_int> {
    let word = match option {
        COUNT => c_int::try_from(DESCRIPTORS.len()).map_err(|_| Status::INVALID)?,
        RESOLUTION => settings.resolution,
        LEFT => settings.left,
        TOP => settings.top,
        RIGHT => settings.right,
        BOTTOM => settings.bottom,
        MODE => {
            let name: &[u8] = if settings.colour { b"Color\0\0\0" } else { b"Gray\0\0\0\0" };
            // SAFETY: the caller gives at least `MODE_BYTES` bytes, and both names have exactly that many.
            unsafe { ptr::copy_nonoverlapping(name.as_ptr(), value.cast::<u8>(), MODE_BYTES) };
            return Ok(0);
        }
        _ => return Err(Status::INVALID),
    };
    // SAFETY: the caller gives the four bytes of a word; they need not be aligned.
    unsafe { value.cast::<c_int>().write_unaligned(word) };
    Ok(0)
}

/// Takes an option's value, rounded to what the flatbed can do.
///
/// # Safety
/// `value` points to as many readable bytes as the option's descriptor says; a string may be shorter when it ends with
/// a zero byte.
pub unsafe fn set(settings: &mut Settings, option: c_int, value: *const c_void) -> Result<c_int, c_int> {
    if option == MODE {
        // SAFETY: as the caller promises.
        settings.colour = match unsafe { text(value.cast()) }.as_slice() {
            b"Color" => true,
            b"Gray" => false,
            _ => return Err(Status::INVALID),
        };
        return Ok(Info::RELOAD_PARAMETERS);
    }
    let (field, limit) = match option {
        RESOLUTION => (&mut settings.resolution, 0),
        LEFT => (&mut settings.left, WIDTH.max),
        TOP => (&mut settings.top, HEIGHT.max),
        RIGHT => (&mut settings.right, WIDTH.max),
        BOTTOM => (&mut settings.bottom, HEIGHT.max),
        _ => return Err(Status::INVALID),
    };
    // SAFETY: the caller gives the four bytes of a word; they need not be aligned.
    let asked = unsafe { value.cast::<c_int>().read_unaligned() };
    let taken = if option == RESOLUTION {
        RESOLUTIONS.into_iter().skip(1).min_by_key(|dpi| dpi.abs_diff(asked)).ok_or(Status::INVALID)?
    } else {
        (asked.clamp(0, limit) + STEP / 2) / STEP * STEP
    };
    *field = taken;
    Ok(Info::RELOAD_PARAMETERS | if taken == asked { 0 } else { Info::INEXACT })
}

/// The bytes up to the zero byte, at most [`MODE_BYTES`].
///
/// # Safety
/// Every byte up to the first zero byte, or else [`MODE_BYTES`] bytes, can be read.
unsafe fn text(from: *const u8) -> Vec<u8> {
    // SAFETY: the iterator stops at the first zero byte, so no byte behind it is read.
    (0..MODE_BYTES).map(|place| unsafe { *from.add(place) }).take_while(|byte| *byte != 0).collect()
}
