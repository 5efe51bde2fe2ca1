//! MASTER.toml on a share that is away, half written, old or unsigned: the last good copy stays in force, and an alarm says why.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use bam_station::{
    config::{ConfigError, Configuration, Master, Search, signature},
    control::{Step, opening::open},
    register::Register,
    rules::{CertificateKind, Function},
    station::journal,
};
use ed25519_dalek::SigningKey;
use jiff::Timestamp;

use crate::{support as s, support_pki::Authority};

const GOOD: &str = "[Common]\nCompanyName = \"A\"\nLraMode = \"Mixed\"\n[IssueProcess]\nMaxScanAttempts = 4\n# END\n";

/// A desk with its own folder and a share.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(desk.path("desk/terms")).unwrap();
        fs::create_dir_all(desk.path("share")).unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
        fs::copy(shipped.join("documents.toml"), desk.path("desk/documents.toml")).unwrap();
        for file in fs::read_dir(shipped.join("terms")).unwrap().flatten() {
            fs::copy(file.path(), desk.path("desk/terms").join(file.file_name())).unwrap();
        }
        desk.write("desk/LOCAL.toml", "Training = true\n");
        desk.write("share/MASTER.toml", GOOD);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn load(&self) -> Result<Configuration, ConfigError> {
        let search = Search { working_folder: self.path("nowhere"), folders: Vec::new() };
        let (master, local) = (self.path("share/MASTER.toml"), self.path("desk/LOCAL.toml"));
        Configuration::in_force(&search, Some(master), Some(local), &self.path("data"), true)
    }

    /// Loads; the limit that is in force and the code of the alarm.
    fn in_force(&self) -> (u8, Option<&'static str>) {
        let whole = self.load().unwrap_or_else(|error| panic!("{error}"));
        (whole.master.value.issue_process.max_scan_attempts, whole.alarm.map(|alarm| alarm.code))
    }

    fn require_signature_of(&self, key: &SigningKey) {
        let key = bam_station::digest::Digest::from_bytes(key.verifying_key().to_bytes());
        let administrators = format!("[Administrators]\nRequireSignedMaster = true\nKeys = [\"{key} Kari\"]\n");
        self.write("desk/LOCAL.toml", format!("Training = true\n{administrators}"));
    }

    fn sign(&self, key: &SigningKey) {
        signature::sign(&self.path("share/MASTER.toml"), key, "Kari", "why", Timestamp::UNIX_EPOCH).unwrap();
    }
}

#[test]
fn a_share_that_is_away_changes_no_rule() {
    let desk = Desk::new();
    assert_eq!(desk.in_force(), (4, None));
    fs::rename(desk.path("share"), desk.path("unplugged")).unwrap();
    assert_eq!(desk.in_force(), (4, Some("CONFIG_MISSING")));
    // Messages and files are those of the share, not of the copy.
    let whole = desk.load().unwrap();
    assert_eq!(whole.master.path, desk.path("share/MASTER.toml"));
    assert!(whole.alarm.unwrap().message.contains("the last good MASTER.toml stays in force"));
    fs::rename(desk.path("unplugged"), desk.path("share")).unwrap();
    desk.write("share/MASTER.toml", GOOD.replace('4', "6"));
    assert_eq!(desk.in_force(), (6, None));
    fs::remove_file(desk.path("share/MASTER.toml")).unwrap();
    assert_eq!(desk.in_force(), (6, Some("CONFIG_MISSING")));
}

#[test]
fn a_file_cut_anywhere_changes_no_rule() {
    let desk = Desk::new();
    desk.load().unwrap();
    for end in 0..GOOD.len() {
        desk.write("share/MASTER.toml", &GOOD[..end]);
        let (limit, alarm) = desk.in_force();
        assert_eq!(limit, 4, "cut at {end}");
        assert!(alarm.is_some(), "cut at {end}");
        if end > 40 && GOOD[..end].ends_with('\n') {
            assert_eq!(alarm, Some("CONFIG_CUT_OFF"), "cut at {end}");
        }
    }
}

#[test]
fn what_the_file_names_is_kept_with_it() {
    let desk = Desk::new();
    fs::rename(desk.path("desk/terms"), desk.path("share/terms")).unwrap();
    let ca = fs::read(Authority::root(&desk.path("desk"), "Utopia").pem()).unwrap();
    for name in ["trust.pem", "time.pem", "issuing.pem"] {
        desk.write(&format!("share/{name}"), [name.as_bytes(), b"\n", &ca].concat());
    }
    fs::create_dir(desk.path("share/out")).unwrap();
    let text = "[Terms]\nFolder = \"terms\"\n[Trust]\nAnchors = [\"trust.pem\"]\n\
                [TimeStamp]\nUrl = \"http://tsa.example.org/\"\nCa = \"time.pem\"\n\
                [HandOver]\nFolder = \"out\"\nUrl = \"https://issuing.example.org/\"\nCa = \"issuing.pem\"\n";
    desk.write("share/MASTER.toml", format!("{text}{GOOD}"));
    let here = desk.load().unwrap();
    assert_eq!(here.alarm, None);
    fs::rename(desk.path("share"), desk.path("unplugged")).unwrap();
    let away = desk.load().unwrap();
    assert_eq!(away.alarm.unwrap().code, "CONFIG_MISSING");
    let Master { trust, time_stamp, hand_over, .. } = &away.master.value;
    let read = |path: &Path| fs::read_to_string(path).unwrap().lines().next().unwrap().to_owned();
    assert_eq!(read(&trust.anchors[0]), "trust.pem");
    assert_eq!(read(time_stamp.ca.as_ref().unwrap()), "time.pem");
    assert_eq!(read(hand_over.ca.as_ref().unwrap()), "issuing.pem");
    assert_eq!(hand_over.folder, here.master.value.hand_over.folder, "what is handed over goes nowhere else");
    assert_eq!(away.terms.all().len(), here.terms.all().len());
    assert_eq!(away.master.digest, here.master.digest);
}

#[test]
fn without_a_good_copy_the_mistakes_are_told_and_nothing_is_in_force() {
    let desk = Desk::new();
    desk.write("share/MASTER.toml", "[Common]\nCompanyNam = \"A\"\n");
    assert_eq!(desk.load().unwrap_err().code(), "CONFIG_INVALID");
    assert!(!desk.path("data").exists());
    // The copy of another file is not the copy of this one.
    desk.write("share/MASTER.toml", GOOD);
    desk.load().unwrap();
    let search = Search { working_folder: desk.path("nowhere"), folders: Vec::new() };
    let other = desk.path("share/other.toml");
    let error = Configuration::in_force(&search, Some(other), Some(desk.path("desk/LOCAL.toml")), &desk.path("data"), true);
    assert_eq!(error.unwrap_err().code(), "CONFIG_MISSING");
}

#[test]
fn a_damaged_copy_and_a_mistake_of_the_desk_itself_are_not_covered_up() {
    let desk = Desk::new();
    desk.load().unwrap();
    desk.write("desk/LOCAL.toml", "Trainin = true\n");
    assert_eq!(desk.load().unwrap_err().code(), "CONFIG_INVALID");
    desk.write("desk/LOCAL.toml", "Training = true\n");
    fs::remove_file(desk.path("share/MASTER.toml")).unwrap();
    desk.in_force();
    desk.write("data/last-good-master/MASTER.toml", GOOD.replace('4', "9"));
    assert_eq!(desk.load().unwrap_err().code(), "CONFIG_MISSING");
}

#[test]
fn another_file_does_not_take_the_place_of_one_that_is_away() {
    let desk = Desk::new();
    let search = Search { working_folder: desk.path("nowhere"), folders: vec![desk.path("share"), desk.path("user")] };
    let load = || Configuration::in_force(&search, None, Some(desk.path("desk/LOCAL.toml")), &desk.path("data"), true).unwrap();
    load();
    fs::create_dir(desk.path("user")).unwrap();
    desk.write("user/MASTER.toml", GOOD.replace('4', "20"));
    fs::remove_file(desk.path("share/MASTER.toml")).unwrap();
    let whole = load();
    assert_eq!(whole.master.value.issue_process.max_scan_attempts, 4);
    assert_eq!(whole.alarm.unwrap().code, "CONFIG_MISSING");
}

#[test]
fn with_a_required_signature_only_the_administrators_change_the_rules() {
    let desk = Desk::new();
    let (kari, stranger) = (SigningKey::from_bytes(&[7; 32]), SigningKey::from_bytes(&[8; 32]));
    desk.load().unwrap();
    // A copy from before the signature was required does not count as signed.
    desk.require_signature_of(&kari);
    assert_eq!(desk.load().unwrap_err().code(), "MASTER_UNSIGNED");

    desk.sign(&kari);
    let whole = desk.load().unwrap();
    assert_eq!(whole.signer.map(|signer| (signer.name, signer.version)), Some(("Kari".into(), 1)));
    let first = ["MASTER.toml", "MASTER.toml.sig"].map(|name| (name, fs::read(desk.path("share").join(name)).unwrap()));

    desk.write("share/MASTER.toml", GOOD.replace('4', "5"));
    assert_eq!(desk.in_force(), (4, Some("MASTER_NOT_AS_SIGNED")));
    desk.sign(&stranger);
    assert_eq!(desk.in_force(), (4, Some("MASTER_SIGNER_UNKNOWN")));
    desk.sign(&kari);
    assert_eq!(desk.in_force(), (5, None));
    // Cut at the end of a line: the signature reveals it, closing line or not.
    let cut: String = GOOD.split_inclusive('\n').take(3).collect();
    desk.write("share/MASTER.toml", cut);
    assert_eq!(desk.in_force(), (5, Some("MASTER_NOT_AS_SIGNED")));
    for (name, content) in &first {
        desk.write(&format!("share/{name}"), content);
    }
    assert_eq!(desk.in_force(), (5, Some("MASTER_ROLLED_BACK")));
    fs::remove_file(desk.path("share/MASTER.toml.sig")).unwrap();
    assert_eq!(desk.in_force(), (5, Some("MASTER_UNSIGNED")));
    let kept = desk.load().unwrap();
    assert_eq!(kept.signer.map(|signer| signer.version), Some(3));
    // An administrator who is no longer accepted: the copy that this person signed does not stay.
    desk.require_signature_of(&stranger);
    assert_eq!(desk.load().unwrap_err().code(), "MASTER_UNSIGNED");
}

#[test]
fn a_requirement_that_nobody_can_meet_is_a_contradiction() {
    let desk = Desk::new();
    desk.write("desk/LOCAL.toml", "[Administrators]\nRequireSignedMaster = true\n");
    let error = desk.load().unwrap_err();
    assert_eq!(error.code(), "CONFIG_CONTRADICTION");
    assert!(error.to_string().contains("LOCAL.toml:2:1"), "{error}");
    for (entry, wrong) in [("ab Kari", "no key of 64"), (&format!("01{} Kari", "0".repeat(62)), "weak key"), ("ab", "no name")] {
        desk.write("desk/LOCAL.toml", format!("[Administrators]\nKeys = [\"{entry}\"]\n"));
        let error = desk.load().unwrap_err();
        assert!(error.to_string().contains("LOCAL.toml:2:9") && error.to_string().contains(wrong), "{error}");
    }
}

#[test]
fn the_commands_refuse_or_go_on_with_the_last_good_copy() {
    let desk = Desk::new();
    let kari = SigningKey::from_bytes(&[7; 32]);
    desk.require_signature_of(&kari);
    let deliver = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bam-station"));
        command.arg("--master").arg(desk.path("share/MASTER.toml")).arg("--local").arg(desk.path("desk/LOCAL.toml"));
        command.arg("--data").arg(desk.path("data")).args(["deliver", "--once"]);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, told) = deliver();
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("MASTER_UNSIGNED") && told.contains("MASTER.toml:1:1: the file is not signed"), "{told}");
    desk.sign(&kari);
    desk.load().unwrap();
    fs::remove_file(desk.path("share/MASTER.toml")).unwrap();
    let (_, told) = deliver();
    assert!(told.contains("the last good MASTER.toml stays in force (CONFIG_MISSING)"), "{told}");
}

#[test]
fn a_control_under_way_keeps_the_rules_it_began_with() {
    let desk = Desk::new();
    let register = desk.path("register");
    let began = desk.load().unwrap().effective_rules();
    let mut request = s::request(Function::NewCard, CertificateKind::Local);
    request.rules = began.clone();
    let stream = request.id.to_string();
    let entries: Vec<_> = open(request).iter().map(|event| journal::entry(event).unwrap()).collect();
    Register::open(&register).unwrap().append(&stream, &entries, s::at(0)).unwrap();

    desk.write("share/MASTER.toml", GOOD.replace("MaxScanAttempts = 4", "RequireScanForLocal = false"));
    let now = desk.load().unwrap().effective_rules();
    assert_ne!(now.issue_process, began.issue_process);
    // The station starts anew, with the new file in force.
    let control = journal::unfinished(&Register::open(&register).unwrap()).unwrap().unwrap();
    assert_eq!(control.opening().rules, began);
    assert_eq!(control.opening().rules.master, bam_station::digest::Digest::of(GOOD.as_bytes()));
    assert!(control.needs(Step::Scan));
}

const VOUCHING: &str = "[Common]\nCompanyName = \"A\"\n[IssueProcess]\nMaxScanAttempts = 6\nThirdPartyIdControl = true\n";

#[test]
fn vouching_comes_into_force_with_the_signatures_of_two_administrators_alone() {
    let [kari, ola, stranger] = [1, 2, 3].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    let desk = Desk::new();
    let line = |key: &SigningKey, name: &str| {
        let key = bam_station::digest::Digest::from_bytes(key.verifying_key().to_bytes());
        format!("\"{key} {name}\"")
    };
    let keys = format!("Keys = [{}, {}]\n", line(&kari, "Kari"), line(&ola, "Ola"));
    let local = format!("Training = true\n[Administrators]\nRequireSignedMaster = true\nFourEyesForVouching = true\n{keys}");
    desk.write("desk/LOCAL.toml", &local);
    desk.sign(&kari);
    assert_eq!(desk.in_force(), (4, None), "where nobody may vouch, one signature is enough");

    desk.write("share/MASTER.toml", VOUCHING);
    desk.sign(&kari);
    let missing = (4, Some("MASTER_SECOND_SIGNATURE_MISSING"));
    assert_eq!(desk.in_force(), missing, "one");
    desk.sign(&kari);
    assert_eq!(desk.in_force(), missing, "the same one twice");
    desk.sign(&stranger);
    assert_eq!(desk.in_force(), (4, Some("MASTER_SIGNER_UNKNOWN")));
    desk.sign(&ola);
    assert_eq!(desk.in_force(), missing, "a stranger and one");
    desk.sign(&kari);
    assert_eq!(desk.in_force(), (6, None));
    let signer = desk.load().unwrap().signer.unwrap();
    assert_eq!((signer.name.as_str(), signer.second.as_deref()), ("Kari", Some("Ola")));

    // Two signatures on two contents are not two on one.
    desk.write("share/MASTER.toml", VOUCHING.replace('6', "7"));
    desk.sign(&ola);
    assert_eq!(desk.in_force(), (6, Some("MASTER_SECOND_SIGNATURE_MISSING")));
    // The copy that two have signed stays in force; one that a single person signed does not, once four eyes are asked for.
    fs::remove_file(desk.path("share/MASTER.toml.history")).unwrap();
    assert_eq!(desk.in_force(), (6, Some("MASTER_SECOND_SIGNATURE_MISSING")));
}

#[test]
fn a_copy_that_one_person_signed_does_not_outlive_the_wish_for_four_eyes() {
    let (kari, ola): (SigningKey, SigningKey) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
    let desk = Desk::new();
    let line = |key: &SigningKey, name: &str| {
        let key = bam_station::digest::Digest::from_bytes(key.verifying_key().to_bytes());
        format!("\"{key} {name}\"")
    };
    let keys = format!("Keys = [{}, {}]\n", line(&kari, "Kari"), line(&ola, "Ola"));
    let local = |four_eyes: bool| {
        format!("Training = true\n[Administrators]\nRequireSignedMaster = true\nFourEyesForVouching = {four_eyes}\n{keys}")
    };
    desk.write("desk/LOCAL.toml", local(false));
    desk.write("share/MASTER.toml", VOUCHING);
    desk.sign(&kari);
    assert_eq!(desk.in_force(), (6, None));
    desk.write("desk/LOCAL.toml", local(true));
    assert_eq!(desk.load().unwrap_err().code(), "MASTER_SECOND_SIGNATURE_MISSING");
    desk.write("desk/LOCAL.toml", local(true).replace("RequireSignedMaster = true", "RequireSignedMaster = false"));
    assert_eq!(desk.load().unwrap_err().code(), "CONFIG_CONTRADICTION");
}
