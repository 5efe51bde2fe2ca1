//! The operator's card as a [`Signer`] of reports.

use x509_cert::Certificate;

use super::{Card, CardError, RsaPadding, Slot, key::KeyKind};
use crate::{
    evidence::sign::{SignError, Signer, SignerIdentity},
    secret::PinEntry,
    trust::{common_name, is_training},
};

/// Most issuers in the signature.
const MOST_ISSUERS: usize = 5;

/// A key on a card. Each signature takes its PIN straight to the card.
pub struct CardSigner<C> {
    card: C,
    slot: Slot,
    identity: SignerIdentity,
}

impl<C: Card> CardSigner<C> {
    /// The key in `slot`. A card has no certificates of its issuers, so they are taken from `issuers`.
    pub fn new(mut card: C, slot: Slot, padding: RsaPadding, issuers: &[Certificate]) -> Result<Self, CardError> {
        let certificate = card.contents()?.certificate(slot)?.clone();
        let identity = SignerIdentity {
            algorithm: KeyKind::of(&certificate)?.signature(padding),
            is_training: is_training(&certificate),
            common_name: common_name(certificate.tbs_certificate().subject()).unwrap_or_default(),
            chain: chain(&certificate, issuers),
            certificate,
        };
        Ok(Self { card, slot, identity })
    }

    /// The card, for its PIN tries.
    pub fn card(&mut self) -> &mut C {
        &mut self.card
    }
}

impl<C: Card> Signer for CardSigner<C> {
    fn identity(&self) -> &SignerIdentity {
        &self.identity
    }

    fn sign(&mut self, to_be_signed: &[u8], pin: PinEntry) -> Result<Vec<u8>, SignError> {
        let algorithm = self.identity.algorithm;
        let signature = self.card.sign_digest(self.slot, algorithm, &algorithm.digest(&[to_be_signed]), pin)?;
        Ok(signature)
    }
}

impl From<CardError> for SignError {
    fn from(error: CardError) -> Self {
        match error {
            CardError::WrongPin { tries_left: Some(tries_left) } => Self::WrongPin { tries_left },
            CardError::Blocked => Self::Blocked,
            CardError::Removed => Self::Removed,
            CardError::PadCancelled => Self::Cancelled,
            other => Self::Card(other),
        }
    }
}

/// From the certificate's issuer upwards, by name. Whether the signatures are right is decided when the report is verified.
fn chain(certificate: &Certificate, issuers: &[Certificate]) -> Vec<Certificate> {
    let mut chain: Vec<Certificate> = Vec::new();
    while chain.len() < MOST_ISSUERS {
        let tbs = chain.last().unwrap_or(certificate).tbs_certificate();
        let issuer = issuers.iter().find(|issuer| issuer.tbs_certificate().subject() == tbs.issuer());
        match issuer {
            Some(issuer) if tbs.issuer() != tbs.subject() => chain.push(issuer.clone()),
            _ => break,
        }
    }
    chain
}
