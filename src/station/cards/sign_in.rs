//! Signing in with a card, the lock when it is pulled, and the signer of the report.

use der::Encode as _;
use jiff::civil::Date;
use x509_cert::Certificate;

use super::{
    CardFault, LastSignIn, keep,
    read::{OpenCard, name_in, user_name_in},
};
use crate::{
    control::{Judged, Operator},
    device::card::{Card, CardError, CardSigner, ReaderPlace, RsaPadding, Slot},
    digest::Digest,
    rules::{
        name::is_same,
        role::{Admission, NotAdmitted, Role, SignInCertificate},
    },
    seal::Keys,
    secret::PinEntry,
    station::{SignedIn, Station, journal, people, session::Key, sign_ins},
    trust::{Objection, Usage, Verdict, issuer_text, serial_text},
};

/// The card with which an operator signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardKey {
    /// The certificate whose key proved the PIN, DER.
    sign_in: Digest,
    /// Where the key that signs reports is.
    slot: Slot,
    /// Its certificate, DER.
    signature: Digest,
}

/// Somebody whose card may sign in, before the PIN.
struct Candidate {
    card: OpenCard,
    sign_in_slot: Slot,
    key: CardKey,
    operator: Operator,
    role: Role,
    /// The person is an RA-ADMIN too.
    administers: bool,
    verdict: Verdict,
    /// Issuer and serial number of the certificate whose key proves the PIN.
    names: (String, String),
}

impl Station {
    /// Signs an operator in with the card in the operator's reader: the certificates must count, MASTER.toml must name the
    /// role, the training must be in time, and the card must prove its key after the PIN. A refused sign-in is recorded.
    ///
    /// # Errors
    /// Why nobody is signed in. Who was signed in before still is.
    pub fn sign_in_with_card(&mut self, pin: PinEntry) -> Result<&Operator, CardFault> {
        match self.try_card(pin, None) {
            Ok((candidate, opened)) => {
                let Candidate { key, operator, role, administers, verdict, names, .. } = candidate;
                if let Some(keys) = opened {
                    self.open_register(&keys)?;
                }
                let judged = keep(self.register.evidence(), &verdict)?;
                let last = sign_ins::last(&self.register, &names.0, &names.1)?;
                let entry = sign_ins::SignedInEntry {
                    issuer: names.0,
                    serial: names.1,
                    name: operator.name.clone(),
                    office: self.office(),
                    role,
                    software_key: false,
                    judged: Some(judged.clone()),
                };
                let at = self.now().at;
                sign_ins::record(&mut self.register, &entry, at)?;
                self.locked = false;
                let signed_in = SignedIn::new(operator, Key::Card(key), role, Some(judged), last);
                let signed_in = signed_in.with_administration(administers);
                Ok(self.signed_in.insert(signed_in).operator())
            }
            Err(fault) => {
                self.record_refused(fault.code());
                Err(fault)
            }
        }
    }

    /// Goes on after the operator's card was pulled: the same card, its PIN, and a certificate that still counts.
    ///
    /// # Errors
    /// Why the station stays locked.
    pub fn unlock(&mut self, pin: PinEntry) -> Result<(), CardFault> {
        let key = self.signed_in.as_ref().and_then(SignedIn::card_key).filter(|_| self.locked).cloned();
        let key = key.ok_or(CardFault::NotLocked)?;
        match self.try_card(pin, Some(&key)) {
            Ok(_) => {
                self.locked = false;
                Ok(())
            }
            Err(fault) => {
                self.record_refused(fault.code());
                Err(fault)
            }
        }
    }

    /// The station's key was behind the operator's card: from now on the register can be read, and the control that was under way stands
    /// where it stood.
    fn open_register(&mut self, keys: &Keys) -> Result<(), CardFault> {
        self.register.unlock(keys)?;
        people::bring_up_to_date(&mut self.register)?;
        self.control = journal::unfinished(&self.register)?;
        Ok(())
    }

    /// The operator's card was pulled, or its reader is gone: nothing goes on until it is back. An operator who signed in with a
    /// software key has no card to pull.
    pub fn lock(&mut self) {
        self.locked |= self.signed_in.as_ref().is_some_and(|signed_in| signed_in.card_key().is_some());
    }

    /// Nobody has used the screens for long: nothing goes on until the operator is back with card or key and PIN, or somebody
    /// else signs in. An open control waits.
    pub fn lock_unattended(&mut self) {
        self.locked |= self.signed_in.is_some();
    }

    /// The operator's card was pulled, or nobody was there for long.
    pub fn locked(&self) -> bool {
        self.locked
    }

    /// The sign-in of this operator before this one.
    pub fn last_sign_in(&self) -> Option<&LastSignIn> {
        self.signed_in.as_ref().and_then(SignedIn::last)
    }

    pub(in crate::station) fn office(&self) -> String {
        self.configuration.local.value.office_name.clone().unwrap_or_default()
    }

    /// A refusal stands whether or not the register can keep it: nobody gets in by a full disk.
    pub(in crate::station) fn record_refused(&mut self, code: &str) {
        let (office, at) = (self.office(), self.now().at);
        drop(sign_ins::record_refused(&mut self.register, code, &office, at));
    }

    /// Everything up to and with the PIN. No PIN is spent on a card that may not sign in. Where the station's key is still behind the
    /// cards, the same PIN opens it.
    fn try_card(&self, pin: PinEntry, only: Option<&CardKey>) -> Result<(Candidate, Option<Keys>), CardFault> {
        let mut candidate = self.candidate()?;
        if only.is_some_and(|only| *only != candidate.key) {
            return Err(CardFault::OtherCard);
        }
        let opened = match self.register.seal().locked() {
            None => {
                candidate.card.prove(candidate.sign_in_slot, pin)?;
                None
            }
            Some(locked) => Some(candidate.card.prove_and_open(candidate.sign_in_slot, pin, locked)?),
        };
        Ok((candidate, opened))
    }

    fn candidate(&self) -> Result<Candidate, CardFault> {
        let now = self.now();
        let card = self.cards.read_certificates(ReaderPlace::Operator)?;
        let (sign_in_slot, sign_in) = card.personal_certificate(Slot::Authentication)?;
        let (slot, signature) = card.personal_certificate(Slot::Signature)?;
        let trust = self.cards.trust();
        let counts = |certificate: &Certificate, usage: Usage| -> Result<Verdict, Objection> {
            let mut verdict = trust.judge(certificate, usage, now.at);
            verdict.objection.take().map_or(Ok(verdict), Err)
        };
        let first = counts(sign_in, Usage::SignIn)?;
        let second = counts(signature, Usage::SignReport)?;
        if !is_same(&name_in(sign_in), &name_in(signature)) {
            return Err(CardFault::TwoPeople);
        }
        let admit = |role: Role| -> Result<Admission, NotAdmitted> {
            let with = |certificate: &Certificate, verdict: &Verdict| {
                let (issuer, serial) = (issuer_text(certificate), serial_text(certificate));
                let certificate = SignInCertificate { issuer: &issuer, serial: &serial, policies: &verdict.policies };
                self.cards.roles().admit(certificate, role, now.today, self.training())
            };
            // Either certificate may be the one that MASTER.toml names.
            with(sign_in, &first).or_else(|why| match (why, with(signature, &second)) {
                (NotAdmitted::NotAppointed, other) | (_, other @ Ok(_)) => other,
                (why, Err(_)) => Err(why),
            })
        };
        let admission = admit(Role::Operator).or_else(|why| match why {
            NotAdmitted::NotAppointed => admit(Role::RaAdmin).or_else(|_| admit(Role::Auditor)).map_err(|_| why),
            _ => Err(why),
        });
        let user_name = user_name_in(signature).or_else(|| user_name_in(sign_in));
        let (admission, administers) = match admission {
            Err(NotAdmitted::NotAppointed) => self.admit_member(user_name.as_deref(), now.today)?,
            other => (other?, admit(Role::RaAdmin).is_ok()),
        };
        let operator = Operator {
            name: name_in(signature),
            user_name,
            certificate_issuer: issuer_text(signature),
            certificate_serial: serial_text(signature),
            software_key: false,
            trained: admission.trained,
        };
        let key = CardKey { sign_in: digest(sign_in)?, slot, signature: digest(signature)? };
        let names = (issuer_text(sign_in), serial_text(sign_in));
        Ok(Candidate { sign_in_slot, key, operator, role: admission.role, administers, verdict: second, names, card })
    }

    /// Whom no certificate appoints, a group of the directory may: the first role whose group the person is in, and whether the
    /// person is an RA-ADMIN too.
    fn admit_member(&self, user_name: Option<&str>, today: Date) -> Result<(Admission, bool), CardFault> {
        let roles = self.cards.roles();
        let (Some(directory), Some(user_name), false) = (self.directory(), user_name, roles.groups.is_empty()) else {
            return Err(NotAdmitted::NotAppointed.into());
        };
        let membership = directory.membership(user_name)?.ok_or(NotAdmitted::NotAppointed)?;
        let of_group = |role: &Role| roles.groups.group(*role).is_some_and(|group| membership.has(group));
        let role = Role::ALL.into_iter().find(of_group).ok_or(NotAdmitted::NotAppointed)?;
        Ok((roles.admit_member(role, today)?, of_group(&Role::RaAdmin)))
    }

    /// The key on the operator's card as the signer of a report, and what trust says of its certificate now.
    pub(in crate::station) fn card_signer(&self, key: &CardKey) -> Result<(CardSigner<Box<dyn Card + Send>>, Judged), CardFault> {
        let card = self.cards.read_certificates(ReaderPlace::Operator)?;
        let certificate = card.contents.certificate(key.slot).map_err(|_| CardFault::OtherCard)?;
        if digest(certificate)? != key.signature {
            return Err(CardFault::OtherCard);
        }
        let mut verdict = self.cards.trust().judge(certificate, Usage::SignReport, self.now().at);
        if let Some(objection) = verdict.objection.take() {
            return Err(objection.into());
        }
        let judged = keep(self.register.evidence(), &verdict)?;
        let issuers = verdict.chain.get(1..).unwrap_or_default();
        Ok((CardSigner::new(card.card, key.slot, RsaPadding::default(), issuers)?, judged))
    }
}

fn digest(certificate: &Certificate) -> Result<Digest, CardError> {
    certificate.to_der().map(|der| Digest::of(&der)).map_err(|_| CardError::Garbled("certificate"))
}
