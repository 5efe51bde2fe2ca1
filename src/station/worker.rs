//! The station on a thread of its own, so that no screen ever waits for a disk, a scanner or a key.
//!
//! The screens send a [`Request`] and are told [`Update`]s. After each request a [`Snapshot`] says where everything stands.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use image::RgbImage;
use jiff::Timestamp;

use super::{
    ActError, Administration, AdministrationError, Appointee, ApproveError, Asked, Began, CaptureError, CardFault, CardView,
    FileChange, FindError, FoundDevices, KnownOperator, LastSignIn, PinStage, SavedMaster, Says, ScanFault, SessionError,
    SignedIn, Station, Uploader, VirtualCardKind, VirtualCards, WrongReader,
    card_watch::{CardsWatched, Shown},
    history::{self, Search},
    journal,
    local_settings::find_devices,
    logged,
};
use crate::{
    config::{Change, Language},
    control::{Command, Control, ControlId, Event, Operator, Step, Strokes},
    device::{
        card::{CardError, ReaderEvent, ReaderPlace, ReaderState},
        pad::{Ink, PadControl, PadError, PadInfo, PadOutcome, PadScreen},
        scanner::{ColourMode, RawScan, ScanControl},
    },
    digest::Digest,
    directory::{Chosen, Directory, DirectoryError, Hits, Query},
    evidence::preview::{Preview, PreviewError, RgbaPage},
    imaging::upright::Turn,
    register::RegisterError,
    rules::{self, CertificateKind, Function, Plan},
    secret::{Pin, PinEntry},
    selftest::Tested,
};

/// What the screens ask for.
pub enum Request {
    /// Tell where everything stands.
    Look,
    /// Make a training operator and sign in.
    Enroll {
        /// Name.
        name: String,
        /// PIN of the new key.
        pin: Pin,
        /// The same PIN, for signing in.
        again: Pin,
    },
    /// Sign in.
    SignIn {
        /// Serial number of the operator's certificate.
        serial: String,
        /// PIN.
        pin: Pin,
    },
    /// Sign in with the card in the operator's reader.
    SignInWithCard(PinEntry),
    /// Go on after the operator's card was pulled: the same card and its PIN.
    Unlock(PinEntry),
    /// Sign out. An open control waits.
    SignOut,
    /// Nobody has used the screens for long: lock them. An open control waits.
    Lock,
    /// Read the card on this side again. Cards that are inserted are read without being asked for.
    ReadCard(ReaderPlace),
    /// What the rules ask for, with what the holder's card and the register say; answered by [`Update::Plan`].
    Plan(Box<Asked>),
    /// Look for people in the directory; answered by [`Update::LookedUp`], not at once.
    FindPerson(String),
    /// Choose the person with this entry; answered by [`Update::LookedUp`], not at once.
    ChoosePerson(String),
    /// Begin a control.
    Begin(Box<Asked>),
    /// Anything that the core decides without a device.
    Act(Command),
    /// Put the terms before the holder.
    ShowTerms(Language),
    /// The holder has signed.
    Signature(Box<Strokes>),
    /// Lets the holder sign on the signature pad, which shows these words. The ink comes as [`Update::Ink`].
    SignOnPad(Box<PadScreen>),
    /// Scan the document.
    Scan,
    /// Turn the picture.
    Turn(Turn),
    /// Own card: the holder typed the PIN, or types it on the PIN pad of the holder's reader.
    ProveOwnCard(PinEntry),
    /// A third party, whose card is in the holder's reader, vouches.
    Vouch {
        /// The full name of the holder, as the third party says it.
        says_name: String,
        /// How the person is known.
        statement: String,
        /// The third party is the holder's superior.
        superior: bool,
        /// The PIN of the third party's card.
        pin: PinEntry,
    },
    /// The operator compared the person with [`Snapshot::previous_scan`].
    ComparePrevious {
        /// It is the same person.
        alike: bool,
    },
    /// Approve: with the operator's card, or the software key that signed in.
    Approve(PinEntry),
    /// Training: put a virtual card into a reader; a card that is there is pulled first.
    InsertVirtualCard {
        /// Into which reader.
        side: ReaderPlace,
        /// What is on it.
        kind: VirtualCardKind,
        /// Whom it names.
        name: String,
    },
    /// Training: pull the virtual card.
    PullVirtualCard(ReaderPlace),
    /// Finished controls of other days; answered by [`Update::Found`].
    Search(Box<Search>),
    /// MASTER.toml and its history, for an RA-ADMIN; answered by [`Update::Administration`].
    Administration,
    /// What a change of MASTER.toml would make different; answered by [`Update::Proposed`].
    ProposeMaster(Box<FileChange>),
    /// Change and sign MASTER.toml with the key that signed in; answered by [`Update::MasterSaved`].
    SaveMaster {
        /// The change.
        change: Box<FileChange>,
        /// Why.
        why: String,
        /// The PIN of the key.
        pin: PinEntry,
    },
    /// What a change of LOCAL.toml would make different; answered by [`Update::Proposed`].
    ProposeLocal(Box<FileChange>),
    /// Change LOCAL.toml; answered by [`Update::LocalSaved`].
    SaveLocal {
        /// The change.
        change: Box<FileChange>,
        /// Why.
        why: String,
    },
    /// Look for devices; answered by [`Update::DevicesFound`], not at once.
    FindDevices,
    /// The names of the fields that people have in the directory; answered by [`Update::DirectoryFields`], not at once.
    DirectoryFields,
    /// Whom the card in the holder's reader would appoint; answered by [`Update::Appointee`].
    ReadAppointee,
    /// Put a closed control aside.
    Leave,
    /// The picture of a page of the report that is to be signed.
    Page {
        /// Which, from 0.
        index: usize,
        /// Pixels a point of the page (1/72 inch).
        scale: f32,
    },
}

/// What the screens are told. The last word on each request is [`Update::Answered`].
pub enum Update {
    /// Where everything stands.
    Snapshot(Box<Snapshot>),
    /// The rules refused to open the control; that is recorded.
    OpeningRefused {
        /// Fault code.
        code: &'static str,
        /// In words.
        message: String,
    },
    /// Something was not done.
    Fault {
        /// Fault code.
        code: &'static str,
        /// In words.
        message: String,
    },
    /// What the rules ask for.
    Plan {
        /// What was asked, with the card's state and the renewals before as they are decided on.
        asked: Box<Asked>,
        /// The plan, or why there is none.
        plan: Result<Plan, rules::Refusal>,
    },
    /// What the directory answered to the newest question.
    LookedUp(Result<LookedUp, LookUpFault>),
    /// The finished controls that were looked for, newest first.
    Found {
        /// The controls; a name that this operator may not see is empty.
        controls: Vec<ListedControl>,
        /// The operator sees the names of all.
        all_names: bool,
    },
    /// MASTER.toml and its history.
    Administration(Box<Administration>),
    /// What a change of MASTER.toml would make different.
    Proposed(Vec<Change>),
    /// MASTER.toml is changed and signed.
    MasterSaved(Box<SavedMaster>),
    /// LOCAL.toml is changed; it holds when the station opens anew.
    LocalSaved,
    /// The devices that are connected.
    DevicesFound(FoundDevices),
    /// The fields that people have in the directory, with how many of a sample have each.
    DirectoryFields(Result<BTreeMap<String, usize>, LookUpFault>),
    /// Whom the card in the holder's reader would appoint.
    Appointee(Box<Appointee>),
    /// A PIN is needed on the pad, or a card works.
    Pin(PinStage),
    /// The scan goes on: 0.0–1.0. At 1.0 the picture is examined.
    ScanProgress(f32),
    /// The scan is upright and can be looked at, while it is still encoded and kept: no part of the control yet.
    ScanSeen(RgbImage),
    /// The signature pad is lit and waits for the pen.
    PadOpened(PadInfo),
    /// The pen on the signature pad.
    Ink(Ink),
    /// A page of the report that is to be signed.
    Page {
        /// Which, from 0.
        index: usize,
        /// How many there are.
        of: usize,
        /// Width, pixels.
        width: u32,
        /// Height, pixels.
        height: u32,
        /// RGBA, four bytes a pixel.
        pixels: Vec<u8>,
    },
    /// A device or service was tested.
    Tested(Box<Tested>),
    /// All of them were.
    TestedAll,
    /// The oldest request that was not answered yet now is.
    Answered,
}

/// An answer of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookedUp {
    /// The people who were found.
    Found(Hits),
    /// The person who was chosen.
    Chosen(Box<Chosen>),
}

/// Why the directory gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookUpFault {
    /// Fault code.
    pub code: &'static str,
    /// In words.
    pub message: String,
    /// The directory cannot be asked at all.
    pub down: bool,
}

/// A control in the list of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedControl {
    /// Its name.
    pub id: String,
    /// Who was controlled.
    pub person: String,
    /// Function.
    pub function: Function,
    /// Kind of certificate.
    pub certificate: CertificateKind,
    /// How it ended, in one word.
    pub outcome: String,
    /// When.
    pub ended_at: Timestamp,
    /// `None`: nothing to deliver; `Some(true)`: receipt kept.
    pub delivered: Option<bool>,
}

/// The document that was scanned in an earlier control of the same person.
#[derive(Debug, Clone)]
pub struct EarlierScan {
    /// That control.
    pub control: ControlId,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The upright picture, JPEG.
    pub picture: Arc<[u8]>,
}

/// Where everything stands.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Operators whose keys are known.
    pub operators: Vec<KnownOperator>,
    /// Who is signed in.
    pub operator: Option<Operator>,
    /// The open control was begun by another operator than the one who is signed in.
    pub others_control: bool,
    /// PIN tries of the signed-in operator: of the software key, or of the card that is in the operator's reader.
    pub tries_left: Option<u8>,
    /// The operator's card was pulled: nothing goes on until [`Request::Unlock`], or until somebody else signs in.
    pub locked: bool,
    /// The sign-in of this operator before this one.
    pub last_sign_in: Option<LastSignIn>,
    /// The operator's reader.
    pub operator_card: CardView,
    /// The holder's reader.
    pub holder_card: CardView,
    /// A card seems to be in the wrong reader.
    pub wrong_reader: Option<WrongReader>,
    /// Training: virtual cards.
    pub virtual_cards: VirtualCards,
    /// The document that was scanned in an earlier control of the same person, where a third party needs the comparison.
    pub previous_scan: Option<EarlierScan>,
    /// The fault with which the directory did not answer the last time.
    pub directory_fault: Option<&'static str>,
    /// Whoever is signed in is an RA-ADMIN.
    pub administers: bool,
    /// The control that is open or has just ended.
    pub control: Option<Control>,
    /// Today's finished controls, newest first.
    pub today: Vec<ListedControl>,
    /// Reports that the archive still has to acknowledge.
    pub undelivered: usize,
    /// The holder signs on the signature pad now.
    pub on_pad: bool,
    /// The strokes of the signature that is judged.
    pub strokes: Option<Arc<Strokes>>,
    /// The upright picture that is judged or was accepted, JPEG.
    pub scan: Option<Arc<[u8]>>,
    /// SHA-256 of the report as it will be signed; at the approval only.
    pub draft: Option<Digest>,
    /// File of the signed report.
    pub report: Option<std::path::PathBuf>,
    /// The open control's report has been acknowledged by the archive.
    pub delivered: Option<bool>,
}

/// The screens' end.
pub struct StationHandle {
    inbox: mpsc::Sender<Note>,
    cancel: Arc<AtomicBool>,
    /// Ends before the thread that it tells.
    watch: Option<CardsWatched>,
    thread: Option<JoinHandle<()>>,
}

/// What comes to the station's thread.
enum Note {
    /// The screens ask.
    Asked(Request),
    /// Something happened in a reader.
    Reader(ReaderEvent),
    /// The signature pad is done, or has failed.
    Pad(Result<PadOutcome, PadError>),
    /// A card was read.
    Seen { place: ReaderPlace, turn: u64, view: CardView },
    /// The directory answered, or did not.
    LookedUp { turn: u64, answer: Result<LookedUp, DirectoryError> },
    /// The screens are gone.
    End,
}

impl StationHandle {
    /// Starts the thread. `tell` is called on it; it hands over to the screens' own thread.
    pub fn start(
        station: Station,
        uploader: Option<Uploader>,
        tell: impl Fn(Update) + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let (sender, inbox) = mpsc::channel();
        let cancel = Arc::new(AtomicBool::new(false));
        let cards = station.cards().clone();
        let worker = Worker {
            station,
            uploader,
            inbox: sender.clone(),
            shown: Shown::default(),
            look_ups: 0,
            tell: Arc::new(tell),
            cancel: Arc::clone(&cancel),
            pad: None,
            seen: Seen::default(),
            last: Snapshot::default(),
        };
        let thread = thread::Builder::new().name("station".to_owned()).spawn(move || worker.run(&inbox))?;
        let events = sender.clone();
        // A station that has ended needs no events.
        let watch = CardsWatched::start(cards, move |event| drop(events.send(Note::Reader(event))))?;
        Ok(Self { inbox: sender, cancel, watch: Some(watch), thread: Some(thread) })
    }

    /// Asks. A station that has ended answers nothing.
    pub fn ask(&self, request: Request) {
        drop(self.inbox.send(Note::Asked(request)));
    }

    /// Stops the scan that is under way.
    pub fn cancel_scan(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }
}

impl Drop for StationHandle {
    fn drop(&mut self) {
        self.cancel_scan();
        self.watch = None;
        drop(self.inbox.send(Note::End));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Pictures that were read already, by digest, so that a snapshot does not read them again.
#[derive(Default)]
struct Seen {
    scan: Option<(Digest, Arc<[u8]>)>,
    strokes: Option<(Digest, Arc<Strokes>)>,
    earlier: Option<(ControlId, Option<EarlierScan>)>,
}

struct Worker {
    station: Station,
    uploader: Option<Uploader>,
    /// For the threads that read cards.
    inbox: mpsc::Sender<Note>,
    shown: Shown,
    /// How often the directory was asked: only the newest answer counts.
    look_ups: u64,
    tell: Arc<dyn Fn(Update) + Send + Sync>,
    cancel: Arc<AtomicBool>,
    /// The signature pad, while the holder signs on it.
    pad: Option<OnPad>,
    seen: Seen,
    /// What the screens were told last.
    last: Snapshot,
}

/// A signature that is being given on the pad, on a thread of its own: meanwhile cards may be pulled, and the operator may abort.
struct OnPad {
    cancel: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for OnPad {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// A fault on its way to the screens.
struct Told {
    code: &'static str,
    message: String,
}

macro_rules! told_from {
    ($($error:ty),+) => {
        $(impl From<$error> for Told {
            fn from(error: $error) -> Self {
                Self { code: error.code(), message: error.to_string() }
            }
        })+
    };
}
told_from!(
    ActError,
    AdministrationError,
    ApproveError,
    CaptureError,
    CardError,
    CardFault,
    FindError,
    PadError,
    super::LayError,
    PreviewError,
    RegisterError,
    ScanFault,
    SessionError,
    super::DraftError
);

impl Worker {
    fn run(mut self, inbox: &mpsc::Receiver<Note>) {
        while let Ok(note) = inbox.recv() {
            let asked = matches!(note, Note::Asked(_));
            let done = match note {
                Note::Asked(request) => self.answer_logged(request),
                Note::Reader(event) => {
                    self.station.log().told(self.station.now().at, &logged::reader(&event));
                    self.reader_changed(&event)
                }
                Note::Pad(outcome) => {
                    self.station.log().told(self.station.now().at, &logged::pad(&outcome));
                    self.pad_done(outcome)
                }
                Note::Seen { place, turn, view } => {
                    self.shown.take(place, turn, view);
                    Ok(())
                }
                Note::LookedUp { turn, answer } => {
                    self.looked_up(turn, answer);
                    Ok(())
                }
                Note::End => return,
            };
            if let Err(Told { code, message }) = done {
                (self.tell)(Update::Fault { code, message });
            }
            // A signature that nobody waits for any more is not taken.
            if self.pad.is_some() && self.station.ready_to_sign().is_err() {
                self.pad = None;
            }
            let (snapshot, trouble) = self.snapshot();
            // What cannot be read is told to whoever asks, not with every card that comes and goes.
            if asked && let Some(Told { code, message }) = trouble {
                (self.tell)(Update::Fault { code, message });
            }
            // The screens wait for this, so it comes in any case: with damaged evidence a control can still be ended.
            (self.tell)(Update::Snapshot(Box::new(snapshot.clone())));
            self.last = snapshot;
            if asked {
                (self.tell)(Update::Answered);
            }
        }
    }

    /// Lights the pad and lets the holder sign, on a thread of its own.
    fn sign_on_pad(&mut self, screen: PadScreen) -> Result<(), Told> {
        self.station.ready_to_sign()?;
        let open = self.station.pad().cloned().ok_or(CaptureError::NoPad)?;
        // One signature at a time: the one before is stopped first.
        self.pad = None;
        let cancel = Arc::new(AtomicBool::new(false));
        let (tell, inbox, stop) = (Arc::clone(&self.tell), self.inbox.clone(), Arc::clone(&cancel));
        let work = move || {
            let ink = Arc::clone(&tell);
            let watch = PadControl { cancel: stop, ink: Box::new(move |told| ink(Update::Ink(told))) };
            let outcome = open().and_then(|mut pad| {
                tell(Update::PadOpened(pad.info().clone()));
                pad.capture(&screen, &watch)
            });
            // Whoever stopped it does not wait for an answer.
            if !watch.is_cancelled() {
                drop(inbox.send(Note::Pad(outcome)));
            }
        };
        let thread = thread::Builder::new().name("signature pad".to_owned()).spawn(work).map_err(|_| PadError::NoThread)?;
        self.pad = Some(OnPad { cancel, thread: Some(thread) });
        Ok(())
    }

    /// The holder has accepted, declined, or the pad has failed.
    fn pad_done(&mut self, outcome: Result<PadOutcome, PadError>) -> Result<(), Told> {
        if self.pad.take().is_none() {
            // It was stopped while it told its end.
            return Ok(());
        }
        match outcome? {
            PadOutcome::Signed(strokes) => self.station.capture_signature(&strokes).map(drop)?,
            PadOutcome::Declined => return Err(CaptureError::PadDeclined.into()),
        }
        Ok(())
    }

    /// A card came or went. An operator's card that goes locks the station at once.
    fn reader_changed(&mut self, event: &ReaderEvent) -> Result<(), Told> {
        self.shown.change(event);
        match event {
            ReaderEvent { state: ReaderState::Card, place } => self.read_card(*place),
            ReaderEvent { place: ReaderPlace::Operator, .. } => {
                self.station.lock();
                Ok(())
            }
            ReaderEvent { place: ReaderPlace::Holder, .. } => Ok(()),
        }
    }

    /// Reads a card again: for the screens, and because a PIN may have changed what it tells.
    fn read_card(&mut self, place: ReaderPlace) -> Result<(), Told> {
        let inbox = self.inbox.clone();
        let (cards, now) = (self.station.cards().clone(), self.station.now());
        let done = move |turn, view| drop(inbox.send(Note::Seen { place, turn, view }));
        self.shown.read(cards, place, now, done).map_err(|_| CardError::System.into())
    }

    /// Does something with a card and its PIN; then the card is read again, whatever came of it.
    fn with_pin<T, E: Into<Told>>(
        &mut self,
        place: ReaderPlace,
        pin: PinEntry,
        work: impl FnOnce(&mut Station, PinEntry) -> Result<T, E>,
    ) -> Result<(), Told> {
        (self.tell)(Update::Pin(match pin {
            PinEntry::Pad => PinStage::TypeOnPad(place),
            PinEntry::Typed(_) => PinStage::CardWorks(place),
        }));
        let done = work(&mut self.station, pin).map(drop).map_err(Into::into);
        self.read_card(place)?;
        done
    }

    /// Asks the directory on a thread of its own: it may be slow, and nothing else waits for it.
    fn look_up(&mut self, ask: impl FnOnce(&Directory) -> Result<LookedUp, DirectoryError> + Send + 'static) -> Result<(), Told> {
        let directory = self.station.directory().ok_or(FindError::NoDirectory)?;
        self.look_ups += 1;
        let (turn, inbox) = (self.look_ups, self.inbox.clone());
        let asked = thread::Builder::new().name("directory".to_owned());
        let asked = asked.spawn(move || drop(inbox.send(Note::LookedUp { turn, answer: ask(&directory) })));
        let no_thread = |_| Told { code: "NO_THREAD", message: "the system has no room for another thread".to_owned() };
        asked.map(drop).map_err(no_thread)
    }

    /// Asks the directory for its fields on a thread of its own: it may be slow.
    fn directory_fields(&mut self) -> Result<(), Told> {
        let directory = self.station.directory().ok_or(FindError::NoDirectory)?;
        let tell = Arc::clone(&self.tell);
        let ask = move || {
            let fault =
                |error: DirectoryError| LookUpFault { code: error.code(), message: error.to_string(), down: error.is_down() };
            tell(Update::DirectoryFields(directory.attributes().map_err(fault)));
        };
        let asked = thread::Builder::new().name("directory".to_owned()).spawn(ask);
        let no_thread = |_| Told { code: "NO_THREAD", message: "the system has no room for another thread".to_owned() };
        asked.map(drop).map_err(no_thread)
    }

    /// Looks for devices on a thread of its own: a library may be slow to tell. Not while a control uses them.
    fn find_devices(&mut self) -> Result<(), Told> {
        if self.station.control().is_some_and(|control| control.step() != Step::Closed) {
            return Ok(());
        }
        let executable = self.station.cards().executable().to_owned();
        let (tell, local) = (Arc::clone(&self.tell), self.station.configuration().local.value.clone());
        let asked = thread::Builder::new().name("find devices".to_owned());
        let asked = asked.spawn(move || tell(Update::DevicesFound(find_devices(executable, &local))));
        let no_thread = |_| Told { code: "NO_THREAD", message: "the system has no room for another thread".to_owned() };
        asked.map(drop).map_err(no_thread)
    }

    fn looked_up(&mut self, turn: u64, answer: Result<LookedUp, DirectoryError>) {
        if turn != self.look_ups {
            return;
        }
        self.station.directory_answered(&answer);
        if let Ok(LookedUp::Chosen(chosen)) = &answer {
            self.station.choose_person(chosen.as_ref().clone());
        }
        let answer =
            answer.map_err(|error| LookUpFault { code: error.code(), message: error.to_string(), down: error.is_down() });
        (self.tell)(Update::LookedUp(answer));
    }

    fn answer_logged(&mut self, request: Request) -> Result<(), Told> {
        let (severity, what) = logged::request(&request);
        let begun = Instant::now();
        let done = self.answer(request);
        let failed = done.as_ref().err().map(|told| told.code);
        self.station.log().did(self.station.now().at, severity, what, begun.elapsed(), failed);
        done
    }

    #[allow(clippy::too_many_lines)] // One arm for each request.
    fn answer(&mut self, request: Request) -> Result<(), Told> {
        let station = &mut self.station;
        match request {
            Request::Look => {}
            Request::Enroll { name, pin, again } => {
                let serial = station.enroll(&name, pin)?.serial;
                station.sign_in(&serial, again)?;
            }
            Request::SignIn { serial, pin } => {
                station.sign_in(&serial, pin)?;
            }
            Request::SignOut => station.sign_out(),
            Request::Lock => station.lock_unattended(),
            Request::Begin(asked) => {
                if let Began::Refused(_, refusal) = station.begin(*asked)? {
                    (self.tell)(Update::OpeningRefused { code: refusal.code(), message: refusal.to_string() });
                }
            }
            Request::FindPerson(text) => {
                self.look_up(move |directory| directory.find(&Query::parse(&text)?).map(LookedUp::Found))?;
            }
            Request::ChoosePerson(entry) => {
                self.look_up(move |directory| Ok(LookedUp::Chosen(Box::new(directory.choose(&entry)?))))?;
            }
            Request::Act(command) => {
                station.act(command)?;
            }
            Request::ShowTerms(language) => {
                station.show_terms(language)?;
            }
            Request::Signature(strokes) => {
                station.capture_signature(&strokes)?;
            }
            Request::SignOnPad(screen) => self.sign_on_pad(*screen)?,
            Request::Scan => {
                self.cancel.store(false, Ordering::Relaxed);
                // In training the document that was checked lies on the virtual glass, drawn as a specimen.
                station.lay_specimen()?;
                let tell = Arc::clone(&self.tell);
                let mut watch = ScanControl::new(move |part| tell(Update::ScanProgress(part)));
                watch.cancel = Arc::clone(&self.cancel);
                let tell = Arc::clone(&self.tell);
                station.scan_showing(&watch, |picture| {
                    if let Some(picture) = colours(picture) {
                        tell(Update::ScanSeen(picture));
                    }
                })?;
            }
            Request::Turn(turn) => {
                station.turn_scan(turn)?;
            }
            Request::SignInWithCard(pin) => {
                self.with_pin(ReaderPlace::Operator, pin, |station, pin| station.sign_in_with_card(pin).map(drop))?;
            }
            Request::Unlock(pin) => self.with_pin(ReaderPlace::Operator, pin, Station::unlock)?,
            Request::ReadCard(place) => self.read_card(place)?,
            Request::ProveOwnCard(pin) => {
                self.with_pin(ReaderPlace::Holder, pin, |station, pin| station.prove_own_card(pin).map(drop))?;
            }
            Request::Vouch { says_name, statement, superior, pin } => {
                let says = Says { name: says_name, statement, superior };
                self.with_pin(ReaderPlace::Holder, pin, |station, pin| station.vouch(says, pin).map(drop))?;
            }
            Request::ComparePrevious { alike } => {
                station.compare_previous(alike)?;
            }
            Request::InsertVirtualCard { side, kind, name } => station.insert_virtual_card(side, kind, &name)?,
            Request::PullVirtualCard(side) => station.pull_virtual_card(side)?,
            Request::Plan(asked) => {
                let (asked, plan) = station.plan(*asked)?;
                (self.tell)(Update::Plan { asked: Box::new(asked), plan });
            }
            Request::Approve(pin) => {
                if station.signed_in().is_some_and(SignedIn::has_card) {
                    self.with_pin(ReaderPlace::Operator, pin, |station, pin| station.approve(pin).map(drop))?;
                } else {
                    station.approve(pin)?;
                }
                if let Some(uploader) = &self.uploader {
                    uploader.nudge();
                }
            }
            Request::Search(search) => {
                let controls = history::search(station, &search)?;
                (self.tell)(Update::Found { controls, all_names: history::sees_all(station) });
            }
            Request::Administration => {
                let found = station.administration()?;
                (self.tell)(Update::Administration(Box::new(found)));
            }
            Request::ProposeMaster(change) => {
                let changes = station.propose_master(&change)?;
                (self.tell)(Update::Proposed(changes));
            }
            Request::SaveMaster { change, why, pin } => {
                let mut saved = None;
                let save = |station: &mut Station, pin| -> Result<(), AdministrationError> {
                    saved = Some(station.save_master(&change, &why, pin)?);
                    Ok(())
                };
                if station.signed_in().is_some_and(SignedIn::has_card) {
                    self.with_pin(ReaderPlace::Operator, pin, save)?;
                } else {
                    let mut save = save;
                    save(station, pin)?;
                }
                if let Some(saved) = saved {
                    (self.tell)(Update::MasterSaved(Box::new(saved)));
                    // The page shows the file as it is now.
                    let found = self.station.administration()?;
                    (self.tell)(Update::Administration(Box::new(found)));
                }
            }
            Request::ProposeLocal(change) => {
                let changes = station.propose_local(&change)?;
                (self.tell)(Update::Proposed(changes));
            }
            Request::SaveLocal { change, why } => {
                station.save_local(&change, &why)?;
                (self.tell)(Update::LocalSaved);
                let found = station.administration()?;
                (self.tell)(Update::Administration(Box::new(found)));
            }
            Request::FindDevices => self.find_devices()?,
            Request::DirectoryFields => self.directory_fields()?,
            Request::ReadAppointee => {
                let found = station.cards().appointee(ReaderPlace::Holder)?;
                (self.tell)(Update::Appointee(Box::new(found)));
            }
            Request::Leave => station.leave_control()?,
            Request::Page { index, scale } => {
                let preview = Preview::open(station.draft()?.pdf())?;
                let of = preview.pages();
                let index = index.min(of.saturating_sub(1));
                let RgbaPage { width, height, pixels } = preview.page(index, scale)?;
                (self.tell)(Update::Page { index, of, width, height, pixels });
            }
        }
        Ok(())
    }

    /// Where everything stands, and the first thing that could not be read: it stays as it was told last, or is left out.
    fn snapshot(&mut self) -> (Snapshot, Option<Told>) {
        let mut reading = Reading::default();
        let draft = match self.station.control().map(Control::step) {
            Some(Step::Approval) => {
                reading.or(self.station.draft().map(|draft| Some(Digest::of(draft.pdf()))).map_err(Told::from), None)
            }
            _ => None,
        };
        let strokes = reading.or(self.strokes(), None);
        let scan = reading.or(self.scan(), None);
        let previous_scan = reading.or(self.previous_scan(), None);
        let (station, last) = (&self.station, &self.last);
        let in_reader = || self.shown.view(ReaderPlace::Operator).card().and_then(|card| card.pin.tries_left);
        let tries_left = station.signed_in().and_then(|signed_in| {
            if signed_in.has_card() {
                return in_reader();
            }
            reading.or(signed_in.tries_left().map_err(|error| SessionError::from(error).into()), None)
        });
        let control = station.control().cloned();
        let deliveries = reading.or(station.register().deliveries().map_err(Told::from), Vec::new());
        let delivered = |id: &str| deliveries.iter().find(|state| state.control == id).map(|state| state.delivered_at.is_some());
        let snapshot = Snapshot {
            operators: reading.or(station.operators().map_err(Told::from), last.operators.clone()),
            operator: station.signed_in().map(|signed_in| signed_in.operator().clone()),
            others_control: station.others_control(),
            tries_left,
            locked: station.locked(),
            administers: station.administers(),
            last_sign_in: station.last_sign_in().cloned(),
            operator_card: self.shown.view(ReaderPlace::Operator).clone(),
            holder_card: self.shown.view(ReaderPlace::Holder).clone(),
            wrong_reader: self.wrong_reader(),
            virtual_cards: station.virtual_cards(),
            previous_scan,
            today: reading.or(today(station, &delivered).map_err(Told::from), last.today.clone()),
            undelivered: deliveries.iter().filter(|state| state.delivered_at.is_none()).count(),
            on_pad: self.pad.is_some(),
            strokes,
            scan,
            draft,
            report: reading.or(station.report_file().map_err(Told::from), None),
            directory_fault: station.directory_fault(),
            delivered: control.as_ref().and_then(|control| delivered(&control.id().to_string())),
            control,
        };
        (snapshot, reading.trouble)
    }

    /// The strokes of the signature that is judged.
    fn strokes(&mut self) -> Result<Option<Arc<Strokes>>, Told> {
        let Some(signature) = self.station.control().and_then(|control| control.signature().current()) else { return Ok(None) };
        let digest = signature.strokes;
        if let Some((seen, strokes)) = &self.seen.strokes
            && *seen == digest
        {
            return Ok(Some(Arc::clone(strokes)));
        }
        let strokes: Arc<Strokes> = Arc::new(serde_json::from_slice(&self.station.evidence(&digest)?).unwrap_or_default());
        self.seen.strokes = Some((digest, Arc::clone(&strokes)));
        Ok(Some(strokes))
    }

    /// The document of an earlier control, where the step compares with it.
    fn previous_scan(&mut self) -> Result<Option<EarlierScan>, Told> {
        let Some(id) = self.station.control().filter(|control| control.step() == Step::ThirdParty).map(Control::id) else {
            return Ok(None);
        };
        if let Some((seen, earlier)) = &self.seen.earlier
            && *seen == id
        {
            return Ok(earlier.clone());
        }
        let earlier = match self.station.earlier_scan()? {
            None => None,
            Some(found) => Some(EarlierScan {
                control: found.id,
                ended_at: found.ended_at,
                picture: self.station.evidence(&found.upright)?.into(),
            }),
        };
        self.seen.earlier = Some((id, earlier.clone()));
        Ok(earlier)
    }

    /// A card in the other person's reader. Where nobody is appointed, nothing tells whose card it is.
    fn wrong_reader(&self) -> Option<WrongReader> {
        let roles = self.station.cards().roles();
        // Nor does it where groups of the directory decide.
        if roles.is_empty() || !roles.groups.is_empty() {
            return None;
        }
        let (operator, holder) = (self.shown.view(ReaderPlace::Operator), self.shown.view(ReaderPlace::Holder));
        let waits_for_operator = self.station.locked() || self.station.signed_in().is_none();
        match (operator, holder) {
            (CardView::Card(card), _) if !card.operator => Some(WrongReader::HoldersCard),
            (CardView::Empty, CardView::Card(card)) if card.operator && waits_for_operator => Some(WrongReader::OperatorsCard),
            _ => None,
        }
    }

    /// The upright picture that is judged or was accepted.
    fn scan(&mut self) -> Result<Option<Arc<[u8]>>, Told> {
        let Some(scan) = self.station.control().and_then(|control| control.scan().current()) else { return Ok(None) };
        let digest = scan.upright.picture;
        if let Some((seen, picture)) = &self.seen.scan
            && *seen == digest
        {
            return Ok(Some(Arc::clone(picture)));
        }
        let picture: Arc<[u8]> = self.station.evidence(&digest)?.into();
        self.seen.scan = Some((digest, Arc::clone(&picture)));
        Ok(Some(picture))
    }
}

/// A picture for the screens; `None` when its pixels do not fit its size.
fn colours(picture: &RawScan) -> Option<RgbImage> {
    let pixels = match picture.mode {
        ColourMode::Colour => picture.pixels.clone(),
        ColourMode::Grey => picture.pixels.iter().flat_map(|grey| [*grey; 3]).collect(),
    };
    RgbImage::from_raw(picture.width_px, picture.height_px, pixels)
}

/// Reads what there is.
#[derive(Default)]
struct Reading {
    /// The first thing that could not be read.
    trouble: Option<Told>,
}

impl Reading {
    fn or<T>(&mut self, read: Result<T, Told>, otherwise: T) -> T {
        read.unwrap_or_else(|told| {
            self.trouble.get_or_insert(told);
            otherwise
        })
    }
}

/// Most controls of the day that are listed.
const MOST_LISTED: usize = 50;

fn today(station: &Station, delivered: &dyn Fn(&str) -> Option<bool>) -> Result<Vec<ListedControl>, RegisterError> {
    if station.register().seal().locked().is_some() {
        return Ok(Vec::new());
    }
    let zone = station.configuration().zone();
    let today = station.now().today;
    let finished = station.register().controls()?;
    let of_today = finished.into_iter().rev().filter(|row| row.completed_at.to_zoned(zone.clone()).date() == today);
    of_today
        .take(MOST_LISTED)
        .map(|row| {
            let first = station.register().first_entry(&row.control)?.as_ref().and_then(journal::event);
            let person = match first {
                Some(Event::Opened(opening)) => opening.person.full_name(),
                Some(Event::OpeningRefused(refused)) => refused.person.full_name(),
                _ => String::new(),
            };
            let delivered = delivered(&row.control);
            Ok(ListedControl {
                id: row.control,
                person,
                function: row.function,
                certificate: row.certificate,
                outcome: row.outcome,
                ended_at: row.completed_at,
                delivered,
            })
        })
        .collect()
}
