//! The seal of a folder as the program uses it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{
    CardRecipient, KeyPlace, Keys, LockedKey, Recipient, RecipientSet, SealError, SealState, card::seal_to_cards, envelope,
    error::file,
};
use crate::register::make_folder;

/// The seal of a folder: to whom things are sealed, and the keys at hand that open them. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Seal(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// `None` for a folder that is not sealed.
    state: Option<SealState>,
    /// The name of the recipients.
    set: Option<String>,
    keys: Keys,
    /// The station's key where it is behind the operators' cards.
    locked: Option<LockedKey>,
    /// All keys, once a card has opened that one.
    unlocked: OnceLock<Keys>,
}

impl Seal {
    /// Nothing is sealed, and nothing can be opened.
    pub fn none() -> Self {
        Self::default()
    }

    /// The seal of a folder as its `seal.json` says. The station's key need not be at hand; then only `also`, the keys of an auditor,
    /// open what is sealed.
    ///
    /// # Errors
    /// `seal.json` or the key file cannot be read, or others can read the key.
    pub fn of(folder: &Path, also: &Keys) -> Result<Self, SealError> {
        let state = SealState::read(folder)?;
        let own = match &state {
            Some(state) => state.key.load(folder)?.unwrap_or_default(),
            None => Keys::default(),
        };
        let locked = state.as_ref().map_or(Ok(None), |state| state.key.locked(folder))?;
        let set = state.as_ref().map(|state| state.recipients.name());
        Ok(Self(Arc::new(Inner { state, set, keys: also.after(&own), locked, unlocked: OnceLock::new() })))
    }

    /// The seal of a folder in which the station writes: its own key must be at hand.
    ///
    /// # Errors
    /// [`SealError::KeyMissing`], [`SealError::OtherKey`], and those of [`Seal::of`].
    pub fn of_writer(folder: &Path, also: &Keys) -> Result<Self, SealError> {
        let seal = Self::of(folder, also)?;
        if let Some(SealState { key, recipients, .. }) = &seal.0.state {
            if let Some(locked) = &seal.0.locked {
                let same = locked.public == recipients.station;
                return if same { Ok(seal) } else { Err(SealError::OtherKey { place: place(key, folder) }) };
            }
            if seal.0.keys.count() == also.count() {
                return Err(SealError::KeyMissing { place: place(key, folder) });
            }
            if !seal.0.keys.open_for(&recipients.station) {
                return Err(SealError::OtherKey { place: place(key, folder) });
            }
        }
        Ok(seal)
    }

    /// Whether new things are sealed.
    pub fn seals(&self) -> bool {
        self.0.state.is_some()
    }

    /// To whom new things are sealed; `None` when nothing is sealed.
    pub fn recipients(&self) -> Option<&RecipientSet> {
        self.0.state.as_ref().map(|state| &state.recipients)
    }

    /// Where the station's key is; `None` when nothing is sealed.
    pub fn key_place(&self) -> Option<&KeyPlace> {
        self.0.state.as_ref().map(|state| &state.key)
    }

    /// The keys at hand.
    pub fn keys(&self) -> &Keys {
        self.0.unlocked.get().unwrap_or(&self.0.keys)
    }

    /// The station's key, as long as it is behind the operators' cards and none has opened it. Things can be sealed then, not opened.
    pub fn locked(&self) -> Option<&LockedKey> {
        let recipients = self.recipients()?;
        self.0.locked.as_ref().filter(|_| !self.keys().open_for(&recipients.station))
    }

    /// Takes the keys that a card has [opened](LockedKey::unlock), here and wherever this seal is used. They stay until the last of its
    /// clones is dropped.
    ///
    /// # Errors
    /// [`SealError::NotForTheseKeys`] when they are not those of this folder.
    pub fn unlock(&self, keys: &Keys) -> Result<(), SealError> {
        if !self.recipients().is_some_and(|set| keys.open_for(&set.station)) {
            return Err(SealError::NotForTheseKeys);
        }
        // Another thread may have been quicker, with the same keys.
        let _ = self.0.unlocked.set(self.0.keys.after(keys));
        Ok(())
    }

    /// Seals, where this folder is sealed.
    ///
    /// # Errors
    /// Those of the format, which a well-formed set of recipients does not meet.
    pub fn seal(&self, plain: &[u8]) -> Result<Option<Vec<u8>>, SealError> {
        self.recipients().map(|set| set.seal(plain)).transpose()
    }

    /// Opens what is sealed, at most `limit` bytes.
    ///
    /// # Errors
    /// [`SealError::NotForTheseKeys`] (also without any key), [`SealError::Damaged`], [`SealError::TooLarge`].
    pub fn open(&self, sealed: &[u8], limit: u64) -> Result<Zeroizing<Vec<u8>>, SealError> {
        envelope::open(sealed, self.keys(), limit)
    }

    /// Whether this is sealed to those to whom new things are sealed, as its header says.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        self.0.set.as_deref().is_some_and(|set| envelope::set_of(sealed) == Some(set))
    }

    /// Seals a text, where this folder is sealed: an age file in age's own ASCII armour. `place` is the one place where it belongs,
    /// such as the column and the control; it is the first line of what is sealed.
    ///
    /// # Errors
    /// As [`Seal::seal`].
    pub fn seal_text(&self, place: &str, text: &str) -> Result<Option<String>, SealError> {
        let plain = Zeroizing::new([place, "\n", text].concat());
        self.recipients().map(|set| envelope::armoured(&set.seal(plain.as_bytes())?)).transpose()
    }

    /// Opens a sealed text of at most `limit` bytes that belongs to `place`.
    ///
    /// # Errors
    /// As [`Seal::open`], and [`SealError::Misplaced`] for a text that belongs elsewhere.
    pub fn open_text(&self, place: &str, sealed: &str, limit: u64) -> Result<Zeroizing<String>, SealError> {
        let sealed = envelope::unarmoured(sealed, envelope::sealed_limit(limit))?;
        let plain = self.open(&sealed, limit.saturating_add(1024))?;
        let text = std::str::from_utf8(&plain).map_err(|_| SealError::Damaged("it is no text"))?;
        let text = text.strip_prefix(place).and_then(|text| text.strip_prefix('\n')).ok_or(SealError::Misplaced)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// As [`Seal::is_current`], for a sealed text.
    pub fn is_current_text(&self, sealed: &str) -> bool {
        envelope::beginning(sealed).is_some_and(|sealed| self.is_current(&sealed))
    }

    /// How long a sealed thing of `limit` bytes can be.
    pub fn sealed_limit(limit: u64) -> u64 {
        envelope::sealed_limit(limit)
    }
}

/// Brings a folder to what the configuration says: sealed with the key in `key` and to `auditors`. The key is made when this is the
/// folder's first sealing. What was sealed before stays as it is until it is [sealed anew](crate::register::Register::reseal).
///
/// The folder is made when it is missing. Nothing happens when all this is so already.
///
/// # Errors
/// [`SealError::KeyMissing`], [`SealError::OtherKey`], [`SealError::AlreadySealed`], and what stands in the way of the files.
pub fn establish(folder: &Path, key: &KeyPlace, auditors: &[Recipient], at: Timestamp) -> Result<(), SealError> {
    let before = SealState::read(folder)?;
    if *key == KeyPlace::Nothing {
        return if before.is_some() { Err(SealError::AlreadySealed) } else { Ok(()) };
    }
    let station = if let Some(locked) = key.locked(folder)? {
        if before.as_ref().is_some_and(|before| locked.public != before.recipients.station) {
            return Err(SealError::OtherKey { place: place(key, folder) });
        }
        locked.public
    } else {
        let keys = match (key.load(folder)?, &before) {
            (Some(keys), _) => keys,
            (None, None) if key.is_ours() => make_key(key, folder, at)?,
            (None, _) => return Err(SealError::KeyMissing { place: place(key, folder) }),
        };
        if before.as_ref().is_some_and(|before| !keys.open_for(&before.recipients.station)) {
            return Err(SealError::OtherKey { place: place(key, folder) });
        }
        keys.current().ok_or_else(|| SealError::NotAKey { place: place(key, folder) })?
    };
    let state = SealState::new(key.clone(), RecipientSet { station, auditors: auditors.to_vec() });
    if before.as_ref() == Some(&state) {
        return Ok(());
    }
    make_folder(folder).map_err(file(folder))?;
    state.write(folder)
}

/// Puts a new key in force. The one before stays in the key file, because things are still sealed to it.
///
/// With `lost` the station's key is gone for good, and a new key file is made.
///
/// # Errors
/// [`SealError::KeyNotOurs`], [`SealError::StateMissing`] for a folder that is not sealed, and what stands in the way of the files.
pub fn put_new_key_in_force(folder: &Path, lost: bool, at: Timestamp) -> Result<(), SealError> {
    let state = SealState::read(folder)?.ok_or(SealError::StateMissing)?;
    let path = own_path(&state.key, folder)?;
    let keys = match state.key.load(folder)? {
        None if lost => Keys::default(),
        None => return Err(SealError::KeyMissing { place: place(&state.key, folder) }),
        Some(keys) => keys,
    };
    // Killed between the key and the state, the new key is there already and not in force yet.
    let keys = if keys.current().is_some_and(|current| current != state.recipients.station) {
        keys
    } else {
        let keys = keys.after(&Keys::generate());
        path.parent().map_or(Ok(()), make_folder).map_err(file(&path))?;
        keys.write(&path, at)?;
        keys
    };
    let station = keys.current().ok_or(SealError::StateMissing)?;
    let recipients = RecipientSet { station, auditors: state.recipients.auditors };
    SealState::new(state.key, recipients).write(folder)
}

/// Seals another folder of the same station as `folder` is sealed now.
///
/// # Errors
/// [`SealError::StateMissing`] when `folder` is not sealed, and what stands in the way of the files.
pub fn follow(other: &Path, folder: &Path) -> Result<(), SealError> {
    let state = SealState::read(folder)?.ok_or(SealError::StateMissing)?;
    if SealState::read(other)?.as_ref() == Some(&state) { Ok(()) } else { state.write(other) }
}

/// Takes the keys before the one in force out of the key file, and says how many: nothing is sealed to them any more.
///
/// # Errors
/// [`SealError::StateMissing`] for a folder that is not sealed, and what stands in the way of the files.
pub fn drop_old_keys(folder: &Path, at: Timestamp) -> Result<usize, SealError> {
    let state = SealState::read(folder)?.ok_or(SealError::StateMissing)?;
    let Some(keys) = state.key.load(folder)? else { return Ok(0) };
    let old = keys.count().saturating_sub(1);
    if old > 0 && state.key.is_ours() && keys.current() == Some(state.recipients.station) {
        keys.only_current().write(&own_path(&state.key, folder)?, at)?;
        return Ok(old);
    }
    Ok(0)
}

/// The station's keys as they lie in a key file.
///
/// # Errors
/// [`SealError::StateMissing`] for a folder that is not sealed, [`SealError::KeyMissing`] when the key is not there or behind cards, and
/// what stands in the way of the files.
pub fn station_keys(folder: &Path) -> Result<Keys, SealError> {
    let state = SealState::read(folder)?.ok_or(SealError::StateMissing)?;
    state.key.load(folder)?.ok_or_else(|| SealError::KeyMissing { place: place(&state.key, folder) })
}

/// Seals the station's keys to these cards, in place of those to which they were sealed before; the file. The key in force stays the same.
///
/// # Errors
/// [`SealError::StateMissing`] for a folder that is not sealed, [`SealError::OtherKey`] when these are not the keys of this folder, and what
/// stands in the way of the files.
pub fn put_behind_cards(folder: &Path, keys: &Keys, cards: &[CardRecipient]) -> Result<PathBuf, SealError> {
    let state = SealState::read(folder)?.ok_or(SealError::StateMissing)?;
    let path = KeyPlace::Card.path(folder).ok_or(SealError::StateMissing)?;
    if keys.current() != Some(state.recipients.station) {
        return Err(SealError::OtherKey { place: path.display().to_string() });
    }
    path.parent().map_or(Ok(()), make_folder).map_err(file(&path))?;
    seal_to_cards(keys, cards, &path)?;
    Ok(path)
}

fn own_path(key: &KeyPlace, folder: &Path) -> Result<PathBuf, SealError> {
    key.path(folder).filter(|_| key.is_ours()).ok_or_else(|| SealError::KeyNotOurs { place: place(key, folder) })
}

fn make_key(key: &KeyPlace, folder: &Path, at: Timestamp) -> Result<Keys, SealError> {
    let path = own_path(key, folder)?;
    path.parent().map_or(Ok(()), make_folder).map_err(file(&path))?;
    let keys = Keys::generate();
    keys.write(&path, at)?;
    // Another process may have made one at the same moment; what stands there now counts.
    key.load(folder)?.ok_or_else(|| SealError::KeyMissing { place: place(key, folder) })
}

fn place(key: &KeyPlace, folder: &Path) -> String {
    key.path(folder).map_or_else(|| key.to_string(), |path| path.display().to_string())
}
