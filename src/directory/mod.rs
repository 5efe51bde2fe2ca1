//! The person from the organisation's directory (LDAP, Active Directory). It is read and never written.
//!
//! An operator looks for a name, a user name or an identity number, gets a list of [`Hit`]s, and chooses exactly one; the chosen
//! entry is read again together with the groups that decide which certificates the person gets ([`Chosen`]).
//!
//! Every call blocks for at most `Seconds` of `[Directory]` and belongs on a thread that nobody waits for at a screen.

mod client;
mod error;
mod filter;
pub mod mapping;
pub(crate) mod password;
mod settings;

use std::collections::BTreeMap;

use ldap3::Scope;

pub use client::is_entry_name;
use client::{Client, Entry};
pub use error::DirectoryError;
pub use filter::{LONGEST, Query};
pub use settings::{DirectorySettings, Groups, Mapping, TypedEntry};

use crate::rules::{CertificateKind, Person};

/// The directory of MASTER.toml.
pub struct Directory {
    settings: DirectorySettings,
    client: Client,
}

/// A person that was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Hit {
    /// The entry (distinguished name).
    pub entry: String,
    /// The person as the directory knows the person.
    pub person: Person,
    /// The official e-mail address.
    pub email: Option<String>,
    /// The account is switched off (Active Directory, `userAccountControl`).
    pub disabled: bool,
    /// The fields of identity number or birth date hold something that is neither.
    pub unreadable_number: bool,
}

impl std::fmt::Debug for Hit {
    /// Without what is known of the person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hit").finish_non_exhaustive()
    }
}

/// What a look-up gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hits {
    /// The people, by last and first names.
    pub hits: Vec<Hit>,
    /// There are more than are listed.
    pub more: bool,
}

/// The person whom the operator chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The person, read anew.
    pub hit: Hit,
    /// The kinds of certificates that the person's groups allow; `None` when no groups are named in MASTER.toml.
    pub kinds: Option<Vec<CertificateKind>>,
}

impl Chosen {
    /// Whether this is the chosen person. What the directory does not hold may be filled in; what it holds may not be changed.
    pub fn covers(&self, person: &Person) -> bool {
        let known = &self.hit.person;
        known.first_names == person.first_names
            && known.last_name == person.last_name
            && (known.user_name.is_none() || known.user_name == person.user_name)
            && (known.identity_number.is_none() || known.identity_number == person.identity_number)
            && (known.birth_date.is_none() || known.birth_date == person.birth_date)
    }
}

/// The groups that somebody is in: the entry and the common names of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership(Vec<(String, Vec<String>)>);

impl Membership {
    /// Whether the group of this common or distinguished name is among them. Capitals do not count (RFC 4519, caseIgnoreMatch).
    pub fn has(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.0.iter().any(|(entry, names)| entry.to_lowercase() == name || names.iter().any(|other| other.to_lowercase() == name))
    }
}

/// What `bam-station directory test` found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Tested {
    /// People below the base, as far as they were counted.
    pub people: usize,
    /// There are more.
    pub more: bool,
    /// The groups of `[CertificateGroups]` that are not there.
    pub missing_groups: Vec<String>,
}

/// In Active Directory, the bit of `userAccountControl` that switches an account off (MS-ADTS §2.2.16).
const ACCOUNT_DISABLED: u32 = 0x2;

/// People whose fields are listed for a mapping.
const SAMPLE: usize = 50;

/// Groups that are followed at most, so that a circle or a maze ends.
const MOST_GROUPS: usize = 1000;

/// Groups that are asked about in one search.
const GROUPS_AT_ONCE: usize = 50;

impl Directory {
    /// The directory that MASTER.toml names; `None` when it names none. Nothing is asked yet.
    ///
    /// # Errors
    /// [`DirectoryError::Ca`]
    pub fn open(settings: &DirectorySettings) -> Result<Option<Self>, DirectoryError> {
        let Some(client) = Client::open(settings)? else { return Ok(None) };
        Ok(Some(Self { settings: settings.clone(), client }))
    }

    /// What MASTER.toml says of it.
    pub fn settings(&self) -> &DirectorySettings {
        &self.settings
    }

    /// Looks for people.
    ///
    /// # Errors
    /// [`DirectoryError`]; [`DirectoryError::NumberNotHeld`] when the fields cannot tell identity numbers.
    pub fn find(&self, query: &Query) -> Result<Hits, DirectoryError> {
        let filter = query.filter(&self.settings).ok_or(DirectoryError::NumberNotHeld)?;
        let most = usize::from(self.settings.most_hits);
        let found = self.client.with(async |session| session.search(&filter, Scope::Subtree, &self.fields(), most).await)?;
        let mut hits: Vec<Hit> = found.entries.into_iter().map(|entry| self.hit(entry)).collect();
        if let Query::Number(number) = query {
            // Where the date and the last digits lie apart, the century is not part of the number.
            hits.retain(|hit| hit.person.identity_number.as_ref().is_none_or(|known| known == number));
        }
        hits.sort_by_cached_key(|hit| {
            let Person { first_names, last_name, .. } = &hit.person;
            (last_name.to_lowercase(), first_names.to_lowercase(), hit.entry.clone())
        });
        Ok(Hits { hits, more: found.more })
    }

    /// Reads the entry that the operator chose, and the groups that the person is in.
    ///
    /// # Errors
    /// [`DirectoryError::Gone`] when the entry is there no longer.
    pub fn choose(&self, entry: &str) -> Result<Chosen, DirectoryError> {
        let fields = self.fields();
        let (found, groups) = self.client.with(async |session| {
            let found = session.read(entry, &self.settings.person_filter, &fields).await?;
            let wanted = &self.settings.groups;
            let decide = wanted.decide_certificates();
            let groups = if decide { Some(Membership(session.groups(entry, wanted.nesting).await?)) } else { None };
            Ok((found, groups))
        })?;
        let hit = self.hit(found.ok_or(DirectoryError::Gone)?);
        Ok(Chosen { hit, kinds: groups.map(|groups| self.kinds(&groups)) })
    }

    /// The groups of the one person with this user name, as far as `Nesting` says; `None` when nobody has it, or somebody whose
    /// account is switched off.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub fn membership(&self, user_name: &str) -> Result<Option<Membership>, DirectoryError> {
        let Hits { hits, more } = self.find(&Query::UserName(user_name.to_owned()))?;
        let [only] = hits.as_slice() else { return Ok(None) };
        if more || only.disabled {
            return Ok(None);
        }
        let nesting = self.settings.groups.nesting;
        self.client.with(async |session| session.groups(&only.entry, nesting).await).map(|groups| Some(Membership(groups)))
    }

    /// The e-mail address of the one person with this user name.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub fn email(&self, user_name: &str) -> Result<Option<String>, DirectoryError> {
        let Hits { hits, more } = self.find(&Query::UserName(user_name.to_owned()))?;
        let [only] = hits.as_slice() else { return Ok(None) };
        Ok(only.email.clone().filter(|_| !more && !only.disabled))
    }

    /// The names of the fields that people have, with how many of a sample have each (BAM: the button Update). No value is read.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub fn attributes(&self) -> Result<BTreeMap<String, usize>, DirectoryError> {
        let filter = self.settings.person_filter.clone();
        let found = self.client.with(async |session| session.names_of_fields(&filter, SAMPLE).await)?;
        let mut names = BTreeMap::new();
        for entry in found.entries {
            for name in entry.fields.into_iter().map(|(name, _)| name) {
                *names.entry(name).or_default() += 1;
            }
        }
        Ok(names)
    }

    /// Asks for a handful of people and for the groups.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub fn test(&self) -> Result<Tested, DirectoryError> {
        let filter = self.settings.person_filter.clone();
        let groups: Vec<&String> = [&self.settings.groups.local, &self.settings.groups.qualified].into_iter().flatten().collect();
        let (found, missing) = self.client.with(async |session| {
            let found = session.names_of_fields(&filter, SAMPLE).await?;
            let mut missing = Vec::new();
            for group in &groups {
                if !session.has_group(group).await? {
                    missing.push((*group).clone());
                }
            }
            Ok((found, missing))
        })?;
        Ok(Tested { people: found.entries.len(), more: found.more, missing_groups: missing })
    }

    fn fields(&self) -> Vec<String> {
        let Mapping { first_name, last_name, email, issuer_key, number } = &self.settings.mapping;
        let named = [first_name.as_str(), last_name, email, issuer_key, "userAccountControl"];
        named.into_iter().chain(number.attributes()).map(str::to_owned).collect()
    }

    fn hit(&self, entry: Entry) -> Hit {
        let Entry { dn, fields, .. } = entry;
        // Names of fields are the same in capital and small letters (RFC 4512 §2.5). Several values are no answer.
        let value = |field: &str| -> Option<String> {
            let (_, values) = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(field))?;
            let text = values.first().filter(|_| values.len() == 1)?.trim().to_owned();
            Some(text).filter(|text| !text.is_empty())
        };
        let mapping = &self.settings.mapping;
        let mapped = mapping.number.read(value);
        let control: u32 = value("userAccountControl").and_then(|text| text.parse().ok()).unwrap_or(0);
        Hit {
            entry: dn,
            person: Person {
                first_names: value(&mapping.first_name).unwrap_or_default(),
                last_name: value(&mapping.last_name).unwrap_or_default(),
                identity_number: mapped.identity_number,
                birth_date: mapped.birth_date,
                user_name: value(&mapping.issuer_key),
            },
            email: value(&mapping.email),
            disabled: control & ACCOUNT_DISABLED != 0,
            unreadable_number: mapped.unreadable,
        }
    }

    fn kinds(&self, groups: &Membership) -> Vec<CertificateKind> {
        let Groups { local, qualified, .. } = &self.settings.groups;
        let named = [(local, CertificateKind::Local), (qualified, CertificateKind::Qualified)];
        let is_in = |name: &Option<String>| name.as_ref().is_some_and(|name| groups.has(name));
        named.into_iter().filter(|(name, _)| is_in(name)).map(|(_, kind)| kind).collect()
    }
}
