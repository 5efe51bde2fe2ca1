//! A virtual A6 flatbed as a SANE backend.
