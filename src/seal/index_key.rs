//! The keyed index: a person is found again without the register holding anything by which others find the person.
//!
//! HMAC-SHA-256 (RFC 2104) with a random key of the register's own turns a normalised value into a token. Without the key nobody
//! tries out the eleven digits of an identity number; the key itself is kept sealed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What stands in the index in place of a value.
pub type IndexToken = [u8; 32];

/// The key of a register's index: 32 random bytes.
#[derive(Clone)]
pub struct IndexKey(Zeroizing<[u8; 32]>);

impl IndexKey {
    /// Bytes of a key.
    pub const LENGTH: usize = 32;

    /// A new key; `None` when the system gives no random numbers.
    pub fn generate() -> Option<Self> {
        let mut key = Zeroizing::new([0; Self::LENGTH]);
        getrandom::fill(key.as_mut_slice()).ok().map(|()| Self(key))
    }

    /// A key that was kept; `None` for another number of bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|key| Self(Zeroizing::new(key)))
    }

    /// The bytes, to be sealed.
    pub fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// The token of a value of a kind, such as `identity-number`. Values of different kinds have different tokens. The kind is one
    /// of the program's own words, so the byte between the two stands for nothing else.
    pub fn token(&self, kind: &str, value: &str) -> IndexToken {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_slice()) else { return [0; 32] };
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(value.as_bytes());
        mac.finalize().into_bytes().into()
    }
}
