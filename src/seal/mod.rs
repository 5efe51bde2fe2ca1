//! Sealed at rest: what the register keeps about people can be opened with the station's key or with an auditor's, and with
//! nothing else.
//!
//! The format is age (age-encryption.org/v1, C2SP), for which independent tools exist: every sealed file, and every sealed value
//! of the database on its own, is a whole age file that `age -d -i KEYFILE` opens. Each is sealed to the station's key and to
//! every auditor of MASTER.toml, all of them X25519 recipients.
//!
//! Beside the recipients' stanzas each header carries one of the station's own, `-> bam-station-seal SET`, covered by the header's
//! MAC like the others. `SET` names the recipients (age does not: its stanzas are anonymous), so that a change of keys finds what
//! is left to be sealed anew, also after it was killed in the middle. Other programs pass over stanzas that they do not know.
//!
//! A folder is sealed when `seal.json` stands in it ([`SealState`]). It holds no secret: where the station's key is, and to whom
//! things are sealed. So every command of the program finds the key by the folder alone, and a folder that is moved as a whole
//! goes on working.
//!
//! What sealing does not do: it keeps nothing from whoever runs as the station's user while the station is open, and a key in a
//! file is stolen together with the disk that holds it. Where that counts, the key belongs into systemd's credentials, bound to
//! the machine's TPM, or on another disk.

mod card;
mod envelope;
mod error;
mod index_key;
mod key_place;
mod keys;
mod state;
mod station_seal;

pub use card::{CardRecipient, LockedKey};
pub use envelope::{RecipientSet, is_sealed, is_sealed_text, set_of};
pub use error::SealError;
pub use index_key::{IndexKey, IndexToken};
pub use key_place::KeyPlace;
pub use keys::{Keys, Recipient};
pub use state::{STATE_FILE, SealState};
pub use station_seal::{Seal, drop_old_keys, establish, follow, put_behind_cards, put_new_key_in_force, station_keys};
