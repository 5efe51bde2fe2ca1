//! OCR-B, the typeface of machine readable zones (ISO 1073-2).

/// The typeface.
pub const FONT: &[u8] = include_bytes!("../../assets/fonts/OCRB.otf");

/// Height of the capitals in a machine readable zone, in millimetres (ISO 1073-2, size I).
pub const CAPITAL_MM: f32 = 2.4;
