//! Step 4: the document is scanned on A6; the raw picture and the upright one are both kept (seed 003, "Skanning").

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Control, Event, Refusal, Step,
    ending::{Attempts, text},
};
use crate::{digest::Digest, imaging::upright::Turn};

/// The upright picture and how it came from the raw one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upright {
    /// SHA-256 of the JPEG that the report shows bit for bit.
    pub picture: Digest,
    /// The turn, clockwise, that made the raw picture upright.
    pub turn: Turn,
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
}

/// The operator's judgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "judgement", rename_all = "kebab-case")]
pub enum Judgement {
    /// Sharp, whole, and the document that was presented.
    Good,
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
        Some(AcceptedScan { scan, taken_at, attempts: self.attempts })
    }
    pub(super) fn taken(&mut self, at: Timestamp, scan: DocumentScan) {
        self.attempts += 1;
        self.taken = Some((scan, at));
        self.turned = false;
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
        if matches!(judgement, Judgement::Again { .. }) {
            self.taken = None;
            self.turned = false;
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

    pub(super) fn take_scan(&self, scan: Box<DocumentScan>) -> Result<Vec<Event>, Refusal> {
        self.ready_to_scan()?;
        Ok(vec![Event::ScanTaken(scan)])
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
            Judgement::Good => vec![Event::ScanJudged(Judgement::Good)],
            Judgement::Again { reason } => {
                let again = Event::ScanJudged(Judgement::Again { reason: reason.map(text).transpose()? });
                std::iter::once(again).chain(used_up.then_some(Event::AttemptsUsedUp { of: Attempts::Scan })).collect()
            }
        })
    }
}
