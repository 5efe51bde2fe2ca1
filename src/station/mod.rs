//! The shell: devices, core and register wired together. It knows no pixels and no rules.
//!
//! [`Station`] belongs to one thread. The screens talk to it through [`worker`], a script drives it through [`run_script`].

pub mod administration;
mod approval;
mod capture;
mod card_watch;
pub mod cards;
pub mod clock;
pub mod data;
mod delivery;
pub mod history;
pub mod journal;
pub mod local_settings;
mod logged;
pub mod lost_desk;
mod open;
mod people;
mod person;
mod raising;
pub mod run_script;
pub mod script;
mod session;
mod shown_report;
mod sign_ins;
mod time_stamp;
pub mod virtual_cards;
pub mod worker;

use std::{cell::RefCell, sync::Arc};

pub use administration::{Administration, AdministrationError, FileChange, SavedMaster};
pub use approval::{ApproveError, Draft, DraftError};
pub use capture::{CaptureError, LayError, ScanFault};
pub use cards::{
    Appointee, CardFault, CardView, Cards, LastSignIn, PinStage, Says, SeenCard, SeenObjection, VirtualCardKind, VirtualCards,
    WrongReader,
};
pub use clock::{Clock, SystemClock};
pub use data::DataFolder;
pub use delivery::{DeliveryError, DeliveryRoad, OwnCheck, Uploader, archive_connection};
pub use local_settings::{FoundDevice, FoundDevices};
pub use open::OpenError;
pub use people::{EarlierControl, make_index_anew, verify_people};
pub use person::{FindError, PersonSource};
pub use raising::{Raised, Raiser, RaisingError, RaisingRoad};
pub use session::{KnownOperator, SessionError, SignedIn};
pub use time_stamp::{AuthorityError, authority};

use cards::CardFacts;
use shown_report::ShownReport;
use virtual_cards::{VirtualCardError, VirtualDesk};

use crate::{
    config::Configuration,
    control::{Command, Control, ControlId, Event, Now, OpenRequest, Operator, Outcome, Refusal, Step, opening},
    device::{
        pad::OpenPad,
        scanner::{RawScan, Scanner, VirtualGlass},
    },
    evidence::{sign::KeyStore, timestamp::TimeStampAuthority},
    notices::{Notices, NoticesError},
    people::PeopleError,
    register::{FinishedControl, JournalEntry, Register, RegisterError},
    rules::{self, CardState, CertificateKind, Function, Person, PersonError, Plan, PlanRequest, role::Role},
    station_log::StationLog,
};

/// One station at one desk.
pub struct Station {
    configuration: Arc<Configuration>,
    data: DataFolder,
    clock: Box<dyn Clock>,
    register: Register,
    keys: KeyStore,
    /// The time-stamping authority, where MASTER.toml names one.
    authority: Option<TimeStampAuthority>,
    scanner: Box<dyn Scanner + Send>,
    glass: Option<VirtualGlass>,
    /// The way to the signature pad, where this desk has one.
    pad: Option<OpenPad>,
    cards: Cards,
    /// Training: the virtual readers, or why there are none.
    virtual_desk: Option<Result<VirtualDesk, VirtualCardError>>,
    signed_in: Option<SignedIn>,
    /// The signed-in operator's card was pulled.
    locked: bool,
    control: Option<Control>,
    /// The raw picture of the scan that is being judged, so that turning it needs no decoding.
    raw_scan: Option<RawScan>,
    draft: Option<Draft>,
    people: person::PeopleDesk,
    /// The signed report as people open it.
    shown_report: RefCell<Option<ShownReport>>,
    log: StationLog,
}

/// Why something did not happen. The control stands where it stood.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// No control is open.
    #[error("no control is open: begin one first")]
    NoControl,
    /// A control is open that has not ended.
    #[error("a control is open: finish or abort it first")]
    ControlOpen,
    /// Nobody is signed in.
    #[error("no operator is signed in: sign in first")]
    NotSignedIn,
    /// The operator's card was pulled.
    #[error("the operator's card was pulled: insert it and type its PIN, or sign in with another one")]
    Locked,
    /// An RA-ADMIN controls nobody, and an auditor changes nothing.
    #[error("whoever is signed in is no operator and controls nobody: an operator must sign in")]
    NotAnOperator,
    /// Another operator began this control.
    #[error("another operator began this control: that operator goes on with it, or it is aborted")]
    OtherOperator,
    /// The control began under the other value of `Training` in LOCAL.toml.
    #[error("this control began before this desk was changed to or from a training desk: abort it and begin anew")]
    OtherMode,
    /// An approval comes from [`Station::approve`] alone.
    #[error("a control is approved with the operator's PIN and in no other way")]
    ApprovalWithoutPin,
    /// What a card proves comes from [`Station::prove_own_card`], [`Station::vouch`] and [`Station::compare_previous`] alone.
    #[error("what a card proves comes from the card and in no other way")]
    ProofWithoutCard,
    /// The person is not the one who was chosen.
    #[error("the person is not the one chosen from the directory: choose the person again")]
    PersonNotChosen,
    /// `TypedEntry` of `[Directory]`.
    #[error("people come from the directory here: look for the person and choose one")]
    TypedEntryNotAllowed,
    /// The same, without its reason.
    #[error("a person who is typed instead of chosen from the directory needs a reason: write why")]
    TypedEntryNeedsReason,
    /// The list of announced people.
    #[error(transparent)]
    People(PeopleError),
    /// What is known of the person cannot be used.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The register failed; nothing was shown that is not kept.
    #[error(transparent)]
    Register(#[from] RegisterError),
}

impl ActError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoControl => "NO_CONTROL_OPEN",
            Self::ControlOpen => "CONTROL_STILL_OPEN",
            Self::NotSignedIn => "NOT_SIGNED_IN",
            Self::Locked => "STATION_LOCKED",
            Self::NotAnOperator => "SIGNED_IN_NOT_AS_OPERATOR",
            Self::OtherOperator => "OTHER_OPERATORS_CONTROL",
            Self::OtherMode => "CONTROL_OF_OTHER_MODE",
            Self::ApprovalWithoutPin => "APPROVAL_WITHOUT_PIN",
            Self::ProofWithoutCard => "PROOF_WITHOUT_CARD",
            Self::PersonNotChosen => "PERSON_NOT_CHOSEN",
            Self::TypedEntryNotAllowed => "TYPED_ENTRY_NOT_ALLOWED",
            Self::TypedEntryNeedsReason => "TYPED_ENTRY_NEEDS_REASON",
            Self::People(error) => error.code(),
            Self::Person(error) => error.code(),
            Self::Refused(refusal) => refusal.code(),
            Self::Register(error) => error.code(),
        }
    }
}

impl From<PeopleError> for ActError {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::Register(error) => Self::Register(error),
            other @ PeopleError::Unreadable => Self::People(other),
        }
    }
}

/// What is asked for when a control begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// What the holder comes for.
    pub function: Function,
    /// The kind of certificate.
    pub certificate: CertificateKind,
    /// Who is controlled.
    pub person: Person,
    /// The certificates on the holder's card, where known.
    pub card: Option<CardState>,
    /// They were renewed before.
    pub renewed_before: bool,
    /// Where the person comes from.
    pub source: PersonSource,
}

/// How a control began.
#[derive(Debug, Clone, PartialEq)]
pub enum Began {
    /// It is open.
    Open(ControlId),
    /// The rules refused it; that is recorded.
    Refused(ControlId, opening::OpeningRefusal),
}

impl Station {
    /// The configuration.
    pub fn configuration(&self) -> &Arc<Configuration> {
        &self.configuration
    }
    /// The data folder.
    pub fn data(&self) -> &DataFolder {
        &self.data
    }
    /// What the station writes down of its work.
    pub fn log(&self) -> &StationLog {
        &self.log
    }
    /// The desk's readers.
    pub fn cards(&self) -> &Cards {
        &self.cards
    }
    /// The register.
    pub fn register(&self) -> &Register {
        &self.register
    }
    /// The control that is open, or that has just ended.
    pub fn control(&self) -> Option<&Control> {
        self.control.as_ref()
    }
    /// Training: virtual devices and training keys, and every page is marked.
    pub fn training(&self) -> bool {
        self.configuration.training()
    }
    /// The virtual glass of training, where the driver is virtual.
    pub fn glass(&self) -> Option<&VirtualGlass> {
        self.glass.as_ref()
    }
    /// The road of notices, where MASTER.toml names a mail server.
    ///
    /// # Errors
    /// [`NoticesError`]
    pub fn notices(&self) -> Result<Option<Notices>, NoticesError> {
        let master = &self.configuration.master.value;
        let office = self.configuration.local.value.office_name.as_deref();
        master.notices.url.as_ref().map(|_| Notices::open(master, office)).transpose()
    }
    /// The way to the signature pad, where this desk has one.
    pub fn pad(&self) -> Option<&OpenPad> {
        self.pad.as_ref()
    }
    /// Has this desk's holders sign on the pad at the end of this way.
    pub fn set_pad(&mut self, pad: OpenPad) {
        self.pad = Some(pad);
    }
    /// The time, and the date at the office.
    pub fn now(&self) -> Now {
        clock::now_at_office(self.clock.as_ref(), &self.configuration.zone())
    }

    /// Another operator than the one who is signed in began the open control. The report names one operator for all of it,
    /// so the other one can only abort it and hand back the document.
    pub fn others_control(&self) -> bool {
        let (Some(control), Some(signed_in)) = (&self.control, &self.signed_in) else { return false };
        !same_certificate(&control.opening().operator, signed_in.operator())
    }

    /// What the rules ask for, with what the holder's card and the register say of it; nothing begins.
    ///
    /// # Errors
    /// The card is there and cannot be read, or the register fails.
    pub fn plan(&self, mut asked: Asked) -> Result<(Asked, Result<Plan, rules::Refusal>), CardFault> {
        let facts = self.card_facts(&asked)?;
        (asked.card, asked.renewed_before) = (facts.card, facts.renewed_before);
        let master = &self.configuration.master.value;
        let plan = rules::plan(&PlanRequest {
            function: asked.function,
            certificate: asked.certificate,
            mode: master.common.lra_mode,
            flags: &master.issue_process,
            card: facts.card,
            qualified_on_card: facts.qualified_on_card,
            renewed_before: facts.renewed_before,
        });
        Ok((asked, plan))
    }

    /// Begins a control.
    ///
    /// # Errors
    /// Who is signed in may not, a control is open, the holder's card cannot be read, or the register fails.
    pub fn begin(&mut self, asked: Asked) -> Result<Began, CardFault> {
        self.may_begin(&asked)?;
        let facts = self.card_facts(&asked)?;
        Ok(self.begin_with(asked, facts)?)
    }

    fn may_begin(&self, asked: &Asked) -> Result<(), ActError> {
        if self.control.as_ref().is_some_and(|control| control.step() != Step::Closed) {
            return Err(ActError::ControlOpen);
        }
        let signed_in = self.signed_in.as_ref().ok_or(ActError::NotSignedIn)?;
        if self.locked {
            return Err(ActError::Locked);
        }
        if signed_in.role() != Role::Operator {
            return Err(ActError::NotAnOperator);
        }
        Ok(asked.person.check()?)
    }

    fn begin_with(&mut self, asked: Asked, facts: CardFacts) -> Result<Began, ActError> {
        let operator = self.signed_in.as_ref().ok_or(ActError::NotSignedIn)?.operator().clone();
        let known = self.known(&asked)?;
        let id = ControlId(uuid::Uuid::now_v7());
        let Asked { function, certificate, person, .. } = asked;
        let CardFacts { card, qualified_on_card, source: card_source, renewed_before } = facts;
        let rules = self.configuration.effective_rules();
        let events = opening::open(OpenRequest {
            id,
            function,
            certificate,
            person,
            operator,
            card,
            qualified_on_card,
            card_source,
            renewed_before,
            known,
            rules,
        });
        let at = self.now().at;
        let entries = entries(&events)?;
        self.forget_control();
        if let Some(Event::OpeningRefused(refused)) = events.first() {
            let finished = FinishedControl {
                control: id.to_string(),
                report: None,
                function,
                certificate,
                outcome: Outcome::Refused.as_str().to_owned(),
                completed_at: at,
            };
            self.register.register_control(&finished, &entries, false, at)?;
            return Ok(Began::Refused(id, refused.refusal));
        }
        self.register.append(&id.to_string(), &entries, at)?;
        let opened = events.first().and_then(|event| Control::begin(event, at));
        let mut control = opened.ok_or(Refusal::AlreadyOpen)?;
        for event in events.iter().skip(1) {
            control.apply(at, event)?;
        }
        self.control = Some(control);
        Ok(Began::Open(id))
    }

    /// Decides a command, makes its events durable, and then applies them.
    ///
    /// Only the operator who began the control goes on with it; anybody may end one that was left behind, and hand back what
    /// the holder left here. An approval is none of these commands: see [`Station::approve`].
    pub fn act(&mut self, command: Command) -> Result<&Control, ActError> {
        match command {
            Command::Approve(_) => return Err(ActError::ApprovalWithoutPin),
            Command::ProveOwnCard(_) | Command::Vouch(_) | Command::ComparePreviousScan(_) => {
                return Err(ActError::ProofWithoutCard);
            }
            // An auditor reads.
            _ if self.signed_in.as_ref().is_some_and(|signed_in| signed_in.role() == Role::Auditor) => {
                return Err(ActError::NotAnOperator);
            }
            // A locked station waits for its operator, or for another one who signs in.
            Command::Abort { .. } | Command::HandBack if self.locked => return Err(ActError::Locked),
            // Putting the text before the holder proves nothing yet.
            Command::Abort { .. } | Command::HandBack | Command::ShowTerms(_) => {}
            _ => {
                self.attended()?;
            }
        }
        self.keep(command)
    }

    /// The open control, when the operator who began it is signed in at a desk of the kind at which it began. A control with
    /// the steps of two operators, or of a training desk and another, would not prove what its report says.
    fn attended(&self) -> Result<&Control, ActError> {
        let control = self.control.as_ref().ok_or(ActError::NoControl)?;
        let operator = self.signed_in.as_ref().ok_or(ActError::NotSignedIn)?.operator();
        if self.locked {
            return Err(ActError::Locked);
        }
        let opening = control.opening();
        if !same_certificate(operator, &opening.operator) {
            return Err(ActError::OtherOperator);
        }
        if opening.rules.training != self.training() {
            return Err(ActError::OtherMode);
        }
        Ok(control)
    }

    fn keep(&mut self, command: Command) -> Result<&Control, ActError> {
        let now = self.now();
        let control = self.control.as_ref().ok_or(ActError::NoControl)?;
        let events = control.decide(command, now)?;
        let mut next = control.clone();
        for event in &events {
            next.apply(now.at, event)?;
        }
        let entries = entries(&events)?;
        let stream = next.id().to_string();
        match next.end() {
            Some(end) if control.end().is_none() => {
                let opening = next.opening();
                let approved = end.outcome() == Outcome::Approved;
                let finished = FinishedControl {
                    control: stream,
                    report: next.approval().map(|approval| approval.report),
                    function: opening.function,
                    certificate: opening.certificate,
                    outcome: end.outcome().as_str().to_owned(),
                    completed_at: now.at,
                };
                let deliver = approved && opening.certificate == CertificateKind::Qualified;
                self.register.register_control(&finished, &entries, deliver, now.at)?;
                // A control that is not in the index yet is found all the same, and enters it with the next one.
                drop(people::bring_up_to_date(&mut self.register));
            }
            _ if entries.is_empty() => {}
            _ => {
                let notices = cards::notices_of(&next, &events);
                self.register.append_with_notices(&stream, &entries, &notices, now.at)?;
            }
        }
        if next.step() != Step::Approval {
            self.draft = None;
        }
        Ok(self.control.insert(next))
    }

    /// Puts a closed control aside.
    pub fn leave_control(&mut self) -> Result<(), ActError> {
        match &self.control {
            Some(control) if control.step() != Step::Closed => Err(ActError::ControlOpen),
            _ => {
                self.forget_control();
                Ok(())
            }
        }
    }

    fn forget_control(&mut self) {
        self.control = None;
        self.raw_scan = None;
        self.draft = None;
        self.shown_report.take();
        self.clear_glass();
    }
}

fn same_certificate(one: &Operator, other: &Operator) -> bool {
    one.certificate_issuer == other.certificate_issuer && one.certificate_serial == other.certificate_serial
}

fn entries(events: &[Event]) -> Result<Vec<JournalEntry>, RegisterError> {
    events.iter().map(journal::entry).collect()
}
