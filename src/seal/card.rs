//! The station's key behind the operators' cards: a key file that is itself an age file, sealed to the key-management keys (PIV 9D) of
//! the cards of named operators. Whoever signs in with one of these cards opens it with the PIN that is typed for the sign-in.
//!
//! The recipient stanzas are those of C2SP's `piv-p256`, as age-plugin-yubikey writes them:
//!
//! ```text
//! -> piv-p256 TAG EPHEMERAL
//! WRAPPED
//! TAG        base64 of the first four bytes of the SHA-256 of the card's public key (compressed, 33 bytes)
//! EPHEMERAL  base64 of an ephemeral public key (compressed, 33 bytes)
//! WRAPPED    the file key under ChaCha20-Poly1305 with HKDF-SHA-256(salt: EPHEMERAL, card's key; info: "piv-p256"; ECDH secret)
//! ```
//!
//! A stanza of the station's own, `-> bam-station-key RECIPIENT`, says which public key belongs to the sealed one: sealing goes on before
//! anybody has signed in, opening does not.

use std::{cell::RefCell, collections::HashSet, fmt, fs::File, io::Read as _, path::Path};

use age::{DecryptError, Decryptor, EncryptError, Encryptor};
use age_core::{
    format::{FILE_KEY_BYTES, FileKey, Stanza},
    primitives::{aead_decrypt, aead_encrypt, hkdf},
    secrecy::ExposeSecret as _,
};
use base64ct::{Base64Unpadded, Encoding as _};
use p256::{
    PublicKey, SecretKey,
    elliptic_curve::{point::AffineCoordinates as _, sec1::ToSec1Point as _},
    pkcs8::DecodePublicKey as _,
};
use sha2::{Digest as _, Sha256};
use x509_cert::{Certificate, der::Encode as _};
use zeroize::Zeroizing;

use super::{
    Keys, Recipient, SealError,
    error::file,
    keys::{MAX_KEY_FILE_BYTES, write_private},
};

/// The type of the recipients' stanzas, and the label of their keys.
const PIV: &str = "piv-p256";
/// The type of the stanza that names the public key.
const NAME: &str = "bam-station-key";
/// Length of a compressed public key.
const COMPRESSED: usize = 33;
/// Length of the tag by which a card finds its stanza.
const TAG: usize = 4;

/// The key-management key of a card, as a recipient: a P-256 public key.
#[derive(Clone, PartialEq, Eq)]
pub struct CardRecipient(PublicKey);

impl CardRecipient {
    /// The key of a card's key-management certificate.
    ///
    /// # Errors
    /// [`SealError::CardKeyKind`] unless it is a P-256 key.
    pub fn of(certificate: &Certificate) -> Result<Self, SealError> {
        let key = certificate.tbs_certificate().subject_public_key_info().to_der().map_err(|_| SealError::CardKeyKind)?;
        PublicKey::from_public_key_der(&key).map(Self).map_err(|_| SealError::CardKeyKind)
    }

    fn compressed(&self) -> Vec<u8> {
        self.0.to_sec1_point(true).as_bytes().to_vec()
    }

    fn tag(&self) -> [u8; TAG] {
        let digest = Sha256::digest(self.compressed());
        digest.first_chunk().copied().unwrap_or_default()
    }
}

impl fmt::Debug for CardRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Base64Unpadded::encode_string(&self.tag()))
    }
}

/// The key under which a file key is wrapped for a card.
fn wrapping_key(ephemeral: &[u8], card: &CardRecipient, secret: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(hkdf(&[ephemeral, &card.compressed()].concat(), PIV.as_bytes(), secret))
}

impl age::Recipient for CardRecipient {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let failed = || EncryptError::Io(std::io::Error::other("the system gives no random numbers"));
        let mut random = Zeroizing::new([0; 32]);
        getrandom::fill(random.as_mut()).map_err(|_| failed())?;
        // All but a few of 2^32 draws of 32 bytes are a scalar of the curve.
        let ephemeral = SecretKey::from_slice(random.as_ref()).map_err(|_| failed())?;
        let public = ephemeral.public_key().to_sec1_point(true);
        let shared = (self.0.to_projective() * ephemeral.to_nonzero_scalar().as_ref()).to_affine();
        let secret = Zeroizing::new(shared.x());
        let key = wrapping_key(public.as_bytes(), self, secret.as_slice());
        let stanza = Stanza {
            tag: PIV.to_owned(),
            args: vec![Base64Unpadded::encode_string(&self.tag()), Base64Unpadded::encode_string(public.as_bytes())],
            body: aead_encrypt(&key, file_key.expose_secret()),
        };
        Ok((vec![stanza], HashSet::new()))
    }
}

/// The stanza that names the public key. It wraps nothing.
struct Name(Recipient);

impl age::Recipient for Name {
    fn wrap_file_key(&self, _: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let stanza = Stanza { tag: NAME.to_owned(), args: vec![self.0.to_string()], body: Vec::new() };
        Ok((vec![stanza], HashSet::new()))
    }
}

/// Writes `keys` into the file at `path`, sealed to these cards. The folder is there.
///
/// # Errors
/// [`SealError::NotAKey`] without a key or a card, and what stands in the way of the file.
pub fn seal_to_cards(keys: &Keys, cards: &[CardRecipient], path: &Path) -> Result<(), SealError> {
    let failed = || SealError::NotAKey { place: path.display().to_string() };
    let name = Name(keys.current().filter(|_| !cards.is_empty()).ok_or_else(failed)?);
    let recipients = std::iter::once(&name as &dyn age::Recipient).chain(cards.iter().map(|card| card as &dyn age::Recipient));
    let encryptor = Encryptor::with_recipients(recipients).map_err(|_| failed())?;
    let mut sealed = Vec::new();
    // Writing into memory does not fail.
    let written = encryptor.wrap_output(&mut sealed).and_then(|mut writer| {
        std::io::Write::write_all(&mut writer, keys.lines().as_bytes())?;
        writer.finish()
    });
    written.map_err(|_| failed())?;
    write_private(path, &sealed).map_err(file(path))
}

/// The station's key as it lies behind the cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedKey {
    sealed: Vec<u8>,
    /// The public key of the key in force.
    pub public: Recipient,
    /// For each card its tag and the ephemeral key.
    cards: Vec<([u8; TAG], Vec<u8>)>,
}

impl LockedKey {
    /// Reads the key file at `path`; `None` when it is not there.
    ///
    /// # Errors
    /// [`SealError::NotAKey`], and what stands in the way of the file.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, SealError> {
        let mut sealed = Vec::new();
        match File::open(path).and_then(|opened| opened.take(MAX_KEY_FILE_BYTES).read_to_end(&mut sealed)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(file(path)(error)),
            Ok(_) => {}
        }
        let read = Self::parse(sealed);
        read.map(Some).ok_or_else(|| SealError::NotAKey { place: path.display().to_string() })
    }

    fn parse(sealed: Vec<u8>) -> Option<Self> {
        let stanzas = Collected::default();
        // No identity opens it yet: this only shows the stanzas.
        drop(Decryptor::new_buffered(sealed.as_slice()).ok()?.decrypt(std::iter::once(&stanzas as &dyn age::Identity)));
        let stanzas = stanzas.0.into_inner();
        let public = stanzas.iter().find(|stanza| stanza.tag == NAME)?.args.first()?.parse().ok()?;
        let card = |stanza: &Stanza| {
            let [tag, ephemeral] = stanza.args.as_slice() else { return None };
            let ephemeral = Base64Unpadded::decode_vec(ephemeral).ok().filter(|key| key.len() == COMPRESSED)?;
            Some((Base64Unpadded::decode_vec(tag).ok()?.try_into().ok()?, ephemeral))
        };
        let cards: Vec<_> = stanzas.iter().filter(|stanza| stanza.tag == PIV).map(card).collect::<Option<_>>()?;
        Some(Self { sealed, public, cards }).filter(|found| !found.cards.is_empty())
    }

    /// What the card with this key-management certificate is asked to agree on: the ephemeral public key of its stanza, uncompressed
    /// (65 bytes). `None` when the key is not sealed to this card.
    pub fn point_for(&self, card: &Certificate) -> Option<Vec<u8>> {
        let tag = CardRecipient::of(card).ok()?.tag();
        let (_, ephemeral) = self.cards.iter().find(|(found, _)| *found == tag)?;
        let point = PublicKey::from_sec1_bytes(ephemeral).ok()?;
        Some(point.to_sec1_point(false).as_bytes().to_vec())
    }

    /// The keys, with the secret on which the card has agreed.
    ///
    /// # Errors
    /// [`SealError::NotForTheseKeys`] for another secret; [`SealError::Damaged`] for a changed file; [`SealError::NotAKey`].
    pub fn unlock(&self, card: &Certificate, secret: &[u8]) -> Result<Keys, SealError> {
        let opener = Opener { card: CardRecipient::of(card)?, secret: Zeroizing::new(secret.to_vec()) };
        let refused = |error: DecryptError| match error {
            DecryptError::NoMatchingKeys => SealError::NotForTheseKeys,
            _ => SealError::Damaged("the key file was changed"),
        };
        let decryptor = Decryptor::new_buffered(self.sealed.as_slice()).map_err(refused)?;
        let reader = decryptor.decrypt(std::iter::once(&opener as &dyn age::Identity)).map_err(refused)?;
        let mut text = Zeroizing::new(String::new());
        let limit = MAX_KEY_FILE_BYTES;
        reader.take(limit).read_to_string(&mut text).map_err(|_| SealError::Damaged("the key file was changed"))?;
        let keys = Keys::from_lines(&text).filter(|keys| keys.open_for(&self.public));
        keys.ok_or_else(|| SealError::NotAKey { place: "the key file behind the cards".to_owned() })
    }
}

/// Takes the stanzas of a header and opens none.
#[derive(Default)]
struct Collected(RefCell<Vec<Stanza>>);

impl age::Identity for Collected {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        self.0.borrow_mut().push(Stanza { tag: stanza.tag.clone(), args: stanza.args.clone(), body: stanza.body.clone() });
        None
    }
}

/// A card that has agreed on a secret.
struct Opener {
    card: CardRecipient,
    secret: Zeroizing<Vec<u8>>,
}

impl age::Identity for Opener {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        let [tag, ephemeral] = stanza.args.as_slice() else { return None };
        let for_card = stanza.tag == PIV && Base64Unpadded::decode_vec(tag).ok()? == self.card.tag();
        let ephemeral = Base64Unpadded::decode_vec(ephemeral).ok().filter(|_| for_card)?;
        let key = wrapping_key(&ephemeral, &self.card, &self.secret);
        let file_key = Zeroizing::new(aead_decrypt(&key, FILE_KEY_BYTES, &stanza.body).ok()?);
        let bytes: [u8; FILE_KEY_BYTES] = file_key.as_slice().try_into().ok()?;
        Some(Ok(FileKey::new(Box::new(bytes))))
    }
}
