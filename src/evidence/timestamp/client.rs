//! Asking an authority for a time-stamp over HTTP (RFC 3161 §3.4).

use std::{io::Read as _, time::Duration};

use der::{
    Decode as _, Encode as _,
    asn1::{Int, ObjectIdentifier, OctetString},
};
use reqwest::{
    StatusCode,
    blocking::Client,
    header::{ACCEPT, CONTENT_TYPE},
    redirect,
};

use super::{
    message::{MessageImprint, TimeStampRequest, TimeStampResponse},
    token::{MAX_TOKEN, TimeStampToken, TokenFault},
};
use crate::{
    delivery::tls,
    trust::{Anchors, SignatureAlgorithm, TrustError},
};

/// Largest answer that is read, in bytes: a token, and the authority's words around it.
const MAX_ANSWER: u64 = 64 * 1024;
const QUERY: &str = "application/timestamp-query";
const REPLY: &str = "application/timestamp-reply";

/// Gives time-stamps. A trait, so that signing does not depend on the network.
pub trait TimeSource {
    /// A time-stamp over `parts`, one after the other; everything that RFC 3161 §2.2 asks the requester to check is checked,
    /// and the authority's chain leads to an anchor.
    fn stamp(&self, parts: &[&[u8]]) -> Result<TimeStampToken, TimeStampError>;
}

/// Where the authority is, and by what its time-stamps are known.
#[derive(Debug, Clone)]
pub struct TimeStampConnection {
    /// `http://…` or `https://…`. Over plain HTTP nothing is lost: the request holds a digest, and the answer is signed.
    pub url: String,
    /// The CAs of the authority, PEM: its time-stamps' and, for an https address, its server's.
    pub authorities: Vec<u8>,
    /// The policy that is asked for; `None` for the authority's own choice.
    pub policy: Option<ObjectIdentifier>,
    /// How long the connection may take.
    pub connect: Duration,
    /// How long one time-stamp may take in all.
    pub total: Duration,
}

/// Why there is no time-stamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeStampError {
    /// The configured certificates cannot be used.
    #[error("the time-stamping authority cannot be used with the CA certificates of [TimeStamp]: give a PEM file with its CA")]
    Configuration,
    /// No random number for the request.
    #[error("the system's random source failed; restart the machine")]
    Random,
    /// No connection, no answer in time, or not the answer of an authority.
    #[error("the time-stamping authority cannot be reached: check the network; the time-stamp is added later")]
    Unreachable,
    /// The authority said no.
    #[error("the time-stamping authority refused the request (status {status}): check its policy and this office's contract")]
    Refused {
        /// `PKIStatus`, or the HTTP status.
        status: u16,
    },
    /// The answer is not one to this request.
    #[error("the answer of the time-stamping authority is not one to this request ({0}): use another authority")]
    OtherAnswer(&'static str),
    /// The time-stamp itself.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// The authority's certificate.
    #[error("the time-stamping authority does not count: {0}")]
    Trust(#[from] TrustError),
    /// The station's clock is ahead of the authority's.
    #[error("this machine's clock is ahead of the time-stamping authority's: set the clock")]
    Clock,
    /// The reserved place is too small for it.
    #[error("the time-stamp and the signer's certificates are larger than the place for them: the time-stamp is added later")]
    NoRoom,
}

impl TimeStampError {
    /// The fault's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Configuration => "TIME_STAMP_CONFIGURATION",
            Self::Random => "RANDOM_SOURCE_FAILED",
            Self::Unreachable => "TIME_STAMP_UNREACHABLE",
            Self::Refused { .. } => "TIME_STAMP_REFUSED",
            Self::OtherAnswer(_) => "TIME_STAMP_OTHER_ANSWER",
            Self::Token(fault) => fault.code(),
            Self::Trust(error) => error.code(),
            Self::Clock => "TIME_STAMP_CLOCK_AHEAD",
            Self::NoRoom => "TIME_STAMP_NO_ROOM",
        }
    }
}

/// An authority on the network.
pub struct TimeStampAuthority {
    http: Client,
    url: String,
    policy: Option<ObjectIdentifier>,
    anchors: Anchors,
}

impl TimeStampAuthority {
    /// Prepares the connection; nothing is sent yet.
    pub fn new(connection: &TimeStampConnection) -> Result<Self, TimeStampError> {
        let wrong = |_| TimeStampError::Configuration;
        let anchors = Anchors::from_bytes(&connection.authorities).map_err(|_| TimeStampError::Configuration)?;
        let http = Client::builder()
            .tls_backend_preconfigured(tls::anonymous_config(&connection.authorities).map_err(|_| TimeStampError::Configuration)?)
            .redirect(redirect::Policy::none())
            .connect_timeout(connection.connect)
            .timeout(connection.total)
            .build()
            .map_err(wrong)?;
        Ok(Self { http, url: connection.url.clone(), policy: connection.policy, anchors })
    }

    /// The CAs of the authority.
    pub fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    fn ask(&self, request: Vec<u8>) -> Result<Vec<u8>, TimeStampError> {
        let unreachable = |_| TimeStampError::Unreachable;
        let sent = self.http.post(&self.url).header(CONTENT_TYPE, QUERY).header(ACCEPT, REPLY).body(request).send();
        let response = sent.map_err(unreachable)?;
        match response.status() {
            StatusCode::OK => {}
            status if status.is_client_error() => return Err(TimeStampError::Refused { status: status.as_u16() }),
            _ => return Err(TimeStampError::Unreachable),
        }
        let mut answer = Vec::new();
        response.take(MAX_ANSWER + 1).read_to_end(&mut answer).map_err(|_| TimeStampError::Unreachable)?;
        if answer.len() > usize::try_from(MAX_ANSWER).unwrap_or(MAX_TOKEN) {
            return Err(TimeStampError::OtherAnswer("it is too large"));
        }
        Ok(answer)
    }
}

impl TimeSource for TimeStampAuthority {
    fn stamp(&self, parts: &[&[u8]]) -> Result<TimeStampToken, TimeStampError> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|_| TimeStampError::Random)?;
        // A positive INTEGER of exactly eight bytes, in the one form that DER allows.
        if let Some(first) = random.first_mut() {
            *first = (*first & 0x7f) | 0x40;
        }
        let encode = || -> der::Result<(Int, Vec<u8>)> {
            let nonce = Int::new(&random)?;
            let request = TimeStampRequest {
                version: 1,
                message_imprint: MessageImprint {
                    hash_algorithm: SignatureAlgorithm::P256.digest_identifier(),
                    hashed_message: OctetString::new(SignatureAlgorithm::P256.digest(parts))?,
                },
                policy: self.policy,
                nonce: Some(nonce.clone()),
                certificates: true,
            };
            Ok((nonce, request.to_der()?))
        };
        let (nonce, request) = encode().map_err(|_| TimeStampError::Random)?;
        let answer = self.ask(request)?;

        let other = TimeStampError::OtherAnswer;
        let response = TimeStampResponse::from_der(&answer).map_err(|_| other("it is no answer at all"))?;
        // 1 is "granted with modifications": what was modified is checked below.
        if response.status.status > 1 {
            return Err(TimeStampError::Refused { status: response.status.status.into() });
        }
        let token = response.token.ok_or_else(|| other("it holds no time-stamp"))?;
        let token = token.to_der().map_err(|_| other("it holds no time-stamp"))?;
        let token = TimeStampToken::received(&token)?;
        token.check_covers(parts)?;
        if token.nonce() != Some(&nonce) {
            return Err(other("it repeats another number than the request's"));
        }
        if self.policy.is_some_and(|policy| policy != token.policy()) {
            return Err(other("it follows another policy"));
        }
        token.chain(self.anchors.certificates(), &self.anchors)?;
        Ok(token)
    }
}
