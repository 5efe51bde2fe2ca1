//! MASTER.toml and LOCAL.toml.
