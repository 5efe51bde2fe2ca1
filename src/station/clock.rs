//! The clock, the only one that the station reads.

use jiff::{Timestamp, tz::TimeZone};

use crate::control::Now;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The instant.
    fn now(&self) -> Timestamp;
}

/// The machine's clock, to the millisecond: what is written down and what is held in memory are the same instant.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

/// The instant and the office's date.
pub fn now_at_office(clock: &dyn Clock, office: &TimeZone) -> Now {
    let at = clock.now();
    Now { at, today: at.to_zoned(office.clone()).date() }
}
