//! Step 3: the holder signs, the operator compares with the signature in the document (seed 003, "Signering").
//!
//! There is no automatic score: one reference from another pen has no error rate that could be stated.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Control, Event, Refusal, Step,
    ending::{Attempts, text},
};
use crate::digest::Digest;

/// One sample of the pen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PenPoint {
    /// From the left edge of the field, micrometres.
    pub x: u32,
    /// From the upper edge of the field, micrometres.
    pub y: u32,
    /// Since the first touch, milliseconds.
    pub t: u32,
    /// Pressure, 0–1023, where the pad knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<u16>,
}

impl PenPoint {
    /// How far the pen went from here to there, micrometres, rounded down.
    pub fn distance(&self, there: &Self) -> u64 {
        let (dx, dy) = (u64::from(self.x.abs_diff(there.x)), u64::from(self.y.abs_diff(there.y)));
        (dx * dx + dy * dy).isqrt()
    }
}

/// A signature as strokes: everything the pen did, nothing smoothed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strokes {
    /// Width of the field, micrometres.
    pub width: u32,
    /// Height of the field, micrometres.
    pub height: u32,
    /// From pen down to pen up.
    pub strokes: Vec<Vec<PenPoint>>,
}

impl Strokes {
    /// Most samples of one signature: ten minutes at 200 Hz.
    pub const MOST_POINTS: usize = 120_000;

    /// Number of samples.
    pub fn points(&self) -> usize {
        self.strokes.iter().map(Vec::len).sum()
    }

    /// From the first to the last sample, milliseconds.
    pub fn duration_ms(&self) -> u32 {
        self.strokes.iter().flatten().map(|point| point.t).max().unwrap_or(0)
    }

    /// What was written up to this time, milliseconds from the first touch.
    #[must_use]
    pub fn until(&self, ms: u32) -> Self {
        let part = |stroke: &Vec<PenPoint>| stroke.iter().copied().take_while(|point| point.t <= ms).collect::<Vec<_>>();
        let strokes = self.strokes.iter().map(part).filter(|stroke| !stroke.is_empty()).collect();
        Self { width: self.width, height: self.height, strokes }
    }

    /// Width and height of the ink, micrometres; 0 without ink.
    pub fn ink_size(&self) -> (u32, u32) {
        let Some((left, top, right, bottom)) = self.bounds() else { return (0, 0) };
        (right - left, bottom - top)
    }

    /// The same ink on a field that ends `margin` micrometres around it.
    #[must_use]
    pub fn trimmed(&self, margin: u32) -> Self {
        let Some((left, top, right, bottom)) = self.bounds() else { return self.clone() };
        let moved = |point: &PenPoint| PenPoint { x: point.x - left + margin, y: point.y - top + margin, ..*point };
        Self {
            width: (right - left).saturating_add(margin.saturating_mul(2)),
            height: (bottom - top).saturating_add(margin.saturating_mul(2)),
            strokes: self.strokes.iter().map(|stroke| stroke.iter().map(moved).collect()).collect(),
        }
    }

    /// Left, top, right and bottom of the ink.
    fn bounds(&self) -> Option<(u32, u32, u32, u32)> {
        let mut points = self.strokes.iter().flatten();
        let first = points.next()?;
        let start = (first.x, first.y, first.x, first.y);
        Some(points.fold(start, |(left, top, right, bottom), point| {
            (left.min(point.x), top.min(point.y), right.max(point.x), bottom.max(point.y))
        }))
    }

    /// Length of the ink, micrometres, rounded down.
    pub fn ink_length(&self) -> u64 {
        let step = |pair: &[PenPoint]| match pair {
            [a, b] => a.distance(b),
            _ => 0,
        };
        self.strokes.iter().map(|stroke| stroke.windows(2).map(step).sum::<u64>()).sum()
    }
}

/// A captured signature: where its strokes and its picture are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturedSignature {
    /// SHA-256 of the strokes, as JSON.
    pub strokes: Digest,
    /// SHA-256 of the picture, PNG.
    pub picture: Digest,
    /// Number of strokes.
    pub stroke_count: u32,
    /// Number of samples.
    pub points: u32,
    /// From the first to the last sample, milliseconds.
    pub duration_ms: u32,
    /// Length of the ink, micrometres.
    pub ink_length: u64,
}

/// Shortest ink that counts as a signature, micrometres: a dot or a slip of the pen is none.
pub const SHORTEST_INK: u64 = 10_000;

/// The operator's judgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "judgement", rename_all = "kebab-case")]
pub enum Judgement {
    /// Clear common features.
    Alike,
    /// The same, although something differs.
    AlikeAlthough {
        /// In the operator's words.
        reason: String,
    },
    /// In doubt: the holder signs again.
    Again {
        /// Why, where the operator says it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// They differ too much: certificates are not issued.
    Different {
        /// In the operator's words.
        reason: String,
    },
}

/// The signature so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignatureState {
    attempts: u32,
    captured: Option<(CapturedSignature, Timestamp)>,
    judged_alike_at: Option<Timestamp>,
    reason: Option<String>,
}

/// The accepted signature, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureComparison {
    /// The signature.
    pub signature: CapturedSignature,
    /// When it was given.
    pub captured_at: Timestamp,
    /// How often the holder signed, this one included.
    pub attempts: u32,
    /// When the operator found it alike.
    pub judged_alike_at: Timestamp,
    /// Why, where the operator was in doubt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl SignatureState {
    /// How often the holder has signed.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
    /// The signature that waits for, or has, a judgement.
    pub fn current(&self) -> Option<&CapturedSignature> {
        self.captured.as_ref().map(|(captured, _)| captured)
    }
    /// The comparison, once it is positive.
    pub fn comparison(&self) -> Option<SignatureComparison> {
        let (signature, captured_at) = self.captured.clone()?;
        let (judged_alike_at, reason) = (self.judged_alike_at?, self.reason.clone());
        Some(SignatureComparison { signature, captured_at, attempts: self.attempts, judged_alike_at, reason })
    }
    pub(super) fn captured(&mut self, at: Timestamp, signature: CapturedSignature) {
        self.attempts += 1;
        self.captured = Some((signature, at));
    }
    pub(super) fn judged(&mut self, at: Timestamp, judgement: &Judgement) {
        match judgement {
            Judgement::Alike => self.judged_alike_at = Some(at),
            Judgement::AlikeAlthough { reason } => {
                self.judged_alike_at = Some(at);
                self.reason = Some(reason.clone());
            }
            Judgement::Again { .. } => self.captured = None,
            Judgement::Different { .. } => {}
        }
    }
}

impl Control {
    /// Whether a signature may be given now. It is asked before a pad is lit.
    ///
    /// # Errors
    /// [`Refusal::NotThisStep`], [`Refusal::NotJudgedYet`].
    pub fn ready_to_sign(&self) -> Result<(), Refusal> {
        self.expect(&[Step::Signature])?;
        if self.signature().current().is_some() { Err(Refusal::NotJudgedYet) } else { Ok(()) }
    }

    pub(super) fn capture_signature(&self, signature: CapturedSignature) -> Result<Vec<Event>, Refusal> {
        self.ready_to_sign()?;
        if signature.ink_length < SHORTEST_INK {
            return Err(Refusal::SignatureTooShort);
        }
        Ok(vec![Event::SignatureCaptured(signature)])
    }

    pub(super) fn judge_signature(&self, judgement: Judgement) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::Signature])?;
        if self.signature().current().is_none() {
            return Err(Refusal::NothingToJudge);
        }
        let used_up = self.signature().attempts() >= u32::from(self.opening().rules.issue_process.max_signature_attempts);
        Ok(match judgement {
            Judgement::Alike => vec![Event::SignatureJudged(Judgement::Alike)],
            Judgement::AlikeAlthough { reason } => {
                vec![Event::SignatureJudged(Judgement::AlikeAlthough { reason: text(reason)? })]
            }
            Judgement::Different { reason } => vec![Event::SignatureJudged(Judgement::Different { reason: text(reason)? })],
            Judgement::Again { reason } => {
                let again = Event::SignatureJudged(Judgement::Again { reason: reason.map(text).transpose()? });
                std::iter::once(again).chain(used_up.then_some(Event::AttemptsUsedUp { of: Attempts::Signature })).collect()
            }
        })
    }
}
