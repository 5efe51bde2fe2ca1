//! Certificates made by openssl with every algorithm that authorities use: accepted, forged, or too weak.

use std::{path::Path, process::Command};

use bam_station::trust::{Anchors, TrustError, verify_chain};
use jiff::Timestamp;
use x509_cert::{Certificate, der::Decode as _};

fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A CA with a key of this kind that signs with these options, and a signer's certificate from it.
fn issue(key: [&str; 2], signing: &[&str]) -> (Certificate, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for name in ["ca.key", "leaf.key"] {
        openssl(folder, &["genpkey", "-algorithm", key[0], "-pkeyopt", key[1], "-out", name]);
    }
    let authority = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"];
    let request = ["req", "-x509", "-key", "ca.key", "-subj", "/CN=CA", "-days", "30", "-outform", "DER", "-out", "ca.der"];
    openssl(folder, &[&request[..], &authority, signing].concat());
    openssl(folder, &["x509", "-inform", "DER", "-in", "ca.der", "-out", "ca.pem"]);
    std::fs::write(folder.join("extensions"), "keyUsage=critical,digitalSignature\n").unwrap();
    openssl(folder, &["req", "-new", "-key", "leaf.key", "-subj", "/CN=Leaf", "-out", "leaf.csr"]);
    let sign = ["x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "7", "-days", "20"];
    let output = ["-extfile", "extensions", "-outform", "DER", "-out", "leaf.der"];
    openssl(folder, &[&sign[..], &output, signing].concat());
    let authority = Certificate::from_der(&std::fs::read(folder.join("ca.der")).unwrap()).unwrap();
    (authority, std::fs::read(folder.join("leaf.der")).unwrap())
}

fn verdict(authority: &Certificate, leaf: &[u8]) -> Result<(), TrustError> {
    let leaf = Certificate::from_der(leaf).unwrap();
    let anchors = Anchors::new(vec![authority.clone()]);
    verify_chain(&leaf, &[], &anchors, Timestamp::now()).map(|chain| assert!(chain.anchored))
}

const PSS: [&str; 2] = ["-sigopt", "rsa_padding_mode:pss"];
const SALT_LIKE_DIGEST: [&str; 2] = ["-sigopt", "rsa_pss_saltlen:digest"];

#[test]
fn certificates_signed_with_accepted_algorithms_count_and_forged_ones_do_not() {
    let p256 = ["EC", "ec_paramgen_curve:P-256"];
    let p384 = ["EC", "ec_paramgen_curve:P-384"];
    let (rsa_2048, rsa_3072) = (["RSA", "rsa_keygen_bits:2048"], ["RSA", "rsa_keygen_bits:3072"]);
    let pss = |digest: &'static str| [&[digest][..], &PSS, &SALT_LIKE_DIGEST].concat();
    let accepted: Vec<([&str; 2], Vec<&str>)> = vec![
        (p256, vec!["-sha256"]),
        (p384, vec!["-sha384"]),
        (rsa_2048, vec!["-sha256"]),
        (rsa_2048, vec!["-sha512"]),
        (rsa_3072, vec!["-sha384"]),
        (rsa_2048, pss("-sha256")),
        (rsa_3072, pss("-sha384")),
        (rsa_2048, pss("-sha512")),
    ];
    for (key, signing) in accepted {
        let (authority, leaf) = issue(key, &signing);
        assert_eq!(verdict(&authority, &leaf), Ok(()), "{key:?} {signing:?}");
        let mut forged = leaf;
        *forged.last_mut().unwrap() ^= 1;
        assert!(matches!(verdict(&authority, &forged), Err(TrustError::SignatureWrong { .. })), "{key:?} {signing:?}");
    }
}

#[test]
fn weak_and_mismatched_algorithms_are_refused() {
    let refused: [([&str; 2], &[&str], &str); 4] = [
        (["RSA", "rsa_keygen_bits:2048"], &["-sha1"], "SHA-1"),
        (["EC", "ec_paramgen_curve:P-384"], &["-sha256"], "a digest that is weaker than the curve"),
        (["EC", "ec_paramgen_curve:secp256k1"], &["-sha256"], "a curve that is not accepted"),
        (["RSA", "rsa_keygen_bits:2048"], &["-sha256", PSS[0], PSS[1], "-sigopt", "rsa_pss_saltlen:20"], "a short salt"),
    ];
    for (key, signing, what) in refused {
        let (authority, leaf) = issue(key, signing);
        assert!(matches!(verdict(&authority, &leaf), Err(TrustError::Algorithm { .. })), "{what}");
    }
    let (authority, leaf) = issue(["RSA", "rsa_keygen_bits:1024"], &["-sha256"]);
    assert!(verdict(&authority, &leaf).is_err(), "a short RSA key");
}
