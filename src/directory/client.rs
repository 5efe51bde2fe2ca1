//! One connection for one question: TLS, bind, searches, all within one limit of time.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use ldap3::asn1::StructureTag;
use ldap3::{
    DerefAliases, Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, ResultEntry, Scope, SearchOptions, drive,
};
use rustls::ClientConfig;

use super::{DirectoryError, DirectorySettings, GROUPS_AT_ONCE, MOST_GROUPS, filter, password};
use crate::delivery::tls::anonymous_config;

/// Largest CA file, bytes.
const LARGEST_CA: u64 = 1 << 20;

/// Where the directory is and who the station is there.
pub struct Client {
    url: String,
    tls: Arc<ClientConfig>,
    base: String,
    bind: Option<(String, PathBuf)>,
    seconds: u8,
}

/// An entry: its distinguished name, and each field with its values. Values that are no text are left out.
pub struct Entry {
    pub dn: String,
    pub fields: Vec<(String, Vec<String>)>,
    /// The account's security identifier in Active Directory, which is no text (MS-ADTS, `objectSid`).
    security_id: Option<Vec<u8>>,
}

impl Entry {
    /// Reads an answer (RFC 4511 §4.5.2); `None` when it has another form.
    fn read(answer: ResultEntry) -> Option<Self> {
        let text = |tag: StructureTag| tag.expect_primitive().and_then(|bytes| String::from_utf8(bytes).ok());
        let mut parts = answer.0.match_id(4)?.expect_constructed()?.into_iter();
        let dn = text(parts.next()?)?;
        let (mut fields, mut security_id) = (Vec::new(), None);
        for field in parts.next()?.expect_constructed()? {
            let mut parts = field.expect_constructed()?.into_iter();
            let name = text(parts.next()?)?;
            let mut values = parts.next()?.expect_constructed()?;
            if name.eq_ignore_ascii_case(SECURITY_ID) {
                security_id = values.pop().and_then(StructureTag::expect_primitive);
            }
            fields.push((name, values.into_iter().filter_map(text).collect()));
        }
        Some(Self { dn, fields, security_id })
    }

    /// The security identifier of the account's primary group, where it has one: the account's own with the number of the group in
    /// the place of the last one (MS-ADTS §3.1.1.4.5.19, MS-DTYP §2.4.2.2). A primary group is always of the account's own domain.
    fn primary_group(&self) -> Option<Vec<u8>> {
        let (_, numbers) = self.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(PRIMARY_GROUP))?;
        let group: u32 = numbers.first()?.trim().parse().ok()?;
        let account = self.security_id.as_deref()?;
        let parts = usize::from(*account.get(1)?);
        // Revision, count and authority are eight bytes; each part has four, least significant first.
        let whole = parts > 0 && account.len() == parts.checked_mul(4)?.checked_add(8)?;
        let domain = account.get(..account.len().checked_sub(4)?).filter(|_| whole)?;
        Some([domain, &group.to_le_bytes()].concat())
    }
}

/// In Active Directory, the identifier of an account or a group.
const SECURITY_ID: &str = "objectSid";

/// In Active Directory, the number of the group that an account is in without being among its members.
const PRIMARY_GROUP: &str = "primaryGroupID";

/// Entries, and whether there are more.
pub struct Found {
    pub entries: Vec<Entry>,
    pub more: bool,
}

/// An open connection.
pub struct Session {
    ldap: Ldap,
    base: String,
    seconds: u8,
}

impl Client {
    pub fn open(settings: &DirectorySettings) -> Result<Option<Self>, DirectoryError> {
        let DirectorySettings { url, ca, base, bind_name, password_file, seconds, .. } = settings.clone();
        let (Some(url), Some(ca), Some(base)) = (url, ca, base) else { return Ok(None) };
        let unusable = |ca: &PathBuf| DirectoryError::Ca { file: ca.clone() };
        let fits = fs::metadata(&ca).is_ok_and(|found| found.is_file() && found.len() <= LARGEST_CA);
        let pem = if fits { fs::read(&ca).map_err(|_| unusable(&ca))? } else { return Err(unusable(&ca)) };
        let tls = anonymous_config(&pem).map_err(|_| unusable(&ca))?;
        Ok(Some(Self { url, tls: Arc::new(tls), base, bind: bind_name.zip(password_file), seconds }))
    }

    /// Connects, and gives the session to `ask`. Everything together has one limit of time.
    pub fn with<T: Send>(
        &self,
        ask: impl AsyncFnOnce(&mut Session) -> Result<T, DirectoryError> + Send,
    ) -> Result<T, DirectoryError> {
        // The library panics over some malformed answers; on a thread of its own that is an answer too.
        std::thread::scope(|scope| scope.spawn(|| self.with_here(ask)).join().unwrap_or(Err(DirectoryError::Garbled)))
    }

    fn with_here<T>(&self, ask: impl AsyncFnOnce(&mut Session) -> Result<T, DirectoryError>) -> Result<T, DirectoryError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|_| DirectoryError::Unreachable)?;
        let limit = Duration::from_secs(self.seconds.into());
        let answer = runtime.block_on(async {
            tokio::time::timeout(limit, async {
                let mut session = self.connect().await?;
                let answer = ask(&mut session).await;
                drop(session.ldap.unbind().await);
                answer
            })
            .await
        });
        // A resolver that hangs is left behind; it ends by itself.
        runtime.shutdown_background();
        answer.unwrap_or(Err(DirectoryError::Slow { seconds: self.seconds }))
    }

    async fn connect(&self) -> Result<Session, DirectoryError> {
        let settings = LdapConnSettings::new().set_config(Arc::clone(&self.tls)).set_starttls(self.url.starts_with("ldap:"));
        let (connection, mut ldap) =
            LdapConnAsync::with_settings(settings, &self.url).await.map_err(|error| self.connecting(&error))?;
        drive!(connection);
        if let Some((name, file)) = &self.bind {
            let password = password::read(file).map_err(|why| DirectoryError::Password { file: file.clone(), why })?;
            let bound = ldap.simple_bind(name, &password).await.map_err(|error| self.asking(&error))?;
            self.check(&bound)?;
        }
        Ok(Session { ldap, base: self.base.clone(), seconds: self.seconds })
    }

    /// Why there is no connection.
    fn connecting(&self, error: &LdapError) -> DirectoryError {
        match error {
            // What TLS objects to comes as an error of the connection.
            LdapError::Io { source }
                if source.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) =>
            {
                DirectoryError::Tls
            }
            LdapError::Io { source } if source.kind() == std::io::ErrorKind::InvalidData => DirectoryError::Tls,
            LdapError::Io { source } if source.kind() == std::io::ErrorKind::UnexpectedEof => DirectoryError::Tls,
            // An LDAP result here is a StartTLS that was refused.
            LdapError::Rustls { .. } | LdapError::DNSName { .. } | LdapError::LdapResult { .. } => DirectoryError::Tls,
            LdapError::Io { .. } | LdapError::UrlParsing { .. } | LdapError::UnknownScheme(_) => DirectoryError::Unreachable,
            other => self.asking(other),
        }
    }

    fn asking(&self, error: &LdapError) -> DirectoryError {
        asking(error, self.seconds)
    }

    fn check(&self, result: &LdapResult) -> Result<(), DirectoryError> {
        check(result.rc, self.seconds)
    }
}

fn asking(error: &LdapError, seconds: u8) -> DirectoryError {
    match error {
        LdapError::LdapResult { result } => check(result.rc, seconds).err().unwrap_or(DirectoryError::Garbled),
        LdapError::Timeout { .. } => DirectoryError::Slow { seconds },
        LdapError::Io { .. } => DirectoryError::Unreachable,
        _ => DirectoryError::Garbled,
    }
}

/// RFC 4511 §4.1.9.
fn check(code: u32, seconds: u8) -> Result<(), DirectoryError> {
    match code {
        0 => Ok(()),
        3 => Err(DirectoryError::Slow { seconds }),
        8 | 13 | 48 | 49 | 53 => Err(DirectoryError::BindRefused),
        32 => Err(DirectoryError::BaseMissing),
        code => Err(DirectoryError::Refused { code }),
    }
}

/// The size limit that was asked for was reached (RFC 4511 §4.5.1.4); what came before counts.
const SIZE_LIMIT_EXCEEDED: u32 = 4;

impl Session {
    /// The entries below the base that fit, at most `most` of them.
    pub async fn search(&mut self, filter: &str, scope: Scope, fields: &[String], most: usize) -> Result<Found, DirectoryError> {
        let base = self.base.clone();
        self.ask(&base, filter, scope, fields, most, false).await
    }

    /// One entry, when it is there and fits.
    pub async fn read(&mut self, entry: &str, filter: &str, fields: &[String]) -> Result<Option<Entry>, DirectoryError> {
        match self.ask(entry, filter, Scope::Base, fields, 1, false).await {
            Ok(found) => Ok(found.entries.into_iter().next()),
            Err(DirectoryError::BaseMissing) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The names of the fields of some entries, without their values.
    pub async fn names_of_fields(&mut self, filter: &str, most: usize) -> Result<Found, DirectoryError> {
        let base = self.base.clone();
        self.ask(&base, filter, Scope::Subtree, &["*".to_owned()], most, true).await
    }

    /// Whether a group of this common or distinguished name is there.
    pub async fn has_group(&mut self, name: &str) -> Result<bool, DirectoryError> {
        if name.contains('=') {
            return Ok(self.read(name, "(objectClass=*)", &["cn".to_owned()]).await?.is_some());
        }
        Ok(!self.search(&filter::equals("cn", name), Scope::Subtree, &["cn".to_owned()], 1).await?.entries.is_empty())
    }

    /// The groups that have this entry as a member, its primary group, and those that have these, so many times: entry and common
    /// names of each.
    ///
    /// The groups above are asked for level by level and not with Active Directory's LDAP_MATCHING_RULE_IN_CHAIN, which other servers
    /// do not know, which follows any number of levels, and which leaves the primary group out.
    pub async fn groups(&mut self, entry: &str, nesting: u8) -> Result<Vec<(String, Vec<String>)>, DirectoryError> {
        let mut groups: Vec<(String, Vec<String>)> = Vec::new();
        let mut members = vec![entry.to_owned()];
        let fields = [SECURITY_ID.to_owned(), PRIMARY_GROUP.to_owned()];
        let account = self.read(entry, "(objectClass=*)", &fields).await?;
        let mut primary =
            account.and_then(|account| account.primary_group()).map(|group| filter::equals_bytes(SECURITY_ID, &group));
        for _ in 0..=nesting {
            let mut above = Vec::new();
            for some in members.chunks(GROUPS_AT_ONCE) {
                let filter = filter::groups_of(some, primary.take().as_deref());
                let left = MOST_GROUPS.saturating_sub(groups.len());
                for found in self.search(&filter, Scope::Subtree, &["cn".to_owned()], left).await?.entries {
                    if groups.iter().any(|(known, _)| known.eq_ignore_ascii_case(&found.dn)) {
                        continue;
                    }
                    let names = found.fields.into_iter().filter(|(name, _)| name.eq_ignore_ascii_case("cn"));
                    above.push(found.dn.clone());
                    groups.push((found.dn, names.flat_map(|(_, values)| values).collect()));
                }
            }
            if above.is_empty() || groups.len() >= MOST_GROUPS {
                break;
            }
            members = above;
        }
        Ok(groups)
    }

    async fn ask(
        &mut self,
        base: &str,
        filter: &str,
        scope: Scope,
        fields: &[String],
        most: usize,
        names_only: bool,
    ) -> Result<Found, DirectoryError> {
        let seconds = self.seconds;
        // One more than is shown, so that it is known whether there are more.
        let limit = i32::try_from(most.saturating_add(1)).unwrap_or(i32::MAX);
        let options =
            SearchOptions::new().deref(DerefAliases::Never).typesonly(names_only).timelimit(seconds.into()).sizelimit(limit);
        let mut stream = self
            .ldap
            .with_search_options(options)
            .streaming_search(base, scope, filter, fields)
            .await
            .map_err(|error| asking(&error, seconds))?;
        let mut entries = Vec::new();
        while let Some(entry) = stream.next().await.map_err(|error| asking(&error, seconds))? {
            if entry.is_ref() || entry.is_intermediate() {
                continue;
            }
            // A server that does not mind the limit is not listened to for longer.
            if entries.len() >= most {
                return Ok(Found { entries, more: true });
            }
            entries.push(Entry::read(entry).ok_or(DirectoryError::Garbled)?);
        }
        let code = stream.finish().await.rc;
        if code != SIZE_LIMIT_EXCEEDED {
            check(code, seconds)?;
        }
        Ok(Found { more: code == SIZE_LIMIT_EXCEEDED, entries })
    }
}

/// Whether a text looks like a distinguished name (RFC 4514): at least one `name=value`.
pub fn is_entry_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 1024
        && !text.contains(char::is_control)
        && text.split(',').next().is_some_and(|first| {
            first.split_once('=').is_some_and(|(name, value)| !name.trim().is_empty() && !value.trim().is_empty())
        })
}
