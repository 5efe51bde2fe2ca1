//! The raw scan made upright; the picture of a signature.

pub mod ink;
pub mod specimen;
pub mod upright;

pub use upright::Turn;
