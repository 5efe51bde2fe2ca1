//! The raw scan: the document found on it, its quality judged, its machine readable zone read, made upright; the picture of a
//! signature.

pub mod examine;
pub mod ink;
pub mod locate;
pub mod mrz;
mod number;
mod ocr_b;
pub mod placement;
pub mod plane;
pub mod quality;
mod region;
pub mod specimen;
pub mod upright;

pub use examine::{Examination, examine};
pub use placement::Placement;
pub use quality::Finding;
pub use upright::Turn;
