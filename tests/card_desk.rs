//! A desk with two virtual readers behind a pcscd of its own, and cards of made-up people.

use std::{
    any::type_name_of_val,
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use bam_station::{
    device::card::readers,
    rules::CertificateKind,
    trust::{Anchors, Purpose, TrainingCa},
};
use bam_virtual_card::{CardKey, Inserted, Pcscd, VirtualCard, find_driver};
use x509_cert::{
    Certificate,
    der::{Encode as _, pem},
};

use crate::signature::at;

/// The readers of a desk.
const READERS: [&str; 2] = ["Operator Reader", "Holder Reader"];
/// The readers of a desk where the operator's has a PIN pad.
const WITH_PAD: [&str; 2] = ["Operator PIN Pad", "Holder Reader"];
/// The operator's reader with a PIN pad, as PC/SC calls it.
pub const PAD: &str = "Operator PIN Pad 00 00";
/// The readers, as PC/SC calls them.
pub const OPERATORS: &str = "Operator Reader 00 00";
pub const HOLDERS: &str = "Holder Reader 01 00";
/// PIN and PUK of every card.
pub const PIN: &str = "471100";
pub const PUK: &str = "12345678";

/// After this time a test hangs.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long anything may take that is waited for.
pub const SOON: Duration = Duration::from_secs(90);

/// Says to the second process of a test where its desk is.
const FOLDER: &str = "BAM_STATION_TEST_CARD_DESK";

pub struct Desk {
    pcscd: Option<Pcscd>,
    folder: PathBuf,
    readers: [&'static str; 2],
}

/// Runs `test` in a process of its own with readers of its own: programs find pcscd through their environment, and a
/// process reads it once.
pub fn at_a_desk<T: FnOnce(&mut Desk)>(test: T) {
    at_a_desk_with(READERS, test);
}

/// The same where the operator's reader has a PIN pad.
pub fn at_a_desk_with_pad<T: FnOnce(&mut Desk)>(test: T) {
    at_a_desk_with(WITH_PAD, test);
}

fn at_a_desk_with<T: FnOnce(&mut Desk)>(readers: [&'static str; 2], test: T) {
    if let Some(folder) = env::var_os(FOLDER) {
        let folder = PathBuf::from(folder);
        test(&mut Desk { pcscd: Some(pcscd(&folder, readers)), folder, readers });
        return;
    }
    let name = type_name_of_val(&test).split_once("::").unwrap().1.strip_suffix("::{{closure}}").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("said");
    let file = File::create(&said).unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(FOLDER, folder.path())
        .env("PCSCLITE_CSOCK_NAME", socket(folder.path()))
        // SoftHSM looks there for its settings.
        .env("HOME", folder.path())
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .spawn()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if Instant::now() > deadline => break None,
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    if status.is_none() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let said = fs::read_to_string(said).unwrap();
    assert!(status.is_some_and(|status| status.success()) && said.contains("1 passed"), "{status:?} {said}");
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("pcscd")
}

fn pcscd(folder: &Path, readers: [&str; 2]) -> Pcscd {
    let driver = find_driver(&env::current_exe().unwrap()).unwrap();
    Pcscd::start(&driver, folder, &socket(folder), &readers).unwrap()
}

impl Desk {
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts a card into a reader and waits until the reader has noticed it.
    pub fn insert(&self, reader: &str, card: VirtualCard) -> Inserted {
        self.insert_again(reader, Arc::new(Mutex::new(card)))
    }

    /// The same for a card that was in a reader before.
    pub fn insert_again(&self, reader: &str, card: Arc<Mutex<VirtualCard>>) -> Inserted {
        self.until_empty(reader);
        let slot = self.readers.iter().position(|name| reader.starts_with(name)).unwrap();
        let inserted = self.pcscd.as_ref().unwrap().slots()[slot].insert_again(card).unwrap();
        wait_until(|| holds(reader, true));
        inserted
    }

    /// Waits until the reader has noticed that its card was pulled.
    pub fn until_empty(&self, reader: &str) {
        wait_until(|| holds(reader, false));
    }

    /// Ends the reader service, as when the machine's administrator stops it.
    pub fn stop_service(&mut self) {
        self.pcscd = None;
    }

    pub fn start_service(&mut self) {
        self.pcscd = Some(pcscd(&self.folder, self.readers));
    }
}

fn holds(reader: &str, card: bool) -> bool {
    readers().unwrap().iter().any(|found| found.name == reader && found.card == card)
}

pub fn wait_until(done: impl Fn() -> bool) {
    let deadline = Instant::now() + SOON;
    while !done() {
        assert!(Instant::now() < deadline, "the reader does not notice");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A certificate authority of the tests and what it issues.
pub struct Authority(TrainingCa);

impl Authority {
    pub fn new() -> Self {
        Self(TrainingCa::create("Utopia", at("2026-01-01T00:00:00Z")).unwrap())
    }

    pub fn certificate(&self) -> &Certificate {
        self.0.certificate()
    }

    pub fn anchors(&self) -> Anchors {
        Anchors::new(vec![self.0.certificate().clone()])
    }

    pub fn pem(&self) -> String {
        self.0.certificate_pem().unwrap()
    }

    /// A certificate for `name` on this key, in DER.
    pub fn issue(&self, name: &str, key: &CardKey) -> Vec<u8> {
        let made = at("2026-03-01T08:00:00Z");
        let purpose = Purpose::Holder(CertificateKind::Local);
        let certificate = self.0.issue(name, "Utopia kommune", &purpose, key.public().unwrap(), made);
        certificate.unwrap().to_der().unwrap()
    }

    /// A card of `name` with a P-256 key for authentication (9A) and one of the given kind for signatures (9C).
    pub fn card(&self, name: &str, signature_key: &[&str]) -> VirtualCard {
        let (authentication, signature) = (key(P256), key(signature_key));
        let certificates = [self.issue(name, &authentication), self.issue(name, &signature)];
        let [first, second] = certificates;
        VirtualCard::new(PIN, PUK).with_key(0x9a, authentication, first).with_key(0x9c, signature, second)
    }
}

/// Kinds of keys, as `openssl genpkey` names them.
pub const P256: &[&str] = &["EC", "ec_paramgen_curve:P-256"];
pub const P384: &[&str] = &["EC", "ec_paramgen_curve:P-384"];
pub const RSA_2048: &[&str] = &["RSA", "rsa_keygen_bits:2048"];
pub const RSA_3072: &[&str] = &["RSA", "rsa_keygen_bits:3072"];

/// A new key.
pub fn key(kind: &[&str]) -> CardKey {
    let output = Command::new("openssl").args(["genpkey", "-algorithm", kind[0], "-pkeyopt", kind[1]]).output().unwrap();
    CardKey::from_pkcs8(&pem::decode_vec(&output.stdout).unwrap().1).unwrap()
}
