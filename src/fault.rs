//! Every fault that a user can meet: code, cause, remedy.
