//! Step 1 with a third party (tredjepartslegitimering) or the operator's word (operatøridentifisering). Seed 003.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{Control, ControlId, Event, Identification, Refusal, Step, ending::text, opening::may_be_one, own_card::ProvenCard};
use crate::{
    digest::Digest,
    rules::{CardState, role::VouchLimit},
};

/// Somebody of the organisation who vouches for the holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThirdParty {
    /// Card and PIN of the third party.
    pub card: ProvenCard,
    /// The full name of the holder, as the third party says it.
    pub says_name: String,
    /// How the person is known.
    pub statement: String,
    /// The third party is the holder's superior.
    pub superior: bool,
}

/// The comparison of the person with the document scanned earlier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousScan {
    /// The control in which it was scanned.
    pub control: ControlId,
    /// The upright picture that was shown.
    pub upright: Digest,
    /// The operator's judgement.
    pub alike: bool,
}

/// Whether somebody who vouched on these days may vouch today.
///
/// # Errors
/// [`Refusal::VouchedTooOften`]
pub fn check_limit(limit: VouchLimit, vouched: impl IntoIterator<Item = Date>, today: Date) -> Result<(), Refusal> {
    if limit.allows(vouched, today) { Ok(()) } else { Err(Refusal::VouchedTooOften { vouches: limit.vouches, days: limit.days }) }
}

impl Control {
    pub(super) fn vouch(&self, third_party: ThirdParty, at: Timestamp) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::ThirdParty])?;
        if self.third_party().is_some() {
            return Err(Refusal::AlreadyDone);
        }
        let ThirdParty { card, says_name, statement, superior } = third_party;
        let opening = self.opening();
        if card.certificate != opening.certificate {
            return Err(Refusal::CertificateOfOtherKind);
        }
        if card.state != CardState::Valid || card.valid_until < at {
            return Err(Refusal::ThirdPartyCertificateNotValid);
        }
        let on_card = (card.name.as_str(), card.user_name.as_deref());
        if may_be_one(on_card, (&opening.person.full_name(), opening.person.user_name.as_deref())) {
            return Err(Refusal::ThirdPartyIsSubject);
        }
        let operator = &opening.operator;
        let same_certificate =
            card.certificate_issuer == operator.certificate_issuer && card.certificate_serial == operator.certificate_serial;
        if same_certificate || may_be_one(on_card, (&operator.name, operator.user_name.as_deref())) {
            return Err(Refusal::ThirdPartyIsOperator);
        }
        let third_party = ThirdParty { card, says_name: text(says_name)?, statement: text(statement)?, superior };
        Ok(vec![Event::ThirdPartyVouched(Box::new(third_party))])
    }

    pub(super) fn compare_previous_scan(&self, comparison: PreviousScan) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::ThirdParty])?;
        if !self.opening().plan.compare_previous_scan {
            return Err(Refusal::NoComparisonInPlan);
        }
        if self.previous_scan.is_some() {
            return Err(Refusal::AlreadyDone);
        }
        Ok(vec![Event::PreviousScanCompared(comparison)])
    }

    pub(super) fn vouch_as_operator(&self, statement: String) -> Result<Vec<Event>, Refusal> {
        self.expect(&[Step::OperatorVouching])?;
        Ok(vec![Event::OperatorVouched { statement: text(statement)? }])
    }

    /// A third party is enough together with the comparison, where the plan asks for one.
    pub(super) fn third_party_complete(&mut self, at: Timestamp) {
        let compared = !self.opening().plan.compare_previous_scan || self.previous_scan.as_ref().is_some_and(|scan| scan.alike);
        if compared && let Some(third_party) = self.third_party.clone() {
            let previous_scan = self.previous_scan.clone();
            self.identified(at, Identification::ThirdParty { third_party, previous_scan });
        }
    }
}
