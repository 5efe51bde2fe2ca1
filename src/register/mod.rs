//! The document register: journal, evidence, outbox.
