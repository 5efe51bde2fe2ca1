//! The command line, one file per command.

pub mod config;
pub mod device_host;
pub mod deliver;
pub mod plan;
pub mod receive;
pub mod register;
pub mod specimen;
pub mod operator;
pub mod verify;
