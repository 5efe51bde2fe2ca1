//! A typed PIN is gone after the call: it is in no file, in no output, and in no memory of the process that used it.
//!
//! Three processes: one has the virtual card (which of course knows its PIN), one plays the station, and the station starts device
//! hosts. The one that plays the station looks into its own memory.

use std::{
    env, fs,
    io::{Read as _, Seek as _, SeekFrom},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use bam_station::{
    device::card::{Card, CardSigner, PcscCard, Pkcs11Card, RsaPadding, Slot},
    evidence::sign::Signer as _,
    secret::Pin,
    trust::SignatureAlgorithm,
};
use bam_virtual_card::{CardKey, VirtualCard};

use crate::{
    card_desk::{Authority, OPERATORS, P256, PUK, at_a_desk, key, wait_until},
    card_pkcs11::{opensc, program},
    signature::{details, unsigned},
};

/// Says to the third process that it plays the station.
const STATION: &str = "BAM_STATION_TEST_CANARY";
/// The PIN with every bit of 5A turned over, so that this file's own text is not found.
const HIDDEN: [u8; 8] = [b'8' ^ 0x5a, b'3' ^ 0x5a, b'5' ^ 0x5a, b'1' ^ 0x5a, b'9' ^ 0x5a, b'2' ^ 0x5a, b'6' ^ 0x5a, b'4' ^ 0x5a];

/// The PIN, without a copy on the way.
fn canary() -> String {
    let mut text = String::with_capacity(HIDDEN.len());
    HIDDEN.iter().for_each(|byte| text.push(char::from(byte ^ 0x5a)));
    text
}

fn pin() -> Pin {
    Pin::new(canary()).unwrap()
}

fn places_of_the_canary(bytes: &[u8]) -> usize {
    bytes.windows(HIDDEN.len()).filter(|window| window.iter().zip(HIDDEN).all(|(byte, hidden)| byte ^ 0x5a == hidden)).count()
}

/// How often the PIN is in this process's writable memory, and how many bytes that memory has.
fn search_own_memory(buffer: &mut [u8]) -> (usize, usize) {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut memory = fs::File::open("/proc/self/mem").unwrap();
    let (mut found, mut seen) = (0, 0);
    for map in maps.lines().filter(|map| map.split(' ').nth(1).is_some_and(|rights| rights.starts_with("rw"))) {
        let (start, end) = map.split(' ').next().unwrap().split_once('-').unwrap();
        let (mut at, end) = (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
        while at < end {
            let room = buffer.len().min(usize::try_from(end - at).unwrap());
            memory.seek(SeekFrom::Start(at)).unwrap();
            // Pages that cannot be read hold nothing.
            let Ok(read) = memory.read(&mut buffer[..room]) else { break };
            found += places_of_the_canary(&buffer[..read]);
            seen += read;
            // The ends of two pieces overlap.
            at += u64::try_from(if read == room && at + u64::try_from(room).unwrap() < end { read - HIDDEN.len() } else { read })
                .unwrap();
            if read == 0 {
                break;
            }
        }
    }
    (found, seen)
}

fn use_the_pin(mut card: impl Card) {
    card.verify_pin(pin().into()).unwrap();
    card.prove_possession(Slot::Authentication, &[1; 32], pin().into()).unwrap();
    card.sign_digest(Slot::Signature, SignatureAlgorithm::P256, &[7; 32], pin().into()).unwrap();
    let mut signer = CardSigner::new(card, Slot::Signature, RsaPadding::default(), &[]).unwrap();
    let report = unsigned(signer.identity()).sign(&mut signer, pin(), &details()).unwrap();
    assert_eq!(places_of_the_canary(report.bytes()), 0);
}

/// The third process.
fn play_the_station() {
    let mut buffer = vec![0; 1 << 20];
    for road in ["PC/SC", "PKCS#11"] {
        match road {
            "PC/SC" => use_the_pin(PcscCard::in_reader(OPERATORS).unwrap()),
            _ => use_the_pin(Pkcs11Card::in_reader(opensc(), OPERATORS.into())),
        }
        let (found, seen) = search_own_memory(&mut buffer);
        assert!(seen > 1 << 20, "{seen} bytes are not the whole memory");
        assert_eq!(found, 0, "{road}: the PIN is in memory after the call");
    }
    // The search finds what is there.
    let held = pin();
    assert!(search_own_memory(&mut buffer).0 >= 1);
    drop(held);
}

fn files_with_the_canary(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && places_of_the_canary(&fs::read(entry.path()).unwrap()) > 0 {
                found.push(entry.path());
            }
        }
    }
    found
}

#[test]
fn a_pin_is_in_no_file_no_output_and_no_memory_after_the_call() {
    if env::var_os(STATION).is_some() {
        return play_the_station();
    }
    at_a_desk(|desk| {
        let authority = Authority::new();
        let (first, second): (CardKey, CardKey) = (key(P256), key(P256));
        let certificates = [authority.issue("Åse Ødegård", &first), authority.issue("Åse Ødegård", &second)];
        let [signs_in, signs] = certificates;
        let card = VirtualCard::new(&canary(), PUK).with_key(0x9a, first, signs_in).with_key(0x9c, second, signs);
        let inserted = desk.insert(OPERATORS, card);
        let name = "card_canary::a_pin_is_in_no_file_no_output_and_no_memory_after_the_call";
        let output = Command::new(env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(STATION, "1")
            .current_dir(desk.folder())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
        assert_eq!(places_of_the_canary(&said), 0);
        assert_eq!(files_with_the_canary(desk.folder()), Vec::<PathBuf>::new());
        assert_eq!(inserted.card().verify_count(), 4 + 6, "the PIN was used on both roads");
        assert_eq!(inserted.card().pin_tries_left(), 3);
    });
}

#[test]
fn a_process_that_may_hold_a_pin_leaves_no_core() {
    let folder = tempfile::tempdir().unwrap();
    // A device host waits for its question, as one that has got a PIN waits for its card.
    let mut host = Command::new(program())
        .args(["device-host", "pkcs11"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let limits = format!("/proc/{}/limits", host.id());
    wait_until(|| {
        let limits = fs::read_to_string(&limits).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        core.split_whitespace().skip(4).take(2).eq(["0", "0"])
    });
    assert!(Command::new("kill").args(["-ABRT", &host.id().to_string()]).status().unwrap().success());
    let status = host.wait().unwrap();
    assert_eq!((status.signal(), status.core_dumped()), (Some(6), false));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
