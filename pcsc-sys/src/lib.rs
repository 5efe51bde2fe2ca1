//! The PC/SC interface as the `pcsc` crate expects it, with libpcsclite loaded when the first call is made.
//!
//! The published `pcsc-sys` links libpcsclite, so a program built with it neither builds nor starts without that library. A
//! desk without a card reader needs no card library, therefore this package stands in its place: without libpcsclite every
//! call answers [`SCARD_E_NO_SERVICE`], which the station explains. Names, values and layouts are those of pcsc-lite's
//! `winscard.h`, `wintypes.h`, `pcsclite.h` and `reader.h` (version 1.9); Linux only.
#![allow(unsafe_code, reason = "libpcsclite is a C library; its functions are called here and nowhere else")]
#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals, reason = "the interface's own names")]
#![allow(overflowing_literals, reason = "the error values are written unsigned; a 32-bit LONG holds them as negative numbers")]
#![allow(missing_docs, reason = "described in pcsc-lite's API documentation")]

mod call;
mod values;

use std::ffi::{c_char, c_long, c_ulong, c_void};

pub use call::*;
pub use values::*;

pub type DWORD = c_ulong;
pub type LONG = c_long;
pub type ULONG = c_ulong;
pub type SCARDCONTEXT = LONG;
pub type SCARDHANDLE = LONG;

/// Which protocol a command is sent with.
#[repr(C)]
pub struct SCARD_IO_REQUEST {
    pub dwProtocol: DWORD,
    pub cbPciLength: DWORD,
}

/// What is known of a reader, and what has become of it.
#[repr(C)]
pub struct SCARD_READERSTATE {
    pub szReader: *const c_char,
    pub pvUserData: *mut c_void,
    pub dwCurrentState: DWORD,
    pub dwEventState: DWORD,
    pub cbAtr: DWORD,
    pub rgbAtr: [u8; ATR_BUFFER_SIZE],
}

const fn request(protocol: DWORD) -> SCARD_IO_REQUEST {
    SCARD_IO_REQUEST { dwProtocol: protocol, cbPciLength: size_of::<SCARD_IO_REQUEST>() as DWORD }
}

pub static g_rgSCardT0Pci: SCARD_IO_REQUEST = request(SCARD_PROTOCOL_T0);
pub static g_rgSCardT1Pci: SCARD_IO_REQUEST = request(SCARD_PROTOCOL_T1);
pub static g_rgSCardRawPci: SCARD_IO_REQUEST = request(SCARD_PROTOCOL_RAW);

/// The control code of a reader's feature (PC/SC part 10).
pub const fn SCARD_CTL_CODE(code: DWORD) -> DWORD {
    0x4200_0000 + code
}
