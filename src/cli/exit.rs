//! How a command ends.

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

use crate::fault;

/// Done.
pub const DONE: u8 = 0;
/// The answer is no: refused, not valid.
pub const NO: u8 = 1;
/// Wrong use or configuration.
pub const WRONG_USE: u8 = 2;
/// A device or service failed.
pub const FAILED: u8 = 3;

/// Says on standard error what happened, with the fault's code, and what to do.
pub fn complain(code: &str, message: &dyn Display) {
    complain_to(&mut io::stderr().lock(), code, message);
}

/// The same at another place for messages to people. Every command tells a fault in this form:
///
/// ```text
/// bam-station: what happened (CODE)
///   what to do
/// ```
pub fn complain_to(messages: &mut dyn Write, code: &str, message: &dyn Display) {
    // A closed standard error is no reason to stop the work.
    drop(writeln!(messages, "bam-station: {message} ({code})"));
    if let Some(known) = fault::lookup(code) {
        drop(writeln!(messages, "  {}", known.remedy.en));
    }
}

/// A line for people, on standard error.
pub fn say(line: &dyn Display) {
    // A closed standard error is no reason to stop the work.
    drop(writeln!(io::stderr().lock(), "{line}"));
}

/// A line on standard output; a closed output is a failure.
pub fn print(line: &dyn Display) -> Result<(), ExitCode> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|_| ExitCode::from(FAILED))
}
