//! The functions that pcscd calls. Everything with pointers is here; what they do is in the sibling files.
#![allow(unsafe_code, reason = "an IFD handler is a C interface: exported symbols that receive and fill raw pointers")]
#![allow(non_snake_case, reason = "the interface fixes the names")]
#![allow(clippy::missing_safety_doc, reason = "each function's pointers are pcscd's, as ifdhandler.h describes them")]

use std::{
    collections::BTreeMap,
    ffi::{CStr, OsStr, c_char, c_int, c_long, c_ulong},
    os::unix::ffi::OsStrExt as _,
    path::PathBuf,
    slice,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{
    pin_pad,
    reader::{Reader, lock},
};
use crate::wire::Ask;

/// Result codes.
mod code {
    use std::ffi::c_long;

    pub const SUCCESS: c_long = 0;
    pub const UNKNOWN_TAG: c_long = 600;
    pub const NOT_SUPPORTED: c_long = 606;
    pub const PROTOCOL_NOT_SUPPORTED: c_long = 607;
    pub const POWER_FAILED: c_long = 608;
    pub const COMMUNICATION_ERROR: c_long = 612;
    pub const CARD_PRESENT: c_long = 615;
    pub const CARD_ABSENT: c_long = 616;
    pub const NO_SUCH_DEVICE: c_long = 617;
    pub const BUFFER_TOO_SMALL: c_long = 618;
}

/// Tags of `IFDHGetCapabilities`.
mod tag {
    use std::ffi::c_ulong;

    pub const ATR: c_ulong = 0x0303;
    pub const SLOT_THREAD_SAFE: c_ulong = 0x0fac;
    pub const THREAD_SAFE: c_ulong = 0x0fad;
    pub const SLOTS: c_ulong = 0x0fae;
    pub const SIMULTANEOUS_ACCESS: c_ulong = 0x0faf;
    pub const WAIT_FOR_EVENT: c_ulong = 0x0fb3;
    pub const STOP_WAITING: c_ulong = 0x0fb4;
}

const POWER_UP: c_ulong = 500;
const POWER_DOWN: c_ulong = 501;
const RESET: c_ulong = 502;
/// pcscd wants the name of a device to exist; what follows is the socket.
const DEVICE_PREFIX: &[u8] = b"/dev/null:";
/// Most readers in one pcscd.
const MOST_READERS: u8 = 16;

static READERS: Mutex<BTreeMap<c_ulong, Arc<Reader>>> = Mutex::new(BTreeMap::new());

/// `SCARD_IO_HEADER`, passed by value.
#[repr(C)]
pub struct IoHeader {
    protocol: c_ulong,
    length: c_ulong,
}

fn reader(lun: c_ulong) -> Option<Arc<Reader>> {
    lock(&READERS).get(&lun).cloned()
}

/// Copies `bytes` to pcscd's buffer of `*length` bytes and sets the length.
///
/// # Safety
/// `length` is null or may be read and written; `buffer` is null or holds `*length` bytes.
unsafe fn give(bytes: &[u8], buffer: *mut u8, length: *mut c_ulong) -> c_long {
    if buffer.is_null() || length.is_null() {
        return code::COMMUNICATION_ERROR;
    }
    // SAFETY: not null, so it may be read and written.
    let length = unsafe { &mut *length };
    let needed = c_ulong::try_from(bytes.len()).unwrap_or(c_ulong::MAX);
    if needed > *length {
        return code::BUFFER_TOO_SMALL;
    }
    // SAFETY: the buffer has `*length` bytes, no fewer than `bytes`.
    unsafe { buffer.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    *length = needed;
    code::SUCCESS
}

/// pcscd's bytes.
///
/// # Safety
/// `bytes` is null or holds `length` bytes that live during the call.
unsafe fn take<'a>(bytes: *const u8, length: c_ulong) -> &'a [u8] {
    match usize::try_from(length) {
        // SAFETY: not null, so there are `length` bytes.
        Ok(length) if !bytes.is_null() => unsafe { slice::from_raw_parts(bytes, length) },
        _ => &[],
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IFDHCreateChannelByName(lun: c_ulong, device: *const c_char) -> c_long {
    if device.is_null() {
        return code::NO_SUCH_DEVICE;
    }
    // SAFETY: not null, and pcscd gives a C string.
    let name = unsafe { CStr::from_ptr(device) }.to_bytes();
    let socket = name.strip_prefix(DEVICE_PREFIX).unwrap_or(name);
    match Reader::open(PathBuf::from(OsStr::from_bytes(socket))) {
        Ok(reader) => {
            lock(&READERS).insert(lun, reader);
            code::SUCCESS
        }
        Err(_) => code::NO_SUCH_DEVICE,
    }
}

#[unsafe(no_mangle)]
extern "C" fn IFDHCreateChannel(_lun: c_ulong, _channel: c_ulong) -> c_long {
    code::NO_SUCH_DEVICE
}

#[unsafe(no_mangle)]
extern "C" fn IFDHCloseChannel(lun: c_ulong) -> c_long {
    let closed = lock(&READERS).remove(&lun);
    if let Some(reader) = closed {
        reader.close();
    }
    code::SUCCESS
}

extern "C" fn wait_for_event(lun: c_ulong, milliseconds: c_int) -> c_long {
    let limit = Duration::from_millis(milliseconds.try_into().unwrap_or(1000));
    match reader(lun) {
        Some(reader) => {
            reader.wait(limit);
            code::SUCCESS
        }
        None => code::NO_SUCH_DEVICE,
    }
}

extern "C" fn stop_waiting(lun: c_ulong) -> c_long {
    reader(lun).map_or(code::NO_SUCH_DEVICE, |reader| {
        reader.wake();
        code::SUCCESS
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IFDHGetCapabilities(lun: c_ulong, tag: c_ulong, length: *mut c_ulong, value: *mut u8) -> c_long {
    let wait: extern "C" fn(c_ulong, c_int) -> c_long = wait_for_event;
    let stop: extern "C" fn(c_ulong) -> c_long = stop_waiting;
    let bytes = match tag {
        tag::ATR => match reader(lun) {
            Some(reader) => reader.atr(),
            None => return code::NO_SUCH_DEVICE,
        },
        tag::SLOT_THREAD_SAFE | tag::THREAD_SAFE | tag::SLOTS => vec![1],
        tag::SIMULTANEOUS_ACCESS => vec![MOST_READERS],
        // pcscd reads the function's address from the buffer.
        tag::WAIT_FOR_EVENT => (wait as *const ()).addr().to_ne_bytes().to_vec(),
        tag::STOP_WAITING => (stop as *const ()).addr().to_ne_bytes().to_vec(),
        _ => return code::UNKNOWN_TAG,
    };
    // SAFETY: pcscd's buffer and its length.
    unsafe { give(&bytes, value, length) }
}

#[unsafe(no_mangle)]
extern "C" fn IFDHSetCapabilities(_lun: c_ulong, _tag: c_ulong, _length: c_ulong, _value: *const u8) -> c_long {
    code::UNKNOWN_TAG
}

#[unsafe(no_mangle)]
extern "C" fn IFDHSetProtocolParameters(_lun: c_ulong, protocol: c_ulong, _flags: u8, _p1: u8, _p2: u8, _p3: u8) -> c_long {
    // T=0 and T=1.
    if matches!(protocol, 1 | 2) { code::SUCCESS } else { code::PROTOCOL_NOT_SUPPORTED }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IFDHPowerICC(lun: c_ulong, action: c_ulong, atr: *mut u8, length: *mut c_ulong) -> c_long {
    let Some(reader) = reader(lun) else { return code::NO_SUCH_DEVICE };
    let kind = match action {
        POWER_DOWN => {
            reader.power_down();
            return code::SUCCESS;
        }
        POWER_UP => Ask::POWER_UP,
        RESET => Ask::RESET,
        _ => return code::NOT_SUPPORTED,
    };
    match reader.power(kind) {
        // SAFETY: pcscd's buffer for an ATR and its length.
        Some(bytes) => unsafe { give(&bytes, atr, length) },
        None => code::POWER_FAILED,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IFDHTransmitToICC(
    lun: c_ulong,
    _send: IoHeader,
    command: *const u8,
    command_length: c_ulong,
    answer: *mut u8,
    answer_length: *mut c_ulong,
    _receive: *mut IoHeader,
) -> c_long {
    let Some(reader) = reader(lun) else { return code::NO_SUCH_DEVICE };
    // SAFETY: pcscd's command.
    let command = unsafe { take(command, command_length) };
    if let Some(bytes) = reader.ask(Ask::APDU, command) {
        // SAFETY: pcscd's buffer and its length.
        return unsafe { give(&bytes, answer, answer_length) };
    }
    if !answer_length.is_null() {
        // SAFETY: not null, and pcscd lets it be written.
        unsafe { *answer_length = 0 };
    }
    code::COMMUNICATION_ERROR
}

#[unsafe(no_mangle)]
unsafe extern "C" fn IFDHControl(
    lun: c_ulong,
    control: c_ulong,
    request: *const u8,
    request_length: c_ulong,
    answer: *mut u8,
    room: c_ulong,
    answer_length: *mut c_ulong,
) -> c_long {
    let Some(reader) = reader(lun) else { return code::NO_SUCH_DEVICE };
    if !reader.has_pad() {
        return code::NOT_SUPPORTED;
    }
    let bytes = if control == c_ulong::from(pin_pad::GET_FEATURES) {
        Some(pin_pad::features())
    } else if control == c_ulong::from(pin_pad::VERIFY_PIN_DIRECT) {
        // SAFETY: pcscd's request.
        pin_pad::verify(&reader, unsafe { take(request, request_length) })
    } else {
        return code::NOT_SUPPORTED;
    };
    let Some(bytes) = bytes else { return code::COMMUNICATION_ERROR };
    if answer_length.is_null() {
        return code::COMMUNICATION_ERROR;
    }
    // SAFETY: not null, and pcscd lets it be written; the buffer has `room` bytes.
    unsafe {
        *answer_length = room;
        give(&bytes, answer, answer_length)
    }
}

#[unsafe(no_mangle)]
extern "C" fn IFDHICCPresence(lun: c_ulong) -> c_long {
    match reader(lun) {
        Some(reader) if reader.has_card() => code::CARD_PRESENT,
        Some(_) => code::CARD_ABSENT,
        None => code::NO_SUCH_DEVICE,
    }
}
