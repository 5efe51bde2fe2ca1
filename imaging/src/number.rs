//! Between counts of pixels and measures: each conversion once, and bounded.

/// A count as a measure. Exact up to sixteen million; a side of a picture is far below that.
#[allow(clippy::cast_precision_loss, reason = "a side of a picture has far fewer than 2^24 pixels")]
pub const fn real(count: usize) -> f32 {
    count as f32
}

/// A measure as the nearest count; 0 for what is below, or no number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the conversion saturates")]
pub const fn count(measure: f32) -> usize {
    // What is below a half, negatives included, saturates to 0.
    (measure + 0.5) as usize
}

/// The whole part of a measure; 0 for what is below, or no number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the conversion saturates")]
pub const fn floor(measure: f32) -> usize {
    measure as usize
}

/// A measure as the nearest whole number.
#[allow(clippy::cast_possible_truncation, reason = "the conversion saturates")]
pub const fn whole(measure: f32) -> i32 {
    measure.round() as i32
}

/// A measure as a grey value, 0 to 255.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the conversion saturates")]
pub const fn grey(measure: f32) -> u8 {
    (measure + 0.5) as u8
}

/// The value below which `share` (0 to 1) of the counted values lie.
pub fn percentile(histogram: &[usize; 256], share: f32) -> u8 {
    let wanted = count(real(histogram.iter().sum()) * share);
    let mut seen = 0;
    for (value, number) in (0_u8..=255).zip(histogram) {
        seen += number;
        if seen > wanted {
            return value;
        }
    }
    255
}
