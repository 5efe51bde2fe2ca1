//! What the archive counts, as Prometheus reads it (text format 0.0.4). Numbers and codes alone, nothing about persons or controls.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// The media type of the text.
pub const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Counters since the archive was started.
#[derive(Debug, Default)]
pub struct Metrics {
    received: AtomicU64,
    repeated: AtomicU64,
    bytes: AtomicU64,
    answered: AtomicU64,
    microseconds: AtomicU64,
    handshakes_failed: AtomicU64,
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

/// How a request to store a report ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Stored for the first time; so many bytes.
    Received(u64),
    /// Known already.
    Repeated,
    /// Not stored, with the problem's code.
    Refused(&'static str),
}

impl Metrics {
    /// A request to store a report has ended after this time.
    pub fn count(&self, outcome: Outcome, time: Duration) {
        match outcome {
            Outcome::Received(bytes) => {
                self.received.fetch_add(1, Relaxed);
                self.bytes.fetch_add(bytes, Relaxed);
            }
            Outcome::Repeated => drop(self.repeated.fetch_add(1, Relaxed)),
            Outcome::Refused(code) => {
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
            }
        }
        self.answered.fetch_add(1, Relaxed);
        self.microseconds.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// A TLS handshake failed: no client certificate, a wrong one, or too slow.
    pub fn handshake_failed(&self) {
        self.handshakes_failed.fetch_add(1, Relaxed);
    }

    /// The text; `receipts` is the number of receipts in the store.
    pub fn text(&self, receipts: u64) -> String {
        let mut text = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, values: &[(String, String)]| {
            // A String takes everything that is written to it.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in values {
                let _ = writeln!(text, "{name}{labels} {value}");
            }
        };
        let one = |number: u64| vec![(String::new(), number.to_string())];
        let of = |counter: &AtomicU64| one(counter.load(Relaxed));
        metric("bam_archive_receipts", "gauge", "Receipts given since the archive began.", &one(receipts));
        metric("bam_archive_reports_received_total", "counter", "Reports stored for the first time.", &of(&self.received));
        metric("bam_archive_reports_repeated_total", "counter", "Reports sent again and answered again.", &of(&self.repeated));
        metric("bam_archive_report_bytes_total", "counter", "Bytes of the reports stored.", &of(&self.bytes));
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let refused: Vec<_> =
            refused.into_iter().map(|(code, count)| (format!("{{code=\"{code}\"}}"), count.to_string())).collect();
        metric("bam_archive_reports_refused_total", "counter", "Reports not stored, by the code of the problem.", &refused);
        let failed = of(&self.handshakes_failed);
        metric(
            "bam_archive_handshakes_failed_total",
            "counter",
            "Clients without an admitted certificate, or too slow.",
            &failed,
        );
        let microseconds = self.microseconds.load(Relaxed);
        let seconds = format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000);
        let summary = [("_count".to_owned(), self.answered.load(Relaxed).to_string()), ("_sum".to_owned(), seconds)];
        metric("bam_archive_store_seconds", "summary", "Time from a request to its answer.", &summary);
        text
    }
}
