//! MASTER.toml on trust and roles: what a good file says, and what is told of a bad one.

use std::{fs, path::Path, process::Command};

use bam_station::{
    config::{ConfigError, Loaded, Master, load_master},
    rules::role::{Role, Roles, VouchLimit},
    trust::{Revocation, TrustSettings},
};
use jiff::civil::date;

use crate::support_pki::Pki;

const HEAD: &str = "[Common]\nCompanyName = \"A\"\n";

fn load(folder: &Path, content: &str) -> Result<Loaded<Master>, ConfigError> {
    let path = folder.join("MASTER.toml");
    fs::write(&path, format!("{HEAD}{content}")).unwrap();
    load_master(&path)
}

#[test]
fn without_a_word_nobody_is_trusted_and_nobody_is_appointed() {
    let folder = tempfile::tempdir().unwrap();
    let master = load(folder.path(), "").unwrap().value;
    assert_eq!(master.trust, TrustSettings::default());
    assert_eq!(master.trust.revocation, Revocation::RequiredOutsideTraining);
    assert_eq!((master.trust.stale_grace_hours, master.trust.ask_again_minutes), (0, 60));
    assert_eq!(master.roles, Roles::default());
    assert!(master.roles.is_empty() && master.roles.require_training_date);
    assert_eq!((master.third_party, master.proxy.url), (VouchLimit::default(), None));
}

#[test]
fn every_key_reaches_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let master = load(
        folder.path(),
        r#"
[Trust]
Anchors = ["root.pem", "/etc/ca/other.pem"]
Intermediates = ["sub.pem"]
QualifiedPolicies = ["2.16.578.1.26.1.3.1"]
LocalPolicies = [
    "1.2.3", # the old CA
    "1.2.4",
]
Revocation = "when-reachable"
StaleGraceHours = 4
AskAgainMinutes = 5
FetchSeconds = 3
[Proxy]
Url = "http://proxy.example.org:3128"
DirectHosts = ["pki.example.org"]
[Roles]
OperatorPolicies = ["1.2.5"]
RaAdminPolicies = ["1.2.6"]
TrainingMonths = 6
RequireTrainingDate = false
[ThirdParty]
VouchesPerPeriod = 7
VouchPeriodDays = 90
[[Operator]] # Kari
Issuer = "CN=Utopia CA,O=Utopia kommune,C=NO"
Serial = "01:AB"
Trained = 2026-03-01
[[Operator]]
Issuer = "CN=Utopia CA,O=Utopia kommune,C=NO"
Serial = "02"
Roles = ["operator", "ra-admin"]
Trained = "2026-04-30"
"#,
    )
    .unwrap()
    .value;
    assert_eq!(master.trust.anchors, [folder.path().join("root.pem"), "/etc/ca/other.pem".into()]);
    assert_eq!(master.trust.intermediates, [folder.path().join("sub.pem")]);
    assert_eq!(master.trust.qualified_policies[0].to_string(), "2.16.578.1.26.1.3.1");
    assert_eq!(master.trust.local_policies.len(), 2);
    assert_eq!(master.trust.revocation, Revocation::WhenReachable);
    assert_eq!((master.trust.stale_grace_hours, master.trust.ask_again_minutes, master.trust.fetch_seconds), (4, 5, 3));
    assert_eq!(master.proxy.url.as_deref(), Some("http://proxy.example.org:3128"));
    assert_eq!(master.proxy.direct_hosts, ["pki.example.org"]);
    assert_eq!(
        (&master.roles.operator_policies[..], &master.roles.ra_admin_policies[..]),
        (&["1.2.5".into()][..], &["1.2.6".into()][..])
    );
    assert_eq!((master.roles.training_months, master.roles.require_training_date), (6, false));
    assert_eq!(master.third_party, VouchLimit { vouches: 7, days: 90 });
    let [kari, other] = &master.roles.appointed[..] else { panic!("two") };
    assert!(kari.is_for("CN=Utopia CA,O=Utopia kommune,C=NO", "1ab"));
    assert_eq!((&kari.roles[..], kari.trained), (&[Role::Operator][..], Some(date(2026, 3, 1))));
    let both = [Role::Operator, Role::RaAdmin];
    assert_eq!((&other.roles[..], other.trained), (&both[..], Some(date(2026, 4, 30))));
}

#[test]
fn each_mistake_is_told_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let person = "[[Operator]]\nIssuer = \"CN=A\"\nSerial = \"01\"\n";
    for (content, line, column, words) in [
        ("[Trust]\nAnchors = \"root.pem\"\n", 4, 11, "has a text as its value"),
        ("[Trust]\nAnchors = [\"root.pem\", 7]\n", 4, 24, "has a whole number in its list"),
        ("[Trust]\nLocalPolicies = [\"1.2.3\",\n  \"one.two\"]\n", 5, 3, "\"one.two\" in its list, which is no policy"),
        (
            "[Trust]\nLocalPolicies = [\"1.2.3\"]\nQualifiedPolicies = [\"1.2.3\"]\n",
            4,
            1,
            "cannot stand for local and for qualified",
        ),
        ("[Trust]\nRevocation = \"requird\"\n", 4, 14, "did you mean \"required\"?"),
        ("[Trust]\nAnchor = [\"a\"]\n", 4, 1, "did you mean \"Anchors\"?"),
        ("[Proxy]\nUrl = \"http://me:secret@proxy:1\"\n", 4, 7, "names a user"),
        ("[Proxy]\nUrl = \"socks5://proxy:1\"\n", 4, 7, "not an http address"),
        ("[Proxy]\nUrl = \"http://proxy:1/path\"\n", 4, 7, "more than a host and a port"),
        ("[Proxy]\nDirectHosts = [\"a b\"]\n", 4, 16, "is no host"),
        ("[Operator]\nSerial = \"01\"\n", 3, 2, "but a table stands here"),
        ("[[Operator]]\nSerial = \"01\"\n", 3, 1, "\"Issuer\" is missing in this [[Operator]]"),
        ("[[Operator]]\nIssuer = \"Utopia CA\"\nSerial = \"01\"\n", 4, 10, "is no name of a CA"),
        ("[[Operator]]\nIssuer = \"CN=A\"\nSerial = \"xyz\"\n", 5, 10, "is no hexadecimal number"),
        (&format!("{person}Roles = [\"admin\"]\n"), 6, 10, "\"admin\" in its list, which is no role"),
        (&format!("{person}Roles = []\n"), 6, 9, "is empty"),
        (&format!("{person}Trained = \"1 March\"\n"), 6, 11, "is no day"),
        (&format!("{person}Trained = 2026-02-30\n"), 6, 11, ""),
        (&format!("{person}Trained = 2026-03-01T10:00:00Z\n"), 6, 11, "is a time, not a day"),
        (&format!("{person}Trainde = 2026-03-01\n"), 6, 1, "unknown key \"Trainde\" in [[Operator]]; did you mean \"Trained\"?"),
        (
            &format!("{person}[[Operator]]\nIssuer = \"CN=A\"\nSerial = \"0001\"\n"),
            6,
            1,
            "names a certificate that another one names",
        ),
        ("[[Operater]]\nIssuer = \"CN=A\"\n", 3, 3, "did you mean [[Operator]]?"),
        ("[Roles]\nTrainingMonths = 0\n", 4, 18, "out of range"),
    ] {
        let error = load(folder.path(), content).expect_err(content);
        let found = &error.diagnostics()[0];
        assert_eq!((found.line, found.column), (line, column), "{found}");
        assert!(found.message.contains(words), "{found}");
        assert!(!found.allowed.is_empty() && !found.to_string().contains("secret"), "{found}");
    }
}

#[test]
fn the_program_shows_the_authorities_with_their_digests_and_says_what_is_wrong_with_them() {
    let pki = Pki::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let master = pki.folder.path().join("MASTER.toml");
    let run = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_bam-station"))
            .args(words)
            .arg("--master")
            .arg(&master)
            .arg("--local")
            .arg(root.join("config/LOCAL.toml"))
            .output()
            .unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code(), text)
    };
    let operator = "[[Operator]]\nIssuer = \"CN=Utopia Card CA,O=Utopia kommune\"\nSerial = \"01ab\"\nTrained = 2026-03-01\n";
    fs::write(&master, format!("{HEAD}[Trust]\nAnchors = [\"root/ca.pem\"]\n{operator}")).unwrap();
    let (code, shown) = run(&["config", "show"]);
    assert_eq!(code, Some(0), "{shown}");
    let fingerprint = bam_station::digest::Digest::of(&der::Encode::to_der(&pki.root.certificate).unwrap()).to_string();
    assert!(shown.contains("Utopia Root CA") && shown.contains(&fingerprint), "{shown}");
    assert!(shown.contains("[[Operator]]\nIssuer = \"CN=Utopia Card CA,O=Utopia kommune\"\nSerial = \"01ab\"\n"), "{shown}");
    assert!(shown.contains("Roles = [\"operator\"]\nTrained = 2026-03-01\n"), "{shown}");
    let (_, json) = run(&["config", "show", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["files"][0]["values"]["Operator"][0]["Trained"], "2026-03-01");

    fs::write(pki.folder.path().join("empty.pem"), "nothing").unwrap();
    fs::write(&master, format!("{HEAD}[Trust]\nAnchors = [\"root/ca.pem\"]\nIntermediates = [\"empty.pem\"]\n")).unwrap();
    let (code, told) = run(&["config", "check"]);
    assert_eq!(code, Some(2));
    assert!(told.contains("MASTER.toml:5:1: ") && told.contains("no readable certificate"), "{told}");
}
