//! What the delivery's tests share: certificates of a small authority, stations with something to deliver, archives.

use std::{
    path::Path,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use bam_station::{
    delivery::{
        archive::{self, ArchiveConfig, Limits, ReportCheck, RunningArchive},
        client::{ArchiveClient, ArchiveConnection, Timeouts},
        receipt::ArchiveKey,
        tls::TlsIdentity,
    },
    digest::Digest,
    register::{FinishedControl, Register},
    rules::{CertificateKind, Function},
    trust::{KeyAlgorithm, Purpose, TrainingCa},
};
use der::{
    Encode,
    pem::{LineEnding, encode_string},
};
use jiff::Timestamp;
use tempfile::TempDir;

/// Two training authorities that know nothing of each other: one of the archive and its stations, one of strangers.
pub struct Certificates {
    pub authority: Vec<u8>,
    pub server: TlsIdentity,
    pub client: TlsIdentity,
    pub stranger_authority: Vec<u8>,
    pub stranger: TlsIdentity,
}

pub static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(|| {
    let [ours, theirs] = ["Our organisation", "Strangers"].map(|name| TrainingCa::create(name, Timestamp::now()).unwrap());
    let identity = |authority: &TrainingCa, purpose: Purpose| {
        let issued = authority.issue_with_new_key("x", "y", &purpose, KeyAlgorithm::P256, Timestamp::now()).unwrap();
        let pem = |label: &str, der: &[u8]| encode_string(label, LineEnding::LF, der).unwrap().into_bytes();
        TlsIdentity {
            certificates: pem("CERTIFICATE", &issued.certificate.to_der().unwrap()),
            key: pem("PRIVATE KEY", &issued.private_key).into(),
        }
    };
    Certificates {
        authority: ours.certificate_pem().unwrap().into_bytes(),
        server: identity(&ours, Purpose::TlsServer { names: vec![], addresses: vec![[127, 0, 0, 1].into()] }),
        client: identity(&ours, Purpose::TlsClient),
        stranger_authority: theirs.certificate_pem().unwrap().into_bytes(),
        stranger: identity(&theirs, Purpose::TlsClient),
    }
});

/// Takes a report that reads `report of CONTROL`, as long as nobody has told it to find fault.
pub struct PlainCheck;

impl ReportCheck for PlainCheck {
    fn check(&self, pdf: &[u8]) -> Result<String, Vec<String>> {
        let text = String::from_utf8_lossy(pdf);
        text.strip_prefix("report of ")
            .map(|control| control.trim_end().to_owned())
            .ok_or_else(|| vec!["NOT_A_REPORT".to_owned()])
    }
}

pub fn report_of(control: &str) -> Vec<u8> {
    format!("report of {control}").into_bytes()
}

/// An archive on a free port, with what it logged.
pub struct Archive {
    pub running: RunningArchive,
    pub log: Arc<Mutex<Vec<String>>>,
}

pub fn archive_in(folder: &Path, limits: Limits) -> Archive {
    let log = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&log);
    let config = ArchiveConfig {
        database: None,
        listen: "127.0.0.1:0".parse().unwrap(),
        folder: folder.to_owned(),
        name: "test archive".into(),
        identity: CERTIFICATES.server.clone(),
        client_authority: CERTIFICATES.authority.clone(),
        limits,
        log: Box::new(move |line| lines.lock().unwrap().push(line.to_owned())),
    };
    Archive { running: archive::start(config, Arc::new(PlainCheck)).unwrap(), log }
}

pub fn connection(port: u16, key: &ArchiveKey) -> ArchiveConnection {
    ArchiveConnection {
        url: format!("https://127.0.0.1:{port}"),
        authority: CERTIFICATES.authority.clone(),
        identity: CERTIFICATES.client.clone(),
        archive_key: key.clone(),
        timeouts: Timeouts { connect: Duration::from_secs(60), total: Duration::from_secs(60) },
    }
}

impl Archive {
    pub fn connection(&self) -> ArchiveConnection {
        connection(self.running.address().port(), self.running.key())
    }

    pub fn client(&self) -> ArchiveClient {
        ArchiveClient::new(&self.connection()).unwrap()
    }
}

pub fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

/// A register whose outbox holds the reports of these controls.
pub fn station(controls: &[&str]) -> (TempDir, Register) {
    let data = tempfile::tempdir().unwrap();
    let mut register = Register::open(&data.path().join("register")).unwrap();
    for control in controls {
        let report = register.evidence().put(&report_of(control)).unwrap();
        let finished = FinishedControl {
            control: (*control).to_owned(),
            report: Some(report),
            function: Function::NewCard,
            certificate: CertificateKind::Qualified,
            outcome: "approved".into(),
            completed_at: now(),
        };
        register.register_control(&finished, &[], true, now()).unwrap();
    }
    (data, register)
}

pub fn digest_of(control: &str) -> Digest {
    Digest::of(&report_of(control))
}
