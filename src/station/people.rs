//! Earlier controls of the same person, as the register has them.
//!
//! They are found through the register's keyed index: tokens of what is sure about a person (identity number, user name, name with
//! birth date), written alike. What is found is opened and compared in full; a token alone decides nothing.

use std::{collections::BTreeSet, slice};

use jiff::Timestamp;

use super::{ActError, Station, cards::notices_of, journal};
use crate::{
    control::{Control, ControlId, Event, Outcome},
    digest::Digest,
    register::{ControlProblem, FinishedControl, Notice, PersonKey, QueuedNotice, REGISTER_STREAM, Register, RegisterError},
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
            let keys = keys_of_control(register, &row)?;
            found.push((row.control, keys));
        }
        register.index_people(&found)?;
    }
}

/// Compares the index of people with the controls that it is made from, and the notices that wait or were sent with the events that
/// caused them. `progress` is told controls done and controls in all.
///
/// This presumes that [`Register::verify_controls`] has found no fault, and that what is sealed can be opened.
///
/// # Errors
/// Only when something cannot be read; what does not hold is in the answer.
pub fn verify_people(register: &Register, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<ControlProblem>, RegisterError> {
    let mut problems = register.verify_people(&|row| keys_of_control(register, row), progress)?;
    let streams = register.streams()?.into_iter().filter(|stream| stream != REGISTER_STREAM);
    let with_notices = register.controls_with_notices()?;
    let all: BTreeSet<String> = streams.chain(with_notices).collect();
    for control in all {
        if let Some(what) = fault_of_notices(register, &control)? {
            problems.push(ControlProblem { control, what });
        }
    }
    Ok(problems)
}

/// Empties the index of people and makes it anew.
pub fn make_index_anew(register: &mut Register) -> Result<(), RegisterError> {
    register.forget_people_index()?;
    bring_up_to_date(register)
}

/// The notices about a control are those that its events caused: to whom and about whom. Their words may be those of another version of
/// this program; that they are about this control and these people is compared.
fn fault_of_notices(register: &Register, control: &str) -> Result<Option<String>, RegisterError> {
    let entries = register.entries(control)?;
    let events: Option<Vec<_>> = entries.iter().map(|entry| journal::event(entry).map(|event| (entry.at, event))).collect();
    // What another version of the program has written there is not known here.
    let Some(events) = events else { return Ok(None) };
    let (caused, holder): (Vec<Notice>, _) = match Control::replay(&events) {
        Ok(replayed) => {
            let caused = events.iter().flat_map(|(_, event)| notices_of(&replayed, slice::from_ref(event)));
            (caused.collect(), replayed.opening().person.full_name())
        }
        Err(_) if events.is_empty() => (Vec::new(), String::new()),
        Err(_) => return Ok(None),
    };
    let kept = match register.notices(control) {
        Err(RegisterError::Damaged(_)) => return Ok(Some("its notices are not what was written".to_owned())),
        Err(RegisterError::Seal(error)) if error.is_damage() => {
            return Ok(Some("its notices are not what was written".to_owned()));
        }
        kept => kept?,
    };
    let same = |(caused, kept): (&Notice, &QueuedNotice)| {
        let Notice { recipient, name, user_name, text } = &kept.notice;
        (recipient, name, user_name) == (&caused.recipient, &caused.name, &caused.user_name)
            && [&text.nb, &text.en].iter().all(|text| text.contains(control) && text.contains(holder.as_str()))
    };
    let right = caused.len() == kept.len() && caused.iter().zip(&kept).all(same);
    Ok((!right).then(|| "its notices are not those that its events caused".to_owned()))
}

/// The keys under which a control belongs into the index.
fn keys_of_control(register: &Register, row: &FinishedControl) -> Result<Vec<PersonKey>, RegisterError> {
    let first = if is_approved(row) { register.first_entry(&row.control)? } else { None };
    Ok(match first.as_ref().and_then(journal::event) {
        Some(Event::Opened(opening)) => keys_of(&opening.person),
        _ => Vec::new(),
    })
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
