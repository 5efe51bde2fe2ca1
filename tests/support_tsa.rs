//! A time-stamping authority for the tests: `openssl ts` with a PKI of its own, behind a small HTTP server.

use std::{
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use bam_station::{
    evidence::timestamp::{TimeStampAuthority, TimeStampConnection},
    trust::Anchors,
};

pub const POLICY: &str = "1.2.3.4.1";

/// What the authority answers with instead of its honest answer.
pub type Change = Box<dyn Fn(Vec<u8>, Vec<u8>) -> Vec<u8> + Send>;

/// The authority's keys and certificates in a folder, and its server.
pub struct Authority {
    folder: tempfile::TempDir,
    url: String,
    change: Arc<Mutex<Option<Change>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Which certificate signs the time-stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    P256,
    Rsa,
    /// The extended key usage is there but not critical.
    NotCritical,
    /// For time-stamps and for something else.
    AlsoForMail,
}

pub fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

const CONFIGURATION: &str = "
[req]
distinguished_name = dn
prompt = no
[dn]
CN = x
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[tsa]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[not_critical]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = timeStamping
[mail]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping,emailProtection
[ts]
serial = ./serial
signer_cert = ./tsa.pem
certs = ./ca.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.2
digests = sha256
accuracy = secs:1
tsa_name = yes
ess_cert_id_alg = sha256
";

/// Makes a CA `ca.pem` and a certificate for time-stamps `tsa.pem` in `folder`.
pub fn make_pki(folder: &Path, kind: Kind) {
    configure(folder);
    let curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let key: &[&str] = if kind == Kind::Rsa { &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"] } else { &curve };
    openssl(folder, &[&["genpkey"], &curve[..], &["-out", "ca.key"]].concat());
    openssl(folder, &[&["genpkey"], key, &["-out", "tsa.key"]].concat());
    let request = ["req", "-new", "-config", "openssl.cnf", "-utf8"];
    let root = ["-x509", "-key", "ca.key", "-subj", "/O=Tidstempel/CN=Tidstempel rot", "-extensions", "ca", "-days", "7300"];
    openssl(folder, &[&request[..], &root, &["-out", "ca.pem"]].concat());
    let section = match kind {
        Kind::P256 | Kind::Rsa => "tsa",
        Kind::NotCritical => "not_critical",
        Kind::AlsoForMail => "mail",
    };
    let leaf = ["-key", "tsa.key", "-subj", "/O=Tidstempel/CN=Tidstempelmyndighet", "-out", "tsa.csr"];
    openssl(folder, &[&request[..], &leaf].concat());
    let sign = ["x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "3650"];
    openssl(folder, &[&sign[..], &["-extfile", "openssl.cnf", "-extensions", section, "-out", "tsa.pem"]].concat());
}

/// What `openssl ts` needs besides `tsa.pem`, `tsa.key` and `ca.pem`.
pub fn configure(folder: &Path) {
    std::fs::write(folder.join("openssl.cnf"), CONFIGURATION).unwrap();
    std::fs::write(folder.join("serial"), "01").unwrap();
}

impl Authority {
    pub fn start(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        make_pki(folder.path(), kind);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/ts", listener.local_addr().unwrap());
        let change: Arc<Mutex<Option<Change>>> = Arc::default();
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (folder, change, stop) = (folder.path().to_owned(), Arc::clone(&change), Arc::clone(&stop));
            thread::spawn(move || {
                for stream in listener.incoming() {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let mut stream = stream.unwrap();
                    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
                    let Some(query) = request_body(&mut stream) else { continue };
                    let mut reply = reply(&folder, &query);
                    if let Some(change) = change.lock().unwrap().as_ref() {
                        reply = change(query, reply);
                    }
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                        reply.len()
                    );
                    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&reply));
                }
            })
        };
        Self { folder, url, change, stop, thread: Some(thread) }
    }

    /// From now on every answer passes through `change`: request, honest answer.
    pub fn change(&self, change: impl Fn(Vec<u8>, Vec<u8>) -> Vec<u8> + Send + 'static) {
        *self.change.lock().unwrap() = Some(Box::new(change));
    }

    pub fn honest(&self) {
        *self.change.lock().unwrap() = None;
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub fn anchors(&self) -> Anchors {
        Anchors::from_bytes(&std::fs::read(self.ca_file()).unwrap()).unwrap()
    }

    pub fn connection(&self) -> TimeStampConnection {
        TimeStampConnection {
            url: self.url.clone(),
            authorities: std::fs::read(self.ca_file()).unwrap(),
            policy: None,
            connect: Duration::from_secs(30),
            total: Duration::from_secs(30),
        }
    }

    pub fn client(&self) -> TimeStampAuthority {
        TimeStampAuthority::new(&self.connection()).unwrap()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the server, which waits for a connection.
        let address = self.url.trim_start_matches("http://").trim_end_matches("/ts").to_owned();
        drop(std::net::TcpStream::connect(address));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// The answer of `openssl ts` to a query.
pub fn reply(folder: &Path, query: &[u8]) -> Vec<u8> {
    std::fs::write(folder.join("query.tsq"), query).unwrap();
    openssl(
        folder,
        &["ts", "-reply", "-config", "openssl.cnf", "-section", "ts", "-queryfile", "query.tsq", "-out", "reply.tsr"],
    );
    std::fs::read(folder.join("reply.tsr")).unwrap()
}

fn request_body(stream: &mut std::net::TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
        let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
        let length: usize =
            text.lines().find_map(|line| line.strip_prefix("content-length:")).and_then(|length| length.trim().parse().ok())?;
        if bytes.len() >= head + 4 + length {
            return Some(bytes[head + 4..head + 4 + length].to_vec());
        }
    }
}
