//! The PIV card application (NIST SP 800-73-4 part 2) over any [`Channel`].

use der::Decode as _;
use x509_cert::Certificate;
use zeroize::Zeroizing;

use super::{
    CardCertificate, CardError, Contents, Possession, Slot,
    apdu::{Answer, Channel, Command, exchange, status, status_of},
    key::{KeyKind, RsaPadding},
    tlv,
};
use crate::{
    secret::{Pin, PinEntry},
    trust::{SignatureAlgorithm, verify_digest},
};

/// The application's name without its version (SP 800-73-4 part 1 §2.2).
const APPLICATION: [u8; 9] = [0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00];
/// VERIFY.
const VERIFY: u8 = 0x20;
/// The card's own PIN.
const PIN: u8 = 0x80;
/// The upper twelve bits of "wrong; so many tries left".
const TRIES_LEFT: u16 = 0x63c0;
/// How many characters a PIN has (SP 800-73-4 part 2 §2.4.3).
pub const FEWEST_DIGITS: u8 = 6;
pub const MOST_DIGITS: u8 = 8;
/// A PIN fills eight bytes, the rest is FF (SP 800-73-4 part 2 §2.4.3).
const PIN_BYTES: usize = 8;
/// Length of a secret on which a P-256 key agrees.
pub const SECRET_BYTES: usize = 32;
/// Fewest characters of a PIN.
const PIN_MIN: usize = 6;

/// A PIN of another length.
const PIN_LENGTH: CardError = CardError::PinLength { fewest: FEWEST_DIGITS, most: MOST_DIGITS };

/// An opened PIV card application.
pub struct Piv<C> {
    channel: C,
}

impl<C: Channel> Piv<C> {
    /// Chooses the application.
    pub fn open(channel: C) -> Result<Self, CardError> {
        let mut piv = Self { channel };
        let answer = piv.ask(0xa4, [0x04, 0x00], &APPLICATION, true)?;
        match answer.status {
            status::DONE => Ok(piv),
            status::NOT_FOUND | 0x6a81 | 0x6d00 | 0x6e00 => Err(CardError::NotPiv),
            status => Err(CardError::Refused { what: "its PIV application", status }),
        }
    }

    /// All certificates. One damaged certificate does not hide the others.
    pub fn contents(&mut self) -> Result<Contents, CardError> {
        let mut contents = Contents::default();
        for slot in Slot::ALL {
            match self.certificate(slot) {
                Ok(certificate) => contents.certificates.push(CardCertificate { slot, certificate }),
                Err(CardError::NoCertificate { .. }) => {}
                Err(CardError::Garbled("certificate")) => contents.unreadable.push(slot),
                Err(error) => return Err(error),
            }
        }
        Ok(contents)
    }

    /// The certificate in a slot.
    pub fn certificate(&mut self, slot: Slot) -> Result<Certificate, CardError> {
        let [first, second, third] = slot.certificate_tag();
        let answer = self.ask(0xcb, [0x3f, 0xff], &[0x5c, 3, first, second, third], true)?;
        let damaged = |_| CardError::Garbled("certificate");
        match answer.status {
            status::DONE => {
                let object = tlv::find(&answer.data, 0x53).map_err(damaged)?;
                if object.is_empty() {
                    return Err(CardError::NoCertificate { slot });
                }
                let certificate = tlv::find(object, 0x70).map_err(damaged)?;
                // A compressed certificate (bit 0 of 71) is no DER and therefore damaged here.
                Certificate::from_der(certificate).map_err(|_| CardError::Garbled("certificate"))
            }
            status::NOT_FOUND => Err(CardError::NoCertificate { slot }),
            status => Err(CardError::Refused { what: "its certificate", status }),
        }
    }

    /// Tries left, asked by a VERIFY without a PIN; `None` while the PIN is verified.
    pub fn tries_left(&mut self) -> Result<Option<u8>, CardError> {
        let answer = self.ask(VERIFY, [0x00, PIN], &[], false)?;
        match answer.status {
            status::DONE => Ok(None),
            status::BLOCKED => Ok(Some(0)),
            status => tries(status).map(Some).ok_or(CardError::Refused { what: "its PIN counter", status }),
        }
    }

    /// Compares the PIN: exactly one VERIFY, and none when the PIN cannot be right.
    pub fn verify(&mut self, pin: PinEntry) -> Result<(), CardError> {
        match (pin, self.channel.has_pad()?) {
            (PinEntry::Typed(pin), false) => self.verify_typed(pin),
            (PinEntry::Pad, true) => self.verify_on_pad(),
            (PinEntry::Typed(_), true) => Err(CardError::PadInUse),
            (PinEntry::Pad, false) => Err(CardError::NoPad),
        }
    }

    /// Whether the PIN is to be typed on the reader's PIN pad.
    pub fn has_pad(&mut self) -> Result<bool, CardError> {
        self.channel.has_pad()
    }

    /// The PIN goes from the pad to the card. One that the pad does not accept costs no try.
    fn verify_on_pad(&mut self) -> Result<(), CardError> {
        let template = [&[0x00, VERIFY, 0x00, PIN, 0x08][..], &[0xff; PIN_BYTES]].concat();
        match status_of(self.channel.verify_on_pad(&template)?)? {
            status::PAD_TIMED_OUT => Err(CardError::PadTimedOut),
            status::PAD_CANCELLED => Err(CardError::PadCancelled),
            status::PAD_LENGTH => Err(PIN_LENGTH),
            status => verified(status),
        }
    }

    fn verify_typed(&mut self, pin: Pin) -> Result<(), CardError> {
        let typed = pin.expose();
        if !(PIN_MIN..=PIN_BYTES).contains(&typed.len()) || !typed.is_ascii() {
            return Err(PIN_LENGTH);
        }
        let mut block = Zeroizing::new([0xff; PIN_BYTES]);
        block.iter_mut().zip(typed).for_each(|(place, character)| *place = *character);
        drop(pin);
        let answer = self.ask(VERIFY, [0x00, PIN], block.as_slice(), false)?;
        verified(answer.status)
    }

    /// Compares the PIN and signs, with no command between. The signature is checked before it is given out.
    pub fn sign(
        &mut self,
        slot: Slot,
        certificate: &Certificate,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
        pin: PinEntry,
    ) -> Result<Vec<u8>, CardError> {
        let kind = KeyKind::of(certificate)?;
        let input = kind.input(algorithm, digest)?;
        let template = [&[0x82, 0x00][..], &tlv::object(0x81, &input)?].concat();
        let template = tlv::object(0x7c, &template)?;
        self.verify(pin)?;
        let answer = self.ask(0x87, [kind.identifier(), slot.reference()], &template, true)?;
        match answer.status {
            status::DONE => {}
            status => return Err(CardError::Refused { what: "to sign", status }),
        }
        let signature = tlv::find(&answer.data, 0x7c).and_then(|template| tlv::find(template, 0x82))?.to_vec();
        let key = certificate.tbs_certificate().subject_public_key_info();
        if verify_digest(key, algorithm, digest, &signature) { Ok(signature) } else { Err(CardError::SignatureWrong) }
    }

    /// Proves possession of the slot's key.
    pub fn prove_possession(
        &mut self,
        slot: Slot,
        certificate: Certificate,
        challenge: &[u8],
        pin: PinEntry,
    ) -> Result<Possession, CardError> {
        if challenge.len() < Possession::CHALLENGE {
            return Err(CardError::Input);
        }
        let algorithm = KeyKind::of(&certificate)?.signature(RsaPadding::default());
        let message = Possession::message(challenge);
        let signature = self.sign(slot, &certificate, algorithm, &algorithm.digest(&[&message]), pin)?;
        Ok(Possession { certificate, algorithm, signature })
    }

    /// Agrees on a secret with the key in slot 9D (SP 800-73-4 part 2 appendix A.5). The PIN has been verified in this hold of the card.
    pub fn agree(&mut self, certificate: &Certificate, point: &[u8]) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let kind = agreeing(certificate)?;
        let template = [&[0x82, 0x00][..], &tlv::object(0x85, point)?].concat();
        let template = tlv::object(0x7c, &template)?;
        let answer = self.ask(0x87, [kind.identifier(), Slot::KeyManagement.reference()], &template, true)?;
        let data = Zeroizing::new(answer.data);
        match answer.status {
            status::DONE => {}
            status => return Err(CardError::Refused { what: "to agree on a secret", status }),
        }
        let secret = tlv::find(&data, 0x7c).and_then(|template| tlv::find(template, 0x82))?;
        if secret.len() == SECRET_BYTES { Ok(Zeroizing::new(secret.to_vec())) } else { Err(CardError::Garbled("secret")) }
    }

    fn ask(&mut self, instruction: u8, parameters: [u8; 2], data: &[u8], answers: bool) -> Result<Answer, CardError> {
        exchange(&mut self.channel, &Command { instruction, parameters, data, answers })
    }
}

/// The kind of a key that agrees on secrets: P-256 alone.
pub fn agreeing(certificate: &Certificate) -> Result<KeyKind, CardError> {
    match KeyKind::of(certificate)? {
        KeyKind::P256 => Ok(KeyKind::P256),
        _ => Err(CardError::KeyNotSupported),
    }
}

/// What the card says about a PIN.
fn verified(status: u16) -> Result<(), CardError> {
    match status {
        status::DONE => Ok(()),
        status::BLOCKED => Err(CardError::Blocked),
        status::WRONG_DATA => Err(PIN_LENGTH),
        status => match tries(status) {
            Some(0) => Err(CardError::Blocked),
            Some(tries_left) => Err(CardError::WrongPin { tries_left: Some(tries_left) }),
            None => Err(CardError::Refused { what: "the PIN", status }),
        },
    }
}

/// The tries in a status word 63Cx.
fn tries(status: u16) -> Option<u8> {
    (status & 0xfff0 == TRIES_LEFT).then_some(status & 0x000f).and_then(|tries| u8::try_from(tries).ok())
}
