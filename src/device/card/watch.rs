//! Cards and readers that come and go, told by waiting for the PC/SC service.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    ffi::{CStr, CString},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, channel},
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

/// What the watching thread tells.
pub enum Told {
    /// Something happened.
    Event(CardEvent),
    /// Everything that there is has been told.
    Settled,
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
    _watcher: Watcher,
}

/// The thread that watches; it ends when this value is dropped.
pub struct Watcher {
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
        Ok(Self {
            events,
            _watcher: Watcher::start(move |told| match told {
                Told::Event(event) => sender.send(event).ok(),
                Told::Settled => Some(()),
            })?,
        })
    }

    /// The next event, when one comes within `limit`.
    pub fn next(&self, limit: Duration) -> Option<CardEvent> {
        self.events.recv_timeout(limit).ok()
    }
}

impl Watcher {
    /// Begins to watch and tells each event, as long as somebody listens.
    pub fn start(mut tell: impl FnMut(Told) -> Option<()> + Send + 'static) -> Result<Self, CardError> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new().name("card watch".into()).spawn(move || run(&theirs, &mut tell));
        Ok(Self { shared, thread: Some(thread.map_err(|_| CardError::System)?) })
    }
}

impl Drop for Watcher {
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
fn run(shared: &Shared, tell: &mut impl FnMut(Told) -> Option<()>) {
    let mut told_gone = false;
    while !shared.stopped() {
        if let Ok(context) = connect() {
            *shared.waiting() = Some(context.clone());
            told_gone = false;
            if tell(Told::Event(CardEvent::ServiceThere)).is_none() || watch(&context, shared, tell).is_none() {
                return;
            }
            *shared.waiting() = None;
        }
        if !told_gone && !shared.stopped() {
            told_gone = true;
            if tell(Told::Event(CardEvent::ServiceGone)).is_none() {
                return;
            }
        }
        thread::park_timeout(RETRY);
    }
}

/// Watches until the service fails; `None` when nobody listens any more.
fn watch(context: &Context, shared: &Shared, tell: &mut impl FnMut(Told) -> Option<()>) -> Option<()> {
    let mut cards: BTreeMap<CString, Seen> = BTreeMap::new();
    let mut states = vec![ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE)];
    while !shared.stopped() {
        let Ok(present) = names(context) else { return Some(()) };
        let lost: Vec<CString> = cards.keys().filter(|name| !present.contains(name)).cloned().collect();
        for name in lost {
            cards.remove(&name);
            states.retain(|state| state.name() != name.as_c_str());
            tell(Told::Event(CardEvent::ReaderLost(text(&name))))?;
        }
        let mut settled = true;
        for name in present {
            if let Entry::Vacant(new) = cards.entry(name) {
                tell(Told::Event(CardEvent::ReaderFound(text(new.key()))))?;
                states.push(ReaderState::new(new.key().as_c_str(), State::UNAWARE));
                new.insert(Seen::default());
                settled = false;
            }
        }
        // What is in a new reader is told by the next wait, which ends at once.
        if settled {
            tell(Told::Settled)?;
        }
        match context.get_status_change(LONGEST_WAIT, &mut states) {
            Ok(()) | Err(pcsc::Error::Timeout | pcsc::Error::Cancelled | pcsc::Error::UnknownReader) => {}
            Err(_) => return Some(()),
        }
        for state in &mut states {
            state.sync_current_state();
            if let Some(seen) = cards.get_mut(state.name()) {
                let now = Seen { card: state.event_state().contains(State::PRESENT), changes: state.event_count() };
                compare(state.name(), std::mem::replace(seen, now), now, tell)?;
            }
        }
    }
    None
}

/// What was seen of a reader.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    card: bool,
    /// How often a card came or went, as the service counts.
    changes: u32,
}

/// Tells about one reader when its card came, went or was exchanged.
fn compare(reader: &CStr, before: Seen, now: Seen, tell: &mut impl FnMut(Told) -> Option<()>) -> Option<()> {
    let exchanged = before.card && now.card && before.changes != now.changes;
    if before.card && (!now.card || exchanged) {
        tell(Told::Event(CardEvent::Removed(text(reader))))?;
    }
    if now.card && (!before.card || exchanged) {
        tell(Told::Event(CardEvent::Inserted(text(reader))))?;
    }
    Some(())
}
