//! Wrong PINs, counted so that neither a restart nor a killed program gives a further try.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use super::{
    SignError,
    private_file::{self, PrivateFileError},
};

/// Wrong PINs after which a key is blocked, as on the smart cards.
pub const MAX_TRIES: u8 = 3;

/// The count of one key: a file with one digit, the tries that are used up.
pub(super) struct Tries {
    count: PathBuf,
    turn: PathBuf,
}

/// One try. It was counted before it began; only [`Attempt::succeeded`] takes it back.
pub(super) struct Attempt<'a> {
    tries: &'a Tries,
    used: u8,
    /// Keeps other processes from trying meanwhile.
    _turn: File,
}

impl Tries {
    /// The count that lies in `folder`.
    pub fn of(folder: &Path) -> Self {
        Self { count: folder.join("tries"), turn: folder.join("turn") }
    }

    /// Starts the count of a new key.
    pub fn start(&self) -> Result<(), PrivateFileError> {
        self.write(0)
    }

    /// Tries left. A missing or damaged count is refused, not taken for a fresh one.
    pub fn left(&self) -> Result<u8, SignError> {
        let bytes = private_file::read(&self.count, 2).map_err(unusable)?;
        match bytes.as_slice() {
            [digit @ b'0'..=b'9', b'\n'] => Ok(MAX_TRIES.saturating_sub(digit - b'0')),
            _ => Err(SignError::Unusable("the count of wrong PINs is damaged".to_owned())),
        }
    }

    /// Counts a try durably, then lets it begin.
    pub fn begin(&self) -> Result<Attempt<'_>, SignError> {
        let turn = private_file::lock(&self.turn).map_err(unusable)?;
        let used = match self.left()? {
            0 => return Err(SignError::Blocked),
            left => MAX_TRIES - left + 1,
        };
        self.write(used).map_err(unusable)?;
        Ok(Attempt { tries: self, used, _turn: turn })
    }

    fn write(&self, used: u8) -> Result<(), PrivateFileError> {
        private_file::write(&self.count, format!("{used}\n").as_bytes())
    }
}

impl Attempt<'_> {
    /// The PIN was right: all tries are there again.
    pub fn succeeded(self) -> Result<(), SignError> {
        self.tries.write(0).map_err(unusable)
    }

    /// The PIN was wrong: the try stays counted.
    pub fn failed(self) -> SignError {
        match MAX_TRIES.saturating_sub(self.used) {
            0 => SignError::Blocked,
            tries_left => SignError::WrongPin { tries_left },
        }
    }
}

/// A file that cannot be used means a key that cannot be used.
#[expect(clippy::needless_pass_by_value, reason = "shaped for map_err")]
pub(super) fn unusable(error: PrivateFileError) -> SignError {
    SignError::Unusable(error.to_string())
}
