//! The second road to a card: PKCS#11 modules in a device host. OpenSC reads the virtual PIV card, SoftHSM has tokens of its own.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use bam_station::{
    device::card::{Card as _, CardError, Module, Pkcs11Card, RsaPadding, Slot},
    secret::{Pin, PinEntry},
    trust::{RsaDigest, SignatureAlgorithm, verify_digest},
};
use bam_virtual_card::{Fault, Mishap, PadEntry, instruction};

use crate::card_desk::{
    Authority, HOLDERS, OPERATORS, P256, P384, PAD, PIN, RSA_2048, RSA_3072, at_a_desk, at_a_desk_with_pad, key,
};

/// The station's program, in whose second process a module runs.
fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_bam-station").into()
}

/// A module as its Debian package installs it.
pub fn module(name: &str) -> PathBuf {
    let places = [Path::new("/usr/lib/x86_64-linux-gnu"), Path::new("/usr/lib/aarch64-linux-gnu"), Path::new("/usr/lib")];
    let found = places.iter().map(|place| place.join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("install the package that has {name}"))
}

pub fn opensc() -> Module {
    Module::new(&program(), &module("opensc-pkcs11.so"))
}

fn softhsm() -> Module {
    Module::new(&program(), &module("softhsm/libsofthsm2.so"))
}

fn card(reader: &str) -> Pkcs11Card {
    Pkcs11Card::in_reader(opensc(), reader.to_owned())
}

fn pin(text: &str) -> PinEntry {
    Pin::new(text.into()).unwrap().into()
}

/// How each kind of key signs, with the length of its digest.
fn algorithms(kind: &[&str]) -> Vec<(SignatureAlgorithm, usize)> {
    match kind[1] {
        "ec_paramgen_curve:P-256" => vec![(SignatureAlgorithm::P256, 32)],
        "ec_paramgen_curve:P-384" => vec![(SignatureAlgorithm::P384, 48)],
        _ => vec![(SignatureAlgorithm::RsaPkcs1(RsaDigest::Sha256), 32), (SignatureAlgorithm::RsaPss(RsaDigest::Sha256), 32)],
    }
}

#[test]
fn a_piv_card_through_opensc_signs_and_proves_possession() {
    at_a_desk(|desk| {
        let authority = Authority::new();
        for kind in [P256, P384, RSA_2048] {
            let inserted = desk.insert(OPERATORS, authority.card("Åse Ødegård", kind));
            let mut card = card(OPERATORS);
            let contents = card.contents().unwrap();
            let slots: Vec<_> = contents.certificates.iter().map(|found| found.slot).collect();
            assert_eq!(slots, [Slot::Authentication, Slot::Signature]);
            assert_eq!(inserted.card().verify_count(), 0);
            card.prove_possession(Slot::Authentication, &[3; 32], pin(PIN)).unwrap();
            assert_eq!(inserted.card().verify_count(), 1);
            for (algorithm, length) in algorithms(kind) {
                let before = inserted.card().verify_count();
                let signature = card.sign_digest(Slot::Signature, algorithm, &vec![7; length], pin(PIN)).unwrap();
                let certificate = contents.certificate(Slot::Signature).unwrap();
                let key = certificate.tbs_certificate().subject_public_key_info();
                assert!(verify_digest(key, algorithm, &vec![7; length], &signature), "{kind:?}");
                eprintln!("{kind:?} {} verifies", inserted.card().verify_count() - before);
            }
        }
    });
}
