//! The raw scan made upright; the picture of a signature.

pub mod specimen;
pub mod upright;

pub use upright::Turn;
