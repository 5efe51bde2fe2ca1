//! A recorded session in libsane's place.

use std::{
    cell::{Cell, RefCell},
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _},
    path::Path,
    thread,
    time::Duration,
};

use super::{
    super::{
        ffi::{FoundDevice, Opt, Parameters, Status, Value},
        library::{Device, Library},
    },
    Call, FORM, Line, MOST_BYTES, MOST_LINE, Outcome,
};
use crate::device::scanner::{ScanJob, wire::Ask};

/// What a byte of the picture is when the recording does not hold it: mid-grey.
const UNKNOWN: u8 = 128;

/// A recording that answers as libsane did, in the same time.
///
/// It answers only what it was asked then, in the same order; anything else is [`Status::NOT_RECORDED`]. A recording that ends
/// in the middle of a call does what libsane did there: it never answers.
pub struct Replay {
    lines: RefCell<Lines>,
    /// The next line, when it is read already.
    ahead: Cell<Option<Line>>,
}

impl Replay {
    /// Opens a recording.
    ///
    /// # Errors
    /// The file cannot be read, or is no recording in a form that is understood.
    pub fn open(file: &Path) -> io::Result<Self> {
        Ok(Self { lines: RefCell::new(Lines::open(file)?), ahead: Cell::new(None) })
    }

    /// What libsane answered to this call, after the time that it took.
    fn answer(&self, call: &Call) -> Result<Outcome, Status> {
        loop {
            match self.next() {
                Some(Line::Asked(_)) => {}
                Some(Line::Call(recorded)) if recorded == *call => break,
                other => {
                    self.ahead.set(other);
                    return Err(Status::NOT_RECORDED);
                }
            }
        }
        match self.next() {
            Some(Line::Answer { after_ms, outcome }) => {
                thread::sleep(Duration::from_millis(after_ms));
                match outcome {
                    Outcome::Status(status) => Err(Status(status)),
                    good => Ok(good),
                }
            }
            Some(_) => Err(Status::NOT_RECORDED),
            None => loop {
                thread::park();
            },
        }
    }

    fn next(&self) -> Option<Line> {
        // What cannot be read ends the recording.
        self.ahead.take().or_else(|| self.lines.borrow_mut().line().ok().flatten())
    }
}

impl Library for Replay {
    fn devices(&self) -> Result<Vec<FoundDevice>, Status> {
        match self.answer(&Call::Devices)? {
            Outcome::Devices(devices) => Ok(devices),
            _ => Err(Status::NOT_RECORDED),
        }
    }

    fn open(&self, name: &str) -> Result<Box<dyn Device + '_>, Status> {
        self.answer(&Call::Open(name.to_owned()))?;
        Ok(Box::new(Replayed { session: self, options: RefCell::default() }))
    }
}

/// An open device of a recording.
struct Replayed<'a> {
    session: &'a Replay,
    /// The options as last told.
    options: RefCell<Vec<Opt>>,
}

impl Device for Replayed<'_> {
    fn options(&self) -> Result<Vec<Opt>, Status> {
        match self.session.answer(&Call::Options)? {
            Outcome::Options(options) => {
                self.options.replace(options.clone());
                Ok(options)
            }
            Outcome::OptionsAsBefore => Ok(self.options.borrow().clone()),
            _ => Err(Status::NOT_RECORDED),
        }
    }

    fn set(&self, index: i32, value: &Value) -> Result<Value, Status> {
        match self.session.answer(&Call::Set(index, value.clone()))? {
            Outcome::Value(taken) => Ok(taken),
            _ => Err(Status::NOT_RECORDED),
        }
    }

    fn start(&self) -> Result<(), Status> {
        self.session.answer(&Call::Start).map(drop)
    }

    fn parameters(&self) -> Result<Parameters, Status> {
        match self.session.answer(&Call::Parameters)? {
            Outcome::Shape(shape) => Ok(shape),
            _ => Err(Status::NOT_RECORDED),
        }
    }

    fn read(&self, buffer: &mut [u8]) -> Result<usize, Status> {
        let Outcome::Rows { length, bytes } = self.session.answer(&Call::Read(buffer.len()))? else {
            return Err(Status::NOT_RECORDED);
        };
        let rows = buffer.get_mut(..length).ok_or(Status::NOT_RECORDED)?;
        match bytes {
            None => rows.fill(UNKNOWN),
            Some(bytes) => rows.copy_from_slice(&bytes_of(&bytes).filter(|b| b.len() == length).ok_or(Status::NOT_RECORDED)?),
        }
        Ok(length)
    }

    fn cancel(&self) {
        // After a stop that was not recorded the session ends here.
        let _ = self.session.answer(&Call::Cancel);
    }
}

impl Drop for Replayed<'_> {
    fn drop(&mut self) {
        let _ = self.session.answer(&Call::Close);
    }
}

/// The first scan that a recording was asked for; `None` when it holds none.
///
/// # Errors
/// The file cannot be read, or is no recording in a form that is understood.
pub fn first_job(file: &Path) -> io::Result<Option<ScanJob>> {
    let mut lines = Lines::open(file)?;
    while let Some(line) = lines.line()? {
        if let Line::Asked(Ask::Scan(job)) = line {
            return Ok(Some(job));
        }
    }
    Ok(None)
}

/// The lines of a recording, one at a time.
struct Lines(io::Take<BufReader<File>>);

impl Lines {
    fn open(file: &Path) -> io::Result<Self> {
        let mut lines = Self(BufReader::new(File::open(file)?).take(MOST_BYTES));
        match lines.line()? {
            Some(Line::Session { form: FORM, .. }) => Ok(lines),
            Some(Line::Session { .. }) => Err(no_recording("it was recorded by a newer program")),
            _ => Err(no_recording("it is no recording of a scanner")),
        }
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        let mut text = Vec::new();
        (&mut self.0).take(MOST_LINE).read_until(b'\n', &mut text)?;
        // A line that was cut off while it was written never came.
        if text.last() != Some(&b'\n') {
            return Ok(None);
        }
        serde_json::from_slice(&text).map(Some).map_err(|_| no_recording("a line of it is not understood"))
    }
}

fn no_recording(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Bytes from two hexadecimal digits each.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    rest.is_empty().then(|| pairs.iter().map(byte).collect()).flatten()
}
