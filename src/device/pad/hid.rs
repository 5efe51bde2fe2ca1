//! The way to a HID device: three calls, so that a recorded stream of reports can stand in its place.

use std::time::Duration;

use hidapi::{HidApi, HidDevice};

use super::PadError;

/// Why a call to a HID device failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HidError {
    /// The device is gone.
    #[error("the device is gone")]
    Gone,
    /// The device does not know this report.
    #[error("the device does not know this report")]
    Refused,
}

/// A HID device. The first byte of every report is its id.
pub trait Hid: Send {
    /// Fills `report`, whose first byte is the id that is asked for; gives back how many bytes came.
    fn get_feature(&mut self, report: &mut [u8]) -> Result<usize, HidError>;

    /// Sends a feature report.
    fn set_feature(&mut self, report: &[u8]) -> Result<(), HidError>;

    /// The next input report, waiting at most so long; 0 bytes when none came.
    fn read(&mut self, report: &mut [u8], wait: Duration) -> Result<usize, HidError>;
}

impl Hid for HidDevice {
    fn get_feature(&mut self, report: &mut [u8]) -> Result<usize, HidError> {
        self.get_feature_report(report).map_err(|_| still_there(self))
    }

    fn set_feature(&mut self, report: &[u8]) -> Result<(), HidError> {
        self.send_feature_report(report).map_err(|_| still_there(self))
    }

    fn read(&mut self, report: &mut [u8], wait: Duration) -> Result<usize, HidError> {
        self.read_timeout(report, i32::try_from(wait.as_millis()).unwrap_or(i32::MAX)).map_err(|_| HidError::Gone)
    }
}

/// A refused report and a device that was pulled out fail alike; reading tells them apart. An input report that waits may be lost
/// by it, so feature reports that may be refused are sent before the pen can draw.
fn still_there(device: &HidDevice) -> HidError {
    match device.read_timeout(&mut [], 0) {
        Ok(_) => HidError::Refused,
        Err(_) => HidError::Gone,
    }
}

/// A device's maker and product, as USB numbers them.
pub type UsbId = (u16, u16);

/// Which of `wanted` are connected, each once.
///
/// # Errors
/// [`PadError::NotOpened`]
pub fn connected(wanted: &[UsbId]) -> Result<Vec<UsbId>, PadError> {
    let system = HidApi::new().map_err(|error| PadError::NotOpened(error.to_string()))?;
    let mut found: Vec<UsbId> = system.device_list().map(|device| (device.vendor_id(), device.product_id())).collect();
    found.retain(|id| wanted.contains(id));
    found.sort_unstable();
    // A device with several interfaces is listed once for each.
    found.dedup();
    Ok(found)
}

/// Opens the first device that is connected and one of `wanted`: which one, and the device.
pub fn open_first(wanted: &[UsbId]) -> Result<(UsbId, HidDevice), PadError> {
    let not_opened = |error: hidapi::HidError| PadError::NotOpened(error.to_string());
    let system = HidApi::new().map_err(not_opened)?;
    let id = |device: &hidapi::DeviceInfo| (device.vendor_id(), device.product_id());
    let found = system.device_list().find(|device| wanted.contains(&id(device))).ok_or(PadError::NoPad)?;
    Ok((id(found), found.open_device(&system).map_err(not_opened)?))
}
