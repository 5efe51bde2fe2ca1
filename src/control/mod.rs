//! One identity control as a state machine (pure): a command is decided into events, events are applied to the state.
//!
//! ```text
//! open ─ method ─┬ document ──────────┐
//!                ├ own card ──────────┤   terms ─ signature ─ scan ─ approval ─ hand back ─ closed
//!                ├ third party ───────┤   (what the plan asks for)
//!                └ operator vouching ─┘
//! ```
//!
//! Nothing here reads a clock, a file or a device: times, digests and device results come in as values. Every event is made
//! durable in the register before [`Control::apply`] shows its effect, so a control that is read back from its journal stands
//! exactly where it stood.
//!
//! Source of the steps: seed 003, "Operatør-assistert identitetskontroll".

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

pub mod approval;
pub mod document;
pub mod ending;
pub mod judged;
pub mod opening;
pub mod own_card;
pub mod refusal;
pub mod scan;
pub mod signature;
pub mod terms;
pub mod vouching;

pub use approval::Approval;
pub use document::{DocumentCheck, PresentedDocument};
pub use ending::{End, Outcome};
pub use judged::Judged;
pub use opening::{EffectiveRules, OpenRequest, Opening, Operator, RulesSigner};
pub use refusal::Refusal;
pub use signature::Strokes;

use crate::{digest::Digest, rules::Method};

/// The name of one identity control: a UUID version 7, so ids sort by time and say nothing about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ControlId(pub uuid::Uuid);

impl std::fmt::Display for ControlId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for ControlId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// When a command is decided. The shell reads the clock, the core does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The instant.
    pub at: Timestamp,
    /// The date at the office, which decides whether a document has expired.
    pub today: Date,
}

/// What operator, holder or device want to happen in an open control.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// The operator chooses how the holder is identified, or changes the choice before anything is proven.
    ChooseMethod(Method),
    /// Step 1: the operator accepts the presented document.
    AcceptDocument(Box<document::AcceptDocument>),
    /// Step 1: the document or the likeness is not good enough.
    RejectDocument {
        /// In the operator's words.
        reason: String,
    },
    /// Step 1: the holder has no document.
    NoDocument(document::NoDocument),
    /// Step 1: the operator suspects a false document.
    SuspectFalseDocument(document::Suspicion),
    /// Own card: the operator confirms that the person is the card's holder.
    ConfirmCardHolder,
    /// Own card: the card proved possession of its key after its PIN.
    ProveOwnCard(own_card::ProvenCard),
    /// A third party proved card and PIN and says how the person is known.
    Vouch(Box<vouching::ThirdParty>),
    /// The operator compared the person with the document scanned earlier.
    ComparePreviousScan(vouching::PreviousScan),
    /// The operator vouches.
    VouchAsOperator {
        /// How the operator knows the person.
        statement: String,
    },
    /// Step 2: the holder's screen shows these terms; again when the language changes.
    ShowTerms(terms::ShownTerms),
    /// Step 2: the last page was reached, of the text with this digest.
    ReachLastPage(Digest),
    /// Step 2: the holder accepts the text with this digest.
    AcceptTerms(Digest),
    /// Step 2: the holder declines the text with this digest.
    DeclineTerms(Digest),
    /// Step 3: the holder has signed.
    CaptureSignature(signature::CapturedSignature),
    /// Step 3: the operator compares.
    JudgeSignature(signature::Judgement),
    /// Step 4: the document was scanned.
    TakeScan(Box<scan::TakenScan>),
    /// Step 4: back to step 1, to read the document again and correct what was typed.
    ReopenDocument,
    /// Step 4: the picture was turned by hand.
    TurnScan(scan::Upright),
    /// Step 4: the scanner failed; the fault is recorded, the step stays.
    RecordScanFault {
        /// The fault's code in the catalogue.
        code: String,
    },
    /// Step 4: the operator judges the picture.
    JudgeScan(scan::Judgement),
    /// Step 5: the report is signed, verified and kept.
    Approve(Box<Approval>),
    /// The document or card is back with the holder.
    HandBack,
    /// The operator ends the control.
    Abort {
        /// In the operator's words.
        reason: String,
    },
}

/// What happened. Events are what the journal keeps; their form is stable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "kebab-case")]
pub enum Event {
    /// The control began under a plan.
    Opened(Box<Opening>),
    /// The rules refused the control; nothing is issued.
    OpeningRefused(Box<opening::RefusedOpening>),
    /// How the holder is identified.
    MethodChosen {
        /// The method.
        method: Method,
    },
    /// Step 1 done.
    DocumentAccepted(Box<DocumentCheck>),
    /// Step 1 ended the control.
    DocumentRejected {
        /// In the operator's words.
        reason: String,
    },
    /// Step 1 ended the control.
    DocumentMissing(document::NoDocument),
    /// Step 1 ended the control.
    FalseDocumentSuspected(document::Suspicion),
    /// Own card, first half.
    CardHolderConfirmed,
    /// Own card, second half.
    OwnCardProven(own_card::ProvenCard),
    /// A third party vouched.
    ThirdPartyVouched(Box<vouching::ThirdParty>),
    /// The person was compared with the earlier scan.
    PreviousScanCompared(vouching::PreviousScan),
    /// The operator vouched.
    OperatorVouched {
        /// How the operator knows the person.
        statement: String,
    },
    /// Terms were put before the holder.
    TermsShown(terms::ShownTerms),
    /// The holder saw the last page.
    TermsLastPageReached,
    /// Step 2 done.
    TermsAccepted,
    /// Step 2 ended the control.
    TermsDeclined,
    /// The holder signed.
    SignatureCaptured(signature::CapturedSignature),
    /// The operator compared.
    SignatureJudged(signature::Judgement),
    /// A picture of the document was taken.
    ScanTaken(Box<scan::DocumentScan>),
    /// What was typed was held against the picture's machine readable zone.
    ZoneChecked(Box<scan::ZoneCheck>),
    /// Step 1 is done again, after the scan.
    DocumentReopened,
    /// The upright picture was made anew.
    ScanTurned(scan::Upright),
    /// The scanner failed.
    ScanFailed {
        /// The fault's code in the catalogue.
        code: String,
    },
    /// The operator judged the picture.
    ScanJudged(scan::Judgement),
    /// As many attempts as MASTER.toml allows were used up (ETSI TS 119 461 VAL-8.3.3-05D).
    AttemptsUsedUp {
        /// Which attempts.
        of: ending::Attempts,
    },
    /// Step 5 done.
    Approved(Box<Approval>),
    /// The document or card is back with the holder.
    HandedBack,
    /// The operator ended the control.
    Aborted {
        /// In the operator's words.
        reason: String,
    },
}

impl Event {
    /// The name under which the journal keeps the event.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Opened(_) => "opened",
            Self::OpeningRefused(_) => "opening-refused",
            Self::MethodChosen { .. } => "method-chosen",
            Self::DocumentAccepted(_) => "document-accepted",
            Self::DocumentRejected { .. } => "document-rejected",
            Self::DocumentMissing(_) => "document-missing",
            Self::FalseDocumentSuspected(_) => "false-document-suspected",
            Self::CardHolderConfirmed => "card-holder-confirmed",
            Self::OwnCardProven(_) => "own-card-proven",
            Self::ThirdPartyVouched(_) => "third-party-vouched",
            Self::PreviousScanCompared(_) => "previous-scan-compared",
            Self::OperatorVouched { .. } => "operator-vouched",
            Self::TermsShown(_) => "terms-shown",
            Self::TermsLastPageReached => "terms-last-page-reached",
            Self::TermsAccepted => "terms-accepted",
            Self::TermsDeclined => "terms-declined",
            Self::SignatureCaptured(_) => "signature-captured",
            Self::SignatureJudged(_) => "signature-judged",
            Self::ScanTaken(_) => "scan-taken",
            Self::ZoneChecked(_) => "zone-checked",
            Self::DocumentReopened => "document-reopened",
            Self::ScanTurned(_) => "scan-turned",
            Self::ScanFailed { .. } => "scan-failed",
            Self::ScanJudged(_) => "scan-judged",
            Self::AttemptsUsedUp { .. } => "attempts-used-up",
            Self::Approved(_) => "approved",
            Self::HandedBack => "handed-back",
            Self::Aborted { .. } => "aborted",
        }
    }

    /// The pieces of evidence that the event names and the register keeps, beside the report.
    pub fn evidence(&self) -> Vec<Digest> {
        let judged = |judged: Option<&Judged>| judged.into_iter().flat_map(Judged::evidence).collect();
        match self {
            Self::TermsShown(terms) => vec![terms.text],
            Self::SignatureCaptured(signature) => vec![signature.strokes, signature.picture],
            Self::ScanTaken(scan) => vec![scan.raw, scan.upright.picture],
            Self::ScanTurned(upright) => vec![upright.picture],
            Self::PreviousScanCompared(scan) => vec![scan.upright],
            Self::OwnCardProven(card) => judged(card.judged.as_deref()),
            Self::ThirdPartyVouched(third_party) => judged(third_party.card.judged.as_deref()),
            Self::Approved(approval) => judged(approval.judged.as_deref()),
            _ => Vec::new(),
        }
    }
}

/// The step at which a control stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The way of identification is to be chosen.
    Method,
    /// Step 1 with an identity document.
    Document,
    /// Step 1 with the holder's own card.
    OwnCard,
    /// Step 1 with a third party.
    ThirdParty,
    /// Step 1 with the operator's word.
    OperatorVouching,
    /// Step 2.
    Terms,
    /// Step 3.
    Signature,
    /// Step 4.
    Scan,
    /// Step 5.
    Approval,
    /// The document or card must go back to the holder.
    HandBack,
    /// Nothing more can happen.
    Closed,
}

/// How the holder was identified, when that is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
pub enum Identification {
    /// By an identity document.
    Document(Box<DocumentCheck>),
    /// By own card and PIN.
    OwnCard {
        /// The card and its proof.
        card: own_card::ProvenCard,
    },
    /// By a third party.
    ThirdParty {
        /// Who vouched, and how.
        third_party: Box<vouching::ThirdParty>,
        /// The comparison with the earlier scan, where the plan asks for it.
        previous_scan: Option<vouching::PreviousScan>,
    },
    /// By the operator.
    Operator {
        /// How the operator knows the person.
        statement: String,
    },
}

/// One identity control: everything that was captured, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    opening: Opening,
    opened_at: Timestamp,
    step: Step,
    end: Option<End>,
    ended_at: Option<Timestamp>,
    handed_back_at: Option<Timestamp>,
    card_holder_confirmed: bool,
    third_party: Option<Box<vouching::ThirdParty>>,
    previous_scan: Option<vouching::PreviousScan>,
    identification: Option<Identification>,
    identified_at: Option<Timestamp>,
    terms: terms::TermsState,
    signature: signature::SignatureState,
    scan: scan::ScanState,
    approval: Option<Approval>,
}

/// A journal that cannot be a control's: its first event does not open one, or an event does not fit where it stands.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the journal of this control cannot be read back: event {index} ({kind}) does not fit. Run `bam-station register verify`"
)]
pub struct BrokenJournal {
    /// The event's place in the control's journal, from 0.
    pub index: usize,
    /// Its kind.
    pub kind: &'static str,
}

impl BrokenJournal {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        "CONTROL_JOURNAL_BROKEN"
    }
}

impl Control {
    /// The control that an opening event begins; `None` for every other event and for a refused opening.
    pub fn begin(event: &Event, at: Timestamp) -> Option<Self> {
        let Event::Opened(opening) = event else { return None };
        Some(Self {
            opening: opening.as_ref().clone(),
            opened_at: at,
            step: Step::Method,
            end: None,
            ended_at: None,
            handed_back_at: None,
            card_holder_confirmed: false,
            third_party: None,
            previous_scan: None,
            identification: None,
            identified_at: None,
            terms: terms::TermsState::default(),
            signature: signature::SignatureState::default(),
            scan: scan::ScanState::default(),
            approval: None,
        })
    }

    /// Reads a control back from its journal.
    ///
    /// # Errors
    /// [`BrokenJournal`] names the first event that does not fit; nothing is guessed.
    pub fn replay(events: &[(Timestamp, Event)]) -> Result<Self, BrokenJournal> {
        let broken = |index: usize, event: &Event| BrokenJournal { index, kind: event.kind() };
        let Some(((at, first), rest)) = events.split_first() else {
            return Err(BrokenJournal { index: 0, kind: "nothing" });
        };
        let mut control = Self::begin(first, *at).ok_or_else(|| broken(0, first))?;
        for (index, (at, event)) in rest.iter().enumerate() {
            control.apply(*at, event).map_err(|_| broken(index + 1, event))?;
        }
        Ok(control)
    }

    /// Decides a command. The state does not change; the events are to be kept first and then applied.
    ///
    /// # Errors
    /// [`Refusal`] when the command does not fit the step or breaks a rule. A refusal changes nothing.
    pub fn decide(&self, command: Command, now: Now) -> Result<Vec<Event>, Refusal> {
        if self.step == Step::Closed {
            return Err(Refusal::Closed);
        }
        match command {
            Command::ChooseMethod(method) => self.choose_method(method),
            Command::AcceptDocument(document) => self.accept_document(*document, now.today),
            Command::RejectDocument { reason } => self.reject_document(reason),
            Command::NoDocument(missing) => self.no_document(missing),
            Command::SuspectFalseDocument(suspicion) => self.suspect_false_document(suspicion),
            Command::ConfirmCardHolder => self.confirm_card_holder(),
            Command::ProveOwnCard(card) => self.prove_own_card(card, now.at),
            Command::Vouch(third_party) => self.vouch(*third_party, now.at),
            Command::ComparePreviousScan(comparison) => self.compare_previous_scan(comparison),
            Command::VouchAsOperator { statement } => self.vouch_as_operator(statement),
            Command::ShowTerms(terms) => self.show_terms(terms),
            Command::ReachLastPage(text) => self.reach_last_page(text),
            Command::AcceptTerms(text) => self.accept_terms(text),
            Command::DeclineTerms(text) => self.decline_terms(text),
            Command::CaptureSignature(signature) => self.capture_signature(signature),
            Command::JudgeSignature(judgement) => self.judge_signature(judgement),
            Command::TakeScan(scan) => self.take_scan(*scan, now.today),
            Command::ReopenDocument => self.reopen_document(),
            Command::TurnScan(upright) => self.turn_scan(upright),
            Command::RecordScanFault { code } => self.record_scan_fault(code),
            Command::JudgeScan(judgement) => self.judge_scan(judgement),
            Command::Approve(approval) => self.approve(approval),
            Command::HandBack => self.hand_back(),
            Command::Abort { reason } => self.abort(reason),
        }
    }

    /// Applies an event that is kept in the journal.
    ///
    /// # Errors
    /// [`Refusal::NotThisStep`] when the event cannot have happened here: the journal is broken.
    #[allow(clippy::too_many_lines, reason = "one arm for each event, in the order of a control, reads best in one place")]
    pub fn apply(&mut self, at: Timestamp, event: &Event) -> Result<(), Refusal> {
        match event {
            Event::Opened(_) | Event::OpeningRefused(_) => return Err(Refusal::AlreadyOpen),
            Event::MethodChosen { method } => {
                self.expect(&[Step::Method, Step::Document, Step::OwnCard, Step::ThirdParty, Step::OperatorVouching])?;
                self.card_holder_confirmed = false;
                self.third_party = None;
                self.previous_scan = None;
                self.step = Self::step_of(*method);
            }
            Event::DocumentAccepted(check) => {
                self.expect(&[Step::Document])?;
                self.identified(at, Identification::Document(check.clone()));
            }
            Event::DocumentRejected { reason } => {
                self.expect(&[Step::Document])?;
                self.ends(at, End::DocumentRejected { reason: reason.clone() });
            }
            Event::DocumentMissing(missing) => {
                self.expect(&[Step::Document])?;
                self.ends(at, End::NoDocument(missing.clone()));
            }
            Event::FalseDocumentSuspected(suspicion) => {
                self.expect(&[Step::Document])?;
                self.ends(at, End::FalseDocumentSuspected(suspicion.clone()));
            }
            Event::CardHolderConfirmed => {
                self.expect(&[Step::OwnCard])?;
                self.card_holder_confirmed = true;
            }
            Event::OwnCardProven(card) => {
                self.expect(&[Step::OwnCard])?;
                self.identified(at, Identification::OwnCard { card: card.clone() });
            }
            Event::ThirdPartyVouched(third_party) => {
                self.expect(&[Step::ThirdParty])?;
                self.third_party = Some(third_party.clone());
                self.third_party_complete(at);
            }
            Event::PreviousScanCompared(comparison) => {
                self.expect(&[Step::ThirdParty])?;
                self.previous_scan = Some(comparison.clone());
                if comparison.alike {
                    self.third_party_complete(at);
                } else {
                    self.ends(at, End::NotThePersonScannedEarlier);
                }
            }
            Event::OperatorVouched { statement } => {
                self.expect(&[Step::OperatorVouching])?;
                self.identified(at, Identification::Operator { statement: statement.clone() });
            }
            Event::TermsShown(shown) => {
                self.expect(&[Step::Terms])?;
                self.terms.shown(at, shown.clone());
            }
            Event::TermsLastPageReached => {
                self.expect(&[Step::Terms])?;
                self.terms.last_page(at);
            }
            Event::TermsAccepted => {
                self.expect(&[Step::Terms])?;
                self.terms.accepted(at);
                self.step = self.step_after(Step::Terms);
            }
            Event::TermsDeclined => {
                self.expect(&[Step::Terms])?;
                self.ends(at, End::TermsDeclined);
            }
            Event::SignatureCaptured(signature) => {
                self.expect(&[Step::Signature])?;
                self.signature.captured(at, signature.clone());
            }
            Event::SignatureJudged(judgement) => {
                self.expect(&[Step::Signature])?;
                self.signature.judged(at, judgement);
                match judgement {
                    signature::Judgement::Alike | signature::Judgement::AlikeAlthough { .. } => {
                        self.step = self.step_after(Step::Signature);
                    }
                    signature::Judgement::Again { .. } => {}
                    signature::Judgement::Different { reason } => {
                        self.ends(at, End::SignatureDifferent { reason: reason.clone() });
                    }
                }
            }
            Event::ScanTaken(scan) => {
                self.expect(&[Step::Scan])?;
                self.scan.taken(at, scan.as_ref().clone());
            }
            Event::ZoneChecked(check) => {
                self.expect(&[Step::Scan])?;
                self.scan.checked(check.as_ref().clone());
            }
            Event::DocumentReopened => {
                self.expect(&[Step::Scan])?;
                (self.identification, self.identified_at) = (None, None);
                self.step = Step::Document;
            }
            Event::ScanTurned(upright) => {
                self.expect(&[Step::Scan])?;
                self.scan.turn(upright.clone());
            }
            Event::ScanFailed { code } => {
                self.expect(&[Step::Scan])?;
                self.scan.failed(code.clone());
            }
            Event::ScanJudged(judgement) => {
                self.expect(&[Step::Scan])?;
                self.scan.judged(judgement);
                if matches!(judgement, scan::Judgement::Good | scan::Judgement::GoodAlthough { .. }) {
                    self.step = self.step_after(Step::Scan);
                }
            }
            Event::AttemptsUsedUp { of } => {
                self.expect(&[Step::Signature, Step::Scan])?;
                self.ends(at, End::AttemptsUsedUp { of: *of });
            }
            Event::Approved(approval) => {
                self.expect(&[Step::Approval])?;
                self.approval = Some(approval.as_ref().clone());
                self.ends(at, End::Approved);
            }
            Event::HandedBack => {
                self.expect(&[Step::HandBack])?;
                self.handed_back_at = Some(at);
                self.step = Step::Closed;
            }
            Event::Aborted { reason } => {
                if matches!(self.step, Step::HandBack | Step::Closed) {
                    return Err(self.not_this_step());
                }
                self.ends(at, End::Aborted { reason: reason.clone() });
            }
        }
        Ok(())
    }

    fn choose_method(&self, method: Method) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::Method, Step::Document, Step::OwnCard, Step::ThirdParty, Step::OperatorVouching])?;
        if !self.opening.plan.methods.contains(&method) {
            return Err(Refusal::MethodNotInPlan { method });
        }
        Ok(vec![Event::MethodChosen { method }])
    }

    fn step_of(method: Method) -> Step {
        match method {
            Method::Document => Step::Document,
            Method::OwnCard => Step::OwnCard,
            Method::ThirdParty => Step::ThirdParty,
            Method::Operator => Step::OperatorVouching,
        }
    }

    fn identified(&mut self, at: Timestamp, identification: Identification) {
        self.identification = Some(identification);
        self.identified_at = Some(at);
        self.step = self.step_after(Step::Document);
    }

    /// The next step that the plan asks for and that is not done. A scan concerns a presented document only; after it step 1
    /// may have been done again, and then terms and signature stand.
    fn step_after(&self, step: Step) -> Step {
        let plan = &self.opening.plan;
        let scan = plan.scan && matches!(self.identification, Some(Identification::Document(_)));
        let terms = plan.terms && self.terms.acceptance().is_none();
        let signature = plan.signature && self.signature.comparison().is_none();
        let coming = [(Step::Terms, terms), (Step::Signature, signature), (Step::Scan, scan), (Step::Approval, true)];
        let passed = coming.iter().position(|(known, _)| *known == step).map_or(0, |index| index + 1);
        coming.iter().skip(passed).find(|(_, asked)| *asked).map_or(Step::Approval, |(next, _)| *next)
    }

    fn ends(&mut self, at: Timestamp, end: End) {
        let something_to_hand_back = match &end {
            End::NoDocument(_) | End::FalseDocumentSuspected(_) => false,
            _ => self.holds_something(),
        };
        self.step = if something_to_hand_back { Step::HandBack } else { Step::Closed };
        self.end = Some(end);
        self.ended_at = Some(at);
    }

    /// The holder's document or card lies with the operator, so far as the control knows.
    fn holds_something(&self) -> bool {
        match &self.identification {
            Some(Identification::Document(_) | Identification::OwnCard { .. }) => true,
            Some(_) => false,
            None => matches!(self.step, Step::Document) || self.card_holder_confirmed,
        }
    }

    fn expect(&self, steps: &[Step]) -> Result<(), Refusal> {
        if steps.contains(&self.step) { Ok(()) } else { Err(self.not_this_step()) }
    }

    fn not_this_step(&self) -> Refusal {
        Refusal::NotThisStep { at: self.step }
    }

    /// The name of the control.
    pub fn id(&self) -> ControlId {
        self.opening.id
    }
    /// How it began.
    pub fn opening(&self) -> &Opening {
        &self.opening
    }
    /// When it began.
    pub fn opened_at(&self) -> Timestamp {
        self.opened_at
    }
    /// Where it stands.
    pub fn step(&self) -> Step {
        self.step
    }
    /// How it ended; `None` while it goes on.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }
    /// When it ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.ended_at
    }
    /// When the document or card went back to the holder.
    pub fn handed_back_at(&self) -> Option<Timestamp> {
        self.handed_back_at
    }
    /// How the holder was identified, and when.
    pub fn identification(&self) -> Option<(&Identification, Timestamp)> {
        self.identification.as_ref().zip(self.identified_at)
    }
    /// The operator confirmed that the person is the card's holder.
    pub fn card_holder_confirmed(&self) -> bool {
        self.card_holder_confirmed
    }
    /// The third party that has vouched so far.
    pub fn third_party(&self) -> Option<&vouching::ThirdParty> {
        self.third_party.as_deref()
    }
    /// The comparison with the document scanned earlier, when it was made.
    pub fn previous_scan(&self) -> Option<&vouching::PreviousScan> {
        self.previous_scan.as_ref()
    }
    /// The terms so far.
    pub fn terms(&self) -> &terms::TermsState {
        &self.terms
    }
    /// The signature so far.
    pub fn signature(&self) -> &signature::SignatureState {
        &self.signature
    }
    /// The scan so far.
    pub fn scan(&self) -> &scan::ScanState {
        &self.scan
    }
    /// The approval, when it is given.
    pub fn approval(&self) -> Option<&Approval> {
        self.approval.as_ref()
    }
    /// This step is part of this control, so far as that is known (whether a document is scanned depends on the method).
    pub fn needs(&self, step: Step) -> bool {
        let plan = &self.opening.plan;
        match step {
            Step::Terms => plan.terms,
            Step::Signature => plan.signature,
            Step::Scan => plan.scan && !matches!(&self.identification, Some(by) if !matches!(by, Identification::Document(_))),
            _ => true,
        }
    }
}
