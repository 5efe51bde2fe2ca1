//! A station with a time-stamping authority: reports carry its time, and what the authority missed is added later.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{
    long_term::World,
    spine::{report, station},
    support_tsa::{Authority, Kind},
};

/// The shipped MASTER.toml with this authority.
fn master(folder: &Path, authority: &Authority) -> PathBuf {
    let shipped = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("MASTER.toml")).unwrap();
    let named = format!("[TimeStamp]\nUrl = \"{}\"\nCa = \"{}\"\n", authority.url(), authority.ca_file().display());
    let path = folder.join("MASTER.toml");
    std::fs::write(&path, shipped.replace("[TimeStamp]\n", &named)).unwrap();
    path
}

struct Desk {
    folder: tempfile::TempDir,
    authority: Authority,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), authority: Authority::start(Kind::P256) }
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let master = master(self.folder.path(), &self.authority);
        let all = [&["--master", master.to_str().unwrap(), "--local", "config/LOCAL.toml"], arguments].concat();
        let output = station(&self.folder.path().join("data"), &all);
        let said =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code(), said)
    }

    fn report(&self, control: &Value) -> PathBuf {
        PathBuf::from(report(&self.folder.path().join("data"), control))
    }

    fn level(&self, report: &Path) -> Value {
        let operators = self.folder.path().join("data/keys/training-ca/certificate.pem");
        let trust_time = self.authority.ca_file();
        let arguments = [
            "verify",
            report.to_str().unwrap(),
            "--trust",
            operators.to_str().unwrap(),
            "--trust-time",
            trust_time.to_str().unwrap(),
            "--json",
        ];
        let (code, said) = self.run(&arguments);
        assert_eq!(code, Some(0), "{said:#}");
        said["level"].clone()
    }
}

#[test]
fn a_control_at_a_desk_with_an_authority_ends_at_b_t() {
    let desk = Desk::new();
    let (code, control) = desk.run(&["control", "config/examples/local-id-card.toml", "--json"]);
    assert_eq!(code, Some(0), "{control:#}");
    assert_eq!(desk.level(&desk.report(&control)), "B-T");
    // A training CA publishes nothing about revocation, so the report stays there, and says so.
    let (code, raised) = desk.run(&["register", "raise", "--json"]);
    assert_eq!((code, &raised["raised"], &raised["waiting"][0]["fault"]), (Some(1), &serde_json::json!([]), &Value::Null));
}

#[test]
fn what_the_authority_missed_is_added_later_beside_the_registered_report() {
    let desk = Desk::new();
    desk.authority.change(|_, _| b"out of order".to_vec());
    let (code, control) = desk.run(&["control", "config/examples/qualified-passport.toml", "--json"]);
    assert_eq!(code, Some(0), "{control:#}");
    let registered = desk.report(&control);
    assert_eq!(desk.level(&registered), "B-B");
    let (code, waiting) = desk.run(&["register", "raise", "--json"]);
    assert_eq!((code, &waiting["waiting"][0]["fault"]), (Some(1), &"TIME_STAMP_OTHER_ANSWER".into()));

    desk.authority.honest();
    let (code, raised) = desk.run(&["register", "raise", "--json"]);
    assert_eq!((code, &raised["raised"][0]["level"]), (Some(0), &"B-T".into()));
    let id = control["control"].as_str().unwrap();
    let (_, shown) = desk.run(&["register", "show", id, "--json"]);
    assert!(
        shown["events"].to_string().contains("\"time_stamp_fault\":\"TIME_STAMP_OTHER_ANSWER\""),
        "why it was missing is kept"
    );
    let digest = shown["raised"][0]["report"].as_str().unwrap();
    let kept = desk.folder.path().join("data/register/evidence").join(&digest[..2]).join(digest);
    let raised = desk.folder.path().join("raised.pdf");
    assert_eq!(
        station(&desk.folder.path().join("data"), &["register", "get", digest, raised.to_str().unwrap()]).status.code(),
        Some(0)
    );
    assert_eq!(desk.level(&raised), "B-T");
    let (before, after) = (std::fs::read(&registered).unwrap(), std::fs::read(&raised).unwrap());
    assert!(after.len() > before.len() && after.starts_with(&before), "what was signed is untouched");
    assert_eq!(desk.run(&["register", "verify", "--json"]).0, Some(0));

    // A raised report that is exchanged or cut is found.
    let mut cut = after.clone();
    cut.truncate(before.len());
    std::fs::write(&kept, cut).unwrap();
    let (code, verified) = desk.run(&["register", "verify", "--json"]);
    assert_eq!((code, &verified["controls"]["problems"][0]["control"]), (Some(1), &id.into()));
}

#[test]
fn without_an_authority_nothing_is_raised() {
    let data = tempfile::tempdir().unwrap();
    station(data.path(), &["control", "config/examples/declined-terms.toml", "--json"]);
    let output = station(data.path(), &["register", "raise"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("NO_TIME_STAMP_AUTHORITY"));
}

#[test]
fn an_archived_report_is_renewed_before_its_time_stamp_ends() {
    use bam_station::register::{FinishedControl, Register};
    let world = World::new(bam_station::trust::SignatureAlgorithm::P256);
    world.certify_authority(40);
    let stamped = world.stamped();
    let archived = world.raised(stamped.clone()).unwrap().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let mut register = Register::open(&data.join("register")).unwrap();
    let now = jiff::Timestamp::now();
    let control = FinishedControl {
        control: "0193".into(),
        report: Some(register.evidence().put(&stamped).unwrap()),
        function: bam_station::rules::Function::NewCard,
        certificate: bam_station::rules::CertificateKind::Local,
        outcome: "approved".into(),
        completed_at: now,
    };
    register.register_control(&control, &[], false, now).unwrap();
    register.keep_raised("0193", archived.bytes(), "B-LTA", now).unwrap();
    drop(register);

    let shipped = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("MASTER.toml")).unwrap();
    let ca = world.pki.root.pem();
    let named = format!("[TimeStamp]\nUrl = \"{}\"\nCa = \"{}\"\n", world.pki.server.url("/ts"), ca.display());
    let trusted = format!("[Trust]\nAnchors = [\"{}\"]\n", ca.display());
    let master = folder.path().join("MASTER.toml");
    std::fs::write(&master, shipped.replace("[TimeStamp]\n", &named).replace("[Trust]\n", &trusted)).unwrap();
    let raise = || {
        let master = master.to_str().unwrap();
        let output = station(&data, &["--master", master, "--local", "config/LOCAL.toml", "register", "raise", "--json"]);
        let said: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code(), said)
    };
    // The authority's certificate ends as soon as that of the kept time-stamp: it waits.
    let (code, said) = raise();
    assert_eq!((code, &said["waiting"][0]["control"], &said["waiting"][0]["fault"]), (Some(1), &"0193".into(), &Value::Null));
    world.certify_authority(1500);
    let (code, said) = raise();
    assert_eq!((code, &said["raised"][0]["level"]), (Some(0), &"B-LTA".into()), "{said:#}");
    let (code, said) = raise();
    assert_eq!((code, &said["raised"], &said["waiting"]), (Some(0), &serde_json::json!([]), &serde_json::json!([])));
    let register = Register::open_read_only(&data.join("register")).unwrap();
    let kept = register.newest_report("0193").unwrap().unwrap();
    let kept = register.evidence().get(&kept, u64::MAX).unwrap();
    assert!(kept.len() > archived.bytes().len() && kept.starts_with(archived.bytes()));
}

#[test]
fn only_an_extension_of_the_report_can_be_kept_beside_it() {
    use bam_station::register::{FinishedControl, Register};
    let folder = tempfile::tempdir().unwrap();
    let mut register = Register::open(folder.path()).unwrap();
    let now = jiff::Timestamp::now();
    let control = FinishedControl {
        control: "0193".into(),
        report: Some(register.evidence().put(b"signed").unwrap()),
        function: bam_station::rules::Function::NewCard,
        certificate: bam_station::rules::CertificateKind::Local,
        outcome: "approved".into(),
        completed_at: now,
    };
    register.register_control(&control, &[], false, now).unwrap();
    for other in [b"signed".as_slice(), b"Signed and raised", b"sign", b""] {
        assert_eq!(register.keep_raised("0193", other, "B-T", now).unwrap_err().code(), "REGISTER_NOT_AN_EXTENSION");
    }
    assert_eq!(register.raisable_reports("B-LTA", 0, 10).unwrap().len(), 1);
    register.keep_raised("0193", b"signed, stamped", "B-T", now).unwrap();
    assert_eq!(register.keep_raised("0193", b"signed, other", "B-T", now).unwrap_err().code(), "REGISTER_NOT_AN_EXTENSION");
    let last = register.keep_raised("0193", b"signed, stamped, archived", "B-LTA", now).unwrap();
    assert_eq!(register.newest_report("0193").unwrap(), Some(last.report));
    assert!(register.raisable_reports("B-LTA", 0, 10).unwrap().is_empty());
    let report = register.verify_controls(&|_, _| Ok(()), &mut |_, _| {}).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
}
