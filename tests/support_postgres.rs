//! A PostgreSQL server of the tests' own: made by initdb in a temporary folder, reached over a socket there and over TLS on a free
//! port, gone when the test process is. The cluster that a distribution may have started is not touched.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bam_station::register::{Address, RegisterPlace, Server};

use crate::delivery_desk::CERTIFICATES;

/// One server for all tests that only need databases.
static SHARED: LazyLock<PostgresServer> = LazyLock::new(PostgresServer::start);

/// A server.
pub struct PostgresServer {
    pub folder: PathBuf,
    pub port: u16,
    /// Ends the server as soon as nobody holds its standard input any more.
    guard: Child,
}

/// A database of a test's own.
pub struct TestDatabase {
    folder: PathBuf,
    port: u16,
    pub name: String,
}

fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|version| version.unwrap().path().join("bin").join(name)).filter(|path| path.is_file()).collect();
    found.sort();
    found.pop().unwrap_or_else(|| name.into())
}

/// PostgreSQL refuses to run as root; Debian's package has made a user for it.
fn as_its_user() -> &'static str {
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if root { "setpriv --reuid=postgres --regid=postgres --clear-groups" } else { "" }
}

fn shell(script: &str) {
    let output = Command::new("sh").args(["-c", script]).stdin(Stdio::null()).output().unwrap();
    assert!(
        output.status.success(),
        "{script}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl PostgresServer {
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap().keep();
        let (place, user) = (folder.display(), as_its_user());
        if !user.is_empty() {
            let id = |what: &str| {
                let output = Command::new("id").args([what, "postgres"]).output().unwrap();
                String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
            };
            chown(&folder, Some(id("-u")), Some(id("-g"))).unwrap();
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let initdb = program("initdb");
        shell(&format!(
            "cd / && {user} {} -D {place}/data -U owner --auth-local=trust --auth-host=scram-sha-256 -E UTF8 --locale=C.UTF-8 --no-sync",
            initdb.display()
        ));
        for (name, content) in
            [("server.crt", CERTIFICATES.server.certificates.as_slice()), ("server.key", CERTIFICATES.server.key.as_slice())]
        {
            let path = folder.join("data").join(name);
            fs::write(&path, content).unwrap();
            let about = fs::metadata(&folder).unwrap();
            chown(&path, Some(about.uid()), Some(about.gid())).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        // Somebody else may take the port in between; then another one is tried.
        (0..5).find_map(|_| Self::run(&folder, free_port())).unwrap_or_else(|| panic!("no server: {}", log(&folder)))
    }

    fn run(folder: &Path, port: u16) -> Option<Self> {
        let (place, user, postgres) = (folder.display(), as_its_user(), program("postgres").display().to_string());
        let script = format!(
            "cd /; {user} {postgres} -D {place}/data -k {place} -p {port} -c listen_addresses=127.0.0.1 -c ssl=on \
             -c fsync=off -c max_connections=200 >{place}/log 2>&1 & server=$!; cat >/dev/null; kill -INT $server; \
             wait $server; test -e {place}/keep || rm -rf {place}"
        );
        let guard = Command::new("sh").args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
        let server = Self { folder: folder.to_owned(), port, guard };
        let until = Instant::now() + Duration::from_secs(60);
        while Instant::now() < until && !log(folder).contains("could not create any TCP/IP sockets") {
            if psql(folder, port, "postgres", "SELECT 1").is_ok() {
                return Some(server);
            }
            thread::sleep(Duration::from_millis(100));
        }
        fs::write(folder.join("keep"), []).unwrap();
        drop(server);
        fs::remove_file(folder.join("keep")).unwrap();
        None
    }

    /// The server ends; its data stays.
    pub fn stop(&mut self) {
        fs::write(self.folder.join("keep"), []).unwrap();
        drop(self.guard.stdin.take());
        self.guard.wait().unwrap();
        fs::remove_file(self.folder.join("keep")).unwrap();
    }

    /// The server runs again, at the same address.
    pub fn restart(&mut self) {
        *self = Self::run(&self.folder, self.port).unwrap_or_else(|| panic!("no server: {}", log(&self.folder)));
    }

    /// A new database.
    pub fn database(&self) -> TestDatabase {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        psql(&self.folder, self.port, "postgres", &format!("CREATE DATABASE {name}")).unwrap();
        TestDatabase { folder: self.folder.clone(), port: self.port, name }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// A new database on the server of all tests.
pub fn database() -> TestDatabase {
    SHARED.database()
}

impl TestDatabase {
    /// Where it is for a role, over the socket.
    pub fn server(&self, role: &str) -> Server {
        Server::new(Address::parse(&self.address(role)).unwrap(), None, None)
    }

    /// Its address for a role, over the socket, as MASTER.toml names it.
    pub fn address(&self, role: &str) -> String {
        let (name, port, folder) = (&self.name, self.port, self.folder.display());
        format!("postgresql:///{name}?user={role}&host={folder}&port={port}")
    }

    /// The register in it, for the desk with this folder.
    pub fn place(&self, folder: &Path) -> RegisterPlace {
        RegisterPlace::Shared { folder: folder.join("register"), server: self.server("owner"), reader: self.server("owner") }
    }

    /// Where it is over the network.
    pub fn remote(&self, role: &str, ca: &Path, password_file: &Path) -> Server {
        let address = format!("postgresql://{role}@127.0.0.1:{}/{}", self.port, self.name);
        Server::new(Address::parse(&address).unwrap(), Some(ca.to_owned()), Some(password_file.to_owned()))
    }

    /// What psql answers to a statement of the owner, or what is wrong.
    pub fn psql(&self, sql: &str) -> Result<String, String> {
        psql(&self.folder, self.port, &self.name, sql)
    }

    /// The database as somebody sees it who may do everything in it and knows how to switch off the guards.
    pub fn intrude(&self, sql: &str) {
        self.psql(&format!("SET session_replication_role = replica; {sql}")).unwrap();
    }

    /// A copy.
    pub fn copy(&self) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("{}copy{}", self.name, NUMBER.fetch_add(1, Ordering::Relaxed));
        psql(&self.folder, self.port, "postgres", &format!("CREATE DATABASE {name} TEMPLATE {}", self.name)).unwrap();
        Self { folder: self.folder.clone(), port: self.port, name }
    }

    /// Everything in it, as pg_dump writes it.
    pub fn dump(&self) -> String {
        let output = Command::new(program("pg_dump"))
            .args(["-U", "owner", "--inserts", "-p", &self.port.to_string(), "-h"])
            .arg(&self.folder)
            .arg(&self.name)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// What psql answers to a statement of the owner.
fn psql(folder: &Path, port: u16, database: &str, sql: &str) -> Result<String, String> {
    let output = Command::new(program("psql"))
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "owner", "-h"])
        .arg(folder)
        .args(["-p", &port.to_string(), "-d", database, "-c", sql])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
