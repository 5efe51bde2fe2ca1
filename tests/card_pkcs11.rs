//! The second road to a card: PKCS#11 modules in a device host. OpenSC reads the virtual PIV card, SoftHSM has tokens of its own.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use bam_station::{
    device::card::{Card as _, CardError, Module, Pkcs11Card, Slot},
    secret::{Pin, PinEntry},
    trust::{RsaDigest, SignatureAlgorithm, verify_digest},
};
use bam_virtual_card::{CardKey, Fault, Mishap, PadEntry, instruction};
use x509_cert::der::pem;

use crate::card_desk::{
    Authority, Desk, OPERATORS, P256, P384, PAD, PIN, RSA_2048, RSA_3072, SOON, at_a_desk, at_a_desk_with_pad, wait_until,
};

/// The station's program, in whose second process a module runs.
pub fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_bam-station").into()
}

/// A module as its Debian package installs it.
pub fn installed(name: &str) -> PathBuf {
    let folder = format!("/usr/lib/{}-linux-gnu", env::consts::ARCH);
    let places = [PathBuf::from(folder), PathBuf::from("/usr/lib")].map(|folder| folder.join(name));
    let found = places.into_iter().find(|path| path.exists());
    found.unwrap_or_else(|| panic!("install the package that has {name}"))
}

pub fn opensc() -> Module {
    Module::new(&program(), &installed("opensc-pkcs11.so"))
}

fn softhsm() -> Module {
    Module::new(&program(), &installed("softhsm/libsofthsm2.so"))
}

fn card(reader: &str) -> Pkcs11Card {
    Pkcs11Card::in_reader(opensc(), reader.to_owned())
}

fn pin(text: &str) -> PinEntry {
    Pin::new(text.into()).unwrap().into()
}

const PSS: SignatureAlgorithm = SignatureAlgorithm::RsaPss(RsaDigest::Sha256);

/// How each kind of key signs.
fn algorithms(kind: &[&str]) -> Vec<SignatureAlgorithm> {
    match kind[1] {
        "ec_paramgen_curve:P-256" => vec![SignatureAlgorithm::P256],
        "ec_paramgen_curve:P-384" => vec![SignatureAlgorithm::P384],
        _ => vec![SignatureAlgorithm::RsaPkcs1(RsaDigest::Sha256), PSS],
    }
}

/// Signs with the key in the slot for signatures, and checks the signature against the certificate once more.
fn sign(card: &mut Pkcs11Card, algorithm: SignatureAlgorithm, pin: PinEntry) -> Result<(), CardError> {
    let digest = algorithm.digest(&[b"what is to be signed"]);
    let signature = card.sign_digest(Slot::Signature, algorithm, &digest, pin)?;
    let contents = card.contents()?;
    let certificate = contents.certificate(Slot::Signature)?;
    assert!(verify_digest(certificate.tbs_certificate().subject_public_key_info(), algorithm, &digest, &signature));
    Ok(())
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
            assert!(contents.further.is_empty());
            assert_eq!(inserted.card().verify_count(), 0);
            card.prove_possession(Slot::Authentication, &[3; 32], pin(PIN)).unwrap();
            assert_eq!(inserted.card().verify_count(), 1);
            card.verify_pin(pin(PIN)).unwrap();
            assert_eq!(inserted.card().verify_count(), 2);
            for algorithm in algorithms(kind) {
                let before = inserted.card().verify_count();
                sign(&mut card, algorithm, pin(PIN)).unwrap();
                // The key for signatures wants a PIN for each use: one to log in and see the key, one for the use.
                assert_eq!(inserted.card().verify_count() - before, 2, "{kind:?}");
            }
            assert_eq!(inserted.card().pin_tries_left(), 3);
        }
    });
}

#[test]
fn nothing_stays_verified_on_the_card() {
    at_a_desk(|desk| {
        let _inserted = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", P256));
        let mut card = card(OPERATORS);
        card.verify_pin(pin(PIN)).unwrap();
        let mut by_pcsc = bam_station::device::card::PcscCard::in_reader(OPERATORS).unwrap();
        assert_eq!(by_pcsc.tries_left(), Ok(Some(3)), "the card does not tell while a PIN is verified");
        sign(&mut card, SignatureAlgorithm::P256, pin(PIN)).unwrap();
        assert_eq!(by_pcsc.tries_left(), Ok(Some(3)));
    });
}

#[test]
fn a_wrong_pin_costs_one_try_and_the_last_blocks() {
    at_a_desk(|desk| {
        let inserted = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", P256));
        let mut card = card(OPERATORS);
        let facts = card.pin_facts().unwrap();
        assert!(!facts.pad && !facts.is_blocked() && facts.tries_left.is_none());
        let wrong = sign(&mut card, SignatureAlgorithm::P256, pin("000000"));
        assert_eq!(wrong, Err(CardError::WrongPin { tries_left: None }));
        // The module tells the last try alone.
        assert_eq!(card.verify_pin(pin("111111")), Err(CardError::WrongPin { tries_left: Some(1) }));
        assert_eq!(inserted.card().verify_count(), 2);
        assert_eq!(inserted.card().pin_tries_left(), 1);
        assert_eq!(card.verify_pin(pin("222222")), Err(CardError::Blocked));
        assert_eq!(card.verify_pin(pin(PIN)), Err(CardError::Blocked));
        assert_eq!(card.tries_left(), Ok(Some(0)));
    });
}

#[test]
fn a_pin_of_the_wrong_length_costs_no_try() {
    at_a_desk(|desk| {
        let inserted = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", P256));
        let mut card = card(OPERATORS);
        let most = card.pin_facts().unwrap().most;
        let long = "4".repeat(usize::from(most) + 1);
        assert!(matches!(card.verify_pin(pin(&long)), Err(CardError::PinLength { most: told, .. }) if told == most));
        assert!(matches!(sign(&mut card, SignatureAlgorithm::P256, pin(&long)), Err(CardError::PinLength { .. })));
        assert_eq!(inserted.card().verify_count(), 0);
        assert_eq!(inserted.card().pin_tries_left(), 3);
    });
}

#[test]
fn a_card_pulled_at_any_point_is_named_and_signs_when_it_is_back() {
    at_a_desk(|desk| {
        let mut inserted = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", P256));
        let mut card = card(OPERATORS);
        card.contents().unwrap();
        let points = [instruction::SELECT, instruction::GET_DATA, instruction::VERIFY, instruction::GENERAL_AUTHENTICATE];
        for point in points {
            for mishap in [Mishap::PulledBefore, Mishap::PulledAfter] {
                inserted.card().set_fault(Some(Fault { instruction: point, mishap: mishap.clone() }));
                let pulled = sign(&mut card, SignatureAlgorithm::P256, pin(PIN)).unwrap_err();
                // Before the module has opened the card it knows of no card at all.
                let early = [instruction::SELECT, instruction::GET_DATA].contains(&point);
                let named = pulled == CardError::Removed || early && pulled == CardError::NoCard;
                assert!(named, "{point:02x} {mishap:?}: {pulled:?}");
                assert_eq!(sign(&mut card, SignatureAlgorithm::P256, pin(PIN)), Err(CardError::NoCard), "{point:02x} {mishap:?}");
                inserted.card().set_fault(None);
                inserted = desk.insert_again(OPERATORS, inserted.pull());
                sign(&mut card, SignatureAlgorithm::P256, pin(PIN)).unwrap();
            }
        }
    });
}

#[test]
fn another_card_gets_no_pin() {
    at_a_desk(|desk| {
        let authority = Authority::new();
        let first = desk.insert(OPERATORS, authority.card("Kari Nordmann", P256));
        let mut card = card(OPERATORS);
        card.contents().unwrap();
        first.pull();
        let second = desk.insert(OPERATORS, authority.card("Åse Ødegård", P256));
        assert_eq!(card.verify_pin(pin(PIN)), Err(CardError::Exchanged));
        assert_eq!(sign(&mut card, SignatureAlgorithm::P256, pin(PIN)), Err(CardError::Exchanged));
        assert_eq!(card.contents().err(), Some(CardError::Exchanged));
        assert_eq!(second.card().verify_count(), 0);
    });
}

/// The processes of this one's device hosts.
fn hosts() -> Vec<u32> {
    let own = format!("PPid:\t{}\n", std::process::id());
    let numbers = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<u32>().ok());
    let of_this = |number: &u32| {
        let read = |file: &str| fs::read_to_string(format!("/proc/{number}/{file}")).unwrap_or_default();
        read("status").contains(&own) && read("cmdline").contains("device-host")
    };
    numbers.filter(of_this).collect()
}

#[test]
fn a_module_that_crashes_or_hangs_costs_one_operation() {
    at_a_desk(|desk| {
        let inserted = desk.insert(OPERATORS, Authority::new().card("Åse Ødegård", P256));
        let mut card = card(OPERATORS);
        card.contents().unwrap();
        let slow = |seconds| Some(Fault { instruction: instruction::VERIFY, mishap: Mishap::Slow(Duration::from_secs(seconds)) });

        inserted.card().set_fault(slow(15));
        let killer = thread::spawn({
            let asked = inserted.card().verify_count();
            let card = inserted.shared();
            move || {
                wait_until(|| card.lock().unwrap().verify_count() > asked);
                for host in hosts() {
                    assert!(Command::new("kill").args(["-9", &host.to_string()]).status().unwrap().success());
                }
            }
        });
        assert_eq!(card.verify_pin(pin(PIN)), Err(CardError::ModuleCrashed));
        killer.join().unwrap();
        inserted.card().set_fault(None);
        card.verify_pin(pin(PIN)).unwrap();

        inserted.card().set_fault(slow(20));
        card = card.with_patience(Duration::from_secs(4));
        assert_eq!(card.verify_pin(pin(PIN)), Err(CardError::ModuleHung));
        wait_until(|| hosts().is_empty());
        inserted.card().set_fault(None);
        card = card.with_patience(SOON);
        card.verify_pin(pin(PIN)).unwrap();
    });
}

#[test]
fn a_module_that_is_none_is_told() {
    at_a_desk(|desk| {
        let not_there = Module::new(&program(), Path::new("/nowhere/module.so"));
        assert!(matches!(not_there.readers(SOON), Err(CardError::NoModule(_))));
        let text = desk.folder().join("module.so");
        fs::write(&text, "this is no library").unwrap();
        assert!(matches!(Module::new(&program(), &text).readers(SOON), Err(CardError::NoModule(_))));
        let other = installed("libpcsclite.so.1");
        assert!(matches!(Module::new(&program(), &other).readers(SOON), Err(CardError::NoModule(_))));
        let names: Vec<_> = opensc().readers(SOON).unwrap().into_iter().map(|reader| reader.name).collect();
        assert!(names.contains(&OPERATORS.to_owned()), "{names:?}");
        assert_eq!(card("No such reader").contents().err(), Some(CardError::NoReader));
        assert_eq!(card(OPERATORS).contents().err(), Some(CardError::NoCard));
    });
}

#[test]
fn the_pin_is_typed_on_the_readers_pad() {
    at_a_desk_with_pad(|desk| {
        let inserted = desk.insert(PAD, Authority::new().card("Åse Ødegård", P256));
        let mut card = card(PAD);
        assert!(card.has_pin_pad().unwrap());
        assert_eq!(card.verify_pin(pin(PIN)), Err(CardError::PadInUse));
        assert_eq!(inserted.card().verify_count(), 0);
        inserted.card().set_pad(PadEntry::Digits(PIN.into()));
        card.verify_pin(PinEntry::Pad).unwrap();
        sign(&mut card, SignatureAlgorithm::P256, PinEntry::Pad).unwrap();
        for nothing in [PadEntry::Cancel, PadEntry::Nothing] {
            inserted.card().set_pad(nothing);
            assert_eq!(card.verify_pin(PinEntry::Pad), Err(CardError::PadCancelled));
        }
        assert_eq!(inserted.card().pin_tries_left(), 3);
        inserted.card().set_pad(PadEntry::Digits("000000".into()));
        assert_eq!(card.verify_pin(PinEntry::Pad), Err(CardError::WrongPin { tries_left: None }));
        assert_eq!(inserted.card().pin_tries_left(), 2);
    });
}

/// Makes a SoftHSM token with one key and its certificate; its reader's name.
fn softhsm_token(desk: &Desk, authority: &Authority, kind: &[&str]) -> String {
    let folder = desk.folder();
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&[output.stdout, output.stderr].concat()));
    };
    let settings = folder.join(".config/softhsm2");
    let tokens = folder.join("tokens");
    let _ = fs::remove_dir_all(&tokens);
    fs::create_dir_all(&settings).unwrap();
    fs::create_dir_all(&tokens).unwrap();
    fs::write(settings.join("softhsm2.conf"), format!("directories.tokendir = {}\n", tokens.display())).unwrap();
    run("softhsm2-util", &["--init-token", "--free", "--label", "operator", "--pin", PIN, "--so-pin", "12345678"]);
    run("openssl", &["genpkey", "-algorithm", kind[0], "-pkeyopt", kind[1], "-out", "key.pem"]);
    let key = CardKey::from_pkcs8(&pem::decode_vec(&fs::read(folder.join("key.pem")).unwrap()).unwrap().1).unwrap();
    fs::write(folder.join("certificate"), authority.issue("Åse Ødegård", &key)).unwrap();
    run("softhsm2-util", &["--import", "key.pem", "--token", "operator", "--label", "key", "--id", "02", "--pin", PIN]);
    let library = installed("softhsm/libsofthsm2.so");
    let write = ["--login", "--pin", PIN, "--write-object", "certificate", "--type", "cert", "--id", "02", "--label", "mine"];
    run("pkcs11-tool", &[&["--module", library.to_str().unwrap(), "--token-label", "operator"], &write[..]].concat());
    let readers = softhsm().readers(SOON).unwrap();
    let is_filled = |reader: &String| {
        let contents = Pkcs11Card::in_reader(softhsm(), reader.clone()).contents();
        contents.is_ok_and(|contents| !contents.certificates.is_empty())
    };
    readers.into_iter().map(|reader| reader.name).find(is_filled).unwrap()
}

#[test]
fn a_softhsm_token_signs_with_every_kind_of_key() {
    at_a_desk(|desk| {
        let authority = Authority::new();
        for kind in [P256, P384, RSA_2048, RSA_3072] {
            let reader = softhsm_token(desk, &authority, kind);
            let mut card = Pkcs11Card::in_reader(softhsm(), reader);
            for algorithm in algorithms(kind) {
                sign(&mut card, algorithm, pin(PIN)).unwrap();
            }
            card.prove_possession(Slot::Signature, &[3; 32], pin(PIN)).unwrap();
        }
    });
}

#[test]
fn a_token_that_counts_without_numbers_still_says_that_a_pin_was_wrong() {
    at_a_desk(|desk| {
        let reader = softhsm_token(desk, &Authority::new(), P256);
        let mut card = Pkcs11Card::in_reader(softhsm(), reader);
        assert!(!card.pin_facts().unwrap().wrong_before);
        assert_eq!(card.verify_pin(pin("000000")), Err(CardError::WrongPin { tries_left: None }));
        let facts = card.pin_facts().unwrap();
        assert!(facts.wrong_before && facts.tries_left.is_none() && !facts.pad);
        card.verify_pin(pin(PIN)).unwrap();
        assert!(!card.pin_facts().unwrap().wrong_before);
        // The key is for curves, and the certificate says so before anything is asked of the token.
        assert_eq!(sign(&mut card, PSS, pin(PIN)), Err(CardError::KeyNotSupported));
    });
}
