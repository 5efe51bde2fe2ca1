//! The services on the network, and whom the desk trusts.

use x509_cert::Certificate;

use super::{Detail, Found, TestedDesk};
use crate::{
    delivery::{client::ArchiveClient, hand_over::HandOver},
    device::card::{Card as _, open_card},
    evidence::{sign::KeyStore, timestamp::TimeSource as _},
    station::{DeliveryError, archive_connection, authority},
    trust::{Desk, Trust, TrustFileError, certificates_in, validity},
};

/// What the authority stamps in a test.
const STAMPED: &[u8] = b"bam-station self-test";

pub(super) fn trust(desk: &TestedDesk) -> Found {
    match open_trust(desk) {
        Err(error) => Found::failed(error.code(), &error),
        Ok(trust) => {
            let certificates = trust.anchors().certificates();
            let valid = certificates.iter().filter(|certificate| validity(certificate).1 > desk.now).count();
            let detail = Detail::new("trust", [certificates.len().to_string()]);
            if certificates.is_empty() {
                let message = "no CA is trusted, so no card counts: name its certificate in [Trust] of MASTER.toml";
                Found::noted("TRUST_NOT_CONFIGURED", &message)
            } else if valid < certificates.len() {
                let message = format!("{} of the trusted CA certificates have expired", certificates.len() - valid);
                Found::noted("CERTIFICATE_EXPIRED", &message).with(detail)
            } else {
                Found::good(detail)
            }
        }
    }
}

fn open_trust(desk: &TestedDesk) -> Result<Trust, TrustFileError> {
    let master = &desk.configuration.master.value;
    let place = if desk.configuration.training() {
        let keys = desk.data.keys();
        let store = keys.is_dir().then(|| KeyStore::open(&keys).ok()).flatten();
        let authorities = store.and_then(|store| store.anchors().ok());
        Desk::Training { authorities: authorities.map(|anchors| anchors.certificates().to_vec()).unwrap_or_default() }
    } else {
        Desk::Production
    };
    Trust::open(&master.trust, &master.proxy, place, &desk.data.revocation())
}

/// Asks the archive for a receipt that it cannot have: whoever says so is there, and lets this station in.
pub(super) fn archive(desk: &TestedDesk) -> Found {
    let client = archive_connection(&desk.configuration)
        .and_then(|connection| connection.map(|to| ArchiveClient::new(&to).map_err(DeliveryError::from)).transpose());
    match client {
        Err(error) => Found::failed(error.code(), &error),
        Ok(None) if desk.configuration.training() => Found::absent("private-archive"),
        Ok(None) => Found::absent("no-archive"),
        Ok(Some(client)) => match client.reach() {
            Ok(()) => Found::good(Detail::new("archive", [])),
            Err(error) => Found::failed(error.code(), &error),
        },
    }
}

pub(super) fn hand_over(desk: &TestedDesk) -> Found {
    let settings = &desk.configuration.master.value.hand_over;
    if settings.folder.is_none() && settings.url.is_none() {
        return Found::absent("no-hand-over");
    }
    // Opening makes the key, and a test makes nothing.
    if !desk.data.hand_over().is_dir() {
        return Found::absent("hand-over-later");
    }
    match HandOver::open(settings, &desk.data.hand_over()) {
        Err(error) => Found::failed(error.code(), &error),
        Ok(None) => Found::absent("no-hand-over"),
        Ok(Some(hand_over)) => match hand_over.reach() {
            Ok(()) => Found::good(Detail::new("answers", [])),
            Err(error) => Found::failed(error.code(), &error),
        },
    }
}

/// Asks for a real time-stamp: no less shows that the authority gives them, and to this office.
pub(super) fn time_stamp(desk: &TestedDesk) -> Found {
    match authority(&desk.configuration) {
        Err(error) => Found::failed(error.code(), &error),
        Ok(None) => Found::absent("no-authority"),
        Ok(Some(authority)) => match authority.stamp(&[STAMPED]) {
            Ok(token) => Found::good(Detail::new("time-stamp", [token.time().strftime("%Y-%m-%d %H:%M:%S UTC").to_string()])),
            Err(error) => Found::failed(error.code(), &error),
        },
    }
}

/// Asks the servers that the certificates known here name: those of the CAs between, and of the cards in the readers.
pub(super) fn revocation(desk: &TestedDesk) -> Found {
    let trust = match open_trust(desk) {
        Err(error) => return Found::failed(error.code(), &error),
        Ok(trust) if !trust.asks_about_revocation() => return Found::absent("revocation-off"),
        Ok(trust) => trust,
    };
    let files = &desk.configuration.master.value.trust.intermediates;
    let mut known: Vec<Certificate> =
        files.iter().filter_map(|file| certificates_in(file).ok()).flat_map(|read| read.0).collect();
    if let (Some(readers), Some(_alone)) = (&desk.readers, desk.cards()) {
        for settings in readers {
            let contents = open_card(settings, &desk.executable).and_then(|mut card| card.contents());
            known.extend(contents.into_iter().flat_map(|contents| contents.certificates).map(|on_card| on_card.certificate));
        }
    }
    let mut asked = Vec::new();
    for certificate in &known {
        for (server, answer) in trust.ask_servers(certificate, desk.now) {
            if !asked.iter().any(|(other, _)| *other == server) {
                asked.push((server, answer));
            }
        }
    }
    let silent: Vec<String> =
        asked.iter().filter_map(|(server, answer)| answer.err().map(|why| format!("{server}: {why}"))).collect();
    match (asked.len(), silent.len()) {
        (0, _) => Found::absent("no-servers"),
        (all, 0) => Found::good(Detail::new("servers", [all.to_string(), all.to_string()])),
        (all, no) => {
            let detail = Detail::new("servers", [(all - no).to_string(), all.to_string()]);
            let message = silent.join("; ");
            if no == all {
                Found::failed("REVOCATION_SERVERS_SILENT", &message).with(detail)
            } else {
                Found::noted("REVOCATION_SERVERS_SILENT", &message).with(detail)
            }
        }
    }
}
