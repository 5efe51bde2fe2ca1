//! What is in the desk's two card readers, by both roads, told as it changes.

use std::{
    collections::VecDeque,
    path::Path,
    sync::mpsc::{Receiver, Sender, channel},
    time::{Duration, Instant},
};

use super::{
    CardError, CardEvent, Module, ReaderInfo, pkcs11,
    readers::choose,
    watch::{self, Watcher},
};
use crate::config::local::{CardDriver, ReaderSettings};

/// A place for a card at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReaderPlace {
    /// `[OperatorReader]`.
    Operator,
    /// `[HolderReader]`: the holder's and a third party's.
    Holder,
}

impl ReaderPlace {
    /// The reader on the other side of the desk: where a card is that was put into the wrong one.
    pub const fn other(self) -> Self {
        match self {
            Self::Operator => Self::Holder,
            Self::Holder => Self::Operator,
        }
    }
}

/// What is in a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReaderState {
    /// The reader cannot be used: it is unplugged ([`CardError::NoReader`]), its service or module does not work, or its name
    /// fits several.
    Away(CardError),
    /// No card.
    Empty,
    /// A card.
    Card,
}

/// A reader's state changed.
///
/// A card that comes is `Empty` to `Card`, one that goes is `Card` to anything else. A card that was exchanged between two looks is
/// told as gone and come, as far as the road counts (PC/SC does, PKCS#11 does not).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderEvent {
    /// Which reader. When both sections of LOCAL.toml mean the same reader, the event comes for both.
    pub place: ReaderPlace,
    /// What is in it now.
    pub state: ReaderState,
}

/// Watches the desk's readers from its creation until it is dropped.
pub struct DeskReaders {
    places: [Place; 2],
    told: Receiver<Told>,
    waiting: VecDeque<ReaderEvent>,
    /// Kept for as long as somebody listens.
    _watcher: Option<Watcher>,
}

/// One of the two readers.
struct Place {
    place: ReaderPlace,
    driver: CardDriver,
    reader: Option<String>,
    /// The readers of its road, or why they are not known.
    road: Result<Vec<ReaderInfo>, CardError>,
    /// Whether `road` is complete, so that a state follows from it.
    settled: bool,
    /// What was told last; nothing until the road has been looked at.
    state: Option<ReaderState>,
}

/// What a road tells.
enum Told {
    Pcsc(watch::Told),
    Module(ReaderPlace, Result<Vec<ReaderInfo>, CardError>),
}

impl DeskReaders {
    /// Begins to watch. First comes the state of each reader as it is.
    ///
    /// `executable` is this program, of which a device host is a second process.
    pub fn watch(operator: &ReaderSettings, holder: &ReaderSettings, executable: &Path) -> Result<Self, CardError> {
        let (sender, told) = channel();
        let places = [(ReaderPlace::Operator, operator), (ReaderPlace::Holder, holder)];
        for (place, settings) in places {
            if settings.driver == CardDriver::Pkcs11 {
                let path = settings.module.as_deref().ok_or(CardError::NoModule("LOCAL.toml names none"))?;
                let sender: Sender<Told> = sender.clone();
                let tell = move |readers| sender.send(Told::Module(place, readers)).is_ok();
                pkcs11::watch(Module::new(executable, path), tell)?;
            }
        }
        let pcsc = places.iter().any(|(_, settings)| settings.driver == CardDriver::Pcsc);
        let watcher = pcsc.then(|| Watcher::start(move |told| sender.send(Told::Pcsc(told)).ok())).transpose()?;
        let places = places.map(|(place, settings)| Place {
            place,
            driver: settings.driver,
            reader: settings.reader.clone(),
            road: Ok(Vec::new()),
            settled: false,
            state: None,
        });
        Ok(Self { places, told, waiting: VecDeque::new(), _watcher: watcher })
    }

    /// The next event, when one comes within `limit`.
    pub fn next(&mut self, limit: Duration) -> Option<ReaderEvent> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            let told = self.told.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()?;
            for place in &mut self.places {
                self.waiting.extend(place.hear(&told));
            }
        }
    }

    /// What was told last about a reader; `None` before the first event. So a card that is waited for on one side and found on
    /// the other is told as one in the wrong reader.
    pub fn state(&self, place: ReaderPlace) -> Option<&ReaderState> {
        self.places.iter().find(|found| found.place == place)?.state.as_ref()
    }
}

impl Place {
    /// Takes in what a road tells; the event that follows from it.
    fn hear(&mut self, told: &Told) -> Option<ReaderEvent> {
        match told {
            Told::Module(place, readers) if *place == self.place => {
                self.road.clone_from(readers);
                self.settled = true;
            }
            Told::Pcsc(told) if self.driver == CardDriver::Pcsc => self.hear_pcsc(told),
            _ => return None,
        }
        if !self.settled {
            return None;
        }
        let state = match self.road.as_ref().map_err(Clone::clone).and_then(|readers| choose(readers, self.reader.as_deref())) {
            Err(error) => ReaderState::Away(error),
            Ok(ReaderInfo { card: false, .. }) => ReaderState::Empty,
            Ok(ReaderInfo { card: true, .. }) => ReaderState::Card,
        };
        if self.state.as_ref() == Some(&state) {
            return None;
        }
        self.state = Some(state.clone());
        Some(ReaderEvent { place: self.place, state })
    }

    fn hear_pcsc(&mut self, told: &watch::Told) {
        let watch::Told::Event(event) = told else {
            self.settled = true;
            return;
        };
        match event {
            CardEvent::ServiceGone => {
                self.road = Err(CardError::NoService);
                self.settled = true;
            }
            CardEvent::ServiceThere => {
                self.road = Ok(Vec::new());
                self.settled = false;
            }
            CardEvent::ReaderFound(name) => {
                self.settled = false;
                self.change(|readers| readers.push(ReaderInfo { name: name.clone(), card: false }));
            }
            CardEvent::ReaderLost(name) => {
                self.settled = false;
                self.change(|readers| readers.retain(|reader| reader.name != *name));
            }
            CardEvent::Inserted(name) => self.set_card(name, true),
            CardEvent::Removed(name) => self.set_card(name, false),
        }
    }

    fn set_card(&mut self, name: &str, card: bool) {
        self.change(|readers| readers.iter_mut().filter(|reader| reader.name == name).for_each(|reader| reader.card = card));
    }

    fn change(&mut self, change: impl FnOnce(&mut Vec<ReaderInfo>)) {
        if let Ok(readers) = &mut self.road {
            change(readers);
        }
    }
}
