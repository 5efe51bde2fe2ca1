//! The road to the archive, and the thread that walks it.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use der::{
    Encode as _,
    pem::{LineEnding, encode_string},
};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::{
    config::Configuration,
    delivery::{
        archive::{self, ArchiveConfig, ArchiveError, Limits, ReportCheck, RunningArchive},
        client::{ArchiveClient, ArchiveConnection, ConnectionError, Timeouts},
        hand_over::{HandOver, HandOverError},
        outbox::{self, Drained},
        receipt::{ArchiveKey, NotAnArchiveKey},
        tls::TlsIdentity,
    },
    digest::Digest,
    evidence::{
        sign::{KeyStore, KeyStoreError},
        verify::verify,
    },
    register::{Register, RegisterError},
    trust::{Anchors, Issued, KeyAlgorithm, Purpose, TrainingCa, TrainingCaError},
};

use super::{Clock as _, DataFolder, Station, SystemClock};

/// Largest certificate or key file, bytes.
const LARGEST_FILE: u64 = 1 << 20;

/// Why there is no road to the archive, or to the issuing system.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// A file that `[Delivery]` names.
    #[error("the file {file} that [Delivery] names cannot be read ({why}): put it there, or correct MASTER.toml")]
    File {
        /// The file.
        file: PathBuf,
        /// The system's word.
        why: std::io::ErrorKind,
    },
    /// The receipt key.
    #[error(transparent)]
    ReceiptKey(#[from] NotAnArchiveKey),
    /// The connection cannot be set up.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The private archive of training does not start.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The road to the issuing system.
    #[error(transparent)]
    HandOver(#[from] HandOverError),
    /// Its certificates.
    #[error(transparent)]
    TrainingCa(#[from] TrainingCaError),
    /// The station's keys.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
    /// The register.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The system starts no thread.
    #[error("the system has no room for another thread: close other programs")]
    NoThread,
}

impl DeliveryError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "DELIVERY_FILE_UNREADABLE",
            Self::ReceiptKey(_) => "RECEIPT_KEY_WRONG",
            Self::Connection(error) => error.code(),
            Self::Archive(error) => error.code(),
            Self::HandOver(error) => error.code(),
            Self::TrainingCa(error) => error.code(),
            Self::Keys(error) => error.code(),
            Self::Register(error) => error.code(),
            Self::NoThread => "NO_THREAD",
        }
    }

    /// The configuration is at fault, not a device or a service.
    pub fn wrong_use(&self) -> bool {
        matches!(self, Self::File { .. } | Self::ReceiptKey(_) | Self::Connection(_) | Self::HandOver(_))
    }
}

/// An open road: the client, and in training the private archive behind it.
pub struct DeliveryRoad {
    client: ArchiveClient,
    connection: ArchiveConnection,
    _private_archive: Option<RunningArchive>,
}

impl DeliveryRoad {
    /// Opens the road to the archive; `None` when this desk has none. In training without an archive of the organisation's,
    /// a private one starts on loopback.
    pub fn open(
        configuration: &Configuration,
        data: &DataFolder,
        keys: &KeyStore,
        now: Timestamp,
    ) -> Result<Option<Self>, DeliveryError> {
        if let Some(connection) = archive_connection(configuration)? {
            return Self::to(connection, None).map(Some);
        }
        if configuration.training() { Self::private(configuration, data, keys, now).map(Some) } else { Ok(None) }
    }

    fn to(connection: ArchiveConnection, private_archive: Option<RunningArchive>) -> Result<Self, DeliveryError> {
        Ok(Self { client: ArchiveClient::new(&connection)?, connection, _private_archive: private_archive })
    }

    fn private(configuration: &Configuration, data: &DataFolder, keys: &KeyStore, now: Timestamp) -> Result<Self, DeliveryError> {
        configuration.seal(&data.archive(), now).map_err(RegisterError::from)?;
        let company = &configuration.master.value.common.company_name;
        let ca = keys.training_ca(company, now)?;
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let server = Purpose::TlsServer { names: vec!["localhost".to_owned()], addresses: vec![loopback] };
        let authority = ca.certificate_pem()?.into_bytes();
        let archive = archive::start(
            ArchiveConfig {
                database: None,
                listen: SocketAddr::new(loopback, 0),
                folder: data.archive(),
                name: "Training archive".to_owned(),
                identity: identity(&ca, "Training archive", company, &server, now)?,
                client_authority: authority.clone(),
                limits: Limits::default(),
                log: Box::new(|_| {}),
            },
            Arc::new(OwnCheck { anchors: keys.anchors()? }),
        )?;
        let connection = ArchiveConnection {
            url: format!("https://{}", archive.address()),
            authority,
            identity: identity(&ca, "Training station", company, &Purpose::TlsClient, now)?,
            archive_key: archive.key().clone(),
            timeouts: Timeouts { connect: Duration::from_secs(5), total: Duration::from_secs(30) },
        };
        Self::to(connection, Some(archive))
    }

    /// Where the road leads.
    pub fn connection(&self) -> &ArchiveConnection {
        &self.connection
    }

    /// Sends what is due now.
    pub fn drain(&self, register: &mut Register) -> Result<Drained, RegisterError> {
        outbox::drain_once(register, &self.client, &|| SystemClock.now(), &mut random)
    }
}

/// The way to the archive that MASTER.toml names; `None` when it names none. Nothing is sent yet.
pub fn archive_connection(configuration: &Configuration) -> Result<Option<ArchiveConnection>, DeliveryError> {
    let Some(named) = configuration.master.value.delivery.archive() else { return Ok(None) };
    Ok(Some(ArchiveConnection {
        url: named.url.to_owned(),
        authority: read(named.ca)?,
        identity: TlsIdentity { certificates: read(named.client_certificate)?, key: Zeroizing::new(read(named.client_key)?) },
        archive_key: Digest::from_bytes(*named.receipt_key.as_bytes()).to_string().parse::<ArchiveKey>()?,
        timeouts: Timeouts::default(),
    }))
}

/// An archive's check: takes the reports that this program's own verification finds valid.
pub struct OwnCheck {
    /// The CAs that count.
    pub anchors: Anchors,
}

impl ReportCheck for OwnCheck {
    fn check(&self, pdf: &[u8]) -> Result<String, Vec<String>> {
        check_report(pdf, &self.anchors, SystemClock.now())
    }
}

/// The control that a report proves, or what is wrong with the report.
fn check_report(pdf: &[u8], anchors: &Anchors, now: Timestamp) -> Result<String, Vec<String>> {
    let verification = verify(pdf, anchors, now);
    if !verification.valid {
        return Err(verification.problems.iter().map(|problem| problem.what.clone()).collect());
    }
    let control = verification.record.as_ref().and_then(|record| record.get("control")).and_then(serde_json::Value::as_str);
    control.map(str::to_owned).ok_or_else(|| vec!["the record names no control".to_owned()])
}

impl Station {
    /// The road to this station's archive.
    pub fn delivery_road(&self) -> Result<Option<DeliveryRoad>, DeliveryError> {
        DeliveryRoad::open(&self.configuration, &self.data, &self.keys, self.now().at)
    }

    /// The hand-over of approved controls to the issuing system; `None` when MASTER.toml names no way to it.
    pub fn hand_over(&self) -> Result<Option<HandOver>, DeliveryError> {
        Ok(HandOver::open(&self.configuration.master.value.hand_over, &self.data.hand_over())?)
    }
}

fn identity(
    ca: &TrainingCa,
    name: &str,
    company: &str,
    purpose: &Purpose,
    now: Timestamp,
) -> Result<TlsIdentity, TrainingCaError> {
    let Issued { certificate, private_key } = ca.issue_with_new_key(name, company, purpose, KeyAlgorithm::P256, now)?;
    let pem = |label: &str, der: &[u8]| {
        encode_string(label, LineEnding::LF, der).map(String::into_bytes).map_err(|_| TrainingCaError::Encoding("PEM"))
    };
    let certificate = certificate.to_der().map_err(|_| TrainingCaError::Encoding("certificate"))?;
    Ok(TlsIdentity { certificates: pem("CERTIFICATE", &certificate)?, key: Zeroizing::new(pem("PRIVATE KEY", &private_key)?) })
}

fn read(file: &Path) -> Result<Vec<u8>, DeliveryError> {
    let unreadable = |why| DeliveryError::File { file: file.to_owned(), why };
    let metadata = std::fs::metadata(file).map_err(|error| unreadable(error.kind()))?;
    if !metadata.is_file() || metadata.len() > LARGEST_FILE {
        return Err(unreadable(std::io::ErrorKind::InvalidData));
    }
    std::fs::read(file).map_err(|error| unreadable(error.kind()))
}

/// Jitter needs spread, not secrecy: without the system's random source the wait is only less spread.
fn random() -> u64 {
    getrandom::u64().unwrap_or(0)
}

/// The thread that empties the outbox while the station runs.
pub struct Uploader {
    nudge: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The longest pause between two looks at the outbox.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

impl Uploader {
    /// Starts the thread. `changed` is told after each round that delivered or failed something.
    pub fn start(
        road: DeliveryRoad,
        mut register: Register,
        changed: impl Fn(&Result<Drained, RegisterError>) + Send + 'static,
    ) -> Result<Self, DeliveryError> {
        let (nudge, nudged) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("uploader".to_owned())
            .spawn(move || {
                loop {
                    let round = road.drain(&mut register);
                    let next = match &round {
                        Ok(drained) => drained.next_round_at,
                        Err(_) => None,
                    };
                    if !matches!(&round, Ok(drained) if drained.delivered.is_empty() && drained.failed.is_empty()) {
                        changed(&round);
                    }
                    let until = next.map_or(LONGEST_PAUSE, |at| pause(at, SystemClock.now()));
                    if let Err(mpsc::RecvTimeoutError::Disconnected) = nudged.recv_timeout(until) {
                        return;
                    }
                }
            })
            .map_err(|_| DeliveryError::NoThread)?;
        Ok(Self { nudge: Some(nudge), thread: Some(thread) })
    }

    /// Something new lies in the outbox.
    pub fn nudge(&self) {
        if let Some(nudge) = &self.nudge {
            // A thread that has ended needs no nudge.
            let _ = nudge.send(());
        }
    }
}

impl Drop for Uploader {
    fn drop(&mut self) {
        self.nudge = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn pause(next: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(next.duration_since(now)).unwrap_or(Duration::from_millis(50)).min(LONGEST_PAUSE)
}
