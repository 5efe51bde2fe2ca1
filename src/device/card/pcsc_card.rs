//! A PIV card in a PC/SC reader.

use std::{
    collections::BTreeMap,
    ffi::CString,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{RecvTimeoutError, sync_channel},
    },
    thread,
    time::Duration,
};

use der::Encode as _;
use pcsc::{Context, Disposition, MAX_BUFFER_SIZE_EXTENDED, Protocols, ShareMode, Transaction};
use x509_cert::Certificate;
use zeroize::Zeroizing;

use super::{
    Card, CardError, Contents, PinFacts, Possession, Slot,
    apdu::Channel,
    pad,
    piv::{self, FEWEST_DIGITS, MOST_DIGITS, Piv},
    readers::{connect, is_card_gone},
};
use crate::{config::local::PinPadUse, digest::Digest, secret::PinEntry, trust::SignatureAlgorithm};

/// The card in one reader.
///
/// The certificates that were read first say which card it is: when another card is in the reader later, it gets no PIN.
pub struct PcscCard {
    reader: CString,
    patience: Duration,
    pin_pad: PinPadUse,
    known: BTreeMap<Slot, Digest>,
}

/// What is done with a card on its own thread.
type Session<'tx> = Piv<Line<'tx>>;

impl PcscCard {
    /// How much longer when the PIN is typed on the reader, which itself gives [`pad::SECONDS`].
    const AT_THE_PAD: Duration = Duration::from_mins(1);

    /// How long one operation may take. A card computes an RSA signature in a second or two.
    pub const PATIENCE: Duration = Duration::from_secs(20);

    /// The card in the reader of this name. Nothing is opened yet.
    pub fn in_reader(name: &str) -> Result<Self, CardError> {
        let reader = CString::new(name).map_err(|_| CardError::NoReader)?;
        Ok(Self { reader, patience: Self::PATIENCE, pin_pad: PinPadUse::default(), known: BTreeMap::new() })
    }

    /// The same card with another limit for one operation.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The same card with another use of the reader's PIN pad.
    #[must_use]
    pub fn with_pin_pad(self, pin_pad: PinPadUse) -> Self {
        Self { pin_pad, ..self }
    }

    /// Does `work` with the card held alone, and lets go of it; then the card is left as `end` says.
    ///
    /// It happens on a thread of its own, because a card that does not answer blocks its caller for as long as it likes. A
    /// thread that is given up on sends no further command and ends when the card answers or is pulled.
    fn operate<T: Send + 'static>(
        &self,
        end: Disposition,
        work: impl FnOnce(&mut Session) -> Result<T, CardError> + Send + 'static,
    ) -> Result<T, CardError> {
        self.operate_within(self.patience, end, work)
    }

    /// The same with the time that it takes to get the PIN.
    fn operate_with_pin<T: Send + 'static>(
        &self,
        pin: PinEntry,
        work: impl FnOnce(&mut Session, PinEntry) -> Result<T, CardError> + Send + 'static,
    ) -> Result<T, CardError> {
        let more = if matches!(pin, PinEntry::Pad) { Self::AT_THE_PAD } else { Duration::ZERO };
        self.operate_within(self.patience.saturating_add(more), Disposition::ResetCard, move |piv| work(piv, pin))
    }

    fn operate_within<T: Send + 'static>(
        &self,
        patience: Duration,
        end: Disposition,
        work: impl FnOnce(&mut Session) -> Result<T, CardError> + Send + 'static,
    ) -> Result<T, CardError> {
        let reader = self.reader.clone();
        let pin_pad = self.pin_pad;
        let progress = Arc::new(Progress::default());
        let (sender, outcome) = sync_channel(1);
        let theirs = Arc::clone(&progress);
        let thread = thread::Builder::new().name("card".into()).spawn(move || {
            let outcome = connect().and_then(|context| {
                let outcome = with_card(&context, &reader, end, &theirs, pin_pad, work);
                outcome.map_err(|error| explain(error, &context, &reader))
            });
            // Nobody listens any more when the time is up.
            let _ = sender.send(outcome);
        });
        thread.map_err(|_| CardError::System)?;
        match outcome.recv_timeout(patience) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Disconnected) => Err(CardError::System),
            Err(RecvTimeoutError::Timeout) => {
                progress.given_up.store(true, Ordering::SeqCst);
                // Waiting for the card is waiting for whoever holds it.
                let opened = progress.opened.load(Ordering::SeqCst);
                Err(if opened { CardError::Silent } else { CardError::Busy })
            }
        }
    }

    /// The first slot that was read and its certificate's digest, to know the card again.
    fn mark(&mut self) -> Result<(Slot, Digest), CardError> {
        if self.known.is_empty() {
            self.contents()?;
        }
        let first = self.known.first_key_value().map(|(slot, digest)| (*slot, *digest));
        first.ok_or(CardError::NoCertificate { slot: Slot::Authentication })
    }

    /// The digest of the certificate that was first read from `slot`.
    fn known(&mut self, slot: Slot) -> Result<Digest, CardError> {
        if self.known.is_empty() {
            self.contents()?;
        }
        self.known.get(&slot).copied().ok_or(CardError::NoCertificate { slot })
    }
}

#[allow(clippy::redundant_closure_for_method_calls, reason = "a method by name is bound to one lifetime of the card's hold")]
impl Card for PcscCard {
    fn contents(&mut self) -> Result<Contents, CardError> {
        let contents = self.operate(Disposition::LeaveCard, |piv| piv.contents())?;
        let found = contents.certificates.iter().map(|found| Ok((found.slot, digest(&found.certificate)?)));
        let found = found.collect::<Result<BTreeMap<_, _>, CardError>>()?;
        if self.known.is_empty() {
            self.known = found;
        } else if self.known != found {
            return Err(CardError::Exchanged);
        }
        Ok(contents)
    }

    fn pin_facts(&mut self) -> Result<PinFacts, CardError> {
        let (tries_left, pad) = self.operate(Disposition::LeaveCard, |piv| Ok((piv.tries_left()?, piv.has_pad()?)))?;
        Ok(PinFacts { tries_left, wrong_before: false, pad, fewest: FEWEST_DIGITS, most: MOST_DIGITS })
    }

    fn verify_pin(&mut self, pin: PinEntry) -> Result<(), CardError> {
        let (slot, known) = self.mark()?;
        self.operate_with_pin(pin, move |piv, pin| {
            recognised(piv, slot, known)?;
            piv.verify(pin)
        })
    }

    fn sign_digest(
        &mut self,
        slot: Slot,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
        pin: PinEntry,
    ) -> Result<Vec<u8>, CardError> {
        let known = self.known(slot)?;
        let digest = digest.to_vec();
        self.operate_with_pin(pin, move |piv, pin| {
            let certificate = recognised(piv, slot, known)?;
            piv.sign(slot, &certificate, algorithm, &digest, pin)
        })
    }

    fn prove_possession(&mut self, slot: Slot, challenge: &[u8], pin: PinEntry) -> Result<Possession, CardError> {
        let known = self.known(slot)?;
        let challenge = challenge.to_vec();
        self.operate_with_pin(pin, move |piv, pin| {
            let certificate = recognised(piv, slot, known)?;
            piv.prove_possession(slot, certificate, &challenge, pin)
        })
    }

    fn prove_and_agree(
        &mut self,
        slot: Slot,
        challenge: &[u8],
        point: &[u8],
        pin: PinEntry,
    ) -> Result<(Possession, Zeroizing<Vec<u8>>), CardError> {
        let (known, other) = (self.known(slot)?, self.known(Slot::KeyManagement)?);
        let (challenge, point) = (challenge.to_vec(), point.to_vec());
        self.operate_with_pin(pin, move |piv, pin| {
            let certificate = recognised(piv, slot, known)?;
            let agreeing = recognised(piv, Slot::KeyManagement, other)?;
            piv::agreeing(&agreeing)?;
            let possession = piv.prove_possession(slot, certificate, &challenge, pin)?;
            Ok((possession, piv.agree(&agreeing, &point)?))
        })
    }
}

/// The certificate in `slot`, when it is the one that is known. It is read again in the same hold of the card, before the PIN.
fn recognised(piv: &mut Session, slot: Slot, known: Digest) -> Result<Certificate, CardError> {
    let certificate = match piv.certificate(slot) {
        Err(CardError::NoCertificate { .. }) => return Err(CardError::Exchanged),
        other => other?,
    };
    if digest(&certificate)? == known { Ok(certificate) } else { Err(CardError::Exchanged) }
}

fn digest(certificate: &Certificate) -> Result<Digest, CardError> {
    certificate.to_der().map(|der| Digest::of(&der)).map_err(|_| CardError::Garbled("certificate"))
}

/// How far an operation has come, seen from both threads.
#[derive(Default)]
struct Progress {
    /// The card is held.
    opened: AtomicBool,
    /// Nobody waits for the outcome any more.
    given_up: AtomicBool,
}

fn with_card<T>(
    context: &Context,
    reader: &CString,
    end: Disposition,
    progress: &Progress,
    pin_pad: PinPadUse,
    work: impl FnOnce(&mut Session) -> Result<T, CardError>,
) -> Result<T, CardError> {
    let mut card = context.connect(reader, ShareMode::Shared, Protocols::ANY)?;
    let outcome = {
        let transaction = card.transaction()?;
        progress.opened.store(true, Ordering::SeqCst);
        let outcome = Piv::open(Line { transaction: &transaction, progress, pin_pad }).and_then(|mut piv| work(&mut piv));
        // The reset belongs to the same hold, so that nobody finds the PIN verified. A card that is pulled now has forgotten it.
        let _ = transaction.end(end);
        outcome
    };
    let _ = card.disconnect(end);
    outcome
}

/// A card that is pulled shows itself in many ways: no answer, half an answer, an error. The reader knows.
fn explain(error: CardError, context: &Context, reader: &CString) -> CardError {
    let may_be_gone = matches!(
        error,
        CardError::Silent
            | CardError::Mute
            | CardError::PadFault
            | CardError::Garbled(_)
            | CardError::Disturbed
            | CardError::NoReader
    );
    if may_be_gone && is_card_gone(context, reader) {
        return if error == CardError::NoReader { error } else { CardError::Removed };
    }
    error
}

/// The line to the card while it is held.
struct Line<'tx> {
    transaction: &'tx Transaction<'tx>,
    progress: &'tx Progress,
    pin_pad: PinPadUse,
}

impl Channel for Line<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, CardError> {
        if self.progress.given_up.load(Ordering::SeqCst) {
            return Err(CardError::Silent);
        }
        let mut buffer = vec![0; MAX_BUFFER_SIZE_EXTENDED];
        Ok(self.transaction.transmit(command, &mut buffer)?.to_vec())
    }

    fn has_pad(&mut self) -> Result<bool, CardError> {
        match self.pin_pad {
            PinPadUse::Never => Ok(false),
            PinPadUse::WhenPresent => Ok(pad::find(self.transaction)?.is_some()),
            PinPadUse::Required => pad::find(self.transaction)?.map(|_| true).ok_or(CardError::NoPad),
        }
    }

    fn verify_on_pad(&mut self, command: &[u8]) -> Result<Vec<u8>, CardError> {
        if self.progress.given_up.load(Ordering::SeqCst) {
            return Err(CardError::Silent);
        }
        let code = pad::find(self.transaction)?.ok_or(CardError::NoPad)?;
        pad::verify(self.transaction, code, command)
    }
}
