//! The figures of the spine: one report laid out, signed, verified and stored, beside what pyHanko needs for signing the same file; the
//! register verified; reports taken by the archive.
//!
//! Run with `cargo bench --bench spine`. pyHanko is asked when it is there (`judge/tools.sh target/judge`, or `JUDGE_TOOLS=FOLDER`). Each
//! figure is the median of ten batches of rounds on this machine, in milliseconds of processor time of this whole process, and by the clock;
//! nothing fails here.

#![allow(
    missing_docs,
    clippy::pedantic,
    clippy::wrong_self_convention,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use bam_station::{
    control::{Approval, Event},
    delivery::{
        archive::{self, ArchiveConfig, Limits, ReportCheck},
        client::{ArchiveClient, ArchiveConnection, Timeouts, Upload as _},
        tls::TlsIdentity,
    },
    digest::Digest,
    evidence::{
        Record, preview,
        report::{Pages, ReportParts, build_with_pages},
        sign::{SignError, SignatureDetails, SignedReport, Signer, SignerIdentity, UnsignedReport},
        verify::{TrustedCas, VerifiedReport, own, verify},
    },
    register::{FinishedControl, PersonKey, Register},
    rules::{CertificateKind, Function},
    seal::{KeyPlace, Keys, establish},
    secret::{Pin, PinEntry},
    station::{
        journal::{self, verify_evidence, verify_reports},
        verify_people,
    },
    trust::{Anchors, KeyAlgorithm, Purpose, SignatureAlgorithm, TrainingCa, describe, serial_text},
};
use der::{
    Encode as _,
    pem::{LineEnding, encode_string},
};
use jiff::Timestamp;
use p256::{ecdsa::signature::Signer as _, pkcs8::DecodePrivateKey as _};

/// Reports in the register that is verified, and uploads to the archive.
const REPORTS: u32 = 200;

fn main() {
    // `cargo test --benches` only wants to know that this builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let desk = tempfile::tempdir().unwrap();
    let now = Timestamp::now();
    let scripted = scripted(desk.path());
    let ca = TrainingCa::create("Bench", now).unwrap();
    let anchors = Anchors::new(vec![ca.certificate().clone()]);
    let mut key = BenchKey::new(&ca, now);
    let bench = scripted.to_be_signed_by(&key.identity);

    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load of the machine: {}", load.trim());
    println!("\nOne report, without a card; medians of processor time and of the clock");
    let unsigned = bench.build();
    let details = SignatureDetails { signed_at: now, reason: "bench".into(), location: "bench".into() };
    let pin = || Pin::new("246810".into()).unwrap();
    let signed = UnsignedReport::new(unsigned.clone()).sign(&mut key, pin(), &details).unwrap();
    println!("{:58} {:>9} bytes, of them {} of scans", "the report", signed.bytes().len(), bench.scan.len());
    let layout = figure("laid out and drawn", 100, || drop(bench.build()));
    let report = UnsignedReport::new(unsigned.clone());
    let sign = figure("signed (PAdES B-B, P-256)", 100, || drop(report.sign(&mut key, pin(), &details).unwrap()));
    figure("verified, as a stranger's", 100, || {
        drop(VerifiedReport::check(SignedReport::new(signed.bytes().to_vec()), &anchors, now).unwrap())
    });
    let (json, (_, pages)) = (bench.record.to_json().unwrap(), bench.build_with_pages());
    let check = figure("verified, with the pages at hand that it was drawn from", 100, || {
        drop(own(SignedReport::new(signed.bytes().to_vec()), &anchors, now, &json, &pages).unwrap());
    });
    let mut store = Store::new(&desk.path().join("store"), now);
    let stored = figure("stored durably, sealed: report, journal, row, outbox", 50, || store.keep(signed.bytes()));
    let whole = figure("all of it, one after the other", 50, || {
        let (pdf, pages) = bench.build_with_pages();
        let signed = UnsignedReport::new(pdf).sign(&mut key, pin(), &details).unwrap();
        let verified = own(signed, &anchors, now, &json, &pages).unwrap();
        store.keep(verified.bytes());
    });
    println!("{:58} {:>9.2} ms (goal: at most 8)", "the sum of the parts", layout + sign + check + stored);
    figure("first page as a picture", 20, || drop(preview::page(&unsigned, 0, 1.7).unwrap()));
    pyhanko(desk.path(), &key, &unsigned, sign, whole);

    println!("\nThe register of {REPORTS} such reports, sealed");
    let folder = desk.path().join("verified/register");
    let mut store = Store::new(&folder, now);
    // Each a control of its own, signed before the clock starts.
    let reports = bench.signed(&mut key, &details);
    for (control, pdf, record) in &reports {
        store.keep_control(control, pdf, record);
    }
    drop(store);
    let register = Register::open_read_only(&folder).unwrap();
    let once = figure("verified: chain, reports, tables, evidence, index", 10, || {
        assert_eq!(register.verify_journal(&mut |_, _| {}).unwrap().first_bad, None);
        assert_eq!(register.verify_controls(&|_, _| Ok(()), &mut |_, _| {}).unwrap().problems, []);
        assert_eq!(verify_evidence(&register, &mut |_, _| {}).unwrap().problems, []);
        drop(verify_people(&register, &mut |_, _| {}).unwrap());
    });
    println!("{:58} {:>9.0} a second of processor time", "reports", f64::from(REPORTS) / once * 1e3);
    let trusted = TrustedCas { signers: &anchors, time_stamps: &anchors };
    let anew = figure("each report verified anew: signature, pages, record", 10, || {
        assert_eq!(verify_reports(&register, trusted, now, &mut |_, _| {}).unwrap().problems, []);
    });
    println!("{:58} {:>9.0} a second of processor time", "reports", f64::from(REPORTS) / anew * 1e3);

    println!("\nThe archive, which verifies each report before it says yes; client and archive in this process");
    uploads(desk.path(), &reports, &anchors);
    println!("\n{:58} {:>9} bytes", "the program", fs::metadata(env!("CARGO_BIN_EXE_bam-station")).unwrap().len());
}

/// What one control left that a report is made of.
struct Scripted {
    record: Record,
    strokes: Vec<u8>,
    scan: Vec<u8>,
    terms: String,
}

/// Runs a whole control of the training desk and takes its parts out of its register.
fn scripted(desk: &Path) -> Scripted {
    let data = desk.join("data");
    let pdf = desk.join("report.pdf");
    let run = || {
        drop(fs::remove_file(&pdf));
        Command::new(env!("CARGO_BIN_EXE_bam-station"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["--data", data.to_str().unwrap(), "control", "config/examples/qualified-passport.toml", "--json"])
            .args(["--report", pdf.to_str().unwrap()])
            .output()
            .unwrap()
    };
    let began = Instant::now();
    let output = run();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    println!(
        "{:58} {:>9.0} ms by the clock",
        "a whole scripted control, the process included",
        began.elapsed().as_secs_f64() * 1e3
    );
    let verification = verify(&fs::read(&pdf).unwrap(), &Anchors::none(), Timestamp::now());
    let record: Record = serde_json::from_slice(&verification.record_bytes.unwrap()).unwrap();
    let register = Register::open_read_only(&data.join("register")).unwrap();
    let evidence = |digest| register.evidence().get(&digest, 64 << 20).unwrap();
    Scripted {
        strokes: evidence(record.signature.as_ref().unwrap().signature.strokes),
        scan: evidence(record.scan.as_ref().unwrap().scan.upright.picture),
        terms: String::from_utf8(evidence(record.terms.as_ref().unwrap().terms.text)).unwrap(),
        record,
    }
}

impl Scripted {
    fn to_be_signed_by(mut self, signer: &SignerIdentity) -> Self {
        self.record.operator.name.clone_from(&signer.common_name);
        self.record.operator.certificate_issuer = describe(signer.certificate.tbs_certificate().issuer());
        self.record.operator.certificate_serial = serial_text(&signer.certificate);
        self
    }

    fn build(&self) -> Vec<u8> {
        self.build_with_pages().0
    }

    fn build_with_pages(&self) -> (Vec<u8>, Pages) {
        build_with_pages(&ReportParts {
            record: &self.record,
            record_json: &self.record.to_json().unwrap(),
            strokes_json: Some(&self.strokes),
            scan_jpeg: Some(&self.scan),
            previous_scan_jpeg: None,
            terms_text: Some(&self.terms),
        })
        .unwrap()
    }
}

impl Scripted {
    /// Reports of as many controls, signed: control, PDF, record.
    fn signed(&self, key: &mut BenchKey, details: &SignatureDetails) -> Vec<(String, Vec<u8>, Vec<u8>)> {
        (0..REPORTS)
            .map(|number| {
                let mut record = self.record.clone();
                record.control = format!("01938d1c-5e2a-7c31-9a54-{number:012x}").parse().unwrap();
                let (id, json) = (record.control.to_string(), record.to_json().unwrap());
                let case = Self { record, strokes: self.strokes.clone(), scan: self.scan.clone(), terms: self.terms.clone() };
                let pin = Pin::new("246810".into()).unwrap();
                (id, UnsignedReport::new(case.build()).sign(key, pin, details).unwrap().into_bytes(), json)
            })
            .collect()
    }
}

/// An operator's key in memory: what a card would do takes no time of this processor, and a PIN's Argon2id is slow on purpose.
struct BenchKey {
    identity: SignerIdentity,
    key: p256::ecdsa::SigningKey,
    private_key: Vec<u8>,
}

impl BenchKey {
    fn new(ca: &TrainingCa, now: Timestamp) -> Self {
        let issued = ca.issue_with_new_key("Bench Operator", "Bench", &Purpose::Operator, KeyAlgorithm::P256, now).unwrap();
        let identity = SignerIdentity {
            certificate: issued.certificate,
            chain: vec![ca.certificate().clone()],
            algorithm: SignatureAlgorithm::P256,
            is_training: true,
            common_name: "Bench Operator".into(),
        };
        let key = p256::ecdsa::SigningKey::from_pkcs8_der(&issued.private_key).unwrap();
        Self { identity, key, private_key: issued.private_key.to_vec() }
    }
}

impl Signer for BenchKey {
    fn identity(&self) -> &SignerIdentity {
        &self.identity
    }

    fn sign(&mut self, to_be_signed: &[u8], _: PinEntry) -> Result<Vec<u8>, SignError> {
        let signature: p256::ecdsa::DerSignature = self.key.sign(to_be_signed);
        Ok(signature.as_bytes().to_vec())
    }
}

/// A register, sealed as it is by default, that keeps the same report again and again as another one.
struct Store {
    register: Register,
    kept: u32,
}

impl Store {
    fn new(folder: &Path, now: Timestamp) -> Self {
        let auditor = Keys::generate().current().unwrap();
        establish(folder, &KeyPlace::Own, &[auditor], now).unwrap();
        Self { register: Register::open(folder).unwrap(), kept: 0 }
    }

    fn keep(&mut self, pdf: &[u8]) {
        self.kept += 1;
        // A few bytes after the end make another file of it, which has to be written anew.
        let copy = [pdf, &self.kept.to_be_bytes()].concat();
        self.keep_control(&format!("control-{}", self.kept), &copy, b"");
    }

    fn keep_control(&mut self, control: &str, pdf: &[u8], record: &[u8]) {
        let report = self.register.evidence().put(pdf).unwrap();
        let at = Timestamp::now();
        let finished = FinishedControl {
            control: control.to_owned(),
            report: Some(report),
            function: Function::NewCard,
            certificate: CertificateKind::Qualified,
            outcome: "approved".into(),
            completed_at: at,
        };
        let approval = Approval {
            report,
            size: pdf.len() as u64,
            record: Digest::of(record),
            completed_at: at,
            signed_at: at,
            level: "B-B".into(),
            judged: None,
            time_stamp_fault: None,
        };
        let approved = journal::entry(&Event::Approved(Box::new(approval))).unwrap();
        self.register.register_control(&finished, &[approved], true, at).unwrap();
        self.register.index_people(&[(control.to_owned(), Vec::<PersonKey>::new())]).unwrap();
    }
}

/// Lets pyHanko sign the same pages with the same key.
fn pyhanko(desk: &Path, key: &BenchKey, unsigned: &[u8], sign: f64, whole: f64) {
    let tools =
        std::env::var_os("JUDGE_TOOLS").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/judge"), PathBuf::from);
    let python = tools.join("venv/bin/python");
    if !python.exists() {
        println!("{:58} not there: judge/tools.sh target/judge", "pyHanko");
        return;
    }
    let write = |name: &str, bytes: &[u8]| {
        let path = desk.join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let pem = |label: &str, der: &[u8]| encode_string(label, LineEnding::LF, der).unwrap();
    let arguments = [
        Path::new(env!("CARGO_MANIFEST_DIR")).join("judge/sign.py"),
        write("unsigned.pdf", unsigned),
        write("key.pem", pem("PRIVATE KEY", &key.private_key).as_bytes()),
        write("certificate.pem", pem("CERTIFICATE", &key.identity.certificate.to_der().unwrap()).as_bytes()),
        write("ca.pem", pem("CERTIFICATE", &key.identity.chain[0].to_der().unwrap()).as_bytes()),
    ];
    let output = Command::new(python).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let Ok(theirs) = said.trim().parse::<f64>() else {
        println!("{:58} failed: {}", "pyHanko", String::from_utf8_lossy(&output.stderr));
        return;
    };
    println!("{:58} {theirs:>9.2} ms of processor time", "pyHanko signs the same pages with the same key");
    println!("{:58} {:>9.1} times as fast; all of it {:.1} times", "signing alone here", theirs / sign, theirs / whole);
}

/// Verifies a report as an archive does: whole, signed, by the given CA.
struct Verifies(Anchors);

impl ReportCheck for Verifies {
    fn check(&self, pdf: &[u8]) -> Result<String, Vec<String>> {
        let verification = verify(pdf, &self.0, Timestamp::now());
        match verification.record.as_ref().and_then(|record| record["control"].as_str()) {
            Some(control) if verification.valid && verification.trusted => Ok(control.to_owned()),
            _ => Err(verification.problems.iter().map(|problem| problem.code.to_owned()).collect()),
        }
    }
}

fn uploads(desk: &Path, reports: &[(String, Vec<u8>, Vec<u8>)], anchors: &Anchors) {
    let now = Timestamp::now();
    let tls = TrainingCa::create("Archive", now).unwrap();
    let identity = |purpose: Purpose| {
        let issued = tls.issue_with_new_key("x", "y", &purpose, KeyAlgorithm::P256, now).unwrap();
        let pem = |label: &str, der: &[u8]| encode_string(label, LineEnding::LF, der).unwrap().into_bytes();
        TlsIdentity {
            certificates: pem("CERTIFICATE", &issued.certificate.to_der().unwrap()),
            key: pem("PRIVATE KEY", &issued.private_key).into(),
        }
    };
    let authority = tls.certificate_pem().unwrap().into_bytes();
    let config = ArchiveConfig {
        database: None,
        listen: "127.0.0.1:0".parse().unwrap(),
        folder: desk.join("archive"),
        name: "bench".into(),
        identity: identity(Purpose::TlsServer { names: vec![], addresses: vec![[127, 0, 0, 1].into()] }),
        client_authority: authority.clone(),
        limits: Limits::default(),
        log: Box::new(|_| {}),
    };
    let archive = archive::start(config, Arc::new(Verifies(anchors.clone()))).unwrap();
    let connection = || ArchiveConnection {
        url: format!("https://127.0.0.1:{}/", archive.address().port()),
        authority: authority.clone(),
        identity: identity(Purpose::TlsClient),
        archive_key: archive.key().clone(),
        timeouts: Timeouts::default(),
    };
    for stations in [1, 4] {
        let (folder, began, used) = (reports.len() / 5, Instant::now(), processor_time());
        let chosen = if stations == 1 { &reports[..folder] } else { &reports[folder..] };
        std::thread::scope(|scope| {
            for station in 0..stations {
                let client = ArchiveClient::new(&connection()).unwrap();
                scope.spawn(move || {
                    for (control, pdf, _) in chosen.iter().skip(station).step_by(stations) {
                        client.upload(control, &Digest::of(pdf), pdf.clone()).unwrap();
                    }
                });
            }
        });
        let (clock, processor) = (began.elapsed().as_secs_f64(), (processor_time() - used).as_secs_f64());
        let count = chosen.len() as f64;
        println!(
            "{:58} {:>9.0} uploads a second, {:.2} ms of processor time each",
            format!("{stations} stations at once"),
            count / clock,
            processor / count * 1e3
        );
    }
}

/// The processor time that all threads of this process have used.
fn processor_time() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let of_task = |task: &fs::DirEntry| -> Option<u64> {
        fs::read_to_string(task.path().join("schedstat")).ok()?.split(' ').next()?.parse().ok()
    };
    Duration::from_nanos(tasks.map_while(Result::ok).filter_map(|task| of_task(&task)).sum())
}

/// So many batches: the system counts processor time in ticks of some milliseconds, so a single round is not measured by itself.
const BATCHES: u32 = 10;

/// Does the work in batches of `rounds / BATCHES` rounds and prints the median batch, per round; the milliseconds of processor time.
fn figure(what: &str, rounds: u32, mut work: impl FnMut()) -> f64 {
    work();
    let each = (rounds / BATCHES).max(1);
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(each);
    let (mut processor, mut clock): (Vec<f64>, Vec<f64>) = (0..BATCHES)
        .map(|_| {
            let (used, began) = (processor_time(), Instant::now());
            (0..each).for_each(|_| work());
            (milliseconds(processor_time() - used), milliseconds(began.elapsed()))
        })
        .unzip();
    processor.sort_by(f64::total_cmp);
    clock.sort_by(f64::total_cmp);
    let middle = processor.len() / 2;
    println!("{what:58} {:>9.2} ms (best batch {:.2}); by the clock {:.2}", processor[middle], processor[0], clock[middle]);
    processor[middle]
}
