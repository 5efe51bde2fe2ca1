//! The command line, one file per command.
//!
//! Exit codes: 0 done, 1 the answer is no, 2 wrong use or configuration, 3 a device or service failed. With `--json` one JSON
//! document stands on standard output and nothing else; messages for people go to standard error.

pub mod announce;
pub mod authorisation;
pub mod card;
pub mod config;
pub mod control;
pub mod deliver;
pub mod device_host;
pub mod directory;
pub mod exit;
mod file_out;
pub mod notices;
pub mod operator;
pub mod people;
pub mod plan;
pub mod raise;
pub mod read;
pub mod receive;
pub mod register;
pub mod scanner;
pub mod seal;
pub mod selftest;
pub mod specimen;
pub mod support;
pub mod verify;
