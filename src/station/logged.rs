//! The words of the log for what the station is asked and told. Of a request only its kind.

use super::worker::Request;
use crate::{
    config::Severity,
    device::{
        card::{ReaderEvent, ReaderPlace, ReaderState},
        pad::{PadError, PadOutcome},
    },
};

/// What is asked. Questions that change nothing weigh less.
pub(super) fn request(request: &Request) -> (Severity, &'static str) {
    use Severity::{Debug, Info};
    match request {
        Request::Look => (Debug, "look"),
        Request::Enroll { .. } => (Info, "enroll"),
        Request::SignIn { .. } => (Info, "sign-in"),
        Request::SignInWithCard(_) => (Info, "sign-in-with-card"),
        Request::Unlock(_) => (Info, "unlock"),
        Request::SignOut => (Info, "sign-out"),
        Request::Lock => (Info, "lock"),
        Request::ReadCard(_) => (Debug, "read-card"),
        Request::Plan(_) => (Debug, "plan"),
        Request::FindPerson(_) => (Debug, "find-person"),
        Request::ChoosePerson(_) => (Debug, "choose-person"),
        Request::Begin(_) => (Info, "begin-control"),
        Request::Act(_) => (Info, "act"),
        Request::ShowTerms(_) => (Info, "show-terms"),
        Request::Signature(_) => (Info, "take-signature"),
        Request::SignOnPad(_) => (Info, "light-pad"),
        Request::Scan => (Info, "scan"),
        Request::Turn(_) => (Info, "turn-scan"),
        Request::ProveOwnCard(_) => (Info, "prove-own-card"),
        Request::Vouch { .. } => (Info, "vouch"),
        Request::ComparePrevious { .. } => (Info, "compare-previous"),
        Request::Approve(_) => (Info, "approve"),
        Request::InsertVirtualCard { .. } => (Debug, "insert-virtual-card"),
        Request::PullVirtualCard(_) => (Debug, "pull-virtual-card"),
        Request::Search(_) => (Debug, "search"),
        Request::Administration => (Debug, "administration"),
        Request::ProposeMaster(_) | Request::ProposeLocal(_) => (Debug, "propose-settings"),
        Request::SaveMaster { .. } => (Info, "save-master"),
        Request::SaveLocal { .. } => (Info, "save-local"),
        Request::FindDevices => (Debug, "find-devices"),
        Request::DirectoryFields => (Debug, "directory-fields"),
        Request::ReadAppointee => (Debug, "read-appointee"),
        Request::Leave => (Info, "leave-control"),
        Request::Page { .. } => (Debug, "show-page"),
    }
}

/// What a card reader tells.
pub(super) fn reader(event: &ReaderEvent) -> String {
    let place = match event.place {
        ReaderPlace::Operator => "operator-reader",
        ReaderPlace::Holder => "holder-reader",
    };
    match &event.state {
        ReaderState::Away(error) => format!("{place} away {}", error.code()),
        ReaderState::Empty => format!("{place} empty"),
        ReaderState::Card => format!("{place} card"),
    }
}

/// What came of a signature on the pad.
pub(super) fn pad(outcome: &Result<PadOutcome, PadError>) -> String {
    match outcome {
        Ok(PadOutcome::Signed(_)) => "pad signed".to_owned(),
        Ok(PadOutcome::Declined) => "pad declined".to_owned(),
        Err(error) => format!("pad failed {}", error.code()),
    }
}
