//! The answers that are kept, so that a desk need not ask about the same card again and again, and can go on when the network is away.
//!
//! Each is a file of its own with the signed answer as it came; the file's time says when it was fetched. Nothing is believed
//! that is not checked again, so a damaged file is only fetched anew, and no failure to keep something is told.

use std::{
    fs::{self, DirBuilder, File},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::crl;
use crate::digest::Digest;

/// An answer so old holds no more.
const LONGEST: Duration = Duration::from_secs(40 * 24 * 60 * 60);
/// More files than this are not looked through.
const MOST_FILES: usize = 100_000;
const EXTENSION: &str = "der";

/// The folder of kept answers.
#[derive(Debug)]
pub(super) struct KeptAnswers {
    folder: PathBuf,
}

/// An answer that was kept.
pub(super) struct KeptAnswer {
    pub der: Vec<u8>,
    /// How long ago it was fetched; the longest time when the clock was set back.
    pub age: Duration,
}

impl KeptAnswers {
    /// Uses `folder`, and drops from it what is too old to be used again.
    pub fn open(folder: &Path) -> Self {
        let files = fs::read_dir(folder).into_iter().flatten().flatten().take(MOST_FILES);
        for path in files.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|it| it == EXTENSION)) {
            if age(&path).is_some_and(|age| age > LONGEST) {
                let _ = fs::remove_file(path);
            }
        }
        Self { folder: folder.to_owned() }
    }

    /// The answer of this name.
    pub fn find(&self, key: &Digest) -> Option<KeptAnswer> {
        let path = self.path(key);
        let age = age(&path)?;
        let most = u64::try_from(crl::MAX_BYTES).unwrap_or(u64::MAX);
        let mut der = Vec::new();
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut der)).ok()?;
        Some(KeptAnswer { der, age })
    }

    /// Keeps an answer under this name.
    pub fn keep(&self, key: &Digest, der: &[u8]) {
        // Without it the answer is asked for again; the verdict is the same.
        let _ = self.write(key, der);
    }

    fn write(&self, key: &Digest, der: &[u8]) -> std::io::Result<()> {
        make_private(&self.folder)?;
        // Two programs may keep the same answer at once.
        let unfinished = self.folder.join(format!("{key}.{}.new", uuid::Uuid::now_v7()));
        let written = File::create(&unfinished).and_then(|mut file| file.write_all(der));
        written.and_then(|()| fs::rename(&unfinished, self.path(key))).inspect_err(|_| {
            let _ = fs::remove_file(&unfinished);
        })
    }

    fn path(&self, key: &Digest) -> PathBuf {
        self.folder.join(format!("{key}.{EXTENSION}"))
    }
}

/// Makes the folder, and the data folder around it, for its owner alone.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn age(path: &Path) -> Option<Duration> {
    let written = fs::metadata(path).and_then(|found| found.modified()).ok()?;
    Some(SystemTime::now().duration_since(written).unwrap_or(Duration::MAX))
}
