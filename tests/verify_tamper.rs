//! Whoever changes a signed report, in whatever way, is found out; and no hostile file brings the verifier down.

use bam_station::{
    evidence::{
        sign::{EssCertIdV2, SignerIdentity, SigningCertificateV2, UnsignedReport},
        verify::{Verification, verify},
    },
    trust::{Anchors, KeyAlgorithm, Purpose, SignatureAlgorithm, TrainingCa},
};
use cms::{
    cert::{CertificateChoices, IssuerAndSerialNumber},
    content_info::{CmsVersion, ContentInfo},
    signed_data::{CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos},
};
use const_oid::db::rfc5911;
use jiff::Timestamp;
use p256::{ecdsa::signature::Signer as _, pkcs8::DecodePrivateKey as _};
use sha2::{Digest as _, Sha256};
use x509_cert::{
    Certificate,
    attr::Attribute,
    der::{
        Any, Encode as _,
        asn1::{ObjectIdentifier, OctetString, SetOfVec},
    },
};

use crate::signature::{PIN, at, details, operator, pin, signed, signing_time, unsigned, unsigned_with};

/// A small generator of numbers, the same on every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

fn check(pdf: &[u8], anchors: &Anchors) -> Verification {
    verify(pdf, anchors, signing_time())
}

#[track_caller]
fn assert_rejected(pdf: &[u8], anchors: &Anchors, codes: &[&str]) {
    assert_rejected_at(signing_time(), pdf, anchors, codes);
}

#[track_caller]
fn assert_rejected_at(now: Timestamp, pdf: &[u8], anchors: &Anchors, codes: &[&str]) {
    for anchors in [anchors, &Anchors::none()] {
        let verification = verify(pdf, anchors, now);
        assert!(!verification.valid && !verification.trusted);
        assert!(verification.record.is_none() && verification.record_bytes.is_none());
        let found: Vec<_> = verification.problems.iter().map(|problem| problem.code).collect();
        assert!(codes.iter().any(|code| found.contains(code)), "expected one of {codes:?}, found {:?}", verification.problems);
    }
}

fn find(pdf: &[u8], text: &str) -> usize {
    rfind_before(pdf, text, pdf.len())
}

/// Where `text` stands last before `end`.
fn rfind_before(pdf: &[u8], text: &str, end: usize) -> usize {
    pdf[..end].windows(text.len()).rposition(|window| window == text.as_bytes()).unwrap_or_else(|| panic!("{text} not found"))
}

/// The hexadecimal digits of `/Contents`.
fn contents(pdf: &[u8]) -> std::ops::Range<usize> {
    let start = find(pdf, "/Contents<") + "/Contents<".len();
    start..start + pdf[start..].iter().position(|byte| *byte == b'>').unwrap()
}

#[test]
fn four_hundred_changed_bytes_are_all_found() {
    for (algorithm, seed) in [(KeyAlgorithm::P256, 0x5eed_0001), (KeyAlgorithm::Ed25519, 0x5eed_0002)] {
        let (pdf, anchors) = signed(algorithm);
        four_hundred_changes_are_found(&pdf, &anchors, signing_time(), seed);
    }
}

/// Changes one byte after another, at random places and to random values; only a hexadecimal digit of the other case passes.
pub fn four_hundred_changes_are_found(pdf: &[u8], anchors: &Anchors, now: Timestamp, seed: u64) {
    assert!(verify(pdf, anchors, now).valid);
    let hex = contents(pdf);
    let mut numbers = Numbers(seed);
    for _ in 0..400 {
        let place = numbers.below(pdf.len());
        let mut changed = pdf.to_vec();
        changed[place] ^= (1 + numbers.below(255)) as u8;
        let same_value = hex.contains(&place) && changed[place].eq_ignore_ascii_case(&pdf[place]);
        let verification = verify(&changed, anchors, now);
        assert_eq!(verification.valid, same_value, "byte {place}: {} -> {}", pdf[place], changed[place]);
    }
}

#[test]
fn changed_digits_of_the_signature_itself_are_found_even_without_a_ca() {
    let (pdf, _) = signed(KeyAlgorithm::P256);
    let hex = contents(&pdf);
    let message_end = hex.start + pdf[hex.clone()].iter().rposition(|byte| *byte != b'0').unwrap() + 1;
    // Every third digit: the first and the second of a byte in turn, from the opening `<` to the zeros that fill up.
    for place in (hex.start - 1..message_end + 16).step_by(3).chain([hex.end - 1, hex.end]) {
        let mut changed = pdf.clone();
        changed[place] = [pdf[place] ^ 1, b'0', b'F', b'>', b' '][place % 5];
        let same_value = changed[place].eq_ignore_ascii_case(&pdf[place]);
        assert_eq!(check(&changed, &Anchors::none()).valid, same_value, "byte {place}");
    }
}

#[test]
fn hexadecimal_digits_of_the_other_case_are_the_same_signature() {
    let (mut pdf, anchors) = signed(KeyAlgorithm::P256);
    let hex = contents(&pdf);
    pdf[hex].make_ascii_uppercase();
    assert!(check(&pdf, &anchors).valid);
}

/// Appends an update that replaces or adds whole objects, as an editor or an attacker does it: all tables correct.
fn append_update(pdf: &[u8], objects: &[(u32, String)]) -> Vec<u8> {
    let previous = find(pdf, "startxref\n") + "startxref\n".len();
    let previous: String = pdf[previous..].iter().take_while(|byte| byte.is_ascii_digit()).map(|byte| *byte as char).collect();
    let root = root(pdf);
    let size = 1 + objects.iter().map(|(number, _)| *number).max().unwrap_or(0).max(500);
    let mut out = pdf.to_vec();
    let mut table = "xref\n".to_owned();
    for (number, body) in objects {
        table += &format!("{number} 1\n{:010} 00000 n \n", out.len());
        out.extend(format!("{number} 0 obj\n{body}\nendobj\n").bytes());
    }
    let at = out.len();
    out.extend(format!("{table}trailer\n<</Size {size}/Root {root} 0 R/Prev {previous}>>\nstartxref\n{at}\n%%EOF\n").bytes());
    out
}

fn document(pdf: &[u8]) -> lopdf::Document {
    lopdf::Document::load_mem(pdf).unwrap()
}

fn root(pdf: &[u8]) -> u32 {
    document(pdf).trailer.get(b"Root").unwrap().as_reference().unwrap().0
}

fn body(object: &lopdf::Object) -> String {
    let mut bytes = Vec::new();
    lopdf::Writer::write_object(&mut bytes, object).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The object's dictionary after `change`.
fn changed(pdf: &[u8], number: u32, change: impl FnOnce(&mut lopdf::Dictionary)) -> (u32, String) {
    let mut dictionary = document(pdf).get_dictionary((number, 0)).unwrap().clone();
    change(&mut dictionary);
    (number, body(&dictionary.into()))
}

fn stream(content: &str, entries: &str) -> String {
    format!("<</Length {}{entries}>>\nstream\n{content}\nendstream", content.len())
}

#[test]
fn nothing_can_be_appended_to_a_signed_report() {
    let (pdf, anchors) = signed(KeyAlgorithm::P256);
    appended_updates_are_found(&pdf, &anchors, signing_time());
}

/// Appends one update after another, each with correct tables; every one is found.
pub fn appended_updates_are_found(pdf: &[u8], anchors: &Anchors, now: Timestamp) {
    let document = document(pdf);
    let page = document.page_iter().next().unwrap();
    let page_contents = document.get_dictionary(page).unwrap().get(b"Contents").unwrap().as_reference().unwrap().0;
    let embedded =
        document.objects.iter().find(|(_, object)| object.as_stream().is_ok_and(|stream| stream.dict.has_type(b"EmbeddedFile")));
    let embedded = embedded.unwrap().0.0;
    let annotation = (900, "<</Type/Annot/Subtype/Square/Rect[0 0 99 99]/F 4>>".to_owned());
    let attacks = [
        ("overlay", vec![(page_contents, stream("0 0 1 rg 0 0 400 400 re f", ""))]),
        ("attachment", vec![(embedded, stream("{}", "/Type/EmbeddedFile/Subtype/application#2Fjson/Params<</Size 2>>"))]),
        (
            "annotation",
            vec![annotation.clone(), changed(pdf, page.0, |page| page.set("Annots", vec![lopdf::Object::Reference((900, 0))]))],
        ),
        ("unused object", vec![annotation]),
        ("nothing", vec![]),
        ("catalog", vec![changed(pdf, root(pdf), |catalog| catalog.set("PageMode", "FullScreen"))]),
        (
            "metadata for later validation",
            vec![
                (900, "<</Type/DSS>>".to_owned()),
                changed(pdf, root(pdf), |catalog| catalog.set("DSS", lopdf::Object::Reference((900, 0)))),
            ],
        ),
    ];
    for (name, objects) in attacks {
        let attacked = append_update(pdf, &objects);
        // The attack is a file that ordinary programs open.
        assert_eq!(lopdf::Document::load_mem(&attacked).unwrap().get_pages().len(), document.get_pages().len(), "{name}");
        assert_rejected_at(now, &attacked, anchors, &["REPORT_CHANGED_AFTER_SIGNING"]);
    }
}

#[test]
fn a_stripped_signature_leaves_an_unsigned_report() {
    let (pdf, anchors) = signed(KeyAlgorithm::P256);
    let stripped = append_update(
        &pdf,
        &[changed(&pdf, root(&pdf), |catalog| {
            catalog.remove(b"AcroForm");
            catalog.remove(b"Perms");
        })],
    );
    assert_rejected(&stripped, &anchors, &["REPORT_CHANGED_AFTER_SIGNING"]);
    let first_revision = pdf.windows(5).position(|window| window == b"%%EOF").unwrap() + 5;
    assert_rejected(&pdf[..first_revision], &anchors, &["REPORT_UNSIGNED"]);
}

#[test]
fn not_a_single_byte_may_follow_the_end() {
    let (pdf, anchors) = signed(KeyAlgorithm::P256);
    for tail in ["\n", " ", "\0", "%", "% seen and approved\n", "%%EOF\n", "startxref\n0\n%%EOF\n", "\r\n"] {
        let longer = [pdf.as_slice(), tail.as_bytes()].concat();
        assert_rejected(&longer, &anchors, &["REPORT_DAMAGED", "REPORT_NOT_COVERED"]);
    }
    assert_rejected(&[pdf.as_slice(), &pdf].concat(), &anchors, &["REPORT_DAMAGED"]);
    assert_rejected(&pdf[..pdf.len() - 1], &anchors, &["REPORT_NOT_COVERED"]);
    assert_rejected(&[b" ", pdf.as_slice()].concat(), &anchors, &["REPORT_DAMAGED"]);
}

#[test]
fn the_signature_covers_everything_but_itself() {
    let (pdf, anchors) = signed(KeyAlgorithm::P256);
    let at = find(&pdf, "/ByteRange[") + "/ByteRange[".len();
    let range = String::from_utf8(pdf[at..at + 34].to_vec()).unwrap();
    let numbers: Vec<usize> = range.split(' ').map(|number| number.parse().unwrap()).collect();
    let (start, end, length) = (numbers[1], numbers[2], numbers[3]);
    let replaced = |numbers: String| {
        let mut pdf = pdf.clone();
        assert_eq!(numbers.len(), range.len());
        pdf[at..at + range.len()].copy_from_slice(numbers.as_bytes());
        pdf
    };
    let ranges = [
        format!("0 {start:010} {:010} {:010}", end + 2, length - 2),
        format!("0 {:010} {end:010} {length:010}", start - 10),
        format!("0 {start:010} {end:010} {:010}", length - 7),
        format!("1 {start:010} {end:010} {length:010}"),
        format!("0 {:010} {:010} {:010}", 0, 0, pdf.len()),
        format!("0 {end:010} {start:010} {length:010}"),
        "0 9999999999 9999999999 9999999999".to_owned(),
        "0 -000000001 -000000001 -000000001".to_owned(),
        "9223372036854775807 92233720368547".to_owned(),
        "0                                 ".to_owned(),
    ];
    for numbers in ranges {
        assert_rejected(&replaced(numbers), &anchors, &["REPORT_NOT_COVERED", "REPORT_DAMAGED"]);
    }
}

/// A training CA, an operator's certificate and the key itself, to make signatures that the program would never make.
struct Forger {
    ca: TrainingCa,
    certificate: Certificate,
    key: p256::ecdsa::SigningKey,
    anchors: Anchors,
}

/// The parts of a CMS message before it is put together.
struct Parts {
    attributes: Vec<Attribute>,
    digest_algorithm: spki::AlgorithmIdentifierOwned,
    certificates: Vec<Certificate>,
    content: Option<Any>,
    unsigned: Option<Vec<Attribute>>,
    signers: usize,
}

fn attribute(oid: ObjectIdentifier, values: Vec<Any>) -> Attribute {
    Attribute { oid, values: SetOfVec::try_from(values).unwrap() }
}

fn octets(bytes: &[u8]) -> Any {
    Any::encode_from(&OctetString::new(bytes).unwrap()).unwrap()
}

impl Forger {
    fn new() -> Self {
        let made = at("2026-03-01T08:00:00Z");
        let ca = TrainingCa::create("ID-kontor", made).unwrap();
        let issued = ca.issue_with_new_key("Kari", "ID-kontor", &Purpose::Operator, KeyAlgorithm::P256, made).unwrap();
        let key = p256::ecdsa::SigningKey::from_pkcs8_der(&issued.private_key).unwrap();
        let anchors = Anchors::new(vec![ca.certificate().clone()]);
        Self { ca, certificate: issued.certificate, key, anchors }
    }

    /// A report that names the forger as its operator, with a signature in whose place the forger's comes.
    fn report(&self) -> Vec<u8> {
        let identity = SignerIdentity {
            certificate: self.certificate.clone(),
            chain: Vec::new(),
            algorithm: SignatureAlgorithm::P256,
            is_training: true,
            common_name: "Kari".into(),
        };
        let folder = tempfile::tempdir().unwrap();
        let (mut key, _) = operator(folder.path(), KeyAlgorithm::P256);
        unsigned(&identity).sign(&mut key, pin(PIN), &details()).unwrap().into_bytes()
    }

    fn signing_certificate(certificate: &Certificate) -> Any {
        let hash = Sha256::digest(certificate.to_der().unwrap()).to_vec();
        let id = EssCertIdV2 { hash_algorithm: None, cert_hash: OctetString::new(hash).unwrap(), issuer_serial: None };
        Any::encode_from(&SigningCertificateV2 { certs: vec![id], policies: None }).unwrap()
    }

    /// Signs `pdf`, whose signature is empty or another's, after `change` had its way with the message.
    fn sign(&self, pdf: &[u8], change: impl FnOnce(&mut Parts)) -> Vec<u8> {
        let hex = contents(pdf);
        let digest = Sha256::new().chain_update(&pdf[..hex.start - 1]).chain_update(&pdf[hex.end + 1..]).finalize();
        let sha256 = SignatureAlgorithm::P256.digest_identifier();
        let mut parts = Parts {
            attributes: vec![
                attribute(rfc5911::ID_CONTENT_TYPE, vec![Any::encode_from(&rfc5911::ID_DATA).unwrap()]),
                attribute(rfc5911::ID_MESSAGE_DIGEST, vec![octets(&digest)]),
                attribute(rfc5911::ID_AA_SIGNING_CERTIFICATE_V_2, vec![Self::signing_certificate(&self.certificate)]),
            ],
            digest_algorithm: sha256.clone(),
            certificates: vec![self.certificate.clone(), self.ca.certificate().clone()],
            content: None,
            unsigned: None,
            signers: 1,
        };
        change(&mut parts);
        let attributes = SetOfVec::try_from(parts.attributes).unwrap();
        let tbs = self.certificate.tbs_certificate();
        let signer = |_| {
            let signature: p256::ecdsa::DerSignature = self.key.sign(&attributes.to_der().unwrap());
            SignerInfo {
                version: CmsVersion::V1,
                sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                    issuer: tbs.issuer().clone(),
                    serial_number: tbs.serial_number().clone(),
                }),
                digest_alg: parts.digest_algorithm.clone(),
                signed_attrs: Some(attributes.clone()),
                signature_algorithm: SignatureAlgorithm::P256.signature_identifier(),
                signature: OctetString::new(signature.as_bytes()).unwrap(),
                unsigned_attrs: parts.unsigned.clone().map(|unsigned| SetOfVec::try_from(unsigned).unwrap()),
            }
        };
        let mut signers: Vec<_> = (0..parts.signers).map(signer).collect();
        for (number, signer) in signers.iter_mut().enumerate().skip(1) {
            signer.signature = OctetString::new(vec![number as u8]).unwrap();
        }
        let choices: Vec<_> = parts.certificates.into_iter().map(CertificateChoices::Certificate).collect();
        let data = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![parts.digest_algorithm]).unwrap(),
            encap_content_info: EncapsulatedContentInfo { econtent_type: rfc5911::ID_DATA, econtent: parts.content },
            certificates: Some(CertificateSet::try_from(choices).unwrap()),
            crls: None,
            signer_infos: SignerInfos::try_from(signers).unwrap(),
        };
        let message = ContentInfo { content_type: rfc5911::ID_SIGNED_DATA, content: Any::encode_from(&data).unwrap() };
        fill(pdf, &message.to_der().unwrap())
    }
}

/// Puts `message` into `/Contents`.
fn fill(pdf: &[u8], message: &[u8]) -> Vec<u8> {
    let hex = contents(pdf);
    let digits: String = message.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut pdf = pdf.to_vec();
    pdf[hex.clone()].fill(b'0');
    pdf[hex.start..hex.start + digits.len()].copy_from_slice(digits.as_bytes());
    pdf
}

#[test]
fn a_message_that_says_too_much_or_too_little_is_refused_though_its_signature_is_right() {
    let forger = Forger::new();
    let pdf = forger.report();
    let honest = forger.sign(&pdf, |_| {});
    assert!(check(&honest, &forger.anchors).valid, "{:?}", check(&honest, &forger.anchors).problems);

    let damaged = ["REPORT_SIGNATURE_DAMAGED"].as_slice();
    let attempt = |codes: &[&str], change: fn(&mut Parts)| assert_rejected(&forger.sign(&pdf, change), &forger.anchors, codes);
    // No signing-certificate, no digest, no content type; a digest twice, or with two values.
    attempt(damaged, |parts| drop(parts.attributes.remove(2)));
    attempt(damaged, |parts| drop(parts.attributes.remove(1)));
    attempt(damaged, |parts| drop(parts.attributes.remove(0)));
    attempt(damaged, |parts| parts.attributes.push(attribute(rfc5911::ID_MESSAGE_DIGEST, vec![octets(&[0; 32])])));
    attempt(damaged, |parts| {
        let own = parts.attributes.remove(1).values.into_vec().remove(0);
        parts.attributes.push(attribute(rfc5911::ID_MESSAGE_DIGEST, vec![octets(&[0; 32]), own]));
    });
    // The time is stated in the PDF and nowhere else.
    attempt(damaged, |parts| parts.attributes.push(attribute(rfc5911::ID_SIGNING_TIME, vec![octets(b"now")])));
    attempt(damaged, |parts| {
        parts.attributes[0] = attribute(rfc5911::ID_CONTENT_TYPE, vec![Any::encode_from(&rfc5911::ID_SIGNED_DATA).unwrap()]);
    });
    attempt(damaged, |parts| parts.unsigned = Some(vec![attribute(rfc5911::ID_SIGNING_TIME, vec![octets(b"now")])]));
    attempt(damaged, |parts| parts.content = Some(octets(b"content of its own")));
    attempt(damaged, |parts| parts.signers = 2);
    attempt(damaged, |parts| parts.signers = 0);
    attempt(damaged, |parts| drop(parts.certificates.remove(0)));
    attempt(&["REPORT_ALGORITHM_NOT_ACCEPTED"], |parts| parts.digest_algorithm = SignatureAlgorithm::Ed25519.digest_identifier());
    attempt(&["REPORT_CONTENT_CHANGED"], |parts| {
        parts.attributes[1] = attribute(rfc5911::ID_MESSAGE_DIGEST, vec![octets(&[0; 32])]);
    });
    // Another certificate of the same key and name, and one that has nothing to do with it.
    let other = TrainingCa::create("ID-kontor", at("2026-03-01T08:00:00Z")).unwrap();
    let exchanged = forger.sign(&pdf, |parts| {
        parts.attributes[2] =
            attribute(rfc5911::ID_AA_SIGNING_CERTIFICATE_V_2, vec![Forger::signing_certificate(other.certificate())]);
    });
    assert_rejected(&exchanged, &forger.anchors, &["REPORT_CERTIFICATE_EXCHANGED"]);
    let foreign = forger.sign(&pdf, |parts| parts.certificates.push(other.certificate().clone()));
    assert_rejected(&foreign, &forger.anchors, &["CERTIFICATE_UNRELATED"]);
}

#[test]
fn hidden_bytes_after_the_message_and_messages_in_other_words_are_refused() {
    let (pdf, anchors) = signed(KeyAlgorithm::P256);
    let hex = contents(&pdf);
    let mut hidden = pdf.clone();
    hidden[hex.end - 1] = b'1';
    assert_rejected(&hidden, &anchors, &["REPORT_SIGNATURE_DAMAGED"]);
    for message in [b"".as_slice(), b"\x30", b"\x30\x80\x00\x00", b"\x30\x84\xff\xff\xff\xff", b"\x30\x82\xff\xff", b"\x05\x00"] {
        assert_rejected(&fill(&pdf, message), &anchors, &["REPORT_SIGNATURE_DAMAGED"]);
    }
}

#[test]
fn even_the_signers_own_update_may_not_change_what_people_see() {
    let (pdf, _) = signed(KeyAlgorithm::P256);
    let forger = Forger::new();
    let replace = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = find(&pdf, from);
        let mut pdf = pdf.clone();
        pdf[at..at + to.len()].copy_from_slice(to.as_bytes());
        forger.sign(&pdf, |_| {})
    };
    for (from, to) in [
        ("595.28", "295.28"),
        ("/Rect[0 0 0 0]", "/Rect[0 0 9 9]"),
        ("/SigFlags 3", "/SigFlags 0"),
        ("/P 1/", "/P 3/"),
        ("/Perms", "/Pirms"),
        ("/TU", "/AA"),
    ] {
        assert_rejected(&replace(from, to), &forger.anchors, &["REPORT_SIGNATURE_CHANGES_PAGES"]);
    }
    for (from, to) in [("ETSI.CAdES.detached", "ETSI.CAdES.Detached"), ("/Filter/Adobe.PPKLite", "/Filter/Adobe.PPKlite")] {
        assert_rejected(&replace(from, to), &forger.anchors, &["REPORT_SIGNATURE_DAMAGED"]);
    }
    for time in ["D:20261321091800Z", "D:20261121091800+", "D:2026112109180 Z", "D:20261121091860Z"] {
        assert_rejected(&replace("D:20261121091800Z", time), &forger.anchors, &["REPORT_SIGNING_TIME_WRONG"]);
    }
}

#[test]
fn readers_cannot_be_shown_different_objects() {
    let (pdf, _) = signed(KeyAlgorithm::P256);
    let forger = Forger::new();
    // Places in both tables, the way back, and the start of the table: each still correctly signed.
    let second_table = find(&pdf, "xref\n") - 5;
    let tables = [rfind_before(&pdf, "\nxref\n", second_table) + 1, rfind_before(&pdf, "\nxref\n", pdf.len()) + 1];
    let mut places: Vec<usize> = tables.iter().flat_map(|table| (5..60).map(move |offset| table + offset)).collect();
    places.extend([find(&pdf, "/Prev ") + 6, find(&pdf, "startxref\n") + 10]);
    for place in places {
        if !pdf[place].is_ascii_digit() {
            continue;
        }
        let mut pdf = pdf.clone();
        pdf[place] = if pdf[place] == b'7' { b'8' } else { b'7' };
        assert_rejected(&forger.sign(&pdf, |_| {}), &forger.anchors, &["REPORT_DAMAGED"]);
    }
}

#[test]
fn no_cut_off_file_is_valid_or_brings_the_verifier_down() {
    let (pdf, anchors) = signed(KeyAlgorithm::P256);
    let mut numbers = Numbers(7);
    for _ in 0..300 {
        assert!(!check(&pdf[..numbers.below(pdf.len())], &anchors).valid);
    }
    for end in pdf.len() - 400..pdf.len() {
        assert!(!check(&pdf[..end], &anchors).valid);
    }
}

#[test]
fn no_scrambled_file_is_valid_or_brings_the_verifier_down() {
    let (pdf, anchors) = signed(KeyAlgorithm::Ed25519);
    let mut numbers = Numbers(11);
    for _ in 0..300 {
        let length = numbers.below(3000);
        let random: Vec<u8> = (0..length).map(|_| numbers.below(256) as u8).collect();
        assert!(!check(&random, &anchors).valid);
        // A piece of the report repeated, removed or overwritten.
        let (from, to) = (numbers.below(pdf.len()), numbers.below(pdf.len()));
        let (from, to) = (from.min(to), from.max(to));
        if from == to {
            continue;
        }
        let place = numbers.below(pdf.len());
        let mut scrambled = pdf.clone();
        match numbers.below(3) {
            0 => drop(scrambled.splice(place..place, pdf[from..to].iter().copied())),
            1 => drop(scrambled.drain(from..to)),
            _ => scrambled[from..to].fill(numbers.below(256) as u8),
        }
        assert!(!check(&scrambled, &anchors).valid);
    }
}

#[test]
fn no_monstrous_file_brings_the_verifier_down() {
    let monsters = [
        "[".repeat(200_000),
        "<</A".repeat(100_000),
        "(".repeat(100_000),
        format!("<{}", "a".repeat(100_001)),
        format!("[{}]", "0 ".repeat(2_000_000)),
        "9".repeat(100_000),
        "99999999999999999999 0 R".to_owned(),
        "-".repeat(1000),
        "/#".to_owned(),
        "/#zz".to_owned(),
        "(\\777)".to_owned(),
        "(\\".to_owned(),
        "4294967295 0 R".to_owned(),
        "1.5.5".to_owned(),
        format!("1{}.0", "0".repeat(60)),
        "<</Length 18446744073709551615>>\nstream\n".to_owned(),
        "<</Length 9223372036854775807>>\nstream\nx\nendstream".to_owned(),
        "<</Length -1>>\nstream\nx\nendstream".to_owned(),
    ];
    for monster in monsters {
        for file in [
            format!("%PDF-1.7\n%\u{80}\u{80}\n1 0 obj\n{monster}\nendobj\n"),
            format!("%PDF-1.7\nxref\n0 4294967295\n{monster}"),
            format!("%PDF-1.7\nxref\ntrailer\n{monster}\nstartxref\n9\n%%EOF\n"),
            format!("%PDF-1.7\nxref\ntrailer\n<</Root 1 0 R/A {monster}>>\nstartxref\n9\n%%EOF\n"),
            monster.clone(),
        ] {
            let verification = check(file.as_bytes(), &Anchors::none());
            assert!(!verification.valid && verification.problems.len() == 1);
        }
    }
}

#[test]
fn a_record_that_unpacks_to_a_mountain_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (mut key, anchors) = operator(folder.path(), KeyAlgorithm::P256);
    let mut sign = |report: UnsignedReport| report.sign(&mut key, pin(PIN), &details()).unwrap().into_bytes();
    let mountain = sign(unsigned_with(&[b' '; 9 << 20]));
    assert!(mountain.len() < 1 << 20, "the mountain is packed");
    assert_rejected(&mountain, &anchors, &["REPORT_TOO_LARGE"]);
    assert_rejected(&sign(unsigned_with(b"not JSON")), &anchors, &["REPORT_RECORD_UNREADABLE"]);
    assert_rejected(&sign(unsigned_with("[".repeat(100_000).as_bytes())), &anchors, &["REPORT_RECORD_UNREADABLE"]);
}

#[test]
fn what_is_larger_than_any_report_is_not_even_read() {
    let verification = check(&vec![b' '; bam_station::evidence::verify::MAX_REPORT + 1], &Anchors::none());
    assert_eq!(verification.problems[0].code, "REPORT_TOO_LARGE");
}
