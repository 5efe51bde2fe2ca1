//! The register at rest: nothing about a person lies open in the data folder, age itself opens everything with the right key, and
//! what was changed, moved or sealed to others is named. The judge is the `age` tool.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use bam_station::{
    digest::Digest,
    register::{JournalEntry, Register, RegisterError},
    seal::{KeyPlace, Keys, SealError, establish, is_sealed, set_of},
};
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What is told of the holder and of nobody else in these tests.
const FIRST: &str = "Zwyntje";
const LAST: &str = "Quarrelsønn";
const USER: &str = "zwyquark";
const NUMBER: &str = "12887410079";

/// An auditor's key, made by age.
pub struct Auditor {
    pub file: PathBuf,
    pub recipient: String,
}

impl Auditor {
    pub fn new(folder: &Path, name: &str) -> Self {
        let file = folder.join(name);
        let made = Command::new("age-keygen").arg("-o").arg(&file).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let recipient = Command::new("age-keygen").arg("-y").arg(&file).output().unwrap();
        Self { file, recipient: String::from_utf8(recipient.stdout).unwrap().trim().to_owned() }
    }
}

/// What `age -d` says of a file.
fn age(key: &Path, sealed: &Path) -> Output {
    Command::new("age").arg("-d").arg("-i").arg(key).arg(sealed).output().unwrap()
}

/// A desk outside the data folder: MASTER.toml, LOCAL.toml, auditors, a script about one holder.
pub struct Desk {
    pub folder: TempDir,
}

impl Desk {
    pub fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        desk.master(&[]);
        desk.local("file");
        let home = Path::new(env!("CARGO_MANIFEST_DIR"));
        let script = fs::read_to_string(home.join("config/examples/qualified-passport.toml")).unwrap();
        let script = script
            .replace("Anna Maria", FIRST)
            .replace("Eriksson", LAST)
            .replace("anneri", USER)
            // The specimen shows another name than the one that is searched for.
            .replace("judgement = \"good\"", "judgement = \"good\"\nreason = \"the specimen names somebody else\"")
            .replace("\"signature-eriksson.json\"", &format!("\"{}/config/examples/signature-eriksson.json\"", home.display()))
            .replace("\"specimen-passport.jpg\"", &format!("\"{}/config/examples/specimen-passport.jpg\"", home.display()));
        fs::write(desk.path("script.toml"), script).unwrap();
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub fn register(&self) -> PathBuf {
        self.path("data/register")
    }

    pub fn master(&self, auditors: &[&Auditor]) {
        let shipped = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("MASTER.toml")).unwrap();
        let keys: Vec<String> = auditors.iter().map(|auditor| format!("\"{} Revisor\"", auditor.recipient)).collect();
        let named = format!("[Registers]\nAuditors = [{}]\n", keys.join(", "));
        fs::write(self.path("MASTER.toml"), shipped.replace("[Registers]\n", &named)).unwrap();
    }

    pub fn local(&self, key: &str) {
        let home = Path::new(env!("CARGO_MANIFEST_DIR"));
        let shipped = fs::read_to_string(home.join("config/LOCAL.toml")).unwrap();
        let (before, _) = shipped.split_once("[Seal]").unwrap_or((&shipped, ""));
        fs::create_dir_all(self.path("config")).unwrap();
        fs::write(self.path("config/LOCAL.toml"), format!("{before}\n[Seal]\nKey = \"{key}\"\n")).unwrap();
        for name in ["documents.toml", "terms"] {
            let link = self.path("config").join(name);
            if !link.exists() {
                std::os::unix::fs::symlink(home.join("config").join(name), link).unwrap();
            }
        }
    }

    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let (master, local) = (self.path("MASTER.toml"), self.path("config/LOCAL.toml"));
        let named = ["--master", master.to_str().unwrap(), "--local", local.to_str().unwrap()];
        let output = Command::new(env!("CARGO_BIN_EXE_bam-station"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .arg("--data")
            .arg(self.data())
            .args(named)
            .args(arguments)
            .env("CREDENTIALS_DIRECTORY", self.path("credentials"))
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let (code, out, messages) = self.run(&[arguments, &["--json"]].concat());
        (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}\n{messages}")))
    }

    #[track_caller]
    pub fn control(&self) -> String {
        let script = self.path("script.toml");
        let (code, said) = self.json(&["control", script.to_str().unwrap()]);
        assert_eq!((code, &said["outcome"], &said["report"]), (Some(0), &"approved".into(), &Value::Null), "{said:#}");
        said["control"].as_str().unwrap().to_owned()
    }

    pub fn key(&self) -> PathBuf {
        self.path("data/seal/station-key.txt")
    }

    /// Every piece of evidence of the register.
    pub fn evidence(&self) -> Vec<PathBuf> {
        files_under(&self.register().join("evidence"))
    }

    /// The sealed texts of the database, each as a file for age.
    fn sealed_rows(&self) -> Vec<(String, PathBuf)> {
        let database = Connection::open(self.register().join("register.db")).unwrap();
        let mut found = Vec::new();
        for sql in [
            "SELECT 'journal ' || seq, body FROM journal WHERE commitment IS NOT NULL",
            "SELECT 'notices.name ' || control || ' ' || recipient, name FROM notices",
            "SELECT 'authorisations.document ' || control, document FROM authorisations WHERE document IS NOT NULL",
            "SELECT name, value FROM settings WHERE name = 'index-key'",
        ] {
            let mut rows = database.prepare(sql).unwrap();
            let rows = rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
            for row in rows {
                let (place, text) = row.unwrap();
                let file = self.path(&format!("row-{}.age", found.len()));
                fs::write(&file, text).unwrap();
                found.push((place, file));
            }
        }
        found
    }

    /// That this key opens everything with age, and what was opened.
    #[track_caller]
    fn all_opens_with(&self, key: &Path) -> String {
        for file in self.evidence() {
            let opened = age(key, &file);
            assert!(opened.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&opened.stderr));
            assert_eq!(Digest::of(&opened.stdout).to_string(), file.file_name().unwrap().to_str().unwrap());
        }
        let mut texts = String::new();
        for (place, file) in self.sealed_rows() {
            let opened = age(key, &file);
            assert!(opened.status.success(), "{place}: {}", String::from_utf8_lossy(&opened.stderr));
            let text = String::from_utf8(opened.stdout).unwrap();
            assert_eq!(text.lines().next(), Some(place.as_str()));
            texts.push_str(&text);
        }
        texts
    }

    #[track_caller]
    fn nothing_opens_with(&self, key: &Path) {
        let rows = self.sealed_rows();
        assert!(!rows.is_empty());
        for file in self.evidence().into_iter().chain(rows.into_iter().map(|(_, file)| file)) {
            assert!(!age(key, &file).status.success(), "{}", file.display());
        }
    }
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_under(&path)) } else { files.push(path) }
    }
    files
}

/// The files in which something about the holder can be read, in UTF-8, UTF-16 or Latin-1, also in capitals or hexadecimal.
fn leaks(folder: &Path) -> Vec<(PathBuf, String)> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut needles: Vec<(String, Vec<u8>)> = Vec::new();
    for word in [FIRST, LAST, USER, NUMBER] {
        for word in [word.to_owned(), word.to_uppercase(), word.to_lowercase()] {
            let wide: Vec<u16> = word.encode_utf16().collect();
            needles.push((word.clone(), word.as_bytes().to_vec()));
            needles.push((word.clone(), hex(word.as_bytes()).into_bytes()));
            needles.push((word.clone(), wide.iter().flat_map(|unit| unit.to_le_bytes()).collect()));
            needles.push((word.clone(), wide.iter().flat_map(|unit| unit.to_be_bytes()).collect()));
            needles.push((word.clone(), word.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()));
        }
    }
    needles.sort();
    needles.dedup();
    let mut by_first = vec![Vec::new(); 256];
    needles.into_iter().for_each(|(word, needle)| by_first[usize::from(needle[0])].push((word, needle)));
    let mut found = Vec::new();
    for file in files_under(folder) {
        let bytes = fs::read(&file).unwrap();
        for place in 0..bytes.len() {
            for (word, needle) in &by_first[usize::from(bytes[place])] {
                if bytes[place..].starts_with(needle) {
                    found.push((file.clone(), word.clone()));
                }
            }
        }
    }
    found
}

#[test]
fn nothing_about_the_holder_lies_open_and_age_opens_everything() {
    let desk = Desk::new();
    let auditor = Auditor::new(desk.folder.path(), "auditor.txt");
    let stranger = Auditor::new(desk.folder.path(), "stranger.txt");
    desk.master(&[&auditor]);
    let control = desk.control();
    assert_eq!(leaks(&desk.data()), []);
    assert_eq!(fs::metadata(desk.key()).unwrap().permissions().mode() & 0o777, 0o600);

    assert!(desk.evidence().len() >= 6, "terms, strokes, their picture, raw scan, upright scan, report");
    for key in [&auditor.file, &desk.key()] {
        let texts = desk.all_opens_with(key);
        for word in [FIRST, LAST, USER, NUMBER] {
            assert!(texts.contains(word), "the journal tells of {word}");
        }
    }
    desk.nothing_opens_with(&stranger.file);
    let archive = files_under(&desk.path("data/training-archive/reports"));
    assert!(!archive.is_empty() && archive.iter().all(|file| age(&auditor.file, file).status.success()));

    // For people there is a way out that makes a file where they say.
    let out = desk.path("report.pdf");
    assert_eq!(desk.run(&["register", "get", &control, out.to_str().unwrap()]).0, Some(0));
    assert!(fs::read(&out).unwrap().starts_with(b"%PDF-"));
    assert_eq!(desk.run(&["register", "get", &control, out.to_str().unwrap()]).0, Some(2), "never over a file");
    assert_eq!(leaks(&desk.data()), []);
}

#[test]
fn an_auditor_reads_what_the_station_keeps_without_its_key() {
    let desk = Desk::new();
    let auditor = Auditor::new(desk.folder.path(), "auditor.txt");
    let stranger = Auditor::new(desk.folder.path(), "stranger.txt");
    desk.master(&[&auditor]);
    let control = desk.control();
    fs::rename(desk.key(), desk.path("lost.txt")).unwrap();

    let (auditors, strangers) = (auditor.file.to_str().unwrap(), stranger.file.to_str().unwrap());
    assert_eq!(desk.json(&["register", "list"]).1["controls"][0]["control"], control.as_str(), "a list needs no key");
    let (code, shown) = desk.json(&["register", "show", &control, "--identity", auditors]);
    assert!(code == Some(0) && shown.to_string().contains(LAST), "{shown:#}");
    let (code, verified) = desk.json(&["register", "verify", "--identity", auditors]);
    assert_eq!((code, &verified["valid"], &verified["opened"]), (Some(0), &true.into(), &true.into()), "{verified:#}");
    assert!(verified["evidence"]["files"].as_u64() >= Some(5));
    let parcel = desk.path("parcel");
    assert_eq!(desk.run(&["register", "export", parcel.to_str().unwrap(), "--identity", auditors]).0, Some(0));
    assert_eq!(desk.json(&["register", "verify", "--export", parcel.to_str().unwrap()]).1["valid"], true);

    for keys in [&[][..], &["--identity", strangers]] {
        let (code, out, said) = desk.run(&[&["register", "show", &control], keys].concat());
        assert_eq!((code, out.as_str()), (Some(3), ""));
        assert!(said.contains("SEAL_NOT_FOR_THESE_KEYS"), "{said}");
        let (code, chain) = desk.json(&[&["register", "verify"], keys].concat());
        assert_eq!((code, &chain["valid"], &chain["opened"]), (Some(0), &true.into(), &false.into()), "the chain needs no key");
    }
    // The station itself writes nothing without its key, and does not make another one.
    let script = desk.path("script.toml");
    let (code, _, said) = desk.run(&["control", script.to_str().unwrap()]);
    assert!(code == Some(3) && said.contains("SEAL_KEY_MISSING"), "{said}");
    assert!(!desk.key().exists());

    // With an auditor's key it gets a new one, and everything opens with that.
    assert_eq!(desk.json(&["seal", "rotate", "--identity", auditors]).0, Some(0));
    desk.all_opens_with(&desk.key());
    desk.nothing_opens_with(&desk.path("lost.txt"));
    desk.control();
    assert_eq!(desk.json(&["register", "verify"]).1["valid"], true);
    assert_eq!(leaks(&desk.data()), []);
}

#[test]
fn keys_and_auditors_change_and_the_old_ones_open_nothing() {
    let desk = Desk::new();
    let [first, second] = ["first.txt", "second.txt"].map(|name| Auditor::new(desk.folder.path(), name));
    desk.master(&[&first]);
    desk.control();
    let before = desk.path("before.txt");
    fs::copy(desk.key(), &before).unwrap();
    assert_eq!(desk.json(&["seal", "rotate"]).0, Some(0));
    desk.nothing_opens_with(&before);
    desk.all_opens_with(&desk.key());
    desk.all_opens_with(&first.file);
    assert_eq!(fs::read_to_string(desk.key()).unwrap().matches("AGE-SECRET-KEY-1").count(), 1, "the old key is gone");

    // Another auditor: what is new is sealed to that one from the next opening on, what is old when it is asked for.
    desk.master(&[&second]);
    desk.control();
    let (code, status) = desk.json(&["seal", "status"]);
    assert!(code == Some(1) && status["behind"].as_u64() > Some(0), "{status}");
    let (code, again) = desk.json(&["seal", "reseal"]);
    assert_eq!((code, &again["resealed"]["problems"]), (Some(0), &json!([])));
    assert_eq!(desk.json(&["seal", "status"]).0, Some(0));
    desk.all_opens_with(&second.file);
    desk.all_opens_with(&desk.key());
    desk.nothing_opens_with(&first.file);
    assert_eq!(desk.json(&["register", "verify"]).1["valid"], true);
}

#[test]
fn a_register_from_before_is_sealed_when_it_opens() {
    let desk = Desk::new();
    let auditor = Auditor::new(desk.folder.path(), "auditor.txt");
    desk.local("none");
    let old = desk.control();
    assert!(leaks(&desk.data()).iter().any(|(file, _)| file.ends_with("register.db")), "the test would find it");
    desk.local("file");
    desk.master(&[&auditor]);
    let new = desk.control();
    assert_eq!(leaks(&desk.data()), []);
    desk.all_opens_with(&auditor.file);
    for control in [old, new] {
        assert!(desk.json(&["register", "show", &control]).1.to_string().contains(LAST));
    }
    assert_eq!(desk.json(&["register", "verify"]).1["valid"], true);
    // There is no way back that would go unnoticed.
    desk.local("none");
    let (code, _, said) = desk.run(&["control", desk.path("script.toml").to_str().unwrap()]);
    assert!(code == Some(3) && said.contains("SEAL_ALREADY_SEALED"), "{said}");
}

#[test]
fn a_key_that_others_can_read_is_refused_and_one_elsewhere_is_used() {
    let desk = Desk::new();
    let elsewhere = desk.path("other-disk/key.txt");
    desk.local(elsewhere.to_str().unwrap());
    desk.control();
    desk.all_opens_with(&elsewhere);
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o640)).unwrap();
    let (code, _, said) = desk.run(&["control", desk.path("script.toml").to_str().unwrap()]);
    assert!(code == Some(3) && said.contains("SEAL_KEY_OPEN_TO_OTHERS"), "{said}");
}

#[test]
fn a_key_among_systemds_credentials_is_used_and_never_changed() {
    let desk = Desk::new();
    fs::create_dir(desk.path("credentials")).unwrap();
    desk.local("credential:bam-seal");
    let (code, _, said) = desk.run(&["control", desk.path("script.toml").to_str().unwrap()]);
    assert!(code == Some(3) && said.contains("SEAL_KEY_MISSING"), "{said}");
    let old = Auditor::new(&desk.path("credentials"), "bam-seal").file;
    desk.control();
    desk.all_opens_with(&old);
    assert!(!desk.path("data/seal").exists());
    let (code, _, said) = desk.run(&["seal", "rotate"]);
    assert!(code == Some(2) && said.contains("SEAL_KEY_NOT_OURS"), "{said}");

    // Whoever manages the credentials puts a new key before the old one.
    let before = fs::read_to_string(&old).unwrap();
    let new = Auditor::new(desk.folder.path(), "new.txt").file;
    fs::write(&old, format!("{}{before}", fs::read_to_string(&new).unwrap())).unwrap();
    assert_eq!(desk.json(&["seal", "reseal"]).0, Some(0));
    desk.all_opens_with(&new);
    fs::copy(&new, &old).unwrap();
    desk.control();
    assert_eq!(desk.json(&["register", "verify"]).1["valid"], true);
}

#[test]
fn a_malformed_auditor_is_shown_with_its_place() {
    let desk = Desk::new();
    let auditor = Auditor::new(desk.folder.path(), "auditor.txt");
    let master = fs::read_to_string(desk.path("MASTER.toml")).unwrap();
    let wrong = format!("Auditors = [\"{}\",\n  \"{}x Revisor\"]\n", auditor.recipient, auditor.recipient);
    fs::write(desk.path("MASTER.toml"), master.replace("Auditors = []\n", &wrong)).unwrap();
    let (code, _, said) = desk.run(&["seal", "status"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("MASTER.toml:") && said.contains(":3") && said.contains("is no public key of age"), "{said}");
}

/// A sealed register with one stream of events and one piece of evidence.
fn small() -> (TempDir, PathBuf, Digest) {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("register");
    establish(&folder, &KeyPlace::Own, &[], Timestamp::now()).unwrap();
    let mut register = Register::open(&folder).unwrap();
    let digest = register.evidence().put(&b"a scan of a passport ".repeat(10_000)).unwrap();
    for number in 0..3 {
        let event = JournalEntry::new("scanned", &json!({ "number": number, "scan": digest })).unwrap();
        register.append("control-a", &[event], Timestamp::now()).unwrap();
    }
    (data, folder, digest)
}

#[test]
fn sealed_evidence_that_was_changed_anywhere_is_found() {
    let (_data, folder, digest) = small();
    let register = Register::open_read_only(&folder).unwrap();
    let file = register.evidence().file(&digest).unwrap();
    let good = fs::read(&file).unwrap();
    assert!(is_sealed(&good) && set_of(&good) == register.seal().recipients().map(|set| set.name()).as_deref());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let header = good.windows(4).position(|window| window == b"\n---").unwrap();
    let places = (0..header + 70).step_by(7).chain((header..good.len()).step_by(good.len() / 40)).chain([good.len() - 1]);
    for place in places {
        let mut bad = good.clone();
        bad[place] ^= 1;
        fs::write(&file, &bad).unwrap();
        let error = register.evidence().get(&digest, u64::MAX).unwrap_err();
        let named = matches!(error, RegisterError::EvidenceDamaged(_) | RegisterError::Seal(SealError::NotForTheseKeys));
        assert!(named, "byte {place}: {error}");
    }
    for length in [0, 10, header, header + 20, good.len() / 2, good.len() - 1] {
        fs::write(&file, &good[..length]).unwrap();
        assert!(matches!(register.evidence().get(&digest, u64::MAX), Err(RegisterError::EvidenceDamaged(_))), "{length} bytes");
    }
    // Evidence in the place of other evidence.
    let other = Register::open(&folder).unwrap().evidence().put(b"another scan").unwrap();
    fs::copy(register.evidence().file(&other).unwrap(), &file).unwrap();
    assert!(matches!(register.evidence().get(&digest, u64::MAX), Err(RegisterError::EvidenceDamaged(_))));
    fs::write(&file, &good).unwrap();
    register.evidence().get(&digest, u64::MAX).unwrap();
}

#[test]
fn a_sealed_body_that_was_moved_or_changed_is_found_at_its_row() {
    let (_data, folder, _) = small();
    let tamper = |sql: &str| {
        let database = Connection::open(folder.join("register.db")).unwrap();
        database.execute_batch(&format!("DROP TRIGGER IF EXISTS journal_is_not_changed; {sql}")).unwrap();
        drop(database);
        let bad = Register::open_read_only(&folder).unwrap().verify_journal(&mut |_, _| {}).unwrap().first_bad;
        bad.map(|bad| (bad.seq, bad.what))
    };
    assert_eq!(tamper(""), None);
    let kept: Vec<String> = {
        let database = Connection::open(folder.join("register.db")).unwrap();
        let mut rows = database.prepare("SELECT body FROM journal ORDER BY seq").unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let (second, third) = (&kept[1], &kept[2]);
    let restore =
        format!("UPDATE journal SET body = '{second}' WHERE seq = 2; UPDATE journal SET body = '{third}' WHERE seq = 3;");

    let swapped =
        format!("UPDATE journal SET body = '{third}' WHERE seq = 2; UPDATE journal SET body = '{second}' WHERE seq = 3;");
    assert_eq!(tamper(&swapped).unwrap().0, 2, "a body that opens, in another row");
    assert_eq!(tamper(&restore), None);
    let line = second.lines().nth(3).unwrap();
    let other = if line.starts_with('A') { line.replacen('A', "B", 1) } else { line.replacen(|_| true, "A", 1) };
    assert_eq!(tamper(&format!("UPDATE journal SET body = replace(body, '{line}', '{other}') WHERE seq = 2;")).unwrap().0, 2);
    assert_eq!(tamper(&restore), None);
    assert_eq!(tamper("UPDATE journal SET commitment = hex(randomblob(32)) WHERE seq = 3;").unwrap().0, 3);
}

#[test]
fn a_register_whose_seal_json_is_gone_takes_nothing() {
    let (_data, folder, _) = small();
    fs::remove_file(folder.join("seal.json")).unwrap();
    assert!(matches!(Register::open(&folder), Err(RegisterError::Seal(SealError::StateMissing))));
    // The station makes it anew from its configuration, with the key that is still there.
    establish(&folder, &KeyPlace::Own, &[], Timestamp::now()).unwrap();
    assert_eq!(Register::open(&folder).unwrap().entries("control-a").unwrap().len(), 3);
}

#[test]
fn another_key_in_the_place_of_the_registers_own_is_refused() {
    let (data, folder, _) = small();
    let other = Auditor::new(data.path(), "other.txt");
    fs::copy(&other.file, data.path().join("seal/station-key.txt")).unwrap();
    assert!(matches!(Register::open(&folder), Err(RegisterError::Seal(SealError::OtherKey { .. }))));
    assert!(matches!(establish(&folder, &KeyPlace::Own, &[], Timestamp::now()), Err(SealError::OtherKey { .. })));
    let keys = Keys::read(&other.file).unwrap();
    assert!(!Register::open_read_only_with(&folder, &keys).unwrap().opens().unwrap_or(false));
}
