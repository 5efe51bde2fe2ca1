//! Devices behind small traits; vendor code in a process of its own.
//!
//! Cards come through the system's PC/SC service, which keeps the readers' drivers in its own process.
//! Backends of scanners crash, hang and deadlock. They run in a *device host*: the station's own executable, started as
//! `bam-station device-host …`, which speaks in [`frame`]s over standard input and output. [`host`] is the station's side:
//! it starts the process, kills it when it is silent for too long, and starts a new one for the next job.

pub mod card;
pub mod frame;
pub mod host;
pub mod no_dumps;
pub mod pad;
pub mod scanner;
