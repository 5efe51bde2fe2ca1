//! One identity control as a state machine (pure).
