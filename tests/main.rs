//! The tests of bam-station: one file per concern, one crate, so that linking happens once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::pedantic,
    clippy::print_stdout,
    clippy::type_complexity,
    clippy::wrong_self_convention,
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
mod config_certificate;
mod config_command;
mod config_documents;
mod config_draft;
mod config_edit;
mod config_edit_records;
mod config_last_good;
mod config_local;
mod config_master;
mod config_signature;
mod config_terms;
mod config_trust;
mod config_whole;
mod control_properties;
mod control_steps;
mod control_zone;
mod delivery_archive;
mod delivery_command;
mod delivery_desk;
mod delivery_faults;
mod delivery_metrics;
mod delivery_outbox;
mod delivery_receipt;
mod delivery_shared;
mod desk_administration;
mod desk_administration_card;
mod desk_administration_local;
mod desk_attended;
mod desk_by_hand;
mod desk_cards;
mod desk_cards_by_hand;
mod desk_cards_pulled;
mod desk_directory;
mod desk_ends;
mod desk_pad;
mod desk_roles;
mod desk_scan;
mod desk_scan_seen;
mod desk_touch;
mod desk_virtual_cards;
mod desk_whole_control;
mod directory_command;
mod directory_large;
mod directory_look_up;
mod faults;
mod flipped_bytes;
mod hand_over;
mod hand_over_https;
mod imaging_examine;
mod imaging_pose;
mod imaging_specimen;
mod imaging_upright;
mod ink;
mod languages;
mod long_term;
mod long_term_attacks;
mod long_term_kinds;
mod messages;
mod mrz_text;
mod mrz_unseen;
mod notices_mail;
mod operator_key;
mod pen_to_ink;
mod people_import;
mod people_import_beside;
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
mod register_lost_desk;
mod register_purge;
mod register_reports;
mod register_shared;
mod register_shared_lost;
mod register_tables;
mod register_tampered;
mod report_pages;
mod rules_conditions;
mod rules_cross_check;
mod rules_document_kind;
mod rules_identity_number;
mod rules_issue_process;
mod rules_name;
mod rules_plan;
mod rules_plan_command;
mod rules_role;
mod scan_examined;
mod scanner_backends;
mod scanner_host;
mod scanner_session;
mod scanner_session_damaged;
mod scanner_virtual;
mod screens;
mod screens_administration;
mod screens_cards;
mod screens_devices;
mod screens_fingers;
mod screens_heartbeat;
mod screens_locked;
mod screens_looks;
mod screens_private;
mod screens_scroll;
mod script_use;
mod scripts;
mod seal_cards;
mod sealed_register;
mod selftest;
mod signature;
mod signature_pad;
mod spine;
mod station_attended;
mod station_log;
mod station_resume;
mod station_worker;
mod support;
mod support_bundle;
mod support_cards;
mod support_directory;
mod support_mail;
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
mod verify_pages;
mod verify_tamper;
