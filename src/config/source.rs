//! The text of a configuration file: read within a limit, with a digest of its exact bytes and places as line and column.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::{Broken, ConfigError, Diagnostic};
use crate::digest::Digest;

/// Most bytes of a TOML file of the configuration. A real MASTER.toml has a few thousand.
pub(super) const FILE_LIMIT: u64 = 1 << 20;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A text file that was read whole.
pub(super) struct Source {
    pub path: PathBuf,
    /// The text, without a byte order mark.
    pub text: String,
    /// Digest of the exact bytes of the file.
    pub digest: Digest,
    byte_order_mark: bool,
    line_starts: Vec<usize>,
}

impl Source {
    /// Reads `path`. Its kind and size are asked first, so that a pipe does not block and a huge file is refused at once.
    pub fn read(path: &Path, limit: u64) -> Result<Self, ConfigError> {
        let broken =
            |kind, message: String, allowed: &str| Err(ConfigError::one(kind, Diagnostic::whole_file(path, message, allowed)));
        let unreadable = |error: &io::Error| match error.kind() {
            io::ErrorKind::NotFound => {
                broken(Broken::Missing, "the file does not exist".into(), "a text file at this place, readable for this user")
            }
            _ => broken(Broken::Unreadable, format!("the file cannot be read ({error})"), "a text file that this user may read"),
        };
        let too_large = |size: u64| {
            let message = format!("the file has {size} bytes or more");
            broken(Broken::TooLarge, message, &format!("at most {limit} bytes"))
        };

        match std::fs::metadata(path) {
            Err(error) => return unreadable(&error),
            Ok(found) if found.is_dir() => return broken(Broken::NotAFile, "this is a folder".into(), "a text file"),
            Ok(found) if !found.is_file() => {
                return broken(Broken::NotAFile, "this is a pipe, socket or device".into(), "a text file");
            }
            Ok(found) if found.len() > limit => return too_large(found.len()),
            Ok(_) => {}
        }
        let mut bytes = Vec::new();
        // The file may grow after its size was asked.
        match File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)) {
            Err(error) => return unreadable(&error),
            Ok(read) if read as u64 > limit => return too_large(limit + 1),
            Ok(_) => {}
        }
        Self::from_bytes(path, bytes)
    }

    /// Takes the bytes of a file: they must be UTF-8 and say something.
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, ConfigError> {
        let digest = Digest::of(&bytes);
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                let before = String::from_utf8_lossy(error.as_bytes().get(..good).unwrap_or_default()).into_owned();
                let place = Self::new(path, before, digest);
                let diagnostic = place.diagnostic(place.text.len(), "a byte here is not UTF-8", "text saved as UTF-8");
                return Err(ConfigError::one(Broken::NotText, diagnostic));
            }
        };
        let source = Self::new(path, text, digest);
        if source.text.trim().is_empty() {
            return Err(ConfigError::one(
                Broken::Empty,
                Diagnostic::whole_file(path, "the file is empty", "a complete file; a copy from before may help"),
            ));
        }
        Ok(source)
    }

    fn new(path: &Path, mut text: String, digest: Digest) -> Self {
        let byte_order_mark = text.starts_with(BYTE_ORDER_MARK);
        if byte_order_mark {
            text.remove(0);
        }
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(ends).collect();
        Self { path: path.to_owned(), text, digest, byte_order_mark, line_starts }
    }

    /// The bytes of a file with another text, which begins with a byte order mark where this one does.
    pub fn with_mark(&self, text: &str) -> Vec<u8> {
        let mark = if self.byte_order_mark { BYTE_ORDER_MARK.to_string() } else { String::new() };
        (mark + text).into_bytes()
    }

    /// A mistake at the byte `offset` of the text.
    pub fn diagnostic(&self, offset: usize, message: impl Into<String>, allowed: impl Into<String>) -> Diagnostic {
        let (line, column) = self.place(offset);
        Diagnostic { file: self.path.display().to_string(), line, column, message: message.into(), allowed: allowed.into() }
    }

    /// Line and column, both from 1, of the byte `offset`.
    pub fn place(&self, offset: usize) -> (usize, usize) {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        (line, column)
    }

    /// The text from the start of the line that holds the byte `offset` to its end.
    pub fn line_at(&self, offset: usize) -> &str {
        let (line, _) = self.place(offset);
        self.text.lines().nth(line - 1).unwrap_or("")
    }

    /// The last line has its end. A file that was written only in part nearly never has.
    pub fn is_complete(&self) -> bool {
        self.text.ends_with('\n')
    }
}
