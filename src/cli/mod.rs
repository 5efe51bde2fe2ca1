//! The command line, one file per command.

pub mod operator;
pub mod plan;
pub mod verify;
