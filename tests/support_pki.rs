//! A public key infrastructure of its own for each test, made by openssl: a root, a sub CA, an OCSP signer, people's
//! certificates, revocation lists, and a small http server that hands out what a test wants it to.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use bam_station::trust::{Desk, ProxySettings, Revocation, Trust, TrustSettings};
use der::Decode as _;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use x509_cert::Certificate;

/// Policies that the tests take for qualified and local certificates.
pub const QUALIFIED: &str = "1.3.6.1.4.1.32473.1.1";
pub const LOCAL: &str = "1.3.6.1.4.1.32473.1.2";

pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Root, sub CA and the server at which both publish.
pub struct Pki {
    pub folder: tempfile::TempDir,
    pub server: Server,
    pub root: Authority,
    pub sub: Authority,
    pub ocsp: Issued,
}

/// A CA with its database, for `openssl ca`.
#[derive(Clone)]
pub struct Authority {
    folder: PathBuf,
    pub certificate: Certificate,
}

/// A certificate with its key, as files.
#[derive(Clone)]
pub struct Issued {
    pub certificate: Certificate,
    pub pem: PathBuf,
    pub key: PathBuf,
}

/// What a certificate is to say.
#[derive(Clone)]
pub struct Wanted {
    pub name: String,
    pub rsa: bool,
    /// What `openssl genpkey -algorithm` is told, when it is neither P-256 nor RSA.
    pub key: Option<&'static [&'static str]>,
    pub policies: Vec<&'static str>,
    pub usage: &'static str,
    pub more: String,
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Wanted {
    /// A qualified certificate of a person, valid now.
    pub fn person(name: &str) -> Self {
        Self {
            name: name.into(),
            rsa: false,
            key: None,
            policies: vec![QUALIFIED],
            usage: "digitalSignature, nonRepudiation",
            more: String::new(),
            from: now() - days(30),
            until: now() + days(300),
        }
    }
}

pub fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count * 24)
}

pub fn openssl(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(arguments).stdin(Stdio::null()).output().expect("openssl is installed");
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn utc(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%SZ").to_string()
}

fn new_key(path: &Path, rsa: bool) {
    let how: &[&str] =
        if rsa { &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] } else { &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"] };
    openssl(&[&["genpkey", "-algorithm"], how, &["-out", text(path)]].concat());
}

fn read(pem: &Path) -> Certificate {
    Certificate::from_der(&openssl(&["x509", "-in", text(pem), "-outform", "DER"])).unwrap()
}

/// A folder for a CA: its key and its database.
fn prepare(folder: &Path) {
    fs::create_dir_all(folder.join("issued")).unwrap();
    new_key(&folder.join("ca.key"), false);
    fs::write(folder.join("index.txt"), "").unwrap();
    fs::write(folder.join("index.txt.attr"), "unique_subject = no\n").unwrap();
    fs::write(folder.join("crlnumber"), "01\n").unwrap();
    let here = text(folder);
    let configuration = format!(
        "[ca]\ndefault_ca=d\n[d]\ndatabase={here}/index.txt\nnew_certs_dir={here}/issued\nrand_serial=yes\ndefault_md=sha256\n\
         crlnumber={here}/crlnumber\ncertificate={here}/ca.pem\nprivate_key={here}/ca.key\npolicy=p\ndefault_days=30\n\
         default_crl_days=1\nstring_mask=utf8only\n[p]\ncommonName=supplied\norganizationName=optional\nUID=optional\n\
         [req]\ndistinguished_name=dn\nstring_mask=utf8only\nutf8=yes\n[dn]\n"
    );
    fs::write(folder.join("openssl.cnf"), configuration).unwrap();
}

fn request(folder: &Path, name: &str, key: &Path) -> PathBuf {
    let request = folder.join(format!("{}.csr", uuid::Uuid::now_v7()));
    let (subject, configuration) = (format!("/O=Utopia kommune/CN={name}"), folder.join("openssl.cnf"));
    openssl(&[
        "req",
        "-new",
        "-utf8",
        "-key",
        text(key),
        "-subj",
        &subject,
        "-out",
        text(&request),
        "-config",
        text(&configuration),
    ]);
    request
}

/// The CA in `folder` signs; a CA that signs its own certificate needs none for that.
fn sign(folder: &Path, request: &Path, extensions: &str, validity: (Timestamp, Timestamp), pem: &Path, itself: bool) {
    let file = request.with_extension("ext");
    fs::write(&file, extensions).unwrap();
    let (from, until, configuration) = (utc(validity.0), utc(validity.1), folder.join("openssl.cnf"));
    let mut arguments = vec![
        "ca",
        "-batch",
        "-notext",
        "-preserveDN",
        "-config",
        text(&configuration),
        "-in",
        text(request),
        "-out",
        text(pem),
        "-extfile",
        text(&file),
        "-startdate",
        &from,
        "-enddate",
        &until,
    ];
    if itself {
        arguments.push("-selfsign");
    }
    openssl(&arguments);
}

impl Authority {
    /// A self-signed CA.
    pub fn root(folder: &Path, name: &str) -> Self {
        prepare(folder);
        let extensions = "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n";
        let (request, pem) = (request(folder, name, &folder.join("ca.key")), folder.join("ca.pem"));
        sign(folder, &request, extensions, (now() - days(400), now() + days(3000)), &pem, true);
        Self { folder: folder.to_owned(), certificate: read(&pem) }
    }

    /// A CA below `above`.
    pub fn below(above: &Authority, folder: &Path, name: &str, more: &str) -> Self {
        prepare(folder);
        let extensions = format!(
            "basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n\
             authorityKeyIdentifier=keyid\n{more}"
        );
        let (request, pem) = (request(folder, name, &folder.join("ca.key")), folder.join("ca.pem"));
        sign(&above.folder, &request, &extensions, (now() - days(300), now() + days(2000)), &pem, false);
        Self { folder: folder.to_owned(), certificate: read(&pem) }
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("openssl.cnf")
    }

    /// Issues a certificate for a new key.
    pub fn issue(&self, wanted: &Wanted) -> Issued {
        let id = uuid::Uuid::now_v7();
        let key = self.folder.join(format!("{id}.key"));
        match wanted.key {
            Some(how) => drop(openssl(&[&["genpkey", "-algorithm"], how, &["-out", text(&key)]].concat())),
            None => new_key(&key, wanted.rsa),
        }
        let request = request(&self.folder, &wanted.name, &key);
        let pem = self.folder.join(format!("{id}.pem"));
        let mut extensions = format!("basicConstraints=critical,CA:false\n{}\n", wanted.more);
        if !wanted.usage.is_empty() {
            extensions += &format!("keyUsage=critical,{}\n", wanted.usage);
        }
        if !wanted.policies.is_empty() {
            extensions += &format!("certificatePolicies={}\n", wanted.policies.join(","));
        }
        sign(&self.folder, &request, &extensions, (wanted.from, wanted.until), &pem, false);
        Issued { certificate: read(&pem), pem, key }
    }

    /// Revokes a certificate that this CA issued. Lists and responders say so from now on.
    pub fn revoke(&self, issued: &Path) {
        openssl(&["ca", "-config", text(&self.configuration()), "-revoke", text(issued), "-crl_reason", "keyCompromise"]);
    }

    /// A list as of now that holds for a day.
    pub fn list(&self) -> Vec<u8> {
        self.list_with(now() - SignedDuration::from_mins(1), now() + SignedDuration::from_hours(24), "")
    }

    /// A list with these times and extensions.
    pub fn list_with(&self, this: Timestamp, next: Timestamp, extensions: &str) -> Vec<u8> {
        let configuration = self.folder.join(format!("{}.cnf", uuid::Uuid::now_v7()));
        let plain = fs::read_to_string(self.configuration()).unwrap();
        fs::write(&configuration, format!("{plain}\n[crl]\nauthorityKeyIdentifier=keyid\n{extensions}\n")).unwrap();
        let (this, next) = (utc(this), utc(next));
        let pem = configuration.with_extension("crl");
        openssl(&[
            "ca",
            "-config",
            text(&configuration),
            "-gencrl",
            "-crlexts",
            "crl",
            "-crl_lastupdate",
            &this,
            "-crl_nextupdate",
            &next,
            "-out",
            text(&pem),
        ]);
        openssl(&["crl", "-in", text(&pem), "-outform", "DER"])
    }

    /// The CA's own certificate and key, as it would sign an answer itself.
    pub fn as_issued(&self) -> Issued {
        Issued { certificate: self.certificate.clone(), pem: self.pem(), key: self.folder.join("ca.key") }
    }

    /// The same CA with a database that knows nobody.
    pub fn without_database(&self) -> Self {
        let folder = self.folder.join("empty");
        fs::create_dir_all(&folder).unwrap();
        for file in ["ca.pem", "ca.key", "index.txt.attr"] {
            fs::copy(self.folder.join(file), folder.join(file)).unwrap();
        }
        fs::write(folder.join("index.txt"), "").unwrap();
        Self { folder, certificate: self.certificate.clone() }
    }

    pub fn pem(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// What `openssl ocsp` answers to a request with this CA's database.
    pub fn ocsp_answer(&self, request: &[u8], signer: &Issued, more: &[&str]) -> Vec<u8> {
        let base = self.folder.join(uuid::Uuid::now_v7().to_string());
        let (asked, answer) = (base.with_extension("req"), base.with_extension("resp"));
        fs::write(&asked, request).unwrap();
        let index = self.folder.join("index.txt");
        let pem = self.pem();
        let mut arguments = vec![
            "ocsp",
            "-index",
            text(&index),
            "-CA",
            text(&pem),
            "-rsigner",
            text(&signer.pem),
            "-rkey",
            text(&signer.key),
            "-reqin",
            text(&asked),
            "-respout",
            text(&answer),
        ];
        arguments.extend(if more.is_empty() { &["-nmin", "60"] } else { more });
        openssl(&arguments);
        fs::read(answer).unwrap()
    }

    /// An OCSP request about a certificate, as openssl makes it.
    pub fn ocsp_request(&self, about: &Path) -> Vec<u8> {
        let asked = self.folder.join(format!("{}.req", uuid::Uuid::now_v7()));
        openssl(&["ocsp", "-issuer", text(&self.pem()), "-cert", text(about), "-no_nonce", "-reqout", text(&asked)]);
        fs::read(asked).unwrap()
    }

    /// A certificate for an OCSP responder.
    pub fn ocsp_signer(&self, name: &str, more: &str) -> Issued {
        self.issue(&Wanted {
            policies: Vec::new(),
            usage: "digitalSignature",
            more: format!("extendedKeyUsage=OCSPSigning\n{more}"),
            ..Wanted::person(name)
        })
    }

    /// A real responder, `openssl ocsp`, in a process of its own.
    pub fn responder(&self, signer: &Issued) -> Responder {
        let mut process = Command::new("openssl")
            .args(["ocsp", "-port", "0", "-nmin", "60", "-index", text(&self.folder.join("index.txt"))])
            .args(["-CA", text(&self.pem()), "-rsigner", text(&signer.pem), "-rkey", text(&signer.key)])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| line.ok().filter(|line| line.starts_with("ACCEPT"))).expect("the responder starts");
        let port = ready.split_whitespace().nth(1).and_then(|address| address.rsplit(':').next()).unwrap().parse().unwrap();
        Responder { process, port, _lines: lines }
    }
}

/// A running responder; it ends with the test.
pub struct Responder {
    process: Child,
    pub port: u16,
    _lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Drop for Responder {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Pki {
    /// Both CAs publish good lists; the responder answers by the sub CA's database.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start();
        let root = Authority::root(&folder.path().join("root"), "Utopia Root CA");
        let points = format!("crlDistributionPoints=URI:{}\n", server.url("/root.crl"));
        let sub = Authority::below(&root, &folder.path().join("sub"), "Utopia Card CA", &points);
        let ocsp = sub.ocsp_signer("Utopia OCSP", "noCheck=ignored");
        let this = Self { folder, server, root, sub, ocsp };
        this.publish();
        this
    }

    /// Publishes both lists anew, and lets the responder answer.
    pub fn publish(&self) {
        self.server.gives("/root.crl", Reply::Bytes(self.root.list()));
        self.server.gives("/sub.crl", Reply::Bytes(self.sub.list()));
        let (sub, signer) = (self.sub.clone(), self.ocsp.clone());
        self.server.gives("/ocsp", Reply::Made(Arc::new(move |request| sub.ocsp_answer(request, &signer, &[]))));
    }

    /// Where the sub CA's certificates send who asks.
    pub fn both_places(&self) -> String {
        format!("{}{}", self.ocsp_place(), self.list_place())
    }

    pub fn ocsp_place(&self) -> String {
        format!("authorityInfoAccess=OCSP;URI:{}\n", self.server.url("/ocsp"))
    }

    pub fn list_place(&self) -> String {
        format!("crlDistributionPoints=URI:{}\n", self.server.url("/sub.crl"))
    }

    /// A person's qualified certificate that names responder and list.
    pub fn person(&self, name: &str) -> Issued {
        self.sub.issue(&Wanted { more: self.both_places(), ..Wanted::person(name) })
    }

    /// The settings of an organisation that trusts the root and knows the sub CA.
    pub fn settings(&self) -> TrustSettings {
        TrustSettings {
            anchors: vec![self.root.pem()],
            intermediates: vec![self.sub.pem()],
            qualified_policies: vec![QUALIFIED.parse().unwrap()],
            local_policies: vec![LOCAL.parse().unwrap()],
            revocation: Revocation::Required,
            // Tests ask anew each time unless they say otherwise.
            ask_again_minutes: 0,
            fetch_seconds: 20,
            ..TrustSettings::default()
        }
    }

    /// The folder in which answers are kept.
    pub fn kept(&self) -> PathBuf {
        self.folder.path().join("kept")
    }

    pub fn trust_with(&self, change: impl FnOnce(&mut TrustSettings)) -> Trust {
        let mut settings = self.settings();
        change(&mut settings);
        Trust::open(&settings, &ProxySettings::default(), Desk::Production, &self.kept()).unwrap()
    }

    pub fn trust(&self) -> Trust {
        self.trust_with(|_| {})
    }
}

/// What the server answers at a path.
#[derive(Clone)]
pub enum Reply {
    Bytes(Vec<u8>),
    Status(u16),
    Redirect(String),
    /// Says nothing until the other side goes away.
    Silence,
    /// What the server at this port of this machine answers to the same.
    Passed(u16),
    /// Made from the request's body.
    Made(Arc<Make>),
}

type Make = dyn Fn(&[u8]) -> Vec<u8> + Send + Sync;

/// An http server on this machine. It is gone when it is dropped or stopped.
pub struct Server {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    replies: Mutex<HashMap<String, Reply>>,
    asked: Mutex<Vec<String>>,
    stopped: Mutex<bool>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if *of_thread.stopped.lock().unwrap() {
                    return;
                }
                let shared = Arc::clone(&of_thread);
                thread::spawn(move || serve(&stream, &shared));
            }
        });
        Self { port, shared }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn gives(&self, path: &str, reply: Reply) {
        self.shared.replies.lock().unwrap().insert(path.into(), reply);
    }

    /// The paths that were asked for since the last time, in their order.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.asked.lock().unwrap())
    }

    /// Nobody listens any more.
    pub fn stop(&self) {
        *self.shared.stopped.lock().unwrap() = true;
        // The listener wakes up once and closes.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        while TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
            thread::yield_now();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !*self.shared.stopped.lock().unwrap() {
            self.stop();
        }
    }
}

fn serve(stream: &TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    let _ = reader.read_line(&mut line);
    // A proxy is asked for the whole address.
    let target = line.split(' ').nth(1).unwrap_or("").to_owned();
    let path = match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]).to_owned(),
        None => target.clone(),
    };
    let mut length = 0;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).unwrap_or(0) == 0 || header == "\r\n" {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    shared.asked.lock().unwrap().push(target);
    let reply = shared.replies.lock().unwrap().get(&path).cloned().unwrap_or(Reply::Status(404));
    let mut stream = stream;
    let (status, more, bytes) = match reply {
        Reply::Bytes(bytes) => (200, String::new(), bytes),
        Reply::Status(status) => (status, String::new(), Vec::new()),
        Reply::Redirect(to) => (302, format!("Location: {to}\r\n"), Vec::new()),
        Reply::Made(make) => (200, String::new(), make(&body)),
        Reply::Passed(port) => {
            let mut other = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let head = format!("POST / HTTP/1.0\r\nContent-Type: application/ocsp-request\r\nContent-Length: {length}\r\n\r\n");
            other.write_all(head.as_bytes()).and_then(|()| other.write_all(&body)).unwrap();
            let mut answer = Vec::new();
            other.read_to_end(&mut answer).unwrap();
            let _ = stream.write_all(&answer);
            return;
        }
        Reply::Silence => {
            let _ = reader.read(&mut [0]);
            return;
        }
    };
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{more}Connection: close\r\n\r\n", bytes.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&bytes));
}
