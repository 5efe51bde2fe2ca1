//! Time-stamps of an authority (RFC 3161): B-T at signing or later, and every way in which an answer can be wrong.

use bam_station::{
    evidence::{
        extend,
        sign::{SignedReport, Signer as _},
        timestamp::{TimeSource as _, TimeStampAuthority, TimeStampConnection, TimeStampError},
        verify::{Level, Stamped, TrustedCas, VerifiedReport, verify},
    },
    trust::{Anchors, KeyAlgorithm},
};
use jiff::Timestamp;

use crate::{
    signature::{PIN, details, operator, pin, unsigned},
    support_tsa::{Authority, Kind, POLICY},
};

/// Details of a signature made now: the authority's clock is that of this machine.
pub fn details_now() -> bam_station::evidence::sign::SignatureDetails {
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    bam_station::evidence::sign::SignatureDetails { signed_at: now, ..details() }
}

/// A report of level B-T and the operators' anchors.
pub fn stamped(authority: &Authority, algorithm: KeyAlgorithm) -> (Vec<u8>, Anchors) {
    let folder = tempfile::tempdir().unwrap();
    let (mut key, anchors) = operator(folder.path(), algorithm);
    let (report, fault) =
        unsigned(key.identity()).sign_with_time(&mut key, pin(PIN), &details_now(), &authority.client()).unwrap();
    assert_eq!(fault, None);
    (report.into_bytes(), anchors)
}

/// A report of level B-B that was signed now.
pub fn signed_now(algorithm: KeyAlgorithm) -> (Vec<u8>, Anchors) {
    let folder = tempfile::tempdir().unwrap();
    let (mut key, anchors) = operator(folder.path(), algorithm);
    (unsigned(key.identity()).sign(&mut key, pin(PIN), &details_now()).unwrap().into_bytes(), anchors)
}

#[test]
fn a_signature_with_a_time_stamp_reaches_b_t_and_says_by_when() {
    for (kind, algorithm) in
        [(Kind::P256, KeyAlgorithm::P256), (Kind::Rsa, KeyAlgorithm::P256), (Kind::P256, KeyAlgorithm::Ed25519)]
    {
        let authority = Authority::start(kind);
        let (pdf, anchors) = stamped(&authority, algorithm);
        let trusted = TrustedCas { signers: &anchors, time_stamps: &authority.anchors() };
        let verification = verify(&pdf, trusted, Timestamp::now());
        assert!(verification.valid && verification.trusted, "{:?}", verification.problems);
        assert_eq!(verification.level, Some(Level::BT));
        let [stamp] = verification.time_stamps.as_slice() else { panic!("{:?}", verification.time_stamps) };
        assert_eq!(stamp.of, Stamped::Signature);
        assert_eq!(stamp.authority, "Tidstempelmyndighet, Tidstempel");
        assert_eq!(stamp.policy, POLICY);
        assert_eq!(verification.proven_at, Some(stamp.time));
        assert_eq!(pdf.windows(5).filter(|window| window == b"%%EOF").count(), 2, "the pages, and one update with the signature");
        keep_for_the_judges(&format!("{}-{kind:?}", algorithm.signature().name()).to_lowercase(), &pdf, &anchors, &authority);
    }
}

/// With JUDGE_REPORTS set to a folder the reports are left in its folder `b-t` with both CAs, for the independent validators.
fn keep_for_the_judges(name: &str, pdf: &[u8], anchors: &Anchors, authority: &Authority) {
    use x509_cert::der::{Encode as _, pem};
    let Some(folder) = std::env::var_os("JUDGE_REPORTS") else { return };
    let folder = std::path::Path::new(&folder).join("b-t");
    std::fs::create_dir_all(&folder).unwrap();
    let operators = anchors.certificates()[0].to_der().unwrap();
    let operators = pem::encode_string("CERTIFICATE", pem::LineEnding::LF, &operators).unwrap();
    let cas = operators + &std::fs::read_to_string(authority.ca_file()).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), cas).unwrap();
    std::fs::write(folder.join(format!("{name}.pdf")), pdf).unwrap();
}

#[test]
fn a_time_stamp_that_comes_later_leaves_the_signed_bytes_as_they_are() {
    let authority = Authority::start(Kind::P256);
    let (signed, anchors) = signed_now(KeyAlgorithm::P256);
    let later = extend::with_time_stamp(&signed, &authority.client()).unwrap();
    assert!(later.starts_with(&signed));
    let time_stamps = authority.anchors();
    let trusted = TrustedCas { signers: &anchors, time_stamps: &time_stamps };
    let verified = VerifiedReport::check(SignedReport::new(later.clone()), trusted, Timestamp::now()).unwrap();
    assert_eq!(verified.level(), Level::BT);
    assert_eq!(verified.verification().time_stamps[0].of, Stamped::Document);
    // And again: each covers the ones before it.
    let again = extend::with_time_stamp(&later, &authority.client()).unwrap();
    let verification = verify(&again, trusted, Timestamp::now());
    assert!(verification.valid, "{:?}", verification.problems);
    assert_eq!(verification.time_stamps.len(), 2);
}

#[test]
fn a_time_stamp_of_an_unknown_authority_proves_nothing_and_harms_nothing() {
    let authority = Authority::start(Kind::P256);
    let (pdf, anchors) = stamped(&authority, KeyAlgorithm::P256);
    let verification = verify(&pdf, &anchors, Timestamp::now());
    assert!(verification.valid, "{:?}", verification.problems);
    assert_eq!((verification.level, verification.proven_at), (Some(Level::BB), None));
    assert!(!verification.time_stamps[0].counts);
    assert!(verification.notices.iter().any(|notice| notice.contains("--trust-time")));
    // Without any CA the file is judged by itself.
    let verification = verify(&pdf, &Anchors::none(), Timestamp::now());
    assert!(verification.valid && !verification.trusted);
    assert_eq!(verification.level, Some(Level::BT));
}

#[test]
fn an_authority_that_is_away_costs_the_level_and_not_the_signature() {
    let authority = Authority::start(Kind::P256);
    let connection = authority.connection();
    drop(authority);
    let folder = tempfile::tempdir().unwrap();
    let (mut key, anchors) = operator(folder.path(), KeyAlgorithm::P256);
    let client = TimeStampAuthority::new(&connection).unwrap();
    let (report, fault) = unsigned(key.identity()).sign_with_time(&mut key, pin(PIN), &details_now(), &client).unwrap();
    assert_eq!(fault, Some(TimeStampError::Unreachable));
    let verified = VerifiedReport::check(report, &anchors, Timestamp::now()).unwrap();
    assert_eq!(verified.level(), Level::BB);
}

#[test]
fn a_station_whose_clock_is_ahead_is_told_so() {
    let authority = Authority::start(Kind::P256);
    let folder = tempfile::tempdir().unwrap();
    let (mut key, _) = operator(folder.path(), KeyAlgorithm::P256);
    let mut ahead = details_now();
    ahead.signed_at += jiff::SignedDuration::from_hours(1);
    let (_, fault) = unsigned(key.identity()).sign_with_time(&mut key, pin(PIN), &ahead, &authority.client()).unwrap();
    assert_eq!(fault, Some(TimeStampError::Clock));
}

#[test]
fn every_wrong_answer_is_refused() {
    let authority = Authority::start(Kind::P256);
    let client = authority.client();
    assert!(client.stamp(&[b"report"]).is_ok());
    let outcome = || client.stamp(&[b"report"]).err().map(|error| error.code());
    // An old answer, to another request.
    let old: std::sync::Mutex<Option<Vec<u8>>> = std::sync::Mutex::new(None);
    authority.change(move |_, honest| old.lock().unwrap().get_or_insert(honest).clone());
    assert_eq!(outcome(), None);
    assert_eq!(outcome(), Some("TIME_STAMP_OTHER_ANSWER"));
    // The answer to a request with another digest.
    let folder = authority.folder().to_owned();
    authority.change(move |query, _| {
        let mut other = query;
        let digest = other.windows(2).position(|window| window == b"\x04\x20").unwrap() + 2;
        other[digest] ^= 1;
        crate::support_tsa::reply(&folder, &other)
    });
    assert_eq!(outcome(), Some("TIME_STAMP_OF_OTHER_CONTENT"));
    // "Rejected", nothing, half an answer, another thing, far too much.
    authority.change(|_, _| b"\x30\x05\x30\x03\x02\x01\x02".to_vec());
    assert_eq!(outcome(), Some("TIME_STAMP_REFUSED"));
    authority.change(|_, _| b"\x30\x05\x30\x03\x02\x01\x00".to_vec());
    assert_eq!(outcome(), Some("TIME_STAMP_OTHER_ANSWER"));
    authority.change(|_, honest| honest[..honest.len() / 2].to_vec());
    assert_eq!(outcome(), Some("TIME_STAMP_OTHER_ANSWER"));
    authority.change(|_, _| b"<html>Log in to the network</html>".to_vec());
    assert_eq!(outcome(), Some("TIME_STAMP_OTHER_ANSWER"));
    authority.change(|_, _| vec![0x30; 1 << 20]);
    assert_eq!(outcome(), Some("TIME_STAMP_OTHER_ANSWER"));
    // Every byte of the answer counts: whatever is changed, nothing wrong comes out.
    let place = std::sync::atomic::AtomicUsize::new(0);
    authority.honest();
    let honest = client.stamp(&[b"report"]).unwrap().der().len();
    authority.change(move |_, mut honest| {
        let at = place.fetch_add(37, std::sync::atomic::Ordering::Relaxed) % honest.len();
        honest[at] ^= 1;
        honest
    });
    for _ in 0..honest / 37 {
        assert!(client.stamp(&[b"report"]).is_err());
    }
}

#[test]
fn the_asked_policy_is_the_answered_one() {
    let authority = Authority::start(Kind::P256);
    let with = |policy: &str| TimeStampConnection { policy: Some(policy.parse().unwrap()), ..authority.connection() };
    let ask = |policy: &str| TimeStampAuthority::new(&with(policy)).unwrap().stamp(&[b"report"]);
    assert_eq!(ask("1.2.3.4.2").unwrap().policy().to_string(), "1.2.3.4.2");
    assert_eq!(ask("1.2.3.4.9").unwrap_err().code(), "TIME_STAMP_REFUSED");
}

#[test]
fn a_certificate_that_is_not_for_time_stamps_alone_makes_none() {
    for kind in [Kind::NotCritical, Kind::AlsoForMail] {
        // `openssl ts` refuses such a certificate, so the honest authority signs and another server shows its certificate.
        let folder = tempfile::tempdir().unwrap();
        crate::support_tsa::make_pki(folder.path(), kind);
        let leaf = bam_station::trust::Anchors::from_bytes(&std::fs::read(folder.path().join("tsa.pem")).unwrap()).unwrap();
        let anchors = Anchors::from_bytes(&std::fs::read(folder.path().join("ca.pem")).unwrap()).unwrap();
        let outcome = bam_station::trust::verify_time_stamping_chain(&leaf.certificates()[0], &[], &anchors, Timestamp::now());
        assert_eq!(outcome.unwrap_err().code(), "CERTIFICATE_NOT_FOR_TIME_STAMPS");
    }
    let other = Authority::start(Kind::P256);
    let authority = Authority::start(Kind::P256);
    let connection = TimeStampConnection { authorities: std::fs::read(other.ca_file()).unwrap(), ..authority.connection() };
    let error = TimeStampAuthority::new(&connection).unwrap().stamp(&[b"report"]).unwrap_err();
    assert_eq!(error.code(), "CERTIFICATE_NOT_TRUSTED");
}
