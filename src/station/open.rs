//! Opening the station: data folder, register, keys, scanner, and the control that was under way.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    config::{
        Configuration,
        local::{PadDriver, ScannerDriver, SignaturePad},
    },
    control::{EffectiveRules, RulesSigner},
    device::{
        pad::{self, OpenPad},
        scanner::{HostedSane, ScanError, Scanner, VirtualGlass},
    },
    directory::{Directory, DirectoryError},
    evidence::sign::{KeyStore, KeyStoreError},
    register::{RegisterError, RegisterPlace},
    rules::DocumentKind,
    seal::{Recipient, SealError, establish},
    station_log::StationLog,
    trust::{Desk, Trust, TrustFileError},
};

use super::{
    Cards, Clock, DataFolder, Station,
    data::DataFolderError,
    journal::{self, ReadBackError},
    people,
    person::PeopleDesk,
    time_stamp::{self, AuthorityError},
    virtual_cards::{VirtualDesk, prepare},
};

/// Why the station does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder.
    #[error(transparent)]
    Data(#[from] DataFolderError),
    /// The register.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
    /// The time-stamping authority.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The control that was under way.
    #[error(transparent)]
    Control(#[from] ReadBackError),
    /// The virtual scanner of training.
    #[error(transparent)]
    Scanner(#[from] ScanError),
    /// The CAs that MASTER.toml trusts.
    #[error(transparent)]
    Trust(#[from] TrustFileError),
    /// The directory that MASTER.toml names.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The register's seal.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl OpenError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Data(error) => error.code(),
            Self::Register(error) => error.code(),
            Self::Keys(error) => error.code(),
            Self::Authority(error) => error.code(),
            Self::Control(error) => error.code(),
            Self::Scanner(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Directory(error) => error.code(),
            Self::Seal(error) => error.code(),
        }
    }
}

impl Station {
    /// Opens the station in its data folder. A control that was under way stands where it stood.
    ///
    /// `executable` is this program; its device host is a process of the same program.
    pub fn open(
        configuration: Arc<Configuration>,
        data: DataFolder,
        executable: PathBuf,
        clock: Box<dyn Clock>,
    ) -> Result<Self, OpenError> {
        data.create()?;
        configuration.seal(&data.register(), clock.now())?;
        let mut register = configuration.register_place(&data).open()?;
        // Behind the operators' cards the register's key opens nothing before somebody signs in (`Station::sign_in_with_card`).
        let locked = register.seal().locked().is_some();
        if !locked {
            people::bring_up_to_date(&mut register)?;
        }
        let keys = KeyStore::open(&data.keys())?;
        let authority = time_stamp::authority(&configuration)?;
        let people_desk = PeopleDesk::with(Directory::open(&configuration.master.value.directory)?);
        let control = if locked { None } else { journal::unfinished(&register)? };
        let local = &configuration.local.value.scanner;
        let patience = Duration::from_secs(local.hang_seconds.into());
        let mut readers = configuration.local.value.clone();
        let mut virtual_desk = VirtualDesk::open(&mut readers, &data, &executable);
        if let Some(Ok(_)) = virtual_desk
            && let Err(error) = prepare(&keys, &configuration.master.value.common.company_name, clock.now())
        {
            virtual_desk = Some(Err(error));
        }
        let trust = Arc::new(configuration.trust(&keys, &data)?);
        let roles = configuration.master.value.roles.clone();
        let cards = Cards::new(readers.operator_reader, readers.holder_reader, executable.clone(), trust, roles);
        let (scanner, glass): (Box<dyn Scanner + Send>, Option<VirtualGlass>) = match local.driver {
            ScannerDriver::Sane => (Box::new(HostedSane::system(executable, patience)), None),
            ScannerDriver::Virtual => {
                let (scanner, glass) = HostedSane::virtual_a6(executable, &data.scanner(), patience)?;
                (Box::new(scanner), Some(glass))
            }
        };
        let pad = pad_of(&configuration.local.value.signature_pad);
        let log = StationLog::of(&data, configuration.local.value.log.severity);
        let mut station = Self {
            configuration,
            data,
            clock,
            register,
            keys,
            authority,
            scanner,
            glass,
            pad: None,
            cards,
            virtual_desk,
            signed_in: None,
            locked: false,
            control,
            raw_scan: None,
            draft: None,
            people: people_desk,
            shown_report: RefCell::default(),
            log,
        };
        if let Some(pad) = pad {
            station.set_pad(pad);
        }
        Ok(station)
    }
}

/// The way to the signature pad, where LOCAL.toml names one.
fn pad_of(settings: &SignaturePad) -> Option<OpenPad> {
    let wanted = settings.device;
    match settings.driver {
        PadDriver::Touch => None,
        PadDriver::Stu => Some(Arc::new(move || Ok(Box::new(pad::stu::open(wanted)?)))),
    }
}

impl Configuration {
    /// Training: virtual devices and training keys are allowed, and every page is marked.
    pub fn training(&self) -> bool {
        self.local.value.training
    }

    /// Who judges certificates at this desk. At a training desk the station's own training CA is trusted too.
    fn trust(&self, keys: &KeyStore, data: &DataFolder) -> Result<Trust, OpenError> {
        let master = &self.master.value;
        let desk = if self.training() {
            Desk::Training { authorities: keys.anchors()?.certificates().to_vec() }
        } else {
            Desk::Production
        };
        Ok(Trust::open(&master.trust, &master.proxy, desk, &data.revocation())?)
    }

    /// Where the register of the desk with this data folder is.
    pub fn register_place(&self, data: &DataFolder) -> RegisterPlace {
        self.master.value.registers.place(data.register())
    }

    /// Seals the folder as the configuration says: with the key that `[Seal]` names, to the auditors of MASTER.toml.
    pub fn seal(&self, folder: &Path, at: Timestamp) -> Result<(), SealError> {
        let auditors: Vec<Recipient> =
            self.master.value.registers.auditors.iter().map(|auditor| auditor.recipient.clone()).collect();
        establish(folder, &self.local.value.seal.key, &auditors, at)
    }

    /// The office's time zone.
    pub fn zone(&self) -> jiff::tz::TimeZone {
        self.local.value.zone()
    }

    /// Organisation and office, as the signature names the place.
    pub fn place(&self) -> String {
        let company = &self.master.value.common.company_name;
        match &self.local.value.office_name {
            Some(office) => format!("{company}, {office}"),
            None => company.clone(),
        }
    }

    /// The rules in force, as a control freezes them.
    pub fn effective_rules(&self) -> EffectiveRules {
        let master = &self.master.value;
        EffectiveRules {
            company: master.common.company_name.clone(),
            office: self.local.value.office_name.clone().unwrap_or_default(),
            mode: master.common.lra_mode,
            issue_process: master.issue_process.clone(),
            conditions: master.conditions.clone(),
            master: self.master.digest,
            training: self.training(),
            program: format!("bam-station {}", env!("CARGO_PKG_VERSION")),
            signed_by: self.signer.as_ref().map(|signer| RulesSigner {
                name: signer.name.clone(),
                key: signer.key,
                version: signer.version,
                signed_at: signer.signed_at,
                second: signer.second.clone(),
            }),
        }
    }

    /// A document kind by its id.
    pub fn document_kind(&self, id: &str) -> Option<&DocumentKind> {
        self.documents.iter().find(|kind| kind.id == id)
    }
}
