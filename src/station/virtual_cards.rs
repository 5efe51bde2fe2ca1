//! Training without hardware: two virtual readers behind a pcscd of the station's own, and cards that the training CA issues.
//!
//! Everything between the station and such a card is the real thing. A training desk whose LOCAL.toml names no reader has
//! them. Programs find a pcscd through their environment, and read it once: so the program that opens the screens
//! starts itself anew with the address of its own pcscd, when that is wanted.

use std::{
    collections::HashMap,
    env, io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};

use bam_virtual_card::{CardKey, Inserted, NotACardKey, Pcscd, PcscdError, VirtualCard, find_driver};
use der::Encode as _;
use jiff::{SignedDuration, Timestamp};

use super::{CardFault, DataFolder, Station, VirtualCardKind, VirtualCards};
use crate::{
    config::{Configuration, local::Local},
    device::card::{CardError, ReaderPlace, Slot},
    evidence::sign::{KeyStore, KeyStoreError},
    rules::CertificateKind,
    trust::{KeyAlgorithm, Purpose, TrainingCa, TrainingCaError},
};

/// Where programs look for the address of pcscd.
const ADDRESS: &str = "PCSCLITE_CSOCK_NAME";
/// The readers' names, as pcscd is told them.
const READERS: [&str; 2] = ["Operator Reader", "Holder Reader"];
/// The PUK of every virtual card.
const PUK: &str = "12345678";
/// A training certificate lives two years; one that is to be expired began so long ago that it ended half an hour ago, at a time
/// when its CA was there.
const EXPIRED: SignedDuration = SignedDuration::from_mins(730 * 24 * 60 + 30);
/// Most cards that are remembered, to be inserted again.
const MOST_CARDS: usize = 64;

/// Why there are no virtual readers, or no card in one.
#[derive(Debug, thiserror::Error)]
pub enum VirtualCardError {
    /// pcscd is not installed.
    #[error("virtual cards need pcscd: install the package pcscd; software keys work without it")]
    NoPcscd,
    /// The readers do not start.
    #[error("the virtual readers do not start: {0}")]
    Readers(#[from] PcscdError),
    /// The card cannot be put into its reader.
    #[error("the virtual card cannot be put into its reader ({0}): pull it and insert it again")]
    Insert(#[from] io::Error),
    /// The training CA.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
    /// A certificate of the training CA.
    #[error(transparent)]
    Issue(#[from] TrainingCaError),
    /// A key that no card can hold.
    #[error(transparent)]
    Key(#[from] NotACardKey),
}

impl VirtualCardError {
    /// The fault's code in the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoPcscd => "VIRTUAL_CARDS_NEED_PCSCD",
            Self::Readers(_) | Self::Insert(_) | Self::Key(_) => "VIRTUAL_READERS_FAILED",
            Self::Keys(error) => error.code(),
            Self::Issue(error) => error.code(),
        }
    }
}

/// The virtual readers of a training desk, and their cards.
pub struct VirtualDesk {
    cards: HashMap<(VirtualCardKind, String), Arc<Mutex<VirtualCard>>>,
    operator: Option<Inserted>,
    holder: Option<Inserted>,
    /// Ends last: a card hangs up before its reader.
    pcscd: Pcscd,
}

/// A training desk whose LOCAL.toml names no reader and no module.
pub fn are_wanted(local: &Local) -> bool {
    let unnamed = |reader: &crate::config::local::ReaderSettings| reader.reader.is_none() && reader.module.is_none();
    local.training && unnamed(&local.operator_reader) && unnamed(&local.holder_reader)
}

fn folder(data: &DataFolder) -> PathBuf {
    data.path().join("virtual-readers")
}

fn socket(data: &DataFolder) -> PathBuf {
    folder(data).join("pcscd")
}

/// Where virtual readers are wanted, starts `executable` anew with the same arguments and the address of the pcscd that it is to
/// start. Returns when nothing is to be done, or when the program cannot be started anew: then there are no virtual cards.
pub fn start_anew(configuration: &Configuration, data: &DataFolder, executable: &Path) {
    let socket = socket(data);
    // An address that somebody has set already is not replaced.
    if !are_wanted(&configuration.local.value) || env::var_os(ADDRESS).is_some() || !pcscd_is_installed() {
        return;
    }
    drop(Command::new(executable).args(env::args_os().skip(1)).env(ADDRESS, socket).exec());
}

fn pcscd_is_installed() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]).any(|folder| folder.join("pcscd").is_file())
}

impl VirtualDesk {
    /// Starts the readers where they are wanted and this program looks for them; `None` elsewhere. The readers of `local` are then
    /// these.
    pub(super) fn open(local: &mut Local, data: &DataFolder, executable: &Path) -> Option<Result<Self, VirtualCardError>> {
        let ours = env::var_os(ADDRESS).is_some_and(|address| Path::new(&address) == socket(data));
        if !are_wanted(local) || !ours {
            let missing = are_wanted(local) && env::var_os(ADDRESS).is_none() && !pcscd_is_installed();
            return missing.then_some(Err(VirtualCardError::NoPcscd));
        }
        local.operator_reader.reader = READERS.first().map(|&name| name.to_owned());
        local.holder_reader.reader = READERS.last().map(|&name| name.to_owned());
        Some(Self::start(data, executable))
    }

    fn start(data: &DataFolder, executable: &Path) -> Result<Self, VirtualCardError> {
        let driver = find_driver(executable)?;
        let folder = folder(data);
        std::fs::create_dir_all(&folder)?;
        let pcscd = Pcscd::start(&driver, &folder, &socket(data), &READERS)?;
        Ok(Self { cards: HashMap::new(), operator: None, holder: None, pcscd })
    }

    fn at(&mut self, place: ReaderPlace) -> &mut Option<Inserted> {
        match place {
            ReaderPlace::Operator => &mut self.operator,
            ReaderPlace::Holder => &mut self.holder,
        }
    }

    fn insert(&mut self, place: ReaderPlace, card: Arc<Mutex<VirtualCard>>) -> Result<(), VirtualCardError> {
        *self.at(place) = None;
        let index = usize::from(place == ReaderPlace::Holder);
        let slot = self.pcscd.slots().get(index).ok_or_else(|| io::Error::other("there is no such reader"))?;
        let inserted = slot.insert_again(card)?;
        *self.at(place) = Some(inserted);
        Ok(())
    }
}

/// A card of a made-up person.
fn issue(
    ca: &TrainingCa,
    company: &str,
    kind: VirtualCardKind,
    name: &str,
    now: Timestamp,
) -> Result<VirtualCard, VirtualCardError> {
    let began = match kind {
        VirtualCardKind::LocalExpired | VirtualCardKind::QualifiedExpired => {
            now.checked_sub(EXPIRED).map_err(|_| TrainingCaError::Clock)?
        }
        VirtualCardKind::Operator | VirtualCardKind::Local | VirtualCardKind::Qualified => now,
    };
    let of = match kind {
        VirtualCardKind::Local | VirtualCardKind::LocalExpired => CertificateKind::Local,
        VirtualCardKind::Operator | VirtualCardKind::Qualified | VirtualCardKind::QualifiedExpired => CertificateKind::Qualified,
    };
    let mut card = VirtualCard::new(VirtualCards::PIN, PUK);
    let keys = [
        (Slot::Authentication, Purpose::Holder(of)),
        (Slot::Signature, Purpose::Holder(of)),
        (Slot::KeyManagement, Purpose::KeyManagement),
    ];
    for (slot, purpose) in keys {
        let issued = ca.issue_with_new_key(name, company, &purpose, KeyAlgorithm::P256, began)?;
        let certificate = issued.certificate.to_der().map_err(|_| TrainingCaError::Encoding("certificate"))?;
        card = card.with_key(slot.reference(), CardKey::from_pkcs8(&issued.private_key)?, certificate);
    }
    Ok(card)
}

/// The training CA is there before trust is asked who it is.
pub(super) fn prepare(keys: &KeyStore, company: &str, now: Timestamp) -> Result<(), VirtualCardError> {
    keys.training_ca(company, now)?;
    Ok(())
}

impl Station {
    /// Training: puts a virtual card into a reader. The same kind and name are the same card for as long as the station is open.
    ///
    /// # Errors
    /// This desk has no virtual readers, or they failed.
    pub fn insert_virtual_card(&mut self, place: ReaderPlace, kind: VirtualCardKind, name: &str) -> Result<(), CardFault> {
        let now = self.now().at;
        let desk = self.virtual_desk.as_mut().map(Result::as_mut);
        let desk = desk.ok_or(CardFault::NoVirtualCards)?.map_err(|_| CardError::NoService)?;
        let key = (kind, name.trim().to_owned());
        let card = if let Some(card) = desk.cards.get(&key) {
            Arc::clone(card)
        } else {
            let company = &self.configuration.master.value.common.company_name;
            let ca = self.keys.training_ca(company, now).map_err(VirtualCardError::from)?;
            let card = Arc::new(Mutex::new(issue(&ca, company, kind, &key.1, now)?));
            if desk.cards.len() >= MOST_CARDS {
                desk.cards.clear();
            }
            desk.cards.insert(key, Arc::clone(&card));
            card
        };
        Ok(desk.insert(place, card)?)
    }

    /// Training: pulls the virtual card, if there is one.
    ///
    /// # Errors
    /// This desk has no virtual readers.
    pub fn pull_virtual_card(&mut self, place: ReaderPlace) -> Result<(), CardFault> {
        match &mut self.virtual_desk {
            Some(Ok(desk)) => {
                *desk.at(place) = None;
                Ok(())
            }
            _ => Err(CardFault::NoVirtualCards),
        }
    }

    /// Training: whether there are virtual cards.
    pub fn virtual_cards(&self) -> VirtualCards {
        match &self.virtual_desk {
            None => VirtualCards::Absent,
            Some(Ok(_)) => VirtualCards::Ready,
            Some(Err(error)) => VirtualCards::Fault { code: error.code(), message: error.to_string() },
        }
    }
}
