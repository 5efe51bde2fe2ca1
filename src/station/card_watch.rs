//! The desk's readers, watched and read on threads of their own, so that neither the station nor a screen waits for a card.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{CardView, Cards, SeenCard, cards::CardFault};
use crate::{
    control::Now,
    device::card::{CardError, DeskReaders, ReaderEvent, ReaderPlace, ReaderState},
};

/// How long the end of the watch may go unnoticed. Events are not late by it.
const NOTICE: Duration = Duration::from_millis(200);

/// How often a card is read again that goes away or is reset while it is read.
const READINGS: u8 = 10;

/// The watch over both readers; dropping it ends it.
pub struct CardsWatched {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl CardsWatched {
    /// Begins to watch. `tell` is called on the watch's thread, first with the state of each reader as it is.
    pub fn start(cards: Cards, tell: impl Fn(ReaderEvent) + Send + 'static) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let (operator, holder) = (cards.settings(ReaderPlace::Operator).clone(), cards.settings(ReaderPlace::Holder).clone());
        let thread = thread::Builder::new().name("desk readers".to_owned()).spawn(move || {
            match DeskReaders::watch(&operator, &holder, cards.executable()) {
                Ok(mut readers) => {
                    while !stopped.load(Ordering::Relaxed) {
                        if let Some(event) = readers.next(NOTICE) {
                            tell(event);
                        }
                    }
                }
                Err(error) => {
                    for place in [ReaderPlace::Operator, ReaderPlace::Holder] {
                        tell(ReaderEvent { place, state: ReaderState::Away(error.clone()) });
                    }
                }
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for CardsWatched {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What the screens show of both readers.
#[derive(Default)]
pub struct Shown {
    operator: Place,
    holder: Place,
}

#[derive(Default)]
struct Place {
    view: CardView,
    /// Counts the readings, so that one of a card that is gone does not come late.
    turn: u64,
}

impl Shown {
    /// The reader at this place.
    pub fn view(&self, place: ReaderPlace) -> &CardView {
        match place {
            ReaderPlace::Operator => &self.operator.view,
            ReaderPlace::Holder => &self.holder.view,
        }
    }

    fn at(&mut self, place: ReaderPlace) -> &mut Place {
        match place {
            ReaderPlace::Operator => &mut self.operator,
            ReaderPlace::Holder => &mut self.holder,
        }
    }

    /// Shows a reader without a card, or a card that is being read.
    pub fn change(&mut self, event: &ReaderEvent) {
        let place = self.at(event.place);
        place.turn = place.turn.wrapping_add(1);
        place.view = match &event.state {
            ReaderState::Away(error) => without_card(error),
            ReaderState::Empty => CardView::Empty,
            ReaderState::Card => CardView::Reading,
        };
    }

    /// Reads the card at this place on a thread of its own; `done` is called there with what was seen and the reading's turn.
    pub fn read(
        &mut self,
        cards: Cards,
        place: ReaderPlace,
        now: Now,
        done: impl FnOnce(u64, CardView) + Send + 'static,
    ) -> std::io::Result<()> {
        let at = self.at(place);
        at.turn = at.turn.wrapping_add(1);
        let turn = at.turn;
        let read = move || {
            done(
                turn,
                match look(&cards, place, now) {
                    Ok(card) => CardView::Card(Box::new(card)),
                    Err(CardFault::Card(error)) => without_card(&error),
                    Err(fault) => CardView::Fault { code: fault.code(), message: fault.to_string() },
                },
            );
        };
        thread::Builder::new().name("card reading".to_owned()).spawn(read).map(drop)
    }

    /// Shows what was read, when nothing has happened in that reader since.
    pub fn take(&mut self, place: ReaderPlace, turn: u64, view: CardView) {
        let at = self.at(place);
        if at.turn == turn {
            at.view = view;
        }
    }
}

/// Reads the card. One that was pulled or reset during the reading is read again after a moment, because the reader itself tells
/// when it is empty, and what is read after it has told is not shown.
fn look(cards: &Cards, place: ReaderPlace, now: Now) -> Result<SeenCard, CardFault> {
    let mut again = READINGS;
    loop {
        match cards.look(place, now.at, now.today) {
            Err(CardFault::Card(CardError::NoCard | CardError::Removed | CardError::NoReader | CardError::Disturbed))
                if again > 0 =>
            {
                again -= 1;
                thread::sleep(NOTICE);
            }
            done => return done,
        }
    }
}

fn without_card(error: &CardError) -> CardView {
    match error {
        CardError::NoReader => CardView::ReaderMissing,
        CardError::NoCard | CardError::Removed => CardView::Empty,
        other => CardView::Fault { code: other.code(), message: other.to_string() },
    }
}
