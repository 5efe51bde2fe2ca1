//! A module's readers, told as they change.

use std::{thread, time::Duration};

use super::{
    Module, bounded, out_of_turn,
    wire::{Answer, Task},
};
use crate::device::card::{CardError, ReaderInfo};

/// A device host that watches says something every two seconds; after this time it hangs.
const HANG: Duration = Duration::from_secs(30);
/// How long to wait before a module that failed is started anew.
const RETRY: Duration = Duration::from_secs(2);

/// Watches a module's readers on a thread of its own, until `tell` says that nobody listens any more.
///
/// It has a device host to itself, so that a card that goes is noticed while an operation hangs.
pub fn watch(
    module: Module,
    mut tell: impl FnMut(Result<Vec<ReaderInfo>, CardError>) -> bool + Send + 'static,
) -> Result<(), CardError> {
    let thread = thread::Builder::new().name("module watch".into()).spawn(move || {
        while let Some(error) = listen(&module, &mut tell) {
            if !tell(Err(error)) {
                return;
            }
            thread::sleep(RETRY);
        }
    });
    thread.map(drop).map_err(|_| CardError::System)
}

/// Passes on what one device host tells; why it ended, or `None` when nobody listens any more.
fn listen(module: &Module, tell: &mut impl FnMut(Result<Vec<ReaderInfo>, CardError>) -> bool) -> Option<CardError> {
    let mut talk = match module.begin(Task::Watch, &[], HANG) {
        Ok(talk) => talk,
        Err(error) => return Some(error),
    };
    loop {
        match talk.next() {
            Ok((Answer::Readers(readers), _)) => {
                if !tell(Ok(bounded(readers))) {
                    return None;
                }
                talk.extend(HANG);
            }
            Ok(_) => return Some(out_of_turn()),
            Err(error) => return Some(error),
        }
    }
}
