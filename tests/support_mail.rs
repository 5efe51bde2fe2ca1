//! A small mail server of the tests' own: real SMTP (RFC 5321) over real TLS, with moods.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::delivery_desk::{CERTIFICATES, Certificates};

/// What the server does with the next mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Takes it.
    Takes,
    /// Does not know the recipient, for good.
    KnowsNobody,
    /// Is busy.
    Busy,
    /// Takes it, and breaks off before it says so.
    TakesAndBreaksOff,
    /// Wants another password.
    WrongPassword,
}

/// A mail as it arrived.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub signed_in: bool,
    pub data: String,
}

impl Mail {
    /// A line of the head.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.data.split("\r\n\r\n").next().unwrap();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        unfolded.split("\r\n").find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
    }
}

/// A running server.
pub struct MailServer {
    pub port: u16,
    arrived: Arc<Mutex<Vec<Mail>>>,
    moods: Arc<Mutex<Vec<Mood>>>,
}

impl MailServer {
    /// With TLS from the first byte, or after STARTTLS.
    pub fn start(wrapped: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (arrived, moods) = (Arc::<Mutex<Vec<Mail>>>::default(), Arc::<Mutex<Vec<Mood>>>::default());
        let config = tls(&CERTIFICATES);
        let (mails, next) = (Arc::clone(&arrived), Arc::clone(&moods));
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let mood = {
                    let mut moods = next.lock().unwrap();
                    if moods.is_empty() { Mood::Takes } else { moods.remove(0) }
                };
                let (config, mails) = (Arc::clone(&config), Arc::clone(&mails));
                thread::spawn(move || {
                    let secure =
                        |socket: TcpStream| StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), socket);
                    if wrapped {
                        talk(secure(socket), mood, &mails, true);
                    } else {
                        let plain = socket.try_clone().unwrap();
                        if talk(socket, mood, &mails, false) {
                            talk(secure(plain), mood, &mails, false);
                        }
                    }
                });
            }
        });
        Self { port, arrived, moods }
    }

    /// What it does with the next connections; afterwards it takes everything.
    pub fn moods(&self, moods: &[Mood]) {
        *self.moods.lock().unwrap() = moods.to_vec();
    }

    pub fn arrived(&self) -> Vec<Mail> {
        self.arrived.lock().unwrap().clone()
    }
}

fn tls(certificates: &Certificates) -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_slice_iter(&certificates.server.certificates).map(Result::unwrap).collect();
    let private = PrivateKeyDer::from_pem_slice(&certificates.server.key).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    Arc::new(builder.with_single_cert(chain, private).unwrap())
}

/// One connection. `true` when it goes on with TLS. Without TLS nothing but STARTTLS is taken.
fn talk<S: Read + Write>(stream: S, mood: Mood, mails: &Mutex<Vec<Mail>>, greeted_by_tls: bool) -> bool {
    let is_plain = std::any::type_name::<S>().contains("TcpStream") && !std::any::type_name::<S>().contains("StreamOwned");
    let mut stream = BufReader::new(stream);
    let mut mail = Mail::default();
    // After STARTTLS there is no second greeting.
    if (is_plain || greeted_by_tls) && stream.get_mut().write_all(b"220 mail.utopia.example\r\n").is_err() {
        return false;
    }
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return false;
        }
        let command = line.trim_end().to_owned();
        let verb = command.split([' ', ':']).next().unwrap().to_uppercase();
        let answer = match verb.as_str() {
            "EHLO" if is_plain => "250-mail.utopia.example\r\n250 STARTTLS\r\n",
            "EHLO" => "250-mail.utopia.example\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n",
            "STARTTLS" if is_plain => {
                stream.get_mut().write_all(b"220 go on\r\n").unwrap();
                return true;
            }
            "QUIT" => {
                stream.get_mut().write_all(b"221 bye\r\n").ok();
                return false;
            }
            _ if is_plain => "530 TLS first\r\n",
            "AUTH" if mood == Mood::WrongPassword => "535 no\r\n",
            "AUTH" => {
                mail.signed_in = true;
                "235 welcome\r\n"
            }
            "MAIL" => {
                mail.from = command.clone();
                "250 ok\r\n"
            }
            "RCPT" if mood == Mood::KnowsNobody => "550 nobody here\r\n",
            "RCPT" if mood == Mood::Busy => "451 later\r\n",
            "RCPT" => {
                mail.to = command.clone();
                "250 ok\r\n"
            }
            "DATA" => {
                stream.get_mut().write_all(b"354 go on\r\n").unwrap();
                while !mail.data.ends_with("\r\n.\r\n") {
                    if stream.read_line(&mut mail.data).unwrap_or(0) == 0 {
                        return false;
                    }
                }
                mails.lock().unwrap().push(mail.clone());
                if mood == Mood::TakesAndBreaksOff {
                    return false;
                }
                mail = Mail { signed_in: mail.signed_in, ..Mail::default() };
                "250 taken\r\n"
            }
            _ => "250 ok\r\n",
        };
        if stream.get_mut().write_all(answer.as_bytes()).and_then(|()| stream.get_mut().flush()).is_err() {
            return false;
        }
    }
}
