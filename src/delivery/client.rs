//! The station's side of an upload.

use std::{
    error::Error as StdError,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{
    StatusCode,
    blocking::{Client, Response},
    header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER},
    redirect,
};
use zeroize::Zeroizing;

use super::{
    CONTROL_HEADER, MAX_ANSWER_BYTES, MAX_REPORT_BYTES, Problem, REPORT_TYPE,
    receipt::{ArchiveKey, ReceiptError, VerifiedReceipt},
    tls::{self, TlsError, TlsIdentity},
};
use crate::digest::Digest;

/// Where the archive is, and by what both sides know each other.
pub struct ArchiveConnection {
    /// `https://archive.example`, without a path behind it or with one.
    pub url: String,
    /// The authority of the archive's TLS certificate, PEM. No other authority counts.
    pub authority: Vec<u8>,
    /// The station's certificate and key.
    pub identity: TlsIdentity,
    /// The key that signs the archive's receipts.
    pub archive_key: ArchiveKey,
    /// How long one upload may take, and how long its connection may take to come about.
    pub timeouts: Timeouts,
}

/// How long the station waits.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For the connection.
    pub connect: Duration,
    /// For the whole upload with its answer.
    pub total: Duration,
}

impl Default for Timeouts {
    /// Ten seconds and three minutes: 64 MiB in three minutes is 3 Mbit/s.
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), total: Duration::from_mins(3) }
    }
}

/// No report has this content.
const REACHED: &[u8] = b"bam-station: is the archive there?";
/// How long the archive may take to say that it is there.
const REACH: Duration = Duration::from_secs(15);

/// Uploads a report and brings back a receipt that has been verified. A trait, so that the outbox does not depend on the network.
pub trait Upload {
    /// Sends the report of a control.
    fn upload(&self, control: &str, report: &Digest, pdf: Vec<u8>) -> Result<VerifiedReceipt, UploadError>;
}

/// The archive, over HTTPS.
pub struct ArchiveClient {
    http: Client,
    reports: String,
    key: ArchiveKey,
}

/// A TLS certificate and its key from two PEM files.
pub fn read_identity(certificate: &Path, key: &Path) -> Result<TlsIdentity, ConnectionError> {
    Ok(TlsIdentity { certificates: read_pem(certificate)?, key: Zeroizing::new(read_pem(key)?) })
}

/// A PEM file of at most 1 MiB.
pub fn read_pem(path: &Path) -> Result<Vec<u8>, ConnectionError> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_PEM_BYTES).read_to_end(&mut text));
    read.map_err(|error| ConnectionError::File { path: path.to_owned(), error })?;
    Ok(text)
}

const MAX_PEM_BYTES: u64 = 1024 * 1024;

/// Why the archive cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// A configured file cannot be read.
    #[error("{path} cannot be read: {error}; check the configuration of the delivery")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The address is not an https address.
    #[error("the archive's address must begin with https://")]
    NotHttps,
    /// Certificates or key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The HTTP client could not be made.
    #[error("the system's network cannot be used: {0}")]
    Network(reqwest::Error),
}

impl ConnectionError {
    /// The entry in the fault catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "DELIVERY_FILE_UNREADABLE",
            Self::NotHttps => "DELIVERY_NOT_HTTPS",
            Self::Tls(error) => error.code(),
            Self::Network(_) => "DELIVERY_NO_NETWORK",
        }
    }
}

/// Why a report was not delivered. In every case it stays in the outbox.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum UploadError {
    /// No connection, or it broke.
    #[error("the archive cannot be reached: check the network; the report is sent later")]
    Unreachable,
    /// No answer in time.
    #[error("the archive did not answer in time; the report is sent again later")]
    TimedOut,
    /// The server's certificate does not lead to the configured authority.
    #[error("the server is not the configured archive: compare its certificate authority with ArchiveCa")]
    ServerNotTrusted,
    /// The archive does not accept the station's certificate.
    #[error("the archive does not accept this station's certificate: renew it, or have the archive admit it")]
    CertificateRefused,
    /// The archive is there but cannot take the report now.
    #[error("the archive is busy or out of order; the report is sent again later")]
    Busy {
        /// How long the archive asks to wait.
        retry_after: Option<Duration>,
    },
    /// The archive does not take this report.
    #[error("the archive does not take this report ({code}): ask the archive's administrator")]
    Rejected {
        /// The problem's code, or `HTTP_` and the status.
        code: String,
    },
    /// The report is larger than reports may be.
    #[error("the report is larger than {MAX_REPORT_BYTES} bytes and cannot be delivered: report this as an error of the program")]
    TooLarge,
    /// The answer is not a receipt for this report.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
}

impl UploadError {
    /// The entry in the fault catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable => "DELIVERY_UNREACHABLE",
            Self::TimedOut => "DELIVERY_TIMED_OUT",
            Self::ServerNotTrusted => "DELIVERY_SERVER_NOT_TRUSTED",
            Self::CertificateRefused => "DELIVERY_CERTIFICATE_REFUSED",
            Self::Busy { .. } => "DELIVERY_BUSY",
            Self::Rejected { .. } => "DELIVERY_REJECTED",
            Self::TooLarge => "DELIVERY_TOO_LARGE",
            Self::Receipt(error) => error.code(),
        }
    }

    /// Whether sending the same again changes nothing until a person has done something.
    pub const fn needs_a_person(&self) -> bool {
        matches!(self, Self::Rejected { .. } | Self::TooLarge)
    }

    /// Whether the archive itself was out of reach, so that other reports need not be tried now.
    pub const fn concerns_all(&self) -> bool {
        matches!(self, Self::Unreachable | Self::TimedOut | Self::ServerNotTrusted | Self::CertificateRefused | Self::Busy { .. })
    }
}

impl ArchiveClient {
    /// Prepares the connection; nothing is sent yet.
    pub fn new(connection: &ArchiveConnection) -> Result<Self, ConnectionError> {
        if !connection.url.starts_with("https://") {
            return Err(ConnectionError::NotHttps);
        }
        let tls = tls::client_config(&connection.authority, &connection.identity)?;
        let http = Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            // A report goes to the configured address and nowhere else.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(connection.timeouts.connect)
            .timeout(connection.timeouts.total)
            .build()
            .map_err(ConnectionError::Network)?;
        let reports = format!("{}/v1/reports", connection.url.trim_end_matches('/'));
        Ok(Self { http, reports, key: connection.archive_key.clone() })
    }

    /// Whether the archive is there and lets this station in. Nothing is sent: it is asked for the receipt of a report that does not
    /// exist, and says that there is none.
    pub fn reach(&self) -> Result<(), UploadError> {
        let address = format!("{}/{}/receipt", self.reports, Digest::of(REACHED));
        let response = self.http.get(address).timeout(REACH).send().map_err(|error| transport_fault(&error))?;
        let retry_after = retry_after(&response);
        match response.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(UploadError::CertificateRefused),
            status if status.is_success() || status == StatusCode::NOT_FOUND => Ok(()),
            _ => Err(UploadError::Busy { retry_after }),
        }
    }
}

impl Upload for ArchiveClient {
    fn upload(&self, control: &str, report: &Digest, pdf: Vec<u8>) -> Result<VerifiedReceipt, UploadError> {
        if u64::try_from(pdf.len()).unwrap_or(u64::MAX) > MAX_REPORT_BYTES {
            return Err(UploadError::TooLarge);
        }
        let response = self
            .http
            .put(format!("{}/{report}", self.reports))
            .header(CONTENT_TYPE, REPORT_TYPE)
            .header(ACCEPT, "application/json")
            .header(CONTROL_HEADER, control)
            .body(pdf)
            .send()
            .map_err(|error| transport_fault(&error))?;
        let status = response.status();
        let retry_after = retry_after(&response);
        let answer = read_answer(response);
        match status {
            StatusCode::OK | StatusCode::CREATED => Ok(VerifiedReceipt::check(&answer?, &self.key, report, control)?),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(UploadError::CertificateRefused),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Err(UploadError::Busy { retry_after }),
            status if status.is_client_error() => {
                Err(UploadError::Rejected { code: rejection_code(status, answer.ok().as_deref()) })
            }
            // Server errors, and answers that this protocol does not know: the archive may be under repair.
            _ => Err(UploadError::Busy { retry_after }),
        }
    }
}

/// The seconds of `Retry-After`; the form with a date is not used by this protocol.
fn retry_after(response: &Response) -> Option<Duration> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

fn read_answer(response: Response) -> Result<String, UploadError> {
    let mut answer = Vec::new();
    response.take(MAX_ANSWER_BYTES).read_to_end(&mut answer).map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => UploadError::TimedOut,
        _ => error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<reqwest::Error>())
            .map_or(UploadError::Unreachable, transport_fault),
    })?;
    String::from_utf8(answer).map_err(|_| ReceiptError::NotAReceipt.into())
}

/// The problem's own code when it is one, so that nothing of a stranger's text gets into our messages.
fn rejection_code(status: StatusCode, answer: Option<&str>) -> String {
    answer
        .and_then(|answer| serde_json::from_str::<Problem>(answer).ok())
        .map(|problem| problem.code)
        .filter(|code| (1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        .unwrap_or_else(|| format!("HTTP_{}", status.as_u16()))
}

fn transport_fault(error: &reqwest::Error) -> UploadError {
    match tls_fault(error) {
        Some(rustls::Error::InvalidCertificate(_)) => UploadError::ServerNotTrusted,
        Some(rustls::Error::AlertReceived(_)) => UploadError::CertificateRefused,
        _ if error.is_timeout() => UploadError::TimedOut,
        _ => UploadError::Unreachable,
    }
}

/// The TLS error at the bottom of a failed request. An `io::Error` hides its cause from `source`, hence the second look.
fn tls_fault(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        cause = match current.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    None
}
