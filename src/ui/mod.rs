//! The screens' adapters: what the station knows → what the screens show, touches → requests. No rule lives here.
//!
//! Everything in this module runs on the screens' own thread. The [`Desk`] holds what is known and what is being typed;
//! the `show` functions put it on the two windows; the station works on its own thread ([`crate::station::worker`]).

mod admin;
pub mod admin_rows;
pub mod aloud;
mod approval;
mod cards;
mod compare;
mod desk;
mod devices;
pub mod display;
mod dock;
mod document;
pub mod fingers;
mod forms;
mod history;
mod holder;
mod holder_card;
mod home;
mod identification;
pub mod idle;
mod keyboard;
mod lock;
mod monitors;
mod new_control;
mod outcome;
mod outputs;
mod pen;
mod scan;
mod shell;
mod sign_in;
mod signature;
pub mod typed;
mod waiting;
pub mod words;

use std::{path::PathBuf, sync::Arc};

pub use desk::{Desk, Place, holder_page, operator_page};
pub use pen::{Pen, pixels};
pub use shell::Shell;

use bam_station_ui::{GalleryWindow, I18n};
use slint::ComponentHandle as _;

use crate::{
    config::{Configuration, Language},
    delivery::hand_over::Announcer,
    notices::{NoticesError, Sender},
    station::{DataFolder, DeliveryError, OpenError, Raiser, RaisingError, Station, SystemClock, Uploader},
};

/// Why the screens do not open.
#[derive(Debug, thiserror::Error)]
pub enum UiError {
    /// The station.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The road to the archive.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    /// The road to B-LTA.
    #[error(transparent)]
    Raising(#[from] RaisingError),
    /// The road of notices.
    #[error(transparent)]
    Notices(#[from] NoticesError),
    /// The display.
    #[error(
        "the screens cannot be shown, because no display can be reached: start the program in a graphical session, or with scripts/run.sh"
    )]
    Display(#[from] slint::PlatformError),
    /// A thread.
    #[error("the system has no room for another thread: close other programs")]
    NoThread(#[from] std::io::Error),
}

impl UiError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open(error) => error.code(),
            Self::Delivery(error) => error.code(),
            Self::Raising(error) => error.code(),
            Self::Notices(error) => error.code(),
            Self::Display(_) => "NO_DISPLAY",
            Self::NoThread(_) => "NO_THREAD",
        }
    }
}

/// Opens the gallery: every component in every state. It needs no station.
pub fn gallery(language: Language) -> Result<(), UiError> {
    let window = GalleryWindow::new()?;
    bam_station_ui::attach(&window.global::<I18n>());
    window.global::<I18n>().set_lang(language.code().into());
    window.run()?;
    Ok(())
}

/// Opens the station with both windows and returns when the operator's window is closed.
pub fn run(configuration: Configuration, data: DataFolder, executable: PathBuf) -> Result<(), UiError> {
    let configuration = Arc::new(configuration);
    let looks = data.path().to_owned();
    let station = Station::open(Arc::clone(&configuration), data, executable, Box::new(SystemClock))?;
    let road = station.delivery_road()?;
    let companion = station.register().companion().map_err(OpenError::from)?;
    let announcing = station.register().companion().map_err(OpenError::from)?;
    let hand_over = station.hand_over()?;
    let shell = Shell::new(configuration)?;
    let uploader = match road {
        Some(road) => {
            let changed = shell.nudge();
            Some(Uploader::start(road, companion, move |_| changed())?)
        }
        None => None,
    };
    // Reports are raised while the station is open; the thread ends with this function.
    let _raiser = match station.raising_road()? {
        Some(road) => Some(Raiser::start(road, station.register().companion().map_err(OpenError::from)?)?),
        None => None,
    };
    // While the station is open, approved controls are announced to the issuing system; dropped when the window is closed.
    let _announcer = match hand_over {
        Some(hand_over) => {
            let changed = shell.nudge();
            Some(Announcer::start(hand_over, announcing, move |_| changed()).map_err(|_| DeliveryError::NoThread)?)
        }
        None => None,
    };
    // Notices go out while the station is open, where MASTER.toml names a mail server.
    let _sender = match station.notices()? {
        Some(notices) => Some(Sender::start(notices, station.register().companion().map_err(OpenError::from)?)?),
        None => None,
    };
    shell.remember_look_in(&looks);
    shell.connect(station, uploader)?;
    let _watch = shell.show()?;
    slint::run_event_loop()?;
    Ok(())
}
