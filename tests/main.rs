//! The tests of bam-station: one file per concern, one crate, so that linking happens once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::pedantic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    missing_docs
)]

mod config_broken;
mod config_command;
mod config_documents;
mod config_local;
mod config_master;
mod config_terms;
mod config_whole;
mod delivery_archive;
mod delivery_command;
mod delivery_desk;
mod delivery_outbox;
mod delivery_receipt;
mod faults;
mod ink;
mod report_pages;
mod operator_key;
mod power_cut_register;
mod register_access;
mod register_command;
mod register_controls;
mod register_evidence;
mod register_journal;
mod rules_identity_number;
mod rules_issue_process;
mod rules_name;
mod rules_plan;
mod rules_plan_command;
mod imaging_specimen;
mod imaging_upright;
mod scanner_backends;
mod scanner_host;
mod scanner_virtual;
mod signature;
mod verify_tamper;
mod control_properties;
mod control_steps;
mod power_cut;
mod spine;
mod support;
mod screens;
mod support_screens;
