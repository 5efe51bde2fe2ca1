//! The readers of the PC/SC service, and what is in them.

use std::{
    ffi::{CStr, CString},
    sync::mpsc::sync_channel,
    thread,
    time::{Duration, Instant},
};

use pcsc::{Context, Disposition, Protocols, ReaderState, Scope, ShareMode, State};
use serde::{Deserialize, Serialize};

use super::CardError;

/// A card reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderInfo {
    /// Its name in PC/SC, for example `Gemalto USB SmartCard Reader 00 00`.
    pub name: String,
    /// Whether there is a card in it.
    pub card: bool,
}

/// How long a reader may take to notice that its card is gone, on a busy machine too.
const NOTICE: Duration = Duration::from_secs(3);

/// The readers that are connected, in the service's order.
pub fn readers() -> Result<Vec<ReaderInfo>, CardError> {
    let context = connect()?;
    let names = names(&context)?;
    names.into_iter().map(|name| Ok(ReaderInfo { card: has_card(&context, &name)?, name: text(&name) })).collect()
}

/// The reader that is meant: the one of this name, or else the only one with this in its name; without a name the only one.
pub fn choose<'r>(readers: &'r [ReaderInfo], name: Option<&str>) -> Result<&'r ReaderInfo, CardError> {
    if let Some(exact) = readers.iter().find(|reader| Some(reader.name.as_str()) == name) {
        return Ok(exact);
    }
    let mut fitting = readers.iter().filter(|reader| name.is_none_or(|part| reader.name.contains(part)));
    match (fitting.next(), fitting.next()) {
        (Some(reader), None) => Ok(reader),
        (Some(_), Some(_)) => Err(CardError::SeveralReaders),
        (None, _) => Err(CardError::NoReader),
    }
}

/// Lets the card in this reader forget a PIN that a PKCS#11 module has left verified, as OpenSC does: C_Logout does not reach
/// every card. Where the reader's name is not one of PC/SC there is nothing to do.
///
/// It takes no longer than `patience`, even when somebody keeps the card.
pub fn reset_card(reader: &str, patience: Duration) {
    let reader = reader.to_owned();
    let (sender, done) = sync_channel(1);
    let thread = thread::Builder::new().name("card reset".into()).spawn(move || {
        let reset = || -> Option<()> {
            let context = connect().ok()?;
            // PKCS#11 cuts a name after 64 bytes.
            let fits = |name: &CString| text(name) == reader || reader.len() >= 60 && text(name).starts_with(&reader);
            let name = names(&context).ok()?.into_iter().find(fits)?;
            let card = context.connect(&name, ShareMode::Shared, Protocols::ANY).ok()?;
            card.disconnect(Disposition::ResetCard).ok()
        };
        // A card that is gone has forgotten everything.
        let _ = reset();
        let _ = sender.send(());
    });
    if thread.is_ok() {
        let _ = done.recv_timeout(patience);
    }
}

/// A connection to the service. Each thread needs its own: a wait in one blocks every other call in the same.
pub fn connect() -> Result<Context, CardError> {
    Ok(Context::establish(Scope::User)?)
}

/// The readers' names; empty without readers.
pub fn names(context: &Context) -> Result<Vec<CString>, CardError> {
    match context.list_readers_owned() {
        Ok(names) => Ok(names),
        Err(pcsc::Error::NoReadersAvailable) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// A reader's name for people.
pub fn text(name: &CStr) -> String {
    name.to_string_lossy().into_owned()
}

/// Whether a card is in the reader now.
pub fn has_card(context: &Context, reader: &CStr) -> Result<bool, CardError> {
    Ok(state(context, reader)?.contains(State::PRESENT))
}

/// Whether the card has gone, given that something went wrong with it. The reader may notice a moment later than the card's
/// silence is felt.
pub fn is_card_gone(context: &Context, reader: &CStr) -> bool {
    let deadline = Instant::now() + NOTICE;
    let mut states = [ReaderState::new(reader, State::UNAWARE)];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if context.get_status_change(left, &mut states).is_err() {
            return false;
        }
        for state in &mut states {
            if !state.event_state().contains(State::PRESENT) {
                return true;
            }
            state.sync_current_state();
        }
    }
}

fn state(context: &Context, reader: &CStr) -> Result<State, CardError> {
    let mut states = [ReaderState::new(reader, State::UNAWARE)];
    context.get_status_change(Duration::ZERO, &mut states)?;
    Ok(states.iter().map(ReaderState::event_state).next().unwrap_or(State::UNKNOWN))
}
