//! Reports that prove their control when nobody answers any more: B-LT and B-LTA, with a real test CA, `openssl ocsp` and
//! `openssl ts`.

use std::{path::Path, sync::Arc};

use bam_station::{
    evidence::{
        extend,
        raise::{RaiseError, raise},
        sign::{SignError, SignedReport, Signer, SignerIdentity, UnsignedReport},
        timestamp::{TimeStampAuthority, TimeStampConnection},
        verify::{Level, TrustedCas, VerifiedReport, newest_time_stamp_lasts, verify},
    },
    secret::PinEntry,
    trust::{Anchors, RsaDigest, SignatureAlgorithm, Trust},
};
use jiff::Timestamp;

use crate::{
    signature::{PIN, pin, unsigned},
    support_pki::{Issued, Pki, Reply, Wanted, days},
    support_tsa,
    time_stamp::details_now,
};

/// A signer whose key openssl uses: what comes out is nobody's work but openssl's.
pub struct OpensslSigner {
    identity: SignerIdentity,
    key: std::path::PathBuf,
}

impl OpensslSigner {
    pub fn new(pki: &Pki, issued: &Issued, algorithm: SignatureAlgorithm) -> Self {
        let identity = SignerIdentity {
            certificate: issued.certificate.clone(),
            chain: vec![pki.sub.certificate.clone(), pki.root.certificate.clone()],
            algorithm,
            is_training: false,
            common_name: "Kari Nordmann".into(),
        };
        Self { identity, key: issued.key.clone() }
    }
}

impl Signer for OpensslSigner {
    fn identity(&self) -> &SignerIdentity {
        &self.identity
    }

    fn sign(&mut self, to_be_signed: &[u8], _: PinEntry) -> Result<Vec<u8>, SignError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tbs"), to_be_signed).unwrap();
        let key = self.key.to_str().unwrap();
        let pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"];
        let how: Vec<&str> = match self.identity.algorithm {
            SignatureAlgorithm::Ed25519 => vec!["pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", "tbs", "-out", "sig"],
            SignatureAlgorithm::P384 => vec!["dgst", "-sha384", "-sign", key, "-out", "sig", "tbs"],
            SignatureAlgorithm::RsaPss(_) => [&["dgst", "-sha256", "-sign", key], &pss[..], &["-out", "sig", "tbs"]].concat(),
            _ => vec!["dgst", "-sha256", "-sign", key, "-out", "sig", "tbs"],
        };
        support_tsa::openssl(folder.path(), &how);
        Ok(std::fs::read(folder.path().join("sig")).unwrap())
    }
}

/// A CA with responder and lists, a time-stamping authority of the same CA, and an operator.
pub struct World {
    pub pki: Pki,
    pub anchors: Anchors,
    pub authority: TimeStampAuthority,
    pub operator: Issued,
    pub algorithm: SignatureAlgorithm,
}

impl World {
    pub fn new(algorithm: SignatureAlgorithm) -> Self {
        let pki = Pki::new();
        let folder = pki.folder.path().join("tsa");
        std::fs::create_dir(&folder).unwrap();
        certify_authority(&pki, 300);
        let chain = [std::fs::read(pki.sub.pem()).unwrap(), std::fs::read(pki.root.pem()).unwrap()].concat();
        std::fs::write(folder.join("ca.pem"), chain).unwrap();
        support_tsa::configure(&folder);
        let turn = std::sync::Mutex::new(());
        pki.server.gives(
            "/ts",
            Reply::Made(Arc::new(move |query| {
                let _turn = turn.lock();
                support_tsa::reply(&folder, query)
            })),
        );
        let rsa = matches!(algorithm, SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss(_));
        let key: Option<&'static [&'static str]> = match algorithm {
            SignatureAlgorithm::P384 => Some(&["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
            SignatureAlgorithm::Ed25519 => Some(&["ED25519"]),
            _ => None,
        };
        let operator = pki.sub.issue(&Wanted { rsa, key, more: pki.both_places(), ..Wanted::person("Kari Nordmann") });
        let anchors = Anchors::new(vec![pki.root.certificate.clone()]);
        let authority = TimeStampAuthority::new(&TimeStampConnection {
            url: pki.server.url("/ts"),
            authorities: std::fs::read(pki.root.pem()).unwrap(),
            policy: None,
            connect: std::time::Duration::from_secs(30),
            total: std::time::Duration::from_secs(30),
        })
        .unwrap();
        Self { pki, anchors, authority, operator, algorithm }
    }

    /// From now on the authority has another key, and a certificate for so many days.
    pub fn certify_authority(&self, days: i64) {
        certify_authority(&self.pki, days);
    }

    pub fn signer(&self) -> OpensslSigner {
        OpensslSigner::new(&self.pki, &self.operator, self.algorithm)
    }

    /// A report of level B-B.
    pub fn signed(&self) -> Vec<u8> {
        unsigned(&self.signer().identity).sign(&mut self.signer(), pin(PIN), &details_now()).unwrap().into_bytes()
    }

    /// A report of level B-T.
    pub fn stamped(&self) -> Vec<u8> {
        self.stamped_of(&unsigned(&self.signer().identity))
    }

    /// This report at level B-T.
    pub fn stamped_of(&self, report: &UnsignedReport) -> Vec<u8> {
        let signed = report.sign_with_time(&mut self.signer(), pin(PIN), &details_now(), &self.authority).unwrap();
        assert_eq!(signed.1, None);
        signed.0.into_bytes()
    }

    pub fn trusted(&self) -> TrustedCas<'_> {
        TrustedCas::from(&self.anchors)
    }

    pub fn verified(&self, pdf: Vec<u8>) -> VerifiedReport {
        VerifiedReport::check(SignedReport::new(pdf), self.trusted(), Timestamp::now()).unwrap()
    }

    pub fn raised(&self, pdf: Vec<u8>) -> Result<Option<VerifiedReport>, RaiseError> {
        let trust: Trust = self.pki.trust();
        raise(&self.verified(pdf), &self.authority, &trust, self.trusted(), &Timestamp::now)
    }

    /// A report of level B-LTA.
    pub fn archived(&self) -> Vec<u8> {
        self.raised(self.stamped()).unwrap().unwrap().bytes().to_vec()
    }
}

fn certify_authority(pki: &Pki, lasts: i64) {
    let folder = pki.folder.path().join("tsa");
    let stamps = pki.sub.issue(&Wanted {
        policies: Vec::new(),
        usage: "digitalSignature",
        more: format!("extendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\n{}", pki.both_places()),
        until: Timestamp::now() + days(lasts),
        ..Wanted::person("Utopia Tid")
    });
    std::fs::copy(&stamps.pem, folder.join("tsa.pem")).unwrap();
    std::fs::copy(&stamps.key, folder.join("tsa.key")).unwrap();
}

pub const ALGORITHMS: [SignatureAlgorithm; 5] = [
    SignatureAlgorithm::P256,
    SignatureAlgorithm::RsaPkcs1(RsaDigest::Sha256),
    SignatureAlgorithm::P384,
    SignatureAlgorithm::RsaPss(RsaDigest::Sha256),
    SignatureAlgorithm::Ed25519,
];

#[test]
fn every_report_reaches_b_lta_and_keeps_it_when_nobody_answers_any_more() {
    for algorithm in ALGORITHMS {
        let world = World::new(algorithm);
        for (signed, updates) in [(world.signed(), 3), (world.stamped(), 2)] {
            let raised = world.raised(signed.clone()).unwrap().unwrap();
            assert_eq!(raised.level(), Level::BLTA);
            assert!(raised.bytes().starts_with(&signed), "what was signed is untouched");
            let ends = |pdf: &[u8]| pdf.windows(5).filter(|window| window == b"%%EOF").count();
            assert_eq!(ends(raised.bytes()), ends(&signed) + updates);
            // Nothing more can be reached.
            assert!(world.raised(raised.bytes().to_vec()).unwrap().is_none());
            keep_for_the_judges(
                &world,
                raised.bytes(),
                if updates == 2 { "small-stamped-at-signing" } else { "small-stamped-later" },
            );
            world.pki.server.gives("/ocsp", Reply::Status(500));
            for year in 1..15 {
                let later = Timestamp::now() + jiff::SignedDuration::from_hours(24 * 366 * year);
                let verification = verify(raised.bytes(), world.trusted(), later);
                assert!(verification.valid && verification.trusted, "{:?}", verification.problems);
                assert_eq!(verification.level, Some(Level::BLTA));
            }
            world.pki.publish();
        }
    }
}

/// With JUDGE_REPORTS set to a folder the reports are left there with their CA, for the independent validators.
pub fn keep_for_the_judges(world: &World, pdf: &[u8], kind: &str) {
    let Some(folder) = std::env::var_os("JUDGE_REPORTS") else { return };
    let name = format!("{}-{kind}", world.algorithm.name());
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(format!("{name}.pdf")), pdf).unwrap();
    std::fs::copy(world.pki.root.pem(), folder.join(format!("{name}.pem"))).unwrap();
}

#[test]
fn a_renewed_report_reaches_beyond_the_end_of_its_first_time_stamps() {
    let world = World::new(SignatureAlgorithm::P256);
    world.certify_authority(40);
    let archived = world.verified(world.archived());
    let until = archived.archived_until().unwrap();
    assert!(until < Timestamp::now() + days(41));
    assert_eq!(newest_time_stamp_lasts(archived.bytes()), Some(until));
    // The authority has no longer certificate yet: another time-stamp would not help.
    assert!(world.raised(archived.bytes().to_vec()).unwrap().is_none());
    world.certify_authority(1500);
    let renewed = world.raised(archived.bytes().to_vec()).unwrap().unwrap();
    assert!(renewed.bytes().starts_with(archived.bytes()), "nothing that was kept is touched");
    assert_eq!(renewed.level(), Level::BLTA);
    assert!(renewed.archived_until().unwrap() > Timestamp::now() + days(1400));
    assert_eq!(renewed.verification().time_stamps.len(), archived.verification().time_stamps.len() + 1);
    // Not due again.
    assert!(world.raised(renewed.bytes().to_vec()).unwrap().is_none());
    keep_for_the_judges(&world, renewed.bytes(), "renewed-stamped-at-signing");
    // Years later, when the first two time-stamps' certificates have ended, nothing is noticed but the whole.
    let later = Timestamp::now() + days(1000);
    let verification = verify(renewed.bytes(), world.trusted(), later);
    assert!(verification.valid && verification.notices.is_empty(), "{:?} {:?}", verification.problems, verification.notices);
    let old = verify(archived.bytes(), world.trusted(), later);
    assert!(old.notices.iter().any(|notice| notice.contains("newest time-stamp has expired")));
}

#[test]
fn without_answers_on_revocation_a_report_gets_the_time_and_no_more() {
    let world = World::new(SignatureAlgorithm::P256);
    for path in ["/ocsp", "/sub.crl", "/root.crl"] {
        world.pki.server.gives(path, Reply::Status(500));
    }
    let raised = world.raised(world.signed()).unwrap().unwrap();
    assert_eq!(raised.level(), Level::BT);
    assert!(world.raised(raised.bytes().to_vec()).unwrap().is_none());
    // Later the CA answers again.
    world.pki.publish();
    assert_eq!(world.raised(raised.bytes().to_vec()).unwrap().unwrap().level(), Level::BLTA);
}

#[test]
fn an_authority_that_goes_away_in_between_leaves_b_lt() {
    let world = World::new(SignatureAlgorithm::P256);
    let stamped = world.stamped();
    world.pki.server.gives("/ts", Reply::Status(500));
    let raised = world.raised(stamped).unwrap().unwrap();
    assert_eq!(raised.level(), Level::BLT);
    let error = world.raised(world.signed()).unwrap_err();
    assert!(error.concerns_all());
    assert_eq!(error.code(), "TIME_STAMP_UNREACHABLE");
}

#[test]
fn a_certificate_revoked_after_its_signature_still_signed_and_one_revoked_before_did_not() {
    let world = World::new(SignatureAlgorithm::P256);
    let before = world.stamped();
    std::thread::sleep(std::time::Duration::from_millis(2100));
    world.pki.sub.revoke(&world.operator.pem);
    world.pki.publish();
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let raised = world.raised(before).unwrap().unwrap();
    assert_eq!(raised.level(), Level::BLTA);

    let error = world.raised(world.stamped()).unwrap_err();
    assert_eq!(error.code(), "CERTIFICATE_REVOKED");
}

#[test]
fn data_about_something_else_are_refused() {
    let world = World::new(SignatureAlgorithm::P256);
    let other = World::new(SignatureAlgorithm::P256);
    let stamped = world.stamped();
    let with = |change: &dyn Fn(&mut extend::ValidationData)| {
        let mut data = extend::ValidationData::default();
        change(&mut data);
        let pdf = extend::with_validation_data(&stamped, &data).unwrap().unwrap();
        let verification = verify(&pdf, world.trusted(), Timestamp::now());
        assert!(!verification.valid);
        verification.problems[0].code
    };
    use x509_cert::der::Encode as _;
    let foreign = other.operator.certificate.to_der().unwrap();
    assert_eq!(with(&|data| assert!(data.certificates.insert(foreign.clone()))), "CERTIFICATE_UNRELATED");
    assert_eq!(with(&|data| assert!(data.certificates.insert(b"no certificate".to_vec()))), "REPORT_VALIDATION_DATA_WRONG");
    assert_eq!(with(&|data| assert!(data.crls.insert(other.pki.sub.list()))), "REPORT_VALIDATION_DATA_WRONG");
    assert_eq!(with(&|data| assert!(data.ocsps.insert(b"\x30\x03\x0a\x01\x06".to_vec()))), "REPORT_VALIDATION_DATA_WRONG");
}

#[test]
fn details_are_said_in_plain_words() {
    let world = World::new(SignatureAlgorithm::P256);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.pdf");
    std::fs::write(&file, world.archived()).unwrap();
    let ca = world.pki.root.pem();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_bam-station"))
        .args(["verify", file.to_str().unwrap(), "--trust", ca.to_str().unwrap()])
        .output()
        .unwrap();
    let words = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{words}");
    for said in ["VALID", "Kari Nordmann", "Proven:", "Utopia Tid", "PAdES B-LTA", "Trusted CA:  yes"] {
        assert!(words.contains(said), "{said} in {words}");
    }
}
