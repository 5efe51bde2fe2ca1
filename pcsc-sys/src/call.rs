//! The functions.

use std::{
    ffi::{c_char, c_void},
    sync::OnceLock,
};

use libloading::Library;

use crate::{DWORD, LONG, SCARD_E_NO_SERVICE, SCARD_IO_REQUEST, SCARD_READERSTATE, SCARDCONTEXT, SCARDHANDLE};

/// The library's name on every Linux since pcsc-lite 1.0.
const LIBRARY: &str = "libpcsclite.so.1";

/// libpcsclite, looked for until it is found: it may be installed while the station runs.
fn library() -> Option<&'static Library> {
    static FOUND: OnceLock<Library> = OnceLock::new();
    FOUND.get().or_else(|| {
        // SAFETY: the library's constructors do nothing but read the environment. It is never unloaded.
        let library = unsafe { Library::new(LIBRARY) }.ok()?;
        Some(FOUND.get_or_init(|| library))
    })
}

/// Functions that hand their arguments to the function of the same name in libpcsclite.
macro_rules! forward {
    ($($name:ident($($argument:ident: $kind:ty),*);)+) => {$(
        /// # Safety
        /// As for the function of this name in pcsc-lite.
        pub unsafe fn $name($($argument: $kind),*) -> LONG {
            let Some(library) = library() else { return SCARD_E_NO_SERVICE };
            // SAFETY: `winscard.h` declares the function with this type.
            let function = unsafe { library.get::<unsafe extern "C" fn($($kind),*) -> LONG>(stringify!($name)) };
            // SAFETY: the caller answers for the arguments.
            function.map_or(SCARD_E_NO_SERVICE, |function| unsafe { function($($argument),*) })
        }
    )+};
}

forward! {
    SCardEstablishContext(scope: DWORD, reserved_1: *const c_void, reserved_2: *const c_void, context: *mut SCARDCONTEXT);
    SCardReleaseContext(context: SCARDCONTEXT);
    SCardIsValidContext(context: SCARDCONTEXT);
    SCardCancel(context: SCARDCONTEXT);
    SCardConnect(context: SCARDCONTEXT, reader: *const c_char, share: DWORD, protocols: DWORD, card: *mut SCARDHANDLE, protocol: *mut DWORD);
    SCardReconnect(card: SCARDHANDLE, share: DWORD, protocols: DWORD, initialization: DWORD, protocol: *mut DWORD);
    SCardDisconnect(card: SCARDHANDLE, disposition: DWORD);
    SCardGetStatusChange(context: SCARDCONTEXT, timeout: DWORD, states: *mut SCARD_READERSTATE, count: DWORD);
    SCardListReaders(context: SCARDCONTEXT, groups: *const c_char, readers: *mut c_char, length: *mut DWORD);
    SCardBeginTransaction(card: SCARDHANDLE);
    SCardEndTransaction(card: SCARDHANDLE, disposition: DWORD);
    SCardStatus(card: SCARDHANDLE, name: *mut c_char, name_length: *mut DWORD, state: *mut DWORD, protocol: *mut DWORD, atr: *mut u8, atr_length: *mut DWORD);
    SCardGetAttrib(card: SCARDHANDLE, attribute: DWORD, value: *mut u8, length: *mut DWORD);
    SCardSetAttrib(card: SCARDHANDLE, attribute: DWORD, value: *const u8, length: DWORD);
    SCardTransmit(card: SCARDHANDLE, sent: *const SCARD_IO_REQUEST, command: *const u8, command_length: DWORD, received: *mut SCARD_IO_REQUEST, answer: *mut u8, answer_length: *mut DWORD);
    SCardControl(card: SCARDHANDLE, code: DWORD, command: *const u8, command_length: DWORD, answer: *mut u8, answer_size: DWORD, answer_length: *mut DWORD);
}
