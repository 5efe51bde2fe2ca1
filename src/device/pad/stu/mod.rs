//! Wacom's STU series: 300, 430, 430V, 500, 520, 530, 540, 541.
//!
//! The pad draws the ink itself, inside the field only; the station draws the screen around it and reads the pen. Pads that
//! count time and samples are asked to, so that a lost sample is known to be lost. The encrypted mode is not used: pad and
//! station are joined by a cable on one desk.

use std::time::{Duration, Instant};

use super::{
    PadControl, PadError, PadInfo, PadOutcome, PadScreen, SignaturePad,
    hid::{self, Hid, HidError, UsbId},
};

pub mod capture;
pub mod report;
pub mod screen;

use capture::{Capture, Deed};
use report::{Capability, Input};
use screen::{Layout, Place};

/// Wacom's number as a maker of USB devices.
const WACOM: u16 = 0x056a;
/// The models and their product numbers.
const MODELS: [(u16, &str); 8] = [
    (0x00a1, "STU-500"),
    (0x00a2, "STU-300"),
    (0x00a3, "STU-520"),
    (0x00a4, "STU-430"),
    (0x00a5, "STU-530"),
    (0x00a6, "STU-430V"),
    (0x00a8, "STU-540"),
    (0x00a9, "STU-541"),
];
/// How long a report is waited for before the wish to stop is looked at.
const GLANCE: Duration = Duration::from_millis(50);
/// How long the pad may take to show a picture.
const PATIENCE: Duration = Duration::from_secs(10);

/// The time since some moment; never goes back.
type Clock = Box<dyn Fn() -> Duration + Send>;

/// A pad of the series.
pub struct Stu<H> {
    device: H,
    info: PadInfo,
    capability: Capability,
    clock: Clock,
}

/// The pads of the series that are connected, with their models.
///
/// # Errors
/// The system tells of no devices.
pub fn connected() -> Result<Vec<(UsbId, &'static str)>, PadError> {
    let known = MODELS.map(|(product, _)| (WACOM, product));
    let model = |id: UsbId| MODELS.into_iter().find(|(product, _)| id == (WACOM, *product)).map(|(_, name)| (id, name));
    Ok(hid::connected(&known)?.into_iter().filter_map(model).collect())
}

/// Opens the pad of this maker and product, or else the first of the series that is connected.
pub fn open(wanted: Option<UsbId>) -> Result<Stu<hidapi::HidDevice>, PadError> {
    let known = MODELS.map(|(product, _)| (WACOM, product));
    let ((maker, product), device) = hid::open_first(wanted.as_ref().map_or(&known, std::slice::from_ref))?;
    let model = MODELS.into_iter().find(|(own, _)| maker == WACOM && *own == product).map_or("STU", |(_, name)| name);
    let started = Instant::now();
    Stu::over(device, model, Box::new(move || started.elapsed()))
}

impl<H: Hid> Stu<H> {
    /// A pad that is reached over `device`. Reports without a time of their own get that of `clock`.
    pub fn over(mut device: H, model: &str, clock: Clock) -> Result<Self, PadError> {
        let mut answer = [0; 17];
        answer[0] = report::CAPABILITY;
        let length = device.get_feature(&mut answer).map_err(failed)?;
        let capability =
            answer.get(..length).and_then(Capability::parse).ok_or(PadError::Protocol("it does not say what it can do"))?;
        let um = |most: u16| u32::from(most) * 25_400 / u32::from(capability.lines_per_inch);
        let info = PadInfo {
            name: format!("Wacom {model}"),
            pixels: (capability.width, capability.height),
            size_um: (um(capability.most_x), um(capability.most_y)),
            field_um: Capture::new(capability).field(),
            rate: capability.rate,
            most_pressure: capability.most_pressure,
        };
        Ok(Self { device, info, capability, clock })
    }

    fn set(&mut self, report: &[u8]) -> Result<(), PadError> {
        self.device.set_feature(report).map_err(failed)
    }

    /// Draws the screen and lets ink flow in the field.
    fn begin(&mut self, screen: &PadScreen) -> Result<(), PadError> {
        let layout = Layout::new(self.capability.width, self.capability.height);
        let picture = layout.picture(screen).ok_or(PadError::Protocol("its screen has no pixels"))?;
        self.set(&[report::INKING, 0])?;
        self.set(&[report::START_IMAGE, report::ONE_BIT])?;
        for part in picture.chunks(report::BLOCK_BYTES) {
            let mut block = vec![report::IMAGE_BLOCK];
            block.extend(u16::try_from(part.len()).unwrap_or_default().to_le_bytes());
            block.extend(part);
            block.resize(report::BLOCK, 0);
            self.set(&block)?;
        }
        self.set(&[report::END_IMAGE, 0])?;
        self.wait_until_ready()?;
        let (left, top, right, bottom) = layout.field();
        let corners = [left + 1, top + 1, right - 1, bottom - 1].map(u16::to_le_bytes).concat();
        self.set(&[&[report::INK_AREA], corners.as_slice()].concat())?;
        match self.device.set_feature(&[report::PEN_MODE, report::TIMED]) {
            // The older pads have no clock.
            Ok(()) | Err(HidError::Refused) => {}
            Err(HidError::Gone) => return Err(PadError::Unplugged),
        }
        self.set(&[report::INKING, 1])
    }

    fn wait_until_ready(&mut self) -> Result<(), PadError> {
        let began = (self.clock)();
        loop {
            let mut status = [report::STATUS, 0, 0, 0, 0];
            let length = self.device.get_feature(&mut status).map_err(failed)?;
            match status {
                _ if length < 3 => return Err(PadError::Protocol("its status is too short")),
                [_, 0, 0, ..] => return Ok(()),
                [_, _, error, ..] if error != 0 => return Err(PadError::Refused(error)),
                _ if (self.clock)().saturating_sub(began) > PATIENCE => {
                    return Err(PadError::Protocol("it does not become ready"));
                }
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn signature(&mut self, screen: &PadScreen, control: &PadControl) -> Result<PadOutcome, PadError> {
        self.begin(screen)?;
        let mut capture = Capture::new(self.capability);
        let mut report = [0; 64];
        while !control.is_cancelled() {
            let length = self.device.read(&mut report, GLANCE).map_err(failed)?;
            let pen = match Input::parse(report.get(..length).unwrap_or_default()) {
                Input::Pen(pen) => pen,
                Input::Encrypted => return Err(PadError::Encrypted),
                Input::Other => continue,
            };
            match capture.take(pen, (self.clock)())? {
                Some(Deed::Ink(ink)) => (control.ink)(ink),
                Some(Deed::Button(Place::Clear)) => {
                    capture.clear();
                    self.begin(screen)?;
                    (control.ink)(super::Ink::Cleared);
                }
                Some(Deed::Button(Place::Cancel)) => return Ok(PadOutcome::Declined),
                // Nothing is accepted that is not there.
                Some(Deed::Button(_)) if capture.has_ink() => return capture.finish().map(PadOutcome::Signed),
                Some(Deed::Button(_)) | None => {}
            }
        }
        Err(PadError::Cancelled)
    }
}

impl<H: Hid> SignaturePad for Stu<H> {
    fn info(&self) -> &PadInfo {
        &self.info
    }

    fn capture(&mut self, screen: &PadScreen, control: &PadControl) -> Result<PadOutcome, PadError> {
        let outcome = self.signature(screen, control);
        // No signature stays on a screen for the next in line; a pad that is gone shows nothing.
        let _ = self.set(&[report::INKING, 0]).and_then(|()| self.set(&[report::CLEAR, 0]));
        outcome
    }
}

fn failed(error: HidError) -> PadError {
    match error {
        HidError::Gone => PadError::Unplugged,
        HidError::Refused => PadError::Protocol("it does not know a command"),
    }
}
