//! An RA-ADMIN changes the devices of this desk: LOCAL.toml, without what guards the station. Who changed what, and why, is journalled.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{AdministrationError, FileChange, Station};
use crate::{
    config::{
        Change, Configuration, Local,
        edit::{EditError, Edits, Proposal, propose_local},
        master::one_line,
        schema::Value,
        signature::SignatureError,
        tabs::guards_the_station,
    },
    device::{
        card,
        pad::{PadError, stu},
        scanner::{HostedSane, Patience, Scanner as _},
    },
    digest::Digest,
    register::{JournalEntry, REGISTER_STREAM},
};

/// The kind of the journal entry of a change of LOCAL.toml. It is written before the file is.
pub const LOCAL_CHANGED: &str = "local-changed";
/// The kind of the entry after it, when the file could not be written.
pub const LOCAL_NOT_CHANGED: &str = "local-not-changed";

/// Longest time in which scanners are looked for.
const LISTING: Duration = Duration::from_secs(20);

/// A change of LOCAL.toml, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalChanged {
    /// Who changed it, as the certificate names the person.
    pub by: String,
    /// Issuer of the certificate.
    pub issuer: String,
    /// Serial number of the certificate, hexadecimal.
    pub serial: String,
    /// Why.
    pub why: String,
    /// SHA-256 of the file before.
    pub before: Digest,
    /// SHA-256 of the file after.
    pub after: Digest,
    /// Key, value before and value after.
    pub changes: Vec<(String, serde_json::Value, serde_json::Value)>,
}

impl Station {
    /// What a change of LOCAL.toml would make different. Nothing is written.
    ///
    /// # Errors
    /// Who is signed in may not, a key [guards the station](guards_the_station), the file is another one by now, or would not be good.
    pub fn propose_local(&self, change: &FileChange) -> Result<Vec<Change>, AdministrationError> {
        Ok(self.local_proposal(change)?.changes)
    }

    fn local_proposal(&self, change: &FileChange) -> Result<Proposal, AdministrationError> {
        self.administrator()?;
        let Edits { assignments, records } = &change.edits;
        if let Some(guarded) = assignments.iter().find(|it| guards_the_station(&it.section, &it.key)) {
            return Err(AdministrationError::OnlyInFile { key: guarded.key.clone() });
        }
        if let Some(record) = records.first() {
            return Err(AdministrationError::OnlyInFile { key: record.list().to_owned() });
        }
        let found = self.files();
        // Whether it fits to the organisation's rules is asked of those in force: the share may be away.
        let proposal = propose_local(&found.local, assignments, |local| {
            Configuration::assemble(&found, Ok(self.configuration.master.clone()), Ok(local)).map(drop)
        })?;
        if proposal.before() == change.seen {
            Ok(proposal)
        } else {
            Err(EditError::ChangedMeanwhile { file: found.local }.into())
        }
    }

    /// Changes LOCAL.toml. It holds when the station opens anew.
    ///
    /// # Errors
    /// Why nothing is changed.
    pub fn save_local(&mut self, change: &FileChange, why: &str) -> Result<Vec<Change>, AdministrationError> {
        let proposal = self.local_proposal(change)?;
        if proposal.changes_nothing() {
            return Err(AdministrationError::NothingChanged);
        }
        let why = one_line(why).map_err(|wrong| SignatureError::NotOneLine { what: "reason", wrong })?;
        let operator = self.administrator()?.operator();
        let value = |value: &Option<Value>| serde_json::json!(value);
        let changes = proposal.changes.iter().map(|it| (it.name(), value(&it.before), value(&it.after)));
        let entry = LocalChanged {
            by: operator.name.clone(),
            issuer: operator.certificate_issuer.clone(),
            serial: operator.certificate_serial.clone(),
            why,
            before: proposal.before(),
            after: proposal.digest(),
            changes: changes.collect(),
        };
        let at = self.now().at;
        self.register.append(REGISTER_STREAM, &[JournalEntry::new(LOCAL_CHANGED, &entry)?], at)?;
        if let Err(error) = proposal.write() {
            let failed = serde_json::json!({ "after": entry.after, "code": error.code() });
            self.register.append(REGISTER_STREAM, &[JournalEntry::new(LOCAL_NOT_CHANGED, &failed)?], at)?;
            return Err(error.into());
        }
        Ok(proposal.changes)
    }
}

/// A device that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDevice {
    /// What LOCAL.toml calls it.
    pub id: String,
    /// Maker and model, for people.
    pub name: String,
}

/// The devices that are connected to this machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoundDevices {
    /// Card readers of the PC/SC service.
    pub readers: Vec<FoundDevice>,
    /// Scanners that libsane knows.
    pub scanners: Vec<FoundDevice>,
    /// Signature pads of the series that the station knows.
    pub pads: Vec<FoundDevice>,
}

/// Looks for devices: up to [`LISTING`], so never on a thread that somebody waits for. What cannot be asked has none; why, the test of
/// all devices tells.
pub fn find_devices(executable: PathBuf, local: &Local) -> FoundDevices {
    let named = |name: String| FoundDevice { id: name.clone(), name };
    let readers = card::readers().unwrap_or_default().into_iter().map(|reader| named(reader.name)).collect();
    let hang = Duration::from_secs(local.scanner.hang_seconds.into());
    let mut sane = HostedSane::system(executable, hang).with_patience(Patience { listing: LISTING, ..Patience::default() });
    let scanners = sane.list().unwrap_or_default();
    let scanners = scanners.into_iter().map(|it| FoundDevice { id: it.device, name: it.name }).collect();
    let pads = stu::connected().unwrap_or_else(|_: PadError| Vec::new());
    let pads = pads
        .into_iter()
        .map(|((maker, product), name)| FoundDevice { id: format!("{maker:04x}:{product:04x}"), name: format!("Wacom {name}") });
    FoundDevices { readers, scanners, pads: pads.collect() }
}
