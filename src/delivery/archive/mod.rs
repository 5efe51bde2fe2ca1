//! The receiving end of an upload: the archive of the certificate authority, for tests, training and small installations.
//!
//! It answers only after the report is on its disk, and it keeps every receipt that it has given. One folder holds it all:
//!
//! ```text
//! <folder>/lock             held while the archive runs
//! <folder>/archive.db       SQLite: the receipts
//! <folder>/receipt-key.der  Ed25519 key (PKCS#8) that signs them; made at the first start
//! <folder>/reports/ab/…     the reports, each named after its own SHA-256
//! ```
//!
//! With a PostgreSQL database any number of processes are one archive: receipts and reports are in the database, and each process
//! has a folder with a copy of the one key.

mod http;
mod listener;
mod metrics;
mod store;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{runtime, sync::oneshot, time::timeout};
use tokio_rustls::TlsAcceptor;

use self::{http::Service, listener::TlsListener, metrics::Metrics, store::ArchiveStore};
use super::{
    MAX_REPORT_BYTES,
    receipt::ArchiveKey,
    tls::{self, TlsError, TlsIdentity},
};
use crate::register::{RegisterError, Server};

/// Judges a report before the archive takes it.
pub trait ReportCheck: Send + Sync + 'static {
    /// The id of the control that the report proves, or what is wrong with the report; nothing personal, the findings are sent back.
    fn check(&self, pdf: &[u8]) -> Result<String, Vec<String>>;
}

/// How an archive runs.
pub struct ArchiveConfig {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where everything is kept; with `database`, the key of the receipts alone.
    pub folder: PathBuf,
    /// The PostgreSQL database in which several processes keep one archive.
    pub database: Option<Server>,
    /// The archive's name in its receipts.
    pub name: String,
    /// The archive's TLS certificate and key.
    pub identity: TlsIdentity,
    /// The authority of the stations' certificates, PEM.
    pub client_authority: Vec<u8>,
    /// What a station may ask of the archive.
    pub limits: Limits,
    /// Told in a line what was received, refused or failed; digests and control ids, nothing personal.
    pub log: Box<dyn Fn(&str) + Send + Sync>,
}

/// What a station may ask of the archive. Everything beyond ends with an answer or the end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a report.
    pub report_bytes: u64,
    /// Connections at the same time; others wait.
    pub connections: usize,
    /// Reports in memory at the same time; others are asked to come back.
    pub reports: usize,
    /// Time for the TLS handshake.
    pub handshake: Duration,
    /// Time without a byte from the other side.
    pub quiet: Duration,
    /// Time of a connection in all.
    pub connection: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            report_bytes: MAX_REPORT_BYTES,
            connections: 64,
            reports: 8,
            handshake: Duration::from_secs(10),
            quiet: Duration::from_secs(30),
            connection: Duration::from_mins(5),
        }
    }
}

/// Why the archive does not run.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The address is taken or not one of this machine.
    #[error("the archive cannot listen there: {0}; give another address with --listen")]
    Listen(io::Error),
    /// Certificates or key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The folder.
    #[error("the archive's folder cannot be used: {0}")]
    Folder(#[from] RegisterError),
    /// The receipt key is not one.
    #[error("receipt-key.der in the archive's folder is not an Ed25519 key (PKCS#8): restore it from a backup")]
    ReceiptKey,
    /// The archive's receipts are signed with another key.
    #[error(
        "the other processes of this archive sign with another key: copy their receipt-key.der into this one's folder before its first start"
    )]
    OtherReceiptKey,
    /// No thread or no network from the operating system.
    #[error("the system has no room for the archive: {0}; close other programs")]
    System(io::Error),
}

impl ArchiveError {
    /// The entry in the fault catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Listen(_) => "ARCHIVE_CANNOT_LISTEN",
            Self::Tls(error) => error.code(),
            Self::Folder(error) => error.code(),
            Self::ReceiptKey => "ARCHIVE_RECEIPT_KEY",
            Self::OtherReceiptKey => "ARCHIVE_OTHER_RECEIPT_KEY",
            Self::System(_) => "ARCHIVE_NO_ROOM",
        }
    }

    /// The configuration is at fault, not the system.
    pub const fn wrong_use(&self) -> bool {
        matches!(self, Self::Listen(_) | Self::Tls(_) | Self::OtherReceiptKey)
    }
}

/// An archive at work, on threads of its own. It stops when this is dropped.
pub struct RunningArchive {
    address: SocketAddr,
    key: ArchiveKey,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How long requests under way may take to finish when the archive stops.
const GRACE: Duration = Duration::from_secs(5);

/// Starts an archive. It takes connections when this returns.
///
/// # Errors
/// [`ArchiveError`]: address, certificates, folder, or the key of the receipts.
pub fn start(config: ArchiveConfig, check: Arc<dyn ReportCheck>) -> Result<RunningArchive, ArchiveError> {
    let tls = TlsAcceptor::from(Arc::new(tls::server_config(&config.client_authority, &config.identity)?));
    let store = ArchiveStore::open(&config.folder, config.database.as_ref(), config.name)?;
    let socket = TcpListener::bind(config.listen).map_err(ArchiveError::Listen)?;
    socket.set_nonblocking(true).map_err(ArchiveError::Listen)?;
    let address = socket.local_addr().map_err(ArchiveError::Listen)?;
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .thread_name("archive")
        .build()
        .map_err(ArchiveError::System)?;
    let socket = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(socket).map_err(ArchiveError::Listen)?
    };

    let key = store.key();
    let metrics = Arc::new(Metrics::default());
    let service = Arc::new(Service { store: Mutex::new(store), check, log: config.log, metrics: Arc::clone(&metrics) });
    let router = http::router(Arc::clone(&service), config.limits);
    let limits = config.limits;
    let (stop, stopped) = oneshot::channel();
    let thread = thread::Builder::new()
        .name("archive".into())
        .spawn(move || {
            runtime.block_on(async move {
                let (finish, finished) = oneshot::channel::<()>();
                let listener = TlsListener::start(socket, tls, limits, address, metrics);
                let served = axum::serve(listener, router).with_graceful_shutdown(async { drop(finished.await) });
                let served = tokio::spawn(served.into_future());
                // A dropped sender ends the archive as well.
                drop(stopped.await);
                drop(finish);
                drop(timeout(GRACE, served).await);
            });
            runtime.shutdown_timeout(GRACE);
            // A connection to PostgreSQL is closed outside of any runtime.
            drop(service);
        })
        .map_err(ArchiveError::System)?;
    Ok(RunningArchive { address, key, stop: Some(stop), thread: Some(thread) })
}

impl RunningArchive {
    /// Where the archive listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key of the receipts, which stations pin.
    pub const fn key(&self) -> &ArchiveKey {
        &self.key
    }

    /// Takes no more connections, lets requests under way finish for up to five seconds, and ends.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for RunningArchive {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread has nothing to hand over; that it is gone is all that counts.
            drop(thread.join());
        }
    }
}
