//! Both windows, the desk and the station, tied together on the screens' thread.

use std::{
    cell::{OnceCell, RefCell},
    rc::{Rc, Weak},
    sync::{Arc, mpsc},
    time::Instant,
};

use bam_station_ui::{HolderWindow, I18n, Operator, OperatorSheet, OperatorWindow, Tone};
use slint::{ComponentHandle as _, PhysicalPosition, PhysicalSize, WindowPosition};

use super::{
    UiError, admin, aloud, approval, compare,
    desk::{Desk, Place, SeenFault},
    devices::{self, TestedStation},
    display, dock, document,
    fingers::ByHand,
    history, holder, holder_card, home, identification, keyboard, lock, new_control, outcome, outputs, scan, sign_in, signature,
    typed,
    waiting::Work,
};
use crate::{
    config::{Configuration, Language, local::WindowPlace},
    control::Step,
    device::card::ReaderPlace,
    station::{
        Clock as _, PinStage, Station, SystemClock, Uploader,
        worker::{Request, StationHandle, Update},
    },
};

thread_local! {
    /// The shell of this thread, for updates that arrive from the station's thread.
    static HERE: RefCell<Weak<Shell>> = const { RefCell::new(Weak::new()) };
}

/// Both windows with everything behind them.
pub struct Shell {
    /// The operator's window.
    pub operator: OperatorWindow,
    /// The holder's window.
    pub holder: HolderWindow,
    desk: RefCell<Desk>,
    station: OnceCell<StationHandle>,
    sender: mpsc::Sender<Update>,
    updates: mpsc::Receiver<Update>,
    pub(super) by_hand: ByHand,
    nudges: mpsc::Sender<()>,
    nudged: mpsc::Receiver<()>,
}

impl Shell {
    /// Makes both windows. The station is connected afterwards.
    pub fn new(configuration: Arc<Configuration>) -> Result<Rc<Self>, UiError> {
        let (sender, updates) = mpsc::channel();
        let (nudges, told) = mpsc::channel();
        let shell = Rc::new(Self {
            operator: OperatorWindow::new()?,
            holder: HolderWindow::new()?,
            desk: RefCell::new(Desk::new(configuration)),
            station: OnceCell::new(),
            sender,
            updates,
            by_hand: ByHand::default(),
            nudges,
            nudged: told,
        });
        HERE.with_borrow_mut(|here| *here = Rc::downgrade(&shell));
        bam_station_ui::attach(&shell.operator.global::<I18n>());
        bam_station_ui::attach(&shell.holder.global::<I18n>());
        for connect in [
            typed::connect,
            keyboard::connect,
            display::connect,
            aloud::connect,
            home::connect,
            history::connect,
            admin::connect,
            sign_in::connect,
            lock::connect,
            dock::connect,
            devices::connect,
            new_control::connect,
            identification::connect,
            document::connect,
            signature::connect,
            scan::connect,
            compare::connect,
            approval::connect,
            outcome::connect,
            holder::connect,
            holder_card::connect,
        ] {
            connect(&shell);
        }
        shell.present();
        Ok(shell)
    }

    /// Lets the station work for these windows.
    pub fn connect(&self, station: Station, uploader: Option<Uploader>) -> Result<(), UiError> {
        let cards = station.cards();
        let tested = TestedStation {
            data: station.data().clone(),
            executable: cards.executable().to_owned(),
            readers: [ReaderPlace::Operator, ReaderPlace::Holder].map(|place| cards.settings(place).clone()),
        };
        self.desk(|desk| desk.devices.station = Some(tested));
        let (tell, log) = (self.teller(), station.log().clone());
        let handle = StationHandle::start(station, uploader, move |update| {
            if let Update::Fault { code, .. } | Update::OpeningRefused { code, .. } = &update {
                log.fault(SystemClock.now(), code);
            }
            tell(update);
        })?;
        let _ = self.station.set(handle);
        self.ask(Request::Look);
        Ok(())
    }

    /// Tells the screens from another thread.
    pub(super) fn teller(&self) -> impl Fn(Update) + Send + 'static + use<> {
        let sender = self.sender.clone();
        move |update| {
            // The window may be gone already; then nobody waits for the update.
            let _ = sender.send(update);
            wake();
        }
    }

    /// Something to call from another thread when what the register holds has changed.
    pub fn nudge(&self) -> impl Fn() + Send + 'static + use<> {
        let nudges = self.nudges.clone();
        move || {
            let _ = nudges.send(());
            wake();
        }
    }

    /// Places and shows both windows as LOCAL.toml says.
    ///
    /// The timer that is returned keeps them there, and sees whether anybody is at the desk.
    pub fn show(self: &Rc<Self>) -> Result<slint::Timer, UiError> {
        let windows = self.desk.borrow().configuration.local.value.windows.clone();
        place(self.operator.window(), windows.operator.as_ref());
        place(self.holder.window(), windows.holder.as_ref());
        self.holder.window().set_fullscreen(windows.holder_full_screen);
        self.holder.window().on_close_requested(|| slint::CloseRequestResponse::KeepWindowShown);
        self.operator.window().on_close_requested(|| {
            // Without an event loop there is nothing to end.
            let _ = slint::quit_event_loop();
            slint::CloseRequestResponse::HideWindow
        });
        self.operator.window().set_fullscreen(windows.operator_full_screen);
        self.operator.show()?;
        self.holder.show()?;
        Ok(outputs::watch(self))
    }

    /// Asks the station; the screens say that it works until it answers. Returns whether it was asked: while it works on
    /// something else it is not.
    pub fn ask(&self, request: Request) -> bool {
        let Some(station) = self.station.get() else { return false };
        let work = Work::of(&request);
        let mut desk = self.desk.borrow_mut();
        if !desk.waiting.admit(work) {
            return false;
        }
        if work.changes() {
            desk.forget_faults();
        }
        station.ask(request);
        true
    }

    /// Asks, and shows at once that the station works.
    pub fn ask_and_present(&self, request: Request) {
        self.ask(request);
        self.present();
    }

    /// Stops the scan that is under way.
    pub fn cancel_scan(&self) {
        if let Some(station) = self.station.get() {
            station.cancel_scan();
        }
    }

    /// Reads or changes the desk.
    pub fn desk<T>(&self, with: impl FnOnce(&mut Desk) -> T) -> T {
        with(&mut self.desk.borrow_mut())
    }

    /// Takes over everything that the station told since, and shows it. Returns whether there was anything.
    pub fn pump(&self) -> bool {
        let any = self.tell(self.updates.try_iter());
        let mut changed = false;
        while self.nudged.try_recv().is_ok() {
            changed = true;
        }
        if changed {
            self.ask(Request::Look);
        }
        any || changed
    }

    /// Takes over what is told, and shows it with what follows from it. Returns whether there was anything.
    pub fn tell(&self, updates: impl IntoIterator<Item = Update>) -> bool {
        let (mut any, mut ink) = (false, false);
        let before = self.desk(|desk| desk.step());
        for update in updates {
            match update {
                Update::Ink(told) => {
                    ink = true;
                    self.desk(|desk| desk.pen.ink(told));
                }
                update => {
                    any = true;
                    self.take(update);
                }
            }
        }
        if ink {
            // Whoever writes on the pad is at the desk, also when nobody touches a screen meanwhile.
            self.touched(Instant::now());
        }
        if ink && !any {
            holder::written(self);
        }
        if any {
            scan::decode(self);
            compare::decode(self);
            document::refill(self);
            identification::decode(self);
            if self.desk(|desk| std::mem::take(&mut desk.fresh_holder)) {
                display::fresh_for_holder(self);
            }
            self.follow_up();
            self.close_sheet(before);
            self.present();
        }
        any || ink
    }

    fn take(&self, update: Update) {
        let mut desk = self.desk.borrow_mut();
        match update {
            Update::Snapshot(snapshot) => desk.take(*snapshot),
            Update::OpeningRefused { code, message } => {
                desk.place = Place::Home;
                desk.fault = Some(SeenFault { code: code.to_owned(), message, tone: Tone::Warn });
            }
            Update::Fault { code, message } => desk.failed(code, message),
            Update::LookedUp(answer) => new_control::looked_up(&mut desk, &self.operator, answer),
            Update::Found { controls, all_names } => {
                desk.history.found = controls;
                desk.history.all_names = all_names;
            }
            Update::Administration(found) => desk.admin.found(*found),
            Update::Proposed(changes) => desk.admin.proposed(changes),
            Update::MasterSaved(saved) => admin::saved(&mut desk, &self.operator, &saved),
            Update::LocalSaved => admin::local_saved(&mut desk, &self.operator),
            Update::DevicesFound(found) => desk.admin.devices = found,
            Update::DirectoryFields(Ok(fields)) => desk.admin.fields = fields,
            Update::DirectoryFields(Err(fault)) => desk.failed(fault.code, fault.message),
            Update::Appointee(appointee) => desk.admin.appoint(&appointee),
            Update::Plan { asked, plan } => desk.plan = Some((*asked, plan)),
            Update::Pin(PinStage::TypeOnPad(place)) => desk.at_pad = Some(place),
            Update::Pin(PinStage::CardWorks(_)) => desk.at_pad = None,
            Update::ScanProgress(part) => desk.scanned = part,
            Update::ScanSeen(picture) => {
                desk.scan_picture = Some(scan::ScanPicture::before_kept(picture, scan::room(&self.operator)));
            }
            Update::PadOpened(pad) => desk.pen.on_pad(pad.field_um),
            Update::Ink(told) => desk.pen.ink(told),
            Update::Page { index, of, width, height, pixels } => {
                let buffer = slint::SharedPixelBuffer::<slint::Rgba8Pixel>::clone_from_slice(&pixels, width, height);
                desk.preview.page = Some((index, of));
                desk.preview.picture = slint::Image::from_rgba8(buffer);
            }
            Update::Tested(tested) => drop(desk.devices.found.insert(tested.part, *tested)),
            Update::TestedAll => desk.devices.testing = false,
            Update::Answered => {
                desk.known = true;
                desk.at_pad = None;
                desk.waiting.answered();
            }
        }
    }

    /// A question about a step that is over is not asked any longer.
    fn close_sheet(&self, before: Option<Step>) {
        let step = self.desk(|desk| desk.step());
        let operator = self.operator.global::<Operator>();
        let still_asked =
            operator.get_sheet() == OperatorSheet::Abort && !matches!(step, None | Some(Step::HandBack | Step::Closed));
        if step != before && !still_asked {
            operator.set_sheet(OperatorSheet::None);
        }
    }

    /// What follows from where everything stands now, without anybody's touch.
    fn follow_up(&self) {
        holder::follow_up(self);
        signature::follow_up(self);
        scan::follow_up(self);
        holder_card::follow_up(self);
        new_control::follow_up(self);
        history::follow_up(self);
        approval::follow_up(self);
        admin::follow_up(self);
    }

    /// Shows everything as it stands.
    pub fn present(&self) {
        let desk = self.desk.borrow();
        self.operator.global::<I18n>().set_lang(desk.operator_language.code().into());
        self.holder.global::<I18n>().set_lang(desk.holder_language.code().into());
        home::show(&desk, &self.operator);
        history::show(&desk, &self.operator);
        admin::show(&desk, &self.operator);
        sign_in::show(&desk, &self.operator);
        lock::show(&desk, &self.operator);
        dock::show(&desk, &self.operator);
        devices::show(&desk, &self.operator);
        new_control::show(&desk, &self.operator);
        identification::show(&desk, &self.operator);
        document::show(&desk, &self.operator);
        signature::show(&desk, &self.operator);
        scan::show(&desk, &self.operator);
        compare::show(&desk, &self.operator);
        approval::show(&desk, &self.operator);
        outcome::show(&desk, &self.operator);
        holder::show(&desk, &self.operator, &self.holder);
        holder_card::show(&desk, &self.holder);
        drop(desk);
        typed::tell(self);
        aloud::follow_up(self);
    }

    /// The operator's or holder's language by its code.
    pub fn language(code: &str) -> Language {
        Language::from_code(code).unwrap_or_default()
    }
}

/// Lets the screens' thread take over what was told. Without an event loop (tests) [`Shell::pump`] is called by hand.
fn wake() {
    let _ = slint::invoke_from_event_loop(|| {
        if let Some(shell) = HERE.with_borrow(Weak::upgrade) {
            shell.pump();
        }
    });
}

fn place(window: &slint::Window, place: Option<&WindowPlace>) {
    if let Some(WindowPlace { width, height, position }) = place {
        window.set_size(PhysicalSize::new(u32::from(*width), u32::from(*height)));
        if let Some((x, y)) = position {
            window.set_position(WindowPosition::Physical(PhysicalPosition::new(i32::from(*x), i32::from(*y))));
        }
    }
}

/// Connects a callback of a window to the shell without keeping it alive.
macro_rules! on {
    ($shell:expr, $global:expr, $callback:ident, |$here:ident $(, $argument:ident)*| $body:block) => {{
        let weak = std::rc::Rc::downgrade($shell);
        $global.$callback(move |$($argument),*| {
            if let Some($here) = weak.upgrade() $body
        });
    }};
}
pub(super) use on;
