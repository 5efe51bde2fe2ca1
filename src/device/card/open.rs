//! The two roads to a card, and the card in a reader as LOCAL.toml describes it.

use std::path::Path;

use super::{Card, CardError, Module, PcscCard, Pkcs11Card, ReaderInfo, readers, readers::choose};
use crate::config::local::{CardDriver, PinPadUse, ReaderSettings};

/// A road to readers and cards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Road {
    /// PIV cards through the system's PC/SC service.
    Pcsc,
    /// Cards through a PKCS#11 module.
    Pkcs11(Module),
}

impl Road {
    /// The road that LOCAL.toml names. `executable` is this program, of which a device host is a second process.
    pub fn of(settings: &ReaderSettings, executable: &Path) -> Result<Self, CardError> {
        match (settings.driver, &settings.module) {
            (CardDriver::Pcsc, _) => Ok(Self::Pcsc),
            (CardDriver::Pkcs11, Some(path)) => Ok(Self::Pkcs11(Module::new(executable, path))),
            (CardDriver::Pkcs11, None) => Err(CardError::NoModule("LOCAL.toml names none")),
        }
    }

    /// Its name in LOCAL.toml.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pcsc => "pcsc",
            Self::Pkcs11(_) => "pkcs11",
        }
    }

    /// The readers that it leads to.
    pub fn readers(&self) -> Result<Vec<ReaderInfo>, CardError> {
        match self {
            Self::Pcsc => readers::readers(),
            Self::Pkcs11(module) => module.readers(Pkcs11Card::PATIENCE),
        }
    }

    /// The card in the reader of this name. Nothing is opened yet.
    pub fn card(&self, reader: &str, pin_pad: PinPadUse) -> Result<Box<dyn Card + Send>, CardError> {
        Ok(match self {
            Self::Pcsc => Box::new(PcscCard::in_reader(reader)?.with_pin_pad(pin_pad)),
            Self::Pkcs11(module) => Box::new(Pkcs11Card::in_reader(module.clone(), reader.to_owned()).with_pin_pad(pin_pad)),
        })
    }
}

/// The card in this reader. The reader is looked for, the card is not touched yet: an empty reader shows itself as
/// [`CardError::NoCard`] in the first operation.
///
/// `executable` is this program, of which a device host is a second process.
pub fn open_card(settings: &ReaderSettings, executable: &Path) -> Result<Box<dyn Card + Send>, CardError> {
    let road = Road::of(settings, executable)?;
    let readers = road.readers()?;
    road.card(&choose(&readers, settings.reader.as_deref())?.name, settings.pin_pad)
}
