//! One sealed thing: an age file with the mark of the recipients to whom it is sealed.

use std::{
    collections::HashSet,
    io::{self, Read as _, Write as _},
    iter,
};

use age::{
    DecryptError, Decryptor, EncryptError, Encryptor,
    armor::{ArmoredReader, ArmoredWriter, Format},
};
use age_core::format::{FileKey, Stanza};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Keys, Recipient, SealError};
use crate::digest::Digest;

/// How every age file begins.
const MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// How every armoured one begins.
const ARMOUR: &str = "-----BEGIN AGE ENCRYPTED FILE-----\n";

/// The type of the stanza that names the set of recipients.
const MARK: &str = "bam-station-seal";

/// No header of a sealed thing is longer, in bytes: some hundred recipients.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// What sealing adds to `length` bytes at the most: header, nonce, and 16 bytes for each 64 KiB.
pub(super) fn sealed_limit(length: u64) -> u64 {
    length.saturating_add(length / 4096).saturating_add(64 * 1024)
}

/// The recipients to whom things are sealed: the station and the auditors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipientSet {
    /// The station's own public key.
    pub station: Recipient,
    /// The auditors' public keys.
    pub auditors: Vec<Recipient>,
}

impl RecipientSet {
    /// The name of the set: 32 hexadecimal digits of the digest of its recipients, in any order of the auditors.
    pub fn name(&self) -> String {
        let mut auditors: Vec<String> = self.auditors.iter().map(ToString::to_string).collect();
        auditors.sort();
        auditors.dedup();
        let digest = Digest::of(format!("{MARK} 1\n{}\n{}", self.station, auditors.join("\n")).as_bytes()).to_string();
        digest.get(..32).unwrap_or_default().to_owned()
    }

    /// Seals `plain` to the station and every auditor.
    pub(super) fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mark = Mark(self.name());
        let recipients = iter::once(&mark as &dyn age::Recipient)
            .chain(iter::once(&self.station).chain(&self.auditors).map(|recipient| &recipient.0 as &dyn age::Recipient));
        let encryptor = Encryptor::with_recipients(recipients).map_err(|_| SealError::Damaged("its recipients do not fit"))?;
        let mut sealed = Vec::with_capacity(plain.len().saturating_add(1024));
        // Writing into memory does not fail.
        let written = encryptor.wrap_output(&mut sealed).and_then(|mut writer| {
            writer.write_all(plain)?;
            writer.finish()
        });
        written.map_err(|_| SealError::Damaged("it could not be written"))?;
        Ok(sealed)
    }
}

/// The stanza that names the set. It wraps no key.
struct Mark(String);

impl age::Recipient for Mark {
    fn wrap_file_key(&self, _: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let stanza = Stanza { tag: MARK.to_owned(), args: vec![self.0.clone()], body: Vec::new() };
        Ok((vec![stanza], HashSet::new()))
    }
}

/// Opens a sealed thing of at most `limit` bytes.
pub(super) fn open(sealed: &[u8], keys: &Keys, limit: u64) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let decryptor = Decryptor::new_buffered(sealed).map_err(|error| refused(&error))?;
    let reader = decryptor.decrypt(keys.identities()).map_err(|error| refused(&error))?;
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    let read = reader.take(limit.saturating_add(1)).read_to_end(&mut plain);
    match read {
        Ok(length) if u64::try_from(length).is_ok_and(|length| length <= limit) => Ok(plain),
        Ok(_) => Err(SealError::TooLarge { limit }),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(SealError::Damaged("it was cut off")),
        Err(_) => Err(SealError::Damaged("its content was changed or cut off")),
    }
}

fn refused(error: &DecryptError) -> SealError {
    match error {
        DecryptError::NoMatchingKeys => SealError::NotForTheseKeys,
        DecryptError::InvalidMac => SealError::Damaged("its header was changed"),
        DecryptError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => SealError::Damaged("it was cut off"),
        _ => SealError::Damaged("its header is none"),
    }
}

/// A sealed thing as text, in age's ASCII armour.
pub(super) fn armoured(sealed: &[u8]) -> Result<String, SealError> {
    let mut text = Vec::with_capacity(sealed.len().saturating_mul(7) / 5);
    // Writing into memory does not fail, and armour is ASCII.
    let written = ArmoredWriter::wrap_output(&mut text, Format::AsciiArmor).and_then(|mut writer| {
        writer.write_all(sealed)?;
        writer.finish().map(drop)
    });
    let whole = written.is_ok();
    let text = Some(text).filter(|_| whole).and_then(|text| String::from_utf8(text).ok());
    text.ok_or(SealError::Damaged("it could not be written"))
}

/// The sealed thing in a text, at most `limit` bytes.
pub(super) fn unarmoured(text: &str, limit: u64) -> Result<Vec<u8>, SealError> {
    let mut sealed = Vec::with_capacity(text.len());
    match ArmoredReader::new(text.as_bytes()).take(limit.saturating_add(1)).read_to_end(&mut sealed) {
        Ok(length) if u64::try_from(length).is_ok_and(|length| length <= limit) => Ok(sealed),
        Ok(_) => Err(SealError::TooLarge { limit }),
        Err(_) => Err(SealError::Damaged("its armour was changed or cut off")),
    }
}

/// The beginning of the sealed thing in a text, as far as its header can reach.
pub(super) fn beginning(text: &str) -> Option<Vec<u8>> {
    let mut sealed = Vec::new();
    let limit = u64::try_from(MAX_HEADER_BYTES).ok()?;
    ArmoredReader::new(text.as_bytes()).take(limit).read_to_end(&mut sealed).ok().map(|_| sealed)
}

/// Whether a text begins as a sealed one does.
pub fn is_sealed_text(text: &str) -> bool {
    text.starts_with(ARMOUR)
}

/// Whether these bytes begin as a sealed thing does.
pub fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// The name of the set of recipients to whom this is sealed, as its header says; `None` when it says nothing. The beginning of the
/// sealed thing is enough. The header is proven only when the thing is opened.
pub fn set_of(sealed: &[u8]) -> Option<&str> {
    let header = sealed.strip_prefix(MAGIC)?;
    let lines = header.get(..header.len().min(MAX_HEADER_BYTES))?.split(|byte| *byte == b'\n');
    lines
        .take_while(|line| !line.starts_with(b"---"))
        .filter_map(|line| std::str::from_utf8(line).ok())
        .find_map(|line| line.strip_prefix("-> ")?.strip_prefix(MARK)?.strip_prefix(' '))
}
