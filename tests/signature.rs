//! A report is signed by an operator's key and verified: PAdES B-B with P-256 and Ed25519.

use std::{net::Ipv4Addr, path::Path, str::FromStr as _};

use bam_station::{
    evidence::{
        sign::{
            KeyStore, SignReportError, SignatureDetails, SignedReport, Signer as _, SignerIdentity, SoftwareKey, UnsignedReport,
        },
        verify::{self, Level, VerifiedReport, verify},
    },
    secret::Pin,
    trust::{Anchors, KeyAlgorithm, Purpose, TrainingCa, TrustError, verify_chain},
};
use jiff::Timestamp;
use x509_cert::{Certificate, der::Decode as _};

pub const PIN: &str = "246810";

pub fn pin(digits: &str) -> Pin {
    Pin::new(digits.to_owned()).unwrap()
}

pub fn at(text: &str) -> Timestamp {
    Timestamp::from_str(text).unwrap()
}

/// When the operator signs in these tests.
pub fn signing_time() -> Timestamp {
    at("2026-11-21T09:18:00Z")
}

pub fn details() -> SignatureDetails {
    SignatureDetails {
        signed_at: signing_time(),
        reason: "Identitetskontroll godkjent".to_owned(),
        location: "Ålesund (ID-kontor)".to_owned(),
    }
}

/// A small report that this operator will sign: an operator's word.
pub fn unsigned(signer: &SignerIdentity) -> UnsignedReport {
    UnsignedReport::new(crate::report_pages::small(signer).0)
}

/// Its record.
pub fn record(signer: &SignerIdentity) -> Vec<u8> {
    crate::report_pages::small(signer).1
}

/// A PDF/A-3a and PDF/UA-1 document of two pages with something attached as its record: it looks like a report and is none.
pub fn unsigned_with(record: &[u8]) -> UnsignedReport {
    use krilla::{
        Document, SerializeSettings,
        configure::{Accessibility, Archival, ConfigurationBuilder},
        destination::XyzDestination,
        embed::{AssociationKind, EmbeddedFile, MimeType},
        geom::Point,
        metadata::{DateTime, Metadata},
        outline::{Outline, OutlineNode},
        page::PageSettings,
        tagging::{ContentTag, SpanTag, Tag, TagGroup, TagTree},
        text::{Font, TextDirection},
    };
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A3_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .unwrap();
    let mut document = Document::new_with(SerializeSettings { configuration, ..Default::default() });
    let date = DateTime::new(2026).month(11).day(21).hour(9).minute(17).second(0).utc_offset_hour(0);
    document.set_metadata(
        Metadata::new()
            .title("Identitetskontroll".to_owned())
            .language("nb".to_owned())
            .creation_date(date)
            .document_id("0193".to_owned()),
    );
    let font = Font::new(krilla::Data::from(notosans::REGULAR_TTF), 0).unwrap();
    let mut tree = TagTree::new().with_lang(Some("nb".to_owned()));
    for text in ["Identitetskontroll godkjent", "Skannet dokument"] {
        let mut page = document.start_page_with(PageSettings::from_wh(595.28, 841.89).unwrap());
        let mut surface = page.surface();
        let id = surface.start_tagged(ContentTag::Span(SpanTag::empty()));
        surface.draw_text(Point::from_xy(50.0, 80.0), font.clone(), 12.0, text, false, TextDirection::LeftToRight);
        surface.end_tagged();
        surface.finish();
        page.finish();
        let mut paragraph = TagGroup::new(Tag::P);
        paragraph.push(id);
        tree.push(paragraph);
    }
    document.set_tag_tree(tree);
    let mut outline = Outline::new();
    outline.push_child(OutlineNode::new("Identitetskontroll".to_owned(), XyzDestination::new(0, Point::from_xy(0.0, 0.0))));
    document.set_outline(outline);
    document
        .embed_file(EmbeddedFile {
            path: "record.json".to_owned(),
            mime_type: MimeType::new("application/json"),
            description: Some("The record of the identity control".to_owned()),
            association_kind: AssociationKind::Data,
            data: record.to_vec().into(),
            modification_date: Some(date),
            compress: None,
            location: None,
        })
        .unwrap();
    UnsignedReport::new(document.finish().unwrap())
}

/// An operator with a key in `folder`, enrolled some months before signing.
pub fn operator(folder: &Path, algorithm: KeyAlgorithm) -> (SoftwareKey, Anchors) {
    let store = KeyStore::open(&folder.join("keys")).unwrap();
    let key = store.enroll("Åse Ødegård", "ID-kontor Ålesund", algorithm, pin(PIN), at("2026-03-01T08:00:00Z")).unwrap();
    (key, store.anchors().unwrap())
}

/// A signed report and the anchors against which it verifies.
pub fn signed(algorithm: KeyAlgorithm) -> (Vec<u8>, Anchors) {
    let folder = tempfile::tempdir().unwrap();
    let (mut key, anchors) = operator(folder.path(), algorithm);
    (unsigned(key.identity()).sign(&mut key, pin(PIN), &details()).unwrap().into_bytes(), anchors)
}

#[test]
fn a_report_signed_with_either_algorithm_verifies_and_says_who_signed_when() {
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::Ed25519] {
        let folder = tempfile::tempdir().unwrap();
        let (mut key, anchors) = operator(folder.path(), algorithm);
        let pdf = unsigned(key.identity()).sign(&mut key, pin(PIN), &details()).unwrap().into_bytes();
        let verification = verify(&pdf, &anchors, signing_time());
        assert!(verification.valid, "{:?}", verification.problems);
        assert!(verification.trusted);
        assert_eq!(verification.level, Some(Level::BB));
        assert_eq!(verification.signed_at, Some(signing_time()));
        assert_eq!(verification.record_bytes, Some(record(key.identity())));
        assert_eq!(verification.record.unwrap()["person"]["last_name"], "Nordmann Ødegård");
        let signer = verification.signer.unwrap();
        assert_eq!(signer.name, "Åse Ødegård, ID-kontor Ålesund");
        assert_eq!(signer.algorithm, algorithm.signature());
        assert!(signer.training);
    }
}

#[test]
fn signing_adds_to_the_pages_and_changes_none_of_their_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (mut key, _) = operator(folder.path(), KeyAlgorithm::P256);
    let unsigned = unsigned(key.identity());
    let pdf = unsigned.sign(&mut key, pin(PIN), &details()).unwrap().into_bytes();
    assert!(pdf.starts_with(unsigned.bytes()));
    assert_eq!(pdf.windows(5).filter(|window| window == b"%%EOF").count(), 2);
    assert!(pdf.ends_with(b"%%EOF\n"));
}

#[test]
fn the_same_report_can_be_signed_again_after_a_wrong_pin() {
    let folder = tempfile::tempdir().unwrap();
    let (mut key, anchors) = operator(folder.path(), KeyAlgorithm::P256);
    let report = unsigned(key.identity());
    let refused = report.sign(&mut key, pin("000000"), &details()).err().unwrap();
    assert!(matches!(&refused, SignReportError::Signer(_)));
    assert_eq!(refused.code(), "OPERATOR_PIN_WRONG");
    let signed = report.sign(&mut key, pin(PIN), &details()).unwrap();
    assert!(VerifiedReport::check(signed, &anchors, signing_time()).is_ok());
}

#[test]
fn a_signed_report_cannot_be_signed_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut key, _) = operator(folder.path(), KeyAlgorithm::P256);
    let signed = unsigned(key.identity()).sign(&mut key, pin(PIN), &details()).unwrap();
    let again = UnsignedReport::new(signed.into_bytes()).sign(&mut key, pin(PIN), &details());
    assert!(again.err().is_some_and(|error| matches!(error.code(), "REPORT_ALREADY_SIGNED" | "REPORT_NOT_SIGNABLE")));
}

#[test]
fn the_station_keeps_only_its_own_record() {
    let folder = tempfile::tempdir().unwrap();
    let (mut key, anchors) = operator(folder.path(), KeyAlgorithm::P256);
    let record = record(key.identity());
    let pdf = unsigned(key.identity()).sign(&mut key, pin(PIN), &details()).unwrap().into_bytes();
    let pages = crate::report_pages::small_case(key.identity()).pages();
    let own = verify::own(SignedReport::new(pdf.clone()), &anchors, signing_time(), &record, &pages).unwrap();
    assert_eq!(own.level().to_string(), "B-B");
    let other = verify::own(SignedReport::new(pdf), &anchors, signing_time(), b"{}", &pages);
    assert_eq!(other.err().unwrap().code(), "REPORT_RECORD_UNREADABLE");
}

#[test]
fn without_a_given_ca_the_report_is_valid_but_not_trusted() {
    let (pdf, _) = signed(KeyAlgorithm::P256);
    let verification = verify(&pdf, &Anchors::none(), signing_time());
    assert!(verification.valid && !verification.trusted);
    assert!(verification.notices.iter().any(|notice| notice.contains("--trust")));
}

#[test]
fn another_ca_of_the_same_name_does_not_count() {
    let (pdf, _) = signed(KeyAlgorithm::P256);
    let impostor = TrainingCa::create("ID-kontor Ålesund", at("2026-03-01T08:00:00Z")).unwrap();
    let verification = verify(&pdf, &Anchors::new(vec![impostor.certificate().clone()]), signing_time());
    assert!(!verification.valid && !verification.trusted);
    assert!(verification.record.is_none());
    assert_eq!(verification.problems[0].code, "CERTIFICATE_NOT_TRUSTED");
}

#[test]
fn a_report_from_the_future_is_refused() {
    let (pdf, anchors) = signed(KeyAlgorithm::P256);
    let verification = verify(&pdf, &anchors, at("2026-11-21T09:00:00Z"));
    assert_eq!(verification.problems[0].code, "REPORT_SIGNING_TIME_WRONG");
    // Clocks may differ by some minutes.
    assert!(verify(&pdf, &anchors, at("2026-11-21T09:15:00Z")).valid);
    // An old report stays valid after its certificate has expired.
    assert!(verify(&pdf, &anchors, at("2040-01-01T00:00:00Z")).valid);
}

#[test]
fn a_certificate_counts_only_at_its_time_and_for_its_purpose() {
    let made = at("2026-03-01T08:00:00Z");
    let ca = TrainingCa::create("ID-kontor", made).unwrap();
    let anchors = Anchors::new(vec![ca.certificate().clone()]);
    let issue =
        |purpose| ca.issue_with_new_key("Kari Nordmann", "ID-kontor", &purpose, KeyAlgorithm::P256, made).unwrap().certificate;
    let leaf = issue(Purpose::Operator);
    let chain = verify_chain(&leaf, &[], &anchors, signing_time()).unwrap();
    assert!(chain.anchored);
    assert_eq!(chain.certificates.len(), 2);
    let outcome = |time: &str| verify_chain(&leaf, &[], &anchors, at(time)).err();
    assert!(matches!(outcome("2026-02-01T00:00:00Z"), Some(TrustError::NotYetValid { .. })));
    assert!(matches!(outcome("2029-01-01T00:00:00Z"), Some(TrustError::Expired { .. })));
    assert!(matches!(verify_chain(ca.certificate(), &[], &anchors, signing_time()), Err(TrustError::NotForSigning { .. })));
    assert!(matches!(verify_chain(&leaf, &[], &Anchors::none(), signing_time()), Err(TrustError::IssuerMissing { .. })));
    // Someone who only has an operator's certificate cannot issue others.
    let fake = issue(Purpose::Receipt);
    assert!(matches!(
        verify_chain(&leaf, std::slice::from_ref(&fake), &Anchors::new(vec![fake.clone()]), signing_time()),
        Err(TrustError::IssuerMissing { .. })
    ));
}

#[test]
fn an_operators_key_cannot_issue_certificates() {
    let made = at("2026-03-01T08:00:00Z");
    let ca = TrainingCa::create("ID-kontor", made).unwrap();
    // The operator's certificate and key, used as if they were those of a CA.
    let operator = ca.issue_with_new_key("Kari Nordmann", "ID-kontor", &Purpose::Operator, KeyAlgorithm::P256, made).unwrap();
    let der = x509_cert::der::Encode::to_der(&operator.certificate).unwrap();
    let impostor = TrainingCa::open(&der, &operator.private_key).unwrap();
    let issued = impostor.issue_with_new_key("Ola", "ID-kontor", &Purpose::Operator, KeyAlgorithm::P256, made).unwrap();
    let outcome =
        verify_chain(&issued.certificate, &[operator.certificate], &Anchors::new(vec![ca.certificate().clone()]), signing_time());
    assert!(matches!(outcome, Err(TrustError::NotAnAuthority { .. })));
}

#[test]
fn every_changed_byte_of_a_certificate_breaks_its_chain() {
    let made = at("2026-03-01T08:00:00Z");
    let ca = TrainingCa::create("ID-kontor", made).unwrap();
    let anchors = Anchors::new(vec![ca.certificate().clone()]);
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::Ed25519] {
        let leaf = ca.issue_with_new_key("Kari", "ID-kontor", &Purpose::Operator, algorithm, made).unwrap().certificate;
        let der = x509_cert::der::Encode::to_der(&leaf).unwrap();
        for place in 0..der.len() {
            let mut changed = der.clone();
            changed[place] ^= 1;
            if let Ok(changed) = Certificate::from_der(&changed) {
                assert!(verify_chain(&changed, &[], &anchors, signing_time()).is_err(), "byte {place}");
            }
        }
    }
}

#[test]
fn the_training_ca_makes_the_certificates_of_a_private_archive() {
    let made = at("2026-03-01T08:00:00Z");
    let ca = TrainingCa::create("ID-kontor", made).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, ca.certificate_pem().unwrap()).unwrap();
    let server = Purpose::TlsServer { names: vec!["localhost".to_owned()], addresses: vec![Ipv4Addr::LOCALHOST.into()] };
    for (purpose, algorithm, openssl_purpose) in [
        (server, KeyAlgorithm::P256, "sslserver"),
        (Purpose::TlsClient, KeyAlgorithm::P256, "sslclient"),
        (Purpose::Receipt, KeyAlgorithm::Ed25519, "any"),
        (Purpose::Operator, KeyAlgorithm::Ed25519, "any"),
    ] {
        let issued = ca.issue_with_new_key("arkiv", "ID-kontor", &purpose, algorithm, made).unwrap();
        let der = x509_cert::der::Encode::to_der(&issued.certificate).unwrap();
        let (certificate, key) = (folder.path().join("leaf.der"), folder.path().join("key.der"));
        std::fs::write(&certificate, der).unwrap();
        std::fs::write(&key, &*issued.private_key).unwrap();
        let openssl = |arguments: &[&str]| {
            let output = std::process::Command::new("openssl").args(arguments).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            output.stdout
        };
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        openssl(&[
            "verify",
            "-x509_strict",
            "-check_ss_sig",
            "-attime",
            "1794000000",
            "-CAfile",
            &path(&ca_file),
            "-purpose",
            openssl_purpose,
            &path(&certificate),
        ]);
        let in_certificate = openssl(&["x509", "-inform", "DER", "-in", &path(&certificate), "-noout", "-pubkey"]);
        let of_key = openssl(&["pkey", "-inform", "DER", "-in", &path(&key), "-pubout"]);
        assert_eq!(in_certificate, of_key);
    }
}

#[test]
fn names_that_a_certificate_cannot_carry_are_refused() {
    let made = at("2026-03-01T08:00:00Z");
    for name in ["", " Kari", "Kari\n", &"x".repeat(65)] {
        assert_eq!(TrainingCa::create(name, made).err().unwrap().code(), "CERTIFICATE_NAME_NOT_ACCEPTED");
    }
    assert!(TrainingCa::create("國家身份 محمد Ærlig", made).is_ok());
}

#[test]
fn signing_leaves_room_for_names_in_any_script_and_a_long_reason() {
    let folder = tempfile::tempdir().unwrap();
    let store = KeyStore::open(&folder.path().join("keys")).unwrap();
    let mut key = store.enroll("李小龍 (محمد)", "ID", KeyAlgorithm::P256, pin(PIN), at("2026-03-01T08:00:00Z")).unwrap();
    let details = SignatureDetails { reason: "(\\ \r\n) ".repeat(50), location: "Kárášjohka".to_owned(), ..details() };
    let signed = unsigned(key.identity()).sign(&mut key, pin(PIN), &details).unwrap();
    let verification = verify(signed.bytes(), &store.anchors().unwrap(), signing_time());
    assert!(verification.valid, "{:?}", verification.problems);
    assert_eq!(verification.signer.unwrap().name, "李小龍 (محمد), ID");
    assert_eq!(key.identity().common_name, "李小龍 (محمد)");
}
