//! Earlier controls of the same person, as the register has them.

use jiff::Timestamp;

use super::{ActError, Station, journal};
use crate::{
    control::{Control, ControlId, Outcome},
    digest::Digest,
    register::FinishedControl,
    rules::{CertificateKind, Function, Person},
};

/// An earlier control with an accepted scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierControl {
    /// Its name.
    pub id: ControlId,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The upright picture of the document.
    pub upright: Digest,
}

impl Station {
    /// The newest approved control of this person with an accepted scan.
    pub(super) fn newest_scan_of(&self, person: &Person) -> Result<Option<EarlierControl>, ActError> {
        for row in self.approved_newest_first()? {
            let Some(control) = self.control_of(&row, person)? else { continue };
            if let Some(accepted) = control.scan().accepted() {
                let upright = accepted.scan.upright.picture;
                return Ok(Some(EarlierControl { id: control.id(), ended_at: row.completed_at, upright }));
            }
        }
        Ok(None)
    }

    /// Whether this person's qualified certificates were renewed here since the card was issued. A card lives six years and its
    /// qualified certificates three, so the second renewal needs another card (seed 003, item 3.1).
    pub(super) fn was_renewed(&self, person: &Person) -> Result<bool, ActError> {
        let of_cards = |row: &FinishedControl| {
            row.certificate == CertificateKind::Qualified
                && matches!(row.function, Function::NewCard | Function::ReplacementCard | Function::Renewal)
        };
        for row in self.approved_newest_first()?.filter(of_cards) {
            if self.control_of(&row, person)?.is_some() {
                return Ok(row.function == Function::Renewal);
            }
        }
        Ok(false)
    }

    fn approved_newest_first(&self) -> Result<impl Iterator<Item = FinishedControl> + use<>, ActError> {
        let rows = self.register.controls()?;
        Ok(rows.into_iter().rev().filter(|row| row.outcome == Outcome::Approved.as_str()))
    }

    /// The control of a row, when it was about this person. One that cannot be read back tells nothing about anybody.
    fn control_of(&self, row: &FinishedControl, person: &Person) -> Result<Option<Control>, ActError> {
        let entries = self.register.entries(&row.control)?;
        let events: Option<Vec<_>> = entries.iter().map(|entry| journal::event(entry).map(|event| (entry.at, event))).collect();
        let control = events.and_then(|events| Control::replay(&events).ok());
        Ok(control.filter(|control| control.opening().person.is_same_as(person)))
    }
}
