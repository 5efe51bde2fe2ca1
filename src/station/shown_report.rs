//! A signed report as people open it: a file in memory, never on a disk.
//!
//! What the register keeps is sealed. For a viewer the report is put on a file system in memory, into a folder that only the
//! station's user may enter, and it is gone when the station leaves the control. (Memory can be swapped out: a station whose disk
//! must keep no secrets has encrypted swap or none.)

use std::{
    env,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// statfs(2): the magic numbers of tmpfs and ramfs.
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58F6];

/// A report as a file in memory. The file goes when this is dropped.
#[derive(Debug)]
pub(super) struct ShownReport {
    name: String,
    folder: PathBuf,
    path: PathBuf,
}

impl ShownReport {
    /// Puts the report there as `NAME.pdf`; `None` on a machine without a file system in memory for this user.
    pub fn put(name: &str, pdf: &[u8]) -> io::Result<Option<Self>> {
        let Some(room) = room() else { return Ok(None) };
        let folder = room.join(format!("bam-station-{}", uuid::Uuid::now_v7()));
        DirBuilder::new().mode(0o700).create(&folder)?;
        let path = folder.join(name).with_extension("pdf");
        let shown = Self { name: name.to_owned(), folder, path };
        OpenOptions::new().write(true).create_new(true).mode(0o400).open(&shown.path)?.write_all(pdf)?;
        Ok(Some(shown))
    }

    /// The control's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ShownReport {
    fn drop(&mut self) {
        // What cannot be removed goes with the memory it lies in.
        drop(fs::remove_file(&self.path));
        drop(fs::remove_dir(&self.folder));
    }
}

/// The user's own folder in memory (XDG base directory specification), else the machine's.
fn room() -> Option<PathBuf> {
    let own = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    own.into_iter().chain([PathBuf::from("/dev/shm")]).find(|place| in_memory(place))
}

fn in_memory(place: &Path) -> bool {
    rustix::fs::statfs(place).is_ok_and(|about| IN_MEMORY.iter().any(|magic| i128::from(*magic) == i128::from(about.f_type)))
}
