//! The SANE interface (SANE standard 1.06, chapter 4) as safe calls. The only unsafe code of the station.
//!
//! What libsane gives is copied before the next call, because descriptors and lists are valid only until then. Status
//! codes stay integers: backends return values that are not in the standard's list. `sane_exit` is never called: starting
//! libsane a second time in one process crashes some backends, and the process ends right after anyway.
#![allow(unsafe_code, reason = "libsane is a C library; every unsafe call of the station stands in this file")]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr,
    sync::atomic::{AtomicBool, Ordering},
};

use libloading::Library as Loaded;
use serde::{Deserialize, Serialize};

use super::library::{Device, Library};

/// Longest text that is taken from a backend, in bytes.
const MOST_TEXT: usize = 256;
/// Most devices and most options that are looked at.
const MOST_ENTRIES: usize = 1024;
/// Most entries of one option's list of allowed values.
const MOST_ALLOWED: usize = 256;
/// Largest value of one option, in bytes.
const MOST_VALUE: usize = 64 * 1024;

/// A status that is not "good".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub c_int);

impl Status {
    /// The operation is not supported.
    pub const UNSUPPORTED: Self = Self(1);
    /// The operation was cancelled.
    pub const CANCELLED: Self = Self(2);
    /// Someone else uses the device.
    pub const BUSY: Self = Self(3);
    /// Invalid data; on opening: no such device.
    pub const INVALID: Self = Self(4);
    /// No more data.
    pub const END: Self = Self(5);
    /// The paper is stuck.
    pub const JAMMED: Self = Self(6);
    /// No document.
    pub const NO_DOCUMENTS: Self = Self(7);
    /// The cover is open.
    pub const COVER_OPEN: Self = Self(8);
    /// Communication failed.
    pub const IO_ERROR: Self = Self(9);
    /// Out of memory.
    pub const NO_MEMORY: Self = Self(10);
    /// Access denied.
    pub const ACCESS_DENIED: Self = Self(11);
    /// The lamp is not ready (newer than the standard).
    pub const WARMING_UP: Self = Self(12);
    /// Locked for transport (newer than the standard).
    pub const LOCKED: Self = Self(13);
    /// Not of SANE: a recorded session does not have this call.
    pub const NOT_RECORDED: Self = Self(-1);
    /// Not of SANE: the recording of the session cannot be written.
    pub const NOT_WRITTEN: Self = Self(-2);

    fn check(code: c_int) -> Result<(), Self> {
        if code == 0 { Ok(()) } else { Err(Self(code)) }
    }
}

/// Why libsane cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The library or one of its functions is missing.
    #[error("libsane cannot be loaded")]
    Missing(#[from] libloading::Error),
    /// Another major version of the interface, or libsane refused to start.
    #[error("libsane does not start")]
    Refused,
    /// libsane runs in this process already.
    #[error("libsane is started already")]
    StartedBefore,
}

#[repr(C)]
struct RawDevice {
    name: *const c_char,
    vendor: *const c_char,
    model: *const c_char,
    kind: *const c_char,
}

#[repr(C)]
struct RawRange {
    min: c_int,
    max: c_int,
    _quant: c_int,
}

#[repr(C)]
struct RawOption {
    name: *const c_char,
    _title: *const c_char,
    _description: *const c_char,
    kind: c_int,
    unit: c_int,
    size: c_int,
    capabilities: c_int,
    constraint_kind: c_int,
    /// A union of three pointers in the standard; `constraint_kind` says to what.
    constraint: *const c_void,
}

/// The shape of a picture, as the backend states it.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// [`Parameters::GREY`], [`Parameters::COLOUR`] or something else.
    pub format: c_int,
    /// 0 when more frames belong to the same picture.
    pub last_frame: c_int,
    /// Bytes of a row, padding included.
    pub bytes_per_line: c_int,
    /// Pixels of a row.
    pub pixels_per_line: c_int,
    /// Rows; -1 when the backend does not know.
    pub lines: c_int,
    /// Bits of one sample.
    pub depth: c_int,
}

impl Parameters {
    /// One sample a pixel.
    pub const GREY: c_int = 0;
    /// Three samples a pixel.
    pub const COLOUR: c_int = 1;
}

/// A device that libsane found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundDevice {
    /// The name to open it by.
    pub name: String,
    /// Maker.
    pub vendor: String,
    /// Model.
    pub model: String,
    /// Kind, for example `flatbed scanner`.
    pub kind: String,
}

/// What an option's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A whole number.
    Int,
    /// A number with 16 bits after the point.
    Fixed,
    /// A text.
    Text,
    /// A switch, a button, a heading: nothing that is set here.
    Other,
}

/// The values that an option allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Allowed {
    /// Whatever the backend takes.
    Any,
    /// From and to, in the option's own representation.
    Range(c_int, c_int),
    /// These numbers, in the option's own representation.
    Words(Vec<c_int>),
    /// These texts.
    Texts(Vec<String>),
}

/// An option as it is now; setting any option may change any other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opt {
    /// Its number.
    pub index: c_int,
    /// Its name, for example `resolution`.
    pub name: String,
    /// What its value is.
    pub kind: Kind,
    /// Whether lengths are in millimetres (unit 3).
    pub millimetres: bool,
    /// Whether lengths are in pixels (unit 1).
    pub pixels: bool,
    /// Whether it is active and software can set it.
    pub settable: bool,
    /// The values it allows.
    pub allowed: Allowed,
}

/// A value of an option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// A number in the option's own representation.
    Word(c_int),
    /// A text.
    Text(String),
}

/// Signatures of the functions that are used, by name.
struct Calls {
    get_devices: unsafe extern "C" fn(*mut *const *const RawDevice, c_int) -> c_int,
    open: unsafe extern "C" fn(*const c_char, *mut *mut c_void) -> c_int,
    close: unsafe extern "C" fn(*mut c_void),
    descriptor: unsafe extern "C" fn(*mut c_void, c_int) -> *const RawOption,
    control: unsafe extern "C" fn(*mut c_void, c_int, c_int, *mut c_void, *mut c_int) -> c_int,
    parameters: unsafe extern "C" fn(*mut c_void, *mut Parameters) -> c_int,
    start: unsafe extern "C" fn(*mut c_void) -> c_int,
    read: unsafe extern "C" fn(*mut c_void, *mut u8, c_int, *mut c_int) -> c_int,
    cancel: unsafe extern "C" fn(*mut c_void),
}

/// libsane, started. It stays on the thread that started it, as the standard demands.
pub struct Sane {
    calls: Calls,
    /// Never unloaded: backends leave threads behind.
    _library: ManuallyDrop<Loaded>,
    _one_thread: PhantomData<*const ()>,
}

static STARTED: AtomicBool = AtomicBool::new(false);

impl Sane {
    /// The library's file name.
    pub const LIBRARY: &str = "libsane.so.1";

    /// Loads libsane from `library` and starts it, at most once in a process.
    pub fn start(library: &str) -> Result<Self, LoadError> {
        // SAFETY: loading runs the library's initialisers. libsane and what it is linked with are made to be loaded
        // so by every scanning program, and this process does nothing else.
        let library = unsafe { Loaded::new(library) }?;
        // SAFETY: the types are those of the standard's header for functions of these names, and `_library` keeps
        // the code in memory for as long as the process lives.
        let (init, calls) = unsafe {
            let init = *library.get::<unsafe extern "C" fn(*mut c_int, *const c_void) -> c_int>(c"sane_init")?;
            let calls = Calls {
                get_devices: *library.get(c"sane_get_devices")?,
                open: *library.get(c"sane_open")?,
                close: *library.get(c"sane_close")?,
                descriptor: *library.get(c"sane_get_option_descriptor")?,
                control: *library.get(c"sane_control_option")?,
                parameters: *library.get(c"sane_get_parameters")?,
                start: *library.get(c"sane_start")?,
                read: *library.get(c"sane_read")?,
                cancel: *library.get(c"sane_cancel")?,
            };
            (init, calls)
        };
        let library = ManuallyDrop::new(library);
        if STARTED.swap(true, Ordering::SeqCst) {
            return Err(LoadError::StartedBefore);
        }
        let mut version: c_int = 0;
        // SAFETY: `version` may be written; no authorisation callback is given.
        let status = unsafe { init(&raw mut version, ptr::null()) };
        if status != 0 || version >> 24 != 1 {
            return Err(LoadError::Refused);
        }
        Ok(Self { calls, _library: library, _one_thread: PhantomData })
    }
}

impl Library for Sane {
    /// Those on the network included.
    fn devices(&self) -> Result<Vec<FoundDevice>, Status> {
        let mut list: *const *const RawDevice = ptr::null();
        // SAFETY: `list` may be written.
        Status::check(unsafe { (self.calls.get_devices)(&raw mut list, 0) })?;
        // SAFETY: the list ends with a null pointer and is valid until the next call, which comes after the copying.
        let devices = unsafe { entries(list, MOST_ENTRIES) }.into_iter().map(|device| {
            // SAFETY: entries before the null pointer lead to devices whose texts are C strings.
            unsafe {
                FoundDevice {
                    name: text((*device).name),
                    vendor: text((*device).vendor),
                    model: text((*device).model),
                    kind: text((*device).kind),
                }
            }
        });
        Ok(devices.collect())
    }

    fn open(&self, name: &str) -> Result<Box<dyn Device + '_>, Status> {
        let name = CString::new(name).map_err(|_| Status::INVALID)?;
        let mut handle = ptr::null_mut();
        // SAFETY: `name` is a C string, `handle` may be written.
        Status::check(unsafe { (self.calls.open)(name.as_ptr(), &raw mut handle) })?;
        Ok(Box::new(Handle { sane: self, handle }))
    }
}

/// An open device. Closed when dropped; it cannot outlive libsane.
struct Handle<'sane> {
    sane: &'sane Sane,
    handle: *mut c_void,
}

impl Handle<'_> {
    /// An option and the size of its value in bytes.
    fn option(&self, index: c_int) -> Option<(Opt, usize)> {
        // SAFETY: the handle is open; any index is allowed.
        let raw = unsafe { (self.sane.calls.descriptor)(self.handle, index) };
        if raw.is_null() {
            return None;
        }
        // SAFETY: not null; valid until the next call, which comes after the copying.
        let raw = unsafe { &*raw };
        let kind = match raw.kind {
            1 => Kind::Int,
            2 => Kind::Fixed,
            3 => Kind::Text,
            _ => Kind::Other,
        };
        // SAFETY: the constraint leads to what its kind says.
        let allowed = unsafe { allowed(raw.constraint_kind, raw.constraint) };
        // SAFETY: null or a C string.
        let name = unsafe { text(raw.name) };
        let settable = raw.capabilities & 1 != 0 && raw.capabilities & 32 == 0;
        let (millimetres, pixels) = (raw.unit == 3, raw.unit == 1);
        let size = usize::try_from(raw.size).unwrap_or(0).min(MOST_VALUE);
        Some((Opt { index, name, kind, millimetres, pixels, settable, allowed }, size))
    }

    /// Reads an option.
    fn get(&self, index: c_int) -> Result<Value, Status> {
        let (option, size) = self.option(index).ok_or(Status::INVALID)?;
        // Words, so that numbers are aligned; one more than needed, so that a text always ends.
        let mut words: Vec<c_int> = vec![0; size.div_ceil(size_of::<c_int>()) + 1];
        // SAFETY: the buffer is as large as the descriptor of this moment says.
        Status::check(unsafe { (self.sane.calls.control)(self.handle, index, 0, words.as_mut_ptr().cast(), ptr::null_mut()) })?;
        Ok(match option.kind {
            // SAFETY: the buffer's last word is zero, so the text ends within it.
            Kind::Text => Value::Text(unsafe { text(words.as_ptr().cast()) }),
            _ => Value::Word(words.first().copied().unwrap_or(0)),
        })
    }
}

impl Device for Handle<'_> {
    fn options(&self) -> Result<Vec<Opt>, Status> {
        let mut count: c_int = 0;
        // Some backends want the descriptor to be fetched before the value.
        let _ = self.option(0);
        // SAFETY: option 0 is the number of options, one word, by the standard.
        Status::check(unsafe { (self.sane.calls.control)(self.handle, 0, 0, (&raw mut count).cast(), ptr::null_mut()) })?;
        Ok((1..count).take(MOST_ENTRIES).filter_map(|index| self.option(index)).map(|(option, _)| option).collect())
    }

    /// Reads back what the backend took: it may round, and says so only in part.
    fn set(&self, index: c_int, value: &Value) -> Result<Value, Status> {
        let (option, size) = self.option(index).ok_or(Status::INVALID)?;
        let mut buffer: Vec<c_int> = match (option.kind, value) {
            (Kind::Int | Kind::Fixed, Value::Word(word)) if size == size_of::<c_int>() => vec![*word],
            (Kind::Text, Value::Text(text)) if text.len() < size && !text.contains('\0') => {
                let bytes = text.bytes().chain(std::iter::repeat(0)).take(size.next_multiple_of(4)).collect::<Vec<_>>();
                bytes.as_chunks::<4>().0.iter().map(|word| c_int::from_ne_bytes(*word)).collect()
            }
            _ => return Err(Status::INVALID),
        };
        let mut info: c_int = 0;
        // SAFETY: the buffer is at least as large as the descriptor of this moment says; `info` may be written.
        Status::check(unsafe { (self.sane.calls.control)(self.handle, index, 1, buffer.as_mut_ptr().cast(), &raw mut info) })?;
        self.get(index)
    }

    fn start(&self) -> Result<(), Status> {
        // SAFETY: the handle is open.
        Status::check(unsafe { (self.sane.calls.start)(self.handle) })
    }

    fn parameters(&self) -> Result<Parameters, Status> {
        let mut parameters = Parameters::default();
        // SAFETY: the handle is open, `parameters` may be written.
        Status::check(unsafe { (self.sane.calls.parameters)(self.handle, &raw mut parameters) })?;
        Ok(parameters)
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize, Status> {
        let room = c_int::try_from(buffer.len()).unwrap_or(c_int::MAX);
        let mut length: c_int = 0;
        // SAFETY: the handle is open, at most `room` bytes of the buffer are written.
        Status::check(unsafe { (self.sane.calls.read)(self.handle, buffer.as_mut_ptr(), room, &raw mut length) })?;
        Ok(usize::try_from(length).unwrap_or(0).min(buffer.len()))
    }

    fn cancel(&self) {
        // SAFETY: the handle is open.
        unsafe { (self.sane.calls.cancel)(self.handle) }
    }
}

impl Drop for Handle<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is open and not used again.
        unsafe { (self.sane.calls.close)(self.handle) }
    }
}

/// Lets what a backend prints go to standard error, and gives back the real standard output.
///
/// Backends print messages of their own to standard output, where they would break the framing.
pub fn take_standard_output() -> std::io::Result<std::fs::File> {
    use std::os::fd::AsFd;

    unsafe extern "C" {
        fn dup2(from: c_int, to: c_int) -> c_int;
    }
    let own = std::io::stdout().as_fd().try_clone_to_owned()?;
    // SAFETY: both are open descriptors of this process; 1 stays open and leads elsewhere.
    if unsafe { dup2(2, 1) } < 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(own.into())
}

/// A C string as text, at most [`MOST_TEXT`] bytes of it.
///
/// # Safety
/// `from` is null or a C string.
unsafe fn text(from: *const c_char) -> String {
    if from.is_null() {
        return String::new();
    }
    // SAFETY: as the caller promises.
    let bytes = unsafe { CStr::from_ptr(from) }.to_bytes();
    String::from_utf8_lossy(bytes.get(..MOST_TEXT).unwrap_or(bytes)).into_owned()
}

/// The entries of a list that ends with a null pointer, at most `most`.
///
/// # Safety
/// `list` is null or such a list.
unsafe fn entries<T>(list: *const *const T, most: usize) -> Vec<*const T> {
    if list.is_null() {
        return Vec::new();
    }
    // SAFETY: nothing behind the null pointer is read.
    (0..most).map(|place| unsafe { *list.add(place) }).take_while(|entry| !entry.is_null()).collect()
}

/// The values that an option allows.
///
/// # Safety
/// `constraint` is null or leads to what `kind` says in the standard.
unsafe fn allowed(kind: c_int, constraint: *const c_void) -> Allowed {
    if constraint.is_null() {
        return Allowed::Any;
    }
    match kind {
        1 => {
            // SAFETY: kind 1 is a range.
            let range = unsafe { &*constraint.cast::<RawRange>() };
            Allowed::Range(range.min, range.max)
        }
        2 => {
            let words = constraint.cast::<c_int>();
            // SAFETY: kind 2 is a list of words whose first is their number.
            let count = usize::try_from(unsafe { *words }).unwrap_or(0).min(MOST_ALLOWED);
            // SAFETY: that many words follow.
            Allowed::Words((1..=count).map(|place| unsafe { *words.add(place) }).collect())
        }
        3 => {
            // SAFETY: kind 3 is a list of C strings that ends with a null pointer.
            let texts = unsafe { entries(constraint.cast::<*const c_char>(), MOST_ALLOWED) };
            // SAFETY: as above.
            Allowed::Texts(texts.into_iter().map(|entry| unsafe { text(entry) }).collect())
        }
        _ => Allowed::Any,
    }
}
