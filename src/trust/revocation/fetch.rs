//! Fetching over http, through the configured proxy, within limits of size and time.

use std::{
    io::Read as _,
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::{
    NoProxy, Proxy,
    blocking::{Client, RequestBuilder, Response},
    header::{ACCEPT, CONTENT_TYPE},
    redirect,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::trust::{ProxySettings, RevocationProblem};

/// Largest OCSP response, in bytes. A real one has a few thousand.
const MAX_OCSP: usize = 256 * 1024;
/// So often a server may send us elsewhere.
const MOST_REDIRECTS: usize = 3;

/// Fetches answers.
#[derive(Debug)]
pub(super) struct Fetcher {
    /// `None` when the system gives no connection at all: then nobody can be reached.
    client: Option<Client>,
    limit: Duration,
}

impl Fetcher {
    pub fn new(proxy: &ProxySettings, limit: Duration) -> Self {
        Self { client: client(proxy, limit), limit }
    }

    /// Sends an OCSP request (RFC 6960 appendix A.1).
    pub fn post_ocsp(&self, url: &str, request: Vec<u8>) -> Result<Vec<u8>, RevocationProblem> {
        self.fetch(MAX_OCSP, |client| {
            let post = client.post(url).header(CONTENT_TYPE, "application/ocsp-request");
            post.header(ACCEPT, "application/ocsp-response").body(request)
        })
    }

    /// Fetches a file of at most `most` bytes.
    pub fn get(&self, url: &str, most: usize) -> Result<Vec<u8>, RevocationProblem> {
        self.fetch(most, |client| client.get(url))
    }

    fn fetch(&self, most: usize, request: impl FnOnce(&Client) -> RequestBuilder) -> Result<Vec<u8>, RevocationProblem> {
        let client = self.client.as_ref().ok_or(RevocationProblem::Unreachable)?;
        let started = Instant::now();
        let response = request(client)
            .send()
            .map_err(|error| if error.is_timeout() { RevocationProblem::TimedOut } else { RevocationProblem::Unreachable })?;
        if !response.status().is_success() {
            return Err(RevocationProblem::ServerError);
        }
        self.read(response, most, started)
    }

    /// Reads to the end. A server that sends a little now and then is cut off too.
    fn read(&self, mut response: Response, most: usize, started: Instant) -> Result<Vec<u8>, RevocationProblem> {
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
        if announced.is_some_and(|length| length > most) {
            return Err(RevocationProblem::TooLarge);
        }
        let mut bytes = Vec::new();
        let mut part = [0; 16 * 1024];
        loop {
            let read = response.read(&mut part).map_err(|error| match error.kind() {
                std::io::ErrorKind::TimedOut => RevocationProblem::TimedOut,
                _ => RevocationProblem::Unreachable,
            })?;
            if read == 0 {
                return Ok(bytes);
            }
            bytes.extend_from_slice(part.get(..read).unwrap_or_default());
            if bytes.len() > most {
                return Err(RevocationProblem::TooLarge);
            }
            if started.elapsed() > self.limit {
                return Err(RevocationProblem::TimedOut);
            }
        }
    }
}

fn client(proxy: &ProxySettings, limit: Duration) -> Option<Client> {
    // The answers are signed and asked for over plain http; a redirection to https finds no CA to trust and fails.
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(redirect::Policy::limited(MOST_REDIRECTS))
        // The system's proxy is not asked: MASTER.toml says the way.
        .no_proxy()
        .connect_timeout(limit)
        .timeout(limit);
    let builder = match &proxy.url {
        None => builder,
        Some(url) => {
            let direct = NoProxy::from_string(&proxy.direct_hosts.join(","));
            builder.proxy(Proxy::http(url).ok()?.no_proxy(direct))
        }
    };
    builder.build().ok()
}
