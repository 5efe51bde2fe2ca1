//! Step 5: the report is made, shown as it will be signed, signed, verified, and put into the register.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::{
    control::{Approval, Command, Control, Identification, Step},
    digest::Digest,
    evidence::{
        Record,
        record::ChainHead,
        report::{self, Pages, ReportError, ReportParts},
        sign::{KeyStoreError, SignReportError, SignatureDetails, SignedReport, Signer, UnsignedReport},
        timestamp::{TimeStampAuthority, TimeStampError},
        verify::{self, NotVerified, TrustedCas},
    },
    register::{MAX_EVIDENCE_BYTES, RegisterError},
    secret::PinEntry,
    trust::Anchors,
};

use super::{ActError, CardFault, SignedIn, Station, session::Key, shown_report::ShownReport};

/// The report of the open control as it will be signed.
pub struct Draft {
    record_json: Vec<u8>,
    completed_at: Timestamp,
    report: UnsignedReport,
    pages: Pages,
}

impl Draft {
    /// The pages, a PDF without a signature.
    pub fn pdf(&self) -> &[u8] {
        self.report.bytes()
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// Something before the approval is missing.
    #[error("the control does not stand at its approval: finish the steps before it")]
    NotAtApproval,
    /// The register or a piece of evidence.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// A piece of evidence is not what it must be.
    #[error("the evidence of this control is damaged: run `bam-station register verify`, then begin a new control")]
    EvidenceDamaged,
    /// The pages could not be made.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl DraftError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAtApproval => "NOT_AT_APPROVAL",
            Self::Register(error) => error.code(),
            Self::EvidenceDamaged => "CONTROL_EVIDENCE_DAMAGED",
            Self::Report(error) => error.code(),
        }
    }
}

/// Why a control was not approved. It stands where it stood; a wrong PIN is counted.
#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    /// The report.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The signature.
    #[error(transparent)]
    Sign(#[from] SignReportError),
    /// The operator's card, before its PIN.
    #[error(transparent)]
    Card(#[from] CardFault),
    /// The station's anchors.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
    /// The program's own check of what it made says no. Nothing is kept.
    #[error("the signed report did not pass the station's own verification, so it was not kept: {0}")]
    NotVerified(#[from] NotVerified),
    /// The signature is right, but the station's own CA does not vouch for it: its certificate is gone.
    #[error(
        "the CA of the operator's certificate is missing among the station's keys, so the report was not kept: restore keys/training-ca"
    )]
    NoAnchor,
    /// The control or the register.
    #[error(transparent)]
    Act(#[from] ActError),
}

impl From<RegisterError> for ApproveError {
    fn from(error: RegisterError) -> Self {
        Self::Act(error.into())
    }
}

impl ApproveError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Draft(error) => error.code(),
            Self::Sign(error) => error.code(),
            Self::Card(error) => error.code(),
            Self::Keys(error) => error.code(),
            Self::NotVerified(_) | Self::NoAnchor => "OWN_REPORT_NOT_VERIFIED",
            Self::Act(error) => error.code(),
        }
    }
}

impl Station {
    /// The report as it will be signed. It is made once and stays the same until it is signed or the station restarts.
    pub fn draft(&mut self) -> Result<&Draft, DraftError> {
        if self.draft.is_none() {
            self.draft = Some(self.make_draft()?);
        }
        self.draft.as_ref().ok_or(DraftError::NotAtApproval)
    }

    fn make_draft(&self) -> Result<Draft, DraftError> {
        let control = self.control.as_ref().filter(|control| control.step() == Step::Approval);
        let control = control.ok_or(DraftError::NotAtApproval)?;
        let head = self.register.head()?;
        let completed_at = self.now().at;
        let judged = self.signed_in.as_ref().and_then(SignedIn::judged).cloned();
        let chain = ChainHead { seq: head.seq, hash: head.hash };
        let record =
            Record::of(control, judged, completed_at, &self.configuration.zone(), chain).ok_or(DraftError::NotAtApproval)?;
        let record_json = record.to_json().map_err(|_| DraftError::EvidenceDamaged)?;
        let parts = self.parts(control, &record)?;
        let (pdf, pages) = report::build_with_pages(&ReportParts {
            record: &record,
            record_json: &record_json,
            strokes_json: parts.strokes.as_deref(),
            scan_jpeg: parts.scan.as_deref(),
            previous_scan_jpeg: parts.previous_scan.as_deref(),
            terms_text: parts.terms.as_deref(),
        })?;
        Ok(Draft { record_json, completed_at, report: UnsignedReport::new(pdf), pages })
    }

    fn parts(&self, control: &Control, record: &Record) -> Result<Parts, DraftError> {
        let kept = |digest: &Digest| self.evidence(digest);
        let strokes = match &record.signature {
            None => None,
            Some(comparison) => Some(kept(&comparison.signature.strokes)?),
        };
        let previous = match control.identification() {
            Some((Identification::ThirdParty { previous_scan: Some(scan), .. }, _)) => Some(kept(&scan.upright)?),
            _ => None,
        };
        let terms = match &record.terms {
            None => None,
            Some(acceptance) => Some(String::from_utf8(kept(&acceptance.terms.text)?).map_err(|_| DraftError::EvidenceDamaged)?),
        };
        Ok(Parts {
            strokes,
            scan: record.scan.as_ref().map(|accepted| kept(&accepted.scan.upright.picture)).transpose()?,
            previous_scan: previous,
            terms,
        })
    }

    /// The operator approves: PIN → signature → own verification → register, and the outbox for qualified certificates.
    pub fn approve(&mut self, pin: impl Into<PinEntry>) -> Result<&Control, ApproveError> {
        self.attended()?;
        self.draft()?;
        let now = self.now();
        let details = SignatureDetails {
            signed_at: now.at,
            reason: "Identitetskontroll godkjent".to_owned(),
            location: self.configuration.place(),
        };
        let draft = self.draft.as_ref().ok_or(DraftError::NotAtApproval)?;
        let authority = self.authority.as_ref();
        let card_key = self.signed_in.as_ref().and_then(SignedIn::card_key).cloned();
        let ((report, no_time), signers, judged) = if let Some(key) = card_key {
            let (mut signer, judged) = self.card_signer(&key)?;
            (signed(draft, authority, &mut signer, pin.into(), &details)?, self.cards.trust().anchors().clone(), Some(judged))
        } else {
            let signed_in = self.signed_in.as_mut().ok_or(ActError::NotSignedIn)?;
            let Key::Software(key) = signed_in.key() else { return Err(ActError::NotSignedIn.into()) };
            (signed(draft, authority, key.as_mut(), pin.into(), &details)?, self.keys.anchors()?, None)
        };
        let none = Anchors::none();
        let time_stamps = self.authority.as_ref().map_or(&none, TimeStampAuthority::anchors);
        let trusted = TrustedCas { signers: &signers, time_stamps };
        let verified = verify::own(report, trusted, self.now().at, &draft.record_json, &draft.pages)?;
        if !verified.verification().trusted {
            return Err(ApproveError::NoAnchor);
        }
        let kept = self.register.evidence().put(verified.bytes())?;
        let approval = Approval {
            report: kept,
            size: u64::try_from(verified.bytes().len()).unwrap_or(u64::MAX),
            record: Digest::of(&draft.record_json),
            completed_at: draft.completed_at,
            signed_at: now.at,
            level: verified.verification().level.map(|level| level.to_string()).unwrap_or_default(),
            judged: judged.map(Box::new),
            time_stamp_fault: no_time.map(|error| error.code().to_owned()),
        };
        Ok(self.keep(Command::Approve(Box::new(approval)))?)
    }

    /// The signed report of the control as a file whose name ends in `.pdf`, for people and viewers; `None` without a report, and on
    /// a machine without a file system in memory.
    ///
    /// It lies in memory and is gone when the control is left; on the disk the report is sealed.
    pub fn report_file(&self) -> Result<Option<PathBuf>, RegisterError> {
        let Some((id, approval)) = self.control.as_ref().and_then(|control| Some((control.id(), control.approval()?))) else {
            return Ok(None);
        };
        let name = id.to_string();
        let mut shown = self.shown_report.borrow_mut();
        if shown.as_ref().is_none_or(|shown| shown.name() != name) {
            let pdf = self.register.evidence().get(&approval.report, MAX_EVIDENCE_BYTES)?;
            *shown = ShownReport::put(&name, &pdf)?;
        }
        Ok(shown.as_ref().map(|shown| shown.path().to_owned()))
    }

    /// The digest of the control's signed report.
    pub fn report(&self) -> Option<Digest> {
        self.control.as_ref()?.approval().map(|approval| approval.report)
    }
}

struct Parts {
    strokes: Option<Vec<u8>>,
    scan: Option<Vec<u8>>,
    previous_scan: Option<Vec<u8>>,
    terms: Option<String>,
}

/// The signed report. Without the authority's time it is signed all the same, and why stands in the journal; the time-stamp is
/// added later.
fn signed(
    draft: &Draft,
    authority: Option<&TimeStampAuthority>,
    signer: &mut dyn Signer,
    pin: PinEntry,
    details: &SignatureDetails,
) -> Result<(SignedReport, Option<TimeStampError>), SignReportError> {
    match authority {
        Some(authority) => draft.report.sign_with_time(signer, pin, details, authority),
        None => draft.report.sign(signer, pin, details).map(|report| (report, None)),
    }
}
