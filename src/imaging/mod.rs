//! The raw scan made upright; the picture of a signature.

pub mod ink;
