//! MASTER.toml signed with the key of a certificate, on a card or in software: it counts by the pinned certificate alone.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use bam_station::{
    config::{
        Administrator, AdministratorCertificate, Administrators, load_signed_master,
        signature::{CONTEXT, Signatory, SignatureError, Unsigned, history, sign, signature_file},
    },
    digest::Digest,
    evidence::sign::{KeyStore, Signer, SoftwareKey},
    trust::KeyAlgorithm,
};
use der::{Decode as _, Encode as _, EncodePem as _};
use ed25519_dalek::SigningKey;
use jiff::Timestamp;
use x509_cert::Certificate;

use crate::{
    card_desk::{Authority, OPERATORS, P256, P384, PIN as CARD_PIN, RSA_2048, at_a_desk},
    card_pkcs11::installed,
    signature::{PIN, pin},
};

const STRICT: &str = "[Common]\nCompanyName = \"A\"\n";
const VOUCHING: &str = "[Common]\nCompanyName = \"A\"\n[IssueProcess]\nThirdPartyIdControl = true\n";

struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    fn new(text: &str) -> Self {
        let office = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(office.master(), text).unwrap();
        office
    }

    fn master(&self) -> PathBuf {
        self.folder.path().join("MASTER.toml")
    }

    fn key(&self, name: &str, algorithm: KeyAlgorithm) -> SoftwareKey {
        let store = KeyStore::open(&self.folder.path().join(format!("keys of {name}"))).unwrap();
        store.enroll(name, "A", algorithm, pin(PIN), Timestamp::now()).unwrap()
    }

    fn sign(&self, key: &mut dyn Signer, by: &str) -> Result<(), SignatureError> {
        let identity = key.identity().clone();
        let who = Signatory::Certificate(&identity.certificate, identity.algorithm);
        let master = self.master();
        let unsigned = Unsigned::of_file(&master, &who, by, "agreed", Timestamp::now())?;
        let value = key.sign(&unsigned.to_be_signed(), pin(PIN).into()).unwrap();
        unsigned.put(&value).map(drop)
    }

    fn code(&self, desk: &Administrators) -> Result<Option<String>, &'static str> {
        let loaded = load_signed_master(&self.master(), desk);
        loaded.map(|(_, signer)| signer.and_then(|signer| signer.second)).map_err(|error| error.code())
    }
}

fn fingerprint(key: &dyn Signer) -> Digest {
    Digest::of(&key.identity().certificate.to_der().unwrap())
}

fn desk(pinned: &[(&SoftwareKey, &str)]) -> Administrators {
    let certificates =
        pinned.iter().map(|(key, name)| AdministratorCertificate { sha256: fingerprint(*key), name: (*name).into() }).collect();
    Administrators { require_signed_master: true, certificates, ..Administrators::default() }
}

#[test]
fn a_file_counts_by_the_pinned_certificate_alone() {
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::Ed25519] {
        let office = Office::new(STRICT);
        let (mut kari, ola) = (office.key("Kari", algorithm), office.key("Ola", algorithm));
        office.sign(&mut kari, "Kari").unwrap();
        let (_, signer) = load_signed_master(&office.master(), &desk(&[(&kari, "Kari Nordmann")])).unwrap();
        let signer = signer.unwrap();
        assert_eq!((signer.name.as_str(), signer.version, signer.key), ("Kari Nordmann", 1, fingerprint(&kari)));
        assert_eq!(office.code(&desk(&[(&ola, "Ola")])), Err("MASTER_SIGNER_UNKNOWN"));
        // The digest of a certificate among the keys pins nothing.
        let hex = fingerprint(&kari).to_string();
        if let Ok(key) = Administrator::parse(&format!("{hex} Kari")) {
            let keys = Administrators { require_signed_master: true, keys: vec![key], ..Administrators::default() };
            assert_eq!(office.code(&keys), Err("MASTER_SIGNER_UNKNOWN"));
        }

        fs::write(office.master(), VOUCHING).unwrap();
        assert_eq!(office.code(&desk(&[(&kari, "Kari")])), Err("MASTER_NOT_AS_SIGNED"));
    }
}

#[test]
fn every_forged_line_is_refused() {
    let office = Office::new(STRICT);
    let (mut kari, ola) = (office.key("Kari", KeyAlgorithm::P256), office.key("Ola", KeyAlgorithm::P256));
    office.sign(&mut kari, "Kari").unwrap();
    let desk = desk(&[(&kari, "Kari"), (&ola, "Ola")]);
    let file = signature_file(&office.master());
    let good = fs::read_to_string(&file).unwrap();
    let hex = |key: &SoftwareKey| -> String {
        let der = key.identity().certificate.to_der().unwrap();
        der.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let others = good.replace(&hex(&kari), &hex(&ola)).replace(&fingerprint(&kari).to_string(), &fingerprint(&ola).to_string());
    for (forged, code) in [
        (good.replace("\"why\":\"agreed\"", "\"why\":\"argued\""), "MASTER_SIGNATURE_FORGED"),
        (others, "MASTER_SIGNATURE_FORGED"),
        (good.replace(&fingerprint(&kari).to_string(), &fingerprint(&ola).to_string()), "MASTER_SIGNATURE_FORGED"),
        (good.replace("\"algorithm\":\"p256\"", "\"algorithm\":\"p384\""), "MASTER_SIGNATURE_FORGED"),
        (good.replace("\"algorithm\":\"p256\"", "\"algorithm\":\"none\""), "MASTER_SIGNATURE_UNREADABLE"),
        (good.replace("\"algorithm\":\"p256\",", ""), "MASTER_SIGNATURE_UNREADABLE"),
        (good.replacen(&hex(&kari), "3000", 1), "MASTER_SIGNATURE_FORGED"),
    ] {
        assert_ne!(forged, good);
        fs::write(&file, &forged).unwrap();
        assert_eq!(office.code(&desk), Err(code), "{forged}");
    }
}

#[test]
fn four_eyes_are_those_of_two_people_whatever_they_sign_with() {
    let office = Office::new(VOUCHING);
    let (mut kari, mut ola) = (office.key("Kari", KeyAlgorithm::P256), office.key("Ola", KeyAlgorithm::P256));
    let own = SigningKey::from_bytes(&[7; 32]);
    let keys = vec![Administrator { key: own.verifying_key(), name: "Kari".into() }];
    let desk = Administrators { four_eyes_for_vouching: true, keys, ..desk(&[(&kari, "Kari"), (&ola, "Ola")]) };
    office.sign(&mut kari, "Kari").unwrap();
    assert_eq!(office.code(&desk), Err("MASTER_SECOND_SIGNATURE_MISSING"));
    sign(&office.master(), &own, "Kari", "the same person again", Timestamp::now()).unwrap();
    assert_eq!(office.code(&desk), Err("MASTER_SECOND_SIGNATURE_MISSING"), "a key and a card are one person");
    office.sign(&mut ola, "Ola").unwrap();
    assert_eq!(office.code(&desk), Ok(Some("Kari".into())));
    let chain = history(&office.master()).unwrap();
    assert_eq!(chain.iter().map(|line| line.statement.version).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn nothing_is_written_when_the_key_gave_no_signature_or_somebody_else_signed_meanwhile() {
    let office = Office::new(STRICT);
    let mut kari = office.key("Kari", KeyAlgorithm::P256);
    let identity = kari.identity().clone();
    let who = Signatory::Certificate(&identity.certificate, identity.algorithm);
    let master = office.master();
    let unsigned = Unsigned::of_file(&master, &who, "Kari", "agreed", Timestamp::now()).unwrap();
    let value = kari.sign(b"something else", pin(PIN).into()).unwrap();
    assert_eq!(unsigned.put(&value).unwrap_err().code(), "MASTER_NOT_SIGNED");
    assert!(!signature_file(&master).exists() && history(&master).is_err());

    let late = Unsigned::of_file(&master, &who, "Kari", "too late", Timestamp::now()).unwrap();
    let value = kari.sign(&late.to_be_signed(), pin(PIN).into()).unwrap();
    office.sign(&mut office.key("Ola", KeyAlgorithm::P256), "Ola").unwrap();
    assert_eq!(late.put(&value).unwrap_err().code(), "CONFIG_CHANGED_MEANWHILE");
    assert_eq!(history(&master).unwrap().len(), 1);
}

fn station(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bam-station")).current_dir(folder).arg("config").args(arguments).output().unwrap()
}

/// Openssl's word on a line: the signature over the context and the statement, with the certificate in it.
fn openssl_accepts(folder: &Path, line: &str) -> bool {
    let (signature, json) = line.split_once(' ').unwrap();
    let bytes = |hex: &str| -> Vec<u8> {
        hex.as_bytes().chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
    };
    let statement: serde_json::Value = serde_json::from_str(json).unwrap();
    let certificate = Certificate::from_der(&bytes(statement["certificate"].as_str().unwrap())).unwrap();
    let key = certificate.tbs_certificate().subject_public_key_info().to_pem(der::pem::LineEnding::LF).unwrap();
    fs::write(folder.join("public.pem"), key).unwrap();
    fs::write(folder.join("value"), bytes(signature)).unwrap();
    fs::write(folder.join("signed"), [CONTEXT, json.as_bytes()].concat()).unwrap();
    let digest = if statement["algorithm"] == "p384" { "-sha384" } else { "-sha256" };
    let openssl = ["dgst", digest, "-verify", "public.pem", "-signature", "value", "signed"];
    Command::new("openssl").args(openssl).current_dir(folder).output().unwrap().status.success()
}

#[test]
fn the_command_signs_by_card_and_openssl_agrees() {
    at_a_desk(|desk| {
        let authority = Authority::new();
        let office = Office::new(STRICT);
        let folder = office.folder.path();
        fs::write(folder.join("pin"), format!("{CARD_PIN}\n")).unwrap();
        fs::write(folder.join("wrong"), "000000\n").unwrap();
        let module = installed("opensc-pkcs11.so");
        let module = module.to_str().unwrap();
        let by_pcsc = [P256, P384, RSA_2048].map(|kind| (kind, None));
        for (version, (kind, module)) in by_pcsc.into_iter().chain([(P256, Some(module))]).enumerate() {
            let inserted = desk.insert(OPERATORS, authority.card("Åse Ødegård", kind));
            let road = |mut words: Vec<&'static str>| -> Vec<String> {
                words.extend(["--card", "Operator"]);
                let module = module.iter().flat_map(|module| ["--module".to_owned(), (*module).to_owned()]);
                words.into_iter().map(ToOwned::to_owned).chain(module).collect()
            };
            let run = |words: Vec<&'static str>| {
                let words = road(words);
                station(folder, &words.iter().map(String::as_str).collect::<Vec<_>>())
            };
            let told = run(vec!["key", "--name", "Åse Ødegård"]);
            let entry = String::from_utf8(told.stdout).unwrap();
            let entry = entry.trim().trim_matches('"');
            let pinned = AdministratorCertificate::parse(entry).unwrap();

            let wrong = run(vec!["sign", "MASTER.toml", "--by", "Åse", "--why", "agreed", "--pin-file", "wrong"]);
            assert_eq!(wrong.status.code(), Some(3), "{wrong:?}");
            // A PKCS#11 module does not tell how many tries are left.
            let code = if module.is_some() { "CARD_PIN_WRONG" } else { "OPERATOR_PIN_WRONG" };
            assert!(String::from_utf8_lossy(&wrong.stderr).contains(code), "{wrong:?}");
            let signed = run(vec!["sign", "MASTER.toml", "--by", "Åse", "--why", "agreed", "--pin-file", "pin"]);
            assert!(signed.status.success(), "{signed:?}");
            let accepted =
                Administrators { require_signed_master: true, certificates: vec![pinned], ..Administrators::default() };
            let (_, signer) = load_signed_master(&office.master(), &accepted).unwrap();
            assert_eq!(signer.unwrap().version, u64::try_from(version).unwrap() + 1);
            let line = fs::read_to_string(signature_file(&office.master())).unwrap();
            assert!(openssl_accepts(folder, line.trim_end()), "{kind:?}");
            assert!(!openssl_accepts(folder, &line.trim_end().replace("agreed", "argued")));
            drop(inserted);
        }
        assert_eq!(history(&office.master()).unwrap().len(), 4);
    });
}
