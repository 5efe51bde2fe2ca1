//! One archive of two processes over a PostgreSQL database: receipts in one row, none twice.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, thread};

use bam_station::{
    delivery::{
        archive::{self, ArchiveConfig, Limits, RunningArchive},
        client::{ArchiveClient, Upload as _},
        receipt::{Receipt, SignedReceipt},
    },
    digest::Digest,
};

use crate::{
    delivery_desk::{CERTIFICATES, PlainCheck, connection, report_of},
    support_postgres::{TestDatabase, database},
};

fn start(database: &TestDatabase, folder: &Path) -> Result<RunningArchive, &'static str> {
    let config = ArchiveConfig {
        database: Some(database.server("owner")),
        listen: "127.0.0.1:0".parse().unwrap(),
        folder: folder.to_owned(),
        name: "test archive".into(),
        identity: CERTIFICATES.server.clone(),
        client_authority: CERTIFICATES.authority.clone(),
        limits: Limits::default(),
        log: Box::new(|_| {}),
    };
    archive::start(config, Arc::new(PlainCheck)).map_err(|error| error.code())
}

fn client(archive: &RunningArchive) -> ArchiveClient {
    ArchiveClient::new(&connection(archive.address().port(), archive.key())).unwrap()
}

#[test]
fn two_processes_give_one_chain_of_receipts_and_each_report_one() {
    let database = database();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let first = start(&database, folders[0].path()).unwrap();
    fs::copy(folders[0].path().join("receipt-key.der"), folders[1].path().join("receipt-key.der")).unwrap();
    let second = start(&database, folders[1].path()).unwrap();

    // Each report goes to both at once.
    let given: Vec<Vec<String>> = thread::scope(|scope| {
        let working: Vec<_> = [&first, &second]
            .map(|archive| {
                scope.spawn(move || {
                    let client = client(archive);
                    let upload = |number: u32| {
                        let control = format!("control-{number}");
                        let report = report_of(&control);
                        client.upload(&control, &Digest::of(&report), report).unwrap().json().to_owned()
                    };
                    (0..50).map(upload).collect()
                })
            })
            .into_iter()
            .collect();
        working.into_iter().map(|archive| archive.join().unwrap()).collect()
    });
    assert_eq!(given[0], given[1], "the same receipt, whoever was asked");

    let receipts: BTreeMap<u64, (Receipt, Digest)> = given[0]
        .iter()
        .map(|json| {
            let signed = SignedReceipt::parse(json).unwrap();
            let receipt = signed.verify(first.key()).unwrap();
            (receipt.entry, (receipt, signed.digest()))
        })
        .collect();
    assert_eq!(receipts.keys().copied().collect::<Vec<_>>(), (1..=50).collect::<Vec<_>>(), "no place twice, none left out");
    let mut before = None;
    for (entry, (receipt, digest)) in receipts {
        assert_eq!(receipt.previous_receipt_sha256, before, "receipt {entry}");
        before = Some(digest);
    }
    assert_eq!(database.psql("SELECT count(*) FROM evidence").unwrap(), "50");
    for statement in ["UPDATE receipts SET control = 'x'", "DELETE FROM receipts", "TRUNCATE receipts"] {
        assert!(database.psql(statement).is_err(), "{statement}");
    }
}

#[test]
fn a_process_with_another_key_is_not_let_in() {
    let database = database();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let first = start(&database, folders[0].path()).unwrap();
    assert_eq!(start(&database, folders[1].path()).err(), Some("ARCHIVE_OTHER_RECEIPT_KEY"));
    drop(first);
    assert!(start(&database, folders[0].path()).is_ok());
}
