//! How a control begins: the plan is made, the rules in force are frozen, and the hard blocks are decided.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{ControlId, Event};
use crate::{
    digest::Digest,
    rules::{
        self, CardState, CertificateKind, Conditions, Function, IssueProcess, LraMode, Method, Person, Plan, PlanRequest,
        conditions::{Known, Unmet},
    },
};

/// The operator, as the signing certificate and the organisation name the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// Common name of the certificate.
    pub name: String,
    /// User name in the organisation, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// Issuer of the certificate (RFC 4514).
    pub certificate_issuer: String,
    /// Serial number of the certificate, upper-case hexadecimal.
    pub certificate_serial: String,
    /// The key lies in software (training, local certificates), not on a card.
    pub software_key: bool,
    /// The day of the operator's last training, where MASTER.toml says it (ETSI TS 119 461 VAL-8.3.3-15X).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained: Option<Date>,
}

/// Where the state of the certificates on the holder's card is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardSource {
    /// The operator stated it.
    #[default]
    Statement,
    /// The card was read and its certificates were judged.
    Card,
}

/// The rules in force when a control begins. They stay in force for this control whatever happens to the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectiveRules {
    /// `CompanyName` of MASTER.toml, printed in every report.
    pub company: String,
    /// `OfficeName` of LOCAL.toml.
    pub office: String,
    /// `LraMode`.
    pub mode: LraMode,
    /// The tab IssueProcess.
    pub issue_process: IssueProcess,
    /// What must be true of a person. Controls that were made before there were conditions had none.
    #[serde(default = "Conditions::none")]
    pub conditions: Conditions,
    /// SHA-256 of the bytes of MASTER.toml.
    pub master: Digest,
    /// Training: every page is marked.
    pub training: bool,
    /// Name and version of this program.
    pub program: String,
    /// Who signed MASTER.toml, where this desk demands a signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<RulesSigner>,
}

/// The administrator whose signature of MASTER.toml was checked when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesSigner {
    /// The name, as LOCAL.toml gives it.
    pub name: String,
    /// The public key, Ed25519.
    pub key: Digest,
    /// The version that was signed.
    pub version: u64,
    /// When, as the signature says.
    pub signed_at: jiff::Timestamp,
    /// The other administrator who signed the same content, where LOCAL.toml demands four eyes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenRequest {
    /// Made by the shell.
    pub id: ControlId,
    /// What the holder comes for.
    pub function: Function,
    /// The kind of certificate.
    pub certificate: CertificateKind,
    /// Who is controlled.
    pub person: Person,
    /// Who controls.
    pub operator: Operator,
    /// The certificates on the holder's card, where known.
    pub card: Option<CardState>,
    /// The state of the qualified certificates on the same card, where it carries any.
    pub qualified_on_card: Option<CardState>,
    /// Where that is known from.
    pub card_source: CardSource,
    /// The qualified certificates on it were renewed before.
    pub renewed_before: bool,
    /// Where the person is known from.
    pub known: Known,
    /// The rules in force.
    pub rules: EffectiveRules,
}

/// A control that began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// The name of the control.
    pub id: ControlId,
    /// What the holder comes for.
    pub function: Function,
    /// The kind of certificate.
    pub certificate: CertificateKind,
    /// Who is controlled.
    pub person: Person,
    /// Who controls.
    pub operator: Operator,
    /// The certificates on the holder's card, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<CardState>,
    /// The state of the qualified certificates on the same card, where it carries any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualified_on_card: Option<CardState>,
    /// Where that is known from.
    #[serde(default)]
    pub card_source: CardSource,
    /// The qualified certificates on it were renewed before.
    #[serde(default)]
    pub renewed_before: bool,
    /// Where the person is known from.
    #[serde(default)]
    pub known: Known,
    /// The rules in force.
    pub rules: EffectiveRules,
    /// What this control must contain.
    pub plan: Plan,
}

/// A control that did not begin. Nothing is issued; that it was asked for is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefusedOpening {
    /// The name of the control.
    pub id: ControlId,
    /// What the holder came for.
    pub function: Function,
    /// The kind of certificate.
    pub certificate: CertificateKind,
    /// Who is the subject.
    pub person: Person,
    /// Who asked.
    pub operator: Operator,
    /// Where the person is known from.
    #[serde(default)]
    pub known: Known,
    /// The rules in force.
    pub rules: EffectiveRules,
    /// Why.
    pub refusal: OpeningRefusal,
}

/// Why a control does not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OpeningRefusal {
    /// ETSI EN 319 411-1 REG-6.2.2-26: the officer is not the subject.
    #[error("the operator is the person to be controlled: another operator must do this control")]
    OperatorIsSubject,
    /// A software key signs local certificates and training only.
    #[error(
        "the operator's key lies in software: a control for qualified certificates is signed with a card, or made as training"
    )]
    SoftwareKeyForQualified,
    /// `[Conditions]` and `[CertificateGroups]` of MASTER.toml.
    #[error(transparent)]
    #[serde(untagged)]
    Unmet(#[from] Unmet),
    /// The plan says no.
    #[error(transparent)]
    #[serde(untagged)]
    Plan(#[from] rules::Refusal),
}

impl OpeningRefusal {
    /// The refusal's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Plan(refusal) => refusal.code(),
            Self::Unmet(unmet) => unmet.code(),
            Self::OperatorIsSubject => "OPERATOR_IS_SUBJECT",
            Self::SoftwareKeyForQualified => "SOFTWARE_KEY_FOR_QUALIFIED",
        }
    }
}

/// Two people who must not be one carry the same user name, or names that may be one person's: a certificate leaves out a
/// middle name that the directory has. Two people of the same name are refused too: a colleague can do the control, a wrong
/// one cannot be taken back.
pub(super) fn may_be_one(one: (&str, Option<&str>), other: (&str, Option<&str>)) -> bool {
    let same_user = one.1.zip(other.1).is_some_and(|(a, b)| !a.trim().is_empty() && rules::name::is_same(a, b));
    same_user || rules::name::may_be_same(one.0, other.0)
}

/// Decides whether a control begins. A refusal is an event too: it is recorded.
///
/// When the plan knows one method only, that method is chosen at once.
pub fn open(request: OpenRequest) -> Vec<Event> {
    let OpenRequest { id, function, certificate, person, operator, .. } = request;
    let OpenRequest { card, qualified_on_card, card_source, renewed_before, known, rules, .. } = request;
    let flags = &rules.issue_process;
    let asked = PlanRequest { function, certificate, mode: rules.mode, flags, card, qualified_on_card, renewed_before };
    let named = (operator.name.as_str(), operator.user_name.as_deref());
    let decided = if may_be_one(named, (&person.full_name(), person.user_name.as_deref())) {
        Err(OpeningRefusal::OperatorIsSubject)
    } else if certificate == CertificateKind::Qualified && operator.software_key && !rules.training {
        Err(OpeningRefusal::SoftwareKeyForQualified)
    } else {
        // What cannot be issued at all needs no better person.
        rules::plan(&asked).map_err(OpeningRefusal::from).and_then(|plan| {
            rules.conditions.check(certificate, &person, &known)?;
            Ok(plan)
        })
    };
    match decided {
        Err(refusal) => {
            let refused = RefusedOpening { id, function, certificate, person, operator, known, rules, refusal };
            vec![Event::OpeningRefused(Box::new(refused))]
        }
        Ok(plan) => {
            let only: Option<Method> = if let [method] = plan.methods.as_slice() { Some(*method) } else { None };
            let opening = Opening {
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
                plan,
            };
            std::iter::once(Event::Opened(Box::new(opening))).chain(only.map(|method| Event::MethodChosen { method })).collect()
        }
    }
}
