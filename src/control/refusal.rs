//! Why a command is not carried out. A refusal changes nothing; the operator can correct and go on.

use super::Step;
use crate::rules::{Method, document_kind::KindRefusal, name::NameDifference};

/// Why a command is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The command belongs to another step.
    #[error("this does not belong to the step where the control stands ({at:?})")]
    NotThisStep {
        /// Where it stands.
        at: Step,
    },
    /// An opening in the middle of a control.
    #[error("the control is open already")]
    AlreadyOpen,
    /// The control has ended.
    #[error("the control is closed: open a new one")]
    Closed,
    /// The same thing a second time.
    #[error("this is done already")]
    AlreadyDone,
    /// The plan has no such method.
    #[error("the plan of this control does not allow this way of identification ({})", method.name())]
    MethodNotInPlan {
        /// The method.
        method: Method,
    },
    /// A reason, note or statement is empty.
    #[error("a reason is needed: write at least a word")]
    TextMissing,
    /// A reason, note or statement is too long.
    #[error("the text is too long: at most {} characters", super::ending::LONGEST_TEXT)]
    TextTooLong,
    /// `documents.toml` does not accept this document of the kind, or it has expired.
    #[error(transparent)]
    DocumentNotAccepted(#[from] KindRefusal),
    /// No number.
    #[error("the number of the document is missing or longer than 40 characters: type it as printed")]
    DocumentNumberMissing,
    /// Not one to three capital letters.
    #[error("the issuing state is one to three capital letters, as in the machine-readable zone")]
    IssuingStateNotLetters,
    /// Issued after today or after its expiry.
    #[error("the date of issue lies in the future or after the expiry: read it again")]
    DocumentIssuedInFuture,
    /// Born after today.
    #[error("the date of birth lies in the future: read it again")]
    BornInFuture,
    /// `[Conditions]` of MASTER.toml.
    #[error(
        "by the birth date in the document the person is younger than {years} years: these certificates are not issued to the person yet"
    )]
    TooYoung {
        /// The least age.
        years: u8,
    },
    /// The operator did not find it undamaged.
    #[error("a damaged document cannot be accepted: reject it, or ask for another")]
    DocumentDamaged,
    /// The operator did not find the person alike.
    #[error("the person must be found alike with the picture: compare, or reject the document")]
    PhotoNotConfirmed,
    /// ETSI TS 119 461 VAL-8.3.3-07X.
    #[error("{verified} security features are verified: at least {} are needed", crate::rules::document_kind::FEWEST_FEATURES)]
    TooFewFeatures {
        /// How many were verified.
        verified: usize,
    },
    /// The rules of [`crate::rules::name`].
    #[error("the name in the document is not the name of the person to be controlled ({0})")]
    NameDiffers(NameDifference),
    /// BAM operator FAQ: identity numbers match exactly.
    #[error("the identity number in the document is not the one of the person to be controlled")]
    IdentityNumberDiffers,
    /// The birth date contradicts the person or the identity number.
    #[error("the date of birth in the document does not agree with the person or the identity number")]
    BirthDateDiffers,
    /// Seed 003: the operator looks first.
    #[error("confirm first that the person is the holder of the card")]
    CardHolderNotConfirmed,
    /// The certificate on the card is of another kind.
    #[error("the certificate on the card is not of the kind that this control is for")]
    CertificateOfOtherKind,
    /// The plan was made for another state.
    #[error("the certificate on the card is in another state than the plan was made for: end this control and open a new one")]
    CardInOtherState,
    /// The certificate names somebody else.
    #[error("the card belongs to somebody else than the person to be controlled")]
    CardOfSomebodyElse,
    /// Expired or revoked.
    #[error("the third party's certificate is not valid")]
    ThirdPartyCertificateNotValid,
    /// Nobody vouches for oneself.
    #[error("the third party is the person to be controlled: somebody else must vouch")]
    ThirdPartyIsSubject,
    /// The operator is no third party.
    #[error("the third party is the operator: somebody else must vouch")]
    ThirdPartyIsOperator,
    /// `[ThirdParty]` of MASTER.toml.
    #[error("this person has vouched {vouches} times in {days} days, which is the most: somebody else must vouch")]
    VouchedTooOften {
        /// So many times are allowed.
        vouches: u8,
        /// In so many days.
        days: u16,
    },
    /// The plan asks for none.
    #[error("the plan of this control asks for no comparison with an earlier scan")]
    NoComparisonInPlan,
    /// The holder has not seen any terms.
    #[error("the terms are not on the holder's screen yet")]
    TermsNotShown,
    /// The holder touched another text than the one that is shown.
    #[error("the holder touched other terms than those that are shown now: the holder answers again")]
    OtherTermsShown,
    /// The last page was not reached.
    #[error("the holder must see the last page of the terms before accepting")]
    TermsNotRead,
    /// A dot is no signature.
    #[error("the signature is too short: at least {} mm of ink", super::signature::SHORTEST_INK / 1000)]
    SignatureTooShort,
    /// The last capture waits.
    #[error("judge the last one first")]
    NotJudgedYet,
    /// There is nothing.
    #[error("there is nothing to judge yet")]
    NothingToJudge,
    /// What was typed and the machine readable zone contradict each other.
    #[error(
        "the machine-readable zone states something else than what was typed: read the document again and correct it, or reject it"
    )]
    ZoneDiffers,
    /// The station found something that speaks against the picture.
    #[error("something speaks against this picture: scan again, or say why it is good all the same")]
    ScanReasonNeeded,
}

impl Refusal {
    /// The refusal's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotThisStep { .. } => "NOT_THIS_STEP",
            Self::AlreadyOpen => "CONTROL_ALREADY_OPEN",
            Self::Closed => "CONTROL_CLOSED",
            Self::AlreadyDone => "ALREADY_DONE",
            Self::MethodNotInPlan { .. } => "METHOD_NOT_IN_PLAN",
            Self::TextMissing => "TEXT_MISSING",
            Self::TextTooLong => "TEXT_TOO_LONG",
            Self::DocumentNotAccepted(why) => why.code(),
            Self::DocumentNumberMissing => "DOCUMENT_NUMBER_MISSING",
            Self::IssuingStateNotLetters => "ISSUING_STATE_NOT_LETTERS",
            Self::DocumentIssuedInFuture => "DOCUMENT_ISSUED_IN_FUTURE",
            Self::BornInFuture => "BORN_IN_FUTURE",
            Self::TooYoung { .. } => "PERSON_TOO_YOUNG",
            Self::DocumentDamaged => "DOCUMENT_DAMAGED",
            Self::PhotoNotConfirmed => "PHOTO_NOT_CONFIRMED",
            Self::TooFewFeatures { .. } => "TOO_FEW_FEATURES",
            Self::NameDiffers(_) => "NAME_DIFFERS",
            Self::IdentityNumberDiffers => "IDENTITY_NUMBER_DIFFERS",
            Self::BirthDateDiffers => "BIRTH_DATE_DIFFERS",
            Self::CardHolderNotConfirmed => "CARD_HOLDER_NOT_CONFIRMED",
            Self::CertificateOfOtherKind => "CERTIFICATE_OF_OTHER_KIND",
            Self::CardInOtherState => "CARD_IN_OTHER_STATE",
            Self::CardOfSomebodyElse => "CARD_OF_SOMEBODY_ELSE",
            Self::ThirdPartyCertificateNotValid => "THIRD_PARTY_CERTIFICATE_NOT_VALID",
            Self::ThirdPartyIsSubject => "THIRD_PARTY_IS_SUBJECT",
            Self::ThirdPartyIsOperator => "THIRD_PARTY_IS_OPERATOR",
            Self::VouchedTooOften { .. } => "VOUCHED_TOO_OFTEN",
            Self::NoComparisonInPlan => "NO_COMPARISON_IN_PLAN",
            Self::TermsNotShown => "TERMS_NOT_SHOWN",
            Self::OtherTermsShown => "OTHER_TERMS_SHOWN",
            Self::TermsNotRead => "TERMS_NOT_READ",
            Self::SignatureTooShort => "SIGNATURE_TOO_SHORT",
            Self::NotJudgedYet => "NOT_JUDGED_YET",
            Self::NothingToJudge => "NOTHING_TO_JUDGE",
            Self::ZoneDiffers => "ZONE_DIFFERS",
            Self::ScanReasonNeeded => "SCAN_REASON_NEEDED",
        }
    }
}
