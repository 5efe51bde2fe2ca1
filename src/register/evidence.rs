//! Evidence, each piece named after its own SHA-256: kept once, found by its digest, checked whenever it is read.
//!
//! Two layers: the [`EvidenceStore`] knows digests and limits and is what everybody uses; a [`Blobs`] below it keeps bytes under a name
//! and believes whatever it reads.

use std::{path::PathBuf, sync::Arc};

use super::{RegisterError, Resealed};
use crate::{
    digest::Digest,
    seal::{Seal, SealError, is_sealed},
};

/// The largest piece of evidence, in bytes. A report with an A6 scan at 600 dpi has some 10 MB.
pub const MAX_EVIDENCE_BYTES: u64 = 64 * 1024 * 1024;

/// As much as the header of a sealed piece can have.
pub const HEADER_BYTES: u64 = 32 * 1024;

/// Where the bytes of evidence lie, each piece under its digest.
pub trait Blobs: Send + Sync {
    /// Keeps bytes, in place of what is there. Durable when it returns.
    fn put(&self, digest: &Digest, bytes: &[u8]) -> Result<(), RegisterError>;
    /// Makes durable what an interrupted [`Blobs::put`] of the same bytes has left complete.
    fn settle(&self, digest: &Digest) -> Result<(), RegisterError>;
    /// What is kept, whole: at most `limit` bytes, else [`RegisterError::TooLarge`]. `None` when nothing is.
    fn get(&self, digest: &Digest, limit: u64) -> Result<Option<Vec<u8>>, RegisterError>;
    /// Whether something is kept.
    fn holds(&self, digest: &Digest) -> Result<bool, RegisterError>;
    /// Removes it for good.
    fn remove(&self, digest: &Digest) -> Result<(), RegisterError>;
    /// The first [`HEADER_BYTES`] of what is kept, or all of it when it is shorter; empty when nothing is.
    fn beginning(&self, digest: &Digest) -> Result<Vec<u8>, RegisterError>;
    /// Everything that is kept.
    fn names(&self) -> Result<Vec<Digest>, RegisterError>;
    /// The file in which the evidence lies; `None` where there is no such file.
    fn file(&self, digest: &Digest) -> Option<PathBuf>;
}

/// The evidence of a register or an archive.
#[derive(Clone)]
pub struct EvidenceStore {
    blobs: Arc<dyn Blobs>,
    seal: Seal,
}

impl EvidenceStore {
    /// The evidence that lies there, sealed so.
    pub(crate) fn new(blobs: impl Blobs + 'static, seal: Seal) -> Self {
        Self { blobs: Arc::new(blobs), seal }
    }

    /// Keeps `bytes` and returns their digest. Durable when it returns; keeping the same bytes again changes nothing.
    ///
    /// # Errors
    /// [`RegisterError::TooLarge`] beyond [`MAX_EVIDENCE_BYTES`], or what stands in the way of the bytes.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, RegisterError> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length > MAX_EVIDENCE_BYTES {
            return Err(RegisterError::TooLarge { limit: MAX_EVIDENCE_BYTES });
        }
        let digest = Digest::of(bytes);
        match self.get(&digest, MAX_EVIDENCE_BYTES) {
            Ok(_) => self.blobs.settle(&digest)?,
            // What no key at hand opens any more is kept anew.
            Err(
                RegisterError::EvidenceMissing(_)
                | RegisterError::EvidenceDamaged(_)
                | RegisterError::TooLarge { .. }
                | RegisterError::Seal(SealError::NotForTheseKeys),
            ) => {
                let sealed = self.seal.seal(bytes)?;
                self.blobs.put(&digest, sealed.as_deref().unwrap_or(bytes))?;
            }
            Err(other) => return Err(other),
        }
        Ok(digest)
    }

    /// The bytes whose digest is `digest`: at most `limit` bytes, hashed again.
    ///
    /// # Errors
    /// [`RegisterError::EvidenceMissing`], [`RegisterError::EvidenceDamaged`] (another digest),
    /// [`RegisterError::TooLarge`] (more than `limit` bytes).
    pub fn get(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, RegisterError> {
        let kept = self.blobs.get(digest, Seal::sealed_limit(limit))?.ok_or(RegisterError::EvidenceMissing(*digest))?;
        let bytes = if is_sealed(&kept) {
            match self.seal.open(&kept, limit) {
                // Taken out without another copy of it.
                Ok(mut bytes) => std::mem::take(&mut *bytes),
                Err(SealError::TooLarge { limit }) => return Err(RegisterError::TooLarge { limit }),
                Err(error) if error.is_damage() => return Err(RegisterError::EvidenceDamaged(*digest)),
                Err(error) => return Err(error.into()),
            }
        } else {
            kept
        };
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            return Err(RegisterError::TooLarge { limit });
        }
        if Digest::of(&bytes) != *digest {
            return Err(RegisterError::EvidenceDamaged(*digest));
        }
        Ok(bytes)
    }

    /// Whether something is kept under this digest. Its content counts only through [`EvidenceStore::get`].
    pub fn holds(&self, digest: &Digest) -> Result<bool, RegisterError> {
        self.blobs.holds(digest)
    }

    /// The file in which the evidence lies, sealed where the register is; `None` where it lies in no such file. Its content counts
    /// only through [`EvidenceStore::get`].
    pub fn file(&self, digest: &Digest) -> Option<PathBuf> {
        self.blobs.file(digest)
    }

    /// Removes a piece for good. The caller knows that nothing names it any more.
    pub(super) fn remove(&self, digest: &Digest) -> Result<(), RegisterError> {
        self.blobs.remove(digest)
    }

    /// Shows the beginning of each piece as it lies there.
    pub(super) fn each_beginning(
        &self,
        mut look: impl FnMut(&Digest, &[u8]) -> Result<(), RegisterError>,
    ) -> Result<(), RegisterError> {
        self.blobs.names()?.iter().try_for_each(|digest| look(digest, &self.blobs.beginning(digest)?))
    }

    /// Seals each piece to the present recipients that is not sealed to them yet. `progress` is told what, how many are done, and how
    /// many there are.
    pub(crate) fn reseal(&self, done: &mut Resealed, progress: &mut dyn FnMut(&str, u64, u64)) -> Result<(), RegisterError> {
        if !self.seal.seals() {
            return Ok(());
        }
        let names = self.blobs.names()?;
        let total = u64::try_from(names.len()).unwrap_or(u64::MAX);
        for (number, digest) in (1..).zip(&names) {
            if !self.seal.is_current(&self.blobs.beginning(digest)?) {
                match self.seal_again(digest) {
                    Ok(()) => done.files += 1,
                    Err(RegisterError::Seal(_)) => done.problems.push(format!("evidence {digest}")),
                    Err(error) => return Err(error),
                }
            }
            progress("pieces of evidence", number, total);
        }
        Ok(())
    }

    /// Whatever lies there is sealed, also when it is not what its name says: that is for `register verify` to tell.
    fn seal_again(&self, digest: &Digest) -> Result<(), RegisterError> {
        let Some(kept) = self.blobs.get(digest, Seal::sealed_limit(MAX_EVIDENCE_BYTES))? else { return Ok(()) };
        let plain = if is_sealed(&kept) { self.seal.open(&kept, MAX_EVIDENCE_BYTES)? } else { kept.into() };
        match self.seal.seal(&plain)? {
            Some(sealed) => self.blobs.put(digest, &sealed),
            None => Ok(()),
        }
    }
}
