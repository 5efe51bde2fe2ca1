//! The record: what one approved control proves, for people in the report's pages and for programs as JSON inside it.

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    control::{
        Control, ControlId, Identification, Judged, Operator,
        opening::{CardSource, EffectiveRules},
        scan::AcceptedScan,
        signature::SignatureComparison,
        terms::TermsAcceptance,
    },
    digest::Digest,
    rules::{CardState, CertificateKind, Function, Person, Plan, conditions::Known},
};

/// The form of the record; a changed meaning gets a new number.
pub const FORMAT: &str = "bam-station record 2";

/// The layout that says how the pages follow from the record and the attached evidence (`super::report`). Whatever changes a
/// word, a place or a colour on the pages gets a new number, so that a verifier never takes an honest older report for a changed
/// one.
///
/// | layout | new on the pages |
/// |---|---|
/// | 1 | |
/// | 2 | where the person is known from; the conditions on a person; the qualified certificates on the same card; the lines of the machine-readable zone; the second signer of MASTER.toml |
pub const LAYOUT: u32 = 2;

/// What a reader must not read into the record.
pub const LIMITS: &[&str] = &[
    "The scan is a white-light image of what was presented. It was not authenticated by a machine.",
    "Whether two signatures are alike is the operator's judgement. No automatic comparison was made.",
    "The times in the record are the station's clock. Whether an authority confirmed the time of the signature stands in the signature.",
];

/// Where the register's journal stood when the record was made: a rewritten past is found by comparing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainHead {
    /// Number of the last row of the journal.
    pub seq: u64,
    /// Its hash.
    pub hash: Digest,
}

/// One approved identity control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`FORMAT`].
    pub format: String,
    /// [`LAYOUT`]; lower in reports of earlier versions.
    pub layout: u32,
    /// The name of the control.
    pub control: ControlId,
    /// Made in training: proves nothing about anybody.
    pub training: bool,
    /// What the holder came for.
    pub function: Function,
    /// The kind of certificate.
    pub certificate: CertificateKind,
    /// Who was controlled.
    pub person: Person,
    /// Where the person is known from: the directory, the list of preregistered people, or the operator's keyboard.
    #[serde(default)]
    pub known: Known,
    /// The certificates on the holder's card, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<CardState>,
    /// The state of the qualified certificates on the same card, where it carries any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualified_on_card: Option<CardState>,
    /// Where that is known from.
    #[serde(default)]
    pub card_source: CardSource,
    /// Who controlled.
    pub operator: Operator,
    /// What trust said of the operator's signature certificate when the operator signed in, when the key is on a card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_judged: Option<Judged>,
    /// The rules in force: flags, digest of MASTER.toml, program version.
    pub rules: EffectiveRules,
    /// What the rules asked for, and why.
    pub plan: Plan,
    /// When it began (UTC).
    pub opened_at: Timestamp,
    /// When all steps were done and this report was made (UTC; ETSI TS 119 461 ISS-8.5.2-05A). The signature carries its own
    /// time.
    pub completed_at: Timestamp,
    /// The same in the office's time, with the zone's offset (RFC 9557).
    pub completed_at_office: String,
    /// How the holder was identified.
    pub identification: Identification,
    /// When.
    pub identified_at: Timestamp,
    /// The accepted terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<TermsAcceptance>,
    /// The compared signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureComparison>,
    /// The scanned document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan: Option<AcceptedScan>,
    /// Where the register stood.
    pub register: ChainHead,
    /// [`LIMITS`].
    pub limits: Vec<String>,
}

impl Record {
    /// The record of a control that waits for its approval; `None` at every other step.
    /// `operator_judged` is what trust said of the operator's card.
    pub fn of(
        control: &Control,
        operator_judged: Option<Judged>,
        completed_at: Timestamp,
        office: &TimeZone,
        register: ChainHead,
    ) -> Option<Self> {
        if control.step() != crate::control::Step::Approval {
            return None;
        }
        let opening = control.opening().clone();
        let (identification, identified_at) = control.identification()?;
        let scan = if control.needs(crate::control::Step::Scan) { control.scan().accepted() } else { None };
        Some(Self {
            format: FORMAT.to_owned(),
            layout: LAYOUT,
            control: opening.id,
            training: opening.rules.training,
            function: opening.function,
            certificate: opening.certificate,
            person: opening.person,
            known: opening.known,
            card: opening.card,
            qualified_on_card: opening.qualified_on_card,
            card_source: opening.card_source,
            operator: opening.operator,
            operator_judged,
            rules: opening.rules,
            plan: opening.plan,
            opened_at: control.opened_at(),
            completed_at,
            completed_at_office: completed_at.to_zoned(office.clone()).to_string(),
            identification: identification.clone(),
            identified_at,
            terms: control.terms().acceptance(),
            signature: control.signature().comparison(),
            scan,
            register,
            limits: LIMITS.iter().map(|&limit| limit.to_owned()).collect(),
        })
    }

    /// The record as it is attached to the report: JSON with two spaces of indentation.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec_pretty(self)
    }
}
