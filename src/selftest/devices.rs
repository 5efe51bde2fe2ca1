//! The devices of the desk.

use std::{
    env,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Detail, Found, TestedDesk};
use crate::{
    config::local::{PadDriver, ReaderSettings, ScanMode, ScannerDriver},
    device::{
        card::{Card as _, CardError, Road, choose, open_card},
        pad::{SignaturePad as _, stu},
        scanner::{ColourMode, HostedSane, Patience, ScanControl, ScanError, ScanJob, Scanner},
    },
    trust::validity,
};

/// libsane asks every backend and the network; what takes longer is as good as not there.
const LISTING: Duration = Duration::from_secs(20);

/// Whether the display answers on which the windows are to open. The windows are not opened.
pub(super) fn displays(desk: &TestedDesk) -> Found {
    let windows = &desk.configuration.local.value.windows;
    let placed =
        [&windows.operator, &windows.holder].map(|place| place.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string));
    let placed = Detail::new("displays", placed);
    match display_address() {
        None => Found::noted("NO_DISPLAY", &"this program was not started in a graphical session").with(placed),
        Some(Address::Elsewhere) => Found::good(placed),
        Some(Address::Socket(socket)) => match UnixStream::connect(socket) {
            Ok(_) => Found::good(placed),
            Err(_) => Found::failed("NO_DISPLAY", &"the display does not answer: log in to the desktop anew").with(placed),
        },
    }
}

/// Where the display is.
enum Address {
    Socket(PathBuf),
    /// On another machine, or where no socket can be tried.
    Elsewhere,
}

fn display_address() -> Option<Address> {
    let named = |name| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(wayland) = named("WAYLAND_DISPLAY") {
        let socket = named("XDG_RUNTIME_DIR").map(PathBuf::from).unwrap_or_default().join(wayland);
        if socket.is_absolute() {
            return Some(Address::Socket(socket));
        }
    }
    let display = named("DISPLAY")?.to_string_lossy().into_owned();
    let number = display.strip_prefix(':').and_then(|number| number.split('.').next());
    let socket = number.map(|number| Path::new("/tmp/.X11-unix").join(format!("X{number}")));
    // A server may listen on an abstract address alone.
    Some(socket.filter(|socket| socket.exists()).map_or(Address::Elsewhere, Address::Socket))
}

pub(super) fn reader(desk: &TestedDesk, settings: Option<&ReaderSettings>) -> Found {
    let Some(settings) = settings else { return Found::absent("virtual-readers") };
    let look = || -> Result<Found, CardError> {
        let readers = Road::of(settings, &desk.executable)?.readers()?;
        let reader = choose(&readers, settings.reader.as_deref())?;
        Ok(Found::good(Detail::new(if reader.card { "reader-card" } else { "reader-empty" }, [reader.name.clone()])))
    };
    look().unwrap_or_else(|error| Found::failed(error.code(), &error))
}

/// The card in a reader: its certificates and tries, and nobody's name. An empty reader is no fault.
pub(super) fn card(desk: &TestedDesk, settings: Option<&ReaderSettings>) -> Found {
    let Some(settings) = settings else { return Found::absent("virtual-readers") };
    if desk.options.spare_cards {
        return Found::absent("cards-spared");
    }
    let Some(_alone) = desk.cards() else { return Found::absent("cards-held") };
    let look = || -> Result<Found, CardError> {
        let mut card = open_card(settings, &desk.executable)?;
        let contents = card.contents()?;
        let pin = card.pin_facts()?;
        let until = contents.certificates.iter().map(|on_card| validity(&on_card.certificate).1).min();
        let tries = pin.tries_left.map_or_else(|| "?".to_owned(), |left| left.to_string());
        let count = contents.certificates.len().to_string();
        let detail = match until {
            Some(until) => Detail::new("card", [count, until.strftime("%Y-%m-%d").to_string(), tries]),
            None => Detail::new("card-empty", [tries]),
        };
        Ok(match (pin.is_blocked(), until) {
            (true, _) => Found::noted(CardError::Blocked.code(), &CardError::Blocked).with(detail),
            (false, Some(until)) if until < desk.now => {
                Found::noted("CERTIFICATE_EXPIRED", &"a certificate on the card has expired").with(detail)
            }
            _ => Found::good(detail),
        })
    };
    look().unwrap_or_else(|error| match error {
        CardError::NoCard => Found::absent("no-card"),
        // Told once, for the reader.
        CardError::NoService | CardError::NoReader | CardError::SeveralReaders => Found::absent("no-reader"),
        error => Found::failed(error.code(), &error),
    })
}

pub(super) fn scanner(desk: &TestedDesk) -> Found {
    let local = &desk.configuration.local.value.scanner;
    let hang = Duration::from_secs(local.hang_seconds.into());
    let patience = Patience { listing: LISTING, rows: hang, ..Patience::default() };
    // Not the station's own glass, on which something may lie.
    let folder = desk.data.path().join("self-test");
    let find = || -> Result<Found, ScanError> {
        // The glass stays there until the scanner is done with.
        let (scanner, _glass) = match local.driver {
            ScannerDriver::Sane => (HostedSane::system(desk.executable.clone(), hang), None),
            ScannerDriver::Virtual if !desk.data.path().is_dir() => {
                return Ok(Found::absent("virtual-later"));
            }
            ScannerDriver::Virtual => {
                let (scanner, glass) = HostedSane::virtual_a6(desk.executable.clone(), &folder, hang)?;
                (scanner, Some(glass))
            }
        };
        let mut scanner = scanner.with_patience(patience);
        let found = scanner.list()?;
        let wanted = local.device.as_deref();
        let device = match wanted {
            Some(name) => found.iter().find(|one| one.device == name).ok_or_else(|| ScanError::NotFound(name.to_owned()))?,
            None => found.first().ok_or(ScanError::NoScanner)?,
        };
        let name = format!("{} ({})", device.name, device.device);
        if !desk.options.scan {
            return Ok(Found::good(Detail::plain(name)));
        }
        let job = ScanJob {
            device: local.device.clone(),
            mode: match local.mode {
                ScanMode::Color => ColourMode::Colour,
                ScanMode::Gray => ColourMode::Grey,
            },
            ..ScanJob::a6(local.dpi)
        };
        let picture = scanner.scan(&job, &ScanControl::default())?;
        let size = [picture.width_px.to_string(), picture.height_px.to_string(), picture.dpi.to_string()];
        let [width, height, dpi] = size;
        Ok(Found::good(Detail::new("scanned", [name, width, height, dpi])))
    };
    let found = find().unwrap_or_else(|error| Found::failed(error.code(), &error));
    if local.driver == ScannerDriver::Virtual {
        // What is not there need not be removed.
        drop(std::fs::remove_dir_all(folder));
    }
    found
}

/// The pad that LOCAL.toml names. Without one the holder signs on the touch screen.
pub(super) fn signature_pad(desk: &TestedDesk) -> Found {
    let settings = &desk.configuration.local.value.signature_pad;
    if settings.driver == PadDriver::Touch {
        return Found::absent("no-pad");
    }
    match stu::open(settings.device) {
        Ok(pad) => Found::good(Detail::plain(pad.info().name.clone())),
        Err(error) => Found::failed(error.code(), &error),
    }
}
