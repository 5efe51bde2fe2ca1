//! The card in a reader as LOCAL.toml describes it, by whichever road.

use std::path::Path;

use super::{Card, CardError, Module, PcscCard, Pkcs11Card, readers::choose};
use crate::config::local::{CardDriver, ReaderSettings};

/// The card in this reader. The reader is looked for, the card is not touched yet: an empty reader shows itself as
/// [`CardError::NoCard`] in the first operation.
///
/// `executable` is this program, of which a device host is a second process.
pub fn open_card(settings: &ReaderSettings, executable: &Path) -> Result<Box<dyn Card + Send>, CardError> {
    match settings.driver {
        CardDriver::Pcsc => {
            let name = choose(&super::readers()?, settings.reader.as_deref())?.name.clone();
            Ok(Box::new(PcscCard::in_reader(&name)?.with_pin_pad(settings.pin_pad)))
        }
        CardDriver::Pkcs11 => {
            let path = settings.module.as_deref().ok_or(CardError::NoModule("LOCAL.toml names none"))?;
            let module = Module::new(executable, path);
            let reader = module.find_reader(settings.reader.as_deref(), Pkcs11Card::PATIENCE)?;
            Ok(Box::new(Pkcs11Card::in_reader(module, reader.name).with_pin_pad(settings.pin_pad)))
        }
    }
}
