//! Whatever a card answers: read and used without a panic, and nothing that is no proof is taken for one.
#![no_main]

use bam_station::{
    device::card::{CardError, Channel, Piv, Slot},
    secret::Pin,
};
use libfuzzer_sys::fuzz_target;

/// Answers one after the other, each behind its length; then the card is pulled.
struct Answers<'d>(&'d [u8]);

impl Channel for Answers<'_> {
    fn transmit(&mut self, _command: &[u8]) -> Result<Vec<u8>, CardError> {
        let [low, high, rest @ ..] = self.0 else { return Err(CardError::Removed) };
        let length = usize::from(*low) | usize::from(*high & 0x0f) << 8;
        let (answer, rest) = rest.split_at(length.min(rest.len()));
        self.0 = rest;
        Ok(answer.to_vec())
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(mut piv) = Piv::open(Answers(data)) else { return };
    let _ = piv.tries_left();
    let Ok(contents) = piv.contents() else { return };
    let Ok(pin) = Pin::new("123456".into()) else { return };
    if let Ok(certificate) = contents.certificate(Slot::Authentication) {
        assert!(piv.prove_possession(Slot::Authentication, certificate.clone(), &[1; 32], pin.into()).is_err());
    }
});
