//! Cards and readers that come and go, told by waiting for the PC/SC service.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    ffi::{CStr, CString},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use pcsc::{Context, PNP_NOTIFICATION, ReaderState, State};

use super::{
    CardError,
    readers::{connect, names, text},
};

/// What happened at the readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardEvent {
    /// The PC/SC service cannot be reached. All readers are unknown until it is back.
    ServiceGone,
    /// The PC/SC service answers. The readers and cards that are there follow as events.
    ServiceThere,
    /// A reader is there.
    ReaderFound(String),
    /// A reader was unplugged; a card in it is gone with it.
    ReaderLost(String),
    /// A card was inserted into the reader of this name.
    Inserted(String),
    /// The card was removed from the reader of this name.
    Removed(String),
}

/// How long to wait for a service that does not answer before asking again.
const RETRY: Duration = Duration::from_secs(1);
/// Longest single wait. It has no effect but that a missed wake-up does no harm.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// Between two attempts to end a wait.
const NUDGE: Duration = Duration::from_millis(5);

/// Watches all readers from its creation until it is dropped.
pub struct CardWatch {
    events: Receiver<CardEvent>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    /// The connection in which the thread waits; only its wait may be cancelled from outside.
    waiting: Mutex<Option<Context>>,
}

impl CardWatch {
    /// Begins to watch. First come the readers and cards that are there already.
    pub fn start() -> Result<Self, CardError> {
        let (sender, events) = channel();
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new().name("card watch".into()).spawn(move || run(&theirs, &sender));
        Ok(Self { events, shared, thread: Some(thread.map_err(|_| CardError::System)?) })
    }

    /// The next event, when one comes within `limit`.
    pub fn next(&self, limit: Duration) -> Option<CardEvent> {
        self.events.recv_timeout(limit).ok()
    }
}

impl Drop for CardWatch {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let Some(thread) = self.thread.take() else { return };
        // A cancellation ends only a wait that has begun, hence again and again.
        while !thread.is_finished() {
            thread.thread().unpark();
            if let Some(context) = self.shared.waiting().as_ref() {
                let _ = context.cancel();
            }
            thread::sleep(NUDGE);
        }
        let _ = thread.join();
    }
}

impl Shared {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Option<Context>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// Watches while the service is there, and waits for it while it is not. Ends when nobody listens.
fn run(shared: &Shared, events: &Sender<CardEvent>) {
    let mut told_gone = false;
    while !shared.stopped() {
        if let Ok(context) = connect() {
            *shared.waiting() = Some(context.clone());
            told_gone = false;
            if events.send(CardEvent::ServiceThere).is_err() || watch(&context, shared, events).is_none() {
                return;
            }
            *shared.waiting() = None;
        }
        if !told_gone && !shared.stopped() {
            told_gone = true;
            if events.send(CardEvent::ServiceGone).is_err() {
                return;
            }
        }
        thread::park_timeout(RETRY);
    }
}

/// Watches until the service fails; `None` when nobody listens any more.
fn watch(context: &Context, shared: &Shared, events: &Sender<CardEvent>) -> Option<()> {
    let mut cards: BTreeMap<CString, bool> = BTreeMap::new();
    let mut states = vec![ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE)];
    while !shared.stopped() {
        let Ok(present) = names(context) else { return Some(()) };
        let lost: Vec<CString> = cards.keys().filter(|name| !present.contains(name)).cloned().collect();
        for name in lost {
            cards.remove(&name);
            states.retain(|state| state.name() != name.as_c_str());
            events.send(CardEvent::ReaderLost(text(&name))).ok()?;
        }
        for name in present {
            if let Entry::Vacant(new) = cards.entry(name) {
                events.send(CardEvent::ReaderFound(text(new.key()))).ok()?;
                states.push(ReaderState::new(new.key().as_c_str(), State::UNAWARE));
                new.insert(false);
            }
        }
        match context.get_status_change(LONGEST_WAIT, &mut states) {
            Ok(()) | Err(pcsc::Error::Timeout | pcsc::Error::Cancelled | pcsc::Error::UnknownReader) => {}
            Err(_) => return Some(()),
        }
        for state in &mut states {
            state.sync_current_state();
            if let Some(card) = cards.get_mut(state.name()) {
                tell(state.name(), card, state.event_state(), events)?;
            }
        }
    }
    None
}

/// Tells about one reader when its card came or went.
fn tell(reader: &CStr, card: &mut bool, state: State, events: &Sender<CardEvent>) -> Option<()> {
    let now = state.contains(State::PRESENT);
    if now == *card {
        return Some(());
    }
    *card = now;
    let event = if now { CardEvent::Inserted(text(reader)) } else { CardEvent::Removed(text(reader)) };
    events.send(event).ok()
}
