//! Whatever a scanner delivers: examined without a panic, in bounded memory and time.
#![no_main]

use bam_station_imaging::{ColourMode, RawScan, examine};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [width, height, dpi, mode, pixels @ ..] = data else { return };
    let mode = if mode & 1 == 0 { ColourMode::Grey } else { ColourMode::Colour };
    let (width, height) = (1 + usize::from(*width) * 4, 1 + usize::from(*height) * 4);
    // A few bytes become a whole picture; a size that does not fit stays one in sixteen times.
    let size = width * height * mode.bytes_per_pixel();
    let pixels: Vec<u8> = if dpi & 15 == 0 { pixels.to_vec() } else { pixels.iter().copied().cycle().take(size).collect() };
    let raw = RawScan {
        width_px: u32::try_from(width).unwrap_or(1),
        height_px: u32::try_from(height).unwrap_or(1),
        dpi: u16::from(*dpi) * 5,
        mode,
        pixels,
        device: String::new(),
    };
    if let Ok(seen) = examine(&raw, None)
        && let Some(placement) = seen.placement
    {
        let _ = placement.upright(&raw);
    }
});
