//! The page of devices and services, and the test of all of them.

use std::{collections::BTreeMap, path::PathBuf, rc::Rc, sync::Arc, thread};

use bam_station_ui::{Device, Devices, OperatorWindow, TestedPart, Tone};
use slint::{ComponentHandle as _, SharedString};

use super::{
    Desk, Shell, home,
    shell::on,
    words::{self, fill, filled, shown_fault, text},
};
use crate::{
    config::{Language, local::ReaderSettings},
    selftest::{Options, Part, State, Tested, TestedDesk, test_all},
    station::{Clock as _, DataFolder, SystemClock, worker::Update},
};

/// What is known of the devices and services.
#[derive(Default)]
pub struct DevicesDesk {
    /// The page is shown.
    pub open: bool,
    /// The tests run.
    pub testing: bool,
    /// What the newest tests found.
    pub found: BTreeMap<Part, Tested>,
    /// The station that is tested; there once it is connected.
    pub station: Option<TestedStation>,
}

/// What the test needs to know of the station behind the screens.
#[derive(Clone)]
pub struct TestedStation {
    /// Where it keeps its data.
    pub data: DataFolder,
    /// The program.
    pub executable: PathBuf,
    /// The readers in use: those of LOCAL.toml, or the virtual ones of training.
    pub readers: [ReaderSettings; 2],
}

pub(super) fn connect(shell: &Rc<Shell>) {
    let devices = shell.operator.global::<Devices>();
    on!(shell, devices, on_opened, |here| {
        here.desk(|desk| desk.devices.open = true);
        here.present();
    });
    on!(shell, devices, on_closed, |here| {
        here.desk(|desk| desk.devices.open = false);
        here.present();
    });
    on!(shell, devices, on_test_all, |here| {
        begin(&here);
        here.present();
    });
}

/// Runs the tests beside everything else; the screens hear of each as it is done.
fn begin(shell: &Shell) {
    let asked = shell.desk(|desk| {
        let TestedStation { data, executable, readers } = desk.devices.station.clone().filter(|_| !desk.devices.testing)?;
        desk.devices.testing = true;
        desk.devices.found.clear();
        let options = Options { scan: false, spare_cards: desk.open_control() };
        let configuration = Arc::clone(&desk.configuration);
        Some(TestedDesk::new(configuration, data, executable, SystemClock.now(), options).with_readers(readers))
    });
    let Some(asked) = asked else { return };
    let tell = shell.teller();
    let tests = move || {
        test_all(&Arc::new(asked), |tested| tell(Update::Tested(Box::new(tested.clone()))));
        tell(Update::TestedAll);
    };
    if thread::Builder::new().name("self-test".to_owned()).spawn(tests).is_err() {
        shell.desk(|desk| {
            desk.devices.testing = false;
            desk.failed("NO_THREAD", "the system has no room for another thread: close other programs".to_owned());
        });
    }
}

pub(super) fn show(desk: &Desk, window: &OperatorWindow) {
    let language = desk.operator_language;
    let devices = window.global::<Devices>();
    // A control that is opened meanwhile, or a card that is pulled, shows its own page.
    let available = !desk.open_control() && !desk.snapshot.locked;
    devices.set_available(available);
    devices.set_open(available && desk.devices.open);
    devices.set_testing(desk.devices.testing);
    let live = home::devices(desk);
    let rows = Part::ALL.map(|part| row(desk, language, part, &live));
    fill(&devices.get_parts(), rows.to_vec(), |rows| devices.set_parts(rows));
    let (outcome, tone) = outcome(desk, language);
    devices.set_outcome(outcome);
    devices.set_outcome_tone(tone);
}

/// What the test found; before it, what is known of readers and archive without one.
fn row(desk: &Desk, language: Language, part: Part, live: &[Device]) -> TestedPart {
    let (id, name) = (part.name().into(), text(language, &format!("devices.{}", part.name())));
    let Some(Tested { found, milliseconds, .. }) = desk.devices.found.get(&part) else {
        let known = match part {
            Part::OperatorReader => live.first(),
            Part::HolderReader => live.get(1),
            Part::Archive => live.get(3),
            _ => None,
        };
        let (state, tone) = match known.filter(|_| !desk.devices.testing) {
            Some(device) => (device.state.clone(), device.tone),
            None if desk.devices.testing => (text(language, "devices.state-testing"), Tone::Neutral),
            None => (text(language, "devices.state-unknown"), Tone::Neutral),
        };
        return TestedPart { id, name, state, tone, ..TestedPart::default() };
    };
    let (state, tone) = match found.state {
        State::Good => ("devices.state-good", Tone::Good),
        State::Noted => ("devices.state-noted", Tone::Warn),
        State::Absent => ("devices.state-absent", Tone::Neutral),
        State::Failed => ("devices.state-failed", Tone::Bad),
    };
    let fault = found.code.map(|code| shown_fault(language, code, found.message.as_deref().unwrap_or_default(), tone));
    let fault = fault.unwrap_or_default();
    TestedPart {
        id,
        name,
        state: text(language, state),
        tone,
        detail: found.detail.as_ref().map(|detail| detail.in_language(language)).unwrap_or_default().into(),
        cause: fault.cause,
        remedy: fault.remedy,
        code: fault.code,
        time: format!("{},{} s", milliseconds / 1000, milliseconds % 1000 / 100)
            .replace(',', text(language, "number.decimal").as_str())
            .into(),
    }
}

fn outcome(desk: &Desk, language: Language) -> (SharedString, Tone) {
    let found = &desk.devices.found;
    let failed = found.values().filter(|tested| tested.found.state == State::Failed).count();
    if desk.devices.testing {
        let done = (found.len().to_string(), Part::ALL.len().to_string());
        (filled(language, "devices.progress", &[&done.0, &done.1]), Tone::Neutral)
    } else if found.is_empty() {
        (SharedString::default(), Tone::Neutral)
    } else if failed == 0 {
        (text(language, "devices.all-good"), Tone::Good)
    } else {
        (words::counted(language, "devices.failed", failed), Tone::Bad)
    }
}
