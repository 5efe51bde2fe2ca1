//! The station itself: its configuration, its clock, its data folder.

use jiff::{SignedDuration, Timestamp};

use super::{Detail, Found, TestedDesk};
use crate::{config::Language, evidence::sign::KeyStore, register::RegisterError, rules::CertificateKind};

/// Below this a station cannot work for long: some hundred controls with scans.
const LITTLE_ROOM: u64 = 2 << 30;
/// Below this the next control may not find room for its evidence.
const NO_ROOM: u64 = 200 << 20;
/// A clock may be put back by so much, as NTP does it.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_mins(2);

pub(super) fn configuration(desk: &TestedDesk) -> Found {
    let configuration = &desk.configuration;
    let digest = short(&configuration.master.digest.to_string()).to_owned();
    let detail = Detail::new("configuration", [digest, configuration.documents.len().to_string()]);
    match &configuration.alarm {
        Some(alarm) => Found::noted(alarm.code, &alarm.message).with(detail),
        None => Found::good(detail),
    }
}

pub(super) fn terms(desk: &TestedDesk) -> Found {
    let master = &desk.configuration.master.value;
    let today = desk.now.to_zoned(desk.configuration.zone()).date();
    let mut languages = Vec::new();
    for kind in CertificateKind::ALL.into_iter().filter(|kind| master.issues(*kind)) {
        let needed = kind == CertificateKind::Qualified || master.issue_process.require_terms_for_local;
        if !needed {
            continue;
        }
        let found = desk.configuration.terms.languages(kind, today);
        if !found.contains(&desk.configuration.local.value.holder.language) {
            let message = format!(
                "no terms for {} certificates are in force today in the language in which the holder's screen greets",
                kind.name()
            );
            return Found::failed("TERMS_NOT_IN_FORCE", &message);
        }
        let codes: Vec<_> = found.into_iter().map(Language::code).collect();
        languages.push(format!("{}: {}", kind.name(), codes.join(", ")));
    }
    if languages.is_empty() { Found::absent("terms-not-asked") } else { Found::good(Detail::plain(languages.join("; "))) }
}

pub(super) fn clock(desk: &TestedDesk) -> Found {
    let shown = desk.now.to_zoned(desk.configuration.zone()).strftime("%Y-%m-%d %H:%M:%S %:z");
    let shown = Detail::plain(shown.to_string());
    match newest_entry(desk) {
        Ok(Some(newest)) if newest > desk.now + CLOCK_SLACK => {
            let message = "this machine's clock is behind the newest control of the register: set the clock";
            Found::failed("CLOCK_BEHIND_REGISTER", &message).with(shown)
        }
        _ => Found::good(shown),
    }
}

/// When the newest control of the register ended; `None` where there is no register, or an empty one.
fn newest_entry(desk: &TestedDesk) -> Result<Option<Timestamp>, RegisterError> {
    let register = desk.configuration.register_place(&desk.data).open_read_only()?;
    Ok(register.controls()?.into_iter().map(|control| control.completed_at).max())
}

pub(super) fn register(desk: &TestedDesk) -> Found {
    let figures = || -> Result<(Detail, Option<String>), RegisterError> {
        let register = desk.configuration.register_place(&desk.data).open_read_only()?;
        let head = register.head()?;
        let waiting: Vec<_> = register.deliveries()?.into_iter().filter(|delivery| delivery.receipt.is_none()).collect();
        let failed = waiting.iter().find_map(|delivery| delivery.last_error.clone());
        let figures = [
            register.controls()?.len().to_string(),
            waiting.len().to_string(),
            head.seq.to_string(),
            short(&head.hash.to_string()).to_owned(),
        ];
        let detail = Detail::new("register", figures);
        Ok((detail, failed))
    };
    match figures() {
        Err(error) => Found::failed(error.code(), &error),
        Ok((detail, None)) => Found::good(detail),
        Ok((detail, Some(code))) => {
            let message = format!("reports wait for delivery; the last attempt failed with {code}");
            Found::noted("REPORTS_NOT_DELIVERED", &message).with(detail)
        }
    }
}

pub(super) fn disk(desk: &TestedDesk) -> Found {
    let Ok(found) = rustix::fs::statvfs(desk.data.path()) else {
        return Found::absent("no-data-folder");
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let detail = Detail::new("disk", [(free >> 30).to_string()]);
    let message = "the disk of the data folder is nearly full: free some room";
    if free < NO_ROOM {
        Found::failed("DISK_SPACE_LOW", &message).with(detail)
    } else if free < LITTLE_ROOM {
        Found::noted("DISK_SPACE_LOW", &message).with(detail)
    } else {
        Found::good(detail)
    }
}

pub(super) fn keys(desk: &TestedDesk) -> Found {
    let folder = desk.data.keys();
    // Opening makes the folder, and a test makes nothing.
    if !folder.is_dir() {
        return Found::absent("no-keys");
    }
    match KeyStore::open(&folder).and_then(|store| store.keys()) {
        Ok(keys) => {
            let blocked = keys.iter().filter(|key| matches!(key.tries_left(), Ok(0))).count();
            Found::good(Detail::new("keys", [keys.len().to_string(), blocked.to_string()]))
        }
        Err(error) => Found::failed(error.code(), &error),
    }
}

/// The beginning of a digest, enough to compare by eye.
fn short(digest: &str) -> &str {
    digest.get(..16).unwrap_or(digest)
}
