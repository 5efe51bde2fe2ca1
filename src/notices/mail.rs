//! The mail server: SMTP over TLS alone, with a pinned CA.

use std::{fs, time::Duration};

use jiff::Timestamp;
use lettre::{
    Address, Message, SmtpTransport, Transport as _,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};

use super::{NoticesError, SendFault};
use crate::{config::NoticesSettings, directory::password};

/// Largest CA file, bytes.
const LARGEST_CA: u64 = 1 << 20;

/// How long one step with the server may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The connection's settings; each mail opens a connection of its own.
pub struct Mailer {
    transport: SmtpTransport,
    from: Address,
}

impl Mailer {
    pub fn open(settings: &NoticesSettings) -> Result<Self, NoticesError> {
        let NoticesSettings { url, ca, from, user_name, password_file, .. } = settings;
        let (Some(url), Some(ca), Some(from)) = (url, ca, from) else { return Err(NoticesError::NoServer) };
        let url = reqwest::Url::parse(url).map_err(|_| NoticesError::NoServer)?;
        let host = url.host_str().ok_or(NoticesError::NoServer)?;
        let fits = fs::metadata(ca).is_ok_and(|found| found.is_file() && found.len() <= LARGEST_CA);
        let pem = fs::read(ca).ok().filter(|_| fits).ok_or(NoticesError::Ca)?;
        let certificate = Certificate::from_pem(&pem).map_err(|_| NoticesError::Ca)?;
        let parameters = TlsParameters::builder(host.to_owned())
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificate)
            .build_rustls()
            .map_err(|_| NoticesError::Ca)?;
        // smtps begins with TLS, smtp asks for it; a server that has none gets no mail.
        let (tls, port) =
            if url.scheme() == "smtps" { (Tls::Wrapper(parameters), 465) } else { (Tls::Required(parameters), 587) };
        let mut transport = SmtpTransport::builder_dangerous(host)
            .port(url.port().unwrap_or(port))
            .tls(tls)
            .timeout(Some(PATIENCE))
            // The name of this machine is nobody's business.
            .hello_name(ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST));
        if let (Some(user), Some(file)) = (user_name, password_file) {
            let password = password::read(file).map_err(|why| NoticesError::Password { why })?;
            transport = transport.credentials(Credentials::new(user.clone(), password.as_str().to_owned()));
        }
        let from = from.parse().map_err(|_| NoticesError::From)?;
        Ok(Self { transport: transport.build(), from })
    }

    /// Hands one mail to the server. `id` is the mail's own name, the same whenever it is sent.
    pub fn send(&self, to: &str, id: &str, at: Timestamp, subject: &str, body: &str) -> Result<(), SendFault> {
        let to: Address = to.parse().map_err(|_| SendFault::NoAddress)?;
        let message = Message::builder()
            .from(Mailbox::new(None, self.from.clone()))
            .to(Mailbox::new(None, to))
            .date(at.into())
            .message_id(Some(format!("<{id}@{}>", self.from.domain())))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            // No machine answers it (RFC 3834).
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .body(body.to_owned())
            .map_err(|_| SendFault::Unwritable)?;
        self.transport.send(&message).map(drop).map_err(|error| {
            let code: Option<u16> = error.status().map(Into::into);
            match code {
                // RFC 4954 §6.
                Some(530 | 534 | 535 | 538) => SendFault::SignIn,
                _ if error.is_permanent() => SendFault::Refused,
                _ => SendFault::Server,
            }
        })
    }
}
