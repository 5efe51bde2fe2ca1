//! The shell that wires devices, core and register together.
