//! How far a long check has come: a bar on a terminal, now and then a line elsewhere.

use std::io::Write;

/// Tells progress on the place for messages to people.
pub struct Progress<'a> {
    messages: &'a mut dyn Write,
    terminal: bool,
    shown: Option<u64>,
}

/// The bar's length in characters.
const BAR: u64 = 30;

impl<'a> Progress<'a> {
    /// `terminal`: the messages go to a terminal, where a line can be written over.
    pub fn new(messages: &'a mut dyn Write, terminal: bool) -> Self {
        Self { messages, terminal, shown: None }
    }

    /// `done` of `total` are done. Progress is a courtesy: the work goes on when nobody reads it.
    pub fn tell(&mut self, what: &str, done: u64, total: u64) {
        let hundredths = done.saturating_mul(100).checked_div(total).unwrap_or(100).min(100);
        if self.terminal {
            if self.shown == Some(hundredths) && done != total {
                return;
            }
            self.shown = Some(hundredths);
            let full = usize::try_from(hundredths * BAR / 100).unwrap_or_default();
            let rest = usize::try_from(BAR).unwrap_or_default().saturating_sub(full);
            let (full, rest) = ("#".repeat(full), ".".repeat(rest));
            let _ = write!(self.messages, "\r[{full}{rest}] {hundredths:>3} %  {what}: {done} of {total}");
            if done == total {
                self.shown = None;
                let _ = writeln!(self.messages);
            }
            let _ = self.messages.flush();
        } else if done == total || done.is_multiple_of(1000) {
            let _ = writeln!(self.messages, "{what}: {done} of {total}");
        }
    }
}
