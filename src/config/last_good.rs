//! The last good MASTER.toml, kept at the desk, so that a share that is away or a file that is half written changes no rule.
//!
//! The copy lies in the data folder, in a room that only the station's user can open: MASTER.toml, the files that it names, and what
//! is known of its signature. It comes into force when the file itself cannot, and [`Configuration::alarm`] then says why.

use std::{
    fs, io,
    path::{Path, PathBuf, absolute},
};

use serde::{Deserialize, Serialize};

use super::{
    Administrators, Broken, ConfigError, Configuration, Found, Loaded, Master, Search,
    edit::write_whole,
    load_local, master,
    signature::{self, Seen, Signer},
    source::{FILE_LIMIT, Source},
};
use crate::digest::Digest;

/// The line with which a MASTER.toml may end. Once a file had it, a file without it counts as cut off, even when it was cut exactly
/// at the end of a line.
pub const CLOSING_LINE: &str = "# END";

/// Most bytes of a file that MASTER.toml names and that is copied with it.
const NAMED_FILE_LIMIT: u64 = FILE_LIMIT;
/// Most files of a folder that MASTER.toml names.
const MOST_FILES: usize = 400;

/// Why the MASTER.toml in force is not the one on the share, or is not safe there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// The fault's code in the catalogue.
    pub code: &'static str,
    /// What happened, with file, line and column where there are any.
    pub message: String,
}

/// What is known of the copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// Where the file itself is.
    file: PathBuf,
    sha256: Digest,
    /// The signature that was verified; `None` for a file of which none was asked.
    signed: Option<RecordedSignature>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedSignature {
    key: Digest,
    version: u64,
    signed_at: jiff::Timestamp,
    /// The other administrator's name, where two signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    second: Option<String>,
}

/// The copy and its record.
struct Kept {
    record: Record,
    content: Vec<u8>,
}

/// The room of the copy in the data folder.
struct Room(PathBuf);

impl Room {
    fn record(&self) -> PathBuf {
        self.0.join("kept.json")
    }

    fn content(&self) -> PathBuf {
        self.0.join("MASTER.toml")
    }

    /// The copy of a file or folder that MASTER.toml names.
    fn named(&self, path: &Path) -> PathBuf {
        self.0.join(Digest::of(path.as_os_str().as_encoded_bytes()).to_string())
    }

    /// The copy; `None` when there is none, or it is damaged.
    fn kept(&self) -> Option<Kept> {
        let record: Record = serde_json::from_slice(&fs::read(self.record()).ok()?).ok()?;
        let content = fs::read(self.content()).ok()?;
        (Digest::of(&content) == record.sha256).then_some(Kept { record, content })
    }

    /// Keeps this file and what it names. What is there already is not written again.
    fn keep(&self, record: &Record, content: &[u8], master: &Master) -> io::Result<()> {
        crate::register::make_folder(&self.0)?;
        for path in master.clone().named_files() {
            put(path, &self.named(path))?;
        }
        if let Some(folder) = &master.terms.folder {
            let copy = self.named(folder);
            crate::register::make_folder(&copy)?;
            for entry in fs::read_dir(folder)?.take(MOST_FILES) {
                let entry = entry?;
                if entry.file_type()?.is_file() {
                    put(&entry.path(), &copy.join(entry.file_name()))?;
                }
            }
        }
        let record = serde_json::to_vec(record)?;
        if fs::read(self.record()).is_ok_and(|there| there == record) {
            return Ok(());
        }
        // The record last: a copy that is not the recorded one does not count.
        write_whole(&self.content(), content)?;
        write_whole(&self.record(), &record)
    }
}

fn put(path: &Path, copy: &Path) -> io::Result<()> {
    if fs::metadata(path)?.len() > NAMED_FILE_LIMIT {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let content = fs::read(path)?;
    if fs::read(copy).is_ok_and(|there| there == content) { Ok(()) } else { write_whole(copy, &content) }
}

impl Configuration {
    /// The configuration in force at this desk: the files as they are, or the last good copy of MASTER.toml with an alarm.
    ///
    /// `data` is the data folder. With `keep`, a good MASTER.toml becomes the last good one.
    ///
    /// # Errors
    /// What is wrong with the files, when there is no last good copy, or it does not fit to the other files either.
    pub fn in_force(
        search: &Search,
        master: Option<PathBuf>,
        local: Option<PathBuf>,
        data: &Path,
        keep: bool,
    ) -> Result<Self, ConfigError> {
        let room = Room(data.join("last-good-master"));
        let kept = room.kept();
        let place = expected_place(search, master.as_deref(), kept.as_ref());
        let kept =
            kept.filter(|kept| place.as_deref().and_then(|place| absolute(place).ok()).as_ref() == Some(&kept.record.file));
        let found = match (&kept, place) {
            // The file itself may be away.
            (Some(_), Some(master)) => Found { master, local: search.local(local)? },
            _ => search.find(master, local)?,
        };
        let desk = load_local(&found.local);
        let administrators = desk.as_ref().map(|desk| desk.value.administrators.clone()).unwrap_or_default();

        let fresh = read_fresh(&found.master, &administrators, kept.as_ref());
        let (fresh, content, signer) = match fresh {
            Ok((loaded, content, signer)) => (Ok(loaded), content, signer),
            Err(error) => (Err(error), Vec::new(), None),
        };
        let whole = Self::assemble(&found, fresh, desk.clone());
        match (whole, kept) {
            (Ok(mut whole), _) => {
                whole.signer = signer;
                if keep {
                    let recorded = whole.signer.as_ref().map(|signer| RecordedSignature {
                        key: signer.key,
                        version: signer.version,
                        signed_at: signer.signed_at,
                        second: signer.second.clone(),
                    });
                    let file = absolute(&found.master).unwrap_or(found.master);
                    let record = Record { file, sha256: whole.master.digest, signed: recorded };
                    if let Err(error) = room.keep(&record, &content, &whole.master.value) {
                        let message = format!("no copy of MASTER.toml could be kept in {} ({error})", room.0.display());
                        whole.alarm = Some(Alarm { code: "MASTER_COPY_NOT_KEPT", message });
                    }
                }
                Ok(whole)
            }
            (Err(error), Some(kept)) => {
                let Some((loaded, signer)) = from_kept(&room, &kept, &administrators) else { return Err(error) };
                // A mistake of the other files is not cured by another MASTER.toml.
                let Ok(mut whole) = Self::assemble(&found, Ok(loaded), desk) else { return Err(error) };
                whole.signer = signer;
                whole.alarm =
                    Some(Alarm { code: error.code(), message: format!("{error}\nthe last good MASTER.toml stays in force") });
                Ok(whole)
            }
            (Err(error), None) => Err(error),
        }
    }
}

/// Where MASTER.toml belongs: as named; else the first place that has one, or had the one that was last in force.
fn expected_place(search: &Search, named: Option<&Path>, kept: Option<&Kept>) -> Option<PathBuf> {
    if let Some(named) = named {
        return Some(named.to_owned());
    }
    let was_there = |place: &PathBuf| kept.is_some_and(|kept| absolute(place).is_ok_and(|place| place == kept.record.file));
    search.master_places().into_iter().find(|place| was_there(place) || place.try_exists().unwrap_or(true))
}

/// A file with its exact bytes and its signer.
type Signed = (Loaded<Master>, Vec<u8>, Option<Signer>);

/// The file as it is, when it may come into force.
fn read_fresh(file: &Path, administrators: &Administrators, kept: Option<&Kept>) -> Result<Signed, ConfigError> {
    let source = Source::read(file, FILE_LIMIT)?;
    let signer = if administrators.require_signed_master {
        let seen = kept.and_then(|kept| {
            let signed = kept.record.signed.as_ref()?;
            Some(Seen { version: signed.version, sha256: kept.record.sha256 })
        });
        Some(signature::check(file, source.digest, administrators, seen)?)
    } else {
        let closed = |text: &str| text.lines().next_back().is_some_and(|line| line.trim() == CLOSING_LINE);
        let was_closed = kept.is_some_and(|kept| str::from_utf8(&kept.content).is_ok_and(closed));
        if was_closed && !closed(&source.text) {
            let message = format!("the closing line \"{CLOSING_LINE}\" is missing, so the file may be cut off");
            let diagnostic = source.diagnostic(source.text.len(), message, format!("\"{CLOSING_LINE}\" as the last line"));
            return Err(ConfigError::one(Broken::CutOff, diagnostic));
        }
        None
    };
    let loaded = master::from_source(&source)?;
    let mut signer = signer;
    if let Some(signer) = &mut signer {
        signature::check_second(file, &loaded, administrators, signer)?;
    }
    Ok((loaded, source.with_mark(&source.text), signer))
}

/// A MASTER.toml that may come into force under these administrators, and who signed it where a signature is required.
///
/// # Errors
/// What is wrong with the file or its signatures.
pub fn load_signed_master(file: &Path, administrators: &Administrators) -> Result<(Loaded<Master>, Option<Signer>), ConfigError> {
    read_fresh(file, administrators, None).map(|(loaded, _, signer)| (loaded, signer))
}

/// The copy as a MASTER.toml; `None` when it may not stay in force. Files that it names are taken from their own place as long as
/// they are there.
fn from_kept(room: &Room, kept: &Kept, administrators: &Administrators) -> Option<(Loaded<Master>, Option<Signer>)> {
    let signer = kept.record.signed.as_ref().and_then(|signed| {
        let name = administrators.name_by_digest(signed.key)?.to_owned();
        let RecordedSignature { key, version, signed_at, second } = signed.clone();
        Some(Signer { name, key, version, signed_at, second })
    });
    if administrators.require_signed_master && signer.is_none() {
        return None;
    }
    let source = Source::from_bytes(&kept.record.file, kept.content.clone()).ok()?;
    let mut loaded = master::from_source(&source).ok()?;
    let two_signed = signer.as_ref().is_some_and(|signer| signer.second.is_some());
    if administrators.needs_two(&loaded.value) && !two_signed {
        return None;
    }
    let away = |path: &mut PathBuf| {
        let copy = room.named(path);
        if !path.exists() && copy.exists() {
            *path = copy;
        }
    };
    loaded.value.named_files().for_each(away);
    if let Some(folder) = &mut loaded.value.terms.folder {
        away(folder);
    }
    Some((loaded, signer))
}
