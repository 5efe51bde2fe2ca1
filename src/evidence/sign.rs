//! PAdES signature.
