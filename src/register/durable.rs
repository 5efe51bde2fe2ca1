//! Folders and files that survive a power cut, readable by the owner alone.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use super::RegisterError;

/// Makes `folder` and its parents where they are missing, and takes the rights of everybody but the owner away from it.
pub fn create_folder(folder: &Path) -> Result<(), RegisterError> {
    if !folder.is_dir() {
        make_folder(folder)?;
    }
    if fs::metadata(folder)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Each new folder is durable in its parent before anything is put into it.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !parent.is_dir() {
        make_folder(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
        made => made?,
    }
    sync_folder(parent)
}

/// Opens `path` for writing, and creates it with mode 0600.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// The lock of a folder: one process at a time. It ends when this is dropped, also when the process is killed.
#[derive(Debug)]
pub struct FolderLock(File);

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child that another thread is starting shares the lock until it runs its own program.
        let _ = self.0.unlock();
    }
}

/// Takes the lock of `folder`.
pub fn lock_folder(folder: &Path) -> Result<FolderLock, RegisterError> {
    lock(&folder.join("lock"))
}

/// Takes the lock of whoever works in `folder` beside the station that holds [its lock](lock_folder).
pub fn lock_beside(folder: &Path) -> Result<FolderLock, RegisterError> {
    lock(&folder.join("lock-beside"))
}

fn lock(path: &Path) -> Result<FolderLock, RegisterError> {
    let file = create_private(path)?;
    match file.try_lock() {
        Ok(()) => Ok(FolderLock(file)),
        Err(TryLockError::WouldBlock) => Err(RegisterError::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Makes the names in `folder` durable: a rename is on the disk only when the folder is.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes `bytes` to `target` so that the file is there completely or not at all, readable by the owner and not meant to change.
/// `temporary` lies in the same file system.
pub fn write_durably(temporary: &Path, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o400)
        .open(temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(temporary, target));
    if written.is_err() {
        // The failure of the write is what matters; a temporary file left behind is removed at the next opening.
        let _ = fs::remove_file(temporary);
    }
    written?;
    target.parent().map_or(Ok(()), sync_folder)
}
