//! What the station has been asked and has not answered yet. It does one thing at a time, so nothing is asked twice.

use std::collections::VecDeque;

use crate::{control::Command, station::worker::Request};

/// The kind of a request, so far as the screens care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Changes nothing: where everything stands, a picture of a page.
    Look,
    /// A page of the report is being drawn; changes nothing.
    Page,
    /// A scan.
    Scan,
    /// The signature pad is being lit.
    Pad,
    /// Signing the report.
    Sign,
    /// A card on the holder's side with its PIN.
    HolderPin,
    /// What the rules ask for; changes nothing.
    Plan,
    /// Controls of other days are looked for; changes nothing.
    Search,
    /// MASTER.toml and LOCAL.toml are read, or a change of them looked at; changes nothing.
    Administration,
    /// Hands at a reader: a card is read again, or a virtual one moved. A person does that at any time.
    Reader,
    /// The control is to be aborted.
    Abort,
    /// Everything else.
    Other,
}

impl Work {
    /// The kind of a request.
    pub fn of(request: &Request) -> Self {
        match request {
            // The directory answers by itself, whatever else is asked meanwhile.
            Request::Look
            | Request::FindPerson(_)
            | Request::ChoosePerson(_)
            | Request::FindDevices
            | Request::DirectoryFields => Self::Look,
            Request::Page { .. } => Self::Page,
            Request::Scan => Self::Scan,
            Request::SignOnPad(_) => Self::Pad,
            Request::Approve(_) | Request::SaveMaster { .. } => Self::Sign,
            Request::Act(Command::Abort { .. }) => Self::Abort,
            Request::ProveOwnCard(_) | Request::Vouch { .. } => Self::HolderPin,
            Request::Plan(_) => Self::Plan,
            Request::Search(_) => Self::Search,
            Request::Administration | Request::ProposeMaster(_) | Request::ProposeLocal(_) | Request::ReadAppointee => {
                Self::Administration
            }
            Request::ReadCard(_) | Request::InsertVirtualCard { .. } | Request::PullVirtualCard(_) => Self::Reader,
            _ => Self::Other,
        }
    }

    /// It may change where everything stands.
    pub fn changes(self) -> bool {
        !matches!(self, Self::Look | Self::Page | Self::Plan | Self::Search | Self::Administration | Self::Reader)
    }
}

/// The requests under way, oldest first; the station answers them in this order.
#[derive(Debug, Default)]
pub struct Waiting(VecDeque<Work>);

impl Waiting {
    /// Whether this may be asked now, and if so counts it as asked. What is touched while the station works is not asked a
    /// second time; only the wish to abort waits for the end of a scan.
    pub fn admit(&mut self, work: Work) -> bool {
        let free = match work {
            Work::Look | Work::Reader => true,
            Work::Page | Work::Plan | Work::Search | Work::Administration => !self.has(work),
            Work::Abort => !self.0.iter().any(|waiting| waiting.changes() && *waiting != Work::Scan),
            _ => !self.is_busy(),
        };
        if free {
            self.0.push_back(work);
        }
        free
    }

    /// The oldest request is answered.
    pub fn answered(&mut self) {
        self.0.pop_front();
    }

    /// What the station answers now.
    pub fn oldest(&self) -> Option<Work> {
        self.0.front().copied()
    }

    /// A request of this kind is under way.
    pub fn has(&self, work: Work) -> bool {
        self.0.contains(&work)
    }

    /// The station works on something that may change where everything stands.
    pub fn is_busy(&self) -> bool {
        self.0.iter().any(|work| work.changes())
    }
}
