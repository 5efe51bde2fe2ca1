//! Announcing approved controls to the issuing system from a command, as an open station does by itself.

use jiff::Timestamp;

use super::exit;
use crate::{
    config::Configuration,
    delivery::hand_over::{HandOver, Round},
    register::Register,
    station::DataFolder,
};

/// Announces what waits. What cannot be announced now is told, and waits for the next command or the open station.
pub fn announce(configuration: &Configuration, data: &DataFolder, register: &mut Register) {
    let hand_over = match HandOver::open(&configuration.master.value.hand_over, &data.hand_over()) {
        Ok(Some(hand_over)) => hand_over,
        Ok(None) => return,
        Err(error) => return exit::complain(error.code(), &error),
    };
    match hand_over.drain(register, Round::New, Timestamp::now(), &mut || getrandom::u64().unwrap_or(0)) {
        Err(error) => exit::complain(error.code(), &error),
        Ok(handed) => {
            for (control, state) in handed.changed {
                exit::say(&format_args!("authorisation {}: control {control}", state.word()));
            }
            for (control, code) in handed.failed {
                exit::complain(code, &format_args!("the authorisation of control {control} is not announced yet and waits"));
            }
        }
    }
}
