//! An RA-ADMIN changes MASTER.toml: what it says, what a change would mean, and the signature that brings it into force.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use jiff::Timestamp;

use super::{ActError, CardFault, SignedIn, Station, session::Key};
use crate::{
    config::{
        Broken, Change, ConfigError, Configuration, Found, Loaded, Local, Master, Search, TermsCatalogue, differences,
        draft::{read_as_written, read_local_as_written},
        edit::{EditError, Edits, Proposal, propose_master_edits},
        load_local, load_signed_master, master,
        signature::{self, Signatory, SignatureError, Statement, Unsigned, changed},
        terms,
    },
    control::Step,
    digest::Digest,
    evidence::sign::{SignError, Signer},
    register::RegisterError,
    secret::PinEntry,
};

/// Most versions of the history that are told, newest first.
const MOST_VERSIONS: usize = 100;

/// What decides about the next control and nothing else: a change of these holds at once, of all others when the station opens.
const AT_ONCE: [&str; 3] = ["IssueProcess", "Conditions", "ThirdParty"];

/// MASTER.toml and its history as an administrator finds them.
#[derive(Debug, Clone)]
pub struct Administration {
    /// The file, its values as they are written.
    pub file: Loaded<Master>,
    /// LOCAL.toml in the same way.
    pub local: Loaded<Local>,
    /// All texts of the terms as they lie in their folder now, also those that are still to come.
    pub terms: TermsCatalogue,
    /// Why they cannot be read; then the texts are those that were read when the station opened.
    pub terms_fault: Option<String>,
    /// The signed versions, newest first.
    pub versions: Vec<Version>,
    /// Why the versions cannot be told: fault code and words.
    pub history_fault: Option<(&'static str, String)>,
    /// Who signed what the file says, where a second administrator must sign it before it comes into force.
    pub awaits_second: Option<String>,
}

/// A signed version of MASTER.toml.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its number.
    pub number: u64,
    /// When it was signed.
    pub at: Timestamp,
    /// Who signed it: by the desk's name for the key, else as the person said.
    pub by: String,
    /// Why.
    pub why: String,
    /// What it changed against the version before: key, before, after.
    pub changes: Vec<(String, String, String)>,
    /// Every value by `Section.Key`.
    pub values: BTreeMap<String, serde_json::Value>,
}

/// A wish to change MASTER.toml or LOCAL.toml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Digest of the file that the administrator has seen.
    pub seen: Digest,
    /// What is to be done; nothing, when a second administrator signs the same content.
    pub edits: Edits,
}

/// A MASTER.toml that was changed and signed.
#[derive(Debug, Clone)]
pub struct SavedMaster {
    /// Its version.
    pub version: u64,
    /// Another administrator must sign it before it comes into force.
    pub awaits_second: bool,
    /// The configuration that holds from now on; `None` when it holds as soon as the station opens anew.
    pub in_force: Option<Arc<Configuration>>,
}

/// Why MASTER.toml is not shown or not changed. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum AdministrationError {
    /// Whoever is signed in may not.
    #[error("whoever is signed in is no RA-ADMIN: an RA-ADMIN must sign in")]
    NotAnAdministrator,
    /// Nobody is signed in, or the card was pulled.
    #[error(transparent)]
    Act(#[from] ActError),
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// The file would not be good, or is another one by now.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The signature.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The key or its PIN.
    #[error(transparent)]
    Key(#[from] SignError),
    /// The card.
    #[error(transparent)]
    Card(#[from] CardFault),
    /// This desk would not let the file come into force.
    #[error("this desk accepts no signature of yours; for Certificates in [Administrators] of LOCAL.toml: \"{entry}\"")]
    NotKnownHere {
        /// The entry that LOCAL.toml lacks.
        entry: String,
    },
    /// The same person signs twice.
    #[error("{name} signed this content already: another administrator must sign it too")]
    SamePerson {
        /// The person.
        name: String,
    },
    /// What guards the station is not changed at the screens.
    #[error("{key} guards the station itself: it is changed in LOCAL.toml alone, by whoever may write there")]
    OnlyInFile {
        /// The key.
        key: String,
    },
    /// What was done cannot be recorded.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The file says so already.
    #[error("nothing is changed: there is nothing to sign")]
    NothingChanged,
}

impl AdministrationError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAnAdministrator => "SIGNED_IN_NOT_AS_ADMINISTRATOR",
            Self::Act(error) => error.code(),
            Self::File(error) => error.code(),
            Self::Edit(error) => error.code(),
            Self::Signature(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Card(error) => error.code(),
            Self::NotKnownHere { .. } => "ADMINISTRATOR_NOT_KNOWN_HERE",
            Self::SamePerson { .. } => "MASTER_SECOND_SIGNER_IS_FIRST",
            Self::OnlyInFile { .. } => "SETTING_ONLY_IN_FILE",
            Self::Register(error) => error.code(),
            Self::NothingChanged => "MASTER_NOTHING_CHANGED",
        }
    }
}

impl Station {
    /// Whoever is signed in may change MASTER.toml.
    pub fn administers(&self) -> bool {
        !self.locked && self.signed_in.as_ref().is_some_and(SignedIn::administers)
    }

    pub(super) fn administrator(&self) -> Result<&SignedIn, AdministrationError> {
        let signed_in = self.signed_in.as_ref().ok_or(ActError::NotSignedIn)?;
        if self.locked {
            return Err(ActError::Locked.into());
        }
        if signed_in.administers() { Ok(signed_in) } else { Err(AdministrationError::NotAnAdministrator) }
    }

    pub(super) fn files(&self) -> Found {
        Found { master: self.configuration.master.path.clone(), local: self.configuration.local.path.clone() }
    }

    /// MASTER.toml as it is now, and its history.
    ///
    /// # Errors
    /// Who is signed in may not, or the file cannot be read.
    pub fn administration(&self) -> Result<Administration, AdministrationError> {
        self.administrator()?;
        let found = self.files();
        let file = read_as_written(&found.master)?;
        let local = read_local_as_written(&found.local)?;
        let (terms, terms_fault) = match terms::load(&self.configuration.terms_folder) {
            Ok(terms) => (terms, None),
            Err(error) => (self.configuration.terms.clone(), Some(error.to_string())),
        };
        let (versions, history_fault) = match self.versions(&found.master) {
            Ok(versions) => (versions, None),
            Err(SignatureError::NoHistory { .. }) => (Vec::new(), None),
            Err(error) => (Vec::new(), Some((error.code(), error.to_string()))),
        };
        let awaits = self.awaits_second(&found.master);
        let awaits_second = awaits.then(|| versions.first().map(|version| version.by.clone()).unwrap_or_default());
        Ok(Administration { file, local, terms, terms_fault, versions, history_fault, awaits_second })
    }

    /// The file is good but for the signature of a second administrator.
    fn awaits_second(&self, file: &Path) -> bool {
        let administrators = &self.configuration.local.value.administrators;
        load_signed_master(file, administrators).is_err_and(|error| error.kind() == Broken::SecondSignatureMissing)
    }

    fn versions(&self, file: &Path) -> Result<Vec<Version>, SignatureError> {
        let administrators = &self.configuration.local.value.administrators;
        let chain = signature::history(file)?;
        let before = std::iter::once(None).chain(chain.iter().map(|line| Some(&line.statement)));
        let version = |(before, statement): (Option<&Statement>, &Statement)| Version {
            number: statement.version,
            at: statement.signed_at,
            by: administrators.name_of(statement).unwrap_or(&statement.signed_by).to_owned(),
            why: statement.why.clone(),
            changes: changed(before, statement)
                .into_iter()
                .map(|(name, before, after)| (name.to_owned(), shown(before), shown(after)))
                .collect(),
            values: statement.values.clone(),
        };
        let pairs: Vec<_> = before.zip(chain.iter().map(|line| &line.statement)).collect();
        Ok(pairs.into_iter().rev().take(MOST_VERSIONS).map(version).collect())
    }

    /// What would become different. Nothing is written.
    ///
    /// # Errors
    /// Who is signed in may not, the file is another one by now, or it would not be good.
    pub fn propose_master(&self, change: &FileChange) -> Result<Vec<Change>, AdministrationError> {
        Ok(self.proposal(change)?.changes)
    }

    fn proposal(&self, change: &FileChange) -> Result<Proposal, AdministrationError> {
        self.administrator()?;
        let found = self.files();
        let proposal = propose_master_edits(&found.master, &change.edits, |master| {
            Configuration::assemble(&found, Ok(master), load_local(&found.local)).map(drop)
        })?;
        if proposal.before() == change.seen {
            Ok(proposal)
        } else {
            Err(EditError::ChangedMeanwhile { file: found.master }.into())
        }
    }

    /// Changes and signs MASTER.toml with the key that signed in. What decides about controls holds from the next one on; a
    /// control under way keeps the rules it began with.
    ///
    /// # Errors
    /// Why nothing is changed. A wrong PIN is counted.
    pub fn save_master(&mut self, change: &FileChange, why: &str, pin: PinEntry) -> Result<SavedMaster, AdministrationError> {
        let proposal = self.proposal(change)?;
        let awaited = self.awaits_second(&proposal.file);
        if proposal.changes_nothing() && !awaited {
            return Err(AdministrationError::NothingChanged);
        }
        let by = self.administrator()?.operator().name.clone();
        let wish = Wish { proposal: &proposal, by: &by, why, at: self.now().at };
        let local = self.configuration.local.clone();
        let card_key = self.signed_in.as_ref().and_then(SignedIn::card_key).cloned();
        let statement = if let Some(key) = card_key {
            let (mut signer, _) = self.card_signer(&key)?;
            wish.sign(&local, &mut signer, pin)?
        } else {
            let signed_in = self.signed_in.as_mut().ok_or(ActError::NotSignedIn)?;
            let Key::Software(key) = signed_in.key() else { return Err(ActError::NotSignedIn.into()) };
            wish.sign(&local, key.as_mut(), pin)?
        };
        let awaits_second = self.awaits_second(&proposal.file);
        let in_force = if awaits_second { None } else { self.adopt() };
        Ok(SavedMaster { version: statement.version, awaits_second, in_force })
    }

    /// Takes the configuration over that is in the files now, when nothing but the rules of the next control is different, and no
    /// control is under way.
    fn adopt(&mut self) -> Option<Arc<Configuration>> {
        if self.control.as_ref().is_some_and(|control| control.step() != Step::Closed) {
            return None;
        }
        let (found, data) = (self.files(), self.data.path());
        let search = Search::this_machine();
        let new = Configuration::in_force(&search, Some(found.master), Some(found.local), data, true).ok()?;
        let old = &self.configuration;
        let changes = differences(&master::SCHEMA, &old.master.value, &new.master.value);
        let rules_alone = changes.iter().all(|change| AT_ONCE.contains(&change.section));
        if new.alarm.is_some() || new.local.digest != old.local.digest || !rules_alone {
            return None;
        }
        self.configuration = Arc::new(new);
        Some(Arc::clone(&self.configuration))
    }
}

/// A proposal that is to be signed.
struct Wish<'a> {
    proposal: &'a Proposal,
    by: &'a str,
    why: &'a str,
    at: Timestamp,
}

impl Wish<'_> {
    /// Signs and writes. No PIN is spent on a signature that the desk would not accept.
    fn sign(&self, local: &Loaded<Local>, signer: &mut dyn Signer, pin: PinEntry) -> Result<Statement, AdministrationError> {
        let identity = signer.identity().clone();
        let who = Signatory::Certificate(&identity.certificate, identity.algorithm);
        let unsigned = Unsigned::of_proposal(self.proposal, &who, self.by, self.why, self.at)?;
        let administrators = &local.value.administrators;
        let name = administrators.name_of(unsigned.statement());
        if administrators.require_signed_master && name.is_none() {
            let entry = format!("{} {}", unsigned.statement().key, self.by);
            return Err(AdministrationError::NotKnownHere { entry });
        }
        if self.proposal.changes_nothing()
            && let Some(last) = signature::history(&self.proposal.file).unwrap_or_default().last()
            && administrators.name_of(&last.statement) == name
        {
            return Err(AdministrationError::SamePerson { name: name.unwrap_or_default().to_owned() });
        }
        let value = signer.sign(&unsigned.to_be_signed(), pin)?;
        Ok(unsigned.put(&value)?)
    }
}

/// A value of a signed version for people.
fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
