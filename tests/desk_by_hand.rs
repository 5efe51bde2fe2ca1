//! Two people at the desk: both windows with the real station behind them, acted on by name, by touch and by keyboard.

use std::{
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use bam_station::{
    config::{Configuration, Found},
    device::scanner::VirtualGlass,
    station::{DataFolder, Station, SystemClock, Uploader},
    ui::Shell,
};
use bam_station_ui::{
    Approval, Holder, HolderPage, HolderTerms, HolderWindow, Operator, OperatorPage, OperatorWindow, StepState, text,
};
use i_slint_backend_testing::ElementRoot;
use slint::{
    ComponentHandle, LogicalPosition, LogicalSize, Model,
    platform::{Key, PointerEventButton, WindowEvent},
};

use crate::support_screens::{by_id, click, enabled, find, key, picture, platform, settle, write};

/// Longest time that anything at the desk may take here.
const PATIENCE: Duration = Duration::from_mins(3);

pub const PIN: &str = "246810";

/// Both windows, the station behind them, and the glass of the virtual scanner.
pub struct AtTheDesk {
    pub shell: Rc<Shell>,
    pub glass: VirtualGlass,
    pictures: Option<&'static str>,
}

/// The configuration that the program ships with.
pub fn configuration() -> Configuration {
    let place = |file: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    Configuration::load(&Found { master: place("MASTER.toml"), local: place("config/LOCAL.toml") }).unwrap()
}

impl AtTheDesk {
    /// The first opening on this thread. Pictures of the pages are kept under this name where one is given.
    pub fn open(data: &Path, pictures: Option<&'static str>) -> Self {
        platform();
        Self::open_again(data, pictures)
    }

    /// The station opens on a data folder that may have been used before.
    pub fn open_again(data: &Path, pictures: Option<&'static str>) -> Self {
        Self::open_as(configuration(), data, pictures)
    }

    /// The first opening on this thread, of an office with its own configuration.
    pub fn open_with(configuration: Configuration, data: &Path, pictures: Option<&'static str>) -> Self {
        platform();
        Self::open_as(configuration, data, pictures)
    }

    fn open_as(configuration: Configuration, data: &Path, pictures: Option<&'static str>) -> Self {
        Self::open_prepared(configuration, data, pictures, |_| {})
    }

    /// The same, with something done to the station before the windows are connected.
    pub fn open_prepared(
        configuration: Configuration,
        data: &Path,
        pictures: Option<&'static str>,
        prepare: impl FnOnce(&mut Station),
    ) -> Self {
        let configuration = Arc::new(configuration);
        let executable = PathBuf::from(env!("CARGO_BIN_EXE_bam-station"));
        let folder = DataFolder::locate(Some(data.to_owned()));
        let mut station = Station::open(Arc::clone(&configuration), folder, executable, Box::new(SystemClock)).unwrap();
        prepare(&mut station);
        let glass = station.glass().unwrap().clone();
        let road = station.delivery_road().unwrap();
        let companion = station.register().companion().unwrap();
        let shell = Shell::new(configuration).unwrap();
        let changed = shell.nudge();
        let uploader = road.map(|road| Uploader::start(road, companion, move |_| changed()).unwrap());
        for window in [shell.operator.window(), shell.holder.window()] {
            window.set_size(LogicalSize::new(1280.0, 800.0));
        }
        shell.operator.show().unwrap();
        shell.holder.show().unwrap();
        shell.operator.window().dispatch_event(WindowEvent::WindowActiveChanged(true));
        shell.connect(station, uploader).unwrap();
        let desk = Self { shell, glass, pictures };
        desk.until("the station has told where it stands", |desk| !desk.operator().global::<Operator>().get_busy());
        desk
    }

    pub fn operator(&self) -> &OperatorWindow {
        &self.shell.operator
    }

    pub fn holder(&self) -> &HolderWindow {
        &self.shell.holder
    }

    /// Waits until something holds; everything that the station tells meanwhile is shown.
    pub fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.shell.pump();
            settle();
            if holds(self) {
                return;
            }
            let fault = self.operator().global::<Operator>().get_fault();
            assert!(Instant::now() < deadline, "waited in vain until {what}; on {:?}, fault {fault:?}", self.page());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn page(&self) -> OperatorPage {
        self.operator().global::<Operator>().get_page()
    }

    pub fn holders_page(&self) -> HolderPage {
        self.holder().global::<Holder>().get_page()
    }

    /// Waits for both pages, and keeps a picture of each.
    pub fn both_on(&self, operator: OperatorPage, holder: HolderPage) {
        self.until(&format!("the operator sees {operator:?} and the holder {holder:?}"), |desk| {
            let busy = desk.operator().global::<Operator>().get_busy();
            desk.page() == operator && desk.holders_page() == holder && !busy
        });
        self.keep(&format!("{operator:?}"));
    }

    /// Keeps pictures of both windows.
    pub fn keep(&self, name: &str) {
        if let Some(series) = self.pictures {
            settle();
            picture(self.operator(), &format!("{series}-{name}-operator"));
            picture(self.holder(), &format!("{series}-{name}-holder"));
        }
    }

    /// The operator pushes, ticks or chooses something as soon as it is possible. What lies below the fold is scrolled to.
    pub fn click(&self, id: &str) {
        self.until(&format!("{id} can be acted on"), |desk| {
            desk.scroll_to(id);
            possible(desk.operator(), id)
        });
        click(self.operator(), id);
    }

    /// The holder touches something as soon as it is possible.
    pub fn touch(&self, id: &str) {
        self.until(&format!("{id} can be touched"), |desk| possible(desk.holder(), id));
        click(self.holder(), id);
    }

    /// The operator types into a field.
    pub fn fill(&self, id: &str, words: &str) {
        self.scroll_to(id);
        by_id(self.operator(), id).mock_single_click(PointerEventButton::Left);
        write(self.operator(), words);
    }

    fn scroll_to(&self, id: &str) {
        let (_, bottom) = (0, self.operator().window().size().height as f32);
        let seen = |id: &str| find(self.operator(), id).is_some_and(|e| e.absolute_position().y + e.size().height < bottom);
        // Down to the page's end, and where it is not found there, up to its beginning.
        for way in [[Key::PageDown; 5], [Key::PageUp; 5], [Key::PageUp; 5]].concat() {
            if !seen(id) {
                key(self.operator(), way);
            }
        }
    }

    /// What a text of the operator's page says.
    pub fn says(&self, id: &str) -> String {
        by_id(self.operator(), id).accessible_label().unwrap_or_default().into()
    }

    /// What a text of the holder's page says.
    pub fn tells_holder(&self, id: &str) -> String {
        by_id(self.holder(), id).accessible_label().unwrap_or_default().into()
    }

    pub fn title(&self) -> String {
        self.says("op-title")
    }

    /// The states of the five steps on the rail.
    pub fn rail(&self) -> Vec<StepState> {
        self.operator().global::<Operator>().get_steps().iter().map(|step| step.state).collect()
    }

    /// A training operator is made, and signed in by that.
    pub fn enroll(&self, name: &str) {
        self.until("an operator can be made", |desk| desk.page() == OperatorPage::CreateOperator);
        self.fill("op-create-name", name);
        self.fill("op-create-pin", PIN);
        self.fill("op-create-repeat", PIN);
        self.click("op-create");
        self.until("the operator is signed in", |desk| !desk.operator().global::<Operator>().get_operator_name().is_empty());
    }

    /// The form for a new control, filled in for Anna Maria Eriksson.
    pub fn ask_for(&self, function: &str, kind: &str) {
        self.both_on(OperatorPage::Home, HolderPage::Idle);
        self.click("op-new-control");
        self.until("the form is there", |desk| desk.page() == OperatorPage::NewControl);
        self.fill("op-first-names", "Anna Maria");
        self.fill("op-last-name", "Eriksson");
        self.fill("op-identity-number", "128874 10079");
        self.fill("op-birth-date", "12.08.1974");
        self.click(&format!("op-function-{function}"));
        self.click(&format!("op-kind-{kind}"));
    }

    /// A new qualified card, up to the document.
    pub fn begin_qualified(&self) {
        self.ask_for("new-card", "qualified");
        self.click("op-begin");
        self.both_on(OperatorPage::Document, HolderPage::Welcome);
    }

    /// Anna's passport as it lies before the operator, without the ticks.
    pub fn copy_passport(&self) {
        self.click("op-document-kind-passport");
        self.copy_what_stands_in_the_passport();
    }

    /// The same where the kind of document is chosen already.
    pub fn copy_what_stands_in_the_passport(&self) {
        self.fill("op-issuer", "uto");
        self.fill("op-document-number", "L898902C3");
        self.fill("op-issued", "16.04.2023");
        self.fill("op-expires", "15042033");
        self.fill("op-document-first-names", "Anna Maria");
        self.fill("op-document-last-name", "Eriksson");
        self.fill("op-document-birth-date", "12.08.1974");
    }

    /// What the operator has seen on the passport.
    pub fn tick(&self) {
        self.click("op-undamaged");
        self.click("op-photo-matches");
        for feature in self.features() {
            self.click(&feature);
        }
    }

    /// The security features that were drawn for this control.
    pub fn features(&self) -> Vec<String> {
        let form = self.operator().global::<bam_station_ui::DocumentCheck>();
        form.get_features().iter().map(|row| format!("op-feature-{}", row.id)).collect()
    }

    pub fn accept_passport(&self) {
        self.copy_passport();
        self.tick();
        self.click("op-accept-document");
        self.both_on(OperatorPage::Terms, HolderPage::Terms);
    }

    /// The holder turns to the last page and waits until the answers count.
    pub fn read_terms(&self) {
        let terms = self.holder().global::<HolderTerms>();
        while terms.get_page() < terms.get_pages() {
            self.touch("ho-next");
        }
        self.until("the holder can answer", |desk| enabled(desk.holder(), "ho-accept"));
    }

    /// The holder writes two strokes on the field.
    pub fn sign(&self) {
        let pad = by_id(self.holder(), "ho-signature");
        let (at, size) = (pad.absolute_position(), pad.size());
        let send = |event| self.holder().window().dispatch_event(event);
        for stroke in 0..2_u8 {
            let place = |i: u16| {
                let part = f32::from(i) / 60.0;
                let x = at.x + size.width * (0.1 + 0.35 * f32::from(stroke) + 0.4 * part);
                let y = at.y + size.height * (0.5 + 0.2 * (part * 14.0).sin());
                LogicalPosition::new(x, y)
            };
            send(WindowEvent::PointerMoved { position: place(0) });
            send(WindowEvent::PointerPressed { position: place(0), button: PointerEventButton::Left });
            for i in 1..=60 {
                send(WindowEvent::PointerMoved { position: place(i) });
            }
            send(WindowEvent::PointerReleased { position: place(60), button: PointerEventButton::Left });
        }
        settle();
    }

    /// From the document to the scan, without a hitch.
    pub fn up_to_the_scan(&self) {
        self.begin_qualified();
        self.accept_passport();
        self.read_terms();
        self.touch("ho-accept");
        self.both_on(OperatorPage::Signature, HolderPage::Sign);
        self.sign();
        self.touch("ho-sign-done");
        self.both_on(OperatorPage::Signature, HolderPage::Wait);
        self.click("op-signature-alike");
        self.both_on(OperatorPage::Scan, HolderPage::Wait);
    }

    /// Types a PIN where the keyboard is, and Enter.
    pub fn type_pin(&self, pin: &str) {
        write(self.operator(), pin);
        key(self.operator(), Key::Return);
    }

    /// The report's first page is shown.
    pub fn report_is_shown(&self) {
        self.until("the report is shown", |desk| {
            let approval = desk.operator().global::<Approval>();
            desk.page() == OperatorPage::Approve && approval.get_page_picture().size().width > 0 && approval.get_can_sign()
        });
    }

    /// The same where a card signs.
    pub fn report_is_shown_for_card(&self) {
        self.until("the report is shown", |desk| {
            let approval = desk.operator().global::<Approval>();
            let shown = approval.get_page_picture().size().width > 0 && approval.get_by_card();
            desk.page() == OperatorPage::Approve && shown && !approval.get_busy()
        });
    }

    /// A text of the catalogue in bokmål, the operator's language.
    pub fn words(key: &str) -> &'static str {
        text("nb", key)
    }
}

/// Whether a page has something of this name.
/// It is there and can be acted on.
fn possible(window: &impl ElementRoot, id: &str) -> bool {
    find(window, id).is_some_and(|element| element.accessible_enabled() == Some(true))
}

pub fn has(window: &impl ElementRoot, id: &str) -> bool {
    find(window, id).is_some()
}
