//! How a command ends.

use std::{
    fmt::Display,
    io::{self, Write as _},
    process::ExitCode,
};

/// Done.
pub const DONE: u8 = 0;
/// The answer is no: refused, not valid.
pub const NO: u8 = 1;
/// Wrong use or configuration.
pub const WRONG_USE: u8 = 2;
/// A device or service failed.
pub const FAILED: u8 = 3;

/// Says on standard error what happened and what to do, with the fault's code.
pub fn complain(code: &str, message: &dyn Display) {
    say(&format_args!("bam-station: {message} [{code}]"));
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
