//! Cards through the PKCS#11 module of their vendor.
//!
//! The module runs in a device host ([`serve`]): a process of its own for each operation. A module that crashes or hangs costs that
//! operation and nothing else, and whatever it keeps of a PIN ends with its process.

mod serve;
mod slots;
mod watch;
mod wire;

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use der::{Encode as _, Sequence, asn1::UintRef};
use x509_cert::Certificate;
use zeroize::Zeroizing;

use super::{
    Card, CardError, Contents, PinFacts, Possession, ReaderInfo, RsaPadding, Slot, key::KeyKind, padding, piv,
    readers::reset_card,
};
use crate::{
    config::local::PinPadUse,
    device::host::{Host, HostCommand, Silence},
    digest::Digest,
    secret::PinEntry,
    trust::{RsaDigest, SignatureAlgorithm, verify_digest},
};
pub use serve::serve;
pub(super) use watch::watch;
use wire::{Agree, Answer, Ask, Facts, Failure, KnownCard, Method, PinFrom, Task};

/// Longest name or text from the host that is passed on, in characters.
const LONGEST_TEXT: usize = 128;
/// Most certificates of one card.
const MOST_CERTIFICATES: usize = 32;

/// A module and the device host in which it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    command: HostCommand,
    path: PathBuf,
}

impl Module {
    /// The module at this absolute path. `executable` is this program.
    pub fn new(executable: &Path, path: &Path) -> Self {
        // The module finds the same PC/SC service as the station itself.
        const SERVICE: &str = "PCSCLITE_CSOCK_NAME";
        let environment = env::var_os(SERVICE).map(|socket| (OsString::from(SERVICE), socket)).into_iter().collect();
        Self { command: HostCommand { executable: executable.to_owned(), kind: "pkcs11", environment }, path: path.to_owned() }
    }

    /// The readers that the module knows, in its order.
    pub fn readers(&self, patience: Duration) -> Result<Vec<ReaderInfo>, CardError> {
        let mut talk = self.begin(Task::Readers, &[], patience)?;
        match talk.next()? {
            (Answer::Readers(readers), _) => Ok(bounded(readers)),
            _ => Err(out_of_turn()),
        }
    }

    /// Starts a device host with this task. It has `patience` to finish it.
    fn begin(&self, task: Task, pin: &[u8], patience: Duration) -> Result<Talk, CardError> {
        let mut host = Host::start(&self.command).map_err(|_| CardError::System)?;
        let deadline = Instant::now() + patience;
        host.ask_with(&Ask { module: self.path.clone(), task }, pin).map_err(|silence| silent(&silence))?;
        Ok(Talk { host, deadline })
    }
}

/// A device host at work. Its process ends with this value.
struct Talk {
    host: Host<Answer>,
    deadline: Instant,
}

impl Talk {
    /// Gives it so much time from now on.
    fn extend(&mut self, patience: Duration) {
        self.deadline = Instant::now() + patience;
    }

    fn next(&mut self) -> Result<(Answer, Vec<u8>), CardError> {
        match self.host.answer(self.deadline.saturating_duration_since(Instant::now())) {
            Ok((Answer::Failed(failure), _)) => Err(failure.into()),
            Ok(answer) => Ok(answer),
            Err(silence) => Err(silent(&silence)),
        }
    }
}

fn silent(silence: &Silence) -> CardError {
    match silence {
        Silence::Waiting => CardError::ModuleHung,
        Silence::Ended => CardError::ModuleCrashed,
        Silence::Garbled(_) => out_of_turn(),
    }
}

/// The host said something that does not belong here.
fn out_of_turn() -> CardError {
    CardError::ModuleFailed("its device host is not understood".to_owned())
}

/// The readers, no more and no longer names than sensible.
fn bounded(mut readers: Vec<ReaderInfo>) -> Vec<ReaderInfo> {
    readers.truncate(MOST_CERTIFICATES);
    for reader in &mut readers {
        reader.name = plain(&reader.name);
    }
    readers
}

/// A text from the host, short and on one line.
fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(LONGEST_TEXT).collect()
}

impl From<Failure> for CardError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotLoaded => Self::NoModule("the file is missing or is no module"),
            Failure::NoReader => Self::NoReader,
            Failure::NoCard => Self::NoCard,
            Failure::Removed => Self::Removed,
            Failure::Exchanged => Self::Exchanged,
            Failure::NotRecognised => Self::NotRecognised,
            Failure::NoKey => Self::NoKey,
            Failure::KeyNotSupported => Self::KeyNotSupported,
            Failure::PinLength { fewest, most } => Self::PinLength { fewest, most },
            Failure::WrongPin { last_try } => Self::WrongPin { tries_left: last_try.then_some(1) },
            Failure::Blocked => Self::Blocked,
            Failure::Cancelled => Self::PadCancelled,
            Failure::Memory => Self::System,
            Failure::Module(what) => Self::ModuleFailed(plain(&what)),
        }
    }
}

/// The card in one reader of a PKCS#11 module.
///
/// The certificates that were read first say which card it is: when another card is in the reader later, it gets no PIN.
pub struct Pkcs11Card {
    module: Module,
    reader: String,
    pin_pad: PinPadUse,
    patience: Duration,
    known: BTreeMap<Slot, Certificate>,
}

impl Pkcs11Card {
    /// How long one operation may take. Some modules read the whole card when they begin.
    pub const PATIENCE: Duration = Duration::from_secs(30);
    /// How much longer when the PIN is typed on the reader, where the reader itself sets the limit and may ask twice.
    const AT_THE_PAD: Duration = Duration::from_mins(2);

    /// How long the card may take to forget the PIN.
    const RESET: Duration = Duration::from_secs(3);

    /// The card in the reader of this name. Nothing is opened yet.
    pub fn in_reader(module: Module, reader: String) -> Self {
        Self { module, reader, pin_pad: PinPadUse::default(), patience: Self::PATIENCE, known: BTreeMap::new() }
    }

    /// The same card with another use of the reader's PIN pad.
    #[must_use]
    pub fn with_pin_pad(self, pin_pad: PinPadUse) -> Self {
        Self { pin_pad, ..self }
    }

    /// The same card with another limit for one operation.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// What the card is known by: the certificate in `slot`, or any when it does not matter which.
    fn known(&mut self, slot: Option<Slot>) -> Result<(KnownCard, Certificate), CardError> {
        if self.known.is_empty() {
            self.contents()?;
        }
        let found = match slot {
            Some(slot) => self.known.get(&slot),
            None => self.known.values().next(),
        };
        let missing = CardError::NoCertificate { slot: slot.unwrap_or(Slot::Authentication) };
        let certificate = found.ok_or(missing)?.clone();
        Ok((KnownCard { reader: self.reader.clone(), certificate: digest(&certificate)? }, certificate))
    }

    /// Does a task that needs the PIN, which goes into the frame and is wiped here.
    fn with_pin(&mut self, pin: PinEntry, task: impl FnOnce(PinFrom) -> Task) -> Result<(Answer, Vec<u8>), CardError> {
        let pad = self.pin_facts()?.pad;
        let mut host = match (&pin, pad) {
            (PinEntry::Typed(_), true) => return Err(CardError::PadInUse),
            (PinEntry::Pad, false) => return Err(CardError::NoPad),
            (PinEntry::Typed(pin), false) => self.module.begin(task(PinFrom::Payload), pin.expose(), self.patience)?,
            (PinEntry::Pad, true) => {
                self.module.begin(task(PinFrom::Pad), &[], self.patience.saturating_add(Self::AT_THE_PAD))?
            }
        };
        drop(pin);
        let outcome = host.next();
        drop(host);
        reset_card(&self.reader, Self::RESET);
        outcome
    }

    /// Signs with the key in `slot` and checks the signature.
    fn sign(&mut self, slot: Slot, algorithm: SignatureAlgorithm, digest: &[u8], pin: PinEntry) -> Result<Vec<u8>, CardError> {
        let (card, certificate) = self.known(Some(slot))?;
        let (method, input) = method(KeyKind::of(&certificate)?, algorithm, digest)?;
        let (answer, signature) = self.with_pin(pin, |pin| Task::Sign { card, pin, method, input, agree: None })?;
        if answer != Answer::Signature {
            return Err(out_of_turn());
        }
        checked(&certificate, algorithm, method, digest, signature)
    }
}

/// The signature in the form of certificates and CMS, when it is right.
fn checked(
    certificate: &Certificate,
    algorithm: SignatureAlgorithm,
    method: Method,
    digest: &[u8],
    signature: Vec<u8>,
) -> Result<Vec<u8>, CardError> {
    let signature = if method == Method::Ecdsa { ecdsa_value(&signature)? } else { signature };
    let key = certificate.tbs_certificate().subject_public_key_info();
    if verify_digest(key, algorithm, digest, &signature) { Ok(signature) } else { Err(CardError::SignatureWrong) }
}

impl Card for Pkcs11Card {
    fn contents(&mut self) -> Result<Contents, CardError> {
        let mut talk = self.module.begin(Task::Contents { reader: self.reader.clone() }, &[], self.patience)?;
        let mut found = Vec::new();
        loop {
            match talk.next()? {
                (Answer::Certificate { label }, der) if found.len() < MOST_CERTIFICATES => found.push((label, der)),
                (Answer::Done, _) => break,
                _ => return Err(out_of_turn()),
            }
        }
        let contents = slots::sort(found);
        let now = contents.certificates.iter().map(|found| (found.slot, found.certificate.clone())).collect();
        if self.known.is_empty() {
            self.known = now;
        } else if self.known != now {
            return Err(CardError::Exchanged);
        }
        Ok(contents)
    }

    fn pin_facts(&mut self) -> Result<PinFacts, CardError> {
        let mut talk = self.module.begin(Task::PinFacts { reader: self.reader.clone() }, &[], self.patience)?;
        let (Answer::PinFacts(facts), _) = talk.next()? else { return Err(out_of_turn()) };
        let Facts { pad, locked, last_try, wrong_before, fewest, most } = facts;
        let pad = match (self.pin_pad, pad) {
            (PinPadUse::Never, _) => false,
            (PinPadUse::Required, false) => return Err(CardError::NoPad),
            (_, pad) => pad,
        };
        let tries_left = if locked { Some(0) } else { last_try.then_some(1) };
        Ok(PinFacts { tries_left, wrong_before, pad, fewest, most })
    }

    fn verify_pin(&mut self, pin: PinEntry) -> Result<(), CardError> {
        let (card, _) = self.known(None)?;
        match self.with_pin(pin, |pin| Task::Verify { card, pin })? {
            (Answer::Done, _) => Ok(()),
            _ => Err(out_of_turn()),
        }
    }

    fn sign_digest(
        &mut self,
        slot: Slot,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
        pin: PinEntry,
    ) -> Result<Vec<u8>, CardError> {
        self.sign(slot, algorithm, digest, pin)
    }

    fn prove_possession(&mut self, slot: Slot, challenge: &[u8], pin: PinEntry) -> Result<Possession, CardError> {
        if challenge.len() < Possession::CHALLENGE {
            return Err(CardError::Input);
        }
        let (_, certificate) = self.known(Some(slot))?;
        let algorithm = KeyKind::of(&certificate)?.signature(RsaPadding::default());
        let digest = algorithm.digest(&[&Possession::message(challenge)]);
        let signature = self.sign(slot, algorithm, &digest, pin)?;
        Ok(Possession { certificate, algorithm, signature })
    }

    fn prove_and_agree(
        &mut self,
        slot: Slot,
        challenge: &[u8],
        point: &[u8],
        pin: PinEntry,
    ) -> Result<(Possession, Zeroizing<Vec<u8>>), CardError> {
        if challenge.len() < Possession::CHALLENGE {
            return Err(CardError::Input);
        }
        let (card, certificate) = self.known(Some(slot))?;
        let (other, agreeing) = self.known(Some(Slot::KeyManagement))?;
        piv::agreeing(&agreeing)?;
        let agree = Some(Agree { certificate: other.certificate, point: point.to_vec() });
        let kind = KeyKind::of(&certificate)?;
        let algorithm = kind.signature(RsaPadding::default());
        let digest = algorithm.digest(&[&Possession::message(challenge)]);
        let (method, input) = method(kind, algorithm, &digest)?;
        let (answer, payload) = self.with_pin(pin, |pin| Task::Sign { card, pin, method, input, agree })?;
        let payload = Zeroizing::new(payload);
        let Answer::SignedAndAgreed { signature: length } = answer else { return Err(out_of_turn()) };
        let (signature, secret) = payload.split_at_checked(length).ok_or_else(out_of_turn)?;
        if secret.len() != piv::SECRET_BYTES {
            return Err(out_of_turn());
        }
        let signature = checked(&certificate, algorithm, method, &digest, signature.to_vec())?;
        Ok((Possession { certificate, algorithm, signature }, Zeroizing::new(secret.to_vec())))
    }
}

fn digest(certificate: &Certificate) -> Result<Digest, CardError> {
    certificate.to_der().map(|der| Digest::of(&der)).map_err(|_| CardError::Garbled("certificate"))
}

/// How the key signs in PKCS#11's words, and what it is given.
fn method(kind: KeyKind, algorithm: SignatureAlgorithm, digest: &[u8]) -> Result<(Method, Vec<u8>), CardError> {
    if digest.len() != algorithm.digest(&[]).len() {
        return Err(CardError::Input);
    }
    let method = match (kind, algorithm) {
        (KeyKind::P256, SignatureAlgorithm::P256) | (KeyKind::P384, SignatureAlgorithm::P384) => Method::Ecdsa,
        (KeyKind::Rsa { .. }, SignatureAlgorithm::RsaPkcs1(_)) => {
            return Ok((Method::RsaPkcs1, padding::digest_info(algorithm, digest)?));
        }
        (KeyKind::Rsa { .. }, SignatureAlgorithm::RsaPss(RsaDigest::Sha256)) => Method::RsaPssSha256,
        (KeyKind::Rsa { .. }, SignatureAlgorithm::RsaPss(RsaDigest::Sha384)) => Method::RsaPssSha384,
        (KeyKind::Rsa { .. }, SignatureAlgorithm::RsaPss(RsaDigest::Sha512)) => Method::RsaPssSha512,
        _ => return Err(CardError::KeyNotSupported),
    };
    Ok((method, digest.to_vec()))
}

/// `ECDSA-Sig-Value` (RFC 3279 §2.2.3).
#[derive(Sequence)]
struct EcdsaValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// PKCS#11 gives r and s of the same length one after the other (PKCS#11 v3.1 §6.3.1); certificates and CMS want DER.
fn ecdsa_value(signature: &[u8]) -> Result<Vec<u8>, CardError> {
    let halves = signature.split_at_checked(signature.len() / 2).filter(|(r, s)| r.len() == s.len() && !r.is_empty());
    let (r, s) = halves.ok_or(CardError::SignatureWrong)?;
    let value = UintRef::new(r).and_then(|r| EcdsaValue { r, s: UintRef::new(s)? }.to_der());
    value.map_err(|_| CardError::SignatureWrong)
}
