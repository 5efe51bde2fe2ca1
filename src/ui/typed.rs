//! What is typed in secret. The screens know how many digits there are; the digits themselves are held here, in memory that is
//! wiped, until they are handed to the one operation that uses them.

use std::rc::Rc;

use bam_station_ui::Secret;
use slint::ComponentHandle as _;
use zeroize::Zeroizing;

use super::Shell;
use crate::secret::{NotAPin, Pin};

/// The digits so far. Room for all of them is taken at once, so that no copy is left behind when they become more.
pub struct Typed(Zeroizing<String>);

impl Default for Typed {
    fn default() -> Self {
        Self(Zeroizing::new(String::with_capacity(4 * Pin::MAX)))
    }
}

impl Typed {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.chars().count()
    }

    /// The key is part of a PIN: one visible character, and one for which there is room.
    pub fn push(&mut self, key: &str) -> bool {
        let mut characters = key.chars();
        let (Some(one), None) = (characters.next(), characters.next()) else { return false };
        // Keys that write nothing come as control characters, or from the private use area.
        let visible = !one.is_control() && !one.is_whitespace() && !('\u{e000}'..='\u{f8ff}').contains(&one);
        if visible && self.count() < Pin::MAX {
            self.0.push(one);
        }
        visible
    }

    /// Takes the last one back.
    pub fn take_back(&mut self) {
        // The place of a digit that is popped is written over by the next one or wiped with the rest.
        self.0.pop();
    }

    /// Forgets everything.
    pub fn erase(&mut self) {
        *self = Self::default();
    }

    /// Whether the other holds the same.
    pub fn is_same(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }

    /// The PIN, or why it cannot be one; nothing is left here.
    pub fn take(&mut self) -> Result<Pin, NotAPin> {
        let mut typed = std::mem::take(self);
        Pin::new(std::mem::take(&mut *typed.0))
    }
}

/// What is typed in the operator's window: a PIN, and its repetition when a new one is chosen.
#[derive(Default)]
pub struct Secrets {
    /// The PIN.
    pub pin: Typed,
    /// The same once more.
    pub repeated: Typed,
}

impl Secrets {
    fn of(&mut self, repeated: bool) -> &mut Typed {
        if repeated { &mut self.repeated } else { &mut self.pin }
    }

    /// Forgets everything.
    pub fn erase(&mut self) {
        *self = Self::default();
    }
}

pub(super) fn connect(shell: &Rc<Shell>) {
    let secret = shell.operator.global::<Secret>();
    let weak = Rc::downgrade(shell);
    secret.on_press(move |repeated, key| {
        weak.upgrade().is_some_and(|here| {
            let taken = here.desk(|desk| !desk.busy() && desk.secrets.of(repeated).push(&key));
            tell(&here);
            taken
        })
    });
    let weak = Rc::downgrade(shell);
    secret.on_take_back(move |repeated| {
        if let Some(here) = weak.upgrade() {
            here.desk(|desk| desk.secrets.of(repeated).take_back());
            tell(&here);
        }
    });
    let weak = Rc::downgrade(shell);
    secret.on_erase(move |repeated| {
        if let Some(here) = weak.upgrade() {
            here.desk(|desk| desk.secrets.of(repeated).erase());
            tell(&here);
        }
    });
}

/// Shows how many there are, and nothing else anew: fingers are fast.
pub(super) fn tell(shell: &Shell) {
    let secret = shell.operator.global::<Secret>();
    let (pin, repeated) = shell.desk(|desk| (desk.secrets.pin.count(), desk.secrets.repeated.count()));
    secret.set_typed(i32::try_from(pin).unwrap_or(i32::MAX));
    secret.set_repeated(i32::try_from(repeated).unwrap_or(i32::MAX));
}
