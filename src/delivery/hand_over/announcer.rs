//! The thread that hands over while the station runs.

use std::{
    io,
    sync::mpsc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{HandOver, HandedOver, Round};
use crate::register::{Register, RegisterError};

/// The pause between two looks into the register for what is new.
const PAUSE: Duration = Duration::from_secs(2);
/// The pause between two questions about what is open.
const PAUSE_BETWEEN_QUESTIONS: Duration = Duration::from_mins(1);

/// Announces approved controls until it is dropped.
pub struct Announcer {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Announcer {
    /// Starts the thread. `changed` is told after each round that changed or failed something, and of a register that fails.
    ///
    /// # Errors
    /// When the system has no room for another thread.
    pub fn start(
        hand_over: HandOver,
        mut register: Register,
        changed: impl Fn(&Result<HandedOver, RegisterError>) + Send + 'static,
    ) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = thread::Builder::new().name("announcer".to_owned()).spawn(move || {
            let mut asked: Option<Instant> = None;
            loop {
                let all = asked.is_none_or(|asked| asked.elapsed() >= PAUSE_BETWEEN_QUESTIONS);
                if all {
                    asked = Some(Instant::now());
                }
                let round = if all { Round::All } else { Round::New };
                let outcome = hand_over.drain(&mut register, round, Timestamp::now(), &mut || getrandom::u64().unwrap_or(0));
                if !matches!(&outcome, Ok(handed) if handed.changed.is_empty() && handed.failed.is_empty()) {
                    changed(&outcome);
                }
                if stopped.recv_timeout(PAUSE) == Err(mpsc::RecvTimeoutError::Disconnected) {
                    return;
                }
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Announcer {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It has nothing to hand over; that it is gone is all that counts.
            drop(thread.join());
        }
    }
}
