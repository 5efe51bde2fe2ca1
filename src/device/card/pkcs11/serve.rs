//! The device host's side: one task with one PKCS#11 module, in a process that ends afterwards.
//!
//! So nothing that a module keeps (a login, a PIN in a cache, a lock that it never lets go of) outlives the task.

use std::{
    fs::File,
    io::{BufWriter, Read},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::{
        Mechanism, MechanismType,
        elliptic_curve::{EcKdf, Ecdh1DeriveParams},
        rsa::{PkcsMgfType, PkcsPssParams},
    },
    object::{Attribute, AttributeType, CertificateType, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::{Slot, TokenInfo},
    types::{AuthPin, Ulong},
};
use zeroize::Zeroizing;

use super::wire::{Agree, Answer, Ask, Facts, Failure, KnownCard, Method, PinFrom, Task};
use crate::{
    device::{
        card::ReaderInfo,
        frame::{self, FrameError},
    },
    digest::Digest,
};

/// A secret on which a key has agreed.
type Agreed = Zeroizing<Vec<u8>>;

/// Most readers and most certificates that are told of.
const MOST: usize = 32;
/// Longest certificate in bytes.
const LONGEST_CERTIFICATE: usize = 16 * 1024;
/// Longest name in bytes.
const LONGEST_NAME: usize = 128;
/// Between two looks at the readers. PKCS#11 has a wait for events, but not every module can do it, and some lose events.
const LOOK: Duration = Duration::from_millis(250);
/// How long a reader may take to notice that its card is gone, on a busy machine too.
const NOTICE: Duration = Duration::from_secs(3);
/// Between two looks for a card that may be gone.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Longest silence towards the station while nothing changes.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

/// Serves the station's one question. `input` must be unbuffered: a PIN that passes through a buffer stays in it.
pub fn serve(mut input: File, output: File) -> Result<(), FrameError> {
    let (Ask { module, task }, pin) = frame::read::<Ask>(&mut input)?;
    let pin = Zeroizing::new(pin);
    thread::spawn(move || {
        // The station says nothing more. When it goes, a module that hangs must not keep this process, and with it the reader.
        let _ = input.read(&mut [0]);
        std::process::exit(0);
    });
    let mut telling = Telling(BufWriter::new(output));
    let outcome = load(&module).and_then(|module| {
        let outcome = work(&module, task, &pin, &mut telling);
        // Before the answer: then the card is free again when the station has it.
        let _ = module.finalize();
        outcome
    });
    match outcome {
        // A payload may end with a secret on which a key has agreed.
        Ok(answers) => answers.into_iter().try_for_each(|(answer, payload)| telling.tell(&answer, &Zeroizing::new(payload))),
        Err(Trouble::Failure(failure)) => telling.tell(&Answer::Failed(failure), &[]),
        Err(Trouble::Station(error)) => Err(error),
    }
}

/// Answers with their payloads.
type Answers = Vec<(Answer, Vec<u8>)>;

fn one(answer: Answer) -> Answers {
    vec![(answer, Vec::new())]
}

/// Why a task ended early.
enum Trouble {
    /// To be told to the station.
    Failure(Failure),
    /// The station does not listen.
    Station(FrameError),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Failure(failure(&error))
    }
}

impl From<FrameError> for Trouble {
    fn from(error: FrameError) -> Self {
        Self::Station(error)
    }
}

/// The way back to the station.
struct Telling(BufWriter<File>);

impl Telling {
    fn tell(&mut self, answer: &Answer, payload: &[u8]) -> Result<(), FrameError> {
        frame::write(&mut self.0, answer, payload)
    }
}

fn load(path: &Path) -> Result<Pkcs11, Trouble> {
    // Only what LOCAL.toml names in full is loaded, never something found in a search path.
    if !path.is_absolute() || !path.is_file() {
        return Err(Failure::NotLoaded.into());
    }
    let module = Pkcs11::new(path)?;
    // No locking: one thread alone uses the module. OpenSC 0.23 deadlocks on its own lock after a card was pulled.
    module.initialize(CInitializeArgs::new(CInitializeFlags::empty()))?;
    Ok(module)
}

fn work(module: &Pkcs11, task: Task, pin: &[u8], telling: &mut Telling) -> Result<Answers, Trouble> {
    match task {
        Task::Readers => Ok(one(Answer::Readers(readers(module)?))),
        Task::Watch => watch(module, telling),
        Task::Contents { reader } => {
            let token = Token::open(module, &reader)?;
            let found = token.certificates()?.into_iter();
            let certificates = found.map(|found| (Answer::Certificate { label: found.label }, found.der));
            Ok(certificates.chain(one(Answer::Done)).collect())
        }
        Task::PinFacts { reader } => {
            let facts = Token::open(module, &reader)?.facts()?;
            Ok(one(Answer::PinFacts(facts)))
        }
        Task::Verify { card, pin: from } => {
            let token = Token::open(module, &card.reader)?;
            token.certificate(&card)?;
            token.log_in(entry(from, pin)?.as_ref())?;
            token.log_out();
            Ok(one(Answer::Done))
        }
        Task::Sign { card, pin: from, method, input, agree } => {
            let token = Token::open(module, &card.reader)?;
            let pin = entry(from, pin)?;
            let (mut signature, secret) = token.use_keys(&card, pin.as_ref(), method, &input, agree.as_ref())?;
            let Some(secret) = secret else { return Ok(vec![(Answer::Signature, signature)]) };
            let length = signature.len();
            signature.extend_from_slice(&secret);
            Ok(vec![(Answer::SignedAndAgreed { signature: length }, signature)])
        }
    }
}

/// The PIN as the module takes it.
struct Typed {
    pin: AuthPin,
    /// In bytes, as PKCS#11 counts.
    length: usize,
}

/// The PIN; `None` when it comes from the reader's pad.
fn entry(from: PinFrom, pin: &[u8]) -> Result<Option<Typed>, Failure> {
    match from {
        PinFrom::Pad => Ok(None),
        PinFrom::Payload => {
            let text = std::str::from_utf8(pin).map_err(|_| Failure::Module("the PIN is no text".to_owned()))?;
            Ok(Some(Typed { pin: AuthPin::from(text), length: pin.len() }))
        }
    }
}

/// The slots and what is in them.
fn slots(module: &Pkcs11) -> Result<Vec<(Slot, ReaderInfo)>, Error> {
    let all = module.get_all_slots()?.into_iter().take(MOST);
    let one = |slot| -> Result<_, Error> {
        let info = module.get_slot_info(slot)?;
        Ok((slot, ReaderInfo { name: short(info.slot_description()), card: info.token_present() }))
    };
    // A slot that goes between two questions is no longer one.
    Ok(all.filter_map(|slot| one(slot).ok()).collect())
}

fn readers(module: &Pkcs11) -> Result<Vec<ReaderInfo>, Error> {
    Ok(slots(module)?.into_iter().map(|(_, reader)| reader).collect())
}

fn watch(module: &Pkcs11, telling: &mut Telling) -> Result<Answers, Trouble> {
    let mut told: Option<(Vec<ReaderInfo>, Instant)> = None;
    loop {
        let now = readers(module)?;
        if told.as_ref().is_none_or(|(before, at)| *before != now || at.elapsed() >= SIGN_OF_LIFE) {
            telling.tell(&Answer::Readers(now.clone()), &[])?;
            told = Some((now, Instant::now()));
        }
        thread::sleep(LOOK);
        // Some modules notice a change only when they are asked for events.
        let _ = module.get_slot_event();
    }
}

/// A certificate on a card.
struct Found {
    label: String,
    /// CKA_ID, which its private key has as well.
    id: Vec<u8>,
    der: Vec<u8>,
}

/// The card in a reader, with a session.
struct Token<'m> {
    module: &'m Pkcs11,
    slot: Slot,
    session: Session,
}

impl<'m> Token<'m> {
    fn open(module: &'m Pkcs11, reader: &str) -> Result<Self, Failure> {
        let slots = slots(module).map_err(|error| failure(&error))?;
        let (slot, found) = slots.iter().find(|(_, found)| found.name == reader).ok_or(Failure::NoReader)?;
        if !found.card {
            return Err(Failure::NoCard);
        }
        let session = module.open_ro_session(*slot).map_err(|error| failure(&error))?;
        Ok(Self { module, slot: *slot, session })
    }

    /// What an error means: modules call a card that was pulled a general error, so the reader is asked.
    fn explain(&self, error: &Error) -> Failure {
        match failure(error) {
            // They were there when the session was opened.
            Failure::NoCard | Failure::NoReader => Failure::Removed,
            Failure::Module(_) | Failure::NotRecognised if self.is_gone() => Failure::Removed,
            other => other,
        }
    }

    /// Whether the card has gone. The reader may notice a moment later than the module does.
    fn is_gone(&self) -> bool {
        let deadline = Instant::now() + NOTICE;
        loop {
            match self.module.get_slots_with_token() {
                Ok(slots) if !slots.contains(&self.slot) => return true,
                Ok(_) if Instant::now() < deadline => thread::sleep(LOOK_AGAIN),
                _ => return false,
            }
        }
    }

    fn info(&self) -> Result<TokenInfo, Failure> {
        self.module.get_token_info(self.slot).map_err(|error| self.explain(&error))
    }

    fn facts(&self) -> Result<Facts, Failure> {
        let info = self.info()?;
        let length = |characters: usize| u8::try_from(characters).unwrap_or(u8::MAX);
        Ok(Facts {
            pad: info.protected_authentication_path(),
            locked: info.user_pin_locked(),
            last_try: info.user_pin_final_try(),
            wrong_before: info.user_pin_count_low(),
            fewest: length(info.min_pin_length()),
            most: length(info.max_pin_length()),
        })
    }

    /// The X.509 certificates of persons' keys, in the module's order. What cannot be read is left out.
    fn certificates(&self) -> Result<Vec<Found>, Failure> {
        let template = [Attribute::Class(ObjectClass::CERTIFICATE), Attribute::CertificateType(CertificateType::X_509)];
        let handles = self.session.find_objects(&template).map_err(|error| self.explain(&error))?;
        let mut found = Vec::new();
        for handle in handles.into_iter().take(MOST) {
            let mut certificate = Found { label: String::new(), id: Vec::new(), der: Vec::new() };
            let wanted = [AttributeType::Label, AttributeType::Id, AttributeType::Value];
            let attributes = self.session.get_attributes(handle, &wanted).map_err(|error| self.explain(&error))?;
            for attribute in attributes {
                match attribute {
                    Attribute::Label(label) => certificate.label = short(&String::from_utf8_lossy(&label)),
                    Attribute::Id(id) => certificate.id = id,
                    Attribute::Value(der) => certificate.der = der,
                    _ => {}
                }
            }
            if (1..=LONGEST_CERTIFICATE).contains(&certificate.der.len()) {
                found.push(certificate);
            }
        }
        Ok(found)
    }

    /// The certificate by which the card is known. A card without it is another card.
    fn certificate(&self, card: &KnownCard) -> Result<Found, Failure> {
        let found = self.certificates()?.into_iter().find(|found| Digest::of(&found.der) == card.certificate);
        found.ok_or(Failure::Exchanged)
    }

    /// Logs the user in: one try, and none when the PIN cannot be right.
    fn log_in(&self, pin: Option<&Typed>) -> Result<(), Failure> {
        if let Some(typed) = pin {
            let Facts { fewest, most, .. } = self.facts()?;
            if !(usize::from(fewest)..=usize::from(most)).contains(&typed.length) {
                return Err(Failure::PinLength { fewest, most });
            }
        }
        self.authenticate(UserType::User, pin)
    }

    fn authenticate(&self, user: UserType, pin: Option<&Typed>) -> Result<(), Failure> {
        self.session.login(user, pin.map(|typed| &typed.pin)).map_err(|error| match failure(&error) {
            wrong @ Failure::WrongPin { .. } => match self.facts() {
                Ok(Facts { locked: true, .. }) => Failure::Blocked,
                Ok(Facts { last_try, .. }) => Failure::WrongPin { last_try },
                Err(_) => wrong,
            },
            Failure::PinLength { .. } => match self.facts() {
                Ok(Facts { fewest, most, .. }) => Failure::PinLength { fewest, most },
                Err(failure) => failure,
            },
            _ => self.explain(&error),
        })
    }

    /// Leaves nothing verified on the card. A card that is gone has forgotten it.
    fn log_out(&self) {
        let _ = self.session.logout();
    }

    /// Signs, and agrees on a secret with another key where that is asked for, all with one PIN.
    fn use_keys(
        &self,
        card: &KnownCard,
        pin: Option<&Typed>,
        method: Method,
        input: &[u8],
        agree: Option<&Agree>,
    ) -> Result<(Vec<u8>, Option<Agreed>), Failure> {
        let certificate = self.certificate(card)?;
        let other = match agree {
            None => None,
            Some(agree) => {
                let card = KnownCard { reader: card.reader.clone(), certificate: agree.certificate };
                Some((self.certificate(&card)?, agree))
            }
        };
        self.log_in(pin)?;
        let signature = self.private_key(&certificate.id, method).and_then(|key| self.sign_with(key, pin, method, input));
        let used = signature.and_then(|signature| {
            let secret = other.map(|(other, agree)| self.agree(&other.id, &agree.point)).transpose()?;
            Ok((signature, secret))
        });
        self.log_out();
        used
    }

    /// The secret on which a key on the curve P-256 agrees; the module keeps nothing of it.
    fn agree(&self, id: &[u8], point: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let key = self.private_key(id, Method::Ecdsa)?;
        let mechanism = Mechanism::Ecdh1Derive(Ecdh1DeriveParams::new(EcKdf::null(), point));
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::GENERIC_SECRET),
            Attribute::ValueLen(Ulong::new(32)),
            Attribute::Token(false),
            Attribute::Sensitive(false),
            Attribute::Extractable(true),
        ];
        let read = |secret| self.session.get_attributes(secret, &[AttributeType::Value]);
        let derived = self.session.derive_key(&mechanism, key, &template);
        let attributes = derived.and_then(read).map_err(|error| self.explain(&error))?;
        attributes
            .into_iter()
            .find_map(|attribute| if let Attribute::Value(value) = attribute { Some(Zeroizing::new(value)) } else { None })
            .ok_or_else(|| Failure::Module("it gives no secret out".to_owned()))
    }

    fn private_key(&self, id: &[u8], method: Method) -> Result<ObjectHandle, Failure> {
        let kind = if method == Method::Ecdsa { KeyType::EC } else { KeyType::RSA };
        let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::KeyType(kind), Attribute::Id(id.to_vec())];
        let keys = self.session.find_objects(&template).map_err(|error| self.explain(&error))?;
        keys.first().copied().ok_or(Failure::NoKey)
    }

    /// A key that wants a PIN for each use (CKA_ALWAYS_AUTHENTICATE) gets it by a context-specific login between the beginning and
    /// the end of the signature (PKCS#11 v3.1 §5.6.8). The PIN has just been found right, so this costs no try.
    fn sign_with(&self, key: ObjectHandle, pin: Option<&Typed>, method: Method, input: &[u8]) -> Result<Vec<u8>, Failure> {
        let mechanism = mechanism(method);
        let signed = (|| {
            if !self.wants_pin_each_time(key) {
                return self.session.sign(&mechanism, key, input);
            }
            self.session.sign_init(&mechanism, key)?;
            self.session.login(UserType::ContextSpecific, pin.map(|typed| &typed.pin))?;
            self.session.sign_update(input)?;
            self.session.sign_final()
        })();
        signed.map_err(|error| self.explain(&error))
    }

    fn wants_pin_each_time(&self, key: ObjectHandle) -> bool {
        // A module that does not know the attribute has no such keys.
        let attributes = self.session.get_attributes(key, &[AttributeType::AlwaysAuthenticate]).unwrap_or_default();
        attributes.contains(&Attribute::AlwaysAuthenticate(true))
    }
}

fn mechanism(method: Method) -> Mechanism<'static> {
    let pss =
        |hash_alg, mgf, length: u8| Mechanism::RsaPkcsPss(PkcsPssParams { hash_alg, mgf, s_len: Ulong::new(length.into()) });
    match method {
        Method::Ecdsa => Mechanism::Ecdsa,
        Method::RsaPkcs1 => Mechanism::RsaPkcs,
        Method::RsaPssSha256 => pss(MechanismType::SHA256, PkcsMgfType::MGF1_SHA256, 32),
        Method::RsaPssSha384 => pss(MechanismType::SHA384, PkcsMgfType::MGF1_SHA384, 48),
        Method::RsaPssSha512 => pss(MechanismType::SHA512, PkcsMgfType::MGF1_SHA512, 64),
    }
}

/// What PKCS#11 says, in the words of this road.
fn failure(error: &Error) -> Failure {
    let value = match error {
        Error::LibraryLoading(_) | Error::MissingSymbol(_) => return Failure::NotLoaded,
        Error::Pkcs11(value, _) => value,
        other => return Failure::Module(short(&other.to_string())),
    };
    match value {
        RvError::PinIncorrect => Failure::WrongPin { last_try: false },
        RvError::PinLocked => Failure::Blocked,
        RvError::PinLenRange | RvError::PinInvalid => Failure::PinLength { fewest: 0, most: u8::MAX },
        RvError::FunctionCanceled | RvError::Cancel => Failure::Cancelled,
        RvError::TokenNotPresent => Failure::NoCard,
        RvError::TokenNotRecognized => Failure::NotRecognised,
        RvError::DeviceRemoved => Failure::Removed,
        RvError::SlotIdInvalid => Failure::NoReader,
        RvError::MechanismInvalid
        | RvError::MechanismParamInvalid
        | RvError::KeyTypeInconsistent
        | RvError::KeySizeRange
        | RvError::KeyFunctionNotPermitted => Failure::KeyNotSupported,
        RvError::HostMemory => Failure::Memory,
        other => Failure::Module(format!("{other:?}")),
    }
}

/// A name of bounded length.
fn short(name: &str) -> String {
    let end = name.floor_char_boundary(LONGEST_NAME);
    name.get(..end).unwrap_or_default().trim().to_owned()
}
