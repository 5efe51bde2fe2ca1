//! The station's key behind the operators' cards: whoever signs in with one of them opens the register with the PIN that was typed for
//! the sign-in, once; before that it can be written to and not be read. What lies on the disk openssl can open with the card's key.

use std::{fs, path::Path};

use bam_station::{
    config::{Configuration, local::CardDriver},
    control::Step,
    register::{JournalEntry, Register, RegisterError},
    rules::{CertificateKind, Function, role::Role},
    seal::{CardRecipient, KeyPlace, Keys, Seal, SealError, establish, put_behind_cards, station_keys},
    station::Station,
};
use bam_virtual_card::{CardKey, VirtualCard};
use jiff::Timestamp;
use serde_json::json;
use x509_cert::{
    Certificate,
    der::{Encode as _, pem},
};

use crate::{
    card_desk::{OPERATORS, at_a_desk},
    card_pkcs11::installed,
    sealed_register::Desk,
    support_cards::{ANNA, OPERATOR, Office, abort, appointed, asked, begin, card_of, pin, typed},
    support_pki::{Issued, Pki, Wanted},
};

/// A key-management certificate and its key.
fn agreeing(pki: &Pki, name: &str) -> Issued {
    pki.sub.issue(&Wanted { policies: Vec::new(), usage: "keyAgreement", ..Wanted::person(name) })
}

fn key(issued: &Issued) -> CardKey {
    CardKey::from_pkcs8(&pem::decode_vec(&fs::read(&issued.key).unwrap()).unwrap().1).unwrap()
}

/// The card of a person, with a key in slot 9D as well.
fn full_card(signing: &Issued, agreeing: &Issued) -> VirtualCard {
    card_of(signing).with_key(0x9d, key(agreeing), agreeing.certificate.to_der().unwrap())
}

fn behind_cards(configuration: &mut Configuration) {
    configuration.local.value.seal.key = KeyPlace::Card;
}

/// Puts the key of the register in `data` behind these cards and takes the plain key file away.
fn lock_away(data: &Path, cards: &[&Certificate]) {
    let register = data.join("register");
    let recipients: Vec<_> = cards.iter().map(|certificate| CardRecipient::of(certificate).unwrap()).collect();
    put_behind_cards(&register, &station_keys(&register).unwrap(), &recipients).unwrap();
    fs::remove_file(data.join("seal/station-key.txt")).unwrap();
}

fn sign_in(station: &mut Station) -> Result<(), &'static str> {
    station.sign_in_with_card(pin()).map(drop).map_err(|fault| fault.code())
}

#[test]
fn whoever_signs_in_with_one_of_the_cards_opens_the_register_with_that_pin() {
    at_a_desk(|desk| {
        let office = Office::new();
        let ine = office.person("Ine Operatør", CertificateKind::Qualified, -30, 300);
        let stranger = office.person("Uten Nøkkel", CertificateKind::Qualified, -30, 300);
        let (karis, ines, strangers) =
            (agreeing(&office.pki, OPERATOR), agreeing(&office.pki, "Ine"), agreeing(&office.pki, "Uten"));
        let appoint = |configuration: &mut Configuration| {
            let appointed = [&ine, &stranger].map(|issued| {
                let mut appointment = appointed(issued, Some(-30));
                appointment.roles = vec![Role::Operator];
                appointment
            });
            configuration.master.value.roles.appointed.extend(appointed);
        };
        for driver in [CardDriver::Pcsc, CardDriver::Pkcs11] {
            let configure = |configuration: &mut Configuration| {
                appoint(configuration);
                behind_cards(configuration);
                let reader = &mut configuration.local.value.operator_reader;
                reader.driver = driver;
                reader.module = (driver == CardDriver::Pkcs11).then(|| installed("opensc-pkcs11.so"));
            };
            let data = tempfile::tempdir().unwrap();
            // A control is under way when the station closes.
            let mut station = office.open(data.path(), appoint);
            let card = desk.insert(OPERATORS, full_card(&office.kari, &karis));
            sign_in(&mut station).unwrap();
            begin(&mut station, asked(Function::NewCard, CertificateKind::Local));
            let under_way = station.control().unwrap().id();
            drop(station);
            lock_away(data.path(), &[&karis.certificate, &ines.certificate]);

            let mut station = office.open(data.path(), configure);
            assert!(station.register().seal().locked().is_some() && station.control().is_none());
            let unread = station.register().entries(&under_way.to_string());
            assert!(matches!(unread, Err(RegisterError::Seal(SealError::NotForTheseKeys))), "{unread:?}");
            // A card without the right key, or with none, is not asked for its PIN.
            let card_of_kari = card.pull();
            for other in [full_card(&stranger, &strangers), card_of(&stranger)] {
                let other = desk.insert(OPERATORS, other);
                assert_eq!(sign_in(&mut station), Err("SEAL_OTHER_CARD"), "{driver:?}");
                assert_eq!(other.card().verify_count(), 0);
            }
            let card = desk.insert_again(OPERATORS, card_of_kari);
            let before = card.card().verify_count();
            assert_eq!(station.sign_in_with_card(typed("000000")).map(drop).unwrap_err().code(), "CARD_PIN_WRONG");
            assert!(station.register().seal().locked().is_some());
            sign_in(&mut station).unwrap();
            assert_eq!(card.card().verify_count(), before + 2, "{driver:?}: one VERIFY for each typed PIN");
            assert!(station.register().seal().locked().is_none());
            assert_eq!(station.control().map(|control| (control.id(), control.step())), Some((under_way, Step::Document)));
            abort(&mut station);
            // It stays open: the next sign-in is one like every other.
            station.sign_out();
            sign_in(&mut station).unwrap();
            assert_eq!(card.card().verify_count(), before + 3);
            drop((station, card));

            let mut station = office.open(data.path(), configure);
            let _card = desk.insert(OPERATORS, full_card(&ine, &ines));
            sign_in(&mut station).unwrap();
            assert!(
                station.register().entries(&under_way.to_string()).unwrap()[0].body.contains(ANNA.split(' ').next().unwrap())
            );
            let index = bam_station::station::verify_people(station.register(), &mut |_, _| {}).unwrap();
            assert_eq!(index, []);
        }
    });
}

#[test]
fn while_it_is_locked_the_register_is_written_to_and_nothing_is_delivered_from_it() {
    let pki = Pki::new();
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("register");
    let at = Timestamp::now();
    establish(&folder, &KeyPlace::Own, &[], at).unwrap();
    drop(Register::open(&folder).unwrap());
    let card = agreeing(&pki, "Kari");
    let keys = station_keys(&folder).unwrap();
    lock_away(data.path(), &[&card.certificate]);
    establish(&folder, &KeyPlace::Card, &[], at).unwrap();

    let mut register = Register::open(&folder).unwrap();
    register.append("control-a", &[JournalEntry::new("x", &json!({ "name": "Åse" })).unwrap()], at).unwrap();
    let scan = register.evidence().put(b"a scan").unwrap();
    assert_eq!(register.evidence().put(b"a scan").unwrap(), scan, "the same again");
    assert!(register.entries("control-a").is_err() && register.evidence().get(&scan, 100).is_err());
    let journal = register.verify_journal(&mut |_, _| {}).unwrap();
    assert_eq!((journal.entries, journal.closed, journal.first_bad), (1, 1, None), "the chain is checked without the key");

    let mut companion = register.companion().unwrap();
    let wrong = register.unlock(&Keys::generate());
    assert!(wrong.is_err() && register.seal().locked().is_some());
    drop((companion, register));
    let mut register = Register::open(&folder).unwrap();
    companion = register.companion().unwrap();
    register.unlock(&keys).unwrap();
    assert!(companion.entries("control-a").unwrap()[0].body.contains("Åse"), "it is open for all threads");
    assert_eq!(companion.evidence().get(&scan, 100).unwrap(), b"a scan");
}

/// What openssl derives and decrypts: nothing of this program is used.
#[test]
fn openssl_opens_the_key_file_with_the_cards_key() {
    let pki = Pki::new();
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("register");
    establish(&folder, &KeyPlace::Own, &[], Timestamp::now()).unwrap();
    let plain = fs::read_to_string(data.path().join("seal/station-key.txt")).unwrap();
    let secret_key = plain.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap();
    let (first, second) = (agreeing(&pki, "Kari"), agreeing(&pki, "Ine"));
    lock_away(data.path(), &[&first.certificate, &second.certificate]);
    let sealed = fs::read(data.path().join("seal/station-key.age")).unwrap();
    assert!(!sealed.windows(16).any(|window| window == &secret_key.as_bytes()[..16]));
    let header_end = sealed.windows(5).position(|window| window == b"\n--- ").unwrap() + 1;
    let header = String::from_utf8(sealed[..header_end].to_vec()).unwrap();
    assert!(header.starts_with("age-encryption.org/v1\n") && header.contains("-> bam-station-key age1"), "{header}");
    for card in [&first, &second] {
        let work = tempfile::tempdir().unwrap();
        let file = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
        let openssl = |arguments: &[&str]| crate::support_pki::openssl(arguments);
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let unhex = |text: &str| -> Vec<u8> {
            let digits: Vec<char> = text.chars().filter(char::is_ascii_hexdigit).collect();
            digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
        };
        let base64 = |text: &str| -> Vec<u8> {
            let padded = format!("{text}{}\n", "=".repeat((4 - text.len() % 4) % 4));
            fs::write(file("b64"), padded).unwrap();
            openssl(&["base64", "-d", "-A", "-in", &file("b64")])
        };
        let hkdf = |secret: &[u8], salt: &[u8], info: &str| -> Vec<u8> {
            let (key, salt, info) = (format!("hexkey:{}", hex(secret)), format!("hexsalt:{}", hex(salt)), format!("info:{info}"));
            let done = [
                "kdf",
                "-keylen",
                "32",
                "-kdfopt",
                "digest:SHA2-256",
                "-kdfopt",
                &key,
                "-kdfopt",
                &salt,
                "-kdfopt",
                &info,
                "HKDF",
            ];
            unhex(&String::from_utf8(openssl(&done)).unwrap())
        };
        // ChaCha20 of RFC 8439 from block 1 on, as its AEAD encrypts; the tag after it is left out.
        let chacha = |key: &[u8], nonce: &[u8; 12], text: &[u8]| -> Vec<u8> {
            fs::write(file("in"), text).unwrap();
            let iv = hex(&[&[1, 0, 0, 0][..], nonce].concat());
            openssl(&["enc", "-d", "-chacha20", "-K", &hex(key), "-iv", &iv, "-in", &file("in")])
        };
        let public =
            openssl(&["ec", "-in", card.key.to_str().unwrap(), "-pubout", "-conv_form", "compressed", "-outform", "DER"]);
        let card_point = &public[public.len() - 33..];
        fs::write(file("point"), card_point).unwrap();
        let tag = openssl(&["dgst", "-sha256", "-binary", &file("point")])[..4].to_vec();
        let mut lines = header.lines();
        let (ephemeral, wrapped) = loop {
            let line = lines.next().expect("there is a stanza for this card");
            let words: Vec<&str> = line.split(' ').collect();
            if let ["->", "piv-p256", found, ephemeral] = words.as_slice()
                && base64(found) == tag
            {
                break (base64(ephemeral), base64(lines.next().unwrap()));
            }
        };
        // SubjectPublicKeyInfo of the ephemeral key: the same as the card's with another point.
        let mut other = public.clone();
        let at = other.len() - 33;
        other[at..].copy_from_slice(&ephemeral);
        fs::write(file("peer.der"), &other).unwrap();
        let secret = openssl(&[
            "pkeyutl",
            "-derive",
            "-inkey",
            card.key.to_str().unwrap(),
            "-peerkey",
            &file("peer.der"),
            "-peerform",
            "DER",
        ]);
        let key = hkdf(&secret, &[ephemeral.as_slice(), card_point].concat(), "piv-p256");
        let file_key = chacha(&key, &[0; 12], &wrapped[..16]);
        let body_at = header_end + sealed[header_end..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let (nonce, body) = sealed[body_at..].split_at(16);
        let payload = hkdf(&file_key, nonce, "payload");
        let text = chacha(&payload, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], &body[..body.len() - 16]);
        assert_eq!(String::from_utf8(text).unwrap().trim(), secret_key);
    }
}

#[test]
fn a_changed_key_file_opens_nothing() {
    let pki = Pki::new();
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("register");
    establish(&folder, &KeyPlace::Own, &[], Timestamp::now()).unwrap();
    let card = agreeing(&pki, "Kari");
    lock_away(data.path(), &[&card.certificate]);
    establish(&folder, &KeyPlace::Card, &[], Timestamp::now()).unwrap();
    let file = data.path().join("seal/station-key.age");
    let sealed = fs::read(&file).unwrap();
    let open = || -> Result<Keys, SealError> {
        let seal = Seal::of(&folder, &Keys::default())?;
        let locked = seal.locked().expect("it is behind the card");
        let point = locked.point_for(&card.certificate).ok_or(SealError::OtherCard)?;
        locked.unlock(&card.certificate, &key(&card).agree(&point).unwrap())
    };
    assert_eq!(open().unwrap().count(), 1);
    for place in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[place] ^= 1;
        fs::write(&file, &changed).unwrap();
        assert!(open().is_err(), "byte {place}");
    }
    for end in [0, 1, 30, sealed.len() / 2, sealed.len() - 1] {
        fs::write(&file, &sealed[..end]).unwrap();
        assert!(open().is_err(), "cut off after {end}");
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(Register::open(&folder).err().unwrap().code(), "SEAL_KEY_MISSING");
    let again = establish(&folder, &KeyPlace::Card, &[], Timestamp::now());
    assert_eq!(again.unwrap_err().code(), "SEAL_KEY_MISSING", "no other key is made in its place");
}

#[test]
fn the_command_puts_the_key_behind_cards_and_adds_one_later() {
    let pki = Pki::new();
    let desk = Desk::new();
    desk.control();
    let (first, second) = (agreeing(&pki, "Kari"), agreeing(&pki, "Ine"));
    let rsa = pki.sub.issue(&Wanted { rsa: true, ..Wanted::person("RSA") });
    let (one, two) = (first.pem.to_str().unwrap(), second.pem.to_str().unwrap());
    let refused = |arguments: &[&str], code: &str, exit: i32| {
        let (found, _, said) = desk.run(arguments);
        assert!(found == Some(exit) && said.contains(code), "{arguments:?}: {found:?} {said}");
    };
    refused(&["seal", "cards", rsa.pem.to_str().unwrap()], "SEAL_CARD_KEY_KIND", 2);
    refused(&["seal", "cards", "MASTER.toml"], "SEAL_NO_CERTIFICATE", 2);
    desk.local("card");
    refused(&["register", "verify"], "", 0);
    refused(&["seal", "status"], "", 0);
    desk.local("file");
    let (code, said, messages) = desk.run(&["seal", "cards", one]);
    assert_eq!(code, Some(0), "{messages}");
    assert!(said.contains("1 cards"), "{said}");
    // The plain key goes to a safe place; with it a card is added later.
    let safe = desk.path("safe.txt");
    fs::rename(desk.key(), &safe).unwrap();
    desk.local("card");
    // Without a card nobody signs in, and nothing is delivered from what cannot be read.
    let script = desk.path("script.toml");
    refused(&["control", script.to_str().unwrap()], "SEAL_NOT_FOR_THESE_KEYS", 3);
    refused(&["deliver", "--once"], "SEAL_NOT_FOR_THESE_KEYS", 3);
    refused(&["seal", "cards", two], "SEAL_KEY_MISSING", 3);
    let (code, said, messages) = desk.run(&["seal", "cards", "--key", safe.to_str().unwrap(), one, two]);
    assert!(code == Some(0) && said.contains("2 cards"), "{said}{messages}");
    let seal = Seal::of(&desk.register(), &Keys::default()).unwrap();
    for card in [&first, &second] {
        assert!(seal.locked().unwrap().point_for(&card.certificate).is_some());
    }
    // With the copy everything is opened without any card.
    let (code, answer) = desk.json(&["register", "verify", "--identity", safe.to_str().unwrap()]);
    assert_eq!((code, &answer["valid"], &answer["opened"]), (Some(0), &true.into(), &true.into()), "{answer:#}");
}
