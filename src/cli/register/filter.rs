//! The options by which controls are chosen.

use clap::Args;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::de::DeserializeOwned;

use crate::{
    register::ControlFilter,
    rules::{CertificateKind, Function},
};

/// Which controls.
#[derive(Debug, Args, Default)]
pub struct FilterArgs {
    /// Ended on this day or later, YYYY-MM-DD in this machine's time zone
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Ended on this day or earlier
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// new-card, replacement-card, renewal, pin-unlock or activation-code
    #[arg(long, value_parser = word::<Function>)]
    function: Option<Function>,
    /// local or qualified
    #[arg(long, value_parser = word::<CertificateKind>)]
    certificate: Option<CertificateKind>,
    /// How it ended: approved, refused, declined, failed, aborted
    #[arg(long)]
    outcome: Option<String>,
    /// Those that wait for the archive
    #[arg(long)]
    undelivered: bool,
}

impl FilterArgs {
    /// The filter.
    pub fn filter(&self) -> ControlFilter {
        ControlFilter {
            from: self.from.map(midnight),
            // A last day of all days has no morning after; nothing ends later.
            before: self.to.and_then(|day| day.tomorrow().ok()).map(midnight),
            function: self.function,
            certificate: self.certificate,
            outcome: self.outcome.clone(),
            undelivered: self.undelivered,
        }
    }
}

/// The beginning of a day where this machine stands.
pub fn midnight(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::system()).map_or(Timestamp::MAX, |midnight| midnight.timestamp())
}

fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|error| error.to_string())
}
