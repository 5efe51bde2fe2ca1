//! Step 4: the document is scanned on A6; the raw picture and the upright one are both kept (seed 003, "Skanning").
//!
//! What the station saw on the picture is kept with it: where the document lies, what is wrong with the picture, and what its
//! machine readable zone states. A zone that was read for certain is held against what was typed at step 1 ([`ZoneCheck`]).

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{
    Control, Event, Identification, PresentedDocument, Refusal, Step,
    ending::{Attempts, text},
};
use crate::{
    digest::Digest,
    imaging::{
        Finding, Placement,
        mrz::{Doubt, Fields, Format, Text},
        upright::Turn,
    },
    rules::{
        DocumentKind,
        cross_check::{CrossCheck, Matter, Mismatch, Typed, cross_check},
        document_kind::KindRefusal,
    },
};

/// Where the document lies on the raw picture. With the turn it is all that is needed to make the upright picture again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crop {
    /// The document's middle, micrometres from the raw picture's upper left corner.
    pub middle_um: [i32; 2],
    /// Width and height of the upright picture, micrometres.
    pub size_um: [i32; 2],
    /// Thousandths of a degree by which the document lies askew beyond the turn, clockwise.
    pub skew_millidegrees: i32,
}

impl Crop {
    /// To the document's edge.
    pub fn of(placement: &Placement) -> Self {
        Self {
            middle_um: placement.middle_mm.map(thousandths),
            size_um: placement.size_mm.map(thousandths),
            skew_millidegrees: thousandths(placement.skew_degrees),
        }
    }

    /// The place on the raw picture, for a picture that is turned so.
    pub fn placement(&self, turn: Turn) -> Placement {
        Placement {
            middle_mm: self.middle_um.map(wholes),
            size_mm: self.size_um.map(wholes),
            turn,
            skew_degrees: wholes(self.skew_millidegrees),
        }
    }

    /// The same place when the upright picture is turned on.
    #[must_use]
    pub fn turned(self, by: Turn) -> Self {
        let [width, height] = self.size_um;
        Self { size_um: if by.swaps_sides() { [height, width] } else { [width, height] }, ..self }
    }
}

/// A length in millimetres or an angle in degrees, in thousandths.
fn thousandths(measure: f32) -> i32 {
    #[allow(clippy::cast_possible_truncation, reason = "clamped; a float that is no number becomes 0")]
    let whole = (measure * 1000.0).round().clamp(-1e7, 1e7) as i32;
    whole
}

/// Thousandths as the measure itself; exact up to 16 metres.
#[allow(clippy::cast_precision_loss)]
fn wholes(thousandths: i32) -> f32 {
    thousandths as f32 / 1000.0
}

/// The upright picture and how it came from the raw one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upright {
    /// SHA-256 of the JPEG that the report shows bit for bit.
    pub picture: Digest,
    /// The turn, clockwise, that made the raw picture upright.
    pub turn: Turn,
    /// The document's edge, to which it was straightened and cropped; `None` when the whole raw picture is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
    /// Width of the upright picture, pixels.
    pub width: u32,
    /// Height of the upright picture, pixels.
    pub height: u32,
}

/// A picture of the document, as the scanner gave it and upright.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentScan {
    /// SHA-256 of the raw picture, PNG, every pixel as it came off the glass.
    pub raw: Digest,
    /// Width of the raw picture, pixels.
    pub raw_width: u32,
    /// Height of the raw picture, pixels.
    pub raw_height: u32,
    /// Resolution, dots per inch.
    pub dpi: u16,
    /// The scanner's name.
    pub device: String,
    /// The upright picture.
    pub upright: Upright,
    /// What the station saw on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub examined: Option<Examined>,
}

/// What the station saw on the raw picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examined {
    /// What is wrong with the picture, each once.
    pub findings: Vec<Finding>,
    /// The machine readable zone.
    pub zone: ZoneRead,
}

/// The machine readable zone as it was read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "read", rename_all = "kebab-case")]
pub enum ZoneRead {
    /// None was found.
    NotFound,
    /// It cannot be read with certainty, so nothing of it is taken over.
    Uncertain {
        /// Why.
        why: Doubt,
    },
    /// Every character is certain.
    Certain {
        /// The format.
        format: Format,
        /// The lines.
        lines: Vec<String>,
    },
}

impl std::fmt::Debug for ZoneRead {
    /// Without the lines: they are a person's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound => f.write_str("NotFound"),
            Self::Uncertain { why } => f.debug_struct("Uncertain").field("why", why).finish(),
            Self::Certain { format, .. } => f.debug_struct("Certain").field("format", format).finish_non_exhaustive(),
        }
    }
}

impl ZoneRead {
    /// What a zone that is certain states.
    pub fn fields(&self) -> Option<(Format, Fields)> {
        match self {
            Self::Certain { format, lines } => Some((*format, Text::parse(lines)?.fields())),
            Self::NotFound | Self::Uncertain { .. } => None,
        }
    }
}

/// A scan as it comes from the station, with the kind of the document that was presented.
#[derive(Debug, Clone, PartialEq)]
pub struct TakenScan {
    /// The scan.
    pub scan: DocumentScan,
    /// The kind, from `documents.toml`.
    pub kind: DocumentKind,
}

/// What was typed, held against a zone that is certain.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ZoneCheck {
    /// What does not agree.
    pub mismatches: Vec<Mismatch>,
    /// The name agrees as far as the zone has room for it.
    pub name_cut: bool,
    /// Why the document is refused, by the zone or by what was typed.
    pub refusals: Vec<KindRefusal>,
    /// What did not agree at first; the operator read the document again and corrected what was typed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrected: Vec<Mismatch>,
}

impl ZoneCheck {
    /// Only names differ. The issuer may spell and shorten them in its own way (ICAO 9303-3 §6), so the operator may say why
    /// they are the same; everything else in the zone is a copy of what is printed.
    pub fn differs_in_names_alone(&self) -> bool {
        let is_name = |mismatch: &Mismatch| {
            matches!(
                mismatch.matter,
                Matter::FirstNames | Matter::LastName | Matter::RegisteredFirstNames | Matter::RegisteredLastName
            )
        };
        !self.mismatches.is_empty() && self.mismatches.iter().all(is_name)
    }
}

/// The operator's judgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "judgement", rename_all = "kebab-case")]
pub enum Judgement {
    /// Sharp, whole, and the document that was presented.
    Good,
    /// The same, although the station found something wrong with the picture or another spelling of the name.
    GoodAlthough {
        /// In the operator's words.
        reason: String,
    },
    /// In doubt: scanned again.
    Again {
        /// Why, where the operator says it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

/// The scan so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScanState {
    attempts: u32,
    faults: Vec<String>,
    taken: Option<(DocumentScan, Timestamp)>,
    turned: bool,
    check: Option<ZoneCheck>,
    /// What was corrected at step 1 because of an earlier check.
    corrected: Vec<Mismatch>,
    reason: Option<String>,
}

/// The accepted scan, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedScan {
    /// The pictures.
    pub scan: DocumentScan,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// How often the document was scanned, this time included.
    pub attempts: u32,
    /// What was typed, held against the machine readable zone, where that was read for certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone_check: Option<ZoneCheck>,
    /// Why the operator found it good, where something spoke against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ScanState {
    /// How often the document was scanned.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
    /// Codes of the faults that the scanner had.
    pub fn faults(&self) -> &[String] {
        &self.faults
    }
    /// The picture that waits for, or has, a judgement.
    pub fn current(&self) -> Option<&DocumentScan> {
        self.taken.as_ref().map(|(scan, _)| scan)
    }
    /// The picture that waits for a judgement was turned by hand.
    pub fn turned(&self) -> bool {
        self.turned
    }
    /// The picture with time and number of attempts.
    pub fn accepted(&self) -> Option<AcceptedScan> {
        let (scan, taken_at) = self.taken.clone()?;
        let (zone_check, reason) = (self.check.clone(), self.reason.clone());
        Some(AcceptedScan { scan, taken_at, attempts: self.attempts, zone_check, reason })
    }
    /// What was typed, held against the zone of the current picture, where that was read for certain.
    pub fn zone_check(&self) -> Option<&ZoneCheck> {
        self.check.as_ref()
    }
    pub(super) fn taken(&mut self, at: Timestamp, scan: DocumentScan) {
        self.attempts += 1;
        self.taken = Some((scan, at));
        self.turned = false;
        self.check = None;
    }
    pub(super) fn checked(&mut self, check: ZoneCheck) {
        self.corrected.clone_from(&check.corrected);
        self.check = Some(check);
    }
    pub(super) fn turn(&mut self, upright: Upright) {
        self.turned = true;
        if let Some((scan, _)) = &mut self.taken {
            scan.upright = upright;
        }
    }
    pub(super) fn failed(&mut self, code: String) {
        self.faults.push(code);
    }
    pub(super) fn judged(&mut self, judgement: &Judgement) {
        match judgement {
            Judgement::Good => self.reason = None,
            Judgement::GoodAlthough { reason } => self.reason = Some(reason.clone()),
            Judgement::Again { .. } => {
                self.taken = None;
                self.turned = false;
                self.check = None;
            }
        }
    }
}

impl Control {
    /// Whether a scan may be taken now. It is asked before the scanner starts, so that no picture of a document is made and
    /// then not wanted.
    ///
    /// # Errors
    /// [`Refusal::NotThisStep`], [`Refusal::NotJudgedYet`].
    pub fn ready_to_scan(&self) -> Result<(), Refusal> {
        self.expect(&[Step::Scan])?;
        if self.scan().current().is_some() { Err(Refusal::NotJudgedYet) } else { Ok(()) }
    }

    pub(super) fn take_scan(&self, taken: TakenScan, today: Date) -> Result<Vec<Event>, Refusal> {
        self.ready_to_scan()?;
        let TakenScan { scan, kind } = taken;
        let check = match &self.identification {
            Some(Identification::Document(check)) => self.hold_against_zone(&scan, &check.document, &kind, today),
            _ => None,
        };
        Ok(std::iter::once(Event::ScanTaken(Box::new(scan))).chain(check).collect())
    }

    /// Holds what is typed now against the zone of the picture that was taken already, when step 1 is done again.
    pub(super) fn check_again(&self, document: &PresentedDocument, kind: &DocumentKind, today: Date) -> Option<Event> {
        self.hold_against_zone(self.scan().current()?, document, kind, today)
    }

    fn hold_against_zone(
        &self,
        scan: &DocumentScan,
        document: &PresentedDocument,
        kind: &DocumentKind,
        today: Date,
    ) -> Option<Event> {
        let (format, fields) = scan.examined.as_ref()?.zone.fields()?;
        let opening = self.opening();
        let PresentedDocument { issuing_state, number, issued, expires, name, birth_date, identity_number } = document;
        let typed = Typed {
            kind,
            issuing_state,
            number,
            issued: *issued,
            expires: *expires,
            name,
            birth_date: *birth_date,
            identity_number: identity_number.as_ref(),
            person: &opening.person,
        };
        let zone = Some((format, &fields));
        let CrossCheck { mismatches, name_cut, refusals } =
            cross_check(typed, zone, opening.certificate, today, opening.rules.training);
        let mut corrected = self.scan().corrected.clone();
        corrected.retain(|old| !mismatches.iter().any(|now| now.matter == old.matter));
        let before = self.scan().zone_check().into_iter().flat_map(|check| &check.mismatches);
        for mismatch in before {
            let still = mismatches.iter().any(|now| now.matter == mismatch.matter);
            if !still && !corrected.contains(mismatch) {
                corrected.push(mismatch.clone());
            }
        }
        Some(Event::ZoneChecked(Box::new(ZoneCheck { mismatches, name_cut, refusals, corrected })))
    }

    /// Back to step 1: the document is read again, and what was typed is corrected. The picture and all else stays.
    pub(super) fn reopen_document(&self) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::Scan])?;
        Ok(vec![Event::DocumentReopened])
    }

    /// Whether the picture may be found good; `reasoned` when the operator says why.
    fn may_be_good(&self, reasoned: bool) -> Result<(), Refusal> {
        let state = self.scan();
        let scan = state.current().ok_or(Refusal::NothingToJudge)?;
        let mut doubtful = scan.examined.as_ref().is_some_and(|seen| !seen.findings.is_empty());
        if let Some(check) = state.zone_check() {
            if let Some(why) = check.refusals.first() {
                return Err((*why).into());
            }
            if !check.mismatches.is_empty() && !check.differs_in_names_alone() {
                return Err(Refusal::ZoneDiffers);
            }
            doubtful |= !check.mismatches.is_empty();
        }
        if doubtful && !reasoned { Err(Refusal::ScanReasonNeeded) } else { Ok(()) }
    }

    pub(super) fn turn_scan(&self, upright: Upright) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::Scan])?;
        if self.scan().current().is_none() {
            return Err(Refusal::NothingToJudge);
        }
        Ok(vec![Event::ScanTurned(upright)])
    }

    pub(super) fn record_scan_fault(&self, code: String) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::Scan])?;
        Ok(vec![Event::ScanFailed { code }])
    }

    pub(super) fn judge_scan(&self, judgement: Judgement) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::Scan])?;
        if self.scan().current().is_none() {
            return Err(Refusal::NothingToJudge);
        }
        let used_up = self.scan().attempts() >= u32::from(self.opening().rules.issue_process.max_scan_attempts);
        Ok(match judgement {
            Judgement::Good => {
                self.may_be_good(false)?;
                vec![Event::ScanJudged(Judgement::Good)]
            }
            Judgement::GoodAlthough { reason } => {
                self.may_be_good(true)?;
                vec![Event::ScanJudged(Judgement::GoodAlthough { reason: text(reason)? })]
            }
            Judgement::Again { reason } => {
                let again = Event::ScanJudged(Judgement::Again { reason: reason.map(text).transpose()? });
                std::iter::once(again).chain(used_up.then_some(Event::AttemptsUsedUp { of: Attempts::Scan })).collect()
            }
        })
    }
}
