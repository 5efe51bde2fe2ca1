//! The archive's two resources: a report and its receipt. Every refusal is a [`Problem`].

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, put},
};
use jiff::Timestamp;
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::{
    super::{CONTROL_HEADER, PROBLEM_TYPE, Problem, REPORT_TYPE},
    Limits, ReportCheck,
    metrics::{METRICS_TYPE, Metrics, Outcome},
    store::{ArchiveStore, Given, StoreError},
};
use crate::{digest::Digest, register::RegisterError};

/// What answers the requests. The store is one file of receipts in a row, so it is used by one request at a time.
pub struct Service {
    pub store: Mutex<ArchiveStore>,
    pub check: Arc<dyn ReportCheck>,
    pub log: Box<dyn Fn(&str) + Send + Sync>,
    pub metrics: Arc<Metrics>,
}

#[derive(Clone)]
struct Shared {
    service: Arc<Service>,
    room: Arc<Semaphore>,
    report_bytes: u64,
}

/// Why a request is not fulfilled; `docs/archive-api.yaml` lists them.
#[derive(Debug, PartialEq, Eq)]
enum Refused {
    NotADigest,
    NoControl,
    NotAPdf,
    TooLarge,
    Broken,
    OtherDigest,
    NotValid(Vec<String>),
    OtherControlInReport,
    OtherControl,
    OtherReport,
    NoReceipt,
    NoSuchResource,
    NoSuchMethod,
    Full,
    Failed(&'static str),
}

pub fn router(service: Arc<Service>, limits: Limits) -> Router {
    let shared = Shared { service, room: Arc::new(Semaphore::new(limits.reports)), report_bytes: limits.report_bytes };
    Router::new()
        .route("/metrics", get(get_metrics))
        .route("/v1/reports/{sha256}", put(put_report))
        .route("/v1/reports/{sha256}/receipt", get(get_receipt))
        .fallback(async || Refused::NoSuchResource)
        .method_not_allowed_fallback(async || Refused::NoSuchMethod)
        .layer(DefaultBodyLimit::max(usize::try_from(limits.report_bytes).unwrap_or(usize::MAX)))
        .with_state(shared)
}

type Address = Result<Path<String>, PathRejection>;

async fn get_metrics(State(shared): State<Shared>) -> Result<Response, Refused> {
    let metrics = Arc::clone(&shared.service.metrics);
    let receipts = spawn_blocking(move || shared.service.store().count());
    let receipts = receipts.await.map_err(|_| Refused::Failed("ARCHIVE_FAILED"))??;
    Ok(([(header::CONTENT_TYPE, METRICS_TYPE)], metrics.text(receipts)).into_response())
}

async fn put_report(State(shared): State<Shared>, address: Address, request: Request) -> Result<Response, Refused> {
    let began = Instant::now();
    let metrics = Arc::clone(&shared.service.metrics);
    let outcome = store_report(shared, address, request).await;
    let counted = match &outcome {
        Ok((given, bytes)) if given.new => Outcome::Received(*bytes),
        Ok(_) => Outcome::Repeated,
        Err(refused) => Outcome::Refused(refused.code()),
    };
    metrics.count(counted, began.elapsed());
    let (given, _) = outcome?;
    let status = if given.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, [(header::CONTENT_TYPE, "application/json")], given.receipt).into_response())
}

/// The receipt and the number of bytes.
async fn store_report(shared: Shared, address: Address, request: Request) -> Result<(Given, u64), Refused> {
    let report = digest_of(address)?;
    let control = control_of(request.headers())?;
    check_headers(request.headers(), shared.report_bytes)?;
    let _room = shared.room.try_acquire().map_err(|_| Refused::Full)?;
    let pdf = Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refused::TooLarge,
        _ => Refused::Broken,
    })?;
    let bytes = u64::try_from(pdf.len()).unwrap_or(u64::MAX);
    let service = Arc::clone(&shared.service);
    let outcome = spawn_blocking(move || {
        let outcome = service.receive(&control, &report, &pdf);
        (service.log)(&match &outcome {
            Ok(Given { new: true, .. }) => format!("received {report} of control {control}"),
            Ok(Given { new: false, .. }) => format!("received again {report} of control {control}"),
            Err(refused) => format!("refused {report} of control {control}: {}", refused.code()),
        });
        outcome
    });
    Ok((outcome.await.map_err(|_| Refused::Failed("ARCHIVE_FAILED"))??, bytes))
}

async fn get_receipt(State(shared): State<Shared>, address: Address) -> Result<Response, Refused> {
    let report = digest_of(address)?;
    let found = spawn_blocking(move || shared.service.store().receipt(&report));
    let receipt = found.await.map_err(|_| Refused::Failed("ARCHIVE_FAILED"))??.ok_or(Refused::NoReceipt)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], receipt).into_response())
}

impl Service {
    fn receive(&self, control: &str, report: &Digest, pdf: &[u8]) -> Result<Given, Refused> {
        if Digest::of(pdf) != *report {
            return Err(Refused::OtherDigest);
        }
        // Judging takes a while; the store is not held meanwhile. A report that is known has been judged before.
        if self.store().given(control, report)?.is_none() {
            match self.check.check(pdf) {
                Ok(proven) if proven == control => {}
                Ok(_) => return Err(Refused::OtherControlInReport),
                Err(findings) => return Err(Refused::NotValid(findings)),
            }
        }
        Ok(self.store().take(control, pdf, Timestamp::now())?)
    }

    /// A request that ended in the middle has left the store as its last transaction left it.
    fn store(&self) -> MutexGuard<'_, ArchiveStore> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest_of(address: Address) -> Result<Digest, Refused> {
    address.ok().and_then(|Path(text)| text.parse().ok()).ok_or(Refused::NotADigest)
}

/// The control's id: 1–64 letters, digits and hyphens.
fn control_of(headers: &HeaderMap) -> Result<String, Refused> {
    let control = headers.get(CONTROL_HEADER).and_then(|value| value.to_str().ok()).ok_or(Refused::NoControl)?;
    let fits = (1..=64).contains(&control.len()) && control.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits { Ok(control.to_owned()) } else { Err(Refused::NoControl) }
}

/// What can be refused before a byte of the report is read.
fn check_headers(headers: &HeaderMap, limit: u64) -> Result<(), Refused> {
    if headers.get(header::CONTENT_TYPE).is_none_or(|value| value.as_bytes() != REPORT_TYPE.as_bytes()) {
        return Err(Refused::NotAPdf);
    }
    let declared =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit) { Err(Refused::TooLarge) } else { Ok(()) }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::OtherControl => Self::OtherControl,
            StoreError::OtherReport => Self::OtherReport,
            StoreError::Store(RegisterError::DiskFull) => Self::Failed("ARCHIVE_DISK_FULL"),
            StoreError::Receipt(_) | StoreError::Store(_) => Self::Failed("ARCHIVE_FAILED"),
        }
    }
}

impl Refused {
    const fn code(&self) -> &'static str {
        self.describe().1
    }

    /// Status, code and words.
    const fn describe(&self) -> (u16, &'static str, &'static str) {
        match self {
            Self::NotADigest => {
                (400, "NOT_A_DIGEST", "the address of a report is its SHA-256 as 64 lower-case hexadecimal digits")
            }
            Self::NoControl => {
                (400, "NO_CONTROL_ID", "the header Bam-Control-Id names the control: 1-64 letters, digits and hyphens")
            }
            Self::NotAPdf => (415, "NOT_A_PDF", "a report is sent as application/pdf"),
            Self::TooLarge => (413, "REPORT_TOO_LARGE", "the report is larger than this archive takes"),
            Self::Broken => (400, "REPORT_INCOMPLETE", "the report did not arrive completely"),
            Self::OtherDigest => (422, "OTHER_DIGEST", "the report is not the one that its address names"),
            Self::NotValid(_) => (422, "REPORT_NOT_VALID", "the report does not prove what it should prove"),
            Self::OtherControlInReport => {
                (422, "OTHER_CONTROL_IN_REPORT", "the report is about another control than the header says")
            }
            Self::OtherControl => (409, "REPORT_OF_OTHER_CONTROL", "this report is in the archive as that of another control"),
            Self::OtherReport => (409, "CONTROL_HAS_OTHER_REPORT", "this control is in the archive with another report"),
            Self::NoReceipt => (404, "NO_RECEIPT", "there is no such report in this archive"),
            Self::NoSuchResource => (404, "NO_SUCH_RESOURCE", "this archive has reports and receipts under /v1/reports"),
            Self::NoSuchMethod => (405, "NO_SUCH_METHOD", "reports are sent with PUT, receipts are read with GET"),
            Self::Full => (503, "ARCHIVE_BUSY", "many reports are arriving: try again a little later"),
            Self::Failed(code) => (503, code, "the archive cannot store reports now: try again later"),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, code, title) = self.describe();
        let mut problem = Problem::new(status, code, title);
        let retry_after = match self {
            Self::Full => Some("5"),
            Self::Failed(_) => Some("60"),
            Self::NotValid(findings) => {
                problem.findings = findings;
                None
            }
            _ => None,
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(problem)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(PROBLEM_TYPE));
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static(seconds));
        }
        response
    }
}
