//! Whether anybody is at the desk. Nobody is shut out without being asked: a minute before the screens lock, both say so.

use std::time::{Duration, Instant};

use bam_station_ui::{Holder, Operator};
use slint::ComponentHandle as _;

use super::{Shell, words::filled};
use crate::station::worker::Request;

/// So long before the lock it is announced.
const WARNING: Duration = Duration::from_mins(1);

/// When somebody last touched a screen or a key.
#[derive(Debug, Clone, Copy)]
pub struct Attendance {
    last: Instant,
    /// The screens lock after so long; `None` for never.
    limit: Option<Duration>,
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// Somebody is there.
    No,
    /// The screens lock in so many seconds.
    Warn(u64),
    /// They lock now.
    Lock,
}

impl Attendance {
    /// Somebody is here now. `minutes` is the limit, 0 for none.
    pub fn new(now: Instant, minutes: u8) -> Self {
        let limit = (minutes > 0).then(|| Duration::from_secs(60 * u64::from(minutes)));
        Self { last: now, limit }
    }

    /// Somebody touched something.
    pub fn touched(&mut self, now: Instant) {
        self.last = now;
    }

    /// What is to be done at this moment.
    pub fn judge(&self, now: Instant) -> Idle {
        let Some(limit) = self.limit else { return Idle::No };
        let idle = now.saturating_duration_since(self.last);
        match limit.checked_sub(idle) {
            None | Some(Duration::ZERO) => Idle::Lock,
            Some(left) if left <= WARNING => Idle::Warn(left.as_secs().max(1)),
            Some(_) => Idle::No,
        }
    }
}

impl Shell {
    /// Somebody is at the desk: a key, a touch, a movement on either window.
    pub fn touched(&self, now: Instant) {
        self.desk(|desk| desk.attendance.touched(now));
        if !self.operator.global::<Operator>().get_idle_warning().is_empty() {
            self.warn(Idle::No);
        }
    }

    /// Looks whether anybody is there, and warns or locks. What the station works on is finished first.
    pub fn judge_attendance(&self, now: Instant) {
        let idle = self.desk(|desk| {
            let open = desk.snapshot.operator.is_some() && !desk.snapshot.locked;
            if open && !desk.busy() { desk.attendance.judge(now) } else { Idle::No }
        });
        if idle == Idle::Lock {
            self.desk(|desk| desk.secrets.erase());
            self.ask(Request::Lock);
            self.present();
        }
        self.warn(idle);
    }

    fn warn(&self, idle: Idle) {
        let (operator, holder) = match idle {
            Idle::Warn(seconds) => {
                let (here, there) = self.desk(|desk| (desk.operator_language, desk.holder_language));
                let seconds = seconds.to_string();
                // A holder whom nothing concerns is not disturbed.
                let concerned = self.desk(|desk| desk.open_control());
                let there = if concerned { filled(there, "stay.text", &[&seconds]) } else { "".into() };
                (filled(here, "idle.warning", &[&seconds]), there)
            }
            Idle::No | Idle::Lock => ("".into(), "".into()),
        };
        self.operator.global::<Operator>().set_idle_warning(operator);
        self.holder.global::<Holder>().set_idle_warning(holder);
    }
}
