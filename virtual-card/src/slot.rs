//! A card in the reader's slot.

use std::{
    io,
    net::Shutdown,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use crate::{
    card::{ATR, VirtualCard},
    wire::{self, Ask},
};

/// The slot of a virtual reader: the socket on which its driver listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardSlot {
    socket: PathBuf,
}

impl CardSlot {
    /// The slot behind this socket.
    pub fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// The socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Puts a card into the slot. It stays until [`Inserted`] is dropped or a fault pulls it.
    pub fn insert(&self, card: VirtualCard) -> io::Result<Inserted> {
        self.insert_again(Arc::new(Mutex::new(card)))
    }

    /// Puts a card into the slot that was in one before.
    pub fn insert_again(&self, card: Arc<Mutex<VirtualCard>>) -> io::Result<Inserted> {
        let stream = UnixStream::connect(&self.socket)?;
        let mut ours = stream.try_clone()?;
        lock(&card).reset();
        let served = Arc::clone(&card);
        let thread = thread::spawn(move || {
            // It ends with the connection: the card was pulled, or the reader is gone.
            let _ = serve(&mut ours, &served);
            let _ = ours.shutdown(Shutdown::Both);
        });
        Ok(Inserted { stream, thread: Some(thread), card })
    }
}

/// A card that is in a slot. Dropping it pulls the card.
pub struct Inserted {
    stream: UnixStream,
    thread: Option<JoinHandle<()>>,
    card: Arc<Mutex<VirtualCard>>,
}

impl Inserted {
    /// The card, to look at its counters or to make it fail.
    pub fn card(&self) -> MutexGuard<'_, VirtualCard> {
        lock(&self.card)
    }

    /// The card, to look at it from another thread.
    pub fn shared(&self) -> Arc<Mutex<VirtualCard>> {
        Arc::clone(&self.card)
    }

    /// Pulls the card and keeps it.
    pub fn pull(self) -> Arc<Mutex<VirtualCard>> {
        Arc::clone(&self.card)
    }
}

impl Drop for Inserted {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The card, also after a thread has panicked with it: its counters are plain values and stay meaningful.
fn lock(card: &Mutex<VirtualCard>) -> MutexGuard<'_, VirtualCard> {
    card.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: &mut UnixStream, card: &Mutex<VirtualCard>) -> io::Result<()> {
    loop {
        let message = wire::read(stream)?;
        let Some((ask, payload)) = message.split_first() else { return Ok(()) };
        match *ask {
            Ask::POWER_UP | Ask::RESET => {
                lock(card).reset();
                wire::write(stream, &ATR)?;
            }
            Ask::POWER_DOWN => lock(card).reset(),
            Ask::PAD => {
                let entry = lock(card).pad().to_bytes();
                wire::write(stream, &entry)?;
            }
            Ask::APDU => {
                let reaction = lock(card).process(payload);
                let Some(answer) = reaction.answer else { return Ok(()) };
                thread::sleep(reaction.delay);
                wire::write(stream, &answer)?;
            }
            _ => return Ok(()),
        }
    }
}
