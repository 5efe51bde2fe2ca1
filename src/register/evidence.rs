//! Evidence, each piece named after its own SHA-256: kept once, found by its digest, checked whenever it is read.
//!
//! Two layers: the [`EvidenceStore`] knows digests and limits and is what everybody uses; a [`Blobs`] below it keeps bytes under a name
//! and believes whatever it reads.

use std::{path::PathBuf, sync::Arc};

use super::RegisterError;
use crate::digest::Digest;

/// The largest piece of evidence, in bytes. A report with an A6 scan at 600 dpi has some 10 MB.
pub const MAX_EVIDENCE_BYTES: u64 = 64 * 1024 * 1024;

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
    /// The file in which the evidence lies as it is; `None` where there is no such file.
    fn file(&self, digest: &Digest) -> Option<PathBuf>;
}

/// The evidence of a register or an archive.
#[derive(Clone)]
pub struct EvidenceStore {
    blobs: Arc<dyn Blobs>,
}

impl EvidenceStore {
    /// The evidence that lies there.
    pub(crate) fn new(blobs: impl Blobs + 'static) -> Self {
        Self { blobs: Arc::new(blobs) }
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
            Err(RegisterError::EvidenceMissing(_) | RegisterError::EvidenceDamaged(_) | RegisterError::TooLarge { .. }) => {
                self.blobs.put(&digest, bytes)?;
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
        let bytes = self.blobs.get(digest, limit)?.ok_or(RegisterError::EvidenceMissing(*digest))?;
        if Digest::of(&bytes) != *digest {
            return Err(RegisterError::EvidenceDamaged(*digest));
        }
        Ok(bytes)
    }

    /// Whether something is kept under this digest. Its content counts only through [`EvidenceStore::get`].
    pub fn holds(&self, digest: &Digest) -> Result<bool, RegisterError> {
        self.blobs.holds(digest)
    }

    /// The file in which the evidence lies as it is, for showing it to people; `None` where it lies in no such file. Its content
    /// counts only through [`EvidenceStore::get`].
    pub fn file(&self, digest: &Digest) -> Option<PathBuf> {
        self.blobs.file(digest)
    }

    /// Removes a piece for good. The caller knows that nothing names it any more.
    pub(super) fn remove(&self, digest: &Digest) -> Result<(), RegisterError> {
        self.blobs.remove(digest)
    }
}
