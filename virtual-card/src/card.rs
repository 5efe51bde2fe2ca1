//! The card: commands in, answers out (SP 800-73-4 part 2, ISO/IEC 7816-4).

use std::{collections::BTreeMap, time::Duration};

use crate::{
    fault::{Fault, Mishap},
    key::CardKey,
    objects::{self, PIV},
    tlv,
    wire::PadEntry,
};

/// The instructions that the card knows.
pub mod instruction {
    /// Chooses the PIV application.
    pub const SELECT: u8 = 0xa4;
    /// Reads a data object.
    pub const GET_DATA: u8 = 0xcb;
    /// Fetches the rest of a long answer.
    pub const GET_RESPONSE: u8 = 0xc0;
    /// Compares the PIN, or asks how many tries are left.
    pub const VERIFY: u8 = 0x20;
    /// Changes PIN or PUK.
    pub const CHANGE_REFERENCE_DATA: u8 = 0x24;
    /// Sets a new PIN with the PUK.
    pub const RESET_RETRY_COUNTER: u8 = 0x2c;
    /// Signs, or agrees on a secret.
    pub const GENERAL_AUTHENTICATE: u8 = 0x87;
}

/// Status words (ISO/IEC 7816-4 §5.6).
mod status {
    pub const DONE: u16 = 0x9000;
    pub const TRIES_LEFT: u16 = 0x63c0;
    pub const WRONG_LENGTH: u16 = 0x6700;
    pub const NOT_SATISFIED: u16 = 0x6982;
    pub const BLOCKED: u16 = 0x6983;
    pub const WRONG_DATA: u16 = 0x6a80;
    pub const NOT_FOUND: u16 = 0x6a82;
    pub const WRONG_PARAMETERS: u16 = 0x6a86;
    pub const UNKNOWN_REFERENCE: u16 = 0x6a88;
    pub const UNKNOWN_INSTRUCTION: u16 = 0x6d00;
    pub const UNKNOWN_CLASS: u16 = 0x6e00;
}

/// The answer to reset: T=1, as a contact card gives it.
pub(crate) const ATR: [u8; 11] = [0x3b, 0x95, 0x13, 0x81, 0x01, 0x80, 0x73, 0xff, 0x01, 0x00, 0x0b];

/// The card's own PIN, and the PUK.
const PIN: u8 = 0x80;
const PUK: u8 = 0x81;
/// The digital signature key, whose every use needs a PIN of its own ("PIN always").
const SIGNATURE_KEY: u8 = 0x9c;
/// The key management key, which agrees on secrets.
const KEY_MANAGEMENT_KEY: u8 = 0x9d;
/// The card authentication key, which needs no PIN.
const CARD_AUTHENTICATION_KEY: u8 = 0x9e;
/// Tries of PIN and PUK when nothing was wrong yet.
const TRIES: u8 = 3;
/// Length of a PIN or PUK in a command, filled up with FF.
const REFERENCE_LENGTH: usize = 8;
/// Most data of one command, over all links of a chain.
const LONGEST_COMMAND: usize = 8192;
/// Most data of one answer; the rest waits for GET RESPONSE.
const LONGEST_ANSWER: usize = 256;

/// A command that the card received and what it answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// The instruction.
    pub instruction: u8,
    /// Whether the command brought data. A VERIFY without data asks for the counter and spends no try.
    pub with_data: bool,
    /// The status word of the answer.
    pub status: u16,
}

/// What the card does about a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// The response APDU; `None` when the card is pulled instead.
    pub answer: Option<Vec<u8>>,
    /// How long it takes to answer.
    pub delay: Duration,
}

/// PIN or PUK with its counter.
struct Reference {
    value: [u8; REFERENCE_LENGTH],
    tries_left: u8,
}

impl Reference {
    fn new(digits: &str) -> Self {
        let mut value = [0xff; REFERENCE_LENGTH];
        value.iter_mut().zip(digits.bytes()).for_each(|(place, digit)| *place = digit);
        Self { value, tries_left: TRIES }
    }

    fn compare(&mut self, typed: &[u8]) -> Result<(), u16> {
        if self.tries_left == 0 {
            return Err(status::BLOCKED);
        }
        if typed == self.value {
            self.tries_left = TRIES;
            return Ok(());
        }
        self.tries_left = self.tries_left.saturating_sub(1);
        Err(status::TRIES_LEFT | u16::from(self.tries_left))
    }

    fn set(&mut self, value: &[u8]) -> Result<(), u16> {
        self.value = value.try_into().map_err(|_| status::WRONG_DATA)?;
        self.tries_left = TRIES;
        Ok(())
    }
}

/// What a reset forgets.
#[derive(Default)]
struct Session {
    selected: bool,
    pin_verified: bool,
    /// The command before this one verified the PIN.
    pin_fresh: bool,
    chain: Vec<u8>,
    rest: Vec<u8>,
}

/// A virtual PIV card.
pub struct VirtualCard {
    keys: BTreeMap<u8, CardKey>,
    certificates: BTreeMap<u8, Vec<u8>>,
    guid: [u8; 16],
    pin: Reference,
    puk: Reference,
    session: Session,
    fault: Option<Fault>,
    pad: PadEntry,
    log: Vec<Exchange>,
}

impl VirtualCard {
    /// A card without keys. PIN and PUK have six to eight digits; what is longer is cut off.
    pub fn new(pin: &str, puk: &str) -> Self {
        Self {
            keys: BTreeMap::new(),
            certificates: BTreeMap::new(),
            guid: *b"bam virtual card",
            pin: Reference::new(pin),
            puk: Reference::new(puk),
            session: Session::default(),
            fault: None,
            pad: PadEntry::default(),
            log: Vec::new(),
        }
    }

    /// The same card with a key and its certificate (DER) under a key reference: 9A, 9C, 9D or 9E.
    #[must_use]
    pub fn with_key(mut self, reference: u8, key: CardKey, certificate: Vec<u8>) -> Self {
        self.keys.insert(reference, key);
        self.certificates.insert(reference, certificate);
        self
    }

    /// Sets what goes wrong from now on; `None` heals the card.
    pub fn set_fault(&mut self, fault: Option<Fault>) {
        self.fault = fault;
    }

    /// Sets what the person at the reader's PIN pad will do.
    pub fn set_pad(&mut self, entry: PadEntry) {
        self.pad = entry;
    }

    /// What the person at the PIN pad does.
    pub(crate) fn pad(&self) -> &PadEntry {
        &self.pad
    }

    /// Tries of the PIN that are left.
    pub fn pin_tries_left(&self) -> u8 {
        self.pin.tries_left
    }

    /// Everything that the card was asked, in order. A chain is one command.
    pub fn log(&self) -> &[Exchange] {
        &self.log
    }

    /// How many VERIFY commands with a PIN the card received, right or wrong.
    pub fn verify_count(&self) -> usize {
        self.log.iter().filter(|exchange| exchange.instruction == instruction::VERIFY && exchange.with_data).count()
    }

    /// Power off and on: PIN and selection are forgotten, counters stay.
    pub fn reset(&mut self) {
        self.session = Session::default();
    }

    /// Carries out one command APDU.
    pub fn process(&mut self, command: &[u8]) -> Reaction {
        let asked = command.get(1).copied().unwrap_or_default();
        // Programs ask for the PIN's counter whenever they like; only a PIN brings a fault of VERIFY about.
        let counter = asked == instruction::VERIFY && command.len() <= 5;
        let struck = self.fault.as_ref().filter(|fault| fault.instruction == asked && !counter);
        let mishap = struck.map(|fault| fault.mishap.clone());
        let (answer, delay) = match mishap {
            Some(Mishap::PulledBefore) => (None, Duration::ZERO),
            Some(Mishap::Answer(answer)) => (Some(answer), Duration::ZERO),
            Some(Mishap::PulledAfter) => {
                self.answer(command);
                (None, Duration::ZERO)
            }
            Some(Mishap::Slow(delay)) => (Some(self.answer(command)), delay),
            Some(Mishap::WrongBit) => (Some(with_a_wrong_bit(self.answer(command))), Duration::ZERO),
            None => (Some(self.answer(command)), Duration::ZERO),
        };
        Reaction { answer, delay }
    }

    fn answer(&mut self, command: &[u8]) -> Vec<u8> {
        let (mut data, status) = match self.execute(command) {
            Ok(data) => (data, status::DONE),
            Err(status) => (Vec::new(), status),
        };
        let status = if data.len() > LONGEST_ANSWER {
            self.session.rest = data.split_off(LONGEST_ANSWER);
            0x6100 | u16::from(u8::try_from(self.session.rest.len()).unwrap_or(0))
        } else {
            status
        };
        data.extend(status.to_be_bytes());
        data
    }

    /// Notes the command and its outcome, and carries it out when it is the last link of its chain.
    fn execute(&mut self, command: &[u8]) -> Result<Vec<u8>, u16> {
        let Command { class, instruction, parameters, data } = Command::parse(command).ok_or(status::WRONG_LENGTH)?;
        if class & 0xef != 0 {
            return Err(status::UNKNOWN_CLASS);
        }
        self.session.chain.extend_from_slice(data);
        if self.session.chain.len() > LONGEST_COMMAND {
            self.session.chain.clear();
            return Err(status::WRONG_LENGTH);
        }
        if class & 0x10 != 0 {
            return Ok(Vec::new());
        }
        let data = std::mem::take(&mut self.session.chain);
        let pin_fresh = std::mem::take(&mut self.session.pin_fresh);
        let outcome = match instruction {
            instruction::SELECT => self.select(parameters, &data),
            _ if !self.session.selected => Err(status::UNKNOWN_INSTRUCTION),
            instruction::GET_RESPONSE => Ok(std::mem::take(&mut self.session.rest)),
            instruction::GET_DATA => self.get_data(parameters, &data),
            instruction::VERIFY => self.verify(parameters, &data),
            instruction::CHANGE_REFERENCE_DATA => self.change(parameters, &data),
            instruction::RESET_RETRY_COUNTER => self.unblock(parameters, &data),
            instruction::GENERAL_AUTHENTICATE => self.use_key(parameters, &data, pin_fresh),
            _ => Err(status::UNKNOWN_INSTRUCTION),
        };
        let status = outcome.as_ref().map_or_else(|status| *status, |_| status::DONE);
        self.log.push(Exchange { instruction, with_data: !data.is_empty(), status });
        outcome
    }

    fn select(&mut self, parameters: [u8; 2], name: &[u8]) -> Result<Vec<u8>, u16> {
        // By name, also by the beginning of the name without the version.
        if parameters[0] != 0x04 || name.len() < 5 || !PIV.starts_with(name) {
            return Err(status::NOT_FOUND);
        }
        self.session.selected = true;
        Ok(objects::application())
    }

    fn get_data(&self, parameters: [u8; 2], data: &[u8]) -> Result<Vec<u8>, u16> {
        if parameters != [0x3f, 0xff] {
            return Err(status::WRONG_PARAMETERS);
        }
        let tag = tlv::find(data, 0x5c).filter(|tag| (1..=3).contains(&tag.len())).ok_or(status::WRONG_DATA)?;
        let tag = tag.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
        let certificate = objects::key_reference(tag).and_then(|key| self.certificates.get(&key));
        let object = certificate.map(|der| objects::certificate(der)).or_else(|| objects::description(tag, &self.guid));
        object.ok_or(status::NOT_FOUND)
    }

    fn verify(&mut self, parameters: [u8; 2], data: &[u8]) -> Result<Vec<u8>, u16> {
        match (parameters, data.len()) {
            ([0xff, PIN], 0) => self.session.pin_verified = false,
            ([0x00, PIN], 0) if self.session.pin_verified => {}
            ([0x00, PIN], 0) if self.pin.tries_left == 0 => return Err(status::BLOCKED),
            ([0x00, PIN], 0) => return Err(status::TRIES_LEFT | u16::from(self.pin.tries_left)),
            ([0x00, PIN], REFERENCE_LENGTH) => {
                self.session.pin_verified = false;
                self.pin.compare(data)?;
                self.session.pin_verified = true;
                self.session.pin_fresh = true;
            }
            ([0x00, PIN], _) => return Err(status::WRONG_DATA),
            ([0x00 | 0xff, _], _) => return Err(status::UNKNOWN_REFERENCE),
            _ => return Err(status::WRONG_PARAMETERS),
        }
        Ok(Vec::new())
    }

    fn change(&mut self, parameters: [u8; 2], data: &[u8]) -> Result<Vec<u8>, u16> {
        let (old, new) = old_and_new(data)?;
        let reference = match parameters {
            [0x00, PIN] => &mut self.pin,
            [0x00, PUK] => &mut self.puk,
            _ => return Err(status::UNKNOWN_REFERENCE),
        };
        reference.compare(old)?;
        reference.set(new)?;
        Ok(Vec::new())
    }

    fn unblock(&mut self, parameters: [u8; 2], data: &[u8]) -> Result<Vec<u8>, u16> {
        let (puk, new) = old_and_new(data)?;
        if parameters != [0x00, PIN] {
            return Err(status::UNKNOWN_REFERENCE);
        }
        self.puk.compare(puk)?;
        self.pin.set(new)?;
        Ok(Vec::new())
    }

    fn use_key(&self, [algorithm, reference]: [u8; 2], data: &[u8], pin_fresh: bool) -> Result<Vec<u8>, u16> {
        let key = self.keys.get(&reference).ok_or(status::UNKNOWN_REFERENCE)?;
        if algorithm != key.algorithm() {
            return Err(status::WRONG_PARAMETERS);
        }
        let allowed = match reference {
            SIGNATURE_KEY => pin_fresh,
            CARD_AUTHENTICATION_KEY => true,
            _ => self.session.pin_verified,
        };
        if !allowed {
            return Err(status::NOT_SATISFIED);
        }
        let template = tlv::find(data, 0x7c).ok_or(status::WRONG_DATA)?;
        // A challenge is signed; another one's public key is agreed upon (SP 800-73-4 part 2 §3.2.4 and appendix A.5).
        let answer = match (tlv::find(template, 0x81), tlv::find(template, 0x85)) {
            (Some(challenge), None) => key.sign(challenge),
            (None, Some(point)) if reference == KEY_MANAGEMENT_KEY => key.agree(point),
            _ => None,
        };
        Ok(tlv::object(&[0x7c], &tlv::object(&[0x82], &answer.ok_or(status::WRONG_DATA)?)))
    }
}

fn old_and_new(data: &[u8]) -> Result<(&[u8], &[u8]), u16> {
    let halves = data.split_at_checked(REFERENCE_LENGTH).filter(|(_, new)| new.len() == REFERENCE_LENGTH);
    halves.ok_or(status::WRONG_DATA)
}

/// The answer with the last bit before the status word inverted.
fn with_a_wrong_bit(mut answer: Vec<u8>) -> Vec<u8> {
    if let Some(last) = answer.len().checked_sub(3).and_then(|place| answer.get_mut(place)) {
        *last ^= 1;
    }
    answer
}

/// A command APDU taken apart (ISO/IEC 7816-4 §5.2).
struct Command<'a> {
    class: u8,
    instruction: u8,
    parameters: [u8; 2],
    data: &'a [u8],
}

impl<'a> Command<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&[class, instruction, first, second], body) = bytes.split_first_chunk()?;
        let data = match body {
            [] | [_] | [0, _, _] => &[][..],
            // Extended lengths.
            [0, high, low, rest @ ..] => rest.get(..usize::from(u16::from_be_bytes([*high, *low])))?,
            [length, rest @ ..] => rest.get(..usize::from(*length))?,
        };
        Some(Self { class, instruction, parameters: [first, second], data })
    }
}
