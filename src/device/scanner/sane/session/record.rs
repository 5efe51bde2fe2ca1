//! libsane with a recorder beside it.

use std::{
    cell::RefCell,
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::Instant,
};

use super::{
    super::{
        ffi::{FoundDevice, Opt, Parameters, Status, Value},
        library::{Device, Library},
    },
    Call, FORM, Line, Outcome,
};
use crate::device::scanner::wire::Ask;

/// A library whose calls are all recorded.
pub struct Recorder {
    sane: Box<dyn Library>,
    book: Book,
}

impl Recorder {
    /// Records to a new file. With `picture` the bytes of the picture are recorded too.
    ///
    /// # Errors
    /// The file is there already, or cannot be written.
    pub fn new(sane: Box<dyn Library>, file: &Path, picture: bool) -> io::Result<Self> {
        // For the owner alone: it may hold the picture of a document.
        let out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        let book = Book { out: RefCell::new(BufWriter::new(out)), picture };
        let version = env!("CARGO_PKG_VERSION").to_owned();
        book.write(&Line::Session { form: FORM, version, picture })?;
        Ok(Self { sane, book })
    }
}

impl Library for Recorder {
    fn asked(&self, ask: &Ask) {
        // A file that cannot be written fails the first call.
        let _ = self.book.write(&Line::Asked(ask.clone()));
    }

    fn devices(&self) -> Result<Vec<FoundDevice>, Status> {
        self.book.call(Call::Devices, || self.sane.devices(), |devices| Outcome::Devices(devices.clone()))
    }

    fn open(&self, name: &str) -> Result<Box<dyn Device + '_>, Status> {
        let device = self.book.call(Call::Open(name.to_owned()), || self.sane.open(name), |_| Outcome::Done)?;
        Ok(Box::new(Recorded { device: Some(device), book: &self.book, options: RefCell::default() }))
    }
}

/// An open device whose calls are recorded.
struct Recorded<'a> {
    /// `None` only while it is closed.
    device: Option<Box<dyn Device + 'a>>,
    book: &'a Book,
    /// The options as last written down.
    options: RefCell<Vec<Opt>>,
}

impl Recorded<'_> {
    fn device(&self) -> Result<&dyn Device, Status> {
        self.device.as_deref().ok_or(Status::INVALID)
    }
}

impl Device for Recorded<'_> {
    fn options(&self) -> Result<Vec<Opt>, Status> {
        self.book.call(
            Call::Options,
            || self.device()?.options(),
            |options| {
                if *self.options.borrow() == *options {
                    return Outcome::OptionsAsBefore;
                }
                self.options.replace(options.clone());
                Outcome::Options(options.clone())
            },
        )
    }

    fn set(&self, index: i32, value: &Value) -> Result<Value, Status> {
        let taken = |taken: &Value| Outcome::Value(taken.clone());
        self.book.call(Call::Set(index, value.clone()), || self.device()?.set(index, value), taken)
    }

    fn start(&self) -> Result<(), Status> {
        self.book.call(Call::Start, || self.device()?.start(), |()| Outcome::Done)
    }

    fn parameters(&self) -> Result<Parameters, Status> {
        self.book.call(Call::Parameters, || self.device()?.parameters(), |shape| Outcome::Shape(*shape))
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize, Status> {
        let room = buffer.len();
        let read = || {
            let length = self.device()?.read(buffer)?;
            let seen = buffer.get(..length).unwrap_or_default();
            Ok((length, self.book.picture.then(|| hexadecimal(seen))))
        };
        let rows = |(length, bytes): &(usize, Option<String>)| Outcome::Rows { length: *length, bytes: bytes.clone() };
        self.book.call(Call::Read(room), read, rows).map(|(length, _)| length)
    }

    fn cancel(&self) {
        // Nothing can be done about a status here; the file is whole or the calls before have failed.
        let cancel = || self.device().map(Device::cancel);
        let _ = self.book.call(Call::Cancel, cancel, |()| Outcome::Done);
    }
}

impl Drop for Recorded<'_> {
    fn drop(&mut self) {
        let device = self.device.take();
        let _ = self.book.call(
            Call::Close,
            || {
                drop(device);
                Ok(())
            },
            |()| Outcome::Done,
        );
    }
}

/// The file that is written.
struct Book {
    out: RefCell<BufWriter<File>>,
    picture: bool,
}

impl Book {
    /// Makes a call, written down before and after.
    fn call<T>(
        &self,
        call: Call,
        work: impl FnOnce() -> Result<T, Status>,
        told: impl FnOnce(&T) -> Outcome,
    ) -> Result<T, Status> {
        self.write(&Line::Call(call)).map_err(|_| Status::NOT_WRITTEN)?;
        let began = Instant::now();
        let result = work();
        let after_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let outcome = match &result {
            Ok(value) => told(value),
            Err(status) => Outcome::Status(status.0),
        };
        self.write(&Line::Answer { after_ms, outcome }).map_err(|_| Status::NOT_WRITTEN)?;
        result
    }

    /// Each line is written out at once: the process may be killed in the next call.
    fn write(&self, line: &Line) -> io::Result<()> {
        let mut out = self.out.borrow_mut();
        serde_json::to_writer(&mut *out, line)?;
        out.write_all(b"\n")?;
        out.flush()
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
