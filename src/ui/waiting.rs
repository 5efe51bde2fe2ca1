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
    /// Signing the report.
    Sign,
    /// The control is to be aborted.
    Abort,
    /// Everything else.
    Other,
}

impl Work {
    /// The kind of a request.
    pub fn of(request: &Request) -> Self {
        match request {
            Request::Look => Self::Look,
            Request::Page { .. } => Self::Page,
            Request::Scan => Self::Scan,
            Request::Approve(_) => Self::Sign,
            Request::Act(Command::Abort { .. }) => Self::Abort,
            _ => Self::Other,
        }
    }

    /// It may change where everything stands.
    pub fn changes(self) -> bool {
        !matches!(self, Self::Look | Self::Page)
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
            Work::Look => true,
            Work::Page => !self.has(Work::Page),
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

    /// A request of this kind is under way.
    pub fn has(&self, work: Work) -> bool {
        self.0.contains(&work)
    }

    /// The station works on something that may change where everything stands.
    pub fn is_busy(&self) -> bool {
        self.0.iter().any(|work| work.changes())
    }
}
