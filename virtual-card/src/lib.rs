//! A virtual PIV card (NIST SP 800-73-4) and a PC/SC reader with a PIN pad, for training and tests.
//!
//! Three parts that fit together but stand alone:
//!
//! - [`VirtualCard`]: the card itself, commands in and answers out. It has keys, certificates, a PIN and a PUK with their
//!   counters; it counts what it is asked ([`VirtualCard::log`]) and can be told to fail ([`Fault`]).
//! - the reader: this package as a shared library is a driver for pcscd (IFD handler 3.0) of a reader with a PIN pad. It
//!   listens on a Unix socket; whoever connects is a card in the slot, and hanging up pulls the card.
//! - [`Pcscd`]: a pcscd of its own with any number of such readers, and [`CardSlot::insert`] to put a card into one.
//!
//! So everything between a program and the card is the real thing, and programs that know nothing of this package
//! (OpenSC, for example) read the same card.

mod card;
mod driver;
mod fault;
mod key;
mod objects;
mod pcscd;
mod slot;
mod tlv;
mod wire;

pub use card::{Exchange, Reaction, VirtualCard, instruction};
pub use fault::{Fault, Mishap};
pub use key::{CardKey, NotACardKey};
pub use pcscd::{Pcscd, PcscdError, find_driver};
pub use slot::{CardSlot, Inserted};
pub use wire::PadEntry;
