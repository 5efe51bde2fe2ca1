//! A whole report is signed with the operator's card, or not at all.

use std::{fs, path::Path, process::Command};

use bam_station::{
    config::local::PinPadUse,
    device::card::{Card as _, CardError, CardSigner, PcscCard, Road, RsaPadding, Slot},
    evidence::{
        sign::{SignError, SignReportError, Signer as _},
        verify::verify,
    },
};
use bam_virtual_card::{Fault, Mishap, VirtualCard, instruction};

use crate::{
    card_desk::{Authority, OPERATORS, P256, P384, PIN, PUK, RSA_2048, RSA_3072, at_a_desk, key},
    card_pkcs11::opensc,
    signature::{details, pin, signing_time, unsigned},
};

fn signer(authority: &Authority, padding: RsaPadding) -> Result<CardSigner<PcscCard>, CardError> {
    let card = PcscCard::in_reader(OPERATORS).unwrap();
    CardSigner::new(card, Slot::Signature, padding, &[authority.certificate().clone()])
}

/// What an independent program says about a file of this folder.
fn judge(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// Openssl's word on the signature in a report: it verifies the CMS message against what `/ByteRange` covers.
fn openssl_accepts(folder: &Path, pdf: &[u8], authority: &Authority) -> bool {
    let text = String::from_utf8_lossy(pdf);
    let range = text.rsplit_once("/ByteRange").unwrap().1.split_once('[').unwrap().1.split_once(']').unwrap().0;
    let numbers: Vec<usize> = range.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let [start, first, second, length] = numbers[..] else { panic!("{range}") };
    let message: Vec<u8> = pdf[first + 1..second - 1]
        .chunks(2)
        .map(|digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap())
        .collect();
    fs::write(folder.join("message"), message).unwrap();
    fs::write(folder.join("content"), [&pdf[start..first], &pdf[second..second + length]].concat()).unwrap();
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    let cms = ["cms", "-verify", "-binary", "-inform", "DER", "-in", "message", "-content", "content", "-CAfile", "ca.pem"];
    let said = judge(folder, "openssl", &[&cms[..], &["-purpose", "any", "-out", "/dev/null"]].concat());
    said.contains("CMS Verification successful")
}

#[test]
fn a_report_signed_with_any_kind_of_card_verifies_here_and_elsewhere() {
    at_a_desk(|desk| {
        let authority = Authority::new();
        let kinds = [
            (P256, RsaPadding::Pkcs1, "p256"),
            (P384, RsaPadding::Pkcs1, "p384"),
            (RSA_2048, RsaPadding::Pkcs1, "rsa-pkcs1-sha256"),
            (RSA_3072, RsaPadding::Pkcs1, "rsa-pkcs1-sha256"),
            (RSA_2048, RsaPadding::Pss, "rsa-pss-sha256"),
            (RSA_3072, RsaPadding::Pss, "rsa-pss-sha256"),
        ];
        // OpenSC 0.23 knows no RSA-3072 on PIV cards.
        let by_both = kinds.iter().flat_map(|kind| [(Road::Pcsc, kind), (Road::Pkcs11(opensc()), kind)]);
        for (road, &(kind, padding, name)) in by_both.filter(|(road, kind)| *road == Road::Pcsc || kind.0 != RSA_3072) {
            let inserted = desk.insert(OPERATORS, authority.card("Åse Ødegård", kind));
            let card = road.card(OPERATORS, PinPadUse::default()).unwrap();
            let issuers = [authority.certificate().clone()];
            let mut signer = CardSigner::new(card, Slot::Signature, padding, &issuers).unwrap();
            let signed = unsigned(signer.identity()).sign(&mut signer, pin(PIN), &details()).unwrap();
            // A PKCS#11 key that wants the PIN each time gets it a second time after it was right.
            assert_eq!(inserted.card().verify_count(), if road == Road::Pcsc { 1 } else { 2 });
            let verification = verify(signed.bytes(), &authority.anchors(), signing_time());
            assert!(verification.valid && verification.trusted, "{name}: {:?}", verification.problems);
            let found = verification.signer.unwrap();
            assert_eq!((found.name.as_str(), found.algorithm.name()), ("Åse Ødegård, Utopia kommune", name));
            assert!(found.training);
            assert!(openssl_accepts(desk.folder(), signed.bytes(), &authority), "{name}");
            fs::write(desk.folder().join("report.pdf"), signed.bytes()).unwrap();
            let pdfsig = judge(desk.folder(), "pdfsig", &["-nocert", "report.pdf"]);
            assert!(pdfsig.contains("Signature is Valid.") && pdfsig.contains("Total document signed"), "{name}: {pdfsig}");
            // For judges that are not at hand in every test run.
            if let Some(kept) = std::env::var_os("BAM_STATION_KEEP_REPORTS") {
                let kept = Path::new(&kept);
                fs::copy(desk.folder().join("report.pdf"), kept.join(format!("{name}-{}.pdf", kind[1].replace(':', "-"))))
                    .unwrap();
                fs::write(kept.join("ca.pem"), authority.pem()).unwrap();
            }
        }
    });
}

#[test]
fn after_a_wrong_pin_the_same_report_is_signed_with_the_right_one() {
    at_a_desk(|desk| {
        let authority = Authority::new();
        let _card = desk.insert(OPERATORS, authority.card("Åse Ødegård", P256));
        let mut signer = signer(&authority, RsaPadding::default()).unwrap();
        let report = unsigned(signer.identity());
        let refused = report.sign(&mut signer, pin("000000"), &details()).err().unwrap();
        assert!(matches!(refused, SignReportError::Signer(SignError::WrongPin { tries_left: 2 })), "{refused}");
        assert_eq!(signer.card().tries_left(), Ok(Some(2)));
        let signed = report.sign(&mut signer, pin(PIN), &details()).unwrap();
        assert!(verify(signed.bytes(), &authority.anchors(), signing_time()).valid);
    });
}

#[test]
fn a_card_pulled_while_it_signs_leaves_no_report_and_signs_when_it_is_back() {
    at_a_desk(|desk| {
        let authority = Authority::new();
        let mut inserted = desk.insert(OPERATORS, authority.card("Åse Ødegård", RSA_2048));
        let mut signer = signer(&authority, RsaPadding::default()).unwrap();
        let report = unsigned(signer.identity());
        for point in [instruction::VERIFY, instruction::GENERAL_AUTHENTICATE] {
            inserted.card().set_fault(Some(Fault { instruction: point, mishap: Mishap::PulledAfter }));
            let pulled = report.sign(&mut signer, pin(PIN), &details()).err().unwrap();
            assert!(matches!(pulled, SignReportError::Signer(SignError::Removed)), "{pulled}");
            assert_eq!(pulled.code(), "SIGNING_CARD_REMOVED");
            let empty = report.sign(&mut signer, pin(PIN), &details()).err().unwrap();
            assert_eq!(empty.code(), "CARD_ABSENT");
            inserted.card().set_fault(None);
            inserted = desk.insert_again(OPERATORS, inserted.pull());
        }
        assert!(report.sign(&mut signer, pin(PIN), &details()).is_ok());
    });
}

#[test]
fn a_blocked_card_and_a_corrupt_signature_have_their_own_names() {
    at_a_desk(|desk| {
        let authority = Authority::new();
        let inserted = desk.insert(OPERATORS, authority.card("Åse Ødegård", P256));
        let mut signer = signer(&authority, RsaPadding::default()).unwrap();
        inserted.card().set_fault(Some(Fault { instruction: instruction::GENERAL_AUTHENTICATE, mishap: Mishap::WrongBit }));
        let corrupt = unsigned(signer.identity()).sign(&mut signer, pin(PIN), &details()).err().unwrap();
        assert_eq!(corrupt.code(), "CARD_SIGNATURE_WRONG");
        inserted.card().set_fault(None);
        for _ in 0..3 {
            assert!(unsigned(signer.identity()).sign(&mut signer, pin("000000"), &details()).is_err());
        }
        assert_eq!(
            unsigned(signer.identity()).sign(&mut signer, pin(PIN), &details()).err().unwrap().code(),
            "OPERATOR_KEY_BLOCKED"
        );
    });
}

#[test]
fn a_card_without_a_key_for_signatures_is_refused_before_any_pin() {
    at_a_desk(|desk| {
        let authority = Authority::new();
        let authentication = key(P256);
        let certificate = authority.issue("Åse Ødegård", &authentication);
        let _card = desk.insert(OPERATORS, VirtualCard::new(PIN, PUK).with_key(0x9a, authentication, certificate));
        let refused = signer(&authority, RsaPadding::default()).err();
        assert_eq!(refused, Some(CardError::NoCertificate { slot: Slot::Signature }));
        let identity = CardSigner::new(PcscCard::in_reader(OPERATORS).unwrap(), Slot::Authentication, RsaPadding::Pss, &[]);
        assert_eq!(identity.unwrap().identity().common_name, "Åse Ødegård");
    });
}
