//! The eyes of bam-station (pure): the document found on a scan, judged, read (MRZ) and made upright.
//!
//! A package of its own so that the quick build compiles it optimised; the station knows it as `bam_station::imaging`.

pub mod examine;
pub mod locate;
pub mod mrz;
mod number;
pub mod ocr_b;
pub mod placement;
pub mod plane;
pub mod pose;
pub mod quality;
mod region;
pub mod scan;
pub mod upright;

pub use examine::{Examination, examine};
pub use placement::Placement;
pub use quality::Finding;
pub use scan::{ColourMode, RawScan};
pub use upright::Turn;
