//! A directory of the tests' own: Debian's slapd in a folder of its own, on a free port, with a schema as Active Directory has it.

use std::{
    fmt::Write as _,
    fs,
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use bam_station::directory::{Directory, DirectorySettings, mapping::NumberMapping};
use tempfile::TempDir;

use crate::delivery_desk::CERTIFICATES;

const SLAPD: &str = "/usr/sbin/slapd";

const SCHEMA: &str = "\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.146 NAME 'objectSid' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.98 NAME 'primaryGroupID' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.32473.9.1 NAME 'bornOn' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.32473.9.2 NAME 'numberRest' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP inetOrgPerson STRUCTURAL MAY ( sAMAccountName $ userAccountControl $ objectSid $ primaryGroupID $ bornOn $ numberRest ) )
objectclass ( 1.2.840.113556.1.5.8 NAME 'group' SUP top STRUCTURAL MUST cn MAY ( member $ objectSid ) )
";

const HEAD: &str = "\
dn: DC=utopia,DC=example
objectClass: domain
dc: utopia

dn: CN=station,DC=utopia,DC=example
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: station
userPassword: sesam sesam

dn: OU=People,DC=utopia,DC=example
objectClass: organizationalUnit
ou: People

dn: OU=Groups,DC=utopia,DC=example
objectClass: organizationalUnit
ou: Groups

";

/// A running directory.
pub struct Slapd {
    folder: TempDir,
    server: Child,
    plain: u16,
    tls: u16,
}

/// A person for the tree: common name, first names, last name, user name, and more lines.
pub fn person(common: &str, first: &str, last: &str, user: &str, more: &str) -> String {
    let mut text = format!(
        "dn: CN={common},OU=People,DC=utopia,DC=example\nobjectClass: user\ncn: {common}\ngivenName: {first}\nsn: {last}\n\
         sAMAccountName: {user}\nmail: {user}@utopia.example\n"
    );
    if !more.contains("userAccountControl") {
        text.push_str("userAccountControl: 512\n");
    }
    text + more + "\n"
}

/// The distinguished name of a person.
pub fn entry(common: &str) -> String {
    format!("CN={common},OU=People,DC=utopia,DC=example")
}

/// A group with members, which are whole names.
pub fn group(name: &str, members: &[String]) -> String {
    let mut text = format!("dn: CN={name},OU=Groups,DC=utopia,DC=example\nobjectClass: group\ncn: {name}\n");
    for member in members {
        writeln!(text, "member: {member}").unwrap();
    }
    text + "\n"
}

/// The distinguished name of a group.
pub fn group_entry(name: &str) -> String {
    format!("CN={name},OU=Groups,DC=utopia,DC=example")
}

/// A security identifier of the domain (MS-DTYP §2.4.2.2), as a line of LDIF.
pub fn security_id(number: u32) -> String {
    let parts: [u32; 5] = [21, 1_004_336_348, 1_177_238_915, 682_003_330, number];
    let bytes = [&[1, 5, 0, 0, 0, 0, 0, 5][..], &parts.map(u32::to_le_bytes).concat()].concat();
    format!("objectSid:: {}\n", base64(&bytes))
}

fn base64(bytes: &[u8]) -> String {
    // What PEM writes between its lines is base64 (RFC 7468).
    let pem = x509_cert::der::pem::encode_string("X", x509_cert::der::pem::LineEnding::LF, bytes).unwrap();
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn private(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

impl Slapd {
    /// A directory with these entries.
    pub fn start(entries: &str) -> Self {
        Self::start_with(entries, "")
    }

    /// The same, with more lines in the configuration of the tree.
    pub fn start_with(entries: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("tree")).unwrap();
        private(&at("server.pem"), &CERTIFICATES.server.certificates);
        private(&at("server.key"), &CERTIFICATES.server.key);
        fs::write(at("ca.pem"), &CERTIFICATES.authority).unwrap();
        fs::write(at("stranger.pem"), &CERTIFICATES.stranger_authority).unwrap();
        private(&at("password"), b"sesam sesam\n");
        private(&at("wrong-password"), b"open sesame\n");
        let shown = folder.path().display();
        let configuration = format!(
            "{SCHEMA}\
             modulepath /usr/lib/ldap\nmoduleload back_mdb\n\
             TLSCertificateFile {shown}/server.pem\nTLSCertificateKeyFile {shown}/server.key\n\
             database mdb\nmaxsize 2147483648\ndbnosync\nsuffix \"DC=utopia,DC=example\"\ndirectory {shown}/tree\n\
             index objectClass,sAMAccountName,member,objectSid,uniqueMember,employeeNumber,bornOn,numberRest eq\n\
             index sn,givenName eq,sub\n\
             access to attrs=userPassword by anonymous auth by * none\n\
             access to * by dn.exact=\"CN=station,DC=utopia,DC=example\" read by * none\n{more}"
        );
        fs::write(at("slapd.conf"), configuration).unwrap();
        fs::write(at("tree.ldif"), format!("{HEAD}{entries}")).unwrap();
        let added = Command::new("/usr/sbin/slapadd")
            .args(["-q", "-f"])
            .arg(at("slapd.conf"))
            .arg("-l")
            .arg(at("tree.ldif"))
            .output()
            .expect("the Debian package slapd is installed");
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        let (server, plain, tls) = Self::listen(folder.path());
        Self { folder, server, plain, tls }
    }

    /// Starts the server. Another program may take a port that was free a moment ago; then there are others.
    fn listen(folder: &Path) -> (Child, u16, u16) {
        for _ in 0..10 {
            let (plain, tls) = (free_port(), free_port());
            let mut server = Command::new(SLAPD)
                .arg("-f")
                .arg(folder.join("slapd.conf"))
                .args(["-h", &format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{tls}"), "-d", "0"])
                .stdout(Stdio::null())
                .stderr(fs::File::create(folder.join("log")).unwrap())
                .spawn()
                .unwrap();
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(60) && server.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", plain)).is_ok() && TcpStream::connect(("127.0.0.1", tls)).is_ok() {
                    return (server, plain, tls);
                }
                thread::sleep(Duration::from_millis(50));
            }
            server.kill().ok();
            server.wait().ok();
        }
        panic!("slapd does not start: {}", fs::read_to_string(folder.join("log")).unwrap_or_default());
    }

    /// A file of the folder: `ca.pem`, `stranger.pem`, `password`, `wrong-password`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn ldaps(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.tls)
    }

    pub fn ldap(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.plain)
    }

    /// The settings of a station that may read here.
    pub fn settings(&self) -> DirectorySettings {
        DirectorySettings {
            url: Some(self.ldaps()),
            ca: Some(self.file("ca.pem")),
            base: Some("DC=utopia,DC=example".into()),
            bind_name: Some("CN=station,DC=utopia,DC=example".into()),
            password_file: Some(self.file("password")),
            // The machine that runs the tests may be busy with others.
            seconds: 60,
            ..DirectorySettings::default()
        }
    }

    /// The directory with changed settings.
    pub fn directory(&self, change: impl FnOnce(&mut DirectorySettings)) -> Directory {
        let mut settings = self.settings();
        change(&mut settings);
        Directory::open(&settings).unwrap().unwrap()
    }

    /// The directory with a mapping of the number.
    pub fn mapped(&self, mapping: &str) -> Directory {
        self.directory(|settings| settings.mapping.number = NumberMapping::parse(mapping).unwrap())
    }

    /// `[Directory]` for a MASTER.toml.
    pub fn master(&self) -> String {
        format!(
            "[Directory]\nUrl = \"{}\"\nCa = \"{}\"\nBase = \"DC=utopia,DC=example\"\nBindName = \"CN=station,DC=utopia,DC=example\"\n\
             PasswordFile = \"{}\"\nSeconds = 60\n",
            self.ldaps(),
            self.file("ca.pem").display(),
            self.file("password").display()
        )
    }

    /// The server's process.
    pub fn process(&self) -> u32 {
        self.server.id()
    }

    /// Bytes of the tree on the disk.
    pub fn bytes(&self) -> u64 {
        fs::metadata(self.file("tree").join("data.mdb")).unwrap().len()
    }

    /// Ends the server; the folder stays.
    pub fn stop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.stop();
    }
}
