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

mod card_command;
mod card_desk;
mod card_hostile;
mod card_opensc;
mod card_pin;
mod card_pulled;
mod card_signing;
mod config_broken;
mod config_command;
mod config_documents;
mod config_edit;
mod config_last_good;
mod config_local;
mod config_master;
mod config_signature;
mod config_terms;
mod config_whole;
mod control_properties;
mod control_steps;
mod delivery_archive;
mod delivery_command;
mod delivery_desk;
mod delivery_outbox;
mod delivery_receipt;
mod desk_by_hand;
mod desk_ends;
mod desk_whole_control;
mod faults;
mod imaging_examine;
mod imaging_specimen;
mod imaging_upright;
mod ink;
mod mrz_text;
mod mrz_unseen;
mod operator_key;
mod power_cut;
mod power_cut_register;
mod read_command;
mod register_access;
mod register_command;
mod register_controls;
mod register_evidence;
mod register_journal;
mod register_tampered;
mod report_pages;
mod rules_identity_number;
mod rules_issue_process;
mod rules_name;
mod rules_plan;
mod rules_plan_command;
mod scanner_backends;
mod scanner_host;
mod scanner_virtual;
mod screens;
mod script_use;
mod scripts;
mod signature;
mod spine;
mod station_attended;
mod station_resume;
mod station_worker;
mod support;
mod support_scans;
mod support_screens;
mod trust_algorithms;
mod verify_command;
mod verify_tamper;
