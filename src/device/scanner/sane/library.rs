//! The boundary to libsane: what the station asks of it, and nothing more.
//!
//! Behind it stands libsane itself ([`super::ffi`]), libsane with a recorder beside it, or a recorded session
//! ([`super::session`]). What sets a scanner up and reads its picture cannot tell which.

use super::ffi::{FoundDevice, Opt, Parameters, Status, Value};
use crate::device::scanner::wire::Ask;

/// libsane, or what stands in its place.
pub trait Library {
    /// Told what the station wants, before the calls that this leads to.
    fn asked(&self, _ask: &Ask) {}

    /// The devices that can be reached now.
    fn devices(&self) -> Result<Vec<FoundDevice>, Status>;

    /// Opens a device; it is closed when dropped.
    fn open(&self, name: &str) -> Result<Box<dyn Device + '_>, Status>;
}

/// An open device.
pub trait Device {
    /// All options as they are now.
    fn options(&self) -> Result<Vec<Opt>, Status>;

    /// Sets the option of this number and reads back what was taken.
    fn set(&self, index: i32, value: &Value) -> Result<Value, Status>;

    /// Starts a scan.
    fn start(&self) -> Result<(), Status>;

    /// The shape of the picture; reliable only after [`Device::start`].
    fn parameters(&self) -> Result<Parameters, Status>;

    /// Reads the next bytes into `buffer` and says how many.
    fn read(&self, buffer: &mut [u8]) -> Result<usize, Status>;

    /// Ends a scan, whole or not; due after every [`Device::start`].
    fn cancel(&self);
}
