//! Cards at the desk: two readers, who is in them, and what the station asks of them.

mod evidence;
mod fault;
mod identify;
mod notices;
mod read;
mod renewal;
mod sign_in;
mod view;

use std::{path::PathBuf, sync::Arc};

pub(super) use evidence::keep;
pub use fault::CardFault;
pub use identify::Says;
pub(super) use notices::of as notices_of;
pub(super) use renewal::CardFacts;
pub(super) use sign_in::CardKey;
pub use view::{Appointee, CardView, LastSignIn, PinStage, SeenCard, SeenObjection, VirtualCardKind, VirtualCards, WrongReader};

use crate::{
    config::local::ReaderSettings,
    device::card::{Card, CardError, ReaderPlace, open_card},
    rules::role::Roles,
    trust::Trust,
};

/// The desk's readers and whoever judges what is in them. It can be handed to other threads.
#[derive(Clone)]
pub struct Cards {
    operator: ReaderSettings,
    holder: ReaderSettings,
    executable: PathBuf,
    trust: Arc<Trust>,
    roles: Roles,
}

impl Cards {
    /// The readers of LOCAL.toml. `executable` is this program, of which a device host is a second process.
    pub fn new(operator: ReaderSettings, holder: ReaderSettings, executable: PathBuf, trust: Arc<Trust>, roles: Roles) -> Self {
        Self { operator, holder, executable, trust, roles }
    }

    /// How the reader at this place is reached.
    pub fn settings(&self, place: ReaderPlace) -> &ReaderSettings {
        match place {
            ReaderPlace::Operator => &self.operator,
            ReaderPlace::Holder => &self.holder,
        }
    }

    /// This program.
    pub fn executable(&self) -> &std::path::Path {
        &self.executable
    }

    /// Who judges certificates.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Who may sign in.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// The card at this place.
    fn open(&self, place: ReaderPlace) -> Result<Box<dyn Card + Send>, CardError> {
        open_card(self.settings(place), &self.executable)
    }
}
