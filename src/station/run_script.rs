//! Runs a [`Script`] through the station, as an operator and a holder would go through it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Serialize;

use super::{
    ActError, ApproveError, Asked, Began, CaptureError, CardFault, DeliveryError, FindError, LayError, PersonSource, Says,
    ScanFault, SessionError, Station,
    script::{
        Answer, DocumentInput, Identification, OperatorInput, ScanJudgement, Script, SignatureJudgement, TypedPin, in_words,
    },
};
use crate::{
    config::Language,
    control::{
        Command, Control, ControlId, End, Outcome, PresentedDocument, Step, Strokes,
        document::{AcceptDocument, Suspicion},
        scan, signature,
    },
    device::scanner::ScanControl,
    digest::Digest,
    register::RegisterError,
    rules::Method,
    secret::{NotAPin, Pin, PinEntry},
};

/// Largest strokes file and largest picture, bytes.
const LARGEST_INPUT: u64 = 64 << 20;

/// How long a scripted control waits for the archive.
const DELIVERY_PATIENCE: Duration = Duration::from_secs(30);

/// What came out, as `bam-station control --json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScriptResult {
    /// The name of the control.
    pub control: ControlId,
    /// How it ended.
    pub outcome: Outcome,
    /// The fault code of a refusal that shaped the end.
    pub refusal: Option<String>,
    /// How it ended, in full.
    pub end: Option<End>,
    /// The signed report, where it was put outside the register: that is asked for.
    pub report: Option<PathBuf>,
    /// The digest of the signed report, by which the register finds it.
    pub report_sha256: Option<Digest>,
    /// The archive's receipt is verified and kept.
    pub delivered: bool,
    /// The fault code of a delivery that could not be tried or did not succeed; the report waits in the outbox.
    pub delivery_fault: Option<String>,
    /// The step at which an earlier, interrupted run was taken up.
    pub resumed_at: Option<Step>,
}

/// Why a script did not come to an end. An open control waits for the next run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A PIN in the script is none.
    #[error("the PIN in the script cannot be one: {0}")]
    Pin(#[from] NotAPin),
    /// Nobody can sign in.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The control or the register.
    #[error(transparent)]
    Act(#[from] ActError),
    /// Terms or signature.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The scanner.
    #[error(transparent)]
    Scan(#[from] ScanFault),
    /// The approval.
    #[error(transparent)]
    Approve(#[from] ApproveError),
    /// Something the step needs is not in the script.
    #[error("the control stands at a step for which the script says nothing: add [{what}]")]
    Missing {
        /// The part of the script.
        what: &'static str,
    },
    /// A file that the script names.
    #[error("the file {file} that the script names cannot be used ({why})")]
    Input {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// A document kind that nobody knows.
    #[error("documents.toml knows no kind {0:?}")]
    UnknownKind(String),
    /// A language that nobody knows.
    #[error("the holder's language {0:?} is not one of nb, en")]
    UnknownLanguage(String),
    /// The reader, a card, or what the rules say of it.
    #[error(transparent)]
    Card(#[from] CardFault),
    /// The person from the directory.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The directory knows the person otherwise.
    #[error("the person found in the directory is not the [person] of the script: compare the two")]
    OtherPersonFound,
    /// Another control is open.
    #[error("another control is open since an interrupted run: finish it with its own script, or abort it with --abort-open")]
    OtherControlOpen,
    /// The page for the virtual scanner.
    #[error(transparent)]
    Lay(#[from] LayError),
}

impl RunError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Pin(_) => "PIN_NOT_USABLE",
            Self::Session(error) => error.code(),
            Self::Act(error) => error.code(),
            Self::Capture(error) => error.code(),
            Self::Scan(error) => error.code(),
            Self::Approve(error) => error.code(),
            Self::Missing { .. } => "SCRIPT_INCOMPLETE",
            Self::Input { .. } => "SCRIPT_INPUT_UNUSABLE",
            Self::UnknownKind(_) => "SCRIPT_UNKNOWN_KIND",
            Self::UnknownLanguage(_) => "SCRIPT_UNKNOWN_LANGUAGE",
            Self::Card(error) => error.code(),
            Self::Find(error) => error.code(),
            Self::OtherPersonFound => "PERSON_NOT_CHOSEN",
            Self::OtherControlOpen => "CONTROL_STILL_OPEN",
            Self::Lay(error) => error.code(),
        }
    }

    /// The script or the configuration is at fault, not a device or a service.
    pub fn wrong_use(&self) -> bool {
        matches!(
            self,
            Self::Pin(_)
                | Self::Missing { .. }
                | Self::Input { .. }
                | Self::UnknownKind(_)
                | Self::UnknownLanguage(_)
                | Self::OtherControlOpen
                | Self::OtherPersonFound
                | Self::Find(FindError::NoDirectory | FindError::NotOne { .. })
                | Self::Session(SessionError::Unknown | SessionError::NameNotUsable)
                | Self::Act(ActError::Person(_) | ActError::OtherOperator | ActError::OtherMode)
                | Self::Card(CardFault::Act(ActError::Person(_) | ActError::OtherOperator | ActError::OtherMode))
                | Self::Capture(CaptureError::NoTerms | CaptureError::TooManyPoints | CaptureError::Ink(_))
                | Self::Lay(LayError::NoPicture | LayError::NoVirtualGlass)
        )
    }
}

impl From<RegisterError> for RunError {
    fn from(error: RegisterError) -> Self {
        Self::Act(error.into())
    }
}

/// Runs the script. `folder` is the script's folder, beside which its files lie; `tell` is told each step.
pub fn run_script(
    station: &mut Station,
    script: &Script,
    folder: &Path,
    tell: &mut dyn FnMut(&str),
) -> Result<ScriptResult, RunError> {
    sign_in(station, script, folder)?;
    let (id, resumed_at) = match open_control(station, script, tell)? {
        Opened::At(id, resumed_at) => (id, resumed_at),
        Opened::Refused(result) => return Ok(result),
    };
    let mut refusal = None;
    loop {
        let control = station.control().ok_or(ActError::NoControl)?;
        if control.step() == Step::Closed || (control.step() == Step::HandBack && !script.hand_back) {
            break;
        }
        tell(&format!("{:?}", control.step()));
        if let Err(error) = take_step(station, script, folder) {
            let code = error.code().to_owned();
            match refused(&error) {
                // What the rules refuse, the operator of a script cannot put right: the control ends.
                Some(reason) => end_after(station, script, reason)?,
                None => return Err(error),
            }
            refusal = Some(code);
        }
    }
    // The control has ended whatever becomes of its delivery: the outbox keeps the report.
    let (delivered, delivery_fault) = match deliver(station, id, tell) {
        Ok(Delivered::Yes) => (true, None),
        Ok(Delivered::No(fault)) => (false, fault.map(str::to_owned)),
        Err(error) => {
            tell(&error.to_string());
            (false, Some(error.code().to_owned()))
        }
    };
    let end = station.control().and_then(Control::end).cloned();
    let outcome = end.as_ref().map_or(Outcome::Aborted, End::outcome);
    let report_sha256 = station.report();
    Ok(ScriptResult { control: id, outcome, refusal, end, report: None, report_sha256, delivered, delivery_fault, resumed_at })
}

fn sign_in(station: &mut Station, script: &Script, folder: &Path) -> Result<(), RunError> {
    let operator = &script.operator;
    if operator.card {
        station.sign_in_with_card(operators_pin(operator, folder)?)?;
        return Ok(());
    }
    let pin = || match operators_pin(operator, folder)? {
        PinEntry::Typed(pin) => Ok(pin),
        PinEntry::Pad => Err(RunError::Missing { what: "operator] pin or pin_file in [operator" }),
    };
    let name = operator.name.trim();
    let mut known: Vec<_> = station.operators()?.into_iter().filter(|known| known.name == name).collect();
    // The newest key that opens. Where all are blocked, a script makes no new one: that would undo the block.
    known.sort_by_key(|known| known.tries_left > 0);
    let serial = match known.pop() {
        Some(known) => known.serial,
        None if station.training() => station.enroll(name, pin()?)?.serial,
        None => return Err(SessionError::Unknown.into()),
    };
    station.sign_in(&serial, pin()?)?;
    Ok(())
}

fn operators_pin(operator: &OperatorInput, folder: &Path) -> Result<PinEntry, RunError> {
    pin_entry(operator.pin.as_ref(), operator.pin_file.as_deref(), folder)
}

/// Largest file with a PIN, bytes.
const LARGEST_PIN_FILE: usize = 256;

/// The PIN of one operation: as it stands in the script or in a file, or else to be typed on the PIN pad.
fn pin_entry(pin: Option<&TypedPin>, file: Option<&Path>, folder: &Path) -> Result<PinEntry, RunError> {
    let typed = match (pin, file) {
        (Some(pin), _) => pin.text(),
        (None, Some(file)) => {
            let file = folder.join(file);
            let bytes = zeroize::Zeroizing::new(input(&file)?);
            let text = std::str::from_utf8(&bytes).ok().filter(|_| bytes.len() <= LARGEST_PIN_FILE);
            let why = "it is no file with a PIN alone".to_owned();
            text.ok_or(RunError::Input { file, why })?.trim_end_matches(['\r', '\n']).to_owned()
        }
        (None, None) => return Ok(PinEntry::Pad),
    };
    Ok(Pin::new(typed)?.into())
}

enum Opened {
    At(ControlId, Option<Step>),
    Refused(ScriptResult),
}

/// Takes up the control of an interrupted run of the same script, or begins one.
fn open_control(station: &mut Station, script: &Script, tell: &mut dyn FnMut(&str)) -> Result<Opened, RunError> {
    let request = script.request;
    if let Some(control) = station.control() {
        let opening = control.opening();
        let same = opening.function == request.function
            && opening.certificate == request.certificate
            && opening.person == script.person
            && station.signed_in().is_some_and(|signed_in| signed_in.operator().name == opening.operator.name);
        if !same {
            return Err(RunError::OtherControlOpen);
        }
        tell("resumed");
        return Ok(Opened::At(control.id(), Some(control.step())));
    }
    let source = match &script.source.find {
        Some(text) => {
            let chosen = station.find_the_one(text)?;
            if !chosen.covers(&script.person) {
                return Err(RunError::OtherPersonFound);
            }
            PersonSource::Entry(chosen.hit.entry)
        }
        None => PersonSource::Typed { reason: script.source.typed_reason.clone() },
    };
    let asked = Asked {
        function: request.function,
        certificate: request.certificate,
        person: script.person.clone(),
        card: request.card,
        renewed_before: request.renewed_before,
        source,
    };
    Ok(match station.begin(asked)? {
        Began::Open(id) => Opened::At(id, None),
        Began::Refused(control, refusal) => Opened::Refused(ScriptResult {
            control,
            outcome: Outcome::Refused,
            refusal: Some(refusal.code().to_owned()),
            end: None,
            report: None,
            report_sha256: None,
            delivered: false,
            delivery_fault: None,
            resumed_at: None,
        }),
    })
}

/// The rules' own words, when the rules refused.
fn refused(error: &RunError) -> Option<String> {
    match error {
        RunError::Act(ActError::Refused(refusal))
        | RunError::Card(CardFault::Act(ActError::Refused(refusal)))
        | RunError::Capture(CaptureError::Act(ActError::Refused(refusal))) => Some(refusal.to_string()),
        RunError::Card(fault @ CardFault::NoEarlierScan) => Some(fault.to_string()),
        _ => None,
    }
}

fn end_after(station: &mut Station, script: &Script, reason: String) -> Result<(), RunError> {
    let step = station.control().map(Control::step);
    let presented = matches!(script.identification, Identification::Document(_));
    let command =
        if step == Some(Step::Document) && presented { Command::RejectDocument { reason } } else { Command::Abort { reason } };
    station.act(command)?;
    Ok(())
}

fn take_step(station: &mut Station, script: &Script, folder: &Path) -> Result<(), RunError> {
    let control = station.control().ok_or(ActError::NoControl)?;
    match control.step() {
        Step::Method => {
            let method = match script.identification {
                Identification::Operator { .. } => Method::Operator,
                Identification::OwnCard { .. } => Method::OwnCard,
                Identification::ThirdParty { .. } => Method::ThirdParty,
                _ => Method::Document,
            };
            station.act(Command::ChooseMethod(method))?;
        }
        Step::Document | Step::OperatorVouching | Step::OwnCard | Step::ThirdParty => identify(station, script, folder)?,
        Step::Terms => terms(station, script)?,
        Step::Signature => signature(station, script, folder)?,
        Step::Scan => scan(station, script, folder)?,
        Step::Approval if !script.approval.approve => {
            let reason =
                script.approval.reason.clone().ok_or(RunError::Missing { what: "approval] reason = \"…\" in [approval" })?;
            station.act(Command::Abort { reason })?;
        }
        Step::Approval => {
            station.approve(operators_pin(&script.operator, folder)?)?;
        }
        Step::HandBack => {
            station.act(Command::HandBack)?;
        }
        Step::Closed => {}
    }
    Ok(())
}

fn identify(station: &mut Station, script: &Script, folder: &Path) -> Result<(), RunError> {
    let control = station.control().ok_or(ActError::NoControl)?;
    let step = control.step();
    let command = match &script.identification {
        // A plan with one method has chosen it; asking for another one brings the plan's own refusal.
        Identification::Operator { .. } if step != Step::OperatorVouching => Command::ChooseMethod(Method::Operator),
        Identification::OwnCard { .. } if step != Step::OwnCard => Command::ChooseMethod(Method::OwnCard),
        Identification::ThirdParty { .. } if step != Step::ThirdParty => Command::ChooseMethod(Method::ThirdParty),
        Identification::Document(_) if step != Step::Document => Command::ChooseMethod(Method::Document),
        Identification::OwnCard { .. } if !control.card_holder_confirmed() => Command::ConfirmCardHolder,
        Identification::OwnCard { pin, pin_file } => {
            station.prove_own_card(pin_entry(pin.as_ref(), pin_file.as_deref(), folder)?)?;
            return Ok(());
        }
        Identification::ThirdParty { alike, .. } if control.third_party().is_some() => {
            let missing = RunError::Missing { what: "identification] alike in [identification" };
            station.compare_previous(alike.ok_or(missing)?)?;
            return Ok(());
        }
        Identification::ThirdParty { says_name, statement, superior, pin, pin_file, .. } => {
            let says = Says { name: says_name.clone(), statement: statement.clone(), superior: *superior };
            station.vouch(says, pin_entry(pin.as_ref(), pin_file.as_deref(), folder)?)?;
            return Ok(());
        }
        Identification::Document(input) => Command::AcceptDocument(Box::new(document(station, input)?)),
        Identification::NoDocument(missing) => Command::NoDocument(missing.clone()),
        Identification::RejectDocument { reason } => Command::RejectDocument { reason: reason.clone() },
        Identification::SuspectFalseDocument { note, responsible_told } => {
            Command::SuspectFalseDocument(Suspicion { note: note.clone(), responsible_told: *responsible_told })
        }
        Identification::Operator { statement } => Command::VouchAsOperator { statement: statement.clone() },
        Identification::Abort { reason } => Command::Abort { reason: reason.clone() },
    };
    station.act(command)?;
    Ok(())
}

fn document(station: &Station, input: &DocumentInput) -> Result<AcceptDocument, RunError> {
    let kind = station.configuration().document_kind(&input.kind);
    Ok(AcceptDocument {
        kind: kind.ok_or_else(|| RunError::UnknownKind(input.kind.clone()))?.clone(),
        document: input.document.clone(),
        verified_features: input.verified_features.clone(),
        undamaged: input.undamaged,
        person_matches_photo: input.person_matches_photo,
        reference: input.reference.clone(),
        remark: input.remark.clone(),
    })
}

fn terms(station: &mut Station, script: &Script) -> Result<(), RunError> {
    let terms = script.terms.as_ref().ok_or(RunError::Missing { what: "terms" })?;
    let language = Language::from_code(&terms.language).ok_or_else(|| RunError::UnknownLanguage(terms.language.clone()))?;
    let control = station.show_terms(language)?;
    let text =
        control.terms().on_screen().map(|shown| shown.text).ok_or(ActError::Refused(crate::control::Refusal::TermsNotShown))?;
    match terms.answer {
        Answer::Accept => {
            station.act(Command::ReachLastPage(text))?;
            station.act(Command::AcceptTerms(text))?;
        }
        Answer::Decline => {
            station.act(Command::DeclineTerms(text))?;
        }
    }
    Ok(())
}

/// The script's entry for the attempt that is open: attempts that were judged before an interruption are passed over.
fn attempt<T>(entries: &std::collections::VecDeque<T>, made: u32, waits: bool) -> Option<&T> {
    let index = if waits { made.checked_sub(1)? } else { made };
    entries.get(usize::try_from(index).ok()?)
}

fn signature(station: &mut Station, script: &Script, folder: &Path) -> Result<(), RunError> {
    let state = station.control().ok_or(ActError::NoControl)?.signature();
    let waits = state.current().is_some();
    let entry = attempt(&script.signature, state.attempts(), waits).ok_or(RunError::Missing { what: "[signature]" })?;
    if !waits {
        let file = folder.join(&entry.strokes);
        let strokes: Strokes = serde_json::from_slice(&input(&file)?)
            .map_err(|error| RunError::Input { file, why: format!("line {} is not strokes", error.line()) })?;
        station.capture_signature(&strokes)?;
    }
    let reason = entry.reason.clone();
    station.act(Command::JudgeSignature(match entry.judgement {
        SignatureJudgement::Alike => {
            reason.map_or(signature::Judgement::Alike, |reason| signature::Judgement::AlikeAlthough { reason })
        }
        SignatureJudgement::Again => signature::Judgement::Again { reason },
        SignatureJudgement::Different => signature::Judgement::Different { reason: reason.unwrap_or_default() },
    }))?;
    Ok(())
}

fn scan(station: &mut Station, script: &Script, folder: &Path) -> Result<(), RunError> {
    let state = station.control().ok_or(ActError::NoControl)?.scan();
    let waits = state.current().is_some();
    let entry = attempt(&script.scan, state.attempts(), waits).ok_or(RunError::Missing { what: "[scan]" })?;
    let turned = if waits {
        state.turned()
    } else {
        let file = folder.join(&entry.picture);
        station.lay_on_glass(&input(&file)?, entry.dpi)?;
        station.scan(&ScanControl::default())?;
        false
    };
    if !turned && entry.turn != crate::imaging::upright::Turn::None {
        station.turn_scan(entry.turn)?;
    }
    if let (ScanJudgement::Good, Some(document)) = (entry.judgement, &entry.retyped) {
        retype(station, script, document)?;
    }
    let reason = entry.reason.clone();
    station.act(Command::JudgeScan(match entry.judgement {
        ScanJudgement::Good => reason.map_or(scan::Judgement::Good, |reason| scan::Judgement::GoodAlthough { reason }),
        ScanJudgement::Again => scan::Judgement::Again { reason },
    }))?;
    Ok(())
}

/// Where the zone contradicts what was typed, the operator of the script goes back and types it anew.
fn retype(station: &mut Station, script: &Script, document: &PresentedDocument) -> Result<(), RunError> {
    let control = station.control().ok_or(ActError::NoControl)?;
    let contradicted = control.scan().zone_check().is_some_and(|check| !check.mismatches.is_empty());
    if let (true, Identification::Document(input)) = (contradicted, &script.identification) {
        let accept = AcceptDocument { document: document.clone(), ..self::document(station, input)? };
        station.act(Command::ReopenDocument)?;
        station.act(Command::AcceptDocument(Box::new(accept)))?;
    }
    Ok(())
}

fn input(file: &Path) -> Result<Vec<u8>, RunError> {
    let unusable = |why: String| RunError::Input { file: file.to_owned(), why };
    let metadata = std::fs::metadata(file).map_err(|error| unusable(in_words(error.kind())))?;
    if !metadata.is_file() || metadata.len() > LARGEST_INPUT {
        return Err(unusable("it is no file of at most 64 MiB".to_owned()));
    }
    std::fs::read(file).map_err(|error| unusable(in_words(error.kind())))
}

enum Delivered {
    Yes,
    /// With the fault of the last attempt; `None` when there is nothing to deliver, or nowhere.
    No(Option<&'static str>),
}

/// Waits until the archive has acknowledged the report, or the patience is used up; the outbox keeps it then.
fn deliver(station: &mut Station, id: ControlId, tell: &mut dyn FnMut(&str)) -> Result<Delivered, DeliveryError> {
    let id = id.to_string();
    let delivered = |station: &Station| -> Result<Option<bool>, RegisterError> {
        Ok(station.register().delivery(&id)?.map(|state| state.delivered_at.is_some()))
    };
    match delivered(station)? {
        Some(true) => return Ok(Delivered::Yes),
        Some(false) => {}
        None => return Ok(Delivered::No(None)),
    }
    let Some(road) = station.delivery_road()? else { return Ok(Delivered::No(None)) };
    let mut register = station.register().companion()?;
    let started = std::time::Instant::now();
    let mut fault = None;
    loop {
        tell("delivery");
        let round = road.drain(&mut register)?;
        if let Some((_, code)) = round.failed.iter().find(|(control, _)| *control == id) {
            tell(code);
            fault = Some(*code);
        }
        if delivered(station)? == Some(true) {
            return Ok(Delivered::Yes);
        }
        if started.elapsed() >= DELIVERY_PATIENCE {
            return Ok(Delivered::No(fault));
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}
