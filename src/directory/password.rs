//! A password alone in a file, which nobody else on the machine can read.

use std::{fs::File, io::Read as _, path::Path};

use zeroize::Zeroizing;

/// A password has some dozen bytes.
const LIMIT: u64 = 1024;

/// Reads it, without the line break at the end.
///
/// # Errors
/// Why not, in words.
pub fn read(file: &Path) -> Result<Zeroizing<String>, String> {
    let opened = File::open(file).map_err(|error| error.kind().to_string())?;
    let metadata = opened.metadata().map_err(|error| error.kind().to_string())?;
    if !metadata.is_file() {
        return Err("it is no file".into());
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(&metadata) & 0o077 != 0 {
        return Err("other users of this machine can read it: chmod 600".into());
    }
    let mut text = Zeroizing::new(String::new());
    let read = opened.take(LIMIT + 1).read_to_string(&mut text).map_err(|_| "it is no text in UTF-8".to_owned())?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() || read as u64 > LIMIT || password.contains(char::is_control) {
        return Err("it must hold the password alone, on one line".into());
    }
    Ok(Zeroizing::new(password.to_owned()))
}
