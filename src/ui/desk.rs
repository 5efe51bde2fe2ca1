//! What is known and what is being typed. Which page each window shows is decided here from that alone.

use std::{path::PathBuf, sync::Arc, time::Instant};

use bam_station_ui::{Fault as ShownFault, HolderPage, OperatorPage, Paragraph, Tone};
use slint::Image;

use super::{
    admin::AdminDesk,
    aloud::Aloud,
    approval::Shown,
    cards::{concerns_pin, fault_tone},
    compare::Compared,
    devices::DevicesDesk,
    dock::DockDesk,
    history::HistoryDesk,
    holder_card::{SideDesk, asks_pin, side_asked},
    idle::Attendance,
    new_control::PeopleDesk,
    pen::Pen,
    scan::ScanPicture,
    typed::Secrets,
    waiting::{Waiting, Work},
    words,
};
use crate::{
    config::{Configuration, Language, local::PadDriver},
    control::{Control, ControlId, DocumentCheck, Identification, Outcome, Step},
    device::card::ReaderPlace,
    digest::Digest,
    rules::{self, Method, Plan},
    station::{Asked, CardView, worker::Snapshot},
};

/// Where the operator is when no control decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    /// Today's controls.
    #[default]
    Home,
    /// The form for a new control.
    NewControl,
    /// Making a training operator.
    CreateOperator,
    /// The controls of other days.
    History,
    /// MASTER.toml.
    Administration,
}

/// A fault as it came, to be said in the operator's language.
#[derive(Debug, Clone)]
pub struct SeenFault {
    /// Code of the catalogue.
    pub code: String,
    /// The program's own words.
    pub message: String,
    /// How it is meant.
    pub tone: Tone,
}

/// The report as the operator looks at it before the PIN.
#[derive(Default)]
pub struct Preview {
    /// The page that the operator wants to see, from 0.
    pub wanted: usize,
    /// What was asked for last.
    pub asked: Option<(Digest, Shown)>,
    /// The page that is shown, from 0, and how many there are; none before the first picture.
    pub page: Option<(usize, usize)>,
    /// Its picture.
    pub picture: Image,
}

/// The state of the screens.
pub struct Desk {
    /// What both files say.
    pub configuration: Arc<Configuration>,
    /// What the station told last.
    pub snapshot: Snapshot,
    /// The operator's language.
    pub operator_language: Language,
    /// The holder's language.
    pub holder_language: Language,
    /// Where the operator is.
    pub place: Place,
    /// The operator wants another way to identify.
    pub choosing_method: bool,
    /// The fault that is shown.
    pub fault: Option<SeenFault>,
    /// The station has told where everything stands.
    pub known: bool,
    /// What it has been asked since and has not answered.
    pub waiting: Waiting,
    /// Part of the scan that is done, while one is under way.
    pub scanned: f32,
    /// First row of the list of controls that is shown.
    pub first_row: usize,
    /// The holder has read what will happen in this control.
    pub holder_began: bool,
    /// The holder reads how personal data are used.
    pub reading_information: bool,
    /// The terms or the information divided into pages of the holder's screen.
    pub terms_pages: Vec<Vec<Paragraph>>,
    /// The text whose pages they are, by its digest.
    pub terms_text: Option<Digest>,
    /// The page that the holder sees, from 0.
    pub terms_page: usize,
    /// The language in which the terms were last asked for in this control.
    pub terms_asked: Option<Language>,
    /// What the holder's pen has written since the field was cleared.
    pub pen: Pen,
    /// The holder was asked to sign again.
    pub asked_again: bool,
    /// The signature of this control and attempt for which the pad was lit last.
    pub pad_asked: Option<(ControlId, u32)>,
    /// How far the strokes are replayed, milliseconds; `None` while they are not.
    pub replay: Option<u32>,
    /// The kind of document, by its id, with which the operator began the control.
    pub begins_with: Option<String>,
    /// The scan begins as soon as the signatures are found alike: the document lies in the scanner.
    pub scan_follows: bool,
    /// What was typed at step 1 before the operator went back to it.
    pub retype: Option<Box<DocumentCheck>>,
    /// The part of the document beside which the signature is shown.
    pub compared: Option<Compared>,
    /// The report as the operator looks at it before the PIN.
    pub preview: Preview,
    /// The upright scan as a picture.
    pub scan_picture: Option<ScanPicture>,
    /// Wrong PIN of the operator: what was said.
    pub pin_error: Option<SeenFault>,
    /// The reader whose own keys wait for a PIN.
    pub at_pad: Option<ReaderPlace>,
    /// The operator chose between card and key in software; `None` while the desk decides.
    pub by_card_chosen: Option<bool>,
    /// A reader for the operator's card has been seen here.
    pub reader_seen: bool,
    /// The card on the holder's side and what is typed there.
    pub side: SideDesk,
    /// What the rules ask for, as the station said with the card and the register in view.
    pub plan: Option<(Asked, Result<Plan, rules::Refusal>)>,
    /// What it was asked about last.
    pub plan_asked: Option<Asked>,
    /// Training: the virtual cards in both readers.
    pub dock: DockDesk,
    /// The person who is looked for in the directory.
    pub people: PeopleDesk,
    /// The devices and services, as they were tested.
    pub devices: DevicesDesk,
    /// What is typed in secret in the operator's window.
    pub secrets: Secrets,
    /// What was looked for in the history.
    pub history: HistoryDesk,
    /// What an administrator has found and typed.
    pub admin: AdminDesk,
    /// Whether anybody is there.
    pub attendance: Attendance,
    /// The voice that reads the holder's page aloud.
    pub aloud: Aloud,
    /// The page for which it speaks.
    pub aloud_page: Option<(HolderPage, i32)>,
    /// Where the look of the operator's window is kept.
    pub looks_folder: Option<PathBuf>,
    /// The next person is to find the holder's window as the office has it.
    pub fresh_holder: bool,
}

impl Desk {
    /// An empty desk.
    pub fn new(configuration: Arc<Configuration>) -> Self {
        let holder_language = configuration.local.value.holder.language;
        // Whoever opens the station learns that other rules are in force than those on the share.
        let attendance = Attendance::new(Instant::now(), configuration.local.value.windows.lock_after_minutes);
        let alarm = configuration.alarm.as_ref();
        let fault =
            alarm.map(|alarm| SeenFault { code: alarm.code.to_owned(), message: alarm.message.clone(), tone: Tone::Warn });
        Self {
            configuration,
            snapshot: Snapshot::default(),
            operator_language: Language::default(),
            holder_language,
            place: Place::default(),
            choosing_method: false,
            fault,
            known: false,
            waiting: Waiting::default(),
            scanned: 0.0,
            first_row: 0,
            holder_began: false,
            terms_pages: vec![],
            terms_text: None,
            terms_page: 0,
            terms_asked: None,
            pen: Pen::default(),
            asked_again: false,
            pad_asked: None,
            replay: None,
            begins_with: None,
            scan_follows: false,
            retype: None,
            compared: None,
            preview: Preview::default(),
            scan_picture: None,
            pin_error: None,
            at_pad: None,
            by_card_chosen: None,
            reader_seen: false,
            side: SideDesk::default(),
            plan: None,
            plan_asked: None,
            dock: DockDesk::default(),
            people: PeopleDesk::default(),
            devices: DevicesDesk::default(),
            secrets: Secrets::default(),
            history: HistoryDesk::default(),
            admin: AdminDesk::default(),
            attendance,
            aloud: Aloud::of_this_machine(),
            aloud_page: None,
            looks_folder: None,
            fresh_holder: false,
            reading_information: false,
        }
    }

    /// The operator signs in with a card, unless a key in software was chosen, or no reader is here in training.
    pub fn by_card(&self) -> bool {
        self.by_card_chosen.unwrap_or(self.reader_seen || !self.has_keys())
    }

    /// A key in software may be used here.
    pub fn has_keys(&self) -> bool {
        self.configuration.training() || !self.snapshot.operators.is_empty()
    }

    /// Takes over what went wrong with what the station answers now.
    pub fn failed(&mut self, code: &str, message: String) {
        let fault = SeenFault { code: code.to_owned(), message, tone: fault_tone(code) };
        let holders = self.waiting.oldest() == Some(Work::HolderPin);
        if holders {
            self.side.error = Some(fault.clone());
        }
        if self.waiting.oldest() == Some(Work::Reader) {
            self.dock = DockDesk::default();
        }
        self.admin.failed(code, self.waiting.oldest() == Some(Work::Administration));
        match code {
            // The scan was stopped because the control is being aborted.
            "SCAN_CANCELLED" if self.waiting.has(Work::Abort) => {}
            _ if concerns_pin(code) => {
                if !holders {
                    self.pin_error = Some(fault);
                }
            }
            _ => self.fault = Some(fault),
        }
    }

    /// Something new is tried; what went wrong before is past.
    pub fn forget_faults(&mut self) {
        self.fault = None;
        self.pin_error = None;
        self.side.error = None;
    }

    /// The station works on something that may change where everything stands, or has not told that yet.
    pub fn busy(&self) -> bool {
        !self.known || self.waiting.is_busy()
    }

    /// A scan is under way.
    pub fn scanning(&self) -> bool {
        self.waiting.has(Work::Scan)
    }

    /// This desk's holders sign on a pad.
    pub fn has_pad(&self) -> bool {
        self.configuration.local.value.signature_pad.driver != PadDriver::Touch
    }

    /// The holder signs on the pad now, or it is about to be lit. A pad that cannot be used leaves the touch screen.
    pub fn on_pad(&self) -> bool {
        let signing = self.control().map(|control| (control.id(), control.signature().attempts()));
        self.has_pad() && (self.snapshot.on_pad || self.pad_asked != signing || self.waiting.has(Work::Pad))
    }

    /// The control of another operator waits for its end: it can be aborted, and its document handed back.
    pub fn others_control(&self) -> bool {
        self.snapshot.others_control && !matches!(self.step(), None | Some(Step::HandBack | Step::Closed))
    }

    /// The control that is open or has just ended.
    pub fn control(&self) -> Option<&Control> {
        self.snapshot.control.as_ref()
    }

    /// A control is open that has not ended.
    pub fn open_control(&self) -> bool {
        !matches!(self.step(), None | Some(Step::Closed))
    }

    /// Where the control stands.
    pub fn step(&self) -> Option<Step> {
        self.control().map(Control::step)
    }

    /// The fault in the operator's language; an empty code when there is none.
    pub fn shown_fault(&self) -> ShownFault {
        self.fault.as_ref().map_or_else(ShownFault::default, |seen| {
            words::shown_fault(self.operator_language, &seen.code, &seen.message, seen.tone)
        })
    }

    /// Takes over what the station told. What belongs to a control that is gone is put aside.
    pub fn take(&mut self, snapshot: Snapshot) {
        let id = |control: &Option<Control>| control.as_ref().map(Control::id);
        if id(&self.snapshot.control) != id(&snapshot.control) {
            self.holder_began = false;
            self.reading_information = false;
            self.choosing_method = false;
            self.terms_pages.clear();
            self.terms_page = 0;
            self.terms_asked = None;
            self.pen.clear();
            self.asked_again = false;
            self.pad_asked = None;
            self.retype = None;
            self.preview = Preview::default();
            self.scan_picture = None;
            self.compared = None;
            if self.snapshot.control.is_some() {
                // The next person is greeted in the language of the office.
                self.holder_language = self.configuration.local.value.holder.language;
                self.fresh_holder = true;
            }
            if snapshot.control.is_some() {
                self.place = Place::Home;
            }
        }
        self.take_cards(&snapshot);
        let step = |control: &Option<Control>| control.as_ref().map(Control::step);
        if (step(&self.snapshot.control), step(&snapshot.control)) == (Some(Step::Scan), Some(Step::Document))
            && let Some((Identification::Document(check), _)) = self.control().and_then(Control::identification)
        {
            self.retype = Some(check.clone());
        }
        if step(&self.snapshot.control) != step(&snapshot.control) {
            self.replay = None;
        }
        if self.snapshot.on_pad && !snapshot.on_pad {
            // What was written there is kept, or lost; it is no beginning of a signature on the touch screen.
            self.pen.clear();
        }
        if snapshot.locked {
            // The pad went dark with the screens and is lit again with them.
            self.pad_asked = None;
        }
        let attempts = |control: &Option<Control>| control.as_ref().map_or(0, |control| control.signature().attempts());
        if attempts(&snapshot.control) > attempts(&self.snapshot.control) {
            self.pen.clear();
        }
        if snapshot.operator.is_some() && self.place == Place::CreateOperator {
            self.place = Place::Home;
        }
        if snapshot.control.as_ref().map(Control::step) != self.snapshot.control.as_ref().map(Control::step)
            || snapshot.operator != self.snapshot.operator
        {
            self.pin_error = None;
            self.side.error = None;
        }
        if snapshot.operator.is_none() || snapshot.locked {
            // What was found is for the eyes of whoever looked for it.
            self.history = HistoryDesk::default();
        }
        if snapshot.operator.is_none() && self.place == Place::History {
            self.place = Place::Home;
        }
        if self.place == Place::Administration && !snapshot.administers && !snapshot.locked {
            self.place = Place::Home;
        }
        if snapshot.operator != self.snapshot.operator {
            // What was typed is its administrator's.
            self.admin = AdminDesk::default();
        }
        self.snapshot = snapshot;
    }

    /// What follows from cards that came or went.
    fn take_cards(&mut self, snapshot: &Snapshot) {
        let before = &self.snapshot;
        let there = |view: &CardView| matches!(view, CardView::Empty | CardView::Reading | CardView::Card(_));
        self.reader_seen |= there(&snapshot.operator_card);
        if before.operator_card.card().is_none() && snapshot.operator_card.card().is_some() {
            // Whoever inserts a card wants to use it.
            self.by_card_chosen = None;
            self.pin_error = None;
        }
        if before.operator.is_none() && snapshot.operator.is_some() {
            self.by_card_chosen = None;
        }
        if before.holder_card.card() != snapshot.holder_card.card() {
            self.side.forget_pin();
            self.plan = None;
            self.plan_asked = None;
            if before.holder_card.card().is_none() {
                self.side.error = None;
            }
        }
        if before.control.as_ref().map(Control::id) != snapshot.control.as_ref().map(Control::id)
            || before.control.as_ref().map(Control::step) != snapshot.control.as_ref().map(Control::step)
        {
            self.side.third_party_asked = false;
        }
        if !self.waiting.has(Work::Reader) {
            self.dock.take(before, snapshot);
        }
    }
}

/// The operator's page.
pub fn operator_page(desk: &Desk) -> OperatorPage {
    if desk.snapshot.locked {
        return OperatorPage::Locked;
    }
    if desk.snapshot.operator.is_none() {
        let training = desk.configuration.training();
        let nobody = desk.snapshot.operators.is_empty() && training && desk.known && !desk.by_card();
        return if nobody || desk.place == Place::CreateOperator { OperatorPage::CreateOperator } else { OperatorPage::SignIn };
    }
    let Some(control) = desk.control() else {
        return match desk.place {
            Place::NewControl => OperatorPage::NewControl,
            Place::History => OperatorPage::History,
            Place::Administration => OperatorPage::Administration,
            Place::Home | Place::CreateOperator => OperatorPage::Home,
        };
    };
    if desk.others_control() {
        return OperatorPage::OthersControl;
    }
    let identifying = matches!(control.step(), Step::Document | Step::OwnCard | Step::ThirdParty | Step::OperatorVouching);
    match control.step() {
        _ if identifying && desk.choosing_method => OperatorPage::Method,
        Step::Method => OperatorPage::Method,
        Step::Document => OperatorPage::Document,
        Step::OwnCard => OperatorPage::OwnCard,
        Step::ThirdParty => OperatorPage::ThirdParty,
        Step::OperatorVouching => OperatorPage::OperatorVouch,
        Step::Terms => OperatorPage::Terms,
        Step::Signature => OperatorPage::Signature,
        Step::Scan => OperatorPage::Scan,
        Step::Approval => OperatorPage::Approve,
        Step::HandBack => OperatorPage::HandBack,
        Step::Closed => match control.end().map(crate::control::End::outcome) {
            Some(Outcome::Approved) => OperatorPage::Done,
            _ => OperatorPage::Ended,
        },
    }
}

/// The holder's page. It shows nothing private when no control is open, when nobody is signed in at the desk, or when the
/// operator's card was pulled.
pub fn holder_page(desk: &Desk) -> HolderPage {
    let attended = desk.snapshot.operator.is_some() && !desk.snapshot.locked;
    let Some(control) = desk.control().filter(|_| attended) else {
        return HolderPage::Idle;
    };
    match control.step() {
        _ if desk.others_control() => HolderPage::Wait,
        Step::Method | Step::Document | Step::OwnCard | Step::ThirdParty | Step::OperatorVouching if !desk.holder_began => {
            if desk.reading_information && !desk.terms_pages.is_empty() { HolderPage::Information } else { HolderPage::Welcome }
        }
        Step::OwnCard | Step::ThirdParty if side_asked(desk) => {
            if asks_pin(desk) {
                HolderPage::Pin
            } else {
                HolderPage::Card
            }
        }
        Step::Terms if !desk.terms_pages.is_empty() => HolderPage::Terms,
        Step::Signature if control.signature().current().is_none() => HolderPage::Sign,
        Step::HandBack | Step::Closed => match control.end().map(crate::control::End::outcome) {
            Some(Outcome::Approved) => HolderPage::Thanks,
            _ => HolderPage::Ended,
        },
        _ => HolderPage::Wait,
    }
}

/// Whether the holder has to act now.
pub fn holder_acts(desk: &Desk) -> bool {
    matches!(holder_page(desk), HolderPage::Card | HolderPage::Pin | HolderPage::Terms | HolderPage::Sign)
}

/// The methods of the plan.
pub fn methods(desk: &Desk) -> Vec<Method> {
    desk.control().map(|control| control.opening().plan.methods.clone()).unwrap_or_default()
}
