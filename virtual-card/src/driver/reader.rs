//! A reader: a socket on which it waits for a card, and the card that is connected.

use std::{
    fs, io,
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, channel},
    },
    thread::{self, ThreadId},
    time::Duration,
};

use crate::wire::{self, Ask};

/// How long a card may take to leave the slot, and pcscd to see that it is empty.
const ON_ITS_WAY_OUT: Duration = Duration::from_secs(10);

/// How long pcscd goes without looking at the slot. It is woken by every change; looking now and then costs nothing and mends
/// whatever was missed.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// A virtual reader.
pub struct Reader {
    socket: PathBuf,
    slot: Mutex<Slot>,
    changed: Condvar,
}

#[derive(Default)]
struct Slot {
    card: Option<Card>,
    atr: Vec<u8>,
    /// Something changed since the last wait ended. Only a wait takes the news: pcscd asks for the card's presence from
    /// several threads, and the one that waits must not miss what another has seen.
    news: bool,
    /// The thread that waits for news and then asks for the card's presence: pcscd learns of cards from it alone.
    watcher: Option<ThreadId>,
    /// A card has gone, and the watcher was not told yet. A new card waits for it: pcscd takes a card that comes in the meantime
    /// for the old one.
    going: bool,
}

/// The card in the slot: where its commands go, and where its answers come from.
#[derive(Clone)]
struct Card {
    number: u64,
    commands: Arc<Mutex<UnixStream>>,
    answers: Arc<Mutex<Receiver<Vec<u8>>>>,
}

impl Card {
    fn tell(&self, kind: u8, payload: &[u8]) -> Option<()> {
        wire::write(&mut *lock(&self.commands), &[&[kind], payload].concat()).ok()
    }
}

/// A value, also after a thread has panicked with it.
pub fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reader {
    /// Whether the reader has a PIN pad: its socket's name says so.
    pub fn has_pad(&self) -> bool {
        self.socket.extension().is_some_and(|extension| extension == "pad")
    }

    /// Listens for cards. What was at the socket's path before is removed.
    pub fn open(socket: PathBuf) -> io::Result<Arc<Self>> {
        let _ = fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket)?;
        let reader = Arc::new(Self { socket, slot: Mutex::default(), changed: Condvar::new() });
        let waiting = Arc::clone(&reader);
        thread::spawn(move || {
            for (number, stream) in (0..).zip(listener.incoming()) {
                if let Ok(stream) = stream
                    && waiting.is_free_soon()
                {
                    waiting.seat(number, stream);
                }
            }
        });
        Ok(reader)
    }

    /// Whether the slot is empty, or will be in a moment: the card before may just be on its way out. A second card does not
    /// fit, and its connection is closed.
    fn is_free_soon(&self) -> bool {
        let taken = |slot: &mut Slot| slot.card.is_some() || slot.going;
        let slot = self.changed.wait_timeout_while(lock(&self.slot), ON_ITS_WAY_OUT, taken);
        let (slot, _) = slot.unwrap_or_else(PoisonError::into_inner);
        slot.card.is_none()
    }

    /// Lets a card in, and watches for its going.
    fn seat(self: &Arc<Self>, number: u64, stream: UnixStream) {
        let Ok(mut incoming) = stream.try_clone() else { return };
        let (sender, answers) = channel();
        let card = Card { number, commands: Arc::new(Mutex::new(stream)), answers: Arc::new(Mutex::new(answers)) };
        self.change(|slot| slot.card = Some(card));
        let reader = Arc::clone(self);
        thread::spawn(move || {
            while let Ok(answer) = wire::read(&mut incoming) {
                if sender.send(answer).is_err() {
                    break;
                }
            }
            // First the slot is empty, then the command under way learns that no answer comes.
            reader.change(|slot| {
                slot.going |= slot.card.as_ref().is_some_and(|card| card.number == number);
                slot.card = slot.card.take().filter(|card| card.number != number);
            });
            drop(sender);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Slot)) {
        let mut slot = lock(&self.slot);
        change(&mut slot);
        slot.news = true;
        self.changed.notify_all();
    }

    /// Asks the card and waits for its answer; `None` when it is gone.
    pub fn ask(&self, kind: u8, payload: &[u8]) -> Option<Vec<u8>> {
        let card = lock(&self.slot).card.clone()?;
        let answers = lock(&card.answers);
        card.tell(kind, payload)?;
        answers.recv().ok()
    }

    /// Tells the card something that has no answer.
    pub fn tell(&self, kind: u8, payload: &[u8]) -> Option<()> {
        let card = lock(&self.slot).card.clone()?;
        card.tell(kind, payload)
    }

    /// Powers the card up or resets it; its ATR.
    pub fn power(&self, kind: u8) -> Option<Vec<u8>> {
        let atr = self.ask(kind, &[])?;
        lock(&self.slot).atr.clone_from(&atr);
        Some(atr)
    }

    /// Takes the power from the card.
    pub fn power_down(&self) {
        lock(&self.slot).atr.clear();
        self.tell(Ask::POWER_DOWN, &[]);
    }

    /// The ATR of the powered card; empty without one.
    pub fn atr(&self) -> Vec<u8> {
        lock(&self.slot).atr.clone()
    }

    /// Whether a card is in the slot.
    pub fn has_card(&self) -> bool {
        let mut slot = lock(&self.slot);
        let there = slot.card.is_some();
        if slot.going && !there && slot.watcher == Some(thread::current().id()) {
            slot.going = false;
            self.changed.notify_all();
        }
        there
    }

    /// Waits until there is news about the slot, at most `limit`.
    pub fn wait(&self, limit: Duration) {
        let mut slot = lock(&self.slot);
        slot.watcher = Some(thread::current().id());
        let slot = self.changed.wait_timeout_while(slot, limit.min(LONGEST_WAIT), |slot| !slot.news);
        let (mut slot, _) = slot.unwrap_or_else(PoisonError::into_inner);
        slot.news = false;
    }

    /// Ends the waiting.
    pub fn wake(&self) {
        self.change(|_| {});
    }

    /// Stops listening for new cards under this path.
    pub fn close(&self) {
        let _ = fs::remove_file(&self.socket);
        self.change(|slot| slot.card = None);
    }
}
