//! Whatever comes out of a signature pad's cable: strokes or an error, never a panic, and no more points than reports.
#![no_main]

use std::time::Duration;

use bam_station::device::pad::stu::{
    capture::Capture,
    report::{Capability, Input},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((head, stream)) = data.split_at_checked(16) else { return };
    let Some(capability) = Capability::parse(&[&[0x09], head].concat()) else { return };
    let mut capture = Capture::new(capability);
    let mut reports = 0;
    for (number, report) in stream.chunks(11).enumerate() {
        reports += 1;
        if let Input::Pen(pen) = Input::parse(report) {
            let now = Duration::from_millis(u64::try_from(number).unwrap_or(u64::MAX) * 5);
            if capture.take(pen, now).is_err() {
                return;
            }
        }
    }
    if let Ok(strokes) = capture.finish() {
        assert!(strokes.points() <= reports);
    }
});
