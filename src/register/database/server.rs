//! A PostgreSQL server: where it is, who asks, and how a connection to it is made.

use std::{
    error::Error,
    fmt, fs,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use postgres::{
    Client, Config, NoTls,
    config::{Host, SslMode},
    error::SqlState,
};
use zeroize::Zeroizing;

use super::encryption::Encryption;
use crate::{delivery::tls::anonymous_config, register::RegisterError};

/// The largest password, and the largest file of CA certificates, in bytes.
const MAX_PASSWORD_BYTES: u64 = 1024;
const MAX_CA_BYTES: u64 = 1024 * 1024;

/// A shared register or archive on a PostgreSQL server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    address: Address,
    ca: Option<PathBuf>,
    password_file: Option<PathBuf>,
}

/// `postgresql://ROLE@HOST[:PORT]/DATABASE`, or with `?host=/FOLDER` in place of a host for a socket of this machine.
#[derive(Clone)]
pub struct Address {
    text: String,
    config: Arc<Config>,
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Address {}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it: no address, a password in it, no role, not one host, no database.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if !(text.starts_with("postgresql://") || text.starts_with("postgres://")) {
            return Err("does not begin with postgresql://");
        }
        let config: Config = text.parse().map_err(|_| "is not the address of a PostgreSQL database")?;
        if config.get_password().is_some() {
            return Err("has a password in it: passwords stand in a file of their own");
        }
        if config.get_user().is_none_or(str::is_empty) {
            return Err("names no role: postgresql://ROLE@HOST/DATABASE");
        }
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err("names no database: postgresql://ROLE@HOST/DATABASE");
        }
        if config.get_hosts().len() != 1 || !config.get_hostaddrs().is_empty() {
            return Err("does not name one host");
        }
        if config.get_options().is_some() {
            return Err("has options: the program sets its own");
        }
        Ok(Self { text: text.to_owned(), config: Arc::new(config) })
    }

    /// The same database for another role.
    #[must_use]
    pub fn with_role(&self, role: &str) -> Self {
        let mut config = Config::clone(&self.config);
        config.user(role);
        Self { text: format!("{} as {role}", self.text), config: Arc::new(config) }
    }

    /// Whether it leads over a network, where everything is encrypted.
    pub fn is_remote(&self) -> bool {
        !matches!(self.config.get_hosts().first(), Some(Host::Unix(_)))
    }
}

impl Server {
    /// A server; `ca` are the certificates (PEM) that its own must come from, `password_file` holds the role's password in its only
    /// line.
    pub fn new(address: Address, ca: Option<PathBuf>, password_file: Option<PathBuf>) -> Self {
        Self { address, ca, password_file }
    }

    /// A new connection.
    pub(super) fn connect(&self) -> Result<Client, RegisterError> {
        let mut config = Config::clone(&self.address.config);
        config
            .application_name("bam-station")
            .connect_timeout(Duration::from_secs(5))
            // A server that has vanished is given up after this long, also in the middle of an answer.
            .tcp_user_timeout(Duration::from_secs(20))
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(2);
        if let Some(file) = &self.password_file {
            config.password(password(file)?.as_slice());
        }
        if !self.address.is_remote() {
            return config.ssl_mode(SslMode::Disable).connect(NoTls).map_err(RegisterError::from);
        }
        let ca = self.ca.as_ref().ok_or(RegisterError::SharedSettings("over a network it needs SharedCa"))?;
        let ca = limited(ca, MAX_CA_BYTES).ok_or(RegisterError::SharedSettings("the file SharedCa cannot be read"))?;
        let trusted =
            anonymous_config(&ca).map_err(|_| RegisterError::SharedSettings("SharedCa holds no CA certificates (PEM)"))?;
        Ok(config.ssl_mode(SslMode::Require).connect(Encryption(Arc::new(trusted)))?)
    }
}

/// The password in a file that nobody else can read.
fn password(file: &Path) -> Result<Zeroizing<Vec<u8>>, RegisterError> {
    let unreadable = RegisterError::SharedSettings("the password file cannot be read");
    let Ok(about) = fs::metadata(file) else { return Err(unreadable) };
    if about.permissions().mode() & 0o077 != 0 {
        return Err(RegisterError::SharedSettings("others can read the password file: take their rights away (chmod 600)"));
    }
    let content = limited(file, MAX_PASSWORD_BYTES).map(Zeroizing::new).ok_or(unreadable)?;
    let line = content.split(|byte| *byte == b'\n' || *byte == b'\r').next().unwrap_or_default();
    if line.is_empty() {
        return Err(RegisterError::SharedSettings("the password file is empty"));
    }
    Ok(Zeroizing::new(line.to_vec()))
}

fn limited(file: &Path, limit: u64) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    fs::File::open(file).ok()?.take(limit.saturating_add(1)).read_to_end(&mut content).ok()?;
    (u64::try_from(content.len()).ok()? <= limit).then_some(content)
}

/// The server's own words may quote values, which are personal data; only its code is kept, and what this program's guards say.
impl From<postgres::Error> for RegisterError {
    fn from(error: postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else {
            let mut cause = error.source();
            while let Some(deeper) = cause {
                let inside = deeper.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
                if deeper.is::<rustls::Error>() || inside.is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>) {
                    return Self::ServerNotTrusted;
                }
                cause = deeper.source();
            }
            // A wrong value never reaches the wire; everything else is the connection.
            return if error.to_string().starts_with("error serializing") { Self::BadStatement } else { Self::ServerAway };
        };
        let code = told.code();
        match code.code() {
            "25006" => Self::ReadOnly,
            "42501" => Self::RoleForbidden,
            "53100" => Self::DiskFull,
            "55P03" | "40P01" | "40001" | "57014" | "53300" => Self::Busy,
            "3D000" => Self::ServerRefused,
            "57P01" | "57P02" | "57P03" | "25P03" => Self::ServerAway,
            other if other.starts_with("28") => Self::ServerRefused,
            other if other.starts_with("08") => Self::ServerAway,
            other if other.starts_with("XX") => Self::Damaged("the server's files are malformed".into()),
            _ if *code == SqlState::RAISE_EXCEPTION => Self::Database(told.message().into()),
            other => Self::Database(format!("PostgreSQL answers with {other}").into()),
        }
    }
}
