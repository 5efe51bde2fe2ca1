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

mod card_canary;
mod card_command;
mod card_desk;
mod card_hostile;
mod card_opensc;
mod card_pad;
mod card_pin;
mod card_pkcs11;
mod card_pulled;
mod card_readers;
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
mod config_trust;
mod config_whole;
mod control_properties;
mod control_steps;
mod delivery_archive;
mod delivery_command;
mod delivery_desk;
mod delivery_faults;
mod delivery_metrics;
mod delivery_outbox;
mod delivery_receipt;
mod delivery_shared;
mod desk_by_hand;
mod desk_cards;
mod desk_cards_by_hand;
mod desk_cards_pulled;
mod desk_ends;
mod desk_virtual_cards;
mod desk_whole_control;
mod faults;
mod hand_over;
mod hand_over_https;
mod imaging_examine;
mod imaging_specimen;
mod imaging_upright;
mod ink;
mod long_term;
mod long_term_attacks;
mod mrz_text;
mod mrz_unseen;
mod operator_key;
mod power_cut;
mod power_cut_hand_over;
mod power_cut_register;
mod power_cut_seal;
mod raising;
mod read_command;
mod record_schema;
mod register_access;
mod register_command;
mod register_controls;
mod register_evidence;
mod register_export;
mod register_journal;
mod register_purge;
mod register_shared;
mod register_shared_lost;
mod register_tampered;
mod report_pages;
mod rules_cross_check;
mod rules_document_kind;
mod rules_identity_number;
mod rules_issue_process;
mod rules_name;
mod rules_plan;
mod rules_plan_command;
mod rules_role;
mod scanner_backends;
mod scanner_host;
mod scanner_virtual;
mod screens;
mod screens_cards;
mod screens_locked;
mod script_use;
mod scripts;
mod sealed_register;
mod signature;
mod signature_pad;
mod spine;
mod station_attended;
mod station_resume;
mod station_worker;
mod support;
mod support_cards;
mod support_pki;
mod support_postgres;
mod support_scans;
mod support_screens;
mod support_tsa;
mod time_stamp;
mod trust_algorithms;
mod trust_revocation;
mod trust_verdict;
mod verify_command;
mod verify_tamper;
