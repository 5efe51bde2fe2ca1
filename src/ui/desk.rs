//! What is known and what is being typed. Which page each window shows is decided here from that alone.

use std::sync::Arc;

use bam_station_ui::{Fault as ShownFault, HolderPage, OperatorPage, Paragraph, Tone};
use slint::Image;

use super::{
    approval::Shown,
    pen::Pen,
    scan::ScanPicture,
    waiting::{Waiting, Work},
    words,
};
use crate::{
    config::{Configuration, Language},
    control::{Control, Outcome, Step},
    digest::Digest,
    rules::Method,
    station::worker::Snapshot,
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
    /// The terms divided into pages of the holder's screen.
    pub terms_pages: Vec<Vec<Paragraph>>,
    /// The page that the holder sees, from 0.
    pub terms_page: usize,
    /// The language in which the terms were last asked for in this control.
    pub terms_asked: Option<Language>,
    /// What the holder's pen has written since the field was cleared.
    pub pen: Pen,
    /// The holder was asked to sign again.
    pub asked_again: bool,
    /// The report as the operator looks at it before the PIN.
    pub preview: Preview,
    /// The upright scan as a picture.
    pub scan_picture: Option<ScanPicture>,
    /// Wrong PIN: what was said.
    pub pin_error: Option<SeenFault>,
}

impl Desk {
    /// An empty desk.
    pub fn new(configuration: Arc<Configuration>) -> Self {
        let holder_language = configuration.local.value.holder.language;
        Self {
            configuration,
            snapshot: Snapshot::default(),
            operator_language: Language::default(),
            holder_language,
            place: Place::default(),
            choosing_method: false,
            fault: None,
            known: false,
            waiting: Waiting::default(),
            scanned: 0.0,
            first_row: 0,
            holder_began: false,
            terms_pages: vec![],
            terms_page: 0,
            terms_asked: None,
            pen: Pen::default(),
            asked_again: false,
            preview: Preview::default(),
            scan_picture: None,
            pin_error: None,
        }
    }

    /// The station works on something that may change where everything stands, or has not told that yet.
    pub fn busy(&self) -> bool {
        !self.known || self.waiting.is_busy()
    }

    /// A scan is under way.
    pub fn scanning(&self) -> bool {
        self.waiting.has(Work::Scan)
    }

    /// The control of another operator waits for its end: it can be aborted, and its document handed back.
    pub fn others_control(&self) -> bool {
        self.snapshot.others_control && !matches!(self.step(), None | Some(Step::HandBack | Step::Closed))
    }

    /// The control that is open or has just ended.
    pub fn control(&self) -> Option<&Control> {
        self.snapshot.control.as_ref()
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
            self.choosing_method = false;
            self.terms_pages.clear();
            self.terms_page = 0;
            self.terms_asked = None;
            self.pen.clear();
            self.asked_again = false;
            self.preview = Preview::default();
            self.scan_picture = None;
            if self.snapshot.control.is_some() {
                // The next person is greeted in the language of the office.
                self.holder_language = self.configuration.local.value.holder.language;
            }
            if snapshot.control.is_some() {
                self.place = Place::Home;
            }
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
        }
        self.snapshot = snapshot;
    }
}

/// The operator's page.
pub fn operator_page(desk: &Desk) -> OperatorPage {
    if desk.snapshot.operator.is_none() {
        let nobody = desk.snapshot.operators.is_empty() && desk.configuration.training() && desk.known;
        return if nobody || desk.place == Place::CreateOperator { OperatorPage::CreateOperator } else { OperatorPage::SignIn };
    }
    let Some(control) = desk.control() else {
        return if desk.place == Place::NewControl { OperatorPage::NewControl } else { OperatorPage::Home };
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

/// The holder's page. It shows nothing private when no control is open or nobody is signed in at the desk.
pub fn holder_page(desk: &Desk) -> HolderPage {
    let Some(control) = desk.control().filter(|_| desk.snapshot.operator.is_some()) else {
        return HolderPage::Idle;
    };
    match control.step() {
        _ if desk.others_control() => HolderPage::Wait,
        Step::Method | Step::Document | Step::OwnCard | Step::ThirdParty | Step::OperatorVouching if !desk.holder_began => {
            HolderPage::Welcome
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
    matches!(holder_page(desk), HolderPage::Terms | HolderPage::Sign)
}

/// The methods of the plan.
pub fn methods(desk: &Desk) -> Vec<Method> {
    desk.control().map(|control| control.opening().plan.methods.clone()).unwrap_or_default()
}
