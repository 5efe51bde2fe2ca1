//! The finished controls of other days, for the operator's history: found by time, function, outcome and person, with names only
//! for whom they concern.

use jiff::Timestamp;

use super::{Station, journal, worker::ListedControl};
use crate::{
    control::{Event, Operator},
    register::{ControlFilter, RegisterError},
    rules::{Function, role::Role},
};

/// Most controls that one search tells.
pub const MOST_FOUND: usize = 200;
/// Longest part of a name that is looked for, characters.
const LONGEST_NAME: usize = 120;

/// What is looked for; the default is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Ended at this instant or later.
    pub from: Option<Timestamp>,
    /// What the holder came for.
    pub function: Option<Function>,
    /// How it ended, such as `approved`.
    pub outcome: Option<String>,
    /// Part of the person's name; found only where the name may be seen.
    pub person: String,
}

/// Whether the operator who is signed in sees the names of all controls: an RA-ADMIN does; an operator sees those of the own
/// controls and of today's.
pub fn sees_all(station: &Station) -> bool {
    station.signed_in().is_some_and(|signed_in| signed_in.role() == Role::RaAdmin)
}

/// The controls, newest first. A name that may not be seen is empty. Nobody is told anything at a desk without an operator.
pub fn search(station: &Station, search: &Search) -> Result<Vec<ListedControl>, RegisterError> {
    let Some(signed_in) = station.signed_in().filter(|_| !station.locked()) else { return Ok(vec![]) };
    let (all, operator) = (sees_all(station), signed_in.operator().clone());
    let zone = station.configuration().zone();
    let today = station.now().today;
    let filter = ControlFilter {
        from: search.from,
        function: search.function,
        outcome: search.outcome.clone(),
        ..ControlFilter::default()
    };
    let wanted: String = search.person.trim().to_lowercase().chars().take(LONGEST_NAME).collect();
    let deliveries = station.register().deliveries()?;
    let delivered = |id: &str| deliveries.iter().find(|state| state.control == id).map(|state| state.delivered_at.is_some());
    let mut found = Vec::new();
    for row in station.register().controls_where(&filter)?.into_iter().rev() {
        let of_today = row.completed_at.to_zoned(zone.clone()).date() == today;
        let first = station.register().first_entry(&row.control)?.as_ref().and_then(journal::event);
        let (name, by) = match first {
            Some(Event::Opened(opening)) => (opening.person.full_name(), Some(opening.operator)),
            Some(Event::OpeningRefused(refused)) => (refused.person.full_name(), None),
            _ => (String::new(), None),
        };
        let seen = all || of_today || by.is_some_and(|by| is_same(&by, &operator));
        let person = if seen { name } else { String::new() };
        if !wanted.is_empty() && !person.to_lowercase().contains(&wanted) {
            continue;
        }
        found.push(ListedControl {
            delivered: delivered(&row.control),
            id: row.control,
            person,
            function: row.function,
            certificate: row.certificate,
            outcome: row.outcome,
            ended_at: row.completed_at,
        });
        if found.len() == MOST_FOUND {
            break;
        }
    }
    Ok(found)
}

fn is_same(one: &Operator, other: &Operator) -> bool {
    one.certificate_issuer == other.certificate_issuer && one.certificate_serial == other.certificate_serial
}
