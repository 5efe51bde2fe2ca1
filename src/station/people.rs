//! Earlier controls of the same person, as the register has them.
//!
//! They are found through the register's keyed index: tokens of what is sure about a person (identity number, user name, name with
//! birth date), written alike. What is found is opened and compared in full; a token alone decides nothing.

use jiff::Timestamp;

use super::{ActError, Station, journal};
use crate::{
    control::{Control, ControlId, Event, Outcome},
    digest::Digest,
    register::{FinishedControl, PersonKey, Register, RegisterError},
    rules::{CertificateKind, Function, Person, name::alike},
};

/// So many controls enter the index in one transaction.
const BATCH: u16 = 200;

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
        for row in self.approved_newest_first(person)? {
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
        for row in self.approved_newest_first(person)?.filter(of_cards) {
            if self.control_of(&row, person)?.is_some() {
                return Ok(row.function == Function::Renewal);
            }
        }
        Ok(false)
    }

    /// The approved controls that may be about this person.
    fn approved_newest_first(&self, person: &Person) -> Result<impl Iterator<Item = FinishedControl> + use<>, ActError> {
        let rows = self.register.controls_of_person(&keys_of(person))?;
        Ok(rows.into_iter().filter(is_approved))
    }

    /// The control of a row, when it was about this person. One that cannot be read back tells nothing about anybody.
    fn control_of(&self, row: &FinishedControl, person: &Person) -> Result<Option<Control>, ActError> {
        let entries = self.register.entries(&row.control)?;
        let events: Option<Vec<_>> = entries.iter().map(|entry| journal::event(entry).map(|event| (entry.at, event))).collect();
        let control = events.and_then(|events| Control::replay(&events).ok());
        Ok(control.filter(|control| control.opening().person.is_same_as(person)))
    }
}

/// Puts the people of the controls that were registered since into the register's index. It goes on where it was interrupted.
pub(super) fn bring_up_to_date(register: &mut Register) -> Result<(), RegisterError> {
    loop {
        let waiting = register.controls_to_index(BATCH)?;
        if waiting.is_empty() {
            return Ok(());
        }
        let mut found = Vec::with_capacity(waiting.len());
        for row in waiting {
            let first = if is_approved(&row) { register.first_entry(&row.control)? } else { None };
            let keys = match first.as_ref().and_then(journal::event) {
                Some(Event::Opened(opening)) => keys_of(&opening.person),
                _ => Vec::new(),
            };
            found.push((row.control, keys));
        }
        register.index_people(&found)?;
    }
}

fn is_approved(row: &FinishedControl) -> bool {
    row.outcome == Outcome::Approved.as_str()
}

/// Two people of whom [`Person::is_same_as`] holds have one of these in common.
fn keys_of(person: &Person) -> Vec<PersonKey> {
    let number = person.identity_number.as_ref().map(|number| PersonKey::new("identity-number", number.digits().to_owned()));
    let user = person.user_name.as_deref().map(|name| PersonKey::new("user-name", alike(name)));
    let born = person.birth_date.map(|date| PersonKey::new("born-and-named", format!("{date} {}", alike(&person.full_name()))));
    number.into_iter().chain(user).chain(born).collect()
}
